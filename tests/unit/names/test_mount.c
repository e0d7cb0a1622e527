/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts with a chain, a loop and lookups that the test plays: who is looked up how often, what leaves the cache when, what failures do. */
#include "../zone/build.h"
#include "names/depend.h"
#include "names/mount.h"
#include <stdlib.h>

/* ---- the loop: a clock, timers, posts ---- */

static uint64_t now_ms;
static struct chain_timer *timers[4096];
static size_t timer_count;
static struct chain_post *posted, **posted_last = &posted;

uint64_t __wrap_chain_loop_now_ms(const struct chain_loop *loop);
uint64_t __wrap_chain_loop_unix_ms(const struct chain_loop *loop);
enum status __wrap_chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer));
void __wrap_chain_timer_clear(struct chain_timer *timer);
void __wrap_chain_loop_post(struct chain_loop *loop, struct chain_post *post);

uint64_t __wrap_chain_loop_now_ms(const struct chain_loop *loop) { (void)loop; return now_ms; }
uint64_t __wrap_chain_loop_unix_ms(const struct chain_loop *loop) { (void)loop; return 1700000000000 + now_ms; }

void __wrap_chain_timer_clear(struct chain_timer *timer)
{
    for (size_t i = 0; i < timer_count; i++) {
        if (timers[i] != timer)
            continue;
        timers[i] = timers[--timer_count];
        return;
    }
}

enum status __wrap_chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer))
{
    (void)loop;
    __wrap_chain_timer_clear(timer);
    timer->run = run;
    timer->due_ms = now_ms + in_ms;
    assert_true(timer_count < LENGTH_OF(timers));
    timers[timer_count++] = timer;
    return OK;
}

void __wrap_chain_loop_post(struct chain_loop *loop, struct chain_post *post)
{
    (void)loop;
    post->next = NULL;
    *posted_last = post;
    posted_last = &post->next;
}

static void run_posts(void)
{
    while (posted != NULL) {
        struct chain_post *post = posted;
        posted = post->next;
        if (posted == NULL)
            posted_last = &posted;
        post->run(post);
    }
}

static void pass(uint64_t ms)
{
    for (uint64_t end = now_ms + ms; now_ms < end;) {
        now_ms += end - now_ms < 100 ? end - now_ms : 100;
        for (size_t i = 0; i < timer_count; i++) {
            struct chain_timer *due = timers[i];
            if (due->due_ms > now_ms)
                continue;
            __wrap_chain_timer_clear(due);
            due->run(due);
            i = SIZE_MAX;
        }
    }
}

/* ---- the chain ---- */

static struct chain_follower *follower;
static enum chain_health health;
static unsigned watches, unwatches;
static struct chain *the_chain(void) { return (struct chain *)(uintptr_t)&follower; }
static struct eth_block head;

uint64_t __wrap_chain_id(const struct chain *chain);
void __wrap_chain_follow(struct chain *chain, struct chain_follower *f);
enum status __wrap_chain_watch(struct chain *chain, const struct eth_address *contract);
void __wrap_chain_unwatch(struct chain *chain, const struct eth_address *contract);
bool __wrap_chain_head(const struct chain *chain, struct eth_block *out);
enum chain_health __wrap_chain_health(const struct chain *chain);
uint64_t __wrap_chain_id(const struct chain *chain) { (void)chain; return 1; }
void __wrap_chain_follow(struct chain *chain, struct chain_follower *f) { (void)chain; follower = f; }
enum status __wrap_chain_watch(struct chain *chain, const struct eth_address *contract) { (void)chain; (void)contract; watches++; return OK; }
void __wrap_chain_unwatch(struct chain *chain, const struct eth_address *contract) { (void)chain; (void)contract; unwatches++; }
bool __wrap_chain_head(const struct chain *chain, struct eth_block *out) { (void)chain; *out = head; return head.number != 0; }
enum chain_health __wrap_chain_health(const struct chain *chain) { (void)chain; return health; }

static void go_to(uint64_t number)
{
    head = (struct eth_block){ .number = number, .time = 1700000000 + number };
    follower->head(follower->context, &head);
}
static void be(enum chain_health h)
{
    health = h;
    follower->health(follower->context, h);
}

/* ---- name system ---- */

static struct ens_options ens;
const struct ens_options *__wrap_name_source_ens_options(const struct name_source *source);
const struct uns_options *__wrap_name_source_uns_options(const struct name_source *source);
void __wrap_name_source_logs(struct name_source *source, const struct eth_block *block, const struct chain_log *logs, size_t count);
void __wrap_name_source_drop(struct name_source *source, uint64_t from);
enum status __wrap_facts_start(struct name_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out);
enum status __wrap_facts_start_reverse(struct name_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out);
void __wrap_facts_cancel(struct facts_job *job);
const struct ens_options *__wrap_name_source_ens_options(const struct name_source *source) { (void)source; ens.chain = the_chain(); return &ens; }
const struct uns_options *__wrap_name_source_uns_options(const struct name_source *source) { (void)source; return NULL; }
void __wrap_name_source_logs(struct name_source *source, const struct eth_block *block, const struct chain_log *logs, size_t count) { (void)source; (void)block; (void)logs; (void)count; }
void __wrap_name_source_drop(struct name_source *source, uint64_t from) { (void)source; (void)from; }

struct job { struct name name; uint16_t types[16]; size_t type_count; bool reverse; facts_done_fn *done; void *context; bool open; };
static struct job jobs[4096];
static size_t started;

static enum status start(const struct job *like, facts_done_fn *done, void *context, struct facts_job **out)
{
    struct job *job = &jobs[started];
    assert_true(started < LENGTH_OF(jobs));
    *job = *like;
    job->done = done;
    job->context = context;
    job->open = true;
    started++;
    *out = (struct facts_job *)(uintptr_t)job;
    return OK;
}

enum status __wrap_facts_start(struct name_source *source, const struct facts_request *request, facts_done_fn *done, void *context, struct facts_job **out)
{
    struct job job = { .name = name_copy(request->name), .type_count = request->type_count };
    (void)source;
    memcpy(job.types, request->types, request->type_count * sizeof job.types[0]);
    return start(&job, done, context, out);
}
enum status __wrap_facts_start_reverse(struct name_source *source, const struct eth_address *address, uint64_t coin, facts_done_fn *done, void *context, struct facts_job **out)
{
    (void)source;
    (void)address;
    assert_int_equal(coin, 60);
    return start(&(struct job){ .name = { 1, "" }, .reverse = true }, done, context, out);
}
void __wrap_facts_cancel(struct facts_job *job)
{
    if (job != NULL)
        ((struct job *)(uintptr_t)job)->open = false;
}

/* What the answer to a lookup is. */
struct says {
    enum facts_status status;
    uint64_t block;
    const char *address;        /* 4 octets as text; NULL = none */
    const char *alias;
    uint64_t depend, changes_at;
    uint8_t contract;           /* its last octet; 0 = none */
    bool one_block;
    enum chain_failure failure;
    bool bad_a;
};

static const uint8_t *wire_in(struct arena *arena, const char *text, size_t *length)
{
    struct name name = test_name(text);
    *length = name.length;
    return arena_copy(arena, name.wire, name.length);
}

static void set_record(struct facts *f, uint16_t type, const void *rdata, size_t size)
{
    uint8_t *value = arena_bytes(f->arena, 6 + size);
    put_u32(value, 600);
    put_u16(value + 4, (uint16_t)size);
    memcpy(value + 6, rdata, size);
    f->records[f->record_count++] = (struct fact_records){ f->name, type, { .state = FACT_PRESENT, .value = slice_of((const char *)value, 6 + size) } };
}

static void reply_to(size_t index, const struct says *s)
{
    struct job *job = &jobs[index];
    struct arena *arena = arena_new(0);
    struct facts *f = arena_alloc(arena, sizeof *f);
    struct name_view name = name_view_of(&job->name);
    assert_true(job->open);
    job->open = false;
    *f = (struct facts){ .arena = arena, .status = s->status, .failure = s->failure, .chain = the_chain(), .ens = true, .max_age_seconds = UINT32_MAX,
                         .block = { .number = s->block, .time = 1700000000 + s->block }, .one_block = s->one_block, .changes_at = s->changes_at,
                         .records = arena_alloc(arena, 4 * sizeof *f->records) };
    f->name = (struct name_view){ arena_copy(arena, name.wire, name.length), name.length, name.labels };
    f->zone = s->status == FACTS_FOUND ? f->name : (struct name_view){ 0 };
    uint16_t *types = arena_alloc(arena, sizeof job->types);
    memcpy(types, job->types, sizeof job->types);
    f->types = types;
    f->type_count = job->type_count;
    if (job->reverse)
        f->unicode = slice_string("a.eth");
    uint8_t octets[4];
    if (s->address != NULL) {
        struct address address;
        assert_int_equal(address_parse(slice_string(s->address), &address), OK);
        memcpy(octets, address.bytes, 4);
        set_record(f, TYPE_A, octets, 4);
    }
    if (s->bad_a)
        f->records[f->record_count++] = (struct fact_records){ f->name, TYPE_A, { .state = FACT_BROKEN, .reason = "bad octets" } };
    if (s->alias != NULL) {
        size_t length;
        const uint8_t *wire = wire_in(arena, s->alias, &length);
        set_record(f, TYPE_CNAME, wire, length);
    }
    if (s->depend != 0) {
        f->depends = arena_alloc(arena, sizeof *f->depends);
        f->depends[f->depend_count++] = s->depend;
    }
    if (s->contract != 0) {
        struct eth_address *contract = arena_alloc(arena, sizeof *contract);
        contract->octets[19] = s->contract;
        f->contracts = contract;
        f->contract_count = 1;
    }
    job->done(job->context, f);
}

/* ---- the stage ---- */

struct stage { struct epoch *epoch; struct cache *cache; struct mounts *mounts; struct mount *mount; };
static struct stage stage;
static struct mount_asked asked[4096];
static unsigned told[4096];

static void on_told(struct mount_asked *a) { told[a - asked]++; }

static int set_up(void **state)
{
    (void)state;
    static const struct address gateway = { 4, { 192, 0, 2, 200 } };
    now_ms = 1000000;
    started = 0;
    watches = unwatches = 0;
    health = CHAIN_FRESH;
    head = (struct eth_block){ .number = 10, .time = 1700000010 };
    memset(told, 0, sizeof told);
    memset(&ens, 0, sizeof ens);
    stage.epoch = epoch_new();
    assert_int_equal(cache_new(&(struct cache_options){ 64 << 20, stage.epoch }, &stage.cache), OK);
    assert_int_equal(mounts_new(NULL, stage.cache, stage.epoch, &stage.mounts), OK);
    struct name suffix = test_name("Eth."), reverse = test_name("addr.example.");
    const struct mount_options options = { .suffix = name_view_of(&suffix), .base = name_view_of(&suffix), .source = (struct name_source *)(uintptr_t)&ens, .ttl_max = 300,
                                           .gateways = &gateway, .gateway_count = 1, .reverse = name_view_of(&reverse), .fresh_seconds = 60 };
    assert_int_equal(mounts_add(stage.mounts, &options, &stage.mount), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mounts_free(stage.mounts);
    cache_free(stage.cache);
    epoch_free(stage.epoch);
    assert_int_equal(timer_count, 0);
    return 0;
}

static enum mount_outcome look(const char *text, uint16_t type, struct mount_found *out)
{
    struct name name = test_name(text);
    struct mount_found other;
    const struct mount *mount = NULL;
    enum mount_outcome outcome = mount_find(stage.mount, name_view_of(&name), type, now_ms, out);
    /* Both ways say the same. */
    uint64_t begun = mounts_begin(stage.mounts, name_view_of(&name));
    mounts_follow(stage.mounts, begun);
    assert_int_equal(mounts_take(stage.mounts, name_view_of(&name), type, begun, now_ms, &mount, &other), outcome);
    assert_ptr_equal(mount, stage.mount);
    assert_ptr_equal(other.version, out->version);
    return outcome;
}
static enum mount_outcome found(const char *text, uint16_t type)
{
    struct mount_found f;
    return look(text, type, &f);
}

static void ask(unsigned index, const char *text, uint16_t type)
{
    asked[index] = (struct mount_asked){ .mount = stage.mount, .name = test_name(text), .type = type, .told = on_told };
    mount_ask(&asked[index]);
    run_posts();
}

static void learn(const char *text, const struct says *says)
{
    ask(4000, text, TYPE_A);
    reply_to(started - 1, says);
}

static uint64_t node_key(uint8_t contract, uint8_t node)
{
    struct eth_address a = { .octets = { [19] = contract } };
    struct eth_word n = { .octets = { [31] = node } };
    return depend_key(1, &a, DEPEND_NODE, &n, NULL);
}
static void log_event(uint8_t contract, uint8_t node, uint64_t block)
{
    struct eth_block b = { .number = block, .time = 1700000000 + block };
    const struct chain_log entry = { .address.octets = { [19] = contract }, .topics = { { { 9 } }, { { [31] = node } } }, .topic_count = 2 };
    follower->logs(follower->context, &b, &entry, 1);
}
static uint32_t ttl_of(const char *text)
{
    struct mount_found f;
    struct rrset set;
    struct name name = test_name(text);
    assert_int_equal(look(text, TYPE_A, &f), MOUNT_READY);
    assert_true(zone_node_rrset(f.version, zone_node_find(f.version, name_view_of(&name)), TYPE_A, &set));
    return set.ttl;
}
static struct mount_counters counters(void)
{
    struct mount_counters c;
    mount_counters_read(stage.mount, &c);
    return c;
}

/* ---- tests ---- */

static void one_lookup_for_all(void **state)
{
    (void)state;
    const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_HTTPS };
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    for (unsigned i = 0; i < 4; i++)
        ask(i, i % 2 ? "A.eth." : "a.eth.", types[i]);
    assert_int_equal(started, 1);
    assert_int_equal(counters().waiting, 4);
    reply_to(0, &(struct says){ .block = 10, .address = "192.0.2.1" });
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(told[i], 1);
        assert_int_equal(asked[i].status, OK);
        assert_int_equal(found("A.ETH.", types[i]), MOUNT_READY);
    }
    assert_int_equal(counters().waiting, 0);
    assert_int_equal(found("a.eth.", TYPE_ANY), MOUNT_READY);
    ask(5, "a.eth.", TYPE_A);       /* it is there: no lookup */
    assert_int_equal(told[5], 1);
    assert_int_equal(started, 1);
}

static void suffixes(void **state)
{
    (void)state;
    struct mount_found f;
    assert_int_equal(look("eth.", TYPE_SOA, &f), MOUNT_READY);
    assert_int_equal(f.labels, 1);
    assert_int_equal(look("addr.example.", TYPE_NS, &f), MOUNT_READY);
    assert_int_equal(f.labels, 2);
    assert_int_equal(look("x.addr.example.", TYPE_PTR, &f), MOUNT_MISS);
    struct name other = test_name("x.example."), deep = test_name("x.y.eth.");
    assert_null(mounts_find(stage.mounts, name_view_of(&other)));
    assert_ptr_equal(mounts_find(stage.mounts, name_view_of(&deep)), stage.mount);
    struct name_view suffix;
    size_t position = 0, count = 0;
    while (mounts_suffix_next(stage.mounts, &position, &suffix))
        count++;
    assert_int_equal(count, 2);
}

static void other_types(void **state)
{
    (void)state;
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1" });
    assert_int_equal(found("a.eth.", TYPE_SRV), MOUNT_MISS);
    ask(1, "a.eth.", TYPE_SRV);
    assert_int_equal(jobs[1].type_count, 1);
    assert_int_equal(jobs[1].types[0], TYPE_SRV);
    reply_to(1, &(struct says){ .block = 10, .address = "192.0.2.1" });
    assert_int_equal(found("a.eth.", TYPE_SRV), MOUNT_READY);
    ask(2, "a.eth.", 65280);
    assert_int_equal(jobs[2].type_count, 2);        /* what was known is asked again */
    reply_to(2, &(struct says){ .block = 10, .address = "192.0.2.1" });
    assert_int_equal(found("a.eth.", TYPE_SRV), MOUNT_READY);
    assert_int_equal(found("a.eth.", 65280), MOUNT_READY);
    assert_int_equal(found("a.eth.", 65281), MOUNT_MISS);
    /* One that nobody has has no types at all. */
    learn("b.eth.", &(struct says){ .status = FACTS_ABSENT, .block = 10 });
    assert_int_equal(found("b.eth.", TYPE_SRV), MOUNT_READY);
    assert_int_equal(found("b.eth.", 65280), MOUNT_READY);
}

static void changes(void **state)
{
    (void)state;
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .depend = node_key(7, 1), .contract = 7 });
    learn("b.eth.", &(struct says){ .block = 10, .status = FACTS_ABSENT, .depend = node_key(7, 2), .contract = 7 });
    log_event(7, 3, 11);
    go_to(11);
    if (found("a.eth.", TYPE_A) == MOUNT_MISS)      /* read at the block that the contract began to be watched at: once more */
        learn("a.eth.", &(struct says){ .block = 11, .address = "192.0.2.1", .depend = node_key(7, 1), .contract = 7 });
    if (found("b.eth.", TYPE_A) == MOUNT_MISS)
        learn("b.eth.", &(struct says){ .block = 11, .status = FACTS_ABSENT, .depend = node_key(7, 2), .contract = 7 });
    size_t before = started;
    for (uint64_t block = 12; block < 200; block++) {
        log_event(7, 3, block);
        go_to(block);
        assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
        assert_int_equal(found("b.eth.", TYPE_A), MOUNT_READY);
    }
    assert_int_equal(started, before);
    log_event(7, 2, 200);
    go_to(200);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_MISS);
    log_event(7, 1, 201);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    assert_int_equal(counters().invalidated, 2);
    go_to(201);
    struct mount_found f;
    assert_int_equal(look("eth.", TYPE_SOA, &f), MOUNT_READY);
    assert_int_equal(zone_version_serial(f.version), 201);
}

/* While a mount is off its names are those of the mount above; when it comes back they are none of that any more. */
static void off_and_on(void **state)
{
    (void)state;
    struct name suffix = test_name("sub.eth."), name = test_name("x.sub.eth.");
    const struct mount_options options = { .suffix = name_view_of(&suffix), .base = name_view_of(&suffix), .source = (struct name_source *)(uintptr_t)&ens, .ttl_max = 300, .fresh_seconds = 60 };
    struct mount *below;
    const struct mount *whose = NULL;
    struct mount_found f;
    assert_int_equal(mounts_add(stage.mounts, &options, &below), OK);
    mount_set_off(below, true);
    learn("x.sub.eth.", &(struct says){ .block = 10, .address = "192.0.2.1" });
    assert_int_equal(found("x.sub.eth.", TYPE_A), MOUNT_READY);
    mount_set_off(below, false);
    uint64_t begun = mounts_begin(stage.mounts, name_view_of(&name));
    assert_int_equal(mounts_take(stage.mounts, name_view_of(&name), TYPE_A, begun, now_ms, &whose, &f), MOUNT_MISS);
    assert_ptr_equal(whose, below);
}

/* What was read at a block, and changed in a later one before it could be put, is read anew. */
static void changes_meanwhile(void **state)
{
    (void)state;
    ask(0, "a.eth.", TYPE_A);
    log_event(7, 1, 11);
    go_to(11);
    reply_to(0, &(struct says){ .block = 10, .address = "192.0.2.1", .depend = node_key(7, 1) });
    assert_int_equal(told[0], 0);
    assert_int_equal(started, 2);
    reply_to(1, &(struct says){ .block = 11, .address = "192.0.2.2", .depend = node_key(7, 1) });
    assert_int_equal(told[0], 1);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    assert_int_equal(counters().again, 1);
    /* It does so for ever: then the answer is good until the next block. */
    ask(1, "b.eth.", TYPE_A);
    for (uint64_t block = 12; told[1] == 0 && block < 20; block++) {
        log_event(7, 2, block);
        go_to(block);
        reply_to(started - 1, &(struct says){ .block = block - 1, .address = "192.0.2.1", .depend = node_key(7, 2) });
    }
    assert_int_equal(told[1], 1);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_READY);
    go_to(head.number + 1);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_MISS);
}

static void one_block(void **state)
{
    (void)state;
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .one_block = true });
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    go_to(11);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
}

static void reorganisations(void **state)
{
    (void)state;
    learn("old.eth.", &(struct says){ .block = 9, .address = "192.0.2.1" });
    go_to(11);
    learn("new.eth.", &(struct says){ .block = 11, .address = "192.0.2.1" });
    ask(0, "late.eth.", TYPE_A);
    follower->drop(follower->context, 11);
    assert_int_equal(found("old.eth.", TYPE_A), MOUNT_READY);
    assert_int_equal(found("new.eth.", TYPE_A), MOUNT_MISS);
    reply_to(started - 1, &(struct says){ .block = 11, .address = "192.0.2.1" });      /* of the branch that is gone */
    assert_int_equal(told[0], 0);
    reply_to(started - 1, &(struct says){ .block = 11, .address = "192.0.2.1" });
    assert_int_equal(told[0], 1);
    ask(1, "gone.eth.", TYPE_A);                    /* between two batches of one lookup */
    follower->drop(follower->context, 11);
    reply_to(started - 1, &(struct says){ .status = FACTS_FAILED, .failure = CHAIN_FAILURE_BLOCK_GONE });
    assert_int_equal(told[1], 0);
    reply_to(started - 1, &(struct says){ .block = 10, .address = "192.0.2.1" });
    assert_int_equal(told[1], 1);
    assert_int_equal(found("gone.eth.", TYPE_A), MOUNT_READY);
    go_to(12);
    follower->drop(follower->context, 13);          /* its logs could not be had */
    assert_int_equal(found("old.eth.", TYPE_A), MOUNT_MISS);
    assert_int_equal(counters().dropped, 4);
}

/* A branch is left, and of the first block of the other one the logs cannot be had: any entry may be wrong, older ones too. */
static void gap_after_reorganisation(void **state)
{
    (void)state;
    learn("old.eth.", &(struct says){ .block = 9, .address = "192.0.2.1" });
    go_to(12);
    follower->drop(follower->context, 11);
    assert_int_equal(found("old.eth.", TYPE_A), MOUNT_READY);
    follower->drop(follower->context, 11);
    assert_int_equal(found("old.eth.", TYPE_A), MOUNT_MISS);
    go_to(11);
    learn("old.eth.", &(struct says){ .block = 11, .address = "192.0.2.1" });
    assert_int_equal(found("old.eth.", TYPE_A), MOUNT_READY);
    follower->drop(follower->context, 0);           /* all is new */
    assert_int_equal(found("old.eth.", TYPE_A), MOUNT_MISS);
}

static void failures(void **state)
{
    (void)state;
    struct mount_found f;
    const struct says timeout = { .status = FACTS_FAILED, .failure = CHAIN_FAILURE_TIMEOUT };
    learn("a.eth.", &timeout);
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_FAILED);
    assert_int_equal(f.failure, CHAIN_FAILURE_TIMEOUT);
    assert_string_equal(f.reason, chain_failure_text(CHAIN_FAILURE_TIMEOUT));
    ask(1, "a.eth.", TYPE_A);                       /* remembered: nobody is asked */
    assert_int_equal(started, 1);
    assert_int_equal(told[1], 1);
    pass(5000);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    learn("a.eth.", &timeout);
    pass(9000);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_FAILED);       /* twice as long */
    for (unsigned i = 0; i < 6; i++) {
        pass(60000);
        learn("a.eth.", &timeout);
    }
    pass(59000);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_FAILED);
    pass(1000);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    learn("a.eth.", &timeout);
    go_to(11);                                      /* the follower has something again */
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    learn("a.eth.", &(struct says){ .block = 11, .address = "192.0.2.1" });
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    assert_int_equal(counters().failures[CHAIN_FAILURE_TIMEOUT], 9);
}

/* Asking for one more type of a name fails: what is known of it rests on what it rested on. */
static void failure_keeps_ties(void **state)
{
    (void)state;
    const struct says timeout = { .status = FACTS_FAILED, .failure = CHAIN_FAILURE_TIMEOUT };
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .depend = node_key(7, 1) });
    ask(1, "a.eth.", TYPE_SRV);
    reply_to(started - 1, &timeout);
    assert_int_equal(found("a.eth.", TYPE_SRV), MOUNT_FAILED);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    log_event(7, 1, 11);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    learn("b.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .one_block = true });
    ask(2, "b.eth.", TYPE_SRV);
    reply_to(started - 1, &timeout);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_READY);
    go_to(11);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_MISS);
    /* A failure lies below the same suffix as an answer would: no zone above it is asked instead. */
    const char *reversed = "d8da6bf26964af9d7eed9e03e53415d37aa96045.addr.example.";
    struct mount_found f;
    pass(1);
    ask(3, reversed, TYPE_PTR);
    reply_to(started - 1, &timeout);
    assert_int_equal(look(reversed, TYPE_PTR, &f), MOUNT_FAILED);
    assert_int_equal(f.labels, 2);
}

/* A name that is too long in the name system's own tree, in a mount without reverse names. */
static void nothing_lies_below_the_suffix(void **state)
{
    (void)state;
    char text[300];
    struct name suffix = test_name("x."), base = test_name("crypto.");
    const struct mount_options options = { .suffix = name_view_of(&suffix), .base = name_view_of(&base), .source = (struct name_source *)(uintptr_t)&ens, .ttl_max = 300 };
    struct mount *other;
    struct mount_found f;
    memset(text, 'a', sizeof text);
    text[63] = text[127] = text[191] = text[250] = '.';
    memcpy(text + 251, "x.", 3);
    struct name name = test_name(text);
    assert_int_equal(mounts_add(stage.mounts, &options, &other), OK);
    asked[0] = (struct mount_asked){ .mount = other, .name = name, .type = TYPE_TXT, .told = on_told };
    mount_ask(&asked[0]);
    run_posts();
    assert_int_equal(started, 0);
    assert_int_equal(mount_find(other, name_view_of(&name), TYPE_TXT, now_ms, &f), MOUNT_READY);
    assert_int_equal(f.labels, 1);
}

static void failure_of_a_type(void **state)
{
    (void)state;
    struct mount_found f;
    learn("a.eth.", &(struct says){ .block = 10, .bad_a = true, .depend = node_key(7, 1) });
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_FAILED);
    assert_int_equal(f.failure, CHAIN_FAILURE_NONE);
    assert_string_equal(f.reason, "bad octets");
    assert_int_equal(found("a.eth.", TYPE_TXT), MOUNT_READY);
    pass(1000000);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_FAILED);       /* until it changes */
    log_event(7, 1, 11);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
}

static void stale(void **state)
{
    (void)state;
    struct mount_found f;
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .changes_at = 1700000010 + 1000 });
    assert_int_equal(ttl_of("a.eth."), 300);
    pass(700000);
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_MISS);       /* its time is over, but it could be told */
    assert_non_null(f.version);
    ask(0, "a.eth.", TYPE_A);
    pass(1700);
    assert_int_equal(told[0], 0);
    pass(100);
    assert_int_equal(told[0], 1);                   /* long enough for who has something stale to tell */
    reply_to(started - 1, &(struct says){ .status = FACTS_FAILED, .failure = CHAIN_FAILURE_NO_PROVIDER });
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_STALE);
    assert_non_null(f.version);
    /* A name of which nothing is known waits longer. */
    ask(1, "b.eth.", TYPE_A);
    pass(4200);
    assert_int_equal(told[1], 0);
    pass(100);
    assert_int_equal(told[1], 1);
    ask(2, "b.eth.", TYPE_A);                       /* the lookup goes on */
    assert_int_equal(started, 3);
    reply_to(2, &(struct says){ .block = 10, .address = "192.0.2.1" });
    assert_int_equal(told[2], 1);
}

static void chain_health_counts(void **state)
{
    (void)state;
    struct mount_found f;
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1" });
    be(CHAIN_STALE);
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_STALE);
    be(CHAIN_DOWN);
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_FAILED);
    assert_int_equal(f.failure, CHAIN_FAILURE_STALE);
    assert_null(f.version);
    be(CHAIN_FRESH);
    assert_int_equal(look("a.eth.", TYPE_A, &f), MOUNT_READY);
    /* What cannot be a name at all rests on no chain. */
    ask(0, "x.addr.example.", TYPE_PTR);
    assert_int_equal(told[0], 1);
    be(CHAIN_DOWN);
    assert_int_equal(found("x.addr.example.", TYPE_PTR), MOUNT_READY);
    assert_int_equal(started, 1);
}

static void expiry(void **state)
{
    (void)state;
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .changes_at = 1700000010 + 100 });
    assert_int_equal(ttl_of("a.eth."), 50);         /* half of what is left, for as long: never told beyond the time */
    pass(49900);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    pass(200);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    /* So near to it each block is looked at; far from it none, unless the chain's time leaps. */
    learn("a.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .changes_at = 1700000010 + 100 });
    learn("b.eth.", &(struct says){ .block = 10, .address = "192.0.2.1", .changes_at = 1700000010 + 100000 });
    go_to(11);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_READY);
    go_to(100000);
    assert_int_equal(found("b.eth.", TYPE_A), MOUNT_MISS);
}

static void aliases(void **state)
{
    (void)state;
    ask(0, "a.eth.", TYPE_A);
    reply_to(0, &(struct says){ .block = 10, .alias = "b.eth.", .depend = node_key(7, 1) });
    assert_int_equal(started, 2);
    struct name want = test_name("b.eth.");
    assert_true(name_equal(name_view_of(&jobs[1].name), name_view_of(&want)));
    reply_to(1, &(struct says){ .block = 10, .address = "192.0.2.1", .depend = node_key(7, 2) });
    assert_int_equal(told[0], 1);
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_READY);
    log_event(7, 2, 11);                            /* the target's change counts */
    assert_int_equal(found("a.eth.", TYPE_A), MOUNT_MISS);
    /* One that leads on and on ends. */
    ask(1, "c0.eth.", TYPE_A);
    for (unsigned i = 1; told[1] == 0 && i < 20; i++) {
        char next[32];
        snprintf(next, sizeof next, "c%u.eth.", i);
        reply_to(started - 1, &(struct says){ .block = 11, .alias = next });
    }
    assert_int_equal(told[1], 1);
    assert_int_equal(started, 2 + 9);
}

static void reverse(void **state)
{
    (void)state;
    const char *name = "d8da6bf26964af9d7eed9e03e53415d37aa96045.addr.example.";
    ask(0, name, TYPE_PTR);
    assert_true(jobs[0].reverse);
    reply_to(0, &(struct says){ .block = 10 });
    assert_int_equal(told[0], 1);
    struct mount_found f;
    struct rrset set;
    struct name n = test_name(name);
    assert_int_equal(look(name, TYPE_PTR, &f), MOUNT_READY);
    assert_int_equal(f.labels, 2);
    assert_true(zone_node_rrset(f.version, zone_node_find(f.version, name_view_of(&n)), TYPE_PTR, &set));
}

static void watching(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%u.eth.", i);
        learn(name, &(struct says){ .block = 10, .address = "192.0.2.1", .depend = node_key(7, (uint8_t)i), .contract = 7 });
    }
    assert_int_equal(watches, 1);
    cache_flush(stage.cache, 0, NULL, true);
    epoch_reclaim(stage.epoch);
    for (uint64_t block = 11; block < 11 + 200; block++)
        go_to(block);
    assert_int_equal(unwatches, 1);
}

static void too_many(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2001; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%u.eth.", i);
        ask(i, name, TYPE_A);
    }
    assert_int_equal(started, 2000);
    assert_int_equal(told[2000], 1);
    assert_int_equal(asked[2000].status, E_LIMIT);
    for (unsigned i = 0; i < 2000; i += 2)          /* the others end with the mounts */
        reply_to(i, &(struct says){ .status = FACTS_ABSENT, .block = 10 });
    assert_int_equal(told[0], 1);
}

/* Whoever asks is told, whatever memory there is; and a failure is never an answer. */
static void out_of_memory(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 60; nth++) {
        char name[32];
        snprintf(name, sizeof name, "n%u.eth.", nth);
        unsigned before = told[nth];
        size_t jobs_before = started;
        fault_after(nth % 12 + 1);
        ask(nth, name, TYPE_A);
        fault_after(0);
        if (started > jobs_before && jobs[started - 1].open) {
            struct says says = { .block = 10, .status = FACTS_ABSENT };
            reply_to(started - 1, &says);
        }
        assert_int_equal(told[nth], before + 1);
        enum mount_outcome outcome = found(name, TYPE_A);
        assert_true(outcome == MOUNT_READY || outcome == MOUNT_MISS || outcome == MOUNT_FAILED);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(one_lookup_for_all), CASE(suffixes), CASE(other_types), CASE(changes), CASE(off_and_on), CASE(changes_meanwhile), CASE(one_block), CASE(reorganisations), CASE(gap_after_reorganisation),
        CASE(failures), CASE(failure_keeps_ties), CASE(nothing_lies_below_the_suffix), CASE(failure_of_a_type), CASE(stale), CASE(chain_health_counts), CASE(expiry), CASE(aliases), CASE(reverse), CASE(watching),
        CASE(too_many), CASE(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
