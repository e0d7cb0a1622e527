/* SPDX-License-Identifier: Apache-2.0 */
/* Zones for tests from lines "OWNER TTL TYPE RDATA"; a line that starts with a blank has the owner of the one before.
 * `+` in front of a type: with a (made-up) signature over that type. */
#ifndef TESTS_ZONE_BUILD_H
#define TESTS_ZONE_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "zone/zone.h"

static inline struct name test_name(const char *text)
{
    struct name out;
    if (name_parse(slice_string(text), (struct name_view){ 0 }, &out) != OK)
        fail_msg("not a name: %s", text);
    return out;
}

static inline enum status test_add_signature(struct zone_builder *b, struct name_view owner, uint16_t type, uint32_t ttl,
                                             struct name_view signer)
{
    uint8_t rdata[18 + NAME_MAX_BYTES + 4] = { 0 };
    put_u16(rdata, type);
    rdata[2] = 13;
    rdata[3] = (uint8_t)(owner.labels - name_is_wildcard(owner));
    put_u32(rdata + 4, ttl);
    put_u32(rdata + 8, 2000000000);
    memcpy(rdata + 18, signer.wire, signer.length);
    return zone_builder_add(b, owner, TYPE_RRSIG, ttl, rdata, 18u + signer.length + 4, NULL);
}

/* The status of the builder; a line that does not parse fails the test. */
static inline enum status test_add_line(struct zone_builder *b, struct name_view origin, const char *line, struct name *owner)
{
    static uint8_t rdata[RDATA_MAX_BYTES];
    char name[NAME_TEXT_ROOM], type_text[32];
    unsigned ttl;
    int used = 0;
    bool same = line[0] == ' ';
    if (same ? sscanf(line, " %u %31s %n", &ttl, type_text, &used) < 2 || !used
             : sscanf(line, "%1023s %u %31s %n", name, &ttl, type_text, &used) < 3 || !used)
        fail_msg("not a record: %s", line);
    if (!same && name_parse(slice_string(name), origin, owner) != OK)
        fail_msg("not a name: %s", line);
    uint16_t type;
    size_t size;
    bool sign = type_text[0] == '+';
    if (type_parse(slice_string(type_text + sign), &type) != OK)
        fail_msg("not a type: %s", line);
    struct diagnostics *diag = diagnostics_new(10);
    enum status st = rdata_parse_line(type, CLASS_IN, line + used, origin, rdata, sizeof rdata, &size, diag);
    diagnostics_free(diag);
    if (st != OK)
        fail_msg("not rdata (%s): %s", status_text(st), line);
    if (sign && test_add_signature(b, name_view_of(owner), type, ttl, origin) != OK)
        return E_NOMEM;
    return zone_builder_add(b, name_view_of(owner), type, ttl, rdata, size, NULL);
}

static inline struct zone_version *test_zone(const char *origin_text, const char *text)
{
    struct name origin = test_name(origin_text), owner = origin;
    struct zone_builder *b = NULL;
    struct zone_version *v = NULL;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    while (*text) {
        static char line[16384];
        size_t length = strcspn(text, "\n");
        assert_true(length < sizeof line);
        memcpy(line, text, length);
        line[length] = 0;
        text += length + (text[length] == '\n');
        if (line[strspn(line, " ")] && line[0] != ';')
            assert_int_equal(test_add_line(b, name_view_of(&origin), line, &owner), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    return v;
}

#endif
