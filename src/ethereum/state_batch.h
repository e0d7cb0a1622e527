/* SPDX-License-Identifier: Apache-2.0 */
/* How a batch of reads is put to one provider. */
#ifndef ETHEREUM_STATE_BATCH_H
#define ETHEREUM_STATE_BATCH_H

#include "ethereum/inside.h"

/* The reads of a job; what all tries share. */
struct state_batch {
    const struct state_read *reads;
    size_t count;
    struct eth_word block_hash;
    struct eth_address multicall;       /* zero: there is none */
    bool prove;                         /* fields of this registry are proven under this root */
    struct eth_address registry;
    struct eth_word state_root;
    bool fallback;                      /* the registry asks another one for nodes that it has no record of */
};
static inline bool state_is_proven(const struct state_batch *batch, size_t read)
{
    return batch->prove && batch->reads[read].kind == STATE_REGISTRY && eth_address_equal(&batch->reads[read].to, &batch->registry);
}
/* About how many JSON-RPC calls a try will make. */
size_t state_batch_calls(const struct state_batch *batch);
/* Sends them; the try's items are the results, in the order of the reads. */
void state_batch_begin(struct ask_try *one, const struct state_batch *batch);

/* Multicall3 (multicall.c): what aggregate3 takes, as hex text; and what it returns. */
void multicall_write(struct text *out, const struct state_batch *batch, const uint16_t *reads, size_t count);
/* Calldata octets that these reads come to. */
static inline size_t multicall_bytes(const struct state_read *read) { return 160 + (read->calldata.length + 31) / 32 * 32; }
struct multicall_reader { const uint8_t *data; size_t bytes, count, next; };
MUST_CHECK enum status multicall_read(const uint8_t *data, size_t bytes, size_t count, struct multicall_reader *out);
MUST_CHECK enum status multicall_next(struct multicall_reader *reader, bool *success, struct slice *octets);
/* registry_proof.c: what eth_getProof takes, but for the block; and what it returns, for each read of the batch that is proven. */
struct registry_proven { enum { REGISTRY_NOT_PROVEN, REGISTRY_PROVEN, REGISTRY_ELSEWHERE /* no record: as the call says */ } state; struct eth_word word; };
void registry_proof_write(struct text *out, const struct state_batch *batch);
/* @return false: it does not prove anything */
bool registry_proof_read(const struct state_batch *batch, struct json_view result, struct registry_proven *out);
/* What a read is as a call: its calldata; for fields of the registry into `room` (36 octets). */
struct slice state_calldata(const struct state_read *read, uint8_t room[36]);

#endif
