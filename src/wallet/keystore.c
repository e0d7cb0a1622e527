/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: Web3 Secret Storage, version 3. */
#include "wallet/inside.h"

#include "crypto/crypto.h"
#include "crypto/keccak.h"

#include <string.h>
#include <strings.h>

enum { DERIVED = 32, IV = 16, SALT = 32, SALT_MOST = 256 };

struct wallet_cost wallet_cost_standard(void) { return (struct wallet_cost){ { 262144, 8, 1 }, 0 }; }
struct wallet_cost wallet_cost_light(void) { return (struct wallet_cost){ { 4096, 8, 6 }, 0 }; }

/* A file taken apart; all of it public. */
struct file {
    uint8_t iv[IV], sealed[ECDSA_KEY_BYTES], mac[KECCAK256_BYTES], salt[SALT_MOST];
    size_t salt_bytes;
    struct wallet_cost cost;
};

/* The key from the password: its first half encrypts, its second goes into the MAC. */
static enum status derive(const struct file *file, const struct wallet_secret *password, uint8_t out[DERIVED])
{
    if (file->cost.pbkdf2_rounds > 0)
        return pbkdf2_derive(password->data, password->length, file->salt, file->salt_bytes, file->cost.pbkdf2_rounds, out, DERIVED);
    return scrypt_derive(password->data, password->length, file->salt, file->salt_bytes, file->cost.scrypt, out, DERIVED);
}

/* Keccak-256 of the second half and what is sealed. */
static void make_mac(const uint8_t derived[DERIVED], const uint8_t sealed[ECDSA_KEY_BYTES], uint8_t out[KECCAK256_BYTES])
{
    struct keccak256 state;
    keccak256_init(&state);
    keccak256_add(&state, derived + DERIVED / 2, DERIVED / 2);
    keccak256_add(&state, sealed, ECDSA_KEY_BYTES);
    keccak256_end(&state, out);
    mem_wipe(&state, sizeof state);
}

/* ---- reading ---- */

static enum status take_salt(const struct json_value *parameters, struct file *file)
{
    const char *text = json_value_get_text(parameters, "salt");
    if (text && strncasecmp(text, "0x", 2) == 0)
        text += 2;
    return text ? hex_decode(slice_string(text), file->salt, sizeof file->salt, &file->salt_bytes) == OK ? OK : E_BAD_FORMAT : E_BAD_FORMAT;
}

static enum status take_scrypt(const struct json_value *parameters, struct file *file)
{
    uint64_t r = 0, p = 0;
    if (!json_value_get_u64(parameters, "n", &file->cost.scrypt.n) || !json_value_get_u64(parameters, "r", &r) ||
        !json_value_get_u64(parameters, "p", &p))
        return E_BAD_FORMAT;
    if (r > UINT32_MAX || p > UINT32_MAX)
        return E_LIMIT;
    file->cost.scrypt.r = (uint32_t)r;
    file->cost.scrypt.p = (uint32_t)p;
    return OK;
}

static enum status take_pbkdf2(const struct json_value *parameters, struct file *file)
{
    const char *function = json_value_get_text(parameters, "prf");
    if (!function || !json_value_get_u64(parameters, "c", &file->cost.pbkdf2_rounds) || file->cost.pbkdf2_rounds == 0)
        return E_BAD_FORMAT;
    return strcmp(function, "hmac-sha256") == 0 ? OK : E_UNSUPPORTED;
}

static enum status take_function(const struct json_value *crypto, struct file *file)
{
    const struct json_value *parameters = json_value_get(crypto, "kdfparams");
    const char *name = json_value_get_text(crypto, "kdf");
    uint64_t length = 0;
    if (!name || !json_value_get_u64(parameters, "dklen", &length))
        return E_BAD_FORMAT;
    bool scrypt = strcasecmp(name, "scrypt") == 0;
    if ((!scrypt && strcasecmp(name, "pbkdf2") != 0) || length != DERIVED)
        return E_UNSUPPORTED;
    enum status status = take_salt(parameters, file);
    if (status != OK)
        return status;
    return scrypt ? take_scrypt(parameters, file) : take_pbkdf2(parameters, file);
}

/* `crypto` is spelled `Crypto` by some. */
static const struct json_value *get_crypto(const struct json_value *json)
{
    const struct json_value *crypto = json_value_get(json, "crypto");
    return crypto ? crypto : json_value_get(json, "Crypto");
}

static enum status take_apart(const struct json_value *json, struct file *file)
{
    const struct json_value *crypto = get_crypto(json);
    const char *cipher = json_value_get_text(crypto, "cipher");
    uint64_t version = 0;
    if (!json_value_is_object(crypto) || !json_value_get_u64(json, "version", &version) || !cipher)
        return E_BAD_FORMAT;
    if (version != 3 || strcasecmp(cipher, "aes-128-ctr") != 0)
        return E_UNSUPPORTED;
    if (!hex_exact(json_value_get_text(json_value_get(crypto, "cipherparams"), "iv"), file->iv, sizeof file->iv) ||
        !hex_exact(json_value_get_text(crypto, "ciphertext"), file->sealed, sizeof file->sealed) ||
        !hex_exact(json_value_get_text(crypto, "mac"), file->mac, sizeof file->mac))
        return E_BAD_FORMAT;
    return take_function(crypto, file);
}

enum status claimed_address(const struct json_value *file, uint8_t out[ETHEREUM_ADDRESS_BYTES])
{
    const char *text = json_value_get_text(file, "address");
    if (!text)
        text = json_value_get_text(file, "ethaddr");
    if (!text || text[0] == '\0')
        return E_NOT_FOUND;
    return hex_exact(text, out, ETHEREUM_ADDRESS_BYTES) ? OK : E_BAD_FORMAT;
}

/* The MAC is checked before anything is decrypted. */
static enum status decrypt(const struct file *file, const struct wallet_secret *password, struct wallet_key **out)
{
    uint8_t derived[DERIVED], mac[KECCAK256_BYTES], secret[ECDSA_KEY_BYTES];
    enum status status = derive(file, password, derived);
    if (status == OK) {
        make_mac(derived, file->sealed, mac);
        if (!crypto_equal(mac, file->mac, sizeof mac))
            status = E_REFUSED;
    }
    if (status == OK)
        status = aes128_counter(derived, file->iv, file->sealed, sizeof secret, secret);
    if (status == OK) {
        status = key_make(secret, out);
        status = status == E_INVALID ? E_BAD_FORMAT : status;
    }
    mem_wipe(derived, sizeof derived);
    mem_wipe(secret, sizeof secret);
    return status == E_RANGE ? E_BAD_FORMAT : status;   /* of the cost */
}

static enum status open_version_3(const struct json_value *json, const struct wallet_secret *password, struct wallet_key **out)
{
    struct file file = { .salt_bytes = 0 };
    enum status status = take_apart(json, &file);
    return status == OK ? decrypt(&file, password, out) : status;
}

enum status wallet_open(struct slice text, const struct wallet_secret *password, struct wallet_key **out)
{
    struct json_value *json = NULL;
    struct wallet_key *key = NULL;
    uint8_t claimed[ETHEREUM_ADDRESS_BYTES];
    enum status status = text.length > WALLET_FILE_MAX ? E_LIMIT : json_value_parse(text.data, text.length, &json);
    if (status != OK)
        return status == E_BAD_TEXT ? E_BAD_FORMAT : status;
    enum status claim = claimed_address(json, claimed);
    status = claim == E_BAD_FORMAT ? E_BAD_FORMAT : OK;
    if (status == OK)
        status = json_value_get(json, "encseed") ? presale_open(json, password, &key) : open_version_3(json, password, &key);
    if (status == OK && claim == OK && memcmp(claimed, key->address, sizeof claimed) != 0)
        status = E_INVALID;
    json_value_free(json);
    if (status != OK) {
        wallet_key_free(key);
        return status;
    }
    *out = key;
    return OK;
}

enum status wallet_file_address(struct slice text, uint8_t out[ETHEREUM_ADDRESS_BYTES])
{
    struct json_value *json = NULL;
    enum status status = text.length > WALLET_FILE_MAX ? E_BAD_FORMAT : json_value_parse(text.data, text.length, &json);
    if (status != OK)
        return status == E_NOMEM ? E_NOMEM : E_BAD_FORMAT;
    bool looks = json_value_is_object(get_crypto(json)) || json_value_get_text(json, "encseed");
    status = looks ? claimed_address(json, out) : E_BAD_FORMAT;
    json_value_free(json);
    return status;
}

/* ---- writing ---- */

static void set_hex(struct json_value *object, const char *key, const uint8_t *octets, size_t bytes)
{
    char buffer[2 * SALT_MOST + 1];
    struct text text;
    text_fixed(&text, buffer, sizeof buffer);
    text_add_hex(&text, octets, bytes, false);
    json_value_set_text(object, key, buffer);
}

/* A random identifier, RFC 9562 section 5.4.  It says nothing about the key. */
static void set_identifier(struct json_value *object)
{
    uint8_t octets[16];
    char buffer[40];
    struct text text;
    random_bytes(octets, sizeof octets);
    octets[6] = (uint8_t)((octets[6] & 0x0f) | 0x40);
    octets[8] = (uint8_t)((octets[8] & 0x3f) | 0x80);
    text_fixed(&text, buffer, sizeof buffer);
    for (size_t i = 0; i < sizeof octets; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text_add_char(&text, '-');
        text_add_hex(&text, octets + i, 1, false);
    }
    json_value_set_text(object, "id", buffer);
}

static struct json_value *function_parameters(const struct file *file)
{
    struct json_value *parameters = json_value_object();
    json_value_set_u64(parameters, "dklen", DERIVED);
    if (file->cost.pbkdf2_rounds > 0) {
        json_value_set_u64(parameters, "c", file->cost.pbkdf2_rounds);
        json_value_set_text(parameters, "prf", "hmac-sha256");
    } else {
        json_value_set_u64(parameters, "n", file->cost.scrypt.n);
        json_value_set_u64(parameters, "r", file->cost.scrypt.r);
        json_value_set_u64(parameters, "p", file->cost.scrypt.p);
    }
    set_hex(parameters, "salt", file->salt, file->salt_bytes);
    return parameters;
}

static enum status print_file(const struct file *file, const uint8_t address[ETHEREUM_ADDRESS_BYTES], struct text *out)
{
    struct json_value *json = json_value_object(), *crypto = json_value_object(), *parameters = json_value_object();
    json_value_set_u64(json, "version", 3);
    set_identifier(json);
    set_hex(json, "address", address, ETHEREUM_ADDRESS_BYTES);
    json_value_set_text(crypto, "cipher", "aes-128-ctr");
    set_hex(parameters, "iv", file->iv, sizeof file->iv);
    json_value_set(crypto, "cipherparams", parameters);
    set_hex(crypto, "ciphertext", file->sealed, sizeof file->sealed);
    json_value_set_text(crypto, "kdf", file->cost.pbkdf2_rounds > 0 ? "pbkdf2" : "scrypt");
    json_value_set(crypto, "kdfparams", function_parameters(file));
    set_hex(crypto, "mac", file->mac, sizeof file->mac);
    json_value_set(json, "crypto", crypto);
    enum status status = json_value_print(json, true, out);
    json_value_free(json);
    text_add_char(out, '\n');
    return status == OK && out->full ? E_NO_SPACE : status;
}

enum status wallet_seal(const struct wallet_key *key, const struct wallet_secret *password, const struct wallet_cost *cost,
                        struct text *out)
{
    struct file file = { .salt_bytes = SALT, .cost = *cost };
    uint8_t derived[DERIVED];
    random_bytes(file.salt, SALT);
    random_bytes(file.iv, sizeof file.iv);
    enum status status = derive(&file, password, derived);
    if (status == OK)
        status = aes128_counter(derived, file.iv, key->secret, sizeof file.sealed, file.sealed);
    if (status == OK)
        make_mac(derived, file.sealed, file.mac);
    mem_wipe(derived, sizeof derived);
    return status == OK ? print_file(&file, key->address, out) : status;
}
