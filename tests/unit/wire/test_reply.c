/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

/* A record as it was added. */
struct added {
    struct name owner;
    uint16_t type, klass;
    uint32_t ttl;
    uint8_t rdata[600];
    size_t rdata_bytes;
    enum section section;
};

static void check_same(const char *label, const struct added *want, const uint8_t *wire, const struct record *have,
                       struct name_view question)
{
    static uint8_t plain[65535];
    size_t length;
    struct name_view owner = name_view_of(&want->owner);

    CHECK_EQ(label, have->type, want->type);
    CHECK_EQ(label, have->klass, want->klass);
    CHECK_EQ(label, have->ttl, want->ttl);
    /* What ends as the question does has the case of the question there. */
    CHECK_EQ(label, name_equal(name_view_of(&have->owner), owner), true);
    CHECK_EQ(label, !name_equal(owner, question) || name_same(name_view_of(&have->owner), question), true);
    struct cursor c = { wire, wire + have->rdata_offset, wire + have->rdata_offset + have->rdata_bytes, false };
    CHECK_EQ(label, rdata_read(have->type, have->klass, &c, have->rdata_bytes, plain, sizeof plain, &length), OK);
    CHECK_EQ(label, length, want->rdata_bytes);
    uint8_t low[2][RDATA_MAX_BYTES];
    memcpy(low[0], plain, length);
    memcpy(low[1], want->rdata, length);
    rdata_canonical(want->type, want->klass, low[0], length);
    rdata_canonical(want->type, want->klass, low[1], length);
    CHECK_BYTES(label, low[0], low[1], length);
}

static struct added record_of(const char *owner, uint16_t type, uint32_t ttl, const void *rdata, size_t rdata_bytes)
{
    struct added a = { .owner = name_must(owner), .type = type, .klass = CLASS_IN, .ttl = ttl, .rdata_bytes = rdata_bytes,
                       .section = SECTION_ANSWER };
    memcpy(a.rdata, rdata, rdata_bytes);
    return a;
}

static struct added name_record_of(const char *owner, uint16_t type, const char *target)
{
    struct name n = name_must(target);
    return record_of(owner, type, 300, n.wire, n.length);
}

static enum status add(struct reply *reply, const struct added *a)
{
    return reply_add(reply, a->section, name_view_of(&a->owner), a->type, a->klass, a->ttl, a->rdata, a->rdata_bytes);
}

static void begin(struct reply *reply, uint8_t *data, size_t limit, const char *question)
{
    struct name n = name_must(question);
    reply_begin(reply, data, limit, 7, FLAG_QR | FLAG_AA);
    assert_int_equal(reply_add_question(reply, name_view_of(&n), TYPE_A, CLASS_IN), OK);
}

/* ---- what stands in the message, octet for octet ---- */

static void answers_point_to_the_question(void **state)
{
    (void)state;
    uint8_t data[512];
    struct reply reply;
    begin(&reply, data, sizeof data, "WwW.eXample.");
    struct added a = record_of("www.example.", TYPE_A, 300, "\xc0\0\2\1", 4);
    assert_int_equal(add(&reply, &a), OK);
    assert_int_equal(add(&reply, &a), OK);
    const uint8_t want[] = "\0\7\x84\0\0\1\0\2\0\0\0\0\3WwW\7eXample\0\0\1\0\1"
                           "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1";
    assert_int_equal(reply_end(&reply, RCODE_NOERROR), sizeof want - 1);
    assert_memory_equal(data, want, sizeof want - 1);
}

/* With the question whatever the case, else to the letter. */
static void suffixes_are_shared(void **state)
{
    (void)state;
    uint8_t data[512];
    struct reply reply;
    begin(&reply, data, sizeof data, "a.example.");
    struct added ns[] = {
        name_record_of("example.", TYPE_NS, "ns.example."),     /* owner: the question's suffix at 14 */
        name_record_of("example.", TYPE_NS, "b.ns.example."),   /* ns.example. stands at 0x27 */
        name_record_of("Example.", TYPE_NS, "ns.Example."),     /* another letter: the question's counts */
        name_record_of("example.", TYPE_NS, "Ns.example."),     /* not in the question: written out */
        name_record_of("example.", TYPE_NS, "."),
    };
    for (size_t i = 0; i < LENGTH_OF(ns); i++)
        assert_int_equal(add(&reply, &ns[i]), OK);
    const uint8_t want[] = "\xc0\x0e\0\2\0\1\0\0\1\x2c\0\5\2ns\xc0\x0e"
                           "\xc0\x0e\0\2\0\1\0\0\1\x2c\0\4\1b\xc0\x27"
                           "\xc0\x0e\0\2\0\1\0\0\1\x2c\0\2\xc0\x27"
                           "\xc0\x0e\0\2\0\1\0\0\1\x2c\0\5\2Ns\xc0\x0e"
                           "\xc0\x0e\0\2\0\1\0\0\1\x2c\0\1\0";
    assert_int_equal(reply.length, 27 + sizeof want - 1);
    assert_memory_equal(data + 27, want, sizeof want - 1);
}

/* RFC 3597 §4: SRV's target is never compressed, and its octets stay as they are. */
static void newer_types_are_not_compressed(void **state)
{
    (void)state;
    uint8_t data[512];
    struct reply reply;
    begin(&reply, data, sizeof data, "a.example.");
    struct added srv = record_of("a.example.", TYPE_SRV, 1, "\0\1\0\2\0\3\1a\7example\0", 17);
    struct added unknown = record_of("a.example.", 65280, 1, "\1a\7example\0", 11);
    assert_int_equal(add(&reply, &srv), OK);
    assert_int_equal(add(&reply, &unknown), OK);
    assert_int_equal(reply.length, 27 + 12 + 17 + 12 + 11);
    assert_memory_equal(data + 27 + 12, srv.rdata, 17);
    assert_memory_equal(data + 27 + 12 + 17 + 12, unknown.rdata, 11);
}

static void root_and_no_question(void **state)
{
    (void)state;
    uint8_t data[512];
    struct reply reply;
    begin(&reply, data, sizeof data, ".");
    struct added ns = name_record_of(".", TYPE_NS, ".");
    assert_int_equal(add(&reply, &ns), OK);
    assert_memory_equal(data + 17, "\0\0\2\0\1\0\0\1\x2c\0\1\0", 12);
    assert_int_equal(reply.length, 29);

    reply_begin(&reply, data, sizeof data, 1, 0);
    struct added a = name_record_of("a.b.", TYPE_NS, "b.");
    assert_int_equal(add(&reply, &a), OK);
    assert_memory_equal(data + 12, "\1a\1b\0\0\2\0\1\0\0\1\x2c\0\2\xc0\x0e", 17);
    assert_int_equal(reply_end(&reply, 0), 29);
    assert_memory_equal(data, "\0\1\0\0\0\0\0\1\0\0\0\0", 12);
}

/* ---- room and taking back ---- */

static void nothing_changes_without_room(void **state)
{
    (void)state;
    struct added a = name_record_of("b.example.", TYPE_NS, "c.d.example.");
    struct added mx = record_of("x.example.", TYPE_MX, 5, "\0\5\2mx\7example\0", 14);
    uint8_t whole[512];
    struct reply reply;
    begin(&reply, whole, sizeof whole, "a.example.");
    assert_int_equal(add(&reply, &a), OK);
    assert_int_equal(add(&reply, &mx), OK);
    size_t first = 27 + 4 + 10 + 6, length = reply.length;
    for (size_t limit = 27; limit <= length; limit++) {
        uint8_t *data = exact(whole, limit);
        begin(&reply, data, limit, "a.example.");
        for (unsigned again = 0; again < 2; again++) {          /* a failed try leaves no slot behind */
            bool fits = limit >= first;
            if (again == 0 || !fits)
                assert_int_equal(add(&reply, &a), fits ? OK : E_NO_SPACE);
            assert_int_equal(reply.length, fits ? first : 27);
            assert_int_equal(reply.counts[SECTION_ANSWER], fits ? 1 : 0);
        }
        if (limit >= first)
            assert_int_equal(add(&reply, &mx), limit < length ? E_NO_SPACE : OK);
        assert_memory_equal(data + 12, whole + 12, reply.length - 12);
        free(data);
    }
    for (size_t limit = 12; limit < 27; limit++) {
        struct name n = name_must("a.example.");
        uint8_t *data = exact(whole, limit);
        reply_begin(&reply, data, limit, 7, 0);
        assert_int_equal(reply_add_question(&reply, name_view_of(&n), TYPE_A, CLASS_IN), E_NO_SPACE);
        assert_int_equal(reply_end(&reply, RCODE_SERVFAIL), 12);
        free(data);
    }
}

/* After a rollback the message is written as if what was taken back had never been there. */
static void rollback_drops_names(void **state)
{
    (void)state;
    uint8_t data[512], straight[512];
    struct reply reply;
    struct added one = name_record_of("b.example.", TYPE_NS, "c.example."), two = name_record_of("d.example.", TYPE_NS, "e.b.example."),
                 three = name_record_of("d.example.", TYPE_NS, "e.d.example.");
    begin(&reply, straight, sizeof straight, "a.example.");
    assert_int_equal(add(&reply, &one), OK);
    assert_int_equal(add(&reply, &three), OK);
    size_t length = reply_end(&reply, 0);

    begin(&reply, data, sizeof data, "a.example.");
    assert_int_equal(add(&reply, &one), OK);
    struct reply_mark mark = reply_mark(&reply);
    assert_int_equal(add(&reply, &two), OK);
    reply_rollback(&reply, &mark);
    assert_int_equal(add(&reply, &three), OK);
    assert_int_equal(reply_end(&reply, 0), length);
    assert_memory_equal(data, straight, length);

    /* To the very start, and again. */
    begin(&reply, data, sizeof data, "a.example.");
    mark = reply_mark(&reply);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(add(&reply, &two), OK);
        reply_rollback(&reply, &mark);
    }
    assert_int_equal(add(&reply, &two), OK);
    reply_clear_records(&reply);
    assert_int_equal(reply.length, 27);
    assert_int_equal(reply.counts[SECTION_ANSWER], 0);
    assert_int_equal(reply.counts[SECTION_QUESTION], 1);
    assert_int_equal(add(&reply, &one), OK);
    assert_int_equal(add(&reply, &three), OK);
    assert_int_equal(reply_end(&reply, 0), length);
    assert_memory_equal(data, straight, length);
}

/* ---- EDNS ---- */

static void writes_edns(void **state)
{
    (void)state;
    uint8_t data[512];
    struct reply reply;
    struct edns_reply e = { .udp_payload = 1232, .ede = EDE_NONE, .rcode = RCODE_BADVERS };
    begin(&reply, data, sizeof data, ".");
    assert_int_equal(edns_reply_bytes(&e), 11);
    assert_int_equal(reply_add_edns(&reply, &e), OK);
    reply_end(&reply, RCODE_BADVERS);
    assert_memory_equal(data + 2, "\x84\0\0\1\0\0\0\0\0\1\0\0\1\0\1\0\0\x29\x04\xd0\1\0\0\0\0\0", 26);

    e = (struct edns_reply){ .udp_payload = 1232, .dnssec_ok = true, .ede = EDE_NOT_READY, .ede_text = "wait", .rcode = RCODE_SERVFAIL,
                             .nsid = (const uint8_t *)"ns1", .nsid_bytes = 3, .cookie = (const uint8_t *)"12345678", .cookie_bytes = 8,
                             .keepalive = true, .keepalive_100ms = 100, .expire = true, .expire_seconds = 0x01020304,
                             .zoneversion = true, .zoneversion_labels = 2, .zoneversion_serial = 0x0a0b0c0d };
    const uint8_t want[] = "\0\0\x29\x04\xd0\0\0\x80\0\0\x35"
                           "\0\3\0\3ns1\0\x0a\0\x08" "12345678" "\0\x0f\0\6\0\x0e" "wait"
                           "\0\x0b\0\2\0\x64\0\x09\0\4\1\2\3\4\0\x13\0\6\2\0\x0a\x0b\x0c\x0d";
    assert_int_equal(edns_reply_bytes(&e), sizeof want - 1);
    begin(&reply, data, sizeof data, ".");
    assert_int_equal(reply_add_edns(&reply, &e), OK);
    assert_int_equal(reply_end(&reply, RCODE_SERVFAIL), 17 + sizeof want - 1);
    assert_memory_equal(data + 17, want, sizeof want - 1);
    assert_int_equal(data[3] & 15, RCODE_SERVFAIL);

    /* The text goes first, then nothing fits. */
    for (size_t short_by = 1; short_by <= 5; short_by++) {
        begin(&reply, data, 17 + sizeof want - 1 - short_by, ".");
        assert_int_equal(reply_add_edns(&reply, &e), short_by <= 4 ? OK : E_NO_SPACE);
        assert_int_equal(reply.length, short_by <= 4 ? 17 + sizeof want - 1 - 4 : 17);
        assert_int_equal(reply.counts[SECTION_ADDITIONAL], short_by <= 4 ? 1 : 0);
    }
}

/* What is written is what message_read and edns_read see. */
static void edns_reads_back(void **state)
{
    (void)state;
    uint8_t data[1024];
    char text[400];
    struct reply reply;
    struct message m;
    struct record r;
    struct edns edns;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text + 254, "\xc3\xbc", 2);          /* must not be cut in the middle */
    struct edns_reply e = { .udp_payload = 1232, .ede = EDE_OTHER, .ede_text = text, .rcode = RCODE_BADCOOKIE };
    begin(&reply, data, sizeof data, "a.example.");
    assert_int_equal(reply_add_edns(&reply, &e), OK);
    size_t size = reply_end(&reply, RCODE_BADCOOKIE);
    assert_int_equal(message_read(data, size, &m), OK);
    struct cursor c = cursor_of(data, size);
    c.pos += m.records_offset;
    assert_int_equal(message_read_record(&c, &r), OK);
    assert_int_equal(edns_read(data, &r, &edns), OK);
    assert_int_equal(edns.extended_rcode << 4 | m.rcode, RCODE_BADCOOKIE);
    size_t offset = 0;
    uint16_t code, bytes;
    const uint8_t *option;
    assert_true(edns_option_next(edns.options, edns.options_bytes, &offset, &code, &option, &bytes));
    assert_int_equal(code, OPTION_EDE);
    assert_int_equal(bytes, 2 + 254);
    assert_int_equal(offset, edns.options_bytes);
    assert_ptr_equal(c.pos, c.end);
}

/* ---- properties over random replies ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Few letters and few labels, so that suffixes meet often. */
static struct name random_name(uint32_t *seed)
{
    struct name n = { 0 };
    unsigned labels = next_random(seed) % 6, at = 0;
    for (unsigned i = 0; i < labels; i++) {
        unsigned length = 1 + next_random(seed) % (next_random(seed) % 16 == 0 ? 40 : 2);
        n.wire[at++] = (uint8_t)length;
        for (unsigned k = 0; k < length; k++)
            n.wire[at++] = (uint8_t)"abAB\0"[next_random(seed) % 5];
    }
    n.wire[at] = 0;
    n.length = (uint8_t)(at + 1);
    return n;
}

static struct added random_record(uint32_t *seed)
{
    static const uint16_t types[] = { TYPE_A, TYPE_NS, TYPE_CNAME, TYPE_MX, TYPE_SOA, TYPE_SRV, 65280 };
    struct added a = { .owner = random_name(seed), .type = types[next_random(seed) % LENGTH_OF(types)], .klass = CLASS_IN,
                       .ttl = next_random(seed) % 90000 };
    struct name x = random_name(seed), y = random_name(seed);
    uint8_t *p = a.rdata;
    size_t front = a.type == TYPE_MX ? 2 : a.type == TYPE_SRV ? 6 : a.type == TYPE_A ? 4 : a.type == 65280 ? 17 : 0;
    for (size_t i = 0; i < front; i++)
        *p++ = (uint8_t)next_random(seed);
    if (a.type != TYPE_A && a.type != 65280) {
        memcpy(p, x.wire, x.length);
        p += x.length;
    }
    if (a.type == TYPE_SOA) {
        memcpy(p, y.wire, y.length);
        p += y.length;
        memset(p, 1, 20);
        p += 20;
    }
    a.rdata_bytes = (size_t)(p - a.rdata);
    return a;
}

static void check_reads_back(const uint8_t *data, size_t size, const struct added *records, size_t count)
{
    struct message m;
    struct record r;
    assert_int_equal(message_read(data, size, &m), OK);
    struct cursor c = cursor_of(data, size);
    c.pos += m.records_offset;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(message_read_record(&c, &r), OK);
        check_same("record", &records[i], data, &r, m.question.view);
    }
    assert_ptr_equal(c.pos, c.end);
    assert_int_equal(m.counts[1] + m.counts[2] + m.counts[3], count);
}

static void random_replies_read_back(void **state)
{
    (void)state;
    enum { RECORDS = 120 };
    static struct added records[RECORDS];
    static uint8_t data[65535];
    for (uint32_t round = 0; round < 300; round++) {
        uint32_t seed = round * 7919 + 1;
        struct reply reply;
        struct name question = random_name(&seed);
        size_t limit = 300 + next_random(&seed) % 4000, count = 0;
        reply_begin(&reply, data, limit, 1, FLAG_QR);
        assert_int_equal(reply_add_question(&reply, name_view_of(&question), TYPE_A, CLASS_IN), OK);
        while (count < RECORDS) {
            struct reply_mark mark = reply_mark(&reply);
            records[count] = random_record(&seed);
            records[count].section = (enum section)(SECTION_ANSWER + count * 3 / RECORDS);
            size_t plain = reply.length + records[count].owner.length + 10u + records[count].rdata_bytes;
            enum status st = add(&reply, &records[count]);
            if (st != OK) {
                assert_true(plain > limit);
                break;
            }
            assert_true(reply.length <= limit && reply.length <= plain);
            if (next_random(&seed) % 4 == 0)
                reply_rollback(&reply, &mark);
            else
                count++;
        }
        check_reads_back(data, reply_end(&reply, 0), records, count);
    }
}

/* A message beyond 16 KiB: no pointer can aim above 0x3fff, and none does. */
static void far_names_are_no_targets(void **state)
{
    (void)state;
    enum { RECORDS = 1100 };
    struct added *records = calloc(RECORDS, sizeof *records);
    uint8_t *data = malloc(65535);
    assert_non_null(records);
    assert_non_null(data);
    struct reply reply;
    begin(&reply, data, 65535, "a.example.");
    size_t count = 0;
    for (; count < RECORDS; count++) {
        char owner[64], target[64];
        snprintf(owner, sizeof owner, "host-%zu.zone%zu.", count, count / 2);
        snprintf(target, sizeof target, "target-%zu.zone%zu.", count, count / 2);
        records[count] = name_record_of(owner, TYPE_NS, target);
        records[count].section = SECTION_ANSWER;
        assert_int_equal(add(&reply, &records[count]), OK);
    }
    assert_true(reply.length > 0x8000);
    check_reads_back(data, reply_end(&reply, 0), records, count);
    free(records);
    free(data);
}

static uint8_t crafted_octet(unsigned kind, unsigned label, unsigned record, uint32_t *seed)
{
    if (kind == 0)
        return (uint8_t)next_random(seed);
    if (kind == 1)
        return (uint8_t)(label == 0 ? 'a' + record % 26 : 'a');
    return (uint8_t)record;
}

/* Names of 127 labels that share nothing but what slots can hold, and the hardest for the chains: all is bounded, so
 * that this ends at once even under the sanitizers (CVE-2024-8508 and its like). */
static void crafted_suffixes_stay_linear(void **state)
{
    (void)state;
    uint8_t *data = malloc(65535);
    assert_non_null(data);
    for (unsigned kind = 0; kind < 3; kind++) {
        struct reply reply;
        uint32_t seed = kind;
        begin(&reply, data, 65535, "a.example.");
        for (unsigned records = 0;; records++) {
            struct name n = { 255, { 0 } };
            for (unsigned i = 0; i < 127; i++) {
                n.wire[2 * i] = 1;
                n.wire[2 * i + 1] = crafted_octet(kind, i, records, &seed);
            }
            if (reply_add(&reply, SECTION_ANSWER, name_view_of(&n), TYPE_NS, CLASS_IN, 1, n.wire, n.length) != OK)
                break;
        }
        assert_true(reply.length > 65535 - 600);
        assert_true(reply.slot_count <= COMPRESS_SLOTS);
    }
    free(data);
}

static void limit_is_that_of_messages(void **state)
{
    (void)state;
    uint8_t *data = malloc(70000);
    assert_non_null(data);
    struct reply reply;
    struct added big = record_of("a.example.", 65280, 1, "", 0);
    big.rdata_bytes = 500;
    begin(&reply, data, 70000, "a.example.");
    while (add(&reply, &big) == OK)
        ;
    assert_true(reply.length <= 65535 && reply.length > 65000);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_point_to_the_question),
        cmocka_unit_test(suffixes_are_shared),
        cmocka_unit_test(newer_types_are_not_compressed),
        cmocka_unit_test(root_and_no_question),
        cmocka_unit_test(nothing_changes_without_room),
        cmocka_unit_test(rollback_drops_names),
        cmocka_unit_test(writes_edns),
        cmocka_unit_test(edns_reads_back),
        cmocka_unit_test(random_replies_read_back),
        cmocka_unit_test(far_names_are_no_targets),
        cmocka_unit_test(crafted_suffixes_stay_linear),
        cmocka_unit_test(limit_is_that_of_messages),
    };
    return cmocka_run_group_tests_name("wire reply", tests, NULL, NULL);
}
