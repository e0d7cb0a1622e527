/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of addresses: entries are checked when read, named lists resolved when built. */
#include "config/inside.h"

#include <stdio.h>
#include <string.h>

/* A named list while it is being checked. */
struct acl_draft {
    struct config_acl *acl;
    const struct node *name, *value;
    uint64_t weight;            /* entries with all lists followed; 0 = not known yet */
    bool open;                  /* being followed: meeting it again is a circle */
};
enum { ACL_WEIGHT_MAX = 1000000, ACL_DEPTH_MAX = 64 };

static const char *const words[] = { "any", "none", "loopback", "own" };

static bool is_word(const char *text)
{
    for (size_t i = 0; i < LENGTH_OF(words); i++) {
        if (strcmp(words[i], text) == 0)
            return true;
    }
    return false;
}

static bool is_prefix(const char *text)
{
    struct prefix prefix;
    return prefix_parse(slice_string(text + (*text == '!')), &prefix) == OK;
}

/* What would be right for an entry that is nothing known. */
static void explain_entry(struct reading *r, const struct node *item, const char *text)
{
    char address[64], masked[ADDRESS_TEXT_ROOM];
    const char *bare = text + (*text == '!'), *slash = strchr(bare, '/');
    struct address parsed;
    uint64_t bits;
    if (strncmp(text, "key:", 4) == 0) {
        node_error(r->diag, item, "\"%.64s\": keys are not in this version; addresses are", text);
        return;
    }
    if (slash && (size_t)(slash - bare) < sizeof address) {
        snprintf(address, sizeof address, "%.*s", (int)(slash - bare), bare);
        if (address_parse(slice_string(address), &parsed) == OK &&
            text_read_u64(slice_string(slash + 1), parsed.family == 4 ? 32 : 128, &bits) == OK) {
            parsed = address_mask(parsed, (unsigned)bits);
            node_error(r->diag, item, "\"%.64s\" has bits set behind its prefix; write %s/%u", text, address_print(&parsed, masked), (unsigned)bits);
            return;
        }
    }
    size_t position = 0;
    const void *key;
    size_t length;
    void *value;
    const char *best = NULL;
    unsigned least = (unsigned)strlen(text) / 3 + 1;
    while (strlen(text) < 64 && table_next(r->acl_names, &position, &key, &length, &value)) {
        const char *name = ((const struct acl_draft *)value)->acl->name;
        unsigned distance = text_distance(name, text);
        if (distance < least) {
            least = distance;
            best = name;
        }
    }
    if (best)
        node_error(r->diag, item, "\"%.64s\" is no network and no list of `acl`; did you mean `%s`?", text, best);
    else
        node_error(r->diag, item, "\"%.64s\" is no network and no list of `acl`: write any, none, loopback, own, 192.0.2.0/24, !192.0.2.1 or a list's name", text);
}

/* The entries of a list or of one scalar. */
bool read_acl(struct reading *r, const struct node *value, struct config_list *out)
{
    struct config_list list;
    size_t before = diagnostics_count(r->diag, SEVERITY_ERROR);
    if (!read_texts(r, value, &list))
        return false;
    if (list.count == 0) {
        node_error(r->diag, value, "an empty list says nothing: write [any] or [none]");
        return false;
    }
    const struct node *real = node_real(value), *item = real->kind == NODE_LIST ? real->first : value;
    for (size_t i = 0; i < list.count; i++, item = item->next) {
        const char *text = list.items[i];
        if (!is_word(text) && !is_prefix(text) && !table_find(r->acl_names, text, strlen(text)))
            explain_entry(r, item, text);
    }
    if (diagnostics_count(r->diag, SEVERITY_ERROR) > before)
        return false;
    *out = list;
    return true;
}

static bool check_name(struct reading *r, const struct node *name)
{
    const char *text = name->text;
    if (is_word(text) || is_prefix(text) || *text == '!' || !*text || strchr(text, ':')) {
        node_error(r->diag, name, "\"%.64s\" cannot be the name of a list: it means something else in one", text);
        return false;
    }
    const struct acl_draft *before = table_find(r->acl_names, text, strlen(text));
    if (before) {
        node_error(r->diag, name, "list `%.64s` is there already, at %s:%u", text, before->name->file->path, before->name->line);
        return false;
    }
    return true;
}

/* Entries with all lists followed; a circle or too many are errors.  0 = was one. */
static uint64_t weigh(struct reading *r, struct acl_draft *draft, unsigned depth)
{
    if (draft->weight)
        return draft->weight;
    if (draft->open || depth > ACL_DEPTH_MAX) {
        node_error(r->diag, draft->name, "list `%.64s` contains itself%s", draft->acl->name, draft->open ? "" : " or too many levels");
        return 0;
    }
    uint64_t sum = 0;
    draft->open = true;
    for (size_t i = 0; i < draft->acl->entries.count; i++) {
        const char *text = draft->acl->entries.items[i];
        struct acl_draft *other = is_word(text) || is_prefix(text) ? NULL : table_find(r->acl_names, text, strlen(text));
        uint64_t more = other ? weigh(r, other, depth + 1) : 1;
        sum += more;
        if (more == 0 || sum > ACL_WEIGHT_MAX)
            break;
    }
    draft->open = false;
    if (sum > ACL_WEIGHT_MAX)
        node_error(r->diag, draft->name, "list `%.64s` has over %d entries with the lists in it", draft->acl->name, ACL_WEIGHT_MAX);
    draft->weight = sum ? sum : 1;
    return draft->weight;
}

static size_t collect_names(struct reading *r, struct acl_draft *drafts, struct config_acl *acls)
{
    size_t count = 0;
    for (const struct source_file *file = r->files; file; file = file->next) {
        const struct node *map = root_member(file, "acl");
        if (!map || (node_real(map)->kind == NODE_SCALAR && node_real(map)->null) || !expect_kind(r, map, NODE_MAP, "a block of lists"))
            continue;
        for (const struct node *value = node_real(map)->first; value; value = value->next) {
            const struct node *name = node_real(value->key);
            if (!check_name(r, name))
                continue;
            drafts[count] = (struct acl_draft){ .acl = &acls[count], .name = value->key, .value = value };
            acls[count].name = read_string(r, name->text);
            if (r->no_memory || table_set(r->acl_names, name->text, strlen(name->text), &drafts[count], NULL) != OK) {
                r->no_memory = true;
                return count;
            }
            count++;
        }
    }
    return count;
}

void read_acls(struct reading *r)
{
    size_t most = 0;
    for (const struct source_file *file = r->files; file; file = file->next) {
        const struct node *map = root_member(file, "acl");
        for (const struct node *value = map && node_real(map)->kind == NODE_MAP ? node_real(map)->first : NULL; value; value = value->next)
            most++;
    }
    struct config_acl *acls = read_alloc(r, most * sizeof *acls);
    struct acl_draft *drafts = arena_alloc(r->nodes, (most + 1) * sizeof *drafts);
    if (!acls || !drafts) {
        r->no_memory = true;
        return;
    }
    size_t count = collect_names(r, drafts, acls);
    for (size_t i = 0; i < count && !r->no_memory; i++)
        (void)read_acl(r, drafts[i].value, &acls[i].entries);
    for (size_t i = 0; i < count && !r->no_memory; i++)
        (void)weigh(r, &drafts[i], 0);
    r->config->acls = acls;
    r->config->acl_count = count;
}

static enum status build_into(const struct config *config, struct config_list list, struct acl *acl, unsigned depth)
{
    if (depth > ACL_DEPTH_MAX)
        return E_BAD_TEXT;
    for (size_t i = 0; i < list.count; i++) {
        const struct config_acl *named = NULL;
        for (size_t k = 0; k < config->acl_count && !named; k++) {
            if (strcmp(config->acls[k].name, list.items[i]) == 0)
                named = &config->acls[k];
        }
        enum status st = named ? build_into(config, named->entries, acl, depth + 1) : acl_add(acl, slice_string(list.items[i]));
        if (st != OK)
            return st;
    }
    return OK;
}

enum status config_acl_build(const struct config *config, struct config_list list, struct acl **out)
{
    if (list.count == 0) {
        *out = NULL;
        return OK;
    }
    struct acl *acl = acl_new();
    enum status st = acl ? build_into(config, list, acl, 0) : E_NOMEM;
    if (st != OK) {
        acl_free(acl);
        return st;
    }
    *out = acl;
    return OK;
}
