/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef CONTROL_INSIDE_H
#define CONTROL_INSIDE_H

#include "control/control.h"

#include <pthread.h>

struct control {
    struct control_options options;
    char path[108];
    struct endpoint metrics;
    int socket, http, wake[2];      /* -1 = none; the pipe ends the accepting thread */
    bool started;
    pthread_t thread;
    pthread_mutex_t lock;           /* of what follows */
    pthread_cond_t gone;
    int clients[CONTROL_CLIENTS];   /* descriptors, -1 = free; so that stopping can shut them down */
    int browsers[CONTROL_HTTP_CLIENTS];
    uint64_t browser_turn[CONTROL_HTTP_CLIENTS], turn;  /* in which order they came */
    size_t running;
    bool stopping;
};

/* A connection's whole life; the caller closes fd. */
void client_serve(struct control *control, int fd);
void http_serve(struct control *control, int fd);
/* Writes all of it within the time, however slowly the other side reads. */
bool write_all(int fd, const char *bytes, size_t size, unsigned timeout_ms);
/* Waits for input. @return false when time is up or the other side is gone */
bool wait_readable(int fd, unsigned timeout_ms);

#endif
