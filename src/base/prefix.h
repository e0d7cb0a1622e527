/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/prefix.h -- addresses, and sets of address prefixes with longest match. */
#ifndef BASE_PREFIX_H
#define BASE_PREFIX_H

#include "base/status.h"
#include "base/text.h"
#include <netinet/in.h>

/** An IPv4 or IPv6 address.  IPv4-mapped IPv6 is always held as IPv4. */
struct address {
    uint8_t family;         /**< 4 or 6; 0 = none */
    uint8_t bytes[16];      /**< network order; IPv4 uses the first four */
};
struct endpoint {
    struct address address;
    uint16_t port;          /**< host order */
    uint32_t scope;         /**< IPv6 scope id, mostly 0 */
};
enum { ADDRESS_TEXT_ROOM = 64, ENDPOINT_TEXT_ROOM = 72 };

/** `192.0.2.1` or `2001:db8::1`. */
MUST_CHECK enum status address_parse(struct slice text, struct address *out);
/** `ADDRESS@PORT`; without `@PORT` the default is used. `[addr]:port` is refused. */
MUST_CHECK enum status endpoint_parse(struct slice text, uint16_t default_port, struct endpoint *out);
/** @return out */
char *address_print(const struct address *address, char out[ADDRESS_TEXT_ROOM]);
char *endpoint_print(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_ROOM]);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *address);
MUST_CHECK enum status endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *out);
/** @return the length used */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *out);
/** Clears the host bits: keeps the first `bits` bits. */
struct address address_mask(struct address address, unsigned bits);

struct prefix { struct address address; uint8_t bits; };
/** `192.0.2.0/24`, `2001:db8::/32`, or an address alone.  Host bits that are set are E_BAD_TEXT. */
MUST_CHECK enum status prefix_parse(struct slice text, struct prefix *out);
bool prefix_contains(const struct prefix *prefix, const struct address *address);

/** Prefix to small number; longest match; a set is immutable once built, so readers need no lock. */
struct prefix_table;
struct prefix_table *prefix_table_new(void);
void prefix_table_free(struct prefix_table *table);
/** @return OK, E_EXISTS (the prefix is there; its value stays), E_RANGE (not a prefix), E_NOMEM, E_LIMIT. */
MUST_CHECK enum status prefix_table_add(struct prefix_table *table, const struct prefix *prefix, uint32_t value);
/** The same, but a prefix that is there gets the new value. */
MUST_CHECK enum status prefix_table_set(struct prefix_table *table, const struct prefix *prefix, uint32_t value);
/** @return true and the value of the longest match. */
bool prefix_table_find(const struct prefix_table *table, const struct address *address, uint32_t *value);

#endif
