"""Which package brings which command, by family of operating system.

Engines and lowering name packages as Debian does; what a node's plan holds are the names of its own family.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

# By Debian's name: the commands by which a package's presence is recognised. An inventory may say that a command lies
# elsewhere.
_DEBIAN: Mapping[str, tuple[str, ...]] = {
    "acl": ("/usr/bin/getfacl",),
    "attr": ("/usr/bin/getfattr", "/usr/bin/setfattr"),
    "bash": ("/bin/bash",),
    "bsdutils": ("/usr/bin/logger",),
    "btrfs-progs": ("/usr/bin/btrfs",),
    "clustershell": ("/usr/bin/clush",),
    "coreutils": (
        "/usr/bin/comm",
        "/usr/bin/cp",
        "/usr/bin/cut",
        "/usr/bin/date",
        "/usr/bin/df",
        "/usr/bin/join",
        "/usr/bin/sha256sum",
        "/usr/bin/sort",
        "/usr/bin/stat",
        "/usr/bin/sync",
        "/usr/bin/tail",
        "/usr/bin/timeout",
    ),
    "cron": ("/usr/sbin/cron",),
    "curl": ("/usr/bin/curl",),
    "docker.io": ("/usr/bin/docker",),
    "findutils": ("/usr/bin/find", "/usr/bin/xargs"),
    "glusterfs-cli": ("/usr/sbin/gluster",),
    "glusterfs-client": ("/usr/sbin/mount.glusterfs",),
    "grep": ("/usr/bin/grep",),
    "hostname": ("/usr/bin/hostname",),
    "logrotate": ("/usr/sbin/logrotate",),
    "lvm2": ("/usr/sbin/lvchange", "/usr/sbin/lvcreate", "/usr/sbin/lvremove", "/usr/sbin/lvs"),
    "mariadb-client": ("/usr/bin/mariadb", "/usr/bin/mariadb-dump"),
    "mawk": ("/usr/bin/awk",),
    "mount": ("/usr/bin/mount", "/usr/bin/umount"),
    "openssh-client": ("/usr/bin/ssh",),
    "openssh-server": ("/usr/sbin/sshd",),
    "passwd": ("/usr/sbin/groupadd", "/usr/sbin/useradd", "/usr/sbin/userdel"),
    "podman": ("/usr/bin/podman",),
    "rsync": ("/usr/bin/rsync",),
    "sed": ("/usr/bin/sed",),
    "sudo": ("/usr/bin/sudo", "/usr/sbin/visudo"),
    "systemd": ("/usr/bin/systemctl", "/usr/bin/systemd-run"),
    "util-linux": (
        "/usr/bin/flock",
        "/usr/bin/mountpoint",
        "/usr/bin/setpriv",
        "/usr/bin/setsid",
        "/usr/sbin/blkid",
        "/usr/sbin/fsfreeze",
        "/usr/sbin/wipefs",
    ),
    "zfsutils-linux": ("/usr/sbin/zfs", "/usr/sbin/zpool"),
}

# Where another family has another name, and where it has another command, by Debian's.
_NAMES: Mapping[str, Mapping[str, str]] = {
    "debian": {},
    "redhat": {
        "bsdutils": "util-linux",
        "cron": "cronie",
        "glusterfs-client": "glusterfs-fuse",
        "mariadb-client": "mariadb",
        "mawk": "gawk",
        "mount": "util-linux",
        "openssh-client": "openssh-clients",
        "passwd": "shadow-utils",
    },
}
_COMMANDS: Mapping[str, Mapping[str, str]] = {
    "debian": {},
    "redhat": {
        "/usr/bin/mariadb": "/usr/bin/mysql",
        "/usr/bin/mariadb-dump": "/usr/bin/mysqldump",
        "/usr/sbin/cron": "/usr/sbin/crond",
    },
}
INSTALLERS: Mapping[str, str] = {"debian": "apt-get install", "redhat": "dnf install"}


def package_names(packages: Iterable[str], os_family: str) -> tuple[str, ...]:
    """The names of ``packages``, which are Debian's, in ``os_family``; sorted. One that is not in the table stays."""
    names = _NAMES[os_family]
    return tuple(sorted({names.get(package, package) for package in packages}))


@cache
def package_commands(os_family: str) -> Mapping[str, Mapping[str, str]]:
    """Every known package of ``os_family``: its commands by the name they have in Debian, with their usual paths."""
    found: dict[str, dict[str, str]] = {}
    for package, paths in _DEBIAN.items():
        (name,) = package_names((package,), os_family)
        commands = found.setdefault(name, {})
        commands.update({path.rpartition("/")[2]: _COMMANDS[os_family].get(path, path) for path in paths})
    return found


@cache
def package_of_commands(os_family: str) -> Mapping[str, str]:
    """The package of ``os_family`` that brings each command, by the name that the command has in Debian."""
    return {name: package for package, commands in package_commands(os_family).items() for name in commands}
