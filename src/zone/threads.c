/* SPDX-License-Identifier: Apache-2.0 */
#include "zone/threads.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct helper { pthread_t id; void (*work)(void *, unsigned); void *context; unsigned index; bool runs; };

static void *helper_main(void *argument)
{
    struct helper *helper = argument;
    helper->work(helper->context, helper->index);
    return NULL;
}

void zone_threads(unsigned threads, void (*work)(void *, unsigned), void *context)
{
    struct helper helpers[ZONE_THREADS_MAX];
    for (unsigned i = 1; i < threads; i++) {
        helpers[i] = (struct helper){ .work = work, .context = context, .index = i };
        helpers[i].runs = pthread_create(&helpers[i].id, NULL, helper_main, &helpers[i]) == 0;
    }
    work(context, 0);
    for (unsigned i = 1; i < threads; i++) {
        if (helpers[i].runs)
            (void)pthread_join(helpers[i].id, NULL);
        else
            work(context, i);
    }
}
