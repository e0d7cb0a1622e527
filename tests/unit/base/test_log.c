/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/rhizome-log-XXXXXX";
static char path[64], moved[80];

static char *slurp(const char *name)
{
    static char content[1 << 20];
    FILE *file = fopen(name, "rb");
    if (!file)
        fail_msg("cannot open %s", name);
    size_t length = fread(content, 1, sizeof content - 1, file);
    fclose(file);
    content[length] = 0;
    return content;
}

static void open_fresh(enum log_level level, bool json)
{
    unlink(path);
    struct log_options options = { .level = level, .json = json, .file = path };
    assert_int_equal(log_open(&options), OK);
}

static void lines_of_text(void **state)
{
    (void)state;
    open_fresh(LOG_LEVEL_INFO, false);
    log_info(LOG_ZONE, "zone loaded", log_text("zone", "example."), log_u64("serial", 5), log_i64("delta", -3));
    log_debug(LOG_NET, "not wanted");
    log_error(LOG_SERVER, "plain");
    log_warning(LOG_POLICY, "odd", log_text("a", "x y"), log_text("b", "line\nbreak\x1b[2J"), log_text("c", ""),
                log_text("d", "k=v"), log_text("e", NULL));
    assert_string_equal(slurp(path), "info zone: zone loaded zone=example. serial=5 delta=-3\n"
                                     "error server: plain\n"
                                     "warning policy: odd a=\"x y\" b=\"line\\u000abreak\\u001b[2J\" c=\"\" d=\"k=v\" e=-\n");
    assert_true(log_wanted(LOG_LEVEL_INFO));
    assert_false(log_wanted(LOG_LEVEL_DEBUG));
}

static void lines_of_json(void **state)
{
    (void)state;
    open_fresh(LOG_LEVEL_DEBUG, true);
    log_debug(LOG_TAP, "it \"is\"", log_text("a", "1"), log_u64("b", 2));
    assert_string_equal(slurp(path),
                        "{\"level\":\"debug\",\"area\":\"tap\",\"message\":\"it \\\"is\\\"\",\"a\":\"1\",\"b\":2}\n");
}

static void timestamps(void **state)
{
    (void)state;
    unlink(path);
    struct log_options options = { .level = LOG_LEVEL_INFO, .timestamps = true, .file = path };
    assert_int_equal(log_open(&options), OK);
    log_info(LOG_CONFIG, "x");
    const char *line = slurp(path);
    assert_int_equal(strlen(line), strlen("2026-01-01T00:00:00.000Z info config: x\n"));
    assert_int_equal(line[10], 'T');
    assert_string_equal(line + 23, "Z info config: x\n");
}

static void long_lines_lose_whole_fields(void **state)
{
    (void)state;
    char value[6000];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = 0;
    open_fresh(LOG_LEVEL_INFO, true);
    log_info(LOG_CONTROL, "long", log_text("a", "1"), log_text("b", value), log_text("c", "3"));
    const char *line = slurp(path);
    assert_string_equal(line, "{\"level\":\"info\",\"area\":\"control\",\"message\":\"long\",\"a\":\"1\"}\n");
}

static void bad_file_changes_nothing(void **state)
{
    (void)state;
    open_fresh(LOG_LEVEL_INFO, false);
    struct log_options bad = { .level = LOG_LEVEL_ERROR, .file = "/no/such/folder/log" };
    assert_int_equal(log_open(&bad), E_SYSTEM);
    log_info(LOG_NET, "still here");
    assert_string_equal(slurp(path), "info net: still here\n");
}

static void *write_lines(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 2000; i++)
        log_info(LOG_NET, "a line that is long enough to be torn if it were written in pieces", log_u64("number", i));
    return NULL;
}

static size_t whole_lines(const char *name)
{
    size_t count = 0;
    for (char *line = slurp(name), *end; (end = strchr(line, '\n')) != NULL; line = end + 1, count++)
        assert_memory_equal(line, "info net: a line that is long enough to be torn", 47);
    return count;
}

static void reopen_loses_no_line(void **state)
{
    (void)state;
    open_fresh(LOG_LEVEL_INFO, false);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    size_t count = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(moved, sizeof moved, "%s.%d", path, i);
        assert_int_equal(rename(path, moved), 0);
        assert_int_equal(log_reopen(), OK);
        usleep(500);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 20; i++) {
        snprintf(moved, sizeof moved, "%s.%d", path, i);
        count += whole_lines(moved);
        unlink(moved);
    }
    count += whole_lines(path);
    assert_int_equal(count, 8000);
}

static void strangers_cannot_fill_the_log(void **state)
{
    (void)state;
    _Atomic uint64_t stamp = 0;
    assert_true(log_allowed(&stamp, 3600));
    for (int i = 0; i < 1000; i++)
        assert_false(log_allowed(&stamp, 3600));
    assert_true(log_allowed(&stamp, 0));
}

static void failed_checks_are_counted(void **state)
{
    (void)state;
    open_fresh(LOG_LEVEL_INFO, false);
    uint64_t before = check_failures();
    for (int i = 0; i < 5; i++)
        assert_false(check(1 + 1 == 3));
    assert_true(check(1 + 1 == 2));
    assert_int_equal(check_failures() - before, 5);
    char *line = slurp(path);
    assert_non_null(strstr(line, "condition=\"1 + 1 == 3\""));
    assert_null(strchr(strchr(line, '\n') + 1, '\n')); /* logged once */
    assert_string_equal(status_text(OK), "ok");
    for (int i = 0; i < STATUS_COUNT; i++)
        assert_true(status_text((enum status)i) && strlen(status_text((enum status)i)) > 1);
    assert_string_equal(status_text((enum status)9999), "unknown status");
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/log", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_close();
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_text),
        cmocka_unit_test(lines_of_json),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(long_lines_lose_whole_fields),
        cmocka_unit_test(bad_file_changes_nothing),
        cmocka_unit_test(reopen_loses_no_line),
        cmocka_unit_test(strangers_cannot_fill_the_log),
        cmocka_unit_test(failed_checks_are_counted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
