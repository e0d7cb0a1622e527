/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name.h -- what the verbs of `rhiz name` share. */
#ifndef TOOLS_NAME_H
#define TOOLS_NAME_H

#include "crypto/address.h"
#include "tools/chain_tool.h"

/* Seconds as `2027-01-31 12:00:00 UTC`. */
enum { NAME_TIME_ROOM = 32 };
const char *name_time(uint64_t seconds, char out[NAME_TIME_ROOM]);
/* `in 364 days`, `3 hours ago`. */
const char *name_span(uint64_t at, uint64_t now, char out[NAME_TIME_ROOM]);
/* Octets as 0x and hexadecimal, in the tool's arena. */
const char *name_hex(struct chain_tool *tool, const void *octets, size_t count);
const char *name_address(struct chain_tool *tool, const struct eth_address *address);    /* EIP-55; "-" for none */
/* Text of strangers with control characters made visible, in the tool's arena. */
const char *name_clean(struct chain_tool *tool, struct slice text);
/* An amount of wei as `0.0031 ETH`, in the tool's arena. */
const char *name_ether(struct chain_tool *tool, struct u256 wei);
/* What is said when facts failed or are absent. @return the exit code, or TOOL_DONE when they were found */
int name_facts_complain(struct chain_tool *tool, const struct tool_name *name, const struct facts *facts);
/* Block, chain and proof of facts, for --json and below a table. */
void name_facts_json(const struct facts *facts, struct json_value *object);
void name_facts_footer(const struct facts *facts, FILE *out);
const char *name_fact_reason(const struct fact *fact);

/* The state of a .eth name below `eth` at a time. */
enum name_life { NAME_LIFE_NONE, NAME_LIFE_REGISTERED, NAME_LIFE_GRACE, NAME_LIFE_PREMIUM, NAME_LIFE_OPEN };
enum name_life name_life(const struct facts_ens *e, uint64_t now);
const char *name_life_text(enum name_life life);
/* `CANNOT_UNWRAP ...` */
void name_fuses_print(uint32_t fuses, struct text *out);

#endif
