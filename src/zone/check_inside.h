/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the checks share. */
#ifndef ZONE_CHECK_INSIDE_H
#define ZONE_CHECK_INSIDE_H

#include "zone/check.h"

/* In the order of the table in check_list.c; those of the reader are named there only. */
enum check_id {
    CHECK_SYNTAX,
    CHECK_RDATA,
    CHECK_U_LABEL,
    CHECK_TTL_RANGE,
    CHECK_NO_TTL,
    CHECK_CLASS_MISMATCH,
    CHECK_META_TYPE,
    CHECK_INCLUDE,
    CHECK_GENERATE,
    CHECK_LIMIT,
    CHECK_OUT_OF_ZONE,
    CHECK_MULTIPLE_SOA,
    CHECK_SOA_NOT_AT_APEX,
    CHECK_MISSING_SOA,
    CHECK_MISSING_NS,
    CHECK_CNAME_AND_OTHER_DATA,
    CHECK_MULTIPLE_CNAME,
    CHECK_MULTIPLE_DNAME,
    CHECK_DNAME_AND_CHILDREN,
    CHECK_MISSING_GLUE,
    CHECK_NS_IS_CNAME,
    CHECK_NS_WITHOUT_ADDRESS,
    CHECK_WILDCARD_NS,
    CHECK_DS_AT_APEX,
    CHECK_MISSING_SIBLING_GLUE,
    CHECK_MX_IS_CNAME,
    CHECK_MX_WITHOUT_ADDRESS,
    CHECK_SRV_IS_CNAME,
    CHECK_SRV_WITHOUT_ADDRESS,
    CHECK_CNAME_DANGLING,
    CHECK_CNAME_LOOP,
    CHECK_TTL_MISMATCH,
    CHECK_OCCLUDED,
    CHECK_DNAME_WILDCARD,
    CHECK_WILDCARD_DS,
    CHECK_DS_WITHOUT_NS,
    CHECK_SINGLE_NS,
    CHECK_NS_IS_ADDRESS,
    CHECK_MX_IS_ADDRESS,
    CHECK_BAD_OWNER,
    CHECK_BAD_TARGET,
    CHECK_SRV_OWNER,
    CHECK_MISSING_DOT,
    CHECK_NULL_MX,
    CHECK_OBSOLETE_TYPE,
    CHECK_MULTIPLE_SPF,
    CHECK_SOA_MNAME,
    CHECK_SOA_RNAME,
    CHECK_SOA_REFRESH,
    CHECK_SOA_RETRY,
    CHECK_SOA_EXPIRE,
    CHECK_SOA_MINIMUM,
    CHECK_SERIAL_BACKWARDS,
    CHECK_SERIAL_UNCHANGED,
    CHECK_HALF_SIGNED,
    CHECK_RRSIG_WITHOUT_DNSKEY,
    CHECK_RRSIG_WITHOUT_RRSET,
    CHECK_RRSIG_SIGNER,
    CHECK_RRSIG_EXPIRED,
    CHECK_RRSIG_NOT_YET,
    CHECK_NSEC_MISSING,
    CHECK_NSEC_CHAIN,
    CHECK_NSEC_TYPES,
    CHECK_NSEC3PARAM_MISSING,
    CHECK_NSEC3_CHAIN,
    CHECK_NSEC3_ITERATIONS,
    CHECK_ZONEMD_SERIAL,
    CHECK_COUNT
};
struct check_entry {
    const char *name;
    enum severity severity;
    const char *help;
    bool absence;           /* something is missing: perhaps only because the reader could not read it */
};
const struct check_entry *check_entry(enum check_id id);

struct finding {
    struct zone_where where;
    bool placed;
    enum check_id id;
    uint32_t sequence;
    char *text;                     /* in the arena */
};

enum { FINDINGS_MAX = 4096 };       /* further ones are told as they come */
/* Where in the zone a finding points: a record of an RRset, its signatures counted behind its records.  No node: the start of the
 * file. */
struct subject { const struct zone_node *node; uint16_t type, record; };
/* Of a kind that comes by the thousand: the first and how many. */
struct tally { struct subject at; struct zone_where where; uint32_t count; bool placed; };

/* What a node has, found in one walk over its sets, so that most rules need no walk of their own. */
enum look {
    LOOK_A = 1 << 0, LOOK_AAAA = 1 << 1, LOOK_NS = 1 << 2, LOOK_DS = 1 << 3, LOOK_NSEC = 1 << 4,
    LOOK_CNAME = 1 << 5, LOOK_DNAME = 1 << 6, LOOK_MX = 1 << 7, LOOK_SRV = 1 << 8, LOOK_PTR = 1 << 9, LOOK_TXT = 1 << 10,
    LOOK_OTHER = 1 << 11,       /* any other type */
    LOOK_MIXED = 1 << 12,       /* an RRset of different TTLs */
    LOOK_SIGNED = 1 << 13,      /* a signature */
    LOOK_GLUE = LOOK_A | LOOK_AAAA,
    LOOK_DELEGATION = LOOK_NS | LOOK_DS | LOOK_NSEC,
    LOOK_TYPES = LOOK_MIXED - 1
};

struct checker {
    const struct zone_version *version;
    const struct zone_check_options *options;
    struct diagnostics *diag;
    struct arena *arena;
    struct finding *findings;
    size_t count, room;
    bool failed, out_of_memory;
    bool incomplete;                /* the reader left out records with errors: what is missing now is their echo */
    uint32_t now;                   /* seconds, as RRSIG counts them */
    uint32_t index;                 /* of the node at hand */
    unsigned look;                  /* at it */
    /* DNSSEC */
    bool has_keys, uses_nsec3, key_met;
    uint8_t key_algorithm;          /* key_met: of the key that the last known signature was made with */
    uint16_t key_tag;
    uint64_t signatures;
    struct tally is_unsigned, expired, not_yet, foreign_key, foreign_signer, orphan, no_nsec;
    const struct zone_node *last_nsec, *first_nsec3, *chain_start;     /* last_nsec: NSEC or NSEC3, the one before */
    struct name_view last_next;
    const uint8_t *last_hash;
    size_t last_hash_bytes;
};

void finding_add(struct checker *c, enum check_id id, struct subject at, const char *format, ...) PRINTF_LIKE(4, 5);
/* The record of the RRset that stands last in the file: of two of which one is too much, that one. */
struct subject subject_last(const struct checker *c, const struct zone_node *node, uint16_t type);
/* The later of two. */
struct subject subject_later(const struct checker *c, struct subject a, struct subject b);
bool where_before(struct zone_where a, struct zone_where b);

/* check_sets.c: the RRsets of one node among each other. */
void check_node_sets(struct checker *c, const struct zone_node *node);
void check_soa(struct checker *c);
void check_serial(struct checker *c);
/* check_names.c: where NS, MX, SRV and CNAME lead. */
void check_node_names(struct checker *c, const struct zone_node *node);
/* check_dnssec.c */
void check_dnssec_begin(struct checker *c);
void check_node_dnssec(struct checker *c, const struct zone_node *node);
void check_dnssec_end(struct checker *c);

#endif
