/* SPDX-License-Identifier: Apache-2.0 */
/* Names as master-file text: RFC 1035 5.1, RFC 4343 2.1. */
#include "wire/name.h"
#include <string.h>

/* Reads an escape behind its backslash; *at is moved behind it. */
static bool escape_read(struct slice text, size_t *at, uint8_t *out)
{
    size_t left = text.length - *at;
    const char *p = text.data + *at;

    if (left == 0)
        return false;
    if (p[0] < '0' || p[0] > '9') {
        *out = (uint8_t)p[0];
        *at += 1;
        return true;
    }
    if (left < 3 || p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
        return false;
    int value = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    if (value > 255)
        return false;
    *out = (uint8_t)value;
    *at += 3;
    return true;
}

/* A name being put together: the open label's length octet is at `open`. */
struct builder {
    uint8_t wire[NAME_MAX_BYTES];
    size_t length, open;
};

static enum status builder_add(struct builder *b, uint8_t octet)
{
    /* One octet stays free for the root label. */
    if (b->length - b->open > LABEL_MAX || b->length >= NAME_MAX_BYTES - 1)
        return E_BAD_NAME;
    b->wire[b->length++] = octet;
    return OK;
}

static enum status builder_end_label(struct builder *b)
{
    size_t bytes = b->length - b->open - 1;

    if (bytes == 0)
        return E_BAD_TEXT;                      /* an empty label */
    b->wire[b->open] = (uint8_t)bytes;
    b->open = b->length;
    return OK;
}

/* Reads labels up to the end of the text.  Ends with no label open when the text ended with a dot. */
static enum status labels_parse(struct slice text, struct builder *b)
{
    enum status st = OK;
    size_t at = 0;

    b->length = b->open = 0;
    while (at < text.length && st == OK) {
        uint8_t octet = (uint8_t)text.data[at++];
        bool dot = octet == '.';
        if (octet == '\\' && !escape_read(text, &at, &octet))
            return E_BAD_TEXT;
        if (b->length == b->open && b->length >= NAME_MAX_BYTES - 1)
            return E_BAD_NAME;
        if (b->length == b->open)
            b->length++;                        /* the label's length octet, filled in at its end */
        st = dot ? builder_end_label(b) : builder_add(b, octet);
    }
    return st;
}

enum status name_parse(struct slice text, struct name_view origin, struct name *out)
{
    struct builder b;

    if (origin.wire == NULL)
        origin = name_root;
    if (text.length == 0)
        return E_BAD_TEXT;
    if (text.length == 1 && (text.data[0] == '@' || text.data[0] == '.')) {
        *out = name_copy(text.data[0] == '@' ? origin : name_root);
        return OK;
    }
    enum status st = labels_parse(text, &b);
    if (st != OK)
        return st;

    struct name_view tail = name_root;
    if (b.length != b.open) {
        st = builder_end_label(&b);
        if (st != OK)
            return st;
        tail = origin;
    }
    if (b.length + tail.length > NAME_MAX_BYTES)
        return E_BAD_NAME;
    memcpy(b.wire + b.length, tail.wire, tail.length);
    out->length = (uint8_t)(b.length + tail.length);
    memcpy(out->wire, b.wire, out->length);
    return OK;
}

/* One octet of a label; at most four characters. */
static size_t octet_print(char *out, uint8_t octet)
{
    if (octet <= ' ' || octet >= 0x7f) {
        out[0] = '\\';
        out[1] = (char)('0' + octet / 100);
        out[2] = (char)('0' + octet / 10 % 10);
        out[3] = (char)('0' + octet % 10);
        return 4;
    }
    switch (octet) {
    case '"': case '(': case ')': case '.': case ';': case '\\': case '@': case '$':
        out[0] = '\\';
        out[1] = (char)octet;
        return 2;
    default:
        out[0] = (char)octet;
        return 1;
    }
}

/* The first `count` labels, each with a dot behind.  At most four characters per octet, so it fits. */
static size_t labels_print(char out[NAME_TEXT_ROOM], const uint8_t *label, unsigned count)
{
    size_t length = 0;

    for (; count > 0; count--, label += 1u + *label) {
        for (unsigned i = 1; i <= *label; i++)
            length += octet_print(out + length, label[i]);
        out[length++] = '.';
    }
    return length;
}

char *name_to_text(struct name_view name, char out[NAME_TEXT_ROOM])
{
    size_t length = labels_print(out, name.wire, name.labels);

    if (length == 0)
        out[length++] = '.';
    out[length] = '\0';
    return out;
}

void name_print(struct text *text, struct name_view name)
{
    char buffer[NAME_TEXT_ROOM];

    text_add(text, name_to_text(name, buffer));
}

void name_print_relative(struct text *text, struct name_view name, struct name_view origin)
{
    char buffer[NAME_TEXT_ROOM];

    if (origin.wire == NULL || !name_below(name, origin)) {
        name_print(text, name);
        return;
    }
    if (name.labels == origin.labels) {
        text_add_char(text, '@');
        return;
    }
    size_t length = labels_print(buffer, name.wire, (unsigned)(name.labels - origin.labels));
    text_add_bytes(text, buffer, length - 1);       /* without the last dot */
}
