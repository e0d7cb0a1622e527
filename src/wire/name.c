/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/name.h"
#include <string.h>

const struct name_view name_root = { (const uint8_t *)"", 1, 0 };

static inline uint64_t load_8(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint32_t load_4(const uint8_t *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline bool words_equal(uint64_t x, uint64_t y) { return x == y || ascii_lower_8(x) == ascii_lower_8(y); }

/* Eight at a time; the last eight, or four, may overlap those before. */
static inline bool octets_equal_nocase(const uint8_t *a, const uint8_t *b, size_t n)
{
    if (n >= 8) {
        for (size_t at = 0; at + 8 < n; at += 8)
            if (!words_equal(load_8(a + at), load_8(b + at)))
                return false;
        return words_equal(load_8(a + n - 8), load_8(b + n - 8));
    }
    if (n >= 4)
        return words_equal(load_4(a) | (uint64_t)load_4(a + n - 4) << 32, load_4(b) | (uint64_t)load_4(b + n - 4) << 32);
    for (size_t i = 0; i < n; i++)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

bool name_ends_like(const uint8_t *wire, size_t length, struct name_view suffix)
{
    return length >= suffix.length && octets_equal_nocase(wire + length - suffix.length, suffix.wire, suffix.length);
}

enum status name_read(struct cursor *c, struct name *out)
{
    struct cursor at = *c, behind = *c;         /* where we read; where the caller goes on */
    const uint8_t *lowest = c->pos;             /* a pointer must aim below this */
    uint8_t wire[NAME_MAX_BYTES];
    size_t length = 0;
    unsigned hops = 0;

    for (uint8_t head = 1; head != 0;) {
        head = cursor_u8(&at);
        if ((head & 0xc0) == 0xc0) {
            size_t target = (size_t)(head & 0x3f) << 8 | cursor_u8(&at);
            if (at.failed)
                return E_TRUNCATED;
            if (target >= (size_t)(lowest - at.base) || hops > NAME_MAX_LABELS)
                return E_BAD_POINTER;
            if (hops++ == 0)
                behind = at;
            at.pos = lowest = at.base + target;
            continue;
        }
        if (head > LABEL_MAX)
            return E_BAD_NAME;                  /* 01 and 10 are reserved label types */
        const uint8_t *label = cursor_take(&at, head);
        if (label == NULL)
            return E_TRUNCATED;
        if (length + 1u + head > NAME_MAX_BYTES)
            return E_BAD_NAME;
        wire[length] = head;
        memcpy(&wire[length + 1], label, head);
        length += 1u + head;
    }
    memcpy(out->wire, wire, length);
    out->length = (uint8_t)length;
    *c = hops > 0 ? behind : at;
    return OK;
}

enum status name_read_plain(struct cursor *c, struct name_view *out)
{
    struct cursor at = *c;
    unsigned labels = 0;

    for (;;) {
        uint8_t head = cursor_u8(&at);
        if ((head & 0xc0) == 0xc0)
            return E_BAD_POINTER;
        if (head > LABEL_MAX)
            return E_BAD_NAME;
        cursor_take(&at, head);
        if (at.failed)
            return E_TRUNCATED;
        if (at.pos - c->pos > NAME_MAX_BYTES)
            return E_BAD_NAME;
        if (head == 0)
            break;
        labels++;
    }
    *out = (struct name_view){ c->pos, (uint8_t)(at.pos - c->pos), (uint8_t)labels };
    *c = at;
    return OK;
}

enum status name_skip(struct cursor *c)
{
    struct cursor at = *c;

    for (uint8_t head = 1; head != 0;) {
        head = cursor_u8(&at);
        if ((head & 0xc0) == 0xc0) {
            size_t target = (size_t)(head & 0x3f) << 8 | cursor_u8(&at);
            if (at.failed)
                return E_TRUNCATED;
            if (target >= (size_t)(c->pos - c->base))
                return E_BAD_POINTER;
            break;
        }
        if (head > LABEL_MAX)
            return E_BAD_NAME;
        cursor_take(&at, head);
        if (at.failed)
            return E_TRUNCATED;
        if (at.pos - c->pos > NAME_MAX_BYTES)
            return E_BAD_NAME;
    }
    *c = at;
    return OK;
}

struct name_view name_view_wire(const uint8_t *wire)
{
    size_t at = 0;
    unsigned labels = 0;

    while (wire[at] != 0) {
        at += 1u + wire[at];
        labels++;
    }
    debug_assert(at < NAME_MAX_BYTES);
    return (struct name_view){ wire, (uint8_t)(at + 1), (uint8_t)labels };
}

struct name_view name_view_of(const struct name *name)
{
    return name_view_wire(name->wire);
}

struct name name_copy(struct name_view view)
{
    struct name out = { .length = view.length };
    memcpy(out.wire, view.wire, view.length);
    return out;
}

bool name_equal(struct name_view a, struct name_view b)
{
    return a.length == b.length && octets_equal_nocase(a.wire, b.wire, a.length);
}

bool name_same(struct name_view a, struct name_view b)
{
    return a.length == b.length && memcmp(a.wire, b.wire, a.length) == 0;
}

/* Order of two labels at their length octets: as lower-case octets, the shorter first. */
static int label_compare(const uint8_t *a, const uint8_t *b)
{
    unsigned n = a[0] < b[0] ? a[0] : b[0];
    for (unsigned i = 1; i <= n; i++) {
        int difference = ascii_lower(a[i]) - ascii_lower(b[i]);
        if (difference != 0)
            return difference;
    }
    return a[0] - b[0];
}

/* The rightmost label that differs decides.  Both names are cut to the same number of labels and walked
 * from the left once; the last difference seen is the rightmost one, so no table of labels is needed. */
int name_compare(struct name_view a, struct name_view b)
{
    unsigned common = a.labels < b.labels ? a.labels : b.labels;
    const uint8_t *x = name_strip(a, a.labels - common).wire;
    const uint8_t *y = name_strip(b, b.labels - common).wire;
    int order = a.labels - b.labels;

    for (; *x != 0; x += 1u + *x, y += 1u + *y) {
        int difference = label_compare(x, y);
        if (difference != 0)
            order = difference;
    }
    return order;
}

bool name_below(struct name_view a, struct name_view b)
{
    if (a.labels < b.labels || a.length < b.length)
        return false;
    if (b.labels == 0)
        return true;
    const uint8_t *tail = a.wire;
    for (unsigned i = b.labels; i < a.labels; i++)
        tail += 1u + *tail;
    return a.wire + a.length - tail == b.length && octets_equal_nocase(tail, b.wire, b.length);
}

unsigned name_shared_labels(struct name_view a, struct name_view b)
{
    unsigned common = a.labels < b.labels ? a.labels : b.labels, shared = 0;
    const uint8_t *x = name_strip(a, a.labels - common).wire;
    const uint8_t *y = name_strip(b, b.labels - common).wire;

    for (; *x != 0; x += 1u + *x, y += 1u + *y)
        shared = label_compare(x, y) == 0 ? shared + 1 : 0;
    return shared;
}

struct name_view name_strip(struct name_view name, unsigned count)
{
    debug_assert(count <= name.labels);
    for (unsigned i = 0; i < count; i++) {
        unsigned step = 1u + name.wire[0];
        name.wire += step;
        name.length = (uint8_t)(name.length - step);
        name.labels--;
    }
    return name;
}

bool name_is_wildcard(struct name_view name)
{
    return name.wire[0] == 1 && name.wire[1] == '*';
}

void name_lower(uint8_t *wire, size_t length)
{
    for (; length >= 8; wire += 8, length -= 8) {
        uint64_t word = ascii_lower_8(load_8(wire));
        memcpy(wire, &word, sizeof word);
    }
    for (; length > 0; wire++, length--)
        *wire = ascii_lower(*wire);
}

/* front is a run of whole labels without root.  Built aside, so that `out` may be what a view borrows from. */
static enum status concatenate(const uint8_t *front, size_t front_bytes, struct name_view suffix, struct name *out)
{
    uint8_t wire[NAME_MAX_BYTES];
    size_t length = front_bytes + suffix.length;

    if (length > NAME_MAX_BYTES)
        return E_BAD_NAME;
    memcpy(wire, front, front_bytes);
    memcpy(wire + front_bytes, suffix.wire, suffix.length);
    memcpy(out->wire, wire, length);
    out->length = (uint8_t)length;
    return OK;
}

enum status name_join(struct name_view prefix, struct name_view suffix, struct name *out)
{
    return concatenate(prefix.wire, prefix.length - 1u, suffix, out);
}

enum status name_prepend(const uint8_t *label, size_t length, struct name_view suffix, struct name *out)
{
    uint8_t front[1 + LABEL_MAX];

    if (length == 0 || length > LABEL_MAX)
        return E_BAD_NAME;
    front[0] = (uint8_t)length;
    memcpy(front + 1, label, length);
    return concatenate(front, 1 + length, suffix, out);
}

enum status name_replace_suffix(struct name_view name, struct name_view from, struct name_view to, struct name *out)
{
    debug_assert(name_below(name, from));
    return concatenate(name.wire, (size_t)(name.length - from.length), to, out);
}

void name_reverse(const uint8_t *address, size_t octets, struct name *out)
{
    static const uint8_t in_addr[] = "\7in-addr\4arpa", ip6[] = "\3ip6\4arpa";   /* the terminator is the root label */
    size_t at = 0;

    debug_assert(octets == 4 || octets == 16);
    for (size_t i = octets; i-- > 0;) {
        if (octets == 16) {
            for (unsigned shift = 0; shift <= 4; shift += 4) {
                out->wire[at++] = 1;
                out->wire[at++] = (uint8_t)"0123456789abcdef"[address[i] >> shift & 15];
            }
            continue;
        }
        unsigned value = address[i], digits = value >= 100 ? 3 : value >= 10 ? 2 : 1;
        out->wire[at] = (uint8_t)digits;
        for (unsigned d = digits; d > 0; d--, value /= 10)
            out->wire[at + d] = (uint8_t)('0' + value % 10);
        at += 1 + digits;
    }
    const uint8_t *tail = octets == 4 ? in_addr : ip6;
    size_t tail_bytes = octets == 4 ? sizeof in_addr : sizeof ip6;
    memcpy(out->wire + at, tail, tail_bytes);
    out->length = (uint8_t)(at + tail_bytes);
}

static bool is_letter_or_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10 || (uint8_t)(ascii_lower(c) - 'a') < 26;
}

bool name_is_host(struct name_view name, bool wildcard)
{
    const uint8_t *label = name.wire;

    if (wildcard && name_is_wildcard(name))
        label += 2;
    for (; *label != 0; label += 1u + *label) {
        if (!is_letter_or_digit(label[1]) || !is_letter_or_digit(label[*label]))
            return false;
        for (unsigned i = 2; i < *label; i++)
            if (!is_letter_or_digit(label[i]) && label[i] != '-')
                return false;
    }
    return true;
}
