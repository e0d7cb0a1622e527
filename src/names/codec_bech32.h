/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/codec_bech32.h -- Bech32 and Bech32m (BIP 173, BIP 350), Bitcoin Cash's CashAddr. */
#ifndef NAMES_CODEC_BECH32_H
#define NAMES_CODEC_BECH32_H

#include "base/base.h"

enum { BECH32_TEXT_MAX = 200 };    /* characters read; BIP 173 has 90, Cardano 104 and more */
enum bech32_kind { BECH32, BECH32M };

/** Appends prefix, 1, an optional leading word of five bits (a witness version; -1 for none), the octets by five bits, checksum. */
void bech32_print(struct text *out, enum bech32_kind kind, const char *prefix, int version, const uint8_t *bytes, size_t count);

/** What a text holds. */
struct bech32_data {
    enum bech32_kind kind;
    int version;                    /**< the leading word, when one was asked for; else -1 */
    size_t length;
    uint8_t bytes[BECH32_TEXT_MAX * 5 / 8];
};
/** Reads all lower or all upper case; the prefix must be `prefix` (lower case).
 *  @param versioned  the first word is a version of its own
 *  @return OK, E_BAD_TEXT (form, prefix, checksum or bits left over) */
MUST_CHECK enum status bech32_parse(struct slice text, const char *prefix, bool versioned, struct bech32_data *out);

/** Appends `bitcoincash:` and the rest.  @param type  0 key hash, 1 script hash.  @param hash  20 octets */
void cashaddr_print(struct text *out, unsigned type, const uint8_t hash[20]);
/** With or without `bitcoincash:`, one case.  @return OK, E_BAD_TEXT */
MUST_CHECK enum status cashaddr_parse(struct slice text, unsigned *type, uint8_t hash[20]);

#endif
