/* SPDX-License-Identifier: Apache-2.0 */
/** @file base/epoch.h -- when may what readers could still hold be freed?  (QSBR)
 *
 *  Each worker registers a reader.  Between two calls of epoch_quiet() it may hold pointers that it read
 *  from published atomics; at epoch_quiet() it swears it holds none.  While it sleeps it is offline, which
 *  counts as quiet.  A writer that has unpublished an object retires it; it is destroyed, on the thread
 *  that calls epoch_reclaim(), once every reader has been quiet after that. */
#ifndef BASE_EPOCH_H
#define BASE_EPOCH_H

#include "base/status.h"

struct epoch;
struct epoch_reader;

struct epoch *epoch_new(void);
/** All readers must be gone; destroys what is still retired. */
void epoch_free(struct epoch *epoch);

MUST_CHECK enum status epoch_join(struct epoch *epoch, struct epoch_reader **out);
void epoch_leave(struct epoch_reader *reader);
/** Holds nothing any more.  One store and one load. */
void epoch_quiet(struct epoch_reader *reader);
/** About to sleep; holds nothing.  epoch_online() before the next read. */
void epoch_offline(struct epoch_reader *reader);
void epoch_online(struct epoch_reader *reader);

/** Any thread.  destroy(object) runs later, in epoch_reclaim().  Never fails: without memory for the note
 *  it waits for the readers and destroys at once (so a reader must not call it). */
void epoch_retire(struct epoch *epoch, void *object, void (*destroy)(void *));
/** Destroys what may be; @return how many objects still wait. */
size_t epoch_reclaim(struct epoch *epoch);
/** Waits until every reader has been quiet once after this call.  Not from a reader that is online. */
void epoch_wait(struct epoch *epoch);

#endif
