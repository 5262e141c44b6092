"""Folding keeps real lines, shortens repetition, and never hides what stands once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generator.render.templates import BLANK
from generator.verify.folding import KEPT, fold


def folded(count: int) -> tuple[str, bytes]:
    text = "head\n" + "".join(f"use '{number}'\nthen\n" for number in range(count)) + "tail\n"
    outline = "head\n" + f"use {BLANK}\nthen\n" * count + "tail\n"
    result = fold(text, outline)
    return result.text, result.outline


def test_many_blocks_become_few_real_ones() -> None:
    text, _ = folded(10_000)
    assert text == "head\n" + "".join(f"use '{number}'\nthen\n" for number in range(KEPT)) + "tail\n"


def test_one_and_many_are_linted_once_but_none_is_another_script() -> None:
    assert folded(1)[1] == folded(7)[1]
    assert folded(0)[1] != folded(1)[1]


def test_line_numbers_are_those_of_the_whole_text() -> None:
    result = fold("a 1\na 2\na 3\na 4\nb\n", f"a {BLANK}\n" * 4 + "b\n")
    assert result.numbers == (1, 2, 5, 6)


def test_what_a_template_repeats_itself_stays() -> None:
    text = "fi\n" * 5
    assert fold(text, text).text == text


@given(st.lists(st.sampled_from(["x", "y", f"v {BLANK}", f"w {BLANK}"]), max_size=40))
def test_folding_leaves_out_nothing_that_occurs(shapes: list[str]) -> None:
    outline = "\n".join(shapes)
    result = fold(outline, outline)
    assert set(result.text.split("\n")) == set(outline.split("\n"))
    assert list(result.numbers) == sorted(set(result.numbers))
