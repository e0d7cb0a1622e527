/* SPDX-License-Identifier: Apache-2.0 */
#include "names/coin.h"
#include "names/ens_want.h"
#include "names/ens_selectors.h"

#include "crypto/keccak.h"
#include "ethereum/abi.h"

enum { SWARM_PREFIX_BYTES = 7, IPFS_PREFIX_BYTES = 4 };

uint32_t ens_profile_id(enum ens_profile profile)
{
    static const uint32_t ids[ENS_PROFILES] = {
        [ENS_PROFILE_ADDR] = ENS_ADDR, [ENS_PROFILE_COIN] = ENS_ADDR_COIN, [ENS_PROFILE_TEXT] = ENS_TEXT, [ENS_PROFILE_CONTENT] = ENS_CONTENTHASH,
        [ENS_PROFILE_CONTENT_OLD] = ENS_CONTENT, [ENS_PROFILE_MULTIHASH] = ENS_MULTIHASH, [ENS_PROFILE_PUBKEY] = ENS_PUBKEY, [ENS_PROFILE_NAME] = ENS_NAME,
        [ENS_PROFILE_DNS] = ENS_DNS_RECORD, [ENS_PROFILE_DNS_OLD] = ENS_DNS_RECORDS_OLD, [ENS_PROFILE_ZONEHASH] = ENS_ZONEHASH, [ENS_PROFILE_EXTENDED] = ENS_RESOLVE,
    };
    return ids[profile];
}

enum ens_profile ens_want_profile(const struct ens_want *want)
{
    switch (want->kind) {
    case ENS_WANT_CONTENT: return ENS_PROFILE_CONTENT;
    case ENS_WANT_TEXT: return ENS_PROFILE_TEXT;
    case ENS_WANT_COIN: return ENS_PROFILE_COIN;
    case ENS_WANT_ADDR: return ENS_PROFILE_ADDR;
    case ENS_WANT_PUBKEY: return ENS_PROFILE_PUBKEY;
    case ENS_WANT_NAME: return ENS_PROFILE_NAME;
    case ENS_WANT_ZONEHASH: return ENS_PROFILE_ZONEHASH;
    case ENS_WANT_CONTENT_OLD: return ENS_PROFILE_CONTENT_OLD;
    case ENS_WANT_MULTIHASH: return ENS_PROFILE_MULTIHASH;
    default: return ENS_PROFILE_DNS;
    }
}

static struct eth_word owner_hash(struct name_view owner)
{
    struct eth_word hash;
    keccak256(owner.wire, owner.length, hash.octets);
    return hash;
}

void ens_want_write(const struct ens_want *want, const struct eth_word *node, bool old_dns, struct text *out)
{
    static const uint32_t plain[] = {
        [ENS_WANT_CONTENT] = ENS_CONTENTHASH, [ENS_WANT_ADDR] = ENS_ADDR, [ENS_WANT_PUBKEY] = ENS_PUBKEY, [ENS_WANT_NAME] = ENS_NAME,
        [ENS_WANT_ZONEHASH] = ENS_ZONEHASH, [ENS_WANT_CONTENT_OLD] = ENS_CONTENT, [ENS_WANT_MULTIHASH] = ENS_MULTIHASH,
    };
    struct abi_writer writer;
    struct eth_word hash;
    switch (want->kind) {
    case ENS_WANT_TEXT:
        writer = abi_writer_call(out, ENS_TEXT, 2);
        abi_write_word(&writer, node);
        abi_write_bytes(&writer, want->key);
        break;
    case ENS_WANT_COIN:
        writer = abi_writer_call(out, ENS_ADDR_COIN, 2);
        abi_write_word(&writer, node);
        abi_write_u64(&writer, want->coin);
        break;
    case ENS_WANT_RECORDS:
        writer = abi_writer_call(out, old_dns ? ENS_DNS_RECORDS_OLD : ENS_DNS_RECORD, 3);
        hash = owner_hash(want->owner);
        abi_write_word(&writer, node);
        abi_write_word(&writer, &hash);
        abi_write_u64(&writer, want->type);
        break;
    case ENS_WANT_HAS:
        writer = abi_writer_call(out, ENS_HAS_DNS_RECORDS, 2);
        hash = owner_hash(want->owner);
        abi_write_word(&writer, node);
        abi_write_word(&writer, &hash);
        break;
    default:
        writer = abi_writer_call(out, plain[want->kind], 1);
        abi_write_word(&writer, node);
        break;
    }
}

/* ---- what comes back ---- */

static enum ens_read set(struct ens_want *want, struct arena *arena, const void *octets, size_t count)
{
    if (count == 0) {
        want->fact.state = FACT_ABSENT;
        return ENS_READ_FINE;
    }
    const char *copy = arena_copy(arena, octets, count);
    if (!copy)
        return ENS_READ_NOMEM;
    want->fact.value = slice_of(copy, count);
    want->fact.state = FACT_PRESENT;
    return ENS_READ_FINE;
}

static enum ens_read broken(struct ens_want *want, const char *wrong)
{
    want->fact.state = FACT_BROKEN;
    want->fact.reason = wrong;
    return ENS_READ_FINE;
}

static bool all_zero(const uint8_t *octets, size_t count)
{
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++)
        any |= octets[i];
    return any == 0;
}

/* Results that are a word or two. */
static enum ens_read read_words(struct ens_want *want, struct slice returned, struct arena *arena)
{
    static const uint8_t swarm[SWARM_PREFIX_BYTES] = { 0xe4, 0x01, 0x01, 0xfa, 0x01, 0x1b, 0x20 };     /* ENSIP-7: a CID of a keccak-256 manifest */
    const uint8_t *octets = (const uint8_t *)returned.data;
    uint8_t value[SWARM_PREFIX_BYTES + ABI_WORD_BYTES];
    if (want->kind == ENS_WANT_ADDR) {
        if (!all_zero(octets, 12))
            return broken(want, "an address that is no address");
        return set(want, arena, octets + 12, all_zero(octets, ABI_WORD_BYTES) ? 0 : 20);
    }
    if (want->kind == ENS_WANT_CONTENT_OLD) {
        memcpy(value, swarm, sizeof swarm);
        memcpy(value + sizeof swarm, octets, ABI_WORD_BYTES);
        return set(want, arena, value, all_zero(octets, ABI_WORD_BYTES) ? 0 : sizeof value);
    }
    if (want->kind == ENS_WANT_HAS) {
        if (!all_zero(octets, ABI_WORD_BYTES - 1) || octets[ABI_WORD_BYTES - 1] > 1)
            return broken(want, "neither yes nor no");
        want->fact.state = octets[ABI_WORD_BYTES - 1] ? FACT_PRESENT : FACT_ABSENT;
        return ENS_READ_FINE;
    }
    if (all_zero(octets, 2 * ABI_WORD_BYTES))
        return set(want, arena, NULL, 0);
    enum ens_read read = set(want, arena, octets, 2 * ABI_WORD_BYTES);
    if (read == ENS_READ_FINE) {
        want->second = slice_of(want->fact.value.data + ABI_WORD_BYTES, ABI_WORD_BYTES);
        want->fact.value.length = ABI_WORD_BYTES;
    }
    return read;
}

static enum ens_read read_records(struct ens_want *want, struct slice octets, struct arena *arena)
{
    const char *wrong = NULL;
    struct slice value;
    switch (ens_records_read(octets, want->owner, want->type, arena, &value, &wrong)) {
    case OK: break;
    case E_NOMEM: return ENS_READ_NOMEM;
    default: return broken(want, wrong);
    }
    want->fact.value = value;
    want->fact.state = value.length ? FACT_PRESENT : FACT_ABSENT;
    return ENS_READ_FINE;
}

static enum ens_read read_multihash(struct ens_want *want, struct slice octets, struct arena *arena)
{
    uint8_t value[IPFS_PREFIX_BYTES + 34] = { 0xe3, 0x01, 0x01, 0x70 };        /* a CID of version 1, dag-pb, of the same hash */
    if (octets.length != 34)
        return octets.length == 0 ? set(want, arena, NULL, 0) : broken(want, "a hash of content that is not of a known kind");
    memcpy(value + IPFS_PREFIX_BYTES, octets.data, 34);
    return set(want, arena, value, sizeof value);
}

static bool is_words(enum ens_want_kind kind)
{
    return kind == ENS_WANT_ADDR || kind == ENS_WANT_CONTENT_OLD || kind == ENS_WANT_PUBKEY || kind == ENS_WANT_HAS;
}

enum ens_read ens_want_read(struct ens_want *want, struct slice returned, struct arena *arena)
{
    bool words = is_words(want->kind);
    size_t least = words && want->kind != ENS_WANT_PUBKEY ? ABI_WORD_BYTES : 2 * ABI_WORD_BYTES;
    if (returned.length < least)
        return ENS_READ_SHORT;
    if (words)
        return read_words(want, returned, arena);
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, returned);
    struct slice octets = abi_read_bytes(&reader);
    if (!abi_ok(&input))
        return broken(want, "not what the resolver's function returns");
    if (want->kind == ENS_WANT_RECORDS)
        return read_records(want, octets, arena);
    if (want->kind == ENS_WANT_MULTIHASH)
        return read_multihash(want, octets, arena);
    if (want->kind == ENS_WANT_COIN && want->coin == COIN_ETH && octets.length != 0 && octets.length != 20)
        return broken(want, "an address that is not of 20 octets");
    return set(want, arena, octets.data, octets.length);
}
