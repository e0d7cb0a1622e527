/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's side of the answers in the kernel, over plain memory: what is put is found as the program would find it, pieces of
 * memory never overlap, what is dead goes first, and nothing is used again that a program may still look at. */
#include "net/kernel_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CHUNKS = 4, BUCKETS = 1024, NAMES = 4000 };

struct scene {
    struct kernel_control control;
    struct kernel_bucket buckets[BUCKETS];
    struct kernel_chunk chunks[CHUNKS];
    struct kernel_table table;
    unsigned waits;
};

static void wait_count(void *context) { ((struct scene *)context)->waits++; }

static struct scene *scene_new(bool can_wait)
{
    struct scene *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->table = (struct kernel_table){ .control = &p->control, .buckets = p->buckets, .bucket_room = BUCKETS, .chunks = (uint8_t *)p->chunks,
                                      .chunk_count = CHUNKS, .chunk_stride = sizeof(struct kernel_chunk), .generations = p->control.generations,
                                      .wait = can_wait ? wait_count : NULL, .context = p };
    p->control.generations[1] = 7;
    assert_int_equal(kernel_table_init(&p->table), OK);
    p->control.seed = 0x0123456789abcdef;       /* with another, other names share a key */
    return p;
}

static void scene_free(struct scene *p)
{
    kernel_table_clear(&p->table);
    free(p);
}

static const uint8_t octets[KERNEL_TAIL_MAX] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 1 };

/* nNNNNNN.test; storage of 16 octets. */
static struct net_kernel_entry entry_make(uint8_t name[16], unsigned number, size_t tail)
{
    char label[16];
    snprintf(label, sizeof label, "n%06u", number % 1000000);
    name[0] = 7;
    memcpy(name + 1, label, 7);
    memcpy(name + 8, "\4test", 6);
    return (struct net_kernel_entry){ .name = name, .name_bytes = 14, .type = 1, .plain = true, .dnssec_ok = true, .zone = 1, .generation = 7,
                                      .tail = octets, .tail_bytes = tail, .counts = { 1, 0, 0 } };
}

/* As the program looks: the first slot of the key in the bucket of the hash, if its record has that name and lives. */
static const struct kernel_record *find(const struct scene *p, const uint8_t *name, size_t bytes, uint16_t type, bool below, uint64_t mark)
{
    uint64_t hash = p->control.seed;
    for (size_t at = 0; at < bytes; at += 8) {
        uint64_t word = 0;
        memcpy(&word, name + at, bytes - at < 8 ? bytes - at : 8);
        hash = kernel_mix(hash, word);
    }
    uint64_t key = (hash & KERNEL_SLOT_TAG) | (below ? KERNEL_SLOT_BELOW : (uint64_t)type << 32);
    const struct kernel_bucket *bucket = &p->buckets[hash & p->control.bucket_mask];
    for (unsigned way = 0; way < KERNEL_WAYS; way++) {
        uint64_t slot = bucket->slots[way], offset = (slot & 0xffffffff) * KERNEL_GRANULE;
        if (slot == 0 || (slot & KERNEL_SLOT_KEY) != key || (slot & mark) == 0)
            continue;
        const struct kernel_record *r = (const void *)(p->chunks[offset / KERNEL_CHUNK].bytes + offset % KERNEL_CHUNK);
        bool lives = r->epoch == p->control.epoch && r->generation == p->control.generations[r->zone];
        return lives && r->name_bytes == bytes && memcmp(r + 1, name, bytes) == 0 ? r : NULL;
    }
    return NULL;
}

static void test_put_and_find(void **state)
{
    struct scene *p = scene_new(true);
    uint8_t name[16];
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct net_kernel_entry e = entry_make(name, i, 16 + i % 100);
        enum status st = kernel_table_put(&p->table, &e, false);
        taken += st == E_EXISTS;                /* its key is another's: one in some thousand */
        assert_true(st == OK || st == E_EXISTS);
        assert_int_equal(kernel_table_has(&p->table, &e), st == OK);
    }
    assert_true(taken < 5);
    assert_int_equal(p->table.entries, 1000 - taken);
    for (unsigned i = 0; i < 1000; i++) {       /* the table has grown several times since */
        struct net_kernel_entry e = entry_make(name, i, 16);
        const struct kernel_record *r = find(p, name, e.name_bytes, 1, false, KERNEL_SLOT_PLAIN);
        if (r == NULL) {
            assert_false(kernel_table_has(&p->table, &e));
            taken--;
            continue;
        }
        assert_int_equal(r->tail_bytes, 16 + i % 100);
        assert_memory_equal((const uint8_t *)(r + 1) + 16, octets, r->tail_bytes);
        assert_null(find(p, name, e.name_bytes, 2, false, KERNEL_SLOT_PLAIN));
        assert_null(find(p, name, e.name_bytes, 1, true, KERNEL_SLOT_PLAIN));
    }
    assert_int_equal(taken, 0);
    assert_true(p->table.bucket_count > 64);
    scene_free(p);
}

static void test_letters_and_marks(void **state)
{
    struct scene *p = scene_new(true);
    uint8_t small[16], large[16];
    struct net_kernel_entry e = entry_make(small, 1, 16), other = entry_make(large, 1, 24);
    (void)state;
    large[1] = 'N';
    memcpy(large + 9, "TeST", 4);
    e.dnssec_ok = false;
    assert_int_equal(kernel_table_put(&p->table, &e, false), OK);
    assert_false(kernel_table_has(&p->table, &other));      /* not with DO */
    other.plain = false;
    assert_int_equal(kernel_table_put(&p->table, &other, false), OK);
    assert_int_equal(find(p, small, 14, 1, false, KERNEL_SLOT_PLAIN)->tail_bytes, 16);
    assert_int_equal(find(p, small, 14, 1, false, KERNEL_SLOT_DO)->tail_bytes, 24);
    other.plain = true;
    assert_true(kernel_table_has(&p->table, &other));
    assert_int_equal(kernel_table_put(&p->table, &other, false), OK);       /* for both: takes the place of two */
    assert_int_equal(p->table.entries, 1);
    scene_free(p);
}

static void test_deaths(void **state)
{
    struct scene *p = scene_new(true);
    uint8_t name[16];
    struct net_kernel_entry e = entry_make(name, 1, 16);
    (void)state;
    assert_int_equal(kernel_table_put(&p->table, &e, false), OK);
    p->control.generations[1] = 8;
    assert_false(kernel_table_has(&p->table, &e));
    assert_int_equal(kernel_table_put(&p->table, &e, false), OK);           /* made of the old content, put late */
    assert_false(kernel_table_has(&p->table, &e));
    assert_null(find(p, name, 14, 1, false, KERNEL_SLOT_PLAIN));
    e.generation = 8;
    assert_int_equal(kernel_table_put(&p->table, &e, false), OK);
    assert_non_null(find(p, name, 14, 1, false, KERNEL_SLOT_PLAIN));
    kernel_table_stop(&p->table);
    assert_true(kernel_table_stopped(&p->table));
    assert_null(find(p, name, 14, 1, false, KERNEL_SLOT_PLAIN));
    assert_int_equal(kernel_table_put(&p->table, &e, false), OK);           /* born dead */
    assert_null(find(p, name, 14, 1, false, KERNEL_SLOT_PLAIN));
    kernel_table_flush(&p->table);
    assert_false(kernel_table_stopped(&p->table));
    assert_int_equal(p->table.entries, 0);
    assert_int_equal(kernel_table_put(&p->table, &e, false), OK);
    assert_non_null(find(p, name, 14, 1, false, KERNEL_SLOT_PLAIN));
    scene_free(p);
}

static void test_refusals(void **state)
{
    static const struct { const char *label; size_t name, tail, shifts; uint16_t shift, count; enum status want; } cases[] = {
        { "as it should be", 14, 16, 0, 0, 1, OK },
        { "no tail", 14, 0, 0, 0, 1, E_RANGE },
        { "tail of 7", 14, 7, 0, 0, 1, E_RANGE },
        { "tail of 8", 14, 8, 0, 0, 1, OK },
        { "longest tail", 14, KERNEL_TAIL_MAX, 0, 0, 1, OK },
        { "tail too long", 14, KERNEL_TAIL_MAX + 1, 0, 0, 1, E_RANGE },
        { "name too long", KERNEL_NAME_MAX + 1, 16, 0, 0, 1, E_RANGE },
        { "no name", 0, 16, 0, 0, 1, E_RANGE },
        { "shift at the end", 14, 16, 1, 14, 1, OK },
        { "shift beyond the end", 14, 16, 1, 15, 1, E_RANGE },
        { "too many shifts", 14, 16, KERNEL_SHIFTS_MAX + 1, 0, 1, E_RANGE },
        { "too many records", 14, 16, 0, 0, 255, E_RANGE },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct scene *p = scene_new(true);
        uint8_t storage[256] = { 0 }, tail[KERNEL_TAIL_MAX + 8] = { 0 };
        uint16_t shifts[KERNEL_SHIFTS_MAX + 1] = { cases[i].shift };
        struct net_kernel_entry e = entry_make(storage, 1, cases[i].tail);
        e.tail = tail;
        e.name_bytes = cases[i].name;
        e.shifts = shifts;
        e.shift_count = cases[i].shifts;
        e.counts[0] = cases[i].count;
        enum status st = kernel_table_put(&p->table, &e, false);
        if (st != cases[i].want)
            fail_msg("%s: %d", cases[i].label, (int)st);
        scene_free(p);
    }
    struct scene *p = scene_new(true);
    uint8_t deep[64] = { 0 };
    for (unsigned i = 0; i <= KERNEL_LABELS_MAX; i++) {
        deep[2 * i] = 1;
        deep[2 * i + 1] = 'x';
    }
    struct net_kernel_entry e = entry_make(deep + 40, 1, 16);
    e.name = deep;
    e.name_bytes = 2 * (KERNEL_LABELS_MAX + 1) + 1;
    assert_int_equal(kernel_table_put(&p->table, &e, false), E_RANGE);
    scene_free(p);
}

/* What lies where: every record that a slot names, octet by octet. */
static void check_memory(const struct scene *p)
{
    static uint8_t owner[CHUNKS][sizeof(struct kernel_chunk)];
    uint64_t entries = 0, bytes = 0;
    memset(owner, 0, sizeof owner);
    for (uint32_t i = 0; i < p->table.bucket_count; i++) {
        for (unsigned way = 0; way < KERNEL_WAYS; way++) {
            uint64_t slot = p->buckets[i].slots[way], offset = (slot & 0xffffffff) * KERNEL_GRANULE;
            if (slot == 0)
                continue;
            const struct kernel_record *r = (const void *)(p->chunks[offset / KERNEL_CHUNK].bytes + offset % KERNEL_CHUNK);
            size_t size = sizeof *r + kernel_pad8(r->name_bytes) + kernel_pad8(r->tail_bytes) + 2u * r->shift_count;
            for (size_t at = 0; at < size; at++)
                assert_int_equal(owner[offset / KERNEL_CHUNK][offset % KERNEL_CHUNK + at]++, 0);
            entries++;
            bytes += (size + KERNEL_GRANULE - 1) / KERNEL_GRANULE * KERNEL_GRANULE;
        }
    }
    assert_int_equal(entries, p->table.entries);
    assert_int_equal(bytes, p->table.bytes);
}

/* Full, and asked for more, of all lengths: room is made, the answers asked for lately stay. */
static void test_full(void **state)
{
    struct scene *p = scene_new(true);
    uint8_t name[16];
    uint32_t random = 1;
    unsigned refused = 0;
    (void)state;
    for (unsigned i = 0; i < 10 * NAMES; i++) {
        random = random * 1103515245 + 12345;
        size_t tail = 16 + (random >> 16) % (i % 50 == 0 ? 1200 : 200);
        struct net_kernel_entry e = entry_make(name, random >> 8 & 0x3fff, tail);
        e.below = (random & 64) != 0;
        enum status st = kernel_table_put(&p->table, &e, i > NAMES);
        assert_true(st == OK || st == E_LIMIT || st == E_EXISTS);
        refused += st != OK && i > NAMES;
        if (st == OK)
            assert_non_null(find(p, name, 14, 1, e.below, KERNEL_SLOT_DO));
        if (i % 1000 == 0)
            check_memory(p);
        if (i % 100 == 0)
            kernel_table_settle(&p->table);
    }
    check_memory(p);
    assert_true(refused < NAMES / 4);
    assert_true(p->table.bytes > CHUNKS * KERNEL_CHUNK / 2);
    assert_true(p->waits > 0);
    scene_free(p);
}

/* Where it cannot be known that no program looks, no memory is used twice. */
static void test_no_waiting(void **state)
{
    struct scene *p = scene_new(false);
    uint8_t name[16];
    unsigned put = 0;
    (void)state;
    for (unsigned i = 0; i < 4 * NAMES; i++) {
        struct net_kernel_entry e = entry_make(name, i, 100);
        put += kernel_table_put(&p->table, &e, true) == OK;
    }
    assert_true(put <= CHUNKS * KERNEL_CHUNK / (sizeof(struct kernel_record) + 16 + 100) + CHUNKS);
    assert_true(put > 0);
    scene_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find), cmocka_unit_test(test_letters_and_marks), cmocka_unit_test(test_deaths),
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_full),              cmocka_unit_test(test_no_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
