/* SPDX-License-Identifier: Apache-2.0 */
/* The cache against a model, under shortage of memory, and with readers that look while writers write. */
#include "../zone/build.h"
#include "cache/cache.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x5ca1ab1e };
struct value { uint32_t magic, number; };
static _Atomic int values;

static struct value *value_new(uint32_t number)
{
    struct value *v = malloc(sizeof *v);
    *v = (struct value){ MAGIC, number };
    atomic_fetch_add(&values, 1);
    return v;
}
static void value_free(void *value)
{
    struct value *v = value;
    assert(v->magic == MAGIC);
    v->magic = 0;
    atomic_fetch_sub(&values, 1);
    free(v);
}

static struct name numbered(unsigned number)
{
    char text[64];
    snprintf(text, sizeof text, "n%u.d%u.eth.", number, number % 7);
    return test_name(text);
}

static enum status put(struct cache *c, uint32_t space, unsigned number, uint32_t content, uint64_t born, uint64_t until, const uint64_t *depends, size_t count)
{
    struct name name = numbered(number);
    struct cache_new_entry n = { .entry = { .name = name_view_of(&name), .space = space, .labels = 1, .born = born, .valid_until_ms = until,
                                            .value = value_new(content) },
                                 .bytes = sizeof(struct value), .destroy_value = value_free, .depends = depends, .depend_count = count };
    return cache_put(c, &n);
}

static uint32_t content(const struct cache *c, uint32_t space, unsigned number)
{
    struct name name = numbered(number);
    const struct cache_entry *e = cache_find(c, space, name_view_of(&name));
    if (e == NULL)
        return 0;
    assert_true(name_equal(e->name, name_view_of(&name)));
    return ((const struct value *)e->value)->number;
}

static struct cache *new_cache(size_t bytes, struct epoch **epoch)
{
    struct cache *c;
    *epoch = epoch_new();
    assert_int_equal(cache_new(&(struct cache_options){ bytes, *epoch }, &c), OK);
    return c;
}

static void end(struct cache *c, struct epoch *epoch)
{
    cache_free(c);
    epoch_free(epoch);
    assert_int_equal(atomic_load(&values), 0);
}

static struct cache_counters counters(const struct cache *c)
{
    struct cache_counters n;
    cache_counters_read(c, &n);
    return n;
}

static void basics(void **state)
{
    (void)state;
    struct epoch *epoch;
    struct cache *c = new_cache(1 << 20, &epoch);
    assert_int_equal(put(c, 1, 1, 10, 5, UINT64_MAX, NULL, 0), OK);
    assert_int_equal(put(c, 2, 2, 20, 6, 1000, (const uint64_t[]){ 7, 7, 8 }, 3), OK);
    assert_int_equal(content(c, 1, 1), 10);
    assert_int_equal(content(c, 0, 1), 10);
    assert_int_equal(content(c, 2, 1), 0);
    struct name upper = test_name("N1.D1.ETH.");
    assert_non_null(cache_find(c, 1, name_view_of(&upper)));
    uint64_t begun = cache_begin(c, name_view_of(&upper));
    cache_follow(c, begun);
    assert_non_null(cache_take(c, 1, name_view_of(&upper), begun));
    assert_int_equal(put(c, 1, 1, 11, 5, UINT64_MAX, (const uint64_t[]){ 9 }, 1), OK);
    assert_int_equal(content(c, 1, 1), 11);
    assert_int_equal(counters(c).entries, 2);
    assert_int_equal(cache_touch(c, 1), 0);
    assert_int_equal(cache_touch(c, 7), 1);
    assert_int_equal(cache_touch(c, 8), 0);
    assert_int_equal(content(c, 2, 2), 0);
    assert_int_equal(cache_drop_born(c, 1, 6), 0);
    assert_int_equal(cache_drop_born(c, 2, 5), 0);
    assert_int_equal(cache_drop_born(c, 1, 5), 1);
    assert_int_equal(put(c, 1, 3, 1, 1, 500, NULL, 0), OK);
    assert_int_equal(cache_expire(c, 499), 0);
    assert_int_equal(cache_expire(c, 500), 1);
    assert_int_equal(counters(c).entries, 0);
    assert_int_equal(counters(c).bytes, 0);
    end(c, epoch);
}

/* What an entry rests on may be handed on to the one in its place. */
static void depends(void **state)
{
    (void)state;
    struct epoch *epoch;
    struct cache *c = new_cache(1 << 20, &epoch);
    struct name name = numbered(1);
    const uint64_t keys[3] = { 7, 9, 7 };
    uint64_t got[3] = { 0 };
    assert_int_equal(put(c, 1, 1, 11, 1, UINT64_MAX, keys, 3), OK);
    assert_int_equal(cache_entry_depends(cache_find(c, 1, name_view_of(&name)), got, 2), 3);
    assert_int_equal(got[2], 0);
    assert_int_equal(cache_entry_depends(cache_find(c, 1, name_view_of(&name)), got, 3), 3);
    assert_memory_equal(got, keys, sizeof keys);
    assert_int_equal(put(c, 1, 1, 12, 1, UINT64_MAX, got, 3), OK);
    assert_int_equal(content(c, 1, 1), 12);
    assert_int_equal(cache_touch(c, 9), 1);
    assert_int_equal(content(c, 1, 1), 0);
    end(c, epoch);
}

static void types(void **state)
{
    (void)state;
    struct cache_entry e = { 0 };
    cache_types_add(e.types, 1);
    cache_types_add(e.types, 262);
    cache_types_add(e.types, 65280);
    assert_true(cache_entry_knows(&e, 1));
    assert_true(cache_entry_knows(&e, 262));
    assert_false(cache_entry_knows(&e, 28));
    assert_false(cache_entry_knows(&e, 319));
    assert_false(cache_entry_knows(&e, 65280));
    e.all_types = true;
    assert_true(cache_entry_knows(&e, 65280));
}

static void flushing(void **state)
{
    (void)state;
    struct epoch *epoch;
    struct cache *c = new_cache(4 << 20, &epoch);
    for (unsigned i = 0; i < 140; i++)
        assert_int_equal(put(c, 1 + i % 2, i, i + 1, i, UINT64_MAX, NULL, 0), OK);
    struct name one = numbered(33), tree = test_name("d3.eth."), none = test_name("example.");
    struct name_view one_view = name_view_of(&one), tree_view = name_view_of(&tree), none_view = name_view_of(&none);
    assert_int_equal(cache_flush(c, 1, &one_view, false), 0);       /* of space 2 */
    assert_int_equal(cache_flush(c, 0, &one_view, false), 1);
    assert_int_equal(cache_flush(c, 0, &tree_view, false), 0);
    assert_int_equal(cache_flush(c, 1, &tree_view, true), 10);
    assert_int_equal(cache_flush(c, 0, &tree_view, true), 10);
    assert_int_equal(cache_flush(c, 0, &none_view, true), 0);
    assert_int_equal(cache_flush(c, 2, NULL, false), 59);
    assert_int_equal(cache_flush(c, 0, NULL, false), 60);
    end(c, epoch);
}

/* Memory: never above the limit, and what is used stays. */
static void eviction(void **state)
{
    (void)state;
    struct epoch *epoch;
    struct cache *c = new_cache(256 << 10, &epoch);
    unsigned kept = 0;
    assert_int_equal(put(c, 1, 1000000, 1, 1, UINT64_MAX, NULL, 0), OK);
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(put(c, 1, i, i + 1, 1, UINT64_MAX, (const uint64_t[]){ i }, 1), OK);
        assert_true(counters(c).bytes <= 256 << 10);
        kept += content(c, 1, 1000000) == 1;
        epoch_reclaim(epoch);
    }
    assert_int_equal(kept, 20000);
    assert_int_equal(counters(c).evicted + counters(c).entries, 20001);
    assert_true(counters(c).entries > 200);
    uint64_t many[5000] = { 0 };
    assert_int_equal(put(c, 1, 1, 1, 1, UINT64_MAX, many, 4096), OK);
    assert_int_equal(content(c, 1, 1), 1);
    assert_int_equal(put(c, 1, 1, 1, 1, UINT64_MAX, many, 4097), E_LIMIT);
    end(c, epoch);
}

/* ---- against a model ---- */

enum { MODEL_NAMES = 300, MODEL_KEYS = 90, MODEL_DEPENDS = 6 };
struct model { uint32_t content, space; uint64_t born; size_t depend_count; uint64_t depends[MODEL_DEPENDS]; };

static uint64_t seed = 88172645463325252;
static uint32_t draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 20) % below;
}

static size_t model_drop(struct model *m, uint64_t key, uint32_t space, uint64_t from)
{
    size_t dropped = 0;
    for (unsigned i = 0; i < MODEL_NAMES; i++) {
        bool goes = m[i].content != 0 && space != 0 && m[i].space == space && m[i].born >= from;
        for (size_t d = 0; m[i].content != 0 && space == 0 && d < m[i].depend_count; d++)
            goes |= m[i].depends[d] == key;
        if (goes) {
            m[i].content = 0;
            dropped++;
        }
    }
    return dropped;
}

static void against_model(void **state)
{
    (void)state;
    struct epoch *epoch;
    struct cache *c = new_cache(8 << 20, &epoch);
    struct model *m = calloc(MODEL_NAMES, sizeof *m);
    for (unsigned step = 1; step < 60000; step++) {
        unsigned i = draw(MODEL_NAMES), what = draw(20);
        if (what < 12) {
            m[i] = (struct model){ step, 1 + i % 3, draw(50), draw(MODEL_DEPENDS + 1), { 0 } };
            for (size_t d = 0; d < m[i].depend_count; d++)      /* some keys share all their low bits, and one is in nearly every entry */
                m[i].depends[d] = d == 0 ? 4096 : draw(2) ? draw(MODEL_KEYS) : (uint64_t)draw(MODEL_KEYS) << 32;
            assert_int_equal(put(c, m[i].space, i, step, m[i].born, UINT64_MAX, m[i].depends, m[i].depend_count), OK);
        } else if (what < 19) {
            uint64_t key = draw(200) == 0 ? 4096 : draw(2) ? draw(MODEL_KEYS) : (uint64_t)draw(MODEL_KEYS) << 32;
            assert_int_equal(cache_touch(c, key), model_drop(m, key, 0, 0));
        } else if (draw(40) == 0) {
            uint32_t space = 1 + draw(3);
            uint64_t from = 25 + draw(25);
            assert_int_equal(cache_drop_born(c, space, from), model_drop(m, 0, space, from));
        }
        unsigned look = draw(MODEL_NAMES);
        assert_int_equal(content(c, m[look].space, look), m[look].content);
        if (step % 64 == 0)
            epoch_reclaim(epoch);
    }
    size_t live = 0;
    for (unsigned i = 0; i < MODEL_NAMES; i++)
        live += m[i].content != 0;
    assert_int_equal(counters(c).entries, live);
    assert_int_equal(counters(c).evicted, 0);
    free(m);
    end(c, epoch);
}

static void out_of_memory(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_new();
    struct cache *c = NULL;
    for (uint64_t nth = 1; c == NULL; nth++) {
        fault_after(nth);
        enum status st = cache_new(&(struct cache_options){ 4 << 20, epoch }, &c);
        fault_after(0);
        assert_true(st == OK || st == E_NOMEM);
    }
    unsigned failed = 0;
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t depends[3] = { i, i % 5 + 100000, i };
        fault_after(1 + i % 4);
        enum status st = put(c, 1, i, i + 1, 1, UINT64_MAX, depends, 3);
        if (i % 3 == 0)
            cache_touch(c, i / 2);
        fault_after(0);
        failed += st == E_NOMEM;
        assert_true(st == OK || (st == E_NOMEM && content(c, 1, i) == 0));
        epoch_reclaim(epoch);
    }
    assert_true(failed >= 750);
    for (uint64_t key = 100000; key < 100005; key++)
        cache_touch(c, key);
    assert_int_equal(counters(c).entries, 0);
    assert_int_equal(counters(c).bytes, 0);
    end(c, epoch);
}

/* ---- threads ---- */

enum { READERS = 3, WRITERS = 2, ROUNDS = 6000, THREAD_NAMES = 500 };
struct crowd { struct cache *cache; struct epoch *epoch; atomic_bool done; _Atomic uint64_t hits; };
struct member { struct crowd *crowd; unsigned number; pthread_t thread; };

static void *read_on(void *context)
{
    struct crowd *crowd = ((struct member *)context)->crowd;
    struct epoch_reader *reader;
    unsigned at = ((struct member *)context)->number;
    uint64_t hits = 0;
    assert(epoch_join(crowd->epoch, &reader) == OK);
    while (!atomic_load(&crowd->done)) {
        for (unsigned i = 0; i < 64; i++, at++) {
            struct name name = numbered(at % THREAD_NAMES);
            const struct cache_entry *e = cache_find(crowd->cache, 0, name_view_of(&name));
            if (e == NULL)
                continue;
            const struct value *v = e->value;
            assert(v->magic == MAGIC && v->number % THREAD_NAMES == at % THREAD_NAMES && name_equal(e->name, name_view_of(&name)));
            hits++;
        }
        epoch_quiet(reader);
    }
    epoch_leave(reader);
    atomic_fetch_add(&crowd->hits, hits);
    return NULL;
}

static bool count_each(void *context, const struct cache_entry *e)
{
    assert(((const struct value *)e->value)->magic == MAGIC);
    ++*(unsigned *)context;
    return true;
}

static void *write_on(void *context)
{
    const struct member *me = context;
    struct crowd *crowd = me->crowd;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned i = (round * 7 + me->number * 13) % THREAD_NAMES;
        uint64_t depends[3] = { i % 11, 1000 + i, 5000 };
        enum status st = put(crowd->cache, 1, i, i + THREAD_NAMES * round, round, round, depends, 3);
        assert(st == OK);
        if (round % 3 == 0)
            cache_touch(crowd->cache, 1000 + (i + 3) % THREAD_NAMES);
        if (round % 97 == 0)
            cache_touch(crowd->cache, i % 11);
        if (round % 1009 == 0)
            cache_touch(crowd->cache, 5000);
        if (round % 501 == 0)
            cache_drop_born(crowd->cache, 1, round - round / 2);
        unsigned seen = 0;
        if (round % 1500 == 0)
            cache_each(crowd->cache, count_each, &seen);
        if (round % 16 == 0)
            epoch_reclaim(crowd->epoch);
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct epoch *epoch;
    struct crowd crowd = { .cache = new_cache(96 << 10, &epoch) };     /* so little that much is evicted */
    struct member readers[READERS], writers[WRITERS];
    crowd.epoch = epoch;
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (struct member){ &crowd, i * 100, 0 };
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct member){ &crowd, i, 0 };
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_on, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(writers[i].thread, NULL);
    atomic_store(&crowd.done, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(readers[i].thread, NULL);
    assert_true(counters(crowd.cache).evicted > 0);
    cache_touch(crowd.cache, 5000);
    assert_int_equal(counters(crowd.cache).entries, 0);
    assert_int_equal(counters(crowd.cache).bytes, 0);
    end(crowd.cache, epoch);
}

/* What a block of 350 events may cost beside 100,000 names of 15 dependencies each: it must not depend on how many there are.  Counted
 * in entries that leave, not in time. */
static void many(void **state)
{
    (void)state;
    enum { MANY = 20000, EACH = 15 };
    struct epoch *epoch;
    struct cache *c = new_cache((size_t)256 << 20, &epoch);
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t depends[EACH];
        for (unsigned d = 0; d < EACH; d++)
            depends[d] = d < 3 ? d : (uint64_t)i * EACH * UINT64_C(0x9e3779b97f4a7c15) + d;
        assert_int_equal(put(c, 1, i, i + 1, i, UINT64_MAX, depends, EACH), OK);
    }
    assert_int_equal(counters(c).entries, MANY);
    for (unsigned key = 0; key < 350; key++)
        assert_int_equal(cache_touch(c, UINT64_C(0xabcdef0000000000) + key), 0);
    assert_int_equal(cache_touch(c, (uint64_t)77 * EACH * UINT64_C(0x9e3779b97f4a7c15) + 5), 1);
    assert_int_equal(content(c, 1, 77), 0);
    assert_int_equal(cache_touch(c, 2), MANY - 1);
    assert_int_equal(counters(c).bytes, 0);
    end(c, epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basics), cmocka_unit_test(depends), cmocka_unit_test(types), cmocka_unit_test(flushing), cmocka_unit_test(eviction),
        cmocka_unit_test(against_model), cmocka_unit_test(out_of_memory), cmocka_unit_test(threads), cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
