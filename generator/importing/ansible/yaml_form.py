"""Inventories in YAML form: groups with `hosts`, `vars` and `children`, nested as deep as one likes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.importing.ansible.grouping import BadGrouping, Grouping
from generator.importing.ansible.ranges import BadPattern, expand
from generator.importing.failures import ImportFailure, failure
from generator.source.text import SourceText

SECTIONS = ("vars", "children", "hosts")


class _BadGroup(ValueError):
    """What is wrong with a group."""


def read_groups(source: SourceText, groups: Mapping[str, Any], into: Grouping) -> None:
    """Adds the ``groups`` that ``source`` holds; raises `ImportFailure` (C0702) for what Ansible refuses."""
    try:
        for name, content in groups.items():
            _group(name, content, into)
    except (_BadGroup, BadPattern, BadGrouping) as wrong:
        raise _refused(source, str(wrong)) from None


def _refused(source: SourceText, message: str) -> ImportFailure:
    return failure("C0702", f"{source.shown}: {message}", "mend it; Ansible refuses such an inventory too")


def _group(name: str, content: Any, into: Grouping) -> None:
    if content is not None and not isinstance(content, Mapping):
        return  # Ansible says that it skips this, and goes on
    into.add_group(name)
    if not content:
        return
    sections = {section: _section(name, section, content[section]) for section in SECTIONS if section in content}
    # in the order of the file, as Ansible does it: of two values of one variable the later one counts
    for section in content:
        entries = sections.get(section)
        if not entries:
            continue
        match section:
            case "vars":
                for key, value in entries.items():
                    into.set_variable(name, key, value)
            case "children":
                _children(name, entries, into)
            case _:
                _hosts(name, entries, into)


def _section(group: str, section: str, entries: Any) -> Mapping[str, Any] | None:
    if isinstance(entries, str):
        return {entries: None}
    if entries is not None and not isinstance(entries, Mapping):
        raise _BadGroup(f"`{section}` of the group `{group}` is not a mapping")
    return entries


def _children(name: str, children: Mapping[str, Any], into: Grouping) -> None:
    for child, content in children.items():
        _group(child, content, into)
        if child not in into.groups:
            raise _BadGroup(f"the child `{child}` of the group `{name}` is not a mapping")
        into.add_child(name, child)


def _hosts(group: str, hosts: Mapping[str, Any], into: Grouping) -> None:
    for pattern, variables in hosts.items():
        names, port = expand(pattern)
        if variables and not isinstance(variables, Mapping):
            raise _BadGroup(f"the variables of `{pattern}` are not a mapping")
        for name in names:
            into.add_host(name, group, port)
            for key, value in (variables or {}).items():
                into.set_variable(name, key, value)
