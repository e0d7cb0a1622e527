/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef CONFIG_INSIDE_H
#define CONFIG_INSIDE_H

#include "config/config.h"

/* ---- tree.c: YAML into nodes ---- */

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };
struct source_file;
struct node {
    enum node_kind kind;
    bool plain;                     /* a scalar without quotes */
    bool null;                      /* a plain scalar that is empty, ~ or null */
    uint32_t line, column;          /* from 1; column in characters */
    const struct source_file *file;
    const char *text;               /* scalar, terminated, without NUL inside */
    struct node *key;               /* of a member of a map */
    struct node *first, *last, *next;
    const struct node *alias;       /* this stands for another node; see node_real */
    uint64_t weight;                /* nodes it stands for with all aliases followed */
};
struct source_file {
    const char *path;
    char *bytes; size_t size;       /* heap; freed by source_file_close */
    struct node *root;
    const struct source_file *parent;   /* the file that includes it; NULL = the main one */
    struct source_file *next;
};
enum { NODE_WEIGHT_MAX = 1 << 25 };

/* Opens (or borrows `text`) and parses one document. NULL root: an empty file. */
MUST_CHECK enum status source_file_open(struct arena *arena, const char *path, const char *text, size_t bytes, struct source_file **out,
                                        struct diagnostics *diag);
void source_file_close(struct source_file *file);
const struct node *node_real(const struct node *node);
const char *node_kind_text(const struct node *node);
void node_error(struct diagnostics *diag, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
void node_warning(struct diagnostics *diag, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- keys.c: the table ---- */

enum key_kind {
    KEY_END, KEY_MAP,               /* of `keys` */
    KEY_BOOL, KEY_COUNT, KEY_BYTES, KEY_TIME, KEY_WORD, KEY_TEXT, KEY_PATH, KEY_PREFIX_LENGTHS,
    KEY_ENDPOINT, KEY_TEXTS, KEY_PATHS, KEY_ACL, KEY_CONTRACT, KEY_CONTRACTS,
    KEY_SPECIAL,                    /* read by a function of its own, found by path */
    KEY_LATER                       /* a part that this version does not have */
};
struct key {
    const char *name;
    enum key_kind kind;
    size_t offset;                  /* in struct config, or in what the table describes */
    uint64_t least, most;           /* of the number, or octets of the text */
    const char *fallback;           /* as it would be written; NULL = not set */
    const char *const *words;       /* KEY_WORD: NULL ends; KEY_TEXTS: what is allowed, NULL = anything */
    const struct key *keys;         /* KEY_MAP; KEY_SPECIAL: keys of its items, for the manual */
    const char *help;
};
extern const struct key keys_root[], keys_listener[], keys_zone[], keys_view[], keys_chain[], keys_provider[], keys_mount[];

/* ---- read.c ---- */

struct reading {
    struct arena *arena;            /* of the configuration */
    struct arena *nodes;            /* gone when reading is done */
    struct config *config;
    struct diagnostics *diag;
    struct source_file *files, **last_file;
    struct table *set;              /* "server.user" -> the node that set it */
    struct table *acl_names;        /* name -> struct acl_draft */
    struct table *zone_names;       /* view, class, name -> index + 1 */
    struct config_zone *zones; size_t zone_count, zone_room;
    size_t file_count;
    const struct node *xdp;         /* the first listener that has it */
    bool no_memory;
};
/* The rest of a map by a table; `base` is where offsets count from.  Special keys are handed to `special`. */
typedef void special_fn(struct reading *r, const struct key *key, const struct node *value, void *base);
void read_map(struct reading *r, const struct node *map, const struct key *keys, const char *path, void *base, special_fn *special);
void read_defaults(struct reading *r, const struct key *keys, void *base);
void *read_alloc(struct reading *r, size_t bytes);      /* NULL sets no_memory */
char *read_string(struct reading *r, const char *text);
const struct node *root_member(const struct source_file *file, const char *name);
/* A list of scalars, or one scalar. */
bool read_texts(struct reading *r, const struct node *value, struct config_list *out);
bool read_acl(struct reading *r, const struct node *value, struct config_list *out);
bool read_endpoint(struct reading *r, const struct node *value, uint16_t port, struct endpoint *out);
bool expect_kind(struct reading *r, const struct node *value, enum node_kind kind, const char *what);
const char *nearest_key(const struct key *keys, const char *word);

/* files.c: parses the main file and all that are included into r->files */
MUST_CHECK enum status files_open(struct reading *r, const struct config_source *source);

/* ---- zones.c: what has a shape of its own ---- */
void read_acls(struct reading *r);
void read_templates(struct reading *r);
void read_zones(struct reading *r);
void read_views(struct reading *r);
/* A section that may be in several files: how many members it has in all, and the first of them in one. */
size_t count_members(struct reading *r, const char *section, enum node_kind kind);
const struct node *section_first(struct reading *r, const struct source_file *file, const char *section, enum node_kind kind);
bool read_name(struct reading *r, const struct node *value, struct name *out);

/* ---- chains.c, mounts.c: names on chains ---- */
void read_chains(struct reading *r);
void read_mounts(struct reading *r);
bool read_contract(struct reading *r, const struct node *value, struct config_contract *out);
bool read_contracts(struct reading *r, const struct node *value, struct config_contract_list *out);

/* print.c */
void print_quoted(struct text *out, const char *string);
void print_quoted_list(struct text *out, struct config_list list);
void print_table(struct text *out, const struct key *keys, const void *base, unsigned indent);
/* print_names.c */
void print_chains(struct text *out, const struct config *config);
void print_mounts(struct text *out, const struct config *config);

#endif
