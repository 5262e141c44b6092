"""Debian's package format (deb(5)), written without dpkg and without root: equal arguments give equal bytes."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

_MAGIC = b"!<arch>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, or a directory where ``content`` is None; ``path`` is absolute, owner and group have both name and
    number."""

    path: str
    mode: int
    content: bytes | None = None
    owner: tuple[str, int] = ("root", 0)
    group: tuple[str, int] = ("root", 0)


def write_deb(control: str, scripts: Iterable[tuple[str, bytes]], entries: Iterable[Entry]) -> bytes:
    """A package that places ``entries`` in their order, with ``scripts`` by dpkg's name.

    Nothing is compressed: what a compressor makes of the same bytes differs between versions of its library, and a
    package is the same wherever it is built.
    """
    placed = tuple(entries)
    sums = "".join(
        f"{hashlib.md5(entry.content, usedforsecurity=False).hexdigest()}  {entry.path.lstrip('/')}\n"
        for entry in placed
        if entry.content is not None
    )
    inside = [
        Entry(path="/control", mode=0o644, content=control.encode()),
        Entry(path="/md5sums", mode=0o644, content=sums.encode()),
        *(Entry(path=f"/{name}", mode=0o755, content=content) for name, content in scripts),
    ]
    members = (("debian-binary", b"2.0\n"), ("control.tar", _tar(inside)), ("data.tar", _tar(placed)))
    return _MAGIC + b"".join(_member(name, content) for name, content in members)


def _member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return head + content + b"\n" * (len(content) % 2)


def _tar(entries: Iterable[Entry]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as tar:
        root = Entry(path="/", mode=0o755)
        for entry in (root, *entries):
            tar.addfile(_header(entry), None if entry.content is None else io.BytesIO(entry.content))
    return written.getvalue()


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(f".{entry.path}")
    header.mode = entry.mode
    header.uname, header.uid = entry.owner
    header.gname, header.gid = entry.group
    if entry.content is None:
        header.type = tarfile.DIRTYPE
    else:
        header.size = len(entry.content)
    return header
