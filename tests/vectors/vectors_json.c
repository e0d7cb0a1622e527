/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON tree of run-vectors: unlike the room json it takes NUL octets and lone surrogates in text, which the
 * ENSIP-15 vectors hold, and numbers of any size, which transactions hold. */
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

struct reader {
    const char *at, *end;
    unsigned depth;
};

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool vector_hex(const char *text, uint8_t *out, size_t room, size_t *length)
{
    size_t count = 0;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    for (; text[0]; text += 2, count++) {
        int high = hex_value(text[0]), low = text[1] ? hex_value(text[1]) : -1;
        if (high < 0 || low < 0 || count == room)
            return false;
        out[count] = (uint8_t)(high << 4 | low);
    }
    *length = count;
    return true;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
        r->at++;
}

static bool read_unit(struct reader *r, unsigned *out)
{
    unsigned unit = 0;
    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int value = hex_value(*r->at++);
        if (value < 0)
            return false;
        unit = unit << 4 | (unsigned)value;
    }
    *out = unit;
    return true;
}

static size_t add_utf8(char *to, unsigned point)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    size_t count = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--, point >>= 6)
        to[i] = (char)(0x80 | (point & 0x3f));
    to[0] = (char)((0xf00 >> count & 0xff) | point);
    return count;
}

/* Behind the `\u`: one code point, of two units when they are a pair. */
static bool read_point(struct reader *r, unsigned *out)
{
    unsigned high, low;
    if (!read_unit(r, &high))
        return false;
    *out = high;
    if (high < 0xd800 || high > 0xdbff || r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
        return true;
    struct reader ahead = { r->at + 2, r->end, 0 };
    if (!read_unit(&ahead, &low) || low < 0xdc00 || low > 0xdfff)
        return true;
    r->at = ahead.at;
    *out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* At the opening quote.  The text is never longer than its spelling. */
static char *read_text(struct reader *r, size_t *length)
{
    const char *close = ++r->at;
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end)
        return NULL;
    char *text = malloc((size_t)(close - r->at) + 1);
    size_t count = 0;
    while (text && r->at < close) {
        char c = *r->at++;
        if (c != '\\') {
            text[count++] = c;
            continue;
        }
        static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        const char *letter = strchr(letters, *r->at);
        unsigned point;
        if (*r->at++ == 'u' ? !read_point(r, &point) : !letter || !*letter) {
            free(text);
            return NULL;
        }
        if (letter)
            text[count++] = meant[letter - letters];
        else
            count += add_utf8(text + count, point);
    }
    if (!text)
        return NULL;
    text[count] = 0;
    *length = count;
    r->at = close + 1;
    return text;
}

static struct vector_json *read_value(struct reader *r);

static bool read_members(struct reader *r, struct vector_json *value, char close)
{
    struct vector_json **next = &value->first;
    r->at++;
    skip_space(r);
    if (r->at < r->end && *r->at == close) {
        r->at++;
        return true;
    }
    for (;;) {
        char *key = NULL;
        size_t length;
        skip_space(r);
        if (close == '}') {
            if (r->at >= r->end || *r->at != '"' || !(key = read_text(r, &length)))
                return false;
            skip_space(r);
            if (r->at >= r->end || *r->at++ != ':') {
                free(key);
                return false;
            }
        }
        *next = read_value(r);
        if (!*next) {
            free(key);
            return false;
        }
        (*next)->key = key;
        next = &(*next)->next;
        skip_space(r);
        if (r->at >= r->end || (*r->at != ',' && *r->at != close))
            return false;
        if (*r->at++ == close)
            return true;
    }
}

static bool read_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return false;
    r->at += length;
    return true;
}

static bool read_number(struct reader *r, struct vector_json *value)
{
    size_t count = 0;
    while (r->at + count < r->end && r->at[count] && strchr("0123456789+-.eE", r->at[count]))
        count++;
    value->kind = VECTOR_NUMBER;
    value->length = count;
    value->text = count ? strndup(r->at, count) : NULL;
    r->at += count;
    return value->text;
}

static bool read_into(struct reader *r, struct vector_json *value)
{
    switch (r->at < r->end ? *r->at : 0) {
    case '{':
        value->kind = VECTOR_OBJECT;
        return read_members(r, value, '}');
    case '[':
        value->kind = VECTOR_ARRAY;
        return read_members(r, value, ']');
    case '"':
        value->kind = VECTOR_TEXT;
        value->text = read_text(r, &value->length);
        return value->text;
    case 't':
        value->kind = VECTOR_TRUE;
        return read_word(r, "true");
    case 'f':
        value->kind = VECTOR_FALSE;
        return read_word(r, "false");
    case 'n':
        value->kind = VECTOR_NULL;
        return read_word(r, "null");
    default:
        return read_number(r, value);
    }
}

static struct vector_json *read_value(struct reader *r)
{
    skip_space(r);
    struct vector_json *value = r->depth < DEPTH_MAX ? calloc(1, sizeof *value) : NULL;
    r->depth++;
    if (value && !read_into(r, value)) {
        vector_json_free(value);
        value = NULL;
    }
    r->depth--;
    return value;
}

struct vector_json *vector_json_parse(const char *text, size_t bytes)
{
    struct reader r = { text, text + bytes, 0 };
    struct vector_json *value = read_value(&r);
    skip_space(&r);
    if (value && r.at != r.end) {
        vector_json_free(value);
        value = NULL;
    }
    return value;
}

void vector_json_free(struct vector_json *value)
{
    while (value) {
        struct vector_json *next = value->next;
        vector_json_free(value->first);
        free(value->key);
        free(value->text);
        free(value);
        value = next;
    }
}

const struct vector_json *vector_json_get(const struct vector_json *object, const char *key)
{
    const struct vector_json *member = object && object->kind == VECTOR_OBJECT ? object->first : NULL;
    while (member && strcmp(member->key, key) != 0)
        member = member->next;
    return member;
}

const char *vector_json_text(const struct vector_json *object, const char *key)
{
    const struct vector_json *member = vector_json_get(object, key);
    return member ? member->text : NULL;
}
