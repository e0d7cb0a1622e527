/* SPDX-License-Identifier: Apache-2.0 */
#include "ethereum/proof.h"

#include "crypto/keccak.h"
#include "ethereum/rlp.h"

enum { NIBBLES = 64, BRANCH_ITEMS = 17, VALUE_BYTES_MAX = 256 };

/* The only node of a trie without keys. */
static const uint8_t empty_trie[] = { 0x80 };

/* A walk from the root towards a key. */
struct walk {
    struct eth_word key;                /* hashed */
    unsigned depth;                     /* nibbles gone */
    struct eth_word expected;           /* hash of the next node */
    bool ended;                         /* the key is there, or proven not to be */
    const uint8_t *value;               /* NULL = it is not; borrowed from the node */
    size_t value_bytes;
};

static unsigned nibble_of(const struct walk *w, unsigned index)
{
    uint8_t octet = w->key.octets[index / 2];
    return index % 2 ? octet & 15 : octet >> 4;
}

static void end_without(struct walk *w)
{
    w->ended = true;
    w->value = NULL;
}

static enum status walk_node(struct walk *w, struct rlp_reader items, unsigned nested);

/* Goes on to a child: nowhere, by hash, or a small node inside of this one. */
static enum status walk_child(struct walk *w, const struct rlp_item *child, unsigned nested)
{
    if (child->list)
        return nested < NIBBLES ? walk_node(w, rlp_reader_list(child), nested + 1) : E_INVALID;
    if (child->bytes == 0) {
        end_without(w);
        return OK;
    }
    if (child->bytes != sizeof w->expected)
        return E_INVALID;
    memcpy(w->expected.octets, child->data, sizeof w->expected);
    return OK;
}

/* Hex-prefix coding (appendix C): a flag nibble, one to fill up when it is odd, then the path. */
static enum status walk_path(struct walk *w, const struct rlp_item *path, const struct rlp_item *next, unsigned nested)
{
    if (path->list || path->bytes == 0 || path->bytes > 1 + NIBBLES / 2 || path->data[0] >> 4 > 3)
        return E_INVALID;
    bool leaf = path->data[0] >> 4 & 2, odd = path->data[0] >> 4 & 1;
    unsigned count = (unsigned)(path->bytes - 1) * 2 + odd, first = odd ? 1 : 2;
    if ((!odd && path->data[0] & 15) || count > NIBBLES - w->depth || (leaf && count != NIBBLES - w->depth) || (!leaf && count == 0))
        return E_INVALID;               /* all keys have one length */
    for (unsigned i = 0; i < count; i++) {
        unsigned at = first + i, nibble = at % 2 ? path->data[at / 2] & 15 : path->data[at / 2] >> 4;
        if (nibble != nibble_of(w, w->depth + i)) {
            end_without(w);             /* another key begins here, and ours would have to */
            return OK;
        }
    }
    w->depth += count;
    if (!leaf)
        return walk_child(w, next, nested);
    if (next->list || next->bytes == 0)
        return E_INVALID;
    w->ended = true;
    w->value = next->data;
    w->value_bytes = next->bytes;
    return OK;
}

static enum status walk_node(struct walk *w, struct rlp_reader items, unsigned nested)
{
    struct rlp_item item[BRANCH_ITEMS];
    size_t count = 0;
    for (; !rlp_reader_done(&items); count++)
        if (count == BRANCH_ITEMS || rlp_read(&items, &item[count]) != OK)
            return E_INVALID;
    if (count == 2)
        return walk_path(w, &item[0], &item[1], nested);
    if (count != BRANCH_ITEMS || w->depth == NIBBLES)
        return E_INVALID;
    return walk_child(w, &item[nibble_of(w, w->depth++)], nested);
}

/* @param out  the RLP of what is there; *bytes 0 = it is proven that nothing is */
static enum status walk_proof(const struct eth_word *root, const void *key, size_t key_bytes, struct json_view nodes, uint8_t out[VALUE_BYTES_MAX], size_t *bytes)
{
    struct walk w = { .expected = *root };
    struct eth_word hash;
    keccak256(key, key_bytes, w.key.octets);
    *bytes = 0;
    if (json_kind(nodes) != JSON_ARRAY)
        return E_INVALID;
    if (json_count(nodes, PROOF_NODES_MAX + 1) > PROOF_NODES_MAX)
        return E_LIMIT;
    if (json_count(nodes, 1) == 0) {
        keccak256(empty_trie, sizeof empty_trie, hash.octets);
        return eth_word_equal(root, &hash) ? OK : E_INVALID;
    }
    for (struct json_walk j = json_walk(nodes); json_step(&j);) {
        uint8_t node[PROOF_NODE_BYTES_MAX];
        size_t length;
        struct rlp_reader reader, items;
        enum status st = w.ended ? E_INVALID : json_hex_bytes(j.value, node, sizeof node, &length);
        if (st != OK)
            return st == E_NO_SPACE ? E_LIMIT : E_INVALID;
        keccak256(node, length, hash.octets);
        reader = rlp_reader_of(node, length);
        if (!eth_word_equal(&hash, &w.expected))
            return E_INVALID;
        if (length == sizeof empty_trie && node[0] == empty_trie[0]) {
            end_without(&w);            /* some nodes tell the empty trie as one node */
            continue;
        }
        if (rlp_check(node, length) != OK || rlp_read_list(&reader, &items) != OK || walk_node(&w, items, 0) != OK)
            return E_INVALID;
        if (w.ended && w.value) {
            if (w.value_bytes > VALUE_BYTES_MAX)
                return E_LIMIT;
            memcpy(out, w.value, *bytes = w.value_bytes);
        }
    }
    return w.ended ? OK : E_INVALID;
}

enum status proof_account(const struct eth_word *state_root, const struct eth_address *address, struct json_view nodes, struct proven_account *out)
{
    uint8_t value[VALUE_BYTES_MAX];
    size_t bytes;
    struct proven_account account = { .exists = false };
    enum status st = walk_proof(state_root, address->octets, sizeof address->octets, nodes, value, &bytes);
    if (st != OK)
        return st;
    keccak256(empty_trie, sizeof empty_trie, account.storage_root.octets);
    keccak256("", 0, account.code_hash.octets);
    if (bytes) {
        struct rlp_reader reader = rlp_reader_of(value, bytes), items;
        struct u256 nonce, balance;
        account.exists = true;
        if (rlp_check(value, bytes) != OK || rlp_read_list(&reader, &items) != OK || rlp_read_u256(&items, &nonce) != OK || rlp_read_u256(&items, &balance) != OK ||
            rlp_read_fixed(&items, account.storage_root.octets, 32) != OK || rlp_read_fixed(&items, account.code_hash.octets, 32) != OK || !rlp_reader_done(&items))
            return E_INVALID;
    }
    *out = account;
    return OK;
}

enum status proof_slot(const struct eth_word *storage_root, const struct eth_word *slot, struct json_view nodes, struct eth_word *out)
{
    uint8_t value[VALUE_BYTES_MAX];
    size_t bytes, length;
    const uint8_t *octets;
    struct eth_word word = { { 0 } };
    enum status st = walk_proof(storage_root, slot->octets, sizeof slot->octets, nodes, value, &bytes);
    if (st != OK)
        return st;
    if (bytes) {
        struct rlp_reader reader = rlp_reader_of(value, bytes);
        /* Numbers have no zeros in front.  A zero itself is not kept, but the trie of Anvil has leaves of nothing for slots that were written
         * once: under an agreed root they can mean one thing only. */
        if (rlp_read_string(&reader, &octets, &length) != OK || !rlp_reader_done(&reader) || length > sizeof word || (length > 0 && octets[0] == 0))
            return E_INVALID;
        if (length > 0)
            memcpy(word.octets + sizeof word - length, octets, length);
    }
    *out = word;
    return OK;
}

struct eth_word registry_slot(const struct eth_word *node, bool second)
{
    uint8_t place[64] = { 0 };          /* the mapping `records` is slot 0 */
    struct eth_word slot;
    memcpy(place, node->octets, 32);
    keccak256(place, sizeof place, slot.octets);
    for (size_t i = sizeof slot; second && i-- > 0 && ++slot.octets[i] == 0;)
        ;
    return slot;
}
