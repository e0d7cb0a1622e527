/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone/text.h -- a version as a master file, and the difference of two. */
#ifndef ZONE_TEXT_H
#define ZONE_TEXT_H

#include "zone/zone.h"
#include <stdio.h>

struct zone_write_options { bool relative; bool canonical; /**< one record a line, absolute, lower case, all RDATA generic-free */ };
/** SOA first, then canonical order; what is written reads back to the same version (relative: but for the case of the origin's
 *  letters in names below it; canonical: of all names).  @return OK, E_SYSTEM, E_NOMEM */
MUST_CHECK enum status zone_write(const struct zone_version *version, const struct zone_write_options *options, FILE *stream);

/** Calls back once per record that is only in a (removed) or only in b (added), or whose TTL differs (both).
 *  @param with_serial  false: SOAs that differ in the serial alone are equal */
struct zone_difference { bool added; struct name_view owner; uint16_t type; uint32_t ttl; const uint8_t *rdata; uint16_t size; };
MUST_CHECK enum status zone_diff(const struct zone_version *a, const struct zone_version *b, bool with_serial,
                                 void (*each)(void *context, const struct zone_difference *d), void *context);

#endif
