"""Secrets by reference: parsed with the inventory, resolved only at the edge, masked everywhere."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import assert_never

from generator.diagnostics.model import Diagnostic
from generator.plan.origin import Origin, Span

COMMAND_SECONDS = 60
OTHERS = 0o077


class SecretKind(Enum):
    """Where a secret is kept."""

    ENVIRONMENT = "env"
    FILE = "file"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """Names a secret without holding it: a variable, a path relative to the inventory, or a shell command."""

    kind: SecretKind
    target: str
    origin: Origin

    @classmethod
    def parse(cls, text: str, origin: Origin) -> SecretReference:
        """The reference that ``env NAME``, ``file PATH`` or ``command …`` means; raises `ValueError`."""
        word, _, target = text.partition(" ")
        target = target.strip()
        kinds = {kind.value: kind for kind in SecretKind}
        if word not in kinds or not target:
            raise ValueError("write `env NAME`, `file PATH` or `command …`")
        if word == "env" and not target.isidentifier():
            raise ValueError(f"`{target}` is no name of an environment variable")
        return cls(kind=kinds[word], target=target, origin=origin)

    def path(self, base: Path) -> Path | None:
        """The file that holds the secret, for a reference by file; ``base`` is the inventory's directory."""
        return base / self.target if self.kind is SecretKind.FILE else None

    def __str__(self) -> str:
        return f"secret by {self.kind.value} {self.target}"


@dataclass(frozen=True, slots=True)
class SecretValue:
    """Bytes that no message shows; ``expose`` is the one way to them."""

    _content: bytes = field(repr=False)

    def expose(self) -> bytes:
        """The secret itself."""
        return self._content

    def __str__(self) -> str:
        return "********"

    def __repr__(self) -> str:
        return "SecretValue(********)"


def resolve_secret(
    reference: SecretReference, base: Path, environment: Mapping[str, str] | None = None
) -> SecretValue | Diagnostic:
    """The secret's bytes without a final newline of a variable or command, or why it cannot be had.

    ``base`` is the inventory's directory; ``environment`` defaults to the process's own. Does I/O.
    """
    span = reference.origin.span
    match reference.kind:
        case SecretKind.ENVIRONMENT:
            value = (os.environ if environment is None else environment).get(reference.target)
            if not value:
                return _missing(f"the environment variable {reference.target} is not set", span)
            return SecretValue(os.fsencode(value))
        case SecretKind.FILE:
            return _from_file(base / reference.target, span)
        case SecretKind.COMMAND:
            return _from_command(reference.target, base, span)
        case _:
            assert_never(reference.kind)


def _from_file(path: Path, span: Span | None) -> SecretValue | Diagnostic:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        advice = "`gen keys init` makes it if this fleet has none yet; otherwise put the escrowed copy there"
        return _missing(f"there is no secret file {path}", span, advice)
    except OSError as error:
        return _missing(f"cannot read the secret file {path}: {error.strerror or type(error).__name__}", span)
    if not content:
        return _missing(f"the secret file {path} is empty", span)
    if stat.S_ISREG(mode) and mode & OTHERS:  # a pipe's mode says nothing
        return Diagnostic(
            code="C0121",
            message=f"the secret file {path} has the mode {stat.S_IMODE(mode):04o}: not only its owner may use it",
            span=span,
            advice=f"chmod 0600 {shlex.quote(str(path))}; if somebody else could read it, make a new secret",
        )
    return SecretValue(content)


def _from_command(command: str, base: Path, span: Span | None) -> SecretValue | Diagnostic:
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=base,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _missing(f"the secret's command did not end well: {type(error).__name__}", span)
    if done.returncode != 0:
        # its standard error may quote the secret, so it is not shown
        return _missing(f"the secret's command ended with {done.returncode}", span)
    content = done.stdout.removesuffix(b"\n")
    return SecretValue(content) if content else _missing("the secret's command printed nothing", span)


def _missing(
    message: str,
    span: Span | None,
    advice: str = "make the secret available to this build, or point the inventory to where it is kept",
) -> Diagnostic:
    return Diagnostic(code="C0120", message=message, span=span, advice=advice)
