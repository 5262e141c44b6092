from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as some

from generator.importing.writing import WIDEST, entry, flow
from generator.source import parse, plain

WORDS = some.sampled_from(
    ["yes", "0755", "1_000", "12:30", "null", "", "~", "-", "- a", "a: b", "a #b", "{", "1.5", "x"]
)
# what the inventory language can hold: no control characters, no line breaks
TEXTS = some.text(
    some.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cc", "Cs", "Zl", "Zp"))
)
HIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SCALARS = some.one_of(
    WORDS,
    TEXTS.filter(lambda text: not set(text) & set(HIDDEN)),
    some.booleans(),
    some.integers(-(10**17), 10**17),
)
KEYS = some.one_of(WORDS, some.sampled_from(["a", "nodes", "x.y", "on"])).filter(lambda key: key != "<<")
VALUES = some.recursive(
    SCALARS,
    lambda inner: some.one_of(some.lists(inner, max_size=4).map(tuple), some.dictionaries(KEYS, inner)),
    max_leaves=20,
)


@settings(deadline=None)
@given(value=some.dictionaries(KEYS, VALUES, min_size=1), blocks=some.integers(0, 3))
def test_what_is_written_is_read_again(value: dict[str, object], blocks: int) -> None:
    text = "".join(entry(key, one, 0, blocks) for key, one in value.items())
    tree, problems = parse("written", text)
    assert not problems, text
    assert tree is not None
    assert plain(tree) == value


def test_lines_are_as_wide_as_a_person_would_write_them() -> None:
    names = [f"cassandra-{number}" for number in range(20)]
    lines = entry("groups", {"small": {"nodes": names[:3]}, "large": {"nodes": names}}, 0, 1).splitlines()
    assert lines[:3] == ["groups:", "  small: {nodes: [cassandra-0, cassandra-1, cassandra-2]}", "  large:"]
    assert lines[3:5] == ["    nodes:", "      - cassandra-0"]
    assert max(map(len, lines)) <= WIDEST


def test_a_key_is_quoted_as_people_do() -> None:
    assert flow(["ssh-ed25519 AAAA", "10.0.0.1", "lv-1", "no"]) == '["ssh-ed25519 AAAA", 10.0.0.1, lv-1, "no"]'
