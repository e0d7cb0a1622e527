# SPDX-License-Identifier: Apache-2.0
"""Chains on this machine for system tests (docs/devnet.md): nodes with ENS and UNS contracts, and what tests do to them.

In a test file: `from devnet import devnet, polygon, proxy  # noqa: F401` and take the fixtures by name.
`devnet` and `polygon` are put back to how they were when a test is over."""
import contextlib
import functools
import json
import os
import pathlib
import select
import shutil
import subprocess
import time
import urllib.request

import pytest

HERE = pathlib.Path(__file__).resolve().parent.parent / "devnet"


class DevnetError(Exception):
    """What a command of the devnet says went wrong."""


@functools.lru_cache(maxsize=1)
def missing():
    """Why there can be no devnet here, or None."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    done = subprocess.run([HERE / "install"], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        return f"tests/devnet/install failed: {done.stderr.strip()[-400:]}"
    os.environ["RHIZ_DEVNET_HOME"] = done.stdout.strip()
    return None


def needed():
    """Skips the test where there is no devnet; under CI that is a failure."""
    reason = missing()
    if reason is None:
        return
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(f"no devnet: {reason}")
    pytest.fail(f"no devnet: {reason}")


class Lines:
    """A node.js program that takes a JSON object a line and answers each with one."""

    def __init__(self, script, *arguments):
        self.process = subprocess.Popen(["node", str(HERE / script), *map(str, arguments)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.kept = b""

    def line(self, timeout):
        end = time.monotonic() + timeout
        while b"\n" not in self.kept:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise DevnetError("no answer in time")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise DevnetError(f"ended with {self.process.wait(10)}")
            self.kept += more
        line, self.kept = self.kept.split(b"\n", 1)
        return line.decode()

    def ready(self, timeout=60):
        line = self.line(timeout)
        if not line.startswith("READY "):
            raise DevnetError(f"not ready: {line[:200]}")
        return json.loads(line[6:])

    def ask(self, message, timeout):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        answer = json.loads(self.line(timeout))
        if "error" in answer:
            raise DevnetError(answer["error"])
        return answer["ok"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


class Devnet:
    """A chain. `d` is its deployments (docs/devnet.md); any command of tests/devnet/commands.mjs is a method:
    `chain.text(name="devnet.eth", key="url", value="x")`, and gives what that gives (often a block's number)."""

    def __init__(self, *options):
        self.lines = Lines("devnet.mjs", *options)
        try:
            self.d = self.lines.ready()
        except BaseException:
            self.lines.stop()
            raise
        self.url = self.d["rpc"]

    def do(self, command, timeout=120, **arguments):
        return self.lines.ask({"do": command, **arguments}, timeout)

    def __getattr__(self, command):
        if command.startswith("_"):
            raise AttributeError(command)
        return functools.partial(self.do, command)

    def rpc(self, method, *params):
        return self.do("rpc", method=method, params=list(params))

    def config(self, *urls, **options):
        """The block of this chain for `chains:` of the daemon's configuration, as a dictionary; nodes other than this one
        (proxies, say) by their URLs, each its own operator; options as there, with _ for -."""
        ens, uns = self.d.get("ens"), self.d.get("uns")
        contracts = {"multicall": self.d["multicall3"]}
        if ens:
            contracts |= {"registry": ens["registry"], "registry-old": ens["oldRegistry"],
                          "universal-resolver": ens["universalResolver"], "base-registrar": ens["baseRegistrar"],
                          "name-wrapper": ens["nameWrapper"], "reverse-registrar": ens["reverseRegistrar"],
                          "public-resolver": ens["resolvers"]["2025"] or ens["resolvers"]["2023"],
                          "controllers": [ens["controllers"][year] for year in ("2025", "2023", "2020") if ens["controllers"][year]],
                          "known-resolvers": [address for address in ens["resolvers"].values() if address]}
        if uns:
            contracts |= {"uns-reader": uns["proxyReader"], "uns-registry": uns["registry"], "cns-registry": uns["cnsRegistry"]}
        contracts = {key: value for key, value in contracts.items() if value}
        providers = [{"name": f"p{i}", "url": url} for i, url in enumerate(urls or [self.url])]
        chain = {"chain-id": self.d["chainId"], "providers": providers, "ccip": {"loopback": True}, "contracts": contracts}
        return chain | {key.replace("_", "-"): value for key, value in options.items()}

    @contextlib.contextmanager
    def undone(self):
        """Whatever happens inside is taken back."""
        mark = self.do("snapshot")
        try:
            yield self
        finally:
            self.do("mining", mode="auto")
            self.do("revert", to=mark)

    def gateway_log(self, clear=True):
        """The requests that the gateway has seen: a list of {method, url, host, type, body}."""
        request = urllib.request.Request(f"{self.d['gateway']}/control/log", method="DELETE" if clear else "GET")
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.load(reply)

    def gateway_records(self, names):
        """What the gateway answers: {"alice.offchain.eth": {"addr.60": "0x..", "text.url": ".."}}."""
        request = urllib.request.Request(f"{self.d['gateway']}/control/records", method="PUT",
                                         data=json.dumps(names).encode())
        urllib.request.urlopen(request, timeout=10).close()

    def stop(self):
        self.lines.stop()


def config(chains, names):
    """Both sections as text, for `more` of rhizome.Rhizd: `config({"ethereum": devnet.config()}, [{"suffix": "eth",
    "system": "ens", "chain": "ethereum"}])`."""
    return f"chains: {json.dumps(chains)}\nnames: {json.dumps(names)}\n"


class Proxy:
    """A provider that goes wrong as it is told: rules and commands of tests/devnet/proxy.mjs."""

    def __init__(self, lines, target):
        self.lines = lines
        opened = lines.ask({"do": "open", "target": target}, 10)
        self.number, self.url = opened["proxy"], opened["url"]

    def do(self, command, **arguments):
        return self.lines.ask({"do": command, "proxy": self.number, **arguments}, 30)

    def rules(self, *rules):
        """Takes the place of all earlier rules; none: the provider is well again."""
        self.do("rules", rules=list(rules))

    def dead(self):
        self.do("dead")

    def alive(self):
        self.do("alive")

    def log(self, clear=True):
        return self.do("log", clear=clear)

    def counts(self, clear=True):
        """{requests, calls, methods: {name: n}, rounds}: rounds are requests that waited for another to end."""
        return self.do("counts", clear=clear)


def witness(script, deployments, names, asked):
    needed()
    ens = deployments.get("ens", {})
    asked = {"rpc": deployments["rpc"], "registry": ens.get("registry"), "universal": ens.get("universalResolver"),
             "names": list(names), **asked}
    done = subprocess.run(["node", HERE / script], input=json.dumps(asked), capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise DevnetError(done.stderr[-1000:])
    return json.loads(done.stdout)


def oracle(deployments, names=(), **asked):
    """What ethers says of names (tests/devnet/oracle.mjs): block, texts, coins, types, addresses, sequential, rpc."""
    return witness("oracle.mjs", deployments, names, asked)


def universal(deployments, names=(), **asked):
    """What the Universal Resolver says of names (tests/devnet/universal.mjs): texts, coins, addresses, single, rpc."""
    return witness("universal.mjs", deployments, names, asked)


@contextlib.contextmanager
def chain(*options):
    """A chain of a test's own."""
    needed()
    started = Devnet(*options)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def devnet_session():
    with chain() as started:
        yield started


@pytest.fixture(scope="session")
def polygon_session():
    with chain("--chain-id", 31338, "--with", "uns") as started:
        yield started


@pytest.fixture
def proxy():
    """Makes providers that can go wrong: `bad = proxy(devnet.url)`."""
    needed()
    lines = Lines("proxy.mjs")
    lines.ready()
    yield functools.partial(Proxy, lines)
    lines.stop()


@pytest.fixture
def devnet(devnet_session):
    """The first layer: ENS and UNS."""
    with devnet_session.undone():
        yield devnet_session


@pytest.fixture
def polygon(polygon_session):
    """The second layer: UNS only."""
    with polygon_session.undone():
        yield polygon_session
