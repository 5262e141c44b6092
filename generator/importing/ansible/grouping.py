"""Hosts, groups and variables as an inventory's parts declare them, and their merging by Ansible's precedence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.importing.ansible.inventory import AnsibleInventory, assembled

PRIORITY = "ansible_group_priority"
# Variables that Ansible sets itself, whatever an inventory says, and that its listing leaves out.
INTERNAL = frozenset(
    # a list of words is easier to compare with Ansible's than forty quoted strings
    """ansible_async_path ansible_collection_name ansible_config_file ansible_dependent_role_names ansible_diff_mode
    ansible_facts ansible_forks ansible_inventory_sources ansible_limit ansible_play_batch ansible_play_hosts
    ansible_play_hosts_all ansible_play_role_names ansible_playbook_python ansible_role_name ansible_role_names
    ansible_run_tags ansible_skip_tags ansible_verbosity ansible_version inventory_dir inventory_file
    inventory_hostname inventory_hostname_short groups group_names hostvars playbook_dir play_hosts role_name
    role_names role_path role_uuid""".split()  # noqa: SIM905
)


class BadGrouping(ValueError):
    """Ansible would refuse the inventory: groups in a circle, an empty name."""


@dataclass(slots=True)
class _Group:
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)
    variables: dict[str, Any] = field(default_factory=dict)
    priority: int = 1


# Variables of a group or host from files beside an inventory: (directory, name) to mapping.
FileVariables = Callable[[str, str], Mapping[str, Any]]


class Grouping:
    """What has been declared so far. A host or group may be declared any number of times."""

    def __init__(self) -> None:
        self.groups: dict[str, _Group] = {"all": _Group(), "ungrouped": _Group()}
        self.hosts: dict[str, dict[str, Any]] = {}
        self.add_child("all", "ungrouped")

    def add_group(self, name: str) -> None:
        """Declares a group."""
        if not name:
            raise BadGrouping("a group has no name")
        self.groups.setdefault(name, _Group())

    def add_host(self, name: str, group: str, port: int | None) -> None:
        """Declares a host as a member of ``group``; a port counts where the host is declared first."""
        if not name:
            raise BadGrouping("a host has no name")
        if name not in self.hosts:
            self.hosts[name] = {"ansible_port": port} if port else {}
        self.groups[group].hosts[name] = None

    def add_child(self, parent: str, child: str) -> None:
        """Puts the group ``child`` below ``parent``; raises `BadGrouping` for a circle."""
        if parent == child or child in self._above(parent):
            raise BadGrouping(f"the groups `{parent}` and `{child}` contain each other")
        self.groups[parent].children[child] = None
        self.groups[child].parents.add(parent)

    def set_variable(self, name: str, key: str, value: Any) -> None:
        """Sets a variable of the group ``name``, or of the host where no group is called so."""
        group = self.groups.get(name)
        if group is None:
            self.hosts[name][key] = value
        elif key == PRIORITY:
            try:
                group.priority = int(value)
            except (TypeError, ValueError):
                raise BadGrouping(f"the priority of `{name}` is no number") from None
        else:
            group.variables[key] = value

    def merged(self, sources: Iterable[FileVariables]) -> AnsibleInventory:
        """The inventory, with variables from files: of ``sources``, each stronger than the one before."""
        self._complete()
        files = tuple(sources)
        depths = self._depths()
        above = {group: self._above(group) | {group} for group in self.groups}
        memberships: dict[str, set[str]] = {host: set() for host in self.hosts}
        for name, group in self.groups.items():
            for host in group.hosts:
                memberships[host] |= above[name] - {"all"}
        variables = {}
        for host, groups in memberships.items():
            ordered = sorted(groups, key=lambda each: (depths[each], self.groups[each].priority, each))
            variables[host] = self._variables(host, ordered, files)
        members = {name: tuple(group.hosts) for name, group in self.groups.items()}
        children = {name: tuple(group.children) for name, group in self.groups.items()}
        return assembled(variables, members, children)

    def _variables(self, host: str, groups: list[str], files: tuple[FileVariables, ...]) -> dict[str, Any]:
        """From weak to strong: what a file says of `all` is stronger than what the inventory says of any group."""
        made = dict(self.groups["all"].variables)
        for group in groups:
            made.update(self.groups[group].variables)
        for read in files:
            made.update(read("group_vars", "all"))
        for read in files:
            for group in groups:
                made.update(read("group_vars", group))
        made.update(self.hosts[host])
        for read in files:
            made.update(read("host_vars", host))
        return {key: value for key, value in made.items() if key not in INTERNAL}

    def _complete(self) -> None:
        """Everything is below `all`, and only hosts of no other group are `ungrouped`."""
        for name, group in self.groups.items():
            if name != "all" and not group.parents:
                self.add_child("all", name)
        grouped = {
            host for name, group in self.groups.items() if name not in ("all", "ungrouped") for host in group.hosts
        }
        loose = {host: None for host in self.hosts if host not in grouped}
        self.groups["ungrouped"].hosts = loose

    def _above(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self.groups[name].parents)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting.extend(self.groups[each].parents)
        return found

    def _depths(self) -> dict[str, int]:
        """The longest way down from `all` to each group."""
        depths = dict.fromkeys(self.groups, 0)
        waiting = {"all"}
        while waiting:
            below: set[str] = set()
            for name in waiting:
                for child in self.groups[name].children:
                    if depths[child] < depths[name] + 1:
                        depths[child] = depths[name] + 1
                        below.add(child)
            waiting = below
        return depths
