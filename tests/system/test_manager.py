# SPDX-License-Identifier: Apache-2.0
"""What the service manager sees: sd_notify, watchdog, the descriptor store, and sockets handed over (sd_listen_fds(3))."""
import array
import os
import re
import signal
import socket
import subprocess
import threading
import time

import dns.message
import dns.query
import pytest

import rhizome
from rhizome import zone_text


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(0.1)
        self.lines, self.descriptors = [], []

    def gather(self):
        """All that has come so far, in order."""
        while True:
            try:
                data, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(800 * 4))
            except socket.timeout:
                return self.lines
            self.lines += data.decode().splitlines()
            for level, kind, payload in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    numbers = array.array("i")
                    numbers.frombytes(payload[:len(payload) - len(payload) % numbers.itemsize])
                    self.descriptors += numbers


@pytest.fixture
def manager(tmp_path):
    path = tmp_path / "notify"
    manager = Manager(path if len(str(path)) < 100 else f"/tmp/rhizome-notify-{os.getpid()}")
    yield manager
    manager.socket.close()
    os.unlink(manager.path)
    for number in manager.descriptors:
        os.close(number)


def test_ready_reload_stop_watchdog(rhizd, manager):
    server = rhizd(zones={"example.": zone_text(1)}, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "600000"})
    server.wait_for(lambda: "READY=1" in manager.gather())
    server.wait_for(lambda: "WATCHDOG=1" in manager.gather(), 10, "the watchdog")
    before = len(manager.gather())
    server.control("reload")
    server.wait_for(lambda: "READY=1" in manager.gather()[before:], 10)
    after = manager.lines[before:]
    assert after.index("RELOADING=1") < after.index("READY=1")
    server.stop()
    assert "STOPPING=1" in manager.gather()


def test_descriptors_are_stored_and_taken_over(rhizd, manager):
    """Sockets outlive the process in the manager's store; queries asked between two processes wait in them, and are answered."""
    server = rhizd(zones={"example.": zone_text(1)}, env={"NOTIFY_SOCKET": manager.path}, workers=1)
    server.wait_for(lambda: manager.gather() and manager.descriptors, 10, "the descriptors")
    assert "FDSTORE=1" in manager.lines
    stored = list(manager.descriptors)
    assert {socket.socket(fileno=os.dup(n)).getsockname()[1] for n in stored} == {server.port}
    server.stop()

    answers = []

    def ask():
        message = dns.message.make_query("example.", "SOA")
        answers.append(dns.query.udp(message, "127.0.0.1", port=server.port, timeout=30))
        answers.append(dns.query.tcp(message, "127.0.0.1", port=server.port, timeout=30))
    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    assert not answers

    script = 'export LISTEN_PID=$$; exec "$@"'
    first = 3
    high = [os.dup(n) for n in stored]

    def place():
        """In the child: stored sockets at 3 and up."""
        spare = [os.dup(n) for n in high]
        moved = []
        for number in spare:
            while number < first + len(spare):
                number = os.dup(number)
            moved.append(number)
        for index, number in enumerate(moved):
            os.dup2(number, first + index)
            os.set_inheritable(first + index, True)
        os.closerange(first + len(spare), 256)

    environment = dict(os.environ, LISTEN_FDS=str(len(stored)), LISTEN_FDNAMES=":".join(["listen"] * len(stored)))
    with open(server.log_path, "ab") as log:
        server.process = subprocess.Popen(["/bin/sh", "-c", script, "sh", str(rhizome.RHIZD), "-c", str(server.config_path)], stdout=log,
                                          stderr=log, env=environment, preexec_fn=place, close_fds=False)
    for number in high:
        os.close(number)
    server.wait_ready()
    asking.join(40)
    assert [a.rcode() for a in answers] == [0, 0]
    assert server.serial("example.") == 1


def test_a_worker_that_hangs_is_noticed(rhizd):
    """A stopped process is not live; a running one is."""
    server = rhizd(zones={"example.": zone_text(1)}, metrics=True)
    assert server.http("/health/live")[0] == 200
    server.signal(signal.SIGSTOP)
    time.sleep(0.5)
    server.signal(signal.SIGCONT)
    server.wait_for(lambda: server.http("/health/live")[0] == 200, 15)


def test_manual_and_page_have_every_key():
    """rhizd.yaml(5) comes from the table; docs/config.md lists the same keys."""
    result = subprocess.run([str(rhizome.RHIZD), "--man"], capture_output=True, text=True, timeout=rhizome.PATIENCE)
    assert result.returncode == 0
    keys = {k.replace("\\-", "-") for k in re.findall(r"\.TP\n\.B (\S+)", result.stdout)}
    page = set(re.findall(r"^\| `([a-z0-9.\[\]-]+)` \|", (rhizome.ROOT / "docs" / "config.md").read_text().split("## Keys")[1], re.M))
    assert len(keys) > 50 and keys == page
