/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that change names: hashes of commitments and calldata against ethers and the contracts (tests/data/ens/tx), records, words for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/keccak.h"
#include "names/ens_write.h"
#include "names/uns_write.h"
#include "names/namehash.h"

static struct eth_address address_of(const char *hex)
{
    struct eth_address address;
    size_t length;
    assert_int_equal(hex_decode(slice_string(hex), address.octets, sizeof address.octets, &length), OK);
    assert_int_equal(length, sizeof address.octets);
    return address;
}

static void hex_is(struct slice data, const char *want)
{
    struct text text;
    text_growing(&text);
    text_add_hex(&text, (const uint8_t *)data.data, data.length, false);
    assert_string_equal(text.data, want);
    text_clear(&text);
}

/* Inputs of tests/data/ens/tx/own-signing-and-commitments.json; the first three hashes were the contracts' own. */
static struct ens_registration alice(enum ens_controller controller)
{
    static uint8_t record[68];
    static struct slice records[1];
    size_t length;
    static const char hex[] = "d5fa2b00787192fc5378cc32aa956ddfdedbf26b24e8d78e40109add0eea2c1a012c3dec00000000000000000000000070997970c51812dc3a010c7d01b50e0d17dc79c8";
    assert_int_equal(hex_decode(slice_string(hex), record, sizeof record, &length), OK);
    records[0] = slice_of((const char *)record, length);
    struct ens_registration r = { .controller = controller, .label = slice_string("alice"), .seconds = 31536000, .records = records, .record_count = 1, .primary = 1 };
    r.owner = address_of("70997970c51812dc3a010c7d01b50e0d17dc79c8");
    r.resolver = address_of("f29100983e058b709f3d539b0c765937b804ac15");
    memset(r.secret.octets, 0x5a, sizeof r.secret.octets);
    return r;
}

static void test_commitments(void **state)
{
    static const struct { const char *label; enum ens_controller controller; bool plain; const char *want; } cases[] = {
        { "2020 without a resolver", ENS_CONTROLLER_2020, true, "fe73db6c2c31886ead5fcc89c6d3d0ee72b034c1af4c44725fcae1bdfc63e8a6" },
        { "2020 with a resolver", ENS_CONTROLLER_2020, false, "2f47b2d8c99abfa4bfe518d28eeda6be613d890a390f11f1e09af4cc09e2f494" },
        { "2023", ENS_CONTROLLER_2023, false, "c12bddfea5c53f64ff6b99bbbc1e2eadf6d18c93481fdc7326e82264daf66306" },
        { "2025", ENS_CONTROLLER_2025, false, "b5e94476505d81a0858302d5f5956a8a9f7ebb78848de651fabc13e2867a1777" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct ens_registration r = alice(cases[i].controller);
        struct eth_word got;
        if (cases[i].controller == ENS_CONTROLLER_2020) {
            r.address = r.owner;
            r.record_count = 0;
        }
        if (cases[i].plain)
            memset(&r.resolver, 0, sizeof r.resolver), memset(&r.address, 0, sizeof r.address);
        assert_int_equal(ens_commitment(&r, &got), OK);
        print_message("%s\n", cases[i].label);
        hex_is(slice_of((const char *)got.octets, 32), cases[i].want);
    }
}

/* Calldata, equal to encodeFunctionData of ethers 6. */
static void test_calldata(void **state)
{
    struct text text;
    struct eth_word zero = { { 0 } };
    (void)state;
    text_growing(&text);
    struct eth_word commitment;
    memset(commitment.octets, 0x11, sizeof commitment.octets);
    ens_write_commit(&commitment, &text);
    hex_is(slice_of(text.data, text.length), "f14fcbc81111111111111111111111111111111111111111111111111111111111111111");
    text_clear(&text);

    text_growing(&text);
    ens_write_renew(ENS_CONTROLLER_2025, slice_string("alice"), 31536000, &zero, &text);
    hex_is(slice_of(text.data, text.length), "18026ad1"
           "0000000000000000000000000000000000000000000000000000000000000060"
           "0000000000000000000000000000000000000000000000000000000001e13380"
           "0000000000000000000000000000000000000000000000000000000000000000"
           "0000000000000000000000000000000000000000000000000000000000000005"
           "616c696365000000000000000000000000000000000000000000000000000000");
    text_clear(&text);

    text_growing(&text);
    struct eth_address to = address_of("3535353535353535353535353535353535353535");
    ens_write_transfer_1155(&to, &to, &commitment, &text);
    hex_is(slice_of(text.data, text.length), "f242432a"
           "0000000000000000000000003535353535353535353535353535353535353535"
           "0000000000000000000000003535353535353535353535353535353535353535"
           "1111111111111111111111111111111111111111111111111111111111111111"
           "0000000000000000000000000000000000000000000000000000000000000001"
           "00000000000000000000000000000000000000000000000000000000000000a0"
           "0000000000000000000000000000000000000000000000000000000000000000");
    text_clear(&text);
}

/* The commitment of the struct is the hash of what makeCommitment and register get behind their selector. */
static void test_struct_is_what_is_committed(void **state)
{
    struct ens_registration r = alice(ENS_CONTROLLER_2025);
    struct eth_word want;
    uint8_t got[32];
    struct text text;
    (void)state;
    assert_int_equal(ens_commitment(&r, &want), OK);
    text_growing(&text);
    ens_write_register(&r, &text);
    keccak256(text.data + 4, text.length - 4, got);
    assert_memory_equal(got, want.octets, 32);
    text_clear(&text);
}

/* ---- changes ---- */

static void test_changes(void **state)
{
    static const struct { const char *argument; bool ens; enum status want; const char *says; } cases[] = {
        { "A=192.0.2.1", true, OK, "" },
        { "a=192.0.2.1", true, OK, "" },
        { "A=", true, OK, "" },
        { "A=192.0.2.300", true, E_BAD_TEXT, "" },
        { "MX=10 mail", true, OK, "" },
        { "TXT=hello world", true, OK, "" },
        { "TXT=\"one\" \"two\"", true, OK, "" },
        { "TYPE65280=\\# 2 abcd", true, OK, "" },
        { "text.url=https://example.net/", true, OK, "" },
        { "text.=x", true, E_BAD_TEXT, "no key" },
        { "addr.btc=bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", true, OK, "" },
        { "addr.btc=bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", true, E_BAD_TEXT, "no address" },
        { "addr.60=0x70997970C51812dc3A010C7d01b50e0d17dc79C8", true, OK, "" },
        { "addr.nosuch=1", true, E_BAD_TEXT, "no coin" },
        { "contenthash=ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4", true, OK, "" },
        { "contenthash=gopher://x", true, E_BAD_TEXT, "ipfs://" },
        { "resolver=0x70997970C51812dc3A010C7d01b50e0d17dc79C8", true, OK, "" },
        { "resolver=0x70997970c51812dc3A010C7d01b50e0d17dc79C8", true, E_BAD_TEXT, "EIP-55" },
        { "resolver=alice", true, E_BAD_TEXT, "address" },
        { "primary", true, OK, "" },
        { "nothing", true, E_BAD_TEXT, "KEY=VALUE" },
        { "=x", true, E_BAD_TEXT, "KEY=VALUE" },
        { "crypto.ETH.address=0x70997970C51812dc3A010C7d01b50e0d17dc79C8", false, OK, "" },
        { "crypto.ETH.address=0x70997970C51812dc3A010C7d01b50e0d17dc79C8", true, E_BAD_TEXT, "no key" },
        { "resolver=0x70997970C51812dc3A010C7d01b50e0d17dc79C8", false, E_BAD_TEXT, "no key" },
    };
    struct name name;
    (void)state;
    assert_int_equal(name_parse(slice_string("alice.eth."), (struct name_view){ 0 }, &name), OK);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct arena *arena = arena_new(0);
        struct write_changes changes;
        struct text why;
        char room[300] = "";
        text_fixed(&why, room, sizeof room);
        print_message("%s\n", cases[i].argument);
        assert_int_equal(write_changes_init(&changes, arena), OK);
        assert_true(write_changes_empty(&changes));
        assert_int_equal(write_change_parse(&changes, slice_string(cases[i].argument), name_view_of(&name), 300, cases[i].ens, &why), cases[i].want);
        assert_int_equal(write_changes_empty(&changes) && !changes.new_resolver, cases[i].want != OK && !changes.new_resolver);
        assert_non_null(strstr(room, cases[i].says));
        assert_true(cases[i].want == OK || room[0] != 0);
        arena_free(arena);
    }
}

/* setDNSRecords: an RRset without a gap, removals without rdata, owners in lower case, what is twice once. */
static void test_blob(void **state)
{
    struct arena *arena = arena_new(0);
    struct write_changes changes;
    struct name name, below;
    struct text why, blob;
    char room[100];
    static const char *const arguments[] = { "A=192.0.2.2", "TXT=x", "A=192.0.2.1", "A=192.0.2.2", "AAAA=" };
    (void)state;
    text_fixed(&why, room, sizeof room);
    assert_int_equal(name_parse(slice_string("Al.eth."), (struct name_view){ 0 }, &name), OK);
    assert_int_equal(name_parse(slice_string("WWW.al.eth."), (struct name_view){ 0 }, &below), OK);
    assert_int_equal(write_changes_init(&changes, arena), OK);
    for (size_t i = 0; i < LENGTH_OF(arguments); i++)
        assert_int_equal(write_change_parse(&changes, slice_string(arguments[i]), name_view_of(&name), 300, true, &why), OK);
    assert_int_equal(write_record_add(&changes, name_view_of(&below), 1, 60, slice_of("\x7f\0\0\1", 4), false), OK);
    text_growing(&blob);
    assert_int_equal(write_records_blob(&changes, &blob), OK);
    hex_is(slice_of(blob.data, blob.length),
           "02616c0365746800" "0001" "0001" "0000012c" "0004" "c0000201"
           "02616c0365746800" "0001" "0001" "0000012c" "0004" "c0000202"
           "02616c0365746800" "0010" "0001" "0000012c" "0002" "0178"
           "02616c0365746800" "001c" "0001" "00000000" "0000"
           "0377777702616c0365746800" "0001" "0001" "0000003c" "0004" "7f000001");
    text_clear(&blob);
    arena_free(arena);
}

/* ---- words for people ---- */

static void test_describe(void **state)
{
    struct ens_registration r = alice(ENS_CONTROLLER_2025);
    struct text data, out;
    char name[64];
    (void)state;
    text_growing(&data);
    text_growing(&out);
    ens_write_register(&r, &data);
    write_describe(slice_of(data.data, data.length), 1, &out);
    assert_string_equal(out.data,
        "  register\n"
        "    label \"alice\"\n"
        "    owner 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
        "    seconds 31536000 (365 days)\n"
        "    secret (not shown)\n"
        "    resolver 0xF29100983E058B709F3D539b0c765937B804AC15\n"
        "    records-set\n"
        "      setAddr\n"
        "        node 0x787192fc5378cc32aa956ddfdedbf26b24e8d78e40109add0eea2c1a012c3dec\n"
        "        address 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
        "    primary 1\n"
        "    referrer 0x0000000000000000000000000000000000000000000000000000000000000000\n");
    assert_string_equal(write_function(slice_of(data.data, data.length), name), "register");
    text_clear(&out);

    /* cut anywhere it is shown as what it is, and never more than it is */
    for (size_t length = 0; length < data.length; length += 7) {
        text_growing(&out);
        write_describe(slice_of(data.data, length), 0, &out);
        assert_true(out.length > 0 && out.data[out.length - 1] == '\n');
        text_clear(&out);
    }
    text_clear(&data);
}

static void test_describe_records(void **state)
{
    struct arena *arena = arena_new(0);
    struct write_changes changes;
    struct slice calls[ENS_CALLS_MAX];
    struct eth_word node;
    struct name name;
    struct text why, data, out;
    char room[100];
    size_t count;
    static const char *const arguments[] = { "A=192.0.2.7", "AAAA=", "text.url=https://example.net/", "addr.btc=bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                                             "contenthash=ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4" };
    (void)state;
    memset(node.octets, 1, sizeof node.octets);
    text_fixed(&why, room, sizeof room);
    assert_int_equal(name_parse(slice_string("alice.eth."), (struct name_view){ 0 }, &name), OK);
    assert_int_equal(write_changes_init(&changes, arena), OK);
    for (size_t i = 0; i < LENGTH_OF(arguments); i++)
        assert_int_equal(write_change_parse(&changes, slice_string(arguments[i]), name_view_of(&name), 300, true, &why), OK);
    assert_int_equal(ens_write_records(&changes, &node, calls, &count), OK);
    assert_int_equal(count, 4);
    text_growing(&data);
    text_growing(&out);
    ens_write_multicall(calls, count, &data);
    write_describe(slice_of(data.data, data.length), 0, &out);
    static const char *const wanted[] = { "alice.eth. 300 IN A 192.0.2.7", "alice.eth. AAAA is removed", "key \"url\"", "value \"https://example.net/\"", "coin 0 (Bitcoin)",
                                          "address bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4" };
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        /* blanks between fields of a record are the printer's business */
        for (char *tab = out.data; (tab = strchr(tab, '\t')) != NULL;)
            *tab = ' ';
        print_message("%s\n", wanted[i]);
        assert_non_null(strstr(out.data, wanted[i]));
    }
    text_clear(&out);
    text_clear(&data);
    arena_free(arena);
}

static void test_errors(void **state)
{
    static const struct { const char *hex; enum write_error kind; const char *says; } cases[] = {
        { "5320bcf9" "1111111111111111111111111111111111111111111111111111111111111111", WRITE_ERROR_TOO_NEW, "too young" },
        { "74480cc9", WRITE_ERROR_TOO_NEW, "too young" },
        { "cb7690d7", WRITE_ERROR_TOO_OLD, "too old" },
        { "256e2216", WRITE_ERROR_TOO_OLD, "too old" },
        { "836588c9", WRITE_ERROR_NO_COMMITMENT, "no such commitment" },
        { "0a059d71", WRITE_ERROR_UNEXPIRED, "already" },
        { "477707e8", WRITE_ERROR_TAKEN, "not to be had" },
        { "9a71997b", WRITE_ERROR_OTHER, "28 days" },
        { "d3f605c4", WRITE_ERROR_OTHER, "resolver" },
        { "7d4a034a", WRITE_ERROR_OTHER, "resolver" },
        { "11011294", WRITE_ERROR_PRICE, "price" },
        { "b455aae8", WRITE_ERROR_REFUSED, "may not" },
        { "a2a72013", WRITE_ERROR_REFUSED, "fuse" },
        { "280dacb6", WRITE_ERROR_OTHER, "empty" },
        { "e3ba295f", WRITE_ERROR_OTHER, "255" },
        { "08c379a0" "0000000000000000000000000000000000000000000000000000000000000020" "0000000000000000000000000000000000000000000000000000000000000002"
          "6e6f000000000000000000000000000000000000000000000000000000000000", WRITE_ERROR_OTHER, "\"no\"" },
        { "", WRITE_ERROR_NONE, "does not say why" },
        { "deadbeef", WRITE_ERROR_NONE, "0xdeadbeef" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t data[200];
        size_t length = 0;
        struct text out;
        if (cases[i].hex[0] != 0)
            assert_int_equal(hex_decode(slice_string(cases[i].hex), data, sizeof data, &length), OK);
        text_growing(&out);
        struct slice revert = slice_of((const char *)data, length);
        assert_int_equal(write_error_of(revert), cases[i].kind);
        write_error_print(revert, &out);
        print_message("%s: %s\n", cases[i].hex, out.data);
        assert_non_null(strstr(out.data, cases[i].says));
        text_clear(&out);
    }
}

/* Selectors as the specifications of the contracts list them. */
static void test_selectors(void **state)
{
    static const struct { const char *signature; uint32_t selector; } known[] = {
        { "register((string,address,uint256,bytes32,address,bytes[],uint8,bytes32))", 0xef9c8805 },
        { "register(string,address,uint256,bytes32,address,bytes[],bool,uint16)", 0x74694a2b }, { "register(string,address,uint256,bytes32)", 0x85f6d155 },
        { "registerWithConfig(string,address,uint256,bytes32,address,address)", 0xf7a16963 }, { "renew(string,uint256,bytes32)", 0x18026ad1 },
        { "renew(string,uint256)", 0xacf1a841 }, { "setDNSRecords(bytes32,bytes)", 0x0af179d7 }, { "reclaim(uint256,address)", 0x28ed4f6c },
        { "safeTransferFrom(address,address,uint256,uint256,bytes)", 0xf242432a }, { "setMany(string[],string[],uint256)", 0xce92b33e },
        { "setOwner(address,uint256)", 0xab3b87fe }, { "setReverse(string[])", 0x663f7b2a },
        { "setSubnodeRecord(bytes32,string,address,address,uint64,uint32,uint64)", 0x24c1af44 }, { "setName(string)", 0xc47f0027 } };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(known); i++) {
        const char *signature;
        uint32_t selector = 0;
        size_t at = 0;
        while ((signature = write_signature_at(at++, &selector)) != NULL && strcmp(signature, known[i].signature) != 0)
            ;
        print_message("%s\n", known[i].signature);
        assert_non_null(signature);
        assert_int_equal(selector, known[i].selector);
    }
}

static void test_uns(void **state)
{
    struct arena *arena = arena_new(0);
    struct write_changes changes;
    struct eth_word token;
    struct name name;
    struct text why, data, out;
    char room[200];
    static const char *const arguments[] = { "A=192.0.2.7", "A=192.0.2.8", "AAAA=", "addr.eth=0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "text.whois.email.value=a@b" };
    static const char *const wanted[] = { "\"dns.A\"", "[\\\"192.0.2.7\\\",\\\"192.0.2.8\\\"]", "\"dns.A.ttl\"", "\"300\"", "\"dns.AAAA\"", "\"crypto.ETH.address\"",
                                          "\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\"", "\"whois.email.value\"", "\"a@b\"" };
    (void)state;
    memset(token.octets, 2, sizeof token.octets);
    text_fixed(&why, room, sizeof room);
    assert_int_equal(name_parse(slice_string("alice.crypto."), (struct name_view){ 0 }, &name), OK);
    assert_int_equal(write_changes_init(&changes, arena), OK);
    for (size_t i = 0; i < LENGTH_OF(arguments); i++)
        assert_int_equal(write_change_parse(&changes, slice_string(arguments[i]), name_view_of(&name), 300, false, &why), OK);
    text_growing(&data);
    text_growing(&out);
    assert_int_equal(uns_write_records(&changes, &token, name_view_of(&name), &data, &why), OK);
    write_describe(slice_of(data.data, data.length), 0, &out);
    assert_memory_equal(out.data, "setMany\n", 8);
    for (size_t i = 0; i < LENGTH_OF(wanted); i++) {
        print_message("%s\n", wanted[i]);
        assert_non_null(strstr(out.data, wanted[i]));
    }
    text_clear(&out);
    text_clear(&data);

    text_growing(&data);
    text_growing(&out);
    uns_write_primary(slice_string("alice.crypto"), &data);
    write_describe(slice_of(data.data, data.length), 0, &out);
    assert_string_equal(out.data, "setReverse\n  labels\n    \"alice\"\n    \"crypto\"\n");
    text_clear(&out);
    text_clear(&data);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commitments), cmocka_unit_test(test_calldata), cmocka_unit_test(test_struct_is_what_is_committed), cmocka_unit_test(test_changes),
        cmocka_unit_test(test_blob), cmocka_unit_test(test_describe), cmocka_unit_test(test_describe_records), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_selectors), cmocka_unit_test(test_uns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
