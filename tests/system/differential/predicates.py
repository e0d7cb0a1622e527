# SPDX-License-Identifier: Apache-2.0
"""Each kind of deviation from the peers' majority, as a predicate with the clause that allows it.

A predicate gets the case and one field that differs, and says whether it accounts for it.  What none accounts for fails
the test; how often each did is printed.
"""
import dns.name
import dns.rdatatype

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
    return field != "answer" or (len(case.ours["answer"]) > 0 and case.ours["answer"] <= everything)


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
