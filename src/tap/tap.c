/* SPDX-License-Identifier: Apache-2.0 */
/* The workers' side: copy into the own ring, or count a drop. */
#include "tap/inside.h"
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { RING_DEFAULT_BYTES = 1 << 20 };

static void tap_release(struct tap *tap)
{
    for (unsigned i = 0; tap->workers != NULL && i < tap->worker_count; i++)
        ring_clear(&tap->workers[i].ring);
    free(tap->workers);
    if (tap->wake >= 0)
        close(tap->wake);
    mem_free(tap->socket);
    mem_free(tap->file);
    mem_free(tap->identity);
    mem_free(tap->version);
    mem_free(tap);
}

/* A copy, or NULL for NULL; *bad when memory is out. */
static char *copy(const char *string, bool *bad)
{
    char *own = string == NULL ? NULL : mem_string(string);
    *bad |= string != NULL && own == NULL;
    return own;
}

static enum status tap_fill(struct tap *tap, const struct tap_options *options)
{
    bool bad = false;
    tap->socket = copy(options->socket, &bad);
    tap->file = copy(options->file, &bad);
    tap->identity = copy(options->identity, &bad);
    tap->version = copy(options->version, &bad);
    tap->sample = options->sample == 0 ? 1 : options->sample;
    /* Rings keep writer's and reader's positions on cache lines of their own. */
    tap->workers = aligned_alloc(64, options->workers * sizeof *tap->workers);
    if (bad || tap->workers == NULL)
        return E_NOMEM;
    memset(tap->workers, 0, options->workers * sizeof *tap->workers);
    tap->worker_count = options->workers;
    for (unsigned i = 0; i < tap->worker_count; i++)
        if (ring_init(&tap->workers[i].ring, options->ring_bytes == 0 ? RING_DEFAULT_BYTES : options->ring_bytes) != OK)
            return E_NOMEM;
    tap->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return tap->wake < 0 ? E_SYSTEM : OK;
}

enum status tap_open(const struct tap_options *options, struct tap **out, struct diagnostics *diag)
{
    struct tap *tap = mem_alloc(sizeof *tap);
    if (tap == NULL)
        return E_NOMEM;
    tap->wake = -1;
    enum status st = tap_fill(tap, options);
    if (st == OK && pthread_create(&tap->thread, NULL, tap_writer_run, tap) != 0)
        st = E_SYSTEM;
    if (st != OK) {
        diagnostics_add(diag, SEVERITY_ERROR, "dnstap", NULL, "dnstap could not be started: %s", status_text(st));
        tap_release(tap);
        return st;
    }
    *out = tap;
    return OK;
}

void tap_close(void *tap)
{
    struct tap *t = tap;
    if (t == NULL)
        return;
    atomic_store(&t->stop, true);
    const uint64_t one = 1;
    (void)!write(t->wake, &one, sizeof one);
    pthread_join(t->thread, NULL);
    tap_release(t);
}

bool tap_wanted(struct tap *tap, unsigned worker)
{
    struct tap_worker *w = &tap->workers[worker];
    if (w->until_sample != 0) {
        w->until_sample--;
        return false;
    }
    w->until_sample = tap->sample - 1;
    return true;
}

static uint64_t civil_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

void tap_exchange(struct tap *tap, unsigned worker, const struct net_exchange *x, const uint8_t *response, size_t response_bytes)
{
    struct tap_worker *w = &tap->workers[worker];
    uint32_t bytes = (uint32_t)(sizeof(struct tap_event) + x->query_bytes + response_bytes);
    struct tap_event *e = ring_reserve(&w->ring, bytes);
    if (e == NULL) {
        atomic_fetch_add_explicit(&w->dropped, 1, memory_order_relaxed);
        return;
    }
    *e = (struct tap_event){
        .received_ns = x->received_ns,
        .answered_ns = response == NULL ? 0 : civil_ns(),
        .peer = x->peer,
        .local = x->local,
        .query_bytes = (uint32_t)x->query_bytes,
        .response_bytes = (uint32_t)response_bytes,
        .transport = (uint8_t)x->transport,
    };
    uint8_t *tail = (uint8_t *)(e + 1);
    memcpy(tail, x->query, x->query_bytes);
    if (response != NULL)
        memcpy(tail + x->query_bytes, response, response_bytes);
    ring_commit(&w->ring, bytes);
}

void tap_counters_read(const struct tap *tap, struct tap_counters *out)
{
    out->written = atomic_load_explicit(&tap->written, memory_order_relaxed);
    out->reconnects = atomic_load_explicit(&tap->reconnects, memory_order_relaxed);
    out->dropped = atomic_load_explicit(&tap->lost, memory_order_relaxed);
    for (unsigned i = 0; i < tap->worker_count; i++)
        out->dropped += atomic_load_explicit(&tap->workers[i].dropped, memory_order_relaxed);
}
