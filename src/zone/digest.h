/* SPDX-License-Identifier: Apache-2.0 */
/* The fingerprint of a zone's content: a sum over its records, so that their order does not count and one record can be taken out or put
 * in.  Not secret and not against forgers: the same content gives the same number in every process. */
#ifndef ZONE_DIGEST_H
#define ZONE_DIGEST_H

#include "base/random.h"
#include "wire/wire.h"

static const struct hash_key digest_key = { UINT64_C(0x7a6f6e6520636f6e), UINT64_C(0x74656e7420763031) };

/* Of a name, label by label from the zone's own, which is `first`. */
static inline uint64_t digest_apex(uint16_t klass, const uint8_t *wire, size_t length) { return hash_link_nocase(&digest_key, klass, wire, length); }
static inline uint64_t digest_label(uint64_t name, const uint8_t *label) { return hash_link_nocase(&digest_key, name, label + 1, label[0]); }

static inline uint64_t digest_octets(uint64_t sum, const uint8_t *octets, size_t size)
{
    uint64_t word = 0;
    for (; size >= 8; octets += 8, size -= 8) {
        memcpy(&word, octets, 8);
        sum = hash_fold(sum ^ word, UINT64_C(0xe7037ed1a0b428db));
    }
    word = 0;
    memcpy(&word, octets, size);
    return hash_fold(sum ^ word, UINT64_C(0x8ebc6af09c88c6e3) + size);
}

/* Of one record with the TTL of its RRset; of a SOA without its serial.  covered: by a signature, else 0. */
static inline uint64_t digest_record(uint64_t name, uint16_t type, uint16_t covered, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    uint64_t sum = hash_fold(name ^ ((uint64_t)type << 48 | (uint64_t)covered << 32 | ttl), UINT64_C(0xa0761d6478bd642f));
    if (type != TYPE_SOA)
        return digest_octets(sum, rdata, size);
    size_t serial = rdata_soa_serial_offset(rdata, size);
    if (serial + 4 > size)
        return 0;
    return digest_octets(digest_octets(sum, rdata, serial), rdata + serial + 4, size - serial - 4);
}

#endif
