# SPDX-License-Identifier: Apache-2.0
"""Bad days: no descriptors left, and everything at once."""
import os
import random
import resource
import threading
import time

import pytest

import raw
from raw import COOKIE, opt, option, query
from rhizome import zone_text


def processor_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.tsan
def test_no_descriptors(rhizd):
    """accept() fails with EMFILE: no spinning, UDP goes on, TCP comes back when there is room."""
    server = rhizd(zones={"example.": zone_text(1)})
    used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 10, before[1]))
    waiting = [raw.Tcp(server.port, seconds=0.2) for _ in range(40)]
    start, cpu = time.monotonic(), processor_seconds(server)
    for _ in range(20):
        assert server.query("example.", "SOA").answer
        time.sleep(0.05)
    assert processor_seconds(server) - cpu < 0.5 * (time.monotonic() - start), "it spins"
    for tcp in waiting:
        tcp.close()
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, before)
    server.wait_for(lambda: server.control("stats")["counters"]["tcp.no_descriptors"] > 0, 10)
    assert server.query("example.", "SOA", tcp=True).answer


class Worker(threading.Thread):
    def __init__(self, work, wrong):
        super().__init__(daemon=True)
        self.work, self.wrong = work, wrong

    def run(self):
        try:
            self.work()
        except Exception as error:                      # noqa: BLE001: reported by the test
            self.wrong.append(f"{self.work.__name__}: {error!r}")


@pytest.mark.tsan
def test_everything_at_once(rhizd, tmp_path):
    """Questions, transfers, reloads, zones added and removed, statistics, noise, all at the same time."""
    hosts = "".join(f"h{i} 300 A 10.0.{i // 250}.{i % 250}\n" for i in range(2000))
    server = rhizd(zones={"example.": zone_text(1, hosts), "other.test.": zone_text(1)}, metrics=True, zone_options=", allow-transfer: [any]",
                   server=f'nsid: x\ndnstap: {{ file: "{tmp_path}/tap" }}', more="limits: { rrl: { responses-per-second: 1000, exempt: [none] } }\n")
    until, wrong, counts = time.monotonic() + 4, [], {}

    def busy():
        return time.monotonic() < until

    def ask_udp():
        with raw.Udp(server.port) as udp:
            while busy():
                got = udp.exchange(query(f"h{random.randrange(2000)}.example.", edns=opt(options=option(COOKIE, b"12345678"))))
                assert got is not None
                counts["udp"] = counts.get("udp", 0) + 1

    def ask_tcp():
        while busy():
            with raw.Tcp(server.port) as tcp:
                tcp.send(*(query(f"h{i}.example.", id=i) for i in range(50)))
                assert all(tcp.receive() for _ in range(50))
            counts["tcp"] = counts.get("tcp", 0) + 50

    def transfer():
        while busy():
            with raw.Tcp(server.port) as tcp:
                tcp.send(query("example.", "AXFR"))
                for _ in range(random.randrange(1, 4)):
                    assert tcp.receive()
            counts["axfr"] = counts.get("axfr", 0) + 1

    def reload():
        serial = 1
        while busy():
            serial += 1
            server.write_zone("example.", zone_text(serial, hosts))
            server.control("reload")
            assert server.serial("example.", tcp=True) == serial
            counts["reload"] = counts.get("reload", 0) + 1

    def add_and_remove():
        path = tmp_path / "more"
        path.write_text(zone_text(9))
        while busy():
            server.control("zone-add", name="sub.example", file=str(path))
            assert server.serial("sub.example.", tcp=True) == 9
            server.control("zone-remove", name="sub.example")
            reply = server.query("sub.example.", "SOA", tcp=True)
            assert int(reply.rcode()) == 3
            counts["zones"] = counts.get("zones", 0) + 1

    def look():
        while busy():
            server.control("stats", zones=True)
            server.control("zone-list")
            assert server.http("/metrics")[0] == 200

    def noise():
        with raw.Udp(server.port) as udp:
            while busy():
                udp.socket.send(random.randbytes(random.randrange(600)))
                time.sleep(0.001)

    threads = [Worker(w, wrong) for w in (ask_udp, ask_udp, ask_tcp, transfer, reload, add_and_remove, look, noise)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    print("\n" + str(counts))
    assert wrong == [] and not any(t.is_alive() for t in threads)
    assert all(counts.get(k, 0) > 0 for k in ("udp", "tcp", "axfr", "reload", "zones"))
