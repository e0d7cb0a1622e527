/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force as YAML.  Everything is said, defaults too, so that it reads back to an equal one. */
#include "config/inside.h"

#include <inttypes.h>
#include <string.h>

/* Double quotes, with escapes for all that is not printable ASCII (YAML 1.1 section 5.5). */
void print_quoted(struct text *out, const char *string)
{
    text_add_char(out, '"');
    for (const uint8_t *c = (const uint8_t *)string; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_add_format(out, "\\%c", *c);
        else if (*c >= 0x20 && *c < 0x7f)
            text_add_char(out, (char)*c);
        else if (*c < 0x80)
            text_add_format(out, "\\x%02X", *c);
        else {
            /* libyaml gave us valid UTF-8. */
            unsigned more = *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : 1;
            uint32_t code = *c & (0x3fu >> more);
            for (; more && (c[1] & 0xc0) == 0x80; more--)
                code = code << 6 | (*++c & 0x3fu);
            text_add_format(out, "\\U%08X", code);
        }
    }
    text_add_char(out, '"');
}

void print_quoted_list(struct text *out, struct config_list list)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < list.count; i++) {
        text_add(out, i ? ", " : "");
        print_quoted(out, list.items[i]);
    }
    text_add_char(out, ']');
}

static void print_endpoint(struct text *out, const struct endpoint *endpoint)
{
    char text[ENDPOINT_TEXT_ROOM];
    text_add_format(out, "\"%s\"", endpoint_print(endpoint, text));
}

/* ---- what the table describes ---- */

static bool is_set(const struct key *key, const void *base)
{
    static const struct config_contract zero;
    const char *at = (const char *)base + key->offset;
    switch (key->kind) {
    case KEY_MAP: return true;
    case KEY_TEXT:
    case KEY_PATH: return *(const char *const *)(const void *)at != NULL;
    case KEY_TEXTS:
    case KEY_PATHS:
    case KEY_ACL: return ((const struct config_list *)(const void *)at)->count > 0;
    case KEY_ENDPOINT: return ((const struct config *)base)->server.has_metrics;      /* the one there is */
    case KEY_CONTRACT: return memcmp(at, &zero, sizeof zero) != 0;
    case KEY_CONTRACTS: return ((const struct config_contract_list *)(const void *)at)->count > 0;
    default: return key->kind != KEY_SPECIAL && key->kind != KEY_LATER;
    }
}

static void print_number(struct text *out, const struct key *key, uint64_t number)
{
    if (key->kind == KEY_TIME)
        text_add_format(out, "%" PRIu64 "%s", number % 1000 ? number : number / 1000, number % 1000 ? "ms" : "s");
    else if (number == 0 && key->fallback && strcmp(key->fallback, "auto") == 0)
        text_add(out, "auto");
    else
        text_add_u64(out, number);
}

static void print_contract(struct text *out, const struct config_contract *contract)
{
    text_add(out, "\"0x");
    text_add_hex(out, contract->octets, sizeof contract->octets, false);
    text_add_char(out, '"');
}

static void print_contracts(struct text *out, const struct config_contract_list *list)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        text_add(out, i ? ", " : "");
        print_contract(out, &list->items[i]);
    }
    text_add_char(out, ']');
}

static void print_value(struct text *out, const struct key *key, const void *base)
{
    const char *at = (const char *)base + key->offset;
    const uint64_t *numbers = (const uint64_t *)(const void *)at;
    switch (key->kind) {
    case KEY_BOOL: text_add(out, *(const bool *)at ? "true" : "false"); break;
    case KEY_COUNT:
    case KEY_BYTES:
    case KEY_TIME: print_number(out, key, *numbers); break;
    case KEY_WORD: text_add(out, key->words[*numbers]); break;
    case KEY_TEXT:
    case KEY_PATH: print_quoted(out, *(const char *const *)(const void *)at); break;
    case KEY_PREFIX_LENGTHS: text_add_format(out, "[%" PRIu64 ", %" PRIu64 "]", numbers[0], numbers[1]); break;
    case KEY_TEXTS:
    case KEY_PATHS:
    case KEY_ACL: print_quoted_list(out, *(const struct config_list *)(const void *)at); break;
    case KEY_ENDPOINT: print_endpoint(out, (const struct endpoint *)(const void *)at); break;
    case KEY_CONTRACT: print_contract(out, (const struct config_contract *)(const void *)at); break;
    case KEY_CONTRACTS: print_contracts(out, (const struct config_contract_list *)(const void *)at); break;
    default: break;
    }
}

static void print_listen(struct text *out, const struct config *config, unsigned indent)
{
    text_add_format(out, "%*slisten:\n", (int)indent, "");
    for (size_t i = 0; i < config->server.listen_count; i++) {
        const struct config_listener *listener = &config->server.listen[i];
        text_add_format(out, "%*s- { address: ", (int)indent + 2, "");
        print_endpoint(out, &listener->endpoint);
        text_add_format(out, ", transports: [%s%s%s]", listener->transports & NET_UDP ? "udp" : "",
                        listener->transports == (NET_UDP | NET_TCP) ? ", " : "", listener->transports & NET_TCP ? "tcp" : "");
        for (size_t k = 0; k < listener->proxy_from_count; k++) {
            char text[ADDRESS_TEXT_ROOM];
            text_add(out, k ? ", " : ", proxy-from: [");
            text_add_format(out, "\"%s/%u\"", address_print(&listener->proxy_from[k].address, text), listener->proxy_from[k].bits);
        }
        text_add(out, listener->proxy_from_count ? "]" : "");
        if (listener->xdp)
            text_add_format(out, ", xdp: \"%s\"", listener->xdp);
        text_add(out, " }\n");
    }
}

void print_table(struct text *out, const struct key *keys, const void *base, unsigned indent)
{
    for (const struct key *key = keys; key->kind != KEY_END; key++) {
        if (key->kind == KEY_SPECIAL && key->keys == keys_listener)
            print_listen(out, base, indent);
        if (!is_set(key, base))
            continue;
        text_add_format(out, "%*s%s:", (int)indent, "", key->name);
        text_add_char(out, key->kind == KEY_MAP ? '\n' : ' ');
        if (key->kind == KEY_MAP) {
            print_table(out, key->keys, base, indent + 2);
        } else {
            print_value(out, key, base);
            text_add_char(out, '\n');
        }
    }
}

/* ---- lists ---- */

static void print_acl_key(struct text *out, const char *name, struct config_list list, const char *otherwise)
{
    text_add_format(out, ", %s: ", name);
    if (list.count)
        print_quoted_list(out, list);
    else
        text_add(out, otherwise);
}

static void print_options(struct text *out, const struct config_zone_options *options)
{
    char klass[CODE_TEXT_ROOM];
    text_add_format(out, "class: %s", class_to_text(options->klass, klass));
    print_acl_key(out, "allow-query", options->allow_query, "[\"any\"]");
    print_acl_key(out, "allow-transfer", options->allow_transfer, "[\"none\"]");
    text_add(out, ", notify: [");
    for (size_t i = 0; i < options->notify_count; i++) {
        text_add(out, i ? ", " : "");
        print_endpoint(out, &options->notify[i]);
    }
    text_add_char(out, ']');
}

static void print_zone(struct text *out, const struct config *config, const struct config_zone *zone)
{
    char name[NAME_TEXT_ROOM], path[8192];
    const struct config bare = { .folder = "" };
    text_add(out, "{ name: ");
    print_quoted(out, name_to_text(name_view_wire(zone->name), name));
    text_add(out, ", file: ");
    const char *file = config_zone_file(&bare, zone, path, sizeof path);
    print_quoted(out, file ? file : "");
    if (zone->options != config_template_find(config, NULL)) {
        text_add(out, ", ");
        print_options(out, zone->options);
    }
    text_add(out, " }");
}

static void print_views(struct text *out, const struct config *config)
{
    text_add(out, config->view_count ? "views:\n" : "");
    for (size_t i = 0; i < config->view_count; i++) {
        const struct config_view *view = &config->views[i];
        text_add(out, "  - name: ");
        print_quoted(out, view->name);
        text_add(out, "\n    clients: ");
        if (view->clients.count)
            print_quoted_list(out, view->clients);
        else
            text_add(out, "[\"any\"]");
        text_add(out, view->all ? "\n" : view->zone_count ? "\n    zones:\n" : "\n    zones: []\n");
        for (size_t k = 0; k < view->zone_count; k++) {
            const struct config_zone *zone = &config->zones[view->zones[k]];
            char name[NAME_TEXT_ROOM];
            /* A name stands for the zone in every class. */
            if (!zone->view && k && !config->zones[view->zones[k - 1]].view &&
                name_equal(name_view_wire(zone->name), name_view_wire(config->zones[view->zones[k - 1]].name)))
                continue;
            text_add(out, "      - ");
            if (zone->view)
                print_zone(out, config, zone);
            else
                print_quoted(out, name_to_text(name_view_wire(zone->name), name));
            text_add_char(out, '\n');
        }
    }
}

static void print_acls(struct text *out, const struct config *config)
{
    text_add(out, config->acl_count ? "acl:\n" : "");
    for (size_t i = 0; i < config->acl_count; i++) {
        text_add(out, "  ");
        print_quoted(out, config->acls[i].name);
        text_add(out, ": ");
        print_quoted_list(out, config->acls[i].entries);
        text_add_char(out, '\n');
    }
}

static void print_templates(struct text *out, const struct config *config)
{
    text_add(out, config->template_count ? "templates:\n" : "");
    for (size_t i = 0; i < config->template_count; i++) {
        text_add(out, "  ");
        print_quoted(out, config->templates[i].name);
        text_add(out, ": { ");
        print_options(out, config->templates[i].options);
        if (config->templates[i].options->file) {
            text_add(out, ", file: ");
            print_quoted(out, config->templates[i].options->file);
        }
        text_add(out, " }\n");
    }
}

void config_print(const struct config *config, struct text *out)
{
    text_add(out, "version: 1\n");
    print_table(out, keys_root, config, 0);
    print_acls(out, config);
    print_templates(out, config);
    size_t own = 0;
    for (size_t i = 0; i < config->zone_count; i++)
        own += config->zones[i].view == 0;
    text_add(out, own ? "zones:\n" : "zones: []\n");
    for (size_t i = 0; i < config->zone_count; i++) {
        if (config->zones[i].view)
            continue;
        text_add(out, "  - ");
        print_zone(out, config, &config->zones[i]);
        text_add_char(out, '\n');
    }
    print_views(out, config);
    print_chains(out, config);
    print_mounts(out, config);
}
