"""Stores that are killed, that are not what they must be, that stand on ZFS, and that pull from the real senders."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_world import StoreWorld, kill_group, odd

from generator.inventory.model import Ownership

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")

POOL = f"capsuletest{os.getpid()}"


@pytest.fixture
def world() -> Iterator[StoreWorld]:
    """A store without capsules, removed afterwards."""
    made = StoreWorld()
    try:
        yield made
    finally:
        made.close()


def whole(world: StoreWorld, name: str) -> bool:
    """Every part that the backup claims is there, and so is its manifest."""
    info = world.info(name)
    parts = [key.split(".")[1] for key, value in info.items() if key.endswith(".result") and value != "failed"]
    there = world.found(world.root / "store" / name)
    return bool(parts) and all({f"{one}/file", f".capsule/{one}.manifest"} <= set(there) for one in parts)


@pytest.mark.parametrize("engine", ["tree", "btrfs"])
def test_a_kill_at_any_moment_leaves_whole_backups_only_and_the_next_run_works(
    world: StoreWorld, engine: str
) -> None:
    if engine == "btrfs":
        world.mount_btrfs()
    world.install(engine)
    chance = random.Random(engine)
    for part in world.parts.values():
        odd(part.data)
        for number in range(200):
            (part.data / f"many{number}").write_text(f"{number}\n" * 500)
    held = [world.back_up()]
    for verb in ("pull", "pull", "pull", "commit", "commit"):
        world.pass_time(hours=1)
        for part in world.parts.values():
            part.identifier = world.moment()
            (part.data / "file").write_text(world.moment())
        if verb == "commit":
            assert world.pull().returncode == 0
        process = world.start(verb, f"{world.moment()} complete\n" if verb == "commit" else f"{world.moment()}\n")
        time.sleep(chance.uniform(0.05, 1.2) if verb == "pull" else chance.uniform(0.02, 0.4))
        kill_group(process)
        names = world.names()
        assert names in (held, [*held, world.moment()], [*held, world.moment()][-2:])
        held = names
        assert all(whole(world, name) for name in names)
    world.pass_time(hours=1)
    newest = world.back_up()
    assert world.names()[-1] == newest
    assert whole(world, newest)
    assert not [one for one in world.found(world.root / "store" / newest) if one.startswith(".receiving")]


def test_an_interrupted_transfer_is_gone_on_with(world: StoreWorld) -> None:
    world.install()
    part = world.parts["alpha", "data"]
    (part.data / "large").write_bytes(os.urandom(20_000_000))
    part.identifier = world.moment()
    process = world.start("pull", f"{world.moment()}\n")
    place = world.root / "store" / f".incomplete.{world.moment()}" / ".receiving" / "alpha" / "alpha@+srv+data"
    deadline = time.monotonic() + 30
    while not place.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.3)
    kill_group(process)
    world.pass_time(hours=1)
    names = [world.back_up()]
    assert "TRANSFER-KEPT" in world.log("pull")
    world.pass_time(hours=1)
    names.append(world.back_up())
    assert world.stored() == names


def test_a_store_that_is_not_what_it_must_be_is_refused(world: StoreWorld) -> None:
    store = world.root / "store"
    world.install("btrfs")
    done = world.pull()
    assert (done.returncode, done.stdout) == (73, "result failed\n")
    assert "no btrfs" in done.stderr
    world.mount_btrfs()
    world.command("mkdir", store / "current")
    assert "not a subvolume" in world.pull().stderr
    world.command("rmdir", store / "current")
    world.install("btrfs", settings={"mountpoint": str(world.root / "bin")})
    assert "nothing is mounted there" in world.pull().stderr
    world.install("tree", settings={"mountpoint": str(store)})
    assert world.pull().returncode == 0
    world.command("chown", "1234", store)
    assert "not a directory of root" in world.run("commit", f"{world.moment()} complete\n").stderr


def test_a_store_on_zfs_makes_its_pool_and_keeps_snapshots(world: StoreWorld) -> None:
    device = world.start_zfs()
    settings = {"pool": POOL, "device": str(device), "attributes": False, "compression": "gzip-7"}
    world.install("zfs", ownership=Ownership.NATIVE, settings=settings)
    assert world.faults() == ()
    for part in world.parts.values():
        odd(part.data)
    names = [world.back_up()]
    assert world.command("zfs", "get", "-H", "-o", "value", "compression", f"{POOL}/current").stdout == "gzip-7\n"
    assert world.command("zfs", "get", "-H", "-o", "value", "capsule:owner", POOL).stdout == "test/deployment\n"
    activated = world.run("activate", "latest\n")
    assert activated.returncode == 0, activated.stderr
    place = Path(activated.stdout.strip())
    for _ in range(3):
        world.pass_time(hours=1)
        (world.parts["alpha", "data"].data / "file").write_text(world.moment())
        names.append(world.back_up())
    assert world.names() == [names[0], *names[2:]]
    assert world.read(place / "alpha@+srv+data" / "file") == "alpha data\n"
    assert world.command("touch", place / "x").returncode != 0
    assert world.read(world.root / "store/current/alpha@+srv+data/file") == names[-1]
    done = world.run("deactivate")
    assert done.returncode == 0, done.stderr
    described = world.run("describe")
    assert (described.returncode, described.stderr) == (0, "")
    assert [line.split()[0] for line in described.stdout.splitlines()[1:]] == world.names()
    assert described.stdout.count(" complete ") == 3
    world.pass_time(hours=1)
    names.append(world.back_up())
    assert world.names() == names[-2:]
    # Another deployment comes to the same pool, and may have it only when somebody says so.
    world.command("zfs", "set", "capsule:owner=prod-test/deployment", POOL)
    world.pass_time(hours=1)
    refused = world.pull()
    assert (refused.returncode, refused.stdout) == (78, "result failed\n")
    assert "it belongs to another plan" in refused.stderr
    assert world.read(world.root / "store/current/alpha@+srv+data/file") == names[-2]
    world.command("zfs", "inherit", "capsule:owner", POOL)
    names.append(world.back_up())
    # Somebody unmounts the filesystem: nothing is written into the directory below it.
    world.command("zfs", "unmount", f"{POOL}/current")
    world.pass_time(hours=1)
    done = world.pull()
    assert done.returncode == 73
    assert "not the filesystem that is mounted there" in done.stderr
    assert world.run_state("health_deployment")["result"] == "complete"
    world.command("zpool", "export", POOL)
    done = world.pull()
    assert "a pool of this name can be imported" in done.stderr
    assert world.run_state("health_deployment")["result"] == "failed"


@pytest.mark.parametrize("what", ["mkfs.ext4 -q", "mkswap", "label"])
def test_no_pool_is_made_on_a_device_that_carries_anything(world: StoreWorld, what: str) -> None:
    device = world.start_zfs()
    if what == "label":
        # One partition of Linux from the second MiB on, as an old partition table says it.
        entry = bytes([0, 0, 0, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little") + (4096).to_bytes(4, "little")
        with device.open("r+b") as disk:
            disk.write(bytes(446) + entry + bytes(48) + b"\x55\xaa")
    else:
        subprocess.run([*what.split(), device], check=True, capture_output=True)
    before = device.read_bytes()[:4_000_000]
    settings = {"pool": POOL, "device": str(device), "attributes": False}
    world.install("zfs", ownership=Ownership.NATIVE, settings=settings)
    done = world.pull()
    assert (done.returncode, done.stdout) == (73, "result failed\n")
    assert "carries something" in done.stderr
    assert device.read_bytes()[:4_000_000] == before


def test_a_pool_is_not_made_unless_the_inventory_gives_a_device(world: StoreWorld) -> None:
    world.start_zfs()
    world.install("zfs", ownership=Ownership.NATIVE, settings={"pool": POOL, "attributes": False})
    assert "there is no such pool" in world.pull().stderr


ZPOOL = """#!/bin/bash
case "$*" in
  "list -H -o health "*) echo {health} ;;
  "list -H -o health,capacity"*) printf '{health}\\t95%%\\n' ;;
  status*) printf ' state: {health}\\nerrors: {errors}\\n' ;;
  *) exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    ("health", "errors", "said"),
    [
        ("FAULTED", "No known data errors", "cannot be used"),
        ("SUSPENDED", "No known data errors", "cannot be used"),
        ("DEGRADED", "3 data errors", "there is no such filesystem"),
    ],
)
def test_a_pool_in_a_bad_state_is_said_and_not_written_to(
    world: StoreWorld, health: str, errors: str, said: str
) -> None:
    world.install("zfs", ownership=Ownership.NATIVE, settings={"pool": POOL, "attributes": False})
    world.stand_in("zpool", ZPOOL.format(health=health, errors=errors))
    world.stand_in("zfs", "#!/bin/sh\nexit 1\n")
    done = world.pull()
    assert done.returncode == 73
    assert said in done.stderr
    state = world.run_state("health_deployment")
    assert state["result"] == "failed"
    assert health in state["said"]
    assert "95 percent" in state["said"]
    told = world.command(world.root / "bin" / "check_backups")
    assert told.returncode == 2
    assert f"health_deployment: never complete, last run failed: the pool {POOL} is {health}" in told.stdout
    assert world.run("list").returncode == 73


def test_a_store_that_cannot_say_what_it_keeps_does_not_say_that_it_keeps_nothing(world: StoreWorld) -> None:
    world.install("zfs", ownership=Ownership.NATIVE, settings={"pool": POOL, "attributes": False})
    current = world.root / "store/current"
    current.mkdir(parents=True)
    world.stand_in("zpool", ZPOOL.format(health="ONLINE", errors="No known data errors"))
    world.stand_in("df", f"#!/bin/sh\nprintf 'Filesystem\\n{POOL}/current\\n'\n")
    kept = f"printf '{POOL}/current@20261119T010000Z\\n'"
    answers = f'case "$*" in *-t\\ snapshot*) {kept}; exit $(cat {world.root}/status) ;; esac'
    world.stand_in("zfs", f"#!/bin/sh\n{answers}\nprintf 'filesystem\\tyes\\t{current}\\n'\n")
    (world.root / "status").write_text("0")
    assert (world.run("list").returncode, world.run("list").stdout) == (0, "20261119T010000Z\n")
    (world.root / "status").write_text("1")
    listed = world.run("list")
    assert (listed.returncode, listed.stdout) == (69, "")
    assert "does not say what it keeps" in listed.stderr


def test_the_real_senders_are_understood(world: StoreWorld) -> None:
    part = world.parts["alpha", "data"]
    odd(part.data)
    world.install_senders()
    for change in ("first", "second"):
        (part.data / "file").write_text(change)
        prepared = world.run("prepare", f"{world.moment()}\n")
        assert prepared.returncode == 0, prepared.stderr
        name = world.back_up()
        assert world.run("remove").returncode == 0
        assert world.read(world.root / "store" / name / world.part("alpha", "data") / "file") == change
        world.pass_time(hours=1)
    assert "SOURCE-UNREACHABLE" in world.pull().stderr
