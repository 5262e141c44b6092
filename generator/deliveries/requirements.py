"""What a node must have before anything is installed: commands, and the packages that bring them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.plan import NodePlan
from generator.quoting import ShellWord
from generator.render.model import Kind, RenderedFile

# Debian's packages and the commands by which their presence is recognised. What a node's inventory says about a
# tool's path comes first.
PACKAGE_COMMANDS: dict[str, tuple[str, ...]] = {
    "acl": ("/usr/bin/getfacl",),
    "attr": ("/usr/bin/getfattr", "/usr/bin/setfattr"),
    "bash": ("/bin/bash",),
    "bsdutils": ("/usr/bin/logger",),
    "coreutils": (
        "/usr/bin/comm",
        "/usr/bin/cp",
        "/usr/bin/cut",
        "/usr/bin/date",
        "/usr/bin/df",
        "/usr/bin/join",
        "/usr/bin/sha256sum",
        "/usr/bin/sort",
        "/usr/bin/stat",
        "/usr/bin/sync",
        "/usr/bin/tail",
        "/usr/bin/timeout",
    ),
    "cron": ("/usr/sbin/cron",),
    "curl": ("/usr/bin/curl",),
    "findutils": ("/usr/bin/find", "/usr/bin/xargs"),
    "grep": ("/usr/bin/grep",),
    "hostname": ("/usr/bin/hostname",),
    "logrotate": ("/usr/sbin/logrotate",),
    "mariadb-client": ("/usr/bin/mariadb", "/usr/bin/mariadb-dump"),
    "mawk": ("/usr/bin/awk",),
    "openssh-client": ("/usr/bin/ssh",),
    "openssh-server": ("/usr/sbin/sshd",),
    "passwd": ("/usr/sbin/groupadd", "/usr/sbin/useradd", "/usr/sbin/userdel"),
    "rsync": ("/usr/bin/rsync",),
    "sed": ("/usr/bin/sed",),
    "sudo": ("/usr/bin/sudo", "/usr/sbin/visudo"),
    "util-linux": ("/usr/bin/flock", "/usr/bin/mountpoint", "/usr/bin/setpriv"),
}
_PACKAGE_OF = {
    command.rpartition("/")[2]: package for package, commands in PACKAGE_COMMANDS.items() for command in commands
}
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
    names = [*_INSTALLER, *(("groupadd", "useradd", "userdel") if plan.accounts else ())]
    for package in plan.packages:
        names += [command.rpartition("/")[2] for command in PACKAGE_COMMANDS.get(package, ())]
    for name in names:
        wanted.setdefault(name, tools.get(name, _default(name)))
    return Requirements(
        commands=tuple(
            sorted(Command(package=_PACKAGE_OF.get(name, ""), path=path) for name, path in wanted.items())
        ),
        packages=tuple(sorted(set(plan.packages) - set(PACKAGE_COMMANDS))),
    )


def _used(tools: dict[str, str], files: Iterable[RenderedFile]) -> list[str]:
    """The tools whose sealed path stands in a capsule: the table of an OS family lists more than a node needs."""
    capsules = [file.content for file in files if file.kind is Kind.CAPSULE]
    quoted = {name: ShellWord.of(path).text.encode() for name, path in tools.items()}
    return [name for name, word in quoted.items() if any(word in content for content in capsules)]


def _default(name: str) -> str:
    commands = PACKAGE_COMMANDS[_PACKAGE_OF[name]]
    return next(command for command in commands if command.rpartition("/")[2] == name)
