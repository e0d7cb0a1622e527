/* SPDX-License-Identifier: Apache-2.0 */
/* Response rate limiting.  An account is one word: the time at which what was sent so far would be paid for if
 * answers cost 1/rate seconds each ("theoretical arrival time").  It runs ahead of the clock by at most a second
 * while answers go out.  Limited answers are charged too, up to `window` seconds of debt, so that a
 * flood that goes on gets no whole answer at all, as in BIND and NSD.
 *
 * Accounts lie in buckets of four.  A new one takes the place of the account furthest behind, which is mostly one
 * that is paid up, and then nothing is lost.  Two workers that meet in one account settle it by compare-and-swap; two
 * that open the same account at once may for a moment hold two, which costs accuracy, not safety. */
#include "policy/rrl.h"

#include <stdatomic.h>
#include <string.h>

enum { WAYS = 4, SLOTS_DEFAULT = 65536, SLOTS_MOST = 1 << 26 };
static const uint64_t second_ns = 1000000000;

struct account {
    _Atomic uint64_t tag;       /* hash of whom and what; 0 = never used */
    _Atomic uint64_t paid_ns;   /* the clock at which it will be paid up */
    _Atomic uint32_t limited;   /* answers limited so far; every nth slips */
};

struct rrl {
    struct rrl_options options;
    struct hash_key seed;
    uint64_t cost_ns, debt_ns;
    size_t bucket_mask;
    _Atomic uint64_t evictions;
    struct account accounts[];
};

struct rrl_options rrl_defaults(void)
{
    return (struct rrl_options){ .slip = 2, .prefix4 = 24, .prefix6 = 56, .window_seconds = 15 };
}

struct rrl *rrl_new(const struct rrl_options *options)
{
    size_t slots = options->table_slots ? options->table_slots : SLOTS_DEFAULT, buckets = 1;
    if (options->responses_per_second == 0)
        slots = WAYS;
    slots = slots < SLOTS_MOST ? slots : SLOTS_MOST;
    while (buckets * WAYS < slots)
        buckets *= 2;
    struct rrl *rrl = mem_alloc(sizeof *rrl + buckets * WAYS * sizeof rrl->accounts[0]);
    if (!rrl)
        return NULL;
    rrl->options = *options;
    rrl->seed = hash_key_random();
    rrl->bucket_mask = buckets - 1;
    if (options->responses_per_second)
        rrl->cost_ns = second_ns / options->responses_per_second;
    rrl->debt_ns = (uint64_t)options->window_seconds * second_ns;
    return rrl;
}

void rrl_free(void *rrl) { mem_free(rrl); }

uint64_t rrl_evictions(const struct rrl *rrl) { return atomic_load_explicit(&rrl->evictions, memory_order_relaxed); }

static uint64_t hash_account(const struct rrl *rrl, const struct address *client, enum rrl_class klass, uint64_t key)
{
    uint8_t input[16 + 1 + 1 + 8] = { 0 };
    unsigned bits = client->family == 4 ? rrl->options.prefix4 : rrl->options.prefix6;
    struct address network = address_mask(*client, bits);
    memcpy(input, network.bytes, client->family == 4 ? 4 : 16);
    input[16] = client->family;
    input[17] = (uint8_t)klass;
    if (klass == RRL_ERROR) /* errors cost the same whatever they are about, and a stranger chooses the name */
        key = 0;
    memcpy(input + 18, &key, sizeof key);
    return hash_short(&rrl->seed, input, sizeof input) | 1;
}

/* The account of the tag; opened when it is not there. */
static struct account *find_account(struct rrl *rrl, uint64_t tag, uint64_t now_ns)
{
    struct account *bucket = &rrl->accounts[(tag >> 32 & rrl->bucket_mask) * WAYS];
    struct account *oldest = bucket;
    uint64_t oldest_ns = UINT64_MAX;
    for (unsigned i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&bucket[i].tag, memory_order_relaxed) == tag)
            return &bucket[i];
        uint64_t paid_ns = atomic_load_explicit(&bucket[i].paid_ns, memory_order_relaxed);
        if (paid_ns >= oldest_ns)
            continue;
        oldest_ns = paid_ns;
        oldest = &bucket[i];
    }
    if (oldest_ns > now_ns)
        atomic_fetch_add_explicit(&rrl->evictions, 1, memory_order_relaxed);
    atomic_store_explicit(&oldest->tag, tag, memory_order_relaxed);
    atomic_store_explicit(&oldest->paid_ns, now_ns, memory_order_relaxed);
    atomic_store_explicit(&oldest->limited, 0, memory_order_relaxed);
    return oldest;
}

/* Charges one answer; true when it may go out whole. */
static bool charge(const struct rrl *rrl, struct account *account, uint64_t now_ns)
{
    uint64_t paid_ns = atomic_load_explicit(&account->paid_ns, memory_order_relaxed), next_ns;
    bool may_send;
    do {
        uint64_t from_ns = paid_ns > now_ns ? paid_ns : now_ns;
        next_ns = from_ns + rrl->cost_ns;
        may_send = next_ns <= now_ns + second_ns;
        /* At the deepest debt nothing is written, so that a flood does not tug at one cache line. */
        if (!may_send && next_ns > now_ns + second_ns + rrl->debt_ns)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&account->paid_ns, &paid_ns, next_ns, memory_order_relaxed,
                                                    memory_order_relaxed));
    return may_send;
}

static bool is_exempt(const struct rrl *rrl, const struct address *client)
{
    return rrl->options.exempt ? acl_permits(rrl->options.exempt, client) : address_is_loopback(client);
}

enum rrl_verdict rrl_admit(struct rrl *rrl, const struct address *client, enum rrl_class klass, uint64_t key,
                           uint64_t now_ms)
{
    if (rrl->cost_ns == 0 || is_exempt(rrl, client))
        return RRL_SEND;
    uint64_t now_ns = now_ms * 1000000;
    struct account *account = find_account(rrl, hash_account(rrl, client, klass, key), now_ns);
    if (charge(rrl, account, now_ns))
        return RRL_SEND;
    if (rrl->options.slip == 0)
        return RRL_DROP;
    uint32_t nth = atomic_fetch_add_explicit(&account->limited, 1, memory_order_relaxed) + 1;
    return nth % rrl->options.slip == 0 ? RRL_SLIP : RRL_DROP;
}
