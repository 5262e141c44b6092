"""The closed list of what may be done over the network: who may order it, and the worst that a thief of a key can do.

A sealed sender (``send_…``) reads for whoever holds its key. Everything else is an order of a plan's director;
stopping containers and restoring exist only where the inventory asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from generator.engines.directed import names
from generator.inventory.model import DirectedPlan, DirectedStore, Fleet

SENDER = "send_"
READING = "read what it offers, and nothing else"
Namer: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A capsule of ``node`` that the ``callers`` may start; ``worst`` is a clause for reviewers."""

    verb: str
    node: str
    capsule: str
    callers: frozenset[str]
    worst: str


def orders(fleet: Fleet) -> Mapping[tuple[str, str], Order]:
    """Everything but senders that may be reached over the network of ``fleet``, by node and capsule."""
    given = [order for plan in fleet.directed_plans for order in _orders(fleet, plan)]
    given += [_list(fleet, replica.name, replica.store, ()) for replica in fleet.replica_plans]
    return {(order.node, order.capsule): order for order in given}


def worst_of_a_key(known: Mapping[tuple[str, str], Order], node: str, capsule: str) -> str:
    """What a thief of a key for ``capsule`` of ``node`` can do."""
    order = known.get((node, capsule))
    return READING if order is None else order.worst


def _orders(fleet: Fleet, plan: DirectedPlan) -> Iterator[Order]:
    stores = [store.node for store in plan.stores]
    director = frozenset((plan.director,))
    pause = f"hold its writers still for {plan.lease.deadline_seconds} s, {plan.lease.cool_down_seconds} s apart"
    yield from _each("pause", names.pause, plan, plan.quiesced, director, pause)
    yield from _each(
        "unpause", names.unpause, plan, plan.quiesced, director, "end a pause early: that backup is partial"
    )
    if plan.docker_control:
        worst = "stop its containers, which is reported until they are started"
        yield from _each("stop_docker", names.stop_docker, plan, plan.quiesced, director, worst)
        worst = "start containers that it stopped"
        yield from _each("start_docker", names.start_docker, plan, plan.quiesced, director, worst)
    worst = "take snapshots, which use space until the next run"
    yield from _each("prepare", names.prepare, plan, plan.sources, director, worst)
    worst = "remove this plan's snapshots: that backup is partial"
    yield from _each("remove", names.remove, plan, plan.sources, director, worst)
    yield from _each("pull", names.pull, plan, stores, director, "have it pull what its sources offer now")
    worst = "publish what was pulled, which is verified before and pruned by its own rules"
    yield from _each("commit", names.commit, plan, stores, director, worst)
    yield from (_list(fleet, plan.name, store, director) for store in plan.stores)
    if plan.permit_seconds is not None:
        worst = "restore the one backup that root on the node permits, once, while the permit is open"
        yield from _each("restore", names.restore, plan, plan.sources, director, worst)


def _list(fleet: Fleet, plan: str, store: DirectedStore, others: Iterable[str]) -> Order:
    """Whoever restores or replicates from a store asks it first what there is."""
    replicas = (replica.store.node for replica in fleet.replicas_of(plan, store.node))
    return Order(
        verb="list",
        node=store.node,
        capsule=names.list_stored(plan),
        callers=frozenset((*others, *store.sources, *replicas)),
        worst="read the names of backups",
    )


def _each(
    verb: str, capsule: Namer, plan: DirectedPlan, nodes: Iterable[str], callers: frozenset[str], worst: str
) -> Iterator[Order]:
    for node in nodes:
        yield Order(verb=verb, node=node, capsule=capsule(plan.name), callers=callers, worst=worst)
