# SPDX-License-Identifier: Apache-2.0
"""A chain with as many names as one likes (fake_node.c), a daemon that follows it, and what its thread for chains costs.

The node counts calls for each of its blocks; processor time is what the kernel says of the thread (/proc/PID/task/TID/schedstat)."""
import json
import os
import pathlib
import random
import select
import socket
import struct
import subprocess
import time
import urllib.request

NOISE = {"registrations": 50, "logs": 300}


class FakeNode:
    """`build`: a build folder."""

    def __init__(self, build, names):
        self.process = subprocess.Popen([pathlib.Path(build) / "bench" / "fake-node", "--names", str(names)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("READY "), line
        self.d = json.loads(line[6:])
        self.url = self.d["rpc"]

    def ask(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body, {"content-type": "application/json"}), timeout=60) as reply:
            return json.load(reply)["result"]

    def mine(self, touch=(), **noise):
        return self.ask("test_mine", {"touch": list(touch), **noise})

    def every(self, ms, **noise):
        self.ask("test_every", ms, noise)

    def heads(self):
        """Calls by method since each block of the last, and forgets them."""
        return self.ask("test_heads")

    def counts(self, clear=True):
        return self.ask("test_counts", clear)["methods"]

    def config(self, operators=1, **options):
        """For `more` of rhizome.Rhizd; all operators are this node.  The Universal Resolver is left out: there is none."""
        d = self.d
        chain = {"chain-id": d["chainId"], "providers": [{"name": f"fake{i}", "url": self.url} for i in range(operators)], "ccip": {"loopback": True},
                 "contracts": {"multicall": d["multicall3"], "registry": d["registry"], "base-registrar": d["baseRegistrar"], "known-resolvers": [d["resolver"]]}}
        chain |= {key.replace("_", "-"): value for key, value in options.items()}
        return f"chains: {json.dumps({'ethereum': chain})}\nnames: {json.dumps([{'suffix': 'eth', 'system': 'ens', 'chain': 'ethereum'}])}\n"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


def question(number, name, rdtype=1):
    label = b"n%d" % name
    return struct.pack("!6H", number, 0, 1, 0, 0, 0) + bytes([len(label)]) + label + b"\3eth\0" + struct.pack("!HH", rdtype, 1)


def ask_all(port, names, window=400, rdtype=1, patience=60):
    """{name: rdata of the one answer, or -RCODE}; what is not answered within seconds is asked again."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.connect(("127.0.0.1", port))
        waiting, found, left = {}, {}, list(reversed(names))
        free = list(range(window))
        end = time.monotonic() + patience
        while left or waiting:
            while left and free:
                name, number = left.pop(), free.pop()
                waiting[number] = name
                sock.send(question(number, name, rdtype))
            if not select.select([sock], [], [], 6)[0]:
                for number, name in waiting.items():
                    sock.send(question(number, name, rdtype))
            assert time.monotonic() < end, f"{len(found)} of {len(names)} answered in {patience} s"
            while True:
                try:
                    reply = sock.recv(2048, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                number, flags, _, answers = struct.unpack("!4H", reply[:8])
                name = waiting.pop(number, None)
                if name is None:
                    continue
                free.append(number)
                if flags & 15 or answers != 1:
                    found[name] = -(flags & 15)
                    continue
                at = 12 + len(b"n%d" % name) + 6 + 4 + 10
                found[name] = reply[at + 2:at + 2 + struct.unpack("!H", reply[at:at + 2])[0]]
        return found


def address(version):
    return bytes([192, 0, 2, version & 255])


def threads(pid):
    """{thread: nanoseconds on a core}"""
    out = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            out[int(task.name)] = int((task / "schedstat").read_text().split()[0])
        except (OSError, ProcessLookupError):
            pass
    return out


def chain_thread(server, node):
    """Whoever works when blocks come and nobody asks anything."""
    time.sleep(0.5)
    before = threads(server.process.pid)
    for _ in range(6):
        node.mine(**NOISE)
        time.sleep(0.4)
    after = threads(server.process.pid)
    return max(after, key=lambda thread: after[thread] - before.get(thread, 0))


def head(server):
    return server.control("chain-status")["chains"][0]["head"]


def warm(server, node):
    """What is read before a contract's logs are followed is good for one block only: so one name and a block go first."""
    ask_all(server.port, [0])
    number = node.mine()
    server.wait_for(lambda: head(server) >= number, what="a block")


def fill(server, node, names, patience=300):
    """All names into the cache, by questions: seconds that took."""
    warm(server, node)
    begin = time.monotonic()
    found = ask_all(server.port, range(names), patience=patience)
    for _ in range(3):                          # a loaded machine: answers that took too long fail, and are asked for again
        wrong = [name for name, data in found.items() if data != address(1)]
        if wrong:
            time.sleep(2)
            found |= ask_all(server.port, wrong, window=20, patience=patience)
    wrong = [name for name, data in found.items() if data != address(1)]
    assert not wrong and len(found) == names, f"{len(wrong)} of {names} wrong: {[(name, found[name]) for name in wrong[:5]]}, {server.control('chain-status')}"
    return time.monotonic() - begin


def follow(server, node, names, heads, every=1.0, hot=200, seed=1):
    """Blocks full of others' business; meanwhile cached names are asked for, which must not lead to calls.
    {heads, calls: of all heads by method, most: of one head, chain_us: processor time of the chain's thread a head, share of a core,
    asked, growth: of resident octets}"""
    thread, generator = chain_thread(server, node), random.Random(seed)
    pid = server.process.pid
    node.every(int(every * 1000), **NOISE)
    time.sleep(2 * every)                       # the rhythm is found
    node.heads()
    first, asked, wrong = head(server), 0, 0
    memory, begun, busy = server.memory(), time.monotonic(), threads(pid)[thread]
    while head(server) < first + heads:
        found = ask_all(server.port, generator.sample(range(names), min(hot, names)))
        asked += len(found)
        wrong += sum(1 for data in found.values() if data != address(1))
        time.sleep(every / 4)
    took, busy = time.monotonic() - begun, threads(pid)[thread] - busy
    seen = head(server) - first
    kept = node.heads()[:-1]
    node.every(0)
    calls = {}
    for _, methods in kept:
        for method, count in methods.items():
            calls[method] = calls.get(method, 0) + count
    return {"heads": seen, "counted": len(kept), "calls": calls, "most": max(sum(methods.values()) for _, methods in kept), "mean": sum(calls.values()) / len(kept),
            "chain_us": busy / 1000 / seen, "share": busy / 1e9 / took, "asked": asked, "wrong": wrong, "growth": server.memory() - memory}
