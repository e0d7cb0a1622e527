/* SPDX-License-Identifier: Apache-2.0 */
/* zone_check: walks the nodes once, collects findings, tells them in the order of the file. */
#include "zone/check_inside.h"

#include "zone/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_ROOM = 640, SOURCE_ROOM = 1024 };

static bool findings_room(struct checker *c)
{
    if (c->count < c->room)
        return true;
    size_t room = c->room ? c->room * 2 : 16;
    struct finding *more = room <= FINDINGS_MAX ? mem_resize(c->findings, room * sizeof *more) : NULL;
    if (!more)
        return false;
    c->findings = more;
    c->room = room;
    return true;
}

static const char *file_name(const struct checker *c, const struct finding *f)
{
    const struct zone_files *files = c->options->files;
    return files && f->placed && f->where.file < files->count ? files->files[f->where.file].path : NULL;
}

static void tell(const struct checker *c, const struct finding *f, const char *source)
{
    const struct check_entry *entry = check_entry(f->id);
    struct place place = { .file = file_name(c, f), .source = source, .source_length = source ? strlen(source) : 0 };
    if (f->placed) {
        place.line = f->where.line;
        place.column = f->where.column;
    }
    diagnostics_add(c->diag, entry->severity, entry->name, &place, "%s", f->text);
}

void finding_add(struct checker *c, enum check_id id, struct subject at, const char *format, ...)
{
    char text[MESSAGE_ROOM];
    struct finding f = { .id = id, .sequence = (uint32_t)c->count, .text = text };
    enum severity severity = check_entry(id)->severity;
    if (c->incomplete && check_entry(id)->absence)
        return;
    c->failed |= severity == SEVERITY_ERROR;
    if (severity == SEVERITY_WARNING && c->options->quiet_warnings)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (at.node)
        f.placed = zone_version_where(c->version, at.node, at.type, at.record, &f.where);
    else if (c->options->files) {
        f.placed = true;
        f.where = (struct zone_where){ .line = 1, .column = 1 };
    }
    if (!findings_room(c)) {
        tell(c, &f, NULL);
        return;
    }
    if (!c->arena)
        c->arena = arena_new(0);        /* most zones have nothing to tell */
    f.text = c->arena ? arena_string(c->arena, text) : NULL;
    if (f.text)
        c->findings[c->count++] = f;
    else
        c->out_of_memory = true;
}

bool where_before(struct zone_where a, struct zone_where b)
{
    if (a.file != b.file)
        return a.file < b.file;
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

static bool subject_before(const struct checker *c, struct subject a, struct subject b)
{
    struct zone_where x, y;
    return zone_version_where(c->version, a.node, a.type, a.record, &x) && zone_version_where(c->version, b.node, b.type, b.record, &y) &&
           where_before(x, y);
}

struct subject subject_later(const struct checker *c, struct subject a, struct subject b) { return subject_before(c, a, b) ? b : a; }

struct subject subject_last(const struct checker *c, const struct zone_node *node, uint16_t type)
{
    struct subject last = { node, type, 0 };
    struct rrset set;
    if (!zone_node_rrset(c->version, node, type, &set))
        return last;
    for (uint16_t i = 1; i < set.count; i++)
        last = subject_later(c, last, (struct subject){ node, type, i });
    return last;
}

static int finding_compare(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->placed != b->placed)
        return a->placed ? 1 : -1;
    if (a->placed && where_before(a->where, b->where))
        return -1;
    if (a->placed && where_before(b->where, a->where))
        return 1;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* A file read once, line after line, to show the lines of findings; they come in its order. */
struct lines { FILE *stream; const char *path; uint32_t line; char text[SOURCE_ROOM]; };

/* The line's first octets into `text`; the rest of a longer one is passed over.  False at the end. */
static bool lines_step(struct lines *l)
{
    if (!fgets(l->text, sizeof l->text, l->stream))
        return false;
    size_t length = strlen(l->text);
    bool whole = length > 0 && l->text[length - 1] == '\n';
    l->text[strcspn(l->text, "\r\n")] = 0;
    for (int octet = 0; !whole && octet != EOF; whole = octet == '\n')
        octet = fgetc(l->stream);
    l->line++;
    return true;
}

static const char *lines_find(struct lines *l, const char *path, uint32_t line)
{
    if (!path)
        return NULL;
    if (path != l->path) {
        if (l->stream)
            fclose(l->stream);
        l->stream = fopen(path, "re");
        l->path = path;
        l->line = 0;
    }
    while (l->stream && l->line < line) {
        if (!lines_step(l))
            return NULL;
    }
    return l->stream && l->line == line ? l->text : NULL;
}

static void tell_all(struct checker *c)
{
    struct lines lines = { .stream = NULL };
    if (c->count)
        qsort(c->findings, c->count, sizeof *c->findings, finding_compare);
    for (size_t i = 0; i < c->count; i++) {
        const struct finding *f = &c->findings[i];
        tell(c, f, lines_find(&lines, file_name(c, f), f->where.line));
    }
    if (lines.stream)
        fclose(lines.stream);
}

static unsigned look_of_type(uint16_t type)
{
    switch (type) {
    case TYPE_A: return LOOK_A;
    case TYPE_AAAA: return LOOK_AAAA;
    case TYPE_NS: return LOOK_NS;
    case TYPE_DS: return LOOK_DS;
    case TYPE_NSEC: return LOOK_NSEC;
    case TYPE_CNAME: return LOOK_CNAME;
    case TYPE_DNAME: return LOOK_DNAME;
    case TYPE_MX: return LOOK_MX;
    case TYPE_SRV: return LOOK_SRV;
    case TYPE_PTR: return LOOK_PTR;
    case TYPE_TXT: return LOOK_TXT;
    default: return LOOK_OTHER;
    }
}

/* A set without records, but signatures, counts as signed only. */
static unsigned look_at(const struct zone_node *node)
{
    unsigned look = 0;
    const struct zone_set *set = node_first_set(node);
    for (uint32_t i = 0; i < node->sets; i++, set = set_next(set)) {
        look |= set->count ? look_of_type(set->type) : 0;
        look |= set->bytes & SET_TTL_MIXED ? LOOK_MIXED : 0;
        look |= set->bytes & SET_SIGNED ? LOOK_SIGNED : 0;
    }
    return look;
}

static void check_all(struct checker *c)
{
    const struct zone_node *node;
    check_soa(c);
    check_serial(c);
    check_dnssec_begin(c);
    for (uint32_t i = 0; (node = zone_version_node(c->version, i)) != NULL; i++) {
        c->index = i;
        c->look = look_at(node);
        if (!zone_node_is_nsec3(node) && !zone_node_is_empty(node)) {
            check_node_sets(c, node);
            check_node_names(c, node);
        }
        check_node_dnssec(c, node);
    }
    check_dnssec_end(c);
}

enum status zone_check(const struct zone_version *version, const struct zone_check_options *options, struct diagnostics *diag)
{
    struct checker c = { .version = version, .options = options, .diag = diag };
    c.now = (uint32_t)(options->unix_seconds ? options->unix_seconds : clock_now().unix_ms / 1000);
    c.incomplete = diag && diagnostics_count(diag, SEVERITY_ERROR) > 0;
    check_all(&c);
    tell_all(&c);
    arena_free(c.arena);
    mem_free(c.findings);
    if (c.out_of_memory)
        return E_NOMEM;
    return c.failed ? E_INVALID : OK;
}
