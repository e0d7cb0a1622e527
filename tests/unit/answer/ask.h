/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a version and describes the answer in one line that tests compare with what an RFC says:
 *   "NXDOMAIN aa | an: owner/TYPE ... | au: ... | ad: ..."
 * Names are relative to the zone, each section is sorted, RRSIGs read as owner/+COVERED, several records of an RRset
 * as owner/TYPE*n. */
#ifndef TESTS_ANSWER_ASK_H
#define TESTS_ANSWER_ASK_H

#include <stdlib.h>

#include "../zone/build.h"
#include "answer/answer.h"

enum { ASK_ROOM = 8192, ASK_RECORDS = 512 };

struct ask {
    const struct zone_version *version;
    const char *name;
    uint16_t type;
    bool dnssec_ok, tcp;
    size_t limit;                           /* 0 = 65535 */
    const struct answer_options *options;   /* NULL = defaults */
    const struct zone_table *table;
    uint32_t rotate;
};
struct asked {
    struct answer_result result;
    struct reply reply;
    uint8_t wire[MESSAGE_MAX_BYTES];
    size_t length;
};

static inline int ask_compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static inline void ask_record(struct text *out, const struct asked *asked, const struct record *r, struct name_view origin)
{
    name_print_relative(out, name_view_of(&r->owner), origin);
    text_add_char(out, '/');
    uint16_t type = r->type;
    if (type == TYPE_RRSIG) {
        text_add_char(out, '+');
        type = get_u16(asked->wire + r->rdata_offset);
    }
    type_print(out, type);
}

static inline void ask_section(struct text *out, const struct asked *asked, struct cursor *c, unsigned count, const char *title,
                               struct name_view origin)
{
    static char lines[ASK_RECORDS][NAME_TEXT_ROOM];
    static char *sorted[ASK_RECORDS];
    assert_true(count <= ASK_RECORDS);
    for (unsigned i = 0; i < count; i++) {
        struct record r;
        struct text line;
        assert_int_equal(message_read_record(c, &r), OK);
        text_fixed(&line, lines[i], sizeof lines[i]);
        ask_record(&line, asked, &r, origin);
        sorted[i] = lines[i];
    }
    qsort(sorted, count, sizeof sorted[0], ask_compare);
    for (unsigned i = 0, same = 1; i < count; i++, same++) {
        if (i + 1 < count && strcmp(sorted[i], sorted[i + 1]) == 0)
            continue;
        text_add_format(out, "%s %s", i + 1 == same ? title : "", sorted[i]);
        if (same > 1)
            text_add_format(out, "*%u", same);
        title = "";
        same = 0;
    }
}

/* Fills `asked`; the text lasts until the next call. */
static inline const char *ask(const struct ask *q, struct asked *asked)
{
    static char room[ASK_ROOM];
    struct name_view origin = zone_version_origin(q->version);
    struct answer_options defaults = answer_defaults();
    struct name name;
    assert_int_equal(name_parse(slice_string(q->name), origin, &name), OK);
    struct answer_request request = { .version = q->version, .name = name_view_of(&name), .type = q->type, .klass = CLASS_IN,
        .dnssec_ok = q->dnssec_ok, .udp = !q->tcp, .rotate = q->rotate, .options = q->options ? q->options : &defaults,
        .table = q->table };
    reply_begin(&asked->reply, asked->wire, q->limit ? q->limit : MESSAGE_MAX_BYTES, 1, FLAG_QR);
    assert_int_equal(reply_add_question(&asked->reply, request.name, q->type, CLASS_IN), OK);
    assert_int_equal(answer_question(&request, &asked->reply, &asked->result), OK);
    asked->result.key = name_root; /* may borrow from `name` */
    asked->length = reply_end(&asked->reply, asked->result.rcode);
    struct message m;
    assert_int_equal(message_read(asked->wire, asked->length, &m), OK);
    assert_int_equal(!!(m.flags & FLAG_AA), asked->result.authoritative);
    assert_int_equal(!!(m.flags & FLAG_TC), asked->result.truncated);
    struct text out;
    text_fixed(&out, room, sizeof room);
    rcode_print(&out, m.rcode);
    text_add(&out, m.flags & FLAG_AA ? " aa" : "");
    text_add(&out, m.flags & FLAG_TC ? " tc" : "");
    struct cursor c = { asked->wire, asked->wire + m.records_offset, asked->wire + asked->length, false };
    ask_section(&out, asked, &c, m.counts[SECTION_ANSWER], " | an:", origin);
    ask_section(&out, asked, &c, m.counts[SECTION_AUTHORITY], " | au:", origin);
    ask_section(&out, asked, &c, m.counts[SECTION_ADDITIONAL], " | ad:", origin);
    assert_int_equal(cursor_left(&c), 0);
    assert_false(out.full);
    return room;
}

struct ask_case {
    const char *name;
    uint16_t type;
    const char *want;
};
/* Each case with the other settings of `base`. */
static inline void ask_all(const struct ask *base, const struct ask_case *cases, size_t count)
{
    static struct asked asked;
    for (size_t i = 0; i < count; i++) {
        struct ask q = *base;
        char type[CODE_TEXT_ROOM];
        q.name = cases[i].name;
        q.type = cases[i].type;
        const char *got = ask(&q, &asked);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s %s:\n got  %s\n want %s", q.name, type_to_text(q.type, type), got, cases[i].want);
    }
}

#endif
