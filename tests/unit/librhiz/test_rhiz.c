/* SPDX-License-Identifier: Apache-2.0 */
/* librhiz as a stranger uses it.  Wire forms are written out by hand from RFC 1035. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rhiz.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_names(void **state)
{
    static const struct { const char *label, *text, *wire; size_t bytes; enum rhiz_status want; const char *back; } cases[] = {
        { "two labels", "a.bc", "\1a\2bc", 6, RHIZ_OK, "a.bc." },
        { "final dot", "a.bc.", "\1a\2bc", 6, RHIZ_OK, "a.bc." },
        { "root", ".", "", 1, RHIZ_OK, "." },
        { "escaped dot", "a\\.b.c.", "\3a.b\1c", 7, RHIZ_OK, "a\\.b.c." },
        { "decimal escape", "\\000.", "\1\0", 3, RHIZ_OK, "\\000." },
        { "empty label", "a..b", NULL, 0, RHIZ_BAD_NAME, NULL },
        { "label of 64", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", NULL, 0, RHIZ_BAD_NAME, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t wire[RHIZ_NAME_BYTES];
        char text[RHIZ_NAME_TEXT];
        size_t bytes = 0;
        print_message("%s\n", cases[i].label);
        assert_int_equal(rhiz_name_parse(cases[i].text, wire, &bytes), cases[i].want);
        if (cases[i].want != RHIZ_OK)
            continue;
        assert_int_equal(bytes, cases[i].bytes);
        assert_memory_equal(wire, cases[i].wire, bytes);
        assert_int_equal(rhiz_name_print(wire, bytes, text), RHIZ_OK);
        assert_string_equal(text, cases[i].back);
        assert_int_equal(rhiz_name_print(wire, bytes - 1, text), RHIZ_BAD_NAME);
    }
}

/* The order of RFC 4034 section 6.1, its own example. */
static void test_order(void **state)
{
    static const char *const names[] = { "example", "a.example", "yljkjljk.a.example", "Z.a.example", "zABC.a.EXAMPLE", "z.example", "\\001.z.example", "*.z.example", "\\200.z.example" };
    int order = 0;
    (void)state;
    for (size_t i = 0; i + 1 < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(rhiz_name_compare(names[i], names[i + 1], &order), RHIZ_OK);
        assert_true(order < 0);
    }
    assert_int_equal(rhiz_name_compare("A.Example", "a.example.", &order), RHIZ_OK);
    assert_int_equal(order, 0);
    assert_int_equal(rhiz_name_compare("a..", "a", &order), RHIZ_BAD_NAME);
}

static void test_records(void **state)
{
    uint8_t rdata[64];
    char text[64];
    size_t bytes = 0;
    uint16_t type = 0;
    (void)state;
    assert_int_equal(rhiz_type_parse("mx", &type), RHIZ_OK);
    assert_int_equal(type, 15);
    assert_int_equal(rhiz_type_parse("nosuch", &type), RHIZ_BAD_TEXT);
    assert_int_equal(rhiz_type_print(28, text, sizeof text), RHIZ_OK);
    assert_string_equal(text, "AAAA");
    assert_int_equal(rhiz_type_print(28, text, 4), RHIZ_NO_ROOM);
    assert_int_equal(rhiz_rdata_parse(15, "10 mail", "example.", rdata, sizeof rdata, &bytes), RHIZ_OK);
    assert_int_equal(bytes, 16);
    assert_memory_equal(rdata, "\0\12\4mail\7example", 16);
    assert_int_equal(rhiz_rdata_print(15, rdata, bytes, text, sizeof text), RHIZ_OK);
    assert_string_equal(text, "10 mail.example.");
    assert_int_equal(rhiz_rdata_print(15, rdata, bytes, text, 5), RHIZ_NO_ROOM);
    assert_int_equal(rhiz_rdata_print(1, rdata, 3, text, sizeof text), RHIZ_BAD_DATA);
    assert_int_equal(rhiz_rdata_parse(1, "1.2.3", NULL, rdata, sizeof rdata, &bytes), RHIZ_BAD_TEXT);
}

struct seen { int errors, warnings, records; char last[128]; };

static void report(void *context, const struct rhiz_diagnostic *d)
{
    struct seen *seen = context;
    assert_non_null(d->check);
    assert_non_null(d->text);
    d->error ? seen->errors++ : seen->warnings++;
}

static int record(void *context, const struct rhiz_record *r)
{
    struct seen *seen = context;
    seen->records++;
    snprintf(seen->last, sizeof seen->last, "%s %u %u %s", r->name, r->type, r->ttl, r->rdata_text);
    return 0;
}

static char *file_make(const char *content)
{
    char *path = strdup("/tmp/rhiz-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    return path;
}

static void test_zone(void **state)
{
    struct seen seen = { 0 };
    struct rhiz_zone *zone = NULL;
    char *path = file_make("$TTL 300\nexample. SOA ns h 7 2 3 4 5\nexample. NS ns.example.\nns.example. A 192.0.2.1\nns.example. AAAA 2001:db8::1\n");
    (void)state;
    assert_int_equal(rhiz_zone_open(path, "example", report, &seen, &zone), RHIZ_OK);
    assert_string_equal(rhiz_zone_name(zone), "example.");
    assert_int_equal(rhiz_zone_serial(zone), 7);
    assert_int_equal(rhiz_zone_records(zone), 4);
    (void)rhiz_zone_check(zone, report, &seen);
    assert_int_equal(rhiz_zone_lookup(zone, "NS.example", 1, record, &seen), RHIZ_OK);
    assert_string_equal(seen.last, "ns.example. 1 300 192.0.2.1");
    assert_int_equal(seen.records, 1);
    assert_int_equal(rhiz_zone_lookup(zone, "ns.example", 0, record, &seen), RHIZ_OK);
    assert_int_equal(seen.records, 3);
    assert_int_equal(rhiz_zone_lookup(zone, "ns.example", 15, record, &seen), RHIZ_NOT_FOUND);
    assert_int_equal(rhiz_zone_lookup(zone, "nx.example", 0, record, &seen), RHIZ_NOT_FOUND);
    seen.records = 0;
    assert_int_equal(rhiz_zone_each(zone, record, &seen), RHIZ_OK);
    assert_int_equal(seen.records, 4);
    rhiz_zone_close(zone);
    unlink(path);
    free(path);
}

static void test_zone_errors(void **state)
{
    struct seen seen = { 0 };
    struct rhiz_zone *zone = NULL;
    char *path = file_make("$TTL 300\n@ SOA ns h 7 2 3 4 5\n@ A 192.0.2.256\n@ MX mail\n");
    (void)state;
    assert_int_equal(rhiz_zone_open(path, "example", report, &seen, &zone), RHIZ_INVALID);
    assert_int_equal(seen.errors, 2);
    assert_null(zone);
    assert_int_equal(rhiz_zone_open("/nonexistent/file", "example", report, &seen, &zone), RHIZ_SYSTEM);
    assert_int_equal(rhiz_zone_open(path, "a..b", report, &seen, &zone), RHIZ_BAD_NAME);
    rhiz_zone_close(NULL);
    unlink(path);
    free(path);
}

static void test_texts(void **state)
{
    (void)state;
    for (int i = RHIZ_OK; i <= RHIZ_FAILED; i++)
        assert_true(strlen(rhiz_status_text((enum rhiz_status)i)) > 3);
    assert_non_null(rhiz_status_text((enum rhiz_status)99));
    assert_true(strchr(rhiz_version(), '.') != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_order), cmocka_unit_test(test_records),
        cmocka_unit_test(test_zone), cmocka_unit_test(test_zone_errors), cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
