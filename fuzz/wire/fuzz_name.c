/* SPDX-License-Identifier: Apache-2.0 */
/* Names: what was read reads back, prints and parses back, and order, ancestry and stepping over agree with it. */
#include "wire/name.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_one(const struct name *n)
{
    struct name_view v = name_view_of(n), again;
    struct cursor back = cursor_of(n->wire, n->length);
    struct name parsed, lower = *n;
    char text[NAME_TEXT_ROOM];

    HOLDS(v.length == n->length && v.labels <= NAME_MAX_LABELS && n->wire[n->length - 1] == 0);
    HOLDS(name_read_plain(&back, &again) == OK && back.pos == back.end);
    HOLDS(again.length == v.length && again.labels == v.labels);
    HOLDS(name_parse(slice_string(name_to_text(v, text)), name_root, &parsed) == OK);
    HOLDS(name_same(name_view_of(&parsed), v));
    name_lower(lower.wire, lower.length);
    HOLDS(name_equal(v, name_view_of(&lower)) && name_compare(v, name_view_of(&lower)) == 0);
}

/* Texts of a name relative to another lead back to it. */
static void check_relative(struct name_view name, struct name_view origin)
{
    char buffer[NAME_TEXT_ROOM];
    struct text text;
    struct name parsed;

    text_fixed(&text, buffer, sizeof buffer);
    name_print_relative(&text, name, origin);
    HOLDS(!text.full);
    HOLDS(name_parse(slice_of(text.data, text.length), origin, &parsed) == OK);
    HOLDS(name_equal(name_view_of(&parsed), name));
}

/* a is below b: another suffix and back again is the name itself. */
static void check_suffixes(struct name_view a, struct name_view b)
{
    static const uint8_t label[] = "*";
    struct name moved, back, child;

    HOLDS(name_replace_suffix(a, b, name_root, &moved) == OK);
    HOLDS(name_replace_suffix(name_view_of(&moved), name_root, b, &back) == OK);
    HOLDS(name_equal(name_view_of(&back), a));
    if (name_prepend(label, 1, a, &child) == OK) {
        HOLDS(name_is_wildcard(name_view_of(&child)) && !name_is_host(name_view_of(&child), false));
        HOLDS(name_is_host(name_view_of(&child), true) == name_is_host(a, false));
    }
}

static void check_two(const struct name *x, const struct name *y)
{
    struct name_view a = name_view_of(x), b = name_view_of(y);
    unsigned shared = name_shared_labels(a, b);
    int order = name_compare(a, b), mirrored = name_compare(b, a);
    struct name joined;

    HOLDS((order < 0) == (mirrored > 0) && (order == 0) == (mirrored == 0));
    HOLDS((order == 0) == name_equal(a, b));
    HOLDS(name_below(a, b) == (shared == b.labels));
    HOLDS(name_equal(name_strip(a, a.labels - shared), name_strip(b, b.labels - shared)));
    if (name_below(a, b))
        HOLDS(order >= 0);                      /* children sort behind their parent, RFC 4034 §6.1 */
    check_relative(a, b);
    if (name_below(a, b))
        check_suffixes(a, b);
    if (name_join(a, b, &joined) == OK) {
        HOLDS(name_below(name_view_of(&joined), b));
        HOLDS(name_view_of(&joined).labels == a.labels + b.labels);
    } else {
        HOLDS(a.length + b.length - 1 > NAME_MAX_BYTES);
    }
}

static void check_reverse(const uint8_t *address, size_t octets)
{
    struct name n, again;
    struct cursor c;

    name_reverse(address, octets, &n);
    c = cursor_of(n.wire, n.length);
    HOLDS(name_read(&c, &again) == OK && c.pos == c.end);
    HOLDS(name_is_host(name_view_of(&n), false));
    HOLDS(name_view_of(&n).labels == (octets == 4 ? 6 : 34));
}

/* What the reader without pointers takes, the other takes too. */
static void check_plain(const uint8_t *data, size_t size)
{
    struct cursor plain = cursor_of(data, size), other = plain;
    struct name_view v;
    struct name n;

    if (name_read_plain(&plain, &v) != OK)
        return;
    HOLDS(name_read(&other, &n) == OK && other.pos == plain.pos);
    HOLDS(name_same(name_view_of(&n), v));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_of(data, size);
    struct name previous = { 1, { 0 } }, n;

    check_plain(data, size);
    if (size >= 16) {
        check_reverse(data, 4);
        check_reverse(data, 16);
    }

    for (;;) {
        struct cursor skip = c;
        if (name_read(&c, &n) != OK)
            break;
        HOLDS(name_skip(&skip) == OK && skip.pos == c.pos);
        check_one(&n);
        check_two(&n, &previous);
        previous = n;
    }
    /* The octets once more, as text. */
    if (name_parse(slice_of((const char *)data, size), name_view_of(&previous), &n) == OK)
        check_one(&n);
    return 0;
}
