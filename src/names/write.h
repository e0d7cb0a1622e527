/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/write.h -- what is to be changed of a name, and the words in which calls of contracts are shown to people.
 *
 *  Planning only: nothing here asks a chain, holds a key or sends.  `rhiz name` makes transactions of what comes out. */
#ifndef NAMES_WRITE_H
#define NAMES_WRITE_H

#include "base/base.h"
#include "ethereum/types.h"
#include "wire/wire.h"

/** One call that a transaction is to make. */
struct write_call {
    struct eth_address to;
    struct u256 value;          /**< wei */
    struct slice data;          /**< calldata; borrowed */
    const char *what;           /**< a few words for people, such as "set records" */
    uint64_t gas_guess;         /**< not 0: it cannot be tried before the calls before it are on the chain, and will take about so much */
};

/* ---- what is to be changed ---- */

enum write_change_kind {
    WRITE_TEXT,                 /**< a text record; UNS: a record of this key */
    WRITE_COIN,                 /**< the address of a coin */
    WRITE_CONTENT               /**< the content hash */
};
struct write_change {
    enum write_change_kind kind;
    struct slice key;           /**< TEXT; of COIN what stood behind `addr.` */
    uint64_t coin;              /**< COIN */
    struct slice value;         /**< as the chain keeps it; empty = remove */
    struct slice text;          /**< as it was typed */
};
struct write_record {
    struct name_view owner;     /**< lower case */
    uint16_t type;
    uint32_t ttl;
    bool remove;                /**< the whole RRset goes */
    struct slice rdata;         /**< plain */
};
enum { WRITE_CHANGES_MAX = 256, WRITE_RECORDS_MAX = 4096, WRITE_BLOB_MAX = 96 << 10 };

/** Of one name; what it points to lies in the arena. */
struct write_changes {
    struct arena *arena;
    struct write_change *list; size_t count;
    struct write_record *records; size_t record_count;
    bool primary;               /**< it is to be the primary name of who signs */
    bool new_resolver; struct eth_address resolver;
};
/** @param arena  borrowed as long as the changes are used.  @return OK, E_NOMEM */
MUST_CHECK enum status write_changes_init(struct write_changes *changes, struct arena *arena);
bool write_changes_empty(const struct write_changes *changes);

/** Adds what `KEY=VALUE` says: `A=192.0.2.1` and any other type of the DNS (rdata as in a master file, names relative to `name`; several of
 *  one type make one RRset; a TXT without quotes is one string), `text.url=...`, `addr.btc=...` or `addr.60=...`, `contenthash=ipfs://...`,
 *  `resolver=0x...`, `primary`.  An empty value removes.
 *  @param ens   false: keys that UNS has as they are (`crypto.ETH.address=...`) are taken too, addresses are kept as text
 *  @param why   gets a sentence when not OK
 *  @return OK, E_BAD_TEXT, E_LIMIT, E_NOMEM */
MUST_CHECK enum status write_change_parse(struct write_changes *changes, struct slice argument, struct name_view name, uint32_t ttl, bool ens, struct text *why);
/** One record, copied.  @return OK, E_LIMIT, E_NOMEM */
MUST_CHECK enum status write_record_add(struct write_changes *changes, struct name_view owner, uint16_t type, uint32_t ttl, struct slice rdata, bool remove);
/** RRsets together, in order of owner and type. */
void write_records_sort(struct write_changes *changes);
/** Appends the records as setDNSRecords takes them: wire form, uncompressed, owners in lower case, an RRset without a gap; those that go have
 *  no rdata.  Sorts.  @return OK, E_LIMIT (over WRITE_BLOB_MAX), E_NO_SPACE, E_NOMEM */
MUST_CHECK enum status write_records_blob(struct write_changes *changes, struct text *out);

/* ---- for people ---- */

/** Calldata as `function(argument ...)`, an argument a line, calls within calls below it; as hexadecimal where the function is not known.
 *  @param indent  of the first line  Every line ends with a line feed. */
void write_describe(struct slice data, unsigned indent, struct text *out);
/** The name of the function, such as `commit`; NULL when it is not known. */
const char *write_function(struct slice data, char out[64]);

enum write_error {
    WRITE_ERROR_NONE,           /**< no revert data, or none that we know */
    WRITE_ERROR_TOO_NEW,        /**< the commitment: wait */
    WRITE_ERROR_TOO_OLD,        /**< the commitment: commit anew */
    WRITE_ERROR_NO_COMMITMENT,
    WRITE_ERROR_UNEXPIRED,      /**< the same commitment is there already */
    WRITE_ERROR_TAKEN,
    WRITE_ERROR_PRICE,          /**< too little was sent */
    WRITE_ERROR_REFUSED,        /**< who asks may not */
    WRITE_ERROR_OTHER
};
enum write_error write_error_of(struct slice revert);
/** Appends a sentence about revert data: what it means, and the error as the contract has it. */
void write_error_print(struct slice revert, struct text *out);

/** For tests: rows of the tables of functions and errors by their signature; NULL behind the last. */
const char *write_signature_at(size_t index, uint32_t *selector);

#endif
