/* SPDX-License-Identifier: Apache-2.0 */
/** @file replay.c -- main() of a fuzz target that is built without libFuzzer: runs each file of the folders (or each
 *  file) given as arguments, in order of name, and one empty input first.  So every kept input is a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    struct stat facts;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &facts) != 0) {
        perror(path);
        if (file)
            fclose(file);
        return 1;
    }
    /* Exactly as large as the input, so that AddressSanitizer sees the first octet behind it. */
    size_t size = (size_t)facts.st_size;
    uint8_t *data = malloc(size ? size : 1);
    int failed = !data || fread(data, 1, size, file) != size;
    fclose(file);
    if (failed)
        fprintf(stderr, "%s: cannot read\n", path);
    else
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return failed;
}

static int replay_folder(const char *folder, size_t *count)
{
    struct dirent **entries;
    int number = scandir(folder, &entries, NULL, alphasort);
    if (number < 0) {
        perror(folder);
        return 1;
    }
    int failed = 0;
    for (int i = 0; i < number; i++) {
        char path[4096];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && length > 0 && (size_t)length < sizeof path) {
            failed |= replay_file(path);
            ++*count;
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int count, char **arguments)
{
    size_t files = 0;
    int failed = 0;
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < count; i++) {
        struct stat facts;
        if (stat(arguments[i], &facts) == 0 && S_ISREG(facts.st_mode)) {
            failed |= replay_file(arguments[i]);
            files++;
        } else {
            failed |= replay_folder(arguments[i], &files);
        }
    }
    printf("%zu inputs\n", files);
    return failed;
}
