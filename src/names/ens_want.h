/* SPDX-License-Identifier: Apache-2.0 */
/* names/ens_want.h -- one value that is wanted of a resolver: how it is asked for, and what the answer says.  Nothing here does input or output. */
#ifndef NAMES_ENS_WANT_H
#define NAMES_ENS_WANT_H

#include "names/facts.h"

/* What a resolver may be able to do (EIP-165), as bits: 1 << ENS_PROFILE_X. */
enum ens_profile {
    ENS_PROFILE_ADDR, ENS_PROFILE_COIN, ENS_PROFILE_TEXT, ENS_PROFILE_CONTENT, ENS_PROFILE_CONTENT_OLD, ENS_PROFILE_MULTIHASH, ENS_PROFILE_PUBKEY,
    ENS_PROFILE_NAME, ENS_PROFILE_DNS, ENS_PROFILE_DNS_OLD, ENS_PROFILE_ZONEHASH, ENS_PROFILE_EXTENDED, ENS_PROFILES
};
enum { ENS_PROFILES_ALL = (1 << ENS_PROFILES) - 1 };
uint32_t ens_profile_id(enum ens_profile profile);      /* as supportsInterface takes it */

enum ens_want_kind {
    ENS_WANT_CONTENT, ENS_WANT_TEXT, ENS_WANT_COIN, ENS_WANT_ADDR /* coin 60 in its old form */, ENS_WANT_PUBKEY, ENS_WANT_NAME, ENS_WANT_ZONEHASH,
    ENS_WANT_CONTENT_OLD, ENS_WANT_MULTIHASH,
    ENS_WANT_RECORDS, ENS_WANT_HAS
};
struct ens_want {
    enum ens_want_kind kind;
    bool core;                  /* asked of resolvers that answer by a gateway too, where each value costs a request */
    bool dropped;               /* it turned out that it is not for this resolver to say */
    struct name_view owner;     /* RECORDS, HAS: lower case */
    uint16_t type;              /* RECORDS */
    struct slice key;           /* TEXT */
    uint64_t coin;              /* COIN */
    struct fact fact;
    struct slice second;        /* PUBKEY: y */
};
enum ens_profile ens_want_profile(const struct ens_want *want);
static inline bool ens_want_is_dns(const struct ens_want *want) { return want->kind >= ENS_WANT_RECORDS; }

/* Appends the calldata. @param old_dns  dnsRecords in place of dnsRecord */
void ens_want_write(const struct ens_want *want, const struct eth_word *node, bool old_dns, struct text *out);

enum ens_read {
    ENS_READ_FINE,              /* `fact` is PRESENT, ABSENT or BROKEN */
    ENS_READ_SHORT,             /* fewer octets than any such answer has: what a contract without that function may return */
    ENS_READ_NOMEM
};
/* What the function returned, into want->fact (values copied to the arena); proof is the caller's to write. */
enum ens_read ens_want_read(struct ens_want *want, struct slice returned, struct arena *arena);

/* The octets of an RRset in the DNS profile (EIP-1185): whole records, names not compressed, one behind the other.  Into the form of
 * struct fact_records.
 * @return OK (also for none at all: length 0), E_BAD_FORMAT with what is wrong, E_NOMEM */
MUST_CHECK enum status ens_records_read(struct slice octets, struct name_view owner, uint16_t type, struct arena *arena, struct slice *out, const char **wrong);

#endif
