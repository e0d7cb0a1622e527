/* SPDX-License-Identifier: Apache-2.0 */
/* What a node answers, in all the shapes that nodes have for it. */
#include "ethereum/inside.h"

#include <string.h>
#include <strings.h>

enum chain_failure rpc_failure(enum rpc_fault fault)
{
    switch (fault) {
    case RPC_FINE:      return CHAIN_FAILURE_NONE;
    case RPC_UNREACHED:
    case RPC_DENIED:    return CHAIN_FAILURE_NO_PROVIDER;
    case RPC_TIMEOUT:   return CHAIN_FAILURE_TIMEOUT;
    case RPC_LIMITED:   return CHAIN_FAILURE_LIMITED;
    case RPC_NO_BLOCK:  return CHAIN_FAILURE_BLOCK_GONE;
    case RPC_GAS:       return CHAIN_FAILURE_GAS;
    case RPC_MEMORY:    return CHAIN_FAILURE_MEMORY;
    case RPC_BAD:
    case RPC_LONG:
    case RPC_ERROR:     break;
    }
    return CHAIN_FAILURE_BAD_REPLY;
}

/* `Reverted 0x08c3...`, as Parity and its children write it, or the digits alone. */
static bool digits_of(struct json_view value, struct slice *digits)
{
    struct slice text;
    if (json_hex(value, digits) == OK)
        return true;
    if (json_text_plain(value, &text) != OK || text.length < 11 || strncasecmp(text.data, "reverted 0x", 11) != 0)
        return false;
    struct slice rest = slice_of(text.data + 11, text.length - 11);
    for (size_t i = 0; i < rest.length; i++) {
        char c = rest.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    if (rest.length % 2 != 0)
        return false;
    *digits = rest;
    return true;
}

bool rpc_error_data(struct json_view error, struct json_view result, struct slice *digits)
{
    static const char *const paths[] = { "data", "data.data", "data.originalError.data", "data.result" };
    for (size_t i = 0; i < LENGTH_OF(paths); i++) {
        if (digits_of(json_path(error, paths[i]), digits))
            return true;
    }
    return json_hex(result, digits) == OK && digits->length > 0;
}

static bool says(struct slice text, const char *word)
{
    return text.length > 0 && memmem(text.data, text.length, word, strlen(word)) != NULL;
}

static bool says_any(struct slice text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (says(text, words[i]))
            return true;
    }
    return false;
}

/* Codes alone prove nothing: nodes use the same ones for different things.  The words are those of geth, Erigon, Nethermind,
 * Besu, Reth, Anvil, and of the gateways in front of them; the message is in lower case. */
static enum rpc_fault fault_of(int64_t code, struct slice message)
{
    static const char *const limited[] = { "rate limit", "too many requests", "limit exceeded", "exceeded its", "capacity", "quota", "throttl" };
    static const char *const block[] = { "header not found", "block not found", "unknown block", "resource not found", "header for hash", "blocknotfound", "missing trie node",
                                         "not available", "pruned", "historical state", "state is not", "could not find block", "no state", "not canonical" };
    static const char *const gas[] = { "out of gas", "outofgas", "gas limit", "intrinsic gas", "gas too", "exceeds block gas", "memory limit", "execution timeout", "execution aborted", "gas required exceeds" };
    if (code == -32601)
        return RPC_ERROR;           /* "the method does not exist/is not available" */
    if (code == -32005 || code == 429 || says_any(message, limited, LENGTH_OF(limited)))
        return says_any(message, gas, LENGTH_OF(gas)) ? RPC_GAS : RPC_LIMITED;
    if (says_any(message, gas, LENGTH_OF(gas)))
        return RPC_GAS;
    return says_any(message, block, LENGTH_OF(block)) ? RPC_NO_BLOCK : RPC_ERROR;
}

/* What follows are the contract's own words: it must not speak for the node. */
static bool is_reverted(struct slice message)
{
    static const char *const starts[] = { "execution reverted", "revert", "vm exception while processing transaction: revert" };
    for (size_t i = 0; i < LENGTH_OF(starts); i++) {
        size_t length = strlen(starts[i]);
        if (message.length >= length && memcmp(message.data, starts[i], length) == 0)
            return true;
    }
    return false;
}

/* A contract stopped without data: an instruction that there is not, a jump to nowhere, or a bare revert. */
static bool stopped_bare(struct slice message)
{
    static const char *const words[] = { "revert", "invalid opcode", "invalidfeopcode", "opcodenotfound", "opcode not found", "invalid jump", "invalidjump", "bad jump", "bad instruction",
                                         "stack underflow", "stackunderflow", "stack overflow", "stackoverflow", "vm execution error", "invalid instruction" };
    return says_any(message, words, LENGTH_OF(words));
}

static struct slice lowered(struct slice text, char *room, size_t size)
{
    size_t length = text.length < size ? text.length : size;
    for (size_t i = 0; i < length; i++)
        room[i] = (char)ascii_lower((uint8_t)text.data[i]);
    return slice_of(room, length);
}

static int64_t code_of(struct json_view value)
{
    struct slice raw = json_raw(value);
    uint64_t number = 0;
    bool negative = raw.length > 0 && raw.data[0] == '-';
    if (negative)
        raw = slice_of(raw.data + 1, raw.length - 1);
    if (json_kind(value) != JSON_NUMBER || text_read_u64(raw, INT64_MAX, &number) != OK)
        return 0;
    return negative ? -(int64_t)number : (int64_t)number;
}

static struct slice inside_quotes(struct json_view value)
{
    struct slice raw = json_raw(value);
    return json_kind(value) == JSON_STRING && raw.length >= 2 ? slice_of(raw.data + 1, raw.length - 2) : slice_of("", 0);
}

void rpc_reply_read(struct json_view response, struct rpc_reply *out)
{
    static const char *const names[] = { "result", "error" };
    struct json_view field[2];
    char room[256];
    json_members(response, names, field, 2);
    *out = (struct rpc_reply){ .kind = RPC_FAILED, .fault = RPC_BAD };
    if (json_kind(response) != JSON_OBJECT)
        return;
    if (json_kind(field[1]) == JSON_NONE || json_kind(field[1]) == JSON_NULL) {
        if (json_kind(field[0]) == JSON_NONE)
            return;
        *out = (struct rpc_reply){ .kind = RPC_RESULT, .result = field[0], .told = true };
        return;
    }
    out->told = true;
    out->code = code_of(json_member(field[1], "code"));
    out->message = inside_quotes(json_member(field[1], "message"));
    struct slice low = lowered(out->message, room, sizeof room);
    if (json_kind(field[1]) == JSON_STRING)
        out->message = low = inside_quotes(field[1]);
    bool data = rpc_error_data(field[1], field[0], &out->revert);
    out->fault = is_reverted(low) ? RPC_ERROR : fault_of(out->code, low);
    /* Running out of gas has no data; some nodes put "0x" there all the same. */
    if ((data && (out->revert.length > 0 || out->fault == RPC_ERROR)) || (out->fault == RPC_ERROR && stopped_bare(low))) {
        out->kind = RPC_REVERT;
        out->fault = RPC_FINE;
    }
}
