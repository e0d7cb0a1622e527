/* SPDX-License-Identifier: Apache-2.0 */
/** @file daemon/mounts.h -- mounts as a source of answers for the hall: who may have names looked up, who waits, what they are told. */
#ifndef DAEMON_MOUNTS_H
#define DAEMON_MOUNTS_H

#include "daemon/chains.h"
#include "serve/serve.h"

enum {
    MOUNTS_COLD_PER_SECOND = 200,       /**< names that one client network may have looked up, beyond those that are known; loopback: no limit */
    MOUNTS_WAITING_MAX = 8192           /**< questions that wait at once */
};
struct mounts_source;
/** @param chains  borrowed for its life */
MUST_CHECK enum status mounts_source_new(const struct chains *chains, struct mounts_source **out);
/** Its entry for serve_sources; fills what is behind `out`, which is borrowed with the source. */
void mounts_source_fill(struct mounts_source *source, struct serve_source *out);
/** When the loop and the workers have ended: gives back what still waits.  NULL is fine. */
void mounts_source_free(struct mounts_source *source);

struct mounts_source_counters { uint64_t parked, stale, refused, limited /* by the rate of cold names */, full, timeouts; };
void mounts_source_counters_read(const struct mounts_source *source, struct mounts_source_counters *out);

#endif
