#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What following a chain costs with many names in the cache: docs/names-cost.md.

usage: RHIZ_BUILD=BUILD /usr/bin/python3 bench/names_heads.py [--names 100000] [--heads 600] [--every 1.0] [--quorum 1]
Blocks hold 50 registrations of other names and 300 logs of the same resolver; cached names are asked for all the while."""
import argparse
import json
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
for folder in ("tests/tools", "tests/system"):
    sys.path.insert(0, str(ROOT / folder))

import fake_node  # noqa: E402
from rhizome import BUILD, Rhizd  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=100000)
    parser.add_argument("--heads", type=int, default=600)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between blocks")
    parser.add_argument("--quorum", type=int, default=1, help="so many of one more operators must agree (all are the same node)")
    parser.add_argument("--perf", help="a profile of the daemon while blocks come goes to this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, fake_node.FakeNode(BUILD, args.names) as node:
        options = {} if args.every <= 1 else {"block_time": f"{int(args.every)}s"}
        operators = 1
        if args.quorum > 1:
            operators, options = args.quorum + 1, options | {"quorum": args.quorum}
        with Rhizd(folder, more=node.config(operators, **options), server='names-cache: 1G', workers=1) as server:
            before = server.memory()
            took = fake_node.fill(server, node, args.names)
            calls = node.counts()
            stats = server.control("cache-stats")
            print(f"filled: {args.names} names in {took:.1f} s, {calls.get('eth_call', 0) / args.names:.2f} eth_call each, "
                  f"{(server.memory() - before) / args.names:.0f} octets resident each, {stats['bytes'] / args.names:.0f} in the cache's count", flush=True)
            if args.perf:
                os.system(f"perf record -q -g -p {server.process.pid} -o {args.perf} -- sleep {args.heads * args.every} &")
            figures = fake_node.follow(server, node, args.names, args.heads, args.every)
            figures["entries"] = server.control("cache-stats")["entries"]
            print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
