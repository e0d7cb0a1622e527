# SPDX-License-Identifier: Apache-2.0
"""The README's tour, command by command, on a copy of the examples with a free port: each must succeed and say what the README says."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from devnet import chain, needed
from rhizome import free_port

ROOT = pathlib.Path(__file__).parents[2]
BUILD = os.environ.get("RHIZ_BUILD", str(ROOT / "build"))


def tour(which=""):
    text = (ROOT / "README.md").read_text()
    block = re.search(rf"<!-- tour{which} -->\n```sh\n(.*?)```", text, re.S).group(1)
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


# ---- the tour of names on chains ----

NAMES_EXPECTED = {
    "dig @127.0.0.1 -p 5300 devnet.eth": "devnet.eth.\t\t300\tIN\tA\t192.0.2.1\n",
    "www.devnet.eth +short": "devnet.eth.\n192.0.2.",
    "name lookup devnet.crypto": "192.0.2.51",
    "name register": "alice.eth is registered",
    "dig @127.0.0.1 -p 5300 alice.eth": "alice.eth.\t\t300\tIN\tA\t192.0.2.7\n",
    "name history": "alice.eth. A 192.0.2.7",
    "rhiz explain": "of ethereum (chain 31337)",
    "chain status": "in use",
}


@pytest.fixture
def names_place(tmp_path):
    """What `make demo-names` starts, on free ports."""
    needed()
    run, port = tmp_path / "build" / "demo-names", free_port()
    (run / "keys").mkdir(parents=True, mode=0o700)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in ("rhizd", "rhiz"):
        folder = "daemon" if name == "rhizd" else "tools"
        (tmp_path / "build" / name).symlink_to(f"{BUILD}/src/{folder}/{name}")
    with chain("--chain-id", "31337", "--block-time", "1") as one, chain("--chain-id", "31338", "--block-time", "1", "--with", "uns") as two:
        for path, text in (("alice.json", json.dumps(one.keystore(who="alice", password="devnet"))), ("password", "devnet\n")):
            (run / "keys" / path).write_text(text)
            (run / "keys" / path).chmod(0o600)
        config = tmp_path / "examples" / "names.yaml"
        text = config.read_text()
        for old, new in (("5300", str(port)), ("http://127.0.0.1:18545", one.d["rpc"]), ("http://127.0.0.1:18546", two.d["rpc"])):
            assert old in text
            text = text.replace(old, new)
        config.write_text(text)
        daemon = subprocess.Popen([str(tmp_path / "build/rhizd"), "-c", str(config)], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        followed = 0
        for line in daemon.stderr:
            followed += "chain is followed" in line
            if followed == 2:
                break
        try:
            yield tmp_path, port
        finally:
            daemon.terminate()
            daemon.communicate(timeout=20)
            assert daemon.returncode == 0


def test_names_tour(names_place):
    folder, port = names_place
    environment, seen = dict(os.environ), set()
    for command in tour(": names"):
        if command.startswith("export "):
            name, value = command[len("export "):].split("=", 1)
            environment[name] = value.replace("$PWD", str(folder))
            continue
        piece = max((piece for piece in NAMES_EXPECTED if piece in command), key=len)
        # Nobody is at the keyboard to say yes.
        typed = command.replace("5300", str(port)) + (" --yes" if "register" in command else "")
        until = time.monotonic() + 1.5          # a block later it answers
        while True:
            done = subprocess.run(typed, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
            if NAMES_EXPECTED[piece] in done.stdout or time.monotonic() > until or not command.startswith("dig"):
                break
            time.sleep(0.1)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert NAMES_EXPECTED[piece] in done.stdout, f"{command}: {done.stdout}{done.stderr}"
        seen.add(piece)
    assert seen == set(NAMES_EXPECTED)
