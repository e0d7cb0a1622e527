/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz query`: dig's command line.  What stands before the first name holds for all lookups, the rest for one. */
#include "tools/query.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net/client.h"
#include "tools/tools.h"

enum { BATCH_WORDS = 64, BATCH_LINE_BYTES = 8192 };

/* One command line while it is read. */
struct words {
    struct query_run *run;
    char **list;
    int count, at;
    struct lookup *current;         /* options go here: the defaults until there is a name */
    struct lookup pending;          /* the lookup under construction */
    bool has_pending, bare_types, batch_line;
};

static int fail(int code, const char *format, const char *word)
{
    fputs("rhiz query: ", stderr);
    fprintf(stderr, format, word);
    fputc('\n', stderr);
    return code;
}

int query_servers_resolve(const struct query_run *run, const char *text, struct query_servers *out)
{
    char host[QUERY_LABEL_ROOM];
    const char *hash = strchr(text, '#');
    size_t length = hash != NULL ? (size_t)(hash - text) : strlen(text);
    uint64_t port = run->port;
    struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_family = run->only4 ? AF_INET : run->only6 ? AF_INET6 : AF_UNSPEC }, *found = NULL;
    if (length == 0 || length >= sizeof host || (hash != NULL && text_read_u64(slice_string(hash + 1), 65535, &port) != OK))
        return fail(QUERY_USAGE, "couldn't get address for '%s': not a server name", text);
    memcpy(host, text, length);
    host[length] = '\0';
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return fail(QUERY_USAGE, "couldn't get address for '%s': not found", host);
    *out = (struct query_servers){ .given = true };
    for (struct addrinfo *a = found; a != NULL && out->count < QUERY_SERVERS; a = a->ai_next) {
        struct endpoint *e = &out->list[out->count];
        if (endpoint_from_sockaddr(a->ai_addr, e) != OK)
            continue;
        e->port = (uint16_t)port;
        memcpy(out->labels[out->count++], host, length + 1);
    }
    freeaddrinfo(found);
    return out->count > 0 ? QUERY_DONE : fail(QUERY_USAGE, "couldn't get address for '%s': not found", host);
}

static void greeting_make(struct query_run *run, const struct words *w, const struct lookup *lookup)
{
    struct text text;
    text_fixed(&text, run->command_line, sizeof run->command_line);
    text_add(&text, "\n; <<>> rhiz " RHIZ_VERSION " <<>>");
    for (int i = 0; i < w->count; i++)
        text_add_format(&text, " %s", w->list[i]);
    text_add_char(&text, '\n');
    if (lookup->servers.given)
        text_add_format(&text, "; (%zu server%s found)\n", lookup->servers.count, lookup->servers.count == 1 ? "" : "s");
    if (!run->greeting_printed)
        text_add(&text, ";; global options: +cmd\n");
    run->greeting_printed = true;
}

static int name_begin(struct words *w, const char *name);

/* Runs the lookup that is complete, if there is one. */
static void pending_run(struct words *w)
{
    if (!w->has_pending)
        return;
    w->has_pending = false;
    struct lookup *l = &w->pending;
    if (l->type == TYPE_AXFR || l->ixfr) {
        l->comments = l->comments_asked;
        l->question = l->question_asked;
        l->rd = false;                  /* transfers are never recursive */
        l->ad = l->ad && !l->ixfr;
        l->tcp = l->type == TYPE_AXFR || !l->tcp_set ? true : l->tcp;
    }
    if (l->type == TYPE_ANY && !l->tcp_set)
        l->tcp = true;                  /* such answers are large, and minimal over UDP; as dig */
    if (l->brief)
        l->cmd = false;
    query_lookup_run(w->run, l);
    fflush(w->run->out);
}

static int name_begin(struct words *w, const char *name)
{
    if (strlen(name) >= NAME_TEXT_ROOM)
        return fail(QUERY_INTERNAL, "'%.20s...' is not a legal name (ran out of space)", name);
    pending_run(w);
    w->pending = w->run->defaults;
    snprintf(w->pending.name, sizeof w->pending.name, "%s", name);
    w->has_pending = true;
    w->current = &w->pending;
    if (!w->run->greeted) {
        w->run->greeted = true;
        greeting_make(w->run, w, &w->pending);
    }
    return QUERY_DONE;
}

static bool type_word(struct lookup *l, const char *word)
{
    uint16_t type;
    uint64_t serial = 0;
    bool ixfr = strncasecmp(word, "ixfr=", 5) == 0;
    if (ixfr ? text_read_u64(slice_string(word + 5), UINT32_MAX, &serial) != OK : type_parse(slice_string(word), &type) != OK)
        return false;
    if (!ixfr && type == TYPE_IXFR) {
        fputs(";; Warning, ixfr requires a serial number\n", stderr);
        return true;
    }
    if (l->type_set)
        fputs(";; Warning, extra type option\n", stderr);
    l->type = ixfr ? TYPE_IXFR : type;
    l->type_set = true;
    l->ixfr = ixfr;
    l->ixfr_serial = (uint32_t)serial;
    return true;
}

static bool class_word(struct lookup *l, const char *word)
{
    uint16_t klass;
    if (class_parse(slice_string(word), &klass) != OK)
        return false;
    if (l->class_set)
        fputs(";; Warning, extra class option\n", stderr);
    l->klass = klass;
    l->class_set = true;
    return true;
}

static int bare_word(struct words *w, const char *word)
{
    if (w->bare_types && (type_word(w->current, word) || class_word(w->current, word)))
        return QUERY_DONE;
    return name_begin(w, word);
}

/* dig takes the octets that are there: `-x 1.2.3` asks for 3.2.1.in-addr.arpa. */
static int reverse_begin(struct words *w, const char *word)
{
    struct address a;
    struct name name;
    char text[NAME_TEXT_ROOM] = "";
    if (address_parse(slice_string(word), &a) == OK) {
        name_reverse(a.bytes, a.family == 4 ? 4 : 16, &name);
        name_to_text(name_view_of(&name), text);
    } else {
        size_t length = strlen(word), end = length;
        struct text t;
        if (length > 200)
            return fail(QUERY_USAGE, "invalid IP address %s", word);
        text_fixed(&t, text, sizeof text);
        for (size_t i = length; i-- > 0; ) {
            if (word[i] != '.' && i > 0)
                continue;
            size_t from = word[i] == '.' ? i + 1 : i;
            text_add_format(&t, "%.*s.", (int)(end - from), word + from);
            end = i;
        }
        text_add(&t, "in-addr.arpa.");
    }
    int rc = name_begin(w, text);
    if (!w->current->type_set)
        w->current->type = TYPE_PTR;
    if (!w->current->class_set)
        w->current->klass = CLASS_IN;
    w->current->type_set = w->current->class_set = true;
    return rc;
}

static int source_set(struct query_run *run, const char *word)
{
    char host[ADDRESS_TEXT_ROOM];
    const char *hash = strchr(word, '#');
    size_t length = hash != NULL ? (size_t)(hash - word) : strlen(word);
    uint64_t port = 0;
    if (length >= sizeof host || (hash != NULL && text_read_u64(slice_string(hash + 1), 65535, &port) != OK))
        return fail(QUERY_USAGE, "invalid address %s", word);
    memcpy(host, word, length);
    host[length] = '\0';
    run->source = (struct endpoint){ .port = (uint16_t)port };
    if (address_parse(slice_string(host), &run->source.address) != OK)
        return fail(QUERY_USAGE, "invalid address %s", host);
    run->has_source = true;
    return QUERY_DONE;
}

static int port_set(struct query_run *run, const char *word)
{
    uint64_t port;
    enum status st = text_read_u64(slice_string(word), 65535, &port);
    if (st != OK) {
        fprintf(stderr, "invalid port number '%s': %s\n", word, st == E_RANGE ? "out of range" : "not a valid number");
        return fail(QUERY_USAGE, "%s", "couldn't parse port number");
    }
    run->port = (uint16_t)port;
    for (size_t i = 0; i < run->resolv.servers.count; i++)
        run->resolv.servers.list[i].port = (uint16_t)port;
    return QUERY_DONE;
}

static int flag_apply(struct words *w, char letter)
{
    struct query_run *run = w->run;
    switch (letter) {
    case '4':
    case '6':
        if (letter == '4' ? run->only6 : run->only4)
            return fail(QUERY_USAGE, "only one of %s allowed", "-4 and -6");
        *(letter == '4' ? &run->only4 : &run->only6) = true;
        return QUERY_DONE;
    case 'u': run->microseconds = true; return QUERY_DONE;
    case 'm':
    case 'r':
    case 'd': return QUERY_DONE;    /* memory debugging of dig, ~/.digrc: nothing here */
    default: return -1;
    }
}

static int valued_apply(struct words *w, char letter, const char *value)
{
    switch (letter) {
    case 'b': return source_set(w->run, value);
    case 'c':
        if (!class_word(w->current, value))
            fprintf(stderr, ";; Warning, ignoring invalid class %s\n", value);
        w->bare_types = false;
        return QUERY_DONE;
    case 't':
        if (!type_word(w->current, value))
            fprintf(stderr, ";; Warning, ignoring invalid type %s\n", value);
        w->bare_types = false;
        return QUERY_DONE;
    case 'f': w->run->batch = value; return QUERY_DONE;
    case 'p': return port_set(w->run, value);
    case 'q': return name_begin(w, value);
    case 'x': return reverse_begin(w, value);
    case 'k':
    case 'y': return fail(QUERY_USAGE, "-%.1s: transaction keys are not in this version", letter == 'k' ? "k" : "y");
    default: break;
    }
    return -1;
}

static int dash_apply(struct words *w, const char *word)
{
    int rc = QUERY_DONE;
    for (const char *p = word; *p != '\0' && rc == QUERY_DONE; p++) {
        rc = flag_apply(w, *p);
        if (rc != -1)
            continue;
        if (strchr("bctfpqxky", *p) == NULL)
            break;
        const char *value = p[1] != '\0' ? p + 1 : w->at + 1 < w->count ? w->list[++w->at] : NULL;
        return value == NULL ? fail(QUERY_USAGE, "option -%.1s needs a value", p) : valued_apply(w, *p, value);
    }
    if (rc == -1)
        fprintf(stderr, "Invalid option: -%s\nUse \"rhiz query -h\" for the complete list of options\n", word);
    return rc == -1 ? QUERY_USAGE : rc;
}

static int word_apply(struct words *w, char *word)
{
    if (word[0] == '@')
        return query_servers_resolve(w->run, word + 1, &w->current->servers);
    if (word[0] == '+')
        return query_plus(w->run, w->current, word + 1);
    if (word[0] == '-' && word[1] != '\0')
        return dash_apply(w, word + 1);
    return bare_word(w, word);
}

/* -p and -4 count for every server, wherever they stand on the line. */
static int ahead_apply(struct words *w)
{
    for (int i = 0; i < w->count; i++) {
        const char *word = w->list[i];
        bool port = strncmp(word, "-p", 2) == 0;
        const char *value = !port ? NULL : word[2] != '\0' ? word + 2 : i + 1 < w->count ? w->list[i + 1] : NULL;
        int rc = value != NULL ? port_set(w->run, value) : strcmp(word, "-4") == 0 || strcmp(word, "-6") == 0 ? flag_apply(w, word[1]) : QUERY_DONE;
        if (rc != QUERY_DONE)
            return rc;
    }
    return QUERY_DONE;
}

static int line_run(struct query_run *run, int count, char **list, bool batch_line)
{
    struct words w = { .run = run, .list = list, .count = count, .current = &run->defaults, .bare_types = true, .batch_line = batch_line };
    int rc = ahead_apply(&w);
    for (w.at = 0; rc == QUERY_DONE && w.at < count; w.at++) {
        if (batch_line && w.at == 0 && list[0][0] != '+' && list[0][0] != '-' && list[0][0] != '@')
            rc = name_begin(&w, list[0]);
        else
            rc = word_apply(&w, list[w.at]);
    }
    if (rc != QUERY_DONE)
        return rc;
    if (!w.has_pending && !run->greeted && run->batch == NULL) {
        rc = name_begin(&w, ".");
        w.pending.type = TYPE_NS;
    }
    pending_run(&w);
    return rc;
}

/* A batch line is a command line of its own; options on the real one hold for all. */
static int batch_run(struct query_run *run)
{
    bool standard = strcmp(run->batch, "-") == 0;
    FILE *file = standard ? stdin : fopen(run->batch, "re");
    char line[BATCH_LINE_BYTES], *list[BATCH_WORDS];
    struct lookup all = run->defaults;          /* what one line says does not hold for the next */
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", run->batch, strerror(errno));
        return fail(QUERY_BATCH, "couldn't open specified batch file%s", "");
    }
    while (fgets(line, sizeof line, file) != NULL) {
        int count = 0;
        char *rest = NULL;
        for (char *word = strtok_r(line, " \t\r\n", &rest); word != NULL && count < BATCH_WORDS; word = strtok_r(NULL, " \t\r\n", &rest))
            list[count++] = word;
        if (count == 0 || list[0][0] == '#' || list[0][0] == ';')
            continue;
        run->greeted = false;
        all.cmd = run->defaults.cmd;            /* but this, as with dig */
        run->defaults = all;
        int rc = line_run(run, count, list, true);
        if (rc != QUERY_DONE)
            run->exit_code = rc;
    }
    if (!standard)
        fclose(file);
    return run->exit_code;
}

static bool asks_for(int argc, char **argv, const char *option)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}

int query_main(int argc, char **argv)
{
    if (asks_for(argc, argv, "-h") || asks_for(argc, argv, "--help"))
        return tools_help_print(stdout, "query", NULL);
    if (asks_for(argc, argv, "-v") || asks_for(argc, argv, "--version")) {
        puts("rhiz " RHIZ_VERSION);
        return QUERY_DONE;
    }
    struct query_run *run = mem_alloc(sizeof *run);
    if (run == NULL)
        return QUERY_INTERNAL;
    query_defaults(run);
    resolv_read("/etc/resolv.conf", run->port, &run->resolv);
    int rc = line_run(run, argc, argv, false);
    if (rc == QUERY_DONE && run->batch != NULL)
        rc = batch_run(run);
    if (rc == QUERY_DONE)
        rc = run->exit_code;
    client_tcp_close(run->kept);
    mem_free(run);
    return rc;
}
