/* SPDX-License-Identifier: Apache-2.0 */
/* Test builds only (-Dtest_delay=true), with RHIZ_TEST_OVERLAY in the environment: versions are published as edits leave them. */
#ifndef DAEMON_SCATTER_H
#define DAEMON_SCATTER_H

#include "zone/edit.h"

/** Takes the version; a third of the names of the one that comes back lie in an overlay.  Without memory: the version itself. */
struct zone_version *scatter(struct zone_version *version);

#endif
