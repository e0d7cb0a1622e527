# SPDX-License-Identifier: Apache-2.0
"""The name servers that are measured, ours among them: one worker each, minimal responses, no logs, no limits, nothing cached
that the others would not cache.  A new one is a function that writes its configuration and returns its command, and a row of
SERVERS."""
import ipaddress
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

import machine

ADDRESS = machine.ADDRESS


def dotted(name):
    return name if name == "." else name + "."


# ---- ours ----

def _many_prefixes():
    """An access list as an operator would have: 500 networks, then everybody."""
    networks = [str(ipaddress.ip_network((0x0a000000 + (i << 12), 20))) for i in range(500)]
    return ", ".join([f'"!{network}"' for network in networks] + ["any"])


RHIZD_EVERYTHING = """  nsid: "bench"
  metrics: "{address}@{metrics}"
  metrics-zones: true
limits:
  rrl: {{ responses-per-second: 1000000, slip: 2, exempt: [none], slots: 65536 }}
acl: {{ clients: [{clients}] }}
"""


def rhizd(folder, port, zones, build, everything=False):
    """`everything`: cookies, rate limiting (every answer counted, none held back), an access list and counters per zone."""
    more = RHIZD_EVERYTHING.format(address=ADDRESS, metrics=machine.free_port(), clients=_many_prefixes()) if everything else ""
    option = ", allow-query: [clients]" if everything else ""
    (folder / "rhizd.yaml").write_text(
        f'version: 1\nserver:\n  listen: ["{ADDRESS}@{port}"]\n  workers: 1\n'
        f"  state: {folder}/state\n  control: {folder}/control.sock\n{more}"
        f"log: {{ level: warning, file: {folder}/log }}\nzones:\n"
        + "".join(f'  - {{ name: "{dotted(name)}", file: "{path}"{option} }}\n' for name, path in zones))
    (folder / "state").mkdir()
    return [build / "src" / "daemon" / "rhizd", "-c", folder / "rhizd.yaml"]


# ---- peers ----

def nsd(folder, port, zones):
    (folder / "nsd.conf").write_text(f"""server:
 ip-address: {ADDRESS}@{port}
 username: ""
 chroot: ""
 zonesdir: "/"
 database: ""
 pidfile: ""
 logfile: "{folder}/log"
 xfrdfile: "{folder}/xfrd.state"
 xfrdir: "{folder}"
 zonelistfile: "{folder}/zone.list"
 server-count: 1
 tcp-count: 2000
 minimal-responses: yes
 rrl-ratelimit: 0
 rrl-whitelist-ratelimit: 0
remote-control:
 control-enable: no
""" + "".join(f'zone:\n name: "{dotted(name)}"\n zonefile: "{path}"\n' for name, path in zones))
    return ["nsd", "-d", "-c", folder / "nsd.conf"]


SERVERS = {"nsd": nsd}


# ---- a server's life ----

def ask(port, name, type_code=6, timeout=0.3):
    """One question over UDP; the answer or None."""
    labels = [label for label in name.split(".") if label]
    question = struct.pack(">HHHHHH", 0x4242, 0, 1, 0, 0, 0)
    question += b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0" + struct.pack(">HH", type_code, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect((ADDRESS, port))
            s.send(question)
            return s.recv(4096)
        except OSError:
            return None


class Server:
    """A server on one zone set, in a folder of its own, from start to stop.

        with Server("rhizd", zone_set, build=build) as server:
            server.port, server.load_seconds, server.memory()
    """

    def __init__(self, name, zone_set, build=None, everything=False, core=machine.SERVER_CORE, prefix=(), patience=240):
        self.name, self.zone_set, self.patience = name, zone_set, patience
        self.folder = machine.home() / "run" / f"{name}-{zone_set.name}-{os.getpid()}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port = machine.free_port()
        if name == "rhizd":
            argv = rhizd(self.folder, self.port, zone_set.zones, build, everything)
        else:
            argv = SERVERS[name](self.folder, self.port, zone_set.zones)
        self.argv = machine.pin([*(str(word).replace("FOLDER", str(self.folder)) for word in prefix), *argv], core)
        self.process = None

    def start(self):
        begin = time.monotonic()
        with open(self.folder / "output", "w") as output:
            self.process = subprocess.Popen(self.argv, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
                                            start_new_session=True)
        while time.monotonic() - begin < self.patience:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.output()}")
            answer = ask(self.port, self.zone_set.probe)
            if answer is not None and answer[3] & 15 == 0:
                self.load_seconds = time.monotonic() - begin
                self.load_processor = self.processor_time()[0]
                return self
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} did not answer in {self.patience} s: {self.output()}")

    def output(self):
        texts = [path.read_text(errors="replace")[-400:] for path in (self.folder / "output", self.folder / "log")
                 if path.is_file()]
        return " | ".join(" ".join(texts).splitlines())

    def pids(self):
        return machine.family(self.process.pid)

    def processor_time(self):
        return machine.processor_time(self.pids())

    def memory(self):
        return machine.memory(self.pids())

    def stop(self):
        """TERM to what was started; what is left of it after a while is killed."""
        if self.process is None:
            return
        family = self.pids()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                pass
        for pid in family:
            if self._is_ours(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(5)
        self.process = None

    def _is_ours(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                return str(self.folder) in file.read()
        except OSError:
            return False

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *unused):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
