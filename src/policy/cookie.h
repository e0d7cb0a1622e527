/* SPDX-License-Identifier: Apache-2.0 */
/** @file policy/cookie.h -- DNS cookies.  RFC 7873, server cookies interoperable by RFC 9018. */
#ifndef POLICY_COOKIE_H
#define POLICY_COOKIE_H

#include "base/base.h"

enum { COOKIE_CLIENT_BYTES = 8, COOKIE_SERVER_BYTES = 16, COOKIE_BYTES = 24, COOKIE_SECRET_BYTES = 16, COOKIE_SECRETS = 2 };

/** Secrets: the first makes cookies, all are accepted. */
struct cookie_secrets { uint8_t count; uint8_t secret[COOKIE_SECRETS][COOKIE_SECRET_BYTES]; };
/** One secret from the random generator. */
void cookie_secrets_random(struct cookie_secrets *out);
/** Overwrites the secrets; none is left. */
void cookie_secrets_wipe(struct cookie_secrets *secrets);
/** Reads files of 32 hex digits each. @return OK, E_SYSTEM, E_BAD_TEXT; says what is wrong, never the secret. */
MUST_CHECK enum status cookie_secrets_read(const char *const *files, size_t count, struct cookie_secrets *out, struct diagnostics *diag);

enum cookie_verdict {
    COOKIE_MALFORMED,       /**< FORMERR, RFC 7873 §5.2.2 */
    COOKIE_CLIENT_ONLY,     /**< a client cookie alone */
    COOKIE_BAD,             /**< a server cookie that is not ours, or too old, or of another address */
    COOKIE_GOOD,            /**< valid: the client's address is proven */
    COOKIE_GOOD_RENEW       /**< valid, but by an old secret or over half an hour old: send a fresh one */
};
enum cookie_verdict cookie_check(const struct cookie_secrets *secrets, const uint8_t *option, size_t bytes,
                                 const struct address *client, uint32_t now_seconds);
/** Client cookie + fresh server cookie. */
void cookie_make(const struct cookie_secrets *secrets, const uint8_t client_cookie[COOKIE_CLIENT_BYTES],
                 const struct address *client, uint32_t now_seconds, uint8_t out[COOKIE_BYTES]);

#endif
