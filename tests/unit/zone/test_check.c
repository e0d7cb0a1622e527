/* SPDX-License-Identifier: Apache-2.0 */
/* The checks on zones small enough to see; tests/data/broken has each once more, held against the peers' checkers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "zone/check.h"

static const uint8_t origin[] = "\4test\1t";

static struct zone_version *zone_of(const char *text, struct zone_files *files)
{
    struct zone_read_options options = { .path = "x", .text = text, .text_bytes = strlen(text), .origin = { origin, sizeof origin, 2 } };
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    assert_int_equal(zone_read(&options, &builder, files, NULL), OK);
    assert_int_equal(zone_builder_finish(builder, true, &version), OK);
    return version;
}

#define TOP "$TTL 60\n@ SOA a h 1 7200 1800 1209600 300\n@ NS a\n@ NS ns.example.\na A 192.0.2.1\n"

/* Findings as LINE check, in order; the defect starts on line 6. */
static const struct { const char *label, *text, *want; } cases[] = {
    { "sound", TOP, "" },
    { "names of others are not ours to judge", TOP "@ MX 1 mail.example.\nb CNAME c.example.\nc NS ns.c.example.\n", "" },
    { "CNAME beside NSEC is right", TOP "c CNAME a\nc NSEC d CNAME RRSIG NSEC\n", "7 nsec-chain," },
    { "CNAME beside A", TOP "c CNAME a\nc A 192.0.2.1\n", "7 cname-and-other-data," },
    { "two CNAMEs", TOP "c CNAME a\nc CNAME ns.example.\n", "7 multiple-cname," },
    { "wildcards have addresses", TOP "*.w A 192.0.2.1\n@ MX 1 m.w\n", "" },
    { "wildcards can be aliases", TOP "*.w CNAME a\n@ MX 1 m.w\n", "7 mx-is-cname," },
    { "an empty non-terminal has no address", TOP "x.y A 192.0.2.1\n@ MX 1 y\n", "7 mx-without-address," },
    { "glue", TOP "s NS n.s\nn.s A 192.0.2.1\n", "" },
    { "IPv6 glue", TOP "s NS n.s\nn.s AAAA ::1\n", "" },
    { "no glue", TOP "s NS n.s\n", "6 missing-glue," },
    { "the zone's name twice, with glue", TOP "t NS test.t\ntest.t A 192.0.2.1\n", "6 missing-dot," },
    { "glue in other letters", TOP "s NS N.S\nn.s A 192.0.2.1\n", "" },
    { "glue behind other glue", TOP "s NS e.s\ns NS a.s\na.s A 192.0.2.1\nb.s A 192.0.2.1\nc.s A 192.0.2.1\nd.s A 192.0.2.1\ne.s A 192.0.2.1\n", "" },
    { "glue that is no address", TOP "s NS n.s\nn.s TXT x\n", "6 missing-glue,7 occluded," },
    { "name servers that are no hosts", TOP "s NS a-.x.\ns NS -a.x.\ns NS a_b.x.\ns NS 1.2.3.4.\ns NS 1a.x.\ns NS a-b.x.\n",
      "6 bad-target,7 bad-target,8 bad-target,9 ns-is-address," },
    { "glue of a sibling", TOP "s NS n.q\nq NS n.q\nn.q A 192.0.2.1\n", "" },
    { "no glue of a sibling", TOP "s NS n.q\nq NS a\n", "6 missing-sibling-glue," },
    { "an MX below a cut may be anywhere", TOP "s NS a\n@ MX 1 m.s\n", "" },
    { "below a DNAME", TOP "d DNAME e.\n@ MX 1 m.d\n", "" },
    { "data below a DNAME", TOP "d DNAME e.\nx.d TXT a\n", "7 dname-and-children," },
    { "DS at a cut", TOP "s NS a\ns DS 1 8 1 0123456789012345678901234567890123456789\n", "" },
    { "data below a cut", TOP "s NS a\nx.s TXT a\nx.s A 192.0.2.1\n", "7 occluded," },
    { "a cut below a cut", TOP "s NS a\nx.s NS a\n", "7 occluded," },
    { "null MX alone", TOP "@ MX 0 .\n", "" },
    { "no service", TOP "_s._tcp SRV 0 0 0 .\n", "" },
    { "alias of an alias", TOP "b CNAME c\nc CNAME a\n", "" },
    { "loop of two", TOP "b CNAME c\nc CNAME b\n", "6 cname-loop,7 cname-loop," },
    { "alias of an alias of nothing", TOP "b CNAME c\nc CNAME d\n", "6 cname-dangling,7 cname-dangling," },
    { "one SPF policy, one look-alike", TOP "@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf10\"\n", "" },
    { "SRV at a wildcard service", TOP "*._tcp SRV 0 0 5 a\n", "" },
    { "glue may have any name", TOP "s NS a_b.s\na_b.s A 192.0.2.1\n", "6 bad-target," },
    { "TTLs", TOP "b 1 A 192.0.2.1\nb 2 A 192.0.2.2\nb 3 TXT a\n", "7 ttl-mismatch," },
    { "keys and no signature: not signed yet", TOP "@ DNSKEY 257 3 15 AAAA\n", "" },
};

static void collect(const struct diagnostics *diag, char *out, size_t room)
{
    out[0] = 0;
    for (size_t i = 0; i < diagnostics_kept(diag); i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        snprintf(out + strlen(out), room - strlen(out), "%u %s,", d->line, d->check);
    }
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct zone_files files = { 0 };
        struct zone_version *version = zone_of(cases[i].text, &files);
        struct diagnostics *diag = diagnostics_new(0);
        char got[512];
        enum status st = zone_check(version, &(struct zone_check_options){ .files = &files, .unix_seconds = 1 }, diag);
        collect(diag, got, sizeof got);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: got %s want %s", cases[i].label, got, cases[i].want);
        assert_int_equal(st, diagnostics_count(diag, SEVERITY_ERROR) ? E_INVALID : OK);
        diagnostics_clear(diag);
        assert_int_equal(zone_check(version, &(struct zone_check_options){ .quiet_warnings = true }, diag), st);
        assert_int_equal(diagnostics_count(diag, SEVERITY_WARNING), 0);
        /* Each allocation fails once. */
        fault_after(0);
        assert_int_equal(zone_check(version, &(struct zone_check_options){ .unix_seconds = 1 }, NULL), st);
        uint64_t sites = fault_count();
        for (uint64_t n = 1; n <= sites; n++) {
            fault_after(n);
            enum status faulty = zone_check(version, &(struct zone_check_options){ .unix_seconds = 1 }, NULL);
            assert_true(faulty == st || faulty == E_NOMEM);
        }
        fault_after(0);
        diagnostics_free(diag);
        zone_version_free(version);
        zone_files_clear(&files);
    }
}

static void test_serial(void **state)
{
    (void)state;
    static const struct { uint32_t before, now; bool changed; const char *want; } serials[] = {
        { 1, 1, false, "" }, { 1, 1, true, "2 serial-unchanged," }, { 1, 2, true, "" }, { 2, 1, true, "2 serial-backwards," },
        { 4294967295u, 0, true, "" },                           /* RFC 1982 3.2 */
        { 0, 2147483648u, true, "2 serial-backwards," },        /* undefined there */
    };
    for (size_t i = 0; i < LENGTH_OF(serials); i++) {
        char before[256], now[256], got[256];
        snprintf(before, sizeof before, "$TTL 60\n@ SOA a h %u 7200 1800 1209600 300\n@ NS a\n@ NS b.\na A 192.0.2.1\n", serials[i].before);
        snprintf(now, sizeof now, "$TTL 60\n@ SOA a h %u 7200 1800 1209600 300\n@ NS a\n@ NS b.\na A 192.0.2.%d\n", serials[i].now, serials[i].changed ? 2 : 1);
        struct zone_version *x = zone_of(before, NULL), *y = zone_of(now, NULL);
        struct diagnostics *diag = diagnostics_new(0);
        assert_int_equal(zone_check(y, &(struct zone_check_options){ .previous = x }, diag), OK);
        collect(diag, got, sizeof got);
        assert_string_equal(got, serials[i].want);
        diagnostics_free(diag);
        zone_version_free(x);
        zone_version_free(y);
    }
}

/* Names are unique and in small letters with hyphens; each has help. */
static void test_list(void **state)
{
    (void)state;
    const char *name, *help, *others[128];
    enum severity severity;
    size_t count = 0;
    for (size_t position = 0; zone_check_next(&position, &name, &severity, &help);) {
        assert_true(strlen(help) > 10);
        assert_true(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name));
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(name, others[i]);
        assert_true(count < LENGTH_OF(others));
        others[count++] = name;
    }
    assert_true(count > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases), cmocka_unit_test(test_serial), cmocka_unit_test(test_list) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
