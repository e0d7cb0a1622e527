/* SPDX-License-Identifier: Apache-2.0 */
/* A URL that http_url_check takes is read alike by libcurl: the same scheme, host and port, no user, no scope.  What may be
 * shown of it is a URL again, with the same host, and nothing of path or query. */
#include "http/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A part of what libcurl reads; "" when there is none. */
static void part(CURLU *url, CURLUPart which, char out[512])
{
    char *text = NULL;
    out[0] = 0;
    if (curl_url_get(url, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) == CURLUE_OK) {
        require(strlen(text) < 512);
        strcpy(out, text);
    }
    curl_free(text);
}

static void curl_reads_alike(const char *text, const struct http_url *url)
{
    char out[512], host[512];
    CURLU *other = curl_url();
    require(other != NULL);
    require(curl_url_set(other, CURLUPART_URL, text, 0) == CURLUE_OK);
    part(other, CURLUPART_SCHEME, out);
    require(strcmp(out, url->https ? "https" : "http") == 0);
    part(other, CURLUPART_PORT, out);
    require(strtoul(out, NULL, 10) == url->port);
    part(other, CURLUPART_USER, out);
    require(out[0] == 0);
    part(other, CURLUPART_PASSWORD, out);
    require(out[0] == 0);
    part(other, CURLUPART_ZONEID, out);
    require(out[0] == 0);
    part(other, CURLUPART_HOST, host);
    struct slice bare = slice_string(host);
    if (host[0] == '[')
        bare = slice_of(host + 1, bare.length - 2);
    struct address address;
    if (url->address.family)    /* libcurl may print an IPv6 address anew */
        require(address_parse(bare, &address) == OK && address_equal(&address, &url->address));
    else
        require(bare.length == url->host.length && strncasecmp(bare.data, url->host.data, bare.length) == 0);
    curl_url_cleanup(other);
}

static void shown_is_safe(const char *text, const struct http_url *url)
{
    struct http_url again;
    struct text shown;
    text_growing(&shown);
    http_url_add_public(&shown, text);
    require(http_url_check(shown.data, HTTP_URL_UNIX, &again, NULL) == OK);
    require(again.port == url->port && again.https == url->https && again.host.length == url->host.length);
    require(url->is_unix || (!strpbrk(shown.data, "?#@") && !strchr(shown.data + (url->https ? 8 : 7), '/')));
    text_clear(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned tries[] = { 0, HTTP_URL_UNIX, HTTP_URL_HTTPS | HTTP_URL_PUBLIC, HTTP_URL_HTTPS | HTTP_URL_PUBLIC | HTTP_URL_LOOPBACK };
    char *text = mem_room(size + 1);
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    for (size_t i = 0; i < LENGTH_OF(tries); i++) {
        struct http_url url;
        const char *reason = NULL;
        enum status st = http_url_check(text, tries[i], &url, &reason);
        require(st == OK || reason);
        if (st != OK)
            continue;
        shown_is_safe(text, &url);
        if (url.is_unix)
            continue;
        require(!memchr(url.host.data, '{', url.host.length) && url.port > 0);
        require(!(tries[i] & HTTP_URL_PUBLIC) || (tries[i] & HTTP_URL_LOOPBACK) || !url.address.family || address_is_public(&url.address));
        curl_reads_alike(text, &url);
    }
    mem_free(text);
    return 0;
}
