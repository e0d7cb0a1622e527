/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share. */
#ifndef UNIT_WIRE_UNIT_H
#define UNIT_WIRE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "wire/wire.h"

/* Checks with the label of the table's row, so that a failure names its case. */
#define CHECK_EQ(label, have, want) \
    do { \
        long long have_ = (long long)(have), want_ = (long long)(want); \
        if (have_ != want_) \
            fail_msg("%s: %s is %lld, not %lld", (label), #have, have_, want_); \
    } while (0)
#define CHECK_BYTES(label, have, want, size) \
    do { \
        if (memcmp((have), (want), (size)) != 0) \
            fail_msg("%s: the octets of %s differ", (label), #have); \
    } while (0)
#define CHECK_TEXT(label, have, want) \
    do { \
        if (strcmp((have), (want)) != 0) \
            fail_msg("%s: %s is \"%s\", not \"%s\"", (label), #have, (have), (want)); \
    } while (0)

/* A name out of text, which must parse. */
static inline struct name name_must(const char *text)
{
    struct name n;
    if (name_parse(slice_string(text), name_root, &n) != OK)
        fail_msg("\"%s\" does not parse as a name", text);
    return n;
}

/* A copy on the heap of exactly that size, so that AddressSanitizer sees the first octet behind it. */
static inline uint8_t *exact(const void *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

#endif
