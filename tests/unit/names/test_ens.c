/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups of ENS against a chain that stands in a table.  argv[1]: recordings of a devnet with the real contracts. */
#include "fake_chain.h"

#include "ethereum/abi.h"
#include "names/depend.h"
#include "names/ens_selectors.h"
#include "names/ens_want.h"
#include "names/facts.h"
#include "names/namehash.h"
#include "wire/rdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define KNOWN_CODE "853c0608c22117d3598c3035c2b948601165e58bca12587476de5d6f2c7dd78d"
#define OTHER_CODE "00000000000000000000000000000000000000000000000000000000000000aa"
#define RESOLVER "1111111111111111111111111111111111111111"
#define RESOLVER_2 "2222222222222222222222222222222222222222"
#define ALICE "70997970c51812dc3a010c7d01b50e0d17dc79c8"
#define REGISTRAR "e7f1725e7734ce288f8367e1bb143e90bb3f0512"
#define UNIVERSAL "eeeeeeee14d718c2b47d9923deab1335e144eeee"

static const char *recordings_path;
static struct name_source *source;
static struct facts *told;
static unsigned told_count;

static void on_told(void *context, struct facts *facts)
{
    (void)context;
    facts_free(told);
    told = facts;
    told_count++;
}

static struct ens_options usual(void)
{
    struct ens_options options;
    ens_options_default(31337, &options);
    options.chain = fake_chain();
    options.base_registrar = fake_address(REGISTRAR);
    return options;
}

static void begin(const struct ens_options *options)
{
    fake_clear();
    fake_contract(fake_address(REGISTRAR), FAKE_EMPTY, OTHER_CODE);
    assert_int_equal(name_source_ens(options, &source), OK);
}

static void end(void)
{
    facts_free(told);
    told = NULL;
    name_source_free(source);
    source = NULL;
    fake_clear();
}

static struct name named(const char *text)
{
    struct name name;
    assert_int_equal(name_parse(slice_string(text), name_root, &name), OK);
    return name;
}

static const struct facts *look_more(const char *name, const struct facts_request *more)
{
    struct facts_request request = *more;
    struct facts_job *job;
    struct name wire = named(name);
    request.name = name_view_of(&wire);
    told_count = 0;
    fake_batches = fake_reads = 0;
    assert_int_equal(facts_start(source, &request, on_told, NULL, &job), OK);
    assert_int_equal(told_count, 0);            /* never from within */
    fake_turn();
    assert_int_equal(told_count, 1);
    return told;
}

static const struct facts *look(const char *name) { return look_more(name, &(struct facts_request){ .dns = true }); }

static struct fact record(const struct facts *facts, const char *owner, uint16_t type)
{
    struct name name = named(owner);
    const struct fact_records *found = facts_records(facts, name_view_of(&name), type);
    return found ? found->fact : (struct fact){ 0 };
}

static enum fact_state state_of(const struct facts *facts, const char *owner, uint16_t type) { return record(facts, owner, type).state; }

static struct eth_word node_of(const char *name)
{
    struct eth_word node;
    assert_int_equal(namehash_name(slice_string(name), false, node.octets), OK);
    return node;
}

/* ABI: one `bytes`. */
static void answer_bytes(struct eth_address to, struct slice call, struct slice value)
{
    struct text text;
    text_growing(&text);
    struct abi_writer writer = abi_writer_of(&text, 1);
    abi_write_bytes(&writer, value);
    fake_answer(to, call, slice_of(text.data, text.length), false);
    text_clear(&text);
}

/* A record in the DNS profile of `zone`: its rdata as it stands. */
static void fake_record(const char *resolver, const char *zone, const char *owner, uint16_t type, const void *rdata, uint16_t size)
{
    struct name name = named(owner);
    struct ens_want want = { .kind = ENS_WANT_RECORDS, .owner = name_view_of(&name), .type = type };
    struct eth_word node = node_of(zone);
    struct text call, value;
    uint8_t head[10] = { (uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 1, 44, (uint8_t)(size >> 8), (uint8_t)size };
    text_growing(&call);
    text_growing(&value);
    ens_want_write(&want, &node, false, &call);
    text_add_bytes(&value, name.wire, name.length);
    text_add_bytes(&value, head, sizeof head);
    text_add_bytes(&value, rdata, size);
    answer_bytes(fake_address(resolver), slice_of(call.data, call.length), slice_of(value.data, value.length));
    text_clear(&call);
    want.kind = ENS_WANT_HAS;
    text_growing(&call);
    ens_want_write(&want, &node, false, &call);
    fake_answer(fake_address(resolver), slice_of(call.data, call.length), slice_of("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 32), false);
    text_clear(&call);
    text_clear(&value);
}

static void fake_a(const char *resolver, const char *zone, const char *owner, uint8_t last) { fake_record(resolver, zone, owner, TYPE_A, (uint8_t[]){ 192, 0, 2, last }, 4); }

static void fake_target(const char *resolver, const char *zone, const char *owner, uint16_t type, const char *target)
{
    struct name name = named(target);
    fake_record(resolver, zone, owner, type, name.wire, name.length);
}

static void fake_supports(const char *resolver, uint32_t id, bool yes)
{
    struct text call;
    text_growing(&call);
    struct abi_writer writer = abi_writer_call(&call, ENS_SUPPORTS_INTERFACE, 1);
    abi_write_bytes4(&writer, id);
    uint8_t word[32] = { [31] = yes };
    fake_answer(fake_address(resolver), slice_of(call.data, call.length), slice_of((char *)word, sizeof word), false);
    text_clear(&call);
}

/* A name with a resolver of known code and one address. */
static void simple(void)
{
    fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
    fake_contract(fake_address(RESOLVER), FAKE_EMPTY, KNOWN_CODE);
    fake_a(RESOLVER, "alice.eth", "alice.eth", 7);
}

/* ---- against recordings ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *all = calloc(1, 1 << 20);
    assert_true(fread(all, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return all;
}

/* The hexadecimal string behind a key; NULL behind `limit`. */
static uint8_t *hex_at(const char *from, const char *limit, const char *key, size_t *length)
{
    const char *at = strstr(from, key);
    if (!at || at > limit)
        return NULL;
    at += strlen(key);
    size_t digits = strcspn(at, "\"");
    uint8_t *out = malloc(digits / 2 + 1);
    assert_int_equal(hex_decode(slice_of(at, digits), out, digits / 2 + 1, length), OK);
    return out;
}

static void load_recordings(void)
{
    char *all = read_file(recordings_path);
    for (const char *at = strstr(all, "\"calls\""); at && (at = strstr(at, "\"note\"")) != NULL; at++) {
        const char *limit = strstr(at + 1, "\"note\"");
        limit = limit ? limit : at + strlen(at);
        size_t to_bytes, call_bytes, bytes = 0;
        uint8_t *to = hex_at(at, limit, "\"to\": \"0x", &to_bytes), *call = hex_at(at, limit, "\"data\": \"0x", &call_bytes), *result = hex_at(at, limit, "\"result\": \"0x", &bytes);
        assert_non_null(to);
        assert_non_null(call);
        struct eth_address address;
        memcpy(address.octets, to, sizeof address.octets);
        if (result)
            fake_answer(address, slice_of((char *)call, call_bytes), slice_of((char *)result, bytes), false);
        free(to);
        free(call);
        free(result);
    }
    free(all);
}

static void test_recordings(void **state)
{
    (void)state;
    const char *resolver = "610178da211fef7d417bc0e6fed39f05609ad788";
    struct ens_options options = usual();
    struct eth_address known = fake_address(resolver);
    options.known_resolvers = &known;
    options.known_resolver_count = 1;
    options.name_wrapper = fake_address("0165878a594ca255338adfa4d48449f69242eb8f");
    begin(&options);
    fake_contract(known, FAKE_EMPTY, OTHER_CODE);
    fake_contract(options.name_wrapper, FAKE_EMPTY, OTHER_CODE);
    fake_name("devnet.eth", options.name_wrapper, known, 0);
    load_recordings();

    uint64_t coins[] = { 60, 0, 2 };
    struct slice texts[] = { slice_string("url"), slice_string("avatar") };
    const struct facts *f = look_more("devnet.eth", &(struct facts_request){ .dns = true, .coins = coins, .coin_count = 3, .texts = texts, .text_count = 2, .details = true });
    assert_int_equal(f->status, FACTS_FOUND);
    assert_int_equal(fake_batches, 2);
    assert_true(slice_is(f->unicode, "devnet.eth"));
    assert_true(f->e.known_code && !f->one_block && f->e.second_level && f->e.wrapped);
    assert_int_equal(f->e.expires, 0x6b36ecbf);
    assert_int_equal(f->e.grace_ends, 0x6b36ecbf + 90 * 86400);
    struct eth_address alice = fake_address(ALICE);
    assert_memory_equal(f->e.wrapper_owner.octets, alice.octets, 20);
    assert_int_equal(facts_coin(f, 60)->fact.value.length, 20);
    assert_memory_equal(facts_coin(f, 60)->fact.value.data, alice.octets, 20);
    assert_int_equal(facts_coin(f, 0)->fact.value.length, 22);
    assert_int_equal(facts_coin(f, 2)->fact.state, FACT_ABSENT);
    assert_true(slice_is(facts_text(f, "url")->fact.value, "https://devnet.example/"));
    assert_int_equal(f->zonehash.state, FACT_PRESENT);
    assert_int_equal(facts_text(f, "avatar")->fact.state, FACT_ABSENT);
    assert_null(facts_text(f, "email"));
    assert_int_equal(f->content.state, FACT_PRESENT);
    assert_int_equal(f->content.value.length, 38);
    struct fact a = record(f, "devnet.eth", TYPE_A);
    assert_int_equal(a.value.length, 2 * 10);
    assert_memory_equal(a.value.data, "\0\0\1\x2c\0\4\xc0\0\2\1", 10);
    assert_int_equal(state_of(f, "devnet.eth", TYPE_AAAA), FACT_PRESENT);
    assert_int_equal(state_of(f, "devnet.eth", TYPE_MX), FACT_ABSENT);

    f = look("www.devnet.eth");         /* the resolver is remembered */
    assert_int_equal(fake_batches, 1);
    assert_int_equal(f->status, FACTS_FOUND);
    assert_int_equal(state_of(f, "www.devnet.eth", TYPE_CNAME), FACT_PRESENT);
    assert_int_equal(state_of(f, "devnet.eth", TYPE_A), FACT_PRESENT);
    assert_int_equal(f->content.state, FACT_ABSENT);
    assert_int_equal(f->zone.labels, 2);
    f = look("nobody.eth");
    assert_int_equal(f->status, FACTS_ABSENT);
    assert_int_equal(fake_batches, 1);
    end();
}

/* ---- names ---- */

static void test_invalid(void **state)
{
    (void)state;
    static const struct { const char *label, *name; enum facts_status status; bool asked; } cases[] = {
        { "underscore inside", "a_b.eth", FACTS_INVALID, false },
        { "hyphens third and fourth", "ab--c.eth", FACTS_INVALID, false },
        { "Punycode that does not decode", "xn--0.eth", FACTS_INVALID, false },
        { "two scripts that look alike", "xn--vitlik-6fg.eth", FACTS_INVALID, false },
        { "the root", ".", FACTS_INVALID, false },
        { "no such name", "nobody.eth", FACTS_ABSENT, true },
        { "below a name, a label of the DNS only", "a_b.alice.eth", FACTS_ABSENT, true },
        { "33 labels", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.eth", FACTS_FAILED, false },
        { "17 labels below the name", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.alice.eth", FACTS_FAILED, true },
        { "16 labels below the name", "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.alice.eth", FACTS_ABSENT, true },
    };
    struct ens_options options = usual();
    begin(&options);
    simple();
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct facts *f = look(cases[i].name);
        if (f->status != cases[i].status || (fake_batches > 0) != cases[i].asked || ((f->status == FACTS_INVALID || f->status == FACTS_FAILED) && !f->reason))
            fail_msg("%s: status %d, %u batches", cases[i].label, (int)f->status, fake_batches);
    }
    end();
}

/* What silence means, by who is silent. */
static void test_silence(void **state)
{
    (void)state;
    enum { NOTHING, NO, YES };
    static const struct { const char *label; enum fake_habit habit; bool known; int says; enum fact_state want; } cases[] = {
        { "known code reverts", FAKE_REVERTS, true, NOTHING, FACT_ABSENT },
        { "known code returns nothing", FAKE_SILENT, true, NOTHING, FACT_ABSENT },
        { "known code burns its gas", FAKE_BURNS, true, NOTHING, FACT_ABSENT },
        { "known code refuses", FAKE_REFUSES, true, NOTHING, FACT_FAILED },
        { "known code is not reached", FAKE_UNREACHED, true, NOTHING, FACT_FAILED },
        { "unknown code says that it is empty", FAKE_EMPTY, false, NOTHING, FACT_ABSENT },
        { "unknown code reverts", FAKE_REVERTS, false, NOTHING, FACT_FAILED },
        { "unknown code returns nothing", FAKE_SILENT, false, NOTHING, FACT_FAILED },
        { "unknown code burns its gas", FAKE_BURNS, false, NOTHING, FACT_FAILED },
        { "it says that it has no such records, and reverts", FAKE_REVERTS, false, NO, FACT_ABSENT },
        { "it says so, and returns nothing", FAKE_SILENT, false, NO, FACT_ABSENT },
        { "it says so, and burns its gas", FAKE_BURNS, false, NO, FACT_ABSENT },
        { "it says so, and its gateway fails", FAKE_GATEWAY, false, NO, FACT_ABSENT },
        { "it says that it has them, and reverts", FAKE_REVERTS, false, YES, FACT_FAILED },
        { "it says that it has them, and its gateway fails", FAKE_GATEWAY, false, YES, FACT_FAILED },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct ens_options options = usual();
        begin(&options);
        fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
        fake_contract(fake_address(RESOLVER), cases[i].habit, cases[i].known ? KNOWN_CODE : OTHER_CODE);
        if (cases[i].says != NOTHING) {
            fake_supports(RESOLVER, ENS_SUPPORTS_INTERFACE, true);
            fake_supports(RESOLVER, 0xffffffff, false);
            fake_supports(RESOLVER, ENS_RESOLVE, false);
            fake_supports(RESOLVER, ENS_DNS_RECORD, cases[i].says == YES);
            fake_supports(RESOLVER, ENS_DNS_RECORDS_OLD, false);
            fake_supports(RESOLVER, ENS_CONTENTHASH, cases[i].says == YES);
        }
        const struct facts *f = look("alice.eth");
        if (state_of(f, "alice.eth", TYPE_A) != cases[i].want || f->content.state != cases[i].want || f->one_block == cases[i].known || f->status != FACTS_FOUND)
            fail_msg("%s: A %d, content %d", cases[i].label, (int)state_of(f, "alice.eth", TYPE_A), (int)f->content.state);
        f = look("www.alice.eth");      /* a name of which nothing is known is not told as absent */
        if ((f->status == FACTS_FAILED) != (cases[i].want == FACT_FAILED))
            fail_msg("%s: below it, %d", cases[i].label, (int)f->status);
        end();
    }
}

/* One that says yes to the id that nobody has says nothing. */
static void test_liar(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
    fake_contract(fake_address(RESOLVER), FAKE_REVERTS, OTHER_CODE);
    fake_supports(RESOLVER, ENS_SUPPORTS_INTERFACE, true);
    fake_supports(RESOLVER, 0xffffffff, true);
    fake_supports(RESOLVER, ENS_DNS_RECORD, false);
    assert_int_equal(state_of(look("alice.eth"), "alice.eth", TYPE_A), FACT_FAILED);
    end();
}

/* One that burns all its gas is asked by itself, once that is known. */
static void test_burner(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
    fake_contract(fake_address(RESOLVER), FAKE_BURNS, OTHER_CODE);
    (void)look("alice.eth");
    assert_int_equal(fake_alone, 0);
    (void)look("alice.eth");
    assert_true(fake_alone >= 10);
    end();
}

static void test_unreached(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    simple();
    fake_registry_habit(FAKE_UNREACHED);
    const struct facts *f = look("alice.eth");
    assert_int_equal(f->status, FACTS_FAILED);
    assert_int_equal(f->failure, CHAIN_FAILURE_TIMEOUT);
    f = look("nobody.eth");
    assert_int_equal(f->status, FACTS_FAILED);
    fake_registry_habit(FAKE_SILENT);           /* there is no registry */
    f = look("nobody.eth");
    assert_int_equal(f->status, FACTS_FAILED);
    assert_non_null(f->reason);
    fake_registry_habit(FAKE_EMPTY);
    assert_int_equal(look("nobody.eth")->status, FACTS_ABSENT);
    end();
}

/* What is remembered is a guess: what the registry says in the same batch decides. */
static void test_guess(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    simple();
    fake_contract(fake_address(RESOLVER_2), FAKE_EMPTY, KNOWN_CODE);
    fake_a(RESOLVER_2, "alice.eth", "alice.eth", 8);
    fake_a(RESOLVER_2, "www.alice.eth", "www.alice.eth", 9);
    assert_int_equal(record(look("alice.eth"), "alice.eth", TYPE_A).value.data[9], 7);
    assert_int_equal(fake_batches, 2);
    struct eth_address alice = fake_address(ALICE);
    assert_true(eth_address_equal(&look("a.b.c.d.alice.eth")->e.owner, &alice));     /* of the zone */
    assert_int_equal(record(look("alice.eth"), "alice.eth", TYPE_A).value.data[9], 7);
    assert_int_equal(fake_batches, 1);
    fake_name("bob.eth", fake_address(ALICE), fake_address(RESOLVER), 0);       /* the resolver that others have too */
    fake_a(RESOLVER, "bob.eth", "www.bob.eth", 6);
    assert_int_equal(record(look("www.bob.eth"), "www.bob.eth", TYPE_A).value.data[9], 6);
    assert_int_equal(fake_batches, 1);
    assert_int_equal(look("nobody.eth")->status, FACTS_ABSENT);
    assert_int_equal(fake_batches, 1);
    fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER_2), 0);
    assert_int_equal(record(look("alice.eth"), "alice.eth", TYPE_A).value.data[9], 8);
    assert_int_equal(fake_batches, 2);
    fake_name("www.alice.eth", fake_address(ALICE), fake_address(RESOLVER_2), 0);
    const struct facts *f = look("www.alice.eth");
    assert_int_equal(record(f, "www.alice.eth", TYPE_A).value.data[9], 9);
    assert_int_equal(f->zone.labels, 3);
    assert_int_equal(fake_batches, 2);
    fake_name("www.alice.eth", fake_address(ALICE), (struct eth_address){ { 0 } }, 0);
    f = look("www.alice.eth");          /* without a resolver of its own again; it still has an owner */
    assert_int_equal(f->status, FACTS_FOUND);
    assert_int_equal(f->zone.labels, 2);
    assert_int_equal(state_of(f, "www.alice.eth", TYPE_A), FACT_ABSENT);
    name_source_drop(source, 1);
    (void)look("alice.eth");
    assert_int_equal(fake_batches, 2);
    end();
}

static void test_expired(void **state)
{
    (void)state;
    struct ens_options options = usual();
    uint8_t word[32] = { [30] = 0x10 };         /* 4096 */
    for (int refuse = 0; refuse <= 1; refuse++) {
        options.refuse_expired = refuse;
        begin(&options);
        simple();
        struct text call;
        struct eth_word label;
        namehash_label(slice_string("alice"), label.octets);
        text_growing(&call);
        struct abi_writer writer = abi_writer_call(&call, ENS_NAME_EXPIRES, 1);
        abi_write_word(&writer, &label);
        fake_answer(options.base_registrar, slice_of(call.data, call.length), slice_of((char *)word, 32), false);
        text_clear(&call);
        fake_time(4096 + 90 * 86400 - 1);
        const struct facts *f = look("alice.eth");
        assert_int_equal(f->status, FACTS_FOUND);
        assert_int_equal(f->changes_at, refuse ? 4096 + 90 * 86400 : 0);
        fake_time(4096 + 90 * 86400);
        f = look("www.alice.eth");
        assert_int_equal(f->status, FACTS_ABSENT);
        f = look("alice.eth");
        assert_int_equal(f->status, refuse ? FACTS_ABSENT : FACTS_FOUND);
        assert_int_equal(f->e.expires, 4096);
        fake_clear_answers();
        fake_contract(options.base_registrar, FAKE_UNREACHED, OTHER_CODE);
        assert_int_equal(look("alice.eth")->status, refuse ? FACTS_FAILED : FACTS_FOUND);
        end();
    }
}

/* ---- as a zone ---- */

static void test_zone(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    simple();
    fake_a(RESOLVER, "alice.eth", "*.alice.eth", 40);
    fake_target(RESOLVER, "alice.eth", "sub.alice.eth", TYPE_NS, "ns.sub.alice.eth");
    fake_a(RESOLVER, "alice.eth", "ns.sub.alice.eth", 53);
    fake_target(RESOLVER, "alice.eth", "one.alice.eth", TYPE_CNAME, "two.alice.eth");
    fake_target(RESOLVER, "alice.eth", "two.alice.eth", TYPE_CNAME, "three.alice.eth");
    fake_a(RESOLVER, "alice.eth", "three.alice.eth", 3);
    fake_target(RESOLVER, "alice.eth", "loop.alice.eth", TYPE_CNAME, "loop.alice.eth");
    fake_target(RESOLVER, "alice.eth", "out.alice.eth", TYPE_CNAME, "own.alice.eth");
    fake_a(RESOLVER, "alice.eth", "own.alice.eth", 66);
    fake_name("own.alice.eth", fake_address(ALICE), fake_address(RESOLVER_2), 0);
    (void)look("alice.eth");

    const struct facts *f = look("any.alice.eth");
    assert_int_equal(f->status, FACTS_FOUND);
    assert_int_equal(state_of(f, "*.alice.eth", TYPE_A), FACT_PRESENT);
    assert_int_equal(state_of(f, "any.alice.eth", TYPE_A), FACT_ABSENT);
    struct name name = named("*.alice.eth");
    assert_int_equal(facts_owner(f, name_view_of(&name))->fact.state, FACT_PRESENT);

    f = look("host.sub.alice.eth");
    assert_int_equal(f->status, FACTS_FOUND);
    assert_int_equal(state_of(f, "sub.alice.eth", TYPE_NS), FACT_PRESENT);
    assert_int_equal(state_of(f, "ns.sub.alice.eth", TYPE_A), FACT_PRESENT);
    assert_int_equal(fake_batches, 2);

    f = look("one.alice.eth");
    assert_int_equal(state_of(f, "three.alice.eth", TYPE_A), FACT_PRESENT);
    assert_int_equal(fake_batches, 3);
    f = look("loop.alice.eth");
    assert_int_equal(state_of(f, "loop.alice.eth", TYPE_CNAME), FACT_PRESENT);
    assert_true(fake_batches <= 2);

    f = look("out.alice.eth");          /* its target is a name of its own: what the zone says of that does not count */
    assert_int_equal(state_of(f, "own.alice.eth", TYPE_A), FACT_NOT_ASKED);
    end();
}

static void test_old_dns(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
    fake_contract(fake_address(RESOLVER), FAKE_REVERTS, OTHER_CODE);
    fake_supports(RESOLVER, ENS_SUPPORTS_INTERFACE, true);
    fake_supports(RESOLVER, 0xffffffff, false);
    fake_supports(RESOLVER, ENS_DNS_RECORD, false);
    fake_supports(RESOLVER, ENS_DNS_RECORDS_OLD, true);
    struct name name = named("alice.eth");
    struct ens_want want = { .kind = ENS_WANT_RECORDS, .owner = name_view_of(&name), .type = TYPE_A };
    struct eth_word node = node_of("alice.eth");
    struct text call;
    text_growing(&call);
    ens_want_write(&want, &node, true, &call);
    assert_int_equal(abi_selector(slice_of(call.data, call.length)), 0x2461e851);
    answer_bytes(fake_address(RESOLVER), slice_of(call.data, call.length), slice_of("\5alice\3eth\0\0\1\0\1\0\0\0\1\0\4\xc0\0\2\5", 25));
    text_clear(&call);
    assert_int_equal(state_of(look("alice.eth"), "alice.eth", TYPE_A), FACT_PRESENT);
    end();
}

/* ---- ENSIP-10 and the Universal Resolver ---- */

static void fake_extended(const char *resolver, const char *name, const struct ens_want *want, struct slice value)
{
    struct text inner, call, result;
    uint8_t wire[256];
    size_t length;
    struct eth_word node = node_of(name);
    assert_int_equal(namehash_wire_write(slice_string(name), wire, sizeof wire, &length), OK);
    text_growing(&inner);
    text_growing(&call);
    text_growing(&result);
    ens_want_write(want, &node, false, &inner);
    struct abi_writer writer = abi_writer_call(&call, ENS_RESOLVE, 2);
    abi_write_bytes(&writer, slice_of((char *)wire, length));
    abi_write_bytes(&writer, slice_of(inner.data, inner.length));
    writer = abi_writer_of(&result, 1);
    abi_write_bytes(&writer, value);
    answer_bytes(fake_address(resolver), slice_of(call.data, call.length), slice_of(result.data, result.length));
    text_clear(&inner);
    text_clear(&call);
    text_clear(&result);
}

static void test_wildcard(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    fake_name("off.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
    fake_contract(fake_address(RESOLVER), FAKE_REVERTS, OTHER_CODE);
    fake_supports(RESOLVER, ENS_SUPPORTS_INTERFACE, true);
    fake_supports(RESOLVER, 0xffffffff, false);
    fake_supports(RESOLVER, ENS_RESOLVE, true);
    fake_followed(fake_address(RESOLVER), 12);
    struct ens_want want = { .kind = ENS_WANT_CONTENT };
    fake_extended(RESOLVER, "bob.off.eth", &want, slice_of("\xe3\1", 2));
    const struct facts *f = look("bob.off.eth");
    assert_int_equal(f->status, FACTS_FOUND);
    assert_true(f->e.wildcard && f->one_block);
    assert_int_equal(f->zone.labels, 3);
    assert_int_equal(f->max_age_seconds, 12);
    assert_int_equal(f->content.state, FACT_PRESENT);
    assert_int_equal(f->proof.grade, PROOF_SINGLE);
    assert_int_equal(fake_batches, 2);
    f = look("a_b.off.eth");            /* no name of ENS */
    assert_int_equal(f->status, FACTS_ABSENT);
    assert_true(f->one_block);
    /* a gateway that fails says nothing, whatever supportsInterface says */
    fake_supports(RESOLVER, ENS_CONTENTHASH, false);
    fake_contract(fake_address(RESOLVER), FAKE_GATEWAY, OTHER_CODE);
    f = look("carol.off.eth");
    assert_int_equal(f->content.state, FACT_FAILED);
    assert_int_equal(f->content.failure, CHAIN_FAILURE_GATEWAY);
    end();
}

static void fake_find(const char *name, const char *resolver, uint64_t offset)
{
    struct text call, result;
    uint8_t wire[256];
    size_t length;
    assert_int_equal(namehash_wire_write(slice_string(name), wire, sizeof wire, &length), OK);
    text_growing(&call);
    text_growing(&result);
    struct abi_writer writer = abi_writer_call(&call, ENS_FIND_RESOLVER, 1);
    abi_write_bytes(&writer, slice_of((char *)wire, length));
    writer = abi_writer_of(&result, 3);
    struct eth_address address = fake_address(resolver);
    struct eth_word node = node_of(name);
    abi_write_address(&writer, &address);
    abi_write_word(&writer, &node);
    abi_write_u64(&writer, offset);
    fake_answer(fake_address(UNIVERSAL), slice_of(call.data, call.length), slice_of(result.data, result.length), false);
    text_clear(&call);
    text_clear(&result);
}

/* What it is asked for contenthash alone, and what it says. */
static void fake_universal(const char *name, const char *resolver, struct slice element, uint32_t revert)
{
    struct text inner, calls, call, result, values;
    uint8_t wire[256];
    size_t length;
    struct ens_want want = { .kind = ENS_WANT_CONTENT };
    struct eth_word node = node_of(name);
    assert_int_equal(namehash_wire_write(slice_string(name), wire, sizeof wire, &length), OK);
    struct text *all[] = { &inner, &calls, &call, &result, &values };
    for (size_t i = 0; i < LENGTH_OF(all); i++)
        text_growing(all[i]);
    ens_want_write(&want, &node, false, &inner);
    struct abi_writer writer = abi_writer_call(&calls, ENS_MULTICALL, 1), list = abi_write_array(&writer, 1, 1);
    abi_write_bytes(&list, slice_of(inner.data, inner.length));
    writer = abi_writer_call(&call, ENS_RESOLVE, 2);
    abi_write_bytes(&writer, slice_of((char *)wire, length));
    abi_write_bytes(&writer, slice_of(calls.data, calls.length));
    writer = abi_writer_of(&values, 1);
    list = abi_write_array(&writer, 1, 1);
    abi_write_bytes(&list, element);
    struct eth_address address = fake_address(resolver);
    writer = revert ? abi_writer_call(&result, revert, 0) : abi_writer_of(&result, 2);
    if (!revert) {
        abi_write_bytes(&writer, slice_of(values.data, values.length));
        abi_write_address(&writer, &address);
    }
    fake_answer(fake_address(UNIVERSAL), slice_of(call.data, call.length), slice_of(result.data, result.length), revert != 0);
    for (size_t i = 0; i < LENGTH_OF(all); i++)
        text_clear(all[i]);
}

#define WORD_20 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20"
#define WORD_02 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
#define CONTENT_ABI WORD_20 WORD_02 "\xe3\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static void test_universal(void **state)
{
    (void)state;
    static const struct { const char *label; const char *element; size_t bytes; uint32_t revert; bool elsewhere; enum fact_state want; enum chain_failure failure; } cases[] = {
        { "a value", CONTENT_ABI, 96, 0, false, FACT_PRESENT, CHAIN_FAILURE_NONE },
        { "a resolver that the registry does not have", CONTENT_ABI, 96, 0, true, FACT_PRESENT, CHAIN_FAILURE_NONE },
        { "a profile that it has not", "\x7b\x1c\x46\x1b", 4, 0, false, FACT_ABSENT, CHAIN_FAILURE_NONE },
        { "a gateway's error in one value", "\x01\x80\x01\x52", 4, 0, false, FACT_FAILED, CHAIN_FAILURE_GATEWAY },
        { "a gateway's error", "", 0, ENS_ERROR_HTTP, false, FACT_FAILED, CHAIN_FAILURE_GATEWAY },
        { "a resolver that is no contract", "", 0, ENS_ERROR_NOT_CONTRACT, false, FACT_FAILED, CHAIN_FAILURE_NONE },
        { "an error of the resolver: it is asked itself", "", 0, ENS_ERROR_RESOLVER, false, FACT_ABSENT, CHAIN_FAILURE_NONE },
        { "silence in one value: it is asked itself", "", 0, 0, false, FACT_ABSENT, CHAIN_FAILURE_NONE },
    };
    struct ens_options options = usual();
    options.universal_resolver = fake_address(UNIVERSAL);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        begin(&options);
        fake_contract(options.universal_resolver, FAKE_REVERTS, OTHER_CODE);
        fake_contract(fake_address(RESOLVER), FAKE_EMPTY, KNOWN_CODE);
        fake_name("alice.eth", fake_address(ALICE), fake_address(cases[i].elsewhere ? RESOLVER_2 : RESOLVER), 0);
        fake_find("alice.eth", RESOLVER, 0);
        fake_universal("alice.eth", RESOLVER, slice_of(cases[i].element, cases[i].bytes), cases[i].revert);
        const struct facts *f = look_more("alice.eth", &(struct facts_request){ .content = true });
        if (f->content.state != cases[i].want || f->content.failure != cases[i].failure || f->one_block != cases[i].elsewhere || !f->e.universal)
            fail_msg("%s: %d", cases[i].label, (int)f->content.state);
        end();
    }
    /* none there: it is not what stops a lookup */
    begin(&options);
    simple();
    assert_int_equal(state_of(look("alice.eth"), "alice.eth", TYPE_A), FACT_PRESENT);
    assert_int_equal(look("nobody.eth")->status, FACTS_ABSENT);
    end();
    /* the resolver of the top is no resolver of names below it */
    begin(&options);
    fake_contract(options.universal_resolver, FAKE_REVERTS, OTHER_CODE);
    fake_contract(fake_address(RESOLVER), FAKE_EMPTY, OTHER_CODE);
    fake_name("eth", fake_address(ALICE), fake_address(RESOLVER), 0);
    fake_find("nobody.eth", RESOLVER, 7);
    fake_universal("nobody.eth", RESOLVER, slice_of("", 0), ENS_ERROR_RESOLVER_NOT_FOUND);
    const struct facts *f = look_more("nobody.eth", &(struct facts_request){ .content = true });
    assert_int_equal(f->status, FACTS_ABSENT);
    assert_int_equal(fake_batches, 1);
    end();
}

/* ---- primary names ---- */

static void fake_value(const char *resolver, const char *name, const struct ens_want *want, struct slice value)
{
    struct text call;
    struct eth_word node = node_of(name);
    text_growing(&call);
    ens_want_write(want, &node, false, &call);
    answer_bytes(fake_address(resolver), slice_of(call.data, call.length), value);
    text_clear(&call);
}

static void test_reverse(void **state)
{
    (void)state;
    static const struct { const char *label, *claim, *claim_all; uint64_t coin; const char *address; enum facts_status want; } cases[] = {
        { "it leads back", "alice.eth", NULL, 60, ALICE, FACTS_FOUND },
        { "it leads to another", "alice.eth", NULL, 60, RESOLVER, FACTS_ABSENT },
        { "it leads nowhere", "alice.eth", NULL, 60, NULL, FACTS_ABSENT },
        { "not in normal form", "Alice.eth", NULL, 60, ALICE, FACTS_ABSENT },
        { "empty", "", NULL, 60, ALICE, FACTS_ABSENT },
        { "the claim for all chains", "", "alice.eth", 60, ALICE, FACTS_FOUND },
        { "that of the chain goes first", "nobody.eth", "alice.eth", 60, ALICE, FACTS_ABSENT },
        { "another chain", "alice.eth", NULL, 0x80000089, ALICE, FACTS_FOUND },
        { "another chain, by the claim for all", "", "alice.eth", 0x80000089, ALICE, FACTS_FOUND },
        { "all chains", "alice.eth", NULL, 0x80000000, ALICE, FACTS_FOUND },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct ens_options options = usual();
        begin(&options);
        char own[80];
        snprintf(own, sizeof own, "%s.%s.reverse", ALICE, cases[i].coin == 60 ? "addr" : cases[i].coin == 0x80000000 ? "default" : "80000089");
        struct ens_want name = { .kind = ENS_WANT_NAME }, coin = { .kind = ENS_WANT_COIN, .coin = cases[i].coin };
        fake_contract(fake_address(RESOLVER), FAKE_EMPTY, KNOWN_CODE);
        fake_name(own, fake_address(ALICE), fake_address(RESOLVER), 0);
        fake_value(RESOLVER, own, &name, slice_string(cases[i].claim));
        if (cases[i].claim_all) {
            fake_name(ALICE ".default.reverse", fake_address(ALICE), fake_address(RESOLVER), 0);
            fake_value(RESOLVER, ALICE ".default.reverse", &name, slice_string(cases[i].claim_all));
        }
        fake_name("alice.eth", fake_address(ALICE), fake_address(RESOLVER), 0);
        if (cases[i].address) {
            struct eth_address address = fake_address(cases[i].address);
            fake_value(RESOLVER, "alice.eth", &coin, slice_of((char *)address.octets, 20));
        }
        struct eth_address alice = fake_address(ALICE);
        struct facts_job *job;
        told_count = 0;
        assert_int_equal(facts_start_reverse(source, &alice, cases[i].coin, on_told, NULL, &job), OK);
        fake_turn();
        assert_int_equal(told_count, 1);
        if (told->status != cases[i].want || (told->status == FACTS_FOUND && !slice_is(told->unicode, "alice.eth")))
            fail_msg("%s: %d (%s)", cases[i].label, (int)told->status, told->reason ? told->reason : "");
        assert_true(told->depend_count > 8);
        fake_registry_habit(FAKE_UNREACHED);
        assert_int_equal(facts_start_reverse(source, &alice, cases[i].coin, on_told, NULL, &job), OK);
        fake_turn();
        assert_int_equal(told->status, FACTS_FAILED);
        assert_int_equal(facts_start_reverse(source, &alice, cases[i].coin, on_told, NULL, &job), OK);
        facts_cancel(job);
        end();
    }
}

/* ---- what the answer rests on ---- */

static bool rests_on(const struct facts *facts, const char *contract, enum depend_kind kind, const struct eth_word *first, const struct eth_word *second)
{
    struct eth_address at = fake_address(contract);
    uint64_t key = depend_key(31337, &at, kind, first, second);
    for (size_t i = 0; i < facts->depend_count; i++)
        if (facts->depends[i] == key)
            return true;
    return false;
}

static void test_depends(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    simple();
    const struct facts *f = look("www.alice.eth");
    const char *registry = "00000000000c2e074ec69a0dfb2997ba6c7d2e1e", *old = "314159265dd8dbb310642f98f50c066173c1259b";
    struct eth_word alice = node_of("alice.eth"), www = node_of("www.alice.eth"), eth = node_of("eth"), label, other;
    namehash_label(slice_string("www"), label.octets);
    assert_true(rests_on(f, registry, DEPEND_NODE, &www, NULL) && rests_on(f, registry, DEPEND_LABEL, &alice, &label));
    assert_true(rests_on(f, registry, DEPEND_NODE, &alice, NULL) && rests_on(f, old, DEPEND_NODE, &alice, NULL));
    namehash_label(slice_string("alice"), label.octets);
    assert_true(rests_on(f, registry, DEPEND_LABEL, &eth, &label) && rests_on(f, REGISTRAR, DEPEND_TOKEN, &label, NULL));
    namehash_label(slice_string("bob"), other.octets);
    assert_false(rests_on(f, registry, DEPEND_LABEL, &eth, &other));
    assert_true(rests_on(f, RESOLVER, DEPEND_NODE, &alice, NULL) && rests_on(f, RESOLVER, DEPEND_CODE, NULL, NULL));
    assert_int_equal(f->contract_count, 4);     /* two registries, registrar, resolver */
    fake_target(RESOLVER, "alice.eth", "www.alice.eth", TYPE_CNAME, "host.alice.eth");
    f = look("www.alice.eth");                  /* where it leads may become a name of its own */
    struct eth_word host = node_of("host.alice.eth");
    namehash_label(slice_string("host"), other.octets);
    assert_true(rests_on(f, registry, DEPEND_NODE, &host, NULL) && rests_on(f, registry, DEPEND_LABEL, &alice, &other));
    f = look("nobody.eth");                     /* what is not there rests on the registry just so */
    namehash_label(slice_string("nobody"), label.octets);
    assert_true(rests_on(f, registry, DEPEND_LABEL, &eth, &label));
    assert_false(f->one_block);
    end();
}

/* ---- memory ---- */

static void test_memory(void **state)
{
    (void)state;
    bool through = false;
    for (uint64_t after = 1; !through && after < 2000; after++) {
        struct ens_options options = usual();
        begin(&options);
        simple();
        fake_target(RESOLVER, "alice.eth", "www.alice.eth", TYPE_CNAME, "host.alice.eth");
        struct facts_job *job;
        struct name wire = named("www.alice.eth");
        struct slice text = slice_string("url");
        struct facts_request request = { .name = name_view_of(&wire), .dns = true, .texts = &text, .text_count = 1 };
        told_count = 0;
        fault_after(after);
        enum status status = facts_start(source, &request, on_told, NULL, &job);
        if (status == OK)
            fake_turn();
        through = fault_count() < after;
        fault_after(0);
        assert_true(status == OK ? told_count == 1 : status == E_NOMEM);
        if (status == OK && !through && told->status == FACTS_FAILED)
            assert_int_equal(told->failure, CHAIN_FAILURE_MEMORY);
        else if (status == OK)
            assert_int_equal(told->status, FACTS_FOUND);
        end();
    }
    assert_true(through);
}

static void test_cancel(void **state)
{
    (void)state;
    struct ens_options options = usual();
    begin(&options);
    simple();
    struct facts_job *job;
    struct name wire = named("alice.eth"), bad = named("a_b.eth");
    told_count = 0;
    assert_int_equal(facts_start(source, &(struct facts_request){ .name = name_view_of(&wire), .dns = true }, on_told, NULL, &job), OK);
    facts_cancel(job);
    assert_int_equal(facts_start(source, &(struct facts_request){ .name = name_view_of(&bad), .dns = true }, on_told, NULL, &job), OK);
    facts_cancel(job);
    fake_turn();
    assert_int_equal(told_count, 0);
    end();
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recordings), cmocka_unit_test(test_invalid), cmocka_unit_test(test_silence), cmocka_unit_test(test_liar), cmocka_unit_test(test_burner), cmocka_unit_test(test_unreached),
        cmocka_unit_test(test_guess), cmocka_unit_test(test_expired), cmocka_unit_test(test_zone), cmocka_unit_test(test_old_dns), cmocka_unit_test(test_wildcard),
        cmocka_unit_test(test_universal), cmocka_unit_test(test_reverse), cmocka_unit_test(test_depends), cmocka_unit_test(test_memory), cmocka_unit_test(test_cancel),
    };
    recordings_path = count > 1 ? words[1] : "tests/data/ens/devnet/recordings.json";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
