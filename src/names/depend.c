/* SPDX-License-Identifier: Apache-2.0 */
#include "names/depend.h"
#include "names/ens_selectors.h"

#include "base/random.h"
#include "ethereum/abi.h"

#include <string.h>

/* The words are hashes for the most part, which nobody chooses; the key is there for those that are not (token ids of foreign contracts).  It is
 * the same in every process: who finds two that collide wins a lookup too many. */
static const struct hash_key key = { UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344) };

uint64_t depend_key(uint64_t chain_id, const struct eth_address *contract, enum depend_kind kind, const struct eth_word *first, const struct eth_word *second)
{
    uint8_t octets[8 + 1 + sizeof *contract + 2 * sizeof *first] = { 0 };
    memcpy(octets, &chain_id, sizeof chain_id);
    octets[8] = (uint8_t)kind;
    memcpy(octets + 9, contract->octets, sizeof contract->octets);
    if (first)
        memcpy(octets + 9 + sizeof *contract, first->octets, sizeof first->octets);
    if (second)
        memcpy(octets + 9 + sizeof *contract + sizeof *first, second->octets, sizeof second->octets);
    return hash_bytes(&key, octets, sizeof octets);
}

static unsigned digit(char c) { return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10; }

static bool topic_is(const struct eth_word *topic, const char *digits)
{
    for (size_t i = 0; i < sizeof topic->octets; i++)
        if (topic->octets[i] != (digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1])))
            return false;
    return true;
}

enum event {
#define EVENT(name, digits, signature) EVENT_##name,
    ENS_TOPICS(EVENT)
#undef EVENT
    EVENT_OTHER
};

static enum event event_of(const struct eth_word *topic)
{
#define EVENT(name, digits, signature) digits,
    static const char *const topics[] = { ENS_TOPICS(EVENT) };
#undef EVENT
    for (unsigned i = 0; i < LENGTH_OF(topics); i++)
        if (topic_is(topic, topics[i]))
            return (enum event)i;
    return EVENT_OTHER;
}

/* Ids of tokens in the data of TransferBatch: one key each. */
static size_t from_batch(uint64_t chain_id, const struct chain_log *log, uint64_t keys[DEPEND_LOG_KEYS])
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, log->data);
    size_t count;
    struct abi_reader ids = abi_read_array(&reader, 1, &count);
    if (!abi_ok(&input) || count > DEPEND_LOG_KEYS)
        return SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        struct eth_word id = abi_read_word(&ids);
        keys[i] = depend_key(chain_id, &log->address, DEPEND_NODE, &id, NULL);
    }
    return abi_ok(&input) ? count : SIZE_MAX;
}

static size_t from_single(uint64_t chain_id, const struct chain_log *log, uint64_t keys[DEPEND_LOG_KEYS])
{
    struct abi_input input;
    struct abi_reader reader = abi_reader_of(&input, log->data);
    struct eth_word id = abi_read_word(&reader);
    if (!abi_ok(&input))
        return SIZE_MAX;
    keys[0] = depend_key(chain_id, &log->address, DEPEND_NODE, &id, NULL);
    return 1;
}

size_t depend_from_log(uint64_t chain_id, const struct chain_log *log, uint64_t keys[DEPEND_LOG_KEYS])
{
    const struct eth_word *topics = log->topics;
    if (log->topic_count == 0)
        return 0;
    enum event event = event_of(&topics[0]);
    switch (event) {
    case EVENT_TRANSFER_SINGLE: return from_single(chain_id, log, keys);
    case EVENT_TRANSFER_BATCH: return from_batch(chain_id, log, keys);
    case EVENT_UPGRADED:
    case EVENT_BEACON_UPGRADED:
        keys[0] = depend_key(chain_id, &log->address, DEPEND_CODE, NULL, NULL);
        return 1;
    default: break;
    }
    if (log->topic_count < 2)
        return 0;
    if (event == EVENT_NEW_OWNER && log->topic_count == 3)
        keys[0] = depend_key(chain_id, &log->address, DEPEND_LABEL, &topics[1], &topics[2]);
    else if (event == EVENT_TRANSFER_TOKEN && log->topic_count == 4)
        keys[0] = depend_key(chain_id, &log->address, DEPEND_TOKEN, &topics[3], NULL);
    else
        keys[0] = depend_key(chain_id, &log->address, DEPEND_NODE, &topics[1], NULL);
    return 1;
}
