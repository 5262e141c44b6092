"""A small fleet in a directory of its own, with its secret, and the command line run in-process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from generator.cli import main
from generator.keys import FleetSecret, format_secret

KAIZEN = Path(__file__).parents[2] / "inventory" / "kaizen.yml"
SBDI = KAIZEN.with_name("sbdi.yml")


def small_fleet(directory: Path) -> Path:
    """The example fleet's inventory with a fixed secret beside it."""
    return example_fleet(KAIZEN, directory)


def example_fleet(example: Path, directory: Path) -> Path:
    """An example's inventory in ``directory``, with a fixed secret beside it."""
    inventory = directory / example.name
    inventory.write_bytes(example.read_bytes())
    secret = inventory.with_suffix(".secret")
    secret.write_bytes(format_secret(FleetSecret(b"test" * 8)))
    secret.chmod(0o600)
    return inventory


def gen(*arguments: object) -> Result:
    """Run ``gen`` with ``arguments``."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def tree(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file below ``directory``."""
    return {
        path.relative_to(directory).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in directory.rglob("*")
        if path.is_file()
    }
