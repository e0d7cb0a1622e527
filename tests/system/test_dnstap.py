# SPDX-License-Identifier: Apache-2.0
"""dnstap: what fstrm_capture takes from us, decoded here by the rules of Frame Streams and protobuf, is what was asked and
answered, octet by octet."""
import os
import shutil
import socket
import struct
import subprocess
import time

import pytest

import raw
from raw import opt, query
from rhizome import zone_text

CONTENT_TYPE = b"protobuf:dnstap.Dnstap"


def frames(data):
    """The data frames of a Frame Streams file; asserts START with the content type, and STOP."""
    def word(at):
        return struct.unpack("!I", data[at:at + 4])[0]
    assert word(0) == 0 and word(8) == 2, "START"
    end = 8 + word(4)
    assert word(12) == 1 and data[20:20 + word(16)] == CONTENT_TYPE
    out, at, stopped = [], end, False
    while at < len(data):
        length = word(at)
        if length == 0:
            stopped = word(at + 8) == 3
            at += 8 + word(at + 4)
            continue
        out.append(data[at + 4:at + 4 + length])
        at += 4 + length
    assert at == len(data) and stopped
    return out


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """{field number: value} of a protobuf message."""
    out, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        elif kind == 5:
            value, at = struct.unpack("<I", data[at:at + 4])[0], at + 4
        else:
            raise AssertionError(f"wire type {kind}")
        assert key >> 3 not in out
        out[key >> 3] = value
    return out


class Capture:
    def __init__(self, folder, number=0):
        self.socket = f"/tmp/rhiz-tap-{os.getpid()}-{number}.sock"
        self.file = folder / f"capture{number}.fstrm"
        self.process = None

    def start(self):
        self.process = subprocess.Popen([shutil.which("fstrm_capture"), "-t", CONTENT_TYPE.decode(), "-u", self.socket, "-w", str(self.file)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            if os.path.exists(self.socket):
                return self
            time.sleep(0.01)
        raise AssertionError("fstrm_capture did not start")

    def stop(self):
        """Messages that were captured."""
        self.process.terminate()
        self.process.wait(10)
        self.process = None
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        out = []
        for frame in frames(self.file.read_bytes()):
            outer = fields(frame)
            assert outer[15] == 1                       # MESSAGE
            out.append((outer, fields(outer[14])))
        return out


@pytest.fixture
def capture(tmp_path):
    c = Capture(tmp_path)
    yield c
    if c.process is not None:
        c.process.kill()
        c.process.wait()


def written(server):
    return server.control("stats")["counters"]["dnstap.written"]


def connected(server, times=1):
    server.wait_for(lambda: server.log.count("dnstap connected") >= times, 20, "dnstap to connect")


@pytest.mark.tsan
def test_what_is_captured(rhizd, capture):
    capture.start()
    server = rhizd(zones={"example.": zone_text(1, "www 300 A 192.0.2.80\n")}, server=f'nsid: "ns1.test"\ndnstap: {{ socket: "{capture.socket}" }}')
    connected(server)
    before = time.time()
    pairs = []
    with raw.Udp(server.port) as udp:
        udp_port = udp.socket.getsockname()[1]
        for message in (query("www.example.", id=1), query("nx.example.", id=2, edns=opt()), query("other.test.", id=3), raw.header(qd=2, id=4)):
            pairs.append((message, udp.exchange(message)))
        silent = query(id=5, flags=raw.QR)
        udp.socket.send(silent)
    with raw.Tcp(server.port) as tcp:
        tcp_port = tcp.socket.getsockname()[1]
        over_tcp = query("www.example.", id=6)
        pairs.append((over_tcp, tcp.ask(over_tcp)))
    server.wait_for(lambda: written(server) >= 6, 10)
    server.stop()
    got = capture.stop()
    queries = {m[10]: (outer, m) for outer, m in got if m[1] == 1}
    answers = {m[10 if 10 in m and 14 not in m else 14]: (outer, m) for outer, m in got if m[1] == 2}
    assert len(queries) == 6 and len(answers) == 5
    for asked, answered in pairs:
        for outer, m in (queries[asked], answers[answered]):
            assert outer[1] == b"ns1.test" and b"0.1" in outer[2]
            assert m[2] == 1 and m[3] == (2 if asked is over_tcp else 1)
            assert m[4] == m[5] == socket.inet_aton("127.0.0.1")
            assert m[6] == (tcp_port if asked is over_tcp else udp_port) and m[7] == server.port
            assert before - 1 <= m[8] <= time.time() + 1 and m[9] < 10**9
        assert (answers[answered][1][12], answers[answered][1][13]) >= (m[8], m[9])
    assert silent in queries


@pytest.mark.tsan
def test_listener_comes_late_and_goes(rhizd, capture, tmp_path):
    """The server answers all the time; it connects when there is somebody."""
    server = rhizd(zones={"example.": zone_text(1)}, server=f'dnstap: {{ socket: "{capture.socket}", identity: other }}')
    assert server.query("example.", "SOA").answer
    capture.start()
    connected(server)
    server.query("example.", "SOA")
    server.wait_for(lambda: written(server) >= 1, 10)
    first = capture.stop()
    assert first and all(outer[1] == b"other" for outer, _ in first)
    for _ in range(50):
        assert server.query("example.", "SOA").answer
    second = Capture(tmp_path, 1)
    second.socket = capture.socket
    second.start()
    connected(server, 2)
    done = written(server)
    server.query("ns1.example.", "A")
    server.wait_for(lambda: written(server) > done, 10)
    server.stop()
    assert any(b"\3ns1\7example" in m.get(10, b"") for _, m in second.stop())


@pytest.mark.tsan
def test_listener_that_stalls(rhizd):
    """One that takes nothing: answers go on as before, events are dropped and counted."""
    path = f"/tmp/rhiz-tap-{os.getpid()}-stall.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(path)
        listener.listen(1)
        try:
            server = rhizd(zones={"example.": zone_text(1, "big 300 TXT " + '"x" ' * 400 + "\n")}, server=f'dnstap: {{ socket: "{path}", ring: 64K }}')
            with raw.Tcp(server.port) as tcp:
                for turn in range(20):
                    tcp.send(*(query("big.example.", "TXT", id=i) for i in range(50)))
                    assert all(tcp.receive() for _ in range(50))
            server.wait_for(lambda: server.control("stats")["counters"]["dnstap.dropped"] > 100, 20)
            start = time.monotonic()
            server.stop()
            assert time.monotonic() - start < 15
        finally:
            os.unlink(path)


def test_sample_and_file(rhizd, tmp_path):
    path = tmp_path / "tap.fstrm"
    server = rhizd(zones={"example.": zone_text(1)}, workers=1, server=f'dnstap: {{ file: "{path}", sample: 10 }}')
    with raw.Udp(server.port) as udp:
        for i in range(200):
            assert udp.exchange(query("example.", "SOA", id=i))
    server.wait_for(lambda: written(server) >= 20, 10)
    server.stop()
    messages = [fields(fields(f)[14]) for f in frames(path.read_bytes())]
    assert len([m for m in messages if m[1] == 1]) == 20 and len([m for m in messages if m[1] == 2]) == 20
