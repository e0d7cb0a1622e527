/* SPDX-License-Identifier: Apache-2.0 */
/* PROXY protocol version 2 (haproxy.org, doc/proxy-protocol.txt section 2.2): 12 octets of signature, version
 * and command, family and transport, the length of the rest; then addresses and TLVs, which are skipped. */
#include "net/inside.h"
#include <string.h>

enum { HEADER_BYTES = 16, COMMAND_LOCAL = 0, COMMAND_PROXY = 1, FAMILY_NONE = 0, FAMILY_IP4 = 1, FAMILY_IP6 = 2, FAMILY_UNIX = 3 };
static const uint8_t signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static uint16_t u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static struct endpoint endpoint_at(const uint8_t *address, size_t bytes, const uint8_t *port)
{
    struct endpoint e = { .port = u16(port) };
    static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
    bool is_mapped = bytes == 16 && memcmp(address, mapped, sizeof mapped) == 0;
    e.address.family = bytes == 4 || is_mapped ? 4 : 6;
    if (is_mapped)
        memcpy(e.address.bytes, address + 12, 4);
    else
        memcpy(e.address.bytes, address, bytes);
    return e;
}

enum status proxy_read(const uint8_t *data, size_t bytes, struct proxy_header *out)
{
    size_t seen = bytes < sizeof signature ? bytes : sizeof signature;
    if (memcmp(data, signature, seen) != 0)
        return E_BAD_FORMAT;
    if (bytes < HEADER_BYTES)
        return E_TRUNCATED;
    unsigned version = data[12] >> 4, command = data[12] & 15u, family = data[13] >> 4, transport = data[13] & 15u;
    size_t rest = u16(data + 14);
    if (version != 2 || command > COMMAND_PROXY || family > FAMILY_UNIX || transport > 2)
        return E_BAD_FORMAT;
    size_t address = family == FAMILY_IP4 ? 4 : 16;
    bool internet = family == FAMILY_IP4 || family == FAMILY_IP6;
    bool named = command == COMMAND_PROXY && internet;
    if (named && (transport == 0 || rest < 2 * address + 4))
        return E_BAD_FORMAT;
    if (bytes - HEADER_BYTES < rest)
        return E_TRUNCATED;
    struct proxy_header header = { .local = !named, .bytes = HEADER_BYTES + rest };
    if (named) {
        const uint8_t *at = data + HEADER_BYTES;
        header.source = endpoint_at(at, address, at + 2 * address);
        header.destination = endpoint_at(at + address, address, at + 2 * address + 2);
    }
    *out = header;
    return OK;
}
