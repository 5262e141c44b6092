"""Pages that are executed as they are written: what their blocks say, and whether what happened was what they say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"\[(\d+)\]")
CARRIED = re.compile(r"(\S+?):(\S+) -> (\S+?):(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of a `console HOST` block, with what it must say, in this order, and how it must end."""

    place: str
    text: str
    said: tuple[str, ...]
    status: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A session on ``host``: the steps share a shell, which begins in root's home."""

    host: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """``path`` of ``source``, a file or a directory with all that is in it, becomes ``target`` of ``host``."""

    source: str
    path: str
    host: str
    target: str


class Machine(Protocol):
    """Where a page's commands run."""

    def shell(self, script: str) -> tuple[int, str]:
        """The status of a bash script that begins in root's home, and all that it said, both outputs together."""


def blocks(page: Path) -> Iterator[Console | Carry]:
    """What a reader of ``page`` does, in order."""
    text = page.read_text("utf-8")
    for block in BLOCK.finditer(text):
        kind, host, body = block[1], block[2], block[3]
        line = text.count("\n", 0, block.start()) + 2
        if kind == "console" and host:
            yield Console(host=host, steps=tuple(_steps(page, line, body)))
        elif kind == "carry":
            for carried in body.splitlines():
                found = CARRIED.fullmatch(carried)
                assert found, f"{page.name}:{line}: not FROM -> TO: {carried}"
                yield Carry(source=found[1], path=found[2], host=found[3], target=found[4])


def _steps(page: Path, line: int, body: str) -> Iterator[Step]:
    text, place, said = "", "", list[str]()
    for number, one in enumerate([*body.splitlines(), "$ "], start=line):
        if not one.startswith("$ "):
            assert text, f"{page.name}:{number}: a block begins with a command"
            said.append(one)
            continue
        if text:
            ended = STATUS.fullmatch(said[-1]) if said else None
            yield Step(
                place=place,
                text=text,
                said=tuple(said[:-1] if ended else said),
                status=int(ended[1]) if ended else 0,
            )
        text, place, said = one.removeprefix("$ "), f"{page.name}:{number}", []


def follow(
    page: Path, machines: Mapping[str, Machine], carry: Callable[[Carry], None], *, only: str | None = None
) -> int:
    """Do what ``page`` says, or only what it says of one host; how many commands that were."""
    count = 0
    for block in blocks(page):
        if isinstance(block, Carry):
            carry(block)
        elif only in (None, block.host):
            count += len(block.steps)
            _run(block, machines[block.host])
    return count


def _run(block: Console, machine: Machine) -> None:
    """One shell for the block: what one command sets or enters is there for the next one."""
    mark = "===end of step"
    script = "".join(f"{step.text}\nprintf '\\n{mark} %s\\n' \"$?\"\n" for step in block.steps)
    status, said = machine.shell(script)
    parts = re.split(rf"\n{mark} (\d+)\n", said)
    assert len(parts) == 2 * len(block.steps) + 1, f"{block.steps[0].place}: ended with {status}:\n{said}"
    for number, step in enumerate(block.steps):
        output, ended = parts[2 * number], int(parts[2 * number + 1])
        assert ended == step.status, f"{step.place}: {step.text}\nended with {ended}:\n{output}"
        missing = unsaid(step.said, output)
        assert missing is None, f"{step.place}: {step.text}\ndid not say: {missing}\nbut:\n{output}"


def unsaid(expected: tuple[str, ...], output: str) -> str | None:
    """The first of the ``expected`` lines that ``output`` does not have in its turn; ``…`` stands for anything."""
    position = 0
    for line in expected:
        pattern = r"[^\n]*".join(re.escape(part) for part in line.strip().split("…"))
        found = re.compile(pattern).search(output, position)
        if found is None:
            return line
        position = found.end()
    return None
