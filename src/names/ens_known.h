/* SPDX-License-Identifier: Apache-2.0 */
/* names/ens_known.h -- resolvers that are known: what they can do, and that they tell of each change by a log. */
#ifndef NAMES_ENS_KNOWN_H
#define NAMES_ENS_KNOWN_H

#include "names/facts.h"

/* By address, as configured or as published for the chain; by the hash of the code.  What it can do as bits (enum ens_profile); 0 = not known. */
uint32_t ens_known_address(const struct ens_options *options, uint64_t chain_id, const struct eth_address *address);
uint32_t ens_known_code(const struct eth_word *hash);
/* Keccak-256 of nothing: no code. */
bool ens_no_code(const struct eth_word *hash);

#endif
