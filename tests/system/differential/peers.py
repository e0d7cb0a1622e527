# SPDX-License-Identifier: Apache-2.0
"""The name servers that answers are compared with: Debian's Knot, NSD and BIND, on loopback, one process each.

Settings that change answers are stated here and nowhere else: all give minimal responses, none limits rates, none recurses.
"""
import os
import pathlib
import shutil
import subprocess
import time

from rhizome import free_port

ADDRESS = "127.0.0.1"




class Peer:
    name = ""
    program = ""

    def __init__(self, folder, zones):
        """zones: list of (name with final dot, absolute path of a master file)."""
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.zones = zones
        self.environment = None         # None: ours
        self.process = None

    def start(self):
        command = self.configure()
        program = shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        assert program, f"{command[0]} is not installed (scripts/install-packages test)"
        log = open(self.folder / "output.log", "wb")
        self.process = subprocess.Popen([program] + command[1:], stdout=log, stderr=log, cwd=self.folder, env=self.environment)
        self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        import dns.message
        import dns.query
        import dns.rcode
        pending = [zone for zone, _ in self.zones]
        end = time.monotonic() + seconds
        while pending:
            assert self.process.poll() is None, f"{self.name} ended: {self.output()}"
            assert time.monotonic() < end and not self.gave_up(), f"{self.name} does not serve {pending[:3]}: {self.output()}"
            query = dns.message.make_query(pending[0], "SOA")
            try:
                reply = dns.query.udp(query, ADDRESS, port=self.port, timeout=1, ignore_unexpected=True)
                if reply.rcode() == dns.rcode.NOERROR and reply.answer:
                    pending.pop(0)
                    continue
            except (dns.exception.Timeout, OSError):
                pass
            time.sleep(0.1)

    def gave_up(self):
        """Whether it says that a zone cannot be served."""
        return False

    def output(self):
        return (self.folder / "output.log").read_text(errors="replace")[-2000:]

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)


class Nsd(Peer):
    name = "nsd"

    def configure(self):
        zones = "".join(f'zone:\n  name: "{n}"\n  zonefile: "{f}"\n' for n, f in self.zones)
        conf = self.write("nsd.conf", f"""server:
  ip-address: {ADDRESS}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "/"
  database: ""
  pidfile: ""
  logfile: "{self.folder}/log"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  zonelistfile: "{self.folder}/zone.list"
  server-count: 1
  minimal-responses: yes
  refuse-any: no
  ipv4-edns-size: 1232
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  tcp-query-count: 0
remote-control:
  control-enable: no
{zones}""")
        return ["nsd", "-d", "-c", conf]


class Knot(Peer):
    name = "knot"

    def configure(self):
        zones = "".join(f'  - domain: "{n}"\n    file: "{f}"\n' for n, f in self.zones)
        conf = self.write("knot.conf", f"""server:
    rundir: "{self.folder}"
    listen: {ADDRESS}@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
log:
  - target: "{self.folder}/log"
    any: warning
database:
    storage: "{self.folder}"
template:
  - id: default
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: soft
zone:
{zones}""")
        return ["knotd", "-c", conf]


class Bind(Peer):
    name = "bind"

    def configure(self):
        zones = "".join(f'zone "{n}" {{ type primary; file "{f}"; check-integrity no; check-names ignore; check-wildcard no; }};\n'
                        for n, f in self.zones)
        conf = self.write("named.conf", f"""options {{ directory "{self.folder}"; listen-on port {self.port} {{ {ADDRESS}; }};
  listen-on-v6 {{ none; }}; pid-file none; session-keyfile none; recursion no; minimal-responses yes;
  dnssec-validation no; notify no; allow-query {{ any; }}; allow-transfer {{ none; }}; max-udp-size 1232; edns-udp-size 1232;
  rate-limit {{ responses-per-second 0; }}; answer-cookie no; rrset-order {{ order none; }};
  max-records-per-type 0; max-types-per-name 0; }};
controls {{ }};
logging {{ category default {{ null; }}; category queries {{ null; }}; }};
{zones}""")
        return ["named", "-f", "-n", "1", "-U", "1", "-c", conf]


class Rhizome(Peer):
    """Ours, from the build folder that RHIZ_BUILD names."""
    name = "rhizome"

    def configure(self):
        build = os.environ.get("RHIZ_BUILD", str(pathlib.Path(__file__).parents[3] / "build"))
        zones = "".join(f'  - {{ name: "{n}", file: "{f}" }}\n' for n, f in self.zones)
        conf = self.write("rhizd.yaml", f"""version: 1
server:
  listen: ["{ADDRESS}@{self.port}"]
  workers: 1
  state: "{self.folder}/state"
  control: "{self.folder}/control.sock"
  snapshots: {{ records: 1 }}
zones:
{zones}""")
        return [f"{build}/src/daemon/rhizd", "-c", conf]

    def wait_ready(self, seconds=120):
        super().wait_ready(seconds)

    def gave_up(self):
        return "zone not loaded" in self.output()

    def from_snapshots(self, seconds=60):
        """Starts again, with every zone from its snapshot (docs/snapshot.md) where it was read from text before."""
        end = time.monotonic() + seconds
        while len(list((self.folder / "state" / "snapshots").glob("*.snapshot"))) < len(self.zones):
            assert time.monotonic() < end, f"not all zones have a snapshot: {self.output()}"
            time.sleep(0.05)
        self.stop()
        self.start()
        told = (self.folder / "output.log").read_text()
        assert told.count("from=snapshot") == len(self.zones), self.output()
        return self

    def overlaid(self):
        """Starts again, with a third of the names of every zone as edits leave them (docs/zone.md); for builds with -Dtest_delay=true."""
        self.stop()
        self.environment = dict(os.environ, RHIZ_TEST_OVERLAY="1")
        self.start()
        told = (self.folder / "output.log").read_text()
        assert told.count("zone scattered") == len(self.zones), self.output()
        return self


PEERS = (Nsd, Knot, Bind)
