"""``gen explain``: the page of a diagnostic."""

from __future__ import annotations

import click

from generator.diagnostics import catalog
from generator.diagnostics.catalog import Page
from generator.inventory.refusal import meant


@click.command("explain")
@click.argument("codes", metavar="CODE...", nargs=-1, required=True)
def command(codes: tuple[str, ...]) -> None:
    """Print what each diagnostic CODE means and what to do; 401 means C0401."""
    pages = [_page(code) for code in codes]
    click.echo("\n".join(f"{page.code}: {page.title}\n\n{page.text}" for page in pages), nl=False)


def _page(said: str) -> Page:
    code = f"C{int(said):04d}" if said.isascii() and said.isdigit() and len(said) <= 4 else said.upper()
    page = catalog().get(code)
    if page is None:
        advice = meant(code, catalog(), "`docs/diagnostics.md` lists them all").partition("; there is")[0]
        raise click.UsageError(f"There is no diagnostic {said}: {advice}")
    return page
