"""The template library: one Jinja environment for each output language, whose holes accept that language only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from generator.plan.holes import Fragment, Hole, Holes
from generator.plan.origin import Origin
from generator.quoting import (
    AuthorizedKeysWord,
    CronCommand,
    CronField,
    KnownHostsWord,
    LogrotateWord,
    Quoted,
    RsyncdValue,
    ShellWord,
    SudoersWord,
    SystemdCalendar,
    SystemdPath,
    SystemdText,
    SystemdWord,
)
from generator.render.includes import inline_includes

Shape: TypeAlias = bytes

BLANK = "\0"  # stands for a quoted value in an outline; no template and no value can hold it

LANGUAGES: dict[str, tuple[type[Quoted], ...]] = {
    "sh": (ShellWord, RsyncdValue),
    "sudoers": (SudoersWord,),
    "cron": (CronField, CronCommand),
    "authorized_keys": (AuthorizedKeysWord,),
    "known_hosts": (KnownHostsWord,),
    "logrotate": (LogrotateWord,),
    "service": (SystemdWord, SystemdPath, SystemdText),
    "timer": (SystemdWord, SystemdCalendar, SystemdText),
}


class HoleText(str):
    """Text that came out of a hole; keeps its class through Jinja's ``str()`` so that the shape can leave it out."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class PlacedText(HoleText):
    """Text of a hole whose record stands for an inventory entry."""

    __slots__ = ("origin",)
    origin: Origin


class FragmentText(str):
    """Text of a rendered fragment, with the shape and the places that it has of its own."""

    shape: Shape
    places: tuple[Place, ...]

    def __str__(self) -> str:
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """An inventory entry that a value on ``line``, counted from 1, comes from."""

    line: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered file: its text, and its shape, a digest of everything but the quoted values in it."""

    text: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class _Placed:
    """A quoted value on its way into a template, with the entry that its record stands for."""

    value: Quoted
    origin: Origin


class TemplateLibrary:
    """Renders templates of one directory; the suffix before ``.j2`` names the output language."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._templates: dict[str, Template] = {}
        self._outlines: dict[Shape, str] = {}
        self._shapes: dict[tuple[str | Shape, ...], Shape] = {}
        self._records: dict[str, tuple[Hole, Any]] = {}
        self._environments = {language: self._environment(accepted) for language, accepted in LANGUAGES.items()}

    def _environment(self, accepted: tuple[type[Quoted], ...]) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(self._directory),
            undefined=StrictUndefined,
            finalize=_finalizer(accepted),
            autoescape=False,
            # Jinja's own {# would swallow bash's ${#array[@]}; templates are commented in their own language
            comment_start_string="{%#",
            comment_end_string="#%}",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            cache_size=-1,
        )
        environment.globals.clear()
        environment.filters.clear()
        environment.tests.clear()
        return environment

    @cached_property
    def digest(self) -> str:
        """One sha256 of every template, by name and content."""
        total = hashlib.sha256()
        for path in sorted(self._directory.rglob("*.j2")):
            name = path.relative_to(self._directory).as_posix()
            total.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()

    def render(self, template: str, holes: Holes) -> Rendered:
        """Render ``template`` with ``holes``; raises `TypeError` where a hole holds another language's value."""
        chunks = self._chunks(template, holes, tracing=False)
        return Rendered("".join(chunks), self._shape(template, chunks))

    def trace(self, template: str, holes: Holes) -> tuple[Place, ...]:
        """Which inventory entries the values on each line of the rendered text come from, in the order of lines."""
        return _places(self._chunks(template, holes, tracing=True))

    def outline(self, shape: Shape) -> str:
        """The text that all files of ``shape`` share, with `BLANK` for every quoted value; same number of lines."""
        return self._outlines[shape]

    def _chunks(self, template: str, holes: Holes, *, tracing: bool) -> list[str]:
        loaded = self._templates.get(template)
        if loaded is None:
            loaded = self._templates[template] = self._load(template)
        if tracing:
            context = {name: self._open(value, holes.origin, tracing=True) for name, value in holes.values}
        else:
            context = {
                name: value if isinstance(value, Quoted) else self._open_named(name, value)
                for name, value in holes.values
            }
        return list(loaded.root_render_func(loaded.new_context(context)))

    def _load(self, template: str) -> Template:
        language = template.removesuffix(".j2").rsplit(".", 1)[-1].rsplit("/", 1)[-1]
        environment = self._environments[language]
        tree = inline_includes(environment, template)
        return Template.from_code(environment, environment.compile(tree, template), {})

    def _open_named(self, name: str, value: Hole) -> Any:
        """Capsules of a node come with one table of tools, and its installers with one list of files: opened once."""
        if not isinstance(value, Holes | tuple):
            return self._open(value, None, tracing=False)
        last = self._records.get(name)
        if last is None or last[0] is not value:
            last = self._records[name] = (value, self._open(value, None, tracing=False))
        return last[1]

    def _shape(self, template: str, chunks: list[str]) -> Shape:
        # what a template says is one string object for all files, whose hash Python remembers
        parts: tuple[str | Shape, ...] = (
            template,
            *[chunk if type(chunk) is str else _part(chunk) for chunk in chunks],
        )
        shape = self._shapes.get(parts)
        if shape is None:
            digest = hashlib.sha256()
            for part in parts:
                digest.update(part if isinstance(part, bytes) else part.encode())
            shape = self._shapes[parts] = digest.digest()
            self._outlines[shape] = "".join(self._blanked(chunk) for chunk in chunks)
        return shape

    def _blanked(self, chunk: str) -> str:
        if isinstance(chunk, HoleText):
            return BLANK
        return self._outlines[chunk.shape] if isinstance(chunk, FragmentText) else chunk

    def _open(self, value: Hole, origin: Origin | None, *, tracing: bool) -> Any:
        if isinstance(value, Quoted):
            return value if origin is None else _Placed(value, origin)
        match value:
            case Holes():
                own = (value.origin or origin) if tracing else None
                opened = {name: self._open(inner, own, tracing=tracing) for name, inner in value.values}
                return SimpleNamespace(**opened)
            case tuple():
                return [self._open(inner, origin, tracing=tracing) for inner in value]
            case Fragment():
                # the last newline belongs to the fragment's file, not to the place that it is put into
                chunks = _without_last_newline(self._chunks(value.template, value.holes, tracing=tracing))
                text = FragmentText("".join(chunks))
                text.shape = self._shape(value.template, chunks)
                text.places = _places(chunks) if tracing else ()
                return text
            case _:
                return value


def _without_last_newline(chunks: list[str]) -> list[str]:
    if chunks and type(chunks[-1]) is str:
        return [*chunks[:-1], chunks[-1].removesuffix("\n")]
    return chunks


def _part(chunk: str) -> str | Shape:
    return chunk.shape if isinstance(chunk, FragmentText) else BLANK


def _places(chunks: list[str]) -> tuple[Place, ...]:
    line = 1
    found: dict[Place, None] = {}
    for chunk in chunks:
        if isinstance(chunk, PlacedText):
            found[Place(line, chunk.origin)] = None
        elif isinstance(chunk, FragmentText):
            found.update((Place(line + place.line - 1, place.origin), None) for place in chunk.places)
        line += chunk.count("\n")
    return tuple(found)


def _finalizer(accepted: tuple[type[Quoted], ...]) -> Callable[[object], str]:
    def finalize(value: object) -> str:
        if type(value) in accepted and isinstance(value, Quoted):
            return HoleText(value.text)
        if isinstance(value, _Placed) and type(value.value) in accepted:
            placed = PlacedText(value.value.text)
            placed.origin = value.origin
            return placed
        if isinstance(value, FragmentText):
            return value
        names = ", ".join(kind.__name__ for kind in accepted)
        raise TypeError(f"this hole accepts {names}, not {value!r}")

    return finalize
