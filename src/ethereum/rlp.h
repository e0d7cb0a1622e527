/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/rlp.h -- recursive length prefix, the canonical form only.  Ethereum Yellow Paper, appendix B.
 *
 *  Reading copies nothing: items point into the input.  Everything that has a shorter spelling is refused, so that what was
 *  read writes back to the same octets. */
#ifndef ETHEREUM_RLP_H
#define ETHEREUM_RLP_H

#include "base/u256.h"

enum { RLP_DEPTH_MAX = 32 };    /* lists in lists that rlp_check follows */

/** One item: a string of octets, or a list whose payload holds further items. */
struct rlp_item {
    bool list;
    const uint8_t *data;        /**< the payload, borrowed from the input */
    size_t bytes;
    const uint8_t *whole;       /**< the item with its prefix, borrowed */
    size_t whole_bytes;
};

/** A sequence of items being read. */
struct rlp_reader { const uint8_t *at; size_t left; };

static inline struct rlp_reader rlp_reader_of(const void *data, size_t bytes) { return (struct rlp_reader){ data, bytes }; }
/** Over the items of a list. */
static inline struct rlp_reader rlp_reader_list(const struct rlp_item *list) { return (struct rlp_reader){ list->data, list->bytes }; }
static inline bool rlp_reader_done(const struct rlp_reader *reader) { return reader->left == 0; }

/** Reads the next item.  The payload of a list is not looked into.
 *  @return OK, E_TRUNCATED (also at the end), E_BAD_FORMAT (a longer spelling than needed).  The reader moves on OK only. */
MUST_CHECK enum status rlp_read(struct rlp_reader *reader, struct rlp_item *out);

/* The next item as what it must be; E_BAD_FORMAT when it is something else.  The reader moves on OK only. */
MUST_CHECK enum status rlp_read_list(struct rlp_reader *reader, struct rlp_reader *out);
MUST_CHECK enum status rlp_read_string(struct rlp_reader *reader, const uint8_t **out, size_t *bytes);     /**< borrowed */
/** A string of exactly so many octets, copied. */
MUST_CHECK enum status rlp_read_fixed(struct rlp_reader *reader, uint8_t *out, size_t bytes);
/** Big-endian without leading zeros; zero is the empty string.  @return also E_RANGE */
MUST_CHECK enum status rlp_read_u64(struct rlp_reader *reader, uint64_t *out);
MUST_CHECK enum status rlp_read_u256(struct rlp_reader *reader, struct u256 *out);

/** Exactly one item, canonical all the way down.
 *  @return OK, E_TRUNCATED, E_BAD_FORMAT (also octets behind it), E_LIMIT (deeper than RLP_DEPTH_MAX).  Linear in time. */
MUST_CHECK enum status rlp_check(const void *data, size_t bytes);

/** What is being written, into the caller's octets.  Once they are full nothing more is written, but `length` goes on
 *  counting: one with data NULL and room 0 measures. */
struct rlp_writer {
    uint8_t *data;
    size_t room, length;
};

static inline struct rlp_writer rlp_writer_of(uint8_t *data, size_t room) { return (struct rlp_writer){ data, room, 0 }; }
/** Whether anything did not fit. */
static inline bool rlp_writer_full(const struct rlp_writer *writer) { return writer->length > writer->room; }

void rlp_write_string(struct rlp_writer *writer, const void *data, size_t bytes);
void rlp_write_u64(struct rlp_writer *writer, uint64_t number);
void rlp_write_u256(struct rlp_writer *writer, struct u256 number);
/** Octets that are items already. */
void rlp_write_whole(struct rlp_writer *writer, const void *items, size_t bytes);
/** Opens a list; hand what it returns to rlp_list_end once its items are written.  Lists nest. */
size_t rlp_list_begin(struct rlp_writer *writer);
/** Moves the items to make room for the prefix. */
void rlp_list_end(struct rlp_writer *writer, size_t begin);

#endif
