#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make bench-quick: instructions per query of rhizd against bench/baseline.json, and one round of processor time beside NSD.
Under two minutes.  Fails when a figure is more than 3 % above its baseline.

RHIZ_BUILD names the build folder (build).

usage: bench/quick.py [--update-baseline] [--no-round] [--profiles FOLDER]
"""
import argparse
import json
import pathlib
import signal
import sys

import build
import instructions
import load
import machine
import servers
import sets
from servers import Server

BUILD = servers.RHIZD.parents[2]
BASELINE = machine.ROOT / "bench" / "baseline.json"
TOLERANCE = 0.03
# label, zone set, DO, everything on, the bar of the project
CASES = [
    ("root", "root", False, False, 1000),
    ("root signed, DO", "root-signed", True, False, 1500),
    ("root, everything on", "root", True, True, 1800),
    ("root signed, everything on", "root-signed", True, True, 1800),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--update-baseline", action="store_true", help="store what was measured as the new baseline")
    parser.add_argument("--no-round", action="store_true", help="without the round of processor time")
    parser.add_argument("--profiles", type=pathlib.Path, help="folder for callgrind's profiles, one a case")
    return parser.parse_args()


def measure_all(args):
    """{label: instructions per query}, printed as they come."""
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"instructions": {}}
    print(f"{'instructions per query':28}{'now':>9}{'baseline':>10}{'':>9}{'bar':>8}")
    figures = {}
    for label, zone_set, dnssec_ok, everything, bar in CASES:
        keep = None
        if args.profiles:
            args.profiles.mkdir(parents=True, exist_ok=True)
            keep = args.profiles / f"callgrind.{label.replace(', ', '-').replace(' ', '-')}"
        before = baseline["instructions"].get(label)

        def measure():
            return instructions.measure("rhizd", sets.SETS[zone_set](), load.flags(dnssec_ok, everything), everything, keep)

        figure = measure()
        if before and figure > before * (1 + TOLERANCE):
            figure = min(figure, measure())       # hashes have random seeds: once may be bad luck
        change = f"{figure / before - 1:+.1%}" if before else "new"
        print(f"{label:28}{figure:9.0f}{before or 0:10.0f}{change:>9}{bar:8} {'met' if figure <= bar else 'missed'}", flush=True)
        figures[label] = round(figure, 1)
    return figures, baseline


def compare(figures, baseline):
    """Sentences about what became worse."""
    worse = []
    for label, figure in figures.items():
        before = baseline["instructions"].get(label)
        if before and figure > before * (1 + TOLERANCE):
            worse.append(f"{label}: {figure:.0f} instructions per query, {figure / before - 1:.1%} above the baseline of "
                         f"{before:.0f} (allowed: {TOLERANCE:.0%})")
    return worse


def round_of_time():
    """Processor time per query on the root zone, ours and NSD's, one after the other."""
    zone_set, micros = sets.root(), {}
    for name in "rhizd", "nsd":
        with Server(name, zone_set) as server:
            load.udp(server.port, zone_set.questions, seconds=0.5)
            before = server.processor_time()
            asked = load.udp(server.port, zone_set.questions, seconds=3)
            seconds, user = machine.time_between(before, server.processor_time())
        micros[name] = seconds / asked["received"] * 1e6
        print(f"processor time per query, root, {name:6}{micros[name]:6.2f} us (user {user / asked['received'] * 1e6:.2f}), "
              f"{asked['qps']} answers/s, {asked['lost']} lost")
    ratio = micros["rhizd"] / micros["nsd"]
    print(f"rhizd / nsd {ratio:.2f}, bar 0.75 {'met' if ratio <= 0.75 else 'missed'}")


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)     # both ways to end it end its servers too
    print(machine.describe())
    print(f"build: {build.flags(BUILD)}")
    for complaint in build.complaints(BUILD):
        print(f"note: not as the bars ask: {complaint}")
    figures, baseline = measure_all(args)
    if not args.no_round:
        with machine.only_one():          # instructions do not mind company, time does
            round_of_time()
    if args.update_baseline:
        BASELINE.write_text(json.dumps({"build": build.flags(BUILD), "instructions": figures}, indent=2) + "\n")
        print(f"stored in {BASELINE.relative_to(machine.ROOT)}")
        return 0
    if baseline.get("build", build.flags(BUILD)) != build.flags(BUILD):
        print(f"note: the baseline was stored from another build: {baseline['build']}")
    worse = compare(figures, baseline)
    for sentence in worse:
        print(f"WORSE  {sentence}", file=sys.stderr)
    if worse:
        print("Find the cause with --profiles FOLDER and callgrind_annotate; if it is meant, --update-baseline.", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
