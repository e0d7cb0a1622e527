# SPDX-License-Identifier: Apache-2.0
"""Rdata of every type beside BIND's named-rrchecker and dnspython: text to octets, octets to text, what is refused.

A difference passes only when a predicate below names it with its reason.
"""
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("RHIZ_BUILD", ROOT / "build"))
SAMPLES = pathlib.Path(__file__).with_name("rdata_samples.txt")
CHANGES = int(os.environ.get("RHIZ_ORACLE_CHANGES", "4"))     # of each sample
Sample = collections.namedtuple("Sample", "klass type text")


def find_tool():
    found = sorted(BUILD.rglob("rdata-tool"))
    return found[0] if found else None


pytestmark = pytest.mark.skipif(find_tool() is None, reason="rdata-tool is not built")


def samples():
    for line in SAMPLES.read_text().splitlines():
        if line and not line.startswith("#"):
            klass, type_, *text = line.split(None, 2)
            yield Sample(klass, type_, text[0] if text else "")


def tool(lines, *options):
    run = subprocess.run([find_tool(), *options], input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, timeout=120)
    assert run.returncode == 0 and run.stderr == ""
    return run.stdout.splitlines()


def ours_parse(items):
    """Hex, or None with the sentence."""
    return [(a[5:], None) if a.startswith("wire") else (None, a) for a in tool([" ".join(i) for i in items])]


def bind(sample, option):
    run = subprocess.run(["named-rrchecker", option], input=" ".join(sample) + "\n", capture_output=True, text=True, timeout=60)
    return run.stdout.rstrip("\n") if run.returncode == 0 else None


def all_of(function, items):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(function, items))


def bind_parse(sample):
    out = bind(sample, "-u")
    return None if out is None else "".join(out.split("\\#")[1].split()[1:])


# What BIND 9.18 does otherwise: name -> (predicate of sample and our hex, reason)
PARSE_DEVIATIONS = {
    "meta types": (lambda s, h: s.type in ("TSIG", "TKEY"), "named-rrchecker takes no meta types"),
    "newer types": (lambda s, h: s.type in ("CLA", "IPN", "NXNAME"), "registered after BIND 9.18"),
    "newer parameters": (lambda s, h: re.search("ohttp|dohpath|tls-supp", s.text), "RFC 9461, 9540: BIND 9.18 does not know them"),
    "no key": (lambda s, h: s.type == "IPSECKEY" and h == "0A0000", "RFC 4025 2.4: no key with algorithm 0"),
    "SEP": (lambda s, h: "|SEP" in s.text, "a mnemonic that BIND does not know"),
    "URI without quotes": (lambda s, h: s.type == "URI" and '"' not in s.text, "BIND takes only quoted text"),
    "empty URI": (lambda s, h: s.type == "URI" and s.text.endswith('""'), "RFC 7553 4.4: MUST NOT be empty"),
    "GPOS": (lambda s, h: s.type == "GPOS" and "abc" in s.text, "RFC 1712 3: decimal numbers"),
}


def deviation(table, sample, value, hits):
    for name, (predicate, _) in table.items():
        if predicate(sample, value):
            hits[name] += 1
            return True
    return False


def test_text_to_octets_as_bind():
    items = list(samples())
    hits, wrong, covered = collections.Counter(), [], set()
    for sample, (mine, sentence), theirs in zip(items, ours_parse(items), all_of(bind_parse, items)):
        if mine == theirs:
            covered |= {sample.type} if mine is not None else set()
        elif not deviation(PARSE_DEVIATIONS, sample, mine, hits):
            wrong.append((sample, mine, sentence, theirs))
    assert not wrong
    listed = subprocess.run(["named-rrchecker", "-T"], capture_output=True, text=True, check=True).stdout.split()
    assert set(listed) - covered == set()
    print(f"{len(covered)} types agree, deviations: {dict(hits)}")


PRINT_DEVIATIONS = {
    "key names": (lambda s, t: re.search("key[78](=|$| )", t), "BIND 9.18 does not know dohpath and ohttp"),
    "two blanks": (lambda s, t: s.type == "A6" and "128  " in t, "BIND leaves the place of the address"),
}


def test_octets_to_text_as_bind():
    items = [(s, w) for s, (w, _) in zip(list(samples()), ours_parse(list(samples()))) if w is not None]
    mine = tool([f"{s.klass} {s.type} {w or '-'}" for s, w in items], "-r", "-s", "56")
    hits, wrong = collections.Counter(), []
    for (sample, wire), text, theirs in zip(items, mine, all_of(lambda i: bind(i[0], "-p"), items)):
        if theirs is None:
            continue
        theirs = theirs.split("\t", 2)[2]
        if text[5:] != theirs and not deviation(PRINT_DEVIATIONS, sample, theirs, hits):
            wrong.append((sample, text, theirs))
    assert not wrong
    again = ours_parse([Sample(s.klass, s.type, t[5:]) for (s, _), t in zip(items, mine)])
    assert [w for w, _ in again] == [w for _, w in items]


def python_parse(sample):
    try:
        klass, type_ = dns.rdataclass.from_text(sample.klass), dns.rdatatype.from_text(sample.type)
    except dns.exception.DNSException:
        return "unknown"
    if dns.rdata.get_rdata_class(klass, type_) is dns.rdata.GenericRdata and "\\#" not in sample.text:
        return "unknown"
    try:
        return dns.rdata.from_text(klass, type_, sample.text, relativize=False).to_wire().hex().upper()
    except Exception:  # whatever it raises, it refuses
        return None


def test_text_to_octets_as_dnspython():
    items = list(samples())
    wrong, agreed = [], set()
    for sample, (mine, _) in zip(items, ours_parse(items)):
        theirs = python_parse(sample)
        if theirs == "unknown" or mine is None or theirs is None:
            continue                # what is refused is compared with BIND; dnspython is laxer and stricter in turn
        if mine == theirs:
            agreed.add(sample.type)
        else:
            wrong.append((sample, mine, theirs))
    assert not wrong
    assert len(agreed) >= 60, sorted(agreed)


# Octets that one takes and the other does not.
CHECK_DEVIATIONS = {
    "GPOS": (lambda s, ok: s.type == "GPOS" and not ok, "RFC 1712 3: decimal numbers"),
    "empty URI": (lambda s, ok: s.type == "URI" and not ok, "RFC 7553 4.4"),
    "services": (lambda s, ok: s.type in ("SVCB", "HTTPS") and re.search("000[5789]", s.text), "ech empty, dohpath, ohttp, groups: newer"),
    "IPSECKEY": (lambda s, ok: s.type == "IPSECKEY", "RFC 4025 2.4: the key may be missing with algorithm 0 only"),
    "KEY": (lambda s, ok: s.type in ("KEY", "DNSKEY", "CDNSKEY", "RKEY"), "BIND looks into keys of some algorithms; NOKEY has no key"),
    "ATMA": (lambda s, ok: s.type == "ATMA" and ok, "an unknown format is opaque"),
    "NAPTR": (lambda s, ok: s.type == "NAPTR" and ok, "expressions are not compiled"),
}


def test_broken_octets_as_bind():
    """Good rdata with an octet changed, cut or added, given in generic form: taken and refused by the same."""
    rng = random.Random(1)
    good = [(s, bytes.fromhex(w)) for s, (w, _) in zip(list(samples()), ours_parse(list(samples()))) if w]
    items = []
    for sample, wire in good:
        if sample.type in ("TSIG", "TKEY", "CLA", "IPN", "NXNAME"):
            continue
        for _ in range(CHANGES):
            octets, at = bytearray(wire), rng.randrange(len(wire))
            kind = rng.randrange(4)
            if kind == 0:
                octets = octets[:at]
            elif kind == 1:
                octets += bytes([rng.choice([0, 1, 255])])
            else:
                octets[at] = rng.choice([0, 1, 63, 64, 128, 192, 255, octets[at] ^ 1])
            items.append(Sample(sample.klass, sample.type, f"\\# {len(octets)} {octets.hex()}"))
    hits, wrong = collections.Counter(), []
    for sample, (mine, sentence), theirs in zip(items, ours_parse(items), all_of(bind_parse, items)):
        if (mine is None) != (theirs is None) and not deviation(CHECK_DEVIATIONS, sample, mine is not None, hits):
            wrong.append((sample, sentence, theirs))
    assert not wrong
    print(f"{len(items)} changed, deviations: {dict(hits)}")
