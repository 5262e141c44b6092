"""Snapshots that need a kernel of their own, all on one machine at once: LVM, thin LVM, Gluster, the kernel's ZFS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.lab import Lab, filesystems

from .consoles import Source, make_part

pytestmark = pytest.mark.machine
PARTS = ("classic", "docker", "thin", "zee")
PATHS = {"classic": "/classic/app", "docker": "/docker/inner", "thin": "/thin", "zee": "/tank/data"}

VOLUMES = """
vgcreate -q vg {disk}
lvcreate -q -y -L 320M -n classic vg; mkfs.xfs -q /dev/vg/classic
lvcreate -q -y --type thin-pool -L 768M -n pool vg
for name in thin brick; do lvcreate -q -y -V 400M --thinpool pool -n $name vg; done
mkfs.ext4 -q /dev/vg/thin; mkfs.xfs -q -i size=512 /dev/vg/brick
mkdir -p /classic /thin /bricks
mount /dev/vg/classic /classic; mount /dev/vg/thin /thin; mount /dev/vg/brick /bricks
mkdir -p /classic/app /bricks/docker
zpool create -m /tank tank {other}; zfs create tank/data
"""
GLUSTER = """
gluster --mode=script volume create docker real:/bricks/docker force; gluster volume start docker
mkdir -p /docker; mount -t glusterfs real:/docker /docker; mkdir -p /docker/inner
"""


@pytest.fixture(scope="module")
def source(machine_directory: Path) -> Iterator[Source]:
    with Lab(machine_directory) as lab:
        machine = lab.machine("real", address="10.31.0.9")
        disks = (machine.add_disk(1536), machine.add_disk(256))
        machine.run(["/bin/bash", "-euc", VOLUMES.format(disk=disks[0], other=disks[1])], seconds=600)
        filesystems.introduce([machine])
        filesystems.start_gluster(machine)
        machine.run(["/bin/bash", "-euc", GLUSTER], seconds=600)
        yield Source(
            machine,
            make_part("classic", PATHS["classic"], "lvm", group="vg", volume="classic", size="16M"),
            make_part("docker", PATHS["docker"], "gluster", volume="docker", data_limit=70),
            make_part("thin", PATHS["thin"], "lvm-thin", group="vg", volume="thin", data_limit=70),
            make_part("zee", PATHS["zee"], "zfs", filesystem="tank/data"),
        )


def leftovers(source: Source) -> str:
    """Every snapshot that there is."""
    return source.shell(
        "lvs --noheadings -o lv_name vg | tr -d ' ' | grep capsule; gluster snapshot list | grep capsule;"
        "zfs list -H -o name -t snapshot; true",
        check=False,
    )


def test_four_kinds_are_frozen_together_sent_and_gone(source: Source) -> None:
    paths = " ".join(PATHS.values())
    source.shell(f"for each in {paths}; do echo one >$each/file; ln -sf file $each/link; chown 7:8 $each/file; done")
    answers = "; ".join(f"snapshot {part} taken" for part in PARTS)
    assert source.prepare() == f"{answers}; result complete"
    source.shell(f"for each in {paths}; do echo later >$each/file; echo new >$each/new; done; sync")
    for part in PARTS:
        before = source.record(part)
        assert (before["result"], before["health"], before["live"]) == ("complete", "intact", "no"), (part, before)
        assert source.shell(f"cd {source.data(part)}; cat file; stat -c %u:%g file; ls -A | grep -v lost") == (
            "one\n7:8\nfile\nlink"
        )
        assert source.record(part)["health"] == "intact"
    options = source.shell("awk '$5 ~ \"^/run/capsule/.*/snapshots/\" { print $6 }' /proc/self/mountinfo")
    assert len(options.splitlines()) == 4
    for line in options.splitlines():
        assert {"ro", "noatime", "nodev", "nosuid", "noexec"} <= set(line.split(","))
    answers = "; ".join(f"snapshot {part} removed" for part in PARTS)
    assert source.remove() == f"{answers}; result complete"
    assert (source.mounts(), leftovers(source)) == ("", "")


def test_an_overflow_is_a_failed_part_and_never_a_silent_one(source: Source) -> None:
    assert source.prepare().endswith("result complete")
    assert source.record("classic")["health"] == "intact"
    source.shell("dd if=/dev/urandom of=/classic/much bs=1M count=24 conv=fsync 2>/dev/null; rm /classic/much")
    broken = source.record("classic")
    assert (broken["health"], broken["why"]) == ("broken", "the snapshot is damaged, overflowed or gone")
    assert source.record("thin")["health"] == "intact"
    assert source.remove().endswith("result complete")
    assert (source.mounts(), leftovers(source)) == ("", "")


def test_a_pool_above_its_limit_gets_no_snapshot(source: Source) -> None:
    used = source.shell("lvs --noheadings --nosuffix -o data_percent vg/pool")
    assert float(used) < 70
    for place in ("/thin", "/bricks"):
        source.shell(f"dd if=/dev/zero of={place}/filler bs=1M count=290 conv=fsync 2>/dev/null")
    answered = source.prepare()
    used = source.shell("lvs --noheadings --nosuffix -o data_percent vg/pool")
    assert "snapshot thin failed" in answered, used
    assert "snapshot docker failed" in answered
    assert "snapshot classic taken" in answered
    assert "POOL-FULL" in source.log("prepare_deployment")
    source.shell("rm /thin/filler /bricks/filler; fstrim /thin; fstrim /bricks")
    assert source.remove().endswith("result complete")
    assert source.prepare().endswith("result complete")
    assert source.remove().endswith("result complete")


def test_what_a_power_cut_leaves_is_recovered_and_what_is_not_ours_stays(source: Source) -> None:
    assert source.prepare().endswith("result complete")
    for part in PARTS:
        source.record(part)
    source.shell("umount /run/capsule/test/deployment/*/*/data /run/capsule/test/deployment/snapshots/*; true")
    source.shell("rm -rf /run/capsule")
    assert source.prepare().endswith("result complete")
    assert source.remove().endswith("result complete")
    assert (source.mounts(), leftovers(source)) == ("", "")
    source.shell(
        "lvcreate -q -y -s -L 8M -n capsule-test-deployment-classic vg/classic;"
        "gluster --mode=script snapshot create capsule-test-deployment-docker docker no-timestamp description mine;"
        "lvcreate -q -y -s -n capsule-test-deployment-thin vg/thin;"
        "zfs snapshot tank/data@capsule-test-deployment-zee"
    )
    assert source.prepare().endswith("result failed")
    assert source.remove().endswith("result partial")
    assert len(leftovers(source).splitlines()) == 4
