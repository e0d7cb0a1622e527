/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/status.h -- how a function says what became of it.
 *
 *  One enum for the whole house.  A function that can fail returns it, hands its result out by an
 *  out-parameter, and writes that parameter on OK only.  Rcodes are not errors: NXDOMAIN is an answer. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, first) __attribute__((__format__(__printf__, text_at, first)))
#define PUBLIC_API __attribute__((visibility("default")))

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

enum status {
    OK = 0,
    E_NOMEM,          /**< an allocation failed */
    E_TRUNCATED,      /**< the input ends before the thing it should hold */
    E_BAD_NAME,       /**< a domain name over 255 octets, a label over 63, or a reserved label type */
    E_BAD_POINTER,    /**< a compression pointer that does not lead strictly backwards */
    E_BAD_RDATA,      /**< rdata that does not fit its type */
    E_BAD_TEXT,       /**< text that does not parse */
    E_BAD_FORMAT,     /**< a message or file that breaks its format (a query so broken gets FORMERR) */
    E_BAD_VERSION,    /**< a version that this code does not speak */
    E_RANGE,          /**< a number outside its range */
    E_NO_SPACE,       /**< the caller's buffer is full */
    E_NOT_FOUND,      /**< it does not exist */
    E_EXISTS,         /**< it exists already */
    E_LIMIT,          /**< a configured or fixed limit was reached */
    E_REFUSED,        /**< policy says no */
    E_AGAIN,          /**< not now: try later */
    E_CLOSED,         /**< the other side is gone */
    E_TIMEOUT,        /**< the other side did not answer in time */
    E_SYSTEM,         /**< the operating system refused; errno says why */
    E_INVALID,        /**< refused as a whole; the diagnostics sink says why */
    E_UNSUPPORTED,    /**< valid, but not in this version */
    STATUS_COUNT
};

/** A constant sentence fragment, such as "out of memory". Never NULL, never freed. */
const char *status_text(enum status status);

/* Promises come in three strengths.  require: start-up and programming contracts, stays in release, ends
 * the process.  check: on the query path; counts the breach, logs it once a minute, and yields false, so
 * that the caller answers SERVFAIL and goes on.  debug_assert: gone in release. */
#define require(condition) \
    ((condition) ? (void)0 : require_failed(#condition, __FILE__, __LINE__))
#define check(condition) ((condition) || check_failed(#condition, __FILE__, __LINE__))
#define debug_assert(condition) assert(condition)

_Noreturn void require_failed(const char *condition, const char *file, int line);
/** Counts and logs; always false. */
bool check_failed(const char *condition, const char *file, int line);
/** How many checks failed since the start; a metric. */
uint64_t check_failures(void);

#endif
