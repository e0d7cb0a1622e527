/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include "base/text.h"

#include <stdlib.h>

static bool machine_has(enum cpu_level level)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (level == CPU_AVX2)
        return __builtin_cpu_supports("avx2");
    if (level == CPU_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
#endif
    return level == CPU_PORTABLE;
}

enum cpu_level cpu_level(void)
{
    static const char *const names[] = { [CPU_PORTABLE] = "portable", [CPU_AVX2] = "avx2", [CPU_AVX512] = "avx512" };
    const char *wanted = getenv("RHIZ_CPU");
    for (enum cpu_level level = CPU_PORTABLE; wanted && level <= CPU_AVX512; level++)
        if (slice_is(slice_string(wanted), names[level]))
            return machine_has(level) ? level : CPU_PORTABLE;
    for (enum cpu_level level = CPU_AVX512; level > CPU_PORTABLE; level--)
        if (machine_has(level))
            return level;
    return CPU_PORTABLE;
}
