/* SPDX-License-Identifier: Apache-2.0 */
/* Property: lines of common forms give the same read quickly, with each kernel, as read the general way; so does all else. */
#include "both_ways.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!both_ways(data, size))
        abort();
    return 0;
}
