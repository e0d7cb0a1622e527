/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked: tokens, and keys of their records. */
#include "names/uns_inside.h"

#include "names/namehash.h"

#include <stdio.h>

enum { KEY_ROOM = 40 };

/* With every lookup for DNS.  The first ones decide about names below too. */
static const uint16_t usual_types[] = { TYPE_SOA, TYPE_NS, TYPE_DNAME, TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_HTTPS, TYPE_CNAME, TYPE_MX, TYPE_CAA };
enum { ABOVE_TYPES = 3 };

bool uns_label_is_valid(const uint8_t *label)
{
    for (unsigned i = 1; i <= label[0]; i++)
        if (!((label[i] >= 'a' && label[i] <= 'z') || (label[i] >= '0' && label[i] <= '9') || label[i] == '-'))
            return false;
    return label[0] > 0;
}

/* Tokens of the name and of those above it, as far as their labels can be of a token. */
static void plan_tokens(struct uns_job *job)
{
    struct name_view name = job->facts->name;
    struct eth_word node = { { 0 } };
    job->count = name.labels > 1 ? name.labels - 1u : name.labels;
    job->normal = name.labels;
    for (unsigned i = name.labels; i-- > 0; ) {
        struct name_view at = name_strip(name, i);
        if (job->normal == i + 1 && uns_label_is_valid(at.wire)) {
            namehash_child(node.octets, slice_of((const char *)at.wire + 1, at.wire[0]), node.octets);
            job->normal = i;
        }
        if (i < job->count) {
            job->names[i] = at;
            job->tokens[i] = node;
        }
    }
}

static bool has_type(const uint16_t *types, size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool plan_types(struct uns_job *job, const struct facts_request *request)
{
    uint16_t *types = arena_alloc(job->facts->arena, (LENGTH_OF(usual_types) + request->type_count) * sizeof *types);
    if (!types)
        return false;
    for (size_t i = 0; request->dns && i < LENGTH_OF(usual_types); i++)
        types[job->type_count++] = usual_types[i];
    for (size_t i = 0; request->dns && i < request->type_count; i++)
        if (!type_is_meta(request->types[i]) && !has_type(types, job->type_count, request->types[i]))
            types[job->type_count++] = request->types[i];
    job->types = types;
    return true;
}

static bool add_key(struct uns_job *job, struct slice *keys, const char *text)
{
    char *copy = arena_string(job->facts->arena, text);
    if (!copy)
        return false;
    keys[job->key_count++] = slice_string(copy);
    return true;
}

static bool add_type_keys(struct uns_job *job, struct slice *keys)
{
    char key[KEY_ROOM], type[CODE_TEXT_ROOM];
    if (job->type_count && !add_key(job, keys, "dns.ttl"))
        return false;
    for (size_t i = 0; i < job->type_count; i++) {
        snprintf(key, sizeof key, "dns.%s", type_to_text(job->types[i], type));
        if (!add_key(job, keys, key))
            return false;
        snprintf(key, sizeof key, "dns.%s.ttl", type);
        if (!add_key(job, keys, key))
            return false;
        if (i + 1 == ABOVE_TYPES)
            job->above_count = job->key_count;
    }
    return true;
}

static bool plan_keys(struct uns_job *job)
{
    char coin_keys[UNS_COIN_KEYS][UNS_COIN_KEY_ROOM];
    size_t most = 1 + 2 * job->type_count + 2 + 2 * job->text_count + UNS_COIN_KEYS * job->coin_count;
    struct slice *keys = arena_alloc(job->facts->arena, most * sizeof *keys);
    if (!keys || !add_type_keys(job, keys))
        return false;
    job->content_key = job->key_count;
    if (job->content && (!add_key(job, keys, "dweb.ipfs.hash") || !add_key(job, keys, "ipfs.html.value")))
        return false;
    job->text_key = job->key_count;
    for (size_t i = 0; i < job->text_count; i++) {
        char other[UNS_OTHER_KEY_ROOM];
        keys[job->key_count++] = job->texts[i];
        if (uns_other_key(job->texts[i], other) && !add_key(job, keys, other))
            return false;
    }
    job->coin_key = job->key_count;
    for (size_t i = 0; i < job->coin_count; i++)
        for (size_t k = 0, count = uns_coin_keys(job->coins[i], coin_keys); k < count; k++)
            if (!add_key(job, keys, coin_keys[k]))
                return false;
    job->keys = keys;
    return true;
}

static bool copy_texts(struct uns_job *job, const struct facts_request *request)
{
    struct arena *arena = job->facts->arena;
    struct slice *texts = arena_alloc(arena, (request->text_count + 1) * sizeof *texts);
    for (size_t i = 0; texts && i < request->text_count; i++) {
        const char *copy = arena_copy(arena, request->texts[i].data, request->texts[i].length);
        if (!copy)
            return false;
        texts[i] = slice_of(copy, request->texts[i].length);
    }
    job->texts = texts;
    job->text_count = request->text_count;
    return texts != NULL;
}

bool uns_plan(struct uns_job *job, const struct facts_request *request)
{
    job->dns = request->dns;
    job->content = request->content || request->dns;
    uint64_t *coins = arena_alloc(job->facts->arena, (request->coin_count + 1) * sizeof *coins);     /* aligned, which a copy need not be */
    if (!coins)
        return false;
    for (size_t i = 0; i < request->coin_count; i++)
        coins[i] = request->coins[i];
    job->coins = coins;
    job->coin_count = request->coin_count;
    plan_tokens(job);
    return copy_texts(job, request) && plan_types(job, request) && plan_keys(job);
}
