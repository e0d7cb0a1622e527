/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include "crypto/keccak.h"
#include "ethereum/header.h"
#include "json/pull.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const struct eth_address world_registry = { { 0xaa, 1 } }, world_contract = { { 0xcc, 2 } }, world_multicall = { { 0xdd, 3 } };

/* ---- the world ---- */

void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    pthread_mutex_init(&world->lock, NULL);
    world->head = 100;
    world->multicall = true;
}

void world_clear(struct world *world) { pthread_mutex_destroy(&world->lock); }

void world_mine(struct world *world, unsigned blocks)
{
    pthread_mutex_lock(&world->lock);
    world->head += blocks;
    pthread_mutex_unlock(&world->lock);
}

void world_fork(struct world *world, uint64_t from, uint64_t head)
{
    pthread_mutex_lock(&world->lock);
    for (uint64_t i = from; i < WORLD_BLOCKS; i++)
        world->fork[i]++;
    world->head = head;
    pthread_mutex_unlock(&world->lock);
}

void world_log(struct world *world, const struct eth_address *address, uint8_t topic)
{
    pthread_mutex_lock(&world->lock);
    world->logs[world->log_count++] = (struct world_log){ world->head + 1, *address, { { topic } } };
    pthread_mutex_unlock(&world->lock);
}

static struct eth_word hash_of(const struct world *world, uint64_t number)
{
    uint8_t seed[12] = { "block" };
    struct eth_word hash;
    memcpy(seed + 4, &number, sizeof number);
    seed[3] = number < WORLD_BLOCKS ? world->fork[number] : 0;
    keccak256(seed, sizeof seed, hash.octets);
    return hash;
}

struct eth_word world_hash(struct world *world, uint64_t number)
{
    pthread_mutex_lock(&world->lock);
    struct eth_word hash = hash_of(world, number);
    pthread_mutex_unlock(&world->lock);
    return hash;
}

struct eth_word world_value(struct slice calldata, const struct eth_word *block)
{
    struct keccak256 state;
    struct eth_word word;
    keccak256_init(&state);
    keccak256_add(&state, calldata.data, calldata.length);
    keccak256_add(&state, block->octets, 32);
    keccak256_end(&state, word.octets);
    return word;
}

/* ---- JSON-RPC ---- */

static void add_hex(struct text *out, const void *octets, size_t count)
{
    text_add(out, "\"0x");
    text_add_hex(out, octets, count, false);
    text_add_char(out, '"');
}

static bool block_number(struct peer *peer, struct json_view value, uint64_t *out)
{
    struct world *world = peer->world;
    struct eth_word hash;
    uint64_t lag = (uint64_t)atomic_load(&peer->lag);
    if (json_is(value, "latest") || json_is(value, "safe") || json_is(value, "finalized")) {
        *out = world->head - lag;
        return true;
    }
    if (json_kind(value) == JSON_OBJECT)
        value = json_member(value, "blockHash");
    if (json_hex_exact(value, hash.octets, 32) != OK)
        return false;
    for (uint64_t number = 0; number <= world->head - lag; number++) {
        struct eth_word have = hash_of(world, number);
        *out = number;
        if (eth_word_equal(&have, &hash))
            return true;
    }
    return false;
}

static void add_block(struct peer *peer, struct text *out, uint64_t number)
{
    struct world *world = peer->world;
    struct eth_word hash = hash_of(world, number), parent = hash_of(world, number - 1), root = { { 7 } };
    uint8_t bloom[256] = { 0 };
    for (size_t i = 0; i < world->log_count; i++) {
        struct bloom_bits bits = bloom_bits_of(world->logs[i].address.octets, 20);
        for (unsigned k = 0; k < 3 && world->logs[i].block == number; k++)
            bloom[255 - bits.bit[k] / 8] |= (uint8_t)(1 << bits.bit[k] % 8);
    }
    if (atomic_load(&peer->lie_header))
        memset(bloom, 0xff, sizeof bloom);
    text_add_format(out, "{\"number\":\"0x%llx\",\"timestamp\":\"0x%llx\",\"transactions\":[\"0x00\"],\"hash\":", (unsigned long long)number, (unsigned long long)(1700000000 + number));
    add_hex(out, hash.octets, 32);
    text_add(out, ",\"parentHash\":");
    add_hex(out, parent.octets, 32);
    text_add(out, ",\"logsBloom\":");
    add_hex(out, bloom, sizeof bloom);
    text_add(out, ",\"stateRoot\":");
    add_hex(out, root.octets, 32);
    text_add_char(out, '}');
}

/* One call to a contract of the world.  01..: a value; fe..: a revert with data; ff..: one without; 00..: nothing */
static bool contract(struct peer *peer, struct slice calldata, uint64_t block, struct text *out)
{
    uint8_t first = calldata.length ? (uint8_t)calldata.data[0] : 0;
    struct eth_word hash = hash_of(peer->world, block);
    struct eth_word word = world_value(calldata, &hash);
    word.octets[0] = (uint8_t)(word.octets[0] + atomic_load(&peer->lie));
    if (first == 0xfe) {
        uint8_t error[4] = { 0x08, 0xc3, 0x79, (uint8_t)(0xa0 + atomic_load(&peer->lie)) };
        text_add_hex(out, error, 4, false);
        text_add_hex(out, word.octets, 32, false);
        return false;
    }
    if (first == 0xff)
        return false;
    if (first != 0)
        text_add_hex(out, word.octets, 32, false);
    return true;
}

static uint64_t number_at(struct slice data, size_t at)
{
    uint64_t number = 0;
    for (size_t i = 24; i < 32 && at + 32 <= data.length; i++)
        number = number << 8 | (uint8_t)data.data[at + i];
    return number;
}

static void add_number(struct text *out, uint64_t number) { text_add_format(out, "%064llx", (unsigned long long)number); }

/* aggregate3, as the contract does it; written apart from what is tested. */
static bool aggregate(struct peer *peer, struct slice data, uint64_t block, struct text *out)
{
    struct slice args = slice_of(data.data + 4, data.length - 4);
    size_t count = (size_t)number_at(args, 32), offset = 32 * count;
    struct text heads, tails;
    text_growing(&heads);
    text_growing(&tails);
    for (size_t i = 0; i < count; i++) {
        size_t tuple = 64 + (size_t)number_at(args, 64 + 32 * i), bytes = tuple + (size_t)number_at(args, tuple + 64);
        struct text value;
        text_growing(&value);
        bool success = contract(peer, slice_of(args.data + bytes + 32, (size_t)number_at(args, bytes)), block, &value);
        add_number(&heads, offset);
        add_number(&tails, success);
        add_number(&tails, 64);
        add_number(&tails, value.length / 2);
        text_add_bytes(&tails, value.data ? value.data : "", value.length);
        size_t pad = (64 - value.length % 64) % 64;
        for (size_t k = 0; k < pad; k++)
            text_add_char(&tails, '0');
        offset += 96 + (value.length + pad) / 2;
        text_clear(&value);
    }
    add_number(out, 32);
    add_number(out, count);
    text_add_bytes(out, heads.data ? heads.data : "", heads.length);
    text_add_bytes(out, tails.data ? tails.data : "", tails.length);
    text_clear(&heads);
    text_clear(&tails);
    return peer->world->together_max == 0 || count <= peer->world->together_max;
}

static void add_revert(struct peer *peer, struct text *out, const char *hex)
{
    static const char *const shapes[] = {
        "\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x%s\"}",
        "\"error\":{\"code\":-32000,\"message\":\"execution reverted\",\"data\":{\"data\":\"0x%s\"}}",
        "\"error\":{\"code\":-32603,\"message\":\"internal\",\"data\":{\"originalError\":{\"data\":\"0x%s\"}}}",
        "\"error\":{\"code\":-32000,\"message\":\"VM Exception\",\"data\":{\"result\":\"0x%s\"}}",
        "\"error\":{\"code\":-32015,\"message\":\"VM execution error.\",\"data\":\"Reverted 0x%s\"}",
        "\"error\":{\"code\":-32000,\"message\":\"reverted\"},\"result\":\"0x%s\"",
    };
    size_t shape = (size_t)atomic_load(&peer->shape) % LENGTH_OF(shapes);
    const char *at = strstr(shapes[shape], "%s");
    text_add_bytes(out, shapes[shape], (size_t)(at - shapes[shape]));
    text_add(out, hex);
    text_add(out, at + 2);
}

static void pause_ms(unsigned ms) { nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL); }

/* Contracts that are heavy for every node: one returns 3 MB, one takes its time. */
static bool heavy(struct slice data, struct text *out)
{
    if (data.length == 0 || (data.data[0] != 2 && data.data[0] != 3))
        return false;
    text_add(out, "\"result\":\"0x");
    for (unsigned i = 0; i < (data.data[0] == 2 ? 100000 : 1); i++)
        text_add(out, "0000000000000000000000000000000000000000000000000000000000000001");
    text_add_char(out, '"');
    return true;
}

static void eth_call(struct peer *peer, struct json_view params, struct text *out)
{
    struct json_view tx = json_path(params, "0");
    struct eth_address to;
    struct slice digits;
    uint64_t block;
    atomic_fetch_add(&peer->eth_calls, 1);
    if (json_hex_exact(json_member(tx, "to"), to.octets, 20) != OK || json_hex(json_member(tx, "data"), &digits) != OK) {
        text_add(out, "\"error\":{\"code\":-32602,\"message\":\"bad params\"}");
        return;
    }
    if (!block_number(peer, json_path(params, "1"), &block)) {
        text_add(out, "\"error\":{\"code\":-32000,\"message\":\"header not found\"}");
        return;
    }
    if (atomic_load(&peer->starved)) {
        text_add(out, "\"error\":{\"code\":-32000,\"message\":\"out of gas\"}");
        return;
    }
    uint8_t *octets = malloc(digits.length / 2 + 1);
    struct text value;
    text_growing(&value);
    if (json_digits_decode(digits, octets) != OK)
        abort();
    struct slice data = slice_of((const char *)octets, digits.length / 2);
    if (heavy(data, out)) {
        text_clear(&value);
        free(octets);
        return;
    }
    bool together = eth_address_equal(&to, &world_multicall);
    bool fine = !together ? contract(peer, data, block, &value) : !peer->world->multicall || aggregate(peer, data, block, &value);
    if (together && !fine) {
        text_add(out, "\"error\":{\"code\":-32000,\"message\":\"out of gas\"}");
    } else if (!fine) {
        add_revert(peer, out, value.data ? value.data : "");
    } else {
        text_add(out, "\"result\":\"0x");
        text_add(out, value.data ? value.data : "");
        text_add_char(out, '"');
    }
    text_clear(&value);
    free(octets);
}

static void get_logs(struct peer *peer, struct json_view params, struct text *out)
{
    struct json_view filter = json_path(params, "0"), wanted = json_member(filter, "address");
    uint64_t block = 0;
    bool any = false;
    atomic_fetch_add(&peer->get_logs, 1);
    if (!block_number(peer, filter, &block)) {
        text_add(out, "\"error\":{\"code\":-32000,\"message\":\"unknown block\"}");
        return;
    }
    text_add(out, "\"result\":[");
    for (size_t i = 0; i < peer->world->log_count && !atomic_load(&peer->omit_logs); i++) {
        const struct world_log *log = &peer->world->logs[i];
        struct eth_word hash = hash_of(peer->world, block);
        bool matches = json_kind(wanted) == JSON_NONE;
        for (struct json_walk walk = json_walk(wanted); json_step(&walk); ) {
            struct eth_address address;
            matches |= json_hex_exact(walk.value, address.octets, 20) == OK && eth_address_equal(&address, &log->address);
        }
        if (log->block != block || !matches)
            continue;
        text_add(out, any ? ",{\"address\":" : "{\"address\":");
        add_hex(out, log->address.octets, 20);
        text_add(out, ",\"topics\":[");
        add_hex(out, log->topic.octets, 32);
        text_add(out, "],\"data\":\"0x0102\",\"blockHash\":");
        add_hex(out, hash.octets, 32);
        text_add(out, ",\"removed\":false}");
        any = true;
    }
    text_add_char(out, ']');
}

static void method(struct peer *peer, struct json_view call, struct text *out)
{
    struct json_view name = json_member(call, "method"), params = json_member(call, "params");
    uint64_t number;
    atomic_fetch_add(&peer->calls, 1);
    if (atomic_load(&peer->limited))
        text_add(out, "\"error\":{\"code\":-32005,\"message\":\"daily request count exceeded, request rate limited\"}");
    else if (json_is(name, "eth_chainId"))
        text_add_format(out, "\"result\":\"0x%x\"", atomic_load(&peer->wrong_chain) ? 1 : WORLD_CHAIN);
    else if (json_is(name, "eth_syncing") && atomic_load(&peer->no_syncing))
        text_add(out, "\"error\":{\"code\":-32601,\"message\":\"the method does not exist\"}");
    else if (json_is(name, "eth_syncing"))
        text_add(out, atomic_load(&peer->syncing) ? "\"result\":{\"currentBlock\":\"0x1\"}" : "\"result\":false");
    else if (json_is(name, "eth_getCode"))
        text_add(out, atomic_load(&peer->no_code) ? "\"result\":\"0x\"" : atomic_load(&peer->other_code) ? "\"result\":\"0xfe\"" : "\"result\":\"0x6001\"");
    else if (json_is(name, "eth_getStorageAt"))
        text_add_format(out, "\"result\":\"0x%064x\"", 9 + atomic_load(&peer->lie));
    else if (json_is(name, "eth_call"))
        eth_call(peer, params, out);
    else if (json_is(name, "eth_getLogs"))
        get_logs(peer, params, out);
    else if (json_is(name, "eth_getBlockByNumber") || json_is(name, "eth_getBlockByHash")) {
        atomic_fetch_add(&peer->polls, json_is(name, "eth_getBlockByNumber"));
        bool known = block_number(peer, json_path(params, "0"), &number);
        text_add(out, known ? "\"result\":" : "\"result\":null");
        if (known)
            add_block(peer, out, number);
    } else
        text_add(out, "\"error\":{\"code\":-32601,\"message\":\"the method does not exist\"}");
}

static void answer_call(struct peer *peer, struct json_view call, struct text *out)
{
    struct slice id = json_raw(json_member(call, "id"));
    text_add(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    text_add_bytes(out, id.data, id.length);
    text_add_char(out, ',');
    struct slice data;
    if (json_hex(json_path(json_member(call, "params"), "0.data"), &data) == OK && data.length > 1 && memcmp(data.data, "03", 2) == 0)
        pause_ms(500);          /* not within the lock: others go on */
    pthread_mutex_lock(&peer->world->lock);
    method(peer, call, out);
    pthread_mutex_unlock(&peer->world->lock);
    text_add_char(out, '}');
}

/* Batches are answered back to front: their order means nothing. */
static void answer(struct peer *peer, struct json_view request, struct text *out)
{
    struct json_view calls[64];
    size_t count = 0;
    if (json_kind(request) != JSON_ARRAY) {
        answer_call(peer, request, out);
        return;
    }
    for (struct json_walk walk = json_walk(request); json_step(&walk) && count < LENGTH_OF(calls); )
        calls[count++] = walk.value;
    text_add_char(out, '[');
    while (count-- > 0) {
        answer_call(peer, calls[count], out);
        if (count > 0)
            text_add_char(out, ',');
    }
    text_add_char(out, ']');
}

/* ---- HTTP ---- */


static bool send_all(int fd, const char *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, data, bytes, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        bytes -= (size_t)sent;
    }
    return true;
}

static bool send_giant(int fd)
{
    static const size_t bytes = 20000000;
    char head[128], filler[16384];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n\"", bytes);
    memset(filler, 'a', sizeof filler);
    if (!send_all(fd, head, strlen(head)))
        return false;
    for (size_t sent = 1; sent < bytes; sent += sizeof filler) {
        if (!send_all(fd, filler, sizeof filler))
            return false;
    }
    return false;
}

static bool send_reply(struct peer *peer, int fd, unsigned status, const struct text *body)
{
    char head[256], later[64] = "";
    if (atomic_load(&peer->retry_after))
        snprintf(later, sizeof later, "Retry-After: %d\r\n", atomic_load(&peer->retry_after));
    size_t length = atomic_load(&peer->cut) ? body->length / 2 : body->length;
    snprintf(head, sizeof head, "HTTP/1.1 %u Told\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n", status, later, length);
    if (!send_all(fd, head, strlen(head)))
        return false;
    for (size_t i = 0; atomic_load(&peer->drip) && i < length; i++) {
        if (atomic_load(&peer->stopping) || !send_all(fd, body->data + i, 1))
            return false;
        pause_ms(20);
    }
    return atomic_load(&peer->drip) || send_all(fd, body->data, length);
}

static bool serve_request(struct peer *peer, int fd, const char *body, size_t bytes)
{
    struct json_view request;
    struct text out;
    atomic_fetch_add(&peer->requests, 1);
    if (json_read(body, bytes, 1 << 20, &request) != OK)
        return false;
    while (atomic_load(&peer->silent) && !atomic_load(&peer->stopping))
        pause_ms(10);
    if (atomic_load(&peer->hang_up))
        return false;
    if (atomic_load(&peer->giant))
        return send_giant(fd);
    text_growing(&out);
    unsigned status = (unsigned)atomic_load(&peer->http);
    int no_batch = json_kind(request) == JSON_ARRAY ? atomic_load(&peer->no_batch) : 0;
    if (status)
        text_add(&out, "{}");
    else if (no_batch)
        text_add(&out, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"batches are not for you\"}}");
    else if (atomic_load(&peer->garbage))
        text_add(&out, "<html>busy</html>");
    else
        answer(peer, request, &out);
    bool on = send_reply(peer, fd, status ? status : no_batch == 2 ? 400 : 200, &out);
    text_clear(&out);
    return on;
}

struct connection { struct peer *peer; int fd; };

/* Length of the body, once the head is whole. */
static bool head_read(const char *data, size_t have, size_t *head, size_t *body)
{
    const char *end = memmem(data, have, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    *head = (size_t)(end - data) + 4;
    const char *at = memmem(data, *head, "ontent-Length:", 14);
    if (at == NULL)
        at = memmem(data, *head, "ontent-length:", 14);
    *body = at ? strtoul(at + 14, NULL, 10) : 0;
    return true;
}

static void *connection_main(void *argument)
{
    struct connection *c = argument;
    static const size_t room = 1 << 20;
    char *data = malloc(room + 1);
    size_t have = 0, head = 0, body = 0;
    bool on = true;
    while (on && !atomic_load(&c->peer->stopping)) {
        if (head_read(data, have, &head, &body) && have >= head + body) {
            on = serve_request(c->peer, c->fd, data + head, body);
            memmove(data, data + head + body, have - head - body);
            have -= head + body;
            continue;
        }
        ssize_t got = recv(c->fd, data + have, room - have, 0);
        if (got < 0)
            continue;               /* the time is up: looks whether it must end */
        on = got > 0;
        have += (size_t)got;
    }
    close(c->fd);
    free(data);
    atomic_fetch_sub(&c->peer->connections, 1);
    free(c);
    return NULL;
}

static void *peer_main(void *argument)
{
    struct peer *peer = argument;
    while (!atomic_load(&peer->stopping)) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            continue;
        struct connection *c = malloc(sizeof *c);
        pthread_t thread;
        *c = (struct connection){ peer, fd };
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 20000 }, sizeof(struct timeval));
        atomic_fetch_add(&peer->connections, 1);
        if (pthread_create(&thread, NULL, connection_main, c) != 0)
            abort();
        pthread_detach(thread);
    }
    return NULL;
}

void peer_start(struct peer *peer, struct world *world)
{
    memset(peer, 0, sizeof *peer);
    peer->world = world;
    struct sockaddr_in where = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof where;
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(peer->listener, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 20000 }, sizeof(struct timeval));
    if (bind(peer->listener, (struct sockaddr *)&where, size) != 0 || listen(peer->listener, 64) != 0 || getsockname(peer->listener, (struct sockaddr *)&where, &size) != 0)
        abort();
    peer->port = ntohs(where.sin_port);
    snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%u/key-0123456789", peer->port);
    if (pthread_create(&peer->thread, NULL, peer_main, peer) != 0)
        abort();
}

void peer_stop(struct peer *peer)
{
    atomic_store(&peer->stopping, true);
    pthread_join(peer->thread, NULL);
    while (atomic_load(&peer->connections) > 0)
        pause_ms(2);
    close(peer->listener);
}
