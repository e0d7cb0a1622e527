/* SPDX-License-Identifier: Apache-2.0 */
/** @file net/kernel.h -- answers given inside the kernel, by an eBPF program on the way in (XDP).
 *
 *  The owner puts prepared answers into a table; the program sends those that fit a question, and passes on everything else
 *  to the sockets.  It is gone with the process, however that ends (the link is not pinned).  All is done through mapped memory: after net_kernel_open nothing
 *  needs privileges, and nothing is a system call but making sure that the program looks at a piece of memory no more.
 *  See docs/kernel.md. */
#ifndef NET_KERNEL_H
#define NET_KERNEL_H

#include "base/base.h"

enum { NET_KERNEL_ZONES = 65536 };      /**< zones that can have answers there, over the life of the process: none has the place of one that is gone */

struct net_kernel_listener {
    const char *interface;          /**< its driver must support XDP itself ("native") */
    struct endpoint endpoint;       /**< one address and port; not a wildcard */
};
struct net_kernel_options {
    const struct net_kernel_listener *listeners;    /**< 1 to 16 */
    size_t listener_count;
    uint16_t udp_payload;           /**< as the OPT of answers has it */
    uint64_t memory_bytes;          /**< for answers, in the kernel for as long as it is open */
    uint32_t responses_per_second;  /**< for one network of clients, all answers together; what is over goes to the sockets; 0 = any number */
    uint32_t window_seconds;        /**< what is over is charged too, up to so much debt, as the sockets do */
    uint8_t prefix4, prefix6;       /**< bits of a network */
};

struct net_kernel;
/** Whether this build has it. */
bool net_kernel_built(void);
/** Loads the program and attaches it to the interfaces.  Needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, or root.
 *  @param diag  why not, in one line an operator can act on
 *  @return OK; E_REFUSED, E_SYSTEM, E_NOMEM */
MUST_CHECK enum status net_kernel_open(const struct net_kernel_options *options, struct net_kernel **out, struct diagnostics *diag);
/** Detaches.  NULL is fine. */
void net_kernel_close(struct net_kernel *kernel);
/** Endpoints that are not among these go; the others go on as they are.  For the first step of a reload. */
void net_kernel_withdraw(struct net_kernel *kernel, const struct net_kernel_options *options);
/** Other endpoints and settings of OPT, at a reload; interfaces stay those of net_kernel_open: a listener on another one, or on one
 *  that was deleted and made again, is left out.  All answers are dead afterwards.  @return how many listeners are served */
size_t net_kernel_change(struct net_kernel *kernel, const struct net_kernel_options *options);

enum net_kernel_kind { NET_KERNEL_POSITIVE, NET_KERNEL_NODATA, NET_KERNEL_NXDOMAIN, NET_KERNEL_REFERRAL, NET_KERNEL_KINDS };
/** One answer; everything is copied. */
struct net_kernel_entry {
    const uint8_t *name; size_t name_bytes;         /**< wire form, any case */
    bool below;                     /**< for the names below too, and for every type (but DS and its like at the name itself) */
    uint16_t type;                  /**< else: this one */
    bool plain, dnssec_ok;          /**< for questions without DO, with DO, or both */
    uint32_t zone;                  /**< its slot */
    uint64_t generation;            /**< of the content that it was made of, read before the content was */
    const uint8_t *tail; size_t tail_bytes;         /**< all behind the question, without OPT */
    uint16_t counts[3];             /**< answer, authority, additional */
    bool authoritative;
    uint8_t rcode;
    enum net_kernel_kind kind;
    const uint16_t *shifts; size_t shift_count;     /**< where pointers are that move with the name; see answer_shifts */
};
/* One thread at a time calls these. */
/** Takes the place of what is there for the same questions.
 *  @param make_room  give up answers that were not asked for lately
 *  @return OK; E_RANGE: too long for the program; E_LIMIT: no room; E_EXISTS: it would be taken for another name (their hashes
 *  collide), and is not kept */
MUST_CHECK enum status net_kernel_put(struct net_kernel *kernel, const struct net_kernel_entry *entry, bool make_room);
/** Whether an answer for these questions is there, and alive; looks at name, below, type, plain and dnssec_ok. */
bool net_kernel_has(const struct net_kernel *kernel, const struct net_kernel_entry *entry);
/** From time to time: memory of dead answers becomes free once the program cannot see it. */
void net_kernel_settle(struct net_kernel *kernel);
/** All answers are dead at once, and their memory is free after some milliseconds, when it returns. */
void net_kernel_flush(struct net_kernel *kernel);

/** Any thread, wait-free: answers of this zone made of another generation are dead from now on. */
void net_kernel_zone(struct net_kernel *kernel, uint32_t zone, uint64_t generation);
/** Any thread, wait-free: all answers are dead until the next net_kernel_flush. */
void net_kernel_stop(struct net_kernel *kernel);
/** net_kernel_stop was called since the last flush: what is put now is born dead. */
bool net_kernel_stopped(const struct net_kernel *kernel);

enum { NET_KERNEL_TYPES = 16, NET_KERNEL_QUERY_SIZES = 16, NET_KERNEL_REPLY_SIZES = 96 };
enum net_kernel_pass { NET_KERNEL_PASS_SHAPE, NET_KERNEL_PASS_MESSAGE, NET_KERNEL_PASS_MISS, NET_KERNEL_PASS_DEAD, NET_KERNEL_PASS_SIZE,
                       NET_KERNEL_PASS_LIMITED, NET_KERNEL_PASSES };
/** Sums over CPUs; all 64-bit numbers. */
struct net_kernel_counters {
    uint64_t answered4, answered6, kind[NET_KERNEL_KINDS];
    uint64_t passed[NET_KERNEL_PASSES];     /**< queries to our endpoints that the sockets got; see struct kernel_counts */
    uint64_t edns, dnssec_ok, failed;       /**< failed: frames lost because they could not be finished */
    uint64_t type[NET_KERNEL_TYPES];        /**< by net_kernel_type_labels */
    uint64_t query_size[NET_KERNEL_QUERY_SIZES], reply_size[NET_KERNEL_REPLY_SIZES];    /**< 16 octets each */
    uint64_t entries, bytes, room;          /**< answers in the table; memory used and there */
};
/** Which of the counters above a type belongs to: index of each type below 256; call before net_kernel_open's first answer. */
void net_kernel_type_index(struct net_kernel *kernel, const uint8_t index[256]);
void net_kernel_counters_read(const struct net_kernel *kernel, struct net_kernel_counters *out);
/** Of one zone, by kind.  @return false: too many zones, this one is not counted apart */
bool net_kernel_zone_read(const struct net_kernel *kernel, uint32_t zone, uint64_t out[NET_KERNEL_KINDS]);

#endif
