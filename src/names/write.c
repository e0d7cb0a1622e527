/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be changed of a name, out of KEY=VALUE. */
#include "names/write.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/address.h"
#include "names/coin.h"
#include "names/contenthash.h"

enum { CLASS_INTERNET = 1, STRING_MAX = 255, RDATA_ROOM = 65535 };

enum status write_changes_init(struct write_changes *changes, struct arena *arena)
{
    *changes = (struct write_changes){ .arena = arena };
    changes->list = arena_alloc(arena, WRITE_CHANGES_MAX * sizeof *changes->list);
    changes->records = arena_alloc(arena, WRITE_RECORDS_MAX * sizeof *changes->records);
    return changes->list != NULL && changes->records != NULL ? OK : E_NOMEM;
}

bool write_changes_empty(const struct write_changes *changes)
{
    return changes->count == 0 && changes->record_count == 0 && !changes->primary && !changes->new_resolver;
}

static enum status slice_copy(struct write_changes *changes, struct slice from, struct slice *out)
{
    const char *copy = from.length == 0 ? "" : arena_copy(changes->arena, from.data, from.length);
    if (copy == NULL)
        return E_NOMEM;
    *out = slice_of(copy, from.length);
    return OK;
}

static enum status add(struct write_changes *changes, enum write_change_kind kind, struct slice key, uint64_t coin, struct slice value, struct slice text)
{
    if (changes->count == WRITE_CHANGES_MAX)
        return E_LIMIT;
    struct write_change *change = &changes->list[changes->count];
    *change = (struct write_change){ .kind = kind, .coin = coin };
    enum status st = slice_copy(changes, key, &change->key);
    if (st == OK)
        st = slice_copy(changes, value, &change->value);
    if (st == OK)
        st = slice_copy(changes, text, &change->text);
    changes->count += st == OK;
    return st;
}

enum status write_record_add(struct write_changes *changes, struct name_view owner, uint16_t type, uint32_t ttl, struct slice rdata, bool remove)
{
    if (changes->record_count == WRITE_RECORDS_MAX)
        return E_LIMIT;
    uint8_t *wire = arena_copy(changes->arena, owner.wire, owner.length);
    char *data = rdata.length == 0 ? NULL : arena_copy(changes->arena, rdata.data, rdata.length);
    if (wire == NULL || (rdata.length > 0 && data == NULL))
        return E_NOMEM;
    name_lower(wire, owner.length);
    if (data != NULL)
        rdata_canonical(type, CLASS_INTERNET, (uint8_t *)data, rdata.length);
    changes->records[changes->record_count++] = (struct write_record){
        .owner = { wire, owner.length, owner.labels }, .type = type, .ttl = ttl, .remove = remove, .rdata = slice_of(data == NULL ? "" : data, rdata.length),
    };
    return OK;
}

/* ---- KEY=VALUE ---- */

/* A TXT without quotes is one string, however many blanks it has; strings hold at most 255 octets. */
static void txt_quote(struct slice value, struct text *out)
{
    for (size_t at = 0; at < value.length || at == 0; at += STRING_MAX) {
        size_t left = value.length - at;
        if (at > 0)
            text_add_char(out, ' ');
        text_add_quoted(out, (const uint8_t *)value.data + at, left < STRING_MAX ? left : STRING_MAX);
    }
}

static void diagnostics_say(const struct diagnostics *diag, struct text *why)
{
    const struct diagnostic *d = diagnostics_kept(diag) > 0 ? diagnostics_get(diag, 0) : NULL;
    text_add(why, d != NULL ? d->text : "it does not parse");
}

static enum status record_parse(struct write_changes *changes, uint16_t type, struct slice value, struct name_view name, uint32_t ttl, struct text *why)
{
    struct text line;
    size_t length = 0;
    if (value.length == 0)
        return write_record_add(changes, name, type, 0, value, true);
    struct diagnostics *diag = diagnostics_new(1);
    uint8_t *room = mem_alloc(RDATA_ROOM);
    text_growing(&line);
    if (type == TYPE_TXT && memchr(value.data, '"', value.length) == NULL && value.data[0] != '\\')
        txt_quote(value, &line);
    else
        text_add_bytes(&line, value.data, value.length);
    enum status st = diag == NULL || room == NULL || line.full ? E_NOMEM : rdata_parse_line(type, CLASS_INTERNET, line.data, name, room, RDATA_ROOM, &length, diag);
    if (st != OK && st != E_NOMEM) {
        diagnostics_say(diag, why);
        st = E_BAD_TEXT;
    }
    if (st == OK)
        st = write_record_add(changes, name, type, ttl, slice_of((char *)room, length), false);
    text_clear(&line);
    mem_free(room);
    diagnostics_free(diag);
    return st;
}

static enum status coin_change(struct write_changes *changes, struct slice which, struct slice value, bool ens, struct text *why)
{
    uint8_t octets[COIN_BYTES_MAX];
    size_t length = 0;
    uint64_t coin = UINT64_MAX;
    enum status st = coin_find_by_name(which, &coin);
    if (st != OK && ens) {
        text_add_format(why, "there is no coin `%.*s`: a short name such as eth or btc, or its SLIP-44 number", (int)which.length, which.data);
        return E_BAD_TEXT;
    }
    if (st == OK && value.length > 0 && coin_parse(coin, value, octets, &length) != OK) {
        text_add_format(why, "`%.*s` is no address of this coin (%.*s)", (int)value.length, value.data, (int)which.length, which.data);
        return E_BAD_TEXT;
    }
    return add(changes, WRITE_COIN, which, coin, slice_of((const char *)octets, length), value);
}

static enum status content_change(struct write_changes *changes, struct slice value, struct text *why)
{
    uint8_t octets[CONTENT_BYTES_MAX];
    size_t length = 0;
    if (contenthash_parse(value, octets, &length) != OK) {
        text_add(why, "a content hash is written ipfs://CID, ipns://KEY, bzz://HEX, ar://ID, onion3://NAME or sia://LINK");
        return E_BAD_TEXT;
    }
    return add(changes, WRITE_CONTENT, slice_of("", 0), 0, slice_of((const char *)octets, length), value);
}

static enum status resolver_change(struct write_changes *changes, struct slice value, struct text *why)
{
    changes->new_resolver = true;
    memset(&changes->resolver, 0, sizeof changes->resolver);
    if (value.length == 0)
        return OK;
    enum status st = eip55_parse(value, changes->resolver.octets);
    if (st == OK)
        return OK;
    text_add(why, st == E_INVALID ? "the capital letters of the address do not fit its digits (EIP-55)" : "a resolver is an address, 0x and 40 hexadecimal digits");
    return E_BAD_TEXT;
}

static bool starts(struct slice key, const char *with)
{
    size_t length = strlen(with);
    return key.length > length && memcmp(key.data, with, length) == 0;
}

static enum status key_change(struct write_changes *changes, struct slice key, struct slice value, struct name_view name, uint32_t ttl, bool ens, struct text *why)
{
    uint16_t type;
    if (starts(key, "text."))
        return add(changes, WRITE_TEXT, slice_of(key.data + 5, key.length - 5), 0, value, value);
    if (starts(key, "addr."))
        return coin_change(changes, slice_of(key.data + 5, key.length - 5), value, ens, why);
    if (slice_is(key, "addr"))
        return coin_change(changes, slice_string("60"), value, ens, why);
    if (slice_is(key, "contenthash"))
        return content_change(changes, value, why);
    if (slice_is(key, "resolver") && ens)
        return resolver_change(changes, value, why);
    if (type_parse(key, &type) == OK && type != 0)
        return record_parse(changes, type, value, name, ttl, why);
    if (!ens && memchr(key.data, '.', key.length) != NULL)
        return add(changes, WRITE_TEXT, key, 0, value, value);
    text_add_format(why, "there is no key `%.*s`; types of the DNS (A=, TXT= ...), text.KEY=, addr.COIN=, contenthash=%s and primary are", (int)key.length, key.data, ens ? ", resolver=" : "");
    return E_BAD_TEXT;
}

enum status write_change_parse(struct write_changes *changes, struct slice argument, struct name_view name, uint32_t ttl, bool ens, struct text *why)
{
    if (slice_is(argument, "primary")) {
        changes->primary = true;
        return OK;
    }
    const char *equals = memchr(argument.data, '=', argument.length);
    if (equals == NULL || equals == argument.data) {
        text_add_format(why, "`%.*s`: KEY=VALUE or `primary` is meant", (int)argument.length, argument.data);
        return E_BAD_TEXT;
    }
    struct slice key = slice_of(argument.data, (size_t)(equals - argument.data));
    struct slice value = slice_of(equals + 1, argument.length - key.length - 1);
    enum status st = key_change(changes, key, value, name, ttl, ens, why);
    if (st == E_LIMIT)
        text_add_format(why, "more than %d changes, or %d records, at once", WRITE_CHANGES_MAX, WRITE_RECORDS_MAX);
    return st;
}

/* ---- records for the chain ---- */

static int record_order(const void *a, const void *b)
{
    const struct write_record *x = a, *y = b;
    int order = name_compare(x->owner, y->owner);
    if (order == 0)
        order = (x->type > y->type) - (x->type < y->type);
    if (order == 0)
        order = y->remove - x->remove;              /* a removal first, so that it cannot take away what follows it */
    return order != 0 ? order : rdata_compare((const uint8_t *)x->rdata.data, x->rdata.length, (const uint8_t *)y->rdata.data, y->rdata.length);
}

static bool same_set(const struct write_record *a, const struct write_record *b)
{
    return a->type == b->type && name_equal(a->owner, b->owner);
}

void write_records_sort(struct write_changes *changes)
{
    size_t kept = 0;
    qsort(changes->records, changes->record_count, sizeof *changes->records, record_order);
    for (size_t i = 0; i < changes->record_count; i++) {
        const struct write_record *r = &changes->records[i], *last = kept > 0 ? &changes->records[kept - 1] : NULL;
        bool next = i + 1 < changes->record_count && same_set(r, &changes->records[i + 1]);
        bool twice = last != NULL && same_set(r, last) && !last->remove && record_order(r, last) == 0;
        if ((r->remove && next) || twice)
            continue;                               /* an RRset that is written takes the place of the one before anyway */
        changes->records[kept++] = *r;
    }
    changes->record_count = kept;
    for (size_t i = 1; i < kept; i++)               /* one TTL for an RRset, RFC 2181 §5.2: the first */
        if (same_set(&changes->records[i - 1], &changes->records[i]))
            changes->records[i].ttl = changes->records[i - 1].ttl;
}

static void u16_add(struct text *out, unsigned number)
{
    text_add_char(out, (char)(number >> 8));
    text_add_char(out, (char)number);
}

enum status write_records_blob(struct write_changes *changes, struct text *out)
{
    size_t start = out->length;
    write_records_sort(changes);
    for (size_t i = 0; i < changes->record_count && !out->full; i++) {
        const struct write_record *r = &changes->records[i];
        text_add_bytes(out, r->owner.wire, r->owner.length);
        u16_add(out, r->type);
        u16_add(out, CLASS_INTERNET);
        u16_add(out, r->ttl >> 16);
        u16_add(out, r->ttl & 0xffff);
        u16_add(out, (unsigned)r->rdata.length);
        text_add_bytes(out, r->rdata.data, r->rdata.length);
    }
    if (out->full)
        return out->grows ? E_NOMEM : E_NO_SPACE;
    return out->length - start > WRITE_BLOB_MAX ? E_LIMIT : OK;
}
