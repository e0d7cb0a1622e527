/* SPDX-License-Identifier: Apache-2.0 */
/* Kind address: { vectors: [{ coin, coinType, text, hex, canonical? }] }, and { valid: [EIP-55 texts], invalid?: [...] }. */
#include "names/coin.h"
#include "vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The published file has one text that is JavaScript which nobody ran: `${2n ** 32n - 1n}` is the number 2^32-1. */
static void expand(const char *text, char *out, size_t room)
{
    size_t length = 0;
    out[0] = 0;
    while (*text && length + 24 < room) {
        unsigned power;
        int used = 0;
        if (sscanf(text, "${2n ** %un - 1n}%n", &power, &used) == 1 && used && power > 0 && power <= 64) {
            length += (size_t)snprintf(out + length, room - length, "%" PRIu64, UINT64_MAX >> (64 - power));
            text += used;
        } else {
            out[length++] = *text++;
            out[length] = 0;
        }
    }
}

static void run_pair(const struct vector_json *vector, struct vector_score *score)
{
    const char *type = vector_json_text(vector, "coinType"), *given = vector_json_text(vector, "text");
    const char *hex = vector_json_text(vector, "hex"), *canonical = vector_json_text(vector, "canonical");
    uint8_t stored[COIN_BYTES_MAX], bytes[COIN_BYTES_MAX];
    char text[COIN_TEXT_MAX], want[COIN_TEXT_MAX], room[COIN_TEXT_MAX];
    size_t length, bytes_length = 0;
    struct text out;
    if (!type || !given || !hex || strlen(given) >= sizeof text || !vector_hex(hex, stored, sizeof stored, &length)) {
        vector_fail(score, given, "a vector of unknown form");
        return;
    }
    uint64_t coin = strtoull(type, NULL, 10);
    expand(given, text, sizeof text);
    expand(canonical ? canonical : text, want, sizeof want);
    text_fixed(&out, room, sizeof room);
    enum status status = coin_parse(coin, slice_string(text), bytes, &bytes_length);
    if (status != OK || bytes_length != length || memcmp(bytes, stored, length) != 0) {
        vector_fail(score, vector_json_text(vector, "coin"), "%s is not read as %s (%s)", text, hex, status_text(status));
        return;
    }
    status = coin_print(coin, stored, length, &out);
    if (status != OK || strcmp(room, want) != 0)
        vector_fail(score, vector_json_text(vector, "coin"), "%s is written as %s, not %s", hex,
                    status == OK ? room : status_text(status), want);
    else
        vector_pass(score);
}

static void run_checksum(const struct vector_json *text, bool valid, struct vector_score *score)
{
    uint8_t bytes[COIN_BYTES_MAX];
    size_t length;
    char room[COIN_TEXT_MAX];
    struct text out;
    text_fixed(&out, room, sizeof room);
    bool good = text->text && coin_parse(COIN_ETH, slice_string(text->text), bytes, &length) == OK;
    if (good && valid)
        good = coin_print(COIN_ETH, bytes, length, &out) == OK && strcmp(room, text->text) == 0;
    vector_count(score, good == valid, text->text, valid ? "is refused or written otherwise" : "is taken");
}

int run_address(const char *text, size_t bytes, struct vector_score *score)
{
    struct vector_json *root = vector_json_parse(text, bytes);
    const struct vector_json *vectors = vector_json_get(root, "vectors"), *valid = vector_json_get(root, "valid");
    const struct vector_json *invalid = vector_json_get(root, "invalid");
    for (const struct vector_json *v = vectors ? vectors->first : NULL; v; v = v->next)
        run_pair(v, score);
    for (const struct vector_json *v = valid ? valid->first : NULL; v; v = v->next)
        run_checksum(v, true, score);
    for (const struct vector_json *v = invalid ? invalid->first : NULL; v; v = v->next)
        run_checksum(v, false, score);
    int status = vectors || valid || invalid ? 0 : -1;
    vector_json_free(root);
    return status;
}
