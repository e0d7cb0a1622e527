/* SPDX-License-Identifier: Apache-2.0 */
/* -h from the table of commands. */
#include "tools/tools.h"

#include <string.h>

#include "tools/query.h"

static void line_print(FILE *out, const char *left, const char *help)
{
    if (strlen(left) > 32)
        fprintf(out, "  %s\n%36s%s\n", left, "", help);
    else
        fprintf(out, "  %-32s  %s\n", left, help);
}

static void commands_print(FILE *out, const char *noun, const char *verb)
{
    const struct tool_command *c;
    char left[160];
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++) {
        if (noun != NULL && strcmp(c->noun, noun) != 0)
            continue;
        if (verb != NULL && (c->verb == NULL || strcmp(c->verb, verb) != 0))
            continue;
        if (c->run == NULL && strcmp(c->noun, "query") != 0)
            continue;
        snprintf(left, sizeof left, "rhiz %s%s%s %s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "", c->arguments);
        line_print(out, left, c->help);
    }
}

static uint64_t options_of(const char *noun, const char *verb)
{
    const struct tool_command *c;
    uint64_t options = 0;
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++)
        if (strcmp(c->noun, noun) == 0 && (verb == NULL || (c->verb != NULL && strcmp(c->verb, verb) == 0)))
            options |= c->options;
    return options;
}

static void options_print(FILE *out, uint64_t options)
{
    char left[80];
    for (enum tool_option i = 0; i < TOOL_OPTIONS; i++) {
        const struct tool_option_row *row = tool_option_row(i);
        if (!(options & WITH(i)))
            continue;
        snprintf(left, sizeof left, "%s%s%s%s%s", row->letter ? row->letter : "", row->letter ? ", " : "", row->name, row->value ? " " : "", row->value ? row->value : "");
        line_print(out, left, row->help);
    }
    line_print(out, "-h, --help", "this help");
}

static void query_help_print(FILE *out)
{
    static const char *const dashes[][2] = {
        { "-4, -6", "over IPv4 or IPv6 only" }, { "-b ADDRESS[#PORT]", "ask from this address" }, { "-c CLASS", "class" }, { "-f FILE", "one query a line; - is standard input" },
        { "-p PORT", "port of the servers (53)" }, { "-q NAME", "name, whatever it looks like" }, { "-t TYPE", "type; IXFR=SERIAL too" },
        { "-u", "times in microseconds" }, { "-x ADDRESS", "the name of an address" }, { "-m, -r", "taken and without effect" }, { "-v, --version", "version" }, { "-h, --help", "this help" } };
    size_t position = 0;
    const char *name, *value, *help;
    char left[80];
    fputs("\nSeveral queries may stand on one line; options before the first name hold for all.\n\nOptions:\n", out);
    for (size_t i = 0; i < LENGTH_OF(dashes); i++)
        line_print(out, dashes[i][0], dashes[i][1]);
    fputs("\n+options, with `no` before the name to switch off; names may be cut short:\n", out);
    while (query_plus_next(&position, &name, &value, &help)) {
        snprintf(left, sizeof left, "+[no]%s%s", name, value ? value : "");
        line_print(out, left, help);
    }
    fputs("\nExit: 0 a reply came, 1 usage, 8 batch file, 9 no reply, 10 internal error.\n", out);
}

int tools_help_print(FILE *out, const char *noun, const char *verb)
{
    if (noun == NULL) {
        fputs("rhiz NOUN VERB ...: the tools of Rhizome, a DNS name server\n\n", out);
        commands_print(out, NULL, NULL);
        fputs("\n`rhiz NOUN -h` shows the options.\n"
              "Exit: 0 done, 1 negative finding, 2 usage, 3 daemon not reached, 4 refused, 5 could not be had,\n6 sent and not yet confirmed.\n", out);
        return TOOL_DONE;
    }
    commands_print(out, noun, verb);
    if (strcmp(noun, "query") == 0) {
        query_help_print(out);
        return TOOL_DONE;
    }
    fputs("\nOptions:\n", out);
    options_print(out, options_of(noun, verb));
    return TOOL_DONE;
}

int help_run(const struct tool_call *call)
{
    if (call->values[OPTION_MAN] != NULL)
        return tools_man_print(stdout, call->values[OPTION_MAN]);
    if (call->values[OPTION_COMPLETION] != NULL)
        return tools_completion_print(stdout, call->values[OPTION_COMPLETION]);
    return tools_help_print(stdout, call->arguments[0], call->arguments[1]);
}
