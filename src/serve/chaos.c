/* SPDX-License-Identifier: Apache-2.0 */
/* Who are you?  CH TXT id.server, hostname.bind, version.server, version.bind.  RFC 4892. */
#include "serve/inside.h"
#include <string.h>

static const struct {
    const char *wire;
    size_t length;
    bool version;
} identities[] = {
    { "\2id\6server", 11, false },
    { "\10hostname\4bind", 15, false },
    { "\7version\6server", 16, true },
    { "\7version\4bind", 14, true },
};

static const char *identity_of(const struct serve_setup *setup, struct name_view name)
{
    for (size_t i = 0; i < LENGTH_OF(identities); i++) {
        if (name.length != identities[i].length ||
            !name_equal(name, name_view_wire((const uint8_t *)identities[i].wire)))
            continue;
        return identities[i].version ? setup->version : setup->nsid;
    }
    return NULL;
}

bool chaos_answer(struct visit *v)
{
    const struct question *q = &v->query.question;
    struct name_view name = q->view;
    const char *text = identity_of(v->setup, name);
    if (text == NULL)
        return false;

    v->reply.flags |= FLAG_AA;
    v->rcode = RCODE_NOERROR;
    v->outcome = SERVE_NODATA;
    v->rrl_class = RRL_POSITIVE;
    v->rrl_key = 1;                 /* all identities count together */
    if (q->type != TYPE_TXT && q->type != TYPE_ANY)
        return true;
    uint8_t rdata[256];
    size_t length = strnlen(text, 255);
    rdata[0] = (uint8_t)length;
    memcpy(rdata + 1, text, length);
    v->outcome = SERVE_NOERROR;
    if (reply_add(&v->reply, SECTION_ANSWER, name, TYPE_TXT, CLASS_CH, 0, rdata, length + 1) != OK)
        v->reply.flags |= FLAG_TC;
    return true;
}
