/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups of Unstoppable Domains against two chains that stand in a table.  Token ids are those of the registry's own documents, selectors are computed anew;
 * what records mean is what the official client makes of them. */
#include "crypto/keccak.h"
#include "ethereum/abi.h"
#include "names/facts.h"
#include "names/namehash.h"
#include "names/depend.h"
#include "names/uns_records.h"
#include "names/uns_selectors.h"
#include "wire/rdata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define ALICE "70997970c51812dc3a010c7d01b50e0d17dc79c8"
#define BOB "3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
#define READER_1 "1111111111111111111111111111111111111111"
#define READER_2 "2222222222222222222222222222222222222222"
#define REGISTRY_1 "a111111111111111111111111111111111111111"
#define REGISTRY_2 "a222222222222222222222222222222222222222"
#define CNS "c111111111111111111111111111111111111111"
#define CNS_RESOLVER "b66dce2da6afaaa98f2013446dbcb0f4b0ab2842"
#define NOBODY "0000000000000000000000000000000000000000"

/* ---- two chains, in the place of the room's ---- */

enum { TOKENS_MAX = 16, RECORDS_MAX = 12, JOBS_MAX = 8, TIMERS_MAX = 4, BLOCK_TIME = 1000000 };
enum habit { ANSWERS, UNREACHED, SILENT, REVERTS, HELD };
struct minted { struct eth_word id; struct eth_address owner, resolver; uint64_t expires; const char *keys[RECORDS_MAX], *values[RECORDS_MAX]; size_t count; };
struct chain { uint64_t id; enum habit habit; struct proof proof; struct eth_address reader, registry; struct minted tokens[TOKENS_MAX]; size_t count; const char *reverse; unsigned batches, reads; };
struct state_job { struct chain *chain; struct state_read reads[64]; char *calls[64]; size_t count; state_done_fn *done; void *context; };

static struct chain one, two;
static struct state_job *jobs[JOBS_MAX];
static struct chain_timer *timers[TIMERS_MAX];
static size_t job_count, timer_count;

uint64_t chain_id(const struct chain *chain) { return chain->id; }
struct chain_loop *chain_loop_of(const struct chain *chain) { (void)chain; return (struct chain_loop *)(void *)&one; }
uint64_t chain_loop_now_ms(const struct chain_loop *loop) { (void)loop; return 5000; }
void state_budget_init(struct state_budget *budget, const struct chain *chain) { (void)chain; *budget = (struct state_budget){ .gateway_requests = 16 }; }

static void drop_job(struct state_job *job)
{
    size_t at = 0;
    while (jobs[at] != job)
        at++;
    for (size_t i = 0; i < job->count; i++)
        free(job->calls[i]);
    free(job);
    jobs[at] = jobs[--job_count];
}

void state_job_cancel(struct state_job *job) { drop_job(job); }

enum status state_read_all(struct chain *chain, const struct eth_block *at, struct state_budget *budget, const struct state_read *reads, size_t count, state_done_fn *done,
                           void *context, struct state_job **out)
{
    (void)at;
    void *probe = mem_alloc(1);         /* so that tests of want of memory come by here */
    if (!probe)
        return E_NOMEM;
    mem_free(probe);
    struct state_job *job = calloc(1, sizeof *job);
    require(job_count < JOBS_MAX && count <= LENGTH_OF(job->reads));
    *job = (struct state_job){ .chain = chain, .count = count, .done = done, .context = context };
    for (size_t i = 0; i < count; i++) {
        job->reads[i] = reads[i];
        job->calls[i] = malloc(reads[i].calldata.length + 1);
        memcpy(job->calls[i], reads[i].calldata.data, reads[i].calldata.length);
        job->reads[i].calldata.data = job->calls[i];
    }
    jobs[job_count++] = job;
    budget->round_trips++;
    budget->calls += (uint32_t)count;
    chain->batches++;
    chain->reads += (unsigned)count;
    *out = job;
    return OK;
}

enum status chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer))
{
    (void)loop;
    (void)in_ms;
    require(timer_count < TIMERS_MAX);
    timer->run = run;
    timers[timer_count++] = timer;
    return OK;
}

void chain_timer_clear(struct chain_timer *timer)
{
    for (size_t i = 0; i < timer_count; i++)
        if (timers[i] == timer)
            timers[i] = timers[--timer_count];
}

/* ---- their contracts ---- */

static struct eth_address address(const char *hex)
{
    struct eth_address out;
    size_t length = 0;
    assert_int_equal(hex_decode(slice_string(hex), out.octets, sizeof out.octets, &length), OK);
    return out;
}

static struct eth_word id_of(const char *name)
{
    struct eth_word id;
    assert_int_equal(namehash_name(slice_string(name), false, id.octets), OK);
    return id;
}

/* Keys and values in turn, NULL behind the last. */
static void mint(struct chain *chain, const char *name, const char *owner, ...)
{
    require(chain->count < TOKENS_MAX);
    struct minted *token = &chain->tokens[chain->count++];
    *token = (struct minted){ .id = id_of(name), .owner = address(owner), .resolver = chain->registry };
    va_list rest;
    va_start(rest, owner);
    for (const char *key; (key = va_arg(rest, const char *)) != NULL; ) {
        require(token->count < RECORDS_MAX);
        token->keys[token->count] = key;
        token->values[token->count++] = va_arg(rest, const char *);
    }
    va_end(rest);
}

static const struct minted *token_of(const struct chain *chain, const struct eth_word *id)
{
    for (size_t i = 0; i < chain->count; i++)
        if (eth_word_equal(&chain->tokens[i].id, id))
            return &chain->tokens[i];
    return NULL;
}

static const char *value_of(const struct minted *token, struct slice key)
{
    for (size_t i = 0; token && i < token->count; i++)
        if (slice_is(key, token->keys[i]))
            return token->values[i];
    return "";
}

static bool get_data(const struct chain *chain, struct slice call, struct text *out)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_call(&input, call, UNS_GET_DATA);
    size_t count;
    static const struct eth_address none;
    struct abi_reader keys = abi_read_array(&reader, 1, &count);
    struct eth_word id = abi_read_word(&reader);
    const struct minted *token = token_of(chain, &id);
    if (!abi_ok(&input))
        return false;
    struct abi_writer writer = abi_writer_of(out, 3);
    abi_write_address(&writer, token ? &token->resolver : &none);
    abi_write_address(&writer, token && !(token->expires && token->expires < BLOCK_TIME) ? &token->owner : &none);      /* an expired one keeps its values */
    struct abi_writer values = abi_write_array(&writer, count, 1);
    for (size_t i = 0; i < count; i++)
        abi_write_bytes(&values, slice_string(value_of(token, abi_read_bytes(&keys))));
    return abi_ok(&input);
}

static bool expiry_of(const struct chain *chain, struct slice call, struct text *out)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_call(&input, call, UNS_EXPIRY_OF);
    struct eth_word id = abi_read_word(&reader);
    const struct minted *token = token_of(chain, &id);
    struct abi_writer writer = abi_writer_of(out, 1);
    abi_write_u64(&writer, token ? token->expires : 0);
    return abi_ok(&input) && token && token->expires;       /* else it reverts */
}

static bool reverse_name(const struct chain *chain, struct slice call, struct text *out)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_call(&input, call, UNS_REVERSE_NAME_OF);
    struct eth_address who = abi_read_address(&reader), alice = address(ALICE);
    struct abi_writer writer = abi_writer_of(out, 1);
    abi_write_bytes(&writer, slice_string(chain->reverse && eth_address_equal(&who, &alice) ? chain->reverse : ""));
    return abi_ok(&input);
}

static bool answer(const struct chain *chain, const struct state_read *read, struct text *out)
{
    if (eth_address_equal(&read->to, &chain->registry))
        return expiry_of(chain, read->calldata, out);
    assert_true(eth_address_equal(&read->to, &chain->reader));
    return abi_selector(read->calldata) == UNS_GET_DATA ? get_data(chain, read->calldata, out) : reverse_name(chain, read->calldata, out);
}

static void run_job(struct state_job *job)
{
    struct state_job ran = *job;
    struct state_result results[LENGTH_OF(ran.reads)];
    struct text texts[LENGTH_OF(ran.reads)];
    struct eth_block block = { .number = ran.chain->id, .time = BLOCK_TIME };
    enum habit habit = ran.chain->habit;
    for (size_t i = 0; i < ran.count; i++) {
        text_growing(&texts[i]);
        bool returns = habit == ANSWERS && answer(ran.chain, &ran.reads[i], &texts[i]);
        results[i] = (struct state_result){ .outcome = returns || habit == SILENT ? STATE_VALUE : habit == UNREACHED ? STATE_UNAVAILABLE : STATE_REVERTED,
                                            .data = returns ? slice_of(texts[i].data, texts[i].length) : slice_of(NULL, 0), .proof = ran.chain->proof,
                                            .failure = habit == UNREACHED ? CHAIN_FAILURE_TIMEOUT : CHAIN_FAILURE_NONE, .max_age_seconds = UINT32_MAX };
    }
    size_t count = ran.count;
    drop_job(job);
    ran.done(ran.context, &block, results, count);
    for (size_t i = 0; i < count; i++)
        text_clear(&texts[i]);
}

static struct state_job *next_job(void)
{
    for (size_t i = 0; i < job_count; i++)
        if (jobs[i]->chain->habit != HELD)
            return jobs[i];
    return NULL;
}

static void turn(void)
{
    struct state_job *job;
    while (timer_count || (job = next_job()) != NULL) {
        if (timer_count) {
            struct chain_timer *timer = timers[--timer_count];
            timer->run(timer);
        } else {
            run_job(job);
        }
    }
}

/* ---- looking up ---- */

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

static void begin(void)
{
    one = (struct chain){ .id = 1, .proof = { .grade = PROOF_SINGLE }, .reader = address(READER_1), .registry = address(REGISTRY_1) };
    two = (struct chain){ .id = 137, .proof = { PROOF_QUORUM, 2, 3 }, .reader = address(READER_2), .registry = address(REGISTRY_2) };
    struct uns_options options = { .layer2 = &two, .layer1 = &one, .reader2 = two.reader, .reader1 = one.reader, .registry2 = two.registry, .registry1 = one.registry, .cns1 = address(CNS) };
    assert_int_equal(name_source_uns(&options, &source), OK);
}

static void end(void)
{
    facts_free(told);
    told = NULL;
    name_source_free(source);
    source = NULL;
    assert_int_equal(job_count, 0);
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
    one.batches = two.batches = one.reads = two.reads = 0;
    assert_int_equal(facts_start(source, &request, on_told, NULL, &job), OK);
    assert_int_equal(told_count, 0);            /* never from within */
    turn();
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

/* Records as `TTL rdata;TTL rdata;`. */
static const char *printed(struct slice value, uint16_t type)
{
    static char room[4096];
    struct rdata_style style = { 0 };
    struct text text;
    text_fixed(&text, room, sizeof room);
    struct cursor cursor = cursor_of((const uint8_t *)value.data, value.length);
    while (cursor_left(&cursor) > 0) {
        uint32_t ttl = cursor_u32(&cursor);
        uint16_t size = cursor_u16(&cursor);
        const uint8_t *rdata = cursor_take(&cursor, size);
        assert_non_null(rdata);
        assert_int_equal(rdata_check(type, CLASS_IN, rdata, size), OK);
        text_add_u64(&text, ttl);
        text_add(&text, " ");
        rdata_print(&text, type, CLASS_IN, rdata, size, &style);
        text_add(&text, ";");
    }
    assert_false(text.full);
    return room;
}

static void check_record(const struct facts *facts, const char *owner, uint16_t type, const char *want)
{
    struct fact fact = record(facts, owner, type);
    assert_int_equal(fact.state, FACT_PRESENT);
    assert_string_equal(printed(fact.value, type), want);
}

static bool depends(const struct facts *facts, const struct chain *chain, const char *contract, enum depend_kind kind, const char *name)
{
    struct eth_address at = address(contract);
    struct eth_word id = name ? id_of(name) : (struct eth_word){ { 0 } };
    uint64_t key = depend_key(chain->id, &at, kind, name ? &id : NULL, NULL);
    for (size_t i = 0; i < facts->depend_count; i++)
        if (facts->depends[i] == key)
            return true;
    return false;
}

static bool owned_by(const struct facts *facts, const char *who)
{
    struct eth_address owner = address(who);
    return eth_address_equal(&facts->u.owner, &owner);
}

/* ---- what records mean ---- */

static void test_selectors(void **state)
{
    (void)state;
#define ENTRY(name, number, signature) { number, signature },
    static const struct { uint32_t number; const char *signature; } all[] = { UNS_SELECTORS(ENTRY) };
#undef ENTRY
    for (size_t i = 0; i < LENGTH_OF(all); i++) {
        uint8_t hash[KECCAK256_BYTES];
        keccak256(all[i].signature, strlen(all[i].signature), hash);
        if (get_u32(hash) != all[i].number)
            fail_msg("%s", all[i].signature);
    }
}

static void test_ttl(void **state)
{
    (void)state;
    static const struct { const char *of_type, *of_all; uint32_t want; } cases[] = {
        { "", "", 300 }, { "90", "128", 90 }, { "", "128", 128 }, { "0", "128", 128 }, { "x", "128", 128 }, { "x", "y", 300 }, { "0", "0", 300 }, { "90x", "", 300 },
        { " 90 ", "", 90 }, { "+90", "", 90 }, { "-5", "128", 0 }, { "2147483647", "", 2147483647 }, { "2147483648", "", 2147483647 },
        { "99999999999999999999999999", "", 2147483647 }, { "-", "7", 7 }, { "00", "7", 7 }, { "1.5", "7", 7 }, { "\t\n", "7", 7 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        if (uns_ttl(slice_string(cases[i].of_type), slice_string(cases[i].of_all)) != cases[i].want)
            fail_msg("%s, %s", cases[i].of_type, cases[i].of_all);
}

static void test_records(void **state)
{
    (void)state;
    static const struct { const char *label, *json; uint16_t type; const char *want /* NULL: malformed */; } cases[] = {
        { "two addresses", "[\"192.0.2.1\",\"192.0.2.2\"]", TYPE_A, "60 192.0.2.1;60 192.0.2.2;" },
        { "white space", " [ \"192.0.2.1\" ]\n", TYPE_A, "60 192.0.2.1;" },
        { "an escape", "[\"192\\u002e0.2.1\"]", TYPE_A, "60 192.0.2.1;" },
        { "none", "[]", TYPE_A, "" },
        { "numbers do not count", "[1, 2]", TYPE_MX, "" },
        { "one that is no string", "[\"192.0.2.1\", null]", TYPE_A, "" },
        { "an object", "{\"a\":\"192.0.2.1\"}", TYPE_A, "" },
        { "a string", "\"192.0.2.1\"", TYPE_A, "" },
        { "a number", "7", TYPE_A, "" },
        { "no JSON", "this is not JSON", TYPE_A, NULL },
        { "no JSON, but an address", "192.0.2.1", TYPE_A, NULL },
        { "something behind", "[\"192.0.2.1\"] x", TYPE_A, NULL },
        { "cut short", "[\"192.0.2.1\"", TYPE_A, NULL },
        { "not UTF-8", "[\"\xff\"]", TYPE_TXT, NULL },
        { "no address", "[\"192.0.2.256\"]", TYPE_A, NULL },
        { "one of them is no address", "[\"192.0.2.1\",\"x\"]", TYPE_A, NULL },
        { "a NUL", "[\"192.0.2.1\\u0000\"]", TYPE_A, NULL },
        { "IPv6", "[\"2001:db8::5\"]", TYPE_AAAA, "60 2001:db8::5;" },
        { "names are absolute", "[\"10 mail.example.net\"]", TYPE_MX, "60 10 mail.example.net.;" },
        { "and with a dot", "[\"mail.example.net.\"]", TYPE_CNAME, "60 mail.example.net.;" },
        { "two canonical names", "[\"a.example.\",\"b.example.\"]", TYPE_CNAME, NULL },
        { "text in quotes", "[\"\\\"hello world\\\"\"]", TYPE_TXT, "60 \"hello world\";" },
        { "text in two quotes", "[\"\\\"a\\\" \\\"b\\\"\"]", TYPE_TXT, "60 \"a\" \"b\";" },
        { "text without quotes is one", "[\"v=spf1 -all\"]", TYPE_TXT, "60 \"v=spf1 -all\";" },
        { "and no comment", "[\"v=DKIM1; k=rsa\"]", TYPE_TXT, "60 \"v=DKIM1; k=rsa\";" },
        { "an open quote", "[\"\\\"a\"]", TYPE_TXT, NULL },
        { "service", "[\"1 . alpn=h2\"]", TYPE_HTTPS, "60 1 . alpn=\"h2\";" },
        { "unknown type", "[\"\\\\# 2 1234\"]", 65534, "60 \\# 2 1234;" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct arena *arena = arena_new(0);
        struct slice out = slice_of(NULL, 77);
        const char *wrong = NULL;
        enum status status = uns_records_read(slice_string(cases[i].json), cases[i].type, 60, arena, &out, &wrong);
        if (status != (cases[i].want ? OK : E_BAD_FORMAT) || (status != OK) != (wrong != NULL))
            fail_msg("%s: %s, %s", cases[i].label, status_text(status), wrong ? wrong : "-");
        if (status == OK && strcmp(printed(out, cases[i].type), cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].label, printed(out, cases[i].type));
        arena_free(arena);
    }
}

static void test_many_records(void **state)
{
    (void)state;
    struct arena *arena = arena_new(0);
    struct text json;
    struct slice out;
    const char *wrong = NULL;
    text_growing(&json);
    text_add(&json, "[\"");
    for (unsigned i = 0; i < 600; i++)
        text_add_char(&json, 'a');
    text_add(&json, "\"");
    for (unsigned i = 0; i < UNS_RECORDS_MAX - 1; i++)
        text_add(&json, ",\"x\"");
    text_add(&json, "]");
    assert_int_equal(uns_records_read(slice_of(json.data, json.length), TYPE_TXT, 1, arena, &out, &wrong), OK);
    assert_int_equal(out.length, 6 + 603 + (UNS_RECORDS_MAX - 1) * 8);
    assert_int_equal((uint8_t)out.data[6], 255);
    assert_int_equal((uint8_t)out.data[6 + 256], 255);
    assert_int_equal((uint8_t)out.data[6 + 512], 90);
    json.data[json.length - 1] = ',';
    text_add(&json, "\"x\"]");
    assert_int_equal(uns_records_read(slice_of(json.data, json.length), TYPE_TXT, 1, arena, &out, &wrong), E_BAD_FORMAT);
    text_clear(&json);
    text_growing(&json);
    text_add(&json, "[\"");
    while (json.length < UNS_JSON_MAX_BYTES - 2)
        text_add_char(&json, 'a');
    text_add(&json, "\"]");
    assert_int_equal(uns_records_read(slice_of(json.data, json.length), TYPE_TXT, 1, arena, &out, &wrong), E_BAD_FORMAT);      /* of 65 KB: no message holds it */
    text_clear(&json);
    arena_free(arena);
}

static void test_content(void **state)
{
    (void)state;
    /* The stored octets of ENSIP-7's own example of IPFS. */
    static const char want[] = "e3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
    static const struct { const char *text; bool good; } cases[] = {
        { "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", true }, { "ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", true },
        { "/ipfs/QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4/", true }, { " QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4\n", true },
        { "", false }, { " ", false }, { "/", false }, { "https://example.net/", false }, { "Qm", false }, { "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4/a", false },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct arena *arena = arena_new(0);
        struct slice out;
        enum status status = uns_content_read(slice_string(cases[i].text), arena, &out);
        if (status != (cases[i].good ? OK : E_BAD_FORMAT))
            fail_msg("%s: %s", cases[i].text, status_text(status));
        if (status == OK) {
            struct text hex;
            text_growing(&hex);
            text_add_hex(&hex, (const uint8_t *)out.data, out.length, false);
            assert_string_equal(hex.data, want);
            text_clear(&hex);
        }
        arena_free(arena);
    }
}

static void test_coin_keys(void **state)
{
    (void)state;
    static const struct { uint64_t coin; const char *keys[UNS_COIN_KEYS + 1]; } cases[] = {
        { 60, { "token.EVM.ETH.ETH.address", "crypto.ETH.address", "token.EVM.ETH.address", "token.EVM.address" } },
        { 0x80000089, { "token.EVM.MATIC.MATIC.address", "crypto.MATIC.version.MATIC.address", "token.EVM.MATIC.address", "token.EVM.address" } },
        { 0x80002105, { "token.EVM.BASE.ETH.address", "token.EVM.BASE.address", "token.EVM.address" } },
        { 0, { "crypto.BTC.address" } }, { 2, { "crypto.LTC.address" } }, { 501, { "crypto.SOL.address" } }, { 0x80000000, { "token.EVM.address" } }, { 0x80007a69, { NULL } },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM];
        size_t count = uns_coin_keys(cases[i].coin, keys);
        for (size_t k = 0; k < count; k++)
            assert_string_equal(keys[k], cases[i].keys[k]);
        assert_null(cases[i].keys[count]);
    }
}

static void test_other_keys(void **state)
{
    (void)state;
    static const struct { const char *key, *want; } cases[] = {
        { "crypto.eth.address", "crypto.ETH.address" }, { "crypto.usdt.version.erc20.address", "crypto.USDT.version.ERC20.address" },
        { "token.evm.eth.eth.address", "token.EVM.ETH.ETH.address" }, { "dns.txt", "dns.TXT" }, { "dns.a.ttl", "dns.A.ttl" },
        { "dns.ttl", NULL }, { "crypto.ETH.address", NULL }, { "ipfs.html.value", NULL }, { "", NULL }, { "crypto", NULL }, { "crypto.", NULL },
        { "crypto.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.address", NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char out[UNS_OTHER_KEY_ROOM];
        if (uns_other_key(slice_string(cases[i].key), out) != (cases[i].want != NULL))
            fail_msg("%s", cases[i].key);
        if (cases[i].want)
            assert_string_equal(out, cases[i].want);
    }
    struct slice texts[] = { slice_string("crypto.btc.address"), slice_string("social.x"), slice_string("crypto.eth.address") };
    static const uint64_t coins[] = { 60 };
    begin();
    mint(&two, "k.crypto", ALICE, "crypto.BTC.address", "1", "social.x", "2", "crypto.eth.address", "3", "crypto.ETH.address", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", NULL);
    const struct facts *facts = look_more("k.crypto", &(struct facts_request){ .texts = texts, .text_count = LENGTH_OF(texts), .coins = coins, .coin_count = 1 });
    assert_true(slice_is(facts_text(facts, "crypto.btc.address")->fact.value, "1"));
    assert_true(slice_is(facts_text(facts, "social.x")->fact.value, "2"));
    assert_true(slice_is(facts_text(facts, "crypto.eth.address")->fact.value, "3"));
    assert_int_equal(facts_coin(facts, 60)->fact.state, FACT_PRESENT);
    end();
}

static void test_defaults(void **state)
{
    (void)state;
    struct uns_options options;
    uns_options_default(137, 1, &options);
    struct eth_address reader2 = address("91edd8708062bd4233f4dd0fce15a7cb4d500091"), reader1 = address("578853aa776eef10cee6c4dd2b5862bdce767a8b");
    struct eth_address registry2 = address("a9a6a3626993d487d2dbda3173cf58ca1a9d9e9f"), registry1 = address("049aba7510f45ba5b64ea9e658e342f904db358d");
    struct eth_address cns = address("d1e5b0ff1287aa9f9a268759062e4ab08b9dacbe");
    assert_true(eth_address_equal(&options.reader2, &reader2) && eth_address_equal(&options.reader1, &reader1));
    assert_true(eth_address_equal(&options.registry2, &registry2) && eth_address_equal(&options.registry1, &registry1));
    assert_true(eth_address_equal(&options.cns1, &cns));
    uns_options_default(31338, 31337, &options);
    assert_true(eth_address_is_zero(&options.reader2) && eth_address_is_zero(&options.registry1));
    static const uint64_t all[] = { 1, 137, 146, 8453, 57054, 80002, 84532, 11155111 };
    for (size_t i = 0; i < LENGTH_OF(all); i++) {
        uns_options_default(all[i], all[i], &options);
        assert_false(eth_address_is_zero(&options.reader2) || eth_address_is_zero(&options.registry2));
    }
}

/* ---- which layer answers ---- */

static void mint_usual(void)
{
    mint(&one, "both.crypto", ALICE, "dns.A", "[\"192.0.2.101\"]", "dns.AAAA", "[\"2001:db8::101\"]", NULL);
    mint(&two, "both.crypto", BOB, "dns.A", "[\"192.0.2.201\"]", NULL);
    mint(&one, "first.crypto", ALICE, "dns.A", "[\"192.0.2.102\"]", NULL);
    mint(&two, "second.crypto", BOB, "dns.A", "[\"192.0.2.202\"]", NULL);
    mint(&one, "lapsed.x", ALICE, "dns.A", "[\"192.0.2.106\"]", NULL);
    mint(&two, "lapsed.x", BOB, "dns.A", "[\"192.0.2.206\"]", NULL);
    two.tokens[two.count - 1].expires = BLOCK_TIME - 1;
    mint(&one, "gone.x", ALICE, "dns.A", "[\"192.0.2.110\"]", NULL);
    one.tokens[one.count - 1].expires = BLOCK_TIME - 1;
    mint(&two, "live.x", ALICE, "dns.A", "[\"192.0.2.107\"]", NULL);
    two.tokens[two.count - 1].expires = BLOCK_TIME + 50;
    mint(&two, "sub.both.crypto", ALICE, "dns.A", "[\"192.0.2.203\"]", NULL);
}

static void test_layers(void **state)
{
    (void)state;
    static const struct { const char *label, *name; enum habit layer1, layer2; enum facts_status want; uint64_t chain; const char *owner, *a; enum fact_state aaaa; } cases[] = {
        { "both: layer 2", "both.crypto", ANSWERS, ANSWERS, FACTS_FOUND, 137, BOB, "300 192.0.2.201;", FACT_ABSENT },
        { "layer 1 alone", "first.crypto", ANSWERS, ANSWERS, FACTS_FOUND, 1, ALICE, "300 192.0.2.102;", FACT_ABSENT },
        { "layer 2 alone", "second.crypto", ANSWERS, ANSWERS, FACTS_FOUND, 137, BOB, "300 192.0.2.202;", FACT_ABSENT },
        { "nobody", "noone.crypto", ANSWERS, ANSWERS, FACTS_ABSENT, 1, NOBODY, NULL, FACT_ABSENT },
        { "over on layer 2", "lapsed.x", ANSWERS, ANSWERS, FACTS_FOUND, 1, ALICE, "300 192.0.2.106;", FACT_ABSENT },
        { "over on layer 1", "gone.x", ANSWERS, ANSWERS, FACTS_ABSENT, 1, NOBODY, NULL, FACT_ABSENT },
        { "layer 2 not reached", "both.crypto", ANSWERS, UNREACHED, FACTS_FAILED, 137, NULL, NULL, FACT_NOT_ASKED },
        { "layer 2 not reached, layer 1 has it", "first.crypto", ANSWERS, UNREACHED, FACTS_FAILED, 137, NULL, NULL, FACT_NOT_ASKED },
        { "layer 2 has no reader there", "first.crypto", ANSWERS, SILENT, FACTS_FAILED, 137, NULL, NULL, FACT_NOT_ASKED },
        { "layer 2 refuses", "first.crypto", ANSWERS, REVERTS, FACTS_FAILED, 137, NULL, NULL, FACT_NOT_ASKED },
        { "layer 1 not reached, layer 2 has it", "both.crypto", UNREACHED, ANSWERS, FACTS_FOUND, 137, BOB, "300 192.0.2.201;", FACT_ABSENT },
        { "layer 1 late, layer 2 has it", "both.crypto", HELD, ANSWERS, FACTS_FOUND, 137, BOB, "300 192.0.2.201;", FACT_ABSENT },
        { "layer 1 not reached", "first.crypto", UNREACHED, ANSWERS, FACTS_FAILED, 1, NULL, NULL, FACT_NOT_ASKED },
        { "layer 1 has no reader there", "noone.crypto", SILENT, ANSWERS, FACTS_FAILED, 1, NULL, NULL, FACT_NOT_ASKED },
        { "none reached", "both.crypto", UNREACHED, UNREACHED, FACTS_FAILED, 137, NULL, NULL, FACT_NOT_ASKED },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        begin();
        mint_usual();
        one.habit = cases[i].layer1;
        two.habit = cases[i].layer2;
        const struct facts *facts = look(cases[i].name);
        if (facts->status != cases[i].want || facts->u.chain_id != cases[i].chain || record(facts, cases[i].name, TYPE_AAAA).state != cases[i].aaaa)
            fail_msg("%s: status %d, chain %d, aaaa %d", cases[i].label, (int)facts->status, (int)facts->u.chain_id, (int)record(facts, cases[i].name, TYPE_AAAA).state);
        if (cases[i].owner && !owned_by(facts, cases[i].owner))
            fail_msg("%s: owner", cases[i].label);
        if (cases[i].a)
            check_record(facts, cases[i].name, TYPE_A, cases[i].a);
        assert_int_equal(facts->status == FACTS_FAILED && (one.habit == UNREACHED || two.habit == UNREACHED), facts->failure == CHAIN_FAILURE_TIMEOUT);
        assert_int_equal(facts->round_trips, 1);
        assert_int_equal(one.batches, 1);
        assert_int_equal(two.batches, 1);
        assert_false(facts->ens);
        assert_false(facts->one_block);
        end();
    }
}

static void test_one_layer(void **state)
{
    (void)state;
    struct eth_block block = { .number = 3 };
    begin();
    mint_usual();
    name_source_free(source);
    struct uns_options options = { .layer1 = &one, .reader1 = one.reader, .registry1 = one.registry };
    assert_int_equal(name_source_uns(&options, &source), OK);
    const struct facts *facts = look_more("both.crypto", &(struct facts_request){ .dns = true, .at = &block });
    assert_int_equal(facts->status, FACTS_FOUND);
    check_record(facts, "both.crypto", TYPE_A, "300 192.0.2.101;");
    assert_int_equal(facts->contract_below_count, 0);
    name_source_free(source);
    options = (struct uns_options){ .layer2 = &two, .layer1 = &one, .reader1 = one.reader };       /* chain 137: known; chain 1: a reader of our own, no registry */
    assert_int_equal(name_source_uns(&options, &source), OK);
    assert_false(eth_address_is_zero(&name_source_uns_options(source)->reader2));
    assert_true(eth_address_is_zero(&name_source_uns_options(source)->registry1));
    two.id = 31338;
    name_source_free(source);
    assert_int_equal(name_source_uns(&options, &source), OK);
    facts = look("both.crypto");
    assert_int_equal(facts->status, FACTS_FAILED);
    assert_int_equal(one.batches + two.batches, 0);
    end();
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    static const struct { const char *name; enum facts_status want; const char *zone, *a; unsigned reads; } cases[] = {
        { "both.crypto", FACTS_FOUND, "both.crypto", "300 192.0.2.201;", 2 },
        { "BoTh.CryPto", FACTS_FOUND, "both.crypto", "300 192.0.2.201;", 2 },
        { "www.both.crypto", FACTS_FOUND, "both.crypto", NULL, 4 },
        { "sub.both.crypto", FACTS_FOUND, "sub.both.crypto", "300 192.0.2.203;", 4 },
        { "a.b.sub.both.crypto", FACTS_FOUND, "sub.both.crypto", NULL, 8 },
        { "_dnslink.both.crypto", FACTS_FOUND, "both.crypto", NULL, 2 },
        { "_dmarc.sub.both.crypto", FACTS_FOUND, "sub.both.crypto", NULL, 4 },
        { "a._tcp.both.crypto", FACTS_FOUND, "both.crypto", NULL, 2 },
        { "www.noone.crypto", FACTS_ABSENT, NULL, NULL, 4 },
        { "_dnslink.noone.crypto", FACTS_ABSENT, NULL, NULL, 2 },
        { "b_d.crypto", FACTS_INVALID, NULL, NULL, 0 },
        { "*.crypto", FACTS_INVALID, NULL, NULL, 0 },
        { "b\\195\\188cher.crypto", FACTS_INVALID, NULL, NULL, 0 },
        { "both.cr_pto", FACTS_INVALID, NULL, NULL, 0 },
        { "www.b_d.crypto", FACTS_INVALID, NULL, NULL, 0 },
        { "bo\\.th.crypto", FACTS_INVALID, NULL, NULL, 0 },
        { ".", FACTS_INVALID, NULL, NULL, 0 },
        { "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.crypto", FACTS_FAILED, NULL, NULL, 0 },
    };
    begin();
    mint_usual();
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct facts *facts = look(cases[i].name);
        if (facts->status != cases[i].want || two.reads != cases[i].reads || one.reads != cases[i].reads)
            fail_msg("%s: %d, %u reads", cases[i].name, (int)facts->status, two.reads);
        if (cases[i].zone) {
            struct name zone = named(cases[i].zone);
            if (!name_same(facts->zone, name_view_of(&zone)))
                fail_msg("%s: zone", cases[i].name);
        }
        if (cases[i].a)
            check_record(facts, cases[i].name, TYPE_A, cases[i].a);
        else if (cases[i].want == FACTS_FOUND)
            assert_int_equal(record(facts, cases[i].name, TYPE_A).state, FACT_ABSENT);
        if (facts->status == FACTS_INVALID)
            assert_non_null(facts->reason);
    }
    end();
}

static void test_token(void **state)
{
    (void)state;
    /* As the registry's documents give it. */
    static const char brad[] = "756e4e998dbffd803c21d23b06cd855cdc7a4b57706c95964a37e24b47c10fc9";
    uint8_t want[32];
    size_t length;
    assert_int_equal(hex_decode(slice_string(brad), want, sizeof want, &length), OK);
    begin();
    mint(&one, "brad.crypto", ALICE, NULL);
    const struct facts *facts = look("Brad.crypto");
    assert_memory_equal(facts->u.token.octets, want, sizeof want);
    assert_true(slice_is(facts->unicode, "brad.crypto"));
    end();
}

/* ---- values ---- */

static void test_values(void **state)
{
    (void)state;
    static const uint16_t types[] = { 33, 65534, TYPE_ANY, TYPE_A };
    struct slice texts[] = { slice_string("social.twitter.username"), slice_string("none") };
    static const uint64_t coins[] = { 60, 0, 0x80000089, 2, 0x80007a69 };
    begin();
    mint(&two, "v.crypto", ALICE, "dns.SRV", "[\"1 2 3 host.example.\"]", "dns.TYPE65534", "[\"\\\\# 1 77\"]", "social.twitter.username", "someone",
         "crypto.ETH.address", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "crypto.BTC.address", "not an address",
         "token.EVM.address", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "dns.ttl", "128", "ipfs.html.value", "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", NULL);
    const struct facts *facts = look_more("v.crypto", &(struct facts_request){ .dns = true, .types = types, .type_count = LENGTH_OF(types), .texts = texts, .text_count = LENGTH_OF(texts),
                                                                             .coins = coins, .coin_count = LENGTH_OF(coins) });
    struct eth_address alice = address(ALICE), bob = address(BOB);
    assert_int_equal(facts->status, FACTS_FOUND);
    check_record(facts, "v.crypto", 33, "128 1 2 3 host.example.;");
    check_record(facts, "v.crypto", 65534, "128 \\# 1 77;");
    assert_int_equal(record(facts, "v.crypto", TYPE_ANY).state, FACT_NOT_ASKED);
    assert_true(slice_is(facts_text(facts, "social.twitter.username")->fact.value, "someone"));
    assert_int_equal(facts_text(facts, "none")->fact.state, FACT_ABSENT);
    assert_int_equal(facts->content.state, FACT_PRESENT);
    assert_memory_equal(facts_coin(facts, 60)->fact.value.data, alice.octets, 20);
    assert_memory_equal(facts_coin(facts, 0x80000089)->fact.value.data, bob.octets, 20);       /* by way of its family */
    assert_int_equal(facts_coin(facts, 0)->fact.state, FACT_BROKEN);
    assert_int_equal(facts_coin(facts, 2)->fact.state, FACT_ABSENT);
    assert_int_equal(facts_coin(facts, 0x80007a69)->fact.state, FACT_ABSENT);
    /* Nothing of the name that has the token is told of one below it. */
    facts = look_more("www.v.crypto", &(struct facts_request){ .dns = true, .texts = texts, .text_count = 1, .coins = coins, .coin_count = 1 });
    assert_int_equal(facts->status, FACTS_FOUND);
    assert_int_equal(facts_text(facts, "social.twitter.username")->fact.state, FACT_ABSENT);
    assert_int_equal(facts_coin(facts, 60)->fact.state, FACT_ABSENT);
    assert_int_equal(facts->content.state, FACT_ABSENT);
    end();
}

static void test_spoilt(void **state)
{
    (void)state;
    begin();
    mint(&one, "spoilt.crypto", ALICE, "dns.A", "this is not JSON", "dns.AAAA", "[\"2001:db8::103\"]", "dns.MX", "[1, 2]", "dns.TXT", "[]", "dns.AAAA.ttl", "77",
         "dweb.ipfs.hash", "nonsense", "ipfs.html.value", "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", NULL);
    const struct facts *facts = look("spoilt.crypto");
    assert_int_equal(facts->status, FACTS_FOUND);
    assert_int_equal(record(facts, "spoilt.crypto", TYPE_A).state, FACT_BROKEN);
    assert_string_equal(record(facts, "spoilt.crypto", TYPE_A).reason, "DNS records that are not JSON");
    check_record(facts, "spoilt.crypto", TYPE_AAAA, "77 2001:db8::103;");
    assert_int_equal(record(facts, "spoilt.crypto", TYPE_MX).state, FACT_ABSENT);
    assert_int_equal(record(facts, "spoilt.crypto", TYPE_TXT).state, FACT_ABSENT);
    assert_int_equal(facts->content.state, FACT_BROKEN);        /* the first key that is set counts */
    end();
}

static void test_above(void **state)
{
    (void)state;
    begin();
    mint(&two, "zone.crypto", ALICE, "dns.NS", "[\"ns1.example.\",\"ns2.example.\"]", "dns.NS.ttl", "500", "dns.A", "[\"192.0.2.1\"]", NULL);
    const struct facts *facts = look("www.zone.crypto");
    check_record(facts, "zone.crypto", TYPE_NS, "500 ns1.example.;500 ns2.example.;");
    assert_int_equal(record(facts, "www.zone.crypto", TYPE_NS).state, FACT_ABSENT);
    assert_int_equal(record(facts, "zone.crypto", TYPE_A).state, FACT_NOT_ASKED);
    struct name above = named("crypto"), own = named("zone.crypto");
    assert_true(name_same(facts->zone, name_view_of(&above)));          /* a cut, with all that is below it */
    facts = look("zone.crypto");
    assert_true(name_same(facts->zone, name_view_of(&own)));
    end();
}

/* ---- what it rests on ---- */

static void test_depends(void **state)
{
    (void)state;
    begin();
    mint_usual();
    const struct facts *facts = look("first.crypto");
    assert_ptr_equal(facts->chain, &one);
    assert_ptr_equal(facts->chain_below, &two);
    assert_int_equal(facts->block.number, 1);
    assert_int_equal(facts->proof.grade, PROOF_SINGLE);         /* the weaker of two that both count */
    assert_true(depends(facts, &two, REGISTRY_2, DEPEND_TOKEN, "first.crypto"));        /* minted there, it is theirs */
    assert_true(depends(facts, &two, REGISTRY_2, DEPEND_CODE, NULL) && depends(facts, &two, READER_2, DEPEND_CODE, NULL));
    assert_true(depends(facts, &one, REGISTRY_1, DEPEND_TOKEN, "first.crypto") && depends(facts, &one, REGISTRY_1, DEPEND_NODE, "first.crypto"));
    assert_true(depends(facts, &one, CNS, DEPEND_TOKEN, "first.crypto") && depends(facts, &one, CNS, DEPEND_NODE, "first.crypto"));
    assert_int_equal(facts->contract_below_count, 2);
    assert_int_equal(facts->contract_count, 3);
    assert_int_equal(facts->changes_at, 0);

    facts = look("both.crypto");
    assert_ptr_equal(facts->chain, &two);
    assert_int_equal(facts->proof.grade, PROOF_QUORUM);
    assert_int_equal(facts->contract_below_count, 0);           /* the first layer has no say */
    assert_true(depends(facts, &two, REGISTRY_2, DEPEND_NODE, "both.crypto"));
    assert_false(depends(facts, &one, REGISTRY_1, DEPEND_NODE, "both.crypto"));

    facts = look("www.both.crypto");                            /* www may be minted on either */
    assert_int_equal(facts->proof.grade, PROOF_SINGLE);
    assert_true(depends(facts, &two, REGISTRY_2, DEPEND_TOKEN, "www.both.crypto") && depends(facts, &one, REGISTRY_1, DEPEND_TOKEN, "www.both.crypto"));
    assert_true(depends(facts, &two, REGISTRY_2, DEPEND_TOKEN, "both.crypto"));
    assert_false(depends(facts, &one, REGISTRY_1, DEPEND_TOKEN, "both.crypto"));

    facts = look("noone.crypto");
    assert_true(depends(facts, &two, REGISTRY_2, DEPEND_TOKEN, "noone.crypto") && depends(facts, &one, REGISTRY_1, DEPEND_TOKEN, "noone.crypto"));

    facts = look("live.x");
    assert_int_equal(facts->u.expires, BLOCK_TIME + 50);
    assert_int_equal(facts->changes_at, BLOCK_TIME + 50);
    end();
}

/* Events of the registry lead to those keys. */
static void test_events(void **state)
{
    (void)state;
    static const struct { const char *signature; unsigned topics, token; bool mint; } cases[] = {
        { "Set(uint256,string,string,string,string)", 4, 1, false }, { "NewKey(uint256,string,string)", 3, 1, false }, { "ResetRecords(uint256)", 2, 1, false },
        { "SetExpiry(uint256,uint64)", 2, 1, false }, { "Transfer(address,address,uint256)", 4, 3, true }, { "Resolve(uint256,address)", 3, 1, false },
    };
    begin();
    mint_usual();
    const struct facts *facts = look("first.crypto");
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct chain_log log = { .address = address(REGISTRY_1), .topic_count = (uint8_t)cases[i].topics };
        uint64_t keys[DEPEND_LOG_KEYS];
        keccak256(cases[i].signature, strlen(cases[i].signature), log.topics[0].octets);
        log.topics[cases[i].token] = id_of("first.crypto");
        size_t count = depend_from_log(1, &log, keys), hits = 0;
        for (size_t k = 0; k < count; k++)
            for (size_t d = 0; d < facts->depend_count; d++)
                hits += facts->depends[d] == keys[k];
        if (hits != 1)
            fail_msg("%s", cases[i].signature);
        log.topics[cases[i].token] = id_of("second.crypto");
        count = depend_from_log(1, &log, keys);
        for (size_t k = 0; k < count; k++)
            for (size_t d = 0; d < facts->depend_count; d++)
                assert_true(facts->depends[d] != keys[k]);
    }
    end();
}

static void test_older_registry(void **state)
{
    (void)state;
    begin();
    mint(&one, "old.crypto", ALICE, "dns.A", "[\"192.0.2.108\"]", NULL);
    one.tokens[0].resolver = address(CNS_RESOLVER);
    const struct facts *facts = look("old.crypto");
    assert_int_equal(facts->status, FACTS_FOUND);
    assert_false(facts->one_block);
    assert_true(depends(facts, &one, CNS_RESOLVER, DEPEND_NODE, "old.crypto"));
    one.tokens[0].resolver = address("00000000000000000000000000000000000000aa");      /* nobody knows what it does */
    facts = look("old.crypto");
    assert_true(facts->one_block);
    one.tokens[0].resolver = address(NOBODY);
    facts = look("old.crypto");
    assert_false(facts->one_block);
    end();
}

/* ---- primary names ---- */

static const struct facts *look_back(void)
{
    struct facts_job *job;
    struct eth_address alice = address(ALICE);
    told_count = 0;
    assert_int_equal(facts_start_reverse(source, &alice, 60, on_told, NULL, &job), OK);
    assert_int_equal(told_count, 0);
    turn();
    assert_int_equal(told_count, 1);
    return told;
}

static void test_reverse(void **state)
{
    (void)state;
    static const struct { const char *label, *claim1, *claim2; enum habit layer1, layer2; enum facts_status want; const char *name; } cases[] = {
        { "layer 1", "first.crypto", NULL, ANSWERS, ANSWERS, FACTS_FOUND, "first.crypto" },
        { "layer 1 before layer 2", "first.crypto", "live.x", ANSWERS, ANSWERS, FACTS_FOUND, "first.crypto" },
        { "layer 2", NULL, "live.x", ANSWERS, ANSWERS, FACTS_FOUND, "live.x" },
        { "by its address", "paid.crypto", NULL, ANSWERS, ANSWERS, FACTS_FOUND, "paid.crypto" },
        { "of layer 2, which is another's", "both.crypto", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "somebody else's", "second.crypto", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "below one's own", "www.first.crypto", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "nobody's", "noone.crypto", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "not a name", "First.crypto", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "dots", "first..crypto", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "an at sign", "@", NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "none", NULL, NULL, ANSWERS, ANSWERS, FACTS_ABSENT, NULL },
        { "layer 1 not reached", "first.crypto", "live.x", UNREACHED, ANSWERS, FACTS_FAILED, NULL },
        { "layer 2 not reached", NULL, "live.x", ANSWERS, UNREACHED, FACTS_FAILED, NULL },
        { "layer 1 is none", NULL, "live.x", SILENT, ANSWERS, FACTS_FAILED, NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        begin();
        mint_usual();
        mint(&one, "paid.crypto", BOB, "crypto.ETH.address", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", NULL);
        one.reverse = cases[i].claim1;
        two.reverse = cases[i].claim2;
        one.habit = cases[i].layer1;
        two.habit = cases[i].layer2;
        const struct facts *facts = look_back();
        if (facts->status != cases[i].want)
            fail_msg("%s: %d", cases[i].label, (int)facts->status);
        if (cases[i].name)
            assert_true(slice_is(facts->unicode, cases[i].name));
        if (facts->status != FACTS_FAILED) {
            struct eth_address alice = address(ALICE), registry = one.registry;
            struct eth_word who = { { 0 } };
            memcpy(who.octets + 12, alice.octets, 20);
            uint64_t key = depend_key(1, &registry, DEPEND_NODE, &who, NULL);
            bool there = false;
            for (size_t d = 0; d < facts->depend_count; d++)
                there |= facts->depends[d] == key;
            assert_true(there);
        }
        end();
    }
}

/* ---- trouble ---- */

static void test_cancel(void **state)
{
    (void)state;
    struct facts_job *job;
    struct name name = named("first.crypto");
    struct eth_address alice = address(ALICE);
    begin();
    mint_usual();
    told_count = 0;
    struct facts_request request = { .name = name_view_of(&name), .dns = true };
    assert_int_equal(facts_start(source, &request, on_told, NULL, &job), OK);
    facts_cancel(job);
    assert_int_equal(facts_start_reverse(source, &alice, 60, on_told, NULL, &job), OK);
    facts_cancel(job);
    one.reverse = "first.crypto";
    two.habit = HELD;
    assert_int_equal(facts_start_reverse(source, &alice, 60, on_told, NULL, &job), OK);
    turn();                                     /* now it looks forwards, and waits for layer 2 */
    facts_cancel(job);
    assert_int_equal(told_count, 0);
    end();
}

static void start_any(bool back, struct facts_job **job, enum status *status)
{
    static const uint64_t coins[] = { 60 };
    struct slice texts[] = { slice_string("a") };
    struct name name = named("www.v.crypto");
    struct eth_address alice = address(ALICE);
    struct facts_request request = { .name = name_view_of(&name), .dns = true, .coins = coins, .coin_count = 1, .texts = texts, .text_count = 1 };
    *status = back ? facts_start_reverse(source, &alice, 60, on_told, NULL, job) : facts_start(source, &request, on_told, NULL, job);
}

static void test_memory(void **state)
{
    (void)state;
    for (unsigned back = 0; back < 2; back++) {
        bool whole = false;
        for (uint64_t n = 1; !whole; n++) {
            begin();
            mint(&one, "v.crypto", ALICE, "dns.NS", "[\"ns.example.\"]", "crypto.ETH.address", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", NULL);
            mint(&one, "www.v.crypto", ALICE, "dns.A", "[\"192.0.2.1\"]", "dns.TXT", "[\"\\\"x\\\"\"]", "dweb.ipfs.hash", "QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4", NULL);
            one.reverse = "v.crypto";
            struct facts_job *job;
            enum status status;
            told_count = 0;
            fault_after(n);
            start_any(back, &job, &status);
            if (status == OK)
                turn();
            whole = fault_count() < n;
            fault_after(0);
            assert_true(status == OK || status == E_NOMEM);
            assert_int_equal(told_count, status == OK);
            if (status == OK && told->status != FACTS_FOUND && !(told->status == FACTS_FAILED && told->failure == CHAIN_FAILURE_MEMORY)
                && !(told->status == FACTS_FAILED && told->failure == CHAIN_FAILURE_BAD_REPLY))        /* the fake's own answer was cut short */
                fail_msg("allocation %u: %d %d %s", (unsigned)n, (int)told->status, (int)told->failure, told->reason ? told->reason : "");
            end();
            assert_true(n < 2000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selectors), cmocka_unit_test(test_ttl), cmocka_unit_test(test_records), cmocka_unit_test(test_many_records), cmocka_unit_test(test_content),
        cmocka_unit_test(test_coin_keys), cmocka_unit_test(test_other_keys), cmocka_unit_test(test_defaults), cmocka_unit_test(test_layers), cmocka_unit_test(test_one_layer), cmocka_unit_test(test_names),
        cmocka_unit_test(test_token), cmocka_unit_test(test_values), cmocka_unit_test(test_spoilt), cmocka_unit_test(test_above), cmocka_unit_test(test_depends),
        cmocka_unit_test(test_events), cmocka_unit_test(test_older_registry), cmocka_unit_test(test_reverse), cmocka_unit_test(test_cancel), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
