/* SPDX-License-Identifier: Apache-2.0 */
/** @file http/client.h -- an HTTP client of one thread: many requests under way, none of them trusted.
 *
 *  HTTP/1.1 and HTTP/2 with connections kept open, and JSON-RPC nodes behind Unix sockets, which speak bare JSON on a stream.
 *  Everything but http_client_wake belongs to the thread that polls.
 *
 *      http_client_start(client, &request, done, context, &transfer);
 *      while (...) http_client_poll(client, timeout_ms);       done() is called from in here and from http_client_free only
 *
 *  Off, whatever the environment says: proxies, netrc, cookies, authentication by URL, protocols other than http and https.
 *  Certificates are checked against the system's authorities; TLS 1.2 at least. */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/base.h"

struct http_client;
struct http_transfer;

/** Requests that are public_only can take three quarters of each of these at most, except of running_per_host. */
struct http_client_options {
    size_t running, running_per_host;   /**< requests under way at once: 64, 16; more wait */
    size_t waiting;                     /**< how many may wait: 1024 */
    size_t memory_bytes;                /**< bodies held at once, both ways: 64 MiB */
    const char *const *own_suffixes; size_t own_suffix_count;   /**< copied; hosts under these are refused: they would be resolved through ourselves */
    const char *ca_file;                /**< copied; authorities instead of the system's (tests); NULL = the system's */
    const char *const *known_hosts; size_t known_host_count;    /**< copied; `HOST:PORT:ADDRESS`, instead of asking a resolver */
};
struct http_client_options http_client_defaults(void);

/** @param options  NULL = the defaults.  @return OK, E_NOMEM, E_SYSTEM */
MUST_CHECK enum status http_client_new(const struct http_client_options *options, struct http_client **out);
/** Tells what is under way E_CLOSED (done() must not start new ones: that is E_CLOSED too), then frees.  NULL is fine. */
void http_client_free(struct http_client *client);
/** Other suffixes from now on (a reload); copied.  @return OK, E_NOMEM (the old ones stay) */
MUST_CHECK enum status http_client_set_own_suffixes(struct http_client *client, const char *const *suffixes, size_t count);

/** Whether a redirect may be followed to this host.  @param context  that of done() */
typedef bool http_hop_fn(void *context, struct slice host);

/** Everything is copied by http_client_start. */
struct http_request {
    const char *url;                /**< http, https, unix:/PATH (not with public_only) */
    const void *body;               /**< NULL: GET; else POST.  Over a Unix socket the only thing that is sent */
    size_t body_bytes;
    const char *content_type;       /**< of the body; NULL = application/json */
    const char *const *headers; size_t header_count;    /**< further lines, `Name: value`, without line ends; not sent on to another host */
    size_t max_reply_bytes;         /**< of the body, decompressed; 0 = 1 MiB */
    uint32_t timeout_ms;            /**< from the start to the last octet, waiting included; 0 = 10 s */
    uint32_t connect_ms;            /**< of it for name, connection and TLS; 0 = timeout_ms */
    unsigned redirects;             /**< 0..2 followed (GET; POST only 307 and 308), to https, and to public hosts whatever public_only says */
    http_hop_fn *hop;               /**< asked for each redirect besides those rules; NULL = they are enough */
    bool public_only;               /**< the URL is a stranger's: https, and sockets to public addresses only (http/public.h) */
    bool loopback_allowed;          /**< for tests: loopback passes public_only, with http too */
    bool urgent;                    /**< goes before all that wait, and a little beyond the limits of how many run: for the few that the others rest on */
    uint64_t id;                    /**< over Unix sockets: the JSON-RPC id in the body, which the reply has too ... */
    uint32_t id_count;              /**< ... or the first of so many that a batch has; 0 = no numbers: replies come in order */
};

struct http_result {
    enum status status;             /**< OK: a whole reply came, whatever its code.  E_TIMEOUT; E_LIMIT: too long, or our memory limit;
                                     *   E_REFUSED: by our own rules; E_NOT_FOUND: no such host; E_CLOSED: no connection, or it was lost;
                                     *   E_TRUNCATED: the reply ends early; E_BAD_FORMAT: not HTTP, not gzip, not JSON; E_NOMEM */
    unsigned code;                  /**< of HTTP; 0 when none came; 200 from Unix sockets.  May be set when status is not OK */
    const char *body;               /**< borrowed until done() returns; terminated by a NUL that does not count; "" unless OK */
    size_t body_bytes;
    size_t received_bytes;          /**< of bodies, decompressed, whatever became of them; those of redirects too */
    const char *content_type;       /**< lower case, without parameters; "" when there is none */
    uint32_t retry_after_seconds;   /**< 0 = not said */
    bool max_age_said;              /**< Cache-Control: ... */
    uint32_t max_age_seconds;       /**< ... max-age; 0 for no-store and no-cache */
    uint32_t elapsed_ms;            /**< since http_client_start */
    const char *reason;             /**< a constant sentence such as "the connection was refused"; "" when OK.  Holds nothing of the URL */
};
/** The transfer is over when this is called: do not cancel it from here on.  May start and cancel others. */
typedef void http_done_fn(void *context, const struct http_result *result);

/** Begins, or queues.  Nothing is sent before the next poll; done() is called once unless cancelled, never from in here.
 *  @param out  may be NULL; valid until done() is called, or it is cancelled
 *  @return OK, E_BAD_TEXT or E_REFUSED (the URL: http_url_check tells why), E_LIMIT (too many wait, or the memory limit), E_NOMEM,
 *          E_CLOSED (being freed) */
MUST_CHECK enum status http_client_start(struct http_client *client, const struct http_request *request,
                                         http_done_fn *done, void *context, struct http_transfer **out);
/** done() is not called any more.  NULL is fine. */
void http_client_cancel(struct http_transfer *transfer);

/** Waits until something is over, time is up or http_client_wake was called, and calls done() for what is over.
 *  @return how many those were */
size_t http_client_poll(struct http_client *client, uint32_t timeout_ms);
/** Any thread: http_client_poll returns soon, or the next one does at once. */
void http_client_wake(struct http_client *client);
/** Requests that are not over: running and waiting. */
size_t http_client_busy(const struct http_client *client);

struct http_counters {
    uint64_t started, finished, failed;     /**< failed: of the finished, status was not OK */
    uint64_t connections;                   /**< sockets opened */
    uint64_t refused_addresses;             /**< sockets not opened because of http/public.h */
    uint64_t sent_bytes, received_bytes;    /**< of bodies */
};
void http_client_counters(const struct http_client *client, struct http_counters *out);

#endif
