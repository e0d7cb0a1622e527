/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file.h"
#include "base/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status store_file_sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof folder)
        return E_LIMIT;
    memcpy(folder, slash ? path : ".", length);
    folder[length] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return E_SYSTEM;
    int failed = fsync(fd);
    int error = errno;
    close(fd);
    errno = error;
    /* Some file systems (of networks) cannot sync a folder; they do it by themselves. */
    return failed != 0 && error != EINVAL && error != ENOTSUP ? E_SYSTEM : OK;
}

static enum status make_one(const char *path, mode_t mode)
{
    struct stat facts;
    if (mkdir(path, mode) == 0)
        return store_file_sync_folder(path);
    if (errno != EEXIST)
        return errno == ENOTDIR ? E_INVALID : E_SYSTEM;
    return stat(path, &facts) != 0 ? E_SYSTEM : S_ISDIR(facts.st_mode) ? OK : E_INVALID;
}

enum status store_folder_make(const char *path, mode_t mode)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part)
        return E_LIMIT;
    while (length > 1 && path[length - 1] == '/')
        length--;
    memcpy(part, path, length);
    part[length] = '\0';
    for (size_t at = 1; at < length; at++) {
        if (part[at] != '/')
            continue;
        part[at] = '\0';
        enum status status = make_one(part, mode);
        if (status != OK)
            return status;
        part[at] = '/';
    }
    return make_one(part, mode);
}

struct names { char **list; size_t count, room; };

static enum status names_add(struct names *names, const char *name, size_t most)
{
    if (names->count == most)
        return E_LIMIT;
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 64;
        char **larger = mem_resize(names->list, room * sizeof *larger);
        if (!larger)
            return E_NOMEM;
        names->list = larger;
        names->room = room;
    }
    char *copy = mem_string(name);
    if (!copy)
        return E_NOMEM;
    names->list[names->count++] = copy;
    return OK;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

enum status store_folder_each(const char *path, size_t most, bool (*each)(void *context, const char *name), void *context)
{
    struct names names = { NULL, 0, 0 };
    enum status status = OK;
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT || errno == ENOTDIR ? E_NOT_FOUND : E_SYSTEM;
    while (status == OK) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry) {
            status = errno ? E_SYSTEM : OK;
            break;
        }
        if (entry->d_name[0] != '.')
            status = names_add(&names, entry->d_name, most);
    }
    closedir(folder);
    if (names.count > 1)
        qsort(names.list, names.count, sizeof *names.list, compare_names);
    for (size_t i = 0; status == OK && i < names.count && each(context, names.list[i]); i++)
        continue;
    for (size_t i = 0; i < names.count; i++)
        mem_free(names.list[i]);
    mem_free(names.list);
    return status;
}
