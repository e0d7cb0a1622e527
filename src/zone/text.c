/* SPDX-License-Identifier: Apache-2.0 */
/* A version as a master file, and the difference of two versions.  Both lean on the order of the store: nodes in
 * canonical order, types ascending, records of a set in the order of RFC 4034 6.3. */
#include "zone/text.h"

#include <string.h>

enum { FLUSH_BYTES = 1 << 16 };

struct writer {
    const struct zone_version *version;
    const struct zone_write_options *options;
    struct rdata_style style;
    FILE *stream;
    struct text text;
    uint8_t *scratch;               /* canonical: rdata in lower case */
    struct name_view last_owner;    /* relative: an owner that repeats is left blank */
};

static enum status flush(struct writer *w, size_t least)
{
    if (w->text.full)
        return E_NOMEM;
    if (w->text.length == 0 || w->text.length < least)
        return OK;
    bool good = fwrite(w->text.data, 1, w->text.length, w->stream) == w->text.length;
    w->text.length = 0;
    return good ? OK : E_SYSTEM;
}

static void write_relative(struct writer *w, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    uint16_t klass = zone_version_class(w->version);
    char code[CODE_TEXT_ROOM];
    if (!w->last_owner.wire || !name_same(owner, w->last_owner))
        name_print_relative(&w->text, owner, zone_version_origin(w->version));
    w->last_owner = owner;
    text_add_format(&w->text, "\t%u\t%s\t", ttl, class_to_text(klass, code));
    text_add(&w->text, type_to_text(type, code));
    text_add_char(&w->text, '\t');
    rdata_print(&w->text, type, klass, rdata, size, &w->style);
}

static void write_canonical(struct writer *w, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t size)
{
    uint16_t klass = zone_version_class(w->version);
    struct name lower = name_copy(owner);
    name_lower(lower.wire, lower.length);
    memcpy(w->scratch, rdata, size);
    rdata_canonical(type, klass, w->scratch, size);
    record_print(&w->text, name_view_of(&lower), ttl, klass, type, w->scratch, size, &w->style);
}

static enum status write_records(struct writer *w, struct name_view owner, uint16_t type, uint32_t ttl, const uint8_t *records, size_t bytes)
{
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(records, bytes, &offset, &rdata, &size);) {
        if (w->options->canonical)
            write_canonical(w, owner, type, ttl, rdata, size);
        else if (w->options->relative)
            write_relative(w, owner, type, ttl, rdata, size);
        else
            record_print(&w->text, owner, ttl, zone_version_class(w->version), type, rdata, size, &w->style);
        text_add_char(&w->text, '\n');
        enum status st = flush(w, FLUSH_BYTES);
        if (st != OK)
            return st;
    }
    return OK;
}

static enum status write_set(struct writer *w, struct name_view owner, const struct rrset *set)
{
    enum status st = set->count ? write_records(w, owner, set->type, set->ttl, set->records, set->bytes) : OK;
    if (st == OK && set->sig_count)
        st = write_records(w, owner, TYPE_RRSIG, set->sig_ttl, set->sigs, set->sig_bytes);
    return st;
}

static enum status write_node(struct writer *w, const struct zone_node *node, bool apex)
{
    struct name_view owner = zone_node_name(w->version, node);
    struct rrset set;
    enum status st = OK;
    /* Not when there are but signatures over a SOA that does not exist. */
    bool soa_first = apex && zone_node_rrset(w->version, node, TYPE_SOA, &set);
    if (soa_first)
        st = write_set(w, owner, &set);
    for (size_t position = 0; st == OK && zone_node_rrset_next(w->version, node, &position, &set);) {
        if (!soa_first || set.type != TYPE_SOA)
            st = write_set(w, owner, &set);
    }
    return st;
}

static enum status write_all(struct writer *w)
{
    const struct zone_node *node, *apex = zone_version_apex(w->version);
    if (w->options->relative && !w->options->canonical) {
        w->style.origin = zone_version_origin(w->version);
        text_add(&w->text, "$ORIGIN ");
        name_print(&w->text, w->style.origin);
        text_add_char(&w->text, '\n');
    }
    enum status st = write_node(w, apex, true);
    for (uint32_t i = 0; st == OK && (node = zone_version_node(w->version, i)) != NULL; i++) {
        if (node != apex)
            st = write_node(w, node, false);
    }
    if (st == OK)
        st = flush(w, 0);
    return st == OK && fflush(w->stream) != 0 ? E_SYSTEM : st;
}

enum status zone_write(const struct zone_version *version, const struct zone_write_options *options, FILE *stream)
{
    struct writer w = { .version = version, .options = options, .stream = stream };
    text_growing(&w.text);
    w.scratch = options->canonical ? mem_alloc(RDATA_MAX_BYTES) : NULL;
    enum status st = options->canonical && !w.scratch ? E_NOMEM : write_all(&w);
    mem_free(w.scratch);
    text_clear(&w.text);
    return st;
}

/* ---- difference ---- */

struct differ {
    const struct zone_version *a, *b;
    bool with_serial;
    void (*each)(void *context, const struct zone_difference *d);
    void *context;
    uint8_t *left, *right;      /* canonical copies for comparing */
};

/* One of the two sides of a set: its records or its signatures. */
struct side { struct name_view owner; uint16_t type; uint32_t ttl; const uint8_t *records; size_t bytes; };

static void tell(struct differ *d, bool added, const struct side *side, const uint8_t *rdata, uint16_t size)
{
    struct zone_difference one = { .added = added, .owner = side->owner, .type = side->type, .ttl = side->ttl, .rdata = rdata, .size = size };
    d->each(d->context, &one);
}

static void tell_side(struct differ *d, bool added, const struct side *side)
{
    const uint8_t *rdata;
    uint16_t size;
    for (size_t offset = 0; rrset_next(side->records, side->bytes, &offset, &rdata, &size);)
        tell(d, added, side, rdata, size);
}

/* As canonical forms; a serial that does not count is taken out. */
static int compare_rdata(struct differ *d, uint16_t type, const uint8_t *a, uint16_t a_size, const uint8_t *b, uint16_t b_size)
{
    uint16_t klass = zone_version_class(d->a);
    memcpy(d->left, a, a_size);
    memcpy(d->right, b, b_size);
    rdata_canonical(type, klass, d->left, a_size);
    rdata_canonical(type, klass, d->right, b_size);
    if (type == TYPE_SOA && !d->with_serial) {
        put_u32(d->left + rdata_soa_serial_offset(d->left, a_size), 0);
        put_u32(d->right + rdata_soa_serial_offset(d->right, b_size), 0);
    }
    return rdata_compare(d->left, a_size, d->right, b_size);
}

/* Merges two sorted lists. */
static void diff_records(struct differ *d, const struct side *a, const struct side *b)
{
    const uint8_t *one, *other;
    uint16_t one_size, other_size;
    size_t at = 0, bt = 0;
    bool left = rrset_next(a->records, a->bytes, &at, &one, &one_size);
    bool right = rrset_next(b->records, b->bytes, &bt, &other, &other_size);
    while (left || right) {
        int order = !left ? 1 : !right ? -1 : compare_rdata(d, a->type, one, one_size, other, other_size);
        bool same = order == 0 && a->ttl == b->ttl;
        if (order <= 0 && !same)
            tell(d, false, a, one, one_size);
        if (order >= 0 && !same)
            tell(d, true, b, other, other_size);
        if (order <= 0)
            left = rrset_next(a->records, a->bytes, &at, &one, &one_size);
        if (order >= 0)
            right = rrset_next(b->records, b->bytes, &bt, &other, &other_size);
    }
}

static struct side side_of(struct name_view owner, const struct rrset *set)
{
    return (struct side){ owner, set->type, set->ttl, set->records, set->count ? set->bytes : 0 };
}

static struct side sigs_of(struct name_view owner, const struct rrset *set)
{
    return (struct side){ owner, TYPE_RRSIG, set->sig_ttl, set->sigs, set->sig_count ? set->sig_bytes : 0 };
}

static void tell_set(struct differ *d, bool added, struct name_view owner, const struct rrset *set)
{
    struct side records = side_of(owner, set), sigs = sigs_of(owner, set);
    tell_side(d, added, &records);
    tell_side(d, added, &sigs);
}

static void tell_node(struct differ *d, bool added, const struct zone_version *version, const struct zone_node *node)
{
    struct rrset set;
    for (size_t position = 0; zone_node_rrset_next(version, node, &position, &set);)
        tell_set(d, added, zone_node_name(version, node), &set);
}

static void diff_sets(struct differ *d, const struct zone_node *x, const struct zone_node *y)
{
    struct name_view owner_a = zone_node_name(d->a, x), owner_b = zone_node_name(d->b, y);
    struct rrset a, b;
    size_t at = 0, bt = 0;
    bool left = zone_node_rrset_next(d->a, x, &at, &a), right = zone_node_rrset_next(d->b, y, &bt, &b);
    while (left || right) {
        int order = !left ? 1 : !right ? -1 : (int)a.type - (int)b.type;
        if (order < 0) {
            tell_set(d, false, owner_a, &a);
        } else if (order > 0) {
            tell_set(d, true, owner_b, &b);
        } else {
            struct side one = side_of(owner_a, &a), other = side_of(owner_b, &b);
            diff_records(d, &one, &other);
            one = sigs_of(owner_a, &a);
            other = sigs_of(owner_b, &b);
            diff_records(d, &one, &other);
        }
        if (order <= 0)
            left = zone_node_rrset_next(d->a, x, &at, &a);
        if (order >= 0)
            right = zone_node_rrset_next(d->b, y, &bt, &b);
    }
}

static void diff_nodes(struct differ *d)
{
    uint32_t i = 0, j = 0;
    const struct zone_node *x = zone_version_node(d->a, i), *y = zone_version_node(d->b, j);
    while (x || y) {
        int order = !x ? 1 : !y ? -1 : name_compare(zone_node_name(d->a, x), zone_node_name(d->b, y));
        if (order < 0)
            tell_node(d, false, d->a, x);
        else if (order > 0)
            tell_node(d, true, d->b, y);
        else
            diff_sets(d, x, y);
        if (order <= 0)
            x = zone_version_node(d->a, ++i);
        if (order >= 0)
            y = zone_version_node(d->b, ++j);
    }
}

enum status zone_diff(const struct zone_version *a, const struct zone_version *b, bool with_serial,
                      void (*each)(void *context, const struct zone_difference *d), void *context)
{
    struct differ d = { .a = a, .b = b, .with_serial = with_serial, .each = each, .context = context };
    d.left = mem_alloc(RDATA_MAX_BYTES);
    d.right = mem_alloc(RDATA_MAX_BYTES);
    enum status st = d.left && d.right ? OK : E_NOMEM;
    if (st == OK)
        diff_nodes(&d);
    mem_free(d.left);
    mem_free(d.right);
    return st;
}
