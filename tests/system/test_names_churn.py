# SPDX-License-Identifier: Apache-2.0
"""Changes of all kinds, others' business, and blocks that are replaced, while the names are asked for all the time: after each step every
answer is what ethers finds at that block."""
import os
import random
import threading
import time

import pytest

from devnet import DevnetError, chain, oracle
from names_common import WALLET, asked, data, follows, health, rcode, serving, strings, wallets
from test_names_compare import rrset

TOPS = [f"churn{i}" for i in range(6)]
NAMES = [f"{top}.eth" for top in TOPS] + [f"sub.{top}.eth" for top in TOPS] + [f"a.sub.{TOPS[0]}.eth", "later0.eth", "later1.eth"]
STEPS = int(os.environ.get("CHURN_STEPS", "6"))


def records(rng, name, some=0.7):
    made = {}
    if rng.random() < some:
        made["text"] = {"url": f"https://{rng.randrange(10**6)}.example/"}
    if rng.random() < some:
        made["dns"] = [[name, "A", 300, f"192.0.2.{n}"] for n in rng.sample(range(1, 250), rng.choice([1, 2]))]
    if rng.random() < some:
        made["addr"] = {"60": f"0x{rng.getrandbits(160):040x}"}
    return made


def changes(rng):
    """One step: commands for the devnet, one of which may fail where the name is not there any more."""
    top = rng.choice(TOPS)
    name = rng.choice([n for n in NAMES if not n.startswith("later")])
    return rng.choice([
        lambda d: d.records(name=name, **records(rng, name, 0.9)),
        lambda d: d.records(name=f"{top}.eth", **records(rng, f"{top}.eth", 0.9)),
        lambda d: d.dns(name=f"{top}.eth", records=[[f"{top}.eth", "A", 300, ""]]),
        lambda d: d.clear(name=name),
        lambda d: d.subname(parent=f"{top}.eth", label="sub", owner="alice", **records(rng, f"sub.{top}.eth")),
        lambda d: d.removesubname(parent=f"{top}.eth", label="sub"),
        lambda d: d.resolver(name=f"{top}.eth", resolver=rng.choice(["ens.resolvers.2023", "ens.resolvers.2025"])),
        lambda d: d.register(names=[{"label": f"later{rng.randrange(2)}", "owner": "alice", "records": records(rng, "later0.eth")}]),
        lambda d: d.noise(blocks=1, registrations=3, logs=10),
        lambda d: d.mine(blocks=rng.choice([1, 3])),
    ])


def attempt(devnet, change):
    try:
        change(devnet)
    except DevnetError:
        pass                    # the name is not there, or is taken


def differ(server, devnet):
    """What answers and ethers say otherwise at the head."""
    found = oracle(devnet.d, NAMES, texts=["url"], types=[1])["names"]
    wrong = []
    for name in NAMES:
        theirs = found[name]
        # what is below a name without a resolver of its own stands in the zone of one above it
        zone_text = (theirs.get("texts") or {}).get("url") or ""
        ours = (data(asked(server, name, "A")), "".join(strings(asked(server, f"_text.url.{name}", "TXT"))), (wallets(asked(server, name, WALLET)).get("ETH") or "").lower())
        want = (rrset((theirs.get("dns") or {}).get("1"), name) if theirs.get("resolver") else None, zone_text, (theirs.get("address") or "").lower())
        if want[0] is None:
            want = (ours[0], *want[1:])
        if ours != want:
            wrong.append((name, ours, want))
    return wrong


@pytest.mark.parametrize("seed, universal", [(1, True), (2, False)], ids=["universal", "walk"])
def test_churn(tmp_path, seed, universal):
    rng = random.Random(seed)
    with chain() as devnet:
        devnet.register(names=[{"label": top, "owner": "alice", "wrapped": rng.random() < 0.4, "records": records(rng, f"{top}.eth")} for top in TOPS])
        for top in TOPS[:4]:
            devnet.subname(parent=f"{top}.eth", label="sub", owner="alice", **records(rng, f"sub.{top}.eth"))
        contracts = {k: v for k, v in devnet.config()["contracts"].items() if universal or k != "universal-resolver"}
        with serving(tmp_path, devnet, options={"contracts": contracts}) as server:
            stop, faults = threading.Event(), []

            def keep_asking():
                while not stop.is_set():
                    name = rng2.choice(NAMES)
                    if rcode(asked(server, name, rng2.choice(["A", "TXT"]))) not in ("NOERROR", "NXDOMAIN"):
                        faults.append(name)
            rng2 = random.Random(seed)
            asking = threading.Thread(target=keep_asking)
            asking.start()
            try:
                for step in range(STEPS):
                    mark = devnet.snapshot() if rng.random() < 0.3 else None
                    for _ in range(rng.choice([1, 2, 4])):
                        attempt(devnet, changes(rng))
                    if mark is not None:
                        if rng.random() < 0.7:
                            follows(server, devnet)
                        tall = devnet.head()["number"]
                        devnet.revert(to=mark)
                        devnet.mine(blocks=tall - devnet.head()["number"] + 1)
                        if rng.random() < 0.5:
                            attempt(devnet, changes(rng))
                    follows(server, devnet)
                    wrong = differ(server, devnet)
                    if wrong and mark is not None:
                        time.sleep(1.5)             # the head of that number may have been the replaced one
                        wrong = differ(server, devnet)
                    assert not wrong, (step, wrong)
            finally:
                stop.set()
                asking.join()
            assert not faults and health(server)["disagreements"] == 0
