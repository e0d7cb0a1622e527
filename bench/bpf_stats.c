/* SPDX-License-Identifier: Apache-2.0 */
/* What the XDP programs of this machine took: a line each with id, runs, nanoseconds, name.  The kernel counts only
 * while the setting kernel.bpf_stats_enabled is 1. */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *arguments)
{
    return (int)syscall(SYS_bpf, command, arguments, sizeof *arguments);
}

static void program_print(uint32_t id)
{
    union bpf_attr by_id = { .prog_id = id };
    struct bpf_prog_info info = { 0 };
    int fd = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);

    if (fd < 0)
        return;
    union bpf_attr about = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof info } };
    about.info.info = (uint64_t)(uintptr_t)&info;
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, &about) == 0 && info.type == BPF_PROG_TYPE_XDP)
        printf("%u %llu %llu %s\n", id, info.run_cnt, info.run_time_ns, info.name);
    close(fd);
}

int main(void)
{
    union bpf_attr next = { .start_id = 0 };

    while (bpf(BPF_PROG_GET_NEXT_ID, &next) == 0) {
        program_print(next.next_id);
        next = (union bpf_attr){ .start_id = next.next_id };
    }
    return 0;
}
