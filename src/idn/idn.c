/* SPDX-License-Identifier: Apache-2.0 */
#include "idn/idn.h"

#include <idn2.h>
#include <string.h>

enum { NAME_OCTETS_MAX = 254, UTF8_MAX = 1016 };

static enum status status_of(int code)
{
    switch (code) {
    case IDN2_OK:
        return OK;
    case IDN2_MALLOC:
        return E_NOMEM;
    case IDN2_TOO_BIG_DOMAIN:
    case IDN2_TOO_BIG_LABEL:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return E_BAD_NAME;
    default:
        return E_BAD_TEXT;
    }
}

/* libidn2 wants a string with an end. */
static enum status terminate(struct slice in, char *room, size_t most)
{
    if (in.length == 0 || (in.length <= most && memchr(in.data, 0, in.length)))
        return E_BAD_TEXT;
    if (in.length > most)
        return E_BAD_NAME;
    memcpy(room, in.data, in.length);
    room[in.length] = 0;
    return OK;
}

/* libidn2 takes `xn--` in lower case only. */
static void lower(char *ascii)
{
    for (; *ascii; ascii++)
        *ascii = (char)ascii_lower((uint8_t)*ascii);
}

static enum status lookup(const char *name, int flags, char *out, size_t room)
{
    uint8_t *made = NULL;
    enum status st = status_of(idn2_lookup_u8((const uint8_t *)name, &made, flags | IDN2_NFC_INPUT));
    if (st != OK)
        return st;
    size_t length = strlen((const char *)made);
    if (length + 1 > room)
        st = E_BAD_NAME;
    else
        memcpy(out, made, length + 1);
    idn2_free(made);
    return st;
}

enum status idn_to_ascii(struct slice utf8, char out[IDN_NAME_ROOM])
{
    char name[UTF8_MAX + 1];
    enum status st = terminate(utf8, name, UTF8_MAX);
    return st != OK ? st : lookup(name, IDN2_NONTRANSITIONAL, out, IDN_NAME_ROOM);
}

enum status idn_to_unicode(struct slice ascii, char out[IDN_UNICODE_ROOM])
{
    char name[NAME_OCTETS_MAX + 1];
    enum status st = terminate(ascii, name, NAME_OCTETS_MAX);
    size_t length = 0;
    if (st != OK)
        return st;
    char made[IDN_UNICODE_ROOM];
    for (char *label = name; st == OK;) {
        char *dot = strchr(label, '.');
        if (dot)
            *dot = 0;
        char *unicode = NULL;
        const char *shown = label;
        if (idn_label_is_valid(slice_string(label))) {
            lower(label);
            st = status_of(idn2_to_unicode_8z8z(label, &unicode, 0));
            shown = st == OK ? unicode : label;
        }
        size_t bytes = strlen(shown);
        if (length + bytes + 2 > sizeof made) {
            st = E_BAD_NAME;
        } else {
            memcpy(made + length, shown, bytes);
            length += bytes;
            if (dot)
                made[length++] = '.';
            made[length] = 0;
        }
        idn2_free(unicode);
        if (!dot)
            break;
        label = dot + 1;
    }
    if (st == OK)
        memcpy(out, made, length + 1);
    return st;
}

bool idn_label_is_prefixed(struct slice label)
{
    return label.length >= 4 && slice_is_nocase(slice_of(label.data, 4), "xn--");
}

bool idn_label_is_valid(struct slice label)
{
    char text[IDN_LABEL_ROOM], again[IDN_LABEL_ROOM];
    if (!idn_label_is_prefixed(label) || terminate(label, text, IDN_LABEL_ROOM - 1) != OK || strchr(text, '.'))
        return false;
    lower(text);
    char *unicode = NULL;
    if (idn2_to_unicode_8z8z(text, &unicode, 0) != IDN2_OK)
        return false;
    /* Without mapping: what is decoded must be in its final form already. */
    bool same = lookup(unicode, IDN2_NO_TR46, again, sizeof again) == OK && slice_is_nocase(label, again);
    idn2_free(unicode);
    return same;
}
