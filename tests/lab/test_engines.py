"""Hosts with engines: containers, ZFS, btrfs and Gluster are the real ones, and nothing of them stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from generator.lab import Host, Lab, cgroups, containers, filesystems

from .test_lab import mounts_and_links, waited


@pytest.fixture(scope="module")
def lab(lab_directory: Path) -> Iterator[Lab]:
    with Lab(lab_directory) as lab:
        lab.host("one", address="10.31.0.1", engines=True)
        lab.host("two", address="10.31.0.2", engines=True)
        yield lab


@pytest.fixture
def pair(lab: Lab) -> tuple[Host, Host]:
    one, two = lab.hosts
    one.wipe()
    two.wipe()
    return one, two


@pytest.mark.parametrize("program", ["docker", "podman"])
def test_a_paused_container_stands_still(pair: tuple[Host, Host], program: str) -> None:
    one, _ = pair
    if program == "docker":
        containers.start_docker(one)
    else:
        containers.import_image(one, program)
    containers.run_counter(one, "counter", "/srv/data", program)
    assert waited(lambda: containers.counted(one, "/srv/data") > 3)
    one.run([program, "pause", "counter"])
    stopped = containers.counted(one, "/srv/data")
    time.sleep(0.3)
    assert containers.state(one, "counter", program) == "paused"
    assert containers.counted(one, "/srv/data") == stopped
    one.run([program, "unpause", "counter"])
    assert waited(lambda: containers.counted(one, "/srv/data") > stopped)


def test_a_host_loses_its_power_also_while_its_containers_are_paused(pair: tuple[Host, Host]) -> None:
    one, _ = pair
    containers.start_docker(one)
    containers.run_counter(one, "counter", "/srv/data")
    one.run(["docker", "pause", "counter"])
    began = time.monotonic()
    one.kill()
    assert time.monotonic() - began < 5
    one.start()
    containers.start_docker(one)
    assert containers.state(one, "counter") == "exited"
    one.run(["docker", "start", "counter"])
    containers.stop_docker(one)
    assert not any("counter" in " ".join(process.argv) for process in one.processes())


def test_zfs_snapshots_clones_and_sends_to_another_host(pair: tuple[Host, Host]) -> None:
    one, two = pair
    for host in pair:
        filesystems.start_zfs(host)
        filesystems.make_pool(host, "tank", "/tank")
    one.run(["zfs", "create", "-o", "compression=gzip-7", "tank/data"])
    write(one, "/tank/data/file", "first")
    one.run(["zfs", "snapshot", "tank/data@1"])
    write(one, "/tank/data/file", "second")
    one.run(["zfs", "snapshot", "tank/data@2"])
    one.run(["zfs", "clone", "-o", "readonly=on", "tank/data@1", "tank/clone"])
    assert read(one, "/tank/clone/file") == "first"
    assert one.run(["touch", "/tank/clone/x"], check=False).status
    two.run(["zfs", "recv", "tank/copy"], stdin=one.run(["zfs", "send", "tank/data@1"]).stdout)
    assert read(two, "/tank/copy/file") == "first"
    two.run(["zfs", "recv", "-F", "tank/copy"], stdin=one.run(["zfs", "send", "-i", "@1", "tank/data@2"]).stdout)
    assert read(two, "/tank/copy/file") == "second"
    two.kill()
    two.start()
    filesystems.start_zfs(two)
    assert read(two, "/tank/copy/file") == "second"


def test_btrfs_snapshots_are_read_only_and_sent_to_another_host(pair: tuple[Host, Host]) -> None:
    one, two = pair
    for host in pair:
        filesystems.mount_btrfs(host, "/pool")
    one.run(["btrfs", "subvolume", "create", "/pool/data"])
    write(one, "/pool/data/file", "first")
    one.run(["btrfs", "subvolume", "snapshot", "-r", "/pool/data", "/pool/1"])
    write(one, "/pool/data/file", "second")
    one.run(["btrfs", "subvolume", "snapshot", "-r", "/pool/data", "/pool/2"])
    assert read(one, "/pool/1/file") == "first"
    assert "Read-only" in one.run(["touch", "/pool/1/x"], check=False).err
    two.run(["btrfs", "receive", "/pool"], stdin=one.run(["btrfs", "send", "/pool/1"]).stdout)
    two.run(["btrfs", "receive", "/pool"], stdin=one.run(["btrfs", "send", "-p", "/pool/1", "/pool/2"]).stdout)
    assert (read(two, "/pool/1/file"), read(two, "/pool/2/file")) == ("first", "second")
    two.kill()
    two.start()
    filesystems.mount_btrfs(two, "/pool")
    assert read(two, "/pool/2/file") == "second"


def test_a_gluster_volume_is_one_filesystem_on_two_hosts(pair: tuple[Host, Host]) -> None:
    one, two = pair
    filesystems.introduce(pair)
    for host in pair:
        filesystems.start_gluster(host)
    filesystems.make_volume(pair, "docker")
    for host in pair:
        filesystems.mount_volume(host, one, "docker", "/docker")
    write(one, "/docker/file", "shared")
    assert read(two, "/docker/file") == "shared"
    two.kill()
    write(one, "/docker/file", "alone")
    two.start()
    filesystems.start_gluster(two)
    filesystems.mount_volume(two, one, "docker", "/docker")
    assert read(two, "/docker/file") == "alone"


CHILD = """
import sys, time
from pathlib import Path
from generator.lab import Lab, containers, filesystems
with Lab(Path(sys.argv[1])) as lab:
    host = lab.host("victim", address="10.31.0.1", engines=True)
    containers.start_docker(host)
    containers.run_counter(host, "counter", "/srv/data")
    host.run(["docker", "pause", "counter"])
    filesystems.start_zfs(host)
    filesystems.make_pool(host, "tank", "/tank")
    filesystems.mount_btrfs(host, sys.argv[2])
    filesystems.start_gluster(host)
    filesystems.make_volume([host], "docker")
    filesystems.mount_volume(host, host, "docker", "/docker")
    for process in host.processes():
        print(process.pid)
    print("ready", flush=True)
    time.sleep(1000)
"""


def test_of_a_killed_lab_no_process_mount_loop_device_or_control_group_stays(
    lab_directory: Path, tmp_path: Path
) -> None:
    directory = lab_directory / f"{tmp_path.name}-engines"
    # loop devices are seen by the whole machine, and other labs have theirs
    disk = f"pool{os.getpid()}"
    before = mounts_and_links()
    argv = [sys.executable, "-c", CHILD, str(directory), f"/{disk}"]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    pids = list(iter(child.stdout.readline, "ready\n"))
    (run,) = directory.iterdir()
    group = cgroups.hierarchy() / run.name
    assert group.is_dir()
    assert loop_devices(disk)
    assert len(pids) > 5
    child.kill()
    child.wait()
    assert waited(lambda: not any(Path("/proc", pid.strip()).exists() for pid in pids))
    assert waited(lambda: not group.exists())
    assert waited(lambda: not loop_devices(disk))
    assert waited(lambda: not list(directory.iterdir()))
    assert mounts_and_links() == before
    directory.rmdir()


def loop_devices(disk: str) -> list[str]:
    """The files of this machine's loop devices that are called ``disk``."""
    found = []
    for device in Path("/sys/block").glob("loop*/loop/backing_file"):
        # what is being released has a file no more
        with suppress(OSError):
            found.append(device.read_text(encoding="utf-8").split()[0])
    return [file for file in found if Path(file).name == disk]


def read(host: Host, path: str) -> str:
    return host.run(["cat", path]).out


def write(host: Host, path: str, text: str) -> None:
    host.run(["/bin/sh", "-c", f"cat >'{path}' && sync"], stdin=text)
