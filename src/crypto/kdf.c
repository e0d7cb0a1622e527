/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/kdf.h"

#include <limits.h>
#include <openssl/evp.h>

enum { ROUNDS_MOST = 1 << 26 };

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
