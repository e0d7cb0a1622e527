/* SPDX-License-Identifier: Apache-2.0 */
/* names/uns_records.h -- records of UNS are strings under keys that anybody writes: DNS records as JSON, content, addresses.  Nothing here does input or
 * output. */
#ifndef NAMES_UNS_RECORDS_H
#define NAMES_UNS_RECORDS_H

#include "names/facts.h"

enum { UNS_TTL_DEFAULT = 300, UNS_JSON_MAX_BYTES = 65536, UNS_RECORDS_MAX = 1000 };

/* Seconds: dns.T.ttl where it is a whole number that is not 0, else dns.ttl likewise, else 300; held to 0..2^31-1 (RFC 2181 8). */
uint32_t uns_ttl(struct slice of_type, struct slice of_all);

/* dns.T: a JSON array of strings, each one the data of a record as in a master file, its names absolute.  Into the form of struct fact_records.
 * An element of dns.TXT that has neither quotes nor backslashes is one text, blanks and all.
 * @return OK (length 0: nothing is told; also for JSON that is no array of strings, which does not count), E_BAD_FORMAT with what is wrong, E_NOMEM */
MUST_CHECK enum status uns_records_read(struct slice json, uint16_t type, uint32_t ttl, struct arena *arena, struct slice *out, const char **wrong);

/* What dweb.ipfs.hash or ipfs.html.value says: a CID, with or without `ipfs://` or /ipfs/ before it, as an ENS content hash (names/contenthash.h).
 * @return OK, E_BAD_FORMAT, E_NOMEM */
MUST_CHECK enum status uns_content_read(struct slice text, struct arena *arena, struct slice *out);

/* Keys under which the address of a coin may stand, in the order in which they count; zero when there are none.  @param room  UNS_COIN_KEY_ROOM each */
enum { UNS_COIN_KEYS = 4, UNS_COIN_KEY_ROOM = 64 };
size_t uns_coin_keys(uint64_t coin, char keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM]);

/* The DNS does not tell capitals from small letters, the keys of UNS do: a key in small letters as it would be published, `crypto.ETH.address`,
 * `token.EVM.ETH.ETH.address`, `dns.TXT`.  @return false: it has no other form */
enum { UNS_OTHER_KEY_ROOM = 72 };
bool uns_other_key(struct slice key, char out[UNS_OTHER_KEY_ROOM]);

#endif
