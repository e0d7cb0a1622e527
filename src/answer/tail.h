/* SPDX-License-Identifier: Apache-2.0 */
/** @file answer/tail.h -- what stands behind the question of an answer, ready to be copied.
 *
 *  A tail depends on the node that the answer comes from, its base (the name itself, the wildcard, the cut, for negative
 *  answers the apex), never on the octets that a stranger puts in front of it.  It is kept as it stands behind the question `base`;
 *  behind a longer name, whose base part begins d octets later, the compression pointers at `shifts` get d added, and
 *  nothing else changes. */
#ifndef ANSWER_TAIL_H
#define ANSWER_TAIL_H

#include "wire/wire.h"

struct answer_tail {
    const uint8_t *bytes;           /**< behind the question, without OPT; borrowed */
    const uint16_t *shifts;         /**< ascending offsets in `bytes` of compression pointers that move with the base */
    uint16_t length, shift_count;
    uint16_t counts[3];             /**< answer, authority, additional (without OPT) */
    uint16_t flags;                 /**< AA or nothing; never TC */
    uint8_t base_length;            /**< octets of the base's name */
};

/** Puts it behind the question, which ends in the base; there is room.  Sets what of the header it decides. */
void answer_tail_put(const struct answer_tail *tail, struct reply *reply);

#endif
