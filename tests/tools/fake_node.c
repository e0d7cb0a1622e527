/* SPDX-License-Identifier: Apache-2.0 */
/* fake-node [--names N] [--port P] -- an Ethereum node over HTTP that has what fake_chain.h makes up, and counts who asks for what.
 *
 *  It is there because a real node takes long over many names, and works out a new state root for each block.  Prints `READY {json}` once it listens, and ends
 *  with its standard input.  Besides what nodes know it takes these methods, which are not counted:
 *    test_mine   [{registrations, logs, touch: [numbers of names]}]     a block; gives its number
 *    test_every  [ms, {registrations, logs}]    one now and then, as on a chain; 0 ends that
 *    test_heads  []              calls since each block of the last, oldest first: [[number, {method: calls}], ...]
 *    test_counts [clear]         {requests, in, out, methods: {method: calls}} */
#include "fake_chain.h"

#include "json/pull.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 64, BODY_MAX = 16 << 20, READ_BYTES = 1 << 16, CALLDATA_MAX = 1 << 20, METHODS = 12, HEADS_KEPT = 1024 };

static const char *const methods[METHODS] = {
    "eth_chainId", "eth_syncing", "eth_getBlockByNumber", "eth_getBlockByHash", "eth_getLogs", "eth_call", "eth_getCode", "eth_blockNumber", "other",
};
enum { METHOD_OTHER = 8 };

struct client { int fd; struct text in; };
struct head { uint64_t number; unsigned calls[METHODS]; };
struct node {
    struct fake_chain *chain;
    struct client clients[CLIENTS_MAX]; size_t client_count;
    int listener;
    uint64_t every_ms, next_ms;
    struct fake_block_plan plan;
    struct head heads[HEADS_KEPT]; size_t head_count;
    uint64_t requests, in, out, calls[METHODS], all_calls;
    uint8_t calldata[CALLDATA_MAX];
};

static void die(const char *what)
{
    fprintf(stderr, "fake-node: %s: %s\n", what, strerror(errno));
    exit(2);
}

static uint64_t now_ms(void) { return clock_ns() / 1000000; }

static uint64_t mine(struct node *node, const struct fake_block_plan *plan)
{
    if (node->head_count == HEADS_KEPT)
        memmove(node->heads, node->heads + 1, --node->head_count * sizeof node->heads[0]);
    uint64_t number = fake_chain_mine(node->chain, plan);
    node->heads[node->head_count++] = (struct head){ .number = number };
    return number;
}

/* ---- calls ---- */

static size_t number_at(const uint8_t *data, size_t bytes, size_t at)
{
    size_t number = 0;
    if (at > bytes || bytes - at < 32)
        return SIZE_MAX / 2;
    for (unsigned i = 24; i < 32; i++)
        number = number << 8 | data[at + i];
    return number < bytes ? number : SIZE_MAX / 2;
}

static void put_number(uint8_t *out, uint64_t number)
{
    memset(out, 0, 32);
    for (unsigned i = 0; i < 8; i++)
        out[31 - i] = (uint8_t)(number >> (8 * i));
}

/* aggregate3((address,bool,bytes)[]): each call's outcome as (bool, bytes). */
static bool aggregate(struct node *node, const uint8_t *data, size_t bytes, struct text *out)
{
    enum { ELEMENTS = 64, ENTRY = 96 };
    uint8_t word[ENTRY + FAKE_RETURN_MAX + 32];
    size_t count = number_at(data, bytes, 32), offset;
    if (number_at(data, bytes, 0) != 32 || count > bytes / 32)
        return false;
    struct text tail;
    text_growing(&tail);
    put_number(word, 32);
    text_add_hex(out, word, 32, false);
    put_number(word, count);
    text_add_hex(out, word, 32, false);
    for (size_t i = 0; i < count; i++) {
        struct eth_address to;
        size_t at = number_at(data, bytes, ELEMENTS + 32 * i) + ELEMENTS, inner = number_at(data, bytes, at + 64) + at, length = number_at(data, bytes, inner);
        if (at > bytes || inner > bytes || length > bytes || inner + 32 + length > bytes) {
            text_clear(&tail);
            return false;
        }
        memcpy(to.octets, data + at + 12, sizeof to.octets);
        memset(word, 0, sizeof word);
        size_t returned = 0;
        bool good = fake_chain_call(node->chain, &to, data + inner + 32, length, word + ENTRY, &returned);
        returned = good ? returned : 0;
        put_number(word, good);
        put_number(word + 32, 64);
        put_number(word + 64, returned);
        offset = 32 * count + tail.length / 2;
        text_add_hex(&tail, word, ENTRY + (returned + 31) / 32 * 32, false);
        put_number(word, offset);
        text_add_hex(out, word, 32, false);
    }
    text_add_bytes(out, tail.data ? tail.data : "", tail.length);
    text_clear(&tail);
    return true;
}

static const char *eth_call(struct node *node, struct json_view params, struct text *out)
{
    static const uint8_t aggregate3[4] = { 0x82, 0xad, 0x56, 0xcb };
    struct eth_address to;
    struct json_view data = json_path(params, "0.data"), input = json_path(params, "0.input");
    size_t bytes = 0, returned = 0;
    uint8_t result[FAKE_RETURN_MAX];
    if (json_hex_exact(json_path(params, "0.to"), to.octets, 20) != OK || json_hex_bytes(input.at ? input : data, node->calldata, CALLDATA_MAX, &bytes) != OK)
        return "{\"code\":-32602,\"message\":\"invalid params\"}";
    text_add(out, "\"0x");
    bool good = eth_address_equal(&to, &fake_multicall) && bytes >= 4 && memcmp(node->calldata, aggregate3, 4) == 0;
    if (good)
        good = aggregate(node, node->calldata + 4, bytes - 4, out);
    else if ((good = fake_chain_call(node->chain, &to, node->calldata, bytes, result, &returned)))
        text_add_hex(out, result, returned, false);
    text_add(out, "\"");
    return good ? NULL : "{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x\"}";
}

static void get_logs(struct node *node, struct json_view params, struct text *out)
{
    struct eth_address contracts[256];
    struct eth_word hash;
    struct json_view address = json_path(params, "0.address");
    uint64_t number = 0;
    size_t count = 0;
    if (json_kind(address) == JSON_STRING)
        count = json_hex_exact(address, contracts[0].octets, 20) == OK;
    for (struct json_walk walk = json_walk(address); count < LENGTH_OF(contracts) && json_step(&walk); )
        count += json_hex_exact(walk.value, contracts[count].octets, 20) == OK;
    if (json_hex_exact(json_path(params, "0.blockHash"), hash.octets, 32) == OK && fake_chain_find(node->chain, &hash, &number))
        fake_chain_write_logs(node->chain, number, contracts, count, out);
    else
        text_add(out, "[]");
}

static void get_block(struct node *node, struct json_view which, struct text *out)
{
    struct eth_word hash;
    uint64_t number = fake_chain_head(node->chain);
    bool known = json_hex_exact(which, hash.octets, 32) == OK ? fake_chain_find(node->chain, &hash, &number) : json_quantity(which, &number) == OK || json_is(which, "latest");
    if (known)
        fake_chain_write_block(node->chain, number, out);
    else
        text_add(out, "null");
}

/* ---- the test's own ---- */

static void read_plan(struct json_view value, struct fake_block_plan *plan)
{
    uint64_t number;
    *plan = (struct fake_block_plan){ 0 };
    if (json_u64(json_member(value, "registrations"), &number) == OK)
        plan->registrations = (unsigned)number;
    if (json_u64(json_member(value, "logs"), &number) == OK)
        plan->logs = (unsigned)number;
    for (struct json_walk walk = json_walk(json_member(value, "touch")); plan->touched_count < FAKE_TOUCHED && json_step(&walk); )
        if (json_u64(walk.value, &number) == OK)
            plan->touched[plan->touched_count++] = (unsigned)number;
}

static void write_counts(const char *before, const uint64_t calls[METHODS], struct text *out)
{
    const char *comma = "";
    text_add(out, before);
    text_add_char(out, '{');
    for (size_t i = 0; i < METHODS; i++) {
        if (calls[i] == 0)
            continue;
        text_add_format(out, "%s\"%s\":%" PRIu64, comma, methods[i], calls[i]);
        comma = ",";
    }
    text_add_char(out, '}');
}

static void write_heads(const struct node *node, struct text *out)
{
    text_add_char(out, '[');
    for (size_t i = 0; i < node->head_count; i++) {
        uint64_t calls[METHODS];
        for (size_t k = 0; k < METHODS; k++)
            calls[k] = node->heads[i].calls[k];
        text_add_format(out, "%s[%" PRIu64, i ? "," : "", node->heads[i].number);
        write_counts(",", calls, out);
        text_add_char(out, ']');
    }
    text_add_char(out, ']');
}

static bool test_method(struct node *node, struct json_view method, struct json_view params, struct text *out)
{
    struct fake_block_plan plan;
    bool clear = false;
    if (json_is(method, "test_mine")) {
        read_plan(json_path(params, "0"), &plan);
        text_add_u64(out, mine(node, &plan));
    } else if (json_is(method, "test_every")) {
        if (json_u64(json_path(params, "0"), &node->every_ms) != OK)
            node->every_ms = 0;
        read_plan(json_path(params, "1"), &node->plan);
        node->next_ms = now_ms() + node->every_ms;
        text_add(out, "true");
    } else if (json_is(method, "test_heads")) {
        write_heads(node, out);
        node->head_count = 0;
    } else if (json_is(method, "test_counts")) {
        text_add_format(out, "{\"requests\":%" PRIu64 ",\"in\":%" PRIu64 ",\"out\":%" PRIu64, node->requests, node->in, node->out);
        write_counts(",\"methods\":", node->calls, out);
        text_add_char(out, '}');
        if (json_truth(json_path(params, "0"), &clear) == OK && clear) {
            node->requests = node->in = node->out = 0;
            memset(node->calls, 0, sizeof node->calls);
        }
    } else {
        return false;
    }
    return true;
}

/* ---- JSON-RPC ---- */

static unsigned count_method(struct node *node, struct json_view method)
{
    unsigned which = 0;
    while (which < METHOD_OTHER && !json_is(method, methods[which]))
        which++;
    node->calls[which]++;
    node->all_calls++;
    if (node->head_count)
        node->heads[node->head_count - 1].calls[which]++;
    return which;
}

static const char *result(struct node *node, struct json_view method, struct json_view params, struct text *out)
{
    struct eth_address address;
    if (test_method(node, method, params, out))
        return NULL;
    switch (count_method(node, method)) {
    case 0: text_add_format(out, "\"0x%x\"", FAKE_CHAIN_ID); return NULL;
    case 1: text_add(out, "false"); return NULL;
    case 2: case 3: get_block(node, json_path(params, "0"), out); return NULL;
    case 4: get_logs(node, params, out); return NULL;
    case 5: return eth_call(node, params, out);
    case 6:
        text_add(out, json_hex_exact(json_path(params, "0"), address.octets, 20) == OK && fake_chain_has_code(&address) ? "\"0x60016001\"" : "\"0x\"");
        return NULL;
    case 7: text_add_format(out, "\"0x%" PRIx64 "\"", fake_chain_head(node->chain)); return NULL;
    default: return "{\"code\":-32601,\"message\":\"the method does not exist\"}";
    }
}

static void answer(struct node *node, struct json_view call, struct text *out)
{
    struct slice id = json_raw(json_member(call, "id"));
    text_add(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    text_add_bytes(out, id.length ? id.data : "null", id.length ? id.length : 4);
    size_t begin = out->length;
    text_add(out, ",\"result\":");
    const char *error = result(node, json_member(call, "method"), json_member(call, "params"), out);
    if (error) {
        out->length = begin;
        text_add(out, ",\"error\":");
        text_add(out, error);
    }
    text_add_char(out, '}');
}

/* ---- HTTP ---- */

static bool send_all(int fd, const char *data, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, data, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        data += sent;
        count -= (size_t)sent;
    }
    return true;
}

static bool respond(struct node *node, struct client *client, const char *body, size_t bytes)
{
    struct json_view view;
    struct text out;
    char head[128];
    if (json_read(body, bytes, BODY_MAX, &view) != OK)
        return false;
    const uint64_t before = node->all_calls;
    text_growing(&out);
    if (json_kind(view) == JSON_ARRAY) {
        const char *comma = "[";
        for (struct json_walk walk = json_walk(view); json_step(&walk); comma = ",") {
            text_add(&out, comma);
            answer(node, walk.value, &out);
        }
        text_add_char(&out, ']');
    } else {
        answer(node, view, &out);
    }
    int length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n", out.length);
    if (node->all_calls != before) {
        node->requests++;
        node->in += bytes;
        node->out += out.length;
    }
    bool sent = !out.full && send_all(client->fd, head, (size_t)length) && send_all(client->fd, out.data, out.length);
    text_clear(&out);
    return sent;
}

/* Whole requests that have come. false: the connection is over */
static bool take(struct node *node, struct client *client)
{
    for (;;) {
        char *end = client->in.data ? memmem(client->in.data, client->in.length, "\r\n\r\n", 4) : NULL;
        if (!end)
            return client->in.length < READ_BYTES;
        *end = '\0';
        const char *length = strcasestr(client->in.data, "\r\ncontent-length:");
        *end = '\r';
        size_t bytes = length ? strtoul(length + 17, NULL, 10) : 0, head = (size_t)(end - client->in.data) + 4;
        if (bytes == 0 || bytes > BODY_MAX)
            return false;
        if (client->in.length - head < bytes)
            return true;
        if (!respond(node, client, client->in.data + head, bytes))
            return false;
        client->in.length -= head + bytes;
        memmove(client->in.data, client->in.data + head + bytes, client->in.length);
    }
}

static bool hear(struct node *node, struct client *client)
{
    static char buffer[READ_BYTES];
    ssize_t count = recv(client->fd, buffer, sizeof buffer, 0);
    if (count <= 0)
        return count < 0 && errno == EINTR;
    text_add_bytes(&client->in, buffer, (size_t)count);
    return take(node, client);
}

static void accept_one(struct node *node)
{
    int fd = accept(node->listener, NULL, NULL), one = 1;
    if (fd < 0)
        return;
    if (node->client_count == CLIENTS_MAX) {
        close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof one);
    struct client *client = &node->clients[node->client_count++];
    client->fd = fd;
    text_growing(&client->in);
}

static bool turn(struct node *node)
{
    struct pollfd fds[CLIENTS_MAX + 2] = { { STDIN_FILENO, POLLIN, 0 }, { node->listener, POLLIN, 0 } };
    size_t count = node->client_count;
    int wait = -1;
    for (size_t i = 0; i < count; i++)
        fds[i + 2] = (struct pollfd){ node->clients[i].fd, POLLIN, 0 };
    if (node->every_ms) {
        uint64_t now = now_ms();
        wait = now >= node->next_ms ? 0 : (int)(node->next_ms - now);
    }
    if (poll(fds, count + 2, wait) < 0 && errno != EINTR)
        die("poll");
    if (node->every_ms && now_ms() >= node->next_ms) {
        node->next_ms += node->every_ms;
        mine(node, &node->plan);
    }
    for (size_t i = count; i-- > 0; ) {
        if (fds[i + 2].revents == 0 || hear(node, &node->clients[i]))
            continue;
        close(node->clients[i].fd);
        text_clear(&node->clients[i].in);
        node->clients[i] = node->clients[--node->client_count];
    }
    if (fds[1].revents)
        accept_one(node);
    char nothing[64];
    return fds[0].revents == 0 || read(STDIN_FILENO, nothing, sizeof nothing) > 0;
}

static void say_address(const char *name, const struct eth_address *address)
{
    printf(", \"%s\": \"0x", name);
    for (size_t i = 0; i < sizeof address->octets; i++)
        printf("%02x", address->octets[i]);
    printf("\"");
}

int main(int argc, char **argv)
{
    static struct node node;
    const struct fake_block_plan plan = { 0 };
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof here;
    unsigned names = 1000;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--names") == 0)
            names = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--port") == 0)
            here.sin_port = htons((uint16_t)strtoul(argv[i + 1], NULL, 10));
    }
    node.chain = fake_chain_new(names);
    node.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!node.chain || node.listener < 0 || bind(node.listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(node.listener, CLIENTS_MAX) != 0
        || getsockname(node.listener, (struct sockaddr *)&here, &bytes) != 0)
        die("cannot start");
    for (unsigned i = 0; i < 3; i++)
        mine(&node, &plan);
    printf("READY {\"rpc\": \"http://127.0.0.1:%u\", \"chainId\": %d, \"names\": %u", ntohs(here.sin_port), FAKE_CHAIN_ID, names);
    say_address("registry", &fake_registry);
    say_address("baseRegistrar", &fake_registrar);
    say_address("resolver", &fake_resolver);
    say_address("multicall3", &fake_multicall);
    printf("}\n");
    fflush(stdout);
    while (turn(&node))
        continue;
    for (size_t i = 0; i < node.client_count; i++) {
        close(node.clients[i].fd);
        text_clear(&node.clients[i].in);
    }
    close(node.listener);
    fake_chain_free(node.chain);
    return 0;
}
