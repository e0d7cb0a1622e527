/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 1034 4.3.2 on one golden zone; chains, additional data, referrals. */
#include "ask.h"

static const char golden[] = "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\n@ 60 NS ns.other.test.\n@ 60 MX 10 mail\nns 60 A 192.0.2.1\n"
    "mail 60 A 192.0.2.2\nmail 60 AAAA 2001:db8::2\ntxt 60 TXT \"x\"\n*.w 60 TXT \"w\"\n*.wc 60 CNAME txt\n*.wl 60 CNAME foo.wl\n"
    "c 60 CNAME txt\ncc 60 CNAME c\ncnx 60 CNAME nothere\ncout 60 CNAME www.other.test.\ncent 60 CNAME ent\n"
    "l1 60 CNAME l2\nl2 60 CNAME l3\nl3 60 CNAME l1\nself 60 CNAME self\ncw 60 CNAME any.w\nccut 60 CNAME x.cut\nctocut 60 CNAME cut\n"
    "a.ent 60 A 192.0.2.3\ncut 60 NS ns.cut\ncut 60 NS ns.sib\ncut 60 NS ns\ncut 60 NS ns.far.test.\nns.cut 60 A 192.0.2.9\n"
    "sib 60 NS ns.sib\nns.sib 60 A 192.0.2.10\nsib 60 DS 1 8 1 0000000000000000000000000000000000000000\n"
    "multi 60 A 192.0.2.1\nmulti 60 A 192.0.2.2\nmulti 60 AAAA 2001:db8::1\nmulti 60 TXT \"a\"\nmulti 60 MX 1 mail\n"
    "svc 60 HTTPS 1 . alpn=h2\nsvc 60 A 192.0.2.33\nalias 60 HTTPS 0 svc\nsrv 60 SRV 0 0 1 mail\nmx2 60 MX 1 x.w\nmx3 60 MX 1 ns.cut\nmx4 60 MX 1 ns\n";

static const struct ask_case minimal[] = {
    { "@", TYPE_SOA, "NOERROR aa | an: @/SOA" },
    { "@", TYPE_NS, "NOERROR aa | an: @/NS*2 | ad: ns/A" },
    { "@", TYPE_MX, "NOERROR aa | an: @/MX" },
    { "@", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "@", TYPE_DS, "NOERROR aa | au: @/SOA" },
    { "@", TYPE_ANY, "NOERROR aa | an: @/SOA" },
    { "TXT", TYPE_TXT, "NOERROR aa | an: TXT/TXT" },
    { "txt", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "nothere", TYPE_A, "NXDOMAIN aa | au: @/SOA" },
    { "x.txt", TYPE_A, "NXDOMAIN aa | au: @/SOA" },
    { "ent", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "ent", TYPE_ANY, "NOERROR aa | au: @/SOA" },
    { "b.ent", TYPE_A, "NXDOMAIN aa | au: @/SOA" },
    { "any.w", TYPE_TXT, "NOERROR aa | an: any.w/TXT" },
    { "any.w", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "any.w", TYPE_ANY, "NOERROR aa | an: any.w/TXT" },
    { "w", TYPE_TXT, "NOERROR aa | au: @/SOA" },
    { "c", TYPE_TXT, "NOERROR aa | an: c/CNAME txt/TXT" },
    { "c", TYPE_CNAME, "NOERROR aa | an: c/CNAME" },
    { "c", TYPE_ANY, "NOERROR aa | an: c/CNAME" },
    { "c", TYPE_A, "NOERROR aa | an: c/CNAME | au: @/SOA" },
    { "c", TYPE_RRSIG, "NOERROR aa | au: @/SOA" },
    { "cc", TYPE_TXT, "NOERROR aa | an: c/CNAME cc/CNAME txt/TXT" },
    { "cnx", TYPE_A, "NXDOMAIN aa | an: cnx/CNAME | au: @/SOA" },
    { "cout", TYPE_A, "NOERROR aa | an: cout/CNAME" },
    { "cent", TYPE_A, "NOERROR aa | an: cent/CNAME | au: @/SOA" },
    { "cw", TYPE_TXT, "NOERROR aa | an: any.w/TXT cw/CNAME" },
    { "x.wc", TYPE_TXT, "NOERROR aa | an: txt/TXT x.wc/CNAME" },
    { "x.wl", TYPE_A, "NOERROR aa | an: foo.wl/CNAME x.wl/CNAME" },
    { "l1", TYPE_A, "NOERROR aa | an: l1/CNAME l2/CNAME l3/CNAME" },
    { "self", TYPE_A, "NOERROR aa | an: self/CNAME" },
    { "ccut", TYPE_A, "NOERROR aa | an: ccut/CNAME | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "ctocut", TYPE_DS, "NOERROR aa | an: ctocut/CNAME | au: @/SOA" },
    { "cut", TYPE_A, "NOERROR | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "cut", TYPE_NS, "NOERROR | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "cut", TYPE_ANY, "NOERROR | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "a.b.cut", TYPE_A, "NOERROR | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "ns.cut", TYPE_A, "NOERROR | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "x.cut", TYPE_DS, "NOERROR | au: cut/NS*4 | ad: ns.cut/A ns.sib/A ns/A" },
    { "cut", TYPE_DS, "NOERROR aa | au: @/SOA" },
    { "sib", TYPE_DS, "NOERROR aa | an: sib/DS" },
    { "sib", TYPE_SOA, "NOERROR | au: sib/NS | ad: ns.sib/A" },
    { "multi", TYPE_A, "NOERROR aa | an: multi/A*2" },
    { "multi", TYPE_ANY, "NOERROR aa | an: multi/A*2" },
    { "svc", TYPE_HTTPS, "NOERROR aa | an: svc/HTTPS" },
    { "srv", TYPE_SRV, "NOERROR aa | an: srv/SRV" },
    { "txt", TYPE_MAILA, "NOERROR aa | au: @/SOA" },
    { "txt", TYPE_OPT, "NOERROR aa | au: @/SOA" },
    { "txt", 128, "FORMERR" },
    { "txt", TYPE_AXFR, "NOTIMP" },
    { "txt", 65280, "NOERROR aa | au: @/SOA" },
    { "txt", 0, "NOERROR aa | au: @/SOA" },
};

static void minimal_answers(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", golden);
    ask_all(&(struct ask){ .version = v }, minimal, LENGTH_OF(minimal));
    ask_all(&(struct ask){ .version = v, .dnssec_ok = true }, minimal, LENGTH_OF(minimal)); /* unsigned: DO changes nothing */
    zone_version_free(v);
}

static const struct ask_case full[] = {
    { "@", TYPE_MX, "NOERROR aa | an: @/MX | au: @/NS*2 | ad: mail/A mail/AAAA ns/A" },
    { "@", TYPE_NS, "NOERROR aa | an: @/NS*2 | ad: ns/A" },
    { "@", TYPE_SOA, "NOERROR aa | an: @/SOA | au: @/NS*2 | ad: ns/A" },
    { "srv", TYPE_SRV, "NOERROR aa | an: srv/SRV | au: @/NS*2 | ad: mail/A mail/AAAA ns/A" },
    { "svc", TYPE_HTTPS, "NOERROR aa | an: svc/HTTPS | au: @/NS*2 | ad: ns/A svc/A" },
    { "alias", TYPE_HTTPS, "NOERROR aa | an: alias/HTTPS | au: @/NS*2 | ad: ns/A svc/A svc/HTTPS" },
    { "mx2", TYPE_MX, "NOERROR aa | an: mx2/MX | au: @/NS*2 | ad: ns/A" },
    { "mx3", TYPE_MX, "NOERROR aa | an: mx3/MX | au: @/NS*2 | ad: ns/A" },       /* glue is not for mail */
    { "mx4", TYPE_MX, "NOERROR aa | an: mx4/MX | au: @/NS*2 | ad: ns/A" },         /* wanted twice, sent once */
    { "ns", TYPE_ANY, "NOERROR aa | an: ns/A | au: @/NS*2" },
    { "c", TYPE_TXT, "NOERROR aa | an: c/CNAME txt/TXT | au: @/NS*2 | ad: ns/A" },
    { "txt", TYPE_A, "NOERROR aa | au: @/SOA" },
    { "nothere", TYPE_A, "NXDOMAIN aa | au: @/SOA" },
    { "sib", TYPE_A, "NOERROR | au: sib/NS | ad: ns.sib/A" },
    { "multi", TYPE_ANY, "NOERROR aa | an: multi/A*2 multi/AAAA multi/MX multi/TXT | au: @/NS*2 | ad: ns/A" },
};

static void full_answers(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", golden);
    struct answer_options options = answer_defaults();
    options.minimal = false;
    ask_all(&(struct ask){ .version = v, .options = &options, .tcp = true }, full, LENGTH_OF(full));
    zone_version_free(v);
}

static void any_settings(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 +SOA ns a 1 2 3 4 5\n@ 60 +NS ns\nm 60 +A 192.0.2.1\nm 60 +TXT \"x\"\nm 60 NSEC @ A TXT\n");
    const struct answer_options all = { .minimal = true };
    const struct {
        uint16_t type;
        bool dnssec_ok, tcp;
        const struct answer_options *options;
        const char *want;
    } cases[] = {
        { TYPE_ANY, false, false, NULL, "NOERROR aa | an: m/A" },
        { TYPE_ANY, true, false, NULL, "NOERROR aa | an: m/+A m/A" },
        { TYPE_ANY, false, true, NULL, "NOERROR aa | an: m/+A m/+TXT m/A m/NSEC m/TXT" },
        { TYPE_ANY, true, true, NULL, "NOERROR aa | an: m/+A m/+TXT m/A m/NSEC m/TXT" },
        { TYPE_ANY, false, false, &all, "NOERROR aa | an: m/+A m/+TXT m/A m/NSEC m/TXT" },
        { TYPE_RRSIG, false, false, NULL, "NOERROR aa | an: m/+A" },
        { TYPE_RRSIG, true, true, NULL, "NOERROR aa | an: m/+A m/+TXT" },
        { TYPE_NSEC, false, false, NULL, "NOERROR aa | an: m/NSEC" },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        ask_all(&(struct ask){ .version = v, .dnssec_ok = cases[i].dnssec_ok, .tcp = cases[i].tcp, .options = cases[i].options },
                &(struct ask_case){ "m", cases[i].type, cases[i].want }, 1);
    zone_version_free(v);
}

/* What limits and counters go by. */
static void kinds_and_keys(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", golden);
    static const struct {
        const char *name;
        uint16_t type;
        enum answer_kind kind;
        const char *key;
        bool wildcard;
    } cases[] = {
        { "txt.example.", TYPE_TXT, ANSWER_POSITIVE, "txt.example.", false },
        { "txt.example.", TYPE_A, ANSWER_NODATA, "txt.example.", false },
        { "a.b.txt.example.", TYPE_A, ANSWER_NXDOMAIN, "txt.example.", false },
        { "nothere.example.", TYPE_A, ANSWER_NXDOMAIN, "example.", false },
        { "x.y.w.example.", TYPE_TXT, ANSWER_POSITIVE, "*.w.example.", true },
        { "x.y.w.example.", TYPE_A, ANSWER_NODATA, "*.w.example.", true },
        { "x.y.cut.example.", TYPE_A, ANSWER_REFERRAL, "cut.example.", false },
        { "cnx.example.", TYPE_A, ANSWER_NXDOMAIN, "cnx.example.", false },
        { "txt.example.", TYPE_AXFR, ANSWER_ERROR, "txt.example.", false },
    };
    struct answer_options options = answer_defaults();
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct name name = test_name(cases[i].name), key = test_name(cases[i].key);
        struct reply reply;
        struct answer_result result;
        uint8_t wire[1232];
        const struct answer_request request = { .version = v, .name = name_view_of(&name), .type = cases[i].type, .klass = CLASS_IN,
                                                .udp = true, .options = &options };
        reply_begin(&reply, wire, sizeof wire, 1, FLAG_QR);
        assert_int_equal(reply_add_question(&reply, request.name, request.type, CLASS_IN), OK);
        assert_int_equal(answer_question(&request, &reply, &result), OK);
        if (result.kind != cases[i].kind || !name_equal(result.key, name_view_of(&key)) || result.wildcard != cases[i].wildcard)
            fail_msg("%s %u", cases[i].name, cases[i].type);
        assert_int_equal(result.ede, EDE_NONE);
    }
    zone_version_free(v);
}

static void unsound(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "a 60 A 192.0.2.1\n"), *w = test_zone("example.", golden);
    struct name name = test_name("a.example."), outside = test_name("a.test.");
    struct answer_options options = answer_defaults();
    struct answer_request request = { .version = v, .name = name_view_of(&name), .type = TYPE_A, .klass = CLASS_IN, .options = &options };
    struct reply reply;
    struct answer_result result;
    uint8_t wire[512];
    reply_begin(&reply, wire, sizeof wire, 1, FLAG_QR);
    assert_int_equal(answer_question(&request, &reply, &result), E_INVALID);
    request.version = w;
    request.name = name_view_of(&outside);
    assert_int_equal(answer_question(&request, &reply, &result), E_INVALID);
    zone_version_free(v);
    zone_version_free(w);
}

/* Chains end at the zone's edge, or go on in our other zones. */
static void across_zones(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *text;
    } zones[] = {
        { "example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nout 60 CNAME www.other.\nout2 60 CNAME none.other.\nback 60 CNAME back.other.\n"
                      "child 60 CNAME a.sub\nsub 60 NS ns.sub\nnowhere 60 CNAME a.test.\nend 60 A 192.0.2.1\nunloaded 60 CNAME a.unloaded.\n" },
        { "other.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\nback 60 CNAME end.example.\n" },
        { "sub.example.", "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\na 60 A 192.0.2.1\n" },
    };
    static const struct ask_case closed[] = {
        { "out", TYPE_A, "NOERROR aa | an: out/CNAME" },
        { "child", TYPE_A, "NOERROR aa | an: child/CNAME | au: sub/NS" },
    };
    static const struct ask_case open[] = {
        { "out", TYPE_A, "NOERROR aa | an: out/CNAME www.other./A" },
        { "out2", TYPE_A, "NXDOMAIN aa | an: out2/CNAME | au: other./SOA" },
        { "back", TYPE_A, "NOERROR aa | an: back.other./CNAME back/CNAME end/A" },
        { "child", TYPE_A, "NOERROR aa | an: a.sub/A child/CNAME" },
        { "nowhere", TYPE_A, "NOERROR aa | an: nowhere/CNAME" },
        { "unloaded", TYPE_A, "NOERROR aa | an: unloaded/CNAME" },
    };
    struct epoch *epoch = epoch_new();
    struct zone_table *table = zone_table_new(epoch);
    struct name name = test_name("unloaded.");
    struct zone *first = NULL, *z = zone_new(name_view_of(&name), CLASS_IN);
    assert_int_equal(zone_table_add(table, z), OK);
    zone_unref(z);
    for (size_t i = 0; i < LENGTH_OF(zones); i++) {
        name = test_name(zones[i].origin);
        z = zone_new(name_view_of(&name), CLASS_IN);
        zone_publish(z, test_zone(zones[i].origin, zones[i].text), epoch);
        assert_int_equal(zone_table_add(table, z), OK);
        zone_unref(z);
        first = first ? first : z;
    }
    struct answer_options options = answer_defaults();
    struct ask q = { .version = zone_current(first), .options = &options, .table = table };
    ask_all(&q, closed, LENGTH_OF(closed));
    options.follow_zones = true;
    ask_all(&q, open, LENGTH_OF(open));
    zone_table_free(table);
    epoch_free(epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(minimal_answers), cmocka_unit_test(full_answers), cmocka_unit_test(any_settings),
                                        cmocka_unit_test(kinds_and_keys), cmocka_unit_test(unsound), cmocka_unit_test(across_zones) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
