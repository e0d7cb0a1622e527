/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/ens_write.h -- calls of the contracts of ENS that change something: registering, renewing, records, owners.
 *
 *  Three generations of the controller that registers names below `eth` are in use; they differ in their arguments, in how a commitment is
 *  hashed and in what one gets: 2020 and 2025 a token of the registrar, 2023 one of the name wrapper. */
#ifndef NAMES_ENS_WRITE_H
#define NAMES_ENS_WRITE_H

#include "names/write.h"

enum ens_controller { ENS_CONTROLLER_2025, ENS_CONTROLLER_2023, ENS_CONTROLLER_2020, ENS_CONTROLLER_COUNT };

struct ens_registration {
    enum ens_controller controller;
    struct slice label;             /**< normalised */
    struct eth_address owner;
    uint64_t seconds;
    struct eth_word secret;
    struct eth_address resolver;    /**< zero = none; then there are no records */
    const struct slice *records; size_t record_count;   /**< calls of the resolver with the node first; 2020 has none */
    struct eth_address address;     /**< 2020: addr record */
    uint8_t primary;                /**< 2025: 1 addr.reverse, 2 default.reverse; 2023: 0 or 1; of who sends, not of the owner */
    uint16_t fuses;                 /**< 2023 */
    struct eth_word referrer;       /**< 2025 */
};
/** What is committed to.  @return OK, E_NOMEM */
MUST_CHECK enum status ens_commitment(const struct ens_registration *registration, struct eth_word *out);
/** Calldata, appended; text->full says when it did not fit. */
void ens_write_make_commitment(const struct ens_registration *registration, struct text *out);
void ens_write_commit(const struct eth_word *commitment, struct text *out);
void ens_write_register(const struct ens_registration *registration, struct text *out);
void ens_write_renew(enum ens_controller controller, struct slice label, uint64_t seconds, const struct eth_word *referrer, struct text *out);

/* Calls with one or two words behind the selector, as most questions have. */
void ens_write_word(uint32_t selector, const struct eth_word *word, struct text *out);
void ens_write_words(uint32_t selector, const struct eth_word *a, const struct eth_word *b, struct text *out);
void ens_write_label(uint32_t selector, struct slice label, struct text *out);
void ens_write_label_seconds(uint32_t selector, struct slice label, uint64_t seconds, struct text *out);
struct eth_word ens_word_of_address(const struct eth_address *address);

/** Calls of a resolver that make the changes, in `calls` (room for ENS_CALLS_MAX); they lie in the arena of the changes.
 *  @return OK, E_LIMIT (the records are too long), E_NOMEM */
enum { ENS_CALLS_MAX = WRITE_CHANGES_MAX + 1 };
MUST_CHECK enum status ens_write_records(struct write_changes *changes, const struct eth_word *node, struct slice calls[ENS_CALLS_MAX], size_t *count);
/** multicall of them, or the one that there is as it is. */
void ens_write_multicall(const struct slice *calls, size_t count, struct text *out);
void ens_write_multicall_checked(const struct eth_word *node, const struct slice *calls, size_t count, struct text *out);

void ens_write_set_resolver(const struct eth_word *node, const struct eth_address *resolver, struct text *out);  /**< registry, wrapper */
void ens_write_set_owner(const struct eth_word *node, const struct eth_address *owner, struct text *out);        /**< registry */
void ens_write_reclaim(const struct eth_word *token, const struct eth_address *owner, struct text *out);
void ens_write_transfer_721(const struct eth_address *from, const struct eth_address *to, const struct eth_word *token, struct text *out);
void ens_write_transfer_1155(const struct eth_address *from, const struct eth_address *to, const struct eth_word *token, struct text *out);
void ens_write_subname(const struct eth_word *parent, const struct eth_word *label_hash, const struct eth_address *owner,
                       const struct eth_address *resolver, struct text *out);                                     /**< registry */
void ens_write_subname_wrapped(const struct eth_word *parent, struct slice label, const struct eth_address *owner,
                               const struct eth_address *resolver, uint64_t expiry, struct text *out);            /**< wrapper */
void ens_write_primary(struct slice name, struct text *out);            /**< setName of a reverse registrar */

/* Selectors that lookups do not have. */
enum ens_write_selector {
    ENS_MIN_COMMITMENT_AGE = 0x8d839ffe, ENS_MAX_COMMITMENT_AGE = 0xce1e09c0, ENS_COMMITMENTS = 0x839df945, ENS_VALID = 0x9791c097,
    ENS_AVAILABLE = 0xaeb8ce9b, ENS_RENT_PRICE = 0x83e7f6ff,
};

#endif
