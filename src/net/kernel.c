/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the program, attaches it, and maps its tables; then it is plain memory (kernel_table.c). */
#include "net/kernel_table.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static_assert((int)NET_KERNEL_ZONES == (int)KERNEL_ZONES && (int)NET_KERNEL_KINDS == (int)KERNEL_KINDS && (int)NET_KERNEL_PASSES == (int)KERNEL_PASSES &&
              (int)NET_KERNEL_TYPES == (int)KERNEL_TYPES && (int)NET_KERNEL_QUERY_SIZES == (int)KERNEL_QUERY_BUCKETS &&
              (int)NET_KERNEL_REPLY_SIZES == (int)KERNEL_REPLY_BUCKETS, "the program's numbers are those of the face");
static_assert(sizeof(struct kernel_work) == 64 && sizeof(struct kernel_cpu) % 4096 == 0, "what is used together lies together");

extern const unsigned char kernel_program[];        /* made of kernel.bpf.c by the build */
extern const size_t kernel_program_bytes;

struct mapped { void *at; size_t bytes; };
struct net_kernel {
    struct bpf_object *object;
    struct { unsigned index; int link; } interfaces[KERNEL_ENDPOINTS];
    size_t interface_count;
    struct mapped control, buckets, chunks, cpus;
    unsigned cpu_count;
    struct kernel_table table;
};

bool net_kernel_built(void) { return true; }

static enum status refuse(struct diagnostics *diag, enum status st, const char *interface, const char *text)
{
    diagnostics_add(diag, SEVERITY_ERROR, "xdp", NULL, "xdp%s%s: %s", *interface ? " on " : "", interface, text);
    return st;
}

/* CAP_PERFMON is what lets the verifier take arithmetic on pointers, and CAP_SYS_ADMIN is as good as it and CAP_BPF. */
static bool is_privileged(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
    if (syscall(SYS_capget, &header, sets) != 0)
        return true;        /* who knows; then the kernel's own words are told */
    uint64_t has = sets[0].effective | (uint64_t)sets[1].effective << 32, admin = UINT64_C(1) << CAP_NET_ADMIN;
    uint64_t wanted = admin | UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON, all = admin | UINT64_C(1) << CAP_SYS_ADMIN;
    return (has & wanted) == wanted || (has & all) == all;
}

static enum status refuse_rights(struct diagnostics *diag, const char *interface)
{
    return refuse(diag, E_REFUSED, interface, "it needs CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON and the system call bpf(): start as root, with `user` to "
                  "become somebody else, or give the service the drop-in of docs/kernel.md");
}

/* ---- interfaces ---- */

struct interface { unsigned index, mtu; uint8_t mac[6]; };

static bool ask(int fd, unsigned long request, const char *name, struct ifreq *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->ifr_name, sizeof out->ifr_name, "%s", name);
    return ioctl(fd, request, out) == 0;
}

/* A driver that takes VLAN tags off on the way in hides them from the program, which would answer without. */
static bool strips_tags(int fd, const char *name)
{
    struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
    struct ifreq request = { .ifr_data = (char *)&flags };
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    return ioctl(fd, SIOCETHTOOL, &request) == 0 && (flags.data & ETH_FLAG_RXVLAN);
}

static bool carries_vlans(const char *name)
{
    char line[256], below[64];
    bool found = false;
    FILE *file = fopen("/proc/net/vlan/config", "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *bar = strrchr(line, '|');
        found = bar && sscanf(bar + 1, "%63s", below) == 1 && strcmp(below, name) == 0;
    }
    if (file)
        fclose(file);
    return found;
}

static enum status interface_look(const char *name, struct interface *out, struct diagnostics *diag)
{
    struct ifreq answer;
    enum status st = OK;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    out->index = if_nametoindex(name);
    if (fd < 0 || out->index == 0)
        st = refuse(diag, E_REFUSED, name, "there is no such interface");
    else if (!ask(fd, SIOCGIFMTU, name, &answer))
        st = refuse(diag, E_SYSTEM, name, strerror(errno));
    out->mtu = st == OK ? (unsigned)answer.ifr_mtu : 0;
    if (st == OK && (!ask(fd, SIOCGIFHWADDR, name, &answer) || answer.ifr_hwaddr.sa_family != 1 /* Ethernet */))
        st = refuse(diag, E_REFUSED, name, "it is no Ethernet interface");
    if (st == OK)
        memcpy(out->mac, answer.ifr_hwaddr.sa_data, sizeof out->mac);
    if (st == OK && carries_vlans(name) && strips_tags(fd, name))
        st = refuse(diag, E_REFUSED, name, "its driver takes VLAN tags off before the program sees them; `ethtool -K INTERFACE rxvlan off` keeps them");
    if (fd >= 0)
        close(fd);
    return st;
}

/* An interface that was deleted and made again under its name is another one, on which no program hangs. */
static bool is_attached(const struct net_kernel *k, unsigned index)
{
    for (size_t i = 0; i < k->interface_count; i++) {
        if (k->interfaces[i].index == index)
            return true;
    }
    return false;
}

static enum status attach(struct net_kernel *k, const char *name, unsigned index, struct diagnostics *diag)
{
    const struct bpf_program *program = bpf_object__find_program_by_name(k->object, "rhizome_answer");
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
    if (is_attached(k, index))
        return OK;
    int link = bpf_link_create(bpf_program__fd(program), (int)index, BPF_XDP, &options);
    if (link < 0) {
        switch (errno) {
        case EPERM: return refuse_rights(diag, name);
        case EBUSY:
        case EEXIST: return refuse(diag, E_REFUSED, name, "another XDP program is attached to it");
        case EOPNOTSUPP: return refuse(diag, E_REFUSED, name, "its driver does not support XDP (native mode)");
        case ERANGE:
        case EINVAL: return refuse(diag, E_REFUSED, name, "its driver refuses XDP (native mode) as it is set up; often the MTU is too large");
        default: return refuse(diag, E_SYSTEM, name, strerror(errno));
        }
    }
    k->interfaces[k->interface_count].index = index;
    k->interfaces[k->interface_count].link = link;
    k->interface_count++;
    return OK;
}

/* ---- the program and its maps ---- */

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static enum status size_maps(struct net_kernel *k, uint64_t memory)
{
    struct kernel_table *t = &k->table;
    uint64_t chunks = memory / KERNEL_CHUNK;
    t->chunk_count = (uint32_t)(chunks < 1 ? 1 : chunks > 1 << 19 ? 1 << 19 : chunks);
    t->bucket_room = 64;
    while (t->bucket_room < (uint64_t)t->chunk_count * KERNEL_CHUNK / 512)     /* four records of 128 octets to each */
        t->bucket_room *= 2;
    int cpus = libbpf_num_possible_cpus();
    if (cpus < 1)
        return E_SYSTEM;
    k->cpu_count = (unsigned)cpus;
    const struct { const char *name; uint32_t entries; } sizes[] = {
        { "buckets", t->bucket_room }, { "chunks", t->chunk_count }, { "cpus", k->cpu_count },
    };
    for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
        struct bpf_map *map = bpf_object__find_map_by_name(k->object, sizes[i].name);
        if (map == NULL || bpf_map__set_max_entries(map, sizes[i].entries) != 0)
            return E_SYSTEM;
    }
    return OK;
}

static bool map_memory(struct net_kernel *k, const char *name, struct mapped *out)
{
    const struct bpf_map *map = bpf_object__find_map_by_name(k->object, name);
    if (map == NULL)
        return false;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), value = (bpf_map__value_size(map) + 7u) & ~(size_t)7;
    size_t bytes = (value * bpf_map__max_entries(map) + page - 1) / page * page;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (at == MAP_FAILED)
        return false;
    *out = (struct mapped){ at, bytes };
    return true;
}

static void unmap(struct mapped *m)
{
    if (m->at != NULL)
        munmap(m->at, m->bytes);
    m->at = NULL;
}

/* The verifier's last words, for an operator to send us. */
static const char *last_line(char *log)
{
    char *at = log, *line = log;
    for (; *at; at++) {
        if (at[0] == '\n' && at[1] != 0 && strncmp(at + 1, "processed ", 10) != 0 && strncmp(at + 1, "verification ", 13) != 0 &&
            strncmp(at + 1, "stack depth", 11) != 0)
            line = at + 1;
    }
    line[strcspn(line, "\n")] = 0;
    return line;
}

static enum status load_program(struct net_kernel *k, uint64_t memory, struct diagnostics *diag)
{
    enum { LOG_BYTES = 1 << 16 };
    (void)libbpf_set_print(silent);
    k->object = bpf_object__open_mem(kernel_program, kernel_program_bytes, NULL);
    if (k->object == NULL || size_maps(k, memory) != OK)
        return refuse(diag, E_SYSTEM, "", "the program inside of this file is damaged, or libbpf does not know it");
    char *log = mem_alloc(LOG_BYTES);
    struct bpf_program *program = bpf_object__find_program_by_name(k->object, "rhizome_answer");
    if (log == NULL || program == NULL) {
        mem_free(log);
        return E_NOMEM;
    }
    (void)bpf_program__set_log_buf(program, log, LOG_BYTES);
    enum status st = OK;
    int error = bpf_object__load(k->object);
    if (error == -EPERM || (error != 0 && !is_privileged()))
        st = refuse_rights(diag, "");
    else if (error == -ENOMEM)
        st = refuse(diag, E_NOMEM, "", "the kernel has no memory for the table: make xdp-memory smaller");
    else if (error != 0)
        st = refuse(diag, E_REFUSED, "", *log ? last_line(log) : "the kernel does not take the program: it needs Linux 5.18 with CONFIG_BPF_SYSCALL");
    (void)bpf_program__set_log_buf(program, NULL, 0);
    mem_free(log);
    return st;
}

/* synchronize_rcu(): what runs in the kernel now has ended, programs too. */
static void wait_for_program(void *context)
{
    (void)context;
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static bool map_all(struct net_kernel *k)
{
    struct kernel_table *t = &k->table;
    if (!map_memory(k, ".bss", &k->control) || !map_memory(k, "buckets", &k->buckets) || !map_memory(k, "chunks", &k->chunks) ||
        !map_memory(k, "cpus", &k->cpus))
        return false;
    t->control = k->control.at;
    t->buckets = k->buckets.at;
    t->chunks = k->chunks.at;
    t->chunk_stride = sizeof(struct kernel_chunk);
    t->generations = t->control->generations;
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    t->wait = commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL) ? wait_for_program : NULL;
    return kernel_table_init(t) == OK;
}

/* ---- endpoints ---- */

enum { LARGEST_HEADERS = 40 + 8 };

static bool is_wildcard(const struct address *a)
{
    for (size_t i = 0; i < (a->family == 4 ? 4u : 16u); i++) {
        if (a->bytes[i] != 0)
            return false;
    }
    return true;
}

static void control_limits(struct kernel_control *c, uint16_t payload, unsigned mtu)
{
    unsigned room = mtu > LARGEST_HEADERS ? mtu - LARGEST_HEADERS : 0;
    room = room < KERNEL_REPLY_MAX ? room : KERNEL_REPLY_MAX;
    c->udp_payload = payload;
    if (c->reply_max == 0 || room < c->reply_max)
        c->reply_max = (uint16_t)room;
}

static void control_rates(struct kernel_control *c, const struct net_kernel_options *o)
{
    const struct address ones4 = address_mask((struct address){ .family = 4, .bytes = { 255, 255, 255, 255 } }, o->prefix4);
    struct address ones6 = { .family = 6 };
    memset(ones6.bytes, 255, sizeof ones6.bytes);
    ones6 = address_mask(ones6, o->prefix6);
    memcpy(&c->limit_mask4, ones4.bytes, sizeof c->limit_mask4);
    memcpy(c->limit_mask6, ones6.bytes, sizeof c->limit_mask6);
    c->limit_most_ns = (1 + (uint64_t)o->window_seconds) * UINT64_C(1000000000);
    __atomic_store_n(&c->limit_cost_ns, o->responses_per_second ? UINT64_C(1000000000) / o->responses_per_second : 0, __ATOMIC_RELEASE);
}

static struct kernel_endpoint endpoint_of(const struct net_kernel_listener *l, unsigned interface)
{
    struct kernel_endpoint e = { .family = l->endpoint.address.family, .interface = interface };
    const uint8_t port[2] = { (uint8_t)(l->endpoint.port >> 8), (uint8_t)l->endpoint.port };
    memcpy(e.address, l->endpoint.address.bytes, l->endpoint.address.family == 4 ? 4 : 16);
    memcpy(&e.port, port, sizeof port);
    return e;
}

static void endpoint_set(struct kernel_control *c, const struct net_kernel_listener *l, const struct interface *at)
{
    struct kernel_endpoint *e = &c->endpoints[c->endpoint_count];
    *e = endpoint_of(l, at->index);
    memcpy(e->mac, at->mac, sizeof e->mac);
    __atomic_store_n(&c->endpoint_count, c->endpoint_count + 1, __ATOMIC_RELEASE);
}

static enum status endpoints_open(struct net_kernel *k, const struct net_kernel_options *options, struct diagnostics *diag)
{
    if (options->listener_count == 0 || options->listener_count > KERNEL_ENDPOINTS)
        return refuse(diag, E_LIMIT, "", "at most 16 listeners can have it");
    control_rates(k->control.at, options);
    for (size_t i = 0; i < options->listener_count; i++) {
        const struct net_kernel_listener *l = &options->listeners[i];
        struct interface at;
        if (is_wildcard(&l->endpoint.address))
            return refuse(diag, E_REFUSED, l->interface, "the listener needs an address of its own, not all of them");
        enum status st = interface_look(l->interface, &at, diag);
        if (st == OK)
            st = attach(k, l->interface, at.index, diag);
        if (st != OK)
            return st;
        control_limits(k->control.at, options->udp_payload, at.mtu);
        endpoint_set(k->control.at, l, &at);
    }
    return OK;
}

/* ---- the face ---- */

enum status net_kernel_open(const struct net_kernel_options *options, struct net_kernel **out, struct diagnostics *diag)
{
    struct net_kernel *k = mem_alloc(sizeof *k);
    if (k == NULL)
        return E_NOMEM;
    enum status st = load_program(k, options->memory_bytes, diag);
    if (st == OK && !map_all(k))
        st = refuse(diag, E_SYSTEM, "", "the tables cannot be mapped");
    if (st == OK)
        st = endpoints_open(k, options, diag);
    if (st != OK) {
        net_kernel_close(k);
        return st;
    }
    *out = k;
    return OK;
}

void net_kernel_close(struct net_kernel *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->interface_count; i++)
        close(k->interfaces[i].link);
    unmap(&k->control);
    unmap(&k->buckets);
    unmap(&k->chunks);
    unmap(&k->cpus);
    kernel_table_clear(&k->table);
    bpf_object__close(k->object);
    mem_free(k);
}

/* Whether one of the listeners is this one. */
static bool endpoint_stays(const struct kernel_endpoint *e, const struct net_kernel_options *options)
{
    for (size_t i = 0; i < options->listener_count; i++) {
        const struct kernel_endpoint o = endpoint_of(&options->listeners[i], if_nametoindex(options->listeners[i].interface));
        if (o.family == e->family && o.port == e->port && o.interface == e->interface && memcmp(o.address, e->address, sizeof o.address) == 0)
            return true;
    }
    return false;
}

void net_kernel_withdraw(struct net_kernel *k, const struct net_kernel_options *options)
{
    struct kernel_control *c = k->control.at;
    struct kernel_endpoint stay[KERNEL_ENDPOINTS];
    unsigned count = 0;
    for (unsigned i = 0; i < c->endpoint_count; i++) {
        if (endpoint_stays(&c->endpoints[i], options))
            stay[count++] = c->endpoints[i];
    }
    if (count == c->endpoint_count)
        return;
    /* None while they are written: the program must not see half of one. */
    __atomic_store_n(&c->endpoint_count, 0, __ATOMIC_RELEASE);
    if (k->table.wait)
        k->table.wait(NULL);
    memcpy(c->endpoints, stay, count * sizeof stay[0]);
    __atomic_store_n(&c->endpoint_count, count, __ATOMIC_RELEASE);
}

size_t net_kernel_change(struct net_kernel *k, const struct net_kernel_options *options)
{
    struct kernel_control *c = k->control.at;
    net_kernel_stop(k);
    __atomic_store_n(&c->endpoint_count, 0, __ATOMIC_RELEASE);
    if (k->table.wait)
        k->table.wait(NULL);
    c->reply_max = 0;
    control_rates(c, options);
    for (size_t i = 0; i < options->listener_count && c->endpoint_count < KERNEL_ENDPOINTS; i++) {
        const struct net_kernel_listener *l = &options->listeners[i];
        struct interface at;
        if (is_wildcard(&l->endpoint.address) || interface_look(l->interface, &at, NULL) != OK || !is_attached(k, at.index))
            continue;
        control_limits(c, options->udp_payload, at.mtu);
        endpoint_set(c, l, &at);
    }
    return c->endpoint_count;
}

enum status net_kernel_put(struct net_kernel *k, const struct net_kernel_entry *entry, bool make_room)
{
    return kernel_table_put(&k->table, entry, make_room);
}

bool net_kernel_has(const struct net_kernel *k, const struct net_kernel_entry *entry) { return kernel_table_has(&k->table, entry); }
void net_kernel_settle(struct net_kernel *k) { kernel_table_settle(&k->table); }
void net_kernel_flush(struct net_kernel *k) { kernel_table_flush(&k->table); }

void net_kernel_zone(struct net_kernel *k, uint32_t zone, uint64_t generation)
{
    if (zone < KERNEL_ZONES)
        (void)__atomic_exchange_n(&k->table.generations[zone], generation, __ATOMIC_ACQ_REL);
}

void net_kernel_stop(struct net_kernel *k) { kernel_table_stop(&k->table); }
bool net_kernel_stopped(const struct net_kernel *k) { return kernel_table_stopped(&k->table); }

/* ---- numbers ---- */

void net_kernel_type_index(struct net_kernel *k, const uint8_t index[256])
{
    memcpy(k->table.control->type_index, index, 256);
}

static const struct kernel_cpu *cpu_row(const struct net_kernel *k, unsigned cpu) { return (const struct kernel_cpu *)k->cpus.at + cpu; }

static uint64_t sum_rows(const struct net_kernel *k, size_t offset)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < k->cpu_count; cpu++) {
        const char *row = (const char *)&cpu_row(k, cpu)->counts;
        sum += __atomic_load_n((const uint64_t *)(const void *)(row + offset), __ATOMIC_RELAXED);
    }
    return sum;
}

static void sum_array(const struct net_kernel *k, size_t offset, uint64_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = sum_rows(k, offset + i * sizeof *out);
}

/* One row of the program's serves several of ours. */
static void sum_answered(const struct net_kernel *k, struct net_kernel_counters *out)
{
    uint64_t all[2][KERNEL_KINDS][KERNEL_EDNS_KINDS], by_family[2] = { 0, 0 };
    sum_array(k, offsetof(struct kernel_counts, answered), &all[0][0][0], sizeof all / sizeof(uint64_t));
    for (unsigned six = 0; six < 2; six++) {
        for (unsigned kind = 0; kind < KERNEL_KINDS; kind++) {
            const uint64_t *n = all[six][kind], sum = n[KERNEL_NO_EDNS] + n[KERNEL_EDNS] + n[KERNEL_EDNS_DO];
            by_family[six] += sum;
            out->kind[kind] += sum;
            out->edns += n[KERNEL_EDNS] + n[KERNEL_EDNS_DO];
            out->dnssec_ok += n[KERNEL_EDNS_DO];
        }
    }
    out->answered4 = by_family[0];
    out->answered6 = by_family[1];
}

void net_kernel_counters_read(const struct net_kernel *k, struct net_kernel_counters *out)
{
#define AT(field) offsetof(struct kernel_counts, field)
    *out = (struct net_kernel_counters){
        .failed = sum_rows(k, AT(failed)),
        .entries = __atomic_load_n(&k->table.entries, __ATOMIC_RELAXED), .bytes = __atomic_load_n(&k->table.bytes, __ATOMIC_RELAXED),
        .room = kernel_table_room(&k->table),
    };
    sum_answered(k, out);
    sum_array(k, AT(passed), out->passed, KERNEL_PASSES);
    sum_array(k, AT(type), out->type, KERNEL_TYPES);
    sum_array(k, AT(query_size), out->query_size, KERNEL_QUERY_BUCKETS);
    sum_array(k, AT(reply_size), out->reply_size, KERNEL_REPLY_BUCKETS);
#undef AT
}

bool net_kernel_zone_read(const struct net_kernel *k, uint32_t zone, uint64_t out[NET_KERNEL_KINDS])
{
    if (zone >= KERNEL_ZONES_OWN)
        return false;
    for (unsigned kind = 0; kind < KERNEL_KINDS; kind++) {
        out[kind] = 0;
        for (unsigned cpu = 0; cpu < k->cpu_count; cpu++)
            out[kind] += __atomic_load_n(&cpu_row(k, cpu)->zones[zone][kind], __ATOMIC_RELAXED);
    }
    return true;
}
