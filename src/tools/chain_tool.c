/* SPDX-License-Identifier: Apache-2.0 */
/* Opening chains for a command, and which name system a name belongs to. */
#include "tools/chain_tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/chain_options.h"
#include "names/label.h"
#include "names/namehash.h"

/* ---- opening ---- */

static uint64_t chain_number(const char *text)
{
    static const struct { const char *name; uint64_t id; } known[] = { { "ethereum", 1 }, { "sepolia", 11155111 }, { "holesky", 17000 }, { "polygon", 137 }, { "base", 8453 } };
    uint64_t id = 0;
    if (text == NULL)
        return 1;
    for (size_t i = 0; i < LENGTH_OF(known); i++)
        if (strcmp(known[i].name, text) == 0)
            return known[i].id;
    return text_read_u64(slice_string(text), UINT64_MAX / 2, &id) == OK ? id : 0;
}

/* A configuration for one node and what is known of public chains. */
static int config_made(struct chain_tool *tool, const char *url)
{
    const char *chain = tool->call->values[OPTION_CHAIN];
    uint64_t id = chain_number(chain);
    struct text yaml;
    if (id == 0)
        return tools_complain(tool->call, TOOL_USAGE, "--chain %s: with --rpc, the number of a chain or ethereum, sepolia, holesky, polygon, base", chain);
    text_growing(&yaml);
    text_add_format(&yaml, "version: 1\nserver: { listen: [\"127.0.0.1@5300\"] }\nchains:\n  chain:\n    chain-id: %llu\n    rpc: ", (unsigned long long)id);
    text_add_json(&yaml, url);
    text_add(&yaml, "\nnames:\n");
    if (id != 137 && id != 8453)
        text_add(&yaml, "  - { suffix: eth, system: ens, chain: chain }\n");
    text_add(&yaml, "  - { suffix: [crypto, wallet, x, nft, blockchain, bitcoin, \"888\", dao, polygon, unstoppable, klever, hi, zil], system: uns, chains: [chain] }\n");
    struct config_source source = { .path = "--rpc", .text = yaml.data, .text_bytes = yaml.length, .no_includes = true };
    enum status st = yaml.full ? E_NOMEM : config_read(&source, &tool->config, tool->diag);
    text_clear(&yaml);
    if (st != OK)
        diagnostics_print(tool->diag, stderr, tools_colour(stderr));
    return st == OK ? TOOL_DONE : tools_complain(tool->call, TOOL_USAGE, "--rpc %s: %s", url, st == E_INVALID ? "not a URL of a node" : status_text(st));
}

static int config_open(struct chain_tool *tool)
{
    const struct tool_call *call = tool->call;
    const char *path = tools_config_path(call), *url = call->values[OPTION_RPC];
    const char *environment = getenv("RHIZ_CONFIG");
    bool named = call->values[OPTION_CONFIG] != NULL || (environment != NULL && environment[0] != '\0');
    if (url != NULL && !named && access(path, R_OK) != 0)
        return config_made(tool, url);
    if (access(path, R_OK) != 0)
        return tools_complain(call, TOOL_FAILED, "%s: %s; a configuration with `chains:` and `names:` is needed (-c FILE, $RHIZ_CONFIG), or --rpc URL", path, strerror(errno));
    struct config_source source = { .path = path };
    enum status st = config_read(&source, &tool->config, tool->diag);
    if (st == OK)
        return TOOL_DONE;
    diagnostics_print(tool->diag, stderr, tools_colour(stderr));
    return tools_complain(call, TOOL_FAILED, "%s: the configuration cannot be used", path);
}

static enum status chain_open(struct chain_tool *tool, size_t index)
{
    struct chain_options options;
    const char *url = tool->call->values[OPTION_RPC], *wanted = tool->call->values[OPTION_CHAIN];
    const struct config_chain *from = &tool->config->chains[index];
    const struct provider_options one = { .name = "rpc", .url = url, .batch = true };
    enum status st = config_chain_options(tool->config, from, tool->arena, &options, tool->diag);
    if (st != OK)
        return st;
    if (url != NULL && (wanted == NULL ? index == 0 : strcmp(wanted, from->name) == 0 || tool->config->chain_count == 1)) {
        options.providers = &one;
        options.provider_count = 1;
        options.check = CHAIN_CHECK_SINGLE;
        options.quorum = 1;
    }
    return chain_new(tool->loop, &options, &tool->chains[index]);
}

int chain_tool_open(const struct tool_call *call, struct chain_tool **out)
{
    struct chain_tool *tool = *out = mem_alloc(sizeof *tool);
    struct chain_loop_options options = { 0 };
    const struct log_options quiet = { .level = LOG_LEVEL_ERROR };
    if (tool == NULL || log_open(&quiet) != OK)         /* what goes wrong is told in words of our own */
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    tool->call = call;
    tool->diag = diagnostics_new(0);
    tool->arena = arena_new(1 << 14);
    int rc = tool->diag == NULL || tool->arena == NULL ? tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM)) : config_open(tool);
    if (rc != TOOL_DONE)
        return rc;
    const struct config *config = tool->config;
    if (config->chain_count == 0)
        return tools_complain(call, TOOL_USAGE, "%s: no `chains:` are configured; see rhizd.yaml(5), or give --rpc URL", tools_config_path(call));
    tool->chains = arena_alloc(tool->arena, config->chain_count * sizeof *tool->chains);
    tool->begun = arena_alloc(tool->arena, config->chain_count * sizeof *tool->begun);
    tool->sources = arena_alloc(tool->arena, (config->mount_count + 1) * sizeof *tool->sources);
    enum status st = tool->chains && tool->begun && tool->sources ? chain_loop_new(&options, &tool->loop) : E_NOMEM;
    for (size_t i = 0; i < config->chain_count && st == OK; i++)
        st = chain_open(tool, i);
    if (st == OK)
        return TOOL_DONE;
    diagnostics_print(tool->diag, stderr, tools_colour(stderr));
    return tools_complain(call, TOOL_FAILED, "the chains cannot be opened: %s", status_text(st));
}

void chain_tool_close(struct chain_tool *tool)
{
    if (tool == NULL)
        return;
    if (tool->loop != NULL)
        chain_loop_stop(tool->loop);
    for (size_t i = 0; tool->sources != NULL && i < tool->config->mount_count; i++)
        name_source_free(tool->sources[i]);
    for (size_t i = 0; tool->chains != NULL && i < tool->config->chain_count; i++)
        chain_free(tool->chains[i]);
    chain_loop_free(tool->loop);
    config_free(tool->config);
    diagnostics_free(tool->diag);
    arena_free(tool->arena);
    mem_free(tool);
}

void chain_tool_begin(struct chain_tool *tool, struct chain *chain)
{
    for (size_t i = 0; i < tool->config->chain_count; i++)
        if (tool->chains[i] == chain && !tool->begun[i]) {
            tool->begun[i] = true;
            chain_begin(chain);
        }
}

struct chain *chain_tool_chain(struct chain_tool *tool)
{
    const char *wanted = tool->call->values[OPTION_CHAIN];
    if (wanted == NULL || tool->config->chain_count == 1)
        return tool->chains[0];
    for (size_t i = 0; i < tool->config->chain_count; i++)
        if (strcmp(tool->config->chains[i].name, wanted) == 0)
            return tool->chains[i];
    (void)tools_complain(tool->call, TOOL_USAGE, "--chain %s: the configuration has no such chain", wanted);
    return NULL;
}

/* ---- name systems ---- */

struct name_source *chain_tool_source(struct chain_tool *tool, const struct config_mount *mount)
{
    size_t index = (size_t)(mount - tool->config->mounts);
    enum status st = OK;
    for (size_t i = 0; i < mount->chain_count; i++)
        chain_tool_begin(tool, tool->chains[mount->chains[i]]);
    if (tool->sources[index] != NULL)
        return tool->sources[index];
    if (mount->system == CONFIG_SYSTEM_ENS) {
        struct ens_options options;
        st = config_ens_options(tool->config, mount, tool->chains, tool->arena, &options);
        if (st == OK)
            st = name_source_ens(&options, &tool->sources[index]);
    } else {
        struct uns_options options;
        config_uns_options(tool->config, mount, tool->chains, &options);
        st = name_source_uns(&options, &tool->sources[index]);
    }
    if (st != OK)
        (void)tools_complain(tool->call, TOOL_FAILED, "the name system cannot be opened: %s", status_text(st));
    return tool->sources[index];
}

const struct config_mount *chain_tool_mount(struct chain_tool *tool, bool ens)
{
    const char *wanted = tool->call->values[OPTION_CHAIN];
    for (size_t i = 0; i < tool->config->mount_count; i++) {
        const struct config_mount *mount = &tool->config->mounts[i];
        bool there = wanted == NULL || tool->config->chain_count == 1;
        for (size_t k = 0; k < mount->chain_count && !there; k++)
            there = strcmp(tool->config->chains[mount->chains[k]].name, wanted) == 0;
        if (there && (mount->system == CONFIG_SYSTEM_ENS) == ens)
            return mount;
    }
    return NULL;
}

/* The mount with the longest suffix. */
static const struct config_mount *mount_of(const struct chain_tool *tool, struct name_view name, struct name_view *suffix)
{
    const struct config_mount *best = NULL;
    for (size_t i = 0; i < tool->config->mount_count; i++)
        for (size_t k = 0; k < tool->config->mounts[i].suffix_count; k++) {
            struct name_view one = name_view_wire(tool->config->mounts[i].suffixes[k]);
            if (name_below(name, one) && (best == NULL || one.labels > suffix->labels)) {
                best = &tool->config->mounts[i];
                *suffix = one;
            }
        }
    return best;
}

/* What was typed as the DNS would have it: good enough to find the mount by. */
static bool typed_wire(const char *typed, struct name *out, struct normalise_report *why)
{
    char text[TOOL_NAME_ROOM];
    size_t length = strlen(typed), got;
    bool plain = length > 0 && length < sizeof text;
    for (size_t i = 0; i < length && plain; i++)
        plain = typed[i] > ' ' && typed[i] < 0x7f && typed[i] != '\\';
    if (plain) {
        if (name_parse(slice_of(typed, length), (struct name_view){ 0 }, out) != OK)
            return false;
        name_lower(out->wire, out->length);
        return true;
    }
    if (length > 0 && typed[length - 1] == '.')
        length--;
    return label_name_from_text(slice_of(typed, length), false, text, sizeof text, &got, why) == OK && label_name_to_dns(slice_of(text, got), name_root, out) == OK;
}

static int name_invalid(const struct chain_tool *tool, const char *typed, const struct normalise_report *why)
{
    struct text text;
    char room[200];
    text_fixed(&text, room, sizeof room);
    if (why->fault != NORMALISE_FINE)
        normalise_report_print(why, &text);
    else
        text_add(&text, "a label is empty or over 63 octets, or it is over 255 in all");
    return tools_complain(tool->call, TOOL_NEGATIVE, "`%s` can be no name: %s", typed, room);
}

static int uns_name(struct chain_tool *tool, const char *typed, struct tool_name *out)
{
    struct text text;
    char printed[NAME_TEXT_ROOM];
    name_to_text(name_view_of(&out->wire), printed);
    size_t length = strlen(printed);
    for (size_t i = 0; i < length; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", printed[i]) == NULL)
            return tools_complain(tool->call, TOOL_NEGATIVE, "`%s` can be no name: this system has letters, digits and hyphens only", typed);
    text_fixed(&text, out->text, sizeof out->text);
    text_add_bytes(&text, printed, length - 1);
    return namehash_name(slice_of(out->text, length - 1), false, out->node.octets) == OK ? TOOL_DONE : TOOL_NEGATIVE;
}

int chain_tool_name(struct chain_tool *tool, const char *typed, struct tool_name *out)
{
    struct normalise_report why = { 0 };
    struct name wire;
    struct name_view suffix = { 0 };
    size_t length = 0;
    memset(out, 0, sizeof *out);
    if (!typed_wire(typed, &wire, &why))
        return name_invalid(tool, typed, &why);
    out->mount = mount_of(tool, name_view_of(&wire), &suffix);
    if (out->mount == NULL)
        return tools_complain(tool->call, TOOL_USAGE, "`%s` is below no suffix of a name system: `names:` in %s says which there are", typed, tools_config_path(tool->call));
    struct name_view base = out->mount->base != NULL ? name_view_wire(out->mount->base) : suffix;
    if (name_replace_suffix(name_view_of(&wire), suffix, base, &out->wire) != OK)
        return name_invalid(tool, typed, &why);
    out->labels = name_view_of(&out->wire).labels;
    out->ens = out->mount->system == CONFIG_SYSTEM_ENS;
    out->chain = tool->chains[out->mount->chains[0]];
    out->source = chain_tool_source(tool, out->mount);
    if (out->source == NULL)
        return TOOL_FAILED;
    if (!out->ens)
        return uns_name(tool, typed, out);
    if (label_name_from_dns(name_view_of(&out->wire), out->text, sizeof out->text - 1, &length, &why) != OK ||
        label_name_to_dns(slice_of(out->text, length), name_root, &out->wire) != OK)
        return name_invalid(tool, typed, &why);
    out->text[length] = 0;
    return namehash_name(slice_of(out->text, length), false, out->node.octets) == OK ? TOOL_DONE : name_invalid(tool, typed, &why);
}
