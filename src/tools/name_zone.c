/* SPDX-License-Identifier: Apache-2.0 */
/* `--zone FILE`: the DNS records of a name become those of a master file. */
#include "tools/name_ens.h"

#include <string.h>

#include "zone/reader.h"
#include "zone/text.h"

struct reading { struct chain_tool *tool; struct write_changes *changes; enum status status; };

static void record_take(void *context, const struct zone_difference *d)
{
    struct reading *r = context;
    if (r->status == OK && d->added)
        r->status = write_record_add(r->changes, d->owner, d->type, d->ttl, slice_of((const char *)d->rdata, d->size), false);
}

static enum status version_take(struct reading *r, struct name_view origin, const struct zone_version *version)
{
    struct zone_builder *builder = NULL;
    struct zone_version *empty = NULL;
    enum status st = zone_builder_new(origin, 1, &builder);
    if (st == OK)
        st = zone_builder_finish(builder, false, &empty);
    if (st == OK)
        st = zone_diff(empty, version, true, record_take, r);
    zone_version_free(empty);
    return st == OK ? r->status : st;
}

int name_zone_read(struct chain_tool *tool, const struct tool_name *name, const char *path, struct write_changes *out)
{
    struct zone_read_options options = { .path = path, .origin = name_view_of(&name->wire), .klass = 1, .default_ttl = 300, .has_default_ttl = true, .record_limit = WRITE_RECORDS_MAX };
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct zone_files files = { 0 };
    struct reading r = { tool, out, OK };
    struct diagnostics *diag = diagnostics_new(0);
    if (diag == NULL)
        return tools_complain(tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    enum status st = zone_read(&options, &builder, &files, diag);
    if (st == OK) {
        st = zone_builder_finish(builder, false, &version);
        builder = NULL;
    }
    if (st == OK)
        st = version_take(&r, name_view_of(&name->wire), version);
    diagnostics_print(diag, stderr, tools_colour(stderr));
    diagnostics_free(diag);
    zone_version_free(version);
    zone_builder_free(builder);
    zone_files_clear(&files);
    if (st == OK)
        return TOOL_DONE;
    return tools_complain(tool->call, st == E_SYSTEM ? TOOL_FAILED : TOOL_USAGE, "--zone %s: %s", path, st == E_LIMIT ? "it has more records than one change may" : st == E_INVALID ? "it has errors" : status_text(st));
}
