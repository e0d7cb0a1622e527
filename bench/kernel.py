# SPDX-License-Identifier: Apache-2.0
"""Answers in the kernel: two network namespaces joined by a veth pair, kxdpgun in one, a server in the other.

Beside ours stand a bare XDP_TX echo, a bare responder on sockets, NSD, and Knot on sockets and on AF_XDP.  Rates go up until
half of what is sent is lost, or kxdpgun is at its end.  Needs root, iproute2, clang and kxdpgun; everything is gone afterwards.
"""
import contextlib
import os
import platform
import re
import resource
import subprocess
import sys
import time

import machine
import sets
from servers import Server

RATES = [100_000, 200_000, 400_000, 600_000, 800_000, 1_000_000, 1_250_000, 1_500_000]
QUESTIONS = 100_000
NETWORK = "10.77.0"
LOSSLESS = 0.999
# What a run of a program takes depends on how much of it the caches lost since the last one: measured busy, and (100,000/s) not.
BUSY = 600_000
STATS = "/proc/sys/kernel/bpf_stats_enabled"
# name: (server, its options); None: no process
SUBJECTS = {
    "xdp-echo": (None, {}),
    "udp-echo": ("udp-echo", {}),
    "nsd": ("nsd", {}),
    "knot": ("knot", {}),
    "knot-xdp": ("knot", {"xdp": True}),
    "rhizd": ("rhizd", {}),
    "rhizd-xdp": ("rhizd", {"xdp": True}),
}


def _run(*argv):
    return subprocess.run([str(word) for word in argv], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60).stdout


class Place:
    """The server's namespace, and the client's beside it."""

    address = f"{NETWORK}.2"

    def __init__(self):
        self.client, self.server = f"rhizome-client-{os.getpid()}", f"rhizome-server-{os.getpid()}"
        self.near, self.far = f"rzc{os.getpid()}", f"rzs{os.getpid()}"
        self.prefix = ["ip", "netns", "exec", self.server]
        self.threads = []       # of packets

    def open(self):
        self._clear_stale()
        for name in self.client, self.server:
            _run("ip", "netns", "add", name)
        _run("ip", "link", "add", self.near, "netns", self.client, "type", "veth", "peer", "name", self.far, "netns", self.server)
        for namespace, device, last in (self.client, self.near, 1), (self.server, self.far, 2):
            _run("ip", "-n", namespace, "addr", "add", f"{NETWORK}.{last}/24", "dev", device)
            _run("ip", "-n", namespace, "link", "set", "lo", "up")
            _run("ip", "-n", namespace, "link", "set", device, "address", f"02:00:00:00:00:0{last}", "up")
            _run("ip", "-n", namespace, "neigh", "replace", f"{NETWORK}.{3 - last}", "lladdr", f"02:00:00:00:00:0{3 - last}",
                 "dev", device, "nud", "permanent")

    @staticmethod
    def _clear_stale():
        """Namespaces of runs that were killed."""
        for name in re.findall(r"^rhizome-(?:client|server)-\d+", _run("ip", "netns", "list"), re.M):
            if not os.path.exists(f"/proc/{name.rsplit('-', 1)[1]}"):
                _run("ip", "netns", "del", name)

    def close(self):
        for name in self.client, self.server:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    def answers(self, name):
        done = subprocess.run(["ip", "netns", "exec", self.client, "dig", "+time=1", "+tries=1", f"@{self.address}", name, "SOA"],
                              stdout=subprocess.PIPE, text=True)
        return "status: NOERROR" in done.stdout

    def bind_packets(self):
        """Packets that come to the server's device are handled by a thread on its core, not by whoever sent them."""
        _run(*self.prefix, "sh", "-c", f"echo 1 > /sys/class/net/{self.far}/threaded")
        for process in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{process}/comm") as file:
                if file.read().startswith(f"napi/{self.far}"[:15]):
                    os.sched_setaffinity(int(process), {machine.SERVER_CORE})
                    self.threads.append(int(process))

    def received(self):
        """UDP messages that came up to sockets of the server's namespace, those for which there was no room too."""
        rows = [line.split() for line in _run(*self.prefix, "cat", "/proc/net/snmp").splitlines() if line.startswith("Udp:")]
        return sum(int(rows[1][rows[0].index(column)]) for column in ("InDatagrams", "InErrors"))

    def shoot(self, questions, rate, seconds):
        """kxdpgun at a rate: (sent, answered, its processor time)."""
        before = _children_seconds()
        output = _run("ip", "netns", "exec", self.client, "kxdpgun", "-t", seconds, "-Q", int(rate), "-b", 32, "-F", machine.LOAD_CORE,
                      "-i", questions, self.address)
        sent = int((re.search(r"total queries:\s+(\d+)", output) or [0, 0])[1])
        replies = int((re.search(r"total replies:\s+(\d+)", output) or [0, 0])[1])
        return sent, replies, _children_seconds() - before


@contextlib.contextmanager
def _place():
    place = Place()
    try:
        place.open()
        yield place
    finally:
        place.close()


def _children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _softirq_seconds():
    """Of the threads that handle packets when there are too many of them: whose they are nobody knows."""
    seconds = 0
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{process}/comm") as name, open(f"/proc/{process}/schedstat") as times:
            if name.read().startswith("ksoftirqd/"):
                seconds += int(times.read().split()[0]) / 1e9
    return seconds


def _thread_seconds(pids):
    """Of all their threads, which stay."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0]) / 1e9
    return total


@contextlib.contextmanager
def _program(place, section):
    """A bare program on the server's device."""
    program = machine.home() / "bin" / "xdp_echo.bpf.o"
    source = machine.ROOT / "bench" / "xdp_echo.bpf.c"
    program.parent.mkdir(exist_ok=True)
    _run("clang", "-O2", "-g", "-target", "bpf", f"-I/usr/include/{platform.machine()}-linux-gnu", "-c", source, "-o", program)
    _run("ip", "-n", place.server, "link", "set", "dev", place.far, "xdpdrv", "object", program, "section", section)
    try:
        yield None
    finally:
        subprocess.run(["ip", "-n", place.server, "link", "set", "dev", place.far, "xdpdrv", "off"])


def _subject(name, place, zone_set):
    server, options = SUBJECTS[name]
    if server is None:
        return _program(place, "xdp")
    if options.get("xdp"):
        options = {"xdp": place.far}
    return Server(server, zone_set, place=place, **options)


def _busy_seconds():
    """Of all cores, with interrupts: user, nice, system, irq, softirq."""
    with open("/proc/stat") as file:
        fields = [int(word) for word in file.readline().split()[1:]]
    return sum(fields[index] for index in (0, 1, 2, 5, 6)) / os.sysconf("SC_CLK_TCK")


def _head(zone_set):
    """kxdpgun keeps its questions in memory: the first of the file."""
    path = machine.home() / "data" / f"{zone_set.name}.head.questions"
    if not path.exists():
        with open(zone_set.questions) as file:
            path.write_text("".join(line for line, _ in zip(file, range(QUESTIONS))))
    return path


def _junk(origin):
    """Names that no zone has: every one of them must pass."""
    path = machine.home() / "data" / "junk.questions"
    path.write_text("".join(f"junk{number}.{origin} TXT\n" for number in range(10_000)))
    return path


def _programs():
    """{id: (runs, nanoseconds)} of the XDP programs of this machine."""
    rows = [line.split() for line in _run(machine.compile_tool("bpf_stats")).splitlines()]
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows}


def _nanoseconds(place, questions, mine, rate):
    """Mean time of a run of the server's own programs, by the kernel's clock (which adds some 50 ns itself)."""
    with open(STATS) as file:
        before = file.read()
    try:
        with open(STATS, "w") as file:
            file.write("1")
        first = _programs()
        place.shoot(questions, rate, 1)
        last = _programs()
    finally:
        with open(STATS, "w") as file:
            file.write(before)
    runs = sum(last[program][0] - first[program][0] for program in mine if program in first and program in last)
    spent = sum(last[program][1] - first[program][1] for program in mine if program in first and program in last)
    return spent / runs if runs else None


def _clock(questions):
    """What the kernel's clock shows for a program that only passes everything on."""
    others = set(_programs())
    with _place() as place, _program(place, "xdp/pass"):
        mine = set(_programs()) - others
        return min(_nanoseconds(place, questions, mine, BUSY) for _ in range(3))


def _ladder(place, questions, seconds, server):
    """Rows of one subject, a rate each.  Answers per second of wall time are what this machine had to give just then; the
    processor time of the sender, whose core runs what is behind a veth, and of the server says what they cost."""
    processes = (server.pids() if server else []) + place.threads
    for rate in RATES:
        passed, busy, soft = place.received(), _busy_seconds(), _softirq_seconds()
        own = _thread_seconds(processes)
        sent, replies, sender = place.shoot(questions, rate, seconds)
        busy, passed, soft = _busy_seconds() - busy, place.received() - passed, _softirq_seconds() - soft
        own = _thread_seconds(processes) - own
        if sent == 0:
            continue            # its link was not yet up
        yield {"rate": rate, "sent": sent, "replies": replies, "qps": replies / seconds, "share": replies / sent,
               "in_kernel": 1 - min(passed / sent, 1), "all_cores_us": busy / max(replies, 1) * 1e6,
               "sender_us": (sender + soft) / sent * 1e6, "server_us": own / max(replies, 1) * 1e6}
        if replies < sent / 2 or sent < 0.4 * rate * seconds:     # or kxdpgun can no more
            return


def _capacity(rows):
    """Answers a second of a core that had nothing else to do, where none is lost."""
    return max((1e6 / max(row["sender_us"], row["server_us"]) for row in rows if row["share"] >= LOSSLESS), default=0)


def _warm(place, questions):
    """Until no more is answered in the kernel than before, for some seconds; what is hot must become known first."""
    best, idle = 0, 0
    for _ in range(60):
        passed = place.received()
        sent, _, _ = place.shoot(questions, QUESTIONS, 1)       # each of them once
        share = 1 - (place.received() - passed) / max(sent, 1)
        idle = 0 if share > best + 0.002 else idle + 1
        best = max(best, share)
        if best > 0.99 or idle > 9:
            return


def measure(name, zone_set, seconds, own_core=False):
    """One subject on one set: its rates, and how long its program takes on these questions and on junk.  On a veth pair
    the sender's core runs the receiver's program; with `own_core` the server's core does."""
    seconds = max(1, int(seconds))      # as kxdpgun wants it
    questions, others = _head(zone_set), set(_programs())
    with _place() as place, _subject(name, place, zone_set) as server:
        time.sleep(0.5)
        if own_core:
            place.bind_packets()
        mine = set(_programs()) - others
        _warm(place, questions)
        rows = list(_ladder(place, questions, seconds, server))
        if len(rows) < 2:
            raise RuntimeError("kxdpgun sent nothing")
        hits = [_nanoseconds(place, questions, mine, rate) if mine else None for rate in (BUSY, RATES[0])]
        passes = [_nanoseconds(place, _junk(zone_set.zones[0][0]), mine, rate) if mine else None for rate in (BUSY, RATES[0])]
    clock = _clock(questions) if mine else 0
    added = [one - clock if one else None for one in passes]
    lossless = max((row["qps"] for row in rows if row["share"] >= LOSSLESS), default=0)
    return {"set": zone_set.name, "server": name, "mode": "kernel", "rates": rows, "lossless": lossless, "capacity": _capacity(rows),
            "most": max(row["qps"] for row in rows), "hit_ns": hits[0], "pass_ns": added[0], "clock_ns": clock,
            "hit_slow_ns": hits[1], "pass_slow_ns": added[1],
            "in_kernel": rows[0]["in_kernel"], "all_cores_us": rows[1]["all_cores_us"] if len(rows) > 1 else None}


SETS = {"growth-1000": sets.SETS["growth-1000"], "delegations": sets.SETS["delegations"]}


def main():
    """python3 bench/kernel.py [--own-core] [SET [SUBJECT ...]]: figures of these alone."""
    lock = machine.only_one()
    words = [word for word in sys.argv[1:] if word != "--own-core"]
    for name in words[1:] or ["xdp-echo", "knot-xdp", "rhizd-xdp"]:
        row = measure(name, SETS[words[0] if words else "growth-1000"](), 2, "--own-core" in sys.argv)
        print(name, *(f"{key}={value:.2f}" if isinstance(value, float) else f"{key}={value}" for key, value in row.items()
                      if key not in ("rates", "set", "server", "mode")), flush=True)
        for rate in row["rates"]:
            print("   ", *(f"{key}={value:.3f}" if isinstance(value, float) else f"{key}={value}" for key, value in rate.items()), flush=True)
    lock.close()


if __name__ == "__main__":
    main()
