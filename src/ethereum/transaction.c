/* SPDX-License-Identifier: Apache-2.0 */
#include "ethereum/transaction.h"
#include "base/arena.h"
#include "crypto/keccak.h"

#include <string.h>

enum { V_OLD = 27, V_CHAIN = 35, TYPED_MAX = 0x7f };     /* v of a legacy signature: 27 + recovery, or 35 + recovery + 2 chain (EIP-155) */

void transaction_access_add(struct rlp_writer *writer, const struct eth_address *address, const struct eth_word *slots, size_t count)
{
    size_t entry = rlp_list_begin(writer);
    rlp_write_string(writer, address->octets, sizeof address->octets);
    size_t list = rlp_list_begin(writer);
    for (size_t i = 0; i < count; i++)
        rlp_write_string(writer, slots[i].octets, sizeof slots[i].octets);
    rlp_list_end(writer, list);
    rlp_list_end(writer, entry);
}

/* ---- writing ---- */

static void write_signature(struct rlp_writer *writer, uint64_t v, const struct ecdsa_signature *signature)
{
    rlp_write_u64(writer, v);
    rlp_write_u256(writer, u256_read(signature->r, sizeof signature->r));
    rlp_write_u256(writer, u256_read(signature->s, sizeof signature->s));
}

/* gas limit, to, value, data: the same in every kind. */
static void write_body(struct rlp_writer *writer, const struct transaction *transaction)
{
    rlp_write_u256(writer, transaction->gas_limit);
    rlp_write_string(writer, transaction->to.octets, transaction->creates ? 0 : sizeof transaction->to.octets);
    rlp_write_u256(writer, transaction->value);
    rlp_write_string(writer, transaction->data, transaction->data_bytes);
}

static void write_legacy(struct rlp_writer *writer, const struct transaction *transaction, const struct ecdsa_signature *signature)
{
    size_t list = rlp_list_begin(writer);
    rlp_write_u256(writer, transaction->nonce);
    rlp_write_u256(writer, transaction->gas_price);
    write_body(writer, transaction);
    if (signature) {
        uint64_t base = transaction->chain ? V_CHAIN + 2 * transaction->chain : V_OLD;
        write_signature(writer, base + signature->recovery, signature);
    } else if (transaction->chain) {
        rlp_write_u64(writer, transaction->chain);
        rlp_write_u64(writer, 0);
        rlp_write_u64(writer, 0);
    }
    rlp_list_end(writer, list);
}

static void write_typed(struct rlp_writer *writer, const struct transaction *transaction, const struct ecdsa_signature *signature)
{
    const uint8_t kind = (uint8_t)transaction->kind;
    rlp_write_whole(writer, &kind, 1);
    size_t list = rlp_list_begin(writer);
    rlp_write_u64(writer, transaction->chain);
    rlp_write_u256(writer, transaction->nonce);
    if (transaction->kind == TRANSACTION_FEE_MARKET) {
        rlp_write_u256(writer, transaction->priority_fee);
        rlp_write_u256(writer, transaction->most_fee);
    } else {
        rlp_write_u256(writer, transaction->gas_price);
    }
    write_body(writer, transaction);
    size_t access = rlp_list_begin(writer);
    rlp_write_whole(writer, transaction->access, transaction->access_bytes);
    rlp_list_end(writer, access);
    if (signature)
        write_signature(writer, signature->recovery, signature);
    rlp_list_end(writer, list);
}

enum status transaction_write(const struct transaction *transaction, const struct ecdsa_signature *signature, uint8_t *out,
                              size_t room, size_t *length)
{
    struct rlp_writer writer = rlp_writer_of(out, room);
    if (signature && signature->recovery > 1)
        return E_RANGE;
    switch (transaction->kind) {
    case TRANSACTION_LEGACY:
        if (transaction->chain > (UINT64_MAX - V_CHAIN - 1) / 2)
            return E_RANGE;
        write_legacy(&writer, transaction, signature);
        break;
    case TRANSACTION_ACCESS_LIST:
    case TRANSACTION_FEE_MARKET:
        write_typed(&writer, transaction, signature);
        break;
    default:
        return E_RANGE;
    }
    *length = writer.length;
    return rlp_writer_full(&writer) ? E_NO_SPACE : OK;
}

static enum status hash_written(const struct transaction *transaction, const struct ecdsa_signature *signature, struct eth_word *out)
{
    size_t length = 0;
    enum status status = transaction_write(transaction, signature, NULL, 0, &length);
    if (status != E_NO_SPACE)
        return status;
    uint8_t *octets = mem_room(length);
    if (!octets)
        return E_NOMEM;
    status = transaction_write(transaction, signature, octets, length, &length);
    if (status == OK)
        keccak256(octets, length, out->octets);
    mem_free(octets);
    return status;
}

enum status transaction_digest(const struct transaction *transaction, struct eth_word *out)
{
    return hash_written(transaction, NULL, out);
}

enum status transaction_hash(const struct transaction *transaction, const struct ecdsa_signature *signature, struct eth_word *out)
{
    return hash_written(transaction, signature, out);
}

/* ---- reading ---- */

static enum status read_body(struct rlp_reader *items, struct transaction *out)
{
    const uint8_t *to = NULL;
    size_t to_bytes = 0;
    enum status status = rlp_read_u256(items, &out->gas_limit);
    if (status == OK)
        status = rlp_read_string(items, &to, &to_bytes);
    if (status == OK)
        status = rlp_read_u256(items, &out->value);
    if (status == OK)
        status = rlp_read_string(items, &out->data, &out->data_bytes);
    if (status != OK)
        return status;
    if (to_bytes != 0 && to_bytes != sizeof out->to.octets)
        return E_BAD_FORMAT;
    out->creates = to_bytes == 0;
    memcpy(out->to.octets, to, to_bytes);
    return OK;
}

static enum status read_r_and_s(struct rlp_reader *items, struct ecdsa_signature *signature)
{
    struct u256 r, s;
    enum status status = rlp_read_u256(items, &r);
    if (status == OK)
        status = rlp_read_u256(items, &s);
    if (status != OK)
        return status;
    u256_write(r, signature->r);
    u256_write(s, signature->s);
    return OK;
}

/* v says which chain: 27 and 28 none, 35 and up every other one. */
static enum status read_v(struct rlp_reader *items, uint64_t *chain, uint8_t *recovery)
{
    uint64_t v;
    enum status status = rlp_read_u64(items, &v);
    if (status != OK)
        return status;
    bool old = v == V_OLD || v == V_OLD + 1;
    if (!old && v < V_CHAIN + 2)
        return E_BAD_FORMAT;
    *chain = old ? 0 : (v - V_CHAIN) / 2;
    *recovery = (uint8_t)(old ? v - V_OLD : (v - V_CHAIN) % 2);
    return OK;
}

/* The chain that an unsigned one is for, with two zeros behind it; nothing before EIP-155. */
static enum status read_chain(struct rlp_reader *items, uint64_t *chain)
{
    uint64_t zero[2];
    *chain = 0;
    if (rlp_reader_done(items))
        return OK;
    enum status status = rlp_read_u64(items, chain);
    for (size_t i = 0; status == OK && i < 2; i++)
        status = rlp_read_u64(items, &zero[i]);
    if (status != OK)
        return status;
    return *chain == 0 || *chain > (UINT64_MAX - V_CHAIN - 1) / 2 || zero[0] != 0 || zero[1] != 0 ? E_BAD_FORMAT : OK;
}

static enum status read_legacy(struct rlp_reader *items, struct transaction *out, struct ecdsa_signature *signature)
{
    enum status status = rlp_read_u256(items, &out->nonce);
    if (status == OK)
        status = rlp_read_u256(items, &out->gas_price);
    if (status == OK)
        status = read_body(items, out);
    if (status == OK)
        status = signature ? read_v(items, &out->chain, &signature->recovery) : read_chain(items, &out->chain);
    if (status == OK && signature)
        status = read_r_and_s(items, signature);
    return status;
}

/* Pairs of an address and a list of slots. */
static enum status read_access(struct rlp_reader *items, struct transaction *out)
{
    struct rlp_reader entries, entry, slots;
    struct eth_address address;
    struct eth_word slot;
    enum status status = rlp_read_list(items, &entries);
    if (status != OK)
        return status;
    out->access = entries.at;
    out->access_bytes = entries.left;
    while (status == OK && !rlp_reader_done(&entries)) {
        status = rlp_read_list(&entries, &entry);
        if (status == OK)
            status = rlp_read_fixed(&entry, address.octets, sizeof address.octets);
        if (status == OK)
            status = rlp_read_list(&entry, &slots);
        while (status == OK && !rlp_reader_done(&slots))
            status = rlp_read_fixed(&slots, slot.octets, sizeof slot.octets);
        if (status == OK && !rlp_reader_done(&entry))
            status = E_BAD_FORMAT;
    }
    return status;
}

static enum status read_typed(struct rlp_reader *items, struct transaction *out, struct ecdsa_signature *signature)
{
    uint64_t parity = 0;
    enum status status = rlp_read_u64(items, &out->chain);
    if (status == OK)
        status = rlp_read_u256(items, &out->nonce);
    if (status == OK && out->kind == TRANSACTION_FEE_MARKET) {
        status = rlp_read_u256(items, &out->priority_fee);
        if (status == OK)
            status = rlp_read_u256(items, &out->most_fee);
    } else if (status == OK) {
        status = rlp_read_u256(items, &out->gas_price);
    }
    if (status == OK)
        status = read_body(items, out);
    if (status == OK)
        status = read_access(items, out);
    if (status != OK || !signature)
        return status;
    status = rlp_read_u64(items, &parity);
    if (status == OK && parity > 1)
        status = E_BAD_FORMAT;
    signature->recovery = (uint8_t)parity;
    return status == OK ? read_r_and_s(items, signature) : status;
}

static enum status read_either(const uint8_t *data, size_t bytes, struct transaction *out, struct ecdsa_signature *signature)
{
    struct transaction transaction = { .kind = TRANSACTION_LEGACY };
    struct ecdsa_signature signed_by = { { 0 }, { 0 }, 0 };
    struct rlp_reader reader = rlp_reader_of(data, bytes), items;
    if (bytes == 0)
        return E_TRUNCATED;
    if (bytes > TRANSACTION_BYTES_MAX)
        return E_LIMIT;
    if (data[0] <= TYPED_MAX) {                     /* EIP-2718: the kind, then what the kind says */
        if (data[0] != TRANSACTION_ACCESS_LIST && data[0] != TRANSACTION_FEE_MARKET)
            return E_UNSUPPORTED;
        transaction.kind = data[0] == TRANSACTION_FEE_MARKET ? TRANSACTION_FEE_MARKET : TRANSACTION_ACCESS_LIST;
        reader = rlp_reader_of(data + 1, bytes - 1);
    }
    enum status status = rlp_read_list(&reader, &items);
    if (status == OK && !rlp_reader_done(&reader))
        status = E_BAD_FORMAT;
    if (status == OK && transaction.kind == TRANSACTION_LEGACY)
        status = read_legacy(&items, &transaction, signature ? &signed_by : NULL);
    else if (status == OK)
        status = read_typed(&items, &transaction, signature ? &signed_by : NULL);
    if (status == OK && !rlp_reader_done(&items))
        status = E_BAD_FORMAT;
    if (status != OK)
        return status;
    *out = transaction;
    if (signature)
        *signature = signed_by;
    return OK;
}

enum status transaction_read(const uint8_t *data, size_t bytes, struct transaction *out, struct ecdsa_signature *signature)
{
    return read_either(data, bytes, out, signature);
}

enum status transaction_read_unsigned(const uint8_t *data, size_t bytes, struct transaction *out)
{
    return read_either(data, bytes, out, NULL);
}

enum status transaction_sender(const struct transaction *transaction, const struct ecdsa_signature *signature, struct eth_address *out)
{
    struct eth_word digest;
    enum status status = transaction_digest(transaction, &digest);
    return status == OK ? ecdsa_recover_address(signature, digest.octets, out->octets) : status;
}

bool transaction_cost_most(const struct transaction *transaction, struct u256 *out)
{
    struct u256 price = transaction->kind == TRANSACTION_FEE_MARKET ? transaction->most_fee : transaction->gas_price;
    struct u256 gas;
    bool over = u256_multiply(transaction->gas_limit, price, &gas);
    return u256_add(gas, transaction->value, out) || over;
}
