# SPDX-License-Identifier: Apache-2.0
"""A change on the chain shows with its block, costs little, and goes again when its block does; what did not change is not asked for."""
import time

import pytest

from devnet import chain, devnet, devnet_session, proxy  # noqa: F401
from names_common import WALLET, asked, data, follows, health, rcode, reads, serving, strings, until, wallets, warm

pytestmark = pytest.mark.tsan


@pytest.fixture
def served(tmp_path, devnet, proxy):  # noqa: F811
    between = proxy(devnet.url)
    with serving(tmp_path, devnet, between.url, metrics=True) as server:
        yield server, between


def text_of(server, name="devnet.eth", key="url"):
    return strings(asked(server, f"_text.{key}.{name}", "TXT"))


def nothing(reply):
    return rcode(reply) if not reply.answer else data(reply)


# name of the change, what is asked before and after it, and the change
CHANGES = [
    ("text", lambda s: text_of(s), lambda d: d.text(name="devnet.eth", key="url", value="changed"), ["changed"]),
    ("dns", lambda s: data(asked(s, "devnet.eth", "A")), lambda d: d.dns(name="devnet.eth", records=[["devnet.eth", "A", 300, "192.0.2.99"]]), ["192.0.2.99"]),
    ("dns of another owner", lambda s: nothing(asked(s, "new.devnet.eth", "A")),
     lambda d: d.dns(name="devnet.eth", records=[["new.devnet.eth", "A", 300, "192.0.2.98"]]), ["192.0.2.98"]),
    ("wildcard", lambda s: nothing(asked(s, "q.legacy2.devnet.eth", "A")),
     lambda d: d.dns(name="devnet.eth", records=[["*.devnet.eth", "A", 300, "192.0.2.97"]]), ["192.0.2.97"]),
    ("resolver", lambda s: nothing(asked(s, "zone.eth", "A")), lambda d: d.resolver(name="zone.eth", resolver="ens.resolvers.2025"), "NOERROR"),
    ("of another name", lambda s: list(wallets(asked(s, "legacy.eth", WALLET)).values()), lambda d: d.addr(name="zone.eth", value="0x" + "11" * 20), None),
    ("registration", lambda s: nothing(asked(s, "fresh.eth", "A")), lambda d: d.register(names=[{"label": "fresh", "records": {"dns": [["fresh.eth", "A", 300, "192.0.2.96"]]}}]),
     ["192.0.2.96"]),
    ("registration, wrapped", lambda s: nothing(asked(s, "fresh2.eth", "A")),
     lambda d: d.register(names=[{"label": "fresh2", "wrapped": True, "records": {"dns": [["fresh2.eth", "A", 300, "192.0.2.95"]]}}]), ["192.0.2.95"]),
    ("subname", lambda s: nothing(asked(s, "a.legacy.eth", "A")),
     lambda d: d.subname(parent="legacy.eth", label="a", owner="bob", dns=[["a.legacy.eth", "A", 300, "192.0.2.94"]]), ["192.0.2.94"]),
    ("records cleared", lambda s: nothing(asked(s, "zone.eth", "A")), lambda d: d.clear(name="zone.eth"), "NOERROR"),
    ("subname removed", lambda s: nothing(asked(s, "two.one.legacy.eth", "A")), lambda d: d.removesubname(parent="one.legacy.eth", label="two"), "NXDOMAIN"),
    ("of an ancestor", lambda s: nothing(asked(s, "x.y.wildcard.eth", "A")), lambda d: d.resolver(name="wildcard.eth", resolver="ens.resolvers.2023"), "NXDOMAIN"),
    ("content", lambda s: strings(asked(s, "_dnslink.devnet.eth", "TXT")),
     lambda d: d.contenthash(name="devnet.eth", value="0xe40101fa011b20d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162"),
     ["dnslink=/swarm/d1de9994b4d039f6548d191eb26786769f580809256b4685ef316805265ea162"]),
]


@pytest.mark.parametrize("look, change, after", [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_change_shows_with_its_block(served, devnet, look, change, after):  # noqa: F811
    server, between = served
    look(server)
    devnet.mine()
    follows(server, devnet)
    before = look(server)
    assert look(server) == before and before != after
    between.counts()
    change(devnet)
    follows(server, devnet)
    now = look(server)
    calls = reads(between)
    assert now == (before if after is None else after)
    assert look(server) == now and reads(between) == {}
    blocks = 4              # a change may take more than one: a log query each
    assert calls.get("eth_call", 0) <= (2 if after is not None else 0), calls
    assert calls.get("eth_getLogs", 0) <= blocks, calls
    assert set(calls) <= {"eth_call", "eth_getLogs"}, calls


def test_a_text_costs_less_than_two_calls(served, devnet):  # noqa: F811
    server, between = served
    warm(server, devnet, ("_text.url.devnet.eth", "TXT"))
    for number in range(3):
        between.counts()
        devnet.text(name="devnet.eth", key="url", value=f"change {number}")
        follows(server, devnet)
        assert text_of(server) == [f"change {number}"]
        assert reads(between).get("eth_call", 0) == 1


def test_what_did_not_change_is_not_asked_for(served, devnet):  # noqa: F811
    """Blocks full of others' business: one call for the logs of each at most, and none of them an eth_call."""
    server, between = served
    names = ["devnet.eth", "zone.eth", "q.zone.eth", "legacy.eth", "nobody.eth", "www.devnet.eth"]
    before = {name: nothing(asked(server, name, "A")) for name in names}
    devnet.noise(blocks=1, registrations=2, logs=2)
    follows(server, devnet)
    warm(server, devnet, *((name, "A") for name in names))
    between.counts()
    heads = health(server)["heads"]
    for _ in range(3):
        devnet.noise(blocks=2, registrations=20, logs=50)
        follows(server, devnet)
        assert {name: nothing(asked(server, name, "A")) for name in names} == before
    devnet.mine(blocks=40)
    follows(server, devnet)
    assert {name: nothing(asked(server, name, "A")) for name in names} == before
    calls = between.counts()["methods"]
    assert calls.get("eth_call", 0) == 0
    assert sum(calls.values()) <= 3 * (health(server)["heads"] - heads) + 60      # and polls while nothing came


def test_an_empty_block_costs_one_look_at_its_header(served, devnet):  # noqa: F811
    server, between = served
    warm(server, devnet, ("devnet.eth", "A"))
    between.counts()
    devnet.mine(blocks=30)
    follows(server, devnet)
    assert asked(server, "devnet.eth", "A").answer
    assert reads(between) == {}


def test_an_orphaned_change_goes_back(served, devnet):  # noqa: F811
    server, between = served
    assert text_of(server) == ["https://devnet.example/"]
    assert nothing(asked(server, "orphan.eth", "A")) == "NXDOMAIN"
    mark = devnet.snapshot()
    devnet.text(name="devnet.eth", key="url", value="orphaned")
    devnet.register(names=[{"label": "orphan", "records": {"dns": [["orphan.eth", "A", 300, "192.0.2.93"]]}}])
    follows(server, devnet)
    assert text_of(server) == ["orphaned"] and nothing(asked(server, "orphan.eth", "A")) == ["192.0.2.93"]
    tall = devnet.head()["number"]
    reorgs = health(server)["reorganisations"]
    devnet.revert(to=mark)
    devnet.mine(blocks=tall - devnet.head()["number"] + 1)
    follows(server, devnet)
    until(lambda: text_of(server) == ["https://devnet.example/"], what="the answer of before")
    assert nothing(asked(server, "orphan.eth", "A")) == "NXDOMAIN"
    assert health(server)["reorganisations"] == reorgs + 1


def test_an_orphaned_change_is_replaced(served, devnet):  # noqa: F811
    """The other branch has the same height and another change."""
    server, _ = served
    assert text_of(server) == ["https://devnet.example/"]
    mark = devnet.snapshot()
    devnet.text(name="devnet.eth", key="url", value="one branch")
    follows(server, devnet)
    assert text_of(server) == ["one branch"]
    devnet.revert(to=mark)
    devnet.mine(blocks=1)
    devnet.text(name="devnet.eth", key="url", value="the other")
    until(lambda: health(server)["head"] == devnet.head()["number"], what="the other branch")
    until(lambda: text_of(server) == ["the other"], what="the other branch's answer")


STRANGE = "_text.url.strange.eth"


def set_strange(devnet, text, mode=None):  # noqa: F811
    devnet.write(at="tests.strange", abi="function setText(bytes32,string,string)", args=[devnet.namehash(name="strange.eth"), "url", text])
    if mode:
        devnet.strange(mode=mode)


def test_code_that_is_not_known_is_good_for_one_block(served, devnet):  # noqa: F811
    """It has no events that one could trust: read again with each block, and only then."""
    server, between = served
    set_strange(devnet, "one")
    follows(server, devnet)
    assert strings(asked(server, STRANGE, "TXT")) == ["one"]
    assert server.control("explain", name=STRANGE, type="TXT")["proof"]["one_block"]
    for number in range(3):
        between.counts()
        set_strange(devnet, f"text {number}")               # no event tells of it
        follows(server, devnet)
        assert reads(between).get("eth_call", 0) == 0       # nobody asked
        assert strings(asked(server, STRANGE, "TXT")) == [f"text {number}"]
        assert 1 <= len([r for r in between.log() if any(c["method"] == "eth_call" for c in r["calls"])]) <= 2
        assert strings(asked(server, STRANGE, "TXT")) == [f"text {number}"] and reads(between) == {}


def test_silence_of_unknown_code_is_no_absence(served, devnet):  # noqa: F811
    """It burns the gas, reverts without a word, or answers nothing or too little: it has not said that there is no such record."""
    server, _ = served
    for mode in ("burn", "revert", "empty", "short", "loop"):
        set_strange(devnet, f"known while it does {mode}", mode)
        follows(server, devnet)
        began = time.monotonic()
        for rdtype in ("A", "TXT", WALLET):
            reply = asked(server, "strange.eth", rdtype)
            assert rcode(reply) == "SERVFAIL" and not reply.authority, (mode, rdtype)
        assert time.monotonic() - began < 4.5
        assert strings(asked(server, STRANGE, "TXT")) == [f"known while it does {mode}"]
        assert rcode(asked(server, "legacy.eth", "A")) == "NOERROR"


def test_a_proxys_new_code(served, devnet):  # noqa: F811
    """Upgraded(address) of the Universal Resolver: nothing that came by it is kept, and all is right again."""
    server, _ = served
    assert text_of(server) == ["https://devnet.example/"]
    devnet.upgrade(what="ens.universalResolver")
    follows(server, devnet)
    assert text_of(server) == ["https://devnet.example/"]


def test_expiry_changes_without_a_log(tmp_path, devnet):  # noqa: F811
    """`refuse-expired`: past its grace a name is gone with the first block that is late enough; others resolve it on."""
    from names_common import ETH
    devnet.register(names=[{"label": "soon", "seconds": 28 * 86400, "records": {"dns": [["soon.eth", "A", 300, "192.0.2.92"]]}}])
    with serving(tmp_path / "on", devnet, mounts=[ETH]) as keeps, serving(tmp_path / "off", devnet, mounts=[{**ETH, "refuse-expired": True}]) as refuses:
        for server in (keeps, refuses):
            assert nothing(asked(server, "soon.eth", "A")) == ["192.0.2.92"]
            assert server.control("explain", name="soon.eth", type="A")["proof"]["expires"]
        assert nothing(asked(refuses, "lapsed.eth", WALLET)) == "NXDOMAIN"
        assert wallets(asked(refuses, "grace.eth", WALLET))["ETH"] and wallets(asked(keeps, "lapsed.eth", WALLET))["ETH"]
        devnet.warp(seconds=(28 + 90) * 86400 - 3)
        for server in (keeps, refuses):
            follows(server, devnet)
            server.control("cache-flush")       # years have gone by for the chain alone
        reply = asked(refuses, "soon.eth", "A")
        assert data(reply) == ["192.0.2.92"] and reply.answer[0].ttl <= 3
        time.sleep(3)

        def after_a_block():
            devnet.mine()
            for server in (keeps, refuses):
                follows(server, devnet)
            return nothing(asked(refuses, "soon.eth", "A"))
        until(lambda: after_a_block() == "NXDOMAIN", 4, "its end")
        assert nothing(asked(keeps, "soon.eth", "A")) == ["192.0.2.92"]
