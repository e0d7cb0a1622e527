# SPDX-License-Identifier: Apache-2.0
"""Question files: a line is NAME TYPE.  Deterministic.  Popularity is Zipf-like over shuffled names: three quarters of the
choices fall steeply towards the head of the list, the rest is uniform.

The mixes: root has 58 % NXDOMAIN, as root servers see, the rest referrals; delegations has 75 % referrals and 22 %
NXDOMAIN; flat has 80 % answers and empty answers, 5 % wildcard, 13 % NXDOMAIN; hosting is what a hoster's zones are asked.
"""
import random
import string

import zones

COUNT = 500_000
TYPES = ["A"] * 60 + ["AAAA"] * 25 + ["MX", "TXT", "NS", "HTTPS", "DS", "SOA"]
APEX_TYPES = ["SOA", "NS", "DNSKEY"]
ALPHABET = string.ascii_lowercase + string.digits
PRIVATE = ["local", "home", "lan", "internal", "corp", "localdomain", "dhcp"]
HOSTS = ["www.", "", "mail.", "_dmarc.", "ns1."]


class Mix:
    """Random choices of one question file."""

    def __init__(self, names, seed):
        self.random = random.Random(seed)
        self.names = sorted(names)
        self.random.shuffle(self.names)

    def popular(self):
        if self.random.random() < 0.75:
            return self.names[int(len(self.names) * self.random.random() ** 3)]
        return self.random.choice(self.names)

    def junk(self):
        return "".join(self.random.choice(ALPHABET) for _ in range(self.random.randrange(7, 16)))

    def type(self):
        return self.random.choice(TYPES)


def root(mix):
    share, pick = mix.random.random(), mix.random.choice
    if share < 0.40:
        return f"{mix.junk()} A"
    if share < 0.58:
        return f"{mix.junk()}.{pick(PRIVATE)} {mix.type()}"
    if share < 0.95:
        return f"{pick(['www.', '', 'mail.', 'ns1.'])}{mix.junk()}.{mix.popular()} {mix.type()}"
    if share < 0.98:
        return f"{mix.popular()} {pick(['NS', 'DS', 'A'])}"
    return f". {pick(APEX_TYPES)}"


def delegations(mix, origin):
    share, pick = mix.random.random(), mix.random.choice
    if share < 0.70:
        return f"{pick(HOSTS)}{mix.popular()}.{origin} {mix.type()}"
    if share < 0.75:
        return f"{mix.popular()}.{origin} DS"
    if share < 0.97:
        return f"{mix.junk()}.{origin} {mix.type()}"
    return f"{origin} {pick(APEX_TYPES)}"


def flat(mix, origin):
    share = mix.random.random()
    if share < 0.80:
        return f"{mix.popular()}.{origin} {mix.type()}"
    if share < 0.85:
        return f"{mix.junk()}.wild.{origin} A"
    if share < 0.98:
        return f"{mix.junk()}.{origin} A"
    return f"{origin} {mix.random.choice(APEX_TYPES)}"


def hosting(mix):
    share, pick, zone = mix.random.random(), mix.random.choice, mix.popular()
    if share < 0.35:
        return f"www.{zone} A"
    if share < 0.55:
        return f"{zone} A"
    if share < 0.70:
        return f"{pick(['', 'www.'])}{zone} AAAA"
    if share < 0.80:
        return f"{zone} MX"
    if share < 0.88:
        return f"{zone} {pick(['TXT', 'NS', 'SOA', 'HTTPS'])}"
    return f"{mix.junk()}.{zone} A"


def write(path, names, one, *args, count=COUNT, seed=3):
    """count questions of a mix into a file, which appears when it is whole."""
    mix = Mix(names, seed)
    part = path.with_suffix(".part")
    with open(part, "w") as file:
        for _ in range(count):
            file.write(one(mix, *args) + "\n")
    part.rename(path)


def write_numbered(path, total, origin, count=4 * COUNT):
    """Each name of zones.numbered() equally likely; so many that few come again before caches have forgotten them."""
    chance = random.Random(6)
    part = path.with_suffix(".part")
    with open(part, "w") as file:
        for _ in range(count):
            file.write(f"{zones.numbered_name(chance.randrange(total))}.{origin} A\n")
    part.rename(path)
