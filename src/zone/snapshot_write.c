/* SPDX-License-Identifier: Apache-2.0 */
/* A version to a file. */
#include "zone/snapshot_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t front_bytes(const struct zone_version *v, const struct zone_files *files, size_t note)
{
    size_t bytes = sizeof(struct snapshot_head) + snapshot_eight_up(version_apex(v)->length) + snapshot_eight_up(note);
    for (size_t i = 0; i < files->count; i++)
        bytes += sizeof(struct snapshot_file) + snapshot_eight_up(strlen(files->files[i].path));
    return (bytes + SNAPSHOT_PAGE - 1) & ~(size_t)(SNAPSHOT_PAGE - 1);
}

static uint8_t *put_octets(uint8_t *at, const void *octets, size_t bytes)
{
    if (bytes)
        memcpy(at, octets, bytes);
    return at + snapshot_eight_up(bytes);
}

/* All but the sums. */
static void write_front(uint8_t *front, size_t bytes, const struct zone_version *v, const struct zone_files *files, const char *note)
{
    struct snapshot_head head = {
        .byte_order = SNAPSHOT_BYTE_ORDER, .format = SNAPSHOT_FORMAT, .layout = snapshot_layout(), .front_bytes = bytes, .block_bytes = v->bytes,
        .files = (uint32_t)files->count, .origin_bytes = version_apex(v)->length, .note_bytes = (uint32_t)strlen(note), .klass = v->klass,
    };
    memcpy(head.magic, snapshot_magic, sizeof snapshot_magic);
    memcpy(front, &head, sizeof head);
    uint8_t *at = put_octets(front + sizeof head, version_apex(v)->name, head.origin_bytes);
    at = put_octets(at, note, head.note_bytes);
    for (size_t i = 0; i < files->count; i++) {
        const struct zone_file *file = &files->files[i];
        struct snapshot_file entry = { file->size_bytes, file->inode, file->modified_ns, strlen(file->path) };
        at = put_octets(at, &entry, sizeof entry);
        at = put_octets(at, file->path, entry.path_bytes);
    }
}

void snapshot_seal_front(uint8_t *front, uint64_t block_sum)
{
    struct snapshot_head head;
    memcpy(&head, front, sizeof head);
    head.block_sum = block_sum;
    head.front_sum = 0;
    memcpy(front, &head, sizeof head);
    head.front_sum = snapshot_front_sum(front, head.front_bytes);
    memcpy(front, &head, sizeof head);
}

static enum status write_at(int fd, const uint8_t *data, size_t bytes, uint64_t offset)
{
    while (bytes > 0) {
        ssize_t n = pwrite(fd, data, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return E_SYSTEM;
        data += n;
        bytes -= (size_t)n;
        offset += (uint64_t)n;
    }
    return OK;
}

/* What has been written goes to the disk as it comes, and no more than two windows of it are owed: else syncing all at the end would take as long as
 * the disk needs, with nobody asked whether to go on, and others' writing behind it. */
enum { WINDOW = 16 * SNAPSHOT_PIECE };
static void push_out(int fd, uint64_t offset, uint64_t at)
{
    if (at >= WINDOW)
        (void)sync_file_range(fd, (off_t)(offset + at - WINDOW), WINDOW, SYNC_FILE_RANGE_WRITE);
    if (at >= 2 * (uint64_t)WINDOW)
        (void)sync_file_range(fd, (off_t)(offset + at - 2 * (uint64_t)WINDOW), WINDOW,
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

/* The block without what is not content, in pieces through a buffer. */
static enum status write_block(int fd, const struct zone_version *v, uint64_t offset, uint8_t *buffer, uint64_t *sum, bool (*go_on)(void *), void *context)
{
    enum status st = OK;
    *sum = 0;
    for (uint64_t at = 0; at < v->bytes && st == OK; at += SNAPSHOT_PIECE) {
        size_t bytes = v->bytes - at < SNAPSHOT_PIECE ? (size_t)(v->bytes - at) : SNAPSHOT_PIECE, content = 0;
        if (at == 0) {
            content = offsetof(struct zone_version, builder);
            memset(buffer, 0, sizeof *v);
            memcpy(buffer, v, content);
            content = sizeof *v;
        }
        memcpy(buffer + content, (const uint8_t *)v + at + content, bytes - content);
        *sum = snapshot_sum_add(*sum, snapshot_piece_sum(buffer, bytes));
        st = write_at(fd, buffer, bytes, offset + at);
        if (at % WINDOW == 0)
            push_out(fd, offset, at);
        if (st == OK && go_on && !go_on(context))
            st = E_CLOSED;
    }
    return st;
}
static_assert(offsetof(struct zone_version, holds) > offsetof(struct zone_version, builder), "what is not content comes last");

static enum status write_file(int fd, const struct zone_version *v, const struct zone_files *files, const char *note, bool (*go_on)(void *), void *context)
{
    size_t bytes = front_bytes(v, files, strlen(note));
    if (bytes > SNAPSHOT_FRONT_MAX)
        return E_INVALID;
    uint64_t sum;
    uint8_t *front = mem_alloc(bytes), *buffer = mem_room(SNAPSHOT_PIECE);
    enum status st = E_NOMEM;
    if (front && buffer) {
        write_front(front, bytes, v, files, note);
        st = write_block(fd, v, bytes, buffer, &sum, go_on, context);
    }
    if (st == OK) {
        snapshot_seal_front(front, sum);
        st = write_at(fd, front, bytes, 0);
    }
    if (st == OK && fsync(fd) != 0)
        st = E_SYSTEM;
    mem_free(front);
    mem_free(buffer);
    return st;
}

/* A name is durable once its folder is. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
}

static bool can_be_kept(const struct zone_version *v, const struct zone_files *files, const char *note)
{
    bool whole = files->count > 0 && files->count <= UINT16_MAX && strlen(note) <= ZONE_SNAPSHOT_NOTE_MAX;
    for (size_t i = 0; whole && i < files->count; i++)
        whole = files->files[i].inode != 0;
    return whole && v->soa != 0 && v->builder == NULL && zone_version_is_flat(v);
}

enum status zone_snapshot_write(const struct zone_version *v, const struct zone_files *files, const char *note, const char *path, bool (*go_on)(void *),
                                void *context)
{
    char part[PATH_MAX];
    note = note ? note : "";
    if (!can_be_kept(v, files, note) || (size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part)
        return E_INVALID;
    if (unlink(part) != 0 && errno != ENOENT)
        return E_SYSTEM;
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return E_SYSTEM;
    enum status st = write_file(fd, v, files, note, go_on, context);
    int reason = errno;
    if (close(fd) != 0 && st == OK) {
        reason = errno;
        st = E_SYSTEM;
    }
    if (st == OK && rename(part, path) != 0) {
        reason = errno;
        st = E_SYSTEM;
    }
    if (st != OK) {
        (void)unlink(part);
        errno = reason;
        return st;
    }
    sync_folder(path);                  /* without it a crash of the machine may bring back the old file, which is as good */
    return OK;
}

bool zone_files_fresh(const struct zone_files *files, int64_t read_ns)
{
    const int64_t second = 1000000000, tick = second / 20;     /* no kernel ticks slower than 100 Hz; some file systems keep whole or even seconds */
    for (size_t i = 0; i < files->count; i++) {
        int64_t modified = files->files[i].modified_ns;
        if (read_ns - modified < (modified % second == 0 ? 2 * second : tick))
            return true;
    }
    return false;
}
