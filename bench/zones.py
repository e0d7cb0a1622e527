# SPDX-License-Identifier: Apache-2.0
"""Synthetic zones, the same on every machine.  Each function writes master files and returns how many records they hold.

usage: nothing runs this by hand; sets.py does, once, and keeps what it makes in the cache folder
"""
import random

SYLLABLES = ("an ar ba be bi bo ca ce ci co da de di do du el en er fa fi fo ga ge go ha he ho in is ka ke ki ko la le li lo "
             "ma me mi mo na ne ni no on or pa pe pi po ra re ri ro sa se si so ta te ti to un va ve vi wa we za zo").split()
WORDS = ("shop web host mail net data cloud home best art auto bike book care city club code design dev digital eco fit "
         "food game green group hotel house info lab law media med music news office online park photo pro school smart "
         "soft solar space sport studio style tech tour trade travel water wine wood work world").split()
SERIAL = 2026010101
SUFFIXES = ["com", "net", "org", "de", "fr", "nl", "cz"]
PROVIDERS = 2000


def names(count, seed):
    """Distinct labels as people register them: two to four syllables, words, digits, hyphens."""
    chance = random.Random(seed)
    pick, seen = chance.choice, set()
    while len(seen) < count:
        share = chance.random()
        if share < 0.45:
            name = pick(SYLLABLES) + pick(SYLLABLES) + pick(SYLLABLES) + pick(SYLLABLES)
        elif share < 0.70:
            name = pick(SYLLABLES) + pick(SYLLABLES) + pick(WORDS)
        elif share < 0.82:
            name = pick(WORDS) + "-" + pick(SYLLABLES) + pick(SYLLABLES) + pick(SYLLABLES)
        elif share < 0.92:
            name = pick(SYLLABLES) + pick(SYLLABLES) + pick(SYLLABLES) + str(chance.randrange(1000))
        else:
            name = pick(SYLLABLES) + pick(SYLLABLES) + pick(WORDS) + pick(WORDS)
        if name not in seen:
            seen.add(name)
            yield name


def _ip4(chance):
    return f"{chance.randrange(1, 223)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def _ip6(chance):
    return f"2001:db8:{chance.randrange(65536):x}:{chance.randrange(65536):x}::{chance.randrange(1, 65536):x}"


class Writer:
    """A master file that appears under its name when it is whole; counts its records."""

    def __init__(self, path):
        self.path, self.part, self.records = path, path.with_suffix(".part"), 0
        self.file = open(self.part, "w")

    def directive(self, line):
        self.file.write(line + "\n")

    def add(self, *records):
        self.records += len(records)
        self.file.write("\n".join(records) + "\n")

    def close(self):
        self.file.close()
        self.part.rename(self.path)
        return self.records


def flat(path, count, origin):
    """`count` names with A, and some with AAAA, TXT, MX, or CNAME; a wildcard."""
    chance, zone = random.Random(5), Writer(path)
    zone.directive(f"$ORIGIN {origin}.\n$TTL 3600")
    zone.add(f"@ IN SOA ns1 hostmaster {SERIAL} 1800 900 604800 3600", "@ IN NS ns1", "@ IN NS ns2",
             "ns1 IN A 192.0.2.1", "ns2 IN A 192.0.2.2", "ns1 IN AAAA 2001:db8::1", "mail IN A 192.0.2.25",
             "*.wild IN A 192.0.2.99", '*.wild IN TXT "w"')
    for name in names(count, 12):
        share = chance.random()
        if share < 0.06:
            zone.add(f"{name} IN CNAME ns1")
            continue
        zone.add(f"{name} IN A {_ip4(chance)}")
        if share < 0.45:
            zone.add(f"{name} IN AAAA {_ip6(chance)}")
        if share < 0.20:
            zone.add(f'{name} IN TXT "v=spf1 ip4:{_ip4(chance)} -all"')
        if share < 0.12:
            zone.add(f"{name} IN MX 10 mail")
        if share > 0.95:
            zone.add(f"{name} IN A {_ip4(chance)}", f"{name} IN A {_ip4(chance)}")
    return zone.close()


def delegations(path, count, origin):
    """A registry's zone.  70 % of the names use hosters' servers elsewhere (few hosters have most names), 20 % their own with
    glue, 10 % servers of a hoster in this zone; 10 % have a DS."""
    chance, zone = random.Random(7), Writer(path)
    hosters = [f"provider{number}" for number in range(PROVIDERS)]
    zone.directive(f"$ORIGIN {origin}.\n$TTL 86400")
    zone.add(f"@ 900 IN SOA ns1.nic hostmaster.nic {SERIAL} 1800 900 604800 3600")
    for number in range(1, 7):
        zone.add(f"@ IN NS ns{number}.nic", f"ns{number}.nic IN A 192.0.2.{number}", f"ns{number}.nic IN AAAA 2001:db8::{number}")
    for number, name in enumerate(names(count, 11)):
        share = chance.random()
        if share < 0.70:
            hoster = hosters[min(int(chance.paretovariate(0.6)) - 1, PROVIDERS - 1)]
            for server in range(1, 3 + (chance.random() < 0.25) * 2):
                zone.add(f"{name} IN NS ns{server}.{hoster}.{('net.', 'com.', 'org.')[number % 3]}")
        elif share < 0.90:
            for server in 1, 2:
                zone.add(f"{name} IN NS ns{server}.{name}", f"ns{server}.{name} IN A {_ip4(chance)}")
            if chance.random() < 0.3:
                zone.add(f"ns1.{name} IN AAAA {_ip6(chance)}")
        else:
            hoster = hosters[number % PROVIDERS]
            zone.add(f"{name} IN NS a.ns.{hoster}", f"{name} IN NS b.ns.{hoster}")
        if chance.random() < 0.10:
            zone.add(f"{name} IN DS {chance.randrange(65536)} 13 2 {chance.getrandbits(256):064X}")
    for hoster in hosters:
        zone.add(f"{hoster} IN NS a.ns.{hoster}", f"{hoster} IN NS b.ns.{hoster}", f"a.ns.{hoster} IN A {_ip4(chance)}",
                 f"b.ns.{hoster} IN A {_ip4(chance)}", f"a.ns.{hoster} IN AAAA {_ip6(chance)}")
    return zone.close()


def _hosted(chance, zone):
    """One small zone of a hoster."""
    address = _ip4(chance)
    records = ["@ IN SOA ns1.hoster.net. hostmaster.hoster.net. 2026010101 10800 3600 604800 3600", "@ IN NS ns1.hoster.net.",
               "@ IN NS ns2.hoster.net.", f"@ IN A {address}", "www IN CNAME @", f"mail IN A {address}", "@ IN MX 10 mail",
               '@ IN TXT "v=spf1 a mx -all"']
    if chance.random() < 0.4:
        records.append(f"@ IN AAAA {_ip6(chance)}")
    if chance.random() < 0.3:
        records += [f"ftp IN A {address}", "autodiscover IN CNAME mail", '_dmarc IN TXT "v=DMARC1; p=none"']
    return f"$ORIGIN {zone}.\n$TTL 3600\n", records


def hosting(folder, count):
    """`count` zones, a file each, in 256 folders; zones.txt lists zone, tab, file relative to the folder."""
    chance, total = random.Random(9), 0
    for number in range(256):
        (folder / f"{number:02x}").mkdir(parents=True, exist_ok=True)
    with open(folder / "zones.part", "w") as listing:
        for number, name in enumerate(names(count, 13)):
            zone = f"{name}.{SUFFIXES[number % len(SUFFIXES)]}"
            head, records = _hosted(chance, zone)
            file = f"{number % 256:02x}/{zone}.zone"
            (folder / file).write_text(head + "\n".join(records) + "\n")
            listing.write(f"{zone}\t{file}\n")
            total += len(records)
    (folder / "zones.part").rename(folder / "zones.txt")
    return total


def numbered_name(number):
    """Names that look random, each made from its number alone, so that no list of ten million is needed."""
    return f"n{number * 0x9e3779b97f4a7c15 % 2**64 >> 16:012x}"


def numbered(path, count, origin):
    """`count` names with one A each, for the growth of cost with size."""
    zone = Writer(path)
    zone.directive(f"$ORIGIN {origin}.\n$TTL 3600")
    zone.add(f"@ IN SOA ns1 hostmaster {SERIAL} 1800 900 604800 3600", "@ IN NS ns1", "ns1 IN A 192.0.2.1")
    for number in range(count):
        zone.add(f"{numbered_name(number)} IN A 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
    return zone.close()
