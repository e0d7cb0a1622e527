/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of docs/control-protocol.md. */
#ifndef TOOLS_CONTROL_CLIENT_H
#define TOOLS_CONTROL_CLIENT_H

#include "json/json.h"
#include "tools/tools.h"

/* Asks the daemon and waits; shows progress on a terminal and complains on stderr.
 * @param args   taken; NULL = none
 * @param reply  the final line, owned by the caller, with the member `result`; written on TOOL_DONE only; NULL is
 *               possible for `stop`
 * @return TOOL_DONE or the code to exit with */
int control_ask(const struct tool_call *call, const char *verb, struct json_value *args, struct json_value **reply);
/* The metrics of RSSAC002v4 as YAML documents; started: when the daemon began to count, Unix seconds. */
void rssac_print(const struct json_value *rssac, uint64_t started);
/* A number of it as text, or NULL where there is none.  @return out or NULL */
const char *control_number(const struct json_value *object, const char *key, char out[32]);
/* Prints a result as it is. */
int control_print_json(const struct tool_call *call, const struct json_value *result);

#endif
