# SPDX-License-Identifier: Apache-2.0
"""Attacks: what a hostile client, a slow one, a full disk or a storm of changes must not do.

Under the sanitizers each of these also shows memory errors: a daemon that reported one does not end with 0.
"""
import contextlib
import socket
import threading
import time

import pytest

import raw
import rhizome
from rhizome import ADDRESS, zone_text

@contextlib.contextmanager
def asking(port, *messages, window=32):
    """Asks without end, by UDP, in a thread; yields a list that at the end holds how many answers came."""
    stop, count = threading.Event(), [0]

    def run():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.connect((ADDRESS, port))
            while not stop.is_set():
                for i in range(window):
                    with contextlib.suppress(OSError):
                        s.send(messages[i % len(messages)])
                for _ in range(window):
                    try:
                        s.recv(65535)
                        count[0] += 1
                    except OSError:
                        break

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield count
    finally:
        stop.set()
        thread.join()


def still_serves(server, name="example."):
    assert server.query(name, "SOA").answer
    assert server.query(name, "SOA", tcp=True).answer


# ---- reloads ----


@pytest.mark.tsan
def test_views_come_and_go_under_load(rhizd):
    """A view that a reload takes away is asked until the new setup is in force; its zones and access lists must live so long."""
    server = rhizd(zones={"example.": zone_text()})
    file = server.zones["example."]
    names = [f"z{i}.example." for i in range(4000)]

    def config(view):
        own = ", ".join(f'{{ name: "{n}", file: "{file}", allow-query: ["127.0.0.0/8"] }}' for n in names)
        return server.base_config().split("zones:")[0] + f"views:\n  - {{ name: {view}, zones: [{own}] }}\n"

    queries = [raw.query(n, "SOA", id=i) for i, n in enumerate(names[:400])]
    with asking(server.port, *queries, window=len(queries)):
        for i in range(8):
            server.write_config(config(f"v{i % 3}"))
            server.control("reload")
    still_serves(server, names[-1])
