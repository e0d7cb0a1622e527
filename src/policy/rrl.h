/* SPDX-License-Identifier: Apache-2.0 */
/** @file policy/rrl.h -- limits that all workers share: response rates and connection budgets.
 *
 *  One fixed table of relaxed atomics each: no lock, no heap, no time but what is passed in. */
#ifndef POLICY_RRL_H
#define POLICY_RRL_H

#include "base/base.h"
#include "policy/acl.h"

struct rrl_options {
    uint32_t responses_per_second;      /**< 0 = off */
    uint32_t slip;                      /**< every nth limited answer goes out truncated; 0 = none, 1 = all */
    uint8_t prefix4, prefix6;           /**< a client network: 24 and 56 */
    uint32_t window_seconds;            /**< limited answers are charged too, up to this much debt: a flood that goes on gets no
                                             whole answer, and after it this long passes until one; 15; 0 = not charged */
    const struct acl *exempt;           /**< borrowed for the life of the rrl; NULL = loopback */
    uint32_t table_slots;               /**< 0 = 65536 */
};
struct rrl_options rrl_defaults(void);      /**< off (rate 0), slip 2, prefixes 24 and 56, window 15 */

struct rrl;
/** NULL when out of memory.  The table has 24 octets a slot. */
struct rrl *rrl_new(const struct rrl_options *options);
void rrl_free(void *rrl);
/** Accounts given up while they were in use, because too many networks and names ask: the table is too small. */
uint64_t rrl_evictions(const struct rrl *rrl);

enum rrl_class { RRL_POSITIVE, RRL_NODATA, RRL_NXDOMAIN, RRL_REFERRAL, RRL_ERROR };
enum rrl_verdict { RRL_SEND, RRL_DROP, RRL_SLIP };
/** Charges one UDP answer to the client's network.  Any thread.  Not to be asked about clients with a valid cookie, nor over TCP.
 *  @param key  what the answer is about: hash of the question's name (positive, nodata; for an answer from a wildcard that of the
 *              wildcard, else random names escape the limit), of the zone or cut (others); errors count together
 *  @param now_ms  monotonic */
enum rrl_verdict rrl_admit(struct rrl *rrl, const struct address *client, enum rrl_class klass, uint64_t key, uint64_t now_ms);

struct budget;
/** @param per_network  connections one client network may hold, at most 65535; 0 = no limit.  512 KiB, fixed.
 *  @return NULL when out of memory */
struct budget *budget_new(uint32_t per_network, uint8_t prefix4, uint8_t prefix6);
/** Any thread, at any time: connections there are already stay, even above the new limit.  0 is for budget_new only: what
 *  was taken under a limit must be given back under one. */
void budget_set_limit(struct budget *budget, uint32_t per_network);
void budget_free(void *budget);
/** Any thread; exact.  @return false: over the limit, and nothing to give back */
bool budget_take(struct budget *budget, const struct address *client);
/** Once for each budget_take that said true, with the same address. */
void budget_give(struct budget *budget, const struct address *client);

#endif
