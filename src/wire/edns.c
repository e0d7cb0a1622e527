/* SPDX-License-Identifier: Apache-2.0 */
/* The OPT record, read and written.  RFC 6891. */
#include "wire/inside.h"
#include "wire/message.h"
#include <string.h>

enum {
    OPT_FIXED_BYTES = 11,       /* root, type, class, ttl, rdlength */
    OPTION_HEAD_BYTES = 4,
    EDNS_DO = 0x8000,
    EDE_TEXT_BYTES = 255        /* of what we send; more is cut */
};

bool edns_option_next(const uint8_t *options, size_t size, size_t *offset, uint16_t *code, const uint8_t **data, uint16_t *bytes)
{
    if (*offset > size || size - *offset < OPTION_HEAD_BYTES)
        return false;
    const uint8_t *p = options + *offset;
    uint16_t length = get_u16(p + 2);
    if (size - *offset - OPTION_HEAD_BYTES < length)
        return false;
    *code = get_u16(p);
    *data = p + OPTION_HEAD_BYTES;
    *bytes = length;
    *offset += OPTION_HEAD_BYTES + (size_t)length;
    return true;
}

/* RFC 7873 §4: client cookie alone, or with a server cookie of 8 to 32 octets. */
static bool cookie_length_fine(uint16_t bytes)
{
    return bytes == 8 || (bytes >= 16 && bytes <= 40);
}

static enum status options_read(struct edns *edns)
{
    size_t offset = 0;
    uint16_t code, bytes;
    const uint8_t *data;

    while (edns_option_next(edns->options, edns->options_bytes, &offset, &code, &data, &bytes)) {
        switch (code) {
        case OPTION_NSID: edns->nsid = true; break;
        case OPTION_KEEPALIVE: edns->keepalive = true; break;
        case OPTION_ZONEVERSION: edns->zoneversion = true; break;
        case OPTION_EXPIRE: edns->expire = true; break;
        case OPTION_PADDING: edns->padding = true; break;
        case OPTION_COOKIE:
            if (edns->cookie != NULL)
                break;                          /* the first counts, RFC 7873 §5.2 */
            if (!cookie_length_fine(bytes))
                return E_BAD_FORMAT;            /* RFC 7873 §5.2.2 */
            edns->cookie = data;
            edns->cookie_bytes = bytes;
            break;
        default: break;                         /* RFC 6891 §6.1.2: unknown ones are ignored */
        }
    }
    return offset == edns->options_bytes ? OK : E_BAD_FORMAT;
}

enum status edns_read_opt(const uint8_t *wire, const struct record_head *head, struct edns *out)
{
    struct edns e = { .present = true, .udp_payload = head->klass };

    if (!head->root_owner)
        return E_BAD_FORMAT;
    if (e.udp_payload < UDP_PLAIN_BYTES)
        e.udp_payload = UDP_PLAIN_BYTES;
    e.extended_rcode = (uint8_t)(head->ttl >> 24);
    e.version = (uint8_t)(head->ttl >> 16);
    e.flags = (uint16_t)head->ttl;
    e.dnssec_ok = (e.flags & EDNS_DO) != 0;
    e.options = wire + head->rdata_offset;
    e.options_bytes = head->rdata_bytes;
    if (e.version == 0) {
        const struct edns plain = e;
        enum status st = options_read(&e);
        if (st != OK) {
            *out = plain;               /* the error goes out with an OPT all the same, RFC 6891 §7 */
            out->options_bytes = 0;
            return st;
        }
    }
    *out = e;
    return e.version == 0 ? OK : E_BAD_VERSION;
}

enum status edns_read(const uint8_t *wire, const struct record *record, struct edns *out)
{
    struct record_head head = { .root_owner = record->owner.length == 1, .type = record->type, .klass = record->klass,
                                .ttl = record->ttl, .rdata_bytes = record->rdata_bytes, .rdata_offset = record->rdata_offset };
    return edns_read_opt(wire, &head, out);
}

/* At most EDE_TEXT_BYTES, never through the middle of a UTF-8 sequence. */
static size_t ede_text_bytes(const struct edns_reply *edns)
{
    if (edns->ede == EDE_NONE || edns->ede_text == NULL)
        return 0;
    size_t bytes = strnlen(edns->ede_text, EDE_TEXT_BYTES + 1);
    if (bytes <= EDE_TEXT_BYTES)
        return bytes;
    for (bytes = EDE_TEXT_BYTES; bytes > 0 && ((uint8_t)edns->ede_text[bytes] & 0xc0) == 0x80;)
        bytes--;
    return bytes;
}

static size_t option_bytes(bool present, size_t data_bytes)
{
    return present ? OPTION_HEAD_BYTES + data_bytes : 0;
}

static size_t options_bytes(const struct edns_reply *edns, size_t text_bytes)
{
    return option_bytes(edns->nsid != NULL, edns->nsid_bytes) + option_bytes(edns->cookie != NULL, edns->cookie_bytes) +
           option_bytes(edns->ede != EDE_NONE, 2 + text_bytes) + option_bytes(edns->keepalive, 2) +
           option_bytes(edns->expire, 4) + option_bytes(edns->zoneversion, 6);
}

/* The record with room for so many octets of options. @return where they go; NULL: there is no room */
static uint8_t *opt_put(struct reply *reply, const struct edns_reply *edns, size_t bytes)
{
    uint8_t *p = reply_at(reply);
    if (OPT_FIXED_BYTES + bytes > reply_left(reply))
        return NULL;
    *p++ = 0;
    put_u16(p, TYPE_OPT);
    put_u16(p + 2, edns->udp_payload);
    put_u32(p + 4, (uint32_t)(edns->rcode >> 4 & 0xff) << 24 | (edns->dnssec_ok ? EDNS_DO : 0u));
    put_u16(p + 8, (uint16_t)bytes);
    reply_take(reply, SECTION_ADDITIONAL, 1, OPT_FIXED_BYTES + bytes);
    return p + 10;
}

/* All but the cookie, which many have, is for few. */
static bool is_plain(const struct edns_reply *edns)
{
    return edns->ede == EDE_NONE && edns->nsid == NULL && !edns->keepalive && !edns->expire && !edns->zoneversion;
}

size_t edns_reply_bytes(const struct edns_reply *edns)
{
    if (is_plain(edns))
        return OPT_FIXED_BYTES + (edns->cookie == NULL ? 0 : OPTION_HEAD_BYTES + (size_t)edns->cookie_bytes);
    return OPT_FIXED_BYTES + options_bytes(edns, ede_text_bytes(edns));
}

/* Writes the head of an option. @return where its data goes */
static uint8_t *option_put(uint8_t *p, uint16_t code, size_t bytes)
{
    put_u16(p, code);
    put_u16(p + 2, (uint16_t)bytes);
    return p + OPTION_HEAD_BYTES;
}

static uint8_t *option_put_bytes(uint8_t *p, uint16_t code, const uint8_t *data, size_t bytes)
{
    p = option_put(p, code, bytes);
    if (bytes > 0)
        memcpy(p, data, bytes);
    return p + bytes;
}

static uint8_t *options_put(uint8_t *p, const struct edns_reply *edns, size_t text_bytes)
{
    if (edns->nsid != NULL)
        p = option_put_bytes(p, OPTION_NSID, edns->nsid, edns->nsid_bytes);
    if (edns->cookie != NULL)
        p = option_put_bytes(p, OPTION_COOKIE, edns->cookie, edns->cookie_bytes);
    if (edns->ede != EDE_NONE) {
        p = option_put(p, OPTION_EDE, 2 + text_bytes);
        put_u16(p, edns->ede);
        if (text_bytes > 0)
            memcpy(p + 2, edns->ede_text, text_bytes);
        p += 2 + text_bytes;
    }
    if (edns->keepalive) {
        p = option_put(p, OPTION_KEEPALIVE, 2);
        put_u16(p, edns->keepalive_100ms);
        p += 2;
    }
    if (edns->expire) {
        p = option_put(p, OPTION_EXPIRE, 4);
        put_u32(p, edns->expire_seconds);
        p += 4;
    }
    if (edns->zoneversion) {
        p = option_put(p, OPTION_ZONEVERSION, 6);
        p[0] = edns->zoneversion_labels;
        p[1] = 0;                               /* type SOA-SERIAL, RFC 9660 §2.1 */
        put_u32(p + 2, edns->zoneversion_serial);
        p += 6;
    }
    return p;
}

enum { COOKIE_OPTION_BYTES = 4 + 24 };

size_t reply_opt_bytes(const uint8_t *cookie) { return OPT_FIXED_BYTES + (cookie == NULL ? 0 : COOKIE_OPTION_BYTES); }

void reply_add_opt(struct reply *reply, uint16_t udp_payload, bool dnssec_ok, const uint8_t *cookie)
{
    const struct edns_reply plain = { .udp_payload = udp_payload, .dnssec_ok = dnssec_ok };
    size_t bytes = reply_opt_bytes(cookie);
    reply->limit += bytes;
    uint8_t *p = opt_put(reply, &plain, bytes - OPT_FIXED_BYTES);
    if (p == NULL || cookie == NULL)
        return;
    put_u16(p, OPTION_COOKIE);
    put_u16(p + 2, COOKIE_OPTION_BYTES - 4);
    memcpy(p + 4, cookie, COOKIE_OPTION_BYTES - 4);
}

enum status reply_add_edns(struct reply *reply, const struct edns_reply *edns)
{
    if (is_plain(edns) && edns->cookie == NULL)
        return opt_put(reply, edns, 0) == NULL ? E_NO_SPACE : OK;
    size_t text_bytes = ede_text_bytes(edns), bytes = options_bytes(edns, text_bytes);
    size_t room = reply->limit > reply->length ? reply->limit - reply->length : 0;

    if (OPT_FIXED_BYTES + bytes > room) {
        bytes -= text_bytes;
        text_bytes = 0;
    }
    if (OPT_FIXED_BYTES + bytes > room || bytes > UINT16_MAX)
        return E_NO_SPACE;

    uint8_t *p = opt_put(reply, edns, bytes);
    if (p == NULL)
        return E_NO_SPACE;
    (void)options_put(p, edns, text_bytes);
    return OK;
}
