/* SPDX-License-Identifier: Apache-2.0 */
/* Records and slots.  A record is written whole, then named by a slot (release); the program follows the slot to it, so
 * the order holds for it too.  Memory that a slot named is not touched until the program cannot be looking at it. */
#include "net/kernel_table.h"

#include <string.h>

static_assert(sizeof(struct kernel_record) == 32 && sizeof(struct kernel_bucket) == 64 && offsetof(struct kernel_control, endpoints) == 64, "shared with the program");
static_assert((int)KERNEL_RECORD_MAX <= (int)KERNEL_CHUNK_SLACK, "a record may begin at the end of a chunk");
static_assert(KERNEL_CHUNK_WORDS * 64 * KERNEL_GRANULE == KERNEL_CHUNK + KERNEL_CHUNK_SLACK, "a bit for each granule");

static uint64_t slot_load(const struct kernel_bucket *bucket, unsigned way) { return __atomic_load_n(&bucket->slots[way], __ATOMIC_RELAXED); }
static void slot_store(struct kernel_bucket *bucket, unsigned way, uint64_t slot) { __atomic_store_n(&bucket->slots[way], slot, __ATOMIC_RELEASE); }

/* Others read them while we write. */
static void number_set(uint64_t *number, uint64_t value) { __atomic_store_n(number, value, __ATOMIC_RELAXED); }

static void *at_granule(const struct kernel_table *table, uint32_t granule)
{
    uint64_t offset = (uint64_t)granule * KERNEL_GRANULE;
    return table->chunks + offset / KERNEL_CHUNK * table->chunk_stride + offset % KERNEL_CHUNK;
}

static struct kernel_record *slot_record(const struct kernel_table *table, uint64_t slot) { return at_granule(table, (uint32_t)slot); }

static size_t record_bytes(size_t name, size_t tail, size_t shifts)
{
    return sizeof(struct kernel_record) + kernel_pad8((unsigned)name) + kernel_pad8((unsigned)tail) + 2 * shifts;
}
static uint32_t granules_of(size_t bytes) { return (uint32_t)((bytes + KERNEL_GRANULE - 1) / KERNEL_GRANULE); }
static uint32_t record_granules(const struct kernel_record *r)
{
    return granules_of(record_bytes(r->name_bytes, r->tail_bytes, r->shift_count));
}

enum { BUCKETS_FIRST = 64, BUCKET_LOAD = 2 };

static void buckets_use(struct kernel_table *table, uint32_t count)
{
    table->bucket_count = count < table->bucket_room ? count : table->bucket_room;
    __atomic_store_n(&table->control->bucket_mask, table->bucket_count - 1, __ATOMIC_RELEASE);
}

enum status kernel_table_init(struct kernel_table *table)
{
    table->usage = mem_alloc(table->chunk_count * sizeof *table->usage);
    if (table->usage == NULL)
        return E_NOMEM;
    random_bytes(&table->control->seed, sizeof table->control->seed);
    buckets_use(table, table->wait != NULL ? BUCKETS_FIRST : table->bucket_room);
    table->epoch = table->control->epoch = 1;
    table->usage[0].taken[0] = 1;       /* offset 0 means none */
    return OK;
}

void kernel_table_clear(struct kernel_table *table)
{
    mem_free(table->usage);
    table->usage = NULL;
}

uint64_t kernel_table_room(const struct kernel_table *table) { return (uint64_t)table->chunk_count * KERNEL_CHUNK; }

/* ---- memory ---- */

static void usage_set(struct kernel_usage *usage, uint32_t from, uint32_t granules, bool taken)
{
    for (uint32_t at = from; at < from + granules; at++) {
        uint64_t bit = UINT64_C(1) << at % 64;
        usage->taken[at / 64] = taken ? usage->taken[at / 64] | bit : usage->taken[at / 64] & ~bit;
    }
}

static uint32_t bits_free(uint64_t word) { return word == 0 ? 64 : (uint32_t)__builtin_ctzll(word); }

/* The first of so many free granules side by side. @return -1 = none */
static int usage_find(struct kernel_usage *usage, uint32_t granules)
{
    uint32_t at = 0, run = 0, longest = 0;
    while (at < KERNEL_CHUNK_WORDS * 64) {
        uint32_t left = 64 - at % 64, free = bits_free(usage->taken[at / 64] >> at % 64);
        free = free < left ? free : left;
        if (at - run >= KERNEL_CHUNK_GRANULES)          /* nothing begins in the slack */
            break;
        run += free;
        at += free;
        longest = run > longest ? run : longest;
        if (run >= granules)
            return (int)(at - run);
        if (free < left) {
            run = 0;
            at++;
        }
    }
    usage->longest = longest + 1;
    return -1;
}

/* No slot names it any more, but the program may still look at it: nothing is written but the link, which it does not read. */
static void record_retire(struct kernel_table *table, uint32_t granule)
{
    struct kernel_record *r = at_granule(table, granule);
    number_set(&table->entries, table->entries - 1);
    number_set(&table->bytes, table->bytes - (uint64_t)record_granules(r) * KERNEL_GRANULE);
    __atomic_store_n(&r->next, table->waiting, __ATOMIC_RELAXED);
    table->waiting = granule;
}

void kernel_table_settle(struct kernel_table *table)
{
    if (table->waiting == 0 || table->wait == NULL)
        return;
    table->wait(table->context);
    while (table->waiting != 0) {
        uint32_t granule = table->waiting;
        const struct kernel_record *r = at_granule(table, granule);
        uint32_t granules = record_granules(r);
        table->waiting = r->next;
        struct kernel_usage *usage = &table->usage[granule / KERNEL_CHUNK_GRANULES];
        usage_set(usage, granule % KERNEL_CHUNK_GRANULES, granules, false);
        usage->longest = 0;
    }
}

/* From where room was found last.  @return 0 = none */
static uint32_t memory_take(struct kernel_table *table, uint32_t granules)
{
    for (uint32_t i = 0; i < table->chunk_count; i++) {
        struct kernel_usage *usage = &table->usage[table->chunk];
        int at = usage->longest != 0 && granules >= usage->longest ? -1 : usage_find(usage, granules);
        if (at >= 0) {
            usage_set(usage, (uint32_t)at, granules, true);
            return table->chunk * KERNEL_CHUNK_GRANULES + (uint32_t)at;
        }
        table->chunk = table->chunk + 1 < table->chunk_count ? table->chunk + 1 : 0;
    }
    return 0;
}

/* ---- slots ---- */

static bool record_alive(const struct kernel_table *table, const struct kernel_record *r)
{
    return r->epoch == table->epoch && __atomic_load_n(&table->generations[r->zone], __ATOMIC_RELAXED) == r->generation;
}

static void slot_drop(struct kernel_table *table, struct kernel_bucket *bucket, unsigned way)
{
    uint64_t slot = slot_load(bucket, way);
    slot_store(bucket, way, 0);
    record_retire(table, (uint32_t)slot);
}

/* Second chance: what was asked for since the hand came by last stays, once. @return how many were given up */
static unsigned bucket_sweep(struct kernel_table *table, struct kernel_bucket *bucket)
{
    unsigned dropped = 0;
    for (unsigned way = 0; way < KERNEL_WAYS; way++) {
        uint64_t slot = slot_load(bucket, way);
        if (slot == 0)
            continue;
        struct kernel_record *r = slot_record(table, slot);
        if (record_alive(table, r) && __atomic_load_n(&r->used, __ATOMIC_RELAXED)) {
            __atomic_store_n(&r->used, 0, __ATOMIC_RELAXED);
            continue;
        }
        slot_drop(table, bucket, way);
        dropped++;
    }
    return dropped;
}

enum { SWEEP_BUCKETS = 256, SWEEP_DROPS = 64 };

static uint32_t memory_make(struct kernel_table *table, uint32_t granules)
{
    unsigned dropped = 0;
    for (unsigned i = 0; i < SWEEP_BUCKETS && dropped < SWEEP_DROPS; i++)
        dropped += bucket_sweep(table, &table->buckets[table->hand++ & (table->bucket_count - 1)]);
    kernel_table_settle(table);
    return memory_take(table, granules);
}

/* A way for a new slot. @return -1 = none */
static int bucket_way(struct kernel_table *table, struct kernel_bucket *bucket, bool make_room)
{
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned way = 0; way < KERNEL_WAYS; way++) {
            uint64_t slot = slot_load(bucket, way);
            if (slot == 0)
                return (int)way;
            if (!record_alive(table, slot_record(table, slot))) {
                slot_drop(table, bucket, way);
                return (int)way;
            }
        }
        if (!make_room || bucket_sweep(table, bucket) == 0)
            break;
    }
    return -1;
}

/* ---- putting ---- */

static bool hash_name(const struct kernel_table *table, const uint8_t *name, size_t bytes, uint64_t *out, unsigned *labels)
{
    uint64_t hash = table->control->seed;
    unsigned count = 0;
    for (size_t at = 0; at < bytes && name[at] != 0; at += (size_t)name[at] + 1)
        count++;
    for (size_t at = 0; at < bytes; at += 8) {
        uint64_t word = 0;
        memcpy(&word, name + at, bytes - at < 8 ? bytes - at : 8);
        hash = kernel_mix(hash, word);
    }
    *labels = count;
    *out = hash;
    return count <= KERNEL_LABELS_MAX;
}

static uint16_t fold16(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint16_t sum_bytes(const uint8_t *bytes, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i += 2) {
        uint16_t word = 0;
        memcpy(&word, bytes + i, count - i < 2 ? 1 : 2);
        sum += word;
    }
    return fold16(sum);
}

static void record_write(const struct kernel_table *table, struct kernel_record *r, const struct net_kernel_entry *e)
{
    *r = (struct kernel_record){ .generation = e->generation, .zone = (uint16_t)e->zone, .epoch = table->epoch,
                                 .tail_bytes = (uint16_t)e->tail_bytes, .tail_sum = sum_bytes(e->tail, e->tail_bytes),
                                 .name_bytes = (uint8_t)e->name_bytes, .shift_count = (uint8_t)e->shift_count, .kind = (uint8_t)e->kind,
                                 .answer = (uint8_t)(e->rcode | (e->authoritative ? KERNEL_AUTHORITATIVE : 0)) };
    for (unsigned i = 0; i < 3; i++)
        r->counts[i] = (uint8_t)e->counts[i];
    uint8_t *at = (uint8_t *)(r + 1), *tail = at + kernel_pad8((unsigned)e->name_bytes);
    memset(at, 0, (size_t)(tail - at));
    for (size_t i = 0; i < e->name_bytes; i++)
        at[i] = (uint8_t)(e->name[i] >= 'A' && e->name[i] <= 'Z' ? e->name[i] | 0x20 : e->name[i]);
    memcpy(tail, e->tail, e->tail_bytes);
    uint16_t *shifts = (uint16_t *)(void *)(tail + kernel_pad8((unsigned)e->tail_bytes));
    for (size_t i = 0; i < e->shift_count; i++) {
        shifts[i] = e->shifts[i];
        r->odd_shifts = (uint8_t)(r->odd_shifts + (e->shifts[i] & 1));
    }
}

static bool same_name(const struct kernel_record *r, const struct net_kernel_entry *e)
{
    const uint8_t *name = (const uint8_t *)(r + 1);
    if (r->name_bytes != e->name_bytes)
        return false;
    for (size_t i = 0; i < e->name_bytes; i++) {
        if (name[i] != (e->name[i] >= 'A' && e->name[i] <= 'Z' ? e->name[i] | 0x20 : e->name[i]))
            return false;
    }
    return true;
}

static uint64_t entry_key(const struct net_kernel_entry *e, uint64_t hash)
{
    return (hash & KERNEL_SLOT_TAG) | (e->below ? KERNEL_SLOT_BELOW : (uint64_t)e->type << 32);
}

static uint64_t entry_marks(const struct net_kernel_entry *e)
{
    return (e->plain ? KERNEL_SLOT_PLAIN : 0) | (e->dnssec_ok ? KERNEL_SLOT_DO : 0);
}

/* Takes out what stands for the same questions. @return false: another name has the same key, and would hide this one */
static bool make_way(struct kernel_table *table, struct kernel_bucket *bucket, uint64_t key, uint64_t marks, const struct net_kernel_entry *e)
{
    for (unsigned way = 0; way < KERNEL_WAYS; way++) {
        uint64_t slot = slot_load(bucket, way);
        if (slot == 0 || (slot & KERNEL_SLOT_KEY) != key)
            continue;
        struct kernel_record *r = slot_record(table, slot);
        if (!same_name(r, e)) {
            if (record_alive(table, r))
                return false;
            slot_drop(table, bucket, way);
        } else if ((slot & (KERNEL_SLOT_PLAIN | KERNEL_SLOT_DO) & ~marks) == 0) {
            slot_drop(table, bucket, way);
        } else {
            slot_store(bucket, way, slot & ~marks);
        }
    }
    return true;
}

/* Whether each of the entry's kinds of question has an answer that lives. */
bool kernel_table_has(const struct kernel_table *table, const struct net_kernel_entry *e)
{
    uint64_t hash, found = 0, marks = entry_marks(e);
    unsigned labels;
    if (e->name_bytes > KERNEL_NAME_MAX || !hash_name(table, e->name, e->name_bytes, &hash, &labels))
        return false;
    const struct kernel_bucket *bucket = &table->buckets[hash & (table->bucket_count - 1)];
    for (unsigned way = 0; way < KERNEL_WAYS; way++) {
        uint64_t slot = slot_load(bucket, way);
        if (slot == 0 || (slot & KERNEL_SLOT_KEY) != entry_key(e, hash))
            continue;
        const struct kernel_record *r = slot_record(table, slot);
        if (same_name(r, e) && record_alive(table, r))
            found |= slot;
    }
    return (found & marks) == marks;
}

static bool entry_fits(const struct net_kernel_entry *e)
{
    bool good = e->name_bytes >= 1 && e->name_bytes <= KERNEL_NAME_MAX && e->tail_bytes >= KERNEL_TAIL_MIN && e->tail_bytes <= KERNEL_TAIL_MAX &&
                e->shift_count <= KERNEL_SHIFTS_MAX && (e->plain || e->dnssec_ok) && e->rcode < 16 && e->zone < KERNEL_ZONES &&
                e->counts[0] < 255 && e->counts[1] < 255 && e->counts[2] < 255;
    for (size_t i = 0; good && i < e->shift_count; i++)
        good = e->tail_bytes >= 2 && e->shifts[i] <= e->tail_bytes - 2;
    return good;
}

/* ---- growth: few answers lie in few buckets, which stay in the caches ---- */

/* Twice the buckets: what belongs into the upper half is there before the program looks there, and leaves the lower half
 * when it looks there no more. */
static void buckets_grow(struct kernel_table *table)
{
    uint32_t half = table->bucket_count;
    for (uint32_t i = 0; i < half; i++) {
        for (unsigned way = 0; way < KERNEL_WAYS; way++) {
            uint64_t slot = slot_load(&table->buckets[i], way), hash;
            unsigned labels;
            const struct kernel_record *r = slot_record(table, slot);
            bool moves = slot != 0 && hash_name(table, (const uint8_t *)(r + 1), r->name_bytes, &hash, &labels) && (hash & half);
            slot_store(&table->buckets[i + half], way, moves ? slot : 0);
        }
    }
    buckets_use(table, half * 2);
    table->wait(table->context);
    for (uint32_t i = 0; i < half; i++) {
        for (unsigned way = 0; way < KERNEL_WAYS; way++) {
            if (slot_load(&table->buckets[i + half], way) != 0)
                slot_store(&table->buckets[i], way, 0);
        }
    }
}

/* ---- one answer ---- */

enum status kernel_table_put(struct kernel_table *table, const struct net_kernel_entry *e, bool make_room)
{
    uint64_t hash;
    unsigned labels;
    if (!entry_fits(e) || !hash_name(table, e->name, e->name_bytes, &hash, &labels))
        return E_RANGE;
    struct kernel_bucket *bucket = &table->buckets[hash & (table->bucket_count - 1)];
    uint64_t key = entry_key(e, hash), marks = entry_marks(e);
    if (table->entries >= (uint64_t)table->bucket_count * BUCKET_LOAD && table->bucket_count < table->bucket_room && table->wait != NULL) {
        buckets_grow(table);
        bucket = &table->buckets[hash & (table->bucket_count - 1)];
    }
    if (!make_way(table, bucket, key, marks, e))
        return E_EXISTS;
    int way = bucket_way(table, bucket, make_room);
    if (way < 0)
        return E_LIMIT;
    uint32_t granules = granules_of(record_bytes(e->name_bytes, e->tail_bytes, e->shift_count));
    uint32_t granule = memory_take(table, granules);
    if (granule == 0 && make_room)
        granule = memory_make(table, granules);
    if (granule == 0)
        return E_LIMIT;
    record_write(table, at_granule(table, granule), e);
    number_set(&table->entries, table->entries + 1);
    number_set(&table->bytes, table->bytes + (uint64_t)granules * KERNEL_GRANULE);
    unsigned int *depths = e->below ? &table->control->below_depths : &table->control->exact_depths;
    __atomic_store_n(depths, *depths | 1u << labels, __ATOMIC_RELAXED);
    slot_store(bucket, (unsigned)way, key | marks | granule);
    return OK;
}

/* ---- all of it ---- */

/* Any thread. */
void kernel_table_stop(struct kernel_table *table) { __atomic_fetch_add(&table->control->epoch, 1, __ATOMIC_ACQ_REL); }

bool kernel_table_stopped(const struct kernel_table *table)
{
    return __atomic_load_n(&table->control->epoch, __ATOMIC_ACQUIRE) != table->epoch;
}

void kernel_table_flush(struct kernel_table *table)
{
    table->epoch = __atomic_add_fetch(&table->control->epoch, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&table->control->below_depths, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&table->control->exact_depths, 0, __ATOMIC_RELAXED);
    if (table->wait == NULL) {      /* the memory cannot be used again, but the slots can */
        number_set(&table->entries, 0);
        return;
    }
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        for (unsigned way = 0; way < KERNEL_WAYS; way++) {
            if (slot_load(&table->buckets[i], way) != 0)
                slot_store(&table->buckets[i], way, 0);
        }
    }
    table->wait(table->context);
    buckets_use(table, BUCKETS_FIRST);
    memset(table->usage, 0, table->chunk_count * sizeof *table->usage);
    table->usage[0].taken[0] = 1;
    table->waiting = table->chunk = 0;
    number_set(&table->entries, 0);
    number_set(&table->bytes, 0);
}
