"""Collectors whose transfers break: what has come is gone on with, and never changes what is published."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .collecting import everywhere, held, install, plain, store
from .network_world import World, day, kill_group, manifest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")


def trickle(world: World, source: str, pace: int, amount: int | None = None) -> Callable[[socket.socket], None]:
    """The real sender of ``source`` behind a line of ``pace`` bytes a second, which breaks after ``amount`` bytes."""

    def answer(link: socket.socket) -> None:
        own, other = socket.socketpair()
        with own, other:
            command = [world.capsule(source, "send_nightly")]
            with subprocess.Popen(command, stdin=link, stdout=other, stderr=subprocess.DEVNULL) as sender:
                other.close()
                sent = 0
                while (amount is None or sent < amount) and (data := own.recv(pace // 20)):
                    try:
                        link.sendall(data)
                    except OSError:
                        break
                    sent += len(data)
                    time.sleep(len(data) / pace)
                link.shutdown(socket.SHUT_RDWR)
                sender.kill()

    return answer


def large_files(directory: Path) -> None:
    for number in range(3):
        (directory / f"large-{number}").write_bytes(random.Random(number).randbytes(2_000_000))
        os.utime(directory / f"large-{number}", (1_000_000_000, 1_000_000_000))


def huge_file(directory: Path) -> None:
    (directory / "huge").write_bytes(random.Random(1).randbytes(6_000_000))


def content(backup: Path) -> list[tuple[str, bytes]]:
    files = sorted(path for path in backup.rglob("*") if path.is_file())
    return [(str(path.relative_to(backup)), path.read_bytes()) for path in files]


@pytest.mark.parametrize("fill", [large_files, huge_file])
def test_a_transfer_that_never_fits_into_a_run_still_arrives(world: World, fill: Callable[[Path], None]) -> None:
    install(world, limits={"duration_seconds": 10})
    backup = world.make_backup("alpha", day(0), fill)
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 400_000)  # 15 seconds
    attempts = 0
    while world.run("collector", "collect_collection").returncode != 0:
        assert not [name for name in held(world, "alpha") if not name.startswith(".")]
        attempts += 1
        assert attempts < 5
    assert attempts >= 1
    assert held(world, "alpha") == [day(0)]
    assert content(store(world, "alpha") / day(0)) == content(backup)


def test_progress_survives_a_broken_line_and_kill_9_and_a_new_day(world: World) -> None:
    install(world)
    world.make_backup("alpha", day(-1), large_files)
    world.make_backup("beta", day(-1), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == [".interrupted"]
    world.serve["alpha"] = trickle(world, "alpha", 700_000)
    process = world.start("collector", "collect_collection")
    time.sleep(5)
    kill_group(process)
    shutil.rmtree(world.local_tree("alpha") / day(-1))  # the source no longer has what was begun
    backup = world.make_backup("alpha", day(0), large_files)
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)  # too little for all of it
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(world, "alpha") == [day(0)]
    assert content(store(world, "alpha") / day(0)) == content(backup)


def test_an_interrupted_transfer_cannot_change_what_is_published(world: World) -> None:
    install(world)
    everywhere(world, day(-1))
    assert world.run("collector", "collect_collection").returncode == 0
    file = store(world, "alpha") / day(-1) / "etc" / "file"
    before = (file.read_bytes(), os.getxattr(file, "user.rsync.%stat"), file.stat().st_mtime_ns)
    backup = world.make_backup("alpha", day(0), large_files)
    shutil.copy2(world.local_tree("alpha") / day(-1) / "etc" / "file", backup / "etc" / "file")
    (backup / "manifest").write_bytes(manifest(backup))
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    assert (store(world, "alpha") / ".interrupted" / "etc" / "file").samefile(file)
    os.chown(backup / "etc" / "file", 4242, 4242)
    (backup / "etc" / "file").chmod(0o4777)
    (backup / "manifest").write_bytes(manifest(backup))
    del world.serve["alpha"]
    assert world.run("collector", "collect_collection").returncode == 0
    assert (file.read_bytes(), os.getxattr(file, "user.rsync.%stat"), file.stat().st_mtime_ns) == before
    assert held(world, "alpha") == [day(-1), day(0)]


def test_a_damaged_interrupted_transfer_costs_one_run(world: World) -> None:
    install(world)
    world.make_backup("alpha", day(0), large_files)
    world.make_backup("beta", day(0), plain)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    damaged = store(world, "alpha") / ".interrupted" / "etc" / "large-0"
    damaged.write_bytes(b"x" * 2_000_000)
    os.utime(damaged, (1_000_000_000, 1_000_000_000))
    del world.serve["alpha"]
    done = world.run("collector", "collect_collection")
    assert (done.returncode, "VERIFICATION-FAILED" in done.stderr) == (10, True)
    assert held(world, "alpha") == []
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(0)]


def test_what_is_not_wanted_or_has_no_room_is_not_kept(world: World) -> None:
    install(world)
    everywhere(world, day(0))
    assert world.run("collector", "collect_collection").returncode == 0
    world.make_backup("alpha", day(-1), large_files)
    world.serve["alpha"] = trickle(world, "alpha", 100_000_000, 2_500_000)
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == [".interrupted", day(0)]
    shutil.rmtree(world.local_tree("alpha") / day(-1))
    assert world.run("collector", "collect_collection").returncode == 0
    assert held(world, "alpha") == [day(0)]
    world.make_backup("alpha", day(-1), large_files)
    assert world.run("collector", "collect_collection").returncode == 10
    install(world, limits={"reserve_bytes": 10**17})
    assert world.run("collector", "collect_collection").returncode == 10
    assert held(world, "alpha") == [day(0)]


@pytest.mark.parametrize("place", [".interrupted", ".incomplete.2026-11-01"])
def test_a_closed_directory_in_what_was_interrupted_does_not_keep_the_source_out(world: World, place: str) -> None:
    install(world)
    everywhere(world, day(0))
    assert world.run("collector", "collect_collection").returncode == 0
    tree = store(world, "alpha")
    owner = (tree / day(0)).stat()
    for name in {".incomplete.2026-11-01", place}:
        (tree / name / "closed").mkdir(parents=True)
        (tree / name / "closed" / "file").write_text("x")
        for path in (tree / name, tree / name / "closed", tree / name / "closed" / "file"):
            os.chown(path, owner.st_uid, owner.st_gid)
    (tree / place / "closed").chmod(0)
    done = world.run("collector", "collect_collection")
    assert (done.returncode, done.stderr) == (0, "")
    assert held(world, "alpha") == [day(0)]
