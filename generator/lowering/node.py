"""Puts one node's plan together from what the engines contributed and from the connections that touch it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.engines.capsules import capsule_path, rotation_path
from generator.engines.contribution import Connection, Contribution
from generator.engines.node_capsules import node_capsules
from generator.inventory.model import Fleet, Node, Scheduler
from generator.inventory.packages import package_names
from generator.lowering import network
from generator.lowering.clock import clock_offsets
from generator.lowering.schedules import errors_directory, schedule_artifacts
from generator.plan import Account, Artifact, Capsule, Contact, CronEntry, Directory, LogRotation, Needs, NodePlan

SILENCE_CHECK = "check_backups"
SILENCE_SCHEDULE = "0 8,20 * * *"  # twice a day: silence is heard within a working day and nags no more often

# it reads what runs have left behind, and any user may run it
_CHECKING = Needs(seconds=600, controls=False, reads_everything=False, any_file=False, accounts=False, network=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """What is known of one node before its plan is put together."""

    node: Node
    contributions: tuple[Contribution, ...]
    outgoing: tuple[Connection, ...]
    incoming: tuple[Connection, ...]
    roles: tuple[str, ...]


def node_plan(fleet: Fleet, nodes: Mapping[str, Node], parts: NodeParts) -> NodePlan:
    """The plan of one node; ``nodes`` are all nodes by name."""
    node = parts.node
    capsules = _capsules(fleet, parts)
    artifacts: list[Artifact] = [*capsules, *_host_files(fleet, parts, capsules)]
    artifacts += network.client_artifacts(fleet, nodes, node, parts.outgoing)
    artifacts += network.server_artifacts(fleet, nodes, node, parts.incoming)
    return NodePlan(
        name=node.name,
        hostname=node.hostname,
        prefix=fleet.prefix,
        accounts=_accounts(fleet, parts),
        directories=_directories(fleet, parts),
        packages=_packages(fleet, parts),
        tools=tuple(sorted(node.tools.items())),
        clock_offsets=clock_offsets(node.timezone),
        artifacts=tuple(sorted(artifacts, key=lambda artifact: artifact.path)),
        origin=node.origin,
        os_family=node.os_family,
        certname=node.certname,
        deliveries=node.deliveries,
        machine_id=node.machine_id,
        contact=Contact(address=node.address, port=node.port, host_keys=node.host_keys, roles=parts.roles),
    )


def _capsules(fleet: Fleet, parts: NodeParts) -> tuple[Capsule, ...]:
    contributed = [capsule for contribution in parts.contributions for capsule in contribution.capsules]
    return (*contributed, *node_capsules(fleet, parts.node, parts.contributions))


def _host_files(fleet: Fleet, parts: NodeParts, capsules: Iterable[Capsule]) -> list[Artifact]:
    node = parts.node
    entries = [entry for contribution in parts.contributions for entry in contribution.schedules]
    check = next((capsule for capsule in capsules if capsule.name == SILENCE_CHECK), None)
    if check is not None:
        entries.append(
            CronEntry(
                schedule=SILENCE_SCHEDULE,
                capsule_path=capsule_path(fleet, SILENCE_CHECK),
                origin=check.origin,
                needs=_CHECKING,
            )
        )
    files: list[Artifact] = [LogRotation(path=rotation_path(fleet), directory=fleet.paths.logs, origin=node.origin)]
    return [*files, *schedule_artifacts(fleet, node, entries)]


def _accounts(fleet: Fleet, parts: NodeParts) -> tuple[Account, ...]:
    accounts = {account for contribution in parts.contributions for account in contribution.accounts}
    if parts.incoming:
        accounts.add(network.operator_account(fleet))
    return tuple(sorted(accounts))


def _directories(fleet: Fleet, parts: NodeParts) -> tuple[Directory, ...]:
    """Each path once; the node's own directories come first, so that an engine can only add to them."""
    paths = fleet.paths
    own = [
        _root_directory(paths.programs, 0o755, keep=False),
        _root_directory(f"{paths.programs}/bin", 0o755, keep=False),
        # 0711: a data account reaches the one key it may read, and lists nothing
        _root_directory(f"{paths.programs}/ssh", 0o711, keep=False),
        _root_directory(paths.state, 0o755, keep=True),
        _root_directory(f"{paths.state}/runs", 0o755, keep=True),
        _root_directory(f"{paths.state}/locks", 0o700, keep=True),
        _root_directory(f"{paths.state}/acknowledged", 0o700, keep=True),
        _root_directory(f"{paths.state}/restores", 0o700, keep=True),
        # one for each run whose silence is an alarm: made when it is first installed, and dated by that
        *(_root_directory(f"{paths.state}/{place}", 0o755, keep=True) for place in _expected(parts)),
        _root_directory(paths.logs, 0o750, keep=True),
    ]
    if parts.node.scheduler is Scheduler.SYSTEMD and fleet.mail_to:
        own.append(_root_directory(errors_directory(fleet), 0o700, keep=True))
    if parts.incoming:
        own.append(_root_directory(fleet.operator.home, 0o755, keep=False))
        own.append(_root_directory(f"{fleet.operator.home}/.ssh", 0o755, keep=False))
    by_path = {directory.path: directory for directory in own}
    for contribution in parts.contributions:
        for directory in contribution.directories:
            by_path.setdefault(directory.path, directory)
    return tuple(sorted(by_path.values()))


def _expected(parts: NodeParts) -> tuple[str, ...]:
    runs = sorted({run.name for contribution in parts.contributions for run in contribution.expected_runs})
    return ("expected", *(f"expected/{run}" for run in runs)) if runs else ()


def _root_directory(path: str, mode: int, *, keep: bool) -> Directory:
    return Directory(path=path, owner="root", group="root", mode=mode, keep=keep)


def _packages(fleet: Fleet, parts: NodeParts) -> tuple[str, ...]:
    scheduler = "cron" if parts.node.scheduler is Scheduler.CRON else "systemd"
    names = {"bash", scheduler, "logrotate", "util-linux"}
    for contribution in parts.contributions:
        names.update(contribution.packages)
    if parts.incoming:
        names.update({"openssh-server", "sudo"})
    if parts.outgoing:
        names.add("openssh-client")
    if fleet.health_check_url:
        names.add("curl")
    return package_names(names, parts.node.os_family)
