/* SPDX-License-Identifier: Apache-2.0 */
/* Privileges, and talking to the service manager. */
#include "daemon/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

void manager_tell(const char *state) { (void)sd_notify(0, state); }

/* The next process finds the sockets with its LISTEN_FDS, so that no query is lost between the two. */
void manager_store(struct house *house)
{
    int fds[768];
    if (!getenv("NOTIFY_SOCKET"))
        return;
    size_t count = net_descriptors(house->net, fds, LENGTH_OF(fds));
    if (sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=listen") < 0 || sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=listen", fds, (unsigned)count) < 0)
        log_warning(LOG_SERVER, "the service manager did not take the sockets");
}

static enum status refuse(struct diagnostics *diag, const char *what, const char *about)
{
    diagnostics_add(diag, SEVERITY_ERROR, "user", NULL, "%s %s: %s", what, about, strerror(errno));
    return E_SYSTEM;
}

/* That of snapshots may be there from a start without server.user: left as it is, its new owner would not trust it. */
static void give_snapshots(const char *state, uid_t user, gid_t group)
{
    char path[PATH_MAX];
    int fd = snprintf(path, sizeof path, "%s/snapshots", state) < (int)sizeof path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    (void)!fchown(fd, user, group);
    close(fd);
}

/* The state folder, with its parents' last step; owned by who we become. */
static enum status make_state(const struct config *config, uid_t user, gid_t group, struct diagnostics *diag)
{
    char path[PATH_MAX];
    if (!config_path(config, config->server.state, path, sizeof path))
        return E_LIMIT;
    bool made = mkdir(path, 0750) == 0;
    if (!made && errno != EEXIST)
        return refuse(diag, "cannot make the state folder", path);
    if (geteuid() == 0 && user != 0 && chown(path, user, group) != 0)
        return refuse(diag, "cannot give away the state folder", path);
    if (geteuid() == 0 && user != 0)
        give_snapshots(path, user, group);
    return OK;
}

/* Not through links: the log's folder may be writable by who must not become owner of what they lead to. */
static enum status give_log(const char *path, uid_t user, gid_t group, struct diagnostics *diag)
{
    struct stat facts;
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool own = fd >= 0 && fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink == 1;
    enum status st = own && fchown(fd, user, group) != 0 ? refuse(diag, "cannot give away the log", path) : OK;
    if (!own)
        log_warning(LOG_SERVER, "the log is a link or no plain file, and keeps its owner", log_text("file", path));
    if (fd >= 0)
        close(fd);
    return st;
}

enum status user_become(const char *name, unsigned user, unsigned group, struct diagnostics *diag)
{
    if (initgroups(name, group) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0)
        return refuse(diag, "cannot become user", name);
    if (user != 0 && setuid(0) == 0) {
        diagnostics_add(diag, SEVERITY_ERROR, "user", NULL, "privileges came back after they were dropped");
        return E_SYSTEM;
    }
    return OK;
}

enum status user_find(const struct config *config, unsigned *user, unsigned *group, struct diagnostics *diag)
{
    const char *name = config->server.user;
    const struct passwd *entry = name ? getpwnam(name) : NULL;
    if (name && !entry) {
        diagnostics_add(diag, SEVERITY_ERROR, "user", NULL, "there is no user %s (server.user)", name);
        return E_NOT_FOUND;
    }
    *user = entry ? entry->pw_uid : geteuid();
    *group = entry ? entry->pw_gid : getegid();
    return OK;
}

enum status privileges_drop(struct house *house, struct diagnostics *diag)
{
    const char *name = house->config->server.user;
    unsigned user, group;
    enum status st = user_find(house->config, &user, &group, diag);
    if (st != OK)
        return st;
    if (geteuid() != 0 && user != geteuid()) {
        diagnostics_add(diag, SEVERITY_ERROR, "user", NULL, "only root can become user %s (server.user)", name);
        return E_REFUSED;
    }
    st = make_state(house->config, user, group, diag);
    if (st == OK && name && geteuid() == 0) {
        control_give(house->control, user, group);
        char path[PATH_MAX];
        const char *log = house->config->log.file ? config_path(house->config, house->config->log.file, path, sizeof path) : NULL;
        st = log ? give_log(log, user, group, diag) : OK;
        if (st == OK)
            st = user_become(name, user, group, diag);
    }
    if (st == OK && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        st = refuse(diag, "cannot give up", "new privileges");
    return st;
}
