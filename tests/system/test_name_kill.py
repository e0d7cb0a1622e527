# SPDX-License-Identifier: Apache-2.0
"""kill -9 of `rhiz name register` after each write to its file and at each reply of the node: whoever says the same again goes on,
with one commitment, one payment, and the secret that was committed to.

Writes are counted in the process (a small library makes the nth of them its last act); replies are counted by a proxy in front of the
node, which kills when the node has done what it was asked and the tool has not heard of it."""
import concurrent.futures
import http.client
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

import pytest

from devnet import chain, needed
from name_tool import Tool
from rhizome import PATIENCE

WORKERS = 8
LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void passed(void)
{
    static int count;
    const char *at = getenv("KILL_AT"), *log = getenv("KILL_LOG");
    FILE *f = log ? fopen(log, "a") : NULL;
    if (f) {
        fputc('.', f);
        fclose(f);
    }
    if (at && ++count == atoi(at))
        kill(getpid(), SIGKILL);
}
int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int rc = real(fd);
    passed();
    return rc;
}
int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    int rc = real(from, to);
    passed();
    return rc;
}
"""


class Killer:
    """A node that ends the process that asks when the nth reply is about to leave."""

    def __init__(self, target):
        self.target = urllib.parse.urlsplit(target)
        self.seen, self.at, self.process = 0, None, None
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                node = http.client.HTTPConnection(outer.target.hostname, outer.target.port, timeout=PATIENCE)
                node.request("POST", "/", body, {"Content-Type": "application/json"})
                reply = node.getresponse().read()
                node.close()
                outer.passed()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(reply)))
                    self.end_headers()
                    self.wfile.write(reply)
                except OSError:
                    pass                        # it was killed

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def passed(self):
        with self.lock:
            self.seen += 1
            kill = self.at is not None and self.seen == self.at
        if kill:
            while self.process is None:
                time.sleep(0.005)
            self.process.kill()
            self.process.wait()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A chain whose controllers take commitments after a second, and the library."""
    needed()
    folder = tmp_path_factory.mktemp("kill")
    (folder / "kill.c").write_text(LIBRARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "kill.so", folder / "kill.c", "-ldl"], check=True)
    with chain("--min-commitment-age", "1", "--without", "uns,tests") as started:
        yield folder, started, threading.Lock()


def tool_for(place, worker, folder):
    base, started, lock = place
    killer = Killer(started.url)
    with lock:                                  # one devnet, one command at a time
        tool = Tool(folder, started, who=1 + worker, urls=[killer.url], names=[{"suffix": "eth", "system": "ens", "chain": "ethereum"}])
    return tool, killer


def rpc(started, method, *params):
    node = http.client.HTTPConnection(urllib.parse.urlsplit(started.url).netloc, timeout=PATIENCE)
    node.request("POST", "/", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}), {"Content-Type": "application/json"})
    reply = json.load(node.getresponse())
    node.close()
    return reply["result"]


def one_case(place, worker, name, env, at_reply):
    """@return how many replies there were, whether it was killed"""
    base, started, _ = place
    tool, killer = tool_for(place, worker, base / name)
    count = lambda: int(rpc(started, "eth_getTransactionCount", tool.address, "latest"), 16)  # noqa: E731
    wealth = lambda: int(rpc(started, "eth_getBalance", tool.address, "latest"), 16)  # noqa: E731
    sent, had = count(), wealth()
    arguments = ("name", "register", f"{name}.eth", "A=192.0.2.7", "--yes")
    try:
        killer.at = at_reply
        process = tool.start(*arguments, env=env)
        killer.process = process
        _, errors = process.communicate(timeout=PATIENCE)
        killed = process.returncode == -9
        assert killed or process.returncode == 0, f"{name}: {process.returncode} {errors}"
        killer.at = None
        tool.run(*arguments)
        assert count() == sent + 2, f"{name}: {count() - sent} transactions\n{tool.errors}"
        spent = had - wealth()
        assert spent < 2 * 3125000000003490, f"{name}: {spent} wei"       # the price of a year once, and fees
        assert dict(tool.records(f"{name}.eth"))["A"] == "300 192.0.2.7"
        assert "nothing is under way" in tool.name("pending")
        tool.run(*arguments)
        assert count() == sent + 2
        return killer.seen, killed
    finally:
        killer.close()


def all_cases(place, cases):
    """Each worker has an account of its own, so that transactions can be counted."""
    def work(worker):
        return [one_case(place, worker, *case) for case in cases[worker::WORKERS]]

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return [result for results in pool.map(work, range(WORKERS)) for result in results]


def test_killed_at_each_reply(place):
    seen, killed = one_case(place, 0, "replies-first", None, None)
    assert not killed and seen > 15
    # polling makes the number of replies differ; up to there and a few more
    results = all_cases(place, [(f"reply-{n}", None, n) for n in range(1, min(seen, 60))])
    assert sum(killed for _, killed in results) >= len(results) * 2 // 3


def test_killed_after_each_write(place):
    base, _, _ = place
    log = base / "log"
    preload = {"LD_PRELOAD": str(base / "kill.so"), "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    one_case(place, 0, "writes-first", {**preload, "KILL_LOG": str(log)}, None)
    writes = len(log.read_text())
    assert writes >= 12                         # the secret, two signatures, two receipts, the end: a sync, a rename, a sync each
    results = all_cases(place, [(f"write-{n}", {**preload, "KILL_AT": str(n)}, None) for n in range(1, writes + 1)])
    assert all(killed for _, killed in results)
