"""What an engine gives the fleet: parts of node plans, put together by ``generator.lowering``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.plan import Account, Capsule, CronEntry, Directory, Edge, Hole, Holes, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An edge to be made whole: key and known host on the client, authorized line and sudo rule on the server.

    ``key_group`` is the group that may read the private key on the client, ``root`` for root's own use. ``reason``
    tells a reviewer what it is for: a clause of plain words whose subject is the client; empty if the edge says all.
    """

    edge: Edge
    key_group: str
    capsule_path: str
    origin: Origin
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRun:
    """A run whose silence is an alarm: its state file's name, and the ages of the last success, in seconds."""

    name: str
    warning_seconds: int
    critical_seconds: int
    interval_seconds: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTree:
    """One dated tree on the node: the backups of ``source`` that ``plan`` keeps below ``path``.

    ``datasets`` are those that the inventory has now; ``store`` is the directory that holds a tree for each source,
    empty where there is only this one.
    """

    plan: str
    source: str
    path: str
    datasets: tuple[str, ...]
    origin: Origin
    store: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedStores:
    """What ``list_backups`` asks other nodes: the stores of ``plan``, and how to call them.

    ``calling`` are the holes of ``network/fan_out.sh.j2``, ``targets`` a record for each store.
    """

    plan: str
    calling: Mapping[str, Hole]
    targets: tuple[Holes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Parts of one node's plan."""

    node: str
    capsules: tuple[Capsule, ...] = ()
    connections: tuple[Connection, ...] = ()
    schedules: tuple[CronEntry, ...] = ()
    accounts: tuple[Account, ...] = ()
    directories: tuple[Directory, ...] = ()
    packages: tuple[str, ...] = ()
    expected_runs: tuple[ExpectedRun, ...] = ()
    kept_trees: tuple[KeptTree, ...] = ()
    listed_stores: tuple[ListedStores, ...] = ()
    reports_holds: bool = False  # `check_backups` tells what is stopped on purpose
