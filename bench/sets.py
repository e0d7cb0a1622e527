# SPDX-License-Identifier: Apache-2.0
"""The zone sets: made once in the cache folder (deterministic but for keys and signatures), then only named.

By hand: bench/sets.py [SET ...] makes them in advance.

A set is its zones (name, file), its records, its questions, and a name that answers once all is loaded.
"""
import dataclasses
import pathlib
import random
import subprocess
import sys
import tempfile

import machine
import queries
import zones

ROOT_ZONE = machine.ROOT / "tests" / "data" / "zones" / "root.zone"
ROOT_RECORDS = 20649
TEN_YEARS = "+315360000"


@dataclasses.dataclass
class ZoneSet:
    name: str
    zones: list          # (name without the final dot or ".", path)
    questions: pathlib.Path
    records: int
    probes: list         # names that answer when all is loaded
    sweep: pathlib.Path  # a question for each name, or None


def _folder():
    path = machine.home() / "data"
    path.mkdir(exist_ok=True)
    return path


def _count(path, make=None):
    """Records of a master file that has one a line; kept beside it.  `make` writes the file, if it is not there, and counts."""
    kept = path.with_suffix(".count")
    if make is not None and not path.exists():
        print(f"making {path.name}", flush=True)
        kept.write_text(str(make(path)))
    if not kept.exists() or kept.stat().st_mtime < path.stat().st_mtime:
        with open(path) as file:
            kept.write_text(str(sum(1 for line in file if line.strip() and not line.startswith(("$", ";")))))
    return int(kept.read_text())


def sign(source, target, origin, *options):
    """Signs with keys made for it and thrown away: ECDSA P-256, from now for ten years."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in ["-f", "KSK"], []:
            subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *kind, origin], cwd=folder, check=True,
                           stdout=subprocess.DEVNULL)
        part = target.with_suffix(".part")
        subprocess.run(["nice", "dnssec-signzone", "-q", "-S", "-P", "-N", "keep", "-x", "-e", TEN_YEARS, "-O", "full", *options,
                        "-o", origin, "-K", folder, "-d", folder, "-f", part, source], check=True,
                       stdout=subprocess.DEVNULL)
        part.rename(target)


def _root_names():
    names = set()
    for line in ROOT_ZONE.read_text().splitlines():
        fields = line.split()
        if "NS" in fields[1:4] and fields[0] != ".":
            names.add(fields[0].rstrip(".").lower())
    return names


def _root_questions():
    path = _folder() / "root.questions"
    if not path.exists():
        queries.write(path, _root_names(), queries.root)
    return path


def root():
    return ZoneSet("root", [(".", ROOT_ZONE)], _root_questions(), ROOT_RECORDS, ["com"], None)


def root_signed():
    path = _folder() / "root-signed.zone"
    if not path.exists():
        sign(ROOT_ZONE, path, ".")
    return ZoneSet("root-signed", [(".", path)], _root_questions(), _count(path), ["com"], sweep=None)


# ---- large zones ----

FLAT_NAMES = DELEGATED_NAMES = 1_000_000
HOSTED_ZONES = 100_000
FLAT, TLD, GROWTH = "flat.test", "tld", "growth.test"


def _questions(name, make):
    path = _folder() / f"{name}.questions"
    if not path.exists():
        print(f"making {path.name}", flush=True)
        make(path)
    return path


def _sweep(name, lines):
    """A question for each name of a set, in an order that is not the file's."""
    def make(path):
        shuffled = list(lines())
        random.Random(4).shuffle(shuffled)
        path.write_text("\n".join(shuffled) + "\n")
    return _questions(f"{name}.sweep", make)


def flat():
    path = _folder() / "flat.zone"
    records = _count(path, lambda path: zones.flat(path, FLAT_NAMES, FLAT))
    questions = _questions("flat", lambda file: queries.write(file, zones.names(FLAT_NAMES, 12), queries.flat, FLAT))
    sweep = _sweep("flat", lambda: (f"{name}.{FLAT} A" for name in zones.names(FLAT_NAMES, 12)))
    return ZoneSet("flat", [(FLAT, path)], questions, records, [FLAT], sweep)


def _delegation_files():
    questions = _questions("delegations",
                           lambda file: queries.write(file, zones.names(DELEGATED_NAMES, 11), queries.delegations, TLD))
    return questions, _sweep("delegations", lambda: (f"{name}.{TLD} A" for name in zones.names(DELEGATED_NAMES, 11)))


def delegations():
    path = _folder() / "delegations.zone"
    records = _count(path, lambda path: zones.delegations(path, DELEGATED_NAMES, TLD))
    questions, sweep = _delegation_files()
    return ZoneSet("delegations", [(TLD, path)], questions, records, [TLD], sweep)


def _signed_delegations(kind, *options):
    path = _folder() / f"delegations-{kind}.zone"
    if not path.exists():
        print(f"making {path.name}: a minute or two", flush=True)
        sign(delegations().zones[0][1], path, TLD, *options)
    questions, sweep = _delegation_files()
    return ZoneSet(f"delegations-{kind}", [(TLD, path)], questions, _count(path), [TLD], sweep)


def delegations_nsec():
    return _signed_delegations("nsec")


def delegations_nsec3():
    return _signed_delegations("nsec3", "-3", "-", "-H", "0", "-A")


def hosting():
    folder = _folder() / "hosting"
    listing = folder / "zones.txt"
    folder.mkdir(exist_ok=True)
    records = _count(listing, lambda path: zones.hosting(folder, HOSTED_ZONES))
    rows = [line.split("\t") for line in listing.read_text().splitlines()]
    questions = _questions("hosting", lambda file: queries.write(file, [row[0] for row in rows], queries.hosting))
    sweep = _sweep("hosting", lambda: (f"www.{row[0]} A" for row in rows))
    probes = [row[0] for row in rows[::len(rows) // 50]] + [rows[-1][0]]
    return ZoneSet("hosting", [(name, folder / file) for name, file in rows], questions, records, probes, sweep)


def growth(count):
    path = _folder() / f"growth-{count}.zone"
    records = _count(path, lambda path: zones.numbered(path, count, GROWTH))
    questions = _questions(f"growth-{count}", lambda file: queries.write_numbered(file, count, GROWTH))
    return ZoneSet(f"growth-{count}", [(GROWTH, path)], questions, records, [GROWTH], None)


SETS = {"root": root, "root-signed": root_signed, "flat": flat, "delegations": delegations, "hosting": hosting,
        "delegations-nsec": delegations_nsec, "delegations-nsec3": delegations_nsec3,
        "growth-1000": lambda: growth(1_000), "growth-1000000": lambda: growth(1_000_000),
        "growth-10000000": lambda: growth(10_000_000)}


if __name__ == "__main__":
    for wanted in sys.argv[1:] or SETS:
        made = SETS[wanted]()
        print(f"{made.name}: {len(made.zones)} zones, {made.records} records")
