/* SPDX-License-Identifier: Apache-2.0 */
#include "ethereum/rlp.h"

#include <string.h>

/* First octets: below STRING the octet is itself; then strings and lists, short ones with their length in the octet. */
enum { STRING = 0x80, LIST = 0xc0, SHORT_MOST = 55, PREFIX_MOST = 9 };

/* The length that follows in `octets` octets: no leading zero, and not one that would have fit the first octet. */
static enum status read_length(const uint8_t *data, size_t octets, size_t *out)
{
    uint64_t length = 0;
    if (data[0] == 0)
        return E_BAD_FORMAT;
    for (size_t i = 0; i < octets; i++)
        length = length << 8 | data[i];
    if (length <= SHORT_MOST)
        return E_BAD_FORMAT;
    if (length > SIZE_MAX / 2)
        return E_TRUNCATED;
    *out = (size_t)length;
    return OK;
}

enum status rlp_read(struct rlp_reader *reader, struct rlp_item *out)
{
    if (reader->left == 0)
        return E_TRUNCATED;
    const uint8_t first = reader->at[0];
    size_t prefix = 1, bytes;
    if (first < STRING) {
        prefix = 0;
        bytes = 1;
    } else {
        bytes = first & 0x3f;
        if (bytes > SHORT_MOST) {
            size_t octets = bytes - SHORT_MOST;
            if (octets > reader->left - 1)
                return E_TRUNCATED;
            enum status status = read_length(reader->at + 1, octets, &bytes);
            if (status != OK)
                return status;
            prefix += octets;
        }
    }
    if (bytes > reader->left - prefix)
        return E_TRUNCATED;
    const uint8_t *data = reader->at + prefix;
    if (first == STRING + 1 && data[0] < STRING)
        return E_BAD_FORMAT;                        /* such an octet is itself */
    *out = (struct rlp_item){ .list = first >= LIST, .data = data, .bytes = bytes, .whole = reader->at, .whole_bytes = prefix + bytes };
    reader->at += prefix + bytes;
    reader->left -= prefix + bytes;
    return OK;
}

/* The next item, if it is of that kind. */
static enum status read_kind(struct rlp_reader *reader, bool list, struct rlp_item *out)
{
    struct rlp_reader next = *reader;
    struct rlp_item item;
    enum status status = rlp_read(&next, &item);
    if (status != OK)
        return status;
    if (item.list != list)
        return E_BAD_FORMAT;
    *out = item;
    *reader = next;
    return OK;
}

enum status rlp_read_list(struct rlp_reader *reader, struct rlp_reader *out)
{
    struct rlp_item item;
    enum status status = read_kind(reader, true, &item);
    if (status == OK)
        *out = rlp_reader_list(&item);
    return status;
}

enum status rlp_read_string(struct rlp_reader *reader, const uint8_t **out, size_t *bytes)
{
    struct rlp_item item;
    enum status status = read_kind(reader, false, &item);
    if (status == OK) {
        *out = item.data;
        *bytes = item.bytes;
    }
    return status;
}

enum status rlp_read_fixed(struct rlp_reader *reader, uint8_t *out, size_t bytes)
{
    struct rlp_reader next = *reader;
    struct rlp_item item;
    enum status status = read_kind(&next, false, &item);
    if (status != OK)
        return status;
    if (item.bytes != bytes)
        return E_BAD_FORMAT;
    memcpy(out, item.data, bytes);
    *reader = next;
    return OK;
}

enum status rlp_read_u256(struct rlp_reader *reader, struct u256 *out)
{
    struct rlp_reader next = *reader;
    struct rlp_item item;
    enum status status = read_kind(&next, false, &item);
    if (status != OK)
        return status;
    if (item.bytes > 0 && item.data[0] == 0)
        return E_BAD_FORMAT;
    if (item.bytes > U256_BYTES)
        return E_RANGE;
    *out = u256_read(item.data, item.bytes);
    *reader = next;
    return OK;
}

enum status rlp_read_u64(struct rlp_reader *reader, uint64_t *out)
{
    struct rlp_reader next = *reader;
    struct u256 number;
    enum status status = rlp_read_u256(&next, &number);
    if (status != OK)
        return status;
    if (!u256_fits_u64(number))
        return E_RANGE;
    *out = number.limb[0];
    *reader = next;
    return OK;
}

/* Depth first, with the readers of the open lists on a stack of fixed size. */
enum status rlp_check(const void *data, size_t bytes)
{
    struct rlp_reader open[RLP_DEPTH_MAX + 1] = { rlp_reader_of(data, bytes) };
    struct rlp_item item;
    size_t depth = 0;
    enum status status = rlp_read(&open[0], &item);
    if (status == OK && !rlp_reader_done(&open[0]))
        return E_BAD_FORMAT;
    while (status == OK) {
        if (item.list) {
            if (depth == RLP_DEPTH_MAX)
                return E_LIMIT;
            open[++depth] = rlp_reader_list(&item);
        }
        while (depth > 0 && rlp_reader_done(&open[depth]))
            depth--;
        if (depth == 0)
            return OK;
        status = rlp_read(&open[depth], &item);
    }
    return status;
}

static void put(struct rlp_writer *writer, const void *data, size_t bytes)
{
    if (bytes > 0 && !rlp_writer_full(writer) && bytes <= writer->room - writer->length)
        memcpy(writer->data + writer->length, data, bytes);
    writer->length += bytes;
}

/* The prefix of a payload.  Returns its octets, 1..PREFIX_MOST. */
static size_t make_prefix(uint8_t kind, size_t bytes, uint8_t out[PREFIX_MOST])
{
    size_t octets = 0;
    if (bytes <= SHORT_MOST) {
        out[0] = (uint8_t)(kind + bytes);
        return 1;
    }
    for (size_t rest = bytes; rest > 0; rest >>= 8)
        octets++;
    out[0] = (uint8_t)(kind + SHORT_MOST + octets);
    for (size_t i = 0; i < octets; i++)
        out[octets - i] = (uint8_t)((uint64_t)bytes >> (8 * i));
    return 1 + octets;
}

void rlp_write_string(struct rlp_writer *writer, const void *data, size_t bytes)
{
    uint8_t prefix[PREFIX_MOST];
    if (bytes != 1 || *(const uint8_t *)data >= STRING)
        put(writer, prefix, make_prefix(STRING, bytes, prefix));
    put(writer, data, bytes);
}

void rlp_write_u256(struct rlp_writer *writer, struct u256 number)
{
    uint8_t octets[U256_BYTES];
    size_t bytes = u256_bytes(number);
    u256_write(number, octets);
    rlp_write_string(writer, octets + U256_BYTES - bytes, bytes);
}

void rlp_write_u64(struct rlp_writer *writer, uint64_t number) { rlp_write_u256(writer, u256_from_u64(number)); }

void rlp_write_whole(struct rlp_writer *writer, const void *items, size_t bytes) { put(writer, items, bytes); }

size_t rlp_list_begin(struct rlp_writer *writer) { return writer->length; }

void rlp_list_end(struct rlp_writer *writer, size_t begin)
{
    uint8_t prefix[PREFIX_MOST];
    size_t bytes = writer->length - begin;
    size_t prefix_bytes = make_prefix(LIST, bytes, prefix);
    writer->length += prefix_bytes;
    if (rlp_writer_full(writer))
        return;
    memmove(writer->data + begin + prefix_bytes, writer->data + begin, bytes);
    memcpy(writer->data + begin, prefix, prefix_bytes);
}
