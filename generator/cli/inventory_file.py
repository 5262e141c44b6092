"""The one rule by which every command finds the inventory that it was not given."""

from __future__ import annotations

from pathlib import Path

import click

NAMES = ("capsule.yml", "capsule.yaml", "inventory.yml", "inventory.yaml")


def find_inventory(given: Path | None, here: Path | None = None) -> Path:
    """``given``, or the one inventory of the directory ``here``; raises `click.UsageError` where that is not clear.

    Looked for are `NAMES`, then the only YAML file in ``inventory/``.
    """
    if given is not None:
        return given
    directory = here or Path()
    for name in NAMES:
        if (directory / name).is_file():
            return directory / name
    found = sorted(path for path in (directory / "inventory").glob("*.y*ml") if path.suffix in (".yml", ".yaml"))
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(str(path) for path in found)
        raise click.UsageError(f"There are several inventories ({listed}): name the one you mean.")
    raise click.UsageError(
        f"There is no inventory here: none of {', '.join(NAMES)}, nothing in inventory/. Name it, or run `gen init`."
    )
