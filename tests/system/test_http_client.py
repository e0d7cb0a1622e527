# SPDX-License-Identifier: Apache-2.0
"""The HTTP client against servers with TLS, HTTP/2, and names that lead inside (tests/unit/http has the plain ones)."""
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading

import pytest

import rhizome

FETCH = rhizome.BUILD / "tests" / "unit" / "http" / "http-fetch"
NODE = shutil.which("node")
HOST = "gateway.example.com"
SECRET = "sesame-0123456789"

NODE_SERVER = """
const http2 = require('http2'), fs = require('fs');
const server = http2.createSecureServer({ cert: fs.readFileSync(process.argv[1]), key: fs.readFileSync(process.argv[2]), allowHTTP1: true });
server.on('request', (request, response) => setTimeout(() => response.end('HTTP/' + request.httpVersion), 20));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
"""


def certificate(folder, name):
    """A certificate for a host that vouches for itself, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        place = {"/to-plain": "http://gateway.example.com/", "/to-other": f"https://other.example.com:{self.server.server_port}/x",
                 "/to-same": "/x", "/to-user": f"https://a:b@{HOST}:{self.server.server_port}/x"}.get(self.path)
        self.send_response(302 if place else 200)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass


class Server:
    """On 127.0.0.1, with or without TLS."""

    def __init__(self, pair=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.seen = []
        self.server.daemon_threads = True
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*pair)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    @property
    def seen(self):
        return self.server.seen

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {name: certificate(folder, name) for name in (HOST, "other.example.com")}


def fetch(*arguments, environment=None):
    out = subprocess.run([FETCH, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **(environment or {})})
    assert SECRET not in out.stdout + out.stderr
    return [json.loads(line) for line in out.stdout.splitlines()]


def test_certificates(pairs):
    with Server(pairs[HOST]) as server:
        url, known = f"https://{HOST}:{server.port}/{SECRET}", ["-k", f"{HOST}:{server.port}:127.0.0.1", "-k", f"other.example.com:{server.port}:127.0.0.1"]
        good, = fetch("-c", pairs[HOST][0], *known, url)
        assert (good["code"], good["body"], good["reason"]) == (200, "ok", "")
        for case in (["-c", pairs["other.example.com"][0], *known, url],                  # nobody known vouches for it
                     [*known, url],                                                       # ... of the system's
                     ["-c", pairs[HOST][0], *known, url.replace(HOST, "other.example.com")]):
            bad, = fetch(*case)
            assert bad["code"] == 0
            assert bad["reason"] == "the certificate does not match, or nobody known vouches for it"
        assert len(server.seen) == 1


def test_plain_where_tls_is_due():
    with Server() as server:
        bad, = fetch("-k", f"{HOST}:{server.port}:127.0.0.1", "-t", 3000, f"https://{HOST}:{server.port}/{SECRET}")
        assert (bad["code"], bad["reason"]) == (0, "TLS could not be agreed on")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"])
def test_a_name_that_leads_inside(pairs, address):
    with Server(pairs[HOST]) as server:
        refused, = fetch("-c", pairs[HOST][0], "-k", f"{HOST}:{server.port}:{address}", f"!https://{HOST}:{server.port}/{SECRET}")
        assert refused["reason"] == "the address is not public"
        assert refused["connections"] == 0 and refused["refused_addresses"] >= 1
        assert not server.seen


def test_an_open_connection_does_not_carry_strangers(pairs):
    with Server(pairs[HOST]) as server:
        url = f"https://{HOST}:{server.port}/{SECRET}"
        ours, theirs, again = fetch("-c", pairs[HOST][0], "-k", f"{HOST}:{server.port}:127.0.0.1", url, "!" + url, url)
        assert ours["code"] == 200
        assert theirs["code"] == 0 and theirs["reason"] == "the address is not public"
        assert again["code"] == 200
        assert len(server.seen) == 2
        allowed, = fetch("-l", "-c", pairs[HOST][0], "-k", f"{HOST}:{server.port}:127.0.0.1", "!" + url)
        assert allowed["code"] == 200


def test_redirects(pairs):
    with Server(pairs[HOST]) as server:
        base = ["-c", pairs[HOST][0], "-k", f"{HOST}:{server.port}:127.0.0.1", "-r", 2, "-H", f"Authorization: Bearer {SECRET}"]
        here = f"https://{HOST}:{server.port}"
        same, = fetch(*base, "-l", here + "/to-same")
        assert same["code"] == 200
        assert server.seen[-1][0] == "/x" and SECRET in server.seen[-1][1]["Authorization"]
        for path in ("/to-plain", "/to-user"):
            bad, = fetch(*base, "-l", here + path)
            assert bad["reason"] == "the redirect leads where we do not go"
        inside, = fetch(*base, here + "/to-same")       # behind a redirect every host must be public
        assert inside["reason"] == "the address is not public"


def test_keys_stay_with_their_host(pairs, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text(pairs[HOST][0].read_text() + pairs["other.example.com"][0].read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pairs[HOST])
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(*pairs["other.example.com"])

    def choose(socket, name, _):
        socket.context = other if name == "other.example.com" else context

    with Server() as server:
        context.sni_callback = choose
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True, do_handshake_on_connect=False)
        known = [part for host in (HOST, "other.example.com") for part in ("-k", f"{host}:{server.port}:127.0.0.1")]
        there, = fetch("-l", "-c", both, *known, "-r", 1, "-H", f"Authorization: Bearer {SECRET}", f"https://{HOST}:{server.port}/to-other")
        assert there["code"] == 200
        assert "Authorization" in server.seen[0][1] and "Authorization" not in server.seen[1][1]


def test_the_environment_has_no_say(tmp_path):
    (tmp_path / ".netrc").write_text("default login someone password sesame\n")
    with Server() as server:
        proxy = "http://127.0.0.1:9"
        good, = fetch(f"http://127.0.0.1:{server.port}/x", environment={"HOME": str(tmp_path), "http_proxy": proxy, "ALL_PROXY": proxy})
        assert good["code"] == 200
        headers = server.seen[0][1]
        assert "Authorization" not in headers and "Cookie" not in headers


@pytest.mark.skipif(not NODE and not os.environ.get("CI"), reason="needs node")
def test_http2_shares_one_connection(pairs):
    cert, key = pairs[HOST]
    with subprocess.Popen([NODE, "-e", NODE_SERVER, cert, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            replies = fetch("-c", cert, "-k", f"{HOST}:{port}:127.0.0.1", "-j", 10, f"https://{HOST}:{port}/")
        finally:
            server.stdin.close()
            server.wait(10)
    assert [reply["body"] for reply in replies] == ["HTTP/2.0"] * 10
    assert replies[-1]["connections"] == 1
