"""A small valid fleet and its plan, by hand so that only the proofs are tested, and the pieces of mutations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import fleets
import pytest

from generator.inventory.model import CollectPlan, Fleet, Limits, Node, Paths, ProtectPlan, Retention
from generator.plan import (
    Account,
    Artifact,
    AuthorizedKey,
    AuthorizedKeys,
    Capsule,
    CronTable,
    Directory,
    Edge,
    FleetPlan,
    Grant,
    KnownHost,
    KnownHosts,
    LogRotation,
    NodePlan,
    Origin,
    PrivateKey,
    Span,
    SudoersFragment,
    holes,
)

PROGRAMS = "/opt/capsule/kaizen"


def at(path: str) -> Origin:
    """An origin with a place that tells entries apart: the line is a digest of the key path."""
    return Origin(path=path, span=Span(file="kaizen.yml", line=1 + sum(map(ord, path)), column=1))


def make_node(
    name: str, number: int, *, site: str = "mghpcc", zone: str = "UTC", datasets: Iterable[str] = ()
) -> Node:
    origin = at(f"nodes.{name}")
    return fleets.make_node(
        name,
        address=f"10.31.0.{number}",
        egress=(f"10.31.0.{number}",),
        host_keys=(f"ssh-ed25519 {name}",),
        site=site,
        timezone=zone,
        tools={},
        datasets=tuple(
            fleets.make_dataset(dataset, origin=at(f"{origin.path}.datasets.{dataset}")) for dataset in datasets
        ),
        origin=origin,
    )


def make_retention(plan: str, **rules: int | None) -> Retention:
    return fleets.make_retention(at(f"plans.{plan}.retention"), **rules)


def make_limits(plan: str, minutes: int) -> Limits:
    return fleets.make_limits(minutes * 60, at(f"plans.{plan}.expected_duration"))


def make_protect(name: str, cron: str, nodes: tuple[str, ...], minutes: int = 90) -> ProtectPlan:
    return fleets.make_protect(
        name,
        nodes,
        schedule=fleets.make_schedule(cron, at(f"plans.{name}.schedule")),
        retention=make_retention(name, days=2, keep_minimum=2),
        limits=make_limits(name, minutes),
        copies=3,
        sites=2,
        origin=at(f"plans.{name}"),
    )


def make_collect(
    name: str, collects: str, node: str, cron: str, sources: tuple[str, ...], minutes: int = 180
) -> CollectPlan:
    return fleets.make_collect(
        name,
        collects,
        node,
        sources,
        schedule=fleets.make_schedule(cron, at(f"plans.{name}.schedule")),
        retention=make_retention(name, days=8, keep_minimum=8),
        limits=make_limits(name, minutes),
        origin=at(f"plans.{name}"),
    )


def make_fleet(
    nodes: Iterable[Node], protect_plans: Iterable[ProtectPlan], collect_plans: Iterable[CollectPlan] = ()
) -> Fleet:
    made = fleets.make_fleet(nodes)
    return replace(
        made,
        name="kaizen",
        deployment="kaizen",
        paths=Paths(programs=PROGRAMS, logs="/var/log/capsule/kaizen", state="/var/lib/capsule/kaizen", metrics=""),
        mail_to="kaizen@example.org",
        protect_plans=tuple(protect_plans),
        collect_plans=tuple(collect_plans),
        data_numbers={node.name: 0x70000000 + index for index, node in enumerate(made.nodes)},
        origin=at("fleet"),
    )


def make_edges(fleet: Fleet) -> list[Edge]:
    """One edge for each source that each collecting plan pulls."""
    made_by = {plan.name: plan for plan in fleet.collect_plans}
    edges = []
    for plan in fleet.collect_plans:
        for source in plan.sources:
            upstream = made_by.get(plan.collects)
            edges.append(
                Edge(
                    purpose="collect",
                    client=plan.node,
                    account=f"capsule-{source}",
                    server=source if upstream is None else upstream.node,
                    capsule=f"send_{plan.collects}" + ("" if upstream is None else f"_{source}"),
                )
            )
    return sorted(edges)


def make_capsule(name: str, origin: Origin) -> Capsule:
    return Capsule(
        name=name,
        path=f"{PROGRAMS}/bin/{name}",
        template="send.sh.j2",
        holes=holes(),
        summary="A capsule.",
        origin=origin,
    )


def make_plan(fleet: Fleet) -> FleetPlan:
    """What lowering would make of ``fleet``, without engines: edges on both ends, and the files of every node."""
    edges = make_edges(fleet)
    return FleetPlan(
        fleet=fleet.name,
        deployment=fleet.deployment,
        nodes=tuple(_node_plan(fleet, node, edges) for node in fleet.nodes),
    )


def _node_plan(fleet: Fleet, node: Node, edges: list[Edge]) -> NodePlan:
    outgoing = [edge for edge in edges if edge.client == node.name]
    incoming = [edge for edge in edges if edge.server == node.name]
    artifacts: list[Artifact] = [
        CronTable(path="/etc/cron.d/capsule-kaizen", mail_to="", entries=(), origin=node.origin),
        LogRotation(path="/etc/logrotate.d/capsule-kaizen", directory="/var/log/capsule/kaizen", origin=node.origin),
    ]
    artifacts += [
        PrivateKey(path=f"{PROGRAMS}/ssh/{edge.name}", edge=edge, group=edge.account, origin=node.origin)
        for edge in outgoing
    ]
    if outgoing:
        hosts = tuple(
            KnownHost(alias=name, keys=fleet.node(name).host_keys, origin=node.origin)
            for name in sorted({edge.server for edge in outgoing})
        )
        artifacts.append(KnownHosts(path=f"{PROGRAMS}/ssh/known_hosts", hosts=hosts, origin=node.origin))
    if incoming:
        artifacts += _server(fleet, node, incoming)
    accounts = {
        Account(
            name=edge.account, number=fleet.data_numbers[edge.account[8:]], home="/nonexistent", shell="/bin/false"
        )
        for edge in outgoing
    }
    return NodePlan(
        name=node.name,
        hostname=node.hostname,
        prefix="",
        accounts=tuple(sorted(accounts)),
        directories=(Directory(path=f"{PROGRAMS}/bin", owner="root", group="root", mode=0o755, keep=False),),
        packages=(),
        tools=(),
        clock_offsets=(),
        artifacts=tuple(sorted(artifacts, key=lambda artifact: artifact.path)),
        origin=node.origin,
    )


def _server(fleet: Fleet, node: Node, incoming: list[Edge]) -> list[Artifact]:
    capsules = [make_capsule(name, node.origin) for name in sorted({edge.capsule for edge in incoming})]
    lines = tuple(
        AuthorizedKey(
            edge=edge,
            epochs=(edge.epoch,),
            addresses=fleet.node(edge.client).egress,
            capsule_path=f"{PROGRAMS}/bin/{edge.capsule}",
            origin=node.origin,
        )
        for edge in incoming
    )
    grants = tuple(Grant(capsule_path=capsule.path, origin=node.origin) for capsule in capsules)
    return [
        *capsules,
        AuthorizedKeys(
            path="/var/lib/backupoperator/.ssh/authorized_keys",
            sudo="/usr/bin/sudo",
            entries=lines,
            origin=node.origin,
        ),
        SudoersFragment(
            path="/etc/sudoers.d/50-capsule-kaizen",
            operator="backupoperator",
            digests=True,
            grants=grants,
            origin=node.origin,
        ),
    ]


SOURCES = ("compute-1", "controller-1")


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    """Two sources in two time zones, a collecting node, a second site."""
    return make_fleet(
        [
            make_node("controller-1", 11, zone="America/New_York", datasets=("mysql", "nova")),
            make_node("compute-1", 21, datasets=("nova",)),
            make_node("services-1", 31, zone="America/New_York"),
            make_node("scc-1", 41, site="bu"),
        ],
        [make_protect("nightly", "15 0 * * *", SOURCES)],
        [
            make_collect("collection", "nightly", "services-1", "30 4 * * *", SOURCES),
            make_collect("offsite", "collection", "scc-1", "0 15 * * *", SOURCES),
        ],
    )


def with_protect(fleet: Fleet, **changes: Any) -> Fleet:
    """``fleet`` with other fields in its protecting plan; ``cron`` and ``minutes`` are short for their records."""
    return replace(fleet, protect_plans=(_changed(fleet.protect_plans[0], changes),))


def with_collect(fleet: Fleet, name: str, **changes: Any) -> Fleet:
    """``fleet`` with other fields in one collecting plan."""
    plans = tuple(_changed(plan, changes) if plan.name == name else plan for plan in fleet.collect_plans)
    return replace(fleet, collect_plans=plans)


def with_node(fleet: Fleet, name: str, **changes: Any) -> Fleet:
    """``fleet`` with other fields in one node."""
    return replace(
        fleet, nodes=tuple(replace(node, **changes) if node.name == name else node for node in fleet.nodes)
    )


def _changed(plan: Any, changes: dict[str, Any]) -> Any:
    fields = dict(changes)
    if "cron" in fields:
        fields["schedule"] = replace(plan.schedule, cron=fields.pop("cron"))
    if "minutes" in fields:
        fields["limits"] = make_limits(plan.name, fields.pop("minutes"))
    if "retention" in fields:
        fields["retention"] = make_retention(plan.name, **fields["retention"])
    return replace(plan, **fields)
