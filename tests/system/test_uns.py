# SPDX-License-Identifier: Apache-2.0
"""Names of Unstoppable Domains on two chains: which one answers, what records mean, and that changes on either show."""
import pytest

from devnet import chain, devnet, devnet_session, polygon, polygon_session, proxy  # noqa: F401
from names_common import EDE_NETWORK, EDE_NO_AUTHORITY, UNS, asked, data, errors, follows, name_of, rcode, reads, section, serving, strings, until

ALICE, BOB = 1, 2
MOUNT = {**UNS, "reverse": "addr.uns.test"}
ON = '["192.0.2.{}"]'
CONTENT = "bafybeidlpb5r4htaeii6kigptftzu2lnhzq3wp7g6f4xqco2p7nxmo3xpi"    # QmVaAtQbi3EtsfpKoLzALm6vXphdi2KjMgxEDKeGg6wHuK as version 1


def nothing(reply):
    return rcode(reply) if not reply.answer else data(reply)


class Served:
    """A daemon in front of both chains, a proxy before each."""

    def __init__(self, server, devnet, polygon, first, second):  # noqa: F811
        self.server, self.devnet, self.polygon, self.first, self.second = server, devnet, polygon, first, second

    def a(self, name, rdtype="A"):
        return nothing(asked(self.server, name, rdtype))

    def follow(self):
        follows(self.server, self.devnet)
        follows(self.server, self.polygon, "polygon")

    def reads(self):
        return [reads(bad).get("eth_call", 0) for bad in (self.first, self.second)]


@pytest.fixture
def served(tmp_path, devnet, polygon, proxy):  # noqa: F811
    first, second = proxy(devnet.url), proxy(polygon.url)
    with serving(tmp_path, devnet, first.url, mounts=[MOUNT], more_chains={"polygon": polygon.config(second.url)}) as server:
        both = Served(server, devnet, polygon, first, second)
        both.follow()
        yield both


ANSWERS = [
    ("both.crypto", "A", ["192.0.2.201"]),              # layer 2 first
    ("both.crypto", "AAAA", "NOERROR"),                 # and what it lacks is not the other's
    ("first.crypto", "A", ["192.0.2.102"]),
    ("second.crypto", "A", ["192.0.2.202"]),
    ("lapsed.x", "A", ["192.0.2.106"]),                 # over on layer 2, where its records still are
    ("live.x", "A", ["192.0.2.107"]),
    ("old.crypto", "A", ["192.0.2.108"]),
    ("both-registries.crypto", "A", ["192.0.2.109"]),   # the newer registry first
    ("private.crypto", "A", ["192.0.2.104"]),
    ("devnet.crypto", "A", ["192.0.2.51", "192.0.2.52"]),
    ("devnet.crypto", "AAAA", ["2001:db8::5"]),
    ("devnet.crypto", "TXT", ['"hello from devnet.crypto"']),
    ("devnet.crypto", "MX", "NOERROR"),
    ("DevNet.CRYPTO", "A", ["192.0.2.51", "192.0.2.52"]),
    ("www.devnet.crypto", "A", "NXDOMAIN"),
    ("noone.crypto", "A", "NXDOMAIN"),
    ("spoilt.crypto", "A", "SERVFAIL"),                 # that alone
    ("spoilt.crypto", "AAAA", ["2001:db8::103"]),
    ("spoilt.crypto", "MX", "NOERROR"),
    ("spoilt.crypto", "TXT", "NOERROR"),
    ("no_name.crypto", "A", "NXDOMAIN"),
]


def test_answers(served):
    wrong = [(name, rdtype, found, want) for name, rdtype, want in ANSWERS if (found := served.a(name, rdtype)) != want]
    assert not wrong
    ttls = {rdtype: asked(served.server, "devnet.crypto", rdtype).answer[0].ttl for rdtype in ("A", "AAAA")}
    assert ttls == {"A": 90, "AAAA": 128}               # dns.A.ttl; dns.ttl
    assert asked(served.server, "first.crypto", "A").answer[0].ttl == 300
    assert strings(asked(served.server, "_dnslink.devnet.crypto", "TXT")) == ["dnslink=/ipfs/" + CONTENT]
    address = served.devnet.d["accounts"][ALICE]
    assert strings(asked(served.server, name_of("_text", "crypto.ETH.address", "devnet", "crypto"), "TXT")) == [address]
    [error] = errors(asked(served.server, "spoilt.crypto", "A"))
    assert "JSON" in error[1]


def test_name_servers_have_all_below(served):
    """No token keeps records of names below it."""
    served.polygon.unsmint(name="served.crypto", records={"dns.NS": '["ns1.example.","ns2.example."]', "dns.NS.ttl": "500", "dns.A": ON.format(9)})
    served.polygon.unsmint(name="other.crypto", records={"dns.CNAME": '["devnet.crypto"]'})
    served.follow()
    reply = asked(served.server, "www.served.crypto", "A")
    assert rcode(reply) == "NOERROR" and not reply.answer
    assert section(reply.authority) == [("served.crypto.", 300, "NS", "ns1.example."), ("served.crypto.", 300, "NS", "ns2.example.")]     # ttl-max
    assert served.a("served.crypto") == ["192.0.2.9"]
    assert section(asked(served.server, "served.crypto", "NS").answer)[0][3] == "ns1.example."
    assert served.a("other.crypto") == ["192.0.2.51", "192.0.2.52", "devnet.crypto."]
    assert served.a("other.crypto", "CNAME") == ["devnet.crypto."]


def test_one_round_trip(served):
    served.a("first.crypto")                            # from here on the contracts are watched
    served.devnet.mine(blocks=1)
    served.polygon.mine(blocks=1)
    served.follow()
    served.reads()
    assert served.a("devnet.crypto") == ["192.0.2.51", "192.0.2.52"]
    assert served.reads() == [1, 1]
    for rdtype in ("A", "AAAA", "TXT", "HTTPS", "CNAME", "MX", "CAA"):
        served.a("devnet.crypto", rdtype)
    served.a("no_name.crypto")
    served.a("a.b_c.crypto")
    assert served.reads() == [0, 0]
    served.devnet.noise(blocks=2, registrations=5, logs=20)
    served.polygon.mine(blocks=20)
    served.follow()
    assert served.a("devnet.crypto") == ["192.0.2.51", "192.0.2.52"]
    assert served.reads() == [0, 0]


def test_a_layer_that_is_not_reached_is_not_passed_over(served):
    calls = {"methods": ["eth_call"], "error": {"code": -32000, "message": "out of order"}}
    served.second.rules(calls)
    for name in ("both.crypto", "first.crypto", "noone.crypto"):
        reply = asked(served.server, name, "A")
        assert nothing(reply) == "SERVFAIL", name
        assert errors(reply)[0][0] in (EDE_NO_AUTHORITY, EDE_NETWORK)
    served.second.rules()
    until(lambda: served.a("both.crypto") == ["192.0.2.201"], 15, "an end of the failure")
    served.first.rules(calls)
    assert served.a("second.crypto") == ["192.0.2.202"]         # the first layer has no say
    assert served.a("live.x") == "SERVFAIL"


def mint_below(chain, name, records):  # noqa: F811
    """Which today's minting manager refuses, and the registry does not."""
    manager, owner = chain.d["uns"]["mintingManager"], chain.d["accounts"][ALICE]
    chain.rpc("anvil_impersonateAccount", manager)
    chain.balance(of=manager, wei=str(10**20))
    chain.write(at="uns.registry", abi="function mintWithRecords(address,string[],string[],string[],bool)", value="0",
                args=[owner, name.split("."), list(records), list(records.values()), False], **{"from": manager})


def test_changes_show_with_their_block(served):
    d, p = served.devnet, served.polygon
    steps = [
        ("a record", "first.crypto", lambda: d.unsset(name="first.crypto", records={"dns.A": ON.format(1)}), ["192.0.2.1"]),
        ("minted on layer 2", "first.crypto", lambda: p.unsmint(name="first.crypto", owner="bob", records={"dns.A": ON.format(2)}), ["192.0.2.2"]),
        ("a record there", "first.crypto", lambda: p.unsset(name="first.crypto", records={"dns.A": ON.format(3)}), ["192.0.2.3"]),
        ("moved without records", "first.crypto", lambda: p.unsmove(name="first.crypto", to="alice", keep=False), "NOERROR"),
        ("burnt there", "first.crypto", lambda: p.unsburn(name="first.crypto"), ["192.0.2.1"]),
        ("minted on layer 1", "fresh.crypto", lambda: d.unsmint(name="fresh.crypto", records={"dns.A": ON.format(4)}), ["192.0.2.4"]),
        ("a token below", "www.first.crypto", lambda: mint_below(d, "www.first.crypto", {"dns.A": ON.format(5)}), ["192.0.2.5"]),
        ("in the older registry, then in the newer", "old.crypto", lambda: d.unsmint(name="old.crypto", records={"dns.A": ON.format(6)}), ["192.0.2.6"]),
    ]
    for what, name, change, want in steps:
        before = served.a(name)
        assert before != want, what
        change()
        served.follow()
        assert served.a(name) == want, what


def test_a_name_whose_time_is_over(served):
    served.polygon.unsmint(name="short.x", owner="bob", seconds=1000, records={"dns.A": ON.format(7)})
    served.devnet.unsmint(name="short.x", owner="alice", seconds=100000, records={"dns.A": ON.format(8)})
    served.follow()
    reply = asked(served.server, "short.x", "A")
    assert data(reply) == ["192.0.2.7"]
    served.polygon.warp(seconds=2000)
    served.polygon.mine(blocks=1)
    served.follow()
    until(lambda: served.a("short.x") == ["192.0.2.8"], 10, "the first layer's answer")


def test_primary_names(served):
    alice, bob = (served.devnet.d["accounts"][who][2:].lower() for who in (ALICE, BOB))
    assert served.a(f"{alice}.addr.uns.test", "PTR") == ["devnet.crypto."]
    assert served.a(f"{bob}.addr.uns.test", "PTR") == "NXDOMAIN"
    served.polygon.unsreverse(who="bob", name="both.crypto")
    served.follow()
    assert served.a(f"{bob}.addr.uns.test", "PTR") == ["both.crypto."]
    served.polygon.unsmove(name="both.crypto", to="carol")
    served.follow()
    assert served.a(f"{bob}.addr.uns.test", "PTR") == "NXDOMAIN"


def test_new_code_is_noticed(served):
    assert served.a("both.crypto") == ["192.0.2.201"]
    served.reads()
    served.polygon.upgrade(what="uns.registry")
    served.follow()
    assert served.a("both.crypto") == ["192.0.2.201"]
    assert served.reads()[1] == 1
