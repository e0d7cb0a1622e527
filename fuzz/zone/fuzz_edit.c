/* SPDX-License-Identifier: Apache-2.0 */
/* Property: a version made by edits, flattened and rebased now and then, answers every question as one that a builder makes of the same records; versions
 * before it, while held, go on to say what they said. */
#include "edit_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 8 && size <= 4096)
        model_run(data, size);
    return 0;
}
