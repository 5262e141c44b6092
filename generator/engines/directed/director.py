"""What a directed plan puts on its director: the orders. It reads no data, and writes none."""

from __future__ import annotations

from collections.abc import Iterable

from generator.engines.capsules import capsule_path, known_hosts_path, make_capsule, own_writes, reached
from generator.engines.contribution import Connection, Contribution, ListedStores
from generator.engines.directed import names
from generator.engines.directed.phases import UNPAUSE_SECONDS, phases
from generator.engines.directed.quiesce import stoppable_nodes
from generator.engines.schedules import expected_run, longest_interval_seconds
from generator.inventory.model import DirectedPlan, FanOutEngine, Fleet
from generator.plan import Capsule, CronEntry, Hole, Holes, Needs, holes_of
from generator.quoting import ShellWord

PACKAGES = ("bash", "openssh-client", "util-linux")
# A node that is down must not use up the time for which all the others stand still.
CONNECT_SECONDS = 10
MOST_OPENED = 256  # nodes whose calls are open before a pause
LIST_SECONDS = 60
STOP_SECONDS = 300
RESTORE_SECONDS = 24 * 3600

_PERFORM = "Freezes one moment of every source, has it pulled and kept, and lets everything go again."


def contributions(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """The director's capsules, and a permission for each thing that they order."""
    orders = _orders(fleet, plan)
    schedule = plan.schedule
    clustershell = plan.fan_out.engine is FanOutEngine.CLUSTERSHELL
    return (
        Contribution(
            node=plan.director,
            capsules=_capsules(fleet, plan),
            connections=tuple(names.control(fleet, plan, server, capsule) for server, capsule in orders),
            schedules=(
                CronEntry(
                    schedule=schedule.cron,
                    capsule_path=capsule_path(fleet, names.PERFORM),
                    origin=schedule.origin,
                    # all that it does on nodes, its own too, is done by sshd's children; its scratch lies in /run
                    needs=Needs(
                        seconds=plan.limits.duration_seconds,
                        writes=(*own_writes(fleet), "/run"),
                        controls=False,
                        reads_everything=False,
                        any_file=False,
                    ),
                ),
            ),
            packages=(*PACKAGES, "clustershell") if clustershell else PACKAGES,
            expected_runs=(expected_run(names.PERFORM, schedule, plan.limits.duration_seconds),),
            listed_stores=(
                ListedStores(
                    plan=plan.name,
                    calling=_calling(fleet, plan, "list_backups"),
                    targets=_targets(fleet, plan, store_nodes(plan), names.list_stored(plan.name)),
                ),
            ),
        ),
    )


def store_nodes(plan: DirectedPlan) -> tuple[str, ...]:
    """The nodes that keep what ``plan`` makes, sorted, each once."""
    return tuple(sorted({store.node for store in plan.stores}))


def _orders(fleet: Fleet, plan: DirectedPlan) -> tuple[tuple[str, str], ...]:
    """Pairs of a node and a capsule that the director may start there."""
    stores, paused = store_nodes(plan), names.paused_nodes(fleet, plan)
    verbs: list[tuple[Iterable[str], str]] = [
        (paused, names.pause(plan.name)),
        (paused, names.unpause(plan.name)),
        (plan.sources, names.prepare(plan.name)),
        (plan.sources, names.remove(plan.name)),
        (stores, names.pull(plan.name)),
        (stores, names.commit(plan.name)),
        (stores, names.list_stored(plan.name)),
    ]
    stoppable = stoppable_nodes(fleet, plan)
    verbs += [(stoppable, names.stop_docker(plan.name)), (stoppable, names.start_docker(plan.name))]
    if plan.permit_seconds is not None:
        verbs.append((plan.sources, names.restore(plan.name)))
    return tuple((server, capsule) for servers, capsule in verbs for server in servers)


def _targets(fleet: Fleet, plan: DirectedPlan, servers: Iterable[str], capsule: str) -> tuple[Holes, ...]:
    return tuple(_target(fleet, names.control(fleet, plan, server, capsule)) for server in servers)


def _target(fleet: Fleet, connection: Connection) -> Holes:
    return holes_of(fleet.node(connection.edge.server).origin, **reached(fleet, connection.edge))


def _calling(fleet: Fleet, plan: DirectedPlan, capsule: str) -> dict[str, Hole]:
    """The holes of ``network/fan_out.sh.j2``."""
    return {
        "operator": ShellWord.of(fleet.operator.name),
        "known_hosts": ShellWord.of(known_hosts_path(fleet)),
        "width": ShellWord.of(str(plan.fan_out.width)),
        "connect_seconds": ShellWord.of(str(CONNECT_SECONDS)),
        "clustershell": plan.fan_out.engine is FanOutEngine.CLUSTERSHELL,
        "scratch": ShellWord.of(names.run_directory(fleet, capsule)),
        "opens_early": capsule == names.PERFORM and _opens_early(fleet, plan),
    }


def _opens_early(fleet: Fleet, plan: DirectedPlan) -> bool:
    """Whether all calls of the pause are open before it begins: where somebody is paused, and they are few enough.

    Each of three calls to a node is a descriptor of the director's, which has 1024 where nobody has said otherwise.
    """
    paused = names.paused_nodes(fleet, plan)
    built_in = plan.fan_out.engine is FanOutEngine.SSH
    return built_in and bool(paused) and max(len(paused), len(plan.sources)) <= min(plan.fan_out.width, MOST_OPENED)


def _capsules(fleet: Fleet, plan: DirectedPlan) -> tuple[Capsule, ...]:
    made = [_perform(fleet, plan)]
    paused, stoppable = names.paused_nodes(fleet, plan), stoppable_nodes(fleet, plan)
    lease = plan.lease.deadline_seconds
    orders = (
        ("pause_containers", names.pause(plan.name), paused, lease, "Pauses", f", for at most {lease} seconds"),
        ("unpause_containers", names.unpause(plan.name), paused, UNPAUSE_SECONDS, "Ends the pause of", ""),
        ("stop_docker", names.stop_docker(plan.name), stoppable, STOP_SECONDS, "Stops the containers of", ""),
        (
            "start_docker",
            names.start_docker(plan.name),
            stoppable,
            STOP_SECONDS,
            "Starts the containers of",
            " again",
        ),
    )
    for name, verb, servers, seconds, words, end in orders:
        if servers:
            summary = f"{words} {len(servers)} node{'s'[: len(servers) != 1]}{end}."
            made.append(_order(fleet, plan, name=name, verb=verb, servers=servers, seconds=seconds, summary=summary))
    if plan.permit_seconds is not None:
        made += [
            _restore(fleet, plan, "restore_latest_backup", latest_only=True),
            _restore(fleet, plan, "restore_backup", latest_only=False),
        ]
    return tuple(made)


def _order(
    fleet: Fleet, plan: DirectedPlan, *, name: str, verb: str, servers: tuple[str, ...], seconds: int, summary: str
) -> Capsule:
    return make_capsule(
        fleet,
        fleet.node(plan.director),
        name=name,
        template="director_calls.sh.j2",
        summary=summary,
        origin=plan.origin,
        phase_seconds=ShellWord.of(str(seconds)),
        says_now=verb == names.pause(plan.name),
        targets=_targets(fleet, plan, servers, verb),
        **_calling(fleet, plan, name),
    )


def _restore(fleet: Fleet, plan: DirectedPlan, name: str, *, latest_only: bool) -> Capsule:
    which = "the newest complete backup" if latest_only else "the backup that is named on standard input"
    return make_capsule(
        fleet,
        fleet.node(plan.director),
        name=name,
        template="director_restore.sh.j2",
        summary=f"Has every source that permits it restore itself from {which}.",
        origin=plan.origin,
        latest_only=latest_only,
        permit_path=ShellWord.of(capsule_path(fleet, names.permit_restore(plan.name))),
        order_path=ShellWord.of(capsule_path(fleet, "restore_backup")),
        list_seconds=ShellWord.of(str(LIST_SECONDS)),
        restore_seconds=ShellWord.of(str(RESTORE_SECONDS)),
        stores=_targets(fleet, plan, store_nodes(plan), names.list_stored(plan.name)),
        sources=_targets(fleet, plan, plan.sources, names.restore(plan.name)),
        **_calling(fleet, plan, name),
    )


def _perform(fleet: Fleet, plan: DirectedPlan) -> Capsule:
    paused, stores = names.paused_nodes(fleet, plan), store_nodes(plan)
    phases = (
        ("pause", names.pause, paused),
        ("unpause", names.unpause, paused),
        ("prepare", names.prepare, plan.sources),
        ("remove", names.remove, plan.sources),
        ("pull", names.pull, stores),
        ("commit", names.commit, stores),
    )
    targets: dict[str, Hole] = {
        phase: _targets(fleet, plan, servers, verb(plan.name)) for phase, verb, servers in phases
    }
    return make_capsule(
        fleet,
        fleet.node(plan.director),
        name=names.PERFORM,
        template="perform_backup.sh.j2",
        summary=_PERFORM,
        origin=plan.origin,
        interval_seconds=ShellWord.of(str(longest_interval_seconds(plan.schedule.cron))),
        parts=_parts(fleet, plan),
        **targets,
        **_limits(plan),
        **_calling(fleet, plan, names.PERFORM),
    )


def _parts(fleet: Fleet, plan: DirectedPlan) -> tuple[Holes, ...]:
    """What a complete backup has, whatever the stores' own builds know."""
    return tuple(
        holes_of(dataset.origin, name=ShellWord.of(f"{source} {dataset.name}"))
        for source in plan.sources
        for dataset in names.planned_datasets(plan, fleet.node(source))
    )


def _limits(plan: DirectedPlan) -> dict[str, Hole]:
    limits = phases(plan)
    seconds = {
        "deadline_seconds": plan.lease.deadline_seconds,
        "ready_seconds": limits.ready,
        "pause_seconds": limits.pause,
        "unpause_seconds": limits.unpause,
        "prepare_seconds": limits.prepare,
        "commit_seconds": limits.commit,
        "remove_seconds": limits.remove,
        "pull_seconds": limits.pull,
    }
    return {name: ShellWord.of(str(value)) for name, value in seconds.items()}
