"""Which variables a script sets, and which of them are sealed paths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tree_sitter import Node

from generator.verify.bash_tree import Script, text

_NAME = re.compile(r"[A-Za-z_]\w*")
_READERS = ("read", "mapfile", "readarray", "getopts")
_PRINTING = ("-p", "-f", "-F")
_NAMING_OPTIONS = {"printf": "-v", "wait": "-p"}


def assigned_names(script: Script) -> frozenset[str]:
    """Every variable that some statement of ``script`` sets."""
    return frozenset(name for name, _ in _assignments(script))


def sealed_names(script: Script) -> frozenset[str]:
    """Variables that are set once, to a literal absolute path in single quotes."""
    found = list(_assignments(script))
    times = Counter(name for name, _ in found)
    return frozenset(name for name, value in found if times[name] == 1 and re.fullmatch(r"'/[^']*'", value))


def _assignments(script: Script) -> Iterator[tuple[str, str]]:
    """Pairs of a variable and the text that it is set to, empty where that is not literal."""
    for node, _ in script.nodes("variable_assignment"):
        target = node.named_children[0]
        name = target.named_children[0] if target.type == "subscript" else target
        value = node.child_by_field_name("value")
        yield text(name), "" if value is None else text(value)
    for node, _ in script.nodes("declaration_command"):
        if any(text(child) in _PRINTING for child in node.named_children):
            continue
        yield from ((text(child), "") for child in node.named_children if child.type == "variable_name")
    for node, _ in script.nodes("for_statement"):
        variable = node.child_by_field_name("variable")
        if variable is not None:
            yield text(variable), ""
    for node, _ in script.nodes("command"):
        yield from ((name, "") for name in _set_by_command(node))


def _set_by_command(node: Node) -> Iterator[str]:
    name = node.child_by_field_name("name")
    words = [text(child).strip("\"'") for child in node.named_children if child.type != "command_name"]
    command = "" if name is None else text(name)
    if command in _READERS:
        yield from (found[0] for word in words if (found := _NAME.match(word)))
    elif command in _NAMING_OPTIONS and _NAMING_OPTIONS[command] in words:
        position = words.index(_NAMING_OPTIONS[command]) + 1
        yield from words[position : position + 1]
    elif command == "exec":
        yield from (found[1] for word in words if (found := re.match(r"\{(\w+)\}", word)))
