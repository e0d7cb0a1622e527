/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz config check|show|diff`. */
#include "tools/control_client.h"

#include <string.h>

#include "config/config.h"

static void diagnostics_json(const struct diagnostics *diag, struct json_value *list)
{
    for (size_t i = 0; i < diagnostics_kept(diag); i++) {
        const struct diagnostic *d = diagnostics_get(diag, i);
        struct json_value *one = json_value_object();
        json_value_set_text(one, "severity", d->severity == SEVERITY_ERROR ? "error" : "warning");
        json_value_set_text(one, "file", d->file);
        json_value_set_u64(one, "line", d->line);
        json_value_set_u64(one, "column", d->column);
        json_value_set_text(one, "text", d->text);
        json_value_add(list, one);
    }
}

static int file_read(const struct tool_call *call, const char *path, struct config **out, struct diagnostics *diag)
{
    struct config_source source = { .path = path };
    enum status st = config_read(&source, out, diag);
    if (st == OK)
        return TOOL_DONE;
    if (st == E_INVALID)
        return TOOL_NEGATIVE;
    if (diagnostics_kept(diag) > 0)
        return TOOL_FAILED;
    return tools_complain(call, TOOL_FAILED, "%s: %s", path, status_text(st));
}

int config_check_run(const struct tool_call *call)
{
    const char *path = call->count > 0 ? call->arguments[0] : tools_config_path(call);
    struct diagnostics *diag = diagnostics_new(0);
    struct config *config = NULL;
    if (diag == NULL)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    int rc = file_read(call, path, &config, diag);
    if (call->values[OPTION_JSON] != NULL) {
        struct json_value *object = json_value_object(), *list = json_value_array();
        diagnostics_json(diag, list);
        json_value_set_text(object, "file", path);
        json_value_set_bool(object, "valid", rc == TOOL_DONE);
        json_value_set(object, "findings", list);
        (void)control_print_json(call, object);
        json_value_free(object);
    } else {
        diagnostics_print(diag, stdout, tools_colour(stdout));
        size_t errors = diagnostics_count(diag, SEVERITY_ERROR);
        if (rc == TOOL_DONE)
            printf("%s: good, %zu zone%s\n", path, config->zone_count, config->zone_count == 1 ? "" : "s");
        else
            printf("%s: %zu error%s\n", path, errors, errors == 1 ? "" : "s");
    }
    config_free(config);
    diagnostics_free(diag);
    return rc;
}

static void tree_print(const struct json_value *result)
{
    const char *text = json_value_get_text(result, "text");
    struct text out;
    if (text != NULL) {
        fputs(text, stdout);
        return;
    }
    text_growing(&out);
    if (json_value_print(json_value_get(result, "config"), true, &out) == OK)
        puts(out.data);
    text_clear(&out);
}

int config_show_run(const struct tool_call *call)
{
    struct json_value *reply = NULL;
    int rc = control_ask(call, call->command->control_verb, NULL, &reply);
    if (rc != TOOL_DONE)
        return rc;
    const struct json_value *result = json_value_get(reply, "result");
    if (call->values[OPTION_JSON] != NULL)
        rc = control_print_json(call, result);
    else
        tree_print(result);
    json_value_free(reply);
    return rc;
}

/* ---- a small line diff: both texts come from one printer, so what is alike stands in the same order ---- */

struct lines { char **list; size_t count; };

static bool lines_split(char *text, struct lines *out)
{
    size_t count = 1;
    for (const char *p = text; *p != '\0'; p++)
        count += *p == '\n';
    out->list = mem_alloc(count * sizeof *out->list);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); out->list != NULL && line != NULL; line = strtok_r(NULL, "\n", &rest))
        out->list[out->count++] = line;
    return out->list != NULL;
}

static size_t next_same(const struct lines *in, size_t from, const char *line)
{
    size_t end = in->count - from > 2000 ? from + 2000 : in->count;
    for (size_t i = from; i < end; i++)
        if (strcmp(in->list[i], line) == 0)
            return i;
    return in->count;
}

static size_t lines_diff(const struct lines *a, const struct lines *b)
{
    size_t i = 0, j = 0, changes = 0;
    bool colour = tools_colour(stdout);
    while (i < a->count || j < b->count) {
        if (i < a->count && j < b->count && strcmp(a->list[i], b->list[j]) == 0) {
            i++;
            j++;
            continue;
        }
        size_t in_b = i < a->count ? next_same(b, j, a->list[i]) : b->count, in_a = j < b->count ? next_same(a, i, b->list[j]) : a->count;
        bool remove = j >= b->count || (i < a->count && (in_b == b->count || (in_a < a->count && in_a - i < in_b - j)));
        const char *line = remove ? a->list[i++] : b->list[j++];
        printf("%s%c%s%s\n", colour ? remove ? "\033[31m" : "\033[32m" : "", remove ? '-' : '+', line, colour ? "\033[0m" : "");
        changes++;
    }
    return changes;
}

int config_diff_run(const struct tool_call *call)
{
    const char *path = call->count > 0 ? call->arguments[0] : tools_config_path(call);
    struct diagnostics *diag = diagnostics_new(0);
    struct config *config = NULL;
    struct json_value *reply = NULL;
    struct lines running = { 0 }, file = { 0 };
    struct text text;
    text_growing(&text);
    int rc = diag == NULL ? TOOL_FAILED : file_read(call, path, &config, diag);
    if (rc != TOOL_DONE)
        diagnostics_print(diag, stderr, tools_colour(stderr));
    else
        rc = control_ask(call, call->command->control_verb, NULL, &reply);
    const char *told = rc == TOOL_DONE ? json_value_get_text(json_value_get(reply, "result"), "text") : NULL;
    if (rc == TOOL_DONE && told == NULL)
        rc = tools_complain(call, TOOL_FAILED, "the daemon does not tell its configuration as text");
    if (rc == TOOL_DONE) {
        config_print(config, &text);
        char *copy = mem_string(told);
        if (copy != NULL && text.data != NULL && lines_split(copy, &running) && lines_split(text.data, &file))
            rc = lines_diff(&running, &file) > 0 ? TOOL_NEGATIVE : TOOL_DONE;
        mem_free(copy);
    }
    mem_free(running.list);
    mem_free(file.list);
    text_clear(&text);
    json_value_free(reply);
    config_free(config);
    diagnostics_free(diag);
    return rc;
}
