# SPDX-License-Identifier: Apache-2.0
"""Questions made from a zone: every name, every type, wildcards, cuts, below cuts, empty non-terminals, names that do not exist."""
import random

import dns.name
import dns.rdatatype
import dns.zone

TYPES = ["A", "AAAA", "NS", "SOA", "MX", "TXT", "CNAME", "DNAME", "DS", "DNSKEY", "NSEC", "SRV", "PTR", "HTTPS", "CAA", "TYPE65280", "ANY"]


class Question:
    __slots__ = ("name", "type", "edns", "dnssec", "payload", "tcp", "seed")

    def __init__(self, name, rdtype, edns, dnssec, payload, tcp):
        self.name, self.type, self.edns, self.dnssec, self.payload, self.tcp = name, rdtype, edns, dnssec, payload, tcp

    def wire(self):
        message = b"\0\0" + b"\0\0" + b"\0\1" + b"\0\0\0\0" + (b"\0\1" if self.edns else b"\0\0")
        message += self.name.to_wire() + int(self.type).to_bytes(2, "big") + b"\0\1"
        if self.edns:
            message += b"\0\0\x29" + self.payload.to_bytes(2, "big") + b"\0\0" + (b"\x80\0" if self.dnssec else b"\0\0") + b"\0\0"
        return message

    def __str__(self):
        options = (" +tcp" if self.tcp else "") + (f" +bufsize={self.payload}" if self.edns else " +noedns") + \
                  (" +dnssec" if self.dnssec else "")
        return f"{self.name} {dns.rdatatype.to_text(self.type)}{options}"


def random_label(rng):
    return bytes(rng.choice(b"abcdefghijklmnopqrstuvwxyz0123456789-") for _ in range(rng.randint(1, 14)))


def mixed_case(rng, name):
    return dns.name.Name([bytes(c - 32 if 97 <= c <= 122 and rng.random() < 0.5 else c for c in label) for label in name.labels])


def candidate_names(zone, rng, count):
    """Endless names of all sorts, existing ones first and each at least once when count allows."""
    existing = [name.derelativize(zone.origin) for name in zone.nodes]
    enclosing = set()
    for name in existing:
        while name != zone.origin and len(name) > len(zone.origin):
            enclosing.add(name)
            name = name.parent()
    existing = sorted(enclosing | {zone.origin})
    cuts = [n for n in existing if n != zone.origin and zone.get_rdataset(n, "NS")]
    rng.shuffle(existing)
    made = 0
    for name in existing:
        yield name
        made += 1
    while made < count * 4:
        made += 1
        kind = rng.random()
        base = rng.choice(existing)
        try:
            if kind < 0.30:
                yield dns.name.Name((random_label(rng),) + zone.origin.labels)
            elif kind < 0.50:
                yield dns.name.Name((random_label(rng),) + base.labels)
            elif kind < 0.60:
                yield dns.name.Name((random_label(rng), random_label(rng)) + base.labels)
            elif kind < 0.65:
                yield dns.name.Name((b"*",) + base.labels)
            elif kind < 0.80 and cuts:
                yield dns.name.Name((rng.choice([b"www", b"ns1", b"a"]),) + rng.choice(cuts).labels)
            elif kind < 0.90:
                yield mixed_case(rng, base)
            elif len(base) > len(zone.origin) and base != zone.origin:
                # just beside an existing name in canonical order
                first = base.labels[0]
                yield dns.name.Name((first[:-1] + bytes([first[-1] ^ 1]) if first else b"x",) + base.labels[1:])
            else:
                yield base
        except (dns.name.NameTooLong, dns.name.LabelTooLong, dns.name.EmptyLabel):
            continue


def questions(zone, count, seed, dnssec, more_types=()):
    """count questions; dnssec: also with DO; more_types: asked besides the usual ones, RRSIG only if named here."""
    rng = random.Random(seed)
    types = [dns.rdatatype.from_text(t) for t in (*TYPES, *more_types)]
    made = []
    seen = set()
    for name in candidate_names(zone, rng, count):
        node = zone.get_node(name)
        own = [rds.rdtype for rds in node.rdatasets] if node is not None else []
        some = set(rng.sample(types, 2) + own[:4])
        for rdtype in sorted(some):
            if rdtype in (dns.rdatatype.RRSIG, dns.rdatatype.NSEC3) and dns.rdatatype.to_text(rdtype) not in more_types:
                continue
            kind = rng.random()
            edns = kind > 0.2
            do = dnssec and kind > 0.4
            tcp = rng.random() < 0.1
            payload = rng.choice([512, 1232, 1232, 4096])
            key = (name.to_wire(), rdtype, edns, do, tcp)
            if key in seen:
                continue
            seen.add(key)
            made.append(Question(name, rdtype, edns, do, payload, tcp))
    # Existing names come first in `made`; a fair share of both halves.
    if len(made) > count:
        made = rng.sample(made, count)
    return made
