"""Replicas: chains of differences and part-wise copies, killed, lied to, cut off and gone astray."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleets import HERE
from replica_world import ReplicaWorld
from store_world import listing, odd

from generator.inventory.model import Ownership, RestorePoint
from generator.inventory.tools import TOOLS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="data accounts need root")

ENGINES = ("tree", "btrfs", "zfs")


@pytest.fixture
def world() -> Iterator[ReplicaWorld]:
    """A store, a source and a replica without capsules, removed afterwards."""
    made = ReplicaWorld()
    try:
        yield made
    finally:
        made.command("umount", made.root / "mirror", made.root / "vault")
        made.close()


def install(world: ReplicaWorld, engine: str, replicas: tuple[str, ...] = ("mirror",)) -> None:
    """A store and its replicas, all of one engine."""
    if engine == "zfs":
        here = {"pool": f"capsule{os.getpid()}target", "device": str(world.start_zfs()), "attributes": False}
        for node in replicas:
            there = {"pool": f"capsule{os.getpid()}{node}", "device": str(world.device()), "attributes": False}
            world.kinds[node] = ("zfs", there)
        world.install("zfs", ownership=Ownership.NATIVE, settings=here)
        return
    if engine == "btrfs":
        world.mount_btrfs()
        for node in replicas:
            image = world.root / f"{node}.img"
            script = f"truncate -s 300M {image}; mkfs.btrfs -q {image}; mount -o loop {image} {world.root}/{node}"
            done = world.command("sh", "-ec", script)
            assert done.returncode == 0, done.stderr
    world.kinds = {node: (engine, {}) for node in replicas}
    world.install(engine)


def next_day(world: ReplicaWorld, word: str) -> str:
    """One more backup."""
    world.pass_time(days=1)
    (world.live / "file").write_text(f"a day that is called {word}\n")
    return world.back_up()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_replica_catches_up_keeps_more_and_restores(world: ReplicaWorld, engine: str) -> None:
    install(world, engine)
    if engine != "zfs":
        assert world.faults() == ()
    odd(world.live)
    names = [world.back_up()]
    assert world.replicate() == (0, "")
    assert world.held() == names
    names += [next_day(world, "second"), next_day(world, "third")]
    assert world.replicate() == (0, "")
    assert world.held() == names
    names.append(next_day(world, "fourth"))
    assert world.names() == names[-2:] if engine == "tree" else set(world.names()) >= set(names[-2:])
    assert world.replicate() == (0, "")
    assert world.held() == names
    assert world.run_state("replicate_offsite")["result"] == "complete"
    assert world.run_state("health_offsite")["result"] == "complete"
    assert "received=" not in world.replicate()[1]
    (world.live / "plain").write_text("damaged")
    done = world.capsule("restore_data_from_offsite", f"{names[1]}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert (world.live / "file").read_text() == "a day that is called second\n"
    assert (world.live / "plain").read_text() == "plain"


@pytest.mark.parametrize("engine", ["tree", "zfs"])
def test_a_replica_of_a_replica_is_enough_when_everything_before_it_is_lost(world: ReplicaWorld, engine: str) -> None:
    world.points = (
        *world.points,
        RestorePoint(name="some", dataset="data", path="/srv/data/in/here", source="archive", origin=HERE),
    )
    install(world, engine, ("mirror", "vault"))
    odd(world.live)
    (world.live / "in" / "here").mkdir(parents=True)
    (world.live / "in" / "here" / "one").write_text("one")
    names = [world.back_up(), next_day(world, "second")]
    assert [world.replicate(plan) for plan in ("offsite", "archive")] == [(0, ""), (0, "")]
    assert world.held("offsite") == world.held("archive") == names
    names.append(next_day(world, "third"))
    assert [world.replicate(plan) for plan in ("offsite", "archive")] == [(0, ""), (0, "")]
    assert world.held("archive") == names
    described = world.command(world.root / "bin" / "describe_archive")
    assert [line.split()[0] for line in described.stdout.splitlines()[1:]] == names, described
    # Store and first replica are gone.
    for plan in ("deployment", "offsite"):
        (world.root / "bin" / f"list_{plan}").unlink()
        (world.root / "bin" / f"send_stored_{plan}_alpha").unlink()
    before = (world.live / "file").read_text()
    (world.live / "file").write_text("damaged")
    (world.live / "in" / "here" / "one").unlink()
    assert world.capsule("restore_data_from_deployment").returncode == 69
    done = world.capsule("restore_point_some_from_archive")
    assert (done.returncode, done.stderr) == (0, "")
    assert (world.live / "in" / "here" / "one").read_text() == "one"
    assert (world.live / "file").read_text() == "damaged"
    done = world.capsule("restore_data_from_archive", f"{names[1]}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert (world.live / "file").read_text() == "a day that is called second\n"
    assert world.capsule("restore_data_from_archive").returncode == 0
    assert (world.live / "file").read_text() == before


def test_parts_stay_hard_links_over_the_dates_of_a_replica(world: ReplicaWorld) -> None:
    install(world, "tree")
    odd(world.live)
    first = world.back_up()
    second = next_day(world, "second")
    assert world.replicate() == (0, "")
    here, there = world.root / "store", world.root / "mirror"
    part = "alpha@+srv+data"
    assert (there / first / part / "plain").stat().st_ino == (there / second / part / "linked").stat().st_ino
    assert (there / first / part / "file").stat().st_ino != (there / second / part / "file").stat().st_ino
    for name in (first, second):
        manifests = [
            (top / name / ".capsule" / f"{part}.manifest").read_bytes().splitlines() for top in (here, there)
        ]
        told = [[line.split(b"\t")[:6] + line.split(b"\t")[7:] for line in lines] for lines in manifests]
        assert told[0] == told[1] != []


@pytest.mark.parametrize("engine", ["btrfs", "zfs"])
def test_a_replica_that_went_astray_says_so_and_changes_nothing(world: ReplicaWorld, engine: str) -> None:
    install(world, engine)
    first = world.back_up()
    assert world.replicate()[0] == 0
    stray = world.moment(3600)
    mirror = world.root / "mirror"
    script = {
        "btrfs": f"btrfs subvolume snapshot -r {mirror}/current {mirror}/{stray}",
        "zfs": f"zfs snapshot capsule{os.getpid()}mirror/current@{stray}",
    }[engine]
    done = world.command("sh", "-ec", script)
    assert done.returncode == 0, done.stderr
    next_day(world, "second")
    status, said = world.replicate()
    assert status == 65
    assert "REPLICA-DIVERGED" in said
    assert world.held() == [first, stray]
    assert world.run_state("replicate_offsite")["result"] == "failed"


@pytest.mark.parametrize("engine", ["tree", "btrfs", "zfs"])
def test_a_replica_that_is_killed_goes_on(world: ReplicaWorld, engine: str) -> None:
    install(world, engine)
    names = [world.back_up(), next_day(world, "second")]
    tool, words = {"tree": ("rsync", "client"), "btrfs": ("btrfs", "receive"), "zfs": ("zfs", "receive")}[engine]
    for call in (1, 2):
        counted = world.root / f"count{call}"
        counted.touch()
        counted.chmod(0o666)
        script = WAITING.format(words=words, file=counted, call=call, real=TOOLS["debian"][tool])
        world.stand_in(tool, script)
        process = world.start_capsule("replicate_offsite", "")
        while counted.read_text().count("\n") < call:
            assert process.poll() is None
            time.sleep(0.05)
        kill_session(process.pid)
        process.wait(10)
    world.real_tool(tool)
    status, said = world.replicate()
    assert (status, [line for line in said.splitlines() if " notice " not in line]) == (0, [])
    assert world.held() == names


WAITING = """#!/bin/bash
# What sends runs in another session: there every call is the real one.
if [[ "$1" == --server || ( "{words}" != client && "$1" != "{words}" ) ]]; then exec {real} "$@"; fi
echo >>{file}
(( $(wc -l <{file}) < {call} )) || sleep 60
exec {real} "$@"
"""


def kill_session(leader: int) -> None:
    """Everything that the capsule has started, at once."""
    found = subprocess.run(["ps", "-o", "pid=", "--sid", str(leader)], capture_output=True, text=True, check=False)
    for number in found.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(number), signal.SIGKILL)


@pytest.mark.parametrize(
    "line",
    ["", "names \n", "send\n", "send - current\n", "send - 20261120T013000Z x\n", "send -p 20261120T013000Z\n",
     "send - ../20261120T013000Z\n", "send 20261120T013000Z 20261120T013000Z\n",
     "send 20991120T013000Z 20261120T013000Z\n", "resume 1-2-3\n", "resume 1-aa-bb-cc\n", "x" * 100_000],
)  # fmt: skip
def test_a_sender_of_replicas_understands_nothing_else(world: ReplicaWorld, line: str) -> None:
    install(world, "btrfs")
    world.back_up()
    done = world.capsule("send_replica_offsite", line)
    assert (done.returncode, done.stdout) == (64, "")
    assert world.found(world.root / "state" / "kept") == []


def test_a_stream_of_something_else_is_not_received(world: ReplicaWorld) -> None:
    install(world, "btrfs")
    first = world.back_up()
    assert world.replicate()[0] == 0
    second = next_day(world, "second")
    store = world.root / "store"
    wrong = f"""#!/bin/bash
if [[ "$1" == send ]]; then exec /usr/bin/btrfs send --quiet {store}/{first}; fi
exec /usr/bin/btrfs "$@"
"""
    world.stand_in("btrfs", wrong)
    status, said = world.replicate()
    assert status == 69
    assert "STREAM-REFUSED" in said
    assert world.held() == [first]
    world.real_tool("btrfs")
    assert world.replicate() == (0, "")
    assert world.held() == [first, second]


def test_what_a_store_lies_about_is_not_published(world: ReplicaWorld) -> None:
    install(world, "tree")
    name = world.back_up()
    stored = world.root / "store" / name / "alpha@+srv+data" / "file"
    times = stored.stat()
    stored.write_text("ahpla data\n")
    os.utime(stored, ns=(times.st_atime_ns, times.st_mtime_ns))
    status, said = world.replicate()
    assert status == 69
    assert "VERIFICATION-FAILED" in said
    assert world.held() == []
    stored.write_text("alpha data\n")
    os.utime(stored, ns=(times.st_atime_ns, times.st_mtime_ns))
    before = listing(world.root / "store")
    assert world.replicate() == (0, "")
    assert world.held() == [name]
    assert listing(world.root / "store") == before


def info_of(world: ReplicaWorld, name: str) -> Path:
    return world.root / "store" / name / ".capsule" / "backup.info"


def test_a_replica_that_is_older_than_its_store_calls_nothing_complete(world: ReplicaWorld) -> None:
    install(world, "tree")
    name = world.back_up()
    info = info_of(world, name)
    entries = int(re.findall(r"^entries=(\d+)$", info.read_text(), re.MULTILINE)[0])
    # of a part that the replica's build does not know
    info.write_text(info.read_text().replace(f"\nentries={entries}\n", f"\nentries={entries + 7}\n"))
    status, said = world.replicate()
    assert (status, "PARTS-UNKNOWN" in said) == (10, True)
    assert world.held() == [f"{name}.partial"]
    later = next_day(world, "second")
    assert world.replicate() == (0, "")
    assert world.held() == [f"{name}.partial", later]


def test_a_backup_that_is_older_than_a_dataset_is_replicated_as_it_is(world: ReplicaWorld) -> None:
    install(world, "tree")
    name = world.back_up()
    info = info_of(world, name)
    part = sorted(path.name for path in info.parent.parent.iterdir() if path.name.startswith("alpha@"))[0]
    own = int(re.findall(rf"^part\.{re.escape(part)}\.entries=(\d+)$", info.read_text(), re.MULTILINE)[0])
    kept = [line for line in info.read_text().splitlines() if not line.startswith(f"part.{part}.")]
    info.write_text("".join(f"{line}\n" for line in kept))
    entries = int(re.findall(r"^entries=(\d+)$", info.read_text(), re.MULTILINE)[0])
    info.write_text(info.read_text().replace(f"\nentries={entries}\n", f"\nentries={entries - own}\n"))
    shutil.rmtree(info.parent.parent / part)
    names = [name, next_day(world, "second")]
    assert world.replicate()[0] == 0
    assert world.held() == names
    assert not (world.root / "mirror" / name / part).exists()
    assert (world.root / "mirror" / names[1] / part).exists()


def test_a_replica_that_gets_nothing_new_says_how_old_it_is(world: ReplicaWorld) -> None:
    install(world, "tree")
    world.back_up()
    assert world.replicate()[0] == 0
    world.pass_time(days=3)
    status, said = world.replicate()
    assert status == 10
    assert "REPLICA-OLD" in said


@pytest.mark.parametrize("engine", ["tree", "btrfs"])
def test_a_replica_that_is_not_let_in_says_what_to_do(world: ReplicaWorld, engine: str) -> None:
    install(world, engine)
    world.stand_in("ssh", "#!/bin/bash\necho 'sudo: a password is required' >&2\nexit 1\n")
    status, said = world.replicate()
    assert status == 69
    assert "the other store does not say what it keeps: sudo there does not know this program" in said
    assert 'why="sudo: a password is required' in said
