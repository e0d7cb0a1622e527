/* SPDX-License-Identifier: Apache-2.0 */
/** @file vectors.h -- what the kinds of run-vectors share: a score, a small JSON tree, hexadecimal text.
 *
 *  Each kind is one function `int run_KIND(text, bytes, score)` in a file of its own.  It reads the whole file (already
 *  unpacked, NUL-terminated behind `bytes`), counts each case once and returns 0, or -1 when the text is not of its format. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector_score { size_t passed, failed; };

void vector_pass(struct vector_score *score);
/** Counts a failure; the first 20 are told on stderr as `FAIL label: what`. */
void vector_fail(struct vector_score *score, const char *label, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));
/** Counts `good` one way or the other. */
void vector_count(struct vector_score *score, bool good, const char *label, const char *what);

enum vector_kind { VECTOR_NULL, VECTOR_FALSE, VECTOR_TRUE, VECTOR_NUMBER, VECTOR_TEXT, VECTOR_ARRAY, VECTOR_OBJECT };

/** A value of a vector file.  Text may hold NUL octets: use `length`; it is also NUL-terminated.  A lone surrogate is
 *  kept in the three octets that it would have.  A number is kept as it is spelled. */
struct vector_json {
    enum vector_kind kind;
    char *key;                          /**< as a member of an object, else NULL */
    char *text;                         /**< of TEXT and NUMBER, else NULL */
    size_t length;
    struct vector_json *first, *next;   /**< first element or member; the next one of the parent */
};

/** NULL when it is no JSON. */
struct vector_json *vector_json_parse(const char *text, size_t bytes);
void vector_json_free(struct vector_json *value);
/** A member, or NULL. */
const struct vector_json *vector_json_get(const struct vector_json *object, const char *key);
/** The text (or the digits) of a member, or NULL. */
const char *vector_json_text(const struct vector_json *object, const char *key);

/** Hexadecimal with or without 0x into octets.  @return false when it is none or does not fit */
bool vector_hex(const char *text, uint8_t *out, size_t room, size_t *length);

int run_address(const char *text, size_t bytes, struct vector_score *score);
int run_contenthash(const char *text, size_t bytes, struct vector_score *score);
int run_namehash(const char *text, size_t bytes, struct vector_score *score);
int run_ensip15(const char *text, size_t bytes, struct vector_score *score);
int run_transactions(const char *text, size_t bytes, struct vector_score *score);
int run_wallets(const char *text, size_t bytes, struct vector_score *score);

#endif
