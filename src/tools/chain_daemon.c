/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz chain status`, `rhiz cache show|flush|stats`: what the daemon follows, and what it knows by that. */
#include "tools/control_client.h"

#include <string.h>

static void add_numbers(struct columns_table *table, const struct json_value *object, const char *const *keys, size_t count)
{
    char text[32];
    for (size_t i = 0; i < count; i++)
        columns_add(table, control_number(object, keys[i], text));
}

static struct columns_table *table_of(const char *const *head, size_t count)
{
    struct columns_table *table = columns_new(count);
    for (size_t i = 0; i < count; i++)
        columns_add(table, head[i]);
    return table;
}

static void chains_print(const struct json_value *chains)
{
    static const char *const head[] = { "CHAIN", "ID", "HEALTH", "HEAD", "AGE", "CALLS", "LOGS", "REORGS", "DISAGREED" };
    static const char *const keys[] = { "head", "head_age", "calls", "logs", "reorganisations", "disagreements" };
    char text[32];
    struct columns_table *table = table_of(head, LENGTH_OF(head));
    for (size_t i = 0; i < json_value_count(chains); i++) {
        const struct json_value *c = json_value_at(chains, i);
        columns_add(table, json_value_get_text(c, "name"));
        columns_add(table, control_number(c, "chain_id", text));
        columns_add(table, json_value_get_text(c, "health"));
        add_numbers(table, c, keys, LENGTH_OF(keys));
    }
    columns_print(table, stdout, 0x1fau);
    columns_free(table);
}

static void providers_print(const struct json_value *chains)
{
    static const char *const head[] = { "PROVIDER", "CHAIN", "OPERATOR", "STATE", "HEAD", "LATENCY ms", "CALLS", "FAILED", "LIMITED", "DISAGREED", "WHY" };
    static const char *const keys[] = { "calls", "failures", "limited", "disagreed" };
    char text[32];
    struct columns_table *table = table_of(head, LENGTH_OF(head));
    for (size_t i = 0; i < json_value_count(chains); i++) {
        const struct json_value *providers = json_value_get(json_value_at(chains, i), "providers");
        for (size_t k = 0; k < json_value_count(providers); k++) {
            const struct json_value *p = json_value_at(providers, k);
            uint64_t us = 0;
            (void)json_value_get_u64(p, "latency_us", &us);
            columns_add(table, json_value_get_text(p, "name"));
            columns_add(table, json_value_get_text(json_value_at(chains, i), "name"));
            columns_add(table, json_value_get_text(p, "operator"));
            columns_add(table, json_value_get_text(p, "state"));
            columns_add(table, control_number(p, "head", text));
            snprintf(text, sizeof text, "%.1f", (double)us / 1000);
            columns_add(table, text);
            add_numbers(table, p, keys, LENGTH_OF(keys));
            columns_add(table, json_value_get_text(p, "reason"));
        }
    }
    columns_print(table, stdout, 0x3f0u);
    columns_free(table);
}

static void mounts_print(const struct json_value *mounts)
{
    static const char *const head[] = { "MOUNT", "SYSTEM", "STATE", "ASKED", "LOOKUPS", "INVALIDATED", "DROPPED", "STALE", "WAITING", "COLLIDES" };
    static const char *const keys[] = { "asked", "lookups", "invalidated", "dropped", "stale", "waiting" };
    struct columns_table *table = table_of(head, LENGTH_OF(head));
    for (size_t i = 0; i < json_value_count(mounts); i++) {
        const struct json_value *m = json_value_at(mounts, i);
        columns_add(table, json_value_get_text(m, "suffix"));
        columns_add(table, json_value_get_text(m, "system"));
        columns_add(table, json_value_get_text(m, "health"));
        add_numbers(table, m, keys, LENGTH_OF(keys));
        columns_add(table, json_value_get_bool(m, "collides") ? "yes" : "no");
    }
    columns_print(table, stdout, 0x1f8u);
    columns_free(table);
}

int chain_status_run(const struct tool_call *call)
{
    struct json_value *args = json_value_object(), *reply = NULL;
    json_value_set_text(args, "name", call->count > 0 ? call->arguments[0] : NULL);
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result"), *chains = json_value_get(result, "chains"), *mounts = json_value_get(result, "mounts");
    if (call->values[OPTION_JSON] != NULL) {
        rc = control_print_json(call, result);
    } else {
        chains_print(chains);
        putchar('\n');
        providers_print(chains);
        if (json_value_count(mounts)) {
            putchar('\n');
            mounts_print(mounts);
        }
    }
    json_value_free(reply);
    return rc;
}

static void entries_print(const struct json_value *result)
{
    static const char *const head[] = { "NAME", "CHAIN", "BLOCK", "CHECKED", "RESTS ON", "LEFT ms" };
    const struct json_value *entries = json_value_get(result, "entries");
    char text[32];
    struct columns_table *table = table_of(head, LENGTH_OF(head));
    for (size_t i = 0; i < json_value_count(entries); i++) {
        const struct json_value *e = json_value_at(entries, i);
        columns_add(table, json_value_get_text(e, "name"));
        columns_add(table, json_value_get_text(e, "chain"));
        columns_add(table, control_number(e, "born", text));
        columns_add(table, json_value_get_text(e, "checked"));
        columns_add(table, control_number(e, "dependencies", text));
        columns_add(table, control_number(e, "valid_ms", text));
    }
    columns_print(table, stdout, 0x34u);
    columns_free(table);
    uint64_t left = 0;
    if (json_value_get_u64(result, "left_out", &left) && left)
        printf("and %llu more; give a NAME, with --tree for all below it\n", (unsigned long long)left);
}

static void stats_member(void *context, const char *key, struct json_value *member)
{
    (void)context;
    printf("%-16s %llu\n", key, (unsigned long long)json_value_as_u64(member));
}

int cache_run(const struct tool_call *call)
{
    struct json_value *args = json_value_object(), *reply = NULL;
    uint64_t flushed = 0;
    if (strcmp(call->command->verb, "stats") != 0) {
        json_value_set_text(args, "name", call->count > 0 ? call->arguments[0] : NULL);
        json_value_set_bool(args, "tree", call->values[OPTION_TREE] != NULL);
    }
    int rc = control_ask(call, call->command->control_verb, args, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result");
    if (call->values[OPTION_JSON] != NULL)
        rc = control_print_json(call, result);
    else if (strcmp(call->command->verb, "show") == 0)
        entries_print(result);
    else if (strcmp(call->command->verb, "stats") == 0)
        json_value_each(result, stats_member, NULL);
    else
        printf("flushed %llu\n", (unsigned long long)(json_value_get_u64(result, "flushed", &flushed) ? flushed : 0));
    json_value_free(reply);
    return rc;
}
