/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/text.h -- text into a buffer of the caller's or one that grows; numbers, sizes, times out of text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/status.h"

/** A text being written.  Fixed: the caller gives room; grow: heap.  Always NUL-terminated while there is
 *  room for one octet.  A write that does not fit sets `full` (sticky) and changes nothing. */
struct text {
    char *data;
    size_t length, room;    /**< room counts the terminator */
    bool grows, full;
};

/** On the caller's buffer. */
void text_fixed(struct text *text, char *buffer, size_t room);
/** On the heap; text_clear frees it. */
void text_growing(struct text *text);
void text_clear(struct text *text);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t count);
void text_add_char(struct text *text, char c);
void text_add_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_add_u64(struct text *text, uint64_t value);
/** Decimal `\DDD` and `\"` as in master files, between quotes. RFC 1035 §5.1. */
void text_add_quoted(struct text *text, const uint8_t *bytes, size_t count);
/** A JSON string with quotes; octets over 0x7f that are not UTF-8 become \u00XX. */
void text_add_json(struct text *text, const char *string);

/** A borrowed piece of text, not terminated. */
struct slice { const char *data; size_t length; };
static inline struct slice slice_of(const char *data, size_t length) { return (struct slice){ data, length }; }
struct slice slice_string(const char *string);
bool slice_is(struct slice slice, const char *string);            /**< equal */
bool slice_is_nocase(struct slice slice, const char *string);     /**< equal but for ASCII case */

/** Decimal digits only, no sign.  @return OK, E_BAD_TEXT, E_RANGE (over max). */
MUST_CHECK enum status text_read_u64(struct slice slice, uint64_t max, uint64_t *out);
/** `10`, `10K`, `4M`, `1G` (powers of 1024). */
MUST_CHECK enum status text_read_bytes(struct slice slice, uint64_t max, uint64_t *out);
/** `300`, `5m`, `1h30m`, `1w`, `1y` (365 d), `20ms`; milliseconds. A bare number is seconds. */
MUST_CHECK enum status text_read_duration_ms(struct slice slice, uint64_t max_ms, uint64_t *out);

/** ASCII only, locale-free. */
static inline uint8_t ascii_lower(uint8_t c) { return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c; }
/** Eight octets at once, in either byte order.  Length octets of names (0..63) are no letters, so names need not be taken apart. */
static inline uint64_t ascii_lower_8(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = word & (0x7f * ones);
    uint64_t above_z = low + (0x7f - 'Z') * ones;
    uint64_t from_a = low + (0x80 - 'A') * ones;
    return word | (~word & (from_a ^ above_z) & (0x80 * ones)) >> 2;
}
/** How alike two words are: the number of edits (capped at 255); for "did you mean". */
unsigned text_distance(const char *a, const char *b);

/* Codecs.  *_decode write at most `room` octets.  @return OK, E_BAD_TEXT, E_NO_SPACE. */
MUST_CHECK enum status hex_decode(struct slice text, uint8_t *out, size_t room, size_t *length);
MUST_CHECK enum status base64_decode(struct slice text, uint8_t *out, size_t room, size_t *length);    /**< RFC 4648 §4, padding required */
MUST_CHECK enum status base32hex_decode(struct slice text, uint8_t *out, size_t room, size_t *length); /**< RFC 4648 §7, no padding */
void text_add_hex(struct text *text, const uint8_t *bytes, size_t count, bool upper);
void text_add_base64(struct text *text, const uint8_t *bytes, size_t count);
void text_add_base32hex(struct text *text, const uint8_t *bytes, size_t count);                        /**< upper case, no padding (RFC 5155 §3.3) */

#endif
