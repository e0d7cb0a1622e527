/* SPDX-License-Identifier: Apache-2.0 */
/* Two forms: { vectors: [{ name, namehash, dns, tokenId, labelhash, dnsKeccak }] }, names normalised already, and the list of
 * ethers: [{ name, expected, test }], names as people type them. */
#include "vectors.h"

#include <string.h>

#include "crypto/keccak.h"
#include "names/label.h"
#include "names/namehash.h"

enum { NAME_ROOM = 4096, NUMBER_ROOM = 80 };

static bool is_hex(const struct vector_json *entry, const char *key, const uint8_t *octets, size_t bytes)
{
    uint8_t want[NAME_ROOM];
    size_t length = 0;
    const char *text = vector_json_text(entry, key);
    return !text || (vector_hex(text, want, sizeof want, &length) && length == bytes && memcmp(want, octets, bytes) == 0);
}

/* 32 octets, the first the highest, as a decimal number. */
static void print_decimal(const uint8_t octets[NAMEHASH_BYTES], char out[NUMBER_ROOM])
{
    uint8_t rest[NAMEHASH_BYTES];
    char back[NUMBER_ROOM];
    size_t digits = 0;
    memcpy(rest, octets, sizeof rest);
    for (bool more = true; more; ) {
        unsigned carry = 0;
        more = false;
        for (size_t i = 0; i < sizeof rest; i++) {
            carry = carry << 8 | rest[i];
            rest[i] = (uint8_t)(carry / 10);
            carry %= 10;
            more |= rest[i] != 0;
        }
        back[digits++] = (char)('0' + carry);
    }
    for (size_t i = 0; i < digits; i++)
        out[i] = back[digits - 1 - i];
    out[digits] = 0;
}

static const char *check_wire(const struct vector_json *entry, struct slice name)
{
    uint8_t wire[NAME_ROOM], hash[NAMEHASH_BYTES];
    char back[NAME_ROOM];
    size_t bytes = 0, length = 0;
    if (namehash_wire_write(name, wire, sizeof wire, &bytes) != OK)
        return "no wire form";
    if (namehash_wire_read(wire, bytes, back, sizeof back, &length) != OK)
        return "wire form does not read back";
    if (!memchr(back, '[', length) && (length != name.length || memcmp(back, name.data, length) != 0))
        return "wire form reads back differently";
    keccak256(wire, bytes, hash);
    return !is_hex(entry, "dns", wire, bytes) ? "dns" : !is_hex(entry, "dnsKeccak", hash, sizeof hash) ? "dnsKeccak" : NULL;
}

static void run_case(const struct vector_json *entry, const struct vector_json *name, struct vector_score *score)
{
    char normal[NAME_ROOM], number[NUMBER_ROOM];
    uint8_t hash[NAMEHASH_BYTES], label_hash[NAMEHASH_BYTES];
    size_t length = 0;
    const char *token = vector_json_text(entry, "tokenId"), *wrong = NULL;
    if (label_name_from_text(slice_of(name->text, name->length), true, normal, sizeof normal, &length, NULL) != OK) {
        vector_fail(score, name->text, "not taken as a name");
        return;
    }
    struct slice whole = slice_of(normal, length);
    const char *dot = memchr(normal, '.', length);
    if (namehash_name(whole, true, hash) != OK) {
        vector_fail(score, name->text, "no hash");
        return;
    }
    namehash_label(slice_of(normal, dot ? (size_t)(dot - normal) : length), label_hash);
    print_decimal(hash, number);
    if (!is_hex(entry, "namehash", hash, sizeof hash) || !is_hex(entry, "expected", hash, sizeof hash))
        wrong = "namehash";
    else if (!is_hex(entry, "labelhash", label_hash, sizeof label_hash))
        wrong = "labelhash";
    else if (token && strcmp(token, number) != 0)
        wrong = "tokenId";
    else
        wrong = check_wire(entry, whole);
    vector_count(score, !wrong, name->text, wrong ? wrong : "");
}

int run_namehash(const char *text, size_t bytes, struct vector_score *score)
{
    struct vector_json *file = vector_json_parse(text, bytes);
    const struct vector_json *list = file && file->kind == VECTOR_OBJECT ? vector_json_get(file, "vectors") : file;
    int status = list && list->kind == VECTOR_ARRAY ? 0 : -1;
    for (const struct vector_json *entry = status == 0 ? list->first : NULL; entry && status == 0; entry = entry->next) {
        const struct vector_json *name = vector_json_get(entry, "name");
        if (!name || name->kind != VECTOR_TEXT || (!vector_json_text(entry, "namehash") && !vector_json_text(entry, "expected")))
            status = -1;
        else
            run_case(entry, name, score);
    }
    vector_json_free(file);
    return status;
}
