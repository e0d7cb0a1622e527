/* SPDX-License-Identifier: Apache-2.0 */
/* Small zones: from facts, as a resolver's records would be, to answers.  What is expected is what an authoritative server says of the same records
 * (RFC 1034 4.3.2, 2308, 4592, 6672). */
#include "../zone/build.h"
#include "answer/answer.h"
#include "names/vzone.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"   /* rows of a table say what is unusual about them */

enum { ROOM = 4096 };

/* ---- facts from lines ---- */

struct script {
    const char *name, *zone;            /* of the name system; zone NULL = the name */
    enum facts_status status;
    const char *records[14];            /* "owner ttl TYPE rdata", owners absolute; "owner TYPE failed|broken" */
    const char *owners[6];              /* "name" exists, "-name" does not, "?name" is not known */
    const char *content;                /* hex */
    const char *text, *coin_btc;        /* hex */
    bool wildcard, has_no_zone;
    uint16_t types[4];
    uint64_t registry_ttl;
};

static struct name_view keep_name(struct arena *arena, const char *text)
{
    struct name name = test_name(text);
    return (struct name_view){ arena_copy(arena, name.wire, name.length), name.length, name_view_of(&name).labels };
}

static struct slice keep_hex(struct arena *arena, const char *hex)
{
    uint8_t octets[256];
    size_t length = strlen(hex) / 2;
    for (size_t i = 0; i < length; i++) {
        unsigned value;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        octets[i] = (uint8_t)value;
    }
    return slice_of(arena_copy(arena, octets, length), length);
}

static struct fact_records *record_set(struct facts *f, struct name_view owner, uint16_t type)
{
    for (size_t i = 0; i < f->record_count; i++)
        if (f->records[i].type == type && name_equal(f->records[i].owner, owner))
            return &f->records[i];
    struct fact_records *set = &f->records[f->record_count++];
    *set = (struct fact_records){ owner, type, { .state = FACT_PRESENT } };
    return set;
}

static void add_record(struct facts *f, const char *line)
{
    static uint8_t rdata[4096];
    char owner[256], type_text[32], rest[1024] = "";
    unsigned ttl = 0;
    uint16_t type;
    size_t size;
    if (sscanf(line, "%255s %u %31s %1023[^\n]", owner, &ttl, type_text, rest) < 4) {
        assert_int_equal(sscanf(line, "%255s %31s %1023s", owner, type_text, rest), 3);
        assert_int_equal(type_parse(slice_string(type_text), &type), OK);
        bool broken = strcmp(rest, "broken") == 0;
        record_set(f, keep_name(f->arena, owner), type)->fact =
            (struct fact){ .state = rest[0] == '-' ? FACT_ABSENT : broken ? FACT_BROKEN : FACT_FAILED, .failure = broken ? CHAIN_FAILURE_NONE : CHAIN_FAILURE_TIMEOUT, .reason = rest[0] == 'b' ? "bad octets" : NULL };
        return;
    }
    assert_int_equal(type_parse(slice_string(type_text), &type), OK);
    struct diagnostics *diag = diagnostics_new(10);
    if (rdata_parse_line(type, CLASS_IN, rest, name_root, rdata, sizeof rdata, &size, diag) != OK)
        fail_msg("not rdata: %s", line);
    diagnostics_free(diag);
    struct fact_records *set = record_set(f, keep_name(f->arena, owner), type);
    uint8_t *value = arena_bytes(f->arena, set->fact.value.length + 6 + size);
    memcpy(value, set->fact.value.length ? set->fact.value.data : "", set->fact.value.length);
    put_u32(value + set->fact.value.length, ttl);
    put_u16(value + set->fact.value.length + 4, (uint16_t)size);
    memcpy(value + set->fact.value.length + 6, rdata, size);
    set->fact.value = slice_of((const char *)value, set->fact.value.length + 6 + size);
}

static struct facts *facts_of(const struct script *s)
{
    struct arena *arena = arena_new(0);
    struct facts *f = arena_alloc(arena, sizeof *f);
    *f = (struct facts){ .arena = arena, .status = s->status, .name = keep_name(arena, s->name), .ens = true, .max_age_seconds = UINT32_MAX,
                         .records = arena_alloc(arena, 20 * sizeof *f->records), .owners = arena_alloc(arena, 20 * sizeof *f->owners) };
    if (!s->has_no_zone)
        f->zone = keep_name(arena, s->zone == NULL ? s->name : s->zone);
    f->e.wildcard = s->wildcard;
    f->e.registry_ttl = s->registry_ttl;
    for (size_t i = 0; i < LENGTH_OF(s->records) && s->records[i] != NULL; i++)
        add_record(f, s->records[i]);
    for (size_t i = 0; i < LENGTH_OF(s->owners) && s->owners[i] != NULL; i++) {
        char kind = s->owners[i][0];
        const char *name = s->owners[i] + (kind == '-' || kind == '?');
        f->owners[f->owner_count++] = (struct fact_owner){ keep_name(arena, name),
            { .state = kind == '-' ? FACT_ABSENT : kind == '?' ? FACT_FAILED : FACT_PRESENT, .failure = kind == '?' ? CHAIN_FAILURE_TIMEOUT : CHAIN_FAILURE_NONE } };
    }
    if (s->content != NULL)
        f->content = (struct fact){ .state = FACT_PRESENT, .value = keep_hex(arena, s->content) };
    if (s->text != NULL) {
        f->texts = arena_alloc(arena, sizeof *f->texts);
        f->texts[f->text_count++] = (struct fact_text){ slice_string("url"), { .state = FACT_PRESENT, .value = slice_string(s->text) } };
    }
    if (s->coin_btc != NULL) {
        f->coins = arena_alloc(arena, sizeof *f->coins);
        f->coins[f->coin_count++] = (struct fact_coin){ 0, { .state = FACT_PRESENT, .value = keep_hex(arena, s->coin_btc) } };
    }
    uint16_t *types = arena_alloc(arena, sizeof s->types);
    memcpy(types, s->types, sizeof s->types);
    f->types = types;
    while (f->type_count < LENGTH_OF(s->types) && types[f->type_count] != 0)
        f->type_count++;
    return f;
}

/* ---- answers as text ---- */

static void ask(const struct zone_version *version, const char *name_text, uint16_t type, char out[ROOM])
{
    static uint8_t buffer[4096];
    struct reply reply;
    struct answer_result result;
    struct name name = test_name(name_text);
    struct answer_options options = answer_defaults();
    const struct answer_request request = { .version = version, .name = name_view_of(&name), .type = type, .klass = CLASS_IN, .options = &options };
    reply_begin(&reply, buffer, sizeof buffer, 0, FLAG_QR);
    assert_int_equal(reply_add_question(&reply, request.name, type, CLASS_IN), OK);
    assert_int_equal(answer_question(&request, &reply, &result), OK);
    size_t bytes = reply_end(&reply, result.rcode);
    struct text text;
    text_fixed(&text, out, ROOM);
    text_add(&text, result.rcode == RCODE_NXDOMAIN ? "NXDOMAIN" : result.rcode == RCODE_NOERROR ? "NOERROR" : "other");
    struct cursor c = cursor_of(buffer, bytes);
    (void)cursor_take(&c, 12 + name.length + 4);
    unsigned left = (unsigned)reply.counts[1] + reply.counts[2] + reply.counts[3];
    for (unsigned i = 0; i < left; i++) {
        static uint8_t rdata[4096];
        struct record record;
        size_t size;
        assert_int_equal(message_read_record(&c, &record), OK);
        struct cursor in = cursor_of(buffer, bytes);
        (void)cursor_take(&in, record.rdata_offset);
        assert_int_equal(rdata_read(record.type, CLASS_IN, &in, record.rdata_bytes, rdata, sizeof rdata, &size), OK);
        struct rdata_style style = { 0 };
        text_add(&text, " | ");
        record_print(&text, name_view_of(&record.owner), record.ttl, CLASS_IN, record.type, rdata, size, &style);
    }
    for (char *at = out; *at != '\0'; at++)
        *at = *at == '\t' ? ' ' : *at;
    assert_false(text.full);
}

/* ---- the cases ---- */

static const uint8_t suffix_eth[] = "\3eth", suffix_far[] = "\3eth\7example\3net", reverse_far[] = "\4addr\7example\3net";
static struct name_view view(const uint8_t *wire) { return name_view_wire(wire); }

struct case_ {
    const char *label;
    struct script facts[3];
    const char *question; uint16_t type;
    const char *want;               /* NULL: the type is not known; "?": the zone wants names first, see `wanted` */
    const char *wanted;
    bool far, open /* private addresses are told */, gateways;
};

#define SOA_ETH " | eth. 60 IN SOA localhost. hostmaster.eth. 77 3600 600 1209600 60"
#define SOA_FAR " | eth.example.net. 60 IN SOA localhost. hostmaster.eth.example.net. 77 3600 600 1209600 60"
#define IPFS "e3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f"
#define LINK "\"dnslink=/ipfs/bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4\""

static const struct case_ cases[] = {
    { "address", { { "a.eth.", .records = { "a.eth. 600 A 192.0.2.1", "a.eth. 600 A 192.0.2.2" } } }, "a.eth.", TYPE_A,
      "NOERROR | a.eth. 300 IN A 192.0.2.1 | a.eth. 300 IN A 192.0.2.2" },
    { "TTL of the registry", { { "a.eth.", .records = { "a.eth. 600 A 192.0.2.1" }, .registry_ttl = 45 } }, "a.eth.", TYPE_A, "NOERROR | a.eth. 45 IN A 192.0.2.1" },
    { "low TTL stays", { { "a.eth.", .records = { "a.eth. 5 A 192.0.2.1" } } }, "a.eth.", TYPE_A, "NOERROR | a.eth. 5 IN A 192.0.2.1" },
    { "no such type", { { "a.eth.", .records = { "a.eth. 600 A 192.0.2.1" } } }, "a.eth.", TYPE_AAAA, "NOERROR" SOA_ETH },
    { "a name of no records", { { "a.eth.", .status = FACTS_FOUND } }, "a.eth.", TYPE_A, "NOERROR" SOA_ETH },
    { "an owned name without a resolver", { { "a.eth.", .has_no_zone = true } }, "a.eth.", TYPE_MX, "NOERROR" SOA_ETH },
    { "absent", { { "a.eth.", .status = FACTS_ABSENT, .has_no_zone = true } }, "a.eth.", TYPE_MX, "NXDOMAIN" SOA_ETH },
    { "invalid", { { "a_b.eth.", .status = FACTS_INVALID, .has_no_zone = true } }, "a_b.eth.", TYPE_A, "NXDOMAIN" SOA_ETH },
    { "a type that nobody asked for", { { "a.eth.", .records = { "a.eth. 600 A 192.0.2.1" } } }, "a.eth.", TYPE_SRV, NULL },
    { "a type that was asked for", { { "a.eth.", .types = { TYPE_SRV } } }, "a.eth.", TYPE_SRV, "NOERROR" SOA_ETH },
    { "private addresses are left out", { { "a.eth.", .records = { "a.eth. 60 A 10.0.0.1", "a.eth. 60 A 192.0.2.1", "a.eth. 60 A 127.0.0.1" } } }, "a.eth.", TYPE_A,
      "NOERROR | a.eth. 60 IN A 192.0.2.1" },
    { "private addresses alone", { { "a.eth.", .records = { "a.eth. 60 AAAA fd00::1", "a.eth. 60 AAAA ::ffff:192.168.0.1", "a.eth. 60 AAAA fe80::1" } } }, "a.eth.", TYPE_AAAA,
      "NOERROR" SOA_ETH },
    { "private addresses allowed", { { "a.eth.", .records = { "a.eth. 60 A 10.0.0.1" } } }, "a.eth.", TYPE_A, "NOERROR | a.eth. 60 IN A 10.0.0.1", .open = true },
    { "a private hint", { { "a.eth.", .records = { "a.eth. 60 HTTPS 1 . ipv4hint=192.168.1.1" } } }, "a.eth.", TYPE_HTTPS, "NOERROR" SOA_ETH },
    { "malformed", { { "a.eth.", .records = { "a.eth. A broken", "a.eth. 60 TXT x" } } }, "a.eth.", TYPE_A, NULL },
    { "beside what is malformed", { { "a.eth.", .records = { "a.eth. A broken", "a.eth. 60 TXT x" } } }, "a.eth.", TYPE_TXT, "NOERROR | a.eth. 60 IN TXT \"x\"" },
    { "CNAME not known, type there", { { "a.eth.", .records = { "a.eth. CNAME failed", "a.eth. 60 TXT x" } } }, "a.eth.", TYPE_TXT, "NOERROR | a.eth. 60 IN TXT \"x\"" },
    { "CNAME not known, type absent", { { "a.eth.", .records = { "a.eth. CNAME failed", "a.eth. 60 TXT x" } } }, "a.eth.", TYPE_A, NULL },
    { "delegation not known", { { "x.y.a.eth.", "a.eth.", .records = { "y.a.eth. NS failed", "x.y.a.eth. 60 TXT x" }, .owners = { "x.y.a.eth." } } }, "x.y.a.eth.", TYPE_A, NULL },
    { "below the zone, there", { { "w.a.eth.", "a.eth.", .records = { "w.a.eth. 60 A 192.0.2.9" }, .owners = { "w.a.eth." } } }, "w.a.eth.", TYPE_A,
      "NOERROR | w.a.eth. 60 IN A 192.0.2.9" },
    { "below the zone, hidden records", { { "w.a.eth.", "a.eth.", .owners = { "w.a.eth." } } }, "w.a.eth.", TYPE_A, "NOERROR" SOA_ETH },
    { "a wildcard", { { "w.a.eth.", "a.eth.", .records = { "*.a.eth. 60 A 192.0.2.9" }, .owners = { "-w.a.eth.", "*.a.eth." } } }, "w.a.eth.", TYPE_A,
      "NOERROR | w.a.eth. 60 IN A 192.0.2.9" },
    { "a wildcard of another type", { { "w.a.eth.", "a.eth.", .records = { "*.a.eth. 60 A 192.0.2.9" }, .owners = { "-w.a.eth.", "*.a.eth." } } }, "w.a.eth.", TYPE_TXT,
      "NOERROR" SOA_ETH },
    { "a wildcard does not cover what is there", { { "w.a.eth.", "a.eth.", .records = { "*.a.eth. 60 A 192.0.2.9" }, .owners = { "w.a.eth.", "*.a.eth." } } }, "w.a.eth.", TYPE_A,
      "NOERROR" SOA_ETH },
    { "a malformed wildcard", { { "w.a.eth.", "a.eth.", .records = { "*.a.eth. A broken" }, .owners = { "-w.a.eth.", "*.a.eth." } } }, "w.a.eth.", TYPE_A, NULL },
    { "its own zone", { { "a.eth.", .records = { "a.eth. 3600 SOA ns.a.eth. me.a.eth. 5 1 2 3 90", "a.eth. 3600 NS ns.a.eth." } } }, "a.eth.", TYPE_TXT,
      "NOERROR | a.eth. 90 IN SOA ns.a.eth. me.a.eth. 5 1 2 3 90" },
    { "absent in its own zone", { { "x.a.eth.", "a.eth.", FACTS_ABSENT, { "a.eth. 3600 SOA ns.a.eth. me.a.eth. 5 1 2 3 90", "a.eth. 3600 NS ns.a.eth." }, { "-x.a.eth." } } }, "x.a.eth.",
      TYPE_A, "NXDOMAIN | a.eth. 90 IN SOA ns.a.eth. me.a.eth. 5 1 2 3 90" },
    { "NS without SOA", { { "a.eth.", .records = { "a.eth. 3600 NS ns1.example.net.", "a.eth. 60 TXT x" } } }, "a.eth.", TYPE_A,
      "NOERROR | a.eth. 60 IN SOA ns1.example.net. hostmaster.a.eth. 77 3600 600 1209600 60" },
    { "delegation with glue", { { "x.c.a.eth.", "a.eth.", .records = { "c.a.eth. 3600 NS ns.c.a.eth.", "ns.c.a.eth. 60 A 192.0.2.53" }, .owners = { "-x.c.a.eth.", "c.a.eth.", "ns.c.a.eth." } } },
      "x.c.a.eth.", TYPE_MX, "NOERROR | c.a.eth. 300 IN NS ns.c.a.eth. | ns.c.a.eth. 60 IN A 192.0.2.53" },
    { "glue is wanted", { { "x.c.a.eth.", "a.eth.", .records = { "c.a.eth. 3600 NS ns.c.a.eth.", "c.a.eth. 3600 NS out.example." }, .owners = { "-x.c.a.eth.", "c.a.eth." } } },
      "x.c.a.eth.", TYPE_A, "?", "ns.c.a.eth." },
    { "an alias within", { { "w.a.eth.", "a.eth.", .records = { "w.a.eth. 60 CNAME v.a.eth.", "v.a.eth. CNAME -", "v.a.eth. NS -", "v.a.eth. 60 A 192.0.2.4" },
                             .owners = { "w.a.eth.", "v.a.eth." } } }, "w.a.eth.", TYPE_A,
      "NOERROR | w.a.eth. 60 IN CNAME v.a.eth. | v.a.eth. 60 IN A 192.0.2.4" },
    { "to one that may be delegated", { { "w.a.eth.", "a.eth.", .records = { "w.a.eth. 60 CNAME v.a.eth.", "v.a.eth. 60 A 192.0.2.4" }, .owners = { "w.a.eth.", "v.a.eth." } } },
      "w.a.eth.", TYPE_A, "?", "v.a.eth." },
    { "to one that a wildcard may stand in for", { { "w.a.eth.", "a.eth.", .records = { "w.a.eth. 60 CNAME v.a.eth.", "v.a.eth. CNAME -", "v.a.eth. NS -" },
                                                     .owners = { "w.a.eth.", "-v.a.eth." } } }, "w.a.eth.", TYPE_A, "?", "v.a.eth." },
    { "below one that exists", { { "w.a.eth.", "a.eth.", .records = { "w.a.eth. 60 CNAME x.v.a.eth.", "*.a.eth. 60 A 192.0.2.9" }, .owners = { "w.a.eth.", "*.a.eth." } },
                                 { "x.v.a.eth.", "a.eth.", .status = FACTS_ABSENT, .owners = { "-x.v.a.eth.", "v.a.eth." } } }, "w.a.eth.", TYPE_A,
      "NXDOMAIN | w.a.eth. 60 IN CNAME x.v.a.eth." SOA_ETH },
    { "within its own zone, to a name that has one too", { { "w.a.eth.", "a.eth.", .records = { "a.eth. 3600 NS ns.example.", "w.a.eth. 60 CNAME v.a.eth." }, .owners = { "w.a.eth." } },
                                                           { "v.a.eth.", .records = { "v.a.eth. 3600 SOA ns.v.a.eth. me.a.eth. 5 1 2 3 90", "v.a.eth. 3600 NS ns.example.", "v.a.eth. 60 A 192.0.2.4" } } },
      "w.a.eth.", TYPE_A, "NOERROR | w.a.eth. 60 IN CNAME v.a.eth. | v.a.eth. 60 IN A 192.0.2.4" },
    { "DNAME and NS at once below the zone", { { "x.c.a.eth.", "a.eth.", .records = { "c.a.eth. 60 DNAME b.eth.", "c.a.eth. 60 NS ns.example." }, .owners = { "-x.c.a.eth.", "c.a.eth." } } }, "x.c.a.eth.", TYPE_A,
      "NOERROR | c.a.eth. 60 IN NS ns.example." },
    { "a wildcard that is delegated", { { "w.a.eth.", "a.eth.", .records = { "*.a.eth. 60 NS ns.example." }, .owners = { "-w.a.eth.", "*.a.eth." } } }, "w.a.eth.", TYPE_A, "NOERROR" SOA_ETH },
    { "below the mark of a name that has nothing", { { "\\000.w.a.eth.", "a.eth.", FACTS_ABSENT, .owners = { "-\\000.w.a.eth.", "w.a.eth." } } }, "\\000.w.a.eth.", TYPE_TXT, "NXDOMAIN" SOA_ETH },
    { "not in a wildcard's own name", { { "*.w.a.eth.", "a.eth.", FACTS_ABSENT, .owners = { "-*.w.a.eth.", "w.a.eth." } } }, "*.w.a.eth.", TYPE_TXT, "NXDOMAIN" SOA_ETH },
    { "one that is refused for its age", { { "a.eth.", .status = FACTS_ABSENT, .owners = { "a.eth." } } }, "a.eth.", TYPE_A, "NXDOMAIN" SOA_ETH },
    { "an alias to another name", { { "a.eth.", .records = { "a.eth. 60 CNAME B.eth." } } }, "a.eth.", TYPE_A, "?", "b.eth." },
    { "that was looked up", { { "a.eth.", .records = { "a.eth. 60 CNAME B.eth." } }, { "b.eth.", .records = { "b.eth. 60 A 192.0.2.4" } } }, "a.eth.", TYPE_A,
      "NOERROR | a.eth. 60 IN CNAME B.eth. | B.eth. 60 IN A 192.0.2.4" },
    { "and goes on", { { "a.eth.", .records = { "a.eth. 60 CNAME b.eth." } }, { "b.eth.", .records = { "b.eth. 60 CNAME w.c.eth." } } }, "a.eth.", TYPE_A, "?", "w.c.eth." },
    { "to one that does not exist", { { "a.eth.", .records = { "a.eth. 60 CNAME b.eth." } }, { "b.eth.", .status = FACTS_ABSENT, .has_no_zone = true } }, "a.eth.", TYPE_A,
      "NXDOMAIN | a.eth. 60 IN CNAME b.eth." SOA_ETH },
    { "to one that failed", { { "a.eth.", .records = { "a.eth. 60 CNAME b.eth." } }, { "b.eth.", .status = FACTS_FAILED, .has_no_zone = true } }, "a.eth.", TYPE_A, NULL },
    { "an alias that leaves", { { "a.eth.", .records = { "a.eth. 60 CNAME www.example.com." } } }, "a.eth.", TYPE_A, "NOERROR | a.eth. 60 IN CNAME www.example.com." },
    { "an alias to itself", { { "a.eth.", .records = { "a.eth. 60 CNAME a.eth." } } }, "a.eth.", TYPE_A, "NOERROR | a.eth. 60 IN CNAME a.eth." },
    { "an alias by a wildcard", { { "w.a.eth.", "a.eth.", .records = { "*.a.eth. 60 CNAME b.eth." }, .owners = { "-w.a.eth.", "*.a.eth." } } }, "w.a.eth.", TYPE_A, "?", "b.eth." },
    { "DNAME", { { "w.a.eth.", "a.eth.", .records = { "a.eth. 60 DNAME b.eth." }, .owners = { "-w.a.eth." } } }, "w.a.eth.", TYPE_A, "?", "w.b.eth." },
    { "DNAME, looked up", { { "w.a.eth.", "a.eth.", .records = { "a.eth. 60 DNAME b.eth." }, .owners = { "-w.a.eth." } },
                            { "w.b.eth.", "b.eth.", .records = { "w.b.eth. 60 A 192.0.2.4" }, .owners = { "w.b.eth." } } }, "w.a.eth.", TYPE_A,
      "NOERROR | a.eth. 60 IN DNAME b.eth. | w.a.eth. 60 IN CNAME w.b.eth. | w.b.eth. 60 IN A 192.0.2.4" },
    { "content", { { "a.eth.", .content = IPFS } }, "a.eth.", TYPE_TXT, "NOERROR | a.eth. 300 IN TXT " LINK },
    { "content beside TXT of its own", { { "a.eth.", .content = IPFS, .records = { "a.eth. 60 TXT mine" } } }, "a.eth.", TYPE_TXT, "NOERROR | a.eth. 60 IN TXT \"mine\"" },
    { "content of the zone, not of a name below", { { "w.a.eth.", "a.eth.", .content = IPFS, .owners = { "w.a.eth." } } }, "w.a.eth.", TYPE_TXT, "NOERROR" SOA_ETH },
    { "content by an ancestor's resolver", { { "w.a.eth.", "a.eth.", .content = IPFS, .wildcard = true } }, "w.a.eth.", TYPE_TXT, "NOERROR | w.a.eth. 300 IN TXT " LINK },
    { "_dnslink", { { "_dnslink.a.eth.", "a.eth.", FACTS_ABSENT }, { "a.eth.", .content = IPFS } }, "_dnslink.a.eth.", TYPE_TXT, "NOERROR | _dnslink.a.eth. 300 IN TXT " LINK },
    { "_dnslink with a record of its own", { { "_dnslink.a.eth.", "a.eth.", .records = { "_dnslink.a.eth. 60 TXT own" }, .owners = { "_dnslink.a.eth." } }, { "a.eth.", .content = IPFS } },
      "_dnslink.a.eth.", TYPE_TXT, "NOERROR | _dnslink.a.eth. 60 IN TXT \"own\"" },
    { "_dnslink of nothing", { { "_dnslink.a.eth.", "a.eth.", FACTS_ABSENT }, { "a.eth.", .status = FACTS_FOUND } }, "_dnslink.a.eth.", TYPE_TXT, "NXDOMAIN" SOA_ETH },
    { "_dnslink of what failed", { { "_dnslink.a.eth.", "a.eth.", FACTS_ABSENT }, { "a.eth.", .status = FACTS_FAILED } }, "_dnslink.a.eth.", TYPE_TXT, NULL },
    { "gateway", { { "a.eth.", .content = IPFS } }, "a.eth.", TYPE_A, "NOERROR | a.eth. 300 IN A 198.51.100.7", .gateways = true },
    { "gateway, the other family", { { "a.eth.", .content = IPFS } }, "a.eth.", TYPE_AAAA, "NOERROR" SOA_ETH, .gateways = true },
    { "gateway, HTTPS", { { "a.eth.", .content = IPFS } }, "a.eth.", TYPE_HTTPS, "NOERROR | a.eth. 300 IN HTTPS 1 . alpn=\"h2\" ipv4hint=198.51.100.7", .gateways = true },
    { "its own address goes first", { { "a.eth.", .content = IPFS, .records = { "a.eth. 60 AAAA 2001:db8::1" } } }, "a.eth.", TYPE_A, "NOERROR" SOA_ETH, .gateways = true },
    { "gateway, and its own not known", { { "a.eth.", .content = IPFS, .records = { "a.eth. AAAA failed" } } }, "a.eth.", TYPE_A, NULL, .gateways = true },
    { "text", { { "a.eth.", .text = "https://example.com" } }, "_text.url.a.eth.", TYPE_TXT, "NOERROR | _text.url.a.eth. 300 IN TXT \"https://example.com\"" },
    { "text, none", { { "a.eth.", .status = FACTS_FOUND } }, "_text.url.a.eth.", TYPE_TXT, "NXDOMAIN" SOA_ETH },
    { "wallet", { { "a.eth.", .coin_btc = "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", .types = { TYPE_WALLET } } }, "a.eth.", TYPE_WALLET,
      "NOERROR | a.eth. 300 IN WALLET \"BTC\" \"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\"" },
    { "elsewhere", { { "w.a.eth.", "a.eth.", .records = { "w.a.eth. 60 MX 10 mail.a.eth.", "w.a.eth. 60 MX 20 mail.example.org." }, .owners = { "w.a.eth." }, .types = { TYPE_MX } } },
      "w.a.eth.example.net.", TYPE_MX, "NOERROR | w.a.eth.example.net. 60 IN MX 10 mail.a.eth.example.net. | w.a.eth.example.net. 60 IN MX 20 mail.example.org.", .far = true },
    { "elsewhere, an alias", { { "a.eth.", .records = { "a.eth. 60 CNAME b.eth." } }, { "b.eth.", .records = { "b.eth. 60 A 192.0.2.4" } } }, "a.eth.example.net.", TYPE_A,
      "NOERROR | a.eth.example.net. 60 IN CNAME b.eth.example.net. | b.eth.example.net. 60 IN A 192.0.2.4", .far = true },
    { "elsewhere, absent", { { "a.eth.", .status = FACTS_ABSENT, .has_no_zone = true } }, "a.eth.example.net.", TYPE_A, "NXDOMAIN" SOA_FAR, .far = true },
};

static bool knows(const struct vzone *zone, uint16_t type)
{
    bool more = false;
    for (size_t i = 0; i < zone->more_count; i++)
        more |= zone->more_types[i] == type;
    return zone->all_types || more || (type < CACHE_TYPES && (zone->types[type / 64] >> (type % 64) & 1));
}

static struct mount_options options_of(const struct case_ *c)
{
    static const struct address gateway = { 4, { 198, 51, 100, 7 } };
    return (struct mount_options){ .suffix = view(c->far ? suffix_far : suffix_eth), .base = view(suffix_eth), .ttl_max = 300, .private_addresses = c->open,
                                   .gateways = &gateway, .gateway_count = c->gateways, .reverse = view(reverse_far), .fresh_seconds = 60 };
}

static enum status build(const struct case_ *c, struct vzone *zone)
{
    struct mount_options options = options_of(c);
    struct vzone_facts facts[3];
    struct vzone_question read;
    struct name question = test_name(c->question);
    size_t count = 0;
    vzone_question_read(&options, name_view_of(&question), &read);
    for (; count < LENGTH_OF(c->facts) && c->facts[count].name != NULL; count++)
        facts[count] = (struct vzone_facts){ count == 0 ? VZONE_ROLE_QUESTION : read.kind == VZONE_DNSLINK ? VZONE_ROLE_HOST : VZONE_ROLE_CHASED, facts_of(&c->facts[count]) };
    const struct vzone_input in = { &options, name_view_of(&question), &read, facts, count, 77, 300, false };
    enum status st = vzone_build(&in, zone);
    for (size_t i = 0; i < count; i++)
        facts_free((struct facts *)(uintptr_t)facts[i].facts);
    return st;
}

static void answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        const struct case_ *c = &cases[i];
        struct vzone zone = { 0 };
        char got[ROOM], wanted[NAME_TEXT_ROOM] = "nothing";
        if (build(c, &zone) != OK)
            fail_msg("%s: not built", c->label);
        if (zone.wanted_count > 0)
            name_to_text(name_view_of(&zone.wanted[0]), wanted);
        if (c->wanted != NULL ? zone.wanted_count != 1 || strcmp(wanted, c->wanted) != 0 : zone.wanted_count != 0)
            fail_msg("%s: %zu wanted, first %s", c->label, zone.wanted_count, wanted);
        if (c->wanted != NULL)
            continue;
        if (knows(&zone, c->type) != (c->want != NULL))
            fail_msg("%s: the type is %sknown", c->label, c->want != NULL ? "not " : "");
        if (zone.negative && c->want != NULL && strncmp(c->want, "NXDOMAIN", 8) != 0)
            fail_msg("%s: it counts as absent", c->label);
        if (c->want != NULL) {
            ask(zone.version, c->question, c->type, got);
            if (strcmp(got, c->want) != 0)
                fail_msg("%s:\n  got  %s\n  want %s", c->label, got, c->want);
        }
        zone_version_free(zone.version);
    }
}

/* Memory that ends anywhere: an error, and nothing left behind (which the address sanitizer watches). */
static void out_of_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i += 3) {
        enum status st = E_NOMEM;
        for (uint64_t nth = 1; st != OK && nth < 60; nth++) {
            struct mount_options options = options_of(&cases[i]);
            struct vzone_question read;
            struct name question = test_name(cases[i].question);
            struct vzone zone = { 0 };
            struct facts *first = facts_of(&cases[i].facts[0]);
            const struct vzone_facts facts = { VZONE_ROLE_QUESTION, first };
            vzone_question_read(&options, name_view_of(&question), &read);
            const struct vzone_input in = { &options, name_view_of(&question), &read, &facts, 1, 77, 300, true };
            fault_after(nth);
            st = vzone_build(&in, &zone);
            fault_after(0);
            assert_true(st == OK || st == E_NOMEM);
            if (st == OK)
                zone_version_free(zone.version);
            facts_free(first);
        }
        assert_int_equal(st, OK);
    }
}

static void questions(void **state)
{
    (void)state;
    static const struct { const char *question; enum vzone_kind kind; const char *name; const char *key; } table[] = {
        { "A.eth.example.net.", VZONE_NAME, "a.eth.", NULL },
        { "x.y.eth.example.net.", VZONE_NAME, "x.y.eth.", NULL },
        { "_dnslink.a.eth.example.net.", VZONE_DNSLINK, "_dnslink.a.eth.", NULL },
        { "_dnslink.eth.example.net.", VZONE_NAME, "_dnslink.eth.", NULL },
        { "_text.url.a.eth.example.net.", VZONE_TEXT, "a.eth.", "url" },
        { "_text.com\\.github.a.eth.example.net.", VZONE_TEXT, "a.eth.", "com.github" },
        { "_text.url.eth.example.net.", VZONE_NAME, "_text.url.eth.", NULL },
        { "d8da6bf26964af9d7eed9e03e53415d37aa96045.addr.example.net.", VZONE_REVERSE, NULL, NULL },
        { "d8da6bf26964af9d7eed9e03e53415d37aa9604.addr.example.net.", VZONE_NOTHING, NULL, NULL },
        { "g8da6bf26964af9d7eed9e03e53415d37aa96045.addr.example.net.", VZONE_NOTHING, NULL, NULL },
        { "x.d8da6bf26964af9d7eed9e03e53415d37aa96045.addr.example.net.", VZONE_NOTHING, NULL, NULL },
    };
    const struct case_ far = { .far = true };
    struct mount_options options = options_of(&far);
    for (size_t i = 0; i < LENGTH_OF(table); i++) {
        struct name question = test_name(table[i].question);
        struct vzone_question read;
        vzone_question_read(&options, name_view_of(&question), &read);
        if (read.kind != table[i].kind)
            fail_msg("%s: kind %d", table[i].question, read.kind);
        if (table[i].name != NULL) {
            struct name want = test_name(table[i].name);
            assert_true(name_same(name_view_of(&read.name), name_view_of(&want)));
        }
        if (table[i].key != NULL)
            assert_true(slice_is(read.key, table[i].key));
        if (read.kind == VZONE_REVERSE)
            assert_int_equal(read.address.octets[19], 0x45);
    }
}

static void private_addresses(void **state)
{
    (void)state;
    static const struct { const char *text; bool want; } table[] = {
        { "0.0.0.0", true }, { "10.1.2.3", true }, { "100.64.0.1", true }, { "100.128.0.1", false }, { "127.0.0.53", true }, { "169.254.169.254", true }, { "169.253.0.1", false },
        { "172.15.0.1", false }, { "172.16.0.1", true }, { "172.31.255.255", true }, { "172.32.0.1", false }, { "192.168.5.5", true }, { "192.0.2.1", false }, { "8.8.8.8", false },
        { "::", true }, { "::1", true }, { "::2", true }, { "::7f00:1", true }, { "::c633:6407", false }, { "2002:a00:1::1", true }, { "2002:c633:6407::1", false }, { "64:ff9b:1::1", true }, { "fc00::1", true }, { "fdff::1", true }, { "fe80::1", true }, { "febf::1", true }, { "fec0::1", true }, { "ff02::1", false },
        { "::ffff:10.0.0.1", true }, { "::ffff:192.0.2.1", false }, { "64:ff9b::a00:1", true }, { "64:ff9b::808:808", false }, { "2001:db8::1", false },
    };
    for (size_t i = 0; i < LENGTH_OF(table); i++) {
        struct address address;
        assert_int_equal(address_parse(slice_string(table[i].text), &address), OK);
        if (vzone_address_is_private(address.bytes, address.family == 4 ? 4 : 16) != table[i].want)
            fail_msg("%s", table[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers), cmocka_unit_test(out_of_memory), cmocka_unit_test(questions), cmocka_unit_test(private_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
