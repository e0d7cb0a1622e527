/* SPDX-License-Identifier: Apache-2.0 */
/** @file rhizd.c -- main of the daemon: arguments, signals, watchdog. */
#include "daemon/inside.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/rhizome/rhizd.yaml"

static const char usage[] =
    "usage: rhizd [-c FILE] [-t]\n"
    "  -c, --config FILE  configuration; else $RHIZ_CONFIG, else " DEFAULT_CONFIG "\n"
    "  -t, --test         check the configuration, and what it names, and exit: 0 it is good, 1 it is not\n"
    "  -h, --help         this text\n"
    "      --version      version\n"
    "      --man          the manual page of the configuration file, rhizd.yaml(5)\n"
    "It runs in the foreground.  SIGHUP reloads, SIGUSR1 opens the log again, SIGTERM and SIGINT stop.\n";

struct arguments { const char *config; bool test; };

static int print_manual(void)
{
    struct text text;
    text_growing(&text);
    config_manual(&text);
    bool good = !text.full && fputs(text.data, stdout) >= 0 && fflush(stdout) == 0;
    text_clear(&text);
    return good ? 0 : 1;
}

/* @return -1 = go on, else the exit code */
static int read_arguments(int count, char **words, struct arguments *out)
{
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        }
        if (strcmp(word, "--version") == 0) {
            puts("rhizd " RHIZ_VERSION);
            return 0;
        }
        if (strcmp(word, "--man") == 0)
            return print_manual();
        if (strcmp(word, "-t") == 0 || strcmp(word, "--test") == 0) {
            out->test = true;
        } else if ((strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0) && i + 1 < count) {
            out->config = words[++i];
        } else if (strncmp(word, "--config=", 9) == 0) {
            out->config = word + 9;
        } else {
            fprintf(stderr, "rhizd: %s %s\n%s", strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0 ? "a file is missing behind" : "unknown argument", word, usage);
            return 2;
        }
    }
    return -1;
}

static int complain(const struct diagnostics *diag, const char *what, enum status st)
{
    diagnostics_print(diag, stderr, isatty(STDERR_FILENO));
    if (st != OK && diagnostics_count(diag, SEVERITY_ERROR) == 0)
        fprintf(stderr, "rhizd: %s: %s\n", what, status_text(st));
    else if (st != OK)
        fprintf(stderr, "rhizd: %s\n", what);
    return 1;
}

/* @return false: stop */
static bool take_signal(struct house *house, int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return true;
    switch (info.ssi_signo) {
    case SIGHUP: house_request_reload(house); return true;
    case SIGUSR1:
        if (log_reopen() != OK)
            log_error(LOG_SERVER, "the log cannot be opened again, the old one goes on");
        return true;
    default:
        log_info(LOG_SERVER, "stopping", log_text("signal", strsignal((int)info.ssi_signo)));
        return false;
    }
}

static void serve_until_stopped(struct house *house, int signals)
{
    uint64_t watchdog_us = 0;
    bool watched = sd_watchdog_enabled(0, &watchdog_us) > 0;
    int wait_ms = watched && watchdog_us / 3000 < 2000 ? (int)(watchdog_us / 3000) : 2000;
    for (;;) {
        struct pollfd fds[2] = { { signals, POLLIN, 0 }, { house->wake, POLLIN, 0 } };
        if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
            return;
        if (fds[0].revents && !take_signal(house, signals))
            return;
        if (atomic_load(&house->stop_wanted)) {
            log_info(LOG_SERVER, "stopping", log_text("reason", "rhiz stop"));
            return;
        }
        house_beat(house);
        house_look_at_root(house);
        if (watched && house_live(house))
            manager_tell("WATCHDOG=1");
    }
}

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);     /* a file that may not grow is an error to the writer, not the end of all */
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct house *house, struct diagnostics *diag)
{
    int signals = open_signals();
    enum status st = signals >= 0 ? house_open(house, diag) : E_SYSTEM;
    if (st == OK)
        st = privileges_drop(house, diag);
    if (st == OK) {
        char text[ENDPOINT_TEXT_ROOM];
        struct endpoint first = net_listener_endpoint(house->net, 0);
        log_info(LOG_SERVER, "starting", log_text("version", RHIZ_VERSION), log_u64("workers", house->workers),
                 log_text("first", endpoint_print(&first, text)), log_u64("zones", house->config->zone_count));
        manager_store(house);
        st = house_start(house, diag);
    }
    int code = 0;
    if (st == OK) {
        serve_until_stopped(house, signals);
        manager_tell("STOPPING=1");
    } else {
        code = complain(diag, "cannot start", st);
    }
    house_close(house);
    if (signals >= 0)
        close(signals);
    return code;
}

int main(int count, char **words)
{
    const char *preset = getenv("RHIZ_CONFIG");
    struct arguments arguments = { .config = preset && *preset ? preset : DEFAULT_CONFIG };
    struct house house = { .wake = -1 };
    int code = read_arguments(count, words, &arguments);
    if (code >= 0)
        return code;
    /* Zones are loaded by short-lived threads: an arena for each would keep what they freed.  And what is large goes back to the
     * system when it is freed, however often that was; left alone, the threshold grows until reloads leave holes in the heap. */
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_MMAP_THRESHOLD, 256 << 10);
    struct diagnostics *diag = diagnostics_new(100);
    char *path = realpath(arguments.config, NULL);     /* a reload must find it wherever we stand */
    house.config_path = path ? path : arguments.config;
    struct config_source source = { .path = arguments.config };
    enum status st = diag ? config_read(&source, &house.config, diag) : E_NOMEM;
    if (st != OK) {
        code = complain(diag, "the configuration is refused", st);
    } else if (arguments.test) {
        st = house_check(house.config, diag);
        code = st == OK ? 0 : complain(diag, "a start would fail", st);
        if (st == OK)
            diagnostics_print(diag, stderr, isatty(STDERR_FILENO));
        config_free(house.config);
    } else if (log_apply(house.config) != OK) {
        fprintf(stderr, "rhizd: cannot open the log %s: %s\n", house.config->log.file ? house.config->log.file : "", strerror(errno));
        config_free(house.config);
        code = 1;
    } else {
        diagnostics_print(diag, stderr, isatty(STDERR_FILENO));
        diagnostics_clear(diag);
        code = run(&house, diag);
    }
    diagnostics_free(diag);
    free(path);
    log_close();
    return code;
}
