/* SPDX-License-Identifier: Apache-2.0 */
#include "http/public.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct range { uint8_t bytes[16]; uint8_t bits; };

/* RFC 6890 and the IANA registry of special-purpose addresses; multicast; the class that was kept for later. */
static const struct range special_v4[] = {
    { { 0 }, 8 },
    { { 10 }, 8 },
    { { 100, 64 }, 10 },
    { { 127 }, 8 },
    { { 169, 254 }, 16 },
    { { 172, 16 }, 12 },
    { { 192, 0, 0 }, 24 },
    { { 192, 0, 2 }, 24 },
    { { 192, 31, 196 }, 24 },       /* AS112 */
    { { 192, 52, 193 }, 24 },       /* AMT */
    { { 192, 88, 99 }, 24 },        /* 6to4 relays */
    { { 192, 168 }, 16 },
    { { 192, 175, 48 }, 24 },       /* AS112 */
    { { 198, 18 }, 15 },
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 },
    { { 224 }, 4 },
    { { 240 }, 4 },
};
/* In 2000::/3, outside of which nothing is global unicast (RFC 4291 §2.4, IANA's list of unicast space). */
static const struct range special_v6[] = {
    { { 0x20, 0x01, 0x00, 0x00 }, 23 },             /* protocol assignments: Teredo, benchmarks, ORCHID, AMT */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 },
    { { 0x20, 0x02 }, 16 },                         /* 6to4 */
    { { 0x26, 0x20, 0x00, 0x4f, 0x80, 0x00 }, 48 }, /* AS112 */
    { { 0x3f, 0xff, 0x00 }, 20 },                   /* documentation, RFC 9637 */
    { { 0x3f, 0xfe }, 16 },                         /* 6bone, given back */
};

static bool in_range(const struct range *range, const uint8_t *bytes)
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    if (memcmp(range->bytes, bytes, whole) != 0)
        return false;
    return rest == 0 || ((range->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

static bool in_any(const struct range *ranges, size_t count, const uint8_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (in_range(&ranges[i], bytes))
            return true;
    }
    return false;
}

bool address_is_public(const struct address *address)
{
    if (address->family == 4)
        return !in_any(special_v4, LENGTH_OF(special_v4), address->bytes);
    return address->family == 6 && (address->bytes[0] & 0xe0) == 0x20 && !in_any(special_v6, LENGTH_OF(special_v6), address->bytes);
}

bool address_is_own(const struct address *address)
{
    struct ifaddrs *list;
    bool own = false;
    if (getifaddrs(&list) != 0)
        return true;
    for (const struct ifaddrs *one = list; one && !own; one = one->ifa_next) {
        struct endpoint endpoint;
        own = one->ifa_addr && endpoint_from_sockaddr(one->ifa_addr, &endpoint) == OK && address_equal(&endpoint.address, address);
    }
    freeifaddrs(list);
    return own;
}

bool sockaddr_is_public(const struct sockaddr *sa, bool loopback)
{
    struct endpoint endpoint;
    if (endpoint_from_sockaddr(sa, &endpoint) != OK)
        return false;
    if (sa->sa_family == AF_INET6 && endpoint.address.family == 4)
        return false;
    if (loopback && address_is_loopback(&endpoint.address))
        return true;
    return address_is_public(&endpoint.address) && !address_is_own(&endpoint.address);
}
