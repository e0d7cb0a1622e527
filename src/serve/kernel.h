/* SPDX-License-Identifier: Apache-2.0 */
/** @file serve/kernel.h -- which answers the kernel gives: chosen from what is asked, made as all answers are, put there.
 *
 *  Workers drop what they were asked into a small ring of their own (kernel_offer); a thread looks into the rings,
 *  makes the answers anew, by answer_question() as for a client, and puts them into the table.  Answers depend on nothing but
 *  question and content, or they are not put there: no view or zone with access lists, no rotation, no chains into other zones. */
#ifndef SERVE_KERNEL_H
#define SERVE_KERNEL_H

#include "net/kernel.h"
#include "serve/serve.h"

struct serve_kernel;
/** Before any worker runs.  @param kernel  borrowed  @return NULL when out of memory */
struct serve_kernel *serve_kernel_new(struct serve *serve, struct net_kernel *kernel);
/** Its thread and the workers must have ended. NULL is fine. */
void serve_kernel_free(struct serve_kernel *kernel);
/** A thread's whole life, until serve_kernel_end. */
void serve_kernel_run(struct serve_kernel *kernel);
void serve_kernel_end(struct serve_kernel *kernel);

/* Any thread; NULL is fine. */
/** The setup, the set of zones or what they allow has changed, and is in force: all answers in the kernel are dead. */
void serve_kernel_changed(struct serve_kernel *kernel);
/** The zone has been published: answers made of its old content are dead. */
void serve_kernel_published(struct serve_kernel *kernel, const struct zone *zone);

#endif
