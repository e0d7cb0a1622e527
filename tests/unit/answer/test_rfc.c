/* SPDX-License-Identifier: Apache-2.0 */
/* The examples that RFCs give, with their zones. */
#include "ask.h"

/* RFC 4592 2.2.1 */
static const char wildcards[] = "@ 3600 SOA ns a 1 2 3 4 5\n@ 3600 NS ns.example.com.\n@ 3600 NS ns.example.net.\n"
                                "*.example. 3600 TXT \"this is a wildcard\"\n"
                                "*.example. 3600 MX 10 host1.example.\n"
                                "sub.*.example. 3600 TXT \"this is not a wildcard\"\n"
                                "host1.example. 3600 A 192.0.2.1\n"
                                "_ssh._tcp.host1.example. 3600 SRV 0 0 22 host1\n"
                                "_ssh._tcp.host2.example. 3600 SRV 0 0 22 host2\n"
                                "subdel.example. 3600 NS ns.example.com.\nsubdel.example. 3600 NS ns.example.net.\n";
static const struct ask_case wildcard_cases[] = {
    { "host3.example.", TYPE_MX, "NOERROR aa | an: host3/MX" },
    { "host3.example.", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "foo.bar.example.", TYPE_TXT, "NOERROR aa | an: foo.bar/TXT" },
    { "host1.example.", TYPE_MX, "NOERROR aa | au: @/SOA" },
    { "sub.*.example.", TYPE_MX, "NOERROR aa | au: @/SOA" },
    { "_telnet._tcp.host1.example.", TYPE_SRV, "NXDOMAIN aa | au: @/SOA" },
    { "host.subdel.example.", TYPE_A, "NOERROR | au: subdel/NS*2" },
    { "ghost.*.example.", TYPE_MX, "NXDOMAIN aa | au: @/SOA" },
    { "*.example.", TYPE_MX, "NOERROR aa | an: */MX" },
    { "host2.example.", TYPE_MX, "NOERROR aa | au: @/SOA" },
};

static void rfc4592(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", wildcards);
    ask_all(&(struct ask){ .version = v }, wildcard_cases, LENGTH_OF(wildcard_cases));
    zone_version_free(v);
}

/* x.example MX, *.x.example MX, a.x.example with MX and AAAA, *.a.x.example MX */
static const char nested[] = "@ 3600 SOA ns a 1 2 3 4 5\n@ 3600 NS ns\nns 60 A 192.0.2.1\nx 60 MX 1 x\n*.x 60 MX 2 x\na.x 60 MX 3 x\n"
                             "a.x 60 AAAA 2001:db8::1\n*.a.x 60 MX 4 x\n";
static const struct ask_case nested_cases[] = {
    { "x", TYPE_MX, "NOERROR aa | an: x/MX" },
    { "b.x", TYPE_MX, "NOERROR aa | an: b.x/MX" },
    { "b.b.x", TYPE_MX, "NOERROR aa | an: b.b.x/MX" },
    { "b.x", TYPE_AAAA, "NOERROR aa | au: @/SOA" },
    { "a.x", TYPE_MX, "NOERROR aa | an: a.x/MX" },
    { "a.x", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "b.a.x", TYPE_MX, "NOERROR aa | an: b.a.x/MX" },
    { "b.a.x", TYPE_AAAA, "NOERROR aa | au: @/SOA" },
    { "*.a.x", TYPE_MX, "NOERROR aa | an: *.a.x/MX" },
    { "b.*.a.x", TYPE_MX, "NXDOMAIN aa | au: @/SOA" },
    { "y", TYPE_MX, "NXDOMAIN aa | au: @/SOA" },
};

static void mail_wildcards(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", nested);
    ask_all(&(struct ask){ .version = v }, nested_cases, LENGTH_OF(nested_cases));
    zone_version_free(v);
}

/* RFC 4035 appendix A; the signatures are made up, the chain is its own. */
static const char nsec_zone[] = "@ 3600 +SOA ns1 bugs.x.w 1081539377 3600 300 3600000 3600\n@ 3600 +NS ns1\n@ 3600 NS ns2\n@ 3600 +MX 1 xx\n"
    "@ 3600 +NSEC a NS SOA MX RRSIG NSEC DNSKEY\n@ 3600 +DNSKEY 256 3 5 AQOy\n"
    "a 3600 NS ns1.a\na 3600 NS ns2.a\na 3600 +DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B\na 3600 +NSEC ai NS DS RRSIG NSEC\n"
    "ns1.a 3600 A 192.0.2.5\nns2.a 3600 A 192.0.2.6\n"
    "ai 3600 +A 192.0.2.9\nai 3600 +HINFO \"KLH-10\" \"ITS\"\nai 3600 +AAAA 2001:db8::f00:baa9\nai 3600 +NSEC b A HINFO AAAA RRSIG NSEC\n"
    "b 3600 NS ns1.b\nb 3600 NS ns2.b\nb 3600 +NSEC ns1 NS RRSIG NSEC\nns1.b 3600 A 192.0.2.7\nns2.b 3600 A 192.0.2.8\n"
    "ns1 3600 +A 192.0.2.1\nns1 3600 +NSEC ns2 A RRSIG NSEC\nns2 3600 +A 192.0.2.2\nns2 3600 +NSEC *.w A RRSIG NSEC\n"
    "*.w 3600 +MX 1 ai\n*.w 3600 +NSEC x.w MX RRSIG NSEC\nx.w 3600 +MX 1 xx\nx.w 3600 +NSEC x.y.w MX RRSIG NSEC\n"
    "x.y.w 3600 +MX 1 xx\nx.y.w 3600 +NSEC xx MX RRSIG NSEC\n"
    "xx 3600 +A 192.0.2.10\nxx 3600 +HINFO \"KLH-10\" \"TOPS-20\"\nxx 3600 +AAAA 2001:db8::f00:baaa\nxx 3600 +NSEC @ A HINFO AAAA RRSIG NSEC\n";
static const struct ask_case nsec_cases[] = {
    { "x.w", TYPE_MX, "NOERROR aa | an: x.w/+MX x.w/MX" },                                                      /* B.1 */
    { "ml", TYPE_A, "NXDOMAIN aa | au: @/+NSEC @/+SOA @/NSEC @/SOA b/+NSEC b/NSEC" },                           /* B.2 */
    { "ns1", TYPE_MX, "NOERROR aa | au: @/+SOA @/SOA ns1/+NSEC ns1/NSEC" },                                     /* B.3 */
    { "mc.a", TYPE_MX, "NOERROR | au: a/+DS a/DS a/NS*2 | ad: ns1.a/A ns2.a/A" },                               /* B.4 */
    { "mc.b", TYPE_MX, "NOERROR | au: b/+NSEC b/NS*2 b/NSEC | ad: ns1.b/A ns2.b/A" },                           /* B.5 */
    { "a.z.w", TYPE_MX, "NOERROR aa | an: a.z.w/+MX a.z.w/MX | au: x.y.w/+NSEC x.y.w/NSEC" },                   /* B.6 */
    { "a.z.w", TYPE_AAAA, "NOERROR aa | au: *.w/+NSEC *.w/NSEC @/+SOA @/SOA x.y.w/+NSEC x.y.w/NSEC" },          /* B.7 */
    { "@", TYPE_DS, "NOERROR aa | au: @/+NSEC @/+SOA @/NSEC @/SOA" },                                           /* B.8 */
    { "a", TYPE_DS, "NOERROR aa | an: a/+DS a/DS" },
    { "b", TYPE_DS, "NOERROR aa | au: @/+SOA @/SOA b/+NSEC b/NSEC" },
    { "a", TYPE_NSEC, "NOERROR | au: a/+DS a/DS a/NS*2 | ad: ns1.a/A ns2.a/A" },
    { "y.w", TYPE_A, "NOERROR aa | au: @/+SOA @/SOA x.w/+NSEC x.w/NSEC" },                    /* empty non-terminal */
    { "w", TYPE_A, "NOERROR aa | au: @/+SOA @/SOA ns2/+NSEC ns2/NSEC" },
    { "ns1", TYPE_NSEC, "NOERROR aa | an: ns1/+NSEC ns1/NSEC" },
    { "q.x.w", TYPE_A, "NXDOMAIN aa | au: @/+SOA @/SOA x.w/+NSEC x.w/NSEC" },                 /* one record proves both */
    { "zz", TYPE_A, "NXDOMAIN aa | au: @/+NSEC @/+SOA @/NSEC @/SOA xx/+NSEC xx/NSEC" },
};
static const struct ask_case nsec_plain_cases[] = {
    { "x.w", TYPE_MX, "NOERROR aa | an: x.w/MX" },
    { "ml", TYPE_A, "NXDOMAIN aa | au: @/SOA" },
    { "mc.a", TYPE_MX, "NOERROR | au: a/NS*2 | ad: ns1.a/A ns2.a/A" },
    { "mc.b", TYPE_MX, "NOERROR | au: b/NS*2 | ad: ns1.b/A ns2.b/A" },
    { "a.z.w", TYPE_MX, "NOERROR aa | an: a.z.w/MX" },
    { "ns1", TYPE_NSEC, "NOERROR aa | an: ns1/NSEC" },
    { "ns1", TYPE_RRSIG, "NOERROR aa | an: ns1/+A" },
};

static void rfc4035(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", nsec_zone);
    assert_int_equal(zone_version_denial(v), ZONE_DENIAL_NSEC);
    ask_all(&(struct ask){ .version = v, .dnssec_ok = true }, nsec_cases, LENGTH_OF(nsec_cases));
    ask_all(&(struct ask){ .version = v }, nsec_plain_cases, LENGTH_OF(nsec_plain_cases));
    zone_version_free(v);
}

#define H3 " 3600 +NSEC3 1 1 12 aabbccdd "
/* RFC 5155 appendix A */
static const char nsec3_zone[] = "@ 3600 +SOA ns1 bugs.x.w 1 3600 300 3600000 3600\n@ 3600 +NS ns1\n@ 3600 NS ns2\n@ 3600 +MX 1 xx\n"
    "@ 3600 +DNSKEY 256 3 7 AwEA\n@ 3600 +NSEC3PARAM 1 0 12 aabbccdd\n"
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" H3 "2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG\n"
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr 3600 +A 192.0.2.127\n"
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr" H3 "2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG\n"
    "2vptu5timamqttgl4luu9kg21e0aor3s" H3 "35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG\n"
    "35mthgpgcu1qg68fab165klnsnk3dpvl" H3 "b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG\n"
    "a 3600 NS ns1.a\na 3600 NS ns2.a\na 3600 +DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C\n"
    "ns1.a 3600 A 192.0.2.5\nns2.a 3600 A 192.0.2.6\n"
    "ai 3600 +A 192.0.2.9\nai 3600 +HINFO \"KLH-10\" \"ITS\"\nai 3600 +AAAA 2001:db8::f00:baa9\n"
    "b4um86eghhds6nea196smvmlo4ors995" H3 "gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG\n"
    "c 3600 NS ns1.c\nc 3600 NS ns2.c\nns1.c 3600 A 192.0.2.7\nns2.c 3600 A 192.0.2.8\n"
    "gjeqe526plbf1g8mklp59enfd789njgi" H3 "ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG\n"
    "ji6neoaepv8b5o6k4ev33abha8ht9fgc" H3 "k8udemvp1j2f7eg6jebps17vp3n8i58h\n"
    "k8udemvp1j2f7eg6jebps17vp3n8i58h" H3 "kohar7mbb8dc2ce8a9qvl8hon4k53uhi\n"
    "kohar7mbb8dc2ce8a9qvl8hon4k53uhi" H3 "q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG\n"
    "ns1 3600 +A 192.0.2.1\nns2 3600 +A 192.0.2.2\n"
    "q04jkcevqvmu85r014c7dkba38o0ji5r" H3 "r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG\n"
    "r53bq7cc2uvmubfu5ocmm6pers9tk9en" H3 "t644ebqk9bibcna874givr6joj62mlhv MX RRSIG\n"
    "t644ebqk9bibcna874givr6joj62mlhv" H3 "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG\n"
    "*.w 3600 +MX 1 ai\nx.w 3600 +MX 1 xx\nx.y.w 3600 +MX 1 xx\n"
    "xx 3600 +A 192.0.2.10\nxx 3600 +HINFO \"KLH-10\" \"TOPS-20\"\nxx 3600 +AAAA 2001:db8::f00:baaa\n";
#define P(owner) " " owner "/+NSEC3 " owner "/NSEC3"
#define SOA " @/+SOA @/SOA"
#define APEX_HASH "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
static const struct ask_case nsec3_cases[] = {
    { "a.c.x.w", TYPE_A, "NXDOMAIN aa | au:" P(APEX_HASH) P("35mthgpgcu1qg68fab165klnsnk3dpvl") SOA P("b4um86eghhds6nea196smvmlo4ors995") }, /* B.1 */
    { "ns1", TYPE_MX, "NOERROR aa | au:" P("2t7b4g4vsa5smi47k61mv5bv1a22bojr") SOA },                           /* B.2 */
    { "y.w", TYPE_A, "NOERROR aa | au:" SOA P("ji6neoaepv8b5o6k4ev33abha8ht9fgc") },                            /* B.2.1 */
    { "mc.c", TYPE_MX, "NOERROR | au:" P(APEX_HASH) P("35mthgpgcu1qg68fab165klnsnk3dpvl") " c/NS*2 | ad: ns1.c/A ns2.c/A" },  /* B.3 */
    { "a.z.w", TYPE_MX, "NOERROR aa | an: a.z.w/+MX a.z.w/MX | au:" P("q04jkcevqvmu85r014c7dkba38o0ji5r") },    /* B.4 */
    { "a.z.w", TYPE_AAAA, "NOERROR aa | au:" SOA P("k8udemvp1j2f7eg6jebps17vp3n8i58h") P("q04jkcevqvmu85r014c7dkba38o0ji5r")
                          P("r53bq7cc2uvmubfu5ocmm6pers9tk9en") },                                              /* B.5 */
    { "@", TYPE_DS, "NOERROR aa | au:" P(APEX_HASH) SOA },                                                      /* B.6 */
    { "c", TYPE_DS, "NOERROR aa | au:" P(APEX_HASH) P("35mthgpgcu1qg68fab165klnsnk3dpvl") SOA },  /* opt-out, 7.2.4 */
    { "mc.a", TYPE_MX, "NOERROR | au: a/+DS a/DS a/NS*2 | ad: ns1.a/A ns2.a/A" },
    /* an owner of NSEC3 alone is no name (7.2.8); one with other data is */
    { "35mthgpgcu1qg68fab165klnsnk3dpvl", TYPE_A, NULL },
    { "2t7b4g4vsa5smi47k61mv5bv1a22bojr", TYPE_A, "NOERROR aa | an: 2t7b4g4vsa5smi47k61mv5bv1a22bojr/+A 2t7b4g4vsa5smi47k61mv5bv1a22bojr/A" },
};

static void rfc5155(void **state)
{
    (void)state;
    static struct asked asked;
    struct zone_version *v = test_zone("example.", nsec3_zone);
    assert_int_equal(zone_version_denial(v), ZONE_DENIAL_NSEC3);
    for (size_t i = 0; i < LENGTH_OF(nsec3_cases); i++) {
        struct ask q = { .version = v, .name = nsec3_cases[i].name, .type = nsec3_cases[i].type, .dnssec_ok = true };
        if (nsec3_cases[i].want) {
            ask_all(&q, &nsec3_cases[i], 1);
            continue;
        }
        assert_memory_equal(ask(&q, &asked), "NXDOMAIN aa", 11);
    }
    zone_version_free(v);
}

/* RFC 6672: 2.2 substitution, 2.3 beside other data, 3.1 synthesis. */
static const char dname_zone[] = "@ 3600 +SOA ns a 1 2 3 4 5\n@ 3600 +NS ns\n@ 3600 +NSEC cname A\nd 77 +DNAME target\nd 60 +TXT \"beside\"\nx.target 60 +A 192.0.2.1\n"
    "out 60 DNAME elsewhere.test.\nlong 60 DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
    "loop 60 DNAME loop.loop\n*.w 60 DNAME target\ncname 60 CNAME x.d\ncut 60 NS ns.cut\nns.cut 60 A 192.0.2.9\nc2 60 CNAME under.cut\n";
static const struct ask_case dname_cases[] = {
    { "x.d", TYPE_A, "NOERROR aa | an: d/DNAME x.d/CNAME x.target/A" },
    { "x.d", TYPE_AAAA, "NOERROR aa | an: d/DNAME x.d/CNAME | au: @/SOA" },
    { "y.d", TYPE_A, "NXDOMAIN aa | an: d/DNAME y.d/CNAME | au: @/SOA" },
    { "d", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "d", TYPE_DNAME, "NOERROR aa | an: d/DNAME" },
    { "d", TYPE_TXT, "NOERROR aa | an: d/TXT" },
    { "x.out", TYPE_A, "NOERROR aa | an: out/DNAME x.out/CNAME" },
    { "x.d", TYPE_CNAME, "NOERROR aa | an: d/DNAME x.d/CNAME" },
    { "foo.w", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "foo.w", TYPE_DNAME, "NOERROR aa | an: foo.w/DNAME" },
    { "cname", TYPE_A, "NOERROR aa | an: cname/CNAME d/DNAME x.d/CNAME x.target/A" },
    { "c2", TYPE_A, "NOERROR aa | an: c2/CNAME | au: cut/NS | ad: ns.cut/A" },
};

static void rfc6672(void **state)
{
    (void)state;
    static struct asked asked;
    struct zone_version *v = test_zone("example.", dname_zone);
    struct ask q = { .version = v };
    ask_all(&q, dname_cases, LENGTH_OF(dname_cases));
    /* too long after substitution: YXDOMAIN with the DNAME (3.2 step 3C) */
    char name[NAME_TEXT_ROOM] = "";
    for (int i = 0; i < 3; i++)
        strcat(name, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.");
    strcat(name, "aaaaaaaaaaa.long");
    q.name = name;
    q.type = TYPE_A;
    assert_string_equal(ask(&q, &asked), "YXDOMAIN aa | an: long/DNAME");
    /* a DNAME into itself ends, with what there was room for */
    q.name = "x.loop";
    assert_memory_equal(ask(&q, &asked), "NOERROR aa | an: loop/DNAME x.loop", 34);
    /* the CNAME has the TTL of the DNAME (3.1) */
    struct cursor c;
    struct record r;
    q.name = "x.d";
    (void)ask(&q, &asked);
    c = (struct cursor){ asked.wire, asked.wire + HEADER_BYTES + 17, asked.wire + asked.length, false };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(message_read_record(&c, &r), OK);
        assert_int_equal(r.ttl, 77);
    }
    assert_int_equal(r.type, TYPE_CNAME);
    /* the DNAME is signed, the CNAME cannot be */
    q.dnssec_ok = true;
    assert_string_equal(ask(&q, &asked), "NOERROR aa | an: d/+DNAME d/DNAME x.d/CNAME x.target/+A x.target/A");
    zone_version_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rfc4592), cmocka_unit_test(mail_wildcards), cmocka_unit_test(rfc4035),
                                        cmocka_unit_test(rfc5155), cmocka_unit_test(rfc6672) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
