"""Several kinds of snapshots on one host at once: btrfs, ZFS in user space, and a plain directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import Lab, filesystems

from .consoles import Source, make_part

PARTS = ("plain", "tree", "zee")


@pytest.fixture(scope="module")
def source(lab_directory: Path) -> Iterator[Source]:
    with Lab(lab_directory) as lab:
        host = lab.host("one", address="10.31.0.1", engines=True)
        filesystems.start_zfs(host)
        filesystems.make_pool(host, "tank", "/tank")
        host.run(["zfs", "create", "tank/data"])
        filesystems.mount_btrfs(host, "/pool")
        host.run(["btrfs", "subvolume", "create", "/pool/app"])
        yield Source(
            host,
            make_part("plain", "/srv/plain"),
            make_part("tree", "/pool/app", "btrfs"),
            make_part("zee", "/tank/data/inner", "zfs", filesystem="tank/data"),
        )


def test_every_kind_is_frozen_together_sent_and_gone(source: Source) -> None:
    fill = "mkdir -p /srv/plain /tank/data/inner; for each in /srv/plain /pool/app /tank/data/inner; do"
    source.shell(f"{fill} echo one >$each/file; ln -s file $each/link; done; echo outside >/tank/data/outside")
    answers = "; ".join(f"snapshot {part} taken" for part in PARTS)
    assert source.prepare() == f"{answers}; result complete"
    source.shell("for each in /pool/app /tank/data/inner; do echo later >$each/file; echo new >$each/new; done")
    for part in PARTS:
        assert source.record(part)["health"] == "intact"
        assert source.shell(f"cd {source.data(part)}; ls; cat file") == "file\nlink\none"
        assert (source.record(part)["health"], source.record(part)["entries"]) == ("intact", "2")
    answers = "; ".join(f"snapshot {part} removed" for part in PARTS)
    assert source.remove() == f"{answers}; result complete"
    assert source.mounts() == ""
    assert source.shell("zfs list -H -o name -t filesystem,snapshot") == "tank\ntank/data"
    assert source.shell("btrfs subvolume list /pool | wc -l") == "1"


def test_a_snapshot_of_zfs_that_is_not_ours_is_left_alone(source: Source) -> None:
    name = "tank/data@capsule-test-deployment-zee"
    source.shell(f"zfs snapshot {name}")
    assert "snapshot zee failed" in source.prepare()
    assert "snapshot zee failed" in source.remove()
    assert "SNAPSHOT-FOREIGN" in source.log("remove_deployment")
    source.shell(f"zfs destroy {name}")
    assert "snapshot zee removed" in source.remove()


def test_what_a_lost_boot_leaves_is_recovered(source: Source) -> None:
    source.prepare()
    for part in PARTS:
        source.record(part)
    # what is in /run goes with a boot, and with it all that says that there are snapshots
    source.shell("umount /run/capsule/test/deployment/*/*/data /run/capsule/test/deployment/snapshots/*; true")
    source.shell("rm -rf /run/capsule")
    assert source.prepare().endswith("result complete")
    assert source.remove().endswith("result complete")
    assert source.shell("zfs list -H -o name -t filesystem,snapshot") == "tank\ntank/data"
    assert source.shell("btrfs subvolume list /pool | wc -l") == "1"
