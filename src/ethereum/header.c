/* SPDX-License-Identifier: Apache-2.0 */
#include "ethereum/header.h"

#include "crypto/keccak.h"
#include "ethereum/rlp.h"

/* The fields of a header in the order of its RLP.  Those of Frontier are always there; later ones came one fork after the other, so that
 * one is there only when all before it are. */
enum field_kind { FIELD_HASH, FIELD_ADDRESS, FIELD_BLOOM, FIELD_NONCE, FIELD_NUMBER, FIELD_OCTETS };
static const struct { const char *name; enum field_kind kind; } fields[] = {
    { "parentHash", FIELD_HASH }, { "sha3Uncles", FIELD_HASH }, { "miner", FIELD_ADDRESS }, { "stateRoot", FIELD_HASH },
    { "transactionsRoot", FIELD_HASH }, { "receiptsRoot", FIELD_HASH }, { "logsBloom", FIELD_BLOOM }, { "difficulty", FIELD_NUMBER },
    { "number", FIELD_NUMBER }, { "gasLimit", FIELD_NUMBER }, { "gasUsed", FIELD_NUMBER }, { "timestamp", FIELD_NUMBER },
    { "extraData", FIELD_OCTETS }, { "mixHash", FIELD_HASH }, { "nonce", FIELD_NONCE },
    { "baseFeePerGas", FIELD_NUMBER } /* London */, { "withdrawalsRoot", FIELD_HASH } /* Shanghai */, { "blobGasUsed", FIELD_NUMBER } /* Cancun */,
    { "excessBlobGas", FIELD_NUMBER }, { "parentBeaconBlockRoot", FIELD_HASH }, { "requestsHash", FIELD_HASH } /* Prague */,
};
enum { FRONTIER_FIELDS = 15, HEADER_FIELDS = LENGTH_OF(fields), HEADER_BYTES_MAX = 4096, EXTRA_BYTES_MAX = 2048 };

static bool write_field(struct rlp_writer *writer, enum field_kind kind, struct json_view value)
{
    static const uint8_t sizes[] = { [FIELD_HASH] = 32, [FIELD_ADDRESS] = 20, [FIELD_NONCE] = 8 };
    uint8_t octets[EXTRA_BYTES_MAX];
    size_t length = 0;
    switch (kind) {
    case FIELD_NUMBER:
        if (json_quantity_256(value, octets) != OK)
            return false;
        while (length < 32 && octets[length] == 0)
            length++;
        rlp_write_string(writer, octets + length, 32 - length);
        return true;
    case FIELD_OCTETS:
        if (json_hex_bytes(value, octets, sizeof octets, &length) != OK)
            return false;
        rlp_write_string(writer, octets, length);
        return true;
    default:
        length = kind == FIELD_BLOOM ? 256 : sizes[kind];
        if (json_hex_exact(value, octets, length) != OK)
            return false;
        rlp_write_string(writer, octets, length);
        return true;
    }
}

/* Whether the fields, put together again, give the hash. */
static bool gives_hash(const struct json_view value[HEADER_FIELDS], const struct eth_word *hash)
{
    uint8_t rlp[HEADER_BYTES_MAX];
    struct eth_word made;
    struct rlp_writer writer = rlp_writer_of(rlp, sizeof rlp);
    size_t list = rlp_list_begin(&writer), count = 0;
    for (; count < HEADER_FIELDS && json_kind(value[count]) != JSON_NONE && json_kind(value[count]) != JSON_NULL; count++) {
        if (!write_field(&writer, fields[count].kind, value[count]))
            return false;
    }
    if (count < FRONTIER_FIELDS)
        return false;
    rlp_list_end(&writer, list);
    if (rlp_writer_full(&writer))
        return false;
    keccak256(rlp, writer.length, made.octets);
    return eth_word_equal(&made, hash);
}

enum status header_check(struct json_view object, struct chain_header *out)
{
    enum { PARENT = 0, STATE = 3, BLOOM = 6, NUMBER = 8, TIME = 11, HASH = HEADER_FIELDS };
    const char *names[HEADER_FIELDS + 1];
    struct json_view value[HEADER_FIELDS + 1];
    struct chain_header header = { 0 };
    if (json_kind(object) == JSON_NULL)
        return E_NOT_FOUND;
    for (size_t i = 0; i < HEADER_FIELDS; i++)
        names[i] = fields[i].name;
    names[HASH] = "hash";
    json_members(object, names, value, HEADER_FIELDS + 1);
    if (json_quantity(value[NUMBER], &header.block.number) != OK || json_hex_exact(value[HASH], header.block.hash.octets, 32) != OK
        || json_hex_exact(value[PARENT], header.parent.octets, 32) != OK || json_quantity(value[TIME], &header.block.time) != OK
        || json_hex_exact(value[BLOOM], header.bloom, sizeof header.bloom) != OK || json_hex_exact(value[STATE], header.state_root.octets, 32) != OK)
        return E_BAD_FORMAT;
    header.verified = gives_hash(value, &header.block.hash);
    *out = header;
    return OK;
}

struct bloom_bits bloom_bits_of(const void *data, size_t bytes)
{
    uint8_t digest[KECCAK256_BYTES];
    struct bloom_bits bits;
    keccak256(data, bytes, digest);
    for (unsigned i = 0; i < 3; i++)
        bits.bit[i] = (uint16_t)((digest[2 * i] << 8 | digest[2 * i + 1]) & 2047);
    return bits;
}
