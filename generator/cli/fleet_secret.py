"""Gets the fleet secret that an inventory refers to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from generator.cli.console import TROUBLE, refuse, trouble
from generator.diagnostics import Diagnostic
from generator.keys import FleetSecret, SecretProblem, WrongPassphrase, parse_secret
from generator.source import SecretReference, read_source
from generator.source.secrets import resolve_secret

PASSPHRASE = "CAPSULE_PASSPHRASE"


def open_secret(reference: SecretReference, inventory: Path) -> FleetSecret:
    """The secret behind ``reference`` of the file ``inventory``; ends the program where it cannot be had.

    A locked one is opened with the passphrase in the environment variable `PASSPHRASE`, or asked for on a terminal.
    """
    resolved = resolve_secret(reference, inventory.parent)
    if isinstance(resolved, Diagnostic):
        source, _ = read_source(inventory)  # for the line that names the secret
        raise refuse([resolved], TROUBLE, () if source is None else (source,))
    content = resolved.expose()
    try:
        return parse_secret(content, passphrase=os.environ.get(PASSPHRASE))
    except WrongPassphrase as wrong:
        if PASSPHRASE not in os.environ and sys.stdin.isatty():
            return _ask(content, reference)
        advice = f"put its passphrase into the environment variable {PASSPHRASE}, or run this on a terminal"
        raise refuse([trouble("C0602", f"{reference}: {wrong}", advice)], TROUBLE) from wrong
    except SecretProblem as wrong:
        raise refuse([_unusable(reference, wrong)], TROUBLE) from wrong


def _ask(content: bytes, reference: SecretReference) -> FleetSecret:
    passphrase = click.prompt("Passphrase of the fleet secret", hide_input=True, err=True)
    try:
        return parse_secret(content, passphrase=passphrase)
    except WrongPassphrase as wrong:
        raise refuse([trouble("C0602", f"{reference}: {wrong}", "try again")], TROUBLE) from wrong


def _unusable(reference: SecretReference, wrong: SecretProblem) -> Diagnostic:
    return trouble(
        "C0601",
        f"{reference} cannot be used: {wrong}",
        "put the escrowed copy back; a new secret would change every key of the fleet",
    )
