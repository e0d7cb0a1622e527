/* SPDX-License-Identifier: Apache-2.0 */
#include "names/uns_selectors.h"
#include "names/uns_write.h"

#include <string.h>

#include "ethereum/abi.h"
#include "names/contenthash.h"
#include "names/uns_records.h"

enum { PAIRS_MAX = 2 * WRITE_CHANGES_MAX };

struct pairs { struct write_changes *changes; struct slice keys[PAIRS_MAX], values[PAIRS_MAX]; size_t count; };

static enum status keep(struct pairs *p, struct text *key, struct text *value)
{
    bool full = key->full || value->full;
    char *k = full ? NULL : arena_copy(p->changes->arena, key->length > 0 ? key->data : "", key->length + (key->length == 0));
    char *v = full ? NULL : arena_copy(p->changes->arena, value->length > 0 ? value->data : "", value->length + (value->length == 0));
    if (p->count < PAIRS_MAX && k != NULL && v != NULL) {
        p->keys[p->count] = slice_of(k, key->length);
        p->values[p->count] = slice_of(v, value->length);
    }
    bool limit = p->count == PAIRS_MAX;
    p->count += !limit;
    text_clear(key);
    text_clear(value);
    return k == NULL || v == NULL ? E_NOMEM : limit ? E_LIMIT : OK;
}

static enum status pair(struct pairs *p, const char *key, struct slice value)
{
    struct text k, v;
    text_growing(&k);
    text_growing(&v);
    text_add(&k, key);
    text_add_bytes(&v, value.data, value.length);
    return keep(p, &k, &v);
}

/* Under the key that is looked for first: an older one that stays there would count more than what is written now. */
static enum status coin_pair(struct pairs *p, const struct write_change *change)
{
    char keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM];
    size_t count = change->coin == UINT64_MAX ? 0 : uns_coin_keys(change->coin, keys);
    enum status st = OK;
    for (size_t i = 0; i < count && st == OK; i++)
        if (i == 0 || strncmp(keys[i], "crypto.", 7) == 0)      /* and under the one of old, which others look for */
            st = pair(p, keys[i], change->text);
    if (count > 0)
        return st;
    struct text k, v;
    text_growing(&k);
    text_growing(&v);
    text_add(&k, "crypto.");
    for (size_t i = 0; i < change->key.length; i++) {
        char c = change->key.data[i];
        text_add_char(&k, c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
    }
    text_add(&k, ".address");
    text_add_bytes(&v, change->text.data, change->text.length);
    return keep(p, &k, &v);
}

static enum status content_pairs(struct pairs *p, const struct write_change *change, struct text *why)
{
    static const char ipfs[] = "ipfs://";
    struct text text;
    text_growing(&text);
    enum status st = OK;
    if (change->value.length > 0) {
        st = contenthash_print((const uint8_t *)change->value.data, change->value.length, &text);
        bool fits = st == OK && text.length > strlen(ipfs) && strncmp(text.data, ipfs, strlen(ipfs)) == 0;
        if (!fits) {
            text_add(why, "content of this system is on IPFS: contenthash=ipfs://CID");
            text_clear(&text);
            return E_UNSUPPORTED;
        }
    }
    struct slice cid = change->value.length == 0 ? slice_of("", 0) : slice_of(text.data + strlen(ipfs), text.length - strlen(ipfs));
    st = pair(p, "dweb.ipfs.hash", cid);
    if (st == OK)
        st = pair(p, "ipfs.html.value", cid);
    text_clear(&text);
    return st;
}

/* An RRset, from its first record on; *next is behind it. */
static enum status set_pairs(struct pairs *p, size_t first, size_t *next)
{
    const struct write_changes *changes = p->changes;
    const struct write_record *r = &changes->records[first];
    const struct rdata_style style = { 0 };
    struct text key, value, rdata;
    size_t i = first;
    text_growing(&key);
    text_growing(&value);
    text_add(&key, "dns.");
    type_print(&key, r->type);
    if (!r->remove)
        text_add_char(&value, '[');
    for (; i < changes->record_count && changes->records[i].type == r->type && name_equal(changes->records[i].owner, r->owner); i++) {
        if (r->remove)
            continue;
        text_growing(&rdata);
        rdata_print(&rdata, r->type, 1, (const uint8_t *)changes->records[i].rdata.data, changes->records[i].rdata.length, &style);
        text_add(&value, i > first ? "," : "");
        text_add_json(&value, rdata.full ? "" : rdata.data);
        text_clear(&rdata);
    }
    if (!r->remove)
        text_add_char(&value, ']');
    *next = i;
    enum status st = keep(p, &key, &value);
    if (st != OK)
        return st;
    text_growing(&key);
    text_growing(&value);
    text_add(&key, "dns.");
    type_print(&key, r->type);
    text_add(&key, ".ttl");
    if (!r->remove)
        text_add_u64(&value, r->ttl);
    return keep(p, &key, &value);
}

static enum status record_pairs(struct pairs *p, struct name_view name, struct text *why)
{
    enum status st = OK;
    write_records_sort(p->changes);
    for (size_t i = 0; i < p->changes->record_count && st == OK;) {
        if (!name_equal(p->changes->records[i].owner, name)) {
            text_add(why, "this system keeps DNS records of the name itself only, none of names below it");
            return E_UNSUPPORTED;
        }
        st = set_pairs(p, i, &i);
    }
    return st;
}

static void strings(struct abi_writer *w, const struct slice *list, size_t count)
{
    struct abi_writer element = abi_write_array(w, count, 1);
    for (size_t i = 0; i < count; i++)
        abi_write_bytes(&element, list[i]);
}

enum status uns_write_records(struct write_changes *changes, const struct eth_word *token, struct name_view name, struct text *out, struct text *why)
{
    enum status st = OK;
    struct pairs *p = arena_alloc(changes->arena, sizeof *p);
    if (p == NULL)
        return E_NOMEM;
    p->changes = changes;
    if (changes->new_resolver) {
        text_add(why, "names of this system have no resolver of their own");
        return E_UNSUPPORTED;
    }
    for (size_t i = 0; i < changes->count && st == OK; i++) {
        const struct write_change *change = &changes->list[i];
        char *key = change->kind != WRITE_TEXT ? NULL : arena_alloc(changes->arena, change->key.length + 1);
        if (change->kind == WRITE_COIN)
            st = coin_pair(p, change);
        else if (change->kind == WRITE_CONTENT)
            st = content_pairs(p, change, why);
        else if (key == NULL)
            st = E_NOMEM;
        else
            st = pair(p, memcpy(key, change->key.data, change->key.length), change->value);
    }
    if (st == OK)
        st = record_pairs(p, name, why);
    if (st != OK)
        return st;
    struct abi_writer w = abi_writer_call(out, UNS_SET_MANY, 3);
    strings(&w, p->keys, p->count);
    strings(&w, p->values, p->count);
    abi_write_word(&w, token);
    return out->full ? E_NOMEM : OK;
}

void uns_write_set_owner(const struct eth_address *owner, const struct eth_word *token, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, UNS_SET_OWNER, 2);
    abi_write_address(&w, owner);
    abi_write_word(&w, token);
}

void uns_write_primary(struct slice name, struct text *out)
{
    struct slice labels[128];
    size_t count = 0;
    for (size_t at = 0; at < name.length && count < LENGTH_OF(labels);) {
        const char *dot = memchr(name.data + at, '.', name.length - at);
        size_t length = dot == NULL ? name.length - at : (size_t)(dot - name.data) - at;
        labels[count++] = slice_of(name.data + at, length);
        at += length + 1;
    }
    struct abi_writer w = abi_writer_call(out, UNS_SET_REVERSE, 1);
    strings(&w, labels, count);
}
