/* SPDX-License-Identifier: Apache-2.0 */
/** @file http/public.h -- which addresses a stranger may make us talk to.
 *
 *  A question from outside can lead to a request to an address of its sender's choice.  So only addresses that the whole
 *  Internet can reach are fit for such requests: nothing that is special by RFC 6890 and its successors. */
#ifndef HTTP_PUBLIC_H
#define HTTP_PUBLIC_H

#include "base/base.h"

struct sockaddr;

/** False for 0/8, private (RFC 1918), 100.64/10, loopback, link-local (with 169.254.169.254), 192.0.0/24, documentation, 6to4 relay
 *  anycast, 198.18/15, multicast, 240/4; for IPv6 everything outside of 2000::/3, and in it 2001::/23 (Teredo, ORCHID, benchmarks),
 *  documentation (2001:db8::/32, 3fff::/20), 6to4 (2002::/16); NAT64 (64:ff9b::/96, 64:ff9b:1::/48) and the metadata service of
 *  fd00:ec2::254 lie outside anyway.  False for no address.  Looks only at the number: see address_is_own. */
bool address_is_public(const struct address *address);
/** One of this machine's own, as its interfaces have them now; true as well when that cannot be found out. */
bool address_is_own(const struct address *address);
/** Both, for a socket that is about to be opened: public, and not our own.  IPv4-mapped addresses are never public: a
 *  `struct address` cannot tell them from IPv4.  `loopback` lets 127/8 and ::1 pass, for tests. */
bool sockaddr_is_public(const struct sockaddr *sa, bool loopback);

#endif
