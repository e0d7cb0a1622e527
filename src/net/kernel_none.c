/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of kernel.c where the build had no libbpf or no clang, or was told not to use them. */
#include "net/kernel.h"

#include <string.h>

bool net_kernel_built(void) { return false; }

enum status net_kernel_open(const struct net_kernel_options *options, struct net_kernel **out, struct diagnostics *diag)
{
    (void)options;
    (void)out;
    diagnostics_add(diag, SEVERITY_ERROR, "xdp", NULL, "xdp: this program was built without it (libbpf-dev and clang are needed; meson option xdp)");
    return E_UNSUPPORTED;
}

/* Nobody has one. */
void net_kernel_close(struct net_kernel *kernel) { (void)kernel; }
void net_kernel_withdraw(struct net_kernel *kernel, const struct net_kernel_options *options)
{
    (void)kernel;
    (void)options;
}
size_t net_kernel_change(struct net_kernel *kernel, const struct net_kernel_options *options)
{
    (void)kernel;
    (void)options;
    return 0;
}
enum status net_kernel_put(struct net_kernel *kernel, const struct net_kernel_entry *entry, bool make_room)
{
    (void)kernel;
    (void)entry;
    (void)make_room;
    return E_UNSUPPORTED;
}
bool net_kernel_has(const struct net_kernel *kernel, const struct net_kernel_entry *entry)
{
    (void)kernel;
    (void)entry;
    return false;
}
void net_kernel_settle(struct net_kernel *kernel) { (void)kernel; }
void net_kernel_flush(struct net_kernel *kernel) { (void)kernel; }
void net_kernel_zone(struct net_kernel *kernel, uint32_t zone, uint64_t generation)
{
    (void)kernel;
    (void)zone;
    (void)generation;
}
void net_kernel_stop(struct net_kernel *kernel) { (void)kernel; }
bool net_kernel_stopped(const struct net_kernel *kernel)
{
    (void)kernel;
    return false;
}
void net_kernel_type_index(struct net_kernel *kernel, const uint8_t index[256])
{
    (void)kernel;
    (void)index;
}
void net_kernel_counters_read(const struct net_kernel *kernel, struct net_kernel_counters *out)
{
    (void)kernel;
    memset(out, 0, sizeof *out);
}
bool net_kernel_zone_read(const struct net_kernel *kernel, uint32_t zone, uint64_t out[NET_KERNEL_KINDS])
{
    (void)kernel;
    (void)zone;
    (void)out;
    return false;
}
