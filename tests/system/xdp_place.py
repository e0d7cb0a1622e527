# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a veth pair: the server lives in one, sockets and raw frames of the test in the other.

The client's end has an XDP program of its own that passes everything on: without one, a veth drops what the other end sends
back with XDP_TX.
"""
import contextlib
import ctypes
import os
import platform
import shutil
import socket
import struct
import subprocess

CLIENT4, SERVER4, CLIENT6, SERVER6 = "10.78.0.1", "10.78.0.2", "fd00:78::1", "fd00:78::2"
VLAN4, VLAN_CLIENT4, VLAN_ID = "10.79.0.2", "10.79.0.1", 42
CLIENT_MAC, SERVER_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
PASS_PROGRAM = '#include <linux/bpf.h>\n__attribute__((section("xdp"), used)) int pass(struct xdp_md *c) { (void)c; return XDP_PASS; }\n'
CLONE_NEWNET = 0x40000000
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 1 << 4


def missing():
    """Why it cannot be tested here; None: it can."""
    if os.geteuid() != 0:
        return "needs root"
    for tool in "ip", "ethtool", "clang":
        if not shutil.which(tool):
            return f"needs {tool}"
    probe = subprocess.run(["ip", "netns", "add", f"rhizome-probe-{os.getpid()}"], capture_output=True, text=True)
    if probe.returncode:
        return f"no network namespaces: {probe.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", f"rhizome-probe-{os.getpid()}"], check=False)
    return None


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.client, self.server = f"rhizome-c-{os.getpid()}", f"rhizome-s-{os.getpid()}"
        self.near, self.far = f"rzc{os.getpid()}", f"rzs{os.getpid()}"

    def __enter__(self):
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _open(self):
        for name in self.client, self.server:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        source, program = self.folder / "pass.c", self.folder / "pass.o"
        source.write_text(PASS_PROGRAM)
        run("clang", "-O2", "-target", "bpf", f"-I/usr/include/{platform.machine()}-linux-gnu", "-c", source, "-o", program)
        self._link()

    def link_anew(self):
        """The pair is deleted and made again, under the same names and addresses."""
        run("ip", "-n", self.server, "link", "del", self.far)
        self._link()

    def _link(self):
        run("ip", "link", "add", self.near, "netns", self.client, "type", "veth", "peer", "name", self.far, "netns", self.server)
        for namespace, device, mac, four, six in ((self.client, self.near, CLIENT_MAC, CLIENT4, CLIENT6), (self.server, self.far, SERVER_MAC, SERVER4, SERVER6)):
            run("ip", "netns", "exec", namespace, "ethtool", "-K", device, "rxvlan", "off", "txvlan", "off")
            run("ip", "-n", namespace, "link", "set", device, "address", mac.hex(":"), "up")
            run("ip", "-n", namespace, "addr", "add", f"{four}/24", "dev", device)
            run("ip", "-n", namespace, "addr", "add", f"{six}/64", "dev", device, "nodad")
        # The sockets' own answers come with whole checksums; the client's questions from sockets do not, as between containers.
        run("ip", "netns", "exec", self.server, "ethtool", "-K", self.far, "tx", "off")
        # Tagged frames are sent and read as octets: not every kernel has VLAN devices.
        run("ip", "-n", self.server, "addr", "add", f"{VLAN4}/24", "dev", self.far)
        self.has_vlans = subprocess.run(["ip", "-n", self.server, "link", "add", "link", self.far, "name", "tagged", "type", "vlan", "id", str(VLAN_ID)],
                                        capture_output=True, check=False).returncode == 0
        run("ip", "-n", self.client, "link", "set", self.near, "xdpdrv", "obj", self.folder / "pass.o", "sec", "xdp")

    def __exit__(self, *unused):
        for name in self.client, self.server:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)

    def attached(self):
        """Whether a program is attached to the server's interface."""
        return "xdp" in run("ip", "-n", self.server, "link", "show", self.far).replace(self.far, "")

    @contextlib.contextmanager
    def inside(self, namespace):
        """This thread makes its sockets there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
            assert libc.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(home.fileno(), CLONE_NEWNET) == 0

    def udp(self, to, port=53, checksums=True):
        with self.inside(self.client):
            s = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_DGRAM)
            if not checksums:
                s.setsockopt(socket.SOL_SOCKET, 11, 1)      # SO_NO_CHECK
            s.connect((to, port))
            s.settimeout(5)
            return s

    def raw(self):
        """A socket of whole frames on the client's end."""
        with self.inside(self.client):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            s.bind((self.near, 0))
            s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            s.settimeout(2)
            return s


def receive(sock):
    """(a whole frame, whether it is one that goes out).  The kernel takes the outer tag off and tells it beside."""
    data, about, _, source = sock.recvmsg(65535, 256)
    for level, kind, value in about:
        status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value[:20])
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & VLAN_VALID:
            data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
    return data, source[2] == socket.PACKET_OUTGOING


# ---- frames by hand ----

def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(source, target, udp_bytes):
    if len(source) == 4:
        return source + target + struct.pack("!BBH", 0, 17, udp_bytes)
    return source + target + struct.pack("!II", udp_bytes, 17)


def udp_datagram(message, source, target, source_port=4321, port=53, check=None):
    """UDP header and message; check: None = right, else this number."""
    length = 8 + len(message)
    if check is None:
        check = checksum(pseudo(source, target, length) + struct.pack("!4H", source_port, port, length, 0) + message) or 0xffff
    return struct.pack("!4H", source_port, port, length, check) + message


def ipv4(payload, source, target, options=b"", fragment=0, protocol=17, bad_sum=False):
    words = (len(options) + 20) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, 20 + len(options) + len(payload), 7, fragment, 64, protocol, 0) + source + target + options
    total = checksum(head) ^ (1 if bad_sum else 0)
    return head[:10] + struct.pack("!H", total) + head[12:] + payload


def ipv6(payload, source, target, next_header=17):
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64) + source + target + payload


def frame(payload, proto=0x0800, tags=(), target=SERVER_MAC):
    head = target + CLIENT_MAC
    for ethertype, tag in tags:
        head += struct.pack("!HH", ethertype, tag)
    return head + struct.pack("!H", proto) + payload


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def check_reply(data):
    """Takes a frame apart and holds its checksums and lengths against its content: (tags, source, target, source port, port, message)."""
    at, tags = 12, []
    while (proto := struct.unpack("!H", data[at:at + 2])[0]) in (0x8100, 0x88a8):
        tags.append((proto, struct.unpack("!H", data[at + 2:at + 4])[0]))
        at += 4
    ip = data[at + 2:]
    if proto == 0x0800:
        total = struct.unpack("!H", ip[2:4])[0]
        assert checksum(ip[:20]) == 0, "IPv4 header checksum"
        assert ip[0] == 0x45 and ip[8] > 1 and struct.unpack("!H", ip[6:8])[0] & 0x3fff == 0
        source, target, udp = ip[12:16], ip[16:20], ip[20:total]
    else:
        assert proto == 0x86dd and ip[0] >> 4 == 6 and ip[6] == 17 and ip[7] > 1
        source, target, udp = ip[8:24], ip[24:40], ip[40:40 + struct.unpack("!H", ip[4:6])[0]]
    source_port, port, length, check = struct.unpack("!4H", udp[:8])
    assert length == len(udp)
    assert check != 0 and checksum(pseudo(source, target, length) + udp) == 0, "UDP checksum"
    return tags, source, target, source_port, port, udp[8:]
