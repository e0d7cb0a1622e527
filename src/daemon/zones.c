/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about zones. */
#include "daemon/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FULL_LIST_MAX = 20000 };     /* longer lists leave out what would not fit in a reply */

/* ---- finding what the user means ---- */

struct meant { struct name name; uint16_t klass; const char *view; char text[NAME_TEXT_ROOM]; };

static enum control_code read_meant(const struct keeper_name *said, struct meant *out, struct control_answer *answer)
{
    if (!said->name)
        return control_fail(answer, CONTROL_USAGE, NULL, "the argument name is missing");
    out->klass = CLASS_IN;
    out->view = said->view;
    if (!*said->name || name_parse(slice_string(said->name), name_root, &out->name) != OK)
        return control_fail(answer, CONTROL_USAGE, NULL, "\"%.255s\" is no domain name", said->name);
    if (said->klass && class_parse(slice_string(said->klass), &out->klass) != OK)
        return control_fail(answer, CONTROL_USAGE, NULL, "\"%.64s\" is no class", said->klass);
    name_to_text(name_view_of(&out->name), out->text);
    return CONTROL_OK;
}

static const struct keeper_view *find_view(const struct keeper *keeper, const char *name)
{
    for (size_t i = 0; i < keeper->view_count; i++) {
        if (strcmp(keeper->views[i].name, name) == 0)
            return &keeper->views[i];
    }
    return NULL;
}

/* A view's own zone comes before the one of all; without a view, the one of all before that of the first view. */
static struct kept *find_meant(struct keeper *keeper, const struct meant *meant)
{
    struct name_view name = name_view_of(&meant->name);
    if (meant->view) {
        const struct keeper_view *view = find_view(keeper, meant->view);
        struct kept *own = view ? kept_find(keeper, meant->klass, name, meant->view) : NULL;
        struct kept *shared = view ? kept_find(keeper, meant->klass, name, NULL) : NULL;
        if (!own && shared && zone_table_get(view->table, name, meant->klass) == shared->zone)
            return shared;
        return own;
    }
    struct kept *found = kept_find(keeper, meant->klass, name, NULL);
    for (size_t i = 0; !found && i < keeper->view_count; i++)
        found = kept_find(keeper, meant->klass, name, keeper->views[i].name);
    return found;
}

static enum control_code not_found(const struct meant *meant, struct control_answer *answer)
{
    return control_fail(answer, CONTROL_NOT_FOUND, "`rhiz zone list` shows the zones", "there is no zone %s%s%s", meant->text,
                        meant->view ? " in view " : "", meant->view ? meant->view : "");
}

/* ---- zone objects ---- */

static const char *state_of(const struct kept *kept)
{
    if (zone_current(kept->zone))
        return "serving";
    return kept->trouble ? "failed" : "loading";
}

/* A name, or an array of names. */
static void print_views(struct text *out, const struct keeper *keeper, const struct kept *kept)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < keeper->view_count && count < LENGTH_OF(names); i++) {
        if (zone_table_get(keeper->views[i].table, zone_name(kept->zone), zone_class(kept->zone)) == kept->zone)
            names[count++] = keeper->views[i].name;
    }
    if (count != 1)
        text_add_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        text_add(out, i ? "," : "");
        text_add_json(out, names[i]);
    }
    if (count != 1)
        text_add_char(out, ']');
}

static void member(struct text *out, const char *key, const char *value)
{
    text_add_format(out, ",\"%s\":", key);
    text_add_json(out, value);
}

/* Without the closing brace. */
static void print_zone(struct text *out, const struct keeper *keeper, const struct kept *kept, bool full)
{
    char name[NAME_TEXT_ROOM], klass[CODE_TEXT_ROOM], path[8192];
    const struct zone_version *version = zone_current(kept->zone);
    text_add(out, "{\"name\":");
    text_add_json(out, kept_name(kept, name));
    member(out, "class", class_to_text(zone_class(kept->zone), klass));
    text_add(out, ",\"view\":");
    print_views(out, keeper, kept);
    member(out, "state", state_of(kept));
    if (version)
        text_add_format(out, ",\"serial\":%u", zone_version_serial(version));
    member(out, "source", kept->added ? "added" : "config");
    if (!full)
        return;
    if (kept->trouble)
        member(out, "error", kept->trouble);
    if (version)
        text_add_format(out, ",\"records\":%llu,\"nodes\":%u,\"from\":\"%s\"", (unsigned long long)zone_version_records(version), zone_version_nodes(version),
                        kept->from_snapshot ? "snapshot" : "text");
    const struct config *config = keeper->config_moving ? keeper->config_moving : keeper->config;
    if (config && config_zone_file(config, kept->config, path, sizeof path))
        member(out, "file", path);
}

static void print_details(struct text *out, const struct kept *kept)
{
    static const char *const denials[] = { [ZONE_DENIAL_NONE] = "none", [ZONE_DENIAL_NSEC] = "nsec", [ZONE_DENIAL_NSEC3] = "nsec3" };
    const struct zone_version *version = zone_current(kept->zone);
    text_add_format(out, ",\"generation\":%llu", (unsigned long long)zone_generation(kept->zone));
    if (version) {
        text_add_format(out, ",\"loaded\":%u,\"bytes\":%zu", kept->loaded_seconds, zone_version_bytes(version));
        member(out, "denial", denials[zone_version_denial(version)]);
    }
    if (kept->warnings)
        text_add_format(out, ",\"warnings\":%s", kept->warnings);
    text_add(out, ",\"files\":[");
    for (size_t i = 0; i < kept->files.count; i++) {
        text_add(out, i ? "," : "");
        text_add_json(out, kept->files.files[i].path);
    }
    text_add_char(out, ']');
}

static void tell_zone(struct keeper *keeper, const struct kept *kept, bool details, struct control_answer *answer)
{
    struct text text;
    struct json_value *zone = NULL;
    text_growing(&text);
    pthread_mutex_lock(&keeper->lock);
    print_zone(&text, keeper, kept, true);
    if (details)
        print_details(&text, kept);
    pthread_mutex_unlock(&keeper->lock);
    text_add_char(&text, '}');
    if (!text.full && json_value_parse(text.data, text.length, &zone) == OK)
        json_value_set(control_result(answer), "zone", zone);
    text_clear(&text);
}

enum control_code keeper_list(struct keeper *keeper, const char *view_name, struct control_answer *answer)
{
    const void *key;
    size_t length;
    void *value;
    struct text text;
    text_growing(&text);
    text_add_char(&text, '[');
    pthread_mutex_lock(&keeper->lock);
    const struct keeper_view *view = view_name ? find_view(keeper, view_name) : NULL;
    bool full = table_count(keeper->zones) <= FULL_LIST_MAX;
    for (size_t at = 0; (view || !view_name) && table_next(keeper->zones, &at, &key, &length, &value);) {
        const struct kept *kept = value;
        if (view && zone_table_get(view->table, zone_name(kept->zone), zone_class(kept->zone)) != kept->zone)
            continue;
        text_add(&text, text.length > 1 ? "," : "");
        print_zone(&text, keeper, kept, full);
        text_add_char(&text, '}');
    }
    pthread_mutex_unlock(&keeper->lock);
    text_add_char(&text, ']');
    if (view_name && !view) {
        text_clear(&text);
        return control_fail(answer, CONTROL_NOT_FOUND, "`rhiz status` shows the views", "there is no view %.64s", view_name);
    }
    control_result_raw(answer, "zones", &text);
    return CONTROL_OK;
}

enum control_code keeper_show(struct keeper *keeper, const struct keeper_name *name, struct control_answer *answer)
{
    struct meant meant;
    enum control_code code = read_meant(name, &meant, answer);
    if (code != CONTROL_OK)
        return code;
    /* Under the lock as a whole, so that the zone cannot be removed meanwhile. */
    pthread_mutex_lock(&keeper->lock);
    const struct kept *kept = find_meant(keeper, &meant);
    struct text text;
    struct json_value *zone = NULL;
    text_growing(&text);
    if (kept) {
        print_zone(&text, keeper, kept, true);
        print_details(&text, kept);
        text_add_char(&text, '}');
    }
    pthread_mutex_unlock(&keeper->lock);
    if (kept && !text.full && json_value_parse(text.data, text.length, &zone) == OK)
        json_value_set(control_result(answer), "zone", zone);
    text_clear(&text);
    return kept ? CONTROL_OK : not_found(&meant, answer);
}

/* ---- adding and removing ---- */

static enum control_code may_add(struct keeper *keeper, const struct meant *meant, const char *file, struct control_answer *answer)
{
    if (!file || !*file || strlen(file) > 4000)
        return control_fail(answer, CONTROL_USAGE, NULL, "the argument file is missing");
    if (meant->klass != CLASS_IN && meant->klass != CLASS_CH && meant->klass != CLASS_HS)
        return control_fail(answer, CONTROL_USAGE, NULL, "a zone's class is IN, CH or HS");
    struct kept *before = kept_find(keeper, meant->klass, name_view_of(&meant->name), NULL);
    if (before)
        return control_fail(answer, CONTROL_REFUSED, "`rhiz zone reload` reads its file again", "zone %s is there already (%s)", meant->text,
                            before->added ? "added at run time" : "of the configuration");
    const struct keeper_view *view = meant->view ? find_view(keeper, meant->view) : NULL;
    if (meant->view && !view)
        return control_fail(answer, CONTROL_NOT_FOUND, "`rhiz status` shows the views", "there is no view %.64s", meant->view);
    bool any = view ? view->all : false;
    for (size_t i = 0; !meant->view && i < keeper->view_count; i++)
        any = any || keeper->views[i].all;
    if (!any)
        return control_fail(answer, CONTROL_REFUSED, "zones of such a view stand in the configuration", "%s lists its zones, so none can be added",
                            meant->view ? "this view" : "every view");
    return CONTROL_OK;
}

/* Under `change`; on failure nothing is left. */
static enum control_code add(struct keeper *keeper, const struct meant *meant, const char *file, struct control_answer *answer)
{
    uint8_t key[2 + NAME_MAX_BYTES];
    size_t length = added_key(key, meant->klass, name_view_of(&meant->name));
    struct diagnostics *diag = diagnostics_new(50);
    struct added *added = added_new(name_view_of(&meant->name), meant->klass, file);
    struct kept *kept = NULL;
    enum control_code code = control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    if (!diag || !added)
        goto failed;
    added_adopt(added, keeper->config);
    kept = kept_new(keeper, &added->zone, NULL);
    if (!kept)
        goto failed;
    pthread_mutex_lock(&keeper->lock);
    kept->added = true;
    pthread_mutex_unlock(&keeper->lock);
    enum status st = load_one(keeper, kept, true, diag);
    if (st != OK) {
        code = control_fail(answer, CONTROL_FAILED, "nothing was added", "zone %s could not be loaded: %s", meant->text,
                            kept->trouble ? kept->trouble : status_text(st));
        control_details(answer, diag);
        goto failed;
    }
    st = acls_apply(keeper, keeper->acls, kept);
    if (st == OK)
        st = journal_append(keeper, added, false);
    if (st != OK) {
        code = control_fail(answer, CONTROL_FAILED, NULL, "zone %s could not be kept in %s: %s", meant->text, keeper->journal ? keeper->journal : "",
                            st == E_SYSTEM ? strerror(errno) : status_text(st));
        goto failed;
    }
    pthread_mutex_lock(&keeper->lock);
    void *old = NULL;
    st = table_set(keeper->added, key, length, added, &old);
    if (st == OK)
        st = tables_add(keeper, kept);
    pthread_mutex_unlock(&keeper->lock);
    added_free(old);
    diagnostics_free(diag);
    if (st != OK)       /* it is kept, and comes with the next start */
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    tell_zone(keeper, kept, false, answer);
    return CONTROL_OK;
failed:
    pthread_mutex_lock(&keeper->lock);
    if (kept)
        kept_free(keeper, kept);
    pthread_mutex_unlock(&keeper->lock);
    added_free(added);
    diagnostics_free(diag);
    return code;
}

enum control_code keeper_add(struct keeper *keeper, const struct keeper_name *name, const char *file, struct control_answer *answer)
{
    struct meant meant;
    enum control_code code = read_meant(name, &meant, answer);
    if (code != CONTROL_OK)
        return code;
    pthread_mutex_lock(&keeper->change);
    code = may_add(keeper, &meant, file, answer);
    if (code == CONTROL_OK)
        code = add(keeper, &meant, file, answer);
    pthread_mutex_unlock(&keeper->change);
    if (code == CONTROL_OK)
        log_info(LOG_ZONE, "zone added", log_text("zone", meant.text), log_text("file", file));
    return code;
}

static enum control_code remove_zone(struct keeper *keeper, const struct meant *meant, struct control_answer *answer)
{
    uint8_t key[2 + NAME_MAX_BYTES];
    struct kept *kept = find_meant(keeper, meant);
    if (!kept)
        return not_found(meant, answer);
    if (!kept->added)
        return control_fail(answer, CONTROL_REFUSED, "remove it from the configuration, then `rhiz reload`", "zone %s is of the configuration", meant->text);
    size_t length = added_key(key, meant->klass, name_view_of(&meant->name));
    struct added *added = table_find(keeper->added, key, length);
    enum status st = added ? journal_append(keeper, added, true) : OK;
    if (st != OK)
        return control_fail(answer, CONTROL_FAILED, NULL, "%s cannot be written: %s", keeper->journal, st == E_SYSTEM ? strerror(errno) : status_text(st));
    pthread_mutex_lock(&keeper->lock);
    tables_remove(keeper, kept);
    kept_free(keeper, kept);
    (void)table_remove(keeper->added, key, length);
    pthread_mutex_unlock(&keeper->lock);
    added_free(added);
    return CONTROL_OK;
}

enum control_code keeper_remove(struct keeper *keeper, const struct keeper_name *name, struct control_answer *answer)
{
    struct meant meant;
    enum control_code code = read_meant(name, &meant, answer);
    if (code != CONTROL_OK)
        return code;
    pthread_mutex_lock(&keeper->change);
    code = remove_zone(keeper, &meant, answer);
    pthread_mutex_unlock(&keeper->change);
    if (code == CONTROL_OK)
        log_info(LOG_ZONE, "zone removed", log_text("zone", meant.text));
    return code;
}

/* ---- reading again, telling others ---- */

static void tell_progress(void *context, const char *text, uint64_t done, uint64_t total) { control_progress(context, text, done, total); }

static enum control_code reload_one(struct keeper *keeper, const struct meant *meant, bool force, struct control_answer *answer)
{
    struct kept *kept = find_meant(keeper, meant);
    if (!kept)
        return not_found(meant, answer);
    struct diagnostics *diag = diagnostics_new(50);
    enum status st = diag ? load_one(keeper, kept, force, diag) : E_NOMEM;
    struct json_value *result = control_result(answer);
    enum control_code code = CONTROL_OK;
    if (st != OK && st != E_EXISTS) {
        code = control_fail(answer, CONTROL_FAILED, zone_current(kept->zone) ? "the old content is still served" : NULL,
                            "zone %s could not be loaded: %s", meant->text, kept->trouble ? kept->trouble : status_text(st));
        control_details(answer, diag);
    }
    diagnostics_free(diag);
    if (code != CONTROL_OK)
        return code;
    tell_zone(keeper, kept, false, answer);
    json_value_set_u64(result, "loaded", st == OK);
    json_value_set_u64(result, "unchanged", st == E_EXISTS);
    json_value_set_u64(result, "failed", 0);
    /* The protocol has an array here. */
    struct json_value *zones = json_value_array(), *copy = NULL;
    struct text text;
    text_growing(&text);
    if (json_value_print(json_value_get(result, "zone"), false, &text) == OK && json_value_parse(text.data, text.length, &copy) == OK)
        json_value_add(zones, copy);
    text_clear(&text);
    json_value_set(result, "zones", zones);
    return CONTROL_OK;
}

static enum control_code reload_all(struct keeper *keeper, bool force, struct control_answer *answer)
{
    const void *key;
    size_t length;
    void *value;
    struct keeper_totals totals = { 0 };
    struct keeper_progress progress = { tell_progress, answer };
    struct load_job job = { .zones = mem_alloc((table_count(keeper->zones) + 1) * sizeof(struct kept *)) };
    if (!job.zones)
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);)
        job.zones[job.count++] = value;
    load_all(keeper, &job, force, &progress, &totals);
    mem_free(job.zones);
    if (totals.failed) {
        keeper_tell_failures(keeper, answer);
        return control_fail(answer, CONTROL_FAILED, "what was served before still is; `rhiz zone show NAME` tells more",
                            "%llu zone%s could not be loaded (%llu were, %llu are unchanged)", (unsigned long long)totals.failed, totals.failed == 1 ? "" : "s",
                            (unsigned long long)totals.loaded, (unsigned long long)totals.unchanged);
    }
    json_value_set_u64(control_result(answer), "loaded", totals.loaded);
    json_value_set_u64(control_result(answer), "unchanged", totals.unchanged);
    json_value_set_u64(control_result(answer), "failed", totals.failed);
    return CONTROL_OK;
}

enum control_code keeper_reload(struct keeper *keeper, const struct keeper_name *name, bool force, struct control_answer *answer)
{
    struct meant meant;
    enum control_code code = name->name ? read_meant(name, &meant, answer) : CONTROL_OK;
    if (code != CONTROL_OK)
        return code;
    pthread_mutex_lock(&keeper->change);
    code = name->name ? reload_one(keeper, &meant, force, answer) : reload_all(keeper, force, answer);
    pthread_mutex_unlock(&keeper->change);
    return code;
}

enum control_code keeper_notify(struct keeper *keeper, const struct keeper_name *name, struct control_answer *answer)
{
    const void *key;
    size_t length, sent = 0;
    void *value;
    struct meant meant;
    enum control_code code = name->name ? read_meant(name, &meant, answer) : CONTROL_OK;
    if (code != CONTROL_OK)
        return code;
    pthread_mutex_lock(&keeper->change);
    struct kept *kept = name->name ? find_meant(keeper, &meant) : NULL;
    if (kept)
        kept_notify(keeper, kept, &sent);
    for (size_t at = 0; !name->name && table_next(keeper->zones, &at, &key, &length, &value);)
        kept_notify(keeper, value, &sent);
    pthread_mutex_unlock(&keeper->change);
    if (name->name && !kept)
        return not_found(&meant, answer);
    json_value_set_u64(control_result(answer), "sent", sent);
    return CONTROL_OK;
}
