/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "policy/cookie.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t unhex(const char *text, uint8_t *out, size_t room)
{
    size_t length = 0;
    if (hex_decode(slice_string(text), out, room, &length) != OK)
        fail_msg("%s is no hex", text);
    return length;
}

static struct cookie_secrets secrets_of(const char *first, const char *second)
{
    struct cookie_secrets secrets = { .count = second ? 2 : 1 };
    unhex(first, secrets.secret[0], COOKIE_SECRET_BYTES);
    if (second)
        unhex(second, secrets.secret[1], COOKIE_SECRET_BYTES);
    return secrets;
}

static struct address address_of(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(slice_string(text), &address), OK);
    return address;
}

#define SECRET_A "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define SECRET_OLD "dd3bdf9344b678b185a6f5cb60fca715"
#define SECRET_NEW "445536bcd2513298075a5d379663c962"
#define CLIENT_A "198.51.100.100"
#define CLIENT_B "203.0.113.203"
#define CLIENT_6 "2001:db8:220:1:59de:d0f4:8769:82b8"
#define COOKIE_A1 "2464c4abcf10c957010000005cf79f111f8130c3eee29480"
#define COOKIE_A3 "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5"
#define COOKIE_A4 "22681ab97d52c298010000005cf7c57926556bd0934c72f8"

/* RFC 9018 appendix A. */
static void makes_the_published_cookies(void **state)
{
    (void)state;
    static const struct { const char *label, *secret, *client, *cookie; uint32_t now; const char *want; } cases[] = {
        { "A.1", SECRET_A, CLIENT_A, "2464c4abcf10c957", 1559731985, COOKIE_A1 },
        { "A.2", SECRET_A, CLIENT_A, "2464c4abcf10c957", 1559734385,
          "2464c4abcf10c957010000005cf7a871d4a564a1442aca77" },
        { "A.3", SECRET_A, CLIENT_B, "fc93fc62807ddb86", 1559734700,
          "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e" },
        { "A.4", SECRET_NEW, CLIENT_6, "22681ab97d52c298", 1559741961,
          "22681ab97d52c298010000005cf7c609a6bb79d16625507a" },
        { "A.4, before", SECRET_OLD, CLIENT_6, "22681ab97d52c298", 1559741817, COOKIE_A4 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t client_cookie[8], out[COOKIE_BYTES], want[COOKIE_BYTES];
        struct cookie_secrets secrets = secrets_of(cases[i].secret, NULL);
        struct address client = address_of(cases[i].client);
        unhex(cases[i].cookie, client_cookie, sizeof client_cookie);
        unhex(cases[i].want, want, sizeof want);
        cookie_make(&secrets, client_cookie, &client, cases[i].now, out);
        if (memcmp(out, want, sizeof out) != 0)
            fail_msg("%s: another cookie", cases[i].label);
        assert_int_equal(cookie_check(&secrets, out, sizeof out, &client, cases[i].now), COOKIE_GOOD);
    }
}

static void judges(void **state)
{
    (void)state;
    static const uint32_t a1 = 1559731985, a3 = 1559727985, a4 = 1559741817;
    static const struct {
        const char *label, *first, *second, *client, *cookie;
        uint32_t now;
        enum cookie_verdict want;
    } cases[] = {
        { "fresh", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1, COOKIE_GOOD },
        { "A.2: 40 minutes old", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 + 2400, COOKIE_GOOD_RENEW },
        { "half an hour old", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 + 1800, COOKIE_GOOD },
        { "a second more", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 + 1801, COOKIE_GOOD_RENEW },
        { "an hour old", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 + 3600, COOKIE_GOOD_RENEW },
        { "over an hour old", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 + 3601, COOKIE_BAD },
        { "5 minutes ahead", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 - 300, COOKIE_GOOD },
        { "over 5 minutes ahead", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 - 301, COOKIE_BAD },
        { "half the circle away", SECRET_A, NULL, CLIENT_A, COOKIE_A1, a1 + 0x80000000, COOKIE_BAD },
        { "another address", SECRET_A, NULL, CLIENT_B, COOKIE_A1, a1, COOKIE_BAD },
        { "another family", SECRET_A, NULL, CLIENT_6, COOKIE_A1, a1, COOKIE_BAD },
        { "another secret", SECRET_NEW, NULL, CLIENT_A, COOKIE_A1, a1, COOKIE_BAD },
        { "another client cookie", SECRET_A, NULL, CLIENT_A, "2464c4abcf10c956010000005cf79f111f8130c3eee29480", a1,
          COOKIE_BAD },
        { "last bit of the hash", SECRET_A, NULL, CLIENT_A, "2464c4abcf10c957010000005cf79f111f8130c3eee29481", a1,
          COOKIE_BAD },
        { "reserved bits not hashed", SECRET_A, NULL, CLIENT_A, "2464c4abcf10c957010000015cf79f111f8130c3eee29480", a1,
          COOKIE_BAD },
        { "version 2", SECRET_A, NULL, CLIENT_A, "2464c4abcf10c957020000005cf79f111f8130c3eee29480", a1, COOKIE_BAD },
        { "A.3: reserved bits set", SECRET_A, NULL, CLIENT_B, COOKIE_A3, a3, COOKIE_GOOD },
        { "A.4: the old secret", SECRET_NEW, SECRET_OLD, CLIENT_6, COOKIE_A4, a4, COOKIE_GOOD_RENEW },
        { "A.4: the old secret is gone", SECRET_NEW, NULL, CLIENT_6, COOKIE_A4, a4, COOKIE_BAD },
        { "server cookie of 8", SECRET_A, NULL, CLIENT_A, "2464c4abcf10c9570100000001020304", a1, COOKIE_BAD },
        { "client only", SECRET_A, NULL, CLIENT_A, "2464c4abcf10c957", a1, COOKIE_CLIENT_ONLY },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        uint8_t option[40];
        struct cookie_secrets secrets = secrets_of(cases[i].first, cases[i].second);
        struct address client = address_of(cases[i].client);
        size_t length = unhex(cases[i].cookie, option, sizeof option);
        CHECK_EQUAL(cookie_check(&secrets, option, length, &client, cases[i].now), cases[i].want, cases[i].label);
    }
}

/* RFC 7873 5.2.2: 8, or 16 to 40 octets. */
static void lengths(void **state)
{
    (void)state;
    struct cookie_secrets secrets = secrets_of(SECRET_A, NULL);
    struct address client = address_of(CLIENT_A);
    for (size_t length = 0; length <= 64; length++) {
        uint8_t *option = calloc(1, length ? length : 1);
        enum cookie_verdict want = length == 8                   ? COOKIE_CLIENT_ONLY
                                   : length < 16 || length > 40 ? COOKIE_MALFORMED
                                                                : COOKIE_BAD;
        assert_int_equal(cookie_check(&secrets, option, length, &client, 1), want);
        free(option);
    }
}

static void serial_time_wraps(void **state)
{
    (void)state;
    struct cookie_secrets secrets;
    cookie_secrets_random(&secrets);
    assert_int_equal(secrets.count, 1);
    struct address client = address_of(CLIENT_A);
    uint8_t cookie[COOKIE_BYTES] = "clientck";
    cookie_make(&secrets, cookie, &client, UINT32_MAX - 10, cookie); /* in place */
    assert_memory_equal(cookie, "clientck\1\0\0\0", 12);
    assert_int_equal(cookie_check(&secrets, cookie, sizeof cookie, &client, 10), COOKIE_GOOD);
    assert_int_equal(cookie_check(&secrets, cookie, sizeof cookie, &client, 2000), COOKIE_GOOD_RENEW);
    struct cookie_secrets wiped = { 0 };
    cookie_secrets_wipe(&secrets);
    assert_memory_equal(&secrets, &wiped, sizeof wiped);
}

static char folder[] = "/tmp/rhizome-cookie-XXXXXX";

static const char *write_file(const char *name, const char *content, size_t size, mode_t mode)
{
    static char paths[2][64];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void reads_files(void **state)
{
    (void)state;
    static const struct { const char *label, *content; mode_t mode; enum status want; unsigned errors, warnings; } cases[] = {
        { "good", SECRET_A, 0600, OK, 0, 0 },
        { "good with end of line", SECRET_A "\n", 0640, OK, 0, 0 },
        { "good with CRLF", SECRET_A "\r\n", 0400, OK, 0, 0 },
        { "world-readable", SECRET_A "\n", 0644, OK, 0, 1 },
        { "group-writable", SECRET_A "\n", 0660, OK, 0, 1 },
        { "empty", "", 0600, E_BAD_TEXT, 1, 0 },
        { "a digit short", "e5e973e5a6b2a43f48e7dc849e37bfc", 0600, E_BAD_TEXT, 1, 0 },
        { "two digits more", SECRET_A "00", 0600, E_BAD_TEXT, 1, 0 },
        { "two lines", SECRET_A "\n" SECRET_A "\n", 0600, E_BAD_TEXT, 1, 0 },
        { "two ends", SECRET_A "\n\n", 0600, E_BAD_TEXT, 1, 0 },
        { "no hex", "g5e973e5a6b2a43f48e7dc849e37bfcf", 0600, E_BAD_TEXT, 1, 0 },
        { "space before", " " SECRET_A, 0600, E_BAD_TEXT, 1, 0 },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct diagnostics *sink = diagnostics_new(0);
        struct cookie_secrets secrets = { 0 }, want = secrets_of(SECRET_A, NULL);
        const char *path = write_file("secret", cases[i].content, strlen(cases[i].content), cases[i].mode);
        CHECK_EQUAL(cookie_secrets_read(&path, 1, &secrets, sink), cases[i].want, cases[i].label);
        CHECK_EQUAL(secrets.count, cases[i].want == OK, cases[i].label);
        CHECK_EQUAL(diagnostics_count(sink, SEVERITY_ERROR), cases[i].errors, cases[i].label);
        CHECK_EQUAL(diagnostics_count(sink, SEVERITY_WARNING), cases[i].warnings, cases[i].label);
        for (size_t j = 0; j < diagnostics_kept(sink); j++)
            assert_null(strstr(diagnostics_get(sink, j)->text, "e5e9")); /* the secret is told to nobody */
        if (cases[i].want == OK)
            assert_memory_equal(&secrets, &want, sizeof want);
        diagnostics_free(sink);
    }
    struct cookie_secrets secrets, want = secrets_of(SECRET_NEW, SECRET_OLD);
    const char *two[3] = { write_file("secret", SECRET_NEW "\n", 33, 0600), write_file("old", SECRET_OLD, 32, 0600), folder };
    assert_int_equal(cookie_secrets_read(two, 2, &secrets, NULL), OK);
    assert_memory_equal(&secrets, &want, sizeof want);
    assert_int_equal(cookie_secrets_read(two, 3, &secrets, NULL), E_BAD_TEXT);
    assert_int_equal(cookie_secrets_read(two, 0, &secrets, NULL), E_BAD_TEXT);
    assert_int_equal(cookie_secrets_read(two + 2, 1, &secrets, NULL), E_BAD_TEXT); /* a folder */
    const char *missing = "/no/such/secret";
    assert_int_equal(cookie_secrets_read(&missing, 1, &secrets, NULL), E_SYSTEM);
    unlink(two[0]);
    unlink(two[1]);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_published_cookies), cmocka_unit_test(judges),
        cmocka_unit_test(lengths),                     cmocka_unit_test(serial_time_wraps),
        cmocka_unit_test(reads_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
