"""Capsules that a node has once, whatever its plans: what it keeps, and whether what it expects has happened."""

from __future__ import annotations

from collections.abc import Sequence

from generator.engines.capsules import make_capsule
from generator.engines.contribution import Contribution, KeptTree
from generator.inventory.model import Fleet, Node
from generator.plan import Capsule, Hole, holes, holes_of
from generator.quoting import ShellWord


def node_capsules(fleet: Fleet, node: Node, contributions: tuple[Contribution, ...]) -> tuple[Capsule, ...]:
    """``list_backups`` where ``node`` keeps trees or directs stores, ``check_backups`` where anything is expected."""
    made = []
    if any(contribution.kept_trees or contribution.listed_stores for contribution in contributions):
        made.append(_list_backups(fleet, node, contributions))
    if any(contribution.expected_runs or contribution.reports_holds for contribution in contributions):
        made.append(_check_backups(fleet, node, contributions))
    return tuple(made)


def _list_backups(fleet: Fleet, node: Node, contributions: tuple[Contribution, ...]) -> Capsule:
    listed = [stores for contribution in contributions for stores in contribution.listed_stores]
    trees = sorted(
        (tree for contribution in contributions for tree in contribution.kept_trees),
        key=lambda tree: (tree.plan, tree.source),
    )
    return make_capsule(
        fleet,
        node,
        name="list_backups",
        template="list_backups.sh.j2",
        summary="Lists every backup that this node keeps"
        + (", and what the stores keep that it directs." if listed else "."),
        origin=node.origin,
        trees=tuple(
            holes_of(
                tree.origin,
                plan=ShellWord.of(tree.plan),
                source=ShellWord.of(tree.source),
                path=ShellWord.of(tree.path),
                datasets=tuple(ShellWord.of(dataset) for dataset in tree.datasets),
            )
            for tree in trees
        ),
        stores=_stores(trees),
        listed=tuple(holes(plan=ShellWord.of(stores.plan), targets=stores.targets) for stores in listed),
        # one deployment has one director's plan on a node, so there is one way of calling
        **(listed[0].calling if listed else {}),
    )


def _stores(trees: Sequence[KeptTree]) -> tuple[Hole, ...]:
    """Directories with a tree for each source, and the sources that the inventory has now."""
    places = sorted({(tree.plan, tree.store) for tree in trees if tree.store})
    return tuple(
        holes(
            plan=ShellWord.of(plan),
            path=ShellWord.of(store),
            sources=tuple(ShellWord.of(tree.source) for tree in trees if (tree.plan, tree.store) == (plan, store)),
        )
        for plan, store in places
    )


def _check_backups(fleet: Fleet, node: Node, contributions: tuple[Contribution, ...]) -> Capsule:
    runs = sorted(
        (run for contribution in contributions for run in contribution.expected_runs), key=lambda run: run.name
    )
    return make_capsule(
        fleet,
        node,
        name="check_backups",
        template="check_backups.sh.j2",
        summary="Says in the manner of Nagios whether every expected run has happened.",
        origin=node.origin,
        holds=any(contribution.reports_holds for contribution in contributions),
        expected=tuple(
            holes_of(
                run.origin,
                name=ShellWord.of(run.name),
                warning=ShellWord.of(str(run.warning_seconds)),
                critical=ShellWord.of(str(run.critical_seconds)),
            )
            for run in runs
        ),
    )
