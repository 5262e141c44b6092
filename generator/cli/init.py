"""``gen init``: a commented starter inventory."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import click

FILE = "inventory.yml"


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
    except FileExistsError:
        click.echo(f"gen: {path} is there already; nothing was written.", err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"gen: cannot write {path}: {error.strerror}; nothing was written.", err=True)
        sys.exit(2)
    click.echo(f"Wrote {path}. Put your machines into it, then run `gen check {path}`.", err=True)
