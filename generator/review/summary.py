"""What a reviewer wants to know about a node, taken from its plan and its sealed files; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.keys.openssh import fingerprint, parse_public_line
from generator.plan import (
    AuthorizedKey,
    AuthorizedKeys,
    Capsule,
    CronTable,
    Edge,
    KnownHosts,
    OwnKey,
    PrivateKey,
    SudoersFragment,
    SystemdTimer,
)
from generator.render.model import RenderedNode
from generator.render.node import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled table; every cell is plain text."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSummary:
    """One node's page."""

    name: str
    hostname: str
    build_id: str
    sections: tuple[Section, ...]


def summarize(node: RenderedNode, keys: Keys, first: tuple[Section, ...]) -> NodeSummary:
    """What lies on the node and what it may do, in the order in which a reviewer asks, after what comes ``first``."""
    sections = (
        *first,
        _capsules(node),
        _network(node, keys),
        _connections(node, keys),
        _privileges(node),
        _schedules(node),
        _accounts(node),
        _directories(node),
    )
    return NodeSummary(
        name=node.name,
        hostname=node.plan.hostname,
        build_id=node.build_id,
        sections=tuple(section for section in sections if section.rows),
    )


def _capsules(node: RenderedNode) -> Section:
    digests = {file.path: file.sha256 for file in node.files}
    return Section(
        title="Programs",
        note="Each is one self-contained script that takes no arguments.",
        head=("program", "what it does", "caused by", "sha256"),
        rows=tuple(
            (one.path, one.summary, one.origin.path, digests[one.path])
            for one in node.plan.artifacts
            if isinstance(one, Capsule)
        ),
    )


def _network(node: RenderedNode, keys: Keys) -> Section:
    return Section(
        title="Who may come in",
        note="One line for each key. It runs that one program, whatever it asks for.",
        head=("key", "held by", "which", "only from", "may run", "caused by"),
        rows=tuple(
            (
                key,
                holder,
                entry.reason,
                ", ".join(entry.addresses),
                entry.capsule_path,
                entry.origin.path,
            )
            for one in node.plan.artifacts
            if isinstance(one, AuthorizedKeys)
            for entry in one.entries
            for key, holder in _let_in(entry, keys)
        ),
    )


def _let_in(entry: AuthorizedKey, keys: Keys) -> Iterator[tuple[str, str]]:
    """The fingerprint of each key that an entry lets in, and who holds it."""
    for epoch in entry.epochs:
        yield _print(keys, replace(entry.edge, epoch=epoch)), _holder(entry, epoch)
    for public in entry.own:
        holder = f"{entry.edge.account} on {entry.edge.client}, which made it by itself"
        yield fingerprint(parse_public_line(public)), holder


def _holder(entry: AuthorizedKey, epoch: int) -> str:
    if epoch > entry.edge.epoch:
        return f"nobody yet: the next key of {entry.edge.account} on {entry.edge.client}, epoch {epoch}"
    return f"{entry.edge.account} on {entry.edge.client}, epoch {epoch}"


def _connections(node: RenderedNode, keys: Keys) -> Section:
    pinned = {
        host.alias: str(len(host.keys)) + (" host key" if len(host.keys) == 1 else " host keys")
        for one in node.plan.artifacts
        if isinstance(one, KnownHosts)
        for host in one.hosts
    }
    return Section(
        title="Where it may go",
        note="One key for each permission; the other side decides what the key can do.",
        head=("key", "used by", "which", "runs there", "on", "pinned", "caused by"),
        rows=tuple(
            (
                _held(one, keys),
                f"{one.edge.account} (group {one.group})",
                one.reason,
                one.edge.capsule,
                one.edge.server,
                pinned.get(one.edge.server, "not pinned"),
                one.origin.path,
            )
            for one in node.plan.artifacts
            if isinstance(one, PrivateKey | OwnKey)
        ),
    )


def _held(key: PrivateKey | OwnKey, keys: Keys) -> str:
    if isinstance(key, PrivateKey):
        return _print(keys, key.edge)
    known = " or ".join(fingerprint(parse_public_line(public)) for public in key.public)
    return f"made by the node itself: {known or 'not known yet, and accepted nowhere'}"


def _privileges(node: RenderedNode) -> Section:
    return Section(
        title="What sudo allows",
        note="Nothing else, and never with an argument.",
        head=("account", "as", "program", "pinned by digest", "caused by"),
        rows=tuple(
            (one.operator, "root", grant.capsule_path, "yes" if one.digests else "no", grant.origin.path)
            for one in node.plan.artifacts
            if isinstance(one, SudoersFragment)
            for grant in one.grants
        ),
    )


def _schedules(node: RenderedNode) -> Section:
    return Section(
        title="When it runs",
        note="Crontab fields in the node's own time zone.",
        head=("schedule", "as", "program", "errors are mailed to", "caused by"),
        rows=tuple(
            (entry.schedule, "root", entry.capsule_path, one.mail_to or "nobody", entry.origin.path)
            for one in node.plan.artifacts
            if isinstance(one, CronTable)
            for entry in one.entries
        )
        + tuple(
            (one.schedule, "root", one.capsule_path, one.mail_to or "nobody", one.origin.path)
            for one in node.plan.artifacts
            if isinstance(one, SystemdTimer)
        ),
    )


def _accounts(node: RenderedNode) -> Section:
    return Section(
        title="Accounts",
        note="With locked passwords.",
        head=("account", "what it is for", "number", "home", "shell"),
        rows=tuple((one.name, one.purpose, str(one.number), one.home, one.shell) for one in node.plan.accounts),
    )


def _directories(node: RenderedNode) -> Section:
    return Section(
        title="Directories",
        note="What holds data or state is never removed by remove.sh.",
        head=("directory", "owner", "mode", "holds data or state"),
        rows=tuple(
            (one.path, f"{one.owner}:{one.group}", f"{one.mode:04o}", "yes" if one.keep else "no")
            for one in node.plan.directories
        ),
    )


def _print(keys: Keys, edge: Edge) -> str:
    return fingerprint(parse_public_line(keys.public_key(edge)))
