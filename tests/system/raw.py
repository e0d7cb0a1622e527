# SPDX-License-Identifier: Apache-2.0
"""Messages octet by octet, and sockets that show silence, order and the end of a stream."""
import select
import socket
import struct
import time

import dns.message
import dns.name
import dns.rdatatype

ADDRESS = "127.0.0.1"
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
QUERY, STATUS, NOTIFY, UPDATE = 0, 2, 4, 5
OPT = 41
NSID, ECS, EXPIRE, COOKIE, KEEPALIVE, PADDING, ZONEVERSION = 3, 8, 9, 10, 11, 12, 19


def name(text):
    return dns.name.from_text(text).to_wire()


def question(owner, rdtype="A", rdclass=1):
    return name(owner) + struct.pack("!HH", dns.rdatatype.from_text(rdtype), rdclass)


def header(id=0x1234, flags=0, opcode=QUERY, qd=1, an=0, ns=0, ar=0):
    return struct.pack("!6H", id, flags | opcode << 11, qd, an, ns, ar)


def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def opt(payload=1232, version=0, flags=0, options=b"", extended=0, owner=b"\0", length=None):
    return owner + struct.pack("!HHBBHH", OPT, payload, extended, version, flags, len(options) if length is None else length) + options


def query(owner="www.example.", rdtype="A", rdclass=1, id=0x1234, flags=0, opcode=QUERY, edns=None):
    """edns: the octets of an OPT record."""
    return header(id, flags, opcode, ar=edns is not None) + question(owner, rdtype, rdclass) + (edns or b"")


def rcode(data):
    """The whole 12-bit code."""
    code = data[3] & 15
    if data[10:12] == b"\0\0":
        return code
    # Of the answers looked at here OPT is the only additional record where the code needs it; dnspython refuses odd opcodes.
    at = data.rfind(b"\0\0\x29", 12)
    return code | data[at + 5] << 4 if at >= 0 else code


def flags(data):
    return struct.unpack("!H", data[2:4])[0]


def options(data):
    """{code: octets} of the OPT record of an answer; None without OPT."""
    message = dns.message.from_wire(data)
    if message.edns < 0:
        return None
    return {int(o.otype): o.to_wire() for o in message.options}


PROBE_ID = 0xbeef


class Udp:
    def __init__(self, port, source=ADDRESS, family=socket.AF_INET, to=ADDRESS):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect((to, port))

    def ask(self, data, probe=None, seconds=10):
        """The answer; None when a probe sent behind it is answered and it is not: what a client sends from one socket goes to
        one worker, in order."""
        probe = probe or query("example.", "SOA", id=PROBE_ID)
        for _ in range(4):
            self.socket.send(data)
            self.socket.send(probe)
            answer, end = None, time.monotonic() + seconds / 4
            while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                got = self.socket.recv(65535)
                if got[:2] != struct.pack("!H", PROBE_ID):
                    answer = got
                    continue
                return answer
        raise AssertionError("the probe was not answered")

    def exchange(self, data, seconds=5, tries=4):
        for _ in range(tries):
            self.socket.send(data)
            if select.select([self.socket], [], [], seconds)[0]:
                return self.socket.recv(65535)
        return None

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Tcp:
    def __init__(self, port, source=ADDRESS, seconds=30, receive_buffer=None, to=ADDRESS):
        self.socket = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.bind((source, 0))
        self.socket.connect((to, port))
        self.data = b""

    def send(self, *messages):
        self.socket.sendall(b"".join(struct.pack("!H", len(m)) + m for m in messages))

    def raw(self, data):
        self.socket.sendall(data)

    def fill(self, count):
        while len(self.data) < count:
            got = self.socket.recv(65536)
            if not got:
                return False
            self.data += got
        return True

    def receive(self):
        """One message; None at the end of the stream (or a reset)."""
        try:
            if not self.fill(2):
                return None
            length = struct.unpack("!H", self.data[:2])[0]
            if not self.fill(2 + length):
                return None
        except ConnectionResetError:
            return None
        message, self.data = self.data[2:2 + length], self.data[2 + length:]
        return message

    def ask(self, message):
        self.send(message)
        return self.receive()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
