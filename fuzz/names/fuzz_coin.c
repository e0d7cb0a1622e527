/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet chooses a coin (behind the last: a type without a row, an EVM chain without a name); the rest is stored
 * octets and text.  Property: what is printed reads back as the same octets; what is read prints, and as itself from then on. */
#include <assert.h>
#include <string.h>

#include "names/coin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status print(uint64_t type, const uint8_t *bytes, size_t count, char room[COIN_TEXT_MAX + 1])
{
    struct text out;
    text_fixed(&out, room, COIN_TEXT_MAX + 1);
    return coin_print(type, bytes, count, &out);
}

static void check_reads_back(uint64_t type, const char *text, const uint8_t *bytes, size_t count)
{
    uint8_t again[COIN_BYTES_MAX];
    size_t length = 0;
    assert(coin_parse(type, slice_string(text), again, &length) == OK);
    assert(length == count && memcmp(again, bytes, count) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char room[COIN_TEXT_MAX + 1];
    uint8_t bytes[COIN_BYTES_MAX];
    size_t length;
    uint64_t type;
    if (size < 2)
        return 0;
    const struct coin *coin = coin_at(data[0]);
    type = coin ? coin->type : data[0] & 1 ? 99 : COIN_EVM_DEFAULT + 31337;
    data++;
    size--;
    enum status status = size < COIN_BYTES_MAX ? print(type, data, size, room) : E_BAD_FORMAT;
    assert(status == OK || status == E_BAD_FORMAT);
    if (status == OK)
        check_reads_back(type, room, data, size);
    status = coin_parse(type, slice_of((const char *)data, size), bytes, &length);
    assert(status == OK || status == E_BAD_TEXT || status == E_INVALID);
    if (status != OK)
        return 0;
    assert(length > 0 && length < COIN_BYTES_MAX);
    assert(print(type, bytes, length, room) == OK);
    check_reads_back(type, room, bytes, length);
    return 0;
}
