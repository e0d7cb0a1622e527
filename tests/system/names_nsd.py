# SPDX-License-Identifier: Apache-2.0
"""DNS zones that stand on a chain and in a master file: RRsets as [owner, type, ttl, rdata] in the devnet's form."""
import random

import dns.rdatatype

from differential import compare, peers


def master_file(origin, records):
    """The same records for a name server; names in rdata get their final dot."""
    lines = [f"$ORIGIN {origin}."]
    for owner, rdtype, ttl, rdata in records:
        words = rdata.split()
        if rdtype in ("NS", "CNAME", "DNAME", "PTR", "MX", "SRV"):
            words[-1] += "."
        if rdtype == "SOA":
            words[0], words[1] = words[0] + ".", words[1] + "."
        lines.append(f"{owner}. {ttl} IN {rdtype} {' '.join(words)}")
    return "\n".join(lines) + "\n"


def apex(origin):
    return [[origin, "SOA", 3600, f"ns1.{origin} hostmaster.{origin} 7 3600 600 1209600 60"], [origin, "NS", 3600, f"ns1.{origin}"],
            [f"ns1.{origin}", "A", 3600, "192.0.2.53"]]


# No name exists only because one below it does: a chain does not tell of such (docs/names.md).
def rich(origin):
    """All that the rules of RFC 1034, 4592 and 6672 tell apart."""
    n = lambda label: f"{label}.{origin}"       # noqa: E731
    return apex(origin) + [
        [origin, "A", 300, "192.0.2.1"], [origin, "A", 300, "192.0.2.2"], [origin, "AAAA", 300, "2001:db8::1"], [origin, "TXT", 60, '"the apex"'],
        [origin, "MX", 300, f"10 {n('mail')}"], [origin, "CAA", 300, '0 issue "ca.example"'],
        [n("mail"), "A", 300, "192.0.2.25"], [n("mail"), "AAAA", 300, "2001:db8::25"],
        [n("www"), "CNAME", 120, origin], [n("far"), "CNAME", 120, "www.example.com"], [n("one"), "CNAME", 120, n("two")], [n("two"), "CNAME", 90, n("mail")],
        [n("dangling"), "CNAME", 120, n("x.mail")], [n("round"), "CNAME", 120, n("about")], [n("about"), "CNAME", 120, n("round")],
        [n("wild"), "TXT", 60, '"has a wildcard below"'], [n("*.wild"), "A", 240, "192.0.2.63"], [n("*.wild"), "MX", 240, f"5 {n('mail')}"],
        [n("there.wild"), "TXT", 60, '"no address"'], [n("alias"), "TXT", 60, '"x"'], [n("*.alias"), "CNAME", 60, n("mail")],
        [n("child"), "NS", 3600, n("ns.child")], [n("child"), "NS", 3600, "ns.example.net"], [n("ns.child"), "A", 3600, "192.0.2.64"],
        [n("ns.child"), "AAAA", 3600, "2001:db8::64"], [n("safe"), "NS", 3600, "ns.example.net"],
        [n("safe"), "DS", 3600, "12345 13 2 " + "ab" * 32],
        [n("moved"), "DNAME", 200, n("wild")], [n("moved"), "TXT", 60, '"beside a DNAME"'], [n("gone"), "DNAME", 200, "example.org"],
        [n("sip"), "SRV", 300, f"1 2 5060 {n('mail')}"], [n("long"), "TXT", 60, '"' + "x" * 200 + '" "' + "y" * 200 + '"'],
    ]


def rich_questions(origin):
    owners = ["", "mail.", "www.", "far.", "one.", "two.", "dangling.", "round.", "wild.", "a.wild.", "a.b.wild.", "there.wild.", "x.there.wild.", "alias.", "q.alias.", "child.",
              "x.child.", "ns.child.", "y.ns.child.", "safe.", "x.safe.", "moved.", "a.moved.", "there.moved.", "x.gone.", "gone.", "sip.", "long.", "nothing.", "x.nothing.", "x.mail.",
              "ns1.", "*.wild.", "a.*.wild."]
    return [(owner + origin, rdtype) for owner in owners for rdtype in ("A", "AAAA", "TXT", "MX", "CNAME", "NS", "SOA", "DNAME", "DS", "SRV", "HTTPS")]


def random_zone(origin, seed):
    """A random zone of the same kinds and questions about it."""
    rng = random.Random(seed)
    owners, cuts = [origin], []
    for _ in range(14):
        parent = rng.choice(owners)
        if any(parent.endswith(cut) for cut in cuts) or parent.startswith("*.") or parent.count(".") > origin.count(".") + 2:
            continue
        owner = f"{rng.choice(['a', 'b', 'c', 'd', '*', 'Ab', 'x-1'])}.{parent}".lower()
        if owner not in owners:
            owners.append(owner)
    records = apex(origin)
    target = lambda: rng.choice(owners + [f"z.{rng.choice(owners)}", "www.example.com"]).replace("*", "s")        # noqa: E731
    for owner in owners[1:]:
        kind = rng.random()
        if kind < 0.15:
            records.append([owner, "CNAME", rng.choice([60, 300]), target()])
        elif kind < 0.25 and "*" not in owner and not any(other != owner and other.endswith("." + owner) for other in owners):
            records += [[owner, "NS", 300, f"ns.{owner}"], [f"ns.{owner}", "A", 300, f"192.0.2.{rng.randrange(1, 250)}"]]
        elif kind < 0.32 and "*" not in owner and not any(other != owner and other.endswith("." + owner) for other in owners):
            records.append([owner, "DNAME", 300, target()])
        else:
            records.append([owner, "TXT", 60, f'"{rng.randrange(1000)}"'])
            for rdtype, rdata in (("A", f"192.0.2.{rng.randrange(1, 250)}"), ("AAAA", f"2001:db8::{rng.randrange(1, 9999):x}"), ("MX", f"1 {target()}")):
                if rng.random() < 0.5:
                    records.append([owner, rdtype, rng.choice([60, 300, 900]), rdata])
    names = owners + [f"{label}.{owner}" for owner in owners for label in ("a", "q", "ns")] + [f"q.a.{owner}" for owner in owners]
    types = ("A", "AAAA", "TXT", "MX", "CNAME", "NS", "SOA", "DS", "DNAME")
    return records, [(name, rng.choice(types)) for name in rng.sample(names, min(60, len(names))) for _ in range(2)]


def nsd(folder, zones):
    """A started NSD with {origin: records}."""
    served = []
    for origin, records in zones.items():
        path = folder / f"{origin}.zone"
        path.write_text(master_file(origin, records))
        served.append((f"{origin}.", str(path)))
    return peers.Nsd(folder, served).start()


def shape(reply):
    """What is compared of a dns.message.Message."""
    one = compare.Answer(reply.to_wire())
    return {field: one[field] for field in ("rcode", "aa", "tc", "answer", "authority", "additional")}


def words(shaped):
    return {field: compare.show(value) for field, value in shaped.items()}


def type_of(text):
    return dns.rdatatype.from_text(text)
