/* SPDX-License-Identifier: Apache-2.0 */
/* Property: a block that is accepted is a zone, in which every walk stays inside and ends.  The first octet says what the rest is: 0 a block; else a
 * whole file, whose sums are made right first. */
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0)
        check_block(data + 1, size - 1);
    else
        check_file(data + 1, size - 1);
    return 0;
}
