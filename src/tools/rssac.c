/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz stats --rssac`: the metrics of RSSAC002v4, one YAML document each. */
#include "tools/control_client.h"

#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What every document begins with. */
struct rssac_head { char service[HOST_NAME_MAX + 1], start[32]; };

static void head_print(const struct rssac_head *head, const char *metric)
{
    printf("---\nversion: rssac002v4\nservice: '%s'\nstart-period: '%s'\nmetric: %s\n", head->service, head->start, metric);
}

static void number_print(void *context, const char *key, struct json_value *value)
{
    const char *indent = context;
    printf("%s%s: %llu\n", indent, key, (unsigned long long)json_value_as_u64(value));
}

static void sizes_print(void *context, const char *key, struct json_value *value)
{
    (void)context;
    printf("%s:%s\n", key, json_value_count(value) == 0 ? " {}" : "");
    json_value_each(value, number_print, "  ");
}

struct rssac_zones { const struct rssac_head *head; const char *metric, *key; };

/* A single quote is doubled; everything else stands for itself. */
static void quoted_print(const char *text)
{
    putchar('\'');
    for (const char *p = text; *p != '\0'; p++)
        fputs(*p == '\'' ? "''" : (char[2]){ *p, '\0' }, stdout);
    puts("'");
}

/* The format knows one zone, the root; others are named in a member of ours. */
static void zone_print(void *context, const char *name, struct json_value *serials)
{
    const struct rssac_zones *zones = context;
    head_print(zones->head, zones->metric);
    if (strcmp(name, ".") != 0) {
        fputs("zone: ", stdout);
        quoted_print(name);
    }
    printf("%s:%s\n", zones->key, json_value_count(serials) == 0 ? " {}" : "");
    json_value_each(serials, number_print, "  ");
}

static void head_fill(struct rssac_head *head, uint64_t started)
{
    time_t when = (time_t)started;
    struct tm tm;
    memset(head, 0, sizeof *head);
    if (gethostname(head->service, sizeof head->service - 1) != 0)
        memcpy(head->service, "localhost", sizeof "localhost");
    for (char *p = head->service; *p != '\0'; p++)
        if (*p == '\'' || (unsigned char)*p < 0x20)
            *p = '-';
    if (gmtime_r(&when, &tm) != NULL)
        strftime(head->start, sizeof head->start, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void rssac_print(const struct json_value *rssac, uint64_t started)
{
    static const char *const flat[] = { "traffic-volume", "rcode-volume", "unique-sources" };
    static const char *const by_zone[][2] = { { "load-time", "time" }, { "zone-size", "size" } };
    struct rssac_head head;
    head_fill(&head, started);
    for (size_t i = 0; i < LENGTH_OF(by_zone); i++) {
        struct rssac_zones zones = { &head, by_zone[i][0], by_zone[i][1] };
        json_value_each(json_value_get(rssac, by_zone[i][0]), zone_print, &zones);
    }
    for (size_t i = 0; i < LENGTH_OF(flat); i++) {
        if (json_value_get(rssac, flat[i]) == NULL)
            continue;
        head_print(&head, flat[i]);
        json_value_each(json_value_get(rssac, flat[i]), number_print, "");
    }
    if (json_value_get(rssac, "traffic-sizes") != NULL) {
        head_print(&head, "traffic-sizes");
        json_value_each(json_value_get(rssac, "traffic-sizes"), sizes_print, NULL);
    }
}
