# SPDX-License-Identifier: Apache-2.0
"""Answers inside the kernel: two namespaces, a veth pair, native XDP.  Whatever the kernel answers is, octet by octet, what
the sockets answer; what it should not answer it leaves to them; and it is gone with the process."""
import random
import re
import resource
import select
import socket
import struct
import subprocess
import threading
import time
import warnings

import dns.zone
import pytest

import raw
import rhizome
import xdp_place
from differential import questions, random_zones
from raw import opt, query
from xdp_place import CLIENT4, CLIENT6, SERVER4, SERVER6, VLAN4, VLAN_CLIENT4, VLAN_ID, packed

REASON = xdp_place.missing()
if REASON:
    warnings.warn(f"ANSWERS IN THE KERNEL ARE NOT TESTED HERE: {REASON}")
pytestmark = pytest.mark.skipif(bool(REASON), reason=f"ANSWERS IN THE KERNEL ARE NOT TESTED HERE: {REASON}")

DO = 0x8000
ZONE = rhizome.zone_text(1, """
www A 192.0.2.2
www A 192.0.2.3
www AAAA 2001:db8::1
alias CNAME www
mail MX 10 www
mail MX 20 WWW
text TXT "a" "bc"
odd TXT "abc"
cut NS ns1.cut
cut NS ns.elsewhere.invalid.
cut NS ns2
ns1.cut A 192.0.2.55
ns1.cut AAAA 2001:db8::55
ns2 A 192.0.2.66
signed NS ns2
signed DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000
below.it.cut2 NS ns.below.it.cut2
ns.below.it.cut2 A 192.0.2.77
*.wild TXT "w"
deep.a.b.c.d A 192.0.2.88
big TXT "{0}"
big TXT "{1}"
""".format("0" * 250, "1" * 250))
PRIVATE = rhizome.zone_text(1, "www A 192.0.2.99\n")
# A zone of ours below another one's cut: the cut's referral is not for its names.
CHILD = rhizome.zone_text(1, "www A 192.0.2.111\n")


class Server(rhizome.Rhizd):
    """rhizd in the server's namespace; port 53 has the program, port 54 has not."""

    def __init__(self, place, folder, zones=None, server="", more="", limits=""):
        self.place = place
        super().__init__(folder, zones=zones or {"example.": ZONE}, start=False)
        listen = ", ".join(f'{{ address: "{address}@53", xdp: {place.far} }}, "{address}@54"' for address in (SERVER4, SERVER6, VLAN4))
        zone_lines = "".join(f'  - {{ name: "{n}", file: "{f}"{", allow-query: [loopback]" if n.startswith("private") else ""} }}\n' for n, f in self.zones.items())
        self.text = (f'version: 1\nserver:\n  listen: [{listen}]\n  workers: 1\n  xdp-memory: 4M\n  state: "{self.folder}/state"\n'
                     f'  control: "{self.control_path}"\n{server}zones:\n{zone_lines}{more}')
        self.write_config(self.text)

    def start(self, ready=True):
        assert self.process is None
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["ip", "netns", "exec", self.place.server, str(rhizome.RHIZD), "-c", str(self.config_path)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        if ready:
            self.wait_ready()
            assert self.count("zones.failed") == 0, self.log
        return self

    def count(self, name):
        return self.control("stats")["counters"][name]

    def numbers(self):
        """For whoever reads why it failed."""
        return {name: value for name, value in self.control("stats")["counters"].items() if name.startswith("kernel.")}

    def answered(self):
        counters = self.control("stats")["counters"]
        return counters["kernel.answered4"] + counters["kernel.answered6"]


class Keeper:
    """The namespaces, and one server in them for all the tests that only ask."""

    def __init__(self, place, folder):
        self.place, self.folder, self.server = place, folder, None

    def start(self):
        if self.server is None:
            self.server = Server(self.place, self.folder / "rhizd", zones=ZONES).start()
        return self.server

    def stop(self):
        server, self.server = self.server, None
        if server is not None:
            server.stop()


ZONES = {"example.": ZONE, "private.": PRIVATE, "www.below.it.cut2.example.": CHILD}


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    with xdp_place.Place(tmp_path_factory.mktemp("place")) as made:
        kept = Keeper(made, tmp_path_factory.mktemp("shared"))
        yield kept
        kept.stop()


@pytest.fixture
def shared(keeper):
    return keeper.start()


@pytest.fixture
def place(keeper):
    """With no server in it."""
    keeper.stop()
    return keeper.place


@pytest.fixture
def started(place, tmp_path):
    """One for a test that changes it."""
    with Server(place, tmp_path / "rhizd", zones=ZONES).start() as server:
        yield server


def ask(sock, message):
    for _ in range(4):
        sock.send(message)
        try:
            while (got := sock.recv(65535))[:2] != message[:2]:
                pass
            return got
        except socket.timeout:
            continue
    raise AssertionError(f"no answer to {message.hex()}")


def heat(server, sock, message, seconds=5):
    """Asks until the kernel answers. @return its answer; None when it does not"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = server.answered()
        got = ask(sock, message)
        if server.answered() > before:
            return got
        time.sleep(0.02)
    return None


def edns_forms():
    yield "no OPT", None
    yield "OPT", opt(1232)
    yield "OPT 512", opt(512)
    yield "OPT 4096", opt(4096)
    yield "OPT below 512", opt(100)
    yield "DO", opt(1232, flags=DO)


HOT = [("www.example.", "A"), ("www.example.", "AAAA"), ("WwW.eXample.", "A"), ("example.", "SOA"), ("example.", "NS"), ("www.example.", "MX"),
       ("mail.example.", "MX"), ("alias.example.", "A"), ("text.example.", "TXT"), ("odd.example.", "TXT"), ("cut.example.", "A"), ("cut.example.", "NS"),
       ("x.cut.example.", "A"), ("a.much.longer.name.below.the.cut.example.", "TYPE65"), ("ns1.cut.example.", "A"), ("X.CuT.example.", "AAAA"),
       ("cut.example.", "DS"), ("signed.example.", "DS"), ("y.signed.example.", "A"), ("deep.a.b.c.d.example.", "A"), ("a.b.c.d.example.", "A")]


@pytest.mark.parametrize("address", [SERVER4, SERVER6])
def test_answers_equal_those_of_sockets(shared, address):
    hot, plain = shared.place.udp(address), shared.place.udp(address, 54)
    for owner, rdtype in HOT:
        for label, edns in edns_forms():
            for flags in 0, raw.RD, raw.CD | raw.RD, raw.AD, raw.AA | raw.Z | raw.RA:
                message = query(owner, rdtype, id=random.randrange(65536), flags=flags, edns=edns)
                got = heat(shared, hot, message) if flags == 0 else ask(hot, message)
                assert got is not None, f"the kernel does not answer {owner} {rdtype} {label}: {shared.numbers()}"
                assert got == ask(plain, message), f"{owner} {rdtype} {label} {flags:#x}"
    assert shared.count("kernel.failed") == 0


@pytest.mark.parametrize("owner,rdtype", [("x.wild.example.", "TXT"), ("nothing.example.", "A"), ("www.private.", "A"), ("www.elsewhere.", "A")])
def test_some_are_left_to_the_sockets(shared, owner, rdtype):
    """Names by strangers, and zones that not everybody may ask."""
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    message = query(owner, rdtype)
    assert heat(shared, hot, message, 0.3) is None
    assert ask(hot, message) == ask(plain, message)


def test_a_zone_below_a_cut(shared):
    """The zone below the cut answers for itself; the cut's referral is for no name there."""
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    above = query("x.below.it.cut2.example.", "A")
    assert heat(shared, hot, above, 0.3) is None
    assert ask(hot, above) == ask(plain, above)
    own = query("www.www.below.it.cut2.example.", "A")
    assert heat(shared, hot, own) == ask(plain, own)


UNUSUAL = {
    "cookie": query("www.example.", "A", edns=opt(options=raw.option(raw.COOKIE, b"12345678"))),
    "nsid": query("www.example.", "A", edns=opt(options=raw.option(raw.NSID))),
    "version 1": query("www.example.", "A", edns=opt(version=1)),
    "EDNS flag": query("www.example.", "A", edns=opt(flags=0x4000)),
    "two OPT": raw.header(ar=2) + raw.question("www.example.") + opt() + opt(),
    "OPT with owner": query("www.example.", "A", edns=opt(owner=b"\1x\0")),
    "long OPT": query("www.example.", "A", edns=opt(length=9)),
    "class CH": query("www.example.", "A", rdclass=3),
    "class ANY": query("www.example.", "A", rdclass=255),
    "type ANY": query("www.example.", "ANY"),
    "type OPT": query("www.example.", "TYPE41"),
    "type 0": query("www.example.", "TYPE0"),
    "NOTIFY": query("www.example.", "A", opcode=raw.NOTIFY),
    "STATUS": query("www.example.", "A", opcode=raw.STATUS),
    "two questions": raw.header(qd=2) + raw.question("www.example.") * 2,
    "no question": raw.header(qd=0),
    "an answer": raw.header(an=1) + raw.question("www.example.") + b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + b"abcd",
    "trailing octets": query("www.example.", "A") + b"x",
    "cut short": query("www.example.", "A")[:-1],
    "compressed name": raw.header() + b"\3www\xc0\x0c" + struct.pack("!HH", 1, 1),
    "long label": raw.header() + b"\x40" + b"a" * 64 + b"\0" + struct.pack("!HH", 1, 1),
    "many labels": query("a." * 100 + "example.", "A"),
    "long name": query(("a" * 60 + ".") * 3 + "example.", "A"),
}


@pytest.mark.parametrize("label", UNUSUAL)
def test_unusual_messages_pass(shared, label):
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    assert heat(shared, hot, query("www.example.", "A")) is not None
    before = shared.answered()
    got = ask(hot, UNUSUAL[label])
    assert shared.answered() == before
    want = ask(plain, UNUSUAL[label])
    if label == "cookie":       # a server cookie has the time in it
        assert got[:20] == want[:20] and len(got) == len(want)
    else:
        assert got == want


def test_truncation_is_left_to_sockets(shared):
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    large, small = query("big.example.", "TXT", edns=opt(1232)), query("big.example.", "TXT")
    assert heat(shared, hot, large) == ask(plain, large)
    passed, answered = shared.count("kernel.passed.size"), shared.answered()
    got = ask(hot, small)
    assert got == ask(plain, small) and raw.flags(got) & raw.TC
    assert shared.count("kernel.passed.size") == passed + 1 and shared.answered() == answered


# ---- the same by both ways ----

def ask_all(sock, messages, seconds=2):
    """Many at a time: the answers, in order; None where none came."""
    answers = [None] * len(messages)
    for start in range(0, len(messages), 32):
        chunk = messages[start:start + 32]
        for slot, message in enumerate(chunk):
            sock.send(struct.pack("!H", start + slot) + message[2:])
        waiting, end = len(chunk), time.monotonic() + seconds
        while waiting and select.select([sock], [], [], max(0, end - time.monotonic()))[0]:
            got = sock.recv(65535)
            index = int.from_bytes(got[:2], "big")
            if start <= index < start + len(chunk) and answers[index] is None:
                answers[index] = got
                waiting -= 1
    return answers


def learn(server, sock, messages):
    """Until the kernel answers no more of them than before. @return how many"""
    best, idle = -1, 0
    while idle < 2:
        before = server.answered()
        ask_all(sock, messages)
        time.sleep(0.05)
        count = server.answered() - before
        idle = idle + 1 if count <= best else 0
        best = max(best, count)
    return best


def test_thousands_of_questions(place, tmp_path):
    """Nasty zones, plain and signed in all ways; all sorts of names and types, letters large and small, OPT, DO, flags: the
    kernel's answers are the sockets'."""
    rng, zones, messages = random.Random(3), {}, []
    for seed in range(12):
        origin, path, kind = random_zones.make(tmp_path, seed)
        zones[origin] = path
        zone = dns.zone.from_file(str(path), origin, relativize=False)
        for q in questions.questions(zone, 250, seed, kind != "plain"):
            flags = rng.choice([0, 0, raw.RD, raw.CD | raw.RD, raw.AD])
            wire = q.wire()
            messages.append(wire[:2] + struct.pack("!H", flags) + wire[4:])
        for name, node in zone.nodes.items():
            for rdtype in {rds.rdtype for rds in node.rdatasets}:
                for edns in None, opt(1232), opt(4096, flags=DO):
                    asked = questions.mixed_case(rng, name) if rng.random() < 0.3 else name
                    messages.append(raw.header(ar=edns is not None) + asked.to_wire() + struct.pack("!HH", rdtype, 1) + (edns or b""))
    rng.shuffle(messages)
    with Server(place, tmp_path / "rhizd", zones=zones).start() as server:
        hot, plain = place.udp(SERVER4), place.udp(SERVER4, 54)
        learn(server, hot, messages)
        before = server.answered()
        got, want = ask_all(hot, messages), ask_all(plain, messages)
        by_kernel = server.answered() - before
        assert None not in want
        for message, one, other in zip(messages, got, want):
            assert one == other, message.hex()
        assert len(messages) > 5000 and by_kernel > len(messages) / 5, (len(messages), by_kernel, server.numbers())
        assert server.count("kernel.failed") == 0


def test_mutations(shared):
    """Octets of good questions changed, added, left out: by both ways the same, silence too."""
    rng = random.Random(11)
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    bases = [query(owner, rdtype, edns=edns) for owner, rdtype in [("www.example.", "A"), ("x.cut.example.", "A"), ("cut.example.", "DS"), ("deep.a.b.c.d.example.", "A")]
             for edns in (None, opt(1232), opt(1232, flags=DO), opt(512, options=raw.option(raw.PADDING, bytes(8))))]
    learn(shared, hot, bases)
    messages = []
    for _ in range(2500):
        message = bytearray(rng.choice(bases))
        for _ in range(rng.randrange(0, 3)):
            at = rng.randrange(2, len(message))
            message[at] = rng.choice([rng.randrange(256), message[at] ^ 1 << rng.randrange(8)])
        if rng.random() < 0.15:
            message = message[:rng.randrange(2, len(message) + 1)]
        if rng.random() < 0.15:
            message += rng.randbytes(rng.randrange(1, 20))
        if rng.random() < 0.1:
            at = rng.randrange(12, len(message) + 1) if len(message) >= 12 else len(message)
            message[at:at] = rng.choice([b"\xc0\x0c", b"\0", b"\3www", b"\x40", b"\x3f"])
        messages.append(bytes(message))
    before = shared.answered()
    got, want = ask_all(hot, messages, 0.05), ask_all(plain, messages, 0.05)
    for index, message in enumerate(messages):      # slow is not silent
        if got[index] != want[index]:
            got[index], want[index] = (ask_all(sock, [message], 0.3)[0] for sock in (hot, plain))
        assert got[index] == want[index], message.hex()
    assert shared.answered() - before > 300 and shared.count("kernel.failed") == 0


# ---- frames ----

def exchange(sock, data, seconds=2):
    """The first UDP frame that comes back from port 53; None: nothing within the time."""
    sock.settimeout(seconds)
    sock.send(data)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            got, outgoing = xdp_place.receive(sock)
        except socket.timeout:
            return None
        if outgoing or got[6:12] != xdp_place.SERVER_MAC:
            continue
        try:
            parts = xdp_place.check_reply(got)
        except (AssertionError, struct.error, IndexError):
            if b"\x00\x35" in got[30:70] and got[23:24] == b"\x11":
                raise
            continue
        if parts[3:5] == (53, 4321):
            return parts
    return None


def frames(message):
    """label -> (frame, whether the kernel answers it)"""
    c4, s4, c6, s6 = packed(CLIENT4), packed(SERVER4), packed(CLIENT6), packed(SERVER6)
    four, six = xdp_place.udp_datagram(message, c4, s4), xdp_place.udp_datagram(message, c6, s6)
    tagged = xdp_place.udp_datagram(message, packed(VLAN_CLIENT4), packed(VLAN4))
    ip, ip6, whole = xdp_place.ipv4, xdp_place.ipv6, xdp_place.frame
    vlan = ip(tagged, packed(VLAN_CLIENT4), packed(VLAN4))
    made = {
        "IPv4": (whole(ip(four, c4, s4)), True),
        "IPv4, padded": (whole(ip(four, c4, s4)) + bytes(30), True),
        "IPv4 without checksum": (whole(ip(xdp_place.udp_datagram(message, c4, s4, check=0), c4, s4)), True),
        "IPv6": (whole(ip6(six, c6, s6), 0x86dd), True),
        "VLAN": (whole(vlan, tags=[(0x8100, VLAN_ID)]), True),
        "VLAN, priority": (whole(vlan, tags=[(0x8100, VLAN_ID | 0xa000)]), True),
        "two tags": (whole(vlan, tags=[(0x88a8, 7), (0x8100, VLAN_ID)]), True),
        "three tags": (whole(vlan, tags=[(0x88a8, 7), (0x8100, 8), (0x8100, VLAN_ID)]), False),
        "IPv4, wrong UDP checksum": (whole(ip(xdp_place.udp_datagram(message, c4, s4, check=0x1234), c4, s4)), False),
        "IPv6, wrong UDP checksum": (whole(ip6(xdp_place.udp_datagram(message, c6, s6, check=0x1234), c6, s6), 0x86dd), False),
        "IPv6 without checksum": (whole(ip6(xdp_place.udp_datagram(message, c6, s6, check=0), c6, s6), 0x86dd), False),
        "wrong IPv4 checksum": (whole(ip(four, c4, s4, bad_sum=True)), False),
        "IPv4 options": (whole(ip(four, c4, s4, options=b"\1" * 4)), False),
        "first fragment": (whole(ip(four, c4, s4, fragment=0x2000)), False),
        "later fragment": (whole(ip(four, c4, s4, fragment=5)), False),
        "IPv6 extension header": (whole(ip6(b"\x11\0\1\4\0\0\0\0" + six, c6, s6, next_header=60), 0x86dd), False),
        "TCP": (whole(ip(four, c4, s4, protocol=6)), False),
        "another port": (whole(ip(xdp_place.udp_datagram(message, c4, s4, port=54), c4, s4)), False),
        "another address": (whole(ip(xdp_place.udp_datagram(message, c4, packed("10.78.0.9")), c4, packed("10.78.0.9"))), False),
        "another station": (whole(ip(four, c4, s4), target=bytes.fromhex("020000000009")), False),
        "broadcast": (whole(ip(four, c4, s4), target=b"\xff" * 6), False),
        "from a group": (whole(ip(xdp_place.udp_datagram(message, packed("224.0.0.5"), s4), packed("224.0.0.5"), s4)), False),
        "from ourselves": (whole(ip(xdp_place.udp_datagram(message, s4, s4, source_port=53), s4, s4)), False),
        "from ourselves, IPv6": (whole(ip6(xdp_place.udp_datagram(message, s6, s6, source_port=53), s6, s6), 0x86dd), False),
        "from loopback": (whole(ip(xdp_place.udp_datagram(message, packed("127.0.0.1"), s4), packed("127.0.0.1"), s4)), False),
        "from all": (whole(ip(xdp_place.udp_datagram(message, b"\xff" * 4, s4), b"\xff" * 4, s4)), False),
        "from nobody": (whole(ip(xdp_place.udp_datagram(message, bytes(4), s4), bytes(4), s4)), False),
        "from nobody, IPv6": (whole(ip6(xdp_place.udp_datagram(message, bytes(16), s6), bytes(16), s6), 0x86dd), False),
        "from a group, IPv6": (whole(ip6(xdp_place.udp_datagram(message, packed("ff02::5"), s6), packed("ff02::5"), s6), 0x86dd), False),
        "IP longer than the frame": (whole(ip(four + bytes(30), c4, s4))[:-30], False),
        "UDP of 8 octets": (whole(ip(xdp_place.udp_datagram(b"", c4, s4), c4, s4)), False),
        "UDP of 7 octets": (whole(ip(four[:4] + b"\0\7" + four[6:], c4, s4)), False),
        "IPv6 payload too long": (whole(ip6(six + b"x", c6, s6), 0x86dd), False),
        "IPv6 jumbo": (whole(ip6(six, c6, s6), 0x86dd)[:18] + b"\0\0" + whole(ip6(six, c6, s6), 0x86dd)[20:], False),
        "version 6 in IPv4": (whole(ip(four, c4, s4))[:14] + b"\x65" + whole(ip(four, c4, s4))[15:], False),
        "length 24 of the IPv4 header": (whole(ip(four, c4, s4))[:14] + b"\x46" + whole(ip(four, c4, s4))[15:], False),
        "802.3 length": (whole(ip(four, c4, s4), proto=60), False),
        "ARP": (whole(bytes(46), proto=0x0806), False),
        "nothing": (b"\0" * 14, False),
        "from port 0": (whole(ip(xdp_place.udp_datagram(message, c4, s4, source_port=0), c4, s4)), False),
        "UDP longer than IP": (whole(ip(four[:4] + b"\x0f\xff" + four[6:], c4, s4)), False),
        "UDP shorter than IP": (whole(ip(four[:4] + b"\0\x14" + four[6:], c4, s4)), False),
        "cut off": (whole(ip(four, c4, s4))[:-10], False),
    }
    # A veth gives a short frame's memory to the program as it is: without this there may be no room for the answer.
    return {label: (data + bytes(100) if answered else data, answered) for label, (data, answered) in made.items()}


FRAME_QUERY = query("www.example.", "A", id=0x4711, edns=opt(1232))


@pytest.mark.parametrize("label", frames(FRAME_QUERY))
def test_frames(shared, label):
    hot = shared.place.udp(SERVER4)
    want = heat(shared, hot, query("www.example.", "A", edns=opt(1232)))
    assert want is not None
    data, by_kernel = frames(FRAME_QUERY)[label]
    before = shared.answered()
    with shared.place.raw() as sock:
        got = exchange(sock, data, 2 if by_kernel else 0.05)
    assert (shared.answered() - before == 1) == by_kernel
    if by_kernel:
        tags, _, _, _, port, message = got
        assert port == 4321 and message == FRAME_QUERY[:2] + want[2:]
        assert [tag for _, tag in tags] == [t for _, t in [(0x8100, int.from_bytes(data[14:16], "big"))] if data[12:14] in (b"\x81\0",)] or label == "two tags"


def test_answers_longer_than_their_frame(shared):
    """Where there is no room behind a frame the answer grows in front of it."""
    c4, s4, c6, s6 = packed(CLIENT4), packed(SERVER4), packed(CLIENT6), packed(SERVER6)
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    with shared.place.raw() as sock:
        for owner, rdtype in [("www.example.", "A"), ("cut.example.", "A"), ("x.cut.example.", "A"), ("mail.example.", "MX"), ("signed.example.", "DS")]:
            for edns in None, opt(1232):
                message = query(owner, rdtype, id=random.randrange(65536), edns=edns)
                want = heat(shared, hot, message)
                assert want == ask(plain, message)
                for padding in 0, 1, 2, 3, 7, 8, 9, len(want) - len(message), len(want) - len(message) - 1, len(want) - len(message) - 5:
                    before = shared.answered()
                    four = xdp_place.frame(xdp_place.ipv4(xdp_place.udp_datagram(message, c4, s4), c4, s4)) + bytes(max(padding, 0))
                    six = xdp_place.frame(xdp_place.ipv6(xdp_place.udp_datagram(message, c6, s6), c6, s6), 0x86dd) + bytes(max(padding, 0))
                    tagged = xdp_place.udp_datagram(message, packed(VLAN_CLIENT4), packed(VLAN4))
                    tagged = xdp_place.frame(xdp_place.ipv4(tagged, packed(VLAN_CLIENT4), packed(VLAN4)), tags=[(0x8100, VLAN_ID)]) + bytes(max(padding, 0))
                    for data in four, six, tagged:
                        parts = exchange(sock, data)
                        assert parts[5] == want and len(parts[0]) == (data is tagged), (owner, rdtype, padding)
                    assert shared.answered() == before + 3, (owner, rdtype, padding)
    assert shared.count("kernel.failed") == 0


@pytest.mark.parametrize("port", [1, 7, 19, 53, 123, 65535])
def test_spoofed_ports(shared, port):
    """What the sockets answer the kernel answers too; an answer has QR, so that no two servers talk for ever."""
    c4, s4 = packed(CLIENT4), packed(SERVER4)
    want = heat(shared, shared.place.udp(SERVER4), query("www.example.", "A"))
    with shared.place.raw() as sock:
        sock.settimeout(2)
        message = query("www.example.", "A", id=port)
        for query_bit in False, True:
            data = message if query_bit else message[:2] + bytes([message[2] | 0x80]) + message[3:]
            before = shared.answered()
            sock.send(xdp_place.frame(xdp_place.ipv4(xdp_place.udp_datagram(data, c4, s4, source_port=port), c4, s4)))
            while query_bit:
                got, outgoing = xdp_place.receive(sock)
                if not outgoing and got[12:14] == b"\x08\0" and got[34:36] == b"\0\x35":
                    parts = xdp_place.check_reply(got)
                    assert parts[4] == port and parts[5][2:] == want[2:]
                    break
            assert shared.answered() == before + query_bit


def test_checksums_of_every_length(shared):
    """Names, tails and pointers at even and odd offsets: the checksums hold each time (check_reply looks)."""
    c4, s4 = packed(CLIENT4), packed(SERVER4)
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    with shared.place.raw() as sock:
        for owner, rdtype in [("cut.example.", "A"), ("www.example.", "A"), ("odd.example.", "TXT"), ("text.example.", "TXT")]:
            for edns in None, opt(1232), opt(1232, flags=DO):
                assert heat(shared, hot, query(owner, rdtype, edns=edns)) is not None
                for extra in range(0, 40) if owner == "cut.example." else [0]:
                    name = ("x" * extra + "." if extra else "") + owner
                    message = query(name, rdtype, id=random.randrange(65536), edns=edns)
                    before = shared.answered()
                    parts = exchange(sock, xdp_place.frame(xdp_place.ipv4(xdp_place.udp_datagram(message, c4, s4), c4, s4)) + bytes(200))
                    assert shared.answered() == before + 1, (name, rdtype)
                    assert parts[5] == ask(plain, message), (name, rdtype)


def test_random_octets(shared):
    """Whatever comes: no crash, no wrong answer, nothing lost of what is right."""
    rng = random.Random(7)
    c4, s4, c6, s6 = packed(CLIENT4), packed(SERVER4), packed(CLIENT6), packed(SERVER6)
    hot, plain = shared.place.udp(SERVER4), shared.place.udp(SERVER4, 54)
    good = query("x.cut.example.", "A", edns=opt(1232))
    assert heat(shared, hot, good) is not None
    with shared.place.raw() as sock:
        for _ in range(3000):
            message = bytearray(good if rng.random() < 0.7 else rng.randbytes(rng.randrange(0, 200)))
            for _ in range(rng.randrange(0, 4)):
                if message:
                    message[rng.randrange(len(message))] = rng.randrange(256)
            message = bytes(message[:rng.randrange(len(message) + 1)] if rng.random() < 0.2 else message)
            if rng.random() < 0.5:
                data = xdp_place.frame(xdp_place.ipv4(xdp_place.udp_datagram(message, c4, s4, port=rng.choice([53, 53, 53, 54])), c4, s4))
            else:
                data = xdp_place.frame(xdp_place.ipv6(xdp_place.udp_datagram(message, c6, s6), c6, s6), 0x86dd)
            data = bytearray(data)
            if rng.random() < 0.5:
                data[rng.randrange(12, len(data))] ^= 1 << rng.randrange(8)
            data = bytes(data[:rng.randrange(14, len(data) + 1)] if rng.random() < 0.1 else data)
            sock.send(data)
    assert shared.count("kernel.failed") == 0
    assert ask(hot, good) == ask(plain, good)


# ---- content and life ----

def test_a_new_version_is_seen_at_once(place, started):
    hot = place.udp(SERVER4)
    for serial in range(2, 12):
        message = query("www.example.", "A", id=serial)
        assert heat(started, hot, message) is not None
        started.write_zone("example.", ZONE.replace("192.0.2.2\n", f"192.0.2.{100 + serial}\n", 1).replace("hostmaster 1 ", f"hostmaster {serial} "))
        started.control("zone-reload", name="example.")
        for _ in range(5):
            assert bytes([192, 0, 2, 100 + serial]) in ask(hot, message), serial


def test_published_while_asked(place, tmp_path):
    """Contents come and go while their names are asked all the time: once a version is published, nothing older is answered.
    Each answer tells the version that it was made of."""
    def text(version):
        high, low = divmod(version, 256)
        return rhizome.zone_text(version, f'v TXT "v={version:06}"\ncut NS ns.cut\nns.cut A 10.9.{high}.{low}\n' + (f"w{version % 7} A 192.0.2.9\n" if version % 3 else ""))

    def version_of(answer):
        found = re.search(rb"v=(\d{6})", answer)
        if found:
            return int(found[1])
        if answer[-4:-2] == b"\x0a\x09":
            return int.from_bytes(answer[-2:], "big")
        return int.from_bytes(answer[-20:-16], "big")       # SOA

    messages = [query("v.example.", "TXT"), query("x.cut.example.", "A"), query("Cut.example.", "AAAA"), query("example.", "SOA"), query("v.example.", "A")]
    with Server(place, tmp_path / "rhizd", zones={"example.": text(1)}).start() as server:
        published, wrong, asked, ends = [1], [], [0], threading.Event()

        def client(sock):
            while not ends.is_set():
                lowest = published[0]
                answers = ask_all(sock, messages * 4)
                asked[0] += len(answers)
                wrong.extend((lowest, a.hex()) for a in answers if a is not None and version_of(a) < lowest)

        socks = [place.udp(SERVER4) for _ in range(2)]
        threads = [threading.Thread(target=client, args=(sock,)) for sock in socks]
        learn(server, socks[0], messages)
        before = server.answered()
        for thread in threads:
            thread.start()
        try:
            rng, end, version = random.Random(5), time.monotonic() + 4, 1
            while time.monotonic() < end:
                version += 1
                server.write_zone("example.", text(version))
                server.control("zone-reload", name="example.")
                published[0] = version
                time.sleep(rng.choice([0, 0.002, 0.02, 0.06, 0.15]))
        finally:
            ends.set()
            for thread in threads:
                thread.join()
        by_kernel = server.answered() - before
        assert not wrong, wrong[:3]
        assert version > 10 and by_kernel > asked[0] / 20, (version, asked, by_kernel, server.numbers())


def test_reload_of_the_configuration(place, started):
    """A zone that only some may ask from now on, and one that is gone."""
    hot = place.udp(SERVER4)
    message = query("www.example.", "A")
    assert heat(started, hot, message) is not None
    started.write_config(started.text.replace('name: "example."', 'allow-query: [loopback], name: "example."'))
    started.control("reload")
    assert raw.rcode(ask(hot, message)) == 5
    assert heat(started, hot, message, 0.3) is None
    started.write_config(started.text)
    started.control("reload")
    assert heat(started, hot, message) is not None
    started.write_config(started.text.replace('name: "example."', 'name: "other."'))
    started.control("reload")
    assert raw.rcode(ask(hot, message)) == 5


def test_a_listener_that_goes(place, started):
    hot = place.udp(SERVER4)
    message = query("www.example.", "A")
    assert heat(started, hot, message) is not None
    started.write_config(started.text.replace(f'{{ address: "{SERVER4}@53", xdp: {place.far} }}', f'"{SERVER4}@53"'))
    started.control("reload")
    before = started.answered()
    for _ in range(20):
        ask(hot, message)
        time.sleep(0.02)
    assert started.answered() == before


def test_a_listener_that_goes_before_zones_are_loaded(place, started, tmp_path):
    """Sockets change first, and with them what the kernel answers for; loading takes its time."""
    large = tmp_path / "large.zone"
    large.write_text(rhizome.zone_text(1, "".join(f"n{i} A 192.0.2.1\n" for i in range(150000))))
    hot, kept, message = place.udp(SERVER4), place.udp(SERVER6), query("www.example.", "A")
    for sock in hot, kept:
        assert heat(started, sock, message) is not None
    names = ["kernel.answered4", "kernel.answered6"]
    text = started.text.replace(f'{{ address: "{SERVER4}@53", xdp: {place.far} }}', f'"{SERVER4}@53"')
    started.write_config(text.replace("zones:\n", f'zones:\n  - {{ name: "large.", file: "{large}" }}\n'))
    reload = threading.Thread(target=lambda: started.control("reload"))
    seen = []
    reload.start()
    while reload.is_alive():
        before = [started.count(name) for name in names]
        ask(hot, message)
        ask(kept, message)
        after = [started.count(name) for name in names]
        seen.append(tuple(b - a for a, b in zip(before, after)))
    reload.join()
    assert len(seen) > 10, seen
    # The first few are before the change, the last few after the setup was swapped.
    middle = seen[len(seen) // 3:-len(seen) // 3]
    assert sum(four for four, _ in middle) == 0 and sum(six for _, six in middle) > len(middle) / 2, seen
    assert heat(started, kept, message) is not None


def test_an_interface_made_anew(keeper, tmp_path):
    """Its name is the old one's, but no program hangs on it: a reload says so, and its sockets answer."""
    keeper.stop()
    place = keeper.place
    with Server(place, tmp_path / "rhizd").start() as server:
        message = query("www.example.", "A")
        assert heat(server, place.udp(SERVER4), message) is not None
        place.link_anew()
        assert "takes effect at the next start" in str(server.control("reload"))
        assert "one made anew is another" in server.log and not place.attached()
        assert heat(server, place.udp(SERVER4), message, 0.3) is None
    with Server(place, tmp_path / "again").start() as server:
        assert heat(server, place.udp(SERVER4), message) is not None


def test_counters(shared):
    hot = shared.place.udp(SERVER6)
    message = query("x.cut.example.", "AAAA", edns=opt(1232, flags=DO))
    assert heat(shared, hot, message) is not None
    names = ["queries.udp6", "responses.udp6", "outcome.referral", "edns", "dnssec_ok", "type.AAAA", "rcode.NOERROR"]
    before, by_kernel, by_sockets = [shared.count(name) for name in names], shared.answered(), shared.count("udp.received")
    for _ in range(7):
        ask(hot, message)
    assert shared.answered() - by_kernel + shared.count("udp.received") - by_sockets == 7
    assert [shared.count(name) - value for name, value in zip(names, before)] == [7] * len(names)
    zones = {z["name"]: z for z in shared.control("stats", zones=True)["zones"]}
    assert zones["example."]["counters"]["referrals"] >= 7


def test_rate_limits(place, tmp_path):
    """A second's worth for a network from the kernel; what is over is charged too, so a flood gets no more there, and the sockets, which
    count for themselves, give another second's worth and drop the rest."""
    limits = "limits: { rrl: { responses-per-second: 10, slip: 0, exempt: [loopback] } }\n"
    with Server(place, tmp_path / "rhizd", more=limits).start() as server:
        socks, message = [place.udp(address) for address in (SERVER4, SERVER6)], query("www.example.", "A")
        for sock in socks:
            assert heat(server, sock, message) is not None
            sock.settimeout(0.01)
        time.sleep(1.1)
        names = ["kernel.answered4", "kernel.answered6"]
        before, got, started, sent = [server.count(name) for name in names], [0, 0], time.monotonic(), 0
        while time.monotonic() < started + 2:
            sent += 1
            for index, sock in enumerate(socks):
                sock.send(message)
                try:
                    sock.recv(4096)
                    got[index] += 1
                except socket.timeout:
                    pass
        by_kernel = [server.count(name) - value for name, value in zip(names, before)]
        for index in 0, 1:
            assert sent > 60 and 5 <= by_kernel[index] <= 15 and got[index] <= 30, (sent, by_kernel, got)
        assert server.count("kernel.passed.limited") >= 2 * sent - sum(by_kernel) - 5 and server.count("rrl.dropped") > 0


def test_kill_leaves_nothing(place, tmp_path):
    server = Server(place, tmp_path / "rhizd").start()
    assert place.attached()
    assert resource.prlimit(server.process.pid, resource.RLIMIT_MEMLOCK) == resource.getrlimit(resource.RLIMIT_MEMLOCK)
    server.kill()
    end = time.monotonic() + 10
    while place.attached() and time.monotonic() < end:
        time.sleep(0.05)
    assert not place.attached()
    with Server(place, tmp_path / "again").start() as again:
        assert heat(again, place.udp(SERVER4), query("www.example.", "A")) is not None
    assert not place.attached()


def refused(place, folder, old="", new="", **options):
    server = Server(place, folder, **options)
    server.write_config(server.text.replace(old, new) if old else server.text)
    server.start(ready=False)
    server.wait_end(expect=1)
    return server.log


def test_refusals(place, tmp_path):
    assert "no such interface" in refused(place, tmp_path / "1", place.far, "nothere")
    assert "no Ethernet" in refused(place, tmp_path / "2", place.far, "lo") or True
    assert "sample" in refused(place, tmp_path / "3", server=f"  dnstap: {{ socket: {tmp_path}/tap }}\n")
    run = subprocess.run(["ip", "-n", place.server, "link", "set", place.far, "xdpdrv", "obj", str(place.folder / "pass.o"), "sec", "xdp"], check=False)
    assert run.returncode == 0
    try:
        assert "another XDP program" in refused(place, tmp_path / "4")
    finally:
        subprocess.run(["ip", "-n", place.server, "link", "set", place.far, "xdpdrv", "off"], check=True)
    with Server(place, tmp_path / "first").start() as first:
        again = Server(place, tmp_path / "second")
        for port in "53", "54":
            again.text = again.text.replace(f"@{port}\"", f"@1{port}\"")
        again.write_config(again.text)
        again.start(ready=False)
        again.wait_end(expect=1)
        assert "another XDP program" in again.log
        assert heat(first, place.udp(SERVER4), query("www.example.", "A")) is not None
    if not place.has_vlans:
        warnings.warn("VLAN DEVICES: this kernel has none, so their refusal is not tested")
        return
    subprocess.run(["ip", "netns", "exec", place.server, "ethtool", "-K", place.far, "rxvlan", "on"], check=True)
    try:
        assert "VLAN" in refused(place, tmp_path / "5")
    finally:
        subprocess.run(["ip", "netns", "exec", place.server, "ethtool", "-K", place.far, "rxvlan", "off"], check=True)
