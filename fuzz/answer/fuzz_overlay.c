/* SPDX-License-Identifier: Apache-2.0 */
/* Property: answers from a version that was edited, with tails kept across the edits, are those from a version built at once without. */
#include "overlay_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 8 && size <= 4096)
        overlay_run(data, size);
    return 0;
}
