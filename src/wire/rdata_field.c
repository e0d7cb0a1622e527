/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of character-strings, type bit maps and HIP. */
#include "wire/rdata_inside.h"
#include <string.h>

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static bool is_letter(uint8_t c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

/* RFC 1183 3.1: digits, at least four for the country. */
static bool digits_fine(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_digit(s[i]))
            return false;
    return n >= 4;
}

/* RFC 1712 3: a decimal number, perhaps with sign and fraction. */
static bool degrees_fine(const uint8_t *s, size_t n)
{
    size_t digits = 0, dots = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 && (s[0] == '-' || s[0] == '+'))
            continue;
        if (is_digit(s[i]))
            digits++;
        else if (s[i] != '.' || ++dots > 1)
            return false;
    }
    return digits > 0;
}

static bool tag_fine(const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_digit(s[i]) && !is_letter(s[i]))
            return false;
    return n > 0;
}

/* RFC 3402 3.2: delimiter, expression, delimiter, replacement, delimiter, flags; `\1`..`\9` in the replacement stand for
 * groups that the expression has.  Of the expression only that groups are closed is looked at. */
static bool regex_fine(const uint8_t *s, size_t n)
{
    unsigned part = 0, groups = 0, open = 0;
    bool set = false;                           /* inside [...], where parentheses are plain */

    if (n == 0)
        return true;
    uint8_t delimiter = s[0];
    if (is_digit(delimiter) || delimiter == '\\' || delimiter == 'i' || delimiter == 0)
        return false;
    for (size_t i = 1; i < n; i++) {
        if (s[i] == 0)
            return false;
        if (part == 2) {
            if (s[i] != 'i')
                return false;
        } else if (s[i] == delimiter) {
            part++;
        } else if (s[i] == '\\') {
            if (++i == n)
                return false;
            if (part == 1 && is_digit(s[i]) && (s[i] == '0' || (unsigned)(s[i] - '0') > groups))
                return false;
        } else if (part == 0 && (s[i] == '[' || s[i] == ']')) {
            set = s[i] == '[';
        } else if (part == 0 && !set && s[i] == '(') {
            groups++;
            open++;
        } else if (part == 0 && !set && s[i] == ')' && open > 0) {
            open--;
        }
    }
    return part == 2 && open == 0;
}

static enum status one_string_check(unsigned kind, struct cursor *c, const char **why)
{
    uint8_t length = cursor_u8(c);
    const uint8_t *s = cursor_take(c, length);

    if (s == NULL)
        return E_TRUNCATED;
    if (kind == F_DIGITS && !digits_fine(s, length))
        return bad(why, "an X.121 address has digits only, at least four");
    if (kind == F_DEGREES && !degrees_fine(s, length))
        return bad(why, "longitude, latitude and altitude are decimal numbers such as -32.6882");
    if (kind == F_REGEX && !regex_fine(s, length))
        return bad(why, "a regular expression reads !pattern!replacement! or !pattern!replacement!i, with \\1 to \\9 for groups that are there");
    if (kind == F_TAG && !tag_fine(s, length))
        return bad(why, "a CAA tag has letters and digits only, at least one");
    return OK;
}

enum status string_check(unsigned kind, struct cursor *c, const char **why)
{
    if (kind == F_STRING_MAYBE && cursor_left(c) == 0)
        return OK;
    enum status st = one_string_check(kind, c, why);
    while (kind == F_STRINGS && st == OK && cursor_left(c) != 0)
        st = one_string_check(kind, c, why);
    return st;
}

/* RFC 4034 4.1.2: windows strictly ascending, 1 to 32 octets each, no zero octet at the end. */
enum status types_check(struct cursor *c, const char **why)
{
    int last = -1;

    while (cursor_left(c) != 0) {
        uint8_t window = cursor_u8(c), length = cursor_u8(c);
        const uint8_t *map = cursor_take(c, length);
        if (map == NULL)
            return E_TRUNCATED;
        if (window <= last)
            return bad(why, "the windows of the type bit map do not ascend");
        if (length == 0 || length > 32)
            return bad(why, "a window of the type bit map has 1 to 32 octets");
        if (map[length - 1] == 0)
            return bad(why, "a window of the type bit map ends in a zero octet");
        last = window;
    }
    return OK;
}

/* RFC 8005 5: length of HIT, algorithm, length of key, HIT, key. */
enum status hip_check(struct cursor *c, const char **why)
{
    uint8_t hit = cursor_u8(c);
    (void)cursor_u8(c);
    uint16_t key = cursor_u16(c);

    (void)cursor_take(c, hit);
    (void)cursor_take(c, key);
    if (c->failed)
        return E_TRUNCATED;
    return hit == 0 || key == 0 ? bad(why, "the HIT or the public key is empty") : OK;
}
