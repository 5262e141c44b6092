"""Importing again: what people wrote stays, byte by byte; what the source says comes in; what contradicts is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.diagnostics import Severity
from generator.importing.bringing import Brought, bring
from generator.importing.failures import ImportFailure
from generator.importing.proposal import Gap, Proposal
from generator.source import SourceText, parse, plain

ROOT = Path(__file__).parents[2]
KAIZEN = (ROOT / "inventory/kaizen.yml").read_text("utf-8")
STARTER = (ROOT / "generator/inventory/starter.yml").read_text("utf-8")


def source_text(text: str) -> SourceText:
    return SourceText(name="fleet.yml", shown="fleet.yml", text=text, content=text.encode())


def importing(
    said: Mapping[str, Any], text: str | None, before: Mapping[str, Any] | None = None, *gaps: Gap
) -> Brought:
    proposal = Proposal(said=said, gaps=gaps, diagnostics=())
    return bring(proposal, before or {}, None if text is None else source_text(text), "# heading\n")


def codes(brought: Brought) -> list[str]:
    return [one.code for one in brought.diagnostics]


def read(text: str) -> Any:
    tree, problems = parse("fleet.yml", text)
    assert tree is not None
    assert not problems
    return plain(tree)


def test_a_second_import_of_the_same_changes_nothing() -> None:
    said = {"fleet": "x", "groups": {"g": {"nodes": ["a"]}}, "nodes": {"a": {}, "b": {"site": "s"}}, "plans": {}}
    first = importing(said, None)
    assert read(first.text) == {"capsule": 1, **said, "groups": {"g": {"nodes": ("a",)}}}
    second = importing(said, first.text, first.said)
    assert (second.text, codes(second)) == (first.text, [])
    assert second.said == first.said


@pytest.mark.parametrize("text", [KAIZEN, STARTER], ids=["kaizen", "starter"])
def test_every_line_of_a_person_stays(text: str) -> None:
    group = "computes" if text is KAIZEN else "servers"
    said = {
        "groups": {group: {"nodes": ["new-1"]}, "fresh": {"nodes": ["new-1"]}},
        "nodes": {"new-1": {"reach": {"address": "10.0.0.1"}}, "new-2": {}},
    }
    brought = importing(said, text)
    assert codes(brought) == []
    made, old = brought.text.splitlines(), text.splitlines()
    lost = [line for line in old if line not in made]
    assert [line.strip() for line in lost] == [one.strip() for one in old if one in lost and "nodes: [" in one]
    assert len(lost) == 1, "only the list that got a member"
    # a new node stands with the others, and not below the comment that introduces the plans
    plans = next(number for number, line in enumerate(made) if line.startswith("plans:"))
    last = next(number for number, line in enumerate(made) if line == "  new-2: {}")
    between = [line for line in made[last + 1 : plans] if line.strip()]
    assert all(line.startswith("#") for line in between)
    assert read(brought.text)["nodes"]["new-1"] == {"reach": {"address": "10.0.0.1"}}
    assert "new-1" in read(brought.text)["groups"][group]["nodes"]


BEFORE = {"nodes": {"a": {"reach": {"address": "10.0.0.1"}, "host_keys": ["k1"]}, "b": {}}}
OURS = """\
capsule: 1
nodes:
  a:   # mine
    reach: {address: 10.0.0.1, port: 22}  # ours
    host_keys: [k1]
    site: cellar
  b: {}
  mine: {}
"""


def changed(address: str = "10.0.0.1", keys: tuple[str, ...] = ("k1",), **more: Any) -> dict[str, Any]:
    return {"nodes": {"a": {"reach": {"address": address}, "host_keys": list(keys)}, **more}}


def test_what_the_source_changed_is_changed() -> None:
    brought = importing(changed("10.0.0.9", b={}), OURS, BEFORE)
    assert codes(brought) == []
    assert brought.text == OURS.replace("10.0.0.1", "10.0.0.9")


def test_what_a_person_changed_stays() -> None:
    mine = OURS.replace("10.0.0.1", "10.0.0.2")
    brought = importing(changed(b={}), mine, BEFORE)
    assert (brought.text, codes(brought)) == (mine, [])


def test_what_both_changed_is_a_conflict_once() -> None:
    mine = OURS.replace("10.0.0.1", "10.0.0.2")
    brought = importing(changed("10.0.0.9", b={}), mine, BEFORE)
    assert brought.text == mine
    (conflict,) = brought.diagnostics
    assert (conflict.code, conflict.severity) == ("C0720", Severity.ERROR)
    assert conflict.span is not None
    assert (conflict.span.line, conflict.span.column, conflict.span.length) == (4, 22, 8)
    assert "10.0.0.9" in conflict.message
    again = importing(changed("10.0.0.9", b={}), mine, brought.said)
    assert (again.text, codes(again)) == (mine, [])


def test_without_a_memory_every_difference_is_a_conflict() -> None:
    brought = importing(changed("10.0.0.9", b={}), OURS)
    assert (brought.text, codes(brought)) == (OURS, ["C0720"])


def test_a_machine_that_is_gone_is_reported_and_stays() -> None:
    brought = importing(changed(), OURS, BEFORE)
    (gone,) = brought.diagnostics
    assert (gone.code, gone.severity, gone.span and gone.span.line) == ("C0721", Severity.WARNING, 7)
    assert brought.text == OURS
    assert codes(importing(changed(), OURS, brought.said)) == ["C0721"], "until it is deleted here too"
    deleted = OURS.replace("  b: {}\n", "")
    assert codes(importing(changed(), deleted, brought.said)) == []


def test_a_new_host_key_stands_beside_the_old_one() -> None:
    brought = importing(changed(keys=("k2",), b={}), OURS, BEFORE)
    assert codes(brought) == ["C0721"]
    assert "host_keys: [k1, k2]" in brought.text


@pytest.mark.parametrize(
    ("pinned", "before", "code"),
    [
        ("[k9]", None, "C0720"),
        ("[k1, k9]", BEFORE, "C0720"),
        ("[k9]", BEFORE, "C0720"),
        ("[k2]", None, ""),
        ("[]", None, ""),
    ],
)
def test_a_pinned_key_is_joined_by_no_other_without_a_person(
    pinned: str, before: Mapping[str, Any] | None, code: str
) -> None:
    text = OURS.replace("[k1]", pinned)
    brought = importing(changed(keys=("k2",), b={}), text, before)
    assert codes(brought) == [code] * bool(code)
    assert (brought.text == text) is (pinned != "[]")


def test_what_a_person_deleted_does_not_come_back() -> None:
    without = OURS.replace("    host_keys: [k1]\n", "").replace("  b: {}\n", "")
    brought = importing(changed(b={}), without, BEFORE)
    assert (brought.text, codes(brought)) == (without, ["C0722", "C0722"])


def test_facts_that_are_not_given_again_are_not_gone() -> None:
    brought = importing({"nodes": {"a": {"reach": {"address": "10.0.0.1"}}, "b": {}}}, OURS, BEFORE)
    assert (brought.text, codes(brought)) == (OURS, [])
    later = importing(changed(keys=("k2",), b={}), OURS, brought.said)
    assert "host_keys: [k1, k2]" in later.text


STORES = {"plans": {"p": {"stores": [{"node": "s1", "device": "/dev/vdb"}, {"node": "s2"}]}}}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        (
            "    stores: [{node: s1, path: /x}]\n",
            "    stores: [{node: s1, path: /x, device: /dev/vdb}, {node: s2}]\n",
        ),
        (
            "    stores:\n      - node: s1  # first\n        path: /x\n      # the end\n",
            "    stores:\n      - node: s1  # first\n        path: /x\n        device: /dev/vdb\n"
            "      - {node: s2}\n      # the end\n",
        ),
        (
            "    stores:\n    - {node: s1, device: /dev/vdb}\n",
            "    stores:\n    - {node: s1, device: /dev/vdb}\n    - {node: s2}\n",
        ),
        ("    stores: [ # none\n    ]\n", "    stores: [ # none\n    {node: s1, device: /dev/vdb}, {node: s2}]\n"),
    ],
)
def test_lists_of_mappings_are_merged_by_node(text: str, becomes: str) -> None:
    head = "capsule: 1\nplans:\n  p:\n"
    assert importing(STORES, head + text).text == head + becomes


@pytest.mark.parametrize(
    "text",
    [
        "capsule: 1\nnodes: {}",
        "capsule: 1\nnodes: {}   # none yet\nplans: {}\n",
        "capsule: 1\nnodes: {a: {site: x}}\n",
        "capsule: 1\nnodes:\n    a:\n        site: x\n    # the last\n",
        "{capsule: 1, nodes: {}}\n",
        "capsule: 1\nnodes: {\n  a: {},\n  b: {}\n}\n",
        'capsule: 1\nnodes:\n  "a": {\n    site: x,  # one\n  }\n',
    ],
)
def test_any_way_of_writing_takes_new_entries(text: str) -> None:
    said = {"fleet": "f", "nodes": {"a": {"reach": {"address": "10.0.0.1"}, "site": "x"}, "b": {}, "c": {}}}
    made = importing(said, text)
    assert read(made.text) == {**read(text), **said}
    assert re.findall("#.*", made.text) == re.findall("#.*", text)


def gap(place: tuple[str, ...], key: str) -> Gap:
    return Gap(
        place=place, keys=(key,), hint=f"{key}, please", code="C0711", subject=place[-1], problem="p", advice="a"
    )


def test_a_gap_is_marked_and_reported_until_it_is_filled() -> None:
    gaps = (gap(("nodes", "a"), "host_keys"), gap(("nodes", "b"), "host_keys"))
    first = importing({"nodes": {"a": {"site": "x"}, "b": {}}}, None, None, *gaps)
    assert (
        "  a:\n    # to add: host_keys, please\n    site: x\n  b: {}\n    # to add: host_keys, please\n" in first.text
    )
    assert [one.message for one in first.diagnostics] == ["p: a, b"]
    filled = first.text.replace("  b: {}\n", "  b:\n    host_keys: [k]\n")
    second = importing({"nodes": {"a": {"site": "x"}, "b": {}}}, filled, first.said, *gaps)
    assert [one.message for one in second.diagnostics] == ["p: a"]
    assert second.text.count("# to add") == 1
    deleted = second.text.replace("  a:\n    # to add: host_keys, please\n    site: x\n", "")
    third = importing({"nodes": {"a": {"site": "x"}, "b": {}}}, deleted, first.said, *gaps)
    assert codes(third) == ["C0722"], "a node that a person removed lacks nothing"


def test_a_file_that_is_no_inventory_is_left_alone() -> None:
    with pytest.raises(ImportFailure) as failed:
        importing({"nodes": {}}, "capsule: 1\nnodes: &all {}\n")
    assert failed.value.diagnostic.code == "C0106"


def test_a_gap_may_be_filled_where_all_share_it() -> None:
    size = ("datasets", "d", "snapshot", "size")
    deep = replace(gap(("nodes", "a"), "unused"), keys=size, instead=("profiles", "p", *size))
    said = {"profiles": {"p": {"datasets": {"d": {"snapshot": {"engine": "lvm"}}}}}, "nodes": {"a": {}}}
    first = importing(said, None, None, deep)
    assert codes(first) == ["C0711"]
    shared = first.text.replace("{engine: lvm}", "{engine: lvm, size: 5G}")
    assert "# to add" in shared
    second = importing(said, shared, first.said, deep)
    assert (codes(second), "# to add" in second.text) == ([], False)
