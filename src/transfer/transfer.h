/* SPDX-License-Identifier: Apache-2.0 */
/** @file transfer/transfer.h -- AXFR out (RFC 5936) and NOTIFY out (RFC 1996). */
#ifndef TRANSFER_TRANSFER_H
#define TRANSFER_TRANSFER_H

#include "net/net.h"
#include "zone/zone.h"

/** Streams a whole zone version on a TCP exchange, with back-pressure; ends the exchange.  The version is held until then,
 *  whatever is published meanwhile, so that the transfer is of one moment.
 *  @param version  current now; a hold is taken
 *  @param done     called at the end with what was sent; may be NULL
 *  @return OK; E_NOMEM, E_LIMIT: x is untouched, answer SERVFAIL */
struct transfer_totals { uint64_t records, bytes, messages; bool complete; };
MUST_CHECK enum status transfer_axfr(struct net_exchange *x, const struct message *query, const struct edns_reply *edns,
                                     const struct zone_version *version,
                                     void (*done)(void *context, const struct transfer_totals *totals), void *context);

/** The notifier: one thread that tells secondaries of new versions, with retries (RFC 1996 §3.6), over UDP. */
struct notifier;
MUST_CHECK enum status notifier_start(struct notifier **out);
void notifier_stop(struct notifier *notifier);
/** Queues NOTIFY of this zone's SOA to the targets; a newer one for the same zone and target replaces one still waiting.  Copies everything. */
MUST_CHECK enum status notifier_notify(struct notifier *notifier, struct name_view zone, uint16_t klass, uint32_t serial,
                                       const struct endpoint *targets, size_t count);
struct notifier_counters { uint64_t sent, acknowledged, failed, waiting; };
void notifier_counters_read(const struct notifier *notifier, struct notifier_counters *out);

#endif
