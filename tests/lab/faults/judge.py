"""The judge of every fault: what was complete is still there, and what is called complete is whole."""

# names are bytes, many of them not UTF-8, and Path takes no bytes
# ruff: noqa: PTH115, PTH123

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from manifests import KINDS

from generator.lab import Host

from ..fleet import PROGRAMS
from ..walker import Tree, differences, walk

IDENTIFIER = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.partial)?")
OWN = (b"manifest", b"backup.info")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One tree of backups on a host, as ``list_backups`` calls it."""

    host: Host
    top: str
    source: str
    plan: str
    fake_super: bool

    def names(self) -> set[str]:
        """Every complete and partial backup."""
        return {entry.name for entry in self._entries() if IDENTIFIER.fullmatch(entry.name)}

    def residue(self) -> set[str]:
        """What is being made or deleted."""
        return {entry.name for entry in self._entries() if entry.name.startswith((".incomplete.", ".deleting."))}

    def backup(self, name: str) -> Path:
        """Where a backup lies, as this machine sees it."""
        return self.host.path(f"{self.top}/{name}")

    def _entries(self) -> list[Path]:
        top = self.host.path(self.top)
        return list(top.iterdir()) if top.is_dir() else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """What some stores held at one moment."""

    stores: tuple[Store, ...]
    backups: Mapping[tuple[str, str], Tree]


def photograph(stores: Iterable[Store]) -> Photograph:
    """All backups, byte for byte."""
    taken = tuple(stores)
    backups = {(store.top, name): walk(store.backup(name)) for store in taken for name in store.names()}
    return Photograph(stores=taken, backups=backups)


def faults(before: Photograph, today: str) -> list[str]:
    """One line for each way in which the stores are not what they must be on the day called ``today``."""
    lines = []
    for store in before.stores:
        names = store.names()
        known = {name for top, name in before.backups if top == store.top}
        # two days are kept, and only a complete backup of today lets anything go
        may_go = {name for name in known if name < yesterday(today) or name == f"{today}.partial"}
        lost = known - names - (may_go if today in names else set())
        lines += [f"{store.top}/{name} was lost" for name in sorted(lost)]
        for name in sorted(names):
            place = f"{store.top}/{name}"
            if name in known:
                lines += [f"{place}: {line}" for line in changed(before.backups[store.top, name], store, name)]
            else:
                lines += [f"{place} is listed and not whole: {line}" for line in unlike_manifest(store, name)]
    return lines + listing_faults(before.stores)


def yesterday(today: str) -> str:
    """The identifier of the day before."""
    return (date.fromisoformat(today) - timedelta(days=1)).isoformat()


def changed(before: Tree, store: Store, name: str) -> list[str]:
    """How a backup that was there is no longer what it was: at all, or, replaced on the same day, no longer whole."""
    lines = differences(before, walk(store.backup(name)))
    # a partial backup may be replaced by another attempt of its day, and then is judged as a new one
    return unlike_manifest(store, name) if lines and name.endswith(".partial") else lines


def listing_faults(stores: Iterable[Store]) -> list[str]:
    """How ``list_backups`` and the stores of one host disagree."""
    taken = tuple(stores)
    host = taken[0].host
    held = {(store.plan, store.source, name) for store in taken for name in store.names()}
    listed = set()
    for line in host.run([f"{PROGRAMS}/list_backups"]).out.splitlines()[1:]:
        plan, source, name, kind, *_ = line.replace(", in the future", "").split()
        if kind != "none":
            listed.add((plan, source, f"{name}.partial" if kind == "partial" else name))
    return [f"list_backups and the store disagree: {one}" for one in sorted(held ^ listed)]


def unlike_manifest(store: Store, name: str) -> list[str]:
    """The differences between a backup's bytes and its manifest, found without the capsules' own functions."""
    backup = store.backup(name)
    if not (backup / "manifest").is_file() or not (backup / "backup.info").is_file():
        return ["it has no manifest or no backup.info"]
    content = (backup / "manifest").read_bytes()
    said = {}
    for line in content.splitlines():
        fields = line.split(b"\t")
        said[fields[8]] = tuple(field.decode() for field in (*fields[:6], fields[7]))
    info = dict(line.split("=", 1) for line in (backup / "backup.info").read_text().splitlines())
    found = found_in(os.fsencode(backup), fake_super=store.fake_super)
    unlike = [path for path in sorted(said.keys() | found.keys()) if said.get(path) != found.get(path)]
    lines = [f"{path!r} should be {said.get(path)}, is {found.get(path)}" for path in unlike]
    if info["manifest_sha256"] != hashlib.sha256(content).hexdigest():
        lines.append("backup.info speaks of another manifest")
    if (info["result"] == "complete") is name.endswith(".partial"):
        lines.append(f"backup.info says {info['result']}")
    return lines


def found_in(top: bytes, *, fake_super: bool) -> dict[bytes, tuple[str, ...]]:
    """Every entry of a backup as a manifest should have it, by its escaped path."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = directory + b"/" + name
            relative = path[len(top) + 1 :]
            if relative not in OWN:
                found[_escaped(relative)] = _line(path, fake_super=fake_super)
    return found


def _line(path: bytes, *, fake_super: bool) -> tuple[str, ...]:
    status = os.lstat(path)
    mode, uid, gid, device = status.st_mode, str(status.st_uid), str(status.st_gid), status.st_rdev
    numbers = f"{os.major(device)},{os.minor(device)}"
    if fake_super and b"user.rsync.%stat" in map(os.fsencode, os.listxattr(path, follow_symlinks=False)):
        text, numbers, owner = os.getxattr(path, b"user.rsync.%stat", follow_symlinks=False).decode().split()
        mode, (uid, gid) = int(text, 8), owner.split(":")
    kind = KINDS[stat.S_IFMT(mode)]
    digest = "-"
    if kind in "bc":
        digest = numbers
    elif kind == "l" and stat.S_ISLNK(status.st_mode):
        digest = hashlib.sha256(os.readlink(path)).hexdigest()
    elif kind in "fl":
        with open(path, "rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = status.st_size if kind in "fl" else 0
    return (kind, f"{stat.S_IMODE(mode):o}", uid, gid, str(size), str(int(status.st_mtime)), digest)


def _escaped(name: bytes) -> bytes:
    for raw, written in ((b"\\", b"\\134"), (b"\n", b"\\012"), (b"\r", b"\\015"), (b"\t", b"\\011")):
        name = name.replace(raw, written)
    return name
