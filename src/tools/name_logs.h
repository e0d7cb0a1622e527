/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name_logs.h -- events of contracts out of the past, in as many steps as the nodes want. */
#ifndef TOOLS_NAME_LOGS_H
#define TOOLS_NAME_LOGS_H

#include "tools/name.h"

struct name_log {
    struct eth_address address;
    struct eth_word topics[4]; size_t topic_count;
    struct slice data;              /* octets, in the tool's arena */
    uint64_t block, index;
    struct eth_word transaction;
};
struct name_logs { struct name_log *list; size_t count, room; uint64_t from, to; };
enum { NAME_LOGS_MAX = 100000, NAME_TOPICS = 24 };

/* A topic that may be any of several; count 0 = whatever. */
struct name_topic { struct eth_word words[NAME_TOPICS]; size_t count; };
/* The blocks to look at: --blocks, else all until now. */
int name_logs_begin(struct chain_tool *tool, struct chain *chain, struct name_logs *logs);
/* Adds what one question finds. @param addresses  at least one */
int name_logs_ask(struct chain_tool *tool, struct chain *chain, const struct eth_address *addresses, size_t address_count, const struct name_topic *topics, size_t topic_count, struct name_logs *logs);
/* In the order of the chain, each once. */
void name_logs_sort(struct name_logs *logs);
/* @return OK, E_NOMEM, E_LIMIT (NAME_LOGS_MAX) */
MUST_CHECK enum status name_logs_add(struct name_logs *logs, const struct name_log *log);
void name_logs_free(struct name_logs *logs);
void name_topic_add(struct name_topic *topic, const struct eth_word *word);
/* The topic of an event: `NewOwner(bytes32,bytes32,address)`. */
struct eth_word name_event(const char *signature);
struct eth_address name_word_address(const struct eth_word *word);

#endif
