"""The consumers' own parsers on this machine, and how they are called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TOOLS = ("bash", "shellcheck", "visudo", "ssh-keygen", "logrotate", "systemd-analyze")
SECONDS = 300
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a tool ended: 0 means that it is content."""

    status: int
    output: str
    errors: str


def find_tools() -> Mapping[str, Path]:
    """Every tool of `TOOLS` that is installed, by name; this Python's own first, as shellcheck is a wheel."""
    places = os.pathsep.join((sysconfig.get_path("scripts"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"))
    found = {name: shutil.which(name, path=places + os.pathsep + os.environ.get("PATH", "")) for name in TOOLS}
    return {name: Path(path) for name, path in found.items() if path is not None}


def run(tool: Path, *arguments: str, content: bytes = b"") -> Outcome:
    """Run ``tool`` in a fixed environment with ``content`` as its input; raises `subprocess.TimeoutExpired`."""
    done = subprocess.run(
        [os.fspath(tool), *arguments], input=content, capture_output=True, env=_ENVIRONMENT, timeout=SECONDS
    )
    return Outcome(
        status=done.returncode,
        output=done.stdout.decode("utf-8", "replace"),
        errors=done.stderr.decode("utf-8", "replace"),
    )


def words(outcome: Outcome) -> str:
    """What the tool said, on one line."""
    said: Sequence[str] = (outcome.errors + outcome.output).split("\n")
    return " / ".join(line.strip() for line in said if line.strip())[:600] or f"exit status {outcome.status}"
