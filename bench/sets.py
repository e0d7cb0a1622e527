# SPDX-License-Identifier: Apache-2.0
"""The zone sets: made once in the cache folder (deterministic but for keys and signatures), then only named.

A set is its zones (name, file), its records, its questions, and a name that answers once all is loaded.
"""
import dataclasses
import pathlib
import subprocess
import tempfile

import machine
import queries

ROOT_ZONE = machine.ROOT / "tests" / "data" / "zones" / "root.zone"
TEN_YEARS = "+315360000"


@dataclasses.dataclass
class ZoneSet:
    name: str
    zones: list          # (name without the final dot or ".", path)
    questions: pathlib.Path
    records: int
    probe: str           # its SOA or referral is awaited
    signed: bool = False


def _folder():
    path = machine.home() / "data"
    path.mkdir(exist_ok=True)
    return path


def _count(path):
    """Records of a master file that has one a line; parentheses, if any, hold one record together."""
    kept = path.with_suffix(".count")
    if not kept.exists() or kept.stat().st_mtime < path.stat().st_mtime:
        depth = records = 0
        with open(path) as file:
            for line in file:
                text = line.split(";")[0] if '"' not in line else line
                if depth == 0 and text.strip() and not text.startswith("$"):
                    records += 1
                depth += text.count("(") - text.count(")")
        kept.write_text(str(records))
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
    return ZoneSet("root", [(".", ROOT_ZONE)], _root_questions(), 20649, "com")


def root_signed():
    path = _folder() / "root-signed.zone"
    if not path.exists():
        sign(ROOT_ZONE, path, ".")
    return ZoneSet("root-signed", [(".", path)], _root_questions(), _count(path), "com", signed=True)


SETS = {"root": root, "root-signed": root_signed}
