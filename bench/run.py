# SPDX-License-Identifier: Apache-2.0
"""Lives of servers: start one, measure it, stop it.  What a life gives is a list of plain dictionaries, for report.py and JSON."""
import dataclasses
import os
import shutil
import signal
import struct
import subprocess
import time

import load
import machine
import servers
import zones
from servers import Server

WARM_SECONDS = 0.5
RANDOM_NAMES = 10_000_000
PACED = 20_000        # questions a second while a zone reloads: far from what a server can take


def _asked(server, mode, seconds, core):
    questions = server.zone_set.questions
    if mode in load.TCP:
        return load.tcp(server.port, questions, mode, seconds, core)
    return load.udp(server.port, questions, *load.flags(mode == "do", mode == "everything"), seconds=seconds, core=core)


def measure(server, mode, seconds, core=machine.LOAD_CORE):
    """Processor time of the server per answered question, and what the generator saw."""
    _asked(server, mode, 1 if mode in load.TCP else WARM_SECONDS, core)
    before = server.processor_time()
    asked = _asked(server, mode, seconds, core)
    spent, user = machine.time_between(before, server.processor_time())
    answers = max(asked["received"], 1)
    return {"set": server.zone_set.name, "server": server.name, "mode": mode, "us": spent / answers * 1e6,
            "us_user": user / answers * 1e6, **asked}


def _loading(server):
    pids = server.pids()
    return {"set": server.zone_set.name, "server": server.name, "mode": "load", "seconds": server.load_seconds,
            "processor_seconds": server.load_processor, "memory": machine.memory(pids), "peak": machine.memory_peak(pids),
            "records": server.zone_set.records}


def _memory_when_asked(server):
    """Memory after a question for every name, without DO and with."""
    for flags in [], ["-d"]:
        load.udp(server.port, server.zone_set.sweep, *flags, count=_lines(server.zone_set.sweep))
    return {"set": server.zone_set.name, "server": server.name, "mode": "asked", "memory": server.memory(),
            "records": server.zone_set.records}


def _lines(path):
    with open(path, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _read_once(zone_set):
    """Brings the files into the page cache, so that the first server to load them has no disadvantage."""
    for _, path in zone_set.zones:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass


def _load_again(server):
    """A second start, from what the first one left behind."""
    server.stop()
    snapshots = list((server.folder / "state" / "snapshots").glob("*.snapshot"))
    if len(server.zone_set.zones) == 1 and not snapshots:
        raise RuntimeError("it left no snapshot behind")
    server.start()
    return dict(_loading(server), mode="load again", snapshots=len(snapshots))


def life(name, zone_set, modes, seconds, first):
    """One start: loading, each mode but "everything"; in the `first` round also what is measured once."""
    if first:
        _read_once(zone_set)
    with Server(name, zone_set) as server:
        rows = [_loading(server)] if name not in servers.FLOORS else []
        rows += [measure(server, mode, seconds) for mode in modes if mode != "everything"]
        if first and zone_set.sweep is not None and name in ("rhizd", "nsd", "gdnsd", "yadifa"):
            rows.append(_memory_when_asked(server))
        if first and name == "rhizd" and zone_set.name in ("delegations", "flat", "hosting"):
            rows.append(_load_again(server))
    return rows


def everything(name, zone_set, seconds):
    """The same with cookies, limits, lists and counters on, asked with EDNS, DO and cookies from many addresses."""
    with Server(name, zone_set, everything=True) as server:
        return [measure(server, "everything", seconds)]


def workers(zone_set, count, seconds):
    """Processor time per question with so many workers, nothing pinned (the generator shares the cores)."""
    with Server("rhizd", zone_set, core=None, workers=count) as server:
        return [dict(measure(server, "udp", seconds, core=None), mode=f"workers {count}")]


def random_names(zone_set):
    """Memory after questions for names that never come again, with EDNS and DO: what is kept must not depend on them."""
    with Server("rhizd", zone_set) as server:
        flags = ["-d", "-x"]
        load.udp(server.port, zone_set.questions, *flags, count=RANDOM_NAMES // 20)
        time.sleep(1)
        before = server.memory()
        asked = load.udp(server.port, zone_set.questions, *flags, count=RANDOM_NAMES, offset=RANDOM_NAMES // 20)
        return [{"set": zone_set.name, "server": "rhizd", "mode": "random names", "before": before, "memory": server.memory(),
                 "asked": asked}]


# ---- reload under load ----

def _serial(port, name):
    """The serial of a zone whose SOA is asked, or None."""
    answer = servers.ask(port, name)
    return struct.unpack(">I", answer[-20:-16])[0] if answer is not None and answer[3] & 15 == 0 else None


def _with_serial(zone_set, folder, serial):
    """The zone in a file of its own with that serial; replaced by rename."""
    name, path = zone_set.zones[0]
    copy, part = folder / "reloaded.zone", folder / "reloaded.part"
    with open(path) as source, open(part, "w") as target:
        head = source.read(4096)
        target.write(head.replace(str(zones.SERIAL), str(serial), 1))
        shutil.copyfileobj(source, target, 1 << 20)
    part.rename(copy)
    return dataclasses.replace(zone_set, zones=[(name, copy)])


def _background_load(server, seconds, core):
    argv = [machine.compile_tool("load"), "-p", server.port, "-f", server.zone_set.questions, "-t", seconds, "-r", PACED,
            "-w", 512]
    return subprocess.Popen(machine.pin(argv, core), stdout=subprocess.PIPE, text=True)


def _finish(process):
    output, _ = process.communicate(timeout=120)
    return load.read(output)


def reload(zone_set, pinned):
    """Latency at a steady rate, before and while the zone is read anew; peak of memory meanwhile."""
    server_core, load_core = (machine.SERVER_CORE, machine.LOAD_CORE) if pinned else (None, None)
    folder = machine.home() / "run" / f"reload-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        own = _with_serial(zone_set, folder, zones.SERIAL)
        with Server("rhizd", own, core=server_core) as server:
            return [_reload(server, own, folder, load_core, pinned)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reload(server, zone_set, folder, core, pinned):
    quiet = _finish(_background_load(server, 3, core))
    settled = server.memory()
    _with_serial(zone_set, folder, zones.SERIAL + 1)
    for pid in server.pids():
        with open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")               # the peak is counted from here
    busy = _background_load(server, max(1.5 * server.load_seconds, 1) + 0.5, core)
    time.sleep(0.3)
    begin = time.monotonic()
    server.process.send_signal(signal.SIGHUP)
    while _serial(server.port, zone_set.probes[0]) != zones.SERIAL + 1 and time.monotonic() - begin < 120:
        time.sleep(0.02)
    took = time.monotonic() - begin
    under = _finish(busy)
    return {"set": zone_set.name, "server": "rhizd", "mode": "reload pinned" if pinned else "reload", "seconds": took,
            "quiet": quiet, "under": under, "settled": settled, "memory": server.memory(),
            "peak": machine.memory_peak(server.pids()), "lost": under["lost"], "records": zone_set.records}
