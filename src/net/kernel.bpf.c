// SPDX-License-Identifier: Apache-2.0
/* The program in the kernel: answers what it finds in its maps, straight from the driver (XDP_TX); all else, and whatever
 * looks unusual, goes on to the sockets as if it were not here.  See docs/kernel.md.
 *
 * It is built for the BPF target and checked by the kernel's verifier: bounds are written so that the verifier sees
 * them, hence the masks and the barriers.  What it costs is mostly the fetching of its own code, which the rest of the
 * network stack has displaced since: it is kept short, and what is usual lies in a line.  Needs Linux 5.18
 * (bpf_xdp_store_bytes). */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "net/kernel_layout.h"

typedef __u64 u64;
#define INLINE static __always_inline
#define NOT_INLINE static __attribute__((noinline))
#define RARE(condition) __builtin_expect(!!(condition), 0)
/* What was found out lies in a map, not in registers: read back from there, the verifier knows nothing of it but its type,
 * so that the many ways by which a loop can end are one to it. */
#define SETTLE() asm volatile("" ::: "memory")

enum {
    DNS_HEADER = 12, QUESTION_TAIL = 4, OPT_BYTES = 11, UDP_HEADER = 8, PLAIN_LIMIT = 512,
    FLAG_QR_BE = 0x80, FLAG_AA_BE = 0x04, FLAG_RD_BE = 0x01, FLAG_CD_BE = 0x10,     /* in their octets */
    TYPE_DS = 43, TYPE_RRSIG = 46, TYPE_NSEC = 47, TYPE_NSEC3 = 50, TYPE_OPT = 41, HOPS = 64, COPY_MAX = 128,
    WORD = 8,
    HEAD_MAX = 256, FRONT_MAX = 208             /* octets of a frame up to the records; how far they move at most */
};

#define MAP(name, value_type, entries)                                                                                 \
    struct {                                                                                                           \
        __uint(type, BPF_MAP_TYPE_ARRAY);                                                                              \
        __uint(map_flags, BPF_F_MMAPABLE);                                                                             \
        __uint(max_entries, entries);                                                                                  \
        __type(key, __u32);                                                                                            \
        __type(value, value_type);                                                                                     \
    } name SEC(".maps")
/* Where 1 stands, the owner sets the number before the maps are made. */
MAP(buckets, struct kernel_bucket, 1);
MAP(chunks, struct kernel_chunk, 1);
MAP(cpus, struct kernel_cpu, 1);
/* A map of one value, at an address that the program has in it. */
struct kernel_control control;

/* A query on its way; `work` is its CPU's own. */
struct visit {
    struct xdp_md *ctx;
    struct kernel_cpu *own;
    struct kernel_work *work;
};

/* Of up to some thousand words of 32 bits. */
INLINE __u32 fold(u64 sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    __u32 rest = sum;           /* up to 17 bits */
    rest = (rest & 0xffff) + (rest >> 16);
    return (rest & 0xffff) + (rest >> 16);
}

INLINE u64 sum_words(const void *at, int count)
{
    const __u32 *words = at;
    u64 sum = 0;
    for (int i = 0; i < count; i++)
        sum += words[i];
    return sum;
}

INLINE int pass(struct visit *v, enum kernel_pass why)
{
    v->own->counts.passed[why]++;
    return XDP_PASS;
}

/* ---- frames ---- */

/* @return offset of what is behind the Ethernet header and at most two tags; 0: the frame is too short */
INLINE __u32 read_ethernet(void *data, void *end, __u16 *proto)
{
    struct ethhdr *eth = data;
    struct tag { __be16 tci, proto; } *tag = (void *)(eth + 1);
    __u32 l3 = sizeof *eth;
    if ((void *)(tag + 2) > end)
        return 0;
    *proto = eth->h_proto;
    for (int i = 0; i < 2; i++) {
        if (*proto != bpf_htons(ETH_P_8021Q) && *proto != bpf_htons(ETH_P_8021AD))
            break;
        *proto = tag->proto;
        tag++;
        l3 += sizeof *tag;
    }
    return l3;
}

INLINE bool mac_equal(const unsigned char *a, const unsigned char *b)
{
    return *(__u32 *)a == *(__u32 *)b && *(__u16 *)(a + 4) == *(__u16 *)(b + 4);
}

/* Ours: address, port and interface, and not by way of somebody else's or a group's hardware address. */
INLINE bool is_ours(struct xdp_md *ctx, bool six, const __u32 *to, __be16 port, const struct ethhdr *eth)
{
    for (int i = 0; i < KERNEL_ENDPOINTS; i++) {
        const struct kernel_endpoint *e = &control.endpoints[i];
        const __u32 *at = (const __u32 *)e->address;
        if (i >= control.endpoint_count)
            break;
        if (e->port != port || at[0] != to[0] || e->family != (six ? 6 : 4) || e->interface != ctx->ingress_ifindex)
            continue;
        if (six && (at[1] != to[1] || at[2] != to[2] || at[3] != to[3]))
            continue;
        return mac_equal(e->mac, eth->h_dest);
    }
    return false;
}

enum fate { NOT_OURS, UNUSUAL, PLAIN };
/* What the headers say. */
struct headers { __u32 l3, l4, bytes; u64 pseudo; bool six; };

INLINE enum fate read_ipv4(struct xdp_md *ctx, void *data, void *end, struct headers *h)
{
    struct iphdr *ip = data + h->l3;
    struct udphdr *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end || ip->protocol != IPPROTO_UDP || *(__u8 *)ip != 0x45 || !is_ours(ctx, false, &ip->daddr, udp->dest, data))
        return NOT_OURS;
    h->bytes = bpf_ntohs(udp->len);
    h->l4 = h->l3 + sizeof *ip;
    h->pseudo = (u64)ip->saddr + ip->daddr + bpf_htons(IPPROTO_UDP);
    h->six = false;
    if ((ip->frag_off & bpf_htons(0x3fff)) != 0 || bpf_ntohs(ip->tot_len) != h->bytes + sizeof *ip)
        return UNUSUAL;
    /* from nobody, ourselves, a group: the kernel drops such */
    __u8 net = *(__u8 *)&ip->saddr;
    if (net == 0 || net == 127 || net >= 224 || ip->saddr == ip->daddr)
        return UNUSUAL;
    return PLAIN;
}

INLINE enum fate read_ipv6(struct xdp_md *ctx, void *data, void *end, struct headers *h)
{
    struct ipv6hdr *ip = data + h->l3;
    struct udphdr *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end || ip->nexthdr != IPPROTO_UDP || ip->version != 6 || !is_ours(ctx, true, ip->daddr.s6_addr32, udp->dest, data))
        return NOT_OURS;
    h->bytes = bpf_ntohs(udp->len);
    h->l4 = h->l3 + sizeof *ip;
    h->pseudo = sum_words(&ip->saddr, 8) + bpf_htons(IPPROTO_UDP);
    h->six = true;
    if (bpf_ntohs(ip->payload_len) != h->bytes || udp->check == 0)
        return UNUSUAL;
    const __u32 *from = ip->saddr.s6_addr32, *to = ip->daddr.s6_addr32;
    if (ip->saddr.s6_addr[0] == 0xff || from[0] == 0 || (from[0] == to[0] && from[1] == to[1] && from[2] == to[2] && from[3] == to[3]))
        return UNUSUAL;
    return PLAIN;
}

INLINE enum fate read_headers(struct xdp_md *ctx, struct headers *h)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    __u16 proto = 0;
    h->l3 = read_ethernet(data, end, &proto);
    if (!RARE(proto != bpf_htons(ETH_P_IP)))
        return read_ipv4(ctx, data, end, h);
    return proto == bpf_htons(ETH_P_IPV6) ? read_ipv6(ctx, data, end, h) : NOT_OURS;
}

/* ---- the message, read where it lies ---- */

INLINE __u16 get_u16(const unsigned char *p) { return (__u16)(p[0] << 8 | p[1]); }

INLINE unsigned char *message_of(const struct visit *v)
{
    return (unsigned char *)(long)v->ctx->data + v->work->l4 + UDP_HEADER;
}

/* A standard query with one question, and at most something additional.  Where the frame ends before the datagram says it
 * does, what is missing is not ours to guess. */
INLINE bool header_good(const struct visit *v, const unsigned char *m, void *end)
{
    const u64 fixed = bpf_cpu_to_be64(0xf800ffffffffffffull), one = bpf_cpu_to_be64(0x100000000ull);
    __u32 bytes = v->work->message_bytes;
    if (bytes < DNS_HEADER + 1 + QUESTION_TAIL || bytes > KERNEL_MESSAGE_MAX || (void *)(m + bytes) > end)
        return false;
    if ((void *)(m + DNS_HEADER) > end)         /* for the verifier */
        return false;
    return (*(const u64 *)(m + 2) & fixed) == one;
}

/* Where the labels begin, their number, and the end. */
INLINE bool read_name(struct kernel_work *work, const unsigned char *message, void *end)
{
    __u32 at = DNS_HEADER, count = 0;
    for (; count <= KERNEL_LABELS_MAX; count++) {
        const unsigned char *p = message + at;
        if ((void *)(p + 1) > end)
            return false;
        __u32 length = *p;
        work->starts[count] = (__u8)at;
        at += length + 1;
        if (length == 0)
            break;
        if (length > 63 || at >= KERNEL_MESSAGE_MAX - QUESTION_TAIL)
            return false;
    }
    work->labels = count;
    work->name_end = at;
    SETTLE();
    return count <= KERNEL_LABELS_MAX && at + QUESTION_TAIL <= work->message_bytes;
}

/* 00 | 00 29 | payload | 00 | 00 | do 00 | 00 00: no extended code, version 0, no flag but DO, no options. */
INLINE bool read_opt(struct kernel_work *work, const unsigned char *opt, void *end)
{
    const u64 fixed = bpf_cpu_to_be64(0xffffff0000ffff7full), plain = bpf_cpu_to_be64((u64)TYPE_OPT << 40);
    if ((void *)(opt + OPT_BYTES) > end)
        return false;
    if ((*(const u64 *)opt & fixed) != plain || (*(const __u32 *)(opt + 7) & bpf_htonl(0x7fffffff)) != 0)
        return false;
    __u32 limit = get_u16(opt + 3);
    work->asked_payload = limit;
    limit = limit < PLAIN_LIMIT ? PLAIN_LIMIT : limit;
    work->limit = limit < control.udp_payload ? limit : control.udp_payload;
    work->edns = opt[7] ? KERNEL_EDNS_DO : KERNEL_EDNS;
    return true;
}

/* No type of questions about the server, the transport or everything (RFC 6895 3.1). */
INLINE bool type_plain(__u16 type) { return type != 0 && type != TYPE_OPT && (type < 128 || type > 255); }

/* Type and class, and behind them OPT without options, or nothing. */
INLINE bool read_rest(struct kernel_work *work, const unsigned char *message, void *end)
{
    const unsigned char *question = message + work->name_end;
    __u32 at = work->name_end + QUESTION_TAIL, additional = *(const __u16 *)(message + 10);
    if ((void *)(question + QUESTION_TAIL) > end || *(const __u16 *)(question + 2) != bpf_htons(1))
        return false;
    work->type = get_u16(question);
    work->limit = PLAIN_LIMIT;
    work->edns = KERNEL_NO_EDNS;
    if (!type_plain(work->type))
        return false;
    if (additional == 0)
        return at == work->message_bytes;
    return additional == bpf_htons(1) && at + OPT_BYTES == work->message_bytes && read_opt(work, question + QUESTION_TAIL, end);
}

/* ---- finding ---- */

/* Those that are answered otherwise at the cut itself. */
INLINE bool type_of_parent(__u16 type) { return type == TYPE_DS || type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_NSEC3; }

/* The word at an offset of up to 255, or 0. */
INLINE const u64 *word_at(const unsigned char *message, __u32 at, void *end)
{
    const unsigned char *p = message + (at & 0xff);
    asm volatile("" : "+r"(p));         /* else the comparison is turned round, to an arithmetic that the verifier forbids */
    return (void *)(p + WORD) <= end ? (const u64 *)p : 0;
}

/* Octets of a name from `at` to `to`, the last 1 to 8 of them: what stands in front of them in the word is cut off. */
INLINE bool load_last(const unsigned char *message, __u32 to, __u32 left, void *end, u64 *out)
{
    const u64 *p = word_at(message, to - WORD, end);
    if (!p)
        return false;
    *out = kernel_last(*p, left);
    return true;
}

/* The hash of what lies from `at` to the end of the name. @return 0: too long, or nothing */
INLINE u64 hash_suffix(const unsigned char *message, __u32 at, __u32 to, void *end)
{
    u64 hash = control.seed, word;
    __u32 left = to - at;
    for (int i = 0; i < KERNEL_NAME_MAX / WORD; i++) {
        if (left <= WORD)
            break;
        const u64 *p = word_at(message, at, end);
        if (!p)
            return 0;
        hash = kernel_mix(hash, *p);
        at += WORD;
        left -= WORD;
    }
    if (left - 1 >= WORD || !load_last(message, to, left, end, &word))
        return 0;
    return kernel_mix(hash, word);
}

/* No slot has all bits of a key set. */
INLINE u64 find_slot(u64 hash, u64 exact_key, u64 below_key, u64 mark)
{
    __u32 index = (__u32)hash & control.bucket_mask;
    const struct kernel_bucket *bucket = bpf_map_lookup_elem(&buckets, &index);
    if (!bucket)
        return 0;
#pragma clang loop unroll(disable)
    for (int i = 0; i < KERNEL_WAYS; i++) {
        u64 slot = bucket->slots[i], unlike = (slot ^ hash) & KERNEL_SLOT_TAG, rest = slot & KERNEL_SLOT_KEY & ~KERNEL_SLOT_TAG;
        if (unlike == 0 && (rest == exact_key || rest == below_key) && (slot & mark))
            return slot;
    }
    return 0;
}

/* Sets slot, and start: where the record's name begins in the message.  The longest one first. */
INLINE bool find(struct kernel_work *work, const unsigned char *message, void *end)
{
    __u32 labels = work->labels & 31, type = work->type;
    __u32 below = control.below_depths << (31 - labels), exact = control.exact_depths << (31 - labels) & 1u << 31;
    u64 mark = work->edns == KERNEL_EDNS_DO ? KERNEL_SLOT_DO : KERNEL_SLOT_PLAIN;
    if (type_of_parent(type))
        below &= ~(1u << 31);
    work->slot = 0;
    for (__u32 i = 0; i <= KERNEL_LABELS_MAX; i++) {
        if ((exact | below) == 0)
            break;
        if ((exact | below) >> 31) {
            __u32 start = work->starts[i];
            u64 hash = hash_suffix(message, start, work->name_end, end);
            u64 slot = find_slot(hash, exact ? (u64)type << 32 : ~0ull, below >> 31 ? KERNEL_SLOT_BELOW : ~0ull, mark);
            work->start = start;
            if (slot) {
                work->slot = slot;
                break;
            }
        }
        exact = 0;
        below <<= 1;
    }
    SETTLE();
    return work->slot != 0;
}

/* In most questions letters are small, as in the record. */
INLINE bool word_equal(u64 asked, u64 ours) { return !RARE(asked != ours) || kernel_lower8(asked) == ours; }

/* The record of the slot if it is of the name that starts at `start`. */
INLINE struct kernel_record *read_slot(const struct kernel_work *work, const unsigned char *message, void *end)
{
    u64 offset = (work->slot & 0xffffffff) * KERNEL_GRANULE, word;
    __u32 chunk_index = offset / KERNEL_CHUNK, at = work->start, left = work->name_end - at;
    struct kernel_chunk *chunk = bpf_map_lookup_elem(&chunks, &chunk_index);
    if (!chunk)
        return 0;
    struct kernel_record *r = (void *)(chunk->bytes + (offset & (KERNEL_CHUNK - 1)));
    const u64 *name = (const u64 *)(r + 1);
    if (left != r->name_bytes)
        return 0;
    for (int i = 0; i < KERNEL_NAME_MAX / WORD; i++) {
        if (left <= WORD)
            break;
        const u64 *p = word_at(message, at, end);
        if (!p || !word_equal(*p, *name))
            return 0;
        at += WORD;
        left -= WORD;
        name++;
    }
    if (left - 1 >= WORD || !load_last(message, work->name_end, left, end, &word) || !word_equal(word, *name))
        return 0;
    return r;
}

INLINE bool is_alive(const struct kernel_record *r)
{
    return control.generations[r->zone] == r->generation && r->epoch == control.epoch;
}

/* ---- sums: of 16-bit words as they are loaded, folded late ---- */

/* A word of two octets; each may be a sum of such. */
INLINE u64 word_of(__u32 first, __u32 second)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return first + ((u64)second << 8);
#else
    return ((u64)first << 8) + second;
#endif
}

/* A folded sum of octets that begin at an odd offset has its octets swapped. */
INLINE __u32 at_parity(__u32 sum, __u32 offset) { return offset & 1 ? __builtin_bswap16((__u16)sum) : sum; }

/* 00 | 00 29 | payload | 00 | 00 | do 00 | 00 00 */
INLINE u64 sum_opt(__u16 payload, __u8 edns, __u32 offset)
{
    __u32 first = TYPE_OPT + (payload & 0xff), second = (payload >> 8) + (edns == KERNEL_EDNS_DO ? 0x80 : 0);
    return offset & 1 ? word_of(second, first) : word_of(first, second);
}

/* Of name, type and class. */
INLINE bool sum_question(struct kernel_work *work, const unsigned char *message, void *end)
{
    __u32 to = work->name_end + QUESTION_TAIL, left = to - DNS_HEADER;
    __u32 at = DNS_HEADER;
    u64 sum = 0, word;
    for (int i = 0; i < KERNEL_MESSAGE_MAX / WORD; i++) {
        if (left <= WORD)
            break;
        const u64 *p = word_at(message, at, end);
        if (!p)
            return false;
        word = *p;
        sum += (word & 0xffffffff) + (word >> 32);
        at += WORD;
        left -= WORD;
    }
    if (left - 1 >= WORD || !load_last(message, to, left, end, &word))
        return false;
    work->question_sum = sum + (word & 0xffffffff) + (word >> 32);
    SETTLE();
    return true;
}

/* As the kernel would check them before it gives the message to a socket.  A frame that was made on this machine may
 * have the sum of addresses only, for the device to finish. */
INLINE bool sums_good(struct visit *v, unsigned char *message, void *end)
{
    struct kernel_work *work = v->work;
    const struct udphdr *udp = (const struct udphdr *)message - 1;
    const struct iphdr *ip = (void *)(long)v->ctx->data + work->l3;
    if ((void *)(message + DNS_HEADER) > end || (void *)(ip + 1) > end || udp->source == 0 || !sum_question(work, message, end))
        return false;
    if (!RARE(work->six) && fold(sum_words(ip, 5)) != 0xffff)
        return false;
    u64 pseudo = work->pseudo + udp->len, sum = pseudo + sum_words(udp, 2) + sum_words(message, 3) + work->question_sum;
    if (work->edns)
        sum += sum_opt(work->asked_payload, work->edns, work->name_end);
    return !RARE(fold(sum) != 0xffff) || udp->check == 0 || udp->check == fold(pseudo);
}

/* ---- rate limits ---- */

/* Where the client's network has its account: others may share it, and get to the sockets a little sooner. */
INLINE bool find_account(const struct visit *v, __u32 *out)
{
    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    const struct iphdr *ip = data + v->work->l3;
    const struct ipv6hdr *ip6 = data + v->work->l3;
    if ((void *)(ip + 1) > end)
        return false;
    u64 hash = control.seed ^ (ip->saddr & control.limit_mask4);
    if (v->work->six) {
        if ((void *)(ip6 + 1) > end)
            return false;
        hash = control.seed;
        for (int i = 0; i < 4; i++)
            hash = kernel_scatter(hash ^ (ip6->saddr.s6_addr32[i] & control.limit_mask6[i]));
    }
    *out = kernel_scatter(hash) >> 48;
    return true;
}

/* All answers for one network of clients together, up to a second in advance.  Over that the sockets answer, and charge each kind
 * of answer to its own account.  As there, what is not given is charged too, up to a debt: while a flood goes on it gets nothing
 * here, and at the deepest debt nothing is written.  Two CPUs may lose each other's charge, which costs accuracy only, as the clock of some
 * milliseconds does. */
INLINE bool may_answer(const struct visit *v)
{
    const u64 second_ns = 1000000000, cost_ns = control.limit_cost_ns;
    __u32 account = 0;
    if (!RARE(cost_ns != 0))
        return true;
    if (!find_account(v, &account))
        return false;
    u64 now = bpf_ktime_get_coarse_ns(), *paid = &control.paid[account & (KERNEL_ACCOUNTS - 1)], next = (*paid > now ? *paid : now) + cost_ns;
    if (RARE(next > now + control.limit_most_ns))
        return false;
    *paid = next;
    return next <= now + second_ns;
}

/* ---- answering ---- */

INLINE void count_answer(struct visit *v, const struct kernel_record *r, __u32 bytes)
{
    struct kernel_counts *c = &v->own->counts;
    __u32 kind = r->kind & (KERNEL_KINDS - 1), zone = r->zone, type = v->work->type, bucket = bytes / 16;
    c->answered[v->work->six & 1][kind][v->work->edns & (KERNEL_EDNS_KINDS - 1)]++;
    c->type[type < 256 ? control.type_index[type & 0xff] & (KERNEL_TYPES - 1) : KERNEL_TYPES - 1]++;
    c->query_size[(v->work->message_bytes / 16) & (KERNEL_QUERY_BUCKETS - 1)]++;
    if (bucket < KERNEL_REPLY_BUCKETS)
        c->reply_size[bucket]++;
    if (zone < KERNEL_ZONES_OWN)
        v->own->zones[zone][kind]++;
}

INLINE bool turn_ethernet(void *data, void *end)
{
    struct ethhdr *eth = data;
    if ((void *)(eth + 1) > end)
        return false;
    __u16 *words = (__u16 *)data, kept[3] = { words[0], words[1], words[2] };
    words[0] = words[3];
    words[1] = words[4];
    words[2] = words[5];
    words[3] = kept[0];
    words[4] = kept[1];
    words[5] = kept[2];
    return true;
}

/* DF: as our sockets do, nothing of ours is ever in fragments. */
INLINE bool turn_ipv4(struct iphdr *ip, void *end, __u32 udp_bytes)
{
    if ((void *)(ip + 1) > end)
        return false;
    __be32 from = ip->saddr;
    __be16 total = bpf_htons(udp_bytes + sizeof *ip);
    ip->saddr = ip->daddr;
    ip->daddr = from;
    ip->tos = 0;
    ip->tot_len = total;
    *(__be32 *)&ip->id = bpf_htonl(0x4000);
    *(__be32 *)&ip->ttl = bpf_htonl((__u32)HOPS << 24 | IPPROTO_UDP << 16);
    ip->check = (__u16)~fold((u64)ip->saddr + from + total + bpf_htons(0x4500) + bpf_htons(0x4000) + bpf_htons(HOPS << 8 | IPPROTO_UDP));
    return true;
}

INLINE bool turn_ipv6(struct ipv6hdr *ip, void *end, __u32 udp_bytes)
{
    if ((void *)(ip + 1) > end)
        return false;
    struct in6_addr from = ip->saddr;
    ip->saddr = ip->daddr;
    ip->daddr = from;
    *(__be32 *)ip = bpf_htonl(6u << 28);
    ip->hop_limit = HOPS;
    ip->payload_len = bpf_htons(udp_bytes);
    return true;
}

/* Back to where it came from. */
INLINE bool turn_around(struct visit *v, void *data, void *end, __u32 udp_bytes)
{
    void *ip = data + v->work->l3;
    if (!turn_ethernet(data, end))
        return false;
    return RARE(v->work->six) ? turn_ipv6(ip, end, udp_bytes) : turn_ipv4(ip, end, udp_bytes);
}

/* A short tail is copied here, faster than by a call; the last word may overlap the one before. */
INLINE bool copy(unsigned char *to, void *end, const unsigned char *from, __u32 bytes)
{
    const unsigned char *last = from + ((bytes - WORD) & 0x7ff);
    unsigned char *to_last = to + ((bytes - WORD) & 0x7ff);
    if ((void *)(to_last + WORD) > end)
        return false;
    *(u64 *)to_last = *(const u64 *)last;
    for (int i = 0; i < COPY_MAX / WORD; i++) {
        if (bytes <= WORD)
            break;
        if ((void *)(to + WORD) > end)
            return false;
        *(u64 *)to = *(const u64 *)from;
        to += WORD;
        from += WORD;
        bytes -= WORD;
    }
    return true;
}

/* Pointers of the tail to its base, which begins `moved` octets later than it was written for. */
INLINE bool shift(void *tail, void *end, const __u16 *shifts, __u32 count, __u32 moved)
{
    for (int i = 0; i < KERNEL_SHIFTS_MAX; i++) {
        if (i >= count)
            return true;
        __u32 at = shifts[i];
        if (at >= KERNEL_TAIL_MAX)
            return false;
        unsigned char *pointer = tail + at;
        if ((void *)(pointer + 2) > end)
            return false;
        *(__u16 *)pointer = bpf_htons(bpf_ntohs(*(const __u16 *)pointer) + moved);
    }
    return true;
}

INLINE bool put_opt(const struct visit *v, unsigned char *opt, void *end)
{
    __u16 payload = control.udp_payload;
    if ((void *)(opt + OPT_BYTES) > end)
        return false;
    *(u64 *)opt = bpf_cpu_to_be64((u64)TYPE_OPT << 40 | (u64)payload << 24 | (v->work->edns == KERNEL_EDNS_DO ? 0x80 : 0));
    *(__u16 *)(opt + 8) = 0;
    opt[10] = 0;
    return true;
}

/* Header and sums; all of the message's records are there. */
INLINE void finish(struct visit *v, const struct kernel_record *r, struct udphdr *udp, unsigned char *message, __u32 bytes, __u32 moved)
{
    const struct kernel_work *work = v->work;
    __u32 question_end = work->name_end + QUESTION_TAIL;
    message[2] = FLAG_QR_BE | (r->answer & KERNEL_AUTHORITATIVE ? FLAG_AA_BE : 0) | (message[2] & FLAG_RD_BE);
    message[3] = (message[3] & FLAG_CD_BE) | (r->answer & 15);
    __u16 *counts = (__u16 *)(message + 6);
    counts[0] = bpf_htons(r->counts[0]);
    counts[1] = bpf_htons(r->counts[1]);
    counts[2] = bpf_htons(r->counts[2] + (work->edns != KERNEL_NO_EDNS));

    __be16 length = bpf_htons(bytes + UDP_HEADER), to = udp->source;
    udp->source = udp->dest;
    udp->dest = to;
    udp->len = length;
    u64 tail = r->tail_sum;
    if (RARE(moved > 0)) {
        __u32 turned = bpf_htons(moved), odd = r->odd_shifts, even = r->shift_count - odd;
        tail = fold(tail + (u64)turned * even + (u64)__builtin_bswap16(turned) * odd);
    }
    u64 sum = work->pseudo + length + length + udp->source + to + sum_words(message, 3) + work->question_sum + at_parity(tail, question_end);
    if (work->edns)
        sum += sum_opt(control.udp_payload, work->edns, question_end + r->tail_bytes);
    __u16 check = (__u16)~fold(sum);
    udp->check = check == 0 ? 0xffff : check;
}

enum room { NO_ROOM, ROOM, BROKEN };

/* Where there is not room enough behind a frame there is some in front: its first `keep` octets move there.  Small frames from
 * a socket of this machine come so over a veth. */
NOT_INLINE enum room grow_in_front(struct xdp_md *ctx, int missing, __u32 keep)
{
    u64 by = missing < WORD ? WORD : missing > FRONT_MAX ? FRONT_MAX : missing;     /* words are copied upwards */
    int behind = missing - (int)by;
    if (missing < 1 || keep < WORD || keep > HEAD_MAX || bpf_xdp_adjust_head(ctx, -(int)by) != 0)
        return NO_ROOM;
    if (behind > 0 && bpf_xdp_adjust_tail(ctx, behind) != 0)
        return bpf_xdp_adjust_head(ctx, (int)by) == 0 ? NO_ROOM : BROKEN;
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    void *to = data + (keep - WORD);
    asm volatile("" : "+r"(to));
    if (to + by + WORD > end)
        return BROKEN;
    u64 last = *(u64 *)(to + by);
    for (int i = 0; i < HEAD_MAX / WORD; i++) {
        u64 *at = data + i * WORD;
        void *from = (void *)at + by;
        asm volatile("" : "+r"(from));
        if (i * WORD + WORD >= keep)
            break;
        if (from + WORD > end || (void *)(at + 1) > end)
            return BROKEN;
        *at = *(u64 *)from;
    }
    if (to + WORD > end)
        return BROKEN;
    *(u64 *)to = last;
    return behind < 0 && bpf_xdp_adjust_tail(ctx, behind) != 0 ? BROKEN : ROOM;
}

INLINE enum room resize(struct xdp_md *ctx, __u32 bytes, __u32 keep)
{
    u64 frame = (u64)((void *)(long)ctx->data_end - (void *)(long)ctx->data);
    asm volatile("" : "+r"(frame));     /* a difference of pointers takes 64 bits */
    int missing = (int)bytes - (int)frame;
    return RARE(bpf_xdp_adjust_tail(ctx, missing) != 0) ? grow_in_front(ctx, missing, keep) : ROOM;
}

/* From the change of length on, what fails drops the frame: it is no query any more. */
INLINE int answer(struct visit *v, struct kernel_record *r)
{
    __u32 question_end = v->work->name_end + QUESTION_TAIL, tail_bytes = r->tail_bytes, shift_count = r->shift_count;
    if (RARE(tail_bytes < KERNEL_TAIL_MIN || tail_bytes > KERNEL_TAIL_MAX || shift_count > KERNEL_SHIFTS_MAX || question_end > KERNEL_MESSAGE_MAX))
        return pass(v, KERNEL_PASS_SIZE);
    __u32 bytes = question_end + tail_bytes + (v->work->edns ? OPT_BYTES : 0);
    if (RARE(bytes > v->work->limit || bytes > control.reply_max))
        return pass(v, KERNEL_PASS_SIZE);

    __u32 l4 = v->work->l4, message_at = l4 + UDP_HEADER;
    enum room room = resize(v->ctx, message_at + bytes, message_at + question_end);
    if (RARE(room == NO_ROOM))
        return pass(v, KERNEL_PASS_SIZE);
    if (RARE(room == BROKEN))
        goto broken;
    const unsigned char *tail = (const unsigned char *)(r + 1) + (kernel_pad8(r->name_bytes) & 0xff);
    if (RARE(tail_bytes > COPY_MAX) && bpf_xdp_store_bytes(v->ctx, message_at + question_end, (void *)tail, tail_bytes) != 0)
        goto broken;

    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    struct udphdr *udp = data + l4;
    unsigned char *message = (unsigned char *)(udp + 1);
    if (RARE((void *)(message + DNS_HEADER) > end))
        goto broken;
    unsigned char *records = message + (question_end & 0xff);
    __u32 moved = v->work->start - DNS_HEADER;
    if (RARE(tail_bytes <= COPY_MAX && !copy(records, end, tail, tail_bytes)))
        goto broken;
    if (RARE(moved > 0) && !shift(records, end, (const __u16 *)(tail + (kernel_pad8(tail_bytes) & 0x7ff)), shift_count, moved))
        goto broken;
    if (RARE(v->work->edns && !put_opt(v, records + (tail_bytes & 0x7ff), end)))
        goto broken;
    if (RARE(!turn_around(v, data, end, bytes + UDP_HEADER)))
        goto broken;
    finish(v, r, udp, message, bytes, moved);
    if (!r->used)
        r->used = 1;
    count_answer(v, r, bytes);
    return XDP_TX;
broken:
    v->own->counts.failed++;
    return XDP_DROP;
}

SEC("xdp")
int rhizome_answer(struct xdp_md *ctx)
{
    struct headers h;
    struct visit v = { .ctx = ctx };
    enum fate fate = read_headers(ctx, &h);
    if (fate == NOT_OURS)
        return XDP_PASS;
    __u32 cpu = bpf_get_smp_processor_id();
    v.own = bpf_map_lookup_elem(&cpus, &cpu);
    if (!v.own)
        return XDP_PASS;
    if (RARE(fate == UNUSUAL))
        return pass(&v, KERNEL_PASS_SHAPE);
    struct kernel_work *work = v.work = &v.own->work;
    work->l3 = h.l3;
    work->l4 = h.l4;
    work->pseudo = h.pseudo;
    work->message_bytes = h.bytes - UDP_HEADER;
    work->six = h.six;
    SETTLE();
    void *end = (void *)(long)ctx->data_end;
    unsigned char *message = message_of(&v);
    if (RARE(!header_good(&v, message, end) || !read_name(work, message, end) || !read_rest(work, message, end)))
        return pass(&v, KERNEL_PASS_MESSAGE);
    if (RARE(!find(work, message, end)))
        return pass(&v, KERNEL_PASS_MISS);
    struct kernel_record *r = read_slot(work, message, end);
    if (RARE(!r))
        return pass(&v, KERNEL_PASS_MISS);
    if (RARE(!is_alive(r)))
        return pass(&v, KERNEL_PASS_DEAD);
    if (RARE(!sums_good(&v, message, end)))
        return pass(&v, KERNEL_PASS_SHAPE);
    if (RARE(!may_answer(&v)))
        return pass(&v, KERNEL_PASS_LIMITED);
    return answer(&v, r);
}

char license_text[] SEC("license") = "Apache-2.0";
