/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/clock.h -- time is passed in, so that tests can play it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/status.h"

/** The time as one batch of work sees it, read once. */
struct now {
    uint64_t monotonic_ms;   /**< for timers and limits; never goes back */
    uint64_t unix_ms;        /**< civil time: cookies, logs */
};
/** The system's clocks (coarse, a few ms). */
struct now clock_now(void);
/** Exact monotonic nanoseconds, for measuring. */
uint64_t clock_ns(void);

#endif
