/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of key files, named as other programs name them. */
#include "wallet/inside.h"

#include "store/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct listing {
    const char *folder;
    bool (*each)(void *context, const struct wallet_entry *entry);
    void *context;
    enum status status;
};

/* Files that cannot be read, or are something else, are passed over. */
static bool list_one(void *context, const char *name)
{
    struct listing *listing = context;
    char path[PATH_MAX], *text = NULL;
    size_t bytes = 0;
    struct wallet_entry entry = { .path = path };
    size_t length = strlen(name);
    if ((length > 4 && strcmp(name + length - 4, ".new") == 0) ||       /* a write that did not come to its end */
        snprintf(path, sizeof path, "%s/%s", listing->folder, name) >= (int)sizeof path)
        return true;
    enum status status = store_file_read(path, WALLET_FILE_MAX, &text, &bytes);
    if (status == OK)
        status = wallet_file_address(slice_of(text, bytes), entry.address);
    mem_free(text);
    if (status == E_NOMEM) {
        listing->status = E_NOMEM;
        return false;
    }
    entry.known = status == OK;
    return status == OK || status == E_NOT_FOUND ? listing->each(listing->context, &entry) : true;
}

enum status wallet_list(const char *folder, bool (*each)(void *context, const struct wallet_entry *entry), void *context)
{
    struct listing listing = { folder, each, context, OK };
    enum status status = store_folder_each(folder, WALLET_FILES_MAX, list_one, &listing);
    if (status == E_NOT_FOUND)
        return OK;
    return status == OK ? listing.status : status;
}

struct search {
    const uint8_t *address;
    char *path;
    size_t room, found;
    bool full;
};

static bool search_one(void *context, const struct wallet_entry *entry)
{
    struct search *search = context;
    if (search->address && (!entry->known || memcmp(entry->address, search->address, sizeof entry->address) != 0))
        return true;
    search->found++;
    if (search->found == 1)
        search->full = snprintf(search->path, search->room, "%s", entry->path) >= (int)search->room;
    return !search->address && search->found < 2;
}

enum status wallet_find(const char *folder, const uint8_t *address, char *path, size_t room)
{
    char first[PATH_MAX];
    struct search search = { address, first, sizeof first, 0, false };
    enum status status = wallet_list(folder, search_one, &search);
    if (status != OK)
        return status;
    if (search.found != 1)
        return search.found == 0 ? E_NOT_FOUND : E_EXISTS;
    if (search.full || strlen(first) >= room)
        return E_NO_SPACE;
    memcpy(path, first, strlen(first) + 1);
    return OK;
}

/* UTC--2026-11-21T19-36-32.123000000Z--7e5f4552091a69125d5dfcb7b8c2659029395bdf, as go-ethereum names them. */
static enum status make_path(const char *folder, const struct wallet_key *key, uint64_t unix_ms, char *path, size_t room)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm civil;
    struct text text;
    if (!gmtime_r(&seconds, &civil))
        return E_RANGE;
    text_fixed(&text, path, room);
    text_add_format(&text, "%s/UTC--%04d-%02d-%02dT%02d-%02d-%02d.%03u000000Z--", folder, civil.tm_year + 1900, civil.tm_mon + 1,
                    civil.tm_mday, civil.tm_hour, civil.tm_min, civil.tm_sec, (unsigned)(unix_ms % 1000));
    text_add_hex(&text, key->address, sizeof key->address, false);
    return text.full ? E_NO_SPACE : OK;
}

enum status wallet_store(const char *folder, const struct wallet_key *key, const struct wallet_secret *password,
                         const struct wallet_cost *cost, uint64_t unix_ms, char *path, size_t room)
{
    struct text text;
    enum status status = store_folder_make(folder, 0700);
    if (status == OK)
        status = wallet_find(folder, key->address, path, room);
    if (status != E_NOT_FOUND)
        return status == OK ? E_EXISTS : status;
    status = make_path(folder, key, unix_ms, path, room);
    if (status != OK)
        return status;
    text_growing(&text);
    status = wallet_seal(key, password, cost, &text);
    if (status == OK)
        status = store_file_write(path, text.data, text.length, 0600, STORE_CREATE);
    text_clear(&text);
    return status;
}

enum status wallet_load(const char *path, const struct wallet_secret *password, struct wallet_key **out)
{
    char *text = NULL;
    size_t bytes = 0;
    enum status status = store_file_read(path, WALLET_FILE_MAX, &text, &bytes);
    if (status != OK)
        return status;
    status = wallet_open(slice_of(text, bytes), password, out);
    mem_free(text);
    return status;
}
