/* SPDX-License-Identifier: Apache-2.0 */
/* Properties: whatever calldata and revert data hold, their description ends, is bounded by their size and is made of whole lines; what
 * KEY=VALUE takes in makes octets of records that read back. */
#include <assert.h>
#include <string.h>

#include "names/ens_write.h"
#include "names/uns_write.h"

static void check_words(struct slice data)
{
    struct text out;
    text_growing(&out);
    write_describe(data, 0, &out);
    assert(!out.full && out.length > 0 && out.data[out.length - 1] == '\n');
    assert(out.length <= 1000 * data.length + 4096);
    text_clear(&out);
    text_growing(&out);
    write_error_print(data, &out);
    assert(!out.full && out.length > 0 && out.length < 4096);
    text_clear(&out);
}

static void check_blob(struct slice blob)
{
    struct cursor c = { (const uint8_t *)blob.data, (const uint8_t *)blob.data, (const uint8_t *)blob.data + blob.length, false };
    while (c.pos < c.end) {
        struct name_view owner;
        assert(name_read_plain(&c, &owner) == OK);
        uint16_t type = cursor_u16(&c), klass = cursor_u16(&c);
        (void)cursor_u32(&c);
        uint16_t size = cursor_u16(&c);
        const uint8_t *rdata = cursor_take(&c, size);
        assert(!c.failed && klass == 1 && rdata != NULL);
        assert(size == 0 || rdata_check(type, klass, rdata, size) == OK);
    }
}

/* Lines of KEY=VALUE. */
static void check_changes(struct slice text, bool ens)
{
    struct arena *arena = arena_new(0);
    struct write_changes changes;
    struct eth_word node = { { 1 } };
    struct name name;
    struct text why, out;
    char room[500];
    assert(name_parse(slice_string("alice.eth."), (struct name_view){ 0 }, &name) == OK);
    assert(write_changes_init(&changes, arena) == OK);
    for (size_t at = 0; at < text.length;) {
        const char *end = memchr(text.data + at, '\n', text.length - at);
        size_t length = end == NULL ? text.length - at : (size_t)(end - text.data) - at;
        text_fixed(&why, room, sizeof room);
        (void)!write_change_parse(&changes, slice_of(text.data + at, length), name_view_of(&name), 300, ens, &why);
        at += length + 1;
    }
    text_growing(&out);
    if (write_records_blob(&changes, &out) == OK && out.length > 0)
        check_blob(slice_of(out.data, out.length));
    text_clear(&out);
    text_growing(&out);
    text_fixed(&why, room, sizeof room);
    if (!ens && uns_write_records(&changes, &node, name_view_of(&name), &out, &why) == OK)
        check_words(slice_of(out.data, out.length));
    text_clear(&out);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of((const char *)data, size);
    if (size > 8192)
        return 0;
    check_words(in);
    check_changes(in, true);
    check_changes(in, false);
    return 0;
}
