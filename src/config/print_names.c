/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and mounts as YAML.  Of a node's URL only the host is shown: what follows may be a key. */
#include "config/inside.h"

#include <string.h>

static void print_url(struct text *out, const char *url)
{
    const char *host = strstr(url, "://"), *end;
    if (!host) {                    /* unix:/PATH */
        print_quoted(out, url);
        return;
    }
    host += 3;
    end = host + strcspn(host, "/?#");
    const char *user = memchr(host, '@', (size_t)(end - host));
    text_add_char(out, '"');
    text_add_bytes(out, url, (size_t)(host - url));
    host = user ? user + 1 : host;
    for (; host < end; host++)
        if (*host > 0x20 && *host < 0x7f && *host != '"' && *host != '\\')
            text_add_char(out, *host);
    text_add(out, *end && strcmp(end, "/") != 0 ? "/[hidden]\"" : "\"");
}

static void print_provider(struct text *out, const struct config_provider *provider)
{
    text_add(out, "      - { name: ");
    print_quoted(out, provider->name);
    text_add(out, provider->url ? ", url: " : ", url-file: ");
    if (provider->url)
        print_url(out, provider->url);
    else
        print_quoted(out, provider->url_file);
    if (provider->operator_name) {
        text_add(out, ", operator: ");
        print_quoted(out, provider->operator_name);
    }
    if (provider->rate > 0)
        text_add_format(out, ", rate: \"%g/h\"", provider->rate * 3600);
    text_add(out, provider->batch ? ", batch: true }\n" : ", batch: false }\n");
}

void print_chains(struct text *out, const struct config *config)
{
    text_add(out, config->chain_count ? "chains:\n" : "");
    for (size_t i = 0; i < config->chain_count; i++) {
        const struct config_chain *chain = &config->chains[i];
        text_add(out, "  ");
        print_quoted(out, chain->name);
        text_add(out, ":\n");
        print_table(out, keys_chain, chain, 4);
        text_add(out, "    providers:\n");
        for (size_t k = 0; k < chain->provider_count; k++)
            print_provider(out, &chain->providers[k]);
    }
}

static void print_names(struct text *out, const char *key, const uint8_t *const *names, size_t count)
{
    char text[NAME_TEXT_ROOM];
    text_add_format(out, "    %s: [", key);
    for (size_t i = 0; i < count; i++) {
        text_add(out, i ? ", " : "");
        print_quoted(out, name_to_text(name_view_wire(names[i]), text));
    }
    text_add(out, "]\n");
}

static void print_mount(struct text *out, const struct config *config, const struct config_mount *mount)
{
    char text[ADDRESS_TEXT_ROOM], name[NAME_TEXT_ROOM];
    text_add(out, "  -\n");
    print_names(out, "suffix", mount->suffixes, mount->suffix_count);
    print_table(out, keys_mount, mount, 4);
    text_add(out, "    chains: [");
    for (size_t i = 0; i < mount->chain_count; i++) {
        text_add(out, i ? ", " : "");
        print_quoted(out, config->chains[mount->chains[i]].name);
    }
    text_add(out, "]\n");
    if (mount->base)
        text_add_format(out, "    base: \"%s\"\n", name_to_text(name_view_wire(mount->base), name));
    if (mount->reverse)
        text_add_format(out, "    reverse: \"%s\"\n", name_to_text(name_view_wire(mount->reverse), name));
    if (mount->server_count)
        print_names(out, "name-servers", mount->servers, mount->server_count);
    if (mount->gateway_count == 0)
        return;
    text_add(out, "    gateway: [");
    for (size_t i = 0; i < mount->gateway_count; i++)
        text_add_format(out, "%s\"%s\"", i ? ", " : "", address_print(&mount->gateways[i], text));
    text_add(out, "]\n");
}

void print_mounts(struct text *out, const struct config *config)
{
    text_add(out, config->mount_count ? "names:\n" : "");
    for (size_t i = 0; i < config->mount_count; i++)
        print_mount(out, config, &config->mounts[i]);
}

/* By what they would print, and the URLs, which do not show whole there. */
static bool same_text(const char *x, const char *y) { return x == y || (x && y && strcmp(x, y) == 0); }

static bool same_list(struct config_list a, struct config_list b)
{
    bool same = a.count == b.count;
    for (size_t i = 0; i < a.count && same; i++)
        same = same_text(a.items[i], b.items[i]);
    return same;
}

/* What names of lists in `allow` stand for; all of them, where a mount has one. */
static bool same_acls(const struct config *a, const struct config *b)
{
    bool used = false, same = a->acl_count == b->acl_count;
    for (size_t i = 0; i < a->mount_count; i++)
        used |= a->mounts[i].allow.count > 0;
    for (size_t i = 0; i < a->acl_count && same; i++)
        same = same_text(a->acls[i].name, b->acls[i].name) && same_list(a->acls[i].entries, b->acls[i].entries);
    return same || !used;
}

bool config_same_chains(const struct config *a, const struct config *b)
{
    struct text first, second;
    text_growing(&first);
    text_growing(&second);
    print_chains(&first, a);
    print_mounts(&first, a);
    print_chains(&second, b);
    print_mounts(&second, b);
    bool same = same_acls(a, b) && !first.full && !second.full && first.length == second.length && (first.length == 0 || memcmp(first.data, second.data, first.length) == 0);
    for (size_t i = 0; same && i < a->chain_count; i++) {
        for (size_t k = 0; same && k < a->chains[i].provider_count; k++) {
            same = same_text(a->chains[i].providers[k].url, b->chains[i].providers[k].url);
        }
    }
    text_clear(&first);
    text_clear(&second);
    return same;
}
