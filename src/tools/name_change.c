/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz name update|transfer` and names below others: what their owners change. */
#include "tools/name_ens.h"

#include <string.h>

#include "names/ens_selectors.h"
#include "names/namehash.h"
#include "names/uns_write.h"

enum { CALLS_MAX = 4, GAS_SET_RECORDS = 400000 };

struct changing {
    struct chain_tool *tool;
    struct tool_name name;
    struct facts *facts;
    struct sender sender;
    struct write_changes changes;
    struct write_call calls[CALLS_MAX];
    size_t count;
};

static struct write_call *add(struct changing *c, const struct eth_address *to, struct text *data, const char *what)
{
    require(c->count < CALLS_MAX);
    c->calls[c->count] = name_call(c->tool, to, data, what);
    return &c->calls[c->count++];
}

/* The chain that answers for a UNS name; that of the mount for ENS. */
static struct chain *chain_of(const struct changing *c)
{
    for (size_t i = 0; !c->name.ens && i < c->tool->config->chain_count; i++)
        if (chain_id(c->tool->chains[i]) == c->facts->u.chain_id)
            return c->tool->chains[i];
    return c->name.chain;
}

static int begin(struct changing *c)
{
    int rc = chain_tool_name(c->tool, c->tool->call->arguments[0], &c->name);
    if (rc == TOOL_DONE)
        rc = ens_details(c->tool, &c->name, false, &c->facts);
    return rc == TOOL_DONE ? sender_open(c->tool, chain_of(c), &c->sender) : rc;
}

static void end(struct changing *c)
{
    sender_close(&c->sender);
    facts_free(c->facts);
    chain_tool_close(c->tool);
}

static int say_done(struct changing *c, const char *what)
{
    if (c->tool->call->values[OPTION_DRY_RUN] != NULL || c->tool->call->values[OPTION_UNSIGNED] != NULL)
        return TOOL_DONE;
    if (c->tool->call->values[OPTION_JSON] != NULL)
        printf("{\"name\": \"%s\", \"done\": true}\n", c->name.text);
    else
        printf("%s %s\n", c->name.text, what);
    return TOOL_DONE;
}

static int execute(struct changing *c, const char *verb, const char *title)
{
    return sender_execute(&c->sender, verb, c->name.text, chain_tool_format(c->tool, "%s %s", title, c->name.text), c->calls, c->count);
}

static const struct eth_address *owner_of(const struct changing *c)
{
    const struct facts_ens *e = &c->facts->e;
    return !c->name.ens ? &c->facts->u.owner : e->wrapped ? &e->wrapper_owner : &e->owner;
}

/* A trial tells for sure; this tells why. */
static int owner_check(struct changing *c)
{
    const struct eth_address *owner = owner_of(c);
    if (eth_address_equal(owner, &c->sender.from))
        return TOOL_DONE;
    sender_say(c->tool, "%s belongs to %s, not to %s; it works only if that one has approved this one", c->name.text, name_address(c->tool, owner), name_address(c->tool, &c->sender.from));
    return TOOL_DONE;
}

/* ---- update ---- */

static int resolver_plan(struct changing *c, struct eth_address *resolver)
{
    const struct ens_options *o = name_source_ens_options(c->name.source);
    const struct facts_ens *e = &c->facts->e;
    bool records = c->changes.count + c->changes.record_count > 0;
    bool own = !eth_address_is_zero(&e->resolver) && !e->wildcard && name_equal(c->facts->zone, name_view_of(&c->name.wire));
    struct text text;
    *resolver = c->changes.new_resolver ? c->changes.resolver : own ? e->resolver : o->public_resolver;
    if (c->changes.new_resolver ? own && eth_address_equal(resolver, &e->resolver) : own || !records)
        return TOOL_DONE;
    if (records && eth_address_is_zero(resolver))
        return tools_complain(c->tool->call, TOOL_USAGE, "%s has no resolver of its own, and no public one is known for this chain: say resolver=0x...", c->name.text);
    text_growing(&text);
    ens_write_set_resolver(&c->name.node, resolver, &text);
    (void)add(c, e->wrapped ? &o->name_wrapper : &o->registry, &text, "set the resolver");
    return TOOL_DONE;
}

/* A primary name counts only when it leads back to the address: a name that has none gets it, one that has another is told. */
static int primary_prepare(struct changing *c)
{
    static const uint64_t coins[] = { 60 };
    struct facts_request request = { .name = name_view_of(&c->name.wire), .coins = coins, .coin_count = 1 };
    struct facts *facts = NULL;
    struct text why;
    char room[8];
    for (size_t i = 0; i < c->changes.count; i++)
        if (c->changes.list[i].kind == WRITE_COIN && c->changes.list[i].coin == 60)
            return TOOL_DONE;
    int rc = c->changes.primary ? chain_tool_facts(c->tool, c->name.source, &request, &facts) : TOOL_DONE;
    const struct fact_coin *coin = facts != NULL ? facts_coin(facts, 60) : NULL;
    text_fixed(&why, room, sizeof room);
    if (coin != NULL && coin->fact.state == FACT_ABSENT)
        (void)!write_change_parse(&c->changes, slice_string(chain_tool_format(c->tool, "addr.60=%s", name_address(c->tool, &c->sender.from))), name_view_of(&c->name.wire), 0, true, &why);
    else if (coin != NULL && coin->fact.state == FACT_PRESENT && (coin->fact.value.length != 20 || memcmp(coin->fact.value.data, c->sender.from.octets, 20) != 0))
        sender_say(c->tool, "the address of %s is not %s: the primary name will not count before it is (addr.eth=...)", c->name.text, name_address(c->tool, &c->sender.from));
    facts_free(facts);
    return rc;
}

static int update_ens(struct changing *c)
{
    const struct ens_options *o = name_source_ens_options(c->name.source);
    struct eth_address resolver;
    struct text text;
    size_t count = 0;
    struct slice *calls = arena_alloc(c->tool->arena, ENS_CALLS_MAX * sizeof *calls);
    int rc = calls == NULL ? tools_complain(c->tool->call, TOOL_FAILED, "%s", status_text(E_NOMEM)) : primary_prepare(c);
    if (rc == TOOL_DONE)
        rc = resolver_plan(c, &resolver);
    if (rc == TOOL_DONE && c->tool->call->values[OPTION_ZONE] != NULL && c->count == 0)
        rc = name_zone_rest(c->tool, &c->name, &resolver, &c->changes);
    if (rc != TOOL_DONE)
        return rc;
    enum status st = ens_write_records(&c->changes, &c->name.node, calls, &count);
    if (st != OK)
        return tools_complain(c->tool->call, TOOL_USAGE, "the records cannot be written: %s", st == E_LIMIT ? "they are too long for one transaction" : status_text(st));
    if (count > 0) {
        text_growing(&text);
        ens_write_multicall(calls, count, &text);
        (void)add(c, &resolver, &text, "set records");
    }
    if (c->changes.primary) {
        text_growing(&text);
        ens_write_primary(slice_string(c->name.text), &text);
        (void)add(c, &o->reverse_registrar, &text, "set the primary name");
    }
    return TOOL_DONE;
}

/* The registry of the layer that answers. */
static const struct eth_address *uns_registry(const struct changing *c)
{
    const struct uns_options *o = name_source_uns_options(c->name.source);
    return o->layer2 != NULL && chain_id(o->layer2) == c->facts->u.chain_id ? &o->registry2 : &o->registry1;
}

static int uns_check(struct changing *c)
{
    const struct uns_options *o = name_source_uns_options(c->name.source);
    if (!eth_address_is_zero(&o->cns1) && eth_address_equal(&c->facts->u.resolver, &o->cns1))
        return tools_complain(c->tool->call, TOOL_REFUSED, "%s is in the old registry of .crypto, which this version does not write to", c->name.text);
    return eth_address_is_zero(uns_registry(c)) ? tools_complain(c->tool->call, TOOL_USAGE, "the registry of Unstoppable Domains is not known for this chain: `contracts: { uns-registry: ... }`") : TOOL_DONE;
}

static int update_uns(struct changing *c)
{
    struct text text, why;
    int rc = uns_check(c);
    if (rc != TOOL_DONE)
        return rc;
    text_growing(&text);
    text_growing(&why);
    bool records = c->changes.count + c->changes.record_count > 0 || c->changes.new_resolver;
    enum status st = records ? uns_write_records(&c->changes, &c->name.node, name_view_of(&c->name.wire), &text, &why) : OK;
    if (st != OK)
        rc = tools_complain(c->tool->call, st == E_UNSUPPORTED ? TOOL_REFUSED : TOOL_FAILED, "%s: %s", c->name.text, why.length > 0 ? why.data : status_text(st));
    else if (records)
        (void)add(c, uns_registry(c), &text, "set records");
    else
        text_clear(&text);
    text_clear(&why);
    if (rc != TOOL_DONE || !c->changes.primary)
        return rc;
    text_growing(&text);
    uns_write_primary(slice_string(c->name.text), &text);
    (void)add(c, uns_registry(c), &text, "set the primary name");
    return TOOL_DONE;
}

static int update(struct changing *c)
{
    int rc = begin(c);
    if (rc == TOOL_DONE)
        rc = name_changes(c->tool, &c->name, 1, &c->changes);
    if (rc == TOOL_DONE && write_changes_empty(&c->changes) && c->tool->call->values[OPTION_ZONE] == NULL)
        rc = tools_complain(c->tool->call, TOOL_USAGE, "what is to be changed is missing: KEY=VALUE..., primary, or --zone FILE");
    if (rc == TOOL_DONE)
        rc = owner_check(c);
    if (rc == TOOL_DONE)
        rc = c->name.ens ? update_ens(c) : update_uns(c);
    if (rc == TOOL_DONE && c->count == 0) {
        printf("%s has all that already\n", c->name.text);
        return TOOL_DONE;
    }
    if (rc == TOOL_DONE)
        rc = execute(c, "update", "update");
    return rc == TOOL_DONE ? say_done(c, "is updated") : rc;
}

int name_update_run(const struct tool_call *call)
{
    struct changing c = { 0 };
    int rc = chain_tool_open(call, &c.tool);
    if (rc == TOOL_DONE)
        rc = update(&c);
    end(&c);
    return rc;
}

/* ---- transfer ---- */

static void transfer_second_level(struct changing *c, const struct eth_address *to)
{
    const struct ens_options *o = name_source_ens_options(c->name.source);
    struct eth_word token;
    struct text text;
    struct slice label = ens_label(&c->name);
    namehash_label(label, token.octets);
    text_growing(&text);                /* while it is still ours: else the old owner would stay the one who governs it */
    ens_write_reclaim(&token, to, &text);
    (void)add(c, &o->base_registrar, &text, "set the owner in the registry");
    text_growing(&text);
    ens_write_transfer_721(&c->facts->e.registrant, to, &token, &text);
    (void)add(c, &o->base_registrar, &text, "transfer the registration");
}

static int transfer_plan(struct changing *c, const struct eth_address *to)
{
    const struct facts_ens *e = &c->facts->e;
    struct text text;
    if (!c->name.ens) {
        int rc = uns_check(c);
        if (rc != TOOL_DONE)
            return rc;
        text_growing(&text);
        uns_write_set_owner(to, &c->name.node, &text);
        (void)add(c, uns_registry(c), &text, "transfer the name");
        sender_say(c->tool, "its records stay (transferring the token alone would clear them); if it is the old owner's primary name, that goes");
        return TOOL_DONE;
    }
    const struct ens_options *o = name_source_ens_options(c->name.source);
    if (e->wildcard || (eth_address_is_zero(&e->owner) && !e->wrapped))
        return tools_complain(c->tool->call, TOOL_REFUSED, "%s has no owner of its own: it is answered by the resolver of a name above it", c->name.text);
    if (e->wrapped) {
        if ((e->fuses & 4) != 0)
            return tools_complain(c->tool->call, TOOL_REFUSED, "%s cannot be transferred: the fuse CANNOT_TRANSFER is burnt", c->name.text);
        text_growing(&text);
        ens_write_transfer_1155(&e->wrapper_owner, to, &c->name.node, &text);
        (void)add(c, &o->name_wrapper, &text, "transfer the wrapped name");
    } else if (c->name.labels == 2) {
        transfer_second_level(c, to);
    } else {
        text_growing(&text);
        ens_write_set_owner(&c->name.node, to, &text);
        (void)add(c, &o->registry, &text, "set the owner");
    }
    return TOOL_DONE;
}

static int transfer(struct changing *c)
{
    struct eth_address to;
    int rc = tools_address(c->tool->call, "ADDRESS", c->tool->call->arguments[1], to.octets);
    if (rc == TOOL_DONE && eth_address_is_zero(&to))
        rc = tools_complain(c->tool->call, TOOL_REFUSED, "nobody has the key of the zero address: the name would be lost");
    if (rc == TOOL_DONE)
        rc = begin(c);
    if (rc == TOOL_DONE && eth_address_equal(owner_of(c), &to)) {
        bool whole = !c->name.ens || c->facts->e.wrapped || c->name.labels != 2 || eth_address_equal(&c->facts->e.registrant, &to);
        if (whole) {
            printf("%s belongs to %s already\n", c->name.text, name_address(c->tool, &to));
            return TOOL_DONE;
        }
    }
    if (rc == TOOL_DONE && !(c->name.ens && !c->facts->e.wrapped && c->name.labels == 2 && eth_address_equal(&c->facts->e.registrant, &c->sender.from)))
        rc = owner_check(c);
    if (rc == TOOL_DONE)
        rc = transfer_plan(c, &to);
    if (rc == TOOL_DONE)
        rc = execute(c, "transfer", chain_tool_format(c->tool, "transfer to %s:", name_address(c->tool, &to)));
    return rc == TOOL_DONE ? say_done(c, chain_tool_format(c->tool, "is transferred to %s", name_address(c->tool, &to))) : rc;
}

int name_transfer_run(const struct tool_call *call)
{
    struct changing c = { 0 };
    int rc = chain_tool_open(call, &c.tool);
    if (rc == TOOL_DONE)
        rc = transfer(&c);
    end(&c);
    return rc;
}

/* ---- names below others ---- */

/* Facts of the name above. */
static int parent_facts(struct changing *c, struct tool_name *parent, struct facts **out)
{
    const char *dot = strchr(c->name.text, '.');
    struct name_view above = name_strip(name_view_of(&c->name.wire), 1);
    *parent = c->name;
    parent->wire = name_copy(above);
    parent->labels = above.labels;
    memmove(parent->text, c->name.text + (dot + 1 - c->name.text), strlen(dot + 1) + 1);
    if (namehash_name(slice_string(parent->text), false, parent->node.octets) != OK)
        return TOOL_USAGE;
    return ens_details(c->tool, parent, false, out);
}

static int below_plan(struct changing *c, const struct tool_name *parent, const struct facts_ens *above, const struct eth_address *owner)
{
    const struct ens_options *o = name_source_ens_options(c->name.source);
    struct eth_address resolver = c->changes.new_resolver ? c->changes.resolver : o->public_resolver;
    struct eth_word label_hash;
    struct text text;
    size_t count = 0;
    struct slice label = ens_label(&c->name), *calls = arena_alloc(c->tool->arena, ENS_CALLS_MAX * sizeof *calls);
    namehash_label(label, label_hash.octets);
    text_growing(&text);
    if (above->wrapped)
        ens_write_subname_wrapped(&parent->node, label, owner, &resolver, above->wrapper_expiry, &text);
    else
        ens_write_subname(&parent->node, &label_hash, owner, &resolver, &text);
    (void)add(c, above->wrapped ? &o->name_wrapper : &o->registry, &text, "make the name");
    enum status st = calls == NULL ? E_NOMEM : ens_write_records(&c->changes, &c->name.node, calls, &count);
    if (st != OK)
        return tools_complain(c->tool->call, TOOL_USAGE, "the records cannot be written: %s", status_text(st));
    if (count > 0 && !eth_address_equal(owner, &c->sender.from))
        return tools_complain(c->tool->call, TOOL_REFUSED, "records of %s can only be set by who owns it, which is to be %s", c->name.text, name_address(c->tool, owner));
    if (count > 0 && eth_address_is_zero(&resolver))
        return tools_complain(c->tool->call, TOOL_USAGE, "records need a resolver: no public one is known for this chain, say resolver=0x...");
    if (count > 0) {
        text_growing(&text);
        ens_write_multicall(calls, count, &text);
        add(c, &resolver, &text, "set records")->gas_guess = GAS_SET_RECORDS;
    }
    if (c->changes.primary) {
        text_growing(&text);
        ens_write_primary(slice_string(c->name.text), &text);
        (void)add(c, &o->reverse_registrar, &text, "set the primary name");
    }
    return TOOL_DONE;
}

static int below_check(struct changing *c, const struct tool_name *parent, const struct facts *above)
{
    const struct eth_address *governs = above->e.wrapped ? &above->e.wrapper_owner : &above->e.owner;
    if (eth_address_is_zero(governs))
        return tools_complain(c->tool->call, TOOL_REFUSED, "%s has no owner, so nobody can make names below it", parent->text);
    if (!eth_address_equal(governs, &c->sender.from))
        sender_say(c->tool, "%s belongs to %s, not to %s; it works only if that one has approved this one", parent->text, name_address(c->tool, governs), name_address(c->tool, &c->sender.from));
    if (above->e.wrapped && (above->e.fuses & 32) != 0)
        return tools_complain(c->tool->call, TOOL_REFUSED, "no names can be made below %s: its fuse CANNOT_CREATE_SUBDOMAIN is burnt", parent->text);
    return TOOL_DONE;
}

/* Whether somebody has it already. */
static int below_free(struct changing *c)
{
    struct facts *facts = NULL;
    int rc = ens_details(c->tool, &c->name, true, &facts);
    if (rc == TOOL_DONE && facts->e.owned)          /* also without a resolver of its own: it would be taken from who has it */
        rc = tools_complain(c->tool->call, TOOL_REFUSED, "%s is there already and belongs to %s; `rhiz name update` changes its records", c->name.text,
                            name_address(c->tool, facts->e.wrapped ? &facts->e.wrapper_owner : &facts->e.owner));
    facts_free(facts);
    return rc;
}

int name_register_below(struct chain_tool *tool, const struct tool_name *name)
{
    struct changing c = { .tool = tool, .name = *name };
    const struct tool_call *call = tool->call;
    struct tool_name parent;
    struct facts *above = NULL;
    struct eth_address owner;
    int rc = sender_open(tool, name->chain, &c.sender);
    owner = c.sender.from;
    if (rc == TOOL_DONE && call->values[OPTION_OWNER] != NULL)
        rc = tools_address(call, "--owner", call->values[OPTION_OWNER], owner.octets);
    if (rc == TOOL_DONE)
        rc = name_changes(tool, name, 1, &c.changes);
    if (rc == TOOL_DONE)
        rc = parent_facts(&c, &parent, &above);
    if (rc == TOOL_DONE)
        rc = below_check(&c, &parent, above);
    if (rc == TOOL_DONE)
        rc = below_plan(&c, &parent, &above->e, &owner);
    facts_free(above);
    if (rc == TOOL_DONE)
        rc = below_free(&c);
    if (rc == TOOL_DONE)
        rc = execute(&c, "register", "make");
    if (rc == TOOL_DONE)
        rc = say_done(&c, "is there");
    sender_close(&c.sender);
    return rc;
}
