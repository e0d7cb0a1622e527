/* SPDX-License-Identifier: Apache-2.0 */
/* What is written reads back the same; what has been changed is refused, or is sound all the same. */
#include "build.h"

#include "../../../fuzz/zone/snapshot_walk.h"
#include "zone/edit.h"
#include "zone/snapshot_inside.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/rhizome-snapshot-XXXXXX", source[64], snapshot[64];

static const char plain_text[] =
    "@ 60 +SOA ns a 1 2 3 4 5\n@ 60 NS ns\n@ 60 MX 10 mail\n@ 60 TXT \"x\"\nns 60 A 192.0.2.1\nNS 60 AAAA 2001:db8::1\n*.w 60 A 192.0.2.2\n"
    "a.b.c.d 60 TXT \"deep\" \"\"\ncut 60 NS ns.cut\ncut 60 NS ns.elsewhere.\nns.cut 60 A 192.0.2.3\ndn 60 DNAME other.\nx.dn 60 A 192.0.2.4\n"
    "abcdefghijklmnop 60 CNAME abcdefghijklmnoq\nabcdefghijklmnoq 60 +A 192.0.2.5\nabcdefgh 60 A 192.0.2.6\nabcdefg 60 A 192.0.2.7\nabcdefgh\\000 60 A 192.0.2.8\n"
    "many 1 A 192.0.2.1\nmany 1 NS m\nmany 1 +HINFO a b\nmany 1 MX 1 m\nmany 1 TXT t\nmany 1 RP a b\nmany 1 AFSDB 1 a\nmany 1 AAAA ::1\nmany 1 LOC 1 N 1 E 1m\n"
    "many 1 SRV 1 1 1 m\nmany 1 TYPE65534 \\# 2 0102\n";
static const char nsec_text[] = "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\n@ 60 +NSEC b NS SOA NSEC\nb 60 A 192.0.2.1\nb 60 NSEC cut A NSEC\n"
                                "cut 60 NS ns.cut\ncut 60 NSEC leaf.ent NS NSEC\nns.cut 60 A 192.0.2.2\nns.cut 60 NSEC x A\n"
                                "leaf.ent 60 A 192.0.2.3\nleaf.ent 60 NSEC *.w A\n*.w 60 A 192.0.2.4\n*.w 60 NSEC @ A\n";
static const char nsec3_text[] = "@ 60 SOA ns a 1 2 3 4 5\n@ 60 +NSEC3PARAM 1 0 1 aa\n@ 60 NSEC3PARAM 1 0 2 bb\nwww 60 A 192.0.2.1\n"
                                 "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 +NSEC3 1 0 1 aa 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA\n"
                                 "2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 +NSEC3 1 0 1 aa 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
                                 "3t7b4g4vsa5smi47k61mv5bv1a22bojr 60 NSEC3 1 0 2 bb 3t7b4g4vsa5smi47k61mv5bv1a22bojr A\n"
                                 "3t7b4g4vsa5smi47k61mv5bv1a22bojr 60 A 192.0.2.9\n";
static const char *const texts[] = { "@ 60 SOA ns a 1 2 3 4 5\n", plain_text, nsec_text, nsec3_text };

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(source, sizeof source, "%s/source", folder);
    snprintf(snapshot, sizeof snapshot, "%s/kept", folder);
    return 0;
}
static int tear_down(void **state)
{
    (void)state;
    unlink(source);
    unlink(snapshot);
    return rmdir(folder);
}

/* The text stands for itself: what counts is the identity of the file. */
static struct zone_files touch(const char *text)
{
    struct stat facts;
    FILE *file = fopen(source, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(stat(source, &facts), 0);
    struct zone_files files = { .files = mem_alloc(sizeof(struct zone_file)), .count = 1 };
    files.files[0] = (struct zone_file){ mem_string(source), (uint64_t)facts.st_size,
                                         (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec, facts.st_ino };
    return files;
}

static struct zone_snapshot_wanted wanted(const struct zone_version *v, unsigned threads)
{
    return (struct zone_snapshot_wanted){ zone_version_origin(v), CLASS_IN, source, threads };
}

static void clear(struct zone_snapshot *got)
{
    zone_version_free(got->version);
    zone_files_clear(&got->files);
    mem_free(got->note);
}

static struct zone_version *keep(const char *text)
{
    struct zone_version *v = test_zone("eXample.", text);
    struct zone_files files = touch(text);
    assert_int_equal(zone_snapshot_write(v, &files, "a note", snapshot, NULL, NULL), OK);
    zone_files_clear(&files);
    return v;
}

static uint8_t *slurp(size_t *size)
{
    struct stat facts;
    int fd = open(snapshot, O_RDONLY);
    assert_int_equal(fstat(fd, &facts), 0);
    uint8_t *image = malloc((size_t)facts.st_size);
    assert_int_equal(read(fd, image, (size_t)facts.st_size), facts.st_size);
    close(fd);
    *size = (size_t)facts.st_size;
    return image;
}

static enum status load_image(const uint8_t *image, size_t size, const struct zone_snapshot_wanted *want, struct zone_snapshot *got, const char **why)
{
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image, size), size);
    *why = NULL;
    enum status st = snapshot_load(fd, want, got, why);
    close(fd);
    return st;
}

static void same(const struct zone_version *a, const struct zone_version *b)
{
    assert_int_equal(zone_version_bytes(a), zone_version_bytes(b));
    assert_memory_equal(a, b, offsetof(struct zone_version, builder));
    assert_memory_equal(a + 1, b + 1, zone_version_bytes(a) - sizeof *a);
    assert_true(snapshot_walk(b));
    for (uint32_t i = 0; i < zone_version_nodes(a); i++) {
        const struct zone_node *n = zone_version_node(a, i);
        struct name_view name = zone_node_name(a, n);
        struct zone_found x = zone_find(a, name), y = zone_find(b, name);
        assert_int_equal(x.outcome, y.outcome);
        assert_int_equal(x.exact, y.exact);
        assert_true(!x.node == !y.node && (!x.node || zone_node_place(a, x.node) == zone_node_place(b, y.node)));
        const struct zone_node *found = zone_node_find(b, name);
        struct rrset left, right;
        for (size_t position = 0; found && zone_node_rrset_next(a, n, &position, &left);) {
            assert_int_equal(zone_node_rrset(b, found, left.type, &right), left.count > 0);
            if (left.count == 0)
                continue;
            assert_int_equal(left.bytes, right.bytes);
            assert_memory_equal(left.records, right.records, left.bytes);
            assert_int_equal(left.sig_bytes, right.sig_bytes);
        }
    }
}

static void reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct zone_snapshot got;
        struct zone_version *v = keep(texts[i]);
        struct zone_snapshot_wanted want = wanted(v, 1);
        const char *why = NULL;
        enum status st = zone_snapshot_open(snapshot, &want, &got, &why);
        if (st != OK)
            fail_msg("zone %zu: %s, %s", i, status_text(st), why ? why : "");
        same(v, got.version);
        assert_string_equal(got.note, "a note");
        assert_int_equal(got.files.count, 1);
        assert_string_equal(got.files.files[0].path, source);
        struct stat facts;
        assert_int_equal(stat(snapshot, &facts), 0);
        assert_int_equal(facts.st_mode & 07777, 0600);
        clear(&got);
        zone_version_free(v);
    }
}

/* Large enough that threads share it, and that it has several pieces; names of which stretches may begin in the middle. */
static struct zone_version *large_zone(void)
{
    struct name origin = test_name("example.");
    struct zone_builder *b;
    struct zone_version *v;
    assert_int_equal(zone_builder_new(name_view_of(&origin), CLASS_IN, &b), OK);
    static const uint8_t soa[22] = { 0 };
    assert_int_equal(zone_builder_add(b, name_view_of(&origin), TYPE_SOA, 60, soa, sizeof soa, NULL), OK);
    for (uint32_t i = 0; i < 30000; i++) {
        struct name owner;
        char text[64];
        uint8_t rdata[40] = { 0 };
        put_u32(rdata, i);
        snprintf(text, sizeof text, i % 3 == 0 ? "%s%u" : i % 3 == 1 ? "%s.n%u" : "*.%s.n%u", i % 3 == 0 ? "name" : "a", i / 3);
        assert_int_equal(name_parse(slice_string(text), name_view_of(&origin), &owner), OK);
        assert_int_equal(zone_builder_add(b, name_view_of(&owner), i % 2 ? TYPE_A : 65000, 60, rdata, i % 2 ? 4 : sizeof rdata, NULL), OK);
    }
    assert_int_equal(zone_builder_finish(b, false, &v), OK);
    return v;
}

static void reads_back_large(void **state)
{
    (void)state;
    struct zone_version *v = large_zone();
    struct zone_files files = touch("x");
    assert_true(zone_version_bytes(v) > SNAPSHOT_PIECE);
    assert_int_equal(zone_snapshot_write(v, &files, NULL, snapshot, NULL, NULL), OK);
    zone_files_clear(&files);
    for (unsigned threads = 0; threads <= 20; threads = threads * 2 + 1) {
        struct zone_snapshot got;
        struct zone_snapshot_wanted want = wanted(v, threads);
        assert_int_equal(zone_snapshot_open(snapshot, &want, &got, NULL), OK);
        if (threads == 0)
            same(v, got.version);
        assert_memory_equal(v + 1, got.version + 1, zone_version_bytes(v) - sizeof *v);
        clear(&got);
    }
    zone_version_free(v);
}

/* Damage far behind the first stretch is seen too. */
static void damage_in_any_stretch(void **state)
{
    (void)state;
    struct zone_version *v = large_zone();
    const size_t bytes = zone_version_bytes(v);
    struct zone_version *copy = malloc(bytes);
    for (unsigned threads = 1; threads <= 7; threads += 3) {
        struct zone_snapshot_wanted want = wanted(v, threads);
        for (uint32_t node = 1; node < zone_version_nodes(v); node += zone_version_nodes(v) / 13) {
            memcpy(copy, v, bytes);
            struct zone_node *n = (struct zone_node *)(uintptr_t)zone_version_node(copy, node);
            n->parent += 1;
            assert_non_null(snapshot_check(copy, bytes, &want));
            n->parent -= 1;
            assert_null(snapshot_check(copy, bytes, &want));
            uint32_t *order = (uint32_t *)(uintptr_t)version_at(copy, copy->order);
            order[node] += 1;
            assert_non_null(snapshot_check(copy, bytes, &want));
        }
    }
    free(copy);
    zone_version_free(v);
}

static void another_source(void **state)
{
    (void)state;
    struct zone_snapshot got;
    struct zone_version *v = keep(plain_text);
    struct zone_snapshot_wanted want = wanted(v, 1), other = want;
    struct name name = test_name("exampla.");
    const char *why;
    other.origin = name_view_of(&name);
    assert_int_equal(zone_snapshot_open(snapshot, &other, &got, &why), E_AGAIN);
    other = want;
    other.klass = CLASS_CH;
    assert_int_equal(zone_snapshot_open(snapshot, &other, &got, &why), E_AGAIN);
    other = want;
    other.source = "/somewhere/else";
    assert_int_equal(zone_snapshot_open(snapshot, &other, &got, &why), E_AGAIN);
    assert_int_equal(zone_snapshot_open("/nowhere/at/all", &want, &got, &why), E_NOT_FOUND);
    assert_int_equal(zone_snapshot_open(folder, &want, &got, &why), E_BAD_FORMAT);
    assert_int_equal(chmod(snapshot, 0620), 0);
    assert_int_equal(zone_snapshot_open(snapshot, &want, &got, &why), E_BAD_FORMAT);
    assert_string_equal(why, "others may write it");
    assert_int_equal(chmod(snapshot, 0600), 0);
    char link[80];
    snprintf(link, sizeof link, "%s.link", snapshot);
    assert_int_equal(symlink(snapshot, link), 0);
    assert_int_equal(zone_snapshot_open(link, &want, &got, &why), E_BAD_FORMAT);
    unlink(link);
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000000000, .tv_nsec = 5 } };
    assert_int_equal(zone_snapshot_open(snapshot, &want, &got, &why), OK);
    clear(&got);
    assert_int_equal(utimensat(AT_FDCWD, source, times, 0), 0);
    assert_int_equal(zone_snapshot_open(snapshot, &want, &got, &why), E_AGAIN);
    unlink(source);
    assert_int_equal(zone_snapshot_open(snapshot, &want, &got, &why), E_AGAIN);
    zone_version_free(v);
}

/* Files that are too fresh to be told from what they may become within the same tick. */
static void freshness(void **state)
{
    (void)state;
    const int64_t second = 1000000000;
    static const struct { int64_t modified, read; bool fresh; } cases[] = {
        { 100 * second + 5, 100 * second + 6, true }, { 100 * second + 5, 101 * second, false }, { 100 * second + 5, 90 * second, true },
        { 100 * second, 101 * second, true }, { 100 * second, 103 * second, false },
    };
    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct zone_file file = { .modified_ns = cases[i].modified };
        assert_int_equal(zone_files_fresh(&(struct zone_files){ &file, 1 }, cases[i].read), cases[i].fresh);
    }
}

static void cannot_be_kept(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", "@ 60 NS ns\n");
    struct zone_files files = touch("x");
    assert_int_equal(zone_snapshot_write(v, &files, NULL, snapshot, NULL, NULL), E_INVALID);
    zone_version_free(v);
    v = test_zone("example.", plain_text);
    files.files[0].inode = 0;
    assert_int_equal(zone_snapshot_write(v, &files, NULL, snapshot, NULL, NULL), E_INVALID);
    files.files[0].inode = 1;
    assert_int_equal(zone_snapshot_write(v, &files, NULL, "/nowhere/at/all", NULL, NULL), E_SYSTEM);
    zone_files_clear(&files);
    zone_version_free(v);
}

/* A version made by edits is not kept as it is; as one block it is. */
static void edited(void **state)
{
    (void)state;
    struct zone_version *v = test_zone("example.", nsec_text), *next, *flat;
    struct zone_files files = touch(nsec_text);
    struct zone_edit *edit;
    struct name owner = test_name("new.example.");
    assert_int_equal(zone_edit_begin(v, &edit), OK);
    assert_int_equal(zone_edit_add(edit, name_view_of(&owner), TYPE_A, 60, (const uint8_t *)"\300\0\2\7", 4), OK);
    assert_int_equal(zone_edit_finish(edit, NULL, &next), OK);
    assert_int_equal(zone_snapshot_write(next, &files, NULL, snapshot, NULL, NULL), E_INVALID);
    assert_int_equal(zone_version_flatten(next, &flat), OK);
    assert_int_equal(zone_snapshot_write(flat, &files, NULL, snapshot, NULL, NULL), OK);
    struct zone_snapshot got;
    struct zone_snapshot_wanted want = wanted(flat, 1);
    assert_int_equal(zone_snapshot_open(snapshot, &want, &got, NULL), OK);
    same(flat, got.version);
    assert_non_null(zone_node_find(got.version, name_view_of(&owner)));
    clear(&got);
    zone_version_free(flat);
    zone_version_free(next);
    zone_version_free(v);
    zone_files_clear(&files);
}

/* No slot of the index may lack its node, or name another. */
static void damaged_index(void **state)
{
    (void)state;
    struct zone_version *v = large_zone();
    struct zone_snapshot_wanted want = wanted(v, 2);
    struct zone_slot *slots = (struct zone_slot *)(uintptr_t)version_slots(v), *first = slots, *second;
    while (first->node == 0)
        first++;
    for (second = first + 1; second->node == 0;)
        second++;
    const struct zone_slot a = *first, b = *second, changes[][2] = {
        { { a.tag, b.node }, b }, { { 0, 0 }, b }, { b, b }, { a, a }, { { a.tag, a.node + 1 }, b }, { { a.tag, a.node + 1 }, { b.tag, b.node - 1 } },
        { { a.tag, version_apex(v)->parent + 1 }, b }, { { a.tag, UINT32_MAX }, b },
    };
    for (size_t i = 0; i < LENGTH_OF(changes); i++) {
        *first = changes[i][0];
        *second = changes[i][1];
        if (!snapshot_check(v, v->bytes, &want))
            fail_msg("change %zu of the index was not seen", i);
    }
    /* The hash that it was made with is another: some are not where they should be. */
    *first = a;
    *second = b;
    ((struct zone_version *)(uintptr_t)v)->key.k0 ^= 1;
    assert_non_null(snapshot_check(v, v->bytes, &want));
    ((struct zone_version *)(uintptr_t)v)->key.k0 ^= 1;
    assert_null(snapshot_check(v, v->bytes, &want));
    zone_version_free(v);
}

static bool never(void *context) { (void)context; return false; }

/* Given up or failed, the file before stays whole, and nothing lies beside it. */
static void given_up(void **state)
{
    (void)state;
    char part[80];
    struct zone_snapshot got;
    struct zone_version *v = keep(plain_text);
    struct zone_files files = touch(plain_text);
    struct zone_snapshot_wanted want = wanted(v, 2);
    snprintf(part, sizeof part, "%s.part", snapshot);
    assert_int_equal(zone_snapshot_write(v, &files, NULL, snapshot, NULL, NULL), OK);
    assert_int_equal(zone_snapshot_write(v, &files, NULL, snapshot, never, NULL), E_CLOSED);
    assert_int_equal(access(part, F_OK), -1);
    enum status st = E_NOMEM;
    for (uint64_t n = 1; st == E_NOMEM; n++) {
        fault_after(n);
        st = zone_snapshot_write(v, &files, NULL, snapshot, NULL, NULL);
        fault_after(0);
        assert_int_equal(access(part, F_OK), -1);
    }
    assert_int_equal(st, OK);
    for (uint64_t n = 1; n < 20; n++) {
        fault_after(n);
        st = zone_snapshot_open(snapshot, &want, &got, NULL);
        fault_after(0);
        if (st == OK) {
            clear(&got);
            break;
        }
        assert_true(st == E_NOMEM || st == E_BAD_FORMAT);
    }
    assert_int_equal(st, OK);
    zone_files_clear(&files);
    zone_version_free(v);
}

/* Any octet of the file changed, any end cut off: refused. */
static void damaged(void **state)
{
    (void)state;
    size_t size;
    struct zone_snapshot got;
    const char *why;
    struct zone_version *v = keep(nsec_text);
    struct zone_snapshot_wanted want = wanted(v, 1);
    uint8_t *image = slurp(&size);
    for (size_t at = 0; at < size; at += at < 400 || at >= SNAPSHOT_PAGE ? 1 : 37) {
        image[at] ^= (uint8_t)(1u << at % 8);
        assert_int_not_equal(load_image(image, size, &want, &got, &why), OK);
        image[at] ^= (uint8_t)(1u << at % 8);
    }
    for (size_t length = 0; length < size; length += 29)
        assert_int_not_equal(load_image(image, length, &want, &got, &why), OK);
    uint8_t *longer = calloc(1, size + 1);
    memcpy(longer, image, size);
    assert_int_equal(load_image(longer, size + 1, &want, &got, &why), E_BAD_FORMAT);
    assert_int_equal(load_image(image, size, &want, &got, &why), OK);
    clear(&got);
    free(longer);
    free(image);
    zone_version_free(v);
}

/* Each field of the head set to what it cannot be, the sums made right again. */
static void head_fields(void **state)
{
    (void)state;
    size_t size;
    struct zone_snapshot got;
    const char *why;
    struct zone_version *v = keep(nsec_text);
    struct zone_snapshot_wanted want = wanted(v, 1);
    uint8_t *image = slurp(&size), *copy = malloc(size);
    static const struct { const char *label; size_t at, bytes; enum status want; } fields[] = {
        { "magic", offsetof(struct snapshot_head, magic), 1, E_BAD_FORMAT }, { "byte order", offsetof(struct snapshot_head, byte_order), 4, E_BAD_VERSION },
        { "format", offsetof(struct snapshot_head, format), 4, E_BAD_VERSION }, { "layout", offsetof(struct snapshot_head, layout), 8, E_BAD_VERSION },
        { "block bytes", offsetof(struct snapshot_head, block_bytes), 8, E_BAD_FORMAT }, { "files", offsetof(struct snapshot_head, files), 4, E_BAD_FORMAT },
        { "origin", offsetof(struct snapshot_head, origin_bytes), 4, E_BAD_FORMAT }, { "note", offsetof(struct snapshot_head, note_bytes), 4, E_BAD_FORMAT },
        { "class", offsetof(struct snapshot_head, klass), 2, E_AGAIN },
    };
    for (size_t i = 0; i < LENGTH_OF(fields); i++) {
        memcpy(copy, image, size);
        memset(copy + fields[i].at, 0xff, fields[i].bytes);
        assert_true(snapshot_reseal(copy, size));
        if (load_image(copy, size, &want, &got, &why) != fields[i].want)
            fail_msg("%s", fields[i].label);
    }
    free(copy);
    free(image);
    zone_version_free(v);
}

/* Bits of the block turned with the sums made right: refused, or every walk through it is sound. */
static void hostile(void **state)
{
    (void)state;
    for (size_t zone = 1; zone < LENGTH_OF(texts); zone++) {
        struct zone_version *v = test_zone("eXample.", texts[zone]);
        const size_t bytes = zone_version_bytes(v);
        struct zone_snapshot_wanted want = wanted(v, 1);
        struct zone_version *copy = malloc(bytes);
        size_t refused = 0;
        for (size_t bit = 0; bit < bytes * 8; bit += 3) {
            memcpy(copy, v, bytes);
            ((uint8_t *)copy)[bit / 8] ^= (uint8_t)(1u << bit % 8);
            copy->builder = NULL;
            const char *why = snapshot_check(copy, bytes, &want);
            refused += why != NULL;
            if (!why && !snapshot_walk(copy))
                fail_msg("zone %zu, bit %zu", zone, bit);
        }
        assert_true(refused > bytes);      /* most of what is not rdata, TTL or fingerprint */
        free(copy);
        zone_version_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back), cmocka_unit_test(reads_back_large), cmocka_unit_test(damage_in_any_stretch), cmocka_unit_test(another_source),
        cmocka_unit_test(freshness), cmocka_unit_test(cannot_be_kept), cmocka_unit_test(given_up), cmocka_unit_test(damaged),
        cmocka_unit_test(edited), cmocka_unit_test(damaged_index),
        cmocka_unit_test(head_fields), cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
