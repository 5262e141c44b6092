"""``gen explain``: the page of a diagnostic."""

from __future__ import annotations

import click

from generator.diagnostics import catalog
from generator.inventory.refusal import meant


@click.command("explain")
@click.argument("code")
def command(code: str) -> None:
    """Print what the diagnostic CODE means and what to do."""
    page = catalog().get(code.upper())
    if page is None:
        advice = meant(code.upper(), catalog(), "`docs/diagnostics.md` lists them all").partition("; there is")[0]
        raise click.UsageError(f"There is no diagnostic {code}: {advice}")
    click.echo(f"{page.code}: {page.title}\n\n{page.text}", nl=False)
