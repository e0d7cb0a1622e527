/* SPDX-License-Identifier: Apache-2.0 */
/* Large texts are divided, read and frozen in parts by several threads: against the general way in one piece, on texts that are made from
 * names of few labels so that owners come again, in whatever order, with all that breaks a part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../../fuzz/zone/both_ways.h"
#include "zone/build.h"

enum { TEXTS = 12, LINES_MAX = 900, ROOM = 128 << 10 };

struct dice { uint64_t state; };

static unsigned roll(struct dice *d, unsigned sides)
{
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((d->state >> 33) % sides);
}

static size_t put_owner(struct dice *d, char *out, size_t room)
{
    static const char *const above[] = { "", "", "", "", ".sub", ".deep.er", ".T.", ".t.", ".w" };
    unsigned kind = roll(d, 40);
    if (kind == 0)
        return (size_t)snprintf(out, room, "%s", roll(d, 2) ? "@" : "*");
    if (kind == 1)
        return (size_t)snprintf(out, room, "*.%c%s", 'a' + (int)roll(d, 26), above[roll(d, LENGTH_OF(above))]);
    char letter = (char)((kind == 2 ? 'A' : 'a') + (int)roll(d, 26));
    return (size_t)snprintf(out, room, "%c%u%s", letter, roll(d, 60), above[roll(d, LENGTH_OF(above))]);
}

static size_t put_line(struct dice *d, unsigned odd, char *out, size_t room)
{
    static const char *const rdata[] = {
        "A 192.0.2.%u", "60 A 192.0.2.%u", "90 A 192.0.2.%u", "IN AAAA 2001:db8::%u", "NS n%u", "NS ns%u.elsewhere.", "DS %u 13 1 0123456789ABCDEF0123456789abcdef01234567",
        "TXT \"%u\"", "MX %u Mail", "RRSIG A 13 2 60 20300101000000 20200101000000 %u t. QUJDRA==", "CNAME c%u", "DNAME d%u.elsewhere.",
        "TYPE65%u \\# 1 00",
    };
    static const char *const odds[] = {
        "; comment\n", "\n", " A 192.0.2.77\n", "\tTXT t\n", "p (\n A\n 192.0.2.1 ) ; )\n", "$TTL 77\n", "$ORIGIN o\n", "$ORIGIN t.\n", "bad A 1.2.3\n", "q TXT \"a\n",
        "out.of.zone. A 192.0.2.1\n", "$GENERATE 1-3 g$ A 192.0.2.$\n", "@ SOA a h 1 2 3 4 5\n", "x SOA a h 1 2 3 4 5\n", "z A 192.0.2.1 (\n", ")\n", "$INCLUDE none\n",
    };
    if (odd && roll(d, odd) == 0)
        return (size_t)snprintf(out, room, "%s", odds[roll(d, LENGTH_OF(odds))]);
    size_t used = put_owner(d, out, room);
    used += (size_t)snprintf(out + used, room - used, " ");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    used += (size_t)snprintf(out + used, room - used, rdata[roll(d, LENGTH_OF(rdata))], roll(d, 5));
#pragma GCC diagnostic pop
    return used + (size_t)snprintf(out + used, room - used, "\n");
}

/* odd: one line of so many is something else than a record; 0 = none */
static void made_texts(unsigned odd)
{
    static char text[ROOM];
    for (unsigned i = 0; i < TEXTS; i++) {
        struct dice d = { .state = odd * 1000u + i };
        size_t used = 0;
        for (unsigned line = 20 + roll(&d, LINES_MAX); line > 0 && used + 256 < sizeof text; line--)
            used += put_line(&d, odd, text + used, sizeof text - used);
        if (!both_ways((const uint8_t *)text, used))
            fail_msg("the ways differ on text %u with one odd line of %u", i, odd);
    }
}

static void records_only(void **state)
{
    (void)state;
    made_texts(0);
}

static void few_odd_lines(void **state)
{
    (void)state;
    made_texts(300);
    made_texts(60);
}

static void many_odd_lines(void **state)
{
    (void)state;
    made_texts(8);
}

/* Out of memory at each allocation of this thread in turn, until there is enough for all. */
static void no_memory(void **state)
{
    static char text[ROOM];
    static const uint8_t origin[] = "\1t";
    struct dice d = { .state = 99 };
    size_t used = (size_t)snprintf(text, sizeof text, "$TTL 60\n@ SOA a h 1 2 3 4 5\n");
    enum status st = E_NOMEM;
    (void)state;
    for (unsigned line = 0; line < 400; line++)
        used += put_line(&d, 0, text + used, sizeof text - used);
    for (uint64_t n = 1; st != OK; n++) {
        struct zone_builder *builder = NULL;
        struct zone_version *version = NULL;
        struct zone_files files = { 0 };
        struct zone_read_options options = { .path = "text", .text = text, .text_bytes = used, .origin = { origin, sizeof origin, 1 },
                                             .threads = 2, .large_from = 1 };
        assert_true(n < 200);
        fault_after(n);
        st = zone_read(&options, &builder, &files, NULL);
        if (st == OK || st == E_INVALID) {      /* some lines are wrong */
            st = zone_builder_finish(builder, true, &version);
            builder = NULL;
        }
        fault_after(0);
        assert_true(st == OK || st == E_NOMEM);
        zone_builder_free(builder);
        zone_version_free(version);
        zone_files_clear(&files);
    }
}

/* As the server asks: the builder is there and the class known, so lines go the quick way from the first octet on. */
static unsigned parts_joined(const char *head, const char *record, const char *middle, unsigned threads, uint64_t *records)
{
    static const uint8_t origin[] = "\1t";
    enum { LINES = 2000 };
    static char text[ROOM];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
    for (unsigned i = 0; i < LINES; i++) {
        if (i == LINES / 8)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", middle);
        used += (size_t)snprintf(text + used, sizeof text - used, "%c%u%s\n", 'a' + (int)(i % 26), i, record);
    }
    struct zone_builder *builder;
    struct zone_files files = { 0 };
    struct zone_read_options options = { .path = "text", .text = text, .text_bytes = used, .origin = { origin, sizeof origin, 1 },
                                         .klass = CLASS_IN, .threads = threads, .large_from = 1 };
    assert_int_equal(zone_builder_new(options.origin, CLASS_IN, &builder), OK);
    assert_int_equal(zone_read(&options, &builder, &files, NULL), OK);
    unsigned joined = builder->parts;
    *records = builder->records - LINES;
    zone_builder_free(builder);
    zone_files_clear(&files);
    return joined;
}

static void parts_count(void **state)
{
    static const struct { const char *label, *head, *record, *middle; unsigned more, lost; } cases[] = {
        /* more: records beside the lines; lost: parts of no use, of three */
        { "$TTL and SOA", "$TTL 60\n@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "", 1, 0 },
        { "SOA first, no $TTL", "@ 60 IN SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "", 1, 0 },
        { "no TTL at all", "@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "", 1, 0 },
        { "a TTL in each record, another than the SOA's", "t. 60 IN SOA a. h. 1 2 3 4 5\n", " 90 IN A 192.0.2.1", "", 1, 0 },
        { "one record with another TTL, and who follows has none", "@ 60 SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "o 90 A 192.0.2.1\n", 2, 3 },
        { "comment, SOA of several lines", "; text\n$TTL 60 ; a minute\n@ SOA a h (\n 1 2 3\n 4 5 )\n", " A 192.0.2.1", "", 1, 0 },
        { "SOA behind another record", "$TTL 60\n@ NS a\n@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "", 2, 0 },
        { "blank lines and $ORIGIN first", "\n\n$ORIGIN t.\n$TTL 60\n@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "", 1, 0 },
        { "another $TTL on the way", "$TTL 60\n@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "$TTL 90\n", 1, 3 },
        { "another $ORIGIN on the way", "$TTL 60\n@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "$ORIGIN o\n", 1, 3 },
        { "the same $TTL on the way", "$TTL 60\n@ SOA a h 1 2 3 4 5\n", " A 192.0.2.1", "$TTL 60\n", 1, 0 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        for (unsigned threads = 1; threads <= 4; threads += 3) {
            uint64_t records;
            unsigned joined = parts_joined(cases[i].head, cases[i].record, cases[i].middle, threads, &records);
            unsigned lost = threads > 1 ? cases[i].lost : 0;
            if (joined != threads - 1 - lost || records != cases[i].more)
                fail_msg("%s, %u threads: %u joined, %u records more", cases[i].label, threads, joined, (unsigned)records);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_only), cmocka_unit_test(few_odd_lines), cmocka_unit_test(many_odd_lines), cmocka_unit_test(no_memory), cmocka_unit_test(parts_count),
    };
    return cmocka_run_group_tests_name("zone parts", tests, NULL, NULL);
}
