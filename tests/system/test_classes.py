# SPDX-License-Identifier: Apache-2.0
"""Zones of the classes CH and HS beside IN, and who answers for the server itself (RFC 4892, 5001)."""
import dns.message
import pytest

import raw
from raw import NSID, opt, option, query
from rhizome import zone_text
from test_transfer import axfr

IN, CH, HS, ANY = 1, 3, 4, 255
SOA = "@ 300 {klass} SOA ns hostmaster 1 3600 600 86400 60\n@ 300 {klass} NS ns.other.test.\n"


@pytest.fixture
def server(rhizd):
    s = rhizd(start=False, config="""version: 1
server:
  listen: ["127.0.0.1@{port}"]
  state: "{folder}/state"
  control: "{control}"
  nsid: "ns1.test"
zones:
  - { name: example, file: "{folder}/in", allow-transfer: [any] }
  - { name: example, file: "{folder}/ch", class: CH, allow-transfer: [any] }
  - { name: example, file: "{folder}/hs", class: HS, allow-transfer: [any] }
""")
    (s.folder / "in").write_text(zone_text(1, 'www 300 TXT "internet"\nonly-in 300 A 192.0.2.1\n'))
    (s.folder / "ch").write_text(SOA.format(klass="CH") + 'www 300 CH TXT "chaos"\nhost 300 CH A chaos.example. 0177\n')
    (s.folder / "hs").write_text(SOA.format(klass="HS") + 'www 300 HS TXT "hesiod"\n*.w 300 HS TXT "wild"\n')
    return s.start()


def ask(server, name, kind, klass, edns=None):
    with raw.Udp(server.port) as udp:
        return dns.message.from_wire(udp.exchange(query(name, kind, klass, edns=edns)))


def text(reply):
    return reply.answer[0][0].strings[0].decode() if reply.answer else int(reply.rcode())


@pytest.mark.tsan
def test_parallel_trees(server):
    assert [text(ask(server, "www.example.", "TXT", k)) for k in (IN, CH, HS)] == ["internet", "chaos", "hesiod"]
    assert text(ask(server, "a.w.example.", "TXT", HS)) == "wild"
    assert [int(ask(server, "only-in.example.", "A", k).rcode()) for k in (IN, CH, HS)] == [0, 3, 3]
    for klass in (IN, CH, HS):
        reply = ask(server, "nx.example.", "A", klass)
        assert int(reply.rcode()) == 3 and reply.authority[0].rdclass == klass and reply.flags & dns.flags.AA
    with raw.Udp(server.port) as udp:
        got = udp.exchange(query("host.example.", "A", CH))
    assert b"\5chaos\7example\0\0\x7f" in got, "class CH: a name and a 16-bit address (RFC 1035 3.3 with CH)"


def test_class_any(server):
    """RFC 1034 3.7.1, 1035 6.2: never authoritative."""
    reply = ask(server, "www.example.", "TXT", ANY)
    assert text(reply) == "internet" and not reply.flags & dns.flags.AA


def test_transfers_and_reload(server):
    for klass, name in ((CH, b"chaos"), (HS, b"hesiod")):
        got, _ = axfr(server, "example.", rdclass=klass)
        assert len(got) == (4 if klass == CH else 4)
    (server.folder / "hs").write_text(SOA.format(klass="HS").replace(" 1 3600", " 2 3600") + 'www 300 HS TXT "hesiod, new"\n')
    server.control("reload")
    assert text(ask(server, "www.example.", "TXT", HS)) == "hesiod, new"
    assert text(ask(server, "www.example.", "TXT", CH)) == "chaos"


def test_a_zone_of_another_class_is_an_error(rhizd):
    server = rhizd(zones={"example.": zone_text(1), "bad.test.": SOA.format(klass="CH")})
    assert int(ask(server, "bad.test.", "SOA", IN).rcode()) == 2
    assert "class" in server.log


# ---- who are you ----

@pytest.mark.tsan
@pytest.mark.parametrize("name, kind, klass, want", [
    ("id.server.", "TXT", CH, "ns1.test"), ("hostname.bind.", "TXT", CH, "ns1.test"), ("ID.Server.", "TXT", CH, "ns1.test"),
    ("version.bind.", "TXT", CH, 5), ("version.server.", "TXT", CH, 5),
    ("id.server.", "TXT", IN, 5), ("id.server.", "TXT", HS, 5), ("server.", "TXT", CH, 5), ("x.id.server.", "TXT", CH, 5),
    ("id.server.", "A", CH, 0), ("authors.bind.", "TXT", CH, 5),
])
def test_identity(server, name, kind, klass, want):
    assert text(ask(server, name, kind, klass)) == want


def test_told_only_when_configured(rhizd):
    quiet = rhizd("quiet", zones={"example.": zone_text(1)})
    for name in ("id.server.", "hostname.bind.", "version.bind.", "version.server."):
        assert text(ask(quiet, name, "TXT", CH)) == 5
    loud = rhizd("loud", zones={"example.": zone_text(1)}, server='version: "the newest"\nnsid: "ns2.test"')
    assert text(ask(loud, "version.bind.", "TXT", CH)) == text(ask(loud, "version.server.", "TXT", CH)) == "the newest"
    reply = ask(loud, "id.server.", "TXT", CH)
    assert text(reply) == "ns2.test" and reply.answer[0].ttl == 0
    with raw.Udp(loud.port) as udp:
        assert raw.options(udp.exchange(query("example.", "SOA", edns=opt(options=option(NSID))))) == {NSID: b"ns2.test"}
        assert raw.options(udp.exchange(query("example.", "SOA", edns=opt()))) == {}
