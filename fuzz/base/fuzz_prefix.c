/* SPDX-License-Identifier: Apache-2.0 */
/* A prefix table finds what a walk through the list of its prefixes finds. */
#include "base/base.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD = 18, MOST = 64 };

/* One record: family, bits, 16 octets. */
static struct prefix read_prefix(const uint8_t *record)
{
    struct prefix prefix = { .address.family = record[0] & 1 ? 6 : 4 };
    unsigned width = prefix.address.family == 4 ? 32 : 128;
    prefix.bits = (uint8_t)(record[1] % (width + 1));
    memcpy(prefix.address.bytes, record + 2, width / 8);
    prefix.address = address_mask(prefix.address, prefix.bits);
    return prefix;
}

static void check_find(const struct prefix_table *table, const struct prefix *list, uint32_t count,
                       const struct address *probe)
{
    int best = -1;
    uint32_t value = 0, want = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (prefix_contains(&list[i], probe) && list[i].bits >= best) { /* the later of two equal ones */
            best = list[i].bits;
            want = i;
        }
    }
    bool found = prefix_table_find(table, probe, &value);
    require(found == (best >= 0));
    require(!found || value == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct prefix list[MOST];
    struct prefix_table *table = prefix_table_new();
    uint32_t count = 0;
    for (; size >= RECORD && count < MOST; data += RECORD, size -= RECORD) {
        list[count] = read_prefix(data);
        require(prefix_table_set(table, &list[count], count) == OK);
        require(prefix_table_add(table, &list[count], 9999) == E_EXISTS);
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct address probe = list[i].address;
        check_find(table, list, count, &probe);
        probe.bytes[i % (probe.family == 4 ? 4 : 16)] ^= (uint8_t)(1 << i % 8);
        check_find(table, list, count, &probe);
    }
    prefix_table_free(table);
    return 0;
}
