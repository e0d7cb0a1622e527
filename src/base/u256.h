/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/u256.h -- unsigned numbers of 256 bits: amounts of wei, words of the Ethereum machine.
 *
 *  By value, no heap.  Whatever can run over returns true when it did; the result is then cut to 256 bits. */
#ifndef BASE_U256_H
#define BASE_U256_H

#include "base/status.h"
#include "base/text.h"

struct u256 { uint64_t limb[4]; };      /* limb[0] is the lowest */

enum { U256_BYTES = 32, U256_TEXT_ROOM = 82 };   /* room for any number as decimal text, with a point, and the terminator */

static inline struct u256 u256_from_u64(uint64_t number) { return (struct u256){ { number, 0, 0, 0 } }; }
static inline bool u256_is_zero(struct u256 a) { return (a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]) == 0; }
static inline bool u256_fits_u64(struct u256 a) { return (a.limb[1] | a.limb[2] | a.limb[3]) == 0; }
/** The number when it fits 64 bits, else the largest of 64 bits. */
static inline uint64_t u256_to_u64(struct u256 a) { return u256_fits_u64(a) ? a.limb[0] : UINT64_MAX; }

/** Big-endian.  @param bytes  0..32; none is zero */
struct u256 u256_read(const uint8_t *octets, size_t bytes);
/** Big-endian, all 32 octets. */
void u256_write(struct u256 a, uint8_t out[U256_BYTES]);
/** Octets without leading zeros: 0 for zero, else 1..32. */
size_t u256_bytes(struct u256 a);

/** Below, equal to or above zero. */
int u256_compare(struct u256 a, struct u256 b);
bool u256_add(struct u256 a, struct u256 b, struct u256 *sum);
bool u256_subtract(struct u256 a, struct u256 b, struct u256 *difference);   /**< true when b is larger */
bool u256_multiply_u64(struct u256 a, uint64_t by, struct u256 *product);
bool u256_multiply(struct u256 a, struct u256 b, struct u256 *product);
/** @param by  not 0  @return the remainder */
uint64_t u256_divide_u64(struct u256 a, uint64_t by, struct u256 *quotient);

/** Decimal digits, or 0x and hexadecimal digits.  @return OK, E_BAD_TEXT, E_RANGE (over 256 bits) */
MUST_CHECK enum status u256_parse(struct slice text, struct u256 *out);
/** A decimal number with a point and at most `decimals` places, in units of 10^-decimals: "0.05" with 18 is 5 * 10^16.
 *  @param decimals  0..77  @return OK, E_BAD_TEXT (also too many places), E_RANGE */
MUST_CHECK enum status u256_parse_units(struct slice text, unsigned decimals, struct u256 *out);
/** Decimal. */
void u256_print(struct text *text, struct u256 a);
/** 0x and hexadecimal digits without leading zeros: a "quantity" of Ethereum's JSON-RPC. */
void u256_print_quantity(struct text *text, struct u256 a);
/** 0x and 64 hexadecimal digits. */
void u256_print_word(struct text *text, struct u256 a);
/** As u256_parse_units reads it, without zeros at the end: 5 * 10^16 with 18 is "0.05".  Exact.  @param decimals  0..77 */
void u256_print_units(struct text *text, struct u256 a, unsigned decimals);

#endif
