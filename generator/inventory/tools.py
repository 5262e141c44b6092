"""Where commands lie, by family of operating system; sealed into every capsule."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS = (
    "awk",
    "blkid",
    "btrfs",
    "clush",
    "comm",
    "cp",
    "curl",
    "cut",
    "date",
    "df",
    "docker",
    "find",
    "flock",
    "fsfreeze",
    "getfattr",
    "gluster",
    "grep",
    "hostname",
    "join",
    "logger",
    "lvchange",
    "lvcreate",
    "lvremove",
    "lvs",
    "mariadb",
    "mariadb-dump",
    "mount",
    "mountpoint",
    "podman",
    "rsync",
    "sed",
    "sendmail",
    "setfattr",
    "setpriv",
    "setsid",
    "sha256sum",
    "sort",
    "ssh",
    "stat",
    "sudo",
    "sync",
    "systemctl",
    "systemd-run",
    "tail",
    "timeout",
    "umount",
    "wipefs",
    "xargs",
    "zfs",
    "zpool",
)

# Both families have merged /bin into /usr/bin.
_MERGED = {command: f"/usr/bin/{command}" for command in COMMANDS} | {
    command: f"/usr/sbin/{command}"
    for command in (
        "blkid",
        "fsfreeze",
        "gluster",
        "lvchange",
        "lvcreate",
        "lvremove",
        "lvs",
        "wipefs",
        "zfs",
        "zpool",
    )
}
_MERGED["sendmail"] = "/usr/sbin/sendmail"  # of whichever package delivers mail

TOOLS: Mapping[str, Mapping[str, str]] = {
    "debian": _MERGED,
    # Red Hat's oldest supported MariaDB client has only MySQL's names, and the newest still has them too.
    "redhat": {**_MERGED, "mariadb": "/usr/bin/mysql", "mariadb-dump": "/usr/bin/mysqldump"},
}
