"""Small inventories for tests, written as data."""

from __future__ import annotations

import json
from typing import Any

import yaml

from generator.inventory.loading import LoadResult, resolve
from generator.source import SourceText

KEYS = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILp1SyOJec5Gj/VvYTHbDOzCukZaM7LUJZfH1lBMre7c",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILzIKxzuB9I0MjBx2uLqFqiZoGmwdUuR/DmLD8KySELY",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN98fJta8mPzMFBKa79PxWekzDkLbmwQvihjz+mKWNoD",
)


def load_text(text: str) -> LoadResult:
    """The result of resolving ``text``."""
    return resolve(SourceText(name="fleet.yml", shown="fleet.yml", text=text, content=text.encode()))


def text_of(document: dict[str, Any]) -> str:
    """YAML without aliases, which the inventory language refuses."""
    copied = json.loads(json.dumps(document))
    return str(yaml.safe_dump(copied, sort_keys=False, allow_unicode=True))
