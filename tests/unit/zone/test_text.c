/* SPDX-License-Identifier: Apache-2.0 */
/* Writing versions and telling their difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "zone/reader.h"
#include "zone/text.h"

static struct zone_version *zone_of(const char *text)
{
    static const uint8_t origin[] = "\1t";
    struct zone_read_options options = {
        .path = "x", .text = text, .text_bytes = strlen(text), .origin = { origin, sizeof origin, 1 }, .default_ttl = 60, .has_default_ttl = true,
    };
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct diagnostics *diag = diagnostics_new(0);
    enum status st = zone_read(&options, &builder, NULL, diag);
    diagnostics_print(diag, stderr, false);
    assert_int_equal(st, OK);
    assert_int_equal(zone_builder_finish(builder, false, &version), OK);
    diagnostics_free(diag);
    return version;
}

static const char zone_text[] = "b.A 5 MX 10 Mail\n@ SOA NS h 1 2 3 4 5\n@ NS ns\nb.a A 192.0.2.1\nb.a RRSIG A 8 3 60 20300101000000 20200101000000 1 T. AAAA\n";

static void test_styles(void **state)
{
    (void)state;
    static const struct { const char *label; struct zone_write_options style; const char *want; } cases[] = {
        { "plain", { .relative = false },
          "t.\t60\tIN\tSOA\tNS.t. h.t. 1 2 3 4 5\nt.\t60\tIN\tNS\tns.t.\nb.A.t.\t60\tIN\tA\t192.0.2.1\n"
          "b.A.t.\t60\tIN\tRRSIG\tA 8 3 60 20300101000000 20200101000000 1 T. AAAA\nb.A.t.\t5\tIN\tMX\t10 Mail.t.\n" },
        { "relative", { .relative = true },
          "$ORIGIN t.\n@\t60\tIN\tSOA\tNS h 1 2 3 4 5\n\t60\tIN\tNS\tns\nb.A\t60\tIN\tA\t192.0.2.1\n"
          "\t60\tIN\tRRSIG\tA 8 3 60 20300101000000 20200101000000 1 @ AAAA\n\t5\tIN\tMX\t10 Mail\n" },
        { "canonical", { .canonical = true },
          "t.\t60\tIN\tSOA\tns.t. h.t. 1 2 3 4 5\nt.\t60\tIN\tNS\tns.t.\nb.a.t.\t60\tIN\tA\t192.0.2.1\n"
          "b.a.t.\t60\tIN\tRRSIG\tA 8 3 60 20300101000000 20200101000000 1 t. AAAA\nb.a.t.\t5\tIN\tMX\t10 mail.t.\n" },
    };
    struct zone_version *version = zone_of(zone_text);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char *text = NULL;
        size_t bytes = 0;
        FILE *stream = open_memstream(&text, &bytes);
        assert_int_equal(zone_write(version, &cases[i].style, stream), OK);
        fclose(stream);
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s:\n%s\nwant\n%s", cases[i].label, text, cases[i].want);
        struct zone_version *again = zone_of(text);
        assert_int_equal(zone_version_records(again), zone_version_records(version));
        zone_version_free(again);
        free(text);
    }
    zone_version_free(version);
}

static void test_full_disk(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    struct zone_version *version = zone_of(zone_text);
    assert_int_equal(zone_write(version, &(struct zone_write_options){ .relative = false }, full), E_SYSTEM);
    fclose(full);
    fault_after(1);
    assert_int_equal(zone_write(version, &(struct zone_write_options){ .canonical = true }, stdout), E_NOMEM);
    fault_after(0);
    zone_version_free(version);
}

static void note(void *context, const struct zone_difference *d)
{
    char *out = context, owner[NAME_TEXT_ROOM], type[CODE_TEXT_ROOM];
    sprintf(out + strlen(out), "%c%s %s %u|", d->added ? '+' : '-', name_to_text(d->owner, owner), type_to_text(d->type, type), d->ttl);
}

static void test_diff(void **state)
{
    (void)state;
#define BASE "@ SOA ns h 1 2 3 4 5\n@ NS ns\n"
    static const struct { const char *label, *a, *b; bool with_serial; const char *want; } cases[] = {
        { "same", BASE, BASE, true, "" },
        { "case does not count", BASE "a MX 1 B\n", BASE "A MX 1 b\n", true, "" },
        { "order does not count", BASE "a A 192.0.2.1\na A 192.0.2.2\n", BASE "a A 192.0.2.2\na A 192.0.2.1\n", true, "" },
        { "serial", BASE, "@ SOA ns h 2 2 3 4 5\n@ NS ns\n", true, "-t. SOA 60|+t. SOA 60|" },
        { "serial left out", BASE, "@ SOA ns h 2 2 3 4 5\n@ NS ns\n", false, "" },
        { "SOA, not its serial", BASE, "@ SOA ns h 2 9 3 4 5\n@ NS ns\n", false, "-t. SOA 60|+t. SOA 60|" },
        { "added", BASE, BASE "a A 192.0.2.1\n", true, "+a.t. A 60|" },
        { "removed", BASE "a A 192.0.2.1\nb TXT x\n", BASE, true, "-a.t. A 60|-b.t. TXT 60|" },
        { "one of three", BASE "a A 192.0.2.1\na A 192.0.2.2\na A 192.0.2.3\n", BASE "a A 192.0.2.1\na A 192.0.2.3\n", true, "-a.t. A 60|" },
        { "TTL", BASE "a A 192.0.2.1\n", BASE "a 5 A 192.0.2.1\n", true, "-a.t. A 60|+a.t. A 5|" },
        { "type", BASE "a A 192.0.2.1\n", BASE "a AAAA ::1\n", true, "-a.t. A 60|+a.t. AAAA 60|" },
        { "signature", BASE "a A 192.0.2.1\n", BASE "a A 192.0.2.1\na RRSIG A 8 2 60 20300101000000 20200101000000 1 t. AAAA\n", true, "+a.t. RRSIG 60|" },
        { "empty non-terminals are nothing", BASE "a.b A 192.0.2.1\n", BASE "a.b A 192.0.2.1\nc.b A 192.0.2.1\n", true, "+c.b.t. A 60|" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct zone_version *a = zone_of(cases[i].a), *b = zone_of(cases[i].b);
        char got[1024] = "";
        assert_int_equal(zone_diff(a, b, cases[i].with_serial, note, got), OK);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].label, got);
        for (uint64_t n = 1; n <= 2; n++) {
            fault_after(n);
            assert_int_equal(zone_diff(a, b, true, note, got), E_NOMEM);
            fault_after(0);
        }
        zone_version_free(a);
        zone_version_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_styles), cmocka_unit_test(test_full_disk), cmocka_unit_test(test_diff) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
