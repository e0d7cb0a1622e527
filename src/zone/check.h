/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone/check.h -- is this zone sound?  Each finding has a stable name.  RFC 1912 and more.
 *
 *  error = what a peer's checker refuses by default, the rest are warnings. */
#ifndef ZONE_CHECK_H
#define ZONE_CHECK_H

#include "zone/reader.h"

struct zone_check_options {
    const struct zone_version *previous;    /**< what is served now: serial going backwards, content changed under the same serial; NULL = none */
    const struct zone_files *files;         /**< names for positions; NULL = none */
    bool quiet_warnings;                    /**< errors only */
    uint64_t unix_seconds;                  /**< for the dates of signatures; 0 = the system's clock */
};
/** Findings come sorted by position; of a kind that may come by the thousand (unsigned RRsets, expired signatures) only the
 *  first, with the number.  Linear in the zone but for the lookups of names.
 *  @param diag  with errors in it already (of the reader), nothing is said to be missing: it may be what could not be read
 *  @return OK, E_INVALID when there is at least one error, E_NOMEM */
MUST_CHECK enum status zone_check(const struct zone_version *version, const struct zone_check_options *options, struct diagnostics *diag);
/** All check names, the reader's too, with severity and one line of help, for docs and --help; start with *position = 0; false at
 *  the end. */
bool zone_check_next(size_t *position, const char **name, enum severity *severity, const char **help);

#endif
