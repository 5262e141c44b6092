"""What `ansible-inventory --list` prints: groups with hosts and children, and every host's merged variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from generator.importing.ansible.inventory import AnsibleInventory, assembled
from generator.importing.ansible.values import json_value

META = "_meta"


class BadListing(ValueError):
    """The text is no such listing."""


def is_listing(text: str) -> bool:
    """Whether ``text`` is meant to be one: JSON with Ansible's `_meta`."""
    if not text.lstrip().startswith("{") or f'"{META}"' not in text:
        return False
    try:
        return META in json.loads(text)
    except (ValueError, RecursionError):
        return False


def read_listing(text: str) -> AnsibleInventory:
    """The inventory that ``text`` lists; raises `BadListing`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadListing(f"it is not JSON: {error}") from None
    hosts = _mapping(_mapping(_mapping(value).get(META, {})).get("hostvars", {}))
    variables: dict[str, Mapping[str, Any]] = {name: json_value(_mapping(one)) for name, one in hosts.items()}
    members: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    for name, group in value.items():
        if name != META:
            members[name] = _names(_mapping(group).get("hosts", []))
            children[name] = _names(_mapping(group).get("children", []))
    for group in members.values():
        for host in group:
            variables.setdefault(host, {})
    return assembled(variables, members, children)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadListing("a mapping is missing in it")
    return value


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadListing("a list of names is missing in it")
    return value
