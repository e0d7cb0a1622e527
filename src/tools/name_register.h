/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name_register.h -- one registration below `eth`: what its files share. */
#ifndef TOOLS_NAME_REGISTER_H
#define TOOLS_NAME_REGISTER_H

#include "tools/name_ens.h"

enum { STEP_COMMIT, STEP_REGISTER };
struct registering {
    struct chain_tool *tool;
    struct tool_name name;
    struct sender sender;
    struct op *op;
    struct ens_registration r;
    struct eth_address desk;
    struct eth_word commitment;
    uint64_t youngest, oldest;
};

/* Controller, resolver, records and secret of a new registration, and the calls that it takes; nothing is sent.  The commitment is compared with the
 * controller's own.  @return TOOL_DONE, or complains */
int registering_plan(struct registering *registering);

#endif
