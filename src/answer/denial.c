/* SPDX-License-Identifier: Apache-2.0 */
/* Which records prove an absence: RFC 4035 3.1.3 for NSEC, RFC 5155 7.2 for NSEC3. */
#include "answer/inside.h"
#include <string.h>

enum {
    ITERATIONS_MAX = 2500,  /* RFC 5155 10.3, the most it ever allowed; beyond it names are not hashed for strangers */
    HASHES_MAX = 64         /* per answer: a deep name whose enclosers have left the chain asks for one each */
};

static bool wanted(const struct answering *a, enum zone_denial kind)
{
    return a->request->dnssec_ok && zone_version_denial(a->version) == kind;
}

/* Each record once, however many things it proves. */
static bool put_proof(struct answering *a, const struct zone_node *node, uint16_t type)
{
    struct rrset set;
    if (!node || !zone_node_rrset(a->version, node, type, &set))
        return true;
    for (unsigned i = 0; i < a->proof_count; i++)
        if (a->proofs[i] == node)
            return true;
    if (a->proof_count < DENIAL_MAX)
        a->proofs[a->proof_count++] = node;
    struct name_view name = zone_node_name(a->version, node);
    bool ends_question = a->version == a->request->version && name_below(a->request->name, name);
    struct emit_owner owner = emit_below(a, name, ends_question ? name : zone_version_origin(a->version));
    return emit_rrset(a, SECTION_AUTHORITY, owner, &set, PUT_SIGNED, UINT32_MAX);
}

static bool wildcard_name(struct name_view encloser, struct name *out)
{
    return name_prepend((const uint8_t *)"*", 1, encloser, out) == OK;
}

/* ---- NSEC ---- */

/* The record that matches or covers the name. */
static bool nsec_about(struct answering *a, struct name_view name)
{
    return put_proof(a, zone_nsec_find(a->version, name), TYPE_NSEC);
}

static bool nsec_about_wildcard(struct answering *a, const struct zone_node *encloser)
{
    struct name wild;
    return !wildcard_name(zone_node_name(a->version, encloser), &wild) || nsec_about(a, name_view_of(&wild));
}

/* ---- NSEC3 ---- */

struct hashed {
    const struct zone_node *node;   /* matches, or covers; NULL: no chain or no hash */
    bool match;
};

/* The apex and the wildcard below it, which are asked about over and over. */
static struct nsec3_memo *memo_for(const struct answering *a, struct name_view name)
{
    unsigned apex = zone_version_origin(a->version).labels;
    bool wild = name.labels == apex + 1 && name.wire[0] == 1 && name.wire[1] == '*';
    return a->request->cache != NULL && (name.labels == apex || wild) ? cache_memo(a->request->cache, a->version, wild) : NULL;
}

static bool hash_name(struct answering *a, struct name_view name, uint8_t hash[NSEC3_HASH_BYTES])
{
    struct nsec3 params;
    if (!zone_version_nsec3(a->version, &params) || params.iterations > ITERATIONS_MAX)
        return false;
    a->hashes++;
    if (!a->hasher) {
        if (nsec3_hasher_new(&a->hasher) != OK)
            return false;
        a->own_hasher = true;
    }
    return nsec3_hash(a->hasher, &params, name, hash) == OK;
}

static struct hashed nsec3_about(struct answering *a, struct name_view name)
{
    uint8_t hash[NSEC3_HASH_BYTES];
    struct hashed out = { 0 };
    struct nsec3_memo *memo = memo_for(a, name);
    if (memo && memo->identity == zone_version_identity(a->version)) {
        memcpy(hash, memo->hash, sizeof hash);
    } else if (!hash_name(a, name, hash)) {
        return out;
    } else if (memo) {
        memo->identity = zone_version_identity(a->version);
        memcpy(memo->hash, hash, sizeof hash);
    }
    out.node = zone_nsec3_find(a->version, hash, sizeof hash, &out.match);
    return out;
}

static bool nsec3_put(struct answering *a, struct name_view name)
{
    return put_proof(a, nsec3_about(a, name).node, TYPE_NSEC3);
}

static struct name_view next_closer(struct name_view name, struct name_view encloser)
{
    return name_strip(name, name.labels - encloser.labels - 1u);
}

/* RFC 5155 7.2.1: match the closest encloser, cover the name one label longer.  Under opt-out the encloser may have no
 * record (an empty non-terminal that only leads to insecure delegations): then the next one up that has.
 * @param encloser  an ancestor of `name`; *proven: the one that was found
 * @param known  about `name` itself; NULL = not known */
static bool nsec3_encloser(struct answering *a, struct name_view name, struct name_view encloser, const struct hashed *known,
                           struct name_view *proven)
{
    struct hashed at = nsec3_about(a, encloser);
    unsigned apex = zone_version_origin(a->version).labels;
    while (at.node && !at.match && encloser.labels > apex && a->hashes < HASHES_MAX) {
        encloser = name_strip(encloser, 1);
        at = nsec3_about(a, encloser);
    }
    *proven = encloser;
    if (at.match && !put_proof(a, at.node, TYPE_NSEC3))
        return false;
    struct name_view closer = next_closer(name, encloser);
    return known && closer.length == name.length ? put_proof(a, known->node, TYPE_NSEC3) : nsec3_put(a, closer);
}

/* The record of the name itself, or without one the proof that it may lack one (opt-out, 7.2.4, 7.2.7). */
static bool nsec3_match(struct answering *a, struct name_view name)
{
    struct hashed at = nsec3_about(a, name);
    struct name_view proven;
    if (at.match)
        return put_proof(a, at.node, TYPE_NSEC3);
    return !at.node || name.labels == zone_version_origin(a->version).labels ||
           nsec3_encloser(a, name, name_strip(name, 1), &at, &proven);
}

static bool nsec3_nxdomain(struct answering *a, struct name_view encloser)
{
    struct name_view proven;
    struct name wild;
    if (!nsec3_encloser(a, a->name, encloser, NULL, &proven))
        return false;
    return !wildcard_name(proven, &wild) || nsec3_put(a, name_view_of(&wild));
}

/* ---- what is to be proven ---- */

bool denial_nodata(struct answering *a, const struct zone_found *found)
{
    struct name_view proven, node = zone_node_name(a->version, found->node);
    bool wildcard = found->outcome == ZONE_WILDCARD;
    if (wanted(a, ZONE_DENIAL_NSEC))
        return nsec_about(a, a->name) && (!wildcard || nsec_about(a, node));
    if (!wanted(a, ZONE_DENIAL_NSEC3))
        return true;
    if (!wildcard)
        return nsec3_match(a, a->name);
    return nsec3_encloser(a, a->name, zone_node_name(a->version, found->encloser), NULL, &proven) && nsec3_put(a, node);
}

bool denial_nxdomain(struct answering *a, const struct zone_found *found)
{
    if (wanted(a, ZONE_DENIAL_NSEC))
        return nsec_about(a, a->name) && nsec_about_wildcard(a, found->encloser);
    if (wanted(a, ZONE_DENIAL_NSEC3))
        return nsec3_nxdomain(a, zone_node_name(a->version, found->encloser));
    return true;
}

bool denial_wildcard(struct answering *a, const struct zone_found *found)
{
    if (wanted(a, ZONE_DENIAL_NSEC))
        return nsec_about(a, a->name);
    if (wanted(a, ZONE_DENIAL_NSEC3))
        return nsec3_put(a, next_closer(a->name, zone_node_name(a->version, found->encloser)));
    return true;
}

bool denial_no_ds(struct answering *a, const struct zone_node *cut)
{
    struct name_view name = zone_node_name(a->version, cut);
    if (wanted(a, ZONE_DENIAL_NSEC))
        return nsec_about(a, name);
    if (wanted(a, ZONE_DENIAL_NSEC3))
        return nsec3_match(a, name);
    return true;
}
