/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that the service manager hands over (LISTEN_FDS; sd_listen_fds(3) describes the protocol). */
#include "net/inside.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_DESCRIPTOR = 3, DESCRIPTORS_MAX = 4096 };

static bool number_of(const char *name, uint64_t max, uint64_t *out)
{
    const char *text = getenv(name);
    return text != NULL && text_read_u64(slice_string(text), max, out) == OK;
}

/* Reads what a descriptor is. @return false unless it is a listening internet socket */
static bool describe(struct handover *h, int fd)
{
    int type = 0, reuse = 0, listens = 0;
    socklen_t bytes = sizeof type;
    struct endpoint local;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 || socket_name(fd, &local) != OK)
        return false;
    bytes = sizeof reuse;
    if (getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, &bytes) != 0)
        return false;
    bytes = sizeof listens;
    if (type == SOCK_STREAM && (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) != 0 || listens == 0))
        return false;
    if (type != SOCK_STREAM && type != SOCK_DGRAM)
        return false;
    h->items[h->count].fd = fd;
    h->items[h->count].local = local;
    h->items[h->count].type = type;
    h->items[h->count].reuseport = reuse != 0;
    h->count++;
    return true;
}

enum status handover_take(struct handover *out)
{
    uint64_t pid = 0, count = 0;
    *out = (struct handover){ 0 };
    bool ours = number_of("LISTEN_PID", INT32_MAX, &pid) && pid == (uint64_t)getpid()
                && number_of("LISTEN_FDS", DESCRIPTORS_MAX, &count) && count > 0;
    if (!ours)
        return OK;
    unsetenv("LISTEN_PID");                      /* not for our children */
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    out->items = mem_alloc(count * sizeof out->items[0]);
    if (out->items == NULL)
        return E_NOMEM;
    for (int fd = FIRST_DESCRIPTOR; fd < FIRST_DESCRIPTOR + (int)count; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0)
            (void)describe(out, fd);             /* others, such as a control socket, are left alone */
    }
    return OK;
}

int handover_find(struct handover *h, const struct endpoint *endpoint, enum net_transport transport, bool *reuseport)
{
    int type = transport == NET_UDP ? SOCK_DGRAM : SOCK_STREAM;
    for (size_t i = 0; i < h->count; i++) {
        if (h->items[i].fd < 0 || h->items[i].type != type || !endpoint_equal(&h->items[i].local, endpoint))
            continue;
        int fd = h->items[i].fd;
        *reuseport = h->items[i].reuseport;
        h->items[i].fd = -1;
        return fd;
    }
    return -1;
}

void handover_close(struct handover *h)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->items[i].fd >= 0)
            close(h->items[i].fd);
    mem_free(h->items);
    *h = (struct handover){ 0 };
}
