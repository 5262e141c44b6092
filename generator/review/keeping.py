"""What a store or a replica of whole moments keeps, of whom, for how long, and what looks after it; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from generator.engines.directed import names
from generator.inventory.model import DirectedPlan, DirectedStore, Fleet, Ownership, ReplicaPlan
from generator.prove.wording import spell_names
from generator.review.protection import spell_retention, spell_settings
from generator.review.summary import Section

_NOTE = (
    "Only these plans write there: a store is marked as theirs, and any other's run ends before it changes anything."
    " Nothing goes unless a newer complete backup is there."
)
_HEAD = ("plan", "of", "where", "kept", "filled by", "read again", "by hand")


def keeping(fleet: Fleet) -> Mapping[str, Section]:
    """What every node keeps as a store of a directed plan or as a replica, by the node's name."""
    rows: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for directed in fleet.directed_plans:
        filled = f"{names.pull(directed.name)} and {names.commit(directed.name)}, when {directed.director} orders it"
        for store in directed.stores:
            rows[store.node].append(_row(directed, store, directed.name, f"{filled} ({directed.schedule.cron})"))
    for replica in fleet.replica_plans:
        title = f"{replica.name}, a replica of {replica.replicates} on {replica.upstream}"
        filled = f"{names.replicate(replica.name)} ({replica.schedule.cron})"
        rows[replica.store.node].append(_row(replica, replica.store, title, filled))
    return {
        node: Section(title="What is kept here", note=_NOTE, head=_HEAD, rows=tuple(sorted(given)))
        for node, given in rows.items()
    }


def _row(plan: DirectedPlan | ReplicaPlan, store: DirectedStore, title: str, filled: str) -> tuple[str, ...]:
    told = "; ".join((store.engine, *spell_settings(store.settings)))
    owners = (
        "owners as they are, received by root"
        if store.ownership is Ownership.NATIVE
        else "owners in attributes, each source received by an account of its own"
    )
    return (
        title,
        spell_names(store.sources, len(store.sources)),
        f"{store.path} ({told}); {owners}",
        f"for {spell_retention(plan.retention)}",
        filled,
        f"scrub_{plan.name} ({plan.scrub.cron})" if plan.scrub is not None else "never",
        ", ".join(f"{verb}_{plan.name}" for verb in ("describe", "activate", "deactivate")),
    )
