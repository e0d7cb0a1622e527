/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz explain`: where an answer comes from, and what it rests on; for zones, mounts and the cache. */
#include "daemon/chains.h"
#include "daemon/inside.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 15000 };

/* A question to be explained. */
struct explained {
    struct house *house;
    struct control_answer *answer;
    struct json_value *out;
    struct name name;
    struct name_view view;
    uint16_t type;
};

/* ---- the answer itself ---- */

static const char *outcome_text(const struct answer_result *result)
{
    switch (result->kind) {
    case ANSWER_POSITIVE: return "answer";
    case ANSWER_NODATA: return "no data: the name exists, and has no such records";
    case ANSWER_NXDOMAIN: return "the name does not exist";
    case ANSWER_REFERRAL: return "referral: the name is delegated";
    default: return "error";
    }
}

/* The sections of a message as lines. */
static void add_records(const uint8_t *message, size_t bytes, const uint16_t counts[4], struct json_value *out)
{
    static const char *const names[] = { "answer", "authority", "additional" };
    struct cursor c = cursor_of(message, bytes);
    struct record record;
    struct name name;
    uint8_t *rdata = mem_alloc(RDATA_MAX_BYTES);
    bool sound = rdata != NULL && cursor_take(&c, HEADER_BYTES) != NULL && name_read(&c, &name) == OK && cursor_take(&c, 4) != NULL;
    for (unsigned section = 0; section < 3 && sound; section++) {
        struct json_value *list = json_value_array();
        for (unsigned i = 0; i < counts[section + 1] && sound; i++) {
            size_t length;
            sound = message_read_record(&c, &record) == OK;
            struct cursor at = { c.base, c.base + record.rdata_offset, c.end, false };
            sound = sound && rdata_read(record.type, record.klass, &at, record.rdata_bytes, rdata, RDATA_MAX_BYTES, &length) == OK;
            if (!sound)
                break;
            struct text line;
            text_growing(&line);
            const struct rdata_style style = { 0 };
            record_print(&line, name_view_of(&record.owner), record.ttl, record.klass, record.type, rdata, length, &style);
            if (!line.full)
                json_value_add(list, json_value_text(line.data));
            text_clear(&line);
        }
        json_value_set(out, names[section], list);
    }
    mem_free(rdata);
}

static void add_answer(struct explained *e, const struct zone_version *version)
{
    const struct answer_options options = answer_defaults();
    const struct answer_request request = { .version = version, .name = e->view, .type = e->type, .klass = CLASS_IN, .options = &options };
    struct answer_result result;
    struct reply reply;
    uint8_t *buffer = mem_alloc(MESSAGE_MAX_BYTES);
    if (!buffer)
        return;
    reply_begin(&reply, buffer, MESSAGE_MAX_BYTES, 0, FLAG_QR);
    if (reply_add_question(&reply, e->view, e->type, CLASS_IN) == OK && answer_question(&request, &reply, &result) == OK) {
        char text[CODE_TEXT_ROOM];
        size_t bytes = reply_end(&reply, result.rcode);
        json_value_set_text(e->out, "rcode", rcode_to_text(result.rcode, text));
        json_value_set_text(e->out, "outcome", outcome_text(&result));
        json_value_set_bool(e->out, "wildcard", result.wildcard);
        add_records(buffer, bytes, reply.counts, e->out);
    }
    mem_free(buffer);
}

/* ---- a zone ---- */

static void explain_zone(struct explained *e, const struct zone *zone)
{
    char text[NAME_TEXT_ROOM];
    struct json_value *out = json_value_object();
    const struct zone_version *version = zone_current(zone);
    json_value_set_text(out, "name", name_to_text(zone_name(zone), text));
    json_value_set_text(e->out, "source", "zone");
    if (!version) {
        json_value_set_text(e->out, "rcode", "SERVFAIL");
        json_value_set_text(e->out, "reason", serve_failure_text(SERVE_FAILURE_NOT_LOADED));
    } else {
        json_value_set_u64(out, "serial", zone_version_serial(version));
        json_value_set_u64(out, "generation", zone_generation(zone));
        json_value_set_bool(out, "signed", zone_version_is_signed(version));
        add_answer(e, version);
    }
    json_value_set(e->out, "zone", out);
}

/* ---- a mount ---- */

static void set_hex(struct json_value *out, const char *key, const void *octets, size_t bytes)
{
    char text[80];
    struct text hex;
    text_fixed(&hex, text, sizeof text);
    text_add(&hex, "0x");
    text_add_hex(&hex, octets, bytes, false);
    json_value_set_text(out, key, text);
}

static void add_note(const struct mount_note *note, uint64_t now_unix_ms, struct json_value *out)
{
    char text[32];
    json_value_set_text(out, "chain", chain_name(note->chain));
    json_value_set_u64(out, "chain_id", chain_id(note->chain));
    json_value_set_u64(out, "block", note->block.number);
    set_hex(out, "block_hash", note->block.hash.octets, 32);
    json_value_set_u64(out, "block_time", note->block.time);
    json_value_set_text(out, "checked", proof_text(note->proof, text, sizeof text));
    json_value_set_u64(out, "age_ms", now_unix_ms > note->read_unix_ms ? now_unix_ms - note->read_unix_ms : 0);
    json_value_set_u64(out, "round_trips", note->round_trips);
    json_value_set_u64(out, "calls", note->calls);
    json_value_set_u64(out, "elapsed_ms", note->elapsed_ms);
    if (!eth_address_is_zero(&note->resolver))
        set_hex(out, "resolver", note->resolver.octets, 20);
    if (!eth_address_is_zero(&note->owner))
        set_hex(out, "owner", note->owner.octets, 20);
    if (note->chain_ttl != UINT32_MAX)
        json_value_set_u64(out, "chain_ttl", note->chain_ttl);
    if (note->expires)
        json_value_set_u64(out, "expires", note->expires);
    json_value_set_bool(out, "wildcard_resolver", note->wildcard);
    json_value_set_bool(out, "universal_resolver", note->universal);
    json_value_set_bool(out, "one_block", note->one_block);
    json_value_set_u64(out, "dependencies", note->depend_count);
    if (note->sentence[0])
        json_value_set_text(out, "sentence", note->sentence);
}

/* What the control thread waits on while the loop looks a name up. */
struct waiting {
    struct mount_asked asked;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    unsigned holders;               /* this thread, and the mount until it has told */
    bool told;
};

static void waiting_release(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    bool last = --w->holders == 0;
    pthread_mutex_unlock(&w->lock);
    if (!last)
        return;
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

static void told(struct mount_asked *asked)
{
    struct waiting *w = (struct waiting *)asked;    /* its first member */
    pthread_mutex_lock(&w->lock);
    w->told = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    waiting_release(w);
}

/* Has it looked up, and waits. */
static void ask_and_wait(const struct explained *e, struct mount *mount)
{
    struct waiting *w = mem_alloc(sizeof *w);
    struct timespec until;
    if (!w)
        return;
    w->holders = 2;
    w->asked.mount = mount;
    w->asked.name = e->name;
    w->asked.type = e->type;
    w->asked.told = told;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    control_progress(e->answer, "looking it up on the chain", 0, 0);
    mount_ask(&w->asked);
    pthread_mutex_lock(&w->lock);
    while (!w->told && pthread_cond_timedwait(&w->wake, &w->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&w->lock);
    waiting_release(w);
}

/* While this thread is a reader. @return false: it is not known yet */
static bool tell_known(struct explained *e, struct mount *mount, const char *from)
{
    struct mount_found found = { 0 };
    const struct now now = clock_now();
    enum mount_outcome outcome = mount_find(mount, e->view, e->type, now.monotonic_ms, &found);
    if (outcome == MOUNT_MISS)
        return false;
    const struct cache_entry *entry = cache_find(e->house->chains->cache, 0, e->view);
    json_value_set_text(e->out, "cache", outcome == MOUNT_STALE ? "stale" : outcome == MOUNT_FAILED ? "failure" : from);
    const struct mount_note *note = entry ? entry->note : NULL;
    if (note && note->chain && !eth_word_is_zero(&note->block.hash)) {       /* something was read */
        struct json_value *chain = json_value_object();
        add_note(note, now.unix_ms, chain);
        if (entry->valid_until_ms != UINT64_MAX)
            json_value_set_u64(chain, "valid_ms", entry->valid_until_ms > now.monotonic_ms ? entry->valid_until_ms - now.monotonic_ms : 0);
        json_value_set(e->out, "proof", chain);
    }
    if (outcome == MOUNT_FAILED) {
        json_value_set_text(e->out, "rcode", "SERVFAIL");
        json_value_set_text(e->out, "failure", mount_failure_label(found.failure));
        json_value_set_text(e->out, "reason", found.reason ? found.reason : chain_failure_text(found.failure));
    } else {
        add_answer(e, found.version);
    }
    return true;
}

static enum control_code explain_mount(struct explained *e, struct mount *mount, struct epoch_reader *reader)
{
    char text[NAME_TEXT_ROOM];
    struct json_value *out = json_value_object();
    json_value_set_text(out, "suffix", name_to_text(mount_suffix(mount), text));
    json_value_set_text(out, "health", chain_health_text(mount_health(mount)));
    json_value_set(e->out, "mount", out);
    json_value_set_text(e->out, "source", "mount");
    if (tell_known(e, mount, "hit"))
        return CONTROL_OK;
    epoch_offline(reader);              /* waiting holds nothing up */
    ask_and_wait(e, mount);
    epoch_online(reader);
    if (!tell_known(e, mount, "miss")) {
        json_value_set_text(e->out, "rcode", "SERVFAIL");
        json_value_set_text(e->out, "reason", chain_failure_text(CHAIN_FAILURE_TIMEOUT));
    }
    return CONTROL_OK;
}

/* ---- the verb ---- */

/* A name below a mount that the DNS was given. */
static void tell_off(struct explained *e)
{
    const struct chains *chains = e->house->chains;
    for (size_t i = 0; chains && i < chains->count; i++)
        if (chains_mount_is_off(&chains->list[i]) && name_below(e->view, mount_suffix(chains->list[i].mount)))
            json_value_set_text(e->out, "note", "the root zone delegates this suffix, and the configuration gives it to the DNS (collision: dns)");
}

static enum control_code explain(struct explained *e, const struct zone_table *table, struct epoch_reader *reader)
{
    const struct zone *zone = table ? zone_table_find(table, e->view, CLASS_IN, answer_wants_parent(e->type)) : NULL;
    if (!zone && table && answer_wants_parent(e->type))
        zone = zone_table_find(table, e->view, CLASS_IN, false);
    struct mount *mount = e->house->chains ? mounts_find(e->house->chains->mounts, e->view) : NULL;
    tell_off(e);
    if (mount && (!zone || zone_name(zone).labels < mount_labels(mount, e->view)))
        return explain_mount(e, mount, reader);
    if (zone) {
        explain_zone(e, zone);
        return CONTROL_OK;
    }
    json_value_set_text(e->out, "source", "none");
    json_value_set_text(e->out, "rcode", "REFUSED");
    json_value_set_text(e->out, "reason", "no zone and no mount has this name");
    return CONTROL_OK;
}

enum control_code verb_explain(void *context, const struct json_value *args, struct control_answer *answer)
{
    struct explained e = { .house = context, .answer = answer, .out = control_result(answer), .type = TYPE_A };
    const char *name = json_value_get_text(args, "name"), *type = json_value_get_text(args, "type"), *view = json_value_get_text(args, "view");
    char text[NAME_TEXT_ROOM], code[CODE_TEXT_ROOM];
    struct epoch_reader *reader;
    if (!name || name_parse(slice_string(name), name_root, &e.name) != OK)
        return control_fail(answer, CONTROL_USAGE, NULL, "a domain name is wanted");
    if (type && (type_parse(slice_string(type), &e.type) != OK || (type_is_meta(e.type) && e.type != TYPE_ANY)))
        return control_fail(answer, CONTROL_USAGE, NULL, "there is no record type %.32s", type);
    e.view = name_view_of(&e.name);
    name_lower(e.name.wire, e.name.length);
    if (epoch_join(e.house->epoch, &reader) != OK)
        return control_fail(answer, CONTROL_FAILED, NULL, "out of memory");
    json_value_set_text(e.out, "name", name_to_text(e.view, text));
    json_value_set_text(e.out, "type", type_to_text(e.type, code));
    enum control_code result = explain(&e, keeper_view_table(e.house->keeper, view), reader);
    epoch_leave(reader);
    return result;
}
