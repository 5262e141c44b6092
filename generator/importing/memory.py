"""What the last import said, in a file beside the inventory: by it a change of the source is told from a person's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.importing.failures import failure

FORMAT = 1


def memory_path(inventory: Path) -> Path:
    """Where the memory of ``inventory`` lies: it belongs into version control, as the inventory does."""
    return inventory.with_name(f"{inventory.name}.imported")


def remember(said: Mapping[str, Any]) -> str:
    """The contents of a memory; byte-identical for what is equal."""
    return json.dumps({"format": FORMAT, "said": said}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def recall(path: Path) -> Mapping[str, Any]:
    """What was said before; empty where nothing was imported yet. Raises `ImportFailure` (C0723)."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("said"), dict):
        raise _damaged(path, f"it is not of format {FORMAT}")
    said: Mapping[str, Any] = value["said"]
    return said


def _damaged(path: Path, reason: str) -> Exception:
    advice = "take it from version control; or delete it: then every difference from the source is a conflict, once"
    return failure("C0723", f"what was imported before cannot be read: {path}: {reason}", advice)
