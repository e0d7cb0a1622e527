/* SPDX-License-Identifier: Apache-2.0 */
/* `--zone FILE`: the DNS records of a name become those of a master file. */
#include "tools/name_ens.h"

#include <string.h>

#include "crypto/keccak.h"
#include "ethereum/abi.h"
#include "names/ens_selectors.h"
#include "tools/name_logs.h"
#include "zone/reader.h"
#include "zone/text.h"

struct reading { struct write_changes *changes; enum status status; };

static void record_take(void *context, const struct zone_difference *d)
{
    struct reading *r = context;
    if (r->status == OK && d->added)
        r->status = write_record_add(r->changes, d->owner, d->type, d->ttl, slice_of((const char *)d->rdata, d->size), false);
}

static enum status version_take(struct reading *r, struct name_view origin, const struct zone_version *version)
{
    struct zone_builder *builder = NULL;
    struct zone_version *empty = NULL;
    enum status st = zone_builder_new(origin, 1, &builder);
    if (st == OK)
        st = zone_builder_finish(builder, false, &empty);
    if (st == OK)
        st = zone_diff(empty, version, true, record_take, r);
    zone_version_free(empty);
    return st == OK ? r->status : st;
}

int name_zone_read(struct chain_tool *tool, const struct tool_name *name, const char *path, struct write_changes *out)
{
    struct zone_read_options options = { .path = path, .origin = name_view_of(&name->wire), .klass = 1, .default_ttl = 300, .has_default_ttl = true, .record_limit = WRITE_RECORDS_MAX };
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct zone_files files = { 0 };
    struct reading r = { out, OK };
    struct diagnostics *diag = diagnostics_new(0);
    if (diag == NULL)
        return tools_complain(tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    enum status st = zone_read(&options, &builder, &files, diag);
    if (st == OK) {
        st = zone_builder_finish(builder, false, &version);
        builder = NULL;
    }
    if (st == OK)
        st = version_take(&r, name_view_of(&name->wire), version);
    diagnostics_print(diag, stderr, tools_colour(stderr));
    diagnostics_free(diag);
    zone_version_free(version);
    zone_builder_free(builder);
    zone_files_clear(&files);
    if (st == OK)
        return TOOL_DONE;
    return tools_complain(tool->call, st == E_SYSTEM ? TOOL_FAILED : TOOL_USAGE, "--zone %s: %s", path, st == E_LIMIT ? "it has more records than one change may" : st == E_INVALID ? "it has errors" : status_text(st));
}

/* ---- RRsets that went ---- */

/* Owner and type that an event of the resolver names. */
static bool event_set(const struct name_log *log, struct name *owner, uint16_t *type)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, log->data);
    struct slice wire = abi_read_bytes(&reader);
    uint64_t number = abi_read_u64(&reader);
    struct cursor c = { (const uint8_t *)wire.data, (const uint8_t *)wire.data, (const uint8_t *)wire.data + wire.length, false };
    struct name_view view;
    if (!abi_ok(&input) || number > UINT16_MAX || name_read_plain(&c, &view) != OK)
        return false;
    *owner = name_copy(view);
    *type = (uint16_t)number;
    return true;
}

static bool set_there(const struct write_changes *changes, struct name_view owner, uint16_t type)
{
    for (size_t i = 0; i < changes->record_count; i++)
        if (changes->records[i].type == type && name_equal(changes->records[i].owner, owner))
            return true;
    return false;
}

/* Whether the resolver has it now. */
static int set_on_chain(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *resolver, struct name_view owner, uint16_t type, bool *out)
{
    struct text text;
    struct eth_word hash;
    struct state_result result;
    keccak256(owner.wire, owner.length, hash.octets);
    text_growing(&text);
    struct abi_writer w = abi_writer_call(&text, ENS_DNS_RECORD, 3);
    abi_write_word(&w, &name->node);
    abi_write_word(&w, &hash);
    abi_write_u64(&w, type);
    struct state_read read = { .kind = STATE_CALL, .to = *resolver, .calldata = chain_tool_keep(tool, &text) };
    int rc = chain_tool_read(tool, name->chain, &read, &result, 1, NULL);
    if (rc == TOOL_DONE && result.outcome != STATE_VALUE)
        rc = tools_complain(tool->call, result.outcome == STATE_REVERTED ? TOOL_REFUSED : TOOL_FAILED, "%s: the resolver does not say which DNS records it has", name->text);
    *out = rc == TOOL_DONE && result.data.length > 64;      /* an offset, a length, and octets */
    return rc;
}

int name_zone_rest(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *resolver, struct write_changes *changes)
{
    struct eth_word event = name_event("DNSRecordChanged(bytes32,bytes,uint16,bytes)");
    struct name_topic topics[2] = { 0 };
    struct name_logs logs;
    name_topic_add(&topics[0], &event);
    name_topic_add(&topics[1], &name->node);
    int rc = name_logs_begin(tool, name->chain, &logs);
    if (rc == TOOL_DONE)
        rc = name_logs_ask(tool, name->chain, resolver, 1, topics, 2, &logs);
    for (size_t i = 0; i < logs.count && rc == TOOL_DONE; i++) {
        struct name owner;
        uint16_t type;
        bool there;
        if (!event_set(&logs.list[i], &owner, &type) || set_there(changes, name_view_of(&owner), type))
            continue;
        rc = set_on_chain(tool, name, resolver, name_view_of(&owner), type, &there);
        if (rc == TOOL_DONE && there && write_record_add(changes, name_view_of(&owner), type, 0, slice_of("", 0), true) != OK)
            rc = tools_complain(tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    }
    name_logs_free(&logs);
    return rc;
}
