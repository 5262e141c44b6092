"""What a directed plan puts on nodes whose writers are held still: pausing as a lease, and stopping on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from generator.engines.capsules import make_capsule
from generator.engines.contribution import Contribution
from generator.engines.directed import names
from generator.engines.directed.phases import pause_wait, unpause_wait
from generator.engines.directed.source import is_live
from generator.engines.discovery import quiescers
from generator.engines.protocols import QuiescerEngine
from generator.inventory.model import DirectedPlan, Fleet, Node
from generator.plan import Capsule, Directory, Fragment, Hole, holes_of
from generator.quoting import ShellWord


@runtime_checkable
class Controller(QuiescerEngine, Protocol):
    """A quiescer that can also stop what it pauses, until somebody starts it again."""

    def control(self, node: Node) -> Fragment:
        """The functions of the contract that stop and start, put into a capsule after the others."""
        ...


# Nobody waits longer than this for what is written before a pause, nor longer than a quarter of the pause.
FLUSH_SECONDS = 30
# Services stop writing first; a filesystem is frozen last, because the tools of the others would wait for it.
ORDER = ("service", "docker", "podman", "fsfreeze")


def contributions(fleet: Fleet, plan: DirectedPlan) -> tuple[Contribution, ...]:
    """The capsules that hold a node still and let it go, on every node of ``plan`` that has quiescers."""
    return tuple(_quiesced(fleet, plan, fleet.node(name)) for name in names.paused_nodes(fleet, plan))


def stoppable_nodes(fleet: Fleet, plan: DirectedPlan) -> tuple[str, ...]:
    """The nodes whose containers the director may stop and start."""
    return tuple(name for name in plan.quiesced if plan.docker_control and _controlled(fleet.node(name)))


def _quiesced(fleet: Fleet, plan: DirectedPlan, node: Node) -> Contribution:
    stoppable = node.name in stoppable_nodes(fleet, plan)
    pause, unpause = names.pause(plan.name), names.unpause(plan.name)
    held, released = "Holds still what writes here", "Releases what was held still"
    capsules = [
        _lease_capsule(fleet, plan, node, pause, "pause.sh.j2", held, pause_wait(plan)),
        _lease_capsule(fleet, plan, node, unpause, "unpause.sh.j2", released, unpause_wait(plan)),
    ]
    if stoppable:
        capsules += [
            _stop_capsule(fleet, plan, node, names.stop_docker(plan.name), "stop_docker.sh.j2", "Stops"),
            _stop_capsule(fleet, plan, node, names.start_docker(plan.name), "start_docker.sh.j2", "Starts again"),
        ]
    packages = {package for name in _engines(node) for package in quiescers()[name].packages(node)}
    return Contribution(
        node=node.name,
        capsules=tuple(capsules),
        directories=(
            # Readable by anybody, as the results of runs are: `check_backups` reports what is held.
            (Directory(path=f"{fleet.paths.state}/holds", owner="root", group="root", mode=0o755, keep=True),)
            if stoppable
            else ()
        ),
        packages=tuple(sorted(packages)),
        reports_holds=stoppable,
    )


def _engines(node: Node) -> tuple[str, ...]:
    """The engines of ``node`` in the order in which they hold; one that the order does not know comes first."""
    used = {quiescer.engine for quiescer in node.quiescers}
    return (*sorted(used - set(ORDER)), *(name for name in ORDER if name in used))


def _controlled(node: Node) -> tuple[str, ...]:
    """The engines of ``node`` that can also stop and start what they hold."""
    return tuple(name for name in _engines(node) if isinstance(quiescers()[name], Controller))


def _controlling_functions(node: Node, name: str) -> tuple[Fragment, ...]:
    engine = quiescers()[name]
    return (*engine.functions(node), engine.control(node)) if isinstance(engine, Controller) else ()


def _once(functions: Iterable[Fragment]) -> tuple[Fragment, ...]:
    return tuple(dict.fromkeys(functions))


def _common(fleet: Fleet, plan: DirectedPlan, engines: tuple[str, ...]) -> dict[str, Hole]:
    return {
        "lease": ShellWord.of(names.lease_directory(fleet, plan)),
        "engines": tuple(ShellWord.of(name) for name in engines),
        "engines_reversed": tuple(ShellWord.of(name) for name in reversed(engines)),
    }


def _lease_capsule(
    fleet: Fleet, plan: DirectedPlan, node: Node, name: str, template: str, verb: str, wait: int
) -> Capsule:
    engines = _engines(node)
    ordered = sorted(node.quiescers, key=lambda one: (engines.index(one.engine), one.name))
    return make_capsule(
        fleet,
        node,
        name=name,
        template=template,
        summary=f"{verb} while plan {plan.name} takes snapshots: {', '.join(one.name for one in ordered)}.",
        origin=plan.lease.origin,
        functions=_once(part for engine in engines for part in quiescers()[engine].functions(node)),
        quiescers=tuple(
            holes_of(
                one.origin,
                engine=ShellWord.of(one.engine),
                remembers=quiescers()[one.engine].remembers,
                looks_early=quiescers()[one.engine].looks_early,
                arguments=quiescers()[one.engine].arguments(fleet, one),
            )
            for one in ordered
        ),
        asking=not all(quiescers()[engine].remembers for engine in engines),
        remembering=any(quiescers()[engine].remembers for engine in engines),
        flushed=tuple(ShellWord.of(path) for path in _flushed(plan, node)),
        flush_seconds=ShellWord.of(str(max(1, min(FLUSH_SECONDS, plan.lease.deadline_seconds // 4)))),
        deadline_seconds=ShellWord.of(str(plan.lease.deadline_seconds)),
        wait_seconds=ShellWord.of(str(wait)),
        cool_down_seconds=ShellWord.of(str(plan.lease.cool_down_seconds)),
        **_common(fleet, plan, engines),
    )


def _flushed(plan: DirectedPlan, node: Node) -> tuple[str, ...]:
    """Paths in whose file systems nothing should wait to be written when they are frozen."""
    frozen = (path for one in node.quiescers for path in quiescers()[one.engine].frozen(one.settings))
    datasets = names.planned_datasets(plan, node) if node.name in plan.sources else ()
    taken = (names.dataset_path(dataset) for dataset in datasets if not is_live(dataset))
    return tuple(sorted({*frozen, *taken}))


def _stop_capsule(fleet: Fleet, plan: DirectedPlan, node: Node, name: str, template: str, verb: str) -> Capsule:
    engines = _controlled(node)
    stop = names.stop_docker(plan.name)
    return make_capsule(
        fleet,
        node,
        name=name,
        template=template,
        summary=f"{verb} the containers of this node, for plan {plan.name}.",
        origin=plan.origin,
        functions=_once(part for engine in engines for part in _controlling_functions(node, engine)),
        hold=ShellWord.of(stop),
        mark=ShellWord.of(f"/run/capsule/stopped/{fleet.deployment}.{stop}"),
        **_common(fleet, plan, engines),
    )
