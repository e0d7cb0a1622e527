/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_chain.h"

#include "crypto/keccak.h"
#include "ethereum/rlp.h"
#include "names/ens_selectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { OWNER_ROOM = 20, RECORD_ROOM = 128, LOG_DATA_MAX = 256, LOGS_EACH = 5 /* a registration's */, HEADER_ROOM = 1024, TYPE_OF_A = 1, TYPE_OF_TXT = 16 };

const struct eth_address fake_registry = { { 0, 0, 0, 0, 0, 0x0c, 0x2e, 7, 0x4e, 0xc6, 0x9a, 0x0d, 0xfb, 0x29, 0x97, 0xba, 0x6c, 0x7d, 0x2e, 0x1e } };
const struct eth_address fake_registrar = { { 0x57, 0xf1, 0x88, 0x7a, 0x8b, 0xf1, 0x9b, 0x14, 0xfc, 0x0d, 0xf6, 0xfd, 0x9b, 0x2a, 0xcc, 0x9a, 0xf1, 0x47, 0xea, 0x85 } };
const struct eth_address fake_resolver = { { 0x23, 0x1b, 0x0e, 0xe1, 0x40, 0x48, 0xe9, 0xdc, 0xcd, 0x1d, 0x24, 0x77, 0x44, 0xd1, 0x14, 0xa4, 0xeb, 0x5e, 0x8e, 0x63 } };
const struct eth_address fake_multicall = { { 0xca, 0x11, 0xbd, 0xe0, 0x59, 0x77, 0xb3, 0x63, 0x11, 0x67, 0x02, 0x88, 0x62, 0xbe, 0x2a, 0x17, 0x39, 0x76, 0xca, 0x11 } };
static const struct eth_address controller = { { 0x25, 0x35, 0x53, 0x36, 0x6d, 0xa8, 0x54, 0x6f, 0xc2, 0x50, 0xf2, 0x25, 0xfe, 0x3d, 0x25, 0xd0, 0xc7, 0x82, 0x30, 0x3b } };
static const struct eth_address somebody = { { 0x70, 0x99, 0x79, 0x70, 0xc5, 0x18, 0x12, 0xdc, 0x3a, 0x01, 0x0c, 0x7d, 0x01, 0xb5, 0x0e, 0x0d, 0x17, 0xdc, 0x79, 0xc8 } };

struct fake_name { struct eth_word node, owner_hash; uint32_t version; };
struct fake_log { struct eth_address address; struct eth_word topics[4]; uint8_t topic_count; uint8_t data[LOG_DATA_MAX]; size_t bytes; };
struct fake_block {
    uint64_t number, time;
    struct eth_word hash, parent;
    uint8_t bloom[256];
    struct fake_log *logs; size_t log_count;
    struct text json;
};
struct fake_chain {
    struct fake_name *names; unsigned count;
    uint32_t *places; size_t mask;              /* of names by their nodes; 0 = free */
    struct eth_word eth;                        /* the node of `eth` */
    struct fake_block blocks[FAKE_BLOCKS];
    uint64_t head, fresh;                       /* fresh: how many names others have registered */
};

/* ---- names ---- */

static struct eth_word keccak_of(const void *data, size_t bytes)
{
    struct eth_word out;
    keccak256(data, bytes, out.octets);
    return out;
}

static struct eth_word hash_text(const char *text) { return keccak_of(text, strlen(text)); }

static struct eth_word child(const struct eth_word *parent, const struct eth_word *label)
{
    struct eth_word out;
    keccak256_pair(parent->octets, label->octets, out.octets);
    return out;
}

static size_t write_owner(unsigned number, uint8_t wire[OWNER_ROOM])
{
    char label[16];
    size_t length = (size_t)snprintf(label, sizeof label, "n%u", number);
    wire[0] = (uint8_t)length;
    memcpy(wire + 1, label, length);
    memcpy(wire + 1 + length, "\3eth", 5);
    return length + 6;
}

static size_t place_of(const struct fake_chain *chain, const struct eth_word *node)
{
    uint64_t start;
    memcpy(&start, node->octets, sizeof start);
    size_t place = (size_t)start & chain->mask;
    while (chain->places[place] && !eth_word_equal(&chain->names[chain->places[place] - 1].node, node))
        place = (place + 1) & chain->mask;
    return place;
}

static const struct fake_name *find(const struct fake_chain *chain, const uint8_t *node)
{
    struct eth_word word;
    memcpy(word.octets, node, sizeof word.octets);
    uint32_t found = chain->places[place_of(chain, &word)];
    return found ? &chain->names[found - 1] : NULL;
}

struct fake_chain *fake_chain_new(unsigned names)
{
    const struct eth_word root = { { 0 } };
    struct eth_word label = hash_text("eth");
    size_t room = 1024;
    struct fake_chain *chain = mem_alloc(sizeof *chain);
    while (room < (size_t)names * 2)
        room *= 2;
    if (!chain)
        return NULL;
    *chain = (struct fake_chain){ .names = mem_alloc((names + 1) * sizeof(struct fake_name)), .places = mem_alloc(room * sizeof *chain->places), .mask = room - 1 };
    if (!chain->names || !chain->places) {
        fake_chain_free(chain);
        return NULL;
    }
    memset(chain->places, 0, room * sizeof *chain->places);
    chain->eth = child(&root, &label);
    for (; chain->count < names; chain->count++) {
        uint8_t wire[OWNER_ROOM];
        size_t length = write_owner(chain->count, wire);
        label = keccak_of(wire + 1, wire[0]);
        struct fake_name *name = &chain->names[chain->count];
        *name = (struct fake_name){ child(&chain->eth, &label), keccak_of(wire, length), 1 };
        chain->places[place_of(chain, &name->node)] = chain->count + 1;
    }
    return chain;
}

void fake_chain_free(struct fake_chain *chain)
{
    for (size_t i = 0; i < FAKE_BLOCKS; i++) {
        mem_free(chain->blocks[i].logs);
        text_clear(&chain->blocks[i].json);
    }
    mem_free(chain->names);
    mem_free(chain->places);
    mem_free(chain);
}

/* ---- logs ---- */

static struct eth_word number_word(uint64_t number)
{
    struct eth_word out = { { 0 } };
    for (unsigned i = 0; i < 8; i++)
        out.octets[31 - i] = (uint8_t)(number >> (8 * i));
    return out;
}

static struct eth_word address_word(const struct eth_address *address)
{
    struct eth_word out = { { 0 } };
    memcpy(out.octets + 12, address->octets, sizeof address->octets);
    return out;
}

static struct fake_log *log_begin(struct fake_block *block, const struct eth_address *address, const char *event, const struct eth_word *first)
{
    struct fake_log *log = &block->logs[block->log_count++];
    *log = (struct fake_log){ .address = *address, .topics = { hash_text(event), *first }, .topic_count = 2 };
    return log;
}

static void log_topic(struct fake_log *log, struct eth_word topic) { log->topics[log->topic_count++] = topic; }
static void log_word(struct fake_log *log, struct eth_word word)
{
    memcpy(log->data + log->bytes, word.octets, sizeof word.octets);
    log->bytes += sizeof word.octets;
}
static void log_string(struct fake_log *log, const char *text)
{
    log_word(log, number_word(strlen(text)));
    memcpy(log->data + log->bytes, text, strlen(text));
    log->bytes += (strlen(text) + 31) / 32 * 32;
}

/* As the controller of 2023 with the public resolver; a Transfer has the token as its third topic. */
static void log_registration(struct fake_chain *chain, struct fake_block *block)
{
    const struct eth_word none = { { 0 } };
    char name[32];
    snprintf(name, sizeof name, "fresh%" PRIu64, chain->fresh++);
    struct eth_word label = hash_text(name), node = child(&chain->eth, &label), owner = address_word(&somebody), until = number_word(4102444800);
    struct fake_log *log = log_begin(block, &fake_registry, "NewOwner(bytes32,bytes32,address)", &chain->eth);
    log_topic(log, label);
    log_word(log, owner);
    log = log_begin(block, &fake_registry, "NewResolver(bytes32,address)", &node);
    log_word(log, address_word(&fake_resolver));
    log = log_begin(block, &fake_registrar, "Transfer(address,address,uint256)", &none);
    log_topic(log, owner);
    log_topic(log, label);
    log = log_begin(block, &fake_registrar, "NameRegistered(uint256,address,uint256)", &label);
    log_topic(log, owner);
    log_word(log, until);
    log = log_begin(block, &controller, "NameRegistered(string,bytes32,address,uint256,uint256,uint256)", &label);
    log_topic(log, owner);
    log_word(log, number_word(128));
    log_word(log, number_word(3125000000000003));
    log_word(log, number_word(0));
    log_word(log, until);
    log_string(log, name);
}

static void log_other(struct fake_block *block, unsigned number, uint64_t salt)
{
    struct { uint64_t salt; uint64_t number; } seed = { salt, number };
    struct eth_word node = keccak_of(&seed, sizeof seed);
    struct fake_log *log;
    if (number % 2) {
        log = log_begin(block, &fake_resolver, "TextChanged(bytes32,string,string,string)", &node);
        log_topic(log, hash_text("url"));
        log_word(log, number_word(64));
        log_word(log, number_word(128));
        log_string(log, "url");
        log_string(log, "https://www.example.net/");
    } else {
        log = log_begin(block, &fake_resolver, "AddressChanged(bytes32,uint256,bytes)", &node);
        log_word(log, number_word(60));
        log_word(log, number_word(64));
        log_string(log, "twenty octets of one");
    }
}

/* ---- blocks ---- */

static void bloom_add(uint8_t bloom[256], const void *data, size_t bytes)
{
    struct eth_word digest = keccak_of(data, bytes);
    for (unsigned i = 0; i < 3; i++) {
        unsigned bit = (unsigned)(digest.octets[2 * i] << 8 | digest.octets[2 * i + 1]) & 2047;
        bloom[255 - bit / 8] |= (uint8_t)(1u << (bit & 7));
    }
}

static void write_hex(struct text *out, const char *name, const void *octets, size_t count)
{
    text_add_format(out, "%s\"%s\":\"0x", out->length && out->data[out->length - 1] != '{' ? "," : "", name);
    text_add_hex(out, octets, count, false);
    text_add_char(out, '"');
}

static void write_number(struct text *out, const char *name, uint64_t number) { text_add_format(out, ",\"%s\":\"0x%" PRIx64 "\"", name, number); }

/* One after the other, into the RLP and the JSON alike. */
struct header_writer { struct rlp_writer rlp; struct text *json; };
static void field(struct header_writer *out, const char *name, const void *octets, size_t count)
{
    rlp_write_string(&out->rlp, octets, count);
    write_hex(out->json, name, octets, count);
}
static void quantity(struct header_writer *out, const char *name, uint64_t number)
{
    rlp_write_u64(&out->rlp, number);
    write_number(out->json, name, number);
}

static void seal(struct fake_block *block, unsigned transactions)
{
    uint8_t octets[HEADER_ROOM];
    const uint8_t zeros[32] = { 0 };
    struct eth_word made = number_word(block->number), state = keccak_of(made.octets, 32), no_uncles = keccak_of("\xc0", 1), empty = keccak_of("\x80", 1);
    struct header_writer out = { rlp_writer_of(octets, sizeof octets), &block->json };
    text_growing(&block->json);
    text_add_char(&block->json, '{');
    size_t list = rlp_list_begin(&out.rlp);
    field(&out, "parentHash", block->parent.octets, 32);
    field(&out, "sha3Uncles", no_uncles.octets, 32);
    field(&out, "miner", somebody.octets, 20);
    field(&out, "stateRoot", state.octets, 32);
    field(&out, "transactionsRoot", state.octets, 32);
    field(&out, "receiptsRoot", state.octets, 32);
    field(&out, "logsBloom", block->bloom, sizeof block->bloom);
    quantity(&out, "difficulty", 0);
    quantity(&out, "number", block->number);
    quantity(&out, "gasLimit", 36000000);
    quantity(&out, "gasUsed", 17999999);
    quantity(&out, "timestamp", block->time);
    field(&out, "extraData", "made for tests", 14);
    field(&out, "mixHash", state.octets, 32);
    field(&out, "nonce", zeros, 8);
    quantity(&out, "baseFeePerGas", 1000000007);
    field(&out, "withdrawalsRoot", empty.octets, 32);
    quantity(&out, "blobGasUsed", 0);
    quantity(&out, "excessBlobGas", 0);
    field(&out, "parentBeaconBlockRoot", state.octets, 32);
    field(&out, "requestsHash", empty.octets, 32);
    rlp_list_end(&out.rlp, list);
    require(!rlp_writer_full(&out.rlp));
    block->hash = keccak_of(octets, out.rlp.length);
    write_hex(&block->json, "hash", block->hash.octets, 32);
    write_number(&block->json, "size", 70000);
    text_add(&block->json, ",\"uncles\":[],\"withdrawals\":[],\"transactions\":[");
    for (unsigned i = 0; i < transactions; i++) {
        made = keccak_of(made.octets, 32);
        text_add(&block->json, i ? ",\"0x" : "\"0x");
        text_add_hex(&block->json, made.octets, 32, false);
        text_add_char(&block->json, '"');
    }
    text_add(&block->json, "]}");
}

static void change(struct fake_chain *chain, struct fake_block *block, unsigned number)
{
    struct fake_name *name = &chain->names[number % chain->count];
    name->version++;
    struct fake_log *log = log_begin(block, &fake_resolver, "DNSRecordChanged(bytes32,bytes,uint16,bytes)", &name->node);
    log_word(log, number_word(96));
    log_word(log, number_word(TYPE_OF_A));
    log_word(log, number_word(128));
    log_word(log, number_word(0));
    log_word(log, number_word(0));
}

uint64_t fake_chain_mine(struct fake_chain *chain, const struct fake_block_plan *plan)
{
    const struct fake_block *before = &chain->blocks[chain->head % FAKE_BLOCKS];
    struct fake_block *block = &chain->blocks[(chain->head + 1) % FAKE_BLOCKS];
    uint64_t now = (uint64_t)time(NULL);
    mem_free(block->logs);
    text_clear(&block->json);
    *block = (struct fake_block){ .number = chain->head + 1, .parent = before->hash, .time = now > before->time ? now : before->time + 1 };
    block->logs = mem_alloc((plan->registrations * LOGS_EACH + plan->logs + plan->touched_count + 1) * sizeof *block->logs);
    require(block->logs != NULL);
    for (unsigned i = 0; i < plan->registrations; i++)
        log_registration(chain, block);
    for (unsigned i = 0; i < plan->logs; i++)
        log_other(block, i, block->number);
    for (size_t i = 0; i < plan->touched_count; i++)
        change(chain, block, plan->touched[i]);
    for (size_t i = 0; i < block->log_count; i++) {
        bloom_add(block->bloom, block->logs[i].address.octets, 20);
        for (unsigned k = 0; k < block->logs[i].topic_count; k++)
            bloom_add(block->bloom, block->logs[i].topics[k].octets, 32);
    }
    seal(block, plan->registrations + plan->logs / 2);
    return chain->head = block->number;
}

uint64_t fake_chain_head(const struct fake_chain *chain) { return chain->head; }

static const struct fake_block *kept(const struct fake_chain *chain, uint64_t number)
{
    const struct fake_block *block = &chain->blocks[number % FAKE_BLOCKS];
    return block->number == number && number > 0 ? block : NULL;
}

void fake_chain_write_block(const struct fake_chain *chain, uint64_t number, struct text *out)
{
    const struct fake_block *block = kept(chain, number);
    if (block)
        text_add_bytes(out, block->json.data, block->json.length);
    else
        text_add(out, "null");
}

bool fake_chain_find(const struct fake_chain *chain, const struct eth_word *hash, uint64_t *number)
{
    for (uint64_t at = chain->head; at > 0 && at + FAKE_BLOCKS > chain->head; at--) {
        if (kept(chain, at) && eth_word_equal(&kept(chain, at)->hash, hash)) {
            *number = at;
            return true;
        }
    }
    return false;
}

static void write_log(const struct fake_block *block, size_t index, struct text *out)
{
    const struct fake_log *log = &block->logs[index];
    struct eth_word seed = number_word(block->number << 20 | index / LOGS_EACH), transaction = keccak_of(seed.octets, 32);
    text_add_char(out, '{');
    write_hex(out, "address", log->address.octets, 20);
    text_add(out, ",\"topics\":[");
    for (unsigned i = 0; i < log->topic_count; i++) {
        text_add(out, i ? ",\"0x" : "\"0x");
        text_add_hex(out, log->topics[i].octets, 32, false);
        text_add_char(out, '"');
    }
    text_add_char(out, ']');
    write_hex(out, "data", log->data, log->bytes);
    write_number(out, "blockNumber", block->number);
    write_hex(out, "transactionHash", transaction.octets, 32);
    write_number(out, "transactionIndex", index / LOGS_EACH);
    write_hex(out, "blockHash", block->hash.octets, 32);
    write_number(out, "blockTimestamp", block->time);
    write_number(out, "logIndex", index);
    text_add(out, ",\"removed\":false}");
}

void fake_chain_write_logs(const struct fake_chain *chain, uint64_t number, const struct eth_address *contracts, size_t count, struct text *out)
{
    const struct fake_block *block = kept(chain, number);
    bool first = true;
    text_add_char(out, '[');
    for (size_t i = 0; block && i < block->log_count; i++) {
        size_t k = 0;
        while (k < count && !eth_address_equal(&contracts[k], &block->logs[i].address))
            k++;
        if (count > 0 && k == count)
            continue;
        text_add(out, first ? "" : ",");
        first = false;
        write_log(block, i, out);
    }
    text_add_char(out, ']');
}

/* ---- contracts ---- */

static bool give_word(struct eth_word word, uint8_t *out, size_t *length)
{
    memcpy(out, word.octets, 32);
    *length = 32;
    return true;
}

static bool give_bytes(const void *octets, size_t count, uint8_t *out, size_t *length)
{
    struct eth_word offset = number_word(32), size = number_word(count);
    *length = 64 + (count + 31) / 32 * 32;
    memset(out, 0, *length);
    memcpy(out, offset.octets, 32);
    memcpy(out + 32, size.octets, 32);
    if (count)
        memcpy(out + 64, octets, count);
    return true;
}

static size_t write_record(const struct fake_chain *chain, const struct fake_name *name, unsigned type, uint8_t out[RECORD_ROOM])
{
    unsigned number = (unsigned)(name - chain->names);
    char text[48];
    size_t at = write_owner(number, out), count = 4;
    if (type == TYPE_OF_TXT)
        count = 1 + (size_t)snprintf(text, sizeof text, "n%u version %u", number, name->version);
    const uint8_t head[] = { 0, (uint8_t)type, 0, 1, 0, 0, 1, 0x2c, 0, (uint8_t)count };
    memcpy(out + at, head, sizeof head);
    at += sizeof head;
    const uint8_t address[] = { 192, 0, 2, (uint8_t)name->version };
    if (type == TYPE_OF_TXT) {
        out[at] = (uint8_t)(count - 1);
        memcpy(out + at + 1, text, count - 1);
    } else {
        memcpy(out + at, address, sizeof address);
    }
    return at + count;
}

static bool call_resolver(const struct fake_chain *chain, uint32_t selector, const uint8_t *data, size_t bytes, uint8_t *out, size_t *length)
{
    const struct fake_name *name = bytes >= 36 ? find(chain, data + 4) : NULL;
    bool own = name && bytes >= 68 && memcmp(data + 36, name->owner_hash.octets, 32) == 0;
    uint8_t record[RECORD_ROOM];
    switch (selector) {
    case ENS_SUPPORTS_INTERFACE: return give_word(number_word(bytes >= 8 && data[4] != 0xff), out, length);
    case ENS_HAS_DNS_RECORDS: return give_word(number_word(own), out, length);
    case ENS_ADDR: case ENS_CONTENT: return give_word(number_word(0), out, length);
    case ENS_PUBKEY:
        memset(out, 0, 64);
        *length = 64;
        return true;
    case ENS_DNS_RECORD:
        if (own && bytes >= 100 && data[98] == 0 && (data[99] == TYPE_OF_A || data[99] == TYPE_OF_TXT))
            return give_bytes(record, write_record(chain, name, data[99], record), out, length);
        return give_bytes(NULL, 0, out, length);
    case ENS_TEXT: case ENS_ADDR_COIN: case ENS_CONTENTHASH: case ENS_ZONEHASH: case ENS_NAME: return give_bytes(NULL, 0, out, length);
    default: return false;
    }
}

bool fake_chain_call(const struct fake_chain *chain, const struct eth_address *to, const uint8_t *data, size_t bytes, uint8_t out[FAKE_RETURN_MAX], size_t *length)
{
    if (bytes < 4)
        return false;
    uint32_t selector = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
    *length = 0;
    if (eth_address_equal(to, &fake_resolver))
        return call_resolver(chain, selector, data, bytes, out, length);
    if (eth_address_equal(to, &fake_registrar) && selector == ENS_NAME_EXPIRES)
        return give_word(number_word(4102444800), out, length);
    if (!eth_address_equal(to, &fake_registry) || bytes < 36)
        return false;
    bool ours = find(chain, data + 4) != NULL, top = memcmp(data + 4, chain->eth.octets, 32) == 0;
    if (selector == ENS_RESOLVER)
        return give_word(ours ? address_word(&fake_resolver) : number_word(0), out, length);
    if (selector == ENS_OWNER)
        return give_word(ours ? address_word(&somebody) : top ? address_word(&fake_registrar) : number_word(0), out, length);
    return selector == ENS_TTL && give_word(number_word(0), out, length);
}

bool fake_chain_has_code(const struct eth_address *address)
{
    const struct eth_address *const all[] = { &fake_registry, &fake_registrar, &fake_resolver, &fake_multicall, &controller };
    for (size_t i = 0; i < LENGTH_OF(all); i++)
        if (eth_address_equal(address, all[i]))
            return true;
    return false;
}
