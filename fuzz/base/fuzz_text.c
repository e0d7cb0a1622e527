/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from text and printed reads back the same: codecs, numbers, addresses, prefixes. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum status decoder(struct slice text, uint8_t *out, size_t room, size_t *length);

/* A decoded text is the only spelling of its octets, but for the case of letters. */
static void decode_both_ways(struct slice input, decoder *decode, void (*encode)(struct text *, const uint8_t *, size_t))
{
    uint8_t *bytes = mem_alloc(input.length), *back = mem_alloc(input.length);
    size_t length, back_length;
    if (bytes && back && decode(input, bytes, input.length, &length) == OK) {
        struct text text;
        text_growing(&text);
        encode(&text, bytes, length);
        require(text.length == input.length);
        require(decode(slice_of(text.data, text.length), back, input.length, &back_length) == OK);
        require(back_length == length && memcmp(back, bytes, length) == 0);
        text_clear(&text);
    }
    mem_free(bytes);
    mem_free(back);
}

static void add_hex(struct text *text, const uint8_t *bytes, size_t count) { text_add_hex(text, bytes, count, false); }

static void addresses_both_ways(struct slice input)
{
    struct endpoint endpoint, again;
    struct prefix prefix;
    char room[ENDPOINT_TEXT_ROOM];
    if (endpoint_parse(input, 53, &endpoint) == OK) {
        require(endpoint_parse(slice_string(endpoint_print(&endpoint, room)), 1, &again) == OK);
        require(address_equal(&again.address, &endpoint.address));
        require(again.port == endpoint.port && again.scope == endpoint.scope);
    }
    if (prefix_parse(input, &prefix) == OK) {
        require(prefix_contains(&prefix, &prefix.address));
        struct address masked = address_mask(prefix.address, prefix.bits);
        require(address_equal(&masked, &prefix.address));
    }
}

static void numbers_keep_to_their_range(struct slice input)
{
    uint64_t value;
    if (text_read_u64(input, 1000, &value) == OK)
        require(value <= 1000);
    if (text_read_bytes(input, UINT32_MAX, &value) == OK)
        require(value <= UINT32_MAX);
    if (text_read_duration_ms(input, 1000000, &value) == OK)
        require(value <= 1000000);
}

/* A JSON string has no raw control octet and no quote that ends it early. */
static void json_stays_within_its_quotes(struct slice input)
{
    char *string = mem_alloc(input.length + 1);
    if (!string)
        return;
    if (input.length)
        memcpy(string, input.data, input.length);
    struct text text;
    text_growing(&text);
    text_add_json(&text, string);
    require(text.length >= 2 && text.data[0] == '"' && text.data[text.length - 1] == '"');
    for (size_t i = 1; i + 1 < text.length; i++) {
        require((uint8_t)text.data[i] >= 0x20 && text.data[i] != '"');
        i += text.data[i] == '\\';
    }
    text_clear(&text);
    mem_free(string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of((const char *)data, size);
    decode_both_ways(input, hex_decode, add_hex);
    decode_both_ways(input, base64_decode, text_add_base64);
    decode_both_ways(input, base32hex_decode, text_add_base32hex);
    addresses_both_ways(input);
    numbers_keep_to_their_range(input);
    json_stays_within_its_quotes(input);
    return 0;
}
