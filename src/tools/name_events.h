/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name_events.h -- events that concern names, in words. */
#ifndef TOOLS_NAME_EVENTS_H
#define TOOLS_NAME_EVENTS_H

#include "tools/name_logs.h"

enum event_weight { EVENT_RECORD, EVENT_OWNER, EVENT_LIFE };     /* marks of the drawing */
struct name_event_text { const char *event, *detail; enum event_weight weight; };
/* @return false: not an event that we know */
bool name_event_read(struct chain_tool *tool, const struct name_log *log, struct name_event_text *out);

#endif
