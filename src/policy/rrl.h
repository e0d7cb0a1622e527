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
    const struct acl *exempt;           /**< borrowed for the life of the rrl; NULL = loopback */
    uint32_t table_slots;               /**< 0 = 65536 */
};
struct rrl_options rrl_defaults(void);

struct rrl;
struct rrl *rrl_new(const struct rrl_options *options);
void rrl_free(void *rrl);

enum rrl_class { RRL_POSITIVE, RRL_NODATA, RRL_NXDOMAIN, RRL_REFERRAL, RRL_ERROR };
enum rrl_verdict { RRL_SEND, RRL_DROP, RRL_SLIP };
/** @param key  what the answer is about: hash of the question's name (positive), of the zone or cut (others) */
enum rrl_verdict rrl_admit(struct rrl *rrl, const struct address *client, enum rrl_class klass, uint64_t key, uint64_t now_ms);

struct budget;
/** @param per_network  connections one client network may hold */
struct budget *budget_new(uint32_t per_network, uint8_t prefix4, uint8_t prefix6);
void budget_free(void *budget);
bool budget_take(struct budget *budget, const struct address *client);
void budget_give(struct budget *budget, const struct address *client);

#endif
