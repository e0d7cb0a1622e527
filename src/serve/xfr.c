/* SPDX-License-Identifier: Apache-2.0 */
/* AXFR out: who may have which zone.  RFC 5936. */
#include "base/log.h"
#include "serve/count.h"

struct xfr_note {
    struct name zone;
    struct address peer;
    uint32_t serial;
};

static void transfer_done(void *context, const struct transfer_totals *totals)
{
    struct xfr_note *note = context;
    char zone[NAME_TEXT_ROOM], peer[ADDRESS_TEXT_ROOM];
    if (totals->complete)
        log_info(LOG_TRANSFER, "zone transferred", log_text("zone", name_to_text(name_view_of(&note->zone), zone)),
                 log_u64("serial", note->serial), log_text("client", address_print(&note->peer, peer)),
                 log_u64("records", totals->records), log_u64("bytes", totals->bytes),
                 log_u64("messages", totals->messages));
    else
        log_warning(LOG_TRANSFER, "transfer broken off", log_text("zone", name_to_text(name_view_of(&note->zone), zone)),
                    log_u64("serial", note->serial), log_text("client", address_print(&note->peer, peer)),
                    log_u64("records", totals->records), log_text("hint", "the client closed the connection or read too slowly"));
    mem_free(note);
}

static void refuse(struct visit *v, uint16_t rcode, uint16_t ede, const char *text)
{
    count_up(&v->worker->counters.transfers_refused);
    visit_fail(v, rcode, ede, text);
}

/* @return the version to send, or NULL after the visit was failed. */
static const struct zone_version *admit(struct visit *v, const struct serve_view *view)
{
    const struct question *q = &v->query.question;
    if (v->x->transport != NET_TCP) {
        refuse(v, RCODE_FORMERR, EDE_OTHER, "zone transfer needs TCP");         /* RFC 5936 4.2 */
        return NULL;
    }
    v->zone = zone_table_get(view->zones, q->view, q->klass);
    if (v->zone == NULL) {
        refuse(v, RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE, NULL);                  /* RFC 5936 2.2.1 */
        return NULL;
    }
    const struct serve_zone *options = serve_zone_options(v->zone);
    if (options == NULL || !acl_permits(options->allow_transfer, &v->x->peer.address)) {
        count_up(&v->worker->counters.acl_refused);
        refuse(v, RCODE_REFUSED, EDE_PROHIBITED, NULL);
        return NULL;
    }
    const struct zone_version *version = zone_current(v->zone);
    if (version == NULL)
        visit_servfail(v, SERVE_FAILURE_NOT_LOADED);
    return version;
}

bool xfr_serve(struct visit *v, const struct serve_view *view)
{
    const struct zone_version *version = admit(v, view);
    if (version == NULL)
        return false;
    struct xfr_note *note = mem_alloc(sizeof *note);
    if (note == NULL) {
        visit_servfail(v, SERVE_FAILURE_NO_MEMORY);
        return false;
    }
    note->zone = name_copy(zone_version_origin(version));
    note->serial = zone_version_serial(version);
    note->peer = v->x->peer.address;
    if (transfer_axfr(v->x, &v->query, &v->edns, version, transfer_done, note) != OK) {
        mem_free(note);
        visit_servfail(v, SERVE_FAILURE_NO_MEMORY);
        return false;
    }
    count_up(&v->worker->counters.transfers);
    struct serve_zone_counters *c = v->zone == NULL ? NULL : counters_zone(v->worker, zone_user(v->zone));
    if (c != NULL)
        count_up(&c->transfers);
    return true;
}
