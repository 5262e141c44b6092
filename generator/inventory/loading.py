"""From a file to the frozen fleet, with every problem at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from generator.diagnostics.model import Diagnostic
from generator.inventory.checks import check_meaning
from generator.inventory.language import EscrowPart, InventoryPart
from generator.inventory.model import Fleet, KeyEpochs, Operator, Paths
from generator.inventory.nodes import NodeResolver, ResolvedNode, data_numbers
from generator.inventory.plans import PlanResolver
from generator.inventory.report import Report, translate
from generator.inventory.salvage import Salvage
from generator.plan.origin import Origin, Span
from generator.source import Mapping, Scalar, SecretReference, SourceText, parse, plain, read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Escrow:
    """The record of the secret's copy: an ISO date, and the place in words."""

    recorded: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a file gave: ``fleet`` and ``fleet_secret`` are there where no diagnostic is an error.

    ``sources`` hold the text for excerpts; ``digest`` is the sha256 of the file's bytes, empty if it was not read.
    """

    fleet: Fleet | None
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[SourceText, ...]
    digest: str
    fleet_secret: SecretReference | None
    escrow: Escrow | None


def load(path: Path) -> LoadResult:
    """Reads and resolves the inventory at ``path``; never raises for what the file holds."""
    source, problems = read_source(path)
    report = Report()
    report.add(problems)
    if source is None or problems:
        return _result(report, source)
    return resolve(source)


def resolve(source: SourceText) -> LoadResult:
    """Resolves an inventory's text; pure."""
    report = Report()
    tree, problems = parse(source.name, source.text)
    report.add(problems)
    if tree is None:
        return _result(report, source)
    try:
        part = InventoryPart.model_validate(plain(tree))
    except ValidationError as error:
        report.add(translate(error, tree, InventoryPart))
        salvage = Salvage(tree, error)
        if salvage.part is not None:
            beyond = Report()
            _resolve(salvage.part, salvage.tree, beyond)
            report.add(salvage.certain(beyond.sorted()))
        return _result(report, source)
    fleet = _resolve(part, tree, report)
    return _result(report, source, fleet, _secret(part, tree), _escrow(part.escrow))


def _resolve(part: InventoryPart, tree: Mapping, report: Report) -> Fleet:
    nodes = NodeResolver(part, tree, report).resolve()
    plans = PlanResolver(part, tree, nodes, report)
    plans.resolve()
    fleet = _fleet(part, tree, nodes, plans, report)
    check_meaning(fleet, nodes, plans, tree, report)
    return fleet


def _result(
    report: Report,
    source: SourceText | None,
    fleet: Fleet | None = None,
    secret: SecretReference | None = None,
    escrow: Escrow | None = None,
) -> LoadResult:
    good = not report.failed
    return LoadResult(
        fleet=fleet if good else None,
        diagnostics=report.sorted(),
        sources=() if source is None else (source,),
        digest="" if source is None else hashlib.sha256(source.content).hexdigest(),
        fleet_secret=secret if good else None,
        escrow=escrow if good else None,
    )


def _fleet(
    part: InventoryPart, tree: Mapping, nodes: dict[str, ResolvedNode], plans: PlanResolver, report: Report
) -> Fleet:
    deployment = f"{part.deployment_prefix}-{part.fleet}" if part.deployment_prefix else part.fleet
    sources = sorted(
        {node for plan in plans.protecting.values() for node in plan.nodes}
        | {node for directing in plans.directing.values() for node in directing.sources}
    )
    paths = part.paths
    return Fleet(
        name=part.fleet,
        prefix=part.deployment_prefix,
        deployment=deployment,
        operator=Operator(
            name=part.operator.name,
            number=part.operator.number,
            home=part.operator.home or f"/var/lib/{part.operator.name}",
        ),
        paths=Paths(
            programs=f"{paths.programs}/{deployment}",
            logs=f"{paths.logs}/{deployment}",
            state=f"{paths.state}/{deployment}",
            metrics=paths.metrics or "",
        ),
        mail_to=part.alerts.mail or "",
        health_check_url=part.alerts.health_check or "",
        signers=tuple(sorted(set(part.seal.signers))),
        epochs=KeyEpochs(
            current=part.keys.epoch,
            accept_previous=part.keys.accept_previous,
            accept_next=part.keys.accept_next,
            edges=dict(sorted(part.keys.edges.items())),
        ),
        escrow_recorded=part.escrow is not None,
        nodes=tuple(one.node for one in nodes.values()),
        protect_plans=tuple(plans.protecting.values()),
        collect_plans=tuple(plans.collecting.values()),
        directed_plans=tuple(plans.directing.values()),
        replica_plans=tuple(plans.replicating.values()),
        data_numbers=data_numbers(deployment, [nodes[name] for name in sources], report),
        origin=Origin(path="fleet", span=_span(tree, "fleet")),
    )


def _secret(part: InventoryPart, tree: Mapping) -> SecretReference:
    origin = Origin(path="fleet_secret", span=_span(tree, "fleet_secret"))
    text = f"file {part.fleet}.secret" if part.fleet_secret is None else part.fleet_secret.secret
    return SecretReference.parse(text, origin)


def _escrow(part: EscrowPart | None) -> Escrow | None:
    return None if part is None else Escrow(recorded=part.recorded, where=part.where)


def _span(tree: Mapping, key: str) -> Span:
    entry = tree.entries.get(key) or tree.entries["fleet"]
    return entry.value.span if isinstance(entry.value, Scalar) else entry.key
