/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/cpu.h -- which of the kernels written for wider registers may run here. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

enum cpu_level {
    CPU_PORTABLE,       /**< plain C, every machine */
    CPU_AVX2,
    CPU_AVX512          /**< with its octet operations (BW) */
};

/** The best level that this machine has.  The environment variable RHIZ_CPU (`portable`, `avx2`, `avx512`) asks for another one, for
 *  tests and measurements; one that the machine does not have counts as portable. */
enum cpu_level cpu_level(void);

#endif
