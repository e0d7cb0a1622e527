/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the small zones share. */
#ifndef NAMES_VZONE_INSIDE_H
#define NAMES_VZONE_INSIDE_H

#include "names/vzone.h"

enum { SYNTHETIC_TTL = 300, NEGATIVE_TTL = 60, MAKING_OWNERS = 32 };

struct making {
    const struct vzone_input *in;
    const struct mount_options *mount;
    struct vzone *out;
    struct zone_builder *builder;
    struct name origin;                 /* of the version, in the DNS */
    bool own;                           /* it is an ENS name's own zone, with SOA or NS from the chain */
    bool has_soa;                       /* one was added: its own */
    enum status status;                 /* sticky */
    uint64_t owners[MAKING_OWNERS]; size_t owner_count;     /* hashes of those that have a record; more are forgotten */
};

/* Between the two trees: the name system's and the DNS. @return false: it gets too long */
bool tree_to_dns(const struct mount_options *mount, struct name_view name, struct name *out);
bool tree_from_dns(const struct mount_options *mount, struct name_view name, struct name *out);
static inline bool tree_is_one(const struct mount_options *mount) { return name_equal(mount->suffix, mount->base); }

void making_failed(struct making *m, uint16_t type, enum chain_failure failure, const char *reason);
void making_rest_failed(struct making *m, enum chain_failure failure, const char *reason);
void making_fact_failed(struct making *m, uint16_t type, const struct fact *fact);
/* The name that has the resolver; the name itself where none does. */
static inline struct name_view zone_of(const struct facts *f) { return f->zone.length == 0 ? f->name : f->zone; }
static inline bool fact_is_bad(const struct fact *fact) { return fact->state == FACT_BROKEN || fact->state == FACT_FAILED; }

/* A record of the version, its TTL held to the limits.  @param owner  in the DNS */
void making_add(struct making *m, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size);
/* TXT of one or more strings. */
void making_add_txt(struct making *m, struct name_view owner, uint32_t ttl, struct slice value);

/* vzone_apex.c */
void apex_add(struct making *m);

/* vzone_records.c: RRsets of the DNS profile.  apex_only: SOA and NS of the zone */
void records_add(struct making *m, const struct facts *facts, bool apex_only);
bool records_have(const struct facts *facts, struct name_view owner, uint16_t type);

/* vzone_made.c: what is made of content hashes, texts, coins; @param owner  in the DNS */
void made_add_dnslink(struct making *m, const struct facts *facts, struct name_view owner);
void made_add_gateways(struct making *m, const struct facts *facts, struct name_view owner);
void made_add_wallet(struct making *m, const struct facts *facts, struct name_view owner);
void made_add_text(struct making *m, const struct facts *facts, struct slice key, struct name_view owner);
void made_add_pointer(struct making *m, const struct facts *facts, struct name_view owner);
bool made_from_content(const struct facts *facts);

#endif
