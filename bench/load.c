/* SPDX-License-Identifier: Apache-2.0 */
/* A closed-loop load generator for DNS over UDP: a window of unanswered questions on each socket, sent and received
 * in batches.  Every answer is held against its question; what does not fit is counted as wrong.
 *
 *   load -p PORT -f FILE [-a ADDRESS] [-t SECONDS] [-n COUNT] [-o OFFSET] [-s SOCKETS] [-w WINDOW] [-r RATE]
 *        [-l SECONDS] [-e] [-d] [-c] [-x] [-S SOURCES]
 *
 * FILE has a question a line: NAME TYPE; it is begun anew at its end.  -o starts at that question, -n ends after so
 * many; -e sends EDNS, -d also DO, -c also a cookie, with the server's half as soon as it is known; -x puts random
 * letters in place of each name's first label; -S asks from so many addresses of 127.0.0.0/8; -r paces (questions a
 * second, a few each millisecond) in place of going as fast as answers come; what was not answered after -l (0.5 s) is
 * lost.  Prints one line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 64,
    QUESTION_ROOM = 320,         /* header, name, type, class, OPT with a full cookie */
    ANSWER_ROOM = 4096,
    OPT_BYTES = 11,
    COOKIE_CLIENT = 8, COOKIE_SERVER = 16,
    WINDOW_MAX = 1024,           /* ids: ten bits of slot, six of round */
    SLOT_BITS = 10,
    HISTOGRAM = 1000000,         /* buckets of a microsecond */
    BUFFER_BYTES = 4 << 20,
};

static const int64_t SECOND = 1000000000, SWEEP_EVERY = 100000000;

struct options {
    struct sockaddr_in server;
    const char *file;
    double seconds, rate;
    int64_t lost_after;          /* nanoseconds */
    uint64_t limit, offset;
    unsigned sockets, window, sources;
    bool edns, dnssec_ok, cookies, random_names;
};

/* All questions, encoded, one behind the other: question n is bytes[start[n]] to bytes[start[n + 1]]. */
struct questions {
    uint8_t *bytes;
    uint32_t *start;
    size_t count, used, room, start_room;
};

/* An address that asks, and the cookie that it was given. */
struct source {
    in_addr_t address;
    bool has_cookie;
    uint8_t cookie[COOKIE_SERVER];
};

struct slot {
    int64_t sent;                /* nanoseconds; 0 = free */
    uint32_t question, source;
    uint16_t id;
};

struct line {
    int fd;
    unsigned free_count;
    int64_t swept;
    uint16_t *free;
    struct slot *slots;
};

struct totals {
    uint64_t sent, received, lost, wrong, truncated, question_bytes, answer_bytes, rcodes[16];
};

struct load {
    struct options options;
    struct questions questions;
    struct source *sources;
    struct line *lines;
    struct totals totals;
    size_t next_question;
    uint32_t next_source;
    uint64_t random;
    int epoll;
    int64_t begin, now, end;
    uint32_t *histogram;
};

static const struct { const char *name; uint16_t code; } types[] = {
    { "A", 1 }, { "NS", 2 }, { "CNAME", 5 }, { "SOA", 6 }, { "PTR", 12 }, { "MX", 15 }, { "TXT", 16 }, { "AAAA", 28 },
    { "SRV", 33 }, { "DS", 43 }, { "RRSIG", 46 }, { "NSEC", 47 }, { "DNSKEY", 48 }, { "HTTPS", 65 }, { "ANY", 255 },
    { "CAA", 257 },
};

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *need(void *memory)
{
    if (memory == NULL)
        fail("memory");
    return memory;
}

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/* ---- questions ---- */

static uint16_t type_find(const char *text)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(types[i].name, text) == 0)
            return types[i].code;
    errno = EINVAL;
    fail(text);
    return 0;
}

/* The name in wire form; labels without escapes.  Returns the octets written. */
static size_t name_encode(uint8_t *out, const char *text)
{
    size_t at = 0;
    while (*text != 0 && strcmp(text, ".") != 0) {
        size_t length = strcspn(text, ".");
        if (length == 0 || length > 63 || at + length > 253) {
            errno = EINVAL;
            fail(text);
        }
        out[at++] = (uint8_t)length;
        memcpy(out + at, text, length);
        at += length;
        text += length + (text[length] == '.');
    }
    out[at++] = 0;
    return at;
}

/* The whole message with id 0; OPT, if any, without options at its end. */
static size_t question_encode(uint8_t *out, const struct options *o, const char *name, uint16_t type)
{
    static const uint8_t opt[OPT_BYTES] = { 0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0 };
    size_t at = 12;

    memset(out, 0, 12);
    out[5] = 1;
    at += name_encode(out + at, name);
    out[at++] = (uint8_t)(type >> 8);
    out[at++] = (uint8_t)type;
    out[at++] = 0;
    out[at++] = 1;
    if (o->edns) {
        out[11] = 1;
        memcpy(out + at, opt, sizeof opt);
        out[at + 7] = o->dnssec_ok ? 0x80 : 0;
        at += sizeof opt;
    }
    return at;
}

static void questions_add(struct questions *q, const struct options *o, const char *name, const char *type)
{
    if (q->used + QUESTION_ROOM > q->room)
        q->bytes = need(realloc(q->bytes, q->room = q->room * 2 + (1 << 20)));
    if (q->count + 2 > q->start_room)
        q->start = need(realloc(q->start, (q->start_room = q->start_room * 2 + 1024) * sizeof *q->start));
    q->start[q->count++] = (uint32_t)q->used;
    q->used += question_encode(q->bytes + q->used, o, name, type_find(type));
    q->start[q->count] = (uint32_t)q->used;
}

static void questions_read(struct questions *q, const struct options *o)
{
    char line[400], name[300], type[32];
    FILE *file = fopen(o->file, "r");

    if (file == NULL)
        fail(o->file);
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "%299s %31s", name, type) == 2)
            questions_add(q, o, name, type);
    fclose(file);
    if (q->count == 0) {
        errno = ENODATA;
        fail(o->file);
    }
}

/* ---- sending ---- */

struct message {
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))];
    uint8_t bytes[QUESTION_ROOM];
    struct iovec part;
};

/* Eight octets that are the source's own. */
static void cookie_client(uint8_t out[COOKIE_CLIENT], in_addr_t address)
{
    uint64_t mixed = (address + 1ull) * 0x9e3779b97f4a7c15ull;
    memcpy(out, &mixed, COOKIE_CLIENT);
}

/* Appends the cookie option to a message that ends in an empty OPT.  Returns the octets added. */
static size_t cookie_append(uint8_t *end, const struct source *s)
{
    uint8_t length = (uint8_t)(COOKIE_CLIENT + (s->has_cookie ? COOKIE_SERVER : 0));

    end[-1] = (uint8_t)(length + 4);     /* RDLENGTH, low octet */
    end[0] = 0;
    end[1] = 10;
    end[2] = 0;
    end[3] = length;
    cookie_client(end + 4, s->address);
    if (s->has_cookie)
        memcpy(end + 4 + COOKIE_CLIENT, s->cookie, COOKIE_SERVER);
    return length + 4u;
}

static void source_attach(struct msghdr *m, uint8_t *room, in_addr_t address)
{
    struct in_pktinfo info = { .ipi_spec_dst.s_addr = address };
    m->msg_control = room;
    m->msg_controllen = CMSG_SPACE(sizeof info);
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
}

/* Random letters in place of the first label (xorshift; twelve of them are enough for names that never come again). */
static void name_randomize(struct load *l, uint8_t *name)
{
    for (uint8_t i = 1; i <= name[0]; i++) {
        l->random ^= l->random << 13;
        l->random ^= l->random >> 7;
        l->random ^= l->random << 17;
        name[i] = (uint8_t)('a' + l->random % 26);
    }
}

/* Takes the n-th free slot and fills a message; the slot counts as free until it was sent. */
static void message_fill(struct load *l, struct line *line, unsigned n, struct message *out, struct msghdr *m)
{
    struct slot *slot = &line->slots[line->free[line->free_count - 1 - n]];
    const struct questions *q = &l->questions;
    uint32_t start = q->start[l->next_question];
    size_t length = q->start[l->next_question + 1] - start;

    slot->id = (uint16_t)(slot->id + (1 << SLOT_BITS));
    slot->question = (uint32_t)l->next_question;
    slot->source = l->next_source;
    memcpy(out->bytes, q->bytes + start, length);
    out->bytes[0] = (uint8_t)(slot->id >> 8);
    out->bytes[1] = (uint8_t)slot->id;
    if (l->options.random_names)
        name_randomize(l, out->bytes + 12);
    if (l->options.cookies)
        length += cookie_append(out->bytes + length, &l->sources[slot->source]);
    out->part = (struct iovec){ out->bytes, length };
    *m = (struct msghdr){ .msg_iov = &out->part, .msg_iovlen = 1 };
    if (l->options.sources > 1) {
        m->msg_name = &l->options.server;
        m->msg_namelen = sizeof l->options.server;
        source_attach(m, out->control, l->sources[slot->source].address);
    }
    l->next_question = l->next_question + 1 == q->count ? 0 : l->next_question + 1;
    l->next_source = l->next_source + 1 == l->options.sources ? 0 : l->next_source + 1;
}

/* How many may go out on this line now. */
static unsigned line_allowance(const struct load *l, const struct line *line)
{
    unsigned n = line->free_count < BATCH ? line->free_count : BATCH;
    if (l->options.limit != 0 && l->totals.sent + n > l->options.limit)
        n = (unsigned)(l->options.limit - l->totals.sent);
    if (l->options.rate > 0) {
        double due = (double)(l->now - l->begin) / 1e9 * l->options.rate - (double)l->totals.sent;
        return due < 1 ? 0 : due < n ? (unsigned)due : n;
    }
    /* Not in dribs: half the window at a time, unless these are the last. */
    return line->free_count * 2 < l->options.window ? 0 : n;
}

static void line_send(struct load *l, struct line *line)
{
    static struct message out[BATCH];
    static struct mmsghdr messages[BATCH];
    unsigned n = line_allowance(l, line);

    if (n == 0)
        return;
    size_t question = l->next_question;
    for (unsigned i = 0; i < n; i++)
        message_fill(l, line, i, &out[i], &messages[i].msg_hdr);
    int sent = sendmmsg(line->fd, messages, n, 0);
    if (sent < 0)
        sent = 0;
    for (int i = 0; i < sent; i++) {
        line->slots[line->free[--line->free_count]].sent = l->now;
        l->totals.question_bytes += messages[i].msg_len;
    }
    l->totals.sent += (unsigned)sent;
    if ((unsigned)sent < n)
        l->next_question = (question + (unsigned)sent) % l->questions.count;
}

static void slot_release(struct line *line, struct slot *slot)
{
    slot->sent = 0;
    line->free[line->free_count++] = (uint16_t)(slot - line->slots);
}

static void line_sweep(struct load *l, struct line *line)
{
    if (l->now - line->swept < SWEEP_EVERY)
        return;
    line->swept = l->now;
    for (unsigned i = 0; i < l->options.window; i++)
        if (line->slots[i].sent != 0 && l->now - line->slots[i].sent > l->options.lost_after) {
            l->totals.lost++;
            slot_release(line, &line->slots[i]);
        }
}

/* ---- receiving ---- */

static void cookie_learn(struct source *s, const uint8_t *answer, size_t length)
{
    uint8_t option[4 + COOKIE_CLIENT] = { 0, 10, 0, COOKIE_CLIENT + COOKIE_SERVER };
    cookie_client(option + 4, s->address);
    const uint8_t *found = memmem(answer, length, option, sizeof option);
    if (found == NULL || (size_t)(answer + length - found) < sizeof option + COOKIE_SERVER)
        return;
    memcpy(s->cookie, found + sizeof option, COOKIE_SERVER);
    s->has_cookie = true;
}

static void answer_take(struct load *l, struct line *line, const uint8_t *answer, size_t length)
{
    uint16_t id = length >= 12 ? (uint16_t)(answer[0] << 8 | answer[1]) : 0;
    unsigned number = id & (WINDOW_MAX - 1);
    struct slot *slot = number < l->options.window ? &line->slots[number] : NULL;

    if (slot == NULL || slot->sent == 0 || slot->id != id || (answer[2] & 0x80) == 0) {
        l->totals.wrong++;
        return;
    }
    const uint8_t *asked = l->questions.bytes + l->questions.start[slot->question];
    size_t asked_length = l->questions.start[slot->question + 1] - l->questions.start[slot->question];
    asked_length -= l->options.edns ? OPT_BYTES : 0;
    size_t from = 12 + (l->options.random_names ? 1u + asked[12] : 0);
    if (length < asked_length || memcmp(answer + from, asked + from, asked_length - from) != 0)
        l->totals.wrong++;
    int64_t micros = (l->now - slot->sent) / 1000;
    l->histogram[micros < HISTOGRAM ? micros : HISTOGRAM - 1]++;
    l->totals.received++;
    l->totals.answer_bytes += length;
    l->totals.rcodes[answer[3] & 15]++;
    l->totals.truncated += answer[2] >> 1 & 1;
    if (l->options.cookies && !l->sources[slot->source].has_cookie)
        cookie_learn(&l->sources[slot->source], answer, length);
    slot_release(line, slot);
}

static void line_receive(struct load *l, struct line *line)
{
    static uint8_t bytes[BATCH][ANSWER_ROOM];
    static struct mmsghdr messages[BATCH];
    static struct iovec parts[BATCH];
    int n;

    do {
        for (unsigned i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){ bytes[i], ANSWER_ROOM };
            messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
        }
        n = recvmmsg(line->fd, messages, BATCH, MSG_DONTWAIT, NULL);
        l->now = clock_ns();
        for (int i = 0; i < n; i++)
            answer_take(l, line, bytes[i], messages[i].msg_len);
    } while (n == BATCH);
}

/* ---- the loop ---- */

static void load_open(struct load *l)
{
    const struct options *o = &l->options;
    int size = BUFFER_BYTES;

    l->sources = need(calloc(o->sources, sizeof *l->sources));
    for (uint32_t i = 0; i < o->sources; i++)    /* each in a /24 of its own, the first 65,000 */
        l->sources[i].address = htonl(0x7f000000u | (i % 65000) << 8 | (i / 65000 + 1));
    l->lines = need(calloc(o->sockets, sizeof *l->lines));
    l->epoll = epoll_create1(0);
    for (unsigned i = 0; i < o->sockets; i++) {
        struct line *line = &l->lines[i];
        struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };
        line->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (line->fd < 0 || setsockopt(line->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0)
            fail("socket");
        if (o->sources == 1 && connect(line->fd, (const struct sockaddr *)&o->server, sizeof o->server) != 0)
            fail("connect");
        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, line->fd, &event) != 0)
            fail("epoll");
        line->slots = need(calloc(o->window, sizeof *line->slots));
        line->free = need(calloc(o->window, sizeof *line->free));
        for (unsigned j = 0; j < o->window; j++) {
            line->slots[j].id = (uint16_t)j;
            line->free[line->free_count++] = (uint16_t)j;
        }
    }
}

static uint64_t load_outstanding(const struct load *l)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < l->options.sockets; i++)
        n += l->options.window - l->lines[i].free_count;
    return n;
}

static void load_run(struct load *l)
{
    const struct options *o = &l->options;
    int64_t stop = l->begin + (int64_t)(o->seconds * 1e9);

    for (;;) {
        struct epoll_event events[64];
        bool sending = l->now < stop && (o->limit == 0 || l->totals.sent < o->limit);
        if (!sending && load_outstanding(l) == 0)
            break;
        for (unsigned i = 0; i < o->sockets; i++) {
            line_sweep(l, &l->lines[i]);
            if (sending)
                line_send(l, &l->lines[i]);
        }
        int n = epoll_wait(l->epoll, events, 64, o->rate > 0 && sending ? 1 : 100);
        l->now = clock_ns();
        for (int i = 0; i < n; i++)
            line_receive(l, &l->lines[events[i].data.u32]);
    }
    l->end = l->now;
}

static uint64_t percentile(const struct load *l, double share)
{
    uint64_t seen = 0;
    for (uint64_t i = 0; i < HISTOGRAM; i++)
        if ((double)(seen += l->histogram[i]) >= share * (double)l->totals.received && seen != 0)
            return i;
    return 0;
}

static void load_print(const struct load *l)
{
    const struct totals *t = &l->totals;
    double seconds = (double)(l->end - l->begin) / 1e9;
    double answers = t->received != 0 ? (double)t->received : 1;
    struct rusage used;
    uint64_t cookies = 0;

    getrusage(RUSAGE_SELF, &used);
    for (uint32_t i = 0; i < l->options.sources; i++)
        cookies += l->sources[i].has_cookie;
    printf("{\"qps\": %.0f, \"sent\": %lu, \"received\": %lu, ", (double)t->received / seconds, t->sent, t->received);
    printf("\"lost\": %lu, \"wrong\": %lu, \"seconds\": %.3f, ", t->lost, t->wrong, seconds);
    printf("\"p50\": %lu, \"p99\": %lu, ", percentile(l, 0.5), percentile(l, 0.99));
    printf("\"p999\": %lu, ", percentile(l, 0.999));
    printf("\"question_bytes\": %.1f, ", t->sent != 0 ? (double)t->question_bytes / (double)t->sent : 0);
    printf("\"answer_bytes\": %.1f, ", (double)t->answer_bytes / answers);
    printf("\"truncated\": %.4f, ", (double)t->truncated / answers);
    printf("\"cookies\": %lu, \"generator_seconds\": %.3f, \"rcodes\": {", cookies,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    for (unsigned i = 0, n = 0; i < 16; i++)
        if (t->rcodes[i] != 0)
            printf("%s\"%u\": %.4f", n++ != 0 ? ", " : "", i, (double)t->rcodes[i] / answers);
    printf("}}\n");
}

static void options_read(struct options *o, int count, char **words)
{
    int letter;
    const char *address = "127.0.0.1";

    *o = (struct options){ .server.sin_family = AF_INET, .seconds = 5, .lost_after = SECOND / 2, .sockets = 8,
                           .window = 32, .sources = 1 };
    while ((letter = getopt(count, words, "p:f:a:t:n:o:s:w:r:l:S:edcx")) != -1)
        switch (letter) {
        case 'p': o->server.sin_port = htons((uint16_t)atoi(optarg)); break;
        case 'f': o->file = optarg; break;
        case 'a': address = optarg; break;
        case 't': o->seconds = atof(optarg); break;
        case 'n': o->limit = strtoull(optarg, NULL, 10); break;
        case 'o': o->offset = strtoull(optarg, NULL, 10); break;
        case 's': o->sockets = (unsigned)atoi(optarg); break;
        case 'w': o->window = (unsigned)atoi(optarg); break;
        case 'r': o->rate = atof(optarg); break;
        case 'l': o->lost_after = (int64_t)(atof(optarg) * 1e9); break;
        case 'S': o->sources = (unsigned)atoi(optarg); break;
        case 'e': o->edns = true; break;
        case 'd': o->edns = o->dnssec_ok = true; break;
        case 'c': o->edns = o->cookies = true; break;
        case 'x': o->random_names = true; break;
        default: exit(2);
        }
    if (o->file == NULL || o->server.sin_port == 0 || o->sockets == 0 || o->sockets > 64 || o->sources == 0 ||
        o->window == 0 || o->window > WINDOW_MAX || inet_pton(AF_INET, address, &o->server.sin_addr) != 1) {
        fprintf(stderr, "load: -p, -f are needed; 1-64 sockets, 1-%d window\n", WINDOW_MAX);
        exit(2);
    }
}

int main(int count, char **words)
{
    static struct load l;

    options_read(&l.options, count, words);
    questions_read(&l.questions, &l.options);
    l.next_question = l.options.offset % l.questions.count;
    l.histogram = need(calloc(HISTOGRAM, sizeof *l.histogram));
    load_open(&l);
    l.begin = l.now = clock_ns();
    l.random = 0x2545f4914f6cdd1dull;
    load_run(&l);
    load_print(&l);
    return 0;
}
