/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands holds together: help, manual and completion are read from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tools.h"

static char *printed(int (*print)(FILE *out, const char *what), const char *what, int want)
{
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    assert_int_equal(print(out, what), want);
    fclose(out);
    return data;
}

static void test_table(void **state)
{
    const struct tool_command *c, *other;
    (void)state;
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++) {
        assert_non_null(c->noun);
        assert_true(strlen(c->help) > 3);
        assert_true(c->least <= c->most && c->most <= TOOL_ARGUMENTS);
        /* what asks the daemon can be told where it is */
        assert_true(c->control_verb == NULL || (c->options & WITH(OPTION_SOCKET) && c->options & WITH(OPTION_CONFIG) && c->options & WITH(OPTION_JSON)));
        for (size_t j = 0; j < i; j++) {
            other = tool_command_at(j);
            assert_true(strcmp(c->noun, other->noun) != 0 || (c->verb != NULL && other->verb != NULL && strcmp(c->verb, other->verb) != 0));
        }
    }
    for (enum tool_option i = 0; i < TOOL_OPTIONS; i++) {
        assert_non_null(tool_option_row(i)->name);
        assert_memory_equal(tool_option_row(i)->name, "--", 2);
        assert_non_null(tool_option_row(i)->help);
    }
}

static void test_pages_name_every_verb(void **state)
{
    char *page = printed(tools_man_print, "rhiz", TOOL_DONE);
    const struct tool_command *c;
    (void)state;
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++)
        if (c->run != NULL) {
            char words[64];
            snprintf(words, sizeof words, ".B rhiz %s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
            assert_non_null(strstr(page, words));
        }
    free(page);
    free(printed(tools_man_print, "nosuch", TOOL_USAGE));
    page = printed(tools_man_print, "rhiz-name", TOOL_DONE);
    static const char *const wanted[] = { ".B rhiz name register", ".B rhiz wallet new", "max\\-cost", "pending" };
    for (size_t i = 0; i < LENGTH_OF(wanted); i++)
        assert_non_null(strstr(page, wanted[i]));
    free(page);
    char *bash = printed(tools_completion_print, "bash", TOOL_DONE);
    assert_non_null(strstr(bash, "complete -F _rhiz rhiz"));
    assert_null(strstr(bash, "tsig"));
    free(bash);
    free(printed(tools_completion_print, "tcsh", TOOL_USAGE));
}

static void test_columns(void **state)
{
    char *data = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&data, &size);
    struct columns_table *t = columns_new(3);
    static const char *const cells[] = { "A", "NUMBER", "C", "long name", "7", NULL };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cells); i++)
        columns_add(t, cells[i]);
    columns_print(t, out, 1u << 1);
    columns_free(t);
    fclose(out);
    assert_string_equal(data, "A          NUMBER  C\nlong name       7  -\n");
    free(data);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 8; n++) {
        fault_after(n);
        struct columns_table *t = columns_new(2);
        columns_add(t, "a");
        columns_add(t, "b");
        columns_free(t);
        fault_after(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_pages_name_every_verb), cmocka_unit_test(test_columns), cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
