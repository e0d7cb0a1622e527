/* SPDX-License-Identifier: Apache-2.0 */
/* Files are read whole, not mapped: a mapped file that someone cuts short while it is read kills the process (SIGBUS). */
#include "zone/build.h"
#include "zone/reader_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void zone_files_clear(struct zone_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        mem_free(files->files[i].path);
    mem_free(files->files);
    *files = (struct zone_files){ 0 };
}

static int64_t modified_ns(const struct stat *facts)
{
    return (int64_t)facts->st_mtim.tv_sec * 1000000000 + facts->st_mtim.tv_nsec;
}

bool zone_files_changed(const struct zone_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        const struct zone_file *file = &files->files[i];
        struct stat facts;
        if (file->inode == 0)
            continue;           /* text given by the caller */
        if (stat(file->path, &facts) != 0 || (uint64_t)facts.st_size != file->size_bytes ||
            modified_ns(&facts) != file->modified_ns || facts.st_ino != file->inode)
            return true;
    }
    return false;
}

/* Notes a file; one that is read again keeps its number.  The list grows at powers of two. */
static enum status note_file(struct zone_files *files, const char *path, const struct stat *facts, uint16_t *index)
{
    for (size_t i = 0; facts && files->count > 1 && i < files->count; i++) {
        if (files->files[i].inode == facts->st_ino && strcmp(files->files[i].path, path) == 0) {
            *index = (uint16_t)i;
            return OK;
        }
    }
    if (files->count >= FILES_MAX)
        return E_LIMIT;
    if ((files->count & (files->count - 1)) == 0) {
        struct zone_file *more = mem_resize(files->files, (files->count ? files->count * 2 : 1) * sizeof *more);
        if (!more)
            return E_NOMEM;
        files->files = more;
    }
    struct zone_file file = { .path = mem_string(path) };
    if (!file.path)
        return E_NOMEM;
    if (facts) {
        file.size_bytes = (uint64_t)facts->st_size;
        file.modified_ns = modified_ns(facts);
        file.inode = facts->st_ino;
    }
    *index = (uint16_t)files->count;
    files->files[files->count++] = file;
    return OK;
}

/* "What went wrong" at the $INCLUDE, or at the file itself when it is the main one. */
static void file_error(struct reader *r, const struct token *from, const char *path, const char *what)
{
    if (from) {
        reader_error(r, "include", from, "cannot include '%s': %s", path, what);
        return;
    }
    struct place place = { .file = path };
    diagnostics_add(r->diag, SEVERITY_ERROR, "syntax", &place, "cannot read the zone file: %s", what);
    r->failed = true;
}

/* The opened file, wherever symbolic links led, lies below the folder. */
static bool below_folder(int fd, const char *path, const char *folder)
{
    char link[40], real[PATH_MAX], root[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, real, sizeof real - 1);
    if (length > 0)
        real[length] = 0;
    else if (!realpath(path, real))
        return false;
    if (!realpath(folder, root))
        return false;
    size_t prefix = strlen(root);
    if (prefix == 1)
        return true;
    return strncmp(real, root, prefix) == 0 && real[prefix] == '/';
}

static bool in_use(const struct reader *r, const struct stat *facts)
{
    for (const struct frame *f = r->frame; f; f = f->up) {
        if (f->inode == facts->st_ino && f->device == facts->st_dev)
            return true;
    }
    return false;
}

/* NULL when the file may be read, else why not. */
static const char *why_not(const struct reader *r, int fd, const char *path, const struct stat *facts, const struct token *from)
{
    if (!S_ISREG(facts->st_mode))
        return S_ISDIR(facts->st_mode) ? "it is a folder" : "it is not a regular file";
    if (!from)
        return NULL;
    if (in_use(r, facts))
        return "it is being read already, so it includes itself";
    if (r->options->include_root && !below_folder(fd, path, r->options->include_root))
        return "it lies outside the folder of the zone files";
    return NULL;
}

/* Each thread reads a stretch: what costs is that memory is touched for the first time. */
enum { READERS_FROM = 8 << 20 };
struct stretches {
    int fd;
    char *text;
    size_t size;
    unsigned threads;
    struct { size_t got; int error; } of[ZONE_THREADS_MAX];
};

static size_t stretch_start(const struct stretches *s, unsigned index) { return s->size / s->threads * index; }
static size_t stretch_end(const struct stretches *s, unsigned index) { return index + 1 == s->threads ? s->size : stretch_start(s, index + 1); }

static void read_stretch(void *context, unsigned index)
{
    struct stretches *s = context;
    size_t start = stretch_start(s, index), end = stretch_end(s, index), at = start;
    while (at < end) {
        ssize_t n = pread(s->fd, s->text + at, end - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            s->of[index].error = errno;
        if (n <= 0)
            break;              /* cut short meanwhile */
        at += (size_t)n;
    }
    s->of[index].got = at - start;
}

static enum status read_whole(int fd, struct frame *frame, size_t size, unsigned threads)
{
    struct stretches s = { .fd = fd, .text = mem_room(size + SCAN_SLACK), .size = size, .threads = 1 };
    size_t got = 0;
    if (!s.text)
        return E_NOMEM;
    if (size >= READERS_FROM)
        s.threads = zone_threads_of(threads);
    zone_threads(s.threads, read_stretch, &s);
    for (unsigned i = 0; i < s.threads; i++) {
        if (s.of[i].error) {
            errno = s.of[i].error;
            mem_free(s.text);
            return E_SYSTEM;
        }
        got += got == stretch_start(&s, i) ? s.of[i].got : 0;
    }
    memset(s.text + got, 0, SCAN_SLACK);
    frame->text = frame->dropped = s.text;
    frame->bytes = got;
    frame->slack = SCAN_SLACK;
    return OK;
}

static void frame_push(struct reader *r, struct frame *frame, const char *text)
{
    lexer_init(&frame->lexer, text, frame->bytes, frame->path, r->diag);
    frame->up = r->frame;
    r->frame = frame;
    r->depth++;
    r->bytes_all += frame->bytes;
    r->owner_text = NULL;
    r->scanned = NULL;
    if (frame->bytes >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
        reader_error(r, "syntax", &(struct token){ .line = 1, .column = 1 }, "this is UTF-16: a master file is ASCII text");
        frame->lexer.pos = frame->lexer.end;
    }
}

void frame_open_text(struct reader *r, struct frame *frame, const char *name, const char *text, size_t bytes)
{
    *frame = (struct frame){ .path = name ? name : "-", .bytes = bytes };
    if (note_file(r->files, frame->path, NULL, &frame->file) != OK)
        r->fatal = E_NOMEM;
    frame_push(r, frame, text);
}

/* Reads what is open and allowed. */
static enum status frame_fill(struct reader *r, struct frame *frame, int fd, const struct stat *facts)
{
    enum status st = read_whole(fd, frame, (size_t)facts->st_size, r->options->threads);
    if (st != OK)
        return st;
    st = note_file(r->files, frame->path, facts, &frame->file);
    if (st != OK) {
        mem_free(frame->text);
        return st;
    }
    frame->device = facts->st_dev;
    frame->inode = facts->st_ino;
    /* The list's copy lives as long as positions are of use; but the list moves, its strings do not. */
    frame->path = r->files->files[frame->file].path;
    frame_push(r, frame, frame->text);
    return OK;
}

enum status frame_open(struct reader *r, struct frame *frame, const char *path, const struct token *from)
{
    *frame = (struct frame){ .path = path };
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        file_error(r, from, path, strerror(errno));
        r->unreadable |= !from;
        if (fd >= 0)
            close(fd);
        return E_SYSTEM;
    }
    enum status st;
    const char *reason = why_not(r, fd, path, &facts, from);
    if (reason) {
        file_error(r, from, path, reason);
        r->unreadable |= !from;
        st = E_SYSTEM;
    } else {
        st = frame_fill(r, frame, fd, &facts);
        if (st == E_SYSTEM)
            file_error(r, from, path, strerror(errno));
        else if (st == E_LIMIT)
            file_error(r, from, path, "too many files for one zone");
    }
    close(fd);
    return st;
}

void frame_forget(struct frame *frame)
{
    if (frame->text && frame->lexer.pos > frame->text)
        frame->dropped = mem_drop(frame->dropped, frame->lexer.pos - 1);       /* the line feed in front tells where the line of a message begins */
}

void frame_close(struct reader *r, struct frame *frame)
{
    r->bytes_done += frame->bytes;
    r->frame = frame->up;
    r->depth--;
    r->owner_text = NULL;
    r->scanned = NULL;
    zone_builder_recycle(*r->builder, frame->text, frame->bytes);
}
