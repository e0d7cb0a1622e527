/* SPDX-License-Identifier: Apache-2.0 */
#include "names/namehash.h"

#include <string.h>

#include "crypto/keccak.h"
#include "names/label.h"

_Static_assert((int)NAMEHASH_BYTES == (int)KECCAK256_BYTES && (int)NAMEHASH_BYTES == (int)LABEL_HASH_BYTES, "one hash");

void namehash_label(struct slice label, uint8_t out[NAMEHASH_BYTES]) { keccak256(label.data, label.length, out); }

void namehash_child_of_hash(const uint8_t parent[NAMEHASH_BYTES], const uint8_t label_hash[NAMEHASH_BYTES], uint8_t out[NAMEHASH_BYTES])
{
    keccak256_pair(parent, label_hash, out);
}

void namehash_child(const uint8_t parent[NAMEHASH_BYTES], struct slice label, uint8_t out[NAMEHASH_BYTES])
{
    uint8_t hash[NAMEHASH_BYTES];
    namehash_label(label, hash);
    keccak256_pair(parent, hash, out);
}

enum status namehash_name(struct slice name, bool unknown, uint8_t out[NAMEHASH_BYTES])
{
    uint8_t node[NAMEHASH_BYTES] = { 0 };
    size_t end = name.length;
    while (name.length > 0) {
        const char *dot = end > 0 ? memrchr(name.data, '.', end) : NULL;
        size_t start = dot ? (size_t)(dot - name.data) + 1 : 0;
        struct slice label = slice_of(name.data + start, end - start);
        uint8_t hash[NAMEHASH_BYTES];
        if (label.length == 0)
            return E_BAD_NAME;
        if (!unknown || !label_is_unknown(label, hash))
            namehash_label(label, hash);
        keccak256_pair(node, hash, node);
        if (!dot)
            break;
        end = start - 1;
    }
    memcpy(out, node, sizeof node);
    return OK;
}

static enum status write_label(struct slice label, uint8_t *out, size_t room, size_t *used)
{
    uint8_t hash[NAMEHASH_BYTES];
    char brackets[LABEL_UNKNOWN_BYTES];
    if (label.length == 0)
        return E_BAD_NAME;
    if (label.length > NAMEHASH_LABEL_MAX) {
        namehash_label(label, hash);
        label_write_unknown(hash, brackets);
        label = slice_of(brackets, sizeof brackets);
    }
    if (room - *used < 1 + label.length)
        return E_NO_SPACE;
    out[*used] = (uint8_t)label.length;
    memcpy(out + *used + 1, label.data, label.length);
    *used += 1 + label.length;
    return OK;
}

enum status namehash_wire_write(struct slice name, uint8_t *out, size_t room, size_t *length)
{
    size_t used = 0, start = 0;
    while (name.length > 0) {
        const char *dot = memchr(name.data + start, '.', name.length - start);
        size_t end = dot ? (size_t)(dot - name.data) : name.length;
        enum status st = write_label(slice_of(name.data + start, end - start), out, room, &used);
        if (st != OK)
            return st;
        if (!dot)
            break;
        start = end + 1;
    }
    if (used == room)
        return E_NO_SPACE;
    out[used++] = 0;
    *length = used;
    return OK;
}

enum status namehash_wire_read(const uint8_t *wire, size_t bytes, char *out, size_t room, size_t *length)
{
    size_t used = 0, at = 0;
    while (at < bytes && wire[at] != 0) {
        size_t label = wire[at], dot = at > 0;
        if (label >= bytes - at)
            return E_TRUNCATED;
        if (memchr(wire + at + 1, '.', label))
            return E_BAD_NAME;
        if (room - used < label + dot)
            return E_NO_SPACE;
        if (dot)
            out[used++] = '.';
        memcpy(out + used, wire + at + 1, label);
        used += label;
        at += 1 + label;
    }
    if (at >= bytes)
        return E_TRUNCATED;
    if (at + 1 != bytes)
        return E_BAD_FORMAT;
    *length = used;
    return OK;
}
