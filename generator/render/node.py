"""Renders everything that lies on one node."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, assert_never

from generator import __version__
from generator.plan import (
    Artifact,
    AuthorizedKeys,
    Capsule,
    CronTable,
    Edge,
    Holes,
    KnownHosts,
    LogRotation,
    NodePlan,
    OwnKey,
    PrivateKey,
    SudoersFragment,
    SystemdMailer,
    SystemdService,
    SystemdTimer,
)
from generator.quoting import ShellWord
from generator.render import units, views
from generator.render.model import Kind, RenderedFile, RenderedNode
from generator.render.templates import TemplateLibrary

PRIVATE_KEY_SHAPE = hashlib.sha256(b"openssh private key").digest()


class Keys(Protocol):
    """The key pair of every edge, ``edge.epoch`` included."""

    def private_key(self, edge: Edge) -> bytes:
        """The OpenSSH private key file."""
        ...

    def public_key(self, edge: Edge) -> str:
        """``ssh-ed25519 base64``, without a comment."""
        ...


def render_node(deployment: str, plan: NodePlan, keys: Keys, library: TemplateLibrary) -> RenderedNode:
    """Every file of ``plan`` but the node's own manifest, which the seal writes; sorted by path, pure."""
    build_id = node_build_id(plan, keys, library)
    names = views.NodeNames(deployment=deployment, node=plan.name, build_id=build_id)
    capsules = [_render(artifact, names, keys, library, {}) for artifact in plan.artifacts if _is_capsule(artifact)]
    # sudo rules pin the capsules' digests, so capsules come first
    digests = {file.path: file.sha256 for file in capsules}
    others = [
        _render(artifact, names, keys, library, digests) for artifact in plan.artifacts if not _is_capsule(artifact)
    ]
    files = tuple(sorted((*capsules, *others), key=lambda file: file.path))
    return RenderedNode(plan=plan, build_id=build_id, files=files)


def node_build_id(plan: NodePlan, keys: Keys, library: TemplateLibrary) -> str:
    """16 hex digits that change exactly when something that the node's files are rendered from changes."""
    total = hashlib.sha256()
    public = [keys.public_key(edge) for edge in _edges(plan.artifacts)]
    for part in (__version__, library.digest, repr(plan), *public):
        encoded = part.encode()
        total.update(len(encoded).to_bytes(8, "big") + encoded)
    return total.hexdigest()[:16]


def template_and_holes(
    artifact: Artifact, names: views.NodeNames, keys: Keys, digests: dict[str, str]
) -> tuple[str, Holes] | None:
    """What ``artifact`` is rendered with, None for a private key, which a serializer writes.

    ``digests`` are the sha256 of the node's capsules by path.
    """
    match artifact:
        case Capsule():
            return artifact.template, _capsule_holes(artifact, names)
        case SudoersFragment():
            return "sudoers.j2", views.sudoers(artifact, names, digests)
        case AuthorizedKeys():
            return "authorized_keys.j2", views.authorized_keys(artifact, names, keys.public_key)
        case KnownHosts():
            return "known_hosts.j2", views.known_hosts(artifact, names)
        case OwnKey():
            return "own_key.authorized_keys.j2", views.own_key(artifact, names)
        case CronTable():
            return "cron.j2", views.cron(artifact, names)
        case SystemdService() | SystemdMailer() | SystemdTimer():
            return units.template_and_holes(artifact, names)
        case LogRotation():
            return "logrotate.j2", views.logrotate(artifact, names)
        case PrivateKey():
            return None
        case _:
            assert_never(artifact)


def _render(
    artifact: Artifact, names: views.NodeNames, keys: Keys, library: TemplateLibrary, digests: dict[str, str]
) -> RenderedFile:
    kind, group, mode = _place(artifact)
    found = template_and_holes(artifact, names, keys, digests)
    if found is None:
        assert isinstance(artifact, PrivateKey)
        template, content, shape = "", keys.private_key(artifact.edge), PRIVATE_KEY_SHAPE
    else:
        template, holes = found
        rendered = library.render(template, holes)
        content, shape = rendered.text.encode(), rendered.shape
    return RenderedFile(
        path=artifact.path,
        content=content,
        owner="root",
        group=group,
        mode=mode,
        kind=kind,
        sensitive=kind is Kind.PRIVATE_KEY or (isinstance(artifact, Capsule) and artifact.sensitive),
        origin=artifact.origin,
        shape=shape,
        template=template,
    )


def _place(artifact: Artifact) -> tuple[Kind, str, int]:
    """Kind, group and mode of an artifact on the node; root owns every one."""
    match artifact:
        case Capsule(sensitive=True):
            return Kind.CAPSULE, "root", 0o700
        case Capsule():
            return Kind.CAPSULE, "root", 0o755
        case SudoersFragment():
            return Kind.SUDOERS, "root", 0o440
        case AuthorizedKeys():
            return Kind.AUTHORIZED_KEYS, "root", 0o644
        case KnownHosts():
            return Kind.KNOWN_HOSTS, "root", 0o644
        case PrivateKey() | OwnKey():
            kind = Kind.PRIVATE_KEY if isinstance(artifact, PrivateKey) else Kind.OWN_KEY
            # ssh refuses a key of its own user that a group may read
            return kind, artifact.group, 0o400 if artifact.group == "root" else 0o440
        case CronTable():
            return Kind.CRON, "root", 0o644
        case SystemdService() | SystemdMailer() | SystemdTimer():
            return Kind.TIMER if isinstance(artifact, SystemdTimer) else Kind.SERVICE, "root", 0o644
        case LogRotation():
            return Kind.LOGROTATE, "root", 0o644
        case _:
            assert_never(artifact)


def _capsule_holes(capsule: Capsule, names: views.NodeNames) -> Holes:
    header = (
        ("build_id", ShellWord.of(names.build_id)),
        ("origin", ShellWord.of(capsule.origin.path)),
        ("summary", ShellWord.of(capsule.summary)),
    )
    return Holes(tuple(sorted((*capsule.holes.values, *header), key=lambda hole: hole[0])), capsule.holes.origin)


def _is_capsule(artifact: Artifact) -> bool:
    return isinstance(artifact, Capsule)


def _edges(artifacts: Iterable[Artifact]) -> Iterator[Edge]:
    for artifact in artifacts:
        if isinstance(artifact, PrivateKey):
            yield artifact.edge
        elif isinstance(artifact, AuthorizedKeys):
            for entry in artifact.entries:
                yield from (replace(entry.edge, epoch=epoch) for epoch in entry.epochs)
