"""The back end in one piece: a proved plan in, every file of the build out. Pure but for verification's parsers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.deliveries import deliveries, fleet_deliveries
from generator.emit.tree import OutputFile, output_mode
from generator.inventory.model import Paths
from generator.keys import Keyring
from generator.plan import FleetPlan, Span
from generator.render import DeliveryFile, RenderedNode, TemplateLibrary, render_node
from generator.review import Review, Section, review_pages, summarize
from generator.seal import seal_node
from generator.seal.assembly import Sealing, assemble, fleet_build_id
from generator.verify import Verification, VerificationReport, verification

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What a build needs beside the plan.

    ``paths`` are where Capsule's own files lie on every node; ``proved`` and ``warnings`` are sentences for the
    review; ``place`` prints a span of the inventory for the fleet's manifest; ``tools`` are the parsers by name;
    ``opening`` has what a node's page of the review begins with, by its name.
    """

    plan: FleetPlan
    paths: Paths
    keyring: Keyring
    library: TemplateLibrary
    inventory_digest: str
    signers: tuple[str, ...]
    proved: tuple[str, ...]
    warnings: tuple[str, ...]
    place: Callable[[Span], str]
    tools: Mapping[str, Path]
    opening: Mapping[str, tuple[Section, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Every file of a build, and what verification said; nothing may be written while there are faults."""

    nodes: tuple[RenderedNode, ...]
    files: tuple[OutputFile, ...]
    verification: VerificationReport


def build(request: BuildRequest, progress: Progress) -> Build:
    """Render, deliver, seal and verify; ``progress`` gets the step's name and how much of it is done.

    Verification begins with the first script that is rendered: its parsers are programs of their own, and take the
    other processors while this one renders.
    """
    with verification(request.library, request.tools) as verifying:
        nodes, delivered = _render(request, verifying, progress)
        progress("seal", 0, 1)
        files = _seal(request, nodes, delivered)
        progress("seal", 1, 1)
        report = verifying.report(nodes, progress)
    return Build(nodes=nodes, files=files, verification=report)


def _seal(
    request: BuildRequest, nodes: tuple[RenderedNode, ...], delivered: dict[str, tuple[DeliveryFile, ...]]
) -> tuple[OutputFile, ...]:
    plan = request.plan
    review = Review(
        deployment=plan.deployment,
        build_id=fleet_build_id(plan.deployment, nodes),
        nodes=tuple(summarize(node, request.keyring, request.opening.get(node.name, ())) for node in nodes),
        proved=request.proved,
        warnings=request.warnings,
    )
    sealing = Sealing(
        deployment=plan.deployment,
        inventory_digest=request.inventory_digest,
        signer=request.keyring.signer(),
        signers=request.signers,
        place=request.place,
    )
    return assemble(sealing, nodes, delivered, (*review_pages(review), *_deliver_fleet(request, nodes)))


def _render(
    request: BuildRequest, verifying: Verification, progress: Progress
) -> tuple[tuple[RenderedNode, ...], dict[str, tuple[DeliveryFile, ...]]]:
    """Every node with its own manifest, and what delivers it by its name."""
    plan = request.plan
    manifest_path = f"{request.paths.programs}/manifest.json"
    nodes = []
    delivered = {}
    for count, node in enumerate(plan.nodes):
        progress("render", count, len(plan.nodes))
        rendered = render_node(plan.deployment, node, request.keyring, request.library)
        verifying.see_node(rendered)
        sealed = seal_node(plan.deployment, manifest_path, rendered)
        nodes.append(sealed)
        delivered[node.name] = _deliver(request, sealed)
        verifying.see_delivery(node.name, delivered[node.name])
    progress("render", len(nodes), len(nodes))
    return tuple(nodes), delivered


def _deliver(request: BuildRequest, node: RenderedNode) -> tuple[DeliveryFile, ...]:
    return tuple(
        file
        for name in node.plan.deliveries
        for file in deliveries()[name].deliver(request.plan.deployment, request.paths, node, request.library)
    )


def _deliver_fleet(request: BuildRequest, nodes: tuple[RenderedNode, ...]) -> tuple[OutputFile, ...]:
    return tuple(
        OutputFile(
            path=file.path,
            content=file.content,
            mode=output_mode(file.mode, sensitive=file.sensitive, on_node=False),
            sensitive=file.sensitive,
        )
        for delivery in fleet_deliveries().values()
        for file in delivery.deliver_fleet(request.plan.deployment, request.paths, nodes, request.library)
    )
