# SPDX-License-Identifier: Apache-2.0
"""Grandparent, parent and child side by side on one server, compared with the peers; the child taken away and put back live;
chains that lead from one of our zones into another.
"""
import collections

import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest

from differential import peers, questions, random_zones
from rhizome import Rhizd
from test_differential import gather, judge, report

TOP = """$ORIGIN top.
$TTL 3600
@           SOA   ns1 hostmaster 1 7200 1800 1209600 600
            NS    ns1
ns1         A     192.0.2.1
www         CNAME www.mid
mid         NS    ns1.mid
            NS    ns1
            DS    11 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns1.mid     A     192.0.2.2
other       NS    ns.other
ns.other    A     192.0.2.9
ent.below   NS    ns1
"""
MID = """$ORIGIN mid.top.
$TTL 3600
@           SOA   ns1 hostmaster 2 7200 1800 1209600 600
            NS    ns1
ns1         A     192.0.2.2
www         CNAME www.low
d           DNAME low
*.w         CNAME www.low
low         NS    ns1.low
            DS    22 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns1.low     A     192.0.2.3
            AAAA  2001:db8::3
plain       NS    ns1.low
far         CNAME www.elsewhere.test.
tods        CNAME low
"""
LOW = """$ORIGIN low.mid.top.
$TTL 3600
@           SOA   ns1 hostmaster 3 7200 1800 1209600 600
            NS    ns1
            MX    1 www
ns1         A     192.0.2.33
www         A     192.0.2.80
*           TXT   "the child's"
back        CNAME www.top.
"""
TEXTS = {"top.": TOP, "mid.top.": MID, "low.mid.top.": LOW}


def write(tmp_path, signed):
    paths = {}
    for origin, text in TEXTS.items():
        path = tmp_path / (origin.rstrip(".") + ".zone")
        path.write_text(text)
        paths[origin] = random_zones.sign(tmp_path, origin, path, signed) if signed is not None else path
    return paths


@pytest.mark.parametrize("kind", ["plain", "optout"])
def test_side_by_side(tmp_path, kind):
    """Questions made from each zone, to servers that have all three: who answers what is part of what is compared."""
    paths = write(tmp_path, random_zones.SIGNINGS[kind])
    served = [(origin, str(path)) for origin, path in paths.items()]
    loaded = {o: dns.zone.from_file(str(p), origin=o, relativize=False, check_origin=False) for o, p in paths.items()}
    asked = [(loaded[o], questions.questions(loaded[o], 120, 1, kind != "plain", ("DS", "DS", "NS"))) for o in paths]
    everything = [q for _, some in asked for q in some]
    answers = {}
    for peer_kind in peers.PEERS:
        peer = peer_kind(tmp_path, served).start()
        try:
            answers[peer_kind.name] = gather(peer, everything)
        finally:
            peer.stop()
    us = peers.Rhizome(tmp_path, served).start()
    hits, unexplained, at = collections.Counter(), [], 0
    try:
        ours = gather(us, everything)
        for _, some in asked:
            part = slice(at, at + len(some))
            at += len(some)
            for index in range(part.start, part.stop):
                zone = holder(loaded, everything[index])
                more, bad = judge(zone, [everything[index]], us, [ours[index]], {n: [a[index]] for n, a in answers.items()})
                hits += more
                unexplained += bad
    finally:
        us.stop()
    report(f"parents and children, {kind}", len(everything), hits, unexplained)
    assert not unexplained


def holder(loaded, question):
    """The zone whose data answers: the deepest, but the parent's for DS (RFC 4035 3.1.4.1)."""
    above = [o for o in loaded if question.name.is_subdomain(dns.name.from_text(o)) and
             not (question.type == dns.rdatatype.DS and question.name == dns.name.from_text(o) and o != "top.")]
    return loaded[max(above, key=len)]


def state(server, name, rdtype):
    reply = server.query(name, rdtype)
    kind = "answer" if reply.answer else "referral" if reply.authority and reply.authority[0].rdtype == dns.rdatatype.NS else "no data"
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AA), kind


WITH_CHILD = {
    ("www.low.mid.top.", "A"): ("NOERROR", True, "answer"),
    ("low.mid.top.", "NS"): ("NOERROR", True, "answer"),
    ("low.mid.top.", "DS"): ("NOERROR", True, "answer"),        # the parent's
    ("low.mid.top.", "MX"): ("NOERROR", True, "answer"),
    ("a.b.low.mid.top.", "A"): ("NOERROR", True, "no data"),    # the child's wildcard
    ("mid.top.", "DS"): ("NOERROR", True, "answer"),            # the grandparent's
    ("top.", "DS"): ("NOERROR", True, "no data"),
    ("plain.mid.top.", "DS"): ("NOERROR", True, "no data"),
    ("www.plain.mid.top.", "A"): ("NOERROR", False, "referral"),
}
WITHOUT_CHILD = dict(WITH_CHILD) | {
    ("www.low.mid.top.", "A"): ("NOERROR", False, "referral"),
    ("low.mid.top.", "NS"): ("NOERROR", False, "referral"),
    ("low.mid.top.", "MX"): ("NOERROR", False, "referral"),
    ("a.b.low.mid.top.", "A"): ("NOERROR", False, "referral"),
}


def check_states(server, expected):
    got = {question: state(server, *question) for question in expected}
    assert got == expected


def test_child_removed_and_added(tmp_path):
    """The same questions before and after; glue is the parent's while the child is away, the child's own data when it is here."""
    low = tmp_path / "low.zone"
    low.write_text(LOW)
    with Rhizd(tmp_path / "server", zones={"top.": TOP, "mid.top.": MID}) as server:
        check_states(server, WITHOUT_CHILD)
        for _ in range(3):
            server.rhiz("zone", "add", "low.mid.top.", low, check=0)
            server.wait_for(lambda: server.serial("low.mid.top.") == 3, what="the child")
            check_states(server, WITH_CHILD)
            assert server.texts("ns1.low.mid.top.", "A") == ["192.0.2.33"]
            server.rhiz("zone", "remove", "low.mid.top.", check=0)
            check_states(server, WITHOUT_CHILD)
            glue = {r.to_text() for s in server.query("www.low.mid.top.", "A").additional for r in s}
            assert glue == {"192.0.2.3", "2001:db8::3"}


def chain(server, name, rdtype="A"):
    """(owners of the answer in order, RCODE, whether the authority section has a SOA)"""
    reply = server.query(name, rdtype)
    return [s.name.to_text() for s in reply.answer], dns.rcode.to_text(reply.rcode()), [s.name.to_text() for s in reply.authority]


def test_chains_end_at_the_edge(tmp_path):
    """By default what lies in a child zone of ours is as far away as anybody's: a referral would be wrong too, for it is not asked."""
    with Rhizd(tmp_path / "server", zones=TEXTS) as server:
        owners, rcode, _ = chain(server, "back.low.mid.top.")
        assert owners == ["back.low.mid.top."] and rcode == "NOERROR"
        assert chain(server, "far.mid.top.") == (["far.mid.top."], "NOERROR", [])


def test_follow_zones(tmp_path):
    """With follow-zones they go on: down, up, through wildcards and DNAMEs, and stop where nobody here knows more."""
    with Rhizd(tmp_path / "server", zones=TEXTS, server="follow-zones: true") as server:
        low = "www.low.mid.top."
        assert chain(server, "www.top.") == (["www.top.", "www.mid.top.", low], "NOERROR", [])
        assert chain(server, "back.low.mid.top.") == (["back.low.mid.top.", "www.top.", "www.mid.top.", low], "NOERROR", [])
        assert chain(server, "x.w.mid.top.") == (["x.w.mid.top.", low], "NOERROR", [])
        assert chain(server, "www.d.mid.top.") == (["d.mid.top.", "www.d.mid.top.", low], "NOERROR", [])
        assert chain(server, "www.top.", "MX") == (["www.top.", "www.mid.top."], "NOERROR", ["low.mid.top."])
        assert chain(server, "a.b.d.mid.top.", "TXT")[0][-1] == "a.b.low.mid.top."
        assert chain(server, "far.mid.top.") == (["far.mid.top."], "NOERROR", [])
        assert chain(server, "tods.mid.top.", "DS")[0] == ["tods.mid.top.", "low.mid.top."], "DS is the parent's (RFC 4035 3.1.4.1)"
