# SPDX-License-Identifier: Apache-2.0
"""Providers that lie, that fail, and that are gone: the right answer or SERVFAIL with its reason, in bounded time and memory; absence never."""
import itertools
import os
import pathlib
import re
import threading
import time

import dns.rcode
import pytest

from devnet import chain, devnet, devnet_session, proxy  # noqa: F401
from names_common import ETH, WALLET, asked, data, errors, follows, health, metrics, rcode, serving, strings, until, wallets

SECRET = "k3y-0f-th3-0p3r4t0r"
# Words that a reason is told by.
PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "names.md").read_text()
LABELS = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.partition("| word |")[2].partition("\n## ")[0], re.M))


@pytest.fixture
def three(devnet, proxy):  # noqa: F811
    return [proxy(devnet.url) for _ in range(3)]


def urls(providers):
    return [p.url for p in providers]


# Memory that the address sanitizer holds back would hide what is measured.
LEAN = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
QUORUM = {"quorum": 2, "try": "700ms", "lookup": "2500ms"}


def same_words(server, name, rdtype, failed, of="ethereum"):
    """EDE, explain and metrics tell one reason."""
    code, text = errors(failed)[0]
    explained = server.control("explain", name=name, type=rdtype)
    assert explained["rcode"] == "SERVFAIL" and explained["failure"] in LABELS
    assert explained["reason"] and explained["reason"] in text, (explained, text)
    counted = [k for k, v in metrics(server).items() if v and k.startswith(("rhizome_mount_failures_total", "rhizome_chain_failures_total")) and f'reason="{explained["failure"]}"' in k]
    assert counted, (explained, [k for k, v in metrics(server).items() if "failures" in k and v])
    told = server.rhiz("explain", name, rdtype)
    assert explained["reason"] in told.stdout
    return explained["failure"]


def lie_about_resolver(devnet, of="legacy.eth"):  # noqa: F811
    """Another resolver's address wherever the right one stands, inside aggregates too."""
    right = devnet.d["ens"]["resolvers"]["2020"][2:].lower()
    return {"methods": ["eth_call", "eth_getStorageAt"], "replace": [[right, "00" * 19 + "ee"]]}


def lie_about_value(devnet):  # noqa: F811
    bob = devnet.d["accounts"][2][2:].lower()
    return {"methods": ["eth_call"], "replace": [[bob, "ee" * 20]]}


def lie_by_revert(devnet):  # noqa: F811
    return {"methods": ["eth_call"], "error": {"code": 3, "message": "execution reverted", "data": "0x"}}


LIES = {"resolver": lie_about_resolver, "value": lie_about_value, "revert": lie_by_revert}


@pytest.mark.parametrize("lie", LIES)
def test_one_liar_of_three_is_outvoted(tmp_path, devnet, three, lie):  # noqa: F811
    three[0].rules(LIES[lie](devnet))
    for honest in three[1:]:
        honest.rules({"delay": 20})         # so that the liar is among those who are asked
    with serving(tmp_path, devnet, *urls(three), options=QUORUM, metrics=True) as server:
        bob = devnet.d["accounts"][2]
        for _ in range(6):              # whichever is asked first
            assert wallets(asked(server, "legacy.eth", WALLET)) == {"ETH": bob}
            server.control("cache-flush")
        assert health(server)["disagreements"] > 0
        lied = {p["name"]: p["disagreed"] for p in health(server)["providers"]}
        assert lied["p0"] > 0 and lied["p1"] == lied["p2"] == 0
        assert metrics(server)['rhizome_chain_provider_disagreed_total{chain="ethereum",provider="p0"}'] > 0
        assert "p0" in server.log and "disagree" in server.log.lower()
        explained = server.control("explain", name="legacy.eth", type=WALLET)
        assert explained["proof"]["checked"].startswith("quorum 2/")


def test_three_that_say_different_things(tmp_path, devnet, three):  # noqa: F811
    """Two liars, of kinds that differ: there is no quorum, and no answer is made up."""
    three[0].rules(lie_about_resolver(devnet))
    three[1].rules(lie_by_revert(devnet))
    with serving(tmp_path, devnet, *urls(three), options=QUORUM, metrics=True) as server:
        reply = asked(server, "legacy.eth", WALLET)
        assert rcode(reply) == "SERVFAIL"
        assert same_words(server, "legacy.eth", WALLET, reply) == "disagree"
        for bad in three:
            bad.rules()
        devnet.mine()
        follows(server, devnet)
        assert wallets(asked(server, "sub.devnet.eth", WALLET)) == {"ETH": devnet.d["accounts"][2]}


def test_a_hidden_log(tmp_path, devnet, three):  # noqa: F811
    """One that leaves out the log of a change does not keep the old answer alive."""
    three[0].rules({"methods": ["eth_getLogs"], "omit": ""})
    with serving(tmp_path, devnet, *urls(three), options=QUORUM) as server:
        for number in range(4):
            devnet.text(name="devnet.eth", key="url", value=f"value {number}")
            follows(server, devnet)
            assert strings(asked(server, "_text.url.devnet.eth", "TXT")) == [f"value {number}"]


@pytest.mark.parametrize("fault", [{"fault": "429", "retryAfter": 1}, {"fault": "drip", "ms": 200}, {"fault": "cut"}, {"fault": "giant"}, {"fault": "hang"},
                                   {"fault": "broken"}, {"fault": "html"}, {"fault": "empty"}, {"fault": "close"}, {"fault": "500"},
                                   {"methods": ["eth_chainId"], "result": "0x1"}, {"methods": ["eth_getCode"], "result": "0x"}, {"nobatch": True}],
                         ids=lambda f: f.get("fault") or ("nobatch" if "nobatch" in f else f["methods"][0]))
def test_one_bad_of_three(tmp_path, devnet, three, fault):  # noqa: F811
    """From the start: the right answer, soon, and little memory."""
    three[0].rules(fault)
    with serving(tmp_path, devnet, *urls(three), options=QUORUM, metrics=True, env=LEAN) as server:
        before = server.memory()
        began = time.monotonic()
        for name in ("devnet.eth", "zone.eth", "q.zone.eth"):
            assert data(asked(server, name, "A", tries=2)), name
        assert time.monotonic() - began < 8
        assert server.memory() - before < 60 << 20
        by_name = {p["name"]: p for p in health(server)["providers"]}
        if "methods" in fault:
            assert by_name["p0"]["state"] == "not admitted" and by_name["p0"]["reason"]
            assert metrics(server)['rhizome_chain_provider_in_use{chain="ethereum",provider="p0"}'] == 0


@pytest.mark.parametrize("fault", [{"fault": "429", "retryAfter": 1}, {"fault": "drip", "ms": 200}, {"fault": "cut"}, {"fault": "giant"}, {"fault": "hang"}, {"fault": "html"},
                                   {"fault": "500"}], ids=lambda f: f["fault"])
def test_the_only_one_goes_bad(tmp_path, devnet, proxy, fault):  # noqa: F811
    """SERVFAIL with its reason within the lookup's time; never NXDOMAIN; well again when it is."""
    only = proxy(devnet.url)
    with serving(tmp_path, devnet, only.url, options={"try": "300ms", "lookup": "900ms"}, metrics=True, env=LEAN) as server:
        before = server.memory()
        only.rules({"methods": ["eth_call"], **fault})
        began = time.monotonic()
        reply = asked(server, "devnet.eth", "A")
        assert rcode(reply) == "SERVFAIL" and not reply.answer and not reply.authority
        assert time.monotonic() - began < 5
        same_words(server, "devnet.eth", "A", reply)
        assert rcode(asked(server, "nobody.eth", "A")) == "SERVFAIL"
        assert server.memory() - before < 60 << 20
        only.rules()
        number = itertools.count()          # a name's failure is remembered for 5 s
        until(lambda: data(asked(server, f"q{next(number)}.zone.eth", "A")) == ["192.0.2.63"], 8, "recovery")


@pytest.mark.parametrize("rule, failure", [({"methods": ["eth_chainId"], "result": "0x1"}, {"wrong-chain", "no-provider"}),
                                           ({"methods": ["eth_getCode"], "result": "0x"}, {"no-provider", "bad-reply"})], ids=["another chain", "no registry"])
def test_the_only_one_is_not_what_it_should_be(tmp_path, devnet, proxy, rule, failure):  # noqa: F811
    only = proxy(devnet.url)
    only.rules(rule)
    with serving(tmp_path, devnet, only.url, wait=False, metrics=True) as server:
        until(lambda: health(server)["providers"][0]["reason"], what="a reason")
        reply = asked(server, "devnet.eth", "A")
        assert rcode(reply) == "SERVFAIL"
        assert same_words(server, "devnet.eth", "A", reply) in failure


def test_a_failed_part_leaves_no_absence(tmp_path, devnet, proxy):  # noqa: F811
    """One of several calls of a lookup fails once: what it was about is a failure, and then known."""
    only = proxy(devnet.url)
    contracts = {k: v for k, v in devnet.config()["contracts"].items() if k not in ("multicall", "universal-resolver")}
    with serving(tmp_path, devnet, only.url, options={"try": "400ms", "lookup": "900ms", "contracts": {**contracts, "multicall": "0x" + "00" * 19 + "77"}}) as server:
        only.rules({"methods": ["eth_call"], "match": "a8fa5682", "error": {"code": -32603, "message": "internal error"}})
        reply = asked(server, "devnet.eth", "A")
        assert rcode(reply) == "SERVFAIL", rcode(reply)
        only.rules()
        until(lambda: data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"], 8, "the answer")


def test_the_page_has_all_words(tmp_path, devnet):  # noqa: F811
    with serving(tmp_path, devnet, metrics=True) as server:
        told = {re.search(r'reason="([a-z-]+)"', key)[1] for key in metrics(server) if key.startswith("rhizome_mount_failures_total")}
    assert told == LABELS


def test_all_down_then_stale_then_servfail(tmp_path, devnet, three):  # noqa: F811
    options = {**QUORUM, "stale-after": "1s", "serve-stale": "3s"}
    with serving(tmp_path, devnet, *urls(three), options=options, metrics=True) as server:
        assert data(asked(server, "devnet.eth", "A")) and rcode(asked(server, "nobody.eth", "A")) == "NXDOMAIN"
        for bad in three:
            bad.dead()
        until(lambda: health(server)["health"] == "stale", 10, "staleness")
        reply = asked(server, "devnet.eth", "A")
        assert data(reply) == ["192.0.2.1", "192.0.2.2"] and reply.answer[0].ttl <= 30
        assert [code for code, _ in errors(reply)] == [3]
        cold = asked(server, "legacy.eth", "A")
        assert rcode(cold) == "SERVFAIL" and errors(cold)[0][0] in (22, 23)
        until(lambda: health(server)["health"] == "down", 10, "the end of what is stale")
        for name in ("devnet.eth", "nobody.eth", "zone.eth"):
            reply = asked(server, name, "A")
            assert rcode(reply) == "SERVFAIL" and errors(reply)[0][0] in (22, 23)
        assert same_words(server, "devnet.eth", "A", asked(server, "devnet.eth", "A")) == "stale"
        for bad in three:
            bad.alive()
        began = time.monotonic()
        until(lambda: rcode(asked(server, "devnet.eth", "A")) == "NOERROR", 10, "recovery")
        assert time.monotonic() - began < 6
        assert rcode(asked(server, "nobody.eth", "A")) == "NXDOMAIN"
        assert data(asked(server, "legacy.eth", "A")) == []


def test_recovery_comes_with_the_head(tmp_path, devnet, proxy):  # noqa: F811
    """What failed for want of a provider is tried again at the follower's first success, not when some timer says so."""
    only = proxy(devnet.url)
    with serving(tmp_path, devnet, only.url, options={"try": "300ms", "lookup": "600ms", "stale-after": "1s"}) as server:
        only.dead()
        until(lambda: health(server)["health"] == "stale", 10, "staleness")
        for _ in range(3):
            assert rcode(asked(server, "devnet.eth", "A")) == "SERVFAIL"
        only.alive()
        until(lambda: health(server)["health"] == "fresh", 10, "the head")
        assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]


def test_before_the_first_head(tmp_path, devnet, proxy):  # noqa: F811
    only = proxy(devnet.url)
    only.dead()
    with serving(tmp_path, devnet, only.url, wait=False, zones={"example.": "@ 60 SOA a b 1 2 3 4 5\n@ NS a\n@ A 192.0.2.5\na A 192.0.2.6\n"}) as server:
        reply = asked(server, "devnet.eth", "A")
        assert rcode(reply) == "SERVFAIL" and errors(reply)[0][0] in (22, 23)
        assert data(asked(server, "example.", "A")) == ["192.0.2.5"]
        assert rcode(asked(server, "eth", "SOA")) in ("NOERROR", "SERVFAIL")
        only.alive()
        follows(server, devnet)
        assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]


def test_a_slow_one_does_not_hold_up_what_is_known(tmp_path, devnet, proxy):  # noqa: F811
    only = proxy(devnet.url)
    with serving(tmp_path, devnet, only.url, options={"try": "2s", "lookup": "2s"}) as server:
        assert data(asked(server, "devnet.eth", "A"))
        only.rules({"methods": ["eth_call"], "fault": "hang"})
        waiting = [threading.Thread(target=lambda n=n: asked(server, f"cold{n}.eth", "A")) for n in range(8)]
        for one in waiting:
            one.start()
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(20):
            assert data(asked(server, "devnet.eth", "A"))
        assert time.monotonic() - began < 1.7
        for one in waiting:
            one.join()


def test_a_key_in_a_url_never_shows(tmp_path, devnet, proxy):  # noqa: F811
    """Not in logs of failures, metrics, explain, status, nor in the configuration that is shown; another's URL comes from a file."""
    one, two = proxy(devnet.url), proxy(devnet.url)
    one.rules({"methods": ["eth_call"], "fault": "500"})
    config = devnet.config(f"{one.url}/v2/{SECRET}?apikey={SECRET}", quorum=1, lookup="700ms", **{"try": "300ms"})
    config["providers"][0]["url"] = config["providers"][0]["url"].replace("http://", f"http://user:{SECRET}@")
    (tmp_path / "url").write_text(f"{two.url}/{SECRET}\n")
    config["providers"].append({"name": "filed", "url-file": str(tmp_path / "url")})
    two.rules({"fault": "cut"})
    from devnet import config as sections
    from rhizome import Rhizd
    with Rhizd(tmp_path / "rhizd", more=sections({"ethereum": config}, [ETH]) + "log: { level: debug }\n", metrics=True) as server:
        until(lambda: health(server)["providers"][1]["reason"] or health(server)["providers"][1]["failures"], what="a failure")
        asked(server, "devnet.eth", "A")
        two.dead()
        asked(server, "legacy.eth", "A")
        shown = [server.rhiz(*words) for words in (("config", "show"), ("chain", "status"), ("explain", "devnet.eth"), ("cache", "show"), ("status",))]
        everything = "".join(done.stdout + done.stderr for done in shown) + server.http("/metrics")[1] + server.log + str(server.control("config-show"))
        assert "p0" in everything and SECRET not in everything


def test_a_liars_logs_do_not_count_alone(tmp_path, devnet, three):  # noqa: F811
    """Headers, and logs, need the quorum too: one that makes up a head does not lead."""
    three[0].rules({"methods": ["eth_getBlockByNumber"], "set": {"number": "0xffffff", "timestamp": "0x7fffffff"}})
    with serving(tmp_path, devnet, *urls(three), options=QUORUM) as server:
        devnet.mine(blocks=2)
        follows(server, devnet)
        assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
        assert health(server)["head"] == devnet.head()["number"]


def test_proofs(tmp_path, devnet, three):  # noqa: F811
    """`check: proof`: the registry's word under a header that two agree on, whatever one node says of it."""
    three[0].rules({"methods": ["eth_call"], "replace": [[devnet.d["ens"]["resolvers"]["2020"][2:].lower(), "00" * 19 + "ee"]]},
                   {"methods": ["eth_getProof"], "replace": [["\"value\":\"0x", "\"value\":\"0x1"]]})
    with serving(tmp_path, devnet, *urls(three), options={**QUORUM, "check": "proof"}) as server:
        for _ in range(3):
            assert wallets(asked(server, "legacy.eth", WALLET)) == {"ETH": devnet.d["accounts"][2]}
            server.control("cache-flush")


def test_a_node_by_its_socket(tmp_path):
    """JSON-RPC over a Unix socket, as a node of one's own has it; and a batch of names at once."""
    path = tmp_path / "node.ipc"
    with chain("--ipc", path) as devnet:
        with serving(tmp_path / "rhizd", devnet, f"unix:{path}") as server:
            assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
            asking = [threading.Thread(target=lambda n=n: asked(server, f"q{n}.zone.eth", "A")) for n in range(20)]
            for one in asking:
                one.start()
            for one in asking:
                one.join()
            devnet.text(name="devnet.eth", key="url", value="by a socket")
            follows(server, devnet)
            assert strings(asked(server, "_text.url.devnet.eth", "TXT")) == ["by a socket"]
            assert server.control("chain-status")["chains"][0]["providers"][0]["failures"] == 0


def test_at_the_safe_block(tmp_path):
    """`at: safe`: what is told is some blocks old, and changes show when they are safe."""
    with chain() as devnet:
        devnet.mine(blocks=70)
        with serving(tmp_path, devnet, options={"at": "safe"}, wait=False) as server:
            until(lambda: health(server)["health"] == "fresh", what="a head")
            assert data(asked(server, "devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
            assert health(server)["head"] == devnet.head()["number"] - 32
            devnet.text(name="devnet.eth", key="url", value="safe by and by")
            devnet.mine(blocks=10)
            until(lambda: health(server)["head"] == devnet.head()["number"] - 32, what="the next head")
            assert strings(asked(server, "_text.url.devnet.eth", "TXT")) == ["https://devnet.example/"]
            devnet.mine(blocks=40)
            until(lambda: health(server)["head"] == devnet.head()["number"] - 32, what="the block with it")
            assert strings(asked(server, "_text.url.devnet.eth", "TXT")) == ["safe by and by"]


def test_one_that_is_behind(tmp_path, devnet, three):  # noqa: F811
    """A node that stands still is outvoted on the head, and well again when it goes on."""
    old = devnet.rpc("eth_getBlockByNumber", "latest", False)
    three[0].rules({"methods": ["eth_getBlockByNumber"], "result": old})
    with serving(tmp_path, devnet, *urls(three), options=QUORUM) as server:
        for number in range(3):
            devnet.text(name="devnet.eth", key="url", value=f"value {number}")
            devnet.mine(blocks=5)
            follows(server, devnet)
            assert strings(asked(server, "_text.url.devnet.eth", "TXT")) == [f"value {number}"]
        three[0].rules()
        devnet.mine(blocks=2)
        follows(server, devnet)
        until(lambda: {p["state"] for p in health(server)["providers"]} == {"in use"}, 15, "all three")
