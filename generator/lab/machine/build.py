"""Builds the emulated machine's kernel and disk from packages, boots it once, and keeps the moment after that."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import resources
from ipaddress import IPv4Interface
from pathlib import Path

from generator.lab.base import ALONE, CACHE, locked, sources_here, suite_here
from generator.lab.errors import LabError, LabUnavailable
from generator.lab.execution import outside
from generator.lab.machine.image import Image
from generator.lab.machine.machine import Machine
from generator.lab.machine.sources import with_contrib
from generator.lab.network import Network
from generator.lab.rundirectory import RunDirectory

TOOLS = {
    "mke2fs": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh": "openssh-client",
}

KERNEL_PACKAGES = ("busybox-static", "cpio", "linux-headers-cloud-amd64", "linux-image-cloud-amd64", "lz4")

PACKAGES = (
    "acl",
    "attr",
    "bash",
    "btrfs-progs",
    "busybox-static",
    "cron",
    "docker.io",
    "e2fsprogs",
    "glusterfs-server",
    "iproute2",
    "kmod",
    "libcap2-bin",
    "logrotate",
    "lvm2",
    "openssh-server",
    "procps",
    "rsync",
    "sudo",
    "systemd-sysv",
    "thin-provisioning-tools",
    "udev",
    "util-linux",
    "xfsprogs",
    "zfsutils-linux",
)

_ROOT_SCRIPTS = ("lab/machine/root.sh", "lab/tiny.sh")
_DISK_BYTES = 8 << 30


def machine_image(cache: Path = CACHE) -> Image:
    """The image of the emulated machine, built once for each recipe, set of package sources and emulator.

    The kernel, whose ZFS is compiled for minutes, is kept apart from the rest. Raises `LabUnavailable` where this
    machine lacks what it takes.
    """
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        raise LabUnavailable(f"the emulated machine needs the packages {' '.join(missing)}")
    suite, sources = suite_here(), sources_here()
    origin = [suite, *(path.read_text(encoding="utf-8") for path in sources)]
    kernel = cache / f"kernel-{_digest(*origin, _text('lab/machine/kernel.sh'), *KERNEL_PACKAGES)}"
    recipe = [*map(_text, _ROOT_SCRIPTS), *PACKAGES, _text("lab/machine/qemu.py")]
    image = cache / f"machine-{_digest(kernel.name, *recipe, outside(['qemu-system-x86_64', '--version']))}"
    if not image.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / "lock"):
            _build(kernel, image, suite, sources)
    return _image(kernel, image)


def _image(kernel: Path, image: Path) -> Image:
    return Image(kernel=kernel, disk=image / "disk.qcow2", memory=image / "memory", key=image / "key")


def _build(kernel: Path, image: Path, suite: str, sources: Sequence[Path]) -> None:
    for residue in image.parent.glob(".building.*"):
        shutil.rmtree(residue)
    building = image.parent / f".building.{image.name}"
    building.mkdir(mode=0o700)
    try:
        lists = with_contrib(sources, suite, building)
        if not kernel.is_dir():
            _build_kernel(kernel, building, suite, lists)
        if not image.is_dir():
            _build_root(kernel, building, suite, lists)
            _boot_once(kernel, building)
            (building / "root").rename(image)
    except LabError as error:
        raise LabUnavailable(f"the emulated machine could not be built: {error}") from error
    finally:
        shutil.rmtree(building)


def _build_kernel(kernel: Path, building: Path, suite: str, sources: Sequence[Path]) -> None:
    root = building / "kernel"
    _mmdebstrap("apt", KERNEL_PACKAGES, (), ("lab/machine/kernel.sh",), suite, root, sources)
    (root / "lab").rename(kernel)
    shutil.rmtree(root)


def _build_root(kernel: Path, building: Path, suite: str, sources: Sequence[Path]) -> None:
    root, disk = building / "tree", building / "root"
    modules = f"--customize-hook=tar-in {kernel / 'modules.tar'} /"
    _mmdebstrap("minbase", PACKAGES, (modules,), _ROOT_SCRIPTS, suite, root, sources)
    disk.mkdir(mode=0o700)
    (root / "etc/lab/key").rename(disk / "key")
    with (disk / "base.raw").open("wb") as file:
        file.truncate(_DISK_BYTES)
    outside(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(root), str(disk / "base.raw")], seconds=300)
    outside(["qemu-img", "convert", "-O", "qcow2", str(disk / "base.raw"), str(disk / "base.qcow2")], seconds=300)
    (disk / "base.raw").unlink()
    shutil.rmtree(root)


def _boot_once(kernel: Path, building: Path) -> None:
    disk = building / "root"
    run = RunDirectory(building / "boot")
    try:
        machine = Machine(
            name="machine",
            interface=IPv4Interface("10.0.3.15/24"),
            image=Image(kernel=kernel, disk=disk / "base.qcow2", memory=disk / "memory", key=disk / "key"),
            directory=run.path / "machine",
            lifeline=run.lifeline,
            network=Network(run.keeper),
            number=1,
        )
        machine.start(cold=True)
        machine.run(["/bin/bash", "-c", "sync; echo 3 >/proc/sys/vm/drop_caches"])
        written = machine.freeze(disk / "memory")
        # what was written while booting is put into the image itself, which then has no other behind it
        outside(["qemu-img", "convert", "-O", "qcow2", str(written), str(disk / "disk.qcow2")], seconds=300)
        (disk / "base.qcow2").unlink()
    finally:
        run.close()


def _mmdebstrap(
    variant: str,
    packages: Sequence[str],
    hooks: Sequence[str],
    scripts: Sequence[str],
    suite: str,
    root: Path,
    sources: Sequence[Path],
) -> None:
    command = [*ALONE, "mmdebstrap", f"--variant={variant}", f"--include={','.join(packages)}", *hooks]
    with ExitStack() as files:
        for name in scripts:
            script = files.enter_context(resources.as_file(resources.files("generator").joinpath(name)))
            command.append(f'--customize-hook=chroot "$1" /bin/bash -s <{script}')
        outside([*command, suite, str(root), *map(str, sources)], seconds=1800)


def _text(name: str) -> str:
    return resources.files("generator").joinpath(name).read_text(encoding="utf-8")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
