/* SPDX-License-Identifier: Apache-2.0 */
/* A type that does not exist: one row, and reading, checking, printing, parsing, canonical form, the walk over names and
 * compression all work, without a line of code for it. */
#include "unit.h"
#include "wire/rdata_inside.h"

static const struct rdata_row invented = {
    "INVENTED", 65400, 0, 0, LINE_BLOB,
    { F_U16, F_NAME | N_PACK | N_UNPACK | N_LOWER | N_TARGET, F_NAME, F_STRING, F_TIME, F_HEX },
};
/* 7, Host.example., Kept.EXAMPLE., "a b", 2020-01-01, AABB */
#define PLAIN "\0\7" "\4Host\7example\0" "\4Kept\7EXAMPLE\0" "\3a b" "\x5e\x0b\xe1\0" "\xaa\xbb"
enum { PLAIN_BYTES = sizeof PLAIN - 1, FIRST_NAME = 2, SECOND_NAME = 16 };

static uint8_t out[RDATA_MAX_BYTES];

static void parse_the_line(const struct token *tokens, size_t count, enum status want, size_t *length)
{
    struct token_list list = { .tokens = tokens, .count = count, .origin = name_root };
    CHECK_EQ("parse", row_parse(&invented, invented.code, &list, out, sizeof out, length, NULL), want);
}

static void is_parsed(void **state)
{
    static const char *const words[] = { "7", "Host.example.", "Kept.EXAMPLE.", "a b", "20200101000000", "aa", "bb" };
    struct token tokens[LENGTH_OF(words)] = { 0 };
    size_t length = 0;

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        tokens[i] = (struct token){ .data = words[i], .length = (uint32_t)strlen(words[i]), .quoted = i == 3 };
    parse_the_line(tokens, LENGTH_OF(words), OK, &length);
    assert_int_equal(length, PLAIN_BYTES);
    assert_memory_equal(out, PLAIN, PLAIN_BYTES);
    parse_the_line(tokens, 5, E_BAD_TEXT, &length);
}

static void is_checked(void **state)
{
    const char *why;
    (void)state;
    for (size_t size = 0; size <= PLAIN_BYTES; size++) {
        uint8_t *cut = exact(PLAIN, size);
        CHECK_EQ("cut", row_check(&invented, cut, size, &why) == OK, size >= PLAIN_BYTES - 1);   /* the hex may be one octet */
        free(cut);
    }
}

static void is_printed(void **state)
{
    char buffer[200];
    struct text text;

    (void)state;
    text_fixed(&text, buffer, sizeof buffer);
    row_print(&text, &invented, (const uint8_t *)PLAIN, PLAIN_BYTES, NULL);
    assert_string_equal(buffer, "7 Host.example. Kept.EXAMPLE. \"a b\" 20200101000000 AABB");
}

static void is_read(void **state)
{
    /* the name at offset 0 is "example."; the first name of the rdata points to it */
    static const char message[] = "\7example\0" "\0\7" "\4Host\xc0\0" "\4Kept\7EXAMPLE\0" "\3a b" "\x5e\x0b\xe1\0" "\xaa\xbb";
    static const char forbidden[] = "\7example\0" "\0\7" "\4Host\xc0\0" "\4Kept\xc0\0" "\3a b" "\x5e\x0b\xe1\0" "\xaa\xbb";
    enum { OFFSET = 9 };
    struct cursor c = cursor_of((const uint8_t *)message, sizeof message - 1);
    size_t length = 0;

    (void)state;
    c.pos += OFFSET;
    assert_int_equal(row_read(&invented, &c, sizeof message - 1 - OFFSET, out, sizeof out, &length), OK);
    assert_int_equal(length, PLAIN_BYTES);
    assert_memory_equal(out, PLAIN, PLAIN_BYTES);
    assert_ptr_equal(c.pos, c.end);
    c = cursor_of((const uint8_t *)forbidden, sizeof forbidden - 1);
    c.pos += OFFSET;
    assert_int_equal(row_read(&invented, &c, sizeof forbidden - 1 - OFFSET, out, sizeof out, &length), E_BAD_POINTER);
}

static void is_made_canonical(void **state)
{
    (void)state;
    memcpy(out, PLAIN, PLAIN_BYTES);
    row_canonical(&invented, out, PLAIN_BYTES);
    assert_memory_equal(out + FIRST_NAME, "\4host\7example", 14);
    assert_memory_equal(out + SECOND_NAME, "\4Kept\7EXAMPLE", 14);
}

/* What the writer of messages asks: where are names, which may be compressed. */
static void is_compressed(void **state)
{
    struct rdata_name name;
    size_t offset = 0;
    unsigned field;

    (void)state;
    assert_true(row_has(&invented, N_PACK));
    assert_true(row_name_next(&invented, (const uint8_t *)PLAIN, PLAIN_BYTES, &offset, &name, &field));
    assert_int_equal(name.offset, FIRST_NAME);
    assert_true(name.compress);
    assert_int_equal(name.use, RDATA_NAME_TARGET);
    assert_true(row_name_next(&invented, (const uint8_t *)PLAIN, PLAIN_BYTES, &offset, &name, &field));
    assert_int_equal(name.offset, SECOND_NAME);
    assert_false(name.compress);
    assert_int_equal(name.use, RDATA_NAME_OTHER);
    assert_false(row_name_next(&invented, (const uint8_t *)PLAIN, PLAIN_BYTES, &offset, &name, &field));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_parsed), cmocka_unit_test(is_checked), cmocka_unit_test(is_printed), cmocka_unit_test(is_read),
        cmocka_unit_test(is_made_canonical), cmocka_unit_test(is_compressed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
