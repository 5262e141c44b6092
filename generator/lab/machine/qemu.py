"""The emulator itself: one process, on the lab's wire, that ends with the lab."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from generator.lab.errors import LabError
from generator.lab.machine.qmp import Control

# a plain processor: what newer ones can do would be emulated slowly
_MACHINE = ("-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "Nehalem", "-M", "q35", "-smp", "2", "-m", "2048")
_PLAIN = ("-nodefaults", "-display", "none", "-rtc", "base=utc,clock=host", "-device", "virtio-rng-pci")
_QUICK = "quiet mitigations=off tsc=reliable no_timer_check apparmor=0 selinux=0"
_APPEND = f"root=/dev/vda rw net.ifnames=0 console=ttyS0 {_QUICK}"

# Process 1 of a pid namespace: the emulator ends with the lifeline, and this with the emulator.
_KEEPER = r"""
read -r number _ </proc/self/stat
exec {life}<&0
"$@" </dev/null {life}<&- &
emulator=$!
{ read -r || :; kill -KILL "$emulator"; } <&"$life" &
printf '%s\n' "$number"
exec >/dev/null
wait "$emulator"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """What an emulator starts from.

    ``kernel`` is a directory with ``vmlinux`` and ``initrd``, ``disk`` a qcow2 image that is written to, ``disks``
    are raw images of further ones, and ``memory`` is a saved one that goes on where it was, or None for a cold start.
    """

    kernel: Path
    disk: Path
    disks: tuple[Path, ...]
    memory: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cables:
    """Its network: the ``tap`` and the ``port`` of 127.0.0.1 in the network namespace of the process ``keeper``."""

    keeper: int
    tap: str
    port: int


class Emulator:
    """A running emulator whose sockets and console lie in ``directory``; it ends when ``lifeline`` does."""

    def __init__(self, boot: Boot, cables: Cables, directory: Path, lifeline: int) -> None:
        (directory / "qmp").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("nsenter", "-t", str(cables.keeper), "-n", "unshare", "-p", "-f", "--kill-child"),
                *("bash", "-c", _KEEPER, "lab-emulator", *_command(boot, cables, directory)),
            ],
            stdin=lifeline,
            stdout=subprocess.PIPE,
            stderr=(directory / "emulator.log").open("ab"),
            env={"PATH": os.environ.get("PATH", os.defpath)},
            cwd=directory,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._first = int(self._process.stdout.readline())
        try:
            self.control = Control(directory / "qmp")
            # it was stopped when it was saved
            self.control.wait_for("query-status", ("paused" if boot.memory else "running",), 60)
            self.control.execute("cont")
        except LabError as error:
            self.kill()
            log = (directory / "emulator.log").read_text(encoding="utf-8", errors="replace")
            raise LabError(f"{error}: {log[-2000:]}") from error

    def kill(self) -> None:
        """End it at once, as a power cut does, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self._first, SIGKILL)
        self._process.communicate()
        if hasattr(self, "control"):
            self.control.close()

    def add_disk(self, image: Path, name: str) -> None:
        """Plug in the raw ``image`` as a disk whose serial number is ``name``."""
        file = {"driver": "file", "filename": str(image), "discard": "unmap"}
        self.control.execute("blockdev-add", driver="raw", **{"node-name": name}, file=file, cache={"no-flush": True})
        self.control.execute("device_add", driver="scsi-hd", bus="scsi.0", drive=name, serial=name, id=f"scsi-{name}")

    def save(self, memory: Path) -> None:
        """Stop it for good and write its memory to ``memory``, from where it can go on with the disk as it is now."""
        self.control.execute("stop")
        self.control.execute("migrate-set-parameters", **{"max-bandwidth": 1 << 34})
        self.control.execute("migrate", uri=f"exec:cat >'{memory}'")
        self.control.wait_for("query-migrate", ("completed",), 120)
        self.control.execute("quit")
        self._process.communicate()
        self.control.close()


def _command(boot: Boot, cables: Cables, directory: Path) -> Sequence[str]:
    disks: list[str] = []
    for image in boot.disks:
        name = image.stem
        disks += ["-drive", f"file={image},if=none,id={name},format=raw,cache=unsafe,discard=unmap"]
        disks += ["-device", f"scsi-hd,bus=scsi.0,drive={name},serial={name},id=scsi-{name}"]
    forward = f"hostfwd=tcp:127.0.0.1:{cables.port}-10.0.2.15:2200"
    return [
        *("qemu-system-x86_64", *_MACHINE, *_PLAIN),
        *("-kernel", str(boot.kernel / "vmlinux"), "-initrd", str(boot.kernel / "initrd"), "-append", _APPEND),
        *("-drive", f"file={boot.disk},if=none,id=root,format=qcow2,cache=unsafe"),
        *("-device", "virtio-blk-pci,drive=root", "-device", "virtio-scsi-pci,id=scsi", *disks),
        *("-netdev", f"tap,id=wire,ifname={cables.tap},script=no,downscript=no"),
        *("-device", "virtio-net-pci,netdev=wire,mac=02:00:00:00:00:01"),
        *("-netdev", f"user,id=manage,restrict=on,{forward}"),
        *("-device", "virtio-net-pci,netdev=manage,mac=02:00:00:00:00:02"),
        *("-qmp", "unix:qmp,server=on,wait=off", "-serial", f"file:{directory / 'console'}"),
        *(("-incoming", f"exec:cat '{boot.memory}'") if boot.memory else ()),
    ]
