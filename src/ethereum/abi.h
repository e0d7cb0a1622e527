/* SPDX-License-Identifier: Apache-2.0 */
/** @file ethereum/abi.h -- arguments and results of contracts.  Solidity's "Contract ABI Specification".
 *
 *  A tuple has a head of words and, behind it, tails; what has no fixed size (bytes, string, arrays of any count, tuples with one of these in them) is in
 *  the head as an offset, counted from where the tuple begins.  Arguments of a call and what it returns are a tuple.
 *
 *  Reading copies nothing.  A hostile encoder may let many offsets lead to one place; so each octet that is handed out is
 *  charged to a budget of twice the size of the input, and arrays may not be longer than what is left of the input.  Failure is sticky and shared by
 *  all readers of one input: read on, look once at the end (abi_ok), believe nothing before. */
#ifndef ETHEREUM_ABI_H
#define ETHEREUM_ABI_H

#include "base/u256.h"
#include "ethereum/types.h"

enum { ABI_DEPTH_MAX = 8, ABI_WORD_BYTES = 32, ABI_SELECTOR_BYTES = 4 };

/* ---- reading ---- */

/** What all readers of one input share; the caller's, outlives them. */
struct abi_input {
    size_t left;                /**< octets that may still be handed out */
    bool failed;                /**< out of bounds, over the budget, too deep, or a word that is not of its type */
};
/** At a word of the head of a tuple or of the elements of an array. */
struct abi_reader {
    struct abi_input *input;
    const uint8_t *base;        /**< offsets count from here; borrowed */
    size_t bytes;               /**< that there are from there on */
    size_t at;                  /**< the next word */
    uint8_t depth;
};

/** Over a tuple: what a call returned, or (behind the selector) what it was given.  Initialises `input`. */
struct abi_reader abi_reader_of(struct abi_input *input, struct slice data);
/** Over what follows a selector. Fails unless the data begins with that one. */
struct abi_reader abi_reader_call(struct abi_input *input, struct slice data, uint32_t selector);
static inline bool abi_ok(const struct abi_input *input) { return !input->failed; }

/* The next word of the head as what it must be; zero, or a NULL slice, once anything failed. */
struct eth_word abi_read_word(struct abi_reader *reader);
struct u256 abi_read_u256(struct abi_reader *reader);
uint64_t abi_read_u64(struct abi_reader *reader);               /**< fails when it is larger */
struct eth_address abi_read_address(struct abi_reader *reader); /**< the upper 12 octets must be zero */
bool abi_read_bool(struct abi_reader *reader);                  /**< 0 or 1 */
uint32_t abi_read_bytes4(struct abi_reader *reader);            /**< as a number: 0x9061b923; the lower 28 octets must be zero */
/** `bytes` or `string`: borrowed from the input.  What pads it to a word may be missing at the very end of the input and is not looked at. */
struct slice abi_read_bytes(struct abi_reader *reader);
/** A tuple that is in the head as an offset (one with fixed size is simply read word by word). */
struct abi_reader abi_read_tuple(struct abi_reader *reader);
/** An array of any count.  @param element_words  of one element in the head: 1 for all without a fixed size (bytes[], (address,bytes)[]), else the words
 *  that it has  @param count  0 once anything failed */
struct abi_reader abi_read_array(struct abi_reader *reader, size_t element_words, size_t *count);

/** The first four octets as a number; 0 when there are fewer. */
uint32_t abi_selector(struct slice data);
/** The text of revert data `Error(string)`; false for anything else. */
bool abi_revert_reason(struct slice data, struct slice *out);

/* ---- writing ---- */

/** A tuple or an array being written at the end of a text (base/text.h), which may be fixed or grow: text->full says whether it did not fit.
 *  Tails go to the end of the text, so tuples and arrays inside each other are written in any order; nothing else may be added meanwhile. */
struct abi_writer { struct text *text; size_t base, at, end; };

/** A tuple of so many words of head: arguments behind a selector, results, what a hash is taken of. */
struct abi_writer abi_writer_of(struct text *text, size_t head_words);
/** The same behind a selector. */
struct abi_writer abi_writer_call(struct text *text, uint32_t selector, size_t head_words);

/* The next word of the head; more than were asked for do nothing but set text->full. */
void abi_write_word(struct abi_writer *writer, const struct eth_word *word);
void abi_write_u256(struct abi_writer *writer, struct u256 number);
void abi_write_u64(struct abi_writer *writer, uint64_t number);
void abi_write_address(struct abi_writer *writer, const struct eth_address *address);
void abi_write_bool(struct abi_writer *writer, bool value);
void abi_write_bytes4(struct abi_writer *writer, uint32_t selector);
void abi_write_bytes(struct abi_writer *writer, struct slice bytes);    /**< bytes, string */
/** A tuple without a fixed size. */
struct abi_writer abi_write_tuple(struct abi_writer *writer, size_t head_words);
/** @param element_words  as in abi_read_array; so many times count words are to be written to what is returned */
struct abi_writer abi_write_array(struct abi_writer *writer, size_t count, size_t element_words);

#endif
