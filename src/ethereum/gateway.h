/* SPDX-License-Identifier: Apache-2.0 */
/* Asking gateways: one after the other until one answers; and being one ourselves for batches (ENSIP-21). */
#ifndef ETHEREUM_GATEWAY_H
#define ETHEREUM_GATEWAY_H

#include "ethereum/abi.h"
#include "ethereum/ccip.h"

struct gateway_request {
    struct chain *chain;
    struct state_budget *budget;
    struct eth_address sender;
    struct abi_reader urls; size_t url_count;   /* string[] */
    struct slice data;                          /* octets */
    unsigned depth;                             /* of batches in batches, and of lookups */
    size_t reply_bytes;                         /* of one reply at most */
};
struct gateway_reply {
    bool fine;
    struct slice data;                          /* octets; borrowed until the continuation returns */
    enum chain_failure failure;
    uint16_t http_status;                       /* of the last one that answered so */
    uint32_t max_age;                           /* UINT32_MAX = not said */
    const char *reason;                         /* a constant; NULL = chain_failure_text */
};
typedef void gateway_done_fn(void *context, const struct gateway_reply *reply);
struct gateway_fetch;
/* What the request points to stays until it is over.  Not called from within. */
MUST_CHECK enum status gateway_start(const struct gateway_request *request, gateway_done_fn *done, void *context, struct gateway_fetch **out);
void gateway_cancel(struct gateway_fetch *fetch);       /* NULL is fine */

/* batch.c */
struct gateway_batch;
MUST_CHECK enum status gateway_batch_start(const struct gateway_request *request, gateway_done_fn *done, void *context, struct gateway_batch **out);
void gateway_batch_cancel(struct gateway_batch *batch); /* NULL is fine */
/* {sender} and {data} replaced, at the end of `out`.  @param has_data  {data} was there: it is a GET.  @return false: longer than 64 KiB */
bool gateway_expand(struct slice template, const struct eth_address *sender, struct slice data, struct text *out, bool *has_data);
/* The host of the first URL that would be asked; empty when there is none. */
struct slice gateway_host(struct abi_reader urls, size_t count);

#endif
