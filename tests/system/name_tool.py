# SPDX-License-Identifier: Apache-2.0
"""`rhiz name` against a devnet: a folder with configuration, keys, password and state, and the tool run in it."""
import json
import os
import pathlib
import subprocess

import devnet as devnets
from rhizome import PATIENCE, RHIZ

PASSWORD = "devnet"


class Tool:
    """The tool with one key of the devnet's accounts (`who`), in a folder of its own."""

    def __init__(self, folder, chain, who="alice", chains=None, names=None, urls=(), **options):
        self.folder = pathlib.Path(folder)
        (self.folder / "keys").mkdir(parents=True, exist_ok=True)
        self.chain = chain
        self.add_key(who)
        (self.folder / "password").write_text(PASSWORD + "\n")
        chains = chains or {"ethereum": chain.config(*urls, **options)}
        names = names or [{"suffix": "eth", "system": "ens", "chain": "ethereum"},
                          {"suffix": ["crypto", "x"], "system": "uns", "chains": ["ethereum"]}]
        self.config = self.folder / "rhizd.yaml"
        self.config.write_text("version: 1\nserver: { listen: ['127.0.0.1@5300'] }\n" + devnets.config(chains, names))
        self.env = dict(os.environ, RHIZ_CONFIG=str(self.config), RHIZ_KEYSTORE=str(self.folder / "keys"), HOME=str(self.folder),
                        RHIZ_STATE=str(self.folder / "state"), RHIZ_PASSWORD_FILE=str(self.folder / "password"))

    def add_key(self, who):
        key = self.chain.keystore(who=who, password=PASSWORD)
        self.address = json.loads(key)["address"] if isinstance(key, str) else key["address"]
        self.address = "0x" + self.address.removeprefix("0x").lower()
        path = self.folder / "keys" / f"{self.address}.json"
        path.write_text(key if isinstance(key, str) else json.dumps(key))
        path.chmod(0o600)

    def start(self, *arguments, env=None):
        return subprocess.Popen([str(RHIZ), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env={**self.env, **(env or {})})

    def run(self, *arguments, code=0, env=None):
        """@return what it prints; self.errors is what it says besides"""
        process = self.start(*arguments, env=env)
        out, self.errors = process.communicate(timeout=PATIENCE)
        assert code is None or process.returncode == code, f"{arguments}: {process.returncode}\n{out}\n{self.errors}"
        self.code = process.returncode
        return out

    def json(self, *arguments, code=0):
        return json.loads(self.run(*arguments, "--json", code=code))

    def name(self, verb, *arguments, code=0, env=None):
        return self.run("name", verb, *arguments, code=code, env=env)

    def records(self, name, *keys):
        """What `lookup` finds: a list of (key, value)."""
        return [(r["key"], r["value"]) for r in self.json("name", "lookup", name, *keys)["records"] if r["state"] == "present"]

    def sent(self):
        """Transactions of the address on the chain."""
        return int(self.chain.rpc("eth_getTransactionCount", self.address, "latest"), 16)
