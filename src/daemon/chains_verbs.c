/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz chain status`, `rhiz cache ...`, and the root zone's say in mounts. */
#include "daemon/collisions.h"
#include "daemon/inside.h"

#include <stdio.h>
#include <string.h>

static enum control_code no_chains(struct control_answer *answer)
{
    return control_fail(answer, CONTROL_NOT_FOUND, "give it `chains` and `names`", "the configuration has no chains");
}

/* ---- chain status ---- */

static struct json_value *provider_value(const struct chain *chain, size_t index)
{
    struct json_value *out = json_value_object();
    struct chain_provider_counters c;
    chain_provider_counters_read(chain, index, &c);
    json_value_set_text(out, "name", c.name);
    json_value_set_text(out, "operator", c.operator);
    json_value_set_text(out, "state", c.open ? "cut off" : c.admitted ? "in use" : "not admitted");
    json_value_set_text(out, "reason", c.reason);
    json_value_set_u64(out, "head", c.head);
    json_value_set_u64(out, "calls", c.calls);
    json_value_set_u64(out, "failures", c.failures);
    json_value_set_u64(out, "limited", c.limited);
    json_value_set_u64(out, "disagreed", c.disagreed);
    json_value_set_u64(out, "latency_us", c.latency_us);
    return out;
}

static struct json_value *chain_value(const struct chain *chain)
{
    struct json_value *out = json_value_object(), *providers = json_value_array(), *failures = json_value_object();
    struct chain_counters c;
    chain_counters_read(chain, &c);
    uint64_t now = clock_now().unix_ms / 1000;
    json_value_set_text(out, "name", chain_name(chain));
    json_value_set_u64(out, "chain_id", chain_id(chain));
    json_value_set_text(out, "health", chain_health_text(c.health));
    json_value_set_u64(out, "head", c.head_number);
    json_value_set_u64(out, "head_time", c.head_time);
    json_value_set_u64(out, "head_age", c.head_time && now > c.head_time ? now - c.head_time : 0);
    json_value_set_u64(out, "heads", c.heads);
    json_value_set_u64(out, "reorganisations", c.reorgs);
    json_value_set_u64(out, "logs", c.logs);
    json_value_set_u64(out, "calls", c.calls);
    json_value_set_u64(out, "call_bytes", c.call_bytes);
    json_value_set_u64(out, "gateway_requests", c.gateway_requests);
    json_value_set_u64(out, "disagreements", c.disagreements);
    for (unsigned i = 1; i < CHAIN_FAILURES; i++)
        if (c.failures[i])
            json_value_set_u64(failures, chain_failure_label((enum chain_failure)i), c.failures[i]);
    json_value_set(out, "failures", failures);
    for (size_t i = 0; i < chain_provider_count(chain); i++)
        json_value_add(providers, provider_value(chain, i));
    json_value_set(out, "providers", providers);
    return out;
}

static struct json_value *mount_value(const struct chains_mount *m)
{
    char text[NAME_TEXT_ROOM];
    struct mount_counters c;
    struct json_value *out = json_value_object(), *failures = json_value_object();
    mount_counters_read(m->mount, &c);
    json_value_set_text(out, "suffix", name_to_text(mount_suffix(m->mount), text));
    json_value_set_text(out, "system", m->system == CONFIG_SYSTEM_ENS ? "ens" : "uns");
    json_value_set_text(out, "health", chains_mount_is_off(m) ? "off" : chain_health_text(mount_health(m->mount)));
    json_value_set_bool(out, "collides", atomic_load_explicit(&m->collides, memory_order_relaxed));
    json_value_set_u64(out, "asked", c.asked);
    json_value_set_u64(out, "lookups", c.lookups);
    json_value_set_u64(out, "again", c.again);
    json_value_set_u64(out, "invalidated", c.invalidated);
    json_value_set_u64(out, "dropped", c.dropped);
    json_value_set_u64(out, "stale", c.stale);
    json_value_set_u64(out, "waiting", c.waiting);
    for (unsigned i = 0; i < CHAIN_FAILURES; i++)
        if (c.failures[i])
            json_value_set_u64(failures, mount_failure_label((enum chain_failure)i), c.failures[i]);
    json_value_set(out, "failures", failures);
    return out;
}

enum control_code verb_chain_status(void *context, const struct json_value *args, struct control_answer *answer)
{
    const struct chains *chains = ((struct house *)context)->chains;
    const char *name = json_value_get_text(args, "name");
    struct json_value *list = json_value_array(), *mounts = json_value_array();
    bool found = false;
    for (size_t i = 0; chains && i < chains->chain_count; i++) {
        if (name && strcmp(chain_name(chains->chains[i]), name) != 0)
            continue;
        json_value_add(list, chain_value(chains->chains[i]));
        found = true;
    }
    for (size_t i = 0; chains && !name && i < chains->count; i++)
        json_value_add(mounts, mount_value(&chains->list[i]));
    json_value_set(control_result(answer), "chains", list);
    json_value_set(control_result(answer), "mounts", mounts);
    if (!chains)
        return no_chains(answer);
    return found ? CONTROL_OK : control_fail(answer, CONTROL_NOT_FOUND, "`rhiz chain status` lists all", "there is no chain %.64s", name ? name : "");
}

/* ---- cache ---- */

enum control_code verb_cache_stats(void *context, const struct json_value *args, struct control_answer *answer)
{
    const struct chains *chains = ((struct house *)context)->chains;
    struct json_value *out = control_result(answer);
    struct cache_counters c;
    (void)args;
    if (!chains)
        return no_chains(answer);
    cache_counters_read(chains->cache, &c);
    json_value_set_u64(out, "entries", c.entries);
    json_value_set_u64(out, "bytes", c.bytes);
    json_value_set_u64(out, "limit_bytes", c.limit_bytes);
    json_value_set_u64(out, "puts", c.puts);
    json_value_set_u64(out, "touched", c.touched);
    json_value_set_u64(out, "evicted", c.evicted);
    json_value_set_u64(out, "expired", c.expired);
    return CONTROL_OK;
}

/* A name of the arguments. @return NULL when it is there and good, or the failure is in *code */
static bool name_of(const struct json_value *args, struct control_answer *answer, struct name *name, bool *there, enum control_code *code)
{
    const char *text = json_value_get_text(args, "name");
    *there = text != NULL;
    if (text && name_parse(slice_string(text), name_root, name) != OK) {
        *code = control_fail(answer, CONTROL_USAGE, NULL, "\"%.200s\" is no domain name", text);
        return false;
    }
    if (text)
        name_lower(name->wire, name->length);
    return true;
}

enum control_code verb_cache_flush(void *context, const struct json_value *args, struct control_answer *answer)
{
    const struct chains *chains = ((struct house *)context)->chains;
    struct name name;
    bool there;
    enum control_code code;
    if (!chains)
        return no_chains(answer);
    if (!name_of(args, answer, &name, &there, &code))
        return code;
    struct name_view view = there ? name_view_of(&name) : (struct name_view){ 0 };
    json_value_set_u64(control_result(answer), "flushed", cache_flush(chains->cache, 0, there ? &view : NULL, json_value_get_bool(args, "tree")));
    return CONTROL_OK;
}

enum { SHOWN_MAX = 1000 };
struct showing { struct json_value *list; const struct name *below; bool tree; uint64_t now_ms, shown, left_out; };

static bool show_entry(void *context, const struct cache_entry *entry)
{
    struct showing *s = context;
    char text[NAME_TEXT_ROOM], proof[32];
    if (s->below && !(s->tree ? name_below(entry->name, name_view_of(s->below)) : name_equal(entry->name, name_view_of(s->below))))
        return true;
    if (s->shown == SHOWN_MAX) {
        s->left_out++;
        return true;
    }
    s->shown++;
    struct json_value *out = json_value_object();
    const struct mount_note *note = entry->note;
    json_value_set_text(out, "name", name_to_text(entry->name, text));
    json_value_set_u64(out, "born", entry->born);
    if (note && note->chain) {
        json_value_set_text(out, "chain", chain_name(note->chain));
        json_value_set_text(out, "checked", proof_text(note->proof, proof, sizeof proof));
        json_value_set_bool(out, "negative", note->negative);
        json_value_set_u64(out, "dependencies", note->depend_count);
    }
    if (entry->valid_until_ms != UINT64_MAX)
        json_value_set_u64(out, "valid_ms", entry->valid_until_ms > s->now_ms ? entry->valid_until_ms - s->now_ms : 0);
    json_value_add(s->list, out);
    return true;
}

enum control_code verb_cache_show(void *context, const struct json_value *args, struct control_answer *answer)
{
    struct house *house = context;
    struct name name;
    struct epoch_reader *reader;
    bool there;
    enum control_code code;
    if (!house->chains)
        return no_chains(answer);
    if (!name_of(args, answer, &name, &there, &code))
        return code;
    if (epoch_join(house->epoch, &reader) != OK)
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    struct showing showing = { .list = json_value_array(), .below = there ? &name : NULL, .tree = json_value_get_bool(args, "tree"), .now_ms = clock_now().monotonic_ms };
    cache_each(house->chains->cache, show_entry, &showing);
    epoch_leave(reader);
    json_value_set(control_result(answer), "entries", showing.list);
    json_value_set_u64(control_result(answer), "left_out", showing.left_out);
    return CONTROL_OK;
}

/* ---- the root zone ---- */

void house_look_at_root(struct house *house)
{
    struct epoch_reader *reader;
    if (!house->chains || epoch_join(house->epoch, &reader) != OK)
        return;
    const struct zone_table *table = keeper_view_table(house->keeper, NULL);
    const struct zone *zone = table ? zone_table_get(table, name_root, CLASS_IN) : NULL;
    const struct zone_version *version = zone ? zone_current(zone) : NULL;
    uint64_t generation = version ? zone_version_moment(version) : 0;
    if (!house->root_looked || generation != house->root_generation) {
        house->root_looked = true;
        house->root_generation = generation;
        collisions_look(house->chains, version);
    }
    epoch_leave(reader);
}
