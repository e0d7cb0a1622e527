#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a cached name of a chain costs beside a hit in a zone of equal size: instructions per query of the worker, by callgrind.

One rhizd serves a zone and follows a chain (fake_node.c) whose names are all in its cache; both are asked for names of the same length that
have one A record, and for a type that they have not.  Neither may take a lock or memory, and the bar is 1.10.

RHIZ_BUILD names the build folder (build), which must be as `make build` makes it.

usage: bench/names.py [--names N] [--profiles FOLDER]
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import build
import load
import machine
import servers

sys.path.insert(0, str(machine.ROOT / "tests" / "tools"))
import fake_node  # noqa: E402  pylint: disable=wrong-import-position

BUILD = servers.RHIZD.parents[2]
BAR, WARM, COUNTED = 1.10, 30_000, 20_000
FORBIDDEN = re.compile(r"(?:malloc|calloc|realloc|pthread_mutex_lock|pthread_rwlock_\w+)\b")


class Daemon:
    """rhizd under callgrind, on a zone `zon.`, so many others, and the mount `eth.`."""

    def __init__(self, folder, node, names, others):
        self.folder, self.port = folder, machine.free_port()
        zone = folder / "zon.zone"
        records = "".join(f"n{i} 300 A 192.0.2.1\n" for i in range(names))
        zone.write_text(f"$ORIGIN zon.\n@ 300 SOA localhost. hostmaster 1 3600 600 1209600 60\n@ 300 NS localhost.\n{records}")
        empty = folder / "other.zone"
        empty.write_text("@ 300 SOA localhost. hostmaster.localhost. 1 3600 600 1209600 60\n@ 300 NS localhost.\n")
        zones = "".join(f'  - {{ name: "other{i}.example.", file: "{empty}" }}\n' for i in range(others))
        (folder / "rhizd.yaml").write_text(
            f'version: 1\nserver:\n  listen: ["127.0.0.1@{self.port}"]\n  workers: 1\n  state: {folder}/state\n  control: {folder}/control.sock\n'
            f'log: {{ level: warning, file: {folder}/log }}\nzones:\n  - {{ name: "zon.", file: "{zone}" }}\n{zones}{node.config()}')
        (folder / "state").mkdir()
        self.process = subprocess.Popen(
            ["valgrind", "-q", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/callgrind.%p",
             servers.RHIZD, "-c", folder / "rhizd.yaml"], stdout=open(folder / "output", "w"), stderr=subprocess.STDOUT)

    def wait(self):
        deadline = time.monotonic() + 120
        while servers.ask(self.port, "n0.zon", 1) is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"rhizd did not start: {(self.folder / 'output').read_text()[-400:]}")
            time.sleep(0.1)

    def dump(self):
        """The worker's profile since the last: of the thread that has done most."""
        before = set(self.folder.glob("callgrind.*"))
        subprocess.run(["callgrind_control", "-d", str(self.process.pid)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
        for _ in range(100):
            time.sleep(0.1)
            texts = [path.read_text() for path in set(self.folder.glob("callgrind.*")) - before]
            sums = [re.search(r"^(?:totals|summary): (\d+)", text, re.M) for text in texts]
            if sums and all(sums):
                return max((int(found[1]), text) for found, text in zip(sums, texts))
        raise RuntimeError("callgrind gave no counters")

    def measure(self, questions):
        """(instructions per query, profile, figures of the load)"""
        flags = ["-s", "2", "-w", "64", "-l", "20"]
        load.udp(self.port, questions, *flags, count=WARM)
        self.dump()
        asked = load.udp(self.port, questions, *flags, count=COUNTED, offset=WARM)
        total, profile = self.dump()
        if asked["lost"] or asked["wrong"]:
            raise RuntimeError(f"{asked['lost']} lost, {asked['wrong']} wrong answers")
        return total / asked["received"], profile, asked

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def forbidden_calls(profile):
    """Calls of functions that a worker must not need for an answer."""
    names, callee, count = {}, None, 0
    for line in profile.splitlines():
        found = re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line)
        if found:
            if found[3]:
                names[found[2]] = found[3]
            callee = found[2] if found[1] else None
        elif line.startswith("calls=") and callee and FORBIDDEN.match(names.get(callee, "")):
            count += int(line[6:].split()[0])
    return count


def questions(folder, suffix, rdtype, names):
    path = folder / f"{suffix}.{rdtype}"
    path.write_text("".join(f"n{i * 7919 % names}.{suffix} {rdtype}\n" for i in range(WARM + COUNTED)))
    return path


def fill(daemon, node, names):
    """All names into the cache; again those that were read before a block that the contract's logs were followed from."""
    deadline = time.monotonic() + 120
    while True:
        found = fake_node.ask_all(daemon.port, [0], patience=120)
        if found[0] == fake_node.address(1) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    for _ in range(2):
        fake_node.ask_all(daemon.port, range(names), window=100, patience=300)
        node.mine()
        time.sleep(3)
    fake_node.ask_all(daemon.port, range(names), window=100, patience=300)


def compare(daemon, folder, names, label, keep):
    """Prints a line for each type; the highest ratio."""
    worst = 0
    for rdtype in "A", "AAAA":
        figures = {}
        for suffix in "zon", "eth":
            figure, profile, asked = daemon.measure(questions(folder, suffix, rdtype, names))
            figures[suffix] = figure, asked["answer_bytes"]
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"callgrind.{suffix}-{rdtype}-{label.replace(' ', '-')}").write_text(profile)
            count = forbidden_calls(profile)
            if count > asked["received"] / 1000:        # what is done now and then is none of a question's business
                raise RuntimeError(f"{suffix} {rdtype}: {count} calls for memory or locks in {asked['received']} questions")
        ratio = figures["eth"][0] / figures["zon"][0]
        worst = max(worst, ratio)
        print(f"{label:24}{rdtype:6}{figures['zon'][0]:10.0f}{figures['eth'][0]:10.0f}{ratio:8.3f}{BAR:7.2f} {'met' if ratio <= BAR else 'missed'}"
              f"   ({figures['zon'][1]:.0f} and {figures['eth'][1]:.0f} octets)", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--names", type=int, default=1000)
    parser.add_argument("--profiles", type=pathlib.Path, help="folder for callgrind's profiles")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(machine.describe())
    print(f"build: {build.flags(BUILD)}")
    print(f"{'instructions per query':24}{'type':6}{'zone':>10}{'cached':>10}{'ratio':>8}{'bar':>7}")
    worst = 0
    for label, others in ("one zone", 0), ("among 300 zones", 300):
        with tempfile.TemporaryDirectory() as folder, fake_node.FakeNode(os.environ.get("RHIZ_BUILD", BUILD), args.names) as node:
            folder = pathlib.Path(folder)
            daemon = Daemon(folder, node, args.names, others)
            try:
                daemon.wait()
                fill(daemon, node, args.names)
                worst = max(worst, compare(daemon, folder, args.names, label, args.profiles))
            finally:
                daemon.stop()
    return 0 if worst <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
