/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to what the rooms below take. */
#include "daemon/inside.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

unsigned workers_wanted(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned wanted = config->server.workers ? (unsigned)config->server.workers : cores > 0 ? (unsigned)cores : 1;
    return wanted > 256 ? 256 : wanted;
}

/* ---- net ---- */

/* Loopback has no budget: local tools and tests are not what it is against. */
static bool connection_take(void *budget, const struct address *peer) { return address_is_loopback(peer) || budget_take(budget, peer); }

static void connection_give(void *budget, const struct address *peer)
{
    if (!address_is_loopback(peer))
        budget_give(budget, peer);
}

enum status net_options_make(const struct house *house, const struct config *config, struct net_options *out, struct net_listener **listeners)
{
    const struct config_server *server = &config->server;
    struct net_options options = net_defaults();
    struct net_listener *list = mem_alloc(server->listen_count * sizeof *list);
    if (!list)
        return E_NOMEM;
    for (size_t i = 0; i < server->listen_count; i++) {
        const struct config_listener *from = &server->listen[i];
        list[i] = (struct net_listener){ .endpoint = from->endpoint, .transports = from->transports, .proxy_from = from->proxy_from,
                                         .proxy_from_count = from->proxy_from_count };
    }
    options.listeners = list;
    options.listener_count = server->listen_count;
    options.workers = house->workers;
    options.udp_batch = (unsigned)server->udp_batch;
    options.udp_receive_buffer = (uint32_t)server->udp_receive_buffer;
    options.tcp_clients = (uint32_t)server->tcp_clients;
    options.tcp_idle_ms = (uint32_t)server->tcp_idle_ms;
    options.tcp_write_ms = (uint32_t)server->tcp_write_ms;
    options.tcp_pipeline = (uint32_t)server->tcp_pipeline;
    options.freebind = server->freebind;
    options.connection_take = connection_take;
    options.connection_give = connection_give;
    options.connection_context = house->budget;
    *out = options;
    *listeners = list;
    return OK;
}

/* ---- log ---- */

enum status log_apply(const struct config *config)
{
    char path[PATH_MAX];
    struct log_options options = { .level = (enum log_level)config->log.level, .json = config->log.format == 1, .timestamps = config->log.timestamps };
    if (config->log.file)
        options.file = config_path(config, config->log.file, path, sizeof path);
    return log_open(&options);
}

/* ---- what is the same as before stays: rate limits keep their accounts, dnstap its connection ---- */

static bool same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

static bool same_list(struct config_list a, struct config_list b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++) {
        if (strcmp(a.items[i], b.items[i]) != 0)
            return false;
    }
    return true;
}

static bool same_acls(const struct config *a, const struct config *b)
{
    if (a->acl_count != b->acl_count)
        return false;
    for (size_t i = 0; i < a->acl_count; i++) {
        if (strcmp(a->acls[i].name, b->acls[i].name) != 0 || !same_list(a->acls[i].entries, b->acls[i].entries))
            return false;
    }
    return true;
}

static bool same_rrl(const struct config *a, const struct config *b)
{
    return a->rrl.responses_per_second == b->rrl.responses_per_second && a->rrl.slip == b->rrl.slip && a->rrl.prefix4 == b->rrl.prefix4 &&
           a->rrl.prefix6 == b->rrl.prefix6 && a->rrl.slots == b->rrl.slots && same_list(a->rrl.exempt, b->rrl.exempt) && same_acls(a, b);
}

static bool same_tap(const struct config_server *a, const struct config_server *b)
{
    return same_text(a->tap_socket, b->tap_socket) && same_text(a->tap_file, b->tap_file) && same_text(a->tap_identity, b->tap_identity) &&
           same_text(a->nsid, b->nsid) && a->tap_sample == b->tap_sample && a->tap_ring_bytes == b->tap_ring_bytes;
}

static enum status make_rrl(const struct house *house, const struct config *config, struct parts *parts)
{
    if (house->config && same_rrl(house->config, config) && house->serve && atomic_load(&house->generation)) {
        parts->rrl = house->rrl;
        parts->rrl_exempt = house->rrl_exempt;
        return OK;
    }
    parts->new_rrl = true;
    if (config->rrl.responses_per_second == 0)
        return OK;
    enum status st = config_acl_build(config, config->rrl.exempt, &parts->rrl_exempt);
    if (st != OK)
        return st;
    struct rrl_options options = rrl_defaults();
    options.responses_per_second = (uint32_t)config->rrl.responses_per_second;
    options.slip = (uint32_t)config->rrl.slip;
    options.prefix4 = (uint8_t)config->rrl.prefix4;
    options.prefix6 = (uint8_t)config->rrl.prefix6;
    options.exempt = parts->rrl_exempt;
    options.table_slots = (uint32_t)config->rrl.slots;
    parts->rrl = rrl_new(&options);
    return parts->rrl ? OK : E_NOMEM;
}

static enum status make_tap(const struct house *house, const struct config *config, struct parts *parts, struct diagnostics *diag)
{
    const struct config_server *server = &config->server;
    char path[PATH_MAX];
    if (house->config && atomic_load(&house->generation) && same_tap(&house->config->server, server)) {
        parts->tap = house->tap;
        return OK;
    }
    parts->new_tap = true;
    const char *target = server->tap_socket ? server->tap_socket : server->tap_file;
    if (!target)
        return OK;
    target = config_path(config, target, path, sizeof path);
    struct tap_options options = {
        .socket = server->tap_socket ? target : NULL, .file = server->tap_socket ? NULL : target,
        .identity = server->tap_identity ? server->tap_identity : server->nsid, .version = "rhizome " RHIZ_VERSION,
        .sample = (uint32_t)server->tap_sample, .ring_bytes = (uint32_t)server->tap_ring_bytes, .workers = house->workers,
    };
    return tap_open(&options, &parts->tap, diag);
}

enum status secrets_read(const struct config *config, struct cookie_secrets *out, struct diagnostics *diag)
{
    char paths[COOKIE_SECRETS][PATH_MAX];
    const char *files[COOKIE_SECRETS];
    size_t count = config->server.cookie_files.count;
    if (count == 0) {
        cookie_secrets_random(out);
        return OK;
    }
    for (size_t i = 0; i < count && i < COOKIE_SECRETS; i++)
        files[i] = config_path(config, config->server.cookie_files.items[i], paths[i], sizeof paths[i]);
    return cookie_secrets_read(files, count, out, diag);
}

static enum status copy_text(const char *text, char **out)
{
    *out = text ? mem_string(text) : NULL;
    return text && !*out ? E_NOMEM : OK;
}

static enum status fill_setup(const struct house *house, const struct config *config, struct parts *parts, struct diagnostics *diag)
{
    const struct config_server *server = &config->server;
    struct serve_setup *setup = parts->setup;
    setup->udp_payload = (uint16_t)server->udp_payload;
    setup->answer.minimal = server->minimal_responses;
    setup->answer.minimal_any_tcp = server->any_over_tcp_minimal;
    setup->answer.round_robin = server->round_robin;
    setup->answer.follow_zones = server->follow_zones;
    setup->cookies = server->cookies;
    setup->cookies_required_udp = server->cookies_required;
    setup->rrl = parts->rrl;
    setup->tap = parts->tap;
    enum status st = copy_text(server->nsid, &setup->nsid);
    setup->nsid_bytes = setup->nsid ? strlen(setup->nsid) : 0;
    if (st == OK)
        st = copy_text(server->version, &setup->version);
    if (st != OK)
        return st;
    /* A random secret is kept for the life of the process, or each reload would spoil all cookies. */
    if (house->config && server->cookie_files.count == 0 && house->secrets.count) {
        setup->secrets = house->secrets;
        return OK;
    }
    return secrets_read(config, &setup->secrets, diag);
}

enum status parts_make(const struct house *house, const struct config *config, struct parts *out, struct diagnostics *diag)
{
    struct parts parts = { .setup = serve_setup_new() };
    enum status st = parts.setup ? make_rrl(house, config, &parts) : E_NOMEM;
    if (st == OK)
        st = make_tap(house, config, &parts, diag);
    if (st == OK)
        st = fill_setup(house, config, &parts, diag);
    if (st == OK)
        st = keeper_views(config, &parts.setup->views, &parts.setup->view_count);
    if (st != OK) {
        parts_clear(&parts);
        return st;
    }
    *out = parts;
    return OK;
}

void parts_clear(struct parts *parts)
{
    serve_setup_free(parts->setup);
    if (parts->new_rrl) {
        rrl_free(parts->rrl);
        acl_free(parts->rrl_exempt);
    }
    if (parts->new_tap && parts->tap)
        tap_close(parts->tap);
}
