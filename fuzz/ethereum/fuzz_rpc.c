/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider may answer.  The first octet says what the rest is: JSON (a response, or what gateways make of one), or the result of
 * aggregate3.  Property: what is handed out lies in the input; revert data are hex digits; an element is what a naive reader finds. */
#include "ethereum/state_batch.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static bool within(struct slice part, const uint8_t *data, size_t size)
{
    const char *from = (const char *)data;
    return part.length == 0 || (part.data >= from && part.data + part.length <= from + size);
}

static void try_response(struct json_view view, const uint8_t *data, size_t size)
{
    struct rpc_reply reply;
    uint8_t octets[4096];
    rpc_reply_read(view, &reply);
    expect(within(reply.message, data, size) && within(reply.revert, data, size) && within(json_raw(reply.result), data, size));
    expect((reply.kind == RPC_FAILED) == (reply.fault != RPC_FINE));
    if (reply.kind == RPC_REVERT)
        expect(reply.revert.length % 2 == 0 && (reply.revert.length / 2 > sizeof octets || json_digits_decode(reply.revert, octets) == OK));
    if (reply.kind == RPC_RESULT)
        expect(json_kind(reply.result) != JSON_NONE && !json_kind(json_member(json_member(view, "error"), "code")));
}

static void try_json(const uint8_t *data, size_t size)
{
    struct json_view view;
    struct chain_header header;
    if (json_read((const char *)data, size, 1 << 20, &view) != OK)
        return;
    try_response(view, data, size);
    for (struct json_walk walk = json_walk(view); json_step(&walk); )
        try_response(walk.value, data, size);
    (void)(header_check(json_member(view, "result"), &header) == OK);
}

static uint64_t word_at(const uint8_t *data, size_t at)
{
    uint64_t number = 0;
    for (size_t i = 24; i < 32; i++)
        number = number << 8 | data[at + i];
    return number;
}

static void try_multicall(const uint8_t *data, size_t size)
{
    size_t count = size > 0 ? data[0] % 8 : 0;
    struct multicall_reader reader;
    data += size > 0;
    size -= size > 0;
    if (multicall_read(data, size, count, &reader) != OK)
        return;
    expect(word_at(data, 0) == 32 && word_at(data, 32) == count);
    for (size_t i = 0; i < count; i++) {
        bool success;
        struct slice value;
        if (multicall_next(&reader, &success, &value) != OK)
            return;
        size_t tuple = 64 + (size_t)word_at(data, 64 + 32 * i), bytes = tuple + (size_t)word_at(data, tuple + 32);
        expect(within(value, data, size) && (word_at(data, tuple) == 1) == success && word_at(data, bytes) == value.length);
        expect(value.length == 0 || (const uint8_t *)value.data == data + bytes + 32);
    }
    bool success;
    struct slice value;
    expect(multicall_next(&reader, &success, &value) != OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'M')
        try_multicall(data + 1, size - 1);
    else
        try_json(data + 1, size - 1);
    return 0;
}
