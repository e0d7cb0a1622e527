# SPDX-License-Identifier: Apache-2.0
"""Runs the load generators and reads what they print."""
import json
import subprocess

import machine

SOURCES = 5000       # addresses of "everything on": more than a server's per-client tables find comfortable


def flags(dnssec_ok=False, everything=False):
    """How it is asked: plain; EDNS and DO; with cookies from many addresses too."""
    if everything:
        return ["-d", "-c", "-S", str(SOURCES)]
    return ["-d"] if dnssec_ok else []


def udp(port, questions, *more, seconds=None, count=None, offset=0, core=machine.LOAD_CORE):
    """Questions over UDP for some seconds, or so many.  Returns the generator's figures."""
    argv = [machine.compile_tool("load"), "-p", port, "-f", questions, "-o", offset, "-t", seconds or 600, *more]
    if count is not None:
        argv += ["-n", count]
    done = subprocess.run(machine.pin(argv, core), stdout=subprocess.PIPE, text=True, check=True,
                          timeout=(seconds or 600) + 30)
    return json.loads(done.stdout)
