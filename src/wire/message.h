/* SPDX-License-Identifier: Apache-2.0 */
/** @file wire/message.h -- messages: header, question, EDNS, records.  RFC 1035 §4, 6891, 9619. */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "wire/codes.h"
#include "wire/name.h"

enum { HEADER_BYTES = 12, MESSAGE_MAX_BYTES = 65535, UDP_PLAIN_BYTES = 512 };
enum { FLAG_QR = 0x8000, FLAG_AA = 0x0400, FLAG_TC = 0x0200, FLAG_RD = 0x0100, FLAG_RA = 0x0080, FLAG_AD = 0x0020, FLAG_CD = 0x0010 };

enum section { SECTION_QUESTION, SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct question {
    struct name name;           /**< message_read: a copy; message_read_query: undefined, for the view alone */
    struct name_view view;      /**< message_read: of `name`; message_read_query: borrowed from the message, or of `name` where the
                                     message has it compressed, so the struct must not move */
    uint16_t type, klass;
};

/** EDNS as read from a message. */
struct edns {
    bool present;
    uint8_t version;
    uint16_t udp_payload;       /**< as told; below 512 counts as 512 (RFC 6891 §6.2.3) */
    bool dnssec_ok;             /**< DO */
    uint16_t flags;             /**< the whole flags word */
    uint8_t extended_rcode;
    const uint8_t *options;     /**< raw, borrowed from the message */
    uint16_t options_bytes;
    bool nsid, keepalive, zoneversion, expire, padding;       /**< asked for */
    const uint8_t *cookie;      /**< borrowed; NULL = none; of a length that RFC 7873 §4 allows; the first if several */
    uint16_t cookie_bytes;
};

/** A query as the hall needs it: everything found in one pass, nothing copied. */
struct message {
    const uint8_t *wire;        /**< borrowed */
    size_t wire_bytes;
    uint16_t id, flags;         /**< flags: the whole second word of the header */
    uint8_t opcode;
    uint16_t counts[4];
    bool has_question;
    struct question question;
    size_t question_bytes;      /**< of the question section as it stands in the message */
    struct edns edns;
    size_t records_offset;      /**< where the answer section starts */
    uint8_t rcode;              /**< of the header, 4 bits */
    bool has_tsig;              /**< last record is TSIG or SIG(0) */
};

/** What is to be said of a message that cannot be read, RFC 1035 §4.1.1, 6891 §7, 9619 §4. */
enum message_fault {
    MESSAGE_FINE,
    MESSAGE_IGNORE,             /**< shorter than a header, or QR set: silence, or two servers would loop */
    MESSAGE_FORMERR,            /**< answer FORMERR with what could be read */
    MESSAGE_BADVERS,            /**< EDNS version above 0 */
    MESSAGE_NOTIMP              /**< opcode not served */
};

/** What nearly all queries are: opcode QUERY, one question whose name has no pointers, and at most an OPT of version 0 with no option
 *  but a cookie of 8 or 24 octets.  Borrowed from the message. */
struct query_plain {
    struct name_view name;
    uint16_t type, klass;
    uint16_t flags;             /**< the whole second word of the header */
    uint16_t udp_payload;       /**< as in struct edns; 512 without */
    uint16_t cookie_bytes;
    bool dnssec_ok;
    const uint8_t *opt;         /**< where the OPT stands; NULL = none */
    const uint8_t *cookie;      /**< NULL = none */
};
/** @return false: it is another kind of query, or none, which message_read_query tells; `out` is then nothing */
bool query_read_plain(const uint8_t *data, size_t size, struct query_plain *out);

/** Reads a query.  `out` is filled as far as reading came, whatever is returned (id, flags, opcode at least, unless IGNORE).
 *  Walks all records (bounded by the message's size) to find OPT and TSIG; trailing octets are FORMERR.
 *  QDCOUNT over 1, or two OPT, OPT with a non-root owner or outside the additional section, an option list or cookie of a bad
 *  length, TSIG or SIG(0) anywhere but last: FORMERR.  QDCOUNT 0 is fine here, and so are records of any class in any section
 *  (UPDATE).  BADVERS only where the rest is well formed; its options are not read.  NOTIMP for opcodes but QUERY, NOTIFY and UPDATE,
 *  whose sections nobody here can judge. */
enum message_fault message_read_query(const uint8_t *data, size_t size, struct message *out);

/** The same without the short way that common queries take: what tests compare it with. */
enum message_fault message_read_query_closely(const uint8_t *data, size_t size, struct message *out);

/** Reads the header and question of any message, a response too; for clients. @return OK, E_TRUNCATED, E_BAD_*. */
MUST_CHECK enum status message_read(const uint8_t *data, size_t size, struct message *out);

/** A record in a message; rdata as it stands there (perhaps compressed): rdata_read makes it plain. */
struct record {
    struct name owner;
    uint16_t type, klass;
    uint32_t ttl;               /**< over 2^31-1 counts as 0 (RFC 2181 §8) except OPT */
    uint16_t rdata_bytes;
    size_t rdata_offset;        /**< from the start of the message */
};
MUST_CHECK enum status message_read_record(struct cursor *c, struct record *out);
/** Reads an OPT record of a message at `wire`.
 *  @return OK; E_BAD_FORMAT (owner not the root: nothing is written; options cut short, a cookie of a bad length: all but
 *  what the options say is written, so that the error can be answered with an OPT); E_BAD_VERSION: likewise */
MUST_CHECK enum status edns_read(const uint8_t *wire, const struct record *record, struct edns *out);
/** Walks EDNS options: start with *offset = 0; false at the end or on a cut one. */
bool edns_option_next(const uint8_t *options, size_t size, size_t *offset, uint16_t *code, const uint8_t **data, uint16_t *bytes);

/* ---- writing ---- */

enum { COMPRESS_SLOTS = 128, COMPRESS_BUCKETS = 64 };
/** A message being written.  Compression keeps at most COMPRESS_SLOTS names and compares at most a few of them per name
 *  written, so building is linear (a bound against crafted suffixes).  Names match to the letter, but suffixes of the question
 *  match whatever the case, so that the answer keeps the case of the query (RFC 4343 §4.1).
 *  Callers read `length`, `limit`, `counts` and `data`, and may set `limit`, `flags` and, before the first record, `question_skip`;
 *  the rest is private. */
struct reply {
    uint8_t *data;              /**< the caller's buffer */
    size_t length, limit;       /**< written; may not go over (EDNS and TSIG reserve room by lowering it) */
    uint16_t counts[4];
    uint16_t flags;             /**< header word, written by reply_end */
    uint16_t id;
    uint8_t question_labels;    /**< of the question's name, which stands at offset 12 */
    uint8_t question_length;    /**< its octets; 0 = no question */
    uint8_t question_skip;      /**< so many of its first octets no name is compressed against: the caller's, for answers that do not
                                     depend on what stands in front of a cut */
    bool question_indexed;      /**< its suffixes are in slots: done when first needed */
    uint16_t owner_offset;      /**< where the last owner stands, 0 = not known; most records have that of the one before */
    uint16_t slot_count;
    uint8_t buckets[COMPRESS_BUCKETS];      /**< by hash: 1 + index of the newest slot, 0 = none; set up with the first slot */
    struct { uint16_t offset, hash; uint8_t next; } slots[COMPRESS_SLOTS];      /**< next: as in buckets, an older slot */
};
struct reply_mark { size_t length; uint16_t counts[4]; uint16_t slot_count; };

/** Starts a reply without question.  @param limit  octets of `data`, at least HEADER_BYTES; over 65535 counts as that */
void reply_begin(struct reply *reply, uint8_t *data, size_t limit, uint16_t id, uint16_t flags);
/** Starts the reply to a query that message_read_query found FINE, with its question if it has one. @return OK, E_NO_SPACE
 *  (the reply is without question) */
MUST_CHECK enum status reply_begin_to(struct reply *reply, uint8_t *data, size_t limit, uint16_t flags, const struct message *query);
/** The same for a plain query, whose header and question take no more than the 512 octets that any reply may have.  @param limit  at most 65535 */
void reply_begin_plain(struct reply *reply, uint8_t *data, size_t limit, uint16_t flags, const struct query_plain *query);
/** To be called first, and once at most. @return OK, E_NO_SPACE */
MUST_CHECK enum status reply_add_question(struct reply *reply, struct name_view name, uint16_t type, uint16_t klass);
/** Adds one record with compression where the type allows it.  @return OK, or E_NO_SPACE and nothing changed.
 *  Sections must not go backwards. */
MUST_CHECK enum status reply_add(struct reply *reply, enum section section, struct name_view owner, uint16_t type, uint16_t klass,
                                 uint32_t ttl, const uint8_t *rdata, size_t rdata_bytes);
/** For records that the caller writes itself: at most reply_left() octets at reply_at(), then reply_take(). */
static inline size_t reply_left(const struct reply *reply) { return reply->limit > reply->length ? reply->limit - reply->length : 0; }
static inline uint8_t *reply_at(const struct reply *reply) { return reply->data + reply->length; }
static inline void reply_take(struct reply *reply, enum section section, unsigned records, size_t bytes)
{
    reply->counts[section] = (uint16_t)(reply->counts[section] + records);
    reply->length += bytes;
}
struct reply_mark reply_mark(const struct reply *reply);
void reply_rollback(struct reply *reply, const struct reply_mark *mark);
/** Drops all but the header and question (for truncation and errors). */
void reply_clear_records(struct reply *reply);

/** The OPT record to send. */
struct edns_reply {
    uint16_t udp_payload;
    bool dnssec_ok;
    uint16_t rcode;             /**< the whole 12-bit rcode; its upper bits go here, the lower ones to the header */
    const uint8_t *nsid; uint16_t nsid_bytes;           /**< NULL = none */
    const uint8_t *cookie; uint16_t cookie_bytes;       /**< client + server cookie; NULL = none */
    uint16_t ede;               /**< EDE_NONE = none */
    const char *ede_text;       /**< NULL or UTF-8; left out first when room is short */
    bool keepalive; uint16_t keepalive_100ms;
    bool expire; uint32_t expire_seconds;
    bool zoneversion; uint8_t zoneversion_labels; uint32_t zoneversion_serial;   /**< RFC 9660 type 0 */
};
/** Octets the OPT record takes. */
size_t edns_reply_bytes(const struct edns_reply *edns);
/** The plainest ones: no option, or a cookie of 24 octets.  @param cookie  NULL = none */
size_t reply_opt_bytes(const uint8_t *cookie);
/** Appends such an OPT; so many octets have been kept off the reply's limit, and are given back. */
void reply_add_opt(struct reply *reply, uint16_t udp_payload, bool dnssec_ok, const uint8_t *cookie);
/** Appends OPT; room must have been kept. @return OK, E_NO_SPACE */
MUST_CHECK enum status reply_add_edns(struct reply *reply, const struct edns_reply *edns);
/** Writes the header. @return the message's length */
static inline size_t reply_end(struct reply *reply, uint16_t rcode)
{
    const uint16_t *counts = reply->counts;
    const uint32_t head = (uint32_t)reply->id << 16 | (reply->flags & 0xfff0u) | (rcode & 15u);
    const uint32_t first = (uint32_t)counts[0] << 16 | counts[1], second = (uint32_t)counts[2] << 16 | counts[3];
    put_u32(reply->data, head);
    put_u32(reply->data + 4, first);
    put_u32(reply->data + 8, second);
    return reply->length;
}

#endif
