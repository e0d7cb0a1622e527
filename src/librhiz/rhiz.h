/* SPDX-License-Identifier: Apache-2.0 */
/** @file rhiz.h -- librhiz: domain names, records and zone files in C.
 *
 *  Handles are opaque and have one owner.  Functions that can fail return an enum rhiz_status and write their results
 *  on RHIZ_OK only.  Text that comes out is NUL-terminated ASCII.  No function prints, exits or keeps global state;
 *  different handles may be used by different threads at once.  Until the API is declared stable the soname is 0. */
#ifndef RHIZ_H
#define RHIZ_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RHIZ_API __attribute__((visibility("default")))
#else
#define RHIZ_API
#endif

enum rhiz_status {
    RHIZ_OK = 0,
    RHIZ_NO_MEMORY,     /**< an allocation failed */
    RHIZ_BAD_NAME,      /**< not a domain name */
    RHIZ_BAD_TEXT,      /**< text that does not parse */
    RHIZ_BAD_DATA,      /**< wire data that does not fit its type */
    RHIZ_NO_ROOM,       /**< the caller's buffer is too small */
    RHIZ_NOT_FOUND,     /**< it does not exist */
    RHIZ_SYSTEM,        /**< the operating system refused; errno says why */
    RHIZ_INVALID,       /**< the zone has errors; the diagnostics say which */
    RHIZ_FAILED         /**< anything else */
};

/** A constant phrase, such as "out of memory".  Never NULL. */
RHIZ_API const char *rhiz_status_text(enum rhiz_status status);
/** "0.1.0".  Never NULL. */
RHIZ_API const char *rhiz_version(void);

/* ---- names, RFC 1035 ---- */

enum { RHIZ_NAME_BYTES = 255, RHIZ_NAME_TEXT = 1024 };

/** Text to uncompressed wire form.  `\.` and `\DDD` are understood; a missing final dot is added.
 *  @param wire  room for RHIZ_NAME_BYTES  @param bytes  gets the octets used
 *  @return RHIZ_OK, RHIZ_BAD_NAME */
RHIZ_API enum rhiz_status rhiz_name_parse(const char *text, uint8_t wire[RHIZ_NAME_BYTES], size_t *bytes);
/** Wire form to text with the final dot.  @return RHIZ_OK, RHIZ_BAD_NAME (not one whole uncompressed name) */
RHIZ_API enum rhiz_status rhiz_name_print(const uint8_t *wire, size_t bytes, char text[RHIZ_NAME_TEXT]);
/** Canonical order (RFC 4034 section 6.1): *order is below, equal to or above zero.  @return RHIZ_OK, RHIZ_BAD_NAME */
RHIZ_API enum rhiz_status rhiz_name_compare(const char *a, const char *b, int *order);

/* ---- records ---- */

/** Type mnemonic or TYPEn.  @return RHIZ_OK, RHIZ_BAD_TEXT */
RHIZ_API enum rhiz_status rhiz_type_parse(const char *text, uint16_t *type);
/** @param room  24 is always enough  @return RHIZ_OK, RHIZ_NO_ROOM */
RHIZ_API enum rhiz_status rhiz_type_print(uint16_t type, char *text, size_t room);
/** Rdata of class IN as in a master file (also `\# n hex`) to wire form; names relative to `origin` (NULL = the root).
 *  @param bytes  gets the octets written  @return RHIZ_OK, RHIZ_BAD_NAME, RHIZ_BAD_TEXT, RHIZ_NO_ROOM */
RHIZ_API enum rhiz_status rhiz_rdata_parse(uint16_t type, const char *text, const char *origin, uint8_t *rdata, size_t room, size_t *bytes);
/** The other way.  @return RHIZ_OK, RHIZ_BAD_DATA, RHIZ_NO_ROOM, RHIZ_NO_MEMORY */
RHIZ_API enum rhiz_status rhiz_rdata_print(uint16_t type, const uint8_t *rdata, size_t bytes, char *text, size_t room);

/* ---- zone files ---- */

struct rhiz_zone;

struct rhiz_diagnostic {
    int error;                  /**< 1 = error, 0 = warning */
    const char *check;          /**< stable name such as "missing-glue" */
    const char *file;           /**< NULL = none */
    uint32_t line, column;      /**< from 1; 0 = not known */
    const char *text;           /**< a sentence */
};
/** What it is given is valid during the call only. */
typedef void rhiz_diagnostic_fn(void *context, const struct rhiz_diagnostic *diagnostic);

/** Reads a zone file.
 *  @param origin  the zone's name; NULL = the owner of its first SOA
 *  @param report  gets every error of the syntax; may be NULL
 *  @param out     owned by the caller: rhiz_zone_close
 *  @return RHIZ_OK, RHIZ_BAD_NAME, RHIZ_INVALID, RHIZ_SYSTEM, RHIZ_NO_MEMORY */
RHIZ_API enum rhiz_status rhiz_zone_open(const char *path, const char *origin, rhiz_diagnostic_fn *report, void *context, struct rhiz_zone **out);
/** NULL is fine. */
RHIZ_API void rhiz_zone_close(struct rhiz_zone *zone);
/** Is it sound?  Reports every finding.  @return RHIZ_OK (perhaps with warnings), RHIZ_INVALID, RHIZ_NO_MEMORY */
RHIZ_API enum rhiz_status rhiz_zone_check(const struct rhiz_zone *zone, rhiz_diagnostic_fn *report, void *context);
/** The zone's name; borrowed until the zone is closed. */
RHIZ_API const char *rhiz_zone_name(const struct rhiz_zone *zone);
/** 0 when the zone has no SOA. */
RHIZ_API uint32_t rhiz_zone_serial(const struct rhiz_zone *zone);
RHIZ_API uint64_t rhiz_zone_records(const struct rhiz_zone *zone);

struct rhiz_record {
    const char *name;           /**< owner, with the final dot */
    uint16_t type;
    uint32_t ttl;
    const uint8_t *rdata;       /**< uncompressed wire form */
    size_t rdata_bytes;
    const char *rdata_text;
};
/** Return 0 to go on, anything else to end.  The record is valid during the call only. */
typedef int rhiz_record_fn(void *context, const struct rhiz_record *record);

/** The records that this very name owns in the file; no wildcard, no following of aliases.
 *  @param type  0 = all types
 *  @return RHIZ_OK, RHIZ_NOT_FOUND (no such record), RHIZ_BAD_NAME, RHIZ_NO_MEMORY */
RHIZ_API enum rhiz_status rhiz_zone_lookup(const struct rhiz_zone *zone, const char *name, uint16_t type, rhiz_record_fn *each, void *context);
/** All records in canonical order of names.  @return RHIZ_OK, RHIZ_NO_MEMORY */
RHIZ_API enum rhiz_status rhiz_zone_each(const struct rhiz_zone *zone, rhiz_record_fn *each, void *context);

#ifdef __cplusplus
}
#endif
#endif
