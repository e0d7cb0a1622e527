/* SPDX-License-Identifier: Apache-2.0 */
/* Text of rdata: what parses, checks; its print parses to the same octets and prints the same (a fixpoint).  What does not
 * parse leaves an error behind. */
#include "base/arena.h"
#include "wire/wire.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t first[RDATA_MAX_BYTES], second[RDATA_MAX_BYTES];

static uint16_t type_of(uint8_t choice)
{
    size_t position = 0;
    uint16_t type = 0;
    const char *mnemonic;

    for (unsigned i = 0; i <= choice; i++)
        if (!rdata_type_next(&position, &type, &mnemonic))
            return (uint16_t)(60000 + choice);
    return type;
}

static void check_fixpoint(uint16_t type, uint16_t klass, size_t size)
{
    struct text once, twice;
    size_t length = 0;

    HOLDS(rdata_check(type, klass, first, size) == OK);
    text_growing(&once);
    text_growing(&twice);
    rdata_print(&once, type, klass, first, size, NULL);
    const char *line = once.data != NULL ? once.data : "";
    HOLDS(rdata_parse_line(type, klass, line, name_root, second, sizeof second, &length, NULL) == OK);
    HOLDS(length == size && memcmp(first, second, size) == 0);
    rdata_print(&twice, type, klass, second, length, NULL);
    HOLDS(strcmp(line, twice.data != NULL ? twice.data : "") == 0);
    text_clear(&once);
    text_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 20000)
        return 0;
    uint16_t type = type_of(data[0]), klass = data[1] % 8 == 7 ? CLASS_CH : CLASS_IN;
    struct diagnostics *diag = diagnostics_new(10);
    char *line = malloc(size - 1);
    size_t length = 0;

    HOLDS(diag != NULL && line != NULL);
    memcpy(line, data + 2, size - 2);
    line[size - 2] = 0;
    if (rdata_parse_line(type, klass, line, name_root, first, sizeof first, &length, diag) == OK)
        check_fixpoint(type, klass, length);
    else
        HOLDS(diagnostics_count(diag, SEVERITY_ERROR) >= 1);
    free(line);
    diagnostics_free(diag);
    return 0;
}
