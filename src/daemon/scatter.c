/* SPDX-License-Identifier: Apache-2.0 */
/* One edit takes every third name out, the next puts them back: the same content, other ways to it. */
#include "daemon/scatter.h"

#include <stdlib.h>

static bool taken(const struct zone_version *v, uint32_t index)
{
    return index % 3 == 1 && !zone_node_is_empty(zone_version_node(v, index));
}

/* @param whole  what the version was; @param back  false: takes the names out of `v`, true: puts them back */
static struct zone_version *step(const struct zone_version *v, const struct zone_version *whole, bool back)
{
    struct zone_edit *edit;
    struct zone_version *next = NULL;
    enum status st = zone_edit_begin(v, &edit);
    if (st != OK)
        return NULL;
    for (uint32_t i = 0; st == OK && i < zone_version_nodes(whole); i++) {
        if (!taken(whole, i))
            continue;
        const struct zone_node *n = zone_version_node(whole, i);
        st = back ? zone_edit_add_node(edit, whole, n) : zone_edit_remove_name(edit, zone_node_name(whole, n));
    }
    if (st == OK)
        return zone_edit_finish(edit, NULL, &next) == OK ? next : NULL;
    zone_edit_free(edit);
    return NULL;
}

struct zone_version *scatter(struct zone_version *version)
{
    if (!getenv("RHIZ_TEST_OVERLAY"))
        return version;
    struct zone_version *less = step(version, version, false), *again = less ? step(less, version, true) : NULL;
    zone_version_free(less);
    if (!again || zone_version_fingerprint(again) != zone_version_fingerprint(version))
        return version;
    log_info(LOG_ZONE, "zone scattered", log_u64("nodes", zone_version_nodes(again)));
    zone_version_free(version);
    return again;
}
