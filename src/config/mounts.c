/* SPDX-License-Identifier: Apache-2.0 */
/* Name systems: where in the DNS they are, and which chains they are on. */
#include "config/inside.h"

#include <string.h>

enum { MOUNTS_MAX = 256, SUFFIXES_MAX = 256, SERVERS_MAX = 13, GATEWAYS_MAX = 16 };

static const uint8_t *keep_name(struct reading *r, const struct name *name)
{
    uint8_t *copy = read_alloc(r, name->length);
    if (copy)
        memcpy(copy, name->wire, name->length);
    return copy;
}

static void read_names(struct reading *r, const struct node *value, size_t most, const uint8_t *const **out, size_t *out_count)
{
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    size_t count = real->kind == NODE_LIST ? 0 : 1, done = 0;
    for (const struct node *n = real->kind == NODE_LIST ? real->first : NULL; n; n = n->next)
        count++;
    if (count == 0 || count > most) {
        node_error(r->diag, value, "1 to %zu names are wanted here", most);
        return;
    }
    const uint8_t **names = read_alloc(r, count * sizeof *names);
    for (; names && done < count; item = item->next) {
        struct name name;
        if (!read_name(r, item, &name))
            return;
        if (name.length == 1) {
            node_error(r->diag, item, "the root cannot be one");
            return;
        }
        names[done++] = keep_name(r, &name);
    }
    *out = names;
    *out_count = done;
}

static void read_gateways(struct reading *r, const struct node *value, struct config_mount *mount)
{
    struct config_list list;
    if (!read_texts(r, value, &list))
        return;
    if (list.count > GATEWAYS_MAX) {
        node_error(r->diag, value, "at most %d gateways", GATEWAYS_MAX);
        return;
    }
    struct address *addresses = read_alloc(r, list.count * sizeof *addresses);
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; addresses && i < list.count; i++, item = item->next)
        if (address_parse(slice_string(list.items[i]), &addresses[i]) != OK)
            node_error(r->diag, item, "\"%.80s\" is no address: write 192.0.2.80 or 2001:db8::80", list.items[i]);
    mount->gateways = addresses;
    mount->gateway_count = list.count;
}

static void read_chain_names(struct reading *r, const struct node *value, struct config_mount *mount)
{
    struct config_list list;
    if (!read_texts(r, value, &list))
        return;
    if (mount->chain_count) {
        node_error(r->diag, value->key, "a mount has either `chain` or `chains`");
        return;
    }
    uint32_t *chains = read_alloc(r, list.count * sizeof *chains);
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; chains && i < list.count; i++, item = item->next) {
        uint32_t index = 0;
        while (index < r->config->chain_count && strcmp(r->config->chains[index].name, list.items[i]) != 0)
            index++;
        if (index == r->config->chain_count)
            node_error(r->diag, item, "there is no chain `%.64s` under `chains`", list.items[i]);
        chains[i] = index;
    }
    mount->chains = chains;
    mount->chain_count = list.count;
}

static void mount_special(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    struct config_mount *mount = base;
    struct name name;
    if (strcmp(key->name, "suffix") == 0)
        read_names(r, value, SUFFIXES_MAX, &mount->suffixes, &mount->suffix_count);
    else if (strcmp(key->name, "name-servers") == 0)
        read_names(r, value, SERVERS_MAX, &mount->servers, &mount->server_count);
    else if (strcmp(key->name, "gateway") == 0)
        read_gateways(r, value, mount);
    else if (strncmp(key->name, "chain", 5) == 0)
        read_chain_names(r, value, mount);
    else if (read_name(r, value, &name))
        *(strcmp(key->name, "base") == 0 ? &mount->base : &mount->reverse) = keep_name(r, &name);
}

static const struct node *suffix_before(struct reading *r, const uint8_t *suffix, const struct node *item)
{
    struct name_view view = name_view_wire(suffix);
    uint8_t key[5 + NAME_MAX_BYTES] = "name:";
    memcpy(key + 5, view.wire, view.length);
    const struct node *before = table_find(r->set, key, 5u + view.length);
    if (!before && table_set(r->set, key, 5u + view.length, (void *)(uintptr_t)item, NULL) != OK)
        r->no_memory = true;
    return before;
}

/* A zone of the same name is nearer: it answers for all that lies there. */
static void check_zones(struct reading *r, const struct node *item, const uint8_t *suffix)
{
    char text[NAME_TEXT_ROOM];
    const struct config *config = r->config;
    for (size_t i = 0; i < config->zone_count; i++) {
        const struct config_zone *zone = &config->zones[i];
        if (zone->view != 0 || zone->name == NULL || !name_equal(name_view_wire(zone->name), name_view_wire(suffix)))
            continue;
        node_warning(r->diag, item, "there is a zone %s too: it answers, and the mount does not", name_to_text(name_view_wire(suffix), text));
        return;
    }
}

static void check_mount(struct reading *r, const struct node *item, const struct config_mount *mount)
{
    char text[NAME_TEXT_ROOM];
    if (mount->suffix_count == 0)
        node_error(r->diag, item, "`suffix` is missing: which names it answers for");
    if (mount->chain_count == 0)
        node_error(r->diag, item, "`chain` is missing: on which of `chains` the names are");
    else if (mount->system == CONFIG_SYSTEM_ENS && mount->chain_count != 1)
        node_error(r->diag, item, "names of ENS are on one chain");
    else if (mount->system == CONFIG_SYSTEM_UNS && mount->chain_count > 2)
        node_error(r->diag, item, "names of Unstoppable Domains are on two chains: layer 2 first, as in [polygon, ethereum]");
    for (size_t i = 0; i < mount->suffix_count; i++) {
        const struct node *before = suffix_before(r, mount->suffixes[i], item);
        if (before)
            node_error(r->diag, item, "%s is mounted already, at %s:%u", name_to_text(name_view_wire(mount->suffixes[i]), text), before->file->path, before->line);
    }
    for (size_t i = 0; i < mount->suffix_count; i++)
        check_zones(r, item, mount->suffixes[i]);
    if (mount->reverse)
        check_zones(r, item, mount->reverse);
    const struct node *before = mount->reverse ? suffix_before(r, mount->reverse, item) : NULL;
    if (before)
        node_error(r->diag, item, "%s is mounted already, at %s:%u", name_to_text(name_view_wire(mount->reverse), text), before->file->path, before->line);
    if (mount->base && mount->suffix_count > 1)
        node_error(r->diag, item, "`base` goes with one suffix");
}

static void read_mount(struct reading *r, const struct node *item, struct config_mount *mount)
{
    size_t before = diagnostics_count(r->diag, SEVERITY_ERROR);
    read_defaults(r, keys_mount, mount);
    read_map(r, item, keys_mount, NULL, mount, mount_special);
    if (diagnostics_count(r->diag, SEVERITY_ERROR) == before && !r->no_memory)
        check_mount(r, item, mount);
}

void read_mounts(struct reading *r)
{
    size_t most = count_members(r, "names", NODE_LIST), count = 0;
    struct config_mount *mounts = read_alloc(r, (most < MOUNTS_MAX ? most : MOUNTS_MAX) * sizeof *mounts);
    for (const struct source_file *file = r->files; file && mounts; file = file->next) {
        for (const struct node *item = section_first(r, file, "names", NODE_LIST); item && !r->no_memory; item = item->next) {
            if (count == MOUNTS_MAX) {
                node_error(r->diag, item, "too many mounts: at most %d", MOUNTS_MAX);
                return;
            }
            read_mount(r, item, &mounts[count++]);
        }
    }
    r->config->mounts = mounts;
    r->config->mount_count = count;
}
