/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share and nobody else sees. */
#ifndef WIRE_INSIDE_H
#define WIRE_INSIDE_H

#include "base/text.h"

/* The rdata table knows the mnemonics of types; codes.c asks here (written in rdata.c).  The first row of a
 * code wins when there is one for each of several classes.
 * NULL when no row has the code. */
const char *rdata_mnemonic_get(uint16_t type);
/* Case of letters ignored.  False when no row has the mnemonic; `type` is written on true only. */
bool rdata_mnemonic_find(struct slice text, uint16_t *type);

#endif
