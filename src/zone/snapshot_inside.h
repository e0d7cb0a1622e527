/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the snapshot share, and its tests.
 *
 *   head | origin, files and note | zeros up to a multiple of 4096 | block
 *
 * Numbers are in the machine's order: a snapshot is read where it was written. */
#ifndef ZONE_SNAPSHOT_INSIDE_H
#define ZONE_SNAPSHOT_INSIDE_H

#include "zone/inside.h"
#include "zone/snapshot.h"

/* Raise it whenever what a version holds, or what is made of a text, changes without a change of sizes. */
enum { SNAPSHOT_FORMAT = 3 };
enum { SNAPSHOT_PAGE = 4096, SNAPSHOT_PIECE = 1 << 20, SNAPSHOT_FRONT_MAX = 1 << 20 };
#define SNAPSHOT_BYTE_ORDER UINT32_C(0x01020304)

struct snapshot_head {
    uint8_t magic[8];
    uint32_t byte_order, format;
    uint64_t layout;                /* of the structs, and the program's version */
    uint64_t front_bytes;           /* this head and what follows, up to the block */
    uint64_t block_bytes;
    uint64_t block_sum;
    uint32_t files, origin_bytes, note_bytes;
    uint16_t klass, spare;
    uint64_t front_sum;             /* of all front_bytes with this as 0 */
};
struct snapshot_file {              /* then the path, padded to eight octets */
    uint64_t size_bytes, inode;
    int64_t modified_ns;
    uint64_t path_bytes;
};

/* Not against forgers: whoever can write this file can write its sum.  Octets are taken in pieces of SNAPSHOT_PIECE, each summed on its own. */
uint64_t snapshot_piece_sum(const uint8_t *data, size_t bytes);
static inline size_t snapshot_pieces(uint64_t bytes) { return (size_t)((bytes + SNAPSHOT_PIECE - 1) / SNAPSHOT_PIECE); }
static inline uint64_t snapshot_sum_add(uint64_t sum, uint64_t piece) { return hash_fold(sum ^ piece, UINT64_C(0x9e3779b97f4a7c15)); }

extern const uint8_t snapshot_magic[8];
uint64_t snapshot_layout(void);
uint64_t snapshot_front_sum(const uint8_t *front, size_t bytes);
void snapshot_seal_front(uint8_t *front, uint64_t block_sum);     /* both sums into the head */
static inline size_t snapshot_eight_up(size_t bytes) { return (bytes + 7) & ~(size_t)7; }

/* Reads from a file that is open. */
MUST_CHECK enum status snapshot_load(int fd, const struct zone_snapshot_wanted *wanted, struct zone_snapshot *out, const char **why);

/* Whether each reference of the block stays inside, leads to what it should, and each walk ends.  Linear; reads no octet behind `bytes`.
 * @param block  aligned as a version
 * @return NULL = a sound version with a SOA, else what is wrong: a constant sentence */
const char *snapshot_check(const struct zone_version *block, uint64_t bytes, const struct zone_snapshot_wanted *wanted);

/* What the sets of a node tell: those of the types that make a difference, as bits. */
struct snapshot_contents { uint64_t types, records; };
static inline uint64_t snapshot_type_bit(unsigned type) { return UINT64_C(1) << (type & 63); }
static inline bool snapshot_has_type(const struct snapshot_contents *has, unsigned type) { return has->types & snapshot_type_bit(type); }
static_assert(TYPE_NS < 64 && TYPE_DNAME < 64 && TYPE_NSEC < 64 && TYPE_NSEC3 < 64, "a bit for each");
/* Whether the sets behind a node's name are sound and fill `room` octets. @param out  zeroed */
bool snapshot_sets_sound(const struct zone_version *v, const struct zone_node *n, size_t room, struct snapshot_contents *out);

/* For tests: makes the sums of an image of a file right again; false when it is no such image. */
bool snapshot_reseal(uint8_t *image, size_t bytes);

#endif
