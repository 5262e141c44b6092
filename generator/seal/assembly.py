"""Puts a whole build together: every node's files, what delivers them, the review, and the seal over all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from generator import __version__
from generator.emit.tree import OutputFile, output_mode
from generator.keys.openssh import KeyPair, public_line
from generator.plan import Span
from generator.render.model import DeliveryFile, Kind, RenderedNode
from generator.seal.manifest import Artifact, BuildFile, FleetManifest, artifact_of, write_fleet_manifest
from generator.seal.signature import allowed_signers, sign

MANIFEST, SIGNATURE, SIGNERS = "manifest.json", "manifest.json.sig", "allowed_signers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What the seal needs beside the files.

    ``signers`` are further accepted ``type base64`` lines; ``place`` prints a span of the inventory.
    """

    deployment: str
    inventory_digest: str
    signer: KeyPair
    signers: tuple[str, ...]
    place: Callable[[Span], str]


def assemble(
    sealing: Sealing,
    nodes: Iterable[RenderedNode],
    deliveries: Mapping[str, Iterable[DeliveryFile]],
    pages: Iterable[OutputFile],
) -> tuple[OutputFile, ...]:
    """Every file of the build, sorted by path; ``deliveries`` by node name, ``pages`` relative to the deployment."""
    sealed = tuple(nodes)
    installed = [file for node in sealed for file in _node_files(node)]
    beside = [
        *(file for node in sealed for file in _beside(node, deliveries.get(node.name, ()))),
        *pages,
    ]
    manifest = write_fleet_manifest(
        FleetManifest(
            deployment=sealing.deployment,
            generator=__version__,
            build_id=fleet_build_id(sealing.deployment, sealed),
            inventory_digest=sealing.inventory_digest,
            artifacts=tuple(_artifact(node, index, sealing) for node in sealed for index in range(len(node.files))),
            files=tuple(_build_file(file) for file in sorted(beside, key=lambda file: file.path)),
        )
    )
    own = public_line(sealing.signer.public)
    lines = (own, *(line for line in sealing.signers if line != own))
    seal = (
        OutputFile(path=MANIFEST, content=manifest, mode=0o644),
        OutputFile(path=SIGNATURE, content=sign(manifest, sealing.signer), mode=0o644),
        OutputFile(path=SIGNERS, content=allowed_signers(sealing.deployment, lines), mode=0o644),
    )
    return tuple(sorted((*installed, *beside, *seal), key=lambda file: file.path))


def fleet_build_id(deployment: str, nodes: Iterable[RenderedNode]) -> str:
    """16 hex digits that change exactly when the build of a node, or the set of nodes, changes."""
    total = hashlib.sha256(f"{__version__}\n{deployment}\n".encode())
    for node in nodes:
        total.update(f"{node.name}\n{node.build_id}\n".encode())
    return total.hexdigest()[:16]


def _node_files(node: RenderedNode) -> Iterable[OutputFile]:
    for file in node.files:
        yield OutputFile(
            path=f"nodes/{node.name}/root{file.path}",
            content=file.content,
            mode=output_mode(file.mode, sensitive=file.sensitive, on_node=True),
            sensitive=file.sensitive,
        )


def _beside(node: RenderedNode, deliveries: Iterable[DeliveryFile]) -> Iterable[OutputFile]:
    manifest = next(file for file in node.files if file.kind is Kind.MANIFEST)
    yield OutputFile(path=f"nodes/{node.name}/{MANIFEST}", content=manifest.content, mode=0o644)
    for file in deliveries:
        yield OutputFile(
            path=f"nodes/{node.name}/{file.path}",
            content=file.content,
            mode=output_mode(file.mode, sensitive=file.sensitive, on_node=False),
            sensitive=file.sensitive,
        )


def _artifact(node: RenderedNode, index: int, sealing: Sealing) -> Artifact:
    file = node.files[index]
    span = file.origin.span
    return replace(artifact_of(node.name, file), place="" if span is None else sealing.place(span))


def _build_file(file: OutputFile) -> BuildFile:
    return BuildFile(
        path=file.path,
        mode=file.mode,
        sha256=hashlib.sha256(bytes(file.content)).hexdigest(),
        sensitive=file.sensitive,
    )
