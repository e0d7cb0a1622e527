/* SPDX-License-Identifier: Apache-2.0 */
/* Typed looks into plain rdata. */
#include "wire/rdata_inside.h"

struct soa rdata_soa(const uint8_t *rdata, size_t size)
{
    struct soa soa = { 0 };
    struct cursor c = cursor_of(rdata, size);

    if (name_read_plain(&c, &soa.mname) != OK || name_read_plain(&c, &soa.rname) != OK)
        return (struct soa){ .mname = name_root, .rname = name_root };
    soa.serial = cursor_u32(&c);
    soa.refresh = cursor_u32(&c);
    soa.retry = cursor_u32(&c);
    soa.expire = cursor_u32(&c);
    soa.minimum = cursor_u32(&c);
    return soa;
}

size_t rdata_soa_serial_offset(const uint8_t *rdata, size_t size)
{
    enum { NUMBERS_BYTES = 20 };                /* the five of them are the end */
    (void)rdata;
    return size >= NUMBERS_BYTES ? size - NUMBERS_BYTES : 0;
}

uint16_t rdata_rrsig_covered(const uint8_t *rdata, size_t size) { return size >= 2 ? get_u16(rdata) : 0; }

static bool types_have(struct cursor c, uint16_t wanted)
{
    while (cursor_left(&c) != 0) {
        uint8_t window = cursor_u8(&c), length = cursor_u8(&c);
        const uint8_t *map = cursor_take(&c, length);
        if (map == NULL || window > wanted >> 8)
            return false;
        if (window == wanted >> 8)
            return (wanted >> 3 & 31) < length && (map[wanted >> 3 & 31] & 0x80 >> (wanted & 7)) != 0;
    }
    return false;
}

bool rdata_types_have(uint16_t type, const uint8_t *rdata, size_t size, uint16_t wanted)
{
    const struct rdata_row *row = rdata_row_find(type, CLASS_IN);
    struct cursor c = cursor_of(rdata, size);
    const char *why;

    for (const uint16_t *f = row == NULL ? NULL : row->fields; f != NULL && *f != F_END; f++) {
        if ((*f & F_KIND) == F_TYPES || (*f & F_KIND) == F_TYPES_SOME)
            return types_have(c, wanted);
        if (field_check(*f, &c, &why) != OK)
            return false;
    }
    return false;
}

uint16_t rdata_key_tag(const uint8_t *rdata, size_t size)
{
    uint32_t sum = 0;

    if (size >= 4 && rdata[3] == 1)             /* RSAMD5, RFC 4034 B.1: out of the modulus */
        return size >= 7 ? get_u16(rdata + size - 3) : 0;
    for (size_t i = 0; i < size; i++)
        sum += (i & 1) != 0 ? rdata[i] : (uint32_t)rdata[i] << 8;
    sum += sum >> 16 & 0xffff;
    return (uint16_t)sum;
}

bool rdata_nsec3(uint16_t type, const uint8_t *rdata, size_t size, struct nsec3 *out)
{
    struct cursor c = cursor_of(rdata, size);
    struct nsec3 n = { 0 };

    n.algorithm = cursor_u8(&c);
    n.flags = cursor_u8(&c);
    n.iterations = cursor_u16(&c);
    n.salt_length = cursor_u8(&c);
    n.salt = cursor_take(&c, n.salt_length);
    if (type == TYPE_NSEC3) {
        n.next_length = cursor_u8(&c);
        n.next = cursor_take(&c, n.next_length);
    }
    if (c.failed)
        return false;
    *out = n;
    return true;
}
