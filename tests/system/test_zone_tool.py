# SPDX-License-Identifier: Apache-2.0
"""`rhiz zone ...` and the other verbs: files without a daemon; the daemon's verbs against a scripted control socket."""
import json
import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import threading

import dns.zone
import pytest

from build import SANITIZED

BUILD = pathlib.Path(os.environ.get("RHIZ_BUILD", pathlib.Path(__file__).parents[2] / "build"))
RHIZ = BUILD / "src" / "tools" / "rhiz"

GOOD = """$TTL 3600
@ SOA ns1 hostmaster 2026010101 7200 3600 1209600 300
 NS ns1
 NS ns2.other.test.
ns1 A 192.0.2.1
 AAAA 2001:db8::1
www CNAME web
web A 192.0.2.80
 TXT "a \\"quoted\\" ; string" "and \\\\ another \\255"
*.wild TXT "x"
odd\\.dot TXT "dot in a label"
sub NS ns.sub
ns.sub A 192.0.2.53
svcb SVCB 1 web alpn=h2,h3 port=8443
unk TYPE65300 \\# 4 01020304
"""


def rhiz(*arguments, **more):
    env = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "RHIZ_CONFIG": "/nonexistent/rhizd.yaml"}
    run = subprocess.run([str(RHIZ), *map(str, arguments)], capture_output=True, text=True, timeout=60, env=env, **more)
    assert "Sanitizer" not in run.stderr and "runtime error" not in run.stderr, run.stderr
    return run


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.zone"
    path.write_text(GOOD)
    return path


# ---- check ----

def test_check_good(good):
    run = rhiz("zone", "check", "--origin", "example", good)
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1] == "zone example.: 14 records, serial 2026010101, 0 errors, 0 warnings"


def test_check_takes_the_origin_from_the_soa(tmp_path):
    path = tmp_path / "z"
    path.write_text(GOOD.replace("@ SOA", "$ORIGIN example.\n@ SOA"))
    assert rhiz("zone", "check", path).stdout.startswith("zone example.: ")


BAD = [
    ("bad address", "www A 192.0.2.256", 16, 7),
    ("missing rdata", "www MX 10", 16, None),
    ("unknown type", "www FOO bar", 16, 5),
    ("label of 64 octets", "a" * 64 + " A 192.0.2.1", 16, 1),
    ("CNAME beside data", "www A 192.0.2.7", None, None),
]


@pytest.mark.parametrize("label,line,row,column", BAD)
def test_check_bad(tmp_path, label, line, row, column):
    path = tmp_path / "bad.zone"
    path.write_text(GOOD + line + "\n")
    run = rhiz("zone", "check", "--origin", "example", path)
    assert run.returncode == 1
    errors = [x for x in run.stdout.splitlines() if ": error: " in x]
    assert len(errors) == 1 and errors[0].startswith(f"{path}:") and errors[0].endswith("]")
    where = errors[0][len(str(path)) + 1:].split(":")
    if row is not None:
        assert int(where[0]) == row
    if column is not None:
        assert int(where[1]) == column
    assert "1 error, " in run.stdout.splitlines()[-1]


def test_check_shows_line_and_caret(tmp_path):
    path = tmp_path / "bad.zone"
    path.write_text(GOOD + "www A 192.0.2.256\n")
    lines = rhiz("zone", "check", "--origin", "example", path).stdout.splitlines()
    at = next(i for i, x in enumerate(lines) if "error" in x)
    assert lines[at + 1].strip() == "www A 192.0.2.256"
    assert lines[at + 2].index("^") - lines[at + 1].index("www") == 6


def test_check_warnings_and_strict(tmp_path):
    path = tmp_path / "warn.zone"
    path.write_text(GOOD.replace(" NS ns2.other.test.\n", ""))
    relaxed, strict = rhiz("zone", "check", "--origin", "example", path), rhiz("zone", "check", "--strict", "--origin", "example", path)
    assert ": warning: " in relaxed.stdout and relaxed.returncode == 0 and strict.returncode == 1
    quiet = rhiz("zone", "check", "--quiet", "--origin", "example", path)
    assert quiet.returncode == 0 and quiet.stdout == ""


def test_check_standard_input_and_json(good):
    run = rhiz("zone", "check", "--origin", "example", "--json", "-", input=GOOD + "www A 192.0.2.256\n")
    value = json.loads(run.stdout)
    assert run.returncode == 1 and value["errors"] == 1 and value["zone"] == "example."
    finding = value["findings"][0]
    assert (finding["severity"], finding["check"], finding["line"], finding["column"]) == ("error", "syntax", 16, 7)


def test_check_of_a_large_file_without_terminal_shows_no_progress(good):
    assert rhiz("zone", "check", "--origin", "example", good).stderr == ""


def test_check_files_that_cannot_be_read(tmp_path):
    run = rhiz("zone", "check", "--origin", "example", tmp_path / "absent")
    assert run.returncode == 5 and "No such file" in run.stderr


# ---- format and diff ----

def records(text):
    zone = dns.zone.from_text(text, origin="example.", relativize=False)
    return {(str(name).lower(), rdataset.rdtype, rdataset.ttl, rdata.to_text()) for name, rdataset in zone.iterate_rdatasets() for rdata in rdataset}


@pytest.mark.parametrize("options", [[], ["--canonical"], ["--relative"]])
def test_format_reads_back(good, options):
    run = rhiz("zone", "format", *options, "--origin", "example", good)
    assert run.returncode == 0
    assert records(run.stdout) == records(GOOD)
    again = rhiz("zone", "format", *options, "--origin", "example", "-", input=run.stdout)
    assert again.stdout == run.stdout


def test_format_agrees_with_bind(good, tmp_path):
    if shutil.which("named-compilezone") is None:
        pytest.skip("named-compilezone is needed")
    subprocess.run(["named-compilezone", "-i", "none", "-k", "ignore", "-n", "ignore", "-o", tmp_path / "theirs", "example", good], check=True, capture_output=True)
    assert records((tmp_path / "theirs").read_text()) == records(rhiz("zone", "format", "--origin", "example", good).stdout)


def test_format_refuses_a_broken_zone():
    run = rhiz("zone", "format", "--origin", "example", "-", input=GOOD + "www A 1.2.3\n")
    assert run.returncode == 1 and run.stdout == "" and "error" in run.stderr


def test_format_json(good):
    value = json.loads(rhiz("zone", "format", "--json", "--origin", "example", good).stdout)
    assert {"name": "web.example.", "ttl": 3600, "class": "IN", "type": "A", "rdata": "192.0.2.80"} in value["records"]


def test_diff(good, tmp_path):
    other = tmp_path / "other.zone"
    other.write_text(GOOD.replace("192.0.2.80", "192.0.2.81").replace("2026010101", "2026010102") + "new A 192.0.2.9\n")
    run = rhiz("zone", "diff", "--origin", "example", good, other)
    assert run.returncode == 1
    changes = {(line[0], line[1:].split()[0], line.split()[-1]) for line in run.stdout.splitlines()}
    assert changes == {("-", "web.example.", "192.0.2.80"), ("+", "web.example.", "192.0.2.81"), ("+", "new.example.", "192.0.2.9")}
    assert "SOA" in rhiz("zone", "diff", "--serial", "--origin", "example", good, other).stdout
    assert len(json.loads(rhiz("zone", "diff", "--json", "--origin", "example", good, other).stdout)["differences"]) == 3
    same = rhiz("zone", "diff", "--origin", "example", good, good)
    assert same.returncode == 0 and same.stdout == ""


# ---- the command line ----

@pytest.mark.parametrize("arguments,words", [
    (["zone", "chek", "x"], "did you mean `check`"), (["zoen"], "did you mean `zone`"), (["zone", "check"], "arguments are missing"),
    (["zone", "check", "a", "b"], "too many"), (["zone", "check", "--foo", "a"], "no option `--foo`"), (["zone", "check", "--origin"], "needs a value"),
    (["zone"], "a verb is missing"), (["log", "level", "loud"], "not a level"), (["zone", "check", "--class", "XX", "a"], "not a class"),
])
def test_usage(arguments, words):
    run = rhiz(*arguments)
    assert run.returncode == 2 and words in run.stderr


@pytest.mark.parametrize("words", [["key", "list"], ["tsig", "list"], ["chain", "sync", "x"], ["chain", "proof", "x"]])
def test_later_parts(words):
    run = rhiz(*words)
    assert run.returncode == 2 and "not in this version" in run.stderr


@pytest.mark.parametrize("verb", ["sign", "verify", "digest", "begin", "set", "unset", "commit", "abort", "refresh", "retransfer", "freeze", "thaw", "history", "rollback", "transfer"])
def test_later_verbs(verb):
    run = rhiz("zone", verb, "example.")
    assert run.returncode == 2 and "not in this version" in run.stderr


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["zone", "-h"], ["zone", "check", "--help"], ["query", "-h"], ["--version"], ["query", "-v"], ["help", "log"]])
def test_help(arguments):
    run = rhiz(*arguments)
    assert run.returncode == 0 and "rhiz" in run.stdout and run.stderr == ""


@pytest.mark.parametrize("page", ["rhiz", "rhiz-query", "rhiz-name", "rhiz-zone", "rhizd"])
def test_manual_pages(page):
    run = rhiz("help", "--man", page)
    assert run.stdout.splitlines()[1].startswith(f".TH {page} ")
    if shutil.which("man"):
        lint = subprocess.run(["man", "--warnings=w", "-E", "ascii", "-l", "-"], input=run.stdout, capture_output=True, text=True, env={**os.environ, "MANWIDTH": "100"})
        assert lint.stderr == "" and "SEE ALSO" in lint.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion(shell):
    run = rhiz("help", "--completion", shell)
    assert run.returncode == 0
    if shell == "bash":
        script = run.stdout + '\nCOMP_WORDS=(rhiz zone ch); COMP_CWORD=2; _rhiz; echo "${COMPREPLY[@]}"\nCOMP_WORDS=(rhiz query +nons); _rhiz; echo "${COMPREPLY[@]}"\n'
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == ["check", "+nonsid +nonssearch"]


# ---- the control socket ----

class Daemon:
    """Answers one connection after the other with the lines it was given; keeps what was asked."""

    def __init__(self, path, lines):
        self.asked, self.lines = [], lines
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(4)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                self.asked.append(json.loads(stream.readline()))
                for line in self.lines:
                    connection.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def daemon(tmp_path):
    made = []

    def start(*lines):
        path = tmp_path / f"socket{len(made)}"
        made.append(Daemon(path, lines))
        return made[-1], path

    yield start
    for d in made:
        d.close()


ZONES = {"zones": [{"name": "example.", "class": "IN", "view": "default", "state": "serving", "serial": 7, "records": 12, "source": "config", "file": "zones/example"},
                   {"name": "a-longer-name.example.", "class": "IN", "view": ["in", "out"], "state": "failed", "source": "added", "file": "x"}]}


def test_zone_list(daemon):
    d, path = daemon({"ok": True, "result": ZONES})
    run = rhiz("zone", "list", "--socket", path)
    assert run.returncode == 0 and d.asked == [{"verb": "zone-list", "args": {}}]
    lines = run.stdout.splitlines()
    assert [len({line.index(w) for line, w in zip(lines, words)}) for words in (["CLASS", "IN", "IN"], ["STATE", "serving", "failed"], ["FILE", "zones/", "x"])][0] == 1
    assert lines[2].split() == ["a-longer-name.example.", "IN", "in,out", "failed", "-", "-", "added", "x"]
    assert json.loads(rhiz("zone", "list", "--json", "--socket", path).stdout) == ZONES


@pytest.mark.parametrize("arguments,asked", [
    (["zone", "show", "example"], {"verb": "zone-show", "args": {"name": "example"}}),
    (["zone", "remove", "example", "--view", "in"], {"verb": "zone-remove", "args": {"name": "example", "view": "in"}}),
    (["zone", "reload"], {"verb": "zone-reload", "args": {}}),
    (["zone", "reload", "example", "--force"], {"verb": "zone-reload", "args": {"name": "example", "force": True}}),
    (["zone", "notify", "example", "--class", "CH"], {"verb": "zone-notify", "args": {"name": "example", "class": "CH"}}),
    (["status"], {"verb": "status", "args": {}}),
    (["stats", "--zones"], {"verb": "stats", "args": {"zones": True}}),
    (["stats", "--zones", "--rssac", "--json"], {"verb": "stats", "args": {"zones": True, "rssac": True}}),
    (["reload"], {"verb": "reload", "args": {}}),
    (["stop"], {"verb": "stop", "args": {}}),
    (["log", "reopen"], {"verb": "log", "args": {"reopen": True}}),
    (["log", "level", "debug"], {"verb": "log", "args": {"level": "debug"}}),
    (["config", "show"], {"verb": "config-show", "args": {}}),
])
def test_requests(daemon, arguments, asked):
    d, path = daemon({"progress": {"text": "working", "done": 1, "total": 2}}, {"ok": True, "result": {}})
    run = rhiz(*arguments, "--socket", path)
    assert run.returncode == 0, run.stderr
    assert d.asked == [asked]


RSSAC = {"traffic-volume": {"dns-udp-queries-received-ipv4": 12, "dns-udp-queries-received-ipv6": 0},
         "rcode-volume": {"0": 10, "3": 2, "16": 1},
         "traffic-sizes": {"udp-request-sizes": {"16-31": 5, "32-47": 7}, "udp-response-sizes": {"4096-": 1}, "tcp-request-sizes": {}, "tcp-response-sizes": {}},
         "unique-sources": {"num-sources-ipv4": 3, "num-sources-ipv6": 2, "num-sources-ipv6-aggregate": 1},
         "zone-size": {".": {"2026010101": 2200000}, "o'brien.test.@in": {"7": 400}},
         "load-time": {".": {"2026010101": 2}, "o'brien.test.@in": {"7": 1}}}


def test_rssac(daemon):
    yaml = pytest.importorskip("yaml")
    d, path = daemon({"ok": True, "result": {"started": 1767225600, "counters": {"x": 1}, "rssac": RSSAC}})
    run = rhiz("stats", "--rssac", "--socket", path)
    assert run.returncode == 0 and [a["verb"] for a in d.asked] == ["status", "stats"] and d.asked[1]["args"] == {"rssac": True}
    documents = list(yaml.safe_load_all(run.stdout))
    for document in documents:
        assert document["version"] == "rssac002v4" and document["start-period"] == "2026-01-01T00:00:00Z"
        assert document["service"] == socket.gethostname()
    named = {(x["metric"], x.get("zone")): x for x in documents}
    assert set(named) == {(m, None) for m in RSSAC} | {("zone-size", "o'brien.test.@in"), ("load-time", "o'brien.test.@in")}
    assert named["zone-size", None]["size"] == {2026010101: 2200000} and named["load-time", "o'brien.test.@in"]["time"] == {7: 1}
    assert named["traffic-volume", None]["dns-udp-queries-received-ipv4"] == 12
    assert {k: v for k, v in named["rcode-volume", None].items() if isinstance(k, int)} == {0: 10, 3: 2, 16: 1}
    assert named["traffic-sizes", None]["udp-request-sizes"] == {"16-31": 5, "32-47": 7} and named["traffic-sizes", None]["tcp-request-sizes"] == {}
    assert named["unique-sources", None]["num-sources-ipv6-aggregate"] == 1
    assert json.loads(rhiz("stats", "--rssac", "--json", "--socket", path).stdout)["rssac"] == RSSAC
    assert rhiz("stats", "--rssac", "--zones", "--socket", path).returncode == 2


@pytest.mark.parametrize("arguments", [["reload"], ["zone", "reload"]])
def test_reload_with_zones_that_failed(daemon, arguments):
    """The daemon tells them as a failure; counts alone make the exit code too."""
    details = [f"zone z{i}.test.: z{i}.zone:2:1: error: x [syntax]" for i in range(10)] + ["and 7 more"]
    _, path = daemon({"ok": False, "code": "failed", "error": "17 zones could not be loaded", "details": details})
    run = rhiz(*arguments, "--socket", path)
    assert run.returncode == 5 and run.stderr.splitlines()[:11] == details and "17 zones" in run.stderr.splitlines()[11]
    _, path = daemon({"ok": True, "result": {"loaded": 3, "failed": 2, "zones": {"loaded": 3, "failed": 2}}})
    run = rhiz(*arguments, "--socket", path)
    assert run.returncode == 5 and "2" in run.stdout


def test_log_answers(daemon):
    _, path = daemon({"ok": True, "result": {"level": "info"}})
    assert rhiz("log", "reopen", "--socket", path).stdout == "reopened, log level info\n"
    assert rhiz("log", "level", "info", "--socket", path).stdout == "log level info\n"


def test_zone_show_tells_warnings(daemon):
    _, path = daemon({"ok": True, "result": {"zone": {"name": "example.", "state": "serving", "warnings": ["f:1:1: warning: one", "two"], "files": ["f"]}}})
    assert rhiz("zone", "show", "example", "--socket", path).stdout.splitlines()[-2:] == ["warnings     f:1:1: warning: one", "             two"]


def test_zone_add_sends_the_whole_path(daemon, good):
    d, path = daemon({"ok": True, "result": {"zone": {"name": "example.", "serial": 7}}})
    run = rhiz("zone", "add", "example", good.name, "--socket", path, cwd=good.parent)
    assert run.stdout == "serving example., serial 7\n"
    assert d.asked == [{"verb": "zone-add", "args": {"name": "example", "file": str(good)}}]


@pytest.mark.parametrize("code,expected", [("usage", 2), ("not-found", 1), ("refused", 4), ("failed", 5), ("other", 5)])
def test_refusals(daemon, code, expected):
    _, path = daemon({"ok": False, "code": code, "error": "it cannot be", "hint": "do something else", "details": ["f:1:2: error: x [y]"]})
    run = rhiz("zone", "remove", "example", "--socket", path)
    assert run.returncode == expected and run.stdout == ""
    assert run.stderr.splitlines() == ["f:1:2: error: x [y]", "rhiz zone remove: it cannot be", "  do something else"]


@pytest.mark.parametrize("lines,expected", [([], 3), ([b"no json\n"], 5), ([b'{"ok":true'], 3), ([b"[" * 100 + b"\n"], 5)])
def test_broken_replies(daemon, lines, expected):
    _, path = daemon(*lines)
    assert rhiz("status", "--socket", path).returncode == expected


def test_stop_may_end_without_an_answer(daemon):
    _, path = daemon()
    assert rhiz("stop", "--socket", path).returncode == 0


def test_no_daemon(tmp_path):
    run = rhiz("status", "--socket", tmp_path / "absent")
    assert run.returncode == 3 and "is rhizd running" in run.stderr


@pytest.mark.parametrize("style", ["server:\n  control: {path}\n", "server: {{ control: \"{path}\" }}\n", "nonsense: 1\nserver:\n  # here\n  control: '{path}'\n", "server:\n  control: relative.sock\n", "server: # all\n  tcp:\n    control: /no\n  control:   {path}   # here\nzones: [\n",
                                   "server:\n  control: \"\\x2f{path}\"\n", "zones: []\nserver:\n    control: >-\n      {path}\n"])
def test_socket_of_the_configuration(daemon, tmp_path, style):
    d, path = daemon({"ok": True, "result": {"version": "x"}})
    if "relative" in style:
        (tmp_path / "relative.sock").symlink_to(path)
    config = tmp_path / "rhizd.yaml"
    config.write_text("version: 1\n" + style.format(path=path))
    run = rhiz("status", "-c", config)
    assert run.returncode == 0 and d.asked, run.stderr


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_configuration_that_was_named_must_be_there(tmp_path, how):
    absent = tmp_path / "absent.yaml"
    env = {**os.environ, "RHIZ_CONFIG": str(absent) if how == "environment" else ""}
    words = ["-c", str(absent)] if how == "option" else []
    run = subprocess.run([str(RHIZ), "status", *words], capture_output=True, text=True, env=env, timeout=60)
    assert run.returncode == 5 and f"cannot read {absent}: No such file" in run.stderr and run.stdout == ""


# ---- what shows on a terminal only ----

def on_terminal(arguments, env=None, feed=None):
    """Runs rhiz with a pseudo-terminal as its output; returns the exit code and what came."""
    parent, child = pty.openpty()
    process = subprocess.Popen([str(RHIZ), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=child, stderr=child,
                               env={"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C", **(env or {})})
    os.close(child)
    seen = b""
    while True:
        try:
            more = os.read(parent, 65536)
        except OSError:         # EIO: the other side is closed
            break
        if not more:
            break
        seen += more
    os.close(parent)
    text = seen.decode().replace("\r\n", "\n")
    assert "Sanitizer" not in text and "runtime error" not in text
    return process.wait(60), text


def without_colour(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_colour_of_findings(tmp_path):
    path = tmp_path / "bad.zone"
    path.write_text(GOOD + "www A 192.0.2.256\n")
    words = ["zone", "check", "--origin", "example", path]
    rc, text = on_terminal(words)
    plain = rhiz(*words).stdout
    assert rc == 1 and "\x1b[31" in text or "\x1b[1;31" in text
    assert without_colour(text).replace("\r\x1b[K", "") == plain and "\x1b" not in plain
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b[3" not in on_terminal(words, env)[1]


def test_colour_of_differences(good, tmp_path):
    other = tmp_path / "other.zone"
    other.write_text(GOOD.replace("192.0.2.80", "192.0.2.81"))
    words = ["zone", "diff", "--origin", "example", good, other]
    rc, text = on_terminal(words)
    lines = text.splitlines()
    assert rc == 1 and [x for x in lines if x.startswith("\x1b[31m-")] and [x for x in lines if x.startswith("\x1b[32m+")]
    assert without_colour(text) == rhiz(*words).stdout


def test_progress_of_the_daemon(daemon):
    _, path = daemon({"progress": {"text": "loading zones", "done": 10, "total": 400}}, {"progress": {"text": "checking"}}, {"ok": True, "result": {"zones": {"loaded": 400}}})
    rc, text = on_terminal(["reload", "--socket", path])
    assert rc == 0
    assert text.startswith("\r\x1b[Kloading zones 10/400\r\x1b[Kchecking\r\x1b[Kreloaded\n")


def test_progress_of_a_large_file(tmp_path):
    path = tmp_path / "large.zone"
    path.write_text(GOOD + "".join(f'h{i} TXT "{"c" * 240}"\n' for i in range(90000)))
    rc, text = on_terminal(["zone", "check", "--origin", "example", path])
    assert rc == 0 and re.match(r"(\r\x1b\[K[^\r\n]+)+\r\x1b\[Kzone example\.: 90014 records", text), text[:400]


# ---- memory ----

@pytest.mark.skipif(SANITIZED or shutil.which("valgrind") is None, reason="needs valgrind and a build without sanitizers")
@pytest.mark.parametrize("what", ["check", "format", "query", "status"])
def test_valgrind(rhizd, good, what):
    if subprocess.run(["valgrind", "-q", str(RHIZ), "--version"], capture_output=True, timeout=300).returncode != 0:
        pytest.skip("valgrind does not read what this compiler wrote")
    server = rhizd(zones={"example.": GOOD})
    words = {"check": ["zone", "check", "--origin", "example", good], "format": ["zone", "format", "--origin", "example", good],
             "query": ["query", "@127.0.0.1", "-p", server.port, "example", "ANY", "+dnssec", "+qr", "+multiline"],
             "status": ["status", "--socket", server.control_path]}[what]
    run = subprocess.run(["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=all", str(RHIZ), *map(str, words)],
                         capture_output=True, text=True, timeout=300)
    assert run.returncode == 0 and run.stderr == ""


def test_the_socket_is_found_without_reading_all_zones(daemon, tmp_path):
    """What stands behind `control` is not read: it may be as long, or as broken, as it likes."""
    d, path = daemon({"ok": True, "result": {"version": "x"}})
    config = tmp_path / "rhizd.yaml"
    config.write_text(f"version: 1\nserver:\n  control: {path}\nzones:\n" + "  - name: [\n" * 1000)
    assert rhiz("status", "-c", config).returncode == 0 and len(d.asked) == 1


def test_config_check(tmp_path):
    config = tmp_path / "rhizd.yaml"
    config.write_text("version: 1\nserver:\n  listne: []\n")
    run = rhiz("config", "check", config)
    assert run.returncode == 1 and f"{config}:3:3: error: " in run.stdout
    config.write_text("version: 1\nserver:\n  listen: [\"127.0.0.1@5300\"]\n")
    assert rhiz("config", "check", config).returncode == 0
    assert rhiz("config", "check", "--json", config).stdout.find('"valid": true') > 0


def test_config_diff(daemon, tmp_path):
    config = tmp_path / "rhizd.yaml"
    config.write_text("version: 1\nserver:\n  listen: [\"127.0.0.1@5300\"]\n")
    d, path = daemon({"ok": True, "result": {"text": "something: else\n"}})
    run = rhiz("config", "diff", "-c", config, "--socket", path)
    assert run.returncode == 1 and "-something: else" in run.stdout.splitlines() and any(x.startswith("+") for x in run.stdout.splitlines())


# ---- with a real daemon ----

def test_live_reload_names_what_failed(rhizd):
    server = rhizd(zones={"one.test.": GOOD, "two.test.": GOOD})
    files = json.loads(rhiz("zone", "list", "--json", "--socket", server.control_path).stdout)["zones"]
    path = next(pathlib.Path(z["file"]) for z in files if z["name"] == "two.test.")
    path.write_text(GOOD + "www A 1.2.3\n")
    for words in (["reload"], ["zone", "reload"]):
        run = rhiz(*words, "--socket", server.control_path)
        assert run.returncode == 5 and f"zone two.test.: {path}:16:7: " in run.stderr and "one.test." not in run.stderr


def test_live_rssac(rhizd):
    yaml = pytest.importorskip("yaml")
    server = rhizd(zones={"example.": GOOD})
    for _ in range(3):
        rhiz("query", "@127.0.0.1", "-p", server.port, "nothere.example", "+noedns")
    documents = list(yaml.safe_load_all(rhiz("stats", "--rssac", "--socket", server.control_path).stdout))
    named = {x["metric"]: x for x in documents}
    assert set(named) == set(RSSAC)
    assert named["traffic-volume"]["dns-udp-queries-received-ipv4"] >= 3 and named["rcode-volume"][3] >= 3
    assert named["traffic-sizes"]["udp-request-sizes"]["32-47"] >= 3        # 12 + 17 + 4 octets
    assert named["zone-size"]["zone"] == "example." and list(named["zone-size"]["size"]) == [2026010101]


def test_live(rhizd, tmp_path):
    server = rhizd(zones={"example.": GOOD})
    at = ("--socket", server.control_path)

    def verb(*words, want=0):
        run = rhiz(*words, *at)
        assert run.returncode == want, run.stderr
        return run

    assert "zones.loaded                  1" in verb("status").stdout
    assert json.loads(verb("status", "--json").stdout)["ready"] is True
    assert verb("zone", "list").stdout.splitlines()[1].split()[:6] == ["example.", "IN", "default", "serving", "2026010101", "14"]
    assert "denial       none" in verb("zone", "show", "EXAMPLE").stdout
    assert "there is no zone" in verb("zone", "show", "nowhere", want=1).stderr

    added = tmp_path / "added.zone"
    added.write_text(GOOD.replace("2026010101", "7"))
    assert verb("zone", "add", "added.test", added).stdout == "serving added.test., serial 7\n"
    ask = ["query", "@127.0.0.1", "-p", str(server.port), "+short"]
    assert rhiz(*ask, "web.added.test").stdout == "192.0.2.80\n"
    verb("zone", "add", "added.test", added, want=4)
    added.write_text(GOOD.replace("2026010101", "8").replace("192.0.2.80", "192.0.2.81"))
    assert "loaded 1" in verb("zone", "reload", "added.test").stdout
    assert rhiz(*ask, "web.added.test").stdout == "192.0.2.81\n"
    added.write_text(GOOD.replace("2026010101", "9") + "www A 1.2.3\n")
    broken = verb("zone", "reload", "added.test", want=5)
    assert f"{added}:16:7: error: " in broken.stderr
    assert rhiz(*ask, "web.added.test").stdout == "192.0.2.81\n"
    verb("zone", "remove", "added.test")
    verb("zone", "remove", "example", want=4)
    assert "status: REFUSED" in rhiz("query", "@127.0.0.1", "-p", str(server.port), "web.added.test").stdout

    assert "reloaded" in verb("reload").stdout
    assert verb("log", "level", "debug").stdout == "log level debug\n"
    assert rhiz("config", "check", server.config_path).returncode == 0
    assert verb("config", "show").stdout.startswith("version: 1\n")
    assert int(next(x for x in verb("stats").stdout.splitlines() if x.startswith("queries.udp4 ")).split()[1]) >= 4
    assert rhiz(*ask, "web.example").stdout == "192.0.2.80\n"
    assert "zone example." in verb("stats", "--zones").stdout
    verb("stop")
    server.wait_end()
    assert rhiz("status", *at).returncode == 3
