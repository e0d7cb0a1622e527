/* SPDX-License-Identifier: Apache-2.0 */
/** @file unit.h -- what cmocka wants included first, and checks that name the case. */
#ifndef TESTS_UNIT_BASE_UNIT_H
#define TESTS_UNIT_BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CHECK_EQUAL(have, want, label)                                                                             \
    do {                                                                                                           \
        unsigned long long have_ = (unsigned long long)(have), want_ = (unsigned long long)(want);                 \
        if (have_ != want_)                                                                                        \
            fail_msg("%s: %s is %llu, not %llu", label, #have, have_, want_);                                      \
    } while (0)
#define CHECK_STRING(have, want, label)                                                                            \
    do {                                                                                                           \
        if (strcmp(have, want) != 0)                                                                               \
            fail_msg("%s: %s is '%s', not '%s'", label, #have, have, want);                                        \
    } while (0)

#endif
