# SPDX-License-Identifier: Apache-2.0
"""Small nasty zones from a seed: what a hostile or careless operator may write and every peer still loads.

Labels come from a small set, so that wildcards, cuts, DNAMEs and empty non-terminals land above, beside and below each other.
A plan (owner -> type -> texts of rdata) is printed as a master file; signing is BIND's dnssec-signzone.
"""
import pathlib
import random
import subprocess

import dns.name

LONG = "l" * 63
LABELS = ["a", "b", "c", "d", "*", "*", "A", "Bb", "_tcp", "\\000", "\\.", "\\255", "\\\\\\\"", "a\\000b", "0", "-", "z" * 20, "\\@", "**", "x*", "\\*y"]
SIGNINGS = {
    "plain": None,
    "nsec": [],
    "nsec3": ["-3", "-", "-H", "0"],
    "salted": ["-3", "aabbccdd", "-H", "10"],
    "optout": ["-3", "-", "-H", "1", "-A"],
    "optout-salted": ["-3", "00", "-H", "10", "-A"],
}
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


class Plan:
    """What a zone holds; names are texts relative to the origin, '@' the apex."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.data = {}

    def free(self, owner, rdtype):
        """Whether the type may be added there by the rules that all peers enforce."""
        have = self.data.get(owner.lower(), {})
        if not have:
            return True
        if "CNAME" in have or rdtype == "CNAME":
            return False
        if rdtype == "DNAME":
            return "DNAME" not in have and "NS" not in have
        if rdtype == "NS":
            return "DNAME" not in have
        return True

    def add(self, owner, rdtype, *texts):
        owner = owner.lower()
        try:
            full = dns.name.from_text(owner if owner != "@" else "", dns.name.from_text("zone-name-of-some-length.test."))
        except (dns.name.NameTooLong, dns.exception.DNSException):
            return False
        if len(full.to_wire()) > 250 or not self.free(owner, rdtype):
            return False
        self.data.setdefault(owner, {}).setdefault(rdtype, []).extend(t for t in texts if t not in self.data[owner].get(rdtype, []))
        return True

    def name(self, below="", depth=None):
        labels = [self.rng.choice(LABELS) for _ in range(depth or self.rng.randint(1, 4))]
        return ".".join(labels + ([below] if below and below != "@" else []))

    def owner(self):
        """An existing one, or one just below it, or something new."""
        owners = [o for o in self.data if o != "@"]
        kind = self.rng.random()
        if owners and kind < 0.25:
            return self.rng.choice(owners)
        if owners and kind < 0.6:
            return self.name(self.rng.choice(owners), self.rng.randint(1, 2))
        return self.name()

    def target(self):
        kind = self.rng.random()
        if kind < 0.15:
            return self.rng.choice(["out.elsewhere.test.", "invalid.", "."])
        if kind < 0.7 and self.data:
            return self.rng.choice(list(self.data))
        return self.name(depth=self.rng.randint(1, 3))

    def host(self):
        kind = self.rng.random()
        if kind < 0.2:
            return f"ns{self.rng.randint(1, 3)}.elsewhere.test."
        if kind < 0.5:
            return self.rng.choice(["ns1", "ns2"])
        return self.rng.choice(["a", "b", "c", "ns.d", "ns", "a.b"])


def address(rng):
    return f"192.0.2.{rng.randint(1, 254)}"


def address6(rng):
    return f"2001:db8::{rng.randint(1, 65535):x}"


# ---- what there is ----

def plain_data(p):
    rng = p.rng
    kinds = {
        "A": lambda: address(rng), "AAAA": lambda: address6(rng), "TXT": lambda: f'"text {rng.randint(0, 9)}"', "MX": lambda: f"{rng.randint(0, 3)} {p.target()}",
        "SRV": lambda: f"0 0 {rng.randint(1, 9)} {p.host()}", "PTR": p.target, "TYPE65280": lambda: "\\# 3 0102ff",
        "CAA": lambda: '0 issue "ca.example"', "HTTPS": lambda: f"1 {p.target()} alpn=h2", "LOC": lambda: "52 22 23 N 4 53 32 E 0m 1m 1m 1m",
        "NAPTR": lambda: f'1 1 "u" "E2U+sip" "" {p.target()}', "SSHFP": lambda: "1 1 aabbccddeeaabbccddeeaabbccddeeaabbccddee", "RP": lambda: f"{p.target()} {p.target()}",
    }
    owner = p.owner()
    for rdtype in rng.sample(list(kinds), rng.randint(1, 3)):
        p.add(owner, rdtype, *[kinds[rdtype]() for _ in range(rng.choice([1, 1, 2, 3]))])


def wildcard(p):
    below = p.rng.choice(["", "", p.owner()])
    if p.rng.random() < 0.4:
        below = p.name(below, 1)
    owner = "*" + ("." + below if below else "")
    p.add(owner, p.rng.choice(["TXT", "TYPE65281"]), "\\# 2 0141")
    if p.rng.random() < 0.5:
        p.add(owner, "A", address(p.rng))


def wildcard_cname(p):
    p.add("*." + p.name(depth=p.rng.randint(1, 2)), "CNAME", p.target())


def cname(p):
    p.add(p.owner(), "CNAME", p.target())


def cname_chain(p):
    tail = p.name(depth=1)
    names = [f"c{i}.{tail}" for i in range(p.rng.choice([2, 5, 18]))]
    for here, there in zip(names, names[1:] + [p.rng.choice([names[0], p.target()])]):
        p.add(here, "CNAME", there)


def dname(p):
    owner = p.owner()
    if p.add(owner, "DNAME", p.target()) and p.rng.random() < 0.3:
        p.add(owner, "TXT", '"beside a DNAME"')


def dname_chain(p):
    names = [p.name(depth=1) + f"-d{i}" for i in range(p.rng.choice([2, 3]))]
    for here, there in zip(names, names[1:] + [p.rng.choice([names[0], p.target(), "x." + names[0]])]):
        p.add(here, "DNAME", there)


def dname_long(p):
    """Names that fit become ones that do not: YXDOMAIN."""
    p.add("dl" + str(p.rng.randint(0, 9)), "DNAME", f"{LONG}.{LONG}.{'m' * p.rng.randint(30, 55)}")


def cut(p):
    rng, owner = p.rng, p.owner()
    if "*" in owner.split(".") or owner.lower() in ("ns1", "ns2") or not p.free(owner, "NS"):
        return
    hosts = [p.host(), f"ns.{owner}", f"ns.child.{owner}"]
    rng.shuffle(hosts)
    hosts = hosts[:rng.randint(1, 3)]
    if not p.add(owner, "NS", *hosts):
        return
    for host in hosts:
        if not host.endswith("elsewhere.test.") and rng.random() < 0.9 and p.free(host, "A") and "CNAME" not in p.data.get(host, {}):
            p.add(host, "A", address(rng))
            if rng.random() < 0.5:
                p.add(host, "AAAA", address6(rng))
    if rng.random() < 0.5:
        p.add(owner, "DS", f"{rng.randint(1, 9999)} 13 2 {rng.randbytes(32).hex()}")


def cut_occluding(p):
    cuts = [o for o, types in p.data.items() if "NS" in types and o != "@"]
    if cuts:
        below = p.name(p.rng.choice(cuts), p.rng.randint(1, 2))
        p.add(below, "TXT", '"occluded"')
        p.add(below, "A", address(p.rng))


def cut_big(p):
    """A referral about as large as a limit."""
    owner = p.name(depth=1)
    if "*" in owner or not p.free(owner, "NS") or owner in p.data:
        return
    for i in range(p.rng.randint(4, 16)):
        host = f"{'n' * p.rng.randint(1, 20)}{i}.{owner}"
        p.add(owner, "NS", host)
        p.add(host, "A", address(p.rng))
        if p.rng.random() < 0.7:
            p.add(host, "AAAA", address6(p.rng))
    if p.rng.random() < 0.5:
        p.add(owner, "DS", f"{p.rng.randint(1, 9999)} 13 2 {p.rng.randbytes(32).hex()}")


def big_set(p):
    owner, size = p.owner(), p.rng.choice([400, 480, 500, 520, 1100, 1180, 1220, 1250, 2000])
    if p.rng.random() < 0.5:
        p.add(owner, "A", *[f"10.0.{i // 250}.{i % 250}" for i in range(size // 16)])
    else:
        p.add(owner, "TXT", *[f'"{"t" * 80}{i}"' for i in range(size // 95)])


def only_cuts_below(p):
    """An empty non-terminal with insecure delegations alone below: nothing of it in an opt-out chain."""
    top = p.name(depth=2)
    if "*" in top.split("."):
        return
    for i in range(p.rng.randint(1, 3)):
        p.add(f"cut{i}.{top}", "NS", p.host() if p.rng.random() < 0.5 else f"ns1.cut{i}.{top}")
    if p.rng.random() < 0.5:
        p.add(f"deep.er.{top}", "NS", "ns1")


FEATURES = [(plain_data, 6), (wildcard, 3), (wildcard_cname, 1), (cname, 3), (cname_chain, 1), (dname, 2), (dname_chain, 1), (dname_long, 1), (cut, 4),
            (cut_occluding, 2), (cut_big, 1), (big_set, 1), (only_cuts_below, 1)]


def plan(seed):
    p = Plan(seed)
    p.data["@"] = {"NS": ["ns1", "ns2.elsewhere.test."][:p.rng.randint(1, 2)]}
    p.data["ns1"] = {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}
    if p.rng.random() < 0.08:
        return p        # nothing but an apex
    features, weights = zip(*FEATURES)
    if p.rng.random() < 0.3:
        p.add("@", "MX", "1 " + p.target(), "2 ns1")
        p.add("@", "TXT", '"apex"')
    for feature in p.rng.choices(features, weights, k=p.rng.randint(4, 30)):
        feature(p)
    repair(p)
    return p


def repair(p):
    """Takes out what ours or a peer refuses to load: data below a DNAME, name servers without address or with an alias."""
    origin = dns.name.from_text("t.")
    for _ in range(20):
        changed = False
        names = {o: origin if o == "@" else dns.name.from_text(o, origin) for o in p.data}
        dnames = [names[o] for o, types in p.data.items() if "DNAME" in types]
        hidden = [o for o, name in names.items() if any(name != d and name.is_subdomain(d) for d in dnames)]
        for owner in hidden:
            del p.data[owner]
        for owner in [o for o, types in p.data.items() if "NS" in types]:
            hosts = p.data[owner]["NS"]
            for spelling in [h for h in hosts if not h.endswith(".")]:
                host = spelling.lower()
                at = dns.name.from_text(host, origin)
                if any(at != d and at.is_subdomain(d) for d in dnames) or "CNAME" in p.data.get(host, {}):
                    hosts.remove(spelling)
                    changed = True
                elif not {"A", "AAAA"} & set(p.data.get(host, {})):
                    changed |= p.add(host, "A", address(p.rng))
            if not hosts:
                p.data[owner]["NS"] = ["ns.elsewhere.test."]
        if not changed:
            return
    raise AssertionError("no end of repairs")


def text(seed, origin):
    p = plan(seed)
    lines = [f"$ORIGIN {origin}", "$TTL 3600", f"@ SOA ns1 hostmaster {seed + 1} 7200 1800 1209600 {p.rng.choice([60, 3600, 86400])}"]
    for owner, types in p.data.items():
        for rdtype, rdatas in types.items():
            ttl = p.rng.choice([300, 3600, 7200])
            lines += [f"{owner if p.rng.random() < 0.7 else owner.upper()} {ttl} {rdtype} {rdata}" for rdata in rdatas]
    return "\n".join(lines) + "\n"


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=PATH)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.split()


def sign(folder, origin, path, options):
    """Keys of its own, BIND's signer."""
    keys = [run(folder, "dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, origin)[-1] for flags in ((), ("-f", "KSK"))]
    with open(path, "a") as zone:
        for key in keys:
            zone.write((folder / (key + ".key")).read_text())
    signed = path.with_suffix(".signed")
    run(folder, "dnssec-signzone", "-q", "-P", "-o", origin, "-O", "full", "-f", str(signed), *options, str(path), *keys)
    return signed


def make(folder, seed, origin=None, signing=None):
    """A zone: (origin, path, kind of signing).  Seeds go round the kinds."""
    folder = pathlib.Path(folder)
    kind = signing or list(SIGNINGS)[seed % len(SIGNINGS)]
    origin = origin or ["s{}.", "s{}.Deep.test.", "s{}.a-rather-long-name-of-a-zone.test."][seed % 3].format(seed)
    path = folder / f"seed{seed}.zone"
    path.write_text(text(seed, origin))
    if SIGNINGS[kind] is not None:
        path = sign(folder, origin, path, SIGNINGS[kind])
    return origin, path, kind
