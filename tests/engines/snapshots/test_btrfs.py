"""Real btrfs on a loop device, in a mount namespace."""

from __future__ import annotations

import os

import pytest
from btrfs_source import SNAPSHOT, btrfs, subvolumes  # noqa: F401  # a fixture
from source_world import RUN, Source, identifier

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="capsules are for root")


def test_a_moment_is_sent_as_it_was(btrfs: Source) -> None:  # noqa: F811
    assert [str(fault) for fault in btrfs.faults()] == []
    prepared = btrfs.prepare()
    assert (prepared.returncode, prepared.stdout) == (0, "snapshot tree taken\nresult complete\n"), prepared.stderr
    assert btrfs.mounts() == []
    btrfs.command("sh", "-c", f"cd {btrfs.root}/fs; echo later >file; rm app/file; echo new >new")
    record = btrfs.record("tree")
    assert (record["result"], record["health"], record["live"], record["entries"]) == (
        "complete",
        "intact",
        "no",
        "4",
    )
    fetched = btrfs.fetch("tree", "data")
    assert fetched is not None
    assert sorted(str(path.relative_to(fetched)) for path in fetched.rglob("*")) == [
        "again",
        "app",
        "app/file",
        "file",
    ]
    assert (fetched / "file").read_text() == "one\n"
    assert (fetched / "file").stat().st_ino == (fetched / "again").stat().st_ino
    options = btrfs.command("findmnt", "-no", "OPTIONS", f"{RUN}/snapshots/tree").stdout.strip().split(",")
    assert {"ro", "noatime", "nodev", "nosuid", "noexec"} <= set(options)
    for place in (f"{RUN}/snapshots/tree", f"{RUN}/parts/tree/data"):
        # a container that is given / as a volume would else keep the snapshot in use
        assert "unbindable" in btrfs.command("findmnt", "-no", "PROPAGATION", place).stdout, place
    removed = btrfs.remove()
    assert (removed.returncode, removed.stdout) == (0, "snapshot tree removed\nresult complete\n"), removed.stderr
    assert (subvolumes(btrfs), btrfs.mounts()) == (["app"], [])


def test_a_snapshot_that_somebody_else_made_is_left_alone_and_said(btrfs: Source) -> None:  # noqa: F811
    btrfs.command("btrfs", "subvolume", "create", f"{btrfs.root}/top/{SNAPSHOT}")
    prepared = btrfs.prepare()
    assert (prepared.returncode, prepared.stdout) == (74, "snapshot tree failed\nresult failed\n")
    assert "SNAPSHOT-FOREIGN" in prepared.stderr
    assert btrfs.remove().returncode == 10
    assert (subvolumes(btrfs), btrfs.mounts()) == (["app", SNAPSHOT], [])
    assert btrfs.fetch("tree", "record") is None


def test_another_mount_at_the_mount_point_is_left_alone_and_said(btrfs: Source) -> None:  # noqa: F811
    btrfs.prepare()
    place = RUN / "snapshots" / "tree"
    btrfs.command("sh", "-c", f"mkdir -p {place}; mount -t tmpfs other {place}; echo mine >{place}/file")
    assert btrfs.record("tree")["health"] == "broken"
    assert btrfs.remove().returncode == 10
    assert "MOUNT-FOREIGN" in btrfs.log("remove_deployment")
    assert btrfs.command("cat", f"{place}/file").stdout == "mine\n"
    btrfs.command("umount", str(place))
    assert btrfs.remove().returncode == 0


def test_a_snapshot_that_somebody_deleted_is_broken(btrfs: Source) -> None:  # noqa: F811
    btrfs.prepare()
    btrfs.command("btrfs", "subvolume", "delete", f"{btrfs.root}/top/{SNAPSHOT}")
    assert btrfs.record("tree")["health"] == "broken"
    assert btrfs.fetch("tree", "data") is None
    assert btrfs.remove().returncode == 0


def test_a_directory_that_is_not_mounted_is_not_saved(btrfs: Source) -> None:  # noqa: F811
    btrfs.command("umount", f"{btrfs.root}/fs")
    prepared = btrfs.prepare()
    assert (prepared.returncode, prepared.stdout) == (74, "snapshot tree failed\nresult failed\n")
    assert "DATA-ELSEWHERE" in prepared.stderr


def test_a_nested_subvolume_or_mount_degrades(btrfs: Source) -> None:  # noqa: F811
    btrfs.command("sh", "-c", f"mkdir -p {btrfs.root}/fs/cache/inner; mount --bind /usr {btrfs.root}/fs/cache/inner")
    assert btrfs.prepare().stdout == "snapshot tree taken\nresult complete\n"  # it is excluded
    btrfs.command("sh", "-c", f"mkdir {btrfs.root}/fs/inner; mount --bind /usr {btrfs.root}/fs/inner")
    prepared = btrfs.prepare(identifier(2))
    assert (prepared.returncode, prepared.stdout) == (10, "snapshot tree degraded\nresult partial\n"), prepared.stderr
    assert btrfs.record("tree")["result"] == "partial"
    btrfs.command("umount", f"{btrfs.root}/fs/inner")
    btrfs.command("btrfs", "subvolume", "create", f"{btrfs.root}/fs/inner/sub")
    assert btrfs.prepare(identifier(4)).returncode == 10


def test_old_repeated_and_foreign_orders_are_refused(btrfs: Source) -> None:  # noqa: F811
    moment = identifier()
    assert btrfs.prepare(moment).returncode == 0
    assert btrfs.prepare(moment).returncode == 65
    assert btrfs.prepare(identifier(-3600)).returncode == 65
    assert btrfs.prepare(identifier(7200)).returncode == 65
    for nonsense in ("", "latest", f"{moment} x", "20261332T250000Z", "x" * 4000):
        assert btrfs.prepare(nonsense or " ").returncode == 64
    assert btrfs.record("tree")["identifier"] == moment
