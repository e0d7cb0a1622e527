/* SPDX-License-Identifier: Apache-2.0 */
/* A composed tail: what stands behind the question of an answer, ready to be copied.
 *
 * A tail depends on the node that the answer comes from, its base (the name itself, the wildcard, the cut, for negative
 * answers the apex), never on the octets that a stranger puts in front of it.  It is kept as it stands behind the question `base`;
 * behind a longer name, whose base part begins d octets later, the compression pointers at `shifts` get d added, and
 * nothing else changes. */
#ifndef ANSWER_KEPT_H
#define ANSWER_KEPT_H

#include "answer/inside.h"

enum {
    TAIL_MAX_BYTES = 2048, COMPOSED_MAX_BYTES = HEADER_BYTES + NAME_MAX_BYTES + 4 + TAIL_MAX_BYTES,
    SHIFTS_MAX = 256,
    PARTS_MAX = 128
};

/* An RRset of the additional section with its signatures: what is left out when room is short. */
struct part {
    uint16_t end;                       /* in the tail */
    uint16_t before;                    /* records of the parts in front of it */
    uint8_t records;
    bool required;                      /* glue below the cut, RFC 9471; those come first */
};
struct kept {
    const uint16_t *shifts;             /* ascending offsets in `bytes` of compression pointers that move with the base */
    uint16_t length, shift_count;
    uint16_t counts[3];                 /* answer, authority, additional, without OPT */
    uint8_t base_length;                /* octets of the base's name */
    struct answer_result result;        /* without key, which is not kept */
    size_t held;                        /* octets of this block */
    const struct part *parts;
    unsigned part_count;                /* 0: whole or not at all */
    uint16_t parts_at;                  /* where the first one starts: all before it must fit */
    uint16_t soa_at, soa_records;       /* in the authority section, with its signatures, if it can be replaced there */
    uint64_t moment;                    /* of the version whose SOA it holds; 0 = it holds none */
    bool lately;                        /* asked for since the last look for one that may go */
    _Alignas(uint16_t) uint8_t bytes[]; /* behind the question; then its shifts, then the parts */
};
enum { KEPT_MOST_BYTES = sizeof(struct kept) + TAIL_MAX_BYTES + SHIFTS_MAX * sizeof(uint16_t) + PARTS_MAX * sizeof(struct part) };

/* Where tails are composed: a worker's own. */
struct kept_room {
    uint8_t first[COMPOSED_MAX_BYTES], second[COMPOSED_MAX_BYTES];
    uint16_t shifts[SHIFTS_MAX];
    struct part parts[PARTS_MAX];
};

/* The tail of the answer to the request as it stands behind a question for `base`.  @param kind  but for TAIL_TYPE it must fit
 * all names that end in the base.  @return NULL: it cannot be kept, or memory is out */
struct kept *kept_compose(struct kept_room *room, const struct answer_request *request, struct name_view base, enum tail_kind kind);

#endif
