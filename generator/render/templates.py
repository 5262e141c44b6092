"""The template library: one Jinja environment for each output language, whose holes accept that language only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from generator.plan.holes import Fragment, Hole, Holes
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
)
from generator.render.logic import refuse_logic

Shape: TypeAlias = bytes

LANGUAGES: dict[str, tuple[type[Quoted], ...]] = {
    "sh": (ShellWord, RsyncdValue),
    "sudoers": (SudoersWord,),
    "cron": (CronField, CronCommand),
    "authorized_keys": (AuthorizedKeysWord,),
    "known_hosts": (KnownHostsWord,),
    "logrotate": (LogrotateWord,),
}


class HoleText(str):
    """Text that came out of a hole; keeps its class through Jinja's ``str()`` so that the shape can leave it out."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class FragmentText(str):
    """Text of a rendered fragment, with the shape that it has of its own."""

    shape: Shape

    def __str__(self) -> str:
        return self


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered file: its text, and its shape, a digest of everything but the quoted values in it."""

    text: str
    shape: Shape


class TemplateLibrary:
    """Renders templates of one directory; the suffix before ``.j2`` names the output language."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._templates: dict[str, Template] = {}
        self._environments = {language: self._environment(accepted) for language, accepted in LANGUAGES.items()}

    def _environment(self, accepted: tuple[type[Quoted], ...]) -> Environment:
        environment = Environment(
            loader=_CheckedLoader(self._directory),
            undefined=StrictUndefined,
            finalize=_finalizer(accepted),
            autoescape=False,
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
        loaded = self._templates.get(template)
        if loaded is None:
            language = template.removesuffix(".j2").rsplit(".", 1)[-1]
            loaded = self._templates[template] = self._environments[language].get_template(template)
        context = {name: self._open(value) for name, value in holes.values}
        chunks = list(loaded.root_render_func(loaded.new_context(context)))
        shape = hashlib.sha256(template.encode())
        for chunk in _shape_chunks(chunks):
            shape.update(chunk)
        return Rendered("".join(chunks), shape.digest())

    def _open(self, value: Hole) -> Any:
        match value:
            case Holes():
                return {name: self._open(inner) for name, inner in value.values}
            case tuple():
                return [self._open(inner) for inner in value]
            case Fragment():
                rendered = self.render(value.template, value.holes)
                text = FragmentText(rendered.text)
                text.shape = rendered.shape
                return text
            case _:
                return value


def _shape_chunks(chunks: list[str]) -> Iterator[bytes]:
    for chunk in chunks:
        if isinstance(chunk, HoleText):
            yield b"\0"
        elif isinstance(chunk, FragmentText):
            yield chunk.shape
        else:
            yield chunk.encode()


def _finalizer(accepted: tuple[type[Quoted], ...]) -> Callable[[object], str]:
    def finalize(value: object) -> str:
        if type(value) in accepted and isinstance(value, Quoted):
            return HoleText(value.text)
        if isinstance(value, FragmentText):
            return value
        names = ", ".join(kind.__name__ for kind in accepted)
        raise TypeError(f"this hole accepts {names}, not {value!r}")

    return finalize


class _CheckedLoader(FileSystemLoader):
    """Loads a template and refuses logic in it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, filename, uptodate = super().get_source(environment, template)
        refuse_logic(environment.parse(source, template), template)
        return source, filename, uptodate
