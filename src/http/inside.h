/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the room share: the client and its transfers.  client.c queues, bounds and reports; curl.c and pipe.c
 * carry, the one by libcurl, the other over Unix sockets. */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include "http/http.h"
#include "json/pull.h"

struct pollfd;

enum transfer_state { TRANSFER_WAITING, TRANSFER_RUNNING, TRANSFER_OVER, TRANSFER_REPORTED };

/* A list with its members' links in them. */
struct transfer_list { struct http_transfer *first, *last; size_t count; };

struct http_transfer {
    struct http_transfer *next, *before;
    struct transfer_list *list;         /* the one it is in */
    struct http_client *client;
    enum transfer_state state;
    http_done_fn *done;
    http_hop_fn *hop;
    void *context;
    uint64_t started_ns, deadline_ns;
    uint64_t place;                     /* hash of scheme, host and port */

    char *url, *body, *headers;         /* headers: lines one behind the other, each ended by a NUL */
    size_t body_bytes, header_bytes, own_header_bytes;  /* own: at the front, nothing secret */
    struct http_url parts;              /* of url */
    size_t max_reply_bytes;
    uint32_t connect_ms;
    unsigned redirects_left;
    bool post, public_only, loopback_allowed, urgent;
    bool stranger;                      /* public_only as asked for; behind a redirect all are public_only */
    unsigned encodings;                 /* how often the reply is compressed, as it says */
    uint64_t id;
    uint32_t id_count;

    char *reply;                        /* grows; one octet more than it may use */
    size_t reply_bytes, reply_room;
    size_t dropped_bytes;               /* of replies that led elsewhere */
    char content_type[80];
    struct http_result result;
    size_t head_bytes;                  /* of all header lines so far */
    const char *failure;                /* what one of our own callbacks refused, before curl gave it a number of its own */
    enum status failure_status;

    void *easy, *lines;                 /* curl.c: CURL, curl_slist */
    struct http_pipe *pipe;             /* pipe.c; NULL when not on one */
};

struct http_client {
    struct http_client_options options;
    char **own_suffixes;
    char *ca_file;
    void *multi, *known_hosts;          /* CURLM, curl_slist */
    struct transfer_list waiting, running, over;
    struct http_pipe *pipes;
    size_t pipe_count;
    size_t held_bytes, stranger_bytes;  /* of bodies; of these for strangers */
    size_t running_strangers, waiting_strangers;
    struct hash_key key;
    struct http_counters counters;
    bool closing, blocked;              /* blocked: nothing of those that wait can run before something is over */
};

/* ---- client.c ---- */
void transfer_list_add_first(struct transfer_list *list, struct http_transfer *transfer);
void transfer_list_add(struct transfer_list *list, struct http_transfer *transfer);
void transfer_list_remove(struct http_transfer *transfer);
/* The host is one that we would resolve through ourselves. */
bool client_is_own_host(const struct http_client *client, const struct http_url *url);
/* Where one connection can be used again: the same scheme, host and port. */
uint64_t client_place(const struct http_client *client, const struct http_url *url);
/* Counts octets that are about to be held. @return false when that would be too many */
MUST_CHECK bool client_hold(struct http_client *client, bool stranger, size_t bytes);
void client_release(struct http_client *client, bool stranger, size_t bytes);
/* Room for `more` octets in the reply, within both limits.  @return OK, E_LIMIT, E_NOMEM */
MUST_CHECK enum status transfer_reserve(struct http_transfer *transfer, size_t more);
/* It is over: done() will be called with this.  Only for one that is waiting or running, and no longer with its carrier. */
void transfer_end(struct http_transfer *transfer, enum status status, const char *reason);

extern const char reason_too_long[], reason_memory[], reason_time[], reason_no_memory[];

/* ---- curl.c ---- */
MUST_CHECK enum status carrier_open(struct http_client *client);
void carrier_close(struct http_client *client);
/* Hands a transfer over.  It may be over on return. */
void carrier_start(struct http_transfer *transfer);
void carrier_cancel(struct http_transfer *transfer);
/* Lets all go on that can; ends what is over. */
void carrier_perform(struct http_client *client);
/* Sleeps until something happens, there or at these descriptors, whose revents are set. */
void carrier_wait(struct http_client *client, struct pollfd *extra, size_t count, uint32_t timeout_ms);
void carrier_wake(struct http_client *client);

/* ---- pipe.c ---- */
enum { PIPES_MAX = 16 };
void pipe_start(struct http_transfer *transfer);
void pipe_cancel(struct http_transfer *transfer);
/* What to wait for. @return how many, PIPES_MAX at most; which[i] belongs to out[i] */
size_t pipe_poll(struct http_client *client, struct pollfd *out, struct http_pipe **which);
void pipe_ready(struct http_pipe *pipe, short events);
void pipe_close_all(struct http_client *client);

#endif
