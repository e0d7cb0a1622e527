/* SPDX-License-Identifier: Apache-2.0 */
/* tools/chain_tool.h -- chains and name systems of the configuration, in this thread: every function here runs the loop until
 * its answer is there, and says on a terminal what is waited for. */
#ifndef TOOLS_CHAIN_TOOL_H
#define TOOLS_CHAIN_TOOL_H

#include "config/config.h"
#include "json/json.h"
#include "json/pull.h"
#include "names/facts.h"
#include "tools/tools.h"

struct chain_tool {
    const struct tool_call *call;
    struct config *config;
    struct diagnostics *diag;
    struct arena *arena;            /* of everything that is handed out, until the end */
    struct chain_loop *loop;
    struct chain **chains;          /* as in the configuration */
    struct name_source **sources;   /* by mount; NULL = not needed yet */
    bool *begun;
};

enum { TOOL_NAME_ROOM = 1024 };
/* A name as it was typed, and whose it is. */
struct tool_name {
    const struct config_mount *mount;
    struct name_source *source;
    struct chain *chain;            /* the first of the mount */
    bool ens;
    struct name wire;               /* in the name system's own tree */
    char text[TOOL_NAME_ROOM];      /* the same, normalised */
    struct eth_word node;
    unsigned labels;
};

/* Reads the configuration (or makes one of --rpc). @return TOOL_DONE, or complains; *out is to be closed either way */
int chain_tool_open(const struct tool_call *call, struct chain_tool **out);
void chain_tool_close(struct chain_tool *tool);
/* The system and chain that a name belongs to. @return TOOL_DONE, TOOL_NEGATIVE (it can be no name), TOOL_USAGE (no such suffix) */
int chain_tool_name(struct chain_tool *tool, const char *typed, struct tool_name *out);
/* The mount of a system that --chain says, or the first; NULL: there is none. */
const struct config_mount *chain_tool_mount(struct chain_tool *tool, bool ens);
/* @return NULL after a complaint */
struct name_source *chain_tool_source(struct chain_tool *tool, const struct config_mount *mount);
/* The chain that --chain says, or the first of all; NULL after a complaint. */
struct chain *chain_tool_chain(struct chain_tool *tool);
void chain_tool_begin(struct chain_tool *tool, struct chain *chain);

/* Facts of one lookup, owned by the caller. */
int chain_tool_facts(struct chain_tool *tool, struct name_source *source, const struct facts_request *request, struct facts **out);
int chain_tool_reverse(struct chain_tool *tool, struct name_source *source, const struct eth_address *address, struct facts **out);

/* Reads at one block, compared as the chain's configuration says; data lies in the tool's arena.  What could not be had is told
 * in the results. @param block  NULL is fine */
int chain_tool_read(struct chain_tool *tool, struct chain *chain, const struct state_read *reads, struct state_result *results, size_t count, struct eth_block *block);
/* Until the head that reads are made at is this block or a later one. */
int chain_tool_head(struct chain_tool *tool, struct chain *chain, uint64_t number);

/* What a node says to one JSON-RPC call. */
struct tool_reply {
    enum status status;             /* OK; E_INVALID: the node refused; others: could not be had */
    struct json_view result;
    const char *message;            /* not OK: a sentence */
    struct slice data;              /* of a revert: octets */
};
/* @param all  to every provider (eth_sendRawTransaction) */
void chain_tool_rpc(struct chain_tool *tool, struct chain *chain, bool all, const char *method, const char *params, struct tool_reply *out);
/* Runs the loop for so long. */
void chain_tool_pause(struct chain_tool *tool, uint64_t ms);
/* Shows what is waited for, on a terminal; NULL takes it away. */
void chain_tool_progress(const char *what, uint64_t since_ms);

/* For calls: a text that grows, its octets in the arena. NULL data: out of memory. */
struct slice chain_tool_keep(struct chain_tool *tool, struct text *text);
char *chain_tool_format(struct chain_tool *tool, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
