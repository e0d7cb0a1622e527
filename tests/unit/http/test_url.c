/* SPDX-License-Identifier: Apache-2.0 */
/* Which URLs are taken, and which addresses are public (RFC 6890, IANA's special-purpose registries). */
#include "../base/unit.h"
#include "http/http.h"

#include <arpa/inet.h>

enum { S = HTTP_URL_HTTPS, P = HTTP_URL_HTTPS | HTTP_URL_PUBLIC, L = HTTP_URL_HTTPS | HTTP_URL_PUBLIC | HTTP_URL_LOOPBACK, U = HTTP_URL_UNIX };

static void urls(void **state)
{
    static const struct { const char *url; unsigned flags; enum status want; const char *host; uint16_t port; } cases[] = {
        { "https://example.com", 0, OK, "example.com", 443 },
        { "http://example.com/", 0, OK, "example.com", 80 },
        { "HTTPS://Example.COM:8443/a?b#c", 0, OK, "Example.COM", 8443 },
        { "https://example.com?q", P, OK, "example.com", 443 },
        { "https://a_b.example-c.com/{sender}/{data}.json", P, OK, "a_b.example-c.com", 443 },
        { "http://127.0.0.1:8545", 0, OK, "127.0.0.1", 8545 },
        { "http://[::1]:8545/", 0, OK, "::1", 8545 },
        { "https://[2606:4700::1111]/", P, OK, "2606:4700::1111", 443 },
        { "https://1.1.1.1/", P, OK, "1.1.1.1", 443 },
        { "http://localhost:1/", L, OK, "localhost", 1 },
        { "http://127.0.0.1:1/", L, OK, "127.0.0.1", 1 },
        { "https://xn--bcher-kva.example/", P, OK, "xn--bcher-kva.example", 443 },
        { "https://4chan.org.1a/", P, OK, "4chan.org.1a", 443 },
        { "unix:/run/geth.ipc", U, OK, "/run/geth.ipc", 0 },
        /* Not a URL that has one reading only. */
        { "", 0, E_BAD_TEXT, NULL, 0 },
        { "example.com", 0, E_BAD_TEXT, NULL, 0 },
        { "ftp://example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "file:///etc/passwd", 0, E_BAD_TEXT, NULL, 0 },
        { "gopher://example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https:/example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https:///path", 0, E_BAD_TEXT, NULL, 0 },
        { " https://example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com/a b", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com/\r\nX: y", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com\\@10.0.0.1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://user@example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://user:key@example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://@example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com./", 0, E_BAD_TEXT, NULL, 0 },
        { "https://.example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example..com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://ex%61mple.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://b\xc3\xbc" "cher.example/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com/\xc3\xbc", 0, E_BAD_TEXT, NULL, 0 },
        { "https://{sender}.example.com/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://{data}/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com:{data}/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com:/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com:0/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com:65536/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com:080/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://example.com:8x/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://127.1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://2130706433/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://0177.0.0.1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://127.0.0.01/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://0x7f.0.0.1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://0x7f000001/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://a.0x1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://1.2.3.4.5/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://256.1.1.1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[fe80::1%25eth0]/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[fe80::1%eth0]/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[::ffff:8.8.8.8]/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[::1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[]/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[1.2.3.4]/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://::1/", 0, E_BAD_TEXT, NULL, 0 },
        { "https://[v1.x]/", 0, E_BAD_TEXT, NULL, 0 },
        { "unix:geth.ipc", U, E_BAD_TEXT, NULL, 0 },
        { "unix:", U, E_BAD_TEXT, NULL, 0 },
        { "unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678", U, E_BAD_TEXT, NULL, 0 },
        /* Not what the caller allows. */
        { "http://example.com/", S, E_REFUSED, NULL, 0 },
        { "http://example.com/", L, E_REFUSED, NULL, 0 },
        { "unix:/run/geth.ipc", 0, E_REFUSED, NULL, 0 },
        { "unix:/run/geth.ipc", P | U, E_REFUSED, NULL, 0 },
        { "https://127.0.0.1/", P, E_REFUSED, NULL, 0 },
        { "https://[::1]/", P, E_REFUSED, NULL, 0 },
        { "https://169.254.169.254/latest/meta-data", P, E_REFUSED, NULL, 0 },
        { "https://10.0.0.1/", L, E_REFUSED, NULL, 0 },
        { "https://[fd00:ec2::254]/", P, E_REFUSED, NULL, 0 },
        { "https://localhost/", P, E_REFUSED, NULL, 0 },
        { "https://a.LocalHost/", P, E_REFUSED, NULL, 0 },
        { "https://intranet/", P, E_REFUSED, NULL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct http_url parts = { 0 };
        const char *reason = NULL;
        CHECK_EQUAL(http_url_check(cases[i].url, cases[i].flags, &parts, &reason), cases[i].want, cases[i].url);
        CHECK_EQUAL(reason != NULL, cases[i].want != OK, cases[i].url);
        if (cases[i].want == OK) {
            CHECK_EQUAL(slice_is(parts.host, cases[i].host), true, cases[i].url);
            CHECK_EQUAL(parts.port, cases[i].port, cases[i].url);
        }
        CHECK_EQUAL(http_url_check(cases[i].url, cases[i].flags, NULL, NULL), cases[i].want, cases[i].url);
    }
}

static void url_lengths(void **state)
{
    static char url[HTTP_URL_MAX + 2];
    (void)state;
    memset(url, 'a', sizeof url - 1);
    memcpy(url, "https://example.com/", 20);
    url[HTTP_URL_MAX] = 0;
    assert_int_equal(http_url_check(url, 0, NULL, NULL), OK);
    url[HTTP_URL_MAX] = 'a';
    assert_int_equal(http_url_check(url, 0, NULL, NULL), E_BAD_TEXT);
    char host[300] = "https://";
    memset(host + 8, 'a', 64);
    assert_int_equal(http_url_check(host, 0, NULL, NULL), E_BAD_TEXT);
    host[8 + 63] = 0;
    assert_int_equal(http_url_check(host, 0, NULL, NULL), OK);
    for (size_t i = 8; i < 8 + 254; i++)
        host[i] = i % 2 ? '.' : 'a';
    host[8 + 253] = 0;
    assert_int_equal(http_url_check(host, 0, NULL, NULL), OK);
    memcpy(host + 8 + 253, ".a", 3);
    assert_int_equal(http_url_check(host, 0, NULL, NULL), E_BAD_TEXT);
}

static void what_may_be_shown(void **state)
{
    static const struct { const char *url, *shown; } cases[] = {
        { "https://mainnet.example.io/v3/0123456789abcdef?key=sesame", "https://mainnet.example.io" },
        { "http://127.0.0.1:8545/secret", "http://127.0.0.1:8545" },
        { "https://[2001:db8::1]:444/x", "https://[2001:db8::1]:444" },
        { "unix:/run/geth.ipc", "unix:/run/geth.ipc" },
        { "https://user:sesame@host/", "a URL" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        char room[128];
        struct text text;
        text_fixed(&text, room, sizeof room);
        http_url_add_public(&text, cases[i].url);
        CHECK_STRING(room, cases[i].shown, cases[i].url);
    }
}

static void suffixes(void **state)
{
    static const struct { const char *host, *suffix; bool below; } cases[] = {
        { "a.eth", "eth", true },        { "eth", "eth", true },           { "a.ETH", "eth.", true },      { "a.eth", ".eth", true },
        { "beth", "eth", false },        { "eth.link", "eth", false },     { "a.eth", "", false },         { "a.eth", ".", false },
        { "a.eth.example.net", "eth.example.net", true },                  { "h", "eth", false },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        CHECK_EQUAL(http_host_is_below(slice_string(cases[i].host), cases[i].suffix), cases[i].below, cases[i].host);
}

static void addresses(void **state)
{
    static const struct { const char *address; bool is_public; } cases[] = {
        { "1.1.1.1", true },            { "8.8.8.8", true },             { "9.255.255.255", true },     { "11.0.0.0", true },
        { "100.63.255.255", true },     { "100.128.0.0", true },         { "126.255.255.255", true },   { "128.0.0.0", true },
        { "169.253.255.255", true },    { "169.255.0.0", true },         { "172.15.255.255", true },    { "172.32.0.0", true },
        { "192.0.1.0", true },          { "192.0.3.0", true },           { "192.167.255.255", true },   { "192.169.0.0", true },
        { "198.17.255.255", true },     { "198.20.0.0", true },          { "223.255.255.255", true },
        { "0.0.0.0", false },           { "0.255.255.255", false },      { "10.0.0.0", false },         { "10.255.255.255", false },
        { "100.64.0.0", false },        { "100.127.255.255", false },    { "127.0.0.1", false },        { "127.255.255.255", false },
        { "169.254.169.254", false },   { "172.16.0.0", false },         { "172.31.255.255", false },   { "192.0.0.1", false },
        { "192.0.0.170", false },       { "192.0.2.1", false },          { "192.88.99.1", false },      { "192.168.0.0", false },
        { "192.168.255.255", false },   { "198.18.0.0", false },         { "198.19.255.255", false },   { "198.51.100.7", false },
        { "203.0.113.7", false },       { "224.0.0.1", false },          { "239.255.255.255", false },  { "240.0.0.1", false },
        { "255.255.255.255", false },
        { "2606:4700::1111", true },    { "2001:200::1", true },         { "2001:4860::8888", true },   { "2a00::1", true }, { "2003::1", true },
        { "::", false },                { "::1", false },                { "::1.2.3.4", false },        { "64:ff9b::808:808", false },
        { "64:ff9b:1::1", false },      { "100::1", false },             { "2001::1", false },          { "2001:2::1", false },
        { "2001:10::1", false },        { "2001:20::1", false },         { "2001:db8::1", false },      { "2002:808:808::1", false },
        { "3fff::1", false },           { "3fff:fff::1", false },        { "4000::1", false },          { "5f00::1", false },
        { "fc00::1", false },           { "fd00:ec2::254", false },      { "fe80::1", false },          { "fec0::1", false },
        { "ff02::1", false },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct address address;
        struct endpoint endpoint = { .port = 443 };
        struct sockaddr_storage sa;
        CHECK_EQUAL(address_parse(slice_string(cases[i].address), &address), OK, cases[i].address);
        CHECK_EQUAL(address_is_public(&address), cases[i].is_public, cases[i].address);
        endpoint.address = address;
        endpoint_to_sockaddr(&endpoint, &sa);
        CHECK_EQUAL(sockaddr_is_public((const struct sockaddr *)&sa, false), cases[i].is_public, cases[i].address);
        CHECK_EQUAL(sockaddr_is_public((const struct sockaddr *)&sa, true), cases[i].is_public || address_is_loopback(&address), cases[i].address);
    }
    struct address none = { 0 };
    assert_false(address_is_public(&none));
}

static void mapped_and_strange_sockets(void **state)
{
    struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
    struct sockaddr other = { .sa_family = AF_UNIX };
    struct address loopback = { .family = 4, .bytes = { 127, 0, 0, 1 } }, far = { .family = 4, .bytes = { 8, 8, 8, 8 } };
    (void)state;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:8.8.8.8", &mapped.sin6_addr), 1);
    assert_false(sockaddr_is_public((const struct sockaddr *)&mapped, false));
    assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr), 1);
    assert_false(sockaddr_is_public((const struct sockaddr *)&mapped, true));
    assert_false(sockaddr_is_public(&other, true));
    assert_true(address_is_own(&loopback));
    assert_false(address_is_own(&far));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls), cmocka_unit_test(url_lengths), cmocka_unit_test(what_may_be_shown),
        cmocka_unit_test(suffixes), cmocka_unit_test(addresses), cmocka_unit_test(mapped_and_strange_sockets),
    };
    return cmocka_run_group_tests_name("http url", tests, NULL, NULL);
}
