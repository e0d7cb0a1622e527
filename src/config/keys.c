/* SPDX-License-Identifier: Apache-2.0 */
/* The table: every key, its kind, range, default and help.  Checking, defaults, `config show` and the manual page walk
 * it; a new key is a new row and a field in config.h. */
#include "config/inside.h"

#include <stdio.h>
#include <string.h>

#define IN(field) offsetof(struct config, field)

static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const tap_types[] = { "auth", NULL };

static const struct key keys_tcp[] = {
    { "clients", KEY_COUNT, IN(server.tcp_clients), 1, 1000000, "10000", NULL, NULL, "connections in all" },
    { "per-network", KEY_COUNT, IN(server.tcp_per_network), 1, 1000000, "100", NULL, NULL,
      "connections from one client network (/24 or /56); loopback is exempt" },
    { "idle", KEY_TIME, IN(server.tcp_idle_ms), 100, 3600000, "10s", NULL, NULL,
      "a silent connection is closed after this; also what the keepalive option tells (RFC 7828)" },
    { "write-timeout", KEY_TIME, IN(server.tcp_write_ms), 100, 3600000, "10s", NULL, NULL, "a client that reads slower is cut off" },
    { "pipeline", KEY_COUNT, IN(server.tcp_pipeline), 1, 1000, "64", NULL, NULL, "unanswered queries of a connection before reading pauses" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_cookies[] = {
    { "enabled", KEY_BOOL, IN(server.cookies), 0, 1, "true", NULL, NULL, "answer DNS cookies (RFC 7873)" },
    { "required", KEY_BOOL, IN(server.cookies_required), 0, 1, "false", NULL, NULL, "BADCOOKIE to UDP clients without a valid cookie" },
    { "secret-files", KEY_PATHS, IN(server.cookie_files), 0, 2, NULL, NULL, NULL,
      "one or two files of 32 hexadecimal digits; the first makes cookies, both are accepted (RFC 9018); left out: a random secret per start" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_snapshots[] = {
    { "enabled", KEY_BOOL, IN(server.snapshots), 0, 1, "true", NULL, NULL, "keep zones that were read in the state folder as they lie in memory: the next start is quicker" },
    { "records", KEY_COUNT, IN(server.snapshot_records), 1, UINT32_MAX, "10000", NULL, NULL, "zones of at least so many records" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_dnstap[] = {
    { "socket", KEY_PATH, IN(server.tap_socket), 1, 100, NULL, NULL, NULL, "Unix socket of the listener" },
    { "file", KEY_PATH, IN(server.tap_file), 1, 4000, NULL, NULL, NULL, "or a file to write, begun anew at each start" },
    { "identity", KEY_TEXT, IN(server.tap_identity), 1, 255, NULL, NULL, NULL, "what the messages call this server; left out: nsid" },
    { "types", KEY_TEXTS, IN(server.tap_types), 0, 8, NULL, tap_types, NULL, "which messages; this version has auth" },
    { "sample", KEY_COUNT, IN(server.tap_sample), 1, 1000000, "1", NULL, NULL, "every nth exchange" },
    { "ring", KEY_BYTES, IN(server.tap_ring_bytes), 65536, 1 << 30, "1M", NULL, NULL, "buffer of each worker; what does not fit is dropped and counted" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
const struct key keys_listener[] = {
    { "address", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "ADDRESS@PORT; port 53 when left out" },
    { "transports", KEY_SPECIAL, 0, 0, 0, "[udp, tcp]", NULL, NULL, "udp, tcp or both" },
    { "proxy-from", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "networks whose connections must begin with a PROXY v2 header" },
    { "xdp", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "network interface on which the kernel itself answers what is asked often (UDP; Linux 5.18, a driver with native XDP); see docs/kernel.md" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_server[] = {
    { "listen", KEY_SPECIAL, 0, 0, 0, "[\"127.0.0.1@53\", \"::1@53\"]", NULL, keys_listener, "addresses to serve on: plain texts, or with options" },
    { "workers", KEY_COUNT, IN(server.workers), 1, 256, "auto", NULL, NULL, "threads that answer; auto = one per core; a change needs a restart" },
    { "user", KEY_TEXT, IN(server.user), 1, 32, NULL, NULL, NULL, "who to become after the ports are open" },
    { "state", KEY_PATH, IN(server.state), 1, 4000, "/var/lib/rhizome", NULL, NULL, "folder of what must survive a restart" },
    { "control", KEY_PATH, IN(server.control), 1, 100, "/run/rhizome/control.sock", NULL, NULL, "Unix socket for rhiz" },
    { "metrics", KEY_ENDPOINT, IN(server.metrics), 9153, 0, NULL, NULL, NULL, "ADDRESS@PORT of /metrics (Prometheus text), /health/live and /health/ready" },
    { "metrics-zones", KEY_BOOL, IN(server.metrics_zones), 0, 1, "false", NULL, NULL, "counters per zone in /metrics too, for zones that were asked (at most 1000)" },
    { "nsid", KEY_TEXT, IN(server.nsid), 1, 128, NULL, NULL, NULL, "name of this server: NSID (RFC 5001), id.server and hostname.bind CH TXT" },
    { "version", KEY_TEXT, IN(server.version), 1, 255, NULL, NULL, NULL, "what version.bind CH TXT tells; left out: refused" },
    { "udp-payload", KEY_COUNT, IN(server.udp_payload), 512, 4096, "1232", NULL, NULL, "largest UDP message, octets" },
    { "udp-batch", KEY_COUNT, IN(server.udp_batch), 1, 64, "32", NULL, NULL, "UDP messages per system call" },
    { "udp-receive-buffer", KEY_BYTES, IN(server.udp_receive_buffer), 0, 1 << 30, "4M", NULL, NULL, "queue of each UDP socket in the kernel; 0 = the system's" },
    { "xdp-memory", KEY_BYTES, IN(server.xdp_memory), 1 << 20, (uint64_t)16 << 30, "64M", NULL, NULL, "of answers in the kernel, some 64 to 160 octets each; a change needs a restart" },
    { "freebind", KEY_BOOL, IN(server.freebind), 0, 1, "true", NULL, NULL, "listen on addresses that are not there yet" },
    { "minimal-responses", KEY_BOOL, IN(server.minimal_responses), 0, 1, "true", NULL, NULL, "no additional records but glue" },
    { "round-robin", KEY_BOOL, IN(server.round_robin), 0, 1, "false", NULL, NULL, "rotate the records of an answer" },
    { "follow-zones", KEY_BOOL, IN(server.follow_zones), 0, 1, "false", NULL, NULL, "CNAME chains go on in our other zones" },
    { "any-over-tcp-minimal", KEY_BOOL, IN(server.any_over_tcp_minimal), 0, 1, "false", NULL, NULL, "answer ANY with one RRset over TCP too (RFC 8482)" },
    { "tcp", KEY_MAP, 0, 0, 0, NULL, NULL, keys_tcp, "limits of TCP" },
    { "snapshots", KEY_MAP, 0, 0, 0, NULL, NULL, keys_snapshots, "large zones as files, so that a start need not read their text" },
    { "cookies", KEY_MAP, 0, 0, 0, NULL, NULL, keys_cookies, "DNS cookies" },
    { "dnstap", KEY_MAP, 0, 0, 0, NULL, NULL, keys_dnstap, "a copy of what is asked and answered" },
    { "names-cache", KEY_BYTES, IN(names_cache_bytes), 1 << 20, (uint64_t)64 << 30, "256M", NULL, NULL, "memory for answers from chains; a change needs a restart" },
    { "tls", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "encrypted transports" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};

#undef IN
#define IN(field) offsetof(struct config_chain, field)
static const char *const chain_at[] = { "latest", "safe", "finalized", NULL };
static const char *const chain_check[] = { "single", "quorum", "proof", NULL };
static const char *const ccip_allow[] = { "public", "listed", "none", NULL };
const struct key keys_provider[] = {
    { "name", KEY_TEXT, offsetof(struct config_provider, name), 1, 64, NULL, NULL, NULL, "what logs and `rhiz chain status` call it" },
    { "url", KEY_TEXT, offsetof(struct config_provider, url), 1, 2000, NULL, NULL, NULL, "http://, https:// or unix:/PATH; only its host is ever shown" },
    { "url-file", KEY_PATH, offsetof(struct config_provider, url_file), 1, 4000, NULL, NULL, NULL, "a file that holds the URL, for one with a key in it" },
    { "operator", KEY_TEXT, offsetof(struct config_provider, operator_name), 1, 64, NULL, NULL, NULL, "who runs it: a quorum counts operators; left out: its name" },
    { "rate", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "calls that it is asked at most, as in 50/s" },
    { "batch", KEY_BOOL, offsetof(struct config_provider, batch), 0, 1, "true", NULL, NULL, "it takes JSON-RPC batches; found out when it does not" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_ccip[] = {
    { "allow", KEY_WORD, IN(ccip_allow), 0, 0, "public", ccip_allow, NULL, "off-chain gateways (EIP-3668): all at public addresses, only `hosts`, or none" },
    { "hosts", KEY_TEXTS, IN(ccip_hosts), 0, 1000, NULL, NULL, NULL, "for `listed`: host names, with all below them" },
    { "deny", KEY_TEXTS, IN(ccip_deny), 0, 1000, NULL, NULL, NULL, "host names that are never asked, with all below them" },
    { "timeout", KEY_TIME, IN(ccip_timeout_ms), 100, 60000, "10s", NULL, NULL, "of a lookup, for all its gateways" },
    { "loopback", KEY_BOOL, IN(ccip_loopback), 0, 1, "false", NULL, NULL, "gateways at loopback addresses and without TLS too: for tests alone" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
#define CONTRACT(key, field, help) { key, KEY_CONTRACT, IN(contracts.field), 0, 0, NULL, NULL, NULL, help }
static const struct key keys_contracts[] = {
    CONTRACT("registry", registry, "registry of ENS"),
    CONTRACT("registry-old", registry_old, "the one of 2017 that it falls back to"),
    CONTRACT("universal-resolver", universal_resolver, "Universal Resolver of ENS"),
    CONTRACT("base-registrar", base_registrar, "registrar of eth"),
    CONTRACT("name-wrapper", name_wrapper, "name wrapper"),
    CONTRACT("reverse-registrar", reverse_registrar, "registrar of addr.reverse"),
    CONTRACT("public-resolver", public_resolver, "resolver that new names get"),
    { "controllers", KEY_CONTRACTS, IN(contracts.controllers), 0, 0, NULL, NULL, NULL, "controllers of eth, newest first" },
    { "known-resolvers", KEY_CONTRACTS, IN(contracts.known_resolvers), 0, 0, NULL, NULL, NULL, "resolvers whose code is trusted like that of the public ones" },
    CONTRACT("multicall", multicall, "Multicall3"),
    CONTRACT("uns-reader", uns_reader, "ProxyReader of Unstoppable Domains"),
    CONTRACT("uns-registry", uns_registry, "registry of Unstoppable Domains"),
    CONTRACT("cns-registry", cns_registry, "its older one for crypto"),
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
const struct key keys_chain[] = {
    { "chain-id", KEY_COUNT, IN(chain_id), 1, INT64_MAX, NULL, NULL, NULL, "1 Ethereum, 137 Polygon, 11155111 Sepolia; nodes of another are refused" },
    { "at", KEY_WORD, IN(at), 0, 0, "latest", chain_at, NULL, "which block is read: latest, safe (some minutes old) or finalized (a quarter of an hour)" },
    { "check", KEY_WORD, IN(check), 0, 0, "single", chain_check, NULL, "believe one node, a quorum of operators, or proofs under a header that they agree on; with several operators: quorum" },
    { "quorum", KEY_COUNT, IN(quorum), 0, 32, "0", NULL, NULL, "operators that must give equal octets; 0 = two where there are as many" },
    { "stale-after", KEY_TIME, IN(stale_after_ms), 1000, 86400000, "60s", NULL, NULL, "without a successful poll for so long, what is known is told as stale" },
    { "serve-stale", KEY_TIME, IN(serve_stale_ms), 0, 604800000, "1d", NULL, NULL, "and for so long after that; then SERVFAIL (RFC 8767)" },
    { "block-time", KEY_TIME, IN(block_time_ms), 0, 600000, "0s", NULL, NULL, "of the chain; 0s = known or found out" },
    { "try", KEY_TIME, IN(try_ms), 50, 60000, "1500ms", NULL, NULL, "a node that does not answer in this time counts as failed" },
    { "lookup", KEY_TIME, IN(lookup_ms), 50, 60000, "4s", NULL, NULL, "all tries of a lookup, without gateways" },
    { "ccip", KEY_MAP, 0, 0, 0, NULL, NULL, keys_ccip, "off-chain gateways" },
    { "contracts", KEY_MAP, 0, 0, 0, NULL, NULL, keys_contracts, "addresses of contracts, where they are not those known for the chain" },
    { "providers", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_provider, "its nodes" },
    { "rpc", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "URL of its only node, in place of `providers`" },
    { "ledger", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "an embedded chain" },
    { "confirmations", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "chains like Bitcoin" },
    { "auth-file", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "chains like Bitcoin" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
#undef CONTRACT
#undef IN
#define IN(field) offsetof(struct config_mount, field)
static const char *const mount_system[] = { "ens", "uns", NULL };
static const char *const mount_collision[] = { "dns", "ours", NULL };
static const char *const mount_private[] = { "drop", "allow", NULL };
const struct key keys_mount[] = {
    { "suffix", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "names that it answers for, each with all below it" },
    { "system", KEY_WORD, IN(system), 0, 0, "ens", mount_system, NULL, "ens (Ethereum Name Service) or uns (Unstoppable Domains)" },
    { "chain", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "name of the chain" },
    { "chains", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "for uns: layer 2, then layer 1" },
    { "base", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "what the suffix is in the name system, as eth for eth.example.net; left out: itself" },
    { "allow", KEY_ACL, IN(allow), 0, 0, "[own]", NULL, NULL, "who may have names looked up; others get what is known already, or REFUSED" },
    { "ttl-max", KEY_TIME, IN(ttl_max_ms), 1000, 86400000, "5m", NULL, NULL, "largest TTL told" },
    { "private-addresses", KEY_WORD, IN(private_addresses), 0, 0, "drop", mount_private, NULL, "private, loopback and link-local addresses in answers" },
    { "refuse-expired", KEY_BOOL, IN(refuse_expired), 0, 1, "false", NULL, NULL, "NXDOMAIN for names past their time of grace, which others still resolve" },
    { "gateway", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "addresses for names that have content and no address of their own" },
    { "reverse", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "suffix below which 40 hexadecimal digits of an address have its primary name as PTR" },
    { "name-servers", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "NS of the suffix; left out: localhost" },
    { "collision", KEY_WORD, IN(collision), 0, 0, "dns", mount_collision, NULL, "who answers when the root zone delegates the suffix too" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
#undef IN
#define IN(field) offsetof(struct config, field)
static const struct key keys_log[] = {
    { "level", KEY_WORD, IN(log.level), 0, 0, "info", log_levels, NULL, "how grave a message must be" },
    { "format", KEY_WORD, IN(log.format), 0, 0, "text", log_formats, NULL, "one line each, key=value, or JSON" },
    { "file", KEY_PATH, IN(log.file), 1, 4000, NULL, NULL, NULL, "left out: standard error" },
    { "timestamps", KEY_BOOL, IN(log.timestamps), 0, 1, "true", NULL, NULL, "off where the journal adds its own" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_rrl[] = {
    { "responses-per-second", KEY_COUNT, IN(rrl.responses_per_second), 0, 1000000, "0", NULL, NULL, "alike answers for one client network; 0 = no limit" },
    { "slip", KEY_COUNT, IN(rrl.slip), 0, 100, "2", NULL, NULL, "every nth limited answer goes out truncated; 0 = none" },
    { "prefixes", KEY_PREFIX_LENGTHS, IN(rrl.prefix4), 0, 0, "[24, 56]", NULL, NULL, "a client network, IPv4 and IPv6" },
    { "exempt", KEY_ACL, IN(rrl.exempt), 0, 0, "[loopback]", NULL, NULL, "who is not limited" },
    { "slots", KEY_COUNT, IN(rrl.slots), 1024, 1 << 26, "65536", NULL, NULL, "size of the table" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_limits[] = {
    { "rrl", KEY_MAP, 0, 0, 0, NULL, NULL, keys_rrl, "response rate limiting" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
static const struct key keys_wallet[] = {
    { "keystore", KEY_PATH, IN(wallet.keystore), 1, 4000, NULL, NULL, NULL, "folder of key files; left out: $RHIZ_KEYSTORE, else ~/.local/share/rhizome/keystore" },
    { "password-file", KEY_PATH, IN(wallet.password_file), 1, 4000, NULL, NULL, NULL, "whose first line unlocks them; left out: it is asked for" },
    { "state", KEY_PATH, IN(wallet.state), 1, 4000, NULL, NULL, NULL, "folder of registrations under way; left out: $RHIZ_STATE, else ~/.local/state/rhizome" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
const struct key keys_zone[] = {
    { "name", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "the zone's name (of a template: not allowed)" },
    { "file", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "master file; in a template, %s stands for the zone's name without the final dot" },
    { "template", KEY_SPECIAL, 0, 0, 0, "default", NULL, NULL, "where what is left out comes from" },
    { "class", KEY_SPECIAL, 0, 0, 0, "IN", NULL, NULL, "IN, CH or HS" },
    { "allow-query", KEY_SPECIAL, 0, 0, 0, "[any]", NULL, NULL, "who may ask" },
    { "allow-transfer", KEY_SPECIAL, 0, 0, 0, "[none]", NULL, NULL, "who may have the whole zone (AXFR)" },
    { "notify", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "whom to tell of a new version: ADDRESS@PORT" },
    { "dnssec", KEY_SPECIAL, 0, 0, 0, "off", NULL, NULL, "only off: zones are served as they are in the file, signed or not" },
    { "primary", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "secondary service" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
const struct key keys_view[] = {
    { "name", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "its name in logs and listings" },
    { "clients", KEY_SPECIAL, 0, 0, 0, "[any]", NULL, NULL, "whom it serves; the first view that fits counts" },
    { "zones", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_zone,
      "names of zones, or whole zones that only this view has; left out: all zones" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};
const struct key keys_root[] = {
    { "version", KEY_SPECIAL, 0, 0, 0, "1", NULL, NULL, "of this format" },
    { "include", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "further files, such as conf.d/*.yaml, counted from this file; what is set twice is an error" },
    { "server", KEY_MAP, 0, 0, 0, NULL, NULL, keys_server, "the process" },
    { "log", KEY_MAP, 0, 0, 0, NULL, NULL, keys_log, "what it tells" },
    { "wallet", KEY_MAP, 0, 0, 0, NULL, NULL, keys_wallet, "for `rhiz name` and `rhiz wallet`; the daemon signs nothing and does not look at it" },
    { "acl", KEY_SPECIAL, 0, 0, 0, NULL, NULL, NULL, "named lists of: any, none, loopback, own (loopback and the networks of our interfaces), PREFIX, !PREFIX or another list's name; the longest match decides" },
    { "limits", KEY_MAP, 0, 0, 0, NULL, NULL, keys_limits, "against floods" },
    { "templates", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_zone, "named options of zones; `default` is for those that name none" },
    { "zones", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_zone, "what is served" },
    { "views", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_view, "different zones for different clients; left out: one view of all zones" },
    { "dnssec", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "signing" },
    { "resolver", KEY_LATER, 0, 0, 0, NULL, NULL, NULL, "recursion" },
    { "chains", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_chain, "chains that names are on, by a name for each; a change needs a restart" },
    { "names", KEY_SPECIAL, 0, 0, 0, NULL, NULL, keys_mount, "name systems on chains and the suffixes that they answer for; a change needs a restart" },
    { NULL, KEY_END, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const char *kind_name(const struct key *key)
{
    static const char *const names[] = {
        [KEY_MAP] = "block", [KEY_BOOL] = "true or false", [KEY_COUNT] = "number", [KEY_BYTES] = "size (K M G)",
        [KEY_TIME] = "time (ms s m h d w)", [KEY_WORD] = "word", [KEY_TEXT] = "text", [KEY_PATH] = "path",
        [KEY_PREFIX_LENGTHS] = "two numbers", [KEY_ENDPOINT] = "ADDRESS@PORT", [KEY_TEXTS] = "list of words",
        [KEY_PATHS] = "list of paths", [KEY_ACL] = "list of addresses", [KEY_SPECIAL] = "", [KEY_LATER] = "not in this version",
        [KEY_CONTRACT] = "0x and 40 digits", [KEY_CONTRACTS] = "list of addresses of contracts",
    };
    return names[key->kind] ? names[key->kind] : "";
}

static const char *special_kind(const char *path)
{
    static const struct { const char *path, *kind; } kinds[] = {
        { "version", "1" }, { "include", "path, or list of paths" }, { "acl", "block of lists" }, { "templates", "block of blocks" },
        { "zones", "list of blocks" }, { "views", "list of blocks" }, { "server.listen", "list" }, { "chains", "block of blocks" }, { "names", "list of blocks" },
        { "chains[].providers", "list of blocks" }, { "chains[].providers[].rate", "CALLS/s" }, { "chains[].rpc", "URL" }, { "names[].chain", "name" },
        { "names[].base", "name" }, { "names[].reverse", "name" }, { "names[].suffix", "name, or list of names" },
    };
    for (size_t i = 0; i < LENGTH_OF(kinds); i++) {
        if (strcmp(kinds[i].path, path) == 0)
            return kinds[i].kind;
    }
    const char *last = strrchr(path, '.');
    last = last ? last + 1 : path;
    if (strcmp(last, "name") == 0 || strcmp(last, "template") == 0)
        return "name";
    if (strcmp(last, "file") == 0)
        return "path";
    if (strcmp(last, "class") == 0 || strcmp(last, "dnssec") == 0)
        return "word";
    if (strcmp(last, "xdp") == 0)
        return "name";
    return strcmp(last, "address") == 0 ? "ADDRESS@PORT" : "list";
}

/* Depth-first; `*left` counts down to the row that is wanted. */
static bool find_row(const struct key *keys, const char *prefix, size_t *left, char *path, size_t room, const struct key **out)
{
    for (const struct key *key = keys; key->kind != KEY_END; key++) {
        snprintf(path, room, "%s%s%s", prefix, *prefix ? "." : "", key->name);
        if ((*left)-- == 0) {
            *out = key;
            return true;
        }
        if (!key->keys)
            continue;
        char below[128];
        snprintf(below, sizeof below, "%s%s", path, key->kind == KEY_MAP ? "" : "[]");
        if (strcmp(path, "templates") != 0 && strcmp(path, "views[].zones") != 0 &&      /* they have the keys of zones[] */
            find_row(key->keys, below, left, path, room, out))
            return true;
    }
    return false;
}

static bool row(size_t position, char path[128], const struct key **key)
{
    return find_row(keys_root, "", &position, path, 128, key);
}

bool config_key_next(size_t *position, struct config_key_help *out)
{
    char path[128];
    const struct key *key;
    if (!row(*position, path, &key))
        return false;
    ++*position;
    snprintf(out->path, sizeof out->path, "%s", path);
    out->kind = key->kind == KEY_SPECIAL ? special_kind(path) : kind_name(key);
    out->fallback = key->fallback;
    out->help = key->help;
    out->later = key->kind == KEY_LATER;
    return true;
}
