/* SPDX-License-Identifier: Apache-2.0 */
/* Zones, templates and views. */
#include "config/inside.h"

#include <stdio.h>
#include <string.h>

/* The values of one zone or template, by key. */
struct draft { const struct node *name, *file, *template, *klass, *allow_query, *allow_transfer, *notify, *dnssec; };

static const struct config_zone_options builtin = { .klass = CLASS_IN };

static void keep_node(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    struct draft *draft = base;
    static const struct { const char *name; size_t offset; } slots[] = {
        { "name", offsetof(struct draft, name) }, { "file", offsetof(struct draft, file) }, { "template", offsetof(struct draft, template) },
        { "class", offsetof(struct draft, klass) }, { "allow-query", offsetof(struct draft, allow_query) },
        { "allow-transfer", offsetof(struct draft, allow_transfer) }, { "notify", offsetof(struct draft, notify) },
        { "dnssec", offsetof(struct draft, dnssec) },
    };
    (void)r;
    for (size_t i = 0; i < LENGTH_OF(slots); i++) {
        if (strcmp(slots[i].name, key->name) == 0)
            *(const struct node **)(void *)((char *)draft + slots[i].offset) = value;
    }
}

/* ---- options ---- */

static void read_class(struct reading *r, const struct node *value, uint16_t *out)
{
    uint16_t klass;
    if (!expect_kind(r, value, NODE_SCALAR, "IN, CH or HS"))
        return;
    if (class_parse(slice_string(node_real(value)->text), &klass) == OK && (klass == CLASS_IN || klass == CLASS_CH || klass == CLASS_HS))
        *out = klass;
    else
        node_error(r->diag, value, "`class` takes IN, CH or HS, not \"%.64s\"", node_real(value)->text);
}

static void read_notify(struct reading *r, const struct node *value, struct config_zone_options *options)
{
    struct config_list list;
    if (!read_texts(r, value, &list))
        return;
    struct endpoint *targets = read_alloc(r, list.count * sizeof *targets);
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; targets && i < list.count; i++, item = item->next) {
        if (!read_endpoint(r, item, 53, &targets[i]))
            return;
        if (targets[i].port == 0) {
            node_error(r->diag, item, "port 0 cannot be sent to");
            return;
        }
    }
    options->notify = targets;
    options->notify_count = list.count;
}

static void check_dnssec(struct reading *r, const struct node *value)
{
    const struct node *real = node_real(value);
    if (!expect_kind(r, value, NODE_SCALAR, "`off`"))
        return;
    if (strcmp(real->text, "off") != 0 && strcmp(real->text, "false") != 0 && strcmp(real->text, "no") != 0)
        node_error(r->diag, value, "signing is not in this version: `dnssec` takes only off (a zone signed in its file is served as it is)");
}

/* The options that base and draft make together; base itself when the draft says nothing. */
static const struct config_zone_options *read_options(struct reading *r, const struct draft *draft, const struct config_zone_options *base,
                                                      bool template)
{
    if (draft->dnssec)
        check_dnssec(r, draft->dnssec);
    if (!template && !draft->klass && !draft->allow_query && !draft->allow_transfer && !draft->notify)
        return base;
    struct config_zone_options *options = read_alloc(r, sizeof *options);
    if (!options)
        return base;
    *options = *base;
    if (draft->klass)
        read_class(r, draft->klass, &options->klass);
    if (draft->allow_query)
        (void)read_acl(r, draft->allow_query, &options->allow_query);
    if (draft->allow_transfer)
        (void)read_acl(r, draft->allow_transfer, &options->allow_transfer);
    if (draft->notify)
        read_notify(r, draft->notify, options);
    if (template && draft->file && expect_kind(r, draft->file, NODE_SCALAR, "a path")) {
        const char *text = node_real(draft->file)->text;
        const char *mark = strchr(text, '%');
        if (!mark || mark[1] != 's' || strchr(mark + 1, '%') || strlen(text) > 2000)
            node_error(r->diag, draft->file, "the file of a template must contain %%s once, where the zone's name goes");
        else
            options->file = read_string(r, text);
    }
    return options;
}

/* ---- templates ---- */

const struct config_zone_options *config_template_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->template_count; i++) {
        if (strcmp(config->templates[i].name, name ? name : "default") == 0)
            return config->templates[i].options;
    }
    return name && strcmp(name, "default") != 0 ? NULL : &builtin;
}

static void read_template(struct reading *r, const struct node *value, struct config_template *all, size_t index)
{
    struct draft draft = { 0 };
    const struct node *name = node_real(value->key);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(all[i].name, name->text) == 0)
            node_error(r->diag, value->key, "template `%.64s` is there already", name->text);
    }
    if (!*name->text)
        node_error(r->diag, value->key, "a template needs a name");
    read_map(r, value, keys_zone, NULL, &draft, keep_node);
    if (draft.name || draft.template)
        node_error(r->diag, draft.name ? draft.name->key : draft.template->key, "a template has no `%s`", draft.name ? "name" : "template");
    all[index].name = read_string(r, name->text);
    all[index].options = read_options(r, &draft, &builtin, true);
}

enum { TEMPLATES_MAX = 1000, VIEWS_MAX = 1000 };

size_t count_members(struct reading *r, const char *section, enum node_kind kind)
{
    size_t count = 0;
    for (const struct source_file *file = r->files; file; file = file->next) {
        const struct node *value = root_member(file, section);
        for (const struct node *n = value && node_real(value)->kind == kind ? node_real(value)->first : NULL; n; n = n->next)
            count++;
    }
    return count;
}

/* The section of a file, when it is there and of the right kind. */
const struct node *section_first(struct reading *r, const struct source_file *file, const char *section, enum node_kind kind)
{
    const struct node *value = root_member(file, section);
    if (!value || (node_real(value)->kind == NODE_SCALAR && node_real(value)->null))
        return NULL;
    return expect_kind(r, value, kind, kind == NODE_LIST ? "a list" : "a block of names") ? node_real(value)->first : NULL;
}

void read_templates(struct reading *r)
{
    size_t most = count_members(r, "templates", NODE_MAP), count = 0;
    struct config_template *templates = read_alloc(r, (most < TEMPLATES_MAX ? most : TEMPLATES_MAX) * sizeof *templates);
    for (const struct source_file *file = r->files; file && templates; file = file->next) {
        for (const struct node *value = section_first(r, file, "templates", NODE_MAP); value && !r->no_memory; value = value->next) {
            if (count == TEMPLATES_MAX) {
                node_error(r->diag, value->key, "too many templates: at most %d", TEMPLATES_MAX);
                return;
            }
            read_template(r, value, templates, count++);
        }
    }
    r->config->templates = templates;
    r->config->template_count = count;
}

/* ---- zones ---- */

bool read_name(struct reading *r, const struct node *value, struct name *out)
{
    if (!expect_kind(r, value, NODE_SCALAR, "a zone's name"))
        return false;
    const char *text = node_real(value)->text;
    for (const char *c = text; *c; c++) {
        if ((uint8_t)*c >= 0x80) {
            node_error(r->diag, value, "\"%.200s\": write the name in its ASCII form (xn--...)", text);
            return false;
        }
    }
    if (*text && name_parse(slice_string(text), name_root, out) == OK) {
        name_lower(out->wire, out->length);
        return true;
    }
    node_error(r->diag, value, "\"%.200s\" is no domain name: labels of 1 to 63 octets, 255 in all", text);
    return false;
}

/* view: 0 = of all; n + 1 of a view.  @return the index the name has already, + 1; 0 = new and now kept. */
static size_t claim(struct reading *r, uint32_t view, uint16_t klass, const struct name *name, size_t index)
{
    uint8_t key[6 + NAME_MAX_BYTES];
    memcpy(key, &view, 4);
    memcpy(key + 4, &klass, 2);
    memcpy(key + 6, name->wire, name->length);
    size_t length = 6u + name->length;
    size_t before = (size_t)(uintptr_t)table_find(r->zone_names, key, length);
    if (!before && table_set(r->zone_names, key, length, (void *)(uintptr_t)(index + 1), NULL) != OK)
        r->no_memory = true;
    return before;
}

static size_t find_claim(struct reading *r, uint32_t view, uint16_t klass, const struct name *name)
{
    uint8_t key[6 + NAME_MAX_BYTES];
    memcpy(key, &view, 4);
    memcpy(key + 4, &klass, 2);
    memcpy(key + 6, name->wire, name->length);
    return (size_t)(uintptr_t)table_find(r->zone_names, key, 6u + name->length);
}

static struct config_zone *zone_slot(struct reading *r)
{
    if (r->zone_count == r->zone_room) {
        size_t room = r->zone_room ? r->zone_room * 2 : 64;
        struct config_zone *larger = mem_resize(r->zones, room * sizeof *larger);
        if (!larger) {
            r->no_memory = true;
            return NULL;
        }
        r->zones = larger;
        r->zone_room = room;
    }
    return &r->zones[r->zone_count];
}

/* The name as it goes into a pattern: a slash in it must not make a folder. */
static bool fits_pattern(const struct name *name)
{
    return memchr(name->wire + 1, '/', name->length) == NULL && !(name->length > 1 && name->wire[1] == '.');
}

static void read_zone_file(struct reading *r, const struct node *item, const struct draft *draft, const struct name *name, struct config_zone *zone)
{
    const struct config_zone_options *template = zone->options;
    if (draft->file) {
        if (!expect_kind(r, draft->file, NODE_SCALAR, "a path"))
            return;
        const char *text = node_real(draft->file)->text;
        if (!*text || strlen(text) > 4000)
            node_error(r->diag, draft->file, "`file` must be a path of 1 to 4000 octets");
        zone->file = read_string(r, text);
    } else if (!template->file) {
        node_error(r->diag, item, "`file` is missing: the zone's master file (or give a template one: file: \"zones/%%s.zone\")");
    } else if (!fits_pattern(name)) {
        node_error(r->diag, item, "this name cannot be part of a path; say `file`");
    }
}

/* @return the index of the zone, or SIZE_MAX when it was in error */
static size_t read_zone(struct reading *r, const struct node *item, uint32_t view)
{
    struct draft draft = { 0 };
    struct name name;
    size_t errors = diagnostics_count(r->diag, SEVERITY_ERROR);
    struct config_zone *zone = zone_slot(r);
    if (!zone)
        return SIZE_MAX;
    if (node_real(item)->kind == NODE_MAP)
        read_map(r, item, keys_zone, NULL, &draft, keep_node);
    else
        draft.name = item;
    if (!draft.name) {
        node_error(r->diag, item, "`name` is missing");
        return SIZE_MAX;
    }
    const struct config_zone_options *base = config_template_find(r->config, NULL);
    if (draft.template && expect_kind(r, draft.template, NODE_SCALAR, "a template's name")) {
        base = config_template_find(r->config, node_real(draft.template)->text);
        if (!base)
            node_error(r->diag, draft.template, "there is no template `%.64s`", node_real(draft.template)->text);
    }
    if (!read_name(r, draft.name, &name) || !base)
        return SIZE_MAX;
    *zone = (struct config_zone){ .options = read_options(r, &draft, base, false), .view = view };
    read_zone_file(r, item, &draft, &name, zone);
    uint8_t *wire = arena_copy(r->arena, name.wire, name.length);
    if (!wire || r->no_memory) {
        r->no_memory = true;
        return SIZE_MAX;
    }
    zone->name = wire;
    if (claim(r, view ? view + 1 : 0, zone->options->klass, &name, r->zone_count))
        node_error(r->diag, draft.name, "zone %.200s is here twice", node_real(draft.name)->text);
    return diagnostics_count(r->diag, SEVERITY_ERROR) > errors ? SIZE_MAX : r->zone_count++;
}

static void settle_zones(struct reading *r)
{
    struct config_zone *zones = read_alloc(r, r->zone_count * sizeof *zones);
    if (zones && r->zone_count)
        memcpy(zones, r->zones, r->zone_count * sizeof *zones);
    r->config->zones = zones;
    r->config->zone_count = r->zone_count;
}

void read_zones(struct reading *r)
{
    for (const struct source_file *file = r->files; file; file = file->next) {
        for (const struct node *item = section_first(r, file, "zones", NODE_LIST); item && !r->no_memory; item = item->next)
            (void)read_zone(r, item, 0);
    }
    settle_zones(r);
}

/* ---- views ---- */

struct view_draft { const struct node *name, *clients, *zones; };

static void keep_view_node(struct reading *r, const struct key *key, const struct node *value, void *base)
{
    struct view_draft *draft = base;
    (void)r;
    if (strcmp(key->name, "name") == 0)
        draft->name = value;
    else if (strcmp(key->name, "clients") == 0)
        draft->clients = value;
    else
        draft->zones = value;
}

/* One item of a view's zones: the name of a zone of all (in each class it has), or a zone of its own. */
static size_t read_view_zone(struct reading *r, const struct node *item, uint32_t view, uint32_t *out)
{
    static const uint16_t classes[] = { CLASS_IN, CLASS_CH, CLASS_HS };
    struct name name;
    size_t count = 0;
    if (node_real(item)->kind == NODE_MAP) {
        size_t index = read_zone(r, item, view);
        if (index == SIZE_MAX)
            return 0;
        out[0] = (uint32_t)index;
        return 1;
    }
    if (!read_name(r, item, &name))
        return 0;
    for (size_t i = 0; i < LENGTH_OF(classes); i++) {
        size_t found = find_claim(r, 0, classes[i], &name);
        if (!found)
            continue;
        if (claim(r, view + 1, classes[i], &name, found - 1))
            node_error(r->diag, item, "zone %.200s is in this view twice", node_real(item)->text);
        else
            out[count++] = (uint32_t)(found - 1);
    }
    if (count == 0)
        node_error(r->diag, item, "there is no zone %.200s under `zones`; a zone that only this view has is written { name: ..., file: ... }", node_real(item)->text);
    return count;
}

static void read_view_zones(struct reading *r, const struct node *list, uint32_t number, struct config_view *view)
{
    if (!expect_kind(r, list, NODE_LIST, "a list of zones"))
        return;
    size_t most = 0;
    for (const struct node *item = node_real(list)->first; item; item = item->next)
        most++;
    uint32_t *zones = read_alloc(r, 3 * most * sizeof *zones);
    for (const struct node *item = node_real(list)->first; zones && item && !r->no_memory; item = item->next)
        view->zone_count += read_view_zone(r, item, number, zones + view->zone_count);
    view->zones = zones;
}

static void read_view(struct reading *r, const struct node *item, struct config_view *all, size_t index)
{
    struct view_draft draft = { 0 };
    struct config_view *view = &all[index];
    if (!expect_kind(r, item, NODE_MAP, "a view"))
        return;
    read_map(r, item, keys_view, NULL, &draft, keep_view_node);
    if (!draft.name || !expect_kind(r, draft.name, NODE_SCALAR, "a name") || !*node_real(draft.name)->text) {
        if (!draft.name)
            node_error(r->diag, item, "`name` is missing");
        return;
    }
    view->name = read_string(r, node_real(draft.name)->text);
    for (size_t i = 0; i < index; i++) {
        if (all[i].name && strcmp(all[i].name, view->name) == 0)
            node_error(r->diag, draft.name, "view `%.64s` is there already", view->name);
    }
    if (draft.clients)
        (void)read_acl(r, draft.clients, &view->clients);
    view->all = !draft.zones;
    if (draft.zones)
        read_view_zones(r, draft.zones, (uint32_t)index + 1, view);
}

void read_views(struct reading *r)
{
    size_t most = count_members(r, "views", NODE_LIST), count = 0;
    struct config_view *views = read_alloc(r, (most < VIEWS_MAX ? most : VIEWS_MAX) * sizeof *views);
    for (const struct source_file *file = r->files; file && views; file = file->next) {
        for (const struct node *item = section_first(r, file, "views", NODE_LIST); item && !r->no_memory; item = item->next) {
            if (count == VIEWS_MAX) {
                node_error(r->diag, item, "too many views: at most %d", VIEWS_MAX);
                return;
            }
            read_view(r, item, views, count++);
        }
    }
    r->config->views = views;
    r->config->view_count = count;
    if (count)
        settle_zones(r);
}

/* ---- paths ---- */

char *config_path(const struct config *config, const char *path, char *out, size_t room)
{
    bool join = *path != '/' && *config->folder;
    int length = snprintf(out, room, "%s%s%s", join ? config->folder : "", join ? "/" : "", path);
    return length >= 0 && (size_t)length < room ? out : NULL;
}

char *config_zone_file(const struct config *config, const struct config_zone *zone, char *out, size_t room)
{
    if (zone->file)
        return config_path(config, zone->file, out, room);
    char name[NAME_TEXT_ROOM], path[NAME_TEXT_ROOM + 2048];
    const char *pattern = zone->options->file, *mark = strstr(pattern, "%s");
    name_to_text(name_view_wire(zone->name), name);
    size_t length = strlen(name);
    if (length == 1)
        snprintf(name, sizeof name, "root");
    else
        name[length - 1] = 0;
    snprintf(path, sizeof path, "%.*s%s%s", (int)(mark - pattern), pattern, name, mark + 2);
    return config_path(config, path, out, room);
}
