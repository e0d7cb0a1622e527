/* SPDX-License-Identifier: Apache-2.0 */
/* Bitcoin and its kin: what is stored is the script that pays (ENSIP-9), the text is base58check, bech32 or CashAddr. */
#include "crypto/crypto.h"
#include "names/coin_inside.h"
#include "names/codec_base.h"
#include "names/codec_bech32.h"

#include <string.h>

enum { HASH_BYTES = 20, CHECK_BYTES = 4, KEY_SCRIPT_BYTES = 25, HASH_SCRIPT_BYTES = 23 };
enum script { SCRIPT_KEY, SCRIPT_HASH, SCRIPT_OTHER };

bool take_prefix(struct slice *text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (text->length < length || memcmp(text->data, prefix, length) != 0)
        return false;
    *text = slice_of(text->data + length, text->length - length);
    return true;
}

enum status check58_write(const char *alphabet, const uint8_t *payload, size_t count, struct text *out)
{
    uint8_t bytes[COIN_BYTES_MAX + 32], sum[32];
    if (count > COIN_BYTES_MAX - CHECK_BYTES)
        return E_BAD_FORMAT;
    enum status status = digest_sha256_twice(payload, count, sum);
    if (status != OK)
        return status;
    memcpy(bytes, payload, count);
    memcpy(bytes + count, sum, CHECK_BYTES);
    radix_print(out, alphabet, bytes, count + CHECK_BYTES);
    return OK;
}

enum status check58_read(const char *alphabet, struct slice text, struct coin_bytes *out)
{
    uint8_t sum[32];
    size_t length;
    enum status status = radix_parse(text, alphabet, out->data, sizeof out->data, &length);
    if (status != OK || length <= CHECK_BYTES)
        return E_BAD_TEXT;
    out->length = length - CHECK_BYTES;
    status = digest_sha256_twice(out->data, out->length, sum);
    if (status != OK)
        return status;
    return memcmp(sum, out->data + out->length, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

/* ---- scripts ---- */

/* OP_DUP OP_HASH160 <20> OP_EQUALVERIFY OP_CHECKSIG, and OP_HASH160 <20> OP_EQUAL. */
static enum script script_kind(const uint8_t *bytes, size_t count, const uint8_t **hash)
{
    if (count == KEY_SCRIPT_BYTES && memcmp(bytes, "\x76\xa9\x14", 3) == 0 && memcmp(bytes + 23, "\x88\xac", 2) == 0) {
        *hash = bytes + 3;
        return SCRIPT_KEY;
    }
    if (count == HASH_SCRIPT_BYTES && memcmp(bytes, "\xa9\x14", 2) == 0 && bytes[22] == 0x87) {
        *hash = bytes + 2;
        return SCRIPT_HASH;
    }
    return SCRIPT_OTHER;
}

static void script_write(enum script kind, const uint8_t hash[HASH_BYTES], struct coin_bytes *out)
{
    uint8_t copy[HASH_BYTES];
    memcpy(copy, hash, HASH_BYTES);
    if (kind == SCRIPT_KEY)
        memcpy(out->data, "\x76\xa9\x14", 3);
    else
        memcpy(out->data, "\xa9\x14", 2);
    memcpy(out->data + (kind == SCRIPT_KEY ? 3 : 2), copy, HASH_BYTES);
    if (kind == SCRIPT_KEY)
        memcpy(out->data + 23, "\x88\xac", 2);
    else
        out->data[22] = 0x87;
    out->length = kind == SCRIPT_KEY ? KEY_SCRIPT_BYTES : HASH_SCRIPT_BYTES;
}

static size_t version_bytes(const struct coin_row *row) { return row->version[0] > 0xff || row->version[1] > 0xff ? 2 : 1; }

/* E_BAD_FORMAT for a script of another kind. */
static enum status legacy_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t payload[2 + HASH_BYTES];
    const uint8_t *hash;
    enum script kind = script_kind(bytes, count, &hash);
    if (kind == SCRIPT_OTHER)
        return E_BAD_FORMAT;
    size_t wide = version_bytes(row);
    payload[0] = (uint8_t)(row->version[kind] >> 8);
    payload[wide - 1] = (uint8_t)row->version[kind];
    memcpy(payload + wide, hash, HASH_BYTES);
    return check58_write(BASE58_BITCOIN, payload, wide + HASH_BYTES, out);
}

static enum status legacy_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    size_t wide = version_bytes(row);
    enum status status = check58_read(BASE58_BITCOIN, text, out);
    if (status != OK)
        return status;
    if (out->length != wide + HASH_BYTES)
        return E_BAD_TEXT;
    unsigned version = wide == 2 ? out->data[0] * 256U + out->data[1] : out->data[0];
    bool key = version == row->version[0];
    if (!key && version != row->version[1] && (version != row->version[2] || row->version[2] == 0))
        return E_BAD_TEXT;
    script_write(key ? SCRIPT_KEY : SCRIPT_HASH, out->data + wide, out);
    return OK;
}

/* ---- witness programs: version 0 as bech32, 1 to 16 as bech32m (BIP 141, 173, 350) ---- */

enum { OP_1 = 0x51, OP_16 = 0x60, PROGRAM_LEAST = 2, PROGRAM_MOST = 40 };

static bool program_fits(int version, size_t length)
{
    return version == 0 ? length == 20 || length == 32 : length >= PROGRAM_LEAST && length <= PROGRAM_MOST;
}

enum status witness_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    if (count < 2 || bytes[1] != count - 2 || (bytes[0] != 0 && (bytes[0] < OP_1 || bytes[0] > OP_16)))
        return E_BAD_FORMAT;
    int version = bytes[0] ? bytes[0] - OP_1 + 1 : 0;
    if (!program_fits(version, count - 2))
        return E_BAD_FORMAT;
    bech32_print(out, version ? BECH32M : BECH32, row->prefix, version, bytes + 2, count - 2);
    return OK;
}

enum status witness_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    struct bech32_data data;
    enum status status = bech32_parse(text, row->prefix, true, &data);
    if (status != OK)
        return status;
    if (data.version > 16 || data.kind != (data.version ? BECH32M : BECH32) || !program_fits(data.version, data.length))
        return E_BAD_TEXT;
    out->data[0] = (uint8_t)(data.version ? data.version + OP_1 - 1 : 0);
    out->data[1] = (uint8_t)data.length;
    memcpy(out->data + 2, data.bytes, data.length);
    out->length = data.length + 2;
    return OK;
}

enum status script_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    enum status status = legacy_print(row, bytes, count, out);
    return status == E_BAD_FORMAT && row->prefix ? witness_print(row, bytes, count, out) : status;
}

static bool has_bech32_prefix(struct slice text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length > length && slice_is_nocase(slice_of(text.data, length), prefix) && text.data[length] == '1';
}

enum status script_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    bool witness = row->prefix && has_bech32_prefix(text, row->prefix);
    return witness ? witness_parse(row, text, out) : legacy_parse(row, text, out);
}

enum status cash_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    const uint8_t *hash;
    enum script kind = script_kind(bytes, count, &hash);
    (void)row;
    if (kind == SCRIPT_OTHER)
        return E_BAD_FORMAT;
    cashaddr_print(out, kind == SCRIPT_KEY ? 0 : 1, hash);
    return OK;
}

enum status cash_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t hash[HASH_BYTES];
    unsigned type;
    if (cashaddr_parse(text, &type, hash) != OK)
        return legacy_parse(row, text, out);
    if (type > 1)
        return E_BAD_TEXT;
    script_write(type == 0 ? SCRIPT_KEY : SCRIPT_HASH, hash, out);
    return OK;
}

enum { SAPLING_BYTES = 43 };

enum status zcash_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    enum status status = legacy_print(row, bytes, count, out);
    if (status != E_BAD_FORMAT || count != SAPLING_BYTES)
        return status;
    bech32_print(out, BECH32, row->prefix, -1, bytes, count);
    return OK;
}

enum status zcash_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    struct bech32_data data;
    if (!has_bech32_prefix(text, row->prefix))
        return legacy_parse(row, text, out);
    enum status status = bech32_parse(text, row->prefix, false, &data);
    if (status != OK || data.kind != BECH32 || data.length != SAPLING_BYTES)
        return E_BAD_TEXT;
    memcpy(out->data, data.bytes, data.length);
    out->length = data.length;
    return OK;
}

/* ---- base58check with a version and a payload ---- */

static bool version_fits(const struct coin_row *row, const uint8_t *bytes)
{
    return row->version[0] == ANY_VERSION || bytes[0] == row->version[0];
}

enum status check58_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    return version_fits(row, bytes) ? check58_write(BASE58_BITCOIN, bytes, count, out) : E_BAD_FORMAT;
}

enum status check58_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = check58_read(BASE58_BITCOIN, text, out);
    return status == OK && !version_fits(row, out->data) ? E_BAD_TEXT : status;
}

enum status check58_bare_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t payload[1 + COIN_BYTES_MAX] = { (uint8_t)row->version[0] };
    memcpy(payload + 1, bytes, count);
    return check58_write(BASE58_BITCOIN, payload, count + 1, out);
}

enum status check58_bare_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = check58_parse(row, text, out);
    if (status == OK)
        memmove(out->data, out->data + 1, --out->length);
    return status;
}

/* Horizen: versions of two octets; those of shielded addresses are longer. */
static bool is_horizen(const uint8_t *bytes, size_t count)
{
    switch (bytes[0] << 8 | bytes[1]) {
    case 0x2089:
    case 0x2096:
    case 0x1cb8:
    case 0x1cbd:
        return count == 2 + HASH_BYTES;
    default:
        return bytes[0] == 0x16 && bytes[1] == 0x9a && count == 2 + 64;
    }
}

enum status horizen_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    return is_horizen(bytes, count) ? check58_write(BASE58_BITCOIN, bytes, count, out) : E_BAD_FORMAT;
}

enum status horizen_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    enum status status = check58_read(BASE58_BITCOIN, text, out);
    return status == OK && !is_horizen(out->data, out->length) ? E_BAD_TEXT : status;
}

/* 00 and 20 octets, or an X-address: 05 44, 20 octets, a flag, a tag of 8 (XLS-5d). */
static bool is_ripple(const uint8_t *bytes, size_t count)
{
    return (count == 21 && bytes[0] == 0) || (count == 31 && bytes[0] == 5 && bytes[1] == 0x44);
}

enum status ripple_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    return is_ripple(bytes, count) ? check58_write(BASE58_RIPPLE, bytes, count, out) : E_BAD_FORMAT;
}

enum status ripple_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    enum status status = check58_read(BASE58_RIPPLE, text, out);
    return status == OK && !is_ripple(out->data, out->length) ? E_BAD_TEXT : status;
}
