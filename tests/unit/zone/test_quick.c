/* SPDX-License-Identifier: Apache-2.0 */
/* The quick way of the reader against the general one: on lines at the edges of what it takes, and on thousands of lines made from these
 * by changing an octet or two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../../fuzz/zone/both_ways.h"

static const char *const lines[] = {
    /* owners */
    "n A 192.0.2.1", "n.m A 192.0.2.1", "@ A 192.0.2.1", "n.t. A 192.0.2.1", "N.T. A 192.0.2.1", "t. A 192.0.2.1", ". A 192.0.2.1",
    "n. A 192.0.2.1", "n.u. A 192.0.2.1", "n..m A 192.0.2.1", ".n A 192.0.2.1", "n.. A 192.0.2.1", " A 192.0.2.1", "\tA 192.0.2.1",
    "n A 192.0.2.1\n A 192.0.2.2\n\tIN A 192.0.2.3", "n A 192.0.2.1\nn A 192.0.2.2", "n A 192.0.2.1\nN A 192.0.2.2\nn TXT x",
    "$ORIGIN s\nn A 192.0.2.1\n@ A 192.0.2.2\nn.t. A 192.0.2.3", "$ORIGIN u.\nn A 192.0.2.1\nn.t. A 192.0.2.1\n@ A 192.0.2.1",
    "n\\.m A 192.0.2.1", "\\110 A 192.0.2.1", "\"n\" A 192.0.2.1", "*.w A 192.0.2.1", "_s._tcp SRV 0 0 5 n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa A 192.0.2.1",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa A 192.0.2.1",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa. A 192.0.2.1",
    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f A 192.0.2.1",
    "\xc3\xa4 A 192.0.2.1", "n\x01m A 192.0.2.1\nn\x02m A 192.0.2.1\nn A 192.0.2.1\nnm A 192.0.2.1",
    /* TTL, class, type */
    "n 60 A 192.0.2.1", "n 60 IN A 192.0.2.1", "n IN 60 A 192.0.2.1", "n in a 192.0.2.1", "n IN IN A 192.0.2.1", "n 1 2 A 192.0.2.1",
    "n 1h A 192.0.2.1", "n 2147483647 A 192.0.2.1", "n 2147483648 A 192.0.2.1", "n 4294967296 A 192.0.2.1", "n 00060 A 192.0.2.1",
    "n CH A 192.0.2.1", "n HS A 192.0.2.1", "n TYPE1 192.0.2.1", "n TYPE1 \\# 4 C0000201", "n ANY x", "n AAA ::1", "n", "n 60", "n IN",
    "n A", "n A 192.0.2.1 192.0.2.2", "n A 192.0.2.1 ; c", "n A ( 192.0.2.1 )", "n ( A\n192.0.2.1 )", "n A 192.0.2.1  ", "n A 192.0.2.1\r",
    "n A 192.0.2.1\r\nm A 192.0.2.1\r", "", "   ", "; c", "n A 192.0.2.1\n\n\n   \nm A 192.0.2.1", "n A 192.0.2.1\n; c\n A 192.0.2.2",
    "n SOA a h 1 2 3 4 5", "@ SOA a h 1 2 3 4 5", "$TTL 5\nn A 192.0.2.1", "$GENERATE 1-3 n$ A 192.0.2.$\nx A 192.0.2.9", "$INCLUDE x",
    /* addresses */
    "n A 0.0.0.0", "n A 255.255.255.255", "n A 256.1.1.1", "n A 01.1.1.1", "n A 1.1.1", "n A 1.1.1.1.1", "n A 1.1.1.", "n A 1..1.1",
    "n A 1.1.1.1a", "n A -1.1.1.1", "n AAAA ::", "n AAAA ::1", "n AAAA 1::", "n AAAA 1:2:3:4:5:6:7:8", "n AAAA 1:2:3:4:5:6:7::",
    "n AAAA ::2:3:4:5:6:7:8", "n AAAA 1:2:3:4:5:6:7", "n AAAA 1:2:3:4:5:6:7:8:9", "n AAAA 1::2::3", "n AAAA :1::2", "n AAAA 1:::2", "n AAAA 12345::",
    "n AAAA ::ffff:192.0.2.1", "n AAAA 2001:DB8::aBcD", "n AAAA g::", "n AAAA 1:2:3:4::5:6:7:8", "n AAAA :", "n AAAA ::1:", "n AAAA 1::2:3:4:5:6:7:8",
    /* names */
    "n NS a", "n NS a.", "n NS .", "n NS @", "n NS a..b", "n NS A.B.C.", "n CNAME a\\b", "n PTR x.y", "n MX 10 m", "n MX 65536 m", "n MX m",
    "n MX 10", "n MX 010 .", "n SRV 1 2 3 t.example.", "n SRV 1 2 3", "n NS a b",
    "n NS aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    /* strings */
    "n TXT x", "n TXT x y", "n TXT \"x y\"", "n TXT \"x\" \"y\"", "n TXT \"x\"\"y\"", "n TXT \"\"", "n TXT", "n TXT \"x", "n TXT x\"y\"", "n TXT k=\"v w\"",
    "n TXT \"v=DMARC1; p=none\"", "n TXT \"a(b)c\"", "n TXT \"a\\\"b\"", "n TXT \"a\\098\"", "n TXT a\\ b", "n TXT \"x\";c", "n TXT \"x\" ;c", "n TXT ;c",
    "n TXT \"\xc3\xa4\"", "n TXT \"x\" )", "n TXT(\"x\")", "\"n\" TXT \"x\"", "n TXT \"a\tb\"  ", "n TXT\t\"x\"", "n TX\"T x\"", "n\"TXT\" x",
    /* DNSSEC */
    "n DS 1 13 2 0123456789ABCDEF0123456789abcdef0123456789ABCDEF0123456789ABCDEF", "n DS 1 13 1 0123456789ABCDEF0123456789abcdef01234567",
    "n DS 1 13 2 0123", "n DS 1 13 3 0123", "n DS 1 13 2 0123456789ABCDEF0123456789abcdef 0123456789ABCDEF0123456789ABCDEF",
    "n DS 65536 13 1 0123456789ABCDEF0123456789abcdef01234567", "n DS 1 ECDSAP256SHA256 1 0123456789ABCDEF0123456789abcdef01234567",
    "n DS 1 13 1 0123456789ABCDEF0123456789abcdef0123456G",
    "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. AAAA", "n RRSIG A 13 2 60 20300131235959 20200229000000 1 t. QUJDRA==",
    "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. QUJD RA==", "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. QUJDRB==",
    "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. QUJ DRA ==", "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. QUJDRA== QUJD",
    "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. QUJD Q", "n DS 1 13 1 0123456789ABCDEF01 23456789abcdef01234567 ",
    "n DS 1 13 1 012 3456789ABCDEF0123456789abcdef01234567", "n RRSIG A 13 2 60 20301301000000 20200101000000 1 t. AAAA", "n RRSIG A 13 2 60 1900000000 1800000000 1 t. AAAA",
    "n RRSIG TYPE65000 13 2 60 20300101000060 20200101000000 1 t AAA=", "n RRSIG A 13 2 60 20300101000000 20200101000000 1 t. ====",
    "n NSEC m A", "n NSEC m A RRSIG NSEC TYPE300", "n NSEC m", "n NSEC m TYPE0", "n NSEC m CAA", "n NSEC m a a TYPE255",
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS DS", "h NSEC3 1 0 12 aabbccdd 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR",
    "h NSEC3 1 0 12 aabbccd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A", "h NSEC3 1 0 12 - 2t7b4g4vsa5smi47k61mv5bv1a22boj A", "h NSEC3 2 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A",
    "h NSEC3 1 0 0 -- 2t7b4g4vsa5smi47k61mv5bv1a22bojr A", "h NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojw A", "@ DNSKEY 257 3 13 AAAA",
};

static void whole_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lines); i++)
        if (!both_ways((const uint8_t *)lines[i], strlen(lines[i])))
            fail_msg("%s", lines[i]);
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A few lines, some octets of which are others, taken out or doubled. */
static size_t mutated(uint64_t *seed, char *out, size_t room)
{
    static const char octets[] = " \t\n\r\"();\\.@$0123456789abcdefANS=+/-_*:\x80";
    size_t used = 0;
    for (uint64_t n = 1 + random_next(seed) % 4; n > 0; n--) {
        const char *line = lines[random_next(seed) % LENGTH_OF(lines)];
        size_t length = strlen(line);
        if (used + length + 8 > room)
            break;
        memcpy(out + used, line, length);
        used += length;
        out[used++] = '\n';
    }
    for (uint64_t n = random_next(seed) % 4; n > 0 && used > 1; n--) {
        size_t at = random_next(seed) % used;
        char octet = octets[random_next(seed) % (sizeof octets - 1)];
        if (n % 3 == 1) {
            memmove(out + at, out + at + 1, used - at - 1);
            used--;
        } else {
            out[at] = octet;
        }
    }
    return used;
}

static void changed_lines(void **state)
{
    (void)state;
    char text[2048];
    uint64_t seed = 424242;
    for (unsigned i = 0; i < 4000; i++) {
        size_t bytes = mutated(&seed, text, sizeof text);
        if (!both_ways((const uint8_t *)text, bytes))
            fail_msg("%.*s", (int)bytes, text);
    }
}

/* More than one piece of scanned text, and lines across their ends. */
static void long_text(void **state)
{
    (void)state;
    static char text[40000];
    uint64_t seed = 7;
    for (unsigned round = 0; round < 10; round++) {
        size_t used = 0;
        while (used + 300 < sizeof text) {
            const char *line = lines[random_next(&seed) % 16];
            used += (size_t)snprintf(text + used, sizeof text - used, "%s\nx%u.y%u A 192.0.2.%u\n", line, (unsigned)used % 97, (unsigned)used % 31,
                                     (unsigned)used % 250);
        }
        if (!both_ways((const uint8_t *)text, used))
            fail_msg("round %u", round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whole_lines), cmocka_unit_test(changed_lines), cmocka_unit_test(long_text) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
