/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config *must_read(const char *label, const char *text)
{
    struct diagnostics *diag = diagnostics_new(0);
    struct config_source source = { .path = "t.yaml", .text = text, .text_bytes = strlen(text) };
    struct config *config = NULL;
    if (config_read(&source, &config, diag) != OK) {
        diagnostics_print(diag, stderr, false);
        fail_msg("%s", label);
    }
    diagnostics_free(diag);
    return config;
}

/* ---- what is refused, where, and what would be right ---- */

static void refused(void **state)
{
    static const struct { const char *label, *text; uint32_t line, column; const char *says; } cases[] = {
        { "not YAML", "server: [", 2, 1, "flow" },
        { "a tab as indent", "server:\n\tstate: x\n", 2, 1, "tabs" },
        { "a list at the root", "- a\n", 1, 1, "a block of keys is wanted here, not a list" },
        { "an empty file", "", 1, 1, "it is empty" },
        { "nothing but a comment", "# zones: []\n", 1, 1, "it is empty" },
        { "a time without unit", "server: { tcp: { idle: 10 } }\n", 1, 24, "needs a unit: 10s" },
        { "a second document", "version: 1\n---\nversion: 1\n", 2, 1, "second document" },
        { "unknown key", "sever:\n  state: x\n", 1, 1, "did you mean `server`?" },
        { "unknown key, nothing near", "server: { zzzzzzzz: 1 }\n", 1, 11, "here are: listen, workers" },
        { "a key twice", "server:\n  state: a\n  state: b\n", 3, 3, "`state` is here twice" },
        { "wrong version", "version: 2\n", 1, 10, "must be 1" },
        { "not a number", "server: { udp-payload: big }\n", 1, 24, "must be a number" },
        { "too small", "server: { udp-payload: 511 }\n", 1, 24, "from 512 to 4096" },
        { "too large", "server:\n  udp-payload: 4097\n", 2, 16, "from 512 to 4096" },
        { "negative", "server: { udp-batch: -1 }\n", 1, 22, "must be a number" },
        { "not a size", "server: { udp-receive-buffer: 1X }\n", 1, 31, "64K" },
        { "not a time", "server: { tcp: { idle: soon } }\n", 1, 24, "10s" },
        { "not a boolean", "server: { freebind: maybe }\n", 1, 21, "true or false" },
        { "not a word", "log: { level: loud }\n", 1, 15, "error, warning, info, debug" },
        { "a block where a value should be", "server: { state: { a: b } }\n", 1, 18, "not a block of keys" },
        { "a value where a block should be", "server: x\n", 1, 9, "a block of keys is wanted" },
        { "no value", "server:\n  state:\n", 2, 9, "not nothing" },
        { "control path too long for a socket", "server: { control: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa }\n", 1, 20, "1 to 100 octets" },
        { "not an address", "server: { listen: [localhost] }\n", 1, 20, "names are not looked up" },
        { "port with a colon", "server: { listen: [\"192.0.2.1:53\"] }\n", 1, 20, "behind @" },
        { "brackets", "server: { listen: [\"[::1]:53\"] }\n", 1, 20, "behind @" },
        { "no listener", "server: { listen: [] }\n", 1, 19, "1 to 1024" },
        { "listener twice", "server:\n  listen: [\"192.0.2.1@53\", 192.0.2.1]\n", 2, 28, "listed before" },
        { "listener without address", "server: { listen: [{ transports: udp }] }\n", 1, 20, "`address` is missing" },
        { "later transport", "server: { listen: [{ address: 192.0.2.1, transports: [tls] }] }\n", 1, 55, "not in this version" },
        { "unknown transport", "server: { listen: [{ address: 192.0.2.1, transports: [sctp] }] }\n", 1, 55, "udp, tcp" },
        { "xdp without udp", "server: { listen: [{ address: 192.0.2.1, transports: [tcp], xdp: eth0 }] }\n", 1, 20, "needs the transport udp" },
        { "xdp on all addresses", "server: { listen: [{ address: 0.0.0.0, xdp: eth0 }] }\n", 1, 20, "address of its own" },
        { "xdp on all IPv6 addresses", "server: { listen: [{ address: \"::\", xdp: eth0 }] }\n", 1, 20, "address of its own" },
        { "xdp behind a proxy", "server: { listen: [{ address: 192.0.2.1, xdp: eth0, proxy-from: [192.0.2.0/24] }] }\n", 1, 20, "exclude" },
        { "xdp on no interface", "server: { listen: [{ address: 192.0.2.1, xdp: a/b }] }\n", 1, 47, "ip link" },
        { "xdp with all of dnstap", "server: { listen: [{ address: 192.0.2.1, xdp: eth0 }], dnstap: { socket: s } }\n", 1, 47, "sample" },
        { "xdp with cookies only", "server: { listen: [{ address: 192.0.2.1, xdp: eth0 }], cookies: { required: true } }\n", 1, 47, "cookies" },
        { "proxy-from is no network", "server: { listen: [{ address: 192.0.2.1, proxy-from: [x] }] }\n", 1, 55, "no network" },
        { "three cookie files", "server: { cookies: { secret-files: [a, b, c] } }\n", 1, 36, "at most 2" },
        { "dnstap to two places", "server: { dnstap: { socket: a, file: b } }\n", 1, 32, "not both" },
        { "unknown dnstap type", "server: { dnstap: { socket: a, types: [client] } }\n", 1, 40, "takes auth" },
        { "three prefixes", "limits: { rrl: { prefixes: [24, 56, 64] } }\n", 1, 37, "one too many" },
        { "prefix too long", "limits: { rrl: { prefixes: [33, 56] } }\n", 1, 29, "1 to 32" },
        { "host bits", "acl: { a: [192.0.2.1/24] }\n", 1, 12, "write 192.0.2.0/24" },
        { "unknown list", "acl:\n  inside: [10.0.0.0/8]\nzones:\n  - { name: x, file: y, allow-query: [insid] }\n", 4, 39, "did you mean `inside`?" },
        { "key in a list", "acl: { a: [\"key:x\"] }\n", 1, 12, "not in this version" },
        { "list in a circle", "acl:\n  a: [b]\n  b: [a]\n", 2, 3, "contains itself" },
        { "list with a taken name", "acl: { any: [none] }\n", 1, 8, "means something else" },
        { "empty list", "acl: { a: [] }\n", 1, 11, "[any] or [none]" },
        { "zone without name", "zones:\n  - { file: x }\n", 2, 5, "`name` is missing" },
        { "zone without file", "zones:\n  - { name: x }\n", 2, 5, "`file` is missing" },
        { "zone twice", "zones:\n  - { name: x, file: y }\n  - { name: X., file: y }\n", 3, 13, "is here twice" },
        { "bad zone name", "zones: [{ name: a..b, file: y }]\n", 1, 17, "no domain name" },
        { "U-label", "zones: [{ name: b\xc3\xbc" "cher, file: y }]\n", 1, 17, "ASCII form" },
        { "class ANY", "zones: [{ name: a, file: y, class: ANY }]\n", 1, 36, "IN, CH or HS" },
        { "signing", "zones: [{ name: a, file: y, dnssec: std }]\n", 1, 37, "not in this version" },
        { "secondary", "zones: [{ name: a, primary: [192.0.2.1] }]\n", 1, 20, "not in this version" },
        { "notify with a key", "zones: [{ name: a, file: y, notify: [\"192.0.2.1@53 key:k\"] }]\n", 1, 38, "keys are not in this version" },
        { "no such template", "zones: [{ name: a, file: y, template: t }]\n", 1, 39, "no template `t`" },
        { "template with a name", "templates: { t: { name: x } }\n", 1, 19, "has no `name`" },
        { "template file without %s", "templates: { t: { file: x } }\n", 1, 25, "%s once" },
        { "template file with %n", "templates: { t: { file: \"%s%n\" } }\n", 1, 25, "%s once" },
        { "a slash in a pattern's name", "templates: { default: { file: \"%s\" } }\nzones: [\"a/b\"]\n", 2, 9, "part of a path" },
        { "view without name", "views: [{ clients: any }]\n", 1, 9, "`name` is missing" },
        { "view twice", "views: [{ name: a }, { name: a }]\n", 1, 30, "there already" },
        { "view with an unknown zone", "views: [{ name: a, zones: [x] }]\n", 1, 28, "there is no zone x" },
        { "resolver", "resolver: { cache: 1M }\n", 1, 1, "not in this version" },
        { "chain without id", "chains: { e: { rpc: \"http://127.0.0.1:1\" } }\n", 1, 11, "`chain-id` is missing" },
        { "chain without nodes", "chains: { e: { chain-id: 1 } }\n", 1, 11, "no node" },
        { "chain with rpc and providers", "chains: { e: { chain-id: 1, rpc: \"http://a\", providers: [{ url: \"http://b\" }] } }\n", 1, 46, "either `rpc`" },
        { "web socket", "chains: { e: { chain-id: 1, rpc: \"wss://a/key\" } }\n", 1, 34, "web sockets are not in this version" },
        { "quorum over operators", "chains: { e: { chain-id: 1, check: quorum, quorum: 2, providers: [{ name: a, url: \"http://a\", operator: o }, "
          "{ name: b, url: \"http://b\", operator: o }] } }\n", 1, 11, "as many operators" },
        { "provider without url", "chains: { e: { chain-id: 1, providers: [{ name: a }] } }\n", 1, 41, "`url` or a `url-file`" },
        { "rate", "chains: { e: { chain-id: 1, providers: [{ name: a, url: \"http://a\", rate: fast }] } }\n", 1, 75, "50/s" },
        { "contract", "chains: { e: { chain-id: 1, rpc: \"http://a\", contracts: { registry: \"0x12\" } } }\n", 1, 69, "EIP-55" },
        { "contract in wrong case", "chains: { e: { chain-id: 1, rpc: \"http://a\", contracts: { registry: \"0x00000000000c2E074eC69A0dFb2997BA6C7d2e1e\" } } }\n", 1, 69, "EIP-55" },
        { "bitcoin", "chains: { e: { chain-id: 1, rpc: \"http://a\", confirmations: 6 } }\n", 1, 46, "not in this version" },
        { "mount without chain", "names: [{ suffix: eth }]\n", 1, 9, "`chain` is missing" },
        { "mount on an unknown chain", "names: [{ suffix: eth, chain: e }]\n", 1, 31, "there is no chain `e`" },
        { "blockstack", "names: [{ suffix: id, system: blockstack }]\n", 1, 31, "ens, uns" },
        { "mounted twice", "chains: { e: { chain-id: 1, rpc: \"http://a\" } }\nnames: [{ suffix: eth, chain: e }, { suffix: [x, ETH], chain: e }]\n", 2, 36, "mounted already" },
        { "merge key", "server: { <<: { state: x } }\n", 1, 11, "templates" },
        { "alias to nothing", "server: { state: *a }\n", 1, 18, "stands for nothing" },
        { "alias inside of itself", "acl: &a { x: *a }\n", 1, 14, "inside of what it stands for" },
        { "a NUL", "server: { state: \"a\\0b\" }\n", 1, 18, "octet 0" },
        { "not UTF-8", "server: { state: \xff }\n", 1, 18, "UTF-8" },
        { "include from text", "include: x.yaml\n", 1, 10, "not allowed here" },
        { "columns count octets", "# \xc3\xa4\n{ \"\xc3\xa4\": 1, sever: 2 }\n", 2, 12, "`server`" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct diagnostics *diag = diagnostics_new(0);
        struct config_source source = { .path = "t.yaml", .text = cases[i].text, .text_bytes = strlen(cases[i].text), .no_includes = true };
        struct config *config = NULL;
        if (config_read(&source, &config, diag) != E_INVALID)
            fail_msg("%s: was taken", cases[i].label);
        assert_null(config);
        bool found = false;
        for (size_t k = 0; k < diagnostics_kept(diag) && !found; k++) {
            const struct diagnostic *d = diagnostics_get(diag, k);
            found = d->line == cases[i].line && d->column == cases[i].column && strstr(d->text, cases[i].says) && strcmp(d->file, "t.yaml") == 0;
        }
        if (!found) {
            diagnostics_print(diag, stderr, false);
            fail_msg("%s: wanted %u:%u %s", cases[i].label, cases[i].line, cases[i].column, cases[i].says);
        }
        diagnostics_free(diag);
    }
}

static void many_errors_in_one_run(void **state)
{
    (void)state;
    static const char text[] = "server: { udp-payload: 1, udp-batch: 0 }\nlog: { level: x }\nzones:\n  - { name: a }\n  - { file: b }\n";
    struct diagnostics *diag = diagnostics_new(0);
    struct config_source source = { .path = "t.yaml", .text = text, .text_bytes = sizeof text - 1 };
    struct config *config;
    assert_int_equal(config_read(&source, &config, diag), E_INVALID);
    assert_int_equal(diagnostics_count(diag, SEVERITY_ERROR), 5);
    diagnostics_free(diag);
}

/* "Billion laughs": nine levels of ten aliases each. */
static void aliases_are_bounded(void **state)
{
    (void)state;
    struct text text;
    text_growing(&text);
    text_add(&text, "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
    for (int i = 1; i < 10; i++) {
        text_add_format(&text, "x%d: &x%d [", i, i);
        for (int k = 0; k < 10; k++)
            text_add_format(&text, "%s*x%d", k ? ", " : "", i - 1);
        text_add(&text, "]\n");
    }
    struct diagnostics *diag = diagnostics_new(0);
    struct config_source source = { .path = "t.yaml", .text = text.data, .text_bytes = text.length };
    struct config *config;
    assert_int_equal(config_read(&source, &config, diag), E_INVALID);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "too much"));
    diagnostics_free(diag);
    text_clear(&text);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[2 * CONFIG_DEPTH_MAX + 20] = "a: ";
    memset(text + 3, '[', CONFIG_DEPTH_MAX + 1);
    struct diagnostics *diag = diagnostics_new(0);
    struct config_source source = { .path = "t.yaml", .text = text, .text_bytes = strlen(text) };
    struct config *config;
    assert_int_equal(config_read(&source, &config, diag), E_INVALID);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "nested too deeply"));
    diagnostics_free(diag);
}

/* ---- what is taken ---- */

static void defaults(void **state)
{
    (void)state;
    struct config *config = must_read("empty", "version: 1\n");
    const struct config_server *s = &config->server;
    assert_int_equal(s->workers, 0);
    assert_int_equal(s->udp_payload, 1232);         /* DNS flag day 2020 */
    assert_int_equal(s->tcp_idle_ms, 10000);
    assert_int_equal(s->tcp_clients, 10000);
    assert_int_equal(s->tcp_per_network, 100);
    assert_true(s->minimal_responses);
    assert_true(s->cookies);
    assert_null(s->version);
    assert_null(s->nsid);
    assert_false(s->has_metrics);
    assert_string_equal(s->state, "/var/lib/rhizome");
    assert_int_equal(s->listen_count, 2);
    assert_int_equal(s->listen[0].transports, NET_UDP | NET_TCP);
    assert_int_equal(s->listen[0].endpoint.port, 53);
    assert_int_equal(config->rrl.responses_per_second, 0);
    assert_int_equal(config->rrl.prefix4, 24);
    assert_int_equal(config->rrl.prefix6, 56);
    assert_string_equal(config->rrl.exempt.items[0], "loopback");
    assert_int_equal(config->log.level, LOG_LEVEL_INFO);
    config_free(config);
}

static void values(void **state)
{
    (void)state;
    struct config *config = must_read("values",
        "version: 1\n"
        "server:\n"
        "  listen: [\"192.0.2.1@5300\", { address: \"2001:db8::1\", transports: tcp, proxy-from: [10.0.0.0/8] }]\n"
        "  workers: 3\n  nsid: \"\\u00e4\"\n  udp-receive-buffer: 2M\n  tcp: { idle: 1m }\n  round-robin: yes\n  metrics: 127.0.0.1\n"
        "limits: { rrl: { responses-per-second: 20, slip: 0, prefixes: [16, 48], exempt: [home, loopback] } }\n"
        "acl: { home: [192.168.0.0/16, \"!192.168.1.1\", \"::1\"] }\n"
        "templates:\n"
        "  default: { allow-transfer: home, notify: [192.0.2.2], file: \"zones/%s.zone\" }\n"
        "  chaos: { class: CH }\n"
        "zones:\n"
        "  - a.example\n"
        "  - { name: B.example., file: /b.zone, allow-query: none }\n"
        "  - { name: ., template: default }\n"
        "  - { name: a.example, template: chaos, file: c }\n"
        "views:\n"
        "  - { name: inside, clients: home, zones: [a.example, { name: b.example, file: inside-b }] }\n"
        "  - { name: outside }\n");
    char path[256];
    assert_int_equal(config->server.listen[1].endpoint.port, 53);
    assert_int_equal(config->server.listen[1].transports, NET_TCP);
    assert_int_equal(config->server.listen[1].proxy_from_count, 1);
    assert_int_equal(config->server.workers, 3);
    assert_string_equal(config->server.nsid, "\xc3\xa4");
    assert_int_equal(config->server.udp_receive_buffer, 2 << 20);
    assert_int_equal(config->server.tcp_idle_ms, 60000);
    assert_true(config->server.round_robin);
    assert_int_equal(config->server.metrics.port, 9153);
    assert_int_equal(config->rrl.prefix4, 16);
    assert_int_equal(config->zone_count, 5);
    assert_ptr_equal(config->zones[0].options, config_template_find(config, NULL));     /* shared, not copied */
    assert_string_equal(config_zone_file(config, &config->zones[0], path, sizeof path), "zones/a.example.zone");
    assert_string_equal(config_zone_file(config, &config->zones[1], path, sizeof path), "/b.zone");
    assert_string_equal(config_zone_file(config, &config->zones[2], path, sizeof path), "zones/root.zone");
    assert_null(config_zone_file(config, &config->zones[2], path, 5));
    assert_int_equal(config->zones[1].options->notify_count, 1);
    assert_string_equal(config->zones[1].options->allow_query.items[0], "none");
    assert_int_equal(config->zones[3].options->klass, CLASS_CH);
    assert_int_equal(config->zones[4].view, 1);
    assert_int_equal(config->view_count, 2);
    assert_int_equal(config->views[0].zone_count, 3);       /* a.example of IN and CH, and its own b.example */
    assert_true(config->views[1].all);
    struct acl *acl = NULL;
    struct address in, out;
    assert_int_equal(config_acl_build(config, config->rrl.exempt, &acl), OK);
    assert_int_equal(address_parse(slice_string("192.168.7.7"), &in), OK);
    assert_int_equal(address_parse(slice_string("192.168.1.1"), &out), OK);
    assert_true(acl_permits(acl, &in));
    assert_false(acl_permits(acl, &out));
    acl_free(acl);
    config_free(config);
}

/* The page and the reader come from one table: each default that the page names must read back. */
static void table_walk(void **state)
{
    (void)state;
    struct config_key_help row;
    size_t count = 0, later = 0;
    for (size_t at = 0; config_key_next(&at, &row); count++) {
        assert_true(*row.path && *row.kind);
        if (!row.later && !*row.help)
            fail_msg("%s has no help", row.path);
        later += row.later;
    }
    assert_true(count > 60);
    assert_true(later >= 5);
    struct text text;
    text_growing(&text);
    config_manual(&text);
    assert_non_null(strstr(text.data, "server.tcp.idle"));
    assert_non_null(strstr(text.data, "zones[].allow\\-transfer"));
    text_clear(&text);
}

static void shown_reads_back(void **state)
{
    static const char *const texts[] = {
        "version: 1\n", "server: { version: \"quote \\\" back\\\\ \\u20ac \\x01\", metrics: \"::1@9\" }\n",
        "acl: { a: [any] }\ntemplates: { default: { notify: [192.0.2.1, \"::1@54\"], allow-query: a } }\nzones:\n"
        "  - { name: \"a\\\\.b.c\", file: x }\n  - { name: d, file: y, notify: [] }\n  - { name: d, file: y, class: CH }\n"
        "views: [{ name: v, clients: [a], zones: [d, { name: e, file: z }] }, { name: w, zones: [] }]\n",
        "acl: { home: [192.168.0.0/16, own] }\nchains:\n  e: { chain-id: 1, quorum: 2, providers: [{ name: a, url: \"http://127.0.0.1:8545\", operator: us, rate: 50/s }, "
        "{ name: b, url: \"unix:/run/geth.ipc\", batch: false }], ccip: { allow: listed, hosts: [a.example], timeout: 5s }, "
        "contracts: { registry: \"0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e\", controllers: [\"0x253553366Da8546fC250F225fe3d25d0C782303b\"] } }\n"
        "  p: { chain-id: 137, rpc: \"https://a.example\" }\n"
        "names:\n  - { suffix: eth, chain: e, allow: [home], ttl-max: 1m, gateway: [192.0.2.80], reverse: addr.example.net, collision: ours }\n"
        "  - { suffix: eth.example.net, chain: e, base: eth, private-addresses: allow }\n"
        "  - { suffix: [crypto, nft, \"888\"], system: uns, chains: [p, e] }\n",
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct text first, second;
        text_growing(&first);
        text_growing(&second);
        struct config *config = must_read("first", texts[i]);
        config_print(config, &first);
        config_free(config);
        config = must_read("again", first.data);
        config_print(config, &second);
        config_free(config);
        assert_string_equal(first.data, second.data);
        text_clear(&first);
        text_clear(&second);
    }
}

/* What stands behind the host in a node's URL may be a key. */
static void keys_are_hidden(void **state)
{
    (void)state;
    struct text out;
    text_growing(&out);
    struct config *config = must_read("keys", "chains: { e: { chain-id: 1, rpc: \"https://user:hush@a.example:8443/v2/SECRET?k=SECRET\" } }\n");
    config_print(config, &out);
    assert_null(strstr(out.data, "SECRET"));
    assert_null(strstr(out.data, "hush"));
    assert_non_null(strstr(out.data, "\"https://a.example:8443/[hidden]\""));
    config_free(config);
    text_clear(&out);
}

/* What takes effect at the next start only is warned of: so it must be told apart from what does at once. */
static void changed_chains(void **state)
{
#define CHAIN "chains: { e: { chain-id: 1, rpc: \"http://a/%s\" } }\nnames: [{ suffix: eth, chain: e%s }]\n"
    static const struct { const char *label, *acl, *key, *mount; bool same; } rows[] = {
        { "nothing", "[192.0.2.0/24]", "k", ", allow: [home]", true },
        { "the key in a URL", "[192.0.2.0/24]", "l", ", allow: [home]", false },
        { "who may ask", "[192.0.2.0/24]", "k", ", allow: [any]", false },
        { "what that stands for", "[198.51.100.0/24]", "k", ", allow: [home]", false },
        { "how long", "[192.0.2.0/24]", "k", ", allow: [home], ttl-max: 1m", false },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        char before[300], after[300];
        snprintf(before, sizeof before, "acl: { home: [192.0.2.0/24] }\n" CHAIN, "k", ", allow: [home]");
        snprintf(after, sizeof after, "acl: { home: %s }\n" CHAIN, rows[i].acl, rows[i].key, rows[i].mount);
        struct config *a = must_read("before", before), *b = must_read(rows[i].label, after);
        if (config_same_chains(a, b) != rows[i].same)
            fail_msg("%s", rows[i].label);
        config_free(a);
        config_free(b);
    }
#undef CHAIN
}

/* ---- files ---- */

static void put(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static enum status read_file(const char *folder, const char *name, struct config **out, struct diagnostics *diag)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    struct config_source source = { .path = path };
    return config_read(&source, out, diag);
}

static void includes(void **state)
{
    (void)state;
    char folder[] = "/tmp/rhizome-config-XXXXXX", command[400];
    struct config *config = NULL;
    assert_non_null(mkdtemp(folder));
    struct diagnostics *diag = diagnostics_new(0);
    put(folder, "main.yaml", "version: 1\ninclude: [\"*.inc\", one.yml]\nserver: { workers: 2 }\nzones: [{ name: a, file: a }]\n");
    put(folder, "one.yml", "server: { nsid: x }\nzones: [{ name: b, file: b, template: t }]\n");
    put(folder, "x.inc", "templates: { t: {} }\nacl: { l: [any] }\n");
    assert_int_equal(read_file(folder, "main.yaml", &config, diag), OK);
    assert_int_equal(config->zone_count, 2);
    assert_string_equal(config->server.nsid, "x");
    char path[300], want[300];
    snprintf(want, sizeof want, "%s/b", folder);
    assert_string_equal(config_zone_file(config, &config->zones[1], path, sizeof path), want);
    config_free(config);

    put(folder, "one.yml", "server: { workers: 3 }\nacl: { l: [none] }\n");
    assert_int_equal(read_file(folder, "main.yaml", &config, diag), E_INVALID);
    assert_int_equal(diagnostics_count(diag, SEVERITY_ERROR), 2);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "there already, at"));
    assert_non_null(strstr(diagnostics_get(diag, 1)->text, "set already, at"));
    diagnostics_clear(diag);

    put(folder, "patterns.yaml", "version: 1\ninclude: [\"no-such-folder/*.yaml\", \"*.none\", \"main.yaml/*\"]\n");
    assert_int_equal(read_file(folder, "patterns.yaml", &config, diag), OK);
    assert_int_equal(diagnostics_count(diag, SEVERITY_WARNING), 1);     /* no zones */
    config_free(config);
    diagnostics_clear(diag);
    put(folder, "gone.yaml", "include: nothing.yaml\n");
    assert_int_equal(read_file(folder, "gone.yaml", &config, diag), E_INVALID);
    diagnostics_clear(diag);
    assert_int_equal(read_file(folder, "absent.yaml", &config, diag), E_SYSTEM);
    assert_int_equal(diagnostics_count(diag, SEVERITY_ERROR), 1);
    diagnostics_free(diag);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* One error for each way round, at the line that closes it. */
static void circles(void **state)
{
    (void)state;
    char folder[] = "/tmp/rhizome-config-XXXXXX", command[400];
    struct config *config = NULL;
    assert_non_null(mkdtemp(folder));
    struct diagnostics *diag = diagnostics_new(0);
    put(folder, "loop.yaml", "version: 1\ninclude: loop.yaml\n");
    put(folder, "a.yaml", "version: 1\ninclude: b.yml\n");
    put(folder, "b.yml", "include: c.yml\n");
    put(folder, "c.yml", "zones: []\ninclude: \"./a.*\"\n");
    assert_int_equal(read_file(folder, "loop.yaml", &config, diag), E_INVALID);
    assert_int_equal(diagnostics_kept(diag), 1);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "a circle"));
    assert_int_equal(diagnostics_get(diag, 0)->line, 2);
    diagnostics_clear(diag);
    assert_int_equal(read_file(folder, "a.yaml", &config, diag), E_INVALID);
    assert_int_equal(diagnostics_kept(diag), 1);
    assert_non_null(strstr(diagnostics_get(diag, 0)->file, "c.yml"));
    diagnostics_free(diag);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void version_is_missed(void **state)
{
    (void)state;
    struct diagnostics *diag = diagnostics_new(0);
    struct config_source source = { .path = "t.yaml", .text = "zones: [{ name: a, file: a }]\n", .text_bytes = 30 };
    struct config *config = NULL;
    assert_int_equal(config_read(&source, &config, diag), OK);
    assert_int_equal(diagnostics_count(diag, SEVERITY_WARNING), 1);
    assert_non_null(strstr(diagnostics_get(diag, 0)->text, "`version: 1` is missing"));
    config_free(config);
    diagnostics_free(diag);
}

/* ---- long runs of zones on lines of their own ---- */

enum { RUN_LINES = 300 };

/* `%` in a template stands for a run of RUN_LINES items, the second `%` for as many of other names.  With `tail` each line ends in a way
 * that makes it none of a run, so that the parser sees it. */
static char *with_runs(const char *template, const char *bad, bool tail)
{
    struct text text;
    unsigned run = 0;
    text_growing(&text);
    for (const char *c = template; *c; c++) {
        if (*c != '%') {
            text_add_char(&text, *c);
            continue;
        }
        for (unsigned i = 0; i < RUN_LINES; i++) {
            bool odd = bad && run == 0 && i == RUN_LINES / 2;
            text_add_format(&text, i % 2 ? "  - { name: \"%s%u.run%u.\", file: \"z %u.zone\" }%s\n" : "  - { name: %s%u.run%u, file: /z/%u_zone }%s\n",
                            odd ? bad : "n", i, run, i, tail ? " " : "");
        }
        run++;
    }
    assert_false(text.full);
    return text.data;
}

static void read_both(const char *label, const char *template, const char *bad)
{
    char *shown[2] = { NULL, NULL }, *told[2];
    size_t zones[2] = { 0, 0 };
    for (unsigned tail = 0; tail < 2; tail++) {
        char *text = with_runs(template, bad, tail), *stream_text = NULL;
        size_t stream_bytes = 0;
        struct diagnostics *diag = diagnostics_new(0);
        struct config_source source = { .path = "t.yaml", .text = text, .text_bytes = strlen(text) };
        struct config *config = NULL;
        if (config_read(&source, &config, diag) == OK) {
            struct text out;
            text_growing(&out);
            config_print(config, &out);
            shown[tail] = out.data;
            zones[tail] = config->zone_count;
        }
        FILE *stream = open_memstream(&stream_text, &stream_bytes);
        assert_non_null(stream);
        for (size_t i = 0; i < diagnostics_kept(diag); i++) {       /* not the source lines: they differ by the tail */
            const struct diagnostic *d = diagnostics_get(diag, i);
            fprintf(stream, "%u:%u %s\n", d->line, d->column, d->text);
        }
        fclose(stream);
        told[tail] = stream_text;
        config_free(config);
        diagnostics_free(diag);
        mem_free(text);
    }
    if (strcmp(told[0], told[1]) != 0 || (shown[0] == NULL) != (shown[1] == NULL) || (shown[0] && strcmp(shown[0], shown[1]) != 0) ||
        zones[0] != zones[1])
        fail_msg("%s:\n%s%s", label, told[0], told[1]);
    for (unsigned i = 0; i < 2; i++) {
        mem_free(shown[i]);
        free(told[i]);
    }
}

static void runs_of_zones(void **state)
{
    (void)state;
    static const struct { const char *label, *text, *bad; } cases[] = {
        { "a run", "version: 1\nzones:\n%", NULL },
        { "a run and more", "version: 1\nzones:\n%log: { level: info }\n", NULL },
        { "items before and behind", "version: 1\nzones:\n  - { name: a, file: b }\n  - { file: c, name: b }\n%  - name: c\n    file: d\n", NULL },
        { "two runs", "version: 1\nzones:\n%  # a comment\n%", NULL },
        { "two runs, an item between", "version: 1\nzones:\n%  - { name: a, file: b }\n%", NULL },
        { "a name twice", "version: 1\nzones:\n%  - { name: n7.run0., file: b }\n", NULL },
        { "a bad name", "version: 1\nzones:\n%", "a..b" },
        { "no name", "version: 1\nzones:\n%", "x.-_" },
        { "text in a block", "version: 1\nserver:\n  nsid: |\n%zones: []\n", NULL },
        { "text in quotes", "version: 1\nserver:\n  nsid: \"\n%\"\n", NULL },
        { "an error behind", "version: 1\nzones:\n%  - [\n", NULL },
        { "an unknown key behind", "version: 1\nzones:\n%nothing: 1\n", NULL },
        { "in a template", "version: 1\ntemplates:\n%", NULL },
        { "a key where a list is", "version: 1\nzones:\n%  a: b\n", NULL },
        { "at the root", "%", NULL },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++)
        read_both(cases[i].label, cases[i].text, cases[i].bad);
    char *text = with_runs("version: 1\nzones:\n%", NULL, false);
    struct config *config = must_read("a run", text);
    assert_int_equal(config->zone_count, RUN_LINES);
    assert_string_equal(config->zones[1].file, "z 1.zone");
    assert_string_equal(config->zones[2].file, "/z/2_zone");
    config_free(config);
    mem_free(text);
}

/* Each allocation fails once: no crash, no leak, never half a configuration. */
static void no_memory(void **state)
{
    static const char text[] = "acl: { a: [any] }\ntemplates: { t: { allow-query: a } }\nzones: [{ name: x, file: y, template: t }]\nviews: [{ name: v, zones: [x] }]\n";
    struct config_source source = { .path = "t.yaml", .text = text, .text_bytes = sizeof text - 1 };
    (void)state;
    for (uint64_t n = 1; n < 5000; n++) {
        struct config *config = NULL;
        struct diagnostics *diag = diagnostics_new(10);
        fault_after(n);
        enum status st = config_read(&source, &config, diag);
        fault_after(0);
        if (st == OK) {
            config_free(config);
            diagnostics_free(diag);
            if (n > 5)
                return;
            continue;
        }
        assert_null(config);
        diagnostics_free(diag);
    }
    fail_msg("never succeeded");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_hidden), cmocka_unit_test(changed_chains), cmocka_unit_test(refused), cmocka_unit_test(many_errors_in_one_run), cmocka_unit_test(aliases_are_bounded),
        cmocka_unit_test(depth_is_bounded), cmocka_unit_test(defaults), cmocka_unit_test(values), cmocka_unit_test(table_walk),
        cmocka_unit_test(shown_reads_back), cmocka_unit_test(includes), cmocka_unit_test(circles),
        cmocka_unit_test(version_is_missed), cmocka_unit_test(runs_of_zones), cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
