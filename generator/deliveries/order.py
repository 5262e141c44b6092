"""The order in which every delivery puts a node's files there; what goes away goes in the reverse."""

from __future__ import annotations

from collections.abc import Iterable

from generator.render.model import Kind, RenderedFile

# A rule before the program it allows, programs before the key that reaches them, and what starts them by itself last.
# The manifest says that everything else is there.
PLACING_ORDER = (
    Kind.SUDOERS,
    Kind.CAPSULE,
    Kind.KNOWN_HOSTS,
    Kind.PRIVATE_KEY,
    Kind.OWN_KEY,
    Kind.AUTHORIZED_KEYS,
    Kind.CRON,
    Kind.SERVICE,
    Kind.TIMER,
    Kind.LOGROTATE,
    Kind.MANIFEST,
)


def in_placing_order(files: Iterable[RenderedFile]) -> list[RenderedFile]:
    """``files`` by what they are, then by path."""
    return sorted(files, key=lambda file: (PLACING_ORDER.index(file.kind), file.path))
