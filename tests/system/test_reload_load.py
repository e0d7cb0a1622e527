# SPDX-License-Identifier: Apache-2.0
"""Reloads under load: no answer is lost, none mixes two versions, the new one answers when `rhiz reload` returns, and memory
does not grow.  RELOADS (60) and RELOAD_RATE (what dnsperf sends per second; by default half of what the server can take)
make the long form: make soak."""
import os
import re
import shutil
import subprocess
import threading
import time

import dns.message
import pytest

import build
import raw
from rhizome import ADDRESS, Rhizd, free_port

RELOADS = int(os.environ.get("RELOADS", "60"))
HOSTS = 500


def version_text(serial):
    lines = [f"@ 3600 SOA ns1 hostmaster {serial} 7200 1800 1209600 300", "@ 3600 NS ns1", "ns1 3600 A 192.0.2.1",
             f'@ 3600 TXT "serial={serial}"']
    lines += [f"host{i} 300 A 10.{serial % 250}.{i // 250}.{i % 250}" for i in range(HOSTS)]
    return "\n".join(lines) + "\n"


def config(server, turn):
    """Another listener and another limit each time: there, gone, elsewhere."""
    extra = ["", f', "{ADDRESS}@{server.port2}"', f', {{ address: "{ADDRESS}@{server.port3}", transports: [udp] }}'][turn % 3]
    return f"""version: 1
server:
  listen: ["{ADDRESS}@{server.port}"{extra}]
  workers: 2
  state: "{server.folder}/state"
  control: "{server.control_path}"
  tcp: {{ clients: {1000 + turn % 2} }}
limits:
  rrl: {{ responses-per-second: {(0, 1000, 500)[turn % 3]}, exempt: [loopback] }}
log: {{ level: warning }}
zones:
  - {{ name: example, file: "{server.folder}/example.zone" }}
"""


def dnsperf(server, folder, seconds, rate=None):
    """A started process."""
    questions = folder / "questions"
    if not questions.exists():
        questions.write_text("".join(f"host{i}.example. A\n" for i in range(HOSTS)) + "example. SOA\nexample. TXT\nnx.example. A\n")
    command = [shutil.which("dnsperf"), "-s", ADDRESS, "-p", str(server.port), "-d", str(questions), "-l", str(seconds), "-c", "8",
               "-T", "1", "-t", "5", "-q", "100"] + (["-Q", str(rate)] if rate else [])
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def figure(text, label):
    match = re.search(rf"{label}:\s+([0-9.]+)", text)
    assert match, text
    return float(match[1])


class Watcher(threading.Thread):
    """Asks for ANY over TCP, which brings SOA and TXT in one answer, all the time: both must be of one version, and no
    answer may be older than the one before."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ending, self.wrong, self.count = port, False, [], 0

    def look(self, tcp):
        message = tcp.ask(raw.query("example.", "ANY", id=self.count % 65536))
        if message is None:
            self.wrong.append("no answer")
            return
        reply = dns.message.from_wire(message)
        found = {r.rdtype: r for s in reply.answer for r in s}
        serial, text = found[6].serial, found[16].strings[0].decode()
        if text != f"serial={serial}":
            self.wrong.append(f"SOA {serial} beside {text}")
        if serial < self.last:
            self.wrong.append(f"{serial} after {self.last}")
        self.last, self.count = serial, self.count + 1

    def run(self):
        self.last = 0
        try:
            with raw.Tcp(self.port) as tcp:
                while not self.ending:
                    self.look(tcp)
        except Exception as error:                      # noqa: BLE001: reported by the test
            self.wrong.append(repr(error))

    def end(self):
        self.ending = True
        self.join(30)
        return self.wrong


def capacity(server, folder):
    out = dnsperf(server, folder, 3).communicate()[0]
    return figure(out, "Queries per second")


def run(server, folder, reloads, rate, seconds):
    """@return facts"""
    load = dnsperf(server, folder, seconds, rate)
    watcher = Watcher(server.port)
    watcher.start()
    time.sleep(1)
    rss, times = {}, []
    begin = time.monotonic()
    with raw.Udp(server.port) as udp:
        for turn in range(1, reloads + 1):
            serial = turn + 1
            server.write_zone("example.", version_text(serial))
            server.write_config(config(server, turn))
            start = time.monotonic()
            server.rhiz("reload", check=0)
            times.append(time.monotonic() - start)
            reply = dns.message.from_wire(udp.exchange(raw.query("example.", "SOA")))
            assert reply.answer[0][0].serial == serial, "rhiz reload returned before the new version answered"
            check_listeners(server, turn)
            rss[turn] = server.memory()
            # What is left of the load's time, evenly.
            left = begin + (seconds - 3) * turn / reloads - time.monotonic()
            time.sleep(max(0, left))
    out = load.communicate(timeout=seconds + 60)[0]
    return out, watcher.end(), watcher.count, rss, times


def check_listeners(server, turn):
    for number, port in enumerate((server.port2, server.port3), 1):
        with raw.Udp(port) as udp:
            try:
                got = udp.exchange(raw.query("example.", "SOA"), seconds=5 if turn % 3 == number else 0.02, tries=1)
            except ConnectionRefusedError:
                got = None
        assert (got is not None) == (turn % 3 == number), f"listener {number} at turn {turn}"


@pytest.mark.tsan
def test_reloads_under_load(tmp_path):
    reloads = RELOADS if not os.environ.get("TSAN_OPTIONS") else min(RELOADS, 30)
    small = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"}        # else freed memory stays for long
    server = Rhizd(tmp_path / "rhizd", zones={"example.": version_text(1)}, start=False, env=small)
    server.port3 = free_port()
    server.write_config(config(server, 0))
    with server.start():
        rate = int(os.environ.get("RELOAD_RATE", 0)) or max(200, int(capacity(server, tmp_path) / 2))
        seconds = max(10, int(reloads * (0.35 if build.SANITIZED else 0.25)))
        out, wrong, looked, rss, times = run(server, tmp_path, reloads, rate, seconds)
    sent, completed = figure(out, "Queries sent"), figure(out, "Queries completed")
    middle = 20 if reloads > 20 else reloads // 2
    growth = rss[reloads] / rss[middle]
    times.sort()
    print(f"\n{reloads} reloads in {seconds} s at {rate} queries/s: {sent:.0f} sent, {sent - completed:.0f} lost; {looked} answers with SOA and "
          f"TXT compared, {len(wrong)} wrong; reload {1000 * times[len(times) // 2]:.0f} ms (median), {1000 * times[-1]:.0f} ms (longest); "
          f"RSS {rss[middle] / 1e6:.1f} MB after {middle}, {rss[reloads] / 1e6:.1f} MB after {reloads}: x {growth:.3f}")
    assert sent == completed, out
    assert wrong == []
    assert looked > reloads
    assert growth <= 1.1 or (build.SANITIZED and growth <= 1.5)      # what a sanitizer keeps aside grows
