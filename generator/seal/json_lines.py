"""JSON as manifests use it: one entry a line, so that people and ``diff`` can read it; strict when read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

Record: TypeAlias = dict[str, object]


class ManifestProblem(ValueError):
    """The manifest is damaged, or of a version that this one does not know."""


def write_manifest(head: Mapping[str, object], lists: Mapping[str, Iterable[Record]]) -> bytes:
    """JSON of ``head``'s fields, then of each list with one record a line."""
    written = io.BytesIO()  # a fleet's manifest is long: no line of it stays beside the whole
    written.writelines(piece.encode() for piece in _pieces(head, lists))
    return written.getvalue()


def _pieces(head: Mapping[str, object], lists: Mapping[str, Iterable[Record]]) -> Iterator[str]:
    before = "{"
    for name, value in head.items():
        yield f"{before}\n  {json.dumps(name)}: {json.dumps(value)}"
        before = ","
    for name, records in lists.items():
        yield f"{before}\n  {json.dumps(name)}: "
        before, start = ",", "["
        for record in records:
            yield f"{start}\n    {json.dumps(record)}"
            start = ","
        yield "[]" if start == "[" else "\n  ]"
    yield "\n}\n"


class Reader:
    """Takes the fields of a manifest one by one and knows which were left."""

    def __init__(self, fields: Record) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """The string called ``name``; raises `ManifestProblem`."""
        value = self._take(name)
        if not isinstance(value, str):
            raise ManifestProblem(f"{name!r} is not a string")
        return value

    def number(self, name: str) -> int:
        """The integer called ``name``; raises `ManifestProblem`."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ManifestProblem(f"{name!r} is not a number")
        return value

    def records(self, name: str) -> Iterable[Record]:
        """The objects in the list called ``name``; raises `ManifestProblem`."""
        value = self._take(name)
        if not isinstance(value, list):
            raise ManifestProblem(f"{name!r} is not a list")
        for entry in value:
            if not isinstance(entry, dict):
                raise ManifestProblem(f"an entry of {name!r} is not an object")
        return value

    def finish(self) -> None:
        """Raises `ManifestProblem` if a field was not taken."""
        if self._fields:
            raise ManifestProblem(f"unknown fields: {', '.join(sorted(self._fields))}")

    def _take(self, name: str) -> object:
        if name not in self._fields:
            raise ManifestProblem(f"{name!r} is missing")
        return self._fields.pop(name)


def read_manifest(content: bytes, known_format: int) -> Reader:
    """A reader of ``content``, which must be one JSON object without repeated keys and of the known format."""
    try:
        fields = json.loads(content, object_pairs_hook=_unique)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as wrong:
        raise ManifestProblem(f"it is not JSON: {wrong}") from wrong
    if not isinstance(fields, dict):
        raise ManifestProblem("it is not a JSON object")
    reader = Reader(fields)
    found = reader.number("format")
    if found != known_format:
        raise ManifestProblem(f"it has format {found}, and this version of Capsule knows format {known_format}")
    return reader


def _unique(pairs: list[tuple[str, object]]) -> Record:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ManifestProblem("a key occurs twice")
    return record
