"""Templates hold holes, not decisions, and a hole takes its own language only."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.plan import Fragment, Origin, holes, holes_of
from generator.quoting import CronField, ShellWord
from generator.render import TemplateLibrary
from generator.render.logic import TemplateLogic
from generator.render.templates import BLANK


@pytest.fixture
def library(tmp_path: Path) -> TemplateLibrary:
    return TemplateLibrary(tmp_path)


def write(directory: Path, text: str, name: str = "t.sh.j2") -> str:
    (directory / name).write_text(text)
    return name


@pytest.mark.parametrize(
    "text",
    [
        "{{ x|upper }}",
        "{{ x + 'a' }}",
        "{{ 'constant' }}",
        "{% set y = x %}",
        "{{ x() }}",
        "{% include x %}",
        "{% if x == 'a' %}{% endif %}",
        "{% macro m() %}{% endmacro %}",
        "{{ x if y else z }}",
        "{% extends 'other' %}",
        "{{ x['a'] }}",
    ],
)
def test_logic_is_refused(tmp_path: Path, library: TemplateLibrary, text: str) -> None:
    with pytest.raises(TemplateLogic):
        library.render(write(tmp_path, text), holes(x=ShellWord.of("a")))


def test_a_hole_takes_its_own_language_only(tmp_path: Path, library: TemplateLibrary) -> None:
    name = write(tmp_path, "{{ x }}")
    assert library.render(name, holes(x=ShellWord.of("a b"))).text == "'a b'"
    for wrong in (CronField.of("a"), True, (ShellWord.of("a"),), holes(a=ShellWord.of("a"))):
        with pytest.raises(TypeError, match="accepts ShellWord"):
            library.render(name, holes(x=wrong))


def test_a_plain_string_is_refused(tmp_path: Path, library: TemplateLibrary) -> None:
    with pytest.raises(TypeError):
        library.render(write(tmp_path, "{{ x }}"), holes(x="rm -rf /"))  # type: ignore[arg-type]


def test_values_do_not_change_the_shape_but_text_and_repetition_do(tmp_path: Path, library: TemplateLibrary) -> None:
    name = write(tmp_path, "a {{ x }}\n{% for y in z %}\nb {{ y }}\n{% endfor %}\n")

    def shape(x: str, *z: str) -> bytes:
        return library.render(name, holes(x=ShellWord.of(x), z=tuple(map(ShellWord.of, z)))).shape

    assert shape("1", "2") == shape("$(3)", "'4'")
    assert shape("1") != shape("1", "2")
    assert library.outline(shape("1", "2")) == f"a {BLANK}\nb {BLANK}\n"


def test_lines_remember_the_entry_of_their_record(tmp_path: Path, library: TemplateLibrary) -> None:
    write(tmp_path, "c\n{{ v }}\n", "f.sh.j2")
    name = write(tmp_path, "{% for one in many %}\na\n{{ one.v }}\n{{ one.part }}\n{% endfor %}\n")
    first, second, inner = Origin(path="one"), Origin(path="two"), Origin(path="inner")

    def record(origin: Origin, fragment: Fragment) -> object:
        return holes_of(origin, v=ShellWord.of("x"), part=fragment)

    plain = Fragment(template="f.sh.j2", holes=holes(v=ShellWord.of("y")))
    own = Fragment(template="f.sh.j2", holes=holes_of(inner, v=ShellWord.of("y")))
    places = library.trace(name, holes(many=(record(first, plain), record(second, own))))  # type: ignore[arg-type]
    assert [(place.line, place.origin.path) for place in places] == [(2, "one"), (6, "two"), (8, "inner")]


def test_a_fragment_leaves_no_empty_line_behind(tmp_path: Path, library: TemplateLibrary) -> None:
    write(tmp_path, "inside {{ v }}\nend\n", "f.sh.j2")
    name = write(tmp_path, "before\n{{ part }}\nafter\n")
    part = Fragment(template="f.sh.j2", holes=holes(v=ShellWord.of("x")))
    assert library.render(name, holes(part=part)).text == "before\ninside 'x'\nend\nafter\n"
