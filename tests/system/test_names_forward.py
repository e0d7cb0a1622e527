# SPDX-License-Identifier: Apache-2.0
"""The lines of docs/forwarding.md in Unbound and Knot Resolver, which validate everything else."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from devnet import chain
from names_common import ETH, data, follows, rcode, serving, strings
from rhizome import ADDRESS, free_port

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "forwarding.md"
ANCHOR = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"


def lines_of(title, port):
    """The block of a section, with our port in it."""
    section = re.search(rf"^## {re.escape(title)}.*?(?=^## |\Z)", PAGE.read_text(), re.M | re.S).group(0)
    block = "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
    assert "5300" in block
    return block.replace("5300", str(port))


class Resolver:
    def __init__(self, folder, command, files):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text.replace("{port}", str(self.port)).replace("{folder}", str(folder)))
        program = shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if program is None:
            if os.environ.get("CI", "").lower() in ("", "0", "false"):
                pytest.skip(f"{command[0]} is not installed")
            pytest.fail(f"{command[0]} is not installed (scripts/install-packages test)")
        with open(folder / "output", "wb") as output:
            self.process = subprocess.Popen([program, *(word.replace("{folder}", str(folder)) for word in command[1:])], stdout=output, stderr=output,
                                            stdin=subprocess.DEVNULL, cwd=folder)

    def ask(self, name, rdtype, seconds=20):
        """With RD, as clients ask; again until it is up."""
        end = time.monotonic() + seconds
        while True:
            assert self.process.poll() is None, (self.folder / "output").read_text()
            try:
                return dns.query.udp(dns.message.make_query(name, rdtype), ADDRESS, port=self.port, timeout=1)
            except (dns.exception.Timeout, OSError):
                assert time.monotonic() < end, (self.folder / "output").read_text()[-2000:]
                time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def unbound(folder, lines, anchored="."):
    base = ('server:\n    interface: 127.0.0.1@{port}\n    username: ""\n    chroot: ""\n    directory: "{folder}"\n    pidfile: ""\n    use-syslog: no\n'
            f'    num-threads: 1\n    trust-anchor: "{anchored} IN DS {ANCHOR}"\n    access-control: 127.0.0.0/8 allow\nremote-control:\n    control-enable: no\n')
    return Resolver(folder, ["unbound", "-d", "-c", "{folder}/unbound.conf"], {"unbound.conf": base + lines + "\n"})


def knot(folder, lines):
    base = ("net.listen('127.0.0.1', {port}, { kind = 'dns' })\nmodules.unload('ta_update')\nmodules.unload('priming')\nmodules.unload('ta_signal_query')\n"
            f"trust_anchors.remove('.')\ntrust_anchors.add('. IN DS {ANCHOR}')\ncache.size = 4 * MB\n")
    return Resolver(folder, ["kresd", "-n", "-c", "{folder}/kresd.conf", "{folder}"], {"kresd.conf": base + lines + "\n"})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with chain() as devnet, serving(tmp_path_factory.mktemp("rhizd"), devnet, mounts=[ETH]) as server:
        yield devnet, server


@pytest.mark.parametrize("kind, title", [(unbound, "Unbound"), (knot, "Knot Resolver (5)")], ids=["unbound", "knot-resolver"])
def test_the_lines_of_the_page(tmp_path, world, kind, title):
    devnet, server = world
    with kind(tmp_path / "with", lines_of(title, server.port)) as resolver:
        assert data(resolver.ask("devnet.eth", "A")) == ["192.0.2.1", "192.0.2.2"]
        reply = resolver.ask("www.devnet.eth", "A")
        assert data(reply, "A") == ["192.0.2.1", "192.0.2.2"] and data(reply, "CNAME") == ["devnet.eth."]
        assert data(resolver.ask("q.zone.eth", "A")) == ["192.0.2.63"]
        assert strings(resolver.ask("_text.url.devnet.eth", "TXT"))
        assert rcode(resolver.ask("nobody.eth", "A")) == "NXDOMAIN"
        assert rcode(resolver.ask("devnet.eth", "SRV")) == "NOERROR"
        text = strings(resolver.ask("devnet.eth", "TXT"))[0]
        devnet.dns(name="devnet.eth", records=[["devnet.eth", "TXT", 60, f'"{text}!"']])
        follows(server, devnet)
        assert strings(resolver.ask("devnet.eth", "TXT")) == [text + "!"]       # nothing is kept


def test_without_the_line_it_is_bogus(tmp_path, world):
    """Why the page has `domain-insecure`.  (The root, which denies `eth`, cannot be asked here: an anchor of `eth` itself stands in for its proof.)"""
    _, server = world
    lines = "\n".join(line for line in lines_of("Unbound", server.port).splitlines() if "insecure" not in line)
    with unbound(tmp_path / "without", lines, "eth.") as resolver:
        assert rcode(resolver.ask("devnet.eth", "A")) == "SERVFAIL"
