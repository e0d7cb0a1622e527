/* SPDX-License-Identifier: Apache-2.0 */
/* Records that nobody wrote as such: made of content hashes, text records, addresses of coins, primary names. */
#include "names/coin.h"
#include "names/contenthash.h"
#include "names/label.h"
#include "names/vzone_inside.h"

#include <ctype.h>
#include <string.h>

/* The content hash is the looked-up name's own: it is the one that has the resolver, or an ancestor's resolver answers for it. */
bool made_from_content(const struct facts *facts)
{
    return name_equal(facts->name, zone_of(facts)) || (facts->ens && facts->e.wildcard);
}

void made_add_dnslink(struct making *m, const struct facts *facts, struct name_view owner)
{
    char buffer[CONTENT_TEXT_MAX + 16];
    struct text text;
    const struct slice *value = &facts->content.value;
    if (!made_from_content(facts))
        return;
    if (fact_is_bad(&facts->content)) {
        making_fact_failed(m, TYPE_TXT, &facts->content);
        return;
    }
    if (facts->content.state != FACT_PRESENT)
        return;
    text_fixed(&text, buffer, sizeof buffer);
    text_add(&text, "dnslink=");
    if (contenthash_dnslink((const uint8_t *)value->data, value->length, &text) == OK && !text.full)
        making_add_txt(m, owner, SYNTHETIC_TTL, slice_of(text.data, text.length));
}

static bool has_addresses(const struct making *m, const struct facts *facts)
{
    (void)m;
    return records_have(facts, facts->name, TYPE_A) || records_have(facts, facts->name, TYPE_AAAA);
}

static size_t hint_write(const struct mount_options *mount, unsigned family, uint16_t key, uint8_t *out, size_t room)
{
    size_t octets = family == 4 ? 4 : 16, at = 4;
    for (size_t i = 0; i < mount->gateway_count; i++) {
        if (mount->gateways[i].family != family || at + octets > room)
            continue;
        memcpy(out + at, mount->gateways[i].bytes, octets);
        at += octets;
    }
    if (at == 4)
        return 0;
    put_u16(out, key);
    put_u16(out + 2, (uint16_t)(at - 4));
    return at;
}

/* RFC 9460: `1 . alpn=h2` and the addresses as hints. */
static void add_https(struct making *m, struct name_view owner)
{
    enum { HINTS_ROOM = 256 };
    uint8_t rdata[16 + 2 * HINTS_ROOM] = { 0, 1, 0, 0, 1, 0, 3, 2, 'h', '2' };
    size_t at = 10;
    at += hint_write(m->mount, 4, 4, rdata + at, HINTS_ROOM);
    at += hint_write(m->mount, 6, 6, rdata + at, HINTS_ROOM);
    making_add(m, owner, TYPE_HTTPS, SYNTHETIC_TTL, rdata, at);
}

void made_add_gateways(struct making *m, const struct facts *facts, struct name_view owner)
{
    static const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_HTTPS };
    if (m->mount->gateway_count == 0 || !made_from_content(facts) || has_addresses(m, facts))
        return;
    const struct fact_records *a = facts_records(facts, facts->name, TYPE_A), *aaaa = facts_records(facts, facts->name, TYPE_AAAA);
    const struct fact *bad = fact_is_bad(&facts->content) ? &facts->content : a != NULL && fact_is_bad(&a->fact) ? &a->fact
                           : aaaa != NULL && fact_is_bad(&aaaa->fact) ? &aaaa->fact : NULL;
    if (bad != NULL) {                  /* whether there are addresses is not known */
        for (size_t i = 0; i < LENGTH_OF(types); i++)
            if (!records_have(facts, facts->name, types[i]))
                making_fact_failed(m, types[i], bad);
        return;
    }
    struct content_hash content;
    const struct slice *value = &facts->content.value;
    if (facts->content.state != FACT_PRESENT || contenthash_read((const uint8_t *)value->data, value->length, &content) != OK || content.protocol == CONTENT_NONE)
        return;
    for (size_t i = 0; i < m->mount->gateway_count; i++) {
        const struct address *gateway = &m->mount->gateways[i];
        making_add(m, owner, gateway->family == 4 ? TYPE_A : TYPE_AAAA, SYNTHETIC_TTL, gateway->bytes, gateway->family == 4 ? 4 : 16);
    }
    if (!records_have(facts, facts->name, TYPE_HTTPS))
        add_https(m, owner);
}

static size_t string_put(uint8_t *out, const char *data, size_t length)
{
    out[0] = (uint8_t)length;
    memcpy(out + 1, data, length);
    return 1 + length;
}

/* A coin's short name in capitals and its address, each a character-string. */
static void add_coin(struct making *m, const struct fact_coin *coin, struct name_view owner)
{
    uint8_t rdata[2 * 256];
    char buffer[COIN_TEXT_MAX + 1], ticker[32];
    struct text text;
    const struct coin *known = coin_find(coin->coin);
    const struct slice *value = &coin->fact.value;
    text_fixed(&text, buffer, sizeof buffer);
    if (known == NULL || coin_print(coin->coin, (const uint8_t *)value->data, value->length, &text) != OK || text.full || text.length > 255)
        return;
    size_t length = strlen(known->name) < sizeof ticker ? strlen(known->name) : sizeof ticker - 1;
    for (size_t i = 0; i < length; i++)
        ticker[i] = (char)toupper((unsigned char)known->name[i]);
    size_t at = string_put(rdata, ticker, length);
    at += string_put(rdata + at, text.data, text.length);
    making_add(m, owner, TYPE_WALLET, SYNTHETIC_TTL, rdata, at);
}

void made_add_wallet(struct making *m, const struct facts *facts, struct name_view owner)
{
    if (!made_from_content(facts) || records_have(facts, facts->name, TYPE_WALLET))
        return;
    for (size_t i = 0; i < facts->coin_count; i++) {
        const struct fact_coin *coin = &facts->coins[i];
        if (fact_is_bad(&coin->fact))
            making_fact_failed(m, TYPE_WALLET, &coin->fact);
        else if (coin->fact.state == FACT_PRESENT && coin->fact.value.length > 0)
            add_coin(m, coin, owner);
    }
}

void made_add_text(struct making *m, const struct facts *facts, struct slice key, struct name_view owner)
{
    (void)key;
    for (size_t i = 0; made_from_content(facts) && i < facts->text_count; i++) {
        const struct fact *fact = &facts->texts[i].fact;
        if (fact_is_bad(fact))
            making_rest_failed(m, fact->failure, fact->reason);
        else if (fact->state == FACT_PRESENT && fact->value.length > 0)
            making_add_txt(m, owner, SYNTHETIC_TTL, fact->value);
    }
}

void made_add_pointer(struct making *m, const struct facts *facts, struct name_view owner)
{
    struct name target, mapped;
    if (facts->unicode.length == 0 || label_name_to_dns(facts->unicode, name_root, &target) != OK ||
        !tree_to_dns(m->mount, name_view_of(&target), &mapped)) {
        making_rest_failed(m, CHAIN_FAILURE_NONE, "the primary name is too long for the DNS");
        return;
    }
    making_add(m, owner, TYPE_PTR, SYNTHETIC_TTL, mapped.wire, mapped.length);
}
