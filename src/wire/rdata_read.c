/* SPDX-License-Identifier: Apache-2.0 */
/* Rdata out of a message: compressed names are made plain, then all of it is checked. */
#include "wire/rdata_inside.h"
#include <string.h>

static enum status copy(const uint8_t *from, size_t count, uint8_t *out, size_t room, size_t *length)
{
    if (count > room - *length)
        return E_NO_SPACE;
    if (count != 0)
        memcpy(out + *length, from, count);
    *length += count;
    return OK;
}

/* One field from the message to the end of what is written.  RFC 3597 4: compression only where the row allows it. */
static enum status field_read(unsigned field, struct cursor *c, uint8_t *out, size_t room, size_t *length)
{
    struct name name;
    const char *why;
    enum status st;

    if ((field & N_UNPACK) != 0 && (field & F_KIND) == F_NAME) {
        st = name_read(c, &name);
        return st == OK ? copy(name.wire, name.length, out, room, length) : st;
    }
    /* The rest is copied whole; a field that looks back at octets before it needs a cursor that starts with the rdata,
     * and those octets stand in `out`.  Rows that follow compression have simple fields only, so this costs nothing. */
    struct cursor plain = *c;
    st = field_check(field, &plain, &why);
    if (st != OK)
        return st;
    st = copy(c->pos, (size_t)(plain.pos - c->pos), out, room, length);
    c->pos = plain.pos;
    return st;
}

static enum status row_read_packed(const struct rdata_row *row, struct cursor *c, uint8_t *out, size_t room, size_t *length)
{
    for (const uint16_t *f = row->fields; *f != F_END; f++) {
        enum status st = field_read(*f, c, out, room, length);
        if (st != OK)
            return st;
    }
    return c->pos == c->end ? OK : E_BAD_RDATA;
}

enum status row_read(const struct rdata_row *row, struct cursor *c, uint16_t size, uint8_t *out, size_t room, size_t *length)
{
    struct cursor part = *c;
    size_t written = 0;
    const char *why;
    enum status st;

    if (cursor_take(c, size) == NULL)
        return E_TRUNCATED;
    part.end = part.pos + size;
    if (row != NULL && row_has(row, N_UNPACK)) {
        st = row_read_packed(row, &part, out, room, &written);
    } else {
        st = row == NULL ? OK : row_check(row, part.pos, size, &why);
        if (st == OK)
            st = copy(part.pos, size, out, room, &written);
    }
    if (st != OK) {
        c->pos -= size;
        return st;
    }
    if (written > RDATA_MAX_BYTES) {
        c->pos -= size;
        return E_BAD_RDATA;
    }
    *length = written;
    return OK;
}

enum status rdata_read(uint16_t type, uint16_t klass, struct cursor *c, uint16_t size, uint8_t *out, size_t room, size_t *length)
{
    return row_read(rdata_row_find(type, klass), c, size, out, room, length);
}
