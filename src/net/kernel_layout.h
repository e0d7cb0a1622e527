/* SPDX-License-Identifier: Apache-2.0 */
/* What the program in the kernel and its owner share: maps as plain memory, and how a name is hashed.  Both sides
 * include this, so it names no header of either; all fields have fixed widths.
 *
 * The owner writes through mmap alone.  A record is written whole before a slot names it, and its memory is used again
 * only once no program can be looking at it any more, so that the program never sees half a record. */
#ifndef NET_KERNEL_LAYOUT_H
#define NET_KERNEL_LAYOUT_H

enum {
    KERNEL_MESSAGE_MAX = 160,       /* octets of a query that is looked at; multiple of 8 */
    KERNEL_NAME_MAX = 128,          /* octets of a name that is kept; multiple of 8 */
    KERNEL_LABELS_MAX = 12,         /* of a question, root not counted */
    KERNEL_TAIL_MIN = 8, KERNEL_TAIL_MAX = 1280,    /* multiples of 8 */
    KERNEL_SHIFTS_MAX = 48,
    KERNEL_REPLY_MAX = 1400,        /* octets of a message that is sent */
    KERNEL_ENDPOINTS = 16,
    KERNEL_WAYS = 8,                /* slots of a bucket: one cache line */
    KERNEL_GRANULE = 16,            /* octets: what offsets of records count */
    KERNEL_CHUNK = 65536,           /* a record begins at any granule of a chunk and may reach into the slack */
    KERNEL_CHUNK_SLACK = 2048,
    KERNEL_ZONES = 65536,           /* slots of zones */
    KERNEL_ZONES_OWN = 1024,        /* of these each CPU counts for itself */
    KERNEL_QUERY_BUCKETS = 16,      /* sizes by 16 octets */
    KERNEL_REPLY_BUCKETS = 96,
    KERNEL_TYPES = 16,
    KERNEL_ACCOUNTS = 65536
};

/* A slot: offset of a record in granules (bits 0-31), type (32-47; 0 with BELOW), marks, and 13 bits of the hash. */
#define KERNEL_SLOT_BELOW (1ull << 48)      /* for all names at or below the record's */
#define KERNEL_SLOT_PLAIN (1ull << 49)      /* for questions without DO */
#define KERNEL_SLOT_DO (1ull << 50)         /* for questions with DO */
#define KERNEL_SLOT_TAG (0x1fffull << 51)
#define KERNEL_SLOT_KEY (KERNEL_SLOT_TAG | KERNEL_SLOT_BELOW | 0xffffull << 32)

struct kernel_bucket {
    unsigned long long slots[KERNEL_WAYS];
};

enum { KERNEL_AUTHORITATIVE = 0x80 };
/* Behind it: the name in lower case, filled up with zeros to a multiple of 8; the tail, likewise; the shifts. */
struct kernel_record {
    unsigned long long generation;          /* alive while its zone's is the same */
    unsigned int epoch;
    unsigned int next;                      /* the owner's: list of records that are to become free */
    unsigned short zone;
    unsigned short tail_bytes;
    unsigned short tail_sum;                /* one's complement sum of its 16-bit words, as they are loaded */
    unsigned char counts[3];
    unsigned char name_bytes, shift_count, odd_shifts;
    unsigned char kind, used, answer;       /* used: set by the program, cleared by the owner's clock; answer: rcode and KERNEL_AUTHORITATIVE */
    unsigned char reserved;
};

struct kernel_chunk {
    unsigned char bytes[KERNEL_CHUNK + KERNEL_CHUNK_SLACK];
};

struct kernel_endpoint {
    unsigned char address[16];
    unsigned char mac[6];
    unsigned short port;                    /* network order */
    unsigned int interface;
    unsigned char family, used;             /* 4 or 6 */
    unsigned char reserved[2];
};

struct kernel_control {
    /* what every question needs: one cache line */
    unsigned int epoch;                     /* records of another are dead */
    unsigned int exact_depths, below_depths;/* bit n: there may be such records for names of n labels */
    unsigned int bucket_mask;
    unsigned long long seed;
    unsigned long long limit_cost_ns;       /* what an answer costs its client's network; 0 = no limit */
    unsigned int endpoint_count;
    unsigned short udp_payload;             /* host order */
    unsigned short reply_max;               /* octets of a message that the interface carries */
    unsigned long long limit_most_ns;       /* how far an account may run ahead of the clock: a second, and the debt of what was not given */
    unsigned long long reserved[2];
    struct kernel_endpoint endpoints[KERNEL_ENDPOINTS];
    unsigned char type_index[256];          /* of the counters below */
    unsigned int limit_mask4, limit_mask6[4];   /* what of an address is the network; network order */
    unsigned int more;
    unsigned long long generations[KERNEL_ZONES];   /* those of the first zones lie on the page of the rest */
    unsigned long long paid[KERNEL_ACCOUNTS];       /* when a client's network will have paid for what it got */
};

enum kernel_pass {          /* why a query for us went the ordinary way */
    KERNEL_PASS_SHAPE,      /* fragments, options, headers, checksums that are not plain */
    KERNEL_PASS_MESSAGE,    /* not a plain query, or one with options, or too long */
    KERNEL_PASS_MISS,
    KERNEL_PASS_DEAD,       /* its zone has changed since */
    KERNEL_PASS_SIZE,       /* does not fit the client's limit */
    KERNEL_PASS_LIMITED,    /* the rate limit decides */
    KERNEL_PASSES
};
enum kernel_kind { KERNEL_POSITIVE, KERNEL_NODATA, KERNEL_NXDOMAIN, KERNEL_REFERRAL, KERNEL_KINDS };

enum { KERNEL_NO_EDNS, KERNEL_EDNS, KERNEL_EDNS_DO, KERNEL_EDNS_NONE, KERNEL_EDNS_KINDS };     /* a power of two */
/* Made of 64-bit numbers alone, so that rows sum up as arrays. */
struct kernel_counts {
    unsigned long long passed[KERNEL_PASSES];
    unsigned long long failed, reserved;        /* one cache line, as each row of the next */
    unsigned long long answered[2][KERNEL_KINDS][KERNEL_EDNS_KINDS];    /* over IPv4, IPv6 */
    unsigned long long type[KERNEL_TYPES];
    unsigned long long query_size[KERNEL_QUERY_BUCKETS], reply_size[KERNEL_REPLY_BUCKETS];
};

/* What one run of the program found out so far: one cache line. */
struct kernel_work {
    unsigned long long slot;
    unsigned long long pseudo;              /* sum of the addresses and the protocol, not folded */
    unsigned long long question_sum;        /* of name, type and class, likewise */
    unsigned short message_bytes;
    unsigned short type, limit, asked_payload;
    unsigned char l3, l4;                   /* offsets in the frame */
    unsigned char six, edns;                /* edns: enum above */
    unsigned char labels, name_end;         /* name_end: offset of the type in the message */
    unsigned char start;                    /* where the name of the record begins in it */
    unsigned char reserved;
    unsigned char starts[16];               /* where labels begin */
    unsigned long long more;
};

/* What one CPU writes, and nobody else.  Whole pages: what is used of it lies on the first. */
struct kernel_cpu {
    struct kernel_work work;
    struct kernel_counts counts;
    unsigned long long zones[KERNEL_ZONES_OWN][KERNEL_KINDS];
    unsigned long long reserved[336];
};

/* ---- names, eight octets at a time ---- */

/* ASCII capitals become small letters in all eight octets; length octets (up to 63) stay. */
static inline unsigned long long kernel_lower8(unsigned long long word)
{
    unsigned long long seven = word & 0x7f7f7f7f7f7f7f7full;
    unsigned long long from_a = seven + 0x3f3f3f3f3f3f3f3full, past_z = seven + 0x2525252525252525ull;
    return word | ((from_a & ~past_z & ~word & 0x8080808080808080ull) >> 2);
}

/* The last `count` octets (1..8) of a word, as a word that begins with them and has zeros behind. */
static inline unsigned long long kernel_last(unsigned long long word, unsigned int count)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return word >> (64 - count * 8);
#else
    return word << (64 - count * 8);
#endif
}

static inline unsigned long long kernel_scatter(unsigned long long word)
{
    word *= 0x9e3779b97f4a7c15ull;
    return word ^ word >> 32;
}

/* One word of a name, the last one filled up with zeros.  Some octets that are no letters hash alike: names are compared. */
static inline unsigned long long kernel_mix(unsigned long long hash, unsigned long long word)
{
    return kernel_scatter(hash ^ (word | 0x2020202020202020ull));
}

static inline unsigned int kernel_pad8(unsigned int bytes) { return (bytes + 7) & ~7u; }

#endif
