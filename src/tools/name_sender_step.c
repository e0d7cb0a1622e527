/* SPDX-License-Identifier: Apache-2.0 */
/* One step: a nonce of our own, a signature, the file, the nodes, the receipt; higher fees when it waits too long. */
#include "tools/name_sender.h"

#include <errno.h>
#include <string.h>

enum { BUMP_AFTER_MS = 120000, RESEND_POLLS = 20, LOST_POLLS = 6, PERCENT_OVER = 1125, PERCENT_BASE = 1000, AUTOMATIC_BUMPS = 4 };

/* ---- the key ---- */

static int key_unlock(struct sender *s)
{
    struct wallet_secret *password = NULL;
    const struct tool_call *call = s->tool->call;
    if (s->key != NULL)
        return TOOL_DONE;
    if (s->key_path[0] == 0)
        return tools_complain(call, TOOL_REFUSED, "there is no key of %s here", name_address(s->tool, &s->from));
    int rc = tools_password(call, s->tool->config, chain_tool_format(s->tool, "Password of %s: ", name_address(s->tool, &s->from)), false, &password);
    if (rc != TOOL_DONE)
        return rc;
    enum status st = wallet_load(s->key_path, password, &s->key);
    wallet_secret_free(password);
    if (st == E_REFUSED)
        return tools_complain(call, TOOL_REFUSED, "%s: the password is wrong", s->key_path);
    if (st != OK)
        return tools_complain(call, TOOL_FAILED, "%s: %s", s->key_path, st == E_SYSTEM ? strerror(errno) : status_text(st));
    if (memcmp(wallet_key_address(s->key), s->from.octets, sizeof s->from.octets) != 0)
        return tools_complain(call, TOOL_REFUSED, "%s holds the key of another address", s->key_path);
    if (wallet_key_is_public(s->key) && !chain_id_is_development(s->chain_id))
        return tools_complain(call, TOOL_REFUSED, "anybody can guess this key: it is refused on chain %llu", (unsigned long long)s->chain_id);
    return TOOL_DONE;
}

/* ---- signing ---- */

static int step_sign(struct sender *s, struct op_step *step, struct op_raw *out)
{
    struct transaction tx = { .kind = s->legacy ? TRANSACTION_LEGACY : TRANSACTION_FEE_MARKET, .chain = s->chain_id, .nonce = u256_from_u64(step->nonce), .gas_limit = u256_from_u64(step->gas),
                              .value = step->call.value, .to = step->call.to, .data = (const uint8_t *)step->call.data.data, .data_bytes = step->call.data.length };
    struct ecdsa_signature signature;
    struct eth_word digest;
    size_t length = 0;
    tx.gas_price = tx.most_fee = out->most_fee;
    tx.priority_fee = out->priority;
    enum status st = transaction_digest(&tx, &digest);
    if (st == OK)
        st = wallet_sign(s->key, s->chain_id, digest.octets, &signature);
    if (st == E_REFUSED)
        return tools_complain(s->tool->call, TOOL_REFUSED, "everybody has this key: it is refused on chain %llu", (unsigned long long)s->chain_id);
    if (st == OK)
        st = transaction_write(&tx, &signature, NULL, 0, &length);
    uint8_t *octets = st == OK || st == E_NO_SPACE ? arena_alloc(s->tool->arena, length) : NULL;
    st = octets != NULL ? transaction_write(&tx, &signature, octets, length, &length) : st == OK || st == E_NO_SPACE ? E_NOMEM : st;
    if (st == OK)
        st = transaction_hash(&tx, &signature, &out->hash);
    if (st != OK)
        return tools_complain(s->tool->call, TOOL_FAILED, "the transaction cannot be written: %s", status_text(st));
    out->octets = slice_of((const char *)octets, length);
    out->legacy = s->legacy;
    return TOOL_DONE;
}

/* ---- sending ---- */

static bool says(const char *message, const char *what)
{
    return message != NULL && strcasestr(message, what) != NULL;
}

enum status sender_send(struct chain_tool *tool, struct chain *chain, struct slice raw, const char **why)
{
    struct tool_reply reply;
    chain_tool_rpc(tool, chain, true, "eth_sendRawTransaction", chain_tool_format(tool, "[\"%s\"]", name_hex(tool, raw.data, raw.length)), &reply);
    *why = reply.message;
    bool known = reply.status == E_INVALID && (says(reply.message, "already known") || says(reply.message, "known transaction") || says(reply.message, "already imported") ||
                                               says(reply.message, "nonce too low") || says(reply.message, "already in mempool") || says(reply.message, "alreadyknown"));
    return known ? OK : reply.status;
}

/* ---- nonces ---- */

struct siblings { struct sender *s; const struct op *self; uint64_t least, next; };

/* Transactions of other names that were signed with this key and may not have been sent: theirs are the nonces, and they must not leave a gap. */
static bool sibling_each(void *context, struct op *op)
{
    struct siblings *b = context;
    const char *why;
    bool other = op->chain_id == b->s->chain_id && eth_address_equal(&op->from, &b->s->from) && strcmp(op->path, b->self->path) != 0;
    for (size_t i = 0; i < op->step_count && other; i++) {
        const struct op_step *step = &op->steps[i];
        if (step->done || step->raw_count == 0 || step->nonce < b->least)
            continue;
        enum status st = sender_send(b->s->tool, b->s->chain, step->raws[step->raw_count - 1].octets, &why);
        if (st != E_INVALID && step->nonce >= b->next)      /* refused by all (it costs more than there is): the number is free, and what comes behind would wait for ever */
            b->next = step->nonce + 1;
    }
    return true;
}

static int nonce_take(struct sender *s, const struct op *op, struct op_step *step)
{
    const char *from = name_hex(s->tool, s->from.octets, 20), *why = NULL;
    struct u256 latest, pending;
    enum status st = sender_number(s->tool, s->chain, "eth_getTransactionCount", chain_tool_format(s->tool, "[\"%s\",\"latest\"]", from), &latest, &why);
    if (st == OK)
        st = sender_number(s->tool, s->chain, "eth_getTransactionCount", chain_tool_format(s->tool, "[\"%s\",\"pending\"]", from), &pending, &why);
    if (st != OK || !u256_fits_u64(latest) || !u256_fits_u64(pending))
        return tools_complain(s->tool->call, TOOL_FAILED, "the number of transactions of %s could not be had: %s", name_address(s->tool, &s->from), why != NULL ? why : status_text(st));
    struct siblings b = { s, op, latest.limb[0], pending.limb[0] > latest.limb[0] ? pending.limb[0] : latest.limb[0] };
    int rc = op_each(s->tool, sibling_each, &b);
    for (size_t i = 0; i < op->step_count; i++)         /* earlier steps of our own */
        if (&op->steps[i] != step && !op->steps[i].done && op->steps[i].raw_count > 0 && op->steps[i].nonce >= b.next)
            b.next = op->steps[i].nonce + 1;
    step->nonce = b.next;
    return rc;
}

static int keep_and_send(struct sender *s, struct op *op, struct op_step *step, const struct op_raw *raw)
{
    const char *why = NULL;
    if (step->raw_count == OP_RAWS_MAX)
        memmove(&step->raws[0], &step->raws[1], --step->raw_count * sizeof step->raws[0]);
    step->raws[step->raw_count++] = *raw;
    int rc = op_save(s->tool, op);                      /* before anybody sees it */
    if (rc != TOOL_DONE)
        return rc;
    enum status st = sender_send(s->tool, s->chain, raw->octets, &why);
    if (st == OK) {
        sender_say(s->tool, "%s: sent, %s", step->call.what, name_hex(s->tool, raw->hash.octets, 32));
        return TOOL_DONE;
    }
    if (st == E_INVALID)
        return tools_complain(s->tool->call, TOOL_REFUSED, "%s: `%s` was not taken: %s. It is kept signed; saying the same again sends it again", op->name, step->call.what, why);
    return tools_complain(s->tool->call, TOOL_PENDING, "%s: whether `%s` was sent is not known (%s). It is kept signed; saying the same again goes on", op->name, step->call.what, why != NULL ? why : status_text(st));
}

static int step_send(struct sender *s, struct op *op, struct op_step *step)
{
    struct store_lock lock = { 0 };
    char path[TOOL_PATH_ROOM];
    struct op_raw raw = { .most_fee = s->most_fee, .priority = s->priority };
    int rc = sender_hold(s, op, sender_cost_at(s, op, step, s->most_fee));
    if (rc == TOOL_DONE)
        rc = key_unlock(s);
    if (rc == TOOL_DONE)
        rc = op_path(s->tool, s->chain_id, chain_tool_format(s->tool, "nonce-%s.lock", name_hex(s->tool, s->from.octets, 20)), path);
    if (rc != TOOL_DONE)
        return rc;
    if (store_lock_open(&lock, path, true) != OK)       /* until it is sent: others count on what the node says then */
        return tools_complain(s->tool->call, TOOL_FAILED, "%s: %s", path, strerror(errno));
    rc = nonce_take(s, op, step);
    if (rc == TOOL_DONE)
        rc = step_sign(s, step, &raw);
    if (rc == TOOL_DONE)
        rc = keep_and_send(s, op, step, &raw);
    store_lock_close(&lock);
    return rc;
}

/* ---- higher fees ---- */

static struct u256 over(struct u256 fee)
{
    struct u256 more, one = u256_from_u64(1);
    if (u256_multiply_u64(fee, PERCENT_OVER, &more))
        return fee;
    (void)u256_divide_u64(more, PERCENT_BASE, &more);
    (void)!u256_add(more, one, &more);
    return more;
}

static struct u256 larger(struct u256 a, struct u256 b)
{
    return u256_compare(a, b) > 0 ? a : b;
}

/* Against --max-cost; fees that rise without anybody's being asked stop at twice what was agreed to. */
static bool bump_too_dear(const struct sender *s, const struct op *op, struct u256 whole)
{
    struct u256 limit = s->has_limit ? s->limit : op->most;
    if (!s->has_limit && (!op->has_most || (!op->limited && s->tool->call->values[OPTION_BUMP] != NULL)))
        return false;
    if (!s->has_limit && !op->limited && u256_multiply_u64(limit, 2, &limit))
        return false;
    return u256_compare(whole, limit) > 0;
}

/* The same with both fees an eighth higher, and at least what is usual now. */
static int step_bump(struct sender *s, struct op *op, struct op_step *step)
{
    if (step->raw_count == OP_RAWS_MAX)
        return TOOL_DONE;
    const struct op_raw *last = &step->raws[step->raw_count - 1];
    int rc = sender_fees(s);
    if (rc != TOOL_DONE)
        return rc;
    s->legacy = last->legacy;
    struct op_raw raw = { .most_fee = larger(over(last->most_fee), s->most_fee), .priority = larger(over(last->priority), s->priority) };
    struct u256 cost, all = { { 0 } }, whole = sender_cost_at(s, op, step, raw.most_fee);
    bool big = u256_multiply_u64(raw.most_fee, step->gas, &cost) || u256_add(cost, step->call.value, &all);
    if (big || bump_too_dear(s, op, whole) || u256_compare(all, s->balance) > 0) {
        sender_say(s->tool, "%s: with higher fees it could cost %s in all, which is more than --max-cost, twice what was agreed to, or the balance: it waits on", step->call.what, name_ether(s->tool, whole));
        return TOOL_DONE;
    }
    rc = key_unlock(s);
    if (rc == TOOL_DONE)
        rc = step_sign(s, step, &raw);
    if (rc != TOOL_DONE)
        return rc;
    sender_say(s->tool, "%s: replaced by the same with higher fees", step->call.what);
    return keep_and_send(s, op, step, &raw);
}

/* ---- waiting ---- */

struct watch {
    uint64_t begun_ms, sent_ms, bumped_ms;
    unsigned lost, bumps;
    bool seen;                      /* it was in a block */
};

/* @return OK and the receipt of whichever of them is on the chain */
static enum status step_receipt(struct sender *s, const struct op_step *step, struct receipt *out, struct eth_word *hash)
{
    enum status best = E_NOT_FOUND;
    for (size_t i = step->raw_count; i-- > 0;) {
        struct receipt one;
        enum status st = sender_receipt(s->tool, s->chain, &step->raws[i].hash, &one);
        if (st == OK && (best != OK || one.good)) {         /* with two numbers, one may be good and the other refused for it */
            *hash = step->raws[i].hash;
            *out = one;
        }
        if (st == OK && one.good)
            return OK;
        best = st == OK || (st != E_NOT_FOUND && best == E_NOT_FOUND) ? st : best;
    }
    return best;
}

static int step_failed(struct sender *s, struct op *op, struct op_step *step, const struct receipt *receipt)
{
    struct slice revert;
    const char *message = NULL;
    struct text text;
    text_growing(&text);
    int tried = sender_try(s, &step->call, "latest", &revert, &message);
    if (tried == TOOL_REFUSED)
        write_error_print(revert, &text);
    step->raw_count = 0;                /* used up: another one may be signed */
    (void)op_save(s->tool, op);
    int rc = tools_complain(s->tool->call, TOOL_REFUSED, "%s: `%s` failed in block %llu%s%s", op->name, step->call.what, (unsigned long long)receipt->block, text.length > 0 ? ": " : "", text.length > 0 ? text.data : "");
    text_clear(&text);
    return rc;
}

/* There is a receipt: deep enough? @return TOOL_DONE, TOOL_PENDING (wait on), others end it */
static int step_settle(struct sender *s, struct op *op, struct op_step *step, const struct receipt *receipt, const struct eth_word *hash)
{
    struct u256 head;
    if (sender_number(s->tool, s->chain, "eth_blockNumber", "[]", &head, NULL) != OK || u256_to_u64(head) + 1 < receipt->block + s->confirmations)
        return TOOL_PENDING;
    if (!receipt->good)                 /* not before it is deep enough: in another block it might be good */
        return step_failed(s, op, step, receipt);
    struct u256 fee, price = u256_is_zero(receipt->gas_price) && step->raw_count > 0 ? step->raws[step->raw_count - 1].most_fee : receipt->gas_price;
    if (u256_multiply_u64(price, receipt->gas_used, &fee) || u256_add(fee, step->call.value, &step->paid))
        step->paid = step->call.value;
    step->done = true;
    step->block = receipt->block;
    step->hash = *hash;
    int rc = op_save(s->tool, op);
    if (rc == TOOL_DONE)
        sender_say(s->tool, "%s: in block %llu, %llu gas", step->call.what, (unsigned long long)receipt->block, (unsigned long long)receipt->gas_used);
    return rc;
}

/* A node may know of it though it has no receipt yet (an index that lags, another node behind the same address). */
static bool step_known(struct sender *s, const struct op_step *step)
{
    for (size_t i = 0; i < step->raw_count; i++) {
        struct tool_reply reply;
        chain_tool_rpc(s->tool, s->chain, false, "eth_getTransactionByHash", chain_tool_format(s->tool, "[\"%s\"]", name_hex(s->tool, step->raws[i].hash.octets, 32)), &reply);
        if (reply.status != OK || json_kind(reply.result) == JSON_OBJECT)
            return true;            /* or it does not say */
    }
    return false;
}

/* What is done twice when it is sent twice: the contract takes a second one as well, and is paid again. */
static bool pays_again(const struct op *op) { return strcmp(op->verb, "renew") == 0; }

/* Its nonce is used and it is not on the chain: somebody else's transaction took it, so a new one is signed. */
static int step_lost(struct sender *s, struct op *op, struct op_step *step, struct watch *w)
{
    struct u256 count;
    const char *from = chain_tool_format(s->tool, "[\"%s\",\"latest\"]", name_hex(s->tool, s->from.octets, 20));
    bool used = sender_number(s->tool, s->chain, "eth_getTransactionCount", from, &count, NULL) == OK && u256_to_u64(count) > step->nonce;
    w->lost = used ? w->lost + 1 : 0;
    if (w->lost < LOST_POLLS)
        return TOOL_DONE;
    w->lost = 0;
    if (step_known(s, step))
        return TOOL_DONE;
    if (pays_again(op))
        return tools_complain(s->tool->call, TOOL_FAILED, "%s: the number %llu of `%s` was used by a transaction that the node does not show, so whether it was this one is not known, and it is not paid again. `rhiz name show %s` tells; if it was another one, remove %s and say the same again",
                              op->name, (unsigned long long)step->nonce, step->call.what, op->name, op->path);
    sender_say(s->tool, "%s: another transaction took its number %llu; it is signed anew", step->call.what, (unsigned long long)step->nonce);
    return step_send(s, op, step);
}

/* It is not on the chain (yet, or any more). */
static int step_nudge(struct sender *s, struct op *op, struct op_step *step, struct watch *w, uint64_t now)
{
    const char *why = NULL;
    int rc = step_lost(s, op, step, w);
    if (rc != TOOL_DONE)
        return rc;
    if (w->seen)
        sender_say(s->tool, "%s: its block is not part of the chain any more; sent again", step->call.what);
    if (w->seen || now - w->sent_ms >= RESEND_POLLS * s->poll_ms) {
        w->seen = false;
        w->sent_ms = now;
        (void)sender_send(s->tool, s->chain, step->raws[step->raw_count - 1].octets, &why);
    }
    if (now - w->bumped_ms < BUMP_AFTER_MS || w->bumps >= AUTOMATIC_BUMPS)
        return TOOL_DONE;
    w->bumped_ms = now;
    w->bumps++;
    return s->key_path[0] != 0 ? step_bump(s, op, step) : TOOL_DONE;
}

static int step_wait(struct sender *s, struct op *op, struct op_step *step)
{
    uint64_t now = chain_loop_now_ms(s->tool->loop);
    struct watch w = { now, now, now, 0, 0, false };
    const char *what = chain_tool_format(s->tool, "`%s` of %s", step->call.what, op->name);
    for (;;) {
        struct receipt receipt;
        struct eth_word hash;
        enum status st = step_receipt(s, step, &receipt, &hash);
        int rc = st == OK ? step_settle(s, op, step, &receipt, &hash) : st == E_NOT_FOUND ? step_nudge(s, op, step, &w, now) : TOOL_DONE;
        w.seen = st == OK || (st != E_NOT_FOUND && w.seen);
        if (st == OK ? rc != TOOL_PENDING : rc != TOOL_DONE)
            return rc;
        if (now - w.begun_ms >= s->wait_ms)
            return tools_complain(s->tool->call, TOOL_PENDING, "%s: `%s` is sent and %s; saying the same again goes on, `rhiz name pending` shows it, --bump raises its fees", op->name, step->call.what,
                                  st == OK ? "not deep enough yet" : "in no block yet");
        chain_tool_pause(s->tool, s->poll_ms);
        now = chain_loop_now_ms(s->tool->loop);
        chain_tool_progress(what, now - w.begun_ms);
    }
}

/* What could not be tried before can be now. */
static int step_prepare(struct sender *s, struct op *op, struct op_step *step)
{
    if (!step->later)
        return TOOL_DONE;
    step->later = false;
    step->gas = 0;
    return sender_estimate(s, op);
}

int sender_step(struct sender *s, struct op *op, size_t index)
{
    struct op_step *step = &op->steps[index];
    const char *why = NULL;
    struct receipt receipt;
    struct eth_word hash;
    int rc = TOOL_DONE;
    if (step->done)
        return TOOL_DONE;
    if (step->raw_count == 0)
        rc = step_prepare(s, op, step);
    if (rc == TOOL_DONE && step->raw_count == 0)
        rc = step_send(s, op, step);
    else if (rc != TOOL_DONE)
        return rc;
    else if (step_receipt(s, step, &receipt, &hash) == OK)
        rc = TOOL_DONE;
    else if (s->tool->call->values[OPTION_BUMP] != NULL)
        rc = step_bump(s, op, step);
    else
        (void)sender_send(s->tool, s->chain, step->raws[step->raw_count - 1].octets, &why);    /* the same octets: it is paid once */
    if (rc == TOOL_DONE)
        rc = step_wait(s, op, step);
    chain_tool_progress(NULL, 0);
    return rc;
}

int sender_steps(struct sender *s, struct op *op)
{
    int rc = TOOL_DONE;
    for (size_t i = 0; i < op->step_count && rc == TOOL_DONE; i++)
        rc = sender_step(s, op, i);
    return rc;
}

int sender_await(struct chain_tool *tool, struct chain *chain, const struct eth_word *hash, uint64_t confirmations, uint64_t wait_ms, struct receipt *out)
{
    uint64_t begun = chain_loop_now_ms(tool->loop), now = begun;
    for (;;) {
        struct u256 head;
        enum status st = sender_receipt(tool, chain, hash, out);
        if (st == OK && sender_number(tool, chain, "eth_blockNumber", "[]", &head, NULL) == OK && u256_to_u64(head) + 1 >= out->block + confirmations)
            break;
        now = chain_loop_now_ms(tool->loop);
        if (now - begun >= wait_ms) {
            chain_tool_progress(NULL, 0);
            return TOOL_PENDING;
        }
        chain_tool_pause(tool, chain_id_is_development(chain_id(chain)) ? 100 : 1500);
        chain_tool_progress("the transaction", now - begun);
    }
    chain_tool_progress(NULL, 0);
    return out->good ? TOOL_DONE : TOOL_REFUSED;
}

/* ---- the whole way ---- */

/* The value is no part of it: prices move with each block, and a renewal that was begun is the same at another price. */
static bool same_calls(const struct op *op, const struct write_call *calls, size_t count)
{
    bool same = op->step_count == count;
    for (size_t i = 0; i < count && same; i++) {
        const struct write_call *a = &op->steps[i].call, *b = &calls[i];
        same = eth_address_equal(&a->to, &b->to) && a->data.length == b->data.length && memcmp(a->data.data, b->data.data, a->data.length) == 0;
    }
    return same;
}

/* What was begun and not ended goes first. *over: it was the same. */
static int execute_rest(struct sender *s, struct op *op, const struct write_call *calls, size_t count, bool *same)
{
    bool begun = false;
    for (size_t i = 0; i < op->step_count; i++)
        begun |= op->steps[i].raw_count > 0 || op->steps[i].done;
    *same = begun && same_calls(op, calls, count);
    if (!begun)
        return TOOL_DONE;
    if (s->tool->call->values[OPTION_UNSIGNED] != NULL)
        return tools_complain(s->tool->call, TOOL_REFUSED, "%s of %s was begun before with a key that is here; without --unsigned it goes on", op->verb, op->name);
    sender_say(s->tool, "%s of %s was begun before; going on with that", op->verb, op->name);
    int rc = sender_fees(s);
    if (rc == TOOL_DONE)
        rc = sender_steps(s, op);
    return rc == TOOL_DONE ? op_remove(s->tool, op) : rc;
}

static int execute_new(struct sender *s, struct op *op, const char *title, const struct write_call *calls, size_t count)
{
    bool stop = false;
    op_reset(op);
    for (size_t i = 0; i < count; i++)
        op_step_add(op, &calls[i]);
    int rc = sender_fees(s);
    if (rc == TOOL_DONE)
        rc = sender_estimate(s, op);
    if (rc == TOOL_DONE)
        rc = sender_confirm(s, op, title, &stop);
    if (rc != TOOL_DONE || stop)
        return rc;
    if (s->tool->call->values[OPTION_UNSIGNED] != NULL)
        return sender_unsigned(s, op, s->tool->call->values[OPTION_UNSIGNED]);
    rc = sender_steps(s, op);
    return rc == TOOL_DONE ? op_remove(s->tool, op) : rc;
}

int sender_execute(struct sender *s, const char *verb, const char *name, const char *title, const struct write_call *calls, size_t count)
{
    struct op *op = NULL;
    bool found = false, same = false;
    int rc = op_open(s->tool, verb, name, s->chain_id, &s->from, &op, &found);
    if (rc == TOOL_DONE && found && s->tool->call->values[OPTION_DRY_RUN] == NULL)
        rc = execute_rest(s, op, calls, count, &same);
    if (rc == TOOL_DONE && !same)
        rc = execute_new(s, op, title, calls, count);
    op_close(op);
    return rc;
}
