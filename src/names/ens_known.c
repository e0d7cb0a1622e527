/* SPDX-License-Identifier: Apache-2.0 */
#include "names/ens_known.h"
#include "names/ens_want.h"

#include <string.h>

#define BIT(profile) (1u << ENS_PROFILE_##profile)

enum {
    GRACE_SECONDS = 90 * 86400,
    MAINNET = 1, SEPOLIA = 11155111,
    /* Since 2019: all but what came before contenthash. */
    PUBLIC = BIT(ADDR) | BIT(COIN) | BIT(TEXT) | BIT(CONTENT) | BIT(PUBKEY) | BIT(NAME) | BIT(DNS) | BIT(ZONEHASH),
    PUBLIC_2019 = PUBLIC & ~BIT(ZONEHASH),
    /* Of 2017 and 2018.  They burn all their gas when they are asked for what they have not, so it matters. */
    EARLY = BIT(ADDR) | BIT(TEXT) | BIT(PUBKEY) | BIT(NAME) | BIT(CONTENT_OLD),
    EARLY_2018 = EARLY | BIT(MULTIHASH)
};

/* Addresses of contracts that are no proxies do not change what they do.  Codes with addresses of their chain inside (since 2022) have no hash that
 * would serve for another chain, so these stand here by address. */
static const struct { uint32_t chain; const char *address; uint32_t profiles; } addresses[] = {
    { MAINNET, "f29100983e058b709f3d539b0c765937b804ac15", PUBLIC },
    { MAINNET, "231b0ee14048e9dccd1d247744d114a4eb5e8e63", PUBLIC },
    { MAINNET, "4976fb03c32e5b8cfe2b6ccb31c09ba78ebaba41", PUBLIC },
    { MAINNET, "226159d592e2b063810a10ebf6dcbada94ed68b8", PUBLIC_2019 },
    { MAINNET, "5ffc014343cd971b7eb70732021e26c35b744cc4", EARLY_2018 },
    { MAINNET, "1da022710df5002339274aadee8d58218e9d6ab5", EARLY },
    { SEPOLIA, "e99638b40e4fff0129d56f03b55b6bbc4bbe49b5", PUBLIC },
    { SEPOLIA, "8fade66b79cc9f707ab26799354482eb93a5b7dd", PUBLIC },
    { SEPOLIA, "8948458626811dd0c23eb25cc74291247077cc51", PUBLIC },
    { SEPOLIA, "0ceec524b2807841739d3b5e161f5bf1430ffa48", PUBLIC },
};

/* Keccak-256 of the code, without such addresses inside: as compiled in the packages of its makers. */
static const struct { const char *hash; uint32_t profiles; } codes[] = {
    { "853c0608c22117d3598c3035c2b948601165e58bca12587476de5d6f2c7dd78d", PUBLIC },                /* @ensdomains/resolver 0.3.1, PublicResolver */
    { "f2f9eb84986e6d8cbbc20c817459ddf8058cf3f39b4e1a99722b176cbb5657a7", PUBLIC },                /* the same, OwnedResolver */
    { "472e20f5cf6f889a0b03ed0b75c9831692727e65d353eb23555c1520e5c71676", BIT(NAME) },             /* the same, DefaultReverseResolver */
    { "2f4f1e826045d62a1845555450f35b00db6babe188a8c6cd02ab82fb6afd1f99", PUBLIC_2019 },           /* @ensdomains/ethregistrar 2.0.5, PublicResolver */
};

static bool is_hex(const uint8_t *octets, size_t count, const char *hex)
{
    uint8_t wanted[32];
    size_t length = 0;
    return hex_decode(slice_string(hex), wanted, sizeof wanted, &length) == OK && length == count && memcmp(octets, wanted, count) == 0;
}

uint32_t ens_known_address(const struct ens_options *options, uint64_t chain_id, const struct eth_address *address)
{
    if (eth_address_equal(&options->public_resolver, address) && !eth_address_is_zero(address))
        return PUBLIC;
    for (size_t i = 0; i < options->known_resolver_count; i++)
        if (eth_address_equal(&options->known_resolvers[i], address))
            return PUBLIC;
    for (size_t i = 0; i < LENGTH_OF(addresses); i++)
        if (addresses[i].chain == chain_id && is_hex(address->octets, sizeof address->octets, addresses[i].address))
            return addresses[i].profiles;
    return 0;
}

uint32_t ens_known_code(const struct eth_word *hash)
{
    for (size_t i = 0; i < LENGTH_OF(codes); i++)
        if (is_hex(hash->octets, sizeof hash->octets, codes[i].hash))
            return codes[i].profiles;
    return 0;
}

bool ens_no_code(const struct eth_word *hash) { return is_hex(hash->octets, sizeof hash->octets, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"); }

/* ---- addresses of public chains ---- */

static void put(struct eth_address *out, const char *hex)
{
    size_t length = 0;
    enum status status = hex_decode(slice_string(hex), out->octets, sizeof out->octets, &length);
    require(status == OK && length == sizeof out->octets);
}

static void mainnet(struct ens_options *out)
{
    put(&out->universal_resolver, "eeeeeeee14d718c2b47d9923deab1335e144eeee");
    put(&out->name_wrapper, "d4416b13d2b3a9abae7acd5d6c2bbdbe25686401");
    put(&out->reverse_registrar, "a58e81fe9b61b5c3fe2afd33cf304c454abfc7cb");
    put(&out->public_resolver, "f29100983e058b709f3d539b0c765937b804ac15");
    put(&out->controllers[0], "59e16fccd424cc24e280be16e11bcd56fb0ce547");
    put(&out->controllers[1], "253553366da8546fc250f225fe3d25d0c782303b");
    put(&out->controllers[2], "283af0b28c62c092c9727f1ee09c02ca627eb7f5");
    out->controller_count = 3;
}

static void sepolia(struct ens_options *out)
{
    put(&out->registry_old, "94f523b8261b815b87effcf4d18e6abef18d6e4b");
    put(&out->universal_resolver, "eeeeeeee14d718c2b47d9923deab1335e144eeee");
    put(&out->name_wrapper, "0635513f179d50a207757e05759cbd106d7dfce8");
    put(&out->reverse_registrar, "a0a1abcdae1a2a4a2ef8e9113ff0e02dd81dc0c6");
    put(&out->public_resolver, "e99638b40e4fff0129d56f03b55b6bbc4bbe49b5");
    put(&out->controllers[0], "fb3ce5d01e0f33f41dbb39035db9745962f1f968");
    put(&out->controllers[1], "fed6a969aaa60e4961fcd3ebf1a2e8913ac65b72");
    put(&out->controllers[2], "7e02892cfc2bfd53a75275451d73cf620e793fc0");
    out->controller_count = 3;
}

void ens_options_default(uint64_t chain_id, struct ens_options *out)
{
    *out = (struct ens_options){ .grace_seconds = GRACE_SECONDS };
    put(&out->registry, "00000000000c2e074ec69a0dfb2997ba6c7d2e1e");
    put(&out->registry_old, "314159265dd8dbb310642f98f50c066173c1259b");
    if (chain_id != MAINNET && chain_id != SEPOLIA)
        return;
    put(&out->base_registrar, "57f1887a8bf19b14fc0df6fd9b2acc9af147ea85");
    if (chain_id == MAINNET)
        mainnet(out);
    else
        sepolia(out);
}
