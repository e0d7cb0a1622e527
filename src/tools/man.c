/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages and shell completion from the table of commands. */
#include "tools/tools.h"

#include <string.h>

#include "tools/query.h"

/* man(7): a line may not begin with a dot, a backslash and a hyphen are special. */
static void roff(FILE *out, const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        fputs("\\&", out);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\')
            fputs("\\e", out);
        else if (*p == '-')
            fputs("\\-", out);
        else
            fputc(*p, out);
    }
}

static void item(FILE *out, const char *left, const char *help)
{
    fputs(".TP\n.B ", out);
    roff(out, left);
    fputc('\n', out);
    roff(out, help);
    fputc('\n', out);
}

static void head(FILE *out, const char *page, int section, const char *what)
{
    fprintf(out, ".\\\" Made by `rhiz help --man`; do not edit.\n.TH %s %d \"\" \"Rhizome " RHIZ_VERSION "\" \"Rhizome\"\n.SH NAME\n", page, section);
    roff(out, page);
    fputs(" \\- ", out);
    roff(out, what);
    fputs("\n.SH SYNOPSIS\n", out);
}

static void paragraph(FILE *out, const char *title, const char *text)
{
    fprintf(out, ".SH %s\n", title);
    roff(out, text);
    fputc('\n', out);
}

static void commands(FILE *out, const char *noun)
{
    const struct tool_command *c;
    char left[160];
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++) {
        bool query = strcmp(c->noun, "query") == 0;
        if ((noun != NULL && strcmp(noun, c->noun) != 0) || (c->run == NULL && !query))
            continue;
        snprintf(left, sizeof left, "rhiz %s%s%s %s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "", c->arguments);
        item(out, left, c->help);
    }
}

static void options(FILE *out, const char *noun)
{
    const struct tool_command *c;
    uint64_t wanted = 0;
    char left[80];
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++)
        wanted |= noun == NULL || strcmp(noun, c->noun) == 0 ? c->options : 0;
    fputs(".SH OPTIONS\n", out);
    for (enum tool_option i = 0; i < TOOL_OPTIONS; i++) {
        const struct tool_option_row *row = tool_option_row(i);
        snprintf(left, sizeof left, "%s%s%s%s%s", row->letter ? row->letter : "", row->letter ? ", " : "", row->name, row->value ? " " : "", row->value ? row->value : "");
        if (wanted & WITH(i))
            item(out, left, row->help);
    }
    item(out, "-h, --help", "help");
}

static const char exits[] = "0 done; 1 a negative finding: it does not exist, the file has errors, the two differ; 2 usage; 3 the daemon was not reached; "
                            "4 refused; 5 it could not be had; 6 sent, and not yet confirmed.";

static void page_rhiz(FILE *out)
{
    head(out, "rhiz", 1, "the tools of Rhizome, a DNS name server");
    fputs(".B rhiz\n.I NOUN\n[\n.I VERB\n] ...\n", out);
    paragraph(out, "DESCRIPTION", "Asks name servers, works on zone files, looks up and changes names on blockchains, and steers the daemon rhizd over its control socket.");
    fputs(".SH COMMANDS\n", out);
    commands(out, NULL);
    options(out, NULL);
    paragraph(out, "EXIT STATUS", exits);
    paragraph(out, "ENVIRONMENT", "RHIZ_CONFIG names the configuration file. NO_COLOR switches colour off.");
    fputs(".SH SEE ALSO\nrhiz\\-query(1), rhiz\\-zone(1), rhiz\\-name(1), rhizd(8), rhizd.yaml(5)\n", out);
}

static void page_query(FILE *out)
{
    size_t position = 0;
    const char *name, *value, *help;
    char left[80];
    static const char *const dashes[][2] = {
        { "-4, -6", "over IPv4 or IPv6 only" }, { "-b ADDRESS[#PORT]", "ask from this address" }, { "-c CLASS", "class" },
        { "-f FILE", "one query a line; - is standard input" }, { "-p PORT", "port of the servers (53)" }, { "-q NAME", "name, whatever it looks like" },
        { "-t TYPE", "type; IXFR=SERIAL too" }, { "-u", "times in microseconds" }, { "-x ADDRESS", "the name of an address" },
        { "-m, -r", "taken and without effect" }, { "-v", "version" }, { "-h", "help" } };
    head(out, "rhiz-query", 1, "ask a name server");
    fputs(".B rhiz query\n[@\\fISERVER\\fR[#\\fIPORT\\fR]] \\fINAME\\fR [\\fITYPE\\fR] [\\fICLASS\\fR] [+\\fIOPTION\\fR...]\n", out);
    paragraph(out, "DESCRIPTION", "The command line and the text output are those of dig(1), so that scripts can read it. Several queries may stand on one line; options before the "
                                  "first name hold for all. The server is that of /etc/resolv.conf, else 127.0.0.1.");
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < LENGTH_OF(dashes); i++)
        item(out, dashes[i][0], dashes[i][1]);
    fputs(".SH +OPTIONS\nWith `no' before the name to switch off; names may be cut short.\n", out);
    while (query_plus_next(&position, &name, &value, &help)) {
        snprintf(left, sizeof left, "+[no]%s%s", name, value ? value : "");
        item(out, left, help);
    }
    paragraph(out, "EXIT STATUS", "0 a reply came, whatever its RCODE; 1 usage; 8 the batch file; 9 no reply; 10 internal error.");
    fputs(".SH SEE ALSO\nrhiz(1)\n", out);
}

static void page_zone(FILE *out)
{
    head(out, "rhiz-zone", 1, "work on zone files and on the zones of the daemon");
    fputs(".B rhiz zone\n.I VERB\n\\&...\n", out);
    paragraph(out, "DESCRIPTION", "check, format and diff work on files and need no daemon; the others speak to it. Findings are printed as FILE:LINE:COLUMN with the line and the name of the check. "
                                  "What a peer's checker refuses by default is an error, the rest are warnings.");
    fputs(".SH COMMANDS\n", out);
    commands(out, "zone");
    options(out, "zone");
    paragraph(out, "EXIT STATUS", exits);
    fputs(".SH SEE ALSO\nrhiz(1), rhizd(8)\n", out);
}

static void page_name(FILE *out)
{
    head(out, "rhiz-name", 1, "names on blockchains: look up, register, change");
    fputs(".B rhiz name\n.I VERB\n\\&...\n.br\n.B rhiz wallet\n.I VERB\n\\&...\n", out);
    paragraph(out, "DESCRIPTION", "One set of verbs for every name system; the suffix of the name says which. Chains and suffixes are those of the configuration, or --rpc names one node. "
                                  "No daemon is needed; what is read is compared over as many nodes as the configuration wants. What spends money shows every call with its arguments and its "
                                  "cost, tries it without sending, asks, and then waits until it is confirmed.");
    fputs(".SH COMMANDS\n", out);
    commands(out, "name");
    commands(out, "wallet");
    options(out, "name");
    paragraph(out, "RECORDS", "KEY=VALUE: a type of the DNS (A=192.0.2.1, MX=10 mail; several of one type make one set, names are relative to the name, a TXT without quotes is one "
                              "string); text.KEY=; addr.COIN= with a short name or a number; contenthash=ipfs://...; resolver=0x...; primary. An empty value removes. --zone FILE makes the DNS "
                              "records those of a master file and removes what is not in it.");
    paragraph(out, "WHAT IS UNDER WAY", "Before anything is sent, the secret of a commitment and each signed transaction are in a file below the state folder. After a crash say the same again: "
                                        "it goes on where it was, with the same octets, so nothing is paid twice. `rhiz name pending` lists what is not over.");
    paragraph(out, "EXIT STATUS", exits);
    paragraph(out, "ENVIRONMENT", "RHIZ_CONFIG, RHIZ_KEYSTORE, RHIZ_STATE, RHIZ_PASSWORD_FILE: what -c, --keystore, the folder of what is under way and --password-file are when neither the "
                                  "command line nor the configuration (wallet:) says.");
    fputs(".SH SEE ALSO\nrhiz(1), rhizd.yaml(5)\n", out);
}

static void page_rhizd(FILE *out)
{
    head(out, "rhizd", 8, "authoritative DNS name server");
    fputs(".B rhizd\n\\-c\n.I FILE\n[\\-t]\n", out);
    paragraph(out, "DESCRIPTION", "Serves zones over UDP and TCP, as its configuration says. It runs in the foreground, tells systemd when it is ready, reads its configuration and zones again on SIGHUP or "
                                  "`rhiz reload`, and ends on SIGTERM, SIGINT or `rhiz stop`.");
    fputs(".SH OPTIONS\n", out);
    item(out, "-c, --config FILE", "configuration file; else $RHIZ_CONFIG, else /etc/rhizome/rhizd.yaml");
    item(out, "-t", "check the configuration and exit: 0 good, 1 errors");
    item(out, "-h, --help", "help");
    item(out, "--version", "version");
    paragraph(out, "FILES", "/etc/rhizome/rhizd.yaml is the configuration, see rhizd.yaml(5); /var/lib/rhizome keeps state, such as zones added at run time; "
                            "/run/rhizome/control.sock is the control socket.");
    fputs(".SH SEE ALSO\nrhiz(1), rhizd.yaml(5)\n", out);
}

int tools_man_print(FILE *out, const char *page)
{
    static const struct { const char *name; void (*print)(FILE *out); } pages[] = {
        { "rhiz", page_rhiz }, { "rhiz-query", page_query }, { "rhiz-zone", page_zone }, { "rhiz-name", page_name }, { "rhizd", page_rhizd } };
    for (size_t i = 0; i < LENGTH_OF(pages); i++)
        if (strcmp(pages[i].name, page) == 0) {
            pages[i].print(out);
            return TOOL_DONE;
        }
    return tools_complain(NULL, TOOL_USAGE, "there is no page `%s`; rhiz, rhiz-query, rhiz-zone, rhiz-name and rhizd are", page);
}

/* ---- completion ---- */

static bool first_of_noun(size_t index)
{
    const char *noun = tool_command_at(index)->noun;
    for (size_t i = 0; i < index; i++)
        if (strcmp(tool_command_at(i)->noun, noun) == 0)
            return false;
    return tool_command_at(index)->run != NULL || strcmp(noun, "query") == 0;
}

static void noun_words(FILE *out, const char *noun)
{
    const struct tool_command *c;
    uint64_t wanted = 0;
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++) {
        if (strcmp(c->noun, noun) != 0 || c->run == NULL)
            continue;
        wanted |= c->options;
        if (c->verb != NULL)
            fprintf(out, " %s", c->verb);
    }
    for (enum tool_option i = 0; i < TOOL_OPTIONS; i++)
        if (wanted & WITH(i))
            fprintf(out, " %s", tool_option_row(i)->name);
}

static void query_words(FILE *out)
{
    size_t position = 0;
    const char *name, *value, *help;
    while (query_plus_next(&position, &name, &value, &help)) {
        bool equals = value != NULL && value[0] == '=';
        fprintf(out, equals ? " +%s=" : " +%s +no%s", name, name);
    }
}

int tools_completion_print(FILE *out, const char *shell)
{
    const struct tool_command *c;
    if (strcmp(shell, "bash") != 0 && strcmp(shell, "zsh") != 0)
        return tools_complain(NULL, TOOL_USAGE, "there is completion for bash and zsh, not for `%s`", shell);
    if (strcmp(shell, "zsh") == 0)
        fputs("#compdef rhiz\nautoload -U +X bashcompinit && bashcompinit\n", out);
    fputs("# Made by `rhiz help --completion`; do not edit.\n_rhiz()\n{\n    local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"", out);
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++)
        if (first_of_noun(i))
            fprintf(out, "%s%s", i == 0 ? "" : " ", c->noun);
    fputs("\"\n    else\n        case \"${COMP_WORDS[1]}\" in\n", out);
    for (size_t i = 0; (c = tool_command_at(i)) != NULL; i++) {
        if (!first_of_noun(i))
            continue;
        fprintf(out, "        %s) words=\"", c->noun);
        if (strcmp(c->noun, "query") == 0)
            query_words(out);
        else
            noun_words(out, c->noun);
        fputs("\" ;;\n", out);
    }
    fputs("        esac\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "    if [ ${#COMPREPLY[@]} -eq 0 ]; then\n        COMPREPLY=($(compgen -f -- \"$word\"))\n    fi\n}\ncomplete -F _rhiz rhiz\n", out);
    return TOOL_DONE;
}
