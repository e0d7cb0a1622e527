/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: each one of the file is built from its fields, signed with its key and compared octet by octet, then read
 * back.  Two forms: legacy (unsigned and signed, before EIP-155 and for chain 5) and typed (name, address, key, signed). */
#include "vectors.h"

#include "base/base.h"
#include "crypto/address.h"
#include "crypto/secp256k1.h"
#include "ethereum/transaction.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 256 << 10 };

struct bench {                      /* room for one case */
    const char *label;
    uint8_t key[32], address[20];
    struct transaction transaction;
    uint8_t data[ROOM], access[ROOM], want[ROOM], have[ROOM];
};

/* A quantity as these files spell them: "0x", "0x05", "12", 12, or absent. */
static bool get_number(const struct vector_json *fields, const char *key, struct u256 *out)
{
    const char *text = vector_json_text(fields, key);
    *out = u256_from_u64(0);
    if (!text || strcmp(text, "0x") == 0 || strcmp(text, "") == 0)
        return true;
    return u256_parse(slice_string(text), out) == OK;
}

static bool get_octets(const struct vector_json *fields, const char *key, uint8_t *out, size_t room, size_t *bytes)
{
    const char *text = vector_json_text(fields, key);
    *bytes = 0;
    return !text || vector_hex(text, out, room, bytes);
}

static bool get_access(const struct vector_json *list, struct bench *bench)
{
    struct rlp_writer writer = rlp_writer_of(bench->access, ROOM);
    for (const struct vector_json *entry = list ? list->first : NULL; entry; entry = entry->next) {
        const struct vector_json *slots = vector_json_get(entry, "storageKeys");
        const char *text = vector_json_text(entry, "address");
        struct eth_word words[256];
        struct eth_address address;
        size_t count = 0, bytes = 0;
        if (entry->kind == VECTOR_ARRAY) {          /* [address, [slot ...]] */
            text = entry->first ? entry->first->text : NULL;
            slots = entry->first ? entry->first->next : NULL;
        }
        if (!text || !vector_hex(text, address.octets, 20, &bytes) || bytes != 20)
            return false;
        for (const struct vector_json *slot = slots ? slots->first : NULL; slot; slot = slot->next)
            if (count == LENGTH_OF(words) || !slot->text || !vector_hex(slot->text, words[count++].octets, 32, &bytes) || bytes != 32)
                return false;
        transaction_access_add(&writer, &address, words, count);
    }
    bench->transaction.access = bench->access;
    bench->transaction.access_bytes = writer.length;
    return !rlp_writer_full(&writer);
}

static bool get_fields(const struct vector_json *fields, struct bench *bench)
{
    struct transaction *transaction = &bench->transaction;
    struct u256 kind, chain;
    size_t bytes = 0;
    *transaction = (struct transaction){ .data = bench->data };
    bool good = get_number(fields, "type", &kind) && get_number(fields, "chainId", &chain) &&
                get_number(fields, "nonce", &transaction->nonce) && get_number(fields, "gasLimit", &transaction->gas_limit) &&
                get_number(fields, "value", &transaction->value) && get_number(fields, "gasPrice", &transaction->gas_price) &&
                get_number(fields, "maxFeePerGas", &transaction->most_fee) &&
                get_number(fields, "maxPriorityFeePerGas", &transaction->priority_fee) &&
                get_octets(fields, "data", bench->data, ROOM, &transaction->data_bytes) &&
                get_octets(fields, "to", transaction->to.octets, 20, &bytes) && (bytes == 0 || bytes == 20) &&
                u256_fits_u64(chain) && u256_fits_u64(kind) && kind.limb[0] <= 2;
    if (!good)
        return false;
    transaction->kind = (enum transaction_kind)kind.limb[0];
    transaction->chain = chain.limb[0];
    transaction->creates = bytes == 0;
    return get_access(vector_json_get(fields, "accessList"), bench);
}

static bool equals(struct bench *bench, const struct ecdsa_signature *signature, const char *want)
{
    size_t bytes = 0, length = 0;
    return vector_hex(want, bench->want, ROOM, &bytes) &&
           transaction_write(&bench->transaction, signature, bench->have, ROOM, &length) == OK && length == bytes &&
           memcmp(bench->want, bench->have, length) == 0;
}

/* What is in `want` now, read and written again; and who signed it. */
static bool reads_back(struct bench *bench, size_t bytes)
{
    struct transaction again;
    struct ecdsa_signature signature;
    struct eth_address sender;
    size_t length = 0;
    return transaction_read(bench->want, bytes, &again, &signature) == OK &&
           transaction_write(&again, &signature, bench->have, ROOM, &length) == OK && length == bytes &&
           memcmp(bench->have, bench->want, bytes) == 0 && transaction_sender(&again, &signature, &sender) == OK &&
           memcmp(sender.octets, bench->address, 20) == 0;
}

/* NULL when all is as the file says, else what is not. */
static const char *check_one(struct bench *bench, const char *unsigned_text, const char *signed_text)
{
    struct eth_word digest;
    struct ecdsa_signature signature;
    if (unsigned_text && !equals(bench, NULL, unsigned_text))
        return "what is signed differs";
    if (transaction_digest(&bench->transaction, &digest) != OK || ecdsa_sign(bench->key, digest.octets, &signature) != OK)
        return "it cannot be signed";
    if (!equals(bench, &signature, signed_text))
        return "what is sent differs";
    return reads_back(bench, (strlen(signed_text) - 2) / 2) ? NULL : "it does not read back";
}

static const char *check_key(const struct vector_json *test, struct bench *bench)
{
    uint8_t address[20];
    size_t bytes = 0;
    const char *key = vector_json_text(test, "key"), *account = vector_json_text(test, "address");
    key = key ? key : vector_json_text(test, "privateKey");
    account = account ? account : vector_json_text(test, "accountAddress");
    account = account ? account : vector_json_text(test, "from");
    if (!key || !vector_hex(key, bench->key, sizeof bench->key, &bytes) || bytes != 32)
        return "no key";
    if (ecdsa_key_address(bench->key, bench->address) != OK)
        return "the key is none";
    if (account && (!vector_hex(account, address, sizeof address, &bytes) || memcmp(address, bench->address, 20) != 0))
        return "the key has another address";
    return NULL;
}

static const char *check_legacy(const struct vector_json *test, struct bench *bench)
{
    const char *plain = vector_json_text(test, "signedTransaction"), *five = vector_json_text(test, "signedTransactionChainId5");
    const char *wrong = get_fields(test, bench) ? NULL : "fields that make no sense";
    if (!wrong && plain)
        wrong = check_one(bench, vector_json_text(test, "unsignedTransaction"), plain);
    bench->transaction.chain = 5;
    if (!wrong && five)
        wrong = check_one(bench, vector_json_text(test, "unsignedTransactionChainId5"), five);
    return wrong;
}

/* The fields stand in `tx`; where they are left out, they are those of the signed transaction itself. */
static const char *check_typed(const struct vector_json *test, struct bench *bench)
{
    const struct vector_json *fields = vector_json_get(test, "tx");
    const char *text = vector_json_text(test, "signed"), *unsigned_text = vector_json_text(test, "unsigned");
    struct ecdsa_signature signature;
    size_t bytes = 0;
    if (!text)
        return "no signed transaction";
    if (fields && !get_fields(fields, bench))
        return "fields that make no sense";
    if (fields && !vector_json_get(fields, "type") && strlen(text) > 4 && text[2] == '0')
        bench->transaction.kind = text[3] == '2' ? TRANSACTION_FEE_MARKET : TRANSACTION_ACCESS_LIST;
    if (fields)
        return check_one(bench, unsigned_text, text);
    if (!vector_hex(text, bench->access, ROOM, &bytes) || transaction_read(bench->access, bytes, &bench->transaction, &signature) != OK)
        return "it cannot be read";
    return check_one(bench, unsigned_text, text);
}

int run_transactions(const char *text, size_t bytes, struct vector_score *score)
{
    struct vector_json *all = vector_json_parse(text, bytes);
    struct bench *bench = calloc(1, sizeof *bench);
    const struct vector_json *list = all;
    if (all && all->kind == VECTOR_OBJECT)
        list = vector_json_get(all, "signing");
    int status = bench && list && list->kind == VECTOR_ARRAY && list->first ? 0 : -1;
    for (const struct vector_json *test = status == 0 ? list->first : NULL; test; test = test->next) {
        const char *name = vector_json_text(test, "name"), *wrong = check_key(test, bench);
        if (!wrong)
            wrong = vector_json_text(test, "signed") ? check_typed(test, bench) : check_legacy(test, bench);
        vector_count(score, !wrong, name ? name : "a transaction", wrong ? wrong : "");
    }
    free(bench);
    vector_json_free(all);
    return status;
}
