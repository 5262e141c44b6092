"""Stores, logs and state that fill up or cannot be written, and a second run beside the first."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM

import pytest

from generator.lab.disks import mount_disk

from ..fleet import identifier
from .faultfleet import LOGS, SOURCES, STATE, TODAY, FaultFleet
from .judge import Photograph, faults, photograph
from .runs import Run

NOW = identifier(TODAY)


@pytest.fixture(autouse=True)
def put_back(faulty: FaultFleet) -> None:
    """Everything is as it was, and the sources have a backup of today to be collected unless a test makes it."""
    for name in (*SOURCES, "depot"):
        faulty.put_back(name)


def mounted(faulty: FaultFleet, node: str, command: str, top: str) -> Photograph:
    """A small filesystem in the place of a store, with the same backups in it."""
    host = faulty[node]
    host.run(["mv", top, f"{top}.away"])
    host.run(["mkdir", "-m", host.run(["stat", "--format=%a", f"{top}.away"]).out.strip(), top])
    if command:
        host.run(["/bin/sh", "-euc", command])
    else:
        mount_disk(host, top, 16)
    host.run(["cp", "-a", "--sparse=always", f"{top}.away/.", f"{top}/"])
    return photograph(faulty.stores(node))


def unmounted(faulty: FaultFleet, node: str, top: str) -> None:
    """The store's own directory again."""
    faulty[node].run(["/bin/sh", "-euc", f"umount {top}; rmdir {top}; mv {top}.away {top}"])


@pytest.mark.parametrize(
    ("command", "hog"),
    [
        ("", "head -c 20000000 /dev/urandom >/srv/data/hog"),
        (
            "mount -t tmpfs -o mode=0700,size=40m,nr_inodes=200 full /backups",
            "mkdir /srv/data/hog; for i in $(seq 300); do : >/srv/data/hog/$i; done",
        ),
    ],
    ids=["bytes", "inodes"],
)
def test_a_full_local_store_keeps_what_it_has(faulty: FaultFleet, command: str, hog: str) -> None:
    before = mounted(faulty, "alpha", command, "/backups")
    try:
        faulty["alpha"].run(["/bin/sh", "-euc", hog])
        ended = Run(faulty, "alpha", "backup_nightly").end()
        assert ended.status == 74, ended.err
        assert ended.unsaid() == []
        assert "No space left" in ended.err
        assert "STORE-FULL" in ended.err
        assert faults(before, NOW) == []
        assert faulty.stores("alpha")[0].residue() == set()
        faulty["alpha"].run(["rm", "-rf", "/srv/data/hog"])
        assert faulty.backup("alpha").status == 0
        assert faults(before, NOW) == []
    finally:
        unmounted(faulty, "alpha", "/backups")


def test_a_full_collection_store_keeps_what_it_has(faulty: FaultFleet) -> None:
    before = mounted(faulty, "depot", "", "/srv/first")
    try:
        faulty["alpha"].run(["/bin/sh", "-euc", "head -c 20000000 /dev/urandom >/srv/data/hog"])
        for name in SOURCES:
            assert faulty.backup(name).status == 0
        ended = Run(faulty, "depot", "collect_first").end()
        assert ended.status in (10, 69), ended.err
        assert ended.unsaid() == []
        assert 'source="alpha"' in ended.err
        assert faults(before, NOW) == []
        assert [store.residue() for store in faulty.stores("depot")] == [set(), set()]
        for command in ("rm /srv/data/hog", f"rm -rf /backups/{NOW}"):
            faulty["alpha"].run(["/bin/sh", "-euc", command])
        assert faulty.backup("alpha").status == 0
        done = faulty.collect("depot")
        assert done.status == 0, done.err
        assert faults(before, NOW) == []
    finally:
        unmounted(faulty, "depot", "/srv/first")


@pytest.mark.parametrize("directory", [LOGS, f"{STATE}/runs", f"{STATE}/locks"])
@pytest.mark.parametrize(("node", "capsule"), [("alpha", "backup_nightly"), ("depot", "collect_first")])
def test_logs_and_state_that_cannot_be_written_are_said(
    faulty: FaultFleet, node: str, capsule: str, directory: str
) -> None:
    """A full log costs no backup; without state or locks a run says so and does not pass for a good one."""
    if node == "depot":
        for name in SOURCES:
            assert faulty.backup(name).status == 0
    host, before = faulty[node], photograph(faulty.stores(node))
    host.run(["mount", "--bind", directory, directory])
    host.run(["mount", "-o", "remount,bind,ro", directory])
    try:
        ended = Run(faulty, node, capsule).end()
        assert ended.err
        assert (ended.status == 0) == (directory == LOGS), ended.err
        assert faults(before, NOW) == []
    finally:
        host.run(["umount", directory])
    done = faulty.capsule(node, capsule, check=False)
    assert done.status == 0, done.err
    assert faults(before, NOW) == []
    assert all(NOW in store.names() for store in faulty.stores(node))


def held(lock: Path) -> bool:
    """Somebody holds it, as the kernel tells: taking it to find out would turn the capsule away.

    Not asked of /proc/locks: in a container that hides a lock whose taker, here the program flock, has ended.
    """
    if not lock.exists():
        return False
    inode = f":{lock.stat().st_ino} "
    for opened in Path("/proc").glob("[0-9]*/fdinfo/*"):
        with suppress(OSError):
            if any(line.startswith("lock:") and inode in line for line in opened.read_text().splitlines()):
                return True
    return False


@pytest.mark.parametrize(("node", "capsule"), [("alpha", "backup_nightly"), ("depot", "collect_first")])
def test_a_second_run_ends_with_75_and_the_first_one_well(faulty: FaultFleet, node: str, capsule: str) -> None:
    for name in SOURCES:
        if node == "depot":
            assert faulty.backup(name).status == 0
    before = photograph(faulty.stores(node))
    first = Run(faulty, node, capsule)
    lock = faulty[node].path(f"{STATE}/locks/{capsule}")
    deadline = time.monotonic() + 20
    while not held(lock):
        assert first.alive()
        assert time.monotonic() < deadline
    second = Run(faulty, node, capsule).end()
    assert second.status == 75
    assert "LOCK-HELD" in second.err
    assert second.unsaid() == []
    assert first.end().status == 0
    assert faults(before, NOW) == []


@pytest.mark.parametrize(("node", "capsule"), [("alpha", "backup_nightly"), ("depot", "collect_first")])
def test_a_run_that_is_told_to_stop_says_so(faulty: FaultFleet, node: str, capsule: str) -> None:
    for name in SOURCES:
        if node == "depot":
            assert faulty.backup(name).status == 0
    before = photograph(faulty.stores(node))
    run = Run(faulty, node, capsule)
    while not any(store.residue() for store in faulty.stores(node)):
        assert run.alive()
    run.signal(SIGTERM)
    ended = run.end()
    assert ended.status in (74, 143), ended.err
    assert ended.unsaid() == []
    assert run.survivors() == []
    assert faults(before, NOW) == []
    assert faulty.capsule(node, capsule, check=False).status == 0
    assert faults(before, NOW) == []
