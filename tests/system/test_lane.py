# SPDX-License-Identifier: Apache-2.0
"""Plain questions take a short way through the server; the same question with something beside it takes the long one.  Both must give
the same octets, and count the same."""
import random
import subprocess

import pytest
import raw
import rhizome

ZONES = rhizome.ROOT / "tests" / "data" / "zones"
DO = 0x8000
TYPES = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "DS", "CNAME", "NSEC", "DNSKEY", "SRV", "ANY", "RRSIG", "HTTPS"]
# What no server has a use for, and what keeps a question from being plain.
UNKNOWN_OPTION = raw.option(65001)
UNKNOWN_RECORD = raw.name("x.") + b"\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1"


def owners(path, origin):
    """Only what is asked about, so our own tool may tell."""
    text = subprocess.run([str(rhizome.RHIZ), "zone", "format", "--origin", origin, str(path)], capture_output=True, text=True, timeout=rhizome.PATIENCE)
    return sorted({line.split()[0] for line in text.stdout.splitlines() if line and line[0] not in " \t;$"})


def mixed_case(rng, text):
    return "".join(c.upper() if rng.random() < 0.3 else c for c in text)


def questions(rng, names, origin, count):
    """Names of the zone, below them, beside them; each may come again, since answers are kept when they are asked for again."""
    out = []
    for _ in range(count):
        owner = rng.choice(names)
        kind = rng.random()
        if kind < 0.3:
            owner = rng.choice(["www.", "a.b.", "*.", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx."]) + owner.lstrip(".")
        elif kind < 0.45:
            owner = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789-") for _ in range(rng.randint(1, 20))) + "." + origin.lstrip(".")
        owner = mixed_case(rng, owner) if kind > 0.8 else owner
        out += [(owner, rng.choice(TYPES))] * rng.randint(1, 4)
    return out


def pairs(rng, owner, rdtype, cookie):
    """The plain question, and the same with more."""
    ident, flags = rng.getrandbits(16), rng.choice([0, raw.RD, raw.RD | raw.CD, raw.AD])
    plain = raw.query(owner, rdtype, id=ident, flags=flags)
    yield plain, raw.header(ident, flags, ar=1) + raw.question(owner, rdtype) + UNKNOWN_RECORD
    payload, do, told = rng.choice([0, 512, 700, 1232, 4096]), rng.choice([0, DO]), rng.choice([b"", cookie])
    yield (raw.query(owner, rdtype, id=ident, flags=flags, edns=raw.opt(payload, flags=do, options=told)),
           raw.query(owner, rdtype, id=ident, flags=flags, edns=raw.opt(payload, flags=do, options=told + UNKNOWN_OPTION)))


def counted(server):
    """All but the sizes of queries, which differ, and times."""
    numbers = server.control("stats", zones=True)
    flat = {}

    def walk(prefix, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}", inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(f"{prefix}.{inner.get('name', index) if isinstance(inner, dict) else index}", inner)
        elif isinstance(value, int):
            flat[prefix] = value
    walk("", numbers)
    kept = ("queries.", "responses.", "outcome.", "rcode.", "type.", "edns", "dnssec_ok", "truncated", "cookies.", "opcode.", "zones.")
    return {k: v for k, v in flat.items() if any(part in k for part in kept)}


@pytest.mark.parametrize("path, origin, count", [
    ("features.example.zone", "features.example.", 500), ("signed.example.zone", "signed.example.", 500),
    ("signed.example.nsec3.zone", "signed.example.", 500), ("root-2017-signed.zone", ".", 500), ("root.zone", ".", 300)])
def test_both_ways_are_one(rhizd, path, origin, count):
    rng = random.Random(path)
    acl = "[" + ", ".join(f'"198.51.{i}.0/24"' for i in range(100)) + ', "127.0.0.0/8"]'
    server = rhizd(zones={origin: ZONES / path}, workers=1, zone_options=f", allow-query: {acl}", server='nsid: "ns1.test"\n')
    names = owners(ZONES / path, origin)
    udp = raw.Udp(server.port)
    probe = raw.query(origin, "SOA", id=raw.PROBE_ID)
    told = raw.options(udp.ask(raw.query(origin, "SOA", edns=raw.opt(options=raw.option(raw.COOKIE, b"8 octets"))), probe))
    cookie = raw.option(raw.COOKIE, told[raw.COOKIE])
    assert len(cookie) == 4 + 24
    asked = [pair for owner, rdtype in questions(rng, names, origin, count) for pair in pairs(rng, owner, rdtype, cookie)]
    plain_before = counted(server)
    short = [udp.ask(plain, probe) for plain, _ in asked]
    plain_after = counted(server)
    long = [udp.ask(more, probe) for _, more in asked]
    more_after = counted(server)
    assert None not in short
    assert [(q.hex(), a.hex()) for (q, _), a, b in zip(asked, short, long) if a != b] == []
    by_plain = {k: plain_after[k] - plain_before.get(k, 0) for k in plain_after}
    by_more = {k: more_after[k] - plain_after.get(k, 0) for k in more_after}
    assert {k: v for k, v in by_plain.items() if v} == {k: v for k, v in by_more.items() if v}
    assert any(k.endswith("cookies.good") or "cookies_good" in k for k, v in by_plain.items() if v)
    assert sum(a[3] & 15 == 3 for a in short) > 20 and sum(bool(a[2] & 2) for a in short) >= (5 if origin == "." else 0)
