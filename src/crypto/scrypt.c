/* SPDX-License-Identifier: Apache-2.0 */
/* scrypt, RFC 7914: libcrypto's, and one of our own for n from 2^(16 r), which libcrypto refuses and some key files have. */
#include "crypto/kdf.h"
#include "base/arena.h"

#include <openssl/evp.h>
#include <string.h>

enum { SALSA_WORDS = 16, WORK_MOST = 1 << 27, SLACK = 64 << 20 };

static inline uint32_t turn(uint32_t word, unsigned bits) { return word << bits | word >> (32 - bits); }

static inline void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *b ^= turn(*a + *d, 7);
    *c ^= turn(*b + *a, 9);
    *d ^= turn(*c + *b, 13);
    *a ^= turn(*d + *c, 18);
}

/* Salsa20/8 of x ^ in, into x: section 3. */
static void salsa(uint32_t x[SALSA_WORDS], const uint32_t in[SALSA_WORDS])
{
    uint32_t y[SALSA_WORDS];
    for (size_t i = 0; i < SALSA_WORDS; i++)
        y[i] = x[i] ^= in[i];
    for (int round = 0; round < 4; round++) {
        quarter(&y[0], &y[4], &y[8], &y[12]);
        quarter(&y[5], &y[9], &y[13], &y[1]);
        quarter(&y[10], &y[14], &y[2], &y[6]);
        quarter(&y[15], &y[3], &y[7], &y[11]);
        quarter(&y[0], &y[1], &y[2], &y[3]);
        quarter(&y[5], &y[6], &y[7], &y[4]);
        quarter(&y[10], &y[11], &y[8], &y[9]);
        quarter(&y[15], &y[12], &y[13], &y[14]);
    }
    for (size_t i = 0; i < SALSA_WORDS; i++)
        x[i] += y[i];
}

/* scryptBlockMix, section 4: even blocks go to the first half, odd ones to the second. */
static void mix_block(const uint32_t *in, uint32_t *out, size_t r)
{
    uint32_t x[SALSA_WORDS];
    memcpy(x, in + (2 * r - 1) * SALSA_WORDS, sizeof x);
    for (size_t i = 0; i < 2 * r; i++) {
        salsa(x, in + i * SALSA_WORDS);
        memcpy(out + (i / 2 + (i % 2) * r) * SALSA_WORDS, x, sizeof x);
    }
    mem_wipe(x, sizeof x);
}

/* scryptROMix, section 5.  @param table  room for n blocks and two more; a block is 32 r words */
static void mix_all(uint8_t *octets, struct scrypt_cost cost, uint32_t *table)
{
    const size_t words = 32 * (size_t)cost.r;
    uint32_t *x = table + cost.n * words, *y = x + words;
    for (size_t i = 0; i < words; i++)
        x[i] = (uint32_t)octets[4 * i] | (uint32_t)octets[4 * i + 1] << 8 | (uint32_t)octets[4 * i + 2] << 16 | (uint32_t)octets[4 * i + 3] << 24;
    for (uint64_t i = 0; i < cost.n; i++) {
        memcpy(table + i * words, x, words * sizeof *x);
        mix_block(table + i * words, x, cost.r);
    }
    for (uint64_t i = 0; i < cost.n; i++) {
        const uint32_t *last = x + words - SALSA_WORDS;
        const uint32_t *row = table + (((uint64_t)last[1] << 32 | last[0]) & (cost.n - 1)) * words;
        for (size_t j = 0; j < words; j++)
            y[j] = x[j] ^ row[j];
        mix_block(y, x, cost.r);
    }
    for (size_t i = 0; i < 4 * words; i++)
        octets[i] = (uint8_t)(x[i / 4] >> (8 * (i % 4)));
}

uint64_t scrypt_memory(struct scrypt_cost cost)
{
    uint64_t block = 128 * (uint64_t)cost.r;
    return cost.r != 0 && cost.n > UINT64_MAX / block ? UINT64_MAX : cost.n * block;
}

static enum status check_cost(struct scrypt_cost cost)
{
    if (cost.n < 2 || (cost.n & (cost.n - 1)) != 0 || cost.r == 0 || cost.p == 0 || (uint64_t)cost.r * cost.p >= 1u << 30)
        return E_RANGE;
    if (scrypt_memory(cost) > KDF_MEMORY_MOST || cost.n * cost.r > WORK_MOST / cost.p || (uint64_t)cost.r * cost.p > WORK_MOST / 128)
        return E_LIMIT;
    return OK;
}

static enum status derive_here(const void *password, size_t password_bytes, const void *salt, size_t salt_bytes,
                               struct scrypt_cost cost, uint8_t *out, size_t out_bytes)
{
    const size_t block = 128 * (size_t)cost.r, blocks = block * cost.p, table_bytes = (size_t)cost.n * block + 2 * block;
    uint8_t *octets = mem_alloc(blocks);
    uint32_t *table = mem_room(table_bytes);
    enum status status = octets && table ? pbkdf2_derive(password, password_bytes, salt, salt_bytes, 1, octets, blocks) : E_NOMEM;
    for (size_t i = 0; status == OK && i < cost.p; i++)
        mix_all(octets + i * block, cost, table);
    if (status == OK)
        status = pbkdf2_derive(password, password_bytes, octets, blocks, 1, out, out_bytes);
    if (octets)
        mem_wipe(octets, blocks);
    if (table)
        mem_wipe(table, table_bytes);
    mem_free(octets);
    mem_free(table);
    return status;
}

enum status scrypt_derive(const void *password, size_t password_bytes, const void *salt, size_t salt_bytes,
                          struct scrypt_cost cost, uint8_t *out, size_t out_bytes)
{
    enum status status = check_cost(cost);
    if (status != OK)
        return status;
    if (cost.r < 4 && cost.n >> (16 * cost.r) != 0)
        return derive_here(password, password_bytes, salt, salt_bytes, cost, out, out_bytes);
    uint64_t memory = scrypt_memory(cost) + 128 * (uint64_t)cost.r * cost.p + SLACK;     /* libcrypto counts its other blocks too */
    return EVP_PBE_scrypt(password_bytes ? password : "", password_bytes, salt, salt_bytes, cost.n, cost.r, cost.p, memory, out,
                          out_bytes) == 1 ? OK : E_NOMEM;
}
