/* SPDX-License-Identifier: Apache-2.0 */
#include "wallet/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { INTERRUPT = 3 };             /* Ctrl-C */

/* Octet by octet, so that nothing behind the line is taken from a pipe. */
static enum status read_line(int fd, bool terminal, char line[WALLET_SECRET_MAX], size_t *length, bool *ended)
{
    *length = 0;
    for (;;) {
        char octet;
        ssize_t got = read(fd, &octet, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return E_SYSTEM;
        *ended = got == 0;
        if (got == 0 || octet == '\n')
            return OK;
        if (terminal && octet == INTERRUPT)
            return E_CLOSED;
        if (*length == WALLET_SECRET_MAX)
            return E_LIMIT;
        line[(*length)++] = octet;
    }
}

static enum status read_secret(int fd, bool terminal, struct wallet_secret **out)
{
    char *line = secret_alloc(WALLET_SECRET_MAX);
    size_t length = 0;
    bool ended = false;
    if (!line)
        return E_NOMEM;
    enum status status = read_line(fd, terminal, line, &length, &ended);
    if (status == OK && terminal && ended && length == 0)
        status = E_CLOSED;
    if (status == OK && length > 0 && line[length - 1] == '\r')
        length--;
    if (status == OK) {
        *out = wallet_secret_new(line, length);
        status = *out ? OK : E_NOMEM;
    }
    secret_free(line, WALLET_SECRET_MAX);
    return status;
}

enum status wallet_password_read(int fd, struct wallet_secret **out)
{
    struct wallet_secret *secret = NULL;
    enum status status = read_secret(fd, false, &secret);
    if (status == OK)
        *out = secret;
    return status;
}

static enum status ask_once(int terminal, const char *prompt, struct wallet_secret **out)
{
    struct termios before, silent;
    if (tcgetattr(terminal, &before) != 0)
        return E_SYSTEM;
    silent = before;
    /* Ctrl-C ends the line instead of the process, so that the echo comes back. */
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_lflag |= ICANON;
    silent.c_cc[VEOL] = INTERRUPT;
    if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
        return E_SYSTEM;
    (void)!write(terminal, prompt, strlen(prompt));
    enum status status = read_secret(terminal, true, out);
    (void)!write(terminal, "\n", 1);
    (void)tcsetattr(terminal, TCSAFLUSH, &before);
    return status;
}

enum status wallet_password_ask(const char *prompt, bool twice, struct wallet_secret **out)
{
    struct wallet_secret *first = NULL, *second = NULL;
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0)
        return E_SYSTEM;
    enum status status = ask_once(terminal, prompt, &first);
    if (status == OK && twice)
        status = ask_once(terminal, "once more: ", &second);
    close(terminal);
    if (status == OK && twice && (first->length != second->length || memcmp(first->data, second->data, first->length) != 0))
        status = E_INVALID;
    wallet_secret_free(second);
    if (status != OK) {
        wallet_secret_free(first);
        return status;
    }
    *out = first;
    return OK;
}
