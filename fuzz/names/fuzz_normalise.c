/* SPDX-License-Identifier: Apache-2.0 */
/* Property: what normalises fits into the room promised, normalises to itself, and does so in exactly as much room as it
 * takes; a refusal says why, at a place inside the input. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "names/namehash.h"
#include "names/normalise.h"

static void check_refusal(enum status st, const struct normalise_report *why, size_t size)
{
    char said[128];
    struct text text;
    assert(st == E_BAD_NAME || st == E_BAD_TEXT || st == E_LIMIT);
    assert(why->fault != NORMALISE_FINE && why->fault < NORMALISE_FAULT_COUNT && why->offset <= size);
    text_fixed(&text, said, sizeof said);
    normalise_report_print(why, &text);
    assert(!text.full);
}

/* Over the wire form of ENS and back; not where a label is so long that its hash stands for it. */
static void check_wire(struct slice name)
{
    size_t wire_bytes = 0, text_bytes = 0, run = 0;
    uint8_t *wire = malloc(name.length + 2), node[NAMEHASH_BYTES];
    char *back = malloc(name.length + 1);
    assert(namehash_name(name, false, node) == OK);
    assert(namehash_wire_write(name, wire, name.length + 2, &wire_bytes) == OK);
    for (size_t i = 0; i < name.length && run <= NAMEHASH_LABEL_MAX; i++)
        run = name.data[i] == '.' ? 0 : run + 1;
    if (run <= NAMEHASH_LABEL_MAX) {
        assert(namehash_wire_read(wire, wire_bytes, back, name.length, &text_bytes) == OK);
        assert(text_bytes == name.length && memcmp(back, name.data, text_bytes) == 0);
    }
    free(wire);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 14)
        return 0;
    size_t room = size * NORMALISE_GROWTH, length = 0, again = 0;
    char *out = malloc(room + 1), *tight;
    struct normalise_report why;
    enum status st = ens_normalise(slice_of((const char *)data, size), out, room, &length, &why);
    if (st != OK) {
        check_refusal(st, &why, size);
        free(out);
        return 0;
    }
    assert(length <= room && why.fault == NORMALISE_FINE);
    tight = malloc(length + 1);
    assert(ens_normalise(slice_of(out, length), tight, length, &again, NULL) == OK);
    assert(again == length && memcmp(out, tight, length) == 0);
    assert(ens_is_normal(slice_of(out, length)));
    if (length > 0)
        assert(ens_normalise(slice_of((const char *)data, size), tight, length - 1, &again, NULL) == E_NO_SPACE);
    check_wire(slice_of(out, length));
    free(tight);
    free(out);
    return 0;
}
