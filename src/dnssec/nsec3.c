/* SPDX-License-Identifier: Apache-2.0 */
#include "dnssec/nsec3.h"
#include "base/arena.h"
#include "crypto/crypto.h"

#include <string.h>

struct nsec3_hasher {
    struct crypto_sha1 *sha1;
};

enum status nsec3_hasher_new(struct nsec3_hasher **out)
{
    struct nsec3_hasher *hasher = mem_alloc(sizeof *hasher);
    if (!hasher)
        return E_NOMEM;
    enum status st = crypto_sha1_new(&hasher->sha1);
    if (st != OK) {
        mem_free(hasher);
        return st;
    }
    *out = hasher;
    return OK;
}

void nsec3_hasher_free(struct nsec3_hasher *hasher)
{
    if (!hasher)
        return;
    crypto_sha1_free(hasher->sha1);
    mem_free(hasher);
}

enum status nsec3_hash(struct nsec3_hasher *hasher, const struct nsec3 *params, struct name_view name,
                       uint8_t out[NSEC3_HASH_BYTES])
{
    if (params->algorithm != NSEC3_HASH_SHA1)
        return E_UNSUPPORTED;
    struct name lower = name_copy(name);
    name_lower(lower.wire, lower.length);
    return crypto_sha1_rounds(hasher->sha1, lower.wire, lower.length, params->salt, params->salt_length,
                              params->iterations, out);
}

enum status nsec3_owner(const uint8_t hash[NSEC3_HASH_BYTES], struct name_view zone, struct name *out)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    uint8_t label[NSEC3_LABEL_BYTES];
    for (unsigned i = 0; i < NSEC3_LABEL_BYTES; i++) { /* five bits at a time; 160 is 32 times five */
        unsigned bit = i * 5, byte = bit / 8;
        unsigned pair = (unsigned)hash[byte] << 8 | (byte + 1 < NSEC3_HASH_BYTES ? hash[byte + 1] : 0u);
        label[i] = (uint8_t)digits[pair >> (11 - bit % 8) & 31];
    }
    return name_prepend(label, sizeof label, zone, out);
}

bool nsec3_covers(const uint8_t *owner, const uint8_t *next, const uint8_t *hash)
{
    bool above_owner = memcmp(hash, owner, NSEC3_HASH_BYTES) > 0;
    bool below_next = memcmp(hash, next, NSEC3_HASH_BYTES) < 0;
    bool last = memcmp(next, owner, NSEC3_HASH_BYTES) <= 0;
    if (memcmp(hash, owner, NSEC3_HASH_BYTES) == 0)
        return false;
    if (memcmp(next, owner, NSEC3_HASH_BYTES) == 0)
        return true; /* the only one: all but its own name */
    return last ? above_owner || below_next : above_owner && below_next;
}
