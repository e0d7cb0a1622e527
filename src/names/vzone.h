/* SPDX-License-Identifier: Apache-2.0 */
/** @file names/vzone.h -- from what chains say of a name to a small zone that the DNS answers from.
 *
 *  The zone holds all that a question for one name needs, so that the answer room finds there what it would find in the whole one: SOA and NS, the
 *  records of the name, wildcards, cuts with their glue, what aliases lead to.  No network, no clock, no state: facts in, a version out. */
#ifndef NAMES_VZONE_H
#define NAMES_VZONE_H

#include "cache/cache.h"
#include "names/mount.h"

enum { VZONE_HOPS = 8 /* aliases followed within a mount */, VZONE_FACTS = 12 /* names that one answer may rest on */, VZONE_FAILED = 8 };

/** What a question's name is about. */
enum vzone_kind {
    VZONE_NAME,         /**< a name of the name system */
    VZONE_DNSLINK,      /**< `_dnslink.NAME`: the content of NAME, besides records of its own */
    VZONE_TEXT,         /**< `_text.KEY.NAME`: a text record of NAME as TXT; KEY is one label, which may hold dots */
    VZONE_REVERSE,      /**< `HEX40.SUFFIX`: the primary name of an address as PTR */
    VZONE_NOTHING       /**< nothing that is looked up: it does not exist */
};
struct vzone_question {
    enum vzone_kind kind;
    struct name name;           /**< NAME, DNSLINK: what to look up for the records, in the name system's tree; TEXT: NAME */
    struct name host;           /**< DNSLINK: NAME, likewise */
    struct slice key;           /**< TEXT; borrowed from the question */
    struct eth_address address; /**< REVERSE */
};
/** @param question  at or below the suffix, or `reverse`: not these names themselves */
void vzone_question_read(const struct mount_options *mount, struct name_view question, struct vzone_question *out);

enum vzone_role {
    VZONE_ROLE_QUESTION,        /**< the first; of the name asked for */
    VZONE_ROLE_HOST,            /**< DNSLINK: of NAME */
    VZONE_ROLE_CHASED           /**< of a name that was wanted */
};
struct vzone_facts { enum vzone_role role; const struct facts *facts; };
struct vzone_input {
    const struct mount_options *mount;
    struct name_view question;              /**< in the DNS */
    const struct vzone_question *read;
    const struct vzone_facts *facts; size_t fact_count;
    uint32_t serial;
    uint32_t ttl_limit;                     /**< no record is told for longer */
    bool last;                              /**< nothing more can be looked up: names that are wanted are left out */
};

struct vzone_failed {
    uint16_t type;
    enum chain_failure failure;
    const char *reason;                     /**< a constant sentence fragment */
};
struct vzone {
    struct zone_version *version;           /**< the caller's; NULL when names are wanted */
    uint64_t types[CACHE_TYPES / 64];       /**< that it knows all about */
    uint16_t more_types[4]; size_t more_count;      /**< of those that have no bit */
    bool all_types;
    struct vzone_failed failed[VZONE_FAILED]; size_t failed_count;
    bool rest_failed; struct vzone_failed rest;     /**< types that are neither known nor in `failed` cannot be told */
    bool negative;                          /**< the name does not exist, as far as is known */
    uint32_t chain_ttl;                     /**< lowest of the records on chain; UINT32_MAX = none was */
    const char *sentence;                   /**< why it is as it is; a constant */
    struct name wanted[VZONE_HOPS]; size_t wanted_count;    /**< in the name system's tree: look these up, and build again */
};
/** @return OK, E_NOMEM, E_LIMIT (more records than a version holds) */
MUST_CHECK enum status vzone_build(const struct vzone_input *input, struct vzone *out);

/** The zone with nothing but SOA and NS, for the names of mounts themselves. */
MUST_CHECK enum status vzone_build_apex(const struct mount_options *mount, struct name_view origin, uint32_t serial, struct zone_version **out);

/** A rule of safety: what a public name must not lead into.  octets: 4 or 16. */
bool vzone_address_is_private(const uint8_t *address, size_t octets);

#endif
