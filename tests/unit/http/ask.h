/* SPDX-License-Identifier: Apache-2.0 */
/** @file ask.h -- one request, and what came of it, kept beyond done(). */
#ifndef TESTS_UNIT_HTTP_ASK_H
#define TESTS_UNIT_HTTP_ASK_H

#include "../base/unit.h"
#include "http/http.h"

struct told {
    unsigned times;
    struct http_result result;      /* without its texts, which follow */
    char body[4096], content_type[80], reason[120];
};

static inline void on_done(void *context, const struct http_result *result)
{
    struct told *told = context;
    told->times++;
    told->result = *result;
    snprintf(told->body, sizeof told->body, "%s", result->body);
    snprintf(told->content_type, sizeof told->content_type, "%s", result->content_type);
    snprintf(told->reason, sizeof told->reason, "%s", result->reason);
}

/* Until nothing is under way; 20 s are over only when something is wrong. */
static inline void poll_all(struct http_client *client)
{
    uint64_t end = clock_ns() + UINT64_C(20000000000);
    while (http_client_busy(client) > 0 && clock_ns() < end)
        (void)http_client_poll(client, 1000);
    assert_int_equal(http_client_busy(client), 0);
}

/* A status of http_client_start that is not OK is told as if it were the result, with times = 0. */
static inline struct told ask(struct http_client *client, const struct http_request *request)
{
    struct told told = { 0 };
    enum status st = http_client_start(client, request, on_done, &told, NULL);
    if (st != OK) {
        told.result.status = st;
        return told;
    }
    poll_all(client);
    assert_int_equal(told.times, 1);
    return told;
}

#endif
