"""Manifests: what lies where, with which mode, owner and digest; written by a serializer, read back strictly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from generator import __version__
from generator.plan import Origin
from generator.render.model import Kind, RenderedFile, RenderedNode
from generator.seal.json_lines import ManifestProblem, Record, read_manifest, write_manifest

FORMAT = 1
_MANIFEST_SHAPE = hashlib.sha256(b"node manifest").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file on one node; ``place`` is ``file:line`` of its origin, empty in a node's own manifest."""

    node: str
    path: str
    owner: str
    group: str
    mode: int
    sha256: str
    kind: str
    sensitive: bool
    origin: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFile:
    """A file of the build that lies on no node by itself; ``path`` is relative to the deployment's directory."""

    path: str
    mode: int
    sha256: str
    sensitive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeManifest:
    """One node's seal: every artifact but the manifest itself, sorted by path."""

    deployment: str
    generator: str
    build_id: str
    node: str
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetManifest:
    """The whole deployment's seal, sorted by node and path; the one that is signed."""

    deployment: str
    generator: str
    build_id: str
    inventory_digest: str
    artifacts: tuple[Artifact, ...]
    files: tuple[BuildFile, ...]


def artifact_of(node: str, file: RenderedFile) -> Artifact:
    """The manifest's view of a rendered file."""
    return Artifact(
        node=node,
        path=file.path,
        owner=file.owner,
        group=file.group,
        mode=file.mode,
        sha256=file.sha256,
        kind=file.kind.value,
        sensitive=file.sensitive,
        origin=file.origin.path,
    )


def seal_node(deployment: str, path: str, rendered: RenderedNode) -> RenderedNode:
    """The node with its own manifest at ``path`` among its files."""
    manifest = NodeManifest(
        deployment=deployment,
        generator=__version__,
        build_id=rendered.build_id,
        node=rendered.name,
        artifacts=tuple(artifact_of(rendered.name, file) for file in rendered.files),
    )
    file = RenderedFile(
        path=path,
        content=write_node_manifest(manifest),
        owner="root",
        group="root",
        mode=0o644,
        kind=Kind.MANIFEST,
        sensitive=False,
        origin=Origin(path=rendered.plan.origin.path, span=rendered.plan.origin.span),
        shape=_MANIFEST_SHAPE,
        template="",
    )
    return replace(rendered, files=tuple(sorted((*rendered.files, file), key=lambda one: one.path)))


def write_node_manifest(manifest: NodeManifest) -> bytes:
    """The bytes of a node's manifest, readable again with `parse_node_manifest`."""
    head = _head(manifest.deployment, manifest.generator, manifest.build_id) | {"node": manifest.node}
    return write_manifest(head, {"artifacts": (_artifact_record(one, fleet=False) for one in manifest.artifacts)})


def write_fleet_manifest(manifest: FleetManifest) -> bytes:
    """The bytes of the fleet's manifest, readable again with `parse_fleet_manifest`."""
    head = _head(manifest.deployment, manifest.generator, manifest.build_id)
    head["inventory_digest"] = manifest.inventory_digest
    lists: dict[str, Iterable[Record]] = {
        "artifacts": (_artifact_record(one, fleet=True) for one in manifest.artifacts),
        "files": (_file_record(file) for file in manifest.files),
    }
    return write_manifest(head, lists)


def parse_node_manifest(content: bytes) -> NodeManifest:
    """The manifest in ``content``; raises `ManifestProblem`."""
    reader = read_manifest(content, FORMAT)
    node = reader.text("node")
    manifest = NodeManifest(
        deployment=reader.text("deployment"),
        generator=reader.text("generator"),
        build_id=reader.text("build_id"),
        node=node,
        artifacts=tuple(_artifact(record, node) for record in reader.records("artifacts")),
    )
    reader.finish()
    return manifest


def parse_fleet_manifest(content: bytes) -> FleetManifest:
    """The manifest in ``content``; raises `ManifestProblem`."""
    reader = read_manifest(content, FORMAT)
    manifest = FleetManifest(
        deployment=reader.text("deployment"),
        generator=reader.text("generator"),
        build_id=reader.text("build_id"),
        inventory_digest=reader.text("inventory_digest"),
        artifacts=tuple(_artifact(record, None) for record in reader.records("artifacts")),
        files=tuple(_build_file(record) for record in reader.records("files")),
    )
    reader.finish()
    return manifest


def _head(deployment: str, generator: str, build_id: str) -> dict[str, object]:
    return {"format": FORMAT, "deployment": deployment, "generator": generator, "build_id": build_id}


def _artifact_record(artifact: Artifact, *, fleet: bool) -> Record:
    record: Record = {
        "path": artifact.path,
        "owner": artifact.owner,
        "group": artifact.group,
        "mode": f"{artifact.mode:04o}",
        "sha256": artifact.sha256,
        "kind": artifact.kind,
        "sensitive": artifact.sensitive,
        "origin": artifact.origin,
    }
    return {"node": artifact.node, **record, "place": artifact.place} if fleet else record


def _file_record(file: BuildFile) -> Record:
    return {"path": file.path, "mode": f"{file.mode:04o}", "sha256": file.sha256, "sensitive": file.sensitive}


def _artifact(record: Record, node: str | None) -> Artifact:
    expected = {"path", "owner", "group", "mode", "sha256", "kind", "sensitive", "origin"}
    _same_keys(record, expected if node is not None else expected | {"node", "place"})
    path = _text(record, "path")
    if not path.startswith("/") or "/../" in f"{path}/" or "//" in path or "/./" in f"{path}/":
        raise ManifestProblem(f"the path {path!r} is not absolute and plain")
    name = node if node is not None else _text(record, "node")
    if "/" in name or name in ("", ".", ".."):
        raise ManifestProblem(f"the node's name {name!r} cannot be a directory's name")
    return Artifact(
        node=name,
        path=path,
        owner=_text(record, "owner"),
        group=_text(record, "group"),
        mode=_mode(record),
        sha256=_text(record, "sha256"),
        kind=_text(record, "kind"),
        sensitive=_flag(record, "sensitive"),
        origin=_text(record, "origin"),
        place=_text(record, "place") if node is None else "",
    )


def _build_file(record: Record) -> BuildFile:
    _same_keys(record, {"path", "mode", "sha256", "sensitive"})
    path = _text(record, "path")
    if path.startswith("/") or {"", ".", ".."} & set(path.split("/")):
        raise ManifestProblem(f"the path {path!r} is not relative and plain")
    return BuildFile(
        path=path, mode=_mode(record), sha256=_text(record, "sha256"), sensitive=_flag(record, "sensitive")
    )


def _same_keys(record: Record, expected: set[str]) -> None:
    if set(record) != expected:
        raise ManifestProblem(f"an entry has the keys {', '.join(sorted(record))}, not {', '.join(sorted(expected))}")


def _text(record: Record, key: str) -> str:
    value = record[key]
    if not isinstance(value, str):
        raise ManifestProblem(f"{key!r} of an entry is not a string")
    return value


def _flag(record: Record, key: str) -> bool:
    value = record[key]
    if not isinstance(value, bool):
        raise ManifestProblem(f"{key!r} of an entry is not true or false")
    return value


def _mode(record: Record) -> int:
    value = _text(record, "mode")
    if len(value) != 4 or not set(value) <= set("01234567"):
        raise ManifestProblem(f"the mode {value!r} is not four octal digits")
    return int(value, 8)
