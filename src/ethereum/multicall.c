/* SPDX-License-Identifier: Apache-2.0 */
/* aggregate3((address,bool,bytes)[]) of Multicall3, which makes many calls in one and lets each fail by itself. */
#include "ethereum/state_batch.h"

#include <string.h>

static const uint8_t aggregate3[4] = { 0x82, 0xad, 0x56, 0xcb };

struct slice state_calldata(const struct state_read *read, uint8_t room[36])
{
    static const uint8_t selectors[][4] = {
        [REGISTRY_OWNER] = { 0x02, 0x57, 0x1b, 0xe3 }, [REGISTRY_RESOLVER] = { 0x01, 0x78, 0xb8, 0xbf }, [REGISTRY_TTL] = { 0x16, 0xa2, 0x5c, 0xbd },
    };
    if (read->kind != STATE_REGISTRY)
        return read->calldata;
    memcpy(room, selectors[read->field], 4);
    memcpy(room + 4, read->word.octets, 32);
    return slice_of((const char *)room, 36);
}

static void add_number(struct text *out, uint64_t number)
{
    uint8_t word[32] = { 0 };
    for (unsigned i = 0; i < 8; i++)
        word[31 - i] = (uint8_t)(number >> (8 * i));
    text_add_hex(out, word, sizeof word, false);
}

static void add_bytes(struct text *out, struct slice octets)
{
    static const uint8_t zeros[32];
    add_number(out, octets.length);
    text_add_hex(out, (const uint8_t *)octets.data, octets.length, false);
    text_add_hex(out, zeros, (32 - octets.length % 32) % 32, false);
}

void multicall_write(struct text *out, const struct state_batch *batch, const uint16_t *reads, size_t count)
{
    static const uint8_t zeros[12];
    uint8_t room[36];
    text_add_hex(out, aggregate3, sizeof aggregate3, false);
    add_number(out, 32);
    add_number(out, count);
    uint64_t offset = 32 * count;
    for (size_t i = 0; i < count; i++) {
        struct slice calldata = state_calldata(&batch->reads[reads[i]], room);
        add_number(out, offset);
        offset += 128 + (calldata.length + 31) / 32 * 32;
    }
    for (size_t i = 0; i < count; i++) {
        const struct state_read *read = &batch->reads[reads[i]];
        text_add_hex(out, zeros, sizeof zeros, false);
        text_add_hex(out, read->to.octets, sizeof read->to.octets, false);
        add_number(out, 1);                     /* may fail */
        add_number(out, 96);
        add_bytes(out, state_calldata(read, room));
    }
}

/* A number at an offset; nothing that matters here is larger than the data itself. */
static bool number_at(const struct multicall_reader *reader, size_t at, size_t *out)
{
    static const uint8_t zeros[24];
    if (at > reader->bytes || reader->bytes - at < 32 || memcmp(reader->data + at, zeros, sizeof zeros) != 0)
        return false;
    uint64_t number = 0;
    for (unsigned i = 24; i < 32; i++)
        number = number << 8 | reader->data[at + i];
    *out = (size_t)number;
    return number <= reader->bytes;
}

enum status multicall_read(const uint8_t *data, size_t bytes, size_t count, struct multicall_reader *out)
{
    struct multicall_reader reader = { data, bytes, count, 0 };
    size_t offset, told;
    if (!number_at(&reader, 0, &offset) || offset != 32 || !number_at(&reader, 32, &told) || told != count)
        return E_BAD_FORMAT;
    *out = reader;
    return OK;
}

enum status multicall_next(struct multicall_reader *reader, bool *success, struct slice *octets)
{
    const size_t elements = 64;                 /* offsets count from here */
    size_t offset, yes, inner, length;
    if (reader->next >= reader->count || !number_at(reader, elements + 32 * reader->next, &offset) || !number_at(reader, elements + offset, &yes) || yes > 1
        || !number_at(reader, elements + offset + 32, &inner) || !number_at(reader, elements + offset + inner, &length))
        return E_BAD_FORMAT;
    size_t at = elements + offset + inner + 32;
    if (length > reader->bytes - at)
        return E_BAD_FORMAT;
    reader->next++;
    *success = yes == 1;
    *octets = slice_of((const char *)reader->data + at, length);
    return OK;
}
