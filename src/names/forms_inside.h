/* SPDX-License-Identifier: Apache-2.0 */
/* names/forms_inside.h -- canonical decomposition and composition.  Unicode Standard Annex 15.
 *
 * A part is a code point with its combining rank above it, so that ordering needs no second look at the tables. */
#ifndef NAMES_FORMS_INSIDE_H
#define NAMES_FORMS_INSIDE_H

#include "base/status.h"

enum { FORM_PARTS_MOST = 4 };       /* of one code point: U+1F82 and its like */

static inline uint32_t form_point(uint32_t part) { return part & 0x1fffff; }
static inline uint32_t form_rank(uint32_t part) { return part >> 24; }

/* The parts of one code point, in canonical order among themselves.  Returns how many, 1..FORM_PARTS_MOST. */
size_t form_decompose(uint32_t point, uint32_t parts[FORM_PARTS_MOST]);
/* Canonical order: each run of parts of a rank by rank, those of one rank as they stand.  Linear; `scratch` holds `count`. */
void form_order(uint32_t *parts, size_t count, uint32_t *scratch);
/* Ordered parts into code points; `points` has room for `count`.  Returns how many came out, at most `count`. */
size_t form_compose(const uint32_t *parts, size_t count, uint32_t *points);

#endif
