/* SPDX-License-Identifier: Apache-2.0 */
/* RLP: the examples of the Ethereum wiki and the published file (argument 1), and every spelling that is not canonical. */
#include "unit.h"
#include "base/base.h"
#include "ethereum/rlp.h"
#include "json/json.h"

#include <stdlib.h>

static const char *path;

enum { ROOM = 8192 };

static size_t octets(const char *hex, uint8_t *out, size_t room)
{
    size_t length = 0;
    if (hex_decode(slice_string(hex), out, room, &length) != OK)
        fail_msg("'%s' is not hexadecimal", hex);
    return length;
}

static const struct { const char *label, *hex; enum status want; } checks[] = {
    { "dog", "83646f67", OK },
    { "cat and dog", "c88363617483646f67", OK },
    { "empty string", "80", OK },
    { "empty list", "c0", OK },
    { "zero octet", "00", OK },
    { "15", "0f", OK },
    { "1024", "820400", OK },
    { "sets of nothing", "c7c0c1c0c3c0c1c0", OK },
    { "7f is itself", "7f", OK },
    { "80 has a prefix", "8180", OK },
    { "nothing at all", "", E_TRUNCATED },
    { "7f with a prefix", "817f", E_BAD_FORMAT },
    { "00 with a prefix", "8100", E_BAD_FORMAT },
    { "the same in a list", "c2817f", E_BAD_FORMAT },
    { "string cut short", "83646f", E_TRUNCATED },
    { "list cut short", "c883636174", E_TRUNCATED },
    { "an item reaches out of its list", "c183646f67", E_BAD_FORMAT },
    { "an item reaches out of its inner list", "c4c283646f", E_TRUNCATED },
    { "octets behind", "83646f6700", E_BAD_FORMAT },
    { "length of 55 spelled long", "b837" "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", E_BAD_FORMAT },
    { "length of 56", "b838" "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", OK },
    { "length with a leading zero", "b90038" "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", E_BAD_FORMAT },
    { "list length spelled long", "f803830a0b0c", E_BAD_FORMAT },
    { "length octets missing", "b9", E_TRUNCATED },
    { "length octets cut", "b901", E_TRUNCATED },
    { "a length of 2^64 - 1", "bfffffffffffffffff", E_TRUNCATED },
    { "a list of 2^64 - 1", "ffffffffffffffffff", E_TRUNCATED },
    { "a length of 2^63", "bf8000000000000000", E_TRUNCATED },
};

static void checking(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(checks); i++) {
        uint8_t data[128];
        size_t bytes = octets(checks[i].hex, data, sizeof data);
        CHECK_EQUAL(rlp_check(data, bytes), checks[i].want, checks[i].label);
    }
    /* Lists in lists: 32 are followed, one more is not, and a million do not matter. */
    static uint8_t nested[1 << 20];
    uint8_t deep[RLP_DEPTH_MAX + 1];
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = (uint8_t)(0xc0 + sizeof deep - 1 - i);
    assert_int_equal(rlp_check(deep + 1, sizeof deep - 1), OK);
    assert_int_equal(rlp_check(deep, sizeof deep), E_LIMIT);
    memset(nested, 0xc1, sizeof nested);
    assert_int_equal(rlp_check(nested, sizeof nested), E_BAD_FORMAT);
}

static const struct { const char *label, *hex; enum status want; uint64_t number; } numbers[] = {
    { "zero", "80", OK, 0 },
    { "one", "01", OK, 1 },
    { "127", "7f", OK, 127 },
    { "128", "8180", OK, 128 },
    { "1024", "820400", OK, 1024 },
    { "64 bits", "88ffffffffffffffff", OK, UINT64_MAX },
    { "65 bits", "89010000000000000000", E_RANGE, 0 },
    { "zero as an octet", "00", E_BAD_FORMAT, 0 },
    { "leading zero", "820004", E_BAD_FORMAT, 0 },
    { "a list", "c101", E_BAD_FORMAT, 0 },
    { "nothing", "", E_TRUNCATED, 0 },
};

static void numbers_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(numbers); i++) {
        uint8_t data[16], again[16];
        size_t bytes = octets(numbers[i].hex, data, sizeof data);
        struct rlp_reader reader = rlp_reader_of(data, bytes);
        uint64_t have = 77;
        CHECK_EQUAL(rlp_read_u64(&reader, &have), numbers[i].want, numbers[i].label);
        if (numbers[i].want != OK) {
            CHECK_EQUAL(have, 77, numbers[i].label);
            CHECK_EQUAL(reader.left, bytes, numbers[i].label);
            continue;
        }
        CHECK_EQUAL(have, numbers[i].number, numbers[i].label);
        assert_true(rlp_reader_done(&reader));
        struct rlp_writer writer = rlp_writer_of(again, sizeof again);
        rlp_write_u64(&writer, have);
        CHECK_EQUAL(writer.length, bytes, numbers[i].label);
        assert_memory_equal(again, data, bytes);
    }
    uint8_t data[40];
    struct u256 wide;
    size_t bytes = octets("a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", data, sizeof data);
    struct rlp_reader reader = rlp_reader_of(data, bytes);
    assert_int_equal(rlp_read_u256(&reader, &wide), OK);
    assert_int_equal(u256_bytes(wide), 32);
    bytes = octets("a1010000000000000000000000000000000000000000000000000000000000000000", data, sizeof data);
    reader = rlp_reader_of(data, bytes);
    assert_int_equal(rlp_read_u256(&reader, &wide), E_RANGE);
}

static void kinds(void **state)
{
    (void)state;
    uint8_t data[16], three[3] = { 0 };
    struct rlp_item item;
    struct rlp_reader inner, reader = rlp_reader_of(data, octets("c88363617483646f67", data, sizeof data));
    const uint8_t *string = NULL;
    size_t bytes = 0;
    assert_int_equal(rlp_read_string(&reader, &string, &bytes), E_BAD_FORMAT);
    assert_int_equal(rlp_read_list(&reader, &inner), OK);
    assert_true(rlp_reader_done(&reader));
    assert_int_equal(rlp_read_list(&inner, &reader), E_BAD_FORMAT);
    assert_int_equal(rlp_read_fixed(&inner, three, 2), E_BAD_FORMAT);
    assert_int_equal(rlp_read_fixed(&inner, three, 3), OK);
    assert_memory_equal(three, "cat", 3);
    assert_int_equal(rlp_read(&inner, &item), OK);
    assert_false(item.list);
    assert_int_equal(item.whole_bytes, 4);
    assert_ptr_equal(item.whole, data + 5);
    assert_ptr_equal(item.data, data + 6);
    assert_int_equal(rlp_read(&inner, &item), E_TRUNCATED);
}

static void writing(void **state)
{
    (void)state;
    uint8_t out[300], want[16], long_string[200] = { 0 };
    struct rlp_writer writer = rlp_writer_of(out, sizeof out);
    size_t outer = rlp_list_begin(&writer);
    rlp_write_string(&writer, "cat", 3);
    rlp_write_string(&writer, "dog", 3);
    rlp_list_end(&writer, outer);
    assert_int_equal(writer.length, octets("c88363617483646f67", want, sizeof want));
    assert_memory_equal(out, want, writer.length);
    /* One octet too few: nothing behind the room is touched, the length is still told. */
    for (size_t room = 0; room <= 205; room++) {
        uint8_t *exact = malloc(room ? room : 1);
        assert_non_null(exact);
        writer = rlp_writer_of(room ? exact : NULL, room);
        outer = rlp_list_begin(&writer);
        rlp_write_string(&writer, long_string, sizeof long_string);
        rlp_list_end(&writer, outer);
        assert_int_equal(writer.length, 204);
        assert_int_equal(rlp_writer_full(&writer), room < 204);
        if (room >= 204)
            assert_int_equal(rlp_check(exact, writer.length), OK);
        free(exact);
    }
}

/* Writes `decoded` of the file and compares. */
static void write_value(struct rlp_writer *writer, const struct json_value *value)
{
    uint8_t data[ROOM];
    const char *text = json_value_as_text(value);
    if (text) {
        rlp_write_string(writer, data, octets(text + 2, data, sizeof data));
        return;
    }
    size_t list = rlp_list_begin(writer);
    for (size_t i = 0; i < json_value_count(value); i++)
        write_value(writer, json_value_at(value, i));
    rlp_list_end(writer, list);
}

/* Whether what is read is `decoded`. */
static void compare_value(struct rlp_reader *reader, const struct json_value *value, const char *name)
{
    uint8_t data[ROOM];
    struct rlp_item item;
    const char *text = json_value_as_text(value);
    CHECK_EQUAL(rlp_read(reader, &item), OK, name);
    CHECK_EQUAL(item.list, text == NULL, name);
    if (text) {
        CHECK_EQUAL(item.bytes, octets(text + 2, data, sizeof data), name);
        assert_memory_equal(item.data, data, item.bytes);
        return;
    }
    struct rlp_reader inner = rlp_reader_list(&item);
    for (size_t i = 0; i < json_value_count(value); i++)
        compare_value(&inner, json_value_at(value, i), name);
    CHECK_EQUAL(rlp_reader_done(&inner), true, name);
}

static void file_of_values(void **state)
{
    (void)state;
    size_t room = 1 << 20;
    char *text = malloc(room);
    FILE *file = fopen(path, "rb");
    struct json_value *all = NULL;
    assert_non_null(text);
    assert_non_null(file);
    size_t length = fread(text, 1, room, file);
    fclose(file);
    assert_int_equal(json_value_parse(text, length, &all), OK);
    assert_true(json_value_count(all) > 25);
    for (size_t i = 0; i < json_value_count(all); i++) {
        const struct json_value *test = json_value_at(all, i);
        const char *name = json_value_get_text(test, "name");
        uint8_t want[ROOM], have[ROOM];
        size_t bytes = octets(json_value_get_text(test, "encoded") + 2, want, sizeof want);
        struct rlp_writer writer = rlp_writer_of(have, sizeof have);
        struct rlp_reader reader = rlp_reader_of(want, bytes);
        write_value(&writer, json_value_get(test, "decoded"));
        CHECK_EQUAL(writer.length, bytes, name);
        assert_memory_equal(have, want, bytes);
        CHECK_EQUAL(rlp_check(want, bytes), OK, name);
        compare_value(&reader, json_value_get(test, "decoded"), name);
        CHECK_EQUAL(rlp_reader_done(&reader), true, name);
        for (size_t cut = 0; cut < bytes; cut++)
            CHECK_EQUAL(rlp_check(want, cut) == OK, false, name);
    }
    json_value_free(all);
    free(text);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(checking), cmocka_unit_test(numbers_read), cmocka_unit_test(kinds),
                                        cmocka_unit_test(writing), cmocka_unit_test(file_of_values) };
    path = count > 1 ? arguments[1] : "ethers-rlp-coder.json";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
