/* SPDX-License-Identifier: Apache-2.0 */
/* Events by their signatures: what each is called and how its arguments are shown. */
#include "tools/name_events.h"

#include <string.h>

#include "ethereum/abi.h"
#include "names/coin.h"
#include "names/contenthash.h"

/* How an argument that is not the name itself is shown (in place of each %), one letter each, in the order of the signature; `i` before those that are topics:
 * a address, n number, t time, w ether, s text, c coin, x address of that coin, h content hash, d records, o owner name in wire form, T type, f fuses, . not shown */
static const struct kind { const char *signature, *shown, *event, *words; enum event_weight weight; } kinds[] = {
    { "NewOwner(bytes32,bytes32,address)", "i.i.a", "owner in the registry", "%", EVENT_OWNER },
    { "Transfer(bytes32,address)", "i.a", "owner in the registry", "%", EVENT_OWNER },
    { "NewResolver(bytes32,address)", "i.a", "resolver", "%", EVENT_RECORD },
    { "NewTTL(bytes32,uint64)", "i.n", "registry ttl", "% s", EVENT_RECORD },
    { "NameRegistered(uint256,address,uint256)", "i.iat", "registered", "to % until %", EVENT_LIFE },
    { "NameRenewed(uint256,uint256)", "i.t", "renewed", "until %", EVENT_LIFE },
    { "NameRegistered(string,bytes32,address,uint256,uint256)", "si.iawt", "registration paid", "% for %, %, until %", EVENT_LIFE },
    { "NameRegistered(string,bytes32,address,uint256,uint256,uint256)", "si.iawwt", "registration paid", "% for %, % and a premium of %, until %", EVENT_LIFE },
    { "NameRegistered(string,bytes32,address,uint256,uint256,uint256,bytes32)", "si.iawwt.", "registration paid", "% for %, % and a premium of %, until %", EVENT_LIFE },
    { "NameRenewed(string,bytes32,uint256,uint256)", "si.wt", "renewal paid", "%, %, until %", EVENT_LIFE },
    { "NameRenewed(string,bytes32,uint256,uint256,bytes32)", "si.wt.", "renewal paid", "%, %, until %", EVENT_LIFE },
    { "Transfer(address,address,uint256)", "iaiai.", "token", "from % to %", EVENT_OWNER },
    { "AddrChanged(bytes32,address)", "i.a", "address", "%", EVENT_RECORD },
    { "AddressChanged(bytes32,uint256,bytes)", "i.cx", "address of coin", "% %", EVENT_RECORD },
    { "TextChanged(bytes32,string,string)", "i.i.s", "text", "% (changed)", EVENT_RECORD },
    { "TextChanged(bytes32,string,string,string)", "i.i.ss", "text", "% = %", EVENT_RECORD },
    { "ContenthashChanged(bytes32,bytes)", "i.h", "content hash", "%", EVENT_RECORD },
    { "DNSRecordChanged(bytes32,bytes,uint16,bytes)", "i.oTd", "DNS records", "% % %", EVENT_RECORD },
    { "DNSRecordDeleted(bytes32,bytes,uint16)", "i.oT", "DNS records removed", "% %", EVENT_RECORD },
    { "DNSZoneCleared(bytes32)", "i.", "all DNS records removed", "", EVENT_RECORD },
    { "DNSZonehashChanged(bytes32,bytes,bytes)", "i..h", "zone hash", "%", EVENT_RECORD },
    { "ABIChanged(bytes32,uint256)", "i.in", "ABI", "%", EVENT_RECORD },
    { "NameChanged(bytes32,string)", "i.s", "reverse name", "%", EVENT_RECORD },
    { "PubkeyChanged(bytes32,bytes32,bytes32)", "i...", "public key", "", EVENT_RECORD },
    { "VersionChanged(bytes32,uint64)", "i.n", "all records removed", "version %", EVENT_RECORD },
    { "NameWrapped(bytes32,bytes,address,uint32,uint64)", "i..aft", "wrapped", "for %, fuses %, until %", EVENT_OWNER },
    { "NameUnwrapped(bytes32,address)", "i.a", "unwrapped", "for %", EVENT_OWNER },
    { "FusesSet(bytes32,uint32)", "i.f", "fuses", "%", EVENT_OWNER },
    { "ExpiryExtended(bytes32,uint64)", "i.t", "wrapper expiry", "%", EVENT_LIFE },
    { "TransferSingle(address,address,address,uint256,uint256)", "i.iaia..", "wrapped token", "from % to %", EVENT_OWNER },
    { "Set(uint256,string,string,string,string)", "i.i.i.ss", "record", "% = %", EVENT_RECORD },
    { "ResetRecords(uint256)", "i.", "all records removed", "", EVENT_RECORD },
    { "NewURI(uint256,string)", "i.s", "minted", "%", EVENT_LIFE },
    { "SetExpiry(uint256,uint64)", "i.t", "expires", "%", EVENT_LIFE },
};

struct show { struct chain_tool *tool; struct text text; uint64_t coin; const char *words; };

static void clean_add(struct show *s, struct slice data)
{
    text_add(&s->text, name_clean(s->tool, slice_of(data.data, data.length > 300 ? 300 : data.length)));
    text_add(&s->text, data.length > 300 ? "..." : "");
}

static void hex_add(struct show *s, struct slice data)
{
    text_add(&s->text, name_hex(s->tool, data.data, data.length > 40 ? 40 : data.length));
    text_add(&s->text, data.length > 40 ? "..." : "");
}

static void octets_show(struct show *s, char how, struct slice data)
{
    size_t before = s->text.length;
    const uint8_t *octets = (const uint8_t *)data.data;
    if (data.length == 0) {
        text_add(&s->text, "removed");
        return;
    }
    if (how == 'x' && coin_print(s->coin, octets, data.length, &s->text) == OK && s->text.length > before)
        return;
    if (how == 'h' && contenthash_print(octets, data.length, &s->text) == OK && s->text.length > before)
        return;
    hex_add(s, data);
}

static bool owner_show(struct show *s, struct slice data)
{
    struct cursor c = { (const uint8_t *)data.data, (const uint8_t *)data.data, (const uint8_t *)data.data + data.length, false };
    struct name_view owner;
    if (name_read_plain(&c, &owner) != OK)
        return false;
    name_print(&s->text, owner);
    return true;
}

/* Records in wire form: what follows the owner, the first few. */
static void records_show(struct show *s, struct slice data)
{
    struct cursor c = { (const uint8_t *)data.data, (const uint8_t *)data.data, (const uint8_t *)data.data + data.length, false };
    const struct rdata_style style = { 0 };
    struct name_view owner;
    for (int i = 0; i < 4 && c.pos < c.end && name_read_plain(&c, &owner) == OK; i++) {
        uint16_t type = cursor_u16(&c), klass = cursor_u16(&c);
        (void)cursor_u32(&c);
        uint16_t size = cursor_u16(&c);
        const uint8_t *rdata = cursor_take(&c, size);
        if (rdata == NULL)
            break;
        text_add(&s->text, i > 0 ? ", " : "");
        rdata_print(&s->text, type, klass, rdata, size, &style);
    }
}

/* The words in front of the next value. */
static void words_add(struct show *s)
{
    size_t length = strcspn(s->words, "%");
    text_add_bytes(&s->text, s->words, length);
    s->words += length + (s->words[length] != 0);
}

static void value_show(struct show *s, char how, struct abi_reader *reader)
{
    char when[NAME_TIME_ROOM];
    const struct coin *coin;
    struct eth_address address;
    if (how != '.')
        words_add(s);
    switch (how) {
    case 'a':
        address = abi_read_address(reader);
        text_add(&s->text, eth_address_is_zero(&address) ? "nobody" : name_address(s->tool, &address));
        break;
    case 'n': u256_print(&s->text, abi_read_u256(reader)); break;
    case 't': text_add(&s->text, name_time(abi_read_u64(reader), when)); break;
    case 'w': text_add(&s->text, name_ether(s->tool, abi_read_u256(reader))); break;
    case 's': clean_add(s, abi_read_bytes(reader)); break;
    case 'c':
        s->coin = abi_read_u64(reader);
        coin = coin_find(s->coin);
        if (coin != NULL)
            text_add(&s->text, coin->name);
        else
            text_add_u64(&s->text, s->coin);
        break;
    case 'f': name_fuses_print((uint32_t)abi_read_u64(reader), &s->text); break;
    case 'T': type_print(&s->text, (uint16_t)abi_read_u64(reader)); break;
    case 'o':
        if (!owner_show(s, abi_read_bytes(reader)))
            text_add_char(&s->text, '?');
        break;
    case 'd': records_show(s, abi_read_bytes(reader)); break;
    case 'x': case 'h': octets_show(s, how, abi_read_bytes(reader)); break;
    default: (void)abi_read_word(reader); break;
    }
}

bool name_event_read(struct chain_tool *tool, const struct name_log *log, struct name_event_text *out)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; i < LENGTH_OF(kinds) && kind == NULL && log->topic_count > 0; i++) {
        size_t topics = 1;
        for (const char *p = kinds[i].shown; *p != 0; p++)
            topics += *p == 'i';
        if (topics != log->topic_count)
            continue;
        struct eth_word topic = name_event(kinds[i].signature);
        if (eth_word_equal(&topic, &log->topics[0]))
            kind = &kinds[i];
    }
    if (kind == NULL)
        return false;
    struct show s = { .tool = tool, .coin = UINT64_MAX, .words = kind->words };
    struct abi_input input, topic_input;
    struct abi_reader data = abi_reader_of(&input, log->data);
    size_t topic = 1;
    text_growing(&s.text);
    for (const char *p = kind->shown; *p != 0; p++) {
        if (*p != 'i') {
            value_show(&s, *p, &data);
            continue;
        }
        p++;
        struct abi_reader one = abi_reader_of(&topic_input, slice_of((const char *)log->topics[topic++].octets, 32));
        value_show(&s, *p, &one);
    }
    words_add(&s);
    out->event = kind->event;
    out->weight = kind->weight;
    out->detail = s.text.full ? "?" : arena_string(tool->arena, abi_ok(&input) ? (s.text.length > 0 ? s.text.data : "") : "(does not decode)");
    text_clear(&s.text);
    return out->detail != NULL;
}
