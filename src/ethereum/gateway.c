/* SPDX-License-Identifier: Apache-2.0 */
/* One gateway after the other (EIP-3668, client steps 6 and 7). */
#include "ethereum/gateway.h"

#include "ethereum/inside.h"
#include "http/url.h"

enum { LEAST_REPLY_BYTES = 128 << 10, AGAIN_MS = 10 };

struct gateway_fetch {
    struct gateway_request request;
    struct abi_reader left;             /* URLs not tried yet */
    size_t left_count;
    gateway_done_fn *done;
    void *context;
    struct http_transfer *transfer;
    struct gateway_batch *batch;
    struct chain_timer soon;            /* so that nothing is told from within gateway_start; to wait for octets of the budget */
    struct gateway_reply reply;
    size_t reserved;                    /* of the budget's octets, for the transfer under way */
    uint8_t *octets;                    /* of the reply */
};

static void fail(struct gateway_fetch *f, enum chain_failure failure, uint16_t http_status, const char *reason)
{
    f->reply = (struct gateway_reply){ .failure = failure, .http_status = http_status ? http_status : f->reply.http_status, .max_age = UINT32_MAX, .reason = reason };
}

static void finish(struct gateway_fetch *f)
{
    struct gateway_reply reply = f->reply;
    uint8_t *octets = f->octets;
    gateway_done_fn *done = f->done;
    void *context = f->context;
    chain_timer_clear(&f->soon);
    mem_free(f);
    done(context, &reply);
    mem_free(octets);
}

/* ---- what may be asked ---- */

static bool is_listed(struct slice host, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (http_host_is_below(host, list[i]))
            return true;
    return false;
}

static bool loopback_allowed(const struct chain *chain) { return chain->options.ccip_loopback || loop_loopback_allowed(chain->loop); }

/* @return NULL, or why the host may not be asked */
static const char *host_refusal(const struct chain_options *o, struct slice host)
{
    if (is_listed(host, o->ccip_deny, o->ccip_deny_count))
        return "the configuration denies this gateway's host";
    if (o->ccip_allow_count && !is_listed(host, o->ccip_allow, o->ccip_allow_count))
        return "the configuration does not list this gateway's host";
    return NULL;
}

/* A redirect is a request like any other: to hosts that may be asked, and counted. */
static bool hop(void *context, struct slice host)
{
    const struct gateway_fetch *f = context;
    struct state_budget *budget = f->request.budget;
    if (host_refusal(&f->request.chain->options, host) || budget->gateway_requests == 0)
        return false;
    budget->gateway_requests--;
    count_add(&f->request.chain->gateway_requests, 1);
    return true;
}

/* @return NULL, or why it may not be asked */
static const char *refusal(const struct gateway_fetch *f, const char *url)
{
    const char *reason;
    struct http_url parts;
    unsigned flags = HTTP_URL_HTTPS | HTTP_URL_PUBLIC | (loopback_allowed(f->request.chain) ? HTTP_URL_LOOPBACK : 0);
    if (http_url_check(url, flags, &parts, &reason) != OK)
        return reason;
    return host_refusal(&f->request.chain->options, parts.host);
}

bool gateway_expand(struct slice template, const struct eth_address *sender, struct slice data, struct text *out, bool *has_data)
{
    *has_data = false;
    for (size_t i = 0; i < template.length && !out->full && out->length <= CCIP_URL_BYTES_MAX;) {
        struct slice rest = slice_of(template.data + i, template.length - i);
        if (rest.length >= 8 && memcmp(rest.data, "{sender}", 8) == 0) {
            text_add(out, "0x");
            text_add_hex(out, sender->octets, 20, false);
            i += 8;
        } else if (rest.length >= 6 && memcmp(rest.data, "{data}", 6) == 0) {
            *has_data = true;
            if (data.length * 2 > CCIP_URL_BYTES_MAX)
                return false;
            text_add(out, "0x");
            text_add_hex(out, (const uint8_t *)data.data, data.length, false);
            i += 6;
        } else {
            text_add_char(out, template.data[i++]);
        }
    }
    return !out->full && out->length <= CCIP_URL_BYTES_MAX;
}

/* ---- a reply ---- */

static void try_next(struct gateway_fetch *f);

/* {"data":"0x..."}, or the digits alone, as some gateways answer. */
static bool take_body(struct gateway_fetch *f, const struct http_result *result)
{
    struct json_view object;
    struct slice digits, body = slice_of(result->body, result->body_bytes);
    if (json_read(body.data, body.length, CCIP_REPLY_BYTES_MAX, &object) != OK || json_hex(json_member(object, "data"), &digits) != OK) {
        while (body.length && (body.data[body.length - 1] == '\n' || body.data[body.length - 1] == '\r' || body.data[body.length - 1] == ' '))
            body.length--;
        if (body.length < 2 || memcmp(body.data, "0x", 2) != 0)
            return false;
        digits = slice_of(body.data + 2, body.length - 2);
    }
    uint8_t *octets = mem_alloc(digits.length / 2 + 1);
    if (!octets || json_digits_decode(digits, octets) != OK) {
        mem_free(octets);
        return false;
    }
    f->octets = octets;
    f->reply = (struct gateway_reply){ .fine = true, .data = slice_of((const char *)octets, digits.length / 2),
                                       .max_age = result->max_age_said ? result->max_age_seconds : UINT32_MAX };
    return true;
}

/* Gives back what was not used. */
static void release(struct gateway_fetch *f, size_t used)
{
    struct state_budget *budget = f->request.budget;
    budget->gateway_reserved -= (uint32_t)f->reserved;
    budget->gateway_bytes += (uint32_t)(used < f->reserved ? f->reserved - used : 0);
    f->reserved = 0;
}

static void answered(void *context, const struct http_result *result)
{
    struct gateway_fetch *f = context;
    f->transfer = NULL;
    release(f, result->status == E_LIMIT ? f->reserved : result->received_bytes);
    if (result->status == OK && result->code / 100 == 2 && take_body(f, result)) {
        finish(f);
        return;
    }
    if (result->status == E_REFUSED)
        fail(f, CHAIN_FAILURE_GATEWAY_REFUSED, 0, result->reason);
    else if (result->status == OK && result->code / 100 != 2)
        fail(f, CHAIN_FAILURE_GATEWAY, (uint16_t)result->code, NULL);
    else
        fail(f, CHAIN_FAILURE_GATEWAY, 0, result->status == OK ? "the gateway answered with something else than data" : result->reason);
    try_next(f);
}

/* Of those side by side each leaves half for the others, so that many small replies find room beside one that may be large. */
static size_t reply_limit(const struct gateway_fetch *f)
{
    const struct state_budget *budget = f->request.budget;
    size_t left = budget->gateway_bytes, share = left / 2 > LEAST_REPLY_BYTES ? left / 2 : LEAST_REPLY_BYTES;
    if (budget->gateway_reserved > 0 && share < left)
        left = share;
    return f->request.reply_bytes < left ? f->request.reply_bytes : left;
}

/* @return OK, or the URL cannot be asked */
static enum status ask(struct gateway_fetch *f, const char *url, bool post)
{
    struct state_budget *budget = f->request.budget;
    uint64_t now = chain_loop_now_ms(f->request.chain->loop), left = budget->deadline_ms > now ? budget->deadline_ms - now : 0;
    bool loopback = loopback_allowed(f->request.chain);
    struct text body;
    text_growing(&body);
    if (post) {
        text_add(&body, "{\"data\":\"0x");
        text_add_hex(&body, (const uint8_t *)f->request.data.data, f->request.data.length, false);
        text_add(&body, "\",\"sender\":\"0x");
        text_add_hex(&body, f->request.sender.octets, 20, false);
        text_add(&body, "\"}");
    }
    const struct http_request request = {
        .url = url, .body = post ? body.data : NULL, .body_bytes = body.length, .redirects = 2, .hop = hop, .public_only = true, .loopback_allowed = loopback,
        .max_reply_bytes = reply_limit(f),
        .timeout_ms = (uint32_t)(left < CCIP_REQUEST_MS ? left : CCIP_REQUEST_MS),
    };
    enum status st = body.full ? E_NOMEM : http_client_start(chain_loop_http(f->request.chain->loop), &request, answered, f, &f->transfer);
    text_clear(&body);
    if (st != OK)
        return st;
    f->reserved = request.max_reply_bytes;
    budget->gateway_bytes -= (uint32_t)f->reserved;
    budget->gateway_reserved += (uint32_t)f->reserved;
    budget->gateway_requests--;
    count_add(&f->request.chain->gateway_requests, 1);
    return OK;
}

/* @return it is under way */
static bool try_url(struct gateway_fetch *f, struct slice template)
{
    struct text url;
    bool has_data;
    const char *reason;
    enum status st = E_NOMEM;
    text_growing(&url);
    text_add_bytes(&url, template.data, template.length);       /* a C string for the check: a NUL inside ends it, and is refused below */
    reason = url.full ? NULL : memchr(template.data, 0, template.length) ? "a NUL in the URL" : refusal(f, url.data);
    if (url.full) {
        fail(f, CHAIN_FAILURE_MEMORY, 0, NULL);
    } else if (reason) {
        fail(f, CHAIN_FAILURE_GATEWAY_REFUSED, 0, reason);
    } else {
        text_clear(&url);
        text_growing(&url);
        if (!gateway_expand(template, &f->request.sender, f->request.data, &url, &has_data))
            fail(f, CHAIN_FAILURE_GATEWAY, 0, "the gateway's URL would be longer than 64 KiB");
        else if ((st = ask(f, url.data, !has_data)) != OK)
            fail(f, st == E_NOMEM ? CHAIN_FAILURE_MEMORY : CHAIN_FAILURE_GATEWAY_REFUSED, 0, "the gateway's URL is refused");
    }
    text_clear(&url);
    return st == OK && f->transfer != NULL;
}

static void again(struct chain_timer *timer)
{
    try_next((struct gateway_fetch *)(void *)((char *)timer - offsetof(struct gateway_fetch, soon)));
}

static void try_next(struct gateway_fetch *f)
{
    struct chain_loop *loop = f->request.chain->loop;
    struct state_budget *budget = f->request.budget;
    while (f->left_count) {
        bool octets = budget->gateway_bytes > 0 || budget->gateway_reserved > 0;
        if (budget->gateway_requests == 0 || !octets || chain_loop_now_ms(loop) >= budget->deadline_ms) {
            fail(f, CHAIN_FAILURE_BUDGET, 0, NULL);
            break;
        }
        if (budget->gateway_bytes < LEAST_REPLY_BYTES && budget->gateway_reserved > 0) {    /* others will give some back */
            if (chain_timer_set(loop, &f->soon, AGAIN_MS, again) == OK)
                return;
            fail(f, CHAIN_FAILURE_MEMORY, 0, NULL);
            break;
        }
        struct slice template = abi_read_bytes(&f->left);
        f->left_count--;
        if (template.data == NULL)
            fail(f, CHAIN_FAILURE_GATEWAY, 0, "the contract's list of gateways is malformed");
        else if (try_url(f, template))
            return;
    }
    finish(f);
}

/* ---- begin ---- */

/* Looks ahead, at the expense of nobody. */
static bool is_batch(struct abi_reader urls, size_t count)
{
    struct abi_input apart = *urls.input;
    urls.input = &apart;
    for (size_t i = 0; i < count; i++)
        if (slice_is(abi_read_bytes(&urls), "x-batch-gateway:true"))
            return true;
    return false;
}

static void batch_over(void *context, const struct gateway_reply *reply)
{
    struct gateway_fetch *f = context;
    f->batch = NULL;
    f->reply = *reply;
    if (reply->fine) {
        f->octets = mem_alloc(reply->data.length + 1);
        if (f->octets)
            memcpy(f->octets, reply->data.data, reply->data.length);
        else
            fail(f, CHAIN_FAILURE_MEMORY, 0, NULL);
        f->reply.data.data = (const char *)f->octets;
    }
    finish(f);
}

static void begin(struct chain_timer *timer)
{
    struct gateway_fetch *f = (struct gateway_fetch *)(void *)((char *)timer - offsetof(struct gateway_fetch, soon));
    if (!f->request.chain->options.ccip) {
        fail(f, CHAIN_FAILURE_GATEWAY_REFUSED, 0, "off-chain gateways are turned off");
    } else if (f->request.url_count == 0) {
        fail(f, CHAIN_FAILURE_GATEWAY, 0, "the contract names no gateway");
    } else if (f->request.depth > CCIP_DEPTH_MAX) {
        fail(f, CHAIN_FAILURE_BUDGET, 0, "more lookups follow each other than one may have");
    } else if (is_batch(f->request.urls, f->request.url_count)) {
        enum status st = gateway_batch_start(&f->request, batch_over, f, &f->batch);
        if (st == OK)
            return;
        fail(f, st == E_NOMEM ? CHAIN_FAILURE_MEMORY : CHAIN_FAILURE_GATEWAY, 0, st == E_NOMEM ? NULL : "the contract's batch of lookups is malformed, or over 64");
    } else {
        fail(f, CHAIN_FAILURE_GATEWAY, 0, NULL);
        try_next(f);
        return;
    }
    finish(f);
}

enum status gateway_start(const struct gateway_request *request, gateway_done_fn *done, void *context, struct gateway_fetch **out)
{
    struct gateway_fetch *f = mem_alloc(sizeof *f);
    if (!f)
        return E_NOMEM;
    f->request = *request;
    f->left = request->urls;
    f->left_count = request->url_count < CCIP_URLS_MAX ? request->url_count : CCIP_URLS_MAX;
    f->done = done;
    f->context = context;
    if (chain_timer_set(request->chain->loop, &f->soon, 0, begin) != OK) {
        mem_free(f);
        return E_NOMEM;
    }
    *out = f;
    return OK;
}

void gateway_cancel(struct gateway_fetch *fetch)
{
    if (!fetch)
        return;
    chain_timer_clear(&fetch->soon);
    http_client_cancel(fetch->transfer);
    gateway_batch_cancel(fetch->batch);
    release(fetch, 0);
    mem_free(fetch->octets);
    mem_free(fetch);
}

struct slice gateway_host(struct abi_reader urls, size_t count)
{
    struct http_url parts;
    char url[512];
    struct abi_input apart = *urls.input;
    urls.input = &apart;
    struct slice first = count ? abi_read_bytes(&urls) : slice_of("", 0);
    if (first.length == 0 || first.length >= sizeof url || memchr(first.data, 0, first.length))
        return slice_of("", 0);
    memcpy(url, first.data, first.length);
    url[first.length] = 0;
    if (http_url_check(url, 0, &parts, NULL) != OK)
        return slice_of("", 0);
    return slice_of(first.data + (parts.host.data - url), parts.host.length);
}
