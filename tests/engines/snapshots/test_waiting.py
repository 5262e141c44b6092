"""What ``prepare`` does before it is told to, in the pause, and once everybody goes on; with real btrfs."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from btrfs_source import btrfs, subvolumes  # noqa: F401  # a fixture
from source_world import RUN, Source, identifier, make_part

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")
TOP = f"{RUN}/parts/tree/top"
COMPLETE = "frozen\nsnapshot tree taken\nresult complete\n"
# once a snapshot was taken, what $ROOT/then says is done
AFTERWARDS = """"$REAL" "$@"; status=$?
if [[ "$1 $2" == 'subvolume snapshot' && -e "$ROOT/then" ]]; then source "$ROOT/then"; rm "$ROOT/then"; fi
exit $status
"""


@contextmanager
def waiting(source: Source, moment: str = "") -> Iterator[subprocess.Popen[str]]:
    """A prepare that is told to wait, and has all of its pipes open."""
    process = subprocess.Popen(
        source.entering(source.root / "bin/prepare_deployment"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"{moment or identifier()} wait\n")
    process.stdin.flush()
    with process:
        yield process


def is_ready(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "ready\n"


@pytest.mark.parametrize("end", ["nothing is said", "too late", "a signal", "nobody listens", "no seat"])
def test_an_order_that_never_comes_leaves_nothing_mounted(btrfs: Source, end: str) -> None:  # noqa: F811
    capsule = btrfs.root / "bin/prepare_deployment"
    seats = [btrfs.root / f"state/locks/prepare_deployment.waiting.{seat}" for seat in range(1, 5)]
    taken = [seat.open("a") for seat in seats if end == "no seat"]
    for one in taken:
        fcntl.flock(one, fcntl.LOCK_EX)
    if end == "too late":
        capsule.write_text(re.sub(r"^deadline='\d+'", "deadline=3", capsule.read_text(), flags=re.MULTILINE))
    with waiting(btrfs) as process:
        assert process.stdin is not None and process.stdout is not None
        if end == "nobody listens":
            process.stdout.close()
        elif end != "no seat":
            assert is_ready(process)
            assert btrfs.mounts() == []
        if end == "too late":
            time.sleep(4)
        if end == "a signal":
            os.kill(process.pid, signal.SIGTERM)
        else:
            process.stdin.close()
        assert process.wait(timeout=60) != 0
    for one in taken:
        one.close()
    assert (btrfs.mounts(), subvolumes(btrfs)) == ([], ["app"])
    assert not btrfs.command("cat", f"{RUN}/moment").stdout


def test_who_looks_into_it_keeps_nothing_from_being_kept(btrfs: Source) -> None:  # noqa: F811
    btrfs.stand_in("btrfs", AFTERWARDS)
    (btrfs.root / "then").write_text(f"( cd {TOP} && exec sleep 5 ) &>/dev/null &\n")
    assert btrfs.prepare().stdout == "snapshot tree taken\nresult complete\n"
    assert btrfs.mounts() == [TOP]
    time.sleep(3)
    assert btrfs.remove().returncode == 0
    assert (btrfs.mounts(), subvolumes(btrfs)) == ([], ["app"])


def test_the_place_of_the_data_is_that_of_the_moment(btrfs: Source) -> None:  # noqa: F811
    root = btrfs.root
    btrfs.command("sh", "-ec", f"cd {root}; btrfs -q subvolume create top/other; ln -s {root}/top/app current")
    btrfs.install(make_part("tree", f"{root}/current", "btrfs"))
    btrfs.stand_in("btrfs", AFTERWARDS)
    (root / "then").write_text('ln -sfn "$ROOT/top/other" "$ROOT/current"\n')
    done = btrfs.prepare()
    assert done.stdout == "snapshot tree taken\nresult complete\n", done.stderr
    assert (fetched := btrfs.fetch("tree", "data")) is not None
    assert (fetched / "file").read_text() == "one\n"


def test_data_that_gave_way_to_other_data_fails_and_goes(btrfs: Source) -> None:  # noqa: F811
    root = btrfs.root
    btrfs.install(make_part("tree", f"{root}/top/app", "btrfs"))
    btrfs.stand_in("btrfs", AFTERWARDS)
    (root / "then").write_text('mv "$ROOT/top/app" "$ROOT/top/old"; "$REAL" -q subvolume create "$ROOT/top/app"\n')
    failed = btrfs.prepare()
    assert failed.stdout == "snapshot tree failed\nresult failed\n"
    assert "DATA-ELSEWHERE" in failed.stderr
    assert subvolumes(btrfs) == ["app", "old"]
    assert btrfs.prepare(identifier(2)).stdout == "snapshot tree taken\nresult complete\n"


def test_what_is_mounted_after_the_moment_is_no_part_of_it(btrfs: Source) -> None:  # noqa: F811
    with waiting(btrfs) as process:
        assert is_ready(process)
        btrfs.stand_in("btrfs", AFTERWARDS)
        # said at once, and looked at later
        (btrfs.root / "then").write_text('( sleep 0.3; mount -t tmpfs none "$ROOT/fs/app" ) &>/dev/null &\n')
        lease = "/run/capsule/test/lease_deployment"
        btrfs.command("sh", "-c", f"mkdir -p {lease}; : >{lease}/held; (sleep 1; rm {lease}/held) >/dev/null 2>&1 &")
        assert process.communicate("now\n", timeout=60)[0] == COMPLETE


def test_own_mounts_are_no_part_of_any_data(btrfs: Source) -> None:  # noqa: F811
    device = "$(findmnt -no SOURCE --target top | sed 's/\\[.*//')"
    btrfs.command("sh", "-ec", f"cd {btrfs.root}; mkdir -p /run/capsule; mount -o subvol=app {device} /run/capsule")
    btrfs.install(make_part("tree", "/run/capsule", "btrfs"))
    done = btrfs.prepare()
    assert done.stdout == "snapshot tree taken\nresult complete\n", done.stderr
