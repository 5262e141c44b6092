"""A mount namespace of one test: what is mounted there, and daemons and devices that go with it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path


class Namespace:
    """Directories below one temporary ``root``; /run is empty here, and everything mounted here goes with it."""

    def __init__(self, prefix: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=prefix, dir="/var/tmp"))
        self.root.chmod(0o755)
        self._devices: list[Path] = []
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._keeper = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--propagation=private",
                "sh",
                "-c",
                "mount -t tmpfs run /run && echo && exec cat",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == b"\n"

    def close(self) -> None:
        """End everything and remove it."""
        self.command("sh", "-c", f"cd /; umount -R {self.root}/store 2>/dev/null; true")
        for daemon in self._daemons:
            daemon.terminate()
            daemon.wait(30)
        for device in self._devices:
            subprocess.run(["losetup", "--detach", device], check=False)
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()
        shutil.rmtree(self.root)

    def mount_btrfs(self) -> None:
        """The store lies on a btrfs filesystem from now on."""
        image = self.root / "btrfs.img"
        script = f"truncate -s 300M {image} && mkfs.btrfs -q {image} && mount -o loop {image} {self.root}/store"
        done = self.command("sh", "-ec", script)
        assert done.returncode == 0, done.stderr

    def start_zfs(self) -> Path:
        """ZFS in user space, of this namespace alone; returns an empty device."""
        for directory in ("/run/lock", "/etc/zfs", "/var/lib/zfs"):
            Path(directory).mkdir(exist_ok=True)
            self.command("sh", "-ec", f"mkdir -p {directory}; mount -t tmpfs zfs {directory}")
        self._daemons.append(
            subprocess.Popen(self.entering("zfs-fuse", "--no-daemon", "--pidfile", "/run/zfs-fuse.pid"))
        )
        deadline = time.monotonic() + 30
        while self.command("zpool", "list").returncode != 0:
            assert time.monotonic() < deadline, "zfs-fuse does not answer"
            time.sleep(0.1)
        return self.device()

    def device(self) -> Path:
        """A loop device, empty."""
        image = self.root / f"disk{len(self._devices)}.img"
        with image.open("wb") as file:
            file.truncate(300_000_000)
        made = subprocess.run(["losetup", "--find", "--show", image], capture_output=True, text=True, check=True)
        self._devices.append(Path(made.stdout.strip()))
        return self._devices[-1]

    def command(self, *words: str | Path, stdin: str = "", timeout: int = 240) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace, as cron or sudo would."""
        return subprocess.run(
            self.entering(*words),
            input=stdin, capture_output=True, text=True, check=False, timeout=timeout, errors="surrogateescape",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip

    def entering(self, *words: str | Path) -> list[str]:
        """The words that run a command in the namespace."""
        return ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt", "--", *map(str, words)]
