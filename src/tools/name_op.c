/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/name_op.h"

#include <errno.h>
#include <string.h>

#include "crypto/keccak.h"

enum { OP_VERSION = 1 };

int op_path(struct chain_tool *tool, uint64_t chain_id, const char *name, char out[TOOL_PATH_ROOM])
{
    char folder[TOOL_PATH_ROOM], below[TOOL_PATH_ROOM];
    int rc = tools_state_folder(tool->call, tool->config, folder);
    if (rc != TOOL_DONE)
        return rc;
    int n = snprintf(below, sizeof below, "%s/%llu", folder, (unsigned long long)chain_id);
    int m = snprintf(out, TOOL_PATH_ROOM, "%.*s/%s", (int)sizeof below - 200, below, name);
    if (n < 0 || n >= TOOL_PATH_ROOM - 200 || m < 0 || m >= TOOL_PATH_ROOM)
        return tools_complain(tool->call, TOOL_USAGE, "the path of the state folder is too long");
    enum status st = store_folder_make(below, 0700);
    return st == OK ? TOOL_DONE : tools_complain(tool->call, TOOL_FAILED, "the state folder %s cannot be made: %s", below, st == E_SYSTEM ? strerror(errno) : status_text(st));
}

/* ---- numbers and octets in JSON ---- */

static void set_hex(struct json_value *object, const char *key, const void *octets, size_t count)
{
    struct text text;
    text_growing(&text);
    text_add(&text, "0x");
    text_add_hex(&text, octets, count, false);
    json_value_set(object, key, text.full ? NULL : json_value_text(text.data));
    text_clear(&text);
}

static void set_number(struct json_value *object, const char *key, struct u256 number)
{
    struct text text;
    char room[U256_TEXT_ROOM];
    text_fixed(&text, room, sizeof room);
    u256_print(&text, number);
    json_value_set_text(object, key, room);
}

static bool get_hex(struct chain_tool *tool, const struct json_value *object, const char *key, struct slice *out)
{
    const char *text = json_value_get_text(object, key);
    size_t length = 0;
    if (text == NULL || strncmp(text, "0x", 2) != 0)
        return false;
    size_t room = strlen(text) / 2;
    uint8_t *octets = arena_alloc(tool->arena, room + 1);
    if (octets == NULL || hex_decode(slice_string(text + 2), octets, room, &length) != OK)
        return false;
    *out = slice_of((const char *)octets, length);
    return true;
}

static bool get_octets(const struct json_value *object, const char *key, uint8_t *out, size_t count)
{
    const char *text = json_value_get_text(object, key);
    size_t length = 0;
    return text != NULL && strncmp(text, "0x", 2) == 0 && hex_decode(slice_string(text + 2), out, count, &length) == OK && length == count;
}

static bool get_number(const struct json_value *object, const char *key, struct u256 *out)
{
    const char *text = json_value_get_text(object, key);
    return text != NULL && u256_parse(slice_string(text), out) == OK;
}

/* ---- writing ---- */

static struct json_value *raw_json(const struct op_raw *raw)
{
    struct json_value *object = json_value_object();
    set_hex(object, "raw", raw->octets.data, raw->octets.length);
    set_hex(object, "hash", raw->hash.octets, sizeof raw->hash.octets);
    set_number(object, "max-fee", raw->most_fee);
    set_number(object, "priority-fee", raw->priority);
    json_value_set_bool(object, "legacy", raw->legacy);
    return object;
}

static struct json_value *step_json(const struct op_step *step)
{
    struct json_value *object = json_value_object(), *raws = json_value_array();
    json_value_set_text(object, "what", step->call.what);
    set_hex(object, "to", step->call.to.octets, sizeof step->call.to.octets);
    set_number(object, "value", step->call.value);
    set_hex(object, "data", step->call.data.data, step->call.data.length);
    json_value_set_u64(object, "gas", step->gas);
    json_value_set_bool(object, "later", step->later);
    json_value_set_bool(object, "done", step->done);
    json_value_set_u64(object, "nonce", step->nonce);
    json_value_set_u64(object, "block", step->block);
    set_number(object, "paid", step->paid);
    set_hex(object, "hash", step->hash.octets, sizeof step->hash.octets);
    for (size_t i = 0; i < step->raw_count; i++)
        json_value_add(raws, raw_json(&step->raws[i]));
    json_value_set(object, "signed", raws);
    return object;
}

static enum status op_print(const struct op *op, struct text *out)
{
    struct json_value *object = json_value_object(), *steps = json_value_array();
    struct text more;
    enum status st = OK;
    json_value_set_u64(object, "version", OP_VERSION);
    json_value_set_text(object, "verb", op->verb);
    json_value_set_text(object, "name", op->name);
    json_value_set_u64(object, "chain-id", op->chain_id);
    set_hex(object, "from", op->from.octets, sizeof op->from.octets);
    json_value_set_u64(object, "begun", op->begun_ms);
    json_value_set_bool(object, "done", op->done);
    if (op->has_most)
        set_number(object, "most", op->most);
    json_value_set_bool(object, "limited", op->limited);
    for (size_t i = 0; i < op->step_count; i++)
        json_value_add(steps, step_json(&op->steps[i]));
    json_value_set(object, "steps", steps);
    if (op->more != NULL) {
        struct json_value *copy = NULL;         /* by its text: a value belongs to one tree */
        text_growing(&more);
        st = json_value_print(op->more, false, &more);
        if (st == OK)
            st = json_value_parse(more.data, more.length, &copy);
        text_clear(&more);
        json_value_set(object, "more", copy);
    }
    if (st == OK)
        st = json_value_print(object, true, out);
    json_value_free(object);
    return st;
}

int op_save(struct chain_tool *tool, struct op *op)
{
    struct text text;
    text_growing(&text);
    enum status st = op_print(op, &text);
    if (st == OK)
        st = store_file_write(op->path, text.data, text.length, 0600, STORE_REPLACE);
    int why = errno;
    if (text.data != NULL)
        mem_wipe(text.data, text.length);       /* the secret of a commitment may be in it */
    text_clear(&text);
    return st == OK ? TOOL_DONE : tools_complain(tool->call, TOOL_FAILED, "%s cannot be written, so nothing is sent: %s", op->path, st == E_SYSTEM ? strerror(why) : status_text(st));
}

/* ---- reading ---- */

static bool raw_read(struct chain_tool *tool, const struct json_value *from, struct op_raw *out)
{
    out->legacy = json_value_get_bool(from, "legacy");
    return get_hex(tool, from, "raw", &out->octets) && get_octets(from, "hash", out->hash.octets, sizeof out->hash.octets) &&
           get_number(from, "max-fee", &out->most_fee) && get_number(from, "priority-fee", &out->priority);
}

static bool step_read(struct chain_tool *tool, const struct json_value *from, struct op_step *out)
{
    const char *what = json_value_get_text(from, "what");
    const struct json_value *raws = json_value_get(from, "signed");
    bool good = what != NULL && get_octets(from, "to", out->call.to.octets, sizeof out->call.to.octets) && get_number(from, "value", &out->call.value) &&
                get_hex(tool, from, "data", &out->call.data) && json_value_get_u64(from, "gas", &out->gas) && json_value_get_u64(from, "nonce", &out->nonce) &&
                json_value_get_u64(from, "block", &out->block) && get_octets(from, "hash", out->hash.octets, sizeof out->hash.octets) &&
                json_value_count(raws) <= OP_RAWS_MAX;
    if (!good)
        return false;
    out->call.what = arena_string(tool->arena, what);
    out->later = json_value_get_bool(from, "later");
    out->done = json_value_get_bool(from, "done");
    (void)get_number(from, "paid", &out->paid);
    out->raw_count = json_value_count(raws);
    for (size_t i = 0; i < out->raw_count && good; i++)
        good = raw_read(tool, json_value_at(raws, i), &out->raws[i]);
    return good && out->call.what != NULL;
}

static bool op_fill(struct chain_tool *tool, struct json_value *from, struct op *op)
{
    uint64_t version = 0;
    const struct json_value *steps = json_value_get(from, "steps"), *more = json_value_get(from, "more");
    const char *verb = json_value_get_text(from, "verb"), *name = json_value_get_text(from, "name");
    bool good = json_value_get_u64(from, "version", &version) && version == OP_VERSION && verb != NULL && name != NULL &&
                json_value_get_u64(from, "chain-id", &op->chain_id) && get_octets(from, "from", op->from.octets, sizeof op->from.octets) &&
                json_value_get_u64(from, "begun", &op->begun_ms) && json_value_count(steps) <= OP_STEPS_MAX;
    if (!good)
        return false;
    op->verb = arena_string(tool->arena, verb);
    op->name = arena_string(tool->arena, name);
    op->done = json_value_get_bool(from, "done");
    op->has_most = get_number(from, "most", &op->most);
    op->limited = json_value_get_bool(from, "limited");
    op->step_count = json_value_count(steps);
    for (size_t i = 0; i < op->step_count && good; i++)
        good = step_read(tool, json_value_at(steps, i), &op->steps[i]);
    if (good && more != NULL) {
        struct text text;
        text_growing(&text);
        good = json_value_print(more, false, &text) == OK && json_value_parse(text.data, text.length, &op->more) == OK;
        if (text.data != NULL)
            mem_wipe(text.data, text.length);
        text_clear(&text);
    }
    return good && op->verb != NULL && op->name != NULL;
}

/* @return OK, E_NOT_FOUND, E_BAD_FORMAT, as store_file_read */
static enum status op_read(struct chain_tool *tool, const char *path, struct op *op)
{
    char *text = NULL;
    size_t bytes = 0;
    struct json_value *tree = NULL;
    enum status st = store_file_read(path, OP_FILE_MAX, &text, &bytes);
    if (st == OK)
        st = json_value_parse(text, bytes, &tree);
    if (st == OK)
        st = op_fill(tool, tree, op) ? OK : E_BAD_FORMAT;
    json_value_free(tree);
    if (text != NULL)
        mem_wipe(text, bytes);
    mem_free(text);
    return st;
}

/* ---- opening ---- */

void op_reset(struct op *op)
{
    memset(op->steps, 0, sizeof op->steps);
    op->step_count = 0;
    op->has_most = op->limited = op->done = false;
    json_value_free(op->more);
    op->more = NULL;
    op->begun_ms = clock_now().unix_ms;
}

void op_step_add(struct op *op, const struct write_call *call)
{
    require(op->step_count < OP_STEPS_MAX);
    op->steps[op->step_count++] = (struct op_step){ .call = *call, .gas = call->gas_guess, .later = call->gas_guess > 0 };
}

static int op_lock(struct chain_tool *tool, struct op *op, const char *name)
{
    char path[TOOL_PATH_ROOM];
    int n = snprintf(path, sizeof path, "%.*s.lock", (int)sizeof path - 8, op->path);
    enum status st = n > 0 && n < TOOL_PATH_ROOM ? store_lock_open(&op->lock, path, false) : E_LIMIT;
    if (st == OK)
        return TOOL_DONE;
    if (st == E_AGAIN)
        return tools_complain(tool->call, TOOL_REFUSED, "another rhiz is at work on %s with this key right now; wait for it, or end it and say the same again", name);
    return tools_complain(tool->call, TOOL_FAILED, "%s: %s", path, st == E_SYSTEM ? strerror(errno) : status_text(st));
}

int op_open(struct chain_tool *tool, const char *verb, const char *name, uint64_t chain_id, const struct eth_address *from, struct op **out, bool *found)
{
    uint8_t digest[KECCAK256_BYTES];
    struct text file;
    char room[160];
    struct op *op = *out = mem_alloc(sizeof *op);
    if (op == NULL)
        return tools_complain(tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    keccak256(name, strlen(name), digest);
    text_fixed(&file, room, sizeof room);
    text_add_format(&file, "%s-", verb);
    text_add_hex(&file, digest, 16, false);
    text_add_char(&file, '-');
    text_add_hex(&file, from->octets, sizeof from->octets, false);
    text_add(&file, ".json");
    int rc = op_path(tool, chain_id, room, op->path);
    if (rc == TOOL_DONE)
        rc = op_lock(tool, op, name);
    if (rc != TOOL_DONE)
        return rc;
    enum status st = op_read(tool, op->path, op);
    *found = st == OK;
    if (st == E_NOT_FOUND) {
        op_reset(op);
        op->verb = verb;
        op->name = name;
        op->chain_id = chain_id;
        op->from = *from;
    }
    if (st == OK || st == E_NOT_FOUND)
        return TOOL_DONE;
    return tools_complain(tool->call, TOOL_FAILED, "%s cannot be read (%s), and it may hold the secret of a commitment or a signed transaction: see to it first", op->path,
                          st == E_SYSTEM ? strerror(errno) : status_text(st));
}

int op_remove(struct chain_tool *tool, struct op *op)
{
    enum status st = store_file_remove(op->path);
    return st == OK || st == E_NOT_FOUND ? TOOL_DONE : tools_complain(tool->call, TOOL_FAILED, "%s cannot be removed: %s", op->path, status_text(st));
}

static void op_drop(struct op *op)
{
    json_value_free(op->more);
    mem_free(op);
}

void op_close(struct op *op)
{
    if (op == NULL)
        return;
    store_lock_close(&op->lock);
    op_drop(op);
}

/* ---- all ---- */

struct each { struct chain_tool *tool; bool (*each)(void *context, struct op *op); void *context; const char *folder; bool chains, go_on; };

static bool file_each(void *context, const char *name)
{
    struct each *e = context;
    char path[TOOL_PATH_ROOM];
    size_t length = strlen(name);
    int n = snprintf(path, sizeof path, "%s/%s", e->folder, name);
    if (n < 0 || n >= TOOL_PATH_ROOM)
        return true;
    if (e->chains) {
        struct each below = { e->tool, e->each, e->context, path, false, true };
        if (strspn(name, "0123456789") == length)
            (void)!store_folder_each(path, OP_FILES_MAX, file_each, &below);
        return e->go_on = below.go_on;
    }
    if (length < 5 || strcmp(name + length - 5, ".json") != 0)
        return true;
    struct op *op = mem_alloc(sizeof *op);
    if (op == NULL)
        return false;
    snprintf(op->path, sizeof op->path, "%s", path);
    if (op_read(e->tool, path, op) == OK)
        e->go_on = e->each(e->context, op);
    op_drop(op);
    return e->go_on;
}

int op_each(struct chain_tool *tool, bool (*each)(void *context, struct op *op), void *context)
{
    char folder[TOOL_PATH_ROOM];
    int rc = tools_state_folder(tool->call, tool->config, folder);
    if (rc != TOOL_DONE)
        return rc;
    struct each e = { tool, each, context, folder, true, true };
    enum status st = store_folder_each(folder, OP_FILES_MAX, file_each, &e);
    return st == OK || st == E_NOT_FOUND ? TOOL_DONE : tools_complain(tool->call, TOOL_FAILED, "%s: %s", folder, status_text(st));
}
