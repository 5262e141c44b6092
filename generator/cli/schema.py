"""``gen schema``: the JSON Schema of the inventory."""

from __future__ import annotations

import json

import click

from generator.inventory.schema import json_schema


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the inventory, for editors."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
