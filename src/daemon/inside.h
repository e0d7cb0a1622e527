/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef DAEMON_INSIDE_H
#define DAEMON_INSIDE_H

#include "daemon/keeper.h"
#include "net/net.h"
#include "policy/policy.h"
#include "zone/snapshot.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- keeper ---- */

/* One zone.  What loading writes is under keeper->lock; the rest changes under keeper->change. */
struct kept {
    struct zone *zone;
    const struct config_zone *config;   /* of the configuration, or of `added` */
    struct zone_files files;            /* of the last good reading */
    char *trouble;                      /* why the last load failed; NULL = it did not */
    char *warnings;                     /* what the check of the content told, as a JSON array; NULL = nothing */
    uint64_t load_ms, wire_bytes;       /* of the content; wire_bytes 0 = not counted yet */
    uint32_t loaded_seconds, mark;
    bool tried, added;                  /* added: at run time */
    bool from_snapshot;                 /* the content is, else from text */
    bool stays, fresh, has_acls;        /* while moving: named by the new configuration; not in a table yet */
    const char *view;                   /* of a zone that only one view has; NULL = of all. Borrowed with config. */
};
/* A zone added at run time: its own config_zone; options are those of the default template but for the class. */
struct added {
    struct config_zone zone;
    struct config_zone_options options;     /* what it points to belongs to the configuration: see added_adopt */
    char *file;
    uint16_t klass;
    uint8_t length, name[];             /* wire, lower case */
};
struct keeper_view { char *name; struct zone_table *table; bool all, made; /**< made for the move that goes on */ };
struct snapshots;

struct keeper {
    struct keeper_options options;
    char *journal;                      /* path; NULL = none */
    size_t journal_lines;
    pthread_mutex_t change;             /* one change at a time; may be held for long */
    pthread_mutex_t lock;               /* short: the set, and what loading writes */
    const struct config *config, *config_moving;    /* the second one only while a move goes on */
    struct table *zones;                /* key (see kept_key) -> struct kept */
    struct table *added;                /* class, name -> struct added */
    struct keeper_view *views; size_t view_count;
    struct table *acls;                 /* text of a list -> struct acl, of the configuration in force */
    struct snapshots *snapshots;        /* NULL = there is no place for them */
    _Atomic bool cancelled, ready;
    _Atomic uint64_t loads, load_failures;
};

enum { KEPT_KEY_BYTES = 2 + NAME_MAX_BYTES + 256 };
size_t kept_key(uint8_t key[KEPT_KEY_BYTES], uint16_t klass, struct name_view name, const char *view);
struct kept *kept_find(struct keeper *keeper, uint16_t klass, struct name_view name, const char *view);
struct kept *kept_new(struct keeper *keeper, const struct config_zone *config, const char *view);
void kept_free(struct keeper *keeper, struct kept *kept);       /* out of the tables already */
const char *kept_name(const struct kept *kept, char out[NAME_TEXT_ROOM]);
void kept_notify(struct keeper *keeper, struct kept *kept, size_t *sent);
/* In the views it belongs to, under both locks. */
MUST_CHECK enum status tables_add(struct keeper *keeper, struct kept *kept);
void tables_remove(struct keeper *keeper, struct kept *kept);

/* load.c */
struct load_job { struct kept **zones; size_t count; };
/* Loads each, several at a time; counts into totals. */
void load_all(struct keeper *keeper, const struct load_job *job, bool force, const struct keeper_progress *progress, struct keeper_totals *totals);
/* This thread lets all others go first, from now on and with those that it starts. */
void thread_give_way(void);
/* Loads one. @return OK, E_EXISTS (unchanged), else the reason, details in diag (may be NULL) */
enum status load_one(struct keeper *keeper, struct kept *kept, bool force, struct diagnostics *diag);

/* snapshots.c, snapshot_writer.c: versions of large zones as files, so that a start reads no text (docs/snapshot.md).  What goes wrong with them
 * stops nothing.  NULL is fine as `snapshots` wherever a zone is given, and to wake, sweep and free. */
enum { SNAPSHOT_NAME_ROOM = 48 };
struct snapshots {
    struct keeper *keeper;
    char *folder;
    _Atomic bool any;                   /* there is, or was, a file */
    /* From here on under keeper->lock. */
    struct table *present;              /* names of files that are there -> anything */
    struct table *wanted;               /* key of a zone -> struct snapshot_wish */
    const struct kept *writing;         /* NULL = nothing; only compared */
    bool sweep, ends, started;
    pthread_cond_t wake;
    pthread_t thread;
    _Atomic bool outdated;              /* what is being written is not what is served any more */
    _Atomic bool complained;            /* since the last file was written */
};
/* What was told about a content: see struct kept. */
struct told { char *warnings; uint64_t count; };
struct snapshots *snapshots_new(struct keeper *keeper, const char *folder);     /* NULL when out of memory */
void snapshots_free(struct snapshots *snapshots);                               /* ends its thread */
/* The version that was kept, if it is of the zone's sources as they are. @param out  without a note, which is in `told` */
MUST_CHECK enum status snapshots_read(struct snapshots *snapshots, const struct kept *kept, const char *source, unsigned threads, struct zone_snapshot *out,
                                      struct told *told);
/* Under the lock: a version has been published whose text was read at that time of day; it is written if that is worth it. */
void snapshots_want(struct snapshots *snapshots, const struct kept *kept, const struct told *told, int64_t read_ns);
/* Under the lock: the zone goes. */
void snapshots_forget(struct snapshots *snapshots, const struct kept *kept);
/* Under the lock: files that no zone has any more are to go. */
void snapshots_sweep(struct snapshots *snapshots);
/* Not under the lock: the keeper is ready, or cancelled. */
void snapshots_wake(struct snapshots *snapshots);

struct snapshot_wish { const struct kept *kept; char note[]; };
void snapshot_name(const struct kept *kept, char out[SNAPSHOT_NAME_ROOM]);
bool snapshot_name_is(const char *name, bool *part);    /* part: one that was not finished */
bool snapshot_worth(const struct snapshots *snapshots, const struct kept *kept);    /* under the lock: has one, or will when it is loaded */
void snapshots_complain(struct snapshots *snapshots, const char *path, const char *reason);
/* The folder is there and only ours to write; else tells why not. */
bool snapshots_folder_sound(struct snapshots *snapshots);
void *snapshot_writer_main(void *snapshots);

/* acls.c: shared by zones of equal lists */
MUST_CHECK enum status acls_build(struct table *acls, const struct config *config);
MUST_CHECK enum status acls_apply(struct keeper *keeper, struct table *acls, struct kept *kept);
void acls_retire(struct keeper *keeper, struct table *acls);

/* journal.c: one JSON line per change, appended and synced; rewritten at the start */
MUST_CHECK enum status journal_read(struct keeper *keeper);
MUST_CHECK enum status journal_append(struct keeper *keeper, const struct added *added, bool removed);
struct added *added_new(struct name_view name, uint16_t klass, const char *file);
void added_adopt(struct added *added, const struct config *config);
void added_free(struct added *added);
size_t added_key(uint8_t key[2 + NAME_MAX_BYTES], uint16_t klass, struct name_view name);

/* ---- the house ---- */

struct chains;
struct mounts_source;
struct house {
    const char *config_path;
    struct config *config;
    struct epoch *epoch;
    struct serve *serve;
    struct net *net;
    struct net_kernel *kernel;          /* NULL = the kernel answers nothing */
    struct serve_kernel *kernel_filler;
    struct keeper *keeper;
    struct chains *chains;              /* NULL = the configuration has none */
    struct mounts_source *mounts_source;    /* NULL = nothing is mounted */
    struct serve_source source;         /* its entry in the hall */
    uint64_t root_generation;           /* that collisions were last looked at with */
    bool root_looked;
    struct notifier *notifier;
    struct control *control;
    struct rrl *rrl;
    struct acl *rrl_exempt;
    struct tap *tap;
    struct budget *budget;
    unsigned workers;
    pthread_t *threads;
    pthread_t steward, cleaner, filler;
    bool steward_runs, cleaner_runs, filler_runs;
    unsigned worker_started;
    int wake;                           /* eventfd: the main thread should look */
    struct tap_counters last_tap; uint64_t last_evictions;      /* under lock */
    struct cookie_secrets secrets;      /* in force */
    struct parts *moving;               /* to be put in force while the keeper moves; NULL = it does not */
    struct beat { _Atomic bool asked; _Atomic uint64_t asked_ms; } *beats;  /* one per worker: asked to show that it turns */
    _Atomic bool stopping, ready, cleaner_ends, stop_wanted;
    _Atomic uint64_t generation, reloads, reloads_failed;
    uint64_t started_ms, started_unix;
    pthread_mutex_t lock;               /* of reloads, and of the parts that they replace */
    pthread_cond_t wanted;
    bool reload_wanted;                 /* under jobs */
    pthread_mutex_t jobs;
};

/* setup.c: from configuration to what the rooms below take */
struct parts {                          /* made before anything changes */
    struct serve_setup *setup;          /* the tables of its views are still to come */
    struct rrl *rrl; struct acl *rrl_exempt; bool new_rrl;
    struct tap *tap; bool new_tap;
};
MUST_CHECK enum status parts_make(const struct house *house, const struct config *config, struct parts *out, struct diagnostics *diag);
void parts_clear(struct parts *parts);
/* listeners: heap, of the caller */
MUST_CHECK enum status net_options_make(const struct house *house, const struct config *config, struct net_options *out, struct net_listener **listeners);
MUST_CHECK enum status log_apply(const struct config *config);
unsigned workers_wanted(const struct config *config);
/* Of the files, or a random one; the caller wipes them. */
MUST_CHECK enum status secrets_read(const struct config *config, struct cookie_secrets *out, struct diagnostics *diag);

/* xdp.c: answers in the kernel, where listeners have `xdp` */
MUST_CHECK enum status house_kernel_open(struct house *house, struct diagnostics *diag);    /* before privileges are dropped */
void house_kernel_withdraw(struct house *house, const struct config *next);
void house_kernel_change(struct house *house, const struct config *next, struct diagnostics *diag);
MUST_CHECK enum status house_kernel_start(struct house *house);
void house_kernel_end(struct house *house);         /* its thread */
void house_kernel_close(struct house *house);

/* check.c: for `rhizd -t`. It may become server.user, so exit after it. @return OK, E_INVALID */
MUST_CHECK enum status house_check(const struct config *config, struct diagnostics *diag);

/* house.c */
MUST_CHECK enum status house_open(struct house *house, struct diagnostics *diag);       /* sockets; before privileges are dropped */
MUST_CHECK enum status house_start(struct house *house, struct diagnostics *diag);   /* threads */
void house_close(struct house *house);
MUST_CHECK enum status house_reload(struct house *house, bool force, const struct keeper_progress *progress, struct keeper_totals *totals,
                                    struct diagnostics *diag);
void house_wake(struct house *house);
/* Asks each worker that has answered the last time. */
void house_beat(struct house *house);
void house_request_reload(struct house *house);

/* verbs.c */
extern const struct control_verb house_verbs[];
extern const size_t house_verb_count;
extern const char *const house_later_verbs[];   /* NULL ends */
void house_numbers(void *context, struct control_numbers *out);
void house_zones(void *context, control_zone_fn *each, void *each_context);
bool house_live(void *context);

/* explain.c */
enum control_code verb_explain(void *context, const struct json_value *args, struct control_answer *answer);

/* chains_verbs.c */
enum control_code verb_chain_status(void *context, const struct json_value *args, struct control_answer *answer);
enum control_code verb_cache_stats(void *context, const struct json_value *args, struct control_answer *answer);
enum control_code verb_cache_show(void *context, const struct json_value *args, struct control_answer *answer);
enum control_code verb_cache_flush(void *context, const struct json_value *args, struct control_answer *answer);
/* chains_metrics.c */
void house_chain_metrics(void *context, struct text *out);
/* Mounts and the root zone, where that has changed since the last look. Main thread. */
void house_look_at_root(struct house *house);

/* process.c */
/* server.user, or who we are. @return OK, E_NOT_FOUND */
MUST_CHECK enum status user_find(const struct config *config, unsigned *user, unsigned *group, struct diagnostics *diag);
MUST_CHECK enum status user_become(const char *name, unsigned user, unsigned group, struct diagnostics *diag);
MUST_CHECK enum status privileges_drop(struct house *house, struct diagnostics *diag);
void manager_tell(const char *state);
void manager_store(struct house *house);

#endif
