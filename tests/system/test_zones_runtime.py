# SPDX-License-Identifier: Apache-2.0
"""Zones added and removed at run time; they survive a restart, and a kill -9."""
import json
import time

import dns.flags
import dns.rcode
import pytest

from rhizome import ControlError, zone_text


def add(server, name, serial=1, extra=""):
    path = server.write_zone(name, zone_text(serial, extra))
    return server.control("zone-add", name=name, file=str(path))["zone"]


@pytest.fixture
def server(rhizd):
    return rhizd(zones={"example.": zone_text(1, "sub 3600 NS ns1.sub\nns1.sub 3600 A 192.0.2.53\n")})


@pytest.mark.tsan
def test_add_serve_remove(server):
    zone = add(server, "new.example.", 5)
    assert zone["name"] == "new.example." and zone["state"] == "serving" and zone["source"] == "added" and zone["serial"] == 5
    assert server.serial("new.example.") == 5
    assert server.control("status")["zones"]["configured"] == 2
    assert server.control("zone-remove", name="new.example.") == {}
    assert server.query("new.example.", "SOA").rcode() == dns.rcode.NXDOMAIN       # the parent's again
    with pytest.raises(ControlError) as gone:
        server.control("zone-remove", name="new.example.")
    assert gone.value.code == "not-found"


def test_child_beside_its_parent(server):
    """A delegation turns into the child's own data and back, live; DS stays the parent's."""
    before = server.query("www.sub.example.", "A")
    assert not before.flags & dns.flags.AA and before.authority[0].rdtype == 2
    add(server, "sub.example.", 3, "www 60 A 192.0.2.77\n")
    assert server.texts("www.sub.example.", "A") == ["192.0.2.77"]
    ds = server.query("sub.example.", "DS")
    assert ds.flags & dns.flags.AA and ds.authority[0].name.to_text() == "example."
    server.control("zone-remove", name="sub.example.")
    after = server.query("www.sub.example.", "A")
    assert not after.flags & dns.flags.AA and not after.answer


def test_broken_file_adds_nothing(server):
    path = server.write_zone("bad.", "no zone\n")
    with pytest.raises(ControlError) as refused:
        server.control("zone-add", name="bad.", file=str(path))
    assert refused.value.code == "failed" and any("bad.zone:1:" in d for d in refused.value.reply["details"])
    assert server.query("bad.", "SOA").rcode() == dns.rcode.REFUSED
    assert len(server.control("zone-list")["zones"]) == 1


def test_survives_restart_and_kill(server):
    for i in range(5):
        add(server, f"z{i}.", i + 1)
    server.control("zone-remove", name="z3.")
    server.stop()
    server.start()
    assert [server.serial(f"z{i}.") for i in (0, 1, 2, 4)] == [1, 2, 3, 5]
    assert server.query("z3.", "SOA").rcode() == dns.rcode.REFUSED
    add(server, "last.", 9)
    server.kill()
    server.start()
    assert server.serial("last.") == 9 and server.serial("z4.") == 5
    sources = {z["name"]: z["source"] for z in server.control("zone-list")["zones"]}
    assert sources["last."] == "added" and sources["example."] == "config"


def test_a_line_cut_short_by_a_crash(server):
    add(server, "one.", 1)
    add(server, "two.", 2)
    server.kill()
    journal = server.folder / "state" / "added-zones"
    text = journal.read_text()
    journal.write_text(text[:-10])
    server.start()
    assert server.serial("one.") == 1
    assert server.query("two.", "SOA").rcode() == dns.rcode.REFUSED
    assert "makes no sense" in server.log
    assert [json.loads(line)["add"] for line in journal.read_text().splitlines()] == ["one."]      # written anew
    add(server, "two.", 3)
    server.kill()
    server.start()
    assert server.serial("two.") == 3


def test_configuration_wins(server):
    add(server, "both.", 1)
    other = server.folder / "config-both.zone"
    other.write_text(zone_text(100))
    server.zones["both."] = other
    server.write_config()
    server.control("reload")
    assert server.serial("both.") == 100
    assert server.control("zone-show", name="both.")["zone"]["source"] == "config"
    with pytest.raises(ControlError) as refused:
        server.control("zone-remove", name="both.")
    assert refused.value.code == "refused"
    server.stop()
    server.start()
    assert server.serial("both.") == 100


def test_default_template_counts(rhizd):
    server = rhizd(zones={"example.": zone_text()}, more="templates: { default: { allow-query: none } }")
    add(server, "new.")
    assert server.query("new.", "SOA").rcode() == dns.rcode.REFUSED
    server.more = ""
    server.write_config()
    server.control("reload")
    assert server.serial("new.") == 1


def test_other_classes(server):
    path = server.write_zone("chaos.", "@ 60 CH SOA ns. h. 4 1 1 1 1\n@ 60 CH NS ns.\ntext 60 CH TXT hello\n")
    server.control("zone-add", name="chaos.", file=str(path), **{"class": "CH"})
    assert server.texts("text.chaos.", "TXT", rdclass="CH") == ['"hello"']
    assert server.query("text.chaos.", "TXT").rcode() == dns.rcode.REFUSED
    server.control("zone-remove", name="chaos.", **{"class": "CH"})
    assert server.query("text.chaos.", "TXT", rdclass="CH").rcode() == dns.rcode.REFUSED


def test_many_one_after_the_other(server):
    """Adding touches nothing large: the hundredth costs what the first does."""
    started = time.monotonic()
    with server.connect() as control:
        for i in range(200):
            path = server.write_zone(f"m{i}.", zone_text(i + 1))
            control.ask("zone-add", name=f"m{i}.", file=str(path))
        assert server.serial("m199.") == 200
        for i in range(0, 200, 2):
            control.ask("zone-remove", name=f"m{i}.")
    assert time.monotonic() - started < 60
    assert server.query("m0.", "SOA").rcode() == dns.rcode.REFUSED
    assert server.serial("m1.") == 2
    server.stop()
    server.start()
    assert len(server.control("zone-list")["zones"]) == 101
