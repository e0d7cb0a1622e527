# SPDX-License-Identifier: Apache-2.0
"""Runs the load generators and reads what they print."""
import json
import re
import subprocess

import machine

SOURCES = 5000       # addresses of "everything on": more than a server's per-client tables find comfortable


# dnsperf's connections and questions under way; "tcpc": ten questions a connection.
TCP = {"tcp": ["-c", "16", "-q", "300"], "tcpc": ["-c", "16", "-q", "160", "-O", "num-queries-per-conn=10"]}


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
    return read(done.stdout)


def read(output):
    """The figures that the generator printed."""
    return json.loads(output)


def tcp(port, questions, mode, seconds, core=machine.LOAD_CORE):
    """dnsperf over TCP, in the words of udp().  It tells no percentiles."""
    argv = ["dnsperf", "-s", machine.ADDRESS, "-p", port, "-d", questions, "-l", max(round(seconds), 1), "-m", "tcp", "-T", "1",
            *TCP[mode]]
    done = subprocess.run(machine.pin(argv, core), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
                          timeout=seconds + 60)

    def figure(pattern):
        found = re.search(pattern, done.stdout)
        return float(found[1]) if found else 0.0

    received = int(figure(r"Queries completed:\s+(\d+)"))
    return {"qps": figure(r"Queries per second:\s+([\d.]+)"), "sent": int(figure(r"Queries sent:\s+(\d+)")),
            "received": received, "lost": int(figure(r"Queries lost:\s+(\d+)")), "wrong": 0,
            "answer_bytes": figure(r"Average packet size:.*response (\d+)"),
            "rcodes": {"0": figure(r"NOERROR (\d+)") / max(received, 1), "3": figure(r"NXDOMAIN (\d+)") / max(received, 1)}}
