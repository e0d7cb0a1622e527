/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in hexadecimal, decimal, base64 and plain letters. */
#include "crypto/address.h"
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "names/coin_inside.h"
#include "names/codec_base.h"

#include <string.h>

enum { EVM_BYTES = 20, RSK_CHAIN = 30 };

/* ---- Ethereum and its kin ---- */

enum status evm_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    char room[EIP55_TEXT_ROOM];
    (void)row;
    (void)count;
    text_add(out, eip55_print(bytes, room));
    return OK;
}

enum status evm_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    out->length = EVM_BYTES;
    return eip55_parse(text, out->data);
}

enum status rsk_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    char room[EIP55_TEXT_ROOM];
    (void)row;
    (void)count;
    text_add(out, eip1191_print(bytes, RSK_CHAIN, room));
    return OK;
}

enum status rsk_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    out->length = EVM_BYTES;
    return eip1191_parse(text, RSK_CHAIN, out->data);
}

/* Letters behind 0x: a to A and A to a. */
static void swap_case(char *text, size_t length)
{
    for (size_t i = 2; i < length; i++)
        text[i] = (char)(text[i] >= 'A' ? text[i] ^ 0x20 : text[i]);
}

/* Wanchain: upper case where EIP-55 has lower. */
enum status wanchain_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    char room[EIP55_TEXT_ROOM];
    (void)row;
    (void)count;
    eip55_print(bytes, room);
    swap_case(room, strlen(room));
    text_add(out, room);
    return OK;
}

/* EIP-55 is taken as well. */
enum status wanchain_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char room[EIP55_TEXT_ROOM];
    if (evm_parse(row, text, out) == OK)
        return OK;
    if (text.length != EIP55_TEXT_ROOM - 1)
        return E_BAD_TEXT;
    memcpy(room, text.data, text.length);
    swap_case(room, text.length);
    return eip55_parse(slice_of(room, text.length), out->data);
}

/* ---- hexadecimal without a checksum ---- */

enum status hex_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    text_add(out, "0x");
    text_add_hex(out, bytes, count, false);
    return OK;
}

enum status hex_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    if (!take_prefix(&text, "0x"))
        take_prefix(&text, "0X");
    enum status status = hex_decode(text, out->data, sizeof out->data, &out->length);
    return status == OK && out->length > 0 ? OK : E_BAD_TEXT;
}

/* Flow: words of a [64,45] linear code; the parity check of each bit from the lowest on, which for the first 19 is itself. */
static bool flow_fits(const uint8_t bytes[8])
{
    static const uint32_t columns[45] = {
        0x7328d, 0x6689a, 0x6112f, 0x6084b, 0x433fd, 0x42aab, 0x41951, 0x233ce, 0x22a81, 0x21948, 0x1ef60, 0x1deca,
        0x1c639, 0x1bdd8, 0x1a535, 0x194ac, 0x18c46, 0x1632b, 0x1529b, 0x14a43, 0x13184, 0x12942, 0x118c1, 0x0f812,
        0x0e027, 0x0d00e, 0x0c83c, 0x0b01d, 0x0a831, 0x0982b, 0x07034, 0x0682a, 0x05819, 0x03807, 0x007d2, 0x00727,
        0x0068e, 0x0067c, 0x0059d, 0x004eb, 0x003b4, 0x0036a, 0x002d9, 0x001c7, 0x0003f,
    };
    uint64_t word = 0;
    for (size_t i = 0; i < 8; i++)
        word = word << 8 | bytes[i];
    uint32_t parity = (uint32_t)(word & 0x7ffff);
    for (size_t i = 0; i < LENGTH_OF(columns); i++)
        parity ^= word >> (19 + i) & 1 ? columns[i] : 0;
    return parity == 0;
}

enum status flow_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    return flow_fits(bytes) ? hex_print(row, bytes, count, out) : E_BAD_FORMAT;
}

enum status flow_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = hex_parse(row, text, out);
    if (status != OK || out->length != 8)
        return E_BAD_TEXT;
    return flow_fits(out->data) ? OK : E_INVALID;
}

/* ---- Starknet: letter case by the Keccak-256 of the number without leading zero octets ---- */

enum { STARK_BYTES = 32, STARK_TEXT = 2 + 2 * STARK_BYTES };

static void starknet_text(const uint8_t bytes[STARK_BYTES], char out[STARK_TEXT + 1])
{
    uint8_t sum[KECCAK256_BYTES];
    struct text text;
    size_t zeros = 0;
    while (zeros < STARK_BYTES - 1 && bytes[zeros] == 0)
        zeros++;
    keccak256(bytes + zeros, STARK_BYTES - zeros, sum);
    text_fixed(&text, out, STARK_TEXT + 1);
    text_add(&text, "0x");
    text_add_hex(&text, bytes, STARK_BYTES, false);
    for (size_t i = 0; i < 2 * STARK_BYTES; i++)
        if (out[2 + i] >= 'a' && (sum[i / 2] >> (i % 2 ? 0 : 4) & 8))
            out[2 + i] = (char)(out[2 + i] - 32);
}

enum status starknet_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    char room[STARK_TEXT + 1];
    (void)row;
    (void)count;
    starknet_text(bytes, room);
    text_add(out, room);
    return OK;
}

enum status starknet_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char room[STARK_TEXT + 1];
    bool lower = true;
    enum status status = hex_parse(row, text, out);
    if (status != OK || text.length != STARK_TEXT || out->length != STARK_BYTES)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++)
        lower &= text.data[i] < 'A' || text.data[i] > 'Z';
    starknet_text(out->data, room);
    return lower || slice_is(text, room) ? OK : E_INVALID;
}

/* ---- Sia: 6 octets of BLAKE2b behind ---- */

enum { SIA_BYTES = 32, SIA_CHECK_BYTES = 6 };

enum status sia_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t sum[32];
    (void)row;
    blake2b(bytes, count, sum, sizeof sum);
    text_add_hex(out, bytes, count, false);
    text_add_hex(out, sum, SIA_CHECK_BYTES, false);
    return OK;
}

enum status sia_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t sum[32];
    (void)row;
    enum status status = hex_decode(text, out->data, sizeof out->data, &out->length);
    if (status != OK || out->length != SIA_BYTES + SIA_CHECK_BYTES)
        return E_BAD_TEXT;
    out->length = SIA_BYTES;
    blake2b(out->data, SIA_BYTES, sum, sizeof sum);
    return memcmp(sum, out->data + SIA_BYTES, SIA_CHECK_BYTES) == 0 ? OK : E_INVALID;
}

/* ---- ICON: 0 an account, hx; 1 a contract, cx ---- */

enum status icon_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    if (bytes[0] > 1)
        return E_BAD_FORMAT;
    text_add(out, bytes[0] == 0 ? "hx" : "cx");
    text_add_hex(out, bytes + 1, count - 1, false);
    return OK;
}

enum status icon_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    bool account = take_prefix(&text, "hx");
    if (!account && !take_prefix(&text, "cx"))
        return E_BAD_TEXT;
    enum status status = hex_decode(text, out->data + 1, sizeof out->data - 1, &out->length);
    out->data[0] = account ? 0 : 1;
    out->length++;
    return status == OK ? OK : E_BAD_TEXT;
}

enum status base64url_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    bits_print(out, BASE64_URL, 6, bytes, count);
    return OK;
}

enum status base64url_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    return bits_parse(text, BASE64_URL, 6, out->data, sizeof out->data, &out->length) == OK ? OK : E_BAD_TEXT;
}

/* ---- numbers ---- */

static uint64_t read_number(const uint8_t *bytes, size_t count)
{
    uint64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void write_number(uint64_t number, uint8_t *out, size_t count)
{
    for (; count-- > 0; number >>= 8)
        out[count] = (uint8_t)number;
}

/* Lisk before its addresses became hashes: a number in as few octets as it takes, text with L behind. */
enum status lisk_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    if (bytes[0] == 0)
        return E_BAD_FORMAT;
    text_add_u64(out, read_number(bytes, count));
    text_add_char(out, 'L');
    return OK;
}

enum status lisk_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint64_t number;
    (void)row;
    if (text.length < 2 || text.data[text.length - 1] != 'L' || text.data[0] == '0' ||
        text_read_u64(slice_of(text.data, text.length - 1), UINT64_MAX, &number) != OK)
        return E_BAD_TEXT;
    out->length = 8;
    while (number >> (8 * out->length - 8) == 0)
        out->length--;
    write_number(number, out->data, out->length);
    return OK;
}

/* Hedera: shard, realm and account, of 4, 8 and 8 octets. */
static const uint8_t hedera_bytes[3] = { 4, 8, 8 };

enum status hedera_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    (void)count;
    for (size_t i = 0; i < LENGTH_OF(hedera_bytes); bytes += hedera_bytes[i++]) {
        if (i > 0)
            text_add_char(out, '.');
        text_add_u64(out, read_number(bytes, hedera_bytes[i]));
    }
    return OK;
}

enum status hedera_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    (void)row;
    out->length = 0;
    for (size_t i = 0; i < LENGTH_OF(hedera_bytes); i++) {
        const char *dot = i < 2 ? memchr(text.data, '.', text.length) : text.data + text.length;
        uint64_t number;
        if (!dot)
            return E_BAD_TEXT;
        size_t digits = (size_t)(dot - text.data);
        if ((digits > 1 && text.data[0] == '0') ||
            text_read_u64(slice_of(text.data, digits), hedera_bytes[i] == 4 ? UINT32_MAX : UINT64_MAX, &number) != OK)
            return E_BAD_TEXT;
        write_number(number, out->data + out->length, hedera_bytes[i]);
        out->length += hedera_bytes[i];
        text = slice_of(dot + 1, i < 2 ? text.length - digits - 1 : 0);
    }
    return OK;
}

/* ---- NEAR: an account's name, as it is ---- */

static bool near_fits(const char *name, size_t length)
{
    bool between = true;        /* a separator stood in front, or nothing */
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool separator = c == '.' || c == '-' || c == '_';
        if (separator ? between : !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
        between = separator;
    }
    return !between;
}

enum status near_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    if (!near_fits((const char *)bytes, count))
        return E_BAD_FORMAT;
    text_add_bytes(out, bytes, count);
    return OK;
}

enum status near_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    if (text.length > row->most || !near_fits(text.data, text.length))
        return E_BAD_TEXT;
    memcpy(out->data, text.data, text.length);
    out->length = text.length;
    return OK;
}
