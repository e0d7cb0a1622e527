# SPDX-License-Identifier: Apache-2.0
"""An answer in comparable form, the peers' majority, and the kinds of deviation from it that an RFC allows."""
import collections
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

FIELDS = ("rcode", "aa", "tc", "ad", "edns", "ede", "answer", "authority", "additional")


class Answer:
    """What is compared: header, EDNS, and each section as a set of records."""

    def __init__(self, wire):
        self.missing = wire is None
        self.wire = wire
        self.size = 0 if wire is None else len(wire)
        if self.missing:
            self.values = {field: "no answer" for field in FIELDS}
            return
        message = dns.message.from_wire(wire, ignore_trailing=False, one_rr_per_rrset=False)
        self.values = {
            "rcode": dns.rcode.to_text(message.rcode()),
            "aa": bool(message.flags & dns.flags.AA),
            "tc": bool(message.flags & dns.flags.TC),
            "ad": bool(message.flags & dns.flags.AD),
            "edns": (message.edns, bool(message.ednsflags & dns.flags.DO) if message.edns >= 0 else False),
            "ede": tuple(sorted(int(o.code) for o in message.options if o.otype == dns.edns.OptionType.EDE)),
            "answer": records(message.answer),
            "authority": records(message.authority),
            "additional": records(message.additional),
        }

    def __getitem__(self, field):
        return self.values[field]

    def types(self, section):
        return {record[1] for record in self.values[section]}


def records(section):
    found = set()
    for rrset in section:
        owner = rrset.name.canonicalize().to_wire()
        for rdata in rrset:
            found.add((owner, dns.rdatatype.to_text(rrset.rdtype), rrset.ttl, rdata.to_digestable(dns.name.root)))
    return frozenset(found)


def majority(values):
    """What at least two of three say, else None."""
    value, count = collections.Counter(values).most_common(1)[0]
    return value if count >= 2 else None


class Case:
    """One question with everybody's answer."""

    def __init__(self, question, zone, ours, peers, whole=lambda: None):
        """whole: asks ours the same over TCP, once it is needed."""
        self.question, self.zone, self.ours, self.peers, self.ask_whole = question, zone, ours, peers, whole
        self.majority = {field: majority([peer[field] for peer in peers.values()]) for field in FIELDS}
        self.differs = [field for field in FIELDS if self.ours[field] != self.majority[field]]

    @property
    def limit(self):
        if self.question.tcp:
            return 65535
        return min(1232, max(512, self.question.payload)) if self.question.edns else 512

    def whole(self):
        if not hasattr(self, "_whole"):
            self._whole = self.ask_whole()
        return self._whole

    def settled(self, field):
        return self.majority[field] is not None


def explain(case):
    lines = [f"{case.question}: differs in {', '.join(case.differs)}"]
    for field in case.differs:
        lines.append(f"  {field}: ours {show(case.ours[field])}")
        for name, peer in case.peers.items():
            lines.append(f"    {name}: {show(peer[field])}")
    return "\n".join(lines)


def show(value):
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(f"{dns.name.from_wire(o, 0)[0]} {ttl} {t} {rdata.hex()[:24]}" for o, t, ttl, rdata in value)[:12]) + "}"
    return repr(value)
