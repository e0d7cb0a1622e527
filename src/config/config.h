/* SPDX-License-Identifier: Apache-2.0 */
/** @file config/config.h -- the configuration: YAML in, one immutable tree of plain structs out.
 *
 *  Reading is all or nothing.  What is wrong goes to a diagnostics sink with file, line, column, key and what would be
 *  right.  One table (config_key_next walks it) says which keys there are; checking, defaults, `rhiz config show` and
 *  the manual page all come from it. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/base.h"
#include "net/net.h"
#include "policy/policy.h"
#include "wire/wire.h"

enum { CONFIG_FILE_BYTES_MAX = 128 << 20, CONFIG_DEPTH_MAX = 32, CONFIG_INCLUDE_DEPTH_MAX = 8, CONFIG_FILES_MAX = 4096 };

/** Strings in the order of the file; borrowed from the configuration. */
struct config_list { const char *const *items; size_t count; };

struct config_listener {
    struct endpoint endpoint;
    unsigned transports;
    const struct prefix *proxy_from; size_t proxy_from_count;
    const char *xdp;                /**< interface on which the kernel answers for it; NULL = none */
};

struct config_server {
    const struct config_listener *listen; size_t listen_count;
    uint64_t workers;               /**< 0 = one per core */
    const char *user;               /**< NULL = stay who we are */
    const char *state, *control;    /**< as written: see config_path */
    struct endpoint metrics; bool has_metrics;
    bool metrics_zones;
    const char *nsid, *version;     /**< NULL = not told */
    uint64_t udp_payload, udp_batch, udp_receive_buffer, xdp_memory;
    bool freebind, minimal_responses, round_robin, follow_zones, any_over_tcp_minimal;
    uint64_t tcp_clients, tcp_per_network, tcp_idle_ms, tcp_write_ms, tcp_pipeline;
    bool snapshots;
    uint64_t snapshot_records;      /**< zones of at least so many have one */
    bool cookies, cookies_required;
    struct config_list cookie_files;
    const char *tap_socket, *tap_file, *tap_identity;
    struct config_list tap_types;
    uint64_t tap_sample, tap_ring_bytes;
};
struct config_log { uint64_t level, format; const char *file; bool timestamps; };
struct config_rrl { uint64_t responses_per_second, slip, prefix4, prefix6, slots; struct config_list exempt; };

/** What zones of one template share; a zone that says nothing of its own points to its template's. */
struct config_zone_options {
    struct config_list allow_query, allow_transfer;     /**< count 0 = not said: any, none */
    const struct endpoint *notify; size_t notify_count;
    const char *file;               /**< of a template: a pattern in which %s is the zone's name */
    uint16_t klass;
};
struct config_zone {
    const uint8_t *name;            /**< wire form */
    const char *file;               /**< as written; NULL = the template's pattern */
    const struct config_zone_options *options;
    uint32_t view;                  /**< 0 = a zone of all; n = only of views[n - 1] */
};
struct config_template { const char *name; const struct config_zone_options *options; };
struct config_acl { const char *name; struct config_list entries; };
struct config_view {
    const char *name;
    struct config_list clients;     /**< count 0 = everybody */
    bool all;                       /**< all zones that belong to no view; then there is no list */
    const uint32_t *zones; size_t zone_count;   /**< indices into config.zones, own ones among them */
};

/** A node of a chain. */
struct config_provider {
    const char *name, *url, *url_file, *operator_name;  /**< url or url_file, which holds one; operator_name NULL = the name */
    double rate;                    /**< calls a second; 0 = no limit */
    bool batch;
};
/** Where contracts are, as far as it is not known for the chain id: 20 octets each, all zero = not said. */
struct config_contracts {
    struct config_contract { uint8_t octets[20]; } registry, registry_old, universal_resolver, base_registrar, name_wrapper, reverse_registrar,
        public_resolver, multicall, uns_reader, uns_registry, cns_registry;
    struct config_contract_list { const struct config_contract *items; size_t count; } controllers, known_resolvers;
};
enum { CONFIG_AT_LATEST, CONFIG_AT_SAFE, CONFIG_AT_FINALIZED };
enum { CONFIG_CHECK_SINGLE, CONFIG_CHECK_QUORUM, CONFIG_CHECK_PROOF };
enum { CONFIG_CCIP_PUBLIC, CONFIG_CCIP_LISTED, CONFIG_CCIP_NONE };
struct config_chain {
    const char *name;
    uint64_t chain_id, at, check, quorum;
    uint64_t stale_after_ms, serve_stale_ms, block_time_ms, try_ms, lookup_ms;
    uint64_t ccip_allow, ccip_timeout_ms;
    bool ccip_loopback;
    struct config_list ccip_hosts, ccip_deny;
    struct config_contracts contracts;
    const struct config_provider *providers; size_t provider_count;
};
enum { CONFIG_SYSTEM_ENS, CONFIG_SYSTEM_UNS };
enum { CONFIG_COLLISION_DNS, CONFIG_COLLISION_OURS };
enum { CONFIG_PRIVATE_DROP, CONFIG_PRIVATE_ALLOW };
/** A name system below one or more suffixes. */
struct config_mount {
    const uint8_t *const *suffixes; size_t suffix_count;    /**< wire form, lower case */
    const uint8_t *base;            /**< what they are in the name system; NULL = each its own */
    const uint8_t *reverse;         /**< suffix of primary names; NULL = none */
    const uint8_t *const *servers; size_t server_count;     /**< NS */
    uint64_t system, collision, private_addresses;
    const uint32_t *chains; size_t chain_count;     /**< indices into config.chains; UNS: layer 2 first */
    struct config_list allow;       /**< who may cause lookups; count 0 = own networks */
    uint64_t ttl_max_ms;
    bool refuse_expired;
    const struct address *gateways; size_t gateway_count;
};

/** Immutable; all of it lives in one arena. */
struct config {
    struct config_server server;
    struct config_log log;
    struct config_rrl rrl;
    const struct config_acl *acls; size_t acl_count;
    const struct config_template *templates; size_t template_count;
    const struct config_zone *zones; size_t zone_count;
    const struct config_view *views; size_t view_count;     /**< 0 = one view of all zones */
    const struct config_chain *chains; size_t chain_count;
    const struct config_mount *mounts; size_t mount_count;
    uint64_t names_cache_bytes;     /**< of answers from chains */
    /** For `rhiz` alone, which signs; the daemon does not look at it.  As written: see config_path. */
    struct { const char *keystore, *password_file, *state; } wallet;
    const char *folder;             /**< relative paths count from here; "" = the working folder */
    struct arena *arena;
};

struct config_source {
    const char *path;               /**< the file; also its name in diagnostics */
    const char *text; size_t text_bytes;    /**< read this instead; NULL = the file */
    bool no_includes;               /**< refuse `include` (for fuzzing and text from elsewhere) */
};
/** Reads and checks everything, going on after errors.
 *  @return OK; E_INVALID (the diagnostics say why), E_SYSTEM (a file cannot be read; also in diagnostics), E_NOMEM */
MUST_CHECK enum status config_read(const struct config_source *source, struct config **out, struct diagnostics *diag);
void config_free(struct config *config);

/** The whole configuration as it is in force, defaults too, as YAML that reads back to an equal one. */
void config_print(const struct config *config, struct text *out);
/** Chains and names of both say the same. */
bool config_same_chains(const struct config *a, const struct config *b);
/** The options of a template by name (NULL: "default"). @return NULL when there is none */
const struct config_zone_options *config_template_find(const struct config *config, const char *name);
/** Resolves named lists and builds. @param out owned by the caller; NULL when the list is empty
 *  @return OK, E_NOMEM, E_BAD_TEXT (cannot happen with a list that was read) */
MUST_CHECK enum status config_acl_build(const struct config *config, struct config_list list, struct acl **out);
/** Where the zone's master file lies: its own path, or its template's pattern, against the folder. @return out, or NULL when it does not fit */
char *config_zone_file(const struct config *config, const struct config_zone *zone, char *out, size_t room);
/** `path` against the folder of the configuration. @return out, or NULL when it does not fit */
char *config_path(const struct config *config, const char *path, char *out, size_t room);

/** One row of the table, for help, manual and completion. */
struct config_key_help { char path[128]; const char *kind, *fallback, *help; bool later; };
/** Start with *position = 0; false at the end. */
bool config_key_next(size_t *position, struct config_key_help *out);
/** The text of rhizd.yaml(5), in man(7) markup. */
void config_manual(struct text *out);

#endif
