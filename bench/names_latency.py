#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a name takes whose records lie on a chain, and what it costs its node: docs/names-cost.md has the table.

usage: RHIZ_BUILD=BUILD /usr/bin/python3 bench/names_latency.py [--delay 50] [--names 12] [--json FILE]
Each answer of the node comes DELAY ms late (a proxy on this machine).  Cold: nobody asked for the name before.  Changed: its records
were changed in the block before.  After A come AAAA, TXT and HTTPS of the same name, which must not make the daemon ask anything.
ethers: calls that a client makes that asks for one record after the other (tests/devnet/oracle.mjs)."""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))

import devnet  # noqa: E402
from rhizome import BUILD, Rhizd  # noqa: E402, F401

TYPES = {"A": 1, "AAAA": 28, "TXT": 16, "HTTPS": 65}


def records(name, last):
    return {"dns": [[name, "A", 300, f"192.0.2.{last}"], [name, "AAAA", 300, f"2001:db8::{last}"], [name, "TXT", 300, f'"number {last}"']]}


def make(chain, count, mark):
    """{(depth, wrapped): names}, each with records of its own."""
    made = {}
    for wrapped in (False, True):
        letter = "w" if wrapped else "u"
        tops = [f"{letter}{mark}{i}" for i in range(count)]
        chain.register(names=[{"label": top, "wrapped": wrapped, "records": records(f"{top}.eth", 1)} for top in [*tops, f"p{letter}{mark}"]])
        parent = f"p{letter}{mark}.eth"
        made[2, wrapped] = [f"{top}.eth" for top in tops]
        chain.block(of=[{"do": "subname", "parent": parent, "label": f"s{i}", **records(f"s{i}.{parent}", 1)} for i in range(count)])
        made[3, wrapped] = [f"s{i}.{parent}" for i in range(count)]
        chain.subname(parent=parent, label="middle")
        parent = f"middle.{parent}"
        chain.block(of=[{"do": "subname", "parent": parent, "label": f"t{i}", **records(f"t{i}.{parent}", 1)} for i in range(count)])
        made[4, wrapped] = [f"t{i}.{parent}" for i in range(count)]
    return made


def state_calls(log):
    """(requests, JSON-RPC calls, reads within them, sequential rounds) of what reads state; polls for heads are left out."""
    read = [entry for entry in log if any(call["method"] in ("eth_call", "eth_getCode", "eth_getProof", "eth_getStorageAt") for call in entry["calls"])]
    calls = [call for entry in read for call in entry["calls"]]
    rounds, edge = 0, -1
    for entry in sorted(read, key=lambda entry: entry["began"]):
        if entry["began"] >= edge:
            rounds += 1
            edge = entry["ended"]
        else:
            edge = min(edge, entry["ended"])
    return len(read), len(calls), sum(max(1, len(call.get("inner") or ())) for call in calls), rounds


def ask(server, name, rdtype, want):
    begin = time.perf_counter()
    reply = server.query(name + ".", rdtype)
    took = (time.perf_counter() - begin) * 1000
    texts = [record.to_text() for rrset in reply.answer for record in rrset]
    assert reply.rcode() == 0 and texts == want, f"{name} {rdtype}: {reply}"
    return took


def lookup(server, proxy, name, last):
    """One name, all four types: (ms, calls, reads, rounds); the other three must cause none."""
    proxy.log()
    took = ask(server, name, "A", [f"192.0.2.{last}"])
    first = state_calls(proxy.log())
    ask(server, name, "AAAA", [f"2001:db8::{last:x}"])
    ask(server, name, "TXT", [f'"number {last}"'])
    ask(server, name, "HTTPS", [])
    rest = state_calls(proxy.log())
    assert rest[1] == 0, f"{name}: AAAA, TXT and HTTPS made {rest}"
    return took, *first[1:]


def settled(server, block):
    server.wait_for(lambda: server.control("chain-status")["chains"][0]["head"] >= block, what="the block")


def summary(figures):
    return {"p50": statistics.median(f[0] for f in figures), "most": max(f[0] for f in figures), "calls": statistics.mean(f[1] for f in figures),
            "reads": statistics.mean(f[2] for f in figures), "rounds": max(f[3] for f in figures)}


def measure(chain, proxy, universal, delay, made, folder, one_by_one):
    """Rows of the table for one way of asking."""
    options = chain.config(proxy.url)
    if not universal:
        options["contracts"].pop("universal-resolver")
    proxy.rules({"delay": delay})
    rows = []
    with Rhizd(pathlib.Path(folder) / str(universal), more=devnet.config({"ethereum": options}, [{"suffix": "eth", "system": "ens", "chain": "ethereum"}])) as server:
        settled(server, chain.head()["number"])
        ask(server, "devnet.eth", "AAAA", ["2001:db8::1"])
        time.sleep(1.5)
        cold = {kind: summary([lookup(server, proxy, name, 1) for name in names]) for kind, names in made.items()}
        all_names = [name for names in made.values() for name in names]
        settled(server, chain.manyrecords(names={name: records(name, 2) for name in all_names}))
        changed = {kind: summary([lookup(server, proxy, name, 2) for name in names]) for kind, names in made.items()}
    said = devnet.oracle(chain.d, all_names, types=list(TYPES.values()), content=False, sequential=one_by_one, rpc=proxy.url)
    for kind, names in made.items():
        ethers = {"calls": said["calls"] / len(all_names), "p50": statistics.median(said["times"][name] for name in names)}
        rows.append({"depth": kind[0], "wrapped": kind[1], "universal": universal, "cold": cold[kind], "changed": changed[kind], "ethers": ethers})
    proxy.rules()
    return rows


def run(delay=50, count=12, one_by_one=True):
    """All rows.  Without `one_by_one` ethers makes the same calls side by side: its times say nothing then."""
    lines = devnet.Lines("proxy.mjs")
    lines.ready()
    try:
        with devnet.chain() as chain, tempfile.TemporaryDirectory() as folder:
            proxy = devnet.Proxy(lines, chain.url)
            made = {universal: make(chain, count, "x" if universal else "y") for universal in (True, False)}
            chain.mining(mode="interval", seconds=1)
            return [row for universal in made for row in measure(chain, proxy, universal, delay, made[universal], folder, one_by_one)]
    finally:
        lines.stop()


def table(rows):
    out = ["| labels | wrapped | Universal Resolver | cold: p50 | round trips | calls | changed: p50 | round trips | calls | ethers: calls | p50 |", "|---|---|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        cold, changed = row["cold"], row["changed"]
        out.append(f"| {row['depth']} | {'yes' if row['wrapped'] else 'no'} | {'yes' if row['universal'] else 'no'} | {cold['p50']:.1f} ms | {cold['rounds']} | {cold['calls']:.1f} "
                   f"| {changed['p50']:.1f} ms | {changed['rounds']} | {changed['calls']:.1f} | {row['ethers']['calls']:.1f} | {row['ethers']['p50']:.0f} ms |")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=int, default=50)
    parser.add_argument("--names", type=int, default=12, help="for each row")
    parser.add_argument("--json", help="the figures go to this file too")
    args = parser.parse_args()
    rows = run(args.delay, args.names)
    print(table(rows))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
