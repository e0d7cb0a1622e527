/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers, prices and details of ENS names, for the verbs that change them. */
#include "tools/name_ens.h"

#include <string.h>

#include "ethereum/abi.h"
#include "names/ens_selectors.h"

enum { MARGIN_PERCENT = 108, YEARS_MAX = 100 };
enum { ASK_ENABLED, ASK_WRAPPER, ASK_2025, ASK_2023, ASK_2020, ASK_VALID, ASK_AVAILABLE, ASK_PRICE, ASK_YOUNGEST, ASK_OLDEST, ASK_COUNT };

struct slice ens_label(const struct tool_name *name)
{
    return slice_of(name->text, strcspn(name->text, "."));
}

int ens_seconds(const struct tool_call *call, uint64_t *out)
{
    const char *years = call->values[OPTION_YEARS];
    uint64_t n = 1;
    if (years != NULL && (text_read_u64(slice_string(years), YEARS_MAX, &n) != OK || n == 0))
        return tools_complain(call, TOOL_USAGE, "--years %s: a number from 1 to %d is meant", years, YEARS_MAX);
    *out = n * SECONDS_A_YEAR;
    return TOOL_DONE;
}

const char *ens_desk_year(enum ens_controller kind)
{
    return kind == ENS_CONTROLLER_2025 ? "2025" : kind == ENS_CONTROLLER_2023 ? "2023" : "2020";
}

struct u256 ens_value(struct u256 base, struct u256 premium)
{
    struct u256 all, most = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };
    if (u256_add(base, premium, &all) || u256_multiply_u64(all, MARGIN_PERCENT, &all))
        return most;
    (void)u256_divide_u64(all, 100, &all);
    return all;
}

struct write_call name_call(struct chain_tool *tool, const struct eth_address *to, struct text *data, const char *what)
{
    return (struct write_call){ .to = *to, .data = chain_tool_keep(tool, data), .what = what };
}

/* ---- asking controllers ---- */

static void ask(struct chain_tool *tool, struct state_read *read, const struct eth_address *to, struct text *data)
{
    *read = (struct state_read){ .kind = STATE_CALL, .to = *to, .calldata = chain_tool_keep(tool, data) };
}

static void desk_ask(struct chain_tool *tool, const struct ens_options *o, const struct eth_address *desk, const struct ens_registration *form, struct state_read *reads)
{
    struct eth_word word = ens_word_of_address(desk);
    struct text text;
    text_growing(&text);
    ens_write_word(ENS_CONTROLLERS, &word, &text);
    ask(tool, &reads[ASK_ENABLED], &o->base_registrar, &text);
    text_growing(&text);
    ens_write_word(ENS_CONTROLLERS, &word, &text);
    ask(tool, &reads[ASK_WRAPPER], &o->name_wrapper, &text);
    for (int kind = 0; kind < ENS_CONTROLLER_COUNT; kind++) {
        struct ens_registration r = *form;
        r.controller = (enum ens_controller)kind;
        text_growing(&text);
        ens_write_make_commitment(&r, &text);
        ask(tool, &reads[ASK_2025 + kind], desk, &text);
    }
    text_growing(&text);
    ens_write_label(ENS_VALID, form->label, &text);
    ask(tool, &reads[ASK_VALID], desk, &text);
    text_growing(&text);
    ens_write_label(ENS_AVAILABLE, form->label, &text);
    ask(tool, &reads[ASK_AVAILABLE], desk, &text);
    text_growing(&text);
    ens_write_label_seconds(ENS_RENT_PRICE, form->label, form->seconds, &text);
    ask(tool, &reads[ASK_PRICE], desk, &text);
    static const uint32_t ages[] = { ENS_MIN_COMMITMENT_AGE, ENS_MAX_COMMITMENT_AGE };
    for (size_t i = 0; i < LENGTH_OF(ages); i++) {
        text_growing(&text);
        (void)abi_writer_call(&text, ages[i], 0);
        ask(tool, &reads[ASK_YOUNGEST + i], desk, &text);
    }
}

static bool truth(const struct state_result *result)
{
    return result->outcome == STATE_VALUE && result->data.length >= 32 && result->data.data[31] == 1;
}

static uint64_t number(const struct state_result *result)
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, result->data);
    uint64_t n = result->outcome == STATE_VALUE ? abi_read_u64(&reader) : 0;
    return abi_ok(&input) ? n : 0;
}

static void desk_take(struct ens_desk *desk, const struct ens_registration *form, bool wrapper_enabled, const struct state_result *results)
{
    for (int kind = 0; kind < ENS_CONTROLLER_COUNT && !desk->known; kind++) {
        struct ens_registration r = *form;
        struct eth_word ours;
        const struct state_result *said = &results[ASK_2025 + kind];
        r.controller = (enum ens_controller)kind;
        desk->known = said->outcome == STATE_VALUE && said->data.length == 32 && ens_commitment(&r, &ours) == OK && memcmp(said->data.data, ours.octets, 32) == 0;
        desk->kind = r.controller;
    }
    desk->enabled = truth(&results[ASK_ENABLED]) || (wrapper_enabled && truth(&results[ASK_WRAPPER]));
    desk->valid = truth(&results[ASK_VALID]);
    desk->available = truth(&results[ASK_AVAILABLE]);
    desk->youngest = number(&results[ASK_YOUNGEST]);
    desk->oldest = number(&results[ASK_OLDEST]);
    const struct state_result *price = &results[ASK_PRICE];
    desk->priced = price->outcome == STATE_VALUE && (price->data.length == 32 || price->data.length == 64);
    if (desk->priced) {
        desk->base = u256_read((const uint8_t *)price->data.data, 32);
        desk->premium = price->data.length == 64 ? u256_read((const uint8_t *)price->data.data + 32, 32) : (struct u256){ { 0 } };
    }
}

static int desks_list(struct chain_tool *tool, const struct ens_options *o, struct ens_desks *out)
{
    const char *wanted = tool->call->values[OPTION_CONTROLLER];
    memset(out, 0, sizeof *out);
    if (wanted != NULL) {
        out->count = 1;
        return tools_address(tool->call, "--controller", wanted, out->list[0].address.octets);
    }
    for (size_t i = 0; i < o->controller_count && i < ENS_DESKS; i++)
        out->list[out->count++].address = o->controllers[i];
    if (out->count > 0)
        return TOOL_DONE;
    return tools_complain(tool->call, TOOL_USAGE, "no registrar controller is known for this chain: `contracts: { controllers: [...] }` of the chain, or --controller ADDRESS");
}

int ens_desks_read(struct chain_tool *tool, const struct tool_name *name, const struct ens_registration *form, struct ens_desks *out)
{
    const struct ens_options *o = name_source_ens_options(name->source);
    struct state_read reads[ENS_DESKS * ASK_COUNT + 1];
    struct state_result results[ENS_DESKS * ASK_COUNT + 1];
    struct eth_word wrapper = ens_word_of_address(&o->name_wrapper);
    struct text text;
    int rc = desks_list(tool, o, out);
    if (rc != TOOL_DONE)
        return rc;
    for (size_t i = 0; i < out->count; i++)
        desk_ask(tool, o, &out->list[i].address, form, &reads[i * ASK_COUNT]);
    size_t count = out->count * ASK_COUNT;
    text_growing(&text);
    ens_write_word(ENS_CONTROLLERS, &wrapper, &text);
    ask(tool, &reads[count], &o->base_registrar, &text);
    rc = chain_tool_read(tool, name->chain, reads, results, count + 1, &out->block);
    for (size_t i = 0; i <= count && rc == TOOL_DONE; i++)
        if (results[i].outcome == STATE_UNAVAILABLE)
            rc = tools_complain(tool->call, TOOL_FAILED, "%s: the registrar could not be asked: %s", name->text, chain_failure_text(results[i].failure));
    for (size_t i = 0; i < out->count && rc == TOOL_DONE; i++)
        desk_take(&out->list[i], form, truth(&results[count]), &results[i * ASK_COUNT]);
    return rc;
}

/* ---- details and changes ---- */

int ens_details(struct chain_tool *tool, const struct tool_name *name, bool absent_ok, struct facts **out)
{
    struct facts_request request = { .name = name_view_of(&name->wire), .details = true };
    int rc = chain_tool_facts(tool, name->source, &request, out);
    if (rc != TOOL_DONE || (absent_ok && (*out)->status == FACTS_ABSENT))
        return rc;
    return name_facts_complain(tool, name, *out);
}

int name_changes(struct chain_tool *tool, const struct tool_name *name, int first, struct write_changes *out)
{
    const struct tool_call *call = tool->call;
    const char *ttl_text = call->values[OPTION_TTL];
    uint64_t ttl = 300;
    if (write_changes_init(out, tool->arena) != OK)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    if (ttl_text != NULL && text_read_u64(slice_string(ttl_text), INT32_MAX, &ttl) != OK)
        return tools_complain(call, TOOL_USAGE, "--ttl %s: a number of seconds is meant", ttl_text);
    for (int i = first; i < call->count; i++) {
        struct text why;
        text_growing(&why);
        enum status st = write_change_parse(out, slice_string(call->arguments[i]), name_view_of(&name->wire), (uint32_t)ttl, name->ens, &why);
        int rc = st == OK ? TOOL_DONE : tools_complain(call, TOOL_USAGE, "%s: %s", call->arguments[i], why.length > 0 ? why.data : status_text(st));
        text_clear(&why);
        if (rc != TOOL_DONE)
            return rc;
    }
    return call->values[OPTION_ZONE] != NULL ? name_zone_read(tool, name, call->values[OPTION_ZONE], out) : TOOL_DONE;
}
