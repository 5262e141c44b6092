"""Which plan collects what from where: names and paths that several parts of the tree engine agree on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from generator.inventory.model import CollectPlan, Dataset, DirectedStore, Fleet, Node, Ownership, ProtectPlan
from generator.plan import Account


def data_account(fleet: Fleet, source: str) -> Account:
    """The account that meets ``source`` on every store, and owns nothing but that source's trees."""
    digest = hashlib.sha256(f"{fleet.deployment}/{source}".encode()).hexdigest()
    return Account(
        name=f"capsule-{digest[:10]}",
        number=fleet.data_numbers[source],
        home="/nonexistent",
        shell="/usr/sbin/nologin",
        purpose=f"receives, owns and sends the backups of {source}, and nothing else",
    )


def data_accounts(fleet: Fleet, store: CollectPlan | DirectedStore) -> tuple[Account, ...]:
    """The accounts that meet the sources of ``store``: none where owners are kept natively and root receives."""
    if store.ownership is Ownership.NATIVE:
        return ()
    return tuple(data_account(fleet, source) for source in store.sources)


def account_name(fleet: Fleet, store: CollectPlan | DirectedStore, source: str) -> str:
    """Who receives and reads what ``store`` keeps of ``source``: root where owners are kept natively."""
    return "root" if store.ownership is Ownership.NATIVE else data_account(fleet, source).name


def account_number(fleet: Fleet, store: CollectPlan | DirectedStore, source: str) -> int:
    """That account's uid and gid."""
    return 0 if store.ownership is Ownership.NATIVE else data_account(fleet, source).number


def tree_path(plan: CollectPlan, source: str) -> str:
    """Where ``plan`` keeps the backups of ``source``, on its node."""
    return f"{plan.path}/{source}"


def collected_sender_name(plan: CollectPlan, source: str) -> str:
    """The capsule that sends what ``plan`` holds of ``source``."""
    return f"send_{plan.name}_{source}"


def local_sender_name(plan: ProtectPlan) -> str:
    """The capsule that sends a node's own local tree."""
    return f"send_{plan.name}"


def upstream(fleet: Fleet, plan: CollectPlan) -> ProtectPlan | CollectPlan:
    """The plan whose backups ``plan`` pulls; raises `KeyError` for a dangling name."""
    return fleet.plan(plan.collects)


def protecting_plan(fleet: Fleet, plan: CollectPlan) -> ProtectPlan:
    """The plan that makes what ``plan`` pulls, directly or over other collecting plans."""
    above = upstream(fleet, plan)
    while isinstance(above, CollectPlan):
        above = upstream(fleet, above)
    return above


def planned_datasets(plan: ProtectPlan, node: Node) -> tuple[Dataset, ...]:
    """The datasets of ``node`` that ``plan`` protects."""
    return tuple(dataset for dataset in node.datasets if not plan.datasets or dataset.name in plan.datasets)


def first_collector(fleet: Fleet, plan: ProtectPlan, source: str) -> CollectPlan | None:
    """The first collecting plan, by name, that pulls the local tree of ``source`` itself; others share its sender."""
    return next(_direct_collectors(fleet, plan, source), None)


def _direct_collectors(fleet: Fleet, plan: ProtectPlan, source: str) -> Iterator[CollectPlan]:
    return (other for other in fleet.pullers(plan.name) if source in other.sources)
