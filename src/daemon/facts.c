/* SPDX-License-Identifier: Apache-2.0 */
/* What the numbers tell about zones: counters, sizes, load times, what failed. */
#include "daemon/inside.h"

#include <stdio.h>
#include <string.h>

enum { TROUBLES_TOLD = 20, RSSAC_ZONES = 100 };

/* The only view that has it; "" = several. */
static const char *view_of(const struct keeper *keeper, const struct kept *kept)
{
    const char *found = kept->view;
    for (size_t i = 0; !kept->view && i < keeper->view_count; i++) {
        if (zone_table_get(keeper->views[i].table, zone_name(kept->zone), zone_class(kept->zone)) != kept->zone)
            continue;
        if (found)
            return "";
        found = keeper->views[i].name;
    }
    return found ? found : "";
}

void keeper_each_asked(struct keeper *keeper, const struct serve *serve, size_t limit, control_zone_fn *each, void *context)
{
    const void *key;
    size_t length, told = 0;
    void *value;
    pthread_mutex_lock(&keeper->lock);
    for (size_t at = 0; (limit == 0 || told < limit) && table_next(keeper->zones, &at, &key, &length, &value);) {
        const struct kept *kept = value;
        struct serve_zone_counters counters;
        char name[NAME_TEXT_ROOM], klass[CODE_TEXT_ROOM];
        serve_zone_counters_read(serve, kept->zone, &counters);
        if (counters.queries == 0 && counters.transfers == 0)
            continue;
        each(context, kept_name(kept, name), class_to_text(zone_class(kept->zone), klass), view_of(keeper, kept), &counters);
        told++;
    }
    pthread_mutex_unlock(&keeper->lock);
}

void keeper_tell_failures(struct keeper *keeper, struct control_answer *answer)
{
    const void *key;
    size_t length, failed = 0;
    void *value;
    char more[64];
    pthread_mutex_lock(&keeper->lock);
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);) {
        const struct kept *kept = value;
        char name[NAME_TEXT_ROOM];
        struct text line;
        if (!kept->trouble || ++failed > TROUBLES_TOLD)
            continue;
        text_growing(&line);
        text_add_format(&line, "zone %s%s%s: %s", kept_name(kept, name), kept->view ? " in view " : "", kept->view ? kept->view : "", kept->trouble);
        if (!line.full)
            control_detail(answer, line.data);
        text_clear(&line);
    }
    pthread_mutex_unlock(&keeper->lock);
    if (failed > TROUBLES_TOLD) {
        snprintf(more, sizeof more, "and %zu more; `rhiz zone list` shows them", failed - TROUBLES_TOLD);
        control_detail(answer, more);
    }
}

/* ---- RSSAC002: zone-size, load-time ---- */

/* All records in wire form, no name compressed: what the sets count has a pointer for the owner. */
static uint64_t wire_bytes(const struct zone_version *version)
{
    enum { POINTER_BYTES = 2 };
    uint64_t sum = 0;
    for (uint32_t i = 0; i < zone_version_nodes(version); i++) {
        const struct zone_node *node = zone_version_node(version, i);
        uint64_t owner = zone_node_name(version, node).length;
        struct rrset set;
        for (size_t at = 0; zone_node_rrset_next(version, node, &at, &set);)
            sum += ((uint64_t)set.count + set.sig_count) * (owner - POINTER_BYTES) + set.bytes + set.sig_bytes;
    }
    return sum;
}

static void set_one(struct json_value *out, const char *zone, const char *serial, uint64_t number)
{
    struct json_value *member = json_value_object();
    json_value_set_u64(member, serial, number);
    json_value_set(out, zone, member);
}

void keeper_rssac(struct keeper *keeper, struct json_value *out)
{
    const void *key;
    size_t length, told = 0;
    void *value;
    struct json_value *sizes = json_value_object(), *times = json_value_object();
    /* Under the lock nothing is published, so a current version stays; it is walked once in its life. */
    pthread_mutex_lock(&keeper->lock);
    for (size_t at = 0; told < RSSAC_ZONES && table_next(keeper->zones, &at, &key, &length, &value);) {
        struct kept *kept = value;
        const struct zone_version *version = zone_current(kept->zone);
        char zone[NAME_TEXT_ROOM + 300], name[NAME_TEXT_ROOM], serial[16];
        if (!version)
            continue;
        if (kept->wire_bytes == 0)
            kept->wire_bytes = wire_bytes(version);
        snprintf(zone, sizeof zone, "%s%s%s", kept_name(kept, name), kept->view ? "@" : "", kept->view ? kept->view : "");
        snprintf(serial, sizeof serial, "%u", zone_version_serial(version));
        set_one(sizes, zone, serial, kept->wire_bytes);
        set_one(times, zone, serial, (kept->load_ms + 999) / 1000);
        told++;
    }
    pthread_mutex_unlock(&keeper->lock);
    json_value_set(out, "zone-size", sizes);
    json_value_set(out, "load-time", times);
}
