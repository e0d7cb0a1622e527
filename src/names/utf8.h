/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/utf8.h -- one code point out of UTF-8 and into it.  RFC 3629. */
#ifndef NAMES_UTF8_H
#define NAMES_UTF8_H

#include "base/status.h"

enum { UTF8_MOST_BYTES = 4 };

/** Reads one code point.  Refuses overlong forms, surrogates, anything over U+10FFFF and what is cut short.
 *  @return octets read, 1..4, or 0 when there is none */
size_t utf8_read(const char *at, const char *end, uint32_t *point);

/** Writes one code point, which must be one (no surrogate, at most U+10FFFF).  @return octets written, 1..4 */
size_t utf8_write(uint32_t point, char out[UTF8_MOST_BYTES]);

#endif
