/* SPDX-License-Identifier: Apache-2.0 */
/* The floor under answers in the kernel: flips QR in every UDP packet to port 53 and sends it back with XDP_TX.  IPv4
 * without options; the UDP checksum is given up, which IPv4 allows.  And below that, a program that does nothing. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct packet {
    struct ethhdr ethernet;
    struct iphdr ip;
    struct udphdr udp;
    __u8 dns[12];
} __attribute__((packed));

static __always_inline void addresses_swap(struct packet *p)
{
    __u8 station[ETH_ALEN];
    __builtin_memcpy(station, p->ethernet.h_dest, ETH_ALEN);
    __builtin_memcpy(p->ethernet.h_dest, p->ethernet.h_source, ETH_ALEN);
    __builtin_memcpy(p->ethernet.h_source, station, ETH_ALEN);
    __be32 address = p->ip.saddr;
    p->ip.saddr = p->ip.daddr;
    p->ip.daddr = address;
    __be16 port = p->udp.source;
    p->udp.source = p->udp.dest;
    p->udp.dest = port;
}

SEC("xdp")
int xdp_echo(struct xdp_md *context)
{
    struct packet *p = (void *)(long)context->data;

    if ((void *)(p + 1) > (void *)(long)context->data_end)
        return XDP_PASS;
    if (p->ethernet.h_proto != bpf_htons(ETH_P_IP) || p->ip.ihl != 5 || p->ip.protocol != IPPROTO_UDP ||
        p->udp.dest != bpf_htons(53))
        return XDP_PASS;
    addresses_swap(p);
    p->udp.check = 0;
    p->dns[2] |= 0x84;
    return XDP_TX;
}

SEC("xdp/pass")
int xdp_pass(struct xdp_md *context)
{
    (void)context;
    return XDP_PASS;
}

char terms[] SEC("license") = "GPL";
