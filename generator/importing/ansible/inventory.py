"""An Ansible inventory as it is after all merging: hosts with their variables, and groups with all their hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.importing.order import natural

# Groups that Ansible has in every inventory; they say nothing about a host.
BUILT_IN = ("all", "ungrouped")
VAULT = "__ansible_vault"
UNSAFE = "__ansible_unsafe"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsibleHost:
    """A host; ``variables`` are merged by Ansible's precedence, not templated, and hold what JSON can."""

    name: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsibleInventory:
    """Hosts in natural order; ``groups`` maps each group that has hosts to all of them, those of its children too."""

    hosts: tuple[AnsibleHost, ...]
    groups: Mapping[str, tuple[str, ...]]

    def in_group(self, group: str) -> tuple[str, ...]:
        """The hosts of ``group``; none where there is no such group."""
        return self.groups.get(group, ())


def assembled(
    variables: Mapping[str, Mapping[str, Any]],
    members: Mapping[str, Iterable[str]],
    children: Mapping[str, Iterable[str]],
) -> AnsibleInventory:
    """Hosts with their merged ``variables``, in groups with direct ``members`` and ``children`` groups."""
    groups: dict[str, tuple[str, ...]] = {}
    for group in {*members, *children}:
        found: set[str] = set()
        for each in _descendants(group, children):
            found.update(members.get(each, ()))
        if found and group not in BUILT_IN:
            groups[group] = tuple(sorted(found, key=natural))
    hosts = tuple(
        AnsibleHost(name=name, variables=dict(sorted(variables[name].items())))
        for name in sorted(variables, key=natural)
    )
    return AnsibleInventory(hosts=hosts, groups=dict(sorted(groups.items())))


def _descendants(group: str, children: Mapping[str, Iterable[str]]) -> set[str]:
    """``group`` and everything below it."""
    found: set[str] = set()
    waiting = [group]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(children.get(each, ()))
    return found


def is_template(value: object) -> bool:
    """Whether Ansible would have to evaluate ``value`` first: Jinja, or encrypted."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    return isinstance(value, Mapping) and VAULT in value
