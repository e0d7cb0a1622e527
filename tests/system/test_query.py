# SPDX-License-Identifier: Apache-2.0
"""`rhiz query` beside `dig`: the same arguments, the same lines, against BIND's named and against a server of scripted oddities.

Masked are what differs from run to run (message ids, cookies, times, dates) and the name of the program.
"""
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

import pytest

from rhizome import free_port

BUILD = pathlib.Path(os.environ.get("RHIZ_BUILD", pathlib.Path(__file__).parents[2] / "build"))
RHIZ = BUILD / "src" / "tools" / "rhiz"

ZONE = """$TTL 3600
@ SOA ns1 hostmaster 2026010101 7200 3600 1209600 300
 NS ns1
 NS ns2
 MX 10 mail
 MX 20 mail2.other.test.
 TXT "v=spf1 -all" "two strings \\"q\\" ; \\\\ "
 CAA 0 issue "ca.example"
ns1 A 127.0.0.1
 AAAA ::1
ns2 A 127.0.0.2
mail A 192.0.2.25
www CNAME web
web A 192.0.2.80
 A 192.0.2.81
 AAAA 2001:db8::80
v6 AAAA 2001:db8::1
* TXT "wild"
sub NS ns.sub
ns.sub A 192.0.2.53
srv SRV 0 5 5060 mail
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
sshfp SSHFP 2 1 123456789abcdef67890123456789abcdef67890
tlsa TLSA 3 1 1 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
ds NS ns.sub
 DS 12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
svcb SVCB 1 web alpn=h2,h3 port=8443 ipv4hint=192.0.2.1
https HTTPS 1 . alpn=h2
uri URI 10 1 "https://www.example/"
hinfo HINFO "PC" "Linux"
unk TYPE65300 \\# 4 01020304
dn DNAME other.test.
rp RP admin.example. txt.example.
abcde A 192.0.2.9
odd\\.name TXT "odd"
averyveryverylongownernamethatgoesover A 192.0.2.10
""" + "".join(f'big TXT "{c * 200}" "{c * 200}"\n' for c in "abcd")

NAMED = """options {{ directory "{dir}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 port {port} {{ ::1; }};
 pid-file "named.pid"; session-keyfile "session.key"; recursion no; allow-transfer {{ any; }}; dnssec-validation no;
 managed-keys-directory "{dir}"; server-id "server-one"; rrset-order {{ order none; }}; notify no; }};
controls {{ }};
zone "example" {{ type primary; file "plain.zone"; }};
zone "signed.example" {{ type primary; file "signed.zone.signed"; }};
zone "2.0.192.in-addr.arpa" {{ type primary; file "reverse.zone"; }};
"""


def ask(port, message):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.connect(("127.0.0.1", port))
        s.send(message)
        return s.recv(4096)


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    if shutil.which("named") is None or shutil.which("dig") is None:
        pytest.skip("named and dig are needed")
    folder = tmp_path_factory.mktemp("named")
    port = free_port()
    (folder / "plain.zone").write_text(ZONE)
    (folder / "reverse.zone").write_text("$TTL 3600\n@ SOA a. b. 1 2 3 4 5\n NS a.\n80 PTR web.example.\n")
    for extra in (["-f", "KSK"], []):
        subprocess.run(["dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", *extra, "signed.example"], cwd=folder, capture_output=True, check=True)
    (folder / "signed.zone").write_text(ZONE)
    subprocess.run(["dnssec-signzone", "-q", "-o", "signed.example", "-S", "-N", "keep", "-f", "signed.zone.signed", "signed.zone"], cwd=folder, check=True, capture_output=True)
    (folder / "named.conf").write_text(NAMED.format(dir=folder, port=port))
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(["named", "-g", "-c", str(folder / "named.conf")], stdout=log, stderr=log)
    query = bytes.fromhex("123400000001000000000000") + b"\x06signed\x07example\0\0\x06\0\x01"
    for _ in range(100):
        try:
            if ask(port, query)[3] & 0xf == 0:
                break
        except OSError:
            pass
        time.sleep(0.1)
    else:
        process.kill()
        pytest.fail((folder / "log").read_text())
    yield port
    process.terminate()
    process.wait(10)


# ---- a server that answers as told by the first label ----

def option(code, data=b""):
    return struct.pack("!HH", code, len(data)) + data


def opt(options=b"", flags=0, payload=1232, version=0, rcode=0):
    return b"\0" + struct.pack("!HHBBHH", 41, payload, rcode, version, flags, len(options)) + options


class Odd:
    def __init__(self):
        self.port = free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind(("127.0.0.1", self.port))
        self.tcp.listen(16)
        threading.Thread(target=self.run_udp, daemon=True).start()
        threading.Thread(target=self.run_tcp, daemon=True).start()

    @staticmethod
    def split(query):
        end = 12
        while query[end]:
            end += 1 + query[end]
        question = query[12:end + 5]
        label = query[13:13 + query[12]].decode()
        cookie = query.find(b"\0\x0a\0\x08")
        return query[:2], question, label, query[cookie + 4:cookie + 12] if cookie > 0 else b"", query

    def answer(self, query, tcp):
        """The datagrams to send."""
        ident, question, label, cookie, _ = self.split(query)
        record = b"\xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x01"

        def message(flags=0x8400, answers=(record,), additional=(opt(),), qd=1, question=question, counts=None, tail=b"", ident=ident):
            counts = counts or (qd, len(answers), 0, len(additional))
            return ident + struct.pack("!HHHHH", flags, *counts) + question + b"".join(answers) + b"".join(additional) + tail

        cases = {
            "plain": lambda: [message()],
            "ede": lambda: [message(0x8402, (), (opt(option(15, b"\0\x12no luck") + option(15, b"\0\x16")),))],
            "edetext": lambda: [message(0x8402, (), (opt(option(15, b"\xff\x00private")),))],
            "keepalive": lambda: [message(additional=(opt(option(11, b"\0\x64")),))],
            "padding": lambda: [message(additional=(opt(option(12, b"\0" * 20)),))],
            "expire": lambda: [message(additional=(opt(option(9, b"\0\x01\x51\x80")),))],
            "unknown": lambda: [message(additional=(opt(option(65001, b"ab\x01") + option(65002)),))],
            "nsid": lambda: [message(additional=(opt(option(3, b"ns1\xff")),))],
            "subnet": lambda: [message(additional=(opt(option(8, b"\0\x01\x18\x10\xc0\0\x02")),))],
            "subnetsix": lambda: [message(additional=(opt(option(8, b"\0\x02\x20\0\x20\x01\x0d\xb8")),))],
            "keytag": lambda: [message(additional=(opt(option(14, b"\0\x01\x4a\x5c")),))],
            "echoed": lambda: [message(additional=(opt(option(10, cookie)),))],
            "badkeks": lambda: [message(additional=(opt(option(10, b"12345678abcdefgh")),))],
            "ednsflags": lambda: [message(additional=(opt(flags=0x8001),))],
            "zbit": lambda: [message(0x8440)],
            "adcd": lambda: [message(0x85b0)],
            "extra": lambda: [message(tail=b"xyz")],
            "noedns": lambda: [message(additional=())],
            "noquestion": lambda: [message(qd=0, question=b"", answers=())],
            "servfail": lambda: [message(0x8002, ())],
            "refused": lambda: [message(0x8005, ())],
            "notimp": lambda: [message(0x8004, ())],
            "rcode": lambda: [message(0x8009, ())],
            "extended": lambda: [message(0x8000, (), (opt(rcode=2),))],
            "wrongid": lambda: [message(ident=b"\0\0" if ident != b"\0\0" else b"\0\1"), message()],
            "truncated": lambda: [message() if tcp else message(0x8600, ())],
            "unknowntype": lambda: [message(answers=(b"\xc0\x0c\xff\x10\0\x01\0\0\0\x3c\0\x03abc",))],
        }
        return cases.get(label, lambda: [message(0x8403, ())])()

    def run_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
                for m in self.answer(query, False):
                    self.udp.sendto(m, peer)
            except OSError:
                return
            except IndexError:
                continue

    def run_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                size = struct.unpack("!H", connection.recv(2))[0]
                for m in self.answer(connection.recv(size), True):
                    connection.sendall(struct.pack("!H", len(m)) + m)

    def close(self):
        self.udp.close()
        self.tcp.close()


@pytest.fixture(scope="module")
def odd():
    if shutil.which("dig") is None:
        pytest.skip("dig is needed")
    server = Odd()
    yield server.port
    server.close()


# ---- comparing ----

MASKS = [
    (r"^; <<>> .*$", "; <<>>"),
    (r"\bid: \d+", "id: N"),
    (r"COOKIE: [0-9a-f]+", "COOKIE: X"),
    (r"Query time: \d+ (m|u)sec", r"Query time: N \1sec"),
    (r"in \d+ (ms|us)", r"in N \1"),
    (r"^;; WHEN: \w{3} \w{3} \d{2} \d\d:\d\d:\d\d \w+ \d{4}$", ";; WHEN: W"),
    (r"_time: !!timestamp \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "_time: T"),
    (r"ID mismatch: expected ID \d+, got \d+", "ID mismatch: I"),
    (r"status: (\?|RCODE)(\d+)", r"status: RCODE\2"),
    (r"  ; (ZSK|KSK|key id)", r" ; \1"),
    (r"^dig: ", "PROGRAM: "),
    (r"^rhiz query: ", "PROGRAM: "),
]


def mask(text):
    lines = []
    for line in text.splitlines():
        for pattern, replacement in MASKS:
            line = re.sub(pattern, replacement, line)
        lines.append(line)
    return lines


def environment():
    return {**os.environ, "TZ": "UTC", "LC_ALL": "C", "HOME": "/nonexistent"}


def run(program, port, arguments, server="127.0.0.1", **more):
    words = ["@" + server] if server else []
    return subprocess.run([*program, *words, "-p", str(port), *arguments], capture_output=True, text=True, timeout=60, env=environment(), **more)


def compare(port, arguments, server="127.0.0.1", **more):
    want = run(["dig"], port, arguments, server, **more)
    got = run([str(RHIZ), "query"], port, arguments, server, **more)
    assert "Sanitizer" not in got.stderr and "runtime error" not in got.stderr, got.stderr
    assert mask(got.stdout) == mask(want.stdout), got.stderr
    assert got.returncode == want.returncode
    return got


TYPES = ["example SOA", "example NS", "example MX", "example TXT", "example CAA", "web.example A", "web.example AAAA", "www.example A", "srv.example SRV",
         "naptr.example NAPTR", "loc.example LOC", "sshfp.example SSHFP", "tlsa.example TLSA", "ds.example DS", "svcb.example SVCB", "https.example HTTPS",
         "uri.example URI", "hinfo.example HINFO", "unk.example TYPE65300", "x.dn.example A", "rp.example RP", "wild.example TXT", "nx.sub.example A",
         "abcde.example", "averyveryverylongownernamethatgoesover.example", "nx.web.example A", "nothere.zz", "odd\\.name.example TXT"]


@pytest.mark.parametrize("arguments", TYPES)
def test_types(named, arguments):
    compare(named, arguments.split())


SIGNED = ["signed.example SOA +dnssec", "signed.example DNSKEY", "signed.example DNSKEY +dnssec +noall +answer", "nx.signed.example A +dnssec +cd",
          "signed.example NSEC", "signed.example SOA +do +multiline", "signed.example DNSKEY +multiline", "signed.example DNSKEY +all", 
          "signed.example DNSKEY +rrcomments +noall +answer", "signed.example DNSKEY +nosplit +noall +answer", "signed.example DNSKEY +split=32 +noall +answer",
          "signed.example DNSKEY +nocrypto +noall +answer", "signed.example RRSIG +nocrypto +noall +answer", "tlsa.signed.example TLSA +dnssec +split=0",
          "tlsa.signed.example TLSA +multiline +noall +answer", "signed.example DNSKEY +short", "signed.example DNSKEY +short +nosplit",
          "signed.example SOA +dnssec +short", "ds.signed.example DS +multiline +noall +answer", "ds.signed.example DS +nocrypto +noall +answer"]


@pytest.mark.parametrize("arguments", SIGNED)
def test_signed(named, arguments):
    compare(named, arguments.split())


DISPLAY = ["example MX +short", "web.example +short +identify", "example MX +noall +answer", "example MX +nocmd", "example MX +nocomments", "example MX +noquestion",
           "example MX +noanswer +noadditional", "example MX +nostats", "nx.example A +noauthority", "example SOA +multiline", "example SOA +multiline +noall +answer",
           "example MX +multi", "example MX +nottlid", "example MX +noclass", "example MX +nottlid +noclass", "example SOA +ttlunits +noall +answer", "example MX +noall +answer +stats",
           "example MX +noall +comments", "example MX +all", "example MX +noall +additional +authority", "web.example +identify +nostats +noall +answer", "v6.example AAAA +expandaaaa",
           "v6.example AAAA +expandaaaa +short", "example MX +unknownformat", "example SOA +noall +answer +unknownformat", "example MX +qr", "www.example +short", "example MX +nocmd +noall +question",
           "example MX +rrcomments", "example SOA +nomultiline", "example TXT +short", "example MX +noadd +noauth", "example ANY +noall +answer +noclass", "web.example ANY", "web.example -t ANY", "web.example ANY +notcp", "+notcp web.example ANY", "web.example TYPE255 +ignore"]


@pytest.mark.parametrize("arguments", DISPLAY)
def test_display(named, arguments):
    compare(named, arguments.split())


SENDING = ["example MX +qr +norec", "example MX +qr +cd +noad +aa", "example MX +qr +zflag +tcflag +raflag", "example MX +tcp", "example MX +vc +qr", "example MX +noedns", "example MX +qr +edns=0",
           "example MX +edns=5", "example MX +edns=5 +noednsnegotiation", "example MX +bufsize=512", "example MX +qr +bufsize=4000", "example MX +nsid", "example MX +qr +nsid", "example MX +qr +nocookie",
           "example MX +cookie=0123456789abcdef", "example MX +qr +cookie=0123456789abcdef", "example MX +qr +subnet=192.0.2.0/24", "example MX +qr +subnet=2001:db8::/33", "example MX +qr +subnet=0",
           "example MX +subnet=192.0.2.77", "example SOA +expire", "example MX +qr +keepalive +tcp", "example MX +qr +padding=64", "example MX +qr +ednsopt=65001:abcd", "example MX +qr +ednsopt=NSID",
           "example MX +qr +ednsopt=10:0011223344556677 +nocookie", "example MX +qr +ednsflags=0x10", "example MX +qr +coflag", "example MX +qr +ednsflags=0x10 +coflag +do", "example +header-only", "example +qr +header-only", "example SOA +opcode=status", "example SOA +opcode=2 +qr",
           "example SOA +opcode=notify", "example SOA +opcode=3", "example SOA +opcode=6 +qr", "example SOA +opcode=15", "example SOA +opcode=update", "example SOA +qid=4711", "big.example TXT", "big.example TXT +ignore", "big.example TXT +short", "example A IN", "example -t MX", "-t MX example", "-q example -t SOA", "version.bind TXT CH",
           "id.server CH TXT +short", "-x 192.0.2.80", "-x 192.0.2.80 +short", "-x 2001:db8::1", "-x 1.2.3", "example TYPE15", "example CLASS1 TYPE6", "MX example", "example A MX", "-4 example", "example -u +noall +answer",
           "example SOA +keepopen +tcp www.example A +keepopen +tcp", "example +tries=1 +time=2", "example +retry=0", "example mx +do", "EXAMPLE. soa", "example. +besteffort", "example +nsi",
           "example SOA www.example A", "+noall +answer example SOA www.example A", "example SOA +short www.example A", "-b 127.0.0.1 example", "+short", "", "-t SOA", "+nocmd example +tcp +qr"]


@pytest.mark.parametrize("arguments", SENDING)
def test_sending(named, arguments):
    compare(named, arguments.split())


TRANSFERS = ["example AXFR", "example AXFR +onesoa", "example AXFR +noall +answer", "example AXFR +nocmd +nostats", "example -t AXFR", "nothere.zz AXFR", "example IXFR=2026010100", "example IXFR=2026010101",
             "signed.example AXFR +nostats", "example AXFR +short", "example AXFR +multiline +nostats", "example AXFR +qr", "example AXFR +yaml", "example IXFR=2026010100 +yaml", "example AXFR +yaml +qr", "example AXFR +yaml +comments +question"]


@pytest.mark.parametrize("arguments", TRANSFERS)
def test_transfers(named, arguments):
    compare(named, arguments.split())


def test_ipv6_server(named):
    compare(named, ["example", "SOA"], server="::1")


def test_port_behind_the_server(named):
    got = run([str(RHIZ), "query"], 53, ["example", "SOA", "+short"], server=f"127.0.0.1#{named}")
    assert got.stdout == "ns1.example. hostmaster.example. 2026010101 7200 3600 1209600 300\n"


def test_yaml(named):
    for arguments in ["example MX +yaml", "example MX +yaml +nsid", "nx.web.example +yaml", "example TXT +yaml", "example MX +yaml +noedns", "example MX +yaml +qr", "example MX +yaml +nocomments", "example +opcode=9 +yaml", "example SOA +yaml +tcp +qr"]:
        compare(named, arguments.split())


ODD = ["plain", "ede", "edetext", "keepalive", "padding", "expire", "unknown", "nsid", "subnet", "subnetsix", "keytag", "echoed", "badkeks", "ednsflags", "zbit", "adcd", "extra", "noedns", "noquestion",
       "servfail", "refused", "notimp", "rcode", "extended", "truncated", "unknowntype", "wrongid"]


@pytest.mark.parametrize("label", ODD)
def test_odd_replies(odd, label):
    compare(odd, [label + ".example", "+tries=1", "+time=2"])


def test_odd_replies_without_cookie(odd):
    compare(odd, ["extended.example", "+tries=1", "+nobadcookie"])


# ---- what has no twin in dig, or need not be the same to the letter ----

def test_nobody_answers():
    port = free_port()
    for arguments in (["x.example", "+tries=2"], ["x.example", "+tcp", "+tries=1"], ["x.example", "AXFR"]):
        want, got = run(["dig"], port, arguments), run([str(RHIZ), "query"], port, arguments)
        assert got.returncode == want.returncode == 9
        assert sorted(set(mask(got.stdout))) == sorted(set(mask(want.stdout)))


def test_silence_times_out():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        got = run([str(RHIZ), "query"], s.getsockname()[1], ["x.example", "+tries=2", "+time=1"])
    assert got.returncode == 9
    assert got.stdout.count("timed out") == 2 and ";; no servers could be reached" in got.stdout


def test_json_holds_json_only(odd):
    import json
    got = run([str(RHIZ), "query"], odd, ["+json", "wrongid.example", "+tries=1"])
    assert json.loads(got.stdout)["ANCOUNT"] == 1 and "ID mismatch" in got.stderr
    got = run([str(RHIZ), "query"], free_port(), ["+json", "x.example", "+tries=1"])
    assert got.stdout == "" and "no servers could be reached" in got.stderr and got.returncode == 9


@pytest.mark.parametrize("arguments", ["+foo example", "-4 -6 example", "-z", "x -p 99999", "a..b", "example +qid=70000", "example +bufsize=x", "-f /nonexistent/file"])
def test_usage_errors(arguments):
    want, got = run(["dig"], 1, arguments.split()), run([str(RHIZ), "query"], 1, arguments.split())
    assert got.returncode == want.returncode
    assert got.stderr != "" and got.stdout == ""


@pytest.mark.parametrize("arguments", ["+tls example", "+dns64prefix", "+https example", "+quic example", "-y hmac-sha256:a:aaaa example", "-k file example"])
def test_not_in_this_version(arguments):
    got = run([str(RHIZ), "query"], 1, arguments.split())
    assert got.returncode == 1 and "not in this version" in got.stderr


def test_batch(named, tmp_path):
    batch = tmp_path / "batch"
    batch.write_text("# comment\nexample SOA +noall +answer\nwww.example A +noques\nmail.example\n")
    compare(named, ["-f", str(batch), "+nostats"])
    compare(named, ["-f", "-", "+nostats"], input=batch.read_text())


def test_batch_line_names_its_server(named):
    """Each line is a command line of its own: what stands before the name counts, and for this line only."""
    here = f"@127.0.0.1#{named}"
    lines = f"{here} web.example A +short\n{here} +noall +answer web.example AAAA\n+short {here} v6.example AAAA\n{here} web.example A\n"
    got = run([str(RHIZ), "query"], free_port(), ["-f", "-", "+tries=1", "+time=2"], input=lines)
    assert got.returncode == 0, got.stdout
    answers = [x for x in got.stdout.splitlines() if x and not x.startswith(";")]
    assert answers[2] == "web.example.\t\t3600\tIN\tAAAA\t2001:db8::80"
    assert sorted(answers[:2]) == ["192.0.2.80", "192.0.2.81"] and answers[3] == "2001:db8::1"
    want = run(["dig"], named, ["-f", "-"], server=None, input=f"@127.0.0.1 -p {named} mail.example A +noall +answer\n")
    got = run([str(RHIZ), "query"], named, ["-f", "-"], server=None, input=f"@127.0.0.1 -p {named} mail.example A +noall +answer\n")
    assert mask(got.stdout) == mask(want.stdout) and "192.0.2.25" in got.stdout


def test_json_of_a_transfer(named):
    import json
    got = run([str(RHIZ), "query"], named, ["example", "AXFR", "+json"])
    decoder, text, messages = json.JSONDecoder(), got.stdout.strip(), []
    while text:
        message, end = decoder.raw_decode(text)
        messages.append(message)
        text = text[end:].strip()
    records = [r for m in messages for r in m["answerRRs"]]
    whole = run(["dig"], named, ["example", "AXFR", "+noall", "+answer"]).stdout.splitlines()
    assert got.returncode == 0 and len(records) == len([x for x in whole if x])
    assert records[0]["TYPEname"] == records[-1]["TYPEname"] == "SOA" and messages[0]["transport"] == "TCP"
    refused = run([str(RHIZ), "query"], named, ["nothere.zz", "AXFR", "+json"])
    assert json.loads(refused.stdout)["RCODEname"] == "NOTAUTH" and "Transfer failed" in refused.stderr


def test_international_names(named):
    got = run([str(RHIZ), "query"], named, ["b\u00fccher.example", "+noall", "+question", "+nocmd"])
    assert got.stdout == ";xn--bcher-kva.example.\t\tIN\tA\n"
    got = run([str(RHIZ), "query"], named, ["xn--bcher-kva.example", "+noall", "+question", "+nocmd", "+idnout"])
    assert got.stdout.startswith(";b\u00fccher.example.")
    assert run([str(RHIZ), "query"], named, ["b\u00fccher.example", "+noidnin", "+noall", "+question", "+nocmd"]).stdout.startswith(";b\\195\\188cher.example.")


def test_json(named):
    import json
    got = run([str(RHIZ), "query"], named, ["example", "MX", "+json", "+nsid"])
    value = json.loads(got.stdout)
    assert value["RCODE"] == 0 and value["QR"] == 1 and value["AA"] == 1
    assert value["questionRRs"] == [{"NAME": "example.", "TYPE": 15, "TYPEname": "MX", "CLASS": 1, "CLASSname": "IN"}]
    assert {r["rdataMX"] for r in value["answerRRs"]} == {"10 mail.example.", "20 mail2.other.test."}
    assert value["EDNS"]["options"][0]["dataHEX"] == "server-one".encode().hex().upper()


def serve(socket_, answers):
    """Answers one query after the other, each with (flags, answer, authority, additional)."""
    for flags, *sections in answers:
        query, peer = socket_.recvfrom(4096)
        end = 12
        while query[end]:
            end += 1 + query[end]
        body = b"".join(b"".join(s) for s in sections)
        socket_.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, *map(len, sections)) + query[12:end + 5] + body, peer)


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def record(owner, type_, rdata):
    return name(owner) + struct.pack("!HHIH", type_, 1, 60, len(rdata)) + rdata


LOOPBACK = bytes([127, 0, 0, 1])
SCRIPTS = {
    "+trace": (["www.example", "A", "+trace"], [
        (0x8400, [record(".", 2, name("ns.root.test"))], [], [record("ns.root.test", 1, LOOPBACK)]),
        (0x8000, [], [record("example", 2, name("ns.example"))], [record("ns.example", 1, LOOPBACK)]),
        (0x8400, [record("www.example", 1, bytes([192, 0, 2, 1]))], [], []),
    ]),
    "+nssearch": (["example", "+nssearch"], [
        (0x8400, [record("example", 2, name("ns.example"))], [], [record("ns.example", 1, LOOPBACK)]),
        (0x8400, [record("example", 6, name("ns.example") + name("h.example") + struct.pack("!5I", 7, 1, 2, 3, 4))], [], []),
    ]),
    "loop": (["www.example", "A", "+trace"], [
        (0x8400, [record(".", 2, name("ns.root.test"))], [], [record("ns.root.test", 1, LOOPBACK)]),
        *[(0x8000, [], [record("example", 2, name("ns.example"))], [record("ns.example", 1, LOOPBACK)])] * 40,
    ]),
}


def scripted(arguments, answers, limit=60):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(2)
        thread = threading.Thread(target=lambda: pytest.raises(TimeoutError, serve, s, [*answers, (0, [], [], [])]), daemon=True)
        thread.start()
        got = run([str(RHIZ), "query"], s.getsockname()[1], [*arguments, "+time=2", "+tries=1"])
        thread.join()
    assert "Sanitizer" not in got.stderr and "runtime error" not in got.stderr, got.stderr
    return got


def test_trace():
    """From the root along the delegations, by the glue that the replies carry."""
    got = scripted(*SCRIPTS["+trace"])
    lines = [re.sub(r"in \d+ ms", "in N ms", x) for x in got.stdout.splitlines() if x and not x.startswith("; ") and not x.startswith(";; global")]
    port = lines[1].split("#")[1].split("(")[0]
    assert lines == [
        ".\t\t\t60\tIN\tNS\tns.root.test.", f";; Received 70 bytes from 127.0.0.1#{port}(127.0.0.1) in N ms",
        "example.\t\t60\tIN\tNS\tns.example.", lines[3],
        "www.example.\t\t60\tIN\tA\t192.0.2.1", lines[5]]
    assert f"#{port}(ns.root.test) in" in lines[3] and f"#{port}(ns.example) in" in lines[5]
    assert got.returncode == 0


def test_trace_ends_when_delegations_lead_nowhere():
    got = scripted(*SCRIPTS["loop"])
    assert 20 < got.stdout.count("ns.example.") < 40


def test_search_of_name_servers():
    got = scripted(*SCRIPTS["+nssearch"])
    assert re.fullmatch(r"SOA ns\.example\. h\.example\. 7 1 2 3 4 from server 127\.0\.0\.1 in \d+ ms\.\n", got.stdout)


def malformed():
    head = b"\x84\0\0\1\0\1\0\0\0\0"
    question = b"\1x\0\0\1\0\1"
    yield "header only, counts lie", b"\x84\0\xff\xff\xff\xff\xff\xff\xff\xff"
    yield "question cut", head + question[:3]
    yield "pointer loop", head + b"\xc0\x0c\0\1\0\1"
    yield "answer cut", head + question + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2"
    yield "rdata too short", head + question + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\3\1\2\3"
    yield "label type 01", head + question + b"\x41a\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    yield "option longer than OPT", b"\x84\0\0\1\0\0\0\0\0\1" + question + b"\0\0\x29\4\xd0\0\0\0\0\0\4\0\3\xff\xff"
    yield "two OPT", b"\x84\0\0\1\0\0\0\0\0\2" + question + opt() + opt()
    yield "escape codes", b"\x84\0\0\1\0\1\0\0\0\0" + question + b"\xc0\x0c\0\x10\0\1\0\0\0\0\0\x06\x05\x1b[31m"


@pytest.mark.parametrize("label,rest", list(malformed()))
def test_malformed_replies(label, rest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(10)

        def serve():
            query, peer = s.recvfrom(4096)
            s.sendto(query[:2] + rest, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        got = run([str(RHIZ), "query"], s.getsockname()[1], ["x", "+tries=1", "+time=2"])
        thread.join()
    assert "Sanitizer" not in got.stderr and got.returncode == 0
    assert "->>HEADER<<-" in got.stdout and "\x1b" not in got.stdout
    if label not in ("escape codes", "option longer than OPT"):
        assert ";; Warning: Message parser reports malformed message packet." in got.stdout
