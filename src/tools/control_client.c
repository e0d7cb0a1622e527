/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON line out, JSON lines in.  See docs/control-protocol.md. */
#include "tools/control_client.h"

#include "config/config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16 << 20, SILENCE_MS = 60000 };

struct wire_line { char *data; size_t length, room; };

static int socket_open(const struct tool_call *call, const char *path, int *out)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path)
        return tools_complain(call, TOOL_USAGE, "the path of the control socket is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        *out = fd;
        return TOOL_DONE;
    }
    const char *hint = errno == ENOENT || errno == ECONNREFUSED ? "; is rhizd running, and is this its socket?" :
                       errno == EACCES ? "; the socket is open to its owner and group only" : "";
    tools_complain(call, TOOL_NO_DAEMON, "cannot reach the daemon at %s: %s%s", path, strerror(errno), hint);
    if (fd >= 0)
        close(fd);
    return TOOL_NO_DAEMON;
}

static bool all_write(int fd, const char *data, size_t count)
{
    while (count > 0) {
        ssize_t n = send(fd, data, count, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        count -= (size_t)n;
    }
    return true;
}

/* One line without its end.  @return OK, E_CLOSED, E_TIMEOUT, E_LIMIT, E_NOMEM */
static enum status line_read(int fd, struct wire_line *in, size_t *line)
{
    size_t seen = 0;
    for (;;) {
        char *end = in->length > seen ? memchr(in->data + seen, '\n', in->length - seen) : NULL;
        if (end != NULL) {
            *line = (size_t)(end - in->data);
            return OK;
        }
        seen = in->length;
        if (in->length == in->room) {
            size_t room = in->room == 0 ? 1 << 16 : in->room * 2;
            char *more = room > LINE_MAX_BYTES ? NULL : mem_resize(in->data, room);
            if (more == NULL)
                return room > LINE_MAX_BYTES ? E_LIMIT : E_NOMEM;
            in->data = more;
            in->room = room;
        }
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        int ready = poll(&wait, 1, SILENCE_MS);
        if (ready == 0)
            return E_TIMEOUT;
        ssize_t n = ready < 0 ? -1 : recv(fd, in->data + in->length, in->room - in->length, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return E_CLOSED;
        in->length += (size_t)n;
    }
}

static void progress_show(const struct json_value *progress)
{
    const char *text = json_value_get_text(progress, "text");
    uint64_t done, total;
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s", text != NULL ? text : "working");
    if (json_value_get_u64(progress, "done", &done) && json_value_get_u64(progress, "total", &total))
        fprintf(stderr, " %llu/%llu", (unsigned long long)done, (unsigned long long)total);
    fflush(stderr);
}

static int refusal_show(const struct tool_call *call, const struct json_value *reply)
{
    static const struct { const char *code; int exit; } codes[] = {
        { "usage", TOOL_USAGE }, { "not-found", TOOL_NEGATIVE }, { "refused", TOOL_REFUSED }, { "failed", TOOL_FAILED } };
    const char *code = json_value_get_text(reply, "code"), *error = json_value_get_text(reply, "error"), *hint = json_value_get_text(reply, "hint");
    const struct json_value *details = json_value_get(reply, "details");
    for (size_t i = 0; i < json_value_count(details); i++) {
        const char *line = json_value_as_text(json_value_at(details, i));
        fprintf(stderr, "%s\n", line != NULL ? line : "");
    }
    int exit = TOOL_FAILED;
    for (size_t i = 0; code != NULL && i < LENGTH_OF(codes); i++)
        if (strcmp(codes[i].code, code) == 0)
            exit = codes[i].exit;
    tools_complain(call, exit, "%s", error != NULL ? error : "the daemon refused without a reason");
    if (hint != NULL)
        fprintf(stderr, "  %s\n", hint);
    return exit;
}

/* Takes lines until the final one. */
static int reply_read(const struct tool_call *call, int fd, const char *verb, struct json_value **result)
{
    struct wire_line in = { 0 };
    struct json_value *reply = NULL;
    bool final = false, shown = false;
    enum status st = OK;
    while (st == OK && !final) {
        size_t line = 0;
        st = line_read(fd, &in, &line);
        if (st == OK)
            st = json_value_parse(in.data, line, &reply);
        if (st != OK)
            break;
        memmove(in.data, in.data + line + 1, in.length - line - 1);
        in.length -= line + 1;
        const struct json_value *progress = json_value_get(reply, "progress");
        final = progress == NULL;
        if (!final) {
            progress_show(progress);
            shown = true;
            json_value_free(reply);
            reply = NULL;
        }
    }
    mem_free(in.data);
    if (shown && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (st == E_CLOSED && strcmp(verb, "stop") == 0) {
        *result = NULL;
        return TOOL_DONE;
    }
    if (st == E_CLOSED)
        return tools_complain(call, TOOL_NO_DAEMON, "the daemon closed the connection without an answer; its log may say why");
    if (st != OK)
        return tools_complain(call, TOOL_FAILED, "no answer that can be read: %s", status_text(st));
    if (!json_value_get_bool(reply, "ok")) {
        int rc = refusal_show(call, reply);
        json_value_free(reply);
        return rc;
    }
    *result = reply;
    return TOOL_DONE;
}

/* A value that means the same to every reader of YAML: a plain or quoted path without escapes.  @return its length, 0 = none */
static size_t path_value(const char **value)
{
    static const char simple[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-";
    *value += strspn(*value, " ");
    char quote = **value == '"' || **value == '\'' ? *(*value)++ : '\0';
    size_t length = strspn(*value, simple);
    const char *rest = *value + length;
    if (quote != '\0' && *rest++ != quote)
        return 0;
    const char *end = rest + strspn(rest, " ");
    return *end == '\0' || *end == '\r' || *end == '\n' || (*end == '#' && end > rest) ? length : 0;
}

/* Looks for `control:` right below `server:` without reading the rest.  Two reasons: with 100,000 zones reading takes
 * longer than what is asked for, and who asks for the status while mending the file must not need a valid one. */
static bool socket_path_scan(const char *config, char *out, size_t room)
{
    char line[1024];
    size_t level = 0;           /* blanks before the keys of `server` */
    bool inside = false, found = false;
    FILE *file = fopen(config, "re");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        size_t blanks = strspn(line, " ");
        if (strchr("#\r\n", line[blanks]) != NULL)
            continue;
        if (blanks == 0) {
            inside = strncmp(line, "server:", 7) == 0;
            level = 0;
        } else if (level == 0) {
            level = blanks;
        }
        if (!inside || blanks != level || strncmp(line + blanks, "control: ", 9) != 0)
            continue;
        const char *value = line + blanks + 9, *slash = strrchr(config, '/');
        size_t length = path_value(&value);
        found = length > 0;
        if (found && value[0] == '/')
            snprintf(out, room, "%.*s", (int)length, value);
        else if (found)
            snprintf(out, room, "%.*s%.*s", slash != NULL ? (int)(slash - config + 1) : 0, config, (int)length, value);
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static void socket_path_find(const char *file, char *out, size_t room)
{
    struct config_source source = { .path = file };
    struct config *config = NULL;
    char path[512];
    if (socket_path_scan(file, out, room))
        return;
    if (config_read(&source, &config, NULL) == OK && config->server.control != NULL && config_path(config, config->server.control, path, sizeof path) != NULL)
        snprintf(out, room, "%s", path);
    config_free(config);
}

/* A file that was named must be there, or one would speak with another daemon; the one of the default path need not. */
static int socket_path_choose(const struct tool_call *call, char *out, size_t room)
{
    const char *file = tools_config_path(call), *named = getenv("RHIZ_CONFIG");
    bool asked = call->values[OPTION_CONFIG] != NULL || (named != NULL && named[0] != '\0');
    if (call->values[OPTION_SOCKET] != NULL) {
        snprintf(out, room, "%s", call->values[OPTION_SOCKET]);
        return TOOL_DONE;
    }
    if (asked && access(file, R_OK) != 0)
        return tools_complain(call, TOOL_FAILED, "cannot read %s: %s; --socket PATH needs no configuration", file, strerror(errno));
    socket_path_find(file, out, room);
    return TOOL_DONE;
}

int control_ask(const struct tool_call *call, const char *verb, struct json_value *args, struct json_value **result)
{
    char path[512] = "/run/rhizome/control.sock";
    struct json_value *request = json_value_object(), *reply = NULL;
    struct text line;
    int fd = -1;
    json_value_set_text(request, "verb", verb);
    json_value_set(request, "args", args != NULL ? args : json_value_object());
    int rc = socket_path_choose(call, path, sizeof path);
    text_growing(&line);
    enum status st = json_value_print(request, false, &line);
    json_value_free(request);
    if (rc == TOOL_DONE)
        rc = st == OK ? socket_open(call, path, &fd) : tools_complain(call, TOOL_FAILED, "%s", status_text(st));
    text_add_char(&line, '\n');
    if (rc == TOOL_DONE && (line.full || !all_write(fd, line.data, line.length)))
        rc = tools_complain(call, TOOL_NO_DAEMON, "cannot write to the daemon at %s: %s", path, strerror(errno));
    if (rc == TOOL_DONE)
        rc = reply_read(call, fd, verb, &reply);
    text_clear(&line);
    if (fd >= 0)
        close(fd);
    if (rc == TOOL_DONE)
        *result = reply;
    return rc;
}

int control_print_json(const struct tool_call *call, const struct json_value *result)
{
    struct text text;
    text_growing(&text);
    enum status st = json_value_print(result, true, &text);
    if (st == OK)
        puts(text.data);
    text_clear(&text);
    return st == OK ? TOOL_DONE : tools_complain(call, TOOL_FAILED, "%s", status_text(st));
}

const char *control_number(const struct json_value *object, const char *key, char out[32])
{
    uint64_t n;
    if (!json_value_get_u64(object, key, &n))
        return NULL;
    snprintf(out, 32, "%llu", (unsigned long long)n);
    return out;
}
