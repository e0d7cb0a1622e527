/* SPDX-License-Identifier: Apache-2.0 */
#include "names/uns_records.h"

#include "json/pull.h"
#include "names/coin.h"
#include "names/contenthash.h"

#include <ctype.h>
#include <stdio.h>

enum { VALUE_HEAD = 6, SET_MAX_BYTES = 60000 /* of records as they are told: more does not fit a message */, TTL_MAX = 0x7fffffff };

/* ---- time to live ---- */

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* A whole number and nothing else but blanks around it; too large and too small ones are held to the limits. */
static bool read_integer(struct slice text, uint32_t *out)
{
    const char *at = text.data, *end = text.data + text.length;
    uint64_t value = 0;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    if (at == end)
        return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        value = value > TTL_MAX ? value : value * 10 + (uint64_t)(*at - '0');
    }
    if (value == 0)
        return false;
    *out = negative ? 0 : value > TTL_MAX ? TTL_MAX : (uint32_t)value;
    return true;
}

uint32_t uns_ttl(struct slice of_type, struct slice of_all)
{
    uint32_t ttl;
    return read_integer(of_type, &ttl) || read_integer(of_all, &ttl) ? ttl : UNS_TTL_DEFAULT;
}

/* ---- DNS records ---- */

struct reading {
    uint16_t type;
    uint32_t ttl;
    char *text;             /* of one record */
    uint8_t *rdata;         /* room for RDATA_MAX_BYTES */
    uint8_t *out;           /* room for SET_MAX_BYTES */
    size_t length, count;
    const char *wrong;
};

static bool is_plain_text(const char *text, size_t length) { return !memchr(text, '"', length) && !memchr(text, '\\', length); }

/* One text as strings of at most 255 octets. */
static enum status write_text(const char *text, size_t length, uint8_t *out, size_t *size)
{
    enum { STRING = 255 };
    size_t at = 0;
    if (length + length / STRING + 2 > RDATA_MAX_BYTES)
        return E_NO_SPACE;
    for (size_t from = 0; from == 0 || from < length; from += STRING) {
        size_t part = length - from < STRING ? length - from : STRING;
        out[at++] = (uint8_t)part;
        memcpy(out + at, text + from, part);
        at += part;
    }
    *size = at;
    return OK;
}

static enum status read_one(struct reading *r, struct json_view value)
{
    size_t length, size;
    enum status status = json_text_copy(value, r->text, UNS_JSON_MAX_BYTES + 1, &length);
    if (status != OK || memchr(r->text, 0, length)) {
        r->wrong = "a record that is no text";
        return E_BAD_FORMAT;
    }
    r->text[length] = 0;
    if (r->type == TYPE_TXT && is_plain_text(r->text, length))
        status = write_text(r->text, length, r->rdata, &size);
    else
        status = rdata_parse_line(r->type, CLASS_IN, r->text, name_root, r->rdata, RDATA_MAX_BYTES, &size, NULL);
    if (status == E_NOMEM)
        return status;
    if (status != OK) {
        r->wrong = "record data that does not fit its type";
        return E_BAD_FORMAT;
    }
    if (++r->count > UNS_RECORDS_MAX || r->length + VALUE_HEAD + size > SET_MAX_BYTES) {
        r->wrong = "more records than a message can hold";
        return E_BAD_FORMAT;
    }
    put_u32(r->out + r->length, r->ttl);
    put_u16(r->out + r->length + 4, (uint16_t)size);
    memcpy(r->out + r->length + VALUE_HEAD, r->rdata, size);
    r->length += VALUE_HEAD + size;
    return OK;
}

static bool is_array_of_strings(struct json_view value)
{
    if (json_kind(value) != JSON_ARRAY)
        return false;
    for (struct json_walk w = json_walk(value); json_step(&w); )
        if (json_kind(w.value) != JSON_STRING)
            return false;
    return true;
}

static bool is_single(uint16_t type) { return type == TYPE_CNAME || type == TYPE_DNAME || type == TYPE_SOA; }

static enum status read_all(struct reading *r, struct json_view value)
{
    for (struct json_walk w = json_walk(value); json_step(&w); ) {
        enum status status = read_one(r, w.value);
        if (status != OK)
            return status;
    }
    if (r->count > 1 && is_single(r->type)) {
        r->wrong = "several records of a type that has one";
        return E_BAD_FORMAT;
    }
    return OK;
}

enum status uns_records_read(struct slice json, uint16_t type, uint32_t ttl, struct arena *arena, struct slice *out, const char **wrong)
{
    struct json_view value;
    if (json_read(json.data, json.length, UNS_JSON_MAX_BYTES, &value) != OK) {
        *wrong = json.length > UNS_JSON_MAX_BYTES ? "more records than a message can hold" : "DNS records that are not JSON";
        return E_BAD_FORMAT;
    }
    if (!is_array_of_strings(value) || json_count(value, 1) == 0) {
        *out = slice_of(NULL, 0);
        return OK;
    }
    struct reading r = { .type = type, .ttl = ttl, .text = mem_room(UNS_JSON_MAX_BYTES + 1), .rdata = mem_room(RDATA_MAX_BYTES), .out = mem_room(SET_MAX_BYTES) };
    enum status status = r.text && r.rdata && r.out ? read_all(&r, value) : E_NOMEM;
    const char *copy = status == OK ? arena_copy(arena, r.out, r.length) : NULL;
    mem_free(r.text);
    mem_free(r.rdata);
    mem_free(r.out);
    if (status == OK && !copy)
        status = E_NOMEM;
    if (status == OK)
        *out = slice_of(copy, r.length);
    else if (status == E_BAD_FORMAT)
        *wrong = r.wrong;
    return status;
}

/* ---- content ---- */

static bool begins(struct slice text, const char *with) { return text.length >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0; }

enum status uns_content_read(struct slice text, struct arena *arena, struct slice *out)
{
    static const char *const known[] = { "ipfs://", "ipns://", "/ipfs/", "/ipns/" };
    uint8_t octets[CONTENT_BYTES_MAX];
    char room[CONTENT_TEXT_MAX + 8];
    struct text whole;
    size_t length;
    bool bare = true;
    while (text.length > 0 && is_blank(text.data[0]))
        text = slice_of(text.data + 1, text.length - 1);
    while (text.length > 0 && (is_blank(text.data[text.length - 1]) || text.data[text.length - 1] == '/'))
        text.length--;
    for (size_t i = 0; i < LENGTH_OF(known); i++)
        bare = bare && !begins(text, known[i]);
    text_fixed(&whole, room, sizeof room);
    text_add(&whole, bare ? "ipfs://" : "");
    text_add_bytes(&whole, text.data, text.length);
    if (text.length == 0 || whole.full || contenthash_parse(slice_of(whole.data, whole.length), octets, &length) != OK || length == 0)
        return E_BAD_FORMAT;
    const char *copy = arena_copy(arena, octets, length);
    if (!copy)
        return E_NOMEM;
    *out = slice_of(copy, length);
    return OK;
}

/* ---- addresses of coins ---- */

/* Networks that the ProxyReader counts as EVM, and their own coin: token keys from the particular to the general, the older key in between. */
static const struct { uint64_t coin; const char *network, *token, *older; } evm[] = {
    { COIN_ETH, "ETH", "ETH", "crypto.ETH.address" },
    { COIN_EVM_DEFAULT + 137, "MATIC", "MATIC", "crypto.MATIC.version.MATIC.address" },
    { COIN_EVM_DEFAULT + 8453, "BASE", "ETH", NULL },
};

static size_t evm_keys(size_t index, char keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM])
{
    size_t count = 0;
    snprintf(keys[count++], UNS_COIN_KEY_ROOM, "token.EVM.%s.%s.address", evm[index].network, evm[index].token);
    if (evm[index].older)
        snprintf(keys[count++], UNS_COIN_KEY_ROOM, "%s", evm[index].older);
    snprintf(keys[count++], UNS_COIN_KEY_ROOM, "token.EVM.%s.address", evm[index].network);
    snprintf(keys[count++], UNS_COIN_KEY_ROOM, "token.EVM.address");
    return count;
}

size_t uns_coin_keys(uint64_t coin, char keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM])
{
    const struct coin *known = coin_find(coin);
    for (size_t i = 0; i < LENGTH_OF(evm); i++)
        if (evm[i].coin == coin)
            return evm_keys(i, keys);
    if (coin == COIN_EVM_DEFAULT) {
        snprintf(keys[0], UNS_COIN_KEY_ROOM, "token.EVM.address");
        return 1;
    }
    if (!known)
        return 0;
    int length = snprintf(keys[0], UNS_COIN_KEY_ROOM, "crypto.%s.address", known->name);
    if (length <= 0 || length >= UNS_COIN_KEY_ROOM)
        return 0;
    for (char *at = keys[0] + strlen("crypto."); *at && *at != '.'; at++)
        *at = (char)toupper((unsigned char)*at);
    return 1;
}

/* Parts of these keys are in capitals, but for the words that say what they are. */
static bool is_word(const char *part, size_t length)
{
    static const char *const words[] = { "crypto", "token", "dns", "address", "version", "ttl" };
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        if (strlen(words[i]) == length && memcmp(part, words[i], length) == 0)
            return true;
    return false;
}

bool uns_other_key(struct slice key, char out[UNS_OTHER_KEY_ROOM])
{
    if (key.length >= UNS_OTHER_KEY_ROOM || (!begins(key, "crypto.") && !begins(key, "token.") && !begins(key, "dns.")) || memchr(key.data, 0, key.length))
        return false;
    memcpy(out, key.data, key.length);
    out[key.length] = 0;
    for (char *part = out; *part; ) {
        size_t length = strcspn(part, ".");
        bool capital = !is_word(part, length);
        for (size_t i = 0; i < length && capital; i++)
            part[i] = (char)toupper((unsigned char)part[i]);
        part += length + (part[length] == '.');
    }
    return memcmp(out, key.data, key.length) != 0;
}
