/* SPDX-License-Identifier: Apache-2.0 */
/* /etc/resolv.conf: nameserver, domain, search, options ndots.  resolv.conf(5). */
#include "tools/query.h"

#include <stdlib.h>
#include <string.h>

enum { RESOLV_LINES = 1000 };

static void server_add(const char *text, uint16_t port, struct resolv *out)
{
    struct query_servers *s = &out->servers;
    struct endpoint *e = &s->list[s->count];
    if (s->count == QUERY_SERVERS || strchr(text, '@') != NULL || endpoint_parse(slice_string(text), port, e) != OK)
        return;
    snprintf(s->labels[s->count], QUERY_LABEL_ROOM, "%s", text);
    s->count++;
}

static void search_add(const char *name, struct resolv *out)
{
    if (out->search_count < QUERY_SEARCH && strlen(name) < NAME_TEXT_ROOM)
        snprintf(out->search[out->search_count++], NAME_TEXT_ROOM, "%s", name);
}

static void line_read(char *line, uint16_t port, struct resolv *out)
{
    char *rest = NULL;
    const char *blanks = " \t\r\n";
    const char *key = strtok_r(line, blanks, &rest);
    if (key == NULL || key[0] == '#' || key[0] == ';')
        return;
    bool search = strcmp(key, "search") == 0 || strcmp(key, "domain") == 0;
    if (search)
        out->search_count = 0;          /* the last of such lines counts */
    for (const char *word = strtok_r(NULL, blanks, &rest); word != NULL; word = strtok_r(NULL, blanks, &rest)) {
        uint64_t n;
        if (search)
            search_add(word, out);
        else if (strcmp(key, "nameserver") == 0)
            server_add(word, port, out);
        else if (strcmp(key, "options") == 0 && strncmp(word, "ndots:", 6) == 0 && text_read_u64(slice_string(word + 6), 15, &n) == OK)
            out->ndots = (unsigned)n;
    }
}

void resolv_read(const char *path, uint16_t port, struct resolv *out)
{
    *out = (struct resolv){ .ndots = 1 };
    FILE *file = fopen(path, "re");
    char line[1024];
    for (int i = 0; file != NULL && i < RESOLV_LINES && fgets(line, sizeof line, file) != NULL; i++)
        line_read(line, port, out);
    if (file != NULL)
        fclose(file);
    if (out->servers.count == 0)
        server_add("127.0.0.1", port, out);
}
