"""Files of /etc/cron.d, read by a parser of their grammar as cron(8) and crontab(5) of Debian have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from generator.verify.report import Fault, VerificationReport
from generator.verify.subjects import Subject

_REQUIRED = ("SHELL", "PATH", "MAILTO")
_VARIABLE = re.compile(r"([A-Z]+)=(\S+)")
_ENTRY = re.compile(r"(\S+ \S+ \S+ \S+ \S+) root (/[A-Za-z0-9/._+-]+) >/dev/null")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_STEP = re.compile(r"(\*|\d+(?:-\d+)?)(?:/(\d+))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def verify(subjects: Sequence[Subject]) -> VerificationReport:
    """Every line of every file: cron skips a file with one bad line without a word to anybody."""
    faults = [
        Fault(where=f"{subject.where}{line}", rule="cron", what=what)
        for subject in subjects
        for line, what in _problems(subject.file.path, subject.file.content.decode())
    ]
    return VerificationReport(faults=tuple(faults), shapes=1)


def _problems(path: str, text: str) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", path.rpartition("/")[2]):
        yield "", "cron skips files whose name has anything but letters, digits, - and _"
    if not text.endswith("\n"):
        yield "", "cron ignores a last line without a newline"
    seen: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        variable = _VARIABLE.fullmatch(line)
        if variable:
            seen.append(variable[1])
            continue
        yield from ((f":{number}", what) for what in _entry_problems(line))
    if sorted(seen) != sorted(_REQUIRED):
        yield "", f"it sets {', '.join(seen) or 'nothing'} instead of {', '.join(_REQUIRED)}"


def _entry_problems(line: str) -> Iterator[str]:
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        yield f"this is neither a variable nor an entry: {line!r}"
        return
    for field, (low, high), names in zip(entry[1].split(), _BOUNDS, ((), (), (), _MONTHS, _DAYS), strict=True):
        if not all(_valid(part, low, high, names) for part in field.split(",")):
            yield f"{field!r} is not a list of numbers, ranges and steps between {low} and {high}"


def _valid(part: str, low: int, high: int, names: Sequence[str]) -> bool:
    if part.lower() in names:
        return True
    found = _STEP.fullmatch(part)
    if found is None or (found[2] is not None and int(found[2]) == 0):
        return False
    if found[1] == "*":
        return True
    first, _, last = found[1].partition("-")
    return low <= int(first) <= int(last or first) <= high
