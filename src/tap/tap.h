/* SPDX-License-Identifier: Apache-2.0 */
/** @file tap/tap.h -- dnstap: what was asked and answered, to a listener over Frame Streams.
 *
 *  A ring per worker that never blocks: when it is full the event is dropped and counted.  A thread of its own encodes
 *  and writes, connects and reconnects. */
#ifndef TAP_TAP_H
#define TAP_TAP_H

#include "net/net.h"

struct tap_options {
    const char *socket;         /**< Unix socket of the listener, or NULL */
    const char *file;           /**< or a file */
    const char *identity, *version;
    uint32_t sample;            /**< every nth exchange; 1 = all */
    uint32_t ring_bytes;        /**< per worker; 0 = 1 MiB */
    unsigned workers;
};
struct tap;
MUST_CHECK enum status tap_open(const struct tap_options *options, struct tap **out, struct diagnostics *diag);
/** Writes out what is in the rings (bounded), then frees. */
void tap_close(void *tap);
/** Whether this worker's next exchange is in the sample; advances. */
bool tap_wanted(struct tap *tap, unsigned worker);
/** AUTH_QUERY and AUTH_RESPONSE of one exchange. response NULL = no answer was sent. */
void tap_exchange(struct tap *tap, unsigned worker, const struct net_exchange *x, const uint8_t *response, size_t response_bytes);
struct tap_counters { uint64_t written, dropped, reconnects; };
void tap_counters_read(const struct tap *tap, struct tap_counters *out);

#endif
