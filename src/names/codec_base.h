/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/codec_base.h -- octets as digits: any alphabet, by bits (base16, 32, 64) or as one large number (base58, 36).
 *
 *  Bounded, no heap.  Readers are strict: a digit outside the alphabet, too many of them, or left-over bits that are not
 *  zero are E_BAD_TEXT, so that an octet string has one spelling. */
#ifndef NAMES_CODEC_BASE_H
#define NAMES_CODEC_BASE_H

#include "base/base.h"

enum { RADIX_BYTES_MAX = 256 };   /* of one number: base58 and base36 take time quadratic in it */

#define BASE16_LOWER "0123456789abcdef"
#define BASE32_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"      /* RFC 4648 6 */
#define BASE32_LOWER "abcdefghijklmnopqrstuvwxyz234567"
#define BASE32_BECH "qpzry9x8gf2tvdw0s3jn54khce6mua7l"      /* BIP 173 */
#define BASE32_CROCKFORD "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#define BASE36_LOWER "0123456789abcdefghijklmnopqrstuvwxyz"
#define BASE58_BITCOIN "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
#define BASE58_RIPPLE "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
#define BASE64_URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"   /* RFC 4648 5 */

/** Appends digits of `bits` (1..6) bits each, high bits first, the last one filled up with zeros; no padding signs.
 *  @param alphabet  2^bits characters */
void bits_print(struct text *out, const char *alphabet, unsigned bits, const uint8_t *bytes, size_t count);
/** @return OK, E_BAD_TEXT, E_NO_SPACE */
MUST_CHECK enum status bits_parse(struct slice text, const char *alphabet, unsigned bits, uint8_t *out, size_t room,
                                  size_t *length);

/** Appends the octets as one number, most significant digit first, and one zero digit for each leading zero octet, as
 *  Bitcoin's base58 does.  @param count  at most RADIX_BYTES_MAX, else `out` becomes full */
void radix_print(struct text *out, const char *alphabet, const uint8_t *bytes, size_t count);
/** @return OK, E_BAD_TEXT (also: over RADIX_BYTES_MAX octets), E_NO_SPACE */
MUST_CHECK enum status radix_parse(struct slice text, const char *alphabet, uint8_t *out, size_t room, size_t *length);

/** Monero's base58: blocks of 8 octets as 11 digits, a shorter last block as fewer. */
void monero58_print(struct text *out, const uint8_t *bytes, size_t count);
/** @return OK, E_BAD_TEXT, E_NO_SPACE */
MUST_CHECK enum status monero58_parse(struct slice text, uint8_t *out, size_t room, size_t *length);

/** Place of a character in an alphabet, or -1. */
int digit_value(const char *alphabet, char c);

#endif
