"""The files that are to be verified, and the one file that stands for all of its shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.plan import Origin
from generator.render.model import DeliveryFile, Kind, RenderedFile, RenderedNode


@dataclass(frozen=True, slots=True)
class Subject:
    """A rendered file and the node it is for."""

    node: str
    file: RenderedFile

    @property
    def where(self) -> str:
        """``node:path``, for people."""
        return f"{self.node}:{self.file.path}"


def subjects_of(nodes: Iterable[RenderedNode], kind: Kind) -> tuple[Subject, ...]:
    """Every file of ``kind``."""
    return tuple(Subject(node.name, file) for node in nodes for file in node.files if file.kind is kind)


def one_of_each_shape(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """The first subject of every shape.

    Sound because files of one shape differ in quoted values only, and each quoting type guarantees that its language
    reads such a value as one word of data, whatever is in it: the syntax of all of them is the same.
    """
    first: dict[bytes, Subject] = {}
    for subject in subjects:
        first.setdefault(subject.file.shape, subject)
    return tuple(first.values())


def script_subjects(delivered: Mapping[str, Iterable[DeliveryFile]]) -> tuple[Subject, ...]:
    """The scripts among what delivers nodes, by node name, as subjects."""
    return tuple(
        Subject(node, _as_rendered(file))
        for node, files in delivered.items()
        for delivery in files
        for file in (delivery, *delivery.scripts)
        if file.path.endswith(".sh")
    )


def _as_rendered(file: DeliveryFile) -> RenderedFile:
    return RenderedFile(
        path=file.path,
        content=file.content,
        owner="root",
        group="root",
        mode=file.mode,
        kind=Kind.CAPSULE,
        sensitive=file.sensitive,
        origin=Origin(path="nodes"),
        shape=file.shape,
        template=file.template,
    )
