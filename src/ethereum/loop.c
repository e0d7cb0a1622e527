/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: timers in a binary heap, posts on a lock-free stack, and http_client_poll as the only place where it sleeps. */
#include "ethereum/inside.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WAIT_MAX_MS = 10000, STOP_ROUNDS = 64 };
/* As many lookups as go on at once (names/mount_inside.h), each asking a quorum and one more. */
enum { REQUESTS_MAX = 8192, REQUESTS_BYTES = 128 << 20 };

struct chain_loop {
    struct chain_loop_options options;
    struct http_client *http;
    struct chain_timer **heap;
    size_t heap_count, heap_room;
    struct loop_member *members;
    _Atomic(struct chain_post *) posts;     /* newest first */
    atomic_bool asleep;                     /* it may sleep: who posts must wake it */
    atomic_bool stopping;
    bool stopped;
    bool started;
    pthread_t thread;
};

enum status chain_loop_new(const struct chain_loop_options *options, struct chain_loop **out)
{
    struct chain_loop *loop = mem_alloc(sizeof *loop);
    if (loop == NULL)
        return E_NOMEM;
    loop->options = *options;
    struct http_client_options http = http_client_defaults();
    http.own_suffixes = options->own_suffixes;
    http.own_suffix_count = options->own_suffix_count;
    http.waiting = REQUESTS_MAX;
    http.memory_bytes = REQUESTS_BYTES;
    enum status status = http_client_new(&http, &loop->http);
    if (status != OK) {
        mem_free(loop);
        return status;
    }
    loop->options.own_suffixes = NULL;      /* the client has copies */
    loop->options.own_suffix_count = 0;
    *out = loop;
    return OK;
}

void chain_loop_free(struct chain_loop *loop)
{
    if (loop == NULL)
        return;
    chain_loop_stop(loop);
    http_client_free(loop->http);
    mem_free(loop->heap);
    mem_free(loop);
}

/* Read anew each time: what runs inside of http_client_poll runs after a sleep. */
uint64_t chain_loop_now_ms(const struct chain_loop *loop)
{
    (void)loop;
    return clock_ns() / 1000000;
}

struct http_client *chain_loop_http(struct chain_loop *loop) { return loop->http; }
bool loop_is_stopped(const struct chain_loop *loop) { return loop->stopped; }
bool loop_loopback_allowed(const struct chain_loop *loop) { return loop->options.loopback_allowed; }

uint64_t chain_loop_unix_ms(const struct chain_loop *loop)
{
    return loop->options.unix_ms ? loop->options.unix_ms(loop->options.context) : clock_now().unix_ms;
}

/* ---- timers ---- */

static void heap_put(struct chain_loop *loop, size_t place, struct chain_timer *timer)
{
    loop->heap[place - 1] = timer;
    timer->place = place;
}

/* Places count from 1: 0 says that a timer is not set. */
static void heap_up(struct chain_loop *loop, size_t place, struct chain_timer *timer)
{
    while (place > 1 && loop->heap[place / 2 - 1]->due_ms > timer->due_ms) {
        heap_put(loop, place, loop->heap[place / 2 - 1]);
        place /= 2;
    }
    heap_put(loop, place, timer);
}

static void heap_down(struct chain_loop *loop, size_t place, struct chain_timer *timer)
{
    for (size_t child = place * 2; child <= loop->heap_count; child = place * 2) {
        if (child < loop->heap_count && loop->heap[child]->due_ms < loop->heap[child - 1]->due_ms)
            child++;
        if (loop->heap[child - 1]->due_ms >= timer->due_ms)
            break;
        heap_put(loop, place, loop->heap[child - 1]);
        place = child;
    }
    heap_put(loop, place, timer);
}

static void heap_move(struct chain_loop *loop, size_t place, struct chain_timer *timer)
{
    if (place > 1 && loop->heap[place / 2 - 1]->due_ms > timer->due_ms)
        heap_up(loop, place, timer);
    else
        heap_down(loop, place, timer);
}

enum status chain_timer_set(struct chain_loop *loop, struct chain_timer *timer, uint64_t in_ms, void (*run)(struct chain_timer *timer))
{
    timer->run = run;
    timer->loop = loop;
    uint64_t now = chain_loop_now_ms(loop);
    timer->due_ms = in_ms < UINT64_MAX - now ? now + in_ms : UINT64_MAX;
    if (timer->place) {
        heap_move(loop, timer->place, timer);
        return OK;
    }
    if (loop->heap_count == loop->heap_room) {
        size_t room = loop->heap_room ? loop->heap_room * 2 : 64;
        struct chain_timer **heap = mem_resize(loop->heap, room * sizeof(struct chain_timer *));
        if (heap == NULL)
            return E_NOMEM;
        loop->heap = heap;
        loop->heap_room = room;
    }
    heap_up(loop, ++loop->heap_count, timer);
    return OK;
}

void chain_timer_clear(struct chain_timer *timer)
{
    if (timer->place == 0)
        return;
    struct chain_loop *loop = timer->loop;
    struct chain_timer *last = loop->heap[--loop->heap_count];
    if (last != timer)
        heap_move(loop, timer->place, last);
    timer->place = 0;
}

/* Those that are due now: what they set for "at once" waits for the next turn, so that input and output get theirs. */
static void run_timers(struct chain_loop *loop)
{
    uint64_t now = chain_loop_now_ms(loop);
    for (size_t left = loop->heap_count; left > 0 && loop->heap_count > 0 && loop->heap[0]->due_ms <= now; left--) {
        struct chain_timer *timer = loop->heap[0];
        chain_timer_clear(timer);
        timer->run(timer);
    }
}

/* ---- posts ---- */

void chain_loop_post(struct chain_loop *loop, struct chain_post *post)
{
    struct chain_post *newest = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    do
        post->next = newest;
    while (!atomic_compare_exchange_weak(&loop->posts, &newest, post));
    /* Either we see that it may sleep, or it sees our post before it does: both sides are sequentially consistent. */
    if (atomic_load(&loop->asleep) && atomic_exchange(&loop->asleep, false))
        http_client_wake(loop->http);
}

static bool run_posts(struct chain_loop *loop)
{
    struct chain_post *newest = atomic_exchange(&loop->posts, NULL), *oldest = NULL;
    while (newest) {
        struct chain_post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    bool any = oldest != NULL;
    while (oldest) {
        struct chain_post *post = oldest;
        oldest = post->next;
        post->run(post);
    }
    return any;
}

/* ---- running ---- */

/* @param done  may be NULL: nothing is waited for once it is so */
static void turn(struct chain_loop *loop, uint64_t at_most_ms, const bool *done)
{
    run_posts(loop);
    run_timers(loop);
    uint64_t wait = at_most_ms < WAIT_MAX_MS ? at_most_ms : WAIT_MAX_MS;
    if (loop->heap_count > 0) {
        uint64_t due = loop->heap[0]->due_ms, now = chain_loop_now_ms(loop);
        uint64_t in = due > now ? due - now : 0;
        wait = in < wait ? in : wait;
    }
    atomic_store(&loop->asleep, true);
    if (atomic_load(&loop->posts) != NULL || atomic_load(&loop->stopping) || (done != NULL && *done))
        wait = 0;
    http_client_poll(loop->http, (uint32_t)wait);
    atomic_store(&loop->asleep, false);
}

/* Tells all that is under way that it could not be had; what is posted meanwhile fails in the same way. */
static void wind_down(struct chain_loop *loop)
{
    loop->stopped = true;
    for (struct loop_member *member = loop->members; member; member = member->next)
        member->stop(member);
    for (unsigned round = 0; round < STOP_ROUNDS && run_posts(loop); round++)
        ;
}

static void *thread_main(void *argument)
{
    struct chain_loop *loop = argument;
    while (!atomic_load(&loop->stopping))
        turn(loop, WAIT_MAX_MS, NULL);
    wind_down(loop);
    return NULL;
}

enum status chain_loop_start(struct chain_loop *loop)
{
    require(!loop->started);
    atomic_store(&loop->stopping, false);
    loop->stopped = false;
    if (pthread_create(&loop->thread, NULL, thread_main, loop) != 0)
        return E_SYSTEM;
    loop->started = true;
    return OK;
}

void chain_loop_stop(struct chain_loop *loop)
{
    if (!loop->started)
        return;
    atomic_store(&loop->stopping, true);
    http_client_wake(loop->http);
    pthread_join(loop->thread, NULL);
    loop->started = false;
}

enum status chain_loop_until(struct chain_loop *loop, const bool *done, uint64_t timeout_ms)
{
    uint64_t end = timeout_ms ? chain_loop_now_ms(loop) + timeout_ms : UINT64_MAX;
    while (!*done) {
        uint64_t now = chain_loop_now_ms(loop);
        if (now >= end)
            return E_TIMEOUT;
        turn(loop, end - now, done);
    }
    return OK;
}

void loop_join(struct chain_loop *loop, struct loop_member *member)
{
    member->next = loop->members;
    loop->members = member;
}

void loop_leave(struct chain_loop *loop, struct loop_member *member)
{
    for (struct loop_member **at = &loop->members; *at; at = &(*at)->next) {
        if (*at != member)
            continue;
        *at = member->next;
        return;
    }
}
