# SPDX-License-Identifier: Apache-2.0
"""rhizd has no signing code for chains: nothing of `wallet`, nothing of crypto/sign.c, no signing function of libsecp256k1."""
import os
import re
import shutil
import subprocess

import pytest

from rhizome import BUILD, RHIZD

# Of libsecp256k1: what signs, and what makes or changes secret keys.
SIGNING = re.compile(r"secp256k1_(ecdsa_sign|schnorrsig_sign|ec_seckey|ec_privkey|ec_pubkey_create|keypair|ecdh|nonce_function)")


@pytest.fixture(scope="module", autouse=True)
def nm_there():
    if shutil.which("nm"):
        return
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail("nm is missing")
    pytest.skip("nm is missing")


def symbols(*arguments):
    """{name: True when it is defined there}; versions behind @ are left out."""
    text = subprocess.run(["nm", *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and len(words[-2]) == 1:
            found[words[-1].split("@")[0]] = words[-2] not in "Uw"
    return found


def globals_of(archive, member=None):
    """Global symbols that an archive, or one object of it, defines."""
    text = subprocess.run(["nm", "-g", "--defined-only", str(BUILD / "src" / archive)], check=True, capture_output=True, text=True).stdout
    found, current = set(), ""
    for line in text.splitlines():
        words = line.split()
        if line.endswith(":"):
            current = line[:-1]
        elif len(words) == 3 and (member is None or member in current) and not words[2].startswith("__"):
            found.add(words[2])
    return found


def all_symbols(program):
    return {**symbols(program), **symbols("-D", program)}


def test_the_test_sees():
    """The lists are not empty, and the program's symbols are there to be compared."""
    wallet, sign = globals_of("wallet/libwallet.a"), globals_of("crypto/libcrypto.a", "sign.c")
    assert {"wallet_sign", "wallet_open", "chain_id_is_development"} <= wallet
    assert {"ecdsa_sign", "ecdsa_key_address"} <= sign
    assert not sign & {"ecdsa_recover_address", "keccak256"}
    assert {"main", "digest_once"} <= set(symbols(RHIZD))


def test_daemon_has_no_wallet():
    shared = set(all_symbols(RHIZD)) & globals_of("wallet/libwallet.a")
    assert not shared, f"rhizd is linked with the wallet: {sorted(shared)}"


def test_daemon_has_no_signing():
    have = all_symbols(RHIZD)
    shared = set(have) & globals_of("crypto/libcrypto.a", "sign.c")
    assert not shared, f"rhizd is linked with what signs: {sorted(shared)}"
    named = sorted(name for name in have if SIGNING.match(name))
    assert not named, f"rhizd refers to {named}"


def test_a_signer_is_seen():
    """The same look finds it all in a program that signs."""
    have = all_symbols(BUILD / "tests" / "run-vectors")
    assert {"wallet_sign", "ecdsa_sign"} <= set(have)
    assert any(SIGNING.match(name) for name in have)
