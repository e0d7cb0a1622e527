/* SPDX-License-Identifier: Apache-2.0 */
/* Small zones from whatever facts the input makes up: they are built, or say which names of the mount they want; every type that they know is answered, and no
 * answer tells a private address or an owner outside the mount; a name that could not be looked up is never told as absent. */
#include "answer/answer.h"
#include "names/vzone.h"
#include "wire/rdata.h"

#include <stdlib.h>
#include <string.h>

static void need(bool condition)
{
    if (!condition)
        abort();
}
enum { RECORDS = 12, OWNERS = 6, FACTS = 3 };

static const uint8_t *input;
static size_t left;

static uint8_t next(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

static const char long_name[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.a.eth.";
static const char *const names[] = { "a.eth.", "w.a.eth.", "*.a.eth.", "x.w.a.eth.", "*.w.a.eth.", "b.eth.", "w.b.eth.", "eth.", "ns.w.a.eth.", "www.example.com.", "_dnslink.a.eth.", long_name };
static const uint16_t types[] = { TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_CNAME, TYPE_NS, TYPE_SOA, TYPE_DNAME, TYPE_MX, TYPE_HTTPS, TYPE_CAA, TYPE_WALLET, TYPE_DS, 65280 };

static struct name name_of(unsigned which)
{
    struct name name;
    need(name_parse(slice_string(names[which % LENGTH_OF(names)]), name_root, &name) == OK);
    return name;
}
static struct name_view keep(struct arena *arena, unsigned which)
{
    struct name name = name_of(which);
    return (struct name_view){ arena_copy(arena, name.wire, name.length), name.length, name_view_of(&name).labels };
}

static size_t rdata_make(uint16_t type, uint8_t *out)
{
    size_t size = 0;
    struct name name = name_of(next());
    if (type == TYPE_MX || type == TYPE_HTTPS) {
        out[size++] = 0;
        out[size++] = next();
    }
    if (type == TYPE_CNAME || type == TYPE_NS || type == TYPE_DNAME || type == TYPE_MX || type == TYPE_HTTPS || type == TYPE_SOA) {
        memcpy(out + size, name.wire, name.length);
        size += name.length;
    }
    if (type == TYPE_SOA) {
        memcpy(out + size, name.wire, name.length);
        size += name.length;
        memset(out + size, 1, 20);
        return size + 20;
    }
    size_t more = type == TYPE_A ? 4 : type == TYPE_AAAA ? 16 : type == TYPE_HTTPS || type == TYPE_TXT || type > 255 || type == TYPE_DS ? next() % 40 : 0;
    for (size_t i = 0; i < more; i++)
        out[size++] = next();
    return size;
}

static void record_make(struct facts *f, struct fact_records *set)
{
    uint8_t rdata[600];
    uint8_t how = next();
    *set = (struct fact_records){ keep(f->arena, next()), types[next() % LENGTH_OF(types)], { .state = (enum fact_state)(how % 5), .failure = (enum chain_failure)(how / 5 % CHAIN_FAILURES) } };
    size_t count = 1 + how / 64, length = 0;
    uint8_t *value = arena_bytes(f->arena, count * (6 + sizeof rdata));
    for (size_t i = 0; i < count; i++) {
        size_t size = rdata_make(set->type, rdata);
        if (rdata_check(set->type, CLASS_IN, rdata, size) != OK)
            continue;                   /* facts hold what checks */
        put_u32(value + length, (uint32_t)next() << (next() % 25));
        put_u16(value + length + 4, (uint16_t)size);
        memcpy(value + length + 6, rdata, size);
        length += 6 + size;
    }
    set->fact.value = slice_of((const char *)value, length);
    if (length == 0 && set->fact.state == FACT_PRESENT)
        set->fact.state = FACT_ABSENT;
}

static struct facts *facts_make(unsigned which)
{
    struct arena *arena = arena_new(0);
    struct facts *f = arena_alloc(arena, sizeof *f);
    uint8_t how = next();
    *f = (struct facts){ .arena = arena, .status = (enum facts_status)(how % 4), .failure = CHAIN_FAILURE_TIMEOUT, .name = keep(arena, which), .ens = how & 64, .max_age_seconds = UINT32_MAX };
    if (how & 4)
        f->zone = name_strip(f->name, f->name.labels > 2 && (how & 8) ? f->name.labels - 2u : 0);
    f->e.wildcard = how & 16;
    f->e.registry_ttl = how & 32 ? next() : 0;
    f->records = arena_alloc(arena, RECORDS * sizeof *f->records);
    f->owners = arena_alloc(arena, OWNERS * sizeof *f->owners);
    for (size_t n = next() % RECORDS; f->record_count < n; f->record_count++)
        record_make(f, &f->records[f->record_count]);
    for (size_t n = next() % OWNERS; f->owner_count < n; f->owner_count++)
        f->owners[f->owner_count] = (struct fact_owner){ keep(arena, next()), { .state = (enum fact_state)(next() % 5), .failure = CHAIN_FAILURE_TIMEOUT } };
    size_t content = next() % 48;
    uint8_t *octets = arena_bytes(arena, content + 1);
    for (size_t i = 0; i < content; i++)
        octets[i] = next();
    f->content = (struct fact){ .state = (enum fact_state)(next() % 5), .failure = CHAIN_FAILURE_GATEWAY, .value = slice_of((const char *)octets, content) };
    uint16_t *asked = arena_alloc(arena, 2 * sizeof *asked);
    asked[0] = types[next() % LENGTH_OF(types)];
    f->types = asked;
    f->type_count = 1;
    return f;
}

static void look_at(const struct mount_options *mount, const struct reply *reply)
{
    struct cursor c = cursor_of(reply->data, reply->length);
    unsigned all = (unsigned)reply->counts[1] + reply->counts[2] + reply->counts[3];
    (void)cursor_take(&c, HEADER_BYTES);
    need(name_skip(&c) == OK && cursor_take(&c, 4) != NULL);
    for (unsigned i = 0; i < all; i++) {
        struct record record;
        need(message_read_record(&c, &record) == OK);
        const uint8_t *rdata = reply->data + record.rdata_offset;
        need(name_below(name_view_of(&record.owner), mount->suffix));
        if (!mount->private_addresses && (record.type == TYPE_A || record.type == TYPE_AAAA))
            need(!vzone_address_is_private(rdata, record.rdata_bytes));
        need(record.ttl <= 300);
    }
}

static void ask(const struct mount_options *mount, const struct vzone *zone, struct name_view name, uint16_t type)
{
    static uint8_t buffer[65535];
    struct reply reply;
    struct answer_result result;
    struct answer_options options = answer_defaults();
    const struct answer_request request = { .version = zone->version, .name = name, .type = type, .klass = CLASS_IN, .options = &options };
    reply_begin(&reply, buffer, sizeof buffer, 0, FLAG_QR);
    need(reply_add_question(&reply, name, type, CLASS_IN) == OK);
    need(answer_question(&request, &reply, &result) == OK);
    look_at(mount, &reply);
}

static void look_at_zone(const struct vzone_input *in, const struct vzone *zone)
{
    if (zone->wanted_count > 0) {
        need(!in->last && zone->wanted_count <= VZONE_HOPS && zone->version == NULL);
        for (size_t i = 0; i < zone->wanted_count; i++)
            need(name_below(name_view_of(&zone->wanted[i]), in->mount->base));
        return;
    }
    bool failed = in->facts[0].facts->status == FACTS_FAILED;
    for (size_t i = 0; i < LENGTH_OF(types); i++) {
        bool known = zone->all_types || (types[i] < CACHE_TYPES && (zone->types[types[i] / 64] >> (types[i] % 64) & 1));
        need(!(failed && known));
        if (known)
            ask(in->mount, zone, in->question, types[i]);
    }
    zone_version_free(zone->version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t near[] = "\3eth", far[] = "\3eth\7example\3net";
    input = data;
    left = size;
    uint8_t how = next();
    const struct address gateways[] = { { 4, { 198, 51, 100, 7 } }, { 6, { 0x20, 1, 0xd, 0xb8 } } };
    const struct mount_options mount = { .suffix = name_view_wire(how & 1 ? far : near), .base = name_view_wire(near), .ttl_max = 300, .private_addresses = how & 2, .gateways = gateways,
                                         .gateway_count = how / 4 % 3, .fresh_seconds = 60 };
    static const uint8_t asked[] = { 0, 1, 3, 5, 10, 11 };
    unsigned which = asked[next() % LENGTH_OF(asked)];
    struct name system = name_of(which), question = system;
    if ((how & 1) && name_replace_suffix(name_view_of(&system), mount.base, mount.suffix, &question) != OK)
        return 0;
    struct vzone_question read;
    struct vzone_facts facts[FACTS];
    struct vzone zone = { 0 };
    vzone_question_read(&mount, name_view_of(&question), &read);
    size_t count = 1 + how / 16 % FACTS;
    for (size_t i = 0; i < count; i++)
        facts[i] = (struct vzone_facts){ i == 0 ? VZONE_ROLE_QUESTION : read.kind == VZONE_DNSLINK && i == 1 ? VZONE_ROLE_HOST : VZONE_ROLE_CHASED, facts_make(i == 0 ? which : next()) };
    const struct vzone_input in = { &mount, name_view_of(&question), &read, facts, count, 7, 300, how & 128 };
    if (vzone_build(&in, &zone) == OK)
        look_at_zone(&in, &zone);
    for (size_t i = 0; i < count; i++)
        facts_free((struct facts *)(uintptr_t)facts[i].facts);
    return 0;
}
