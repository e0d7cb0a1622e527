/* SPDX-License-Identifier: Apache-2.0 */
/** @file daemon/collisions.h -- mounts whose suffix the root zone delegates too. */
#ifndef DAEMON_COLLISIONS_H
#define DAEMON_COLLISIONS_H

#include "daemon/chains.h"

/** Looks anew, and tells of what has changed in the log.
 *  @param root  the served root zone; NULL: the list built in */
void collisions_look(struct chains *chains, const struct zone_version *root);

#endif
