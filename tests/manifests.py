"""Manifests as the capsules write them, by a walker that shares nothing with them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path

# what a line says of the contents of the file at a path, by its kind and status
Digest = Callable[[bytes, str, os.stat_result], str]

KINDS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
    stat.S_IFBLK: "b",
    stat.S_IFCHR: "c",
}


def manifest_of(tree: Path, digest: Digest, without: Collection[bytes] = ()) -> bytes:
    """A line for everything below ``tree`` but the paths ``without``, sorted by path."""
    lines = []
    top = os.fsencode(tree)
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = directory + b"/" + name
            relative = path[len(top) + 1 :]
            if relative not in without:
                lines.append((_escape(relative), _line(path, digest)))
    return b"".join(line + b"\t" + path + b"\n" for path, line in sorted(lines))


def _escape(name: bytes) -> bytes:
    for raw, written in ((b"\\", b"\\134"), (b"\n", b"\\012"), (b"\r", b"\\015"), (b"\t", b"\\011")):
        name = name.replace(raw, written)
    return name


def _line(path: bytes, digest: Digest) -> bytes:
    found = os.lstat(path)
    kind = KINDS[stat.S_IFMT(found.st_mode)]
    fields = (
        kind,
        f"{stat.S_IMODE(found.st_mode):o}",
        found.st_uid,
        found.st_gid,
        found.st_size if kind in "fl" else 0,
        int(found.st_mtime),
        found.st_ino,
        digest(path, kind, found),
    )
    return "\t".join(str(field) for field in fields).encode()
