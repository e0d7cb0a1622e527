/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the tokenizer share. */
#ifndef JSON_INSIDE_H
#define JSON_INSIDE_H

#include "json/pull.h"

#include <string.h>

static inline bool json_is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/* High bit of each octet that is not plain inside a string: quote, backslash, control, or over 0x7f. */
static inline uint64_t json_marks_8(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = 0x80 * ones;
    uint64_t quote = word ^ ('"' * ones), slash = word ^ ('\\' * ones);
    /* Borrows run upwards only from an octet that is marked itself: the lowest mark is always right. */
    return ((quote - ones) | (slash - ones) | (word - 0x20 * ones) | word) & high;
}

/* The first octet that is not plain; end when there is none. */
static inline const char *json_plain_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        uint64_t marks = json_marks_8(word);
        if (marks)
            return at + (__builtin_ctzll(marks) >> 3);
        at += 8;
    }
    while (at < end && (uint8_t)*at >= 0x20 && (uint8_t)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* What one escape stands for: at behind the backslash; moves behind the escape. @return octets of UTF-8 written, 0 when it is none. */
size_t json_escape_read(const char **at, const char *end, char out[4]);

#endif
