/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name_op.h -- what was begun and is not over: a file for each name, verb and signer, whole at every moment.
 *
 *  Whatever must not be lost is in the file before anything that rests on it leaves: the secret of a commitment before the commitment,
 *  each signed transaction before it is sent.  So who goes on after a crash sends the same octets with the same nonce, and pays once. */
#ifndef TOOLS_NAME_OP_H
#define TOOLS_NAME_OP_H

#include "names/write.h"
#include "store/file.h"
#include "tools/name.h"
#include "tools/wallet.h"

enum { OP_STEPS_MAX = 8, OP_RAWS_MAX = 24, OP_FILE_MAX = 4 << 20, OP_FILES_MAX = 10000 };

/* A signed transaction.  Those of one step have the same nonce, so at most one of them ever counts; but where another transaction took the
 * nonce, those with the next one stand behind: the last is the one that is sent. */
struct op_raw { struct slice octets; struct eth_word hash; struct u256 most_fee, priority; bool legacy; };
struct op_step {
    struct write_call call;
    uint64_t gas;               /* limit; 0 = not estimated yet */
    bool later;                 /* cannot be tried before the steps before it are on the chain; gas is a guess */
    uint64_t nonce;
    struct op_raw raws[OP_RAWS_MAX]; size_t raw_count;
    bool done; uint64_t block;  /* in which it is */
    struct eth_word hash;       /* the one that is */
    struct u256 paid;           /* wei, with its value, once it is done */
};
struct op {
    char path[TOOL_PATH_ROOM];
    struct store_lock lock;
    const char *verb, *name;
    uint64_t chain_id;
    struct eth_address from;
    uint64_t begun_ms;
    struct op_step steps[OP_STEPS_MAX]; size_t step_count;
    bool has_most; struct u256 most;    /* wei that were agreed to */
    bool limited;                       /* they were --max-cost */
    bool done;
    struct json_value *more;    /* what the verb keeps besides; owned */
};

/* Takes the file's lock and reads it when it is there: *found. @return TOOL_DONE, TOOL_REFUSED (another rhiz has it) */
int op_open(struct chain_tool *tool, const char *verb, const char *name, uint64_t chain_id, const struct eth_address *from, struct op **out, bool *found);
/* As it is now, durably. */
int op_save(struct chain_tool *tool, struct op *op);
int op_remove(struct chain_tool *tool, struct op *op);
void op_close(struct op *op);           /* NULL is fine */
/* Drops what is in it, for a new beginning. */
void op_reset(struct op *op);
/* A step for a call; its data is the caller's for as long as the op lives. */
void op_step_add(struct op *op, const struct write_call *call);
/* Each file of the state folder that can be read, without its lock. */
int op_each(struct chain_tool *tool, bool (*each)(void *context, struct op *op), void *context);
/* FOLDER/CHAIN/NAME of the state folder, which is made when it is missing. */
int op_path(struct chain_tool *tool, uint64_t chain_id, const char *name, char out[TOOL_PATH_ROOM]);

#endif
