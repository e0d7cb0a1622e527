/* SPDX-License-Identifier: Apache-2.0 */
/* What it costs to change a large zone, and to ask one that was changed.
 *
 *   bench-change [NAMES [EDITS]]          CPU of each change with its publication, the version before it let go
 *   bench-change --ask NAMES CHANGED      100,000 lookups in a zone of which so many names were changed; for
 *                                         valgrind --tool=callgrind --toggle-collect=ask
 *
 * A line of JSON for each kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zone/edit.h"

enum { LOOKUPS = 100000, NAME_DIGITS = 7 };

static const uint8_t apex_wire[] = "\5bench\4test";
static const struct name_view apex = { apex_wire, sizeof apex_wire, 2 };

static uint32_t dice(uint32_t sides)
{
    static uint64_t state = 42;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 32) * sides >> 32);
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void need(enum status st)
{
    if (st == OK)
        return;
    fprintf(stderr, "failed: %s\n", status_text(st));
    exit(1);
}

/* `suffix` lets names be made between those that there are. */
static struct name host(uint32_t number, const char *suffix)
{
    struct name out;
    char label[32];
    int length = snprintf(label, sizeof label, "n%0*u%s", NAME_DIGITS, number, suffix);
    need(name_prepend((const uint8_t *)label, (size_t)length, apex, &out));
    return out;
}

/* ---- records ---- */

struct data { uint8_t octets[512]; size_t size; uint16_t type; };

static struct data address(uint32_t number)
{
    struct data d = { .size = 4, .type = TYPE_A };
    put_u32(d.octets, number);
    return d;
}

static struct data soa(uint32_t serial)
{
    struct data d = { .size = 24, .type = TYPE_SOA };
    memcpy(d.octets, "\1n", 3);
    put_u32(d.octets + 4, serial);
    return d;
}

static struct data nsec(const struct name *next)
{
    struct data d = { .type = TYPE_NSEC };
    memcpy(d.octets, next->wire, next->length);
    memcpy(d.octets + next->length, "\0\6\x40\0\0\0\0\3", 8);
    d.size = next->length + 8u;
    return d;
}

/* Of the size that an ECDSA signature has. */
static struct data signature(uint16_t type, uint32_t salt)
{
    struct data d = { .size = 18 + sizeof apex_wire + 64, .type = TYPE_RRSIG };
    put_u16(d.octets, type);
    memcpy(d.octets + 18, apex_wire, sizeof apex_wire);
    put_u32(d.octets + 18 + sizeof apex_wire, salt);
    return d;
}

static void build_add(struct zone_builder *b, struct name_view owner, struct data d)
{
    need(zone_builder_add(b, owner, d.type, 3600, d.octets, d.size, NULL));
}

static struct zone_version *build(uint32_t names, bool with_nsec)
{
    struct zone_builder *b;
    struct zone_version *v;
    need(zone_builder_new(apex, CLASS_IN, &b));
    struct name first = host(0, "");
    build_add(b, apex, soa(1));
    if (with_nsec) {
        build_add(b, apex, signature(TYPE_SOA, 1));
        build_add(b, apex, nsec(&first));
        build_add(b, apex, signature(TYPE_NSEC, 1));
    }
    for (uint32_t i = 0; i < names; i++) {
        struct name name = host(i, ""), next = i + 1 < names ? host(i + 1, "") : name_copy(apex);
        build_add(b, name_view_of(&name), address(i));
        if (!with_nsec)
            continue;
        build_add(b, name_view_of(&name), signature(TYPE_A, i));
        build_add(b, name_view_of(&name), nsec(&next));
        build_add(b, name_view_of(&name), signature(TYPE_NSEC, i));
    }
    need(zone_builder_finish(b, false, &v));
    return v;
}

/* ---- changes ---- */

static void edit_set(struct zone_edit *edit, struct name_view owner, struct data d, bool sign, uint32_t salt)
{
    need(zone_edit_remove_rrset(edit, owner, d.type));
    need(zone_edit_add(edit, owner, d.type, 3600, d.octets, d.size));
    if (!sign)
        return;
    struct data s = signature(d.type, salt);
    need(zone_edit_add(edit, owner, s.type, 3600, s.octets, s.size));
}

/* One record, and the serial. */
static void change_address(struct zone_edit *edit, uint32_t names, uint32_t turn)
{
    struct name name = host(dice(names), "");
    edit_set(edit, apex, soa(turn + 1), false, turn);
    edit_set(edit, name_view_of(&name), address(turn), false, turn);
}

/* A new name in a signed zone: its records, the NSEC in front of it, the serial, all with signatures. */
static void change_chain(struct zone_edit *edit, uint32_t names, uint32_t turn)
{
    uint32_t at = dice(names - 1);
    struct name before = host(at, ""), name = host(at, "x"), next = host(at + 1, "");
    edit_set(edit, apex, soa(turn + 1), true, turn);
    edit_set(edit, name_view_of(&before), nsec(&name), true, turn);
    edit_set(edit, name_view_of(&name), address(turn), true, turn);
    edit_set(edit, name_view_of(&name), nsec(&next), true, turn);
}

typedef void change(struct zone_edit *edit, uint32_t names, uint32_t turn);

static struct zone_version *edited(const struct zone_version *v, change *make, uint32_t names, uint32_t turn)
{
    struct zone_edit *edit;
    struct zone_version *next;
    need(zone_edit_begin(v, &edit));
    make(edit, names, turn);
    need(zone_edit_finish(edit, NULL, &next));
    return next;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, uint32_t names, uint32_t edits, bool with_nsec, change *make)
{
    struct epoch *epoch = epoch_new();
    struct zone *zone = zone_new(apex, CLASS_IN);
    double *took = calloc(edits, sizeof *took);
    zone_publish(zone, build(names, with_nsec), epoch);
    size_t bytes = zone_version_bytes(zone_current(zone));
    for (uint32_t i = 0; i < edits; i++) {
        double start = cpu_us();
        zone_publish(zone, edited(zone_current(zone), make, names, i + 1), epoch);
        (void)epoch_reclaim(epoch);
        took[i] = cpu_us() - start;
    }
    double last = took[edits - 1], start = cpu_us();
    size_t more = zone_version_bytes(zone_current(zone)) - bytes;
    struct zone_version *flat;
    qsort(took, edits, sizeof *took, by_size);
    need(zone_version_flatten(zone_current(zone), &flat));
    printf("{\"change\":\"%s\",\"names\":%u,\"changes\":%u,\"median_us\":%.1f,\"p99_us\":%.1f,\"worst_us\":%.1f,\"last_us\":%.1f,\"bytes_per_change\":%zu,"
           "\"flatten_ms\":%.0f}\n", what, names, edits, took[edits / 2], took[edits - edits / 100 - 1], took[edits - 1], last, more / edits,
           (cpu_us() - start) / 1e3);
    zone_version_free(flat);
    zone_unref(zone);
    epoch_free(epoch);
    free(took);
}

/* ---- asking ---- */

/* In batches with steps taken ahead, as the server does. */
__attribute__((noinline)) size_t ask(const struct zone_version *v, const struct name *names, size_t count);
size_t ask(const struct zone_version *v, const struct name *names, size_t count)
{
    enum { BATCH = 32 };
    struct zone_ahead ahead[BATCH];
    size_t found = 0;
    for (size_t first = 0; first + BATCH <= count; first += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            zone_ahead_begin(&ahead[i], v, name_view_of(&names[first + i]));
        for (size_t i = 0; i < BATCH; i++)
            zone_ahead_follow(&ahead[i], v);
        for (size_t i = 0; i < BATCH; i++) {
            struct rrset set;
            struct zone_found f = zone_find_ahead(v, name_view_of(&names[first + i]), &ahead[i]);
            found += f.outcome == ZONE_HIT && zone_node_rrset(v, f.node, TYPE_A, &set);
        }
    }
    return found;
}

/* Names of the zone, one in eight of them absent. */
static void measure_asking(uint32_t names, uint32_t changed)
{
    struct zone_version *v = build(names, false);
    struct name *asked = calloc(LOOKUPS, sizeof *asked);
    for (uint32_t i = 0; i < changed; i++) {
        struct zone_version *next = edited(v, change_address, names, i + 1);
        zone_version_free(v);
        v = next;
    }
    for (size_t i = 0; i < LOOKUPS; i++)
        asked[i] = host(dice(names), i % 8 ? "" : "y");
    double start = cpu_us();
    size_t found = ask(v, asked, LOOKUPS);
    printf("{\"names\":%u,\"changed\":%u,\"lookups\":%d,\"found\":%zu,\"ns\":%.1f}\n", names, changed, LOOKUPS, found, (cpu_us() - start) * 1e3 / LOOKUPS);
    zone_version_free(v);
    free(asked);
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "--ask") == 0) {
        measure_asking((uint32_t)strtoul(arguments[2], NULL, 10), (uint32_t)strtoul(arguments[3], NULL, 10));
        return 0;
    }
    uint32_t names = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 1000000, edits = count > 2 ? (uint32_t)strtoul(arguments[2], NULL, 10) : 5000;
    if (names < 2 || edits < 1 || names > 10000000)
        return 2;
    measure("one record", names, edits, false, change_address);
    measure("a name and its NSEC neighbour", names, edits, true, change_chain);
    return 0;
}
