/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz status|stats|reload|stop|log`: the daemon over its control socket. */
#include "tools/control_client.h"

#include <string.h>
#include <time.h>

/* Any value as one line: texts bare, the rest as JSON. */
static void value_add(struct text *out, const struct json_value *value)
{
    if (json_value_as_text(value) != NULL)
        text_add(out, json_value_as_text(value));
    else if (json_value_is_array(value))
        for (size_t i = 0; i < json_value_count(value); i++) {
            text_add(out, i == 0 ? "" : ", ");
            value_add(out, json_value_at(value, i));
        }
    else if (json_value_print(value, false, out) != OK)
        text_add(out, "?");
}

static void member_print(void *context, const char *key, struct json_value *member);

static void flat_print(const char *prefix, const struct json_value *object)
{
    if (json_value_is_object(object))
        json_value_each(object, member_print, (void *)prefix);
}

static void member_print(void *context, const char *key, struct json_value *member)
{
    const char *prefix = context;
    char name[128];
    struct text text;
    snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", key);
    if (json_value_is_object(member) && strlen(name) < 100) {
        flat_print(name, member);
        return;
    }
    text_growing(&text);
    value_add(&text, member);
    printf("%-28s  %s\n", name, text.data != NULL ? text.data : "");
    text_clear(&text);
}

static void uptime_print(uint64_t s)
{
    printf("%-28s  ", "uptime");
    if (s >= 86400)
        printf("%llu days ", (unsigned long long)(s / 86400));
    printf("%02u:%02u:%02u\n", (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

static void started_print(uint64_t when)
{
    char text[64];
    time_t t = (time_t)when;
    struct tm tm;
    if (localtime_r(&t, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &tm) > 0)
        printf("%-28s  %s\n", "started", text);
}

static void status_member_print(void *context, const char *key, struct json_value *member)
{
    if (strcmp(key, "started") == 0) {
        started_print(json_value_as_u64(member));
        return;
    }
    if (strcmp(key, "uptime") == 0)
        uptime_print(json_value_as_u64(member));
    else
        member_print(context, key, member);
}

/* Asks, and hands the reply to one of the printers. */
static int ask_print(const struct tool_call *call, struct json_value *args, void (*print)(const struct tool_call *call, const struct json_value *result))
{
    struct json_value *reply = NULL;
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result");
    if (call->values[OPTION_JSON] != NULL && result != NULL)
        rc = control_print_json(call, result);
    else
        print(call, result);
    uint64_t failed = 0;
    if (rc == TOOL_DONE && strcmp(call->command->noun, "reload") == 0 && json_value_get_u64(json_value_get(result, "zones"), "failed", &failed) && failed > 0)
        rc = TOOL_FAILED;               /* as `zone reload` */
    json_value_free(reply);
    return rc;
}

static void status_print(const struct tool_call *call, const struct json_value *result)
{
    (void)call;
    json_value_each(result, status_member_print, "");
}

int daemon_status_run(const struct tool_call *call) { return ask_print(call, NULL, status_print); }

static void stats_print(const struct tool_call *call, const struct json_value *result)
{
    const struct json_value *zones = json_value_get(result, "zones");
    (void)call;
    flat_print("", json_value_get(result, "counters"));
    for (size_t i = 0; i < json_value_count(zones); i++) {
        const struct json_value *z = json_value_at(zones, i);
        const char *name = json_value_get_text(z, "name"), *view = json_value_get_text(z, "view");
        printf("\nzone %s%s%s\n", name != NULL ? name : "?", view != NULL ? " view " : "", view != NULL ? view : "");
        flat_print("", json_value_get(z, "counters"));
    }
}

/* The documents begin with the moment since which is counted; `status` knows it. */
static int rssac_run(const struct tool_call *call, struct json_value *args)
{
    struct json_value *status = NULL, *stats = NULL;
    int rc = control_ask(call, "status", NULL, &status);
    if (rc == TOOL_DONE)
        rc = control_ask(call, call->command->control_verb, args, &stats);
    else
        json_value_free(args);
    if (rc == TOOL_DONE)
        rssac_print(json_value_get(json_value_get(stats, "result"), "rssac"), json_value_as_u64(json_value_get(json_value_get(status, "result"), "started")));
    json_value_free(status);
    json_value_free(stats);
    return rc;
}

int daemon_stats_run(const struct tool_call *call)
{
    bool zones = call->values[OPTION_ZONES] != NULL, rssac = call->values[OPTION_RSSAC] != NULL, json = call->values[OPTION_JSON] != NULL;
    if (zones && rssac && !json)
        return tools_complain(call, TOOL_USAGE, "--zones and --rssac are two reports; ask for one, or for both with --json");
    struct json_value *args = json_value_object();
    if (zones)
        json_value_set_bool(args, "zones", true);
    if (rssac)
        json_value_set_bool(args, "rssac", true);
    return rssac && !json ? rssac_run(call, args) : ask_print(call, args, stats_print);
}

static void simple_print(const struct tool_call *call, const struct json_value *result)
{
    const struct json_value *warnings = json_value_get(result, "warnings");
    if (strcmp(call->command->noun, "stop") == 0) {
        puts("the daemon ends");
        return;
    }
    for (size_t i = 0; i < json_value_count(warnings); i++) {
        const char *line = json_value_as_text(json_value_at(warnings, i));
        fprintf(stderr, "warning: %s\n", line != NULL ? line : "");
    }
    puts("reloaded");
    flat_print("zones", json_value_get(result, "zones"));
}

int daemon_simple_run(const struct tool_call *call)
{
    struct json_value *args = json_value_object();
    if (call->values[OPTION_FORCE] != NULL)
        json_value_set_bool(args, "force", true);
    return ask_print(call, args, simple_print);
}

static void log_print(const struct tool_call *call, const struct json_value *result)
{
    const char *level = json_value_get_text(result, "level");
    printf("%slog level %s\n", strcmp(call->command->verb, "reopen") == 0 ? "reopened, " : "", level != NULL ? level : "not told");
}

int log_run(const struct tool_call *call)
{
    static const char *const levels[] = { "error", "warning", "info", "debug" };
    struct json_value *args = json_value_object();
    bool known = strcmp(call->command->verb, "reopen") == 0;
    for (size_t i = 0; !known && i < LENGTH_OF(levels); i++)
        known = strcmp(levels[i], call->arguments[0]) == 0;
    if (!known) {
        json_value_free(args);
        return tools_complain(call, TOOL_USAGE, "`%s` is not a level; error, warning, info and debug are", call->arguments[0]);
    }
    if (call->count == 0)
        json_value_set_bool(args, "reopen", true);
    else
        json_value_set_text(args, "level", call->arguments[0]);
    return ask_print(call, args, log_print);
}
