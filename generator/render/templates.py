"""The template library: one Jinja environment for each output language, whose holes accept that language only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
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
from generator.render.unused import unused_lines

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
    """Text of a rendered fragment, which remembers the chunks that it is made of."""

    chunks: tuple[str, ...]

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
class _Form:
    """What all files of a shape have in common: chunks of text, and the numbers of the values between them."""

    shape: Shape
    chunks: tuple[str | int, ...]


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
        self._forms: dict[tuple[str, ...], _Form] = {}
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
        """Render ``template`` with ``holes``; raises `TypeError` where a hole holds another language's value.

        A program is rendered without what it defines and never uses.
        """
        chunks = self._chunks(template, holes, tracing=False)
        form = self._form(template, chunks)
        return Rendered("".join(_filled(form, chunks)), form.shape)

    def trace(self, template: str, holes: Holes) -> tuple[Place, ...]:
        """Which inventory entries the values on each line of the rendered text come from, in the order of lines."""
        chunks = self._chunks(template, holes, tracing=True)
        return _places(_filled(self._form(template, chunks), chunks))

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
        return _flat(loaded.root_render_func(loaded.new_context(context)))

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

    def _form(self, template: str, chunks: list[str]) -> _Form:
        # what a template says is one string object for all files, whose hash Python remembers
        parts = (template, *[BLANK if isinstance(chunk, HoleText) else chunk for chunk in chunks])
        form = self._forms.get(parts)
        if form is None:
            kept = tuple(_used(chunks))
            outline = "".join(BLANK if isinstance(chunk, int) else chunk for chunk in kept)
            shape = hashlib.sha256(f"{template}\0{outline}".encode()).digest()
            form = self._forms[parts] = _Form(shape, kept)
            self._outlines[shape] = outline
        return form

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
                text.chunks = tuple(chunks)
                return text
            case _:
                return value


def _without_last_newline(chunks: list[str]) -> list[str]:
    if chunks and type(chunks[-1]) is str:
        return [*chunks[:-1], chunks[-1].removesuffix("\n")]
    return chunks


def _flat(chunks: Iterable[str]) -> list[str]:
    """The chunks of a file, with those of its fragments in their places."""
    return [inner for chunk in chunks for inner in (chunk.chunks if isinstance(chunk, FragmentText) else (chunk,))]


def _used(chunks: list[str]) -> Iterator[str | int]:
    """What stays of a program; all of what is only a part of one, because nobody knows here what calls it."""
    outline = "".join(BLANK if isinstance(chunk, HoleText) else chunk for chunk in chunks)
    # by what all files of a shape share: a value that is also a name would keep its function in the first of them
    unused = unused_lines(outline) if outline.startswith("#!") else frozenset()
    line = 0
    for number, chunk in enumerate(chunks):
        if isinstance(chunk, HoleText):
            if line not in unused:
                yield number
            line += chunk.count("\n")
            continue
        pieces = chunk.split("\n")
        ended = [f"{piece}\n" for piece in pieces[:-1]] + pieces[-1:]
        yield "".join(piece for ahead, piece in enumerate(ended) if line + ahead not in unused)
        line += len(ended) - 1


def _filled(form: _Form, chunks: list[str]) -> list[str]:
    return [chunks[chunk] if isinstance(chunk, int) else chunk for chunk in form.chunks]


def _places(chunks: list[str]) -> tuple[Place, ...]:
    line = 1
    found: dict[Place, None] = {}
    for chunk in chunks:
        if isinstance(chunk, PlacedText):
            found[Place(line, chunk.origin)] = None
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
