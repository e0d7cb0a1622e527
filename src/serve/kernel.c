/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that fills the kernel's table, and what workers tell it. */
#include "serve/kernel.h"
#include "serve/count.h"
#include "serve/kernel_names.h"
#include "serve/kernel_ring.h"

#include <string.h>
#include <unistd.h>

enum {
    TURN_US = 15000, SWEEP_NODES = 512, SWEEP_MISSES = 4096, SWEEP_TURN_NS = 4000000, SWEEP_REST_US = 2000,
    MOVED = 2,                  /* octets of the label that stands in front of a base when we look what moves */
    SHIFTS_MAX = 48, TAIL_ROOM = 4096
};

/* All cuts of one zone, a few at a time. */
struct sweep {
    struct zone *zone;          /* a reference; NULL = none goes on */
    uint64_t generation;
    uint32_t node;
    unsigned misses;            /* no room: what is made from then on is for what is asked */
    uint64_t started_ns, rest_until_ns;
};

struct serve_kernel {
    struct serve *serve;
    struct net_kernel *net;
    struct kernel_ring *rings;          /* one for each worker */
    _Atomic bool ends;
    _Atomic uint32_t zone_count;        /* slots given out */
    /* The thread's own. */
    struct nsec3_hasher *hasher;
    struct kernel_names above;
    const struct serve_setup *setup;    /* of this turn; NULL: nothing may be put */
    struct sweep sweep;
};

/* ---- what workers tell ---- */

void kernel_offer(const struct worker *w, const struct kernel_offered *o)
{
    struct kernel_ring *ring = w->kernel_ring;
    if (ring == NULL || kernel_ring_full(ring) || !o->udp || o->klass != CLASS_IN)
        return;
    if (o->outcome != SERVE_NOERROR && o->outcome != SERVE_NODATA && o->outcome != SERVE_REFERRAL)
        return;
    kernel_ring_put(ring, o->name, o->type, o->dnssec_ok, o->outcome == SERVE_REFERRAL);
}

/* ---- slots of zones ---- */

static struct zone_slot *slot_of(const struct zone *zone) { return zone_user(zone); }

/* A slot once given stays its zone's, and is nobody else's later.  Whoever publishes and we who give the slot both look at the
 * other's word after writing our own, so that the last word written is the right one: all of these are exchanges, the later of
 * which sees what went before the earlier. */
static bool zone_admit(struct serve_kernel *k, const struct zone *zone, uint32_t *out)
{
    struct zone_slot *slot = slot_of(zone);
    if (slot == NULL)
        return false;
    uint32_t number = atomic_load(&slot->kernel_slot);
    if (number == 0) {
        if (atomic_load(&k->zone_count) + 1 >= NET_KERNEL_ZONES)
            return false;
        number = atomic_fetch_add(&k->zone_count, 1) + 1;
        (void)atomic_exchange(&slot->kernel_slot, number);
        for (uint64_t told = 0, now; (now = zone_generation(zone) + 1) != told; told = now)
            net_kernel_zone(k->net, number, now);
    }
    *out = number;
    return true;
}

void serve_kernel_published(struct serve_kernel *k, const struct zone *zone)
{
    struct zone_slot *slot = k == NULL ? NULL : slot_of(zone);
    if (slot == NULL)
        return;
    uint32_t number = atomic_fetch_add(&slot->kernel_slot, 0);
    if (number != 0)
        net_kernel_zone(k->net, number, zone_generation(zone) + 1);
}

void serve_kernel_changed(struct serve_kernel *k)
{
    if (k != NULL)
        net_kernel_stop(k->net);
}

/* ---- making an answer ---- */

struct made {
    uint8_t bytes[TAIL_ROOM];
    struct reply reply;
    struct answer_result result;
    const uint8_t *tail; size_t tail_bytes;
};

static bool make(struct serve_kernel *k, const struct zone_version *version, struct name_view name, uint16_t type, bool dnssec_ok, struct made *out)
{
    reply_begin(&out->reply, out->bytes, sizeof out->bytes, 0, FLAG_QR);
    if (reply_add_question(&out->reply, name, type, CLASS_IN) != OK)
        return false;
    size_t start = out->reply.length;
    struct answer_request request = { .version = version, .name = name, .type = type, .klass = CLASS_IN, .dnssec_ok = dnssec_ok, .udp = true,
                                      .options = &k->setup->answer, .hasher = k->hasher };
    if (answer_question(&request, &out->reply, &out->result) != OK || out->result.truncated || out->result.ede != EDE_NONE || out->result.rcode > 15)
        return false;
    out->tail = out->bytes + start;
    out->tail_bytes = out->reply.length - start;
    return true;
}

static bool same_tail(const struct made *a, const struct made *b)
{
    return a->tail_bytes == b->tail_bytes && memcmp(a->tail, b->tail, a->tail_bytes) == 0 && a->result.rcode == b->result.rcode &&
           a->reply.flags == b->reply.flags && memcmp(a->reply.counts, b->reply.counts, sizeof a->reply.counts) == 0;
}

/* What moves is seen by making the answer once more behind a name that is MOVED octets longer: exactly the pointers to
 * the base differ, each by MOVED.  Anything else, and the answer depends on more than its base. */
static bool find_shifts(const struct made *base, const struct made *longer, uint16_t out[SHIFTS_MAX], size_t *count)
{
    return base->tail_bytes == longer->tail_bytes && base->result.rcode == longer->result.rcode && base->reply.flags == longer->reply.flags &&
           memcmp(base->reply.counts, longer->reply.counts, sizeof base->reply.counts) == 0 &&
           answer_shifts(base->tail, longer->tail, base->tail_bytes, MOVED, out, SHIFTS_MAX, count);
}

static enum net_kernel_kind kind_of(enum answer_kind kind)
{
    switch (kind) {
    case ANSWER_NODATA: return NET_KERNEL_NODATA;
    case ANSWER_REFERRAL: return NET_KERNEL_REFERRAL;
    case ANSWER_NXDOMAIN: return NET_KERNEL_NXDOMAIN;
    default: return NET_KERNEL_POSITIVE;
    }
}

static enum status put(struct serve_kernel *k, const struct zone *zone, uint64_t generation, struct net_kernel_entry *e, struct name_view name,
                       const struct made *made, bool make_room)
{
    e->name = name.wire;
    e->name_bytes = name.length;
    e->generation = generation + 1;
    e->tail = made->tail;
    e->tail_bytes = made->tail_bytes;
    for (unsigned i = 0; i < 3; i++)
        e->counts[i] = made->reply.counts[i + 1];
    e->authoritative = (made->reply.flags & FLAG_AA) != 0;
    e->rcode = (uint8_t)made->result.rcode;
    e->kind = kind_of(made->result.kind);
    return zone_admit(k, zone, &e->zone) ? net_kernel_put(k->net, e, make_room) : E_LIMIT;
}

/* For a question with that name and type alone. */
static void fill_exact(struct serve_kernel *k, const struct zone *zone, const struct zone_version *version, uint64_t generation,
                       const struct kernel_offer *o)
{
    struct made made, other;
    struct name_view name = name_view_of(&o->name);
    const struct answer_options *options = &k->setup->answer;
    const struct net_kernel_entry asked = { .name = name.wire, .name_bytes = name.length, .type = o->type, .plain = !o->dnssec_ok, .dnssec_ok = o->dnssec_ok };
    if (net_kernel_has(k->net, &asked))
        return;
    if (options->round_robin || options->follow_zones || !make(k, version, name, o->type, o->dnssec_ok, &made))
        return;
    bool own = (made.result.kind == ANSWER_POSITIVE || made.result.kind == ANSWER_NODATA) && !made.result.wildcard;
    if (!own || !name_equal(made.result.key, name))
        return;
    bool both = make(k, version, name, o->type, !o->dnssec_ok, &other) && same_tail(&made, &other);
    struct net_kernel_entry entry = { .type = o->type, .plain = both || !o->dnssec_ok, .dnssec_ok = both || o->dnssec_ok };
    (void)!put(k, zone, generation, &entry, name, &made, true);
}

/* For all names at and below a cut, with DO and without. @return of the last put; E_RANGE: nothing to put */
static enum status fill_cut(struct serve_kernel *k, const struct zone *zone, const struct zone_version *version, uint64_t generation,
                            struct name_view cut, bool make_room)
{
    struct made made[2], longer;
    struct name below;
    uint16_t shifts[2][SHIFTS_MAX];
    size_t counts[2];
    bool good[2];
    if (kernel_names_have(&k->above, cut) || sources_may_have(k->serve, cut) || name_prepend((const uint8_t *)"x", 1, cut, &below) != OK)
        return E_RANGE;
    for (int dnssec_ok = 0; dnssec_ok < 2; dnssec_ok++)
        good[dnssec_ok] = make(k, version, cut, TYPE_A, dnssec_ok, &made[dnssec_ok]) && made[dnssec_ok].result.kind == ANSWER_REFERRAL &&
                          make(k, version, name_view_of(&below), TYPE_A, dnssec_ok, &longer) &&
                          find_shifts(&made[dnssec_ok], &longer, shifts[dnssec_ok], &counts[dnssec_ok]);
    bool both = good[0] && good[1] && counts[0] == counts[1] && same_tail(&made[0], &made[1]);
    enum status st = E_RANGE;
    for (int dnssec_ok = 0; dnssec_ok < (both ? 1 : 2); dnssec_ok++) {
        if (!good[dnssec_ok])
            continue;
        struct net_kernel_entry entry = { .below = true, .plain = both || !dnssec_ok, .dnssec_ok = both || dnssec_ok,
                                          .shifts = shifts[dnssec_ok], .shift_count = counts[dnssec_ok] };
        st = put(k, zone, generation, &entry, cut, &made[dnssec_ok], make_room);
    }
    return st;
}

/* ---- offers ---- */

static bool anyone_may_ask(const struct zone *zone)
{
    const struct serve_zone *options = serve_zone_options(zone);
    return options == NULL || options->allow_query == NULL;
}

static void sweep_begin(struct serve_kernel *k, struct zone *zone)
{
    uint64_t generation = zone_generation(zone), now = clock_ns();
    struct zone_slot *slot = slot_of(zone);
    if (k->sweep.zone != NULL || now < k->sweep.rest_until_ns || slot == NULL || slot->kernel_swept == generation + 1)
        return;
    slot->kernel_swept = generation + 1;
    k->sweep = (struct sweep){ .zone = zone_ref(zone), .generation = generation, .started_ns = now };
}

static void take_offer(struct serve_kernel *k, const struct kernel_offer *o)
{
    struct name_view name = name_view_of(&o->name);
    if (type_is_meta(o->type) || sources_may_have(k->serve, name))
        return;
    struct zone *zone = route_zone(&k->setup->views[0], name, o->type, CLASS_IN, 0);
    if (zone == NULL || !anyone_may_ask(zone))
        return;
    uint64_t generation = zone_generation(zone);        /* before the content: what is made of a later one counts as old */
    const struct zone_version *version = zone_current(zone);
    if (version == NULL)
        return;
    if (!o->referral) {
        fill_exact(k, zone, version, generation, o);
        return;
    }
    struct zone_found found = zone_find(version, name);
    if (found.outcome != ZONE_CUT)
        return;
    struct name_view cut = zone_node_name(version, found.node);
    const struct net_kernel_entry asked = { .name = cut.wire, .name_bytes = cut.length, .below = true, .plain = !o->dnssec_ok, .dnssec_ok = o->dnssec_ok };
    if (!net_kernel_has(k->net, &asked))
        (void)!fill_cut(k, zone, version, generation, cut, true);
    sweep_begin(k, zone);
}

static void take_offers(struct serve_kernel *k, struct kernel_ring *ring)
{
    uint32_t at = atomic_load_explicit(&ring->read, memory_order_relaxed), end = atomic_load_explicit(&ring->written, memory_order_acquire);
    for (; at != end; at++) {
        if (k->setup != NULL)
            take_offer(k, &ring->offers[at % KERNEL_OFFERS]);
    }
    atomic_store_explicit(&ring->read, at, memory_order_release);
}

/* ---- sweeps: the cuts of a zone that was asked for one of them ---- */

static void sweep_end(struct serve_kernel *k)
{
    uint64_t now = clock_ns(), took = now - k->sweep.started_ns;
    epoch_retire(k->serve->epoch, k->sweep.zone, zone_unref);
    k->sweep = (struct sweep){ .rest_until_ns = now + 4 * took };
}

static void sweep_nodes(struct serve_kernel *k, const struct zone_version *version)
{
    struct sweep *s = &k->sweep;
    uint32_t all = zone_version_nodes(version);
    for (unsigned i = 0; i < SWEEP_NODES && s->node < all; i++) {
        const struct zone_node *node = zone_version_node(version, s->node++);
        if (!zone_node_is_cut(node) || zone_version_occludes(version, node))
            continue;
        s->misses += fill_cut(k, s->zone, version, s->generation, zone_node_name(version, node), false) == E_LIMIT;
    }
}

/* @return whether there is more to do at once */
static bool sweep_turn(struct serve_kernel *k)
{
    struct sweep *s = &k->sweep;
    if (s->zone == NULL)
        return false;
    uint64_t until = clock_ns() + SWEEP_TURN_NS;
    const struct zone_version *version = zone_current(s->zone);
    bool good = k->setup != NULL && version != NULL && zone_generation(s->zone) == s->generation && anyone_may_ask(s->zone);
    while (good && s->node < zone_version_nodes(version) && s->misses < SWEEP_MISSES && clock_ns() < until)
        sweep_nodes(k, version);
    if (good && s->node < zone_version_nodes(version) && s->misses < SWEEP_MISSES)
        return true;
    sweep_end(k);
    return false;
}

/* ---- the thread ---- */

/* Answers that depend on who asks, or must come one by one, are not for the kernel. */
static bool setup_allows(const struct serve_kernel *k, const struct serve_setup *setup)
{
    return setup != NULL && setup->view_count >= 1 && setup->views[0].clients == NULL && setup->views[0].zones != NULL &&
           !setup->cookies_required_udp && !k->serve->sources_anywhere;
}

/* What lies below these is, or may be, not the zone's. */
static bool learn_above(struct serve_kernel *k)
{
    const struct serve *serve = k->serve;
    if (!kernel_names_learn(&k->above, k->setup->views[0].zones))
        return false;
    for (size_t i = 0; i < serve->source_count; i++)
        for (size_t n = 0; n < serve->sources[i].suffix_count; n++)
            if (!kernel_names_add(&k->above, serve->sources[i].suffixes[n]))
                return false;
    return true;
}

static bool turn(struct serve_kernel *k)
{
    if (net_kernel_stopped(k->net)) {
        net_kernel_flush(k->net);
        k->setup = NULL;
        if (k->sweep.zone != NULL)
            sweep_end(k);
        k->sweep.rest_until_ns = 0;
        kernel_names_clear(&k->above);
    }
    /* What was flushed for is in force by now: so the set of zones is learned anew each time, and only then. */
    const struct serve_setup *setup = atomic_load_explicit(&k->serve->setup, memory_order_acquire);
    k->setup = setup_allows(k, setup) ? setup : NULL;
    if (k->setup != NULL && k->above.slots == NULL && !learn_above(k))
        k->setup = NULL;
    for (unsigned i = 0; i < k->serve->worker_count; i++)
        take_offers(k, &k->rings[i]);
    bool more = sweep_turn(k);
    net_kernel_settle(k->net);
    return more;
}

void serve_kernel_run(struct serve_kernel *k)
{
    struct epoch_reader *reader;
    require(epoch_join(k->serve->epoch, &reader) == OK);
    while (!atomic_load(&k->ends)) {
        bool more = turn(k);
        epoch_offline(reader);
        usleep(more ? SWEEP_REST_US : TURN_US);
        epoch_online(reader);
    }
    if (k->sweep.zone != NULL)
        sweep_end(k);
    epoch_leave(reader);
}

void serve_kernel_end(struct serve_kernel *k)
{
    if (k != NULL)
        atomic_store(&k->ends, true);
}

/* ---- life ---- */

struct serve_kernel *serve_kernel_new(struct serve *serve, struct net_kernel *kernel)
{
    struct serve_kernel *k = mem_alloc(sizeof *k);
    if (k == NULL)
        return NULL;
    k->serve = serve;
    k->net = kernel;
    k->rings = aligned_alloc(_Alignof(struct kernel_ring), serve->worker_count * sizeof *k->rings);
    if (k->rings == NULL || nsec3_hasher_new(&k->hasher) != OK) {
        serve_kernel_free(k);
        return NULL;
    }
    memset(k->rings, 0, serve->worker_count * sizeof *k->rings);
    uint8_t index[256];
    for (unsigned type = 0; type < 256; type++)
        index[type] = (uint8_t)counters_type_index((uint16_t)type);
    net_kernel_type_index(kernel, index);
    serve->kernel = k;
    for (unsigned i = 0; i < serve->worker_count; i++)
        serve->workers[i].kernel_ring = &k->rings[i];
    return k;
}

void serve_kernel_free(struct serve_kernel *k)
{
    if (k == NULL)
        return;
    for (unsigned i = 0; k->rings != NULL && i < k->serve->worker_count; i++)
        k->serve->workers[i].kernel_ring = NULL;
    k->serve->kernel = NULL;
    nsec3_hasher_free(k->hasher);
    kernel_names_clear(&k->above);
    free(k->rings);
    mem_free(k);
}

/* ---- numbers ---- */

void kernel_counters_add(const struct serve *serve, struct serve_counters *out)
{
    struct net_kernel_counters c;
    if (serve->kernel == NULL)
        return;
    net_kernel_counters_read(serve->kernel->net, &c);
    uint64_t all = c.answered4 + c.answered6;
    out->queries_udp4 += c.answered4;
    out->queries_udp6 += c.answered6;
    out->responses_udp4 += c.answered4;
    out->responses_udp6 += c.answered6;
    out->outcome[SERVE_NOERROR] += c.kind[NET_KERNEL_POSITIVE];
    out->outcome[SERVE_NODATA] += c.kind[NET_KERNEL_NODATA];
    out->outcome[SERVE_REFERRAL] += c.kind[NET_KERNEL_REFERRAL];
    out->outcome[SERVE_NXDOMAIN] += c.kind[NET_KERNEL_NXDOMAIN];
    out->rcode[RCODE_NXDOMAIN] += c.kind[NET_KERNEL_NXDOMAIN];
    out->rcode[RCODE_NOERROR] += all - c.kind[NET_KERNEL_NXDOMAIN];
    out->opcode[OPCODE_QUERY] += all;
    out->edns += c.edns;
    out->dnssec_ok += c.dnssec_ok;
    for (size_t i = 0; i < LENGTH_OF(out->type_count); i++)
        out->type_count[i] += c.type[i];
    for (size_t i = 0; i < NET_KERNEL_QUERY_SIZES; i++)
        out->query_size[0][i] += c.query_size[i];
    for (size_t i = 0; i < NET_KERNEL_REPLY_SIZES; i++)
        out->response_size[0][i] += c.reply_size[i];
}

void kernel_zone_counters_add(const struct serve *serve, const struct zone *zone, struct serve_zone_counters *out)
{
    uint64_t kinds[NET_KERNEL_KINDS];
    const struct zone_slot *slot = slot_of(zone);
    uint32_t number = serve->kernel == NULL || slot == NULL ? 0 : atomic_load_explicit(&slot->kernel_slot, memory_order_relaxed);
    if (number == 0 || !net_kernel_zone_read(serve->kernel->net, number, kinds))
        return;
    for (unsigned i = 0; i < NET_KERNEL_KINDS; i++)
        out->queries += kinds[i];
    out->nxdomain += kinds[NET_KERNEL_NXDOMAIN];
    out->nodata += kinds[NET_KERNEL_NODATA];
    out->referrals += kinds[NET_KERNEL_REFERRAL];
}
