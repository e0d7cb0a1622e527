/* SPDX-License-Identifier: Apache-2.0 */
/* The contracts of Unstoppable Domains on public chains, and a source over one or two of them. */
#include "names/uns_inside.h"

static const struct deployment { uint64_t chain_id; const char *reader, *registry, *cns, *cns_resolver; } deployments[] = {
    { 1, "578853aa776Eef10CeE6c4dd2B5862bdcE767A8B", "049aba7510f45BA5b64ea9E658E342F904DB358D", "D1E5b0FF1287aA9f9A268759062E4Ab08b9Dacbe",
      "b66DcE2DA6afAAa98F2013446dBCB0f4B0ab2842" },
    { 137, "91EDd8708062bd4233f4Dd0FCE15A7cb4d500091", "a9a6A3626993D487d2Dbda3173cf58cA1a9D9e9f", NULL, NULL },
    { 146, "3756b465bd9cb1ab75cCaf6dabeA3ff8637b9e1E", "De1DAdcF11a7447C3D093e97FdbD513f488cE3b4", NULL, NULL },
    { 8453, "78c4b414e1abdf0de267deda01dffd4cd0817a16", "F6c1b83977DE3dEffC476f5048A0a84d3375d498", NULL, NULL },
    /* test networks: Sonic Blaze, Polygon Amoy, Base Sepolia, Sepolia */
    { 57054, "E71C6085FDE1e618139617975D5f71d2D8872d09", "fbD407210E3a597d391d4A05BcCeAed31DB14B83", NULL, NULL },
    { 80002, "109e7315189E476AB21166955a0fB9BE9b531BEc", "Ab005176D74900A9c25fDA144e2f9f329A409166", NULL, NULL },
    { 84532, "8Fc4DBA4A6F5AE8992E8f9B64D6d995BD3AfE2c4", "Ec353DCE22C2B97814608A6b2e44889506A4Aabf", NULL, NULL },
    { 11155111, "880F7D37E9E4EB6868F92F4bB9C8C0995178fdA9", "DD907B4d80B4a979fd77eE502580c55F2700292c", "Ab005176D74900A9c25fDA144e2f9f329A409166",
      "f8F0622A88eC688140890153191Db1713442618D" },
};

static const struct deployment *deployment_of(uint64_t chain_id)
{
    for (size_t i = 0; i < LENGTH_OF(deployments); i++)
        if (deployments[i].chain_id == chain_id)
            return &deployments[i];
    return NULL;
}

static struct eth_address address_of(const char *digits)
{
    struct eth_address address = { { 0 } };
    size_t length;
    if (digits && hex_decode(slice_string(digits), address.octets, sizeof address.octets, &length) != OK)
        address = (struct eth_address){ { 0 } };
    return address;
}

void uns_options_default(uint64_t layer2_id, uint64_t layer1_id, struct uns_options *out)
{
    const struct deployment *two = deployment_of(layer2_id), *one = deployment_of(layer1_id);
    *out = (struct uns_options){ 0 };
    if (two) {
        out->reader2 = address_of(two->reader);
        out->registry2 = address_of(two->registry);
    }
    if (one) {
        out->reader1 = address_of(one->reader);
        out->registry1 = address_of(one->registry);
        out->cns1 = address_of(one->cns);
    }
}

static void fill(struct eth_address *given, const struct eth_address *known)
{
    if (eth_address_is_zero(given))
        *given = *known;
}

/* Whoever names a reader of their own has a registry of their own too: what is known is taken as a whole. */
static void fill_in(struct uns_options *options)
{
    struct uns_options known;
    uns_options_default(options->layer2 ? chain_id(options->layer2) : 0, options->layer1 ? chain_id(options->layer1) : 0, &known);
    if (eth_address_is_zero(&options->reader2) || eth_address_equal(&options->reader2, &known.reader2)) {
        fill(&options->reader2, &known.reader2);
        fill(&options->registry2, &known.registry2);
    }
    if (eth_address_is_zero(&options->reader1) || eth_address_equal(&options->reader1, &known.reader1)) {
        fill(&options->reader1, &known.reader1);
        fill(&options->registry1, &known.registry1);
        fill(&options->cns1, &known.cns1);
    }
}

enum status uns_source_new(const struct uns_options *options, struct uns_source **out)
{
    struct uns_source *source = mem_alloc(sizeof *source);
    if (!source)
        return E_NOMEM;
    source->options = *options;
    fill_in(&source->options);
    const struct deployment *one = options->layer1 ? deployment_of(chain_id(options->layer1)) : NULL;
    source->cns_resolver = address_of(one ? one->cns_resolver : NULL);
    *out = source;
    return OK;
}

void uns_source_free(struct uns_source *source) { mem_free(source); }
const struct uns_options *uns_source_options(const struct uns_source *source) { return &source->options; }
