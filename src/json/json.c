/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that sees jansson.  `struct json_value` is never defined: it is a json_t under another name. */
#include "json/json.h"

#include <jansson.h>
#include <string.h>

static json_t *inner(const struct json_value *value) { return (json_t *)(uintptr_t)value; }
static struct json_value *outer(json_t *value) { return (struct json_value *)value; }

/* jansson allows 2048 levels; nothing of ours has more than a few. */
static bool too_deep(const char *text, size_t bytes)
{
    bool quoted = false;
    unsigned depth = 0;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > JSON_DEPTH_MAX)
            return true;
        else if (!quoted && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return false;
}

enum status json_value_parse(const char *text, size_t bytes, struct json_value **out)
{
    if (too_deep(text, bytes))
        return E_LIMIT;
    json_error_t error;
    json_t *value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value)
        return json_error_code(&error) == json_error_out_of_memory ? E_NOMEM : E_BAD_TEXT;
    *out = outer(value);
    return OK;
}

void json_value_free(struct json_value *value) { json_decref(inner(value)); }

struct json_value *json_value_object(void) { return outer(json_object()); }
struct json_value *json_value_array(void) { return outer(json_array()); }
struct json_value *json_value_bool(bool truth) { return outer(json_boolean(truth)); }

struct json_value *json_value_u64(uint64_t number)
{
    return outer(json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

/* Length of the UTF-8 sequence at s, 0 when it is none (RFC 3629 §4). */
static size_t utf8_length(const uint8_t *s, size_t left)
{
    static const struct { uint8_t first, last, low, high, length; } forms[] = {
        { 0x01, 0x7f, 0, 0, 1 },          { 0xc2, 0xdf, 0x80, 0xbf, 2 },    { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },    { 0xed, 0xed, 0x80, 0x9f, 3 },    { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },    { 0xf1, 0xf3, 0x80, 0xbf, 4 },    { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < LENGTH_OF(forms); i++) {
        if (s[0] < forms[i].first || s[0] > forms[i].last)
            continue;
        if (forms[i].length == 1)
            return 1;
        if (forms[i].length > left || s[1] < forms[i].low || s[1] > forms[i].high)
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if ((s[k] & 0xc0) != 0x80)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

struct json_value *json_value_text(const char *string)
{
    json_t *plain = json_string(string);
    if (plain)
        return outer(plain);
    struct text clean;
    text_growing(&clean);
    size_t left = strlen(string);
    for (const char *at = string; left > 0;) {
        size_t length = utf8_length((const uint8_t *)at, left);
        if (length)
            text_add_bytes(&clean, at, length);
        else
            text_add(&clean, "\xef\xbf\xbd");
        length += length == 0;
        at += length;
        left -= length;
    }
    json_t *value = clean.full || !clean.data ? NULL : json_string(clean.data);
    text_clear(&clean);
    return outer(value);
}

/* A set or an add that fails is memory running out; what is being built is then incomplete, which nobody may take for
 * the whole.  Few notice a missing member, so callers get the breach counted instead. */
static void noted(int result) { (void)check(result == 0); }

void json_value_set(struct json_value *object, const char *key, struct json_value *member)
{
    if (!object)
        json_decref(inner(member));
    else
        noted(json_object_set_new_nocheck(inner(object), key, inner(member)));
}

void json_value_set_text(struct json_value *object, const char *key, const char *text)
{
    if (text)
        json_value_set(object, key, json_value_text(text));
}

void json_value_set_u64(struct json_value *object, const char *key, uint64_t number)
{
    json_value_set(object, key, json_value_u64(number));
}

void json_value_set_bool(struct json_value *object, const char *key, bool truth)
{
    json_value_set(object, key, json_value_bool(truth));
}

void json_value_add(struct json_value *array, struct json_value *member)
{
    if (!array)
        json_decref(inner(member));
    else
        noted(json_array_append_new(inner(array), inner(member)));
}

bool json_value_is_object(const struct json_value *value) { return value && json_is_object(inner(value)); }
bool json_value_is_array(const struct json_value *value) { return value && json_is_array(inner(value)); }

struct json_value *json_value_get(const struct json_value *object, const char *key)
{
    return outer(json_object_get(inner(object), key));
}

const char *json_value_get_text(const struct json_value *object, const char *key)
{
    return json_value_as_text(json_value_get(object, key));
}

bool json_value_get_u64(const struct json_value *object, const char *key, uint64_t *out)
{
    json_t *member = inner(json_value_get(object, key));
    if (!member || !json_is_integer(member) || json_integer_value(member) < 0)
        return false;
    *out = (uint64_t)json_integer_value(member);
    return true;
}

bool json_value_get_bool(const struct json_value *object, const char *key)
{
    json_t *member = inner(json_value_get(object, key));
    return member && json_is_true(member);
}

size_t json_value_count(const struct json_value *value)
{
    if (json_value_is_array(value))
        return json_array_size(inner(value));
    return json_value_is_object(value) ? json_object_size(inner(value)) : 0;
}

struct json_value *json_value_at(const struct json_value *array, size_t index)
{
    return outer(json_array_get(inner(array), index));
}

const char *json_value_as_text(const struct json_value *value) { return value ? json_string_value(inner(value)) : NULL; }

uint64_t json_value_as_u64(const struct json_value *value)
{
    json_int_t number = value ? json_integer_value(inner(value)) : 0;
    return number < 0 ? 0 : (uint64_t)number;
}

void json_value_each(const struct json_value *object, void (*each)(void *context, const char *key, struct json_value *member), void *context)
{
    const char *key;
    json_t *member;
    if (!json_value_is_object(object))
        return;
    json_object_foreach(inner(object), key, member)
        each(context, key, outer(member));
}

static int append(const char *bytes, size_t size, void *out)
{
    struct text *text = out;
    text_add_bytes(text, bytes, size);
    return text->full ? -1 : 0;
}

enum status json_value_print(const struct json_value *value, bool indented, struct text *out)
{
    if (!value)
        return E_NOMEM;
    size_t flags = JSON_ENCODE_ANY | (indented ? JSON_INDENT(2) : (size_t)JSON_COMPACT);
    if (json_dump_callback(inner(value), append, out, flags) == 0 && !out->full)
        return OK;
    return out->full && !out->grows ? E_NO_SPACE : E_NOMEM;
}
