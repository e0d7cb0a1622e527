# SPDX-License-Identifier: Apache-2.0
"""Five hundred names of many kinds: every value as ethers finds it at the same block, by DNS and by `explain`; and what cold names cost."""
import concurrent.futures

import dns.message
import dns.name
import dns.rdatatype
import pytest

import devnet_names
from devnet import chain, devnet_session, oracle, proxy  # noqa: F401
from names_common import ETH, WALLET, asked, data, name_of, rcode, reads, serving, strings, wallets

TEXTS = list(devnet_names.TEXTS)
TYPES = {"A": 1, "AAAA": 28, "TXT": 16, "MX": 15}
COINS = {"ETH": 60, "BTC": 0, "LTC": 2, "DOGE": 3, "SOL": 501}


@pytest.fixture(scope="module")
def world():
    """(chain, {name: what it says}, what ethers finds)."""
    with chain() as started:
        said = devnet_names.populate(started, 500)
        started.mine()
        found = oracle(started.d, list(said), texts=TEXTS, coins=list(COINS.values()), types=list(TYPES.values()))
        yield started, said, found["names"]


@pytest.fixture(scope="module")
def served(tmp_path_factory, world):
    with serving(tmp_path_factory.mktemp("rhizd"), world[0], mounts=[{**ETH, "private-addresses": "allow"}]) as server:
        yield server


def rrset(octets, name):
    """RDATA texts of the records that stand on chain."""
    wire, texts = bytes.fromhex((octets or "0x")[2:]), []
    at = 0
    while at < len(wire):
        owner, used = dns.name.from_wire(wire, at)
        at += used
        rdtype, rdclass, size = int.from_bytes(wire[at:at + 2]), int.from_bytes(wire[at + 2:at + 4]), int.from_bytes(wire[at + 8:at + 10])
        rdata = dns.rdata.from_wire(rdclass, rdtype, wire, at + 10, size)
        texts.append(rdata.to_text())
        at += 10 + size
    return sorted(texts)


def question(name, *front):
    """Labels as UTF-8, or as Punycode where that is too long for the DNS."""
    labels = [label.encode() for label in name.split(".")]
    return name_of(*front, *(octets if len(octets) < 64 else b"xn--" + octets.decode().encode("punycode") for octets in labels))


def by_dns(server, name, found):
    """What differs between DNS and the witness."""
    wrong = []

    def same(what, ours, theirs):
        if ours != theirs:
            wrong.append((name, what, ours, theirs))

    def ask(rdtype, *front):
        reply = asked(server, question(name, *front), rdtype, tries=12)      # the bucket of new names refills
        assert rcode(reply) in ("NOERROR", "NXDOMAIN"), (name, rdtype, rcode(reply), server.control("explain", name=name))
        return reply
    for rdtype, number in TYPES.items():
        on_chain = rrset(found["dns"][str(number)], name)
        if rdtype == "TXT" and not on_chain:
            continue                # what is made of the content hash: below
        same(rdtype, data(ask(rdtype)), on_chain)
    for key in TEXTS:
        value = found["texts"].get(key)
        if len(key) < 60:
            same(key, "".join(strings(ask("TXT", "_text", key))), value or "")
    ours, theirs = wallets(ask(WALLET)), found["coins"]
    same("ETH", (ours.get("ETH") or "").lower(), (found["address"] or "").lower())
    same("coins", sorted(ours), sorted(ticker for ticker, coin in COINS.items() if (theirs.get(str(coin)) or "0x") != "0x"))
    links, content = strings(ask("TXT", "_dnslink")), found.get("content")
    if content and content.startswith(("ipfs://", "ipns://", "bzz://")):
        same("content", bool(links), True)
        if content.startswith("ipfs://bafy"):
            same("ipfs", links, ["dnslink=/ipfs/" + content.removeprefix("ipfs://")])
    elif not found["contenthash"]:
        same("no content", links, [])
    return wrong


def test_five_hundred_names(served, world):
    _, said, found = world
    assert len(said) == 500
    names = [name for name in said if found[name].get("resolver")]
    assert len(names) > 350
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        wrong = [w for some in pool.map(lambda n: by_dns(served, n, found[n]), names) for w in some]
    assert not wrong, f"{len(wrong)} differ: {wrong[:8]}"
    for name in list(said)[::25]:
        explained = served.control("explain", name=question(name).to_text(), type="A")
        assert sorted(line.split("\t", 4)[4] for line in explained.get("answer", [])) == data(asked(served, question(name), "A")), name


def test_names_without_a_resolver(served, world):
    """No records, no error."""
    _, said, found = world
    for name in [n for n in said if not found[n].get("resolver")][:40]:
        reply = asked(served, question(name), "A", tries=12)
        assert rcode(reply) in ("NOERROR", "NXDOMAIN") and not reply.answer, name


# Depths 2, 3 and 4, wrapped and not.
COLD = ["devnet.eth", "legacy.eth", "current.eth", "zone.eth", "sub.devnet.eth", "one.legacy.eth", "two.one.legacy.eth", "deep.sub.devnet.eth", "q.zone.eth", "a.b.zone.eth",
        "www.devnet.eth", "nobody.eth", "x.nobody.eth", "x.y.nobody.eth", "x.wildcard.eth", "bare.eth", "ancient.eth", "x.legacy.eth", "x.y.devnet.eth"]


@pytest.mark.parametrize("universal", [True, False], ids=["universal", "walk"])
def test_a_cold_name_takes_two_round_trips(tmp_path, devnet_session, proxy, universal):  # noqa: F811
    """For A, AAAA, TXT and HTTPS together; the other three cause none.  With nothing remembered of others: a daemon for each name would
    be the same, and the first of each resolver is it."""
    between = proxy(devnet_session.url)
    contracts = {k: v for k, v in devnet_session.config()["contracts"].items() if universal or k != "universal-resolver"}
    with serving(tmp_path, devnet_session, between.url, options={"contracts": contracts}) as server:
        for name in COLD:
            between.log()
            assert rcode(asked(server, name, "A")) in ("NOERROR", "NXDOMAIN"), name
            log = [entry for entry in between.log() if any(c["method"] not in ("eth_getBlockByNumber", "eth_getBlockByHash") for c in entry["calls"])]
            rounds, edge = 0, -1
            for entry in sorted(log, key=lambda e: e["began"]):
                if entry["began"] >= edge:
                    rounds, edge = rounds + 1, entry["ended"]
                else:
                    edge = min(edge, entry["ended"])
            assert rounds <= 2, (name, rounds, [[(c["method"], len(c.get("inner", []))) for c in e["calls"]] for e in log])
            for rdtype in ("AAAA", "TXT", "HTTPS"):
                asked(server, name, rdtype)
            assert reads(between) == {}, name
