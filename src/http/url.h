/* SPDX-License-Identifier: Apache-2.0 */
/** @file http/url.h -- what a URL must look like before anything is done with it.  RFC 3986, and less than that.
 *
 *  Two readers that understand a URL differently are what attacks live on; so everything that has more than one reading is
 *  refused: other spellings of IPv4 (octal, hex, short), userinfo, percent-encoding or letters beyond ASCII in the host, a dot at its
 *  end, scopes of IPv6, backslashes, white space. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/base.h"

enum { HTTP_URL_MAX = 65536 + 1024, HTTP_HOST_MAX = 253, HTTP_UNIX_PATH_MAX = 107 };

enum http_url_flags {
    HTTP_URL_HTTPS = 1,     /**< https only */
    HTTP_URL_PUBLIC = 2,    /**< a host that is an address must be public; a name must have a dot and not be `localhost` or below */
    HTTP_URL_LOOPBACK = 4,  /**< for tests: loopback addresses and `localhost` pass HTTP_URL_PUBLIC, and pass HTTP_URL_HTTPS with http */
    HTTP_URL_UNIX = 8       /**< unix:/PATH as well */
};

/** The parts of a URL; borrowed from it. */
struct http_url {
    bool https, is_unix;
    uint16_t port;          /**< the scheme's when none is written */
    struct slice host;      /**< without brackets; of unix: the path */
    struct address address; /**< of a host that is one; else family 0 */
};

/** Checks a URL, or a template: braces are fine behind the host and are refused in it.
 *  @param flags   enum http_url_flags, or-ed
 *  @param out     may be NULL
 *  @param reason  may be NULL; when it is refused gets a constant sentence that says why, without any part of the URL
 *  @return OK, E_BAD_TEXT (no such URL), E_REFUSED (one that the flags do not allow) */
MUST_CHECK enum status http_url_check(const char *url, unsigned flags, struct http_url *out, const char **reason);
/** The host is this suffix or below it; ASCII case and a dot at the suffix's end do not matter.  "" and "." are no suffix. */
bool http_host_is_below(struct slice host, const char *suffix);
/** Adds `https://host:port`, nothing that could be secret: what logs and metrics may show. */
void http_url_add_public(struct text *text, const char *url);

#endif
