/* SPDX-License-Identifier: Apache-2.0 */
/* Property: what parses is written, in each style, as text that reads back without a diagnostic to the same content (plain: to the
 * letter; relative and canonical: but for the case of names); the checks
 * and the printing of diagnostics take whatever was read.  $INCLUDE is bound to a folder that holds nothing. */
#include "zone/check.h"
#include "zone/text.h"

#include <stdlib.h>
#include <string.h>

static const char bound[] = "/proc/self/fdinfo";
static const uint8_t origin_wire[] = "\1t";

static struct zone_version *read_text(const char *text, size_t bytes, uint16_t klass, struct diagnostics *diag, enum status *status)
{
    struct zone_builder *builder = NULL;
    struct zone_version *version = NULL;
    struct zone_read_options options = {
        .path = "fuzz", .text = text, .text_bytes = bytes, .origin = { origin_wire, sizeof origin_wire, 1 },
        .include_root = bound, .klass = klass, .generate_limit = 64, .record_limit = 20000,
    };
    *status = zone_read(&options, &builder, NULL, diag);
    if (builder && zone_builder_finish(builder, true, &version) != OK)
        abort();
    return version;
}

static void refuse_difference(void *context, const struct zone_difference *d)
{
    (void)context, (void)d;
    abort();
}

static void write_and_read(const struct zone_version *version, const struct zone_write_options *style, bool same)
{
    char *text = NULL;
    size_t bytes = 0;
    enum status status;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream || zone_write(version, style, stream) != OK)
        abort();
    fclose(stream);
    struct diagnostics *diag = diagnostics_new(0);
    struct zone_version *again = read_text(text, bytes, zone_version_class(version), diag, &status);
    if (status != OK || !again || diagnostics_kept(diag) != 0 || zone_version_records(again) != zone_version_records(version) ||
        (same && zone_version_fingerprint(again) != zone_version_fingerprint(version))) {
        fwrite(text, 1, bytes, stderr);
        diagnostics_print(diag, stderr, false);
        abort();
    }
    if (zone_diff(version, again, true, refuse_difference, NULL) != OK)
        abort();
    zone_version_free(again);
    diagnostics_free(diag);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics *diag = diagnostics_new(0);
    enum status status, checked;
    struct zone_version *version = read_text((const char *)data, size, 0, diag, &status);
    bool told = diagnostics_count(diag, SEVERITY_ERROR) > 0;
    if (status == OK ? told : status == E_INVALID && !told)
        abort();
    if (version && status != E_NOMEM) {
        checked = zone_check(version, &(struct zone_check_options){ .unix_seconds = 1790000000 }, diag);
        if (checked == E_NOMEM)
            abort();
        write_and_read(version, &(struct zone_write_options){ .relative = false }, true);
        write_and_read(version, &(struct zone_write_options){ .relative = true }, false);
        write_and_read(version, &(struct zone_write_options){ .canonical = true }, false);
    }
    if (version)
        zone_version_free(version);
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream) {
        diagnostics_print(diag, stream, true);
        fclose(stream);
    }
    free(text);
    diagnostics_free(diag);
    return 0;
}
