/* SPDX-License-Identifier: Apache-2.0 */
/* Property: no text crashes the reader; what is refused has an error with a place; what is taken, shown as YAML, is taken again and
 * shows the same. */
#include "config/config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *read_text(const char *text, size_t size, struct diagnostics *diag)
{
    struct config_source source = { .path = "fuzz.yaml", .text = text, .text_bytes = size, .no_includes = true };
    struct config *config = NULL;
    enum status st = config_read(&source, &config, diag);
    assert((st == OK) == (config != NULL));
    assert(st == OK || diagnostics_count(diag, SEVERITY_ERROR) > 0);
    return config;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics *diag = diagnostics_new(50);
    struct config *config = size <= 65536 ? read_text((const char *)data, size, diag) : NULL;
    if (config) {
        struct text first, second;
        text_growing(&first);
        text_growing(&second);
        config_print(config, &first);
        config_free(config);
        config = read_text(first.data, first.length, diag);
        assert(config);
        config_print(config, &second);
        assert(first.length == second.length && memcmp(first.data, second.data, first.length) == 0);
        text_clear(&first);
        text_clear(&second);
    }
    config_free(config);
    diagnostics_free(diag);
    return 0;
}
