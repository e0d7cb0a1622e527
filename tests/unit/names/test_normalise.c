/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations: ENSIP-15, and the official vectors of ens-normalize.js with the reasons that stand in their comments.
 * argument: the folder with tests.json.gz and nf-tests.json.gz */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <cmocka.h>

#include "names/ensip15_inside.h"
#include "names/forms_inside.h"
#include "names/normalise.h"
#include "names/utf8.h"
#include "vectors.h"

#define S(x) { x, sizeof(x) - 1 }

static const char *folder;

static struct vector_json *read_vectors(const char *name)
{
    enum { ROOM = 8 << 20 };
    char path[1024], *text = malloc(ROOM);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gzFile file = gzopen(path, "rb");
    if (!file || !text)
        fail_msg("%s: cannot be read", path);
    int bytes = gzread(file, text, ROOM);
    assert_true(bytes > 0 && bytes < ROOM);
    gzclose(file);
    struct vector_json *tree = vector_json_parse(text, (size_t)bytes);
    free(text);
    assert_non_null(tree);
    return tree;
}

static const struct { const char *label; struct slice in; const char *out; } good[] = {
    { "nothing", S(""), "" },
    { "plain", S("vitalik.eth"), "vitalik.eth" },
    { "upper case", S("ViTaLiK.ETH"), "vitalik.eth" },
    { "digits", S("123.eth"), "123.eth" },
    { "hyphens", S("-t-e--s---t-.eth"), "-t-e--s---t-.eth" },
    { "leading underscores", S("__dnslink.a.eth"), "__dnslink.a.eth" },
    { "dollar", S("$x"), "$x" },
    { "curly apostrophe", S("a'b"), "a\xe2\x80\x99" "b" },
    { "composed", S("bu\xcc\x88" "cher"), "b\xc3\xbc" "cher" },
    { "ignored soft hyphen", S("a\xc2\xad" "b"), "ab" },
    { "expanded", S("\xc2\xbd"), "1\xe2\x81\x84" "2" },
    { "four marks", S("\xd8\xa5\xd8\x90\xd8\x91\xd8\x92"), "\xd8\xa5\xd8\x90\xd8\x91\xd8\x92" },
    { "hangul", S("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), "\xed\x95\x9c" },
    { "keycap loses its style", S("1\xef\xb8\x8f\xe2\x83\xa3"), "1\xe2\x83\xa3" },
    { "emoji loses its style", S("\xf0\x9f\x92\xa9\xef\xb8\x8f"), "\xf0\x9f\x92\xa9" },
    { "xn-- before an emoji", S("xn--\xf0\x9f\x92\xa9"), "xn--\xf0\x9f\x92\xa9" },
    { "flag", S("\xf0\x9f\x87\xba\xf0\x9f\x87\xb8"), "\xf0\x9f\x87\xba\xf0\x9f\x87\xb8" },
    { "family of four and text", S("\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6X"),
      "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6x" },
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(good); i++) {
        char out[256];
        size_t length = 0, want = strlen(good[i].out);
        struct normalise_report why = { .fault = NORMALISE_EMPTY };
        enum status st = ens_normalise(good[i].in, out, sizeof out, &length, &why);
        if (st != OK || length != want || memcmp(out, good[i].out, want) != 0)
            fail_msg("%s: %s, %.*s", good[i].label, status_text(st), (int)length, out);
        assert_int_equal(why.fault, NORMALISE_FINE);
        /* Exactly so much room is enough, less is not, and then nothing is said. */
        for (size_t room = 0; room <= want; room++) {
            size_t other = 999;
            char *tight = malloc(room ? room : 1);
            st = ens_normalise(good[i].in, tight, room, &other, NULL);
            if (st != (room < want ? E_NO_SPACE : OK) || (st != OK && other != 999))
                fail_msg("%s: room for %zu", good[i].label, room);
            free(tight);
        }
        assert_true(ens_is_normal(slice_string(good[i].out)));
        assert_int_equal(ens_is_normal(good[i].in), good[i].in.length == want && memcmp(good[i].in.data, good[i].out, want) == 0);
    }
}

static const struct {
    const char *label;
    struct slice in;
    enum status want;
    enum normalise_fault fault;
    uint32_t point;
    size_t at_label, offset;
} bad[] = {
    { "one dot", S("."), E_BAD_NAME, NORMALISE_EMPTY, 0, 0, 0 },
    { "final dot", S("a.eth."), E_BAD_NAME, NORMALISE_EMPTY, 0, 2, 6 },
    { "empty label", S("a..eth"), E_BAD_NAME, NORMALISE_EMPTY, 0, 1, 2 },
    { "ignored alone", S("a.\xc2\xad"), E_BAD_NAME, NORMALISE_EMPTY, 0, 1, 2 },
    { "space", S("eth.a b"), E_BAD_NAME, NORMALISE_DISALLOWED, ' ', 1, 5 },
    { "NUL", S("a\0"), E_BAD_NAME, NORMALISE_DISALLOWED, 0, 0, 1 },
    { "bracket", S("[a"), E_BAD_NAME, NORMALISE_DISALLOWED, '[', 0, 0 },
    { "asterisk", S("*.eth"), E_BAD_NAME, NORMALISE_DISALLOWED, '*', 0, 0 },
    { "ideographic full stop", S("a\xe3\x80\x82" "b"), E_BAD_NAME, NORMALISE_DISALLOWED, 0x3002, 0, 1 },
    { "joiner outside an emoji", S("a\xe2\x80\x8d" "b"), E_BAD_NAME, NORMALISE_DISALLOWED, 0x200d, 0, 1 },
    { "half a flag", S("\xf0\x9f\x87\xba"), E_BAD_NAME, NORMALISE_DISALLOWED, 0x1f1fa, 0, 0 },
    { "not UTF-8", S("ab\xff"), E_BAD_TEXT, NORMALISE_NOT_UTF8, 0, 0, 2 },
    { "cut UTF-8", S("x.ab\xc3"), E_BAD_TEXT, NORMALISE_NOT_UTF8, 0, 1, 4 },
    { "overlong UTF-8", S("\xc1\xa1"), E_BAD_TEXT, NORMALISE_NOT_UTF8, 0, 0, 0 },
    { "surrogate", S("\xed\xa0\x80"), E_BAD_TEXT, NORMALISE_NOT_UTF8, 0, 0, 0 },
    { "over U+10FFFF", S("\xf4\x90\x80\x80"), E_BAD_TEXT, NORMALISE_NOT_UTF8, 0, 0, 0 },
    { "cut after an emoji", S("\xf0\x9f\x92\xa9\xf0\x9f"), E_BAD_TEXT, NORMALISE_NOT_UTF8, 0, 0, 4 },
    { "underscore inside", S("a_b"), E_BAD_NAME, NORMALISE_UNDERSCORE, '_', 0, 0 },
    { "underscore behind an emoji", S("\xf0\x9f\x92\xa9_"), E_BAD_NAME, NORMALISE_UNDERSCORE, '_', 0, 0 },
    { "label extension", S("eth.xn--abc"), E_BAD_NAME, NORMALISE_LABEL_EXTENSION, '-', 1, 4 },
    { "label extension of dashes", S("8-\xe2\x80\x94-8"), E_BAD_NAME, NORMALISE_LABEL_EXTENSION, '-', 0, 0 },
    { "leading mark", S("\xcc\x83x"), E_BAD_NAME, NORMALISE_LEADING_MARK, 0x303, 0, 0 },
    { "leading apostrophe", S("'a"), E_BAD_NAME, NORMALISE_FENCED, 0x2019, 0, 0 },
    { "final apostrophe", S("a'"), E_BAD_NAME, NORMALISE_FENCED, 0x2019, 0, 0 },
    { "two apostrophes", S("a''b"), E_BAD_NAME, NORMALISE_FENCED, 0x2019, 0, 0 },
    { "latin and cyrillic", S("ad\xd1\x96" "das"), E_BAD_NAME, NORMALISE_MIXTURE, 0x456, 0, 0 },
    { "four marks and one more", S("\xd8\xa5\xd8\x90\xd8\x91\xd8\x92\xd8\x93"), E_BAD_NAME, NORMALISE_MARKS_TOO_MANY, 0x613, 0, 0 },
    { "mark twice", S("\xd8\xa7\xd9\x93\xd9\x93"), E_BAD_NAME, NORMALISE_MARK_TWICE, 0x653, 0, 0 },
    { "cherokee like latin", S("\xe1\x8e\xaa\xe1\x8e\xbb\xe1\x8e\xb7\xe1\x8e\xac\xe1\x8e\xa0"), E_BAD_NAME, NORMALISE_CONFUSABLE, 0, 0, 0 },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        char out[256];
        size_t length = 999;
        struct normalise_report why = { 0 };
        enum status st = ens_normalise(bad[i].in, out, sizeof out, &length, &why);
        if (st != bad[i].want || length != 999 || why.fault != bad[i].fault || why.point != bad[i].point)
            fail_msg("%s: %s, %s U+%04X", bad[i].label, status_text(st), normalise_fault_text(why.fault), (unsigned)why.point);
        if (why.label != bad[i].at_label || why.offset != bad[i].offset)
            fail_msg("%s: label %zu, offset %zu", bad[i].label, why.label, why.offset);
        assert_int_equal(ens_normalise(bad[i].in, out, sizeof out, &length, NULL), st);
        assert_false(ens_is_normal(bad[i].in));
    }
}

static void test_one_label(void **state)
{
    (void)state;
    char out[64];
    size_t length = 0;
    struct normalise_report why;
    assert_int_equal(ens_normalise_label(slice_string("Ab"), out, sizeof out, &length, &why), OK);
    assert_int_equal(length, 2);
    assert_memory_equal(out, "ab", 2);
    assert_int_equal(ens_normalise_label(slice_string("a.b"), out, sizeof out, &length, &why), E_BAD_NAME);
    assert_int_equal(why.fault, NORMALISE_DISALLOWED);
    assert_int_equal(why.point, '.');
    assert_int_equal(why.offset, 1);
    assert_int_equal(ens_normalise_label(slice_string(""), out, sizeof out, &length, &why), E_BAD_NAME);
    assert_int_equal(why.fault, NORMALISE_EMPTY);
}

/* `count` times the same piece, in a buffer of its own. */
static char *repeat(const char *piece, size_t count, size_t *bytes)
{
    size_t one = strlen(piece);
    char *text = malloc(one * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * one, piece, one);
    *bytes = one * count;
    return text;
}

static const struct { const char *label, *piece; size_t count; enum status want; } lengths[] = {
    { "plain, longest", "a", NORMALISE_LABEL_POINTS, OK },
    { "plain, too long", "a", NORMALISE_LABEL_POINTS + 1, E_LIMIT },
    { "decomposed, longest", "\xc3\xbc", NORMALISE_LABEL_POINTS / 2, OK },
    { "decomposed, too long", "\xc3\xbc", NORMALISE_LABEL_POINTS / 2 + 1, E_LIMIT },
    { "emoji, longest", "\xf0\x9f\x92\xa9", NORMALISE_LABEL_POINTS, OK },
    { "emoji, too long", "\xf0\x9f\x92\xa9", NORMALISE_LABEL_POINTS + 1, E_LIMIT },
    { "expanded, too long", "\xe3\x8c\x96", NORMALISE_LABEL_POINTS / 6 + 1, E_LIMIT },
    { "ignored, without end", "\xc2\xad", 100000, E_BAD_NAME },
    { "many labels", "a.", 100000, E_BAD_NAME },     /* the last one is empty */
    { "marks upside down", "\xd9\x93\xd9\x95", NORMALISE_LABEL_POINTS / 2, E_BAD_NAME },
    { "far too long", "a", 1 << 20, E_LIMIT },
};

static void test_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lengths); i++) {
        size_t bytes, length = 0;
        char *text = repeat(lengths[i].piece, lengths[i].count, &bytes), *out = malloc(bytes * NORMALISE_GROWTH);
        enum status st = ens_normalise(slice_of(text, bytes), out, bytes * NORMALISE_GROWTH, &length, NULL);
        if (st != lengths[i].want || (st == OK && (length != bytes || memcmp(text, out, bytes) != 0)))
            fail_msg("%s: %s", lengths[i].label, status_text(st));
        free(text);
        free(out);
    }
}

static void test_report_text(void **state)
{
    (void)state;
    struct normalise_report why;
    char out[64], said[128];
    size_t length;
    struct text text;
    assert_int_equal(ens_normalise(slice_string("eth.a b"), out, sizeof out, &length, &why), E_BAD_NAME);
    text_fixed(&text, said, sizeof said);
    normalise_report_print(&why, &text);
    assert_string_equal(said, "disallowed character U+0020 in label 2");
    for (int fault = 0; fault < NORMALISE_FAULT_COUNT; fault++)
        assert_true(strlen(normalise_fault_text((enum normalise_fault)fault)) > 3);
    assert_string_equal(normalise_fault_text(NORMALISE_FAULT_COUNT), "unknown fault");
}

/* ---- official vectors ---- */

static const struct { const char *start; enum normalise_fault fault; bool has_point; } comments[] = {
    { "disallowed character", NORMALISE_DISALLOWED, true },
    { "illegal mixture", NORMALISE_MIXTURE, true },
    { "illegal placement: leading combining mark", NORMALISE_LEADING_MARK, false },
    { "illegal placement: emoji + combining mark", NORMALISE_LEADING_MARK, false },
    { "illegal placement", NORMALISE_FENCED, false },
    { "underscore allowed only at start", NORMALISE_UNDERSCORE, false },
    { "whole-script confusable", NORMALISE_CONFUSABLE, false },
    { "invalid label extension", NORMALISE_LABEL_EXTENSION, false },
    { "duplicate non-spacing marks", NORMALISE_MARK_TWICE, true },
    { "empty label", NORMALISE_EMPTY, false },
};

/* A handful of hand-written cases has no reason in its comment. */
static bool check_reason(const char *comment, const struct normalise_report *why)
{
    for (size_t i = 0; i < LENGTH_OF(comments); i++) {
        if (strncmp(comment, comments[i].start, strlen(comments[i].start)) != 0)
            continue;
        const char *point = strrchr(comment, '{');
        /* A character that is good for nothing but decomposition is told as such, not as one of another script. */
        bool stricter = comments[i].fault == NORMALISE_MIXTURE && why->fault == NORMALISE_DISALLOWED;
        if (why->fault != comments[i].fault && !stricter)
            fail_msg("%s: %s", comment, normalise_fault_text(why->fault));
        if (comments[i].has_point && point && why->point != strtoul(point + 1, NULL, 16))
            fail_msg("%s: U+%04X", comment, (unsigned)why->point);
        return true;
    }
    return false;
}

static bool check_vector(const struct vector_json *entry)
{
    const struct vector_json *name = vector_json_get(entry, "name"), *norm = vector_json_get(entry, "norm");
    const struct vector_json *error = vector_json_get(entry, "error");
    size_t room = name->length * NORMALISE_GROWTH, length = 0;
    char *out = malloc(room + 1);
    struct normalise_report why;
    bool reasoned = false;
    enum status st = ens_normalise(slice_of(name->text, name->length), out, room, &length, &why);
    if (!norm)
        norm = name;
    if (error && error->kind == VECTOR_TRUE) {
        if (st != E_BAD_NAME)
            fail_msg("%s: %s, not refused", name->text, status_text(st));
        reasoned = check_reason(vector_json_text(entry, "comment"), &why);
    } else if (st != OK || length != norm->length || memcmp(out, norm->text, length) != 0) {
        fail_msg("%s: %s, %.*s", name->text, status_text(st), (int)length, out);
    } else if (!ens_is_normal(slice_of(out, length))) {
        fail_msg("%s: not idempotent", name->text);
    }
    free(out);
    return reasoned;
}

static void test_official(void **state)
{
    (void)state;
    struct vector_json *tree = read_vectors("tests.json.gz");
    size_t count = 0, reasoned = 0;
    assert_string_equal(vector_json_text(tree->first, "spec_hash"), ensip15_spec_sha256);
    assert_memory_equal(vector_json_text(tree->first, "unicode"), ensip15_unicode, strlen(ensip15_unicode));
    for (const struct vector_json *entry = tree->first->next; entry; entry = entry->next, count++)
        reasoned += check_vector(entry);
    vector_json_free(tree);
    assert_int_equal(count, 38613);
    assert_int_equal(reasoned, 17093);
}

/* ---- canonical forms ---- */

enum { FORM_ROOM = 256 };

static size_t read_points(const struct vector_json *text, uint32_t *points)
{
    size_t count = 0, bytes;
    for (const char *at = text->text, *end = at + text->length; at < end; at += bytes) {
        assert_true(count < FORM_ROOM);
        bytes = utf8_read(at, end, &points[count++]);
        assert_true(bytes > 0);
    }
    return count;
}

static size_t decompose(const uint32_t *points, size_t count, uint32_t *parts)
{
    size_t made = 0;
    for (size_t i = 0; i < count; i++)
        made += form_decompose(points[i], &parts[made]);
    uint32_t scratch[FORM_ROOM * FORM_PARTS_MOST];
    form_order(parts, made, scratch);
    return made;
}

/* Each case is [input, NFD, NFC]. */
static void check_form(const struct vector_json *entry)
{
    uint32_t points[FORM_ROOM], parts[FORM_ROOM * FORM_PARTS_MOST], want[FORM_ROOM];
    const struct vector_json *input = entry->first, *nfd = input->next, *nfc = nfd->next;
    size_t count = decompose(points, read_points(input, points), parts), wanted = read_points(nfd, want);
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(form_point(parts[i]), want[i]);
    count = form_compose(parts, count, points);
    wanted = read_points(nfc, want);
    assert_int_equal(count, wanted);
    assert_memory_equal(points, want, count * sizeof want[0]);
}

static void test_forms(void **state)
{
    (void)state;
    struct vector_json *tree = read_vectors("nf-tests.json.gz");
    size_t count = 0;
    for (const struct vector_json *group = tree->first; group; group = group->next)
        for (const struct vector_json *entry = group->first; entry; entry = entry->next, count++)
            check_form(entry);
    vector_json_free(tree);
    assert_int_equal(count, 45 + 17086 + 1936 + 194 + 735 + 38);
}

/* Runs of every length, ranks upside down: stable, and as a plain sort has them. */
static void test_order(void **state)
{
    (void)state;
    enum { MOST = 200 };
    for (size_t length = 0; length <= MOST; length++) {
        uint32_t parts[MOST + 2], scratch[MOST + 2], seen = 0;
        parts[0] = 'a';
        for (size_t i = 0; i < length; i++)
            parts[i + 1] = (uint32_t)(0x300 + i) | (uint32_t)(63 - i * 7 % 63) << 24;
        parts[length + 1] = 'b';
        form_order(parts, length + 2, scratch);
        assert_int_equal(parts[0], 'a');
        assert_int_equal(parts[length + 1], 'b');
        for (size_t i = 1; i <= length; i++) {
            seen += form_point(parts[i]) - 0x300;
            if (i > 1)
                assert_true(parts[i] > parts[i - 1]);   /* by rank, and within it as they stood: by point */
        }
        assert_int_equal(seen, length * (length - 1) / 2);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    for (uint32_t point = 0; point < 0x110000; point++) {
        char octets[UTF8_MOST_BYTES + 1] = { 0 };
        uint32_t back = 1;
        if (point >= 0xd800 && point < 0xe000)
            continue;
        size_t bytes = utf8_write(point, octets);
        assert_int_equal(bytes, point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_read(octets, octets + bytes, &back), bytes);
        assert_int_equal(back, point);
        assert_int_equal(utf8_read(octets, octets + bytes - 1, &back), 0);
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_one_label), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_report_text), cmocka_unit_test(test_official), cmocka_unit_test(test_forms), cmocka_unit_test(test_order),
        cmocka_unit_test(test_utf8),
    };
    if (count != 2)
        return 2;
    folder = arguments[1];
    return cmocka_run_group_tests_name("names/normalise", tests, NULL, NULL);
}
