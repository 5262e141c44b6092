"""The base root that all hosts share read-only: a minimal Debian with what nodes of a fleet have."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from generator.lab.errors import LabError, LabUnavailable
from generator.lab.execution import outside

CACHE = Path("/var/cache/capsule-lab")

# a build that is interrupted leaves no process and no mount below the directory that the next one removes
ALONE = ("unshare", "-m", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private")

_PACKAGES = (
    "acl",
    "attr",
    "bash",
    "cron",
    "e2fsprogs",
    "faketime",
    "iproute2",
    "libcap2-bin",
    "logrotate",
    "mariadb-client",
    "mariadb-server",
    "openssh-server",
    "procps",
    "rsync",
    "sudo",
    "util-linux",
)

_ENGINE_PACKAGES = (
    "btrfs-progs",
    "busybox-static",
    "docker.io",
    "glusterfs-server",
    "podman",
    "zfs-fuse",
)

# not run inside, because it fetches
_RELEASE = "release.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a base root is made of: packages, and scripts of this package that are run inside it, in order."""

    packages: tuple[str, ...]
    scripts: tuple[str, ...]


PLAIN = Base(packages=_PACKAGES, scripts=("base.sh",))

# three times as large, so only for hosts that ask for it
ENGINES = Base(packages=(*_PACKAGES, *_ENGINE_PACKAGES), scripts=("base.sh", "engines.sh", "tiny.sh"))


def base_root(base: Base = PLAIN, cache: Path = CACHE) -> Path:
    """The directory of the base root ``base``, built once for each recipe and each set of package sources.

    The packages come from where this machine gets its own. Raises `LabUnavailable` if they cannot be had.
    """
    suite, sources = suite_here(), sources_here()
    scripts = (_RELEASE, *base.scripts)
    recipe = [resources.files("generator.lab").joinpath(name).read_text(encoding="utf-8") for name in scripts]
    parts = (suite, *recipe, *sorted(base.packages), *(path.read_text(encoding="utf-8") for path in sources))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    root = cache / digest
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "lock"):
        if not root.is_dir():
            _build(root, suite, sources, base)
    return root


def _build(root: Path, suite: str, sources: Sequence[Path], base: Base) -> None:
    for residue in root.parent.glob(".building.*"):
        shutil.rmtree(residue)
    building = root.parent / f".building.{root.name}"
    command = [*ALONE, "mmdebstrap", "--variant=minbase", f"--include={','.join(base.packages)}"]
    with ExitStack() as files:
        for name in (_RELEASE, *base.scripts):
            script = files.enter_context(resources.as_file(resources.files("generator.lab").joinpath(name)))
            call = f'/bin/bash {script} "$1" {suite}' if name == _RELEASE else f'chroot "$1" /bin/bash -s <{script}'
            command.append(f"--customize-hook={call}")
        try:
            outside([*command, suite, str(building), *map(str, sources)], seconds=900)
        except LabError as error:
            raise LabUnavailable(f"the lab's base root could not be built: {error}") from error
    building.rename(root)


def suite_here() -> str:
    """The code name of this machine's Debian or Ubuntu, which hosts have too."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LabUnavailable(f"the lab needs Debian or Ubuntu: {error}") from error
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    codename = values.get("VERSION_CODENAME", "").strip('"')
    if not codename:
        raise LabUnavailable("the lab needs Debian or Ubuntu: /etc/os-release names no VERSION_CODENAME")
    return codename


def sources_here() -> tuple[Path, ...]:
    """This machine's own package sources, so that mirrors and keys are those its administrator chose."""
    apt = Path("/etc/apt")
    found = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    found += sorted((apt / "sources.list.d").glob("*.sources"))
    usable = tuple(path for path in found if path.is_file() and path.stat().st_size)
    if not usable:
        raise LabUnavailable("the lab needs package sources below /etc/apt")
    return usable


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of the cache: what takes minutes to build is built by one process at a time."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
