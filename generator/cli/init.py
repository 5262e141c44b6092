"""``gen init``: a commented starter inventory."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import resources
from pathlib import Path

import click

FILE = "inventory.yml"
IGNORED = """\
# The secret that all ssh keys are derived from, and what is built with it: private keys among them.
*.secret
output/
"""


@click.command("init")
@click.argument("directory", required=False, default=Path(), type=click.Path(path_type=Path, file_okay=False))
def command(directory: Path) -> None:
    """Write a commented starter inventory into DIRECTORY (here, if none is named). Overwrites nothing."""
    path = directory / FILE
    starter = resources.files("generator.inventory").joinpath("starter.yml").read_bytes()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(starter)
        _ignore_secrets(directory / ".gitignore")
    except FileExistsError:
        click.echo(f"gen: {path} is there already; nothing was written.", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"gen: cannot write {error.filename}: {error.strerror}.", err=True)
        sys.exit(2)
    click.echo(f"Wrote {path}. Put your machines into it, then run `gen check {path}`.", err=True)


def _ignore_secrets(path: Path) -> None:
    """Keeps the secret out of git, where there is no list of what to ignore yet."""
    with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
        file.write(IGNORED)
