/* SPDX-License-Identifier: Apache-2.0 */
/* Opening sockets, and every option they get, with its reason. */
#include "net/inside.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <fcntl.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 4096, SEND_TIMEOUT_US = 5000, NOTSENT_LOWAT = 65536, SPARE_DESCRIPTORS = 1024 };

bool address_is_any(const struct address *a)
{
    static const uint8_t zero[16];
    return memcmp(a->bytes, zero, a->family == 4 ? 4 : 16) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->scope == b->scope && address_equal(&a->address, &b->address);
}

enum status socket_name(int fd, struct endpoint *out)
{
    struct sockaddr_storage sa;
    socklen_t bytes = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &bytes) != 0)
        return E_SYSTEM;
    return endpoint_from_sockaddr((const struct sockaddr *)&sa, out);
}

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool prepare_udp(int fd, const struct endpoint *e, const struct net_options *o)
{
    bool v6 = e->address.family == 6, good = true;
    /* DF on, and no path MTU learned from ICMP, which anyone can forge: fragments are the other road to
     * cache poisoning.  Answers are small enough (RFC 9715). */
    if (v6)
        good = set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE) && set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    else
        good = set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    if (address_is_any(&e->address))
        good = good && (v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set(fd, IPPROTO_IP, IP_PKTINFO, 1));
    if (o->udp_receive_buffer > 0) {
        int bytes = o->udp_receive_buffer > INT32_MAX / 2 ? INT32_MAX / 2 : (int)o->udp_receive_buffer;
        if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes))      /* beyond rmem_max, if we may */
            (void)set(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    }
    /* Receiving never blocks (MSG_DONTWAIT); sending may for a moment when the queue of the device is full. */
    struct timeval moment = { 0, SEND_TIMEOUT_US };
    int flags = fcntl(fd, F_GETFL);
    return good && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment) == 0
           && flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

/* Accepted connections inherit these. */
static bool prepare_tcp(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return set(fd, IPPROTO_TCP, TCP_NODELAY, 1)
           /* Unsent data stays with us, where the limits see it, not in megabytes of kernel memory. */
           && set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT)
           && flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

enum status socket_prepare(int fd, const struct endpoint *endpoint, enum net_transport transport,
                           const struct net_options *options)
{
    return (transport == NET_UDP ? prepare_udp(fd, endpoint, options) : prepare_tcp(fd)) ? OK : E_SYSTEM;
}

static void complain(struct diagnostics *diag, const struct endpoint *endpoint, enum net_transport transport, const char *what)
{
    char text[ENDPOINT_TEXT_ROOM], reason[128] = "";
    const char *hint = "";
    int error = errno;
    const char *said = strerror_r(error, reason, sizeof reason);
    if (error == EADDRINUSE)
        hint = "; another server listens there (`ss -ulpnt` shows which)";
    else if (error == EACCES || error == EPERM)
        hint = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    else if (error == EADDRNOTAVAIL)
        hint = "; no interface of this machine has this address";
    else if (error == EMFILE || error == ENFILE)
        hint = "; raise the limit of open files";
    diagnostics_add(diag, SEVERITY_ERROR, "listen", NULL, "cannot %s %s (%s): %s%s", what,
                    endpoint_print(endpoint, text), transport == NET_UDP ? "udp" : "tcp", said, hint);
}

static int make_and_bind(const struct endpoint *e, enum net_transport transport, const struct net_options *o, bool group)
{
    struct sockaddr_storage sa;
    socklen_t bytes = endpoint_to_sockaddr(e, &sa);
    int type = transport == NET_UDP ? SOCK_DGRAM : SOCK_STREAM;
    bool v6 = e->address.family == 6;
    int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    bool good = !group || set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (transport == NET_TCP)
        good = good && set(fd, SOL_SOCKET, SO_REUSEADDR, 1);        /* connections of an earlier run linger */
    if (v6)
        good = good && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (o->freebind)
        good = good && (v6 ? set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1) : set(fd, IPPROTO_IP, IP_FREEBIND, 1));
    if (good && bind(fd, (const struct sockaddr *)&sa, bytes) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* SO_REUSEPORT would let a second server of the same user share our ports in silence.  So look first
 * whether the address is free without it. */
enum status socket_probe(const struct endpoint *endpoint, enum net_transport transport,
                         const struct net_options *options, struct diagnostics *diag)
{
    int fd = endpoint->port == 0 ? -1 : make_and_bind(endpoint, transport, options, false);
    if (endpoint->port == 0)
        return OK;
    if (fd < 0) {
        complain(diag, endpoint, transport, "listen on");
        return E_SYSTEM;
    }
    close(fd);
    return OK;
}

enum status socket_open(const struct endpoint *endpoint, enum net_transport transport, const struct net_options *options,
                        int *out, struct diagnostics *diag)
{
    int fd = make_and_bind(endpoint, transport, options, true);
    if (fd < 0) {
        complain(diag, endpoint, transport, "listen on");
        return E_SYSTEM;
    }
    if (socket_prepare(fd, endpoint, transport, options) != OK) {
        complain(diag, endpoint, transport, "set options of");
        close(fd);
        return E_SYSTEM;
    }
    *out = fd;
    return OK;
}

enum status socket_listen(int fd, const struct endpoint *endpoint, struct diagnostics *diag)
{
    if (listen(fd, LISTEN_BACKLOG) == 0)
        return OK;
    complain(diag, endpoint, NET_TCP, "listen on");
    return E_SYSTEM;
}

void socket_raise_limit(const struct net_options *options, struct diagnostics *diag)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    rlim_t need = options->tcp_clients + SPARE_DESCRIPTORS
                  + 2 * (rlim_t)options->workers * (1 + options->listener_count);
    struct rlimit want = { limit.rlim_max, limit.rlim_max };
    if (want.rlim_max < need) {
        want.rlim_cur = want.rlim_max = need;              /* works for root only */
        if (setrlimit(RLIMIT_NOFILE, &want) == 0)
            return;
        want.rlim_cur = want.rlim_max = limit.rlim_max;
        diagnostics_add(diag, SEVERITY_WARNING, "open-files", NULL,
                        "%llu open files are allowed, but %llu are needed for %u tcp clients; raise the limit (LimitNOFILE=)",
                        (unsigned long long)limit.rlim_max, (unsigned long long)need, options->tcp_clients);
    }
    if (limit.rlim_cur < want.rlim_cur)
        (void)setrlimit(RLIMIT_NOFILE, &want);
}
