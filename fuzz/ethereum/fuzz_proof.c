/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and proofs that a node may send: read without a crash, and a header that counts as verified has the hash that it says. */
#include "ethereum/header.h"
#include "ethereum/proof.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct eth_word root = { { 1 } }, slot = { { 2 } };
    static const struct eth_address address = { { 3 } };
    struct json_view view;
    struct chain_header header;
    struct proven_account account = { .exists = true };
    struct eth_word word;
    if (json_read((const char *)data, size, 1 << 20, &view) != OK)
        return 0;
    if (header_check(view, &header) == OK && header.verified)
        assert(!eth_word_is_zero(&header.block.hash));
    struct json_view nodes = json_kind(view) == JSON_OBJECT ? json_member(view, "proof") : view;
    /* Nobody finds nodes whose hash is this. */
    assert(proof_account(&root, &address, nodes, &account) != OK);
    assert(proof_slot(&root, &slot, nodes, &word) != OK);
    return 0;
}
