# SPDX-License-Identifier: Apache-2.0
"""The devnet itself: that it is what docs/devnet.md says, seen with a client that is not ours."""
import concurrent.futures
import http.client
import json
import pathlib
import urllib.error
import urllib.request

import pytest
import yaml

from devnet import devnet, devnet_session, oracle, polygon, polygon_session, proxy, universal  # noqa: F401

OWNER_OF = "function ownerOf(uint256) view returns (address)"


def test_chains_and_names(devnet, polygon):  # noqa: F811
    assert devnet.rpc("eth_chainId") == hex(31337)
    assert polygon.rpc("eth_chainId") == hex(31338)
    about = devnet.about(name="devnet.eth")
    assert about["wrapped"] and about["owner"] == devnet.d["accounts"][1]
    assert about["resolver"] == devnet.d["ens"]["resolvers"]["2023"]
    assert devnet.about(name="legacy.eth")["resolver"] == devnet.d["ens"]["resolvers"]["2020"]


def test_a_name_with_two_owners(devnet, polygon):  # noqa: F811
    token = int(devnet.namehash(name="both.crypto"), 16)
    owners = [c.read(at="uns.proxyReader", abi=OWNER_OF, args=[str(token)])[0] for c in (devnet, polygon)]
    assert owners == [devnet.d["accounts"][1], devnet.d["accounts"][2]]


def test_what_a_test_does_is_taken_back(devnet):  # noqa: F811
    before = devnet.head()
    with devnet.undone():
        devnet.text(name="devnet.eth", key="url", value="changed")
        assert devnet.head()["number"] == before["number"] + 1
    assert devnet.head() == before


def test_a_client_that_is_not_ours(devnet):  # noqa: F811
    accounts = devnet.d["accounts"]
    said = oracle(devnet.d, ["devnet.eth", "legacy.eth", "ancient.eth", "x.y.wildcard.eth", "alice.offchain.eth", "bare.eth",
                             "two.one.legacy.eth", "current.eth", "sub.devnet.eth", "missing.eth", "strange.eth"],
                  texts=["url"], coins=[0], types=[1, 28], addresses=[accounts[1], accounts[2], accounts[3]])
    names = said["names"]
    want = {"devnet.eth": 1, "legacy.eth": 2, "ancient.eth": 4, "two.one.legacy.eth": 2, "current.eth": 3, "sub.devnet.eth": 2,
            "strange.eth": 4}
    assert {name: names[name]["address"] for name in want} == {name: accounts[n] for name, n in want.items()}
    assert names["devnet.eth"]["texts"]["url"] == "https://devnet.example/"
    assert names["devnet.eth"]["coins"]["0"] == "0x0014751e76e8199196d454941c45d1b3a323f1433bd6"
    assert names["devnet.eth"]["dns"]["28"].endswith("20010db8000000000000000000000001")
    assert names["x.y.wildcard.eth"]["texts"]["url"] == "url of x.y.wildcard.eth"
    assert names["alice.offchain.eth"]["texts"]["url"] == "url of alice.offchain.eth"
    assert names["bare.eth"]["resolver"] is None and names["missing.eth"]["resolver"] is None
    assert said["primary"] == {accounts[1]: "devnet.eth", accounts[2]: None, accounts[3]: "current.eth"}


def ask(url, method, *params, timeout=5):
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        return json.load(reply)


def test_a_provider_goes_wrong(devnet, proxy):  # noqa: F811
    bad = proxy(devnet.url)
    assert ask(bad.url, "eth_chainId")["result"] == hex(31337)
    bad.rules({"methods": ["eth_chainId"], "result": "0x1"}, {"methods": ["eth_getCode"], "fault": "429", "retryAfter": 3},
              {"methods": ["eth_blockNumber"], "fault": "cut"}, {"methods": ["eth_getBlockByNumber"], "set": {"timestamp": "0x1"}},
              {"methods": ["eth_getLogs"], "omit": ""})
    assert ask(bad.url, "eth_chainId")["result"] == "0x1"
    assert ask(bad.url, "eth_getBlockByNumber", "latest", False)["result"]["timestamp"] == "0x1"
    assert ask(bad.url, "eth_getLogs", {"fromBlock": "0x0"})["result"] == []
    with pytest.raises(urllib.error.HTTPError) as failed:
        ask(bad.url, "eth_getCode", devnet.d["ens"]["registry"], "latest")
    assert failed.value.code == 429 and failed.value.headers["retry-after"] == "3"
    with pytest.raises(json.JSONDecodeError):
        ask(bad.url, "eth_blockNumber")
    assert bad.counts()["methods"]["eth_chainId"] == 2
    bad.rules()
    assert len(ask(bad.url, "eth_getLogs", {"fromBlock": "0x0"})["result"]) > 50
    bad.dead()
    with pytest.raises(urllib.error.URLError):
        ask(bad.url, "eth_chainId")
    bad.alive()
    assert ask(bad.url, "eth_chainId")["result"] == hex(31337)


def test_faults_of_the_transport(devnet, proxy):  # noqa: F811
    bad = proxy(devnet.url)
    bad.rules({"fault": "giant", "bytes": 2_000_000})
    assert len(ask(bad.url, "eth_chainId")["result"]) == 2_000_002
    bad.rules({"fault": "broken"})
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(bad.url, "eth_chainId")
    for fault in ("html", "empty"):
        bad.rules({"fault": fault, "times": 1})
        with pytest.raises(json.JSONDecodeError):
            ask(bad.url, "eth_chainId")
        assert ask(bad.url, "eth_chainId")["result"] == hex(31337)
    bad.rules({"fault": "hang"})
    with pytest.raises(TimeoutError):
        ask(bad.url, "eth_chainId", timeout=0.3)


def test_round_trips_are_counted(devnet, proxy):  # noqa: F811
    slow = proxy(devnet.url)
    slow.rules({"delay": 150})
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ask(slow.url, "eth_chainId"), range(3)))
    counted = slow.counts()
    assert (counted["requests"], counted["rounds"]) == (3, 1)
    for _ in range(2):
        ask(slow.url, "eth_chainId")
    assert slow.counts()["rounds"] == 2


def test_a_lie_inside_an_aggregate(devnet, proxy):  # noqa: F811
    """The witness believes what one provider says; `replace` reaches values however deep they are."""
    bad = proxy(devnet.url)
    right, wrong = devnet.d["accounts"][2][2:].lower(), "ee" * 20
    bad.rules({"methods": ["eth_call"], "replace": [[right, wrong]]})
    said = oracle(devnet.d, ["legacy.eth"], rpc=bad.url)["names"]["legacy.eth"]
    assert said["address"].lower() == "0x" + wrong


def test_the_universal_resolver(devnet):  # noqa: F811
    accounts = devnet.d["accounts"]
    said = universal(devnet.d, ["devnet.eth", "alice.offchain.eth", "missing.eth", "noone.eth", "bare.eth", "strange.eth"], texts=["url"],
                     addresses=[[accounts[1], 60], [accounts[3], 0x80000000], [accounts[2], 60]])
    names = said["names"]
    assert names["devnet.eth"]["results"][0].endswith(accounts[1][2:].lower())
    assert b"url of alice.offchain.eth" in bytes.fromhex(names["alice.offchain.eth"]["results"][1][2:])
    assert [names[name]["error"] for name in ("missing.eth", "noone.eth", "bare.eth")] == \
        ["ResolverNotFound", "ResolverNotContract", "ResolverNotFound"]
    assert [primary[0] for primary in said["primary"]] == ["devnet.eth", "current.eth", ""]
    devnet.ccip(mode="endless")
    assert universal(devnet.d, ["alice.offchain.eth"])["names"]["alice.offchain.eth"]["error"] == "too deep"
    devnet.ccip(urls=[devnet.d["gateway"] + "/404/{sender}/{data}.json"])
    assert universal(devnet.d, ["alice.offchain.eth"])["names"]["alice.offchain.eth"]["results"][0].startswith("0x01800152")
    devnet.primary(who="bob", name="devnet.eth")
    assert universal(devnet.d, addresses=[[accounts[2], 60]])["primary"][0]["error"] == "ReverseAddressMismatch"


def test_the_demonstration_has_the_addresses(devnet, polygon):  # noqa: F811
    """examples/names.yaml is a file for people: it must say what the devnet has."""
    example = pathlib.Path(__file__).parents[2] / "examples" / "names.yaml"
    chains = yaml.safe_load(example.read_text())["chains"]
    assert chains["ethereum"]["contracts"] == devnet.config()["contracts"]
    assert chains["polygon"]["contracts"] == polygon.config()["contracts"]
    kept = devnet.keystore(who="alice", password="devnet")
    assert "0x" + kept["address"] == devnet.d["accounts"][1].lower()
