# SPDX-License-Identifier: Apache-2.0
"""Reload: whole or not at all, without losing a query; the new versions answer when it returns."""
import signal
import socket
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from rhizome import ControlError, zone_text


def version(serial):
    return zone_text(serial, f"v 60 TXT \"{serial}\"\n")


@pytest.mark.tsan
def test_new_content_answers_when_reload_returns(rhizd):
    server = rhizd(zones={"example.": version(1)})
    for serial in range(2, 30):
        server.write_zone("example.", version(serial))
        result = server.control("reload") if serial % 2 else server.control("zone-reload", name="example.")
        assert (result["zones"]["loaded"] if serial % 2 else result["loaded"]) == 1
        assert server.serial("example.") == serial
        assert server.texts("v.example.", "TXT", tcp=True) == [f'"{serial}"']


def test_unchanged_files_are_not_read(rhizd):
    server = rhizd(zones={"example.": version(1), "other.": version(1)})
    assert server.control("reload")["zones"] == {"loaded": 0, "unchanged": 2, "failed": 0, "added": 0, "removed": 0}
    assert server.control("reload", force=True)["zones"]["loaded"] == 2
    server.write_zone("other.", version(2))
    assert server.control("reload")["zones"]["loaded"] == 1
    assert server.control("zone-reload")["unchanged"] == 2


def test_broken_zone_keeps_the_old_content(rhizd):
    server = rhizd(zones={"example.": version(1)})
    server.write_zone("example.", version(2) + "bad bad bad\n")
    with pytest.raises(ControlError) as refused:
        server.control("zone-reload", name="example.")
    assert refused.value.code == "failed" and any("example.zone:5:" in d for d in refused.value.reply["details"])
    with pytest.raises(ControlError) as failed:
        server.control("reload")
    assert failed.value.code == "failed" and len(failed.value.reply["details"]) == 1
    assert server.serial("example.") == 1
    zone = server.control("zone-show", name="example.")["zone"]
    assert zone["state"] == "serving" and zone["serial"] == 1 and "example.zone:5:" in zone["error"]
    server.write_zone("example.", version(3))
    server.control("reload")
    assert server.serial("example.") == 3
    assert "error" not in server.control("zone-show", name="example.")["zone"]


def test_bad_configuration_changes_nothing(rhizd):
    server = rhizd(zones={"example.": version(1)})
    good = server.config_path.read_text()
    server.write_zone("example.", version(2))
    server.config_path.write_text(good.replace("version: 1", "version: 1\nnonsense: 1").replace("example.", "other."))
    with pytest.raises(ControlError) as refused:
        server.control("reload")
    assert refused.value.code == "failed" and "rhizd.yaml:2:1" in refused.value.reply["details"][0]
    assert server.serial("example.") == 1
    assert server.control("status")["generation"] == 1
    server.config_path.write_text(good)
    server.control("reload")
    assert server.serial("example.") == 2


def test_address_in_use_changes_nothing(rhizd):
    import socket
    server = rhizd(zones={"example.": version(1)})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port2))
        taken.listen()
        good = server.config_path.read_text()
        server.write_zone("example.", version(2))
        server.config_path.write_text(good.replace(f'"127.0.0.1@{server.port}"', f'"127.0.0.1@{server.port}", "127.0.0.1@{server.port2}"'))
        with pytest.raises(ControlError):
            server.control("reload")
    assert server.serial("example.") == 1 and server.serial("example.", tcp=True) == 1
    assert server.control("status")["listen"] == [f"127.0.0.1@{server.port}"]


@pytest.mark.tsan
def test_listeners_zones_views_and_limits_change(rhizd):
    server = rhizd(zones={"a.": version(1), "b.": version(1)})
    server.write_zone("c.", version(9))
    server.write_config(server.base_config() + '')
    server.write_config("""version: 1
server:
  listen: ["127.0.0.1@{port2}", "127.0.0.1@{port}"]
  workers: 2
  state: {folder}/state
  control: {control}
  nsid: new
limits: { rrl: { responses-per-second: 1000, exempt: [none] } }
acl: { local: [loopback] }
zones:
  - { name: a, file: a.zone }
  - { name: c, file: c.zone, allow-query: none }
views:
  - { name: nobody, clients: ["192.0.2.0/24"] }
  - { name: inside, clients: local, zones: [a, c, { name: own, file: c.zone }] }
""")
    result = server.control("reload")
    assert result["zones"]["added"] == 2 and result["zones"]["removed"] == 1
    assert server.serial("a.", port=server.port2) == 1 and server.serial("a.") == 1
    assert server.query("b.", "SOA").rcode() == dns.rcode.REFUSED
    assert server.query("c.", "SOA").rcode() == dns.rcode.REFUSED
    assert server.serial("own.") == 9
    assert server.texts("id.server.", "TXT", rdclass="CH") == ['"new"']
    assert server.control("status")["views"] == ["nobody", "inside"]
    views = {z["name"]: z["view"] for z in server.control("zone-list")["zones"]}
    assert views == {"a.": ["nobody", "inside"], "c.": ["nobody", "inside"], "own.": "inside"}
    server.write_config()
    server.control("reload")
    assert server.serial("b.") == 1
    assert server.query("own.", "SOA").rcode() == dns.rcode.REFUSED
    with pytest.raises((OSError, dns.exception.Timeout)):
        dns.query.udp(dns.message.make_query("a.", "SOA"), "127.0.0.1", port=server.port2, timeout=0.5)


def test_split_horizon(rhizd):
    """The same name with different content for different clients; longest list of networks does not matter, the first view does."""
    server = rhizd(start=False)
    server.write_zone("in.", version(1))
    server.write_zone("out.", version(2))
    server.write_config("""server:
  listen: ["127.0.0.1@{port}"]
  state: {folder}/state
  control: {control}
views:
  - { name: inside, clients: ["127.0.0.2/32"], zones: [{ name: example, file: in.zone }] }
  - { name: outside, zones: [{ name: example, file: out.zone }] }
""")
    server.start()
    assert server.serial("example.") == 2
    message = dns.message.make_query("example.", "SOA")
    reply = server.ask(message, source="127.0.0.2")
    assert reply.answer[0][0].serial == 1
    assert server.control("zone-show", name="example", view="inside")["zone"]["serial"] == 1
    assert server.control("zone-show", name="example", view="outside")["zone"]["serial"] == 2


def test_sighup(rhizd):
    server = rhizd(zones={"example.": version(1)})
    server.write_zone("example.", version(2))
    server.signal(signal.SIGHUP)
    server.wait_for(lambda: server.serial("example.") == 2, what="the new serial")


def test_changes_that_need_a_restart_are_told(rhizd):
    server = rhizd(zones={"example.": version(1)})
    server.workers = 1
    server.write_config()
    assert any("server.workers" in w for w in server.control("reload")["warnings"])


@pytest.mark.tsan
def test_no_query_is_lost_and_versions_never_mix(rhizd):
    """Two versions alternate under load over UDP and TCP: each answer's SOA serial and TXT agree, and none is missing."""
    server = rhizd(zones={"example.": version(1)}, server="udp-receive-buffer: 4M")
    stop, problems, counts = threading.Event(), [], [0, 0]

    def worker(tcp):
        while not stop.is_set():
            message = dns.message.make_query("nothing.v.example.", "A")       # SOA of the version in the authority section
            both = dns.message.make_query("v.example.", "TXT")
            try:
                send = dns.query.tcp if tcp else dns.query.udp
                first = send(message, "127.0.0.1", port=server.port, timeout=20)
                second = send(both, "127.0.0.1", port=server.port, timeout=20)
            except Exception as error:
                problems.append(repr(error))
                return
            if first.rcode() != dns.rcode.NXDOMAIN or not second.answer:
                problems.append(first.to_text() + second.to_text())
            counts[tcp] += 2

    threads = [threading.Thread(target=worker, args=(tcp,)) for tcp in (False, False, True)]
    for thread in threads:
        thread.start()
    deadline, reloads = time.monotonic() + 5, 0
    while time.monotonic() < deadline:
        reloads += 1
        server.write_zone("example.", version(1 + reloads))
        server.control("reload", force=True)
        assert server.serial("example.") == 1 + reloads
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]
    assert reloads >= 5 and min(counts) > 10


def test_starting_up_answers_servfail_not_ready(rhizd, tmp_path):
    """Answers begin before all zones are loaded; what is not there yet is SERVFAIL with EDE 14 (RFC 8914), never REFUSED."""
    big = zone_text(1) + "".join(f"n{i} 3600 A 192.0.2.{i % 256}\n" for i in range(800000))
    server = rhizd(zones={"big.": big, "small.": version(1)}, start=False)
    server.start(ready=False)
    seen = set()

    def asked():
        reply = dns.query.udp(dns.message.make_query("n1.big.", "A", use_edns=0), "127.0.0.1", port=server.port, timeout=0.3)
        if reply.rcode() == dns.rcode.SERVFAIL:
            assert [o.code for o in reply.options if int(o.otype) == 15] == [14]
        else:
            assert reply.rcode() == dns.rcode.NOERROR
        seen.add(dns.rcode.to_text(reply.rcode()))
        return reply.rcode() == dns.rcode.NOERROR

    def quietly():
        try:
            return asked()
        except (dns.exception.Timeout, OSError):
            return False
    server.wait_for(quietly, what="the big zone")
    assert "SERVFAIL" in seen
    server.wait_ready()


def test_stop_while_loading(rhizd):
    big = zone_text(1) + "".join(f"n{i} 3600 A 192.0.2.{i % 256}\n" for i in range(200000))
    server = rhizd(zones={"big.": big}, start=False)
    server.start(ready=False)
    server.wait_for(lambda: server.control("status"), what="the control socket")
    server.stop()


def test_connection_limit_changes(rhizd):
    """server.tcp.per-network, without a restart: nobody who is connected is cut off."""
    config = """version: 1
server:
  listen: [{ address: "127.0.0.1@{port}", proxy-from: ["127.0.0.1"] }]
  state: "{folder}/state"
  control: "{control}"
  tcp: { per-network: LIMIT }
zones: [{ name: example, file: "{folder}/example.zone" }]
"""
    server = rhizd(zones={"example.": version(1)}, config=config.replace("LIMIT", "2"))
    question = dns.message.make_query("example.", "SOA")

    def ask(tcp):
        try:
            dns.query.send_tcp(tcp, question)
            return dns.query.receive_tcp(tcp, time.time() + 3)[0].rcode() == 0
        except (EOFError, OSError):
            return False

    def connect():
        tcp = socket.create_connection(("127.0.0.1", server.port), timeout=5)
        tcp.sendall(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + socket.inet_aton("198.51.100.7") + socket.inet_aton("192.0.2.53") + b"\x10\0\0\x35")
        return tcp
    clients = [connect() for _ in range(3)]
    assert sorted(ask(c) for c in clients) == [False, True, True]
    server.write_config(config.replace("LIMIT", "4"))
    assert server.control("reload")["warnings"] == []
    clients += [connect() for _ in range(3)]
    assert sum(ask(c) for c in clients) == 4
    server.write_config(config.replace("LIMIT", "1"))
    server.control("reload")
    assert sum(ask(c) for c in clients) == 4
    assert not ask(connect())
