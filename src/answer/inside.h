/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share and nobody else sees. */
#ifndef ANSWER_INSIDE_H
#define ANSWER_INSIDE_H

#include "answer/answer.h"

enum { DENIAL_MAX = 3 * (ANSWER_CHAIN_MAX + 1) };

/* What goes into the authority section behind all answers (sections must not go backwards). */
enum ending { ENDING_NONE, ENDING_NODATA, ENDING_NXDOMAIN, ENDING_REFERRAL };
/* An answer from a wildcard, whose proof is still to come. */
struct expansion {
    const struct zone_version *version;
    struct zone_found found;
    struct name_view name;
};

/* One answer being made. */
struct answering {
    const struct answer_request *request;
    const struct zone_version *version;     /* the request's, or where a chain went on */
    struct reply *reply;
    struct answer_result *result;
    struct name_view name;                  /* looked up now: the request's, or chain[...] */
    struct name chain[ANSWER_CHAIN_MAX];    /* where CNAMEs and DNAMEs led */
    unsigned chain_count;
    const struct zone_node *dnames[ANSWER_CHAIN_MAX + 1];   /* already in the answer */
    unsigned dname_count;
    enum ending ending;
    struct zone_found found;                /* what the ending is about */
    struct expansion expansions[ANSWER_CHAIN_MAX + 1];
    unsigned expansion_count;
    const struct zone_node *proofs[DENIAL_MAX];     /* already in the authority section */
    unsigned proof_count;
    unsigned hashes;                        /* NSEC3 hashes made, which are bounded */
    struct { struct name_view name; uint16_t type; } wanted[ANSWER_ADDITIONAL_MAX];
    unsigned wanted_count;                  /* type: of the records that name it, when that matters, else 0 */
    struct nsec3_hasher *hasher;            /* the request's, or one of our own */
    bool own_hasher;
};

/* Those that return bool: false = it did not fit; TC is set and the answer is at its end. */

/* put.c: RRsets into the reply */
enum put { PUT_PLAIN = 0, PUT_SIGNED = 1, PUT_OPTIONAL = 2, PUT_ROTATED = 4 };
/* An RRset and, when DO is set and `how` says so, what signs it; both or none.  OPTIONAL: what does not fit does not matter. */
bool put_rrset(struct answering *a, enum section section, struct name_view owner, const struct rrset *set, unsigned how);
bool put_sigs(struct answering *a, enum section section, struct name_view owner, const struct rrset *set);
bool put_record(struct answering *a, enum section section, struct name_view owner, uint16_t type, uint32_t ttl,
                const uint8_t *rdata, size_t size);
/* The SOA for a negative answer, RFC 2308 3. */
bool put_negative_soa(struct answering *a);
bool put_truncated(struct answering *a);

/* emit.c: RRsets that go out as they lie in the version */
struct emit_owner {
    const uint8_t *name;
    uint16_t pointer;       /* with its upper bits; 0 = `name` is whole */
    uint8_t plain;          /* octets of `name` in front of the pointer */
};
struct emit_owner emit_question(void);          /* the question's name, which is not the root */
struct emit_owner emit_pointer(size_t offset);  /* a name that stands in the message */
/* A name at or below `base`, which the question ends in. */
struct emit_owner emit_below(const struct answering *a, struct name_view name, struct name_view base);
/* An RRset without names that compression would shorten, or whose names are to stay plain.  @param ttl_max  no TTL is above it */
bool emit_rrset(struct answering *a, enum section section, struct emit_owner owner, const struct rrset *set, unsigned how, uint32_t ttl_max);

/* The same for the common cases, when no answering is needed.  @return false: nothing was written */
/* An RRset, and with DO its signatures, whose owner stands in the message. */
bool emit_at(struct reply *reply, enum section section, size_t owner_at, const struct rrset *set, bool signed_too);
/* A CNAME at the question's name and, of its target, the RRset asked for. */
bool emit_cname(struct reply *reply, struct name_view question, const struct rrset *cname, struct name_view target, const struct rrset *set,
                bool signed_too);
bool emit_negative_soa(const struct zone_version *version, struct reply *reply);    /* without signatures */

/* cache.c: answers from what was composed before, or composes it now.
 * @param node  what the answer comes from, by kind; @param base  the part of the question that it depends on
 * @return false: nothing was written */
enum tail_kind {
    TAIL_TYPE,          /* the name itself with the type asked for */
    TAIL_REFERRAL,      /* the cut */
    TAIL_ABSENT         /* the owner of the NSEC that covers the name; base and closest encloser are the apex */
};
bool cache_answer(const struct answer_request *request, const struct zone_node *node, struct name_view base, enum tail_kind kind,
                  struct reply *reply, struct answer_result *result);

/* Hashes of a version's own names, for NSEC3. */
struct nsec3_memo {
    uint64_t identity;      /* of the version; 0 = none yet */
    uint8_t hash[NSEC3_HASH_BYTES];
};
/* The place for that of its apex, or of the wildcard there; it may hold another version's. */
struct nsec3_memo *cache_memo(struct answer_cache *cache, const struct zone_version *version, bool wild);

/* referral.c: names in the zone, or compression, make it more than a copy */
bool referral_is_work(const struct zone_version *version, const struct zone_node *cut);
/* A referral of RRsets as they lie, all of which fit.  @param glue  it may need some  @return false: nothing was written */
bool referral_ready(const struct answer_request *request, const struct zone_node *cut, bool glue, struct reply *reply);

/* any.c: questions for more than one type; *none: the node has no such records, nothing was put */
bool answer_any(struct answering *a, const struct zone_node *node, bool *none);
bool answer_rrsig(struct answering *a, const struct zone_node *node, bool *none);

/* referral.c */
bool answer_referral(struct answering *a, const struct zone_node *cut);

/* additional.c */
void additional_want(struct answering *a, struct name_view owner, const struct rrset *set);
void additional_put(struct answering *a);

/* denial.c: about a->name in a->version, which NSEC or NSEC3 records prove it; nothing without DO or in an unsigned zone */
bool denial_nodata(struct answering *a, const struct zone_found *found);
bool denial_nxdomain(struct answering *a, const struct zone_found *found);
bool denial_wildcard(struct answering *a, const struct zone_found *found);
bool denial_no_ds(struct answering *a, const struct zone_node *cut);

#endif
