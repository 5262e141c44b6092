"""Facts that Ansible has gathered: a directory of its JSON fact cache, or of what `ansible -m setup --tree` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from generator.importing.failures import failure

# Newer versions of Ansible put the version of the file's form before the host's name.
PREFIXES = ("", "s1_")
SUFFIXES = ("", ".json")


def read_facts(directory: Path, hosts: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    """Facts by host, for those ``hosts`` that ``directory`` has a file of; raises `ImportFailure` (C0704)."""
    if not directory.is_dir():
        advice = "name the directory of the cache: `fact_caching_connection` in ansible.cfg"
        raise failure("C0704", f"{directory} is not a directory of facts", advice)
    found = {}
    for host in hosts:
        path = _path(directory, host)
        if path is not None:
            found[host] = _facts(path)
    return found


def _path(directory: Path, host: str) -> Path | None:
    if "/" in host:
        return None
    for prefix in PREFIXES:
        for suffix in SUFFIXES:
            path = directory / f"{prefix}{host}{suffix}"
            if path.is_file():
                return path
    return None


def _facts(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
        if isinstance(value, dict) and isinstance(value.get("__payload__"), str):
            value = json.loads(value["__payload__"])
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(value, dict):
        raise _damaged(path, "it is no mapping")
    facts = value.get("ansible_facts", value)
    if not isinstance(facts, dict):
        raise _damaged(path, "its facts are no mapping")
    return facts


def _damaged(path: Path, reason: str) -> Exception:
    return failure(
        "C0704", f"the facts in {path} cannot be read: {reason}", "gather them again, or move the file away"
    )
