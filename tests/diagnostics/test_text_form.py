from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from generator.diagnostics import Diagnostic, Label, Severity, render_text, wants_colour
from generator.plan.origin import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    name: str = "f.yml"
    shown: str = "inventory/f.yml"
    text: str = ""


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def finding(span: Span | None, *labels: Label, message: str = "wrong") -> Diagnostic:
    return Diagnostic(code="C0999", message=message, span=span, advice="mend it", labels=labels)


def test_place_excerpt_caret_second_place_and_help() -> None:
    source = Text(text="\n" * 9 + "first: 1\nsecond: 2\n")
    label = Label(span=Span(file="f.yml", line=10, column=1, length=5), text="the other")
    shown = render_text([finding(Span(file="f.yml", line=11, column=9), label)], [source])
    assert shown == (
        "error[C0999]: wrong\n"
        "  --> inventory/f.yml:11:9\n"
        "   |\n"
        "11 | second: 2\n"
        "   |         ^\n"
        "   :\n"
        "10 | first: 1\n"
        "   | ----- the other\n"
        "   = help: mend it\n\n"
    )


def test_wide_characters_take_two_columns() -> None:
    shown = render_text([finding(Span(file="f.yml", line=1, column=3, length=2))], [Text(text="日本xy")])
    assert shown.split("\n")[4] == "  |     ^^"


def test_without_a_place() -> None:
    assert render_text([finding(None)], []) == "error[C0999]: wrong\n  = help: mend it\n\n"


@given(st.text(), st.integers(1, 5), st.integers(1, 50), st.integers(1, 400))
def test_nothing_in_a_file_steers_the_terminal(text: str, line: int, column: int, length: int) -> None:
    span = Span(file="f.yml", line=line, column=column, length=length)
    shown = render_text([finding(span, message=text)], [Text(text=text)])
    assert all(one.isprintable() for one in shown.replace("\n", ""))


def test_colour_only_where_it_is_wanted() -> None:
    warning = Diagnostic(code="C0999", message="w", span=None, advice="a", severity=Severity.WARNING)
    assert "\x1b[" in render_text([warning], [], colour=True)
    assert wants_colour(Terminal(), {})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})
    assert not wants_colour(StringIO(), {})
