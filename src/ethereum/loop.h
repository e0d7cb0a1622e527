/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/loop.h -- the one thread that does all input and output of chains.
 *
 *  Everything in this room and in `names` that has to do with a chain happens on the loop's thread, by continuations; other threads
 *  post to it.  `rhizd` gives it a thread (chain_loop_start), `rhiz` runs it in its own (chain_loop_until). */
#ifndef ETHEREUM_LOOP_H
#define ETHEREUM_LOOP_H

#include "base/base.h"

struct http_client;
struct chain_loop;
struct chain_loop_options {
    bool loopback_allowed;          /**< for tests: the same for gateways of all chains (chain.h, ccip_loopback) */
    const char *const *own_suffixes; size_t own_suffix_count;   /**< hosts under these are never asked for: they would be resolved through ourselves */
    uint64_t (*unix_ms)(void *context); void *context;          /**< clock of tests; NULL = the system's */
};
MUST_CHECK enum status chain_loop_new(const struct chain_loop_options *options, struct chain_loop **out);
/** Not while it runs. NULL is fine. */
void chain_loop_free(struct chain_loop *loop);

/** Starts the thread. @return OK, E_SYSTEM */
MUST_CHECK enum status chain_loop_start(struct chain_loop *loop);
/** Ends and joins it: jobs under way are told that they could not be had.  Fine if it was not started. */
void chain_loop_stop(struct chain_loop *loop);
/** Runs the loop in this thread until *done or the time is up (0 = no limit). @return OK, E_TIMEOUT */
MUST_CHECK enum status chain_loop_until(struct chain_loop *loop, const bool *done, uint64_t timeout_ms);

/** A message; lies in something of the caller's until `run` is called, on the loop's thread. */
struct chain_post {
    void (*run)(struct chain_post *post);
    struct chain_post *next;
};
/** Any thread, no lock, no allocation; wakes the loop (one system call when it may be asleep).  In the order of posting. */
void chain_loop_post(struct chain_loop *loop, struct chain_post *post);

/* ---- on the loop's thread ---- */

uint64_t chain_loop_now_ms(const struct chain_loop *loop);      /**< monotonic */
uint64_t chain_loop_unix_ms(const struct chain_loop *loop);
struct http_client *chain_loop_http(struct chain_loop *loop);

/** Once, later.  Lies in something of the caller's; fresh ones are zeroed. */
struct chain_timer { void (*run)(struct chain_timer *timer); uint64_t due_ms; size_t place; struct chain_loop *loop; };
/** Sets or moves it.  @return OK, E_NOMEM */
MUST_CHECK enum status chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer));
void chain_timer_clear(struct chain_timer *timer);              /**< fine if it is not set */

#endif
