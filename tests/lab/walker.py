"""The suite's own judge of equal trees: lstat, digests and attributes of every entry, without rsync's help."""

# names here are bytes, many of them not UTF-8, and Path takes no bytes
# ruff: noqa: PTH115, PTH123, PTH208

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

# the overlay's own notes, which no backup is asked to keep
_FOREIGN = ("trusted.overlay.",)
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All that a backup must keep of one name; what a kind does not have is empty.

    ``links`` are all names below the top that share the inode, ``sparse`` says whether less than half of a big file
    is allocated, ``digest`` is sha256 of a file's content, ``target`` a link's.
    """

    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    digest: str
    target: bytes
    device: tuple[int, int]
    links: tuple[bytes, ...]
    sparse: bool
    attributes: tuple[tuple[str, bytes], ...]


Tree = Mapping[bytes, Entry]


def walk(top: Path | bytes, *, without: tuple[bytes, ...] = ()) -> dict[bytes, Entry]:
    """Every entry below ``top`` by its relative name, ``b"."`` for itself; ``without`` are relative names left out
    with all below them. An absent top is an empty tree."""
    root = os.fsencode(top)
    if not os.path.lexists(root):
        return {}
    found = {name: os.lstat(_join(root, name)) for name in _names(root, without)}
    sharing: dict[tuple[int, int], list[bytes]] = {}
    for name, status in sorted(found.items()):
        if not stat.S_ISDIR(status.st_mode):
            sharing.setdefault((status.st_dev, status.st_ino), []).append(name)
    return {
        name: _entry(_join(root, name), status, tuple(sharing.get((status.st_dev, status.st_ino), [])))
        for name, status in sorted(found.items())
    }


def inodes(top: Path | bytes) -> dict[bytes, int]:
    """The inode of every regular file below ``top``, by relative name."""
    root = os.fsencode(top)
    found = {name: os.lstat(_join(root, name)) for name in _names(root, ())}
    return {name: status.st_ino for name, status in found.items() if stat.S_ISREG(status.st_mode)}


def differences(expected: Tree, actual: Tree) -> list[str]:
    """One line for each way in which ``actual`` is not ``expected``; empty if the trees are equal."""
    lines = [f"{name!r} is missing" for name in sorted(expected.keys() - actual.keys())]
    lines += [f"{name!r} should not be there" for name in sorted(actual.keys() - expected.keys())]
    for name in sorted(expected.keys() & actual.keys()):
        for field in fields(Entry):
            wanted, got = getattr(expected[name], field.name), getattr(actual[name], field.name)
            if wanted != got:
                lines.append(f"{name!r}: {field.name} should be {wanted!r}, is {got!r}")
    return lines


def timeless(tree: Tree) -> Tree:
    """Without what two installations cannot have in common: times, and the backups of account files."""
    return {name: replace(entry, mtime=0) for name, entry in tree.items() if not name.endswith(b"-")}


def _join(root: bytes, name: bytes) -> bytes:
    return root if name == b"." else root + b"/" + name


def _names(root: bytes, without: tuple[bytes, ...]) -> Iterator[bytes]:
    pending = [b"."]
    while pending:
        name = pending.pop()
        yield name
        path = _join(root, name)
        if stat.S_ISDIR(os.lstat(path).st_mode):
            below = (child if name == b"." else name + b"/" + child for child in os.listdir(path))
            pending.extend(child for child in below if child not in without)


def _entry(path: bytes, status: os.stat_result, links: tuple[bytes, ...]) -> Entry:
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    regular = kind == "file"
    is_device = kind.endswith("device")
    return Entry(
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size if regular else 0,
        mtime=status.st_mtime_ns,
        digest=_digest(path) if regular else "",
        target=os.readlink(path) if kind == "link" else b"",
        device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else (0, 0),
        links=links,
        sparse=regular and status.st_size > 1 << 20 and status.st_blocks * 512 < status.st_size // 2,
        attributes=_attributes(path),
    )


def _digest(path: bytes) -> str:
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _attributes(path: bytes) -> tuple[tuple[str, bytes], ...]:
    try:
        listed = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        listed = []  # as ZFS in user space
    names = (name for name in listed if not name.startswith(_FOREIGN))
    return tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in sorted(names))
