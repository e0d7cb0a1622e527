# SPDX-License-Identifier: Apache-2.0
"""Zones whose RRsets stand on chain are answered as from a master file: NSD with the same records is the judge."""
import concurrent.futures

import dns.flags
import dns.message
import pytest

import names_nsd
from devnet import chain, devnet, devnet_session  # noqa: F401
from names_common import ETH, asked, data, errors, follows, rcode, section, serving, strings

# TTLs are told as they are on chain, so that they can be compared.
WHOLE = {**ETH, "ttl-max": "1d"}


def enter(devnet, origin, records):  # noqa: F811
    devnet.register(names=[{"label": origin.split(".")[0], "owner": "alice"}])
    for start in range(0, len(records), 40):        # RRsets must not be torn
        devnet.dns(name=origin, records=records[start:start + 40])


def grouped(records):
    """RRsets in one piece each, and none across two transactions."""
    return sorted(records, key=lambda r: (r[0], r[1]))


def compared(server, peer, questions):
    """Questions whose answers differ, with both."""
    def one(question):
        name, rdtype = question
        ours = names_nsd.shape(asked(server, name, rdtype, tcp=True))
        query = dns.message.make_query(name, rdtype, use_edns=0, payload=4096)
        query.flags &= ~dns.flags.RD
        theirs = names_nsd.shape(dns.query.tcp(query, "127.0.0.1", port=peer.port, timeout=5))
        if ours["aa"] and not ours["additional"]:
            theirs["additional"] = ours["additional"]       # NSD adds addresses of an apex's servers, which nobody needs (RFC 9471 3: of cuts alone)
        return None if ours == theirs else (question, names_nsd.words(ours), names_nsd.words(theirs))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        return [found for found in pool.map(one, questions) if found is not None]


def show(found):
    return "\n".join(f"{q[0]} {q[1]}\n" + "\n".join(f"   {k}: ours {ours[k]}\n   {' ' * len(k)}  NSD  {theirs[k]}" for k in ours if ours[k] != theirs[k])
                     for q, ours, theirs in found[:12])


def test_as_nsd(tmp_path, devnet):  # noqa: F811
    records = grouped(names_nsd.rich("prof.eth"))
    enter(devnet, "prof.eth", records)
    peer = names_nsd.nsd(tmp_path, {"prof.eth": records})
    try:
        with serving(tmp_path / "rhizd", devnet, mounts=[WHOLE]) as server:
            questions = names_nsd.rich_questions("prof.eth")
            found = compared(server, peer, questions)
    finally:
        peer.stop()
    assert not found, f"{len(found)} of {len(questions)} differ\n{show(found)}"


def test_random_zones_as_nsd(tmp_path, devnet):  # noqa: F811
    zones, questions = {}, []
    for seed in range(8):
        records, more = names_nsd.random_zone(f"rand{seed}.eth", seed)
        zones[f"rand{seed}.eth"] = grouped(records)
        questions += more
    for origin, records in zones.items():
        enter(devnet, origin, records)
    peer = names_nsd.nsd(tmp_path, zones)
    try:
        with serving(tmp_path / "rhizd", devnet, mounts=[WHOLE]) as server:
            found = compared(server, peer, questions)
    finally:
        peer.stop()
    assert not found, f"{len(found)} of {len(questions)} differ\n{show(found)}"


@pytest.fixture(scope="module")
def served(tmp_path_factory, devnet_session):  # noqa: F811
    with serving(tmp_path_factory.mktemp("rhizd"), devnet_session) as server:
        yield server


def test_the_zone_of_the_devnet(served):
    assert data(asked(served, "zone.eth", "A")) == ["192.0.2.61", "192.0.2.62"]
    assert data(asked(served, "zone.eth", "AAAA")) == ["2001:db8::61"]
    assert strings(asked(served, "zone.eth", "TXT")) == ["the apex"]
    assert section(asked(served, "any.zone.eth", "A").answer) == [("any.zone.eth.", 240, "A", "192.0.2.63")]
    reply = asked(served, "away.zone.eth", "A")
    assert section(reply.answer) == [("away.zone.eth.", 120, "CNAME", "www.example.com.")]
    reply = asked(served, "host.child.zone.eth", "A")
    assert not reply.answer and not reply.flags & dns.flags.AA
    assert section(reply.authority) == [("child.zone.eth.", 300, "NS", "ns.child.zone.eth.")]
    assert section(reply.additional) == [("ns.child.zone.eth.", 300, "A", "192.0.2.64")]
    reply = asked(served, "alias.zone.eth", "A")
    assert section(reply.answer) == [("alias.zone.eth.", 120, "CNAME", "zone.eth."), ("zone.eth.", 300, "A", "192.0.2.61"), ("zone.eth.", 300, "A", "192.0.2.62")]
    soa = asked(served, "zone.eth", "SOA").answer[0]
    assert soa[0].serial == 7 and soa.ttl == 300
    negative = asked(served, "zone.eth", "MX")
    assert rcode(negative) == "NOERROR" and negative.authority[0].name.to_text() == "zone.eth." and negative.authority[0].ttl <= 60


def test_a_malformed_rrset_fails_alone(served):
    reply = asked(served, "bad.zone.eth", "A")
    assert rcode(reply) == "SERVFAIL" and not reply.answer and errors(reply)
    assert strings(asked(served, "bad.zone.eth", "TXT")) == ["this one is good"]
    assert rcode(asked(served, "bad.zone.eth", "AAAA")) == "NOERROR"
    explained = served.control("explain", name="bad.zone.eth", type="A")
    assert explained["rcode"] == "SERVFAIL" and explained["reason"]


def test_ttls_have_their_least(tmp_path, devnet):  # noqa: F811
    """On chain, of the registry, until the name expires, and `ttl-max`."""
    with serving(tmp_path, devnet, mounts=[{**ETH, "ttl-max": "2m"}]) as server:
        def ttl(name, rdtype="A"):
            return asked(server, name, rdtype).answer[0].ttl
        assert ttl("zone.eth", "TXT") == 60
        assert ttl("zone.eth") == 120
        assert ttl("two.one.legacy.eth") == 77
        assert server.control("explain", name="zone.eth", type="A")["proof"]["chain_ttl"] == 60
        devnet.ttl(name="zone.eth", ttl=50)
        follows(server, devnet)
        assert ttl("zone.eth") == 50
        assert all(s.ttl == 50 for s in asked(server, "any.zone.eth", "A").answer)


def test_how_it_is_asked(served):
    """Case comes back, ANY, DO, payload sizes and TCP are as for any zone."""
    reply = served.query("DeVNet.eTH", "MX")
    assert reply.question[0].name.to_text() == "DeVNet.eTH."
    assert {s.name.to_text() for s in reply.answer} == {"DeVNet.eTH."}
    assert reply.edns == -1
    reply = served.query("devnet.eth", "A", want_dnssec=True)
    assert reply.ednsflags & dns.flags.DO and not reply.flags & dns.flags.AD and reply.flags & dns.flags.AA
    assert rcode(served.query("devnet.eth", "ANY")) == "NOERROR"
    assert data(served.query("devnet.eth", "A", tcp=True)) == data(served.query("devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
    assert data(asked(served, "devnet.eth", "CAA")) == ['0 issue "ca.example"']


def test_what_does_not_fit_is_cut(tmp_path, devnet):  # noqa: F811
    devnet.dns(name="zone.eth", records=[["big.zone.eth", "TXT", 60, f'"{i} {"x" * 180}"'] for i in range(9)])
    with serving(tmp_path, devnet) as server:
        reply = server.query("big.zone.eth", "TXT")
        assert reply.flags & dns.flags.TC and len(reply.to_wire()) <= 512
        assert len(data(server.query("big.zone.eth", "TXT", tcp=True))) == 9
        assert not server.query("big.zone.eth", "TXT", tcp=True).flags & dns.flags.TC


def test_a_wildcard_makes_its_parent_exist(tmp_path, devnet):  # noqa: F811
    """RFC 4592 2.2.3, 3.3.1: the owner right above a wildcard is the closest encloser of what lies below it, though it has no records."""
    devnet.register(names=[{"label": "wild", "seconds": 28 * 86400, "records": {"dns": [
        ["wild.eth", "A", 300, "192.0.2.93"], ["*.wild.eth", "A", 300, "192.0.2.94"], ["*.w.wild.eth", "A", 300, "192.0.2.92"]]}}])
    with serving(tmp_path, devnet) as server:
        for name, address in (("x.w", "92"), ("y.x.w", "92"), ("x", "94"), ("y.x", "94")):
            assert data(asked(server, f"{name}.wild.eth", "A")) == ["192.0.2." + address], name
        assert data(asked(server, "x.w.wild.eth", "TXT")) == [] and rcode(asked(server, "x.w.wild.eth", "TXT")) == "NOERROR"
