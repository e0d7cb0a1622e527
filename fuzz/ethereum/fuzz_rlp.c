/* SPDX-License-Identifier: Apache-2.0 */
/* RLP: what is canonical writes back to the same octets item by item; the readers agree with the whole check, never leave
 * the input, and a transaction that reads writes back as it was. */
#include "ethereum/rlp.h"
#include "ethereum/transaction.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 16 };
static uint8_t out[ROOM];

static void copy_items(struct rlp_reader items, struct rlp_writer *writer, const uint8_t *end)
{
    struct rlp_item item;
    while (!rlp_reader_done(&items)) {
        HOLDS(rlp_read(&items, &item) == OK);
        HOLDS(item.data >= item.whole && item.data + item.bytes == item.whole + item.whole_bytes && item.data + item.bytes <= end);
        if (!item.list) {
            rlp_write_string(writer, item.data, item.bytes);
            continue;
        }
        size_t begin = rlp_list_begin(writer);
        copy_items(rlp_reader_list(&item), writer, end);
        rlp_list_end(writer, begin);
    }
}

static void check_transaction(const uint8_t *data, size_t size)
{
    struct transaction transaction;
    struct ecdsa_signature signature;
    struct eth_address sender;
    size_t length = 0;
    if (transaction_read(data, size, &transaction, &signature) == OK) {
        HOLDS(transaction_write(&transaction, &signature, out, ROOM, &length) == OK && length == size && memcmp(out, data, size) == 0);
        enum status status = transaction_sender(&transaction, &signature, &sender);
        HOLDS(status == OK || status == E_BAD_FORMAT);
    }
    if (transaction_read_unsigned(data, size, &transaction) == OK)
        HOLDS(transaction_write(&transaction, NULL, out, ROOM, &length) == OK && length == size && memcmp(out, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rlp_reader reader = rlp_reader_of(data, size), list;
    struct u256 number;
    uint64_t small;
    if (size > ROOM / 2)
        return 0;
    if (rlp_check(data, size) == OK) {
        struct rlp_writer writer = rlp_writer_of(out, ROOM);
        copy_items(reader, &writer, data + size);
        HOLDS(writer.length == size && memcmp(out, data, size) == 0);
    }
    while (rlp_read_u256(&reader, &number) == OK) {
        struct rlp_writer writer = rlp_writer_of(out, ROOM);
        rlp_write_u256(&writer, number);
        HOLDS(writer.length <= 33 && memcmp(out, reader.at - writer.length, writer.length) == 0);
    }
    size_t left = reader.left;
    if (rlp_read_u64(&reader, &small) != OK && rlp_read_list(&reader, &list) != OK)
        HOLDS(reader.left == left);
    check_transaction(data, size);
    return 0;
}
