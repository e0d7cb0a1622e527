/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"
#include "base/arena.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

enum { WORK_MOST = 1 << 27, ROUNDS_MOST = 1 << 26, SCRYPT_SLACK = 64 << 20 };

uint64_t scrypt_memory(struct scrypt_cost cost)
{
    uint64_t block = 128 * (uint64_t)cost.r;
    return cost.r != 0 && cost.n > UINT64_MAX / block ? UINT64_MAX : cost.n * block;
}

static enum status check_cost(struct scrypt_cost cost)
{
    if (cost.n < 2 || (cost.n & (cost.n - 1)) != 0 || cost.r == 0 || cost.p == 0 || (uint64_t)cost.r * cost.p >= 1u << 30)
        return E_RANGE;
    if (scrypt_memory(cost) > KDF_MEMORY_MOST || cost.n * cost.r > WORK_MOST / cost.p)
        return E_LIMIT;
    return OK;
}

enum status scrypt_derive(const void *password, size_t password_bytes, const void *salt, size_t salt_bytes,
                          struct scrypt_cost cost, uint8_t *out, size_t out_bytes)
{
    enum status status = check_cost(cost);
    if (status != OK)
        return status;
    /* The limit of libcrypto counts its small blocks of 128 r p octets too. */
    uint64_t memory = scrypt_memory(cost) + 128 * (uint64_t)cost.r * cost.p + SCRYPT_SLACK;
    return EVP_PBE_scrypt(password_bytes ? password : "", password_bytes, salt, salt_bytes, cost.n, cost.r, cost.p, memory, out,
                          out_bytes) == 1 ? OK : E_NOMEM;
}

enum status pbkdf2_derive(const void *password, size_t password_bytes, const void *salt, size_t salt_bytes, uint64_t rounds,
                          uint8_t *out, size_t out_bytes)
{
    if (rounds == 0 || password_bytes > INT_MAX || salt_bytes > INT_MAX || out_bytes > INT_MAX)
        return E_RANGE;
    if (rounds > ROUNDS_MOST)
        return E_LIMIT;
    return PKCS5_PBKDF2_HMAC(password_bytes ? password : "", (int)password_bytes, salt, (int)salt_bytes, (int)rounds, EVP_sha256(),
                             (int)out_bytes, out) == 1 ? OK : E_UNSUPPORTED;
}

enum status aes128_counter(const uint8_t key[16], const uint8_t counter[16], const uint8_t *data, size_t bytes, uint8_t *out)
{
    int length = 0;
    if (bytes > INT_MAX)
        return E_UNSUPPORTED;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context)
        return E_NOMEM;
    bool done = EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), NULL, key, counter) == 1 &&
                EVP_EncryptUpdate(context, out, &length, data, (int)bytes) == 1 && (size_t)length == bytes;
    EVP_CIPHER_CTX_free(context);                   /* wipes the key */
    return done ? OK : E_UNSUPPORTED;
}

/* Octets that came out, or E_BAD_FORMAT. */
static enum status decrypt_all(EVP_CIPHER_CTX *context, const uint8_t *data, size_t bytes, uint8_t *out, size_t *length)
{
    int first = 0, last = 0;
    if (EVP_DecryptUpdate(context, out, &first, data, (int)bytes) != 1 || EVP_DecryptFinal_ex(context, out + first, &last) != 1)
        return E_BAD_FORMAT;
    *length = (size_t)first + (size_t)last;
    return OK;
}

enum status aes128_cbc_decrypt(const uint8_t key[16], const uint8_t iv[16], const uint8_t *data, size_t bytes, uint8_t *out, size_t *length)
{
    if (bytes == 0 || bytes % 16 != 0 || bytes > INT_MAX)
        return E_BAD_FORMAT;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (!context)
        return E_NOMEM;
    enum status status = EVP_DecryptInit_ex(context, EVP_aes_128_cbc(), NULL, key, iv) == 1 ? OK : E_UNSUPPORTED;
    if (status == OK)
        status = decrypt_all(context, data, bytes, out, length);
    EVP_CIPHER_CTX_free(context);
    return status;
}
