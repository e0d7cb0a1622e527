# SPDX-License-Identifier: Apache-2.0
"""Messages that are odd or broken, octet by octet: each gets the RCODE or the silence that an RFC demands, over UDP and
TCP; and the same messages to NSD, Knot and BIND, where each difference from the majority has its reason here."""
import struct

import dns.flags
import dns.message
import pytest

import raw
from differential import peers
from rhizome import zone_text
from raw import (AA, AD, CD, COOKIE, ECS, EXPIRE, KEEPALIVE, NOTIFY, NSID, PADDING, QR, RA, RD, STATUS, TC, UPDATE, Z, ZONEVERSION,
                 header, name, opt, option, query, question)

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, NOTAUTH, BADVERS, BADCOOKIE = 0, 1, 2, 3, 4, 5, 9, 16, 23
SILENCE = None
ZONE = zone_text(extra="www 300 A 192.0.2.80\nbig 300 TXT " + " ".join(f'"{i:0100d}"' for i in range(30)) + "\n")

TSIG_DATA = name("hmac-sha256.") + struct.pack("!HIHH", 0, 1700000000, 300, 32) + b"m" * 32 + struct.pack("!HHH", 0x1234, 0, 0)
TSIG = name("key.test.") + struct.pack("!HHIH", 250, 255, 0, len(TSIG_DATA)) + TSIG_DATA
A_RECORD = name("www.example.") + struct.pack("!HHIH", 1, 1, 0, 4) + b"\xc0\0\2\1"
WWW = question("www.example.")

# label, message, what must come, clause; transports: u = UDP only, t = TCP only
CASES = [
    # ---- list E ----
    ("plain", query(), NOERROR, "RFC 1035 4.1"),
    ("EDNS", query(edns=opt()), NOERROR, "RFC 6891 6.1"),
    ("version 1", query(edns=opt(version=1)), BADVERS, "RFC 6891 6.1.3"),
    ("version 255", query(edns=opt(version=255)), BADVERS, "RFC 6891 6.1.3"),
    ("version 1, options of that version", query(edns=opt(version=1, options=b"\xff")), BADVERS, "RFC 6891 6.1.3"),
    ("unknown option", query(edns=opt(options=option(65001, b"data"))), NOERROR, "RFC 6891 6.1.2"),
    ("unknown option, empty", query(edns=opt(options=option(65534))), NOERROR, "RFC 6891 6.1.2"),
    ("unknown flag", query(edns=opt(flags=0x4000)), NOERROR, "RFC 6891 6.1.4"),
    ("all unknown flags", query(edns=opt(flags=0x7fff)), NOERROR, "RFC 6891 6.1.4"),
    ("payload 0", query(edns=opt(payload=0)), NOERROR, "RFC 6891 6.2.5"),
    ("payload 511", query(edns=opt(payload=511)), NOERROR, "RFC 6891 6.2.5"),
    ("payload 512", query(edns=opt(payload=512)), NOERROR, "RFC 6891 6.2.5"),
    ("payload 4096", query(edns=opt(payload=4096)), NOERROR, "RFC 6891 6.2.5"),
    ("payload 65535", query(edns=opt(payload=65535)), NOERROR, "RFC 6891 6.2.5"),
    ("DO", query(edns=opt(flags=0x8000)), NOERROR, "RFC 3225 3"),
    ("extended rcode in a query", query(edns=opt(extended=1)), NOERROR, "RFC 6891 6.1.3: of no meaning there"),
    ("two OPT", header(ar=2) + WWW + opt() + opt(), FORMERR, "RFC 6891 6.1.1"),
    ("OPT in the answer section", header(an=1) + WWW + opt(), FORMERR, "RFC 6891 6.1.1: it belongs to the additional section"),
    ("OPT in the authority section", header(ns=1) + WWW + opt(), FORMERR, "RFC 6891 6.1.1"),
    ("OPT of another owner", query(edns=opt(owner=name("example."))), FORMERR, "RFC 6891 6.1.2: MUST be 0 (root)"),
    ("ECS", query(edns=opt(options=option(ECS, b"\0\1\x18\0\xc0\0\2"))), NOERROR, "RFC 7871 7.1.1: ignored when not supported"),
    ("cookie of 7", query(edns=opt(options=option(COOKIE, b"1234567"))), FORMERR, "RFC 7873 5.2.2"),
    ("cookie of 9", query(edns=opt(options=option(COOKIE, b"123456789"))), FORMERR, "RFC 7873 5.2.2"),
    ("cookie of 15", query(edns=opt(options=option(COOKIE, b"x" * 15))), FORMERR, "RFC 7873 5.2.2"),
    ("cookie of 41", query(edns=opt(options=option(COOKIE, b"x" * 41))), FORMERR, "RFC 7873 5.2.2"),
    ("cookie of 0", query(edns=opt(options=option(COOKIE))), FORMERR, "RFC 7873 5.2.2"),
    ("client cookie", query(edns=opt(options=option(COOKIE, b"12345678"))), NOERROR, "RFC 7873 5.2.3"),
    ("wrong server cookie", query(edns=opt(options=option(COOKIE, b"x" * 24))), NOERROR, "RFC 7873 5.2.4"),
    ("NSID", query(edns=opt(options=option(NSID))), NOERROR, "RFC 5001 2.1"),
    ("NSID with data", query(edns=opt(options=option(NSID, b"x"))), NOERROR, "RFC 5001 2.1: left to the server"),
    ("keepalive", query(edns=opt(options=option(KEEPALIVE))), NOERROR, "RFC 7828 3.2.1: ignored over UDP"),
    ("padding", query(edns=opt(options=option(PADDING, b"\0" * 64))), NOERROR, "RFC 7830 4"),
    ("expire", query(rdtype="SOA", owner="example.", edns=opt(options=option(EXPIRE))), NOERROR, "RFC 7314 3.2"),
    ("zone version", query(edns=opt(options=option(ZONEVERSION))), NOERROR, "RFC 9660 3"),
    ("OPT cut in its header", header(ar=1) + WWW + opt()[:7], FORMERR, "RFC 1035 4.1.1"),
    ("OPT cut in its data", query(edns=opt(options=b"\0\x0a\0\x08abcd", length=12)), FORMERR, "RFC 1035 4.1.1"),
    ("option longer than OPT", query(edns=opt(options=b"\0\x0a\0\x08abcd")), FORMERR, "RFC 6891 6.1.2"),
    ("half an option header", query(edns=opt(options=b"\0\x0a\0")), FORMERR, "RFC 6891 6.1.2"),
    ("10,000 options", query(edns=opt(options=option(65001) * 10000)), NOERROR, "bounded work; RFC 6891 6.1.2", "t"),
    ("opcode 15", query(opcode=15), NOTIMP, "RFC 1035 4.1.1"),
    ("opcode 1 (inverse query)", query(opcode=1), NOTIMP, "RFC 3425 3"),
    ("STATUS", query(opcode=STATUS), NOTIMP, "RFC 1035 4.1.1"),
    ("opcode 6 (DSO), empty", header(opcode=6, qd=0), NOTIMP, "RFC 8490 5.1.1: not implemented"),
    ("no question", header(qd=0), FORMERR, "RFC 1035 4.1.2; 7873 5.4 allows it with a cookie only"),
    ("no question, OPT", header(qd=0, ar=1) + opt(), FORMERR, "the same"),
    ("no question, cookie", header(qd=0, ar=1) + opt(options=option(COOKIE, b"12345678")), NOERROR, "RFC 7873 5.4"),
    ("two questions", header(qd=2) + WWW + WWW, FORMERR, "RFC 9619 4"),
    ("two questions, one there", header(qd=2) + WWW, FORMERR, "RFC 9619 4"),
    ("65535 questions", header(qd=65535) + WWW, FORMERR, "RFC 9619 4"),
    ("AA set", query(flags=AA), NOERROR, "RFC 1035 4.1.1: of no meaning in a query"),
    ("TC set", query(flags=TC), NOERROR, "the same"),
    ("AD set", query(flags=AD), NOERROR, "RFC 6840 5.7"),
    ("CD set", query(flags=CD), NOERROR, "RFC 4035 3.1.6"),
    ("Z set", query(flags=Z), NOERROR, "RFC 1035 4.1.1: must be zero, but answers must not depend on it (Flag Day)"),
    ("RA set", query(flags=RA), NOERROR, "RFC 1035 4.1.1"),
    ("all flags but QR", query(flags=0x07f0), NOERROR, "the same"),
    ("rcode in a query", query(flags=5), NOERROR, "RFC 1035 4.1.1"),
    ("QR set", query(flags=QR), SILENCE, "CVE-2024-2169: a response is not answered"),
    ("QR set, broken", header(flags=QR, qd=2) + WWW, SILENCE, "the same"),
    ("QR set, FORMERR", header(flags=QR | 1, qd=0), SILENCE, "the same"),
    # ---- headers cut short ----
    ("empty", b"", SILENCE, "no header, no id to answer to", "u"),
    ("one octet", b"\x12", SILENCE, "the same"),
    ("11 octets", header()[:11], SILENCE, "the same"),
    ("a header that promises a question", header(), FORMERR, "RFC 1035 4.1.1"),
    # ---- names ----
    ("name without end", header() + b"\3www\7exa", FORMERR, "RFC 1035 4.1.2"),
    ("question without class", header() + WWW[:-1], FORMERR, "RFC 1035 4.1.2"),
    ("question without type", header() + WWW[:-4], FORMERR, "RFC 1035 4.1.2"),
    ("label type 01", header() + b"\x41a\0\0\1\0\1", FORMERR, "RFC 1035 4.1.4, 6891 5"),
    ("label type 10", header() + b"\x81a\0\0\1\0\1", FORMERR, "RFC 1035 4.1.4"),
    ("pointer to itself", header() + b"\xc0\x0c\0\1\0\1", FORMERR, "RFC 1035 4.1.4"),
    ("pointer loop of two", header() + b"\1a\xc0\x0c\0\1\0\1", FORMERR, "RFC 1035 4.1.4"),
    ("pointer forward", header() + b"\xc0\x10\0\1\0\1\0\0\1\0\1", FORMERR, "RFC 1035 4.1.4"),
    ("pointer beyond the end", header() + b"\xc3\xff\0\1\0\1", FORMERR, "RFC 1035 4.1.4"),
    ("half a pointer", header() + b"\xc0", FORMERR, "RFC 1035 4.1.4"),
    ("name of 256", header() + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1", FORMERR, "RFC 1035 2.3.4"),
    ("name of 300", header() + (b"\2ab") * 99 + b"\0\0\1\0\1", FORMERR, "RFC 1035 2.3.4"),
    ("longest name", header() + (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0\0\1\0\1", REFUSED, "not ours"),
    ("127 labels", header() + b"\1a" * 127 + b"\0\0\1\0\1", REFUSED, "not ours"),
    # ---- sections ----
    ("octets behind the end", query() + b"\0", FORMERR, "RFC 1035 4.1: the counts say what there is"),
    ("missing record", header(ar=1) + WWW, FORMERR, "RFC 1035 4.1.1"),
    ("answer in a query", header(an=1) + WWW + A_RECORD, NOERROR, "RFC 1035 4.1.1: ignored"),
    ("record in the additional section", header(ar=1) + WWW + A_RECORD, NOERROR, "ignored"),
    ("65535 records promised", header(an=65535) + WWW + A_RECORD, FORMERR, "RFC 1035 4.1.1"),
    ("TSIG", header(ar=1) + WWW + TSIG, REFUSED, "not in this version"),
    ("TSIG not last", header(ar=2) + WWW + TSIG + opt(), FORMERR, "RFC 8945 5.1"),
    # ---- questions that are no questions ----
    ("type OPT", query(rdtype="OPT"), FORMERR, "RFC 6891 6.1.1: OPT is no type to ask for"),
    ("type 0", header() + name("www.example.") + b"\0\0\0\1", NOERROR, "RFC 6895 3.1: reserved; no such data"),
    ("IXFR", header(ns=1) + question("example.", "IXFR") + name("example.") + struct.pack("!HHIH", 6, 1, 0, 22) + b"\0\0" +
     struct.pack("!5I", 1, 1, 1, 1, 1), NOTIMP, "not in this version"),
    ("class 0", query(rdclass=0), REFUSED, "no zone of that class"),
    ("class HS", query(rdclass=4), REFUSED, "no zone of that class"),
    ("class NONE", query(rdclass=254), REFUSED, "RFC 2136: of UPDATE only"),
    ("class ANY", query(rdclass=255), NOERROR, "RFC 1034 3.7.1: any class, and so not authoritative; as NSD, Knot but for AA"),
    ("not our zone", query("example.org."), REFUSED, "RFC 1034 4.3.1; 8914 code 20"),
    ("the root", query(".", "NS"), REFUSED, "no upward referral"),
    ("does not exist", query("nx.example."), NXDOMAIN, "RFC 2308 2.1"),
    ("NOTIFY", query("example.", "SOA", opcode=NOTIFY), REFUSED, "we are not a secondary; RFC 1996 3.10"),
    ("UPDATE", query("example.", "SOA", opcode=UPDATE), NOTIMP, "RFC 2136 2.2: not in this version"),
    ("UPDATE of class CH", query("example.", "SOA", rdclass=3, opcode=UPDATE), NOTIMP, "CVE-2026-5946"),
    ("NOTIFY of class ANY", query("example.", "SOA", rdclass=255, opcode=NOTIFY), REFUSED, "CVE-2026-5946"),
]
IDS = [case[0] for case in CASES]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    import rhizome
    with rhizome.Rhizd(tmp_path_factory.mktemp("edns"), zones={"example.": ZONE}, server='nsid: "ns1.test"') as s:
        yield s


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    zone = folder / "zone"
    zone.write_text("$TTL 300\n" + ZONE)
    running = []
    try:
        for kind in peers.PEERS:
            running.append(kind(folder, [("example.", str(zone))]).start())
        yield running
    finally:
        for peer in running:
            peer.stop()


def outcome(data):
    return SILENCE if data is None else raw.rcode(data)


def check_reply(sent, got):
    """What holds for each reply whatever it says."""
    assert got[:2] == sent[:2], "the id"
    assert raw.flags(got) & QR
    assert (raw.flags(got) >> 11 & 15) == (sent[2] >> 3 & 15), "the opcode"
    assert not raw.flags(got) & (RA | Z | AD), "RA: no recursion; Z, AD: never"
    if (sent[2] >> 3 & 15) in (0, 2, 4, 5):
        dns.message.from_wire(got)      # well formed, nothing behind it


@pytest.mark.tsan
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_udp(server, case):
    label, message, want, clause = case[:4]
    if case[4:] == ("t",) or len(message) > 4096:
        pytest.skip("TCP only")
    with raw.Udp(server.port) as udp:
        got = udp.ask(message)
    assert outcome(got) == want, f"{label}: {clause}"
    if got is not None:
        check_reply(message, got)
        assert len(got) <= 1232


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_tcp(server, case):
    label, message, want, clause = case[:4]
    if case[4:] == ("u",):
        pytest.skip("UDP only")
    with raw.Tcp(server.port) as tcp:
        tcp.send(message, query("example.", "SOA", id=raw.PROBE_ID))
        first = tcp.receive()
        if first is None:               # closing the connection is silence enough
            got = None
        elif first[:2] == struct.pack("!H", raw.PROBE_ID):
            got = None
        else:
            got = first
            assert tcp.receive()[:2] == struct.pack("!H", raw.PROBE_ID)
    assert outcome(got) == want, f"{label}: {clause}"
    if got is not None:
        check_reply(message, got)


# Where most peers do otherwise: why we do not.
NO_COOKIES = "the peers run without cookies here and do not look at the option; BIND, which looks, agrees"
OUR_WAY = {
    "version 1, options of that version": "RFC 6891 6.1.3: what a later version puts there is not ours to judge; NSD agrees",
    "cookie of 7": NO_COOKIES, "cookie of 9": NO_COOKIES, "cookie of 15": NO_COOKIES, "cookie of 41": NO_COOKIES,
    "cookie of 0": NO_COOKIES,
    "no question, cookie": "RFC 7873 5.4, which peers without cookies need not follow",
    "octets behind the end": "counts and length disagree, so the message is not what it says (RFC 1035 4.1); Knot agrees",
    "TSIG": "NOTAUTH with BADKEY needs a TSIG in the answer (RFC 8945 5.2.1), which this version cannot make",
    "type OPT": "RFC 6891 6.1.1; BIND agrees",
    "IXFR": "the peers refuse by ACL before they look at the type; here it is the type that is not served",
}
# One peer that crashes, hangs or is silent is outvoted; where no two agree nothing is compared.


def majority(values):
    best = max(set(values), key=values.count)
    return best if values.count(best) > len(values) // 2 else "none"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_like_the_peers(others, case):
    label, message, want, clause = case[:4]
    if case[4:] == ("t",) or len(message) > 4096 or message == b"":
        pytest.skip("TCP only")
    values = {}
    for peer in others:
        with raw.Udp(peer.port) as udp:
            values[peer.name] = outcome(udp.ask(message))
    most = majority(list(values.values()))
    if label in OUR_WAY:
        assert most != want, f"{label}: most peers agree with us, so no reason is needed"
        return
    assert most in (want, "none"), f"{label}: we {want} ({clause}), the peers {values}"


# ---- what the answer's own OPT says ----

def ask(server, tcp=False, **query_options):
    message = query(**query_options)
    if tcp:
        with raw.Tcp(server.port) as connection:
            return connection.ask(message)
    with raw.Udp(server.port) as udp:
        return udp.ask(message)


def test_opt_only_when_asked(server):
    assert raw.options(ask(server)) is None                         # RFC 6891 6.1.1
    assert raw.options(ask(server, edns=opt())) == {}               # ... and then no option that was not asked for


def test_opt_of_answers(server):
    message = dns.message.from_wire(ask(server, edns=opt(payload=4096, flags=0xffff)))
    assert message.payload == 1232 and message.edns == 0
    assert message.ednsflags & 0xffff == 0x8000, "DO is copied, the others are zero (RFC 6891 6.1.4)"
    assert dns.message.from_wire(ask(server, edns=opt(version=7))).edns == 0, "our highest version (RFC 6891 6.1.3)"
    assert raw.options(ask(server, edns=opt(version=7, options=option(NSID)))) == {}


@pytest.mark.parametrize("tcp", [False, True])
def test_options(server, tcp):
    assert raw.options(ask(server, tcp, edns=opt(options=option(NSID)))) == {NSID: b"ns1.test"}
    both = raw.options(ask(server, tcp, edns=opt(options=option(65001) + option(NSID) + option(ECS, b"\0\1\0\0"))))
    assert both == {NSID: b"ns1.test"}, "unknown ones and ECS are not echoed"
    assert raw.options(ask(server, tcp, owner="example.", rdtype="SOA", edns=opt(options=option(EXPIRE)))) == \
        {EXPIRE: struct.pack("!I", 1209600)}
    assert raw.options(ask(server, tcp, edns=opt(options=option(ZONEVERSION)))) == {ZONEVERSION: b"\1\0" + struct.pack("!I", 1)}
    keepalive = raw.options(ask(server, tcp, edns=opt(options=option(KEEPALIVE))))
    assert keepalive == ({KEEPALIVE: struct.pack("!H", 100)} if tcp else {}), "RFC 7828 3.2.1: TCP only; 10 s by default"


@pytest.mark.parametrize("payload, limit", [(None, 512), (0, 512), (511, 512), (512, 512), (700, 700), (1232, 1232), (4096, 1232)])
def test_truncation(server, payload, limit):
    got = ask(server, owner="big.example.", rdtype="TXT", edns=None if payload is None else opt(payload=payload))
    assert raw.flags(got) & TC and len(got) <= limit
    assert dns.message.from_wire(got).answer == []                  # RFC 2181 9: no part of an RRset
    assert raw.options(got) == (None if payload is None else {})
    whole = ask(server, True, owner="big.example.", rdtype="TXT", edns=None if payload is None else opt(payload=payload))
    assert not raw.flags(whole) & TC and len(whole) > 3000


def test_flags_are_copied(server):
    for flags, want in ((0, 0), (RD, RD), (CD, CD), (RD | CD | AD, RD | CD)):
        got = raw.flags(ask(server, flags=flags))
        assert got & (RD | CD | AD | RA) == want and got & AA


def test_case_of_the_question_is_kept(server):
    got = ask(server, owner="wWw.eXaMpLe.")
    assert b"\3wWw\7eXaMpLe\0" in got


@pytest.mark.parametrize("message, code", [(query("example.org."), 20), (query(edns=None, owner="example.", rdtype="SOA", opcode=UPDATE), 21)])
def test_extended_errors(server, message, code):
    with raw.Udp(server.port) as udp:
        got = udp.ask(message[:10] + b"\0\1" + message[12:] + opt())
    assert raw.options(got)[15][:2] == struct.pack("!H", code)


def test_garbage(server):
    """Noise of every length: nothing but silence or an error, and the server lives (the sanitizers look on)."""
    import random
    chance = random.Random(7)
    with raw.Udp(server.port) as udp:
        for length in list(range(0, 300)) + [512, 1232, 1400, 4096, 9000]:
            message = bytearray(chance.randbytes(length))
            if length > 2:
                message[2] &= 0x07                      # a query, of any flags
            got = udp.ask(bytes(message))
            if got is not None:
                assert raw.flags(got) & QR and got[:2] == bytes(message[:2])
    with raw.Udp(server.port) as udp:
        good = bytearray(query(edns=opt(options=option(COOKIE, b"12345678"))))
        for at in range(12, len(good)):                 # every octet of a good one changed
            for value in (0, 1, 0x3f, 0x40, 0xc0, 0xff):
                bad = bytes(good[:at]) + bytes([value]) + bytes(good[at + 1:])
                got = udp.ask(bad)
                assert got is not None and got[:2] == bad[:2]
