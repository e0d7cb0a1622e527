/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"
#include "base/arena.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static const struct { const char *name; size_t bytes; } algorithms[DIGEST_COUNT] = {
    [DIGEST_SHA1] = { "SHA1", DIGEST_SHA1_BYTES },
    [DIGEST_SHA256] = { "SHA256", DIGEST_SHA256_BYTES },
    [DIGEST_SHA384] = { "SHA384", DIGEST_SHA384_BYTES },
    [DIGEST_SHA512] = { "SHA512", DIGEST_SHA512_BYTES },
    [DIGEST_RIPEMD160] = { "RIPEMD160", DIGEST_RIPEMD160_BYTES },
    [DIGEST_SHA512_256] = { "SHA512-256", DIGEST_SHA512_256_BYTES },
    [DIGEST_SHA3_256] = { "SHA3-256", DIGEST_SHA3_256_BYTES },
};

/* The algorithm is fetched once and kept: fetching takes locks and about a microsecond. */
struct digest_state {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

size_t digest_bytes(enum digest digest) { return algorithms[digest].bytes; }

enum status digest_once(enum digest digest, const void *data, size_t bytes, uint8_t *out)
{
    return EVP_Q_digest(NULL, algorithms[digest].name, NULL, data, bytes, out, NULL) == 1 ? OK : E_UNSUPPORTED;
}

enum status digest_sha256_twice(const void *data, size_t bytes, uint8_t out[DIGEST_SHA256_BYTES])
{
    uint8_t once[DIGEST_SHA256_BYTES];
    enum status status = digest_once(DIGEST_SHA256, data, bytes, once);
    return status == OK ? digest_once(DIGEST_SHA256, once, sizeof once, out) : status;
}

enum status digest_new(enum digest digest, struct digest_state **out)
{
    struct digest_state *state = mem_alloc(sizeof *state);
    if (!state)
        return E_NOMEM;
    state->algorithm = EVP_MD_fetch(NULL, algorithms[digest].name, NULL);
    state->context = EVP_MD_CTX_new();
    enum status status = !state->context ? E_NOMEM : !state->algorithm ? E_UNSUPPORTED : digest_begin(state);
    if (status != OK) {
        digest_free(state);
        return status;
    }
    *out = state;
    return OK;
}

void digest_free(struct digest_state *state)
{
    if (!state)
        return;
    EVP_MD_CTX_free(state->context);
    EVP_MD_free(state->algorithm);
    mem_free(state);
}

enum status digest_begin(struct digest_state *state)
{
    return EVP_DigestInit_ex2(state->context, state->algorithm, NULL) == 1 ? OK : E_UNSUPPORTED;
}

enum status digest_add(struct digest_state *state, const void *data, size_t bytes)
{
    return EVP_DigestUpdate(state->context, data, bytes) == 1 ? OK : E_UNSUPPORTED;
}

enum status digest_end(struct digest_state *state, uint8_t *out)
{
    return EVP_DigestFinal_ex(state->context, out, NULL) == 1 ? OK : E_UNSUPPORTED;
}

struct crypto_sha1 {
    struct digest_state *state;
};

enum status crypto_sha1_new(struct crypto_sha1 **out)
{
    struct crypto_sha1 *sha1 = mem_alloc(sizeof *sha1);
    if (!sha1)
        return E_NOMEM;
    enum status status = digest_new(DIGEST_SHA1, &sha1->state);
    if (status != OK) {
        mem_free(sha1);
        return status;
    }
    *out = sha1;
    return OK;
}

void crypto_sha1_free(struct crypto_sha1 *sha1)
{
    if (!sha1)
        return;
    digest_free(sha1->state);
    mem_free(sha1);
}

enum status crypto_sha1_rounds(struct crypto_sha1 *sha1, const void *data, size_t bytes, const void *salt,
                               size_t salt_bytes, unsigned rounds, uint8_t out[DIGEST_SHA1_BYTES])
{
    uint8_t hash[DIGEST_SHA1_BYTES];
    EVP_MD_CTX *context = sha1->state->context;
    for (unsigned round = 0; round <= rounds; round++) {
        bool done = EVP_DigestInit_ex2(context, sha1->state->algorithm, NULL) == 1 &&
                    EVP_DigestUpdate(context, data, bytes) == 1 &&
                    (salt_bytes == 0 || EVP_DigestUpdate(context, salt, salt_bytes) == 1) &&
                    EVP_DigestFinal_ex(context, hash, NULL) == 1;
        if (!done)
            return E_UNSUPPORTED;
        data = hash;
        bytes = sizeof hash;
    }
    memcpy(out, hash, sizeof hash);
    return OK;
}

enum status hmac_sha256(const void *key, size_t key_bytes, const void *data, size_t bytes,
                        uint8_t out[DIGEST_SHA256_BYTES])
{
    size_t length = 0;
    const unsigned char *done = EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key_bytes ? key : "", key_bytes, data,
                                          bytes, out, DIGEST_SHA256_BYTES, &length);
    return done && length == DIGEST_SHA256_BYTES ? OK : E_UNSUPPORTED;
}

bool crypto_equal(const void *a, const void *b, size_t bytes) { return bytes == 0 || CRYPTO_memcmp(a, b, bytes) == 0; }
