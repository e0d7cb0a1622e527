/* SPDX-License-Identifier: Apache-2.0 */
/* librhiz: the rooms `wire` and `zone` behind a small face. */
#include "librhiz/rhiz.h"

#include <string.h>

#include "zone/check.h"

/* Status of the house to that of the library. */
static enum rhiz_status translate(enum status st)
{
    switch (st) {
    case OK: return RHIZ_OK;
    case E_NOMEM: return RHIZ_NO_MEMORY;
    case E_BAD_NAME:
    case E_BAD_POINTER: return RHIZ_BAD_NAME;
    case E_BAD_TEXT:
    case E_RANGE: return RHIZ_BAD_TEXT;
    case E_BAD_RDATA:
    case E_TRUNCATED: return RHIZ_BAD_DATA;
    case E_NO_SPACE: return RHIZ_NO_ROOM;
    case E_NOT_FOUND: return RHIZ_NOT_FOUND;
    case E_SYSTEM: return RHIZ_SYSTEM;
    case E_INVALID: return RHIZ_INVALID;
    default: return RHIZ_FAILED;
    }
}

const char *rhiz_status_text(enum rhiz_status status)
{
    static const char *const texts[] = {
        [RHIZ_OK] = "done", [RHIZ_NO_MEMORY] = "out of memory", [RHIZ_BAD_NAME] = "not a domain name", [RHIZ_BAD_TEXT] = "text that does not parse",
        [RHIZ_BAD_DATA] = "wire data that does not fit its type", [RHIZ_NO_ROOM] = "the buffer is too small", [RHIZ_NOT_FOUND] = "it does not exist",
        [RHIZ_SYSTEM] = "the operating system refused", [RHIZ_INVALID] = "the zone has errors", [RHIZ_FAILED] = "it failed" };
    return (size_t)status < LENGTH_OF(texts) ? texts[status] : "no such status";
}

const char *rhiz_version(void) { return RHIZ_VERSION; }

/* ---- names ---- */

static bool name_from(const char *text, struct name *out)
{
    return name_parse(slice_string(text), (struct name_view){ 0 }, out) == OK;
}

enum rhiz_status rhiz_name_parse(const char *text, uint8_t wire[RHIZ_NAME_BYTES], size_t *bytes)
{
    struct name name;
    if (!name_from(text, &name))
        return RHIZ_BAD_NAME;
    memcpy(wire, name.wire, name.length);
    *bytes = name.length;
    return RHIZ_OK;
}

enum rhiz_status rhiz_name_print(const uint8_t *wire, size_t bytes, char text[RHIZ_NAME_TEXT])
{
    struct cursor c = cursor_of(wire, bytes);
    struct name_view name;
    if (name_read_plain(&c, &name) != OK || cursor_left(&c) > 0)
        return RHIZ_BAD_NAME;
    name_to_text(name, text);
    return RHIZ_OK;
}

enum rhiz_status rhiz_name_compare(const char *a, const char *b, int *order)
{
    struct name x, y;
    if (!name_from(a, &x) || !name_from(b, &y))
        return RHIZ_BAD_NAME;
    *order = name_compare(name_view_of(&x), name_view_of(&y));
    return RHIZ_OK;
}

/* ---- records ---- */

enum rhiz_status rhiz_type_parse(const char *text, uint16_t *type) { return translate(type_parse(slice_string(text), type)); }

static enum rhiz_status text_out(const struct text *text, char *out, size_t room)
{
    if (text->full)
        return RHIZ_NO_MEMORY;
    if (text->length >= room)
        return RHIZ_NO_ROOM;
    if (text->length > 0)
        memcpy(out, text->data, text->length);
    out[text->length] = '\0';
    return RHIZ_OK;
}

enum rhiz_status rhiz_type_print(uint16_t type, char *text, size_t room)
{
    char word[CODE_TEXT_ROOM];
    size_t length = strlen(type_to_text(type, word));
    if (length >= room)
        return RHIZ_NO_ROOM;
    memcpy(text, word, length + 1);
    return RHIZ_OK;
}

enum rhiz_status rhiz_rdata_parse(uint16_t type, const char *text, const char *origin, uint8_t *rdata, size_t room, size_t *bytes)
{
    struct name name;
    struct name_view view = name_root;
    struct diagnostics *diag = diagnostics_new(1);
    if (origin != NULL && !name_from(origin, &name)) {
        diagnostics_free(diag);
        return RHIZ_BAD_NAME;
    }
    if (origin != NULL)
        view = name_view_of(&name);
    enum status st = diag == NULL ? E_NOMEM : rdata_parse_line(type, CLASS_IN, text, view, rdata, room, bytes, diag);
    diagnostics_free(diag);
    return st == E_BAD_RDATA ? RHIZ_BAD_TEXT : translate(st);
}

enum rhiz_status rhiz_rdata_print(uint16_t type, const uint8_t *rdata, size_t bytes, char *text, size_t room)
{
    const struct rdata_style style = { 0 };
    struct text whole;
    if (bytes > RDATA_MAX_BYTES || rdata_check(type, CLASS_IN, rdata, bytes) != OK)
        return RHIZ_BAD_DATA;
    text_growing(&whole);
    rdata_print(&whole, type, CLASS_IN, rdata, bytes, &style);
    enum rhiz_status st = text_out(&whole, text, room);
    text_clear(&whole);
    return st;
}

/* ---- zones ---- */

struct rhiz_zone {
    struct zone_version *version;
    struct zone_files files;
    char name[NAME_TEXT_ROOM];
};

static void report_all(const struct diagnostics *diag, rhiz_diagnostic_fn *report, void *context)
{
    for (size_t i = 0; report != NULL && i < diagnostics_kept(diag); i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        struct rhiz_diagnostic out = { d->severity == SEVERITY_ERROR, d->check, d->file, d->line, d->column, d->text };
        report(context, &out);
    }
}

static enum status zone_fill(struct rhiz_zone *zone, const struct zone_read_options *options, struct diagnostics *diag)
{
    struct zone_builder *builder = NULL;
    enum status st = zone_read(options, &builder, &zone->files, diag);
    if (st == OK && builder == NULL)
        st = E_INVALID;
    if (st == OK) {
        st = zone_builder_finish(builder, true, &zone->version);
        builder = NULL;
    }
    zone_builder_free(builder);
    return st;
}

enum rhiz_status rhiz_zone_open(const char *path, const char *origin, rhiz_diagnostic_fn *report, void *context, struct rhiz_zone **out)
{
    struct zone_read_options options = { .path = path };
    struct name name;
    if (origin != NULL && !name_from(origin, &name))
        return RHIZ_BAD_NAME;
    if (origin != NULL)
        options.origin = name_view_of(&name);
    struct rhiz_zone *zone = mem_alloc(sizeof *zone);
    struct diagnostics *diag = diagnostics_new(0);
    enum status st = zone == NULL || diag == NULL ? E_NOMEM : zone_fill(zone, &options, diag);
    if (diag != NULL)
        report_all(diag, report, context);
    diagnostics_free(diag);
    if (st != OK) {
        rhiz_zone_close(zone);
        return translate(st);
    }
    name_to_text(zone_version_origin(zone->version), zone->name);
    *out = zone;
    return RHIZ_OK;
}

void rhiz_zone_close(struct rhiz_zone *zone)
{
    if (zone == NULL)
        return;
    zone_version_free(zone->version);
    zone_files_clear(&zone->files);
    mem_free(zone);
}

enum rhiz_status rhiz_zone_check(const struct rhiz_zone *zone, rhiz_diagnostic_fn *report, void *context)
{
    struct diagnostics *diag = diagnostics_new(0);
    struct zone_check_options options = { .files = &zone->files };
    if (diag == NULL)
        return RHIZ_NO_MEMORY;
    enum status st = zone_check(zone->version, &options, diag);
    report_all(diag, report, context);
    diagnostics_free(diag);
    return translate(st);
}

const char *rhiz_zone_name(const struct rhiz_zone *zone) { return zone->name; }

uint32_t rhiz_zone_serial(const struct rhiz_zone *zone)
{
    struct rrset soa;
    const struct zone_node *apex = zone_version_apex(zone->version);
    bool has = apex != NULL && zone_node_rrset(zone->version, apex, TYPE_SOA, &soa);
    return has ? zone_version_serial(zone->version) : 0;
}

uint64_t rhiz_zone_records(const struct rhiz_zone *zone) { return zone_version_records(zone->version); }

/* A walk over records that hands each to the caller. */
struct walk {
    const struct rhiz_zone *zone;
    rhiz_record_fn *each;
    void *context;
    uint16_t wanted;        /* 0 = all */
    uint64_t count;
    bool ended, failed;
};

static void records_give(struct walk *w, const char *owner, uint16_t type, uint32_t ttl, const uint8_t *records, size_t bytes)
{
    const struct rdata_style style = { 0 };
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    while (!w->ended && (w->wanted == 0 || w->wanted == type) && rrset_next(records, bytes, &offset, &rdata, &size)) {
        struct text text;
        text_growing(&text);
        rdata_print(&text, type, zone_version_class(w->zone->version), rdata, size, &style);
        struct rhiz_record record = { owner, type, ttl, rdata, size, text.data != NULL ? text.data : "" };
        w->failed = w->failed || text.full;
        w->count++;
        w->ended = w->failed || w->each(w->context, &record) != 0;
        text_clear(&text);
    }
}

static void node_give(struct walk *w, const struct zone_node *node)
{
    char owner[NAME_TEXT_ROOM];
    size_t position = 0;
    struct rrset set;
    name_to_text(zone_node_name(w->zone->version, node), owner);
    while (!w->ended && zone_node_rrset_next(w->zone->version, node, &position, &set)) {
        records_give(w, owner, set.type, set.ttl, set.records, set.bytes);
        records_give(w, owner, TYPE_RRSIG, set.sig_ttl, set.sigs, set.sig_bytes);
    }
}

enum rhiz_status rhiz_zone_lookup(const struct rhiz_zone *zone, const char *name, uint16_t type, rhiz_record_fn *each, void *context)
{
    struct walk w = { .zone = zone, .each = each, .context = context, .wanted = type };
    struct name owner;
    if (!name_from(name, &owner))
        return RHIZ_BAD_NAME;
    const struct zone_node *node = zone_node_find(zone->version, name_view_of(&owner));
    if (node != NULL)
        node_give(&w, node);
    return w.failed ? RHIZ_NO_MEMORY : w.count > 0 ? RHIZ_OK : RHIZ_NOT_FOUND;
}

enum rhiz_status rhiz_zone_each(const struct rhiz_zone *zone, rhiz_record_fn *each, void *context)
{
    struct walk w = { .zone = zone, .each = each, .context = context };
    for (uint32_t i = 0; i < zone_version_nodes(zone->version) && !w.ended; i++) {
        const struct zone_node *node = zone_version_node(zone->version, i);
        if (node != NULL)
            node_give(&w, node);
    }
    return w.failed ? RHIZ_NO_MEMORY : RHIZ_OK;
}
