/* SPDX-License-Identifier: Apache-2.0 */
/* A piece of work by several threads, for the builder and for snapshots. */
#ifndef ZONE_THREADS_H
#define ZONE_THREADS_H

enum { ZONE_THREADS_MAX = 16 };
static inline unsigned zone_threads_of(unsigned wanted) { return wanted == 0 ? 1 : wanted < ZONE_THREADS_MAX ? wanted : ZONE_THREADS_MAX; }

/* Runs work(context, 0) ... work(context, threads - 1), the first one in this thread; those that no thread can be had for as well.
 * At most ZONE_THREADS_MAX. */
void zone_threads(unsigned threads, void (*work)(void *context, unsigned index), void *context);

#endif
