"""What rendering yields: files as they lie on a node, and files that deliver them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import SupportsBytes

from generator.plan.nodes import NodePlan
from generator.plan.origin import Origin
from generator.render.templates import Shape


class Kind(Enum):
    """What a file on a node is; the value is its name in manifests."""

    CAPSULE = "capsule"
    SUDOERS = "sudoers"
    AUTHORIZED_KEYS = "authorized_keys"
    KNOWN_HOSTS = "known_hosts"
    PRIVATE_KEY = "private_key"
    OWN_KEY = "own_key"
    CRON = "cron"
    SERVICE = "service"
    TIMER = "timer"
    LOGROTATE = "logrotate"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """One file of a node: absolute ``path``, exact ``content``, and who owns it with which ``mode`` there.

    Files of equal ``shape`` differ in quoted values only. ``template`` is empty where a serializer wrote the file.
    ``sha256`` is the hexadecimal digest of the content.
    """

    path: str
    content: bytes
    owner: str
    group: str
    mode: int
    kind: Kind
    sensitive: bool
    origin: Origin
    shape: Shape
    template: str
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.content).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedNode:
    """All files of one node, sorted by path; the node's own manifest is the one of `Kind.MANIFEST`."""

    plan: NodePlan
    build_id: str
    files: tuple[RenderedFile, ...]

    @property
    def name(self) -> str:
        """The node's name."""
        return self.plan.name


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFile:
    """A file that puts a node's files there: ``path`` is relative to ``nodes/<node>/`` of the output.

    ``shape`` and ``template`` are those of `RenderedFile`; scripts are verified like capsules, once for each shape,
    and so are the ``scripts`` inside of an archive.
    """

    path: str
    content: bytes
    mode: int
    sensitive: bool = False
    shape: Shape = b""
    template: str = ""
    scripts: tuple[DeliveryFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFile:
    """A file that serves the fleet: ``path`` is relative to the deployment's directory.

    ``content`` is made when it is asked for where it repeats what the nodes hold: a second copy of every file would
    double the memory of a build.
    """

    path: str
    content: SupportsBytes
    mode: int
    sensitive: bool = False
