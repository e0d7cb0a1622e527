/* SPDX-License-Identifier: Apache-2.0 */
#include "names/ens_write.h"

#include <string.h>

#include "crypto/keccak.h"
#include "ethereum/abi.h"
#include "names/ens_selectors.h"
#include "names/namehash.h"

enum {
    MAKE_2025 = 0xcf7d6e01, MAKE_2023 = 0x65a69dcf, MAKE_2020 = 0xf49826be, MAKE_2020_CONFIG = 0x3d86c52f,
    REGISTER_2025 = 0xef9c8805, REGISTER_2023 = 0x74694a2b, REGISTER_2020 = 0x85f6d155, REGISTER_2020_CONFIG = 0xf7a16963,
    RENEW = 0xacf1a841, RENEW_2025 = 0x18026ad1, COMMIT = 0xf14fcbc8,
    TRANSFER_721 = 0x42842e0e, TRANSFER_1155 = 0xf242432a, SUBNODE_WRAPPED = 0x24c1af44, SET_PRIMARY = 0xc47f0027
};

static void bytes_list(struct abi_writer *writer, const struct slice *list, size_t count)
{
    struct abi_writer element = abi_write_array(writer, count, 1);
    for (size_t i = 0; i < count; i++)
        abi_write_bytes(&element, list[i]);
}

/* ---- registering ---- */

static void struct_2025(const struct ens_registration *r, struct abi_writer *writer)
{
    struct abi_writer w = abi_write_tuple(writer, 8);
    abi_write_bytes(&w, r->label);
    abi_write_address(&w, &r->owner);
    abi_write_u64(&w, r->seconds);
    abi_write_word(&w, &r->secret);
    abi_write_address(&w, &r->resolver);
    bytes_list(&w, r->records, r->record_count);
    abi_write_u64(&w, r->primary);
    abi_write_word(&w, &r->referrer);
}

/* What comes behind the label, or its hash. */
static void rest_2023(const struct ens_registration *r, struct abi_writer *w)
{
    abi_write_address(w, &r->owner);
    abi_write_u64(w, r->seconds);
    abi_write_word(w, &r->secret);
    abi_write_address(w, &r->resolver);
    bytes_list(w, r->records, r->record_count);
    abi_write_bool(w, r->primary != 0);
    abi_write_u64(w, r->fuses);
}

static bool plain_2020(const struct ens_registration *r)
{
    return eth_address_is_zero(&r->resolver) && eth_address_is_zero(&r->address);
}

static void commitment_2020(const struct ens_registration *r, struct eth_word *out)
{
    uint8_t label[NAMEHASH_BYTES];
    struct keccak256 state;
    namehash_label(r->label, label);
    keccak256_init(&state);
    keccak256_add(&state, label, sizeof label);
    keccak256_add(&state, r->owner.octets, sizeof r->owner.octets);
    if (!plain_2020(r)) {
        keccak256_add(&state, r->resolver.octets, sizeof r->resolver.octets);
        keccak256_add(&state, r->address.octets, sizeof r->address.octets);
    }
    keccak256_add(&state, r->secret.octets, sizeof r->secret.octets);
    keccak256_end(&state, out->octets);
}

enum status ens_commitment(const struct ens_registration *r, struct eth_word *out)
{
    struct text text;
    struct eth_word label;
    if (r->controller == ENS_CONTROLLER_2020) {
        commitment_2020(r, out);
        return OK;
    }
    text_growing(&text);
    struct abi_writer w = abi_writer_of(&text, r->controller == ENS_CONTROLLER_2025 ? 1 : 8);
    if (r->controller == ENS_CONTROLLER_2025) {
        struct_2025(r, &w);
    } else {
        namehash_label(r->label, label.octets);
        abi_write_word(&w, &label);
        rest_2023(r, &w);
    }
    enum status st = text.full ? E_NOMEM : OK;
    if (st == OK)
        keccak256(text.data, text.length, out->octets);
    text_clear(&text);
    return st;
}

void ens_write_make_commitment(const struct ens_registration *r, struct text *out)
{
    struct abi_writer w;
    if (r->controller == ENS_CONTROLLER_2025) {
        w = abi_writer_call(out, MAKE_2025, 1);
        struct_2025(r, &w);
    } else if (r->controller == ENS_CONTROLLER_2023) {
        w = abi_writer_call(out, MAKE_2023, 8);
        abi_write_bytes(&w, r->label);
        rest_2023(r, &w);
    } else {
        bool plain = plain_2020(r);
        w = abi_writer_call(out, plain ? MAKE_2020 : MAKE_2020_CONFIG, plain ? 3 : 5);
        abi_write_bytes(&w, r->label);
        abi_write_address(&w, &r->owner);
        abi_write_word(&w, &r->secret);
        if (!plain) {
            abi_write_address(&w, &r->resolver);
            abi_write_address(&w, &r->address);
        }
    }
}

void ens_write_commit(const struct eth_word *commitment, struct text *out)
{
    ens_write_word(COMMIT, commitment, out);
}

void ens_write_register(const struct ens_registration *r, struct text *out)
{
    struct abi_writer w;
    if (r->controller == ENS_CONTROLLER_2025) {
        w = abi_writer_call(out, REGISTER_2025, 1);
        struct_2025(r, &w);
    } else if (r->controller == ENS_CONTROLLER_2023) {
        w = abi_writer_call(out, REGISTER_2023, 8);
        abi_write_bytes(&w, r->label);
        rest_2023(r, &w);
    } else {
        bool plain = plain_2020(r);
        w = abi_writer_call(out, plain ? REGISTER_2020 : REGISTER_2020_CONFIG, plain ? 4 : 6);
        abi_write_bytes(&w, r->label);
        abi_write_address(&w, &r->owner);
        abi_write_u64(&w, r->seconds);
        abi_write_word(&w, &r->secret);
        if (!plain) {
            abi_write_address(&w, &r->resolver);
            abi_write_address(&w, &r->address);
        }
    }
}

void ens_write_renew(enum ens_controller controller, struct slice label, uint64_t seconds, const struct eth_word *referrer, struct text *out)
{
    bool struct_form = controller == ENS_CONTROLLER_2025;
    struct abi_writer w = abi_writer_call(out, struct_form ? RENEW_2025 : RENEW, struct_form ? 3 : 2);
    abi_write_bytes(&w, label);
    abi_write_u64(&w, seconds);
    if (struct_form)
        abi_write_word(&w, referrer);
}

/* ---- questions ---- */

void ens_write_word(uint32_t selector, const struct eth_word *word, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, selector, 1);
    abi_write_word(&w, word);
}

void ens_write_words(uint32_t selector, const struct eth_word *a, const struct eth_word *b, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, selector, 2);
    abi_write_word(&w, a);
    abi_write_word(&w, b);
}

void ens_write_label(uint32_t selector, struct slice label, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, selector, 1);
    abi_write_bytes(&w, label);
}

void ens_write_label_seconds(uint32_t selector, struct slice label, uint64_t seconds, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, selector, 2);
    abi_write_bytes(&w, label);
    abi_write_u64(&w, seconds);
}

struct eth_word ens_word_of_address(const struct eth_address *address)
{
    struct eth_word word = { { 0 } };
    memcpy(word.octets + 12, address->octets, sizeof address->octets);
    return word;
}

/* ---- records ---- */

static enum status keep(struct write_changes *changes, struct text *text, struct slice *out)
{
    void *copy = text->full ? NULL : arena_copy(changes->arena, text->data, text->length);
    *out = slice_of(copy, text->length);
    text_clear(text);
    return copy == NULL ? E_NOMEM : OK;
}

static enum status change_call(struct write_changes *changes, const struct write_change *change, const struct eth_word *node, struct slice *out)
{
    struct text text;
    struct abi_writer w;
    text_growing(&text);
    switch (change->kind) {
    case WRITE_TEXT:
        w = abi_writer_call(&text, ENS_SET_TEXT, 3);
        abi_write_word(&w, node);
        abi_write_bytes(&w, change->key);
        abi_write_bytes(&w, change->value);
        break;
    case WRITE_COIN:
        w = abi_writer_call(&text, ENS_SET_ADDR_COIN, 3);
        abi_write_word(&w, node);
        abi_write_u64(&w, change->coin);
        abi_write_bytes(&w, change->value);
        break;
    default:
        w = abi_writer_call(&text, ENS_SET_CONTENTHASH, 2);
        abi_write_word(&w, node);
        abi_write_bytes(&w, change->value);
        break;
    }
    return keep(changes, &text, out);
}

enum status ens_write_records(struct write_changes *changes, const struct eth_word *node, struct slice calls[ENS_CALLS_MAX], size_t *count)
{
    size_t n = 0;
    enum status st = OK;
    struct text blob, text;
    for (size_t i = 0; i < changes->count && st == OK; i++)
        st = change_call(changes, &changes->list[i], node, &calls[n++]);
    if (st == OK && changes->record_count > 0) {
        text_growing(&blob);
        text_growing(&text);
        st = write_records_blob(changes, &blob);
        struct abi_writer w = abi_writer_call(&text, ENS_SET_DNS_RECORDS, 2);
        abi_write_word(&w, node);
        abi_write_bytes(&w, slice_of(blob.data, blob.length));
        if (st == OK)
            st = keep(changes, &text, &calls[n++]);
        text_clear(&text);
        text_clear(&blob);
    }
    if (st == OK)
        *count = n;
    return st;
}

void ens_write_multicall(const struct slice *calls, size_t count, struct text *out)
{
    if (count == 1) {
        text_add_bytes(out, calls[0].data, calls[0].length);
        return;
    }
    struct abi_writer w = abi_writer_call(out, ENS_MULTICALL, 1);
    bytes_list(&w, calls, count);
}

void ens_write_multicall_checked(const struct eth_word *node, const struct slice *calls, size_t count, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, ENS_MULTICALL_CHECKED, 2);
    abi_write_word(&w, node);
    bytes_list(&w, calls, count);
}

/* ---- owners ---- */

void ens_write_set_resolver(const struct eth_word *node, const struct eth_address *resolver, struct text *out)
{
    struct eth_word word = ens_word_of_address(resolver);
    ens_write_words(ENS_SET_RESOLVER, node, &word, out);
}

void ens_write_set_owner(const struct eth_word *node, const struct eth_address *owner, struct text *out)
{
    struct eth_word word = ens_word_of_address(owner);
    ens_write_words(ENS_SET_OWNER, node, &word, out);
}

void ens_write_reclaim(const struct eth_word *token, const struct eth_address *owner, struct text *out)
{
    struct eth_word word = ens_word_of_address(owner);
    ens_write_words(ENS_RECLAIM, token, &word, out);
}

void ens_write_transfer_721(const struct eth_address *from, const struct eth_address *to, const struct eth_word *token, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, TRANSFER_721, 3);
    abi_write_address(&w, from);
    abi_write_address(&w, to);
    abi_write_word(&w, token);
}

void ens_write_transfer_1155(const struct eth_address *from, const struct eth_address *to, const struct eth_word *token, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, TRANSFER_1155, 5);
    abi_write_address(&w, from);
    abi_write_address(&w, to);
    abi_write_word(&w, token);
    abi_write_u64(&w, 1);
    abi_write_bytes(&w, slice_of("", 0));
}

void ens_write_subname(const struct eth_word *parent, const struct eth_word *label_hash, const struct eth_address *owner,
                       const struct eth_address *resolver, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, ENS_SET_SUBNODE_RECORD, 5);
    abi_write_word(&w, parent);
    abi_write_word(&w, label_hash);
    abi_write_address(&w, owner);
    abi_write_address(&w, resolver);
    abi_write_u64(&w, 0);
}

void ens_write_subname_wrapped(const struct eth_word *parent, struct slice label, const struct eth_address *owner,
                               const struct eth_address *resolver, uint64_t expiry, struct text *out)
{
    struct abi_writer w = abi_writer_call(out, SUBNODE_WRAPPED, 7);
    abi_write_word(&w, parent);
    abi_write_bytes(&w, label);
    abi_write_address(&w, owner);
    abi_write_address(&w, resolver);
    abi_write_u64(&w, 0);
    abi_write_u64(&w, 0);
    abi_write_u64(&w, expiry);
}

void ens_write_primary(struct slice name, struct text *out)
{
    ens_write_label(SET_PRIMARY, name, out);
}
