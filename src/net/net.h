/* SPDX-License-Identifier: Apache-2.0 */
/** @file net/net.h -- bytes in, bytes out: listeners, workers, exchanges, timers.
 *
 *  The room knows nothing of a byte past the TCP length prefix.  A process has one `struct net` (its
 *  listening sockets, limits and counters) and N workers, each owned by one thread, with sockets of its
 *  own (SO_REUSEPORT), an epoll loop, a timer wheel and an eventfd through which others post to it.
 *  The hall pulls:
 *
 *      while (net_wait(worker, &batch, &count)) {           sleeps when there is nothing to do
 *          for (i = 0; i < count; i++) serve(batch[i]);     each is ended by exactly one of
 *          net_flush(worker);                               net_reply_last, net_drop, net_park, net_stream
 *      }
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/base.h"

struct net;
struct net_worker;

enum net_transport { NET_UDP = 1, NET_TCP = 2 };      /* bits, for listeners */
enum {
    NET_LISTENER_GONE = 0xffff,     /* a connection that outlived its listener */
    NET_BATCH_MAX = 192             /* questions in one batch: of one UDP socket and, by TCP, all that one read brought */
};

/** One question on its way through the house.  Fields are read-only for callers, but for `reply` and `user`. */
struct net_exchange {
    struct endpoint peer;           /**< the client; behind a trusted proxy the one it names */
    struct endpoint local;          /**< the address the query came to; the reply leaves from it */
    enum net_transport transport;
    uint16_t listener;              /**< index into net_options.listeners as of the last net_change; or NET_LISTENER_GONE */
    const uint8_t *query;           /**< borrowed until the exchange ends; a parked one has its own copy */
    size_t query_bytes;             /**< UDP: 1..4096 (a longer datagram is cut there and reads as malformed); TCP: 0..65535 */
    uint8_t *reply;                 /**< where to write a message; valid until the next net_reply_* on it.  All parked
                                     *   exchanges of a worker share one: fill it and reply in one go */
    size_t reply_room;              /**< UDP: 4096; TCP: 65535 */
    struct net_worker *worker;
    uint64_t received_ns;           /**< CLOCK_REALTIME when it was read, for dnstap */
    void *user;                     /**< the caller's; kept across park and stream */
};

struct net_listener {
    struct endpoint endpoint;       /**< port 0 = the kernel picks; net_listener_endpoint tells */
    unsigned transports;            /**< NET_UDP | NET_TCP */
    const struct prefix *proxy_from;/**< PROXY v2 is required from these; borrowed during net_open/net_change */
    size_t proxy_from_count;
};

struct net_options {
    const struct net_listener *listeners;
    size_t listener_count;
    unsigned workers;               /**< 1..256; fixed for the life of the process */
    unsigned udp_batch;             /**< messages per recvmmsg, 1..64 */
    uint32_t udp_receive_buffer;    /**< SO_RCVBUF octets; 0 = the system's; for sockets opened from now on */
    uint32_t tcp_clients;           /**< connections in all; when full, one idle for tcp_idle_ms / 10 makes room, or the new one is refused */
    uint32_t tcp_idle_ms;           /**< 10000; also what the keepalive option tells (RFC 7828) */
    uint32_t tcp_write_ms;          /**< a reader slower than this for 64 KiB or one message is cut */
    uint32_t tcp_pipeline;          /**< unanswered queries per connection before reading pauses */
    bool freebind;                  /**< IP_FREEBIND: addresses may come later */
    /* The connection budget per client network belongs to policy; net asks for it, on any worker's thread. NULL = no
     * budget.  Behind a trusted proxy the client is the one that its header names.  Taken from net_open for good:
     * net_change does not look at them, and context must live until net_close. */
    bool (*connection_take)(void *context, const struct address *peer);
    void (*connection_give)(void *context, const struct address *peer);
    void *connection_context;
};
struct net_options net_defaults(void);

/** Opens all sockets for all workers; sockets handed over by the service manager (LISTEN_FDS) are used where their
 *  address and type fit, one for each worker; internet sockets beyond that are closed, other descriptors are left
 *  alone, and the LISTEN_* variables are unset.  A handed-over socket without SO_REUSEPORT is shared by the workers.
 *  Call before privileges are dropped.  RLIMIT_NOFILE is raised.  @param diag may be NULL
 *  @return OK; E_SYSTEM or E_LIMIT with the address and the reason in diagnostics; E_NOMEM.  An address where
 *          another server listens is E_SYSTEM, even if that server is ours (SO_REUSEPORT alone would let it pass). */
MUST_CHECK enum status net_open(const struct net_options *options, struct net **out, struct diagnostics *diag);
/** All workers must have left net_wait for good.  Parked exchanges that are left are freed.  NULL is fine. */
void net_close(struct net *net);
/** A reload: listeners and limits change while workers serve.  Unchanged listeners (same address as wished, or as the
 *  kernel picked) keep their sockets, removed ones are drained of what the kernel has queued, then closed; their
 *  connections live on.  All or nothing.  Workers' number, udp_batch and the budget stay as they were.  Any thread, one
 *  at a time; returns once all running workers go by the new options (the caller's own: at its next net_wait).
 *  @return as net_open */
MUST_CHECK enum status net_change(struct net *net, const struct net_options *options, struct diagnostics *diag);
/** The address a listener really has. */
struct endpoint net_listener_endpoint(const struct net *net, size_t index);
/** All listening descriptors, for the fd store of the service manager. @return how many were written. */
size_t net_descriptors(const struct net *net, int *out, size_t room);

struct net_worker *net_worker_get(struct net *net, unsigned index);
unsigned net_worker_index(const struct net_worker *worker);
/** Binds the worker to the calling thread; `sleeping` is called just before and after it sleeps (epoch_offline/online). */
void net_worker_start(struct net_worker *worker, void (*sleeping)(void *context, bool asleep), void *context);

/** Waits for questions, runs timers, posted calls and stream continuations meanwhile.  Borrowed until net_flush.
 *  @return false once the worker was told to stop and has drained; *count may be 0 after a wake-up. */
bool net_wait(struct net_worker *worker, struct net_exchange ***batch, size_t *count);
/** Sends what was replied in this batch. */
void net_flush(struct net_worker *worker);
/** Time as of the last wake-up. */
struct now net_now(const struct net_worker *worker);
/** Any thread, async-signal-safe: stop accepting, answer what is there, then net_wait returns false, after 3 s at the
 *  latest.  Sockets stay open, and connections that were not accepted stay queued in them, until net_close: they may
 *  have been handed to a successor. */
void net_worker_stop(struct net_worker *worker);

/* Ends and continuations; only from the owning worker. */
/** Sends the message in x->reply and ends the exchange.  0 octets: as net_drop. */
void net_reply_last(struct net_exchange *x, size_t bytes);
/** Sends one of several messages (TCP only); the exchange lives on. @return false when the peer is gone, or would have
 *  more waiting than net keeps for it (16 MiB). */
bool net_reply_more(struct net_exchange *x, size_t bytes);
/** Ends without a (further) reply. */
void net_drop(struct net_exchange *x);
/** Ends and closes the connection (TCP) once what was answered is sent; its parked exchanges see net_gone. */
void net_hang_up(struct net_exchange *x);
/** Takes the exchange out of its batch: copies peer and query; the caller ends it later, on this worker.  NULL when out
 *  of memory or over the bound of parked exchanges, 8192 for a worker and 128 for a connection (then x is untouched:
 *  answer SERVFAIL).  One that is parked already is returned as it is.  It outlives its connection: see net_gone. */
struct net_exchange *net_park(struct net_exchange *x);
/** A parked TCP exchange as a stream of replies with back-pressure: `more` runs on this worker whenever its
 *  connection has room; it calls net_reply_more any number of times, ends with net_reply_last or net_drop, or just
 *  returns to be called again when there is room.  It should return once net_backlog(x) is 64 KiB: that is when it is
 *  not called any more.  When net_gone(x), clean up and net_drop(x): the last call. */
void net_stream(struct net_exchange *parked, void (*more)(struct net_exchange *x));
/** The peer of a parked exchange has gone. */
bool net_gone(const struct net_exchange *x);
/** Octets waiting in the connection's output, for pacing. */
size_t net_backlog(const struct net_exchange *x);
/** The keepalive option's value in units of 100 ms (RFC 7828), for TCP. */
uint16_t net_keepalive(const struct net_exchange *x);

/* Timers and posts. */
struct net_timer {
    struct net_timer *next, **link;   /* private */
    uint64_t due_ms;
    void (*fire)(struct net_timer *timer);
    void *user;
};
void net_timer_start(struct net_worker *worker, struct net_timer *timer, uint32_t after_ms);  /**< restarts if running */
void net_timer_stop(struct net_timer *timer);                                                  /**< idempotent; zeroed is fine */
/** Any thread: call(context) runs on the worker, in the order of posting; not at all when the worker has left for good.
 *  @return OK, E_NOMEM. */
MUST_CHECK enum status net_post(struct net_worker *worker, void (*call)(void *context), void *context);

/** Counters, written by the owning worker only with relaxed stores, read by anyone. */
struct net_counters {
    uint64_t udp_received, udp_sent, udp_short, udp_send_failed;    /* short: without a single octet */
    uint64_t udp_dropped_in_kernel;     /* its queue was full (SO_MEMINFO); looked up once a second while there is traffic */
    uint64_t udp_port_zero;             /* silently dropped: reply impossible or a loop */
    uint64_t tcp_accepted, tcp_open, tcp_refused_budget, tcp_refused_full, tcp_idle_closed, tcp_slow_closed;
    uint64_t tcp_received, tcp_sent, accept_no_descriptors, proxy_bad, parked;
    uint64_t wakeups;                   /* returns of epoll_wait */
};
/** Sums over all workers. */
void net_counters_read(const struct net *net, struct net_counters *out);

#endif
