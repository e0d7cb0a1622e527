/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/name.h"
static int later(const struct tool_call *call) { return tools_complain(call, TOOL_USAGE, "not in this version"); }
int name_verify_run(const struct tool_call *call) { return later(call); }
int name_pending_run(const struct tool_call *call) { return later(call); }
int name_send_run(const struct tool_call *call) { return later(call); }
#include "tools/name_ens.h"
int name_zone_rest(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *resolver, struct write_changes *changes) { (void)name; (void)resolver; (void)changes; return later(tool->call); }
