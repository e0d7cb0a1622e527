/* SPDX-License-Identifier: Apache-2.0 */
#include "names/label.h"

#include <string.h>

#include "names/punycode.h"
#include "names/utf8.h"

static const char prefix[] = "xn--";
enum { PREFIX_BYTES = sizeof prefix - 1 };

static bool is_ascii(struct slice label)
{
    for (size_t i = 0; i < label.length; i++)
        if ((uint8_t)label.data[i] >= 0x80)
            return false;
    return true;
}

/* A label with octets over 0x7f is never Punycode, whatever it starts with: xn-- before an emoji is a good ENS label. */
static bool is_punycode(struct slice label)
{
    return label.length >= PREFIX_BYTES && slice_is_nocase(slice_of(label.data, PREFIX_BYTES), prefix) && is_ascii(label);
}

static enum status refuse(struct normalise_report *why)
{
    why->fault = NORMALISE_PUNYCODE;
    return E_BAD_NAME;
}

/* Out of Punycode and into UTF-8; the rules of ENS decide what is allowed in it. */
static enum status from_punycode(struct slice code, char *out, size_t room, size_t *length, struct normalise_report *why)
{
    uint32_t points[LABEL_MAX];
    char utf8[LABEL_MAX * UTF8_MOST_BYTES];
    size_t count = 0, bytes = 0;
    bool plain = true;
    if (code.length > LABEL_MAX - PREFIX_BYTES || punycode_decode(code, points, LENGTH_OF(points), &count) != OK)
        return refuse(why);
    for (size_t i = 0; i < count; i++) {
        plain &= points[i] < 0x80;
        bytes += utf8_write(points[i], utf8 + bytes);
    }
    if (plain)
        return refuse(why);             /* RFC 5890 2.3.2.1: nothing that needed to be encoded */
    enum status st = ens_normalise_label(slice_of(utf8, bytes), out, room, length, why);
    why->offset = 0;
    return st;
}

enum status label_from_dns(struct slice label, char *out, size_t room, size_t *length, struct normalise_report *why)
{
    struct normalise_report own;
    why = why ? why : &own;
    if (!is_punycode(label))
        return ens_normalise_label(label, out, room, length, why);
    *why = (struct normalise_report){ 0 };
    return from_punycode(slice_of(label.data + PREFIX_BYTES, label.length - PREFIX_BYTES), out, room, length, why);
}

/* A name being put together. */
struct joiner {
    char *out;
    size_t room, used, labels, offset;  /* offset: of the label in the input */
    bool unknown;
};

static enum status join_label(struct joiner *j, struct slice label, struct normalise_report *why)
{
    uint8_t hash[LABEL_HASH_BYTES];
    size_t bytes = 0;
    if (j->labels > 0) {
        if (j->used == j->room)
            return E_NO_SPACE;
        j->out[j->used++] = '.';
    }
    if (j->unknown && label_is_unknown(label, hash)) {
        if (j->room - j->used < LABEL_UNKNOWN_BYTES)
            return E_NO_SPACE;
        label_write_unknown(hash, j->out + j->used);
        bytes = LABEL_UNKNOWN_BYTES;
    } else {
        enum status st = label_from_dns(label, j->out + j->used, j->room - j->used, &bytes, why);
        why->label = j->labels;
        why->offset += j->offset;
        if (st != OK)
            return st;
    }
    j->used += bytes;
    j->labels++;
    return OK;
}

enum status label_name_from_dns(struct name_view name, char *out, size_t room, size_t *length, struct normalise_report *why)
{
    struct joiner j = { out, room, 0, 0, 0, false };
    struct normalise_report own;
    why = why ? why : &own;
    *why = (struct normalise_report){ 0 };
    for (const uint8_t *at = name.wire; *at != 0; at += 1 + *at) {
        j.offset = (size_t)(at + 1 - name.wire);
        enum status st = join_label(&j, slice_of((const char *)at + 1, *at), why);
        if (st != OK)
            return st;
    }
    *why = (struct normalise_report){ 0 };
    *length = j.used;
    return OK;
}

enum status label_name_from_text(struct slice text, bool unknown, char *out, size_t room, size_t *length,
                                 struct normalise_report *why)
{
    struct joiner j = { out, room, 0, 0, 0, unknown };
    struct normalise_report own;
    why = why ? why : &own;
    *why = (struct normalise_report){ 0 };
    while (text.length > 0) {
        const char *dot = memchr(text.data + j.offset, '.', text.length - j.offset);
        size_t end = dot ? (size_t)(dot - text.data) : text.length;
        enum status st = join_label(&j, slice_of(text.data + j.offset, end - j.offset), why);
        if (st != OK)
            return st;
        if (!dot)
            break;
        j.offset = end + 1;
    }
    *why = (struct normalise_report){ 0 };
    *length = j.used;
    return OK;
}

enum status label_to_dns(struct slice label, uint8_t out[LABEL_MAX], size_t *length)
{
    uint32_t points[LABEL_MAX];
    char code[LABEL_MAX];
    size_t count = 0, bytes = 0;
    if (is_ascii(label)) {
        if (label.length == 0 || label.length > LABEL_MAX)
            return E_BAD_NAME;
        memcpy(out, label.data, label.length);
        *length = label.length;
        return OK;
    }
    for (size_t at = 0; at < label.length; at += bytes) {
        uint32_t point;
        bytes = utf8_read(label.data + at, label.data + label.length, &point);
        if (bytes == 0)
            return E_BAD_TEXT;
        if (count == LENGTH_OF(points))
            return E_BAD_NAME;          /* Punycode takes an octet for each at least */
        points[count++] = point;
    }
    memcpy(code, prefix, PREFIX_BYTES);
    if (punycode_encode(points, count, code + PREFIX_BYTES, sizeof code - PREFIX_BYTES, &bytes) != OK)
        return E_BAD_NAME;
    memcpy(out, code, PREFIX_BYTES + bytes);
    *length = PREFIX_BYTES + bytes;
    return OK;
}

enum status label_name_to_dns(struct slice name, struct name_view suffix, struct name *out)
{
    struct name made = name_copy(suffix);
    while (name.length > 0) {
        const char *dot = memrchr(name.data, '.', name.length);
        size_t start = dot ? (size_t)(dot - name.data) + 1 : 0, bytes = 0;
        uint8_t label[LABEL_MAX];
        struct name longer;
        enum status st = label_to_dns(slice_of(name.data + start, name.length - start), label, &bytes);
        if (st == OK)
            st = name_prepend(label, bytes, name_view_of(&made), &longer);
        if (st != OK)
            return st;
        made = longer;
        if (!dot)
            break;
        if (start == 1)
            return E_BAD_NAME;          /* nothing before the first dot */
        name.length = start - 1;
    }
    *out = made;
    return OK;
}

bool label_is_unknown(struct slice label, uint8_t hash[LABEL_HASH_BYTES])
{
    uint8_t octets[LABEL_HASH_BYTES];
    size_t length = 0;
    if (label.length != LABEL_UNKNOWN_BYTES || label.data[0] != '[' || label.data[LABEL_UNKNOWN_BYTES - 1] != ']')
        return false;
    if (hex_decode(slice_of(label.data + 1, LABEL_UNKNOWN_BYTES - 2), octets, sizeof octets, &length) != OK || length != sizeof octets)
        return false;
    memcpy(hash, octets, sizeof octets);
    return true;
}

void label_write_unknown(const uint8_t hash[LABEL_HASH_BYTES], char out[LABEL_UNKNOWN_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    out[0] = '[';
    for (size_t i = 0; i < LABEL_HASH_BYTES; i++) {
        out[1 + 2 * i] = digits[hash[i] >> 4];
        out[2 + 2 * i] = digits[hash[i] & 15];
    }
    out[LABEL_UNKNOWN_BYTES - 1] = ']';
}
