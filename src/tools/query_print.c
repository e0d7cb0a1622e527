/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as dig prints them; scripts count on every tab. */
#include "tools/query.h"

#include "idn/idn.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Where the fields of a record start. */
struct columns { unsigned ttl, klass, type, rdata; };

static struct columns columns_of(const struct lookup *l)
{
    if (l->multiline || (!l->ttl && !l->klass_shown))
        return (struct columns){ 24, 24, 24, 32 };
    if (!l->ttl || !l->klass_shown)
        return (struct columns){ 24, 24, 32, 40 };
    return (struct columns){ 24, 32, 40, 48 };
}

/* Goes to a column with tabs of eight, at least one blank on. */
static void indent(struct text *text, unsigned *column, unsigned to)
{
    if (to <= *column)
        to = *column + 1;
    for (unsigned next = (*column / 8 + 1) * 8; next <= to; next += 8) {
        text_add_char(text, '\t');
        *column = next;
    }
    for (; *column < to; (*column)++)
        text_add_char(text, ' ');
}

static void field(struct text *text, unsigned *column, unsigned to, const char *word)
{
    indent(text, column, to);
    text_add(text, word);
    *column += (unsigned)strlen(word);
}

static void owner_print(struct text *text, unsigned *column, const struct lookup *l, struct name_view name)
{
    char ascii[NAME_TEXT_ROOM], unicode[IDN_UNICODE_ROOM];
    const char *shown = name_to_text(name, ascii);
    if (l->idn_out && strchr(ascii, '\\') == NULL && idn_to_unicode(slice_string(ascii), unicode) == OK)
        shown = unicode;
    text_add(text, shown);
    *column = (unsigned)strlen(shown);
}

static const char *class_word(const struct lookup *l, uint16_t klass, char out[CODE_TEXT_ROOM])
{
    if (l->generic)
        snprintf(out, CODE_TEXT_ROOM, "CLASS%u", klass);
    else
        class_to_text(klass, out);
    return out;
}

static const char *type_word(const struct lookup *l, uint16_t type, char out[CODE_TEXT_ROOM])
{
    if (l->generic)
        snprintf(out, CODE_TEXT_ROOM, "TYPE%u", type);
    else
        type_to_text(type, out);
    return out;
}

void query_print_question(struct text *text, const struct lookup *lookup, const struct question *question)
{
    struct columns at = columns_of(lookup);
    char word[CODE_TEXT_ROOM];
    unsigned column;
    text_add_char(text, ';');
    owner_print(text, &column, lookup, name_view_of(&question->name));
    field(text, &column, at.klass, class_word(lookup, question->klass, word));
    field(text, &column, at.type, type_word(lookup, question->type, word));
    text_add_char(text, '\n');
}

static void ttl_units(struct text *text, uint32_t ttl)
{
    static const struct { uint32_t seconds; char letter; } units[] = { { 604800, 'w' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
    if (ttl == 0)
        text_add(text, "0s");
    for (size_t i = 0; i < LENGTH_OF(units); i++) {
        if (ttl >= units[i].seconds)
            text_add_format(text, "%" PRIu32 "%c", ttl / units[i].seconds, units[i].letter);
        ttl %= units[i].seconds;
    }
}

static void expand_aaaa(struct text *text, const uint8_t *a)
{
    for (size_t i = 0; i < 16; i += 2)
        text_add_format(text, "%s%02x%02x", i == 0 ? "" : ":", a[i], a[i + 1]);
}

/* +nocrypto: what nobody reads is left out, the key id stays. */
static bool print_without_crypto(struct text *text, const struct reply_record *r, const struct rdata_style *style)
{
    struct text whole;
    text_growing(&whole);
    rdata_print(&whole, r->type, r->klass, r->rdata, r->rdata_bytes, style);
    size_t keep = r->type == TYPE_RRSIG ? 8 : 3, at = 0;
    bool known = r->type == TYPE_RRSIG || r->type == TYPE_DNSKEY || r->type == TYPE_DS || r->type == TYPE_CDS || r->type == TYPE_CDNSKEY || r->type == TYPE_KEY;
    for (; known && keep > 0 && at < whole.length; keep--)
        at += strcspn(whole.data + at, " ") + 1;
    if (known && keep == 0 && at <= whole.length) {
        text_add_bytes(text, whole.data, at);
        if (r->type == TYPE_DNSKEY || r->type == TYPE_CDNSKEY || r->type == TYPE_KEY)
            text_add_format(text, "[key id = %u]", rdata_key_tag(r->rdata, r->rdata_bytes));
        else
            text_add(text, "[omitted]");
    }
    text_clear(&whole);
    return known;
}

static void rdata_show(struct text *text, const struct lookup *l, const struct reply_record *r)
{
    struct rdata_style style = { .multiline = l->multiline, .generic = l->generic, .split = l->split_set ? l->split : l->multiline ? 44 : 56,
                                 .comments = l->record_comments == CHOICE_YES || (l->multiline && l->record_comments == CHOICE_OPEN) };
    if (l->expand_aaaa && r->type == TYPE_AAAA && r->rdata_bytes == 16 && !l->generic)
        expand_aaaa(text, r->rdata);
    else if (l->crypto || l->multiline || !print_without_crypto(text, r, &style))
        rdata_print(text, r->type, r->klass, r->rdata, r->rdata_bytes, &style);
}

void query_print_rdata(struct text *text, const struct lookup *lookup, const struct reply_record *record)
{
    rdata_show(text, lookup, record);
    text_add_char(text, '\n');
}

void query_print_record(struct text *text, const struct lookup *lookup, const struct reply_record *record)
{
    struct columns at = columns_of(lookup);
    char word[CODE_TEXT_ROOM];
    unsigned column;
    owner_print(text, &column, lookup, name_view_of(&record->owner));
    if (lookup->ttl) {
        char number[32];
        struct text ttl;
        text_fixed(&ttl, number, sizeof number);
        if (lookup->ttl_units)
            ttl_units(&ttl, record->ttl);
        else
            text_add_u64(&ttl, record->ttl);
        field(text, &column, at.ttl, number);
    }
    if (lookup->klass_shown)
        field(text, &column, at.klass, class_word(lookup, record->klass, word));
    field(text, &column, at.type, type_word(lookup, record->type, word));
    if (record->rdata_bytes > 0) {
        indent(text, &column, at.rdata);
        rdata_show(text, lookup, record);
    }
    text_add_char(text, '\n');
}

static void greeting_flush(struct query_run *run, const struct lookup *lookup)
{
    if (run->command_line[0] != '\0' && lookup->cmd && !lookup->brief)
        fputs(run->command_line, run->out);
    run->command_line[0] = '\0';
}

void query_print_greeting(struct query_run *run, const struct lookup *lookup)
{
    greeting_flush(run, lookup);
}

const char *query_opcode_text(uint16_t flags, char out[CODE_TEXT_ROOM])
{
    unsigned opcode = flags >> 11 & 0xf;
    if (opcode == 3 || opcode > OPCODE_UPDATE)
        snprintf(out, CODE_TEXT_ROOM, "RESERVED%u", opcode);
    else
        opcode_to_text((uint8_t)opcode, out);
    return out;
}

static void header_print(struct text *text, const struct reply_view *reply, bool sending)
{
    static const struct { uint16_t bit; const char *word; } flags[] = {
        { FLAG_QR, " qr" }, { FLAG_AA, " aa" }, { FLAG_TC, " tc" }, { FLAG_RD, " rd" }, { FLAG_RA, " ra" }, { FLAG_AD, " ad" }, { FLAG_CD, " cd" } };
    char word[CODE_TEXT_ROOM];
    text_add_format(text, ";; ->>HEADER<<- opcode: %s, ", query_opcode_text(reply->flags, word));
    text_add_format(text, "status: %s, id: %u\n;; flags:", rcode_to_text(reply->rcode, word), reply->id);
    for (size_t i = 0; i < LENGTH_OF(flags); i++)
        if (reply->flags & flags[i].bit)
            text_add(text, flags[i].word);
    if (reply->flags & 0x40)
        text_add(text, "; MBZ: 0x4");
    static const char *const names[] = { "QUERY", "ANSWER", "AUTHORITY", "ADDITIONAL" };    /* of UPDATE too, as dig */
    for (int i = 0; i < 4; i++)
        text_add_format(text, "%s%s: %u", i == 0 ? "; " : ", ", names[i], reply->counts[i]);
    text_add_char(text, '\n');
    if (!sending && (reply->flags & (FLAG_RD | FLAG_RA)) == FLAG_RD)
        text_add(text, ";; WARNING: recursion requested but not available\n");
    if (reply->extra_bytes > 0)
        text_add_format(text, ";; WARNING: Message has %zu extra byte%s at end\n", reply->extra_bytes, reply->extra_bytes == 1 ? "" : "s");
    text_add_char(text, '\n');
}

static void pseudosection_print(struct text *text, const struct print_context *context, const struct reply_view *reply, bool sending)
{
    if (!reply->has_opt)
        return;
    text_add_format(text, ";; OPT PSEUDOSECTION:\n; EDNS: version: %u, flags:%s", reply->opt_version, reply->opt_flags & 0x8000 ? " do" : "");
    if (reply->opt_flags & 0x4000)
        text_add(text, " co");          /* compact denial, RFC 9824 section 5.1 */
    if (reply->opt_flags & 0x3fff)
        text_add_format(text, "; MBZ: 0x%.4x, udp: %u\n", reply->opt_flags & 0x3fffu, reply->opt_payload);
    else
        text_add_format(text, "; udp: %u\n", reply->opt_payload);
    query_print_options(text, reply, sending || context->exchange == NULL || !context->lookup->cookie ? NULL : context->exchange->cookie, "; ");
}

static void section_print(struct text *text, const struct lookup *l, const struct reply_view *reply, enum section section)
{
    static const char *const plain[] = { "QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL" }, *const update[] = { "ZONE", "PREREQUISITE", "UPDATE", "ADDITIONAL" };
    bool any = section == SECTION_QUESTION && reply->question_count > 0;
    for (size_t i = 0; i < reply->record_count && !any; i++)
        any = reply->records[i].section == section;
    if (!any)
        return;
    if (l->comments)
        text_add_format(text, ";; %s SECTION:\n", ((reply->flags >> 11 & 0xf) == OPCODE_UPDATE ? update : plain)[section]);
    for (size_t i = 0; section == SECTION_QUESTION && i < reply->question_count; i++)
        query_print_question(text, l, &reply->questions[i]);
    for (size_t i = 0; i < reply->record_count; i++)
        if (reply->records[i].section == section)
            query_print_record(text, l, &reply->records[i]);
    if (l->comments)
        text_add_char(text, '\n');
}

static void brief_print(struct text *text, const struct print_context *context, const struct reply_view *reply)
{
    char server[ADDRESS_TEXT_ROOM], word[CODE_TEXT_ROOM];
    const struct query_exchange *e = context->exchange;
    for (size_t i = 0; i < reply->record_count; i++) {
        if (reply->records[i].section != SECTION_ANSWER)
            continue;
        if (context->lookup->ns_search)
            text_add_format(text, "%s ", type_to_text(reply->records[i].type, word));
        rdata_show(text, context->lookup, &reply->records[i]);
        if (context->lookup->identify && e != NULL)
            text_add_format(text, " from server %s in %" PRIu64 " %s.", address_print(&e->server.address, server),
                            context->run->microseconds ? e->microseconds : e->microseconds / 1000, context->run->microseconds ? "us" : "ms");
        text_add_char(text, '\n');
    }
}

static void message_print(struct text *text, const struct print_context *context, const struct reply_view *reply, bool sending)
{
    const struct lookup *l = context->lookup;
    if (l->comments) {
        text_add(text, sending ? ";; Sending:\n" : ";; Got answer:\n");
        header_print(text, reply, sending);
        pseudosection_print(text, context, reply, sending);
    }
    if (l->question && l->comments && sending && reply->question_count == 0)
        text_add(text, ";; QUESTION SECTION:\n\n");
    if (l->question)
        section_print(text, l, reply, SECTION_QUESTION);
    if (l->answer)
        section_print(text, l, reply, SECTION_ANSWER);
    if (l->authority)
        section_print(text, l, reply, SECTION_AUTHORITY);
    if (l->additional)
        section_print(text, l, reply, SECTION_ADDITIONAL);
}

void query_print_message(struct query_run *run, const struct print_context *context, const struct reply_view *reply, bool sending)
{
    struct text text;
    if (context->lookup->yaml) {
        query_print_yaml(run, context, reply, sending);
        return;
    }
    if (context->lookup->json) {
        if (!sending)
            query_print_json(run, context, reply);
        return;
    }
    greeting_flush(run, context->lookup);
    text_growing(&text);
    if (reply->malformed && !sending)
        text_add(&text, ";; Warning: Message parser reports malformed message packet.\n");
    if (context->lookup->brief && !sending)
        brief_print(&text, context, reply);
    else if (!context->lookup->brief)
        message_print(&text, context, reply, sending);
    if (sending && !context->lookup->brief)
        text_add_format(&text, ";; QUERY SIZE: %zu\n\n", reply->wire_bytes);
    if (text.length > 0)
        fwrite(text.data, 1, text.length, run->out);
    text_clear(&text);
}

void query_print_stats(struct query_run *run, const struct print_context *context, const struct query_transfer_size *transfer)
{
    const struct query_exchange *e = context->exchange;
    const struct lookup *l = context->lookup;
    char address[ADDRESS_TEXT_ROOM], when[64];
    uint64_t took = run->microseconds ? e->microseconds : e->microseconds / 1000;
    struct tm tm;
    address_print(&e->server.address, address);
    if (l->brief || l->json || l->yaml)
        return;
    if (!l->stats) {
        if (l->identify)
            fprintf(run->out, ";; Received %zu bytes from %s#%u(%s) in %" PRIu64 " %s\n\n", e->reply_bytes, address, e->server.port, e->label, took,
                    run->microseconds ? "us" : "ms");
        return;
    }
    localtime_r(&e->received.tv_sec, &tm);
    strftime(when, sizeof when, "%a %b %d %H:%M:%S %Z %Y", &tm);
    fprintf(run->out, ";; Query time: %" PRIu64 " %s\n", took, run->microseconds ? "usec" : "msec");
    fprintf(run->out, ";; SERVER: %s#%u(%s) (%s)\n;; WHEN: %s\n", address, e->server.port, e->label, e->tcp ? "TCP" : "UDP", when);
    if (transfer != NULL)
        fprintf(run->out, ";; XFR size: %" PRIu64 " records (messages %" PRIu64 ", bytes %" PRIu64 ")\n\n", transfer->records, transfer->messages, transfer->bytes);
    else
        fprintf(run->out, ";; MSG SIZE  rcvd: %zu\n\n", e->reply_bytes);
}

void query_print_dump(FILE *out, const uint8_t *data, size_t bytes)
{
    fprintf(out, "%zu bytes\n", bytes);
    for (size_t at = 0; at < bytes; at += 16) {
        size_t count = bytes - at < 16 ? bytes - at : 16;
        for (size_t i = 0; i < 16; i++)
            i < count ? fprintf(out, "%02x ", data[at + i]) : fputs("   ", out);
        fputs("        ", out);
        for (size_t i = 0; i < count; i++)
            fputc(data[at + i] >= 0x20 && data[at + i] < 0x7f ? data[at + i] : '.', out);
        fputc('\n', out);
    }
}
