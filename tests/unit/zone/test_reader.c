/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in, records or places of errors out.  Expectations: RFC 1035 section 5, 2308 section 4, 3597 section 5, BIND's manual for
 * $GENERATE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "zone/reader.h"
#include "zone/text.h"

#define SOA "@ 60 SOA ns h 1 2 3 4 5\n"
#define SOA_OUT "t. 60 IN SOA ns.t. h.t. 1 2 3 4 5|"
#define S(x) x, sizeof(x) - 1

struct outcome { enum status status; struct zone_builder *builder; struct zone_files files; struct diagnostics *diag; };

static struct outcome read_with(struct zone_read_options options, const char *origin)
{
    struct outcome o = { .diag = diagnostics_new(0) };
    struct name name;
    if (origin) {
        assert_int_equal(name_parse(slice_string(origin), name_root, &name), OK);
        options.origin = name_view_of(&name);
    }
    o.status = zone_read(&options, &o.builder, &o.files, o.diag);
    return o;
}

static void outcome_clear(struct outcome *o)
{
    zone_builder_free(o->builder);
    zone_files_clear(&o->files);
    diagnostics_free(o->diag);
}

/* All records, one behind the other with '|', blanks for tabs. */
static char *records(struct outcome *o)
{
    struct zone_version *version = NULL;
    char *text = NULL;
    size_t bytes = 0;
    if (!o->builder)
        return strdup("");
    assert_int_equal(zone_builder_finish(o->builder, false, &version), OK);
    o->builder = NULL;
    FILE *stream = open_memstream(&text, &bytes);
    assert_int_equal(zone_write(version, &(struct zone_write_options){ .relative = false }, stream), OK);
    fclose(stream);
    zone_version_free(version);
    for (size_t i = 0; i < bytes; i++)
        text[i] = text[i] == '\n' ? '|' : text[i] == '\t' ? ' ' : text[i];
    return text;
}

static const struct { const char *label, *text; size_t bytes; const char *out; } good[] = {
    { "plain", S(SOA "a A 192.0.2.1\n"), SOA_OUT "a.t. 60 IN A 192.0.2.1|" },
    { "no final newline", S(SOA "a A 192.0.2.1"), SOA_OUT "a.t. 60 IN A 192.0.2.1|" },
    { "CRLF", S("@ 60 SOA ns h 1 2 3 4 5\r\na A 192.0.2.1\r\n"), SOA_OUT "a.t. 60 IN A 192.0.2.1|" },
    { "CR at the very end", S(SOA "a A 192.0.2.1\r"), SOA_OUT "a.t. 60 IN A 192.0.2.1|" },
    { "byte order mark", S("\xef\xbb\xbf" SOA), SOA_OUT },
    { "comments and empty lines", S("; c\n\n  ; c\n" SOA " \t\n;"), SOA_OUT },
    { "UTF-8 in a comment", S("; \xc3\xbc\n" SOA), SOA_OUT },
    { "blank owner", S(SOA "a A 192.0.2.1\n A 192.0.2.2\n"), SOA_OUT "a.t. 60 IN A 192.0.2.1|a.t. 60 IN A 192.0.2.2|" },
    { "TTL, class", S(SOA "a 5 IN A 192.0.2.1\n"), SOA_OUT "a.t. 5 IN A 192.0.2.1|" },
    { "class, TTL", S(SOA "a IN 5 A 192.0.2.1\n"), SOA_OUT "a.t. 5 IN A 192.0.2.1|" },
    { "CLASS1, TYPE1", S(SOA "a CLASS1 5 TYPE1 192.0.2.1\n"), SOA_OUT "a.t. 5 IN A 192.0.2.1|" },
    { "units", S(SOA "a 1h30m A 192.0.2.1\nb 1W2d A 192.0.2.1\n"), SOA_OUT "a.t. 5400 IN A 192.0.2.1|b.t. 777600 IN A 192.0.2.1|" },
    { "greatest TTL", S(SOA "a 2147483647 A 192.0.2.1\n"), SOA_OUT "a.t. 2147483647 IN A 192.0.2.1|" },
    { "$TTL wins over the last", S("$TTL 7\n" SOA "a A 192.0.2.1\n"), SOA_OUT "a.t. 7 IN A 192.0.2.1|" },
    { "$ORIGIN", S(SOA "$ORIGIN b.t.\na A 192.0.2.1\n$ORIGIN c\n@ A 192.0.2.2\n"), SOA_OUT "a.b.t. 60 IN A 192.0.2.1|c.b.t. 60 IN A 192.0.2.2|" },
    { "$origin, lower case", S(SOA "$origin b.t.\na A 192.0.2.1\n"), SOA_OUT "a.b.t. 60 IN A 192.0.2.1|" },
    { "owner named like a class", S(SOA "IN A 192.0.2.1\n"), SOA_OUT "IN.t. 60 IN A 192.0.2.1|" },
    { "parentheses", S("@ 60 (\nSOA ns ; c\n h 1 2 3 4\n5 )\n"), SOA_OUT },
    { "nested parentheses", S("@ 60 SOA ((ns h)1 2\n3 4 5)\n"), SOA_OUT },
    { "parentheses inside a string", S(SOA "a TXT \"(\" \")\"\n"), SOA_OUT "a.t. 60 IN TXT \"(\" \")\"|" },
    { "semicolon inside a string", S(SOA "a TXT \"a;b\" c;d\n"), SOA_OUT "a.t. 60 IN TXT \"a;b\" \"c\"|" },
    { "escaped semicolon", S(SOA "a TXT a\\;b\n"), SOA_OUT "a.t. 60 IN TXT \"a;b\"|" },
    { "escaped quote", S(SOA "a TXT \"a\\\"b\"\n"), SOA_OUT "a.t. 60 IN TXT \"a\\\"b\"|" },
    { "escaped dot and DDD", S(SOA "a\\.b.c A 192.0.2.1\n\\100 A 192.0.2.2\n"), SOA_OUT "a\\.b.c.t. 60 IN A 192.0.2.1|d.t. 60 IN A 192.0.2.2|" },
    { "generic", S(SOA "a TYPE65280 \\# 3 0a0b 0c\n"), SOA_OUT "a.t. 60 IN TYPE65280 \\# 3 0A0B0C|" },
    { "generic of a known type", S(SOA "a A \\# 4 c0000201\n"), SOA_OUT "a.t. 60 IN A 192.0.2.1|" },
    { "SOA twice, the same", S(SOA SOA), SOA_OUT },
    { "generate", S(SOA "$GENERATE 1-3/2 h$ A 192.0.2.$\n"), SOA_OUT "h1.t. 60 IN A 192.0.2.1|h3.t. 60 IN A 192.0.2.3|" },
    { "generate: offset, width, base", S(SOA "$GENERATE 9-10 h${-1,3,x} 5 A 192.0.2.${1}\n"), SOA_OUT "h008.t. 5 IN A 192.0.2.10|h009.t. 5 IN A 192.0.2.11|" },
    { "generate: nibbles", S(SOA "$GENERATE 254-254 ${0,5,n} A 192.0.2.1\n"), SOA_OUT "e.f.0.t. 60 IN A 192.0.2.1|" },
    { "generate: dollars", S(SOA "$GENERATE 1-1 a$$b\\$c A 192.0.2.1\n"), SOA_OUT "a\\$b\\$c.t. 60 IN A 192.0.2.1|" },
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(good); i++) {
        struct outcome o = read_with((struct zone_read_options){ .path = "x", .text = good[i].text, .text_bytes = good[i].bytes }, "t.");
        if (o.status != OK) {
            diagnostics_print(o.diag, stderr, false);
            fail_msg("%s: %s", good[i].label, status_text(o.status));
        }
        char *out = records(&o);
        if (strcmp(out, good[i].out) != 0)
            fail_msg("%s:\n got %s\nwant %s", good[i].label, out, good[i].out);
        free(out);
        outcome_clear(&o);
    }
}

/* Each error as LINE:COLUMN check, in order; `kept` is how many records were right. */
static const struct { const char *label, *text; size_t bytes; const char *errors; uint64_t kept; } bad[] = {
    { "two errors, two lines", S(SOA "a A x\nb A 192.0.2.1\nc A y\n"), "2:5 syntax,4:5 syntax,", 2 },
    { "an error in parentheses does not echo", S(SOA "a A ( x\n y\n z )\nb A 192.0.2.1\n"), "2:7 syntax,", 2 },
    { "an open quote in parentheses", S(SOA "a TXT ( \"x\n y )\nb A 192.0.2.1\n"), "2:9 syntax,", 2 },
    { "the owner of a broken line counts", S(SOA "a A \"\n AAAA ::1\n"), "2:5 syntax,", 2 },
    { "a broken owner does not echo", S(SOA "a..b A 192.0.2.1\n A 192.0.2.2\n"), "2:1 syntax,", 1 },
    { "unclosed parenthesis", S(SOA "a A ( 192.0.2.1\n"), "2:5 syntax,", 1 },
    { "backslash at the end", S(SOA "a TXT a\\"), "2:8 syntax,", 1 },
    { "CR in the middle", S(SOA "a TXT a\rb\n"), "2:8 syntax,", 1 },
    { "NUL", S(SOA "a TXT a\0b\nb A 192.0.2.1\n"), "2:8 syntax,", 2 },
    { "NUL in a comment", S(SOA "a TXT a ;\0\n"), "2:10 syntax,", 1 },
    { "UTF-16", S("\xff\xfe@\0 \0"), "1:1 syntax,", 0 },
    { "u-label", S(SOA "\xc3\xbc A 192.0.2.1\nb NS \xc3\xbc\n"), "2:1 u-label,3:6 u-label,", 1 },
    { "octets in a string are data", S(SOA "a TXT \xc3\xbc\nb A x\n"), "3:5 syntax,", 2 },
    { "TTL too large", S(SOA "a 2147483648 A 192.0.2.1\nb 99999999999999999999w A 192.0.2.1\n"), "2:3 ttl-range,3:3 ttl-range,", 1 },
    { "two TTLs", S(SOA "a 1 2 A 192.0.2.1\n"), "2:5 syntax,", 1 },
    { "two classes", S(SOA "a IN IN A 192.0.2.1\n"), "2:6 syntax,", 1 },
    { "another class", S(SOA "a CH A 192.0.2.1\n"), "2:3 class-mismatch,", 1 },
    { "out of zone", S(SOA "a.u. A 192.0.2.1\n"), "2:1 out-of-zone,", 1 },
    { "directive in the middle", S(SOA " $TTL 5\n"), "2:2 syntax,", 1 },
    { "SOA twice", S(SOA "@ SOA ns h 2 2 3 4 5\n"), "2:1 multiple-soa,", 1 },
    { "generate: too many", S(SOA "$GENERATE 0-65536 a$ A 192.0.2.1\n"), "2:11 generate,", 1 },
    { "generate: negative", S(SOA "$GENERATE 1-2 a${-2} A 192.0.2.1\n"), "2:15 generate,", 1 },
    { "generate: step 0", S(SOA "$GENERATE 1-2/0 a$ A 192.0.2.1\n"), "2:11 generate,", 1 },
    { "generate: one error, not many", S(SOA "$GENERATE 1-9 a$ A 192.0.2.1$0$\n"), "2:1 generate,", 1 },
    { "nothing known", S("@ NS ns\n"), "1:3 no-ttl,", 0 },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        struct outcome o = read_with((struct zone_read_options){ .path = "x", .text = bad[i].text, .text_bytes = bad[i].bytes }, "t.");
        char got[512] = "";
        for (size_t k = 0; k < diagnostics_kept(o.diag); k++) {
            const struct diagnostic *d = diagnostics_get(o.diag, k);
            snprintf(got + strlen(got), sizeof got - strlen(got), "%u:%u %s,", d->line, d->column, d->check);
        }
        if (o.status != E_INVALID || strcmp(got, bad[i].errors) != 0)
            fail_msg("%s: %s: got %s want %s", bad[i].label, status_text(o.status), got, bad[i].errors);
        char *out = records(&o);
        uint64_t count = 0;
        for (const char *p = out; *p; p++)
            count += *p == '|';
        if (count != bad[i].kept)
            fail_msg("%s: kept %s", bad[i].label, out);
        free(out);
        outcome_clear(&o);
    }
}

static void test_no_origin(void **state)
{
    (void)state;
    static const struct { const char *text; enum status want; const char *out; } cases[] = {
        { "t. 60 SOA ns h 1 2 3 4 5\na.t. A 192.0.2.1\n", E_INVALID, "" },      /* `ns` is relative to nothing */
        { "t. 60 SOA ns.t. h.t. 1 2 3 4 5\na A 192.0.2.1\n", OK, SOA_OUT "a.t. 60 IN A 192.0.2.1|" },
        { "$ORIGIN t.\n" SOA, OK, SOA_OUT },
        { "@ 60 SOA ns h 1 2 3 4 5\n", E_INVALID, "" },
        { "", E_INVALID, "" },
    };
    for (size_t i = 1; i < LENGTH_OF(cases); i++) {
        struct outcome o = read_with((struct zone_read_options){ .path = "x", .text = cases[i].text, .text_bytes = strlen(cases[i].text) }, NULL);
        assert_int_equal(o.status, cases[i].want);
        char *out = records(&o);
        assert_string_equal(out, cases[i].out);
        free(out);
        outcome_clear(&o);
    }
}

static void test_soa_minimum_as_ttl(void **state)
{
    (void)state;
    static const char text[] = "@ SOA ns h 1 2 3 4 5\na A 192.0.2.1\n";
    struct outcome o = read_with((struct zone_read_options){ .path = "x", .text = text, .text_bytes = sizeof text - 1 }, "t.");
    assert_int_equal(o.status, OK);
    assert_int_equal(diagnostics_count(o.diag, SEVERITY_WARNING), 1);
    assert_string_equal(diagnostics_get(o.diag, 0)->check, "no-ttl");
    char *out = records(&o);
    assert_string_equal(out, "t. 5 IN SOA ns.t. h.t. 1 2 3 4 5|a.t. 5 IN A 192.0.2.1|");
    free(out);
    outcome_clear(&o);
}

static bool stop_at_once(void *context, uint64_t done, uint64_t total)
{
    *(bool *)context = done <= total;
    return false;
}

static void test_limits(void **state)
{
    (void)state;
    static const char text[] = SOA "$GENERATE 1-20 a$ A 192.0.2.1\n";
    struct outcome o = read_with((struct zone_read_options){ .path = "x", .text = text, .text_bytes = sizeof text - 1, .record_limit = 20 }, "t.");
    assert_int_equal(o.status, E_LIMIT);
    outcome_clear(&o);
    o = read_with((struct zone_read_options){ .path = "x", .text = text, .text_bytes = sizeof text - 1, .record_limit = 21 }, "t.");
    assert_int_equal(o.status, OK);
    outcome_clear(&o);
    char *many = malloc(20000 * 2);
    bool called = false;
    for (size_t i = 0; i < 20000; i++)
        memcpy(many + i * 2, "a\n", 2);
    o = read_with((struct zone_read_options){ .path = "x", .text = many, .text_bytes = 40000, .progress = stop_at_once, .progress_context = &called }, "t.");
    assert_int_equal(o.status, E_CLOSED);
    assert_true(called);
    free(many);
    outcome_clear(&o);
}

/* ---- files ---- */

static char folder[64];

static char *put_file(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static int folder_make(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/rhiz-reader-XXXXXX");
    char sub[128];
    if (!mkdtemp(folder))
        return -1;
    snprintf(sub, sizeof sub, "%s/in", folder);
    return mkdir(sub, 0700);
}

static int folder_drop(void **state)
{
    (void)state;
    static const char *const names[] = { "main", "loop", "in/a", "in/b", "outside", "in/link", "in" };
    char path[256];
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    return rmdir(folder);
}

static void test_include(void **state)
{
    (void)state;
    put_file("in/a", "x A 192.0.2.1\n$ORIGIN y.t.\n$INCLUDE b\nz A 192.0.2.3\n");
    put_file("in/b", "x A 192.0.2.2");
    struct outcome o = read_with((struct zone_read_options){ .path = put_file("main", SOA "b A 192.0.2.9\n$INCLUDE in/a o\n AAAA ::1\nc A 192.0.2.4\n") }, "t.");
    assert_int_equal(o.status, OK);
    assert_int_equal(o.files.count, 3);
    assert_false(zone_files_changed(&o.files));
    char *out = records(&o);
    assert_string_equal(out, SOA_OUT "b.t. 60 IN A 192.0.2.9|b.t. 60 IN AAAA ::1|c.t. 60 IN A 192.0.2.4|x.o.t. 60 IN A 192.0.2.1|"
                                     "x.y.t. 60 IN A 192.0.2.2|z.y.t. 60 IN A 192.0.2.3|");
    free(out);
    put_file("in/b", "x A 192.0.2.200");
    assert_true(zone_files_changed(&o.files));
    outcome_clear(&o);
}

static void expect_include_error(struct zone_read_options options, const char *text)
{
    options.path = put_file("main", text);
    struct outcome o = read_with(options, "t.");
    assert_int_equal(o.status, E_INVALID);
    assert_int_equal(diagnostics_count(o.diag, SEVERITY_ERROR), 1);
    assert_string_equal(diagnostics_get(o.diag, 0)->check, "include");
    outcome_clear(&o);
}

static void test_include_refused(void **state)
{
    (void)state;
    char inside[128], link[128], target[128];
    snprintf(inside, sizeof inside, "%s/in", folder);
    snprintf(link, sizeof link, "%s/in/link", folder);
    snprintf(target, sizeof target, "%s/outside", folder);
    put_file("outside", "x A 192.0.2.1\n");
    put_file("in/a", "x A 192.0.2.1\n$INCLUDE ../loop\n");
    put_file("loop", "$INCLUDE in/a\n");
    assert_int_equal(symlink(target, link), 0);
    expect_include_error((struct zone_read_options){ 0 }, SOA "$INCLUDE main\n");
    expect_include_error((struct zone_read_options){ 0 }, SOA "$INCLUDE in/a\n");
    expect_include_error((struct zone_read_options){ .include_depth = 1 }, SOA "$INCLUDE loop\n");
    expect_include_error((struct zone_read_options){ 0 }, SOA "$INCLUDE in\n");
    expect_include_error((struct zone_read_options){ 0 }, SOA "$INCLUDE /dev/null\n");
    expect_include_error((struct zone_read_options){ 0 }, SOA "$INCLUDE missing\n");
    expect_include_error((struct zone_read_options){ .include_root = inside }, SOA "$INCLUDE outside\n");
    expect_include_error((struct zone_read_options){ .include_root = inside }, SOA "$INCLUDE in/../outside\n");
    expect_include_error((struct zone_read_options){ .include_root = inside }, SOA "$INCLUDE in/link\n");
}

static void test_main_file(void **state)
{
    (void)state;
    static const char *const paths[] = { "/nowhere/at/all", "/", "/dev/null" };
    for (size_t i = 0; i < LENGTH_OF(paths); i++) {
        struct outcome o = read_with((struct zone_read_options){ .path = paths[i] }, "t.");
        assert_int_equal(o.status, E_SYSTEM);
        assert_int_equal(diagnostics_count(o.diag, SEVERITY_ERROR), 1);
        assert_null(o.builder);
        outcome_clear(&o);
    }
}

/* Each allocation fails once; whatever comes out, nothing leaks and nothing crashes. */
static void test_no_memory(void **state)
{
    (void)state;
    put_file("in/a", "x A 192.0.2.1\n\xc3\xbc A 192.0.2.1\n");
    char text[4096] = SOA "$INCLUDE in/a\n$GENERATE 1-3 g$ A 192.0.2.1\nw A\nm TXT (";
    for (unsigned i = 0; i < 200; i++)
        strcat(text, " w");
    strcat(text, ")\nq AAAAA ::1\n");
    char *path = put_file("main", text);
    uint64_t sites = 1;
    for (uint64_t n = 0; n <= sites; n++) {
        struct name name;
        assert_int_equal(name_parse(slice_string("t."), name_root, &name), OK);
        struct diagnostics *diag = diagnostics_new(0);
        struct zone_files files = { 0 };
        struct zone_builder *builder = NULL;
        struct zone_read_options options = { .path = path, .origin = name_view_of(&name) };
        fault_after(n);
        enum status st = zone_read(&options, &builder, &files, diag);
        if (n == 0) {       /* none fails: counts them */
            sites = fault_count();
            assert_int_equal(st, E_INVALID);
            assert_true(sites > 5);
        } else {
            assert_true(st == E_NOMEM || st == E_INVALID || st == E_SYSTEM);
        }
        fault_after(0);
        zone_builder_free(builder);
        zone_files_clear(&files);
        diagnostics_free(diag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_no_origin), cmocka_unit_test(test_soa_minimum_as_ttl),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_include), cmocka_unit_test(test_include_refused), cmocka_unit_test(test_main_file),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
