/* SPDX-License-Identifier: Apache-2.0 */
/* What does not fit, what would be too much work, and turns. */
#include "ask.h"

static struct asked asked;

/* At each limit from nothing to all: an answer is complete, or has TC and only whole RRsets; growing room never takes away. */
static void every_limit(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 +SOA ns a 1 2 3 4 5\n@ 60 +NS ns\n@ 60 +NSEC a NS SOA\n"
        "many 60 +A 192.0.2.1\nmany 60 A 192.0.2.2\nmany 60 A 192.0.2.3\nc 60 +CNAME many\ncut 60 NS ns.cut\ncut 60 NS b.ns.cut\n"
        "cut 60 NS ns.sib\ncut 60 +NSEC many NS\nns.cut 60 A 192.0.2.4\nb.ns.cut 60 A 192.0.2.5\nb.ns.cut 60 A 192.0.2.6\n"
        "sib 60 NS ns.sib\nns.sib 60 A 192.0.2.7\n");
    static const struct {
        const char *name;
        bool dnssec_ok;
        const char *steps[8];   /* what is seen as the room grows */
    } cases[] = {
        { "many", false, { "NOERROR aa tc", "NOERROR aa | an: many/A*3" } },
        { "many", true, { "NOERROR aa tc", "NOERROR aa | an: many/+A many/A*3" } },
        { "c", true, { "NOERROR aa tc", "NOERROR aa tc | an: c/+CNAME c/CNAME", "NOERROR aa | an: c/+CNAME c/CNAME many/+A many/A*3" } },
        { "none", true, { "NXDOMAIN aa tc", "NXDOMAIN aa tc | au: @/+SOA @/SOA", NULL } },
        { "x.cut", false, { "NOERROR tc", "NOERROR tc | au: cut/NS*3", "NOERROR tc | au: cut/NS*3 | ad: ns.cut/A",
                            "NOERROR tc | au: cut/NS*3 | ad: b.ns.cut/A*2",
                            "NOERROR | au: cut/NS*3 | ad: b.ns.cut/A*2 ns.cut/A", "NOERROR | au: cut/NS*3 | ad: b.ns.cut/A*2 ns.cut/A ns.sib/A" } },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        size_t step = 0, seen = 0;
        char last[512] = "";
        for (size_t limit = 40; limit < 1000; limit++) {
            const char *got = ask(&(struct ask){ v, .name = cases[i].name, .type = TYPE_A, .dnssec_ok = cases[i].dnssec_ok, .limit = limit }, &asked);
            assert_true(asked.length <= limit);
            if (strcmp(got, last) == 0)
                continue;
            assert_true(strlen(got) < sizeof last);
            strcpy(last, got);
            seen++;
            if (cases[i].steps[step] && strcmp(got, cases[i].steps[step]) != 0)
                fail_msg("%s at %zu: %s", cases[i].name, limit, got);
            step += cases[i].steps[step] != NULL;
        }
        assert_int_equal(cases[i].steps[step], NULL);
        assert_true(seen >= step);
        assert_false(asked.result.truncated);
    }
    zone_version_free(v);
}

/* Additional data that is a courtesy never sets TC. */
static void courtesy(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nmx 60 MX 1 mail\nmail 60 A 192.0.2.1\n");
    struct answer_options options = answer_defaults();
    options.minimal = false;
    static const char *const steps[] = { "NOERROR aa tc", "NOERROR aa | an: mx/MX", NULL };
    size_t step = 0;
    const char *got = "";
    for (size_t limit = 30; limit < 200; limit++) {
        got = ask(&(struct ask){ v, .name = "mx", .type = TYPE_MX, .limit = limit, .options = &options }, &asked);
        if (steps[step] && strcmp(got, steps[step]) != 0)
            step++;
        if (steps[step])
            assert_string_equal(got, steps[step]);
        if (step)
            assert_false(asked.result.truncated);
    }
    assert_string_equal(got, "NOERROR aa | an: mx/MX | au: @/NS | ad: mail/A ns/A");
    zone_version_free(v);
}

static void long_chain(void **state)
{
    (void)state;
    char text[4096] = "@ 60 SOA ns a 1 2 3 4 5\n";
    for (int i = 0; i < 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "c%d 60 CNAME c%d\n", i, i + 1);
    strcat(text, "c40 60 A 192.0.2.1\n");
    struct zone_version *v = test_zone("example.", text);
    (void)ask(&(struct ask){ v, .name = "c0", .type = TYPE_A }, &asked);
    assert_int_equal(asked.result.rcode, RCODE_NOERROR);
    assert_int_equal(asked.reply.counts[SECTION_ANSWER], ANSWER_CHAIN_MAX + 1);
    assert_false(asked.result.truncated);
    (void)ask(&(struct ask){ v, .name = "c24", .type = TYPE_A }, &asked); /* just short enough */
    assert_int_equal(asked.reply.counts[SECTION_ANSWER], ANSWER_CHAIN_MAX + 1);
    zone_version_free(v);
}

/* Many hosts in an answer: work for the first few only. */
static void additional_is_bounded(void **state)
{
    (void)state;
    static char text[32768];
    strcpy(text, "@ 60 SOA ns a 1 2 3 4 5\n");
    for (int i = 0; i < 200; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "srv 60 SRV 0 0 %d h%d\nh%d 60 A 192.0.2.1\nh%d 60 AAAA ::1\n", i, i, i, i);
    struct zone_version *v = test_zone("example.", text);
    struct answer_options options = answer_defaults();
    options.minimal = false;
    (void)ask(&(struct ask){ v, .name = "srv", .type = TYPE_SRV, .tcp = true, .options = &options }, &asked);
    assert_int_equal(asked.reply.counts[SECTION_ANSWER], 200);
    assert_int_equal(asked.reply.counts[SECTION_ADDITIONAL], 2 * ANSWER_ADDITIONAL_MAX);
    zone_version_free(v);
}

static uint8_t first_address(void)
{
    struct cursor c = { asked.wire, asked.wire + HEADER_BYTES + 2 + 8 + 1 + 4, asked.wire + asked.length, false };
    struct record r;
    assert_int_equal(message_read_record(&c, &r), OK);
    assert_int_equal(r.rdata_bytes, 4);
    return asked.wire[r.rdata_offset + 3];
}

static void round_robin(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 SOA ns a 1 2 3 4 5\na 60 A 192.0.2.0\na 60 A 192.0.2.1\na 60 A 192.0.2.2\n");
    struct answer_options options = answer_defaults();
    for (int on = 0; on < 2; on++) {
        options.round_robin = on;
        for (uint32_t turn = 0; turn < 7; turn++) {
            const char *got = ask(&(struct ask){ v, .name = "a", .type = TYPE_A, .options = &options, .rotate = turn }, &asked);
            assert_string_equal(got, "NOERROR aa | an: a/A*3");
            assert_int_equal(first_address(), on ? turn % 3 : 0);
        }
    }
    zone_version_free(v);
}

/* The SOA of a negative answer, and what signs it, live no longer than its MINIMUM says (RFC 2308 3). */
static void negative_ttl(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 3600 +SOA ns a 1 2 3 4 5\n");
    (void)ask(&(struct ask){ v, .name = "x", .type = TYPE_A, .dnssec_ok = true }, &asked);
    struct cursor c = { asked.wire, asked.wire + HEADER_BYTES + 2 + 8 + 1 + 4, asked.wire + asked.length, false };
    struct record r;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(message_read_record(&c, &r), OK);
        assert_int_equal(r.ttl, 5);
    }
    (void)ask(&(struct ask){ v, .name = "@", .type = TYPE_SOA }, &asked);
    c = (struct cursor){ asked.wire, asked.wire + HEADER_BYTES + 8 + 1 + 4, asked.wire + asked.length, false };
    assert_int_equal(message_read_record(&c, &r), OK);
    assert_int_equal(r.ttl, 3600);
    zone_version_free(v);
}

/* More iterations than any RFC allowed: an answer without proofs, not hours of hashing. */
static void too_many_iterations(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 65535 -\n"
                                       "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 +NSEC3 1 0 65535 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
    assert_int_equal(zone_version_denial(v), ZONE_DENIAL_NSEC3);
    assert_string_equal(ask(&(struct ask){ v, .name = "x", .type = TYPE_A, .dnssec_ok = true }, &asked), "NXDOMAIN aa | au: @/SOA");
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_limit), cmocka_unit_test(courtesy), cmocka_unit_test(long_chain), cmocka_unit_test(additional_is_bounded),
        cmocka_unit_test(round_robin), cmocka_unit_test(negative_ttl), cmocka_unit_test(too_many_iterations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
