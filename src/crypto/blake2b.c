/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b, RFC 7693 section 3.  libcrypto has it with 64 octets only; addresses of other chains want 4 to 32. */
#include "crypto/crypto.h"

#include <string.h>

enum { BLOCK = 128, ROUNDS = 12, OUT_MOST = 64 };

/* Section 2.6: the first 64 bits of the fractional parts of the square roots of the first eight primes. */
static const uint64_t start[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
    UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f), UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};

/* Section 2.7: in which order a round takes the words of the message; after ten rounds from the first again. */
static const uint8_t order[10][16] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }, { 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
    { 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 }, { 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
    { 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 }, { 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
    { 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 }, { 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
    { 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 }, { 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static inline uint64_t turn(uint64_t word, unsigned bits) { return word >> bits | word << (64 - bits); }

/* G of section 3.1. */
static inline void mix(uint64_t v[16], const uint8_t at[4], uint64_t x, uint64_t y)
{
    uint64_t *a = &v[at[0]], *b = &v[at[1]], *c = &v[at[2]], *d = &v[at[3]];
    *a += *b + x;
    *d = turn(*d ^ *a, 32);
    *c += *d;
    *b = turn(*b ^ *c, 24);
    *a += *b + y;
    *d = turn(*d ^ *a, 16);
    *c += *d;
    *b = turn(*b ^ *c, 63);
}

/* F of section 3.2.  Messages are held in memory, so 64 bits count their octets. */
static void compress(uint64_t h[8], const uint8_t block[BLOCK], uint64_t count, bool last)
{
    static const uint8_t columns[8][4] = { { 0, 4, 8, 12 }, { 1, 5, 9, 13 }, { 2, 6, 10, 14 }, { 3, 7, 11, 15 },
                                           { 0, 5, 10, 15 }, { 1, 6, 11, 12 }, { 2, 7, 8, 13 }, { 3, 4, 9, 14 } };
    uint64_t v[16], m[16] = { 0 };
    memcpy(v, h, 8 * sizeof *v);
    memcpy(v + 8, start, sizeof start);
    v[12] ^= count;
    v[14] = last ? ~v[14] : v[14];
    for (size_t i = 0; i < BLOCK; i++)
        m[i / 8] |= (uint64_t)block[i] << (8 * (i % 8));
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < 8; i++)
            mix(v, columns[i], m[order[round % 10][2 * i]], m[order[round % 10][2 * i + 1]]);
    for (size_t i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[i + 8];
}

void blake2b(const void *data, size_t bytes, uint8_t *out, size_t out_bytes)
{
    const uint8_t *octets = data;
    uint8_t block[BLOCK] = { 0 };
    uint64_t h[8], count = 0;
    require(out_bytes >= 1 && out_bytes <= OUT_MOST);
    memcpy(h, start, sizeof h);
    h[0] ^= 0x01010000 ^ out_bytes;                 /* section 2.5: depth 1, fanout 1, no key */
    for (; bytes - count > BLOCK; octets += BLOCK) {
        count += BLOCK;
        compress(h, octets, count, false);
    }
    if (bytes > count)
        memcpy(block, octets, bytes - count);
    compress(h, block, bytes, true);
    for (size_t i = 0; i < out_bytes; i++)
        out[i] = (uint8_t)(h[i / 8] >> (8 * (i % 8)));
}
