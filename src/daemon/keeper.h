/* SPDX-License-Identifier: Apache-2.0 */
/** @file daemon/keeper.h -- the set of zones: those of the configuration and those added at run time.
 *
 *  Zones are loaded on threads of the keeper's own; workers see a new version whole or not at all, and a file with
 *  errors never replaces what is served.  Changes are serialised by one lock, which readers of the set (lists,
 *  counters) do not wait for. */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "config/config.h"
#include "control/control.h"
#include "serve/kernel.h"
#include "serve/serve.h"
#include "transfer/transfer.h"
#include "zone/check.h"

struct keeper;
struct kept;

struct keeper_options {
    struct epoch *epoch;
    struct notifier *notifier;      /**< NULL = tell nobody */
    struct serve_kernel *kernel;    /**< told of what is published, and of the set of zones; may be NULL */
    const char *journal;            /**< file of the zones added at run time; NULL = they are not kept */
    const char *snapshots;          /**< folder of the versions of large zones, made when there is something for it; NULL = none are kept */
    unsigned loaders;               /**< threads */
    /** Called by keeper_move once zones and views are as the new configuration has them, before what it does not name any
     *  more is retired: the place for a setup with the new tables (keeper_view_tables), as the one in force has the old. May be NULL. */
    void (*settled)(void *context);
    void *settled_context;
};
/** NULL when out of memory. */
struct keeper *keeper_new(const struct keeper_options *options);
/** No worker, loader or control thread may be left. */
void keeper_free(struct keeper *keeper);
/** Loading ends as soon as it can; nothing is loaded any more.  Any thread. */
void keeper_cancel(struct keeper *keeper);

/** What a load or change came to. */
struct keeper_totals { uint64_t loaded, unchanged, failed, added, removed; };
/** Called about every second while it lasts; may be NULL. */
struct keeper_progress { void (*tell)(void *context, const char *text, uint64_t done, uint64_t total); void *context; };

/** Moves to a configuration, which it borrows until the next move; the keeper's old one may be freed after the return.
 *  @param first  the start: zones go into their tables unloaded (SERVFAIL, EDE 14), keeper_load follows.  Else what is new or has
 *                changed is loaded first, so that on return the new versions answer.
 *  @param force  read files too that have not changed
 *  @return OK, E_NOMEM (nothing has changed).  Broken zone files are in totals, not errors. */
MUST_CHECK enum status keeper_move(struct keeper *keeper, const struct config *config, bool first, bool force,
                                   const struct keeper_progress *progress, struct keeper_totals *totals);
/** Loads all that has not been tried yet. */
void keeper_load(struct keeper *keeper, const struct keeper_progress *progress, struct keeper_totals *totals);
/** Every configured zone has been tried. */
bool keeper_ready(const struct keeper *keeper);

/** The views for a setup, in order: name and ACL of clients.  @param out owned by the caller, as serve_setup has it */
MUST_CHECK enum status keeper_views(const struct config *config, struct serve_view **out, size_t *count);
void keeper_views_free(struct serve_view *views, size_t count);
/** Their tables; `views` were made of the configuration that the keeper moved to last. */
void keeper_view_tables(const struct keeper *keeper, struct serve_view *views, size_t count);

/** The table of a view; NULL: the first.  For who is a reader (base/epoch.h).  NULL when there is no such view. */
const struct zone_table *keeper_view_table(struct keeper *keeper, const char *view);
/** Names of the views into an array. */
void keeper_view_names(struct keeper *keeper, struct json_value *array);

/* ---- verbs; each takes the lock it needs ---- */
struct keeper_name { const char *name, *klass, *view; };    /**< as the user wrote them; NULL = default */
enum control_code keeper_list(struct keeper *keeper, const char *view, struct control_answer *answer);
enum control_code keeper_show(struct keeper *keeper, const struct keeper_name *name, struct control_answer *answer);
enum control_code keeper_add(struct keeper *keeper, const struct keeper_name *name, const char *file, struct control_answer *answer);
enum control_code keeper_remove(struct keeper *keeper, const struct keeper_name *name, struct control_answer *answer);
enum control_code keeper_reload(struct keeper *keeper, const struct keeper_name *name, bool force, struct control_answer *answer);
enum control_code keeper_notify(struct keeper *keeper, const struct keeper_name *name, struct control_answer *answer);
/** Which zones could not be loaded and why, as details; at most 20, then how many more. */
void keeper_tell_failures(struct keeper *keeper, struct control_answer *answer);
/** RSSAC002: zone-size and load-time, of at most 100 zones. */
void keeper_rssac(struct keeper *keeper, struct json_value *out);
/** For counters: zones that were asked, at most `limit` (0 = all). */
void keeper_each_asked(struct keeper *keeper, const struct serve *serve, size_t limit, control_zone_fn *each, void *context);

struct keeper_counts { uint64_t configured, loaded, failed, loading, loads, load_failures; };
void keeper_count(struct keeper *keeper, struct keeper_counts *out);

#endif
