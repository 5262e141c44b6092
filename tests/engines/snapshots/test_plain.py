"""A directory that is sent as it lies, through prepare, send and remove."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from source_world import RUN, Source, identifier, make_part

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")


def make_data(source: Source) -> Path:
    data = source.root / "data"
    (data / "cache" / "deep").mkdir(parents=True)
    (data / "cache" / "file").write_text("left out")
    (data / "sub").mkdir()
    (data / "sub" / "a b\tc\\d").write_text("content")
    (data / "link").symlink_to("sub/nowhere")
    os.mkfifo(data / "fifo")
    os.mknod(data / "device", 0o600 | 0o020000, os.makedev(5, 6))
    return data


def test_capsules_are_as_a_build_demands(source: Source) -> None:
    source.install(
        make_part("live", f"{source.root}/data", exclude=("cache/", "*.t[m]p")), make_part("other", "/srv")
    )
    assert [str(fault) for fault in source.faults()] == []


def test_senders_that_are_gone_or_go_at_that_moment_keep_no_snapshot(source: Source) -> None:
    make_data(source)
    source.install(make_part("live", f"{source.root}/data"))
    assert source.prepare(identifier()).returncode == 0
    # one that was killed, one whose number is a stranger's by now, one whose entry goes after it was listed
    script = (
        f"cd {RUN}/senders; sleep 60 & echo 1 >$!; echo 1 >4194304; ln -s gone 4194303; "
        f"{source.root}/bin/remove_deployment; kill $! && ls"
    )
    removed = source.command("bash", "-c", script)
    assert (removed.returncode, removed.stdout) == (0, "snapshot live removed\nresult complete\n"), removed.stderr


def test_what_is_sent_is_what_is_listed(source: Source) -> None:
    data = make_data(source)
    source.install(make_part("live", str(data), exclude=("cache/",)))
    moment = identifier()
    prepared = source.prepare(moment)
    assert (prepared.returncode, prepared.stdout) == (0, "snapshot live taken\nresult complete\n"), prepared.stderr
    record = source.record("live")
    assert record["identifier"] == moment
    assert (record["result"], record["health"], record["live"], record["entries"]) == (
        "complete",
        "intact",
        "yes",
        "5",
    )
    fetched = source.fetch("live", "data")
    assert fetched is not None
    assert sorted(path.name for path in fetched.rglob("*")) == ["a b\tc\\d", "device", "fifo", "link", "sub"]
    listing = (source.root / "fetched" / "live.record" / "listing").read_text().splitlines()
    by_path = {line.split("\t")[8]: line.split("\t") for line in listing}
    assert sorted(by_path) == ["device", "fifo", "link", "sub", r"sub/a b\011c\134d"]
    assert by_path["device"][7] == "5,6"
    assert len(by_path["link"][7]) == 64
    assert by_path[r"sub/a b\011c\134d"][4:8:3] == ["7", "-"]
    removed = source.remove()
    assert (removed.returncode, removed.stdout) == (0, "snapshot live removed\nresult complete\n"), removed.stderr
    assert source.fetch("live", "record") is None
    assert source.command("find", str(RUN), "-type", "f").stdout == ""


def test_a_link_on_the_way_is_not_followed(source: Source) -> None:
    data = make_data(source)
    (source.root / "others").mkdir()
    home = source.root / "home"
    home.mkdir()
    data.rename(home / "data")
    source.install(make_part("live", str(home / "data")), make_part("whole", str(source.root / "others")))
    assert source.prepare().returncode == 0
    assert source.record("live")["health"] == "intact"
    (home / "data").rename(home / "real")
    (home / "data").symlink_to("/etc")
    assert source.record("live")["health"] == "broken"
    assert "DATA-LINKED" in source.log("send_deployment_live")
    prepared = source.prepare(identifier(2))
    assert (prepared.returncode, prepared.stdout) == (
        10,
        "snapshot live failed\nsnapshot whole taken\nresult partial\n",
    )
    assert "DATA-LINKED" in prepared.stderr


# A mount as any user can make one: nobody ever answers, and root is not let in.
FUSE = """
import ctypes, os, sys
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=1000,group_id=1000"
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"sshfs", sys.argv[1].encode(), b"fuse.sshfs", 6, options.encode()):
    sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="this kernel has no FUSE")
def test_what_a_user_has_mounted_inside_is_left_out_and_noted(source: Source) -> None:
    data = make_data(source)
    inside = data / "sub" / "my cloud"
    inside.mkdir()
    source.install(make_part("live", str(data)))
    with source.held(sys.executable, "-c", FUSE, inside) as mounted:
        assert mounted == "mounted\n"
        assert source.prepare().stdout.endswith("result complete\n")
        record = source.record("live")
        assert (record["health"], record["result"]) == ("intact", "complete"), source.log("send_deployment_live")
        fetched = source.fetch("live", "data")
        assert fetched is not None
        assert sorted(path.name for path in (fetched / "sub").iterdir()) == ["a b\tc\\d"]
        listing = (source.root / "fetched" / "live.record" / "listing").read_text()
        assert "my cloud" not in listing and "cache/file" in listing
        assert "FUSE-LEFT-OUT" in source.log("send_deployment_live")
    source.command("umount", "-l", inside)


def test_a_snapshot_is_sent_by_the_build_that_took_it(source: Source) -> None:
    """A push in between may have changed what the dataset is."""
    data = make_data(source)
    source.install(make_part("live", str(data), exclude=("cache/",)))
    assert source.prepare(identifier()).returncode == 0
    another = source.command("sed", "-i", "s/^build=.*/build=another/", RUN / "parts/live/taken")
    assert another.returncode == 0
    assert source.fetch("live", "record") is None
    assert source.fetch("live", "data") is None
    assert "BUILD-CHANGED" in source.log("send_deployment_live")
    assert source.remove().returncode == 0
    assert source.prepare(identifier(1)).returncode == 0
    assert source.fetch("live", "record") is not None


def make_ready(source: Source, moment: str) -> subprocess.Popen[str]:
    """A call that waits to be told `now`, without the locks that it needed so far."""
    process = source.start("prepare_deployment", f"{moment} wait\n", keep_open=True)
    assert process.stdin is not None
    process.stdin.flush()
    end = time.monotonic() + 60
    lock = source.root / "state" / "locks" / "prepare_deployment"
    free = f"grep -q '^{moment} ' {RUN}/parts/live/ready && flock --nonblock {lock} true"
    while source.command("sh", "-c", free).returncode != 0:
        assert time.monotonic() < end, "it never was ready"
        time.sleep(0.05)
    return process


def end(process: subprocess.Popen[str], said: str) -> int:
    process.communicate(said, timeout=60)
    return process.returncode


def test_who_waits_for_the_order_takes_nothing_before_it(source: Source) -> None:
    make_data(source)
    source.install(make_part("live", f"{source.root}/data"))
    assert source.prepare(identifier(2)).returncode == 0
    for later, (said, code) in enumerate((("", 69), ("no\n", 69), ("now", 69), ("now\n", 0)), start=4):
        moment = identifier(later)
        waiting = make_ready(source, moment)
        assert source.command("test", "-e", f"{RUN}/parts/live/taken").returncode != 0
        assert end(waiting, said) == code
        assert (source.command("test", "-e", f"{RUN}/parts/live/taken").returncode == 0) == (code == 0)
    assert source.record("live")["identifier"] == moment


def test_an_order_that_came_in_between_is_left_alone(source: Source) -> None:
    make_data(source)
    source.install(make_part("live", f"{source.root}/data"))
    waiting, newer = make_ready(source, identifier(2)), identifier(4)
    assert source.prepare(newer).returncode == 0
    assert end(waiting, "now\n") == 75
    assert source.record("live")["identifier"] == newer
