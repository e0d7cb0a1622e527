/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/cpu.h -- which of the kernels written for wider registers may run here. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stddef.h>

enum cpu_level {
    CPU_PORTABLE,       /**< plain C, every machine */
    CPU_AVX2,
    CPU_AVX512          /**< with its octet operations (BW) */
};

/** The best level that this machine has.  The environment variable RHIZ_CPU (`portable`, `avx2`, `avx512`) asks for another one, for
 *  tests and measurements; one that the machine does not have counts as portable. */
enum cpu_level cpu_level(void);

/** Has the lines of so many octets fetched.  The barrier keeps compilers, to which a function that only prefetches does nothing,
 *  from leaving the calls out. */
static inline void cpu_prefetch(const void *data, size_t bytes)
{
    enum { LINE = 64 };
    for (size_t at = 0; at < bytes; at += LINE)
        __builtin_prefetch((const char *)data + at);
    __asm__ volatile("" : : "r"(data));
}

#endif
