"""Runs a line of a generated cron table as the cron daemon would, without waiting for its hour."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.lab import Completed, LabError
from generator.lab.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One line of a cron table, with the variables that stood above it."""

    schedule: str
    user: str
    command: str
    environment: tuple[tuple[str, str], ...]


def jobs(table: str) -> tuple[Job, ...]:
    """The lines of a file of /etc/cron.d; raises `LabError` for one that cron would not take."""
    environment: dict[str, str] = {}
    found = []
    if not table.endswith("\n"):
        raise LabError("cron ignores a last line without a newline")
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if setting := re.fullmatch(r"\s*([A-Za-z_]+)\s*=\s*(.*?)\s*", line):
            environment[setting[1]] = setting[2].strip("\"'")
            continue
        fields = line.split(maxsplit=6)
        if len(fields) != 7:
            raise LabError(f"not a line of cron.d: {line!r}")
        found.append(
            Job(
                schedule=" ".join(fields[:5]),
                user=fields[5],
                command=fields[6],
                environment=tuple(environment.items()),
            )
        )
    return tuple(found)


def run_as_cron(host: Console, table: str, capsule: str, *, seconds: float = 300) -> Completed:
    """Run the job of ``capsule`` from the ``table`` of /etc/cron.d: its user, environment, shell and no terminal.

    What it writes to both outputs is what cron would mail. A status other than 0 is the caller's to judge.
    """
    text = host.run(["cat", f"/etc/cron.d/{table}"]).out
    named = [job for job in jobs(text) if re.search(rf"/bin/{re.escape(capsule)}(\s|$)", job.command)]
    if len(named) != 1:
        raise LabError(f"{len(named)} jobs of {capsule} in {table} of {host.name}:\n{text}")
    (job,) = named
    # a bare % is a newline, and what follows it is standard input; \% is a percent sign
    command, *stdin = re.split(r"(?<!\\)%", job.command)
    plain = {"HOME": "/root", "LOGNAME": job.user, "USER": job.user, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    environment = plain | dict(job.environment)
    return host.run(
        [environment["SHELL"], "-c", command.replace("\\%", "%")],
        stdin="\n".join(stdin),
        env=environment,
        user=job.user,
        check=False,
        seconds=seconds,
    )
