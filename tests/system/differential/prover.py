# SPDX-License-Identifier: Apache-2.0
"""Validates answers from a signed zone as a resolver would, knowing its DNSKEYs: signatures by dnspython, proofs of absence here.

RFC 4035 5.3, 5.4; RFC 5155 8; RFC 6840 4.  Written from the RFCs; shares nothing with the server.
"""
import base64
import hashlib

import dns.dnssec
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype as t

UNPROVEN = (t.ANY, t.RRSIG)     # more than one type: no one thing to prove
WILD = dns.name.Name((b"*",))
BASE32 = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")    # RFC 4648: hex to plain


class Unproven(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Unproven(what)


def bits(rdata):
    found = set()
    for window, bitmap in rdata.windows:
        for i, octet in enumerate(bitmap):
            found |= {window * 256 + i * 8 + bit for bit in range(8) if octet & 0x80 >> bit}
    return found


def common(a, b):
    """The deepest name that both are at or below."""
    return a.fullcompare(b)[2] and dns.name.Name(a.labels[-a.fullcompare(b)[2]:])


PROVERS = {}


def of(zone):
    """One for each zone, so that no signature is verified twice; holds the zone, so that its id stays its own."""
    if id(zone) not in PROVERS:
        PROVERS[id(zone)] = Prover(zone)
    return PROVERS[id(zone)]


class Prover:
    def __init__(self, zone):
        self.zone, self.origin = zone, zone.origin
        rdataset = zone.get_rdataset(zone.origin, t.DNSKEY)
        self.keys = {zone.origin: dns.rrset.from_rdata_list(zone.origin, rdataset.ttl, list(rdataset))}
        self.good = set()       # signatures seen to be right

    # ---- signatures ----

    def signed_by(self, section, rrset):
        """The RRSIG of the RRset, verified."""
        sigs = [s for s in section if s.rdtype == t.RRSIG and s.covers == rrset.rdtype and s.name == rrset.name]
        need(sigs, f"{rrset.name} {t.to_text(rrset.rdtype)} is not signed")
        need(len(sigs) == 1, "one RRset of signatures")
        for sig in sigs[0]:
            need(rrset.ttl <= sig.original_ttl, "the TTL is higher than the one signed")
            need(sigs[0].ttl == rrset.ttl, "RFC 4034 3: the RRSIG's TTL is that of what it covers")
            key = (rrset.name, rrset.rdtype, frozenset(rrset), sig)
            if key in self.good:
                continue
            try:
                dns.dnssec.validate_rrsig(rrset, sig, self.keys)
            except dns.dnssec.ValidationFailure as fault:
                raise Unproven(f"{rrset.name} {t.to_text(rrset.rdtype)}: {fault}") from None
            self.good.add(key)
        return sigs[0][0]

    # ---- the whole answer ----

    def check(self, question, message):
        """Raises Unproven; else the kind of answer."""
        need(message.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN), f"rcode {message.rcode()}")
        need(not message.flags & dns.flags.TC, "TC over TCP")
        self.answer, self.authority = message.answer, message.authority
        self.verify_all()
        if question.type == t.DS and question.name == self.origin:
            self.nodata(question.name, t.DS, child=True)
            return "DS at the apex"
        name, used = question.name, set()
        for _ in range(20):
            if not name.is_subdomain(self.origin):
                return "left the zone"
            found = self.find(self.answer, name, question.type)
            if found is not None:
                self.expanded(found)
                need(message.rcode() == dns.rcode.NOERROR, "RCODE of an answer")
                return "answer"
            cname = self.find(self.answer, name, t.CNAME)
            if cname is None or name in used:
                break
            used.add(name)
            self.expanded(cname)
            name = cname[0].target
        if name in used or len(used) >= 16:
            return "endless chain"
        if message.rcode() == dns.rcode.YXDOMAIN:
            return self.too_long(name)
        return self.absent(name, question.type, message.rcode())

    def find(self, section, name, rdtype):
        return next((s for s in section if s.rdtype == rdtype and s.name == name), None)

    def verify_all(self):
        self.labels = {}
        for section in (self.answer, self.authority):
            for rrset in section:
                if rrset.rdtype == t.RRSIG:
                    need(self.find(section, rrset.name, rrset.covers) is not None, "a signature over nothing here")
                    continue
                if section is self.authority and rrset.rdtype == t.NS and rrset.name != self.origin:
                    continue        # a referral's NS is not signed
                if section is self.answer and rrset.rdtype == t.CNAME and self.synthesised(rrset):
                    continue
                self.labels[id(rrset)] = self.signed_by(section, rrset).labels

    def synthesised(self, cname):
        """RFC 6672 5.3.1: a DNAME in the answer yields this CNAME."""
        for dname in self.answer:
            if dname.rdtype == t.DNAME and cname.name != dname.name and cname.name.is_subdomain(dname.name):
                made = dns.name.Name(cname.name.relativize(dname.name).labels + dname[0].target.labels)
                need(cname[0].target == made and cname.ttl == dname.ttl, "the CNAME that follows from the DNAME")
                return True
        return False

    def too_long(self, name):
        for dname in self.answer:
            if dname.rdtype == t.DNAME and name.is_subdomain(dname.name) and name != dname.name:
                over = len(name.relativize(dname.name).to_wire(origin=dns.name.root)) - 1 + len(dname[0].target.to_wire())
                need(over > 255, "YXDOMAIN: the name is too long")
                return "YXDOMAIN"
        raise Unproven("YXDOMAIN without its DNAME")

    def expanded(self, rrset):
        """RFC 4035 5.3.4, RFC 5155 8.8: what comes from a wildcard needs the proof that nothing closer exists."""
        labels = self.labels.get(id(rrset))
        if labels is None or labels == len(rrset.name) - 1 - (rrset.name.labels[0] == b"*"):
            return
        closer = dns.name.Name(rrset.name.labels[-labels - 2:])
        if self.chain(t.NSEC3):
            need(self.covers3(closer), f"NSEC3 that covers {closer}")
            return
        nsec = self.covering(rrset.name)
        need(nsec is not None, f"NSEC that covers {rrset.name}")
        need(not nsec[0].next.is_subdomain(closer) and not nsec.name.is_subdomain(closer), f"{closer} does not exist")

    def absent(self, name, rdtype, rcode):
        cuts = [s for s in self.authority if s.rdtype == t.NS and s.name != self.origin]
        if cuts:
            need(len(cuts) == 1 and name.is_subdomain(cuts[0].name) and rcode == dns.rcode.NOERROR, "one cut above the name")
            return self.referral(cuts[0].name)
        soa = self.find(self.authority, self.origin, t.SOA)
        need(soa is not None, "a SOA")
        need(soa.ttl <= soa[0].minimum, "RFC 2308 5: the TTL of a negative answer")
        if rcode == dns.rcode.NXDOMAIN:
            return self.nxdomain(name)
        need(rcode == dns.rcode.NOERROR, "RCODE")
        self.nodata(name, rdtype)
        return "NODATA"

    # ---- what is to be proven ----

    def chain(self, rdtype):
        return [s for s in self.authority if s.rdtype == rdtype]

    def referral(self, cut):
        if self.find(self.authority, cut, t.DS) is not None:
            return "referral, DS"
        if self.chain(t.NSEC3):
            record = self.matching3(cut)
            if record is None:
                self.opt_out(cut)
                return "referral, opt-out"
        else:
            nsec = self.find(self.authority, cut, t.NSEC)
            need(nsec is not None, f"NSEC of the cut {cut}")
            record = nsec[0]
        need(t.NS in bits(record) and not bits(record) & {t.DS, t.SOA}, "the cut's record says NS, neither DS nor SOA")
        return "referral, no DS"

    def lacks(self, record, rdtype, child=False):
        has = bits(record)
        beside = rdtype in (t.NSEC, t.KEY)      # RFC 4034 2.5 and 4: may stand beside a CNAME, which does not answer for them
        need(rdtype not in has and (beside or t.CNAME not in has), f"the record says that {t.to_text(rdtype)} or CNAME exists")
        if rdtype == t.DS and not child:
            need(t.SOA not in has, "DS: not the child's record")
        elif rdtype != t.DS:
            need(t.NS not in has or t.SOA in has, "not the parent's record of a cut")

    def nodata(self, name, rdtype, child=False):
        if self.chain(t.NSEC3):
            self.nodata3(name, rdtype, child)
            return
        nsec = self.find(self.authority, name, t.NSEC)
        if nsec is not None:
            self.lacks(nsec[0], rdtype, child)
            return
        nsec = self.covering(name)
        need(nsec is not None, f"NSEC that matches or covers {name}")
        if nsec[0].next.is_subdomain(name):
            return      # an empty non-terminal
        wild = WILD.concatenate(self.encloser(name, nsec))
        match = self.find(self.authority, wild, t.NSEC)
        if match is not None:
            self.lacks(match[0], rdtype)
            return
        over = self.covering(wild)
        need(over is not None and over[0].next.is_subdomain(wild), f"NSEC of {wild}, or that it is an empty non-terminal")

    def nxdomain(self, name):
        if self.chain(t.NSEC3):
            encloser = self.closest3(name)
            if self.left_out(self.closer):
                return "NXDOMAIN below what opt-out leaves out"
            need(self.covers3(WILD.concatenate(encloser)), f"NSEC3 that covers the wildcard of {encloser}")
            return "NXDOMAIN"
        nsec = self.covering(name)
        need(nsec is not None, f"NSEC that covers {name}")
        need(not nsec[0].next.is_subdomain(name), f"{name} is an empty non-terminal")
        wild = WILD.concatenate(self.encloser(name, nsec))
        over = self.covering(wild)
        need(over is not None and not over[0].next.is_subdomain(wild), f"NSEC that covers {wild}")
        return "NXDOMAIN"

    # ---- NSEC ----

    def covering(self, name):
        for nsec in self.chain(t.NSEC):
            after, last = nsec.name < name, nsec[0].next == self.origin
            if not (after and (last or name < nsec[0].next)):
                continue
            has = bits(nsec[0])
            hidden = (t.NS in has and t.SOA not in has) or t.DNAME in has
            need(not (hidden and name.is_subdomain(nsec.name)), "RFC 6840 4.1: the record of a cut or DNAME above the name")
            return nsec
        return None

    @staticmethod
    def encloser(name, nsec):
        return max((common(name, nsec.name), common(name, nsec[0].next)), key=len)

    # ---- NSEC3 ----

    def hash(self, name):
        record = self.chain(t.NSEC3)[0][0]
        need(record.algorithm == 1, "SHA-1")
        digest = name.canonicalize().to_wire()
        for _ in range(record.iterations + 1):
            digest = hashlib.sha1(digest + record.salt).digest()
        return digest

    def owners3(self):
        for rrset in self.chain(t.NSEC3):
            need(rrset.name.parent() == self.origin, "an NSEC3 owner is one label below the apex")
            yield base64.b32decode(rrset.name.labels[0].upper().translate(BASE32)), rrset[0]

    def matching3(self, name):
        wanted = self.hash(name)
        return next((record for owner, record in self.owners3() if owner == wanted), None)

    def covers3(self, name):
        wanted = self.hash(name)
        for owner, record in self.owners3():
            if owner < wanted < record.next or (record.next <= owner and (wanted > owner or wanted < record.next)):
                return record
        return None

    def closest3(self, name):
        """RFC 5155 8.3: the closest encloser, and what is one label longer is covered."""
        encloser = name.parent()
        closer = name
        while self.matching3(encloser) is None:
            need(encloser != self.origin, f"no closest encloser of {name}")
            closer, encloser = encloser, encloser.parent()
        has = bits(self.matching3(encloser))
        need(t.DNAME not in has and (t.NS not in has or t.SOA in has), "the closest encloser is a cut or has a DNAME")
        need(self.covers3(closer), f"NSEC3 that covers the next closer name {closer}")
        self.closer = closer
        return encloser

    def left_out(self, name):
        """RFC 5155 7.1: an empty non-terminal that leads to insecure delegations only need not be in an opt-out chain.  Then the
        wildcard one level up may exist, and no chain can prove that it does not apply (RFC 5155 12.2): the zone is at fault."""
        exists = any(n != name and n.is_subdomain(name) for n in self.zone.nodes)
        return exists and self.zone.get_node(name) is None and self.covers3(name).flags & 1

    def opt_out(self, name):
        self.closest3(name)
        need(self.covers3(self.closer).flags & 1, f"opt-out over {self.closer}")

    def nodata3(self, name, rdtype, child):
        record = self.matching3(name)
        if record is not None:
            self.lacks(record, rdtype, child)
            return
        encloser = self.closest3(name)
        wild = self.matching3(WILD.concatenate(encloser))
        if wild is not None:
            self.lacks(wild, rdtype)
            return
        # RFC 5155 8.6, and an empty non-terminal that the chain leaves out (errata 3441).
        need(self.covers3(self.closer).flags & 1, f"NODATA without a record of {name}: opt-out")
