/* SPDX-License-Identifier: Apache-2.0 */
/* Views: places in a text that json_read has found to be JSON.  So brackets match, strings end, and steps over them need
 * not look at what they pass. */
#include "json/inside.h"

enum status json_read(const char *text, size_t bytes, size_t max_bytes, struct json_view *out)
{
    struct json_pull pull;
    struct json_token token;
    const char *start = NULL;
    json_pull_init(&pull, text, bytes, max_bytes);
    for (;;) {
        enum status st = json_next(&pull, &token);
        if (st != OK)
            return st;
        if (token.kind == JSON_END)
            break;
        if (!start)
            start = token.raw.data - (token.kind == JSON_STRING);
    }
    const char *end = text + bytes;
    while (end > start && json_is_space(end[-1]))
        end--;
    *out = (struct json_view){ start, end };
    return OK;
}

enum json_kind json_kind(struct json_view value)
{
    if (!value.at || value.at >= value.end)
        return JSON_NONE;
    switch (*value.at) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 'n': return JSON_NULL;
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    default: return JSON_NUMBER;
    }
}

struct slice json_raw(struct json_view value) { return slice_of(value.at, value.at ? (size_t)(value.end - value.at) : 0); }

/* ---- steps over checked text ---- */

static const char *over_space(const char *at, const char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/* At the opening quote; returns behind the closing one. */
static const char *over_string(const char *at, const char *end, bool *escaped)
{
    for (at++; at < end; at++) {
        at = json_plain_end(at, end);
        if (at >= end || *at == '"')
            break;
        if (*at == '\\') {
            *escaped = true;
            at++;
        }
    }
    return at < end ? at + 1 : end;
}

static const char *over_container(const char *at, const char *end)
{
    bool ignored;
    unsigned depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = over_string(at, end, &ignored);
            continue;
        }
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
        if (depth == 0)
            break;
    }
    return at;
}

static const char *over_value(const char *at, const char *end)
{
    bool ignored;
    if (at >= end)
        return end;
    if (*at == '"')
        return over_string(at, end, &ignored);
    if (*at == '{' || *at == '[')
        return over_container(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !json_is_space(*at))
        at++;
    return at;
}

/* ---- walks ---- */

struct json_walk json_walk(struct json_view value)
{
    enum json_kind kind = json_kind(value);
    struct json_walk walk = { .object = kind == JSON_OBJECT };
    if (kind == JSON_OBJECT || kind == JSON_ARRAY) {
        walk.at = value.at + 1;
        walk.end = value.end - 1;
    }
    return walk;
}

bool json_step(struct json_walk *walk)
{
    if (!walk->at)
        return false;
    const char *at = over_space(walk->at, walk->end);
    if (at < walk->end && *at == ',')
        at = over_space(at + 1, walk->end);
    if (at >= walk->end) {
        walk->at = NULL;
        return false;
    }
    if (walk->object) {
        bool escaped = false;
        const char *behind = over_string(at, walk->end, &escaped);
        walk->name = (struct json_token){ JSON_NAME, escaped, slice_of(at + 1, (size_t)(behind - at - 2)) };
        at = over_space(behind, walk->end);
        at = over_space(at + 1, walk->end);     /* the colon */
    }
    walk->value = (struct json_view){ at, over_value(at, walk->end) };
    walk->at = walk->value.end;
    return true;
}

size_t json_count(struct json_view value, size_t max)
{
    size_t count = 0;
    for (struct json_walk walk = json_walk(value); count < max && json_step(&walk);)
        count++;
    return count;
}

void json_members(struct json_view object, const char *const *names, struct json_view *out, size_t count)
{
    memset(out, 0, count * sizeof *out);
    if (json_kind(object) != JSON_OBJECT)
        return;
    for (struct json_walk walk = json_walk(object); json_step(&walk);) {
        for (size_t i = 0; i < count; i++) {
            if (json_token_is(&walk.name, names[i]))
                out[i] = walk.value;
        }
    }
}

struct json_view json_member(struct json_view object, const char *name)
{
    struct json_view out;
    json_members(object, &name, &out, 1);
    return out;
}

static struct json_view element(struct json_view array, struct slice index)
{
    uint64_t left;
    if (text_read_u64(index, SIZE_MAX, &left) != OK)
        return (struct json_view){ 0 };
    for (struct json_walk walk = json_walk(array); json_step(&walk);) {
        if (left-- == 0)
            return walk.value;
    }
    return (struct json_view){ 0 };
}

/* The same as json_member for a name that is not terminated. */
static struct json_view member_slice(struct json_view object, struct slice name)
{
    char copy[64];
    if (name.length >= sizeof copy)
        return (struct json_view){ 0 };
    memcpy(copy, name.data, name.length);
    copy[name.length] = 0;
    return json_member(object, copy);
}

struct json_view json_path(struct json_view value, const char *path)
{
    while (value.at) {
        size_t length = strcspn(path, ".");
        struct slice step = slice_of(path, length);
        value = json_kind(value) == JSON_ARRAY ? element(value, step) : member_slice(value, step);
        if (path[length] == 0)
            break;
        path += length + 1;
    }
    return value;
}

/* ---- frames ---- */

/* One octet outside of strings. @return the value is over */
static bool frame_octet(struct json_frame *frame, char c)
{
    frame->quoted = c == '"';
    frame->depth += c == '{' || c == '[';
    frame->depth -= c == '}' || c == ']';
    return frame->depth == 0;
}

/* Steps through (part of) a string. @return where it stopped */
static const char *frame_string(struct json_frame *frame, const char *at, const char *end)
{
    while (at < end && frame->quoted) {
        if (frame->escaped) {
            frame->escaped = false;
            at++;
            continue;
        }
        at = json_plain_end(at, end);
        if (at < end) {
            frame->escaped = *at == '\\';
            frame->quoted = *at != '"';
            at++;
        }
    }
    return at;
}

enum status json_frame_feed(struct json_frame *frame, const char *data, size_t size, size_t *length)
{
    const char *at = data + frame->scanned, *end = data + size;
    enum status st = E_AGAIN;
    while (at < end && st == E_AGAIN) {
        if (frame->quoted) {
            at = frame_string(frame, at, end);
            continue;
        }
        char c = *at++;
        if (!frame->started && json_is_space(c))
            continue;
        if (!frame->started && c != '{' && c != '[')
            st = E_BAD_TEXT;
        else if (frame_octet(frame, c))
            st = OK;
        else if (frame->depth > JSON_PULL_DEPTH)
            st = E_LIMIT;
        frame->started = true;
    }
    frame->scanned = (size_t)(at - data);
    if (st == OK)
        *length = frame->scanned;
    return st;
}
