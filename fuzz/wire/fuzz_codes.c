/* SPDX-License-Identifier: Apache-2.0 */
/* Codes: text that parses prints as text that parses to the same number, and so does any number. */
#include "wire/codes.h"
#include "wire/cursor.h"
#include "wire/serial.h"
#include <stdlib.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_type(uint16_t code)
{
    char text[CODE_TEXT_ROOM];
    uint16_t again;
    HOLDS(type_parse(slice_string(type_to_text(code, text)), &again) == OK && again == code);
    HOLDS(!type_is_meta(code) || code == TYPE_OPT || code >> 7 == 1);
}

static void check_class(uint16_t code)
{
    char text[CODE_TEXT_ROOM];
    uint16_t again;
    HOLDS(class_parse(slice_string(class_to_text(code, text)), &again) == OK && again == code);
}

static void check_rcode(uint16_t code)
{
    char text[CODE_TEXT_ROOM];
    uint16_t again;
    HOLDS(rcode_parse(slice_string(rcode_to_text(code, text)), &again) == OK && again == code);
}

static void check_opcode(uint8_t code)
{
    char text[CODE_TEXT_ROOM];
    uint8_t again;
    HOLDS(opcode_parse(slice_string(opcode_to_text(code, text)), &again) == OK && again == code);
}

static void check_serials(uint32_t a, uint32_t b)
{
    enum serial_order order = serial_compare(a, b), mirrored = serial_compare(b, a);
    HOLDS((order == SERIAL_LESS) == (mirrored == SERIAL_GREATER) && (order == SERIAL_GREATER) == (mirrored == SERIAL_LESS));
    HOLDS((order == SERIAL_EQUAL) == (a == b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    uint16_t code;
    uint8_t opcode;

    if (type_parse(text, &code) == OK)
        check_type(code);
    if (class_parse(text, &code) == OK)
        check_class(code);
    if (rcode_parse(text, &code) == OK)
        check_rcode(code);
    if (opcode_parse(text, &opcode) == OK)
        check_opcode(opcode);
    if (size >= 2) {
        code = get_u16(data);
        check_type(code);
        check_class(code);
        check_rcode(code & 0xfff);
        check_opcode(code & 15);
        HOLDS(ede_text(code) == NULL || code < 64);
        HOLDS(option_text(code) == NULL || code < 64);
    }
    if (size >= 8)
        check_serials(get_u32(data), get_u32(data + 4));
    return 0;
}
