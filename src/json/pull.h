/* SPDX-License-Identifier: Apache-2.0 */
/** @file json/pull.h -- JSON from the network: tokens and views, without heap.  RFC 8259.
 *
 *  Three ways in, on top of each other:
 *    tokens  json_next() gives one after the other, and is strict: numbers by the grammar, UTF-8, whole escapes, nothing behind
 *            the value, at most JSON_PULL_DEPTH levels;
 *    views   json_read() checks a whole text once; from then on a `struct json_view` stands for one value in it, and what
 *            is asked of views cannot fail for reasons of syntax;
 *    frames  json_frame_feed() finds where a value ends in a stream that has no other framing.
 *
 *  The text is borrowed by all of them: it must stay, and stay the same, as long as they are used.  Where a member name
 *  repeats, the last one counts, as it does for most readers (RFC 8259 §4 leaves it open). */
#ifndef JSON_PULL_H
#define JSON_PULL_H

#include "base/base.h"

enum { JSON_PULL_DEPTH = 32 };

enum json_kind {
    JSON_NONE,              /**< of a view: no value.  False in a condition */
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
    JSON_ARRAY_END, JSON_OBJECT_END, JSON_NAME, JSON_END    /**< only as tokens */
};

/* ---- tokens ---- */

struct json_token {
    enum json_kind kind;
    bool escaped;           /**< of a string or name: it holds a backslash, so `raw` is not its text */
    struct slice raw;       /**< string, name: what is between the quotes; number and others: the octets themselves */
};

struct json_pull {
    const char *at, *end;
    uint32_t objects;       /**< bit d: level d is an object */
    uint8_t depth, expect;
    enum status failed;     /**< sticky */
};

/** @param max_bytes  a longer text fails with E_LIMIT at the first token */
void json_pull_init(struct json_pull *pull, const char *text, size_t bytes, size_t max_bytes);
/** The next token; JSON_END once, and whenever it is asked again, when the value is over and nothing is behind it.
 *  @return OK, E_TRUNCATED (the text ends too early), E_BAD_TEXT, E_LIMIT (too deep, too long); errors stay */
MUST_CHECK enum status json_next(struct json_pull *pull, struct json_token *out);
/** Steps over the rest of what the last token opened: its value behind a name, its content behind the start of an array or object;
 *  nothing behind other tokens.  @return as json_next */
MUST_CHECK enum status json_skip(struct json_pull *pull, const struct json_token *last);
/** The token (string or name) says this, escapes taken into account. */
bool json_token_is(const struct json_token *token, const char *text);

/* ---- views ---- */

/** One value of a text that json_read has checked, or nothing (zeroed).  All functions take a view of nothing. */
struct json_view { const char *at, *end; };

/** Checks a whole text.  @return as json_next */
MUST_CHECK enum status json_read(const char *text, size_t bytes, size_t max_bytes, struct json_view *out);
enum json_kind json_kind(struct json_view value);
/** The octets of the value, as they stand in the text. */
struct slice json_raw(struct json_view value);

/** A member of an object; nothing when there is none, or this is no object. */
struct json_view json_member(struct json_view object, const char *name);
/** Several members in one pass: out[i] is the one called names[i], or nothing. @param count  0..32 */
void json_members(struct json_view object, const char *const *names, struct json_view *out, size_t count);
/** Down through objects by member names and arrays by index: json_path(v, "error.data.result"), json_path(v, "result.0.hash").
 *  Names with a dot in them cannot be said so. */
struct json_view json_path(struct json_view value, const char *path);

/** A walk over the members of an object or the elements of an array, in the order of the text. */
struct json_walk {
    struct json_view value; /**< the current element or member's value */
    struct json_token name; /**< of a member; kind is JSON_NONE in arrays */
    const char *at, *end;   /**< private */
    bool object;            /**< private */
};
/** Neither object nor array: a walk over nothing. */
struct json_walk json_walk(struct json_view value);
/** `for (struct json_walk w = json_walk(v); json_step(&w);)` use w.value, json_token_is(&w.name, ...).  The inside of a value is
 *  scanned once more by the next step, which costs about a nanosecond for 2 octets or less. */
bool json_step(struct json_walk *walk);
/** How many members or elements; stops counting at max. */
size_t json_count(struct json_view value, size_t max);

/** A string that says this. */
bool json_is(struct json_view value, const char *text);
/** A string without backslashes, as a borrowed slice.  @return OK, E_NOT_FOUND (not a string), E_UNSUPPORTED (has escapes) */
MUST_CHECK enum status json_text_plain(struct json_view value, struct slice *out);
/** A string, escapes resolved, as UTF-8; NUL-terminated when there is room for that, and may hold NULs itself (\u0000).
 *  @return OK, E_NOT_FOUND (not a string), E_NO_SPACE */
MUST_CHECK enum status json_text_copy(struct json_view value, char *buffer, size_t room, size_t *length);
/** True or false.  @return OK, E_NOT_FOUND (neither) */
MUST_CHECK enum status json_truth(struct json_view value, bool *out);
/** A number without sign, fraction and exponent.  @return OK, E_NOT_FOUND (no such number), E_RANGE (over 2^64-1) */
MUST_CHECK enum status json_u64(struct json_view value, uint64_t *out);

/* Strings of hex digits, as nodes of Ethereum write octets ("DATA") and numbers ("QUANTITY"). */

/** The digits behind 0x (lower-case x), an even number of them, upper or lower case.
 *  @return OK, E_NOT_FOUND (not a string), E_BAD_TEXT */
MUST_CHECK enum status json_hex(struct json_view value, struct slice *digits);
/** The octets.  @return as json_hex, and E_NO_SPACE */
MUST_CHECK enum status json_hex_bytes(struct json_view value, uint8_t *out, size_t room, size_t *length);
/** Exactly `count` octets.  @return as json_hex, and E_RANGE (a different number of them); out is written on OK only */
MUST_CHECK enum status json_hex_exact(struct json_view value, uint8_t *out, size_t count);
/** 0x and 1 or more digits; leading zeros are taken (some nodes write them).
 *  @return OK, E_NOT_FOUND (not a string), E_BAD_TEXT, E_RANGE (over 2^64-1) */
MUST_CHECK enum status json_quantity(struct json_view value, uint64_t *out);
/** The same up to 2^256-1, as 32 octets, big-endian. */
MUST_CHECK enum status json_quantity_256(struct json_view value, uint8_t out[32]);
/** Digits as json_hex gives them to octets, at a few per nanosecond.  @return OK, E_BAD_TEXT (not hex digits, or an odd number) */
MUST_CHECK enum status json_digits_decode(struct slice digits, uint8_t *out);

/* ---- frames ---- */

/** Where in a stream the first object or array ends.  Zeroed = at its start. */
struct json_frame {
    size_t scanned;         /**< octets seen so far */
    uint32_t depth;
    bool started, quoted, escaped;
};
/** Looks at data[frame->scanned..size).  Only brackets and quotes count here; json_read says whether what is between is JSON.
 *  @param length  on OK: octets of the value, with white space before it.  Zero the frame to go on behind them
 *  @return OK, E_AGAIN (no end yet: call again with more), E_BAD_TEXT (neither object nor array), E_LIMIT (too deep) */
MUST_CHECK enum status json_frame_feed(struct json_frame *frame, const char *data, size_t size, size_t *length);

#endif
