# SPDX-License-Identifier: Apache-2.0
"""Start, serve everything once, reload, add and remove, stop: no leak and no error.  Under ASan the exit code tells; with
RHIZ_VALGRIND=1 (scripts/test-valgrind) the daemon runs under memcheck."""
import os
import shutil
import subprocess

import pytest

import build
import raw
from raw import opt, option, query
from rhizome import ADDRESS, RHIZD, ControlError, Rhizd, zone_text

VALGRIND = bool(os.environ.get("RHIZ_VALGRIND"))
EXTRA = """www 300 A 192.0.2.80
*.w 300 MX 10 www
alias 300 CNAME www
sub 300 NS ns.sub
ns.sub 300 A 192.0.2.53
below 300 DNAME target.example.
big 300 TXT """ + " ".join(f'"{i:0100d}"' for i in range(30)) + "\n"


class Watched(Rhizd):
    def start(self, ready=True):
        if not VALGRIND:
            return super().start(ready)
        self.report = self.folder / "memcheck.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [shutil.which("valgrind"), "--leak-check=full", "--show-leak-kinds=definite,indirect,possible", "--errors-for-leak-kinds=definite,indirect,possible",
                 "--error-exitcode=99", "--num-callers=30", f"--log-file={self.report}", str(RHIZD), "-c", str(self.config_path)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        if ready:
            self.wait_ready(120)
        return self


def everything(server):
    for name, kind in (("www", "A"), ("x.w", "MX"), ("alias", "A"), ("a.sub", "A"), ("a.below", "A"), ("nx", "A"), ("big", "TXT"), ("", "ANY")):
        for tcp in (False, True):
            server.query((name + ".example.").lstrip("."), kind, tcp=tcp, want_dnssec=True)
    with raw.Udp(server.port) as udp:
        for message in (query(edns=opt(version=1)), query(edns=opt(options=option(raw.COOKIE, b"12345678"))), query(opcode=15), query(flags=raw.QR),
                        raw.header(qd=2) + raw.question("example."), query("id.server.", "TXT", 3), query("other.test."), b"x" * 11):
            udp.ask(message)
    with raw.Tcp(server.port) as tcp:
        tcp.send(query("example.", "AXFR"), *(query(id=i) for i in range(100)))
        assert all(tcp.receive() for _ in range(101))
    with raw.Tcp(server.port) as tcp:                   # gone in the middle
        tcp.send(query("example.", "AXFR"), *(query("big.example.", "TXT", id=i) for i in range(100)))
    if build.DELAY:
        with raw.Tcp(server.port) as tcp:
            tcp.send(query("delay-50.example."), query("delay-200.example."))
            tcp.receive()


@pytest.mark.tsan
def test_start_serve_reload_stop(tmp_path):
    folder = tmp_path / "rhizd"
    capture = shutil.which("fstrm_capture")
    tap = f"/tmp/rhiz-leaks-{os.getpid()}.sock"
    taker = subprocess.Popen([capture, "-t", "protobuf:dnstap.Dnstap", "-u", tap, "-w", "/dev/null"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Watched(folder, zones={"example.": zone_text(1, EXTRA)}, metrics=True, start=False,
                     server=f'nsid: ns1.test\nversion: none of your business\ndnstap: {{ socket: "{tap}" }}',
                     zone_options=f', allow-transfer: [any], notify: ["{ADDRESS}@9"]',
                     more="limits: { rrl: { responses-per-second: 5, exempt: [none] } }\n")
    try:
        server.start()
        for turn in range(2, 5):
            everything(server)
            server.write_zone("example.", zone_text(turn, EXTRA))
            if turn == 3:
                server.write_config(server.base_config().replace("listen: [", f'listen: ["{ADDRESS}@{server.port2}", ').replace("per-second: 5", "per-second: 50"))
            server.control("reload")
        (folder / "more").write_text(zone_text(5))
        server.control("zone-add", name="more.test", file=str(folder / "more"))
        server.control("zone-show", name="more.test")
        server.control("zone-reload", name="more.test", force=True)
        server.control("zone-list")
        server.control("zone-remove", name="more.test")
        server.control("stats", zones=True)
        server.control("config-show")
        server.http("/metrics")
        # What is wrong is refused, and costs no memory either.
        (folder / "bad").write_text("@ 300 SOA broken\n")
        for verb, args in (("zone-add", {"name": "bad.test", "file": str(folder / "bad")}), ("zone-add", {"name": "x" * 64, "file": "x"}),
                           ("zone-remove", {"name": "nobody.test"}), ("no-such-verb", {})):
            try:
                server.control(verb, **args)
            except ControlError:
                pass
        server.write_zone("example.", "@ 300 SOA broken\n")
        try:
            server.control("reload")
        except ControlError:
            pass
        assert server.serial("example.") == 4, "a broken file does not replace a good zone"
        server.write_config("version: 1\nserver: { listen: 7 }\n")
        with pytest.raises(ControlError):
            server.control("reload")
        everything(server)
    finally:
        code = server.stop(expect=None) if server.process else None
        taker.terminate()
        taker.wait(10)
        if os.path.exists(tap):
            os.unlink(tap)
    report = server.report.read_text() if VALGRIND else ""
    assert code == 0, f"rhizd ended with {code}:\n{report[-6000:]}{server.log[-6000:]}"
    if VALGRIND:
        print("\n" + "\n".join(report.splitlines()[-12:]))
        assert "ERROR SUMMARY: 0 errors" in report


def test_stop_by_control(rhizd):
    server = rhizd(zones={"example.": zone_text(1)})
    server.rhiz("stop", check=0)
    server.wait_end(0)
