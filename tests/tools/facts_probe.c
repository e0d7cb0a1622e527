/* SPDX-License-Identifier: Apache-2.0 */
/* facts-probe [OPTION]... URL NAME... -- what names/facts.h tells of names, one line of JSON each; for tests against other libraries.
 *
 *   --chain-id N  --universal ADDRESS  --registrar ADDRESS  --wrapper ADDRESS  --known ADDRESS (more than once)  --text KEY  --coin N  --type TYPE
 *   --details (with content and public key)  --no-dns  --refuse-expired  --loopback (gateways on it are let in)
 *   --cold (each name as if it were the first)  --proof (the registry by Merkle proofs)
 *   0xADDRESS in the place of a name: its primary name, for the last --coin (60 without one)   `-`: names line by line from standard input */
#include "crypto/address.h"
#include "names/facts.h"
#include "names/label.h"
#include "wire/rdata.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 32, LINE_ROOM = 2048, PATIENCE_MS = 20000 };

struct probe {
    struct chain_loop *loop;
    struct chain *chain;
    struct name_source *source;
    struct ens_options ens;
    struct eth_address known[MOST];
    struct slice texts[MOST]; size_t text_count;
    uint64_t coins[MOST]; size_t coin_count;
    uint16_t types[MOST]; size_t type_count;
    uint64_t chain_id;
    bool details, no_dns, loopback, cold, proof, done;
    struct facts *facts;
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "facts-probe: %s%s%s\n", what, which ? ": " : "", which ? which : "");
    exit(2);
}

/* ---- JSON ---- */

static void add_hex(struct text *out, const char *key, const void *octets, size_t count)
{
    text_add_format(out, ",\"%s\":\"0x", key);
    text_add_hex(out, octets, count, false);
    text_add(out, "\"");
}

static const char *state_word(enum fact_state state)
{
    static const char *const words[] = { "not-asked", "present", "absent", "broken", "failed" };
    return words[state];
}

static void add_fact(struct text *out, const struct fact *fact)
{
    text_add_format(out, "{\"state\":\"%s\"", state_word(fact->state));
    if (fact->state == FACT_FAILED || fact->state == FACT_BROKEN) {
        text_add(out, ",\"reason\":");
        text_add_json(out, fact->reason ? fact->reason : chain_failure_text(fact->failure));
    }
    if (fact->state == FACT_PRESENT)
        add_hex(out, "value", fact->value.data, fact->value.length);
    text_add(out, "}");
}

static void add_name(struct text *out, struct name_view name)
{
    char text[NAME_TEXT_ROOM];
    text_add_json(out, name_to_text(name, text));
}

static void add_records(struct text *out, const struct fact_records *records)
{
    char type[CODE_TEXT_ROOM];
    struct rdata_style style = { 0 };
    bool first = true;
    text_add(out, "{\"owner\":");
    add_name(out, records->owner);
    text_add_format(out, ",\"type\":\"%s\",\"state\":\"%s\"", type_to_text(records->type, type), state_word(records->fact.state));
    if (records->fact.reason) {
        text_add(out, ",\"reason\":");
        text_add_json(out, records->fact.reason);
    }
    add_hex(out, "value", records->fact.value.data, records->fact.value.length);
    text_add(out, ",\"records\":[");
    struct slice value = records->fact.value.length ? records->fact.value : slice_string("");
    struct cursor cursor = cursor_of((const uint8_t *)value.data, value.length);
    while (cursor_left(&cursor) > 0) {
        uint32_t ttl = cursor_u32(&cursor);
        uint16_t size = cursor_u16(&cursor);
        const uint8_t *rdata = cursor_take(&cursor, size);
        struct text line;
        text_growing(&line);
        text_add_format(&line, "%" PRIu32 " ", ttl);
        rdata_print(&line, records->type, CLASS_IN, rdata, size, &style);
        text_add(out, first ? "" : ",");
        text_add_json(out, line.data);
        text_clear(&line);
        first = false;
    }
    text_add(out, "]}");
}

static void add_values(struct text *out, const struct facts *facts)
{
    text_add(out, ",\"content\":");
    add_fact(out, &facts->content);
    text_add(out, ",\"pubkey\":[");
    add_fact(out, &facts->pubkey_x);
    text_add(out, ",");
    add_fact(out, &facts->pubkey_y);
    text_add(out, "],\"texts\":{");
    for (size_t i = 0; i < facts->text_count; i++) {
        char key[256];
        snprintf(key, sizeof key, "%.*s", (int)facts->texts[i].key.length, facts->texts[i].key.data);
        text_add(out, i ? "," : "");
        text_add_json(out, key);
        text_add(out, ":");
        add_fact(out, &facts->texts[i].fact);
    }
    text_add(out, "},\"coins\":{");
    for (size_t i = 0; i < facts->coin_count; i++) {
        text_add_format(out, "%s\"%" PRIu64 "\":", i ? "," : "", facts->coins[i].coin);
        add_fact(out, &facts->coins[i].fact);
    }
    text_add(out, "},\"records\":[");
    for (size_t i = 0; i < facts->record_count; i++) {
        text_add(out, i ? "," : "");
        add_records(out, &facts->records[i]);
    }
    text_add(out, "],\"owners\":{");
    for (size_t i = 0; i < facts->owner_count; i++) {
        text_add(out, i ? "," : "");
        add_name(out, facts->owners[i].owner);
        text_add_format(out, ":\"%s\"", state_word(facts->owners[i].fact.state));
    }
    text_add(out, "}");
}

static void print(const struct facts *facts)
{
    static const char *const words[] = { "found", "absent", "invalid", "failed" };
    const struct facts_ens *e = &facts->e;
    struct text out;
    char proof[32];
    text_growing(&out);
    text_add(&out, "{\"name\":");
    add_name(&out, facts->name);
    text_add_format(&out, ",\"status\":\"%s\",\"reason\":", words[facts->status]);
    if (facts->status == FACTS_FAILED || facts->reason)
        text_add_json(&out, facts->reason ? facts->reason : chain_failure_text(facts->failure));
    else
        text_add(&out, "null");
    char *unicode = malloc(facts->unicode.length + 1);
    snprintf(unicode, facts->unicode.length + 1, "%.*s", (int)facts->unicode.length, facts->unicode.length ? facts->unicode.data : "");
    text_add(&out, ",\"unicode\":");
    text_add_json(&out, unicode);
    free(unicode);
    text_add(&out, ",\"zone\":");
    if (facts->zone.wire)
        add_name(&out, facts->zone);
    else
        text_add(&out, "null");
    add_hex(&out, "node", e->node.octets, sizeof e->node.octets);
    add_hex(&out, "owner", e->owner.octets, sizeof e->owner.octets);
    add_hex(&out, "resolver", e->resolver.octets, sizeof e->resolver.octets);
    add_hex(&out, "registrant", e->registrant.octets, sizeof e->registrant.octets);
    add_hex(&out, "wrapperOwner", e->wrapper_owner.octets, sizeof e->wrapper_owner.octets);
    text_add_format(&out, ",\"ttl\":%" PRIu64 ",\"wildcard\":%d,\"universal\":%d,\"known\":%d,\"wrapped\":%d,\"fuses\":%" PRIu32 ",\"wrapperExpiry\":%" PRIu64
                    ",\"expires\":%" PRIu64 ",\"graceEnds\":%" PRIu64, e->registry_ttl, e->wildcard, e->universal, e->known_code, e->wrapped, e->fuses,
                    e->wrapper_expiry, e->expires, e->grace_ends);
    add_values(&out, facts);
    text_add_format(&out, ",\"block\":%" PRIu64 ",\"proof\":\"%s\",\"roundTrips\":%" PRIu32 ",\"calls\":%" PRIu32 ",\"ms\":%" PRIu64
                    ",\"depends\":%zu,\"contracts\":%zu,\"oneBlock\":%d,\"maxAge\":%" PRIu32 ",\"changesAt\":%" PRIu64 "}\n", facts->block.number,
                    proof_text(facts->proof, proof, sizeof proof), facts->round_trips, facts->calls, facts->elapsed_ms, facts->depend_count,
                    facts->contract_count, facts->one_block, facts->max_age_seconds, facts->changes_at);
    fwrite(out.data, 1, out.length, stdout);
    fflush(stdout);
    text_clear(&out);
}

/* ---- looking up ---- */

static void on_done(void *context, struct facts *facts)
{
    struct probe *probe = context;
    probe->facts = facts;
    probe->done = true;
}

/* As people type it: labels that are too long for the DNS in UTF-8 go as Punycode.  What is no name of ENS goes as it stands. */
static void wire_name(const char *what, struct name *out)
{
    char normal[LABEL_NAME_ROOM];
    size_t length, bytes = strlen(what);
    if (bytes && what[bytes - 1] == '.')
        bytes--;
    if (label_name_from_text(slice_of(what, bytes), false, normal, sizeof normal, &length, NULL) == OK
        && label_name_to_dns(slice_of(normal, length), name_root, out) == OK)
        return;
    if (name_parse(slice_string(what), name_root, out) != OK)
        die("no name", what);
}

static void look_up(struct probe *probe, const char *what)
{
    struct facts_job *job;
    struct eth_address address;
    struct name name;
    enum status status;
    probe->done = false;
    if (probe->cold)
        name_source_drop(probe->source, 0);
    if (strlen(what) == 42 && eip55_parse(slice_string(what), address.octets) == OK) {
        uint64_t coin = probe->coin_count ? probe->coins[probe->coin_count - 1] : 60;
        status = facts_start_reverse(probe->source, &address, coin, on_done, probe, &job);
    } else {
        wire_name(what, &name);
        struct facts_request request = {
            .name = name_view_of(&name), .dns = !probe->no_dns, .types = probe->types, .type_count = probe->type_count, .texts = probe->texts, .text_count = probe->text_count,
            .coins = probe->coins, .coin_count = probe->coin_count, .content = probe->details, .pubkey = probe->details, .details = probe->details,
        };
        status = facts_start(probe->source, &request, on_done, probe, &job);
    }
    if (status != OK)
        die("cannot start", status_text(status));
    if (chain_loop_until(probe->loop, &probe->done, PATIENCE_MS) != OK)
        die("never done", what);
    print(probe->facts);
    facts_free(probe->facts);
}

static void address_of(const char *text, struct eth_address *out)
{
    if (eip55_parse(slice_string(text), out->octets) != OK)
        die("no address", text);
}

/* One option with its value; returns how many words it took, 0 when it is none. */
static int option(struct probe *probe, char **words)
{
    const char *word = words[0], *value = words[1];
    if (strcmp(word, "--details") == 0)
        return (probe->details = true);
    if (strcmp(word, "--no-dns") == 0)
        return (probe->no_dns = true);
    if (strcmp(word, "--refuse-expired") == 0)
        return (probe->ens.refuse_expired = true);
    if (strcmp(word, "--proof") == 0)
        return (probe->proof = true);
    if (strcmp(word, "--cold") == 0)
        return (probe->cold = true);
    if (strcmp(word, "--loopback") == 0)
        return (probe->loopback = true);
    if (word[0] != '-' || word[1] == 0 || !value)
        return 0;
    if (strcmp(word, "--chain-id") == 0)
        probe->chain_id = strtoull(value, NULL, 10);
    else if (strcmp(word, "--universal") == 0)
        address_of(value, &probe->ens.universal_resolver);
    else if (strcmp(word, "--registrar") == 0)
        address_of(value, &probe->ens.base_registrar);
    else if (strcmp(word, "--wrapper") == 0)
        address_of(value, &probe->ens.name_wrapper);
    else if (strcmp(word, "--known") == 0 && probe->ens.known_resolver_count < MOST)
        address_of(value, &probe->known[probe->ens.known_resolver_count++]);
    else if (strcmp(word, "--text") == 0 && probe->text_count < MOST)
        probe->texts[probe->text_count++] = slice_string(value);
    else if (strcmp(word, "--coin") == 0 && probe->coin_count < MOST)
        probe->coins[probe->coin_count++] = strtoull(value, NULL, 10);
    else if (strcmp(word, "--type") != 0 || probe->type_count >= MOST || type_parse(slice_string(value), &probe->types[probe->type_count++]) != OK)
        die("no such option", word);
    return 2;
}

static void from_input(struct probe *probe)
{
    char line[LINE_ROOM];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[0])
            look_up(probe, line);
    }
}

int main(int count, char **words)
{
    struct probe probe = { .chain_id = 31337 };
    int at = 1, taken;
    ens_options_default(31337, &probe.ens);
    while (at < count && (taken = option(&probe, words + at)) > 0)
        at += taken;
    if (at >= count)
        die("usage: facts-probe [OPTION]... URL NAME...", NULL);
    struct provider_options provider = { .name = "probe", .url = words[at++], .batch = true };
    struct chain_loop_options loop = { .loopback_allowed = probe.loopback };
    struct chain_options chain;
    chain_options_default(&chain);
    chain.chain_id = probe.chain_id;
    chain.providers = &provider;
    chain.provider_count = 1;
    chain.registry = probe.ens.registry;
    chain.registry_old = probe.ens.registry_old;
    chain.check = probe.proof ? CHAIN_CHECK_PROOF : CHAIN_CHECK_SINGLE;
    if (chain_loop_new(&loop, &probe.loop) != OK || chain_new(probe.loop, &chain, &probe.chain) != OK)
        die("cannot begin", NULL);
    probe.ens.chain = probe.chain;
    probe.ens.known_resolvers = probe.known;
    if (name_source_ens(&probe.ens, &probe.source) != OK)
        die("out of memory", NULL);
    for (; at < count; at++) {
        if (strcmp(words[at], "-") == 0)
            from_input(&probe);
        else
            look_up(&probe, words[at]);
    }
    name_source_free(probe.source);
    chain_free(probe.chain);
    chain_loop_free(probe.loop);
    return 0;
}
