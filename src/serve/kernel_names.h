/* SPDX-License-Identifier: Apache-2.0 */
/* Names at or above a zone of ours, as hashes: what lies below them may be another zone's, so none of them is put as "below". */
#ifndef SERVE_KERNEL_NAMES_H
#define SERVE_KERNEL_NAMES_H

#include "zone/zone.h"

/* Zeroed before its first use.  `slots` is NULL while nothing is known, and never while only a part is. */
struct kernel_names { struct hash_key key; uint64_t *slots; size_t mask, count; };

/* Of all zones of the table, or of none: on failure nothing is known. @return false: out of memory */
MUST_CHECK bool kernel_names_learn(struct kernel_names *names, const struct zone_table *table);
/* One more, and all above it. @return false: out of memory, and nothing is known any more */
MUST_CHECK bool kernel_names_add(struct kernel_names *names, struct name_view name);
void kernel_names_clear(struct kernel_names *names);
bool kernel_names_have(const struct kernel_names *names, struct name_view name);

#endif
