# SPDX-License-Identifier: Apache-2.0
"""Zone transfer out (RFC 5936) and NOTIFY (RFC 1996): compared with dnspython's reading of the file, with dig and kdig, and
with secondaries that take the zone from us."""
import pathlib
import shutil
import socket
import struct
import subprocess
import time

import dns.message
import dns.query
import dns.rdatatype
import dns.rdataclass
import dns.zone
import pytest

import build
import raw
from differential import peers
from raw import opt, option, query
from rhizome import ADDRESS, Rhizd, free_port, zone_text

ROOT_2017 = pathlib.Path(__file__).parents[1] / "data" / "zones" / "root-2017-signed.zone"
MIXED = """www 300 A 192.0.2.80
WWW2 300 A 192.0.2.81
*.w 300 MX 10 mail.other.test.
sub 300 NS ns.sub
ns.sub 300 A 192.0.2.53
below 300 DNAME target.example.
a.b.c.d 300 TXT "deep" "er \\"q\\" \\\\ \\200"
odd\\.label 300 A 192.0.2.1
unknown 300 TYPE65280 \\# 3 abcdef
svcb 300 HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
naptr 300 NAPTR 100 50 "s" "http" "" _http._tcp.example.
loc 300 LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
long 300 TXT """ + " ".join(f'"{i:0250d}"' for i in range(240)) + "\n"


def hosts(count):
    return zone_text(3, "".join(f"h{i} 300 A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n" for i in range(count)))


BIG, HUGE = hosts(10000), hosts(60000)


def records(rrsets):
    """{(owner, type, ttl, rdata in canonical wire form)}"""
    return {(s.name.canonicalize(), s.rdtype, s.ttl, r.to_digestable()) for s in rrsets for r in s}


def from_file(text, origin):
    zone = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False) if isinstance(text, str) else \
        dns.zone.from_file(str(text), origin=origin, relativize=False, check_origin=False)
    rrsets = []
    for owner, node in zone.nodes.items():
        rrsets += [dns.rrset.from_rdata_list(owner, s.ttl, list(s)) for s in node.rdatasets]
    return records(rrsets)


def axfr(server, zone, port=None, edns=None, rdclass=1):
    """(records, messages, how many SOA) of a transfer; asserts its form."""
    got, soas, count = [], 0, 0
    with raw.Tcp(port or server.port) as tcp:
        tcp.send(query(zone, "AXFR", rdclass, id=77, edns=edns))
        while soas < 2:
            data = tcp.receive()
            assert data is not None, "the connection ended in the middle"
            reply = dns.message.from_wire(data, xfr=True, one_rr_per_rrset=True)
            assert reply.id == 77 and reply.rcode() == 0 and reply.flags & dns.flags.AA and not reply.flags & dns.flags.TC
            assert len(reply.question) == (1 if count == 0 else len(reply.question)) and reply.answer and not reply.authority
            assert (reply.edns >= 0) == (edns is not None and count == 0)
            soas += sum(s.rdtype == dns.rdatatype.SOA for s in reply.answer)
            if count == 0:
                assert reply.answer[0].rdtype == dns.rdatatype.SOA
            got += reply.answer
            count += 1
        assert got[-1].rdtype == dns.rdatatype.SOA
        # The connection goes on.
        assert tcp.ask(query(zone, "SOA", rdclass)) is not None
    assert len(got) == len(records(got)) + 1, "a record came twice"
    return records(got), count


def allowed(rhizd, zones, server="tcp: { idle: 120s, write-timeout: 120s }"):
    """With patience: dnspython reads slowly on a busy machine."""
    return rhizd(zones=zones, zone_options=", allow-transfer: [any]", server=server)


@pytest.mark.tsan
@pytest.mark.parametrize("edns", [None, opt(), opt(options=option(raw.NSID) + option(raw.COOKIE, b"12345678"))], ids=["plain", "EDNS", "NSID, cookie"])
def test_every_record_once(rhizd, edns):
    zones = {"example.": zone_text(7, MIXED), "big.": BIG, ".": zone_text(9)}
    server = allowed(rhizd, zones)
    for zone, text in zones.items():
        got, count = axfr(server, zone, edns=edns)
        assert got == from_file(text, zone)
        assert count > 5 if zone == "big." else True


@pytest.mark.skipif(not ROOT_2017.exists(), reason="the root zone is not there")
def test_signed_root(rhizd, tmp_path):
    server = allowed(rhizd, {".": ROOT_2017})
    start = time.monotonic()
    got, count = axfr(server, ".")
    print(f"\nsigned root: {len(got)} records in {count} messages, {time.monotonic() - start:.2f} s")
    assert got == from_file(ROOT_2017, ".")


@pytest.mark.parametrize("tool", [["dig", "+noall", "+answer", "+tcp"], ["kdig", "+noall", "+answer"]], ids=["dig", "kdig"])
def test_tools(rhizd, tool):
    server = allowed(rhizd, {"example.": zone_text(7, MIXED)})
    out = subprocess.run([shutil.which(tool[0])] + tool[1:] + [f"@{ADDRESS}", "-p", str(server.port), "example.", "AXFR"],
                         capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    lines = [line for line in out.stdout.splitlines() if line and not line.startswith(";")]
    text = "\n".join(lines[:-1]) + "\n"
    assert "SOA" in lines[0] and "SOA" in lines[-1]
    assert len(lines) == len(from_file(zone_text(7, MIXED), "example.")) + 1
    if tool[0] == "dig":
        assert from_file(text, "example.") == from_file(zone_text(7, MIXED), "example.")


# ---- who may not ----

@pytest.mark.tsan
def test_refusals(rhizd):
    server = rhizd(zones={"example.": zone_text(1)}, zone_options=', allow-transfer: ["127.0.0.2"]')

    def ask(message, source=ADDRESS):
        with raw.Tcp(server.port, source=source) as tcp:
            return tcp.ask(message)
    assert raw.rcode(ask(query("example.", "AXFR"))) == 5                       # REFUSED: the ACL
    assert raw.rcode(ask(query("example.", "AXFR"), "127.0.0.2")) == 0
    assert raw.rcode(ask(query("www.example.", "AXFR"), "127.0.0.2")) == 9      # NOTAUTH: no zone (RFC 5936 2.2.1)
    assert raw.rcode(ask(query("other.test.", "AXFR"), "127.0.0.2")) == 9
    assert raw.rcode(ask(query("example.", "AXFR", 3), "127.0.0.2")) == 9
    assert raw.rcode(ask(query("example.", "IXFR"), "127.0.0.2")) == 4          # NOTIMP: later
    with raw.Udp(server.port, source="127.0.0.2") as udp:                       # RFC 5936 4.2: AXFR over UDP is not defined
        assert raw.rcode(udp.ask(query("example.", "AXFR"))) in (1, 4, 5)
    refused = dns.message.from_wire(ask(query("example.", "AXFR", edns=opt())))
    assert [int(o.otype) for o in refused.options] == [15] and refused.answer == []


def test_not_loaded(rhizd):
    server = rhizd(zones={"example.": zone_text(1), "bad.test.": "@ 300 SOA broken\n"}, zone_options=", allow-transfer: [any]")
    with raw.Tcp(server.port) as tcp:
        assert raw.rcode(tcp.ask(query("bad.test.", "AXFR"))) == 2
    assert axfr(server, "example.")


# ---- readers that are slow, and much at once ----

@pytest.mark.tsan
def test_one_moment(rhizd):
    """A transfer half read while the zone is replaced ends with the version it began with."""
    server = allowed(rhizd, {"big.": BIG})
    with raw.Tcp(server.port, receive_buffer=4096) as tcp:
        tcp.send(query("big.", "AXFR"))
        first = tcp.receive()
        server.write_zone("big.", zone_text(4, "new 300 A 192.0.2.1\n"))
        server.control("reload")
        assert server.serial("big.") == 4
        got, soas = [], 0
        data = first
        while True:
            reply = dns.message.from_wire(data, xfr=True, one_rr_per_rrset=True)
            got += reply.answer
            soas += sum(s.rdtype == dns.rdatatype.SOA for s in reply.answer)
            if soas == 2:
                break
            data = tcp.receive()
    assert records(got) == from_file(BIG, "big.")
    assert axfr(server, "big.")[0] == from_file(zone_text(4, "new 300 A 192.0.2.1\n"), "big.")


def test_questions_beside_a_transfer(rhizd):
    """RFC 7766 6.2.1.1, 5936 4.1.1: others on the same connection need not wait; two transfers at once are told apart."""
    server = allowed(rhizd, {"big.": BIG})
    with raw.Tcp(server.port) as tcp:
        tcp.send(query("big.", "AXFR", id=1), query("h1.big.", id=2), query("big.", "AXFR", id=3))
        soas, answered = {1: 0, 3: 0}, 0
        got = {1: [], 3: []}
        while answered == 0 or soas != {1: 2, 3: 2}:
            data = tcp.receive()
            id = struct.unpack("!H", data[:2])[0]
            if id == 2:
                answered += 1
                continue
            reply = dns.message.from_wire(data, xfr=True, one_rr_per_rrset=True)
            got[id] += reply.answer
            soas[id] += sum(s.rdtype == dns.rdatatype.SOA for s in reply.answer)
    assert answered == 1 and records(got[1]) == records(got[3]) == from_file(BIG, "big.")


@pytest.mark.tsan
def test_reader_that_does_not_read(rhizd):
    server = allowed(rhizd, {"big.": HUGE}, server="tcp: { write-timeout: 500ms }")
    before = server.memory()
    idle = [raw.Tcp(server.port, receive_buffer=4096) for _ in range(20)]
    for tcp in idle:
        tcp.send(*(query("big.", "AXFR", id=i) for i in range(10)))
    # Bounded memory: back-pressure, not a queue of ten zones for each.
    server.wait_for(lambda: server.control("stats")["counters"]["tcp.slow_closed"] == 20, 30)
    if build.ASAN or not build.SANITIZED:               # ThreadSanitizer's shadow is memory too
        assert server.memory() - before < 20 * 2e6 * (3 if build.SANITIZED else 1)
    assert server.query("h1.big.", "A", tcp=True).answer
    for tcp in idle:
        tcp.close()
    assert "transfer broken off" in server.log


# ---- NOTIFY and secondaries ----

def bound():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((ADDRESS, 0))
    udp.settimeout(20)
    return udp, udp.getsockname()[1]


@pytest.mark.tsan
def test_notify(rhizd):
    """One for each new version; repeated until it is acknowledged (RFC 1996 3.6)."""
    udp, port = bound()
    with udp:
        server = rhizd(zones={"example.": zone_text(1)}, zone_options=f', notify: ["{ADDRESS}@{port}"]')

        def take(acknowledge=True):
            data, peer = udp.recvfrom(512)
            message = dns.message.from_wire(data)
            assert message.opcode() == dns.opcode.NOTIFY and message.flags & dns.flags.AA and not message.flags & dns.flags.QR
            assert message.question[0].to_text() == "example. IN SOA"
            if acknowledge:
                udp.sendto(dns.message.make_response(message).to_wire(), peer)
            return message
        # After a start secondaries are told too, or not: both are sound.  The queue is empty once nothing waits.
        udp.settimeout(1)
        try:
            take()
        except socket.timeout:
            pass
        udp.settimeout(20)
        server.wait_for(lambda: server.control("stats")["counters"]["notify.waiting"] == 0)
        server.write_zone("example.", zone_text(2))
        server.control("reload")
        start = time.monotonic()
        first = take(acknowledge=False)
        again = take()
        assert first.id == again.id and 1 < time.monotonic() - start < 10, "repeated after a few seconds"
        server.wait_for(lambda: server.control("stats")["counters"]["notify.waiting"] == 0, 10)
        server.rhiz("zone", "notify", "example.", check=0)
        take()
        server.control("reload")                        # nothing new: nobody is told
        udp.settimeout(0.7)
        with pytest.raises(socket.timeout):
            take()


class SecondaryKnot(peers.Knot):
    def configure(self):
        self.write("knot.conf", f"""server:
    rundir: "{self.folder}"
    listen: {ADDRESS}@{self.port}
    background-workers: 1
database:
    storage: "{self.folder}"
remote:
  - id: us
    address: {ADDRESS}@{self.primary}
acl:
  - id: us
    address: {ADDRESS}
    action: notify
zone:
  - domain: example.
    storage: "{self.folder}"
    master: us
    acl: us
""")
        return ["knotd", "-c", str(self.folder / "knot.conf")]


class SecondaryNsd(peers.Nsd):
    def configure(self):
        self.write("nsd.conf", f"""server:
  ip-address: {ADDRESS}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: ""
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  zonelistfile: "{self.folder}/zone.list"
  server-count: 1
  xfrd-reload-timeout: 0
remote-control:
  control-enable: no
zone:
  name: "example."
  zonefile: "{self.folder}/example"
  allow-notify: {ADDRESS} NOKEY
  request-xfr: AXFR {ADDRESS}@{self.primary} NOKEY
""")
        return ["nsd", "-d", "-c", str(self.folder / "nsd.conf")]


class SecondaryBind(peers.Bind):
    def configure(self):
        self.write("named.conf", f"""options {{ directory "{self.folder}"; listen-on port {self.port} {{ {ADDRESS}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; recursion no; notify no; dnssec-validation no; }};
controls {{ }};
zone "example." {{ type secondary; file "{self.folder}/example"; primaries {{ {ADDRESS} port {self.primary}; }}; masterfile-format text; }};
""")
        return ["named", "-f", "-n", "1", "-c", str(self.folder / "named.conf")]


@pytest.mark.parametrize("kind", [SecondaryKnot, SecondaryNsd, SecondaryBind], ids=["knot", "nsd", "bind"])
def test_secondary(tmp_path, kind):
    """A Debian name server takes the zone from us at its start, and the new version soon after our NOTIFY."""
    secondary = kind(tmp_path, [("example.", "")])
    with Rhizd(tmp_path / "rhizd", zones={"example.": zone_text(1, MIXED)},
               zone_options=f', allow-transfer: [any], notify: ["{ADDRESS}@{secondary.port}"]') as server:
        secondary.primary = server.port
        secondary.start()
        try:
            def serial():
                with raw.Udp(secondary.port) as udp:
                    reply = dns.message.from_wire(udp.exchange(query("example.", "SOA"), seconds=1, tries=1) or query(flags=raw.QR))
                return reply.answer[0][0].serial if reply.answer else None
            server.wait_for(lambda: serial() == 1, 30, "the first transfer")
            server.write_zone("example.", zone_text(2, MIXED + "new 300 A 192.0.2.200\n"))
            server.control("reload")
            server.wait_for(lambda: serial() == 2, 30, "the transfer after NOTIFY")

            def new():                                  # a process of the peer's that ends may still have the old one
                with raw.Udp(secondary.port) as udp:
                    return b"\xc0\0\2\xc8" in (udp.exchange(query("new.example."), seconds=1, tries=1) or b"")
            server.wait_for(new, 10, "the new record")
            server.wait_for(lambda: server.control("stats")["counters"]["notify.acknowledged"] >= 1, 20)
        finally:
            secondary.stop()
