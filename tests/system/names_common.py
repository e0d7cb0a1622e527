# SPDX-License-Identifier: Apache-2.0
"""What tests of names on chains share: a daemon in front of a devnet, and its answers in forms that compare well."""
import contextlib
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from devnet import config
from rhizome import Rhizd

ETH = {"suffix": "eth", "system": "ens", "chain": "ethereum"}
UNS = {"suffix": ["crypto", "x", "nft", "wallet"], "system": "uns", "chains": ["polygon", "ethereum"], "collision": "ours"}
WALLET = "TYPE262"
EDE_STALE, EDE_NO_AUTHORITY, EDE_NETWORK = 3, 22, 23


def health(server, name="ethereum"):
    return next(c for c in server.control("chain-status")["chains"] if c["name"] == name)


def mount(server, suffix="eth."):
    return next(m for m in server.control("chain-status")["mounts"] if m["suffix"] == suffix)


def follows(server, chain, name="ethereum", seconds=15):
    """Until the daemon answers at the chain's head."""
    number = chain.head()["number"]
    server.wait_for(lambda: (c := health(server, name))["head"] == number and c["health"] == "fresh", seconds, f"block {number} of {name}")


@contextlib.contextmanager
def serving(folder, chain, *urls, mounts=(ETH,), options=None, more_chains=None, more="", wait=True, **rest):
    """A daemon with names of a devnet, by its own node or by providers at `urls`; it answers at the chain's head when this begins."""
    chains = {"ethereum": chain.config(*urls, **{"block-time": "250ms", **(options or {})}), **(more_chains or {})}
    with Rhizd(folder, more=config(chains, list(mounts)) + more, **rest) as server:
        if wait:
            follows(server, chain)
        yield server


def warm(server, chain, *questions):
    """Asks, twice, with a block in between: the first answer that rests on a contract is good for one block."""
    for rdtype, name in [(t, n) for n, t in questions]:
        asked(server, name, rdtype)
    chain.mine()
    follows(server, chain)
    return [asked(server, name, rdtype) for name, rdtype in questions]


def name_of(*labels):
    """A name out of labels as they are on the wire: str is written as UTF-8, not as Punycode."""
    return dns.name.Name([label.encode() if isinstance(label, str) else label for label in labels] + [b""])


def rcode(reply):
    return dns.rcode.to_text(reply.rcode())


def errors(reply):
    """Extended errors: [(code, text)]."""
    return [(int(o.code), o.text or "") for o in reply.options if o.otype == dns.edns.OptionType.EDE]


def section(rrsets):
    """Records as a sorted list of (owner, ttl, type, rdata)."""
    return sorted((s.name.to_text().lower(), s.ttl, dns.rdatatype.to_text(s.rdtype), r.to_text()) for s in rrsets for r in s)


def data(reply, rdtype=None):
    """RDATA of the answer section as sorted texts; of one type when given."""
    wanted = None if rdtype is None else dns.rdatatype.from_text(rdtype)
    return sorted(r.to_text() for s in reply.answer for r in s if wanted in (None, s.rdtype))


def strings(reply):
    """Texts of TXT records, their strings joined."""
    return sorted(b"".join(r.strings).decode() for s in reply.answer for r in s if s.rdtype == dns.rdatatype.TXT)


def wallets(reply):
    """{coin: address} of WALLET records, which dnspython does not know yet."""
    found = {}
    for rrset in reply.answer:
        for rdata in rrset:
            if rrset.rdtype != 262:
                continue
            wire, parts = rdata.to_digestable(), []
            while wire:
                parts.append(wire[1:1 + wire[0]].decode())
                wire = wire[1 + wire[0]:]
            found[parts[0]] = "".join(parts[1:])
    return found


def asked(server, name, rdtype, tries=1, **options):
    """A query with EDNS, so that extended errors come along; again while it is SERVFAIL, up to `tries`."""
    for left in range(tries, 0, -1):
        reply = server.query(name, rdtype, use_edns=0, payload=4096, **options)
        if rcode(reply) != "SERVFAIL" or left == 1:
            return reply
        time.sleep(0.25)


def until(condition, seconds=10, what="it"):
    """Until condition() is true; gives what it gave."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def reads(bad):
    """Calls of a proxy since the last time, by method, without those that follow the head."""
    methods = bad.counts()["methods"]
    return {m: n for m, n in methods.items() if m not in ("eth_getBlockByNumber", "eth_getBlockByHash", "eth_chainId", "eth_syncing", "eth_blockNumber")}


def metrics(server):
    """{"metric{labels}": number}."""
    status, body = server.http("/metrics")
    assert status == 200
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in body.splitlines() if line and line[0] != "#"}
