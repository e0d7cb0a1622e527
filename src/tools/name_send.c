/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name send FILE`: transactions that were signed elsewhere. */
#include "tools/name_ens.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { SIGNED_MAX = 16, FILE_MAX = 4 << 20, AGE_POLL_MS = 1000 };

struct parcel {
    struct slice octets;
    struct transaction tx;
    struct ecdsa_signature signature;
    struct eth_address from;
    struct eth_word hash;
    struct chain *chain;
};
struct sending { struct chain_tool *tool; struct parcel list[SIGNED_MAX]; size_t count; struct u256 cost; };

/* ---- reading ---- */

static int parcel_add(struct sending *s, struct slice text)
{
    const struct tool_call *call = s->tool->call;
    struct parcel *p = &s->list[s->count];
    size_t length = 0;
    if (s->count == SIGNED_MAX)
        return tools_complain(call, TOOL_USAGE, "over %d transactions in one file", SIGNED_MAX);
    if (text.length >= 2 && memcmp(text.data, "0x", 2) == 0)
        text = slice_of(text.data + 2, text.length - 2);
    uint8_t *octets = arena_alloc(s->tool->arena, text.length / 2 + 1);
    if (octets == NULL)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    if (hex_decode(text, octets, text.length / 2, &length) != OK || length == 0)
        return tools_complain(call, TOOL_USAGE, "%s: transaction %zu is not hexadecimal", call->arguments[0], s->count + 1);
    enum status st = transaction_read(octets, length, &p->tx, &p->signature);
    if (st == OK)
        st = transaction_sender(&p->tx, &p->signature, &p->from);
    if (st == OK)
        st = transaction_hash(&p->tx, &p->signature, &p->hash);
    if (st != OK)
        return tools_complain(call, TOOL_USAGE, "%s: transaction %zu is no signed transaction (%s)", call->arguments[0], s->count + 1, status_text(st));
    p->octets = slice_of((const char *)octets, length);
    s->count++;
    return TOOL_DONE;
}

static int tree_take(struct sending *s, const struct json_value *tree)
{
    const struct json_value *list = json_value_is_array(tree) ? tree : json_value_get(tree, "transactions");
    const char *raw = json_value_get_text(tree, "raw");
    int rc = raw != NULL ? parcel_add(s, slice_string(raw)) : TOOL_DONE;
    for (size_t i = 0; i < json_value_count(list) && rc == TOOL_DONE; i++) {
        const struct json_value *one = json_value_at(list, i);
        const char *text = json_value_as_text(one) != NULL ? json_value_as_text(one) : json_value_get_text(one, "raw");
        rc = text != NULL ? parcel_add(s, slice_string(text)) : tools_complain(s->tool->call, TOOL_USAGE, "%s: transaction %zu is not signed: it has no member `raw`", s->tool->call->arguments[0], i + 1);
    }
    return rc;
}

static int lines_take(struct sending *s, const char *text, size_t bytes)
{
    int rc = TOOL_DONE;
    for (size_t at = 0; at < bytes && rc == TOOL_DONE;) {
        size_t length = strcspn(text + at, " \t\r\n");
        if (length > 0)
            rc = parcel_add(s, slice_of(text + at, length));
        at += length + (length == 0);
    }
    return rc;
}

static int file_take(struct sending *s)
{
    const char *path = s->tool->call->arguments[0];
    char *text = NULL;
    size_t bytes = 0;
    struct json_value *tree = NULL;
    enum status st = store_file_read(path, FILE_MAX, &text, &bytes);
    if (st != OK)
        return tools_complain(s->tool->call, TOOL_FAILED, "%s: %s", path, st == E_SYSTEM ? strerror(errno) : status_text(st));
    size_t first = strspn(text, " \t\r\n");
    int rc;
    if (text[first] != '{' && text[first] != '[')
        rc = lines_take(s, text, bytes);
    else if (json_value_parse(text, bytes, &tree) != OK)
        rc = tools_complain(s->tool->call, TOOL_USAGE, "%s: this is no JSON", path);
    else
        rc = tree_take(s, tree);
    json_value_free(tree);
    mem_free(text);
    if (rc == TOOL_DONE && s->count == 0)
        rc = tools_complain(s->tool->call, TOOL_USAGE, "%s: there is no transaction in it; hexadecimal, or JSON with `raw`, is taken", path);
    return rc;
}

/* ---- showing ---- */

static int chain_find(struct sending *s, struct parcel *p)
{
    for (size_t i = 0; i < s->tool->config->chain_count; i++)
        if (chain_id(s->tool->chains[i]) == p->tx.chain)
            p->chain = s->tool->chains[i];
    if (p->tx.chain == 0)
        return tools_complain(s->tool->call, TOOL_REFUSED, "a transaction without a chain number is good on every chain, so anybody could send it elsewhere too: it is not sent");
    if (p->chain == NULL)
        return tools_complain(s->tool->call, TOOL_REFUSED, "the transaction is for chain number %llu, and no such chain is configured", (unsigned long long)p->tx.chain);
    if (wallet_key_is_public_knowledge(p->from.octets) && !chain_id_is_development(p->tx.chain))
        return tools_complain(s->tool->call, TOOL_REFUSED, "everybody has the key of %s: it is refused on chain %llu", name_address(s->tool, &p->from), (unsigned long long)p->tx.chain);
    struct u256 said;
    const char *why = NULL;
    if (sender_number(s->tool, p->chain, "eth_chainId", "[]", &said, &why) != OK)
        return tools_complain(s->tool->call, TOOL_FAILED, "chain %s: its nodes do not say which chain they are on: %s", chain_name(p->chain), why != NULL ? why : "?");
    return u256_to_u64(said) == p->tx.chain ? TOOL_DONE : tools_complain(s->tool->call, TOOL_REFUSED, "the node of chain %s is on another chain: nothing is sent", chain_name(p->chain));
}

static int parcel_show(struct sending *s, struct parcel *p, size_t number, FILE *out)
{
    struct u256 cost;
    struct text text;
    bool limited = false;
    int rc = chain_find(s, p);
    if (rc != TOOL_DONE)
        return rc;
    bool over = transaction_cost_most(&p->tx, &cost);
    text_growing(&text);
    write_describe(slice_of((const char *)p->tx.data, p->tx.data_bytes), 2, &text);
    fprintf(out, "%zu. from %s to %s on chain %s\n%s   value %s, number %llu, at most %s in all\n", number, name_address(s->tool, &p->from), p->tx.creates ? "a new contract" : name_address(s->tool, &p->tx.to),
            chain_name(p->chain), text.full ? "" : text.data, name_ether(s->tool, p->tx.value), (unsigned long long)u256_to_u64(p->tx.nonce), over ? "?" : name_ether(s->tool, cost));
    text_clear(&text);
    struct u256 limit = { { 0 } };
    rc = sender_limit(s->tool->call, &limited, &limit);
    over = over || u256_add(s->cost, cost, &s->cost);           /* it is a limit of all of them */
    if (rc != TOOL_DONE || !limited || (!over && u256_compare(s->cost, limit) <= 0))
        return rc;
    return tools_complain(s->tool->call, TOOL_REFUSED, "that could cost more than --max-cost %s: nothing was sent", s->tool->call->values[OPTION_MAX_COST]);
}

/* ---- sending ---- */

/* A trial; a commitment that is too young is waited for. */
static int parcel_try(struct sending *s, struct parcel *p, uint64_t wait_ms)
{
    struct sender sender = { .tool = s->tool, .chain = p->chain, .chain_id = p->tx.chain, .from = p->from };
    struct write_call call = { .to = p->tx.to, .value = p->tx.value, .data = slice_of((const char *)p->tx.data, p->tx.data_bytes) };
    uint64_t begun = chain_loop_now_ms(s->tool->loop), now = begun;
    struct text text;
    if (p->tx.creates)
        return TOOL_DONE;
    for (;;) {
        struct slice revert;
        const char *message = NULL;
        int rc = sender_try(&sender, &call, "latest", &revert, &message);
        if (rc != TOOL_DONE)
            rc = sender_try(&sender, &call, "pending", &revert, &message);
        chain_tool_progress(NULL, 0);
        if (rc == TOOL_DONE)
            return rc;
        now = chain_loop_now_ms(s->tool->loop);
        enum write_error kind = write_error_of(revert);
        if (rc == TOOL_REFUSED && kind == WRITE_ERROR_TOO_NEW && now - begun < wait_ms) {
            chain_tool_progress("the commitment to be old enough", now - begun);
            chain_tool_pause(s->tool, AGE_POLL_MS);
            continue;
        }
        text_growing(&text);
        if (rc == TOOL_REFUSED && revert.length > 0)
            write_error_print(revert, &text);
        else
            text_add(&text, message != NULL ? message : "?");
        rc = tools_complain(s->tool->call, rc, "it would fail, so it was not sent: %s", text.full ? "" : text.data);
        text_clear(&text);
        return rc;
    }
}

static int parcel_send(struct sending *s, struct parcel *p)
{
    uint64_t confirmations, wait_ms;
    struct receipt receipt;
    const char *why = NULL, *hash = name_hex(s->tool, p->hash.octets, 32);
    int rc = sender_patience(s->tool->call, p->tx.chain, &confirmations, &wait_ms);
    if (rc != TOOL_DONE)
        return rc;
    if (sender_receipt(s->tool, p->chain, &p->hash, &receipt) != OK) {     /* else it was sent before */
        rc = parcel_try(s, p, wait_ms);
        if (rc != TOOL_DONE)
            return rc;
        enum status st = sender_send(s->tool, p->chain, p->octets, &why);
        if (st != OK)
            return tools_complain(s->tool->call, st == E_INVALID ? TOOL_REFUSED : TOOL_FAILED, "%s was not taken: %s", hash, why != NULL ? why : status_text(st));
        sender_say(s->tool, "sent, %s", hash);
    }
    rc = sender_await(s->tool, p->chain, &p->hash, confirmations, wait_ms, &receipt);
    if (rc == TOOL_DONE)
        printf("%s in block %llu\n", hash, (unsigned long long)receipt.block);
    else if (rc == TOOL_PENDING)
        rc = tools_complain(s->tool->call, rc, "%s is sent and not confirmed yet; saying the same again goes on", hash);
    else
        rc = tools_complain(s->tool->call, rc, "%s failed in block %llu", hash, (unsigned long long)receipt.block);
    return rc;
}

static int send_all(struct sending *s)
{
    const struct tool_call *call = s->tool->call;
    bool dry = call->values[OPTION_DRY_RUN] != NULL;
    int rc = file_take(s);
    for (size_t i = 0; i < s->count && rc == TOOL_DONE; i++)
        rc = parcel_show(s, &s->list[i], i + 1, dry ? stdout : stderr);
    if (rc == TOOL_DONE && !dry)
        rc = sender_ask(call, "Send this?");
    for (size_t i = 0; i < s->count && rc == TOOL_DONE && !dry; i++)
        rc = parcel_send(s, &s->list[i]);
    return rc;
}

int name_send_run(const struct tool_call *call)
{
    struct sending *s = mem_alloc(sizeof *s);
    if (s == NULL)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    int rc = chain_tool_open(call, &s->tool);
    if (rc == TOOL_DONE)
        rc = send_all(s);
    chain_tool_close(s->tool);
    mem_free(s);
    return rc;
}
