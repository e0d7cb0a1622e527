# SPDX-License-Identifier: Apache-2.0
"""`rhiz zone check` and `rhiz zone format` beside the checkers of BIND, NSD and Knot.

tests/data/broken: each file says in its first line what must be found and where; tests/data/zones: all must be accepted.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess

import dns.rdatatype
import dns.zone
import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("RHIZ_BUILD", ROOT / "build"))
RHIZ = BUILD / "src" / "tools" / "rhiz"
BROKEN = ROOT / "tests" / "data" / "broken"
ZONES = ROOT / "tests" / "data" / "zones"

Finding = collections.namedtuple("Finding", "line column check severity")
# `-i local`: no questions to the outside.
PEERS = {"bind": ["named-checkzone", "-i", "local"], "nsd": ["nsd-checkzone"], "knot": ["kzonecheck", "-o"]}
# named, and why: Knot 3.2 includes the file again and again until something gives way.
PEER_SKIPS = {("knot", "include-itself.zone")}
GOOD_PEER_EXCEPTIONS = {
    ("knot", "root-2017-signed.zone"): "the signatures have expired",
    ("knot", "crlf.example.zone"): "no CRLF",
    ("nsd", "generate.example.zone"): "no $GENERATE",
    ("knot", "generate.example.zone"): "no $GENERATE",
}
RAW = "root-2026.raw.zone"          # half-signed: only to be read


def run(*arguments, **options):
    return subprocess.run([str(a) for a in arguments], capture_output=True, timeout=120, cwd=options.get("cwd"))


def rhiz(*arguments, cwd=None):
    done = run(RHIZ, *arguments, cwd=cwd)
    assert done.returncode >= 0, done.stderr.decode("utf-8", "replace")[-2000:]
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode("utf-8", "replace")[-2000:]
    return done


def check(folder, name, origin):
    done = rhiz("zone", "check", "--origin", origin, name, cwd=folder)
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    found = [Finding(int(line), int(column), check, severity) for line, column, severity, check in
             re.findall(r"^%s:(\d+):(\d+): (error|warning): .* \[([a-z0-9-]+)\]$" % re.escape(name), output, re.M)]
    return done.returncode, found, output


def expectation(path):
    match = re.match(rb"; expect: (\d+):(\d+) (\S+) (error|warning)\r?\n; (.*)", path.read_bytes())
    assert match, "%s says nothing" % path
    line, column, name, severity, why = (x.decode("utf-8", "replace") for x in match.groups())
    return Finding(int(line), int(column), name, severity), why


def broken_files():
    return sorted(p.name for p in BROKEN.glob("*.zone"))


def good_files():
    return sorted(p.name for p in ZONES.glob("*.zone"))


def origin_of(name):
    return "." if name.startswith("root") else re.match(r"(.*?example)\.", name).group(1) + "."


@pytest.mark.parametrize("name", broken_files())
def test_broken(name):
    want, _ = expectation(BROKEN / name)
    code, found, output = check(BROKEN, name, "broken.example.")
    assert want in found, output
    errors = [f for f in found if f.severity == "error"]
    assert errors == ([want] if want.severity == "error" else []), output
    assert code == (1 if errors else 0)
    # The line itself is shown, with a caret below the column.
    lines = output.splitlines()
    head = next(i for i, l in enumerate(lines) if l.startswith("%s:%d:%d:" % (name, want.line, want.column)))
    source = (BROKEN / name).read_bytes().split(b"\n")[want.line - 1].decode("utf-8", "replace")
    assert lines[head + 1].strip()[:20] == re.sub(r"[\x00-\x08\x0b-\x1f]", "?", source).strip()[:20]
    assert lines[head + 2].strip() == "^"


def peer_refuses(peer, folder, name, origin):
    if (peer, name) in PEER_SKIPS:
        return False
    return run(*PEERS[peer], origin, name, cwd=folder).returncode != 0


def test_enough_are_broken_for_peers_too():
    if not all(shutil.which(command[0]) for command in PEERS.values()):
        pytest.skip("the peers' checkers are not all installed")
    files = broken_files()
    assert len(files) >= 60
    refused = [n for n in files if any(peer_refuses(p, BROKEN, n, "broken.example.") for p in PEERS)]
    assert len(refused) >= 40
    for name in set(files) - set(refused):
        _, why = expectation(BROKEN / name)
        assert re.search(r"RFC \d+|attack bound", why), "%s: no peer refuses it, so its first lines must name the RFC" % name


@pytest.mark.parametrize("name", good_files())
def test_good(name):
    code, found, output = check(ZONES, name, origin_of(name))
    errors = [f for f in found if f.severity == "error"]
    if name == RAW:
        assert [e.check for e in errors] == ["half-signed"], output
    else:
        assert code == 0 and errors == [], output


@pytest.mark.parametrize("peer", sorted(PEERS))
def test_good_for_peers(peer):
    if not shutil.which(PEERS[peer][0]):
        pytest.skip("not installed")
    for name in good_files():
        if name != RAW:
            assert peer_refuses(peer, ZONES, name, origin_of(name)) == ((peer, name) in GOOD_PEER_EXCEPTIONS), name


def records_of(text, origin):
    """(owner, type, ttl, rdata) in canonical wire form, as dnspython reads it."""
    zone = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
    return {(owner.canonicalize().to_text(), dns.rdatatype.to_text(rdata.rdtype), ttl,
             rdata.to_digestable(zone.origin)) for owner, ttl, rdata in zone.iterate_rdatas()}


@pytest.mark.parametrize("style", [[], ["--relative"], ["--canonical"]], ids=["plain", "relative", "canonical"])
@pytest.mark.parametrize("name", good_files())
def test_format_reads_back(name, style, tmp_path):
    if name == RAW:
        pytest.skip("only to be read")
    origin = origin_of(name)
    first = rhiz("zone", "format", "--origin", origin, *style, ZONES / name)
    assert first.returncode == 0, first.stderr
    copy = tmp_path / "copy.zone"
    copy.write_bytes(first.stdout)
    again = rhiz("zone", "format", "--origin", origin, *style, copy)
    assert again.returncode == 0 and again.stdout == first.stdout
    assert rhiz("zone", "diff", "--origin", origin, ZONES / name, copy).stdout == b""


@pytest.mark.parametrize("name", [n for n in good_files() if n != RAW])
def test_format_is_what_dnspython_reads(name):
    """dnspython does not have all of $GENERATE; there the oracle is what named-checkzone makes of the file."""
    origin = origin_of(name)
    text = rhiz("zone", "format", "--origin", origin, ZONES / name).stdout.decode()
    if name in ("generate.example.zone", "features.example.zone"):
        if not shutil.which("named-checkzone"):
            pytest.skip("named-checkzone is not installed")
        done = run("named-checkzone", "-i", "local", "-D", "-o", "-", origin, name, cwd=ZONES)
        original = done.stdout.decode()
    else:
        original = (ZONES / name).read_text()
    assert records_of(text, origin) == records_of(original, origin)


def test_many_errors_in_one_run():
    """An error ends neither the reading nor its neighbours."""
    text = "$ORIGIN broken.example.\n$TTL 1h\n@ SOA ns1 h 1 2h 30m 2w 1h\n" + "".join(
        "w%d A 192.0.2.%d\nx%d A 192.0.2.256\n" % (i, i, i) for i in range(1, 101))
    done = subprocess.run([str(RHIZ), "zone", "check", "--origin", "broken.example.", "-"], input=text.encode(), capture_output=True, timeout=60)
    output = (done.stdout + done.stderr).decode()
    assert len(re.findall(r":(\d+):(\d+): error: .*\[syntax\]$", output, re.M)) == 100
