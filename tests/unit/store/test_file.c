/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are whole at every moment: a writer is killed after each of its system calls, and at random times. */
#include "unit.h"
#include "base/base.h"
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTENT = 100000 };

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][PATH_MAX];
    static size_t next;
    char *out = path[next++ % 4];
    snprintf(out, PATH_MAX, "%s/%s", folder, name);
    return out;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/unit-store-XXXXXX", getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 40 ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static bool remove_one(void *context, const char *name)
{
    (void)context;
    if (unlink(in_folder(name)) != 0)
        (void)rmdir(in_folder(name));
    return true;
}

static int tear_down(void **state)
{
    (void)state;
    if (store_folder_each(folder, 1000, remove_one, NULL) != OK)
        return -1;
    return rmdir(folder);
}

static void check_content(const char *path, const char *want)
{
    char *data = NULL;
    size_t bytes = 0;
    CHECK_EQUAL(store_file_read(path, 1 << 20, &data, &bytes), OK, path);
    CHECK_EQUAL(bytes, strlen(want), path);
    CHECK_STRING(data, want, path);
    mem_free(data);
}

static void writes(void **state)
{
    (void)state;
    struct stat facts;
    const char *path = in_folder("plain");
    mode_t old = umask(0077);
    assert_int_equal(store_file_write(path, "first", 5, 0640, STORE_REPLACE), OK);
    umask(old);
    check_content(path, "first");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0640);
    assert_int_equal(store_file_write(path, "2nd", 3, 0600, STORE_CREATE), E_EXISTS);
    check_content(path, "first");
    assert_int_equal(store_file_write(path, "2nd", 3, 0600, STORE_REPLACE), OK);
    check_content(path, "2nd");
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(store_file_write(path, "", 0, 0600, STORE_REPLACE), OK);
    check_content(path, "");
    assert_int_equal(access(in_folder("plain.new"), F_OK), -1);
    assert_int_equal(store_file_remove(path), OK);
    assert_int_equal(store_file_remove(path), E_NOT_FOUND);
    assert_int_equal(store_file_write(path, "new", 3, 0600, STORE_CREATE), OK);
    check_content(path, "new");
    errno = 0;
    assert_int_equal(store_file_write(in_folder("absent/file"), "x", 1, 0600, STORE_REPLACE), E_SYSTEM);
    assert_int_equal(errno, ENOENT);
    char long_path[PATH_MAX + 8];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(store_file_write(long_path, "x", 1, 0600, STORE_REPLACE), E_LIMIT);
}

/* What lies at PATH.new, left by a crash or laid there, is never written through. */
static void leftovers(void **state)
{
    (void)state;
    struct stat facts;
    assert_int_equal(store_file_write(in_folder("other"), "other", 5, 0600, STORE_REPLACE), OK);
    assert_int_equal(symlink(in_folder("other"), in_folder("left.new")), 0);
    assert_int_equal(store_file_write(in_folder("left"), "one", 3, 0600, STORE_REPLACE), OK);
    check_content(in_folder("left"), "one");
    assert_int_equal(link(in_folder("other"), in_folder("left.new")), 0);
    assert_int_equal(store_file_write(in_folder("left"), "two", 3, 0600, STORE_REPLACE), OK);
    check_content(in_folder("left"), "two");
    assert_int_equal(mkfifo(in_folder("left.new"), 0600), 0);
    assert_int_equal(store_file_write(in_folder("left"), "three", 5, 0600, STORE_REPLACE), OK);
    check_content(in_folder("left"), "three");
    check_content(in_folder("other"), "other");
    /* A longer content of a crashed writer does not shine through. */
    FILE *file = fopen(in_folder("left.new"), "w");
    assert_non_null(file);
    fputs("a very long content that was never put in its place", file);
    fclose(file);
    assert_int_equal(store_file_write(in_folder("left"), "four", 4, 0600, STORE_REPLACE), OK);
    check_content(in_folder("left"), "four");
    /* A link at the path itself is replaced. */
    assert_int_equal(symlink(in_folder("other"), in_folder("linked")), 0);
    assert_int_equal(store_file_write(in_folder("linked"), "own", 3, 0600, STORE_REPLACE), OK);
    assert_int_equal(lstat(in_folder("linked"), &facts), 0);
    assert_true(S_ISREG(facts.st_mode));
    check_content(in_folder("other"), "other");
}

static void reads(void **state)
{
    (void)state;
    char *data = NULL;
    size_t bytes = 77;
    assert_int_equal(store_file_write(in_folder("ten"), "0123456789", 10, 0600, STORE_REPLACE), OK);
    assert_int_equal(store_file_read(in_folder("ten"), 9, &data, &bytes), E_LIMIT);
    assert_int_equal(store_file_read(in_folder("nothing"), 9, &data, &bytes), E_NOT_FOUND);
    assert_int_equal(store_file_read(in_folder("ten/nothing"), 9, &data, &bytes), E_NOT_FOUND);
    assert_int_equal(store_file_read(folder, 9, &data, &bytes), E_INVALID);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(store_file_read(in_folder("pipe"), 9, &data, &bytes), E_INVALID);
    fault_after(1);
    assert_int_equal(store_file_read(in_folder("ten"), 10, &data, &bytes), E_NOMEM);
    fault_after(0);
    assert_null(data);
    assert_int_equal(bytes, 77);
    assert_int_equal(store_file_read(in_folder("ten"), 10, &data, &bytes), OK);
    assert_int_equal(bytes, 10);
    mem_free(data);
    /* Files of the kernel tell no size. */
    assert_int_equal(store_file_read("/proc/self/status", 1 << 20, &data, &bytes), E_LIMIT);
}

static void locks(void **state)
{
    (void)state;
    struct store_lock lock = { 0 }, second = { 0 };
    int status = 0;
    store_lock_close(&second);
    assert_int_equal(store_lock_open(&lock, in_folder("lock"), false), OK);
    assert_int_equal(store_lock_open(&second, in_folder("lock"), false), E_AGAIN);
    store_lock_close(&lock);
    assert_int_equal(store_lock_open(&lock, in_folder("lock"), false), OK);
    store_lock_close(&lock);
    /* Whoever holds it and is killed holds it no more. */
    int ready[2];
    char octet;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        if (store_lock_open(&second, in_folder("lock"), true) == OK && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &octet, 1), 1);
    assert_int_equal(store_lock_open(&lock, in_folder("lock"), false), E_AGAIN);
    kill(child, SIGKILL);
    assert_int_equal(store_lock_open(&lock, in_folder("lock"), true), OK);
    assert_int_equal(waitpid(child, &status, 0), child);
    store_lock_close(&lock);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(store_lock_open(&lock, in_folder("absent/lock"), false), E_SYSTEM);
}

static bool join(void *context, const char *name)
{
    struct text *text = context;
    text_add(text, name);
    text_add_char(text, ' ');
    return strcmp(name, "stop") != 0;
}

static void folders(void **state)
{
    (void)state;
    char buffer[200];
    struct text text;
    struct stat facts;
    text_fixed(&text, buffer, sizeof buffer);
    assert_int_equal(store_folder_make(in_folder("a/b//c/"), 0700), OK);
    assert_int_equal(store_folder_make(in_folder("a/b/c"), 0700), OK);
    assert_int_equal(stat(in_folder("a/b/c"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    static const char *const names[] = { "a/z", "a/.hidden", "a/A", "a/stop" };
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        assert_int_equal(store_file_write(in_folder(names[i]), "", 0, 0600, STORE_CREATE), OK);
    assert_int_equal(store_folder_make(in_folder("a/z/below"), 0700), E_INVALID);
    assert_int_equal(store_folder_make(in_folder("a/z"), 0700), E_INVALID);
    assert_int_equal(store_folder_each(in_folder("a"), 4, join, &text), OK);
    assert_string_equal(buffer, "A b stop ");
    assert_int_equal(store_folder_each(in_folder("a"), 3, join, &text), E_LIMIT);
    assert_int_equal(store_folder_each(in_folder("nowhere"), 3, join, &text), E_NOT_FOUND);
    for (uint64_t nth = 1; nth < 6; nth++) {
        fault_after(nth);
        assert_int_equal(store_folder_each(in_folder("a"), 4, join, &text), E_NOMEM);
    }
    fault_after(0);
    assert_string_equal(buffer, "A b stop ");
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        unlink(in_folder(names[i]));
    static const char *const made[] = { "a/b/c", "a/b", "a" };
    for (size_t i = 0; i < LENGTH_OF(made); i++)
        assert_int_equal(rmdir(in_folder(made[i])), 0);
}

/* ---- killed in the middle ---- */

static char contents[2][CONTENT];

/* The content is wholly one of the two; which.  */
static int which_content(const char *path)
{
    char *data = NULL;
    size_t bytes = 0;
    CHECK_EQUAL(store_file_read(path, 1 << 20, &data, &bytes), OK, path);
    int which = -1;
    for (int i = 0; i < 2; i++)
        if (bytes == CONTENT - (size_t)i * 777 && memcmp(data, contents[i], bytes) == 0)
            which = i;
    mem_free(data);
    if (which < 0)
        fail_msg("a torn file of %zu octets", bytes);
    return which;
}

static enum status write_content(const char *path, int which)
{
    return store_file_write(path, contents[which], CONTENT - (size_t)which * 777, 0600, STORE_REPLACE);
}

/* Runs the child to its nth stop at a system call and kills it there.  Returns false once it ended before that. */
static bool kill_at_call(pid_t child, int nth)
{
    int status = 0;
    for (int stop = 0; waitpid(child, &status, 0) == child && WIFSTOPPED(status); stop++) {
        if (stop == nth) {
            kill(child, SIGKILL);
            assert_int_equal(waitpid(child, &status, 0), child);
            return true;
        }
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* At the entry and at the exit of each system call of a write. */
static void killed_at_each_call(void **state)
{
    (void)state;
    const char *path = in_folder("killed");
    int killed = 0, seen[2] = { 0, 0 };
    for (bool alive = true; alive && killed < 1000; killed++) {
        assert_int_equal(write_content(path, 0), OK);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
                _exit(3);
            raise(SIGSTOP);
            _exit(write_content(path, 1) == OK ? 0 : 2);
        }
        alive = kill_at_call(child, killed);
        seen[which_content(path)]++;
    }
    assert_true(killed > 10);
    assert_true(seen[0] > 5 && seen[1] > 1);
}

/* Two writers at once, both killed at some time. */
static void killed_at_random(void **state)
{
    (void)state;
    const char *path = in_folder("random");
    assert_int_equal(write_content(path, 0), OK);
    for (int round = 0; round < 60; round++) {
        pid_t children[2];
        for (int i = 0; i < 2; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            while (children[i] == 0)
                if (write_content(path, i) != OK)
                    _exit(1);
        }
        struct timespec pause_for = { 0, (long)(random_u32() % 8000000) };
        nanosleep(&pause_for, NULL);
        for (int i = 0; i < 2; i++) {
            int status = 0;
            kill(children[i], SIGKILL);
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(WIFSIGNALED(status));
        }
        (void)which_content(path);
    }
    assert_int_equal(write_content(path, 1), OK);
    assert_int_equal(which_content(path), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(writes), cmocka_unit_test(leftovers), cmocka_unit_test(reads), cmocka_unit_test(locks),
                                        cmocka_unit_test(folders), cmocka_unit_test(killed_at_each_call), cmocka_unit_test(killed_at_random) };
    for (size_t i = 0; i < CONTENT; i++) {
        contents[0][i] = (char)(i * 31);
        contents[1][i] = (char)(i * 17 + 5);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
