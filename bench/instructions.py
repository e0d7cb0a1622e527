# SPDX-License-Identifier: Apache-2.0
"""Instructions per query by callgrind: the figure that a busy machine does not change.

The server runs under callgrind; after questions that warm it up, its counters are dumped and set to zero, then again after
the questions that count.  What the second dump holds is steady work only: no start, no loading.
"""
import re
import subprocess
import time

import load
from servers import Server

WARM, COUNTED = 60_000, 20_000
PREFIX = ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes", "--callgrind-out-file=FOLDER/callgrind.%p"]


def _dump(server):
    """Asks callgrind for its counters since the last dump, and waits for them.  Returns the instructions of all processes."""
    total = 0
    for pid in server.pids():
        before = set(server.folder.glob(f"callgrind.{pid}.*"))
        done = subprocess.run(["callgrind_control", "-d", str(pid)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(100):
            fresh = set(server.folder.glob(f"callgrind.{pid}.*")) - before
            sums = [re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.M) for path in fresh]
            if sums and all(sums):
                break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"callgrind gave no counters: {done.stdout}")
        total += sum(int(found[1]) for found in sums)
        server.profile = fresh.pop()
    return total


def measure(name, zone_set, flags, everything=False, keep=None):
    """Instructions per query of one server on one set.  `keep`: where the profile goes (callgrind_annotate reads it)."""
    with Server(name, zone_set, everything=everything, core=None, prefix=PREFIX) as server:
        flags = ["-s", "2", "-w", "64", "-l", "20", *flags]
        load.udp(server.port, zone_set.questions, *flags, count=WARM)
        _dump(server)
        asked = load.udp(server.port, zone_set.questions, *flags, count=COUNTED, offset=WARM)
        total = _dump(server)
        if keep is not None:
            keep.write_text(server.profile.read_text())
    if asked["lost"] or asked["wrong"]:
        raise RuntimeError(f"{name} under callgrind: {asked['lost']} lost, {asked['wrong']} wrong answers")
    return total / asked["received"]
