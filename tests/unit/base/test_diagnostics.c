/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/diagnostics.h"

#include <stdlib.h>

static void check_print(const struct diagnostics *sink, bool colour, const char *want)
{
    char *have = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&have, &size);
    diagnostics_print(sink, stream, colour);
    fclose(stream);
    assert_string_equal(have, want);
    free(have);
}

static void prints_place_and_caret(void **state)
{
    (void)state;
    struct diagnostics *sink = diagnostics_new(0);
    char source[] = "\tA\xc3\xbc 192.0.2.300\x1b[2J";
    struct place place = { "zones/example.zone", 12, 6, source, sizeof source - 1 };
    diagnostics_add(sink, SEVERITY_ERROR, "syntax", &place, "not an address: %s", "192.0.2.300");
    memset(source, 'x', sizeof source - 1); /* it keeps copies */
    diagnostics_add(sink, SEVERITY_WARNING, "missing-glue", &(struct place){ .file = "a" }, "no glue");
    diagnostics_add(sink, SEVERITY_WARNING, NULL, NULL, "no place");
    check_print(sink, false,
                "zones/example.zone:12:6: error: not an address: 192.0.2.300 [syntax]\n"
                "    \tA\xc3\xbc 192.0.2.300?[2J\n"
                "    \t   ^\n"
                "a: warning: no glue [missing-glue]\n"
                "warning: no place [syntax]\n");
    assert_int_equal(diagnostics_count(sink, SEVERITY_ERROR), 1);
    assert_int_equal(diagnostics_count(sink, SEVERITY_WARNING), 2);
    assert_int_equal(diagnostics_kept(sink), 3);
    assert_int_equal(diagnostics_get(sink, 0)->line, 12);
    assert_string_equal(diagnostics_get(sink, 1)->check, "missing-glue");
    diagnostics_clear(sink);
    assert_int_equal(diagnostics_kept(sink), 0);
    assert_int_equal(diagnostics_count(sink, SEVERITY_WARNING), 0);
    diagnostics_add(sink, SEVERITY_ERROR, "x", NULL, "y");
    check_print(sink, true, "\033[1;31merror:\033[0m y [x]\n");
    diagnostics_free(sink);
}

static void keeps_to_its_limit(void **state)
{
    (void)state;
    struct diagnostics *sink = diagnostics_new(3);
    for (int i = 0; i < 10; i++)
        diagnostics_add(sink, SEVERITY_ERROR, "x", NULL, "number %d", i);
    assert_int_equal(diagnostics_kept(sink), 3);
    assert_int_equal(diagnostics_count(sink, SEVERITY_ERROR), 10);
    assert_string_equal(diagnostics_get(sink, 2)->text, "number 2");
    check_print(sink, false, "error: number 0 [x]\nerror: number 1 [x]\nerror: number 2 [x]\n7 more not shown\n");
    diagnostics_free(sink);
    sink = diagnostics_new(3);                       /* warnings never hide an error */
    for (int i = 0; i < 5; i++)
        diagnostics_add(sink, SEVERITY_WARNING, "w", NULL, "warning %d", i);
    assert_true(diagnostics_full(sink, SEVERITY_WARNING));
    assert_false(diagnostics_full(sink, SEVERITY_ERROR));
    diagnostics_add(sink, SEVERITY_ERROR, "x", NULL, "error");
    assert_int_equal(diagnostics_kept(sink), 3);
    assert_string_equal(diagnostics_get(sink, 1)->text, "warning 1");
    assert_string_equal(diagnostics_get(sink, 2)->text, "error");
    diagnostics_add(sink, SEVERITY_ERROR, "x", NULL, "second");
    diagnostics_add(sink, SEVERITY_ERROR, "x", NULL, "third");
    assert_true(diagnostics_full(sink, SEVERITY_ERROR));
    assert_string_equal(diagnostics_get(sink, 0)->text, "error");
    assert_string_equal(diagnostics_get(sink, 2)->text, "third");
    diagnostics_free(sink);
    sink = diagnostics_new(0);
    diagnostics_add(sink, SEVERITY_ERROR, "x", NULL, "cannot include '%s'", "a\x1b[31m\nb\tc\x7f");
    assert_string_equal(diagnostics_get(sink, 0)->text, "cannot include 'a?[31m?b\tc?'");
    diagnostics_free(sink);
    diagnostics_add(NULL, SEVERITY_ERROR, "x", NULL, "nothing happens");
    assert_int_equal(diagnostics_count(NULL, SEVERITY_ERROR), 0);
    assert_int_equal(diagnostics_kept(NULL), 0);
    diagnostics_print(NULL, stderr, false);
    diagnostics_clear(NULL);
    diagnostics_free(NULL);
}

static void long_and_odd_lines(void **state)
{
    (void)state;
    struct diagnostics *sink = diagnostics_new(0);
    char *line = malloc(1 << 20);
    memset(line, 'a', 1 << 20);
    line[3] = 0;
    diagnostics_add(sink, SEVERITY_ERROR, "x", &(struct place){ "f", 1, 900000, line, 1 << 20 }, "far away");
    const char *source = diagnostics_get(sink, 0)->source;
    assert_true(strlen(source) >= 100 && strlen(source) < 2000); /* the NUL does not end it, nor is all of it kept */
    free(line);
    char *have = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&have, &size);
    diagnostics_print(sink, stream, false);
    fclose(stream);
    assert_non_null(strstr(have, "    aaa?aaa"));
    assert_null(strchr(have, '^'));
    free(have);
    diagnostics_free(sink);
}

static void keys_in_urls_are_hidden(void **state)
{
    (void)state;
    static const struct { const char *line, *shown; } cases[] = {
        { "  url: https://node.example/v2/secret", "  url: https://node.example**********" },
        { "{ \"url\": \"https://me:pw@node.example:8545?key=s\", \"x\": 1 }", "{ \"url\": \"https://*****@node.example:8545******\", \"x\": 1 }" },
        { "rpc: 'http://127.0.0.1:8545'", "rpc: 'http://127.0.0.1:8545'" },
        { "  - { url: \"http://a/b\", rpc: \"http://c/d\" }", "  - { url: \"http://a**\", rpc: \"http://c**\" }" },
        { "a TXT \"see https://example/page\"", "a TXT \"see https://example/page\"" },
        { "://", "://" }, { "url:://", "url:://" }, { "url: x://", "url: x://" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct diagnostics *sink = diagnostics_new(0);
        struct place place = { "f", 1, 0, cases[i].line, strlen(cases[i].line) };
        diagnostics_add(sink, SEVERITY_WARNING, "w", &place, "t");
        assert_string_equal(diagnostics_get(sink, 0)->source, cases[i].shown);
        diagnostics_free(sink);
    }
}

static void lack_of_memory_still_counts(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 12; nth++) {
        fault_after(nth);
        struct diagnostics *sink = diagnostics_new(0);
        if (sink) {
            diagnostics_add(sink, SEVERITY_ERROR, "x", &(struct place){ "f", 1, 1, "abc", 3 }, "y");
            assert_int_equal(diagnostics_count(sink, SEVERITY_ERROR), 1);
        }
        fault_after(0);
        diagnostics_free(sink);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_place_and_caret),
        cmocka_unit_test(keeps_to_its_limit),
        cmocka_unit_test(long_and_odd_lines),
        cmocka_unit_test(keys_in_urls_are_hidden),
        cmocka_unit_test(lack_of_memory_still_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
