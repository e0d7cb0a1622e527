/* SPDX-License-Identifier: Apache-2.0 */
/* `rhiz wallet new|list|import|export`: key files, never a key in the clear. */
#include "tools/wallet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/address.h"
#include "store/file.h"
#include "tools/control_client.h"

static int folder_of(const struct tool_call *call, const char *given, const char *base, const char *below, char out[TOOL_PATH_ROOM])
{
    const char *home = getenv("HOME");
    int n;
    if (given != NULL && given[0] != '\0')
        n = snprintf(out, TOOL_PATH_ROOM, "%s", given);
    else if (base != NULL && base[0] == '/')
        n = snprintf(out, TOOL_PATH_ROOM, "%s/rhizome%s", base, strstr(below, "rhizome") + strlen("rhizome"));
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, TOOL_PATH_ROOM, "%s/%s", home, below);
    else
        return tools_complain(call, TOOL_USAGE, "HOME is not set, so it is not known where keys and state lie; set RHIZ_KEYSTORE and RHIZ_STATE");
    return n > 0 && n < TOOL_PATH_ROOM ? TOOL_DONE : tools_complain(call, TOOL_USAGE, "the path of a folder is too long");
}

/* What the configuration says, against its folder; NULL when it says nothing. */
static const char *configured(const struct config *config, const char *path, char room[TOOL_PATH_ROOM])
{
    return config == NULL || path == NULL ? NULL : config_path(config, path, room, TOOL_PATH_ROOM);
}

int tools_keystore(const struct tool_call *call, const struct config *config, char out[TOOL_PATH_ROOM])
{
    char room[TOOL_PATH_ROOM];
    const char *said = call->values[OPTION_KEYSTORE];
    if (said == NULL && config != NULL)
        said = configured(config, config->wallet.keystore, room);
    return folder_of(call, said != NULL ? said : getenv("RHIZ_KEYSTORE"), getenv("XDG_DATA_HOME"), ".local/share/rhizome/keystore", out);
}

int tools_state_folder(const struct tool_call *call, const struct config *config, char out[TOOL_PATH_ROOM])
{
    char room[TOOL_PATH_ROOM];
    const char *said = config == NULL ? NULL : configured(config, config->wallet.state, room);
    return folder_of(call, said != NULL ? said : getenv("RHIZ_STATE"), getenv("XDG_STATE_HOME"), ".local/state/rhizome", out);
}

static int password_of_file(const struct tool_call *call, const char *path, struct wallet_secret **out)
{
    bool given = strncmp(path, "fd:", 3) == 0;
    uint64_t number = 0;
    if (given && text_read_u64(slice_string(path + 3), 1 << 20, &number) != OK)
        return tools_complain(call, TOOL_USAGE, "--password-file %s: fd: and the number of an open file is meant", path);
    int fd = given ? (int)number : open(path, O_RDONLY | O_CLOEXEC);
    enum status st = fd < 0 ? E_SYSTEM : wallet_password_read(fd, out);
    int why = errno;
    if (!given && fd >= 0)
        close(fd);
    if (st == OK)
        return TOOL_DONE;
    return tools_complain(call, TOOL_FAILED, "the password file %s: %s", path, st == E_SYSTEM ? strerror(why) : status_text(st));
}

int tools_password(const struct tool_call *call, const struct config *config, const char *prompt, bool twice, struct wallet_secret **out)
{
    char room[TOOL_PATH_ROOM];
    const char *path = call->values[OPTION_PASSWORD];
    if (path == NULL && config != NULL)
        path = configured(config, config->wallet.password_file, room);
    if (path == NULL)
        path = getenv("RHIZ_PASSWORD_FILE");
    if (path != NULL && path[0] != '\0')
        return password_of_file(call, path, out);
    switch (wallet_password_ask(prompt, twice, out)) {
    case OK: return TOOL_DONE;
    case E_INVALID: return tools_complain(call, TOOL_REFUSED, "the two passwords differ; nothing was done");
    case E_CLOSED: return tools_complain(call, TOOL_REFUSED, "no password, nothing was done");
    case E_LIMIT: return tools_complain(call, TOOL_USAGE, "a password has at most %d octets", WALLET_SECRET_MAX);
    case E_SYSTEM: return tools_complain(call, TOOL_USAGE, "there is no terminal to ask for the password; give --password-file FILE");
    default: return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    }
}

int tools_address(const struct tool_call *call, const char *what, const char *text, uint8_t out[ETHEREUM_ADDRESS_BYTES])
{
    enum status st = eip55_parse(slice_string(text), out);
    if (st == OK)
        return TOOL_DONE;
    if (st == E_INVALID)
        return tools_complain(call, TOOL_USAGE, "%s: the capital letters of `%s` do not fit its digits (EIP-55): one is likely wrong; all in lower case is taken as it is", what, text);
    return tools_complain(call, TOOL_USAGE, "%s: `%s` is no address; 0x and 40 hexadecimal digits are", what, text);
}

/* ---- verbs ---- */

/* The configuration when there is one that can be read; keys can do without. */
static struct config *config_maybe(const struct tool_call *call)
{
    struct config *config = NULL;
    struct diagnostics *diag = diagnostics_new(0);
    struct config_source source = { .path = tools_config_path(call) };
    if (diag != NULL && access(source.path, R_OK) == 0 && config_read(&source, &config, diag) != OK)
        diagnostics_print(diag, stderr, tools_colour(stderr));
    diagnostics_free(diag);
    return config;
}

static int key_store(const struct tool_call *call, const struct config *config, const struct wallet_key *key, const struct wallet_secret *password)
{
    const struct wallet_cost cost = call->values[OPTION_LIGHT] != NULL ? wallet_cost_light() : wallet_cost_standard();
    char folder[TOOL_PATH_ROOM], path[TOOL_PATH_ROOM] = "", address[EIP55_TEXT_ROOM];
    int rc = tools_keystore(call, config, folder);
    if (rc != TOOL_DONE)
        return rc;
    enum status st = wallet_store(folder, key, password, &cost, clock_now().unix_ms, path, sizeof path);
    eip55_print(wallet_key_address(key), address);
    if (st == E_EXISTS)
        return tools_complain(call, TOOL_REFUSED, "the keystore has a key file of %s already: %s", address, path);
    if (st != OK)
        return tools_complain(call, TOOL_FAILED, "%s: %s", folder, st == E_SYSTEM ? strerror(errno) : status_text(st));
    if (call->values[OPTION_JSON] != NULL) {
        struct json_value *object = json_value_object();
        json_value_set_text(object, "address", address);
        json_value_set_text(object, "path", path);
        rc = control_print_json(call, object);
        json_value_free(object);
        return rc;
    }
    printf("%s\n", address);
    fprintf(stderr, "in %s; whoever has this file and its password has what the key owns, and nobody can bring either back: keep copies\n", path);
    return TOOL_DONE;
}

int wallet_new_run(const struct tool_call *call)
{
    struct wallet_secret *password = NULL;
    struct wallet_key *key = NULL;
    struct config *config = config_maybe(call);
    int rc = tools_password(call, config, "Password of the new key: ", true, &password);
    if (rc == TOOL_DONE && wallet_key_new(&key) != OK)
        rc = tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    if (rc == TOOL_DONE)
        rc = key_store(call, config, key, password);
    config_free(config);
    wallet_key_free(key);
    wallet_secret_free(password);
    return rc;
}

struct listing { struct columns_table *table; struct json_value *json; size_t count; };

static bool entry_add(void *context, const struct wallet_entry *entry)
{
    struct listing *l = context;
    char address[EIP55_TEXT_ROOM] = "?";
    const char *note = NULL;
    if (entry->known) {
        eip55_print(entry->address, address);
        note = wallet_key_public_source(entry->address);
    }
    l->count++;
    columns_add(l->table, address);
    columns_add(l->table, entry->path);
    columns_add(l->table, note == NULL ? "" : "everybody has this key");
    struct json_value *one = json_value_object();
    json_value_set_text(one, "address", entry->known ? address : NULL);
    json_value_set_text(one, "path", entry->path);
    json_value_set_bool(one, "known-to-everybody", note != NULL);
    json_value_add(l->json, one);
    return true;
}

int wallet_list_run(const struct tool_call *call)
{
    struct listing l = { columns_new(3), json_value_array(), 0 };
    char folder[TOOL_PATH_ROOM];
    struct config *config = config_maybe(call);
    int rc = tools_keystore(call, config, folder);
    columns_add(l.table, "ADDRESS");
    columns_add(l.table, "FILE");
    columns_add(l.table, "");
    enum status st = rc == TOOL_DONE ? wallet_list(folder, entry_add, &l) : OK;
    if (st != OK)
        rc = tools_complain(call, TOOL_FAILED, "%s: %s", folder, st == E_SYSTEM ? strerror(errno) : status_text(st));
    else if (rc == TOOL_DONE && call->values[OPTION_JSON] != NULL)
        rc = control_print_json(call, l.json);
    else if (rc == TOOL_DONE && l.count > 0)
        columns_print(l.table, stdout, 0);
    else if (rc == TOOL_DONE)
        fprintf(stderr, "%s: no keys; `rhiz wallet new` makes one\n", folder);
    config_free(config);
    columns_free(l.table);
    json_value_free(l.json);
    return rc;
}

static int text_load(const struct tool_call *call, const char *path, char **out, size_t *bytes)
{
    if (strcmp(path, "-") != 0) {
        enum status st = store_file_read(path, WALLET_FILE_MAX, out, bytes);
        return st == OK ? TOOL_DONE : tools_complain(call, TOOL_FAILED, "%s: %s", path, st == E_SYSTEM ? strerror(errno) : status_text(st));
    }
    char *room = mem_alloc(WALLET_FILE_MAX + 1);
    if (room == NULL)
        return tools_complain(call, TOOL_FAILED, "%s", status_text(E_NOMEM));
    size_t have = 0;
    for (ssize_t n = 1; n > 0 && have < WALLET_FILE_MAX; have += n > 0 ? (size_t)n : 0)
        n = read(STDIN_FILENO, room + have, WALLET_FILE_MAX - have);
    *out = room;
    *bytes = have;
    return TOOL_DONE;
}

static int key_open(const struct tool_call *call, const struct config *config, const char *path, struct slice text, struct wallet_secret **password, struct wallet_key **key)
{
    enum status st = wallet_key_import(text, key);
    if (st == OK)
        return tools_password(call, config, "Password for the key file: ", true, password);
    if (st == E_INVALID)
        return tools_complain(call, TOOL_NEGATIVE, "%s: this number is no key of the curve", path);
    int rc = tools_password(call, config, "Password of the key file: ", false, password);
    if (rc != TOOL_DONE)
        return rc;
    st = wallet_open(text, *password, key);
    if (st == E_REFUSED)
        return tools_complain(call, TOOL_REFUSED, "%s: the password is wrong", path);
    return st == OK ? TOOL_DONE : tools_complain(call, TOOL_NEGATIVE, "%s: %s; a key file (version 3) or 64 hexadecimal digits are taken", path, status_text(st));
}

int wallet_import_run(const struct tool_call *call)
{
    char *text = NULL;
    size_t bytes = 0;
    struct wallet_secret *password = NULL;
    struct wallet_key *key = NULL;
    struct config *config = config_maybe(call);
    int rc = text_load(call, call->arguments[0], &text, &bytes);
    if (rc == TOOL_DONE)
        rc = key_open(call, config, call->arguments[0], slice_of(text, bytes), &password, &key);
    if (rc == TOOL_DONE)
        rc = key_store(call, config, key, password);
    config_free(config);
    if (text != NULL)
        explicit_bzero(text, bytes);
    mem_free(text);
    wallet_key_free(key);
    wallet_secret_free(password);
    return rc;
}

static int export_to(const struct tool_call *call, const struct config *config, const char *path, const char *to)
{
    char *text = NULL;
    size_t bytes = 0;
    struct wallet_secret *password = NULL;
    struct wallet_key *key = NULL;
    int rc = tools_password(call, config, "Password of the key file: ", false, &password);
    if (rc != TOOL_DONE)
        return rc;
    enum status st = wallet_load(path, password, &key);
    if (st == OK)
        st = store_file_read(path, WALLET_FILE_MAX, &text, &bytes);
    if (st == OK)
        st = store_file_write(to, text, bytes, 0600, STORE_CREATE);
    if (st == E_REFUSED)
        rc = tools_complain(call, TOOL_REFUSED, "%s: the password is wrong", path);
    else if (st == E_EXISTS)
        rc = tools_complain(call, TOOL_REFUSED, "%s is there already", to);
    else if (st != OK)
        rc = tools_complain(call, TOOL_FAILED, "%s", st == E_SYSTEM ? strerror(errno) : status_text(st));
    mem_free(text);
    wallet_key_free(key);
    wallet_secret_free(password);
    return rc;
}

int wallet_export_run(const struct tool_call *call)
{
    char folder[TOOL_PATH_ROOM], path[TOOL_PATH_ROOM];
    uint8_t address[ETHEREUM_ADDRESS_BYTES];
    struct config *config = config_maybe(call);
    int rc = tools_address(call, "ADDRESS", call->arguments[0], address);
    if (rc == TOOL_DONE)
        rc = tools_keystore(call, config, folder);
    enum status st = rc == TOOL_DONE ? wallet_find(folder, address, path, sizeof path) : OK;
    if (st != OK)
        rc = tools_complain(call, st == E_NOT_FOUND ? TOOL_NEGATIVE : TOOL_FAILED, "%s: %s", folder, st == E_NOT_FOUND ? "there is no key file of this address" : status_text(st));
    if (rc == TOOL_DONE)
        rc = export_to(call, config, path, call->arguments[1]);
    config_free(config);
    return rc;
}
