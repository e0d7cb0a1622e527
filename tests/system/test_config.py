# SPDX-License-Identifier: Apache-2.0
"""rhizd's command line and what it says about configurations."""
import os
import pathlib
import subprocess

import pytest

import rhizome
from rhizome import RHIZD, check_config, zone_text


def run(*words):
    return subprocess.run([str(RHIZD), *words], capture_output=True, text=True, timeout=rhizome.PATIENCE)


def test_help_and_version():
    result = run("--help")
    assert result.returncode == 0 and "usage: rhizd" in result.stdout
    assert "usage: rhizd" in run("-h").stdout
    assert run("--version").stdout.startswith("rhizd ")


@pytest.mark.parametrize("words", [["--nonsense"], ["-c"], ["x.yaml"]])
def test_usage_errors(words):
    result = run(*words)
    assert result.returncode == 2
    assert "usage: rhizd" in result.stderr


def test_good_configuration(tmp_path):
    code, errors = check_config("version: 1\nzones: [{ name: example, file: example.zone }]\n", tmp_path)
    assert code == 0 and "error" not in errors and "rhizd.yaml" not in errors


def test_shipped_example():
    """The one of `make run`."""
    result = run("-t", "-c", str(rhizome.ROOT / "examples" / "rhizd.yaml"))
    # Its state folder is under the build folder, which need not be there.
    assert result.returncode == 0 or "cannot make the state folder" in result.stderr
    assert "rhizd.yaml" not in result.stderr and "zone" not in result.stderr


def test_installed_configuration():
    """As it is installed: its conf.d need not be there."""
    result = run("-t", "-c", str(rhizome.ROOT / "data" / "rhizd.yaml"))
    assert result.returncode == 0 and "error" not in result.stderr


def test_empty_configuration_is_refused(tmp_path):
    code, errors = check_config("", tmp_path)
    assert code == 1 and "it is empty" in errors


def test_a_missing_version_is_told(tmp_path):
    code, errors = check_config("zones: [{ name: example, file: example.zone }]\n", tmp_path)
    assert code == 0 and "rhizd.yaml:1:1: warning: `version: 1` is missing" in errors


def test_a_circle_of_includes_is_one_error(tmp_path):
    code, errors = check_config("version: 1\ninclude: '*.yaml'\n", tmp_path)
    assert code == 1 and errors.count("error:") == 1 and "includes itself" in errors


def test_error_has_place_line_and_advice(tmp_path):
    code, errors = check_config("version: 1\nserver:\n  udp-paylod: 1232\n", tmp_path)
    assert code == 1
    assert "rhizd.yaml:3:3: error: unknown key `udp-paylod`; did you mean `udp-payload`?" in errors
    assert "  udp-paylod: 1232" in errors


def test_the_example_of_names_is_good():
    result = run("-t", "-c", str(rhizome.ROOT / "examples" / "names.yaml"))
    assert result.returncode == 0 or "cannot make the state folder" in result.stderr     # as above
    assert "names.yaml" not in result.stderr and "chain" not in result.stderr


def test_a_file_with_a_url_is_read(tmp_path):
    """`rhizd -t` says that a start would fail, and what is wrong; what the file holds it does not."""
    (tmp_path / "rhizd.yaml").write_text(f"version: 1\nserver: {{ state: {tmp_path}, control: {tmp_path}/c.sock }}\n"
                                         "chains: { e: { chain-id: 1, providers: [{ name: a, url-file: a.url }] } }\nnames: [{ suffix: eth, chain: e }]\n")
    for text, code, says in ((None, 1, "a.url: error: No such file"), ("ftp://hush", 1, "must be a URL"), ("https://a.example/hush", 0, "")):
        if text:
            (tmp_path / "a.url").write_text(text + "\n")
        result = run("-t", "-c", str(tmp_path / "rhizd.yaml"))
        assert result.returncode == code and says in result.stderr and "hush" not in result.stderr, result.stderr


@pytest.mark.parametrize("key", ["resolver", "dnssec"])
def test_later_parts_are_refused_by_name(tmp_path, key):
    code, errors = check_config(f"{key}: {{}}\n", tmp_path)
    assert code == 1 and f"`{key}` is not in this version" in errors


def test_missing_file(tmp_path):
    result = run("-t", "-c", str(tmp_path / "none.yaml"))
    assert result.returncode == 1 and "No such file" in result.stderr


def test_includes(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "a.yaml").write_text("zones: [{ name: a.example, file: a }]\n")
    (tmp_path / "conf.d" / "b.yaml").write_text("zones: [{ name: a.example, file: b }]\n")
    code, errors = check_config("include: conf.d/*.yaml\n", tmp_path)
    assert code == 1 and "conf.d/b.yaml:1:17: error: zone a.example is here twice" in errors


def test_relative_paths_count_from_the_configuration(rhizd, tmp_path):
    """Wherever the daemon is started."""
    server = rhizd(start=False)
    server.write_zone("example.", zone_text(5))
    server.write_config('server:\n  listen: ["127.0.0.1@{port}"]\n  state: state\n  control: {control}\nzones: [{ name: example, file: example.zone }]\n')
    server.start()
    assert server.serial("example.") == 5
    assert (server.folder / "state").is_dir()


def test_port_in_use(rhizd, tmp_path):
    first = rhizd(zones={"example.": zone_text()})
    with rhizome.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = tmp_path / "second.yaml"
        config.write_text(f'server:\n  listen: ["127.0.0.1@{taken.getsockname()[1]}"]\n  state: {tmp_path}/s2\n  control: {tmp_path}/c2.sock\nzones: []\n')
        result = run("-c", str(config))
    assert result.returncode == 1
    assert "127.0.0.1@" in result.stderr
    assert first.serial("example.") == 1


def test_one_control_socket_one_daemon(rhizd):
    first = rhizd(zones={"example.": zone_text()})
    other = first.folder / "other.yaml"
    other.write_text(f'server:\n  listen: ["127.0.0.1@{first.port2}"]\n  state: {first.folder}/s2\n  control: {first.control_path}\n')
    result = run("-c", str(other))
    assert result.returncode == 1 and "another daemon listens" in result.stderr
    assert first.control("status")["ready"]


def test_stale_control_socket_is_replaced(rhizd):
    server = rhizd(zones={"example.": zone_text()})
    server.kill()
    assert server.control_path.exists()
    server.start()
    assert server.serial("example.") == 1
    server.stop()
    assert not server.control_path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_privileges_are_dropped(rhizd, tmp_path):
    import pwd
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("no user nobody")
    for folder in [tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:
            os.chmod(folder, folder.stat().st_mode | 0o055) if folder.is_relative_to("/tmp") else None
    server = rhizd(zones={"example.": zone_text()}, server="user: nobody")
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{server.process.pid}/status").read().splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(user.pw_uid)] * 4
    assert status["Gid"].split() == [str(user.pw_gid)] * 4
    assert set(status["Groups"].split()) <= {str(g) for g in os.getgrouplist("nobody", user.pw_gid)}
    assert status["CapEff"].strip("0 \t") == "" and status["CapPrm"].strip("0 \t") == ""
    assert status["NoNewPrivs"].strip() == "1"
    assert server.serial("example.") == 1


def test_unknown_user(tmp_path):
    config = tmp_path / "rhizd.yaml"
    config.write_text(f'server:\n  listen: ["127.0.0.1@{rhizome.free_port()}"]\n  user: no-such-user\n  state: {tmp_path}/s\n  control: {tmp_path}/c\n')
    result = run("-c", str(config))
    assert result.returncode == 1 and "there is no user no-such-user" in result.stderr


def test_log_file_json_and_reopen(rhizd):
    import json
    import signal
    server = rhizd(zones={"example.": zone_text()}, more="log: { format: json, file: rhizd.json, level: debug }")
    path = server.folder / "rhizd.json"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines
    path.rename(server.folder / "old.json")
    server.signal(signal.SIGUSR1)
    server.wait_for(path.exists, what="the new log")
    server.control("zone-reload", name="example.", force=True)
    assert "zone loaded" in path.read_text()


def local(folder, server="", more="zones: []\n"):
    return check_config(f"version: 1\nserver:\n  listen: ['127.0.0.1@{rhizome.free_port()}']\n  control: c.sock\n{server}{more}", folder)


@pytest.mark.parametrize("server, more, code, says", [
    ("  state: s\n", "", 0, None),
    ("  state: s\n  user: no-such-user\n", "", 1, "error: there is no user no-such-user"),
    ("  state: s\n  cookies: { secret-files: [nope.key] }\n", "", 1, "nope.key: error: cannot read the cookie secret"),
    ("  state: s\n  cookies: { secret-files: [bad.key] }\n", "", 1, "bad.key: error: a cookie secret is a file of 32 hex digits"),
    ("  state: /nonexistent/a/b\n", "", 1, "error: cannot make the state folder in /nonexistent/a"),
    ("  state: rhizd.yaml\n", "", 1, "is no folder (server.state)"),
    ("  state: s\n  dnstap: { file: none/x }\n", "", 1, "error: cannot write into"),
    ("  state: s\n", "log: { file: none/x }\n", 1, "error: cannot make the log in"),
    ("  state: s\n", "zones: [{ name: a.example, file: none/a.zone }]\n", 0, "warning: zone a.example.: cannot read"),
])
def test_the_check_looks_where_a_start_does(tmp_path, server, more, code, says):
    (tmp_path / "bad.key").write_text("no secret\n")
    got, errors = local(tmp_path, server, more)
    assert got == code, errors
    if says:
        assert says in errors, errors
    assert not (tmp_path / "s").exists() and not (tmp_path / "c.sock").exists()


def test_the_check_goes_on_after_an_error(tmp_path):
    code, errors = local(tmp_path, "  state: /nonexistent/a/b\n  user: no-such-user\n  cookies: { secret-files: [nope.key] }\n")
    assert code == 1 and errors.count("error:") == 3, errors


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_the_check_reads_as_the_user(tmp_path):
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.is_relative_to("/tmp") and folder != pathlib.Path("/tmp"):
            os.chmod(folder, folder.stat().st_mode | 0o055)
    (tmp_path / "a.zone").write_text("")
    os.chmod(tmp_path / "a.zone", 0o600)
    code, errors = local(tmp_path, "  state: s\n  user: nobody\n", "zones: [{ name: a.example, file: a.zone }]\n")
    assert code == 0 and "warning: zone a.example.: cannot read" in errors and "Permission denied" in errors


def test_the_variable_names_the_configuration(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("sever: {}\n")
    result = subprocess.run([str(RHIZD), "-t"], capture_output=True, text=True, timeout=rhizome.PATIENCE, env={**os.environ, "RHIZ_CONFIG": str(path)})
    assert result.returncode == 1 and "x.yaml:1:1: error" in result.stderr


@pytest.mark.parametrize("line, says", [
    ("cookies: { secret-files: [nope.key] }", "nope.key: error: cannot read the cookie secret"),
    ('metrics: "192.0.2.77@9"', "cannot serve metrics on 192.0.2.77@9"),
    ("control: /nonexistent/dir/c.sock", "cannot listen on the control socket /nonexistent/dir/c.sock"),
    ("state: /nonexistent/a/b", "cannot make the state folder /nonexistent/a/b"),
])
def test_a_start_that_fails_says_why(tmp_path, line, says):
    """And ends well: no leak, no crash, exit 1."""
    lines = [f'listen: ["127.0.0.1@{rhizome.free_port()}"]', "state: s", "control: c.sock"]
    key = line.split(":")[0]
    config = tmp_path / "rhizd.yaml"
    config.write_text("server:\n" + "".join(f"  {x}\n" for x in lines if not x.startswith(key + ":")) + f"  {line}\nzones: []\n")
    result = run("-c", str(config))
    assert result.returncode == 1 and says in result.stderr
