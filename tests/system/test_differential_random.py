# SPDX-License-Identifier: Apache-2.0
"""Random nasty zones (differential/random_zones.py), many in one server, compared with the peers; every answer with DO from a
signed one is validated by a prover that shares no code with us.

DIFFERENTIAL_SEEDS says which: "0-5" (the default), "100-219", "5".  DIFFERENTIAL_PER_ZONE (150) questions each.
"""
import collections
import os

import dns.message
import dns.zone

from build import DELAY
from differential import compare, peers, prover, questions, random_zones, wire
from test_differential import gather, judge, others, report

PER_ZONE = int(os.environ.get("DIFFERENTIAL_PER_ZONE", "150"))
MORE_TYPES = ("RRSIG", "NSEC3PARAM", "NSEC3", "SOA", "DS", "NS", "CDS", "KEY")


def seeds():
    first, _, last = os.environ.get("DIFFERENTIAL_SEEDS", "0-5").partition("-")
    return range(int(first), int(last or first) + 1)


class Asked:
    """One zone with its questions."""

    def __init__(self, origin, path, kind, seed, count):
        self.origin, self.path, self.kind, self.seed = origin, path, kind, seed
        self.zone = dns.zone.from_file(str(path), origin=origin, relativize=False, check_origin=False)
        self.questions = questions.questions(self.zone, count, seed, kind != "plain", MORE_TYPES)


def slices(everything, asked):
    """What belongs to each zone."""
    at = 0
    for one in asked:
        yield everything[at:at + len(one.questions)]
        at += len(one.questions)


def compare_all(tmp_path, asked):
    """(hits, unexplained, faults of proofs, proven)."""
    served = [(one.origin, str(one.path)) for one in asked]
    everything = [q for one in asked for q in one.questions]
    answers = {}
    for kind in peers.PEERS:
        peer = kind(tmp_path, served).start()
        try:
            answers[kind.name] = gather(peer, everything)
        finally:
            peer.stop()
    us = peers.Rhizome(tmp_path, served).start()
    try:
        ours = gather(us, everything)
        hits, unexplained = collections.Counter(), []
        parts = {name: list(slices(a, asked)) for name, a in answers.items()}
        for index, (one, part) in enumerate(zip(asked, slices(ours, asked))):
            more, bad = judge(one.zone, one.questions, us, part, {name: p[index] for name, p in parts.items()})
            hits += more
            for case in bad:
                case.question.seed = one.seed
            unexplained += bad
        faults, proven = prove_all(asked, us)
        differ = others(us.from_snapshots(), everything, ours)
        assert not differ, f"{len(differ)} answers from snapshots are others: {differ[:5]}"
        differ = others(us.overlaid(), everything, ours) if DELAY else []
        assert not differ, f"{len(differ)} answers from edited versions are others: {differ[:5]}"
    finally:
        us.stop()
    return hits, unexplained, faults, proven


def prove_all(asked, us):
    """All questions to signed zones again, with DO and over TCP so that nothing is cut off."""
    faults, proven = [], collections.Counter()
    for one in asked:
        if one.kind == "plain":
            continue
        prove = prover.of(one.zone)
        wanted = sorted({(q.name, int(q.type)) for q in one.questions if q.type not in prover.UNPROVEN})
        asked_again = [questions.Question(name, rdtype, True, True, 4096, True) for name, rdtype in wanted]
        for question, reply in zip(asked_again, wire.ask_tcp(us.port, [q.wire() for q in asked_again])):
            try:
                proven[prove.check(question, dns.message.from_wire(reply))] += 1
            except prover.Unproven as fault:
                faults.append(f"seed {one.seed} {one.kind} {question}: {fault}")
    return faults, proven


def test_random_zones(tmp_path):
    asked = [Asked(*random_zones.make(tmp_path, seed), seed, PER_ZONE) for seed in seeds()]
    hits, unexplained, faults, proven = compare_all(tmp_path, asked)
    report(f"{len(asked)} random zones", sum(len(one.questions) for one in asked), hits, [])
    for case in unexplained[:20]:
        print(f"seed {case.question.seed}: {compare.explain(case)}")
    print("proven with DO:", dict(proven))
    print("\n".join(faults[:20]))
    assert not unexplained, f"{len(unexplained)} answers differ from the majority and match no predicate"
    assert not faults, f"{len(faults)} answers with DO cannot be validated"
    assert sum(proven.values()) > 0 or all(one.kind == "plain" for one in asked)
