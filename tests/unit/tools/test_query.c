/* SPDX-License-Identifier: Apache-2.0 */
/* Messages out, replies in: what stands on the wire by RFC 1035 and 6891, and octets that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/query.h"

static struct query_run *run_new(void)
{
    struct query_run *run = mem_alloc(sizeof *run);
    assert_non_null(run);
    query_defaults(run);
    run->defaults.id = 0x1234;
    run->defaults.cookie = false;
    return run;
}

static void test_build(void **state)
{
    static const struct { const char *label, *words; size_t bytes; const char *wire; } cases[] = {
        { "plain", "noedns", 24, "\x12\x34\x01\x20\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1" },
        { "flags", "noedns aaflag norec cdflag noad zflag tcflag raflag", 24, "\x12\x34\x06\xd0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1" },
        { "opcode", "noedns opcode=NOTIFY", 24, "\x12\x34\x21\x20\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1" },
        { "no question", "noedns header-only", 12, "\x12\x34\x01\x20\0\0\0\0\0\0\0\0" },
        { "EDNS", "edns", 35, "\x12\x34\x01\x20\0\1\0\0\0\0\0\1\1a\4test\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0" },
        { "DO, size, version, flags", "dnssec bufsize=512 edns=1 ednsflags=1", 35, "\x12\x34\x01\x20\0\1\0\0\0\0\0\1\1a\4test\0\0\1\0\1\0\0\x29\2\0\0\1\x80\1\0\0" },
        { "NSID and an option", "nsid ednsopt=65001:abcd", 45, "\x12\x34\x01\x20\0\1\0\0\0\0\0\1\1a\4test\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\x0a\0\3\0\0\xfd\xe9\0\2\xab\xcd" },
        { "subnet, RFC 7871 6", "subnet=192.0.2.255/23", 46, "\x12\x34\x01\x20\0\1\0\0\0\0\0\1\1a\4test\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\x0b\0\x08\0\7\0\1\x17\0\xc0\0\2" },
        { "padding, RFC 7830", "padding=64", 64, NULL },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct query_run *run = run_new();
        char words[128], *rest = NULL;
        uint8_t out[512];
        struct name name;
        run->defaults.edns_version = -1;
        snprintf(words, sizeof words, "%s", cases[i].words);
        print_message("%s\n", cases[i].label);
        for (char *w = strtok_r(words, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
            assert_int_equal(query_plus(run, &run->defaults, w), QUERY_DONE);
        assert_int_equal(name_parse(slice_string("a.test."), name_root, &name), OK);
        assert_int_equal(query_build(&run->defaults, name_view_of(&name), out, sizeof out), cases[i].bytes);
        if (cases[i].wire != NULL)
            assert_memory_equal(out, cases[i].wire, cases[i].bytes);
        assert_int_equal(query_build(&run->defaults, name_view_of(&name), out, cases[i].bytes - 1), 0);
        mem_free(run);
    }
}

static void test_ixfr(void **state)
{
    struct query_run *run = run_new();
    uint8_t out[128];
    struct name name;
    (void)state;
    run->defaults.edns_version = -1;
    run->defaults.ixfr = true;
    run->defaults.ixfr_serial = 7;
    assert_int_equal(name_parse(slice_string("z."), name_root, &name), OK);
    size_t bytes = query_build(&run->defaults, name_view_of(&name), out, sizeof out);
    struct message m;
    assert_int_equal(message_read(out, bytes, &m), OK);
    assert_int_equal(m.question.type, TYPE_IXFR);
    assert_int_equal(m.counts[SECTION_AUTHORITY], 1);
    assert_int_equal(get_u32(out + bytes - 20), 7);
    mem_free(run);
}

static void test_plus_refuses(void **state)
{
    static const struct { const char *word; int want; } cases[] = {
        { "nosuch", QUERY_USAGE }, { "short=1", QUERY_USAGE }, { "tls", QUERY_USAGE }, { "https", QUERY_USAGE }, { "quic", QUERY_USAGE }, { "", QUERY_USAGE }, { "no", QUERY_USAGE },
        { "bufsize=65536", QUERY_INTERNAL }, { "cookie=zz", QUERY_INTERNAL }, { "ednsopt", QUERY_USAGE }, { "ednsopt=70000:00", QUERY_INTERNAL }, { "ednsopt=5:zz", QUERY_INTERNAL },
        { "subnet", QUERY_USAGE }, { "subnet=1.2.3.4/33", QUERY_INTERNAL }, { "subnet=x", QUERY_USAGE }, { "opcode=16", QUERY_INTERNAL }, { "tries=x", QUERY_INTERNAL }, { "time", QUERY_USAGE },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct query_run *run = run_new();
        print_message("+%s\n", cases[i].word);
        assert_int_equal(query_plus(run, &run->defaults, cases[i].word), cases[i].want);
        mem_free(run);
    }
}

/* Every option of the table is taken by its whole name. */
static void test_plus_table(void **state)
{
    size_t position = 0;
    const char *name, *value, *help;
    (void)state;
    while (query_plus_next(&position, &name, &value, &help)) {
        struct query_run *run = run_new();
        char word[64];
        snprintf(word, sizeof word, "no%s", name);
        if (strcmp(help, "not in this version") != 0 && (value == NULL || value[0] == '['))
            assert_int_equal(query_plus(run, &run->defaults, word), QUERY_DONE);
        assert_true(strlen(help) > 3);
        mem_free(run);
    }
}

static void test_resolv(void **state)
{
    static const char content[] = "# comment\nnameserver 192.0.2.1\n; other\nnameserver 2001:db8::1\nnameserver nonsense\nsearch a.test b.test\ndomain c.test d.test\noptions debug ndots:3 ndots:99\nnameserver\n";
    char path[] = "/tmp/rhiz-resolv-XXXXXX";
    int fd = mkstemp(path);
    struct resolv *r = mem_alloc(sizeof *r);
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, sizeof content - 1), (ssize_t)(sizeof content - 1));
    close(fd);
    resolv_read(path, 5353, r);
    unlink(path);
    assert_int_equal(r->servers.count, 2);
    assert_int_equal(r->servers.list[0].port, 5353);
    assert_int_equal(r->servers.list[1].address.family, 6);
    assert_string_equal(r->servers.labels[1], "2001:db8::1");
    assert_int_equal(r->search_count, 2);
    assert_string_equal(r->search[0], "c.test");
    assert_int_equal(r->ndots, 3);
    resolv_read("/nonexistent", 53, r);
    assert_int_equal(r->servers.count, 1);
    assert_true(address_is_loopback(&r->servers.list[0].address));
    mem_free(r);
}

/* A good reply with every kind of thing in it, then each octet of it spoilt in several ways: it must stay bounded and
 * printable whatever comes. */
static void test_spoilt_replies(void **state)
{
    static const uint8_t good[] = "\x12\x34\x84\0\0\1\0\2\0\1\0\2\1x\0\0\x0f\0\1"
                                  "\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\6\0\x0a\1m\xc0\x0c"
                                  "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\4\3a\x1b" "b"
                                  "\xc0\x0c\0\2\0\1\0\0\0\x3c\0\4\1n\xc0\x0c"
                                  "\xc0\x0c\xff\x10\0\1\0\0\0\x3c\0\2\1\2"
                                  "\0\0\x29\4\xd0\0\0\x80\0\0\x1a\0\3\0\2ab\0\x0f\0\5\0\x12" "why\0\x08\0\7\0\1\x18\0\1\2\3";
    static const uint8_t spoils[] = { 0x00, 0x3f, 0x40, 0xc0, 0xff };
    struct query_run *run = run_new();
    struct arena *arena = arena_new(0);
    struct reply_view view;
    (void)state;
    run->out = fopen("/dev/null", "w");
    assert_true(query_reply_read(good, sizeof good - 1, arena, &view));
    assert_false(view.malformed);
    assert_int_equal(view.record_count, 4);
    assert_true(view.has_opt);
    for (size_t i = 0; i < sizeof good - 1; i++) {
        for (size_t s = 0; s < LENGTH_OF(spoils); s++) {
            uint8_t bad[sizeof good - 1];
            memcpy(bad, good, sizeof bad);
            bad[i] = spoils[s];
            arena_reset(arena);
            struct print_context context = { run, &run->defaults, NULL };
            run->defaults.json = s == 1;
            run->defaults.yaml = s == 2;
            run->defaults.multiline = s == 3;
            if (query_reply_read(bad, sizeof bad, arena, &view))
                query_print_message(run, &context, &view, false);
            assert_true(view.record_count <= 6);
        }
        arena_reset(arena);
        assert_int_equal(query_reply_read(good, i, arena, &view), i >= 12);
    }
    fclose(run->out);
    arena_free(arena);
    mem_free(run);
}

static void test_periods(void **state)
{
    static const struct { uint32_t seconds; const char *want; } cases[] = {
        { 0, "0 seconds" }, { 1, "1 second" }, { 604800, "1 week" }, { 1209600, "2 weeks" }, { 90061, "1 day 1 hour 1 minute 1 second" }, { 300, "5 minutes" } };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char out[128];
        struct text text;
        text_fixed(&text, out, sizeof out);
        query_print_period(&text, cases[i].seconds);
        assert_string_equal(out, cases[i].want);
    }
}

static void test_opcodes(void **state)
{
    static const struct { unsigned opcode; const char *want; } cases[] = {      /* dig 9.18 */
        { 0, "QUERY" }, { 1, "IQUERY" }, { 2, "STATUS" }, { 3, "RESERVED3" }, { 4, "NOTIFY" }, { 5, "UPDATE" }, { 6, "RESERVED6" }, { 15, "RESERVED15" } };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char word[CODE_TEXT_ROOM];
        assert_string_equal(query_opcode_text((uint16_t)(cases[i].opcode << 11 | 0x87ff), word), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build), cmocka_unit_test(test_ixfr), cmocka_unit_test(test_plus_refuses), cmocka_unit_test(test_plus_table),
        cmocka_unit_test(test_resolv), cmocka_unit_test(test_spoilt_replies), cmocka_unit_test(test_periods),
        cmocka_unit_test(test_opcodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
