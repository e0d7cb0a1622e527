/* SPDX-License-Identifier: Apache-2.0 */
/* Rdata of any type and any octets.  What checks, prints and parses back to the same octets in every style; canonical form
 * is reached in one step; read from a message, plain or compressed by ourselves, it is the same; what is read from a
 * message, checks.  What does not check as its type is refused in generic form too. */
#include "base/arena.h"
#include "wire/wire.h"
#include <stdlib.h>
#include <string.h>

#define HOLDS(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[RDATA_MAX_BYTES], message[MESSAGE_MAX_BYTES];

static void check_text(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size, const struct rdata_style *style)
{
    struct text text;
    size_t length = 0;

    text_growing(&text);
    rdata_print(&text, type, klass, rdata, size, style);
    const char *line = text.data != NULL ? text.data : "";
    HOLDS(rdata_parse_line(type, klass, line, name_root, again, sizeof again, &length, NULL) == OK);
    HOLDS(length == size && (size == 0 || memcmp(again, rdata, size) == 0));
    text_clear(&text);
}

static void check_canonical(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size)
{
    uint8_t *once = malloc(size + 1), *twice = malloc(size + 1);

    HOLDS(once != NULL && twice != NULL);
    memcpy(once, rdata, size);
    rdata_canonical(type, klass, once, size);
    HOLDS(rdata_check(type, klass, once, size) == OK);
    memcpy(twice, once, size);
    rdata_canonical(type, klass, twice, size);
    HOLDS(rdata_compare(once, size, twice, size) == 0);
    free(once);
    free(twice);
}

static void check_names(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size)
{
    struct rdata_name name;
    size_t offset = 0, last = 0;

    while (rdata_name_next(type, klass, rdata, size, &offset, &name)) {
        HOLDS(name.offset >= last && offset == name.offset + (size_t)name.name.length && offset <= size);
        HOLDS(name.name.wire == rdata + name.offset);
        last = offset;
    }
}

/* Through a reply of ours, compressed where the type allows it. */
static void check_message(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size)
{
    static struct reply reply;
    struct record record;
    size_t length = 0;

    reply_begin(&reply, message, sizeof message, 1, FLAG_QR);
    if (reply_add(&reply, SECTION_ANSWER, name_root, type, klass, 1, rdata, size) != OK ||
        reply_add(&reply, SECTION_ANSWER, name_root, type, klass, 1, rdata, size) != OK)
        return;
    size_t bytes = reply_end(&reply, RCODE_NOERROR);
    struct cursor c = { message, message + HEADER_BYTES, message + bytes, false };
    for (unsigned i = 0; i < 2; i++) {
        HOLDS(message_read_record(&c, &record) == OK);
        struct cursor r = { message, message + record.rdata_offset, message + bytes, false };
        HOLDS(rdata_read(type, klass, &r, record.rdata_bytes, again, sizeof again, &length) == OK);
        HOLDS(length == size && (size == 0 || memcmp(again, rdata, size) == 0));
    }
}

/* The typed looks take any octets; in sound ones they agree with the text. */
static void check_looks(uint16_t type, const uint8_t *rdata, size_t size, bool sound)
{
    struct nsec3 n;

    (void)rdata_key_tag(rdata, size);
    (void)rdata_rrsig_covered(rdata, size);
    (void)rdata_types_have(type, rdata, size, TYPE_A);
    HOLDS(!rdata_nsec3(type, rdata, size, &n) || n.salt + n.salt_length <= rdata + size);
    if (type == TYPE_SOA && sound)
        HOLDS(rdata_soa(rdata, size).serial == get_u32(rdata + rdata_soa_serial_offset(rdata, size)));
}

static void check_sound(uint16_t type, uint16_t klass, const uint8_t *rdata, size_t size)
{
    struct rdata_style plain = { .split = 0 }, many = { .multiline = true, .comments = true, .split = 44 },
                       generic = { .generic = true }, split = { .split = 56 };

    check_text(type, klass, rdata, size, &plain);
    check_text(type, klass, rdata, size, &many);
    check_text(type, klass, rdata, size, &generic);
    check_text(type, klass, rdata, size, &split);
    check_canonical(type, klass, rdata, size);
    check_names(type, klass, rdata, size);
    check_message(type, klass, rdata, size);
}

/* As it would stand in a message after some octets, pointers and all. */
static void check_read(uint16_t type, uint16_t klass, const uint8_t *data, size_t size)
{
    size_t before = size / 2, length = 0;
    struct cursor c = { data, data + before, data + size, false };

    if (rdata_read(type, klass, &c, (uint16_t)(size - before), again, sizeof again, &length) == OK) {
        HOLDS(c.pos == data + size);
        HOLDS(rdata_check(type, klass, again, length) == OK);
    }
}

static uint16_t type_of(uint8_t choice)
{
    size_t position = 0;
    uint16_t type = 0;
    const char *mnemonic;

    for (unsigned i = 0; i <= choice; i++)
        if (!rdata_type_next(&position, &type, &mnemonic))
            return (uint16_t)(60000 + choice);
    return type;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t classes[] = { CLASS_IN, CLASS_IN, CLASS_IN, CLASS_CH, CLASS_HS, 300 };
    if (size < 2 || size > 60000)
        return 0;
    uint16_t type = type_of(data[0]), klass = classes[data[1] % LENGTH_OF(classes)];
    data += 2;
    size -= 2;

    if (rdata_check(type, klass, data, size) == OK) {
        check_sound(type, klass, data, size);
    } else {
        struct rdata_style plain = { .split = 0 };
        struct text text;
        size_t length = 0;
        text_growing(&text);
        rdata_print(&text, type, klass, data, size, &plain);
        HOLDS(rdata_parse_line(type, klass, text.data, name_root, again, sizeof again, &length, NULL) != OK);
        text_clear(&text);
    }
    check_looks(type, data, size, rdata_check(type, klass, data, size) == OK);
    check_read(type, klass, data, size);
    return 0;
}
