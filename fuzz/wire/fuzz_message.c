/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: a query found fine is fine to the other readers too, ends where it says, and is not fine when cut or lengthened. */
#include "wire/message.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(const uint8_t *p, size_t count, const uint8_t *data, size_t size)
{
    return p >= data && count <= size && (size_t)(p - data) <= size - count;
}

static void check_edns(const struct edns *e, const uint8_t *data, size_t size)
{
    size_t offset = 0;
    uint16_t code, bytes;
    const uint8_t *option;

    HOLDS(e->udp_payload >= UDP_PLAIN_BYTES);
    HOLDS(inside(e->options, e->options_bytes, data, size));
    if (e->cookie != NULL)
        HOLDS(inside(e->cookie, e->cookie_bytes, data, size) && e->cookie_bytes >= 8 && e->cookie_bytes <= 40);
    while (edns_option_next(e->options, e->options_bytes, &offset, &code, &option, &bytes))
        HOLDS(inside(option, bytes, data, size));
    HOLDS(offset == e->options_bytes || e->version > 0);
}

/* Walks with the reader that follows pointers; it may refuse a name that the query reader stepped over. */
static void check_records(const struct message *m)
{
    struct cursor c = cursor_of(m->wire, m->wire_bytes);
    unsigned count = (unsigned)m->counts[1] + m->counts[2] + m->counts[3], opts = 0;
    struct record r;

    c.pos += m->records_offset;
    for (unsigned i = 0; i < count; i++) {
        if (message_read_record(&c, &r) != OK)
            return;
        HOLDS(r.rdata_offset + r.rdata_bytes <= m->wire_bytes);
        opts += r.type == TYPE_OPT;
    }
    HOLDS(c.pos == c.end);
    HOLDS(opts == m->edns.present);
}

static void check_fine(const struct message *m, const uint8_t *data, size_t size)
{
    struct message other;
    uint8_t *longer = malloc(size + 1), *shorter = malloc(size);

    HOLDS(message_read(data, size, &other) == OK);
    HOLDS(other.has_question == m->has_question && other.records_offset == m->records_offset);
    if (m->has_question)
        HOLDS(name_same(other.question.view, m->question.view) && other.question.type == m->question.type);
    HOLDS(longer != NULL && shorter != NULL);
    memcpy(longer, data, size);
    longer[size] = 0;
    memcpy(shorter, data, size - 1);
    HOLDS(message_read_query(longer, size + 1, &other) == MESSAGE_FORMERR);
    HOLDS(message_read_query(shorter, size - 1, &other) != MESSAGE_FINE);
    free(longer);
    free(shorter);
    check_records(m);
}

/* The short way finds what the long one does. */
static void check_ways(const uint8_t *data, size_t size, enum message_fault fault, const struct message *m)
{
    struct message n;
    const struct edns *e = &m->edns, *f = &n.edns;

    HOLDS(message_read_query_closely(data, size, &n) == fault);
    if (fault != MESSAGE_FINE)
        return;
    HOLDS(m->id == n.id && m->flags == n.flags && m->opcode == n.opcode && m->rcode == n.rcode && memcmp(m->counts, n.counts, sizeof n.counts) == 0);
    HOLDS(m->has_question == n.has_question && m->has_tsig == n.has_tsig && m->question_bytes == n.question_bytes && m->records_offset == n.records_offset);
    if (m->has_question)
        HOLDS(name_same(m->question.view, n.question.view) && m->question.view.labels == n.question.view.labels && m->question.type == n.question.type &&
              m->question.klass == n.question.klass);
    HOLDS(e->present == f->present && e->version == f->version && e->udp_payload == f->udp_payload && e->dnssec_ok == f->dnssec_ok && e->flags == f->flags);
    HOLDS(e->extended_rcode == f->extended_rcode && e->options == f->options && e->options_bytes == f->options_bytes && e->cookie == f->cookie);
    HOLDS(e->cookie_bytes == f->cookie_bytes && e->nsid == f->nsid && e->keepalive == f->keepalive && e->zoneversion == f->zoneversion &&
          e->expire == f->expire && e->padding == f->padding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m;
    if (size > MESSAGE_MAX_BYTES)
        return 0;
    enum message_fault fault = message_read_query(data, size, &m);

    check_ways(data, size, fault, &m);
    HOLDS((fault == MESSAGE_IGNORE) == (size < HEADER_BYTES || (data[2] & 0x80) != 0));
    if (fault == MESSAGE_IGNORE) {
        struct message response;
        if (message_read(data, size, &response) == OK)
            HOLDS(response.records_offset <= size);
        return 0;
    }
    HOLDS(m.id == get_u16(data) && m.flags == get_u16(data + 2));
    if (m.edns.present)
        check_edns(&m.edns, data, size);
    if (m.has_question)
        HOLDS(m.question.view.wire == m.question.name.wire ||
              (m.question.view.wire == data + HEADER_BYTES && m.question.view.length <= size - HEADER_BYTES));
    if (fault == MESSAGE_FINE)
        check_fine(&m, data, size);
    if (fault == MESSAGE_BADVERS)
        HOLDS(m.edns.present && m.edns.version > 0);
    return 0;
}
