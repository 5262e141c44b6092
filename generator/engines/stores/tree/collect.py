"""Collecting: one node pulls what other nodes made, each source as an account of its own."""

from __future__ import annotations

from math import ceil

from generator.engines.capsules import capsule_path, known_hosts_path, make_capsule, own_writes, reached
from generator.engines.contribution import Connection, Contribution, KeptTree
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.engines.stores.tree import restore, send, topology
from generator.inventory.model import CollectPlan, Fleet, Ownership, ProtectPlan
from generator.plan import Capsule, CronEntry, Directory, Edge, Hole, Holes, Needs, holes_of
from generator.quoting import ShellWord

PACKAGES = ("acl", "attr", "bash", "openssh-client", "rsync", "util-linux")
SHORTEST_SOURCE_SECONDS = 10


def collect(fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
    """Everything that ``plan`` puts on its own node, on the nodes that it pulls from, and on those that restore."""
    return (
        _collector(fleet, plan),
        *_local_senders(fleet, plan),
        *restore.from_collection(fleet, plan),
    )


def _collector(fleet: Fleet, plan: CollectPlan) -> Contribution:
    capsules = [_capsule(fleet, plan, f"collect_{plan.name}", "collect.sh.j2", "Pulls")]
    if plan.preview:
        capsules.append(
            _capsule(fleet, plan, f"preview_{plan.name}", "preview_collect.sh.j2", "Says what it would do to pull")
        )
    capsules += [send.collected_sender(fleet, plan, source) for source in plan.sources]
    return Contribution(
        node=plan.node,
        capsules=tuple(capsules),
        connections=tuple(_connection(fleet, plan, source) for source in plan.sources),
        schedules=(
            CronEntry(
                schedule=plan.schedule.cron,
                capsule_path=capsule_path(fleet, f"collect_{plan.name}"),
                origin=plan.schedule.origin,
                needs=_needs(fleet, plan),
            ),
        ),
        accounts=topology.data_accounts(fleet, plan),
        directories=_directories(fleet, plan),
        packages=PACKAGES,
        expected_runs=tuple(
            expected_run(name, plan.schedule, plan.limits.duration_seconds) for name in _run_names(plan)
        ),
        kept_trees=tuple(_kept_tree(fleet, plan, source) for source in plan.sources),
    )


def _needs(fleet: Fleet, plan: CollectPlan) -> Needs:
    """What it stores natively has any owner and mode; otherwise what is special about a file is an attribute."""
    return Needs(
        seconds=plan.limits.duration_seconds,
        writes=(*own_writes(fleet), plan.path),
        controls=False,
        reads_everything=False,
        any_file=plan.ownership is Ownership.NATIVE,
    )


def _kept_tree(fleet: Fleet, plan: CollectPlan, source: str) -> KeptTree:
    datasets = topology.planned_datasets(topology.protecting_plan(fleet, plan), fleet.node(source))
    return KeptTree(
        plan=plan.name,
        source=source,
        path=topology.tree_path(plan, source),
        datasets=tuple(dataset.name for dataset in datasets),
        origin=plan.origin,
        store=plan.path,
    )


def _local_senders(fleet: Fleet, plan: CollectPlan) -> tuple[Contribution, ...]:
    """The sealed senders of the sources themselves, each contributed once however many plans pull from it."""
    above = topology.upstream(fleet, plan)
    if not isinstance(above, ProtectPlan):
        return ()
    return tuple(
        Contribution(
            node=source, capsules=(send.local_sender(fleet, above, source),), packages=("acl", "attr", "rsync")
        )
        for source in plan.sources
        if topology.first_collector(fleet, above, source) == plan
    )


def edge_of(fleet: Fleet, plan: CollectPlan, source: str) -> Edge:
    """The permission by which ``plan`` pulls the backups of ``source``."""
    above = topology.upstream(fleet, plan)
    return Edge(
        purpose="collect",
        client=plan.node,
        account=topology.account_name(fleet, plan, source),
        server=source if isinstance(above, ProtectPlan) else above.node,
        capsule=topology.local_sender_name(above)
        if isinstance(above, ProtectPlan)
        else topology.collected_sender_name(above, source),
    )


def _connection(fleet: Fleet, plan: CollectPlan, source: str) -> Connection:
    edge = edge_of(fleet, plan, source)
    return Connection(
        edge=edge,
        key_group=edge.account,
        capsule_path=capsule_path(fleet, edge.capsule),
        origin=plan.origin,
        reason=f"collects the backups of {source} from plan {plan.collects}",
    )


def _directories(fleet: Fleet, plan: CollectPlan) -> tuple[Directory, ...]:
    """The store can be entered and not listed; each source's directory only by its own account."""
    store = Directory(path=plan.path, owner="root", group="root", mode=0o711, keep=True)
    return (
        store,
        *(
            Directory(
                path=topology.tree_path(plan, source),
                owner="root",
                group=topology.account_name(fleet, plan, source),
                mode=0o750,
                keep=True,
            )
            for source in plan.sources
        ),
    )


def _run_names(plan: CollectPlan) -> tuple[str, ...]:
    whole = f"collect_{plan.name}"
    return (whole, *(f"{whole}.{source}" for source in plan.sources))


def _capsule(fleet: Fleet, plan: CollectPlan, name: str, template: str, verb: str) -> Capsule:
    node = fleet.node(plan.node)
    return make_capsule(
        fleet,
        node,
        name=name,
        template=template,
        summary=f"{verb} the backups of {len(plan.sources)} nodes that plan {plan.collects} made.",
        origin=plan.origin,
        **_store_holes(fleet, plan),
        sources=tuple(_source_holes(fleet, plan, source) for source in plan.sources),
    )


def _store_holes(fleet: Fleet, plan: CollectPlan) -> dict[str, Hole]:
    limits = plan.limits
    # As many sources as run at once share the run's time: a slow or hostile one takes nobody else's.
    waves = max(1, ceil(len(plan.sources) / limits.parallel))
    return {
        "plan": ShellWord.of(plan.name),
        "path": ShellWord.of(plan.path),
        "fake_super": plan.ownership is Ownership.FAKE_SUPER,
        "operator": ShellWord.of(fleet.operator.name),
        "known_hosts": ShellWord.of(known_hosts_path(fleet)),
        "parallel": _number(limits.parallel),
        "largest_file": _number(limits.largest_file_bytes),
        "reserve_bytes": _number(limits.reserve_bytes),
        "duration_seconds": _number(limits.duration_seconds),
        "source_seconds": _number(max(SHORTEST_SOURCE_SECONDS, limits.duration_seconds // waves)),
        "maximum_age": _number(plan.maximum_age_seconds),
        "interval_seconds": _number(longest_interval_seconds(plan.schedule.cron)),
        "retention": _retention(plan),
    }


def _retention(plan: CollectPlan) -> Holes:
    rules = plan.retention
    return holes_of(
        rules.origin,
        days=_number(rules.days),
        last=_number(rules.last),
        weekly=_number(rules.weekly),
        monthly=_number(rules.monthly),
        yearly=_number(rules.yearly),
        keep_minimum=_number(rules.keep_minimum),
    )


def _source_holes(fleet: Fleet, plan: CollectPlan, source: str) -> Holes:
    return holes_of(
        fleet.node(source).origin,
        name=ShellWord.of(source),
        account=_number(topology.account_number(fleet, plan, source)),
        **reached(fleet, edge_of(fleet, plan, source), "server"),
    )


def _number(value: int | None) -> ShellWord:
    return ShellWord.of("" if value is None else str(value))
