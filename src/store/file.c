/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file.h"
#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 1000 };

static enum status write_whole(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t done = write(fd, data, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return E_SYSTEM;
        data += done;
        bytes -= (size_t)done;
    }
    return OK;
}

static void close_keeping_errno(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

static enum status lock_whole(int fd, bool wait)
{
    while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return E_AGAIN;
        if (errno != EINTR)
            return E_SYSTEM;
    }
    return OK;
}

/* Whether the open file is still the one of that name, and of no other: who had the lock before may have moved it. */
static bool is_still(int fd, const char *path)
{
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 && open_one.st_dev == named.st_dev &&
           open_one.st_ino == named.st_ino && open_one.st_nlink == 1 && S_ISREG(open_one.st_mode);
}

/* Opens and locks PATH.new; one of another kind or with a second name is taken away first. */
static enum status open_new(const char *path, int *out)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0 && errno != ELOOP && errno != ENXIO)
            return E_SYSTEM;
        if (fd < 0) {
            (void)unlink(path);
            continue;
        }
        enum status status = lock_whole(fd, true);
        if (status == OK && is_still(fd, path)) {
            *out = fd;
            return OK;
        }
        struct stat facts;
        if (status == OK && fstat(fd, &facts) == 0 && (facts.st_nlink > 1 || !S_ISREG(facts.st_mode)))
            (void)unlink(path);
        close_keeping_errno(fd);
        if (status != OK)
            return status;
    }
    errno = EBUSY;
    return E_SYSTEM;
}

static enum status put_in_place(const char *from, const char *to, enum store_how how)
{
    if (how == STORE_REPLACE)
        return rename(from, to) == 0 ? OK : E_SYSTEM;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return OK;
    if (errno == EEXIST)
        return E_EXISTS;
    if (errno != EINVAL && errno != ENOSYS)
        return E_SYSTEM;
    /* A file system without that call: the look and the move are two steps. */
    struct stat facts;
    if (lstat(to, &facts) == 0)
        return E_EXISTS;
    return rename(from, to) == 0 ? OK : E_SYSTEM;
}

enum status store_file_write(const char *path, const void *data, size_t bytes, mode_t mode, enum store_how how)
{
    char fresh[PATH_MAX];
    int fd = -1;
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return E_LIMIT;
    enum status status = open_new(fresh, &fd);
    if (status != OK)
        return status;
    if (fchmod(fd, mode) != 0 || ftruncate(fd, 0) != 0)
        status = E_SYSTEM;
    if (status == OK)
        status = write_whole(fd, data, bytes);
    if (status == OK && fsync(fd) != 0)
        status = E_SYSTEM;
    if (status == OK)
        status = put_in_place(fresh, path, how);
    if (status != OK) {
        int error = errno;
        (void)unlink(fresh);                        /* it is ours as long as the lock is held */
        errno = error;
    }
    close_keeping_errno(fd);
    return status == OK ? store_file_sync_folder(path) : status;
}

/* As much as there is, at most `most`; the size that the system tells is a hint only. */
static enum status read_whole(int fd, size_t most, size_t hint, char **out, size_t *bytes)
{
    size_t room = (hint < most ? hint : most) + 2, length = 0;
    char *data = mem_alloc(room);
    if (!data)
        return E_NOMEM;
    enum status status = OK;
    for (;;) {
        ssize_t got = read(fd, data + length, room - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = E_SYSTEM;
        if (got <= 0)
            break;
        length += (size_t)got;
        if (length > most || length == room - 1) {
            status = E_LIMIT;                       /* it grew while it was read, or was too large */
            break;
        }
    }
    if (status != OK) {
        mem_wipe(data, room);
        mem_free(data);
        return status;
    }
    data[length] = '\0';
    *out = data;
    *bytes = length;
    return OK;
}

enum status store_file_read(const char *path, size_t most, char **out, size_t *bytes)
{
    struct stat facts;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);     /* a FIFO must not hold us up */
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : E_SYSTEM;
    enum status status = fstat(fd, &facts) != 0 ? E_SYSTEM : OK;
    if (status == OK && !S_ISREG(facts.st_mode))
        status = E_INVALID;
    if (status == OK && (uintmax_t)facts.st_size > most)
        status = E_LIMIT;
    if (status == OK)
        status = read_whole(fd, most, (size_t)facts.st_size, out, bytes);
    close_keeping_errno(fd);
    return status;
}

enum status store_file_remove(const char *path)
{
    if (unlink(path) != 0)
        return errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : E_SYSTEM;
    return store_file_sync_folder(path);
}

enum status store_lock_open(struct store_lock *lock, const char *path, bool wait)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return E_SYSTEM;
    enum status status = lock_whole(fd, wait);
    if (status != OK) {
        close_keeping_errno(fd);
        return status;
    }
    lock->fd = fd;
    return OK;
}

void store_lock_close(struct store_lock *lock)
{
    if (lock->fd > 0)
        close(lock->fd);
    lock->fd = 0;
}
