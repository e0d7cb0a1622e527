/* SPDX-License-Identifier: Apache-2.0 */
/* Kind contenthash: { vectors: [{ codec, text, hex }], dns_label_cid: [{ in, out }] }. */
#include "names/contenthash.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *codec, *scheme; } codecs[] = {
    { "ipfs", "ipfs://" },   { "ipns", "ipns://" },     { "ipns-legacy-dnslink", "ipns://" }, { "swarm", "bzz://" },
    { "onion", "onion://" }, { "onion3", "onion3://" }, { "skynet", "sia://" },               { "arweave", "ar://" },
    { "adnl", "" },
};

/* A codec's name with or without `-ns`, as multicodec has it; LENGTH_OF(codecs) when it is none. */
static size_t find_codec(const char *codec)
{
    size_t length = codec ? strlen(codec) : 0, i = 0;
    if (length > 3 && strcmp(codec + length - 3, "-ns") == 0)
        length -= 3;
    while (i < LENGTH_OF(codecs) && (strlen(codecs[i].codec) != length || strncmp(codec, codecs[i].codec, length) != 0))
        i++;
    return i;
}

/* Notes name other spellings that are stored the same: `CIDv0 Qm...`, `base58 12D3...`. */
static void run_note(const char *note, const char *scheme, const uint8_t *stored, size_t length, struct vector_score *score)
{
    static const char *const words[] = { "CIDv0 ", "base58 " };
    for (size_t i = 0; note && i < LENGTH_OF(words); i++) {
        const char *at = strstr(note, words[i]);
        char uri[300];
        uint8_t again[CONTENT_BYTES_MAX];
        size_t again_length = 0;
        if (!at)
            continue;
        at += strlen(words[i]);
        snprintf(uri, sizeof uri, "%s%.*s", scheme, (int)strcspn(at, " ;,.)"), at);
        enum status status = contenthash_parse(slice_string(uri), again, &again_length);
        if (status != OK || again_length != length || memcmp(again, stored, length) != 0)
            vector_fail(score, uri, "is not written as its octets");
    }
}

static void run_vector(const struct vector_json *vector, struct vector_score *score)
{
    const char *codec = vector_json_text(vector, "codec"), *text = vector_json_text(vector, "text");
    const char *hex = vector_json_text(vector, "hex");
    uint8_t stored[512], again[CONTENT_BYTES_MAX];
    char uri[600], room[600];
    size_t length, again_length = 0, i = find_codec(codec);
    if (!text || !hex || i == LENGTH_OF(codecs) || !vector_hex(hex, stored, sizeof stored, &length)) {
        vector_fail(score, codec, "a vector of unknown form");
        return;
    }
    snprintf(uri, sizeof uri, "%s%s", codecs[i].scheme, text);
    struct text out;
    text_fixed(&out, room, sizeof room);
    enum status status = contenthash_print(stored, length, &out);
    if (status != OK || strcmp(room, uri) != 0) {
        vector_fail(score, codec, "%s is read as %s, not %s", hex, status == OK ? room : status_text(status), uri);
        return;
    }
    run_note(vector_json_text(vector, "note"), codecs[i].scheme, stored, length, score);
    if (strcmp(codecs[i].codec, "ipns-legacy-dnslink") == 0) {    /* a form that is read only */
        struct content_hash content;
        vector_count(score, contenthash_read(stored, length, &content) == OK && content.deprecated, uri, "not marked deprecated");
        return;
    }
    status = contenthash_parse(slice_string(uri), again, &again_length);
    vector_count(score, status == OK && again_length == length && memcmp(again, stored, length) == 0, uri,
                 "is not written as its octets");
}

static void run_label(const struct vector_json *vector, struct vector_score *score)
{
    const char *in = vector_json_text(vector, "in"), *want = vector_json_text(vector, "out");
    char room[256];
    struct text out;
    struct cid cid;
    text_fixed(&out, room, sizeof room);
    if (!in || cid_parse(slice_string(in), &cid) != OK) {
        vector_fail(score, in, "no CID");
        return;
    }
    enum status status = cid_print_label(&cid, &out);
    vector_count(score, want ? status == OK && strcmp(room, want) == 0 : status == E_LIMIT, in, "another host label");
}

int run_contenthash(const char *text, size_t bytes, struct vector_score *score)
{
    struct vector_json *root = vector_json_parse(text, bytes);
    const struct vector_json *vectors = vector_json_get(root, "vectors"), *labels = vector_json_get(root, "dns_label_cid");
    for (const struct vector_json *v = vectors ? vectors->first : NULL; v; v = v->next)
        run_vector(v, score);
    for (const struct vector_json *v = labels ? labels->first : NULL; v; v = v->next)
        run_label(v, score);
    int status = vectors || labels ? 0 : -1;
    vector_json_free(root);
    return status;
}
