"""The lab itself: hosts are real enough for what the other tests ask of them, and nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator.lab import CommandFailed, Host, Lab, LabError, LabUnavailable, services
from generator.lab.disks import mount_disk
from generator.lab.rundirectory import PREFIX, remove_stale

SSH = ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "-i", "/root/key"]


@pytest.fixture(scope="module")
def lab(lab_directory: Path) -> Iterator[Lab]:
    with Lab(lab_directory) as lab:
        lab.host("one", address="10.31.0.1")
        lab.host("two", address="10.31.0.2")
        yield lab


@pytest.fixture
def pair(lab: Lab) -> tuple[Host, Host]:
    one, two = lab.hosts
    one.wipe()
    two.wipe()
    return one, two


def test_a_host_is_a_machine_of_its_own(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    one.run(["useradd", "--uid", "1901", "--create-home", "someone"])
    who = one.run(["/bin/sh", "-c", "id -u; hostname; cat /proc/sys/kernel/hostname; echo $HOME"], user="someone")
    assert who.out.split() == ["1901", "one", "one", "/home/someone"]
    assert one.run(["/usr/bin/env"], env={"A": "b c"}).out == "A=b c\n"
    assert len(one.processes()) == 1
    assert "someone" not in Path("/etc/passwd").read_text(encoding="utf-8")
    with pytest.raises(CommandFailed, match="ended with 3"):
        one.run(["/bin/sh", "-c", "exit 3"])
    with pytest.raises(LabError, match="still running"):
        one.run(["sleep", "100"], seconds=0.2)
    assert waited(lambda: not one.running("sleep"))


def test_a_lost_host_is_replaced_by_an_empty_one_elsewhere(lab_directory: Path) -> None:
    with Lab(lab_directory) as lab:
        lost, other = lab.host("one", address="10.31.0.1"), lab.host("two", address="10.31.0.2")
        lost.path("/root/left").write_text("burned\n", encoding="utf-8")
        new = lab.replace("one", address="10.31.0.3")
        assert lab.hosts == (new, other)
        assert not new.path("/root/left").exists()
        assert new.run(["hostname", "-I"]).out.split()[0] == "10.31.0.3"
        with pytest.raises(LabError, match="is off"):
            lost.run(["true"])
        with pytest.raises(LabError, match="no host three"):
            lab.replace("three", address="10.31.0.4")


def test_ssh_runs_between_hosts_and_ends_with_the_cable(pair: tuple[Host, Host]) -> None:
    one, two = pair
    one.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key"])
    one.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/host"])
    two.install_ssh_host_key(one.run(["cat", "/root/host"]).out)
    two.run(
        ["/bin/sh", "-c", "umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/authorized_keys"],
        stdin='restrict,from="10.31.0.1",command="/usr/bin/sudo -n /usr/bin/id" '
        + one.run(["cat", "/root/key.pub"]).out,
    )
    services.start_sshd(two)
    one.run(
        [
            "/bin/sh",
            "-c",
            f"mkdir -p -m 700 /root/.ssh; printf '{two.address} ' | cat - /root/host.pub >/root/.ssh/known_hosts",
        ]
    )
    login = [*SSH, f"root@{two.address}", "cat /etc/shadow"]
    assert one.run(login).out.startswith("uid=0(root)")
    assert any("Accepted publickey" in line for line in two.syslog)
    two.link_down()
    assert one.run(login, check=False).status == 255
    two.link_up()
    assert one.run(login).status == 0
    services.stop_sshd(two)
    assert "refused" in one.run(login, check=False).err


def test_cron_runs_its_table_at_the_time_it_is_told(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    table = "MAILTO=someone@example.org\n15 1 * * * root echo complaint >&2\n16 1 * * * root touch /too-early\n"
    one.run(["/bin/sh", "-c", "cat >/etc/cron.d/lab"], stdin=table)
    services.start_cron(one, "2026-11-20 01:14:58")
    deadline = time.monotonic() + 10
    mail = ""
    while "complaint" not in mail and time.monotonic() < deadline:
        time.sleep(0.1)
        mail = one.run(["/bin/sh", "-c", "cat /var/mail/lab/* 2>/dev/null || :"]).out
    services.stop_cron(one)
    assert "To: someone@example.org" in mail
    assert not one.path("/too-early").exists()


def test_mariadb_answers_root_without_a_password_and_survives_a_power_cut(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    services.start_mariadb(one)
    one.run(["mariadb", "-e", "create database d; create table d.t (a int); insert into d.t values (7)"])
    one.kill()
    one.start()
    services.start_mariadb(one)
    assert one.run(["mariadb", "-N", "-e", "select a from d.t"]).out == "7\n"
    services.stop_mariadb(one)


def test_the_disk_keeps_what_backups_are_made_of(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    script = """
      mkdir /d; cd /d; echo a >a; ln a b; mknod n b 7 7; mkfifo p; truncate -s 5M s
      setfacl -m u:1234:r a; setfattr -n user.rsync.%stat -v '100644 0,0 0:0' a; setcap cap_net_raw+ep b
      test "$(stat -c %h a)" = 2; getfacl -c a | grep -qx user:1234:r--; test "$(stat -c %b s)" = 0
    """
    one.run(["/bin/bash", "-euc", script])
    state = one.save()
    one.run(["rm", "-rf", "/d", "/etc/ssh"])
    one.load(state)
    names = os.listxattr(one.path("/d/a"))
    assert set(names) == {"security.capability", "system.posix_acl_access", "user.rsync.%stat"}
    assert one.path("/d/a").stat().st_nlink == 2
    assert one.path("/d/s").stat().st_blocks == 0
    assert one.path("/etc/ssh").is_dir()
    with pytest.raises(LabError, match="does not fit"):
        pair[1].load(state)


def test_a_small_disk_fills_up(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    mount_disk(one, "/backups", 8)
    full = one.run(["dd", "if=/dev/zero", "of=/backups/x", "bs=1M", "count=20"], check=False)
    assert "No space left" in full.err
    one.run(["setfattr", "-n", "user.a", "-v", "b", "/backups/x"])


def test_labs_do_not_see_each_other(lab: Lab, lab_directory: Path) -> None:
    with Lab(lab_directory) as other:
        twin = other.host("one", address="10.31.0.1")
        twin.run(["touch", "/here"])
        assert not lab.hosts[0].path("/here").exists()
        directory = twin.path("/").resolve()
        assert directory.exists()
        assert not remove_stale(lab_directory)
    assert lab.hosts[0].run(["true"]).status == 0


CHILD = """
import signal, sys, time
from pathlib import Path
from generator.lab import Lab
# tests that run in the background of a shell inherit that it is ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
with Lab(Path(sys.argv[1])) as lab:
    host = lab.host("victim", address="10.31.0.1")
    host.popen(["sleep", "1000"])
    print(host.first, flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_lab_leaves_nothing(lab_directory: Path, tmp_path: Path, number: signal.Signals) -> None:
    directory = lab_directory / f"{tmp_path.name}-{number.name}"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout is not None
    first = Path("/proc") / child.stdout.readline().decode().strip()
    assert first.is_dir()
    before = mounts_and_links()
    child.send_signal(number)
    child.wait()
    assert waited(lambda: not first.exists())
    assert waited(lambda: not list(directory.iterdir()))
    assert mounts_and_links() == before
    directory.rmdir()


def test_left_overs_of_a_lab_whose_keeper_died_too_are_removed(lab_directory: Path, tmp_path: Path) -> None:
    directory = lab_directory / tmp_path.name
    stale = directory / f"{PREFIX}dead"
    (stale / "0-host/upper/etc").mkdir(parents=True)
    with Lab(directory) as lab:
        assert not stale.exists()
        assert lab.host("one", address="10.31.0.1").run(["true"]).status == 0
    assert not list(directory.iterdir())
    directory.rmdir()


def test_without_root_the_lab_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabUnavailable, match="needs root"):
        Lab(Path("/nonexistent"))


def mounts_and_links() -> tuple[str, tuple[str, ...]]:
    """What this machine itself has mounted and connected: a lab adds nothing to either."""
    return Path("/proc/self/mounts").read_text(encoding="utf-8"), tuple(
        sorted(path.name for path in Path("/sys/class/net").iterdir())
    )


def waited(true: Callable[[], bool]) -> bool:
    """Whether ``true`` becomes so within ten seconds."""
    deadline = time.monotonic() + 10
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
