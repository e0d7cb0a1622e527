/* SPDX-License-Identifier: Apache-2.0 */
/* What a contract returned for a value: never a crash; a set of records that is taken is one that the DNS can tell: each of its records checks, has its place,
 * and the whole is no longer than what was read.  The first two octets are the type, the third what kind of value it is. */
#include "names/ens_want.h"

#include "wire/rdata.h"

#include <stdlib.h>

static void check_records(const struct ens_want *want, size_t read)
{
    if (want->fact.value.length > read)
        abort();
    if (want->fact.value.length == 0)
        return;
    struct cursor cursor = cursor_of((const uint8_t *)want->fact.value.data, want->fact.value.length);
    while (cursor_left(&cursor) > 0) {
        uint32_t ttl = cursor_u32(&cursor);
        uint16_t size = cursor_u16(&cursor);
        const uint8_t *rdata = cursor_take(&cursor, size);
        if (!rdata || ttl > 0x7fffffff || rdata_check(want->type, CLASS_IN, rdata, size) != OK)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct name_view owner = { (const uint8_t *)"\5alice\3eth", 11, 2 };
    struct arena *arena = arena_new(0);
    struct slice rest = slice_of((const char *)data + 3, size - 3), set = { 0 };
    struct ens_want want = { .kind = (enum ens_want_kind)(data[2] % (ENS_WANT_HAS + 1)), .owner = owner, .type = get_u16(data), .coin = data[2] & 0x80 ? 60 : 0 };
    const char *wrong = NULL;
    enum status status = ens_records_read(rest, owner, want.type, arena, &set, &wrong);
    if (status == OK) {
        struct ens_want bare = { .type = want.type, .fact.value = set };
        check_records(&bare, rest.length);
    } else if (status != E_BAD_FORMAT || !wrong) {
        abort();
    }
    enum ens_read read = ens_want_read(&want, rest, arena);
    if (read == ENS_READ_FINE && want.fact.state == FACT_PRESENT && want.kind == ENS_WANT_RECORDS)
        check_records(&want, rest.length);
    if (read == ENS_READ_FINE && (want.fact.state == FACT_NOT_ASKED || want.fact.state == FACT_FAILED))
        abort();
    arena_free(arena);
    return 0;
}
