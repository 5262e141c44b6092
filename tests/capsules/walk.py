"""Prints everything that a backup must keep of the trees given, one line an entry: what tests compare, without rsync.

``python walk.py [--with-change-times] DIRECTORY...``; paths are relative to each directory.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path


def entries(top: bytes) -> Iterator[bytes]:
    """Every path below ``top`` and ``top`` itself, sorted."""
    found = [top]
    for directory, directories, files in os.walk(top):
        found.extend(os.path.join(directory, name) for name in (*directories, *files))  # noqa: PTH118  # bytes
    return iter(sorted(found))


def describe(path: bytes, top: bytes, links: dict[int, int], *, change_times: bool) -> str:
    """All that is kept of one entry; hard links by the position of the first of them."""
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    content = ""
    if kind == stat.S_IFREG:
        content = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest()
    elif kind == stat.S_IFLNK:
        content = repr(os.readlink(path))  # noqa: PTH115  # bytes  # noqa: PTH115  # bytes
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        content = str(status.st_rdev)
    names = os.listxattr(path, follow_symlinks=False)
    attributes = sorted((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)
    link = links.setdefault(status.st_ino, len(links)) if kind != stat.S_IFDIR else -1
    size = status.st_size if kind == stat.S_IFREG else 0
    changed = status.st_ctime_ns if change_times else 0
    facts = (oct(status.st_mode), status.st_uid, status.st_gid, size, status.st_mtime_ns, link, content, attributes)
    return repr((path[len(top) :], *facts, changed))


def main(arguments: list[str]) -> None:
    """Print every tree."""
    change_times = "--with-change-times" in arguments
    for directory in arguments:
        if not directory.startswith("--"):
            top, links = os.fsencode(directory), dict[int, int]()
            for path in entries(top):
                print(describe(path, top, links, change_times=change_times))


if __name__ == "__main__":
    main(sys.argv[1:])
