/* SPDX-License-Identifier: Apache-2.0 */
/* Reading by a plan that the input brings along: whatever is handed out lies in the input, and all of it together is at most twice its size; then what
 * was read writes and reads back the same.  The first octet says how many there are of the plan. */
#include "ethereum/abi.h"

#include <stdlib.h>

static size_t handed_out;

static void see(struct slice data, struct slice octets)
{
    handed_out += octets.length;
    if (octets.length && (octets.data < data.data || octets.data + octets.length > data.data + data.length))
        abort();
}

static void round_trip(struct slice octets)
{
    struct text text;
    text_growing(&text);
    struct abi_writer writer = abi_writer_of(&text, 2);
    abi_write_bytes(&writer, octets);
    struct abi_writer list = abi_write_array(&writer, 1, 1), tuple = abi_write_tuple(&list, 2);
    abi_write_u64(&tuple, octets.length);
    abi_write_bytes(&tuple, octets);
    if (text.full || text.length % ABI_WORD_BYTES != 0)
        abort();
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, slice_of(text.data, text.length));
    struct slice first = abi_read_bytes(&reader);
    size_t count;
    struct abi_reader items = abi_read_array(&reader, 1, &count), item = abi_read_tuple(&items);
    uint64_t length = abi_read_u64(&item);
    struct slice second = abi_read_bytes(&item);
    if (!abi_ok(&input) || count != 1 || length != octets.length || first.length != octets.length || second.length != octets.length
        || (octets.length && (memcmp(first.data, octets.data, octets.length) != 0 || memcmp(second.data, octets.data, octets.length) != 0)))
        abort();
    text_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || data[0] >= size)
        return 0;
    size_t steps = data[0];
    const uint8_t *plan = data + 1;
    struct slice rest = slice_of((const char *)data + 1 + steps, size - 1 - steps);
    struct abi_input input;
    struct abi_reader stack[ABI_DEPTH_MAX + 2] = { abi_reader_of(&input, rest) };
    size_t top = 0;
    struct slice last = slice_of(NULL, 0);
    handed_out = 0;
    for (size_t i = 0; i < steps; i++) {
        struct abi_reader *at = &stack[top];
        size_t count = 0;
        switch (plan[i] % 10) {
        case 0: (void)abi_read_word(at); break;
        case 1: (void)abi_read_address(at); break;
        case 2: (void)abi_read_bool(at); break;
        case 3: (void)abi_read_bytes4(at); break;
        case 4: (void)abi_read_u64(at); break;
        case 5:
        case 6:
            last = abi_read_bytes(at);
            see(rest, last);
            break;
        case 7:
            if (top <= ABI_DEPTH_MAX) {
                stack[top + 1] = abi_read_tuple(at);
                top++;
            }
            break;
        case 8:
            if (top <= ABI_DEPTH_MAX) {
                stack[top + 1] = abi_read_array(at, 1 + plan[i] / 10 % 3, &count);
                top++;
            }
            if (count > rest.length / ABI_WORD_BYTES)
                abort();
            break;
        default: top -= top > 0; break;
        }
    }
    if (handed_out > 2 * rest.length)
        abort();
    if (abi_ok(&input))
        round_trip(last);
    return 0;
}
