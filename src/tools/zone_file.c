/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz zone check|format|diff`: zone files, without a daemon. */
#include "tools/tools.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "json/json.h"
#include "tools/query.h"
#include "zone/check.h"
#include "zone/text.h"

enum { DIAGNOSTICS_KEPT = 1000 };
static const uint64_t progress_from_bytes = 20u << 20;

/* One file, read and built. */
struct loaded {
    struct zone_version *version;
    struct zone_files files;
    struct diagnostics *diag;
    char *standard;             /* what came on standard input */
    size_t standard_bytes;
};

static void loaded_clear(struct loaded *l)
{
    zone_version_free(l->version);
    zone_files_clear(&l->files);
    diagnostics_free(l->diag);
    mem_free(l->standard);
}

static bool progress_show(void *context, uint64_t done, uint64_t total)
{
    unsigned *last = context;
    unsigned percent = total > 0 ? (unsigned)(done * 100 / total) : 0;
    if (total < progress_from_bytes || percent == *last)
        return true;
    *last = percent;
    fprintf(stderr, "\r\033[Kreading %u%%", percent);
    fflush(stderr);
    return true;
}

static enum status standard_read(struct loaded *l)
{
    size_t room = 1 << 16;
    l->standard = mem_alloc(room);
    while (l->standard != NULL) {
        size_t n = fread(l->standard + l->standard_bytes, 1, room - l->standard_bytes, stdin);
        l->standard_bytes += n;
        if (n == 0)
            return ferror(stdin) ? E_SYSTEM : OK;
        if (l->standard_bytes < room)
            continue;
        char *more = mem_resize(l->standard, room *= 2);
        if (more == NULL)
            return E_NOMEM;
        l->standard = more;
    }
    return E_NOMEM;
}

/* Fills the reader's options from the command line. */
static int options_fill(const struct tool_call *call, struct zone_read_options *options, struct name *origin)
{
    const char *name = call->values[OPTION_ORIGIN], *klass = call->values[OPTION_CLASS];
    if (name != NULL) {
        if (name_parse(slice_string(name), (struct name_view){ 0 }, origin) != OK)
            return tools_complain(call, TOOL_USAGE, "--origin: `%s` is not a domain name", name);
        options->origin = name_view_of(origin);
    }
    if (klass != NULL && class_parse(slice_string(klass), &options->klass) != OK)
        return tools_complain(call, TOOL_USAGE, "--class: `%s` is not a class; IN, CH and HS are", klass);
    return TOOL_DONE;
}

/* @return TOOL_DONE although there may be errors in the sink; the version is NULL when none could be built */
static int file_load(const struct tool_call *call, const char *path, struct loaded *out)
{
    struct name origin;
    struct zone_builder *builder = NULL;
    unsigned percent = 200;
    struct zone_read_options options = { .path = path };
    int rc = options_fill(call, &options, &origin);
    if (rc != TOOL_DONE)
        return rc;
    out->diag = diagnostics_new(DIAGNOSTICS_KEPT);
    if (out->diag == NULL)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    if (isatty(STDERR_FILENO)) {
        options.progress = progress_show;
        options.progress_context = &percent;
    }
    enum status st = OK;
    if (strcmp(path, "-") == 0) {
        st = standard_read(out);
        options.path = "<stdin>";
        options.text = out->standard;
        options.text_bytes = out->standard_bytes;
    }
    if (st == OK)
        st = zone_read(&options, &builder, &out->files, out->diag);
    if (percent <= 100)
        fputs("\r\033[K", stderr);
    bool readable = st == OK || (st == E_INVALID && builder != NULL);
    if (readable && builder != NULL) {
        enum status built = zone_builder_finish(builder, true, &out->version);
        builder = NULL;
        st = built != OK ? built : st;
    }
    zone_builder_free(builder);
    if (st == OK || st == E_INVALID)
        return TOOL_DONE;
    if (diagnostics_kept(out->diag) > 0) {
        diagnostics_print(out->diag, stderr, tools_colour(stderr));
        return TOOL_FAILED;
    }
    return tools_complain(call, TOOL_FAILED, "%s: %s", path, st == E_SYSTEM && errno != 0 ? strerror(errno) : status_text(st));
}

static void zone_text(const struct loaded *l, char out[NAME_TEXT_ROOM])
{
    if (l->version != NULL)
        name_to_text(zone_version_origin(l->version), out);
    else
        snprintf(out, NAME_TEXT_ROOM, "?");
}

static bool has_soa(const struct zone_version *version)
{
    struct rrset soa;
    const struct zone_node *apex = version == NULL ? NULL : zone_version_apex(version);
    return apex != NULL && zone_node_rrset(version, apex, TYPE_SOA, &soa);
}

static void check_print_json(const struct loaded *l, const char *name)
{
    struct json_value *object = json_value_object(), *list = json_value_array();
    struct text text;
    json_value_set_text(object, "zone", name);
    if (has_soa(l->version))
        json_value_set_u64(object, "serial", zone_version_serial(l->version));
    json_value_set_u64(object, "records", l->version != NULL ? zone_version_records(l->version) : 0);
    json_value_set_u64(object, "errors", diagnostics_count(l->diag, SEVERITY_ERROR));
    json_value_set_u64(object, "warnings", diagnostics_count(l->diag, SEVERITY_WARNING));
    for (size_t i = 0; i < diagnostics_kept(l->diag); i++) {
        const struct diagnostic *d = diagnostics_get(l->diag, i);
        struct json_value *one = json_value_object();
        json_value_set_text(one, "severity", d->severity == SEVERITY_ERROR ? "error" : "warning");
        json_value_set_text(one, "check", d->check);
        json_value_set_text(one, "file", d->file);
        json_value_set_u64(one, "line", d->line);
        json_value_set_u64(one, "column", d->column);
        json_value_set_text(one, "text", d->text);
        json_value_add(list, one);
    }
    json_value_set(object, "findings", list);
    text_growing(&text);
    if (json_value_print(object, true, &text) == OK)
        puts(text.data);
    text_clear(&text);
    json_value_free(object);
}

static void check_print(const struct tool_call *call, const struct loaded *l)
{
    char name[NAME_TEXT_ROOM], serial[32] = "no serial";
    zone_text(l, name);
    if (call->values[OPTION_JSON] != NULL) {
        check_print_json(l, name);
        return;
    }
    diagnostics_print(l->diag, stdout, tools_colour(stdout));
    if (call->values[OPTION_QUIET] != NULL)
        return;
    size_t errors = diagnostics_count(l->diag, SEVERITY_ERROR), warnings = diagnostics_count(l->diag, SEVERITY_WARNING);
    uint64_t records = l->version != NULL ? zone_version_records(l->version) : 0;
    if (has_soa(l->version))
        snprintf(serial, sizeof serial, "serial %u", zone_version_serial(l->version));
    printf("zone %s: %llu record%s, %s, %zu error%s, %zu warning%s\n", name, (unsigned long long)records, records == 1 ? "" : "s", serial,
           errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

int zone_check_run(const struct tool_call *call)
{
    struct loaded l = { 0 };
    int rc = file_load(call, call->arguments[0], &l);
    if (rc == TOOL_DONE && l.version != NULL) {
        struct zone_check_options options = { .files = &l.files, .quiet_warnings = call->values[OPTION_QUIET] != NULL };
        /* what it returns is the count of errors, which the sink has */
        enum status st = zone_check(l.version, &options, l.diag);
        if (st != OK && st != E_INVALID)
            rc = tools_complain(call, TOOL_FAILED, "%s", status_text(st));
    }
    if (rc == TOOL_DONE) {
        check_print(call, &l);
        bool strict = call->values[OPTION_STRICT] != NULL && diagnostics_count(l.diag, SEVERITY_WARNING) > 0;
        rc = strict || l.version == NULL || diagnostics_count(l.diag, SEVERITY_ERROR) > 0 ? TOOL_NEGATIVE : TOOL_DONE;
    }
    loaded_clear(&l);
    return rc;
}

/* For verbs that need a whole zone: errors end them. */
static int file_load_whole(const struct tool_call *call, const char *path, struct loaded *out)
{
    int rc = file_load(call, path, out);
    if (rc != TOOL_DONE)
        return rc;
    if (diagnostics_count(out->diag, SEVERITY_ERROR) > 0) {
        diagnostics_print(out->diag, stderr, tools_colour(stderr));
        return tools_complain(call, TOOL_NEGATIVE, "%s has errors", path);
    }
    return out->version != NULL ? TOOL_DONE : tools_complain(call, TOOL_NEGATIVE, "%s holds no zone", path);
}

static void record_json_add(struct json_value *list, struct name_view owner, uint16_t type, uint16_t klass, uint32_t ttl, const uint8_t *rdata,
                            size_t size, const char *change)
{
    struct json_value *one = json_value_object();
    const struct rdata_style style = { 0 };
    char name[NAME_TEXT_ROOM], word[CODE_TEXT_ROOM];
    struct text text;
    json_value_set_text(one, "change", change);
    json_value_set_text(one, "name", name_to_text(owner, name));
    json_value_set_u64(one, "ttl", ttl);
    json_value_set_text(one, "class", class_to_text(klass, word));
    json_value_set_text(one, "type", type_to_text(type, word));
    text_growing(&text);
    rdata_print(&text, type, klass, rdata, size, &style);
    json_value_set_text(one, "rdata", text.data != NULL ? text.data : "");
    text_clear(&text);
    json_value_add(list, one);
}

static int json_finish(const struct tool_call *call, struct json_value *value, const char *key)
{
    struct json_value *object = json_value_object();
    struct text text;
    json_value_set(object, key, value);
    text_growing(&text);
    enum status st = json_value_print(object, true, &text);
    if (st == OK)
        puts(text.data);
    text_clear(&text);
    json_value_free(object);
    return st == OK ? TOOL_DONE : tools_complain(call, TOOL_FAILED, "%s", status_text(st));
}

static void rrset_json_add(struct json_value *list, const struct zone_version *v, const struct zone_node *node, const struct rrset *set)
{
    size_t offset = 0;
    const uint8_t *rdata;
    uint16_t size;
    while (rrset_next(set->records, set->bytes, &offset, &rdata, &size))
        record_json_add(list, zone_node_name(v, node), set->type, zone_version_class(v), set->ttl, rdata, size, NULL);
    offset = 0;
    while (rrset_next(set->sigs, set->sig_bytes, &offset, &rdata, &size))
        record_json_add(list, zone_node_name(v, node), TYPE_RRSIG, zone_version_class(v), set->sig_ttl, rdata, size, NULL);
}

static int format_json(const struct tool_call *call, const struct zone_version *v)
{
    struct json_value *list = json_value_array();
    for (uint32_t i = 0; i < zone_version_nodes(v); i++) {
        const struct zone_node *node = zone_version_node(v, i);
        size_t position = 0;
        struct rrset set;
        while (node != NULL && zone_node_rrset_next(v, node, &position, &set))
            rrset_json_add(list, v, node, &set);
    }
    return json_finish(call, list, "records");
}

int zone_format_run(const struct tool_call *call)
{
    struct loaded l = { 0 };
    int rc = file_load_whole(call, call->arguments[0], &l);
    if (rc == TOOL_DONE && call->values[OPTION_JSON] != NULL) {
        rc = format_json(call, l.version);
    } else if (rc == TOOL_DONE) {
        struct zone_write_options options = { .relative = call->values[OPTION_RELATIVE] != NULL, .canonical = call->values[OPTION_CANONICAL] != NULL };
        enum status st = zone_write(l.version, &options, stdout);
        if (st == OK && fflush(stdout) != 0)
            st = E_SYSTEM;
        if (st != OK)
            rc = tools_complain(call, TOOL_FAILED, "cannot write: %s", st == E_SYSTEM ? strerror(errno) : status_text(st));
    }
    loaded_clear(&l);
    return rc;
}

struct difference { struct json_value *list; size_t count; uint16_t klass; bool colour; };

static void difference_show(void *context, const struct zone_difference *d)
{
    struct difference *all = context;
    const struct rdata_style style = { 0 };
    struct text text;
    all->count++;
    if (all->list != NULL) {
        record_json_add(all->list, d->owner, d->type, all->klass, d->ttl, d->rdata, d->size, d->added ? "added" : "removed");
        return;
    }
    text_growing(&text);
    record_print(&text, d->owner, d->ttl, all->klass, d->type, d->rdata, d->size, &style);
    printf("%s%c%s%s\n", all->colour ? d->added ? "\033[32m" : "\033[31m" : "", d->added ? '+' : '-', text.data != NULL ? text.data : "", all->colour ? "\033[0m" : "");
    text_clear(&text);
}

int zone_diff_run(const struct tool_call *call)
{
    struct loaded a = { 0 }, b = { 0 };
    int rc = file_load_whole(call, call->arguments[0], &a);
    if (rc == TOOL_DONE)
        rc = file_load_whole(call, call->arguments[1], &b);
    if (rc == TOOL_DONE && !name_equal(zone_version_origin(a.version), zone_version_origin(b.version)))
        rc = tools_complain(call, TOOL_USAGE, "the files are of different zones; --origin names one for both");
    if (rc == TOOL_DONE) {
        struct difference all = { .klass = zone_version_class(b.version), .colour = tools_colour(stdout) };
        if (call->values[OPTION_JSON] != NULL)
            all.list = json_value_array();
        enum status st = zone_diff(a.version, b.version, call->values[OPTION_SERIAL] != NULL, difference_show, &all);
        if (st != OK)
            rc = tools_complain(call, TOOL_FAILED, "%s", status_text(st));
        else if (all.list != NULL)
            rc = json_finish(call, all.list, "differences");
        if (rc == TOOL_DONE && all.count > 0)
            rc = TOOL_NEGATIVE;
    }
    loaded_clear(&a);
    loaded_clear(&b);
    return rc;
}
