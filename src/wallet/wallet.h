/* SPDX-License-Identifier: Apache-2.0 */
/** @file wallet/wallet.h -- keys that own names: kept in key files (Ethereum's Web3 Secret Storage, version 3), unlocked, and
 *  used to sign digests.  Only `rhiz` has this room; the daemon is linked without it.
 *
 *  A secret lives in a page of its own that is not swapped, not dumped and not inherited by children, where the system
 *  allows; it is wiped when freed.  Nothing here prints a secret, and none leaves but encrypted. */
#ifndef WALLET_WALLET_H
#define WALLET_WALLET_H

#include "base/base.h"
#include "crypto/kdf.h"
#include "crypto/secp256k1.h"

/** A secret that may be read, such as a password: a page of its own. */
struct wallet_secret {
    size_t length;
    char data[];            /**< with a NUL behind it */
};
enum { WALLET_SECRET_MAX = 1024 };      /* octets */

/** @param length  at most WALLET_SECRET_MAX  @return NULL when out of memory or too long */
struct wallet_secret *wallet_secret_new(const void *data, size_t length);
void wallet_secret_free(struct wallet_secret *secret);      /**< wipes it; NULL is fine */

/** Asks on the terminal (/dev/tty), without echo.  @param twice  asks again and compares
 *  @return OK, E_SYSTEM (no terminal), E_INVALID (the two differ), E_LIMIT (too long), E_CLOSED (end of input, Ctrl-C), E_NOMEM */
MUST_CHECK enum status wallet_password_ask(const char *prompt, bool twice, struct wallet_secret **out);
/** The first line of an open file, without its end; an empty one is fine.  Reads nothing behind the line.
 *  @return OK, E_LIMIT, E_NOMEM, E_SYSTEM */
MUST_CHECK enum status wallet_password_read(int fd, struct wallet_secret **out);

/* ---- keys ---- */

/** One secret key on secp256k1. */
struct wallet_key;

/** A fresh one, from the kernel's generator.  @return OK, E_NOMEM */
MUST_CHECK enum status wallet_key_new(struct wallet_key **out);
/** 64 hexadecimal digits, with or without 0x; white space around them is fine.
 *  @return OK, E_BAD_TEXT, E_INVALID (zero, or not below the order of the curve), E_NOMEM */
MUST_CHECK enum status wallet_key_import(struct slice text, struct wallet_key **out);
void wallet_key_free(struct wallet_key *key);               /**< wipes it; NULL is fine */
/** 20 octets, borrowed from the key. */
const uint8_t *wallet_key_address(const struct wallet_key *key);

/** Signs for one chain.
 *  @param chain  the chain for which the digest is; 0 = good on every chain
 *  @return OK, E_REFUSED (everybody has this key, and the chain is no development chain), E_NOMEM.
 *  There is no way around the refusal. */
MUST_CHECK enum status wallet_sign(const struct wallet_key *key, uint64_t chain, const uint8_t digest[ECDSA_DIGEST_BYTES],
                                   struct ecdsa_signature *out);

/** Whether the key of an address is known to everybody: accounts of the mnemonics that development tools ship. */
bool wallet_key_is_public_knowledge(const uint8_t address[ETHEREUM_ADDRESS_BYTES]);
/** Where it comes from, such as "Hardhat and Foundry"; NULL when it is not known.  Borrowed for ever. */
const char *wallet_key_public_source(const uint8_t address[ETHEREUM_ADDRESS_BYTES]);
/** The same for a key at hand, which may also be one that anybody would guess (1, 2, 3 ..., the same octet 32 times). */
bool wallet_key_is_public(const struct wallet_key *key);
/** Numbers that development nodes give their chain: 1337, 5777, 31337 (and 31338 for a second one).  Every other is public. */
bool chain_id_is_development(uint64_t chain);

/* ---- key files ---- */

/** What it costs to try a password. */
struct wallet_cost {
    struct scrypt_cost scrypt;
    uint64_t pbkdf2_rounds;     /**< over 0: PBKDF2 is used instead of scrypt */
};
/** n 262144, r 8, p 1: a quarter of a gigabyte and about a second. */
struct wallet_cost wallet_cost_standard(void);
/** n 4096, r 8, p 6: 4 MiB and a tenth of a second; for tests and small machines. */
struct wallet_cost wallet_cost_light(void);

enum { WALLET_FILE_MAX = 64 << 10, WALLET_FILES_MAX = 10000 };      /* octets of a key file; files of a folder */

/** Encrypts a key into the text of a key file.
 *  @param out  grows or has 1024 octets of room
 *  @return OK, E_NOMEM, E_NO_SPACE, E_RANGE or E_LIMIT (the cost), E_UNSUPPORTED */
MUST_CHECK enum status wallet_seal(const struct wallet_key *key, const struct wallet_secret *password, const struct wallet_cost *cost,
                                   struct text *out);
/** Decrypts the text of a key file: version 3 (scrypt or PBKDF2 with HMAC-SHA-256; AES-128 in counter mode), or that of
 *  Ethereum's sale of 2014.  Its cost may be anything up to a gigabyte and some minutes.
 *  @return OK, E_REFUSED (the password is wrong, or the file was changed), E_INVALID (it holds another key than its address
 *          says), E_BAD_FORMAT (no key file), E_UNSUPPORTED (another version, cipher or function), E_LIMIT (it asks for more
 *          memory or time than is sane), E_NOMEM */
MUST_CHECK enum status wallet_open(struct slice text, const struct wallet_secret *password, struct wallet_key **out);
/** The address that a key file claims; nothing is decrypted, so it may lie.
 *  @return OK, E_NOT_FOUND (it does not say), E_BAD_FORMAT, E_NOMEM */
MUST_CHECK enum status wallet_file_address(struct slice text, uint8_t out[ETHEREUM_ADDRESS_BYTES]);

/** A key file of a folder. */
struct wallet_entry {
    const char *path;       /**< FOLDER/NAME, borrowed for the call */
    bool known;             /**< it says its address */
    uint8_t address[ETHEREUM_ADDRESS_BYTES];
};
/** Each key file of a folder (others are passed over), oldest name first, until the callback returns false.
 *  @return OK (also when there is no folder), E_LIMIT (over WALLET_FILES_MAX names), E_NOMEM, E_SYSTEM */
MUST_CHECK enum status wallet_list(const char *folder, bool (*each)(void *context, const struct wallet_entry *entry), void *context);
/** The path of the key file of an address; with address NULL that of the only one.
 *  @return OK, E_NOT_FOUND, E_EXISTS (address NULL, and there are several), E_LIMIT, E_NOMEM, E_SYSTEM, E_NO_SPACE */
MUST_CHECK enum status wallet_find(const char *folder, const uint8_t *address, char *path, size_t room);
/** Encrypts a key into a new file of the folder, which is made when it is missing: UTC--TIME--ADDRESS, mode 0600, durable.
 *  @param unix_ms  civil time
 *  @param path     where it went
 *  @return OK, E_EXISTS (a file of this address is there; `path` tells which), and as wallet_seal and store_file_write */
MUST_CHECK enum status wallet_store(const char *folder, const struct wallet_key *key, const struct wallet_secret *password,
                                    const struct wallet_cost *cost, uint64_t unix_ms, char *path, size_t room);
/** Reads a key file and decrypts it.  @return as store_file_read and wallet_open */
MUST_CHECK enum status wallet_load(const char *path, const struct wallet_secret *password, struct wallet_key **out);

#endif
