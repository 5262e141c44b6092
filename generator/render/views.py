"""The holes of every file that is not a capsule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from generator.plan import (
    AuthorizedKey,
    AuthorizedKeys,
    CronEntry,
    CronTable,
    Edge,
    Holes,
    KnownHosts,
    LogRotation,
    OwnKey,
    SudoersFragment,
    holes,
    holes_of,
)
from generator.quoting import (
    AuthorizedKeysWord,
    CronCommand,
    CronField,
    KnownHostsWord,
    LogrotateWord,
    SudoersWord,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNames:
    """What every file's header says."""

    deployment: str
    node: str
    build_id: str


def sudoers(fragment: SudoersFragment, names: NodeNames, digests: Mapping[str, str]) -> Holes:
    """One rule a grant; ``digests`` are sha256 in hex by capsule path."""
    quote = SudoersWord.of
    return holes(
        deployment=quote(names.deployment),
        node=quote(names.node),
        build_id=quote(names.build_id),
        operator=quote(fragment.operator),
        digests=fragment.digests,
        grants=tuple(
            holes_of(grant.origin, path=quote(grant.capsule_path), digest=quote(digests[grant.capsule_path]))
            for grant in fragment.grants
        ),
    )


def authorized_keys(keys: AuthorizedKeys, names: NodeNames, public_key: Callable[[Edge], str]) -> Holes:
    """One line for each entry and each of its keys: those of the accepted epochs, or those that its client made."""
    quote = AuthorizedKeysWord.of
    return holes(
        deployment=quote(names.deployment),
        node=quote(names.node),
        build_id=quote(names.build_id),
        entries=tuple(
            _authorized(keys.sudo, entry, key, which)
            for entry in keys.entries
            for key, which in _keys_of(entry, public_key)
        ),
    )


def _keys_of(entry: AuthorizedKey, public_key: Callable[[Edge], str]) -> Iterator[tuple[str, str]]:
    """Each public key that is accepted, and in words which one it is."""
    for epoch in entry.epochs:
        yield public_key(replace(entry.edge, epoch=epoch)), f"key epoch {epoch}"
    for public in entry.own:
        yield public, f"a key that {entry.edge.client} made"


def _authorized(sudo: str, entry: AuthorizedKey, key: str, which: str) -> Holes:
    quote = AuthorizedKeysWord.of
    return holes_of(
        entry.origin,
        addresses=quote(",".join(entry.addresses)),
        command=quote(f"{sudo} -n {entry.capsule_path}"),
        key=quote(key),
        comment=quote(f"{entry.edge.client} {entry.reason}, as {entry.edge.account}, {which}"),
    )


def own_key(key: OwnKey, names: NodeNames) -> Holes:
    """The public halves that the key beside the file may have, none as long as nobody knows it."""
    quote = AuthorizedKeysWord.of
    return holes(
        deployment=quote(names.deployment),
        node=quote(names.node),
        build_id=quote(names.build_id),
        comment=quote(f"{key.edge.client}:{key.edge.name}"),
        publics=tuple(holes_of(key.origin, key=quote(public)) for public in key.public),
    )


def known_hosts(known: KnownHosts, names: NodeNames) -> Holes:
    """One line for each host and key."""
    quote = KnownHostsWord.of
    lines = []
    for host in known.hosts:
        for key in host.keys:
            kind, _, blob = key.partition(" ")
            lines.append(holes_of(host.origin, alias=quote(host.alias), type=quote(kind), key=quote(blob)))
    return holes(
        deployment=quote(names.deployment),
        node=quote(names.node),
        build_id=quote(names.build_id),
        hosts=tuple(lines),
    )


def cron(table: CronTable, names: NodeNames) -> Holes:
    """One line an entry, its five schedule fields apart."""
    mail = {"mail_to": CronField.of(table.mail_to)} if table.mail_to else {}
    return holes(
        deployment=CronField.of(names.deployment),
        node=CronField.of(names.node),
        build_id=CronField.of(names.build_id),
        mailed=bool(table.mail_to),
        entries=tuple(_cron_entry(entry) for entry in table.entries),
        **mail,
    )


def _cron_entry(entry: CronEntry) -> Holes:
    minute, hour, day, month, weekday = (CronField.of(field) for field in entry.schedule.split())
    return holes_of(
        entry.origin,
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        weekday=weekday,
        command=CronCommand.of(entry.capsule_path),
    )


def logrotate(rotation: LogRotation, names: NodeNames) -> Holes:
    """The one directory."""
    quote = LogrotateWord.of
    return holes(
        deployment=quote(names.deployment),
        node=quote(names.node),
        build_id=quote(names.build_id),
        directory=quote(rotation.directory),
    )
