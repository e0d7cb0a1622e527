/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer: a state for what may come next, and a bit per level for what is open. */
#include "json/inside.h"

enum { EXPECT_VALUE, EXPECT_FIRST_ELEMENT, EXPECT_FIRST_NAME, EXPECT_NAME, EXPECT_COMMA, EXPECT_NOTHING };

void json_pull_init(struct json_pull *pull, const char *text, size_t bytes, size_t max_bytes)
{
    *pull = (struct json_pull){ .at = text, .end = bytes ? text + bytes : text, .failed = bytes > max_bytes ? E_LIMIT : OK };
}

static enum status fail(struct json_pull *pull, enum status status)
{
    pull->failed = status;
    return status;
}

/* Something is wrong at the current place: when that is the end, it is only that there is too little. */
static enum status fail_here(struct json_pull *pull) { return fail(pull, pull->at >= pull->end ? E_TRUNCATED : E_BAD_TEXT); }

static void skip_space(struct json_pull *pull)
{
    while (pull->at < pull->end && json_is_space(*pull->at))
        pull->at++;
}

/* ---- strings ---- */

/* Four hex digits; over 0xffff when they are none. */
static uint32_t escape_unit(const char *at, const char *end)
{
    uint32_t unit = 0;
    if (end - at < 4)
        return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        uint8_t c = ascii_lower((uint8_t)at[i]);
        uint32_t digit = (uint8_t)(c - '0') < 10 ? (uint32_t)(c - '0') : (uint8_t)(c - 'a') < 6 ? (uint32_t)(c - 'a' + 10) : UINT32_MAX;
        if (digit == UINT32_MAX)
            return digit;
        unit = unit << 4 | digit;
    }
    return unit;
}

static size_t utf8_write(uint32_t code, char out[4])
{
    static const uint8_t heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length; i > 1; i--, code >>= 6)
        out[i - 1] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(heads[length] | code);
    return length;
}

/* Behind "\u": a code point, or a surrogate that must come as the first half of a pair. */
static size_t escape_unicode(const char **at, const char *end, char out[4])
{
    uint32_t code = escape_unit(*at, end);
    if (code > 0xffff || (code & 0xfc00) == 0xdc00)
        return 0;
    *at += 4;
    if ((code & 0xfc00) == 0xd800) {
        if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
            return 0;
        uint32_t low = escape_unit(*at + 2, end);
        if (low > 0xffff || (low & 0xfc00) != 0xdc00)
            return 0;
        *at += 6;
        code = 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
    }
    return utf8_write(code, out);
}

size_t json_escape_read(const char **at, const char *end, char out[4])
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (*at >= end)
        return 0;
    char letter = *(*at)++;
    if (letter == 'u')
        return escape_unicode(at, end, out);
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (!found)
        return 0;
    out[0] = means[found - letters];
    return 1;
}

/* Octets of the UTF-8 sequence (over one octet) at s: 0 when it is none (RFC 3629 §4). */
static size_t utf8_length(const uint8_t *s, size_t left)
{
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong, surrogate, or above U+10FFFF. */
    bool bad = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f);
    return bad ? 0 : length;
}

/* An octet that is not plain: over it and what belongs to it. */
static bool string_special(struct json_pull *pull, bool *escaped)
{
    char ignored[4];
    if (*pull->at == '\\') {
        *escaped = true;
        pull->at++;
        return json_escape_read(&pull->at, pull->end, ignored) > 0;
    }
    size_t length = (uint8_t)*pull->at >= 0x80 ? utf8_length((const uint8_t *)pull->at, (size_t)(pull->end - pull->at)) : 0;
    pull->at += length;
    return length > 0;
}

/* At the opening quote. */
static enum status read_string(struct json_pull *pull, enum json_kind kind, struct json_token *out)
{
    const char *start = ++pull->at;
    bool escaped = false;
    for (;;) {
        pull->at = json_plain_end(pull->at, pull->end);
        if (pull->at == pull->end)
            return fail(pull, E_TRUNCATED);
        if (*pull->at == '"')
            break;
        if (!string_special(pull, &escaped))
            return fail(pull, E_BAD_TEXT);
    }
    *out = (struct json_token){ kind, escaped, slice_of(start, (size_t)(pull->at - start)) };
    pull->at++;
    return OK;
}

/* ---- numbers and words ---- */

static bool digits(struct json_pull *pull)
{
    const char *start = pull->at;
    while (pull->at < pull->end && (uint8_t)(*pull->at - '0') < 10)
        pull->at++;
    return pull->at > start;
}

static bool step_over(struct json_pull *pull, char c)
{
    bool there = pull->at < pull->end && *pull->at == c;
    pull->at += there;
    return there;
}

/* RFC 8259 §6. */
static enum status read_number(struct json_pull *pull, struct json_token *out)
{
    const char *start = pull->at;
    (void)step_over(pull, '-');
    if (!step_over(pull, '0') && !digits(pull))
        return fail_here(pull);
    if (step_over(pull, '.') && !digits(pull))
        return fail_here(pull);
    if (step_over(pull, 'e') || step_over(pull, 'E')) {
        if (!step_over(pull, '+'))
            (void)step_over(pull, '-');
        if (!digits(pull))
            return fail_here(pull);
    }
    *out = (struct json_token){ JSON_NUMBER, false, slice_of(start, (size_t)(pull->at - start)) };
    return OK;
}

static enum status read_word(struct json_pull *pull, const char *word, enum json_kind kind, struct json_token *out)
{
    const char *start = pull->at;
    while (*word && step_over(pull, *word))
        word++;
    if (*word)
        return fail_here(pull);
    *out = (struct json_token){ kind, false, slice_of(start, (size_t)(pull->at - start)) };
    return OK;
}

/* ---- structure ---- */

static bool in_object(const struct json_pull *pull) { return pull->depth > 0 && (pull->objects >> (pull->depth - 1) & 1); }

static enum status open_level(struct json_pull *pull, bool object, struct json_token *out)
{
    if (pull->depth == JSON_PULL_DEPTH)
        return fail(pull, E_LIMIT);
    uint32_t bit = UINT32_C(1) << pull->depth++;
    pull->objects = object ? pull->objects | bit : pull->objects & ~bit;
    pull->expect = object ? EXPECT_FIRST_NAME : EXPECT_FIRST_ELEMENT;
    *out = (struct json_token){ object ? JSON_OBJECT : JSON_ARRAY, false, slice_of(pull->at++, 1) };
    return OK;
}

static enum status close_level(struct json_pull *pull, struct json_token *out)
{
    *out = (struct json_token){ in_object(pull) ? JSON_OBJECT_END : JSON_ARRAY_END, false, slice_of(pull->at++, 1) };
    pull->expect = --pull->depth ? EXPECT_COMMA : EXPECT_NOTHING;
    return OK;
}

static enum status read_value(struct json_pull *pull, struct json_token *out)
{
    char c = *pull->at;
    if (c == '{' || c == '[')
        return open_level(pull, c == '{', out);
    pull->expect = pull->depth ? EXPECT_COMMA : EXPECT_NOTHING;
    switch (c) {
    case '"': return read_string(pull, JSON_STRING, out);
    case 'n': return read_word(pull, "null", JSON_NULL, out);
    case 't': return read_word(pull, "true", JSON_TRUE, out);
    case 'f': return read_word(pull, "false", JSON_FALSE, out);
    default: return c == '-' || (uint8_t)(c - '0') < 10 ? read_number(pull, out) : fail(pull, E_BAD_TEXT);
    }
}

static enum status read_name(struct json_pull *pull, struct json_token *out)
{
    struct json_token name;
    if (*pull->at != '"')
        return fail(pull, E_BAD_TEXT);
    enum status st = read_string(pull, JSON_NAME, &name);
    if (st != OK)
        return st;
    skip_space(pull);
    if (!step_over(pull, ':'))
        return fail_here(pull);
    pull->expect = EXPECT_VALUE;
    *out = name;
    return OK;
}

enum status json_next(struct json_pull *pull, struct json_token *out)
{
    if (pull->failed != OK)
        return pull->failed;
    skip_space(pull);
    if (pull->expect == EXPECT_NOTHING) {
        if (pull->at < pull->end)
            return fail(pull, E_BAD_TEXT);
        *out = (struct json_token){ JSON_END, false, slice_of(pull->end, 0) };
        return OK;
    }
    bool may_close = pull->expect == EXPECT_COMMA || pull->expect == EXPECT_FIRST_NAME || pull->expect == EXPECT_FIRST_ELEMENT;
    if (may_close && pull->at < pull->end && *pull->at == (in_object(pull) ? '}' : ']'))
        return close_level(pull, out);
    if (pull->expect == EXPECT_COMMA) {
        if (!step_over(pull, ','))
            return fail_here(pull);
        pull->expect = in_object(pull) ? EXPECT_NAME : EXPECT_VALUE;
        skip_space(pull);
    }
    if (pull->at == pull->end)
        return fail(pull, E_TRUNCATED);
    return pull->expect == EXPECT_NAME || pull->expect == EXPECT_FIRST_NAME ? read_name(pull, out) : read_value(pull, out);
}

enum status json_skip(struct json_pull *pull, const struct json_token *last)
{
    struct json_token token = *last;
    enum status st = OK;
    unsigned open = token.kind == JSON_ARRAY || token.kind == JSON_OBJECT;
    bool wanted = open > 0 || token.kind == JSON_NAME;
    while (wanted && st == OK) {
        st = json_next(pull, &token);
        if (st != OK)
            break;
        open += token.kind == JSON_ARRAY || token.kind == JSON_OBJECT;
        open -= token.kind == JSON_ARRAY_END || token.kind == JSON_OBJECT_END;
        wanted = open > 0;
    }
    return st;
}

bool json_token_is(const struct json_token *token, const char *text)
{
    if (token->kind != JSON_STRING && token->kind != JSON_NAME)
        return false;
    if (!token->escaped)
        return slice_is(token->raw, text);
    const char *at = token->raw.data, *end = at + token->raw.length;
    while (at < end) {
        char piece[4] = { *at++ };
        size_t length = piece[0] == '\\' ? json_escape_read(&at, end, piece) : 1;
        /* A NUL never matches: the end of `text` is not part of it. */
        for (size_t i = 0; i < length; i++, text++) {
            if (*text == 0 || *text != piece[i])
                return false;
        }
    }
    return *text == 0;
}
