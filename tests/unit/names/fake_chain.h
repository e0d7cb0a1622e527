/* SPDX-License-Identifier: Apache-2.0 */
/* fake_chain.h -- a chain for unit tests of names: no loop, no network; what contracts answer stands in a table.
 *
 * It takes the place of state_read_all and of the loop's timers; a test turns it by hand (fake_turn). */
#ifndef FAKE_CHAIN_H
#define FAKE_CHAIN_H

#include "ethereum/chain.h"

enum fake_habit {           /* what a contract does when it is asked for what does not stand in the table */
    FAKE_EMPTY,             /* returns empty `bytes`, or the word 0 for functions that return a word */
    FAKE_REVERTS,           /* without data */
    FAKE_BURNS,             /* all gas */
    FAKE_SILENT,            /* succeeds, and returns nothing: as where there is no code */
    FAKE_REFUSES,           /* Error("no") */
    FAKE_UNREACHED,         /* unavailable: timeout */
    FAKE_GATEWAY            /* unavailable: its gateway answered 404 */
};

void fake_clear(void);      /* frees all, forgets all */
struct chain *fake_chain(void);
struct eth_address fake_address(const char *hex);
/* The registry of ENS, by name: resolver, owner and ttl of a node. */
void fake_name(const char *name, struct eth_address owner, struct eth_address resolver, uint64_t ttl);
void fake_contract(struct eth_address at, enum fake_habit habit, const char *code_hash);
/* What exactly this call gives. @param reverted  with that data */
void fake_answer(struct eth_address to, struct slice calldata, struct slice data, bool reverted);
void fake_clear_answers(void);
void fake_registry_habit(enum fake_habit habit);    /* EMPTY, or UNREACHED */
void fake_followed(struct eth_address at, uint32_t max_age_seconds);        /* what it answers came by a gateway */
void fake_time(uint64_t block_time);

/* Runs what is due, until nothing is. */
void fake_turn(void);
extern unsigned fake_batches, fake_reads, fake_alone;       /* since they were last set to 0 */

#endif
