/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in base32 of several alphabets. */
#include "crypto/crypto.h"
#include "crypto/keccak.h"
#include "names/coin_inside.h"
#include "names/codec_base.h"

#include <string.h>

enum { CHECK_BYTES = 4 };

/* `digits` into exactly `want` octets. */
static enum status base32_exactly(struct slice digits, const char *alphabet, size_t want, struct coin_bytes *out)
{
    enum status status = bits_parse(digits, alphabet, 5, out->data, sizeof out->data, &out->length);
    return status == OK && out->length == want ? OK : E_BAD_TEXT;
}

/* ---- Stellar: version, key, CRC-16 with its low octet first (SEP-23) ---- */

enum { KEY_BYTES = 32 };

/* Polynomial 0x1021, from 0 (XMODEM). */
static uint16_t crc16(const uint8_t *data, size_t bytes)
{
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum ^= (unsigned)data[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            sum = sum << 1 ^ (sum & 0x8000 ? 0x1021 : 0);
    }
    return (uint16_t)sum;
}

enum status stellar_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[1 + KEY_BYTES + 2] = { (uint8_t)row->version[0] };
    memcpy(all + 1, bytes, count);
    uint16_t sum = crc16(all, 1 + KEY_BYTES);
    all[1 + KEY_BYTES] = (uint8_t)sum;
    all[2 + KEY_BYTES] = (uint8_t)(sum >> 8);
    bits_print(out, BASE32_UPPER, 5, all, sizeof all);
    return OK;
}

enum status stellar_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    enum status status = base32_exactly(text, BASE32_UPPER, 1 + KEY_BYTES + 2, out);
    if (status != OK || out->data[0] != row->version[0])
        return E_BAD_TEXT;
    uint16_t sum = crc16(out->data, 1 + KEY_BYTES);
    if (out->data[1 + KEY_BYTES] != (uint8_t)sum || out->data[2 + KEY_BYTES] != sum >> 8)
        return E_INVALID;
    memmove(out->data, out->data + 1, KEY_BYTES);
    out->length = KEY_BYTES;
    return OK;
}

/* ---- Algorand: key, the last 4 octets of its SHA-512/256 ---- */

enum status algorand_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t all[KEY_BYTES + CHECK_BYTES], sum[32];
    (void)row;
    memcpy(all, bytes, count);
    enum status status = digest_once(DIGEST_SHA512_256, bytes, count, sum);
    if (status != OK)
        return status;
    memcpy(all + KEY_BYTES, sum + 32 - CHECK_BYTES, CHECK_BYTES);
    bits_print(out, BASE32_UPPER, 5, all, sizeof all);
    return OK;
}

enum status algorand_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t sum[32];
    (void)row;
    enum status status = base32_exactly(text, BASE32_UPPER, KEY_BYTES + CHECK_BYTES, out);
    if (status != OK)
        return status;
    out->length = KEY_BYTES;
    status = digest_once(DIGEST_SHA512_256, out->data, KEY_BYTES, sum);
    if (status != OK)
        return status;
    return memcmp(sum + 32 - CHECK_BYTES, out->data + KEY_BYTES, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

/* ---- NEM: network and hash, 4 octets of their Keccak-256, all of it stored; hyphens may be between ---- */

enum { NEM_BYTES = 25, NEM_DIGITS = 40 };

static bool nem_fits(const uint8_t *bytes)
{
    uint8_t sum[KECCAK256_BYTES];
    keccak256(bytes, NEM_BYTES - CHECK_BYTES, sum);
    return memcmp(sum, bytes + NEM_BYTES - CHECK_BYTES, CHECK_BYTES) == 0;
}

enum status nem_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    (void)row;
    if (!nem_fits(bytes))
        return E_BAD_FORMAT;
    bits_print(out, BASE32_UPPER, 5, bytes, count);
    return OK;
}

enum status nem_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char digits[NEM_DIGITS];
    size_t count = 0;
    (void)row;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '-')
            continue;
        if (count == NEM_DIGITS)
            return E_BAD_TEXT;
        digits[count++] = text.data[i];
    }
    enum status status = base32_exactly(slice_of(digits, count), BASE32_UPPER, NEM_BYTES, out);
    if (status != OK)
        return status;
    return nem_fits(out->data) ? OK : E_INVALID;
}

/* ---- Nano: four zero bits and the key as 52 digits, 5 octets of BLAKE2b from the last to the first as 8 ---- */

#define NANO_ALPHABET "13456789abcdefghijkmnopqrstuwxyz"
enum { NANO_SUM_BYTES = 5, NANO_KEY_DIGITS = 52, NANO_SUM_DIGITS = 8, NANO_FILL_DIGITS = 4, NANO_FILL_BYTES = 3 };

static void nano_sum(const uint8_t *key, uint8_t out[NANO_SUM_BYTES])
{
    uint8_t sum[NANO_SUM_BYTES];
    blake2b(key, KEY_BYTES, sum, sizeof sum);
    for (size_t i = 0; i < NANO_SUM_BYTES; i++)
        out[i] = sum[NANO_SUM_BYTES - 1 - i];
}

enum status nano_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    /* Three zero octets in front make 24 zero bits: four digits that go, and the four bits. */
    uint8_t all[NANO_FILL_BYTES + KEY_BYTES] = { 0 }, sum[NANO_SUM_BYTES];
    char room[NANO_FILL_DIGITS + NANO_KEY_DIGITS + 1];
    struct text digits;
    memcpy(all + NANO_FILL_BYTES, bytes, count);
    text_fixed(&digits, room, sizeof room);
    bits_print(&digits, NANO_ALPHABET, 5, all, sizeof all);
    nano_sum(bytes, sum);
    text_add(out, row->prefix);
    text_add(out, room + NANO_FILL_DIGITS);
    bits_print(out, NANO_ALPHABET, 5, sum, sizeof sum);
    return OK;
}

enum status nano_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char digits[NANO_FILL_DIGITS + NANO_KEY_DIGITS] = { '1', '1', '1', '1' };
    uint8_t sum[NANO_SUM_BYTES], told[NANO_SUM_BYTES];
    size_t told_length;
    if (!take_prefix(&text, row->prefix) && !take_prefix(&text, "xrb_"))
        return E_BAD_TEXT;
    if (text.length != NANO_KEY_DIGITS + NANO_SUM_DIGITS)
        return E_BAD_TEXT;
    memcpy(digits + NANO_FILL_DIGITS, text.data, NANO_KEY_DIGITS);
    enum status status = base32_exactly(slice_of(digits, sizeof digits), NANO_ALPHABET, NANO_FILL_BYTES + KEY_BYTES, out);
    if (status != OK || out->data[0] || out->data[1] || out->data[2])
        return E_BAD_TEXT;
    memmove(out->data, out->data + NANO_FILL_BYTES, KEY_BYTES);
    out->length = KEY_BYTES;
    status = bits_parse(slice_of(text.data + NANO_KEY_DIGITS, NANO_SUM_DIGITS), NANO_ALPHABET, 5, told, sizeof told, &told_length);
    if (status != OK)
        return E_BAD_TEXT;
    nano_sum(out->data, sum);
    return memcmp(sum, told, sizeof sum) == 0 ? OK : E_INVALID;
}

/* ---- Filecoin: protocol, payload; 0 is a number, the others have 4 octets of BLAKE2b ---- */

enum { FIL_ID = 0, FIL_DELEGATED = 4, FIL_SUB_MOST = 54 };

/* The payload's length is the protocol's. */
static bool filecoin_fits(const uint8_t *bytes, size_t count)
{
    static const uint8_t lengths[] = { 0, 20, 20, 48 };
    return bytes[0] < LENGTH_OF(lengths) && bytes[0] != FIL_ID && count == 1U + lengths[bytes[0]];
}

/* A LEB128 number of at most 9 octets in its shortest form. @return octets it takes, 0 when it is none */
static size_t leb128_read(const uint8_t *bytes, size_t count, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count && i < 9; i++) {
        *out |= (uint64_t)(bytes[i] & 0x7f) << 7 * i;
        if (!(bytes[i] & 0x80))
            return bytes[i] == 0 && i > 0 ? 0 : i + 1;
    }
    return 0;
}

static size_t leb128_write(uint64_t number, uint8_t *out)
{
    size_t count = 0;
    for (; number >= 0x80; number >>= 7)
        out[count++] = (uint8_t)(number | 0x80);
    out[count++] = (uint8_t)number;
    return count;
}

enum status filecoin_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    uint8_t payload[COIN_BYTES_MAX + CHECK_BYTES];
    uint64_t number = 0;
    size_t skip = 1;
    if (bytes[0] == FIL_ID || bytes[0] == FIL_DELEGATED) {
        size_t used = leb128_read(bytes + 1, count - 1, &number);
        if (!used || (bytes[0] == FIL_ID ? count != 1 + used : count - 1 - used > FIL_SUB_MOST))
            return E_BAD_FORMAT;
        skip += used;
    } else if (!filecoin_fits(bytes, count)) {
        return E_BAD_FORMAT;
    }
    text_add(out, row->prefix);
    text_add_u64(out, bytes[0]);
    if (bytes[0] == FIL_ID || bytes[0] == FIL_DELEGATED)
        text_add_u64(out, number);
    if (bytes[0] == FIL_ID)
        return OK;
    if (bytes[0] == FIL_DELEGATED)
        text_add_char(out, 'f');
    memcpy(payload, bytes + skip, count - skip);
    blake2b(bytes, count, payload + count - skip, CHECK_BYTES);
    bits_print(out, BASE32_LOWER, 5, payload, count - skip + CHECK_BYTES);
    return OK;
}

/* Decimal digits at the front of text, at most 2^63-1, no zero in front of others. */
static enum status take_number(struct slice *text, uint64_t *out)
{
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9')
        digits++;
    if (digits > 1 && text->data[0] == '0')
        return E_BAD_TEXT;
    enum status status = text_read_u64(slice_of(text->data, digits), INT64_MAX, out);
    *text = slice_of(text->data + digits, text->length - digits);
    return status == OK ? OK : E_BAD_TEXT;
}

enum status filecoin_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    uint8_t payload[COIN_BYTES_MAX], sum[CHECK_BYTES];
    uint64_t number;
    size_t length;
    if (!take_prefix(&text, row->prefix) || text.length < 2 || text.data[0] < '0' || text.data[0] > '4')
        return E_BAD_TEXT;
    out->data[0] = (uint8_t)(text.data[0] - '0');
    out->length = 1;
    text = slice_of(text.data + 1, text.length - 1);
    if (out->data[0] == FIL_ID || out->data[0] == FIL_DELEGATED) {
        if (take_number(&text, &number) != OK)
            return E_BAD_TEXT;
        out->length += leb128_write(number, out->data + 1);
    }
    if (out->data[0] == FIL_ID)
        return text.length == 0 ? OK : E_BAD_TEXT;
    if (out->data[0] == FIL_DELEGATED && !take_prefix(&text, "f"))
        return E_BAD_TEXT;
    enum status status = bits_parse(text, BASE32_LOWER, 5, payload, FIL_SUB_MOST + CHECK_BYTES, &length);
    if (status != OK || length < CHECK_BYTES)
        return E_BAD_TEXT;
    memcpy(out->data + out->length, payload, length - CHECK_BYTES);
    out->length += length - CHECK_BYTES;
    if (out->data[0] != FIL_DELEGATED && !filecoin_fits(out->data, out->length))
        return E_BAD_TEXT;
    blake2b(out->data, out->length, sum, sizeof sum);
    return memcmp(sum, payload + length - CHECK_BYTES, CHECK_BYTES) == 0 ? OK : E_INVALID;
}

/* ---- Stacks: hash and the 4 octets of c32check, which is over a version that the letter tells ---- */

enum { STACKS_HASH_BYTES = 20 };

static enum status stacks_fits(unsigned version, const uint8_t *bytes, bool *fits)
{
    uint8_t all[1 + STACKS_HASH_BYTES] = { (uint8_t)version }, sum[32];
    memcpy(all + 1, bytes, STACKS_HASH_BYTES);
    enum status status = digest_sha256_twice(all, sizeof all, sum);
    *fits = status == OK && memcmp(sum, bytes + STACKS_HASH_BYTES, CHECK_BYTES) == 0;
    return status;
}

enum status stacks_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    for (size_t i = 0; i < 2; i++) {
        bool fits;
        enum status status = stacks_fits(row->version[i], bytes, &fits);
        if (status != OK)
            return status;
        if (!fits)
            continue;
        text_add(out, row->prefix);
        text_add_char(out, BASE32_CROCKFORD[row->version[i]]);
        radix_print(out, BASE32_CROCKFORD, bytes, count);
        return OK;
    }
    return E_BAD_FORMAT;
}

enum status stacks_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char digits[48];
    bool fits;
    if (text.length < 6 || text.length > sizeof digits)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++) {          /* as Crockford has it: case and look-alikes are forgiven */
        char c = text.data[i];
        c = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
        digits[i] = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    }
    struct slice rest = slice_of(digits, text.length);
    if (!take_prefix(&rest, row->prefix))
        return E_BAD_TEXT;
    int version = digit_value(BASE32_CROCKFORD, rest.data[0]);
    if (version != row->version[0] && version != row->version[1])
        return E_BAD_TEXT;
    rest = slice_of(rest.data + 1, rest.length - 1);
    enum status status = radix_parse(rest, BASE32_CROCKFORD, out->data, sizeof out->data, &out->length);
    if (status != OK || out->length != STACKS_HASH_BYTES + CHECK_BYTES)
        return E_BAD_TEXT;
    status = stacks_fits((unsigned)version, out->data, &fits);
    return status == OK && !fits ? E_INVALID : status;
}

/* ---- Nimiq: NQ, two check digits as in an IBAN, 32 digits; in groups of four ---- */

#define NIMIQ_ALPHABET "0123456789ABCDEFGHJKLMNPQRSTUVXY"
enum { NIMIQ_BYTES = 20, NIMIQ_DIGITS = 32 };

/* ISO 7064 MOD 97-10 over digits, with letters as 10..35. */
static unsigned mod97(unsigned rest, const char *digits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char c = digits[i];
        rest = c <= '9' ? (rest * 10 + (unsigned)(c - '0')) % 97 : (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
    }
    return rest;
}

static unsigned nimiq_check(const char digits[NIMIQ_DIGITS]) { return 98 - mod97(mod97(0, digits, NIMIQ_DIGITS), "NQ00", 4); }

enum status nimiq_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    char room[NIMIQ_DIGITS + 1];
    struct text digits;
    text_fixed(&digits, room, sizeof room);
    bits_print(&digits, NIMIQ_ALPHABET, 5, bytes, count);
    text_add_format(out, "%s%02u", row->prefix, nimiq_check(room));
    for (size_t i = 0; i < NIMIQ_DIGITS; i += 4)
        text_add_format(out, " %.4s", room + i);
    return OK;
}

enum status nimiq_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    char digits[4 + NIMIQ_DIGITS];
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == ' ')
            continue;
        if (count == sizeof digits)
            return E_BAD_TEXT;
        digits[count++] = text.data[i];
    }
    if (count != sizeof digits || memcmp(digits, row->prefix, 2) != 0 || digits[2] < '0' || digits[2] > '9' ||
        digits[3] < '0' || digits[3] > '9')
        return E_BAD_TEXT;
    enum status status = base32_exactly(slice_of(digits + 4, NIMIQ_DIGITS), NIMIQ_ALPHABET, NIMIQ_BYTES, out);
    if (status != OK)
        return status;
    return (unsigned)((digits[2] - '0') * 10 + digits[3] - '0') == nimiq_check(digits + 4) ? OK : E_INVALID;
}

/* ---- Ardor: 17 digits of Reed-Solomon over GF(32), stored in another order than written ---- */

#define ARDOR_ALPHABET "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
enum { ARDOR_DIGITS = 17, ARDOR_TEXT = 20 };
/* Which stored digit is written at a place, and the other way round. */
static const uint8_t ardor_places[ARDOR_DIGITS] = { 3, 2, 1, 0, 7, 6, 5, 4, 13, 14, 15, 16, 12, 8, 9, 10, 11 };

/* Product in GF(32) modulo x^5 + x^2 + 1. */
static unsigned gf32_product(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (; b; b >>= 1, a = a << 1 ^ (a & 16 ? 37 : 0))
        product ^= b & 1 ? a : 0;
    return product;
}

/* The code is of 31 digits, of which 14 in the middle are zeros and not written: four syndromes are zero. */
static bool ardor_fits(const uint8_t digits[ARDOR_DIGITS])
{
    unsigned root = 1;
    for (unsigned i = 1; i < 5; i++) {
        unsigned power = 1, sum = 0;
        root = gf32_product(root, 2);
        for (unsigned j = 0; j < 31; j++) {
            if (j <= 12 || j >= 27)
                sum ^= gf32_product(digits[j > 12 ? j - 14 : j], power);
            power = gf32_product(power, root);
        }
        if (sum != 0)
            return false;
    }
    return true;
}

enum status ardor_print(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] > 31)
            return E_BAD_FORMAT;
    if (!ardor_fits(bytes))
        return E_BAD_FORMAT;
    text_add(out, row->prefix);
    for (size_t i = 0; i < ARDOR_DIGITS; i++) {
        if (i > 0 && i % 4 == 0 && i < 16)
            text_add_char(out, '-');
        text_add_char(out, ARDOR_ALPHABET[bytes[ardor_places[i]]]);
    }
    return OK;
}

enum status ardor_parse(const struct coin_row *row, struct slice text, struct coin_bytes *out)
{
    size_t count = 0;
    if (!take_prefix(&text, row->prefix) || text.length != ARDOR_TEXT)
        return E_BAD_TEXT;
    for (size_t i = 0; i < text.length; i++) {
        if (i == 4 || i == 9 || i == 14) {
            if (text.data[i] != '-')
                return E_BAD_TEXT;
            continue;
        }
        int value = digit_value(ARDOR_ALPHABET, text.data[i]);
        if (value < 0)
            return E_BAD_TEXT;
        out->data[ardor_places[count++]] = (uint8_t)value;
    }
    out->length = count;
    return ardor_fits(out->data) ? OK : E_INVALID;
}
