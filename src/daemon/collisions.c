/* SPDX-License-Identifier: Apache-2.0 */
/* A name system and the DNS may claim one suffix.  The root zone says what the DNS has: the one that is served here, else the list
 * that came with the program (data/tlds.txt). */
#include "daemon/collisions.h"

#include <string.h>
#include <strings.h>

extern const unsigned char tld_list[];      /* data/tlds.txt, embedded */
extern const size_t tld_list_bytes;

/* Lines in order; the first one is a comment. */
static bool is_listed(struct name_view suffix)
{
    const char *at = (const char *)tld_list, *end = at + tld_list_bytes;
    struct slice label = slice_of((const char *)suffix.wire + 1, suffix.wire[0]);
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = stop ? (size_t)(stop - at) : (size_t)(end - at);
        if (length == label.length && strncasecmp(at, label.data, length) == 0)
            return true;
        at += length + 1;
    }
    return false;
}

static bool delegated(struct name_view suffix, const struct zone_version *root)
{
    if (suffix.labels != 1)
        return false;                       /* below a name that its operator has anyway */
    const struct zone_node *node = root ? zone_node_find(root, suffix) : NULL;
    return root ? node && zone_node_is_cut(node) : is_listed(suffix);
}

void collisions_look(struct chains *chains, const struct zone_version *root)
{
    for (size_t i = 0; chains && i < chains->count; i++) {
        struct chains_mount *m = &chains->list[i];
        bool now = delegated(mount_suffix(m->mount), root);
        bool before = atomic_exchange(&m->collides, now);
        mount_set_off(m->mount, chains_mount_is_off(m));
        if (now == before)
            continue;
        char text[NAME_TEXT_ROOM];
        const struct log_field suffix = log_text("suffix", name_to_text(mount_suffix(m->mount), text));
        if (!now)
            log_info(LOG_SERVER, "the root zone does not delegate this suffix any more", suffix);
        else if (m->collision == CONFIG_COLLISION_OURS)
            log_warning(LOG_SERVER, "the root zone delegates this suffix too, and the name system answers", suffix);
        else
            log_warning(LOG_SERVER, "the root zone delegates this suffix, so the mount is off; `collision: ours` would turn it on", suffix);
    }
}
