/* SPDX-License-Identifier: Apache-2.0 */
/* tools/name_ens.h -- what the verbs that change ENS names ask the contracts. */
#ifndef TOOLS_NAME_ENS_H
#define TOOLS_NAME_ENS_H

#include "names/ens_write.h"
#include "tools/name_sender.h"

enum { SECONDS_A_YEAR = 365 * 86400 };

struct ens_desk {                   /* a controller */
    struct eth_address address;
    bool known;                     /* its makeCommitment gives what ours does: kind */
    enum ens_controller kind;
    bool enabled;                   /* the registrar lets it register */
    bool valid, available;          /* the label */
    bool priced; struct u256 base, premium;
    uint64_t youngest, oldest;      /* commitment ages, seconds */
};
enum { ENS_DESKS = 4 };
struct ens_desks { struct ens_desk list[ENS_DESKS]; size_t count; struct eth_block block; };

/* The label of a name below `eth`, or of any name: its first one, normalised. */
struct slice ens_label(const struct tool_name *name);
/* --years as seconds. */
int ens_seconds(const struct tool_call *call, uint64_t *out);
/* All controllers that are configured, or the one that --controller says.
 * @param form  of the registration that is meant, or a sample: kinds are told by what makeCommitment says to it */
int ens_desks_read(struct chain_tool *tool, const struct tool_name *name, const struct ens_registration *form, struct ens_desks *out);
const char *ens_desk_year(enum ens_controller kind);
/* price and a margin of 8 per cent, which comes back. */
struct u256 ens_value(struct u256 base, struct u256 premium);
/* Facts with details, or the complaint. @param absent_ok  no complaint for a name that is not there */
int ens_details(struct chain_tool *tool, const struct tool_name *name, bool absent_ok, struct facts **out);
/* Calls of KEY=VALUE arguments from `first` on and of --zone. */
int name_changes(struct chain_tool *tool, const struct tool_name *name, int first, struct write_changes *out);
/* --zone FILE into changes. */
int name_zone_read(struct chain_tool *tool, const struct tool_name *name, const char *path, struct write_changes *out);
/* RRsets that the resolver has for the node and that are not among the changes are to go. */
int name_zone_rest(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *resolver, struct write_changes *changes);
/* A call whose text is written now; its data lies in the tool's arena. */
struct write_call name_call(struct chain_tool *tool, const struct eth_address *to, struct text *data, const char *what);
/* Registers a name below another one. */
int name_register_below(struct chain_tool *tool, const struct tool_name *name);

/* Goes on with a registration that was begun with this key. */
int name_register_resume(struct chain_tool *tool, const struct tool_name *name, const struct eth_address *from);

#endif
