/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"
#include "http/public.h"

#include <string.h>

static enum status refuse(enum status status, const char *why, const char **reason)
{
    if (reason)
        *reason = why;
    return status;
}

static bool is_alnum(char c) { return (uint8_t)(c - '0') < 10 || (uint8_t)(ascii_lower((uint8_t)c) - 'a') < 26; }

static bool starts_with(const char *text, const char *start)
{
    return slice_is_nocase(slice_of(text, strnlen(text, strlen(start))), start);
}

/* Printable ASCII without white space, quotes and backslash, to its end. */
static bool plain_octets(const char *url)
{
    size_t length = strnlen(url, HTTP_URL_MAX + 1);
    for (size_t i = 0; i < length; i++) {
        if (url[i] <= 0x20 || url[i] > 0x7e || url[i] == '\\' || url[i] == '"' || url[i] == '<' || url[i] == '>')
            return false;
    }
    return length > 0 && length <= HTTP_URL_MAX;
}

/* Labels of letters, digits, hyphens, underscores; none empty, so no dot at either end. */
static bool host_name_fits(struct slice host)
{
    size_t label = 0;
    if (host.length == 0 || host.length > HTTP_HOST_MAX)
        return false;
    for (size_t i = 0; i < host.length; i++) {
        char c = host.data[i];
        if (c == '.' ? label == 0 : !is_alnum(c) && c != '-' && c != '_')
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0;
}

/* The last label is a number in some spelling: readers take the whole for an IPv4 address then. */
static bool ends_in_number(struct slice host)
{
    size_t start = host.length;
    while (start > 0 && host.data[start - 1] != '.')
        start--;
    const char *label = host.data + start;
    size_t length = host.length - start, digits = 0;
    while (digits < length && (uint8_t)(label[digits] - '0') < 10)
        digits++;
    return digits == length || (length >= 2 && label[0] == '0' && ascii_lower((uint8_t)label[1]) == 'x');
}

/* Just one spelling is taken: the one we would print. */
static bool is_usual_address(struct slice host, struct address *out)
{
    char usual[ADDRESS_TEXT_ROOM];
    return address_parse(host, out) == OK && slice_is(host, address_print(out, usual));
}

static const char *bad_host = "the host is not a plain name or address";

/* "[...]" */
static enum status read_bracketed(struct slice *authority, struct http_url *url, const char **reason)
{
    const char *close = memchr(authority->data, ']', authority->length);
    if (!close)
        return refuse(E_BAD_TEXT, bad_host, reason);
    url->host = slice_of(authority->data + 1, (size_t)(close - authority->data) - 1);
    if (address_parse(url->host, &url->address) != OK || url->address.family != 6)
        return refuse(E_BAD_TEXT, bad_host, reason);
    authority->length -= (size_t)(close + 1 - authority->data);
    authority->data = close + 1;
    return OK;
}

static enum status read_host(struct slice *authority, struct http_url *url, const char **reason)
{
    if (authority->length > 0 && authority->data[0] == '[')
        return read_bracketed(authority, url, reason);
    const char *colon = memchr(authority->data, ':', authority->length);
    url->host = slice_of(authority->data, colon ? (size_t)(colon - authority->data) : authority->length);
    if (!host_name_fits(url->host) || (ends_in_number(url->host) && !is_usual_address(url->host, &url->address)))
        return refuse(E_BAD_TEXT, bad_host, reason);
    authority->length -= url->host.length;
    authority->data += url->host.length;
    return OK;
}

/* "" or ":PORT" */
static enum status read_port(struct slice rest, struct http_url *url, const char **reason)
{
    uint64_t port;
    url->port = url->https ? 443 : 80;
    if (rest.length == 0)
        return OK;
    struct slice number = slice_of(rest.data + 1, rest.length - 1);
    if (rest.data[0] != ':' || number.length == 0 || number.data[0] == '0' || text_read_u64(number, 65535, &port) != OK)
        return refuse(E_BAD_TEXT, "the port is not a number from 1 to 65535", reason);
    url->port = (uint16_t)port;
    return OK;
}

static enum status read_authority(const char *start, struct http_url *url, const char **reason)
{
    struct slice authority = slice_of(start, strcspn(start, "/?#"));
    if (memchr(authority.data, '@', authority.length))
        return refuse(E_BAD_TEXT, "user names and passwords in URLs are not taken", reason);
    if (memchr(authority.data, '{', authority.length) || memchr(authority.data, '}', authority.length))
        return refuse(E_BAD_TEXT, "a placeholder in the host", reason);
    enum status st = read_host(&authority, url, reason);
    return st == OK ? read_port(authority, url, reason) : st;
}

static bool is_local_host(const struct http_url *url)
{
    return url->address.family ? address_is_loopback(&url->address) : http_host_is_below(url->host, "localhost");
}

static enum status read_unix(const char *path, unsigned flags, struct http_url *url, const char **reason)
{
    if (!(flags & HTTP_URL_UNIX) || flags & (HTTP_URL_PUBLIC | HTTP_URL_HTTPS))
        return refuse(E_REFUSED, "only https is allowed", reason);
    size_t length = strlen(path);
    if (path[0] != '/' || length > HTTP_UNIX_PATH_MAX)
        return refuse(E_BAD_TEXT, "the path of a Unix socket must start with a slash and have at most 107 octets", reason);
    url->is_unix = true;
    url->host = slice_of(path, length);
    return OK;
}

/* What is well-formed may still not be what this caller wants. */
static enum status hold_against(const struct http_url *url, unsigned flags, const char **reason)
{
    bool local = (flags & HTTP_URL_LOOPBACK) && is_local_host(url);
    if (local)
        return OK;
    if ((flags & HTTP_URL_HTTPS) && !url->https)
        return refuse(E_REFUSED, "only https is allowed", reason);
    if (!(flags & HTTP_URL_PUBLIC))
        return OK;
    if (url->address.family ? !address_is_public(&url->address) : is_local_host(url) || !memchr(url->host.data, '.', url->host.length))
        return refuse(E_REFUSED, "the address is not public", reason);
    return OK;
}

enum status http_url_check(const char *url, unsigned flags, struct http_url *out, const char **reason)
{
    struct http_url parts = { 0 };
    enum status st;
    if (starts_with(url, "unix:")) {
        st = read_unix(url + 5, flags, &parts, reason);
    } else {
        if (!plain_octets(url))
            return refuse(E_BAD_TEXT, "the URL is empty, too long, or has characters that do not belong into one", reason);
        parts.https = starts_with(url, "https://");
        if (!parts.https && !starts_with(url, "http://"))
            return refuse(E_BAD_TEXT, "the URL starts with neither https:// nor http://", reason);
        st = read_authority(url + (parts.https ? 8 : 7), &parts, reason);
        if (st == OK)
            st = hold_against(&parts, flags, reason);
    }
    if (st == OK && out)
        *out = parts;
    return st;
}

bool http_host_is_below(struct slice host, const char *suffix)
{
    size_t length = strlen(suffix);
    if (length > 0 && suffix[length - 1] == '.')
        length--;
    if (length > 0 && suffix[0] == '.') {
        suffix++;
        length--;
    }
    if (length == 0 || host.length < length)
        return false;
    size_t before = host.length - length;
    for (size_t i = 0; i < length; i++) {
        if (ascii_lower((uint8_t)host.data[before + i]) != ascii_lower((uint8_t)suffix[i]))
            return false;
    }
    return before == 0 || host.data[before - 1] == '.';
}

void http_url_add_public(struct text *text, const char *url)
{
    struct http_url parts;
    if (http_url_check(url, HTTP_URL_UNIX, &parts, NULL) != OK) {
        text_add(text, "a URL");
        return;
    }
    if (parts.is_unix) {
        text_add(text, "unix:");
        text_add_bytes(text, parts.host.data, parts.host.length);
        return;
    }
    bool v6 = parts.address.family == 6;
    text_add(text, parts.https ? "https://" : "http://");
    text_add(text, v6 ? "[" : "");
    text_add_bytes(text, parts.host.data, parts.host.length);
    text_add(text, v6 ? "]" : "");
    if (parts.port != (parts.https ? 443 : 80))
        text_add_format(text, ":%u", (unsigned)parts.port);
}
