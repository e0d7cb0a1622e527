/* SPDX-License-Identifier: Apache-2.0 */
/* Replies: whatever records are added, taken back and refused for want of room, what is left reads back the same. */
#include "wire/message.h"
#include "wire/rdata.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())
enum { RECORDS_MAX = 200, RDATA_ROOM = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct added {
    struct name owner;
    uint16_t type;
    enum section section;
    size_t rdata_bytes;
    uint8_t rdata[RDATA_ROOM];
};

/* A name of the input: an octet for how many labels, each one of few letters so that suffixes meet, or as it stands. */
static struct name name_of(struct cursor *c)
{
    struct name n = { 0 };
    unsigned labels = cursor_u8(c) % 8, at = 0;

    for (unsigned i = 0; i < labels; i++) {
        uint8_t how = cursor_u8(c);
        unsigned length = 1 + (unsigned)(how >> 4) % (how & 8 ? 15u : 2u);
        n.wire[at++] = (uint8_t)length;
        for (unsigned k = 0; k < length; k++)
            n.wire[at++] = (uint8_t)"abAB"[(how + k) % 4];
    }
    n.length = (uint8_t)(at + 1);
    return n;
}

static size_t name_append(struct added *a, size_t at, struct cursor *c)
{
    struct name n = name_of(c);
    memcpy(a->rdata + at, n.wire, n.length);
    return at + n.length;
}

static void added_read(struct cursor *c, struct added *a)
{
    static const struct { uint16_t type; unsigned front, names, behind; } types[] = {
        { TYPE_A, 4, 0, 0 },    { TYPE_NS, 0, 1, 0 },  { TYPE_CNAME, 0, 1, 0 }, { TYPE_MX, 2, 1, 0 },
        { TYPE_SOA, 0, 2, 20 }, { TYPE_SRV, 6, 1, 0 }, { TYPE_DNAME, 0, 1, 0 }, { 65280, 9, 0, 0 },
    };
    unsigned row = cursor_u8(c) % LENGTH_OF(types);

    a->type = types[row].type;
    a->owner = name_of(c);
    memset(a->rdata, 1, types[row].front);
    size_t at = types[row].front;
    for (unsigned i = 0; i < types[row].names; i++)
        at = name_append(a, at, c);
    memset(a->rdata + at, 0, types[row].behind);
    a->rdata_bytes = at + types[row].behind;
}

static void check_record(const struct added *want, const struct record *have, struct name_view question, const uint8_t *wire)
{
    uint8_t plain[RDATA_ROOM];
    size_t length;
    struct name_view owner = name_view_of(&want->owner);
    struct cursor c = { wire, wire + have->rdata_offset, wire + have->rdata_offset + have->rdata_bytes, false };

    HOLDS(have->type == want->type && have->ttl == 1);
    HOLDS(name_equal(name_view_of(&have->owner), owner));
    HOLDS(!name_equal(owner, question) || name_same(name_view_of(&have->owner), question));
    HOLDS(rdata_read(have->type, CLASS_IN, &c, have->rdata_bytes, plain, sizeof plain, &length) == OK);
    HOLDS(length == want->rdata_bytes);
    for (size_t i = 0; i < length; i++)     /* what ends as the question does has its case */
        HOLDS(ascii_lower(plain[i]) == ascii_lower(want->rdata[i]));
}

static void check_edns(const struct edns_reply *want, const uint8_t *wire, const struct record *r, uint16_t rcode)
{
    struct edns have;
    size_t offset = 0, options = 0;
    uint16_t code, bytes;
    const uint8_t *option;

    HOLDS(edns_read(wire, r, &have) == OK);
    HOLDS(have.dnssec_ok == want->dnssec_ok && have.udp_payload == want->udp_payload);
    HOLDS((have.extended_rcode << 4 | rcode) == want->rcode);
    HOLDS(have.keepalive == want->keepalive && have.expire == want->expire && have.zoneversion == want->zoneversion);
    HOLDS(have.nsid == (want->nsid != NULL) && (have.cookie != NULL) == (want->cookie != NULL));
    while (edns_option_next(have.options, have.options_bytes, &offset, &code, &option, &bytes)) {
        options++;
        if (code == OPTION_EDE)
            HOLDS(get_u16(option) == want->ede && bytes <= 2 + 255 && (bytes == 2 || want->ede_text != NULL));
    }
    HOLDS(options == (size_t)want->keepalive + want->expire + want->zoneversion + (want->ede != EDE_NONE) + 2u * (want->nsid != NULL));
}

/* edns NULL = none was written */
static void check_all(const uint8_t *wire, size_t size, const struct added *records, size_t count, const struct edns_reply *edns)
{
    struct message m;
    struct record r;

    HOLDS(message_read(wire, size, &m) == OK);
    struct cursor c = cursor_of(wire, size);
    c.pos += m.records_offset;
    for (size_t i = 0; i < count; i++) {
        HOLDS(message_read_record(&c, &r) == OK);
        check_record(&records[i], &r, m.question.view, wire);
    }
    if (edns != NULL) {
        HOLDS(message_read_record(&c, &r) == OK && r.type == TYPE_OPT);
        check_edns(edns, wire, &r, m.rcode);
    }
    HOLDS(c.pos == c.end);
    HOLDS((size_t)m.counts[1] + m.counts[2] + m.counts[3] == count + (edns != NULL));
}

struct edns_input {
    struct edns_reply edns;
    char text[300];
    bool reserve;
};

static void edns_input_read(struct cursor *c, struct edns_input *out)
{
    uint8_t which = cursor_u8(c), bytes = cursor_u8(c);

    *out = (struct edns_input){ .reserve = (which & 1) != 0 };
    memset(out->text, 'x', bytes);
    memcpy(out->text + bytes, bytes % 2 ? "\xc3\xbc" : "", bytes % 2 ? 3 : 1);
    out->edns = (struct edns_reply){ .udp_payload = 1232, .dnssec_ok = (which & 2) != 0, .rcode = which,
                                     .keepalive = (which & 4) != 0, .expire = (which & 8) != 0, .zoneversion = (which & 16) != 0,
                                     .ede = which & 32 ? which : EDE_NONE, .ede_text = which & 64 ? out->text : NULL,
                                     .cookie = which & 128 ? (const uint8_t *)"12345678" : NULL, .cookie_bytes = 8,
                                     .nsid = which & 128 ? (const uint8_t *)"id" : NULL, .nsid_bytes = 2 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct added *records = malloc(RECORDS_MAX * sizeof *records);
    struct cursor c = cursor_of(data, size);
    struct name question = name_of(&c);
    size_t limit = 700 + (size_t)cursor_u8(&c) * 128, count = 0, marked = 0;
    uint8_t *wire = malloc(limit);
    enum section section = SECTION_ANSWER;
    struct reply reply;
    struct edns_input edns;

    edns_input_read(&c, &edns);
    HOLDS(records != NULL && wire != NULL);
    reply_begin(&reply, wire, limit, 1, FLAG_QR);
    HOLDS(reply_add_question(&reply, name_view_of(&question), TYPE_A, CLASS_IN) == OK);
    struct reply_mark mark = reply_mark(&reply);
    reply.limit -= edns.reserve ? edns_reply_bytes(&edns.edns) : 0;
    while (cursor_left(&c) > 0 && count < RECORDS_MAX) {
        uint8_t what = cursor_u8(&c);
        if (what == 249) {
            reply_clear_records(&reply);
            section = SECTION_ANSWER;
            mark = reply_mark(&reply);
            marked = count = 0;
        } else if (what >= 250 && section < SECTION_ADDITIONAL) {
            section = (enum section)(section + 1);
            mark = reply_mark(&reply);
            marked = count;
        } else if (what >= 245) {
            mark = reply_mark(&reply);
            marked = count;
        } else if (what >= 240) {
            reply_rollback(&reply, &mark);
            count = marked;
        } else {
            struct added *a = &records[count];
            added_read(&c, a);
            if (reply_add(&reply, section, name_view_of(&a->owner), a->type, CLASS_IN, 1, a->rdata, a->rdata_bytes) == OK)
                count++;
        }
        HOLDS(reply.length <= limit);
    }
    reply.limit = limit;
    bool fits = reply_add_edns(&reply, &edns.edns) == OK;
    HOLDS(fits || !edns.reserve);
    check_all(wire, reply_end(&reply, edns.edns.rcode), records, count, fits ? &edns.edns : NULL);
    free(records);
    free(wire);
    return 0;
}
