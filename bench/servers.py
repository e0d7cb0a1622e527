# SPDX-License-Identifier: Apache-2.0
"""The name servers that are measured, ours among them: one worker each, minimal responses, no logs, no limits.

A new one is a function that writes its configuration into a folder and returns its command, and a row of SERVERS.
`everything` asks for cookies, rate limiting (every answer counted, none held back), an access list and counters.
"""
import dataclasses
import ipaddress
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import time

import machine

ADDRESS = machine.ADDRESS
RHIZD = pathlib.Path(os.environ.get("RHIZ_BUILD", machine.ROOT / "build")).resolve() / "src" / "daemon" / "rhizd"


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


def rhizd(folder, address, port, zones, everything, workers=1, xdp=None):
    extra = RHIZD_EVERYTHING.format(address=address, metrics=machine.free_port(), clients=_many_prefixes()) if everything else ""
    option = ", allow-query: [clients]" if everything else ""
    listener = f'{{ address: "{address}@{port}", xdp: {xdp} }}' if xdp else f'"{address}@{port}"'
    (folder / "rhizd.yaml").write_text(
        f'version: 1\nserver:\n  listen: [{listener}]\n  workers: {workers}\n'
        f"  state: {folder}/state\n  control: {folder}/control.sock\n{extra}"
        f"log: {{ level: warning, file: {folder}/log }}\nzones:\n"
        + "".join(f'  - {{ name: "{dotted(name)}", file: "{path}"{option} }}\n' for name, path in zones))
    (folder / "state").mkdir(exist_ok=True)
    return [RHIZD, "-c", folder / "rhizd.yaml"]


# ---- peers ----

def nsd(folder, address, port, zones, everything):
    limit = 1_000_000 if everything else 0
    option = ' allow-query: 127.0.0.0/8 NOKEY\n' if everything else ""
    (folder / "nsd.conf").write_text(f"""server:
 ip-address: {address}@{port}
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
 answer-cookie: {"yes" if everything else "no"}
 rrl-ratelimit: {limit}
 rrl-whitelist-ratelimit: {limit}
remote-control:
 control-enable: no
""" + "".join(f'zone:\n name: "{dotted(name)}"\n zonefile: "{path}"\n{option}' for name, path in zones))
    return ["nsd", "-d", "-c", folder / "nsd.conf"]


KNOT_EVERYTHING = """mod-rrl:
  - id: default
    rate-limit: 1000000
    slip: 2
mod-cookies:
  - id: default
"""


def knot(folder, address, port, zones, everything, xdp=None):
    kernel = f"xdp:\n    listen: {xdp}@{port}\n    udp: on\n" if xdp else ""
    modules = "    global-module: [ mod-cookies/default, mod-rrl/default, mod-stats ]\n" if everything else ""
    (folder / "knot.conf").write_text(f"""server:
    rundir: "{folder}"
    listen: {address}@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-max-clients: 2000
{kernel}log:
  - target: "{folder}/log"
    any: warning
database:
    storage: "{folder}"
{KNOT_EVERYTHING if everything else ""}template:
  - id: default
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
{modules}zone:
""" + "".join(f'  - domain: "{dotted(name)}"\n    file: "{path}"\n' for name, path in zones))
    return ["knotd", "-c", folder / "knot.conf"]


def bind(folder, address, port, zones, everything):
    limit = 1_000_000_000 if everything else 0
    (folder / "named.conf").write_text(f"""options {{
 directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }}; pid-file none; session-keyfile none;
 recursion no; minimal-responses yes; dnssec-validation no; notify no; allow-query {{ any; }}; allow-transfer {{ none; }};
 tcp-clients 2000; rate-limit {{ responses-per-second {min(limit, 1000)}; exempt-clients {{ 127.0.0.0/8; }}; }};
}};
controls {{ }};
logging {{ category default {{ null; }}; category queries {{ null; }}; }};
""" + "".join(f'zone "{dotted(name)}" {{ type primary; file "{path}"; check-integrity no; }};\n' for name, path in zones))
    return ["named", "-f", "-n", "1", "-U", "1", "-c", folder / "named.conf"]


def powerdns(folder, address, port, zones, everything):
    (folder / "named.conf").write_text("".join(f'zone "{name}" {{ type master; file "{path}"; }};\n' for name, path in zones))
    (folder / "pdns.conf").write_text(f"""launch=bind
bind-config={folder}/named.conf
local-address={address}
local-port={port}
socket-dir={folder}
daemon=no
guardian=no
receiver-threads=1
distributor-threads=1
cache-ttl=60
query-cache-ttl=60
negquery-cache-ttl=60
max-cache-entries=4000000
max-packet-cache-entries=4000000
version-string=anonymous
loglevel=0
max-tcp-connections=2000
max-tcp-transactions-per-conn=0
zone-cache-refresh-interval=300
consistent-backends=yes
""")
    return ["pdns_server", f"--config-dir={folder}"]


def yadifa(folder, address, port, zones, everything):
    for name in "xfr", "keys", "log":
        (folder / name).mkdir(exist_ok=True)
    (folder / "yadifad.conf").write_text(f"""<main>
 daemon off
 listen {address} port {port}
 data-path "/"
 keys-path "{folder}/keys"
 log-path "{folder}/log"
 xfr-path "{folder}/xfr"
 pid-file "{folder}/pid"
 allow-query any
 allow-transfer none
 thread-count-by-address 1
 cpu-count-override 1
 max-tcp-queries 2000
 edns0-max-size 1232
 queries-log-type 0
</main>
""" + "".join(f"<zone>\n type master\n domain {dotted(name)}\n file-name {path}\n</zone>\n" for name, path in zones))
    return ["yadifad", "-c", folder / "yadifad.conf"]


def gdnsd(folder, address, port, zones, everything):
    for name in "etc/zones", "run", "state":
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "etc" / "config").write_text(f"""options => {{
 listen => [ {address}:{port} ], udp_threads => 1, tcp_threads => 1, run_dir => "{folder}/run", state_dir => "{folder}/state",
 max_edns_response => 1232, tcp_clients_per_thread => 1000, zones_strict_data => false, lock_mem => false
}}
""")
    for name, path in zones:
        (folder / "etc" / "zones" / name).symlink_to(path)
    return ["gdnsd", "-c", folder / "etc", "-R", "-f", "start"]


# ---- floors: bare responders ----

def udp_echo(folder, address, port, zones, everything):
    return [machine.compile_tool("echo"), address, port]


def tcp_echo(folder, address, port, zones, everything):
    return [machine.compile_tool("tcp_echo"), port]


@dataclasses.dataclass
class Row:
    configure: object
    modes: set           # what it is measured in
    not_sets: set        # zone sets that it cannot serve, or not in reasonable time
    quick_to_load: bool = True


ALL_MODES = {"udp", "do", "everything", "tcp", "tcpc"}
SIGNED = {"root-signed", "delegations-nsec", "delegations-nsec3"}
PLAIN = ALL_MODES - {"everything"}
SERVERS = {
    "udp-echo": Row(udp_echo, {"udp"}, set()),
    "tcp-echo": Row(tcp_echo, {"tcp", "tcpc"}, set()),
    "rhizd": Row(rhizd, ALL_MODES, set()),
    "nsd": Row(nsd, ALL_MODES, set()),
    "knot": Row(knot, ALL_MODES, set()),
    "yadifa": Row(yadifa, PLAIN - {"tcpc"}, {"hosting"}),         # loads zones slowly; tcpc: a busy loop
    "gdnsd": Row(gdnsd, PLAIN, {"root", "delegations"} | SIGNED),     # no root, no DS
    "bind": Row(bind, PLAIN, set()),
    "pdns": Row(powerdns, PLAIN, SIGNED - {"root-signed"}),
}
FLOORS = {"udp-echo", "tcp-echo"}


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

        with Server("nsd", zone_set) as server:
            server.port, server.load_seconds, server.memory()

    `prefix` stands before its command (FOLDER: its folder); `patience` is how long loading may take.  `place` is a network
    namespace (kernel.Place) that it runs in, on the place's address and port 53.
    """

    def __init__(self, name, zone_set, everything=False, core=machine.SERVER_CORE, prefix=(), patience=240, place=None, **options):
        self.name, self.zone_set, self.patience = name, zone_set, patience
        self.folder = machine.home() / "run" / f"{name}-{zone_set.name}-{os.getpid()}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.place, self.port = place, machine.free_port() if place is None else 53
        address = ADDRESS if place is None else place.address
        prefix = prefix if place is None else place.prefix
        argv = SERVERS[name].configure(self.folder, address, self.port, zone_set.zones, everything, **options)
        self.argv = machine.pin([*(str(word).replace("FOLDER", str(self.folder)) for word in prefix), *argv], core)
        self.process = None

    def start(self):
        """Starts it (again) and awaits that all is loaded."""
        with open(self.folder / "output", "a") as output:
            begin = time.monotonic()
            self.process = subprocess.Popen(self.argv, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder,
                                            start_new_session=True)
        waiting = list(self.zone_set.probes)
        while waiting:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.output()}")
            if time.monotonic() - begin > self.patience:
                raise RuntimeError(f"{self.name} did not answer in {self.patience} s: {self.output()}")
            if self._answers(waiting[-1]):
                waiting.pop()
            else:
                time.sleep(0.005)
        self.load_seconds = time.monotonic() - begin
        self.load_processor = self.processor_time()[0]
        if self.name == "rhizd":
            self._settle()
        return self

    def _settle(self):
        """Until it has done what it does after loading: it writes snapshots, at the lowest priority, which is no part of what is measured."""
        spent, deadline = None, time.monotonic() + 20
        while spent != (spent := self.processor_time()[0]) and time.monotonic() < deadline:
            time.sleep(0.3)

    def _answers(self, name):
        if self.name == "tcp-echo":
            time.sleep(0.2)
            return True
        if self.place is not None:
            return self.place.answers(name)
        answer = ask(self.port, name)
        return answer is not None and answer[3] & 15 == 0

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
                self.process.wait(5)
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
