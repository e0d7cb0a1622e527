/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in bech32 and bech32m that are no scripts. */
#include "names/coin_inside.h"
#include "names/codec_base.h"
#include "names/codec_bech32.h"

#include <string.h>

static enum status read_kind(const char *prefix, enum bech32_kind kind, struct slice text, struct coin_bytes *out)
{
    struct bech32_data data;
    enum status status = bech32_parse(text, prefix, false, &data);
    if (status != OK || data.kind != kind)
        return E_BAD_TEXT;
    memcpy(out->data, data.bytes, data.length);
    out->length = data.length;
    return OK;
}

enum status plain_bech32_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    bech32_print(out, BECH32, row->prefix, -1, bytes, count);
    return OK;
}

enum status plain_bech32_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    return read_kind(row->prefix, BECH32, text, out);
}

enum status plain_bech32m_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    bech32_print(out, BECH32M, row->prefix, -1, bytes, count);
    return OK;
}

enum status plain_bech32m_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    return read_kind(row->prefix, BECH32M, text, out);
}

enum status avalanche_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    return plain_bech32_print(row, bytes, count, out);
}

/* With or without the chain: X-, P-, C-. */
enum status avalanche_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    if (!take_prefix(&text, "X-") && !take_prefix(&text, "P-"))
        take_prefix(&text, "C-");
    return plain_bech32_parse(row, text, out);
}

/* Kind 0, which is not stored, and 32 octets of key hash. */
enum status iota_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[1 + COIN_BYTES_MAX] = { 0 };
    memcpy(all + 1, bytes, count);
    bech32_print(out, BECH32, row->prefix, -1, all, count + 1);
    return OK;
}

enum status iota_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = plain_bech32_parse(row, text, out);
    if (status != OK || out->length < 2 || out->data[0] != 0)
        return E_BAD_TEXT;
    memmove(out->data, out->data + 1, --out->length);
    return OK;
}

/* Version 0, which is not stored. */
enum status handshake_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    bech32_print(out, BECH32, row->prefix, 0, bytes, count);
    return OK;
}

enum status handshake_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    struct bech32_data data;
    enum status status = bech32_parse(text, row->prefix, true, &data);
    if (status != OK || data.kind != BECH32 || data.version != 0)
        return E_BAD_TEXT;
    memcpy(out->data, data.bytes, data.length);
    out->length = data.length;
    return OK;
}

/* Full addresses (first octet 0) are bech32m, the short ones before them bech32 (Nervos RFC 21). */
static enum bech32_kind nervos_kind(const uint8_t *bytes) { return bytes[0] == 0 ? BECH32M : BECH32; }

enum status nervos_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    bech32_print(out, nervos_kind(bytes), row->prefix, -1, bytes, count);
    return OK;
}

enum status nervos_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = read_kind(row->prefix, BECH32M, text, out);
    if (status == OK)
        return out->data[0] == 0 ? OK : E_BAD_TEXT;
    status = read_kind(row->prefix, BECH32, text, out);
    return status == OK && out->data[0] != 0 ? OK : E_BAD_TEXT;
}

/* ---- Cardano: Shelley in bech32; Byron in base58 of CBOR [24(octets), crc32] (CIP-19) ---- */

enum { BYRON_KIND = 8, BYRON_MOST = 120, SHELLEY_MOST = 64 };

static uint32_t crc32(const uint8_t *data, size_t bytes)
{
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        sum ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

static size_t byron_frame(const uint8_t *bytes, size_t count, uint8_t *out)
{
    uint32_t sum = crc32(bytes, count);
    size_t at = 0;
    out[at++] = 0x82;                       /* array of two */
    out[at++] = 0xd8;                       /* tag 24: encoded CBOR */
    out[at++] = 24;
    if (count >= 24)
        out[at++] = 0x58;
    out[at++] = (uint8_t)(count >= 24 ? count : 0x40 | count);
    memcpy(out + at, bytes, count);
    at += count;
    unsigned width = sum < 24 ? 0 : sum < 0x100 ? 1 : sum < 0x10000 ? 2 : 4;
    out[at++] = (uint8_t)(width == 0 ? sum : width == 1 ? 0x18 : width == 2 ? 0x19 : 0x1a);
    while (width-- > 0)
        out[at++] = (uint8_t)(sum >> 8 * width);
    return at;
}

/* Shelley: kinds 0..7 are payments, 14 and 15 stakes; the main network is 1.  NULL for anything else. */
static const char *shelley_prefix(const struct coin_row *row, const uint8_t *bytes, size_t count)
{
    uint8_t head = count ? bytes[0] : 0;
    if ((head & 15) != 1 || count > SHELLEY_MOST)
        return NULL;
    return head >> 4 < BYRON_KIND ? row->prefix : head >> 4 >= 14 ? "stake" : NULL;
}

enum status cardano_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t frame[BYRON_MOST + 12];
    if (bytes[0] >> 4 != BYRON_KIND) {
        const char *prefix = shelley_prefix(row, bytes, count);
        if (!prefix)
            return E_BAD_FORMAT;
        bech32_print(out, BECH32, prefix, -1, bytes, count);
        return OK;
    }
    if (count > BYRON_MOST)
        return E_BAD_FORMAT;
    radix_print(out, BASE58_BITCOIN, frame, byron_frame(bytes, count, frame));
    return OK;
}

static enum status byron_parse(struct slice text, struct coin_bytes *out)
{
    uint8_t bytes[COIN_BYTES_MAX], frame[BYRON_MOST + 12];
    size_t length;
    enum status status = radix_parse(text, BASE58_BITCOIN, bytes, sizeof bytes, &length);
    if (status != OK || length < 10 || memcmp(bytes, "\x82\xd8\x18", 3) != 0)
        return E_BAD_TEXT;
    bool wide = bytes[3] == 0x58;
    size_t count = wide ? bytes[4] : bytes[3] & 0x1f, at = wide ? 5 : 4;
    if ((!wide && (bytes[3] >> 5 != 2 || count >= 24)) || count == 0 || count > BYRON_MOST || at + count >= length ||
        bytes[at] >> 4 != BYRON_KIND)
        return E_BAD_TEXT;
    /* The checksum, and that everything is in its shortest form. */
    if (byron_frame(bytes + at, count, frame) != length || memcmp(frame, bytes, length) != 0)
        return E_INVALID;
    memcpy(out->data, bytes + at, count);
    out->length = count;
    return OK;
}

enum status cardano_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    static const char *const prefixes[] = { NULL, "stake" };
    for (size_t i = 0; i < LENGTH_OF(prefixes); i++) {
        const char *prefix = prefixes[i] ? prefixes[i] : row->prefix, *fits;
        if (read_kind(prefix, BECH32, text, out) != OK)
            continue;
        fits = shelley_prefix(row, out->data, out->length);
        return fits && strcmp(fits, prefix) == 0 ? OK : E_BAD_TEXT;
    }
    return byron_parse(text, out);
}
