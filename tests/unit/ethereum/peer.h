/* SPDX-License-Identifier: Apache-2.0 */
/** @file peer.h -- providers of a chain that never was: HTTP servers in threads of their own, each with vices that the test switches on.
 *
 *  All peers tell of one world (its blocks, its contracts, its logs), unless they lie. */
#ifndef TESTS_UNIT_ETHEREUM_PEER_H
#define TESTS_UNIT_ETHEREUM_PEER_H

#include "ethereum/chain.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WORLD_BLOCKS = 1024, WORLD_LOGS = 64, PEERS_MAX = 4, WORLD_CHAIN = 4242 };

struct world_log { uint64_t block; struct eth_address address; struct eth_word topic; };
struct world {
    pthread_mutex_t lock;
    uint64_t head;
    uint8_t fork[WORLD_BLOCKS];             /* a block's hash comes from its number and this */
    struct world_log logs[WORLD_LOGS];
    size_t log_count;
    bool multicall;
    unsigned together_max;                  /* more than so many calls in one run out of gas; 0 = any number */
};
void world_init(struct world *world);
void world_clear(struct world *world);
void world_mine(struct world *world, unsigned blocks);
/** Blocks from this number on are replaced; the head is then `head`. */
void world_fork(struct world *world, uint64_t from, uint64_t head);
/** In the block that is mined next. */
void world_log(struct world *world, const struct eth_address *address, uint8_t topic);
struct eth_word world_hash(struct world *world, uint64_t number);
/** What a call returns at a block: of contracts whose calldata begins with 01. */
struct eth_word world_value(struct slice calldata, const struct eth_word *block);

/** Vices; all off when zeroed. */
struct peer {
    struct world *world;
    atomic_int lie;                 /* values, reverts: another kind of lie for each number */
    atomic_int lie_header;          /* a bloom of ones */
    atomic_int omit_logs;
    atomic_int lag;                 /* blocks behind */
    atomic_int starved;             /* every call runs out of gas, as it says */
    atomic_int no_batch;            /* 1: one object with an error; 2: HTTP 400 */
    atomic_int http;                /* this status instead of an answer */
    atomic_int retry_after;
    atomic_int limited;             /* 200, with an error that says so */
    atomic_int drip;                /* an octet now and then */
    atomic_int cut;                 /* half of the JSON */
    atomic_int giant;               /* 20 MB */
    atomic_int garbage;
    atomic_int silent;              /* never answers */
    atomic_int hang_up;             /* closes at once */
    atomic_int wrong_chain, syncing, no_syncing, other_code, no_code;
    atomic_int shape;               /* of errors: where the revert data lies */
    atomic_ulong requests;          /* HTTP */
    atomic_ulong calls;             /* JSON-RPC */
    atomic_ulong eth_calls, get_logs, polls;
    /* private */
    int listener;
    unsigned port;
    atomic_bool stopping;
    pthread_t thread;
    atomic_int connections;
    char url[64];
};
void peer_start(struct peer *peer, struct world *world);
void peer_stop(struct peer *peer);

extern const struct eth_address world_registry, world_contract, world_multicall;

#endif
