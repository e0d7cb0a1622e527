/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/coin.h -- addresses of many chains: the octets that a name stores (ENSIP-9, ENSIP-11) and their text.
 *
 *  A coin type is a SLIP-44 number, or 0x80000000 | chain id for an EVM chain (0x80000000 itself: the default of all EVM
 *  chains, ENSIP-19).  Zero octets mean unset; that is the caller's to see.  No heap; all work is bounded. */
#ifndef NAMES_COIN_H
#define NAMES_COIN_H

#include "base/base.h"

enum { COIN_ETH = 60, COIN_BYTES_MAX = 256, COIN_TEXT_MAX = 2 * COIN_BYTES_MAX + 2 };
#define COIN_EVM_DEFAULT UINT64_C(0x80000000)

struct coin {
    uint64_t type;
    const char *name;       /**< short name: `btc`, `eth`, `base` */
    const char *title;      /**< `Bitcoin` */
};

/** NULL when the type has no name of its own here (it may still be an EVM chain). */
const struct coin *coin_find(uint64_t type);
/** A short name, a title, or another name in use (`pol`, `optimism`), in any case; or the number in decimal.
 *  @return OK, E_NOT_FOUND, E_RANGE (over 2^63-1) */
MUST_CHECK enum status coin_find_by_name(struct slice name, uint64_t *type);
/** Whether addresses of this type are 20 octets in the form of Ethereum: 60, the chains 0x80000001..0xffffffff, the
 *  default 0x80000000 and the SLIP-44 numbers that EVM chains had before ENSIP-11. */
bool coin_is_evm(uint64_t type);
/** For walking over all coins with a name; NULL behind the last. */
const struct coin *coin_at(size_t index);

/** Appends an address as text, in the one spelling that its chain prefers; raw 0x hexadecimal for a type without a row here.
 *  @return OK, E_BAD_FORMAT (the octets are no address of that coin: show them as hexadecimal), E_NO_SPACE, E_NOMEM,
 *          E_UNSUPPORTED (libcrypto lacks a digest) */
MUST_CHECK enum status coin_print(uint64_t type, const uint8_t *bytes, size_t count, struct text *out);
/** Reads an address: form, lengths, prefix and checksum are checked.  A type without a row takes hexadecimal of at most 255 octets.
 *  @param out  room for COIN_BYTES_MAX
 *  @return OK, E_BAD_TEXT, E_INVALID (its checksum says that a character is wrong), E_NOMEM, E_UNSUPPORTED */
MUST_CHECK enum status coin_parse(uint64_t type, struct slice text, uint8_t out[COIN_BYTES_MAX], size_t *length);

#endif
