/* SPDX-License-Identifier: Apache-2.0 */
/* A hierarchical timer wheel of 11 digits to the base 64, 1 ms fine.
 *
 * A timer lies on the level of the highest digit in which its due time differs from now, in the slot of
 * that digit of its due time.  So what lies on a level always comes before what lies on the next, no slot
 * ever wraps, and starting and stopping cost the same few instructions however many timers there are. */
#include "net/inside.h"

enum { DIGIT_BITS = 6, DIGIT_MASK = 63, LEVELS = 11 };

static unsigned digit(uint64_t time, unsigned level) { return (unsigned)(time >> (level * DIGIT_BITS)) & DIGIT_MASK; }

/* The highest digit in which two different times differ. */
static unsigned level_of(uint64_t a, uint64_t b)
{
    return (63u - (unsigned)__builtin_clzll(a ^ b)) / DIGIT_BITS;
}

static void push(struct net_timer **head, struct net_timer *timer)
{
    timer->next = *head;
    timer->link = head;
    if (*head != NULL)
        (*head)->link = &timer->next;
    *head = timer;
}

void net_timer_stop(struct net_timer *timer)
{
    if (timer->link == NULL)
        return;
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    timer->next = NULL;
    timer->link = NULL;
}

static void place(struct wheel *wheel, struct net_timer *timer)
{
    if (timer->due_ms <= wheel->now_ms) {
        push(&wheel->due, timer);
        return;
    }
    unsigned level = level_of(timer->due_ms, wheel->now_ms);
    unsigned slot = digit(timer->due_ms, level);
    push(&wheel->slots[level][slot], timer);
    wheel->occupied[level] |= UINT64_C(1) << slot;
}

void wheel_init(struct wheel *wheel, uint64_t now_ms)
{
    *wheel = (struct wheel){ .now_ms = now_ms };
}

void wheel_start(struct wheel *wheel, struct net_timer *timer, uint64_t due_ms)
{
    net_timer_stop(timer);
    timer->due_ms = due_ms;
    place(wheel, timer);
}

/* Takes the timers out of the marked slots of a level and places them anew. */
static void scatter(struct wheel *wheel, unsigned level, uint64_t marked)
{
    marked &= wheel->occupied[level];
    wheel->occupied[level] &= ~marked;
    for (; marked != 0; marked &= marked - 1) {
        struct net_timer **head = &wheel->slots[level][__builtin_ctzll(marked)];
        struct net_timer *list = *head;
        *head = NULL;
        while (list != NULL) {
            struct net_timer *timer = list;
            list = timer->next;
            place(wheel, timer);
        }
    }
}

void wheel_advance(struct wheel *wheel, uint64_t now_ms)
{
    uint64_t before = wheel->now_ms;
    if (now_ms > before) {
        unsigned top = level_of(now_ms, before);
        wheel->now_ms = now_ms;
        for (unsigned level = 0; level < top; level++)
            scatter(wheel, level, UINT64_MAX);            /* all over */
        /* Slots up to and with the new digit: all but the last are over, the last is split on lower levels. */
        scatter(wheel, top, UINT64_MAX >> (DIGIT_MASK - digit(now_ms, top)));
    }
    /* What callbacks add with no delay waits for the next turn, so that this loop ends. */
    struct net_timer *fire = wheel->due;
    wheel->due = NULL;
    if (fire != NULL)
        fire->link = &fire;
    while (fire != NULL) {
        struct net_timer *timer = fire;
        net_timer_stop(timer);
        timer->fire(timer);
    }
}

int64_t wheel_next_ms(struct wheel *wheel)
{
    if (wheel->due != NULL)
        return 0;
    for (unsigned level = 0; level < LEVELS; level++) {
        while (wheel->occupied[level] != 0) {
            unsigned slot = (unsigned)__builtin_ctzll(wheel->occupied[level]);
            if (wheel->slots[level][slot] == NULL) {      /* emptied by net_timer_stop */
                wheel->occupied[level] &= wheel->occupied[level] - 1;
                continue;
            }
            unsigned shift = level * DIGIT_BITS;
            uint64_t above = shift + DIGIT_BITS >= 64 ? 0 : wheel->now_ms >> (shift + DIGIT_BITS) << (shift + DIGIT_BITS);
            return (int64_t)((above | (uint64_t)slot << shift) - wheel->now_ms);
        }
    }
    return -1;
}

void net_timer_start(struct net_worker *worker, struct net_timer *timer, uint32_t after_ms)
{
    wheel_start(&worker->wheel, timer, worker->now.monotonic_ms + after_ms);
}
