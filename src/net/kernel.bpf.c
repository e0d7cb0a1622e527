// SPDX-License-Identifier: Apache-2.0
/* The program in the kernel: answers what it finds in its maps, straight from the driver (XDP_TX); all else, and whatever
 * looks unusual, goes on to the sockets as if it were not here.  See docs/xdp.md.
 *
 * It is built for the BPF target and checked by the kernel's verifier: bounds are written so that the verifier sees
 * them, hence the masks and the barriers.  Needs Linux 5.18 (bpf_xdp_load_bytes). */
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
/* What was found out lies in a map, not in registers: read back from there, the verifier knows nothing of it but its type,
 * so that the many ways by which a loop can end are one to it. */
#define SETTLE() asm volatile("" ::: "memory")

enum {
    DNS_HEADER = 12, QUESTION_TAIL = 4, OPT_BYTES = 11, UDP_HEADER = 8, PLAIN_LIMIT = 512,
    FLAG_QR_BE = 0x80, FLAG_AA_BE = 0x04, FLAG_RD_BE = 0x01, FLAG_CD_BE = 0x10,     /* in their octets */
    TYPE_DS = 43, TYPE_RRSIG = 46, TYPE_NSEC = 47, TYPE_NSEC3 = 50, TYPE_OPT = 41, HOPS = 64, COPY_MAX = 128
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
MAP(control, struct kernel_control, 1);
MAP(buckets, struct kernel_bucket, 1);
MAP(chunks, struct kernel_chunk, 1);
MAP(cpus, struct kernel_cpu, 1);
MAP(generations, u64, KERNEL_ZONES);

/* The program's alone. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, KERNEL_NETWORKS);
    __type(key, struct kernel_network);
    __type(value, u64);
} networks SEC(".maps");

/* A query on its way; `work` is its CPU's own. */
struct visit {
    struct xdp_md *ctx;
    const struct kernel_control *control;
    struct kernel_cpu *own;
    struct kernel_work *work;
};

INLINE __u32 fold(u64 sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (__u32)sum;
}

INLINE int pass(struct visit *v, enum kernel_pass why)
{
    v->own->counts.passed[why]++;
    return XDP_PASS;
}

/* ---- frames ---- */

/* Sets l3. @return the protocol, network order */
INLINE __u16 read_ethernet(struct visit *v)
{
    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    struct ethhdr *eth = data;
    struct tag { __be16 tci, proto; } *tag = (void *)(eth + 1);
    if ((void *)(tag + 2) > end)
        return 0;
    __u16 proto = eth->h_proto;
    __u32 l3 = sizeof *eth;
    for (int i = 0; i < 2; i++) {
        if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
            break;
        proto = tag->proto;
        tag++;
        l3 += sizeof *tag;
    }
    v->work->l3 = l3 & 31;
    return proto;
}

INLINE bool mac_equal(const unsigned char *a, const unsigned char *b)
{
    return *(__u32 *)a == *(__u32 *)b && *(__u16 *)(a + 4) == *(__u16 *)(b + 4);
}

/* Ours: address, port and interface, and not by way of somebody else's or a group's hardware address. */
INLINE bool is_ours(struct visit *v, bool six, const void *address, __be16 port, const struct ethhdr *eth)
{
    const struct kernel_control *c = v->control;
    const __u32 *to = address;
    for (int i = 0; i < KERNEL_ENDPOINTS; i++) {
        const struct kernel_endpoint *e = &c->endpoints[i];
        const __u32 *at = (const __u32 *)e->address;
        if (i >= c->endpoint_count)
            break;
        if (e->port != port || e->family != (six ? 6 : 4) || e->interface != v->ctx->ingress_ifindex || at[0] != to[0])
            continue;
        if (six && (at[1] != to[1] || at[2] != to[2] || at[3] != to[3]))
            continue;
        return mac_equal(e->mac, eth->h_dest);
    }
    return false;
}

INLINE u64 sum_words(const void *at, int count)
{
    const __u32 *words = at;
    u64 sum = 0;
    for (int i = 0; i < count; i++)
        sum += words[i];
    return sum;
}

/* 1: ours and plain; 0: not for us; -1: ours, but unusual.  Sets l4, pseudo and message_bytes. */
INLINE int read_ipv4(struct visit *v)
{
    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    struct iphdr *ip = data + v->work->l3;
    struct udphdr *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end || ip->protocol != IPPROTO_UDP || ip->version != 4 || ip->ihl != 5)
        return 0;
    if (!is_ours(v, false, &ip->daddr, udp->dest, data))
        return 0;
    __u32 bytes = bpf_ntohs(udp->len);
    if ((ip->frag_off & bpf_htons(0x3fff)) != 0 || bpf_ntohs(ip->tot_len) != bytes + sizeof *ip)
        return -1;
    if ((ip->saddr & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || ip->saddr == 0)
        return -1;
    v->work->pseudo = fold((u64)ip->saddr + ip->daddr + bpf_htons(IPPROTO_UDP));
    v->work->l4 = v->work->l3 + sizeof *ip;
    v->work->message_bytes = bytes - UDP_HEADER;
    return 1;
}

INLINE int read_ipv6(struct visit *v)
{
    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    struct ipv6hdr *ip = data + v->work->l3;
    struct udphdr *udp = (void *)(ip + 1);
    if ((void *)(udp + 1) > end || ip->nexthdr != IPPROTO_UDP || ip->version != 6)
        return 0;
    if (!is_ours(v, true, &ip->daddr, udp->dest, data))
        return 0;
    __u32 bytes = bpf_ntohs(udp->len);
    if (bpf_ntohs(ip->payload_len) != bytes || udp->check == 0 || ip->saddr.s6_addr[0] == 0xff)
        return -1;
    v->work->pseudo = fold(sum_words(&ip->saddr, 8) + bpf_htons(IPPROTO_UDP));
    v->work->l4 = v->work->l3 + sizeof *ip;
    v->work->message_bytes = bytes - UDP_HEADER;
    return 1;
}

/* ---- the message, read where it lies ---- */

INLINE __u16 get_u16(const unsigned char *p) { return (__u16)(p[0] << 8 | p[1]); }

/* Eight octets of the message from `at` on, in lower case.  At the very end of a frame four of them are enough: what is asked
 * for there is less, as type and class follow. */
INLINE u64 load_lower(const unsigned char *message, __u32 at, void *end)
{
    const unsigned char *p = message + (at & 0xff);
    if ((void *)(p + 8) <= end)
        return kernel_lower8(*(const u64 *)p);
    p = message + ((at - 4) & 0xff);
    if ((void *)(p + 8) <= end)
        return kernel_lower8(kernel_last(*(const u64 *)p, 4));
    return 0;
}

INLINE unsigned char *message_of(const struct visit *v, void *end)
{
    unsigned char *message = (void *)(long)v->ctx->data + (v->work->l4 & 127) + UDP_HEADER;
    return (void *)(message + DNS_HEADER + 1 + QUESTION_TAIL) <= end ? message : 0;
}

/* A standard query with one question and nothing else. */
INLINE bool header_good(const unsigned char *m)
{
    return (m[2] & 0xf8) == 0 && get_u16(m + 4) == 1 && *(const __u32 *)(m + 6) == 0;
}

/* Where the frame ends before the datagram says it does, what is missing is not ours to guess. */
INLINE bool length_good(const struct visit *v, const unsigned char *message, void *end)
{
    __u32 bytes = v->work->message_bytes;
    if (bytes < DNS_HEADER + 1 + QUESTION_TAIL || bytes > KERNEL_MESSAGE_MAX)
        return false;
    return (void *)(message + bytes) <= end;
}

INLINE u64 hash_label(const unsigned char *message, void *end, __u32 at, __u32 length, u64 hash)
{
    __u32 left = length + 1;
    for (int i = 0; i < 8; i++) {
        u64 word = load_lower(message, at + i * 8, end);
        if (left < 8) {
            if (left > 0)
                hash = kernel_mix(hash, kernel_first(word, left));
            break;
        }
        hash = kernel_mix(hash, word);
        left -= 8;
    }
    return hash;
}

/* Labels of the question, their hashes, then the hash of each suffix in work->hashes. */
INLINE bool read_name(struct visit *v, const unsigned char *message, void *end)
{
    struct kernel_work *work = v->work;
    __u32 at = DNS_HEADER, count = 0;
    work->starts[0] = at;
    for (; count <= KERNEL_LABELS_MAX; count++) {
        const unsigned char *p = message + (at & 0xff);
        if ((void *)(p + 1) > end)
            return false;
        __u32 length = *p;
        if (length == 0)
            break;
        if (length > 63 || at + length >= KERNEL_MESSAGE_MAX - 8 || count == KERNEL_LABELS_MAX)
            return false;
        work->hashes[count] = hash_label(message, end, at, length, v->control->seeds[0]);
        work->starts[(count + 1) & 15] = at + length + 1;
        SETTLE();
        at = work->starts[(count + 1) & 15];
    }
    work->labels = count;
    work->name_end = at + 1;
    u64 hash = v->control->seeds[1];
    work->hashes[count & 15] = hash;
    for (int i = KERNEL_LABELS_MAX - 1; i >= 0; i--) {
        if (i >= count)
            continue;
        hash = kernel_join(hash, work->hashes[i]);
        work->hashes[i] = hash;
    }
    SETTLE();
    return work->name_end + QUESTION_TAIL <= work->message_bytes && work->name_end <= KERNEL_MESSAGE_MAX;
}

/* Type and class, and behind them OPT without options, or nothing. */
INLINE bool read_rest(struct visit *v, const unsigned char *message, void *end)
{
    struct kernel_work *work = v->work;
    const unsigned char *question = message + (work->name_end & 0xff), *opt = question + QUESTION_TAIL;
    __u32 at = work->name_end + QUESTION_TAIL, additional = get_u16(message + 10);
    work->limit = PLAIN_LIMIT;
    work->edns = work->dnssec_ok = false;
    if ((void *)(question + QUESTION_TAIL) > end || get_u16(question + 2) != 1)
        return false;
    work->type = get_u16(question);
    if (additional == 0)
        return at == work->message_bytes;
    if (additional != 1 || at + OPT_BYTES != work->message_bytes || (void *)(opt + OPT_BYTES) > end)
        return false;
    /* root, type, no extended code, version 0, no flag but DO, no options */
    if (opt[0] != 0 || get_u16(opt + 1) != TYPE_OPT || get_u16(opt + 5) != 0 || (opt[7] & 0x7f) != 0 || opt[8] != 0 ||
        get_u16(opt + 9) != 0)
        return false;
    __u32 limit = work->asked_payload = get_u16(opt + 3);
    limit = limit < PLAIN_LIMIT ? PLAIN_LIMIT : limit;
    work->limit = limit < v->control->udp_payload ? limit : v->control->udp_payload;
    work->edns = true;
    work->dnssec_ok = opt[7] >> 7;
    return true;
}

/* Sum of the whole message: that of its words, and what is left over. */
INLINE bool sum_message(struct visit *v, const unsigned char *message, void *end)
{
    __u32 bytes = v->work->message_bytes, rest = bytes & 7;
    u64 sum = 0;
    for (int i = 0; i < KERNEL_MESSAGE_MAX / 8; i++) {
        const unsigned char *p = message + i * 8;
        if (i >= bytes / 8)
            break;
        if ((void *)(p + 8) > end)
            return false;
        u64 word = *(const u64 *)p;
        sum += (word & 0xffffffff) + (word >> 32);
    }
    const unsigned char *last = message + ((bytes - 8) & 0xff);
    if (rest) {
        if ((void *)(last + 8) > end)
            return false;
        u64 word = kernel_last(*(const u64 *)last, rest);
        sum += (word & 0xffffffff) + (word >> 32);
    }
    v->work->query_sum = fold(sum);
    SETTLE();
    return true;
}

/* As the kernel would check them before it gives the message to a socket.  A frame that was made on this machine may
 * have the sum of addresses only, for the device to finish. */
INLINE bool sums_good(struct visit *v)
{
    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    struct udphdr *udp = data + (v->work->l4 & 127);
    const unsigned char *message = (const unsigned char *)(udp + 1);
    struct iphdr *ip = data + (v->work->l3 & 31);
    if ((void *)message > end || (void *)(ip + 1) > end || udp->source == 0 || !sum_message(v, message, end))
        return false;
    if (!v->work->six && fold(sum_words(ip, 5)) != 0xffff)
        return false;
    if (udp->check == 0)
        return true;
    __u32 pseudo = fold((u64)v->work->pseudo + udp->len);
    return udp->check == pseudo ||
           fold((u64)pseudo + udp->source + udp->dest + udp->len + udp->check + v->work->query_sum) == 0xffff;
}

/* ---- finding ---- */

/* Types that no record may have are not answered here. */
INLINE bool type_plain(__u16 type) { return type != 0 && type != TYPE_OPT && (type < 128 || type > 255); }
/* Those that are answered otherwise at the cut itself. */
INLINE bool type_of_parent(__u16 type) { return type == TYPE_DS || type == TYPE_RRSIG || type == TYPE_NSEC || type == TYPE_NSEC3; }

/* The slot of a bucket that fits, or 0.  A function of its own, which the verifier looks at once. */
__noinline u64 find_slot(u64 exact_key, u64 below_key, u64 mark, __u32 index)
{
    const struct kernel_bucket *bucket = bpf_map_lookup_elem(&buckets, &index);
    if (!bucket)
        return 0;
    for (int i = 0; i < KERNEL_WAYS; i++) {
        u64 slot = bucket->slots[i], key = slot & KERNEL_SLOT_KEY;
        if ((key == exact_key || key == below_key) && (slot & mark))
            return slot;
    }
    return 0;
}

/* No slot has all bits of a key set. */
INLINE u64 probe(const struct visit *v, u64 hash, bool exact, bool below)
{
    u64 tag = hash & KERNEL_SLOT_TAG, exact_key = tag | (u64)v->work->type << 32, below_key = tag | KERNEL_SLOT_BELOW;
    return find_slot(exact ? exact_key : ~0ull, below ? below_key : ~0ull, v->work->dnssec_ok ? KERNEL_SLOT_DO : KERNEL_SLOT_PLAIN,
                     (__u32)hash & v->control->bucket_mask);
}

/* The record of a slot if it is of the name that starts at `start`. */
INLINE struct kernel_record *read_slot(const struct visit *v, const unsigned char *message, void *end, u64 slot, __u32 start)
{
    u64 offset = (slot & 0xffffffff) * KERNEL_GRANULE;
    __u32 chunk_index = offset / KERNEL_CHUNK;
    struct kernel_chunk *chunk = bpf_map_lookup_elem(&chunks, &chunk_index);
    if (!chunk)
        return 0;
    struct kernel_record *r = (void *)(chunk->bytes + (offset & (KERNEL_CHUNK - 1)));
    __u32 left = r->name_bytes;
    const u64 *name = (const u64 *)(r + 1);
    if (left != v->work->name_end - start || left > KERNEL_NAME_MAX)
        return 0;
    for (int i = 0; i < KERNEL_NAME_MAX / 8; i++) {
        u64 word = load_lower(message, start + i * 8, end);
        if (left < 8) {
            if (left > 0 && kernel_first(word, left) != name[i])
                return 0;
            break;
        }
        if (word != name[i])
            return 0;
        left -= 8;
    }
    return r;
}

/* Sets start: where the record's name begins in the message. */
INLINE struct kernel_record *find(struct visit *v, const unsigned char *message, void *end)
{
    const struct kernel_control *c = v->control;
    struct kernel_work *work = v->work;
    __u32 labels = v->work->labels;
    u64 slot = 0;
    __u32 at = 0;
    for (__u32 i = 0; i <= KERNEL_LABELS_MAX; i++) {
        if (i > labels)
            break;
        __u32 depth = (labels - i) & 31;
        bool exact = i == 0 && (c->exact_depths >> depth & 1);
        bool below = (c->below_depths >> depth & 1) && !(i == 0 && type_of_parent(v->work->type));
        if (!exact && !below)
            continue;
        slot = probe(v, work->hashes[i & 15], exact, below);
        if (slot) {
            at = work->starts[i & 15];
            break;
        }
    }
    v->work->slot = slot;
    v->work->start = at;
    SETTLE();
    return v->work->slot ? read_slot(v, message, end, v->work->slot, v->work->start & 0xff) : 0;
}

INLINE bool is_alive(const struct visit *v, const struct kernel_record *r)
{
    __u32 zone = r->zone;
    const u64 *generation = bpf_map_lookup_elem(&generations, &zone);
    return generation && *generation == r->generation && r->epoch == v->control->epoch;
}

/* ---- rate limits ---- */

INLINE bool read_network(const struct visit *v, struct kernel_network *out)
{
    const struct kernel_control *c = v->control;
    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    const struct iphdr *ip = data + (v->work->l3 & 31);
    const struct ipv6hdr *ip6 = data + (v->work->l3 & 31);
    if (v->work->six) {
        if ((void *)(ip6 + 1) > end)
            return false;
        out->family = 6;
        for (int i = 0; i < 4; i++)
            out->address[i] = ip6->saddr.s6_addr32[i] & c->limit_mask6[i];
    } else {
        if ((void *)(ip + 1) > end)
            return false;
        out->family = 4;
        out->address[0] = ip->saddr & c->limit_mask4;
    }
    return true;
}

/* All answers for one network of clients together, up to a second in advance.  Over that the sockets answer, and charge each kind
 * of answer to its own account.  Two CPUs may lose each other's charge, which costs accuracy only. */
INLINE bool may_answer(const struct visit *v)
{
    const u64 second_ns = 1000000000, cost_ns = v->control->limit_cost_ns;
    struct kernel_network network = { .family = 0 };
    if (cost_ns == 0)
        return true;
    if (!read_network(v, &network))
        return false;
    u64 now = bpf_ktime_get_ns(), next = now + cost_ns;
    u64 *paid = bpf_map_lookup_elem(&networks, &network);
    if (!paid)
        return bpf_map_update_elem(&networks, &network, &next, BPF_ANY) == 0;
    if (*paid > now)
        next = *paid + cost_ns;
    if (next > now + second_ns)
        return false;
    *paid = next;
    return true;
}

/* ---- answering ---- */

INLINE void count_answer(struct visit *v, const struct kernel_record *r, __u32 bytes)
{
    struct kernel_counts *c = &v->own->counts;
    __u32 kind = r->kind & (KERNEL_KINDS - 1), zone = r->zone;
    c->answered[v->work->six]++;
    c->kind[kind]++;
    c->edns += v->work->edns;
    c->dnssec_ok += v->work->dnssec_ok;
    c->type[v->work->type < 256 ? v->control->type_index[v->work->type & 0xff] & (KERNEL_TYPES - 1) : KERNEL_TYPES - 1]++;
    c->query_size[(v->work->message_bytes / 16) & (KERNEL_QUERY_BUCKETS - 1)]++;
    __u32 bucket = bytes / 16;
    if (bucket < KERNEL_REPLY_BUCKETS)
        c->reply_size[bucket]++;
    if (zone < KERNEL_ZONES_OWN)
        v->own->zones[zone][kind]++;
}

INLINE bool turn_ethernet(void *data, void *end)
{
    struct ethhdr *eth = data;
    unsigned char mac[ETH_ALEN];
    if ((void *)(eth + 1) > end)
        return false;
    __builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
    __builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
    __builtin_memcpy(eth->h_source, mac, ETH_ALEN);
    return true;
}

/* DF: as our sockets do, nothing of ours is ever in fragments. */
INLINE bool turn_ipv4(struct iphdr *ip, void *end, __u32 udp_bytes)
{
    if ((void *)(ip + 1) > end)
        return false;
    __be32 from = ip->saddr;
    ip->saddr = ip->daddr;
    ip->daddr = from;
    ip->tos = 0;
    ip->id = 0;
    ip->frag_off = bpf_htons(0x4000);
    ip->ttl = HOPS;
    ip->tot_len = bpf_htons(udp_bytes + sizeof *ip);
    ip->check = 0;
    ip->check = (__u16)~fold(sum_words(ip, 5));
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
    void *ip = data + (v->work->l3 & 31);
    if (!turn_ethernet(data, end))
        return false;
    return v->work->six ? turn_ipv6(ip, end, udp_bytes) : turn_ipv4(ip, end, udp_bytes);
}

/* A sum of octets that begin at an odd offset has its octets swapped. */
INLINE __u32 at_parity(__u32 sum, __u32 offset) { return offset & 1 ? __builtin_bswap16((__u16)sum) : sum; }

/* A short tail is copied here, faster than by a call. */
INLINE bool copy(unsigned char *to, void *end, const unsigned char *from, __u32 bytes)
{
    for (int i = 0; i < COPY_MAX / 8; i++) {
        if (bytes < 8)
            break;
        if ((void *)(to + 8) > end)
            return false;
        *(u64 *)to = *(const u64 *)from;
        to += 8;
        from += 8;
        bytes -= 8;
    }
    if (bytes & 4) {
        if ((void *)(to + 4) > end)
            return false;
        *(__u32 *)to = *(const __u32 *)from;
        to += 4;
        from += 4;
    }
    if (bytes & 2) {
        if ((void *)(to + 2) > end)
            return false;
        *(__u16 *)to = *(const __u16 *)from;
        to += 2;
        from += 2;
    }
    if (bytes & 1) {
        if ((void *)(to + 1) > end)
            return false;
        *to = *from;
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
        __u16 to = get_u16(pointer) + moved;
        pointer[0] = to >> 8;
        pointer[1] = (unsigned char)to;
    }
    return true;
}

/* What the OPT adds to a sum when it begins at `offset`: 00 00 | 29 hi | lo 00 | 00 do | 00 00 | 00. */
INLINE __u32 opt_sum(__u16 payload, bool dnssec_ok, __u32 offset)
{
    __u32 sum = bpf_htons(TYPE_OPT << 8 | payload >> 8) + bpf_htons((payload & 0xff) << 8) + bpf_htons(dnssec_ok ? 0x80 : 0);
    return at_parity(fold(sum), offset);
}

INLINE bool put_opt(const struct visit *v, unsigned char *opt, void *end)
{
    if ((void *)(opt + OPT_BYTES) > end)
        return false;
    __u16 payload = v->control->udp_payload;
    opt[2] = TYPE_OPT;
    opt[3] = payload >> 8;
    opt[4] = (unsigned char)payload;
    opt[7] = v->work->dnssec_ok ? 0x80 : 0;
    opt[0] = opt[1] = opt[5] = opt[6] = opt[8] = opt[9] = opt[10] = 0;
    return true;
}

/* Header and sums; all of the message's records are there. */
INLINE void finish(struct visit *v, const struct kernel_record *r, struct udphdr *udp, unsigned char *message, __u32 bytes, __u32 moved)
{
    __u32 question_end = v->work->name_end + QUESTION_TAIL;
    __u32 minus = fold(sum_words(message, 3));
    if (v->work->edns)
        minus = fold((u64)minus + opt_sum(v->work->asked_payload, v->work->dnssec_ok, question_end));
    message[2] = FLAG_QR_BE | (r->answer & KERNEL_AUTHORITATIVE ? FLAG_AA_BE : 0) | (message[2] & FLAG_RD_BE);
    message[3] = (message[3] & FLAG_CD_BE) | (r->answer & 15);
    __u16 *counts = (__u16 *)(message + 6);
    counts[0] = bpf_htons(r->counts[0]);
    counts[1] = bpf_htons(r->counts[1]);
    counts[2] = bpf_htons(r->counts[2] + v->work->edns);
    __u32 turned = bpf_htons(moved), odd = r->odd_shifts, even = r->shift_count - odd;
    u64 tail = r->tail_sum + (u64)turned * even + (u64)__builtin_bswap16(turned) * odd;

    __be16 length = bpf_htons(bytes + UDP_HEADER), to = udp->source;
    udp->source = udp->dest;
    udp->dest = to;
    udp->len = length;
    u64 sum = (u64)v->work->pseudo + length + length + udp->source + udp->dest;
    sum += sum_words(message, 3) + v->work->query_sum + (0xffff ^ minus) + at_parity(fold(tail), question_end);
    if (v->work->edns)
        sum += opt_sum(v->control->udp_payload, v->work->dnssec_ok, question_end + r->tail_bytes);
    __u16 check = (__u16)~fold(sum);
    udp->check = check == 0 ? 0xffff : check;
}

/* From the change of length on, what fails drops the frame: it is no query any more. */
INLINE int answer(struct visit *v, struct kernel_record *r)
{
    __u32 question_end = v->work->name_end + QUESTION_TAIL, tail_bytes = r->tail_bytes, shift_count = r->shift_count;
    if (tail_bytes > KERNEL_TAIL_MAX || shift_count > KERNEL_SHIFTS_MAX || question_end > KERNEL_MESSAGE_MAX)
        return pass(v, KERNEL_PASS_SIZE);
    __u32 bytes = question_end + tail_bytes + (v->work->edns ? OPT_BYTES : 0);
    if (bytes > v->work->limit || bytes > v->control->reply_max)
        return pass(v, KERNEL_PASS_SIZE);

    __u32 l4 = v->work->l4 & 127, message_at = l4 + UDP_HEADER;
    u64 frame = (u64)((void *)(long)v->ctx->data_end - (void *)(long)v->ctx->data);
    asm volatile("" : "+r"(frame));     /* a difference of pointers takes 64 bits */
    if (bpf_xdp_adjust_tail(v->ctx, (int)(message_at + bytes) - (int)frame) != 0)
        return pass(v, KERNEL_PASS_SIZE);
    const unsigned char *tail = (const unsigned char *)(r + 1) + (kernel_pad8(r->name_bytes) & 0xff);
    if (tail_bytes > COPY_MAX && bpf_xdp_store_bytes(v->ctx, message_at + question_end, (void *)tail, tail_bytes) != 0)
        goto broken;

    void *data = (void *)(long)v->ctx->data, *end = (void *)(long)v->ctx->data_end;
    struct udphdr *udp = data + l4;
    unsigned char *message = (unsigned char *)(udp + 1);
    if ((void *)(message + DNS_HEADER) > end)
        goto broken;
    unsigned char *records = message + (question_end & 0xff);
    __u32 moved = v->work->start - DNS_HEADER;
    const __u16 *shifts = (const __u16 *)(tail + (kernel_pad8(tail_bytes) & 0x7ff));
    if (tail_bytes <= COPY_MAX && !copy(records, end, tail, tail_bytes))
        goto broken;
    if (moved > 0 && !shift(records, end, shifts, shift_count, moved))
        goto broken;
    if (v->work->edns && !put_opt(v, records + (tail_bytes & 0x7ff), end))
        goto broken;
    if (!turn_around(v, data, end, bytes + UDP_HEADER))
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
    __u32 zero = 0, cpu = bpf_get_smp_processor_id();
    struct visit v = { .ctx = ctx };
    v.control = bpf_map_lookup_elem(&control, &zero);
    v.own = bpf_map_lookup_elem(&cpus, &cpu);
    if (!v.control || !v.own)
        return XDP_PASS;
    v.work = &v.own->work;
    __u16 proto = read_ethernet(&v);
    v.work->six = proto == bpf_htons(ETH_P_IPV6);
    if (!v.work->six && proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    int ours = v.work->six ? read_ipv6(&v) : read_ipv4(&v);
    if (ours == 0)
        return XDP_PASS;
    if (ours < 0)
        return pass(&v, KERNEL_PASS_SHAPE);
    void *end = (void *)(long)ctx->data_end;
    unsigned char *message = message_of(&v, end);
    if (!message || !length_good(&v, message, end) || !header_good(message))
        return pass(&v, KERNEL_PASS_MESSAGE);
    if (!read_name(&v, message, end) || !read_rest(&v, message, end) || !type_plain(v.work->type))
        return pass(&v, KERNEL_PASS_MESSAGE);
    struct kernel_record *r = find(&v, message, end);
    if (!r)
        return pass(&v, KERNEL_PASS_MISS);
    if (!is_alive(&v, r))
        return pass(&v, KERNEL_PASS_DEAD);
    if (!sums_good(&v))
        return pass(&v, KERNEL_PASS_SHAPE);
    if (!may_answer(&v))
        return pass(&v, KERNEL_PASS_LIMITED);
    return answer(&v, r);
}

char license_text[] SEC("license") = "Apache-2.0";
