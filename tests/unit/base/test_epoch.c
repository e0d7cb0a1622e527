/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "base/arena.h"
#include "base/epoch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static unsigned destroyed;

static void count_destroyed(void *object)
{
    (void)object;
    destroyed++;
}

static void waits_for_each_reader(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_new();
    struct epoch_reader *one, *two;
    assert_int_equal(epoch_join(epoch, &one), OK);
    assert_int_equal(epoch_join(epoch, &two), OK);
    destroyed = 0;
    int object;
    epoch_retire(epoch, &object, count_destroyed);
    assert_int_equal(epoch_reclaim(epoch), 1);
    epoch_quiet(one);
    assert_int_equal(epoch_reclaim(epoch), 1);
    epoch_retire(epoch, &object, count_destroyed); /* after the quiet moment of the first reader */
    epoch_quiet(two);
    assert_int_equal(epoch_reclaim(epoch), 1);
    assert_int_equal(destroyed, 1);
    epoch_offline(one);
    assert_int_equal(epoch_reclaim(epoch), 0);
    assert_int_equal(destroyed, 2);
    epoch_retire(epoch, &object, count_destroyed);
    epoch_online(one); /* came after: cannot hold it */
    assert_int_equal(epoch_reclaim(epoch), 1);
    epoch_leave(two);
    assert_int_equal(epoch_reclaim(epoch), 0);
    epoch_retire(epoch, &object, count_destroyed);
    epoch_leave(one);
    epoch_leave(NULL);
    assert_int_equal(destroyed, 3);
    epoch_free(epoch);
    assert_int_equal(destroyed, 4);
    epoch_free(NULL);
}

static void retire_without_memory_waits(void **state)
{
    (void)state;
    struct epoch *epoch = epoch_new();
    struct epoch_reader *reader;
    fault_after(1);
    assert_int_equal(epoch_join(epoch, &reader), E_NOMEM);
    destroyed = 0;
    fault_after(1);
    epoch_retire(epoch, NULL, count_destroyed);
    fault_after(0);
    assert_int_equal(destroyed, 1);
    epoch_free(epoch);
}

/* Threads that read a published object and go on- and offline, while another publishes and retires.  An object is
 * overwritten when it dies, and freed: a reader that still held it would see that, and so would a sanitizer. */
enum { READERS = 4, ROUNDS = 4000, ALIVE = 0x600d };

struct shared {
    struct epoch *epoch;
    int *_Atomic current;
    atomic_bool stop;
    atomic_uint bad;
};

static void kill_object(void *object)
{
    *(int *)object = 0xdead;
    free(object);
}

static void *read_objects(void *argument)
{
    struct shared *shared = argument;
    struct epoch_reader *reader;
    if (epoch_join(shared->epoch, &reader) != OK)
        return NULL;
    for (unsigned round = 0; !atomic_load_explicit(&shared->stop, memory_order_relaxed); round++) {
        const int *object = atomic_load_explicit(&shared->current, memory_order_acquire);
        for (int i = 0; i < 10; i++)
            if (*(const volatile int *)object != ALIVE)
                atomic_fetch_add(&shared->bad, 1);
        if (round % 3) {
            epoch_quiet(reader);
            continue;
        }
        epoch_offline(reader);
        if (round % 64 == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
        epoch_online(reader);
    }
    epoch_leave(reader);
    return NULL;
}

static int *new_object(void)
{
    int *object = malloc(sizeof *object);
    *object = ALIVE;
    return object;
}

static void stress(void **state)
{
    (void)state;
    struct shared shared = { .epoch = epoch_new() };
    atomic_init(&shared.current, new_object());
    pthread_t threads[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_objects, &shared), 0);
    for (int round = 0; round < ROUNDS; round++) {
        int *old = atomic_exchange_explicit(&shared.current, new_object(), memory_order_acq_rel);
        if (round % 500 == 0) {
            epoch_wait(shared.epoch);
            kill_object(old);
            continue;
        }
        epoch_retire(shared.epoch, old, kill_object);
        epoch_reclaim(shared.epoch);
    }
    epoch_wait(shared.epoch);
    assert_int_equal(epoch_reclaim(shared.epoch), 0);
    atomic_store(&shared.stop, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared.bad), 0);
    free(atomic_load(&shared.current));
    epoch_free(shared.epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_each_reader),
        cmocka_unit_test(retire_without_memory_waits),
        cmocka_unit_test(stress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
