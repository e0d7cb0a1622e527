/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: fields of well-known ones, and what must not be read.  The published files run in run-vectors. */
#include "unit.h"
#include "base/base.h"
#include "crypto/address.h"
#include "ethereum/transaction.h"

static size_t octets(const char *hex, uint8_t *out, size_t room)
{
    size_t length = 0;
    if (hex_decode(slice_string(hex), out, room, &length) != OK)
        fail_msg("'%s' is not hexadecimal", hex);
    return length;
}

static void check_number(struct u256 have, const char *want, const char *label)
{
    char buffer[U256_TEXT_ROOM];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    u256_print(&text, have);
    CHECK_STRING(buffer, want, label);
}

/* The example of EIP-155. */
#define LEGACY_UNSIGNED "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
#define LEGACY "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025" \
    "a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276" \
    "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
#define LEGACY_DIGEST "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
#define LEGACY_HASH "33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788"

static void legacy(void **state)
{
    (void)state;
    uint8_t data[256], again[256], digest[32];
    struct transaction transaction;
    struct ecdsa_signature signature;
    struct eth_word word;
    struct eth_address sender;
    char printed[EIP55_TEXT_ROOM];
    struct u256 cost;
    size_t bytes = octets(LEGACY, data, sizeof data), length = 0;
    assert_int_equal(transaction_read(data, bytes, &transaction, &signature), OK);
    assert_int_equal(transaction.kind, TRANSACTION_LEGACY);
    assert_int_equal(transaction.chain, 1);
    assert_false(transaction.creates);
    check_number(transaction.nonce, "9", "nonce");
    check_number(transaction.gas_price, "20000000000", "gas price");
    check_number(transaction.gas_limit, "21000", "gas limit");
    check_number(transaction.value, "1000000000000000000", "value");
    assert_int_equal(transaction.data_bytes, 0);
    assert_int_equal(signature.recovery, 0);
    assert_false(transaction_cost_most(&transaction, &cost));
    check_number(cost, "1000420000000000000", "cost");
    assert_int_equal(transaction_digest(&transaction, &word), OK);
    octets(LEGACY_DIGEST, digest, sizeof digest);
    assert_memory_equal(word.octets, digest, 32);
    assert_int_equal(transaction_hash(&transaction, &signature, &word), OK);
    octets(LEGACY_HASH, digest, sizeof digest);
    assert_memory_equal(word.octets, digest, 32);
    assert_int_equal(transaction_sender(&transaction, &signature, &sender), OK);
    assert_string_equal(eip55_print(sender.octets, printed), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    assert_int_equal(transaction_write(&transaction, &signature, again, bytes - 1, &length), E_NO_SPACE);
    assert_int_equal(length, bytes);
    assert_int_equal(transaction_write(&transaction, &signature, again, bytes, &length), OK);
    assert_memory_equal(again, data, bytes);
    bytes = octets(LEGACY_UNSIGNED, data, sizeof data);
    assert_int_equal(transaction_write(&transaction, NULL, again, sizeof again, &length), OK);
    assert_int_equal(length, bytes);
    assert_memory_equal(again, data, bytes);
    struct transaction other;
    assert_int_equal(transaction_read_unsigned(data, bytes, &other), OK);
    assert_int_equal(other.chain, 1);
    assert_int_equal(transaction_write(&other, NULL, again, sizeof again, &length), OK);
    assert_memory_equal(again, data, bytes);
}

#define R "a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
#define S "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
#define TO "943535353535353535353535353535353535353535"

static const struct { const char *label, *hex; enum status want; } refused[] = {
    { "nothing", "", E_TRUNCATED },
    { "cut by one", "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025" R
      "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d", E_TRUNCATED },
    { "an octet behind", LEGACY "00", E_BAD_FORMAT },
    { "unsigned where signed is due", LEGACY_UNSIGNED, E_BAD_FORMAT },
    { "v of 29", "f86c098504a817c80082520894353535353535353535353535353535353535353588" "0de0b6b3a7640000801d" R S, E_BAD_FORMAT },
    { "v of 35, chain 0", "f86c098504a817c80082520894353535353535353535353535353535353535353588" "0de0b6b3a76400008023" R S, E_BAD_FORMAT },
    { "nonce with a leading zero", "f86e820009" "8504a817c800825208" TO "880de0b6b3a76400008025" R S, E_BAD_FORMAT },
    { "to of 19 octets", "f86b098504a817c8008252089335353535353535353535353535353535353535" "880de0b6b3a76400008025" R S, E_BAD_FORMAT },
    { "a string", "83646f67", E_BAD_FORMAT },
    { "kind 3", "03c0", E_UNSUPPORTED },
    { "kind 0", "00c0", E_UNSUPPORTED },
    { "kind 2, no list", "0280", E_BAD_FORMAT },
    { "kind 2, empty list", "02c0", E_TRUNCATED },
    { "kind 2, parity 2", "02cc80808080808080" "80c0" "028080", E_BAD_FORMAT },
    { "kind 2, one item too many", "02cd80808080808080" "80c0" "01808080", E_BAD_FORMAT },
    { "kind 2, access list is a string", "02cc80808080808080" "8080" "018080", E_BAD_FORMAT },
    { "kind 2, access entry with one item", "02e3" "8080808080808080" "d6" "d5" TO "808080", E_TRUNCATED },
    { "kind 2, short slot", "02e5" "8080808080808080" "d9" "d8" TO "c281ff" "808080", E_BAD_FORMAT },
};

static void refusals(void **state)
{
    (void)state;
    static uint8_t large[TRANSACTION_BYTES_MAX + 1];
    struct transaction transaction = { .chain = 77 };
    struct ecdsa_signature signature = { .recovery = 7 };
    for (size_t i = 0; i < LENGTH_OF(refused); i++) {
        uint8_t data[256];
        size_t bytes = octets(refused[i].hex, data, sizeof data);
        CHECK_EQUAL(transaction_read(data, bytes, &transaction, &signature), refused[i].want, refused[i].label);
        CHECK_EQUAL(transaction.chain, 77, refused[i].label);
        CHECK_EQUAL(signature.recovery, 7, refused[i].label);
    }
    assert_int_equal(transaction_read(large, sizeof large, &transaction, &signature), E_LIMIT);
    assert_int_equal(transaction_write(&(struct transaction){ .chain = UINT64_MAX / 2 }, &(struct ecdsa_signature){ .recovery = 0 },
                                       large, sizeof large, &(size_t){ 0 }), E_RANGE);
    signature.recovery = 2;
    assert_int_equal(transaction_write(&(struct transaction){ .chain = 1 }, &signature, large, sizeof large, &(size_t){ 0 }), E_RANGE);
    struct eth_word word;
    fault_after(1);
    assert_int_equal(transaction_digest(&(struct transaction){ .chain = 1 }, &word), E_NOMEM);
    fault_after(0);
}

/* Everything largest, with an access list, in both typed kinds. */
static void typed(void **state)
{
    (void)state;
    static const uint8_t data[] = "\xf1\x4f\xcb\xc8 and more";
    uint8_t access[512], octets_out[1024], again[1024];
    struct eth_word slots[3] = { { { 1 } }, { { 2 } }, { { 3 } } };
    struct eth_address address = { { 0xaa } };
    struct rlp_writer writer = rlp_writer_of(access, sizeof access);
    transaction_access_add(&writer, &address, slots, 3);
    transaction_access_add(&writer, &address, NULL, 0);
    struct u256 most = u256_from_u64(0);
    assert_true(u256_subtract(most, u256_from_u64(1), &most));
    for (unsigned kind = 0; kind <= 2; kind++) {
        struct transaction transaction = { .kind = (enum transaction_kind)kind, .chain = 11155111, .nonce = most, .gas_limit = most,
            .value = most, .gas_price = most, .priority_fee = most, .most_fee = most, .to = address, .data = data,
            .data_bytes = sizeof data, .access = access, .access_bytes = writer.length }, read;
        struct ecdsa_signature signature = { .r = { 5 }, .s = { 0, 6 }, .recovery = 1 }, found;
        struct u256 cost;
        size_t length = 0, length_again = 0;
        assert_true(transaction_cost_most(&transaction, &cost));
        assert_int_equal(transaction_write(&transaction, &signature, octets_out, sizeof octets_out, &length), OK);
        assert_int_equal(transaction_read(octets_out, length, &read, &found), OK);
        assert_int_equal(read.kind, kind);
        assert_int_equal(read.chain, 11155111);
        assert_memory_equal(&found, &signature, sizeof found);
        assert_int_equal(read.access_bytes, kind == 0 ? 0 : writer.length);
        assert_int_equal(transaction_write(&read, &found, again, sizeof again, &length_again), OK);
        assert_int_equal(length_again, length);
        assert_memory_equal(again, octets_out, length);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_not_equal(transaction_read(octets_out, cut, &read, &found), OK);
        assert_int_equal(transaction_write(&transaction, NULL, octets_out, sizeof octets_out, &length), OK);
        assert_int_equal(transaction_read_unsigned(octets_out, length, &read), OK);
        assert_int_equal(read.chain, 11155111);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(legacy), cmocka_unit_test(refusals), cmocka_unit_test(typed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
