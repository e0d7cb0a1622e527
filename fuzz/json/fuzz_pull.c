/* SPDX-License-Identifier: Apache-2.0 */
/* The tokenizer takes exactly what jansson takes, but for depth, numbers out of jansson's range and NUL in names; what is taken is read
 * alike by both; its tokens, written out again, read the same; and a frame ends where the value does. */
#include "json/pull.h"
#include "other.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_text(struct json_view view, const char *text, size_t length, size_t room)
{
    char *copy = mem_room(room + 1);
    size_t copied;
    if (!copy)
        return;
    require(json_text_copy(view, copy, room + 1, &copied) == OK);
    require(copied == length && memcmp(copy, text, length) == 0 && copy[copied] == 0);
    if (!memchr(text, 0, length))
        require(json_is(view, text));
    mem_free(copy);
}

/* Members: each of the other's is found (the last of those with the same name), and there are no more. */
static void same_object(struct json_view view, void *want, void (*same)(struct json_view, void *))
{
    const char *name = NULL;
    void *member = NULL;
    for (void *at = other_next(want, NULL, &name, &member); at; at = other_next(want, at, &name, &member))
        same(json_member(view, name), member);
    for (struct json_walk walk = json_walk(view); json_step(&walk);) {
        bool found = false;
        for (void *at = other_next(want, NULL, &name, &member); at && !found; at = other_next(want, at, &name, &member))
            found = json_token_is(&walk.name, name);
        require(found);
    }
}

static char kind_of(struct json_view view)
{
    static const char kinds[] = { [JSON_NULL] = 'n', [JSON_FALSE] = 'f', [JSON_TRUE] = 't', [JSON_NUMBER] = '0', [JSON_STRING] = '"', [JSON_ARRAY] = '[', [JSON_OBJECT] = '{' };
    return kinds[json_kind(view)];
}

static void same_value(struct json_view view, void *want)
{
    size_t length, index = 0;
    require(kind_of(view) == other_kind(want));
    if (json_kind(view) == JSON_OBJECT)
        same_object(view, want, same_value);
    if (json_kind(view) == JSON_ARRAY) {
        require(json_count(view, SIZE_MAX) == other_count(want));
        for (struct json_walk walk = json_walk(view); json_step(&walk); index++)
            same_value(walk.value, other_at(want, index));
    }
    if (json_kind(view) == JSON_STRING) {
        const char *text = other_text(want, &length);
        same_text(view, text, length, json_raw(view).length);
    }
}

/* Tokens to text: as few octets as possible. */
static void write_tokens(const char *text, size_t size, struct text *out)
{
    struct json_pull pull;
    struct json_token token;
    bool comma = false;
    json_pull_init(&pull, text, size, size);
    while (json_next(&pull, &token) == OK && token.kind != JSON_END) {
        bool closes = token.kind == JSON_ARRAY_END || token.kind == JSON_OBJECT_END, quoted = token.kind == JSON_STRING || token.kind == JSON_NAME;
        text_add(out, comma && !closes ? "," : "");
        text_add(out, quoted ? "\"" : "");
        text_add_bytes(out, token.raw.data, token.raw.length);
        text_add(out, token.kind == JSON_NAME ? "\":" : quoted ? "\"" : "");
        comma = token.kind != JSON_NAME && token.kind != JSON_ARRAY && token.kind != JSON_OBJECT;
    }
}

static void tokens_read_the_same(const char *text, size_t size)
{
    struct text once, twice;
    text_growing(&once);
    text_growing(&twice);
    write_tokens(text, size, &once);
    write_tokens(once.data, once.length, &twice);
    require(once.length > 0 && once.length <= size && twice.length == once.length && memcmp(once.data, twice.data, once.length) == 0);
    text_clear(&once);
    text_clear(&twice);
}

static void frame_is_the_value(const char *text, size_t size, struct json_view view)
{
    struct json_frame frame = { 0 };
    size_t length;
    if (json_kind(view) != JSON_OBJECT && json_kind(view) != JSON_ARRAY)
        return;
    require(json_frame_feed(&frame, text, size / 2, &length) != E_BAD_TEXT);
    if (frame.scanned == size / 2 && (frame.depth > 0 || !frame.started))
        require(json_frame_feed(&frame, text, size, &length) == OK);
    require(text + frame.scanned == view.end);
}

static void hex_is_hex(struct json_view view)
{
    uint8_t bytes[64], wide[32];
    size_t length;
    struct slice digits;
    uint64_t number;
    if (json_hex_bytes(view, bytes, sizeof bytes, &length) == OK) {
        uint8_t again[64];
        size_t count;
        require(json_hex(view, &digits) == OK && hex_decode(digits, again, sizeof again, &count) == OK);
        require(count == length && memcmp(bytes, again, count) == 0);
    }
    if (json_quantity(view, &number) == OK)
        require(json_quantity_256(view, wide) == OK && wide[31] == (number & 255));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct json_view view;
    bool beyond;
    enum status st = json_read(text, size, SIZE_MAX, &view);
    if (size && memchr(text, 0, size))      /* never JSON; jansson steps over one behind a number */
        require(st != OK);
    if (st == E_LIMIT || (size && memchr(text, 0, size)))
        return 0;
    void *want = other_parse(text, size, &beyond);
    if (beyond)
        return 0;
    require((want != NULL) == (st == OK));
    if (st == OK) {
        same_value(view, want);
        tokens_read_the_same(text, size);
        frame_is_the_value(text, size, view);
        hex_is_hex(view);
    }
    other_free(want);
    return 0;
}
