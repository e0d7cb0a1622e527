/* SPDX-License-Identifier: Apache-2.0 */
/** @file crypto/address.h -- addresses of Ethereum as text whose letter case is a checksum.  EIP-55, EIP-1191. */
#ifndef CRYPTO_ADDRESS_H
#define CRYPTO_ADDRESS_H

#include "base/status.h"
#include "base/text.h"

enum { EIP55_TEXT_ROOM = 43 };      /* 0x, 40 digits, terminator */

/** Writes 0x and 40 digits with the case that EIP-55 gives them.  @return out */
const char *eip55_print(const uint8_t address[20], char out[EIP55_TEXT_ROOM]);
/** The same with the chain's number in the checksum (EIP-1191; RSK chains 30 and 31).  Chain 0 is plain EIP-55. */
const char *eip1191_print(const uint8_t address[20], uint64_t chain, char out[EIP55_TEXT_ROOM]);

/** Reads 0x and 40 digits: all letters lower case, or all upper case, or the checksum's.
 *  @return OK, E_BAD_TEXT (not such a text), E_INVALID (mixed case that is not the checksum: a digit is likely wrong) */
MUST_CHECK enum status eip55_parse(struct slice text, uint8_t out[20]);
MUST_CHECK enum status eip1191_parse(struct slice text, uint64_t chain, uint8_t out[20]);

#endif
