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
};
/** @return OK, or E_INVALID when there is at least one error. */
MUST_CHECK enum status zone_check(const struct zone_version *version, const struct zone_check_options *options, struct diagnostics *diag);
/** All check names with severity and one line of help, for docs and --help; false at the end. */
bool zone_check_next(size_t *position, const char **name, enum severity *severity, const char **help);

#endif
