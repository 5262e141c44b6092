"""Hostile strings through cron's, ssh's and logrotate's own parsers: the same strings come back, or were refused."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.keys.openssh import public_line
from generator.quoting import (
    AuthorizedKeysWord,
    CronCommand,
    CronField,
    KnownHostsWord,
    LogrotateWord,
    Quoted,
    SystemdCalendar,
    SystemdPath,
    SystemdText,
    SystemdWord,
    Unquotable,
)

from .test_real_parsers import FEW, HOSTILE, quoted

# Mostly what the languages take: hostile strings alone would nearly all be refused.
VALUES = st.one_of(HOSTILE, st.text(alphabet="aZ09/._+:=,@ []-*", min_size=1, max_size=16))
LINE = public_line(bytes(range(32)))
FORGED = public_line(bytes(32))
# What each language must never take: it would be something else to the parser.
REFUSED = {
    CronField: ("", "%", "a b", "a\nb", "a;b", "$HOME", "#", "é", '"'),
    CronCommand: ("", "bin/x", "/x y", "/x%y", "/x;y", "/$x", "/x\n* * * * * root /y", "/x#", "/'x'", "/x&"),
    AuthorizedKeysWord: ("", 'x",command="y', "x\\", "x\ny", "*", "!x", "?", "$x", "`x`", "#"),
    KnownHostsWord: ("", "*", "a,b", "!a", "|1|a", "@revoked", "a b", "#", "a\nb", "?"),
    LogrotateWord: ("", "a b", "*", '"a"', "a\nb", "{", "}", "#", "a{b"),
    SystemdWord: ("", "a b", "%h", "$HOME", "-/bin/x", "+x", "!x", "@x", '"x"', "x\\", "a\nb", "x;y", "é"),
    SystemdPath: ("", "srv", "-/srv", "/a\nExecStart=/bin/x", "/a\tb"),
    SystemdText: ("", " a", "a ", "a\\", "a\nExecStart=/bin/x"),
    SystemdCalendar: ("", " daily", "daily\n", "%h", "$x", "daily;x", '"daily"'),
}


@pytest.mark.parametrize(("language", "value"), [(one, value) for one, values in REFUSED.items() for value in values])
def test_what_has_a_meaning_is_refused(language: type[Quoted], value: str) -> None:
    with pytest.raises(Unquotable):
        language.of(value)


@pytest.mark.skipif(shutil.which("crontab") is None, reason="needs cron's crontab")
@FEW
@given(VALUES)
@example("/opt/capsule/a-b.c_d+e@f/bin/x")
@example("*/5")
@example("%%")
@example("x" * 800)
def test_cron_and_its_shell_read_the_same_command(value: str) -> None:
    for path, text in [*quoted(CronCommand, [value, f"/{value}"])]:
        table = f"SHELL=/bin/sh\nMAILTO=root\n15 1 * * * {text} >/dev/null\n"
        cron_takes(table)
        # cron's own reading (crontab(5)): a bare % ends the command, \% is a percent sign; the rest goes to the shell
        assert re.split(r"(?<!\\)%", text) == [text]
        done = subprocess.run(["/bin/sh", "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True)
        assert done.stdout.decode() == f"{path}\0"


@pytest.mark.skipif(shutil.which("crontab") is None, reason="needs cron's crontab")
@FEW
@given(VALUES)
@example("kaizen@lists.massopen.cloud")
@example("a,b@c")
def test_cron_takes_every_variable_value(value: str) -> None:
    for _, text in quoted(CronField, [value]):
        cron_takes(f"MAILTO={text}\n15 1 * * * /bin/true\n")


def cron_takes(table: str) -> None:
    """``table`` is one that Debian's crontab reads without a complaint; nothing is installed."""
    done = subprocess.run(["crontab", "-n", "-"], input=table, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{table}\n{done.stderr}"


@pytest.mark.skipif(shutil.which("crontab") is None, reason="needs cron's crontab")
def test_cron_would_have_complained() -> None:
    with pytest.raises(AssertionError):
        cron_takes("15 1 * * %% /bin/true\n")


@FEW
@given(VALUES)
@example("/usr/bin/sudo -n /opt/capsule/a.b/bin/send_x")
@example("2001:db8::1,192.0.2.7")
@example("x" * 4000)
def test_ssh_reads_one_key_with_its_own_comment(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.getbasetemp() / "authorized_keys"
    for _, text in quoted(AuthorizedKeysWord, [value]):
        file.write_text(f'restrict,from="{text}",command="{text}" {LINE} end-of-line\n')
        done = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True, check=True)
        (line,) = done.stdout.splitlines()
        assert line == f"{fingerprint_of(LINE)} end-of-line (ED25519)"


def fingerprint_of(line: str) -> str:
    """Bits and digest, as ssh-keygen prints them."""
    done = subprocess.run(["ssh-keygen", "-lf", "-"], input=f"{line}\n", capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()[:2])


@FEW
@given(VALUES)
@example("scc-1")
@example("a.b-c")
@example("9")
def test_ssh_knows_the_host_by_its_own_name_only(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.getbasetemp() / "known_hosts"
    for name, text in quoted(KnownHostsWord, [value]):
        file.write_text(f"before.example {FORGED}\n{text} {LINE}\nafter.example {FORGED}\n")
        assert known(file, name) == [LINE]
        assert known(file, f"{name}x") == []
        assert known(file, "before.example") == [FORGED]


def known(file: Path, host: str) -> list[str]:
    """The keys by which ssh knows ``host``."""
    done = subprocess.run(["ssh-keygen", "-F", host, "-f", file], capture_output=True, text=True)
    return [" ".join(line.split()[1:3]) for line in done.stdout.splitlines() if not line.startswith("#")]


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="needs logrotate")
@FEW
@given(VALUES)
@example("var/log/capsule/a-b.c_d+e@f")
@example("-")
@example("~")
@example("include")
def test_logrotate_reads_the_same_directory(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    directory = tmp_path_factory.getbasetemp()
    for path, text in quoted(LogrotateWord, [f"/nonexistent/{value}"]):
        configuration = directory / "logrotate.conf"
        configuration.write_text(f"{text}/*.log {{\n    su root root\n    weekly\n    missingok\n}}\n")
        configuration.chmod(0o644)
        done = subprocess.run(
            ["logrotate", "--debug", "--state", directory / "state", configuration], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert [line for line in done.stderr.splitlines() if line.startswith("considering log ")] == [
            f"considering log {path}/*.log"
        ]
        assert "error:" not in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own parser")
@settings(FEW, max_examples=8)
@given(st.lists(VALUES, min_size=1, max_size=40))
@example(["%h", "$HOME", "a b", 'a"b', "a\\\\", "-/x", "%%", "'", ";", "#"])
def test_systemd_reads_a_unit_without_a_complaint(
    tmp_path_factory: pytest.TempPathFactory, values: list[str]
) -> None:
    unit = tmp_path_factory.mktemp("unit") / "capsule-x.service"
    paths = [text for _, text in quoted(SystemdPath, [f"/srv/{value}" for value in values])]
    described = [text for _, text in quoted(SystemdText, values)]
    words = [text for _, text in quoted(SystemdWord, values)]
    lines = ["[Unit]", *(f"Description={text}" for text in described), "[Service]", "Type=oneshot"]
    lines += ["ExecStart=/bin/true", *(f"ReadWritePaths={text}" for text in paths)]
    lines += [f"SyslogIdentifier={text}" for text in words]
    unit.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])
