/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"
#include "wire/inside.h"
#include <string.h>

/* The header; everything else of `out` becomes empty, but for the question's octets. */
static bool header_read(struct cursor *c, struct message *out)
{
    const uint8_t *p = c->pos;
    out->wire = c->base;
    out->wire_bytes = cursor_left(c);
    out->has_question = out->has_tsig = false;
    out->question.view = name_root;
    out->question.type = out->question.klass = 0;
    out->question_bytes = out->records_offset = 0;
    out->edns = (struct edns){ 0 };
    if (cursor_take(c, HEADER_BYTES) == NULL)
        return false;
    out->id = get_u16(p);
    out->flags = get_u16(p + 2);
    for (unsigned i = 0; i < LENGTH_OF(out->counts); i++)
        out->counts[i] = get_u16(p + 4 + 2 * i);
    out->opcode = out->flags >> 11 & 15;
    out->rcode = out->flags & 15;
    return true;
}

/* A name without pointers, which is that of nearly all questions.  @return false: it has one, or is bad */
static bool plain_name(const struct cursor *c, struct name_view *out)
{
    size_t room = cursor_left(c) < NAME_MAX_BYTES ? cursor_left(c) : NAME_MAX_BYTES, at = 0;
    unsigned labels = 0;
    while (at < room && c->pos[at] != 0 && c->pos[at] <= LABEL_MAX) {
        at += 1u + c->pos[at];
        labels++;
    }
    if (at >= room || c->pos[at] != 0)
        return false;
    *out = (struct name_view){ c->pos, (uint8_t)(at + 1), (uint8_t)labels };
    return true;
}

static enum status question_read(struct cursor *c, struct question *out)
{
    struct cursor at = *c;
    struct name_view view;
    if (plain_name(&at, &view)) {
        at.pos += view.length;
    } else {
        enum status st = name_read(&at, &out->name);
        if (st != OK)
            return st;
        view = name_view_of(&out->name);
    }
    const uint8_t *rest = cursor_take(&at, 4);
    if (rest == NULL)
        return E_TRUNCATED;
    out->type = get_u16(rest);
    out->klass = get_u16(rest + 2);
    out->view = view;
    *c = at;
    return OK;
}

/* Reads the question section.  Only the first question is kept; what more there is, is stepped over. */
static enum status questions_read(struct cursor *c, struct message *out)
{
    const uint8_t *start = c->pos;

    for (unsigned i = 0; i < out->counts[SECTION_QUESTION]; i++) {
        enum status st = i == 0 ? question_read(c, &out->question) : name_skip(c);
        if (st != OK)
            return st;
        if (i > 0 && cursor_take(c, 4) == NULL)
            return E_TRUNCATED;
        out->has_question = true;
    }
    out->question_bytes = (size_t)(c->pos - start);
    out->records_offset = (size_t)(c->pos - c->base);
    return OK;
}

enum status message_read(const uint8_t *data, size_t size, struct message *out)
{
    struct cursor c = cursor_of(data, size);
    struct message m;

    if (!header_read(&c, &m))
        return E_TRUNCATED;
    enum status st = questions_read(&c, &m);
    if (st != OK)
        return st;
    struct name_view asked = m.question.view;               /* of the message or of m */
    m.question.name.length = asked.length;
    if (asked.wire != m.question.name.wire)
        memcpy(m.question.name.wire, asked.wire, asked.length);
    *out = m;
    out->question.view.wire = out->question.name.wire;
    return OK;
}

/* What stands behind the owner of a record.  On OK the cursor is behind the rdata. */
static enum status record_head_read(struct cursor *c, struct record_head *out)
{
    out->type = cursor_u16(c);
    out->klass = cursor_u16(c);
    out->ttl = cursor_u32(c);
    out->rdata_bytes = cursor_u16(c);
    out->rdata_offset = (size_t)(c->pos - c->base);
    return cursor_take(c, out->rdata_bytes) == NULL ? E_TRUNCATED : OK;
}

enum status message_read_record(struct cursor *c, struct record *out)
{
    struct cursor at = *c;
    struct record_head head;
    struct name owner;
    enum status st = name_read(&at, &owner);
    if (st != OK)
        return st;
    st = record_head_read(&at, &head);
    if (st != OK)
        return st;

    out->owner.length = owner.length;
    memcpy(out->owner.wire, owner.wire, owner.length);
    out->type = head.type;
    out->klass = head.klass;
    out->ttl = head.type != TYPE_OPT && head.ttl > INT32_MAX ? 0 : head.ttl;
    out->rdata_bytes = head.rdata_bytes;
    out->rdata_offset = head.rdata_offset;
    *c = at;
    return OK;
}

/* TSIG (RFC 8945 §5.1), or SIG that covers type 0, which is SIG(0) (RFC 2931 §3). */
static bool is_signature(const struct message *m, const struct record_head *head)
{
    if (head->type == TYPE_TSIG)
        return true;
    return head->type == TYPE_SIG && head->rdata_bytes >= 2 && get_u16(m->wire + head->rdata_offset) == 0;
}

/* One record of a query, whose owner and rdata matter only for OPT and signatures.
 * @param last  no record follows */
static enum status query_record_read(struct cursor *c, enum section section, bool last, struct message *out)
{
    struct record_head head = { .root_owner = cursor_left(c) > 0 && *c->pos == 0 };
    enum status st = name_skip(c);
    if (st != OK)
        return st;
    st = record_head_read(c, &head);
    if (st != OK)
        return st;

    if (head.type == TYPE_OPT) {
        if (out->edns.present || section != SECTION_ADDITIONAL)
            return E_BAD_FORMAT;
        st = edns_read_opt(out->wire, &head, &out->edns);
        return st == E_BAD_VERSION ? OK : st;   /* judged when all has been read */
    }
    if (is_signature(out, &head)) {
        if (!last || section != SECTION_ADDITIONAL)
            return E_BAD_FORMAT;
        out->has_tsig = true;
    }
    return OK;
}

/* All sections behind the header; the message must end where they end. */
static enum status query_body_read(struct cursor *c, struct message *out)
{
    enum status st = questions_read(c, out);

    if (st == OK && (out->counts[1] | out->counts[2] | out->counts[3]) == 0)
        return cursor_left(c) == 0 ? OK : E_BAD_FORMAT;
    for (unsigned s = SECTION_ANSWER; s <= SECTION_ADDITIONAL && st == OK; s++)
        for (unsigned i = 0; i < out->counts[s] && st == OK; i++)
            st = query_record_read(c, (enum section)s, i + 1 == out->counts[s], out);
    if (st != OK)
        return st;
    return cursor_left(c) == 0 ? OK : E_BAD_FORMAT;
}

/* Whatever it is, behind its header. */
static enum message_fault message_read_query_body(struct cursor *c, struct message *out)
{
    enum status st = query_body_read(c, out);
    bool known = out->opcode == OPCODE_QUERY || out->opcode == OPCODE_NOTIFY || out->opcode == OPCODE_UPDATE;
    bool many = out->counts[SECTION_QUESTION] > 1;
    if (many)
        out->has_question = false;              /* none of them is the question */
    if (st != OK || many)                       /* many: RFC 9619 §4 */
        return known ? MESSAGE_FORMERR : MESSAGE_NOTIMP;
    if (out->edns.present && out->edns.version > 0)
        return MESSAGE_BADVERS;
    return known ? MESSAGE_FINE : MESSAGE_NOTIMP;
}

static inline uint64_t get_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return be64toh(v);
}

/* Of an OPT that is all the message has left; out of line, for the registers that it takes.  @return false: look closer */
__attribute__((noinline)) static bool plain_opt(const uint8_t *opt, const uint8_t *end, struct query_plain *out)
{
    enum { OPT_BYTES = 11, OPTION_HEAD = 4, CLIENT_BYTES = 8, BOTH_BYTES = 24 };
    if (end - opt < OPT_BYTES || opt[0] != 0 || get_u16(opt + 1) != TYPE_OPT || opt[6] != 0)
        return false;
    uint16_t options = get_u16(opt + 9), payload = get_u16(opt + 3);
    if (end - opt != OPT_BYTES + options)
        return false;
    if (options != 0) {
        if (options < OPTION_HEAD || get_u16(opt + 11) != OPTION_COOKIE)
            return false;
        uint16_t bytes = (uint16_t)(options - OPTION_HEAD);
        if (get_u16(opt + 13) != bytes || (bytes != CLIENT_BYTES && bytes != BOTH_BYTES))
            return false;
        out->cookie = opt + OPT_BYTES + OPTION_HEAD;
        out->cookie_bytes = bytes;
    }
    out->opt = opt;
    out->udp_payload = payload < UDP_PLAIN_BYTES ? UDP_PLAIN_BYTES : payload;
    out->dnssec_ok = opt[7] >> 7;
    return true;
}

bool query_read_plain(const uint8_t *data, size_t size, struct query_plain *out)
{
    enum { COUNTS_AND_KIND = 0xf800, ONE_QUESTION = 1 << 16 };
    const uint8_t *p = data + HEADER_BYTES, *end = data + size;
    unsigned labels = 0;
    if (size < HEADER_BYTES + 5)
        return false;
    /* QR and opcode are zero, there is one question, and no record but perhaps one that is additional. */
    uint64_t head = get_u64(data);
    uint32_t more = get_u32(data + 8);
    if ((head & ((uint64_t)COUNTS_AND_KIND << 32 | UINT32_MAX)) != ONE_QUESTION || more > 1)
        return false;
    const uint8_t *last = size - HEADER_BYTES > NAME_MAX_BYTES + 4 ? p + NAME_MAX_BYTES : end - 4;    /* the name ends before it */
    for (unsigned length; (length = *p) != 0; labels++) {
        p += 1 + length;
        if (length > LABEL_MAX || p >= last)
            return false;
    }
    out->opt = out->cookie = NULL;
    out->cookie_bytes = 0;
    out->dnssec_ok = false;
    out->udp_payload = UDP_PLAIN_BYTES;
    if (more == 0 ? end - p != 5 : !plain_opt(p + 5, end, out))
        return false;
    out->name = (struct name_view){ data + HEADER_BYTES, (uint8_t)(p + 1 - data - HEADER_BYTES), (uint8_t)labels };
    out->type = get_u16(p + 1);
    out->klass = get_u16(p + 3);
    out->flags = (uint16_t)(head >> 32);
    return true;
}

/* @param out  its header is read */
static void message_from_plain(const struct query_plain *plain, struct message *out)
{
    const uint8_t *opt = plain->opt;
    out->has_question = true;
    out->question.view = plain->name;
    out->question.type = plain->type;
    out->question.klass = plain->klass;
    out->question_bytes = plain->name.length + 4u;
    out->records_offset = HEADER_BYTES + out->question_bytes;
    if (opt != NULL)
        out->edns = (struct edns){ .present = true, .udp_payload = plain->udp_payload, .extended_rcode = opt[5], .flags = get_u16(opt + 7),
                                   .dnssec_ok = plain->dnssec_ok, .options = opt + 11, .options_bytes = get_u16(opt + 9),
                                   .cookie = plain->cookie, .cookie_bytes = plain->cookie_bytes };
}

enum message_fault message_read_query(const uint8_t *data, size_t size, struct message *out)
{
    struct cursor c = cursor_of(data, size);
    struct query_plain plain;

    if (!header_read(&c, out) || (out->flags & FLAG_QR) != 0)
        return MESSAGE_IGNORE;
    if (query_read_plain(data, size, &plain)) {
        message_from_plain(&plain, out);
        return MESSAGE_FINE;
    }
    return message_read_query_body(&c, out);
}

enum message_fault message_read_query_closely(const uint8_t *data, size_t size, struct message *out)
{
    struct cursor c = cursor_of(data, size);

    if (!header_read(&c, out) || (out->flags & FLAG_QR) != 0)
        return MESSAGE_IGNORE;
    return message_read_query_body(&c, out);
}
