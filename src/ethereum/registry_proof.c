/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the ENS registry out of its storage: one eth_getProof for all nodes of a batch, held against the state root of the agreed
 * header.  It goes out beside the ordinary call, which has the answer for nodes that the registry has no record of: those it looks up
 * in the registry before it, whose storage nobody proves. */
#include "ethereum/state_batch.h"

#include "ethereum/proof.h"

#include <string.h>

static void add_word(struct text *out, const struct eth_word *word)
{
    text_add(out, "\"0x");
    text_add_hex(out, word->octets, sizeof word->octets, false);
    text_add_char(out, '"');
}

static bool is_first_of_node(const struct state_batch *batch, size_t read)
{
    for (size_t i = 0; i < read; i++) {
        if (state_is_proven(batch, i) && eth_word_equal(&batch->reads[i].word, &batch->reads[read].word))
            return false;
    }
    return true;
}

/* Of every node both slots, in the order in which nodes are met first. */
void registry_proof_write(struct text *out, const struct state_batch *batch)
{
    bool any = false;
    text_add(out, "[\"0x");
    text_add_hex(out, batch->registry.octets, sizeof batch->registry.octets, false);
    text_add(out, "\",[");
    for (size_t i = 0; i < batch->count; i++) {
        if (!state_is_proven(batch, i) || !is_first_of_node(batch, i))
            continue;
        for (unsigned second = 0; second < 2; second++) {
            struct eth_word slot = registry_slot(&batch->reads[i].word, second);
            if (any)
                text_add_char(out, ',');
            add_word(out, &slot);
            any = true;
        }
    }
    text_add_char(out, ']');
}

static bool prove_node(const struct proven_account *account, const struct eth_word *node, struct json_walk *walk, struct eth_word words[2])
{
    for (unsigned second = 0; second < 2; second++) {
        struct eth_word slot = registry_slot(node, second);
        if (!json_step(walk) || proof_slot(&account->storage_root, &slot, json_member(walk->value, "proof"), &words[second]) != OK)
            return false;
    }
    return true;
}

/* What the registry would return. */
static struct registry_proven field_of(const struct state_batch *batch, const struct state_read *read, const struct eth_word words[2])
{
    struct registry_proven out = { .state = REGISTRY_PROVEN };
    bool none = eth_word_is_zero(&words[0]);
    if (none && batch->fallback)
        return (struct registry_proven){ .state = REGISTRY_ELSEWHERE };
    if (read->field == REGISTRY_OWNER && memcmp(words[0].octets + 12, batch->registry.octets, 20) != 0)
        memcpy(out.word.octets + 12, words[0].octets + 12, 20);         /* its own address stands for "nobody" */
    else if (read->field == REGISTRY_RESOLVER)
        memcpy(out.word.octets + 12, words[1].octets + 12, 20);
    else if (read->field == REGISTRY_TTL)
        memcpy(out.word.octets + 24, words[1].octets + 4, 8);
    return out;
}

bool registry_proof_read(const struct state_batch *batch, struct json_view result, struct registry_proven *out)
{
    struct proven_account account;
    struct json_walk walk = json_walk(json_member(result, "storageProof"));
    if (proof_account(&batch->state_root, &batch->registry, json_member(result, "accountProof"), &account) != OK)
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        struct eth_word words[2];
        if (!state_is_proven(batch, i) || !is_first_of_node(batch, i))
            continue;
        if (!prove_node(&account, &batch->reads[i].word, &walk, words))
            return false;
        for (size_t k = i; k < batch->count; k++) {
            if (state_is_proven(batch, k) && eth_word_equal(&batch->reads[k].word, &batch->reads[i].word))
                out[k] = field_of(batch, &batch->reads[k], words);
        }
    }
    return true;
}
