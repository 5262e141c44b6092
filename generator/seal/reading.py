"""Reads trees from disk for comparison with a manifest; the seal's only I/O."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key

from generator.keys.openssh import Malformed, public_halves, public_line
from generator.seal.check import OWN_KEY, FileType, Found, made_key, parents_of
from generator.seal.manifest import Artifact

_ARMOUR = b"-----BEGIN OPENSSH PRIVATE KEY-----"


def read_tree(root: Path) -> dict[str, Found]:
    """Everything below ``root``, by relative path; symbolic links are not followed."""
    return {path.relative_to(root).as_posix(): look_at(path, {}, {}) for path in _walk(root)}


def read_node(root: Path, deployment: str, artifacts: Iterable[Artifact]) -> dict[str, Found]:
    """What lies below ``root`` at the artifacts' paths, above them, and in the deployment's own places.

    Its own places are the directory of the node's manifest with everything in it, the directory of the operator's
    authorized keys, and its files' names in the shared directories of sudo, cron, systemd and logrotate.
    """
    listed = tuple(artifacts)
    users, groups = _names(root / "etc/passwd"), _names(root / "etc/group")
    wanted = {one.path for one in listed}
    wanted |= {parent for path in tuple(wanted) for parent in parents_of(path)}
    wanted |= {
        f"/etc/sudoers.d/50-capsule-{deployment}",
        f"/etc/cron.d/capsule-{deployment}",
        f"/etc/logrotate.d/capsule-{deployment}",
    }
    # a capsule's name has a `_` before any hyphen, and a deployment's has none: so no other one's units are taken
    unit = re.compile(rf"capsule-{re.escape(deployment)}-[a-z]+_[^/]*\.(service|timer)")
    units = root / "etc/systemd/system"
    wanted |= {f"/etc/systemd/system/{path.name}" for path in units.glob("capsule-*") if unit.fullmatch(path.name)}
    for one in listed:
        if one.kind in ("manifest", "authorized_keys"):
            own = root / one.path.rpartition("/")[0].lstrip("/")
            wanted |= {"/" + path.relative_to(root).as_posix() for path in _walk(own)}
    found = {}
    for path in sorted(wanted):
        place = root / path.lstrip("/")
        if os.path.lexists(place):
            # the root itself is the caller's choice, and may be a link to where the node's files are
            found[path] = look_at(place, users, groups, follow=path == "/")
    for one in listed:
        if one.kind == OWN_KEY:
            for path, read in ((one.path, _sealed_halves), (made_key(one), _own_half)):
                if path in found and found[path].type is FileType.FILE:
                    found[path] = replace(found[path], public=read(root / path.lstrip("/")))
    programs = {one.path.rpartition("/")[0] for one in listed if one.kind == "manifest"}
    kept = {one.path.rpartition("/")[0] for one in listed}
    return {path: what for path, what in found.items() if not _is_own_directory(path, what, programs, kept)}


def look_at(path: Path, users: Mapping[int, str], groups: Mapping[int, str], *, follow: bool = False) -> Found:
    """What lies at ``path``, or with ``follow`` at the end of a symbolic link there; raises `OSError`."""
    status = path.stat(follow_symlinks=follow)
    kind = FileType.OTHER
    digest = ""
    if stat.S_ISREG(status.st_mode):
        kind, digest = FileType.FILE, hashlib.sha256(path.read_bytes()).hexdigest()
    elif stat.S_ISDIR(status.st_mode):
        kind = FileType.DIRECTORY
    return Found(
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        owner=users.get(status.st_uid, str(status.st_uid) if status.st_uid else "root"),
        group=groups.get(status.st_gid, str(status.st_gid) if status.st_gid else "root"),
        digest=digest,
    )


def _sealed_halves(path: Path) -> tuple[str, ...]:
    try:
        return public_halves(path.read_bytes())
    except Malformed:
        return ()  # its digest says that it was altered


def _own_half(path: Path) -> tuple[str, ...]:
    """The public half of the key at ``path``, nothing where it is no usable ssh-ed25519 key."""
    content = path.read_bytes()
    if not content.startswith(_ARMOUR):  # ssh reads no key that begins with something else
        return ()
    try:
        key = load_ssh_private_key(content, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return ()
    if not isinstance(key, Ed25519PrivateKey):
        return ()
    return (public_line(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),)


def _is_own_directory(path: str, what: Found, programs: set[str], kept: set[str]) -> bool:
    """An empty directory that the installer made, which holds no artifact and is no finding."""
    parent, _, name = path.rpartition("/")
    return what.type is FileType.DIRECTORY and parent in programs and path not in kept and name in ("bin", "ssh")


def _walk(root: Path) -> Iterator[Path]:
    if root.is_symlink() or not root.is_dir():
        return
    for directory, names, files in os.walk(root):
        yield from (Path(directory) / name for name in (*names, *files))


def _names(file: Path) -> dict[int, str]:
    """Names by number of a passwd or group file; numbers stand for themselves where there is none."""
    found: dict[int, str] = {}
    if not file.is_file():
        return found
    for line in file.read_text(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdigit():
            found.setdefault(int(fields[2]), fields[0])
    return found
