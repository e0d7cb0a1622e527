/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that sees libcurl.  Redirects are followed here and not by it, so that each hop is checked as a URL of its
 * own; sockets are checked when they are opened, and once more before a request goes out on one that was open already. */
#include "http/inside.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX_BYTES = 64 * 1024, CONNECTIONS_KEPT = 64, SQUEEZED_SLACK = 64 * 1024 };

static const char reason_not_public[] = "the address is not public";
static const char reason_encodings[] = "the reply is compressed more than once";
static const char reason_head[] = "the reply's header lines are too long";

/* What the numbers of libcurl mean, in words and in ours. */
static const struct { CURLcode code; enum status status; const char *reason; } meanings[] = {
    { CURLE_COULDNT_RESOLVE_HOST, E_NOT_FOUND, "the host name could not be resolved" },
    { CURLE_COULDNT_CONNECT, E_CLOSED, "the connection was refused or could not be made" },
    { CURLE_OPERATION_TIMEDOUT, E_TIMEOUT, reason_time },
    { CURLE_PARTIAL_FILE, E_TRUNCATED, "the reply ends early" },
    { CURLE_GOT_NOTHING, E_CLOSED, "the connection was closed without a reply" },
    { CURLE_SEND_ERROR, E_CLOSED, "the connection was lost while sending" },
    { CURLE_RECV_ERROR, E_CLOSED, "the connection was lost while receiving" },
    { CURLE_PEER_FAILED_VERIFICATION, E_CLOSED, "the certificate does not match, or nobody known vouches for it" },
    { CURLE_SSL_CONNECT_ERROR, E_CLOSED, "TLS could not be agreed on" },
    { CURLE_SSL_CIPHER, E_CLOSED, "TLS could not be agreed on" },
    { CURLE_SSL_CACERT_BADFILE, E_SYSTEM, "the file of certificate authorities cannot be read" },
    { CURLE_HTTP2, E_BAD_FORMAT, "the reply breaks the rules of HTTP/2" },
    { CURLE_HTTP2_STREAM, E_CLOSED, "the server ended the HTTP/2 stream" },
    { CURLE_WEIRD_SERVER_REPLY, E_BAD_FORMAT, "the reply is not HTTP" },
    { CURLE_UNSUPPORTED_PROTOCOL, E_BAD_FORMAT, "the reply is not HTTP" },
    { CURLE_BAD_CONTENT_ENCODING, E_BAD_FORMAT, "the reply's compression is broken" },
    { CURLE_OUT_OF_MEMORY, E_NOMEM, reason_no_memory },
    { CURLE_URL_MALFORMAT, E_BAD_TEXT, "the URL is malformed" },
};

/* ---- callbacks of libcurl ---- */

/* Refuses with a reason of ours. */
static size_t refuse_data(struct http_transfer *transfer, enum status status, const char *reason)
{
    if (!transfer->failure)
        transfer->failure = reason;
    transfer->failure_status = status;
    return 0;
}

static size_t on_body(char *data, size_t one, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size_t bytes = one * count;
    enum status st = transfer_reserve(transfer, bytes);
    if (st != OK)
        return refuse_data(transfer, st, st == E_LIMIT ? reason_too_long : reason_no_memory);
    memcpy(transfer->reply + transfer->reply_bytes, data, bytes);
    transfer->reply_bytes += bytes;
    return bytes;
}

static bool next_directive(struct slice *rest, struct slice *out)
{
    while (rest->length > 0 && strchr(", \t\r\n", *rest->data)) {
        rest->data++;
        rest->length--;
    }
    size_t length = 0;
    while (length < rest->length && !strchr(", \t\r\n", rest->data[length]))
        length++;
    *out = slice_of(rest->data, length);
    rest->data += length;
    rest->length -= length;
    return length > 0;
}

/* RFC 9111 §5.2.2, as far as it says how long. */
static void read_cache_control(struct http_result *result, struct slice value)
{
    struct slice one;
    uint64_t seconds;
    bool none = false;
    while (next_directive(&value, &one)) {
        none = none || slice_is_nocase(one, "no-store") || slice_is_nocase(one, "no-cache");
        if (one.length <= 8 || !slice_is_nocase(slice_of(one.data, 8), "max-age="))
            continue;
        if (text_read_u64(slice_of(one.data + 8, one.length - 8), UINT32_MAX, &seconds) != OK)
            continue;
        result->max_age_said = true;
        result->max_age_seconds = (uint32_t)seconds;
    }
    if (none) {
        result->max_age_said = true;
        result->max_age_seconds = 0;
    }
}

/* What is compressed twice can keep us busy without yielding an octet that counts. */
static bool count_encodings(struct http_transfer *transfer, struct slice value)
{
    struct slice one;
    while (next_directive(&value, &one))
        transfer->encodings += !slice_is_nocase(one, "chunked") && !slice_is_nocase(one, "identity");
    return transfer->encodings <= 1;
}

/* The line is one with this name: what is behind it. */
static bool header_value(struct slice line, const char *name, struct slice *value)
{
    size_t length = strlen(name);
    if (line.length < length || !slice_is_nocase(slice_of(line.data, length), name))
        return false;
    *value = slice_of(line.data + length, line.length - length);
    return true;
}

static size_t on_header(char *data, size_t one, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size_t bytes = one * count;
    struct slice line = slice_of(data, bytes), value;
    transfer->head_bytes += bytes;
    if (transfer->head_bytes > HEAD_MAX_BYTES)
        return refuse_data(transfer, E_LIMIT, reason_head);
    if (header_value(line, "cache-control:", &value))
        read_cache_control(&transfer->result, value);
    bool encoded = header_value(line, "content-encoding:", &value) || header_value(line, "transfer-encoding:", &value);
    if (encoded && !count_encodings(transfer, value))
        return refuse_data(transfer, E_BAD_FORMAT, reason_encodings);
    return bytes;
}

/* As many octets as these were never needed for a reply that is short enough, compressed or not. */
static int on_progress(void *context, curl_off_t all, curl_off_t have, curl_off_t all_up, curl_off_t have_up)
{
    struct http_transfer *transfer = context;
    (void)all;
    (void)all_up;
    (void)have_up;
    if ((uint64_t)have <= transfer->max_reply_bytes + SQUEEZED_SLACK)
        return 0;
    (void)refuse_data(transfer, E_LIMIT, reason_too_long);
    return 1;
}

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_transfer *transfer = context;
    (void)purpose;
    if (transfer->public_only && !sockaddr_is_public(&address->addr, transfer->loopback_allowed)) {
        transfer->client->counters.refused_addresses++;
        transfer->failure = reason_not_public;
        transfer->failure_status = E_REFUSED;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    transfer->client->counters.connections += fd >= 0;
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/* A connection is there, new or used before: by a request, maybe, that was allowed to go anywhere. */
static int on_request(void *context, char *peer, char *own, int peer_port, int own_port)
{
    struct http_transfer *transfer = context;
    struct endpoint endpoint = { .port = (uint16_t)peer_port };
    struct sockaddr_storage sa;
    (void)own;
    (void)own_port;
    transfer->failure = NULL;   /* an address that was refused does not matter when another one was found */
    if (!transfer->public_only)
        return CURL_PREREQFUNC_OK;
    if (strchr(peer, ':') && strchr(peer, '.'))     /* ::ffff:192.0.2.1 would pass as IPv4 */
        endpoint.address.family = 0;
    else if (address_parse(slice_string(peer), &endpoint.address) != OK)
        endpoint.address.family = 0;
    if (endpoint.address.family) {
        endpoint_to_sockaddr(&endpoint, &sa);
        if (sockaddr_is_public((const struct sockaddr *)&sa, transfer->loopback_allowed))
            return CURL_PREREQFUNC_OK;
    }
    transfer->client->counters.refused_addresses++;
    (void)refuse_data(transfer, E_REFUSED, reason_not_public);
    return CURL_PREREQFUNC_ABORT;
}

/* ---- handing over ---- */

/* Adds a line. @return false when out of memory: the list stays as it was */
static bool add_line(void **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool make_lines(struct http_transfer *transfer)
{
    bool good = add_line(&transfer->lines, "Expect:");
    for (size_t at = 0; good && at < transfer->header_bytes; at += strlen(transfer->headers + at) + 1)
        good = add_line(&transfer->lines, transfer->headers + at);
    return good;
}

#define SET(option, value) (bad |= curl_easy_setopt(easy, option, value) != CURLE_OK)

static bool set_rules(CURL *easy, struct http_transfer *transfer)
{
    bool bad = false;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L);        /* a name that is still being resolved is left to its thread: joining it could take half a minute */
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, transfer->parts.https ? 1L : 0L);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    SET(CURLOPT_USERAGENT, "rhizome");
    SET(CURLOPT_RESOLVE, transfer->client->known_hosts);
    if (transfer->client->ca_file)
        SET(CURLOPT_CAINFO, transfer->client->ca_file);
    return !bad;
}

static bool set_callbacks(CURL *easy, struct http_transfer *transfer)
{
    bool bad = false;
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_PREREQFUNCTION, on_request);
    SET(CURLOPT_PREREQDATA, transfer);
    return !bad;
}

/* What differs from hop to hop. */
static bool set_request(CURL *easy, struct http_transfer *transfer)
{
    bool bad = !make_lines(transfer);
    uint64_t now = clock_ns();
    uint64_t left_ms = transfer->deadline_ns > now ? (transfer->deadline_ns - now) / 1000000 + 1 : 1;
    SET(CURLOPT_URL, transfer->url);
    SET(CURLOPT_HTTPHEADER, transfer->lines);
    SET(CURLOPT_TIMEOUT_MS, (long)left_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, left_ms < transfer->connect_ms ? (long)left_ms : (long)transfer->connect_ms);
    if (transfer->post) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, transfer->body);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body_bytes);
    }
    return !bad;
}

static void let_go(struct http_transfer *transfer)
{
    if (transfer->easy) {
        curl_multi_remove_handle(transfer->client->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->lines);
    transfer->easy = transfer->lines = NULL;
}

void carrier_start(struct http_transfer *transfer)
{
    CURL *easy = transfer->easy = curl_easy_init();
    bool good = easy && set_rules(easy, transfer) && set_callbacks(easy, transfer) && set_request(easy, transfer);
    if (good && curl_multi_add_handle(transfer->client->multi, easy) == CURLM_OK)
        return;
    let_go(transfer);
    transfer_end(transfer, E_NOMEM, reason_no_memory);
}

void carrier_cancel(struct http_transfer *transfer) { let_go(transfer); }

/* ---- redirects ---- */

static bool is_redirect(const struct http_transfer *transfer)
{
    unsigned code = transfer->result.code;
    bool keeps = code == 307 || code == 308;
    return transfer->redirects_left > 0 && (keeps || (!transfer->post && code >= 301 && code <= 303));
}

/* The place where it says is the next URL, if that one may be asked. @return OK, E_REFUSED, E_NOMEM */
static enum status take_hop(struct http_transfer *transfer, const char *where)
{
    struct http_client *client = transfer->client;
    struct http_url parts;
    unsigned flags = HTTP_URL_HTTPS | HTTP_URL_PUBLIC | (transfer->loopback_allowed ? (unsigned)HTTP_URL_LOOPBACK : 0);
    if (http_url_check(where, flags, &parts, NULL) != OK || (transfer->parts.https && !parts.https) || client_is_own_host(client, &parts))
        return E_REFUSED;
    if (transfer->hop && !transfer->hop(transfer->context, parts.host))
        return E_REFUSED;
    char *url = mem_string(where);
    if (!url || http_url_check(url, flags, &parts, NULL) != OK) {
        mem_free(url);
        return E_NOMEM;
    }
    uint64_t place = client_place(client, &parts);
    if (place != transfer->place && transfer->headers) {    /* keys are for the host that they were given for */
        mem_wipe(transfer->headers + transfer->own_header_bytes, transfer->header_bytes - transfer->own_header_bytes);
        transfer->header_bytes = transfer->own_header_bytes;
    }
    mem_free(transfer->url);
    transfer->url = url;
    transfer->parts = parts;
    transfer->place = place;
    return OK;
}

static void follow(struct http_transfer *transfer)
{
    char *where = NULL;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &where);
    enum status st = where ? take_hop(transfer, where) : E_REFUSED;
    let_go(transfer);
    if (st != OK) {
        transfer_end(transfer, st, st == E_NOMEM ? reason_no_memory : "the redirect leads where we do not go");
        return;
    }
    transfer->redirects_left--;
    transfer->public_only = true;
    transfer->dropped_bytes += transfer->reply_bytes;
    transfer->reply_bytes = transfer->head_bytes = transfer->encodings = 0;
    transfer->result = (struct http_result){ .reason = "" };
    carrier_start(transfer);
}

/* ---- what became of them ---- */

static void read_content_type(struct http_transfer *transfer)
{
    const char *type = NULL;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
    size_t length = type ? strcspn(type, "; \t\r\n") : 0;
    if (length >= sizeof transfer->content_type)
        length = 0;
    for (size_t i = 0; i < length; i++)
        transfer->content_type[i] = (char)ascii_lower((uint8_t)type[i]);
    transfer->content_type[length] = 0;
}

static void read_facts(struct http_transfer *transfer)
{
    long code = 0;
    curl_off_t retry_after = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    transfer->result.code = code > 0 && code < 1000 ? (unsigned)code : 0;
    transfer->result.retry_after_seconds = retry_after <= 0 ? 0 : retry_after > UINT32_MAX ? UINT32_MAX : (uint32_t)retry_after;
    read_content_type(transfer);
}

static void end_failed(struct http_transfer *transfer, CURLcode code)
{
    enum status status = E_CLOSED;
    const char *reason = "the request failed";
    for (size_t i = 0; i < LENGTH_OF(meanings); i++) {
        if (meanings[i].code == code) {
            status = meanings[i].status;
            reason = meanings[i].reason;
        }
    }
    bool ours = code == CURLE_WRITE_ERROR || code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_COULDNT_CONNECT;
    if (ours && transfer->failure) {
        status = transfer->failure_status;
        reason = transfer->failure;
    }
    transfer_end(transfer, status, reason);
}

static void end_one(struct http_transfer *transfer, CURLcode code)
{
    read_facts(transfer);
    if (code == CURLE_OK && is_redirect(transfer)) {
        follow(transfer);
        return;
    }
    let_go(transfer);
    if (code == CURLE_OK)
        transfer_end(transfer, OK, "");
    else
        end_failed(transfer, code);
}

void carrier_perform(struct http_client *client)
{
    int running = 0, left = 0;
    CURLMsg *message;
    (void)check(curl_multi_perform(client->multi, &running) == CURLM_OK);
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        char *transfer = NULL;
        CURLcode code = message->data.result;
        if (message->msg == CURLMSG_DONE && curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK)
            end_one((struct http_transfer *)(void *)transfer, code);
    }
}

void carrier_wait(struct http_client *client, struct pollfd *extra, size_t count, uint32_t timeout_ms)
{
    struct curl_waitfd fds[PIPES_MAX];
    int events;
    for (size_t i = 0; i < count; i++) {
        short wanted = (short)((extra[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) | (extra[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
        fds[i] = (struct curl_waitfd){ .fd = extra[i].fd, .events = wanted };
    }
    (void)check(curl_multi_poll(client->multi, fds, (unsigned)count, timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms, &events) == CURLM_OK);
    /* Its revents do not tell a hang-up: look again without waiting. */
    if (count > 0)
        (void)poll(extra, count, 0);
}

void carrier_wake(struct http_client *client) { (void)curl_multi_wakeup(client->multi); }

enum status carrier_open(struct http_client *client)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)      /* counted, and safe from several threads since 7.84 */
        return E_SYSTEM;
    client->multi = curl_multi_init();
    if (!client->multi) {
        curl_global_cleanup();
        return E_NOMEM;
    }
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
    (void)curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    bool good = true;
    for (size_t i = 0; good && i < client->options.known_host_count; i++)
        good = add_line(&client->known_hosts, client->options.known_hosts[i]);
    return good ? OK : E_NOMEM;
}

void carrier_close(struct http_client *client)
{
    if (!client->multi)
        return;
    curl_multi_cleanup(client->multi);
    curl_slist_free_all(client->known_hosts);
    curl_global_cleanup();
}
