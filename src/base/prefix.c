/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prefix.h"
#include "base/arena.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

static const uint8_t mapped_start[12] = { [10] = 0xff, [11] = 0xff }; /* ::ffff:0:0/96, RFC 4291 2.5.5.2 */

static struct address from_v6(const uint8_t bytes[16])
{
    struct address address = { .family = 6 };
    if (memcmp(bytes, mapped_start, sizeof mapped_start) == 0) {
        address.family = 4;
        memcpy(address.bytes, bytes + 12, 4);
    } else {
        memcpy(address.bytes, bytes, 16);
    }
    return address;
}

enum status address_parse(struct slice text, struct address *out)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (text.length == 0 || text.length >= sizeof copy || memchr(text.data, 0, text.length))
        return E_BAD_TEXT;
    memcpy(copy, text.data, text.length);
    copy[text.length] = 0;
    if (inet_pton(AF_INET, copy, bytes) == 1) {
        *out = (struct address){ .family = 4 };
        memcpy(out->bytes, bytes, 4);
        return OK;
    }
    if (inet_pton(AF_INET6, copy, bytes) != 1)
        return E_BAD_TEXT;
    *out = from_v6(bytes);
    return OK;
}

/* A scope is a number or the name of an interface (RFC 4007 11). */
static enum status scope_parse(struct slice text, uint32_t *out)
{
    uint64_t number;
    char name[IF_NAMESIZE];
    if (text_read_u64(text, UINT32_MAX, &number) == OK) {
        *out = (uint32_t)number;
        return OK;
    }
    if (text.length == 0 || text.length >= sizeof name)
        return E_BAD_TEXT;
    memcpy(name, text.data, text.length);
    name[text.length] = 0;
    unsigned index = if_nametoindex(name);
    if (index == 0)
        return E_NOT_FOUND;
    *out = index;
    return OK;
}

enum status endpoint_parse(struct slice text, uint16_t default_port, struct endpoint *out)
{
    struct endpoint endpoint = { .port = default_port };
    const char *at = text.length ? memchr(text.data, '@', text.length) : NULL;
    if (at) {
        uint64_t port;
        size_t behind = (size_t)(at + 1 - text.data);
        enum status status = text_read_u64(slice_of(at + 1, text.length - behind), UINT16_MAX, &port);
        if (status != OK)
            return status;
        if (port == 0)
            return E_RANGE;
        endpoint.port = (uint16_t)port;
        text.length = behind - 1;
    }
    const char *percent = text.length ? memchr(text.data, '%', text.length) : NULL;
    if (percent) {
        size_t behind = (size_t)(percent + 1 - text.data);
        enum status status = scope_parse(slice_of(percent + 1, text.length - behind), &endpoint.scope);
        if (status != OK)
            return status;
        text.length = behind - 1;
    }
    enum status status = address_parse(text, &endpoint.address);
    if (status != OK)
        return status;
    if (percent && endpoint.address.family != 6)
        return E_BAD_TEXT;
    *out = endpoint;
    return OK;
}

char *address_print(const struct address *address, char out[ADDRESS_TEXT_ROOM])
{
    int family = address->family == 4 ? AF_INET : AF_INET6;
    if (address->family == 0 || !inet_ntop(family, address->bytes, out, ADDRESS_TEXT_ROOM))
        memcpy(out, "none", 5);
    return out;
}

char *endpoint_print(const struct endpoint *endpoint, char out[ENDPOINT_TEXT_ROOM])
{
    struct text text;
    char address[ADDRESS_TEXT_ROOM];
    text_fixed(&text, out, ENDPOINT_TEXT_ROOM);
    text_add(&text, address_print(&endpoint->address, address));
    if (endpoint->scope)
        text_add_format(&text, "%%%u", endpoint->scope);
    text_add_format(&text, "@%u", endpoint->port);
    return out;
}

static unsigned width(const struct address *address) { return address->family == 4 ? 32 : 128; }

bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, width(a) / 8) == 0;
}

bool address_is_loopback(const struct address *address)
{
    static const uint8_t loopback6[16] = { [15] = 1 };
    if (address->family == 4)
        return address->bytes[0] == 127;
    return address->family == 6 && memcmp(address->bytes, loopback6, 16) == 0;
}

enum status endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *out)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        *out = (struct endpoint){ .address.family = 4, .port = ntohs(in.sin_port) };
        memcpy(out->address.bytes, &in.sin_addr, 4);
        return OK;
    }
    if (sa->sa_family != AF_INET6)
        return E_UNSUPPORTED;
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    *out = (struct endpoint){ .port = ntohs(in6.sin6_port) };
    out->address = from_v6(in6.sin6_addr.s6_addr);
    if (out->address.family == 6)
        out->scope = in6.sin6_scope_id;
    return OK;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (endpoint->address.family == 4) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
        memcpy(&in.sin_addr, endpoint->address.bytes, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
                                .sin6_port = htons(endpoint->port),
                                .sin6_scope_id = endpoint->scope };
    memcpy(&in6.sin6_addr, endpoint->address.bytes, 16);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

struct address address_mask(struct address address, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
        if (kept < 8)
            address.bytes[i] &= (uint8_t)(0xff00 >> kept);
    }
    return address;
}

enum status prefix_parse(struct slice text, struct prefix *out)
{
    const char *slash = text.length ? memchr(text.data, '/', text.length) : NULL;
    size_t address_length = slash ? (size_t)(slash - text.data) : text.length;
    struct prefix prefix;
    enum status status = address_parse(slice_of(text.data, address_length), &prefix.address);
    if (status != OK)
        return status;
    /* An IPv4-mapped prefix counts its bits as IPv6 does. */
    bool mapped = prefix.address.family == 4 && memchr(text.data, ':', address_length);
    uint64_t bits = mapped ? 128 : width(&prefix.address);
    if (slash) {
        status = text_read_u64(slice_of(slash + 1, text.length - address_length - 1), bits, &bits);
        if (status != OK)
            return status;
    }
    if (mapped && bits < 96)
        return E_RANGE;
    prefix.bits = (uint8_t)(mapped ? bits - 96 : bits);
    struct address masked = address_mask(prefix.address, prefix.bits);
    if (!address_equal(&masked, &prefix.address))
        return E_BAD_TEXT;
    *out = prefix;
    return OK;
}

/* How many leading bits two addresses share, up to `limit`. */
static unsigned shared_bits(const uint8_t *a, const uint8_t *b, unsigned limit)
{
    unsigned bits = 0;
    while (bits < limit) {
        unsigned difference = a[bits / 8] ^ b[bits / 8];
        if (difference) {
            bits += (unsigned)__builtin_clz(difference) - 24;
            break;
        }
        bits += 8;
    }
    return bits < limit ? bits : limit;
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
    return prefix->address.family == address->family &&
           shared_bits(prefix->address.bytes, address->bytes, prefix->bits) == prefix->bits;
}

/* A trie with path compression in one array; links are indexes, 0 is "none". */
struct node {
    uint8_t key[16];
    uint8_t bits;
    bool used; /* false: only a fork */
    uint32_t value;
    uint32_t child[2];
};

struct prefix_table {
    struct node *nodes;
    uint32_t count, room;
    uint32_t roots[2]; /* IPv4, IPv6 */
};

struct prefix_table *prefix_table_new(void) { return mem_alloc(sizeof(struct prefix_table)); }

void prefix_table_free(struct prefix_table *table)
{
    if (!table)
        return;
    mem_free(table->nodes);
    mem_free(table);
}

/* Room for the two nodes that an insertion takes at most; index 0 is never a node. */
static enum status make_room(struct prefix_table *table)
{
    if (table->count + 3 <= table->room)
        return OK;
    if (table->room > UINT32_MAX / 4)
        return E_LIMIT;
    uint32_t room = table->room ? table->room * 2 : 8;
    struct node *nodes = mem_resize(table->nodes, room * sizeof *nodes);
    if (!nodes)
        return E_NOMEM;
    table->nodes = nodes;
    table->room = room;
    if (table->count == 0)
        table->count = 1;
    return OK;
}

static unsigned bit_at(const uint8_t *key, unsigned bit) { return key[bit / 8] >> (7 - bit % 8) & 1; }

static uint32_t add_node(struct prefix_table *table, const struct address *address, unsigned bits)
{
    struct address masked = address_mask(*address, bits);
    struct node *node = &table->nodes[table->count];
    *node = (struct node){ .bits = (uint8_t)bits };
    memcpy(node->key, masked.bytes, sizeof node->key);
    return table->count++;
}

/* Where the prefix hangs, or would hang; the node there may be longer, or part ways with it after *shared bits. */
static uint32_t *find_link(struct prefix_table *table, const struct prefix *prefix, unsigned *shared)
{
    const uint8_t *bytes = prefix->address.bytes;
    uint32_t *link = &table->roots[prefix->address.family == 6];
    while (*link) {
        struct node *node = &table->nodes[*link];
        *shared = shared_bits(node->key, bytes, node->bits < prefix->bits ? node->bits : prefix->bits);
        if (*shared < node->bits || node->bits == prefix->bits)
            break;
        link = &node->child[bit_at(bytes, node->bits)];
    }
    return link;
}

/* The node of a prefix, made when it is not there. */
static enum status place_node(struct prefix_table *table, const struct prefix *prefix, struct node **out)
{
    const struct address *address = &prefix->address;
    if ((address->family != 4 && address->family != 6) || prefix->bits > width(address))
        return E_RANGE;
    enum status status = make_room(table);
    if (status != OK)
        return status;
    unsigned shared = 0;
    uint32_t *link = find_link(table, prefix, &shared), below = *link;
    struct node *nodes = table->nodes;
    if (below && shared < prefix->bits) { /* both part ways here: a fork above them */
        uint32_t fork = add_node(table, address, shared);
        nodes[fork].child[bit_at(nodes[below].key, shared)] = below;
        *link = fork;
        link = &nodes[fork].child[bit_at(address->bytes, shared)];
        *link = add_node(table, address, prefix->bits);
    } else if (!below || nodes[below].bits != prefix->bits) { /* a leaf, or a node above the one that is there */
        *link = add_node(table, address, prefix->bits);
        if (below)
            nodes[*link].child[bit_at(nodes[below].key, prefix->bits)] = below;
    }
    *out = &nodes[*link];
    return OK;
}

enum status prefix_table_add(struct prefix_table *table, const struct prefix *prefix, uint32_t value)
{
    struct node *node;
    enum status status = place_node(table, prefix, &node);
    if (status != OK)
        return status;
    if (node->used)
        return E_EXISTS;
    node->used = true;
    node->value = value;
    return OK;
}

enum status prefix_table_set(struct prefix_table *table, const struct prefix *prefix, uint32_t value)
{
    struct node *node;
    enum status status = place_node(table, prefix, &node);
    if (status != OK)
        return status;
    node->used = true;
    node->value = value;
    return OK;
}

bool prefix_table_find(const struct prefix_table *table, const struct address *address, uint32_t *value)
{
    if (address->family != 4 && address->family != 6)
        return false;
    bool found = false;
    for (uint32_t at = table->roots[address->family == 6]; at;) {
        const struct node *node = &table->nodes[at];
        if (shared_bits(node->key, address->bytes, node->bits) < node->bits)
            break;
        if (node->used) {
            *value = node->value;
            found = true;
        }
        at = node->bits < width(address) ? node->child[bit_at(address->bytes, node->bits)] : 0;
    }
    return found;
}
