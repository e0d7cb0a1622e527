# SPDX-License-Identifier: Apache-2.0
"""TCP as RFC 7766 wants it, and as clients abuse it."""
import resource
import socket
import struct
import time

import dns.message
import pytest

import build
import raw
from raw import opt, option, query
from rhizome import Rhizd, zone_text

ZONE = zone_text(extra="www 300 A 192.0.2.80\n* 300 A 192.0.2.99\nbig 300 TXT " + " ".join(f'"{i:0200d}"' for i in range(250)) + "\n")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Rhizd(tmp_path_factory.mktemp("tcp"), zones={"example.": ZONE}) as s:
        yield s


def ids(messages):
    return sorted(struct.unpack("!H", m[:2])[0] for m in messages)


@pytest.mark.tsan
@pytest.mark.parametrize("count", [2, 100, 1000])
def test_pipelining(server, count):
    with raw.Tcp(server.port) as tcp:
        tcp.send(*(query(f"n{i}.example.", id=i) for i in range(count)))
        got = [tcp.receive() for _ in range(count)]
    assert ids(got) == list(range(count))
    for message in got:
        reply = dns.message.from_wire(message)
        assert reply.answer[0].name.to_text() == f"n{reply.id}.example."        # each answer to its own question


@pytest.mark.tsan
def test_octet_by_octet(server):
    with raw.Tcp(server.port) as tcp:
        for octet in struct.pack("!H", len(query())) + query():
            tcp.raw(bytes([octet]))
            time.sleep(0.002)
        assert raw.rcode(tcp.receive()) == 0
        both = b"".join(struct.pack("!H", len(query(id=i))) + query(id=i) for i in (1, 2))
        for cut in (1, 2, 3, len(both) // 2, len(both) // 2 + 1, len(both) - 1):        # segments end anywhere
            tcp.raw(both[:cut])
            time.sleep(0.002)
            tcp.raw(both[cut:])
            assert ids([tcp.receive(), tcp.receive()]) == [1, 2]


def padded(total, id=7):
    """A query of exactly that many octets: EDNS padding (RFC 7830)."""
    bare = query(id=id, edns=opt())
    return query(id=id, edns=opt(options=option(raw.PADDING, b"\0" * (total - len(bare) - 4))))


@pytest.mark.tsan
def test_longest_messages(server):
    with raw.Tcp(server.port) as tcp:
        for total in (1000, 16384, 65534, 65535):
            message = padded(total)
            assert len(message) == total
            assert raw.rcode(tcp.ask(message)) == 0
        tcp.send(*(padded(65535, i) for i in range(20)))            # and many at once
        assert ids([tcp.receive() for _ in range(20)]) == list(range(20))
        noise = b"\0\7\0\0\xff\xff\xff\xff\xff\xff\xff\xff" + b"\xc0\x0c" * 32761 + b"\0"
        assert len(noise) == 65535
        got = tcp.ask(noise)
        assert got is not None and raw.rcode(got) == 1


def test_many_records(server):
    """65,535 octets full of tiny records, and full of pointers: bounded work (CVE-2023-4408)."""
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 0)
    start = time.monotonic()
    with raw.Tcp(server.port) as tcp:
        count = (65535 - len(query())) // len(record)
        for section in ("an", "ns", "ar"):
            body = query()[12:] + record * count
            for _ in range(5):
                assert tcp.ask(raw.header(**{section: count}) + body) is not None
    assert time.monotonic() - start < 15 * (1 if build.SANITIZED else 0.05) + 1


@pytest.mark.parametrize("length", [0, 1, 11])
def test_shorter_than_a_header(server, length):
    """Nothing to answer to; the server may close or go on, but not answer."""
    with raw.Tcp(server.port) as tcp:
        tcp.send(b"\0" * length, query(id=9))
        got = tcp.receive()
        assert got is None or got[:2] == b"\0\x09"


@pytest.mark.tsan
def test_half_close(server):
    """RFC 7766 6.2.4: the client that closes its side early still gets what it asked for, then the end."""
    with raw.Tcp(server.port) as tcp:
        tcp.send(*(query(id=i) for i in range(50)))
        tcp.half_close()
        assert ids([tcp.receive() for _ in range(50)]) == list(range(50))
        assert tcp.receive() is None
    with raw.Tcp(server.port) as tcp:
        tcp.send(query("big.example.", "TXT"))
        tcp.half_close()
        assert len(tcp.receive()) > 49000
        assert tcp.receive() is None
    with raw.Tcp(server.port) as tcp:                   # half a message, then nothing: no answer, the end
        tcp.raw(b"\0\x20abc")
        tcp.half_close()
        assert tcp.receive() is None


def test_big_answers_pipelined(server):
    with raw.Tcp(server.port, receive_buffer=4096) as tcp:
        tcp.send(*(query("big.example.", "TXT", id=i) for i in range(60)))
        time.sleep(0.3)                                 # the server's buffers are full by now: it waits for the reader
        got = [tcp.receive() for _ in range(60)]
    assert ids(got) == list(range(60)) and min(map(len, got)) > 49000


@pytest.mark.tsan
def test_gone_clients(server):
    """Reset in the middle of questions and of answers."""
    for linger in (True, False):
        for message in (query(), query("big.example.", "TXT"), padded(65535)):
            for cut in (1, 5, None):
                tcp = raw.Tcp(server.port)
                data = struct.pack("!H", len(message)) + message
                tcp.raw((data * 5)[:cut])
                if linger:
                    tcp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                tcp.close()
    assert server.query("www.example.", "A", tcp=True).answer


# ---- limits ----

def closes_within(tcp, seconds):
    tcp.socket.settimeout(seconds)
    start = time.monotonic()
    try:
        assert tcp.receive() is None
    except socket.timeout:
        raise AssertionError(f"still open after {seconds} s")
    return time.monotonic() - start


@pytest.mark.tsan
def test_idle(rhizd):
    server = rhizd(zones={"example.": ZONE}, server="tcp: { idle: 600ms, write-timeout: 600ms }")
    silent, talking, half = (raw.Tcp(server.port) for _ in range(3))
    half.raw(b"\0\x20abc")
    for i in range(6):                                  # one that asks now and then stays
        assert talking.ask(query(id=i))
        time.sleep(0.3)
    assert closes_within(silent, 3) < 1
    assert closes_within(half, 3) < 1
    assert 0.2 < closes_within(talking, 10) < 5
    keepalive = raw.Tcp(server.port)
    got = keepalive.ask(query(edns=opt(options=option(raw.KEEPALIVE))))
    assert raw.options(got)[raw.KEEPALIVE] == struct.pack("!H", 6)


def test_dribble(rhizd):
    """Slowloris: a question that never ends, an octet now and then, does not keep a connection open."""
    server = rhizd(zones={"example.": ZONE}, server="tcp: { idle: 500ms }")
    with raw.Tcp(server.port) as tcp:
        tcp.raw(b"\xff\xff")
        start = time.monotonic()
        try:
            while time.monotonic() - start < 20:
                tcp.raw(b"x")
                time.sleep(0.2)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - start < 15


@pytest.mark.tsan
def test_slow_reader(rhizd):
    server = rhizd(zones={"example.": ZONE}, server="tcp: { idle: 20s, write-timeout: 500ms }")
    with raw.Tcp(server.port, receive_buffer=4096) as tcp:
        tcp.send(*(query("big.example.", "TXT", id=i) for i in range(500)))     # 25 MB of answers
        server.wait_for(lambda: server.control("stats")["counters"]["tcp.slow_closed"] == 1, 20)
        count = 0
        while tcp.receive() is not None:
            count += 1
        assert count < 500


def test_connections_in_all(rhizd):
    server = rhizd(zones={"example.": ZONE}, server="tcp: { clients: 40 }")
    open_ones = [raw.Tcp(server.port) for _ in range(60)]
    answered = 0
    for tcp in open_ones:
        tcp.socket.settimeout(2)
        try:
            tcp.send(query())
            answered += tcp.receive() is not None
        except (ConnectionResetError, BrokenPipeError, socket.timeout):
            pass
    assert 30 <= answered <= 40
    assert server.query("www.example.", "A").answer     # UDP goes on
    for tcp in open_ones:
        tcp.close()
    server.wait_for(lambda: server.query("www.example.", "A", tcp=True).answer, 10)


def test_many_connections_of_one_network(rhizd):
    """Behind a trusted proxy the client that it names counts, and is not on the loopback."""
    server = rhizd(zones={"example.": ZONE}, config="""version: 1
server:
  listen: [{ address: "127.0.0.1@{port}", proxy-from: ["127.0.0.1"] }]
  state: "{folder}/state"
  control: "{control}"
  tcp: { per-network: 5 }
zones: [{ name: example, file: "{folder}/example.zone" }]
""")
    def connect(address):
        tcp = raw.Tcp(server.port)
        tcp.socket.settimeout(3)
        tcp.raw(proxy_header(address, 4711, "192.0.2.53", 53, tcp=True))
        try:
            return tcp, tcp.ask(query()) is not None
        except (ConnectionResetError, BrokenPipeError):
            return tcp, False
    first = [connect(f"198.51.100.{i}") for i in range(8)]
    assert [good for _, good in first].count(True) == 5
    assert connect("203.0.113.1")[1], "another network"
    for tcp, _ in first:
        tcp.close()
    server.wait_for(lambda: connect("198.51.100.99")[1], 10)


def proxy_header(source, source_port, to, to_port, tcp=False):
    """PROXY protocol, version 2."""
    addresses = socket.inet_aton(source) + socket.inet_aton(to) + struct.pack("!HH", source_port, to_port)
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11 if tcp else 0x12]) + struct.pack("!H", len(addresses)) + addresses


# ---- out of order ----

def delayed(ms, id, label="x"):
    return query(f"delay-{ms}.{label}.example.", id=id)


@pytest.mark.tsan
@build.needs_delay
def test_overtaken(server):
    """RFC 7766 6.2.1.1: a slow answer does not hold up those behind it."""
    with raw.Tcp(server.port) as tcp:
        tcp.send(delayed(700, 1), delayed(350, 2), query(id=3))
        got = [struct.unpack("!H", tcp.receive()[:2])[0] for _ in range(3)]
    assert got == [3, 2, 1]


@pytest.mark.tsan
@build.needs_delay
def test_overtaken_with_a_reload_between(rhizd):
    """Three parked exchanges, a reload while they wait: they answer from the new version, being looked up again; what was
    answered before the reload came from the old one; no answer is lost, on that connection or over UDP."""
    server = rhizd(zones={"example.": zone_text(1, "* 300 TXT one\n")})
    texts = {}

    def take(tcp):
        reply = dns.message.from_wire(tcp.receive())
        texts[reply.id] = reply.answer[0][0].strings[0].decode()
        return reply.id

    def ask(ms, id):
        return query(f"delay-{ms}.example." if ms else "now.example.", "TXT", id=id)
    with raw.Tcp(server.port) as tcp, raw.Udp(server.port) as udp:
        start = time.monotonic()
        udp.socket.send(ask(2000, 9))
        tcp.send(ask(2600, 1), ask(2300, 2), ask(2000, 3), ask(0, 4))
        assert take(tcp) == 4
        server.write_zone("example.", zone_text(2, "* 300 TXT two\n"))
        server.control("reload")
        assert time.monotonic() - start < 1.9, "the reload took so long that it was not between"
        tcp.send(ask(0, 5))
        order = [take(tcp) for _ in range(4)]
        udp_reply = dns.message.from_wire(udp.socket.recv(4096))
    assert order == [5, 3, 2, 1]
    assert texts == {4: "one", 5: "two", 3: "two", 2: "two", 1: "two"}
    assert udp_reply.id == 9 and udp_reply.answer[0][0].strings[0] == b"two"


@pytest.mark.tsan
@build.needs_delay
def test_gone_while_parked(server):
    for _ in range(20):
        with raw.Tcp(server.port) as tcp:
            tcp.send(*(delayed(100, i) for i in range(20)))
    with raw.Tcp(server.port) as tcp:                   # half closed: parked ones are still answered
        tcp.send(delayed(200, 1), delayed(100, 2))
        tcp.half_close()
        assert [raw.rcode(tcp.receive()) for _ in range(2)] == [0, 0]
        assert tcp.receive() is None
    time.sleep(0.3)
    assert server.query("www.example.", "A").answer


@pytest.mark.tsan
@build.needs_delay
def test_stopped_while_parked(rhizd):
    """A stop ends well whatever waits."""
    server = rhizd(zones={"example.": ZONE})
    with raw.Tcp(server.port) as tcp, raw.Udp(server.port) as udp:
        tcp.send(*(delayed(30000, i) for i in range(3)))
        udp.socket.send(delayed(30000, 4))
        assert server.query("www.example.", "A", tcp=True).answer
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 20


# ---- memory ----

def test_idle_connections_are_cheap(rhizd):
    """At most 2 KiB of ours for an idle connection (the kernel's part is not counted)."""
    count = 1000 if build.SANITIZED else 10000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 200:
        pytest.skip(f"at most {hard} open files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    try:
        server = rhizd(zones={"example.": ZONE}, server="tcp: { clients: 20000, idle: 300s }")

        def connect():
            tcp = raw.Tcp(server.port)
            assert tcp.ask(query()) is not None         # each has been used once
            return tcp
        warm = [connect() for _ in range(100)]
        before = server.memory()
        held = [connect() for _ in range(count)]
        time.sleep(0.5)
        each = (server.memory() - before) / count
        print(f"\n{count} idle connections: {each:.0f} octets each")
        assert server.query("www.example.", "A").answer and server.query("www.example.", "A", tcp=True).answer
        for tcp in warm + held:
            tcp.close()
        if not build.SANITIZED:
            assert each <= 2048
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
