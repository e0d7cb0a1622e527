/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs; fees; trials; the preview and the question. */
#include "tools/name_sender.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAST_POLL_MS = 100, SLOW_POLL_MS = 1500, WAIT_DEFAULT_MS = 600000, GAS_MARGIN_PERCENT = 20, GAS_MAX = 30000000 };

void sender_say(const struct chain_tool *tool, const char *format, ...)
{
    va_list list;
    (void)tool;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

/* ---- small questions ---- */

bool sender_quantity(struct json_view object, const char *key, struct u256 *out)
{
    uint8_t octets[32];
    if (json_quantity_256(key == NULL ? object : json_member(object, key), octets) != OK)
        return false;
    *out = u256_read(octets, sizeof octets);
    return true;
}

enum status sender_number(struct chain_tool *tool, struct chain *chain, const char *method, const char *params, struct u256 *out, const char **why)
{
    struct tool_reply reply;
    chain_tool_rpc(tool, chain, false, method, params, &reply);
    if (why != NULL)
        *why = reply.message;
    if (reply.status != OK)
        return reply.status;
    return sender_quantity(reply.result, NULL, out) ? OK : E_BAD_FORMAT;
}

enum status sender_receipt(struct chain_tool *tool, struct chain *chain, const struct eth_word *hash, struct receipt *out)
{
    struct tool_reply reply;
    struct u256 number, good = { { 1 } }, used = { { 0 } }, price = { { 0 } };
    chain_tool_rpc(tool, chain, false, "eth_getTransactionReceipt", chain_tool_format(tool, "[\"%s\"]", name_hex(tool, hash->octets, 32)), &reply);
    if (reply.status != OK)
        return reply.status;
    if (json_kind(reply.result) != JSON_OBJECT)
        return E_NOT_FOUND;
    if (!sender_quantity(reply.result, "blockNumber", &number) || !u256_fits_u64(number))
        return E_NOT_FOUND;                         /* some nodes tell of those that wait */
    (void)sender_quantity(reply.result, "status", &good);
    (void)sender_quantity(reply.result, "gasUsed", &used);
    (void)sender_quantity(reply.result, "effectiveGasPrice", &price);
    *out = (struct receipt){ number.limb[0], !u256_is_zero(good), u256_to_u64(used), price };
    return OK;
}

int sender_patience(const struct tool_call *call, uint64_t chain_id, uint64_t *confirmations, uint64_t *wait_ms)
{
    const char *deep = call->values[OPTION_CONFIRM], *wait = call->values[OPTION_WAIT];
    *confirmations = chain_id_is_development(chain_id) ? 1 : 2;
    *wait_ms = WAIT_DEFAULT_MS;
    if (deep != NULL && (text_read_u64(slice_string(deep), 1000, confirmations) != OK || *confirmations == 0))
        return tools_complain(call, TOOL_USAGE, "--confirmations %s: a number from 1 to 1000 is meant", deep);
    if (wait != NULL && text_read_duration_ms(slice_string(wait), 86400000, wait_ms) != OK)
        return tools_complain(call, TOOL_USAGE, "--wait %s: a time such as 90s or 10m is meant, at most a day", wait);
    return TOOL_DONE;
}

/* ---- opening ---- */

static int chain_check(struct sender *s)
{
    struct u256 id;
    const char *why = NULL;
    enum status st = sender_number(s->tool, s->chain, "eth_chainId", "[]", &id, &why);
    if (st != OK)
        return tools_complain(s->tool->call, TOOL_FAILED, "chain %s: its nodes do not say which chain they are on: %s", chain_name(s->chain), why != NULL ? why : status_text(st));
    if (u256_fits_u64(id) && id.limb[0] == s->chain_id)
        return TOOL_DONE;
    return tools_complain(s->tool->call, TOOL_REFUSED, "chain %s is configured as number %llu, but the node is on %llu: nothing is signed", chain_name(s->chain),
                          (unsigned long long)s->chain_id, (unsigned long long)u256_to_u64(id));
}

static int key_of_file(struct sender *s, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    struct eth_address said = { { 0 } };
    enum status st = store_file_read(path, WALLET_FILE_MAX, &text, &bytes);
    if (st == OK)
        st = wallet_file_address(slice_of(text, bytes), said.octets);
    mem_free(text);
    if (st != OK)
        return tools_complain(s->tool->call, TOOL_USAGE, "--key %s: %s", path, st == E_SYSTEM ? strerror(errno) : st == E_NOT_FOUND ? "no such file, or it does not say its address" : status_text(st));
    if (!eth_address_is_zero(&s->from) && !eth_address_equal(&s->from, &said))
        return tools_complain(s->tool->call, TOOL_USAGE, "--key %s holds the key of %s, not of %s", path, name_address(s->tool, &said), name_address(s->tool, &s->from));
    s->from = said;
    if (path != s->key_path)
        snprintf(s->key_path, sizeof s->key_path, "%s", path);
    return TOOL_DONE;
}

int sender_key_check(struct sender *s)
{
    const struct tool_call *call = s->tool->call;
    if (s->key_path[0] != 0 || call->values[OPTION_UNSIGNED] != NULL || call->values[OPTION_DRY_RUN] != NULL)
        return TOOL_DONE;
    return tools_complain(call, TOOL_REFUSED, "the keystore has no key of %s; --unsigned FILE writes what is to be signed elsewhere", name_address(s->tool, &s->from));
}

static int key_of_store(struct sender *s, bool needed)
{
    const struct tool_call *call = s->tool->call;
    char folder[TOOL_PATH_ROOM];
    bool known = !eth_address_is_zero(&s->from);
    int rc = tools_keystore(call, s->tool->config, folder);
    if (rc != TOOL_DONE)
        return rc;
    enum status st = wallet_find(folder, known ? s->from.octets : NULL, s->key_path, sizeof s->key_path);
    if (st == OK && !known)
        return key_of_file(s, s->key_path);
    if (st == OK)
        return TOOL_DONE;
    s->key_path[0] = 0;
    if (known && !needed)
        return TOOL_DONE;
    if (st == E_EXISTS)
        return tools_complain(call, TOOL_USAGE, "the keystore %s has several keys: --from ADDRESS says which", folder);
    if (st == E_NOT_FOUND && known)
        return sender_key_check(s);
    if (st == E_NOT_FOUND)
        return tools_complain(call, TOOL_REFUSED, "there is no key in %s: `rhiz wallet new` makes one, --key FILE names one, --from ADDRESS with --unsigned FILE does without", folder);
    return tools_complain(call, TOOL_FAILED, "%s: %s", folder, st == E_SYSTEM ? strerror(errno) : status_text(st));
}

int sender_limit(const struct tool_call *call, bool *has, struct u256 *limit)
{
    const char *most = call->values[OPTION_MAX_COST];
    *has = most != NULL;
    if (most == NULL)
        return TOOL_DONE;
    size_t digits = strspn(most, "0123456789.");
    bool unit = most[digits] == 0 || strcasecmp(most + digits, "eth") == 0 || strcasecmp(most + digits, " eth") == 0;
    if (unit && u256_parse_units(slice_of(most, digits), 18, limit) == OK)
        return TOOL_DONE;
    return tools_complain(call, TOOL_USAGE, "--max-cost %s: an amount of ether is meant, such as 0.05", most);
}

static int limits_read(struct sender *s)
{
    const struct tool_call *call = s->tool->call;
    int rc = sender_patience(call, s->chain_id, &s->confirmations, &s->wait_ms);
    s->poll_ms = chain_id_is_development(s->chain_id) ? FAST_POLL_MS : SLOW_POLL_MS;
    return rc == TOOL_DONE ? sender_limit(call, &s->has_limit, &s->limit) : rc;
}

static int sender_begin(struct chain_tool *tool, struct chain *chain, struct sender *s)
{
    *s = (struct sender){ .tool = tool, .chain = chain, .chain_id = chain_id(chain) };
    return limits_read(s);
}

static int sender_check(struct sender *s)
{
    if (wallet_key_is_public_knowledge(s->from.octets) && !chain_id_is_development(s->chain_id))
        return tools_complain(s->tool->call, TOOL_REFUSED, "everybody has the key of %s (%s): what it pays for or owns on chain %llu would be gone at once. There is no way around this", name_address(s->tool, &s->from),
                              wallet_key_public_source(s->from.octets), (unsigned long long)s->chain_id);
    return chain_check(s);
}

int sender_open_maybe(struct chain_tool *tool, struct chain *chain, struct sender *s)
{
    const struct tool_call *call = tool->call;
    int rc = sender_begin(tool, chain, s);
    if (rc == TOOL_DONE && call->values[OPTION_FROM] != NULL)
        rc = tools_address(call, "--from", call->values[OPTION_FROM], s->from.octets);
    if (rc == TOOL_DONE)
        rc = call->values[OPTION_KEY] != NULL ? key_of_file(s, call->values[OPTION_KEY]) : key_of_store(s, false);
    return rc == TOOL_DONE ? sender_check(s) : rc;
}

int sender_open(struct chain_tool *tool, struct chain *chain, struct sender *s)
{
    int rc = sender_open_maybe(tool, chain, s);
    return rc == TOOL_DONE ? sender_key_check(s) : rc;
}

int sender_open_for(struct chain_tool *tool, struct chain *chain, const struct eth_address *from, struct sender *s)
{
    int rc = sender_begin(tool, chain, s);
    s->from = *from;
    if (rc == TOOL_DONE)
        rc = tool->call->values[OPTION_KEY] != NULL ? key_of_file(s, tool->call->values[OPTION_KEY]) : key_of_store(s, false);
    return rc == TOOL_DONE ? sender_check(s) : rc;
}

void sender_close(struct sender *s)
{
    wallet_key_free(s->key);
    s->key = NULL;
}

/* ---- fees ---- */

static const char *gwei(struct chain_tool *tool, struct u256 wei)
{
    struct text text;
    char room[U256_TEXT_ROOM];
    text_fixed(&text, room, sizeof room);
    u256_print_units(&text, wei, 9);
    return arena_string(tool->arena, room);
}

static int compare_u256(const void *a, const void *b)
{
    return u256_compare(*(const struct u256 *)a, *(const struct u256 *)b);
}

/* The median of what the cheaper quarter paid in the last ten blocks; a gwei when nobody tells. */
static struct u256 priority_of_history(struct sender *s)
{
    struct tool_reply reply;
    struct u256 list[16];
    size_t count = 0;
    chain_tool_rpc(s->tool, s->chain, false, "eth_feeHistory", "[\"0xa\",\"latest\",[25]]", &reply);
    struct json_walk walk = json_walk(reply.status == OK ? json_member(reply.result, "reward") : (struct json_view){ 0 });
    while (count < LENGTH_OF(list) && json_step(&walk))
        count += sender_quantity(json_path(walk.value, "0"), NULL, &list[count]);
    if (count == 0)
        return u256_from_u64(1000000000);
    qsort(list, count, sizeof *list, compare_u256);
    return list[count / 2];
}

/* What one node tells is paid as it is: without --max-cost it must be what is usual.  A tip beyond that is cut, for then it only takes longer;
 * the base fee is no more than a limit of what the block takes. */
static int fees_bound(struct sender *s)
{
    enum { POLYGON = 137, TIP_GWEI = 10, TIP_GWEI_POLYGON = 200, PRICE_GWEI = 1000, GWEI = 1000000000 };
    struct u256 tip = u256_from_u64((uint64_t)GWEI * (s->chain_id == POLYGON ? TIP_GWEI_POLYGON : TIP_GWEI)), price = u256_from_u64((uint64_t)GWEI * PRICE_GWEI);
    if (s->has_limit || chain_id_is_development(s->chain_id))
        return TOOL_DONE;
    if (s->legacy && u256_compare(s->most_fee, price) > 0)
        return tools_complain(s->tool->call, TOOL_REFUSED, "chain %s: the node tells a price of gas of %s gwei, which is not usual; with --max-cost it is taken", chain_name(s->chain), gwei(s->tool, s->most_fee));
    if (s->legacy || u256_compare(s->priority, tip) <= 0)
        return TOOL_DONE;
    sender_say(s->tool, "chain %s: the node wants a tip of %s gwei, which is not usual; without --max-cost it is %s", chain_name(s->chain), gwei(s->tool, s->priority), gwei(s->tool, tip));
    s->priority = tip;
    return TOOL_DONE;
}

int sender_fees(struct sender *s)
{
    struct tool_reply head;
    const char *why = NULL;
    const char *from = chain_tool_format(s->tool, "[\"%s\",\"latest\"]", name_hex(s->tool, s->from.octets, 20));
    chain_tool_rpc(s->tool, s->chain, false, "eth_getBlockByNumber", "[\"latest\",false]", &head);
    enum status st = head.status;
    why = head.message;
    if (st == OK)
        st = sender_number(s->tool, s->chain, "eth_getBalance", from, &s->balance, &why);
    if (st == OK) {
        s->legacy = !sender_quantity(head.result, "baseFeePerGas", &s->base_fee);
        if (s->legacy)
            st = sender_number(s->tool, s->chain, "eth_gasPrice", "[]", &s->most_fee, &why);
        else if (sender_number(s->tool, s->chain, "eth_maxPriorityFeePerGas", "[]", &s->priority, NULL) != OK)
            s->priority = priority_of_history(s);
    }
    if (st != OK)
        return tools_complain(s->tool->call, TOOL_FAILED, "chain %s: fees and balance could not be had: %s", chain_name(s->chain), why != NULL ? why : status_text(st));
    int rc = fees_bound(s);
    if (rc != TOOL_DONE)
        return rc;
    if (!s->legacy) {
        struct u256 twice;
        bool over = u256_multiply_u64(s->base_fee, 2, &twice);
        over |= u256_add(twice, s->priority, &s->most_fee);
        if (over)
            return tools_complain(s->tool->call, TOOL_FAILED, "chain %s: the node tells a base fee that cannot be", chain_name(s->chain));
    }
    return TOOL_DONE;
}

/* ---- trials ---- */

static const char *call_json(struct sender *s, const struct write_call *call)
{
    struct text value;
    char room[80];
    text_fixed(&value, room, sizeof room);
    u256_print_quantity(&value, call->value);
    return chain_tool_format(s->tool, "{\"from\":\"%s\",\"to\":\"%s\",\"value\":\"%s\",\"data\":\"%s\"}", name_hex(s->tool, s->from.octets, 20), name_hex(s->tool, call->to.octets, 20), room,
                             name_hex(s->tool, call->data.data, call->data.length));
}

int sender_try(struct sender *s, const struct write_call *call, const char *block, struct slice *revert, const char **message)
{
    struct tool_reply reply;
    chain_tool_rpc(s->tool, s->chain, false, "eth_call", chain_tool_format(s->tool, "[%s,\"%s\"]", call_json(s, call), block), &reply);
    if (revert != NULL)
        *revert = reply.status == OK ? slice_of("", 0) : reply.data;
    if (message != NULL)
        *message = reply.message;
    return reply.status == OK ? TOOL_DONE : reply.status == E_INVALID ? TOOL_REFUSED : TOOL_FAILED;
}

static int estimate_complain(struct sender *s, const struct op *op, const struct op_step *step, const struct tool_reply *reply)
{
    struct text text;
    if (reply->status != E_INVALID)
        return tools_complain(s->tool->call, TOOL_FAILED, "%s: %s could not be tried: %s", op->name, step->call.what, reply->message);
    if (reply->data.length == 0)
        return tools_complain(s->tool->call, TOOL_REFUSED, "%s: `%s` would fail, so nothing was sent; the node says: %s", op->name, step->call.what, reply->message);
    text_growing(&text);
    write_error_print(reply->data, &text);
    int rc = tools_complain(s->tool->call, TOOL_REFUSED, "%s: `%s` would fail, so nothing was sent: %s", op->name, step->call.what, text.full ? "" : text.data);
    text_clear(&text);
    return rc;
}

int sender_gas(struct sender *s, const struct write_call *call, const char *block, uint64_t *gas, struct tool_reply *reply)
{
    struct u256 number;
    chain_tool_rpc(s->tool, s->chain, false, "eth_estimateGas", chain_tool_format(s->tool, "[%s,\"%s\"]", call_json(s, call), block), reply);
    if (reply->status != OK)
        return reply->status == E_INVALID ? TOOL_REFUSED : TOOL_FAILED;
    if (!sender_quantity(reply->result, NULL, &number) || !u256_fits_u64(number) || number.limb[0] > GAS_MAX) {
        reply->message = "the node's estimate of gas cannot be";
        return TOOL_FAILED;
    }
    *gas = number.limb[0] + number.limb[0] * GAS_MARGIN_PERCENT / 100;
    return TOOL_DONE;
}

int sender_estimate(struct sender *s, struct op *op)
{
    for (size_t i = 0; i < op->step_count; i++) {
        struct op_step *step = &op->steps[i];
        struct tool_reply reply;
        if (step->done || step->later || step->gas > 0)
            continue;
        if (sender_gas(s, &step->call, "latest", &step->gas, &reply) != TOOL_DONE)
            return estimate_complain(s, op, step, &reply);
    }
    return TOOL_DONE;
}

static const struct u256 endless = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };

static struct u256 step_cost(const struct op_step *step, struct u256 price)
{
    struct u256 fee, all = { { 0 } };
    if (step->done)
        return step->paid;
    bool over = u256_multiply_u64(price, step->gas, &fee);
    over |= u256_add(fee, step->call.value, &all);
    return over ? endless : all;
}

struct u256 sender_cost_at(const struct sender *s, const struct op *op, const struct op_step *special, struct u256 price)
{
    struct u256 all = { { 0 } };
    for (size_t i = 0; i < op->step_count; i++) {
        const struct op_step *step = &op->steps[i];
        struct u256 usual = step->raw_count > 0 ? step->raws[step->raw_count - 1].most_fee : s->most_fee;
        if (u256_add(all, step_cost(step, step == special ? price : usual), &all))
            return endless;
    }
    return all;
}

struct u256 sender_cost(const struct sender *s, const struct op *op)
{
    return sender_cost_at(s, op, NULL, endless);
}

int sender_hold(struct sender *s, struct op *op, struct u256 cost)
{
    bool limited = s->has_limit || (op->has_most && op->limited);
    struct u256 limit = s->has_limit ? s->limit : op->most, tenth = { { 0 } };
    if (!limited)
        (void)u256_divide_u64(limit, 10, &tenth);
    if (u256_add(limit, tenth, &limit))
        limit = endless;
    if ((!limited && !op->has_most) || u256_compare(cost, limit) <= 0)
        return TOOL_DONE;
    if (limited)
        return tools_complain(s->tool->call, TOOL_REFUSED, "%s of %s has become dearer: it could cost %s in all, more than --max-cost %s, so the rest is not sent; saying the same again with another --max-cost goes on",
                              op->verb, op->name, name_ether(s->tool, cost), name_ether(s->tool, limit));
    sender_say(s->tool, "%s of %s has become dearer: it could cost %s in all, %s was agreed to", op->verb, op->name, name_ether(s->tool, cost), name_ether(s->tool, op->most));
    int rc = sender_ask(s->tool->call, "Go on all the same?");
    if (rc == TOOL_DONE)
        op->most = cost;
    return rc;
}

/* ---- preview ---- */

static void preview(struct sender *s, const struct op *op, const char *title, FILE *out)
{
    struct chain_tool *tool = s->tool;
    fprintf(out, "%s, on chain %s (number %llu)\n", title, chain_name(s->chain), (unsigned long long)s->chain_id);
    for (size_t i = 0; i < op->step_count; i++) {
        const struct op_step *step = &op->steps[i];
        struct text text;
        text_growing(&text);
        write_describe(step->call.data, 2, &text);
        fprintf(out, "%zu. %s%s\n   to contract %s\n%s", i + 1, step->call.what, step->done ? " (done)" : "", name_address(tool, &step->call.to), text.full ? "" : text.data);
        text_clear(&text);
        if (!u256_is_zero(step->call.value))
            fprintf(out, "   value %s (what is too much comes back)\n", name_ether(tool, step->call.value));
        if (!step->done)
            fprintf(out, "   gas %s %llu at most, at most %s gwei each: %s\n", step->later ? "about" : "limit", (unsigned long long)step->gas, gwei(tool, s->most_fee), name_ether(tool, step_cost(step, s->most_fee)));
    }
    fprintf(out, "from %s, which has %s\nin all at most %s\n", name_address(tool, &s->from), name_ether(tool, s->balance), name_ether(tool, sender_cost(s, op)));
}

int sender_ask(const struct tool_call *call, const char *question)
{
    char line[16] = "";
    if (call->values[OPTION_YES] != NULL)
        return TOOL_DONE;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return tools_complain(call, TOOL_REFUSED, "there is no terminal to ask on; --yes sends without asking, --dry-run shows only");
    fprintf(stderr, "%s [y/N] ", question);
    fflush(stderr);
    if (fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y'))
        return TOOL_DONE;
    return tools_complain(call, TOOL_REFUSED, "nothing was sent");
}

int sender_confirm(struct sender *s, struct op *op, const char *title, bool *stop)
{
    const struct tool_call *call = s->tool->call;
    bool dry = call->values[OPTION_DRY_RUN] != NULL;
    struct u256 cost = sender_cost(s, op);
    *stop = dry;
    preview(s, op, title, dry ? stdout : stderr);
    if (s->has_limit && u256_compare(cost, s->limit) > 0)
        return tools_complain(call, TOOL_REFUSED, "it could cost %s, more than --max-cost %s: nothing was sent", name_ether(s->tool, cost), call->values[OPTION_MAX_COST]);
    bool elsewhere = call->values[OPTION_UNSIGNED] != NULL;
    if (u256_compare(cost, s->balance) > 0 && !elsewhere)
        return tools_complain(call, TOOL_REFUSED, "%s has %s, which is less than it could cost: nothing was sent", name_address(s->tool, &s->from), name_ether(s->tool, s->balance));
    op->has_most = true;
    op->most = s->has_limit ? s->limit : cost;
    op->limited = s->has_limit;
    if (dry)
        printf("a dry run: nothing was sent\n");
    return dry || elsewhere ? TOOL_DONE : sender_ask(call, "Send this?");
}
