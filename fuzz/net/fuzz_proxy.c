/* SPDX-License-Identifier: Apache-2.0 */
/* The PROXY v2 header.  Property: a header that reads well lies within the data, reads the same from itself
 * alone, is incomplete at each cut, and names two internet addresses of one kind or none. */
#include "net/inside.h"
#include <stdlib.h>
#include <string.h>

static void hold(bool good)
{
    if (!good)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header h, again;
    memset(&h, 0xa5, sizeof h);
    memset(&again, 0xa5, sizeof again);
    enum status st = proxy_read(data, size, &h);
    if (st != OK) {
        hold(memcmp(&h, &again, sizeof h) == 0);          /* written on OK only */
        hold(st == E_TRUNCATED || st == E_BAD_FORMAT);
        return 0;
    }
    hold(h.bytes >= 16 && h.bytes <= size && h.bytes <= 16 + 65535);
    hold(proxy_read(data, h.bytes, &again) == OK && again.bytes == h.bytes && again.local == h.local);
    for (size_t cut = 0; cut < h.bytes && cut < 300; cut++)
        hold(proxy_read(data, cut, &again) == E_TRUNCATED);
    if (h.local)
        hold(h.source.address.family == 0 && h.destination.address.family == 0);
    else
        hold((h.source.address.family == 4 || h.source.address.family == 6) && h.destination.address.family != 0);
    return 0;
}
