"""What the fleet's sources protect in the tests, and where its copies lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.lab import Host

from .oddtree import mutate, plant
from .walker import Entry, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """One protected path of a node; ``without`` are names below it that the dataset leaves out."""

    node: str
    dataset: str
    path: str
    without: tuple[bytes, ...] = ()


PROTECTED = (
    Protected(node="controller-1", dataset="nova", path="/var/lib/nova", without=(b"instances",)),
    Protected(node="controller-1", dataset="openstack-etc", path="/etc/nova"),
    Protected(node="compute-1", dataset="nova", path="/var/lib/nova", without=(b"instances",)),
    Protected(node="compute-1", dataset="openstack-etc", path="/etc/neutron"),
    Protected(node="compute-2", dataset="nova", path="/var/lib/nova", without=(b"instances",)),
    Protected(node="website", dataset="site", path="/var/www", without=(b"html/cache", b"html/scratch.tmp")),
)
SOURCES = tuple(sorted({protected.node for protected in PROTECTED}))
# planted with one of everything; the others are a few files
ODD = ("/var/lib/nova",)


def fill(host: Host) -> None:
    """Give a fresh source its first data, in what is left out too."""
    for protected in _of(host):
        top = host.path(protected.path)
        top.mkdir(parents=True)
        if protected.path in ODD:
            plant(top, seed=len(host.name))
            (top / "instances").mkdir()
            (top / "instances/disk").write_bytes(bytes(100_000))
        elif protected.path == "/var/www":
            (top / "html/cache").mkdir(parents=True)
            (top / "html/cache/page").write_text("cached\n", encoding="utf-8")
            (top / "html/index.html").write_text("first day\n", encoding="utf-8")
            (top / "html/about.html").write_text("about\n", encoding="utf-8")
            (top / "html/scratch.tmp").write_text("scratch\n", encoding="utf-8")
        else:
            (top / "nova.conf").write_text("[DEFAULT]\n", encoding="utf-8")
            (top / "policy.d").mkdir(mode=0o750)


def change(host: Host, day: int) -> None:
    """What ``day`` changes on a source."""
    for protected in _of(host):
        top = host.path(protected.path)
        if protected.path in ODD:
            mutate(top, seed=len(host.name), day=day)
        elif protected.path == "/var/www":
            (top / "html/index.html").write_text(f"day {day}\n", encoding="utf-8")
        else:
            with (top / "nova.conf").open("a", encoding="utf-8") as settings:
                settings.write(f"day = {day}\n")


def expected(host: Host) -> dict[str, dict[bytes, Entry]]:
    """What a backup made now must bring back, by protected path."""
    return {one.path: walk(host.path(one.path), without=one.without) for one in _of(host)}


def stored(host: Host, top: str, source: str, name: str, protected: Protected) -> Path:
    """Where a tree below ``top`` keeps a protected path; ``source`` is empty for a node's own tree."""
    return host.path("/".join(part for part in (top, source, name, protected.dataset, protected.path[1:]) if part))


def _of(host: Host) -> tuple[Protected, ...]:
    return tuple(protected for protected in PROTECTED if protected.node == host.name)
