"""However an inventory is laid out: after an import it holds what was there and what was said, and comments stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from generator.importing.bringing import bring
from generator.importing.proposal import Proposal
from generator.source import SourceText, parse, plain

KEYS = some.sampled_from(["a", "b", "c", "nodes", "plans", "x.y"])
WORDS = some.one_of(some.integers(0, 99), some.booleans(), some.sampled_from(["x", "yes", "0755", "a,b", "#", "é"]))
LISTS = some.lists(WORDS, max_size=3, unique_by=repr)
MAPPINGS = some.recursive(
    some.dictionaries(KEYS, some.one_of(WORDS, LISTS), max_size=3),
    lambda inner: some.dictionaries(KEYS, some.one_of(WORDS, LISTS, inner), max_size=4),
    max_leaves=12,
)


class Indented(yaml.SafeDumper):
    """Lists further in than their key, as many people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        del indentless
        return super().increase_indent(flow, False)


def laid_out(value: Mapping[str, Any], style: bool | None, indent: int, dumper: type[yaml.SafeDumper]) -> str:
    """With a comment behind or below every line that can have one."""
    text = yaml.dump(
        value, Dumper=dumper, default_flow_style=style, indent=indent, allow_unicode=True, width=40, sort_keys=False
    )
    lines = []
    for number, line in enumerate(text.splitlines()):
        lines += [f"{line}  # {number}" if number % 2 else line]
        if number % 3 == 0:
            lines.append(f"{' ' * (len(line) - len(line.lstrip()))}# below {number}")
    return "\n".join(lines) + "\n" * (len(lines) % 2)


def expected(here: Any, said: Any) -> Any:
    match here, said:
        case dict(), dict():
            added = {key: value for key, value in said.items() if key not in here}
            return {key: expected(value, said[key]) if key in said else value for key, value in here.items()} | added
        case list(), list():
            return [*here, *(one for one in said if not any(one == other for other in here))]
        case (dict() | list(), _) | (_, dict() | list()):
            return here
    return said


def frozen(value: Any) -> Any:
    """Lists as the inventory's reader has them, and as they compare with it."""
    if isinstance(value, dict):
        return {key: frozen(one) for key, one in value.items()}
    return tuple(frozen(one) for one in value) if isinstance(value, list) else value


def imported(said: Mapping[str, Any], before: Mapping[str, Any], text: str) -> tuple[str, Mapping[str, Any]]:
    existing = SourceText(name="f", shown="f", text=text, content=text.encode())
    brought = bring(Proposal(said=said, gaps=(), diagnostics=()), before, existing, "")
    return brought.text, brought.said


@settings(deadline=None)
@given(
    here=MAPPINGS,
    said=MAPPINGS,
    style=some.sampled_from([True, False, None]),
    indent=some.sampled_from([2, 4]),
    dumper=some.sampled_from([yaml.SafeDumper, Indented]),
)
def test_any_layout_takes_what_is_said(
    here: dict[str, Any], said: dict[str, Any], style: bool | None, indent: int, dumper: type[yaml.SafeDumper]
) -> None:
    here = {"capsule": 1, **here}
    text = laid_out(here, style, indent, dumper)
    tree, problems = parse("f", text)
    assert tree is not None
    assert (problems, plain(tree)) == ((), frozen(here)), text
    made, memory = imported(said, here, text)
    again, _ = parse("f", made)
    assert again is not None
    assert plain(again) == frozen(expected(here, said)), (text, made)
    assert sorted(re.findall("# (?:below )?[0-9]+", made)) == sorted(re.findall("# (?:below )?[0-9]+", text))
    assert imported(said, memory, made)[0] == made
