/* SPDX-License-Identifier: Apache-2.0 */
/* Properties: a zone of several files reads twice to the same content, says errors exactly when it fails, notes each file it
 * read, finds them unchanged, and never reads outside its folder.
 *
 * The first octet is flags (the origin is not given, a default TTL, class IN, progress cancels); then files `main`, `b`, `c`, `d`, each
 * after a line `%%`. */
#include "zone/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NO_ORIGIN = 1, HAS_TTL = 2, IS_IN = 4, CANCELS = 8 };
static const char *const names[] = { "main", "b", "c", "d" };
static const uint8_t origin_wire[] = "\1t";

static void write_file(const char *folder, const char *name, const uint8_t *data, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

/* One folder for the life of the process, with a folder in it and nothing else but the files. */
static const char *the_folder(void)
{
    static char folder[32];
    if (folder[0] == 0) {
        char sub[64];
        snprintf(folder, sizeof folder, "/tmp/fuzz-include.XXXXXX");
        if (mkdtemp(folder) == NULL)
            abort();
        snprintf(sub, sizeof sub, "%s/sub", folder);
        if (mkdir(sub, 0700) != 0)
            abort();
    }
    return folder;
}

static void write_files(const char *folder, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        const uint8_t *end = size == 0 ? NULL : memmem(data, size, "\n%%\n", 4);
        size_t own = end == NULL ? size : (size_t)(end - data);
        write_file(folder, names[i], data, own);
        size_t step = end == NULL ? size : own + 4;
        data += step;
        size -= step;
    }
}

static bool cancel(void *context, uint64_t done, uint64_t all)
{
    (void)context;
    if (done > all)
        abort();
    return false;
}

static enum status read_main(const char *folder, uint8_t flags, struct zone_version **out, struct diagnostics *diag)
{
    char path[128];
    snprintf(path, sizeof path, "%s/main", folder);
    struct zone_builder *builder = NULL;
    struct zone_files files = { 0 };
    struct zone_read_options options = {
        .path = path, .include_root = folder, .generate_limit = 64, .record_limit = 2000, .include_depth = 3,
        .default_ttl = 60, .has_default_ttl = (flags & HAS_TTL) != 0, .klass = flags & IS_IN ? CLASS_IN : 0,
        .progress = flags & CANCELS ? cancel : NULL,
    };
    if (!(flags & NO_ORIGIN))
        options.origin = (struct name_view){ origin_wire, sizeof origin_wire, 1 };
    enum status status = zone_read(&options, &builder, &files, diag);
    if (files.count == 0 || strcmp(files.files[0].path, path) != 0 || zone_files_changed(&files))
        abort();
    for (size_t i = 1; i < files.count; i++)
        if (strncmp(files.files[i].path, folder, strlen(folder)) != 0)
            abort();
    zone_files_clear(&files);
    if (builder != NULL && zone_builder_finish(builder, true, out) != OK)
        abort();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *folder = the_folder();
    write_files(folder, data + 1, size - 1);
    struct zone_version *first = NULL, *again = NULL;
    struct diagnostics *diag = diagnostics_new(0), *none = diagnostics_new(0);
    enum status status = read_main(folder, data[0], &first, diag);
    bool told = diagnostics_count(diag, SEVERITY_ERROR) > 0;
    if (status == OK ? told : status == E_INVALID && !told)
        abort();
    if (read_main(folder, data[0], &again, none) != status || (first == NULL) != (again == NULL))
        abort();
    if (first != NULL && zone_version_fingerprint(first) != zone_version_fingerprint(again))
        abort();
    zone_version_free(first);
    zone_version_free(again);
    diagnostics_free(diag);
    diagnostics_free(none);
    return 0;
}
