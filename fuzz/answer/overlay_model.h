/* SPDX-License-Identifier: Apache-2.0 */
/* Edits and questions together: what a version made by edits answers, with tails kept from the versions before, is octet for octet what one
 * made by a builder answers without. */
#ifndef FUZZ_ANSWER_OVERLAY_MODEL_H
#define FUZZ_ANSWER_OVERLAY_MODEL_H

#include "../zone/edit_model.h"
#include "answer/answer.h"

struct overlay_answer {
    struct answer_result result;
    size_t length;
    uint8_t wire[4096];
};

static inline void overlay_ask(const struct zone_version *v, struct name_view name, uint16_t type, bool dnssec_ok, size_t limit,
                               struct answer_cache *cache, struct overlay_answer *out)
{
    const struct answer_options options = answer_defaults();
    struct zone_ahead ahead;
    struct answer_request request = { .version = v, .name = name, .type = type, .klass = CLASS_IN, .dnssec_ok = dnssec_ok, .udp = true,
                                      .options = &options, .cache = cache };
    if (cache) {
        zone_ahead_begin(&ahead, v, name);
        zone_ahead_follow(&ahead, v);
        request.ahead = &ahead;
    }
    struct reply reply;
    reply_begin(&reply, out->wire, limit, 1, FLAG_QR);
    assert(reply_add_question(&reply, name, type, CLASS_IN) == OK);
    assert(answer_question(&request, &reply, &out->result) == OK);
    out->length = reply_end(&reply, out->result.rcode);
}

static inline void overlay_same(const struct zone_version *v, const struct zone_version *like, struct answer_cache *cache, struct model_dice *d,
                                const struct edit_model *m)
{
    static const uint16_t types[] = { TYPE_A, TYPE_A, TYPE_NS, TYPE_SOA, TYPE_DS, TYPE_MX, TYPE_NSEC, TYPE_TXT };
    static const size_t limits[] = { 4096, 512, 300 };
    static struct overlay_answer one, two;
    struct name name = model_name(m, d);
    uint16_t type = types[model_draw(d, 8)];
    unsigned how = model_draw(d, 12);
    size_t limit = limits[how % 3];
    bool dnssec_ok = how < 8;
    if (how == 11)
        assert(name_prepend((const uint8_t *)"zz", 2, name_view_of(&name), &name) == OK);
    overlay_ask(like, name_view_of(&name), type, dnssec_ok, limit, NULL, &two);
    for (int again = 0; again < 3; again++) {           /* asked, kept, from what was kept */
        overlay_ask(v, name_view_of(&name), type, dnssec_ok, limit, cache, &one);
        assert(one.length == two.length && memcmp(one.wire, two.wire, one.length) == 0);
        assert(one.result.rcode == two.result.rcode && one.result.kind == two.result.kind && one.result.truncated == two.result.truncated);
        assert(name_equal(one.result.key, two.result.key));
    }
}

static inline void overlay_run(const uint8_t *data, size_t size)
{
    static struct edit_model m;
    struct model_dice d = { data, size, 0 };
    struct answer_cache *cache = answer_cache_new();
    assert(cache);
    model_begin(&m, &d);
    struct zone_version *v = model_build(&m), *before = model_build(&m);
    while (!model_over(&d)) {
        struct zone_version *next = model_draw(&d, 24) ? model_edit(&m, v, &d) : model_flatten(v);
        struct zone_version *like = model_build(&m);
        for (unsigned n = 4 + model_draw(&d, 8); n > 0; n--) {
            overlay_same(next, like, cache, &d, &m);
            struct model_dice same = d;
            overlay_same(v, before, cache, &same, &m);      /* a version that is still held, meanwhile */
        }
        zone_version_free(before);
        before = like;
        zone_version_free(v);
        v = next;
    }
    zone_version_free(v);
    zone_version_free(before);
    answer_cache_free(cache);
}

#endif
