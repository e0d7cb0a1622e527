/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol of docs/control-protocol.md: a JSON line in, JSON lines out. */
#include "control/inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { IDLE_MS = 60000, REQUEST_MS = 10000, WRITE_MS = 30000, DETAILS_MAX = 1000 };

struct control_answer {
    int fd;
    bool gone;                      /* writing failed: the other side has left */
    struct json_value *result, *details;
    const char *raw_key;            /* a member printed already */
    struct text raw;
    char error[1024], hint[512];
};

/* Takes the text. */
static void send_text(struct control_answer *answer, struct text *text)
{
    static const char too_long[] = "{\"ok\":false,\"code\":\"failed\",\"error\":\"the reply would be over 16 MiB\","
                                   "\"hint\":\"ask for less: one view, or one zone\"}\n";
    static const char no_memory[] = "{\"ok\":false,\"code\":\"failed\",\"error\":\"out of memory\"}\n";
    text_add_char(text, '\n');
    const char *bytes = text->full ? no_memory : text->length > CONTROL_REPLY_BYTES ? too_long : text->data;
    if (!write_all(answer->fd, bytes, bytes == text->data ? text->length : strlen(bytes), WRITE_MS))
        answer->gone = true;
    text_clear(text);
}

/* @param needed  the member without which the line would not be what the protocol promises: memory ran out */
static void send_line(struct control_answer *answer, struct json_value *line, const char *needed)
{
    struct text text;
    text_growing(&text);
    if (!json_value_get(line, needed) || json_value_print(line, false, &text) != OK)
        text.full = true;
    json_value_free(line);
    send_text(answer, &text);
}

struct json_value *control_result(struct control_answer *answer) { return answer->result; }

void control_result_raw(struct control_answer *answer, const char *key, struct text *json)
{
    text_clear(&answer->raw);
    answer->raw_key = key;
    answer->raw = *json;
    text_growing(json);
}

void control_progress(struct control_answer *answer, const char *text, uint64_t done, uint64_t total)
{
    if (answer->gone)
        return;
    struct json_value *line = json_value_object(), *progress = json_value_object();
    json_value_set_text(progress, "text", text);
    json_value_set_u64(progress, "done", done);
    if (total)
        json_value_set_u64(progress, "total", total);
    json_value_set(line, "progress", progress);
    if (json_value_get(line, "progress"))
        send_line(answer, line, "progress");
    else
        json_value_free(line);
}

enum control_code control_fail(struct control_answer *answer, enum control_code code, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(answer->error, sizeof answer->error, format, arguments);
    va_end(arguments);
    snprintf(answer->hint, sizeof answer->hint, "%s", hint ? hint : "");
    return code;
}

void control_detail(struct control_answer *answer, const char *text)
{
    if (!answer->details)
        answer->details = json_value_array();
    if (json_value_count(answer->details) < DETAILS_MAX)
        json_value_add(answer->details, json_value_text(text));
}

void control_details(struct control_answer *answer, const struct diagnostics *diag)
{
    char *bytes = NULL, *save = NULL;
    size_t size = 0;
    FILE *stream = diag ? open_memstream(&bytes, &size) : NULL;
    if (!stream)
        return;
    diagnostics_print(diag, stream, false);
    fclose(stream);
    for (char *line = bytes ? strtok_r(bytes, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save))
        control_detail(answer, line);
    free(bytes);
}

/* ---- one request ---- */

static const struct control_verb *find_verb(const struct control *control, const char *name)
{
    for (size_t i = 0; i < control->options.verb_count; i++) {
        if (strcmp(control->options.verbs[i].name, name) == 0)
            return &control->options.verbs[i];
    }
    return NULL;
}

struct checking { const struct control_verb *verb; struct control_answer *answer; bool bad; };

static void check_argument(void *context, const char *key, struct json_value *member)
{
    struct checking *c = context;
    for (const struct control_argument *a = c->verb->arguments; a && a->name; a++) {
        if (strcmp(a->name, key) != 0)
            continue;
        struct text text;
        text_growing(&text);
        bool flag = json_value_print(member, false, &text) == OK && (strcmp(text.data, "true") == 0 || strcmp(text.data, "false") == 0);
        text_clear(&text);
        if (flag == a->flag && (a->flag || json_value_as_text(member)))
            return;
        (void)control_fail(c->answer, CONTROL_USAGE, NULL, "argument %.64s of %s must be %s", key, c->verb->name, a->flag ? "true or false" : "a text");
        c->bad = true;
        return;
    }
    (void)control_fail(c->answer, CONTROL_USAGE, NULL, "%s has no argument %.64s", c->verb->name, key);
    c->bad = true;
}

static void check_member(void *context, const char *key, struct json_value *member)
{
    struct checking *c = context;
    (void)member;
    if (strcmp(key, "verb") != 0 && strcmp(key, "args") != 0) {
        (void)control_fail(c->answer, CONTROL_USAGE, NULL, "a request has no member %.64s", key);
        c->bad = true;
    }
}

static enum control_code run_request(struct control *control, const struct json_value *request, struct control_answer *answer,
                                     const struct control_verb **verb)
{
    const char *name = json_value_get_text(request, "verb");
    struct checking checking = { .answer = answer };
    if (!json_value_is_object(request) || !name)
        return control_fail(answer, CONTROL_USAGE, NULL, "a request is {\"verb\":...,\"args\":{...}}");
    checking.verb = find_verb(control, name);
    for (const char *const *later = control->options.later_verbs; !checking.verb && later && *later; later++) {
        if (strcmp(*later, name) == 0)
            return control_fail(answer, CONTROL_REFUSED, NULL, "%s is not in this version", name);
    }
    if (!checking.verb)
        return control_fail(answer, CONTROL_USAGE, NULL, "there is no verb %.64s", name);
    const struct json_value *args = json_value_get(request, "args");
    json_value_each(request, check_member, &checking);
    if (args && !json_value_is_object(args))
        return control_fail(answer, CONTROL_USAGE, NULL, "args must be an object");
    json_value_each(args, check_argument, &checking);
    if (checking.bad)
        return CONTROL_USAGE;
    *verb = checking.verb;
    return checking.verb->run(control->options.context, args, answer);
}

static void finish_raw(struct control_answer *answer)
{
    struct text text;
    text_growing(&text);
    text_add(&text, "{\"ok\":true,\"result\":{");
    text_add_json(&text, answer->raw_key);
    text_add_char(&text, ':');
    text_add_bytes(&text, answer->raw.data, answer->raw.length);
    text_add(&text, "}}");
    text_clear(&answer->raw);
    send_text(answer, &text);
}

static void finish(struct control_answer *answer, enum control_code code)
{
    if (code == CONTROL_OK && answer->raw_key) {
        finish_raw(answer);
        return;
    }
    static const char *const codes[] = { "", "usage", "not-found", "refused", "failed" };
    struct json_value *line = json_value_object();
    json_value_set_bool(line, "ok", code == CONTROL_OK);
    if (code == CONTROL_OK) {
        json_value_set(line, "result", answer->result);
        answer->result = NULL;
    } else {
        json_value_set_text(line, "code", codes[code]);
        json_value_set_text(line, "error", answer->error);
        json_value_set_text(line, "hint", *answer->hint ? answer->hint : NULL);
        if (answer->details)
            json_value_set(line, "details", answer->details);
        answer->details = NULL;
    }
    if (!json_value_get(line, "ok")) {
        json_value_free(line);
        line = NULL;
    }
    send_line(answer, line, code == CONTROL_OK ? "result" : "error");
}

/* @return false when the connection is to end */
static bool answer_request(struct control *control, int fd, const char *line, size_t length)
{
    struct control_answer answer = { .fd = fd, .result = json_value_object() };
    text_growing(&answer.raw);
    const struct control_verb *verb = NULL;
    struct json_value *request = NULL;
    enum control_code code;
    if (json_value_parse(line, length, &request) != OK)
        code = control_fail(&answer, CONTROL_USAGE, NULL, "a request must be one line of JSON");
    else
        code = run_request(control, request, &answer, &verb);
    finish(&answer, code);
    json_value_free(request);
    json_value_free(answer.result);
    json_value_free(answer.details);
    text_clear(&answer.raw);
    if (verb && verb->after && code == CONTROL_OK)
        verb->after(control->options.context);
    return !answer.gone;
}

/* Reads on until there is a line.  @return its length with the newline, 0 = none will come */
static size_t read_line(int fd, char *buffer, size_t *have)
{
    uint64_t deadline = clock_now().monotonic_ms + (*have ? REQUEST_MS : IDLE_MS);
    for (size_t looked = 0;;) {
        const char *newline = memchr(buffer + looked, '\n', *have - looked);
        if (newline)
            return (size_t)(newline - buffer) + 1;
        looked = *have;
        uint64_t now = clock_now().monotonic_ms;
        if (*have == CONTROL_REQUEST_BYTES || now >= deadline || !wait_readable(fd, (unsigned)(deadline - now)))
            return 0;
        ssize_t got = recv(fd, buffer + *have, CONTROL_REQUEST_BYTES - *have, 0);
        if (got <= 0)
            return 0;
        if (*have == 0)
            deadline = clock_now().monotonic_ms + REQUEST_MS;
        *have += (size_t)got;
    }
}

void client_serve(struct control *control, int fd)
{
    char *buffer = mem_alloc(CONTROL_REQUEST_BYTES);
    size_t have = 0, length;
    bool more = buffer != NULL;
    while (more && (length = read_line(fd, buffer, &have)) > 0) {
        more = answer_request(control, fd, buffer, length);
        have -= length;
        memmove(buffer, buffer + length, have);
    }
    if (more && have == CONTROL_REQUEST_BYTES) {
        static const char over[] = "{\"ok\":false,\"code\":\"usage\",\"error\":\"a request is at most 64 KiB\"}\n";
        (void)write_all(fd, over, sizeof over - 1, 1000);
    }
    mem_free(buffer);
}
