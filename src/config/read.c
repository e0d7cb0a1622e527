/* SPDX-License-Identifier: Apache-2.0 */
/* From nodes to struct config, by the table. */
#include "config/inside.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *read_alloc(struct reading *r, size_t bytes)
{
    void *block = arena_alloc(r->arena, bytes ? bytes : 1);
    if (!block)
        r->no_memory = true;
    return block;
}

char *read_string(struct reading *r, const char *text)
{
    char *copy = arena_string(r->arena, text);
    if (!copy)
        r->no_memory = true;
    return copy;
}

/* ---- what a value should be ---- */

bool expect_kind(struct reading *r, const struct node *value, enum node_kind kind, const char *what)
{
    if (node_real(value)->kind == kind && (kind != NODE_SCALAR || !node_real(value)->null))
        return true;
    node_error(r->diag, value, "%s is wanted here, not %s", what, node_kind_text(value));
    return false;
}

static void name_key(const struct key *key, char out[64]) { snprintf(out, 64, "a value for `%s`", key->name); }

const char *nearest_key(const struct key *keys, const char *word)
{
    const char *best = NULL;
    unsigned least = (unsigned)strlen(word) / 3 + 1;
    for (const struct key *key = keys; key->kind != KEY_END; key++) {
        unsigned distance = text_distance(key->name, word);
        if (distance <= least && key->kind != KEY_LATER) {
            least = distance;
            best = key->name;
            if (distance == 0)
                break;
            least--;
        }
    }
    return best;
}

static bool read_number(struct reading *r, const struct key *key, const struct node *value, uint64_t *out)
{
    const char *text = node_real(value)->text;
    struct slice slice = slice_string(text);
    uint64_t number = 0;
    enum status st;
    if (key->fallback && strcmp(key->fallback, "auto") == 0 && strcmp(text, "auto") == 0) {
        *out = 0;
        return true;
    }
    const char *unit = "", *form = "digits";
    if (key->kind == KEY_BYTES) {
        st = text_read_bytes(slice, UINT64_MAX, &number);
        unit = " octets";
        form = "a size such as 512, 64K or 4M";
    } else if (key->kind == KEY_TIME) {
        if (*text && text[strspn(text, "0123456789")] == 0) {
            node_error(r->diag, value, "`%s` needs a unit: %.20ss for seconds, or ms m h d w", key->name, text);
            return false;
        }
        st = text_read_duration_ms(slice, UINT64_MAX, &number);
        unit = " ms";
        form = "a time such as 500ms, 10s or 5m";
    } else {
        st = text_read_u64(slice, UINT64_MAX, &number);
    }
    if (st == OK && number >= key->least && number <= key->most) {
        *out = number;
        return true;
    }
    if (st == OK || st == E_RANGE)
        node_error(r->diag, value, "`%s` must be from %" PRIu64 " to %" PRIu64 "%s, not %s", key->name, key->least, key->most, unit, text);
    else
        node_error(r->diag, value, "`%s` must be a number (%s), not \"%.64s\"", key->name, form, text);
    return false;
}

static bool read_bool(struct reading *r, const struct key *key, const struct node *value, bool *out)
{
    static const struct { const char *word; bool truth; } words[] = {
        { "true", true }, { "yes", true }, { "on", true }, { "false", false }, { "no", false }, { "off", false },
    };
    for (size_t i = 0; i < LENGTH_OF(words); i++) {
        if (strcasecmp(words[i].word, node_real(value)->text) == 0) {
            *out = words[i].truth;
            return true;
        }
    }
    node_error(r->diag, value, "`%s` must be true or false, not \"%.64s\"", key->name, node_real(value)->text);
    return false;
}

static void list_words(const char *const *words, char *out, size_t room)
{
    *out = 0;
    for (size_t i = 0; words[i]; i++)
        snprintf(out + strlen(out), room - strlen(out), "%s%s", i ? ", " : "", words[i]);
}

static int word_index(struct reading *r, const char *name, const char *const *words, const struct node *value)
{
    char known[200];
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], node_real(value)->text) == 0)
            return i;
    }
    list_words(words, known, sizeof known);
    node_error(r->diag, value, "`%s` takes %s, not \"%.64s\"", name, known, node_real(value)->text);
    return -1;
}

static void read_text(struct reading *r, const struct key *key, const struct node *value, const char **out)
{
    size_t length = strlen(node_real(value)->text);
    if (length < key->least || length > key->most)
        node_error(r->diag, value, "`%s` must have %" PRIu64 " to %" PRIu64 " octets, not %zu", key->name, key->least, key->most, length);
    else
        *out = read_string(r, node_real(value)->text);
}

bool read_texts(struct reading *r, const struct node *value, struct config_list *out)
{
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    struct config_list list = { 0 };
    size_t count = 0;
    if (real->kind == NODE_LIST) {
        for (const struct node *n = real->first; n; n = n->next)
            count++;
    } else {
        if (!expect_kind(r, value, NODE_SCALAR, "a text or a list"))
            return false;
        count = 1;
    }
    const char **items = read_alloc(r, count * sizeof *items);
    for (; items && list.count < count; item = item->next) {
        if (!expect_kind(r, item, NODE_SCALAR, "a text"))
            return false;
        items[list.count++] = read_string(r, node_real(item)->text);
    }
    list.items = items;
    *out = list;
    return !r->no_memory;
}

bool read_endpoint(struct reading *r, const struct node *value, uint16_t port, struct endpoint *out)
{
    if (!expect_kind(r, value, NODE_SCALAR, "an ADDRESS@PORT"))
        return false;
    const char *text = node_real(value)->text;
    if (endpoint_parse(slice_string(text), port, out) == OK)
        return true;
    if (strncmp(text, "key:", 4) == 0 || strchr(text, ' '))
        node_error(r->diag, value, "\"%.80s\": keys are not in this version", text);
    else if (*text == '[' || (strchr(text, ':') && strchr(text, '.')))
        node_error(r->diag, value, "\"%.80s\": the port stands behind @, as in 192.0.2.1@%u or 2001:db8::1@%u", text, port, port);
    else
        node_error(r->diag, value, "\"%.80s\" is no address: write ADDRESS or ADDRESS@PORT, as in 192.0.2.1@%u; names are not looked up", text, port);
    return false;
}

static void read_prefix_lengths(struct reading *r, const struct node *value, uint64_t *out)
{
    static const uint64_t most[2] = { 32, 128 };
    const struct node *item = node_real(value)->first;
    uint64_t lengths[2];
    if (!expect_kind(r, value, NODE_LIST, "a list of two numbers, [24, 56],"))
        return;
    for (size_t i = 0; i < 2; i++, item = item->next) {
        if (!item || !expect_kind(r, item, NODE_SCALAR, "a prefix length") ||
            text_read_u64(slice_string(node_real(item)->text), most[i], &lengths[i]) != OK || lengths[i] == 0) {
            node_error(r->diag, item ? item : value, "two prefix lengths are wanted: 1 to 32 for IPv4, 1 to 128 for IPv6, as in [24, 56]");
            return;
        }
    }
    if (item) {
        node_error(r->diag, item, "one too many: [IPv4, IPv6], as in [24, 56]");
        return;
    }
    out[0] = lengths[0];
    out[1] = lengths[1];
}

static void read_words(struct reading *r, const struct key *key, const struct node *value, struct config_list *out)
{
    struct config_list list;
    if (!read_texts(r, value, &list))
        return;
    if (key->most && list.count > key->most) {
        node_error(r->diag, value, "`%s` takes at most %" PRIu64, key->name, key->most);
        return;
    }
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; key->words && i < list.count; i++, item = item->next) {
        if (word_index(r, key->name, key->words, item) < 0)
            return;
    }
    *out = list;
}

static void read_value(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    char what[64];
    char *at = (char *)base + key->offset;
    name_key(key, what);
    bool list = key->kind == KEY_PREFIX_LENGTHS || key->kind == KEY_TEXTS || key->kind == KEY_PATHS || key->kind == KEY_ACL ||
                key->kind == KEY_CONTRACTS;
    if (!list && !expect_kind(r, value, NODE_SCALAR, what))
        return;
    switch (key->kind) {
    case KEY_BOOL: (void)read_bool(r, key, value, (bool *)(void *)at); break;
    case KEY_COUNT:
    case KEY_BYTES:
    case KEY_TIME: (void)read_number(r, key, value, (uint64_t *)(void *)at); break;
    case KEY_WORD: {
        int index = word_index(r, key->name, key->words, value);
        if (index >= 0)
            *(uint64_t *)(void *)at = (uint64_t)index;
        break;
    }
    case KEY_TEXT:
    case KEY_PATH: read_text(r, key, value, (const char **)(void *)at); break;
    case KEY_PREFIX_LENGTHS: read_prefix_lengths(r, value, (uint64_t *)(void *)at); break;
    case KEY_TEXTS:
    case KEY_PATHS: read_words(r, key, value, (struct config_list *)(void *)at); break;
    case KEY_ACL: (void)read_acl(r, value, (struct config_list *)(void *)at); break;
    case KEY_CONTRACT: (void)read_contract(r, value, (struct config_contract *)(void *)at); break;
    case KEY_CONTRACTS: (void)read_contracts(r, value, (struct config_contract_list *)(void *)at); break;
    case KEY_ENDPOINT:
        if (read_endpoint(r, value, (uint16_t)key->least, (struct endpoint *)(void *)at))
            r->config->server.has_metrics = true;   /* the one there is */
        break;
    default: break;
    }
}

/* ---- maps ---- */

static void unknown_key(struct reading *r, const struct node *name, const struct key *keys)
{
    const char *near = nearest_key(keys, name->text);
    char known[600] = "";
    if (strcmp(name->text, "<<") == 0) {
        node_error(r->diag, name, "merge keys (<<) are not taken; templates do that for zones");
        return;
    }
    if (near) {
        node_error(r->diag, name, "unknown key `%.64s`; did you mean `%s`?", name->text, near);
        return;
    }
    for (const struct key *key = keys; key->kind != KEY_END; key++) {
        if (key->kind != KEY_LATER)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", key->name);
    }
    node_error(r->diag, name, "unknown key `%.64s`; here are: %s", name->text, known);
}

/* What was set in another file already.  Sections that add up are not in it. */
static bool set_before(struct reading *r, const struct key *key, const struct node *name, const char *path)
{
    if (!path || key->kind == KEY_MAP || (key->kind == KEY_SPECIAL && strcmp(key->name, "listen") != 0))
        return false;
    const struct node *before = table_find(r->set, path, strlen(path));
    if (before) {
        node_error(r->diag, name, "`%s` is set already, at %s:%u", path, before->file->path, before->line);
        return true;
    }
    if (table_set(r->set, path, strlen(path), (void *)(uintptr_t)name, NULL) != OK)
        r->no_memory = true;
    return false;
}

static const struct key *find_key(const struct key *keys, const char *name)
{
    while (keys->kind != KEY_END && strcmp(keys->name, name) != 0)
        keys++;
    return keys;
}

void read_map(struct reading *r, const struct node *map, const struct key *keys, const char *path, void *base, special_fn *special)
{
    uint64_t seen = 0;
    if (node_real(map)->kind == NODE_SCALAR && node_real(map)->null)
        return;
    if (!expect_kind(r, map, NODE_MAP, "a block of keys"))
        return;
    for (const struct node *value = node_real(map)->first; value && !r->no_memory; value = value->next) {
        const struct node *name = node_real(value->key);
        const struct key *key = find_key(keys, name->text);
        char below[128];
        if (key->kind == KEY_END) {
            unknown_key(r, name, keys);
            continue;
        }
        if (seen & (uint64_t)1 << (key - keys)) {
            node_error(r->diag, value->key, "`%s` is here twice", key->name);
            continue;
        }
        seen |= (uint64_t)1 << (key - keys);
        if (key->kind == KEY_LATER) {
            node_error(r->diag, value->key, "`%s` is not in this version (%s)", key->name, key->help);
            continue;
        }
        if (path)
            snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key->name);
        if (set_before(r, key, value->key, path ? below : NULL))
            continue;
        if (key->kind == KEY_MAP)
            read_map(r, value, key->keys, path ? below : NULL, base, special);
        else if (key->kind == KEY_SPECIAL)
            special(r, key, value, base);
        else
            read_value(r, key, value, base);
    }
}

/* ---- listen and version; other sections have their own pass ---- */

static void read_transports(struct reading *r, const struct node *value, unsigned *out)
{
    static const char *const words[] = { "udp", "tcp", NULL };
    static const char *const later[] = { "tls", "quic", "https", "doh", "dot", "doq" };
    struct config_list list;
    unsigned bits = 0;
    if (!read_texts(r, value, &list))
        return;
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; i < list.count; i++, item = item->next) {
        for (size_t k = 0; k < LENGTH_OF(later); k++) {
            if (strcmp(list.items[i], later[k]) == 0) {
                node_error(r->diag, item, "transport %s is not in this version; there are udp and tcp", later[k]);
                return;
            }
        }
        int index = word_index(r, "transports", words, item);
        if (index < 0)
            return;
        bits |= index == 0 ? NET_UDP : NET_TCP;
    }
    if (bits)
        *out = bits;
    else
        node_error(r->diag, value, "`transports` needs at least one of udp, tcp");
}

static void read_proxy_from(struct reading *r, const struct node *value, struct config_listener *out)
{
    struct config_list list;
    if (!read_texts(r, value, &list))
        return;
    struct prefix *prefixes = read_alloc(r, list.count * sizeof *prefixes);
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; prefixes && i < list.count; i++, item = item->next) {
        if (prefix_parse(slice_string(list.items[i]), &prefixes[i]) != OK) {
            node_error(r->diag, item, "\"%.80s\" is no network: write 192.0.2.0/24 or 2001:db8::/32", list.items[i]);
            return;
        }
    }
    out->proxy_from = prefixes;
    out->proxy_from_count = list.count;
}

enum { INTERFACE_NAME_MAX = 15 };

static void read_xdp(struct reading *r, const struct node *value, struct config_listener *out)
{
    if (!expect_kind(r, value, NODE_SCALAR, "the name of an interface"))
        return;
    const char *name = node_real(value)->text;
    size_t length = strlen(name);
    if (length == 0 || length > INTERFACE_NAME_MAX || strpbrk(name, "/\"\\ \t\n")) {
        node_error(r->diag, value, "\"%.40s\" is no name of a network interface: `ip link` lists them", name);
        return;
    }
    out->xdp = read_string(r, name);
    if (!r->xdp)
        r->xdp = value;
}

static bool address_is_wildcard(const struct address *address)
{
    static const uint8_t zeros[16];
    return memcmp(address->bytes, zeros, address->family == 4 ? 4 : 16) == 0;
}

/* The kernel answers for one address, and only what asks for itself. */
static void check_xdp(struct reading *r, const struct node *item, const struct config_listener *listener)
{
    if (!(listener->transports & NET_UDP))
        node_error(r->diag, item, "`xdp` needs the transport udp");
    else if (listener->endpoint.address.family && address_is_wildcard(&listener->endpoint.address))
        node_error(r->diag, item, "`xdp` needs a listener with an address of its own, not all of them");
    else if (listener->proxy_from_count)
        node_error(r->diag, item, "`xdp` and `proxy-from` exclude each other");
}

static void listener_special(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    struct config_listener *listener = base;
    if (strcmp(key->name, "address") == 0)
        (void)read_endpoint(r, value, 53, &listener->endpoint);
    else if (strcmp(key->name, "transports") == 0)
        read_transports(r, value, &listener->transports);
    else if (strcmp(key->name, "xdp") == 0)
        read_xdp(r, value, listener);
    else
        read_proxy_from(r, value, listener);
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->port != 0 && a->scope == b->scope && address_equal(&a->address, &b->address);
}

static void read_listener(struct reading *r, const struct node *item, struct config_listener *all, size_t index)
{
    struct config_listener *listener = &all[index];
    size_t before = diagnostics_count(r->diag, SEVERITY_ERROR);
    listener->transports = NET_UDP | NET_TCP;
    if (node_real(item)->kind == NODE_MAP)
        read_map(r, item, keys_listener, NULL, listener, listener_special);
    else
        (void)read_endpoint(r, item, 53, &listener->endpoint);
    if (diagnostics_count(r->diag, SEVERITY_ERROR) > before)
        return;
    if (listener->endpoint.address.family == 0)
        node_error(r->diag, item, "`address` is missing");
    if (listener->xdp)
        check_xdp(r, item, listener);
    for (size_t i = 0; i < index && listener->endpoint.address.family; i++) {
        if (same_endpoint(&all[i].endpoint, &listener->endpoint) && (all[i].transports & listener->transports))
            node_error(r->diag, item, "this address is listed before");
    }
}

enum { LISTEN_MAX = 1024 };

static void read_listen(struct reading *r, const struct node *value)
{
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    size_t count = real->kind == NODE_LIST ? 0 : 1, done = 0;
    for (const struct node *n = real->kind == NODE_LIST ? real->first : NULL; n; n = n->next)
        count++;
    if (count == 0 || count > LISTEN_MAX) {
        node_error(r->diag, value, "`listen` takes 1 to %d addresses", LISTEN_MAX);
        return;
    }
    struct config_listener *listeners = read_alloc(r, count * sizeof *listeners);
    for (; listeners && done < count; item = item->next, done++)
        read_listener(r, item, listeners, done);
    r->config->server.listen = listeners;
    r->config->server.listen_count = done;
}

static void root_special(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    (void)base;
    if (strcmp(key->name, "listen") == 0)
        read_listen(r, value);
    else if (strcmp(key->name, "version") == 0 && expect_kind(r, value, NODE_SCALAR, "1") && strcmp(node_real(value)->text, "1") != 0)
        node_error(r->diag, value, "`version` must be 1: this program reads no other");
}

/* A default is written as it would be in the file, and read the same way. */
void read_defaults(struct reading *r, const struct key *keys, void *base)
{
    for (const struct key *key = keys; key->kind != KEY_END && !r->no_memory; key++) {
        struct source_file *file;
        bool listen = key->kind == KEY_SPECIAL && key->keys == keys_listener;
        if (key->kind == KEY_MAP)
            read_defaults(r, key->keys, base);
        if (!key->fallback || (key->kind == KEY_SPECIAL && !listen))
            continue;
        if (source_file_open(r->nodes, "default", key->fallback, strlen(key->fallback), &file, r->diag) != OK) {
            r->no_memory = true;
            return;
        }
        if (listen)
            read_listen(r, file->root);
        else
            read_value(r, key, file->root, base);
        source_file_close(file);
    }
}

/* ---- the whole ---- */

static void find_folder(struct reading *r, const struct config_source *source)
{
    char copy[PATH_MAX], resolved[PATH_MAX];
    const char *folder = "";
    if (snprintf(copy, sizeof copy, "%s", source->path) < (int)sizeof copy && (!source->text || strchr(copy, '/'))) {
        folder = dirname(copy);
        if (!source->text && realpath(folder, resolved))
            folder = resolved;
    }
    r->config->folder = read_string(r, folder);
}

static void check_whole(struct reading *r)
{
    const struct config_server *server = &r->config->server;
    const struct source_file *file = r->files;
    const struct node *tap = table_find(r->set, "server.dnstap.file", strlen("server.dnstap.file"));
    if (tap && server->tap_socket && server->tap_file)
        node_error(r->diag, tap, "`dnstap` takes a socket or a file, not both");
    if (r->xdp && (server->tap_socket || server->tap_file) && server->tap_sample == 1)
        node_error(r->diag, r->xdp, "`xdp` does not go with a `dnstap` of every message: the kernel tells of none; give `dnstap` a `sample` above 1, or leave one of them out");
    if (r->xdp && server->cookies_required)
        node_error(r->diag, r->xdp, "`xdp` does not go with `cookies: { required: true }`: the kernel knows no cookies");
    const struct node *lonely = file ? node_real(file->root) : NULL;
    if (!lonely || (lonely->kind == NODE_SCALAR && lonely->null)) {
        /* Half a file that an editor or a full disk left behind must not end the service at a reload. */
        struct place place = { .file = file ? file->path : NULL, .line = 1, .column = 1 };
        diagnostics_add(r->diag, SEVERITY_ERROR, "config", &place, "it is empty: write at least `version: 1`");
        return;
    }
    if (!root_member(file, "version") && diagnostics_count(r->diag, SEVERITY_ERROR) == 0)
        node_warning(r->diag, lonely, "`version: 1` is missing: it says which format this is, once there are several");
    if (r->config->zone_count == 0 && r->config->mount_count == 0 && diagnostics_count(r->diag, SEVERITY_ERROR) == 0)
        node_warning(r->diag, lonely, "there are no zones: everything will be refused until some are added");
}

static void read_sections(struct reading *r)
{
    read_defaults(r, keys_root, r->config);
    read_acls(r);
    for (const struct source_file *file = r->files; file && !r->no_memory; file = file->next) {
        if (file->root)
            read_map(r, file->root, keys_root, "", r->config, root_special);
    }
    if (!r->no_memory)
        read_templates(r);
    if (!r->no_memory)
        read_zones(r);
    if (!r->no_memory)
        read_views(r);
    if (!r->no_memory)
        read_chains(r);
    if (!r->no_memory)
        read_mounts(r);
    if (!r->no_memory)
        check_whole(r);
}

static enum status read_all(struct reading *r, const struct config_source *source)
{
    enum status st = files_open(r, source);
    if (st != OK)
        return st;
    find_folder(r, source);
    read_sections(r);
    if (r->no_memory)
        return E_NOMEM;
    return diagnostics_count(r->diag, SEVERITY_ERROR) ? E_INVALID : OK;
}

enum status config_read(const struct config_source *source, struct config **out, struct diagnostics *diag)
{
    struct reading r = { .arena = arena_new(1 << 16), .nodes = arena_new(1 << 18), .set = table_new(), .acl_names = table_new(),
                         .zone_names = table_new() };
    struct diagnostics *own = diag ? NULL : diagnostics_new(1);     /* errors are counted there */
    enum status st = E_NOMEM;
    r.last_file = &r.files;
    r.diag = diag ? diag : own;
    if (r.arena && r.nodes && r.set && r.acl_names && r.zone_names && r.diag)
        r.config = arena_alloc(r.arena, sizeof *r.config);
    if (r.config) {
        r.config->arena = r.arena;
        st = read_all(&r, source);
    }
    for (struct source_file *file = r.files; file; file = file->next)
        source_file_close(file);
    table_free(r.zone_names);
    table_free(r.acl_names);
    table_free(r.set);
    mem_free(r.zones);
    arena_free(r.nodes);
    diagnostics_free(own);
    if (st != OK) {
        arena_free(r.arena);
        return st;
    }
    *out = r.config;
    return OK;
}

void config_free(struct config *config)
{
    if (config)
        arena_free(config->arena);
}
