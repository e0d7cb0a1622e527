/* SPDX-License-Identifier: Apache-2.0 */
/* The only file of the house with mutable globals: where lines go, and the count of failed checks. */
#include "base/log.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_ROOM = 4096, CHECK_LOG_SECONDS = 60 };

/* Writers read the atomics only.  The descriptor keeps its number once it is there: opening again puts the new file
 * behind it with dup3(2), so a writer meets the old file or the new one, never a number that means another thing. */
static struct {
    atomic_int descriptor, level;
    atomic_bool json, timestamps;
    pthread_mutex_t lock; /* of log_open, log_reopen, log_close, and of `file` */
    char *file;
} logger = { .descriptor = STDERR_FILENO, .level = LOG_LEVEL_INFO, .timestamps = true,
             .lock = PTHREAD_MUTEX_INITIALIZER };

static atomic_uint_fast64_t failed_checks;

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char *const area_names[LOG_AREA_COUNT] = { "server",  "config",   "zone", "net",
                                                        "control", "transfer", "tap",  "policy" };

static enum status open_target(const char *file, int *out)
{
    int descriptor = file ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640)
                          : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (descriptor < 0)
        return E_SYSTEM;
    *out = descriptor;
    return OK;
}

/* Takes the descriptor. */
static enum status install(int descriptor)
{
    int current = atomic_load(&logger.descriptor);
    if (current == STDERR_FILENO) {
        atomic_store(&logger.descriptor, descriptor);
        return OK;
    }
    int result = dup3(descriptor, current, O_CLOEXEC), saved = errno;
    close(descriptor);
    errno = saved;
    return result < 0 ? E_SYSTEM : OK;
}

static enum status open_locked(const struct log_options *options)
{
    int descriptor;
    char *file = options->file ? mem_string(options->file) : NULL;
    if (options->file && !file) {
        errno = ENOMEM;
        return E_SYSTEM;
    }
    if (open_target(options->file, &descriptor) != OK || install(descriptor) != OK) {
        mem_free(file);
        return E_SYSTEM;
    }
    mem_free(logger.file);
    logger.file = file;
    atomic_store(&logger.level, (int)options->level);
    atomic_store(&logger.json, options->json);
    atomic_store(&logger.timestamps, options->timestamps);
    return OK;
}

enum status log_open(const struct log_options *options)
{
    pthread_mutex_lock(&logger.lock);
    enum status status = open_locked(options);
    pthread_mutex_unlock(&logger.lock);
    return status;
}

enum status log_reopen(void)
{
    int descriptor;
    pthread_mutex_lock(&logger.lock);
    enum status status = OK;
    if (logger.file) {
        status = open_target(logger.file, &descriptor);
        if (status == OK)
            status = install(descriptor);
    }
    pthread_mutex_unlock(&logger.lock);
    return status;
}

void log_close(void)
{
    pthread_mutex_lock(&logger.lock);
    int current = atomic_exchange(&logger.descriptor, STDERR_FILENO);
    if (current != STDERR_FILENO)
        close(current);
    mem_free(logger.file);
    logger.file = NULL;
    pthread_mutex_unlock(&logger.lock);
}

bool log_wanted(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&logger.level, memory_order_relaxed);
}

static void add_time(struct text *line)
{
    struct timespec time;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &time);
    if (!gmtime_r(&time.tv_sec, &parts))
        return;
    text_add_format(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                    parts.tm_hour, parts.tm_min, parts.tm_sec, (int)(time.tv_nsec / 1000000));
}

/* Bare when it is one plain word, else as a JSON string: one way to escape in both formats. */
static void add_value(struct text *line, const char *value, bool json)
{
    bool plain = !json && *value;
    for (const char *c = value; *c && plain; c++)
        plain = *c > 0x20 && *c < 0x7f && *c != '"' && *c != '=' && *c != '\\';
    if (plain)
        text_add(line, value);
    else
        text_add_json(line, value);
}

static void add_field(struct text *line, const struct log_field *field, bool json)
{
    size_t start = line->length;
    text_add(line, json ? ",\"" : " ");
    text_add(line, field->key);
    text_add(line, json ? "\":" : "=");
    if (field->kind == LOG_U64)
        text_add_u64(line, field->number);
    else if (field->kind == LOG_I64)
        text_add_format(line, "%lld", (long long)field->number);
    else
        add_value(line, field->text ? field->text : "-", json);
    if (line->full && line->length > start)
        line->length = start;
}

static void add_head(struct text *line, enum log_level level, enum log_area area, const char *sentence, bool json)
{
    bool timestamps = atomic_load_explicit(&logger.timestamps, memory_order_relaxed);
    text_add(line, json ? "{" : "");
    if (timestamps) {
        text_add(line, json ? "\"time\":\"" : "");
        add_time(line);
        text_add(line, json ? "\"," : " ");
    }
    if (!json) {
        text_add_format(line, "%s %s: ", level_names[level], area_names[area]);
        text_add(line, sentence);
        return;
    }
    text_add_format(line, "\"level\":\"%s\",\"area\":\"%s\",\"message\":", level_names[level], area_names[area]);
    text_add_json(line, sentence);
}

/* A line longer than its room loses whole fields at its end, so that it still parses. */
void log_line(enum log_level level, enum log_area area, const char *sentence, const struct log_field *fields)
{
    int saved = errno;
    char buffer[LINE_ROOM];
    struct text line;
    bool json = atomic_load_explicit(&logger.json, memory_order_relaxed);
    text_fixed(&line, buffer, sizeof buffer - 2); /* always room for the end of the line */
    add_head(&line, level, area, sentence, json);
    for (; fields && fields->kind != LOG_END; fields++)
        add_field(&line, fields, json);
    size_t length = line.length;
    if (json)
        buffer[length++] = '}';
    buffer[length++] = '\n';
    while (write(atomic_load(&logger.descriptor), buffer, length) < 0 && errno == EINTR)
        continue;
    errno = saved;
}

bool log_allowed(_Atomic uint64_t *stamp, unsigned seconds)
{
    uint64_t now = clock_now().monotonic_ms + 1; /* never 0, which means "never yet" */
    uint64_t last = atomic_load_explicit(stamp, memory_order_relaxed);
    if (last && now - last < (uint64_t)seconds * 1000)
        return false;
    return atomic_compare_exchange_strong_explicit(stamp, &last, now, memory_order_relaxed, memory_order_relaxed);
}

_Noreturn void require_failed(const char *condition, const char *file, int line)
{
    log_line(LOG_LEVEL_ERROR, LOG_SERVER, "broken promise, the process ends",
             (const struct log_field[]){ log_text("condition", condition), log_text("file", file),
                                         log_i64("line", line), { 0 } });
    abort();
}

bool check_failed(const char *condition, const char *file, int line)
{
    static _Atomic uint64_t stamp;
    atomic_fetch_add_explicit(&failed_checks, 1, memory_order_relaxed);
    if (log_allowed(&stamp, CHECK_LOG_SECONDS))
        log_error(LOG_SERVER, "broken promise, the query gets SERVFAIL", log_text("condition", condition),
                  log_text("file", file), log_i64("line", line));
    return false;
}

uint64_t check_failures(void) { return atomic_load_explicit(&failed_checks, memory_order_relaxed); }
