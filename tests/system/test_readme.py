# SPDX-License-Identifier: Apache-2.0
"""The README's tour, command by command, on a copy of the examples with a free port: each must succeed and say what the README says."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from rhizome import free_port

ROOT = pathlib.Path(__file__).parents[2]
BUILD = os.environ.get("RHIZ_BUILD", str(ROOT / "build"))


def tour():
    text = (ROOT / "README.md").read_text()
    block = re.search(r"<!-- tour -->\n```sh\n(.*?)```", text, re.S).group(1)
    return [line for line in block.splitlines() if line and not line.startswith("#")]


# What a command of the tour must print, by a piece of the command.
EXPECTED = {
    "x.example MX +short": "10 mail.example.",
    "anything.x.example MX +short": "20 mail.example.",
    "a.x.example A": "ANSWER: 0, AUTHORITY: 1",
    "b.a.x.example MX +short": "40 mail.example.",
    "a.x.example MX": "a.x.example.\t\t3600\tIN\tMX\t30 mail.example.",
    "a.x.example AAAA +json": '"rdataAAAA": "2001:db8::a"',
    "rhiz status": "ready                         true",
    "zone list": "example.",
    "zone show example": "serving",
    "zone check": "0 errors",
    "zone add": "serving hello.example.",
    "www.hello.example A +short": "192.0.2.80",
    "rhiz reload": "reloaded",
    "rhiz stats": "queries.udp4",
    "zone remove": "removed hello.example",
}


@pytest.fixture
def place(tmp_path):
    port = free_port()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "build").mkdir()
    for name in ("rhizd", "rhiz"):
        folder = "daemon" if name == "rhizd" else "tools"
        (tmp_path / "build" / name).symlink_to(f"{BUILD}/src/{folder}/{name}")
    config = tmp_path / "examples" / "rhizd.yaml"
    config.write_text(config.read_text().replace("5300", str(port)))
    daemon = subprocess.Popen([str(tmp_path / "build/rhizd"), "-c", str(config)], cwd=tmp_path,
                              stderr=subprocess.PIPE, text=True)
    for line in daemon.stderr:
        if "ready" in line:
            break
    try:
        yield tmp_path, port
    finally:
        daemon.terminate()
        daemon.communicate(timeout=20)
        assert daemon.returncode == 0


def test_tour(place):
    folder, port = place
    environment = dict(os.environ)
    seen = set()
    for command in tour():
        if command.startswith("export "):
            name, value = command[len("export "):].split("=", 1)
            environment[name] = value.replace("$PWD", str(folder))
            continue
        done = subprocess.run(command.replace("5300", str(port)), shell=True, cwd=folder, env=environment, capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        pieces = [piece for piece in EXPECTED if piece in command]
        assert pieces, f"nothing is expected of: {command}"
        piece = max(pieces, key=len)
        assert EXPECTED[piece] in done.stdout, f"{command}: {done.stdout}"
        seen.add(piece)
    assert seen == set(EXPECTED)
