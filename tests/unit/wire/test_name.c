/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

/* ---- reading ---- */

static const struct {
    const char *label, *bytes;
    size_t size, start;                 /* start: where the cursor stands */
    enum status want;
    size_t want_length, want_next;      /* when want is OK */
    enum status want_plain, want_skip;
} reads[] = {
    { "root", "\0", 1, 0, OK, 1, 1, OK, OK },
    { "one label", "\3com\0", 5, 0, OK, 5, 5, OK, OK },
    { "any octets", "\4\0.\xff\\\0", 6, 0, OK, 6, 6, OK, OK },
    { "octets behind are left", "\1a\0\1b\0", 6, 0, OK, 3, 3, OK, OK },
    { "pointer backwards", "\3com\0\xc0\0", 7, 5, OK, 5, 7, E_BAD_POINTER, OK },
    { "label and pointer", "\3com\0\1a\xc0\0", 9, 5, OK, 7, 9, E_BAD_POINTER, OK },
    { "pointer to a pointer", "\1a\0\xc0\0\xc0\3", 7, 5, OK, 3, 7, E_BAD_POINTER, OK },
    { "pointer into a label", "\3\1b\0\0\xc0\1", 7, 5, OK, 3, 7, E_BAD_POINTER, OK },
    { "pointer to itself", "\xc0\0", 2, 0, E_BAD_POINTER, 0, 0, E_BAD_POINTER, E_BAD_POINTER },
    { "pointer to itself, not first", "\1a\0\xc0\3", 5, 3, E_BAD_POINTER, 0, 0, E_BAD_POINTER, E_BAD_POINTER },
    { "pointer forwards", "\xc0\2\0", 3, 0, E_BAD_POINTER, 0, 0, E_BAD_POINTER, E_BAD_POINTER },
    { "pointer to its own first label", "\1a\xc0\0", 4, 0, E_BAD_POINTER, 0, 0, E_BAD_POINTER, E_BAD_POINTER },
    { "two pointers at each other", "\xc0\2\xc0\0", 4, 2, E_BAD_POINTER, 0, 0, E_BAD_POINTER, OK },
    { "loop over labels", "\1a\xc0\4\1b\xc0\0", 8, 4, E_BAD_POINTER, 0, 0, E_BAD_POINTER, OK },
    { "pointer behind the end", "\xff\xff", 2, 0, E_BAD_POINTER, 0, 0, E_BAD_POINTER, E_BAD_POINTER },
    { "pointer cut short", "\xc0", 1, 0, E_TRUNCATED, 0, 0, E_BAD_POINTER, E_TRUNCATED },
    { "label cut short", "\3co", 3, 0, E_TRUNCATED, 0, 0, E_TRUNCATED, E_TRUNCATED },
    { "no root label", "\3com", 4, 0, E_TRUNCATED, 0, 0, E_TRUNCATED, E_TRUNCATED },
    { "nothing", "", 0, 0, E_TRUNCATED, 0, 0, E_TRUNCATED, E_TRUNCATED },
    { "label type 01", "\x40\0", 2, 0, E_BAD_NAME, 0, 0, E_BAD_NAME, E_BAD_NAME },
    { "bit string label", "\x41\1a\0", 4, 0, E_BAD_NAME, 0, 0, E_BAD_NAME, E_BAD_NAME },
    { "label type 10", "\x80\0", 2, 0, E_BAD_NAME, 0, 0, E_BAD_NAME, E_BAD_NAME },
    { "label type 10, full", "\xbf\0", 2, 0, E_BAD_NAME, 0, 0, E_BAD_NAME, E_BAD_NAME },
    { "label type 01 behind a label", "\1a\x7f\0", 4, 0, E_BAD_NAME, 0, 0, E_BAD_NAME, E_BAD_NAME },
};

static void reads_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(reads); i++) {
        const char *label = reads[i].label;
        uint8_t *b = exact(reads[i].bytes, reads[i].size);
        struct cursor start = cursor_of(b, reads[i].size);
        start.pos += reads[i].start;
        struct cursor c = start;
        struct name n = { 0 };
        struct name_view v = { 0 };

        CHECK_EQ(label, name_read(&c, &n), reads[i].want);
        CHECK_EQ(label, n.length, reads[i].want_length);        /* 0 = untouched */
        CHECK_EQ(label, c.pos - b, reads[i].want == OK ? reads[i].want_next : reads[i].start);
        c = start;
        CHECK_EQ(label, name_read_plain(&c, &v), reads[i].want_plain);
        CHECK_EQ(label, v.length, reads[i].want_plain == OK ? reads[i].want_length : 0);
        CHECK_EQ(label, c.pos - b, reads[i].want_plain == OK ? reads[i].want_next : reads[i].start);
        c = start;
        CHECK_EQ(label, name_skip(&c), reads[i].want_skip);
        if (reads[i].want == OK)
            CHECK_EQ(label, c.pos - b, reads[i].want_next);
        free(b);
    }
}

/* Labels of the given lengths and the root label. */
static size_t labels_write(uint8_t *out, const uint8_t *lengths, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        out[at++] = lengths[i];
        memset(out + at, 'x', lengths[i]);
        at += lengths[i];
    }
    out[at++] = 0;
    return at;
}

static void keeps_limits(void **state)
{
    (void)state;
    static const struct { const char *label; uint8_t lengths[5]; size_t count; enum status want; } cases[] = {
        { "63", { 63 }, 1, OK },
        { "64", { 64 }, 1, E_BAD_NAME },
        { "255 octets", { 63, 63, 63, 61 }, 4, OK },
        { "256 octets", { 63, 63, 63, 62 }, 4, E_BAD_NAME },
        { "four full labels", { 63, 63, 63, 63 }, 4, E_BAD_NAME },
        { "254 octets", { 63, 63, 63, 60 }, 4, OK },
        { "over in a further label", { 63, 63, 63, 60, 1 }, 5, E_BAD_NAME },
    };
    uint8_t b[512];
    struct name n;
    struct name_view v;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        size_t size = labels_write(b, cases[i].lengths, cases[i].count);
        struct cursor c = cursor_of(b, size), plain = c, skip = c;
        CHECK_EQ(cases[i].label, name_read(&c, &n), cases[i].want);
        CHECK_EQ(cases[i].label, name_read_plain(&plain, &v), cases[i].want);
        CHECK_EQ(cases[i].label, name_skip(&skip), cases[i].want);
        if (cases[i].want == OK) {
            CHECK_EQ(cases[i].label, n.length, size);
            CHECK_EQ(cases[i].label, v.labels, cases[i].count);
        }
    }
    /* The most labels there can be, and one more. */
    uint8_t ones[128];
    memset(ones, 1, sizeof ones);
    size_t size = labels_write(b, ones, 127);
    assert_int_equal(size, 255);
    struct cursor c = cursor_of(b, size);
    assert_int_equal(name_read(&c, &n), OK);
    assert_int_equal(name_view_of(&n).labels, NAME_MAX_LABELS);
    size = labels_write(b, ones, 128);
    c = cursor_of(b, size);
    assert_int_equal(name_read(&c, &n), E_BAD_NAME);
}

/* Each pointer aims at the label before: the name grows by one label per hop, so 255 octets end it. */
static void pointer_chains_end(void **state)
{
    (void)state;
    uint8_t b[2048] = { 0 };
    struct name n;
    size_t at = 1, last = 0;
    for (unsigned hops = 1; hops <= 127; hops++) {
        size_t here = at;
        b[at++] = 1;
        b[at++] = 'a';
        put_u16(b + at, (uint16_t)(0xc000 | last));
        at += 2;
        last = here;
        struct cursor c = { b, b + here, b + at, false };
        assert_int_equal(name_read(&c, &n), OK);
        assert_int_equal(n.length, 1 + 2 * hops);
    }
    put_u16(b + at, (uint16_t)(0xc000 | last));
    struct cursor c = { b, b + at, b + at + 2, false };
    assert_int_equal(name_read(&c, &n), OK);
    assert_int_equal(n.length, 255);
    memcpy(b + at, "\1b", 2);
    put_u16(b + at + 2, (uint16_t)(0xc000 | last));
    c = (struct cursor){ b, b + at, b + at + 4, false };
    assert_int_equal(name_read(&c, &n), E_BAD_NAME);
}

/* Pointers to pointers bring no octets, so their number has a bound of its own. */
static void bare_pointers_are_bounded(void **state)
{
    (void)state;
    size_t size = 0x4000;
    uint8_t *b = malloc(size);
    assert_non_null(b);
    b[0] = b[1] = 0;
    for (size_t at = 2; at < size; at += 2)
        put_u16(b + at, (uint16_t)(0xc000 | (at - 2)));
    static const struct { const char *label; size_t hops; enum status want; } cases[] = {
        { "one", 1, OK }, { "128", 128, OK }, { "129", 129, E_BAD_POINTER }, { "8191", 8191, E_BAD_POINTER },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct cursor c = { b, b + 2 * cases[i].hops, b + size, false };
        struct name n = { 0 };
        CHECK_EQ(cases[i].label, name_read(&c, &n), cases[i].want);
        CHECK_EQ(cases[i].label, n.length, cases[i].want == OK ? 1 : 0);
        CHECK_EQ(cases[i].label, c.pos - b, 2 * cases[i].hops + (cases[i].want == OK ? 2 : 0));
    }
    free(b);
}

/* ---- order and equality, against dnspython ---- */

static const struct { const char *text, *wire; uint8_t length; } oracle[] = {
#include "names.inc"
};

static struct name_view oracle_view(size_t i)
{
    return name_view_wire((const uint8_t *)oracle[i].wire);
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static unsigned shared_slowly(struct name_view a, struct name_view b)
{
    for (unsigned n = a.labels < b.labels ? a.labels : b.labels; n > 0; n--)
        if (name_equal(name_strip(a, a.labels - n), name_strip(b, b.labels - n)))
            return n;
    return 0;
}

static void order_is_canonical(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(oracle); i++)
        for (size_t k = 0; k < LENGTH_OF(oracle); k++) {
            struct name_view a = oracle_view(i), b = oracle_view(k);
            CHECK_EQ(oracle[i].text, sign(name_compare(a, b)), sign((int)i - (int)k));
            CHECK_EQ(oracle[i].text, name_equal(a, b), i == k);
            unsigned shared = name_shared_labels(a, b);
            CHECK_EQ(oracle[i].text, shared, shared_slowly(a, b));
            CHECK_EQ(oracle[i].text, name_below(a, b), shared == b.labels);
        }
}

static void case_does_not_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(oracle); i++) {
        struct name upper = name_copy(oracle_view(i)), lower = upper;
        for (unsigned k = 0; k < upper.length; k++)
            if (upper.wire[k] >= 'a' && upper.wire[k] <= 'z')
                upper.wire[k] = (uint8_t)(upper.wire[k] - 32);
        name_lower(lower.wire, lower.length);
        for (unsigned k = 0; k < lower.length; k++) {
            uint8_t c = (uint8_t)oracle[i].wire[k];
            CHECK_EQ(oracle[i].text, lower.wire[k], c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        CHECK_EQ(oracle[i].text, name_compare(name_view_of(&upper), name_view_of(&lower)), 0);
        CHECK_EQ(oracle[i].text, name_equal(name_view_of(&upper), name_view_of(&lower)), true);
        CHECK_EQ(oracle[i].text, name_same(name_view_of(&upper), name_view_of(&lower)),
                 memcmp(upper.wire, lower.wire, upper.length) == 0);
    }
}

/* Only A-Z and a-z fold: every pair of octets, at each place in a word of eight. */
static void only_ascii_letters_fold(void **state)
{
    (void)state;
    for (unsigned place = 0; place < 9; place++)
        for (unsigned x = 0; x < 256; x++)
            for (unsigned y = 0; y < 256; y++) {
                uint8_t a[12] = "\11xxxxxxxxx", b[12] = "\11xxxxxxxxx";
                a[1 + place] = (uint8_t)x;
                b[1 + place] = (uint8_t)y;
                bool letter = (x >= 'A' && x <= 'Z') || (x >= 'a' && x <= 'z');
                bool want = x == y || (letter && (x ^ y) == 0x20);
                if (name_equal(name_view_wire(a), name_view_wire(b)) != want)
                    fail_msg("octets %u and %u at %u", x, y, place);
            }
}

/* ---- text ---- */

static void text_is_that_of_dnspython(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(oracle); i++) {
        char out[NAME_TEXT_ROOM];
        struct name n = { 0 };
        CHECK_TEXT(oracle[i].text, name_to_text(oracle_view(i), out), oracle[i].text);
        CHECK_EQ(oracle[i].text, name_parse(slice_string(oracle[i].text), name_root, &n), OK);
        CHECK_EQ(oracle[i].text, n.length, oracle[i].length);
        CHECK_BYTES(oracle[i].text, n.wire, oracle[i].wire, n.length);
        char small[8];
        struct text t;
        text_fixed(&t, small, sizeof small);
        name_print(&t, oracle_view(i));
        CHECK_EQ(oracle[i].text, t.full, strlen(oracle[i].text) > 7);
        CHECK_EQ(oracle[i].text, t.length, t.full ? 0 : strlen(oracle[i].text));
    }
}

static const struct {
    const char *label, *text, *origin;      /* origin: text of a name, NULL = none */
    enum status want;
    const char *wire;
    size_t length;
} parses[] = {
    { "absolute", "a.b.", "o.", OK, "\1a\1b\0", 5 },
    { "relative", "a.b", "o.", OK, "\1a\1b\1o\0", 7 },
    { "relative without origin", "a.b", NULL, OK, "\1a\1b\0", 5 },
    { "the origin", "@", "o.", OK, "\1o\0", 3 },
    { "the origin, none", "@", NULL, OK, "\0", 1 },
    { "root", ".", "o.", OK, "\0", 1 },
    { "@ in a label", "a@", "o.", OK, "\2a@\1o\0", 6 },
    { "escaped @", "\\@", "o.", OK, "\1@\1o\0", 5 },
    { "escaped dot", "a\\.b.", "o.", OK, "\3a.b\0", 5 },
    { "escaped backslash and dot", "a\\\\.", "o.", OK, "\2a\\\0", 4 },
    { "last dot escaped", "a\\.", "o.", OK, "\2a.\1o\0", 6 },
    { "escape by number", "\\046\\000\\255.", "o.", OK, "\3.\0\xff\0", 5 },
    { "escaped letter", "\\a.", "o.", OK, "\1a\0", 3 },
    { "octets over 0x7f", "b\xc3\xbc.", "o.", OK, "\3b\xc3\xbc\0", 5 },
    { "case kept", "AbC.", "o.", OK, "\3AbC\0", 5 },
    { "empty", "", "o.", E_BAD_TEXT, NULL, 0 },
    { "two dots", "..", "o.", E_BAD_TEXT, NULL, 0 },
    { "dot in front", ".a", "o.", E_BAD_TEXT, NULL, 0 },
    { "empty label", "a..b.", "o.", E_BAD_TEXT, NULL, 0 },
    { "two dots at the end", "a..", "o.", E_BAD_TEXT, NULL, 0 },
    { "backslash at the end", "a\\", "o.", E_BAD_TEXT, NULL, 0 },
    { "number over 255", "\\256.", "o.", E_BAD_TEXT, NULL, 0 },
    { "number of two digits", "\\25", "o.", E_BAD_TEXT, NULL, 0 },
    { "number broken off", "\\25a.", "o.", E_BAD_TEXT, NULL, 0 },
};

static void parses_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(parses); i++) {
        struct name origin = name_must(parses[i].origin == NULL ? "." : parses[i].origin), n = { 0 };
        struct name_view view = name_view_of(&origin);
        if (parses[i].origin == NULL)
            view = (struct name_view){ 0 };
        size_t size = strlen(parses[i].text);
        char *text = (char *)exact(parses[i].text, size);
        CHECK_EQ(parses[i].label, name_parse(slice_of(text, size), view, &n), parses[i].want);
        CHECK_EQ(parses[i].label, n.length, parses[i].length);
        if (parses[i].want == OK)
            CHECK_BYTES(parses[i].label, n.wire, parses[i].wire, n.length);
        free(text);
    }
}

static void text_keeps_limits(void **state)
{
    (void)state;
    static const struct { const char *label; unsigned lengths[5]; bool dot; size_t origin; enum status want; } cases[] = {
        { "63", { 63 }, true, 0, OK },
        { "64", { 64 }, true, 0, E_BAD_NAME },
        { "64, relative", { 64 }, false, 0, E_BAD_NAME },
        { "255", { 63, 63, 63, 61 }, true, 0, OK },
        { "256", { 63, 63, 63, 62 }, true, 0, E_BAD_NAME },
        { "254 and a label", { 63, 63, 63, 61, 1 }, true, 0, E_BAD_NAME },
        { "255, relative", { 63, 63, 63, 61 }, false, 0, OK },
        { "255 with the origin", { 63, 63, 63, 59 }, false, 1, OK },
        { "256 with the origin", { 63, 63, 63, 60 }, false, 1, E_BAD_NAME },
        { "absolute, the origin does not count", { 63, 63, 63, 61 }, true, 1, OK },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char text[400];
        size_t at = 0;
        for (unsigned k = 0; k < 5 && cases[i].lengths[k] != 0; k++) {
            if (k > 0)
                text[at++] = '.';
            memset(text + at, 'x', cases[i].lengths[k]);
            at += cases[i].lengths[k];
        }
        if (cases[i].dot)
            text[at++] = '.';
        struct name origin = name_must(cases[i].origin != 0 ? "o." : "."), n;
        CHECK_EQ(cases[i].label, name_parse(slice_of(text, at), name_view_of(&origin), &n), cases[i].want);
    }
    char ones[256], out[NAME_TEXT_ROOM];
    struct name n;
    for (unsigned k = 0; k < 128; k++)
        memcpy(ones + 2 * k, "a.", 2);
    assert_int_equal(name_parse(slice_of(ones, 254), name_root, &n), OK);
    assert_int_equal(name_view_of(&n).labels, 127);
    assert_int_equal(name_parse(slice_of(ones, 255), name_root, &n), E_BAD_NAME);
    assert_int_equal(name_parse(slice_of(ones, 256), name_root, &n), E_BAD_NAME);
    /* The longest text there is: every octet as \DDD. */
    struct name longest = { 255, { 0 } };
    labels_write(longest.wire, (const uint8_t[]){ 63, 63, 63, 61 }, 4);
    for (unsigned k = 0; k < 254; k++)
        if (k % 64 != 0)
            longest.wire[k] = 0xff;
    assert_int_equal(strlen(name_to_text(name_view_of(&longest), out)), 4 * 250 + 4);
    assert_int_equal(name_parse(slice_string(out), name_root, &n), OK);
    assert_memory_equal(n.wire, longest.wire, 255);
}

static void prints_relative(void **state)
{
    (void)state;
    static const struct { const char *name, *origin, *want; } cases[] = {
        { "a.example.", "example.", "a" },
        { "a.b.EXAMPLE.", "example.", "a.b" },
        { "example.", "example.", "@" },
        { "xexample.", "example.", "xexample." },
        { "com.", "a.com.", "com." },
        { "\\@.example.", "example.", "\\@" },
        { "a.", ".", "a" },
        { ".", ".", "@" },
        { ".", "a.", "." },
        { "a.", NULL, "a." },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name n = name_must(cases[i].name), o = name_must(cases[i].origin == NULL ? "." : cases[i].origin);
        char buffer[NAME_TEXT_ROOM];
        struct text t;
        text_fixed(&t, buffer, sizeof buffer);
        name_print_relative(&t, name_view_of(&n), cases[i].origin == NULL ? (struct name_view){ 0 } : name_view_of(&o));
        CHECK_TEXT(cases[i].name, buffer, cases[i].want);
    }
}

/* ---- putting together and taking apart ---- */

static void joins_and_strips(void **state)
{
    (void)state;
    struct name a = name_must("a.b."), b = name_must("C.d."), out, want = name_must("a.b.C.d.");
    assert_int_equal(name_join(name_view_of(&a), name_view_of(&b), &out), OK);
    assert_true(name_same(name_view_of(&out), name_view_of(&want)));
    assert_int_equal(name_join(name_view_of(&a), name_root, &out), OK);
    assert_true(name_same(name_view_of(&out), name_view_of(&a)));
    assert_int_equal(name_join(name_root, name_view_of(&b), &out), OK);
    assert_true(name_same(name_view_of(&out), name_view_of(&b)));
    assert_int_equal(name_join(name_view_of(&a), name_view_of(&a), &a), OK);      /* into what is borrowed from */
    want = name_must("a.b.a.b.");
    assert_true(name_same(name_view_of(&a), name_view_of(&want)));

    want = name_must("\\*.C.d.");
    assert_int_equal(name_prepend((const uint8_t *)"*", 1, name_view_of(&b), &out), OK);
    assert_true(name_same(name_view_of(&out), name_view_of(&want)));
    assert_true(name_is_wildcard(name_view_of(&out)));
    assert_false(name_is_wildcard(name_view_of(&b)));
    assert_false(name_is_wildcard(name_root));
    assert_int_equal(name_prepend((const uint8_t *)"", 0, name_root, &out), E_BAD_NAME);
    uint8_t label[64] = { 0 };
    assert_int_equal(name_prepend(label, 63, name_root, &out), OK);
    assert_int_equal(name_prepend(label, 64, name_root, &out), E_BAD_NAME);

    struct name_view v = name_strip(name_view_of(&want), 2), d = name_strip(v, 1);
    assert_int_equal(v.labels, 1);
    assert_int_equal(v.length, 3);
    assert_int_equal(d.labels, 0);
    assert_true(name_same(d, name_root));
    assert_true(name_is_wildcard(name_view_of(&want)));
    struct name not_wildcard = name_must("*a.b.");
    assert_false(name_is_wildcard(name_view_of(&not_wildcard)));
}

/* RFC 6672 §2.2, table 1. */
static void replaces_suffixes(void **state)
{
    (void)state;
    static const struct { const char *name, *owner, *target, *want; } cases[] = {
        { "a.example.com.", "example.com.", "example.net.", "a.example.net." },
        { "a.b.example.com.", "example.com.", "example.net.", "a.b.example.net." },
        { "foo.example.com.", "example.com.", "example.net.", "foo.example.net." },
        { "cyc.example.com.", "example.com.", "example.com.", "cyc.example.com." },
        { "cyc.example.com.", "example.com.", "c.example.com.", "cyc.c.example.com." },
        { "shortloop.x.x.", "x.", ".", "shortloop.x." },
        { "shortloop.x.", "x.", ".", "shortloop." },
        { "A.EXAMPLE.com.", "example.COM.", "Example.Net.", "A.Example.Net." },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name n = name_must(cases[i].name), from = name_must(cases[i].owner), to = name_must(cases[i].target), out;
        char text[NAME_TEXT_ROOM];
        CHECK_EQ(cases[i].name, name_replace_suffix(name_view_of(&n), name_view_of(&from), name_view_of(&to), &out), OK);
        CHECK_TEXT(cases[i].name, name_to_text(name_view_of(&out), text), cases[i].want);
    }
    struct name n = { 255, { 0 } }, from = name_must("x."), to = name_must("xy."), out = { 0 };
    uint8_t ones[127];
    memset(ones, 1, sizeof ones);
    labels_write(n.wire, ones, 127);
    assert_int_equal(name_replace_suffix(name_view_of(&n), name_view_of(&from), name_view_of(&to), &out), E_BAD_NAME);
    assert_int_equal(out.length, 0);
    assert_int_equal(name_replace_suffix(name_view_of(&n), name_view_of(&from), name_root, &out), OK);
    assert_int_equal(out.length, 253);
}

static void reverses_addresses(void **state)
{
    (void)state;
    struct name n;
    char text[NAME_TEXT_ROOM];
    name_reverse((const uint8_t[]){ 192, 0, 2, 10 }, 4, &n);
    assert_string_equal(name_to_text(name_view_of(&n), text), "10.2.0.192.in-addr.arpa.");
    name_reverse((const uint8_t[]){ 255, 99, 100, 9 }, 4, &n);
    assert_string_equal(name_to_text(name_view_of(&n), text), "9.100.99.255.in-addr.arpa.");
    /* RFC 3596 §2.5 */
    name_reverse((const uint8_t[]){ 0x43, 0x21, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0x56, 0x78, 0x9a, 0xbc }, 16, &n);
    assert_string_equal(name_to_text(name_view_of(&n), text),
                        "c.b.a.9.8.7.6.5.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.");
}

static void knows_host_names(void **state)
{
    (void)state;
    static const struct { const char *text; bool want, want_wildcard; } cases[] = {
        { "example.", true, true },     { "9gag.example.", true, true },  { "a-b.example.", true, true },
        { "3.", true, true },           { "-a.example.", false, false },  { "a-.example.", false, false },
        { "a_b.example.", false, false }, { "*.example.", false, true },  { "a.*.example.", false, false },
        { "*a.example.", false, false }, { "-.example.", false, false },  { "a\\.b.example.", false, false },
        { "b\xc3\xbc.example.", false, false }, { "XN--BCHER-KVA.example.", true, true }, { ".", true, true },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name n = name_must(cases[i].text);
        CHECK_EQ(cases[i].text, name_is_host(name_view_of(&n), false), cases[i].want);
        CHECK_EQ(cases[i].text, name_is_host(name_view_of(&n), true), cases[i].want_wildcard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names),
        cmocka_unit_test(keeps_limits),
        cmocka_unit_test(pointer_chains_end),
        cmocka_unit_test(bare_pointers_are_bounded),
        cmocka_unit_test(order_is_canonical),
        cmocka_unit_test(case_does_not_count),
        cmocka_unit_test(only_ascii_letters_fold),
        cmocka_unit_test(text_is_that_of_dnspython),
        cmocka_unit_test(parses_text),
        cmocka_unit_test(text_keeps_limits),
        cmocka_unit_test(prints_relative),
        cmocka_unit_test(joins_and_strips),
        cmocka_unit_test(replaces_suffixes),
        cmocka_unit_test(reverses_addresses),
        cmocka_unit_test(knows_host_names),
    };
    return cmocka_run_group_tests_name("wire name", tests, NULL, NULL);
}
