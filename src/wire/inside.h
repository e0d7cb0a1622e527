/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share and nobody else sees. */
#ifndef WIRE_INSIDE_H
#define WIRE_INSIDE_H

#include "base/text.h"
#include "wire/message.h"

/* The rdata table knows the mnemonics of types; codes.c asks here (written in rdata.c).  The first row of a
 * code wins when there is one for each of several classes.
 * NULL when no row has the code. */
const char *rdata_mnemonic_get(uint16_t type);
/* Case of letters ignored.  False when no row has the mnemonic; `type` is written on true only. */
bool rdata_mnemonic_find(struct slice text, uint16_t *type);

/* A record of a message without its owner. */
struct record_head {
    bool root_owner;            /* written as a single zero octet */
    uint16_t type, klass;
    uint32_t ttl;
    uint16_t rdata_bytes;
    size_t rdata_offset;        /* from the start of the message */
};
/* As edns_read. */
MUST_CHECK enum status edns_read_opt(const uint8_t *wire, const struct record_head *head, struct edns *out);

#endif
