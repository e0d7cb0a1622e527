/* SPDX-License-Identifier: Apache-2.0 */
/* Records as the DNS profile of a resolver keeps them: anybody who owns a name writes what they like there, so each octet is looked at. */
#include "names/ens_want.h"

#include "wire/rdata.h"

enum { VALUE_HEAD = 6, SET_MAX_BYTES = 60000 /* of records as they are told: more does not fit a message */, TTL_MAX = 0x7fffffff };

/* One record; NULL and *wrong when it is not what it must be. */
static const uint8_t *read_one(struct cursor *cursor, struct name_view owner, uint16_t type, uint32_t *ttl, uint16_t *size, const char **wrong)
{
    struct name_view name;
    if (name_read_plain(cursor, &name) != OK) {
        *wrong = "a record whose owner is no name";
        return NULL;
    }
    uint16_t its_type = cursor_u16(cursor), its_class = cursor_u16(cursor);
    *ttl = cursor_u32(cursor);
    *size = cursor_u16(cursor);
    const uint8_t *rdata = cursor_take(cursor, *size);
    if (!rdata)
        *wrong = "a record that is cut short";
    else if (!name_equal(name, owner))
        *wrong = "a record of another owner";
    else if (its_type != type)
        *wrong = "a record of another type";
    else if (its_class != CLASS_IN)
        *wrong = "a record of another class";
    else if (rdata_check(type, CLASS_IN, rdata, *size) != OK)
        *wrong = "record data that does not fit its type";
    else
        return rdata;
    return NULL;
}

static bool is_single(uint16_t type) { return type == TYPE_CNAME || type == TYPE_DNAME || type == TYPE_SOA; }

enum status ens_records_read(struct slice octets, struct name_view owner, uint16_t type, struct arena *arena, struct slice *out, const char **wrong)
{
    if (octets.length == 0) {
        *out = slice_of(NULL, 0);
        return OK;
    }
    struct cursor cursor = cursor_of((const uint8_t *)octets.data, octets.length);
    uint8_t *value = octets.length <= 2 * SET_MAX_BYTES ? arena_bytes(arena, octets.length) : NULL;
    if (octets.length > 2 * SET_MAX_BYTES) {
        *wrong = "more records than a message can hold";
        return E_BAD_FORMAT;
    }
    if (!value)
        return E_NOMEM;
    size_t length = 0, count = 0;
    while (cursor_left(&cursor) > 0) {
        uint32_t ttl;
        uint16_t size;
        const uint8_t *rdata = read_one(&cursor, owner, type, &ttl, &size, wrong);
        if (!rdata)
            return E_BAD_FORMAT;
        put_u32(value + length, ttl > TTL_MAX ? 0 : ttl);       /* RFC 2181 8 */
        put_u16(value + length + 4, size);
        memcpy(value + length + VALUE_HEAD, rdata, size);
        length += VALUE_HEAD + size;        /* shorter than the record was: that had its owner, type and class too */
        count++;
    }
    if (length > SET_MAX_BYTES || (count > 1 && is_single(type))) {
        *wrong = length > SET_MAX_BYTES ? "more records than a message can hold" : "several records of a type that has one";
        return E_BAD_FORMAT;
    }
    *out = slice_of((const char *)value, length);
    return OK;
}
