/* SPDX-License-Identifier: Apache-2.0 */
#include "wallet/inside.h"

#include <string.h>
#include <sys/mman.h>

/* What the system does not allow (limits on locked memory, older kernels) is done without. */
void *secret_alloc(size_t bytes)
{
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return NULL;
    (void)mlock(block, bytes);
    (void)madvise(block, bytes, MADV_DONTDUMP);
    (void)madvise(block, bytes, MADV_WIPEONFORK);
    return block;
}

void secret_free(void *block, size_t bytes)
{
    if (!block)
        return;
    mem_wipe(block, bytes);
    (void)munmap(block, bytes);
}

static size_t secret_size(size_t length) { return sizeof(struct wallet_secret) + length + 1; }

struct wallet_secret *wallet_secret_new(const void *data, size_t length)
{
    if (length > WALLET_SECRET_MAX)
        return NULL;
    struct wallet_secret *secret = secret_alloc(secret_size(length));
    if (!secret)
        return NULL;
    secret->length = length;
    if (length > 0)
        memcpy(secret->data, data, length);
    return secret;
}

void wallet_secret_free(struct wallet_secret *secret)
{
    if (secret)
        secret_free(secret, secret_size(secret->length));
}

bool hex_exact(const char *text, uint8_t *out, size_t bytes)
{
    size_t length = 0;
    if (text && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    return text && strlen(text) == 2 * bytes && hex_decode(slice_string(text), out, bytes, &length) == OK && length == bytes;
}

enum status key_make(const uint8_t secret[ECDSA_KEY_BYTES], struct wallet_key **out)
{
    struct wallet_key *key = secret_alloc(sizeof *key);
    if (!key)
        return E_NOMEM;
    memcpy(key->secret, secret, sizeof key->secret);
    enum status status = ecdsa_key_address(secret, key->address);
    if (status != OK) {
        wallet_key_free(key);
        return status;
    }
    *out = key;
    return OK;
}

enum status wallet_key_new(struct wallet_key **out)
{
    uint8_t secret[ECDSA_KEY_BYTES];
    do
        random_bytes(secret, sizeof secret);
    while (!ecdsa_key_check(secret));               /* one in 2^127 is none */
    enum status status = key_make(secret, out);
    mem_wipe(secret, sizeof secret);
    return status;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

enum status wallet_key_import(struct slice text, struct wallet_key **out)
{
    uint8_t secret[ECDSA_KEY_BYTES];
    size_t length = 0;
    while (text.length > 0 && is_space(text.data[0]))
        text = slice_of(text.data + 1, text.length - 1);
    while (text.length > 0 && is_space(text.data[text.length - 1]))
        text.length--;
    if (text.length >= 2 && text.data[0] == '0' && (text.data[1] == 'x' || text.data[1] == 'X'))
        text = slice_of(text.data + 2, text.length - 2);
    if (text.length != 2 * sizeof secret)
        return E_BAD_TEXT;
    enum status status = hex_decode(text, secret, sizeof secret, &length);
    if (status == OK)
        status = key_make(secret, out);
    mem_wipe(secret, sizeof secret);
    return status;
}

void wallet_key_free(struct wallet_key *key) { secret_free(key, sizeof *key); }

const uint8_t *wallet_key_address(const struct wallet_key *key) { return key->address; }

/* Keys that somebody tries first: small numbers, and one octet repeated. */
static bool is_guessable(const uint8_t secret[ECDSA_KEY_BYTES])
{
    uint8_t high = 0, differs = 0;
    for (size_t i = 0; i < ECDSA_KEY_BYTES; i++) {
        high |= i + sizeof(uint32_t) < ECDSA_KEY_BYTES ? secret[i] : 0;
        differs |= secret[i] ^ secret[0];
    }
    return high == 0 || differs == 0;
}

bool wallet_key_is_public(const struct wallet_key *key)
{
    return is_guessable(key->secret) || wallet_key_is_public_knowledge(key->address);
}

enum status wallet_sign(const struct wallet_key *key, uint64_t chain, const uint8_t digest[ECDSA_DIGEST_BYTES],
                        struct ecdsa_signature *out)
{
    if (!chain_id_is_development(chain) && wallet_key_is_public(key))
        return E_REFUSED;
    return ecdsa_sign(key->secret, digest, out);
}
