# SPDX-License-Identifier: Apache-2.0
"""The devnet itself: that it is what docs/devnet.md says, seen with a client that is not ours."""
from devnet import devnet, devnet_session, polygon, polygon_session  # noqa: F401

OWNER_OF = "function ownerOf(uint256) view returns (address)"


def test_chains_and_names(devnet, polygon):  # noqa: F811
    assert devnet.rpc("eth_chainId") == hex(31337)
    assert polygon.rpc("eth_chainId") == hex(31338)
    about = devnet.about(name="devnet.eth")
    assert about["wrapped"] and about["owner"] == devnet.d["accounts"][1]
    assert about["resolver"] == devnet.d["ens"]["resolvers"]["2023"]
    assert devnet.about(name="legacy.eth")["resolver"] == devnet.d["ens"]["resolvers"]["2020"]


def test_a_name_with_two_owners(devnet, polygon):  # noqa: F811
    token = int(devnet.namehash(name="both.crypto"), 16)
    owners = [c.read(at="uns.proxyReader", abi=OWNER_OF, args=[str(token)])[0] for c in (devnet, polygon)]
    assert owners == [devnet.d["accounts"][1], devnet.d["accounts"][2]]


def test_what_a_test_does_is_taken_back(devnet):  # noqa: F811
    before = devnet.head()
    with devnet.undone():
        devnet.text(name="devnet.eth", key="url", value="changed")
        assert devnet.head()["number"] == before["number"] + 1
    assert devnet.head() == before
