/* SPDX-License-Identifier: Apache-2.0 */
#include "names/cid.h"
#include "names/codec_base.h"

#include <string.h>

enum { LABEL_MAX_CHARACTERS = 63, V0_BYTES = 34, V0_CHARACTERS = 46, KEY_IDENTITY_LEAST = 36 };

size_t uvarint_read(const uint8_t *bytes, size_t count, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count && i < 9; i++) {
        value |= (uint64_t)(bytes[i] & 0x7f) << 7 * i;
        if (bytes[i] & 0x80)
            continue;
        if (bytes[i] == 0 && i > 0)
            return 0;                       /* a longer spelling than need be */
        *out = value;
        return i + 1;
    }
    return 0;
}

size_t uvarint_write(uint64_t value, uint8_t out[9])
{
    size_t count = 0;
    do {
        out[count] = (uint8_t)(value & 0x7f);
        value >>= 7;
        out[count++] |= value ? 0x80 : 0;
    } while (value && count < 9);
    return count;
}

/* A multihash: code, length, digest, and nothing behind it. */
static enum status multihash_read(const uint8_t *bytes, size_t count, struct cid *out)
{
    uint64_t hash, length;
    size_t first = uvarint_read(bytes, count, &hash);
    size_t second = first ? uvarint_read(bytes + first, count - first, &length) : 0;
    if (!second || length == 0 || length > CID_DIGEST_MAX || length != count - first - second)
        return E_BAD_FORMAT;
    out->hash = hash;
    out->length = (size_t)length;
    memcpy(out->digest, bytes + first + second, out->length);
    return OK;
}

enum status cid_read(const uint8_t *bytes, size_t count, struct cid *out)
{
    struct cid cid = { .codec = CID_DAG_PB };
    size_t skip = 0;
    if (count != V0_BYTES || bytes[0] != CID_SHA2_256 || bytes[1] != 32) {
        size_t codec = count > 0 && bytes[0] == 1 ? uvarint_read(bytes + 1, count - 1, &cid.codec) : 0;
        if (!codec)
            return E_BAD_FORMAT;
        skip = 1 + codec;
    }
    enum status status = multihash_read(bytes + skip, count - skip, &cid);
    if (status == OK)
        *out = cid;
    return status;
}

size_t cid_write(const struct cid *cid, uint8_t out[CID_BYTES_MAX])
{
    size_t at = 0;
    out[at++] = 1;
    at += uvarint_write(cid->codec, out + at);
    at += uvarint_write(cid->hash, out + at);
    at += uvarint_write(cid->length, out + at);
    memcpy(out + at, cid->digest, cid->length);
    return at + cid->length;
}

static enum status lower_copy(struct slice text, char *out, size_t room)
{
    if (text.length > room)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] >= 'a' && text.data[i] <= 'z')
            return E_BAD_TEXT;              /* an upper-case multibase takes no lower case */
        out[i] = (char)ascii_lower((uint8_t)text.data[i]);
    }
    return OK;
}

/* The octets behind a multibase letter. */
static enum status multibase_parse(struct slice text, uint8_t out[CID_BYTES_MAX], size_t *length)
{
    char lower[CID_TEXT_MAX];
    if (text.length < 2 || text.length > CID_TEXT_MAX)
        return E_BAD_TEXT;
    char letter = text.data[0];
    struct slice rest = slice_of(text.data + 1, text.length - 1);
    if (letter == 'B' || letter == 'K' || letter == 'F') {
        enum status status = lower_copy(rest, lower, sizeof lower);
        if (status != OK)
            return status;
        rest.data = lower;
        letter = (char)ascii_lower((uint8_t)letter);
    }
    switch (letter) {
    case 'b':
        return bits_parse(rest, BASE32_LOWER, 5, out, CID_BYTES_MAX, length);
    case 'f':
        return bits_parse(rest, BASE16_LOWER, 4, out, CID_BYTES_MAX, length);
    case 'u':
        return bits_parse(rest, BASE64_URL, 6, out, CID_BYTES_MAX, length);
    case 'k':
        return radix_parse(rest, BASE36_LOWER, out, CID_BYTES_MAX, length);
    case 'z':
        return radix_parse(rest, BASE58_BITCOIN, out, CID_BYTES_MAX, length);
    default:
        return E_BAD_TEXT;
    }
}

static bool is_version_0(struct slice text)
{
    return text.length == V0_CHARACTERS && text.data[0] == 'Q' && text.data[1] == 'm';
}

enum status cid_parse(struct slice text, struct cid *out)
{
    uint8_t bytes[CID_BYTES_MAX];
    size_t length;
    bool old = is_version_0(text);
    enum status status = old ? radix_parse(text, BASE58_BITCOIN, bytes, sizeof bytes, &length)
                             : multibase_parse(text, bytes, &length);
    /* A version 0 has no multibase form of its own. */
    if (status != OK || (!old && bytes[0] != 1) || cid_read(bytes, length, out) != OK)
        return E_BAD_TEXT;
    return OK;
}

enum status cid_parse_key(struct slice text, struct cid *out)
{
    struct cid cid = { 0 };
    uint8_t bytes[CID_BYTES_MAX];
    size_t length;
    if (text.length > 1 && (is_version_0(text) || text.data[0] == '1')) {
        enum status status = radix_parse(text, BASE58_BITCOIN, bytes, sizeof bytes, &length);
        if (status != OK || multihash_read(bytes, length, &cid) != OK)
            return E_BAD_TEXT;
    } else {
        enum status status = cid_parse(text, &cid);
        if (status != OK)
            return status;
    }
    if (cid.hash == CID_IDENTITY && cid.length < KEY_IDENTITY_LEAST)
        return E_BAD_TEXT;
    cid.codec = CID_LIBP2P_KEY;
    *out = cid;
    return OK;
}

void cid_print(const struct cid *cid, enum cid_base base, struct text *out)
{
    uint8_t bytes[CID_BYTES_MAX];
    size_t length = cid_write(cid, bytes);
    text_add_char(out, base == CID_BASE36 ? 'k' : 'b');
    if (base == CID_BASE36)
        radix_print(out, BASE36_LOWER, bytes, length);
    else
        bits_print(out, BASE32_LOWER, 5, bytes, length);
}

enum status cid_print_label(const struct cid *cid, struct text *out)
{
    char room[CID_TEXT_MAX + 1];
    for (enum cid_base base = CID_BASE32; base <= CID_BASE36; base++) {
        struct text label;
        text_fixed(&label, room, sizeof room);
        cid_print(cid, base, &label);
        if (label.full || label.length > LABEL_MAX_CHARACTERS)
            continue;
        text_add_bytes(out, label.data, label.length);
        return out->full ? E_NO_SPACE : OK;
    }
    return E_LIMIT;
}
