# SPDX-License-Identifier: Apache-2.0
"""Views: the first that fits the client counts; zones are shared by reference or a view's own."""
import dns.message
import pytest

import raw
from raw import opt, query
from rhizome import ControlError, zone_text

CONFIG = """version: 1
server:
  listen: ["127.0.0.1@{port}"]
  state: "{folder}/state"
  control: "{control}"
acl: { home: ["127.0.0.2", "127.0.1.0/24"] }
zones:
  - { name: shared.test, file: "{folder}/shared.zone", allow-transfer: [any] }
  - { name: public.test, file: "{folder}/public.zone" }
views:
  - name: inside
    clients: [home]
    zones: [shared.test, { name: split.test, file: "{folder}/inside.zone", allow-transfer: [any] }, { name: corp.test, file: "{folder}/corp.zone" }]
  - name: outside
    clients: ["127.0.0.0/29"]
    zones: [shared.test, public.test, { name: split.test, file: "{folder}/outside.zone" }]
"""
INSIDE, INSIDE_TOO, OUTSIDE, NOBODY = "127.0.0.2", "127.0.1.77", "127.0.0.1", "127.0.9.9"


@pytest.fixture
def server(rhizd):
    s = rhizd(config=CONFIG, start=False)
    for name, text in (("shared", "shared"), ("public", "public"), ("inside", "inside"), ("outside", "outside"), ("corp", "corp")):
        (s.folder / f"{name}.zone").write_text(zone_text(1, f'www 300 TXT "{text}"\n'))
    return s.start()


def ask(server, source, name, tcp=False):
    """The text of the answer, or its RCODE."""
    message = query(name, "TXT", edns=opt())
    if tcp:
        with raw.Tcp(server.port, source=source) as connection:
            got = connection.ask(message)
    else:
        with raw.Udp(server.port, source=source) as udp:
            got = udp.exchange(message)
    reply = dns.message.from_wire(got)
    return reply.answer[0][0].strings[0].decode() if reply.answer else int(reply.rcode())


TABLE = [
    ("www.shared.test.", {INSIDE: "shared", INSIDE_TOO: "shared", OUTSIDE: "shared", NOBODY: 5}),
    ("www.public.test.", {INSIDE: 5, INSIDE_TOO: 5, OUTSIDE: "public", NOBODY: 5}),
    ("www.split.test.", {INSIDE: "inside", INSIDE_TOO: "inside", OUTSIDE: "outside", NOBODY: 5}),
    ("www.corp.test.", {INSIDE: "corp", INSIDE_TOO: "corp", OUTSIDE: 5, NOBODY: 5}),
]


@pytest.mark.tsan
@pytest.mark.parametrize("tcp", [False, True])
def test_two_clients_two_answers(server, tcp):
    for name, wants in TABLE:
        for source, want in wants.items():
            assert ask(server, source, name, tcp) == want, f"{name} for {source}"


def test_no_view_says_why(server):
    with raw.Udp(server.port, source=NOBODY) as udp:
        assert raw.options(udp.exchange(query("www.shared.test.", edns=opt())))[15][:2] == b"\0\x12"


@pytest.mark.tsan
def test_reload_changes_one(server):
    (server.folder / "inside.zone").write_text(zone_text(2, 'www 300 TXT "inside, new"\n'))
    server.control("reload")
    assert ask(server, INSIDE, "www.split.test.") == "inside, new"
    assert ask(server, OUTSIDE, "www.split.test.") == "outside"
    (server.folder / "shared.zone").write_text(zone_text(2, 'www 300 TXT "shared, new"\n'))
    server.control("reload")
    assert ask(server, INSIDE, "www.shared.test.") == ask(server, OUTSIDE, "www.shared.test.") == "shared, new"
    # Clients move from one view to the other; views come and go.
    server.write_config(CONFIG.replace('"127.0.0.2", ', ""))
    server.control("reload")
    assert ask(server, INSIDE, "www.split.test.") == "outside"
    server.write_config(CONFIG[:CONFIG.index("views:")])
    server.control("reload")
    assert ask(server, NOBODY, "www.public.test.") == "public" and ask(server, NOBODY, "www.split.test.") == 5
    server.write_config(CONFIG)
    server.control("reload")
    assert ask(server, INSIDE, "www.corp.test.") == "corp" and ask(server, NOBODY, "www.public.test.") == 5


def test_transfer_from_the_own_view(server):
    def axfr(source):
        with raw.Tcp(server.port, source=source) as tcp:
            got = tcp.ask(query("split.test.", "AXFR"))
        return raw.rcode(got) or (b"inside" in got and b"outside" not in got)
    assert axfr(INSIDE) is True
    assert axfr(OUTSIDE) == 5                           # that one's zone allows no transfers


@pytest.mark.tsan
def test_zones_at_run_time(server):
    """A view that lists its zones has those and no others; one that lists none takes what is added."""
    path = server.folder / "more.zone"
    path.write_text(zone_text(1, 'www 300 TXT "more"\n'))
    with pytest.raises(ControlError):
        server.control("zone-add", name="more.test", file=str(path), view="inside")
    with pytest.raises(ControlError):
        server.control("zone-add", name="more.test", file=str(path), view="nowhere")
    server.write_config(CONFIG + '  - { name: rest, clients: ["127.0.9.0/24"] }\n')
    server.control("reload")
    server.control("zone-add", name="more.test", file=str(path), view="rest")
    assert ask(server, NOBODY, "www.more.test.") == "more" and ask(server, OUTSIDE, "www.more.test.") == 5
    server.kill()
    server.start()
    server.wait_for(lambda: ask(server, NOBODY, "www.more.test.") == "more")
    assert ask(server, OUTSIDE, "www.more.test.") == 5
    server.control("zone-remove", name="more.test", view="rest")
    assert ask(server, NOBODY, "www.more.test.") == 5
