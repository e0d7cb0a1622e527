/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone/reader.h -- master files into a builder.  RFC 1035 §5, 2308 §4 ($TTL), 3597 §5; BIND's $GENERATE. */
#ifndef ZONE_READER_H
#define ZONE_READER_H

#include "zone/zone.h"

struct zone_file {
    char *path;
    uint64_t size_bytes;
    int64_t modified_ns;        /**< to tell whether a reload has anything to read */
    uint64_t inode;
};
/** The files one reading went through, the main one first; index = zone_where.file. */
struct zone_files { struct zone_file *files; size_t count; };
void zone_files_clear(struct zone_files *files);
/** Some file is not any more what it was. */
bool zone_files_changed(const struct zone_files *files);

struct zone_read_options {
    const char *path;                   /**< main file; also the name in diagnostics when text is given */
    const char *text; size_t text_bytes;/**< read this instead of the file; NULL = the file */
    struct name_view origin;            /**< the zone's name: initial $ORIGIN and bailiwick. .wire NULL: taken from the first SOA owner or
                                             $ORIGIN (tools only) */
    uint16_t klass;                     /**< 0 = IN, or the first class named */
    uint32_t default_ttl; bool has_default_ttl;
    const char *include_root;           /**< $INCLUDE may not leave this folder; NULL = no bound.  Relative names count from the including file */
    unsigned include_depth;             /**< 0 = 10 */
    uint32_t generate_limit;            /**< records one $GENERATE may make; 0 = 65536 (so a /16 fits) */
    uint64_t record_limit;              /**< 0 = none */
    bool (*progress)(void *context, uint64_t bytes_done, uint64_t bytes_total);   /**< may be NULL; false = cancel */
    void *progress_context;
    unsigned threads;                   /**< that may read, and finish the builder; 0 = 1 */
    uint64_t large_from;                /**< octets of text that are worth it to be read in parts; 0 = 8 MiB.  For tests, the result is the same */
    bool general_way;                   /**< lines of common forms are read as all others are: for tests, the result is the same */
};
/** Reads all of it, going on after errors so that one run reports many.
 *  @param builder  NULL is allowed with *out_builder: created once the origin is known
 *  @return OK; E_INVALID when diagnostics has errors (a file that cannot be included is one); E_SYSTEM when the main file cannot be
 *          read (also in diagnostics); E_NOMEM; E_LIMIT (record_limit); E_CLOSED (cancelled by progress).
 *  Whatever it returns, *builder is NULL or a builder for the caller to free; after E_INVALID it holds the records that were right.
 *  Linear in the text; no heap per record. */
MUST_CHECK enum status zone_read(const struct zone_read_options *options, struct zone_builder **builder, struct zone_files *files,
                                 struct diagnostics *diag);

#endif
