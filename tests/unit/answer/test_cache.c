/* SPDX-License-Identifier: Apache-2.0 */
/* What was composed before, and what goes out as it lies, is octet for octet what would be composed now at length: whatever the case
 * of the question, the names in front of a cut, the room, and whichever version. */
#include "../zone/build.h"
#include "answer/answer.h"

#include <stdlib.h>

enum { ROUNDS = 60000 };

/* A server whose name has as many labels as compression soon has no slots for. */
#define DEEP(n) "deep 60 NS " n ".b.c.d.e.f.g.h.i.j." n ".deep\n" n ".b.c.d.e.f.g.h.i.j." n ".deep 60 A 192.0.2.70\n" \
                n ".b.c.d.e.f.g.h.i.j." n ".deep 60 AAAA 2001:db8::70\n"
static const char *const zones[] = {
    "@ 60 SOA ns.Mid hostmaster 7 3600 600 86400 30\n"
    "@ 60 NS a.servers.Mid\n@ 60 NS b.servers\n@ 60 MX 5 mail\n@ 60 MX 6 mail.mid\n@ 60 TXT \"x\"\n"
    "a.servers.mid 60 A 192.0.2.1\na.servers.mid 60 AAAA 2001:db8::1\nb.servers 60 A 192.0.2.2\nmail 60 A 192.0.2.3\n"
    "big 60 NS ns1.big\nbig 60 NS ns2.BIG\nbig 60 NS ns3.big\nbig 60 NS ns.sib\nbig 60 NS x.Big\nbig 60 NS a.root-servers.net.\n"
    "big 60 NS a-much-longer-name-of-a-server.a-provider.invalid.\nbig 60 NS another-long-name-of-a-server.a-provider.invalid.\n"
    "ns1.big 60 A 192.0.2.4\nns1.big 60 AAAA 2001:db8::4\nns2.big 60 A 192.0.2.5\nns3.big 60 A 192.0.2.6\nx.big 60 A 192.0.2.7\n"
    "sib 60 NS ns.sib\nns.sib 60 A 192.0.2.8\n"
    "out 60 NS ns1.elsewhere.invalid.\nout 60 NS ns2.elsewhere.invalid.\n"
    "self 60 NS self\nself 60 A 192.0.2.9\n"
    "c1 60 CNAME c2\nc2 60 CNAME c3.ent\nc3.ent 60 CNAME mail\ncx 60 CNAME nx.Ent\ncd 60 CNAME www.big\nco 60 CNAME x.elsewhere.invalid.\n"
    "hosted 60 NS a.servers.mid\nhosted 60 NS b.servers\nhosted 60 DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
    "two 60 NS ns1.Two\ntwo 60 NS ns2.two\ntwo 60 NS b.servers\nns1.two 60 A 192.0.2.40\nns2.two 60 A 192.0.2.41\nns2.two 60 AAAA 2001:db8::41\n"
    "far 60 CNAME host.many\n"
    "many 60 NS a.many\nmany 60 NS b.many\nmany 60 NS c.many\nmany 60 NS d.many\nmany 60 NS e.many\nmany 60 NS f.many\nmany 60 NS g.many\n"
    "many 60 NS h.many\nmany 60 NS i.many\na.many 60 A 192.0.2.51\nb.many 60 A 192.0.2.52\nc.many 60 A 192.0.2.53\nd.many 60 A 192.0.2.54\n"
    "e.many 60 A 192.0.2.55\nf.many 60 A 192.0.2.56\ng.many 60 A 192.0.2.57\nh.many 60 A 192.0.2.58\ni.many 60 A 192.0.2.59\n"
    "a.many 60 AAAA 2001:db8::1\nb.many 60 AAAA 2001:db8::2\nc.many 60 AAAA 2001:db8::3\nd.many 60 AAAA 2001:db8::4\ne.many 60 AAAA 2001:db8::5\n"
    DEEP("1") DEEP("2") DEEP("3") DEEP("4") DEEP("5") DEEP("6") DEEP("7") DEEP("8") DEEP("9") DEEP("a") DEEP("b") DEEP("c")
    "odd 60 NSEC mail A NSEC\nto-odd 60 CNAME odd\nodd 60 A 192.0.2.60\n"
    "*.wild 60 A 192.0.2.10\n*.wild 60 MX 1 mail\nd 60 DNAME ent\n",
    "@ 60 SOA ns hostmaster 8 3600 600 86400 30\n@ 60 NS ns\nns 60 A 192.0.2.20\nbig 60 NS ns.sib\nsib 60 NS ns.sib\nns.sib 60 A 192.0.2.21\nc1 60 A 192.0.2.22\n",
    "@ 60 SOA ns hostmaster 9 3600 600 86400 30\n@ 60 NS ns\n@ 60 NSEC big NS SOA RRSIG NSEC\n"
    "@ 60 RRSIG SOA 13 1 60 20300101000000 20200101000000 1 example. AAAA\n@ 60 RRSIG NSEC 13 1 60 20300101000000 20200101000000 1 example. AAAB\n"
    "big 60 NS ns.sib\nbig 60 NS ns.big\nns.big 60 A 192.0.2.30\nbig 60 NSEC mail NS RRSIG NSEC\n"
    "big 60 RRSIG NSEC 13 2 60 20300101000000 20200101000000 1 example. AAAC\n"
    "mail 60 A 192.0.2.31\nmail 60 RRSIG A 13 2 60 20300101000000 20200101000000 1 example. AAAD\n"
    "mail 60 NSEC Ns A RRSIG NSEC\nmail 60 RRSIG NSEC 13 2 60 20300101000000 20200101000000 1 example. AAAE\n"
    "Ns 60 A 192.0.2.32\nNs 60 NSEC ns.sib A RRSIG NSEC\nNs 60 RRSIG NSEC 13 2 60 20300101000000 20200101000000 1 example. AAAF\n"
    "safe 60 NS ns\nsafe 60 DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
    "safe 60 RRSIG DS 13 2 60 20300101000000 20200101000000 1 example. AAAH\n"
    "ns.sib 60 A 192.0.2.33\nns.sib 60 NSEC @ A RRSIG NSEC\nns.sib 60 RRSIG NSEC 13 3 60 20300101000000 20200101000000 1 example. AAAG\n",
};
static const char *const names[] = { "@", "mail", "big", "sib", "out", "self", "hosted", "two", "safe", "far", "many", "deep", "odd", "to-odd", "c1", "c2", "c3.ent", "ent", "cx", "cd", "co", "wild", "*.wild", "d",
                                     "nx", "aa", "zz", "n.sib", "ns.sib", "ns1.big", "x.big", "a.servers.mid", "mid", "servers.mid" };
static const char *const fronts[] = { "", "", "", "www.", "x.", "ns1.", "a.b.c.d.e.f.g." };
static const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_NS, TYPE_SOA, TYPE_MX, TYPE_DS, TYPE_CNAME, TYPE_ANY, TYPE_TXT, TYPE_DNAME, TYPE_NSEC };
static const size_t limits[] = { 100, 250, 400, 512, 1232, 4096 };

#define ANY_OF(list) (list)[(size_t)rand() % LENGTH_OF(list)]

struct made {
    struct answer_result result;
    uint8_t wire[4096];
    size_t length;
};

/* @param whole  at length: options that might turn records round have that done, but not by any number of them here */
static void make(const struct zone_version *v, struct name_view name, uint16_t type, bool dnssec_ok, size_t limit,
                 struct answer_cache *cache, bool whole, struct made *out)
{
    struct answer_options options = answer_defaults();
    options.round_robin = whole;
    struct answer_request request = { .version = v, .name = name, .type = type, .klass = CLASS_IN, .dnssec_ok = dnssec_ok, .udp = true,
                                      .options = &options, .cache = cache };
    struct reply reply;
    reply_begin(&reply, out->wire, limit, 1, FLAG_QR);
    assert_int_equal(reply_add_question(&reply, name, type, CLASS_IN), OK);
    assert_int_equal(answer_question(&request, &reply, &out->result), OK);
    out->length = reply_end(&reply, out->result.rcode);
}

static void cached_is_composed(void **state)
{
    (void)state;
    static struct made with, without;
    struct zone_version *versions[] = { test_zone("Example.", zones[0]), test_zone("example.", zones[1]), test_zone("example.", zones[2]) };
    struct answer_cache *cache = answer_cache_new();
    assert_non_null(cache);
    srand(7);
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[256];
        const char *name = ANY_OF(names);
        const struct zone_version *v = ANY_OF(versions);
        snprintf(text, sizeof text, "%s%s", ANY_OF(fronts), name[0] == '@' ? "example." : name);
        if (name[0] != '@')
            strcat(text, ".example.");
        for (char *c = text; *c; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' && rand() % 8 == 0 ? *c - 32 : *c);
        struct name asked = test_name(text);
        uint16_t type = ANY_OF(types);
        bool dnssec_ok = rand() % 2;
        size_t limit = rand() % 2 ? ANY_OF(limits) : 100 + (size_t)rand() % 1400;
        make(v, name_view_of(&asked), type, dnssec_ok, limit, cache, false, &with);
        make(v, name_view_of(&asked), type, dnssec_ok, limit, NULL, rand() % 2, &without);
        if (with.length != without.length || memcmp(with.wire, without.wire, with.length) != 0)
            for (size_t i = 0; i < with.length; i++)
                if (with.wire[i] != without.wire[i])
                    print_error("at %zu: %02x %02x\n", i, with.wire[i], without.wire[i]);
        if (with.length != without.length || memcmp(with.wire, without.wire, with.length) != 0)
            fail_msg("%s type %u DO %d limit %zu: %zu octets the short way, %zu without", text, type, dnssec_ok, limit, with.length, without.length);
        assert_int_equal(with.result.rcode, without.result.rcode);
        assert_int_equal(with.result.kind, without.result.kind);
        assert_int_equal(with.result.truncated, without.result.truncated);
        assert_true(name_equal(with.result.key, without.result.key));
    }
    answer_cache_free(cache);
    zone_version_free(versions[0]);
    zone_version_free(versions[1]);
    zone_version_free(versions[2]);
}

/* The root has no pointer to its name. */
static void root_zone(void **state)
{
    (void)state;
    static struct made made;
    struct zone_version *v = test_zone(".", ". 60 SOA a. b. 7 3600 600 86400 30\n. 60 NS a.\na. 60 A 192.0.2.1\nt. 60 NS n.t.\nn.t. 60 A 192.0.2.2\n");
    static const struct { const char *name; uint16_t type; uint16_t rcode; size_t octets; } cases[] = {
        { "nx.", TYPE_A, RCODE_NXDOMAIN, 12 + 8 + 1 + 10 + 3 + 3 + 20 },
        { "a.", TYPE_MX, RCODE_NOERROR, 12 + 7 + 1 + 10 + 3 + 3 + 20 },
        { "x.t.", TYPE_A, RCODE_NOERROR, 12 + 9 + 12 + 5 + 12 + 4 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name name = test_name(cases[i].name);
        make(v, name_view_of(&name), cases[i].type, false, 512, NULL, false, &made);
        assert_false(made.result.truncated);
        assert_int_equal(made.result.rcode, cases[i].rcode);
        assert_int_equal(made.length, cases[i].octets);
    }
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(cached_is_composed), cmocka_unit_test(root_zone) };
    return cmocka_run_group_tests_name("answer cache", tests, NULL, NULL);
}
