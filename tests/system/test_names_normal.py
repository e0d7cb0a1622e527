# SPDX-License-Identifier: Apache-2.0
"""One name, however it is spelled in a question; and names that cannot be, of which nobody is asked."""
import pytest

from devnet import devnet_session, proxy  # noqa: F401
from names_common import WALLET, asked, data, name_of, rcode, reads, serving, strings, wallets

UNICORN = "\U0001F984"


@pytest.fixture
def served(tmp_path, devnet_session, proxy):  # noqa: F811
    between = proxy(devnet_session.url)
    with serving(tmp_path, devnet_session, between.url) as server:
        yield server, between


def test_punycode_is_raw_utf8(served, devnet_session):  # noqa: F811
    server, _ = served
    puny, raw = name_of("xn--3s9h", "eth"), name_of(UNICORN, "eth")
    alice = devnet_session.d["accounts"][1]
    assert puny == name_of(b"xn--" + UNICORN.encode("punycode"), "eth")
    for name in (puny, raw):
        reply = asked(server, name, WALLET)
        assert rcode(reply) == "NOERROR" and wallets(reply) == {"ETH": alice}
        assert reply.question[0].name == name and all(s.name == name for s in reply.answer)
        text = asked(server, name_of("_text", "url", *name.labels[:-1]), "TXT")
        assert strings(text) == ["https://unicorn.example/"]


def test_letters_in_either_case(served):
    server, _ = served
    for spelled in ("devnet.eth", "DEVNET.eth", "dEvNeT.EtH"):
        reply = asked(server, spelled, "A")
        assert data(reply) == ["192.0.2.1", "192.0.2.2"]
        assert reply.question[0].name.to_text() == spelled + "."
        assert {s.name.to_text() for s in reply.answer} == {spelled + "."}


# Each with why: ENSIP-15 refuses it, so it cannot exist.
INVALID = [
    ("mixed script", "vit\u0430lik"), ("mixed script in Punycode", b"xn--" + "vit\u0430lik".encode("punycode")),
    ("whole-script confusable", "\u0430\u0440\u0435"), ("not UTF-8", b"\xff\xfe"), ("underscore inside", "a_b"), ("third and fourth hyphen", "ab--c"),
    ("Punycode of ASCII", "xn--abc-"), ("zero width joiner", "a\u200db"), ("control character", b"a\x01b"), ("space", "a b"),
    ("a dot in a label", b"a.b"), ("leading mark", "\u0301a"), ("nothing but a joiner", "\u200d"),
]


@pytest.mark.parametrize("label", [label for _, label in INVALID], ids=[why for why, _ in INVALID])
def test_what_cannot_be(served, label):
    server, between = served
    between.counts()
    name = name_of(label, "eth")
    for rdtype in ("A", "TXT"):
        reply = asked(server, name, rdtype)
        assert rcode(reply) == "NXDOMAIN" and not reply.answer
        assert [s.name.to_text() for s in reply.authority] == ["eth."]
    assert rcode(asked(server, name_of("www", label, "eth"), "A")) == "NXDOMAIN"
    assert reads(between) == {}


def test_what_can_be_is_asked_of(served):
    server, between = served
    between.counts()
    assert rcode(asked(server, name_of("nobody-has-this", "eth"), "A")) == "NXDOMAIN"
    assert reads(between).get("eth_call", 0) >= 1
    assert rcode(asked(server, name_of("nobody-has-this", "eth"), "AAAA")) == "NXDOMAIN"
    assert reads(between) == {}


def test_labels_in_a_zone_are_labels_of_the_dns(served):
    """ENSIP-15 is for the name that has the resolver; below it a zone may have any label."""
    server, _ = served
    for label in ("a_b", "_sip", b"a\x01b", "ab--c", "vit\u0430lik"):
        reply = asked(server, name_of(label, "zone", "eth"), "A")
        assert (rcode(reply), data(reply)) == ("NOERROR", ["192.0.2.63"])
