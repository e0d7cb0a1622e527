/* SPDX-License-Identifier: Apache-2.0 */
/* The message that `rhiz query` sends.  Odd ones on purpose: any flag, opcode, EDNS version or option can be asked for. */
#include "tools/query.h"

#include <string.h>

struct writer { uint8_t *data; size_t length, room; bool full; };

static void write_bytes(struct writer *w, const void *data, size_t count)
{
    if (w->full || count > w->room - w->length) {
        w->full = true;
        return;
    }
    if (count > 0)
        memcpy(w->data + w->length, data, count);
    w->length += count;
}
static void write_u16(struct writer *w, uint16_t value)
{
    uint8_t b[2];
    put_u16(b, value);
    write_bytes(w, b, sizeof b);
}
static void write_u32(struct writer *w, uint32_t value)
{
    uint8_t b[4];
    put_u32(b, value);
    write_bytes(w, b, sizeof b);
}
static void write_option(struct writer *w, uint16_t code, const void *data, size_t count)
{
    write_u16(w, code);
    write_u16(w, (uint16_t)count);
    write_bytes(w, data, count);
}

/* RFC 7871 section 6: no more octets than the prefix needs. */
static void write_subnet(struct writer *w, const struct lookup *lookup)
{
    uint8_t data[20] = { 0, 0, 0, 0 };
    size_t octets = (lookup->subnet_prefix.bits + 7u) / 8u;
    data[1] = lookup->subnet_family;
    data[2] = lookup->subnet_prefix.bits;
    memcpy(data + 4, lookup->subnet_prefix.address.bytes, octets);
    write_option(w, OPTION_ECS, data, 4 + octets);
}

static void write_cookie(struct writer *w, const struct lookup *lookup)
{
    uint8_t fresh[8];
    if (lookup->cookie_length > 0) {
        write_option(w, OPTION_COOKIE, lookup->cookie_bytes, lookup->cookie_length);
        return;
    }
    random_bytes(fresh, sizeof fresh);
    write_option(w, OPTION_COOKIE, fresh, sizeof fresh);
}

/* RFC 7830: the whole message becomes a multiple of the block. */
static void write_padding(struct writer *w, uint16_t block)
{
    size_t over = (w->length + 4) % block;
    size_t count = over == 0 ? 0 : block - over;
    uint8_t zero[512] = { 0 };
    write_option(w, OPTION_PADDING, zero, count > sizeof zero ? sizeof zero : count);
}

static void write_opt(struct writer *w, const struct lookup *lookup)
{
    uint16_t flags = (uint16_t)(lookup->edns_flags | (lookup->dnssec ? 0x8000 : 0) | (lookup->compact ? 0x4000 : 0));
    write_bytes(w, "", 1);
    write_u16(w, TYPE_OPT);
    write_u16(w, lookup->bufsize);
    write_u32(w, (uint32_t)lookup->edns_version << 16 | flags);
    size_t length_at = w->length;
    write_u16(w, 0);
    if (lookup->nsid)
        write_option(w, OPTION_NSID, NULL, 0);
    if (lookup->subnet)
        write_subnet(w, lookup);
    if (lookup->cookie)
        write_cookie(w, lookup);
    if (lookup->expire)
        write_option(w, OPTION_EXPIRE, NULL, 0);
    if (lookup->keepalive)
        write_option(w, OPTION_KEEPALIVE, NULL, 0);
    write_bytes(w, lookup->options, lookup->options_bytes);
    if (lookup->padding > 0)
        write_padding(w, lookup->padding);
    if (!w->full)
        put_u16(w->data + length_at, (uint16_t)(w->length - length_at - 2));
}

static uint16_t flags_of(const struct lookup *l)
{
    return (uint16_t)((unsigned)l->opcode << 11 | (l->aa ? FLAG_AA : 0) | (l->tc ? FLAG_TC : 0) | (l->rd ? FLAG_RD : 0) |
                      (l->ra ? FLAG_RA : 0) | (l->z ? 0x40 : 0) | (l->ad ? FLAG_AD : 0) | (l->cd ? FLAG_CD : 0));
}

/* IXFR tells what the client has by a SOA of which only the serial counts (RFC 1995 section 3). */
static void write_ixfr_soa(struct writer *w, const struct lookup *lookup, struct name_view name)
{
    write_bytes(w, name.wire, name.length);
    write_u16(w, TYPE_SOA);
    write_u16(w, lookup->klass);
    write_u32(w, 0);
    write_u16(w, 22);
    write_bytes(w, "\0", 2);
    write_u32(w, lookup->ixfr_serial);
    for (int i = 0; i < 4; i++)
        write_u32(w, 0);
}

size_t query_build(const struct lookup *lookup, struct name_view name, uint8_t *out, size_t room)
{
    struct writer w = { out, 0, room, false };
    write_u16(&w, lookup->id >= 0 ? (uint16_t)lookup->id : (uint16_t)random_u32());
    write_u16(&w, flags_of(lookup));
    write_u16(&w, lookup->header_only ? 0 : 1);
    write_u16(&w, 0);
    write_u16(&w, lookup->ixfr && !lookup->header_only ? 1 : 0);
    write_u16(&w, lookup->edns_version >= 0 ? 1 : 0);
    if (!lookup->header_only) {
        write_bytes(&w, name.wire, name.length);
        write_u16(&w, lookup->ixfr ? TYPE_IXFR : lookup->type);
        write_u16(&w, lookup->klass);
        if (lookup->ixfr)
            write_ixfr_soa(&w, lookup, name);
    }
    if (lookup->edns_version >= 0)
        write_opt(&w, lookup);
    return w.full ? 0 : w.length;
}
