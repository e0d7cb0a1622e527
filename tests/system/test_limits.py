# SPDX-License-Identifier: Apache-2.0
"""Cookies (RFC 7873, 9018 beside BIND with the same secret), rate limits, ACLs, PROXY v2."""
import collections
import socket
import struct
import time

import dns.message
import pytest

import raw
from differential import peers
from raw import COOKIE, TC, opt, option, query
from rhizome import ADDRESS, zone_text

ZONE = zone_text(extra="www 300 A 192.0.2.80\n*.w 300 A 192.0.2.81\nsub 300 NS ns.sub\nns.sub 300 A 192.0.2.53\n")
CLIENT = b"CLIENT--"
SECRETS = ["00112233445566778899aabbccddeeff", "e5e973e5a6b2a43f48e7dc849e37bfcf"]
BADCOOKIE = 23


def cookie_query(cookie, **options):
    return query("www.example.", edns=opt(options=option(COOKIE, cookie)), **options)


def cookie_of(message):
    return raw.options(message)[COOKIE]


def secret_files(folder, *secrets):
    folder.mkdir(exist_ok=True)
    paths = []
    for number, secret in enumerate(secrets):
        path = folder / f"secret{number}-{secret[:4]}"
        path.write_text(secret + "\n")
        path.chmod(0o600)
        paths.append(f'"{path}"')
    return f"secret-files: [{', '.join(paths)}]"


# ---- cookies ----

@pytest.mark.tsan
def test_cookies(rhizd):
    server = rhizd(zones={"example.": ZONE})
    with raw.Udp(server.port) as udp, raw.Udp(server.port, source="127.0.0.2") as other, raw.Tcp(server.port) as tcp:
        cookie = cookie_of(udp.ask(cookie_query(CLIENT)))
        assert len(cookie) == 24 and cookie[:8] == CLIENT and cookie[8:12] == b"\1\0\0\0"           # RFC 9018 4.2
        assert abs(struct.unpack("!I", cookie[12:16])[0] - time.time()) < 5
        assert cookie_of(udp.ask(cookie_query(cookie))) == cookie
        assert cookie_of(tcp.ask(cookie_query(CLIENT)))[:12] == cookie[:12]
        # Of another address, another client cookie, changed: not taken, a fresh one comes along.
        assert cookie_of(other.ask(cookie_query(cookie))) != cookie
        assert cookie_of(udp.ask(cookie_query(b"OTHER---" + cookie[8:])))[8:] != cookie[8:]
        for at in (8, 9, 12, 16, 23):
            bad = cookie[:at] + bytes([cookie[at] ^ 1]) + cookie[at + 1:]
            assert cookie_of(udp.ask(cookie_query(bad))) != bad
        counters = server.control("stats")["counters"]
        assert counters["cookies.good"] == 1 and counters["cookies.client_only"] == 2 and counters["cookies.bad"] == 7
        # RFC 7873 5.4: a question about the cookie alone.
        alone = raw.header(qd=0, ar=1) + opt(options=option(COOKIE, CLIENT))
        reply = udp.ask(alone)
        assert raw.rcode(reply) == 0 and len(cookie_of(reply)) == 24


@pytest.mark.tsan
def test_cookies_required(rhizd):
    server = rhizd(zones={"example.": ZONE}, server="cookies: { required: true }")
    with raw.Udp(server.port) as udp, raw.Tcp(server.port) as tcp:
        reply = udp.ask(cookie_query(CLIENT))
        assert raw.rcode(reply) == BADCOOKIE and dns.message.from_wire(reply).answer == []
        again = udp.ask(cookie_query(cookie_of(reply)))
        assert raw.rcode(again) == 0 and dns.message.from_wire(again).answer
        assert raw.rcode(udp.ask(cookie_query(CLIENT + b"x" * 16))) == BADCOOKIE
        assert raw.rcode(udp.ask(query())) == 0, "who has no cookies is served (RFC 7873 5.2.1)"
        assert raw.rcode(tcp.ask(cookie_query(CLIENT))) == 0, "TCP proves the address too (RFC 7873 5.2.3)"


def test_cookies_off(rhizd):
    server = rhizd(zones={"example.": ZONE}, server="cookies: { enabled: false }")
    with raw.Udp(server.port) as udp:
        assert raw.options(udp.ask(cookie_query(CLIENT))) == {}


def test_two_secrets(rhizd, tmp_path):
    """A roll-over: a new secret first, the old one still taken; then the old one is gone (RFC 9018 5)."""
    def config(*secrets):
        return "cookies: { required: true, " + secret_files(tmp_path / "keys", *secrets) + " }"
    server = rhizd(zones={"example.": ZONE}, server=config(SECRETS[0]))

    def reload(*secrets):
        server.server = config(*secrets)
        server.write_config()
        server.control("reload")
    with raw.Udp(server.port) as udp:
        old = cookie_of(udp.ask(cookie_query(CLIENT)))
        assert raw.rcode(udp.ask(cookie_query(old))) == 0
        reload(SECRETS[1], SECRETS[0])
        reply = udp.ask(cookie_query(old))
        assert raw.rcode(reply) == 0
        new = cookie_of(reply)
        assert new[16:] != old[16:], "made with the new secret"
        reload(SECRETS[1])
        assert raw.rcode(udp.ask(cookie_query(old))) == BADCOOKIE
        assert raw.rcode(udp.ask(cookie_query(new))) == 0
        reload(SECRETS[1])
        assert raw.rcode(udp.ask(cookie_query(new))) == 0, "a secret in a file survives reloads"
    server.stop()
    server.start()
    with raw.Udp(server.port) as udp:
        assert raw.rcode(udp.ask(cookie_query(new))) == 0, "and restarts"


class CookieBind(peers.Bind):
    secrets = ()

    def configure(self):
        command = super().configure()
        path = self.folder / "named.conf"
        path.write_text(path.read_text().replace("answer-cookie no;", "answer-cookie yes; require-server-cookie yes; cookie-algorithm siphash24; " +
                                                 "".join(f'cookie-secret "{s}"; ' for s in self.secrets)))
        return command


def test_cookies_like_bind(rhizd, tmp_path):
    """RFC 9018: any server of an anycast set takes the cookies of the others."""
    zone = tmp_path / "zone"
    zone.write_text("$TTL 300\n" + ZONE)
    bind = CookieBind(tmp_path, [("example.", str(zone))])
    bind.secrets = SECRETS
    server = rhizd(zones={"example.": ZONE}, server="cookies: { required: true, " + secret_files(tmp_path / "keys", *SECRETS) + " }")
    bind.start()
    try:
        for source in ("127.0.0.1", "127.0.0.3"):
            with raw.Udp(server.port, source=source) as ours, raw.Udp(bind.port, source=source) as theirs:
                from_us, from_them = cookie_of(ours.exchange(cookie_query(CLIENT))), cookie_of(theirs.exchange(cookie_query(CLIENT)))
                assert raw.rcode(theirs.exchange(cookie_query(from_us))) == 0, "BIND takes ours"
                assert raw.rcode(ours.exchange(cookie_query(from_them))) == 0, "we take BIND's"
                if from_us[12:16] == from_them[12:16]:
                    assert from_us == from_them
    finally:
        bind.stop()


# ---- rate limits ----

def flood(server, count, name="www.example.", kind="A", source="127.0.0.7", edns=None):
    """What became of `count` equal questions sent at once from one address."""
    seen = collections.Counter()
    with raw.Udp(server.port, source=source) as udp:
        udp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        udp.socket.settimeout(0.5)
        for start in range(0, count, 50):
            for i in range(start, min(start + 50, count)):
                udp.socket.send(query(name if "{}" not in name else name.format(i), kind, id=i, edns=edns))
            time.sleep(0.001)
        try:
            while True:
                data = udp.socket.recv(4096)
                seen["slip" if raw.flags(data) & TC else raw.rcode(data)] += 1
        except socket.timeout:
            pass
    return seen


RRL = "limits: {{ rrl: {{ responses-per-second: 10, slip: {}, exempt: [\"127.0.0.9\"] }} }}\n"


@pytest.mark.tsan
@pytest.mark.parametrize("slip", [0, 1, 2, 5])
def test_rate_limit(rhizd, slip):
    server = rhizd(zones={"example.": ZONE}, more=RRL.format(slip))
    count = 500
    seen = flood(server, count)
    limited = count - seen[0]
    assert 10 <= seen[0] <= 30, "about one second's worth"
    if slip == 0:
        assert seen["slip"] == 0
    else:
        assert abs(seen["slip"] - limited / slip) <= max(2, 0.05 * limited / slip)
    counters = server.control("stats")["counters"]
    assert counters["rrl.dropped"] + counters["rrl.slipped"] == limited
    assert counters["rrl.slipped"] == seen["slip"]
    assert flood(server, 100, source="127.0.0.9")[0] == 100, "exempt"


def test_what_is_limited(rhizd):
    server = rhizd(zones={"example.": ZONE}, more=RRL.format(0))
    # Each case from a network of its own (a /24).
    cases = [("random names of a wildcard", "n{}.w.example.", "A"), ("random absent names", "n{}.example.", "A"),
             ("random names below a cut", "n{}.sub.example.", "A"), ("refused", "n{}.other.test.", "A")]
    for number, (label, name, kind) in enumerate(cases):
        seen = flood(server, 200, name, kind, source=f"127.1.{number}.1")
        assert 10 <= sum(seen.values()) <= 40, f"{label}: {seen}"
    seen = collections.Counter()
    for host in range(20):                              # a whole network counts as one
        seen += flood(server, 10, source=f"127.2.2.{host + 1}") if host < 3 else collections.Counter()
    assert sum(seen.values()) <= 20
    with raw.Tcp(server.port, source="127.1.0.1") as tcp:
        tcp.send(*(query(id=i) for i in range(200)))
        assert all(tcp.receive() for _ in range(200)), "TCP is not limited"
    with raw.Udp(server.port, source="127.3.0.1") as udp:
        good = cookie_of(udp.exchange(cookie_query(CLIENT)))
    seen = flood(server, 200, source="127.3.0.1", edns=opt(options=option(COOKIE, good)))
    assert seen[0] == 200, "a valid cookie proves the address"


def test_slip_with_a_cookie(rhizd):
    """One who has sent a client cookie is told BADCOOKIE instead: it can prove itself without TCP."""
    server = rhizd(zones={"example.": ZONE}, more=RRL.format(1))
    seen = flood(server, 200, source="127.4.0.1", edns=opt(options=option(COOKIE, CLIENT)))
    assert seen[BADCOOKIE] >= 150 and seen["slip"] == 0


def test_loopback_is_exempt_by_default(rhizd):
    server = rhizd(zones={"example.": ZONE}, more="limits: { rrl: { responses-per-second: 1 } }\n")
    assert flood(server, 200, source="127.0.0.1")[0] == 200


# ---- ACLs ----

@pytest.mark.tsan
def test_acl(rhizd):
    server = rhizd(zones={"example.": ZONE}, zone_options=", allow-query: [some]",
                   more='acl: { some: ["127.0.0.0/29", "!127.0.0.4", more], more: ["127.7.0.0/16"] }\n')
    for source, good in (("127.0.0.1", True), ("127.0.0.7", True), ("127.0.0.4", False), ("127.0.0.8", False), ("127.7.200.1", True), ("127.8.0.1", False)):
        for message in (query("www.example.", edns=opt()), query("nx.example.", edns=opt())):
            with raw.Udp(server.port, source=source) as udp, raw.Tcp(server.port, source=source) as tcp:
                for got in (udp.exchange(message), tcp.ask(message)):
                    if good:
                        assert raw.rcode(got) in (0, 3)
                    else:
                        assert raw.rcode(got) == 5 and raw.options(got)[15][:2] == b"\0\x12"        # EDE 18, Prohibited


# ---- PROXY v2 ----

def proxy(source, to="192.0.2.53", tcp=False, command=0x21):
    pair = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(pair, source) + socket.inet_pton(pair, to) + struct.pack("!HH", 4711, 53)
    family = (0x20 if pair == socket.AF_INET6 else 0x10) | (1 if tcp else 2)
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, family]) + struct.pack("!H", len(addresses)) + addresses


@pytest.mark.tsan
def test_proxy(rhizd):
    server = rhizd(zones={"example.": ZONE}, config="""version: 1
server:
  listen: [{ address: "127.0.0.1@{port}", proxy-from: ["127.0.0.5"] }]
  state: "{folder}/state"
  control: "{control}"
zones: [{ name: example, file: "{folder}/example.zone", allow-query: ["192.0.2.0/24", "2001:db8::/32"] }]
""")
    cases = [("192.0.2.1", "192.0.2.53", 0), ("198.51.100.1", "192.0.2.53", 5), ("2001:db8::1", "2001:db8::53", 0), ("2001:db9::1", "2001:db8::53", 5)]
    for source, to, want in cases:
        with raw.Udp(server.port, source="127.0.0.5") as udp:
            assert raw.rcode(udp.exchange(proxy(source, to) + query())) == want, source
        with raw.Tcp(server.port, source="127.0.0.5") as tcp:
            tcp.raw(proxy(source, to, tcp=True))
            tcp.send(query(id=1), query(id=2))
            assert raw.rcode(tcp.receive()) == want and raw.rcode(tcp.receive()) == want, source
    # From the proxy a header is required; from others it is noise.
    with raw.Udp(server.port, source="127.0.0.5") as udp:
        assert udp.exchange(query(), seconds=0.5, tries=1) is None
    with raw.Tcp(server.port, source="127.0.0.5") as tcp:
        tcp.send(query())
        assert tcp.receive() is None
    with raw.Udp(server.port, source="127.0.0.6") as udp:
        assert raw.rcode(udp.exchange(query())) == 5, "its own address counts"
        got = udp.exchange(proxy("192.0.2.1") + query(), seconds=0.5, tries=1)
        assert got is None or raw.rcode(got) != 0, "it cannot name another"
    assert server.control("stats")["counters"]["proxy.bad"] == 2
