# SPDX-License-Identifier: Apache-2.0
"""Each kind of deviation from the peers' majority, as a predicate with the clause that allows it.

A predicate gets the case and one field that differs, and says whether it accounts for it.  What none accounts for fails
the test; how often each did is printed.
"""
import dns.message
import dns.name
import dns.rdatatype

from . import prover

PREDICATES = []


def deviation(clause):
    def add(function):
        PREDICATES.append((function.__name__, clause, function))
        return function
    return add


def account(case, field):
    for name, _, matches in PREDICATES:
        if matches(case, field):
            return name
    return None


@deviation("RFC 8482 4.1, 4.2: ANY may be answered with a subset of the RRsets")
def minimal_any(case, field):
    if case.question.type != dns.rdatatype.ANY or field not in ("answer", "authority", "additional", "tc"):
        return False
    everything = frozenset().union(*(peer["answer"] for peer in case.peers.values()))
    return field != "answer" or (len(case.ours["answer"]) > 0 and all(r in everything or in_zone(case, r) for r in case.ours["answer"]))


@deviation("no two peers agree: ours equals one of them")
def no_majority(case, field):
    return not case.settled(field) and any(case.ours[field] == peer[field] for peer in case.peers.values())


@deviation("RFC 2181 9, RFC 9471 3: only glue below the cut is required; what else is additional is a server's choice, if it is zone data")
def optional_additional(case, field):
    if field != "additional" or case.ours["rcode"] not in ("NOERROR", "NXDOMAIN"):
        return False
    required = in_domain_glue(case)
    if required - {(o, t) for o, t, _, _ in case.ours["additional"]} and not case.ours["tc"]:
        return False
    return all(in_zone(case, record) for record in case.ours["additional"])


def in_domain_glue(case):
    """(owner, type) of the addresses of name servers below the cut of a referral."""
    cuts = {o for o, t, _, _ in case.ours["authority"] if t == "NS"}
    if case.ours["aa"] or len(cuts) != 1:
        return set()
    cut = dns.name.from_wire(next(iter(cuts)), 0)[0]
    wanted = set()
    for rdata in case.zone.get_rdataset(cut, "NS") or ():
        target = rdata.target.derelativize(case.zone.origin)
        if not target.is_subdomain(cut):
            continue
        for rdtype in ("A", "AAAA"):
            if case.zone.get_rdataset(target, rdtype):
                wanted.add((target.canonicalize().to_wire(), rdtype))
    return wanted


def in_zone(case, record):
    owner, rdtype, ttl, rdata = record
    name = dns.name.from_wire(owner, 0)[0]
    node = case.zone.get_node(name)
    if node is None:
        return False
    for rdataset in node.rdatasets:
        if dns.rdatatype.to_text(rdataset.rdtype) == rdtype and rdataset.ttl == ttl and \
                any(r.to_digestable(case.zone.origin) == rdata for r in rdataset):
            return True
    return False


@deviation("RFC 8914 3: an extended error may accompany any answer; ours says nothing more than the peers or names a refusal")
def extended_error(case, field):
    return field == "ede" and (not case.ours["ede"] or case.ours["rcode"] in ("SERVFAIL", "REFUSED", "NOTIMP"))


@deviation("RFC 2181 9, RFC 9471 3: ours sets TC because what is required, glue below the cut included, is over the limit; over TCP it is whole")
def truncated_by_us(case, field):
    """The whole answer, asked over TCP, has the majority's sections and does not fit; what came over UDP is a part of it."""
    if not case.ours["tc"] or field not in ("tc", "answer", "authority", "additional"):
        return False
    whole = case.whole()
    if whole is None or whole.size <= case.limit:
        return False
    return all(case.ours[section] <= whole[section] for section in ("answer", "authority", "additional"))


@deviation("RFC 9471 3.1: peers set TC for want of glue that is not required; answer and authority are theirs, required glue is there")
def needless_tc(case, field):
    if field != "tc" or case.ours["tc"] or case.ours.size > case.limit:
        return False
    whole = case.whole()
    return whole is not None and all(case.ours[section] == whole[section] for section in ("answer", "authority")) and \
        not in_domain_glue(case) - {(o, t) for o, t, _, _ in case.ours["additional"]}


@deviation("RFC 4035 3.1 asks nothing of QTYPE=RRSIG, RFC 8482 4.1 by analogy: over UDP the signatures of one RRset, as Knot does")
def minimal_rrsig(case, field):
    if case.question.type != dns.rdatatype.RRSIG or case.question.tcp or case.ours["tc"] or field not in ("answer", "tc", "authority"):
        return False
    if len({(owner, rdata[:2]) for owner, t, _, rdata in case.ours["answer"] if t == "RRSIG"}) != 1:
        return False
    if field == "authority":        # the proof that goes with a wildcard's, where the peers' answer is cut off
        return case.majority["tc"] is not False and any(case.ours[field] == peer[field] for peer in case.peers.values())
    everything = frozenset().union(*(peer["answer"] for peer in case.peers.values()))
    return all(r in everything or in_zone(case, r) for r in case.ours["answer"])


CHAIN = 17      # what ours puts into an answer: 16 steps and the alias that would be the next


@deviation("RFC 1034 3.6.2, 5.2.2: chains are followed, how far is not said; ours ends after 16 steps (Knot 5, BIND 11), each of them right")
def long_chain(case, field):
    if any(all(case.ours[f] == peer[f] for f in ("rcode", "answer", "authority", "tc")) for peer in case.peers.values()):
        return chain_length(case) > 11      # to its end, as NSD, when two peers have stopped before
    if field not in ("answer", "authority", "additional", "tc", "rcode") or case.ours["rcode"] != "NOERROR" or case.ours["authority"]:
        return False
    return not case.ours["tc"] and chain_length(case) == CHAIN


def chain_length(case):
    """Steps of our answer if it is one chain from the name asked for, made of zone data and what DNAMEs make of it; else 0."""
    dnames = {dns.name.from_wire(o, 0)[0]: dns.name.from_wire(rdata, 0)[0] for o, t, _, rdata in case.ours["answer"] if t == "DNAME"}
    cnames = {dns.name.from_wire(o, 0)[0]: dns.name.from_wire(rdata, 0)[0] for o, t, _, rdata in case.ours["answer"] if t == "CNAME"}
    at, steps = case.question.name, 0
    while at in cnames and steps < len(cnames):
        above = [d for d in dnames if at != d and at.is_subdomain(d)]
        made = dns.name.Name(at.relativize(above[0]).labels + dnames[above[0]].labels) if above else None
        have = case.zone.get_rdataset(at, "CNAME")
        if cnames[at] != made and not (have and have[0].target == cnames[at]) and not wild_alias(case, at, cnames[at]):
            return 0
        at, steps = cnames[at], steps + 1
    return steps if steps == len(cnames) else 0


def wild_alias(case, name, target):
    """A wildcard above the name is this alias."""
    for depth in range(1, len(name) - len(case.zone.origin) + 1):
        have = case.zone.get_rdataset(dns.name.Name((b"*",) + name.labels[depth:]), "CNAME")
        if have:
            return have[0].target == target
    return False


@deviation("RFC 4035 3.1.3, 5.4, RFC 5155 7.2: what the majority sends proves nothing to a validator, what ours sends does")
def proof_of_majority_fails(case, field):
    """E.g. a wildcard that is an empty non-terminal (Knot, BIND), or a name that begins with an asterisk itself (Knot, NSD)."""
    if field != "authority" or not case.question.dnssec or not case.settled(field) or not case.zone.get_rdataset(case.zone.origin, "DNSKEY"):
        return False
    others = [peer for peer in case.peers.values() if peer[field] == case.majority[field]]
    return validates(case, case.ours) and not any(validates(case, peer) for peer in others)


def validates(case, answer):
    if answer["tc"] or case.question.type in prover.UNPROVEN:
        return False
    try:
        prover.of(case.zone).check(case.question, dns.message.from_wire(answer.wire))
    except prover.Unproven:
        return False
    return True


@deviation("RFC 2181 9: an answer with TC is asked again over TCP; there its RCODE is the majority's (of the last name, RFC 6604 3)")
def truncated_rcode(case, field):
    """Ours and Knot end a chain where no more fits, NSD and BIND follow it to the RCODE."""
    if field != "rcode" or not case.ours["tc"] or case.ours["rcode"] != "NOERROR":
        return False
    whole = case.whole()
    return whole is not None and whole.size > case.limit and whole["rcode"] == case.majority["rcode"] and case.ours["answer"] <= whole["answer"]
