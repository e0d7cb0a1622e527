/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under DNS over UDP: a bare responder that flips QR in batches and knows nothing.  With OCTETS, answers are
 * that long.
 *
 *   echo ADDRESS PORT [OCTETS] */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 32, ROOM = 2048, BUFFER_BYTES = 4 << 20 };

static uint8_t bytes[BATCH][ROOM];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static int port_open(const char *address, const char *port)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    int size = BUFFER_BYTES, fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || inet_pton(AF_INET, address, &here.sin_addr) != 1 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0 ||
        bind(fd, (const struct sockaddr *)&here, sizeof here) != 0) {
        perror("echo");
        exit(1);
    }
    return fd;
}

static unsigned batch_receive(int fd)
{
    for (unsigned i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){ bytes[i], ROOM };
        messages[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i], .msg_namelen = sizeof peers[i],
                                               .msg_iov = &parts[i], .msg_iovlen = 1 };
    }
    int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    return n > 0 ? (unsigned)n : 0;
}

static void batch_send(int fd, unsigned n, size_t octets)
{
    for (unsigned i = 0; i < n; i++) {
        bytes[i][2] |= 0x84;
        parts[i].iov_len = messages[i].msg_len > octets ? messages[i].msg_len : octets;
    }
    for (unsigned done = 0; done < n; ) {
        int sent = sendmmsg(fd, messages + done, n - done, 0);
        if (sent <= 0)
            break;
        done += (unsigned)sent;
    }
}

int main(int count, char **words)
{
    size_t octets = count > 3 ? strtoul(words[3], NULL, 10) : 0;

    if (count < 3 || octets > ROOM) {
        fprintf(stderr, "usage: echo ADDRESS PORT [OCTETS]\n");
        return 2;
    }
    int fd = port_open(words[1], words[2]);
    for (;;)
        batch_send(fd, batch_receive(fd), octets);
}
