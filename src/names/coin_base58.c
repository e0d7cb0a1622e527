/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in base58 that are no base58check, or have a prefix or checksum of their own. */
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "names/coin_inside.h"
#include "names/codec_base.h"

#include <string.h>

enum { CHECK_BYTES = 4 };

/* ---- what is stored, as it is ---- */

enum status raw58_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    radix_print(out, BASE58_BITCOIN, bytes, count);
    return OK;
}

enum status raw58_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    return radix_parse(text, BASE58_BITCOIN, out->data, sizeof out->data, &out->length) == OK ? OK : E_BAD_TEXT;
}

static enum status ends_in_sha256d(const uint8_t *bytes, size_t count, enum status otherwise)
{
    uint8_t sum[32];
    if (count <= CHECK_BYTES)
        return otherwise;
    enum status status = digest_sha256_twice(bytes, count - CHECK_BYTES, sum);
    if (status != OK)
        return status;
    return memcmp(sum, bytes + count - CHECK_BYTES, CHECK_BYTES) == 0 ? OK : otherwise;
}

enum status raw58_checked_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    enum status status = ends_in_sha256d(bytes, count, E_BAD_FORMAT);
    return status == OK ? raw58_print(row, bytes, count, out) : status;
}

enum status raw58_checked_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = raw58_parse(row, text, out);
    return status == OK ? ends_in_sha256d(out->data, out->length, E_INVALID) : status;
}

/* ---- Velas: what is stored is the base58 of the whole text `V...`; behind the V stand 20 octets and 4 of the SHA-256 of
 * the SHA-256, each taken over lower-case hexadecimal ---- */

enum { VELAS_BYTES = 24, VELAS_HASH_BYTES = 20 };

static enum status sha256_of_hex(const uint8_t *bytes, size_t count, uint8_t out[32])
{
    char room[2 * 32 + 1];
    struct text text;
    text_fixed(&text, room, sizeof room);
    text_add_hex(&text, bytes, count, false);
    return digest_once(DIGEST_SHA256, room, text.length, out);
}

static enum status velas_check(struct slice text)
{
    uint8_t bytes[VELAS_BYTES + 8], sum[32];
    size_t length;
    if (!take_prefix(&text, "V") || radix_parse(text, BASE58_BITCOIN, bytes, sizeof bytes, &length) != OK ||
        length < VELAS_BYTES)
        return E_BAD_TEXT;
    /* Short numbers are filled up with `1`, more than there are zero octets. */
    const uint8_t *last = bytes + length - VELAS_BYTES;
    for (const uint8_t *b = bytes; b < last; b++)
        if (*b != 0)
            return E_BAD_TEXT;
    enum status status = sha256_of_hex(last, VELAS_HASH_BYTES, sum);
    if (status == OK)
        status = sha256_of_hex(sum, sizeof sum, sum);
    if (status != OK)
        return status;
    return memcmp(sum, last + VELAS_HASH_BYTES, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

enum status velas_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    char room[64];
    struct text text;
    text_fixed(&text, room, sizeof room);
    raw58_print(row, bytes, count, &text);
    enum status status = text.full ? E_BAD_TEXT : velas_check(slice_of(room, text.length));
    text_add_bytes(out, text.data, text.length);
    return status == E_BAD_TEXT || status == E_INVALID ? E_BAD_FORMAT : status;
}

enum status velas_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = velas_check(text);
    return status == OK ? raw58_parse(row, text, out) : status;
}

/* ---- Waves and V Systems: version, chain, 20 octets, 4 of keccak(blake2b) ---- */

enum { WAVES_BYTES = 26 };

static enum status waves_check(const struct coin_row *row, const uint8_t *bytes, size_t count)
{
    uint8_t sum[KECCAK256_BYTES];
    if (count != WAVES_BYTES || bytes[0] != row->version[0] || bytes[1] != row->version[1])
        return E_BAD_FORMAT;
    blake2b(bytes, WAVES_BYTES - CHECK_BYTES, sum, sizeof sum);
    keccak256(sum, sizeof sum, sum);
    return memcmp(sum, bytes + WAVES_BYTES - CHECK_BYTES, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

enum status waves_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    return waves_check(row, bytes, count) == OK ? raw58_print(row, bytes, count, out) : E_BAD_FORMAT;
}

enum status waves_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    if (row->prefix)
        take_prefix(&text, row->prefix);        /* may be there */
    enum status status = raw58_parse(row, text, out);
    if (status == OK)
        status = waves_check(row, out->data, out->length);
    return status == E_BAD_FORMAT ? E_BAD_TEXT : status;
}

/* ---- Nebulas: 25, kind, 20 octets; text has 4 of SHA3-256 besides ---- */

enum { NEBULAS_BYTES = 22 };

static bool is_nebulas(const uint8_t *bytes) { return bytes[0] == 25 && (bytes[1] == 87 || bytes[1] == 88); }

enum status nebulas_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[NEBULAS_BYTES + 32];
    if (!is_nebulas(bytes))
        return E_BAD_FORMAT;
    memcpy(all, bytes, count);
    enum status status = digest_once(DIGEST_SHA3_256, bytes, count, all + count);
    return status == OK ? raw58_print(row, all, count + CHECK_BYTES, out) : status;
}

enum status nebulas_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t sum[32];
    enum status status = raw58_parse(row, text, out);
    if (status != OK || out->length != NEBULAS_BYTES + CHECK_BYTES || !is_nebulas(out->data))
        return E_BAD_TEXT;
    out->length = NEBULAS_BYTES;
    status = digest_once(DIGEST_SHA3_256, out->data, NEBULAS_BYTES, sum);
    if (status != OK)
        return status;
    return memcmp(sum, out->data + NEBULAS_BYTES, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

/* ---- NULS: chain, kind, 20 octets; text has the chain's letters in front and their xor behind ---- */

enum { NULS_BYTES = 23 };

static void nuls_prefix(unsigned chain, struct text *out)
{
    char room[8];
    struct text letters;
    text_fixed(&letters, room, sizeof room);
    if (chain == 1 || chain == 2) {
        text_add(&letters, chain == 1 ? "NULS" : "tNULS");
    } else {
        uint8_t id[2] = { (uint8_t)chain, (uint8_t)(chain >> 8) };
        radix_print(&letters, BASE58_BITCOIN, id, sizeof id);
        for (size_t i = 0; i < letters.length; i++)
            room[i] = (char)(room[i] >= 'a' && room[i] <= 'z' ? room[i] - 32 : room[i]);
    }
    text_add_bytes(out, letters.data, letters.length);
    text_add_char(out, "abcde"[letters.length - 1]);        /* tells how long they are */
}

enum status nuls_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[NULS_BYTES + 1] = { 0 };
    memcpy(all, bytes, count);
    for (size_t i = 0; i < count; i++)
        all[NULS_BYTES] ^= bytes[i];
    nuls_prefix(bytes[0] | (unsigned)bytes[1] << 8, out);
    return raw58_print(row, all, sizeof all, out);
}

enum status nuls_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char room[COIN_TEXT_MAX];
    struct text again;
    uint8_t sum = 0;
    size_t skip = text.length > 0 && text.data[0] == 't' ? 1 : 0;
    while (skip < text.length && !(text.data[skip] >= 'a' && text.data[skip] <= 'z'))
        skip++;
    if (skip >= text.length || skip > 5)
        return E_BAD_TEXT;
    struct slice rest = slice_of(text.data + skip + 1, text.length - skip - 1);
    enum status status = raw58_parse(row, rest, out);
    if (status != OK || out->length != NULS_BYTES + 1)
        return E_BAD_TEXT;
    for (size_t i = 0; i < NULS_BYTES + 1; i++)
        sum ^= out->data[i];
    if (sum != 0)
        return E_INVALID;
    out->length = NULS_BYTES;
    text_fixed(&again, room, sizeof room);
    status = nuls_print(row, out->data, out->length, &again);
    return status == OK && slice_is(text, room) ? OK : E_BAD_TEXT;      /* the chain's letters too */
}

/* ---- Tezos: the binary form of a contract id, 22 octets ---- */

static const struct {
    uint8_t tag[2], version[3];     /* tag[0] 0: an account, of the kind tag[1]; 1: a contract, and 0 at the end */
} tezos_kinds[] = {
    { { 0, 0 }, { 0x06, 0xa1, 0x9f } },     /* tz1 */
    { { 0, 1 }, { 0x06, 0xa1, 0xa1 } },     /* tz2 */
    { { 0, 2 }, { 0x06, 0xa1, 0xa4 } },     /* tz3 */
    { { 0, 3 }, { 0x06, 0xa1, 0xa6 } },     /* tz4 */
    { { 1, 0 }, { 0x02, 0x5a, 0x79 } },     /* KT1 */
};
enum { TEZOS_BYTES = 22, TEZOS_HASH_BYTES = 20 };

enum status tezos_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t payload[3 + TEZOS_HASH_BYTES];
    bool contract = bytes[0] == 1;
    size_t kind = 0;
    (void)row;
    (void)count;
    while (kind < LENGTH_OF(tezos_kinds) &&
           (tezos_kinds[kind].tag[0] != bytes[0] || (!contract && tezos_kinds[kind].tag[1] != bytes[1])))
        kind++;
    if (kind == LENGTH_OF(tezos_kinds) || (contract && bytes[TEZOS_BYTES - 1] != 0))
        return E_BAD_FORMAT;
    memcpy(payload, tezos_kinds[kind].version, 3);
    memcpy(payload + 3, bytes + (contract ? 1 : 2), TEZOS_HASH_BYTES);
    return check58_write(BASE58_BITCOIN, payload, sizeof payload, out);
}

enum status tezos_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t hash[TEZOS_HASH_BYTES];
    size_t kind = 0;
    (void)row;
    enum status status = check58_read(BASE58_BITCOIN, text, out);
    if (status != OK)
        return status;
    while (kind < LENGTH_OF(tezos_kinds) && memcmp(tezos_kinds[kind].version, out->data, 3) != 0)
        kind++;
    if (kind == LENGTH_OF(tezos_kinds) || out->length != 3 + TEZOS_HASH_BYTES)
        return E_BAD_TEXT;
    bool contract = tezos_kinds[kind].tag[0] == 1;
    memcpy(hash, out->data + 3, sizeof hash);
    memset(out->data, 0, TEZOS_BYTES);
    memcpy(out->data, tezos_kinds[kind].tag, contract ? 1 : 2);
    memcpy(out->data + (contract ? 1 : 2), hash, sizeof hash);
    out->length = TEZOS_BYTES;
    return OK;
}

/* ---- Aeternity: stored with the letters 0x in front, text with ak_ ---- */

enum status aeternity_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    if (memcmp(bytes, "0x", 2) != 0)
        return E_BAD_FORMAT;
    text_add(out, row->prefix);
    return check58_write(BASE58_BITCOIN, bytes + 2, count - 2, out);
}

enum status aeternity_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    if (!take_prefix(&text, row->prefix))
        return E_BAD_TEXT;
    enum status status = check58_read(BASE58_BITCOIN, text, out);
    if (status != OK)
        return status;
    memmove(out->data + 2, out->data, out->length);         /* the checksum that was behind leaves the room */
    memcpy(out->data, "0x", 2);
    out->length += 2;
    return OK;
}

/* ---- SS58 of one octet network and 32 of key ---- */

enum { SS58_KEY_BYTES = 32, SS58_CHECK_BYTES = 2 };

static void ss58_sum(const uint8_t *bytes, uint8_t out[64])
{
    uint8_t all[7 + 1 + SS58_KEY_BYTES] = "SS58PRE";
    memcpy(all + 7, bytes, 1 + SS58_KEY_BYTES);
    blake2b(all, sizeof all, out, 64);
}

enum status ss58_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[1 + SS58_KEY_BYTES + 64] = { (uint8_t)row->version[0] };
    memcpy(all + 1, bytes, count);
    ss58_sum(all, all + 1 + SS58_KEY_BYTES);
    return raw58_print(row, all, 1 + SS58_KEY_BYTES + SS58_CHECK_BYTES, out);
}

enum status ss58_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t sum[64];
    enum status status = raw58_parse(row, text, out);
    if (status != OK || out->length != 1 + SS58_KEY_BYTES + SS58_CHECK_BYTES || out->data[0] != row->version[0])
        return E_BAD_TEXT;
    ss58_sum(out->data, sum);
    if (memcmp(sum, out->data + 1 + SS58_KEY_BYTES, SS58_CHECK_BYTES) != 0)
        return E_INVALID;
    memmove(out->data, out->data + 1, SS58_KEY_BYTES);
    out->length = SS58_KEY_BYTES;
    return OK;
}

/* ---- EOS and its kin: a compressed public key, letters in front, 4 octets of RIPEMD-160 behind ---- */

enum { EOS_KEY_BYTES = 33 };

static bool is_key(const uint8_t *bytes) { return bytes[0] == 2 || bytes[0] == 3; }

enum status eos_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[EOS_KEY_BYTES + 20];
    if (!is_key(bytes))
        return E_BAD_FORMAT;
    memcpy(all, bytes, count);
    enum status status = digest_once(DIGEST_RIPEMD160, bytes, count, all + count);
    if (status != OK)
        return status;
    text_add(out, row->prefix);
    return raw58_print(row, all, count + CHECK_BYTES, out);
}

enum status eos_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t sum[20];
    if (!take_prefix(&text, row->prefix))
        return E_BAD_TEXT;
    enum status status = raw58_parse(row, text, out);
    if (status != OK || out->length != EOS_KEY_BYTES + CHECK_BYTES || !is_key(out->data))
        return E_BAD_TEXT;
    out->length = EOS_KEY_BYTES;
    status = digest_once(DIGEST_RIPEMD160, out->data, EOS_KEY_BYTES, sum);
    if (status != OK)
        return status;
    return memcmp(sum, out->data + EOS_KEY_BYTES, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

/* ---- Monero and its kin: a tag, two keys, perhaps a payment id, 4 octets of Keccak-256 ---- */

enum { KEYS_BYTES = 64 };

static bool keccak_fits(const uint8_t *bytes, size_t count)
{
    uint8_t sum[KECCAK256_BYTES];
    keccak256(bytes, count - CHECK_BYTES, sum);
    return memcmp(sum, bytes + count - CHECK_BYTES, CHECK_BYTES) == 0;
}

enum status monero_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    if (!keccak_fits(bytes, count))
        return E_BAD_FORMAT;
    monero58_print(out, bytes, count);
    return OK;
}

enum status monero_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    enum status status = monero58_parse(text, out->data, sizeof out->data, &out->length);
    if (status != OK || out->length <= KEYS_BYTES + CHECK_BYTES)
        return E_BAD_TEXT;
    return keccak_fits(out->data, out->length) ? OK : E_INVALID;
}

/* Of 06, or the varint ce f6 22. */
static bool is_bytecoin(const uint8_t *bytes, size_t count)
{
    return (count == KEYS_BYTES + 1 && bytes[0] == 6) || (count == KEYS_BYTES + 3 && memcmp(bytes, "\xce\xf6\x22", 3) == 0);
}

static void monero_print_summed(uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t sum[KECCAK256_BYTES];
    keccak256(bytes, count, sum);
    memcpy(bytes + count, sum, CHECK_BYTES);
    monero58_print(out, bytes, count + CHECK_BYTES);
}

enum status bytecoin_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[COIN_BYTES_MAX + CHECK_BYTES];
    (void)row;
    if (!is_bytecoin(bytes, count))
        return E_BAD_FORMAT;
    memcpy(all, bytes, count);
    monero_print_summed(all, count, out);
    return OK;
}

enum status bytecoin_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = monero_parse(row, text, out);
    if (status != OK)
        return status;
    out->length -= CHECK_BYTES;
    return is_bytecoin(out->data, out->length) ? OK : E_BAD_TEXT;
}

enum status electroneum_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[1 + COIN_BYTES_MAX + CHECK_BYTES] = { (uint8_t)row->version[0] };
    memcpy(all + 1, bytes, count);
    monero_print_summed(all, count + 1, out);
    return OK;
}

enum status electroneum_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = monero_parse(row, text, out);
    if (status != OK)
        return status;
    if (out->data[0] != row->version[0])
        return E_BAD_TEXT;
    out->length -= CHECK_BYTES + 1;
    memmove(out->data, out->data + 1, out->length);
    return OK;
}
