# SPDX-License-Identifier: Apache-2.0
"""The same zones and questions to rhizd, Knot, NSD and BIND: the majority's answer, or a deviation that an RFC allows.

DIFFERENTIAL_QUESTIONS (2,000) says how many questions each zone gets; `make test-all` and the figures use 10,000.
"""
import collections
import os
import pathlib

import dns.zone
import pytest

from build import DELAY
from differential import compare, peers, predicates, questions, wire, zones

COUNT = int(os.environ.get("DIFFERENTIAL_QUESTIONS", "2000"))
DATA = pathlib.Path(__file__).parents[1] / "data" / "zones"


def gather(server, asked):
    wires = [q.wire() for q in asked]
    udp = [i for i, q in enumerate(asked) if not q.tcp]
    tcp = [i for i, q in enumerate(asked) if q.tcp]
    answers = [None] * len(asked)
    for index, answer in zip(udp, wire.ask_udp(server.port, [wires[i] for i in udp])):
        answers[index] = answer
    for index, answer in zip(tcp, wire.ask_tcp(server.port, [wires[i] for i in tcp])):
        answers[index] = answer
    return [compare.Answer(a) for a in answers]


def differences(tmp_path, origin, path, dnssec, count, seed=1):
    zone = dns.zone.from_file(str(path), origin=origin, relativize=False, check_origin=False)
    asked = questions.questions(zone, count, seed, dnssec)
    served = [(origin, str(path))]
    answers = {}
    for kind in peers.PEERS:
        peer = kind(tmp_path, served).start()
        try:
            answers[kind.name] = gather(peer, asked)
        finally:
            peer.stop()
    us = peers.Rhizome(tmp_path, served).start()
    try:
        ours = gather(us, asked)
        hits, unexplained = judge(zone, asked, us, ours, answers)
        again(us, asked, ours)
        return len(asked), hits, unexplained
    finally:
        us.stop()


def others(us, asked, before):
    """Questions whose answer is not what it was, octet for octet but for the id; asked again one by one, as a loaded machine mixes up or loses some."""
    def same(a, b):
        return not a.missing and not b.missing and a.wire[2:] == b.wire[2:]
    return [str(q) for q, a, b in zip(asked, before, gather(us, asked)) if not same(a, b) and not same(a, gather(us, [q])[0])]


def again(us, asked, ours):
    """A quarter of the questions once more, answered from a snapshot, and another from an edited version: the same octets as before,
    which are judged."""
    differ = others(us.from_snapshots(), asked[::4], ours[::4])
    assert not differ, f"{len(differ)} answers from a snapshot are others: {differ[:5]}"
    differ = others(us.overlaid(), asked[1::4], ours[1::4]) if DELAY else []
    assert not differ, f"{len(differ)} answers from an edited version are others: {differ[:5]}"


def judge(zone, asked, us, ours, answers):
    hits, unexplained = collections.Counter(), []
    for index, question in enumerate(asked):
        def whole():
            reply = wire.ask_tcp(us.port, [question.wire()])[0]
            return None if reply is None else compare.Answer(reply)
        case = compare.Case(question, zone, ours[index], {name: a[index] for name, a in answers.items()}, whole)
        for field in case.differs:
            name = None if case.ours.missing else predicates.account(case, field)
            if name is None:
                unexplained.append(case)
                break
            hits[name] += 1
    return hits, unexplained


def report(label, asked, hits, unexplained):
    print(f"\n{label}: {asked} questions, {len(unexplained)} unexplained")
    for name, clause, _ in predicates.PREDICATES:
        if hits[name]:
            print(f"  {hits[name]:6d}  {name}: {clause}")
    for case in unexplained[:20]:
        print(compare.explain(case))


def check(tmp_path, label, origin, path, dnssec, count):
    asked, hits, unexplained = differences(tmp_path, origin, path, dnssec, count)
    report(label, asked, hits, unexplained)
    assert asked >= min(count, 1000) or label.startswith("small")
    assert not unexplained, f"{len(unexplained)} answers differ from the majority and match no predicate"


def test_root_2026(tmp_path):
    check(tmp_path, "root of 2026", ".", DATA / "root.zone", False, COUNT)


def test_root_2017_signed(tmp_path):
    check(tmp_path, "signed root of 2017", ".", DATA / "root-2017-signed.zone", True, COUNT)


@pytest.mark.parametrize("kind", ["plain", "nsec", "nsec3", "optout"])
def test_small_zone(tmp_path, kind):
    path = zones.make(tmp_path, kind)
    check(tmp_path, f"small zone, {kind}", zones.ORIGIN, path, kind != "plain", COUNT)
