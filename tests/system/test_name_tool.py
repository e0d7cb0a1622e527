# SPDX-License-Identifier: Apache-2.0
"""`rhiz name` and `rhiz wallet` on a devnet, against ethers as a witness."""
import json
import os
import pty
import re
import subprocess
import time

import pytest

from devnet import chain, devnet, oracle, proxy  # noqa: F401
from name_tool import Tool
from rhizome import PATIENCE, RHIZ

YEAR = 365 * 86400
BTC = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
IPFS = "ipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4"
IPFS_0 = "ipfs://QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4"      # the same as ethers writes it


@pytest.fixture(scope="module")
def devnet_session():
    """As elsewhere, but its controllers take a name a second after the commitment."""
    with chain("--min-commitment-age", 1) as started:
        yield started


@pytest.fixture
def alice(devnet, tmp_path):  # noqa: F811
    return Tool(tmp_path, devnet)


def by_ethers(devnet, name, **asked):  # noqa: F811
    return oracle(devnet.d, [name], **asked)["names"][name]


# ---- looking up ----

def test_lookup_agrees_with_ethers(alice, devnet):  # noqa: F811
    found = dict(alice.records("devnet.eth", "addr.eth", "addr.btc", "text.url", "contenthash", "TXT"))
    said = by_ethers(devnet, "devnet.eth", texts=["url"])
    assert found["addr.eth"] == said["address"]
    assert found["text.url"] == said["texts"]["url"]
    assert found["addr.btc"] == BTC
    assert found["contenthash"] == IPFS
    assert found["TXT"] == '60 "hello world"'
    whole = alice.json("name", "lookup", "devnet.eth")
    assert whole["system"] == "ens" and whole["proof"] == "single" and whole["block"]["number"] > 0
    assert alice.name("lookup", devnet.d["accounts"][1]).startswith("devnet.eth\n")


@pytest.mark.parametrize("arguments, code, says", [
    (["nosuch.eth"], 1, "does not exist"),
    (["devnet.eth", "text.nosuch"], 1, ""),
    (["devnet.eth", "addr.nosuch"], 2, "no coin"),
    (["example.org"], 2, "no suffix"),
    (["a..eth"], 1, "no name"),
    (["\u0430dmin.eth"], 1, "no name"),
    (["0x1234"], 2, "no address"),
    (["0x70997970C51812dc3A010C7d01b50e0d17dc79c8"], 2, "EIP-55"),
    (["0x0000000000000000000000000000000000000001"], 1, "no primary name"),
])
def test_lookup_negative(alice, arguments, code, says):
    alice.name("lookup", *arguments, code=code)
    assert says in alice.errors


def test_lookup_behind_gateways(alice):
    """All that is shown takes more requests to gateways than one lookup may make; each value there costs two, for the first URL fails."""
    shown = alice.json("name", "lookup", "alice.offchain.eth", code=None)
    values = {one["key"]: one.get("value") for one in shown["records"] if one["state"] == "present"}
    for key in ("avatar", "description", "email", "url", "com.github", "org.telegram"):
        assert values[f"text.{key}"] == f"{key} of alice.offchain.eth"
    assert values["addr.eth"].startswith("0x") and values["contenthash"].startswith("ipfs://")


def test_lookup_unreachable(tmp_path, devnet, proxy):  # noqa: F811
    bad = proxy(devnet.url)
    tool = Tool(tmp_path, devnet, urls=[bad.url], lookup="1s")
    bad.dead()
    tool.name("lookup", "devnet.eth", code=5)
    assert "does not mean that it does not exist" in tool.errors


def test_rpc_without_configuration(alice, devnet):  # noqa: F811
    """One node and nothing else: the addresses of contracts are those of the public chain then, so nothing is found here, in words."""
    env = {"RHIZ_CONFIG": ""}
    alice.name("lookup", "devnet.eth", "--rpc", devnet.url, "--chain", "31337", code=None, env=env)
    assert alice.code in (0, 1, 5)
    alice.name("lookup", "devnet.eth", "--rpc", "ftp://example.net/", code=2, env=env)


def test_show(alice, devnet):  # noqa: F811
    shown = alice.json("name", "show", "devnet.eth")
    about = devnet.about(name="devnet.eth")
    assert shown["owner"] == about["owner"] and shown["wrapped"] and "IS_DOT_ETH" in shown["fuses"]
    assert shown["expires"] == int(about["expires"]) and shown["grace-ends"] == shown["wrapper-expiry"] == shown["expires"] + 90 * 86400
    assert alice.json("name", "show", "grace.eth")["state"].startswith("grace period")
    assert "devnet.crypto" in alice.name("show", "devnet.crypto")


# ---- registering ----

@pytest.mark.parametrize("year", ["2025", "2023", "2020"])
def test_register_with_every_controller(alice, devnet, year):  # noqa: F811
    name = f"fresh{year}.eth"
    sent = alice.sent()
    out = alice.json("name", "register", name, "A=192.0.2.7", "AAAA=2001:db8::7", "text.url=https://example.net/", f"addr.btc={BTC}",
                     f"contenthash={IPFS}", "--years", "2", "--yes", "--controller", devnet.d["ens"]["controllers"][year])
    assert out["name"] == name and out["owner"].lower() == alice.address
    assert alice.sent() - sent == (3 if year == "2020" else 2)
    shown = alice.json("name", "show", name)
    assert shown["wrapped"] == (year == "2023") and abs(shown["expires"] - time.time() - 2 * YEAR) < 86400
    said = by_ethers(devnet, name, texts=["url"], types=[1])
    assert said["texts"]["url"] == "https://example.net/" and said["content"] == IPFS_0 and said["dns"]
    assert dict(alice.records(name))["A"] == "300 192.0.2.7"
    # once more is no second registration
    sent = alice.sent()
    again = alice.json("name", "register", name, "A=192.0.2.7", "--yes")
    assert again["transaction"] == out["transaction"] and alice.sent() == sent
    assert "nothing is under way" in alice.name("pending")


def test_register_primary_and_owner(alice, devnet):  # noqa: F811
    alice.name("register", "mine.eth", "primary", "--yes")
    assert alice.name("lookup", alice.address).startswith("mine.eth\n")
    bob = devnet.d["accounts"][2]
    assert alice.json("name", "register", "bobs.eth", "--owner", bob, "--yes")["owner"] == bob


@pytest.mark.parametrize("arguments, code, says", [
    (["devnet.eth"], 4, "it belongs to"),
    (["ab.eth"], 4, "at least three characters"),
    (["free.crypto"], 4, "minters"),
    (["eth"], 4, "first level"),
    (["good.eth", "A=nonsense"], 2, "A=nonsense"),
    (["good.eth", "--max-cost", "0.0001"], 4, "--max-cost"),
    (["good.eth", "--years", "0"], 2, "--years"),
    (["good.eth", "--controller", "0x0000000000000000000000000000000000000001"], 4, "not enabled"),
    (["good.eth", "--from", "0x0000000000000000000000000000000000000001"], 4, "no key"),
])
def test_register_refused(alice, arguments, code, says):
    sent = alice.sent()
    alice.name("register", *arguments, "--yes", code=code)
    assert says in alice.errors
    assert alice.sent() == sent


def test_without_terminal_nothing_is_sent(alice):
    alice.name("register", "asked.eth", code=4)
    assert "--yes" in alice.errors
    out = alice.name("register", "asked.eth", "--dry-run", "A=192.0.2.1")
    assert "commit" in out and "asked.eth.\t300\tIN\tA\t192.0.2.1" in out and "nothing was sent" in out
    assert "nothing is under way" in alice.name("pending")


def test_question_on_a_terminal(alice):
    for answer, code in ((b"n\n", 4), (b"\n", 4), (b"y\n", 0)):
        sent = alice.sent()
        ours, theirs = pty.openpty()
        process = subprocess.Popen([RHIZ, "name", "update", "devnet.eth", "text.url=asked"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=alice.env)
        os.close(theirs)
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(ours, 4096)
        os.write(ours, answer)
        try:
            while os.read(ours, 4096):
                pass
        except OSError:
            pass                                # the other end is closed
        assert process.wait(PATIENCE) == code and alice.sent() == sent + (code == 0)
        process.stdout.close()
        os.close(ours)


def test_quorum(tmp_path, devnet, proxy):  # noqa: F811
    """Two operators, one of whom lies about the price: nothing is sent."""
    second = proxy(devnet.url)
    tool = Tool(tmp_path, devnet, urls=[devnet.url, second.url], check="quorum", quorum=2)
    tool.name("register", "agreed.eth", "A=192.0.2.7", "--yes")
    assert tool.json("name", "lookup", "agreed.eth")["proof"] == "quorum 2/2"
    sent = tool.sent()
    second.rules({"methods": ["eth_call"], "result": "0x" + "11" * 64})
    tool.name("register", "disputed.eth", "--yes", code=5)
    assert tool.sent() == sent


def commit_only(alice, *arguments):
    """A registration that is ended when its commitment is there."""
    sent = alice.sent()
    process = alice.start("name", "register", *arguments, "--yes")
    end = time.monotonic() + PATIENCE
    while alice.sent() == sent and time.monotonic() < end:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert alice.sent() == sent + 1


def test_commitment_grows_too_old(alice, devnet):  # noqa: F811
    commit_only(alice, "late.eth", "A=192.0.2.7")
    sent = alice.sent()
    devnet.warp(seconds=90000)
    alice.name("register", "late.eth", "--yes")
    assert "too old" in alice.errors and alice.sent() == sent + 2
    assert dict(alice.records("late.eth"))["A"] == "300 192.0.2.7"


def test_somebody_is_faster(alice, devnet):  # noqa: F811
    commit_only(alice, "raced.eth")
    devnet.register(names=[{"label": "raced", "owner": "bob"}])
    sent = alice.sent()
    alice.name("register", "raced.eth", "--yes", code=4)
    assert "somebody else" in alice.errors
    assert alice.sent() == sent


def test_price_rises_before_the_reveal(alice, devnet):  # noqa: F811
    commit_only(alice, "costly.eth", "--max-cost", "0.01")
    devnet.usd(dollars=16)                      # a hundred times dearer
    alice.name("register", "costly.eth", "--yes", "--max-cost", "0.01", code=4)
    assert "dearer" in alice.errors
    sent = alice.sent()
    alice.name("register", "costly.eth", "--yes", "--max-cost", "1")
    assert alice.sent() == sent + 1             # the commitment was still good
    shown = alice.json("name", "price", "other-name.eth")
    assert int(shown["controllers"][0]["base-wei"]) > 3 * 10**17


def test_known_key_on_a_public_chain(tmp_path):
    with chain("--chain-id", "1", "--without", "uns,tests") as public:
        tool = Tool(tmp_path, public, names=[{"suffix": "eth", "system": "ens", "chain": "ethereum"}])
        tool.name("register", "gone.eth", "--yes", code=4)
        assert "everybody has the key" in tool.errors
        assert tool.sent() == int(public.rpc("eth_getTransactionCount", tool.address, "pending"), 16)


def test_wrong_chain(tmp_path, devnet):  # noqa: F811
    tool = Tool(tmp_path, devnet, chain_id=31338)
    sent = tool.sent()
    tool.name("register", "wrong.eth", "--yes", code=None)
    assert tool.code in (4, 5) and tool.sent() == sent


# ---- changing ----

def test_update(alice, devnet):  # noqa: F811
    alice.name("update", "devnet.eth", "A=192.0.2.50", "A=192.0.2.51", "TXT=one two", "text.url=", "text.com.github=alice", "--yes", "--ttl", "60")
    found = alice.records("devnet.eth")
    assert ("A", "60 192.0.2.50") in found and ("A", "60 192.0.2.51") in found and ("TXT", '60 "one two"') in found
    assert ("text.com.github", "alice") in found and "text.url" not in dict(found)
    assert by_ethers(devnet, "devnet.eth", texts=["com.github"])["texts"]["com.github"] == "alice"
    alice.name("update", "devnet.eth", "AAAA=", f"addr.btc=", "contenthash=", "--yes")
    assert {"AAAA", "addr.btc", "contenthash"}.isdisjoint(dict(alice.records("devnet.eth")))


def test_update_zone(alice, tmp_path):
    zone = tmp_path / "zone"
    zone.write_text("$TTL 600\n@ A 192.0.2.77\n@ TXT \"of a file\"\nwww CNAME @\n*.www A 192.0.2.78\n")
    alice.name("update", "devnet.eth", "--zone", zone, "--yes")
    found = dict(alice.records("devnet.eth"))
    assert found["A"] == "600 192.0.2.77" and found["TXT"] == '600 "of a file"' and "AAAA" not in found and "MX" not in found
    assert dict(alice.records("www.devnet.eth"))["CNAME"] == "600 devnet.eth."
    assert dict(alice.records("x.www.devnet.eth"))["*.www.devnet.eth. A"] == "600 192.0.2.78"
    assert "text.email" in found                # what is not of the DNS stays
    zone.write_text("@ A 192.0.2.300\n")
    alice.name("update", "devnet.eth", "--zone", zone, "--yes", code=2)


def test_update_of_others(alice):
    sent = alice.sent()
    alice.name("update", "legacy.eth", "A=192.0.2.1", "--yes", code=4)
    assert "would fail" in alice.errors and alice.sent() == sent


def test_resolver_and_primary(alice, devnet):  # noqa: F811
    alice.name("update", "devnet.eth", f"resolver={devnet.d['ens']['resolvers']['2025']}", "A=192.0.2.9", f"addr.eth={devnet.d['accounts'][1]}", "primary", "--yes")
    shown = alice.json("name", "show", "devnet.eth")
    assert shown["resolver"] == devnet.d["ens"]["resolvers"]["2025"]
    assert alice.name("lookup", devnet.d["accounts"][1]).startswith("devnet.eth\n")


def test_names_below(alice, devnet):  # noqa: F811
    alice.name("register", "new.devnet.eth", "A=192.0.2.10", "--yes")
    assert alice.json("name", "show", "new.devnet.eth")["wrapped"]
    assert dict(alice.records("new.devnet.eth"))["A"] == "300 192.0.2.10"
    alice.name("register", "plain.eth", "--yes")
    alice.name("register", "www.plain.eth", "A=192.0.2.11", "--yes")
    assert not alice.json("name", "show", "www.plain.eth")["wrapped"]
    alice.name("register", "www.plain.eth", "--yes", code=4)
    assert "is there already" in alice.errors
    bob = devnet.d["accounts"][2]
    for name in ("new.devnet.eth", "www.plain.eth", "plain.eth", "devnet.eth"):
        alice.name("transfer", name, bob, "--yes")
        shown = alice.json("name", "show", name)
        assert shown["owner"] == bob
    assert alice.json("name", "show", "plain.eth")["registrant"] == bob
    alice.name("transfer", "plain.eth", "0x" + "0" * 40, "--yes", code=4)


@pytest.mark.parametrize("name, controller", [("devnet.eth", "2023"), ("zone.eth", "2025")])
def test_renew(alice, devnet, name, controller):  # noqa: F811
    before = alice.json("name", "show", name)
    alice.name("renew", name, "--years", "2", "--yes")
    said = alice.errors
    after = alice.json("name", "show", name)
    assert after["expires"] == before["expires"] + 2 * YEAR
    if before["wrapped"]:                       # the wrapper's entry lasts as long
        assert after["wrapper-expiry"] == after["grace-ends"]
    assert devnet.d["ens"]["controllers"][controller] in said
    alice.name("renew", "lapsed.eth", "--yes", code=4)
    assert "cannot be renewed" in alice.errors


def test_price(alice):
    assert "to be had" in alice.name("price", "some-free-name.eth")
    three = alice.json("name", "price", "qzx.eth")["controllers"][0]
    long = alice.json("name", "price", "qzxqzx.eth", "--years", "3")["controllers"][0]
    # 640 and 5 dollars a year, at 1600 dollars an ether; the oracle counts in seconds
    assert int(three["base-wei"]) == pytest.approx(640 * 10**18 / 1600, rel=1e-9)
    assert int(long["base-wei"]) == pytest.approx(15 * 10**18 / 1600, rel=1e-9)
    alice.name("price", "devnet.eth", code=1)
    alice.name("price", "x.crypto", code=4)
    alice.name("revoke", "devnet.eth", code=4)
    alice.name("renew", "devnet.crypto", code=4)


def test_unstoppable(alice, devnet):  # noqa: F811
    alice.name("update", "first.crypto", "A=192.0.2.99", "A=192.0.2.98", "AAAA=", "addr.btc=" + BTC, "text.whois.email.value=a@example.net", "--yes")
    found = alice.records("first.crypto")
    assert ("A", "300 192.0.2.99") in found and ("A", "300 192.0.2.98") in found and ("crypto.BTC.address", BTC) in found
    bob = devnet.d["accounts"][2]
    alice.name("transfer", "first.crypto", bob, "--yes")
    assert alice.json("name", "show", "first.crypto")["owner"] == bob
    assert ("A", "300 192.0.2.99") in alice.records("first.crypto")      # setOwner keeps them
    alice.name("update", "first.crypto", "A=192.0.2.1", "--yes", code=4)


# ---- the past ----

def test_history_and_list(alice, devnet):  # noqa: F811
    alice.name("register", "past.eth", "A=192.0.2.7", "--yes")
    alice.name("update", "past.eth", "text.url=https://example.net/", "--yes")
    events = alice.json("name", "history", "past.eth")["events"]
    kinds = [e["event"] for e in events]
    for kind in ("registered", "registration paid", "resolver", "DNS records", "text", "owner in the registry"):
        assert kind in kinds
    assert [e["block"] for e in events] == sorted(e["block"] for e in events)
    assert any(e["detail"] == "url = https://example.net/" for e in events)
    assert "past" in alice.name("history", "past.eth")
    drawn = alice.name("history", "past.eth", "--draw")
    assert "O" in drawn and "registration" in drawn and "(expires)" in drawn
    alice.name("history", "never-there.eth", code=1)

    names = {n["name"]: n for n in alice.json("name", "list")}
    assert "past.eth" in names and names["devnet.eth"]["kind"] == "wrapped" and "devnet.crypto" in names
    assert names["past.eth"]["grace-ends"] == names["past.eth"]["expires"] + 90 * 86400
    dave = {n["name"]: n for n in alice.json("name", "list", devnet.d["accounts"][4])}
    assert any(n.startswith("[") and n.endswith("].eth") for n in dave) and any(n.get("grace") for n in dave.values())
    bob = [n["name"] for n in alice.json("name", "list", devnet.d["accounts"][2])]
    assert "legacy.eth" in bob and "sub.devnet.eth" in bob and any(n.endswith("].legacy.eth") for n in bob)


def test_verify(alice):
    checks = {c["check"]: c["verdict"] for c in alice.json("name", "verify", "devnet.eth")["checks"]}
    assert checks["wrapper and registrar"] == checks["primary name of its address"] == checks["registration"] == "good"
    assert "wrong" in alice.name("verify", "grace.eth", code=1)
    assert "wrong" in alice.name("verify", "spoilt.crypto", code=1)


# ---- signing elsewhere ----

def sign(devnet, transaction):  # noqa: F811
    fields = {k: transaction[k] for k in ("from", "to", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "value", "data")}
    return devnet.rpc("eth_signTransaction", fields | {"type": "0x2", "chainId": hex(transaction["chainId"])})


def test_unsigned_and_send(alice, devnet, tmp_path):  # noqa: F811
    bob, plan, raw = devnet.d["accounts"][2], tmp_path / "plan.json", tmp_path / "raw.json"
    alice.name("register", "cold.eth", "A=192.0.2.12", "--from", bob, "--unsigned", plan)
    transactions = json.loads(plan.read_text())["transactions"]
    assert [t["what"] for t in transactions] == ["commit", "register"] and all(t["from"] == bob for t in transactions)
    raw.write_text(json.dumps({"transactions": [{"raw": sign(devnet, t)} for t in transactions]}))
    assert "cold" in alice.name("send", raw, "--dry-run")
    out = alice.name("send", raw, "--yes")      # waits between the two for the commitment's age
    assert len(re.findall("in block", out)) == 2
    assert alice.json("name", "show", "cold.eth")["owner"] == bob
    alice.name("send", raw, "--yes")            # once more: they are there already
    assert alice.json("name", "register", "cold.eth", "--from", bob)["owner"] == bob
    assert "nothing is under way" in alice.name("pending")
    for text, code, says in (("0x1234", 2, "no signed transaction"), ("{", 2, "no JSON"), ('{"transactions": [{"to": "0x1"}]}', 2, "not signed"), ("", 2, "no transaction")):
        raw.write_text(text)
        alice.name("send", raw, "--yes", code=code)
        assert says in alice.errors


def test_send_refuses_other_chains(alice, tmp_path):
    """The example of EIP-155: chain 1."""
    raw = tmp_path / "raw"
    raw.write_text("0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe53756786"
                   "7003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83\n")
    alice.name("send", raw, "--yes", code=4)
    assert "no such chain" in alice.errors


# ---- things that go wrong between ----

def test_fees_are_raised(alice, devnet):  # noqa: F811
    sent = alice.sent()
    devnet.mining(mode="manual")
    alice.name("update", "devnet.eth", "text.url=one", "--yes", "--wait", "500ms", code=6)
    pending = alice.json("name", "pending")
    assert pending[0]["name"] == "devnet.eth" and pending[0]["state"].startswith("waits")
    alice.name("update", "devnet.eth", "text.url=one", "--yes", "--bump", "--wait", "500ms", code=6)
    assert "higher fees" in alice.errors
    assert alice.json("name", "pending")[0]["transaction"] != pending[0]["transaction"]
    devnet.mining(mode="auto")
    devnet.mine()
    alice.name("update", "devnet.eth", "text.url=one", "--yes")
    assert alice.sent() == sent + 1 and ("text.url", "one") in alice.records("devnet.eth")


def test_reorganisation_takes_the_commitment(alice, devnet):  # noqa: F811
    sent = alice.sent()
    mark = devnet.snapshot()
    process = alice.start("name", "register", "again.eth", "A=192.0.2.7", "--yes")
    end = time.monotonic() + PATIENCE
    while alice.sent() == sent and time.monotonic() < end:
        time.sleep(0.02)
    assert alice.sent() == sent + 1
    devnet.revert(to=mark)
    devnet.mine(blocks=2)
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert alice.sent() == sent + 2 and dict(alice.records("again.eth"))["A"] == "300 192.0.2.7"


def test_two_tools_one_key(alice):
    sent = alice.sent()
    processes = [alice.start("name", "update", "devnet.eth" if i == 0 else "zone.eth", f"text.url=by {i}", "--yes") for i in range(2)]
    processes.append(alice.start("name", "register", "beside.eth", "--yes"))
    for process in processes:
        out, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    assert alice.sent() == sent + 4
    assert ("text.url", "by 0") in alice.records("devnet.eth") and ("text.url", "by 1") in alice.records("zone.eth")


def test_two_tools_one_name(alice):
    first = alice.start("name", "register", "twice.eth", "--yes")
    second = alice.start("name", "register", "twice.eth", "--yes")
    codes = []
    for process in (first, second):
        _, errors = process.communicate(timeout=PATIENCE)
        codes.append(process.returncode)
    assert sorted(codes) in ([0, 4], [0, 0])
    events = [e["event"] for e in alice.json("name", "history", "twice.eth")["events"]]
    assert events.count("registration paid") == 1


# ---- wallet ----

def test_wallet(tmp_path):
    password = tmp_path / "password"
    password.write_text("a long one\n")
    env = {"RHIZ_KEYSTORE": str(tmp_path / "keys"), "RHIZ_PASSWORD_FILE": str(password), "PATH": "/usr/bin", "HOME": str(tmp_path)}

    def rhiz(*arguments, code=0, **options):
        done = subprocess.run([RHIZ, "wallet", *arguments], env=env, capture_output=True, text=True, timeout=PATIENCE, **options)
        assert done.returncode == code, done.stderr
        return done

    address = rhiz("new", "--light").stdout.strip()
    assert re.fullmatch("0x[0-9a-fA-F]{40}", address)
    # a key that is published: its address is known
    imported = rhiz("import", "-", "--light", input="0x4646464646464646464646464646464646464646464646464646464646464646").stdout.strip()
    assert imported == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"
    listed = json.loads(rhiz("list", "--json").stdout)
    assert {e["address"] for e in listed} == {address, imported}
    for entry in listed:
        text = open(entry["path"]).read()
        assert json.loads(text)["version"] == 3 and "4646464646" not in text
    rhiz("export", imported, str(tmp_path / "copy.json"))
    assert json.loads((tmp_path / "copy.json").read_text())["address"].lower() == imported[2:].lower()
    rhiz("export", imported, str(tmp_path / "copy.json"), code=4)
    rhiz("export", "0x" + "1" * 40, str(tmp_path / "other.json"), code=1)
    password.write_text("another\n")
    rhiz("export", imported, str(tmp_path / "other.json"), code=4)
    assert not (tmp_path / "other.json").exists()
    env.pop("RHIZ_PASSWORD_FILE")
    assert "terminal" in rhiz("new", code=2, stdin=subprocess.DEVNULL, start_new_session=True).stderr
