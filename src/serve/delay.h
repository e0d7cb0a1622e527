/* SPDX-License-Identifier: Apache-2.0 */
/* Test builds only (-Dtest_delay=true): a question whose first label is `delay-MS` is parked that long. */
#ifndef SERVE_DELAY_H
#define SERVE_DELAY_H

#include "serve/inside.h"

bool delay_question(struct visit *v);
bool delay_wants(struct name_view name);
/* The worker ends: frees what still waits. */
void delay_clear(struct worker *w);

#endif
