/* SPDX-License-Identifier: Apache-2.0 */
#include "names/coin.h"
#include "names/coin_inside.h"

#include <string.h>

static const struct {
    coin_printer *print;
    coin_parser *parse;
} forms[FORM_COUNT] = {
    [FORM_EVM] = { evm_print, evm_parse },
    [FORM_RSK] = { rsk_print, rsk_parse },
    [FORM_WANCHAIN] = { wanchain_print, wanchain_parse },
    [FORM_SCRIPT] = { script_print, script_parse },
    [FORM_WITNESS] = { witness_print, witness_parse },
    [FORM_CASH] = { cash_print, cash_parse },
    [FORM_ZCASH] = { zcash_print, zcash_parse },
    [FORM_CHECK58] = { check58_print, check58_parse },
    [FORM_CHECK58_BARE] = { check58_bare_print, check58_bare_parse },
    [FORM_HORIZEN] = { horizen_print, horizen_parse },
    [FORM_RIPPLE] = { ripple_print, ripple_parse },
    [FORM_RAW58] = { raw58_print, raw58_parse },
    [FORM_RAW58_CHECKED] = { raw58_checked_print, raw58_checked_parse },
    [FORM_VELAS] = { velas_print, velas_parse },
    [FORM_WAVES] = { waves_print, waves_parse },
    [FORM_NEBULAS] = { nebulas_print, nebulas_parse },
    [FORM_NULS] = { nuls_print, nuls_parse },
    [FORM_TEZOS] = { tezos_print, tezos_parse },
    [FORM_AETERNITY] = { aeternity_print, aeternity_parse },
    [FORM_SS58] = { ss58_print, ss58_parse },
    [FORM_EOS] = { eos_print, eos_parse },
    [FORM_MONERO] = { monero_print, monero_parse },
    [FORM_BYTECOIN] = { bytecoin_print, bytecoin_parse },
    [FORM_ELECTRONEUM] = { electroneum_print, electroneum_parse },
    [FORM_BECH32] = { plain_bech32_print, plain_bech32_parse },
    [FORM_BECH32M] = { plain_bech32m_print, plain_bech32m_parse },
    [FORM_AVALANCHE] = { avalanche_print, avalanche_parse },
    [FORM_IOTA] = { iota_print, iota_parse },
    [FORM_HANDSHAKE] = { handshake_print, handshake_parse },
    [FORM_NERVOS] = { nervos_print, nervos_parse },
    [FORM_CARDANO] = { cardano_print, cardano_parse },
    [FORM_STELLAR] = { stellar_print, stellar_parse },
    [FORM_ALGORAND] = { algorand_print, algorand_parse },
    [FORM_NEM] = { nem_print, nem_parse },
    [FORM_NANO] = { nano_print, nano_parse },
    [FORM_FILECOIN] = { filecoin_print, filecoin_parse },
    [FORM_STACKS] = { stacks_print, stacks_parse },
    [FORM_NIMIQ] = { nimiq_print, nimiq_parse },
    [FORM_ARDOR] = { ardor_print, ardor_parse },
    [FORM_HEX] = { hex_print, hex_parse },
    [FORM_FLOW] = { flow_print, flow_parse },
    [FORM_STARKNET] = { starknet_print, starknet_parse },
    [FORM_SIA] = { sia_print, sia_parse },
    [FORM_ICON] = { icon_print, icon_parse },
    [FORM_BASE64URL] = { base64url_print, base64url_parse },
    [FORM_LISK] = { lisk_print, lisk_parse },
    [FORM_HEDERA] = { hedera_print, hedera_parse },
    [FORM_NEAR] = { near_print, near_parse },
};

static const struct coin_row evm_row = { .form = FORM_EVM, .least = 20, .most = 20 };
static const struct coin_row raw_row = { .form = FORM_HEX, .least = 1, .most = 255 };

/* Rows are sorted by type. */
static const struct coin_row *row_find(uint64_t type)
{
    size_t low = 0, high = coin_row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (coin_rows[middle].coin.type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return low < coin_row_count && coin_rows[low].coin.type == type ? &coin_rows[low] : NULL;
}

static bool is_chain(uint64_t type) { return type >= COIN_EVM_DEFAULT && type <= UINT32_MAX; }

/* Never NULL. */
static const struct coin_row *row_for(uint64_t type)
{
    const struct coin_row *row = row_find(type);
    return row ? row : is_chain(type) ? &evm_row : &raw_row;
}

const struct coin *coin_find(uint64_t type)
{
    const struct coin_row *row = row_find(type);
    return row ? &row->coin : NULL;
}

const struct coin *coin_at(size_t index) { return index < coin_row_count ? &coin_rows[index].coin : NULL; }

bool coin_is_evm(uint64_t type) { return row_for(type)->form == FORM_EVM; }

/* What people call some of them besides. */
static const struct { const char *alias, *name; } aliases[] = {
    { "arb", "arb1" }, { "arbitrum", "arb1" }, { "bitcoin-cash", "bch" }, { "bnbchain", "bsc" }, { "evm", "default" },
    { "ethereum-classic", "etc" }, { "optimism", "op" }, { "pol", "matic" }, { "scroll", "scr" }, { "xdai", "gno" },
};

enum status coin_find_by_name(struct slice name, uint64_t *type)
{
    for (size_t i = 0; i < LENGTH_OF(aliases); i++)
        if (slice_is_nocase(name, aliases[i].alias))
            name = slice_string(aliases[i].name);
    for (size_t i = 0; i < coin_row_count; i++) {
        const struct coin *coin = &coin_rows[i].coin;
        if (slice_is_nocase(name, coin->name) || slice_is_nocase(name, coin->title)) {
            *type = coin->type;
            return OK;
        }
    }
    enum status status = text_read_u64(name, INT64_MAX, type);
    return status == OK || status == E_RANGE ? status : E_NOT_FOUND;
}

enum status coin_print(uint64_t type, const uint8_t *bytes, size_t count, struct text *out)
{
    const struct coin_row *row = row_for(type);
    char room[COIN_TEXT_MAX + 1];
    struct text text;
    text_fixed(&text, room, sizeof room);
    if (row == &raw_row)            /* any length: nothing is known of it */
        return hex_print(row, bytes, count, out) == OK && !out->full ? OK : E_NO_SPACE;
    if (count < row->least || count > row->most)
        return E_BAD_FORMAT;
    enum status status = forms[row->form].print(row, bytes, count, &text);
    if (status != OK)
        return status;
    if (text.full)
        return E_BAD_FORMAT;
    text_add_bytes(out, text.data, text.length);
    return out->full ? E_NO_SPACE : OK;
}

enum status coin_parse(uint64_t type, struct slice text, uint8_t out[COIN_BYTES_MAX], size_t *length)
{
    const struct coin_row *row = row_for(type);
    struct coin_bytes bytes = { .length = 0 };
    if (text.length == 0 || text.length > COIN_TEXT_MAX)
        return E_BAD_TEXT;
    enum status status = forms[row->form].parse(row, text, &bytes);
    if (status != OK)
        return status;
    if (bytes.length < row->least || bytes.length > row->most)
        return E_BAD_TEXT;
    memcpy(out, bytes.data, bytes.length);
    *length = bytes.length;
    return OK;
}
