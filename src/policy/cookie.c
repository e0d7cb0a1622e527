/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/cookie.h"
#include "crypto/crypto.h"
#include "wire/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 9018 4: version 1, three reserved octets, the time, and 8 octets of hash. */
enum { VERSION_AT = 8, TIME_AT = 12, HASH_AT = 16, VERSION = 1 };
/* RFC 9018 4.3. */
enum { PAST_MOST_SECONDS = 3600, FUTURE_MOST_SECONDS = 300, RENEW_AFTER_SECONDS = 1800 };
/* RFC 7873 4: the client's part alone, or with 8 to 32 octets of the server's. */
enum { OPTION_LEAST = COOKIE_CLIENT_BYTES + 8, OPTION_MOST = COOKIE_CLIENT_BYTES + 32 };

/* SipHash-2-4 over client cookie, version, reserved, time and address, RFC 9018 4.4.  @return the eight octets as they stand
 * in the cookie, little-endian as SipHash defines its output */
static uint64_t hash_cookie(const uint8_t secret[COOKIE_SECRET_BYTES], const uint8_t *cookie, const struct address *client)
{
    uint8_t input[HASH_AT + sizeof client->bytes];
    memcpy(input, cookie, HASH_AT);
    memcpy(input + HASH_AT, client->bytes, sizeof client->bytes);
    return htole64(siphash24(secret, input, HASH_AT + (client->family == 4 ? 4 : sizeof client->bytes)));
}

enum cookie_verdict cookie_check(const struct cookie_secrets *secrets, const uint8_t *option, size_t bytes,
                                 const struct address *client, uint32_t now_seconds)
{
    if (bytes == COOKIE_CLIENT_BYTES)
        return COOKIE_CLIENT_ONLY;
    if (bytes < OPTION_LEAST || bytes > OPTION_MOST)
        return COOKIE_MALFORMED;
    if (bytes != COOKIE_BYTES || option[VERSION_AT] != VERSION)
        return COOKIE_BAD;
    /* Serial number arithmetic, so that 2106 is a second like any other. */
    uint32_t age = now_seconds - get_u32(option + TIME_AT);
    bool future = age >> 31;
    if (future ? -age > FUTURE_MOST_SECONDS : age > PAST_MOST_SECONDS)
        return COOKIE_BAD;
    for (unsigned i = 0; i < secrets->count; i++) {
        uint64_t want = hash_cookie(secrets->secret[i], option, client);
        if (!crypto_equal(&want, option + HASH_AT, sizeof want))
            continue;
        return i > 0 || (!future && age > RENEW_AFTER_SECONDS) ? COOKIE_GOOD_RENEW : COOKIE_GOOD;
    }
    return COOKIE_BAD;
}

void cookie_make(const struct cookie_secrets *secrets, const uint8_t client_cookie[COOKIE_CLIENT_BYTES],
                 const struct address *client, uint32_t now_seconds, uint8_t out[COOKIE_BYTES])
{
    require(secrets->count > 0);
    memmove(out, client_cookie, COOKIE_CLIENT_BYTES);
    memcpy(out + VERSION_AT, (const uint8_t[4]){ VERSION }, 4);
    put_u32(out + TIME_AT, now_seconds);
    uint64_t hash = hash_cookie(secrets->secret[0], out, client);
    memcpy(out + HASH_AT, &hash, sizeof hash);
}

void cookie_secrets_random(struct cookie_secrets *out)
{
    mem_wipe(out, sizeof *out);
    random_bytes(out->secret[0], COOKIE_SECRET_BYTES);
    out->count = 1;
}

void cookie_secrets_wipe(struct cookie_secrets *secrets) { mem_wipe(secrets, sizeof *secrets); }

/* 32 hex digits and at most one end of line. */
static enum status read_digits(int file, uint8_t secret[COOKIE_SECRET_BYTES])
{
    char text[2 * COOKIE_SECRET_BYTES + 3];
    size_t length = 0;
    ssize_t got = 0;
    do {
        length += (size_t)got;
        got = length < sizeof text ? read(file, text + length, sizeof text - length) : 0;
    } while (got > 0);
    enum status status = got < 0 ? E_SYSTEM : E_BAD_TEXT;
    if (got == 0 && length && text[length - 1] == '\n')
        length--;
    if (got == 0 && length && text[length - 1] == '\r')
        length--;
    size_t decoded = 0;
    if (got == 0 && length == 2 * COOKIE_SECRET_BYTES)
        status = hex_decode(slice_of(text, length), secret, COOKIE_SECRET_BYTES, &decoded);
    mem_wipe(text, sizeof text);
    return status;
}

static enum status read_secret(const char *path, uint8_t secret[COOKIE_SECRET_BYTES], struct diagnostics *diag)
{
    struct place place = { .file = path };
    struct stat facts;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || fstat(file, &facts) != 0) {
        diagnostics_add(diag, SEVERITY_ERROR, "cookie-secret", &place, "cannot read the cookie secret: %s",
                        strerror(errno));
        if (file >= 0)
            close(file);
        return E_SYSTEM;
    }
    enum status status = S_ISREG(facts.st_mode) ? read_digits(file, secret) : E_BAD_TEXT;
    if (status == E_SYSTEM)
        diagnostics_add(diag, SEVERITY_ERROR, "cookie-secret", &place, "cannot read the cookie secret: %s",
                        strerror(errno));
    else if (status != OK)
        diagnostics_add(diag, SEVERITY_ERROR, "cookie-secret", &place,
                        "a cookie secret is a file of 32 hex digits (128 bits) and nothing else");
    else if (facts.st_mode & (S_IWGRP | S_IRWXO))
        diagnostics_add(diag, SEVERITY_WARNING, "cookie-secret-mode", &place,
                        "others can read or change this secret (mode %04o); 0600 or 0640 would be right",
                        (unsigned)facts.st_mode & 07777);
    close(file);
    return status;
}

enum status cookie_secrets_read(const char *const *files, size_t count, struct cookie_secrets *out,
                                struct diagnostics *diag)
{
    if (count == 0 || count > COOKIE_SECRETS) {
        diagnostics_add(diag, SEVERITY_ERROR, "cookie-secret", NULL,
                        "%zu cookie secrets named; one, or two (the one in use and the old one) would be right", count);
        return E_BAD_TEXT;
    }
    struct cookie_secrets read = { .count = (uint8_t)count };
    enum status status = OK;
    for (size_t i = 0; i < count; i++) {
        enum status one = read_secret(files[i], read.secret[i], diag);
        status = status == OK ? one : status;
    }
    if (status == OK)
        *out = read;
    mem_wipe(&read, sizeof read);
    return status;
}
