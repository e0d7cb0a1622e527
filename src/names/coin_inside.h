/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of addresses, inside the room.  Each form has a printer and a parser; a row of the table says which, and with
 * what prefix, versions and lengths. */
#ifndef NAMES_COIN_INSIDE_H
#define NAMES_COIN_INSIDE_H

#include "names/coin.h"

enum coin_form {
    FORM_EVM, FORM_RSK, FORM_WANCHAIN,          /* 20 octets, 0x, letter case is a checksum */
    FORM_SCRIPT,                                /* Bitcoin's scripts: base58check; bech32 where there is a prefix */
    FORM_WITNESS,                               /* witness programs only */
    FORM_CASH,                                  /* scripts as CashAddr; base58check is read */
    FORM_ZCASH,                                 /* scripts; anything else is bech32 */
    FORM_CHECK58,                               /* base58check, the version is stored */
    FORM_CHECK58_BARE,                          /* base58check, the version is not stored */
    FORM_HORIZEN,                               /* base58check with versions of two octets */
    FORM_RIPPLE,                                /* base58check in Ripple's alphabet */
    FORM_RAW58, FORM_RAW58_CHECKED,             /* base58 of what is stored; checked: it ends in four octets of sha256d */
    /* base58 with checks of their own */
    FORM_VELAS, FORM_WAVES, FORM_NEBULAS, FORM_NULS, FORM_TEZOS, FORM_AETERNITY, FORM_SS58, FORM_EOS,
    FORM_MONERO, FORM_BYTECOIN, FORM_ELECTRONEUM,
    FORM_BECH32, FORM_BECH32M, FORM_AVALANCHE, FORM_IOTA, FORM_HANDSHAKE, FORM_NERVOS, FORM_CARDANO,
    FORM_STELLAR, FORM_ALGORAND, FORM_NEM, FORM_NANO, FORM_FILECOIN, FORM_STACKS, FORM_NIMIQ, FORM_ARDOR,   /* base32 */
    FORM_HEX, FORM_FLOW, FORM_STARKNET, FORM_SIA, FORM_ICON,
    FORM_BASE64URL, FORM_LISK, FORM_HEDERA, FORM_NEAR,
    FORM_COUNT
};

enum { ANY_VERSION = 0xffff };

struct coin_row {
    struct coin coin;
    enum coin_form form;
    const char *prefix;         /* of bech32, or what stands in front of the text */
    uint16_t version[3];        /* FORM_SCRIPT: key hash, script hash, another script hash that is read (or 0); a version
                                   over 0xff is two octets.  Else: the first octet of base58check, or ANY_VERSION */
    uint8_t least, most;        /* octets stored */
};

extern const struct coin_row coin_rows[];
extern const size_t coin_row_count;

/* What a parser makes. */
struct coin_bytes { uint8_t data[COIN_BYTES_MAX]; size_t length; };

/* A form.  Printers get 1..COIN_BYTES_MAX octets, of a length that the row allows; what they append may be cut off: the
 * caller sees `full`.  Parsers need not check the row's length: the caller does. */
typedef enum status coin_printer(const struct coin_row *row, const uint8_t *bytes, size_t count, struct text *out);
typedef enum status coin_parser(const struct coin_row *row, struct slice text, struct coin_bytes *out);

/* coin_script.c */
coin_printer script_print, witness_print, cash_print, zcash_print, check58_print, check58_bare_print, horizen_print, ripple_print;
coin_parser script_parse, witness_parse, cash_parse, zcash_parse, check58_parse, check58_bare_parse, horizen_parse, ripple_parse;
/* coin_base58.c */
coin_printer raw58_print, raw58_checked_print, velas_print, waves_print, nebulas_print, nuls_print, tezos_print, aeternity_print,
    ss58_print, eos_print, monero_print, bytecoin_print, electroneum_print;
coin_parser raw58_parse, raw58_checked_parse, velas_parse, waves_parse, nebulas_parse, nuls_parse, tezos_parse, aeternity_parse,
    ss58_parse, eos_parse, monero_parse, bytecoin_parse, electroneum_parse;
/* coin_bech32.c */
coin_printer plain_bech32_print, plain_bech32m_print, avalanche_print, iota_print, handshake_print, nervos_print, cardano_print;
coin_parser plain_bech32_parse, plain_bech32m_parse, avalanche_parse, iota_parse, handshake_parse, nervos_parse, cardano_parse;
/* coin_base32.c */
coin_printer stellar_print, algorand_print, nem_print, nano_print, filecoin_print, stacks_print, nimiq_print, ardor_print;
coin_parser stellar_parse, algorand_parse, nem_parse, nano_parse, filecoin_parse, stacks_parse, nimiq_parse, ardor_parse;
/* coin_hex.c */
coin_printer evm_print, rsk_print, wanchain_print, hex_print, flow_print, starknet_print, sia_print, icon_print,
    base64url_print, lisk_print, hedera_print, near_print;
coin_parser evm_parse, rsk_parse, wanchain_parse, hex_parse, flow_parse, starknet_parse, sia_parse, icon_parse,
    base64url_parse, lisk_parse, hedera_parse, near_parse;

/* Base58check over a payload (version included); shared by the files above. */
enum status check58_write(const char *alphabet, const uint8_t *payload, size_t count, struct text *out);
/* @return OK, E_BAD_TEXT, E_INVALID (checksum) */
enum status check58_read(const char *alphabet, struct slice text, struct coin_bytes *out);
/* Whether text begins with a prefix; if so it is taken off. */
bool take_prefix(struct slice *text, const char *prefix);

#endif
