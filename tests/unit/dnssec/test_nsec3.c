/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dnssec/nsec3.h"

/* RFC 5155 appendix A: salt AABBCCDD, 12 iterations. */
static const struct {
    const char *name, *hash;
} vectors[] = {
    { "example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
    { "a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl" },
    { "ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi" },
    { "ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr" },
    { "ns2.example.", "q04jkcevqvmu85r014c7dkba38o0ji5r" },
    { "w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h" },
    { "*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
    { "x.w.example.", "b4um86eghhds6nea196smvmlo4ors995" },
    { "y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc" },
    { "x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s" },
    { "xx.example.", "t644ebqk9bibcna874givr6joj62mlhv" },
    { "XX.Example.", "t644ebqk9bibcna874givr6joj62mlhv" },
    { "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi" },
};

static void appendix_a(void **state)
{
    (void)state;
    static const uint8_t salt[] = { 0xaa, 0xbb, 0xcc, 0xdd };
    const struct nsec3 params = { .algorithm = 1, .iterations = 12, .salt = salt, .salt_length = sizeof salt };
    struct nsec3_hasher *hasher;
    struct name name, zone, owner;
    uint8_t hash[NSEC3_HASH_BYTES];
    char want[64], text[NAME_TEXT_ROOM];
    assert_int_equal(nsec3_hasher_new(&hasher), OK);
    assert_int_equal(name_parse(slice_string("example."), name_root, &zone), OK);
    for (size_t i = 0; i < LENGTH_OF(vectors); i++) {
        assert_int_equal(name_parse(slice_string(vectors[i].name), name_root, &name), OK);
        assert_int_equal(nsec3_hash(hasher, &params, name_view_of(&name), hash), OK);
        assert_int_equal(nsec3_owner(hash, name_view_of(&zone), &owner), OK);
        strcat(strcpy(want, vectors[i].hash), ".example.");
        assert_string_equal(name_to_text(name_view_of(&owner), text), want);
    }
    const struct nsec3 other = { .algorithm = 2 };
    assert_int_equal(nsec3_hash(hasher, &other, name_root, hash), E_UNSUPPORTED);
    nsec3_hasher_free(hasher);
    nsec3_hasher_free(NULL);
}

static void owner_too_long(void **state)
{
    (void)state;
    static const uint8_t hash[NSEC3_HASH_BYTES];
    struct name zone = name_copy(name_root), out;
    while (zone.length + 2 <= NAME_MAX_BYTES - 32)
        assert_int_equal(name_prepend((const uint8_t *)"a", 1, name_view_of(&zone), &zone), OK);
    assert_int_equal(nsec3_owner(hash, name_view_of(&zone), &out), E_BAD_NAME);
    struct name_view fits = name_strip(name_view_of(&zone), 1);
    assert_int_equal(nsec3_owner(hash, fits, &out), OK);
    assert_int_equal(out.length, fits.length + 33);
}

static const struct {
    const char *label;
    uint8_t owner, next, hash;
    bool covers;
} spans[] = {
    { "between", 10, 20, 15, true },        { "the owner itself", 10, 20, 10, false }, { "the next itself", 10, 20, 20, false },
    { "below", 10, 20, 5, false },          { "above", 10, 20, 25, false },            { "last, above", 20, 10, 25, true },
    { "last, below the first", 20, 10, 5, true }, { "last, between", 20, 10, 15, false },
    { "only one", 10, 10, 11, true },       { "only one, itself", 10, 10, 10, false },
};

static void spans_cover(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(spans); i++) {
        uint8_t owner[NSEC3_HASH_BYTES] = { spans[i].owner }, next[NSEC3_HASH_BYTES] = { spans[i].next };
        uint8_t hash[NSEC3_HASH_BYTES] = { spans[i].hash };
        if (nsec3_covers(owner, next, hash) != spans[i].covers)
            fail_msg("%s", spans[i].label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(appendix_a), cmocka_unit_test(owner_too_long), cmocka_unit_test(spans_cover) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
