/* SPDX-License-Identifier: Apache-2.0 */
/** @file control/control.h -- the control socket, metrics and health.
 *
 *  One thread accepts, one short-lived thread per connection serves; both are bounded in number, time and size, and
 *  none of them is a worker's.  What a verb does is passed in by `daemon`; the room knows the protocol
 *  (docs/control-protocol.md) and the shape of numbers. */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/base.h"
#include "json/json.h"
#include "net/kernel.h"
#include "net/net.h"
#include "serve/serve.h"
#include "tap/tap.h"
#include "transfer/transfer.h"

enum { CONTROL_REQUEST_BYTES = 65536, CONTROL_REPLY_BYTES = 16 << 20, CONTROL_CLIENTS = 32, CONTROL_HTTP_CLIENTS = 16 };

/* ---- verbs ---- */

enum control_code { CONTROL_OK, CONTROL_USAGE, CONTROL_NOT_FOUND, CONTROL_REFUSED, CONTROL_FAILED };
/** One request being answered; belongs to the thread of its connection. */
struct control_answer;
/** The object that becomes `result`; fill it. */
struct json_value *control_result(struct control_answer *answer);
/** A member of the result that is printed already, for long lists; takes the text, which must be valid JSON. */
void control_result_raw(struct control_answer *answer, const char *key, struct text *json);
/** A line while it lasts.  total 0 = not known. */
void control_progress(struct control_answer *answer, const char *text, uint64_t done, uint64_t total);
/** Says why it failed.  hint may be NULL.  @return code, for `return control_fail(...)` */
enum control_code control_fail(struct control_answer *answer, enum control_code code, const char *hint, const char *format, ...) PRINTF_LIKE(4, 5);
/** A line of `details`. */
void control_detail(struct control_answer *answer, const char *text);
/** All of a sink as details, as a compiler would print it.  NULL, which memory running out leaves, is fine. */
void control_details(struct control_answer *answer, const struct diagnostics *diag);

struct control_argument { const char *name; bool flag; /**< true or false; else a text */ };
struct control_verb {
    const char *name;
    const struct control_argument *arguments;   /**< ends with a NULL name; NULL = none */
    /** @param args  NULL or an object whose members are as `arguments` says */
    enum control_code (*run)(void *context, const struct json_value *args, struct control_answer *answer);
    /** Called once the reply has been sent; may be NULL. */
    void (*after)(void *context);
};

/* ---- numbers ---- */

struct control_numbers {
    struct net_counters net;
    struct serve_counters serve;
    struct tap_counters tap;
    struct net_kernel_counters kernel;      /**< zeros when the kernel answers nothing; its answers are in `serve` too */
    struct notifier_counters notify;
    uint64_t zones_configured, zones_loaded, zones_failed, zones_loading;
    uint64_t started_seconds, uptime_seconds, generation, reloads, reloads_failed, zone_loads, zone_load_failures;
    uint64_t rrl_evictions, check_failures, memory_bytes;
    bool ready;
};
typedef void control_zone_fn(void *context, const char *name, const char *klass, const char *view, const struct serve_zone_counters *counters);
/** Counters as one object: what `rhiz stats` shows. */
void control_stats(const struct control_numbers *numbers, struct json_value *out);
void control_stats_zone(const struct serve_zone_counters *counters, struct json_value *out);
/** RSSAC002v4: traffic-volume, rcode-volume, traffic-sizes, unique-sources; who keeps the zones adds zone-size and load-time. */
void control_rssac(const struct control_numbers *numbers, struct json_value *out);
/** Prometheus text format 0.0.4.  zones may be NULL; it is called with the writer's function. */
void control_metrics(const struct control_numbers *numbers,
                     void (*zones)(void *context, control_zone_fn *each, void *each_context), void *context, struct text *out);

/* ---- the server ---- */

struct control_options {
    const char *path;                   /**< of the Unix socket */
    const struct endpoint *metrics;     /**< NULL = none */
    bool metrics_zones;
    const struct control_verb *verbs; size_t verb_count;    /**< borrowed for life */
    const char *const *later_verbs;     /**< known, but not in this version; ends with NULL; NULL = none */
    void (*numbers)(void *context, struct control_numbers *out);
    void (*zones)(void *context, control_zone_fn *each, void *each_context);   /**< zones that were asked, at most 1000 */
    void (*more_metrics)(void *context, struct text *out);     /**< metrics of parts that this room does not know; NULL = none */
    bool (*live)(void *context);        /**< for /health/live: the process does its work */
    void *context;
};
struct control;
/** Opens both sockets; before privileges are dropped.  A socket file that nobody listens on is replaced.
 *  @return OK, E_EXISTS (another daemon listens there), E_SYSTEM; the reason is in diagnostics */
MUST_CHECK enum status control_open(const struct control_options *options, struct control **out, struct diagnostics *diag);
/** Gives the socket file to who the daemon becomes. */
void control_give(struct control *control, unsigned user, unsigned group);
MUST_CHECK enum status control_start(struct control *control);
/** Lets running verbs end (they are told nothing: whoever stops sees to it that they can), closes all, removes the socket. NULL is fine. */
void control_stop(struct control *control);
/** Where metrics really listen (port 0 in the options). */
struct endpoint control_metrics_endpoint(const struct control *control);

#endif
