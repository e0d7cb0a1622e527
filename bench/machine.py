# SPDX-License-Identifier: Apache-2.0
"""What the kernel tells of processes: processor time, memory, ports; and where the bench keeps its files."""
import fcntl
import os
import pathlib
import random
import socket
import subprocess
import sys

ADDRESS = "127.0.0.1"
ROOT = pathlib.Path(__file__).resolve().parents[1]
SERVER_CORE, LOAD_CORE = 0, 1


def home():
    """Zones, question files and programs: made once, kept beside the other caches, never in the checkout."""
    named = os.environ.get("RHIZ_BENCH_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    path = pathlib.Path(named) if named else pathlib.Path(cache) / "rhizome-bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def only_one():
    """Waits until no other run of the bench is measuring.  Keep what it returns: the lock ends with it."""
    lock = open(home() / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("# another run of the bench is measuring; waiting for its end", file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def pin(argv, core):
    """The same command, bound to one core (None, or a core that this machine has not: as it is)."""
    if core is None or core not in os.sched_getaffinity(0):
        return [str(word) for word in argv]
    return ["taskset", "-c", str(core), *(str(word) for word in argv)]


def free_port():
    """A port below the range of outgoing connections, free for UDP and TCP right now."""
    for _ in range(1000):
        port = random.randint(10000, 30000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((ADDRESS, port))
                udp.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def _read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def family(pid):
    """The process and all that descend from it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _read(f"/proc/{entry}/stat")):
            children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def processor_time(pids):
    """(seconds, user ticks, system ticks).  Seconds are exact (schedstat) for threads that live; where threads have
    ended, the clock ticks of their process (10 ms) can be more, and count."""
    nanoseconds = user = system = 0
    for pid in pids:
        stat = _read(f"/proc/{pid}/stat")
        if not stat:
            continue
        fields = stat.rsplit(")", 1)[1].split()
        user, system = user + int(fields[11]), system + int(fields[12])
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for thread in threads:
            nanoseconds += int((_read(f"/proc/{pid}/task/{thread}/schedstat") or "0").split()[0])
    return max(nanoseconds / 1e9, (user + system) / os.sysconf("SC_CLK_TCK")), user, system


def time_between(before, after):
    """(seconds, of these in user mode) between two readings; the share of user mode is from ticks."""
    seconds = max(after[0] - before[0], 0)
    user, system = after[1] - before[1], after[2] - before[2]
    return seconds, seconds * user / (user + system) if user + system else 0.0


def memory(pids):
    """Proportional set size in octets, mapped files included: shared pages count once."""
    total = 0
    for pid in pids:
        for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def memory_peak(pids):
    """The highest resident size since start, in octets, summed over the processes."""
    total = 0
    for pid in pids:
        for line in _read(f"/proc/{pid}/status").splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1]) * 1024
    return total


def describe():
    """One line about the machine, and how busy it is."""
    model = next((line.split(":", 1)[1].strip() for line in _read("/proc/cpuinfo").splitlines()
                  if line.startswith("model name")), os.uname().machine)
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}, load {os.getloadavg()[0]:.2f}"


def compile_tool(name, *flags):
    """Builds bench/NAME.c into the cache folder when it is newer than the program there.  Returns the program."""
    source, program = ROOT / "bench" / f"{name}.c", home() / "bin" / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(exist_ok=True)
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O2", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-o", program, source, *flags],
                       check=True)
    return program
