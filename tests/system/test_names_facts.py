# SPDX-License-Identifier: Apache-2.0
"""Facts of ENS names (names/facts.h, by build/tests/facts-probe) against ethers on the same devnet, with and without Universal Resolver;
and how many steps they take."""
import json
import struct
import subprocess

import pytest

import devnet_names
from devnet import devnet, devnet_session, oracle  # noqa: F401
from rhizome import BUILD

TYPES = {"A": 1, "AAAA": 28, "TXT": 16, "MX": 15}
TEXTS = list(devnet_names.TEXTS)
COINS = list(devnet_names.COINS)
ZERO = "0x" + "00" * 20


def probe(deployments, names, *options, universal):
    """{name: facts} in the order asked; one process, so what it remembers of one name counts for the next."""
    ens = deployments["ens"]
    command = [BUILD / "tests/facts-probe", "--loopback", "--registrar", ens["baseRegistrar"], "--wrapper", ens["nameWrapper"]]
    if universal:
        command += ["--universal", ens["universalResolver"]]
    for resolver in ens["resolvers"].values():
        command += ["--known", resolver]
    done = subprocess.run([*map(str, command), *map(str, options), deployments["rpc"], "-"], input="\n".join(names) + "\n", text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == len(names)
    return dict(zip(names, lines))


def value(fact):
    return fact.get("value") if fact["state"] == "present" else {"absent": None}.get(fact["state"], fact["state"])


def plain(raw):
    """A set as the chain keeps it (EIP-1185), in the form of struct fact_records."""
    octets, out, at = bytes.fromhex(raw[2:]), b"", 0
    while at < len(octets):
        while octets[at]:
            at += 1 + octets[at]
        ttl, size = struct.unpack_from("!IH", octets, at + 5)
        out += struct.pack("!IH", ttl, size) + octets[at + 11:at + 11 + size]
        at += 11 + size
    return "0x" + out.hex()


def sets(facts):
    """Sets of the name itself by type."""
    return {r["type"]: r["value"] if r["state"] == "present" else r["state"] for r in facts["records"] if r["owner"] == facts["name"]}


def differences(name, ours, theirs):
    if theirs["resolver"] is None:
        if ours["resolver"] != ZERO and ours["zone"] == ours["name"]:
            yield name, "resolver", ours["resolver"], None
        return
    if ours["status"] != "found":
        yield name, "status", ours["status"], ours["reason"]
        return
    below = ours["zone"] != ours["name"]        # ethers gives no resolver for those unless it is a wildcard's
    if below:
        yield name, "zone", ours["zone"], theirs["resolver"]
    if ours["resolver"] != theirs["resolver"].lower():
        yield name, "resolver", ours["resolver"], theirs["resolver"]
    for coin in COINS:
        if value(ours["coins"][str(coin)]) != theirs["coins"][str(coin)]:
            yield name, coin, ours["coins"][str(coin)], theirs["coins"][str(coin)]
    for key in TEXTS:
        got = value(ours["texts"][key])
        got = bytes.fromhex(got[2:]).decode() if got else got
        if got != theirs["texts"][key]:
            yield name, key, got, theirs["texts"][key]
    if value(ours["content"]) != theirs["contenthash"]:
        yield name, "contenthash", ours["content"], theirs["contenthash"]
    if not name.isascii():
        return                                  # the owner in its records is Punycode for us; ethers asks for UTF-8
    for word, number in TYPES.items():
        want = theirs["dns"][str(number)]
        if sets(ours)[word] != (plain(want) if want else "absent") and not (want is None and sets(ours)[word] == "0x"):
            yield name, word, sets(ours)[word], want


def test_like_ethers(devnet):  # noqa: F811
    said = devnet_names.populate(devnet, count=500, seed=7)
    names = [*said, "nobody.eth", "nobody.devnet.eth", "devnet.eth", "sub.devnet.eth", "legacy.eth", "two.one.legacy.eth", "ancient.eth",
             "lapsed.eth", "grace.eth", "any.wildcard.eth", "missing.wildcard.eth"]
    options = [word for key in TEXTS for word in ("--text", key)] + [word for coin in COINS for word in ("--coin", coin)]
    theirs = oracle(devnet.d, names, texts=TEXTS, coins=COINS, types=list(TYPES.values()))["names"]
    for universal in (False, True):
        ours = probe(devnet.d, names, *options, universal=universal)
        found = [difference for name in names for difference in differences(name, ours[name], theirs[name])]
        assert not found, (universal, found[:10])
        slow = {name: facts["roundTrips"] for name, facts in ours.items() if facts["roundTrips"] > 2}
        assert not slow, universal
        unsure = [name for name, facts in ours.items() if facts["oneBlock"] and "wildcard" not in name]
        assert not unsure, universal


STEPS = {   # name: batches when nothing is remembered
    "devnet.eth": 2, "www.devnet.eth": 2, "nothing.devnet.eth": 2, "sub.devnet.eth": 2, "deep.sub.devnet.eth": 2, "two.one.legacy.eth": 2,
    "zone.eth": 2, "x.zone.eth": 2, "alias.zone.eth": 2, "nobody.eth": 1, "a.b.nobody.eth": 1, "bare.eth": 1, "bad_name.eth": 0,
}


@pytest.mark.parametrize("universal", [False, True], ids=["registry", "universal"])
def test_steps(devnet, universal):  # noqa: F811
    """A cold name takes two steps at most, one that was looked up before takes one."""
    first = probe(devnet.d, list(STEPS), "--cold", universal=universal)
    warm = probe(devnet.d, [*STEPS, *(name + "." for name in STEPS)], universal=universal)
    for name, steps in STEPS.items():
        cold, again = first[name], warm[name + "."]
        assert cold["roundTrips"] <= steps, name
        assert again["roundTrips"] <= 1, name
        for facts in (cold, again):
            for counter in ("roundTrips", "calls", "ms"):
                facts.pop(counter)
        assert cold == again


@pytest.mark.parametrize("universal", [False, True], ids=["registry", "universal"])
def test_states(devnet, universal):  # noqa: F811
    """Who has a name, and until when; resolvers that are not well."""
    names = ["devnet.eth", "sub.devnet.eth", "legacy.eth", "lapsed.eth", "grace.eth", "bare.eth", "noone.eth", "lying.eth", "strange.eth",
             "bad.zone.eth", "host.child.zone.eth", "alice.offchain.eth"]
    facts = probe(devnet.d, names, "--details", "--text", "url", universal=universal)
    alice, bob = devnet.d["accounts"][1].lower(), devnet.d["accounts"][2].lower()
    time = devnet.head()["time"]
    assert facts["devnet.eth"]["wrapped"] and facts["devnet.eth"]["wrapperOwner"] == alice
    assert facts["devnet.eth"]["wrapperExpiry"] == facts["devnet.eth"]["graceEnds"] == facts["devnet.eth"]["expires"] + 90 * 86400
    assert facts["sub.devnet.eth"]["wrapped"] and facts["sub.devnet.eth"]["wrapperOwner"] == bob
    assert not facts["legacy.eth"]["wrapped"] and facts["legacy.eth"]["owner"] == facts["legacy.eth"]["registrant"] == bob
    assert facts["lapsed.eth"]["graceEnds"] < time and facts["lapsed.eth"]["registrant"] == ZERO and facts["lapsed.eth"]["status"] == "found"
    assert facts["grace.eth"]["expires"] < time < facts["grace.eth"]["graceEnds"]
    assert facts["bare.eth"]["status"] == "found" and facts["bare.eth"]["zone"] is None
    assert "not a contract" in facts["noone.eth"]["texts"]["url"]["reason"]
    assert facts["lying.eth"]["texts"]["url"]["state"] == "broken"
    assert facts["strange.eth"]["content"]["state"] == "failed" and facts["strange.eth"]["oneBlock"]
    assert sets(facts["bad.zone.eth"])["A"] == "broken" and sets(facts["bad.zone.eth"])["TXT"].startswith("0x")
    glue = [r for r in facts["host.child.zone.eth"]["records"] if r["owner"] == "ns.child.zone.eth." and r["type"] == "A"]
    assert glue and glue[0]["records"] == ["3600 192.0.2.64"]
    assert facts["alice.offchain.eth"]["wildcard"] and facts["alice.offchain.eth"]["maxAge"] <= 60
    refused = probe(devnet.d, ["lapsed.eth", "grace.eth"], "--refuse-expired", universal=universal)
    assert refused["lapsed.eth"]["status"] == "absent" and refused["grace.eth"]["status"] == "found"
    assert refused["grace.eth"]["changesAt"] == refused["grace.eth"]["graceEnds"]


@pytest.mark.parametrize("universal", [False, True], ids=["registry", "universal"])
def test_primary(devnet, universal):  # noqa: F811
    accounts = devnet.d["accounts"][:6]
    theirs = oracle(devnet.d, addresses=accounts)["primary"]
    ours = probe(devnet.d, accounts, universal=universal)
    assert any(theirs.values())
    for account in accounts:
        assert (ours[account]["unicode"] if ours[account]["status"] == "found" else None) == theirs[account], account
        assert ours[account]["status"] in ("found", "absent")
