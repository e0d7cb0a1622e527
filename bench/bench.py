#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: rhizd beside its peers on every zone set, in one run; tables, the bars of the project, and all rows as JSON.

One server is alive at a time, on core 0; the generator is on core 1; servers take turns within a round.  Trust processor
time per query and ratios, not answers per second: those swing with whatever else the machine does.  docs/performance.md
tells more.  RHIZ_BUILD names the build folder (build).

usage: bench/bench.py [--sets root,flat] [--servers rhizd,nsd] [--modes udp,do] [--rounds 3] [--seconds 2]
                      [--once none] [--own-core] [--json FILE] [--bars FILE ...] [--document]
"""
import argparse
import json
import pathlib
import signal
import subprocess
import sys

import build
import instructions
import kernel
import load
import machine
import report
import run
import servers
import sets

BUILD = servers.RHIZD.parents[2]
PAGE = machine.ROOT / "docs" / "performance.md"
MARKS = "<!-- bars -->", "<!-- end of bars -->"
# What is asked of each set.  "everything" is asked of ours everywhere, of the peers on the root only.
SETS = {
    "root": ["udp", "everything", "tcp", "tcpc"],
    "root-signed": ["do", "everything"],
    "flat": ["udp", "everything"],
    "delegations": ["udp", "everything"],
    "delegations-nsec": ["do", "everything"],
    "delegations-nsec3": ["do", "everything"],
    "hosting": ["udp", "everything"],
    "growth-1000": ["udp"],
    "growth-1000000": ["udp"],
    "growth-10000000": ["udp"],
}
OURS_ONLY = {"growth-1000", "growth-1000000", "growth-10000000"}
ONCE = ["instructions", "reload", "random", "workers", "kernel"]
COUNTED = [("root", "udp"), ("root-signed", "do"), ("root", "everything"), ("root-signed", "everything")]


def _names(known):
    def read(text):
        chosen = [] if text == "none" else text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name}: know {', '.join(known)}")
        return chosen
    return read


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sets", type=_names(SETS), default=list(SETS))
    parser.add_argument("--servers", type=_names(servers.SERVERS), default=list(servers.SERVERS))
    parser.add_argument("--modes", type=_names(servers.ALL_MODES), default=list(servers.ALL_MODES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="length of each measurement")
    parser.add_argument("--once", type=_names(ONCE), default=ONCE, help=f"{', '.join(ONCE)}, or none")
    parser.add_argument("--own-core", action="store_true", help="in the kernel: packets are handled on the server's core")
    parser.add_argument("--json", type=pathlib.Path, default=BUILD / "bench.json")
    parser.add_argument("--bars", type=pathlib.Path, nargs="+", help="print the tables of such files together, measure nothing")
    parser.add_argument("--document", action="store_true", help="put the bars into docs/performance.md")
    return parser.parse_args()


# What is told while it runs: the first of these that a row has.
FIGURES = [("us", "us"), ("seconds", "s"), ("instructions", "instructions"), ("most", "answers/s"), ("memory", "octets")]


def say(text):
    print(f"# {text}", file=sys.stderr, flush=True)


class Run:
    """Measures one thing after the other; a server that fails on a set is left out of it from then on."""

    def __init__(self, args):
        self.args, self.rows, self.failed = args, [], {}

    def attempt(self, label, measure):
        if label in self.failed:
            return
        try:
            rows = measure()
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            self.failed[label] = f"{error} {getattr(error, 'stdout', None) or ''}".strip()[:300]
            say(f"{label}: {self.failed[label]}")
            return
        self.rows += rows
        for row in rows:
            figure = next((f"{row[key]:.2f} {unit}" for key, unit in FIGURES if key in row), "")
            say(f"{row['set']} {row['server']} {row['mode']}: {figure}")

    def round(self, number):
        for name in self.args.sets:
            zone_set = sets.SETS[name]()
            for server in self.args.servers:
                row = servers.SERVERS[server]
                if name in row.not_sets or (name in OURS_ONLY and server != "rhizd"):
                    continue
                modes = [mode for mode in SETS[name] if mode in row.modes and mode in self.args.modes]
                if set(modes) - {"everything"}:
                    self.attempt(f"{server} on {name}",
                                 lambda: run.life(server, zone_set, modes, self.args.seconds, number == 0))
                if "everything" in modes and (server == "rhizd" or name == "root"):
                    self.attempt(f"{server} on {name}, everything on",
                                 lambda: run.everything(server, zone_set, self.args.seconds))

    def once(self):
        if "instructions" in self.args.once:
            for name, mode in COUNTED:
                for server in [one for one in ("rhizd", "nsd", "knot") if one in self.args.servers and name in self.args.sets]:
                    self.attempt(f"instructions of {server} on {name}, {mode}", lambda: [instructions_row(server, name, mode)])
        if "kernel" in self.args.once:
            self.kernel()
        if "rhizd" not in self.args.servers:
            return
        if "reload" in self.args.once and "flat" in self.args.sets:
            for pinned in False, True:
                self.attempt(f"reload, pinned: {pinned}", lambda: run.reload(sets.flat(), pinned))
        if "random" in self.args.once and "delegations" in self.args.sets:
            self.attempt("random names", lambda: run.random_names(sets.delegations()))
        if "workers" in self.args.once and "root" in self.args.sets:
            for count in 1, 2:
                self.attempt(f"workers {count}", lambda: run.workers(sets.root(), count, self.args.seconds))

    def kernel(self):
        for name, make in kernel.SETS.items():
            for subject, (server, _) in kernel.SUBJECTS.items():
                if name in self.args.sets and (server is None or server in self.args.servers):
                    self.attempt(f"{subject} on {name}, in the kernel",
                                 lambda: [kernel.measure(subject, make(), self.args.seconds, self.args.own_core)])


def instructions_row(server, name, mode):
    flags = load.flags(mode == "do", mode == "everything")
    figure = instructions.measure(server, sets.SETS[name](), flags, everything=mode == "everything")
    return {"set": name, "server": server, "mode": f"instructions {mode}", "instructions": figure}


def head(document):
    """Machine, build, and how long: what stands above any table."""
    lines = [document["machine"], f"build: {document['build']}",
             f"{document['rounds']} rounds of {document['seconds']:g} s a measurement"]
    return "\n".join(lines + [f"note: not as the bars ask: {complaint}" for complaint in document["complaints"]])


def write_down(document):
    """The bars, between their marks in docs/performance.md."""
    text = PAGE.read_text()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    table = report.bars_table(report.Results(document["rows"]))
    PAGE.write_text(f"{before}{MARKS[0]}\n```\n{head(document)}\n\n{table}\n```\n{MARKS[1]}{after}")


def show(document):
    results = report.Results(document["rows"])
    print(head(document))
    print(report.tables(results))
    for row in results.rows:
        if "instructions" in row:
            print(f"\n{row['set']}, {row['mode']}: {row['server']} {row['instructions']:.0f}", end="")
    print("\n\n" + report.bars_table(results))
    for label, reason in document["failed"].items():
        print(f"not measured: {label}: {reason}")


def merged(documents):
    """Runs in pieces as one; the first tells of machine and build."""
    return {**documents[0], "rows": [row for one in documents for row in one["rows"]],
            "failed": {label: reason for one in documents for label, reason in one["failed"].items()}}


def finish(args, document):
    show(document)
    if args.document:
        write_down(document)


def main():
    args = arguments()
    if args.bars is not None:
        finish(args, merged([json.loads(path.read_text()) for path in args.bars]))
        return
    work, lock = Run(args), machine.only_one()
    document = {"machine": machine.describe(), "build": build.flags(BUILD), "complaints": build.complaints(BUILD),
                "rounds": args.rounds, "seconds": args.seconds}
    signal.signal(signal.SIGTERM, signal.default_int_handler)     # both ways to end it end its servers too
    try:
        for number in range(args.rounds):
            work.round(number)
        work.once()
    except KeyboardInterrupt:
        say("interrupted; this is what there is")
    document.update(rows=work.rows, failed=work.failed)
    args.json.write_text(json.dumps(document, indent=1) + "\n")
    lock.close()
    finish(args, document)


if __name__ == "__main__":
    main()
