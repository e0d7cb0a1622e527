# SPDX-License-Identifier: Apache-2.0
"""Names that nobody asked for before, by the thousand: bounded work, memory and time, and others are served meanwhile."""
import os
import socket
import threading
import time

import dns.message
import dns.query

from devnet import devnet_session, proxy  # noqa: F401
from names_common import ETH, asked, data, errors, health, mount, rcode, reads, serving
from rhizome import ADDRESS

LEAN = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}


def flood(server, count, source, where="eth", rate=4000):
    """Questions for random names, one each, not waiting for answers; what came back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((source, 0))
        s.connect((ADDRESS, server.port))
        s.setblocking(False)
        got, began = [], time.monotonic()
        for i in range(count):
            query = dns.message.make_query(f"r{os.urandom(6).hex()}.{where}", "A")
            s.send(query.to_wire())
            while (ahead := (i + 1) / rate - (time.monotonic() - began)) > 0 or i + 1 == count:
                try:
                    got.append(s.recv(4096))
                except BlockingIOError:
                    if i + 1 == count and time.monotonic() - began > (i + 1) / rate + 4.5:
                        return got
                    time.sleep(min(max(ahead, 0.002), 0.01))
                if i + 1 < count and ahead <= 0:
                    break
                if i + 1 == count and len(got) == count:
                    return got
    return got


def test_a_flood_of_new_names(tmp_path, devnet_session, proxy):  # noqa: F811
    """From a network that has its share of lookups, against a node that is slow: the share is kept, what is known is told at once, and all is
    over when it is over."""
    only = proxy(devnet_session.url)
    mounts = [{**ETH, "allow": ["any"]}]
    with serving(tmp_path, devnet_session, only.url, mounts=mounts, metrics=True, env=LEAN) as server:
        assert data(asked(server, "devnet.eth", "A"))
        source = own_address()
        before = server.memory()
        only.rules({"methods": ["eth_call"], "delay": 60})
        only.counts()
        slowest, done = [0.0], threading.Event()

        def known():
            while not done.is_set():
                began = time.monotonic()
                assert data(asked(server, "devnet.eth", "A"))
                slowest[0] = max(slowest[0], time.monotonic() - began)
                time.sleep(0.02)
        other = threading.Thread(target=known)
        other.start()
        lookups = mount(server)["lookups"]
        began = time.monotonic()
        got = flood(server, 3000, source)
        took = time.monotonic() - began
        done.set()
        other.join()
        rcodes = [dns.message.from_wire(wire).rcode() for wire in got]
        assert len(got) > 2700, len(got)
        if source != ADDRESS:           # loopback has no limit
            assert mount(server)["lookups"] - lookups <= 200 * (took + 2)
            assert rcodes.count(dns.rcode.SERVFAIL) > 0
        assert rcodes.count(dns.rcode.NXDOMAIN) > 50
        assert slowest[0] < 2, slowest
        assert server.memory() - before < 160 << 20            # 16 MiB without sanitizers
        assert reads(only).get("eth_call", 0) <= mount(server)["lookups"] - lookups + 50
        only.rules()
        assert data(asked(server, "zone.eth", "A")) and mount(server)["waiting"] == 0
        assert health(server)["health"] == "fresh"


def own_address():
    """An address of this machine that is not loopback, where there is one: questions go from there to 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            address = s.getsockname()[0]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to:
                to.bind((address, 0))
                to.connect((ADDRESS, 9))
            return address
        except OSError:
            return ADDRESS


def test_one_name_many_times(tmp_path, devnet_session, proxy):  # noqa: F811
    """A hundred ask for one new name at once: it is looked up once."""
    only = proxy(devnet_session.url)
    with serving(tmp_path, devnet_session, only.url) as server:
        only.rules({"methods": ["eth_call"], "delay": 300})
        only.counts()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.connect((ADDRESS, server.port))
            for i in range(100):
                s.send(dns.message.make_query("devnet.eth", ("A", "AAAA", "TXT", "HTTPS")[i % 4], id=i).to_wire())
            ids = {dns.message.from_wire(s.recv(4096)).id for _ in range(100)}
        assert len(ids) == 100
        assert reads(only)["eth_call"] <= 2


def test_a_deep_name_is_one_lookup(tmp_path, devnet_session, proxy):  # noqa: F811
    """Many labels cost no call each, and a name of a hundred of them is answered."""
    only = proxy(devnet_session.url)
    with serving(tmp_path, devnet_session, only.url) as server:
        for depth in (5, 15, 30, 100, 120):
            only.counts()
            reply = asked(server, ".".join(["a"] * depth) + ".nobody.eth", "A")
            assert rcode(reply) in ("NXDOMAIN", "SERVFAIL") and (rcode(reply) == "NXDOMAIN" or errors(reply)), depth
            assert reads(only).get("eth_call", 0) <= 2, depth


def test_it_stops_while_names_are_looked_up(tmp_path, devnet_session, proxy):  # noqa: F811
    """Soon, well, and with nothing left behind; and a reload in between holds up nobody."""
    only = proxy(devnet_session.url)
    with serving(tmp_path, devnet_session, only.url) as server:
        only.rules({"methods": ["eth_call"], "delay": 150})
        asking = [threading.Thread(target=lambda n=n: asked(server, f"q{n}.zone.eth", "A")) for n in range(16)]
        for one in asking:
            one.start()
        for _ in range(4):
            server.control("reload")
        for one in asking:
            one.join()
        assert data(asked(server, "q1.zone.eth", "A")) == ["192.0.2.63"]
        only.rules({"methods": ["eth_call"], "fault": "hang"})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((ADDRESS, server.port))
            for n in range(60):
                s.send(dns.message.make_query(f"h{n}.zone.eth", "A").to_wire())
            time.sleep(0.2)
            began = time.monotonic()
            server.stop()
            assert time.monotonic() - began < 5
