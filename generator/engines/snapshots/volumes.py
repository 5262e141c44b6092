"""What the engines that rest on LVM share: kinds of values, and functions."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from generator.engines.capsules import tool_holes
from generator.inventory.model import Node
from generator.inventory.refusal import refuse
from generator.inventory.values import Size
from generator.plan import Fragment, holes

LVM_NAME = re.compile(r"[A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,125}\Z")
# LVM keeps these for itself: lvm(8), "Reserved names"
RESERVED = re.compile(
    r"\.{1,2}\Z|snapshot|pvmove|.*_(cdata|cmeta|corig|mlog|mimage|pmspare|rimage|rmeta|tdata|tmeta|vdata|vorigin)"
)

EXTENT = 4 << 20  # LVM's usual one
LARGEST = 256 << 40


def _group(value: str) -> str:
    if not LVM_NAME.match(value) or value in (".", ".."):
        raise refuse("C0219", f"`{value}` is not a volume group", "write its name, as `vgs` prints it")
    return value


def _volume(value: str) -> str:
    if not LVM_NAME.match(value) or RESERVED.match(value):
        raise refuse("C0219", f"`{value}` is not a logical volume", "write its name alone, as `lvs` prints it")
    return value


def _snapshot_size(size: int) -> int:
    if not EXTENT <= size <= LARGEST:
        said = f"a snapshot cannot be as {'small' if size < EXTENT else 'large'} as this"
        advice = "write what may be written to the volume while a backup is pulled: at least 4M, at most 256T"
        raise refuse("C0206", said, advice)
    return size


SnapshotSize: TypeAlias = Annotated[Size, AfterValidator(_snapshot_size)]
GroupName: TypeAlias = Annotated[str, AfterValidator(_group)]
VolumeName: TypeAlias = Annotated[str, AfterValidator(_volume)]
Percent: TypeAlias = Annotated[int, Field(ge=1, le=99)]


def common_functions(node: Node) -> Fragment:
    """Bash functions that ask LVM, and mount what it made."""
    return Fragment(template="snapshots/lvm_common.sh.j2", holes=holes(tools=tool_holes(node)))
