"""Our own reader: what Ansible's `ini` and `yaml` inventory plugins would read, without running anything."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from generator.importing.ansible.files import ADVICE, read_text
from generator.importing.ansible.grouping import BadGrouping, Grouping
from generator.importing.ansible.ini import read_ini
from generator.importing.ansible.inventory import AnsibleInventory
from generator.importing.ansible.values import BadValue, yaml_value
from generator.importing.ansible.variable_files import VariableFiles
from generator.importing.ansible.yaml_form import read_groups
from generator.importing.failures import ImportFailure, failure, failure_at
from generator.source.text import SourceText

YAML_EXTENSIONS = ("", ".yml", ".yaml", ".json")
# In a directory of inventories Ansible passes over these; .ini too, which is meant for settings of scripts.
IGNORED = re.compile(
    r"^\.|^(host_vars|group_vars|vars_plugins)$|(\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$"
)


def read_inventory(path: Path, playbooks: Path | None) -> AnsibleInventory:
    """The inventory at ``path``, a file or a directory of them, with the variables in files beside it and those of
    ``playbooks``; raises `ImportFailure`."""
    into = Grouping()
    for file in _files(path):
        _read(file, into)
    beside = path if path.is_dir() else path.absolute().parent
    directories = [beside] if playbooks is None else [beside, playbooks]
    try:
        return into.merged([VariableFiles(directory) for directory in directories])
    except BadGrouping as wrong:
        raise failure("C0702", f"{path}: {wrong}", "mend it; Ansible refuses such an inventory too") from None


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = []
    try:
        names = sorted(each.name for each in path.iterdir())
    except OSError as error:
        raise failure("C0701", f"cannot read {path}: {error.strerror}", ADVICE) from error
    for name in names:
        if not IGNORED.search(name):
            found += _files(path / name)
    return found


def _read(path: Path, into: Grouping) -> None:
    source = read_text(path)
    _refuse_script(source)
    extension = os.path.splitext(path.name)[1]  # noqa: PTH122  # Path.suffix has other rules for names that end with a dot
    if extension not in YAML_EXTENSIONS:
        return read_ini(source, into)
    try:
        value = yaml_value(source.text)
    except BadValue as wrong:
        return _perhaps_ini(source, extension, wrong, into)
    if not isinstance(value, Mapping) or not value:
        return _perhaps_ini(source, extension, BadValue("it is no mapping of groups"), into)
    if value.get("plugin"):
        message = f"{source.shown} is the configuration of the inventory plugin `{value['plugin']}`"
        raise failure("C0703", message, _listed(source))
    return read_groups(source, value, into)


def _perhaps_ini(source: SourceText, extension: str, wrong: BadValue, into: Grouping) -> None:
    """What is not YAML may be INI, whatever it is called; but of a YAML file its own fault is the one to tell."""
    try:
        read_ini(source, into)
    except ImportFailure:
        if not extension:
            raise
        message = f"this is not an inventory in YAML: {wrong}"
        advice = "mend it; Ansible refuses it too"
        raise failure_at(source, wrong.line or 1, "C0702", message, advice) from None


def _refuse_script(source: SourceText) -> None:
    if source.text.startswith("#!"):
        raise failure("C0703", f"{source.shown} is a program that prints an inventory", _listed(source))


def _listed(source: SourceText) -> str:
    return f"Capsule runs nothing of yours: `ansible-inventory -i {source.shown} --list > list.json`, and import that"
