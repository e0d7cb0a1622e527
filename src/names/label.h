/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/label.h -- labels of the DNS and labels of ENS, one into the other.
 *
 *  A question reaches an ENS label by its plain ASCII, by Punycode (`xn--`, as browsers send it) or by raw UTF-8; all three
 *  lead to one normalised label (names/normalise.h), in UTF-8.  A label of which the chain knows but the hash is written
 *  `[` 64 hexadecimal digits `]`; from the DNS that is refused, or clients could name any node.
 *  No heap; results are not terminated and written on OK only (but octets of the buffer may have changed). */
#ifndef NAMES_LABEL_H
#define NAMES_LABEL_H

#include "names/normalise.h"
#include "wire/name.h"

enum {
    LABEL_UTF8_ROOM = 1152,     /**< any label out of the DNS, normalised: 63 octets, a code point each, which become 18 at most */
    LABEL_NAME_ROOM = 4608,     /**< any name out of the DNS, normalised, with its dots */
    LABEL_HASH_BYTES = 32,
    LABEL_UNKNOWN_BYTES = 66    /**< octets of the bracket form */
};

/** One label of the DNS (its octets, without the length) into ENS.
 *  @param why  NULL, or written in any case; for an `xn--` label `offset` is 0
 *  @return OK; E_BAD_NAME, E_BAD_TEXT, E_LIMIT (it can be no ENS label: `why`), E_NO_SPACE */
MUST_CHECK enum status label_from_dns(struct slice label, char *out, size_t room, size_t *length, struct normalise_report *why);

/** A name of the DNS into ENS: its labels with dots between, the root as the empty name. */
MUST_CHECK enum status label_name_from_dns(struct name_view name, char *out, size_t room, size_t *length,
                                           struct normalise_report *why);

/** A name as people type it, without a final dot: each label as label_from_dns takes it, of any length.
 *  @param unknown  bracket labels are taken too (their digits become lower case): in the management tool only */
MUST_CHECK enum status label_name_from_text(struct slice text, bool unknown, char *out, size_t room, size_t *length,
                                            struct normalise_report *why);

/** A normalised label into the DNS: as it is when it is ASCII, else `xn--` and Punycode.
 *  @return OK, E_BAD_NAME (empty, or over 63 octets in the DNS), E_BAD_TEXT (not UTF-8) */
MUST_CHECK enum status label_to_dns(struct slice label, uint8_t out[LABEL_MAX], size_t *length);

/** A normalised name into the DNS, `suffix` (name_root when there is none) behind it.
 *  @return OK, E_BAD_NAME (a label or the name is too long, or a label is empty), E_BAD_TEXT */
MUST_CHECK enum status label_name_to_dns(struct slice name, struct name_view suffix, struct name *out);

/** The label has the bracket form, with digits in either case. @param hash  written when it has */
bool label_is_unknown(struct slice label, uint8_t hash[LABEL_HASH_BYTES]);
/** The bracket form, not terminated. */
void label_write_unknown(const uint8_t hash[LABEL_HASH_BYTES], char out[LABEL_UNKNOWN_BYTES]);

#endif
