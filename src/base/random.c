/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *out, size_t count)
{
    uint8_t *at = out;
    while (count) {
        ssize_t got = getrandom(at, count, 0);
        require(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0) {
            at += got;
            count -= (size_t)got;
        }
    }
}

uint32_t random_u32(void)
{
    uint32_t value;
    random_bytes(&value, sizeof value);
    return value;
}

static uint64_t load_le64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

static uint64_t rotate(uint64_t value, unsigned bits) { return value << bits | value >> (64 - bits); }

/* Unrolled, and inline wherever it stands, so that the state is in registers. */
static inline __attribute__((always_inline)) void sip_rounds(uint64_t v[4], unsigned rounds)
{
#pragma GCC unroll 4
    for (unsigned i = 0; i < rounds; i++) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

/* SipHash-c-d, section 2 of the paper; the constant arguments make this three functions. */
static inline __attribute__((always_inline)) uint64_t sip(uint64_t k0, uint64_t k1, const uint8_t *data, size_t size,
                                                          unsigned c, unsigned d, bool nocase)
{
    uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                      k1 ^ 0x7465646279746573 };
    size_t left = size;
    for (; left >= 8; data += 8, left -= 8) {
        uint64_t word = nocase ? ascii_lower_8(load_le64(data)) : load_le64(data);
        v[3] ^= word;
        sip_rounds(v, c);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)(size & 0xff) << 56;
    size_t i = 0;
    if (left >= 4 && !nocase) {
        uint32_t four;
        memcpy(&four, data, sizeof four);
        last |= le32toh(four);
        i = sizeof four;
    }
    for (; i < left; i++)
        last |= (uint64_t)(nocase ? ascii_lower(data[i]) : data[i]) << (8 * i);
    v[3] ^= last;
    sip_rounds(v, c);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t siphash24(const uint8_t key[16], const void *data, size_t size)
{
    return sip(load_le64(key), load_le64(key + 8), data, size, 2, 4, false);
}

/* Many at a time: asking the kernel costs more than the rest of a small zone's index.  None is handed out twice. */
struct hash_key hash_key_random(void)
{
    enum { AHEAD = 32 };
    static _Thread_local struct hash_key keys[AHEAD];
    static _Thread_local unsigned left;
    if (left == 0) {
        random_bytes(keys, sizeof keys);
        left = AHEAD;
    }
    struct hash_key key = keys[--left];
    keys[left] = (struct hash_key){ 0 };
    return key;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t size)
{
    return sip(key->k0, key->k1, data, size, 1, 3, false);
}

uint64_t hash_bytes_nocase(const struct hash_key *key, const void *data, size_t size)
{
    return sip(key->k0, key->k1, data, size, 1, 3, true);
}

/* The last word overlaps the one before. */
uint64_t hash_link_long(const struct hash_key *key, uint64_t before, const uint8_t *data, size_t size)
{
    const uint8_t *last = data + size - 8;
    uint64_t hash = before ^ key->k0;
    for (; data < last; data += 8)
        hash = hash_fold(hash ^ ascii_lower_8(hash_load(data, 8)), key->k1);
    return hash_end(key, hash, ascii_lower_8(hash_load(last, 8)), size);
}
