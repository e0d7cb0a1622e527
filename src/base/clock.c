/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
    struct timespec time;
    require(clock_gettime(clock, &time) == 0);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

struct now clock_now(void)
{
    return (struct now){
        .monotonic_ms = read_ns(CLOCK_MONOTONIC_COARSE) / 1000000,
        .unix_ms = read_ns(CLOCK_REALTIME_COARSE) / 1000000,
    };
}

uint64_t clock_ns(void) { return read_ns(CLOCK_MONOTONIC); }
