/* SPDX-License-Identifier: Apache-2.0 */
/* run-vectors KIND FILE: runs a file of published test vectors, plain or gzipped, through the library.
 * The last line is `N passed, N failed`; exit 0 only when something passed and nothing failed. */
#include "vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { TOLD_MAX = 20, FILE_BYTES_MAX = 256 << 20 };

void vector_pass(struct vector_score *score) { score->passed++; }

void vector_fail(struct vector_score *score, const char *label, const char *format, ...)
{
    va_list arguments;
    if (score->failed++ >= TOLD_MAX)
        return;
    fprintf(stderr, "FAIL %s: ", label ? label : "?");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void vector_count(struct vector_score *score, bool good, const char *label, const char *what)
{
    if (good)
        vector_pass(score);
    else
        vector_fail(score, label, "%s", what);
}

/* The whole file, unpacked, with a NUL behind it; NULL when it cannot be read.  zlib reads plain files as they are. */
static char *file_read(const char *path, size_t *bytes)
{
    gzFile file = gzopen(path, "rb");
    size_t room = 1 << 20, length = 0;
    char *text = file ? malloc(room) : NULL;
    int got = -1;
    while (text && (got = gzread(file, text + length, (unsigned)(room - length - 1))) > 0) {
        length += (size_t)got;
        if (room - length > 1)
            continue;
        char *larger = room < FILE_BYTES_MAX ? realloc(text, room * 2) : NULL;
        if (!larger) {
            got = -1;
            break;
        }
        text = larger;
        room *= 2;
    }
    if (file && gzclose(file) != Z_OK)
        got = -1;
    if (got != 0) {
        free(text);
        return NULL;
    }
    text[length] = 0;
    *bytes = length;
    return text;
}

/* A kind whose file is not built in (a build without its room) has no function. */
#pragma weak run_address
#pragma weak run_contenthash
#pragma weak run_namehash
#pragma weak run_ensip15
#pragma weak run_transactions
#pragma weak run_wallets

static const struct {
    const char *name;
    int (*run)(const char *text, size_t bytes, struct vector_score *score);
} kinds[] = {
    { "address", run_address },           { "contenthash", run_contenthash }, { "namehash", run_namehash },
    { "ensip15", run_ensip15 },           { "transactions", run_transactions }, { "wallets", run_wallets },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

int main(int count, char **arguments)
{
    size_t kind = 0;
    while (count == 3 && kind < KIND_COUNT && strcmp(arguments[1], kinds[kind].name) != 0)
        kind++;
    if (count != 3 || kind == KIND_COUNT) {
        fputs("usage: run-vectors address|contenthash|namehash|ensip15|transactions|wallets FILE[.gz]\n", stderr);
        return 2;
    }
    if (!kinds[kind].run) {
        fprintf(stderr, "%s: not in this build\n", arguments[1]);
        return 2;
    }
    size_t bytes = 0;
    char *text = file_read(arguments[2], &bytes);
    if (!text) {
        fprintf(stderr, "%s: cannot be read\n", arguments[2]);
        return 2;
    }
    struct vector_score score = { 0 };
    int status = kinds[kind].run(text, bytes, &score);
    free(text);
    if (status != 0)
        fprintf(stderr, "%s: no file of %s vectors\n", arguments[2], arguments[1]);
    printf("%zu passed, %zu failed\n", score.passed, score.failed);
    return status == 0 && score.passed > 0 && score.failed == 0 ? 0 : 1;
}
