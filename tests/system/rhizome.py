# SPDX-License-Identifier: Apache-2.0
"""A real rhizd for system tests: its own folder, free ports on the loopback, started, awaited, and ended by its pid.

    with Rhizd(tmp_path, zones={"example.": "@ SOA ..."}) as server:
        server.query("www.example.", "A")
        server.control("status")

RHIZ_BUILD names the build folder (default: build in the checkout).
"""
import json
import os
import random
import pathlib
import signal
import socket
import subprocess
import time

import dns.flags
import dns.message
import dns.query

ADDRESS = "127.0.0.1"
ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("RHIZ_BUILD", ROOT / "build")).resolve()
RHIZD = BUILD / "src" / "daemon" / "rhizd"
RHIZ = BUILD / "src" / "tools" / "rhiz"
# Sanitizers and valgrind are slow; what a test asserts about time it asserts by itself.
PATIENCE = float(os.environ.get("RHIZ_PATIENCE", "60"))

SOA = "@ 3600 SOA ns1 hostmaster {serial} 7200 1800 1209600 300\n@ 3600 NS ns1\nns1 3600 A 192.0.2.1\n"


def free_port():
    """A port that is free for UDP and TCP right now.

    Below the range that the kernel takes for outgoing connections, so that no client's connection, nor one that lingers,
    holds it by the time a server binds it.
    """
    for _ in range(1000):
        port = random.randint(10000, 30000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((ADDRESS, port))
                udp.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def zone_text(serial=1, extra=""):
    """The text of a small sound zone."""
    return SOA.format(serial=serial) + extra


class ControlError(Exception):
    def __init__(self, reply):
        super().__init__(reply.get("error"))
        self.code = reply.get("code")
        self.reply = reply


class Control:
    """A connection to the control socket (docs/control-protocol.md)."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def receive(self):
        """The final line; progress lines go to self.progress."""
        self.progress = []
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError("the control connection was closed")
            reply = json.loads(line)
            if "progress" not in reply:
                return reply
            self.progress.append(reply["progress"])

    def ask(self, verb, **args):
        request = {"verb": verb}
        if args:
            request["args"] = args
        self.send(json.dumps(request) + "\n")
        reply = self.receive()
        if not reply["ok"]:
            raise ControlError(reply)
        return reply["result"]

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Rhizd:
    """One daemon.  `zones` maps names to texts (written to files) or to existing pathlib.Path files; `config` is YAML text
    that replaces the one made here ({port}, {port2}, {folder} and {control} are filled in by str.replace); `server`, `more`
    are YAML lines added to the server block and at the end.  The process may be started, stopped, killed and started again."""

    def __init__(self, folder, zones=None, config=None, server="", more="", workers=2, metrics=False, env=None, start=True, zone_options=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.port2 = free_port(), free_port()
        self.metrics_port = free_port() if metrics else None
        # The path of a Unix socket is at most 107 octets; pytest's folders can be longer.
        self.control_path = self.folder / "control.sock"
        if len(str(self.control_path)) > 100:
            self.control_path = pathlib.Path("/tmp") / f"rhizome-{os.getpid()}-{self.port}.sock"
        self.config_path = self.folder / "rhizd.yaml"
        self.log_path = self.folder / "rhizd.log"
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.server, self.more, self.workers, self.zone_options = server, more, workers, zone_options
        self.zones = {}
        for name, text in (zones or {}).items():
            self.zones[name] = text if isinstance(text, pathlib.Path) else self.write_zone(name, text)
        self.write_config(config)
        if start:
            self.start()

    # ---- files ----

    def zone_file(self, name):
        return self.folder / ((name.rstrip(".") or "root").replace("/", "_") + ".zone")

    def write_zone(self, name, text):
        """Replaces the zone's file in one step, as an operator's tool should."""
        path = self.zone_file(name)
        temporary = path.with_suffix(".new")
        temporary.write_text(text)
        temporary.rename(path)
        return path

    def base_config(self):
        metrics = f'  metrics: "{ADDRESS}@{self.metrics_port}"\n' if self.metrics_port else ""
        server = "".join("  " + line + "\n" for line in self.server.splitlines())
        zones = "".join(f'  - {{ name: "{n}", file: "{f}"{self.zone_options} }}\n' for n, f in self.zones.items())
        return (f'version: 1\nserver:\n  listen: ["{ADDRESS}@{self.port}"]\n  workers: {self.workers}\n'
                f'  state: "{self.folder}/state"\n  control: "{self.control_path}"\n{metrics}{server}'
                + ("zones:\n" + zones if zones else "zones: []\n") + self.more + "\n")

    def fill(self, text):
        for key, value in (("{port}", self.port), ("{port2}", self.port2), ("{folder}", self.folder), ("{control}", self.control_path),
                           ("{metrics_port}", self.metrics_port)):
            text = text.replace(key, str(value))
        return text

    def write_config(self, text=None):
        self.config_path.write_text(self.fill(text if text is not None else self.base_config()))

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # ---- the process ----

    def start(self, ready=True):
        assert self.process is None
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([str(RHIZD), "-c", str(self.config_path)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=PATIENCE):
        self.wait_for(lambda: self.control("status")["ready"], seconds, "readiness")

    def wait_for(self, condition, seconds=PATIENCE, what="it"):
        """Until condition() is true; errors of a daemon that is not there yet count as false."""
        deadline = time.monotonic() + seconds
        while True:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"rhizd ended with {self.process.returncode}:\n{self.log[-4000:]}")
            try:
                if condition():
                    return
            except (OSError, EOFError, ControlError):
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what}:\n{self.log[-4000:]}")
            time.sleep(0.02)

    def stop(self, expect=0):
        """Ends it by SIGTERM; a sanitizer's report makes the exit code differ and the test fail."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.wait_end(expect)

    def wait_end(self, expect=0):
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process = None
            raise AssertionError(f"rhizd did not stop:\n{self.log[-4000:]}")
        self.process = None
        if expect is not None:
            assert code == expect, f"rhizd ended with {code}:\n{self.log[-8000:]}"
        return code

    def kill(self):
        """kill -9: what a power cut leaves."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def signal(self, number):
        self.process.send_signal(number)

    def memory(self):
        """Resident octets."""
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        if self.process is None:
            return
        if kind is None:
            self.stop()
        else:
            self.kill()
            print(self.log[-8000:])

    # ---- talking to it ----

    def connect(self, **options):
        return Control(self.control_path, **options)

    def control(self, verb, **args):
        with self.connect() as control:
            return control.ask(verb, **args)

    def ask(self, message, tcp=False, port=None, timeout=5, **options):
        """Sends a dns.message.Message; the reply.  Over UDP it is asked again when nothing comes: a loaded machine drops."""
        send = dns.query.tcp if tcp else dns.query.udp
        for attempt in range(4):
            try:
                return send(message, ADDRESS, port=port or self.port, timeout=timeout, **options)
            except dns.exception.Timeout:
                if attempt == 3:
                    raise

    def query(self, name, rdtype, rdclass="IN", tcp=False, port=None, rd=False, **options):
        """dns.message.make_query's options, such as want_dnssec, use_edns, payload."""
        message = dns.message.make_query(name, rdtype, rdclass, **options)
        if not rd:
            message.flags &= ~dns.flags.RD
        return self.ask(message, tcp=tcp, port=port)

    def texts(self, name, rdtype, **options):
        """The answer section's records of this type as a sorted list of texts."""
        reply = self.query(name, rdtype, **options)
        return sorted(r.to_text() for s in reply.answer for r in s if s.rdtype == dns.rdatatype.from_text(rdtype))

    def serial(self, zone, **options):
        reply = self.query(zone, "SOA", **options)
        return reply.answer[0][0].serial if reply.answer else None

    def rhiz(self, *words, check=None, **options):
        """Runs rhiz with this daemon's configuration; a subprocess.CompletedProcess with texts."""
        result = subprocess.run([str(RHIZ), *map(str, words)], capture_output=True, text=True, timeout=PATIENCE,
                                env=dict(self.env, RHIZ_CONFIG=str(self.config_path)), **options)
        if check is not None:
            assert result.returncode == check, f"rhiz {words}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result

    def http(self, path, method="GET"):
        """(status, body) of the metrics listener."""
        with socket.create_connection((ADDRESS, self.metrics_port), timeout=5) as s:
            s.sendall(f"{method} {path} HTTP/1.0\r\n\r\n".encode())
            data = b""
            while chunk := s.recv(65536):
                data += chunk
        header, _, body = data.partition(b"\r\n\r\n")
        return int(header.split()[1]), body.decode()


def check_config(text, folder, name="rhizd.yaml"):
    """rhizd -t: (exit code, standard error)."""
    path = pathlib.Path(folder) / name
    path.write_text(text)
    result = subprocess.run([str(RHIZD), "-t", "-c", str(path)], capture_output=True, text=True, timeout=PATIENCE)
    return result.returncode, result.stderr
