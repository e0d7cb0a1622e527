# SPDX-License-Identifier: Apache-2.0
"""Unstoppable Domains in the DNS: which of two layers answers, and what its records become."""
import base64

import pytest

from devnet import devnet_session, polygon, polygon_session, devnet, proxy  # noqa: F401
from names_common import ETH, UNS, WALLET, asked, data, errors, follows, health, rcode, section, serving, strings, until, wallets


@pytest.fixture
def served(tmp_path, devnet, polygon, proxy):  # noqa: F811
    below = proxy(polygon.url)
    chains = {"polygon": {**polygon.config(below.url), "block-time": "250ms"}}
    with serving(tmp_path, devnet, more_chains=chains, mounts=[UNS, ETH]) as server:
        follows(server, polygon, "polygon")
        yield server, below


def test_which_layer_answers(served):
    server, _ = served
    assert data(asked(server, "both.crypto", "A")) == ["192.0.2.201"]           # layer 2 owns it
    assert data(asked(server, "both.crypto", "AAAA")) == []                     # also for what is empty there
    assert data(asked(server, "first.crypto", "A")) == ["192.0.2.102"]
    assert data(asked(server, "second.crypto", "A")) == ["192.0.2.202"]
    assert data(asked(server, "lapsed.x", "A")) == ["192.0.2.106"]              # expired on 2: its records there do not count
    assert data(asked(server, "live.x", "A")) == ["192.0.2.107"]
    assert data(asked(server, "old.crypto", "A")) == ["192.0.2.108"]            # in the older registry alone
    assert data(asked(server, "both-registries.crypto", "A")) == ["192.0.2.109"]
    reply = asked(server, "nobody-has-it.crypto", "A")
    assert rcode(reply) == "NXDOMAIN" and section(reply.authority)[0][0] == "crypto."


def multihash(cid):
    """Of a CID in either form: `Qm` and base58, or `b` and base32 (version 1, dag-pb)."""
    if cid.startswith("b"):
        octets = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))
        assert octets[:2] == b"\x01\x70"
        return octets[2:]
    number = 0
    for letter in cid:
        number = number * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(letter)
    return number.to_bytes(34, "big")


def test_what_records_become(served, devnet):  # noqa: F811
    server, _ = served
    assert section(asked(server, "devnet.crypto", "A").answer) == [("devnet.crypto.", 90, "A", "192.0.2.51"), ("devnet.crypto.", 90, "A", "192.0.2.52")]
    assert section(asked(server, "devnet.crypto", "AAAA").answer) == [("devnet.crypto.", 128, "AAAA", "2001:db8::5")]
    reply = asked(server, "devnet.crypto", "TXT")
    assert strings(reply) == ["hello from devnet.crypto"] and reply.answer[0].ttl == 128
    [link] = strings(asked(server, "_dnslink.devnet.crypto", "TXT"))
    assert multihash(link.removeprefix("dnslink=/ipfs/")) == multihash("QmVaAtQbi3EtsfpKoLzALm6vXphdi2KjMgxEDKeGg6wHuK")
    assert wallets(asked(server, "devnet.crypto", WALLET))["ETH"].lower() == devnet.d["accounts"][1].lower()
    assert data(asked(server, "private.crypto", "A")) == ["192.0.2.104"]


def test_what_is_malformed_fails_alone(served):
    server, _ = served
    reply = asked(server, "spoilt.crypto", "A")
    assert rcode(reply) == "SERVFAIL" and errors(reply)
    assert data(asked(server, "spoilt.crypto", "AAAA")) == ["2001:db8::103"]
    for rdtype in ("MX", "TXT"):                # numbers are no records, an empty list is none
        reply = asked(server, "spoilt.crypto", rdtype)
        assert (rcode(reply), data(reply)) == ("NOERROR", [])


def test_a_layer_that_fails_is_not_passed_over(served):
    """The owner on layer 2 may be somebody else: without its word there is no answer."""
    server, below = served
    below.rules({"methods": ["eth_call"], "fault": "500"})
    for name in ("first.crypto", "both.crypto", "nobody.crypto"):
        reply = asked(server, name, "A")
        assert rcode(reply) == "SERVFAIL" and errors(reply), name
    assert data(asked(server, "devnet.eth", "A"))
    below.rules()
    until(lambda: data(asked(server, "second.crypto", "A")) == ["192.0.2.202"], 8, "recovery")


def test_changes_show_on_either_layer(served, devnet, polygon):  # noqa: F811
    server, _ = served

    def looks(name, want):
        follows(server, devnet)
        follows(server, polygon, "polygon")
        assert data(asked(server, name, "A")) == want, name
    looks("first.crypto", ["192.0.2.102"])
    devnet.unsset(name="first.crypto", records={"dns.A": '["192.0.2.150"]'})
    looks("first.crypto", ["192.0.2.150"])
    polygon.unsmint(name="first.crypto", owner="bob", records={"dns.A": '["192.0.2.151"]'})
    looks("first.crypto", ["192.0.2.151"])
    polygon.unsset(name="first.crypto", records={"dns.A": '["192.0.2.152"]', "dns.A.ttl": "60"})
    looks("first.crypto", ["192.0.2.152"])
    polygon.unsmove(name="second.crypto", to="alice", keep=False)
    looks("second.crypto", [])
    polygon.unsburn(name="both.crypto")
    looks("both.crypto", ["192.0.2.101"])


def test_the_name_is_letters_digits_and_hyphens(served):
    server, below = served
    assert data(asked(server, "DEVNET.Crypto", "A")) == ["192.0.2.51", "192.0.2.52"]
    below.counts()
    for name in ("a_b.crypto", "xn--3s9h.crypto", "a\\032b.crypto"):
        assert rcode(asked(server, name, "A")) == "NXDOMAIN"


def test_health_is_of_both(served):
    server, below = served
    assert data(asked(server, "both.crypto", "A"))
    assert {health(server, "ethereum")["health"], health(server, "polygon")["health"]} == {"fresh"}
    assert server.control("explain", name="both.crypto", type="A")["proof"]["chain"] == "polygon"
    assert server.control("explain", name="first.crypto", type="A")["proof"]["chain"] == "ethereum"
    below.dead()
    assert data(asked(server, "both.crypto", "A")) == ["192.0.2.201"]       # what is known stays, for now
