/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the room share. */
#ifndef TAP_INSIDE_H
#define TAP_INSIDE_H

#include "tap/ring.h"
#include "tap/tap.h"
#include <pthread.h>

/* An exchange in a ring: this, then the query, then the response. */
struct tap_event {
    uint64_t received_ns, answered_ns;      /* civil time; answered 0 = not */
    struct endpoint peer, local;
    uint32_t query_bytes, response_bytes;
    uint8_t transport;
};

struct tap_worker {
    struct ring ring;
    uint32_t until_sample;
    _Atomic uint64_t dropped;
};

struct tap {
    char *socket, *file, *identity, *version;
    uint32_t sample;
    unsigned worker_count;
    struct tap_worker *workers;
    pthread_t thread;
    bool running;
    int wake;                               /* eventfd: told to stop */
    _Atomic bool stop;
    _Atomic uint64_t written, lost, reconnects;
};

/* writer.c: the thread that encodes and writes; context is the tap. */
void *tap_writer_run(void *context);

#endif
