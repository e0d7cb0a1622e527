/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `rhiz name` share: texts of times, amounts, addresses, facts. */
#include "tools/name.h"

#include <string.h>
#include <time.h>

enum { DAY = 86400, PREMIUM_DAYS = 21 };

const char *name_time(uint64_t seconds, char out[NAME_TIME_ROOM])
{
    time_t at = (time_t)seconds;
    struct tm tm;
    if (seconds > (uint64_t)INT32_MAX * 60 || gmtime_r(&at, &tm) == NULL || strftime(out, NAME_TIME_ROOM, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(out, NAME_TIME_ROOM, "never");
    return out;
}

const char *name_span(uint64_t at, uint64_t now, char out[NAME_TIME_ROOM])
{
    static const struct { uint64_t seconds; const char *unit; } units[] = { { DAY, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    uint64_t span = at > now ? at - now : now - at;
    size_t i = 0;
    while (i + 1 < LENGTH_OF(units) && span < 2 * units[i].seconds)
        i++;
    unsigned long long n = span / units[i].seconds;
    snprintf(out, NAME_TIME_ROOM, at > now ? "in %llu %s%s" : "%llu %s%s ago", n, units[i].unit, n == 1 ? "" : "s");
    return out;
}

const char *name_hex(struct chain_tool *tool, const void *octets, size_t count)
{
    struct text text;
    text_growing(&text);
    text_add(&text, "0x");
    text_add_hex(&text, octets, count, false);
    char *kept = text.full ? NULL : arena_string(tool->arena, text.data);
    text_clear(&text);
    return kept != NULL ? kept : "?";
}

const char *name_address(struct chain_tool *tool, const struct eth_address *address)
{
    char text[EIP55_TEXT_ROOM];
    if (eth_address_is_zero(address))
        return "-";
    const char *kept = arena_string(tool->arena, eip55_print(address->octets, text));
    return kept != NULL ? kept : "?";
}

const char *name_clean(struct chain_tool *tool, struct slice from)
{
    struct text text;
    text_growing(&text);
    for (size_t i = 0; i < from.length && i < 100000; i++) {
        uint8_t c = (uint8_t)from.data[i];
        bool c1 = c == 0xc2 && i + 1 < from.length && (uint8_t)from.data[i + 1] < 0xa0;
        if (c < 0x20 || c == 0x7f || c1)
            text_add_format(&text, "\\%03u", c);
        else
            text_add_char(&text, (char)c);
    }
    char *kept = text.full ? NULL : arena_string(tool->arena, text.length > 0 ? text.data : "");
    text_clear(&text);
    return kept != NULL ? kept : "?";
}

const char *name_ether(struct chain_tool *tool, struct u256 wei)
{
    struct text text;
    char room[U256_TEXT_ROOM + 8];
    text_fixed(&text, room, sizeof room);
    u256_print_units(&text, wei, 18);
    text_add(&text, " ETH");
    const char *kept = arena_string(tool->arena, room);
    return kept != NULL ? kept : "?";
}

const char *name_fact_reason(const struct fact *fact)
{
    if (fact->state == FACT_BROKEN)
        return fact->reason != NULL ? fact->reason : "it is malformed";
    return fact->reason != NULL ? fact->reason : chain_failure_text(fact->failure);
}

int name_facts_complain(struct chain_tool *tool, const struct tool_name *name, const struct facts *facts)
{
    const char *why = facts->reason != NULL ? facts->reason : chain_failure_text(facts->failure);
    switch (facts->status) {
    case FACTS_FOUND: return TOOL_DONE;
    case FACTS_ABSENT: return tools_complain(tool->call, TOOL_NEGATIVE, "%s does not exist%s%s", name->text, facts->reason != NULL ? ": " : "", facts->reason != NULL ? facts->reason : "");
    case FACTS_INVALID: return tools_complain(tool->call, TOOL_NEGATIVE, "%s can be no name: %s", name->text, why);
    default: return tools_complain(tool->call, TOOL_FAILED, "%s could not be looked up (which does not mean that it does not exist): %s", name->text, why);
    }
}

void name_facts_json(const struct facts *facts, struct json_value *object)
{
    struct text hash;
    char room[72], proof[32];
    struct json_value *block = json_value_object();
    text_fixed(&hash, room, sizeof room);
    text_add(&hash, "0x");
    text_add_hex(&hash, facts->block.hash.octets, sizeof facts->block.hash.octets, false);
    json_value_set_u64(block, "number", facts->block.number);
    json_value_set_text(block, "hash", room);
    json_value_set_u64(block, "time", facts->block.time);
    json_value_set_text(object, "system", facts->ens ? "ens" : "uns");
    if (facts->chain != NULL) {
        json_value_set_text(object, "chain", chain_name(facts->chain));
        json_value_set_u64(object, "chain-id", chain_id(facts->chain));
    }
    json_value_set(object, "block", block);
    json_value_set_text(object, "proof", proof_text(facts->proof, proof, sizeof proof));
    json_value_set_u64(object, "round-trips", facts->round_trips);
}

void name_facts_footer(const struct facts *facts, FILE *out)
{
    char proof[32];
    fprintf(out, "%s, chain %s, block %llu, %s\n", facts->ens ? "ENS" : "Unstoppable Domains", facts->chain != NULL ? chain_name(facts->chain) : "?",
            (unsigned long long)facts->block.number, proof_text(facts->proof, proof, sizeof proof));
}

enum name_life name_life(const struct facts_ens *e, uint64_t now)
{
    if (!e->second_level || e->expires == 0)
        return NAME_LIFE_NONE;
    if (now < e->expires)
        return NAME_LIFE_REGISTERED;
    if (now <= e->grace_ends)
        return NAME_LIFE_GRACE;
    return now < e->grace_ends + PREMIUM_DAYS * DAY ? NAME_LIFE_PREMIUM : NAME_LIFE_OPEN;
}

const char *name_life_text(enum name_life life)
{
    switch (life) {
    case NAME_LIFE_REGISTERED: return "registered";
    case NAME_LIFE_GRACE: return "grace period (it resolves; it can be renewed, by anybody for its holder)";
    case NAME_LIFE_PREMIUM: return "open, at a premium that falls for 21 days";
    case NAME_LIFE_OPEN: return "open";
    default: return "never registered";
    }
}

void name_fuses_print(uint32_t fuses, struct text *out)
{
    static const struct { uint32_t bit; const char *name; } known[] = {
        { 1, "CANNOT_UNWRAP" }, { 2, "CANNOT_BURN_FUSES" }, { 4, "CANNOT_TRANSFER" }, { 8, "CANNOT_SET_RESOLVER" }, { 16, "CANNOT_SET_TTL" },
        { 32, "CANNOT_CREATE_SUBDOMAIN" }, { 64, "CANNOT_APPROVE" }, { 65536, "PARENT_CANNOT_CONTROL" }, { 131072, "IS_DOT_ETH" }, { 262144, "CAN_EXTEND_EXPIRY" } };
    const char *comma = "";
    for (size_t i = 0; i < LENGTH_OF(known); i++)
        if (fuses & known[i].bit) {
            text_add_format(out, "%s%s", comma, known[i].name);
            comma = " ";
            fuses &= ~known[i].bit;
        }
    if (fuses != 0 || comma[0] == '\0')
        {
        if (fuses != 0)
            text_add_format(out, "%s0x%x", comma, fuses);
        else
            text_add(out, "none");
    }
}
