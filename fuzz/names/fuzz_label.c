/* SPDX-License-Identifier: Apache-2.0 */
/* Property: a label of the DNS that leads to an ENS label fits into the room promised, leads there from its plainest
 * spelling too, and never has the bracket form. */
#include <assert.h>
#include <string.h>

#include "names/label.h"
#include "names/punycode.h"

static void check_punycode(struct slice text)
{
    uint32_t points[LABEL_MAX], again[LABEL_MAX];
    char code[512];
    size_t count = 0, recount = 0, length = 0;
    if (punycode_decode(text, points, LABEL_MAX, &count) != OK)
        return;
    assert(count <= LABEL_MAX && count <= text.length);
    assert(punycode_encode(points, count, code, sizeof code, &length) == OK);
    assert(punycode_decode(slice_of(code, length), again, LABEL_MAX, &recount) == OK);
    assert(recount == count && memcmp(points, again, count * sizeof points[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[LABEL_UTF8_ROOM], back[LABEL_UTF8_ROOM];
    uint8_t label[LABEL_MAX], hash[LABEL_HASH_BYTES];
    size_t length = 0, bytes = 0, again = 0;
    struct slice in = slice_of((const char *)data, size);
    if (size > LABEL_MAX)
        return 0;
    check_punycode(in);
    struct normalise_report why;
    enum status st = label_from_dns(in, out, sizeof out, &length, &why);
    assert(st != E_NO_SPACE && (st == OK) == (why.fault == NORMALISE_FINE));
    if (st != OK)
        return 0;
    assert(ens_is_normal(slice_of(out, length)) && !label_is_unknown(slice_of(out, length), hash));
    st = label_to_dns(slice_of(out, length), label, &bytes);
    assert(st == OK || st == E_BAD_NAME);               /* it may be longer than the DNS allows */
    if (st != OK)
        return 0;
    assert(label_from_dns(slice_of((const char *)label, bytes), back, sizeof back, &again, NULL) == OK);
    assert(again == length && memcmp(out, back, length) == 0);
    return 0;
}
