/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kernel_names.h"

static uint64_t hash_of(const struct kernel_names *names, struct name_view name) { return hash_bytes_nocase(&names->key, name.wire, name.length) | 1; }

bool kernel_names_have(const struct kernel_names *names, struct name_view name)
{
    uint64_t hash = hash_of(names, name);
    if (names->slots == NULL)
        return false;
    for (size_t at = hash & names->mask; names->slots[at] != 0; at = (at + 1) & names->mask) {
        if (names->slots[at] == hash)
            return true;
    }
    return false;
}

static void set_put(struct kernel_names *names, uint64_t hash)
{
    size_t at = hash & names->mask;
    while (names->slots[at] != 0 && names->slots[at] != hash)
        at = (at + 1) & names->mask;
    names->count += names->slots[at] == 0;
    names->slots[at] = hash;
}

static bool set_grow(struct kernel_names *names)
{
    struct kernel_names larger = { .key = names->key, .mask = names->slots == NULL ? 1023 : names->mask * 2 + 1 };
    if (names->slots != NULL && names->count * 2 <= names->mask)
        return true;
    larger.slots = mem_alloc((larger.mask + 1) * sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; names->slots != NULL && i <= names->mask; i++) {
        if (names->slots[i] != 0)
            set_put(&larger, names->slots[i]);
    }
    mem_free(names->slots);
    *names = larger;
    return true;
}

void kernel_names_clear(struct kernel_names *names)
{
    mem_free(names->slots);
    *names = (struct kernel_names){ 0 };
}

bool kernel_names_add(struct kernel_names *names, struct name_view name)
{
    for (unsigned i = 0; i <= name.labels; i++) {
        if (!set_grow(names)) {
            kernel_names_clear(names);      /* a part would be taken for all */
            return false;
        }
        set_put(names, hash_of(names, name_strip(name, i)));
    }
    return true;
}

bool kernel_names_learn(struct kernel_names *names, const struct zone_table *table)
{
    struct zone *zone;
    kernel_names_clear(names);
    names->key = hash_key_random();
    if (!set_grow(names))       /* without zones too: nothing is above one, and that is known */
        return false;
    for (size_t at = 0; zone_table_next(table, &at, &zone);)
        if (!kernel_names_add(names, zone_name(zone)))
            return false;
    return true;
}
