/* SPDX-License-Identifier: Apache-2.0 */
/* The set of zones, without a network: moving between configurations, with every allocation failing once. */
#include "daemon/inside.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/rhizome-keeper-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void put_zone(const char *name, unsigned serial)
{
    char text[200];
    snprintf(text, sizeof text, "@ 60 SOA ns h %u 4 3 2 1\n@ 60 NS ns\nns 60 A 192.0.2.1\n", serial);
    put(name, text);
}

static struct config *read_config(const char *text)
{
    char path[300];
    struct config *config = NULL;
    put("rhizd.yaml", text);
    snprintf(path, sizeof path, "%s/rhizd.yaml", folder);
    struct config_source source = { .path = path };
    assert_int_equal(config_read(&source, &config, NULL), OK);
    return config;
}

static struct keeper *new_keeper(struct epoch *epoch)
{
    char journal[300];
    snprintf(journal, sizeof journal, "%s/added-zones", folder);
    struct keeper_options options = { .epoch = epoch, .journal = journal, .loaders = 2 };
    return keeper_new(&options);
}

static struct zone *find(struct keeper *keeper, size_t view, const char *text)
{
    struct name name;
    assert_int_equal(name_parse(slice_string(text), name_root, &name), OK);
    return zone_table_get(keeper->views[view].table, name_view_of(&name), CLASS_IN);
}

static unsigned serial(struct keeper *keeper, size_t view, const char *name)
{
    struct zone *zone = find(keeper, view, name);
    const struct zone_version *version = zone ? zone_current(zone) : NULL;
    return version ? zone_version_serial(version) : 0;
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[400];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static const char first_text[] = "zones: [{ name: a, file: a }, { name: b, file: b }, { name: broken, file: none }]\n";
static const char second_text[] =
    "acl: { l: [loopback] }\nzones: [{ name: b, file: b, allow-transfer: l }, { name: c, file: c }]\n"
    "views: [{ name: v, clients: l, zones: [c, { name: b, file: own }] }, { name: default }]\n";

static void moving(void **state)
{
    struct keeper_totals totals = { 0 };
    struct epoch *epoch = epoch_new();
    struct keeper *keeper = new_keeper(epoch);
    (void)state;
    put_zone("a", 1);
    put_zone("b", 2);
    put_zone("c", 3);
    put_zone("own", 4);
    struct config *first = read_config(first_text), *second = read_config(second_text);
    assert_int_equal(keeper_move(keeper, first, true, false, NULL, &totals), OK);
    assert_non_null(find(keeper, 0, "a"));
    assert_null(zone_current(find(keeper, 0, "a")));        /* there, but not loaded: SERVFAIL, not REFUSED */
    assert_false(keeper_ready(keeper));
    keeper_load(keeper, NULL, &totals);
    assert_true(keeper_ready(keeper));
    assert_int_equal(totals.loaded, 2);
    assert_int_equal(totals.failed, 1);
    assert_int_equal(serial(keeper, 0, "a"), 1);
    assert_non_null(find(keeper, 0, "broken"));
    struct zone *b = find(keeper, 0, "b");

    assert_int_equal(keeper_move(keeper, second, false, false, NULL, &totals), OK);
    config_free(first);
    assert_int_equal(totals.loaded, 2);                     /* c, and b of its own view */
    assert_int_equal(totals.unchanged, 1);
    assert_int_equal(totals.added, 2);
    assert_int_equal(totals.removed, 2);
    assert_int_equal(keeper->view_count, 2);
    assert_int_equal(serial(keeper, 0, "b"), 4);
    assert_int_equal(serial(keeper, 0, "c"), 3);
    assert_null(find(keeper, 0, "a"));
    assert_ptr_equal(find(keeper, 1, "b"), b);              /* the same zone goes on */
    assert_ptr_equal(find(keeper, 0, "c"), find(keeper, 1, "c"));       /* shared by reference */
    assert_non_null(zone_user(b));

    first = read_config(first_text);
    assert_int_equal(keeper_move(keeper, first, false, false, NULL, &totals), OK);
    config_free(second);
    assert_int_equal(keeper->view_count, 1);
    assert_int_equal(serial(keeper, 0, "a"), 1);
    assert_int_equal(serial(keeper, 0, "b"), 2);
    keeper_free(keeper);
    epoch_free(epoch);
    config_free(first);
}

/* A move that runs out of memory leaves everything as it was, whichever allocation it is. */
static void moving_without_memory(void **state)
{
    struct keeper_totals totals = { 0 };
    struct epoch *epoch = epoch_new();
    struct keeper *keeper = new_keeper(epoch);
    struct config *first = read_config(first_text), *second = read_config(second_text);
    enum status st = E_NOMEM;
    (void)state;
    assert_int_equal(keeper_move(keeper, first, true, false, NULL, &totals), OK);
    keeper_load(keeper, NULL, &totals);
    struct zone *b = find(keeper, 0, "b");
    uint64_t n = 0;
    while (st == E_NOMEM && n++ < 200) {
        fault_after(n);
        st = keeper_move(keeper, second, false, false, NULL, &totals);
        fault_after(0);
        if (st != E_NOMEM)
            break;
        assert_int_equal(keeper->view_count, 1);
        assert_int_equal(table_count(keeper->zones), 3);
        assert_ptr_equal(find(keeper, 0, "b"), b);
        assert_int_equal(serial(keeper, 0, "a"), 1);
        (void)epoch_reclaim(epoch);
    }
    assert_int_equal(st, OK);
    assert_true(n > 5);
    keeper_free(keeper);
    epoch_free(epoch);
    config_free(first);
    config_free(second);
}

static struct kept *kept(struct keeper *keeper, const char *text)
{
    struct name name;
    assert_int_equal(name_parse(slice_string(text), name_root, &name), OK);
    return kept_find(keeper, CLASS_IN, name_view_of(&name), NULL);
}

/* Reading a zone again runs out of memory anywhere: the old content stays; then what the new one is warned about is kept. */
static void loading_without_memory(void **state)
{
    struct keeper_totals totals = { 0 };
    struct epoch *epoch = epoch_new();
    struct keeper *keeper = new_keeper(epoch);
    (void)state;
    put_zone("a", 5);
    struct config *config = read_config("zones: [{ name: a, file: a }]\n");
    assert_int_equal(keeper_move(keeper, config, true, false, NULL, &totals), OK);
    keeper_load(keeper, NULL, &totals);
    assert_int_equal(serial(keeper, 0, "a"), 5);
    put_zone("a", 4);
    atomic_store(&keeper->ready, false);        /* so that it is read on this thread, whose allocations fail */
    struct diagnostics *diag = diagnostics_new(50);
    enum status st = E_NOMEM;
    uint64_t n = 0;
    while (st != OK && n++ < 500) {
        diagnostics_clear(diag);
        fault_after(n);
        st = load_one(keeper, kept(keeper, "a"), true, diag);
        fault_after(0);
        assert_int_equal(serial(keeper, 0, "a"), st == OK ? 4 : 5);
    }
    assert_int_equal(st, OK);
    assert_true(n > 5);
    put_zone("a", 3);
    diagnostics_clear(diag);
    assert_int_equal(load_one(keeper, kept(keeper, "a"), true, diag), OK);
    assert_non_null(strstr(kept(keeper, "a")->warnings, "serial 3 is not after 4"));
    diagnostics_free(diag);
    keeper_free(keeper);
    epoch_free(epoch);
    config_free(config);
}

static struct keeper *new_keeper_with_snapshots(struct epoch *epoch)
{
    char path[300];
    snprintf(path, sizeof path, "%s/snapshots", folder);
    struct keeper_options options = { .epoch = epoch, .snapshots = path, .loaders = 1 };
    return keeper_new(&options);
}

static size_t present(struct keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    size_t count = table_count(keeper->snapshots->present);
    pthread_mutex_unlock(&keeper->lock);
    return count;
}

/* A version is written in the background; to load it runs out of memory anywhere, and then it is the text, or nothing yet, never half of one. */
static void snapshots_without_memory(void **state)
{
    const struct timespec long_ago[2] = { { .tv_sec = 1600000000, .tv_nsec = 5 }, { .tv_sec = 1600000000, .tv_nsec = 5 } };
    struct keeper_totals totals = { 0 };
    struct epoch *epoch = epoch_new();
    struct keeper *keeper = new_keeper_with_snapshots(epoch);
    char path[300], *warnings;
    (void)state;
    put_zone("a", 5);
    snprintf(path, sizeof path, "%s/a", folder);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    struct config *config = read_config("server: { snapshots: { records: 1 } }\nzones: [{ name: a, file: a }, { name: broken, file: none }]\n");
    assert_int_equal(keeper_move(keeper, config, true, false, NULL, &totals), OK);
    keeper_load(keeper, NULL, &totals);
    for (int i = 0; i < 10000 && present(keeper) == 0; i++)
        usleep(1000);
    assert_int_equal(present(keeper), 1);
    warnings = mem_string(kept(keeper, "a")->warnings);
    keeper_free(keeper);
    bool done = false;
    for (uint64_t n = 1; n < 500 && !done; n++) {
        keeper = new_keeper_with_snapshots(epoch);
        assert_int_equal(keeper_move(keeper, config, true, false, NULL, &totals), OK);
        fault_after(n);
        enum status st = load_one(keeper, kept(keeper, "a"), false, NULL);
        fault_after(0);
        assert_int_equal(serial(keeper, 0, "a"), st == OK ? 5 : 0);
        done = st == OK && kept(keeper, "a")->from_snapshot;
        if (done)
            assert_string_equal(kept(keeper, "a")->warnings, warnings);
        keeper_free(keeper);
    }
    assert_true(done);
    fault_after(0);
    for (uint64_t n = 1; n < 40; n++) {
        fault_after(n);
        keeper = new_keeper_with_snapshots(epoch);
        fault_after(0);
        keeper_free(keeper);
    }
    mem_free(warnings);
    epoch_free(epoch);
    config_free(config);
}

/* By hand: SOA 3+10+31, NS 3+10+6, A 6+10+4 octets. */
static void rssac(void **state)
{
    struct keeper_totals totals = { 0 };
    struct epoch *epoch = epoch_new();
    struct keeper *keeper = new_keeper(epoch);
    uint64_t octets = 0, seconds = 99;
    (void)state;
    put_zone("a", 5);
    struct config *config = read_config("zones: [{ name: a, file: a }, { name: broken, file: none }]\n");
    assert_int_equal(keeper_move(keeper, config, true, false, NULL, &totals), OK);
    keeper_load(keeper, NULL, &totals);
    for (uint64_t n = 1; n < 30; n++) {
        struct json_value *out = json_value_object();
        fault_after(n);
        keeper_rssac(keeper, out);
        fault_after(0);
        json_value_free(out);
    }
    struct json_value *out = json_value_object();
    keeper_rssac(keeper, out);
    assert_int_equal(json_value_count(json_value_get(out, "zone-size")), 1);
    assert_true(json_value_get_u64(json_value_get(json_value_get(out, "zone-size"), "a."), "5", &octets));
    assert_int_equal(octets, 83);
    assert_true(json_value_get_u64(json_value_get(json_value_get(out, "load-time"), "a."), "5", &seconds));
    assert_true(seconds < 60);
    json_value_free(out);
    keeper_free(keeper);
    epoch_free(epoch);
    config_free(config);
}

static void journal(void **state)
{
    static const struct { const char *label, *text; size_t want; } cases[] = {
        { "nothing", "", 0 },
        { "added", "{\"add\":\"a.\",\"class\":\"IN\",\"file\":\"a\"}\n", 1 },
        { "added and removed", "{\"add\":\"a.\",\"file\":\"a\"}\n{\"remove\":\"A.\"}\n", 0 },
        { "twice is once", "{\"add\":\"a.\",\"file\":\"a\"}\n{\"add\":\"a.\",\"file\":\"b\"}\n", 1 },
        { "by class", "{\"add\":\"a.\",\"file\":\"a\"}\n{\"add\":\"a.\",\"class\":\"CH\",\"file\":\"b\"}\n", 2 },
        { "cut short", "{\"add\":\"a.\",\"file\":\"a\"}\n{\"add\":\"b.\",\"fi", 1 },
        { "a whole line but no end", "{\"add\":\"a.\",\"file\":\"a\"}", 0 },
        { "nonsense between", "{\"add\":\"a.\",\"file\":\"a\"}\nxx\n\n[]\n{}\n{\"add\":\"..\",\"file\":\"a\"}\n{\"add\":\"b.\"}\n{\"add\":\"c.\",\"file\":\"c\"}\n", 2 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        put("added-zones", cases[i].text);
        for (int again = 0; again < 2; again++) {       /* the second time from what was written anew */
            struct epoch *epoch = epoch_new();
            struct keeper *keeper = new_keeper(epoch);
            assert_non_null(keeper);
            if (table_count(keeper->added) != cases[i].want)
                fail_msg("%s: %zu", cases[i].label, table_count(keeper->added));
            keeper_free(keeper);
            epoch_free(epoch);
        }
    }
    put("added-zones", "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(moving), cmocka_unit_test(moving_without_memory), cmocka_unit_test(loading_without_memory), cmocka_unit_test(snapshots_without_memory),
        cmocka_unit_test(rssac), cmocka_unit_test(journal) };
    struct log_options quiet = { .level = LOG_LEVEL_ERROR, .file = "/dev/null" };
    if (log_open(&quiet) != OK)
        return 1;
    int result = cmocka_run_group_tests(tests, set_up, tear_down);
    log_close();
    return result;
}
