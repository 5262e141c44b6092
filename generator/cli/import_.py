"""``gen import``: an inventory from what the platform already has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from generator.cli.console import PROBLEMS, TROUBLE, refuse, show, trouble
from generator.diagnostics import Severity
from generator.importing.ansible.source import READERS, AnsibleSource, propose
from generator.importing.bringing import Brought, bring
from generator.importing.failures import ImportFailure
from generator.importing.memory import memory_path, recall, remember
from generator.importing.proposal import Proposal
from generator.importing.puppetdb.facts import read_directory
from generator.importing.puppetdb.query import PuppetDb, read_puppetdb
from generator.importing.puppetdb.source import propose as propose_puppet
from generator.inventory.values import WORD
from generator.source import SourceText, read_source

SSL = Path("/etc/puppetlabs/puppet/ssl")
HEADING = """\
# Imported from {platform}. Import again whenever that changes: what you write here stays, comments too.
# Lines that begin with `# to add:` say what {platform} does not know; they go by themselves once it is there.
"""


@click.group("import")
def command() -> None:
    """Write an inventory from what the platform already has."""


@command.command("ansible")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write or update this inventory."
)
@click.option("--fleet", help="The fleet's name, which Ansible does not know.")
@click.option("--facts", type=click.Path(path_type=Path), help="A directory of cached facts: addresses, host keys.")
@click.option("--playbooks", type=click.Path(path_type=Path), help="A directory with group_vars/ beside playbooks.")
@click.option(
    "--reader", type=click.Choice(READERS), default="auto", help="Who reads: Ansible where it is, or Capsule itself."
)
def ansible(
    source: Path, output: Path | None, fleet: str | None, facts: Path | None, playbooks: Path | None, reader: str
) -> None:
    """Write what Ansible knows: SOURCE is an inventory (INI, YAML or a directory), or a listing of one.

    What Ansible does not know is said, and marked in the inventory; the status is then 1.
    """
    _check_name(fleet)
    read = AnsibleSource(path=source, playbooks=playbooks, facts=facts, reader=reader)
    _import(lambda: propose(read, fleet), output, "Ansible")


@command.command("puppetdb")
@click.argument("source")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write or update this inventory."
)
@click.option("--fleet", help="The fleet's name, which Puppet does not know.")
@click.option("--ca", type=click.Path(path_type=Path), default=SSL / "certs/ca.pem", help="Who signed for PuppetDB.")
@click.option("--cert", type=click.Path(path_type=Path), help="The certificate that this machine shows.")
@click.option("--key", type=click.Path(path_type=Path), help="The private key of that certificate.")
def puppetdb(
    source: str, output: Path | None, fleet: str | None, ca: Path, cert: Path | None, key: Path | None
) -> None:
    """Write what Puppet knows: SOURCE is https://PUPPETDB:8081, or a directory with one file of facts a node.

    What Puppet does not know is said, and marked in the inventory; the status is then 1.
    """
    _check_name(fleet)
    if not source.startswith(("https:", "http:")):
        _import(lambda: propose_puppet(read_directory(Path(source)), fleet), output, "Puppet")
    if cert is None or key is None:
        raise click.UsageError("PuppetDB is asked with --cert and --key, a certificate of Puppet's authority.")
    asked = PuppetDb(url=source, ca=ca, certificate=cert, key=key)
    _import(lambda: propose_puppet(read_puppetdb(asked), fleet), output, "Puppet")


def _check_name(fleet: str | None) -> None:
    if fleet is not None and not WORD.match(fleet):
        advice = "use up to 31 lower-case letters, digits and hyphens"
        raise refuse([trouble("C0207", f"`{fleet}` cannot be the name of a fleet", advice)], TROUBLE)


def _import(propose_it: Callable[[], Proposal], output: Path | None, platform: str) -> NoReturn:
    """Brings a proposal into ``output``, or prints a new inventory, and ends with the status."""
    try:
        proposal = propose_it()
        existing = None if output is None or not output.exists() else _existing(output)
        before = recall(memory_path(output)) if output is not None and existing is not None else {}
        brought = bring(proposal, before, existing, HEADING.format(platform=platform))
    except ImportFailure as failed:
        raise refuse([failed.diagnostic], TROUBLE, failed.sources) from None
    if output is None:
        click.echo(brought.text, nl=False)
    else:
        _write(output, existing, brought)
    show(brought.diagnostics, () if existing is None else (existing,))
    sys.exit(PROBLEMS if any(one.severity is Severity.ERROR for one in brought.diagnostics) else 0)


def _existing(path: Path) -> SourceText:
    text, problems = read_source(path)
    if text is None or problems:
        raise ImportFailure(problems[0], () if text is None else (text,))
    return text


def _write(path: Path, existing: SourceText | None, brought: Brought) -> None:
    """The inventory first: without its memory, what the source says is only compared and never lost."""
    changed = existing is None or brought.text != existing.text
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if changed:
            _replace(path, _as_written(brought.text, existing))
        _replace(memory_path(path), remember(brought.said).encode())
    except OSError as error:
        advice = "make the directory writable for yourself, or name another file with -o"
        message = f"cannot write {error.filename or path}: {error.strerror}"
        raise refuse([trouble("C0723", message, advice)], TROUBLE) from error
    done = "Wrote" if existing is None else "Updated" if changed else "Nothing to change in"
    click.echo(f"{done} {path}. `gen check {path}` proves it.", err=True)


def _as_written(text: str, existing: SourceText | None) -> bytes:
    """With the line ends and the byte order mark that the file had."""
    if existing is not None and b"\r\n" in existing.content:
        text = text.replace("\n", "\r\n")
    mark = b"\xef\xbb\xbf" if existing is not None and existing.content.startswith(b"\xef\xbb\xbf") else b""
    return mark + text.encode()


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all, with the mode that the file had; a link stays one."""
    target = path.resolve()
    if target.exists() and target.read_bytes() == content:
        return
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("xb") as file:
            if target.exists():
                os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
