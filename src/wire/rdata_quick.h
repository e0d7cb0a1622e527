/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/rdata_quick.h -- the common forms of names and rdata in master files, read without tokens and without a word about
 *  what is wrong.  What these decline the general parsers decide, right or wrong; what they take, the general ones would have taken
 *  the same way. */
#ifndef WIRE_RDATA_QUICK_H
#define WIRE_RDATA_QUICK_H

#include "wire/rdata.h"

enum {
    QUICK_SLACK = 64,           /**< octets that must be readable behind the last word, and writable behind what is written */
    QUICK_WORD_MAX = 63         /**< longer words are declined where a name is wanted */
};

/** Words of a line that has no quotes, escapes, comments, parentheses, and no octet that is 0 or over 0x7f. */
struct quick_words {
    const char *text;
    const uint32_t *edges;      /**< offsets in text: of word n, [2n] is its start, [2n + 1] its end */
    const uint64_t *dots;       /**< a bit for each octet of text that is a dot, lowest first */
    size_t count;
    struct name_view origin;    /**< for relative names; .wire NULL = they are declined */
};
static inline const char *quick_word(const struct quick_words *w, size_t word, size_t *length)
{
    *length = w->edges[2 * word + 1] - w->edges[2 * word];
    return w->text + w->edges[2 * word];
}

/** A name.  @param out  NAME_MAX_BYTES and QUICK_SLACK of room
 *  @return the octets written, 0 = declined */
size_t name_quick(const struct quick_words *w, size_t word, uint8_t *out);
/** A decimal number of at most `max`, itself at most 2^32 - 1. */
bool number_quick(const char *word, size_t length, uint32_t max, uint32_t *out);
/** The code of a frequent type's mnemonic; 0 = ask type_parse. */
uint16_t type_quick(const char *word, size_t length);

/** The rdata of a record of class IN that begins with word `first`.
 *  @param out  RDATA_MAX_BYTES and QUICK_SLACK of room
 *  @return the octets written, 0 = declined */
size_t rdata_quick(uint16_t type, const struct quick_words *w, size_t first, uint8_t *out);
/** The rdata of TXT: strings with or without quotes, up to the line feed at `end`.  @return as above */
size_t strings_quick(const char *text, const char *end, uint8_t *out);

#endif
