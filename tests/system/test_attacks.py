# SPDX-License-Identifier: Apache-2.0
"""Attacks: what a hostile client, a slow one, a full disk or a storm of changes must not do.

Under the sanitizers each of these also shows memory errors: a daemon that reported one does not end with 0.
"""
import contextlib
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

import raw
import rhizome
from rhizome import ADDRESS, zone_text

@contextlib.contextmanager
def asking(port, *messages, window=32):
    """Asks without end, by UDP, in a thread; yields a list that at the end holds how many answers came."""
    stop, count = threading.Event(), [0]

    def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.connect((ADDRESS, port))
            while not stop.is_set():
                for i in range(window):
                    with contextlib.suppress(OSError):
                        s.send(messages[i % len(messages)])
                for _ in range(window):
                    try:
                        s.recv(65535)
                        count[0] += 1
                    except OSError:
                        break

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield count
    finally:
        stop.set()
        thread.join()


def still_serves(server, name="example."):
    assert server.query(name, "SOA").answer
    assert server.query(name, "SOA", tcp=True).answer


# ---- reloads ----


@pytest.mark.tsan
def test_views_come_and_go_under_load(rhizd):
    """A view that a reload takes away is asked until the new setup is in force; its zones and access lists must live so long."""
    server = rhizd(zones={"example.": zone_text()})
    file = server.zones["example."]
    names = [f"z{i}.example." for i in range(4000)]

    def config(view):
        own = ", ".join(f'{{ name: "{n}", file: "{file}", allow-query: ["127.0.0.0/8"] }}' for n in names)
        return server.base_config().split("zones:")[0] + f"views:\n  - {{ name: {view}, zones: [{own}] }}\n"

    queries = [raw.query(n, "SOA", id=i) for i, n in enumerate(names[:400])]
    with asking(server.port, *queries, window=len(queries)):
        for i in range(8):
            server.write_config(config(f"v{i % 3}"))
            server.control("reload")
    still_serves(server, names[-1])


# ---- control and metrics ----


def connect_metrics(server, data=b"", buffer=None):
    s = socket.socket()
    if buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    s.connect((ADDRESS, server.metrics_port))
    s.sendall(data)
    return s


@pytest.mark.parametrize("data", [b"", b"GET /metrics HTTP/1.0\r\nX: "], ids=["silent", "dribbling"])
def test_idle_connections_do_not_keep_health_checks_out(rhizd, data):
    server = rhizd(zones={"example.": zone_text()}, metrics=True)
    with contextlib.ExitStack() as held:
        for _ in range(100):
            held.enter_context(connect_metrics(server, data))
        for _ in range(20):
            assert server.http("/health/live") == (200, "live\n")


def test_unread_replies_do_not_hold_up_the_end(rhizd):
    """Clients of metrics and of the control socket that ask for much and read nothing."""
    zones = {f"z{i}.example.": None for i in range(400)}
    server = rhizd(zones={"example.": zone_text()}, metrics=True, server="metrics-zones: true", start=False)
    file = server.zones["example."]
    server.zones.update({name: file for name in zones})
    server.write_config()
    server.start()
    for name in zones:
        server.query(name, "SOA")
    with contextlib.ExitStack() as held:
        for _ in range(8):
            held.enter_context(connect_metrics(server, b"GET /metrics HTTP/1.0\r\n\r\n", buffer=2048))
        control = held.enter_context(server.connect())
        control.send('{"verb":"zone-list"}\n{"verb":"stats","args":{"zones":true}}\n' * 200)
        time.sleep(0.5)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 4


def test_control_of_a_stalled_daemon_is_not_taken_over(rhizd):
    """A daemon that does not accept for a while still has its socket: the second one must neither hang nor unlink it."""
    server = rhizd(zones={"example.": zone_text()})
    second = rhizd(folder="second", zones={"example.": zone_text()}, start=False)
    second.control_path = server.control_path
    second.write_config()
    server.signal(signal.SIGSTOP)
    waiting = []
    try:
        for _ in range(400):        # fills the queue of the socket
            s = socket.socket(socket.AF_UNIX)
            s.setblocking(False)
            waiting.append(s)
            if s.connect_ex(str(server.control_path)) != 0:
                break
        result = subprocess.run([rhizome.RHIZD, "-c", second.config_path], capture_output=True, text=True, timeout=20)
        assert result.returncode == 1 and "another daemon listens" in result.stderr
    finally:
        for s in waiting:
            s.close()
        server.signal(signal.SIGCONT)
    server.wait_for(lambda: server.control("status")["ready"], 20)


# ---- the state folder ----


def limit_files(server, octets):
    """A full disk for this one process: files cannot grow beyond so many octets."""
    hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (octets, hard))


def test_full_disk(rhizd):
    """What cannot be kept is refused as a whole, and the daemon goes on."""
    server = rhizd(zones={"example.": zone_text()})
    file = server.write_zone("added.", zone_text(5))
    server.control("zone-add", name="one.", file=str(file))
    journal = server.folder / "state" / "added-zones"
    before = journal.read_bytes()
    limit_files(server, len(before) + 10)
    with pytest.raises(rhizome.ControlError) as refused:
        server.control("zone-add", name="two.", file=str(file))
    assert refused.value.code == "failed"
    with pytest.raises(rhizome.ControlError):
        server.control("zone-remove", name="one.")
    assert journal.read_bytes() == before
    assert server.query("two.", "SOA").rcode() == dns.rcode.REFUSED
    assert server.serial("one.") == 5
    limit_files(server, resource.RLIM_INFINITY)
    server.control("zone-add", name="three.", file=str(file))
    server.kill()
    server.start()
    assert server.serial("one.") == 5 and server.serial("three.") == 5


def test_half_a_line_spoils_only_itself(rhizd):
    """A power cut left half a line, and the disk is too full to write the file anew at the start."""
    server = rhizd(zones={"example.": zone_text()})
    file = server.write_zone("added.", zone_text(5))
    server.control("zone-add", name="one.", file=str(file))
    server.kill()
    journal = server.folder / "state" / "added-zones"
    with open(journal, "a") as f:
        f.write('{"add":"two.","cla')
    (server.folder / "state" / "added-zones.new").mkdir()      # so that it cannot be rewritten
    server.start()
    assert server.serial("one.") == 5
    server.control("zone-add", name="three.", file=str(file))
    server.kill()
    server.start()
    assert server.serial("one.") == 5 and server.serial("three.") == 5


def test_journal_does_not_grow_without_end(rhizd):
    server = rhizd(zones={"example.": zone_text()})
    file = server.write_zone("added.", zone_text(5))
    journal = server.folder / "state" / "added-zones"
    server.control("zone-add", name="stays.", file=str(file))
    largest = 0
    with server.connect() as control:
        for _ in range(1000):
            control.ask("zone-add", name="moves.", file=str(file))
            control.ask("zone-remove", name="moves.")
            largest = max(largest, journal.read_bytes().count(b"\n"))
    assert largest < 1500
    server.kill()
    server.start()
    assert server.serial("stays.") == 5
    assert server.query("moves.", "SOA").rcode() == dns.rcode.REFUSED


def test_a_log_behind_a_link_is_not_given_away(rhizd, tmp_path):
    """Who may write the log's folder must not become owner of what a link there leads to."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    precious = tmp_path / "precious"
    precious.write_text("root's\n")
    server = rhizd(zones={"example.": zone_text()}, server="user: nobody", more='log: { file: "{folder}/log" }', start=False)
    (server.folder / "log").symlink_to(precious)
    for folder in server.control_path.parents:
        if not os.stat(folder).st_mode & 0o001:
            if not folder.is_relative_to("/tmp"):
                pytest.skip("the folder is not open to others")
            os.chmod(folder, os.stat(folder).st_mode | 0o011)
    os.chmod(server.folder, 0o777)
    server.write_config()
    server.start()
    assert precious.stat().st_uid == 0
    still_serves(server)


# ---- transfers ----


def transfer(port, zone, receive=65536, pause=0):
    """The messages of an AXFR, each as octets."""
    with socket.create_connection((ADDRESS, port), timeout=20) as s:
        message = raw.query(zone, "AXFR")
        s.sendall(struct.pack("!H", len(message)) + message)
        data, messages, serials = b"", [], 0
        while serials < 2:
            chunk = s.recv(receive)
            if not chunk:
                break
            time.sleep(pause)
            data += chunk
            while len(data) >= 2 and len(data) >= 2 + struct.unpack("!H", data[:2])[0]:
                length = struct.unpack("!H", data[:2])[0]
                messages.append(data[2:2 + length])
                data = data[2 + length:]
                serials += sum(s.rdtype == dns.rdatatype.SOA for s in dns.message.from_wire(messages[-1]).answer)
        return messages


def test_no_message_of_a_transfer_is_empty(rhizd):
    """Records that each fill a message."""
    long = " ".join('"' + "x" * 250 + '"' for _ in range(80))
    server = rhizd(zones={"example.": zone_text(1, "".join(f"t{i} TXT {long}\n" for i in range(6)) + "z A 192.0.2.1\n")},
                   zone_options=", allow-transfer: [any]")
    messages = [dns.message.from_wire(m) for m in transfer(server.port, "example.")]
    assert all(m.answer for m in messages)
    assert sum(len(s) for m in messages for s in m.answer) == 11


@pytest.mark.tsan
def test_slow_transfers_of_a_zone_that_changes_and_goes(rhizd):
    """Each is of one moment, whatever happens to the zone meanwhile."""
    def text(serial):
        return zone_text(serial, "".join(f"n{i} TXT \"{serial}\" \"{'x' * 200}\"\n" for i in range(6000)))

    server = rhizd(zones={"example.": zone_text()}, more="templates: { default: { allow-transfer: [any] } }\n")
    file = server.write_zone("big.", text(1))
    server.control("zone-add", name="big.", file=str(file))
    results = []
    threads = [threading.Thread(target=lambda: results.append(transfer(server.port, "big.", 4096, 0.0002))) for _ in range(6)]
    for thread in threads[:3]:
        thread.start()
    server.write_zone("big.", text(2))
    server.control("zone-reload", name="big.")
    for thread in threads[3:]:
        thread.start()
    time.sleep(0.3)
    server.control("zone-remove", name="big.")
    server.control("reload")
    for thread in threads:
        thread.join()
    for messages in results:
        records = [r for m in messages for s in dns.message.from_wire(m).answer for r in s]
        serials = {r.serial for r in records if r.rdtype == dns.rdatatype.SOA}
        texts = {r.strings[0] for r in records if r.rdtype == dns.rdatatype.TXT}
        assert len(serials) == 1 and texts == {str(serials.pop()).encode()}
        assert len(records) == 6004
    still_serves(server)


# ---- dnstap ----


def test_dnstap_file_is_not_overwritten(rhizd):
    """A reload that opens the same file again while the old tap still writes: both streams are whole."""
    server = rhizd(zones={"example.": zone_text()}, server='dnstap: { file: "{folder}/tap", sample: 1 }')
    for _ in range(50):
        server.query("example.", "SOA")
    server.wait_for(lambda: server.control("stats")["counters"]["dnstap.written"] >= 50)
    server.server = server.server.replace("sample: 1", "sample: 2")
    server.write_config()
    server.control("reload")
    for _ in range(50):
        server.query("example.", "SOA")
    server.stop()
    files = sorted(server.folder.glob("tap*"))
    assert sum(len(frames(f.read_bytes())) for f in files) >= 100 + 40


def frames(data):
    """The data frames of a Frame Streams file; it begins and ends as such a file must."""
    found, at, controls = [], 0, []
    while at < len(data):
        length = struct.unpack("!I", data[at:at + 4])[0]
        at += 4
        if length == 0:
            length = struct.unpack("!I", data[at:at + 4])[0]
            controls.append(struct.unpack("!I", data[at + 4:at + 8])[0])
            at += 4
        else:
            found.append(data[at:at + length])
        at += length
    assert controls == [2, 3] and at == len(data)
    return found


# ---- descriptors and memory run out ----


def limit(server, what, soft):
    resource.prlimit(server.process.pid, what, (soft, resource.prlimit(server.process.pid, what)[1]))


@pytest.mark.tsan
def test_no_descriptors_left(rhizd):
    """Connections wait or are refused; UDP goes on; a reload that needs descriptors fails as a whole; then all is well again."""
    server = rhizd(zones={"example.": zone_text()}, metrics=True)
    before = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0]
    limit(server, resource.RLIMIT_NOFILE, len(os.listdir(f"/proc/{server.process.pid}/fd")) + 4)
    with contextlib.ExitStack() as held:
        for _ in range(40):
            held.enter_context(socket.create_connection((ADDRESS, server.port)))
        for _ in range(20):
            held.enter_context(connect_metrics(server, b"GET /metrics HTTP/1.0\r\n"))
        assert server.query("example.", "SOA").answer
        server.signal(signal.SIGHUP)
        server.write_config(server.base_config().replace(f"{server.port}\"]", f"{server.port}\", \"{ADDRESS}@{server.port2}\"]"))
        server.signal(signal.SIGHUP)
        time.sleep(0.5)
        assert server.query("example.", "SOA").answer
    limit(server, resource.RLIMIT_NOFILE, before)
    server.wait_for(lambda: server.control("reload"))
    still_serves(server)
    assert server.query("example.", "SOA", port=server.port2).answer
    assert server.http("/health/live")[0] == 200


def test_out_of_memory(rhizd):
    """Address space runs out (not under a sanitizer, whose shadow needs it): reloads and clients fail, the daemon does not."""
    server = rhizd(zones={"example.": zone_text()}, metrics=True)
    with open(f"/proc/{server.process.pid}/statm") as f:
        pages = int(f.read().split()[0])
    if pages * 4096 > 1 << 36:
        pytest.skip("a sanitizer's build")
    file = server.write_zone("big.", zone_text(1, "".join(f"n{i} TXT \"{'x' * 200}\"\n" for i in range(40000))))
    for spare in (64 << 10, 512 << 10, 4 << 20, 16 << 20):
        limit(server, resource.RLIMIT_AS, pages * 4096 + spare)
        with contextlib.ExitStack() as held:
            for _ in range(60):
                s = held.enter_context(socket.create_connection((ADDRESS, server.port)))
                s.sendall(b"\xff\xff" + b"x" * 60000)
            for _ in range(4):
                with contextlib.suppress(OSError, EOFError, rhizome.ControlError, ValueError):
                    server.control("zone-add", name="big.", file=str(file))
                with contextlib.suppress(OSError, EOFError, rhizome.ControlError, ValueError):
                    server.control("reload", force=True)
                with contextlib.suppress(OSError, IndexError):
                    server.http("/metrics")
                assert server.query("example.", "SOA").answer
    limit(server, resource.RLIMIT_AS, resource.RLIM_INFINITY)
    server.wait_for(lambda: server.control("reload"))
    with contextlib.suppress(rhizome.ControlError):
        server.control("zone-remove", name="big.")
    server.control("zone-add", name="big.", file=str(file))
    assert server.serial("big.") == 1
    still_serves(server)
