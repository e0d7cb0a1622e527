/* SPDX-License-Identifier: Apache-2.0 */
/* Large texts: their builder is divided into lots of about the same size. */
#include "zone/build.h"
#include "zone/reader_inside.h"

#include <string.h>

enum { SAMPLES = 1024, LINE_MOST = 4096, LARGE_FROM = 4 << 20 };

/* The key of the owner of the first whole line behind a place, if that line begins with one. */
static bool sample_key(const struct reader *r, const char *at, uint64_t *out)
{
    const char *end = r->frame->lexer.end;
    size_t left = (size_t)(end - at), most = left < LINE_MOST ? left : LINE_MOST;
    const char *line = memchr(at, '\n', most);
    if (!line)
        return false;
    size_t length = 0, room = (size_t)(end - ++line);
    while (length < room && length < NAME_MAX_BYTES && !strchr(" \t\r\n;()\"$@", line[length]))
        length++;
    struct name owner;
    if (length == 0 || name_parse(slice_of(line, length), reader_origin(r), &owner) != OK ||
        !name_below(name_view_of(&owner), name_view_of(&r->zone)))
        return false;
    *out = build_lot_key(name_view_of(&owner), name_view_of(&r->zone).labels);
    return true;
}

void reader_divide(struct reader *r)
{
    uint64_t keys[SAMPLES], from = r->options->large_from ? r->options->large_from : LARGE_FROM;
    size_t count = 0, left = (size_t)(r->frame->lexer.end - r->frame->lexer.pos);
    r->divided = true;
    if (left < from)
        return;
    for (size_t i = 0; i < SAMPLES; i++)
        count += sample_key(r, r->frame->lexer.pos + left * i / SAMPLES, &keys[count]);
    enum status st = zone_builder_divide(*r->builder, keys, count);
    if (st != OK)
        r->fatal = st;
}
