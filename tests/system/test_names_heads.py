# SPDX-License-Identifier: Apache-2.0
"""Many names in the cache while blocks come that are full of others' business: 50 registrations of other .eth names and 300 logs of the
same resolver in each.  NAMES_HEADS (30) and NAMES_CACHED (100,000; fewer under sanitizers): make soak takes 600 heads."""
import os
import pathlib
import sys

import pytest

import build
from rhizome import BUILD

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
import fake_node  # noqa: E402

HEADS = int(os.environ.get("NAMES_HEADS", "30"))
NAMES = int(os.environ.get("NAMES_CACHED", "100000" if build.RELEASE else "10000"))
EVERY = 1.0 if build.RELEASE else 0.5


@pytest.fixture
def filled(rhizd):
    with fake_node.FakeNode(BUILD, NAMES) as node:
        server = rhizd(more=node.config(), server="names-cache: 1G")
        before = server.memory()
        took = fake_node.fill(server, node, NAMES)
        calls = node.counts()
        print(f"{NAMES} names read in {took:.1f} s, {calls['eth_call'] / NAMES:.2f} eth_call each, {(server.memory() - before) / NAMES:.0f} octets each")
        yield node, server


def test_heads(filled):
    node, server = filled
    figures = fake_node.follow(server, node, NAMES, HEADS, EVERY)
    print(f"{figures['heads']} heads {EVERY:g} s apart: {figures['chain_us']:.0f} us of the chain's thread each, {figures['share'] * 100:.3f} % of a core; "
          f"{figures['mean']:.2f} calls each, at most {figures['most']}: {figures['calls']}; {figures['asked']} answers meanwhile; {figures['growth']} octets more")
    assert "eth_call" not in figures["calls"], "untouched names were read again"
    assert figures["calls"]["eth_getLogs"] <= figures["counted"] + 1     # that of the head before the first may come late
    assert figures["mean"] <= 3
    assert figures["wrong"] == 0 and figures["asked"] > 0
    stats = server.control("cache-stats")
    assert stats["entries"] >= NAMES and stats["evicted"] == 0, stats
    if build.RELEASE:
        assert figures["most"] <= 3
        assert figures["share"] <= 0.01
        assert figures["growth"] <= 4 << 20
    changes_show(node, server)


def changes_show(node, server):
    """The other side of it: what a block changed is read again, once, and nothing else is."""
    node.counts()
    touched, version = [1, 17, NAMES - 1], 1
    for _ in range(3):
        version += 1
        number = node.mine(touch=touched, **fake_node.NOISE)
        server.wait_for(lambda: fake_node.head(server) >= number, what="the block")
        found = fake_node.ask_all(server.port, [*touched, 2, 18, NAMES - 2])
        assert found == {name: fake_node.address(version if name in touched else 1) for name in found}
        calls = node.counts()
        assert 0 < calls["eth_call"] <= 2 * len(touched), calls
