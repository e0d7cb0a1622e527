/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as JSON (RFC 8427) and as the YAML that dig prints. */
#include "tools/query.h"

#include <inttypes.h>
#include <time.h>

#include "json/json.h"

static const char *const section_keys[] = { "questionRRs", "answerRRs", "authorityRRs", "additionalRRs" };

static void name_set(struct json_value *object, const char *key, struct name_view name)
{
    char text[NAME_TEXT_ROOM];
    json_value_set_text(object, key, name_to_text(name, text));
}

static void code_set(struct json_value *object, uint16_t type, uint16_t klass)
{
    char word[CODE_TEXT_ROOM];
    json_value_set_u64(object, "TYPE", type);
    json_value_set_text(object, "TYPEname", type_to_text(type, word));
    json_value_set_u64(object, "CLASS", klass);
    json_value_set_text(object, "CLASSname", class_to_text(klass, word));
}

static struct json_value *record_json(const struct reply_record *r)
{
    struct json_value *object = json_value_object();
    struct text text;
    char key[CODE_TEXT_ROOM + 8], word[CODE_TEXT_ROOM];
    const struct rdata_style style = { 0 };
    name_set(object, "NAME", name_view_of(&r->owner));
    code_set(object, r->type, r->klass);
    json_value_set_u64(object, "TTL", r->ttl);
    json_value_set_u64(object, "RDLENGTH", r->rdata_bytes);
    text_growing(&text);
    text_add_hex(&text, r->rdata, r->rdata_bytes, true);
    json_value_set_text(object, "RDATAHEX", text.length > 0 ? text.data : "");
    text_clear(&text);
    text_growing(&text);
    rdata_print(&text, r->type, r->klass, r->rdata, r->rdata_bytes, &style);
    snprintf(key, sizeof key, "rdata%s", type_to_text(r->type, word));
    json_value_set_text(object, key, text.length > 0 ? text.data : "");
    text_clear(&text);
    return object;
}

static struct json_value *option_json(uint16_t code, const uint8_t *data, uint16_t bytes)
{
    struct json_value *object = json_value_object();
    struct text text;
    json_value_set_u64(object, "code", code);
    json_value_set_text(object, "name", option_text(code));
    text_growing(&text);
    text_add_hex(&text, data, bytes, true);
    json_value_set_text(object, "dataHEX", text.length > 0 ? text.data : "");
    text_clear(&text);
    if (code == OPTION_EDE && bytes >= 2) {
        json_value_set_u64(object, "infoCode", get_u16(data));
        json_value_set_text(object, "purpose", ede_text(get_u16(data)));
    }
    return object;
}

static struct json_value *edns_json(const struct reply_view *reply)
{
    struct json_value *object = json_value_object(), *options = json_value_array();
    size_t offset = 0;
    uint16_t code, bytes;
    const uint8_t *data;
    json_value_set_u64(object, "version", reply->opt_version);
    json_value_set_bool(object, "DO", reply->opt_flags & 0x8000);
    json_value_set_u64(object, "flags", reply->opt_flags);
    json_value_set_u64(object, "udpPayload", reply->opt_payload);
    while (edns_option_next(reply->opt_options, reply->opt_bytes, &offset, &code, &data, &bytes))
        json_value_add(options, option_json(code, data, bytes));
    json_value_set(object, "options", options);
    return object;
}

static void header_json(struct json_value *object, const struct reply_view *reply)
{
    static const struct { const char *key; uint16_t bit; } flags[] = { { "QR", FLAG_QR }, { "AA", FLAG_AA }, { "TC", FLAG_TC }, { "RD", FLAG_RD }, { "RA", FLAG_RA }, { "AD", FLAG_AD }, { "CD", FLAG_CD } };
    static const char *const counts[] = { "QDCOUNT", "ANCOUNT", "NSCOUNT", "ARCOUNT" };
    char word[CODE_TEXT_ROOM];
    json_value_set_u64(object, "ID", reply->id);
    json_value_set_u64(object, "Opcode", reply->flags >> 11 & 0xf);
    for (size_t i = 0; i < LENGTH_OF(flags); i++)
        json_value_set_u64(object, flags[i].key, (reply->flags & flags[i].bit) != 0);
    json_value_set_u64(object, "RCODE", reply->rcode);
    json_value_set_text(object, "RCODEname", rcode_to_text(reply->rcode, word));
    for (size_t i = 0; i < LENGTH_OF(counts); i++)
        json_value_set_u64(object, counts[i], reply->counts[i]);
}

void query_print_json(struct query_run *run, const struct print_context *context, const struct reply_view *reply)
{
    struct json_value *object = json_value_object(), *sections[4];
    const struct query_exchange *e = context->exchange;
    char server[ADDRESS_TEXT_ROOM];
    struct text text;
    header_json(object, reply);
    for (int i = 0; i < 4; i++)
        sections[i] = json_value_array();
    for (size_t i = 0; i < reply->question_count; i++) {
        struct json_value *q = json_value_object();
        name_set(q, "NAME", name_view_of(&reply->questions[i].name));
        code_set(q, reply->questions[i].type, reply->questions[i].klass);
        json_value_add(sections[SECTION_QUESTION], q);
    }
    for (size_t i = 0; i < reply->record_count; i++)
        json_value_add(sections[reply->records[i].section], record_json(&reply->records[i]));
    for (int i = 0; i < 4; i++)
        json_value_set(object, section_keys[i], sections[i]);
    if (reply->has_opt)
        json_value_set(object, "EDNS", edns_json(reply));
    json_value_set_u64(object, "messageOctets", reply->wire_bytes);
    json_value_set_bool(object, "malformed", reply->malformed);
    if (e != NULL) {
        json_value_set_text(object, "server", address_print(&e->server.address, server));
        json_value_set_u64(object, "port", e->server.port);
        json_value_set_text(object, "transport", e->tcp ? "TCP" : "UDP");
        json_value_set_u64(object, "queryTimeMicroseconds", e->microseconds);
    }
    text_growing(&text);
    if (json_value_print(object, true, &text) == OK)
        fprintf(run->out, "%s\n", text.data);
    else
        run->exit_code = QUERY_INTERNAL;
    text_clear(&text);
    json_value_free(object);
}

/* ---- YAML ---- */

static void yaml_time(struct text *text, const char *key, const struct timespec *when)
{
    char moment[64];
    struct tm tm;
    gmtime_r(&when->tv_sec, &tm);
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%S", &tm);
    text_add_format(text, "    %s: !!timestamp %s.%03ldZ\n", key, moment, when->tv_nsec / 1000000);
}

/* A single-quoted scalar: only the quote itself is doubled. */
static void yaml_quoted(struct text *text, const char *raw)
{
    text_add(text, "        - '");
    for (const char *p = raw; *p != '\0'; p++) {
        text_add_char(text, *p);
        if (*p == '\'')
            text_add_char(text, '\'');
    }
    text_add(text, "'\n");
}

static void yaml_section(struct text *text, const struct reply_view *reply, enum section section)
{
    static const char *const keys[] = { "QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL" };
    const struct rdata_style style = { .split = 56 };
    char name[NAME_TEXT_ROOM], klass[CODE_TEXT_ROOM], type[CODE_TEXT_ROOM];
    bool headed = false;
    struct text line;
    for (size_t i = 0; section == SECTION_QUESTION && i < reply->question_count; i++) {
        const struct question *q = &reply->questions[i];
        text_add(text, i == 0 ? "      QUESTION_SECTION:\n" : "");
        text_growing(&line);
        text_add_format(&line, "%s %s %s", name_to_text(name_view_of(&q->name), name), class_to_text(q->klass, klass), type_to_text(q->type, type));
        yaml_quoted(text, line.data);
        text_clear(&line);
    }
    for (size_t i = 0; i < reply->record_count; i++) {
        const struct reply_record *r = &reply->records[i];
        if (r->section != section)
            continue;
        if (!headed)
            text_add_format(text, "      %s_SECTION:\n", keys[section]);
        headed = true;
        text_growing(&line);
        text_add_format(&line, "%s %" PRIu32 " %s %s ", name_to_text(name_view_of(&r->owner), name), r->ttl, class_to_text(r->klass, klass), type_to_text(r->type, type));
        rdata_print(&line, r->type, r->klass, r->rdata, r->rdata_bytes, &style);
        yaml_quoted(text, line.data == NULL ? "" : line.data);
        text_clear(&line);
    }
}

static void yaml_header(struct text *text, const struct reply_view *reply, bool edns)
{
    static const struct { uint16_t bit; const char *word; } flags[] = {
        { FLAG_QR, " qr" }, { FLAG_AA, " aa" }, { FLAG_TC, " tc" }, { FLAG_RD, " rd" }, { FLAG_RA, " ra" }, { FLAG_AD, " ad" }, { FLAG_CD, " cd" } };
    char word[CODE_TEXT_ROOM];
    text_add_format(text, "      opcode: %s\n", query_opcode_text(reply->flags, word));
    text_add_format(text, "      status: %s\n      id: %u\n      flags:", rcode_to_text(reply->rcode, word), reply->id);
    for (size_t i = 0; i < LENGTH_OF(flags); i++)
        if (reply->flags & flags[i].bit)
            text_add(text, flags[i].word);
    text_add_format(text, "\n      QUESTION: %u\n      ANSWER: %u\n      AUTHORITY: %u\n      ADDITIONAL: %u\n", reply->counts[0], reply->counts[1],
                    reply->counts[2], reply->counts[3]);
    if (!edns)
        return;
    text_add_format(text, "      OPT_PSEUDOSECTION:\n        EDNS:\n          version: %u\n          flags:%s\n          udp: %u\n", reply->opt_version,
                    reply->opt_flags & 0x8000 ? " do" : "", reply->opt_payload);
}

void query_print_yaml(struct query_run *run, const struct print_context *context, const struct reply_view *reply, bool sending)
{
    const struct query_exchange *e = context->exchange;
    char server[ADDRESS_TEXT_ROOM];
    struct text text;
    text_growing(&text);
    text_add_format(&text, "- type: MESSAGE\n  message:\n    type: %s_%s\n", reply->flags & (sending ? FLAG_RD : FLAG_RA) ? "RECURSIVE" : "AUTH",
                    sending ? "QUERY" : "RESPONSE");
    if (e != NULL)
        yaml_time(&text, "query_time", &e->sent);
    if (e != NULL && !sending)
        yaml_time(&text, "response_time", &e->received);
    text_add_format(&text, "    message_size: %zub\n", reply->wire_bytes);
    if (e != NULL) {
        text_add_format(&text, "    socket_family: %s\n    socket_protocol: %s\n", e->server.address.family == 4 ? "INET" : "INET6", e->tcp ? "TCP" : "UDP");
        text_add_format(&text, "    response_address: \"%s\"\n    response_port: %u\n", address_print(&e->server.address, server), e->server.port);
        text_add_format(&text, "    query_address: \"%s\"\n    query_port: %u\n", e->server.address.family == 4 ? "0.0.0.0" : "::", context->run->source.port);
    }
    text_add_format(&text, "    %s_message_data:\n", sending ? "query" : "response");
    bool edns = reply->has_opt && context->lookup->comments;
    yaml_header(&text, reply, edns);
    if (edns)
        query_print_options(&text, reply, sending || e == NULL ? NULL : e->cookie, "          ");
    if (context->lookup->question)
        yaml_section(&text, reply, SECTION_QUESTION);
    if (context->lookup->answer)
        yaml_section(&text, reply, SECTION_ANSWER);
    if (context->lookup->authority)
        yaml_section(&text, reply, SECTION_AUTHORITY);
    if (context->lookup->additional)
        yaml_section(&text, reply, SECTION_ADDITIONAL);
    fwrite(text.data, 1, text.length, run->out);
    text_clear(&text);
}
