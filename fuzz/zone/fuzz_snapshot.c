/* SPDX-License-Identifier: Apache-2.0 */
/* Property: a block that is accepted is a zone, in which every walk stays inside and ends.  The first octet says what the rest is: 0 a block; 1 a
 * whole file, whose sums are made right first; else changes to the block of a sound zone, so that they reach far whatever versions look like. */
#include "snapshot_walk.h"
#include "zone/snapshot_inside.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct zone_snapshot_wanted wanted(unsigned threads)
{
    static const uint8_t origin[] = "\7example";
    return (struct zone_snapshot_wanted){ { origin, sizeof origin, 1 }, CLASS_IN, "/dev/null", threads };
}

static void check_block(const uint8_t *data, size_t size)
{
    struct zone_snapshot_wanted want = wanted(2);
    struct zone_version *block = malloc(size ? size : 1);
    if (!block)
        return;
    if (size)
        memcpy(block, data, size);
    if (size >= sizeof *block) {
        block->builder = NULL;
        block->bytes = size;
    }
    if (!snapshot_check(block, size, &want) && !snapshot_walk(block))
        abort();
    free(block);
}

static void check_file(const uint8_t *data, size_t size)
{
    struct zone_snapshot_wanted want = wanted(1);
    struct zone_snapshot got;
    const char *why;
    uint8_t *image = malloc(size ? size : 1);
    int fd = memfd_create("snapshot", MFD_CLOEXEC);
    if (image && fd >= 0) {
        if (size)
            memcpy(image, data, size);
        (void)snapshot_reseal(image, size);
        if (write(fd, image, size) == (ssize_t)size && snapshot_load(fd, &want, &got, &why) == OK) {
            if (!snapshot_walk(got.version))
                abort();
            zone_version_free(got.version);
            zone_files_clear(&got.files);
            mem_free(got.note);
        }
    }
    free(image);
    if (fd >= 0)
        close(fd);
}

static const char *const texts[] = {
    "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n*.w 60 A 192.0.2.2\na.b.c.d 60 TXT deep\ncut 60 NS ns.cut\nns.cut 60 AAAA ::1\n"
    "dn 60 DNAME other.\nx.dn 60 A 192.0.2.4\nabcdefghijklmnop 60 CNAME abcdefghi\nmany 1 A 192.0.2.1\nmany 1 NS m\nmany 1 HINFO a b\nmany 1 MX 1 m\n"
    "many 1 TXT t\nmany 1 RP a b\nmany 1 AFSDB 1 a\nmany 1 AAAA ::1\nmany 1 SRV 1 1 1 m\nmany 1 TYPE65534 \\# 2 0102\n",
    "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NS ns\n@ 60 NSEC b NS SOA NSEC\nb 60 A 192.0.2.1\nb 60 NSEC cut A NSEC\ncut 60 NS ns.cut\n"
    "cut 60 NSEC leaf.ent NS NSEC\nns.cut 60 A 192.0.2.2\nleaf.ent 60 A 192.0.2.3\nleaf.ent 60 NSEC @ A\n"
    "b 60 RRSIG A 13 2 60 20300101000000 20200101000000 1 example. AAAA\n",
    "@ 60 SOA ns a 1 2 3 4 5\n@ 60 NSEC3PARAM 1 0 1 aa\nwww 60 A 192.0.2.1\n"
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 1 aa 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA\n"
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 NSEC3 1 0 1 aa 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n",
};

/* A block of heap with its origin, for the caller. */
static struct zone_version *sound_block(const char *text)
{
    static const uint8_t origin[] = "\7example";
    struct zone_read_options options = { .path = "-", .text = text, .text_bytes = strlen(text), .origin = { origin, sizeof origin, 1 } };
    struct zone_builder *builder = NULL;
    struct zone_files files = { 0 };
    struct zone_version *version = NULL;
    enum status st = zone_read(&options, &builder, &files, NULL);
    if (st == OK)
        st = zone_builder_finish(builder, false, &version);
    else
        zone_builder_free(builder);
    zone_files_clear(&files);
    return st == OK ? version : NULL;
}

/* Each change: two octets where, one that is put there. */
static void check_changes(const char *text, const uint8_t *data, size_t size)
{
    enum { CHANGE_BYTES = 3 };
    struct zone_version *v = sound_block(text);
    if (!v)
        abort();
    size_t bytes = zone_version_bytes(v);
    uint8_t *block = malloc(bytes);
    if (block) {
        memcpy(block, v, bytes);
        for (size_t at = 0; at + CHANGE_BYTES <= size; at += CHANGE_BYTES)
            block[get_u16(data + at) % bytes] = data[at + 2];
        check_block(block, bytes);
    }
    free(block);
    zone_version_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0)
        check_block(data + 1, size - 1);
    else if (data[0] == 1)
        check_file(data + 1, size - 1);
    else
        check_changes(texts[data[0] % LENGTH_OF(texts)], data + 1, size - 1);
    return 0;
}
