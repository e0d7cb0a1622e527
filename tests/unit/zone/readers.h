/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that read while the test's own writes.  A reader returns its argument when all that it saw was good. */
#ifndef TEST_READERS_H
#define TEST_READERS_H

#include "build.h"

#include <pthread.h>
#include <stdatomic.h>

enum { READERS = 3 };
struct readers { pthread_t threads[READERS]; };

static inline void readers_start(struct readers *readers, void *(*reader)(void *), void *argument)
{
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers->threads[i], NULL, reader, argument), 0);
}

static inline void readers_end(struct readers *readers, atomic_bool *stop, const void *argument)
{
    atomic_store(stop, true);
    for (int i = 0; i < READERS; i++) {
        void *good;
        pthread_join(readers->threads[i], &good);
        assert_ptr_equal(good, argument);
    }
}

#endif
