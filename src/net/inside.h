/* SPDX-License-Identifier: Apache-2.0 */
/** @file net/inside.h -- what the files of this room share.  Private to net.
 *
 *  A worker owns everything that hangs on it: ports (its listening sockets), connections, exchanges,
 *  timers.  Other threads reach it through posts and two atomics (stop, state) only. */
#ifndef NET_INSIDE_H
#define NET_INSIDE_H

#include "net/net.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    UDP_REPLY_ROOM = 4096,
    UDP_BATCH_MAX = 64,             /* bits of udp_batch.replied */
    UDP_QUERY_ROOM = 4096,          /* a longer datagram is cut here, and so reads as malformed */
    UDP_PROXY_ROOM = 576,           /* in front of the query: PROXY v2 with 16 + 36 octets and TLVs */
    TCP_MESSAGE_MAX = 65535,
    TCP_SLOTS = 128,                /* questions of one turn by TCP, all connections; half of them while UDP is busy */
    TCP_SHARE_LEAST = 16,           /* questions of one turn from one connection, however many are ready */
    TCP_READ_BYTES = 16384,         /* octets of one turn from one connection */
    TCP_AREA_BYTES = 8 * TCP_READ_BYTES,
    TCP_TURNS = 256,                /* connections looked at in one turn of the worker */
    TCP_BACKLOG_HIGH = 65536,       /* output waiting: reading pauses, streams are not called */
    TCP_BACKLOG_LIMIT = 16777216,   /* output waiting: cut; a stream that paces itself stays far below */
    WORKER_OUTPUT_LIMIT = 134217728,/* output waiting, all connections of a worker: who adds to it is cut */
    TCP_STOP_MS = 3000,             /* a worker told to stop waits so long for answers and slow readers */
    ACCEPTS_PER_TURN = 64,
    ACCEPT_PAUSE_MS = 100,          /* no descriptors left: look again after this */
    TURNS_PER_POLL = 16,            /* hot turns between two looks at epoll */
    UDP_HOT_LEAST = 2,              /* a batch this big means that more is likely there already */
    EVENTS_PER_POLL = 128,
    DROPS_LOOK_MS = 1000,
    PROXY_HEADER_MAX = 4096,        /* 16 + announced length, TCP */
    PARKED_PER_WORKER = 8192,
    PARKED_PER_CONNECTION = 128
};

/* ---- lists: circular, doubly linked, with a head ---- */

struct link { struct link *next, *previous; };
#define LINK_OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

static inline void list_init(struct link *head) { head->next = head->previous = head; }
static inline bool list_empty(const struct link *head) { return head->next == head; }
static inline bool link_used(const struct link *link) { return link->next != NULL; }
static inline void list_append(struct link *head, struct link *link)
{
    link->next = head;
    link->previous = head->previous;
    head->previous->next = link;
    head->previous = link;
}
/* Idempotent on a zeroed or removed link. */
static inline void list_remove(struct link *link)
{
    if (link->next == NULL)
        return;
    link->next->previous = link->previous;
    link->previous->next = link->next;
    link->next = link->previous = NULL;
}

/* ---- what epoll points at ---- */

enum source_kind { SOURCE_EVENT, SOURCE_UDP, SOURCE_ACCEPT, SOURCE_CONNECTION };
struct source {
    enum source_kind kind;
    int fd;
};

/* One listening socket of one worker. */
struct port {
    struct source source;
    struct net_worker *worker;
    struct link of_worker;          /* worker.ports, or worker.leaving while it is drained */
    struct link hot;                /* UDP: in worker.hot */
    struct endpoint local;
    uint16_t listener;
    bool wildcard;                  /* bound to the unspecified address: the local address differs by packet */
    bool shared;                    /* one socket for several workers (handed over without SO_REUSEPORT) */
    bool leaving;                   /* removed by a reload: to be drained, then closed */
    bool drained;                   /* nothing is queued: while leaving or stopping */
    uint32_t parked;                /* UDP: exchanges that still want to answer by it */
    uint32_t drops;                 /* UDP: the kernel's count when last looked at */
    struct prefix *proxy_from;      /* owned */
    size_t proxy_from_count;
    struct net_timer pause;         /* accepting pauses for want of descriptors */
};

struct chunk {
    struct chunk *next;
    uint32_t start, end, room;
    uint8_t data[];
};

/* One TCP connection.  An idle one costs this and nothing else (docs/net.md has the figure). */
struct connection {
    struct source source;
    struct net_worker *worker;
    struct link of_worker;          /* worker.connections, the longest idle first */
    struct link ready;              /* in worker.ready: there may be something to do */
    struct link dirty;              /* in worker.dirty: has output */
    struct link parked;             /* head: its parked exchanges */
    struct port *port;              /* NULL once its listener is gone */
    struct endpoint peer, local;
    struct net_timer timer;
    uint64_t active_ms;             /* last complete message or answer */
    uint64_t stuck_ms;              /* since when the first chunk of output waits */
    uint8_t *spent;                 /* earlier input that questions of this batch lie in */
    uint8_t *input;                 /* NULL unless something incomplete or not yet taken was read */
    uint32_t input_start, input_end, input_room;
    struct chunk *output, **output_tail;
    size_t backlog;                 /* octets in output */
    struct exchange *answers, **answers_tail;   /* live exchanges of this batch that were answered */
    uint32_t unanswered;            /* live and parked exchanges */
    uint32_t parked_count, stream_count;
    bool readable;                  /* as far as epoll and the last read said */
    bool ending;                    /* the peer has ended its side (seen by epoll) */
    bool ended;                     /* and all it sent was read */
    bool complete;                  /* input holds a complete message */
    bool proxy_wanted;              /* the PROXY header has not come yet */
    bool budget_taken;
    bool closing;                   /* close once output is sent */
    bool waits_writable;            /* EPOLLOUT is registered */
    bool watched;                   /* epoll knows it: after its first turn */
    bool dead;                      /* closed; freed by the next flush */
};

enum exchange_state { EXCHANGE_DONE, EXCHANGE_LIVE, EXCHANGE_PARKED };
struct exchange {
    struct net_exchange face;       /* first: the caller's pointer is ours */
    enum exchange_state state;
    uint32_t slot;                  /* UDP live: index in the batch */
    uint64_t slot_bit;              /* the same as a bit of udp_batch.replied */
    struct iovec *out;              /* UDP live: its part of udp_batch.out_iov */
    struct port *port;              /* UDP */
    struct connection *connection;  /* TCP; NULL once it is gone */
    struct exchange *next;          /* TCP live: chain of answers of a connection */
    size_t reply_bytes;             /* TCP live: with prefix */
};

/* What the answer to one datagram needs; filled by recvmmsg, reused by sendmmsg. */
struct udp_address {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    _Alignas(struct cmsghdr) uint8_t control[64];
};

struct parked {
    struct exchange x;
    struct link of_worker, of_connection;
    void (*more)(struct net_exchange *x);
    bool orphan;                    /* a stream whose connection went; more is to be called once more */
    struct udp_address address;     /* UDP */
    socklen_t peer_bytes, control_bytes;
    uint8_t query[];
};

struct udp_batch {
    unsigned size;
    struct port *port;              /* of the batch at work; the slots hold what is the same for all of its; NULL = none */
    bool v4, special;               /* of the port: IPv4; has take_special() to do */
    uint64_t replied;               /* slots that were answered, by bit */
    struct exchange *slots;
    struct mmsghdr *in, *out;
    struct iovec *in_iov, *out_iov;
    struct udp_address *addresses;
    uint8_t *queries, *replies_room;
};


struct tcp_batch {
    struct exchange *slots;         /* NULL until the first connection */
    uint8_t *replies_room;
    uint8_t *area;
    unsigned used;
    unsigned most, share;           /* this turn: questions in all, and of one connection */
    size_t area_used;
};

struct post {
    struct post *next;
    void (*call)(void *context);
    void *context;
    void (*discard)(void *context);   /* when the worker ends before it ran; NULL = nothing to do */
    bool owned;                       /* freed by the loop */
};

struct wheel {
    uint64_t now_ms;
    struct net_timer *due;
    uint64_t occupied[11];
    struct net_timer *slots[11][64];
};

struct limits {
    uint32_t tcp_clients, tcp_idle_ms, tcp_write_ms, tcp_pipeline;
};

enum worker_state { WORKER_NEW, WORKER_RUNS, WORKER_ENDED };

struct net_worker {
    struct net *net;
    unsigned index;
    int epoll;
    struct source event;
    _Atomic(struct post *) posts;
    atomic_bool stop;
    atomic_int state;               /* enum worker_state */
    pthread_t thread;
    void (*sleeping)(void *context, bool asleep);
    void *sleeping_context;
    struct limits limits;
    struct now now;
    uint64_t received_ns;
    struct wheel wheel;
    struct link ports, leaving, hot;
    struct link connections, ready, dirty, dead;
    struct link parked;
    uint32_t connection_count, parked_count, orphan_count;
    size_t output_bytes;            /* waiting in all connections */
    unsigned turns;
    bool stopping;
    uint64_t stop_by_ms;
    struct udp_batch udp;
    struct tcp_batch tcp;
    uint8_t *parked_reply;          /* 2 + 65535: where all parked exchanges of this worker write */
    struct net_exchange **batch;
    size_t batch_count;
    size_t live;                    /* of these, how many have not ended */
    struct net_timer drops_timer;
    uint64_t drops_seen_received;   /* udp_received when the timer last fired */
    struct net_counters counters;
};

/* All sockets of one listener for one transport, one for each worker.  Guarded by net.lock. */
struct group {
    struct endpoint wanted, actual;
    enum net_transport transport;
    uint16_t listener;
    struct port **ports;            /* by worker; owned by the workers once they were handed over */
};

struct net {
    pthread_mutex_t lock;           /* the table of groups; never taken by workers */
    struct net_options options;     /* listeners pointer is not kept */
    struct group *groups;
    size_t group_count;
    size_t listener_count;
    struct net_worker **workers;
    _Atomic uint32_t clients;       /* open connections of all workers */
};

/* Counters have one writer, the worker; readers are anyone. */
static inline void counter_add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Ends a live exchange by UDP with an answer; the flush sends it. */
static inline void udp_reply(struct exchange *x, size_t bytes)
{
    struct net_worker *w = x->face.worker;
    x->out->iov_len = bytes;
    x->state = EXCHANGE_DONE;
    w->udp.replied |= x->slot_bit;
    w->live--;
}

/* timer.c */
void wheel_init(struct wheel *wheel, uint64_t now_ms);
void wheel_start(struct wheel *wheel, struct net_timer *timer, uint64_t due_ms);
/* Fires what is due; callbacks may start and stop any timer. */
void wheel_advance(struct wheel *wheel, uint64_t now_ms);
/* Milliseconds until something may be due, -1 = never.  May be early, never late. */
int64_t wheel_next_ms(struct wheel *wheel);

/* loop.c */
struct net_worker *worker_new(struct net *net, unsigned index);
void worker_free(struct net_worker *w);
void worker_post(struct net_worker *w, struct post *post);
MUST_CHECK enum status worker_watch(struct net_worker *w, struct source *source, uint32_t events);
void worker_rewatch(struct net_worker *w, struct source *source, uint32_t events);

/* udp.c */
MUST_CHECK enum status udp_batch_init(struct net_worker *w, unsigned size);
void udp_batch_clear(struct net_worker *w);
void udp_turn(struct net_worker *w);
void udp_flush(struct net_worker *w);
void udp_reply_parked(struct parked *p, size_t bytes);
void udp_park(struct exchange *x, struct parked *p);
void udp_heat(struct port *port);
void udp_look_at_drops(struct port *port);
void udp_forget(struct net_worker *w, const struct port *port);      /* it goes; NULL: any may have changed */

/* port.c */
void port_free(struct port *port);           /* closes it; NULL is fine */
void port_join(struct net_worker *w, struct port *port);
void port_watch(struct port *port);
void port_leave(struct port *port);          /* drains, then closes and frees */
void port_leave_finish(struct port *port);   /* closes if nothing is left to do */
bool port_trusts(const struct port *port, const struct address *peer);

/* tcp.c: connections */
void tcp_accept(struct port *port);
void tcp_event(struct connection *c, uint32_t events);
void tcp_turns(struct net_worker *w);
void tcp_close(struct connection *c);
void tcp_port_gone(struct port *port);       /* connections forget it */
/* Puts the connection where it belongs: into the ready list, or to its end. */
void tcp_consider(struct connection *c);
void tcp_stop_all(struct net_worker *w);     /* begin: everything is looked at once more */
void tcp_close_all(struct net_worker *w);
void tcp_batch_clear(struct net_worker *w);
bool tcp_budget_take(struct connection *c);

/* input.c */
void tcp_read(struct connection *c);
/* Whether a further question may be taken from it now. */
bool tcp_may_read(const struct connection *c);

/* output.c */
bool tcp_append(struct connection *c, const uint8_t *data, size_t bytes);
void tcp_answer(struct exchange *x, size_t bytes);
void tcp_flush(struct connection *c);        /* may close it */
void tcp_dirty(struct connection *c);
void tcp_output_clear(struct connection *c);

/* exchange.c */
void exchange_orphan(struct connection *c);  /* its parked exchanges outlive it */
void exchange_run_orphans(struct net_worker *w);
void exchange_run_stream(struct connection *c);
void exchange_free_all(struct net_worker *w);

/* proxy.c: PROXY protocol version 2 */
struct proxy_header {
    bool local;                     /* LOCAL, or a family that is not an internet address: the peer stays */
    struct endpoint source, destination;
    size_t bytes;                   /* header with all its TLVs */
};
/* @return OK, E_TRUNCATED (more is needed), E_BAD_FORMAT */
MUST_CHECK enum status proxy_read(const uint8_t *data, size_t bytes, struct proxy_header *out);

/* socket.c */
struct handover {                   /* sockets that the service manager handed over */
    struct { int fd; struct endpoint local; int type; bool reuseport; } *items;
    size_t count;
};
MUST_CHECK enum status socket_open(const struct endpoint *endpoint, enum net_transport transport,
                                   const struct net_options *options, int *out, struct diagnostics *diag);
MUST_CHECK enum status socket_listen(int fd, const struct endpoint *endpoint, struct diagnostics *diag);
MUST_CHECK enum status socket_prepare(int fd, const struct endpoint *endpoint, enum net_transport transport,
                                      const struct net_options *options);
MUST_CHECK enum status socket_probe(const struct endpoint *endpoint, enum net_transport transport,
                                    const struct net_options *options, struct diagnostics *diag);
MUST_CHECK enum status socket_name(int fd, struct endpoint *out);
void socket_raise_limit(const struct net_options *options, struct diagnostics *diag);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool address_is_any(const struct address *a);

/* handover.c */
MUST_CHECK enum status handover_take(struct handover *out);
int handover_find(struct handover *h, const struct endpoint *endpoint, enum net_transport transport, bool *reuseport);
void handover_close(struct handover *h);

/* net.c */
/* Refuses what is out of range; smooths the rest. */
MUST_CHECK enum status options_check(struct net_options *options, struct diagnostics *diag);

/* plan.c */
/* Opens what `options` lists and `net` does not have yet; the rest of the plan says what becomes of each. */
struct plan {
    struct net *net;
    struct group *groups;           /* the new table */
    size_t group_count;
    bool *kept;                     /* by old group: whether the new table has it */
    bool *fresh;                    /* by new group: whether this plan opened it */
};
MUST_CHECK enum status plan_make(struct net *net, const struct net_options *options, struct handover *handover,
                                 struct plan *out, struct diagnostics *diag);
void plan_undo(struct plan *plan);

#endif
