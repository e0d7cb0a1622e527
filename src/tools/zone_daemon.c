/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz zone list|show|add|remove|reload|notify`: the daemon's zones. */
#include "tools/control_client.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct json_value *place_args(const struct tool_call *call)
{
    struct json_value *args = json_value_object();
    json_value_set_text(args, "class", call->values[OPTION_CLASS]);
    json_value_set_text(args, "view", call->values[OPTION_VIEW]);
    return args;
}

static const char *view_text(const struct json_value *zone, char *out, size_t room)
{
    const struct json_value *view = json_value_get(zone, "view");
    struct text text;
    if (!json_value_is_array(view))
        return json_value_as_text(view);
    text_fixed(&text, out, room);
    for (size_t i = 0; i < json_value_count(view); i++) {
        const char *name = json_value_as_text(json_value_at(view, i));
        text_add_format(&text, "%s%s", i == 0 ? "" : ",", name != NULL ? name : "?");
    }
    return out;
}

int zone_list_run(const struct tool_call *call)
{
    static const char *const head[] = { "ZONE", "CLASS", "VIEW", "STATE", "SERIAL", "RECORDS", "SOURCE", "FILE" };
    struct json_value *args = json_value_object(), *reply = NULL;
    json_value_set_text(args, "view", call->values[OPTION_VIEW]);
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result"), *zones = json_value_get(result, "zones");
    if (call->values[OPTION_JSON] != NULL) {
        rc = control_print_json(call, result);
    } else {
        struct columns_table *table = columns_new(LENGTH_OF(head));
        for (size_t i = 0; i < LENGTH_OF(head); i++)
            columns_add(table, head[i]);
        for (size_t i = 0; i < json_value_count(zones); i++) {
            const struct json_value *z = json_value_at(zones, i);
            char serial[32], records[32], views[256] = "";
            columns_add(table, json_value_get_text(z, "name"));
            columns_add(table, json_value_get_text(z, "class"));
            columns_add(table, view_text(z, views, sizeof views));
            columns_add(table, json_value_get_text(z, "state"));
            columns_add(table, control_number(z, "serial", serial));
            columns_add(table, control_number(z, "records", records));
            columns_add(table, json_value_get_text(z, "source"));
            columns_add(table, json_value_get_text(z, "file"));
        }
        columns_print(table, stdout, 1u << 4 | 1u << 5);
        columns_free(table);
    }
    json_value_free(reply);
    return rc;
}

static void moment_print(const char *label, uint64_t when)
{
    char text[64];
    time_t t = (time_t)when;
    struct tm tm;
    if (localtime_r(&t, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &tm) > 0)
        printf("%-12s %s\n", label, text);
}

static void zone_print(const struct json_value *zone)
{
    static const char *const texts[] = { "name", "class", "state", "source", "file", "from", "denial", "error" }, *const numbers[] = { "serial", "records", "nodes", "bytes", "generation" };
    const struct json_value *files = json_value_get(zone, "files"), *warnings = json_value_get(zone, "warnings");
    char number[32], views[256] = "";
    uint64_t when;
    for (size_t i = 0; i < LENGTH_OF(texts); i++)
        if (json_value_get_text(zone, texts[i]) != NULL)
            printf("%-12s %s\n", texts[i], json_value_get_text(zone, texts[i]));
    const char *view = view_text(zone, views, sizeof views);
    if (view != NULL)
        printf("%-12s %s\n", "view", view);
    for (size_t i = 0; i < LENGTH_OF(numbers); i++)
        if (control_number(zone, numbers[i], number) != NULL)
            printf("%-12s %s\n", numbers[i], number);
    if (json_value_get_u64(zone, "loaded", &when))
        moment_print("loaded", when);
    for (size_t i = 0; i < json_value_count(files); i++) {
        const char *file = json_value_as_text(json_value_at(files, i));
        printf("%-12s %s\n", i == 0 ? "read" : "", file != NULL ? file : "-");
    }
    for (size_t i = 0; i < json_value_count(warnings); i++) {
        const char *line = json_value_as_text(json_value_at(warnings, i));
        printf("%-12s %s\n", i == 0 ? "warnings" : "", line != NULL ? line : "-");
    }
}

int zone_show_run(const struct tool_call *call)
{
    struct json_value *args = place_args(call), *reply = NULL;
    json_value_set_text(args, "name", call->arguments[0]);
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result");
    if (call->values[OPTION_JSON] != NULL)
        rc = control_print_json(call, result);
    else
        zone_print(json_value_get(result, "zone"));
    json_value_free(reply);
    return rc;
}

static void change_print(const char *verb, const char *zone, const struct json_value *result)
{
    char a[32], b[32], c[32];
    const struct json_value *added = json_value_get(result, "zone");
    if (strcmp(verb, "add") == 0) {
        printf("serving %s, serial %s\n", json_value_get_text(added, "name") != NULL ? json_value_get_text(added, "name") : zone,
               control_number(added, "serial", a) != NULL ? a : "not known");
    } else if (strcmp(verb, "remove") == 0) {
        printf("removed %s\n", zone);
    } else if (strcmp(verb, "notify") == 0) {
        printf("%s notifications queued\n", control_number(result, "sent", a) != NULL ? a : "0");
    } else {
        const char *loaded = control_number(result, "loaded", a), *unchanged = control_number(result, "unchanged", b), *failed = control_number(result, "failed", c);
        printf("loaded %s, unchanged %s, failed %s\n", loaded ? loaded : "0", unchanged ? unchanged : "0", failed ? failed : "0");
    }
}

int zone_change_run(const struct tool_call *call)
{
    struct json_value *args = place_args(call), *reply = NULL;
    char path[PATH_MAX];
    uint64_t failed = 0;
    json_value_set_text(args, "name", call->arguments[0]);
    if (strcmp(call->command->verb, "add") == 0) {
        /* the daemon has another working directory; where the file cannot be seen from here, it may still see it */
        json_value_set_text(args, "file", realpath(call->arguments[1], path) != NULL ? path : call->arguments[1]);
    }
    if (call->values[OPTION_FORCE] != NULL)
        json_value_set_bool(args, "force", true);
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result");
    if (call->values[OPTION_JSON] != NULL)
        rc = control_print_json(call, result);
    else
        change_print(call->command->verb, call->arguments[0], result);
    if (rc == TOOL_DONE && json_value_get_u64(result, "failed", &failed) && failed > 0)
        rc = TOOL_FAILED;
    json_value_free(reply);
    return rc;
}
