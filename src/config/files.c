/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a configuration: the main one and what it includes. */
#include "config/inside.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const struct node *root_member(const struct source_file *file, const char *name)
{
    const struct node *root = node_real(file->root);
    if (!root || root->kind != NODE_MAP)
        return NULL;
    for (const struct node *value = root->first; value; value = value->next) {
        if (strcmp(node_real(value->key)->text, name) == 0)
            return value;
    }
    return NULL;
}

static enum status open_file(struct reading *r, const char *path, const struct source_file *parent, const struct config_source *source, unsigned depth);

/* A folder that is not there has no files for a pattern; what cannot be read is told. */
static int glob_trouble(const char *path, int error)
{
    (void)path;
    return error != ENOENT && error != ENOTDIR;
}

/* Is it the including file, or one of those that include that one? */
static bool includes_itself(const struct source_file *from, const char *path)
{
    struct stat there, above;
    if (stat(path, &there) != 0)
        return false;
    for (; from; from = from->parent) {
        if (stat(from->path, &above) == 0 && above.st_dev == there.st_dev && above.st_ino == there.st_ino)
            return true;
    }
    return false;
}

static enum status include_pattern(struct reading *r, const struct node *item, const struct config_source *source, unsigned depth)
{
    const char *text = node_real(item)->text, *slash = strrchr(item->file->path, '/');
    char pattern[PATH_MAX];
    int folder = *text == '/' || !slash ? 0 : (int)(slash - item->file->path) + 1;
    if (snprintf(pattern, sizeof pattern, "%.*s%s", folder, item->file->path, text) >= (int)sizeof pattern) {
        node_error(r->diag, item, "this path is too long");
        return OK;
    }
    glob_t found = { 0 };
    enum status st = OK;
    int result = glob(pattern, 0, glob_trouble, &found);
    if (result == GLOB_NOMATCH && !strpbrk(text, "*?["))
        node_error(r->diag, item, "there is no file %.500s", pattern);
    else if (result != 0 && result != GLOB_NOMATCH)
        node_error(r->diag, item, "%.500s cannot be read", pattern);
    for (size_t i = 0; result == 0 && i < found.gl_pathc && st != E_NOMEM; i++) {
        if (includes_itself(item->file, found.gl_pathv[i])) {
            node_error(r->diag, item, "a circle: %.500s includes itself, through this line", found.gl_pathv[i]);
            continue;
        }
        if (r->file_count >= CONFIG_FILES_MAX || depth >= CONFIG_INCLUDE_DEPTH_MAX) {
            node_error(r->diag, item, "too many files: at most %d, nested %d deep", CONFIG_FILES_MAX, CONFIG_INCLUDE_DEPTH_MAX);
            break;
        }
        st = open_file(r, found.gl_pathv[i], item->file, source, depth + 1);
    }
    globfree(&found);
    return st == E_NOMEM ? st : OK;
}

static enum status open_includes(struct reading *r, const struct source_file *file, const struct config_source *source, unsigned depth)
{
    const struct node *value = root_member(file, "include");
    struct config_list list;
    if (!value)
        return OK;
    if (source->no_includes) {
        node_error(r->diag, value, "`include` is not allowed here");
        return OK;
    }
    if (!read_texts(r, value, &list))
        return r->no_memory ? E_NOMEM : OK;
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    enum status st = OK;
    for (size_t i = 0; i < list.count && st == OK; i++, item = item->next)
        st = include_pattern(r, item, source, depth);
    return st;
}

static enum status open_file(struct reading *r, const char *path, const struct source_file *parent, const struct config_source *source, unsigned depth)
{
    struct source_file *file;
    bool given = depth == 0 && source->text;
    enum status st = source_file_open(r->nodes, path, given ? source->text : NULL, given ? source->text_bytes : 0, &file, r->diag);
    if (st != OK)
        return st;
    file->parent = parent;
    *r->last_file = file;
    r->last_file = &file->next;
    r->file_count++;
    return open_includes(r, file, source, depth);
}

enum status files_open(struct reading *r, const struct config_source *source) { return open_file(r, source->path, NULL, source, 0); }
