/* SPDX-License-Identifier: Apache-2.0 */
#include "names/ens_inside.h"

static void forget(struct table *table)
{
    size_t position = 0, bytes;
    const void *key;
    void *value;
    while (table_next(table, &position, &key, &bytes, &value))
        mem_free(value);
    table_free(table);
}

enum status ens_source_new(const struct ens_options *options, struct ens_source **out)
{
    struct ens_source *source = mem_alloc(sizeof *source);
    if (!source)
        return E_NOMEM;
    size_t bytes = options->known_resolver_count * sizeof *options->known_resolvers;
    *source = (struct ens_source){ .options = *options, .known = mem_alloc(bytes ? bytes : 1), .codes = table_new(), .zones = table_new(), .usual = options->public_resolver };
    if (!source->known || !source->codes || !source->zones) {
        ens_source_free(source);
        return E_NOMEM;
    }
    if (bytes)
        memcpy(source->known, options->known_resolvers, bytes);
    source->options.known_resolvers = source->known;
    *out = source;
    return OK;
}

void ens_source_free(struct ens_source *source)
{
    if (!source)
        return;
    if (source->codes)
        forget(source->codes);
    if (source->zones)
        forget(source->zones);
    mem_free(source->known);
    mem_free(source);
}

const struct ens_options *ens_source_options(const struct ens_source *source) { return &source->options; }

struct ens_code ens_code_of(const struct ens_source *source, const struct eth_address *address)
{
    const struct ens_code *kept = table_find(source->codes, address->octets, sizeof address->octets);
    struct ens_code code = kept ? *kept : (struct ens_code){ 0 };
    if (code.profiles == 0)
        code.profiles = ens_known_address(&source->options, chain_id(source->options.chain), address);
    return code;
}

/* Starts anew when there is too much of it. */
static void make_room(struct table **table, size_t most)
{
    if (table_count(*table) < most)
        return;
    struct table *empty = table_new();
    if (!empty)
        return;
    forget(*table);
    *table = empty;
}

static void keep(struct table **table, size_t most, const void *key, size_t key_bytes, const void *value, size_t bytes)
{
    void *kept = table_find(*table, key, key_bytes);
    if (kept) {
        memcpy(kept, value, bytes);
        return;
    }
    make_room(table, most);
    void *copy = table_count(*table) < most ? mem_alloc(bytes) : NULL;
    if (!copy)
        return;
    memcpy(copy, value, bytes);
    if (table_set(*table, key, key_bytes, copy, NULL) != OK)
        mem_free(copy);
}

void ens_code_learn(struct ens_source *source, const struct eth_address *address, const struct ens_code *code)
{
    if (code->profiles)
        source->usual = *address;
    keep(&source->codes, ENS_CODES_MAX, address->octets, sizeof address->octets, code, sizeof *code);
}

const struct eth_address *ens_zone_of(const struct ens_source *source, struct name_view name) { return table_find(source->zones, name.wire, name.length); }

void ens_zone_learn(struct ens_source *source, struct name_view name, const struct eth_address *resolver)
{
    keep(&source->zones, ENS_ZONES_MAX, name.wire, name.length, resolver, sizeof *resolver);
}

void ens_source_logs(struct ens_source *source, const struct chain_log *logs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t keys[DEPEND_LOG_KEYS];
        uint64_t chain = chain_id(source->options.chain);
        size_t found = depend_from_log(chain, &logs[i], keys);
        if (found == 1 && keys[0] == depend_key(chain, &logs[i].address, DEPEND_CODE, NULL, NULL))
            mem_free(table_remove(source->codes, logs[i].address.octets, sizeof logs[i].address.octets));
    }
}

void ens_source_drop(struct ens_source *source)
{
    struct table *codes = table_new(), *zones = table_new();
    source->usual = source->options.public_resolver;
    if (codes && zones) {
        forget(source->codes);
        forget(source->zones);
        source->codes = codes;
        source->zones = zones;
        return;
    }
    table_free(codes);
    table_free(zones);
}
