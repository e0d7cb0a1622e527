/* SPDX-License-Identifier: Apache-2.0 */
#include "names/contenthash.h"
#include "names/codec_base.h"

#include <string.h>

/* How a value is written as text. */
enum form { FORM_CID, FORM_KEY, FORM_SWARM, FORM_ASCII, FORM_BASE64, FORM_HEX };

static const struct protocol {
    uint32_t code;            /* of multicodec */
    uint8_t form, length;     /* length of the value where it is fixed, else 0 */
    const char *name, *scheme, *link;
} protocols[] = {
    [CONTENT_NONE] = { 0, 0, 0, "none", NULL, NULL },
    [CONTENT_IPFS] = { 0xe3, FORM_CID, 0, "ipfs", "ipfs", "ipfs" },
    [CONTENT_IPNS] = { 0xe5, FORM_KEY, 0, "ipns", "ipns", "ipns" },
    [CONTENT_SWARM] = { 0xe4, FORM_SWARM, 0, "swarm", "bzz", "swarm" },
    [CONTENT_ONION] = { 0x01bc, FORM_ASCII, 16, "onion", "onion", NULL },
    [CONTENT_ONION3] = { 0x01bd, FORM_ASCII, 56, "onion3", "onion3", NULL },
    [CONTENT_SKYNET] = { 0xb19910, FORM_BASE64, 34, "skynet", "sia", NULL },
    [CONTENT_ARWEAVE] = { 0xb29910, FORM_BASE64, 32, "arweave", "ar", "arweave" },
    [CONTENT_ADNL] = { 0xb69910, FORM_HEX, 32, "adnl", "", NULL },
};

/* Other spellings that are read. */
static const struct {
    const char *prefix;
    enum content_protocol protocol;
} prefixes[] = {
    { "ipfs://", CONTENT_IPFS },     { "ipns://", CONTENT_IPNS },       { "/ipfs/", CONTENT_IPFS },
    { "/ipns/", CONTENT_IPNS },      { "bzz://", CONTENT_SWARM },       { "onion://", CONTENT_ONION },
    { "onion3://", CONTENT_ONION3 }, { "sia://", CONTENT_SKYNET },      { "ar://", CONTENT_ARWEAVE },
    { "adnl://", CONTENT_ADNL },     { "arweave://", CONTENT_ARWEAVE },
};

const char *contenthash_protocol_name(enum content_protocol protocol) { return protocols[protocol].name; }

/* Letters, digits, hyphens and dots with something between them: what a DNSLink may point at. */
static bool is_host_name(const uint8_t *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t c = ascii_lower(name[i]);
        bool dot = c == '.';
        if (!dot && c != '-' && c != '_' && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
        if (dot && (i == 0 || i + 1 == length || name[i - 1] == '.'))
            return false;
    }
    return memchr(name, '.', length);
}

static bool is_onion(const uint8_t *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (digit_value(BASE32_LOWER, (char)name[i]) < 0)
            return false;
    return true;
}

/* What each protocol asks of its CID; an IPNS identity too short for a key is a name of the old kind. */
static enum status accept_cid(struct content_hash *content)
{
    struct cid *cid = &content->cid;
    if (content->protocol == CONTENT_SWARM)
        return cid->codec == CID_SWARM && cid->hash == CID_KECCAK_256 && cid->length == 32 ? OK : E_BAD_FORMAT;
    if (content->protocol == CONTENT_IPFS || cid->hash != CID_IDENTITY || cid->length >= 36)
        return OK;
    if (!is_host_name(cid->digest, cid->length))
        return E_BAD_FORMAT;
    content->deprecated = true;
    content->length = cid->length;
    memcpy(content->value, cid->digest, cid->length);
    return OK;
}

enum status contenthash_read(const uint8_t *bytes, size_t count, struct content_hash *out)
{
    struct content_hash content = { 0 };
    uint64_t code = 0;
    size_t skip = count ? uvarint_read(bytes, count, &code) : 0;
    if (count && !skip)
        return E_BAD_FORMAT;
    while (count && ++content.protocol < LENGTH_OF(protocols) && protocols[content.protocol].code != code)
        ;
    if (content.protocol == LENGTH_OF(protocols))
        return E_UNSUPPORTED;
    const struct protocol *p = &protocols[content.protocol];
    enum status status = OK;
    if (p->length) {
        if (count - skip != p->length || (p->form == FORM_ASCII && !is_onion(bytes + skip, p->length)))
            return E_BAD_FORMAT;
        content.length = p->length;
        memcpy(content.value, bytes + skip, p->length);
    } else if (count) {
        status = cid_read(bytes + skip, count - skip, &content.cid);
        if (status == OK)
            status = accept_cid(&content);
    }
    if (status == OK)
        *out = content;
    return status;
}

size_t contenthash_write(const struct content_hash *content, uint8_t out[CONTENT_BYTES_MAX])
{
    const struct protocol *p = &protocols[content->protocol];
    if (content->protocol == CONTENT_NONE)
        return 0;
    size_t at = uvarint_write(p->code, out);
    if (!p->length)
        return at + cid_write(&content->cid, out + at);
    memcpy(out + at, content->value, p->length);
    return at + p->length;
}

/* The value alone, without a scheme. */
static void print_value(const struct content_hash *content, struct text *out)
{
    const struct cid *cid = &content->cid;
    if (content->deprecated) {
        text_add_bytes(out, content->value, content->length);
        return;
    }
    switch (protocols[content->protocol].form) {
    case FORM_CID:
        cid_print(cid, cid->codec == CID_LIBP2P_KEY ? CID_BASE36 : CID_BASE32, out);
        break;
    case FORM_KEY:
        cid_print(cid, CID_BASE36, out);
        break;
    case FORM_SWARM:
        text_add_hex(out, cid->digest, cid->length, false);
        break;
    case FORM_ASCII:
        text_add_bytes(out, content->value, content->length);
        break;
    case FORM_BASE64:
        bits_print(out, BASE64_URL, 6, content->value, content->length);
        break;
    default:
        text_add_hex(out, content->value, content->length, false);
    }
}

/* Two words around a separator and the value, whole or not at all. */
static enum status print_with(const struct content_hash *content, const char *before, const char *word, const char *behind,
                              struct text *out)
{
    char room[CONTENT_TEXT_MAX + 1];
    struct text piece;
    text_fixed(&piece, room, sizeof room);
    if (*word) {
        text_add(&piece, before);
        text_add(&piece, word);
        text_add(&piece, behind);
    }
    print_value(content, &piece);
    if (piece.full)
        return E_NO_SPACE;
    text_add_bytes(out, piece.data, piece.length);
    return out->full ? E_NO_SPACE : OK;
}

enum status contenthash_print(const uint8_t *bytes, size_t count, struct text *out)
{
    struct content_hash content;
    enum status status = contenthash_read(bytes, count, &content);
    if (status != OK || content.protocol == CONTENT_NONE)
        return status;
    return print_with(&content, "", protocols[content.protocol].scheme, "://", out);
}

enum status contenthash_dnslink(const uint8_t *bytes, size_t count, struct text *out)
{
    struct content_hash content;
    enum status status = contenthash_read(bytes, count, &content);
    if (status != OK)
        return status;
    const char *link = protocols[content.protocol].link;
    return link ? print_with(&content, "/", link, "/", out) : E_NOT_FOUND;
}

enum status contenthash_label(const uint8_t *bytes, size_t count, struct text *out)
{
    struct content_hash content;
    enum status status = contenthash_read(bytes, count, &content);
    if (status != OK)
        return status;
    if ((content.protocol != CONTENT_IPFS && content.protocol != CONTENT_IPNS) || content.deprecated)
        return E_NOT_FOUND;
    return cid_print_label(&content.cid, out);
}

static enum status parse_value(struct slice text, struct content_hash *content)
{
    const struct protocol *p = &protocols[content->protocol];
    enum status status = OK;
    size_t length = text.length;
    content->length = p->length;
    switch (p->form) {
    case FORM_CID:
        return cid_parse(text, &content->cid);
    case FORM_KEY:
        return cid_parse_key(text, &content->cid);
    case FORM_SWARM:
        content->cid = (struct cid){ .codec = CID_SWARM, .hash = CID_KECCAK_256, .length = 32 };
        status = hex_decode(text, content->cid.digest, 32, &length);
        return status == OK && length == 32 ? OK : E_BAD_TEXT;
    case FORM_ASCII:
        if (length != p->length || !is_onion((const uint8_t *)text.data, length))
            return E_BAD_TEXT;
        memcpy(content->value, text.data, length);
        return OK;
    case FORM_BASE64:
        status = bits_parse(text, BASE64_URL, 6, content->value, p->length, &length);
        break;
    default:
        status = hex_decode(text, content->value, p->length, &length);
    }
    return status == OK && length == p->length ? OK : E_BAD_TEXT;
}

/* The stored octets themselves as hexadecimal: taken when they mean something. */
static enum status parse_stored(struct slice text, struct content_hash *content)
{
    uint8_t bytes[CONTENT_BYTES_MAX];
    size_t length;
    enum status status = hex_decode(text, bytes, sizeof bytes, &length);
    return status == OK && contenthash_read(bytes, length, content) == OK ? OK : E_BAD_TEXT;
}

/* The protocol that a prefix names; what follows it stays in `text`. */
static enum content_protocol take_prefix(struct slice *text)
{
    for (size_t i = 0; i < LENGTH_OF(prefixes); i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (text->length <= length || !slice_is_nocase(slice_of(text->data, length), prefixes[i].prefix))
            continue;
        *text = slice_of(text->data + length, text->length - length);
        return prefixes[i].protocol;
    }
    return text->length == 64 ? CONTENT_ADNL : CONTENT_NONE;
}

enum status contenthash_parse(struct slice text, uint8_t out[CONTENT_BYTES_MAX], size_t *length)
{
    struct content_hash content = { 0 };
    enum status status;
    if (text.length > 2 && slice_is_nocase(slice_of(text.data, 2), "0x")) {
        status = parse_stored(slice_of(text.data + 2, text.length - 2), &content);
    } else if (text.length == 0) {
        status = OK;
    } else {
        content.protocol = take_prefix(&text);
        status = content.protocol == CONTENT_NONE ? E_UNSUPPORTED : parse_value(text, &content);
    }
    if (status == OK)
        *length = contenthash_write(&content, out);
    return status;
}
