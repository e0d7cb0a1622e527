# SPDX-License-Identifier: Apache-2.0
"""The control socket, metrics and health (docs/control-protocol.md)."""
import errno
import json
import os
import re
import socket
import stat
import subprocess
import time

import dns.message
import dns.zone
import pytest

from rhizome import ControlError, zone_text


@pytest.fixture
def server(rhizd):
    return rhizd(zones={"example.": zone_text(7, "www 3600 A 192.0.2.80\n")}, metrics=True)


def test_status(server):
    status = server.control("status")
    assert status["pid"] == server.process.pid
    assert status["ready"] is True
    assert status["workers"] == 2
    assert status["listen"] == [f"127.0.0.1@{server.port}"]
    assert status["zones"] == {"configured": 1, "loaded": 1, "failed": 0, "loading": 0}
    assert status["views"] == ["default"]
    assert status["config"] == str(server.config_path.resolve())
    assert abs(status["started"] - time.time()) < 120
    assert status["memory_bytes"] > 1000000


def test_socket_mode(server):
    assert stat.S_IMODE(os.stat(server.control_path).st_mode) == 0o660


def test_strangers_are_refused(server):
    """Another user cannot even connect, thanks to the mode; with the mode relaxed, the peer's credentials still count."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    os.chmod(server.control_path, 0o666)
    program = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "sys.stdout.write(s.makefile().readline())\n")
    for folder in server.control_path.parents:
        if not os.stat(folder).st_mode & 0o001:
            if not folder.is_relative_to("/tmp"):
                pytest.skip("the folder of the socket is not open to others")
            os.chmod(folder, os.stat(folder).st_mode | 0o011)
    result = subprocess.run(["/usr/bin/python3", "-c", program, str(server.control_path)], capture_output=True, text=True, timeout=30)
    assert json.loads(result.stdout)["code"] == "refused"


@pytest.mark.parametrize("line, code", [
    (b"nonsense\n", "usage"),
    (b"\n", "usage"),
    (b"[]\n", "usage"),
    (b'{"verb":1}\n', "usage"),
    (b'{"verb":"no-such-verb"}\n', "usage"),
    (b'{"verb":"status","more":1}\n', "usage"),
    (b'{"verb":"status","args":[]}\n', "usage"),
    (b'{"verb":"status","args":{"x":1}}\n', "usage"),
    (b'{"verb":"reload","args":{"force":"yes"}}\n', "usage"),
    (b'{"verb":"zone-show","args":{"name":5}}\n', "usage"),
    (b'{"verb":"zone-show"}\n', "usage"),
    (b'{"verb":"zone-show","args":{"name":"a..b"}}\n', "usage"),
    (b'{"verb":"zone-show","args":{"name":"example","class":"XX"}}\n', "usage"),
    (b'{"verb":"zone-show","args":{"name":"other.example"}}\n', "not-found"),
    (b'{"verb":"zone-show","args":{"name":"example","view":"none"}}\n', "not-found"),
    (b'{"verb":"zone-list","args":{"view":"none"}}\n', "not-found"),
    (b'{"verb":"zone-remove","args":{"name":"example"}}\n', "refused"),
    (b'{"verb":"zone-add","args":{"name":"example","file":"x"}}\n', "refused"),
    (b'{"verb":"zone-add","args":{"name":"new.example"}}\n', "usage"),
    (b'{"verb":"zone-add","args":{"name":"new.example","file":"/nonexistent"}}\n', "failed"),
    (b'{"verb":"log"}\n', "usage"),
    (b'{"verb":"log","args":{"level":"loud"}}\n', "usage"),
    (b'{"verb":"log","args":{"level":"info","reopen":true}}\n', "usage"),
    (b'{"verb":"\xff"}\n', "usage"),
    (b'{"a":' * 100 + b"1" + b"}" * 100 + b"\n", "usage"),
])
def test_errors(server, line, code):
    with server.connect() as control:
        control.send(line)
        reply = control.receive()
        assert reply["ok"] is False and reply["code"] == code and reply["error"], reply
        assert control.ask("status")["ready"]         # the connection goes on


def test_requests_in_pieces_and_in_bulk(server):
    with server.connect() as control:
        for byte in b'{"verb":"status"}\n':
            control.send(bytes([byte]))
        assert control.receive()["ok"]
        control.send(b'{"verb":"status"}\n' * 50)
        for _ in range(50):
            assert control.receive()["ok"]


def test_a_long_request_ends_the_connection(server):
    with server.connect() as control:
        control.send(b"x" * 65536)
        assert control.receive()["code"] == "usage"
        with pytest.raises((EOFError, ConnectionError)):
            control.receive()


def test_too_many_clients(server):
    """The limit refuses politely, and the next one is served once there is room."""
    clients = []
    deadline = time.monotonic() + 20
    while len(clients) < 32 and time.monotonic() < deadline:
        client = server.connect()
        try:
            client.ask("status")
            clients.append(client)
        except (OSError, EOFError, ControlError):       # an earlier connection is still on its way out
            client.close()
    assert len(clients) == 32
    with server.connect() as late:
        assert late.receive()["code"] == "failed"
    for client in clients:
        client.close()
    server.wait_for(lambda: server.control("status")["ready"], 10)


def test_zone_show(server):
    zone = server.control("zone-show", name="EXAMPLE")["zone"]
    assert zone["name"] == "example." and zone["class"] == "IN" and zone["view"] == "default"
    assert zone["state"] == "serving" and zone["serial"] == 7 and zone["records"] == 4 and zone["nodes"] == 3
    assert zone["source"] == "config" and zone["file"] == str(server.zones["example."])
    assert zone["files"] == [str(server.zones["example."])] and zone["denial"] == "none" and "error" not in zone
    assert abs(zone["loaded"] - time.time()) < 120


def test_zone_list(server):
    zones = server.control("zone-list")["zones"]
    assert [z["name"] for z in zones] == ["example."]
    assert server.control("zone-list", view="default")["zones"] == zones


def test_config_show_reads_back(server):
    text = server.control("config-show")["text"]
    server.config_path.write_text(text)
    server.control("reload")
    assert server.control("config-show")["text"] == text


def test_log_level(server):
    assert server.control("log", level="debug") == {"level": "debug"}
    assert server.control("log", reopen=True) == {"level": "debug"}


def test_stop(server):
    assert server.control("stop") == {}
    server.wait_end()


def test_stats_count(server):
    before = server.control("stats")["counters"]
    for _ in range(5):
        server.query("www.example.", "A")
    server.query("nope.example.", "A", tcp=True)
    server.query("x.other.", "A")

    def counted():
        now = server.control("stats")["counters"]
        return now["queries.udp4"] - before["queries.udp4"] >= 6 and now["queries.tcp4"] - before["queries.tcp4"] == 1
    server.wait_for(counted, 5, "counters")
    now = server.control("stats")["counters"]
    assert now["outcome.nxdomain"] - before["outcome.nxdomain"] == 1
    assert now["rcode.REFUSED"] - before.get("rcode.REFUSED", 0) >= 1
    zones = server.control("stats", zones=True)["zones"]
    assert zones[0]["name"] == "example." and zones[0]["counters"]["queries"] >= 6 and zones[0]["counters"]["nxdomain"] == 1


def test_rssac(server):
    """RSSAC002v4: every query is in exactly one size bucket, every response has one RCODE."""
    for name in ("www", "nope", "example"):
        server.query(f"{name}.example.", "A")
    server.query("www.example.", "A", tcp=True)
    rssac = server.control("stats", rssac=True)["rssac"]
    assert set(rssac) == {"traffic-volume", "rcode-volume", "traffic-sizes", "unique-sources", "zone-size", "load-time"}
    volume, sizes = rssac["traffic-volume"], rssac["traffic-sizes"]
    assert volume["dns-tcp-queries-received-ipv4"] == 1 and volume["dns-udp-queries-received-ipv4"] >= 3
    assert sum(sizes["udp-request-sizes"].values()) == volume["dns-udp-queries-received-ipv4"]
    assert sum(sizes["tcp-response-sizes"].values()) == volume["dns-tcp-responses-sent-ipv4"]
    assert sum(rssac["rcode-volume"].values()) == volume["dns-udp-responses-sent-ipv4"] + volume["dns-tcp-responses-sent-ipv4"]
    assert all(re.fullmatch(r"\d+-\d*", k) for k in sizes["udp-request-sizes"])
    assert all(int(k.split("-")[0]) % 16 == 0 and (k == "4096-" or int(k.split("-")[1]) == int(k.split("-")[0]) + 15) for k in sizes["udp-request-sizes"])
    assert rssac["unique-sources"] == {"num-sources-ipv4": 1, "num-sources-ipv6": 0, "num-sources-ipv6-aggregate": 0}
    assert set(rssac["load-time"]) == {"example."} and set(rssac["load-time"]["example."]) == {"7"}
    # The same records by dnspython, uncompressed.
    zone = dns.zone.from_file(str(server.zones["example."]), "example.", relativize=False)
    octets = sum(len(n.to_wire()) + 10 + len(r.to_wire()) for n, _, r in zone.iterate_rdatas())
    assert rssac["zone-size"] == {"example.": {"7": octets}}


def test_rssac_ranges_in_metrics(server):
    query = dns.message.make_query("www.example.", "A", use_edns=False)
    assert len(query.to_wire()) in range(16, 32)
    server.query("www.example.", "A", use_edns=False)
    server.wait_for(lambda: 'rhizome_queries_by_size_total{transport="udp",octets="16-31"} 1\n' in server.http("/metrics")[1], 5)


@pytest.mark.parametrize("verb", ["key-roll", "zone-freeze", "chain-sync"])
def test_later_verbs(server, verb):
    with server.connect() as control:
        control.send(json.dumps({"verb": verb, "args": {"name": "www.example."}}).encode() + b"\n")
        reply = control.receive()
        assert reply["code"] == "refused" and "not in this version" in reply["error"]


def test_failed_zones_are_told(rhizd):
    """By reload and zone-reload alike: which, why, and at most twenty of them."""
    server = rhizd(zones={"example.": zone_text(1), **{f"bad{i}.": zone_text(1) for i in range(25)}})
    for i in range(25):
        server.write_zone(f"bad{i}.", "@ 60 SOA only this\n")
    for verb, args in (("reload", {}), ("zone-reload", {})):
        with server.connect() as control:
            control.send(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
            while "ok" not in (reply := control.receive()):
                pass
        assert reply["ok"] is False and reply["code"] == "failed" and "25 zones could not be loaded" in reply["error"], reply
        assert len(reply["details"]) == 21 and reply["details"][20].startswith("and 5 more")
        assert all(re.match(r"zone bad\d+\.: .*\.zone:1:", line) for line in reply["details"][:20]), reply["details"]
    assert server.serial("bad3.") == 1          # the old content stays
    zones = {z["name"]: z for z in server.control("zone-list")["zones"]}
    assert zones["bad3."]["state"] == "serving" and "bad3.zone:1:" in zones["bad3."]["error"] and "error" not in zones["example."]
    assert server.control("status")["generation"] == 2     # and the configuration was applied


def test_serial_warnings(server):
    """What secondaries would stumble over is in the log and in `zone show`, until the content is good again."""
    def show():
        return server.control("zone-show", name="example.")["zone"].get("warnings", [])
    before = show()
    server.write_zone("example.", zone_text(7, "www 3600 A 192.0.2.81\n"))
    server.control("zone-reload", name="example.", force=True)
    assert any("the content changed but serial 7 did not" in w for w in show())
    server.write_zone("example.", zone_text(6))
    server.control("zone-reload", name="example.", force=True)
    assert any("serial 6 is not after 7" in w for w in show())
    assert server.serial("example.") == 6
    log = server.log
    assert "serial 7 did not" in log and "serial 6 is not after 7" in log
    server.write_zone("example.", zone_text(8))
    server.control("zone-reload", name="example.", force=True)
    assert show() == before


# ---- HTTP ----

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\.)*",?)*\})? (\d+(\.\d+)?|NaN|[+-]Inf)$')


def test_metrics_are_prometheus_text(server):
    """Text format 0.0.4: each metric has HELP and TYPE once, before its samples, which stand together and differ in labels."""
    server.query("www.example.", "A")
    status, body = server.http("/metrics")
    assert status == 200 and body.endswith("\n")
    current, seen, samples = None, set(), set()
    for line in body.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            assert current not in seen and current.startswith("rhizome_") and line.split(" ", 3)[3]
            seen.add(current)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and kind in ("counter", "gauge")
            assert (kind == "counter") == name.endswith("_total")
        else:
            match = SAMPLE.match(line)
            assert match, line
            assert match.group(1) == current, line
            key = line.rsplit(" ", 1)[0]
            assert key not in samples
            samples.add(key)
    for name in ("rhizome_queries_total", "rhizome_outcomes_total", "rhizome_zones", "rhizome_udp_receive_queue_drops_total",
                 "rhizome_dnstap_dropped_total", "rhizome_servfail_total", "rhizome_ready"):
        assert name in seen
    assert "example" not in body        # no names unless asked for


def test_metrics_zones(rhizd):
    server = rhizd(zones={"example.": zone_text()}, metrics=True, server="metrics-zones: true")
    server.query("x.example.", "A")
    server.wait_for(lambda: 'rhizome_zone_events_total{zone="example.",class="IN",view="default",event="nxdomain"} 1' in server.http("/metrics")[1], 5)


def test_health(server):
    assert server.http("/health/live") == (200, "live\n")
    assert server.http("/health/ready") == (200, "ready\n")
    assert server.http("/")[0] == 404
    assert server.http("/metrics", method="HEAD") == (200, "")
    assert server.http("/metrics", method="POST")[0] == 405


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"GET\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"GET " + b"x" * 5000, b"GET / HTTP/1.0\n\n"])
def test_bad_http(server, data):
    with socket.create_connection(("127.0.0.1", server.metrics_port), timeout=8) as s:
        try:                    # it may close as soon as it has seen enough
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while s.recv(4096):
                pass
        except OSError as error:
            assert error.errno in (errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE)
    assert server.http("/health/live")[0] == 200


def test_ready_is_not_live(rhizd):
    """A daemon whose zones are all broken is live and, once it has tried them, ready; the state of each is told."""
    server = rhizd(zones={"example.": "this is no zone\n"}, metrics=True)
    assert server.http("/health/live")[0] == 200 and server.http("/health/ready")[0] == 200
    zone = server.control("zone-show", name="example.")["zone"]
    assert zone["state"] == "failed" and "example.zone:1:" in zone["error"]
    reply = server.query("www.example.", "A", use_edns=0)
    assert reply.rcode() == 2 and [o for o in reply.options if int(o.otype) == 15][0].code == 14
    with pytest.raises(ControlError) as refused:
        server.control("zone-reload", name="example.")
    assert refused.value.code == "failed" and refused.value.reply["details"]
