/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet chooses a type; the rest is what a record of UNS holds: DNS records as JSON, a time to live, content, a key.
 * Property: records that are told are of their type, and the same records are read from what they print as; other values keep to their forms. */
#include <assert.h>
#include <string.h>

#include "names/contenthash.h"
#include "names/uns_records.h"
#include "wire/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_CNAME, TYPE_MX, TYPE_NS, TYPE_SOA, TYPE_HTTPS, TYPE_DNAME, TYPE_SRV, 257, TYPE_DS, 35, 52, 65534 };
enum { TTL = 77 };

/* Each record, checked; and as JSON. */
static void walk(struct slice value, uint16_t type, struct text *json)
{
    struct rdata_style style = { 0 };
    struct cursor cursor = cursor_of((const uint8_t *)value.data, value.length);
    text_add(json, "[");
    while (cursor_left(&cursor) > 0) {
        uint32_t ttl = cursor_u32(&cursor);
        uint16_t bytes = cursor_u16(&cursor);
        const uint8_t *rdata = cursor_take(&cursor, bytes);
        struct text line;
        assert(rdata && ttl == TTL && rdata_check(type, CLASS_IN, rdata, bytes) == OK);
        text_growing(&line);
        rdata_print(&line, type, CLASS_IN, rdata, bytes, &style);
        assert(!line.full);
        text_add(json, json->length > 1 ? "," : "");
        text_add_json(json, line.data);
        text_clear(&line);
    }
    text_add(json, "]");
}

static void check_records(struct slice input, uint16_t type)
{
    struct arena *arena = arena_new(0);
    struct slice first, again;
    const char *wrong = NULL;
    struct text json;
    enum status status = uns_records_read(input, type, TTL, arena, &first, &wrong);
    assert(status == OK || (status == E_BAD_FORMAT && wrong));
    if (status == OK && first.length > 0) {
        text_growing(&json);
        walk(first, type, &json);
        if (json.length <= UNS_JSON_MAX_BYTES) {
            assert(uns_records_read(slice_of(json.data, json.length), type, TTL, arena, &again, &wrong) == OK);
            assert(again.length == first.length && memcmp(again.data, first.data, first.length) == 0);
        }
        text_clear(&json);
    }
    arena_free(arena);
}

static void check_content(struct slice input)
{
    struct arena *arena = arena_new(0);
    struct content_hash content;
    struct slice out;
    enum status status = uns_content_read(input, arena, &out);
    assert(status == OK || status == E_BAD_FORMAT);
    if (status == OK)
        assert(contenthash_read((const uint8_t *)out.data, out.length, &content) == OK && (content.protocol == CONTENT_IPFS || content.protocol == CONTENT_IPNS));
    arena_free(arena);
}

static void check_key(struct slice input)
{
    char once[UNS_OTHER_KEY_ROOM], twice[UNS_OTHER_KEY_ROOM];
    if (uns_other_key(input, once)) {
        assert(strlen(once) == input.length && slice_is_nocase(input, once) && !slice_is(input, once));
        assert(!uns_other_key(slice_string(once), twice));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct slice input = slice_of((const char *)data + 1, size - 1);
    check_records(input, types[data[0] % LENGTH_OF(types)]);
    check_content(input);
    check_key(input);
    uint32_t ttl = uns_ttl(input, slice_of(NULL, 0));
    assert(ttl <= 0x7fffffff);
    return 0;
}
