"""Host patterns as inventories write them: ``web[01:10].example.org:2222`` is ten hosts and a port."""

from __future__ import annotations

import ipaddress
import re
import string

MOST_HOSTS = 100_000

BRACKETED_PORT = re.compile(r"\[(.+)\]:([0-9]+)\Z")
PORT = re.compile(r"((?:[^:\[\]]|\[[^\]]*\])*):([0-9]+)\Z")
# a label that begins and ends with a letter or digit, with [a:d] or [1:9] or [1:9:2] anywhere in it
RANGE = r"\[(?:[a-z]:[a-z]|[0-9]+:[0-9]+)(?::[0-9]+)?\]"
LABEL = rf"(?:\w|{RANGE})(?:[\w-]|{RANGE})*(?<![_-])"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*\Z", re.IGNORECASE)
ANY_RANGE = re.compile(r"\[([0-9a-f]+):[0-9a-f]+(?::[0-9]+)?\]", re.IGNORECASE)


class BadPattern(ValueError):
    """Ansible would refuse the pattern."""


def expand(pattern: str) -> tuple[tuple[str, ...], int | None]:
    """The host names of ``pattern`` and its port, if it has one; raises `BadPattern`."""
    name, port = _port(pattern)
    if not _is_host(name):
        # what is neither an address nor a host name has no port either: Ansible takes it whole
        name, port = pattern, None
    if pattern.strip().endswith(":") and port is None:
        raise BadPattern(f"`{pattern}` ends with a colon, and no port follows")
    names = _expanded(name, [MOST_HOSTS])
    if any(one.strip() == "---" for one in names):
        raise BadPattern("`---` begins a YAML file, and this is none")
    return tuple(names), port


def _port(pattern: str) -> tuple[str, int | None]:
    name, port = pattern, None
    for form in (BRACKETED_PORT, PORT):
        if match := form.match(name):
            name, port = match.group(1), int(match.group(2))
    return name, port


def _is_host(name: str) -> bool:
    if HOST.match(name):
        return True
    try:
        ipaddress.ip_address(ANY_RANGE.sub(r"\1", name))
    except ValueError:
        return False
    return True


def _expanded(name: str, left: list[int]) -> list[str]:
    if "[" not in name:
        left[0] -= 1
        if left[0] < 0:
            raise BadPattern(f"the pattern has more than {MOST_HOSTS} hosts")
        return [name]
    # as Ansible takes it apart: by the first bracket of each kind, whichever comes first
    parts = name.replace("[", "|", 1).replace("]", "|", 1).split("|")
    if len(parts) != 3:
        raise BadPattern(f"the range in `{name}` has no end, or a `|` stands beside it")
    head, inside, tail = parts
    return [each for one in _members(inside) for each in _expanded(f"{head}{one}{tail}", left)]


def _members(inside: str) -> list[str]:
    bounds = inside.split(":")
    if len(bounds) not in (2, 3):
        raise BadPattern(f"the range `[{inside}]` is not begin:end or begin:end:step")
    begin, end = bounds[0] or "0", bounds[1]
    if not end:
        raise BadPattern(f"the range `[{inside}]` has no end")
    width = len(begin) if len(begin) > 1 and begin[0] == "0" else 0
    if width and width != len(end):
        raise BadPattern(f"begin and end of `[{inside}]` have different lengths, and begin has leading zeros")
    try:
        return [str(one).zfill(width) for one in _sequence(begin, end, int(bounds[2]) if len(bounds) == 3 else 1)]
    except BadPattern:
        raise
    except ValueError:
        raise BadPattern(f"the range `[{inside}]` is neither of numbers nor of letters") from None


def _sequence(begin: str, end: str, step: int) -> list[str] | range:
    letters = string.ascii_letters
    if begin in letters and end in letters:
        first, last = letters.index(begin), letters.index(end)
        if first > last:
            raise BadPattern(f"the range `[{begin}:{end}]` runs backwards")
        return list(letters[first : last + 1 : step])
    numbers = range(int(begin), int(end) + 1, step)
    if len(numbers) > MOST_HOSTS:
        raise BadPattern(f"the range `[{begin}:{end}]` has more than {MOST_HOSTS} hosts")
    return numbers
