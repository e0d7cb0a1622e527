/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in the kernel: from the configuration to its listeners, and the life of what fills its table. */
#include "daemon/inside.h"

#include <string.h>

/* Which listeners have it; the addresses are those in force. @return how many; 0 also when out of memory */
static size_t listeners_make(const struct house *house, const struct config *config, struct net_kernel_listener **out)
{
    const struct config_server *server = &config->server;
    size_t count = 0;
    struct net_kernel_listener *list = mem_alloc(server->listen_count * sizeof *list);
    for (size_t i = 0; list && i < server->listen_count; i++) {
        if (server->listen[i].xdp)
            list[count++] = (struct net_kernel_listener){ server->listen[i].xdp, net_listener_endpoint(house->net, i) };
    }
    *out = list;
    return count;
}

static struct net_kernel_options options_make(const struct config *config, const struct net_kernel_listener *list, size_t count)
{
    return (struct net_kernel_options){ .listeners = list, .listener_count = count, .udp_payload = (uint16_t)config->server.udp_payload,
                                        .memory_bytes = config->server.xdp_memory,
                                        .responses_per_second = (uint32_t)config->rrl.responses_per_second,
                                        .window_seconds = (uint32_t)rrl_defaults().window_seconds,
                                        .prefix4 = (uint8_t)config->rrl.prefix4, .prefix6 = (uint8_t)config->rrl.prefix6 };
}

enum status house_kernel_open(struct house *house, struct diagnostics *diag)
{
    struct net_kernel_listener *list;
    size_t count = listeners_make(house, house->config, &list);
    enum status st = list ? OK : E_NOMEM;
    if (st == OK && count > 0) {
        struct net_kernel_options options = options_make(house->config, list, count);
        st = net_kernel_open(&options, &house->kernel, diag);
    }
    if (st == OK && count > 0) {
        house->kernel_filler = serve_kernel_new(house->serve, house->kernel);
        st = house->kernel_filler ? OK : E_NOMEM;
    }
    mem_free(list);
    return st;
}

static bool told_views(const struct config *config) { return config->view_count > 0 && config->views[0].clients.count > 0; }

/* What is allowed, but keeps the kernel from answering anything. */
static void log_idle(const struct config *config)
{
    if (told_views(config))
        log_warning(LOG_NET, "the kernel answers nothing: the first view does not serve everybody");
}

/* Beside the sockets: a listener that loses `xdp` does so before zones are loaded, which can take long. */
void house_kernel_withdraw(struct house *house, const struct config *next)
{
    struct net_kernel_listener *list;
    size_t count = listeners_make(house, next, &list);
    if (house->kernel) {
        struct net_kernel_options options = options_make(next, list, count);
        net_kernel_withdraw(house->kernel, &options);
    }
    mem_free(list);
}

void house_kernel_change(struct house *house, const struct config *next, struct diagnostics *diag)
{
    struct net_kernel_listener *list;
    size_t count = listeners_make(house, next, &list), served = 0;
    if (house->kernel && list) {
        struct net_kernel_options options = options_make(next, list, count);
        served = net_kernel_change(house->kernel, &options);
        log_idle(next);
    }
    if (served != count)
        log_warning(LOG_NET, "not all listeners with `xdp` have it: interfaces are those of the start, and one made anew is another",
                    log_u64("listeners", count), log_u64("served", served));
    if (served != count || (house->kernel && next->server.xdp_memory != house->config->server.xdp_memory))
        diagnostics_add(diag, SEVERITY_WARNING, "restart", NULL, "a change of xdp's interfaces and memory takes effect at the next start");
    mem_free(list);
}

static void *filler_main(void *argument)
{
    struct house *house = argument;
    thread_give_way();      /* its sweeps must not take from who answers */
    serve_kernel_run(house->kernel_filler);
    return NULL;
}

enum status house_kernel_start(struct house *house)
{
    if (!house->kernel_filler)
        return OK;
    log_info(LOG_NET, "the kernel answers what is asked often", log_u64("bytes", house->config->server.xdp_memory));
    log_idle(house->config);
    house->filler_runs = pthread_create(&house->filler, NULL, filler_main, house) == 0;
    return house->filler_runs ? OK : E_SYSTEM;
}

void house_kernel_end(struct house *house)
{
    serve_kernel_end(house->kernel_filler);
    if (house->filler_runs)
        pthread_join(house->filler, NULL);
    house->filler_runs = false;
}

void house_kernel_close(struct house *house)
{
    serve_kernel_free(house->kernel_filler);
    net_kernel_close(house->kernel);
    house->kernel_filler = NULL;
    house->kernel = NULL;
}
