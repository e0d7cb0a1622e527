# SPDX-License-Identifier: Apache-2.0
"""Names whose answers come from gateways (CCIP-Read, EIP-3668): what is asked of whom, what is refused, and when it ends."""
import socket
import threading
import time

import pytest

from devnet import chain
from names_common import WALLET, asked, errors, metrics, rcode, serving, strings, wallets

OK, POST = "ok/{sender}/{data}.json", "post/{sender}"


class Place:
    """A chain with names whose resolvers have gateways, each of one kind: label -> (URLs or paths of the gateway, mode)."""

    def __init__(self, devnet):  # noqa: F811
        self.devnet, self.sender = devnet, {}

    def url(self, path):
        return path if "://" in path else f"{self.devnet.d['gateway']}/{path}"

    def name(self, label, *paths, **mode):
        """alice.LABEL.eth goes by these."""
        self.sender[label] = self.devnet.deploy(name="TestCcipResolver")
        self.devnet.ccip(at=self.sender[label], urls=[self.url(p) for p in paths], **mode)
        self.devnet.register(names=[{"label": label, "owner": "alice", "resolver": self.sender[label]}])

    def seen(self):
        """(method, first part of the path) of each request since the last time."""
        return [(entry["method"], entry["url"].split("/")[1]) for entry in self.devnet.gateway_log()]


MODES = ["cut", "no-urls", "refuse", "giant", "sender", "endless"]
WRONG = ["404", "500", "notjson", "cut", "wrong", "redirect-9", "large-3000000"]


@pytest.fixture(scope="module")
def place():
    with chain() as started:
        made = Place(started)
        made.name("second", "500/{sender}/{data}.json", OK)
        made.name("post", POST)
        made.name("rounds", OK, mode="rounds", rounds=4)
        made.name("short", "ttl-1/{sender}/{data}.json")
        made.name("good", OK)
        made.name("hangs", "hang/{sender}/{data}.json")
        for mode in MODES:
            made.name(f"mode-{mode}", OK, mode=mode)
        made.name("bomb", OK, mode="bomb")
        for kind in WRONG:
            made.name(f"wrong-{kind}", f"{kind}/{{sender}}/{{data}}.json")
        for number, start in enumerate(range(0, len(PLACES), 8)):
            made.name(f"private{number}", *(f"{p}/{{sender}}/{{data}}.json" for p in PLACES[start:start + 8]))
        started.mine()
        yield made


LISTENER = socket.socket(socket.AF_INET, socket.SOCK_STREAM)       # a port that nobody should connect to
LISTENER.bind(("127.0.0.1", 0))
LISTENER.listen(8)
P = LISTENER.getsockname()[1]
PLACES = [f"http://127.0.0.1:{P}", f"https://127.0.0.1:{P}", "http://169.254.169.254", "https://169.254.169.254", f"https://localhost:{P}", f"https://[::1]:{P}",
          f"https://[::ffff:127.0.0.1]:{P}", f"https://2130706433:{P}", f"https://0x7f000001:{P}", f"https://0177.0.0.1:{P}", f"https://127.1:{P}", f"https://0.0.0.0:{P}",
          f"https://user@127.0.0.1:{P}", "https://10.0.0.1", "https://192.168.0.1", "https://[fe80::1]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]",
          "https://198.18.0.1", "https://100.64.0.1", f"ftp://127.0.0.1:{P}", "https://{data}.example", "https://240.0.0.1", "https://[fc00::1]"]


def connections():
    LISTENER.settimeout(0.3)
    count = 0
    try:
        while True:
            LISTENER.accept()[0].close()
            count += 1
    except TimeoutError:
        return count


@pytest.fixture(scope="module")
def universal(tmp_path_factory, place):
    with serving(tmp_path_factory.mktemp("universal"), place.devnet, metrics=True) as server:
        yield server


@pytest.fixture(scope="module")
def walk(tmp_path_factory, place):
    """Without the Universal Resolver: by the registry and the resolver of a name above."""
    contracts = {k: v for k, v in place.devnet.config()["contracts"].items() if k != "universal-resolver"}
    with serving(tmp_path_factory.mktemp("walk"), place.devnet, options={"contracts": contracts}, metrics=True) as server:
        yield server


@pytest.fixture(params=["universal", "walk"])
def served(request, place):
    place.seen()
    return request.getfixturevalue(request.param)


def text(server, label, key="url"):
    return strings(asked(server, f"_text.{key}.alice.{label}.eth", "TXT"))


def test_the_first_url_fails_the_second_answers(served, place):
    assert text(served, "second") == ["url of alice.second.eth"]
    assert {("GET", "500"), ("GET", "ok")} == set(place.seen())


def test_addresses_too(served, place):
    said = wallets(asked(served, "alice.good.eth", WALLET))
    assert said["ETH"].lower() == "0x" + place.devnet.rpc("web3_sha3", "0x" + b"alice.good.eth".hex())[-40:]


def test_a_url_without_data_is_posted_to(served, place):
    assert text(served, "post") == ["url of alice.post.eth"]
    sender = place.sender["post"].lower()
    log = place.devnet.gateway_log()
    assert log and all(e["method"] == "POST" and e["type"].startswith("application/json") and e["url"] == f"/post/{sender}" and f'"{sender}"' in e["body"] for e in log)


def test_some_rounds_are_followed(served):
    assert text(served, "rounds") == ["url of alice.rounds.eth"]


def refused(server, label):
    """SERVFAIL with a reason, the same in DNS and explain, and a number in the metrics."""
    name = f"_text.url.alice.{label}.eth"
    reply = asked(server, name, "TXT")
    assert rcode(reply) == "SERVFAIL" and not reply.answer and not reply.authority, label
    code, said = errors(reply)[0]
    explained = server.control("explain", name=name, type="TXT")
    assert explained["rcode"] == "SERVFAIL" and explained["reason"] in said, label
    assert code in (22, 23, 24) and any(f'reason="{explained["failure"]}"' in k and v for k, v in metrics(server).items() if "mount_failures" in k), (label, explained)
    return explained


@pytest.mark.parametrize("mode", MODES)
def test_requests_that_are_wrong(served, place, mode):
    """A sender that is another contract, lookups without end, cut and giant ABI, no URL, a callback that refuses."""
    began = time.monotonic()
    refused(served, f"mode-{mode}")
    assert time.monotonic() - began < 6
    assert len(place.seen()) <= {"refuse": 16, "endless": 16}.get(mode, 0)


def test_four_thousand_urls_that_are_the_same(served, place):
    """They cost what they take in the reply: the first one answers, or it is refused as a whole."""
    reply = asked(served, "_text.url.alice.bomb.eth", "TXT")
    assert strings(reply) == ["url of alice.bomb.eth"] or rcode(reply) == "SERVFAIL"
    assert len(place.seen()) <= 2


@pytest.mark.parametrize("kind", WRONG)
def test_gateways_that_are_wrong(served, kind):
    refused(served, f"wrong-{kind}")


def test_a_gateway_that_hangs(tmp_path, place):
    """Not longer than `timeout`, then why; other names do not wait for it."""
    with serving(tmp_path, place.devnet, options={"ccip": {"loopback": True, "timeout": "2s"}}, metrics=True) as server:
        waiting = threading.Thread(target=lambda: asked(server, "_text.url.alice.hangs.eth", "TXT"))
        waiting.start()
        began = time.monotonic()
        assert rcode(asked(server, "legacy.eth", WALLET)) == "NOERROR"
        assert time.monotonic() - began < 1.5
        waiting.join()
        assert refused(server, "hangs")["failure"] in ("gateway", "timeout")


def test_places_that_are_never_asked(tmp_path, place):
    """Without the option of tests: nothing private, in no spelling, and nothing without TLS."""
    place.seen()
    with serving(tmp_path, place.devnet, options={"ccip": {"loopback": False}}, metrics=True) as server:
        for number in range(len(range(0, len(PLACES), 8))):
            assert refused(server, f"private{number}")["failure"] == "gateway-refused"
        assert refused(server, "good")["failure"] == "gateway-refused"
        assert metrics(server)['rhizome_chain_gateway_requests_total{chain="ethereum"}'] == 0
    assert connections() == 0 and place.seen() == []


@pytest.mark.parametrize("ccip", [{"allow": "none", "loopback": True}, {"deny": ["127.0.0.1"], "loopback": True}, {"allow": "listed", "hosts": ["example.org"], "loopback": True}],
                         ids=["none", "deny", "listed"])
def test_gateways_may_be_forbidden(tmp_path, place, ccip):
    place.seen()
    with serving(tmp_path, place.devnet, options={"ccip": ccip}, metrics=True) as server:
        assert refused(server, "good")["failure"] == "gateway-refused"
        assert place.seen() == []


def test_one_of_a_batch_fails_alone(tmp_path, place):
    """The batch gateways that the Universal Resolver names are not needed: its requests are ours to make (ENSIP-21).  SERVFAIL for what failed;
    the rest of the same batch is answered."""
    place.devnet.batchgateways(urls=[place.url("elsewhere"), "x-batch-gateway:true"])
    place.devnet.gateway_records({"alice.good.eth": {"contenthash": {"status": 404}}})
    place.seen()
    try:
        with serving(tmp_path, place.devnet) as server:
            assert rcode(failed := asked(server, "alice.good.eth", "TXT")) == "SERVFAIL" and errors(failed)
            assert wallets(asked(server, "alice.good.eth", WALLET))["ETH"]
            assert text(server, "good") == ["url of alice.good.eth"]
            assert rcode(asked(server, "alice.good.eth", "AAAA")) == "NOERROR"
            assert {path for _, path in place.seen()} == {"ok"}
    finally:
        place.devnet.gateway_records({})
        place.devnet.batchgateways()


def test_what_a_gateway_said_is_not_kept_for_long(tmp_path, place):
    """No block vouches for it: its own max-age, a minute at most; and what it is worth shows."""
    place.devnet.gateway_records({"alice.short.eth": {"text.url": "one"}})
    try:
        url = place.devnet.url
        with serving(tmp_path, place.devnet, url, url, options={"quorum": 2}) as server:
            reply = asked(server, "_text.url.alice.short.eth", "TXT")
            assert strings(reply) == ["one"] and reply.answer[0].ttl <= 1
            explained = server.control("explain", name="_text.url.alice.short.eth", type="TXT")
            assert explained["proof"]["checked"] == "contract-accepted"
            place.devnet.gateway_records({"alice.short.eth": {"text.url": "two"}})
            time.sleep(1.1)
            assert text(server, "short") == ["two"]
            assert asked(server, "_text.url.alice.good.eth", "TXT").answer[0].ttl <= 60
    finally:
        place.devnet.gateway_records({})
