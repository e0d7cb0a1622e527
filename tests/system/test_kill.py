# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: zones added and removed at run time are there or not there afterwards, whole, as the control socket
said; nothing else is lost."""
import random
import threading
import time

from rhizome import ControlError, Rhizd, zone_text


def names(server):
    return {z["name"].rstrip(".") for z in server.control("zone-list")["zones"]}


def test_added_and_removed_survive(rhizd):
    server = rhizd(zones={"example.": zone_text(1)})
    for number in range(5):
        path = server.folder / f"more{number}"
        path.write_text(zone_text(100 + number))
        server.control("zone-add", name=f"more{number}.test", file=str(path))
    server.control("zone-remove", name="more3.test")
    server.kill()
    server.start()
    assert names(server) == {"example", "more0.test", "more1.test", "more2.test", "more4.test"}
    server.wait_for(lambda: server.serial("more4.test.") == 104)
    assert server.serial("example.") == 1
    assert server.query("more3.test.", "SOA").rcode() == 5
    server.stop()
    server.start()
    assert server.serial("more1.test.") == 101


def test_killed_while_changing(rhizd):
    """What was acknowledged counts; of the one change on its way either outcome is whole."""
    server = rhizd(zones={"example.": zone_text(1)})
    text = server.folder / "any"
    text.write_text(zone_text(7))
    chance = random.Random(11)
    present, rounds = set(), 8
    for turn in range(rounds):
        flying = []

        def change():
            try:
                with server.connect() as control:
                    for step in range(10000):
                        name = f"n{chance.randrange(30)}.test"
                        verb = "zone-remove" if name in present else "zone-add"
                        flying[:] = [verb, name]
                        if verb == "zone-add":
                            control.ask(verb, name=name, file=str(text))
                            present.add(name)
                        else:
                            control.ask(verb, name=name)
                            present.discard(name)
                        flying.clear()
            except (OSError, EOFError, ValueError):
                pass
        worker = threading.Thread(target=change)
        worker.start()
        time.sleep(chance.uniform(0.01, 0.3))
        server.kill()
        worker.join(30)
        assert not worker.is_alive()
        server.start()
        found = names(server) - {"example"}
        doubtful = {flying[1]} if flying else set()
        assert found - doubtful == present - doubtful, f"turn {turn}, in flight {flying}"
        present = found
        for name in sorted(found)[:3]:
            server.wait_for(lambda: server.serial(name + ".") == 7, what=name)
        assert server.serial("example.") == 1


def test_a_torn_journal_is_not_the_end(rhizd):
    """Half a write at the end of the state (a full disk, a power cut) costs that write at most."""
    server = rhizd(zones={"example.": zone_text(1)})
    text = server.folder / "any"
    text.write_text(zone_text(7))
    for number in range(4):
        server.control("zone-add", name=f"n{number}.test", file=str(text))
    server.kill()
    files = [p for p in (server.folder / "state").rglob("*") if p.is_file() and b"n3" in p.read_bytes()]
    assert files, "no state file names the zone"
    data = files[0].read_bytes()
    files[0].write_bytes(data[:-5])
    server.start()
    found = names(server)
    assert {"example", "n0.test", "n1.test", "n2.test"} <= found
    server.control("zone-add", name="later.test", file=str(text))
    server.kill()
    server.start()
    assert "later.test" in names(server) and {"n0.test", "n2.test"} <= names(server)


def test_the_configuration_wins(rhizd):
    server = rhizd(zones={"example.": zone_text(1)})
    text = server.folder / "any"
    text.write_text(zone_text(7))
    server.control("zone-add", name="both.test", file=str(text))
    try:
        server.control("zone-add", name="example", file=str(text))
        raise AssertionError("a configured zone was added again")
    except ControlError:
        pass
    server.kill()
    server.zones["both.test."] = server.write_zone("both.test.", zone_text(9))
    server.write_config()
    server.start()
    server.wait_for(lambda: server.serial("both.test.") == 9)
