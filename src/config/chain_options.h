/* SPDX-License-Identifier: Apache-2.0 */
/** @file config/chain_options.h -- chains and name systems of a configuration as the rooms below take them. */
#ifndef CONFIG_CHAIN_OPTIONS_H
#define CONFIG_CHAIN_OPTIONS_H

#include "config/config.h"
#include "names/facts.h"

/** Reads `url-file`s.  What it points to lies in the configuration and in `arena`.
 *  @return OK; E_INVALID, E_SYSTEM (diag says why); E_NOMEM */
MUST_CHECK enum status config_chain_options(const struct config *config, const struct config_chain *from, struct arena *arena, struct chain_options *out,
                                            struct diagnostics *diag);
/** @param chains  made already, in the order of the configuration; those that the mount is on are looked at. @return OK, E_NOMEM */
MUST_CHECK enum status config_ens_options(const struct config *config, const struct config_mount *mount, struct chain *const *chains, struct arena *arena,
                                          struct ens_options *out);
void config_uns_options(const struct config *config, const struct config_mount *mount, struct chain *const *chains, struct uns_options *out);

#endif
