/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of nouns, verbs and options, and the reading of a command line by it. */
#include "tools/tools.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/query.h"

static const struct tool_option_row option_rows[TOOL_OPTIONS] = {
    [OPTION_CONFIG] = { "--config", "-c", "FILE", "configuration file; else $RHIZ_CONFIG, else /etc/rhizome/rhizd.yaml" },
    [OPTION_SOCKET] = { "--socket", NULL, "PATH", "control socket; else `server.control` of the configuration" },
    [OPTION_JSON] = { "--json", NULL, NULL, "print JSON" },
    [OPTION_ORIGIN] = { "--origin", NULL, "NAME", "name of the zone; else the owner of the first SOA" },
    [OPTION_CLASS] = { "--class", NULL, "CLASS", "class of the zone (IN)" },
    [OPTION_VIEW] = { "--view", NULL, "VIEW", "view that is meant; else the only one" },
    [OPTION_STRICT] = { "--strict", NULL, NULL, "warnings make the exit code 1 too" },
    [OPTION_QUIET] = { "--quiet", "-q", NULL, "errors only, no summary" },
    [OPTION_CANONICAL] = { "--canonical", NULL, NULL, "one record a line, names whole and in lower case" },
    [OPTION_RELATIVE] = { "--relative", NULL, NULL, "names relative to the zone" },
    [OPTION_FORCE] = { "--force", NULL, NULL, "read files that have not changed too" },
    [OPTION_ZONES] = { "--zones", NULL, NULL, "counters of each zone" },
    [OPTION_RSSAC] = { "--rssac", NULL, NULL, "RSSAC002v4: YAML documents, counted from the start of the daemon" },
    [OPTION_MAN] = { "--man", NULL, "PAGE", "print a manual page: rhiz, rhiz-query, rhiz-zone, rhiz-name, rhizd" },
    [OPTION_COMPLETION] = { "--completion", NULL, "SHELL", "print the completion for bash or zsh" },
    [OPTION_TREE] = { "--tree", NULL, NULL, "with all names below it" },
    [OPTION_CHAIN] = { "--chain", NULL, "CHAIN", "chain of the configuration; with --rpc a number or ethereum, sepolia, polygon" },
    [OPTION_RPC] = { "--rpc", NULL, "URL", "ask this node instead of the configured ones" },
    [OPTION_YES] = { "--yes", "-y", NULL, "do not ask before anything is sent" },
    [OPTION_DRY_RUN] = { "--dry-run", "-n", NULL, "show what would be sent, try it, send nothing" },
    [OPTION_MAX_COST] = { "--max-cost", NULL, "AMOUNT", "send nothing that can cost more ether than this, fees and all" },
    [OPTION_UNSIGNED] = { "--unsigned", NULL, "FILE", "write the transactions there, to be signed elsewhere; send them with `rhiz name send`" },
    [OPTION_FROM] = { "--from", NULL, "ADDRESS", "whose key signs; else the only one in the keystore" },
    [OPTION_KEY] = { "--key", NULL, "FILE", "key file that signs" },
    [OPTION_KEYSTORE] = { "--keystore", NULL, "FOLDER", "key files; else `wallet.keystore`, $RHIZ_KEYSTORE, ~/.local/share/rhizome/keystore" },
    [OPTION_PASSWORD] = { "--password-file", NULL, "FILE", "its first line is the password of the key; fd:N is an open file; else `wallet.password-file`, $RHIZ_PASSWORD_FILE, else it is asked for" },
    [OPTION_YEARS] = { "--years", NULL, "N", "for so many years (1)" },
    [OPTION_OWNER] = { "--owner", NULL, "ADDRESS", "who is to own the name; else who signs" },
    [OPTION_CONTROLLER] = { "--controller", NULL, "ADDRESS", "registrar controller; else the newest that is enabled" },
    [OPTION_ZONE] = { "--zone", NULL, "FILE", "master file: the DNS records of the name become these" },
    [OPTION_TTL] = { "--ttl", NULL, "SECONDS", "of DNS records given as TYPE=RDATA (300)" },
    [OPTION_BUMP] = { "--bump", NULL, NULL, "replace a transaction that waits by the same with higher fees" },
    [OPTION_CONFIRM] = { "--confirmations", NULL, "N", "blocks that a transaction must be deep (2; 1 on development chains)" },
    [OPTION_WAIT] = { "--wait", NULL, "TIME", "how long to wait for what was sent (10m); then the exit code is 6" },
    [OPTION_DRAW] = { "--draw", NULL, NULL, "draw a time line" },
    [OPTION_BLOCKS] = { "--blocks", NULL, "FROM[-TO]", "look at these blocks only" },
    [OPTION_LIGHT] = { "--light", NULL, NULL, "a key file that costs little to open, and to try passwords on; for tests" },
    [OPTION_SERIAL] = { "--serial", NULL, NULL, "a SOA that differs in its serial only is a difference too" },
};

#define DAEMON (WITH(OPTION_CONFIG) | WITH(OPTION_SOCKET) | WITH(OPTION_JSON))
#define PLACE (WITH(OPTION_CLASS) | WITH(OPTION_VIEW))
#define OFFLINE (WITH(OPTION_ORIGIN) | WITH(OPTION_CLASS) | WITH(OPTION_JSON) | WITH(OPTION_QUIET))
#define CHAINS (WITH(OPTION_CONFIG) | WITH(OPTION_JSON) | WITH(OPTION_CHAIN) | WITH(OPTION_RPC))
#define SENDS (CHAINS | WITH(OPTION_YES) | WITH(OPTION_DRY_RUN) | WITH(OPTION_MAX_COST) | WITH(OPTION_BUMP) | WITH(OPTION_CONFIRM) | WITH(OPTION_WAIT))
#define KEYS (WITH(OPTION_KEYSTORE) | WITH(OPTION_PASSWORD) | WITH(OPTION_KEY))
#define SIGNS (SENDS | KEYS | WITH(OPTION_UNSIGNED) | WITH(OPTION_FROM))
#define STORES (WITH(OPTION_CONFIG) | WITH(OPTION_JSON) | WITH(OPTION_KEYSTORE) | WITH(OPTION_PASSWORD))

static const struct tool_command commands[] = {
    { "query", NULL, "[@SERVER[#PORT]] NAME [TYPE] [CLASS] [+OPTION...]", 0, 0, 0, NULL, NULL, "ask a name server, with dig's command line and output" },
    { "zone", "check", "FILE", 1, 1, OFFLINE | WITH(OPTION_STRICT), NULL, zone_check_run, "check a zone file; - is standard input" },
    { "zone", "format", "FILE", 1, 1, OFFLINE | WITH(OPTION_CANONICAL) | WITH(OPTION_RELATIVE), NULL, zone_format_run, "print a zone file in a regular form" },
    { "zone", "diff", "OLD NEW", 2, 2, OFFLINE | WITH(OPTION_SERIAL), NULL, zone_diff_run, "compare the records of two zone files" },
    { "zone", "list", "", 0, 0, DAEMON | WITH(OPTION_VIEW), "zone-list", zone_list_run, "list the zones of the daemon" },
    { "zone", "show", "ZONE", 1, 1, DAEMON | PLACE, "zone-show", zone_show_run, "show one zone of the daemon" },
    { "zone", "add", "ZONE FILE", 2, 2, DAEMON | PLACE, "zone-add", zone_change_run, "serve one more zone" },
    { "zone", "remove", "ZONE", 1, 1, DAEMON | PLACE, "zone-remove", zone_change_run, "stop serving a zone that was added" },
    { "zone", "reload", "[ZONE]", 0, 1, DAEMON | PLACE | WITH(OPTION_FORCE), "zone-reload", zone_change_run, "read the zone's file again, or all" },
    { "zone", "notify", "[ZONE]", 0, 1, DAEMON | PLACE, "zone-notify", zone_change_run, "tell the secondaries of the zone, or of all" },
    { "zone", "sign", "FILE", 1, 1, 0, NULL, NULL, "sign a zone file" },
    { "zone", "verify", "FILE", 1, 1, 0, NULL, NULL, "verify the signatures of a zone file" },
    { "zone", "digest", "FILE", 1, 1, 0, NULL, NULL, "compute or check ZONEMD" },
    { "zone", "begin", "ZONE", 0, 0, 0, NULL, NULL, "open a transaction on a zone" },
    { "zone", "set", "ZONE NAME TTL TYPE RDATA", 0, 0, 0, NULL, NULL, "change records in the open transaction" },
    { "zone", "unset", "ZONE NAME [TYPE]", 0, 0, 0, NULL, NULL, "take records out in the open transaction" },
    { "zone", "commit", "ZONE", 0, 0, 0, NULL, NULL, "put the open transaction in force" },
    { "zone", "abort", "ZONE", 0, 0, 0, NULL, NULL, "forget the open transaction" },
    { "zone", "refresh", "ZONE", 0, 0, 0, NULL, NULL, "ask the primary for a newer serial" },
    { "zone", "retransfer", "ZONE", 0, 0, 0, NULL, NULL, "fetch the whole zone from the primary" },
    { "zone", "freeze", "ZONE", 0, 0, 0, NULL, NULL, "stop dynamic updates" },
    { "zone", "thaw", "ZONE", 0, 0, 0, NULL, NULL, "allow dynamic updates again" },
    { "zone", "history", "ZONE", 0, 0, 0, NULL, NULL, "versions of a zone that are kept" },
    { "zone", "rollback", "ZONE", 0, 0, 0, NULL, NULL, "go back to an earlier version" },
    { "zone", "transfer", "ZONE", 0, 0, 0, NULL, NULL, "fetch a zone from a server into a file" },
    { "config", "check", "[FILE]", 0, 1, WITH(OPTION_CONFIG) | WITH(OPTION_JSON), NULL, config_check_run, "check a configuration file" },
    { "config", "show", "", 0, 0, DAEMON, "config-show", config_show_run, "show the configuration in force" },
    { "config", "diff", "[FILE]", 0, 1, DAEMON, "config-show", config_diff_run, "compare the configuration in force with the file" },
    { "status", NULL, "", 0, 0, DAEMON, "status", daemon_status_run, "how the daemon is" },
    { "reload", NULL, "", 0, 0, DAEMON | WITH(OPTION_FORCE), "reload", daemon_simple_run, "read the configuration and the zones again" },
    { "stop", NULL, "", 0, 0, DAEMON, "stop", daemon_simple_run, "end the daemon" },
    { "stats", NULL, "", 0, 0, DAEMON | WITH(OPTION_ZONES) | WITH(OPTION_RSSAC), "stats", daemon_stats_run, "counters" },
    { "log", "reopen", "", 0, 0, DAEMON, "log", log_run, "open the log file again, after rotation" },
    { "log", "level", "LEVEL", 1, 1, DAEMON, "log", log_run, "set the level: error, warning, info, debug" },
    { "help", NULL, "[NOUN [VERB]]", 0, 2, WITH(OPTION_MAN) | WITH(OPTION_COMPLETION), NULL, help_run, "this help, manual pages, completion" },
    { "key", NULL, "", 0, 0, 0, NULL, NULL, "DNSSEC keys" },
    { "tsig", NULL, "", 0, 0, 0, NULL, NULL, "transaction keys" },
    { "cache", "show", "[NAME]", 0, 1, DAEMON | WITH(OPTION_TREE), "cache-show", cache_run, "what is known of a name, or of all" },
    { "cache", "flush", "[NAME]", 0, 1, DAEMON | WITH(OPTION_TREE), "cache-flush", cache_run, "forget a name, or all" },
    { "cache", "stats", "", 0, 0, DAEMON, "cache-stats", cache_run, "how full it is, and what became of entries" },
    { "name", "lookup", "NAME|ADDRESS [KEY...]", 1, TOOL_ARGUMENTS, CHAINS, NULL, name_lookup_run, "what a name says, or the primary name of an address; KEY: A, text.url, addr.btc, contenthash ..." },
    { "name", "show", "NAME", 1, 1, CHAINS, NULL, name_show_run, "who has a name, until when, and what governs it" },
    { "name", "price", "NAME", 1, 1, CHAINS | WITH(OPTION_YEARS) | WITH(OPTION_CONTROLLER), NULL, name_price_run, "what a name costs, and whether it is to be had" },
    { "name", "register", "NAME [KEY=VALUE...]", 1, TOOL_ARGUMENTS, SIGNS | WITH(OPTION_YEARS) | WITH(OPTION_OWNER) | WITH(OPTION_CONTROLLER) | WITH(OPTION_ZONE) | WITH(OPTION_TTL), NULL, name_register_run, "register a name, with its records; goes on with what was begun" },
    { "name", "renew", "NAME", 1, 1, SIGNS | WITH(OPTION_YEARS) | WITH(OPTION_CONTROLLER), NULL, name_renew_run, "pay for more years" },
    { "name", "transfer", "NAME ADDRESS", 2, 2, SIGNS, NULL, name_transfer_run, "give a name to somebody else" },
    { "name", "update", "NAME KEY=VALUE...", 1, TOOL_ARGUMENTS, SIGNS | WITH(OPTION_ZONE) | WITH(OPTION_TTL), NULL, name_update_run, "change records: A= AAAA= TXT= ... text.KEY= addr.COIN= contenthash= resolver= primary; an empty value removes" },
    { "name", "revoke", "NAME", 1, 1, SIGNS, NULL, name_revoke_run, "give a name up (for systems that have that)" },
    { "name", "history", "NAME", 1, 1, CHAINS | WITH(OPTION_DRAW) | WITH(OPTION_BLOCKS), NULL, name_history_run, "what happened to a name" },
    { "name", "verify", "NAME", 1, 1, CHAINS, NULL, name_verify_run, "whether all that belongs to a name agrees" },
    { "name", "list", "[ADDRESS]", 0, 1, CHAINS | KEYS | WITH(OPTION_FROM) | WITH(OPTION_BLOCKS), NULL, name_list_run, "names of an address, and until when" },
    { "name", "pending", "", 0, 0, SENDS | KEYS, NULL, name_pending_run, "what was begun and is not over; --bump raises fees" },
    { "name", "send", "FILE", 1, 1, SENDS, NULL, name_send_run, "send transactions that were signed elsewhere" },
    { "chain", "status", "[CHAIN]", 0, 1, DAEMON, "chain-status", chain_status_run, "followed chains, their nodes, and what is mounted" },
    { "chain", "sync", "CHAIN", 0, 0, 0, NULL, NULL, "replay a chain" },
    { "chain", "proof", "NAME", 0, 0, 0, NULL, NULL, "what an answer rests on, to be checked elsewhere" },
    { "wallet", "new", "", 0, 0, STORES | WITH(OPTION_LIGHT), NULL, wallet_new_run, "make a new key" },
    { "wallet", "list", "", 0, 0, WITH(OPTION_CONFIG) | WITH(OPTION_JSON) | WITH(OPTION_KEYSTORE), NULL, wallet_list_run, "list the keys of the keystore" },
    { "wallet", "import", "FILE", 1, 1, STORES | WITH(OPTION_LIGHT), NULL, wallet_import_run, "add a key file, or a key in hexadecimal; - is standard input" },
    { "wallet", "export", "ADDRESS FILE", 2, 2, STORES, NULL, wallet_export_run, "copy a key file, once its password was tried" },
    { "explain", NULL, "NAME [TYPE]", 1, 2, DAEMON | WITH(OPTION_VIEW), "explain", explain_run, "how the daemon comes to an answer, and what that rests on" },
};

const struct tool_command *tool_command_at(size_t index) { return index < LENGTH_OF(commands) ? &commands[index] : NULL; }
const struct tool_option_row *tool_option_row(enum tool_option option) { return &option_rows[option]; }

int tools_complain(const struct tool_call *call, int code, const char *format, ...)
{
    va_list list;
    const struct tool_command *c = call != NULL ? call->command : NULL;
    fprintf(stderr, "rhiz%s%s%s%s: ", c ? " " : "", c ? c->noun : "", c && c->verb ? " " : "", c && c->verb ? c->verb : "");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    return code;
}

bool tools_colour(FILE *stream)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return (no == NULL || no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}

const char *tools_config_path(const struct tool_call *call)
{
    const char *path = call->values[OPTION_CONFIG];
    if (path == NULL)
        path = getenv("RHIZ_CONFIG");
    return path != NULL && path[0] != '\0' ? path : "/etc/rhizome/rhizd.yaml";
}

/* The word nearest to what was typed, or NULL when none is near. */
static const char *nearest(const char *noun, const char *typed)
{
    const char *best = NULL;
    unsigned least = (unsigned)strlen(typed) / 2 + 1;
    for (size_t i = 0; i < LENGTH_OF(commands); i++) {
        const char *word = noun == NULL ? commands[i].noun : strcmp(commands[i].noun, noun) == 0 ? commands[i].verb : NULL;
        unsigned distance = word == NULL ? 255 : text_distance(word, typed);
        if (distance >= least)
            continue;
        least = distance;
        best = word;
    }
    return best;
}

static bool noun_known(const char *noun)
{
    for (size_t i = 0; i < LENGTH_OF(commands); i++)
        if (strcmp(commands[i].noun, noun) == 0)
            return true;
    return false;
}

static int unknown(const char *noun, const char *typed)
{
    const char *near = nearest(noun, typed);
    fprintf(stderr, "rhiz: there is no %s `%s%s%s`", noun == NULL ? "command" : "verb", noun == NULL ? "" : noun, noun == NULL ? "" : " ", typed);
    if (near != NULL)
        fprintf(stderr, "; did you mean `%s`?", near);
    fprintf(stderr, "\n`rhiz %s%s-h` lists them\n", noun == NULL ? "" : noun, noun == NULL ? "" : " ");
    return TOOL_USAGE;
}

static int option_read(struct tool_call *call, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    size_t length = strcspn(word, "=");
    for (enum tool_option i = 0; i < TOOL_OPTIONS; i++) {
        const struct tool_option_row *row = &option_rows[i];
        bool whole = strlen(row->name) == length && strncmp(row->name, word, length) == 0;
        bool letter = row->letter != NULL && strcmp(row->letter, word) == 0;
        if (!(call->command->options & WITH(i)) || (!whole && !letter))
            continue;
        const char *value = word[length] == '=' && whole ? word + length + 1 : NULL;
        if (row->value == NULL && value != NULL)
            return tools_complain(call, TOOL_USAGE, "%s takes no value", row->name);
        if (row->value != NULL && value == NULL)
            value = *at + 1 < argc ? argv[++*at] : NULL;
        if (row->value != NULL && value == NULL)
            return tools_complain(call, TOOL_USAGE, "%s needs a value: %s %s", row->name, row->name, row->value);
        call->values[i] = row->value == NULL ? "" : value;
        return TOOL_DONE;
    }
    return tools_complain(call, TOOL_USAGE, "there is no option `%.*s`; -h lists them", (int)length, word);
}

static int words_read(struct tool_call *call, int argc, char **argv)
{
    bool options_end = false;
    for (int i = 0; i < argc; i++) {
        bool dash = argv[i][0] == '-' && argv[i][1] != '\0' && !options_end;
        if (dash && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (dash) {
            int rc = option_read(call, argc, argv, &i);
            if (rc != TOOL_DONE)
                return rc;
        } else if (call->count < call->command->most && call->count < TOOL_ARGUMENTS) {
            call->arguments[call->count++] = argv[i];
        } else {
            return tools_complain(call, TOOL_USAGE, "`%s` is one argument too many; -h shows the form", argv[i]);
        }
    }
    if (call->count < call->command->least)
        return tools_complain(call, TOOL_USAGE, "arguments are missing: %s", call->command->arguments);
    return TOOL_DONE;
}

static const struct tool_command *command_find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < LENGTH_OF(commands); i++)
        if (strcmp(commands[i].noun, noun) == 0 && (commands[i].verb == NULL || (verb != NULL && strcmp(commands[i].verb, verb) == 0)))
            return &commands[i];
    return NULL;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static int command_run(int argc, char **argv)
{
    const char *noun = argv[0], *verb = argc > 1 && argv[1][0] != '-' ? argv[1] : NULL;
    if (!noun_known(noun))
        return unknown(NULL, noun);
    struct tool_call call = { .command = command_find(noun, verb) };
    if (wants_help(argc, argv))
        return tools_help_print(stdout, noun, call.command == NULL ? NULL : call.command->verb);
    if (call.command == NULL && verb != NULL)
        return unknown(noun, verb);
    if (call.command == NULL) {
        fprintf(stderr, "rhiz %s: a verb is missing\n", noun);
        (void)tools_help_print(stderr, noun, NULL);
        return TOOL_USAGE;
    }
    if (call.command->run == NULL)
        return tools_complain(&call, TOOL_USAGE, "not in this version");
    int words = call.command->verb == NULL ? 1 : 2;
    int rc = words_read(&call, argc - words, argv + words);
    return rc == TOOL_DONE ? call.command->run(&call) : rc;
}

int tools_main(int argc, char **argv)
{
    if (argc < 2) {
        (void)tools_help_print(stderr, NULL, NULL);
        return TOOL_USAGE;
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
        return tools_help_print(stdout, NULL, NULL);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("rhiz " RHIZ_VERSION);
        return TOOL_DONE;
    }
    if (strcmp(argv[1], "query") == 0)
        return query_main(argc - 2, argv + 2);
    return command_run(argc - 1, argv + 1);
}
