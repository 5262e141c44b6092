"""What a node must have before anything is installed: commands, and the packages that bring them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from generator.inventory.packages import package_commands, package_of_commands
from generator.plan import NodePlan
from generator.quoting import ShellWord
from generator.render.model import Kind, RenderedFile

_PATH_WORD = re.compile(rb"'/[^'\n]*(?:'\\''[^'\n]*)*'")  # a path as `ShellWord` writes it
_INSTALLER = ("flock", "sha256sum", "stat", "sync", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Command:
    """An executable that must be there; ``package`` brings it, empty where that is not known."""

    package: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """``packages`` are those that no command gives away, so that the node's package manager is asked."""

    commands: tuple[Command, ...]
    packages: tuple[str, ...]


def requirements(plan: NodePlan, files: Iterable[RenderedFile]) -> Requirements:
    """What the node's capsules and the installer itself need, sorted."""
    tools = dict(plan.tools)
    wanted = {name: tools[name] for name in _used(tools, files)}
    known = package_commands(plan.os_family)
    package_of = package_of_commands(plan.os_family)
    names = [*_INSTALLER, *(("groupadd", "useradd", "userdel") if plan.accounts else ())]
    for package in plan.packages:
        names += known.get(package, ())
    for name in names:
        wanted.setdefault(name, tools.get(name, known[package_of[name]][name]))
    return Requirements(
        commands=tuple(sorted(Command(package=package_of.get(name, ""), path=path) for name, path in wanted.items())),
        packages=tuple(sorted(set(plan.packages) - set(known))),
    )


def _used(tools: dict[str, str], files: Iterable[RenderedFile]) -> list[str]:
    """The tools whose sealed path stands in a capsule: the table of an OS family lists more than a node needs."""
    words: set[bytes] = set()
    for file in files:
        if file.kind is Kind.CAPSULE:
            words.update(_PATH_WORD.findall(file.content))
    return [name for name, path in tools.items() if ShellWord.of(path).text.encode() in words]
