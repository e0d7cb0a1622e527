/* SPDX-License-Identifier: Apache-2.0 */
/* SOA and NS: of the mount, or of a name that has them on chain.  All of denial comes from here. */
#include "names/vzone_inside.h"

#include <string.h>

enum { REFRESH = 3600, RETRY = 600, EXPIRE = 1209600 };

static const uint8_t localhost_wire[] = "\011localhost";

static struct name_view localhost(void) { return (struct name_view){ localhost_wire, sizeof localhost_wire, 1 }; }

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static size_t soa_write(struct name_view server, struct name_view origin, uint32_t serial, uint32_t negative, uint8_t out[2 * NAME_MAX_BYTES + 20])
{
    struct name contact;
    if (name_prepend((const uint8_t *)"hostmaster", 10, origin, &contact) != OK)
        contact = name_copy(origin);
    size_t at = server.length;
    memcpy(out, server.wire, server.length);
    memcpy(out + at, contact.wire, contact.length);
    at += contact.length;
    const uint32_t words[] = { serial, REFRESH, RETRY, EXPIRE, negative };
    for (size_t i = 0; i < LENGTH_OF(words); i++, at += 4)
        put_u32(out + at, words[i]);
    return at;
}

static struct name_view server_of(const struct mount_options *mount, size_t index) { return mount->server_count == 0 ? localhost() : mount->servers[index]; }
static size_t server_count(const struct mount_options *mount) { return mount->server_count == 0 ? 1 : mount->server_count; }

/* The first server of a name that has NS on chain. */
static bool own_server(const struct facts *facts, struct name_view *out)
{
    const struct fact_records *ns = facts_records(facts, zone_of(facts), TYPE_NS);
    if (ns == NULL || ns->fact.state != FACT_PRESENT || ns->fact.value.length < 7)
        return false;
    struct cursor c = cursor_of((const uint8_t *)ns->fact.value.data + 6, ns->fact.value.length - 6);
    return name_read_plain(&c, out) == OK;
}

void apex_add(struct making *m)
{
    uint8_t rdata[2 * NAME_MAX_BYTES + 20];
    struct name_view origin = name_view_of(&m->origin), server = server_of(m->mount, 0);
    struct name mapped;
    if (m->own && own_server(m->in->facts[0].facts, &server) && tree_to_dns(m->mount, server, &mapped))
        server = name_view_of(&mapped);
    uint32_t negative = least(NEGATIVE_TTL, m->in->ttl_limit);
    if (!m->has_soa) {
        size_t size = soa_write(server, origin, m->in->serial, negative, rdata);
        making_add(m, origin, TYPE_SOA, negative, rdata, size);
    }
    for (size_t i = 0; !m->own && i < server_count(m->mount); i++) {
        server = server_of(m->mount, i);
        making_add(m, origin, TYPE_NS, SYNTHETIC_TTL, server.wire, server.length);
    }
}

enum status vzone_build_apex(const struct mount_options *mount, struct name_view origin, uint32_t serial, struct zone_version **out)
{
    const struct vzone_input in = { .mount = mount, .serial = serial, .ttl_limit = mount->ttl_max };
    struct vzone zone = { .chain_ttl = UINT32_MAX };
    struct making m = { .in = &in, .mount = mount, .out = &zone, .origin = name_copy(origin) };
    m.status = zone_builder_new(origin, CLASS_IN, &m.builder);
    if (m.status != OK)
        return m.status;
    apex_add(&m);
    if (m.status != OK) {
        zone_builder_free(m.builder);
        return m.status;
    }
    return zone_builder_finish(m.builder, false, out);
}
