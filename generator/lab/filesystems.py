"""Filesystems with snapshots, and one over several hosts, on hosts made with ``engines``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.lab.services import until

if TYPE_CHECKING:
    from generator.lab.console import Console

_IMAGES = "/var/lib/lab-disks"


def mount_btrfs(host: Console, mountpoint: str, megabytes: int = 256) -> None:
    """Mount a btrfs on a loop device at ``mountpoint``, empty the first time.

    After a power cut the same call mounts it again, with all that was written to it.
    """
    image, fresh = _image(host, mountpoint, megabytes)
    if fresh:
        host.run(["mkfs.btrfs", "--quiet", image])
    host.run(["install", "-d", mountpoint])
    host.run(["mount", "-o", "loop", image, mountpoint])


def start_zfs(host: Console) -> None:
    """Start ZFS in user space; pools that the host had before a power cut are there again, and mounted."""
    host.run(["install", "-d", "/run/lock", "/var/lib/zfs", "/etc/zfs"])
    # a number that a dead daemon left makes the next one leave without a word
    host.run(["rm", "-f", "/run/zfs-fuse.pid"])
    host.run(["zfs-fuse", "--pidfile", "/run/zfs-fuse.pid"])
    until(lambda: host.run(["zpool", "list"], check=False).status == 0, f"ZFS of {host.name}", 120)
    host.run(["zfs", "mount", "-a"])


def make_pool(host: Console, pool: str, mountpoint: str, megabytes: int = 256) -> None:
    """Make the ZFS pool ``pool`` on a file of the host, mounted at ``mountpoint``; `start_zfs` comes first."""
    image, _ = _image(host, mountpoint, megabytes)
    host.run(["zpool", "create", "-m", mountpoint, pool, image])


def start_gluster(host: Console) -> None:
    """Start glusterd and return once it answers; volumes that were started come up by themselves."""
    host.run(["service", "glusterd", "start"] if _has_systemd(host) else ["glusterd"])
    until(lambda: host.run(["gluster", "pool", "list"], check=False).status == 0, f"Gluster of {host.name}", 120)


def make_volume(hosts: Sequence[Console], volume: str) -> None:
    """Make and start a Gluster ``volume`` with a copy on each of ``hosts``, whose names must lead to their addresses.

    Its bricks lie in /srv/bricks of each. `start_gluster` on all of them comes first.
    """
    first, *others = hosts
    gluster = ["gluster", "--mode=script"]
    for other in others:
        first.run([*gluster, "peer", "probe", other.name])
        until(lambda name=other.name: _connected(first, name), f"peer {other.name}", 120)  # type: ignore[misc]
    bricks = []
    for host in hosts:
        host.run(["install", "-d", f"/srv/bricks/{volume}"])
        bricks.append(f"{host.name}:/srv/bricks/{volume}")
    copies = ["replica", str(len(hosts))] if others else []
    first.run([*gluster, "volume", "create", volume, *copies, *bricks, "force"])
    first.run([*gluster, "volume", "start", volume])


def mount_volume(host: Console, server: Console, volume: str, mountpoint: str) -> None:
    """Mount the Gluster ``volume`` of ``server`` at ``mountpoint``."""
    host.run(["install", "-d", mountpoint])
    host.run(["mount", "-t", "glusterfs", f"{server.name}:/{volume}", mountpoint])


def introduce(hosts: Sequence[Console]) -> None:
    """Write the names and addresses of all ``hosts`` to the /etc/hosts of each."""
    lines = "".join(f"{host.address} {host.name}\n" for host in hosts)
    for host in hosts:
        host.run(["/bin/sh", "-c", "cat >>/etc/hosts"], stdin=lines)


def _has_systemd(host: Console) -> bool:
    return host.run(["test", "-d", "/run/systemd/system"], check=False).status == 0


def _connected(host: Console, peer: str) -> bool:
    listed = host.run(["gluster", "pool", "list"]).out.splitlines()
    return any(line.split()[1:] == [peer, "Connected"] for line in listed)


def _image(host: Console, mountpoint: str, megabytes: int) -> tuple[str, bool]:
    image = f"{_IMAGES}/{mountpoint.strip('/').replace('/', '-')}"
    if host.run(["test", "-e", image], check=False).status == 0:
        return image, False
    host.run(["install", "-d", "-m", "0700", _IMAGES])
    host.run(["truncate", "-s", f"{megabytes}M", image])
    return image, True
