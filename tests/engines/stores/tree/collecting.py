"""What tests of collectors do again and again."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from generator.engines.stores.tree import ENGINE
from generator.inventory.model import Fleet

from .network_world import SOURCES, World

ALPHA = 0x70000001
BETA = 0x70000002


def install(world: World, **settings: object) -> Fleet:
    fleet = world.fleet(**settings)  # type: ignore[arg-type]
    world.install(fleet, [part for plan in fleet.collect_plans for part in ENGINE.collect(fleet, plan)])
    return fleet


def store(world: World, source: str, node: str = "collector") -> Path:
    return world.root / node / "store" / source


def held(world: World, source: str, node: str = "collector") -> list[str]:
    return sorted(entry.name for entry in store(world, source, node).iterdir() if entry.name != ".verified")


def plain(directory: Path) -> None:
    (directory / "file").write_text("content")


def everywhere(world: World, *names: str) -> None:
    for source in SOURCES:
        for name in names:
            world.make_backup(source, name, plain)


def drip(link: socket.socket) -> None:
    """A daemon that keeps the line busy and says nothing."""
    try:
        link.sendall(b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n")
        while True:
            link.sendall(b"x")
            time.sleep(0.2)
    except OSError:
        return
