/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/cursor.h -- bounds-safe reading.  No parser does pointer arithmetic of its own. */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include "base/status.h"
#include <endian.h>

struct cursor {
    const uint8_t *base, *pos, *end;   /**< borrowed; base = start of the message (pointers count from it) */
    bool failed;                       /**< sticky: set by the first short read */
};

static inline struct cursor cursor_of(const uint8_t *data, size_t size)
{
    return (struct cursor){ data, data, data + size, false };
}

static inline size_t cursor_left(const struct cursor *c) { return (size_t)(c->end - c->pos); }

/** Steps over n octets and returns them (borrowed), or NULL. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
    if (c->failed || n > (size_t)(c->end - c->pos)) {
        c->failed = true;
        return NULL;
    }
    c->pos += n;
    return c->pos - n;
}

/** 0 once failed; check `failed` at the end. */
static inline uint8_t cursor_u8(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 1);
    return p == NULL ? 0 : p[0];
}
static inline uint16_t cursor_u16(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 2);
    return (uint16_t)(p == NULL ? 0 : p[0] << 8 | p[1]);
}
static inline uint32_t cursor_u32(struct cursor *c)
{
    const uint8_t *p = cursor_take(c, 4);
    return p == NULL ? 0 : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t get_u16(const uint8_t *p)
{
    uint16_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return be16toh(v);
}
static inline uint32_t get_u32(const uint8_t *p)
{
    uint32_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return be32toh(v);
}
static inline void put_u16(uint8_t *p, uint16_t v)
{
    v = htobe16(v);
    __builtin_memcpy(p, &v, sizeof v);
}
static inline void put_u32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    __builtin_memcpy(p, &v, sizeof v);
}

#endif
