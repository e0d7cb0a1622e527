/* SPDX-License-Identifier: Apache-2.0 */
/* ens-normalize.js validate/tests.json: [{ name, norm (when it differs), error (true), comment }], first of all the version. */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names/normalise.h"

static bool is_same(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    return a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

static void run_case(const struct vector_json *entry, struct vector_score *score)
{
    const struct vector_json *name = vector_json_get(entry, "name"), *norm = vector_json_get(entry, "norm");
    const struct vector_json *error = vector_json_get(entry, "error");
    bool refused = error && error->kind == VECTOR_TRUE;
    size_t room = name->length * NORMALISE_GROWTH + 1, length = 0;
    char *out = malloc(room);
    struct normalise_report why;
    if (!out) {
        vector_fail(score, name->text, "no memory");
        return;
    }
    if (!norm)
        norm = name;
    enum status st = ens_normalise(slice_of(name->text, name->length), out, room, &length, &why);
    if (refused)
        vector_count(score, st == E_BAD_NAME || st == E_BAD_TEXT || st == E_LIMIT, name->text, "accepted");
    else if (st != OK)
        vector_fail(score, name->text, "refused: %s U+%04X", normalise_fault_text(why.fault), (unsigned)why.point);
    else if (!is_same(out, length, norm->text, norm->length))
        vector_fail(score, name->text, "became %.*s, not %s", (int)length, out, norm->text);
    else
        vector_count(score, ens_is_normal(slice_of(out, length)), name->text, "its result is not normal");
    free(out);
}

int run_ensip15(const char *text, size_t bytes, struct vector_score *score)
{
    struct vector_json *file = vector_json_parse(text, bytes);
    if (!file || file->kind != VECTOR_ARRAY) {
        vector_json_free(file);
        return -1;
    }
    for (const struct vector_json *entry = file->first; entry; entry = entry->next) {
        const struct vector_json *name = vector_json_get(entry, "name");
        if (!name || name->kind != VECTOR_TEXT) {
            vector_json_free(file);
            return -1;
        }
        if (!vector_json_get(entry, "version"))
            run_case(entry, score);
    }
    vector_json_free(file);
    return 0;
}
