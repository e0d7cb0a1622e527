/* SPDX-License-Identifier: Apache-2.0 */
/* The set of zones and how it moves from one configuration to the next. */
#include "daemon/inside.h"

#include <stdio.h>
#include <string.h>

/* ---- keys and single zones ---- */

size_t kept_key(uint8_t key[KEPT_KEY_BYTES], uint16_t klass, struct name_view name, const char *view)
{
    size_t length = 2, more = view ? strlen(view) : 0;
    memcpy(key, &klass, 2);
    memcpy(key + length, name.wire, name.length);
    name_lower(key + length, name.length);
    length += name.length;
    more = more > 255 ? 255 : more;
    if (view)
        memcpy(key + length, view, more);
    return length + more;
}

struct kept *kept_find(struct keeper *keeper, uint16_t klass, struct name_view name, const char *view)
{
    uint8_t key[KEPT_KEY_BYTES];
    return table_find(keeper->zones, key, kept_key(key, klass, name, view));
}

const char *kept_name(const struct kept *kept, char out[NAME_TEXT_ROOM]) { return name_to_text(zone_name(kept->zone), out); }

struct kept *kept_new(struct keeper *keeper, const struct config_zone *config, const char *view)
{
    uint8_t key[KEPT_KEY_BYTES];
    struct name_view name = name_view_wire(config->name);
    struct kept *kept = mem_alloc(sizeof *kept);
    if (!kept)
        return NULL;
    kept->zone = zone_new(name, config->options->klass);
    kept->config = config;
    kept->view = view;
    kept->fresh = true;
    if (!kept->zone)
        goto failed;
    pthread_mutex_lock(&keeper->lock);
    enum status st = table_set(keeper->zones, key, kept_key(key, config->options->klass, name, view), kept, NULL);
    pthread_mutex_unlock(&keeper->lock);
    if (st == OK)
        return kept;
failed:
    zone_unref(kept->zone);
    mem_free(kept);
    return NULL;
}

/* Runs when no reader can hold the zone any more. */
static void zone_bury(void *zone)
{
    serve_zone_clear(zone);
    zone_unref(zone);
}

/* Under the lock. */
void kept_free(struct keeper *keeper, struct kept *kept)
{
    uint8_t key[KEPT_KEY_BYTES];
    snapshots_forget(keeper->snapshots, kept);
    (void)table_remove(keeper->zones, key, kept_key(key, zone_class(kept->zone), zone_name(kept->zone), kept->view));
    epoch_retire(keeper->options.epoch, kept->zone, zone_bury);
    zone_files_clear(&kept->files);
    mem_free(kept->trouble);
    mem_free(kept->warnings);
    mem_free(kept);
}

void kept_notify(struct keeper *keeper, struct kept *kept, size_t *sent)
{
    const struct config_zone_options *options = kept->config->options;
    const struct zone_version *version = zone_current(kept->zone);
    if (!keeper->options.notifier || options->notify_count == 0 || !version)
        return;
    if (notifier_notify(keeper->options.notifier, zone_name(kept->zone), zone_class(kept->zone), zone_version_serial(version),
                        options->notify, options->notify_count) == OK && sent)
        *sent += options->notify_count;
}

/* ---- tables ---- */

static bool in_view(const struct keeper_view *view, const struct kept *kept)
{
    return kept->view ? strcmp(kept->view, view->name) == 0 : view->all;
}

enum status tables_add(struct keeper *keeper, struct kept *kept)
{
    for (size_t i = 0; i < keeper->view_count; i++) {
        if (!in_view(&keeper->views[i], kept))
            continue;
        enum status st = zone_table_add(keeper->views[i].table, kept->zone);
        if (st != OK && st != E_EXISTS) {
            tables_remove(keeper, kept);
            return st;
        }
    }
    kept->fresh = false;
    serve_kernel_changed(keeper->options.kernel);
    return OK;
}

void tables_remove(struct keeper *keeper, struct kept *kept)
{
    for (size_t i = 0; i < keeper->view_count; i++) {
        struct zone_table *table = keeper->views[i].table;
        if (zone_table_get(table, zone_name(kept->zone), zone_class(kept->zone)) == kept->zone &&
            zone_table_remove(table, zone_name(kept->zone), zone_class(kept->zone)) != OK)
            log_error(LOG_ZONE, "zone was not in its table");
    }
    serve_kernel_changed(keeper->options.kernel);
}

/* ---- life ---- */

struct keeper *keeper_new(const struct keeper_options *options)
{
    struct keeper *keeper = mem_alloc(sizeof *keeper);
    if (!keeper)
        return NULL;
    keeper->options = *options;
    pthread_mutex_init(&keeper->change, NULL);
    pthread_mutex_init(&keeper->lock, NULL);
    keeper->journal = options->journal ? mem_string(options->journal) : NULL;
    keeper->zones = table_new();
    keeper->added = table_new();
    keeper->snapshots = options->snapshots ? snapshots_new(keeper, options->snapshots) : NULL;
    if (keeper->zones && keeper->added && (keeper->snapshots || !options->snapshots) && (keeper->journal || !options->journal) && journal_read(keeper) != E_NOMEM)
        return keeper;
    keeper_free(keeper);
    return NULL;
}

void keeper_free(struct keeper *keeper)
{
    const void *key;
    size_t length;
    void *value;
    if (!keeper)
        return;
    snapshots_free(keeper->snapshots);
    for (size_t i = 0; i < keeper->view_count; i++) {
        zone_table_free(keeper->views[i].table);
        mem_free(keeper->views[i].name);
    }
    mem_free(keeper->views);
    for (size_t at = 0; keeper->zones && table_next(keeper->zones, &at, &key, &length, &value);) {
        struct kept *kept = value;
        zone_bury(kept->zone);
        zone_files_clear(&kept->files);
        mem_free(kept->trouble);
        mem_free(kept->warnings);
        mem_free(kept);
    }
    for (size_t at = 0; keeper->added && table_next(keeper->added, &at, &key, &length, &value);)
        added_free(value);
    acls_retire(keeper, keeper->acls);
    table_free(keeper->zones);
    table_free(keeper->added);
    mem_free(keeper->journal);
    pthread_mutex_destroy(&keeper->change);
    pthread_mutex_destroy(&keeper->lock);
    mem_free(keeper);
}

void keeper_cancel(struct keeper *keeper)
{
    atomic_store(&keeper->cancelled, true);
    snapshots_wake(keeper->snapshots);
}

bool keeper_ready(const struct keeper *keeper) { return atomic_load(&keeper->ready); }

/* ---- moving ---- */

struct move {
    const struct config *config;
    struct keeper_view *views; size_t view_count;   /* the new ones; tables taken over from equal names */
    struct table *acls;
    struct kept **all; size_t count, room;          /* every zone that stays: those of the configuration in its order, then the added */
    struct keeper_view *old_views; size_t old_view_count;
};

static bool remember(struct move *move, struct kept *kept)
{
    if (move->count == move->room) {
        size_t room = move->room ? move->room * 2 : 256;
        struct kept **larger = mem_resize(move->all, room * sizeof(*larger));
        if (!larger)
            return false;
        move->all = larger;
        move->room = room;
    }
    move->all[move->count++] = kept;
    return true;
}

static struct keeper_view *find_view(struct keeper_view *views, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(views[i].name, name) == 0)
            return &views[i];
    }
    return NULL;
}

static enum status move_views(struct keeper *keeper, struct move *move)
{
    static const struct config_view whole = { .name = "default", .all = true };
    const struct config_view *views = move->config->view_count ? move->config->views : &whole;
    size_t count = move->config->view_count ? move->config->view_count : 1;
    move->views = mem_alloc(count * sizeof *move->views);
    if (!move->views)
        return E_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct keeper_view *old = find_view(keeper->views, keeper->view_count, views[i].name);
        move->views[i] = (struct keeper_view){ .name = mem_string(views[i].name), .all = views[i].all,
                                               .made = !old, .table = old ? old->table : zone_table_new(keeper->options.epoch) };
        move->view_count++;
        if (!move->views[i].name || !move->views[i].table)
            return E_NOMEM;
    }
    return OK;
}

/* Finds or makes what the configuration names. */
static enum status move_zones(struct keeper *keeper, struct move *move)
{
    const struct config *config = move->config;
    for (size_t i = 0; i < config->zone_count; i++) {
        const struct config_zone *zone = &config->zones[i];
        const char *view = zone->view ? config->views[zone->view - 1].name : NULL;
        struct kept *kept = kept_find(keeper, zone->options->klass, name_view_wire(zone->name), view);
        if (!kept)
            kept = kept_new(keeper, zone, view);
        if (!kept || !remember(move, kept))
            return E_NOMEM;
        kept->stays = true;
    }
    return OK;
}

/* On a conflict the configuration wins. */
static enum status move_added(struct keeper *keeper, struct move *move)
{
    const void *key;
    size_t length;
    void *value;
    for (size_t at = 0; table_next(keeper->added, &at, &key, &length, &value);) {
        struct added *added = value;
        char text[NAME_TEXT_ROOM];
        struct kept *kept = kept_find(keeper, added->klass, name_view_wire(added->name), NULL);
        if (kept && kept->stays) {
            log_warning(LOG_ZONE, "zone added at run time is in the configuration too, which wins",
                        log_text("zone", name_to_text(name_view_wire(added->name), text)));
            continue;
        }
        if (!kept)
            kept = kept_new(keeper, &added->zone, NULL);
        if (!kept || !remember(move, kept))
            return E_NOMEM;
        kept->stays = true;
    }
    return OK;
}

static void undo(struct keeper *keeper, struct move *move)
{
    const void *key;
    size_t length;
    void *value;
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < move->count; i++) {
        struct kept *kept = move->all[i];
        kept->stays = false;
        if (kept->fresh)
            kept_free(keeper, kept);
    }
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);)
        ((struct kept *)value)->stays = false;
    pthread_mutex_unlock(&keeper->lock);
    for (size_t i = 0; i < move->view_count; i++) {
        if (move->views[i].made)
            zone_table_free(move->views[i].table);
        mem_free(move->views[i].name);
    }
    mem_free(move->views);
    acls_retire(keeper, move->acls);
    mem_free(move->all);
}

/* From here on `config` of each zone is that of the new configuration; nothing can fail any more. */
static void point_zones(struct keeper *keeper, struct move *move)
{
    const struct config *config = move->config;
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < config->zone_count; i++) {
        struct kept *kept = move->all[i];
        kept->config = &config->zones[i];
        kept->view = kept->config->view ? config->views[kept->config->view - 1].name : NULL;
        kept->added = false;
    }
    for (size_t i = config->zone_count; i < move->count; i++) {
        struct kept *kept = move->all[i];
        uint8_t key[2 + NAME_MAX_BYTES];
        struct added *added = table_find(keeper->added, key, added_key(key, zone_class(kept->zone), zone_name(kept->zone)));
        added_adopt(added, config);
        kept->config = &added->zone;
        kept->view = NULL;
        kept->added = true;
    }
    keeper->config_moving = config;
    pthread_mutex_unlock(&keeper->lock);
}

static void mark_view(struct move *move, size_t index, uint32_t mark)
{
    const struct config *config = move->config;
    if (move->views[index].all) {
        for (size_t i = 0; i < move->count; i++) {
            if (!move->all[i]->view)
                move->all[i]->mark = mark;
        }
        return;
    }
    for (size_t i = 0; i < config->views[index].zone_count; i++)
        move->all[config->views[index].zones[i]]->mark = mark;
}

/* Puts into a view's table what is marked, takes out what is not; a zone that takes the place of another of its name does so
 * at once, so that no question falls between them. */
static void settle_view(struct keeper *keeper, struct zone_table *table, uint32_t mark)
{
    const void *key;
    size_t length;
    void *value;
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);) {
        struct zone *zone = ((struct kept *)value)->zone;
        if (((struct kept *)value)->mark != mark || zone_table_get(table, zone_name(zone), zone_class(zone)) == zone)
            continue;
        if (zone_table_replace(table, zone) != OK && zone_table_add(table, zone) != OK)
            log_error(LOG_ZONE, "zone could not be put into its view");
    }
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);) {
        struct zone *zone = ((struct kept *)value)->zone;
        if (((struct kept *)value)->mark != mark && zone_table_get(table, zone_name(zone), zone_class(zone)) == zone)
            (void)!zone_table_remove(table, zone_name(zone), zone_class(zone));
    }
}

static void settle_tables(struct keeper *keeper, struct move *move)
{
    const void *key;
    size_t length;
    void *value;
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);)
        ((struct kept *)value)->mark = 0;
    for (size_t i = 0; i < move->view_count; i++) {
        mark_view(move, i, (uint32_t)i + 1);
        settle_view(keeper, move->views[i].table, (uint32_t)i + 1);
    }
    move->old_views = keeper->views;
    move->old_view_count = keeper->view_count;
    keeper->views = move->views;
    keeper->view_count = move->view_count;
}

/* Their tables are asked until nobody finds them in a setup any more. */
static void drop_views(struct keeper *keeper, struct move *move)
{
    for (size_t i = 0; i < move->old_view_count; i++) {
        if (!find_view(move->views, move->view_count, move->old_views[i].name))
            epoch_retire(keeper->options.epoch, move->old_views[i].table, zone_table_free);
        mem_free(move->old_views[i].name);
    }
    mem_free(move->old_views);
}

/* Drops what the configuration does not name any more; it is in no table. */
static void drop_rest(struct keeper *keeper, struct keeper_totals *totals)
{
    const void *key;
    size_t length;
    void *value;
    struct kept *gone[256];
    size_t count;
    do {
        count = 0;
        for (size_t at = 0; count < LENGTH_OF(gone) && table_next(keeper->zones, &at, &key, &length, &value);) {
            if (!((struct kept *)value)->stays)
                gone[count++] = value;
        }
        for (size_t i = 0; i < count; i++)
            kept_free(keeper, gone[i]);
        totals->removed += count;
    } while (count == LENGTH_OF(gone));
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);) {
        struct kept *kept = value;
        totals->added += kept->fresh;
        kept->stays = kept->fresh = false;
    }
}

static enum status prepare(struct keeper *keeper, struct move *move)
{
    move->acls = table_new();
    enum status st = move->acls ? move_views(keeper, move) : E_NOMEM;
    if (st == OK)
        st = move_zones(keeper, move);
    if (st == OK)
        st = move_added(keeper, move);
    if (st == OK)
        st = acls_build(move->acls, move->config);
    return st;
}

static void finish_move(struct keeper *keeper, struct move *move, struct keeper_totals *totals)
{
    struct table *old_acls = keeper->acls;
    for (size_t i = 0; i < move->count; i++) {
        if (acls_apply(keeper, move->acls, move->all[i]) == OK)
            continue;
        log_error(LOG_ZONE, "out of memory: a zone keeps its old access lists");
        old_acls = NULL;            /* so they must live on */
    }
    pthread_mutex_lock(&keeper->lock);
    settle_tables(keeper, move);
    keeper->config = move->config;
    keeper->config_moving = NULL;
    keeper->acls = move->acls;
    pthread_mutex_unlock(&keeper->lock);
    /* The setup in force names the old views, whose zones are found until it is replaced: only then may they go. */
    if (keeper->options.settled)
        keeper->options.settled(keeper->options.settled_context);
    pthread_mutex_lock(&keeper->lock);
    drop_views(keeper, move);
    drop_rest(keeper, totals);
    snapshots_sweep(keeper->snapshots);
    pthread_mutex_unlock(&keeper->lock);
    acls_retire(keeper, old_acls);
    mem_free(move->all);
}

enum status keeper_move(struct keeper *keeper, const struct config *config, bool first, bool force,
                        const struct keeper_progress *progress, struct keeper_totals *totals)
{
    struct move move = { .config = config };
    struct keeper_totals sums = { 0 };
    pthread_mutex_lock(&keeper->change);
    enum status st = prepare(keeper, &move);
    if (st != OK) {
        undo(keeper, &move);
    } else {
        point_zones(keeper, &move);
        if (!first)
            load_all(keeper, &(struct load_job){ move.all, move.count }, force, progress, &sums);
        finish_move(keeper, &move, &sums);
        *totals = sums;
    }
    pthread_mutex_unlock(&keeper->change);
    return st;
}

/* ---- loading at the start ---- */

void keeper_load(struct keeper *keeper, const struct keeper_progress *progress, struct keeper_totals *totals)
{
    const void *key;
    size_t length;
    void *value;
    pthread_mutex_lock(&keeper->change);
    struct load_job job = { .zones = mem_alloc((table_count(keeper->zones) + 1) * sizeof(struct kept *)) };
    for (size_t at = 0; job.zones && table_next(keeper->zones, &at, &key, &length, &value);) {
        if (!((struct kept *)value)->tried)
            job.zones[job.count++] = value;
    }
    load_all(keeper, &job, false, progress, totals);
    mem_free(job.zones);
    atomic_store(&keeper->ready, !atomic_load(&keeper->cancelled));
    pthread_mutex_unlock(&keeper->change);
    snapshots_wake(keeper->snapshots);
}

/* ---- for the setup and the numbers ---- */

void keeper_views_free(struct serve_view *views, size_t count)
{
    for (size_t i = 0; views && i < count; i++) {
        mem_free(views[i].name);
        acl_free(views[i].clients);
    }
    mem_free(views);
}

enum status keeper_views(const struct config *config, struct serve_view **out, size_t *count)
{
    size_t wanted = config->view_count ? config->view_count : 1;
    struct serve_view *views = mem_alloc(wanted * sizeof *views);
    enum status st = views ? OK : E_NOMEM;
    for (size_t i = 0; st == OK && i < wanted; i++) {
        views[i].name = mem_string(config->view_count ? config->views[i].name : "default");
        st = views[i].name ? OK : E_NOMEM;
        if (st == OK && config->view_count)
            st = config_acl_build(config, config->views[i].clients, &views[i].clients);
    }
    if (st != OK) {
        keeper_views_free(views, wanted);
        return st;
    }
    *out = views;
    *count = wanted;
    return OK;
}

void keeper_view_tables(const struct keeper *keeper, struct serve_view *views, size_t count)
{
    require(count == keeper->view_count);
    for (size_t i = 0; i < count; i++)
        views[i].zones = keeper->views[i].table;
}

void keeper_count(struct keeper *keeper, struct keeper_counts *out)
{
    const void *key;
    size_t length;
    void *value;
    struct keeper_counts counts = { .loads = atomic_load(&keeper->loads), .load_failures = atomic_load(&keeper->load_failures) };
    pthread_mutex_lock(&keeper->lock);
    counts.configured = table_count(keeper->zones);
    for (size_t at = 0; table_next(keeper->zones, &at, &key, &length, &value);) {
        const struct kept *kept = value;
        counts.loaded += zone_current(kept->zone) != NULL;
        counts.failed += kept->trouble != NULL;
        counts.loading += !kept->tried;
    }
    pthread_mutex_unlock(&keeper->lock);
    *out = counts;
}

void keeper_view_names(struct keeper *keeper, struct json_value *array)
{
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < keeper->view_count; i++)
        json_value_add(array, json_value_text(keeper->views[i].name));
    pthread_mutex_unlock(&keeper->lock);
}

const struct zone_table *keeper_view_table(struct keeper *keeper, const char *view)
{
    const struct zone_table *table = NULL;
    pthread_mutex_lock(&keeper->lock);
    for (size_t i = 0; i < keeper->view_count && !table; i++)
        if (!view || strcmp(keeper->views[i].name, view) == 0)
            table = keeper->views[i].table;
    pthread_mutex_unlock(&keeper->lock);
    return table;
}
