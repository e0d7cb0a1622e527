/* SPDX-License-Identifier: Apache-2.0 */
/* A cookie is good only if the same secret makes it again for the same client at the time it names; and what is made is good. */
#include "policy/policy.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cookie_secrets secrets = { .count = 2, .secret = { "sixteen octets..", "another sixteen." } };
    struct address client = { .family = 4, .bytes = { 192, 0, 2, 1 } };
    uint32_t now = 1559731985;
    if (size && data[0] & 1) { /* half of the time an own cookie, bent by the input */
        uint8_t cookie[COOKIE_BYTES] = "clientck", bent[COOKIE_BYTES];
        cookie_make(&secrets, cookie, &client, now, cookie);
        memcpy(bent, cookie, sizeof bent);
        for (size_t i = 1; i < size && i <= sizeof bent; i++)
            bent[i - 1] ^= data[i];
        bool same = memcmp(bent, cookie, sizeof bent) == 0;
        require((cookie_check(&secrets, bent, sizeof bent, &client, now) == COOKIE_GOOD) == same);
        return 0;
    }
    enum cookie_verdict verdict = cookie_check(&secrets, data, size, &client, now);
    require((verdict == COOKIE_CLIENT_ONLY) == (size == 8));
    require((verdict == COOKIE_MALFORMED) == (size < 8 || (size > 8 && size < 16) || size > 40));
    return 0;
}
