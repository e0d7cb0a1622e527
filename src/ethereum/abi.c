/* SPDX-License-Identifier: Apache-2.0 */
#include "ethereum/abi.h"

enum { WORD = ABI_WORD_BYTES };

static const uint8_t zeros[WORD];

/* ---- reading ---- */

struct abi_reader abi_reader_of(struct abi_input *input, struct slice data)
{
    *input = (struct abi_input){ .left = data.length < SIZE_MAX / 4 ? data.length * 2 : SIZE_MAX };
    return (struct abi_reader){ .input = input, .base = (const uint8_t *)data.data, .bytes = data.length };
}

uint32_t abi_selector(struct slice data)
{
    if (data.length < ABI_SELECTOR_BYTES)
        return 0;
    const uint8_t *d = (const uint8_t *)data.data;
    return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

struct abi_reader abi_reader_call(struct abi_input *input, struct slice data, uint32_t selector)
{
    bool fits = data.length >= ABI_SELECTOR_BYTES && abi_selector(data) == selector;
    struct abi_reader reader = abi_reader_of(input, fits ? slice_of(data.data + ABI_SELECTOR_BYTES, data.length - ABI_SELECTOR_BYTES) : slice_of(NULL, 0));
    input->failed = !fits;
    return reader;
}

/* Hands out octets that lie `from` the base on. */
static const uint8_t *hand_out(const struct abi_reader *reader, size_t from, size_t count)
{
    struct abi_input *input = reader->input;
    if (input->failed || from > reader->bytes || count > reader->bytes - from || count > input->left) {
        input->failed = true;
        return NULL;
    }
    input->left -= count;
    return reader->base + from;
}

static const uint8_t *next_word(struct abi_reader *reader)
{
    const uint8_t *word = hand_out(reader, reader->at, WORD);
    if (!word)
        return zeros;
    reader->at += WORD;
    return word;
}

/* Whether the octets of a word that its type leaves over are zero. */
static bool clean(struct abi_reader *reader, const uint8_t *octets, size_t count)
{
    if (memcmp(octets, zeros, count) != 0)
        reader->input->failed = true;
    return !reader->input->failed;
}

struct eth_word abi_read_word(struct abi_reader *reader)
{
    struct eth_word out;
    memcpy(out.octets, next_word(reader), sizeof out.octets);
    return out;
}

struct u256 abi_read_u256(struct abi_reader *reader) { return u256_read(next_word(reader), WORD); }

uint64_t abi_read_u64(struct abi_reader *reader)
{
    const uint8_t *word = next_word(reader);
    if (!clean(reader, word, WORD - 8))
        return 0;
    return u256_to_u64(u256_read(word, WORD));
}

struct eth_address abi_read_address(struct abi_reader *reader)
{
    struct eth_address out = { { 0 } };
    const uint8_t *word = next_word(reader);
    if (clean(reader, word, WORD - sizeof out.octets))
        memcpy(out.octets, word + WORD - sizeof out.octets, sizeof out.octets);
    return out;
}

bool abi_read_bool(struct abi_reader *reader)
{
    uint64_t value = abi_read_u64(reader);
    if (value > 1)
        reader->input->failed = true;
    return value == 1;
}

uint32_t abi_read_bytes4(struct abi_reader *reader)
{
    const uint8_t *word = next_word(reader);
    if (!clean(reader, word + ABI_SELECTOR_BYTES, WORD - ABI_SELECTOR_BYTES))
        return 0;
    return abi_selector(slice_of((const char *)word, ABI_SELECTOR_BYTES));
}

/* Follows the offset that the next word is: a reader that begins where it leads. */
static struct abi_reader follow(struct abi_reader *reader)
{
    uint64_t offset = abi_read_u64(reader);
    struct abi_reader inner = { .input = reader->input, .depth = (uint8_t)(reader->depth + 1) };
    if (inner.depth > ABI_DEPTH_MAX || offset > reader->bytes)
        reader->input->failed = true;
    if (reader->input->failed)
        return inner;
    inner.base = reader->base + offset;
    inner.bytes = reader->bytes - (size_t)offset;
    return inner;
}

struct slice abi_read_bytes(struct abi_reader *reader)
{
    struct abi_reader tail = follow(reader);
    uint64_t length = abi_read_u64(&tail);
    if (length > tail.bytes)
        reader->input->failed = true;
    const uint8_t *data = hand_out(&tail, WORD, (size_t)length);
    return data ? slice_of((const char *)data, (size_t)length) : slice_of(NULL, 0);
}

struct abi_reader abi_read_tuple(struct abi_reader *reader) { return follow(reader); }

struct abi_reader abi_read_array(struct abi_reader *reader, size_t element_words, size_t *count)
{
    struct abi_reader tail = follow(reader);
    uint64_t length = abi_read_u64(&tail);
    *count = 0;
    /* the least that the elements take: a count of billions ends here, before anybody makes room for them */
    if (!tail.input->failed && (element_words == 0 || length > (tail.bytes - WORD) / WORD / element_words))
        tail.input->failed = true;
    if (tail.input->failed)
        return tail;
    *count = (size_t)length;
    return (struct abi_reader){ .input = tail.input, .base = tail.base + WORD, .bytes = tail.bytes - WORD, .depth = tail.depth };
}

bool abi_revert_reason(struct slice data, struct slice *out)
{
    enum { ERROR_STRING = 0x08c379a0 };     /* Error(string) */
    struct abi_input input;
    struct abi_reader reader = abi_reader_call(&input, data, ERROR_STRING);
    struct slice text = abi_read_bytes(&reader);
    if (!abi_ok(&input))
        return false;
    *out = text;
    return true;
}

/* ---- writing ---- */

static void add_zeros(struct text *text, size_t count)
{
    for (; count > WORD && !text->full; count -= WORD)
        text_add_bytes(text, zeros, WORD);
    text_add_bytes(text, zeros, count < WORD ? count : WORD);
}

/* Words at the end of the text, to be written by the writer that is returned. */
static struct abi_writer reserve(struct text *text, size_t words)
{
    struct abi_writer writer = { .text = text, .base = text->length, .at = text->length };
    if (words > SIZE_MAX / 4 / WORD)
        text->full = true;
    else
        add_zeros(text, words * WORD);
    writer.end = text->length;
    return writer;
}

struct abi_writer abi_writer_of(struct text *text, size_t head_words) { return reserve(text, head_words); }

static void selector_octets(uint32_t selector, uint8_t out[ABI_SELECTOR_BYTES])
{
    for (unsigned i = 0; i < ABI_SELECTOR_BYTES; i++)
        out[i] = (uint8_t)(selector >> (24 - 8 * i));
}

struct abi_writer abi_writer_call(struct text *text, uint32_t selector, size_t head_words)
{
    uint8_t octets[ABI_SELECTOR_BYTES];
    selector_octets(selector, octets);
    text_add_bytes(text, octets, sizeof octets);
    return reserve(text, head_words);
}

/* Right-aligned or left-aligned in the next word of the head. */
static void put(struct abi_writer *writer, const uint8_t *octets, size_t count, size_t from)
{
    struct text *text = writer->text;
    if (text->full || writer->at >= writer->end) {
        text->full = true;
        return;
    }
    memcpy(text->data + writer->at + from, octets, count);
    writer->at += WORD;
}

void abi_write_word(struct abi_writer *writer, const struct eth_word *word) { put(writer, word->octets, WORD, 0); }

void abi_write_u256(struct abi_writer *writer, struct u256 number)
{
    uint8_t octets[U256_BYTES];
    u256_write(number, octets);
    put(writer, octets, WORD, 0);
}

void abi_write_u64(struct abi_writer *writer, uint64_t number) { abi_write_u256(writer, u256_from_u64(number)); }
void abi_write_bool(struct abi_writer *writer, bool value) { abi_write_u64(writer, value); }
void abi_write_address(struct abi_writer *writer, const struct eth_address *address) { put(writer, address->octets, sizeof address->octets, WORD - sizeof address->octets); }

void abi_write_bytes4(struct abi_writer *writer, uint32_t selector)
{
    uint8_t octets[ABI_SELECTOR_BYTES];
    selector_octets(selector, octets);
    put(writer, octets, sizeof octets, 0);
}

/* The offset of what comes at the end of the text next. */
static void put_offset(struct abi_writer *writer) { abi_write_u64(writer, writer->text->length - writer->base); }

void abi_write_bytes(struct abi_writer *writer, struct slice bytes)
{
    put_offset(writer);
    struct abi_writer length = reserve(writer->text, 1);
    abi_write_u64(&length, bytes.length);
    text_add_bytes(writer->text, bytes.data, bytes.length);
    if (bytes.length % WORD != 0)
        add_zeros(writer->text, WORD - bytes.length % WORD);
}

struct abi_writer abi_write_tuple(struct abi_writer *writer, size_t head_words)
{
    put_offset(writer);
    return reserve(writer->text, head_words);
}

struct abi_writer abi_write_array(struct abi_writer *writer, size_t count, size_t element_words)
{
    put_offset(writer);
    struct abi_writer length = reserve(writer->text, 1);
    abi_write_u64(&length, count);
    if (element_words != 0 && count > SIZE_MAX / 4 / WORD / element_words) {
        writer->text->full = true;
        return length;
    }
    return reserve(writer->text, count * element_words);
}
