/* SPDX-License-Identifier: Apache-2.0 */
#include "names/utf8.h"

size_t utf8_read(const char *at, const char *end, uint32_t *point)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *octet = (const uint8_t *)at;
    if (at >= end)
        return 0;
    if (octet[0] < 0x80) {
        *point = octet[0];
        return 1;
    }
    size_t bytes = octet[0] >= 0xf8 ? 0 : octet[0] >= 0xf0 ? 4 : octet[0] >= 0xe0 ? 3 : octet[0] >= 0xc0 ? 2 : 0;
    if (bytes == 0 || bytes > (size_t)(end - at))
        return 0;
    uint32_t value = octet[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((octet[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (octet[i] & 0x3fu);
    }
    if (value < least[bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *point = value;
    return bytes;
}

size_t utf8_write(uint32_t point, char out[UTF8_MOST_BYTES])
{
    static const uint8_t head[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t bytes = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(head[bytes] | point);
    return bytes;
}
