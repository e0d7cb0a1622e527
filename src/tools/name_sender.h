/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name_sender.h -- from planned calls to transactions on the chain: who signs, fees, a trial, the question, nonces, waiting. */
#ifndef TOOLS_NAME_SENDER_H
#define TOOLS_NAME_SENDER_H

#include "ethereum/transaction.h"
#include "tools/name_op.h"

struct sender {
    struct chain_tool *tool;
    struct chain *chain;
    uint64_t chain_id;
    struct eth_address from;
    char key_path[TOOL_PATH_ROOM];      /* "" = no key here */
    struct wallet_key *key;             /* once it is unlocked */
    bool legacy;                        /* the chain has no base fee */
    struct u256 base_fee, priority, most_fee;       /* legacy: most_fee is the gas price */
    struct u256 balance;
    bool has_limit; struct u256 limit;  /* --max-cost */
    uint64_t confirmations, wait_ms, poll_ms;
};

/* Who signs, on which chain; checks that the nodes are on it, and refuses keys that everybody has. @return TOOL_DONE, or complains */
int sender_open(struct chain_tool *tool, struct chain *chain, struct sender *out);
/* The same, but a key that is missing is no error yet: what was begun elsewhere may be over. */
int sender_open_maybe(struct chain_tool *tool, struct chain *chain, struct sender *out);
/* Complains when there is no key and one will be needed. */
int sender_key_check(struct sender *sender);
/* For what was begun before: from whom is known. */
int sender_open_for(struct chain_tool *tool, struct chain *chain, const struct eth_address *from, struct sender *out);
void sender_close(struct sender *sender);
/* Fees and balance as they are now. */
int sender_fees(struct sender *sender);
/* A trial of one call from the same address. @param revert  may be NULL; gets revert data
 * @return TOOL_DONE, TOOL_REFUSED (it would fail: *revert says why), TOOL_FAILED */
int sender_try(struct sender *sender, const struct write_call *call, const char *block, struct slice *revert, const char **message);
/* The gas limit of one call, with a margin. @return as sender_try */
int sender_gas(struct sender *sender, const struct write_call *call, const char *block, uint64_t *gas, struct tool_reply *reply);
/* Gas limits of all steps that can be tried now; complains about one that would fail. */
int sender_estimate(struct sender *sender, struct op *op);
/* --max-cost. */
int sender_limit(const struct tool_call *call, bool *has, struct u256 *limit);
/* What it has cost, and what steps that are not done can still cost at most. */
struct u256 sender_cost(const struct sender *sender, const struct op *op);
/* The same, were this step signed (anew) for such a price of gas. */
struct u256 sender_cost_at(const struct sender *sender, const struct op *op, const struct op_step *step, struct u256 price);
/* Holds it against --max-cost, or else against what was agreed to (a tenth more is no news), and asks when it is more.
 * @return TOOL_DONE, or complains: nothing is to be signed */
int sender_hold(struct sender *sender, struct op *op, struct u256 cost);
/* Shows what is to be sent, holds it against --max-cost and the balance, asks.
 * @return TOOL_DONE (go on), TOOL_REFUSED; with --dry-run *stop is set */
int sender_confirm(struct sender *sender, struct op *op, const char *title, bool *stop);
/* Signs, keeps, sends, waits until the step is as deep as it must be. Goes on where it was left.
 * @return TOOL_DONE, TOOL_REFUSED (it failed on the chain), TOOL_PENDING (not yet), TOOL_FAILED */
int sender_step(struct sender *sender, struct op *op, size_t index);
/* All steps that are not done. */
int sender_steps(struct sender *sender, struct op *op);
/* --unsigned FILE: what would have been signed. */
int sender_unsigned(struct sender *sender, const struct op *op, const char *path);
/* The whole way of a verb whose calls are all known at once. @param title  a line for the preview */
int sender_execute(struct sender *sender, const char *verb, const char *name, const char *title, const struct write_call *calls, size_t count);

/* Receipt of a transaction. @return OK, E_NOT_FOUND (none yet), others: could not be had */
struct receipt { uint64_t block; bool good; uint64_t gas_used; struct u256 gas_price; };
enum status sender_receipt(struct chain_tool *tool, struct chain *chain, const struct eth_word *hash, struct receipt *out);
/* A number that a node tells: eth_blockNumber, eth_getTransactionCount ... */
enum status sender_number(struct chain_tool *tool, struct chain *chain, const char *method, const char *params, struct u256 *out, const char **why);
/* A quantity out of an object of the node's. */
bool sender_quantity(struct json_view object, const char *key, struct u256 *out);
/* Sends octets that are signed. @return OK (taken, or known already), E_INVALID (*why: the node's words), others */
enum status sender_send(struct chain_tool *tool, struct chain *chain, struct slice raw, const char **why);
/* Waits for a transaction that was sent from elsewhere. */
int sender_await(struct chain_tool *tool, struct chain *chain, const struct eth_word *hash, uint64_t confirmations, uint64_t wait_ms, struct receipt *out);
/* A line for people about what goes on; to stderr. */
void sender_say(const struct chain_tool *tool, const char *format, ...) PRINTF_LIKE(2, 3);
/* --confirmations and --wait. */
int sender_patience(const struct tool_call *call, uint64_t chain_id, uint64_t *confirmations, uint64_t *wait_ms);
/* A question with y or n on the terminal, or --yes. */
int sender_ask(const struct tool_call *call, const char *question);

#endif
