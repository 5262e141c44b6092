"""What directed plans name on nodes collides nowhere: parts in a backup, snapshots, mounts, and results of runs.

Names of parts and snapshots are made of several names of the inventory. Two different datasets can therefore come to
one name, and one would overwrite, or remove, the other's.
"""

from __future__ import annotations

from collections.abc import Iterator

from generator.diagnostics import Diagnostic
from generator.engines.directed import names
from generator.engines.directed.source import is_live, snapshot_name
from generator.inventory.model import Dataset, DirectedPlan, Node
from generator.plan import Capsule, Holes, NodePlan, Origin
from generator.prove.facts import Facts
from generator.prove.report import ProofReport
from generator.prove.rules.reachability import OUR_BUG
from generator.prove.wording import count, finding, spell_names

LONGEST_FILE_NAME = 255 - len(".manifest.incomplete")


def check(facts: Facts) -> ProofReport:
    """Codes C0457 (parts or snapshots with one name), C0458 (a part's name too long), C0459 (runs with one name)."""
    diagnostics = [finding for plan in facts.fleet.directed_plans for finding in _parts(facts, plan)]
    for node in facts.fleet.nodes:
        diagnostics += [*_snapshots(facts, node)]
    for planned in facts.plan.nodes:
        diagnostics += _runs(planned)
    if diagnostics or not facts.fleet.directed_plans:
        return ProofReport(diagnostics=tuple(diagnostics))
    parts = sum(1 for plan in facts.fleet.directed_plans for _ in _datasets(facts, plan))
    whose = spell_names([plan.name for plan in facts.fleet.directed_plans])
    return ProofReport(proved=(f"{count(parts, 'part')} of {whose}: each has a name of its own in every backup",))


def _datasets(facts: Facts, plan: DirectedPlan) -> Iterator[tuple[str, Dataset]]:
    for source in plan.sources:
        for dataset in names.planned_datasets(plan, facts.nodes[source]):
            yield source, dataset


def _parts(facts: Facts, plan: DirectedPlan) -> Iterator[Diagnostic]:
    seen: dict[str, Origin] = {}
    for source, dataset in _datasets(facts, plan):
        part = names.part_name(source, dataset)
        if len(part.encode()) > LONGEST_FILE_NAME:
            yield finding(
                "C0458",
                f"the part {part} of {plan.name} has a name of {len(part.encode())} bytes, and file systems take "
                f"{LONGEST_FILE_NAME}",
                dataset.origin,
                "name a directory with a shorter path, or mount the data elsewhere",
            )
        if part in seen:
            yield finding(
                "C0457",
                f"two datasets of {source} would be the part {part} of {plan.name}: `/` is written `+` in its name",
                dataset.origin,
                "name one of the paths without `+`, or exclude one dataset",
                (seen[part], "the other one"),
            )
        seen[part] = dataset.origin


def _snapshots(facts: Facts, node: Node) -> Iterator[Diagnostic]:
    """Snapshots and their mounts on one node, whatever plan they belong to."""
    seen: dict[str, Origin] = {}
    for plan in facts.fleet.directed_plans:
        frozen = names.planned_datasets(plan, node) if node.name in plan.sources else ()
        for dataset in frozen:
            if is_live(dataset):
                continue
            snapshot = snapshot_name(facts.fleet, plan.name, dataset)
            mount = names.snapshot_mount(facts.fleet, plan, dataset)
            for what, name in (("be called", snapshot), ("be mounted at", mount)):
                key = f"{what} {name}"
                if key in seen:
                    yield finding(
                        "C0457",
                        f"two snapshots on {node.name} would {key}",
                        dataset.origin,
                        "rename a plan or a dataset, or give one of them another `mount`",
                        (seen[key], "the other one"),
                    )
                seen[key] = dataset.origin


def _runs(node: NodePlan) -> Iterator[Diagnostic]:
    """Every run that is expected of a node has a file of its own for its result."""
    seen: dict[object, Origin] = {}
    for artifact in node.artifacts:
        expected = artifact.holes.as_mapping().get("expected", ()) if isinstance(artifact, Capsule) else ()
        for run in expected if isinstance(expected, tuple) else ():
            name = run.as_mapping().get("name") if isinstance(run, Holes) else None
            if name in seen:
                text = f"two runs of {node.name} would leave their result in one file: {name}"
                yield finding("C0459", text, artifact.origin, OUR_BUG)
            if name is not None:
                seen[name] = artifact.origin
