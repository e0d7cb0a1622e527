/* SPDX-License-Identifier: Apache-2.0 */
/* `rhizd -t`: what a start would stumble over, without a port opened or a file changed.
 *
 *  An error is what a start refuses.  A warning is what it lives with (a zone that is not there), or what somebody else may put
 *  right before it: a service manager makes /run/rhizome and is root. */
#include "daemon/chains.h"
#include "daemon/inside.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(struct diagnostics *diag, enum severity severity, const char *what, const char *path, const char *key)
{
    diagnostics_add(diag, severity, "start", NULL, "%s %s: %s (%s)", what, path, strerror(errno), key);
}

/* Cuts the last step off. */
static const char *parent_of(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    slash[slash == path] = 0;
    return path;
}

static void check_state(const struct config *config, struct diagnostics *diag)
{
    char path[PATH_MAX];
    struct stat facts;
    if (!config_path(config, config->server.state, path, sizeof path))
        return;
    bool there = stat(path, &facts) == 0;
    if (there && !S_ISDIR(facts.st_mode))
        diagnostics_add(diag, SEVERITY_ERROR, "start", NULL, "the state folder %s is no folder (server.state)", path);
    else if (there && access(path, W_OK | X_OK) != 0)
        say(diag, SEVERITY_WARNING, "cannot write into the state folder", path, "server.state");
    else if (!there && stat(parent_of(path), &facts) != 0)
        say(diag, SEVERITY_ERROR, "cannot make the state folder in", path, "server.state");
    else if (!there && access(path, W_OK | X_OK) != 0)
        say(diag, SEVERITY_WARNING, "cannot make the state folder in", path, "server.state");
}

/* The folder of a file that the start makes. */
static void check_folder(const struct config *config, const char *file, enum severity severity, const char *what, const char *key, struct diagnostics *diag)
{
    char path[PATH_MAX];
    if (file && config_path(config, file, path, sizeof path) && access(parent_of(path), W_OK | X_OK) != 0)
        say(diag, severity, what, path, key);
}

static void check_log(const struct config *config, struct diagnostics *diag)
{
    char path[PATH_MAX];
    if (!config->log.file || !config_path(config, config->log.file, path, sizeof path))
        return;
    if (access(path, W_OK) == 0)
        return;
    if (errno != ENOENT)
        say(diag, SEVERITY_ERROR, "cannot open the log", path, "log.file");
    else
        check_folder(config, config->log.file, SEVERITY_ERROR, "cannot make the log in", "log.file", diag);
}

static void check_zones(const struct config *config, struct diagnostics *diag)
{
    char path[8192], name[NAME_TEXT_ROOM];
    for (size_t i = 0; i < config->zone_count; i++) {
        const struct config_zone *zone = &config->zones[i];
        if (!config_zone_file(config, zone, path, sizeof path) || access(path, R_OK) == 0)
            continue;
        diagnostics_add(diag, SEVERITY_WARNING, "start", NULL, "zone %s: cannot read %s: %s", name_to_text(name_view_wire(zone->name), name), path, strerror(errno));
    }
}

/* All of them are made and thrown away; nobody is asked anything. */
static void check_chains(const struct config *config, struct diagnostics *diag)
{
    struct chains *chains = NULL;
    struct epoch *epoch = epoch_new();
    enum status st = epoch ? chains_open(config, epoch, &chains, diag) : E_NOMEM;
    if (st != OK && diagnostics_count(diag, SEVERITY_ERROR) == 0)
        diagnostics_add(diag, SEVERITY_ERROR, "start", NULL, "chains: %s", status_text(st));
    chains_free(chains);
    if (epoch)
        epoch_free(epoch);
}

enum status house_check(const struct config *config, struct diagnostics *diag)
{
    unsigned user = geteuid(), group = getegid();
    const char *name = user_find(config, &user, &group, diag) == OK ? config->server.user : NULL;
    bool root = geteuid() == 0;
    check_state(config, diag);
    check_folder(config, config->server.control, SEVERITY_WARNING, "cannot make the control socket in", "server.control", diag);
    check_folder(config, config->server.tap_file, SEVERITY_ERROR, "cannot write into", "server.dnstap.file", diag);
    check_log(config, diag);
    check_chains(config, diag);         /* files with URLs are read while we are who starts the daemon */
    /* The rest is read as who the daemon becomes. */
    if (name && root && user_become(name, user, group, diag) != OK)
        return E_INVALID;
    if (name && !root && geteuid() != user) {
        diagnostics_add(diag, SEVERITY_WARNING, "start", NULL, "only root can become user %s (server.user), and can tell what that user may read", name);
    } else {
        struct cookie_secrets secrets;
        if (secrets_read(config, &secrets, diag) == OK)
            cookie_secrets_wipe(&secrets);
        check_zones(config, diag);
    }
    return diagnostics_count(diag, SEVERITY_ERROR) ? E_INVALID : OK;
}
