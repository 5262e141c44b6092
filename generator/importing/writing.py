"""New lines of an inventory: mappings as blocks, small ones and lists on one line, words quoted where needed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from generator.source.scalars import Ambiguous, resolve_plain

WIDEST = 118
STEP = 2
# What no YAML reader takes for anything but text, wherever it stands.
PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./+@-]*\Z")


def scalar(value: Any) -> str:
    """``value`` as YAML and as our own reader understand it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    try:
        if PLAIN.match(text) and resolve_plain(text) == text:
            return text
    except Ambiguous:
        pass
    return json.dumps(text, ensure_ascii=False)


def flow(value: Any) -> str:
    """``value`` on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return scalar(value)


def entry(key: str, value: Any, indent: int, blocks: int = 0) -> str:
    """The lines of ``key`` with ``value``, indented, with a final line break.

    A mapping is a block if it has mappings in it or does not fit, and on the first ``blocks`` levels.
    """
    head = f"{' ' * indent}{scalar(key)}:"
    line = f"{head} {flow(value)}\n"
    if not isinstance(value, (Mapping, list, tuple)) or not value:
        return line
    if isinstance(value, Mapping):
        nested = any(_has_mapping(one) for one in value.values())
        if blocks < 1 and not nested and len(line) <= WIDEST:
            return line
        return f"{head}\n" + "".join(entry(name, one, indent + STEP, blocks - 1) for name, one in value.items())
    if len(line) <= WIDEST and not any(isinstance(one, Mapping) for one in value):
        return line
    return f"{head}\n" + "".join(f"{' ' * (indent + STEP)}- {flow(one)}\n" for one in value)


def _has_mapping(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(isinstance(one, Mapping) for one in value)
    return isinstance(value, Mapping)
