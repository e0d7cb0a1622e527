/* SPDX-License-Identifier: Apache-2.0 */
/* As much HTTP/1.0 as metrics and health need: one GET, one reply, close.  RFC 1945. */
#include "control/inside.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { HTTP_REQUEST_BYTES = 4096, HTTP_MS = 5000 };

static void reply(int fd, const char *status, const char *type, const char *body, size_t size, bool head)
{
    char header[256];
    int length = snprintf(header, sizeof header,
                          "HTTP/1.0 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, type, size);
    if (write_all(fd, header, (size_t)length, HTTP_MS) && !head)
        (void)write_all(fd, body, size, HTTP_MS);
}

static void reply_text(int fd, const char *status, const char *body, bool head) { reply(fd, status, "text/plain; charset=utf-8", body, strlen(body), head); }

static void reply_metrics(struct control *control, int fd, bool head)
{
    struct control_numbers *numbers = mem_alloc(sizeof *numbers);
    struct text text;
    text_growing(&text);
    if (numbers) {
        control->options.numbers(control->options.context, numbers);
        control_metrics(numbers, control->options.metrics_zones ? control->options.zones : NULL, control->options.context, &text);
        if (control->options.more_metrics)
            control->options.more_metrics(control->options.context, &text);
    }
    if (!numbers || text.full)
        reply_text(fd, "503 Service Unavailable", "out of memory\n", head);
    else
        reply(fd, "200 OK", "text/plain; version=0.0.4; charset=utf-8", text.data, text.length, head);
    text_clear(&text);
    mem_free(numbers);
}

static bool is_ready(struct control *control)
{
    struct control_numbers *numbers = mem_alloc(sizeof *numbers);
    bool ready = false;
    if (numbers) {
        control->options.numbers(control->options.context, numbers);
        ready = numbers->ready;
    }
    mem_free(numbers);
    return ready;
}

static void route(struct control *control, int fd, const char *path, bool head)
{
    if (strcmp(path, "/metrics") == 0)
        reply_metrics(control, fd, head);
    else if (strcmp(path, "/health/live") == 0 && control->options.live(control->options.context))
        reply_text(fd, "200 OK", "live\n", head);
    else if (strcmp(path, "/health/live") == 0)
        reply_text(fd, "503 Service Unavailable", "not live\n", head);
    else if (strcmp(path, "/health/ready") == 0 && is_ready(control))
        reply_text(fd, "200 OK", "ready\n", head);
    else if (strcmp(path, "/health/ready") == 0)
        reply_text(fd, "503 Service Unavailable", "not ready: zones are being loaded\n", head);
    else
        reply_text(fd, "404 Not Found", "here are /metrics, /health/live and /health/ready\n", head);
}

/* Until the empty line; what stands in header fields does not matter. */
static bool read_request(int fd, char *buffer)
{
    size_t have = 0;
    uint64_t deadline = clock_now().monotonic_ms + HTTP_MS;
    while (have < HTTP_REQUEST_BYTES - 1) {
        uint64_t now = clock_now().monotonic_ms;
        if (now >= deadline || !wait_readable(fd, (unsigned)(deadline - now)))
            return false;
        ssize_t got = recv(fd, buffer + have, HTTP_REQUEST_BYTES - 1 - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
        buffer[have] = 0;
        if (strlen(buffer) != have)
            return true;        /* a NUL: refused below */
        if (strstr(buffer, "\r\n\r\n") || strstr(buffer, "\n\n"))
            return true;
    }
    return true;
}

void http_serve(struct control *control, int fd)
{
    char buffer[HTTP_REQUEST_BYTES];
    if (!read_request(fd, buffer))
        return;
    char *line_end = strpbrk(buffer, "\r\n"), *save = NULL;
    if (line_end)
        *line_end = 0;
    const char *method = strtok_r(buffer, " ", &save), *path = strtok_r(NULL, " ?", &save);
    if (!line_end || !method || !path) {
        reply_text(fd, "400 Bad Request", "not a request\n", false);
        return;
    }
    bool head = strcmp(method, "HEAD") == 0;
    if (!head && strcmp(method, "GET") != 0)
        reply_text(fd, "405 Method Not Allowed", "only GET\n", false);
    else
        route(control, fd, path, head);
}
