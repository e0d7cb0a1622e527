# SPDX-License-Identifier: Apache-2.0
"""A name that nobody asked for, and one that was changed: round trips and calls, counted by a proxy that answers 50 ms late.
The table of bench/names_latency.py with fewer names; times are asserted of the release build alone."""
import pathlib
import sys

import pytest

import build
import devnet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import names_latency  # noqa: E402


@pytest.fixture(scope="module")
def rows():
    devnet.needed()
    return names_latency.run(delay=50, count=12 if build.RELEASE else 2, one_by_one=build.RELEASE)


def test_all_kinds_are_there(rows):
    assert {(row["depth"], row["wrapped"], row["universal"]) for row in rows} == {(d, w, u) for d in (2, 3, 4) for w in (True, False) for u in (True, False)}


def test_round_trips(rows):
    """A, AAAA, TXT and HTTPS come together: that the last three cause none is asserted where they are asked."""
    assert all(row["cold"]["rounds"] <= 2 and row["changed"]["rounds"] <= 1 for row in rows), names_latency.table(rows)


def test_calls(rows):
    assert all(row["ethers"]["calls"] >= 3 * max(row["cold"]["calls"], row["changed"]["calls"]) for row in rows), names_latency.table(rows)


@build.needs_release
def test_times(rows):
    print("\n" + names_latency.table(rows))
    assert all(row["cold"]["p50"] <= 115 and row["changed"]["p50"] <= 65 for row in rows), names_latency.table(rows)
