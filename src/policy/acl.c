/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/acl.h"

#include <ifaddrs.h>
#include <string.h>

struct entry {
    struct prefix prefix;
    bool allow;
};

/* The entries as they came, so that one list can be added to another; the table is what is asked. */
struct acl {
    struct prefix_table *table;
    struct entry *entries;
    size_t count, room;
};

struct acl *acl_new(void)
{
    struct acl *acl = mem_alloc(sizeof *acl);
    if (!acl)
        return NULL;
    acl->table = prefix_table_new();
    if (!acl->table) {
        mem_free(acl);
        return NULL;
    }
    return acl;
}

void acl_free(void *object)
{
    struct acl *acl = object;
    if (!acl)
        return;
    prefix_table_free(acl->table);
    mem_free(acl->entries);
    mem_free(acl);
}

static enum status add_entry(struct acl *acl, const struct prefix *prefix, bool allow)
{
    if (acl->count == acl->room) {
        size_t room = acl->room ? acl->room * 2 : 4;
        struct entry *entries = mem_resize(acl->entries, room * sizeof *entries);
        if (!entries)
            return E_NOMEM;
        acl->entries = entries;
        acl->room = room;
    }
    enum status status = prefix_table_set(acl->table, prefix, allow);
    if (status == OK)
        acl->entries[acl->count++] = (struct entry){ *prefix, allow };
    return status;
}

static enum status add_pair(struct acl *acl, const struct prefix pair[2], bool allow)
{
    enum status status = add_entry(acl, &pair[0], allow);
    return status == OK ? add_entry(acl, &pair[1], allow) : status;
}

/* The networks of this machine's interfaces, as they are now. */
static enum status add_own(struct acl *acl, bool allow)
{
    struct ifaddrs *all;
    enum status status = OK;
    if (getifaddrs(&all) != 0)
        return OK;                      /* there is loopback all the same */
    for (const struct ifaddrs *one = all; one && status == OK; one = one->ifa_next) {
        struct endpoint address, mask;
        if (!one->ifa_addr || !one->ifa_netmask || endpoint_from_sockaddr(one->ifa_addr, &address) != OK ||
            endpoint_from_sockaddr(one->ifa_netmask, &mask) != OK || address.address.family != mask.address.family)
            continue;
        unsigned bits = 0, most = address.address.family == 4 ? 32 : 128;
        while (bits < most && (mask.address.bytes[bits / 8] & 0x80 >> bits % 8))
            bits++;
        const struct prefix prefix = { address_mask(address.address, bits), (uint8_t)bits };
        status = add_entry(acl, &prefix, allow);
    }
    freeifaddrs(all);
    return status;
}

enum status acl_add(struct acl *acl, struct slice entry)
{
    static const struct prefix everybody[2] = { { { .family = 4 }, 0 }, { { .family = 6 }, 0 } };
    static const struct prefix loopback[2] = { { { .family = 4, .bytes = { 127 } }, 8 },
                                               { { .family = 6, .bytes = { [15] = 1 } }, 128 } };
    bool allow = true;
    if (entry.length && entry.data[0] == '!') {
        allow = false;
        entry = slice_of(entry.data + 1, entry.length - 1);
    }
    if (slice_is(entry, "any"))
        return add_pair(acl, everybody, allow);
    if (slice_is(entry, "none"))
        return add_pair(acl, everybody, !allow);
    if (slice_is(entry, "loopback"))
        return add_pair(acl, loopback, allow);
    if (slice_is(entry, "own")) {
        enum status status = add_pair(acl, loopback, allow);
        return status == OK ? add_own(acl, allow) : status;
    }
    if (entry.length >= 4 && memcmp(entry.data, "key:", 4) == 0)
        return E_UNSUPPORTED;
    struct prefix prefix;
    if (prefix_parse(entry, &prefix) != OK)
        return E_BAD_TEXT;
    return add_entry(acl, &prefix, allow);
}

enum status acl_add_all(struct acl *acl, const struct acl *other)
{
    size_t count = other->count; /* it may be the same list */
    for (size_t i = 0; i < count; i++) {
        struct entry entry = other->entries[i];
        enum status status = add_entry(acl, &entry.prefix, entry.allow);
        if (status != OK)
            return status;
    }
    return OK;
}

bool acl_permits(const struct acl *acl, const struct address *address)
{
    uint32_t allow = false;
    return acl && prefix_table_find(acl->table, address, &allow) && allow;
}
