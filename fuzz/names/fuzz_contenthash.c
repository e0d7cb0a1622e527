/* SPDX-License-Identifier: Apache-2.0 */
/* Property: what is read as a content hash is written back as the same octets (a CID of version 0 as version 1); its text
 * is read back as octets that have the same text; a text that is read has one canonical form that stays. */
#include <assert.h>
#include <string.h>

#include "names/contenthash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text of stored octets; false when they have none. */
static bool print(const uint8_t *bytes, size_t count, char room[CONTENT_TEXT_MAX + 1])
{
    struct text out;
    text_fixed(&out, room, CONTENT_TEXT_MAX + 1);
    room[0] = 0;
    enum status status = contenthash_print(bytes, count, &out);
    assert(status != E_NO_SPACE);
    return status == OK;
}

static void check_stored(const uint8_t *data, size_t size)
{
    struct content_hash content, back;
    uint8_t again[CONTENT_BYTES_MAX];
    char first[CONTENT_TEXT_MAX + 1], second[CONTENT_TEXT_MAX + 1], link[CONTENT_TEXT_MAX + 1];
    struct text out;
    size_t length;
    if (contenthash_read(data, size, &content) != OK)
        return;
    length = contenthash_write(&content, again);
    assert(contenthash_read(again, length, &back) == OK);
    assert(back.protocol == content.protocol && back.deprecated == content.deprecated);
    bool version_0 = size >= 2 && data[0] == 0xe3 && size == 36;
    version_0 |= size >= 2 && data[0] == 0xe5 && size == 36;
    assert(version_0 || (length == size && (size == 0 || memcmp(again, data, size) == 0)));
    assert(print(data, size, first));
    text_fixed(&out, link, sizeof link);
    enum status status = contenthash_dnslink(data, size, &out);
    assert(status == OK || status == E_NOT_FOUND);
    text_fixed(&out, link, sizeof link);
    status = contenthash_label(data, size, &out);
    assert(status == OK || status == E_NOT_FOUND || status == E_LIMIT);
    assert(status != OK || out.length <= 63);
    if (content.deprecated)
        return;
    assert(contenthash_parse(slice_string(first), again, &length) == OK);
    assert(print(again, length, second));
    /* A key under another codec becomes one under its own. */
    assert((content.protocol == CONTENT_IPNS && content.cid.codec != CID_LIBP2P_KEY) || strcmp(first, second) == 0);
}

static void check_text(const uint8_t *data, size_t size)
{
    uint8_t bytes[CONTENT_BYTES_MAX], again[CONTENT_BYTES_MAX];
    char room[CONTENT_TEXT_MAX + 1];
    size_t length, again_length;
    struct content_hash content;
    if (contenthash_parse(slice_of((const char *)data, size), bytes, &length) != OK)
        return;
    assert(length <= CONTENT_BYTES_MAX && contenthash_read(bytes, length, &content) == OK);
    assert(print(bytes, length, room));
    bool hexadecimal = size > 1 && (data[1] == 'x' || data[1] == 'X');      /* takes what text does not say */
    if (hexadecimal)
        return;
    assert(contenthash_parse(slice_string(room), again, &again_length) == OK);
    assert(again_length == length && memcmp(again, bytes, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_stored(data, size);
    check_text(data, size);
    return 0;
}
