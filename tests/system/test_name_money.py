# SPDX-License-Identifier: Apache-2.0
"""`rhiz name` and what must not happen: paid twice, taken from somebody, over the limit, a secret shown."""
import json

from devnet import devnet  # noqa: F401
from name_tool import Tool
from test_name_tool import YEAR, alice, devnet_session, sign  # noqa: F401


def test_a_name_below_without_a_resolver_is_somebodys(alice, devnet):  # noqa: F811
    bob = devnet.d["accounts"][2]
    alice.name("register", "stem.eth", "--yes")
    alice.name("register", "leaf.stem.eth", "resolver=", "--owner", bob, "--yes")
    assert alice.json("name", "show", "leaf.stem.eth")["owner"] == bob
    sent = alice.sent()
    alice.name("register", "leaf.stem.eth", "--yes", code=4)
    assert "is there already" in alice.errors and alice.sent() == sent


def test_a_wrapped_name_below_without_a_resolver(alice):  # noqa: F811
    alice.name("register", "leaf.devnet.eth", "resolver=", "--yes")
    shown = alice.json("name", "show", "leaf.devnet.eth")
    assert shown["wrapped"] and shown["owner"].lower() == alice.address
    alice.name("update", "leaf.devnet.eth", "A=192.0.2.3", "--yes")
    assert dict(alice.records("leaf.devnet.eth"))["A"] == "300 192.0.2.3"


def test_a_renewal_is_paid_once_at_any_price(alice, devnet):  # noqa: F811
    devnet.mining(mode="manual")
    before = alice.json("name", "show", "zone.eth")["expires"]
    sent = alice.sent()
    alice.name("renew", "zone.eth", "--yes", "--wait", "300ms", code=6)
    devnet.mining(mode="auto")
    devnet.mine()
    devnet.usd(dollars=1700)
    alice.name("renew", "zone.eth", "--yes")
    assert alice.sent() == sent + 1
    assert alice.json("name", "show", "zone.eth")["expires"] == before + YEAR


def test_the_limit_is_for_all_that_is_sent(alice, devnet, tmp_path):  # noqa: F811
    path = tmp_path / "unsigned.json"
    alice.name("register", "two.eth", "--unsigned", path, "--yes")
    parts = json.loads(path.read_text())["transactions"]
    both = tmp_path / "both.json"
    signed = [sign(devnet, p) for p in parts]
    both.write_text(json.dumps(signed))
    most = sum(int(p["gas"], 16) * int(p["maxFeePerGas"], 16) + int(p["value"], 16) for p in parts)
    alice.name("send", both, "--max-cost", "%.18f" % ((most - 10**10) / 1e18), "--yes", code=4)
    assert "--max-cost" in alice.errors
    alice.name("send", both, "--max-cost", "1gwei", "--yes", code=2)


def test_the_secret_is_not_shown(alice):  # noqa: F811
    assert "secret (not shown)" in alice.name("register", "hidden.eth", "--dry-run")


def test_what_was_to_be_signed_elsewhere_is_asked_for(devnet, tmp_path):  # noqa: F811
    plan, raw = tmp_path / "plan.json", tmp_path / "raw.json"
    tool = Tool(tmp_path, devnet, who="bob")
    sent = tool.sent()
    tool.name("register", "half.eth", "A=192.0.2.4", "--unsigned", plan)
    raw.write_text(json.dumps([sign(devnet, json.loads(plan.read_text())["transactions"][0])]))
    tool.name("send", raw, "--yes")             # the commitment alone
    tool.name("register", "half.eth", code=4)
    assert "--yes" in tool.errors and tool.sent() == sent + 1
    tool.name("register", "half.eth", "--yes", "--max-cost", "0.0001", code=4)
    tool.name("register", "half.eth", "--yes")
    assert tool.sent() == sent + 2 and dict(tool.records("half.eth"))["A"] == "300 192.0.2.4"


def test_an_address_goes_where_it_counts(alice):  # noqa: F811
    """What stands under the newer key is looked for first: a payment would go to the old address."""
    one, two = "0x" + "1" * 40, "0x" + "2" * 40
    alice.name("update", "first.crypto", f"token.EVM.ETH.ETH.address={one}", "--yes")
    alice.name("update", "first.crypto", f"addr.eth={two}", "--yes")
    found = dict(alice.records("first.crypto"))
    assert found["token.EVM.ETH.ETH.address"] == two and found["crypto.ETH.address"] == two
    alice.name("update", "first.crypto", "addr=" + one, "--yes")
    assert dict(alice.records("first.crypto", "addr")) == {"crypto.eth.address": one}
