# SPDX-License-Identifier: Apache-2.0
"""Many zones: time and memory of the start, and what one more costs.  SCALE_ZONES (2,000): make soak takes 100,000, where the
bounds are 3 s, 120 MB and 100 ms."""
import os
import random
import time

import dns.message
import pytest

import build
import raw
from rhizome import PATIENCE, Rhizd

ZONES = int(os.environ.get("SCALE_ZONES", "2000"))
TEXT = """$TTL 3600
@ SOA ns1 hostmaster {number} 7200 1800 1209600 300
 NS ns1
ns1 A 192.0.2.1
www A 10.{a}.{b}.{c}
 AAAA 2001:db8::{a}:{b}:{c}
"""


def make(folder, count):
    """count zones of five records in folders of 1,000."""
    for number in range(count):
        if number % 1000 == 0:
            (folder / "zones" / str(number // 1000)).mkdir(parents=True)
        (folder / "zones" / str(number // 1000) / f"z{number}").write_text(
            TEXT.format(number=number, a=number >> 16, b=number >> 8 & 255, c=number & 255))
    return "".join(f"  - {{ name: z{n}.example, file: zones/{n // 1000}/z{n} }}\n" for n in range(count))


def question(number):
    return raw.query(f"www.z{number}.example.")


def address(message):
    reply = dns.message.from_wire(message)
    return reply.answer[0][0].address if reply.answer else reply.rcode()


def settle(server):
    """Resident octets once freed memory has gone back (or a while has passed)."""
    low = server.memory()
    for _ in range(20):
        time.sleep(0.1)
        low = min(low, server.memory())
    return low


def start(server):
    begin = time.monotonic()
    server.start(ready=False)

    def loaded():
        status = server.control("status")
        assert status["zones"]["failed"] == 0, server.log[-2000:]
        return status["ready"] and status["zones"]["loaded"] == ZONES
    server.wait_for(loaded, PATIENCE * 5, "all zones")
    took = time.monotonic() - begin
    with open(f"/proc/{server.process.pid}/stat") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return took, (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_many_zones(tmp_path):
    zones = make(tmp_path, ZONES)
    server = Rhizd(tmp_path, start=False)
    server.write_config(f"""version: 1
server:
  listen: ["127.0.0.1@{server.port}"]
  workers: 2
  state: "{tmp_path}/state"
  control: "{server.control_path}"
log: {{ level: warning }}
zones:
{zones}""")
    first, cpu = start(server)
    memory = settle(server)
    chance = random.Random(1)
    with raw.Udp(server.port) as udp:
        for number in [0, ZONES - 1] + [chance.randrange(ZONES) for _ in range(200)]:
            assert address(udp.exchange(question(number))) == f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"

        times = []
        for number in range(ZONES, ZONES + 10):
            path = tmp_path / f"more{number}"
            path.write_text(TEXT.format(number=number, a=1, b=2, c=3))
            begin = time.monotonic()
            server.control("zone-add", name=f"z{number}.example", file=str(path))
            assert address(udp.exchange(question(number))) == "10.1.2.3"
            times.append(time.monotonic() - begin)
        for number in range(ZONES, ZONES + 10):
            server.control("zone-remove", name=f"z{number}.example")
            assert address(udp.exchange(question(number))) == 5
    journal = sum(p.stat().st_size for p in (tmp_path / "state").rglob("*") if p.is_file())
    begin = time.monotonic()
    server.control("reload")
    unchanged = time.monotonic() - begin
    server.stop()
    print(f"\n{ZONES} zones of five records: loaded in {first:.2f} s ({cpu:.2f} s of processor time), {memory / 1e6:.1f} MB; one more added and answering in "
          f"{1000 * max(times):.1f} ms (longest of 10); state {journal} octets; a reload with nothing changed {unchanged:.2f} s; load of the machine {os.getloadavg()[0]:.1f}")
    slow = 30 if build.SANITIZED else 1
    assert max(times) < 0.1 * (5 if build.SANITIZED else 1)
    assert journal < 10000, "adding one writes nothing large"
    # Where others use the machine too, the processor's time is what can be said.
    assert first <= 3 * slow or (os.getloadavg()[0] > os.cpu_count() and cpu <= 3 * slow)
    if not build.SANITIZED:
        assert memory <= 120e6
