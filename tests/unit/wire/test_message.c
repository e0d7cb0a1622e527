/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#define B(string) (const uint8_t *)(string), sizeof(string) - 1
#define Q "\1a\7example\0\0\1\0\1"                     /* a.example. A IN: 15 octets */
#define OPT(payload, ttl, options) "\0\0\x29" payload ttl options
#define DO_ "\0\0\x80\0"
#define V0 "\0\0\0\0"
#define P1232 "\x04\xd0"

/* One query each; the header is put together from flags and counts.  The cases named (E) are those of attacks.md. */
static const struct {
    const char *label;
    uint16_t flags, counts[4];
    const uint8_t *body;
    size_t size;
    enum message_fault want;
    bool question, edns;
} queries[] = {
    { "plain", 0x0100, { 1 }, B(Q), MESSAGE_FINE, true, false },
    { "(E) EDNS", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\0")), MESSAGE_FINE, true, true },
    { "(E) version 1", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\0\1\0\0", "\0\0")), MESSAGE_BADVERS, true, true },
    { "(E) version 255", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\0\xff\0\0", "\0\0")), MESSAGE_BADVERS, true, true },
    { "version 1, options of its own", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\0\1\0\0", "\0\1x")), MESSAGE_BADVERS, true, true },
    { "version 1, then rubbish", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\0\1\0\0", "\0\0") "x"), MESSAGE_FORMERR, true, true },
    { "(E) unknown option", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x06\xff\xf0\0\2xy")), MESSAGE_FINE, true, true },
    { "(E) unknown flag", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\0\0\0\x40", "\0\0")), MESSAGE_FINE, true, true },
    { "extended rcode in a query", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\7\0\0\0", "\0\0")), MESSAGE_FINE, true, true },
    { "(E) DO", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, DO_, "\0\0")), MESSAGE_FINE, true, true },
    { "(E) two OPT", 0, { 1, 0, 0, 2 }, B(Q OPT(P1232, V0, "\0\0") OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, true, true },
    { "two OPT, the second of version 1", 0, { 1, 0, 0, 2 }, B(Q OPT(P1232, V0, "\0\0") OPT(P1232, "\0\1\0\0", "\0\0")),
      MESSAGE_FORMERR, true, true },
    { "two OPT, the first of version 1", 0, { 1, 0, 0, 2 }, B(Q OPT(P1232, "\0\1\0\0", "\0\0") OPT(P1232, V0, "\0\0")),
      MESSAGE_FORMERR, true, true },
    { "(E) OPT in answer", 0, { 1, 1, 0, 0 }, B(Q OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, true, false },
    { "OPT in authority", 0, { 1, 0, 1, 0 }, B(Q OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, true, false },
    { "OPT owner not the root", 0, { 1, 0, 0, 1 }, B(Q "\1a\0\0\x29\x04\xd0\0\0\0\0\0\0"), MESSAGE_FORMERR, true, false },
    { "OPT owner a pointer to a root", 0, { 1, 0, 0, 1 }, B(Q "\xc0\x16\0\x29\x04\xd0\0\0\0\0\0\0"), MESSAGE_FORMERR, true, false },
    { "OPT not last", 0, { 1, 0, 0, 2 }, B(Q OPT(P1232, V0, "\0\0") "\1b\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"), MESSAGE_FINE, true, true },
    { "(E) ECS", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x0b\0\x08\0\x07\0\1\x18\0\xc0\0\2")), MESSAGE_FINE, true, true },
    { "(E) NSID", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\4\0\3\0\0")), MESSAGE_FINE, true, true },
    { "(E) keepalive", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\4\0\x0b\0\0")), MESSAGE_FINE, true, true },
    { "(E) padding", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\6\0\x0c\0\2\0\0")), MESSAGE_FINE, true, true },
    { "(E) option cut in its head", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\3\0\3\0")), MESSAGE_FORMERR, true, true },
    { "option cut in its data", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\5\0\3\0\2x")), MESSAGE_FORMERR, true, true },
    { "second option cut", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\6\0\3\0\0\0\3")), MESSAGE_FORMERR, true, true },
    { "(E) truncated OPT: no rdata length", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "")), MESSAGE_FORMERR, true, false },
    { "(E) truncated OPT: rdata short", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\4\0\3")), MESSAGE_FORMERR, true, false },
    { "(E) cookie, client's", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x0c\0\x0a\0\x08" "12345678")), MESSAGE_FINE, true, true },
    { "(E) cookie of 7", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x0b\0\x0a\0\x07" "1234567")), MESSAGE_FORMERR, true, true },
    { "(E) cookie of 0", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\4\0\x0a\0\0")), MESSAGE_FORMERR, true, true },
    { "(E) cookie of 9", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x0d\0\x0a\0\x09" "123456789")), MESSAGE_FORMERR, true, true },
    { "(E) cookie of 15", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x13\0\x0a\0\x0f" "123456789012345")), MESSAGE_FORMERR, true, true },
    { "cookie of 16", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x14\0\x0a\0\x10" "1234567890123456")), MESSAGE_FINE, true, true },
    { "cookie of 40", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x2c\0\x0a\0\x28" "1234567890123456789012345678901234567890")),
      MESSAGE_FINE, true, true },
    { "(E) cookie of 41", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x2d\0\x0a\0\x29" "12345678901234567890123456789012345678901")),
      MESSAGE_FORMERR, true, true },
    { "second cookie is not looked at", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\x11\0\x0a\0\x08" "12345678\0\x0a\0\1x")),
      MESSAGE_FINE, true, true },
    { "(E) opcode 15", 0x7800, { 1 }, B(Q), MESSAGE_NOTIMP, true, false },
    { "opcode 15, EDNS", 0x7800, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\0")), MESSAGE_NOTIMP, true, true },
    { "opcode 15, version 1", 0x7800, { 1, 0, 0, 1 }, B(Q OPT(P1232, "\0\1\0\0", "\0\0")), MESSAGE_BADVERS, true, true },
    { "opcode 15, rubbish", 0x7800, { 1 }, B("\x40rubbish"), MESSAGE_NOTIMP, false, false },
    { "opcode 15, two questions", 0x7800, { 2 }, B(Q Q), MESSAGE_NOTIMP, false, false },
    { "IQUERY", 0x0800, { 0, 1 }, B("\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"), MESSAGE_NOTIMP, false, false },
    { "STATUS", 0x1000, { 0 }, B(""), MESSAGE_NOTIMP, false, false },
    { "opcode 3", 0x1800, { 1 }, B(Q), MESSAGE_NOTIMP, true, false },
    { "DSO, keepalive TLV behind the header", 0x3000, { 0 }, B("\0\1\0\x08\0\0\0\1\0\0\0\1"), MESSAGE_NOTIMP, false, false },
    { "NOTIFY with SOA", 0x2400, { 1, 1 }, B("\7example\0\0\6\0\1\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0" "12345678901234567890"),
      MESSAGE_FINE, true, false },
    { "UPDATE, classes ANY and NONE", 0x2800, { 1, 1, 2 },
      B("\7example\0\0\6\0\1\xc0\x0c\0\xff\0\xff\0\0\0\0\0\0\xc0\x0c\0\1\0\xfe\0\0\0\0\0\4\1\2\3\4\xc0\x0c\0\xff\0\xff\0\0\0\0\0\0"),
      MESSAGE_FINE, true, false },
    { "UPDATE in class CH", 0x2800, { 1 }, B("\7example\0\0\6\0\3"), MESSAGE_FINE, true, false },
    { "IXFR, SOA in authority", 0, { 1, 0, 1 }, B("\7example\0\0\xfb\0\1\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0" "12345678901234567890"),
      MESSAGE_FINE, true, false },
    { "(E) no question", 0, { 0 }, B(""), MESSAGE_FINE, false, false },
    { "no question but a cookie", 0, { 0, 0, 0, 1 }, B(OPT(P1232, V0, "\0\x0c\0\x0a\0\x08" "12345678")), MESSAGE_FINE, false, true },
    { "(E) two questions", 0, { 2 }, B(Q Q), MESSAGE_FORMERR, false, false },
    { "two questions and EDNS", 0, { 2, 0, 0, 1 }, B(Q Q OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, false, true },
    { "two questions told, one there", 0, { 2 }, B(Q), MESSAGE_FORMERR, false, false },
    { "65535 questions told", 0, { 65535 }, B(Q), MESSAGE_FORMERR, false, false },
    { "two questions, EDNS version 1", 0, { 2, 0, 0, 1 }, B(Q Q OPT(P1232, "\0\1\0\0", "\0\0")), MESSAGE_FORMERR, false, true },
    { "UPDATE with two zones", 0x2800, { 2 }, B(Q Q), MESSAGE_FORMERR, false, false },
    { "(E) AA TC AD CD Z set", 0x07f0 & ~FLAG_RA, { 1 }, B(Q), MESSAGE_FINE, true, false },
    { "rcode set", 0x000f, { 1 }, B(Q), MESSAGE_FINE, true, false },
    { "(E) QR", 0x8000, { 1 }, B(Q), MESSAGE_IGNORE, false, false },
    { "QR with FORMERR, malformed", 0x8001, { 1 }, B(""), MESSAGE_IGNORE, false, false },
    { "question missing", 0, { 1 }, B(""), MESSAGE_FORMERR, false, false },
    { "name cut", 0, { 1 }, B("\7exam"), MESSAGE_FORMERR, false, false },
    { "no type", 0, { 1 }, B("\1a\0\0"), MESSAGE_FORMERR, false, false },
    { "no class", 0, { 1 }, B("\1a\0\0\1\0"), MESSAGE_FORMERR, false, false },
    { "question a pointer to itself", 0, { 1 }, B("\xc0\x0c\0\1\0\1"), MESSAGE_FORMERR, false, false },
    { "question a pointer forwards", 0, { 1 }, B("\xc0\x12\0\1\0\1\1a\0"), MESSAGE_FORMERR, false, false },
    { "question label type 01", 0, { 1 }, B("\x41\1a\0\0\1\0\1"), MESSAGE_FORMERR, false, false },
    { "question label type 10", 0, { 1 }, B("\x81\1a\0\0\1\0\1"), MESSAGE_FORMERR, false, false },
    { "question for the root", 0, { 1 }, B("\0\0\2\0\1"), MESSAGE_FINE, true, false },
    { "octets behind", 0, { 1 }, B(Q "x"), MESSAGE_FORMERR, true, false },
    { "octets behind OPT", 0, { 1, 0, 0, 1 }, B(Q OPT(P1232, V0, "\0\0") "x"), MESSAGE_FORMERR, true, true },
    { "record missing", 0, { 1, 0, 0, 1 }, B(Q), MESSAGE_FORMERR, true, false },
    { "record without length", 0, { 1, 1 }, B(Q "\0\0\1\0\1\0\0\0\0\0"), MESSAGE_FORMERR, true, false },
    { "record rdata cut", 0, { 1, 1 }, B(Q "\0\0\1\0\1\0\0\0\0\0\4\1\2\3"), MESSAGE_FORMERR, true, false },
    { "record owner label type 10", 0, { 1, 1 }, B(Q "\x81\0\1\0\1\0\0\0\0\0\0"), MESSAGE_FORMERR, true, false },
    { "record owner pointer to itself", 0, { 1, 1 }, B(Q "\xc0\x1b\0\1\0\1\0\0\0\0\0\0"), MESSAGE_FORMERR, true, false },
    { "record owner pointer", 0, { 1, 1 }, B(Q "\xc0\x0c\0\1\0\1\0\0\0\0\0\0"), MESSAGE_FINE, true, false },
    { "OPT length into the next record", 0, { 1, 0, 0, 2 }, B(Q OPT(P1232, V0, "\0\x0b") "\0\0\1\0\1\0\0\0\0\0\0"), MESSAGE_FORMERR, true, true },
    { "OPT counted as an answer, two told", 0, { 1, 1, 0, 1 }, B(Q OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, true, false },
};

static uint8_t *query_write(size_t i, size_t *size)
{
    uint8_t *wire = malloc(HEADER_BYTES + queries[i].size);
    assert_non_null(wire);
    put_u16(wire, 0x1234);
    put_u16(wire + 2, queries[i].flags);
    for (unsigned k = 0; k < 4; k++)
        put_u16(wire + 4 + 2 * k, queries[i].counts[k]);
    memcpy(wire + HEADER_BYTES, queries[i].body, queries[i].size);
    *size = HEADER_BYTES + queries[i].size;
    return wire;
}

static void reads_queries(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(queries); i++) {
        const char *label = queries[i].label;
        size_t size;
        uint8_t *wire = query_write(i, &size);
        struct message m;
        memset(&m, 0xa5, sizeof m);
        CHECK_EQ(label, message_read_query(wire, size, &m), queries[i].want);
        if (queries[i].want != MESSAGE_IGNORE) {
            CHECK_EQ(label, m.id, 0x1234);
            CHECK_EQ(label, m.flags, queries[i].flags);
            CHECK_EQ(label, m.opcode, queries[i].flags >> 11 & 15);
            CHECK_EQ(label, m.rcode, queries[i].flags & 15);
            CHECK_EQ(label, m.has_question, queries[i].question);
            CHECK_EQ(label, m.edns.present, queries[i].edns);
            CHECK_EQ(label, m.has_tsig, false);
        }
        free(wire);
    }
}

/* No prefix of any message is read beyond its end, and none but the whole is fine. */
static void prefixes_are_faulty(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(queries); i++) {
        size_t size;
        uint8_t *wire = query_write(i, &size);
        for (size_t n = 0; n < size; n++) {
            uint8_t *cut = exact(wire, n);
            struct message m;
            enum message_fault fault = message_read_query(cut, n, &m);
            if (n < HEADER_BYTES)
                CHECK_EQ(queries[i].label, fault, MESSAGE_IGNORE);       /* (E) empty and 11-octet datagrams */
            else if (queries[i].want == MESSAGE_FINE)
                CHECK_EQ(queries[i].label, fault, MESSAGE_FORMERR);
            free(cut);
        }
        free(wire);
    }
}

static void fills_the_question(void **state)
{
    (void)state;
    const uint8_t wire[] = "\0\7\1\0\0\1\0\0\0\0\0\0\1A\7exAmple\0\0\x1c\0\3";
    struct message m;
    assert_int_equal(message_read_query(wire, sizeof wire - 1, &m), MESSAGE_FINE);
    struct name want = name_must("A.exAmple.");
    assert_true(name_same(m.question.view, name_view_of(&want)));
    assert_ptr_equal(m.question.view.wire, wire + 12);      /* nothing is copied */
    assert_int_equal(m.question.view.labels, 2);
    assert_int_equal(m.question.type, TYPE_AAAA);
    assert_int_equal(m.question.klass, CLASS_CH);
    assert_int_equal(m.question_bytes, 15);
    assert_int_equal(m.records_offset, 27);
    assert_int_equal(m.flags, FLAG_RD);
    assert_ptr_equal(m.wire, wire);
    assert_int_equal(m.wire_bytes, 27);
}

/* ---- EDNS ---- */

static enum message_fault edns_query(const uint8_t *body, size_t size, struct message *out)
{
    static uint8_t wire[512];
    memcpy(wire, "\0\7\0\0\0\1\0\0\0\0\0\1", HEADER_BYTES);
    memcpy(wire + HEADER_BYTES, body, size);
    return message_read_query(wire, HEADER_BYTES + size, out);
}

static void fills_edns(void **state)
{
    (void)state;
    struct message m;
    static const struct { const char *label; const uint8_t *body; size_t size; unsigned payload, flags; bool dnssec_ok; } cases[] = {
        { "(E) payload 0", B(Q OPT("\0\0", V0, "\0\0")), 512, 0, false },
        { "(E) payload 511", B(Q OPT("\1\xff", V0, "\0\0")), 512, 0, false },
        { "(E) payload 512", B(Q OPT("\2\0", V0, "\0\0")), 512, 0, false },
        { "(E) payload 4096", B(Q OPT("\x10\0", DO_, "\0\0")), 4096, 0x8000, true },
        { "payload 65535", B(Q OPT("\xff\xff", "\0\0\x40\1", "\0\0")), 65535, 0x4001, false },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        CHECK_EQ(cases[i].label, edns_query(cases[i].body, cases[i].size, &m), MESSAGE_FINE);
        CHECK_EQ(cases[i].label, m.edns.udp_payload, cases[i].payload);
        CHECK_EQ(cases[i].label, m.edns.flags, cases[i].flags);
        CHECK_EQ(cases[i].label, m.edns.dnssec_ok, cases[i].dnssec_ok);
        CHECK_EQ(cases[i].label, m.edns.cookie == NULL, true);
        CHECK_EQ(cases[i].label, m.edns.nsid || m.edns.keepalive || m.edns.expire || m.edns.zoneversion || m.edns.padding, false);
    }
    assert_int_equal(edns_query(B(Q OPT(P1232, V0, "\0\x22\0\3\0\0\0\x0b\0\0\0\x13\0\0\0\x09\0\0\0\x0c\0\2\0\0\0\x0a\0\x08" "12345678")), &m), MESSAGE_FINE);
    assert_true(m.edns.nsid && m.edns.keepalive && m.edns.zoneversion && m.edns.expire && m.edns.padding);
    assert_int_equal(m.edns.cookie_bytes, 8);
    assert_memory_equal(m.edns.cookie, "12345678", 8);
    assert_int_equal(m.edns.options_bytes, 34);
    assert_int_equal(edns_query(B(Q OPT(P1232, V0, "\0\x18\0\x0a\0\x08" "12345678" "\0\x0a\0\x08" "abcdefgh")), &m), MESSAGE_FINE);
    assert_memory_equal(m.edns.cookie, "12345678", 8);
    assert_int_equal(edns_query(B(Q OPT(P1232, "\0\1\x80\0", "\0\0")), &m), MESSAGE_BADVERS);
    assert_int_equal(m.edns.version, 1);
    assert_true(m.edns.dnssec_ok);
}

static void walks_options(void **state)
{
    (void)state;
    uint8_t *options = exact("\0\3\0\0\0\x0a\0\2xy\0\1\0\2z", 15);
    size_t offset = 0;
    uint16_t code = 0, bytes = 9;
    const uint8_t *data;
    assert_true(edns_option_next(options, 15, &offset, &code, &data, &bytes));
    assert_int_equal(code, 3);
    assert_int_equal(bytes, 0);
    assert_true(edns_option_next(options, 15, &offset, &code, &data, &bytes));
    assert_int_equal(code, 10);
    assert_int_equal(bytes, 2);
    assert_memory_equal(data, "xy", 2);
    assert_false(edns_option_next(options, 15, &offset, &code, &data, &bytes));     /* cut */
    assert_int_equal(offset, 10);
    assert_false(edns_option_next(options, 10, &offset, &code, &data, &bytes));     /* the end */
    free(options);
}

/* 10,000 options and more, each looked at once (CVE-2026-41292 and its like). */
static void many_options(void **state)
{
    (void)state;
    size_t count = 16000, size = HEADER_BYTES + 15 + 11 + 4 * count;
    uint8_t *wire = calloc(1, size);
    assert_non_null(wire);
    memcpy(wire, "\0\7\0\0\0\1\0\0\0\0\0\1" Q, HEADER_BYTES + 15);
    uint8_t *opt = wire + HEADER_BYTES + 15;
    put_u16(opt + 1, TYPE_OPT);
    put_u16(opt + 9, (uint16_t)(4 * count));
    for (size_t i = 0; i < count; i++)
        put_u16(opt + 11 + 4 * i, (uint16_t)(i + 1 == count ? OPTION_NSID : 0xfff0));
    struct message m;
    assert_int_equal(message_read_query(wire, size, &m), MESSAGE_FINE);
    assert_true(m.edns.nsid);
    free(wire);
}

/* ---- signatures ---- */

#define TSIG "\3key\0\0\xfa\0\xff\0\0\0\0\0\2xy"
#define SIG0 "\0\0\x18\0\xff\0\0\0\0\0\4\0\0xy"
#define SIG1 "\0\0\x18\0\1\0\0\0\0\0\4\0\1xy"

static void signatures_stand_last(void **state)
{
    (void)state;
    static const struct { const char *label; uint16_t counts[4]; const uint8_t *body; size_t size; enum message_fault want; bool tsig; } cases[] = {
        { "TSIG", { 1, 0, 0, 1 }, B(Q TSIG), MESSAGE_FINE, true },
        { "TSIG behind OPT", { 1, 0, 0, 2 }, B(Q OPT(P1232, V0, "\0\0") TSIG), MESSAGE_FINE, true },
        { "TSIG in front of OPT", { 1, 0, 0, 2 }, B(Q TSIG OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, false },
        { "two TSIG", { 1, 0, 0, 2 }, B(Q TSIG TSIG), MESSAGE_FORMERR, false },
        { "TSIG in answer", { 1, 1, 0, 0 }, B(Q TSIG), MESSAGE_FORMERR, false },
        { "TSIG in authority", { 1, 0, 1, 0 }, B(Q TSIG), MESSAGE_FORMERR, false },
        { "TSIG with EDNS version 1", { 1, 0, 0, 2 }, B(Q OPT(P1232, "\0\1\0\0", "\0\0") TSIG), MESSAGE_BADVERS, true },
        { "TSIG cut", { 1, 0, 0, 1 }, B(Q "\3key\0\0\xfa\0\xff\0\0\0\0\0\3xy"), MESSAGE_FORMERR, false },
        { "SIG(0)", { 1, 0, 0, 1 }, B(Q SIG0), MESSAGE_FINE, true },
        { "SIG(0) not last", { 1, 0, 0, 2 }, B(Q SIG0 OPT(P1232, V0, "\0\0")), MESSAGE_FORMERR, false },
        { "SIG over a type is data", { 1, 1, 0, 0 }, B(Q SIG1), MESSAGE_FINE, false },
        { "empty SIG is data", { 1, 0, 0, 1 }, B(Q "\0\0\x18\0\xff\0\0\0\0\0\0"), MESSAGE_FINE, false },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t *wire = calloc(1, HEADER_BYTES + cases[i].size);
        assert_non_null(wire);
        for (unsigned k = 0; k < 4; k++)
            put_u16(wire + 4 + 2 * k, cases[i].counts[k]);
        memcpy(wire + HEADER_BYTES, cases[i].body, cases[i].size);
        struct message m;
        CHECK_EQ(cases[i].label, message_read_query(wire, HEADER_BYTES + cases[i].size, &m), cases[i].want);
        CHECK_EQ(cases[i].label, m.has_tsig, cases[i].tsig);
        free(wire);
    }
}

/* ---- for clients ---- */

static void reads_responses(void **state)
{
    (void)state;
    /* A response with one answer (TTL with the top bit set) and OPT, as a server may send. */
    const uint8_t wire[] = "\0\7\x84\3\0\1\0\1\0\0\0\1" Q "\xc0\x0c\0\1\0\1\x80\0\0\1\0\4\xc0\0\2\1"
                           "\0\0\x29\x04\xd0\1\0\x80\0\0\6\0\x0f\0\2\0\x12";
    size_t size = sizeof wire - 1;
    struct message m;
    struct record r;
    struct edns edns;
    assert_int_equal(message_read(wire, size, &m), OK);
    assert_int_equal(m.flags, FLAG_QR | FLAG_AA | 3);
    assert_int_equal(m.rcode, RCODE_NXDOMAIN);
    assert_true(m.has_question);
    assert_ptr_equal(m.question.view.wire, m.question.name.wire);
    struct cursor c = cursor_of(wire, size);
    c.pos += m.records_offset;
    assert_int_equal(message_read_record(&c, &r), OK);
    assert_true(name_same(name_view_of(&r.owner), m.question.view));
    assert_int_equal(r.type, TYPE_A);
    assert_int_equal(r.ttl, 0);                 /* RFC 2181 §8 */
    assert_int_equal(r.rdata_bytes, 4);
    assert_memory_equal(wire + r.rdata_offset, "\xc0\0\2\1", 4);
    assert_int_equal(message_read_record(&c, &r), OK);
    assert_int_equal(r.ttl, 0x01008000);        /* OPT's is no TTL */
    assert_int_equal(edns_read(wire, &r, &edns), OK);
    assert_int_equal(edns.extended_rcode, 1);
    assert_true(edns.dnssec_ok);
    assert_int_equal(edns.options_bytes, 6);
    assert_ptr_equal(c.pos, c.end);
    assert_int_equal(message_read_record(&c, &r), E_TRUNCATED);
    r.owner = name_must("a.");
    assert_int_equal(edns_read(wire, &r, &edns), E_BAD_FORMAT);

    for (size_t n = 0; n < size; n++) {         /* no prefix is read beyond its end, none changes the output */
        uint8_t *cut = exact(wire, n);
        struct message before, after;
        memset(&before, 0xa5, sizeof before);
        memset(&after, 0xa5, sizeof after);
        enum status st = message_read(cut, n, &after);
        assert_int_equal(st, n < HEADER_BYTES + 15 ? E_TRUNCATED : OK);
        if (st != OK)
            assert_memory_equal(&before, &after, sizeof before);
        free(cut);
    }
}

static void records_read_whole_or_not(void **state)
{
    (void)state;
    static const struct { const char *label; const uint8_t *body; size_t size; enum status want; } cases[] = {
        { "fine", B("\1a\0\0\1\0\1\0\0\0\1\0\4\1\2\3\4"), OK },
        { "rdata cut", B("\1a\0\0\1\0\1\0\0\0\1\0\4\1\2\3"), E_TRUNCATED },
        { "no length", B("\1a\0\0\1\0\1\0\0\0\1\0"), E_TRUNCATED },
        { "owner cut", B("\1a"), E_TRUNCATED },
        { "owner pointer to itself", B("\xc0\0\0\1\0\1\0\0\0\1\0\0"), E_BAD_POINTER },
        { "owner label type 01", B("\x40\0\1\0\1\0\0\0\1\0\0"), E_BAD_NAME },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t *b = exact(cases[i].body, cases[i].size);
        struct cursor c = cursor_of(b, cases[i].size);
        struct record r = { .type = 0xffff };
        CHECK_EQ(cases[i].label, message_read_record(&c, &r), cases[i].want);
        CHECK_EQ(cases[i].label, r.type, cases[i].want == OK ? TYPE_A : 0xffff);
        CHECK_EQ(cases[i].label, c.pos - b, cases[i].want == OK ? cases[i].size : 0);
        free(b);
    }
    const uint8_t two[] = "\0\7\x80\0\0\2\0\0\0\0\0\0" Q Q;
    struct message m;
    assert_int_equal(message_read(two, sizeof two - 1, &m), OK);
    assert_int_equal(m.records_offset, sizeof two - 1);
    assert_int_equal(message_read(two, sizeof two - 2, &m), E_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_queries),
        cmocka_unit_test(prefixes_are_faulty),
        cmocka_unit_test(fills_the_question),
        cmocka_unit_test(fills_edns),
        cmocka_unit_test(walks_options),
        cmocka_unit_test(many_options),
        cmocka_unit_test(signatures_stand_last),
        cmocka_unit_test(reads_responses),
        cmocka_unit_test(records_read_whole_or_not),
    };
    return cmocka_run_group_tests_name("wire message", tests, NULL, NULL);
}
