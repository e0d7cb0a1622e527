/* SPDX-License-Identifier: Apache-2.0 */
/* What lands in a file: Frame Streams (control frames, content type) around protobuf, read here octet by octet by the
 * rules of both formats; no listener, a listener that never speaks; sampling. */
#include "tap/tap.h"
#include "wire/cursor.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/rhiz-tap-XXXXXX";
static uint8_t query[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\1q\0\0\1\0\1";
static uint8_t response[] = "\x12\x34\x85\0\0\1\0\0\0\0\0\0\1q\0\0\1\0\1";

static struct net_exchange exchange(void)
{
    return (struct net_exchange){
        .peer = { .address = { 4, { 192, 0, 2, 1 } }, .port = 4711 },
        .local = { .address = { 4, { 192, 0, 2, 53 } }, .port = 53 },
        .transport = NET_UDP, .query = query, .query_bytes = sizeof query - 1,
        .received_ns = UINT64_C(1700000000) * 1000000000 + 7,
    };
}

struct slab { uint8_t data[65536]; size_t bytes; };

static void slurp(const char *path, struct slab *out)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    out->bytes = fread(out->data, 1, sizeof out->data, file);
    fclose(file);
}

static uint32_t word(const struct slab *s, size_t at)
{
    assert_true(at + 4 <= s->bytes);
    return get_u32(s->data + at);
}

/* Protobuf: finds field `number`; @return its octets (varints: value in *value). */
static const uint8_t *field(const uint8_t *at, size_t bytes, unsigned number, uint64_t *value)
{
    const uint8_t *end = at + bytes;
    while (at < end) {
        uint64_t parts[2] = { 0, 0 };
        unsigned kind = 0;
        for (unsigned part = 0; part < 2; part++) {
            if (part == 1 && kind == 5) {
                parts[1] = (uint64_t)at[3] << 24 | (uint64_t)at[2] << 16 | (uint64_t)at[1] << 8 | at[0];
                at += 4;
                break;
            }
            unsigned shift = 0;
            do {
                assert_true(at < end && shift < 64);
                parts[part] |= (uint64_t)(*at & 0x7f) << shift;
                shift += 7;
            } while (*at++ & 0x80);
            kind = (unsigned)parts[0] & 7;
        }
        *value = parts[1];
        if (parts[0] >> 3 == number)
            return at;
        if (kind == 2)
            at += parts[1];
        assert_true(at <= end && (kind == 0 || kind == 2 || kind == 5));
    }
    return NULL;
}

static void expect_bytes(const uint8_t *message, size_t bytes, unsigned number, const void *want, size_t want_bytes)
{
    uint64_t length;
    const uint8_t *at = field(message, bytes, number, &length);
    if (at == NULL || length != want_bytes)
        fail_msg("field %u is not there or has another length", number);
    assert_memory_equal(at, want, want_bytes);
}

static void expect_number(const uint8_t *message, size_t bytes, unsigned number, uint64_t want)
{
    uint64_t value = 0;
    if (field(message, bytes, number, &value) == NULL || value != want)
        fail_msg("field %u is %llu", number, (unsigned long long)value);
}

/* @return where the message inside a data frame starts. */
static const uint8_t *open_frame(const struct slab *s, size_t at, uint64_t *bytes)
{
    const uint8_t *frame = s->data + at + 4;
    size_t length = word(s, at);
    expect_bytes(frame, length, 1, "ns1", 3);
    expect_bytes(frame, length, 2, "rhizome", 7);
    expect_number(frame, length, 15, 1);
    return field(frame, length, 14, bytes);
}

static void check_message(const uint8_t *m, size_t bytes, unsigned type)
{
    expect_number(m, bytes, 1, type);
    expect_number(m, bytes, 2, 1);              /* INET */
    expect_number(m, bytes, 3, 1);              /* UDP */
    expect_bytes(m, bytes, 4, "\xc0\0\2\1", 4);
    expect_bytes(m, bytes, 5, "\xc0\0\2\x35", 4);
    expect_number(m, bytes, 6, 4711);
    expect_number(m, bytes, 7, 53);
    expect_number(m, bytes, 8, 1700000000);
    expect_number(m, bytes, 9, 7);
}

static struct tap *start(const char *socket_path, const char *file, uint32_t sample)
{
    const struct tap_options options = { .socket = socket_path, .file = file, .identity = "ns1", .version = "rhizome",
                                         .sample = sample, .ring_bytes = 4096, .workers = 2 };
    struct tap *tap = NULL;
    assert_int_equal(tap_open(&options, &tap, NULL), OK);
    return tap;
}

static void await_written(struct tap *tap, uint64_t count)
{
    struct tap_counters c = { 0 };
    for (int i = 0; i < 2000 && c.written < count; i++) {
        usleep(10000);
        tap_counters_read(tap, &c);
    }
    assert_int_equal(c.written, count);
    assert_int_equal(c.dropped, 0);
}

static void test_file(void **state)
{
    (void)state;
    static struct slab s;
    static const char type[] = "protobuf:dnstap.Dnstap";
    char path[128];
    snprintf(path, sizeof path, "%s/file", folder);
    struct tap *tap = start(NULL, path, 1);
    struct net_exchange x = exchange();
    tap_exchange(tap, 1, &x, response, sizeof response - 1);
    tap_exchange(tap, 0, &x, NULL, 0);
    await_written(tap, 2);
    tap_close(tap);
    slurp(path, &s);

    /* START: escape, length, type 2, field 1 (content type). */
    assert_int_equal(word(&s, 0), 0);
    size_t control = word(&s, 4);
    assert_int_equal(word(&s, 8), 2);
    assert_int_equal(word(&s, 12), 1);
    assert_int_equal(word(&s, 16), sizeof type - 1);
    assert_memory_equal(s.data + 20, type, sizeof type - 1);
    size_t at = 8 + control;
    unsigned queries = 0, responses = 0;
    while (word(&s, at) != 0) {
        uint64_t bytes, kind;
        const uint8_t *m = open_frame(&s, at, &bytes);
        assert_non_null(m);
        assert_non_null(field(m, bytes, 1, &kind));
        check_message(m, bytes, (unsigned)kind);
        if (kind == 1) {
            expect_bytes(m, bytes, 10, query, sizeof query - 1);
            queries++;
        } else {
            assert_int_equal(kind, 2);
            expect_bytes(m, bytes, 14, response, sizeof response - 1);
            responses++;
        }
        at += 4 + word(&s, at);
    }
    assert_int_equal(queries, 2);
    assert_int_equal(responses, 1);             /* one exchange had no answer */
    assert_int_equal(word(&s, at + 8), 3);      /* STOP */
    assert_int_equal(at + 12, s.bytes);
    unlink(path);
}

static void test_no_listener(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/none", folder);
    struct tap *tap = start(path, NULL, 1);
    struct net_exchange x = exchange();
    for (int i = 0; i < 200; i++)               /* far more than a ring holds: nothing waits */
        tap_exchange(tap, 0, &x, response, sizeof response - 1);
    struct tap_counters c;
    tap_counters_read(tap, &c);
    assert_int_equal(c.written, 0);
    assert_true(c.dropped > 100 && c.dropped < 200);
    tap_close(tap);
}

/* One that accepts and never shakes hands must not hold up the end for long. */
static void test_mute_listener(void **state)
{
    (void)state;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    snprintf(at.sun_path, sizeof at.sun_path, "%s/mute", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0);
    struct tap *tap = start(at.sun_path, NULL, 1);
    struct net_exchange x = exchange();
    tap_exchange(tap, 0, &x, response, sizeof response - 1);
    tap_close(tap);
    close(fd);
    unlink(at.sun_path);
}

static void test_sample(void **state)
{
    (void)state;
    static const struct { const char *label; uint32_t sample, of_60; } cases[] = {
        { "unset means all", 0, 60 }, { "all", 1, 60 }, { "every second", 2, 30 }, { "every tenth", 10, 6 },
    };
    char path[128];
    snprintf(path, sizeof path, "%s/none", folder);
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct tap *tap = start(path, NULL, cases[i].sample);
        unsigned wanted[2] = { 0, 0 };
        for (int n = 0; n < 60; n++)
            for (unsigned w = 0; w < 2; w++)
                wanted[w] += tap_wanted(tap, w);
        if (wanted[0] != cases[i].of_60 || wanted[1] != cases[i].of_60)
            fail_msg("%s: %u and %u", cases[i].label, wanted[0], wanted[1]);
        tap_close(tap);
    }
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_no_listener),
        cmocka_unit_test(test_mute_listener),
        cmocka_unit_test(test_sample),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
