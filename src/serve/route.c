/* SPDX-License-Identifier: Apache-2.0 */
/* From a client to its view, from a name to its source. */
#include "serve/inside.h"

const struct serve_view *route_view(const struct serve_setup *setup, const struct address *client)
{
    for (size_t i = 0; i < setup->view_count; i++) {
        const struct serve_view *view = &setup->views[i];
        if (view->clients == NULL || acl_permits(view->clients, client))
            return view;
    }
    return NULL;
}

/* DS belongs to the parent (RFC 4035 3.1.4.1).  Where we serve the child alone, the child answers that it has none. */
struct zone *route_zone(const struct serve_view *view, struct name_view name, uint16_t type, uint16_t klass, uint64_t begun)
{
    if (klass == CLASS_ANY) {
        klass = CLASS_IN;           /* RFC 1034 3.7.1; such an answer is never authoritative */
        begun = 0;
    }
    struct zone *zone = zone_table_take(view->zones, name, klass, begun);
    if (type != TYPE_DS || zone == NULL || !name_equal(zone_name(zone), name))
        return zone;
    struct zone *parent = zone_table_find(view->zones, name, klass, true);
    return parent == NULL ? zone : parent;
}
