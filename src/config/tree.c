/* SPDX-License-Identifier: Apache-2.0 */
/* YAML into nodes with marks.  The only file that sees libyaml.
 *
 * What a hostile file can cost is bounded by its size: depth is capped, and an alias is a pointer whose weight (the
 * nodes it stands for) counts towards a cap, so that "billion laughs" ends as an error rather than as work. */
#include "config/inside.h"
#include "config/tree_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

enum { RUNS_ABOVE = 4096 };      /* octets of a file from which on runs are looked for */

struct tree {
    struct arena *arena;
    struct source_file *file;
    struct diagnostics *diag;
    struct table *anchors;
    struct node *open[CONFIG_DEPTH_MAX];    /* the lists and maps that are being filled */
    struct node *key[CONFIG_DEPTH_MAX];     /* in a map: the key that waits for its value */
    unsigned depth;
    bool ended, no_memory;
    const struct line_runs *runs;           /* what the parser does not see; NULL = it sees all */
    size_t run;                             /* the next of them */
};

/* ---- errors ---- */

/* Where the line starts, and how many octets its first `characters` characters take. */
static void find_line(const struct source_file *file, uint32_t line, uint32_t column, struct place *place)
{
    const char *at = file->bytes, *end = file->bytes + file->size;
    for (uint32_t n = 1; n < line && at < end; n++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    size_t length = (size_t)((stop ? stop : end) - at), octets = 0;
    if (length && at[length - 1] == '\r')
        length--;
    for (uint32_t seen = 1; seen < column && octets < length; seen++) {
        octets++;
        while (octets < length && ((uint8_t)at[octets] & 0xc0) == 0x80)
            octets++;
    }
    place->column = (uint32_t)octets + 1;
    place->source = at;
    place->source_length = length > 400 ? 400 : length;
}

static void add_at(struct diagnostics *diag, enum severity severity, const struct source_file *file, uint32_t line, uint32_t column,
                   const char *format, va_list arguments)
{
    char sentence[1024];
    struct place place = { .file = file->path, .line = line, .column = column };
    if (diagnostics_full(diag, severity)) {
        diagnostics_add(diag, severity, "config", NULL, "more");    /* only counted: do not search for its line */
        return;
    }
    vsnprintf(sentence, sizeof sentence, format, arguments);
    if (file->bytes)
        find_line(file, line, column, &place);
    diagnostics_add(diag, severity, "config", &place, "%s", sentence);
}

void node_error(struct diagnostics *diag, const struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_at(diag, SEVERITY_ERROR, node->file, node->line, node->column, format, arguments);
    va_end(arguments);
}

void node_warning(struct diagnostics *diag, const struct node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_at(diag, SEVERITY_WARNING, node->file, node->line, node->column, format, arguments);
    va_end(arguments);
}

static void tree_error(struct tree *t, const yaml_mark_t *mark, const char *format, ...) PRINTF_LIKE(3, 4);
static void tree_error(struct tree *t, const yaml_mark_t *mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_at(t->diag, SEVERITY_ERROR, t->file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1, format, arguments);
    va_end(arguments);
}

const struct node *node_real(const struct node *node) { return node && node->alias ? node->alias : node; }

const char *node_kind_text(const struct node *node)
{
    node = node_real(node);
    if (node->kind == NODE_LIST)
        return "a list";
    if (node->kind == NODE_MAP)
        return "a block of keys";
    return node->null ? "nothing" : "a text or number";
}

/* ---- building ---- */

static struct node *node_new(struct tree *t, enum node_kind kind, const yaml_mark_t *mark)
{
    struct node *node = arena_alloc(t->arena, sizeof *node);
    if (!node) {
        t->no_memory = true;
        return NULL;
    }
    node->kind = kind;
    node->line = (uint32_t)mark->line + 1;
    node->column = (uint32_t)mark->column + 1;
    node->file = t->file;
    node->weight = 1;
    return node;
}

/* ---- items that the parser does not see ---- */

static struct node *word_new(struct tree *t, uint32_t line, uint32_t column, const char *text, size_t length, bool plain)
{
    yaml_mark_t mark = { .line = line - 1, .column = column - 1 };
    struct node *node = node_new(t, NODE_SCALAR, &mark);
    char *copy = node ? arena_bytes(t->arena, length + 1) : NULL;
    if (!copy) {
        t->no_memory = true;
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = 0;
    node->text = copy;
    node->plain = plain;
    return node;
}

static void member_add(struct node *map, struct node *key, struct node *value)
{
    value->key = key;
    if (map->last)
        map->last->next = value;
    else
        map->first = value;
    map->last = value;
    map->weight += value->weight;
}

static bool item_add(struct tree *t, struct node *list, const struct list_line *line, uint32_t number)
{
    yaml_mark_t mark = { .line = number - 1, .column = line->column - 1 };
    struct node *map = node_new(t, NODE_MAP, &mark);
    struct node *name_key = word_new(t, number, line->name_column, "name", 4, true);
    struct node *name = word_new(t, number, line->name.column, line->name.text.data, line->name.text.length, line->name.plain);
    struct node *file_key = word_new(t, number, line->file_column, "file", 4, true);
    struct node *file = word_new(t, number, line->file.column, line->file.text.data, line->file.text.length, line->file.plain);
    if (!map || !name_key || !name || !file_key || !file)
        return false;
    member_add(map, name_key, name);
    member_add(map, file_key, file);
    member_add(list, NULL, map);
    return true;
}

/* The node is the last of a run, and what its list had last is the first of it: what lies between comes now. */
static bool run_between(struct tree *t, struct node *list, const struct node *node)
{
    const struct line_run *run = t->runs && t->run < t->runs->count ? &t->runs->runs[t->run] : NULL;
    if (!run || list->kind != NODE_LIST || node->kind != NODE_MAP || node->line != run->last || node->column != run->column || !list->last ||
        list->last->line != run->first || list->last->column != run->column)
        return true;
    const char *at = run->between, *end = t->file->bytes + t->file->size;
    struct list_line line;
    for (uint32_t number = run->first + 1; number < run->last; number++)
        if (!list_line_read(at, end, &line, &at) || !item_add(t, list, &line, number))
            return false;
    t->run++;
    return true;
}

/* Puts a finished node where it belongs. */
static bool attach(struct tree *t, struct node *node, const yaml_mark_t *mark)
{
    if (t->depth == 0) {
        t->file->root = node;
        return true;
    }
    struct node *parent = t->open[t->depth - 1];
    if (parent->kind == NODE_MAP && !t->key[t->depth - 1]) {
        if (node_real(node)->kind != NODE_SCALAR) {
            tree_error(t, mark, "a key must be a word");
            return false;
        }
        t->key[t->depth - 1] = node;
        return true;
    }
    if (!run_between(t, parent, node))
        return false;
    node->key = t->key[t->depth - 1];
    t->key[t->depth - 1] = NULL;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->weight += node->weight;
    if (parent->weight > NODE_WEIGHT_MAX) {
        tree_error(t, mark, "too much: with all aliases followed there are over %d values", NODE_WEIGHT_MAX);
        return false;
    }
    return true;
}

static bool anchor(struct tree *t, const char *name, struct node *node)
{
    if (name && table_set(t->anchors, name, strlen(name), node, NULL) != OK)
        t->no_memory = true;
    return !t->no_memory;
}

static bool scalar(struct tree *t, const yaml_event_t *event)
{
    struct node *node = node_new(t, NODE_SCALAR, &event->start_mark);
    if (!node)
        return false;
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(text, 0, length)) {
        tree_error(t, &event->start_mark, "a text must not contain the octet 0");
        return false;
    }
    char *copy = arena_bytes(t->arena, length + 1);
    if (!copy) {
        t->no_memory = true;
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = 0;
    node->text = copy;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->null = node->plain && (length == 0 || strcmp(copy, "~") == 0 || strcmp(copy, "null") == 0);
    return anchor(t, (const char *)event->data.scalar.anchor, node) && attach(t, node, &event->start_mark);
}

static bool alias(struct tree *t, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct node *target = table_find(t->anchors, name, strlen(name));
    if (!target) {
        tree_error(t, &event->start_mark, "*%s stands for nothing: no &%s before it", name, name);
        return false;
    }
    for (unsigned i = 0; i < t->depth; i++) {
        if (t->open[i] == target) {
            tree_error(t, &event->start_mark, "*%s is inside of what it stands for", name);
            return false;
        }
    }
    struct node *node = node_new(t, target->kind, &event->start_mark);
    if (!node)
        return false;
    node->alias = node_real(target);
    node->weight = target->weight;
    return attach(t, node, &event->start_mark);
}

static bool open_node(struct tree *t, enum node_kind kind, const char *name, const yaml_mark_t *mark)
{
    if (t->depth == CONFIG_DEPTH_MAX) {
        tree_error(t, mark, "nested too deeply: at most %d levels", CONFIG_DEPTH_MAX);
        return false;
    }
    struct node *node = node_new(t, kind, mark);
    if (!node || !anchor(t, name, node))
        return false;
    t->open[t->depth] = node;
    t->key[t->depth++] = NULL;
    return true;
}

static bool close_node(struct tree *t, const yaml_mark_t *mark) { return attach(t, t->open[--t->depth], mark); }

/* A list or map becomes visible to its parent when it ends; its weight is known by then. */
static bool take(struct tree *t, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return scalar(t, event);
    case YAML_ALIAS_EVENT: return alias(t, event);
    case YAML_SEQUENCE_START_EVENT: return open_node(t, NODE_LIST, (const char *)event->data.sequence_start.anchor, &event->start_mark);
    case YAML_MAPPING_START_EVENT: return open_node(t, NODE_MAP, (const char *)event->data.mapping_start.anchor, &event->start_mark);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: {
        struct node *node = t->open[t->depth - 1];
        yaml_mark_t mark = { .line = node->line - 1, .column = node->column - 1 };
        return close_node(t, &mark);
    }
    case YAML_DOCUMENT_START_EVENT:
        if (!t->file->root)
            return true;
        tree_error(t, &event->start_mark, "a second document: a configuration is one");
        return false;
    case YAML_STREAM_END_EVENT:
        t->ended = true;
        return true;
    default: return true;
    }
}

static void syntax_error(struct tree *t, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        t->no_memory = true;
        return;
    }
    const char *problem = parser->problem ? parser->problem : "not YAML";
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR) {
        /* libyaml gives an octet offset here, and no mark. */
        mark = (yaml_mark_t){ 0 };
        for (size_t i = 0; i < parser->problem_offset && i < t->file->size; i++) {
            mark.column++;
            if (t->file->bytes[i] == '\n')
                mark = (yaml_mark_t){ .line = mark.line + 1 };
        }
        tree_error(t, &mark, "%s (text must be UTF-8 without control characters)", problem);
    } else if (strstr(problem, "cannot start any token")) {
        tree_error(t, &mark, "%s: indent with blanks, not tabs, and put quotes around texts that begin with @ ` or %%", problem);
    } else {
        tree_error(t, &mark, "%s%s%s", parser->context ? parser->context : "", parser->context ? ": " : "", problem);
    }
}

static enum status parse_text(struct tree *t, const char *text, size_t size)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return E_NOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const uint8_t *)text, size);
    bool good = true;
    while (good && !t->ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            syntax_error(t, &parser);
            good = false;
        } else {
            good = take(t, &event);
            yaml_event_delete(&event);
        }
    }
    yaml_parser_delete(&parser);
    if (t->no_memory)
        return E_NOMEM;
    return good ? OK : E_INVALID;
}

/* First without the items of long runs; when that is not right, for any reason, once more with all. */
static enum status parse(struct tree *t)
{
    struct line_runs *runs = t->file->size > RUNS_ABOVE ? mem_room(sizeof *runs) : NULL;
    size_t reduced;
    char *text = runs ? line_runs_take(t->file->bytes, t->file->size, runs, &reduced) : NULL;
    enum status st = E_AGAIN;
    if (text) {
        struct tree quick = *t;
        quick.runs = runs;
        quick.diag = NULL;
        st = parse_text(&quick, text, reduced);
        if (st == OK && quick.run != runs->count)
            st = E_AGAIN;           /* some run was text in a block of text */
    }
    mem_free(text);
    mem_free(runs);
    if (st == OK)
        return OK;
    table_free(t->anchors);
    t->anchors = table_new();
    t->file->root = NULL;
    return t->anchors ? parse_text(t, t->file->bytes, t->file->size) : E_NOMEM;
}

static enum status slurp(struct source_file *file, const char *path, struct diagnostics *diag)
{
    struct stat facts;
    struct place place = { .file = path };
    enum status st = E_SYSTEM;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        diagnostics_add(diag, SEVERITY_ERROR, "config", &place, "cannot read it: %s", strerror(errno));
        goto done;
    }
    if (!S_ISREG(facts.st_mode) || facts.st_size > CONFIG_FILE_BYTES_MAX) {
        diagnostics_add(diag, SEVERITY_ERROR, "config", &place, "it must be a plain file of at most %d MiB", CONFIG_FILE_BYTES_MAX >> 20);
        st = E_INVALID;
        goto done;
    }
    file->bytes = mem_alloc((size_t)facts.st_size + 1);
    st = file->bytes ? OK : E_NOMEM;
    for (ssize_t got = 1; st == OK && got > 0 && file->size < (size_t)facts.st_size;) {
        got = read(fd, file->bytes + file->size, (size_t)facts.st_size - file->size);
        if (got < 0) {
            diagnostics_add(diag, SEVERITY_ERROR, "config", &place, "cannot read it: %s", strerror(errno));
            st = E_SYSTEM;
        } else {
            file->size += (size_t)got;
        }
    }
done:
    if (fd >= 0)
        close(fd);
    return st;
}

enum status source_file_open(struct arena *arena, const char *path, const char *text, size_t bytes, struct source_file **out,
                             struct diagnostics *diag)
{
    struct source_file *file = arena_alloc(arena, sizeof *file);
    struct tree tree = { .arena = arena, .file = file, .diag = diag, .anchors = table_new() };
    enum status st = E_NOMEM;
    if (!file || !tree.anchors)
        goto done;
    file->path = arena_string(arena, path);
    st = file->path ? OK : E_NOMEM;
    if (st == OK && text) {
        file->bytes = mem_alloc(bytes + 1);
        st = file->bytes ? OK : E_NOMEM;
        if (st == OK)
            memcpy(file->bytes, text, bytes);
        file->size = bytes;
    } else if (st == OK) {
        st = slurp(file, path, diag);
    }
    if (st == OK)
        st = parse(&tree);
done:
    table_free(tree.anchors);
    if (st != OK) {
        if (file)
            source_file_close(file);
        return st;
    }
    *out = file;
    return OK;
}

void source_file_close(struct source_file *file)
{
    mem_free(file->bytes);
    file->bytes = NULL;
}
