/* SPDX-License-Identifier: Apache-2.0 */
#include "control/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct control_numbers numbers;

static int set_numbers(void **state)
{
    (void)state;
    numbers = (struct control_numbers){ .ready = true, .zones_loaded = 3, .rrl_evictions = 4 };
    numbers.serve.queries_udp4 = 7;
    numbers.serve.queries_tcp6 = 8;
    numbers.serve.rcode[RCODE_NXDOMAIN] = 9;
    numbers.serve.rcode[RCODE_BADVERS] = 1;
    numbers.serve.query_size[0][2] = 5;         /* 32-47 octets over UDP */
    numbers.serve.query_size[0][4] = 1;         /* 64-79 */
    numbers.serve.response_size[1][SERVE_SIZE_BUCKETS - 1] = 6;
    numbers.net.udp_dropped_in_kernel = 11;
    numbers.serve.unique_sources6 = 12;
    numbers.serve.unique_networks6 = 2;
    return 0;
}

static void stats(void **state)
{
    uint64_t value = 0;
    struct json_value *out = json_value_object();
    (void)state;
    control_stats(&numbers, out);
    assert_true(json_value_get_u64(out, "queries.udp4", &value));
    assert_int_equal(value, 7);
    assert_true(json_value_get_u64(out, "udp.dropped_in_kernel", &value));
    assert_int_equal(value, 11);
    assert_true(json_value_get_u64(out, "rcode.NXDOMAIN", &value));
    assert_int_equal(value, 9);
    assert_true(json_value_get_u64(out, "zones.loaded", &value));
    assert_int_equal(value, 3);
    json_value_free(out);
}

/* RSSAC002v4 section 2: names of the metrics and the form of size ranges. */
static void rssac(void **state)
{
    uint64_t value = 0;
    struct json_value *out = json_value_object();
    (void)state;
    control_rssac(&numbers, out);
    assert_true(json_value_get_u64(json_value_get(out, "traffic-volume"), "dns-udp-queries-received-ipv4", &value));
    assert_int_equal(value, 7);
    assert_true(json_value_get_u64(json_value_get(out, "rcode-volume"), "16", &value));
    assert_int_equal(value, 1);
    struct json_value *sizes = json_value_get(out, "traffic-sizes");
    assert_true(json_value_get_u64(json_value_get(sizes, "udp-request-sizes"), "32-47", &value));
    assert_int_equal(value, 5);
    assert_true(json_value_get_u64(json_value_get(sizes, "tcp-response-sizes"), "4096-", &value));
    assert_int_equal(value, 6);
    assert_int_equal(json_value_count(json_value_get(sizes, "tcp-request-sizes")), 0);
    assert_true(json_value_get_u64(json_value_get(out, "unique-sources"), "num-sources-ipv6", &value));
    assert_int_equal(value, 12);
    assert_true(json_value_get_u64(json_value_get(out, "unique-sources"), "num-sources-ipv6-aggregate", &value));
    assert_int_equal(value, 2);
    json_value_free(out);
}

static void one_zone(void *context, control_zone_fn *each, void *each_context)
{
    struct serve_zone_counters counters = { .queries = 2 };
    (void)context;
    each(each_context, "quote\\\".example.", "IN", "inside", &counters);
}

static void metrics(void **state)
{
    static const char *const lines[] = {
        "# TYPE rhizome_queries_total counter\n",
        "\nrhizome_queries_total{transport=\"udp\",family=\"4\"} 7\n",
        "\nrhizome_zones{state=\"loaded\"} 3\n",
        "\nrhizome_rate_limit_evictions_total 4\n",
        "\nrhizome_udp_receive_queue_drops_total 11\n",
        "\nrhizome_ready 1\n",
        "\nrhizome_responses_by_rcode_total{rcode=\"NXDOMAIN\"} 9\n",
        "\nrhizome_queries_by_size_total{transport=\"udp\",octets=\"32-47\"} 5\n",
        "\nrhizome_queries_by_size_total{transport=\"udp\",octets=\"64-79\"} 1\n",
        "\nrhizome_responses_by_size_total{transport=\"tcp\",octets=\"4096-\"} 6\n",
        "\nrhizome_responses_by_rcode_total{rcode=\"BADCOOKIE\"} 0\n",
        "\nrhizome_unique_sources{family=\"6\"} 12\n",
        "\nrhizome_unique_networks{family=\"6\"} 2\n",
        "\nrhizome_zone_events_total{zone=\"quote\\\\\\\".example.\",class=\"IN\",view=\"inside\",event=\"queries\"} 2\n",
    };
    struct text text;
    (void)state;
    text_growing(&text);
    control_metrics(&numbers, one_zone, NULL, &text);
    for (size_t i = 0; i < LENGTH_OF(lines); i++) {
        if (!strstr(text.data, lines[i]))
            fail_msg("missing: %s", lines[i]);
    }
    text_clear(&text);
}

static void no_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 30; n++) {
        struct text text;
        text_growing(&text);
        fault_after(n);
        control_metrics(&numbers, one_zone, NULL, &text);
        fault_after(0);
        text_clear(&text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(stats), cmocka_unit_test(rssac), cmocka_unit_test(metrics), cmocka_unit_test(no_memory) };
    return cmocka_run_group_tests(tests, set_numbers, NULL);
}
