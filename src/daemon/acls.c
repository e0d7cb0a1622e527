/* SPDX-License-Identifier: Apache-2.0 */
/* Access lists of zones.  A list is built once for all zones that write it alike, and lives as long as the
 * configuration; so a hundred thousand zones with `allow-transfer: [home]` share one. */
#include "daemon/inside.h"

#include <string.h>

/* The list as the key of its ACL. */
static bool list_key(struct config_list list, struct text *key)
{
    text_growing(key);
    for (size_t i = 0; i < list.count; i++) {
        text_add(key, list.items[i]);
        text_add_char(key, '\n');
    }
    return !key->full;
}

static bool says_any(struct config_list list) { return list.count == 0 || (list.count == 1 && strcmp(list.items[0], "any") == 0); }
static bool says_none(struct config_list list) { return list.count == 0 || (list.count == 1 && strcmp(list.items[0], "none") == 0); }

static enum status build(struct table *acls, const struct config *config, struct config_list list)
{
    struct text key;
    struct acl *acl = NULL;
    enum status st = list_key(list, &key) ? OK : E_NOMEM;
    if (st == OK && !table_find(acls, key.data, key.length)) {
        st = config_acl_build(config, list, &acl);
        if (st == OK)
            st = table_set(acls, key.data, key.length, acl, NULL);
        if (st != OK)
            acl_free(acl);
    }
    text_clear(&key);
    return st;
}

static enum status build_both(struct table *acls, const struct config *config, const struct config_zone_options *options)
{
    enum status st = says_any(options->allow_query) ? OK : build(acls, config, options->allow_query);
    if (st == OK && !says_none(options->allow_transfer))
        st = build(acls, config, options->allow_transfer);
    return st;
}

enum status acls_build(struct table *acls, const struct config *config)
{
    enum status st = build_both(acls, config, config_template_find(config, NULL));
    const struct config_zone_options *last = NULL;
    for (size_t i = 0; st == OK && i < config->zone_count; i++) {
        if (config->zones[i].options == last)
            continue;
        last = config->zones[i].options;
        st = build_both(acls, config, last);
    }
    return st;
}

static struct acl *find(struct table *acls, struct config_list list)
{
    struct text key;
    struct acl *acl = list_key(list, &key) ? table_find(acls, key.data, key.length) : NULL;
    text_clear(&key);
    return acl;
}

enum status acls_apply(struct keeper *keeper, struct table *acls, struct kept *kept)
{
    const struct config_zone_options *options = kept->config->options;
    bool any = says_any(options->allow_query), none = says_none(options->allow_transfer);
    if (any && none && !kept->has_acls)     /* what a zone without options does; it needs a place for its counters all the same */
        return zone_user(kept->zone) ? OK : serve_zone_set(kept->zone, NULL, keeper->options.epoch);
    struct serve_zone *set = serve_zone_new();
    enum status st = set ? OK : E_NOMEM;
    if (st == OK) {
        set->allow_query = any ? NULL : find(acls, options->allow_query);
        set->allow_transfer = none ? NULL : find(acls, options->allow_transfer);
        /* A list that cannot be found must not become "any". */
        st = !any && !set->allow_query ? E_NOMEM : serve_zone_set(kept->zone, set, keeper->options.epoch);
    }
    if (st != OK) {
        serve_zone_free(set);
        return st;
    }
    kept->has_acls = true;
    return OK;
}

static void free_all(void *acls)
{
    const void *key;
    size_t length;
    void *value;
    for (size_t at = 0; table_next(acls, &at, &key, &length, &value);)
        acl_free(value);
    table_free(acls);
}

void acls_retire(struct keeper *keeper, struct table *acls)
{
    if (acls)
        epoch_retire(keeper->options.epoch, acls, free_all);
}
