# SPDX-License-Identifier: Apache-2.0
"""A small zone with one of everything that answers turn on, unsigned or signed by BIND's tools."""
import pathlib
import subprocess

ORIGIN = "rhizome.test."

TEXT = """$ORIGIN rhizome.test.
$TTL 3600
@               SOA   ns1 hostmaster 2026112101 7200 900 1209600 600
                NS    ns1
                NS    ns2.elsewhere.test.
                MX    10 mail
                MX    20 a.x
                TXT   "apex"
                CAA   0 issue "ca.example"
ns1             A     192.0.2.1
                AAAA  2001:db8::1
mail            A     192.0.2.25
www             CNAME web
web             A     192.0.2.80
                A     192.0.2.81
                AAAA  2001:db8::80
chain           CNAME chain2
chain2          CNAME chain3
chain3          CNAME web
loop            CNAME loop2
loop2           CNAME loop
out             CNAME www.elsewhere.test.
dangling        CNAME nothing.here
tocut           CNAME host.child
towild          CNAME any.wild
todname         CNAME x.dn
x               MX    10 mail
*.x             MX    20 mail
a.x             MX    30 mail
                AAAA  2001:db8::a
*.a.x           MX    40 mail
wild            TXT   "above the wildcard"
*.wild          A     192.0.2.99
                TXT   "wild"
sub.wild        TXT   "beside"
deep.ent.wild   TXT   "under an empty non-terminal"
*.cwild         CNAME web
*.nswild.zone   TXT   "wildcard below an empty non-terminal"
a.b.c.d         TXT   "empty non-terminals above"
dn              DNAME target
dn              TXT   "a DNAME owner has data of its own"
host.target     A     192.0.2.44
*.target        TXT   "wild behind a DNAME"
dnout           DNAME elsewhere.test.
dnloop          DNAME dnloop2
dnloop2         DNAME dnloop
*.dwild         DNAME target
child           NS    ns.child
                NS    ns1
                NS    ns.sibling
ns.child        A     192.0.2.53
                AAAA  2001:db8::53
sibling         NS    ns.sibling
                NS    ns.child
ns.sibling      A     192.0.2.54
secure          NS    ns.secure
                DS    12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.secure       A     192.0.2.55
noglue          NS    ns.elsewhere.test.
deep.cut        NS    ns1
below.ent.cut   NS    ns1
big             NS    ns1.big
                NS    ns2.big
                NS    ns3.big
                NS    ns4.big
                NS    ns5.big
                NS    ns6.big
                NS    ns7.big
                NS    ns8.big
                NS    ns9.big
                NS    ns10.big
_sip._tcp       SRV   0 5 5060 web
                SRV   0 5 5060 mail
svc             HTTPS 1 . alpn=h2 ipv4hint=192.0.2.80
svc2            SVCB  1 web port=443
svcalias        HTTPS 0 web
ptr             PTR   web
naptr           NAPTR 10 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .
loc             LOC   52 22 23 N 4 53 32 E -2m 0m 10000m 10m
unknown         TYPE65280 \\# 4 01020304
txt             TXT   "one" "two" "three"
many            A     192.0.2.100
UPPER           A     192.0.2.70
Mixed.Case      TXT   "case is kept"
"""


def text():
    lines = [f"ns{i}.big A 192.0.2.{i}\nns{i}.big AAAA 2001:db8::{i}\n" for i in range(1, 11)]
    lines += [f"many A 192.0.2.{i}\n" for i in range(101, 161)]
    return TEXT + "".join(lines)


def make(folder, kind):
    folder = pathlib.Path(folder)
    path = folder / "rhizome.test.zone"
    path.write_text(text())
    if kind == "plain":
        return path

    def run(*command):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.split()

    keys = [run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *flags, ORIGIN)[-1] for flags in ((), ("-f", "KSK"))]
    with open(path, "a") as zone:
        for key in keys:
            zone.write((folder / (key + ".key")).read_text())
    chain = {"nsec": [], "nsec3": ["-3", "-"], "optout": ["-3", "aabbccdd", "-H", "5", "-A"]}[kind]
    signed = folder / "rhizome.test.signed"
    run("dnssec-signzone", "-q", "-P", "-o", ORIGIN, "-O", "full", "-f", str(signed), *chain, str(path), *keys)
    return signed
