"""Variables in files: `group_vars/` and `host_vars/` beside an inventory or beside playbooks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.importing.ansible.files import read_text
from generator.importing.ansible.values import BadValue, yaml_value
from generator.importing.failures import failure, failure_at

EXTENSIONS = ("", ".yml", ".yaml", ".json")


class VariableFiles:
    """The variables in files below ``directory``; each file is read once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[tuple[str, str], Mapping[str, Any]] = {}

    def __call__(self, kind: str, name: str) -> Mapping[str, Any]:
        """Variables of the group or host ``name`` in ``kind``: `group_vars` or `host_vars`; later files win."""
        if (kind, name) not in self._known:
            made: dict[str, Any] = {}
            # a name that is a path is that of a chroot, not of a file; one with a slash would leave the directory
            if "/" not in name and name not in (".", ".."):
                for path in _files(self._directory / kind, name):
                    made.update(_variables(path))
            self._known[kind, name] = made
        return self._known[kind, name]


def _files(directory: Path, name: str) -> list[Path]:
    for extension in EXTENSIONS:
        path = directory / f"{name}{extension}"
        if path.is_dir():
            return _below(path)
        if path.exists():
            return [path]
    return []


def _below(directory: Path) -> list[Path]:
    found = []
    for name in sorted(each.name for each in directory.iterdir()):
        path = directory / name
        extension = os.path.splitext(name)[1]  # noqa: PTH122  # Path.suffix has other rules for names that end with a dot
        if name.startswith(".") or name.endswith("~"):
            continue
        if path.is_dir() and not extension:
            found += _below(path)
        elif path.is_file() and extension in EXTENSIONS:
            found.append(path)
    return found


def _variables(path: Path) -> Mapping[str, Any]:
    source = read_text(path)
    try:
        value = yaml_value(source.text)
    except BadValue as wrong:
        message = f"this is not YAML: {wrong}"
        raise failure_at(source, wrong.line or 1, "C0702", message, "mend it; Ansible refuses it too") from None
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise failure("C0702", f"{path} is not a mapping of variables", "mend it; Ansible refuses it too")
    return value
