/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for URLs by the client of the room and says what came: one line of JSON each.  For tests/system/test_http_client.py.
 * A URL with `!` before it is a stranger's (public_only). */
#include "http/http.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIST_MAX = 16 };

struct told { struct http_client *client; unsigned times; };

static void on_done(void *context, const struct http_result *result)
{
    struct told *told = context;
    struct http_counters counters;
    struct text out;
    http_client_counters(told->client, &counters);
    struct json_value *line = json_value_object();
    json_value_set_text(line, "status", status_text(result->status));
    json_value_set_u64(line, "code", result->code);
    json_value_set_text(line, "body", result->body);
    json_value_set_text(line, "reason", result->reason);
    json_value_set_u64(line, "elapsed_ms", result->elapsed_ms);
    json_value_set_u64(line, "connections", counters.connections);
    json_value_set_u64(line, "refused_addresses", counters.refused_addresses);
    text_growing(&out);
    if (json_value_print(line, false, &out) == OK)
        puts(out.data);
    text_clear(&out);
    json_value_free(line);
    told->times++;
}

static void say_refused(enum status st) { printf("{\"status\":\"%s\",\"code\":0,\"reason\":\"\"}\n", status_text(st)); }

static void poll_all(struct http_client *client)
{
    while (http_client_busy(client) > 0)
        (void)http_client_poll(client, 1000);
}

int main(int count, char **arguments)
{
    const char *hosts[LIST_MAX], *headers[LIST_MAX];
    struct http_client_options options = http_client_defaults();
    struct http_request request = { .headers = headers };
    struct told told = { 0 };
    unsigned together = 1;
    int option;
    options.known_hosts = hosts;
    while ((option = getopt(count, arguments, "c:k:H:t:r:j:d:l")) != -1) {
        if (option == 'c')
            options.ca_file = optarg;
        else if (option == 'k' && options.known_host_count < LIST_MAX)
            hosts[options.known_host_count++] = optarg;
        else if (option == 'H' && request.header_count < LIST_MAX)
            headers[request.header_count++] = optarg;
        else if (option == 't')
            request.timeout_ms = (uint32_t)atoi(optarg);
        else if (option == 'r')
            request.redirects = (unsigned)atoi(optarg);
        else if (option == 'j')
            together = (unsigned)atoi(optarg);
        else if (option == 'd')
            request.body = optarg;
        else if (option == 'l')
            request.loopback_allowed = true;
        else
            return 2;
    }
    request.body_bytes = request.body ? strlen(request.body) : 0;
    if (http_client_new(&options, &told.client) != OK)
        return 1;
    for (int i = optind; i < count; i++) {
        request.public_only = arguments[i][0] == '!';
        request.url = arguments[i] + request.public_only;
        for (unsigned n = 0; n < together; n++) {
            enum status st = http_client_start(told.client, &request, on_done, &told, NULL);
            if (st != OK)
                say_refused(st);
        }
        poll_all(told.client);
    }
    http_client_free(told.client);
    return 0;
}
