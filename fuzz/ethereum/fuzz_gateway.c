/* SPDX-License-Identifier: Apache-2.0 */
/* URL templates of off-chain gateways: what is put into one never changes where the request goes, and what passes the check is not inside. */
#include "ethereum/gateway.h"
#include "http/public.h"
#include "http/url.h"

#include <assert.h>
#include <stdlib.h>

enum { FLAGS = HTTP_URL_HTTPS | HTTP_URL_PUBLIC };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct eth_address sender = { { 0xde, 0xad } };
    static const char octets[] = "\x01\x02\xff/..@:#";
    struct text template, url;
    struct http_url before, after;
    bool has_data;
    if (memchr(data, 0, size))
        return 0;
    text_growing(&template);
    text_growing(&url);
    text_add_bytes(&template, data, size);
    text_add(&template, "");
    const char *reason = NULL;
    if (!template.full && template.data && http_url_check(template.data, FLAGS, &before, &reason) == OK) {
        assert(before.https);
        assert(before.address.family == 0 || address_is_public(&before.address));
        assert(!memchr(before.host.data, '{', before.host.length));
        if (gateway_expand(slice_of(template.data, template.length), &sender, slice_of(octets, sizeof octets - 1), &url, &has_data)) {
            assert(http_url_check(url.data, FLAGS, &after, NULL) == OK);
            assert(after.port == before.port && after.host.length == before.host.length);
            assert(memcmp(after.host.data, before.host.data, before.host.length) == 0);
        }
    } else {
        assert(template.full || !template.data || reason);
    }
    text_clear(&url);
    text_clear(&template);
    return 0;
}
