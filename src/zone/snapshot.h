/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone/snapshot.h -- a version as a file, so that a restart reads no text.
 *
 *  The block of a version is position-independent; a snapshot is that block behind a head which tells format, layout and byte order,
 *  checksums, and which files the version was read from.  A snapshot is a cache: whatever is wrong with it, the text is there.
 *  A damaged or hostile file is refused, or is a zone: every offset is checked.  See docs/snapshot.md. */
#ifndef ZONE_SNAPSHOT_H
#define ZONE_SNAPSHOT_H

#include "zone/reader.h"

enum { ZONE_SNAPSHOT_THREADS_MAX = 16, ZONE_SNAPSHOT_NOTE_MAX = 65535 };

/** Writes a version to a temporary file beside `path`, syncs it, and renames it: a reader finds the old file, the new one, or none.
 *  Mode 0600.  A file that is in the way keeps nothing.
 *  @param version  flat, with a SOA, without positions (zone_version_flatten, zone_version_forget_where)
 *  @param files    it was read from; each one with an inode
 *  @param note     kept with it; NULL = ""
 *  @param go_on    asked about every MiB, false = give up; NULL = never
 *  @return OK; E_INVALID (such a version or list cannot be kept); E_NOMEM; E_CLOSED (given up); E_SYSTEM with errno: nothing is left behind */
MUST_CHECK enum status zone_snapshot_write(const struct zone_version *version, const struct zone_files *files, const char *note, const char *path,
                                           bool (*go_on)(void *context), void *context);

/** Files that were so fresh when they were read (at `read_ns`, time of day) that a change of the same size could since have gone unseen: times of
 *  files tick.  A version of such files is not worth keeping. */
bool zone_files_fresh(const struct zone_files *files, int64_t read_ns);

struct zone_snapshot_wanted {
    struct name_view origin;
    uint16_t klass;
    const char *source;     /**< path of the main file, as it was given to the reader */
    unsigned threads;       /**< that may be used, 0 = 1; at most ZONE_SNAPSHOT_THREADS_MAX */
};
struct zone_snapshot {
    struct zone_version *version;
    struct zone_files files;
    char *note;             /**< never NULL */
};
/** Reads a snapshot if it is of these sources as they are now.
 *  @param out  owned by the caller: zone_version_free, zone_files_clear, mem_free
 *  @param why  a constant sentence for E_BAD_FORMAT; may be NULL
 *  @return OK; E_NOT_FOUND; E_BAD_VERSION (of another version of this program, or another kind of machine); E_AGAIN (a source has changed, or it is
 *          of another zone or file); E_BAD_FORMAT (damaged, or not a file of ours alone); E_NOMEM; E_SYSTEM */
MUST_CHECK enum status zone_snapshot_open(const char *path, const struct zone_snapshot_wanted *wanted, struct zone_snapshot *out, const char **why);

#endif
