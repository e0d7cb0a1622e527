/* SPDX-License-Identifier: Apache-2.0 */
/* EDNS options as text.  RFC 6891; each option in the RFC that its printer names. */
#include "tools/query.h"

#include <inttypes.h>
#include <string.h>

void query_print_period(struct text *text, uint32_t seconds)
{
    static const struct { uint32_t seconds; const char *word; } units[] = { { 604800, "week" }, { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    const char *blank = "";
    if (seconds == 0)
        text_add(text, "0 seconds");
    for (size_t i = 0; i < LENGTH_OF(units); i++) {
        uint32_t n = seconds / units[i].seconds;
        seconds %= units[i].seconds;
        if (n == 0)
            continue;
        text_add_format(text, "%s%" PRIu32 " %s%s", blank, n, units[i].word, n == 1 ? "" : "s");
        blank = " ";
    }
}

static void octets_print(struct text *text, const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        text_add_format(text, " %02x", data[i]);
    text_add(text, " (\"");
    for (size_t i = 0; i < bytes; i++)
        text_add_char(text, data[i] >= 0x20 && data[i] < 0x7f ? (char)data[i] : '.');
    text_add(text, "\")");
}

/* RFC 7871 section 6 */
static bool subnet_print(struct text *text, const uint8_t *data, size_t bytes)
{
    struct address a = { 0 };
    char word[ADDRESS_TEXT_ROOM];
    if (bytes < 4 || bytes > 20)
        return false;
    uint16_t family = get_u16(data);
    size_t most = family == 1 ? 4 : family == 2 ? 16 : 0;
    if (family > 2 || bytes - 4 > most || bytes - 4 != (data[2] + 7u) / 8u)
        return false;
    a.family = family == 2 ? 6 : 4;
    memcpy(a.bytes, data + 4, bytes - 4);
    if (family == 0)
        text_add_format(text, "CLIENT-SUBNET: 0/%u/%u", data[2], data[3]);
    else
        text_add_format(text, "CLIENT-SUBNET: %s/%u/%u", address_print(&a, word), data[2], data[3]);
    return true;
}

/* RFC 7873: is it the answer to what we sent? */
static void cookie_print(struct text *text, const uint8_t *data, size_t bytes, const uint8_t *sent)
{
    text_add(text, "COOKIE: ");
    text_add_hex(text, data, bytes, false);
    if (sent == NULL)
        return;
    if (bytes >= 16 && bytes <= 40 && memcmp(data, sent, 8) == 0)
        text_add(text, " (good)");
    else
        text_add(text, bytes == 8 && memcmp(data, sent, 8) == 0 ? " (echoed)" : " (bad)");
}

/* RFC 8914.  Its text is whatever the server likes. */
static bool ede_print(struct text *text, const uint8_t *data, size_t bytes)
{
    if (bytes < 2)
        return false;
    uint16_t code = get_u16(data);
    const char *phrase = ede_text(code);
    text_add_format(text, "EDE: %u", code);
    if (phrase != NULL)
        text_add_format(text, " (%s)", phrase);
    if (bytes == 2)
        return true;
    text_add(text, ": (");
    for (size_t i = 2; i < bytes; i++)
        text_add_char(text, data[i] >= 0x20 && data[i] < 0x7f ? (char)data[i] : '.');
    text_add_char(text, ')');
    return true;
}

static bool key_tags_print(struct text *text, const uint8_t *data, size_t bytes)
{
    if (bytes == 0 || bytes % 2 != 0)
        return false;
    text_add(text, "KEY-TAG:");
    for (size_t i = 0; i < bytes; i += 2)
        text_add_format(text, "%s %u", i == 0 ? "" : ",", get_u16(data + i));
    return true;
}

/* RFC 9660 */
static bool zone_version_print(struct text *text, const uint8_t *data, size_t bytes)
{
    if (bytes != 6 || data[1] != 0)
        return false;
    text_add_format(text, "ZONEVERSION: labels %u, SOA serial %" PRIu32, data[0], get_u32(data + 2));
    return true;
}

/* False when the option has no form of its own, or not this length. */
static bool known_print(struct text *text, uint16_t code, const uint8_t *data, size_t bytes, const uint8_t *sent, bool response)
{
    switch (code) {
    case OPTION_NSID:
        text_add(text, "NSID:");
        if (bytes > 0)
            octets_print(text, data, bytes);
        return true;
    case OPTION_ECS: return subnet_print(text, data, bytes);
    case OPTION_EXPIRE:
        if (bytes != 0 && bytes != 4)
            return false;
        text_add(text, "EXPIRE:");
        if (bytes == 4) {
            text_add_format(text, " %" PRIu32 " (", get_u32(data));
            query_print_period(text, get_u32(data));
            text_add_char(text, ')');
        }
        return true;
    case OPTION_COOKIE:
        cookie_print(text, data, bytes, sent);
        return true;
    case OPTION_KEEPALIVE:
        if (bytes != 0 && bytes != 2)
            return false;
        text_add(text, "TCP KEEPALIVE:");
        if (bytes == 2)
            text_add_format(text, " %u.%u secs", get_u16(data) / 10, get_u16(data) % 10);
        return true;
    case OPTION_PADDING:
        text_add(text, "PAD:");
        if (bytes > 0 && response)
            text_add_format(text, " (%zu bytes)", bytes);
        return true;
    case 14: return key_tags_print(text, data, bytes);
    case OPTION_EDE: return ede_print(text, data, bytes);
    case OPTION_ZONEVERSION: return zone_version_print(text, data, bytes);
    default: return false;
    }
}

void query_print_options(struct text *text, const struct reply_view *reply, const uint8_t *sent_cookie, const char *before)
{
    size_t offset = 0;
    uint16_t code, bytes;
    const uint8_t *data;
    while (edns_option_next(reply->opt_options, reply->opt_bytes, &offset, &code, &data, &bytes)) {
        text_add(text, before);
        if (!known_print(text, code, data, bytes, sent_cookie, reply->flags & FLAG_QR)) {
            text_add_format(text, "OPT=%u:", code);
            if (bytes > 0)
                octets_print(text, data, bytes);
        }
        text_add_char(text, '\n');
    }
}
