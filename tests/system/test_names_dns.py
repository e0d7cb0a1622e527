# SPDX-License-Identifier: Apache-2.0
"""Mounts in the DNS: what is made of names, under which suffix, for whom; and what else the server serves beside them."""
import json
import socket

import dns.flags
import dns.message
import dns.query
import pytest

from devnet import chain, devnet, devnet_session, polygon, polygon_session, proxy  # noqa: F401
from names_common import ETH, WALLET, asked, data, errors, follows, metrics, mount, name_of, rcode, reads, section, serving, strings, until, wallets
from rhizome import ADDRESS

pytestmark = pytest.mark.tsan

GATEWAY = {**ETH, "gateway": ["192.0.2.250", "2001:db8::250"]}
ELSEWHERE = {"suffix": "eth.example.net", "base": "eth", "system": "ens", "chain": "ethereum"}
REVERSE = {**ETH, "reverse": "addr.example.net"}
ZONE = "@ 3600 SOA ns1 hostmaster 5 7200 1800 1209600 300\n@ 3600 NS ns1\nns1 3600 A 192.0.2.9\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory, devnet_session):  # noqa: F811
    with serving(tmp_path_factory.mktemp("rhizd"), devnet_session, mounts=[{**GATEWAY, "name-servers": ["ns1.example.net", "ns2.example.net"], "reverse": "addr.example.net"}, ELSEWHERE],
                 zones={"example.net.": ZONE}, metrics=True) as server:
        yield server


def test_what_is_made_of_a_name(served, devnet_session):  # noqa: F811
    alice = devnet_session.d["accounts"][1]
    said = wallets(asked(served, "devnet.eth", WALLET))
    assert said == {"ETH": alice, "BTC": "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}
    [link] = strings(asked(served, "_dnslink.devnet.eth", "TXT"))
    assert link.startswith("dnslink=/ipfs/bafybei")
    assert strings(asked(served, "devnet.eth", "TXT")) == ["hello world"]           # its own, not what could be made
    assert strings(asked(served, "_text.url.devnet.eth", "TXT")) == ["https://devnet.example/"]
    assert strings(asked(served, "_text.nothing.devnet.eth", "TXT")) == []
    assert data(asked(served, "devnet.eth", "MX")) == ["10 mail.devnet.eth."]
    assert data(asked(served, "devnet.eth", "CAA")) == ['0 issue "ca.example"']
    for rdtype in ("SRV", "TLSA", "DS", "HTTPS"):
        reply = asked(served, "devnet.eth", rdtype)
        assert (rcode(reply), reply.answer) == ("NOERROR", []), rdtype


def test_content_has_the_gateways_addresses(tmp_path, devnet):  # noqa: F811
    content = "0xe3010170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f"
    devnet.register(names=[{"label": "pages", "records": {"contenthash": content}},
                           {"label": "both", "records": {"contenthash": content, "dns": [["both.eth", "A", 300, "192.0.2.7"]]}}])
    with serving(tmp_path, devnet, mounts=[GATEWAY]) as server:
        assert data(asked(server, "pages.eth", "A")) == ["192.0.2.250"]
        assert data(asked(server, "pages.eth", "AAAA")) == ["2001:db8::250"]
        [link] = strings(asked(server, "pages.eth", "TXT"))
        assert link.startswith("dnslink=/ipfs/") and strings(asked(server, "_dnslink.pages.eth", "TXT")) == [link]
        assert asked(server, "pages.eth", "TXT").answer[0].ttl == 300
        https = asked(server, "pages.eth", "HTTPS").answer[0][0]
        assert https.priority == 1 and https.target == dns.name.root
        assert "192.0.2.250" in https.to_text() and "2001:db8::250" in https.to_text()
        assert data(asked(server, "both.eth", "A")) == ["192.0.2.7"]
        assert data(asked(server, "both.eth", "AAAA")) == []
        assert data(asked(server, "legacy.eth", "A")) == []


def test_the_suffix_itself(served):
    soa = asked(served, "eth", "SOA").answer[0]
    assert soa[0].mname.to_text() == "ns1.example.net." and soa[0].serial > 0
    assert data(asked(served, "eth", "NS")) == ["ns1.example.net.", "ns2.example.net."]
    reply = asked(served, "eth", "A")
    assert rcode(reply) == "NOERROR" and section(reply.authority)[0][2] == "SOA"
    reply = asked(served, "nobody.eth", "A")
    assert rcode(reply) == "NXDOMAIN" and reply.flags & dns.flags.AA
    [rrset] = reply.authority
    assert rrset.name.to_text() == "eth." and rrset.ttl <= 60
    for somebodys in ("bare.eth", "hollow.one.legacy.eth"):         # without a resolver
        reply = asked(served, somebodys, "A")
        assert rcode(reply) == "NOERROR" and not reply.answer, somebodys
    assert rcode(asked(served, "nobodys.one.legacy.eth", "A")) == "NXDOMAIN"


def test_names_of_a_resolver_of_wildcards(served, devnet_session):  # noqa: F811
    """ENSIP-10: it answers for every name below, from the name."""
    for name in ("x.wildcard.eth", "x.y.wildcard.eth"):
        [address] = wallets(asked(served, name, WALLET)).values()
        assert strings(asked(served, f"_text.url.{name}", "TXT")) == [f"url of {name}"]
        assert data(asked(served, name, "A")) == [f"192.0.2.{int(address[-2:], 16)}"]
    assert rcode(asked(served, "x.wildcard.eth", "AAAA")) == "NOERROR"


def test_depth_and_age_do_not_matter(served, devnet_session):  # noqa: F811
    accounts = devnet_session.d["accounts"]
    for name, owner in (("legacy.eth", 2), ("two.one.legacy.eth", 2), ("current.eth", 3), ("sub.devnet.eth", 2), ("ancient.eth", 4), ("lapsed.eth", 4), ("grace.eth", 4)):
        assert wallets(asked(served, name, WALLET))["ETH"] == accounts[owner], name
    assert data(asked(served, "deep.sub.devnet.eth", "A")) == ["192.0.2.33"]


def test_below_another_suffix(served):
    """RDATA is brought there too; what lies outside the name system stays as it is."""
    assert data(asked(served, "devnet.eth.example.net", "A")) == ["192.0.2.1", "192.0.2.2"]
    assert data(asked(served, "devnet.eth.example.net", "MX")) == ["10 mail.devnet.eth.example.net."]
    reply = asked(served, "www.devnet.eth.example.net", "A")
    assert section(reply.answer)[-1] == ("www.devnet.eth.example.net.", 120, "CNAME", "devnet.eth.example.net.")
    assert data(reply, "A") == ["192.0.2.1", "192.0.2.2"]
    assert data(asked(served, "away.zone.eth.example.net", "A")) == ["www.example.com."]
    reply = asked(served, "x.child.zone.eth.example.net", "A")
    assert section(reply.authority) == [("child.zone.eth.example.net.", 300, "NS", "ns.child.zone.eth.example.net.")]
    assert section(reply.additional) == [("ns.child.zone.eth.example.net.", 300, "A", "192.0.2.64")]
    assert asked(served, "zone.eth.example.net", "SOA").answer[0][0].mname.to_text() == "ns1.zone.eth.example.net."
    reply = asked(served, "nobody.eth.example.net", "A")
    assert rcode(reply) == "NXDOMAIN" and section(reply.authority)[0][0] == "eth.example.net."
    assert strings(asked(served, "_text.url.devnet.eth.example.net", "TXT")) == ["https://devnet.example/"]
    assert data(asked(served, "ns1.example.net", "A")) == ["192.0.2.9"]             # the zone around it
    assert rcode(asked(served, "eth2.example.net", "A")) == "NXDOMAIN"


def test_a_mount_never_falls_through(tmp_path, devnet, proxy):  # noqa: F811
    """Neither to the zone around it nor to a wildcard there, whatever fails."""
    only = proxy(devnet.url)
    zone = ZONE + "* 60 A 192.0.2.66\n*.eth 60 A 192.0.2.67\nx.eth 60 A 192.0.2.68\n"
    with serving(tmp_path, devnet, only.url, mounts=[ELSEWHERE], zones={"example.net.": zone}, options={"try": "300ms", "lookup": "600ms"}) as server:
        assert data(asked(server, "any.example.net", "A")) == ["192.0.2.66"]
        assert rcode(asked(server, "x.eth.example.net", "A")) == "NXDOMAIN"
        assert rcode(asked(server, "nobody.eth.example.net", "A")) == "NXDOMAIN"
        only.rules({"methods": ["eth_call"], "fault": "500"})
        assert rcode(asked(server, "cold.eth.example.net", "A")) == "SERVFAIL"
        only.dead()
        assert rcode(asked(server, "colder.eth.example.net", "A")) == "SERVFAIL"
        assert data(asked(server, "any.example.net", "A")) == ["192.0.2.66"]


def reverse(address, suffix="addr.example.net"):
    return f"{address[2:].lower()}.{suffix}"


def test_primary_names(served, devnet_session):  # noqa: F811
    accounts = devnet_session.d["accounts"]
    assert data(asked(served, reverse(accounts[1]), "PTR")) == ["devnet.eth."]
    assert data(asked(served, reverse(accounts[3]), "PTR")) == ["current.eth."]
    assert data(asked(served, reverse(accounts[1]).upper(), "PTR")) == ["devnet.eth."]
    assert rcode(asked(served, reverse(accounts[1]), "A")) == "NOERROR"
    for nothing in (reverse(accounts[2]), "00" * 20 + ".addr.example.net"):
        reply = asked(served, nothing, "PTR")
        assert rcode(reply) == "NXDOMAIN" and section(reply.authority)[0][0] == "addr.example.net."
    for wrong in ("ab.addr.example.net", "g" * 40 + ".addr.example.net", f"x.{reverse(accounts[1])}"):
        assert rcode(asked(served, wrong, "PTR")) == "NXDOMAIN"


def test_primary_names_are_verified(tmp_path, devnet):  # noqa: F811
    """Claiming another's name gives nothing, nor does a name that is not normal, nor one that is none."""
    accounts = devnet.d["accounts"]
    with serving(tmp_path, devnet, mounts=[REVERSE]) as server:
        def told():
            follows(server, devnet)
            return data(asked(server, reverse(accounts[2]), "PTR"))
        assert told() == []
        for claim, want in (("devnet.eth", []), ("legacy.eth", ["legacy.eth."]), ("Legacy.eth", []), ("legacy.eth ", []), ("vit\u0430lik.eth", []), ("nobody.eth", []), ("", []),
                            ("x" * 70 + ".eth", []), ("legacy.eth", ["legacy.eth."])):
            devnet.primary(who="bob", name=claim)
            assert told() == want, claim
        devnet.addr(name="legacy.eth", value=accounts[3])
        assert told() == []


def test_private_addresses(tmp_path, devnet):  # noqa: F811
    private = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "0.0.0.0", "100.64.0.1"]
    private6 = ["::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1"]
    hexed = [f"\\# 16 {socket.inet_pton(socket.AF_INET6, a).hex()}" for a in private6]
    devnet.dns(name="devnet.eth", records=[["lan.devnet.eth", "A", 300, a] for a in private + ["192.0.2.44"]] + [["lan.devnet.eth", "AAAA", 300, a] for a in hexed + ["2001:db8::44"]]
               + [["only.devnet.eth", "A", 300, "192.168.0.1"]])
    with serving(tmp_path, devnet, mounts=[ETH, {**ELSEWHERE, "private-addresses": "allow"}]) as server:
        assert data(asked(server, "lan.devnet.eth", "A")) == ["192.0.2.44"]
        assert data(asked(server, "lan.devnet.eth", "AAAA")) == ["2001:db8::44"]
        reply = asked(server, "only.devnet.eth", "A")
        assert (rcode(reply), data(reply)) == ("NOERROR", [])
        assert len(data(asked(server, "lan.devnet.eth.example.net", "A"))) == 8
        assert len(data(asked(server, "lan.devnet.eth.example.net", "AAAA"))) == 5


def test_transfers_are_refused_with_a_reason(served):
    for kind in ("AXFR", "IXFR"):
        query = dns.message.make_query("eth", kind, use_edns=0)
        reply = dns.query.tcp(query, ADDRESS, port=served.port, timeout=5, one_rr_per_rrset=True)
        assert rcode(reply) == {"AXFR": "REFUSED", "IXFR": "NOTIMP"}[kind] and not reply.answer
        assert errors(reply) and errors(reply)[0][1], kind


def test_strangers_cause_no_work(tmp_path, devnet, proxy):  # noqa: F811
    """Outside `allow`: what is known is told, the rest is REFUSED, and nobody is asked."""
    only = proxy(devnet.url)
    mounts = [{**ETH, "allow": ["127.0.0.2"]}]
    with serving(tmp_path, devnet, only.url, mounts=mounts) as server:
        query = dns.message.make_query("devnet.eth", "A", use_edns=0)
        query.flags &= ~dns.flags.RD

        def ask(source, name="devnet.eth"):
            message = dns.message.make_query(name, "A", use_edns=0)
            message.flags &= ~dns.flags.RD
            return dns.query.udp(message, ADDRESS, port=server.port, timeout=5, source=source)
        only.counts()
        reply = ask("127.0.0.1")
        assert rcode(reply) == "REFUSED" and errors(reply)[0][0] == 18
        assert reads(only) == {}
        assert data(ask("127.0.0.2")) == ["192.0.2.1", "192.0.2.2"]
        assert data(ask("127.0.0.1")) == ["192.0.2.1", "192.0.2.2"]
        assert rcode(ask("127.0.0.1", "xn--3s9h.eth")) == "REFUSED"
        assert rcode(ask("127.0.0.1", "eth")) == "NOERROR"


ID = {"suffix": "id", "system": "uns", "chains": ["polygon", "ethereum"]}
ROOT = (". 86400 SOA a.root-servers.example. nstld.example. 1 1800 900 604800 86400\n. 86400 NS a.root-servers.example.\na.root-servers.example. 86400 A 192.0.2.40\n"
        "net. 86400 NS a.root-servers.example.\n{}")


def collides(server, suffix="id."):
    return metrics(server)[f'rhizome_mount_collision{{suffix="{suffix}"}}']


@pytest.mark.parametrize("whose", ["dns", "ours"])
def test_a_suffix_that_the_root_delegates(tmp_path, devnet, polygon, whose):  # noqa: F811
    """By the list that comes along; then by the root zone that is served, at each change of it."""
    chains = {"polygon": polygon.config()}
    with serving(tmp_path, devnet, more_chains=chains, mounts=[{**ID, "collision": whose}, ETH], metrics=True) as server:
        follows(server, polygon, "polygon")
        assert collides(server) == 1 and collides(server, "eth.") == 0
        assert "the root zone delegates this suffix" in server.log and "suffix=id." in server.log
        reply = asked(server, "devnet.id", "A")
        if whose == "ours":
            assert data(reply) == ["192.0.2.105"]
        else:
            assert rcode(reply) == "REFUSED" and not reply.answer
            assert mount(server, "id.")["health"] == "off"
        assert data(asked(server, "devnet.eth", "A"))


def test_the_served_root_decides(tmp_path, devnet, polygon):  # noqa: F811
    chains = {"polygon": polygon.config()}
    with serving(tmp_path, devnet, more_chains=chains, mounts=[ID, ETH], zones={".": ROOT.format("")}, metrics=True) as server:
        follows(server, polygon, "polygon")
        until(lambda: collides(server) == 0, what="the served root")
        assert data(asked(server, "devnet.id", "A")) == ["192.0.2.105"]
        assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
        server.write_zone(".", ROOT.format("id. 86400 NS a.root-servers.example.\n").replace(" 1 1800", " 2 1800"))
        server.control("zone-reload", name=".")
        until(lambda: collides(server) == 1, what="the new root")
        reply = asked(server, "devnet.id", "A")
        assert not reply.answer and section(reply.authority) == [("id.", 86400, "NS", "a.root-servers.example.")]
        assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
        server.write_zone(".", ROOT.format("").replace(" 1 1800", " 3 1800"))
        server.control("zone-reload", name=".")
        until(lambda: collides(server) == 0, what="the root after that")
        assert data(asked(server, "devnet.id", "A")) == ["192.0.2.105"]


def test_a_zone_of_the_same_name(tmp_path, devnet):  # noqa: F811
    """It answers, and the log says so."""
    with serving(tmp_path, devnet, mounts=[ETH], zones={"eth.": ZONE + "www 60 A 192.0.2.77\n"}) as server:
        assert "there is a zone eth. too" in server.log
        assert data(asked(server, "www.eth", "A")) == ["192.0.2.77"]
        assert rcode(asked(server, "devnet.eth", "A")) == "NXDOMAIN"


def test_the_delegation_of_the_suffix(tmp_path, devnet):  # noqa: F811
    """DS is for the zone above where that delegates the suffix; a zone above that knows nothing of it does not deny it."""
    above = ZONE + "addr 3600 NS ns1\naddr 3600 DS 12345 13 2 " + "ab" * 32 + "\n"
    with serving(tmp_path, devnet, mounts=[{**ETH, "reverse": "addr.example.net"}, ELSEWHERE], zones={"example.net.": above, ".": ROOT.format("")}) as server:
        assert data(asked(server, "addr.example.net", "DS"))[0].startswith("12345")
        assert asked(server, "addr.example.net", "SOA").answer
        for suffix in ("eth", "eth.example.net"):
            reply = asked(server, suffix, "DS")
            assert rcode(reply) == "NOERROR" and section(reply.authority)[0][0] == f"{suffix}.", suffix
        assert rcode(asked(server, "devnet.eth", "DS")) == "NOERROR"
        assert rcode(asked(server, "org", "DS")) == "NXDOMAIN"


def test_three_ways_say_the_same(served):
    """DNS, `rhiz explain` and `rhiz name lookup`."""
    for name, rdtype in (("devnet.eth", "A"), ("devnet.eth", "MX"), ("q.zone.eth", "A"), ("zone.eth", "TXT"), ("nobody.eth", "A"), ("bad.zone.eth", "A"), ("devnet.eth", "WALLET")):
        reply = asked(served, name, WALLET if rdtype == "WALLET" else rdtype)
        explained = json.loads(served.rhiz("explain", "--json", name, rdtype).stdout)
        assert explained["rcode"] == rcode(reply), name
        if rdtype != "WALLET":
            assert sorted(line.split("\t", 4)[4] for line in explained.get("answer", [])) == data(reply), name
    for name in ("devnet.eth", "zone.eth"):
        looked = served.rhiz("name", "lookup", name)
        assert looked.returncode == 0, looked.stderr
        for address in data(asked(served, name, "A")):
            assert address in looked.stdout, looked.stdout
    assert served.rhiz("name", "lookup", "nobody.eth").returncode != 0


def test_what_explain_tells(served, devnet_session):  # noqa: F811
    explained = served.control("explain", name="devnet.eth", type="A")
    proof = explained["proof"]
    assert (proof["chain"], proof["chain_id"], proof["checked"]) == ("ethereum", 31337, "single")
    assert proof["resolver"].lower() == devnet_session.d["ens"]["resolvers"]["2023"].lower()
    assert proof["block"] <= devnet_session.head()["number"] and proof["dependencies"] > 2
    assert served.control("explain", name="xn--3s9h.eth", type="A")["rcode"] == "NOERROR"
    shown = served.control("cache-show", name="devnet.eth")
    assert "devnet.eth." in str(shown)
    assert served.control("explain", name="ns1.example.net", type="A")["source"] == "zone"
    assert served.control("explain", name="www.example.org", type="A")["rcode"] == "REFUSED"


def test_the_cache_is_emptied(tmp_path, devnet, proxy):  # noqa: F811
    only = proxy(devnet.url)
    with serving(tmp_path, devnet, only.url) as server:
        for name in ("devnet.eth", "www.devnet.eth", "zone.eth"):
            assert asked(server, name, "A").answer
        assert server.control("cache-stats")["entries"] == 3
        only.counts()
        shown = server.rhiz("cache", "show", "devnet.eth", check=0).stdout
        assert "devnet.eth" in shown and "zone.eth" not in shown
        server.rhiz("cache", "flush", "devnet.eth", "--tree", check=0)
        assert server.control("cache-stats")["entries"] == 1 and reads(only) == {}
        assert asked(server, "zone.eth", "A").answer and reads(only) == {}
        assert asked(server, "devnet.eth", "A").answer and reads(only).get("eth_call") == 1
        server.rhiz("cache", "flush", check=0)
        assert server.control("cache-stats")["entries"] == 0


def test_any_and_other_classes(served):
    reply = served.query("devnet.eth", "ANY")
    assert rcode(reply) == "NOERROR" and reply.answer
    assert rcode(served.query("devnet.eth", "A", "CH")) in ("REFUSED", "NOTIMP")
    long = ".".join(["a" * 60] * 4)
    assert rcode(asked(served, name_of(*long.split(".")[:3], "nobody", "eth"), "A")) == "NXDOMAIN"
    assert rcode(asked(served, name_of(*(["a"] * 100), "zone", "eth"), "A")) in ("NOERROR", "SERVFAIL")
