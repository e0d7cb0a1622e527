/* SPDX-License-Identifier: Apache-2.0 */
/* Service parameters of SVCB and HTTPS.  RFC 9460 2.1, 2.2, 7; 9461 (dohpath), 9540 (ohttp). */
#include "wire/rdata_inside.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MANDATORY, KEY_ALPN, KEY_NO_DEFAULT_ALPN, KEY_PORT, KEY_IP4, KEY_ECH, KEY_IP6, KEY_DOHPATH, KEY_OHTTP, KEY_GROUPS };

/* How the value of a key is written; by key, all others are text. */
enum form { FORM_TEXT, FORM_KEYS, FORM_LIST, FORM_NONE, FORM_PORT, FORM_IP4, FORM_BASE64, FORM_IP6, FORM_NUMBERS };
static enum form form_of(uint16_t key)
{
    static const uint8_t forms[] = {
        [KEY_MANDATORY] = FORM_KEYS, [KEY_ALPN] = FORM_LIST, [KEY_NO_DEFAULT_ALPN] = FORM_NONE, [KEY_PORT] = FORM_PORT,
        [KEY_IP4] = FORM_IP4, [KEY_ECH] = FORM_BASE64, [KEY_IP6] = FORM_IP6, [KEY_DOHPATH] = FORM_TEXT, [KEY_OHTTP] = FORM_NONE,
        [KEY_GROUPS] = FORM_NUMBERS,
    };
    return key < LENGTH_OF(forms) ? (enum form)forms[key] : FORM_TEXT;
}

/* Reads one parameter; false at the end or on a cut one (then c->failed). */
static bool parameter_next(struct cursor *c, uint16_t *key, struct cursor *value)
{
    if (cursor_left(c) == 0)
        return false;
    *key = cursor_u16(c);
    uint16_t length = cursor_u16(c);
    const uint8_t *data = cursor_take(c, length);
    if (data == NULL)
        return false;
    *value = cursor_of(data, length);
    return true;
}

/* ---- checking ---- */

/* RFC 9460 7.1.1: one or more protocol names of one octet or more. */
static bool list_fine(struct cursor v)
{
    bool some = false;

    while (cursor_left(&v) != 0) {
        uint8_t length = cursor_u8(&v);
        if (length == 0 || cursor_take(&v, length) == NULL)
            return false;
        some = true;
    }
    return some;
}

/* RFC 9460 8: ascending, not itself, each one there.  Both lists ascend, so one pass does. */
static const char *mandatory_fault(struct cursor v, struct cursor all)
{
    uint16_t key = 0, have = 0;
    struct cursor value;
    bool first = true;

    if (cursor_left(&v) == 0 || cursor_left(&v) % 2 != 0)
        return "mandatory lists one key or more";
    while (cursor_left(&v) != 0) {
        uint16_t next = cursor_u16(&v);
        if (next == KEY_MANDATORY)
            return "mandatory does not list itself";
        if (!first && next <= key)
            return "mandatory lists its keys in ascending order, each once";
        key = next;
        first = false;
        while (have < key && parameter_next(&all, &have, &value))
            ;
        if (have != key)
            return "a key that mandatory lists is missing";
    }
    return NULL;
}

/* RFC 9461 5: a URI template, relative, in UTF-8, with the variable dns. */
static bool dohpath_fine(struct cursor v)
{
    size_t left = cursor_left(&v);
    return left > 0 && v.pos[0] == '/' && (memmem(v.pos, left, "{?dns}", 6) != NULL || memmem(v.pos, left, "dns", 3) != NULL);
}

static const char *value_fault(uint16_t key, struct cursor v, struct cursor all)
{
    size_t left = cursor_left(&v);

    switch (form_of(key)) {
    case FORM_KEYS: return mandatory_fault(v, all);
    case FORM_LIST: return list_fine(v) ? NULL : "alpn lists one protocol or more, none of them empty";
    case FORM_NONE: return left == 0 ? NULL : "no-default-alpn and ohttp have no value";
    case FORM_PORT: return left == 2 ? NULL : "port has one number from 0 to 65535";
    case FORM_IP4: return left != 0 && left % 4 == 0 ? NULL : "ipv4hint lists one IPv4 address or more";
    case FORM_IP6: return left != 0 && left % 16 == 0 ? NULL : "ipv6hint lists one IPv6 address or more";
    case FORM_NUMBERS: return left != 0 && left % 2 == 0 ? NULL : "tls-supported-groups lists one number or more";
    case FORM_BASE64: case FORM_TEXT: break;
    }
    return key != KEY_DOHPATH || dohpath_fine(v) ? NULL : "dohpath is a path with the variable dns such as /dns-query{?dns}";
}

enum status svcb_check(struct cursor *c, const char **why)
{
    const struct cursor all = *c;
    struct cursor value;
    uint16_t key = 0;
    int last = -1;
    bool alpn = false, no_default = false;

    while (parameter_next(c, &key, &value)) {
        if (key <= last)
            return bad(why, key == last ? "a key is there twice" : "the keys do not ascend");
        last = key;
        alpn |= key == KEY_ALPN;
        no_default |= key == KEY_NO_DEFAULT_ALPN;
        const char *fault = value_fault(key, value, all);
        if (fault != NULL)
            return bad(why, fault);
    }
    if (c->failed)
        return E_TRUNCATED;
    if (no_default && !alpn)
        return bad(why, "no-default-alpn needs alpn beside it (RFC 9460 7.1.1)");
    return OK;
}

/* ---- printing ---- */

static void print_key(struct text *text, uint16_t key)
{
    const char *word = word_get(WORDS_PARAMETER, key);
    if (word != NULL)
        text_add(text, word);
    else
        text_add_format(text, "key%u", key);
}

/* A list in quotes: comma and backslash are escaped for the list, and the backslash again for the text (RFC 9460 A.1). */
static void print_list(struct text *text, struct cursor v)
{
    text_add_char(text, '"');
    for (bool first = true; cursor_left(&v) != 0; first = false) {
        uint8_t length = cursor_u8(&v);
        const uint8_t *item = cursor_take(&v, length);
        if (!first)
            text_add_char(text, ',');
        for (unsigned i = 0; item != NULL && i < length; i++) {
            uint8_t c = item[i];
            if (c < 0x20 || c > 0x7e)
                text_add_format(text, "\\%03u", c);
            else if (c == '"')
                text_add(text, "\\\"");
            else if (c == ',')
                text_add(text, "\\\\,");
            else if (c == '\\')
                text_add(text, "\\\\\\\\");
            else
                text_add_char(text, (char)c);
        }
    }
    text_add_char(text, '"');
}

/* Items of one size with commas between. */
static void print_items(struct text *text, enum form form, struct cursor v)
{
    char buffer[INET6_ADDRSTRLEN] = "";

    for (bool first = true; cursor_left(&v) != 0; first = false) {
        const uint8_t *item = cursor_take(&v, form == FORM_IP4 ? 4 : form == FORM_IP6 ? 16 : 2);
        if (item == NULL)
            return;
        if (!first)
            text_add_char(text, ',');
        if (form == FORM_KEYS)
            print_key(text, get_u16(item));
        else if (form == FORM_PORT || form == FORM_NUMBERS)
            text_add_u64(text, get_u16(item));
        else
            text_add(text, inet_ntop(form == FORM_IP4 ? AF_INET : AF_INET6, item, buffer, sizeof buffer));
    }
}

bool print_parameters(struct print *p, struct cursor *c)
{
    struct cursor value;
    uint16_t key;

    while (parameter_next(c, &key, &value)) {
        print_space(p);
        print_key(p->text, key);
        if (cursor_left(&value) == 0)
            continue;
        text_add_char(p->text, '=');
        switch (form_of(key)) {
        case FORM_LIST: print_list(p->text, value); break;
        case FORM_BASE64: text_add_base64(p->text, value.pos, cursor_left(&value)); break;
        case FORM_TEXT: case FORM_NONE: text_add_quoted(p->text, value.pos, cursor_left(&value)); break;
        default: print_items(p->text, form_of(key), value);
        }
    }
    return !c->failed;
}

/* ---- parsing ---- */

static bool key_parse(struct slice text, uint16_t *out)
{
    uint64_t number;

    if (word_find(WORDS_PARAMETER, text, out))
        return true;
    if (text.length < 4 || !slice_is_nocase(slice_of(text.data, 3), "key") || (text.length > 4 && text.data[3] == '0'))
        return false;
    if (decimal_parse(slice_of(text.data + 3, text.length - 3), UINT16_MAX, &number) != OK)
        return false;
    *out = (uint16_t)number;
    return true;
}

/* The value of a list as octets with its second escapes still in: `\,` and `\\` (RFC 9460 A.1). */
static enum status put_list(struct parse *p, struct slice text)
{
    uint8_t plain[4096], item[256];
    size_t length, used = 1;
    enum status st = text_unescape(text, plain, sizeof plain, &length);

    for (size_t i = 0; st == OK && i <= length; i++) {
        if (i == length || plain[i] == ',') {
            item[0] = (uint8_t)(used - 1);
            st = used == 1 ? E_BAD_TEXT : put(p, item, used);
            used = 1;
            continue;
        }
        if (plain[i] == '\\' && (++i == length || (plain[i] != ',' && plain[i] != '\\')))
            return E_BAD_TEXT;
        if (used == sizeof item)
            return E_RANGE;
        item[used++] = plain[i];
    }
    return st;
}

static enum status put_item(struct parse *p, enum form form, struct slice item)
{
    uint16_t key;
    uint64_t number;
    enum status st;

    switch (form) {
    case FORM_IP4: return put_ip4(p, item);
    case FORM_IP6: return put_ip6(p, item);
    case FORM_KEYS: return key_parse(item, &key) ? put_16(p, key) : E_BAD_TEXT;
    default:
        st = decimal_parse(item, UINT16_MAX, &number);
        return st == OK ? put_16(p, (unsigned)number) : st;
    }
}

static enum status put_items(struct parse *p, enum form form, struct slice text)
{
    size_t from = 0;

    for (size_t i = 0; i <= text.length; i++) {
        if (i < text.length && text.data[i] != ',')
            continue;
        enum status st = put_item(p, form, slice_of(text.data + from, i - from));
        if (st != OK)
            return st;
        from = i + 1;
    }
    return OK;
}

/* mandatory may list its keys in any order; on the wire they ascend. */
static void keys_sort(uint8_t *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint16_t key = get_u16(keys + 2 * i);
        size_t at = i;
        for (; at > 0 && get_u16(keys + 2 * (at - 1)) > key; at--)
            put_u16(keys + 2 * at, get_u16(keys + 2 * (at - 1)));
        put_u16(keys + 2 * at, key);
    }
}

static enum status put_base64(struct parse *p, struct slice text)
{
    size_t length = 0;
    enum status st = base64_decode(text, p->out + p->length, p->room - p->length, &length);
    if (st == OK)
        p->length += length;
    return st;
}

static enum status put_text(struct parse *p, struct slice text)
{
    size_t length = 0;
    enum status st = text_unescape(text, p->out + p->length, p->room - p->length, &length);
    if (st == OK)
        p->length += length;
    return st;
}

/* Written as keyNNNNN, the value is the octets themselves, even of a key that has a name (RFC 9460 2.1). */
static enum status put_value(struct parse *p, uint16_t key, bool generic, struct slice text)
{
    size_t start = p->length;
    enum status st;

    if (text.length == 0)
        return OK;                              /* value_fault says whether it may be empty */
    switch (generic ? FORM_TEXT : form_of(key)) {
    case FORM_TEXT: return put_text(p, text);
    case FORM_NONE: return E_BAD_TEXT;
    case FORM_LIST: return put_list(p, text);
    case FORM_BASE64: return put_base64(p, text);
    case FORM_KEYS:
        st = put_items(p, FORM_KEYS, text);
        if (st == OK)
            keys_sort(p->out + start, (p->length - start) / 2);
        return st;
    default: return put_items(p, form_of(key), text);
    }
}

/* Splits key and value; the value without its quotes.  A zone reader may also hand `key=` and the quoted value as two
 * tokens that touch each other. */
static void token_split(struct parse *p, struct slice *key, struct slice *value)
{
    const struct token *t = parse_peek(p);
    const char *equals = memchr(t->data, '=', t->length);
    const struct token *next;

    *key = slice_of(t->data, equals == NULL ? t->length : (size_t)(equals - t->data));
    *value = equals == NULL ? slice_of(t->data, 0) : slice_of(equals + 1, t->length - key->length - 1);
    p->at++;
    if (value->length >= 2 && value->data[0] == '"' && value->data[value->length - 1] == '"')
        *value = slice_of(value->data + 1, value->length - 2);
    else if (equals != NULL && value->length == 0 && (next = parse_peek(p)) != NULL && next->quoted &&
             next->data == t->data + t->length + 1) {
        *value = token_slice(next);
        p->at++;
    }
}

static void reverse(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t octet = data[i];
        data[i] = data[size - 1 - i];
        data[size - 1 - i] = octet;
    }
}

/* Moves the parameter that was written last, at `from`, to its place among those from `start` on. */
static enum status parameter_sort(struct parse *p, size_t start, size_t from, uint16_t key, const struct token *t)
{
    struct cursor c = { p->out, p->out + start, p->out + from, false }, value;
    size_t at = start;
    uint16_t other;

    while (parameter_next(&c, &other, &value) && other < key)
        at = (size_t)(c.pos - p->out);
    if (at == from)
        return OK;
    if (get_u16(p->out + at) == key)
        return parse_tell(p, t, E_BAD_RDATA, "the key is there twice: each service parameter comes once");
    reverse(p->out + at, from - at);            /* the two halves change places */
    reverse(p->out + from, p->length - from);
    reverse(p->out + at, p->length - at);
    return OK;
}

static enum status parse_parameter(struct parse *p, size_t start, int *last)
{
    const struct token *t = parse_peek_word(p);
    struct slice name, text;
    struct cursor all = { p->out, p->out + p->length, p->out + p->length, false };
    char shown[SHOWN_ROOM];
    uint16_t key;

    if (t == NULL)
        return E_BAD_TEXT;
    token_split(p, &name, &text);
    if (!key_parse(name, &key))
        return parse_tell(p, t, E_BAD_TEXT, "unknown service parameter \"%s\": expected a name such as alpn or port, or key0 to key65535",
                          token_shown(t, shown));
    size_t from = p->length;
    enum status st = put_32(p, (uint32_t)key << 16);
    size_t value = p->length;
    if (st == OK)
        st = put_value(p, key, !word_find(WORDS_PARAMETER, name, &key), text);
    if (st == OK && p->length - value > UINT16_MAX)
        st = E_RANGE;
    if (p->told)
        return st;
    struct cursor v = { p->out + value, p->out + value, p->out + p->length, false };
    /* mandatory is looked at when all are there */
    const char *fault = key == KEY_MANDATORY && st == OK && p->length > value ? NULL : value_fault(key, v, all);
    if (st != OK || fault != NULL)
        return parse_tell(p, t, E_BAD_TEXT, "bad service parameter \"%s\"%s%s", token_shown(t, shown), fault != NULL ? ": " : "",
                          fault != NULL ? fault : "");
    put_u16(p->out + from + 2, (uint16_t)(p->length - value));
    if (key > *last) {
        *last = key;
        return OK;
    }
    return parameter_sort(p, start, from, key, t);
}

enum status parse_parameters(struct parse *p)
{
    size_t start = p->length;
    enum status st = OK;
    int last = -1;

    while (st == OK && p->at < p->list->count)
        st = parse_parameter(p, start, &last);
    return st;
}
