/* SPDX-License-Identifier: Apache-2.0 */
/* Keccak-f[1600] (the Keccak reference, version 3.0, section 1.2), the round written out with its 25 lanes in locals. */
#include "crypto/keccak.h"

#include <string.h>

enum { ROUNDS = 24 };

/* Iota: the output of a linear feedback shift register, reference section 1.2. */
static const uint64_t round_constants[ROUNDS] = {
    UINT64_C(0x0000000000000001), UINT64_C(0x0000000000008082), UINT64_C(0x800000000000808a),
    UINT64_C(0x8000000080008000), UINT64_C(0x000000000000808b), UINT64_C(0x0000000080000001),
    UINT64_C(0x8000000080008081), UINT64_C(0x8000000000008009), UINT64_C(0x000000000000008a),
    UINT64_C(0x0000000000000088), UINT64_C(0x0000000080008009), UINT64_C(0x000000008000000a),
    UINT64_C(0x000000008000808b), UINT64_C(0x800000000000008b), UINT64_C(0x8000000000008089),
    UINT64_C(0x8000000000008003), UINT64_C(0x8000000000008002), UINT64_C(0x8000000000000080),
    UINT64_C(0x000000000000800a), UINT64_C(0x800000008000000a), UINT64_C(0x8000000080008081),
    UINT64_C(0x8000000000008080), UINT64_C(0x0000000080000001), UINT64_C(0x8000000080008008),
};

static inline uint64_t turn(uint64_t lane, unsigned bits) { return lane << bits | lane >> (64 - bits); }

/* Lanes are little-endian whatever the machine is. */
static inline uint64_t load_lane(const uint8_t *octets)
{
    uint64_t lane = 0;
    for (unsigned i = 0; i < 8; i++)
        lane |= (uint64_t)octets[i] << (8 * i);
    return lane;
}

/* Lane x, y is a[x + 5 * y]. */
static void permute(uint64_t lanes[25])
{
    uint64_t a0 = lanes[0], a1 = lanes[1], a2 = lanes[2], a3 = lanes[3], a4 = lanes[4];
    uint64_t a5 = lanes[5], a6 = lanes[6], a7 = lanes[7], a8 = lanes[8], a9 = lanes[9];
    uint64_t a10 = lanes[10], a11 = lanes[11], a12 = lanes[12], a13 = lanes[13], a14 = lanes[14];
    uint64_t a15 = lanes[15], a16 = lanes[16], a17 = lanes[17], a18 = lanes[18], a19 = lanes[19];
    uint64_t a20 = lanes[20], a21 = lanes[21], a22 = lanes[22], a23 = lanes[23], a24 = lanes[24];
    for (unsigned round = 0; round < ROUNDS; round++) {
        /* theta */
        const uint64_t c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
        const uint64_t c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
        const uint64_t c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
        const uint64_t c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
        const uint64_t c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
        const uint64_t d0 = c4 ^ turn(c1, 1), d1 = c0 ^ turn(c2, 1), d2 = c1 ^ turn(c3, 1);
        const uint64_t d3 = c2 ^ turn(c4, 1), d4 = c3 ^ turn(c0, 1);
        /* rho and pi: lane x, y goes to y, 2x + 3y */
        const uint64_t b0 = a0 ^ d0, b1 = turn(a6 ^ d1, 44), b2 = turn(a12 ^ d2, 43),
                       b3 = turn(a18 ^ d3, 21), b4 = turn(a24 ^ d4, 14);
        const uint64_t b5 = turn(a3 ^ d3, 28), b6 = turn(a9 ^ d4, 20), b7 = turn(a10 ^ d0, 3),
                       b8 = turn(a16 ^ d1, 45), b9 = turn(a22 ^ d2, 61);
        const uint64_t b10 = turn(a1 ^ d1, 1), b11 = turn(a7 ^ d2, 6), b12 = turn(a13 ^ d3, 25),
                       b13 = turn(a19 ^ d4, 8), b14 = turn(a20 ^ d0, 18);
        const uint64_t b15 = turn(a4 ^ d4, 27), b16 = turn(a5 ^ d0, 36), b17 = turn(a11 ^ d1, 10),
                       b18 = turn(a17 ^ d2, 15), b19 = turn(a23 ^ d3, 56);
        const uint64_t b20 = turn(a2 ^ d2, 62), b21 = turn(a8 ^ d3, 55), b22 = turn(a14 ^ d4, 39),
                       b23 = turn(a15 ^ d0, 41), b24 = turn(a21 ^ d1, 2);
        /* chi, and iota on the first lane */
        a0 = b0 ^ (~b1 & b2) ^ round_constants[round];
        a1 = b1 ^ (~b2 & b3);
        a2 = b2 ^ (~b3 & b4);
        a3 = b3 ^ (~b4 & b0);
        a4 = b4 ^ (~b0 & b1);
        a5 = b5 ^ (~b6 & b7);
        a6 = b6 ^ (~b7 & b8);
        a7 = b7 ^ (~b8 & b9);
        a8 = b8 ^ (~b9 & b5);
        a9 = b9 ^ (~b5 & b6);
        a10 = b10 ^ (~b11 & b12);
        a11 = b11 ^ (~b12 & b13);
        a12 = b12 ^ (~b13 & b14);
        a13 = b13 ^ (~b14 & b10);
        a14 = b14 ^ (~b10 & b11);
        a15 = b15 ^ (~b16 & b17);
        a16 = b16 ^ (~b17 & b18);
        a17 = b17 ^ (~b18 & b19);
        a18 = b18 ^ (~b19 & b15);
        a19 = b19 ^ (~b15 & b16);
        a20 = b20 ^ (~b21 & b22);
        a21 = b21 ^ (~b22 & b23);
        a22 = b22 ^ (~b23 & b24);
        a23 = b23 ^ (~b24 & b20);
        a24 = b24 ^ (~b20 & b21);
    }
    lanes[0] = a0; lanes[1] = a1; lanes[2] = a2; lanes[3] = a3; lanes[4] = a4;
    lanes[5] = a5; lanes[6] = a6; lanes[7] = a7; lanes[8] = a8; lanes[9] = a9;
    lanes[10] = a10; lanes[11] = a11; lanes[12] = a12; lanes[13] = a13; lanes[14] = a14;
    lanes[15] = a15; lanes[16] = a16; lanes[17] = a17; lanes[18] = a18; lanes[19] = a19;
    lanes[20] = a20; lanes[21] = a21; lanes[22] = a22; lanes[23] = a23; lanes[24] = a24;
}

void keccak256_init(struct keccak256 *state) { memset(state, 0, sizeof *state); }

static void absorb(struct keccak256 *state, const uint8_t *block)
{
    for (size_t i = 0; i < KECCAK256_BLOCK_BYTES / 8; i++)
        state->lanes[i] ^= load_lane(block + 8 * i);
    permute(state->lanes);
}

static void add_octet(struct keccak256 *state, size_t at, uint8_t octet)
{
    state->lanes[at / 8] ^= (uint64_t)octet << (8 * (at % 8));
}

void keccak256_add(struct keccak256 *state, const void *data, size_t bytes)
{
    const uint8_t *octets = data;
    while (bytes > 0) {
        if (state->filled == 0 && bytes >= KECCAK256_BLOCK_BYTES) {
            absorb(state, octets);
            octets += KECCAK256_BLOCK_BYTES;
            bytes -= KECCAK256_BLOCK_BYTES;
            continue;
        }
        if (state->filled % 8 == 0 && bytes >= 8) {
            state->lanes[state->filled / 8] ^= load_lane(octets);
            octets += 8;
            bytes -= 8;
            state->filled += 8;
        } else {
            add_octet(state, state->filled++, *octets++);
            bytes--;
        }
        if (state->filled == KECCAK256_BLOCK_BYTES) {
            permute(state->lanes);
            state->filled = 0;
        }
    }
}

void keccak256_end(struct keccak256 *state, uint8_t out[KECCAK256_BYTES])
{
    add_octet(state, state->filled, 0x01);
    add_octet(state, KECCAK256_BLOCK_BYTES - 1, 0x80);
    permute(state->lanes);
    for (size_t i = 0; i < KECCAK256_BYTES; i++)
        out[i] = (uint8_t)(state->lanes[i / 8] >> (8 * (i % 8)));
}

void keccak256(const void *data, size_t bytes, uint8_t out[KECCAK256_BYTES])
{
    struct keccak256 state;
    keccak256_init(&state);
    keccak256_add(&state, data, bytes);
    keccak256_end(&state, out);
}

void keccak256_pair(const uint8_t a[KECCAK256_BYTES], const uint8_t b[KECCAK256_BYTES], uint8_t out[KECCAK256_BYTES])
{
    struct keccak256 state;
    keccak256_init(&state);
    keccak256_add(&state, a, KECCAK256_BYTES);
    keccak256_add(&state, b, KECCAK256_BYTES);
    keccak256_end(&state, out);
}
