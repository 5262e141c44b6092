"""What a build's directory holds, before anything is written; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import SupportsBytes

SECRET_FILE = 0o600
SECRET_PROGRAM = 0o700
SECRET_DIRECTORY = 0o700
DIRECTORY = 0o755


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A file of the output; ``path`` is relative to the deployment's directory, ``mode`` the one it has there.

    ``content`` are bytes, or what makes the same bytes whenever it is asked: once for the seal, once to be written.
    """

    path: str
    content: SupportsBytes
    mode: int
    sensitive: bool = False


def output_mode(mode: int, *, sensitive: bool, on_node: bool) -> int:
    """The mode that a file has in the output.

    A file with a secret is the builder's alone there, whatever group may read it on the node: the node's own mode
    stands in the manifest. Only a program beside the nodes' files stays executable for its owner.
    """
    if not sensitive:
        return mode
    return SECRET_PROGRAM if mode & 0o100 and not on_node else SECRET_FILE


def directory_modes(files: Iterable[tuple[str, bool]]) -> dict[str, int]:
    """Every directory that the files, given as path and whether sensitive, need, with its mode, parents first."""
    modes: dict[str, int] = {}
    for path, sensitive in files:
        parent = path.rpartition("/")[0]
        if sensitive:
            modes[parent] = SECRET_DIRECTORY
        while parent and parent not in modes:
            modes[parent] = DIRECTORY
            parent = parent.rpartition("/")[0]
        if sensitive:
            _add_parents(modes, path.rpartition("/")[0])
    return dict(sorted(modes.items()))


def _add_parents(modes: dict[str, int], path: str) -> None:
    while path := path.rpartition("/")[0]:
        modes.setdefault(path, DIRECTORY)
