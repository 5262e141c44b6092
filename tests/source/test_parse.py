from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator.plan.origin import Span
from generator.source import Mapping, parse, plain

CHARACTERS = st.text(
    alphabet=st.sampled_from([*list("ab:-{}[],&*!|>'\"%@`#? \n\t\\<~0x8"), "\x00", "é", "\u2028", "😀"])
)


def codes(text: str) -> list[str]:
    return [one.code for one in parse("f.yml", text)[1]]


@settings(max_examples=400, deadline=None)
@given(CHARACTERS | st.text(max_size=60))
@example("a: \ud800")
@example("{" * 2000)
@example("- " * 2000)
@example("? [a]\n: b")
@example("%YAML 9.9\n---\na: b")
@example('a: "\\ud800"')
@example("a: !!binary x")
def test_any_text_is_a_tree_or_diagnostics(text: str) -> None:
    tree, problems = parse("f.yml", text)
    assert tree is not None or problems
    for problem in problems:
        assert problem.span is not None
        assert problem.span.line >= 1
        assert problem.span.column >= 1


NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
VALUES = st.recursive(
    st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.none()
    | st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def listless(value: object) -> object:
    if isinstance(value, dict):
        return {key: listless(one) for key, one in value.items()}
    return tuple(map(listless, value)) if isinstance(value, list) else value


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        NAMES.filter(lambda one: one not in {"y", "n", "on", "no", "off", "yes", "true", "false", "null", "-"}),
        VALUES,
    )
)
def test_what_a_writer_quotes_is_read_back(document: dict[str, object]) -> None:
    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
            return True

        def choose_scalar_style(self) -> str:
            return str('"' if self.event.tag == "tag:yaml.org,2002:str" else super().choose_scalar_style())  # type: ignore[no-untyped-call]

    tree, problems = parse("f.yml", yaml.dump(document, Dumper=Plain, allow_unicode=True, width=10**6))
    assert problems == ()
    assert tree is not None
    assert plain(tree) == listless(document)


def test_every_key_and_value_has_its_place() -> None:
    tree, _ = parse("f.yml", 'ä: {b: [1, "two"]}\n')
    assert tree is not None
    outer = tree.entries["ä"]
    assert outer.key == Span(file="f.yml", line=1, column=1, length=1)
    assert isinstance(outer.value, Mapping)
    assert outer.value.entries["b"].key == Span(file="f.yml", line=1, column=5, length=1)
    listed = outer.value.get("b")
    assert [item.span.column for item in listed.items] == [9, 12]  # type: ignore[union-attr]
    assert listed.items[1].span.length == 5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("2026-11-01", "2026-11-01"),
        ("1.5", "1.5"),
        ("1e3", "1e3"),
        ("007x", "007x"),
        ("-3", -3),
        ("0", 0),
        ("true", True),
        ("~", None),
        ("null", None),
        ('"no"', "no"),
        ("'010'", "010"),
        ("=", "="),
    ],
)
def test_what_a_word_means(text: str, value: object) -> None:
    tree, problems = parse("f.yml", f"a: {text}")
    assert problems == ()
    assert tree is not None
    assert plain(tree) == {"a": value}


@pytest.mark.parametrize("word", ["no", "Yes", "ON", "off", "y", "010", "08", "0x1F", "0o17", "0b1", "1_000", "-012"])
def test_words_that_readers_disagree_about(word: str) -> None:
    assert codes(f"a: {word}") == ["C0107"]
    assert "C0107" in codes(f"{word}: a")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2", ["C0108"]),
        ("1: a", ["C0110"]),
        ("~: a", ["C0110"]),
        ("[a]: b", ["C0110"]),
        ("a: &x 1\nb: *x", ["C0106", "C0106"]),
        ("a: {<<: {b: 1}}", ["C0106"]),
        ("a: !!str b", ["C0106"]),
        ("a: |\n  b\n  c\n", ["C0105"]),
        ('a: "b\\tc"', ["C0105"]),
        ('a: "b\\0"', ["C0104"]),
        ("a: b\n---\nc: d", ["C0109"]),
        ("a: " + "[" * 40 + "]" * 40, ["C0111"]),
        ("a: [", ["C0100"]),
        ("", ["C0112"]),
        ("just a word", ["C0112"]),
        ("a:\n\tb: c\n\td: e", ["C0103", "C0103"]),
        ("a: b\u202ec", ["C0104"]),
    ],
)
def test_refused(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_several_problems_at_once_and_a_second_place() -> None:
    _, problems = parse("f.yml", "a: no\nb: 1\nb: 2\n7: c\n")
    assert [one.code for one in problems] == ["C0107", "C0108", "C0110"]
    assert [label.span.line for label in problems[1].labels] == [2]


def test_a_tab_in_a_comment_is_nobodys_business() -> None:
    assert codes("a: b\t# c\td") == []
