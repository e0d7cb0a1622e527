/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

const char *status_text(enum status status)
{
    static const char *const texts[STATUS_COUNT] = {
        [OK] = "ok",
        [E_NOMEM] = "out of memory",
        [E_TRUNCATED] = "input ends too early",
        [E_BAD_NAME] = "bad domain name",
        [E_BAD_POINTER] = "bad compression pointer",
        [E_BAD_RDATA] = "record data does not fit its type",
        [E_BAD_TEXT] = "text does not parse",
        [E_BAD_FORMAT] = "bad format",
        [E_BAD_VERSION] = "unknown version",
        [E_RANGE] = "number out of range",
        [E_NO_SPACE] = "no space left in the buffer",
        [E_NOT_FOUND] = "not found",
        [E_EXISTS] = "exists already",
        [E_LIMIT] = "limit reached",
        [E_REFUSED] = "refused by policy",
        [E_AGAIN] = "try again later",
        [E_CLOSED] = "closed by the other side",
        [E_TIMEOUT] = "timed out",
        [E_SYSTEM] = "system error",
        [E_INVALID] = "invalid",
        [E_UNSUPPORTED] = "not supported in this version",
    };
    return (unsigned)status < STATUS_COUNT ? texts[status] : "unknown status";
}
