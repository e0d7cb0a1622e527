# SPDX-License-Identifier: Apache-2.0
"""Answers inside the kernel: two namespaces, a veth pair, native XDP.  Whatever the kernel answers is, octet by octet, what
the sockets answer; what it should not answer it leaves to them; and it is gone with the process."""
import random
import re
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
    """Ten a second for a network, from the kernel; what is over the sockets count, and drop."""
    limits = "limits: { rrl: { responses-per-second: 10, slip: 0, exempt: [loopback] } }\n"
    with Server(place, tmp_path / "rhizd", more=limits).start() as server:
        hot, message = place.udp(SERVER4), query("www.example.", "A")
        assert heat(server, hot, message) is not None
        hot.settimeout(0.01)
        time.sleep(1.1)
        before, got, started, sent = server.answered(), 0, time.monotonic(), 0
        while time.monotonic() < started + 2:
            hot.send(message)
            sent += 1
            try:
                hot.recv(4096)
                got += 1
            except socket.timeout:
                pass
        by_kernel = server.answered() - before
        assert sent > 100 and 10 <= by_kernel <= 10 * 4 and got <= 2 * 10 * 4
        assert server.count("kernel.passed.limited") >= sent - by_kernel - 5 and server.count("rrl.dropped") > 0


def test_kill_leaves_nothing(place, tmp_path):
    server = Server(place, tmp_path / "rhizd").start()
    assert place.attached()
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
    if not place.has_vlans:
        warnings.warn("VLAN DEVICES: this kernel has none, so their refusal is not tested")
        return
    subprocess.run(["ip", "netns", "exec", place.server, "ethtool", "-K", place.far, "rxvlan", "on"], check=True)
    try:
        assert "VLAN" in refused(place, tmp_path / "5")
    finally:
        subprocess.run(["ip", "netns", "exec", place.server, "ethtool", "-K", place.far, "rxvlan", "off"], check=True)
