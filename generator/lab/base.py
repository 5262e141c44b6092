"""The base root that all hosts share read-only: a minimal Debian with what nodes of a fleet have."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from generator.lab.errors import LabError, LabUnavailable
from generator.lab.execution import outside

CACHE = Path("/var/cache/capsule-lab")

PACKAGES = (
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


def base_root(packages: Sequence[str] = PACKAGES, cache: Path = CACHE) -> Path:
    """The directory of the base root with ``packages``, built once for each list of packages and sources.

    The packages come from where this machine gets its own. Raises `LabUnavailable` if they cannot be had.
    """
    suite, sources = _suite(), _sources()
    recipe = resources.files("generator.lab").joinpath("base.sh").read_text(encoding="utf-8")
    parts = (suite, recipe, *sorted(packages), *(path.read_text(encoding="utf-8") for path in sources))
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    root = cache / digest
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if not root.is_dir():
            _build(root, suite, sources, packages)
    return root


def _build(root: Path, suite: str, sources: Sequence[Path], packages: Sequence[str]) -> None:
    for residue in root.parent.glob(".building.*"):
        shutil.rmtree(residue)
    building = root.parent / f".building.{root.name}"
    script = resources.files("generator.lab").joinpath("base.sh")
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}"]
    with resources.as_file(script) as path:
        hook = f'--customize-hook=chroot "$1" /bin/bash -s <{path}'
        try:
            outside([*command, hook, suite, str(building), *map(str, sources)], seconds=900)
        except LabError as error:
            raise LabUnavailable(f"the lab's base root could not be built: {error}") from error
    building.rename(root)


def _suite() -> str:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LabUnavailable(f"the lab needs Debian or Ubuntu: {error}") from error
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    codename = values.get("VERSION_CODENAME", "").strip('"')
    if not codename:
        raise LabUnavailable("the lab needs Debian or Ubuntu: /etc/os-release names no VERSION_CODENAME")
    return codename


def _sources() -> tuple[Path, ...]:
    """This machine's own package sources, so that mirrors and keys are those its administrator chose."""
    apt = Path("/etc/apt")
    found = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    found += sorted((apt / "sources.list.d").glob("*.sources"))
    usable = tuple(path for path in found if path.is_file() and path.stat().st_size)
    if not usable:
        raise LabUnavailable("the lab needs package sources below /etc/apt")
    return usable


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
