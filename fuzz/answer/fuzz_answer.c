/* SPDX-License-Identifier: Apache-2.0 */
/* Any question to zones full of corner cases.  Property: the reply reads back whole, is within its limit, holds no record
 * twice, has a SOA when it is negative, and with enough room it is never truncated. */
#undef NDEBUG
#include "answer/answer.h"
#include "zone/reader.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "$ORIGIN example.\n$TTL 60\n@ SOA ns a 1 2 3 4 5\n@ NS ns\n@ NS ns.cut\nns A 192.0.2.1\n"
#define BODY "*.w MX 1 ns\na.w A 192.0.2.2\n*.a.w TXT x\nx.ent TXT x\nc CNAME a.w\nl CNAME c.l\n*.l CNAME d.l\nd DNAME l\nloop DNAME loop.loop\n" \
             "cut NS ns.cut\ncut NS b.ns.cut\nns.cut A 192.0.2.3\nb.ns.cut A 192.0.2.4\na CNAME x.cut\nsvc HTTPS 1 . alpn=h2\nsrv SRV 0 0 1 ns\n"
static const char *const texts[] = {
    HEAD BODY,
    HEAD BODY "@ NSEC a NS SOA NSEC\na NSEC cut CNAME\ncut NSEC *.w NS\n*.w NSEC @ MX\n@ RRSIG SOA 13 1 60 20300101000000 20200101000000 1 @ AAAA\n"
              "*.w RRSIG MX 13 2 60 20300101000000 20200101000000 1 @ AAAA\n",
    HEAD BODY "@ NSEC3PARAM 1 0 1 aa\n0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 1 aa k8udemvp1j2f7eg6jebps17vp3n8i58h SOA\n"
              "k8udemvp1j2f7eg6jebps17vp3n8i58h NSEC3 1 1 1 aa 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom MX\n",
};
static const char *const labels[] = { "a", "w", "*", "x", "ent", "c", "l", "d", "loop", "cut", "ns", "b", "svc", "srv", "W", "\001" };

static struct zone_version *zones[LENGTH_OF(texts)];

static void zones_make(void)
{
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct name origin;
        struct zone_builder *b = NULL;
        struct zone_files files = { 0 };
        assert(name_parse(slice_string("example."), name_root, &origin) == OK);
        assert(zone_builder_new(name_view_of(&origin), CLASS_IN, &b) == OK);
        const struct zone_read_options options = { .path = "fuzz", .text = texts[i], .text_bytes = strlen(texts[i]),
                                                   .origin = name_view_of(&origin), .klass = CLASS_IN };
        assert(zone_read(&options, &b, &files, NULL) == OK);
        assert(zone_builder_finish(b, false, &zones[i]) == OK);
        zone_files_clear(&files);
    }
}

static struct name question_name(const uint8_t *data, size_t size)
{
    struct name name = name_copy(zone_version_origin(zones[0]));
    for (size_t i = 0; i < size; i++) {
        const char *label = labels[data[i] % LENGTH_OF(labels)];
        size_t repeat = data[i] & 0x80 ? 60 / strlen(label) : 1, length = strlen(label);
        uint8_t long_label[LABEL_MAX];
        for (size_t k = 0; k < repeat; k++)
            memcpy(long_label + k * length, label, length);
        if (name_prepend(long_label, repeat * length, name_view_of(&name), &name) != OK)
            break;
    }
    return name;
}

enum { RECORDS = 256 };

static void check_records(const uint8_t *wire, size_t length, const struct message *m, const struct answer_result *result)
{
    static struct record records[RECORDS];
    struct cursor c = { wire, wire + m->records_offset, wire + length, false };
    size_t count = (size_t)m->counts[1] + m->counts[2] + m->counts[3];
    bool soa = false;
    assert(count < RECORDS);
    for (size_t i = 0; i < count; i++) {
        struct record *r = &records[i];
        assert(message_read_record(&c, r) == OK);
        soa |= i >= m->counts[1] && r->type == TYPE_SOA;
        for (size_t k = 0; k < i; k++) { /* rdata is compared as it stands: enough for what is not compressed */
            bool same = records[k].type == r->type && records[k].rdata_bytes == r->rdata_bytes &&
                        name_equal(name_view_of(&records[k].owner), name_view_of(&r->owner)) &&
                        memcmp(wire + records[k].rdata_offset, wire + r->rdata_offset, r->rdata_bytes) == 0;
            assert(!same);
        }
    }
    assert(cursor_left(&c) == 0);
    bool negative = result->kind == ANSWER_NXDOMAIN || result->kind == ANSWER_NODATA;
    assert(!negative || soa || result->truncated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t wire[MESSAGE_MAX_BYTES];
    if (!zones[0])
        zones_make();
    if (size < 5)
        return 0;
    const struct answer_options options = { .minimal = data[0] & 1, .minimal_any_udp = data[0] & 2, .round_robin = data[0] & 4 };
    struct name name = question_name(data + 5, size - 5);
    size_t limit = data[0] & 8 ? sizeof wire : HEADER_BYTES + name.length + 4u + get_u16(data + 1) % 1000;
    const struct answer_request request = { .version = zones[data[0] / 64 % LENGTH_OF(zones)], .name = name_view_of(&name),
        .type = get_u16(data + 3) % 300, .klass = CLASS_IN, .dnssec_ok = data[0] & 16, .udp = data[0] & 32, .rotate = data[1],
        .options = &options };
    struct reply reply;
    struct answer_result result;
    struct message m;
    reply_begin(&reply, wire, limit, 7, FLAG_QR);
    assert(reply_add_question(&reply, request.name, request.type, CLASS_IN) == OK);
    assert(answer_question(&request, &reply, &result) == OK);
    size_t length = reply_end(&reply, result.rcode);
    assert(length <= limit && message_read(wire, length, &m) == OK);
    assert(!result.truncated || limit < sizeof wire);
    assert(result.kind != ANSWER_REFERRAL || !result.authoritative || m.counts[SECTION_ANSWER] > 0);
    check_records(wire, length, &m, &result);
    return 0;
}
