"""Inventories in INI form: sections of hosts, of child groups and of variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from generator.importing.ansible.grouping import BadGrouping, Grouping
from generator.importing.ansible.ranges import BadPattern, expand
from generator.importing.ansible.values import ini_value
from generator.importing.failures import failure_at
from generator.source.text import SourceText

SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?\Z")
CHILD = re.compile(r"([^:\]\s]+)\s*(?:#.*)?\Z")
COMMENTS = (";", "#")
MEND = "mend the line; Ansible refuses such an inventory too"


class _BadLine(ValueError):
    """What is wrong with a line: the one that is being read, or the one with ``number``."""

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number


def read_ini(source: SourceText, into: Grouping) -> None:
    """Adds what ``source`` declares; raises `ImportFailure` (C0702) at the first line that Ansible refuses."""
    reader = _Reader(into)
    try:
        # the same line ends as Ansible counts: form feeds and separators too
        for number, line in enumerate(source.text.splitlines(), start=1):
            if (text := line.strip()) and not text.startswith(COMMENTS):
                reader.line(number, text)
        reader.finish()
    except (_BadLine, BadPattern, BadGrouping) as wrong:
        place = getattr(wrong, "number", None) or reader.number
        raise failure_at(source, place, "C0702", str(wrong), MEND) from None


class _Reader:
    def __init__(self, into: Grouping) -> None:
        self.into = into
        self.group = "ungrouped"
        self.state: Callable[[str], None] = self._host
        self.number = 0
        # groups that were used and must still be declared: with the line of their first use, and what it was
        self.awaited: dict[str, tuple[int, str]] = {}
        self.pending: list[tuple[str, str]] = []  # (parent, child), where the child was not declared yet

    def line(self, number: int, text: str) -> None:
        self.number = number
        if match := SECTION.match(text):
            self._section(match.group(1), match.group(2) or "hosts")
        elif text.startswith("[") and text.endswith("]"):
            raise _BadLine(f"`{text}` is not a section: a name without blanks, and perhaps :children or :vars")
        else:
            self.state(text)

    def finish(self) -> None:
        """Binds children that were declared later."""
        for group, (number, use) in self.awaited.items():
            raise _BadLine(f"the group `{group}` has {use} here, and is declared nowhere", number)
        for parent, child in self.pending:
            self.into.add_child(parent, child)

    def _section(self, group: str, kind: str) -> None:
        states = {"hosts": self._host, "children": self._child, "vars": self._variable}
        if kind not in states:
            raise _BadLine(f"`{kind}` is no kind of section: there are hosts, :children and :vars")
        self.group, self.state = group, states[kind]
        if kind != "vars":
            self.awaited.pop(group, None)
        elif group not in self.into.groups and group not in self.awaited:
            self.awaited[group] = (self.number, "variables")
        self.into.add_group(group)

    def _host(self, text: str) -> None:
        try:
            tokens = shlex.split(text, comments=True)
        except ValueError as error:
            raise _BadLine(f"the quotes in this line do not match: {error}") from None
        names, port = expand(tokens[0])
        variables: dict[str, Any] = {}
        for token in tokens[1:]:
            key, equals, value = token.partition("=")
            if not equals:
                raise _BadLine(f"`{token}` is not key=value; what follows a host are its variables")
            variables[key] = ini_value(value)
        for name in names:
            self.into.add_host(name, self.group, port)
            for key, value in variables.items():
                self.into.set_variable(name, key, value)

    def _child(self, text: str) -> None:
        match = CHILD.match(text)
        if match is None:
            raise _BadLine(f"`{text}` is not the name of a group")
        child = match.group(1)
        if child in self.into.groups and child not in self.awaited:
            self.into.add_child(self.group, child)
            return
        self.awaited.setdefault(child, (self.number, "a parent"))
        self.pending.append((self.group, child))

    def _variable(self, text: str) -> None:
        key, equals, value = text.partition("=")
        if not equals:
            raise _BadLine(f"`{text}` is not key=value, as lines in a section of variables are")
        self.into.set_variable(self.group, key.strip(), ini_value(value.strip()))
