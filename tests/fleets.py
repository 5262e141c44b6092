"""Pieces of a valid fleet for tests that begin behind the inventory; what a test leaves out has a default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from generator.engines.settings import EngineSettings
from generator.inventory.model import (
    CollectPlan,
    Dataset,
    DirectedPlan,
    DirectedStore,
    FanOut,
    FanOutEngine,
    Fleet,
    KeyEpochs,
    Lease,
    Limits,
    Node,
    Operator,
    Ownership,
    Paths,
    ProtectPlan,
    ReplicaPlan,
    Retention,
    Schedule,
)
from generator.inventory.tools import TOOLS
from generator.plan import Origin

HERE = Origin(path="test")


def make_schedule(cron: str = "30 4 * * *", origin: Origin = HERE) -> Schedule:
    return Schedule(cron=cron, origin=origin)


def make_retention(origin: Origin = HERE, **rules: int | None) -> Retention:
    """Nothing is kept but what ``rules`` say, and one backup whatever happens."""
    values: dict[str, Any] = {"days": None, "last": None, "weekly": None, "monthly": None, "yearly": None}
    return Retention(**{**values, "keep_minimum": 1, **rules}, origin=origin)


def make_limits(seconds: int = 120, origin: Origin = HERE, **changes: int) -> Limits:
    values = {"parallel": 2, "largest_file_bytes": 1 << 40, "reserve_bytes": 0, **changes}
    return Limits(duration_seconds=seconds, origin=origin, **values)


def make_dataset(
    name: str, producer: str = "paths", settings: EngineSettings | None = None, **changes: Any
) -> Dataset:
    made = Dataset(
        name=name,
        producer=producer,
        settings=settings or EngineSettings(),
        mountpoint=None,
        canary=None,
        shrink_limit_percent=50,
        origin=HERE,
    )
    return replace(made, **changes)


def make_node(name: str, **changes: Any) -> Node:
    made = Node(
        name=name,
        hostname=name,
        address="192.0.2.1",
        port=22,
        egress=("192.0.2.1",),
        host_keys=("ssh-ed25519 AAAA",),
        site="here",
        os_family="debian",
        timezone="UTC",
        sudo_digests=True,
        tools=TOOLS["debian"],
        datasets=(),
        restore_points=(),
        origin=HERE,
    )
    return replace(made, **changes)


def make_protect(name: str, nodes: tuple[str, ...], **changes: Any) -> ProtectPlan:
    made = ProtectPlan(
        name=name,
        store="tree",
        nodes=nodes,
        datasets=(),
        path="/backups",
        schedule=make_schedule(),
        scrub=None,
        retention=make_retention(days=2, keep_minimum=2),
        limits=make_limits(),
        preview=False,
        copies=1,
        sites=1,
        origin=HERE,
    )
    return replace(made, **changes)


def make_collect(name: str, collects: str, node: str, sources: tuple[str, ...], **changes: Any) -> CollectPlan:
    made = CollectPlan(
        name=name,
        store="tree",
        collects=collects,
        node=node,
        path=f"/srv/{name}",
        ownership=Ownership.FAKE_SUPER,
        sources=sources,
        maximum_age_seconds=26 * 3600,
        schedule=make_schedule(),
        scrub=None,
        retention=make_retention(days=8, keep_minimum=8),
        limits=make_limits(),
        preview=False,
        origin=HERE,
    )
    return replace(made, **changes)


def make_store(node: str, sources: tuple[str, ...], **changes: Any) -> DirectedStore:
    made = DirectedStore(
        node=node,
        engine="tree",
        path="/srv/store",
        ownership=Ownership.FAKE_SUPER,
        settings=EngineSettings(),
        sources=sources,
        origin=HERE,
    )
    return replace(made, **changes)


def make_directed(name: str, director: str, stores: tuple[DirectedStore, ...], **changes: Any) -> DirectedPlan:
    """Its sources, quiesced too, are those of its stores."""
    sources = tuple(sorted(source for store in stores for source in store.sources))
    made = DirectedPlan(
        name=name,
        director=director,
        sources=sources,
        datasets=(),
        quiesced=sources,
        stores=stores,
        schedule=make_schedule(),
        scrub=None,
        retention=make_retention(days=8, keep_minimum=8),
        limits=make_limits(),
        lease=Lease(deadline_seconds=60, cool_down_seconds=600, origin=HERE),
        fan_out=FanOut(engine=FanOutEngine.SSH, width=32, origin=HERE),
        docker_control=False,
        permit_seconds=None,
        copies=1,
        sites=1,
        origin=HERE,
    )
    return replace(made, **changes)


def make_replica(name: str, directed: str, upstream: str, store: DirectedStore, **changes: Any) -> ReplicaPlan:
    made = ReplicaPlan(
        name=name,
        replicates=directed,
        directed=directed,
        upstream=upstream,
        store=store,
        maximum_age_seconds=26 * 3600,
        schedule=make_schedule(),
        scrub=None,
        retention=make_retention(days=8, keep_minimum=8),
        limits=make_limits(),
        origin=HERE,
    )
    return replace(made, **changes)


def make_fleet(nodes: Iterable[Node], **changes: Any) -> Fleet:
    """``nodes`` in the order of their names; plans come in ``changes``."""
    every = tuple(sorted(nodes, key=lambda node: node.name))
    made = Fleet(
        name="test",
        prefix="",
        deployment="test",
        operator=Operator(name="backupoperator", number=1901, home="/var/lib/backupoperator"),
        paths=Paths(
            programs="/opt/capsule/test", logs="/var/log/capsule/test", state="/var/lib/capsule/test", metrics=""
        ),
        mail_to="root",
        health_check_url="",
        signers=(),
        epochs=KeyEpochs(current=1, accept_previous=False, edges={}),
        escrow_recorded=True,
        nodes=every,
        protect_plans=(),
        collect_plans=(),
        data_numbers={node.name: 0x70000001 + index for index, node in enumerate(every)},
        origin=HERE,
    )
    return replace(made, **changes)
