/* SPDX-License-Identifier: Apache-2.0 */
/* The `rhiz` command: one table of nouns and verbs.  Parsing, -h, manual pages and completion are read from it. */
#ifndef TOOLS_TOOLS_H
#define TOOLS_TOOLS_H

#include "base/base.h"
#include <stdio.h>

/* Exit codes of everything but `query`, which has dig's. */
enum tool_exit {
    TOOL_DONE = 0,
    TOOL_NEGATIVE = 1,      /* it does not exist; the file has errors; the two differ */
    TOOL_USAGE = 2,
    TOOL_NO_DAEMON = 3,
    TOOL_REFUSED = 4,
    TOOL_FAILED = 5,        /* could not be had */
    TOOL_PENDING = 6        /* sent, and not yet confirmed */
};

enum tool_option {
    OPTION_CONFIG, OPTION_SOCKET, OPTION_JSON, OPTION_ORIGIN, OPTION_CLASS, OPTION_VIEW, OPTION_STRICT, OPTION_QUIET, OPTION_CANONICAL,
    OPTION_RELATIVE, OPTION_FORCE, OPTION_ZONES, OPTION_RSSAC, OPTION_MAN, OPTION_COMPLETION, OPTION_SERIAL, OPTION_TREE,
    /* names and what is sent for them */
    OPTION_CHAIN, OPTION_RPC, OPTION_YES, OPTION_DRY_RUN, OPTION_MAX_COST, OPTION_UNSIGNED, OPTION_FROM, OPTION_KEY, OPTION_KEYSTORE,
    OPTION_PASSWORD, OPTION_YEARS, OPTION_OWNER, OPTION_CONTROLLER, OPTION_ZONE, OPTION_TTL, OPTION_BUMP, OPTION_CONFIRM, OPTION_WAIT,
    OPTION_DRAW, OPTION_BLOCKS, OPTION_LIGHT, TOOL_OPTIONS
};
#define WITH(option) (UINT64_C(1) << (option))
enum { TOOL_ARGUMENTS = 64 };

/* What was typed, taken apart. */
struct tool_call {
    const struct tool_command *command;
    const char *arguments[TOOL_ARGUMENTS];
    int count;
    const char *values[TOOL_OPTIONS];       /* NULL = not given; "" for those without a value */
};

struct tool_command {
    const char *noun, *verb;                /* verb NULL: the noun alone */
    const char *arguments;                  /* as shown in help, such as `FILE` or `[ZONE]` */
    int least, most;                        /* arguments taken */
    uint64_t options;                       /* WITH(...) */
    const char *control_verb;               /* of the daemon's protocol; NULL = works without a daemon */
    int (*run)(const struct tool_call *call);   /* NULL = not in this version */
    const char *help;
};

/* ---- the table ---- */
const struct tool_command *tool_command_at(size_t index);     /* NULL past the end */
struct tool_option_row { const char *name, *letter, *value, *help; };
const struct tool_option_row *tool_option_row(enum tool_option option);
/* The whole program. */
int tools_main(int argc, char **argv);

/* ---- help from the table ---- */
/* noun NULL: all; verb NULL: all of the noun. @return TOOL_DONE, or TOOL_USAGE when there is no such command */
int tools_help_print(FILE *out, const char *noun, const char *verb);
int tools_man_print(FILE *out, const char *page);             /* rhiz, rhiz-query, rhiz-zone, rhiz-name, rhizd */
int tools_completion_print(FILE *out, const char *shell);     /* bash, zsh */

/* ---- the verbs ---- */
int zone_check_run(const struct tool_call *call);
int zone_format_run(const struct tool_call *call);
int zone_diff_run(const struct tool_call *call);
int zone_list_run(const struct tool_call *call);
int zone_show_run(const struct tool_call *call);
int zone_change_run(const struct tool_call *call);            /* add remove reload notify */
int daemon_status_run(const struct tool_call *call);
int daemon_stats_run(const struct tool_call *call);
int daemon_simple_run(const struct tool_call *call);          /* reload stop */
int log_run(const struct tool_call *call);
int config_check_run(const struct tool_call *call);
int config_show_run(const struct tool_call *call);
int config_diff_run(const struct tool_call *call);
int explain_run(const struct tool_call *call);
int chain_status_run(const struct tool_call *call);
int cache_run(const struct tool_call *call);                  /* show flush stats */
int help_run(const struct tool_call *call);
int wallet_new_run(const struct tool_call *call);
int wallet_list_run(const struct tool_call *call);
int wallet_import_run(const struct tool_call *call);
int wallet_export_run(const struct tool_call *call);
int name_lookup_run(const struct tool_call *call);
int name_show_run(const struct tool_call *call);
int name_price_run(const struct tool_call *call);
int name_register_run(const struct tool_call *call);
int name_renew_run(const struct tool_call *call);
int name_transfer_run(const struct tool_call *call);
int name_update_run(const struct tool_call *call);
int name_revoke_run(const struct tool_call *call);
int name_history_run(const struct tool_call *call);
int name_verify_run(const struct tool_call *call);
int name_list_run(const struct tool_call *call);
int name_pending_run(const struct tool_call *call);
int name_send_run(const struct tool_call *call);

/* ---- shared ---- */
/* Whether stream is a terminal that wants colour (NO_COLOR is honoured). */
bool tools_colour(FILE *stream);
/* "rhiz NOUN VERB: " and the sentence on stderr. @return code */
int tools_complain(const struct tool_call *call, int code, const char *format, ...) PRINTF_LIKE(3, 4);
/* The configuration file in force: -c, $RHIZ_CONFIG, or the default. */
const char *tools_config_path(const struct tool_call *call);

/* Aligned columns for people. */
struct columns_table;
struct columns_table *columns_new(size_t columns);
void columns_add(struct columns_table *table, const char *cell);  /* row by row; copied; NULL = "-" */
/* The first row is the head.  right: bit per column that is aligned to the right. */
void columns_print(const struct columns_table *table, FILE *out, unsigned right);
void columns_free(struct columns_table *table);

#endif
