"""Disks of a size, for stores that fill up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.lab.host import Host


def mount_disk(host: Host, mountpoint: str, megabytes: int) -> None:
    """Mount an empty ext4 of ``megabytes`` (with ACLs, user attributes, nothing reserved) at ``mountpoint``.

    It is gone when the host's power is cut; what lay below the mount point before is then seen again.
    """
    image = f"/var/lib/lab-disks/{mountpoint.strip('/').replace('/', '-')}"
    host.run(["install", "-d", "-m", "0700", "/var/lib/lab-disks"])
    host.run(["install", "-d", mountpoint])
    host.run(["truncate", "-s", f"{megabytes}M", image])
    host.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "root_owner=0:0", image])
    # the kernel frees the loop device with the last mount, so it outlives no host
    host.run(["mount", "-o", "loop,acl,user_xattr", image, mountpoint])
    host.run(["rmdir", f"{mountpoint}/lost+found"])
